"""The model studies: every view opens, and the page of printed tables says what is matched."""

from __future__ import annotations

import pytest

from core import studies
from core.analysis import analyse_query
from core.dataset import KNOWN_LATER
from core.known import KnownLater
from core.printed import rules, shipped
from core.printed.number import half_up
from core.reading import examples
from core.studies import View
from core.view import printed
from tests.test_pages import assert_sound, bodies, opened, text_of

VIEWS = [(name, view) for name in studies.names() for view in studies.views(name)]
EVERY = [(name, one) for name, view in VIEWS for one in (view, *view.asks)]

GUARDED = ("Survival by response", "First line by the mode")
"""Views that show how a comparison by what is known only later is stopped."""


def said(at: object) -> str:
    return "\n".join(map(text_of, bodies(at)))  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "view"), EVERY, ids=lambda x: getattr(x, "label", x))
def test_every_view_opens_and_says_that_it_is_synthetic(name: str, view: View) -> None:
    query = "&".join(f"{k}={v}" for k, texts in view.spec.to_dict().items() for v in texts)
    # What is left to chance is drawn seldom here: the page is tried, not the numbers.
    at = opened(view.page, f"{query}&permutations=99&bootstraps=20")
    if view.label in GUARDED:
        assert not at.exception
        assert ["is not known when time starts" in e.value for e in at.error] == [True]
    else:
        assert_sound(at)
    assert "Synthetic data" in said(at)
    assert view.spec.data == name


def test_a_shipped_dictionary_says_what_is_known_later() -> None:
    variables = examples.load("fulvestrant").variables
    assert variables["clinical_benefit"].known == KNOWN_LATER
    assert variables["liver"].known == ""
    with pytest.raises(KnownLater):
        analyse_query("fulvestrant", "group_by=clinical_benefit&parts=km")


def test_the_selection_keeps_what_the_page_says() -> None:
    view = next(v for v in studies.views("fulvestrant") if v.label.startswith("Table 2"))
    assert view.about.endswith("in these made-up patients only the liver enters.")
    query = "&".join(f"{k}={v}" for k, texts in view.spec.to_dict().items() for v in texts)
    kept = analyse_query("fulvestrant", f"{query}&parts=cox")["cox"]["multivariable"]
    assert [term["term"] for term in kept] == ["liver"]
    assert "16 events, 1 parameter." in said(opened(view.page, f"{query}&bootstraps=20"))


def test_the_studies_are_a_click_away() -> None:
    at = opened("pages/study.py", "data=gbsg2")
    assert_sound(at)
    linked = [link.proto.label for link in at.get("page_link")]
    for _, view in EVERY:
        assert view.label in linked


def test_printed_beside_computed() -> None:
    at = opened("pages/comparison.py", "data=fulvestrant&sites_out=bone")
    assert_sound(at)
    assert "estimates" in said(at)
    assert "105 of 129 estimates" in said(at)
    assert printed.contradictions(rules.check(shipped.cells("fulvestrant"))) in said(at)


def test_a_pasted_table_is_checked() -> None:
    at = opened("pages/comparison.py", "data=gbsg2")
    at.selectbox(key="printed_document").set_value("own").run()
    assert_sound(at)
    table = "Factor\tn/events\tHR (95% CI)\tP\nHI\t27/16\t0.69 (0.13-0.94)\t0.043"
    at.text_area(key="printed_text").set_value(table).run()
    assert_sound(at)
    assert "geometric mean" in said(at)


def test_a_pasted_table_stands_beside_the_open_cohort() -> None:
    at = opened("pages/comparison.py", "data=gbsg2")
    at.selectbox(key="printed_document").set_value("own").run()
    table = (
        "Factor\tHR (95% CI)\tP\nAge (>= 50 vs < 50)\t0.90 (0.71-1.14)\t0.4\nStars\t2 (1-4)\t0.1"
    )
    at.text_area(key="printed_text").set_value(table).run()
    assert_sound(at)
    assert "The row 'Stars' is called like no column" in said(at)
    shown = at.dataframe[0].value
    want = analyse_query("gbsg2", "terms=age:cut(50)&parts=cox")["cox"]["univariable"][0]
    assert shown["Computed"].tolist()[0] == half_up(want["hazard_ratio"], 4)
    assert shown["Matched"].tolist()[0] in ("yes", "no")


def test_a_locked_outcome_stays_locked_beside_a_pasted_table() -> None:
    at = opened("pages/comparison.py", "data=gbsg2&outcome=locked")
    at.selectbox(key="printed_document").set_value("own").run()
    table = "Factor\tHR (95% CI)\tP\nAge (>= 50 vs < 50)\t0.90 (0.71-1.14)\t0.4"
    at.text_area(key="printed_text").set_value(table).run()
    assert_sound(at)
    assert "The outcome is locked" in said(at)
    assert not at.dataframe
