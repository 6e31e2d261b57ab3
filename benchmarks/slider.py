"""Time one move of the cutoff slider: the server's processor, and from the key to the new curves.

Run as ``python -m benchmarks.slider`` from the folder of the project. It starts the dashboard on
a free port, opens the curves of GBSG2 in headless Chromium, and presses ArrowRight on the slider:
5 times to warm up, 30 times to measure. Processor time is the measure: it depends
less than wall time on what else the computer does, but run it on a quiet one all the same.
"""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Page, sync_playwright

from core.reading import examples
from tests.support import ROOT, Served, need, serve, until

WARM_UP = 5
MOVES = 30
GOAL = 25.0
"""Milliseconds of the server's processor for one move."""
SLIDER = ".st-key-cut_slider input[type=range]"
# Notes the time of the last change of the first figure's curves. Streamlit may repaint in steps;
# the last change is the one that a person waits for.
WATCH = """() => {
  const chart = document.querySelector('[data-testid=stVegaLiteChart]');
  const path = () => [...chart.querySelectorAll('.mark-line path')]
    .map(e => e.getAttribute('d')).join();
  window.bench = {drawn: path(), at: 0, pressed: 0};
  const look = () => {
    const now = path();
    if (now && now !== window.bench.drawn) {
      window.bench.drawn = now;
      window.bench.at = performance.now();
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
  document.addEventListener('keyup', () => { window.bench.pressed = performance.now(); }, true);
}"""


@dataclass
class Measured:
    """Milliseconds of each move."""

    server: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    browser: list[float] = field(default_factory=list)


def server_process(port: str) -> int:
    """Number of the server's process: the child that was told this port."""
    listed = subprocess.run(
        ["ps", "-o", "pid=,args=", "--ppid", str(os.getpid())],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    for line in listed.stdout.splitlines():
        number, _, command = line.strip().partition(" ")
        if re.search(rf"streamlit run .*{port}\b", command):
            return int(number)
    raise SystemExit("error: the server's process was not found. Is there a program called ps?")


def processor_time(pid: int) -> float:
    """Milliseconds that a process has run, all its threads, ended ones too, to the nanosecond.

    Streamlit runs each script in a thread of its own that ends with it, so adding up the threads
    there are (/proc/PID/task) would miss most of the work, and /proc/PID/stat counts in steps of
    10 ms. Linux also gives every process a clock; this is how its number is made.
    """
    return 1000 * time.clock_gettime((~pid << 3) | 2)


class Browser:
    """A tab on the curves, and the clock of its main thread."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.inside = page.context.new_cdp_session(page)
        self.inside.send("Performance.enable", {"timeDomain": "threadTicks"})

    def task_time(self) -> float:
        """Milliseconds of processor time of the main thread's tasks."""
        found: dict[str, Any] = self.inside.send("Performance.getMetrics")
        return 1000 * next(m["value"] for m in found["metrics"] if m["name"] == "TaskDuration")

    def press(self) -> float:
        """Press the key; return the milliseconds from its release to the last new curve."""
        address = self.page.url
        self.page.keyboard.press("ArrowRight")
        until(self.page, "before => location.href !== before", address)
        until(self.page, "() => window.bench.at > window.bench.pressed")
        self.page.wait_for_selector("[data-test-script-state=notRunning]")
        # The garbage search after a run belongs to the move, and so do late repaints.
        self.page.wait_for_timeout(400)
        wall: float = self.page.evaluate("window.bench.at - window.bench.pressed")
        return wall


@contextmanager
def opened(server: Served) -> Iterator[Browser]:
    """Open the curves of the first example and put the focus on the slider."""
    with sync_playwright() as playwright:
        program = need("chromium")
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.goto(f"{server}/curves?{examples.question('gbsg2').to_query()}")
        page.wait_for_selector("[data-testid=stVegaLiteChart] .mark-line path", timeout=60_000)
        page.wait_for_timeout(2000)
        page.evaluate(WATCH)
        page.locator(SLIDER).focus()
        yield Browser(page)
        chromium.close()


def measure() -> Measured:
    """Move the slider and note what each move took."""
    found = Measured()
    with serve(ROOT / "asgi.py") as server, opened(server) as browser:
        pid = server_process(server.rpartition(":")[2])
        for _ in range(WARM_UP):
            browser.press()
        for _ in range(MOVES):
            before, inside = processor_time(pid), browser.task_time()
            found.wall.append(browser.press())
            found.server.append(processor_time(pid) - before)
            found.browser.append(browser.task_time() - inside)
    return found


def row(name: str, values: list[float]) -> str:
    """One line of the table: median and 90th percentile."""
    ordered = sorted(values)
    high = ordered[min(len(ordered) - 1, int(0.9 * len(ordered)))]
    return f"{name:<46}{statistics.median(values):>8.1f}{high:>8.1f}"


def main() -> int:
    """Measure and print a small table."""
    began = time.monotonic()
    found = measure()
    print(f"One move of the cutoff slider, GBSG2 (686 patients), {MOVES} moves, milliseconds")
    print(f"{'':<46}{'median':>8}{'90%':>8}")
    print(row("server, processor time", found.server))
    print(row("key released to curves repainted, wall time", found.wall))
    print(row("browser, processor time of the main thread", found.browser))
    median = statistics.median(found.server)
    print(f"Goal: {GOAL:g} ms of the server's processor for a move: ", end="")
    print("reached." if median <= GOAL else f"missed by {median - GOAL:.1f} ms.")
    print(f"(took {time.monotonic() - began:.0f} s)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
