"""MaxCombo, trend, permutation, and all tests side by side: R, by hand, laws, second roads."""

from __future__ import annotations

import dataclasses
import json
import math
from fractions import Fraction
from itertools import combinations, pairwise, permutations
from math import comb
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from core import published
from core.cohort import Cohort, select
from core.errors import SpecError
from core.spec import AnalysisSpec
from core.survival import comparisons as module
from core.survival import km, logrank, maxcombo, permuted
from core.survival import trend as trends
from core.survival.comparisons import ComparisonsResult, GroupEvents, comparisons, few_events
from core.survival.maxcombo import largest, log_tail
from core.survival.permuted import Permuted
from core.view import words
from core.view.curve import comparisons as view
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
from tests.reference.export_data import TABLES

REFERENCE = Path(__file__).parent / "reference" / "comparisons_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]


def of_kind(kind: str) -> Any:
    chosen = [c for c in CASES if c["kind"] == kind]
    names = [f"{c['table']}-{c['group']}-{c['strata']}" for c in chosen]
    return pytest.mark.parametrize("case", chosen, ids=names)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("comparisons_tables")


def cohort_of_case(case: dict[str, Any], folder: Path, **fields: Any) -> Cohort:
    frame = pd.read_csv(TABLES[case["table"].removesuffix(".csv")](folder / case["table"]))
    asked = {"time": case["time"], "event": case["event"], "g": case["group"]}
    asked |= {name: case[name] for name in ("strata", "entry") if case[name]}
    frame = frame[list(dict.fromkeys(asked.values()))].dropna().head(case["rows"])
    assert len(frame) == case["n"]
    columns = {name: frame[column].to_numpy() for name, column in asked.items()}
    columns["event"] = columns["event"].astype(float)
    if case["strata"]:
        fields["strata"] = ("strata",)
    if case["entry"]:
        fields["entry"] = "entry"
    return cohort_of(columns, group_by="g", cut_rule="none", **fields)


def asked(columns: dict[str, Any], **fields: Any) -> ComparisonsResult:
    made = cohort_of(columns, **({"group_by": "arm"} | fields))
    return comparisons(made, made.spec)


# R --------------------------------------------------------------------------------------------


@of_kind("maxcombo")
def test_maxcombo_is_that_of_r(case: dict[str, Any], folder: Path) -> None:
    made = cohort_of_case(case, folder, test="maxcombo")
    found, r = logrank.compare(made, made.spec), case["found"]
    assert found.statistic == pytest.approx(r["statistic"], rel=1e-10)
    assert found.p_value == pytest.approx(r["p_value"], rel=1e-6)
    assert found.p_value == pytest.approx(r["p_pmvnorm"], abs=1e-5)
    assert found.log10_p == pytest.approx(math.log10(r["p_value"]), rel=1e-6)
    score, covariance = logrank._joint(made, np.ones(made.n, dtype=bool), (0, 1))
    scale = np.sqrt(np.diag(covariance))
    assert score / scale == pytest.approx(np.array(r["z"]), rel=1e-9)
    assert covariance / np.outer(scale, scale) == pytest.approx(np.array(r["correlation"]))
    headline = km.estimate(made, made.spec).test
    assert headline == found


@of_kind("trend")
def test_the_trend_is_that_of_r(case: dict[str, Any], folder: Path) -> None:
    found, r = trends.trend(cohort_of_case(case, folder)), case["found"]
    assert found is not None
    assert found.z == pytest.approx(r["z"], rel=1e-9)
    assert found.test.statistic == pytest.approx(r["statistic"], rel=1e-9)
    assert found.test.p_value == pytest.approx(r["p_value"], rel=1e-9)
    assert found.test.df == 1


@of_kind("exact")
def test_the_exact_test_is_that_of_r(case: dict[str, Any], folder: Path) -> None:
    found = permuted.exact(permuted.blocks_of(cohort_of_case(case, folder)))
    assert found is not None
    assert found.statistic == pytest.approx(case["found"]["statistic"], rel=1e-10)
    assert found.p_value == pytest.approx(case["found"]["p_value"], rel=1e-12)
    assert found.n == case["found"]["divisions"]


@of_kind("coin")
def test_observed_less_expected_has_the_distribution_of_coin(
    case: dict[str, Any], folder: Path
) -> None:
    """Coin leaves the variance out; the distribution of O - E over the divisions is the same."""
    made = cohort_of_case(case, folder)
    score, _, ways = permuted.divisions(permuted.blocks_of(made))
    observed = logrank.score_and_variance(made)[0][1]
    p = ways[np.abs(score) >= abs(observed) - 1e-9].sum() / ways.sum()
    assert p == pytest.approx(case["found"]["p_value"], rel=1e-10)


# The tail of MaxCombo ---------------------------------------------------------------------------


@pytest.mark.parametrize("m", [0.2, 1.0, 1.96, 3.5, 8.0, 30.0, 60.0])
def test_independent_statistics_have_a_tail_in_closed_form(m: float) -> None:
    one = special.log_ndtr(-m) + math.log(2)
    for k in (1, 2, 3):
        inside = k * math.log1p(-math.exp(one))
        expected = math.log(-math.expm1(inside)) if m < 8 else one + math.log(k)
        assert log_tail(m, np.eye(k)) == pytest.approx(expected, rel=1e-11, abs=1e-11)


@pytest.mark.parametrize("r", [-0.7, 0.3, 0.9, 0.999, 0.999999])
@pytest.mark.parametrize("m", [0.5, 1.96, 4.0])
def test_two_statistics_by_an_integral_over_one_of_them(m: float, r: float) -> None:
    def inside(x: float) -> float:
        width = math.sqrt(1 - r * r)
        between = special.ndtr((m - r * x) / width) - special.ndtr((-m - r * x) / width)
        return math.exp(-x * x / 2) / math.sqrt(2 * math.pi) * float(between)

    expected = 1 - integrate.quad(inside, -m, m, epsabs=1e-13, epsrel=1e-12, limit=400)[0]
    p = math.exp(log_tail(m, np.array([[1, r], [r, 1]])))
    assert p == pytest.approx(expected, rel=3e-9, abs=1e-12)


@LAW
@given(st.integers(0, 10_000), st.floats(0, 6), st.floats(0, 6))
def test_the_tail_lies_between_its_bounds_and_falls(seed: int, a: float, b: float) -> None:
    directions = np.random.default_rng(seed).normal(size=(4, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    correlation = directions @ directions.T
    low, high = sorted((a, b))
    one = 2 * special.ndtr(-low)
    p = math.exp(log_tail(low, correlation))
    # Sidak's inequality, and Bonferroni's.
    assert one * (1 - 1e-9) <= p <= min(1 - (1 - one) ** 4, 1) * (1 + 1e-9) + 1e-15
    assert log_tail(high, correlation) <= log_tail(low, correlation) + 1e-9
    order = np.random.default_rng(seed).permutation(4)
    again = log_tail(low, correlation[np.ix_(order, order)])
    assert again == pytest.approx(log_tail(low, correlation), rel=1e-8, abs=1e-9)


def test_the_tail_by_many_draws() -> None:
    rng = np.random.default_rng(4)
    directions = rng.normal(size=(4, 3))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    drawn = np.abs(rng.normal(size=(400_000, 3)) @ directions.T).max(axis=1)
    for m in (0.8, 1.5, 2.5):
        p = math.exp(log_tail(m, directions @ directions.T))
        error = math.sqrt(p * (1 - p) / len(drawn))
        assert abs(p - (drawn > m).mean()) < 4 * error


def test_statistics_that_say_the_same_count_once() -> None:
    assert log_tail(2.0, np.ones((3, 3))) == pytest.approx(log_tail(2.0, np.eye(1)), rel=1e-12)
    opposite = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert log_tail(2.0, opposite) == pytest.approx(log_tail(2.0, np.eye(1)), rel=1e-12)
    assert log_tail(0.0, np.eye(2)) == 0.0
    assert largest(np.zeros(4), np.zeros((4, 4))) is None


# MaxCombo as a test -----------------------------------------------------------------------------


def test_maxcombo_of_one_event_is_the_log_rank_test() -> None:
    columns = {"time": [1, 2, 3, 4], "event": [0, 1, 0, 0], "g": list("abab")}
    made = cohort_of(columns, group_by="g")
    whole = logrank.compare(made, made.spec)
    found = logrank.compare(made, made.spec.but(test="maxcombo"))
    assert whole.statistic is not None
    assert found.statistic == pytest.approx(math.sqrt(whole.statistic), rel=1e-12)
    assert found.p_value == pytest.approx(whole.p_value, rel=1e-10)
    none = cohort_of(columns | {"event": [0, 0, 0, 0]}, group_by="g", test="maxcombo")
    assert logrank.compare(none, none.spec).statistic is None


def test_maxcombo_of_several_groups_takes_the_pair_that_parts_most() -> None:
    columns = random_columns(9)
    columns["time"] *= np.where(columns["site"] == "west", 3, 1)
    made = cohort_of(columns, group_by="site", test="maxcombo")
    pairs = [test for _, _, test in logrank.pairwise(made, made.spec)]
    whole = logrank.compare(made, made.spec)
    best = min(pairs, key=lambda test: test.p_value or 1.0)
    assert best.p_value is not None
    assert whole.statistic == best.statistic
    assert whole.p_value == pytest.approx(min(3 * best.p_value, 1.0), rel=1e-12)
    assert whole.log10_p == pytest.approx(math.log10(whole.p_value or 0), abs=1e-12)
    two = {k: v[columns["site"] != "west"] for k, v in columns.items()}
    alone = cohort_of(two, group_by="site", test="maxcombo")
    assert pairs[0] == logrank.compare(alone, alone.spec)


def test_maxcombo_finds_curves_that_cross_where_the_log_rank_test_does_not() -> None:
    rng = np.random.default_rng(1)
    late = np.concatenate([rng.uniform(0, 4, 60), rng.uniform(30, 60, 90)])
    columns = {
        "time": np.concatenate([late, rng.uniform(2, 40, 150)]),
        "event": np.ones(300),
        "arm": np.repeat([0.0, 1.0], 150),
    }
    found = asked(columns)
    p = {test.name: test.p_value for test in found.tests}
    assert p["maxcombo"] is not None
    assert p["maxcombo"] < 1e-6
    assert p["maxcombo"] < p["logrank"] / 100  # type: ignore[operator]
    assert p["maxcombo"] >= min(x for x in p.values() if x is not None)


# Trend ------------------------------------------------------------------------------------------


def test_the_trend_of_two_groups_would_be_the_log_rank_test() -> None:
    made = cohort_of(random_columns(2), group_by="arm")
    z = trends.signed(*logrank.score_and_variance(made))
    assert z is not None
    assert z**2 == pytest.approx(logrank.compare(made, made.spec).statistic, rel=1e-10)
    assert trends.trend(made) is None


def test_a_trend_turns_with_the_order_and_keeps_its_size() -> None:
    columns = random_columns(6, 90)
    columns["stage"] = np.digitize(columns["age"], [55, 65]).astype(float)
    up = trends.trend(cohort_of(columns, group_by="stage"))
    down = trends.trend(cohort_of(columns | {"stage": 9 - 3 * columns["stage"]}, group_by="stage"))
    assert up is not None
    assert down is not None
    assert up.z == pytest.approx(-down.z, rel=1e-9)  # type: ignore[operator]
    assert up.test.p_value == pytest.approx(down.test.p_value, rel=1e-9)
    assert up.order == "values"


def test_a_trend_by_fractions() -> None:
    """Six patients, one of a group at each time, all events: U and V written out."""
    labels, steps = [3, 2, 3, 1, 2, 1], Fraction(0)
    variance = Fraction(0)
    for i, mine in enumerate(labels):
        left = labels[i:]
        mean = Fraction(sum(left), len(left))
        steps += mine - mean
        variance += Fraction(sum(x * x for x in left), len(left)) - mean**2
    columns = {"time": [1, 2, 3, 4, 5, 6], "event": [1] * 6, "g": labels}
    found = trends.trend(cohort_of(columns, group_by="g"))
    assert found is not None
    assert found.test.statistic == pytest.approx(float(steps**2 / variance), rel=1e-12)


def test_the_order_that_is_assumed_is_named() -> None:
    columns = random_columns(3)
    named = select(
        dataset_of(columns, levels={"site": ("west", "south", "north")}), question(group_by="site")
    )
    cut = cohort_of(columns, group_by="age", cut_rule="tertiles")
    text = cohort_of(columns, group_by="site")
    found = [trends.trend(made) for made in (named, cut, text)]
    assert [f.order for f in found if f] == ["dictionary", "cutoffs", "alphabet"]
    assert found[0].labels == ("west", "south", "north")  # type: ignore[union-attr]
    assert [trends.notes(f)[0].level for f in found] == ["info", "info", "warning"]
    assert trends.notes(None) == ()
    two = cohort_of(
        columns, group_by="age", second_by="dose", second_cut=5.0, combine="four",
        cut_rule="median",
    )  # fmt: skip
    assert len(two.groups.levels) == 4
    assert trends.trend(two) is None


def test_no_event_has_no_trend() -> None:
    columns = {"time": [1, 2, 3], "event": [0, 0, 0], "g": list("abc")}
    found = trends.trend(cohort_of(columns, group_by="g"))
    assert found is not None
    assert (found.z, found.test.statistic, found.test.p_value) == (None, None, None)


# Permutation ------------------------------------------------------------------------------------


def slowly(columns: dict[str, Any], group: str = "arm") -> tuple[float, float]:
    """Statistic and p-value by the log-rank test of every division, one by one."""
    n, second = len(columns["time"]), int(np.sum(columns[group]))

    def statistic(labels: np.ndarray) -> float:
        if len(set(labels.tolist())) < 2:
            return 0.0
        made = cohort_of({**columns, group: labels}, group_by=group, cut_rule="none")
        return logrank.compare(made, made.spec).statistic or 0.0

    observed = statistic(np.array(columns[group], dtype=float))
    as_large = 0
    for chosen in combinations(range(n), second):
        labels = np.zeros(n)
        labels[list(chosen)] = 1
        as_large += statistic(labels) >= observed - 1e-9
    return observed, as_large / comb(n, second)


@pytest.mark.parametrize("seed", range(4))
def test_the_exact_test_counts_every_division(seed: int) -> None:
    columns = random_columns(seed, 8 + seed % 2, ties=seed % 2 == 0)
    found = permuted.exact(permuted.blocks_of(cohort_of(columns, group_by="arm")))
    if found is None:
        assert columns["event"].sum() == 0 or len(set(columns["arm"])) < 2
        return
    statistic, p = slowly(columns)
    assert found.statistic == pytest.approx(statistic, rel=1e-10, abs=1e-12)
    assert found.p_value == pytest.approx(p, rel=1e-12)


def test_two_and_two_patients_on_paper() -> None:
    """All four have the event, both of a first: 2 of 6 divisions part as far (aabb and bbaa)."""
    columns = {"time": [1, 2, 3, 4], "event": [1] * 4, "g": [0, 0, 1, 1]}
    found = permuted.exact(permuted.blocks_of(cohort_of(columns, group_by="g")))
    assert found == Permuted("exact", found.statistic if found else 0.0, 2 / 6, 6.0)


def test_patients_who_cannot_be_told_apart_are_counted_together() -> None:
    columns = {"time": [5] * 20 + [9] * 20, "event": [1] * 10 + [0] * 30, "g": [0, 1] * 20}
    blocks = permuted.blocks_of(cohort_of(columns, group_by="g"))
    # 0 to 10 of those with the event; all others were at risk at the only event time, and no more.
    _, _, ways = permuted.divisions(blocks)
    assert len(ways) == permuted.distinct_divisions(blocks) == 11
    assert ways.sum() == permuted.number_of_divisions(blocks) == comb(40, 20)
    # With one event time only the events matter: Fisher's central hypergeometric distribution.
    found = permuted.exact(blocks)
    assert found is not None
    assert found.p_value == 1.0  # 5 of 10 events in each group is the middle


def test_one_event_time_is_a_hypergeometric_test() -> None:
    columns = {"time": [5] * 12, "event": [1] * 5 + [0] * 7, "g": [1, 1, 1, 1, 0] + [1] + [0] * 6}
    found = permuted.exact(permuted.blocks_of(cohort_of(columns, group_by="g")))
    ways = [comb(5, k) * comb(7, 5 - k) for k in range(6)]
    far = [abs(k - 25 / 12) >= abs(4 - 25 / 12) - 1e-12 for k in range(6)]
    assert found is not None
    expected = sum(w for w, f in zip(ways, far, strict=True) if f) / comb(12, 5)
    assert found.p_value == pytest.approx(expected, rel=1e-12)


@LAW
@given(st.integers(0, 10_000), st.integers(2, 12))
def test_divisions_add_up_and_hold_the_data(seed: int, n: int) -> None:
    columns = random_columns(seed, n)
    columns["stratum"] = np.arange(n) % 2.0
    for strata in ((), ("stratum",)):
        made = cohort_of(columns, group_by="arm", strata=strata)
        if len(made.groups.levels) < 2:
            return
        blocks = permuted.blocks_of(made)
        score, variance, ways = permuted.divisions(blocks)
        assert len(ways) == permuted.distinct_divisions(blocks)
        assert ways.sum() == pytest.approx(permuted.number_of_divisions(blocks), rel=1e-12)
        assert (score * ways).sum() == pytest.approx(0, abs=1e-7 * ways.sum())
        u, v = logrank.score_and_variance(made)
        same = np.isclose(score, u[1], atol=1e-9) & np.isclose(variance, v[1, 1], atol=1e-9)
        assert same.any()
        statistic = logrank.compare(made, made.spec).statistic or 0.0
        assert permuted.observed_statistic(blocks, 2) == pytest.approx(statistic, abs=1e-9)


@LAW
@given(st.integers(0, 10_000))
def test_order_unit_and_names_do_not_change_the_exact_test(seed: int) -> None:
    columns = random_columns(seed, 10)
    first = permuted.exact(permuted.blocks_of(cohort_of(columns, group_by="arm")))
    order = np.random.default_rng(seed).permutation(10)
    turned = {k: v[order] for k, v in columns.items()}
    turned |= {"arm": 1 - turned["arm"], "time": turned["time"] / 30.4375}
    if len(set(columns["arm"])) < 2:
        return
    again = permuted.exact(permuted.blocks_of(cohort_of(turned, group_by="arm", unit="months")))
    assert (first is None) == (again is None)
    if first is not None and again is not None:
        assert again.p_value == pytest.approx(first.p_value, rel=1e-12)
        assert again.statistic == pytest.approx(first.statistic, rel=1e-9, abs=1e-9)


@pytest.mark.parametrize("strata", [(), ("site",)])
def test_draws_come_to_the_exact_p_value(strata: tuple[str, ...]) -> None:
    made = cohort_of(random_columns(12, 16), group_by="arm", strata=strata)
    blocks = permuted.blocks_of(made)
    counted = permuted.exact(blocks)
    found = permuted.drawn(blocks, 2, 20_000, np.random.default_rng(3))
    assert counted is not None
    assert found.statistic == pytest.approx(counted.statistic, rel=1e-12)
    assert found.conf_low is not None
    assert found.conf_high is not None
    assert found.conf_low < counted.p_value < found.conf_high


def test_draws_of_three_groups_by_every_order() -> None:
    """Seven patients: the p-value of all 7! orders, each with the log-rank test of the library."""
    columns = {"time": [1, 2, 3, 4, 5, 6, 7], "event": [1, 1, 0, 1, 1, 1, 0],
               "g": [0, 0, 1, 2, 1, 2, 2]}  # fmt: skip
    made = cohort_of(columns, group_by="g", cut_rule="none")
    blocks = permuted.blocks_of(made)
    observed = logrank.compare(made, made.spec).statistic
    assert observed == pytest.approx(permuted.observed_statistic(blocks, 3), rel=1e-10)
    labels = np.array(sorted(set(permutations(columns["g"]))))
    every = permuted.statistics(blocks, [labels], 3)
    for row in range(0, len(labels), 37):
        other = cohort_of(columns | {"g": labels[row][::-1]}, group_by="g", cut_rule="none")
        again = logrank.compare(other, other.spec).statistic
        assert every[row] == pytest.approx(again, rel=1e-9, abs=1e-9)
    p = permuted.as_large(every, float(observed or 0)).mean()
    found = permuted.drawn(blocks, 3, 20_000, np.random.default_rng(1))
    assert found.conf_low is not None
    assert found.conf_high is not None
    assert found.conf_low < p < found.conf_high


def test_the_permuted_test_keeps_its_level_where_follow_up_differs() -> None:
    """O - E over its own variance; a short follow-up of one small group does not mislead it."""
    rng, below, studies = np.random.default_rng(8), 0, 400
    for _ in range(studies):
        true, censored = rng.exponential(1, 14), rng.exponential(np.repeat([3.0, 0.8], [9, 5]))
        columns = {"time": np.minimum(true, censored), "event": (true <= censored).astype(float),
                   "g": np.repeat([0.0, 1.0], [9, 5])}  # fmt: skip
        found = permuted.exact(permuted.blocks_of(cohort_of(columns, group_by="g")))
        below += found is not None and found.p_value <= 0.05
    assert 0.02 <= below / studies <= 0.075


@LAW
@given(st.integers(0, 10_000), st.integers(2, 60), st.integers(1, 59))
def test_divisions_are_numbered_as_by_multiplying_polynomials(seed: int, n: int, k: int) -> None:
    columns = random_columns(seed, n)
    columns["arm"] = (np.arange(n) < k).astype(float)
    blocks = permuted.blocks_of(cohort_of(columns, group_by="arm"))
    (block,) = blocks
    second = int((block.codes == 1).sum())
    sizes = [len(rows) for _, _, rows in permuted._classes(block)]
    ways = [1]
    for size in sizes:
        ways = [
            sum(ways[i] for i in range(max(0, j - size), min(j, len(ways) - 1) + 1))
            for j in range(len(ways) + size)
        ]
    found = permuted.distinct_divisions(blocks)
    expected = ways[second]
    assert found == (expected if expected <= permuted.MOST_DIVISIONS else math.inf)


def test_more_divisions_than_can_be_counted() -> None:
    blocks = permuted.blocks_of(cohort_of(random_columns(1, 400, ties=False), group_by="arm"))
    assert permuted.exact(blocks) is None
    none = {"time": [1.0, 2, 3, 4], "event": [0.0] * 4, "arm": [0.0, 1, 0, 1]}
    assert permuted.exact(permuted.blocks_of(cohort_of(none, group_by="arm"))) is None


# Side by side -----------------------------------------------------------------------------------


def test_every_test_is_the_one_that_the_curves_have() -> None:
    made = cohort_of(random_columns(1), group_by="arm", strata=("site",), test="fh(0;2)")
    found = comparisons(made, made.spec)
    assert [t.name for t in found.tests] == ["fh(0;2)", *module.TESTS]
    for test in found.tests:
        assert km.estimate(made, made.spec.but(test=test.name)).test == test
    assert found.named == found.tests[0]
    assert found.groups == tuple(GroupEvents(x.label, x.n, x.events) for x in made.groups.levels)


def test_peto_is_fleming_harringtons_early_one() -> None:
    made = cohort_of(random_columns(1), group_by="arm")
    one, other = (logrank.compare(made, made.spec.but(test=t)) for t in ("peto", "fh(1;0)"))
    assert one.statistic == other.statistic


@pytest.mark.parametrize(
    ("events", "few"), [((10, 9), True), ((10, 10), False), ((40, 4), True), ((40, 5), False)]
)
def test_when_events_are_few(events: tuple[int, int], few: bool) -> None:
    assert few_events(tuple(GroupEvents("x", 99, e) for e in events)) is few


def test_the_permutation_test_is_offered_by_itself_where_events_are_few() -> None:
    rng = np.random.default_rng(2)
    rare = {"time": rng.exponential(9, 300), "event": np.repeat([1.0, 0.0], [12, 288])[
        rng.permutation(300)], "arm": rng.integers(0, 2, 300).astype(float)}  # fmt: skip
    found = asked(rare)
    assert found.few_events
    assert found.permuted is not None
    assert (found.permuted.kind, found.permuted.n) in (("draws", 9999.0), ("exact", math.inf))
    assert asked(rare, permutations=0.0).permuted is None
    many = random_columns(2, 300)
    assert asked(many).permuted is None
    drawn = asked(many, permutations=99.0).permuted
    assert drawn is not None
    assert (drawn.kind, drawn.n) == ("draws", 99.0)
    counted = asked(random_columns(2, 12)).permuted
    assert counted is not None
    assert counted.kind == "exact"


def test_the_seed_decides_and_the_portions_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = random_columns(4, 80)
    first = asked(columns, permutations=500.0).permuted
    assert asked(columns, permutations=500.0, seed=1.0).permuted == first
    assert asked(columns, permutations=500.0, seed=2.0).permuted != first
    monkeypatch.setattr(permuted, "CELLS", 4000)
    assert asked(columns, permutations=500.0).permuted == first
    monkeypatch.setattr(module, "MOST_CELLS", 80 * 300)
    fewer = asked(columns, permutations=500.0)
    assert fewer.permuted is not None
    assert fewer.permuted.n == 300
    assert any("300 permutations were drawn and not 500" in note.text for note in fewer.notes)


class Left(Exception):
    """The page was left."""


def test_the_work_tells_how_far_it_is_and_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    made = cohort_of(random_columns(4, 80), group_by="arm", permutations=500.0)
    monkeypatch.setattr(permuted, "CELLS", 4000)
    told: list[float] = []
    comparisons(made, made.spec, progress=told.append)
    assert (told[0], told[-1]) == (0.0, 1.0)
    assert all(a <= b for a, b in pairwise(told))

    def leave(fraction: float) -> None:
        if fraction > 0.5:
            raise Left

    with pytest.raises(Left):
        comparisons(made, made.spec, progress=leave)


def test_what_cannot_be_compared() -> None:
    with pytest.raises(SpecError, match="one group"):
        asked(random_columns(1), group_by=None)
    none = asked({"time": [1, 2, 3, 4], "event": [0] * 4, "arm": [0, 1, 0, 1]})
    assert all(t.statistic is None for t in none.tests)
    assert none.permuted is None
    assert none.few_events
    late = asked(random_columns(1), entry="entry", permutations=99.0)
    assert late.permuted is None
    assert any("delayed entry" in note.text for note in late.notes)
    searched = asked(random_columns(1, 80), group_by="age", cut_rule="best")
    assert searched.searched
    assert any("searched" in note.text for note in searched.notes)
    with pytest.raises(SpecError, match="maxcombo"):
        asked(random_columns(1), test="wilcoxon")


def test_the_published_answer_holds_plain_numbers() -> None:
    made = cohort_of(random_columns(5, 40), group_by="site", permutations=99.0)
    found = published.plainly("comparisons")(made, comparisons(made, made.spec))["comparisons"]
    json.dumps(found, allow_nan=False)
    assert set(found) == {
        "test", "groups", "tests", "trend", "permuted", "few_events", "searched"
    }  # fmt: skip
    assert set(found["tests"][0]) == {"name", "statistic", "df", "p_value", "log10_p"}
    assert set(found["permuted"]) == {
        "kind", "statistic", "p_value", "n", "conf_low", "conf_high"
    }  # fmt: skip


# Words and tables -------------------------------------------------------------------------------


def told(result: ComparisonsResult, made: Cohort | None = None) -> str:
    cohort = made or cohort_of(random_columns(1), group_by="arm")
    return view.finding(cohort, result)


def test_the_finding_names_the_test_of_the_study_and_the_span_of_the_others() -> None:
    found = asked(random_columns(1, 300), test="peto")
    assert told(found).startswith("The test of this question is Peto-Peto: p ")
    assert "The other tests give p from" in told(found)
    few = asked(random_columns(2, 12))
    assert few.permuted is not None
    assert "Events are few" in told(few)
    assert "exact log-rank test" in told(few)
    least = min(few.groups, key=lambda group: group.events)
    assert f"{least.events} in arm: {least.label})" in told(few)
    without = dataclasses.replace(few, permuted=None)
    assert "with caution" in told(without)
    none = asked({"time": [1, 2, 3, 4], "event": [0] * 4, "arm": [0, 1, 0, 1]})
    assert "cannot be compared" in told(none)
    searched = asked(random_columns(1, 300), group_by="age", cut_rule="best")
    assert "too small" in told(searched)


def test_the_table_has_every_test_and_marks_the_chosen_one() -> None:
    found = asked(random_columns(1, 60), group_by="site", test="gehan", permutations=99.0)
    table = view.table(found, AnalysisSpec(test="gehan"))
    names = table["Test"].tolist()
    assert len(table) == len(module.TESTS) + 2
    assert [name for name in names if "chosen" in name] == ["Gehan-Breslow (chosen)"]
    assert any("trend" in name for name in names)
    assert any("99 permutations" in name for name in names)
    row = table[table["Test"] == "log-rank"].iloc[0]
    assert row["df"] == "2"
    best = table[table["Test"].str.contains(words.name_of_test("maxcombo"))].iloc[0]
    assert best["Statistic"].startswith("|Z| ")
    assert best["df"] == "–"
    numbers = view.rows(found)
    assert numbers["p_value"].tolist()[: len(found.tests)] == [t.p_value for t in found.tests]


def test_pairs_are_adjusted_by_the_named_method() -> None:
    made = cohort_of(random_columns(3), group_by="site", adjust_pairwise="bh")
    result = km.estimate(made, made.spec)
    table = view.pairs(result, "bh")
    assert list(table) == ["Pair", "p", "p, Benjamini-Hochberg"]
    assert len(table) == 3
    assert list(view.pairs(result, "none")) == ["Pair", "p"]
    assert set(view.ADJUSTMENTS) == {"holm", "bonferroni", "bh", "none"}
    assert "false" in view.adjustment("bh", made.spec)


def test_maxcombo_can_be_asked_for_in_a_link() -> None:
    spec = AnalysisSpec.from_query("test=maxcombo")
    assert spec.test == "maxcombo"
    assert logrank.parse_test("maxcombo") is None
    assert maxcombo.WEIGHTS[0] == (0, 0)
