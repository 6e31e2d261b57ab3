"""The cutoff page in a real browser: the pointer, the click, and leaving long work."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page

from core.analysis import analyse
from core.spec import AnalysisSpec
from core.view import numbers
from tests.test_browser import (  # noqa: F401 - fixtures
    GBSG2,
    PATHS,
    Tab,
    chromium,
    eventually,
    new_tab,
    server,
)

pytestmark = pytest.mark.browser

PATHS["cutoff"] = "/cutoff"
QUESTION = "data=gbsg2&group_by=age&cut_rule=value&cut_value=50&permutations=999&bootstraps=100"
SCAN = ".st-key-scan svg.marks"
# The lines of text beside the panels, and the curves: those that are drawn in full.
READ = """() => {
  const shown = e => parseFloat(getComputedStyle(e).opacity) > 0;
  const svg = document.querySelector('.st-key-scan svg.marks');
  return {
    texts: [...svg.querySelectorAll('.mark-text.role-mark text')].filter(shown)
      .map(e => e.textContent),
    curves: [...svg.querySelectorAll('.mark-line path')].filter(shown)
      .map(e => e.getAttribute('d')).join('|'),
  };
}"""


def opened(tab: Tab, query: str = QUESTION) -> Tab:
    tab.open("cutoff", query)
    tab.page.wait_for_selector(f"{SCAN} .mark-line path", timeout=60_000)
    tab.settle()
    return tab


def point(page: Page, cutoff: float) -> tuple[float, float]:
    """Where a cutoff of the age is on the page: between two ticks of the marker's axis."""
    ticks: list[list[float]] = page.evaluate("""() => {
      const axes = [...document.querySelectorAll('.st-key-scan svg .role-axis')];
      const axis = axes.find(a => (a.querySelector('.role-axis-title') || {}).textContent
        ?.startsWith('Age'));
      return [...axis.querySelectorAll('.role-axis-label text')].map(
        t => { const box = t.getBoundingClientRect();
               return [Number(t.textContent), box.left + box.width / 2, box.top]; });
    }""")
    (a, left, top), (b, right, _) = ticks[1], ticks[-2]
    return left + (cutoff - a) / (b - a) * (right - left), top - 250


def said(tab: Tab, cutoff: float) -> list[str]:
    """What must stand beside the panels for a cutoff of the age."""
    spec = AnalysisSpec.from_query(QUESTION)
    answer = analyse(GBSG2, spec.but(cut_value=(f"{cutoff:g}",), parts=("km",)))
    row, test = answer["km"]["hazard_ratio"][0], answer["km"]["test"]
    ratio = numbers.ratio(row["hazard_ratio"], row["conf_low"], row["conf_high"])
    return [
        f"Age ≥ {cutoff:g}",
        f"Hazard ratio {ratio}",
        f"p {numbers.p_value(test['p_value'])} if it had been fixed beforehand",
    ]


def test_the_pointer_reads_a_cutoff_without_the_server(
    new_tab: Callable[..., Tab],  # noqa: F811
) -> None:
    tab = opened(new_tab())
    eventually(lambda: set(said(tab, 50)) <= set(tab.page.evaluate(READ)["texts"]), True, tab)
    before = tab.page.evaluate(READ)
    sent: list[Any] = []
    tab.page.on("request", lambda request: sent.append(request.url))
    inside = tab.page.context.new_cdp_session(tab.page)
    inside.send("Network.enable")
    inside.on("Network.webSocketFrameSent", lambda message: sent.append(message))
    for cutoff in (45, 60):
        tab.page.mouse.move(*point(tab.page, cutoff))
        eventually(
            lambda cutoff=cutoff: set(said(tab, cutoff)) <= set(tab.page.evaluate(READ)["texts"]),
            True,
            tab,
        )
    assert tab.page.evaluate(READ)["curves"] != before["curves"]
    assert sent == []
    tab.page.mouse.move(5, 5)
    eventually(lambda: set(said(tab, 50)) <= set(tab.page.evaluate(READ)["texts"]), True, tab)
    tab.assert_clean()


def test_a_click_takes_the_cutoff_again_and_again(
    new_tab: Callable[..., Tab],  # noqa: F811
) -> None:
    tab = opened(new_tab())
    for cutoff in (45, 60, 45):
        tab.page.mouse.move(*point(tab.page, cutoff))
        tab.page.mouse.click(*point(tab.page, cutoff))
        eventually(lambda: tab.question.cut_value, (f"{cutoff}",), tab)
        tab.settle()
        eventually(
            lambda: tab.page.locator(".st-key-cut_number input").input_value(), f"{cutoff}", tab
        )
    tab.assert_clean()


def test_long_work_shows_itself_and_ends_when_the_page_is_left(
    new_tab: Callable[..., Tab],  # noqa: F811
) -> None:
    tab = new_tab()
    endless = QUESTION.replace("permutations=999", "permutations=1000000")
    tab.page.goto(f"{tab.server}/cutoff?{endless}&bootstraps=0".replace("&bootstraps=100", ""))
    bar = tab.page.get_by_text(re.compile(r"Allowing for the search \(\d+%\)"))
    bar.wait_for(timeout=30_000)
    tab.page.get_by_role("link", name="Curves").click()
    tab.settle()
    tab.page.wait_for_selector("[data-testid=stVegaLiteChart] .mark-line path")
    assert bar.count() == 0
    assert tab.question.permutations == 1_000_000
    tab.assert_clean()
