"""Time one move of the pointer over the scan of all cutoffs: the browser does it alone.

Run as ``python -m benchmarks.pointer`` from the folder of the project. It starts the dashboard on
a free port, opens the scan of a marker of GBSG2 with 160 previewed cutoffs in headless Chromium and
moves the pointer over it: 10 times to warm up, 100 times to measure. Measured is the processor time
of the browser's main thread until the next frame is painted, which holds the curves and texts of
the cutoff under the pointer; what is sent to the server meanwhile is counted.
"""

from __future__ import annotations

import statistics
import sys
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.support import ROOT, need, serve

WARM_UP = 10
MOVES = 100
GOAL = 33.0
"""Milliseconds of the browser's main thread for one move."""
QUERY = "data=gbsg2&group_by=progrec&permutations=999&bootstraps=100"
CHART = ".st-key-scan svg.marks"


def task_time(inside: Any) -> float:
    """Milliseconds of processor time of the main thread's tasks."""
    metrics = inside.send("Performance.getMetrics")["metrics"]
    return 1000 * next(m["value"] for m in metrics if m["name"] == "TaskDuration")


def measure(page: Page) -> tuple[list[float], int]:
    """Processor time of the browser for each move, and messages sent to the server meanwhile."""
    inside = page.context.new_cdp_session(page)
    inside.send("Performance.enable", {"timeDomain": "threadTicks"})
    inside.send("Network.enable")
    sent: list[Any] = []
    inside.on("Network.webSocketFrameSent", lambda message: sent.append(message))
    box = page.locator(CHART).bounding_box()
    if box is None:
        raise SystemExit("error: the scan is not on the page")
    y, found = box["y"] + 250, []
    for i in range(WARM_UP + MOVES):
        # To and fro over the searched range, a few pixels at a time.
        step = i % 120
        x = box["x"] + 90 + 1.4 * (step if step < 60 else 120 - step)
        before = task_time(inside)
        page.mouse.move(x, y)
        page.evaluate("() => new Promise(r => requestAnimationFrame(() => setTimeout(r, 0)))")
        found.append(task_time(inside) - before)
    return found[WARM_UP:], len(sent)


def main() -> int:
    """Measure and print."""
    with serve(ROOT / "asgi.py") as server, sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=need("chromium"), args=["--no-sandbox"]
        )
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{server}/cutoff?{QUERY}")
        page.wait_for_selector(f"{CHART} .mark-line path", timeout=60_000)
        page.wait_for_timeout(5000)
        times, sent = measure(page)
        chromium.close()
    ordered = sorted(times)
    median, high = statistics.median(times), ordered[int(0.9 * len(ordered))]
    print(f"One move of the pointer over the scan, GBSG2, {MOVES} moves, milliseconds")
    print(f"browser, processor time of the main thread   median {median:.1f}   90% {high:.1f}")
    print(f"messages to the server: {sent}")
    print(f"Goal: under {GOAL:g} ms: {'reached' if median < GOAL else 'missed'}.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
