"""The searched cutoff: R's maxstat, the permutation distribution itself, laws, and the answer."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from core.analysis import analyse
from core.errors import SpecError
from core.search import Search, lau92, lau94, logrank_scores, search
from core.survival.cutoff.best import searched
from core.survival.cutoff.hothorn_lausen import p_value, whole_scores
from core.survival.cutoff.permutation import limits_of, p_of, permuted_maxima
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


PERMUTATIONS = 9999


@pytest.mark.parametrize("case", CASES, ids=[f"{c['table']}-{c['x']}-{c['n']}" for c in CASES])
def test_r_agrees(case: dict[str, Any], exported: Path) -> None:
    """Cutoffs, the statistic of each, and all p-values of maxstat, in the answer itself."""
    columns = [case["time"], case["event"], case["x"]]
    frame = pd.read_csv(exported / case["table"])[columns].dropna().head(case.get("rows", 10**6))
    frame.columns = pd.Index(["time", "event", "x"])
    frame["event"] = (frame["event"] == case["event_is"]).astype(float)
    spec = question(
        group_by="x",
        cut_rule="best",
        cut_side="gt",
        min_fraction=case["min_fraction"],
        permutations=float(PERMUTATIONS),
    )
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
    if case["hl"] is None:
        assert cutoff["p_corrected"]["hl"] is None
        assert case["n"] > 170
    else:
        assert cutoff["p_corrected"]["hl"] == pytest.approx(case["hl"], rel=1e-10)
    p, chance = cutoff["p_corrected"]["permutation"], case["permutation"]
    # Four standard errors of the difference of both simulations, and one more permutation.
    error = (chance * (1 - chance) * (1 / PERMUTATIONS + 1 / 99999)) ** 0.5
    assert p == pytest.approx(chance, abs=4 * error + 2 / PERMUTATIONS)
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
@example(1.0, 5e-324, 0)
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
        "hl": pytest.approx(0.0098084551, rel=1e-8),
        "permutation": None,
    }
    assert answer["cutoff"]["bootstrap"] is None
    assert not warned(answer, "permutations=9999")
    assert "min_fraction=0.1&min_events=0&correction=lau92,lau94,hl,permutation" in answer["query"]


def test_one_correction_can_be_asked_for() -> None:
    answer = answer_of(OVARIAN, group_by="age", cut_rule="best", correction=("lau94",))
    corrected = answer["cutoff"]["p_corrected"]
    assert [name for name, p in corrected.items() if p is not None] == ["lau94"]
    assert not warned(answer, "permutations=9999")
    asked = answer_of(OVARIAN, group_by="age", cut_rule="best", correction=("permutation",))
    assert list(asked["cutoff"]["p_corrected"].values()) == [None] * 4
    assert warned(asked, "permutations=9999", "null")
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
        ({"min_events": 40.0}, "min_events"),
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
    cutoffs = result.search.cutoffs(result.side)
    assert result.candidates == len(cutoffs) == len(result.search.statistics)
    assert result.best == cutoffs[np.argmax(result.search.statistics)]


# By permutation -------------------------------------------------------------------------------


def test_every_permutation_of_six_patients() -> None:
    """With six patients all 720 orders can be tried: the Monte Carlo p comes near their share."""
    time, event = np.array([1.0, 2, 3, 4, 5, 6]), np.array([1, 1, 0, 1, 1, 0]) > 0
    x = np.array([5.0, 4, 6, 1, 2, 3])
    found = search(x, time, event)
    assert found is not None
    scores = logrank_scores(time, event)
    orders = np.array(list(itertools.permutations(scores - scores.mean())))
    size = found.size
    variance = size * (6 - size) / (6 * 5) * ((scores - scores.mean()) ** 2).sum()
    largest = (np.abs(orders.cumsum(axis=1)[:, size - 1]) / np.sqrt(variance)).max(axis=1)
    exact = float((largest >= found.statistic * (1 - 1e-10)).mean())
    maxima = permuted_maxima(found, scores, event, 40_000, np.random.default_rng(3))
    assert p_of(maxima, found.statistic) == pytest.approx(exact, abs=0.01)
    assert maxima.min() == pytest.approx(largest.min(), rel=1e-12)
    assert maxima.max() == pytest.approx(largest.max(), rel=1e-12)


def test_the_same_seed_gives_the_same_permutations_whatever_the_portions(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fields = {"group_by": "age", "cut_rule": "best", "permutations": 500.0}
    first = answer_of(OVARIAN, **fields)["cutoff"]["p_corrected"]["permutation"]
    monkeypatch.setattr("core.survival.cutoff.permutation.STEPS", 26 * 7)
    assert answer_of(OVARIAN, **fields)["cutoff"]["p_corrected"]["permutation"] == first
    other = answer_of(OVARIAN, seed=2.0, **fields)["cutoff"]["p_corrected"]["permutation"]
    assert other != first


@pytest.mark.parametrize(
    ("fields", "method"),
    [
        ({"permutations": 999.0}, "permutation"),
        ({}, "lau94"),
        ({"correction": ("lau92",)}, "lau92"),
        ({"correction": ("hl", "lau92")}, "hl"),
    ],
)
def test_one_method_leads_in_the_headline_and_at_every_cutoff(
    fields: dict[str, Any], method: str
) -> None:
    cohort = cohort_of(OVARIAN, group_by="age", **fields)
    result = searched(cohort, cohort.spec)
    assert result.shown == (method, result.p_corrected[method])
    if method != "hl":  # a limit for the largest statistic only
        assert result.corrected(result.statistic) == pytest.approx(result.shown[1], rel=1e-12)
    p_values = [result.corrected(m) for m in np.linspace(0.5, 5, 20)]
    assert p_values == sorted(p_values, reverse=True)


def test_events_on_both_sides_are_asked_for_anew_in_each_permutation() -> None:
    """Against all 720 orders of six patients, with one event at least on either side."""
    time, event = np.array([1.0, 2, 3, 4, 5, 6]), np.array([1, 0, 0, 1, 0, 0]) > 0
    x = np.array([5.0, 4, 6, 1, 2, 3])
    found = search(x, time, event, min_fraction=0.0, min_events=1)
    assert found is not None
    assert len(found.size) < len(found.eligible) == 5
    scores = logrank_scores(time, event) - logrank_scores(time, event).mean()
    size = found.eligible
    scale = (size * (6 - size) / (6 * 5) * (scores**2).sum()) ** -0.5
    largest = []
    for order in itertools.permutations(range(6)):
        rows = list(order)
        dead = event[rows].cumsum()[size - 1]
        z = np.abs(scores[rows].cumsum()[size - 1]) * scale
        largest.append(z[(dead >= 1) & (2 - dead >= 1)].max(initial=0.0))
    exact = np.sort(largest)
    maxima = permuted_maxima(found, scores, event, 40_000, np.random.default_rng(5))
    shares = [(maxima >= level * (1 - 1e-10)).mean() for level in np.unique(exact.round(9))]
    wanted = [(exact >= level * (1 - 1e-10)).mean() for level in np.unique(exact.round(9))]
    assert shares == pytest.approx(wanted, abs=0.012)


@pytest.mark.parametrize("seed", range(5))
def test_corrected_p_values_are_probabilities(seed: int) -> None:
    """Few patients, few events, many ties: every p is finite and in [0, 1]."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 40))
    table = {
        "time": rng.integers(1, 6, n).astype(float),
        "event": (rng.random(n) < 0.4).astype(float),
        "x": rng.integers(0, 9, n).astype(float),
    }
    table["event"][:2], table["x"][:2] = 1.0, (0.0, 8.0)
    answer = answer_of(table, group_by="x", cut_rule="best", min_fraction=0.0, permutations=99.0)
    p_values = answer["cutoff"]["p_corrected"]
    assert set(p_values) == {"lau92", "lau94", "hl", "permutation"}
    assert all(p is not None and 0 <= p <= 1 for p in p_values.values())


@pytest.mark.parametrize("draws", [0, 1, 7, 99, 100])
def test_the_limits_of_the_monte_carlo_p_are_exact(draws: int) -> None:
    maxima = np.arange(100.0)
    low, high = limits_of(maxima, 100.0 - draws)
    exact = stats.binomtest(draws, 100).proportion_ci(0.95, "exact")
    assert (low, high) == pytest.approx((exact.low, exact.high), rel=1e-10)
    assert low <= p_of(maxima, 100.0 - draws) <= max(high, 1 / 101)


def test_the_limits_are_told() -> None:
    answer = answer_of(OVARIAN, group_by="age", cut_rule="best", permutations=999.0)
    assert warned(answer, "999 permutations", "95% limits")


# By Hothorn and Lausen ------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(6))
def test_without_ties_it_limits_the_share_of_all_orders(seed: int) -> None:
    """All 40,320 orders of eight patients: at least their share, at most Bonferroni's sum."""
    rng = np.random.default_rng(seed)
    scores = logrank_scores(rng.permutation(8).astype(float), np.ones(8) > 0)
    whole, size = whole_scores(scores), np.arange(2, 7)
    sums = np.array(list(itertools.permutations(whole))).cumsum(axis=1)[:, size - 1]
    spread = np.sqrt(size * (8 - size) / 7) * whole.std()
    standardised = np.abs(sums - size * whole.mean()) / spread
    observed = (np.abs(whole.cumsum()[size - 1] - size * whole.mean()) / spread).max()
    larger = standardised > observed * (1 + 1e-10)
    found = p_value(scores, size)
    assert found is not None
    assert larger.any(axis=1).mean() <= found + 1e-12
    assert found <= min(larger.mean(axis=0).sum(), 1) + 1e-12


@pytest.mark.parametrize("seed", range(6))
def test_one_cutoff_has_the_exact_p_of_its_sum(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = logrank_scores(rng.integers(1, 6, 10).astype(float), rng.random(10) < 0.6)
    whole = whole_scores(scores)
    every = [abs(sum(chosen) - 4 * whole.mean()) for chosen in itertools.combinations(whole, 4)]
    exact = np.mean(np.array(every) >= abs(whole[:4].sum() - 4 * whole.mean()) - 1e-9)
    assert p_value(scores, np.array([4])) == pytest.approx(exact, rel=1e-12)


def test_it_is_left_out_where_r_has_no_number() -> None:
    scores = logrank_scores(np.arange(171.0), np.ones(171) > 0)
    assert p_value(scores, np.arange(17, 154)) is None
    assert p_value(scores[1:], np.arange(17, 154)) is not None
    answer = answer_of(random_columns(1, 171), group_by="age", cut_rule="best")
    assert answer["cutoff"]["p_corrected"]["hl"] is None
    assert warned(answer, "more than 170 patients")


def test_its_weaknesses_are_told() -> None:
    """0 where no order is more extreme, ties of the marker, and 1 where it tells nothing."""
    apart = {"time": [1.0, 2, 3, 4, 5, 6], "event": [1.0] * 6, "x": [1.0, 2, 3, 4, 5, 6]}
    answer = answer_of(apart, group_by="x", cut_rule="best", min_fraction=0.3)
    assert answer["cutoff"]["p_corrected"]["hl"] == 0
    assert warned(answer, "no order of these patients", "not 0")
    tied = {**random_columns(2, 30), "x": np.arange(30) // 5 * 1.0}
    answer = answer_of(tied, group_by="x", cut_rule="best")
    assert 0 < answer["cutoff"]["p_corrected"]["hl"] < 1
    assert warned(answer, "same value", "too small")
    answer = answer_of(random_columns(6, 60), group_by="dose", cut_rule="best")
    assert answer["cutoff"]["p_corrected"]["hl"] == 1
    assert warned(answer, "tells nothing")


# At the edges ---------------------------------------------------------------------------------


EDGES: dict[str, dict[str, Any]] = {
    "one cutoff": {"time": np.arange(1.0, 13), "event": np.ones(12), "x": np.arange(12.0) // 6},
    "one event": {"time": np.arange(1.0, 13), "event": np.eye(12)[4], "x": np.arange(12.0)},
    "all times tied": {"time": np.ones(12), "event": np.arange(12.0) % 2, "x": np.arange(12.0)},
    "two patients": {"time": [1.0, 2.0], "event": [1.0, 1.0], "x": [0.0, 1.0]},
    "apart": {"time": np.arange(1.0, 41), "event": np.ones(40), "x": np.arange(40.0)},
}


@pytest.mark.parametrize("name", EDGES)
@pytest.mark.parametrize("fraction", [0.0, 0.1, 0.4])
def test_every_p_is_finite_at_the_edges(name: str, fraction: float) -> None:
    fields = {"min_fraction": fraction, "permutations": 99.0}
    found = answer_of(EDGES[name], group_by="x", cut_rule="best", **fields)["cutoff"]
    p_values = [found["p_naive"], *found["p_corrected"].values()]
    assert all(p is not None and 0 <= p <= 1 for p in p_values)
    assert np.isfinite(found["statistic"])
    if found["statistic"] < 1 or fraction == 0:
        assert found["p_corrected"]["lau92"] == 1
    if found["candidates"] == 1:
        alone = 2 * stats.norm.sf(found["statistic"])
        assert found["p_corrected"]["lau94"] == pytest.approx(alone, rel=1e-12)


@pytest.mark.parametrize(
    "fields",
    [
        {"cut_rule": "median"},
        {"cut_rule": "value", "cut_value": ("58",)},
        {"cut_rule": "tertiles"},
        {"cut_rule": "none"},
    ],
)
def test_the_result_does_not_depend_on_the_groups_on_the_screen(fields: dict[str, Any]) -> None:
    asked = {"group_by": "age", "parts": ("cutoff",), "permutations": 99.0}
    best = answer_of(OVARIAN, cut_rule="best", **asked)
    other = answer_of(OVARIAN, **asked, **fields)
    assert other["cutoff"] == best["cutoff"]
    assert [n for n in other["notes"] if "chosen out of" in n["text"]] == [
        n for n in best["notes"] if "chosen out of" in n["text"]
    ]
    assert warned(other, "chosen out of 22")


def test_the_permutation_p_is_never_0() -> None:
    """The data count as one of the permutations, and a tie up to rounding as equal."""
    maxima = np.arange(1.0, 100.0)
    assert p_of(maxima, 1000.0) == 1 / 100
    assert p_of(maxima, 99 * (1 + 1e-13)) == 2 / 100
    assert p_of(maxima, 0.0) == 1
