"""Selection of terms: paths of SPSS and R, tests by hand, laws, and the bootstrap of it all."""

from __future__ import annotations

import dataclasses
import itertools
import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from core.analysis import analyse_query
from core.cohort import Cohort, select
from core.errors import SpecError
from core.reading import read_file
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from core.survival import logrank
from core.survival.cox import CoxResult, model
from core.survival.design import blocks
from core.survival.fitted import fit_model
from core.survival.inclusion_frequency import select_terms
from core.survival.selection import Rule, parse
from core.survival.subsets import Subsets, best_subsets, rows_of_patients
from core.view.model import selection as view
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
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
        ("aic", Rule(None, None, "aic")),
        ("bic", Rule(None, None, "bic")),
        ("best:aic", Rule(None, None, "aic", best=True)),
        ("best:bic", Rule(None, None, "bic", best=True)),
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
     "backward", "backward:0.05:0.1", "backward:lr", "aic:lr", "best", "best:lr", "best:aic:2",
     "both:0.05:0.1", "step",
     "forward::0.1", ":"],
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
    for rule in ("forward:0.1:0.2", "backward:0.2:lr"):
        assert selected(table, rule, "age", "dose").multivariable == ()


# Criteria and subsets -------------------------------------------------------------------------

REFERENCE = Path(__file__).parent / "reference" / "selection_reference.json"
STORED = json.loads(REFERENCE.read_text(encoding="utf-8"))
CASES = {case["table"]: case for case in STORED["selection"]}


def asked(case: dict[str, Any], folder: Path, **fields: Any) -> Cohort:
    spec = AnalysisSpec(
        time=case["time"], unit="days", event=case["event"], event_is=("1",), ties=case["ties"],
        terms=tuple(case["terms"]), **fields,
    )  # fmt: skip
    dataset = read_file(folder / case["table"])
    return select(dataset, fill(dataset, spec)[0])


@pytest.mark.parametrize("by", ["aic", "bic"])
@pytest.mark.parametrize("table", CASES)
def test_the_path_is_that_of_stepaic(table: str, by: str, exported: Path) -> None:
    cohort = asked(CASES[table], exported, select=by, bootstraps=0.0)
    found, wanted = select_terms(cohort, cohort.spec), CASES[table][by]
    assert [f"- {step.term}" for step in found.steps] == wanted["step"]
    assert [s.criterion for s in found.steps] == pytest.approx(wanted["criterion"], rel=1e-10)
    assert {step.p_value for step in found.steps} == {None}
    assert found.criterion_full == pytest.approx(wanted["full"], rel=1e-10)
    assert found.criterion == found.steps[-1].criterion
    assert found.events == CASES[table]["events"]


@pytest.mark.parametrize("by", ["aic", "bic"])
@pytest.mark.parametrize("table", [name for name in CASES if name != "whas500.csv"])
def test_the_best_subsets_are_those_of_a_loop_over_all(table: str, by: str, exported: Path) -> None:
    cohort = asked(CASES[table], exported, select=f"best:{by}", bootstraps=0.0)
    found, wanted = select_terms(cohort, cohort.spec), CASES[table][by]["best"]
    names = [(m["terms"],) if isinstance(m["terms"], str) else tuple(m["terms"]) for m in wanted]
    assert [m.terms for m in found.best] == names
    assert [m.criterion for m in found.best] == pytest.approx(
        [m["value"] for m in wanted], rel=1e-10
    )
    assert tuple(c.term for c in found.candidates if c.selected) == names[0]
    assert terms_of(model(cohort, cohort.spec)) == list(names[0])
    assert found.steps == ()


@settings(LAW, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from([2.0, 4.0]), st.integers(1, 6))
def test_branch_and_bound_misses_nothing(seed: int, penalty: float, keep: int) -> None:
    cohort = cohort_of(correlated(seed, 40), terms=("a", "b", "c", "noise", "grade"))
    made = tuple(blocks(cohort, cohort.spec))
    every = Subsets(cohort, cohort.spec, made, np.arange(40))
    codes = [frozenset(i for i in range(5) if code >> i & 1) for code in range(32)]
    values = sorted(every.criterion(inside, penalty) for inside in codes)
    fresh = Subsets(cohort, cohort.spec, made, np.arange(40))
    found = best_subsets(fresh, penalty, keep)
    assert [value for value, _ in found] == pytest.approx(values[:keep], rel=1e-10)
    assert len({inside for _, inside in found}) == keep
    assert [every.criterion(i, penalty) for _, i in found] == pytest.approx(
        values[:keep], rel=1e-10
    )


@settings(LAW, max_examples=12)
@given(st.integers(0, 10**6), st.sampled_from(["aic", "bic"]))
def test_no_single_term_lowers_the_final_criterion(seed: int, by: str) -> None:
    terms = ("a", "b", "c", "noise", "grade")
    result = selected(correlated(seed, 60), by, *terms)
    inside = set(terms_of(result))
    size = 2.0 if by == "aic" else np.log(result.events)

    def value(chosen: set[str]) -> float:
        kept = tuple(t for t in terms if t in chosen)
        if not kept:
            table = selected(correlated(seed, 60), "none", "a")
            assert table.lr_test is not None
            return -2 * (table.log_likelihood or 0) + (table.lr_test.statistic or 0)
        table = selected(correlated(seed, 60), "none", *kept)
        return -2 * (table.log_likelihood or 0) + size * table.parameters

    now = value(inside)
    assert all(value(inside ^ {term}) > now - 1e-6 for term in terms)
    if result.selection:
        assert result.selection[-1].criterion == pytest.approx(now, rel=1e-10)


def test_a_score_test_is_that_of_each_candidate_alone() -> None:
    """The tests of all outside terms at once equal those of a model with one of them each."""
    cohort = cohort_of(correlated(3), terms=("a", "noise", "grade", "c"))
    made = tuple(blocks(cohort, cohort.spec))
    rows = np.arange(120)
    found = Subsets(cohort, cohort.spec, made, rows).scores(frozenset([0]))
    for i, df in ((1, 1), (2, 2), (3, 1)):
        alone = Subsets(cohort, cohort.spec, (made[0], made[i]), rows).scores(frozenset([0]))[1]
        assert (found[i].df, found[i].statistic) == (df, pytest.approx(alone.statistic, rel=1e-9))
        full = fit_model(cohort, cohort.spec, (made[0], made[i]), rows).fit
        small = fit_model(cohort, cohort.spec, (made[0],), rows).fit
        change = 2 * (full.log_likelihood - small.log_likelihood)
        assert found[i].statistic == pytest.approx(change, rel=0.3, abs=0.3)


@pytest.mark.parametrize("select", ["aic", "bic", "best:aic", "best:bic"])
def test_degenerate_terms_leave_by_a_criterion(select: str) -> None:
    table = correlated(2)
    table["twin"] = table["a"]
    assert len({"a", "twin"} & set(terms_of(selected(table, select, "a", "twin", "b")))) == 1
    without = {**random_columns(2), "event": np.zeros(60)}
    assert selected(without, select, "age", "dose").multivariable == ()


def test_too_many_terms_for_all_subsets_are_refused() -> None:
    rng = np.random.default_rng(1)
    table = {**random_columns(1), **{f"x{i}": rng.normal(size=60) for i in range(16)}}
    with pytest.raises(SpecError, match="16 terms have too many subsets"):
        selected(table, "best:aic", *(f"x{i}" for i in range(16)))


# The bootstrap --------------------------------------------------------------------------------


def bootstrapped(columns: dict[str, Any], select: str, *terms: str, **fields: Any) -> Any:
    cohort = cohort_of(columns, terms=terms, select=select, **fields)
    return select_terms(cohort, cohort.spec)


def test_inclusion_frequencies_by_a_slow_road() -> None:
    """Each sample as a table of its own, selected by the ordinary way."""
    table, terms = correlated(5, 60), ("a", "b", "noise", "grade")
    found = bootstrapped(table, "backward:0.2:lr", *terms, bootstraps=15.0, seed=4.0)
    rng = np.random.default_rng([4, 31])
    chosen = []
    for _ in range(15):
        drawn = rng.integers(0, 60, 60)
        sample = {name: np.asarray(values, dtype=object)[drawn] for name, values in table.items()}
        grades = ("I", "II", "III")
        cohort = select(
            dataset_of(sample, levels={"grade": grades}),
            question(terms=terms, select="backward:0.2:lr"),
        )
        chosen.append(tuple(terms_of(model(cohort, cohort.spec))))
    assert found.draws == 15
    for candidate in found.candidates:
        assert candidate.share == pytest.approx(np.mean([candidate.term in c for c in chosen]))
    assert {m.terms: round((m.share or 0) * 15) for m in found.models} == dict(Counter(chosen))
    final = tuple(c.term for c in found.candidates if c.selected)
    assert found.same_share == pytest.approx(np.mean([c == final for c in chosen]))


def test_strong_terms_are_found_again_and_noise_is_not() -> None:
    rng = np.random.default_rng(3)
    x, noise = rng.normal(size=(2, 200))
    table = {
        "time": rng.exponential(np.exp(-1.5 * x)), "event": np.ones(200), "x": x, "noise": noise,
    }  # fmt: skip
    found = bootstrapped(table, "bic", "x", "noise", bootstraps=60.0)
    strong, weak = found.candidates
    assert (strong.selected, strong.share) == (True, 1.0)
    assert not weak.selected
    assert (weak.share or 0) < 0.5
    assert found.shrinkage is not None
    assert found.shrinkage > 0.95


def test_what_chance_lets_through_by_hand() -> None:
    table = correlated(2)
    forward = bootstrapped(table, "forward:0.1:0.15", "a", "noise", "grade", bootstraps=0.0)
    assert forward.level == 0.1
    assert forward.level_any == pytest.approx(1 - 0.9**3)
    aic = bootstrapped(table, "aic", "a", "noise", "grade", bootstraps=0.0)
    one, two = stats.chi2.sf(2, 1), stats.chi2.sf(4, 2)
    assert aic.level == pytest.approx(one)
    assert aic.level_any == pytest.approx(1 - (1 - one) ** 2 * (1 - two))
    bic = bootstrapped(table, "bic", "a", bootstraps=0.0)
    assert bic.level == pytest.approx(stats.chi2.sf(np.log(bic.events), 1))
    whole = selected(table, "none", "a", "noise", "grade")
    assert whole.lr_test is not None
    change = whole.lr_test.statistic or 0
    assert aic.shrinkage == pytest.approx((change - 4) / change)
    assert (aic.draws, aic.same_share, aic.models) == (0, None, ())
    assert {c.share for c in aic.candidates} == {None}


def test_the_seed_decides_and_the_default_is_200_samples() -> None:
    table = correlated(2, 40)
    first = bootstrapped(table, "forward:0.1:0.15", "a", "noise")
    assert first.draws == 200
    assert dataclasses.asdict(bootstrapped(table, "forward:0.1:0.15", "a", "noise", seed=1.0)) == (
        dataclasses.asdict(first)
    )
    other = bootstrapped(table, "forward:0.1:0.15", "a", "noise", seed=2.0)
    assert [c.share for c in other.candidates] != [c.share for c in first.candidates]


def test_intervals_of_a_patient_are_drawn_together() -> None:
    table = {
        "start": [0.0, 5, 0, 0, 3, 0, 0, 2], "stop": [5.0, 9, 4, 3, 8, 6, 2, 7],
        "event": [0.0, 1, 1, 0, 0, 1, 0, 1], "x": [1.0, 2, 3, 1, 0, 4, 2, 2],
        "id": ["a", "a", "b", "c", "c", "d", "e", "e"],
    }  # fmt: skip
    cohort = select(
        dataset_of(table),
        question(time="stop", entry="start", id="id", terms=("x",)),
    )
    assert cohort.n == 8
    found = rows_of_patients(cohort, np.arange(8))
    assert [rows.tolist() for rows in found] == [[0, 1], [2], [3, 4], [5], [6, 7]]


def test_what_cannot_be_resampled_is_refused() -> None:
    with pytest.raises(SpecError, match="No rule"):
        bootstrapped(random_columns(1), "none", "age")
    with pytest.raises(SpecError, match="no terms"):
        bootstrapped(random_columns(1), "aic")
    with pytest.raises(SpecError, match="has the event"):
        bootstrapped({**random_columns(1), "event": np.zeros(60)}, "aic", "age")


def test_samples_of_many_subsets_are_left_out() -> None:
    rng = np.random.default_rng(1)
    table = {**random_columns(1), **{f"x{i}": rng.normal(size=60) for i in range(11)}}
    found = bootstrapped(table, "best:bic", *(f"x{i}" for i in range(11)), bootstraps=50.0)
    assert found.draws == 0
    assert any("not searched again" in note.text for note in found.notes)


class Left(Exception):
    """The page was left."""


def test_the_work_tells_how_far_it_is_and_can_be_left() -> None:
    cohort = cohort_of(correlated(1, 40), terms=("a", "noise"), select="aic", bootstraps=30.0)
    told: list[float] = []
    select_terms(cohort, cohort.spec, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)

    def leave(fraction: float) -> None:
        if fraction > 0.5:
            raise Left

    with pytest.raises(Left):
        select_terms(cohort, cohort.spec, progress=leave)


# The screen -----------------------------------------------------------------------------------


def test_the_section_says_what_was_found() -> None:
    table = correlated(2)
    found = bootstrapped(table, "aic", "a", "noise", "grade", bootstraps=20.0)
    said = view.finding(found)
    assert "of 3 terms were selected" in said or "of 3 terms was selected" in said
    assert f"{100 * (found.same_share or 0):.0f} %" in said.replace("\xa0", " ")
    assert "AIC" in view.path(found).columns
    assert len(view.path(found)) == len(found.steps) + 1
    assert (
        "p" in view.path(bootstrapped(table, "backward:0.1", "a", "noise", bootstraps=0.0)).columns
    )
    drawn, sent = view.description(3), view.data(found)
    names = set(re.findall(r'"name": "(shares|even)"', json.dumps(drawn)))
    assert names == set(sent)
    assert sent["shares"]["share"].to_pylist() == sorted(
        (c.share for c in found.candidates), reverse=True
    )
    assert len(view.models(found)) == len(found.models)
    assert "%" in view.warning_of(found)


def test_the_rule_is_written_as_it_is_read() -> None:
    kinds = [*itertools.product(("forward", "backward"), ("wald", "lr"))]
    kinds += [(kind, "wald") for kind in ("aic", "bic", "best:aic", "best:bic", "none")]
    for kind, by in kinds:
        text = view.written(kind, 0.1, 0.15, by)
        assert view.taken_apart(text)[0] == kind
        rule = parse(AnalysisSpec(select=text))
        assert (rule is None) == (kind == "none")
        if kind in ("forward", "backward"):
            assert rule is not None
            assert rule.by == by
            assert view.taken_apart(text)[2:] == (0.15, by)
    assert view.taken_apart(None) == ("none", 0.1, 0.15, "wald")
    assert view.taken_apart("forward:0.05:0.2:lr") == ("forward", 0.05, 0.2, "lr")
    assert view.taken_apart("nonsense") == ("none", 0.1, 0.15, "wald")
