"""The searched cutoff: R's maxstat, the permutation distribution itself, laws, and the answer."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.analysis import analyse
from core.errors import SpecError
from core.search import Search, lau92, lau94, logrank_scores, search
from core.survival.cutoff import searched
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
from tests.reference.export_data import export
from tests.test_firth import OVARIAN

REFERENCE = Path(__file__).parent / "reference" / "cutoff_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]


def search_of(columns: dict[str, Any], x: str, **fields: Any) -> Search:
    values = (np.asarray(columns[name], dtype=float) for name in (x, "time"))
    found = search(*values, np.asarray(columns["event"]) > 0, **fields)
    assert found is not None
    return found


def at(found: Search, values: np.ndarray) -> float:
    return float(values[found.best])


# R and printed numbers ------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("cutoff_tables")
    export(folder)
    return folder


@pytest.mark.parametrize("case", CASES, ids=[f"{c['table']}-{c['x']}" for c in CASES])
def test_r_agrees(case: dict[str, Any], exported: Path) -> None:
    """Cutoffs, the statistic of each, and both p-values of maxstat, in the answer itself."""
    columns = [case["time"], case["event"], case["x"]]
    frame = pd.read_csv(exported / case["table"])[columns].dropna()
    frame.columns = pd.Index(["time", "event", "x"])
    frame["event"] = (frame["event"] == case["event_is"]).astype(float)
    spec = question(group_by="x", cut_rule="best", cut_side="gt", min_fraction=case["min_fraction"])
    table = {name: frame[name].to_numpy() for name in frame}
    found = search_of(table, "x", min_fraction=case["min_fraction"])
    assert found.low.tolist() == case["cuts"]
    assert found.statistics == pytest.approx(case["stats"], rel=1e-10)
    answer = analyse(dataset_of(table), spec)
    cutoff, groups = answer["cutoff"], answer["groups"]
    assert groups["thresholds"] == [cutoff["best"]] == [case["cutoff"]]
    assert cutoff["candidates"] == case["candidates"]
    assert cutoff["statistic"] == pytest.approx(case["statistic"], rel=1e-10)
    assert cutoff["p_naive"] == pytest.approx(case["p_naive"], rel=1e-8)
    assert answer["km"]["test"]["p_value"] == cutoff["p_naive"]
    assert cutoff["p_corrected"]["lau92"] == pytest.approx(case["lau92"], rel=1e-8)
    # R loses the digits of this one below 1e-15, see cutoff_reference.R.
    assert cutoff["p_corrected"]["lau94"] == pytest.approx(case["lau94"], rel=1e-8, abs=1e-16)
    above = analyse(dataset_of(table), spec.but(cut_side="ge"))
    assert above["groups"]["thresholds"] == [case["above"]]
    assert [g["n"] for g in above["groups"]["levels"]] == [g["n"] for g in groups["levels"]]


def test_ovarian_age_is_as_printed() -> None:
    found = search_of(OVARIAN, "age")
    assert at(found, found.low) == 59.6301
    printed = (3.1752201, 0.03567969, 0.019287488)
    assert (found.statistic, found.p_lau92(), found.p_lau94()) == pytest.approx(printed, rel=1e-7)


# By definition --------------------------------------------------------------------------------


def test_scores_by_hand() -> None:
    """Of two tied events each counts as the last one at risk: 1 / (4 - 3 + 1) twice."""
    time, event = np.array([2.0, 1, 2, 5]), np.array([True, True, True, False])
    early, late = 1 / 4, 1 / 4 + 1 / 2 + 1 / 2
    expected = [1 - late, 1 - early, 1 - late, 0 - late]
    assert logrank_scores(time, event).tolist() == pytest.approx(expected)


def test_the_statistic_is_standardised_by_all_permutations() -> None:
    """Mean and variance over all 720 orders of the scores, not formulas."""
    x = np.array([3.0, 1, 4, 1.5, 5, 9])
    time, event = np.array([5.0, 8, 4, 4, 2, 1]), np.array([1, 0, 1, 1, 0, 1]) > 0
    found = search(x, time, event, min_fraction=0.0)
    assert found is not None
    scores = logrank_scores(time, event)
    orders = np.array(list(itertools.permutations(scores)))
    for k, size in enumerate(found.size):
        sums = orders[:, :size].sum(axis=1)
        observed = scores[np.argsort(x)][:size].sum()
        assert found.statistics[k] == pytest.approx(abs(observed - sums.mean()) / sums.std())


def test_the_corrected_p_holds_where_nothing_is_going_on() -> None:
    """In 300 tables without effect both reject about 5% at most, and the naive p a quarter."""
    rejected = np.zeros(3)
    for seed in range(300):
        rng = np.random.default_rng(seed)
        time, event = rng.exponential(size=70), rng.random(70) < 0.7
        found = search(rng.normal(size=70), time, event)
        assert found is not None
        naive = 2 * stats.norm.sf(found.statistic)
        rejected += np.array([naive, found.p_lau92(), found.p_lau94()]) < 0.05
    assert rejected[0] > 75
    assert rejected[1] <= 18
    assert rejected[2] <= 18


# Laws -----------------------------------------------------------------------------------------


@LAW
@given(st.integers(0, 10**6), st.sampled_from([0.0, 0.1, 0.25]), st.sampled_from([0, 3, 8]))
def test_only_admissible_cutoffs_are_tried_and_all_of_them(
    seed: int, fraction: float, least: int
) -> None:
    table = random_columns(seed, 50)
    x, event = np.round(table["dose"]), table["event"] > 0
    found = search(x, table["time"], event, min_fraction=fraction, min_events=least)
    admissible = []
    for value in np.unique(x)[:-1]:
        low = x <= value
        sides = min(int(event[low].sum()), int(event[~low].sum()))
        sizes = np.floor(50 * fraction) <= low.sum() <= np.floor(50 * (1 - fraction))
        if sides >= least and sizes:
            admissible.append(value)
    assert ([] if found is None else found.low.tolist()) == admissible
    if found is not None:
        assert (found.high > found.low).all()
        assert found.size.tolist() == [int((x <= value).sum()) for value in found.low]


@LAW
@given(st.integers(0, 10**6), st.booleans())
def test_a_rising_transform_changes_nothing_and_a_falling_one_mirrors(
    seed: int, falling: bool
) -> None:
    table = random_columns(seed, 40)
    x = table["dose"]
    found = search_of(table, "dose")
    other = search_of({**table, "dose": -np.log(x) if falling else np.log(x)}, "dose")
    expected = found.statistics[::-1] if falling else found.statistics
    assert other.statistics == pytest.approx(expected, rel=1e-9, abs=1e-12)
    if not falling:
        assert other.best == found.best
        assert other.p_lau94() == pytest.approx(found.p_lau94(), rel=1e-9)


@LAW
@given(st.floats(0, 60), st.floats(0, 0.49), st.integers(0, 10**6))
def test_p_values_are_probabilities(statistic: float, fraction: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = np.unique(rng.integers(1, 100, 30))
    for p in (lau92(statistic, fraction), lau94(statistic, size, 100)):
        assert 0 <= p <= 1
    assert lau94(statistic, size[:1], 100) == pytest.approx(2 * stats.norm.sf(statistic))


def test_equal_statistics_take_the_lowest_cutoff() -> None:
    """A mirror image has every statistic twice, up to rounding."""
    time = np.array([1.0, 1, 2, 2, 9, 9, 2, 2, 1, 1])
    found = search(np.arange(10.0), time, np.ones(10) > 0)
    assert found is not None
    assert found.statistics == pytest.approx(found.statistics[::-1])
    assert found.best == np.flatnonzero(np.isclose(found.statistics, found.statistic))[0]


# In the answer --------------------------------------------------------------------------------


def answer_of(columns: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return analyse(dataset_of(columns), question(**fields))


def warned(answer: dict[str, Any], *words: str) -> bool:
    return any(all(w in note["text"] for w in words) for note in answer["notes"])


def test_the_groups_are_those_of_the_cutoff_and_the_reader_is_warned() -> None:
    answer = answer_of(OVARIAN, group_by="age", cut_rule="best")
    groups = answer["groups"]
    assert (groups["rule"], groups["origin"], groups["side"]) == ("best", "best", "ge")
    assert groups["thresholds"] == [59.8548]
    assert [level["label"] for level in groups["levels"]] == ["< 59.85", ">= 59.85"]
    assert warned(answer, "out of 22", "too small", "p = 0.036", "0.019")
    assert answer["cutoff"]["p_corrected"] == {
        "lau92": pytest.approx(0.03567969, rel=1e-6),
        "lau94": pytest.approx(0.019287488, rel=1e-6),
        "hl": None,
        "permutation": None,
    }
    assert answer["cutoff"]["bootstrap"] is None
    assert warned(answer, "Not computed yet", "hl and permutation")
    assert "min_fraction=0.1&min_events=0&correction=lau92,lau94,hl,permutation" in answer["query"]


def test_one_correction_can_be_asked_for() -> None:
    answer = answer_of(OVARIAN, group_by="age", cut_rule="best", correction=("lau94",))
    corrected = answer["cutoff"]["p_corrected"]
    assert [name for name, p in corrected.items() if p is not None] == ["lau94"]
    assert not warned(answer, "Not computed yet")
    with pytest.raises(SpecError) as caught:
        answer_of(OVARIAN, group_by="age", cut_rule="best", correction=("bonferroni",))
    assert caught.value.field == "correction"


def test_the_part_comes_with_the_rule_or_by_its_name() -> None:
    assert "cutoff" not in answer_of(OVARIAN, group_by="age")
    assert "cutoff" not in answer_of(OVARIAN, cut_rule="best")
    answer = answer_of(OVARIAN, group_by="age", parts=("cohort", "cutoff"))
    assert answer["groups"]["origin"] == "median"
    assert answer["cutoff"]["best"] == 59.8548
    assert warned(answer, "chosen out of 22")


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"entry": "entry"}, "cut_rule"),
        ({"min_events": 40.0}, "cut_rule"),
        ({"group_by": "site"}, "cut_rule"),
        ({"group_by": "arm", "where": ("arm = 1",)}, "cut_rule"),
        ({"event_is": ("7",)}, "cut_rule"),
        ({"parts": ("cutoff",), "group_by": None}, "group_by"),
        ({"terms": ("dose:cut(best)",)}, "terms"),
    ],
)
def test_what_cannot_be_searched_is_refused(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(SpecError) as caught:
        answer_of(random_columns(1), **{"group_by": "age", "cut_rule": "best", **fields})
    assert caught.value.field == field


def test_a_landmark_and_strata_leave_the_search_as_it_is() -> None:
    table = random_columns(6, 80)
    later = {name: values[table["time"] > 3] for name, values in table.items()}
    plain = answer_of(later, group_by="age", cut_rule="best")["cutoff"]
    landmark = answer_of(table, group_by="age", cut_rule="best", landmark=3.0)["cutoff"]
    assert landmark == plain
    stratified = answer_of(later, group_by="age", cut_rule="best", strata=("site",))
    assert stratified["cutoff"] == plain
    assert warned(stratified, "no account of the strata")


def test_a_bare_cut_term_is_the_searched_cutoff() -> None:
    answer = answer_of(OVARIAN, group_by="age", cut_rule="best", terms=("age:cut",))
    rows = answer["cox"]["multivariable"], answer["km"]["hazard_ratio"]
    assert rows[0][0]["hazard_ratio"] == rows[1][0]["hazard_ratio"]


def test_the_result_holds_every_cutoff_for_a_figure() -> None:
    cohort = cohort_of(OVARIAN, group_by="age", cut_rule="best")
    result = searched(cohort, cohort.spec)
    assert result.candidates == len(result.cutoffs) == len(result.statistics)
    assert result.best == result.cutoffs[np.argmax(result.statistics)]
