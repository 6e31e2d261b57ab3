"""The cutoff page without a browser: the verdict, the marks, the controls, and honest words."""

from __future__ import annotations

import html as markup
import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.analysis import analyse
from core.citations import Citation, parse
from core.errors import SpecError
from core.spec import AnalysisSpec
from core.view import numbers
from tests.test_pages import FAILED, GBSG2, _no_caches, opened  # noqa: F401 - a fixture

CUTOFF = "pages/cutoff.py"
QUESTION = "data=gbsg2&group_by=age&permutations=999&bootstraps=50"


def texts(at: AppTest) -> str:
    """Everything that is written on the page, without its tags."""
    bodies = [element.proto.body for element in at.get("html")]
    bare = markup.unescape(re.sub(r"<[^>]+>", " ", " ".join(bodies)))
    return bare.replace("\xa0", " ")


def asked(at: AppTest) -> AnalysisSpec:
    spec: AnalysisSpec = at.session_state["spec"]
    return spec


def answer(query: str = QUESTION) -> dict[str, Any]:
    return analyse(GBSG2, AnalysisSpec.from_query(f"{query}&parts=cutoff"))["cutoff"]


def test_the_p_of_a_searched_cutoff_never_stands_alone() -> None:
    at = opened(CUTOFF, QUESTION)
    found, shown = answer(), texts(at)
    naive, corrected = found["p_naive"], found["p_corrected"]["permutation"]
    verdict = next(e.proto.body for e in at.get("html") if 'class="verdict"' in e.proto.body)
    assert re.search(rf'class="alone".*?<b>{re.escape(numbers.p_cell(naive))}</b>', verdict)
    assert re.search(rf'class="after".*?<b>{re.escape(numbers.p_cell(corrected))}</b>', verdict)
    assert f"{corrected / naive:.0f}×" in verdict
    assert f"out of {found['candidates']} cutoffs" in shown
    assert "significan" not in shown.lower()
    assert not at.error


@pytest.mark.parametrize("marker", ["age", "tsize", "pnodes", "progrec", "estrec"])
def test_every_marker_is_scanned(marker: str) -> None:
    at = opened(CUTOFF, QUESTION.replace("age", marker))
    assert FAILED not in " ".join(e.value for e in at.error)
    assert len(at.get("vega_lite_chart")) >= 1
    found = answer(QUESTION.replace("age", marker))
    assert numbers.p_cell(found["p_corrected"]["lau94"]) in texts(at)


def test_a_page_asks_for_permutations_and_samples_where_the_link_says_none() -> None:
    spec = asked(opened(CUTOFF, "data=gbsg2&group_by=age"))
    assert (spec.permutations, spec.bootstraps) == (9999, 1000)
    spec = asked(opened(CUTOFF, f"{QUESTION}&seed=4"))
    assert (spec.permutations, spec.bootstraps, spec.seed) == (999, 50, 4)


def test_without_a_number_the_page_says_what_to_do() -> None:
    for query in ("data=gbsg2", "data=gbsg2&group_by=horTh"):
        at = opened(CUTOFF, query)
        assert [e.value for e in at.info] == [
            "Choose a marker above: every possible cutoff of it is shown at once."
        ]
        assert not at.error
        assert at.selectbox(key="marker").value is None


def test_a_marker_can_be_chosen_and_cut() -> None:
    at = opened(CUTOFF, "data=gbsg2&permutations=99&bootstraps=9")
    at.selectbox(key="marker").select("tsize").run()
    assert asked(at).group_by == "tsize"
    at.selectbox(key="cut_rule").select("value").run()
    at.select_slider(key="cut_slider").set_value(30.0).run()
    assert asked(at).cut_value == ("30",)
    assert not at.error


def test_published_cutoffs_are_read_and_refused() -> None:
    at = opened(CUTOFF, f"{QUESTION}&published_cut=45 Doe 2001&published_cut=60")
    assert not at.error
    assert parse(asked(at).published_cut) == (Citation(45.0, "Doe 2001"), Citation(60.0, ""))
    assert str(Citation(45.0, "Doe 2001")) == "45 Doe 2001"
    at = opened(CUTOFF, f"{QUESTION}&published_cut=Doe 2001")
    assert "does not begin with a number" in at.error[0].value
    with pytest.raises(SpecError):
        parse(("nan Doe",))


def test_delayed_entry_is_refused_in_words() -> None:
    at = opened(CUTOFF, f"{QUESTION}&entry=pnodes")
    assert "not defined with delayed entry" in " ".join(e.value for e in at.error)


def test_what_a_scan_shows_is_counted() -> None:
    at = opened(CUTOFF, QUESTION)
    counted = dict(text.split(":") for text in asked(at).explored)
    assert int(counted["cutoffs"]) == answer()["candidates"]
    assert f"{answer()['candidates']} cutoffs" in texts(at)
