"""Stepwise selection: SPSS's paths, tests by hand, and laws of where it may stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.analysis import analyse_query
from core.errors import SpecError
from core.spec import AnalysisSpec
from core.survival import logrank
from core.survival.cox import CoxResult, model
from core.survival.design import blocks
from core.survival.fitted import fit_model
from core.survival.selection import Rule, parse
from tests.cohorts import LAW, cohort_of, random_columns
from tests.reference.export_data import export
from tests.test_firth import OVARIAN, SEPARATED


def selected(columns: dict[str, Any], select: str, *terms: str, **fields: Any) -> CoxResult:
    cohort = cohort_of(columns, terms=terms, select=select, **fields)
    return model(cohort, cohort.spec)


def path(result: CoxResult) -> list[tuple[str, str]]:
    return [(step.action, step.term) for step in result.selection]


def terms_of(result: CoxResult) -> list[str]:
    return list(dict.fromkeys(row.term for row in result.multivariable))


def correlated(seed: int, n: int = 120) -> dict[str, Any]:
    """Columns of which c is nearly a + b: c enters first, then makes room."""
    rng = np.random.default_rng(seed)
    a, b, noise = rng.normal(size=(3, n))
    c = a + b + 0.3 * rng.normal(size=n)
    time = rng.exponential(np.exp(-0.8 * (a + b)))
    grade = np.where(a > 0.5, "III", np.where(noise > 0, "II", "I"))
    return {
        "time": np.ceil(time * 50), "event": (rng.random(n) < 0.8).astype(float),
        "a": a, "b": b, "c": c, "noise": noise, "grade": grade.tolist(),
    }  # fmt: skip


# The rule -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("forward:0.05:0.10", Rule(0.05, 0.1, "wald")),
        ("forward:0.05:0.10:wald", Rule(0.05, 0.1, "wald")),
        ("forward:.1:.15:lr", Rule(0.1, 0.15, "lr")),
        ("backward:0.1", Rule(None, 0.1, "wald")),
        ("backward:0.1:lr", Rule(None, 0.1, "lr")),
        ("none", None),
        (None, None),
    ],
)
def test_the_rule_is_read(text: str | None, rule: Rule | None) -> None:
    assert parse(AnalysisSpec(select=text)) == rule


@pytest.mark.parametrize(
    "text",
    ["forward", "forward:0.05", "forward:0.05:0.1:score", "forward:0:0.1", "forward:0.05:1",
     "forward:a:0.1", "forward:nan:0.1", "forward:0.0_5:0.1", "forward:0.05:0.1:wald:lr",
     "backward", "backward:0.05:0.1", "backward:lr", "both:0.05:0.1", "step", "forward::0.1", ":"],
)  # fmt: skip
def test_a_malformed_rule_is_refused(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        selected(random_columns(1), text, "age", "arm")
    assert caught.value.field == "select"


def test_what_cannot_be_selected_is_refused() -> None:
    for fields in ({"terms": ("age", "arm", "age*arm")}, {"estimator": "firth"}):
        cohort = cohort_of(random_columns(1), select="backward:0.1", **fields)
        with pytest.raises(SpecError) as caught:
            model(cohort, cohort.spec)
        assert caught.value.field == "select"


# Printed paths --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("selection_tables")
    export(folder)
    return folder


VETERANS = "time=Survival_in_days&unit=days&event=Status&event_is=1&parts=cox&ties=breslow&terms="
GBSG2 = "time=time&unit=days&event=cens&event_is=1&parts=cox&ties=breslow&terms="


@pytest.mark.parametrize(
    ("table", "query", "scores"),
    [
        (
            "veterans.csv",
            VETERANS + "Age_in_years,is_large,is_small,is_adeno,is_test,is_prior,Karnofsky_score",
            {"Karnofsky_score": 44.852522, "is_adeno": 10.413661, "is_small": 7.156846},
        ),
        (
            "gbsg2.csv",
            GBSG2 + "age,menostat,tsize,tgrade:trend,pnodes,progrec,estrec,horTh",
            {"pnodes": 78.411473, "progrec": 19.632917, "tgrade:trend": 9.0319762,
             "horTh": 6.1538255, "tsize": 3.4957577},
        ),
    ],
)  # fmt: skip
def test_the_path_is_as_printed(
    table: str, query: str, scores: dict[str, float], exported: Path
) -> None:
    """Score statistics of SPSS's rules (methods, part B7), whatever the order of the terms."""
    cox = analyse_query(exported / table, query + "&select=forward:0.10:0.15")["cox"]
    assert [s["step"] for s in cox["selection"]] == list(range(1, len(scores) + 1))
    assert {s["action"] for s in cox["selection"]} == {"enter"}
    found = {s["term"]: stats.chi2.isf(s["p_value"], 1) for s in cox["selection"]}
    assert list(found) == list(scores)
    assert list(found.values()) == pytest.approx(list(scores.values()), rel=1e-7)
    order = query.split("terms=")[1].split(",")
    assert [row["term"] for row in cox["multivariable"]] == [t for t in order if t in scores]


def test_ovarian_takes_age_only() -> None:
    result = selected(OVARIAN, "forward:0.10:0.15", "rx", "age")
    assert path(result) == [("enter", "age")]
    assert stats.chi2.isf(result.selection[0].p_value, 1) == pytest.approx(12.259406, rel=1e-7)


# By hand --------------------------------------------------------------------------------------


def test_the_score_test_of_groups_is_the_logrank_test() -> None:
    """Without ties the score test of a whole category at 0 is the log-rank test."""
    table = random_columns(4, 90, ties=False)
    result = selected(table, "forward:0.99:0.995", "site")
    cohort = cohort_of(table, group_by="site")
    expected = logrank.compare(cohort, cohort.spec)
    assert expected.df == 2
    assert result.selection[0].p_value == pytest.approx(expected.p_value, rel=1e-9)


@pytest.mark.parametrize("by", ["wald", "lr"])
def test_backward_removes_by_the_test_that_was_asked_for(by: str) -> None:
    table = correlated(2)
    terms = ("a", "b", "noise", "grade")
    result = selected(table, f"backward:0.2:{by}", *terms)
    step = result.selection[0]
    full = model(cohort_of(table, terms=terms), AnalysisSpec(terms=terms))
    rest = tuple(t for t in terms if t != step.term)
    without = model(cohort_of(table, terms=rest), AnalysisSpec(terms=rest))
    if by == "lr":
        change = 2 * ((full.log_likelihood or 0) - (without.log_likelihood or 0))
        df = full.parameters - without.parameters
        expected: float | None = float(stats.chi2.sf(change, df))
    else:
        cohort = cohort_of(table, terms=terms)
        found = fit_model(cohort, cohort.spec, blocks(cohort, cohort.spec))
        own = [i for i, row in enumerate(full.multivariable) if row.term == step.term]
        beta, covariance = found.fit.beta[own], found.fit.covariance[np.ix_(own, own)]
        expected = float(stats.chi2.sf(beta @ np.linalg.inv(covariance) @ beta, len(own)))
    assert step.action == "remove"
    assert step.p_value == pytest.approx(expected, rel=1e-8)


def test_a_term_that_has_entered_can_leave() -> None:
    result = selected(correlated(0), "forward:0.05:0.10", "a", "b", "c")
    assert path(result) == [("enter", "c"), ("enter", "a"), ("enter", "b"), ("remove", "c")]
    assert terms_of(result) == ["a", "b"]


def test_terms_leave_before_the_next_one_enters() -> None:
    table = correlated(7)
    weak = np.random.default_rng(1007).normal(size=120)
    table |= {"d": weak, "time": np.ceil(table["time"] * np.exp(-0.2 * weak))}
    result = selected(table, "forward:0.05:0.10", "a", "b", "c", "d")
    assert path(result)[-2:] == [("remove", "c"), ("enter", "d")]
    assert terms_of(result) == ["a", "b", "d"]


def test_a_model_that_comes_back_ends_the_search() -> None:
    """Entering below 0.9 and leaving above 0.01 would go on for ever."""
    result = selected(random_columns(8), "forward:0.9:0.01", "dose", "arm")
    moves = path(result)
    assert 1 < len(moves) < 10
    assert {action for action, _ in moves} == {"enter", "remove"}


def test_a_separating_term_stays() -> None:
    """Wald's test of an infinite coefficient has p near 1; the likelihood ratio keeps the term."""
    result = selected(SEPARATED, "forward:0.05:0.10", "x", ties="breslow")
    assert path(result) == [("enter", "x")]
    assert result.multivariable[0].coef is None


# Laws -----------------------------------------------------------------------------------------


@LAW
@given(st.integers(0, 10**6), st.sampled_from([0.05, 0.1, 0.3]), st.sampled_from(["wald", "lr"]))
def test_a_forward_search_stops_where_nothing_moves(seed: int, enter: float, by: str) -> None:
    """In the final model no term is above REMOVE; added to it none is below ENTER."""
    table, terms = correlated(seed, 80), ("a", "b", "c", "noise", "grade")
    result = selected(table, f"forward:{enter}:{enter * 2}:{by}", *terms)
    inside = terms_of(result)
    for action, _, p in [(s.action, s.term, s.p_value) for s in result.selection]:
        assert p < enter if action == "enter" else p > enter * 2
    if not inside:
        return
    again = selected(table, f"backward:{enter * 2}:{by}", *inside)
    assert again.selection == ()
    assert again.multivariable == result.multivariable


@LAW
@given(st.integers(0, 10**6))
def test_the_order_of_the_terms_does_not_matter(seed: int) -> None:
    table, terms = correlated(seed, 60), ["a", "b", "c", "noise", "grade"]
    one = selected(table, "forward:0.2:0.3", *terms)
    two = selected(table, "forward:0.2:0.3", *terms[::-1])
    assert path(one) == path(two)
    assert sorted(terms_of(one)) == sorted(terms_of(two))


# The result -----------------------------------------------------------------------------------


def test_all_steps_are_on_the_patients_who_have_every_candidate() -> None:
    table = correlated(2)
    table["noise"] = [None if i < 40 else float(v) for i, v in enumerate(table["noise"])]
    result = selected(table, "forward:0.0001:0.001", "c", "noise")
    assert terms_of(result) == ["c"]
    assert result.n == 80
    assert result.multivariable[0].n == 80
    assert result.univariable[0].n == 120
    assert result.events == int(table["event"][40:].sum())


def test_the_reader_is_warned_and_candidates_are_counted() -> None:
    table = {**correlated(2), "event": np.repeat([1.0, 0.0], [35, 85])}
    result = selected(table, "forward:0.05:0.10", "a", "noise", "grade")
    texts = [note.text for note in result.notes if note.level == "warning"]
    assert any("too small and too narrow" in text for text in texts)
    assert any("35 events for 4 candidate parameters" in text for text in texts)


def test_nothing_selected_is_an_empty_model() -> None:
    result = selected(random_columns(2), "forward:0.000001:0.00001", "dose", "site")
    assert (result.multivariable, result.selection, result.parameters) == ((), (), 0)
    assert (result.log_likelihood, result.lr_test, result.concordance) == (None, None, None)
    assert len(result.univariable) == 3
    assert result.n == 60


def test_of_two_equal_terms_one_enters() -> None:
    table = correlated(2)
    table["twin"] = table["a"]
    assert terms_of(selected(table, "forward:0.5:0.6", "a", "twin")) == ["a"]
    assert path(selected(table, "backward:0.6", "a", "twin")) == [("remove", "twin")]


def test_without_events_nothing_enters_and_everything_leaves() -> None:
    table = {**random_columns(2), "event": np.zeros(60)}
    for select in ("forward:0.1:0.2", "backward:0.2:lr"):
        assert selected(table, select, "age", "dose").multivariable == ()
