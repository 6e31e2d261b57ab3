"""The locked outcome and the ledger on the pages: no outcome is sent, and every look is counted."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Iterator

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.analysis import analyse
from core.dataset import Dataset
from core.errors import SpecError
from core.exploration import Counts
from core.reading import examples
from core.spec import AnalysisSpec
from pages.ui import frame
from tests.test_pages import (
    COHORT,
    COX,
    CURVES,
    asked,
    assert_curves_agree,
    assert_sound,
    bodies,
    charts,
    key_numbers,
    loaded,
    messages,
    opened,
    press,
    table_of,
    text_of,
)
from tests.test_pages import SMALL as SMALL_TABLE

LOCKED = "data=gbsg2&group_by=progrec&cut_rule=value&cut_value=20&outcome=locked"
OPEN = LOCKED.removesuffix("&outcome=locked")
CUTOFF = "pages/cutoff.py"
PAGES = (COHORT, CURVES, CUTOFF, COX)
HIDDEN = "was chosen with the outcome hidden"
NUMBERED = re.compile(rb"[0-9a-f]{32}")
"""Names that Streamlit makes up anew for a button or out of what an element holds."""
BY_HAND = "set by hand while looking at the data"


@pytest.fixture(autouse=True)
def _no_caches() -> Iterator[None]:
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


def looked(at: AppTest) -> Counts:
    """What the address says was looked at."""
    found = at.query_params.get("explored", [])
    texts = [found] if isinstance(found, str) else found
    return Counts.parse(AnalysisSpec.from_dict({"explored": texts}).explored)


def everything(at: AppTest) -> list[bytes]:
    """Every element of the page as it was sent to the browser."""
    found = []
    for block in (at.main, at.sidebar):
        for element in block:
            if hasattr(element, "proto") and element.proto is not None:
                sent = element.proto.SerializeToString(deterministic=True)
                found.append(NUMBERED.sub(b"", sent))
    return found


def words(at: AppTest) -> str:
    return " ".join(map(text_of, bodies(at)))


def turned(found: Dataset) -> Dataset:
    """The table with the outcomes of its patients exchanged: the same markers, another result."""
    order = np.random.default_rng(8).permutation(len(found.frame))
    frame = found.frame.copy()
    for name in ("time", "cens"):
        frame[name] = frame[name].to_numpy()[order]
    frame["cens"] = np.where(np.arange(len(frame)) % 5 == 0, 1 - frame["cens"], frame["cens"])
    return dataclasses.replace(found, frame=frame)


# ----------------------------------------------------------------------------- nothing is sent


def sent(page: str, query: str) -> list[bytes]:
    at = opened(page, query)
    at.session_state["filters"] = True  # with the drawers open
    at.session_state["link"] = True
    at.run()
    assert_sound(at)
    return everything(at)


@pytest.mark.parametrize("page", PAGES)
def test_a_locked_page_is_the_same_whatever_the_outcome_is(
    page: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = "&permutations=99&bootstraps=50"
    locked, unlocked = sent(page, LOCKED), sent(page, f"{OPEN}&terms=age{few}")
    assert len(locked) > 5
    load = examples.load
    other = turned(load("gbsg2"))
    monkeypatch.setattr(examples, "load", lambda name: other if name == "gbsg2" else load(name))
    st.cache_resource.clear()
    assert sent(page, LOCKED) == locked
    assert sent(page, f"{OPEN}&terms=age{few}") != unlocked  # else the comparison could not fail


@pytest.mark.parametrize("page", PAGES)
def test_a_locked_page_shows_the_lock_and_no_result(page: str) -> None:
    at = opened(page, LOCKED)
    assert_sound(at)
    assert "The outcome is locked" in words(at)
    assert [b.label for b in at.button if b.key == "unlock"] == ["Unlock the outcome"]
    assert key_numbers(at) == []
    assert len(charts(at)) == (page in (CURVES, CUTOFF))  # the distribution
    for said in ("events", "log-rank", "hazard ratio 0", "Median"):
        assert said not in words(at).replace("No curve, p-value or hazard ratio", "")
    assert asked(at).outcome == "locked"
    assert looked(at) == Counts()


def test_the_cutoff_is_chosen_on_the_marker() -> None:
    at = opened(CURVES, LOCKED)
    at.select_slider(key="cut_slider").set_value(26.0).run()
    assert_sound(at)
    assert asked(at).cut_value == ("26",)
    sizes = table_of(at, "Sizes of the groups")
    x = examples.load("gbsg2").frame["progrec"]
    assert [row[1] for row in sizes[1:]] == [str((x < 26).sum()), str((x >= 26).sum())]
    ((_, data),) = charts(at)
    assert set(data) == {"bars", "cuts", "sizes"}
    at.selectbox(key="stratifier").set_value("horTh").run()
    assert_sound(at)
    assert len(table_of(at, "Sizes of the groups")) == 3
    at.selectbox(key="stratifier").set_value(None).run()
    assert_sound(at)
    assert charts(at) == []
    assert looked(at) == Counts()


@pytest.mark.parametrize("rule", ["best", "best-pair"])
def test_a_search_is_replaced_by_the_median(rule: str) -> None:
    at = opened(CURVES, f"data=gbsg2&group_by=progrec&cut_rule={rule}&outcome=locked")
    assert_sound(at)
    assert asked(at).cut_rule == "median"
    assert "searching for it needs the outcome" in words(at)
    assert "was chosen out of" not in messages(at)


def test_a_filter_on_the_outcome_is_refused_and_not_offered() -> None:
    at = opened(CURVES, f"{LOCKED}&where=cens = 1")
    assert "The outcome is locked" in messages(at)
    assert charts(at) == []
    at = opened(CURVES, LOCKED)
    at.session_state["filters"] = True
    at.run()
    offered = at.selectbox(key="filter_column").options
    assert "Age" in " ".join(offered)
    open_ = opened(CURVES, OPEN)
    open_.session_state["filters"] = True
    open_.run()
    left_out = set(open_.selectbox(key="filter_column").options) - set(offered)
    titles = {examples.load("gbsg2").variables[n].title for n in ("time", "cens")}
    assert left_out == titles


# ----------------------------------------------------------------------------------- unlocking


def test_unlocking_records_the_cut_and_the_words_follow_it() -> None:
    at = opened(CURVES, LOCKED)
    at.select_slider(key="cut_slider").set_value(26.0).run()
    at.button(key="unlock").click().run()
    assert (asked(at).outcome, asked(at).unlocked) == (None, "progrec >= 26")
    assert_curves_agree(at)
    assert HIDDEN in words(at)
    assert "needs no correction" in words(at)
    assert BY_HAND not in words(at)
    assert looked(at) == Counts(1, 1, 1, 1, unlocked=1)
    at.select_slider(key="cut_slider").set_value(20.0).run()
    assert BY_HAND in words(at)
    assert HIDDEN not in words(at)
    at.selectbox(key="cut_side").set_value("gt").run()
    at.select_slider(key="cut_slider").set_value(26.0).run()
    assert HIDDEN not in words(at)
    at.selectbox(key="cut_side").set_value("ge").run()
    assert "needs no correction" in words(at)  # the cut that was chosen blind, again
    assert looked(at).unlocked == 1
    at.selectbox(key="stratifier").set_value("age").run()
    assert HIDDEN not in words(at)


def test_earlier_looks_are_said() -> None:
    at = opened(CURVES, OPEN)
    for value in (26.0, 40.0):
        at.select_slider(key="cut_slider").set_value(value).run()
    at.toggle(key="outcome_hidden").set_value(True).run()
    assert_sound(at)
    assert asked(at).outcome == "locked"
    assert "Looked at before it was locked: 3 analyses" in words(at)
    assert key_numbers(at) == []
    at.toggle(key="outcome_hidden").set_value(False).run()
    assert asked(at).unlocked == "progrec >= 40"
    assert "hidden, but after 3 earlier analyses" in words(at)
    assert looked(at).earlier == 3
    # The link carries both.
    again = opened(CURVES, run=False)
    again.query_params.update(at.query_params)
    again.run()
    assert "hidden, but after 3 earlier analyses" in words(again)


def test_inherited_looks_are_earlier_looks() -> None:
    at = opened(CURVES, f"{LOCKED}&explored=analyses:7,cutoffs:6")
    at.button(key="unlock").click().run()
    assert "hidden, but after 7 earlier analyses" in words(at)
    assert looked(at).earlier == 7


def test_a_category_has_no_cut_to_record() -> None:
    at = opened(CURVES, "data=gbsg2&group_by=horTh&outcome=locked")
    at.button(key="unlock").click().run()
    assert_curves_agree(at)
    assert asked(at).unlocked is None
    assert looked(at).unlocked == 1


def test_the_median_chosen_blind() -> None:
    at = opened(CURVES, "data=gbsg2&group_by=progrec&cut_rule=median&outcome=locked")
    at.button(key="unlock").click().run()
    assert asked(at).unlocked == "progrec >= 32.5"
    assert HIDDEN in words(at)


# ---------------------------------------------------------------------------------- the ledger


def test_looks_are_counted_once_and_shown() -> None:
    at = opened(COHORT)
    assert looked(at) == Counts(1, 1, 1, 1)
    at.switch_page(CURVES).run()
    assert looked(at) == Counts(1, 1, 1, 1)  # the same view on another page
    at.run()
    at.selectbox(key="show_unit").set_value("years").run()
    assert looked(at) == Counts(1, 1, 1, 1)
    at.select_slider(key="cut_slider").set_value(26.0).run()
    at.select_slider(key="cut_slider").set_value(20.0).run()
    assert looked(at) == Counts(2, 1, 1, 2)
    assert "Looked at so far: 2 cutoffs, 1 stratifier, 1 endpoint (2 analyses)." in words(at)
    at.switch_page(COX).run()
    found = looked(at)
    assert (found.analyses, found.terms) == (3, len(asked(at).terms))
    at.run()
    assert looked(at) == found


def test_a_page_that_shows_nothing_counts_nothing() -> None:
    at = opened(CURVES, "data=gbsg2&group_by=progrec&cut_rule=value&cut_value=abc")
    assert at.error
    assert looked(at) == Counts()


def test_a_link_is_inherited_and_a_reload_adds_nothing() -> None:
    link = f"{OPEN}&explored=analyses:30,cutoffs:25,stratifiers:2,endpoints:1"
    at = opened(CURVES, link)
    assert looked(at) == Counts(30, 1, 2, 25)
    assert "expect about 2 p-values below 0.05 by chance alone" in words(at)
    at.run()
    assert looked(at) == Counts(30, 1, 2, 25)
    at.select_slider(key="cut_slider").set_value(26.0).run()
    assert looked(at) == Counts(31, 1, 2, 26)
    for _ in range(2):  # opened anew, as a reload or in another tab
        again = opened(CURVES, run=False)
        again.query_params.update(at.query_params)
        again.run()
        assert looked(again) == Counts(31, 1, 2, 26)
        at = again


def test_going_back_adds_nothing() -> None:
    at = opened(CURVES, OPEN)
    first = dict(at.query_params)
    at.select_slider(key="cut_slider").set_value(26.0).run()
    second = dict(at.query_params)
    for address in (first, second, first):
        at.query_params.clear()
        at.query_params.update(address)
        at.run()
        assert_curves_agree(at)
        assert looked(at) == Counts(2, 1, 1, 2)
    assert asked(at).cut_value == ("20",)


def test_another_table_starts_anew_and_the_first_is_remembered() -> None:
    at = opened(COHORT)
    at.switch_page(CURVES).run()
    at.select_slider(key="cut_slider").set_value(26.0).run()
    at.switch_page(COHORT).run()
    at.button(key="open_veteran").click().run()
    assert looked(at).analyses == 1
    at.button(key="open_gbsg2").click().run()
    assert looked(at).analyses == 2


def test_a_table_that_is_forgotten_takes_its_looks_along() -> None:
    at = loaded(SMALL_TABLE)
    assert looked(at).analyses == 1
    reference = asked(at).data
    assert reference in at.session_state["looks"]
    press(at, "Forget my tables")
    assert reference not in at.session_state["looks"]


@pytest.mark.parametrize("page", [COHORT, CURVES])
@pytest.mark.parametrize("value", ["analyses:-1", "analyses:1e300", "analyses:x", "views:3"])
def test_counts_that_cannot_be_read_are_named(page: str, value: str) -> None:
    at = opened(page, f"{OPEN}&explored={value}")
    assert not at.exception
    assert re.search("counted|looked at", messages(at))
    assert charts(at) == []
    press(at, "Leave 'explored' out")
    assert_sound(at)
    assert looked(at).analyses == 1


SCANNED = """
import numpy as np
from pages.ui import exploring, frame, sidebar

page = frame.open_page("Scan")
with page:
    sidebar.draw(page)
    exploring.scanned(page, np.array([10.0, 20.0, 26.0, 40.0]))
    import streamlit as st
    st.caption("drawn")
"""


def scan_page(query: str) -> AppTest:
    at = AppTest.from_string(SCANNED, default_timeout=60)
    for part in query.split("&"):
        name, _, value = part.partition("=")
        at.query_params[name] = value
    return at


def test_a_scan_counts_its_cutoffs_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pages.ui.navigation.draw", lambda spec: None)  # no such page here
    at = scan_page(OPEN).run()
    assert_sound(at)
    assert [c.value for c in at.caption] == ["drawn"]
    assert looked(at) == Counts(4, 1, 1, 4)
    assert "4 cutoffs" in words(at)
    at.run()
    assert looked(at) == Counts(4, 1, 1, 4)
    again = scan_page(f"{OPEN}&explored=analyses:4,endpoints:1,stratifiers:1,cutoffs:4").run()
    assert looked(again) == Counts(4, 1, 1, 4)


def test_the_cutoff_page_counts_the_cutoffs_that_it_shows() -> None:
    at = opened(CUTOFF, f"{OPEN}&permutations=99&bootstraps=50")
    assert_sound(at)
    seen = looked(at)
    x = np.sort(examples.load("gbsg2").frame["progrec"].to_numpy())
    size = np.flatnonzero(x[1:] > x[:-1]) + 1
    inside = (size >= int(len(x) * 0.1)) & (size <= int(len(x) * 0.9))
    assert seen.cutoffs == inside.sum()
    at.switch_page(CURVES).run()
    assert looked(at) == seen  # its cutoff is one of them


@pytest.mark.parametrize(
    "query",
    [
        "group_by=cens",
        "where=cens > 0",
        "group_by=time&cut_rule=value&cut_value=500",
        "landmark=12",
    ],
)
def test_the_command_tells_nothing_of_a_locked_outcome(query: str) -> None:
    with pytest.raises(SpecError):
        analyse(
            examples.load("gbsg2"), AnalysisSpec.from_query(f"data=gbsg2&outcome=locked&{query}")
        )


def test_other_patients_were_not_those_of_the_blind_choice() -> None:
    spec = AnalysisSpec.from_query(
        "data=gbsg2&group_by=age&cut_rule=value&cut_value=50&unlocked=age >= 50"
    )
    st.session_state["spec"] = spec
    frame.change(cut_rule="median")
    assert st.session_state["spec"].unlocked == "age >= 50"
    frame.change(where=("pnodes > 5",))
    assert st.session_state["spec"].unlocked is None
