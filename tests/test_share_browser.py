"""Links of all kinds in a real browser, opened on a server that did not make them: same store.

The table is full of canaries: patients' numbers and names that must not reach any viewer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from core.analysis import analyse, question
from core.dataset import Dataset
from core.exploration import Counts
from core.reading import examples, read
from core.sharing import snapshot
from core.sharing.places import place
from core.sharing.store import Store
from core.spec import AnalysisSpec
from core.view.reports import making, released
from pages.ui.sharing import door
from tests.support import ROOT, Served, need, serve

OWNER = "this computer"
CANARY = "CANARY"
QUESTION = AnalysisSpec.from_query(
    "time=months&unit=months&event=relapse&event_is=1&id=number&group_by=marker"
    "&cut_rule=value&cut_value=20&cut_side=ge&terms=marker:cut(20),age"
)


def table() -> Dataset:
    """GBSG2 with names and numbers that nobody may see."""
    own = examples.load("gbsg2").frame
    frame = pd.DataFrame({
        "number": [f"{CANARY}{i:05d}" for i in range(len(own))],
        "name": [f"{CANARY} {i} Doe" for i in range(len(own))],
        "months": (own["time"] / 30.4375).round(3),
        "relapse": own["cens"],
        "marker": own["progrec"],
        "age": own["age"],
    })  # fmt: skip
    return read(frame.to_csv(index=False).encode(), "patients.csv")


DATASET = table()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    return f"sqlite:///{tmp_path_factory.mktemp('store')}/views.db"


@pytest.fixture(scope="module")
def store(url: str) -> Iterator[Store]:
    made = Store(place({"STRATISCOPE_STORE": url}))
    yield made
    made.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def other(chromium: Browser, url: str, store: Store) -> Iterator[Served]:
    """A second server on the same store."""
    with serve(ROOT / "asgi.py", env={"STRATISCOPE_STORE": url}) as served:
        yield served


class Viewer:
    """A person with a link, and every byte that her browser received."""

    def __init__(self, context: BrowserContext) -> None:
        self.received: list[bytes] = []
        self.asked: list[str] = []
        context.set_default_timeout(30_000)
        self.page: Page = context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("response", self._response)
        self.page.on("websocket", lambda socket: socket.on("framereceived", self._frame))

    def _response(self, response: object) -> None:
        try:
            self.received.append(response.body())  # type: ignore[attr-defined]
        except Exception:  # a redirect has no body
            return

    def _frame(self, frame: str | bytes) -> None:
        self.received.append(frame.encode() if isinstance(frame, str) else frame)

    def enter(self, link: str) -> None:
        self.page.goto(link)
        self.page.get_by_role("button", name="Open the view").click()
        self.page.wait_for_load_state("networkidle")

    def settle(self) -> None:
        self.page.wait_for_selector("[data-test-connection-state=CONNECTED]")
        self.page.wait_for_selector("[data-test-script-state=notRunning]")
        self.page.wait_for_selector("[data-testid=stSkeleton]", state="detached")

    def text(self) -> str:
        return self.page.inner_text("body")


@pytest.fixture
def viewer(chromium: Browser) -> Iterator[Callable[[], Viewer]]:
    contexts: list[BrowserContext] = []

    def make() -> Viewer:
        contexts.append(chromium.new_context(viewport={"width": 1440, "height": 1000}))
        return Viewer(contexts[-1])

    yield make
    for context in contexts:
        context.close()


def contents(kind: str) -> dict[str, bytes]:
    """What the share page stores of the view."""
    cohort, spec, parts, _ = question(DATASET, QUESTION)
    if kind == "results":
        return {door.PAGE: released.page(cohort, spec, counts=Counts())}
    found = snapshot.build(DATASET, QUESTION)
    page = making.make(cohort, spec, parts, format="html")
    return {**found.members, door.PAGE: page, door.PLACE: b"/curves"}


def linked(store: Store, kind: str, mode: str = "view") -> tuple[str, str]:
    saved = store.create(
        "results" if kind == "results" else "snapshot", contents(kind), owner=OWNER, title="A view"
    )
    return store.link(saved.view, owner=OWNER, mode=mode).token, saved.view  # type: ignore[arg-type]


def headline() -> tuple[str, str]:
    """The hazard ratio and the number of patients that every kind of link must show."""
    answer = analyse(DATASET, QUESTION)
    ratio = answer["km"]["hazard_ratio"][0]["hazard_ratio"]
    return f"{ratio:.2f}", str(answer["cohort"]["n"])


def assert_no_canary(seen: Viewer) -> None:
    assert sum(map(len, seen.received)) > 5_000
    assert not [part for part in seen.received if CANARY.encode() in part]


@pytest.mark.parametrize("kind", ["results", "snapshot"])
def test_a_view_to_look_at(
    kind: str, other: Served, store: Store, viewer: Callable[[], Viewer]
) -> None:
    token, _ = linked(store, kind)
    seen = viewer()
    seen.enter(f"{other}/s/{token}")
    assert "/view/" in seen.page.url
    for number in headline():
        assert number in seen.text()
    assert_no_canary(seen)
    assert not [a for a in seen.asked if not a.startswith((str(other), "data:"))]
    if kind == "results":
        # Not one patient: no exact time of anybody, and no way to the dashboard.
        times = {f"{t:.3f}" for t in DATASET.frame["months"]}
        got = b" ".join(seen.received).decode("utf-8", "replace")
        assert not [t for t in times if f">{t}<" in got or f" {t} " in got]
        assert seen.page.locator("a[href^='/']").count() == 0


def test_a_view_to_try_out(other: Served, store: Store, viewer: Callable[[], Viewer]) -> None:
    token, view = linked(store, "snapshot", "explore")
    seen = viewer()
    seen.enter(f"{other}/s/{token}")
    seen.settle()
    assert "/curves?" in seen.page.url
    assert token not in seen.page.url
    seen.page.wait_for_selector(".big b")
    for number in headline():
        assert number in seen.text()
    seen.page.reload()
    seen.settle()
    seen.page.wait_for_selector(".shared")
    seen.page.locator(".st-key-cut_number input").fill("50")
    seen.page.keyboard.press("Enter")
    seen.settle()
    want = analyse(DATASET, QUESTION.but(cut_value=("50",)))["km"]["hazard_ratio"][0]
    until = time.monotonic() + 10
    while f"{want['hazard_ratio']:.2f}" not in seen.text() and time.monotonic() < until:
        seen.page.wait_for_timeout(50)
    assert f"{want['hazard_ratio']:.2f}" in seen.text()
    assert_no_canary(seen)
    # The end of the link ends the view of who is inside, at the next move.
    store.withdraw(view, owner=OWNER)
    seen.page.wait_for_timeout(3_500)
    seen.page.locator(".st-key-cut_number input").fill("60")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_selector("text=This link opens nothing")
    assert seen.page.locator("[data-testid=stVegaLiteChart]").count() == 0


def test_the_address_alone_opens_nothing(
    other: Served, store: Store, viewer: Callable[[], Viewer]
) -> None:
    token, _ = linked(store, "snapshot", "explore")
    inside = viewer()
    inside.enter(f"{other}/s/{token}")
    inside.settle()
    stranger = viewer()
    stranger.page.goto(inside.page.url)
    stranger.page.wait_for_selector("text=You are not inside this shared view")
    assert headline()[0] not in stranger.text()


def test_no_token_and_no_canary_is_written(other: Served, store: Store, url: str) -> None:
    token, _ = linked(store, "snapshot")
    folder = Path(url.removeprefix("sqlite:///")).parent
    written = other.log().encode() + b"".join(path.read_bytes() for path in folder.iterdir())
    assert token.encode() not in written
    assert CANARY.encode() not in written


def test_the_share_page_makes_a_link(
    other: Served, viewer: Callable[[], Viewer], chromium: Browser
) -> None:
    seen = viewer()
    seen.page.goto(f"{other}/share?data=gbsg2&group_by=horTh&terms=horTh,age")
    seen.settle()
    seen.page.get_by_text("see results alone", exact=True).click()
    seen.settle()
    seen.page.get_by_role("button", name="Save and make the link").click()
    link = seen.page.locator("[data-testid=stCode]", has_text="/s/").first
    link.wait_for()
    address = link.inner_text().strip()
    receiver = viewer()
    receiver.enter(str(other) + address[address.index("/s/") :])
    assert "0.69" in receiver.text() or "0.70" in receiver.text()
    assert "opens here and nowhere else" in seen.text()
