"""The dashboard in a real browser: what only a browser can show.

Each test asks the address for its question and `analyse` for the answer, and compares that with
what is drawn. One server serves most tests; those about a first start bring their own. What needs
no browser is in `test_pages.py`, which also says what a screen must show (`Expected`).
"""

from __future__ import annotations

import csv
import io
import re
import struct
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest
from openpyxl import Workbook
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from core.analysis import analyse
from core.reading import examples, read
from core.spec import AnalysisSpec
from core.steps import Recipe
from core.view import numbers
from tests.support import ROOT, Served, need, serve, until
from tests.test_pages import FAILED, GBSG2, ODD, SMALL, Expected, hostile_table, odd_table

pytestmark = pytest.mark.browser

PATHS = {"cohort": "/", "curves": "/curves", "cox": "/cox"}
WIDE = {"width": 1440, "height": 900}
SLIDER = ".st-key-cut_slider input[type=range]"
LINK = examples.question("gbsg2").to_query()
QUIET = (
    # No errand outside: Chromium's own would be taken for the dashboard's.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-sandbox",
)
# Streamlit looks for its server under the page's path before it looks at the root.
PROBES = ("/_stcore/health", "/_stcore/host-config")
READ = """() => {
  const charts = [...document.querySelectorAll('[data-testid=stVegaLiteChart] svg')];
  const texts = (svg, which) => svg
    ? [...svg.querySelectorAll(which)].map(e => e.textContent) : [];
  const axes = charts.length ? [...charts[0].querySelectorAll('.mark-group.role-axis')] : [];
  const below = axes.filter(a => texts(a, '.role-axis-title text').some(
    t => ['Days', 'Weeks', 'Months', 'Years'].includes(t)));
  const slider = document.querySelector('.st-key-cut_slider input[type=range]');
  return {
    key: texts(document.querySelector('.big'), 'b'),
    groups: [...document.querySelectorAll('table[aria-label="Numbers of each group"] tbody tr')]
      .map(row => [...row.querySelectorAll('td')].map(e => e.textContent)),
    cox: [...document.querySelectorAll('table[aria-label="Cox regression"] tbody tr')]
      .map(row => [...row.querySelectorAll('td')].map(e => e.textContent)),
    ticks: below.length ? texts(below[0], '.role-axis-label text').map(Number) : [],
    km: texts(charts[0], '.mark-text.role-mark text'),
    sizes: texts(charts[1], '.mark-text.role-mark text'),
    finding: texts(document, '.finding').slice(0, 1),
    focused: slider !== null && document.activeElement === slider,
  };
}"""


class Tab:
    """One tab, with a record of everything that it should not have done."""

    def __init__(self, context: BrowserContext, server: str) -> None:
        self.server = server
        self.faults: list[str] = []
        context.set_default_timeout(20_000)
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self._leaves(request.url))
        self.page.on("console", lambda message: self._complains(message))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("dialog", self._dialog)

    def _leaves(self, url: str) -> None:
        if urlsplit(url).scheme not in ("data", "blob") and not url.startswith(f"{self.server}/"):
            self.faults.append(f"request: {url}")

    def _complains(self, message: Any) -> None:
        where = str(message.location.get("url", ""))
        if message.type == "error" and not where.endswith(PROBES):
            self.faults.append(f"console: {message.text} ({where})")

    def _dialog(self, dialog: Any) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def open(self, page: str, query: str = "") -> Tab:
        self.page.goto(f"{self.server}{PATHS[page]}" + (f"?{query}" if query else ""))
        return self.settle()

    def settle(self) -> Tab:
        """Wait until the script has ended and nothing waits for its content."""
        self.page.wait_for_selector("[data-test-connection-state=CONNECTED]")
        self.page.wait_for_selector("[data-test-script-state=notRunning]")
        self.page.wait_for_selector("[data-testid=stSkeleton]", state="detached")
        return self

    def read(self) -> dict[str, Any]:
        found: dict[str, Any] = self.page.evaluate(READ)
        return found

    @property
    def query(self) -> str:
        return urlsplit(self.page.url).query

    @property
    def question(self) -> AnalysisSpec:
        """What the address asks, without the count of earlier looks."""
        return AnalysisSpec.from_query(self.query).but(explored=())

    def choose(self, key: str, label: str) -> None:
        """Choose an option of a select box by what it says."""
        box = self.page.locator(f".st-key-{key} [data-baseweb=select], .st-key-{key} input").first
        box.click()
        self.page.get_by_role("option", name=label, exact=True).click()
        self.settle()

    def assert_clean(self) -> None:
        assert self.faults == []
        assert self.page.locator("[data-testid=stException]").count() == 0
        assert FAILED not in self.page.inner_text("body")


def eventually(found: Callable[[], Any], wanted: Any, tab: Tab, seconds: float = 10) -> None:
    """Wait until both are equal: a page is drawn piece by piece."""
    until = time.monotonic() + seconds
    while found() != wanted and time.monotonic() < until:
        tab.page.wait_for_timeout(30)
    assert found() == wanted


def assert_agrees(tab: Tab) -> Expected:
    """Numbers, table, risk table and histogram are those of the address."""
    expected = Expected.of(GBSG2, tab.question)
    eventually(lambda: tab.read()["key"], expected.key, tab)
    eventually(lambda: [r[1:4] for r in tab.read()["groups"]], expected.groups, tab)

    def drawn() -> tuple[list[int], list[int], list[str]]:
        screen = tab.read()
        counts = [int(t) for t in screen["km"] if t.isdigit()]
        return counts, expected.at_risk(GBSG2, screen["ticks"]), screen["sizes"]

    until = time.monotonic() + 10
    while time.monotonic() < until:
        counts, recounted, sizes = drawn()
        if counts == recounted and sizes == expected.sizes:
            break
        tab.page.wait_for_timeout(30)
    assert counts == recounted
    assert sizes == expected.sizes
    assert len(counts) >= 2 * len(expected.sizes)
    return expected


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(chromium: Browser) -> Iterator[Served]:
    # After the browser: without one, no server is started.
    with serve(ROOT / "asgi.py") as served:
        yield served


@pytest.fixture
def new_tab(chromium: Browser, server: Served) -> Iterator[Callable[..., Tab]]:
    """Make tabs, each of another person: nothing is shared but the server."""
    contexts: list[BrowserContext] = []

    def make(at: str = server, **options: Any) -> Tab:
        contexts.append(chromium.new_context(**{"viewport": WIDE, **options}))
        return Tab(contexts[-1], at)

    yield make
    for context in contexts:
        context.close()


# ------------------------------------------------------------------------------------ opening


def luminance(colour: str) -> float:
    parts = [int(x) / 255 for x in re.findall(r"\d+", colour)[:3]]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return sum(w * x for w, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(a: str, b: str) -> float:
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


INK = """() => {
  const label = document.querySelector('[data-testid=stVegaLiteChart] .role-axis-label text');
  return [getComputedStyle(label).fill,
          getComputedStyle(document.querySelector('[data-testid=stApp]')).backgroundColor];
}"""


@pytest.mark.parametrize("page", PATHS)
def test_a_deep_link_opens_on_a_fresh_server(page: str, new_tab: Callable[..., Tab]) -> None:
    # The very first session of a server is the one that Streamlit's page list used to disturb.
    with serve(ROOT / "asgi.py") as served:
        for scheme in ("light", "dark"):
            tab = new_tab(served, color_scheme=scheme).open(page, LINK)
            tab.page.wait_for_selector("[data-testid=stVegaLiteChart] .role-axis-label text")
            assert tab.question == AnalysisSpec.from_query(LINK)
            _, paper = tab.page.evaluate(INK)
            assert (luminance(paper) < 0.5) == (scheme == "dark")
            if page == "curves":
                assert_agrees(tab)
            tab.assert_clean()
        assert "Traceback" not in served.log()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axes_can_be_read(scheme: str, new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(color_scheme=scheme).open("curves", LINK)
    tab.page.wait_for_selector("[data-testid=stVegaLiteChart] .role-axis-label text")
    # WCAG 2.2, level AA.
    assert contrast(*tab.page.evaluate(INK)) >= 4.5


# ----------------------------------------------------------------------------------- the slider


def press(tab: Tab, key: str = "ArrowRight") -> None:
    """Press a key and wait until the address has followed."""
    before = tab.page.url
    tab.page.keyboard.press(key)
    until(tab.page, "before => location.href !== before", before)


def test_thirty_moves_of_the_slider(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab().open("curves", LINK)
    assert_agrees(tab)
    tab.page.locator(SLIDER).focus()
    seen = [20.0]
    for _ in range(30):
        press(tab)
        seen.append(float(tab.question.cut_value[0]))
        assert_agrees(tab)
        assert tab.read()["focused"]
    assert seen == sorted(set(seen))
    tab.assert_clean()


def stops() -> list[float]:
    return sorted(float(x) for x in GBSG2.frame["progrec"].unique())


def test_quick_presses_are_not_taken_back(new_tab: Callable[..., Tab]) -> None:
    # A rerun may carry the address from before the last change; it must not become the question.
    tab = new_tab().open("curves", LINK)
    tab.page.locator(SLIDER).focus()
    at = stops().index(20)
    for presses in (2, 8, 8, 8, 8, 8):  # one burst alone often goes well
        for _ in range(presses):
            tab.page.keyboard.press("ArrowRight")
        at += presses
        wanted = (f"{stops()[at]:g}",)
        eventually(lambda: tab.question.cut_value, wanted, tab)
        tab.page.wait_for_timeout(400)
        tab.settle()
        assert tab.question.cut_value == wanted
        assert_agrees(tab)
    assert tab.read()["focused"]


def test_there_and_back_quickly(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab().open("curves", LINK)
    tab.page.locator(SLIDER).focus()
    for _ in range(3):
        tab.page.keyboard.press("ArrowRight")
        tab.page.keyboard.press("ArrowLeft")
    tab.page.wait_for_timeout(1000)
    tab.settle()
    # A busy computer comes to the last move later.
    until(tab.page, "() => new URLSearchParams(location.search).get('cut_value') === '20'")
    tab.settle()
    shown = tab.page.locator(SLIDER).get_attribute("aria-valuetext") or ""
    assert tab.question.cut_value == ("20",)
    assert shown in ("20", "")
    assert_agrees(tab)
    tab.assert_clean()


def test_back_restores_the_view_before(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab().open("curves", LINK)
    assert_agrees(tab)
    tab.page.locator(SLIDER).focus()
    values = [tab.question.cut_value]
    for _ in range(3):
        press(tab)
        assert_agrees(tab)
        values.append(tab.question.cut_value)
    for value in reversed(values[:-1]):
        tab.page.go_back()
        eventually(lambda: tab.question.cut_value, value, tab)
        assert_agrees(tab)
    tab.page.go_forward()
    eventually(lambda: tab.question.cut_value, values[1], tab)
    assert_agrees(tab)
    tab.assert_clean()


# ------------------------------------------------------------------------------- links and pages


def test_a_copied_address_shows_the_same_elsewhere(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab().open("curves", LINK)
    tab.page.locator(SLIDER).focus()
    press(tab)
    assert_agrees(tab)
    addresses, shown, asked = {}, {}, set()
    for name, label in (("curves", "Curves"), ("cox", "Cox model"), ("cohort", "Cohort")):
        tab.page.locator("[data-testid=stSidebar]").get_by_role("link", name=label).click()
        tab.page.wait_for_url(f"**{PATHS[name]}?**")
        tab.settle()
        tab.page.wait_for_selector("[data-testid=stVegaLiteChart] svg .role-axis-label")
        tab.page.wait_for_timeout(500)
        addresses[name], shown[name] = tab.query, tab.read()
        asked.add(tab.question)
    assert len(asked) == 1  # the question goes along
    assert AnalysisSpec.from_query(addresses["cox"]).cut_value == ("21",)
    tab.assert_clean()
    with serve(ROOT / "asgi.py") as elsewhere:
        for name, query in addresses.items():
            other = new_tab(elsewhere).open(name, query)
            for part in ("key", "groups", "cox", "ticks", "km", "sizes", "finding"):
                eventually(
                    lambda other=other, part=part: other.read()[part], shown[name][part], tab
                )
            other.assert_clean()


def test_the_cox_page_shows_the_models_of_its_address(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab().open("cox", LINK)
    answer = analyse(GBSG2, tab.question)["cox"]
    wanted = [
        numbers.ratio(r["hazard_ratio"], r["conf_low"], r["conf_high"])
        for r in answer["multivariable"]
    ]
    eventually(lambda: [row[5] for row in tab.read()["cox"]], wanted, tab)
    rows = tab.page.locator('table[aria-label="Cox regression"] tbody tr').all()
    heights = [box["y"] + box["height"] / 2 for row in rows if (box := row.bounding_box())]
    points = tab.page.locator("[data-testid=stVegaLiteChart] .mark-symbol.role-mark path").all()
    middles = sorted(box["y"] + box["height"] / 2 for p in points if (box := p.bounding_box()))
    # Two points for a row, one above and one below its middle: the plot stands beside its table.
    for row, pair in zip(heights, zip(middles[::2], middles[1::2], strict=True), strict=True):
        assert abs(sum(pair) / 2 - row) < 6
    tab.assert_clean()


# --------------------------------------------------------------------------------------- layout


def test_one_screen_holds_the_curves(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab().open("curves", LINK)
    assert_agrees(tab)
    assert tab.page.locator("[data-testid=stSidebar]").bounding_box()["width"] > 150
    parts = [
        *tab.page.locator("[data-testid=stVegaLiteChart] svg").all(),
        tab.page.locator(".big"),
        tab.page.locator(SLIDER),
        tab.page.locator('table[aria-label="Numbers of each group"]'),
    ]
    assert len(parts) == 5
    for part in parts:
        box = part.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["y"] >= 0
        assert box["x"] + box["width"] <= WIDE["width"]
        assert box["y"] + box["height"] <= WIDE["height"]
    assert tab.page.evaluate("document.querySelector('[data-testid=stMain]').scrollTop") == 0


@pytest.mark.parametrize("page", PATHS)
def test_a_narrow_window_needs_no_sideways_scrolling(
    page: str, new_tab: Callable[..., Tab]
) -> None:
    tab = new_tab(viewport={"width": 800, "height": 900}).open(page, LINK)
    tab.page.wait_for_selector("[data-testid=stVegaLiteChart] svg")
    tab.page.wait_for_timeout(500)
    over = """() => [document.documentElement, document.querySelector('[data-testid=stMain]')]
      .map(e => e.scrollWidth - e.clientWidth)"""
    assert tab.page.evaluate(over) == [0, 0]


def test_the_pointer_reads_the_curves(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab().open("curves", LINK)
    expected = assert_agrees(tab)
    box = tab.page.locator("[data-testid=stVegaLiteChart] svg").first.bounding_box()
    assert box is not None
    tab.page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + 120)
    tab.page.mouse.move(box["x"] + box["width"] * 0.51, box["y"] + 122)
    tip = tab.page.locator("#vg-tooltip-element.visible")
    tip.wait_for()
    said = tip.inner_text()
    at = float(re.search(r"months\s+([\d.]+)", said)[1])
    shown = re.findall(r"(\d+)% \((\d+)–(\d+)\), (\d+) at risk", said)
    labels = re.findall(r"Progesterone receptor (?:>=|<) 20", said)
    assert len(shown) == len(labels) == 2
    question = tab.question.but(at=(f"{at:g}",))
    groups = analyse(GBSG2, question)["km"]["groups"]
    for (estimate, low, high, n), group in zip(shown, groups, strict=True):
        (true,) = group["at"]
        for text, name in ((estimate, "estimate"), (low, "conf_low"), (high, "conf_high")):
            assert int(text) == pytest.approx(100 * true[name], abs=1.01)
        # The time is shown with two decimals: one patient may lie between it and the true one.
        assert int(n) == pytest.approx(true["n_risk"], abs=1)
    assert expected.sizes


# ------------------------------------------------------------------------------------ downloads


def saved(tab: Tab, key: str) -> tuple[str, bytes]:
    with tab.page.expect_download() as download:
        tab.page.locator(f".st-key-{key} button").click()
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def chunk(png: bytes, kind: bytes) -> bytes:
    """The content of a chunk of a PNG file."""
    start = png.index(kind)
    (length,) = struct.unpack(">I", png[start - 4 : start])
    return png[start + 4 : start + 4 + length]


def test_figures_and_tables_are_saved(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab(accept_downloads=True).open("curves", LINK)
    expected = assert_agrees(tab)
    tab.page.get_by_role("button", name="Save figure").first.click()
    tab.page.locator(".st-key-save_km_svg button").wait_for()
    tab.settle()
    stem = "stratiscope_gbsg2_km_recurrence-free-survival_progrec_20_r"
    name, svg = saved(tab, "save_km_svg")
    assert name == f"{stem}.svg"
    drawn = "".join(ElementTree.fromstring(svg).itertext())
    for text in ("Recurrence-free survival by Progesterone receptor", expected.key[1], "269"):
        assert text in drawn
    name, twice = saved(tab, "save_km_png")
    assert name == f"{stem}.png"
    name, print_ = saved(tab, "save_km_300dpi-png")
    assert name == f"{stem}.300dpi.png"
    assert struct.unpack(">IIB", chunk(print_, b"pHYs")) == (11811, 11811, 1)
    widths = [struct.unpack(">I", chunk(png, b"IHDR")[:4])[0] for png in (twice, print_)]
    assert widths[1] / widths[0] == pytest.approx(300 / 72 / 2, rel=0.01)
    assert widths[0] >= 2 * 720
    tab.page.keyboard.press("Escape")
    tab.page.wait_for_timeout(300)
    tab.settle()
    tab.page.get_by_role("button", name="Save table").first.click()
    tab.page.locator(".st-key-save_groups_csv button").wait_for()
    tab.settle()
    name, table = saved(tab, "save_groups_csv")
    assert name == "stratiscope_gbsg2_groups_recurrence-free-survival_progrec_20_r.csv"
    rows = list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"))))
    for row, group in zip(rows, expected.answer["km"]["groups"], strict=True):
        assert (int(row["n"]), int(row["events"])) == (group["n"], group["events"])
        assert float(row["median"]) == group["median"]
    name, _ = saved(tab, "save_curves_csv")
    assert name == "stratiscope_gbsg2_curves_recurrence-free-survival_progrec_20_r.csv"
    tab.assert_clean()


# --------------------------------------------------------------------------- tables of the user


def load(tab: Tab, name: str, table: str) -> None:
    """Give a file to the real chooser of the first page."""
    tab.open("cohort")
    file = {"name": name, "mimeType": "text/csv", "buffer": table.encode()}
    tab.page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files([file])
    tab.page.get_by_role("button", name="Open this cohort").wait_for()
    tab.settle()


def confirm(tab: Tab) -> None:
    tab.page.get_by_role("button", name="Open this cohort").click()
    tab.page.wait_for_url("**data=sha256**")
    tab.settle()


def go(tab: Tab, label: str) -> None:
    tab.page.locator("[data-testid=stSidebar]").get_by_role("link", name=label).click()
    tab.page.wait_for_url(f"**{PATHS[label.split()[0].lower()]}?**")
    tab.settle()


def test_an_own_table_from_the_file_to_the_curves(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab()
    load(tab, "secret name.csv", SMALL)
    assert tab.page.get_by_role("button", name="Open this cohort").is_disabled()
    tab.choose("role_event_is_status", "2  (40 of 60)")
    tab.page.keyboard.press("Escape")
    confirm(tab)
    go(tab, "Curves")
    tab.choose("stratifier", "arm")
    eventually(lambda: tab.question.group_by, "arm", tab)
    table = read(SMALL.encode(), "mine.csv")
    expected = Expected.of(table, tab.question)
    eventually(lambda: tab.read()["key"], expected.key, tab)
    ticks = tab.read()["ticks"]
    counts = [int(t) for t in tab.read()["km"] if t.isdigit()]
    assert counts == expected.at_risk(table, ticks)
    address = unquote(tab.page.url)
    assert "secret" not in address
    for cell in ("Arm", "Brm", "7.5", "14.5"):
        assert cell not in address
    tab.assert_clean()
    shared = tab.query
    other = new_tab().open("cohort", shared)  # nobody else sees the table
    other.page.get_by_text("Load the same file").wait_for()
    file = {"name": "again.csv", "mimeType": "text/csv", "buffer": SMALL.encode()}
    other.page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files([file])
    other.page.wait_for_selector("[data-testid=stVegaLiteChart] svg")
    eventually(lambda: other.read()["finding"], [_finding(table, shared)], other)


def test_a_long_reading_can_be_left(new_tab: Callable[..., Tab], tmp_path: Path) -> None:
    tab = new_tab()
    tab.open("cohort")
    long = tmp_path / "long.csv"
    row = ",".join(f"{i}.25" for i in range(40))
    header = "os_months,death," + ",".join(f"m{i}" for i in range(38))
    long.write_text(header + "\n" + f"{row}\n" * 150_000, encoding="utf-8")
    chooser = tab.page.locator("[data-testid=stFileUploader] input[type=file]")
    chooser.set_input_files(long)
    tab.page.get_by_role("progressbar").wait_for()
    tab.page.get_by_role("button", name="Stop reading").click()
    tab.page.wait_for_selector("[data-testid=stVegaLiteChart] svg")
    tab.settle()
    assert not tab.page.get_by_role("button", name="Stop reading").is_visible()
    # The page is as it was, and reads the next file.
    load(tab, "small.csv", SMALL)
    tab.assert_clean()


@pytest.mark.parametrize(
    ("name", "data", "said"),
    [
        ("paper.pdf", b"%PDF-1.7 ...", "PDF document"),
        ("cut.xlsx", b"PK\x03\x04 xl/workbook.xml", "damaged"),
        ("empty.csv", b"", "empty"),
    ],
)
def test_a_file_that_is_refused_leaves_the_page_usable(
    name: str, data: bytes, said: str, new_tab: Callable[..., Tab]
) -> None:
    tab = new_tab()
    tab.open("cohort")
    chooser = tab.page.locator("[data-testid=stFileUploader] input[type=file]")
    chooser.set_input_files([{"name": name, "mimeType": "", "buffer": data}])
    tab.page.locator("[data-testid=stAlert]", has_text=said).wait_for()
    tab.settle()
    assert tab.page.locator("[data-testid=stAlert]").count() == 1
    assert tab.page.get_by_role("button", name="Stop reading").count() == 0
    load(tab, "small.csv", SMALL)
    tab.assert_clean()


def test_a_workbook_becomes_an_endpoint_from_dates(new_tab: Callable[..., Tab]) -> None:
    tab = new_tab()
    tab.open("cohort")
    file = {"name": "register.xlsx", "mimeType": "", "buffer": _register()}
    tab.page.locator("[data-testid=stFileUploader] input[type=file]").set_input_files([file])
    tab.page.get_by_role("button", name="Add Overall survival").click()
    tab.page.get_by_role("button", name="Open this cohort").wait_for()
    until(
        tab.page,
        "() => [...document.querySelectorAll('.finding')]"
        ".some(e => /event happened/.test(e.textContent))",
    )
    confirm(tab)
    table = read(_register(), "register.xlsx", Recipe.parse(tab.question.clean))
    eventually(lambda: tab.read()["finding"], [_finding(table, tab.query)], tab)
    assert "Huber" not in unquote(tab.page.url)
    tab.assert_clean()


def _register() -> bytes:
    """A workbook with a title, two header rows, German dates and a row of sums."""
    sheet = (book := Workbook()).active
    sheet.append(["Registerauszug"])
    sheet.append([])
    sheet.append(["Patient", None, "Verlauf", None, None])
    sheet.append(["Nr", "Nachname", "Erstdiagnose", "Verstorben", "Letzter Kontakt"])
    sheet.merge_cells("A3:B3")
    sheet.merge_cells("C3:E3")
    for i in range(30):
        dead = f"{13 + i % 15}.{1 + i % 12}.2021" if i % 2 else None
        sheet.append([f"{i:04}", f"Huber{i}", f"{13 + i % 15}.03.2018", dead, "30.12.2021"])
    sheet.append(["Summe", None, None, None, None])
    book.save(into := io.BytesIO())
    return into.getvalue()


def _finding(table: Any, query: str) -> str:
    from core.cohort import select
    from core.reading.roles.filling import fill
    from core.survival import km
    from core.view import words

    spec, _ = fill(table, AnalysisSpec.from_query(query))
    cohort = select(table, spec)
    return words.finding(cohort, km.estimate(cohort, spec))


@pytest.mark.parametrize("which", ["odd", "shared"])
def test_hostile_names_do_nothing(which: str, new_tab: Callable[..., Tab]) -> None:
    table = odd_table() if which == "odd" else hostile_table()
    names = list(ODD) if which == "odd" else list(read(table.encode(), "h.csv").variables)
    hostile = [n for n in names if set(n) & set("<$![:")]
    assert len(hostile) >= 3
    tab = new_tab()
    load(tab, "h.csv", table)
    confirm(tab)
    spec = tab.question
    assert spec.data
    for name in hostile[:4]:
        go(tab, "Curves")
        tab.page.evaluate("window.__pwn")  # the page is alive
        tab.choose("stratifier", name)
        if "group_by" in tab.query:
            until(
                tab.page,
                "name => document.querySelector('.question').textContent.includes(name)",
                " ".join(name.split()),
            )
    go(tab, "Cox model")
    for name in hostile[:3]:
        tab.page.locator(".st-key-terms input").first.click()
        tab.page.get_by_role("option", name=name, exact=True).click()
        tab.settle()
    tab.page.keyboard.press("Escape")
    tab.page.wait_for_selector('table[aria-label="Cox regression"]')
    table_of = "document.querySelector('table[aria-label=\"Cox regression\"]').innerText"
    until(
        tab.page,
        f"names => names.every(n => {table_of}.replace(/\\s+/g, ' ').includes(n))",
        [" ".join(name.split()) for name in hostile[:3]],
    )
    assert tab.page.evaluate("window.__pwn") is None
    assert tab.page.locator("img[src*='evil'], img[src='x'], a[href^='javascript']").count() == 0
    tab.assert_clean()
