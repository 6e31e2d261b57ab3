"""The log-rank family: by hand, by another library, and what must not change a p-value."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from core.errors import SpecError
from core.survival.logrank import adjust, compare, pairwise, parse_test
from core.survival.results import Test as ChiSquare
from core.survival.tails import chi2_log10_p, chi2_p
from tests.cohorts import LAW, cohort_of, random_columns

TESTS = ("logrank", "gehan", "tarone-ware", "peto", "fh(0.5;1.5)", "maxcombo")

patients = st.lists(
    st.tuples(
        st.integers(1, 9),  # time
        st.booleans(),  # event
        st.sampled_from("abc"),  # group
        st.sampled_from("uv"),  # stratum
        st.integers(0, 8),  # entry
    ),
    min_size=4,
    max_size=24,
)


def columns_of(rows: list[tuple[Any, ...]]) -> dict[str, list[Any]]:
    time, event, group, stratum, entry = (list(c) for c in zip(*rows, strict=True))
    late = [min(e, t - 1) for e, t in zip(entry, time, strict=True)]
    return {
        "time": time, "event": [float(e) for e in event], "g": group, "s": stratum, "entry": late
    }  # fmt: skip


def log_rank(columns: dict[str, Any], **fields: Any) -> ChiSquare:
    cohort = cohort_of(columns, group_by=fields.pop("group_by", "g"), **fields)
    return compare(cohort, cohort.spec)


def same(one: ChiSquare, other: ChiSquare) -> bool:
    if one.statistic is None or other.statistic is None:
        return one.statistic is other.statistic and one.df == other.df
    close = math.isclose(one.statistic, other.statistic, rel_tol=1e-8, abs_tol=1e-9)
    return close and one.df == other.df


# By hand --------------------------------------------------------------------------------------


def by_hand(columns: dict[str, Any], weight: Any = lambda n, s: 1) -> Fraction:
    """Chi-square of two groups by fractions: hypergeometric mean and variance at each time."""
    labels = sorted(set(columns["g"]))
    rows = list(zip(columns["time"], columns["event"], columns["g"], strict=True))
    score = variance = Fraction(0)
    before = Fraction(1)
    for t in sorted({t for t, e, _ in rows if e}):
        at_risk = [r for r in rows if r[0] >= t]
        n, n1 = len(at_risk), sum(g == labels[1] for _, _, g in at_risk)
        d = sum(bool(e) for u, e, _ in at_risk if u == t)
        d1 = sum(bool(e) and g == labels[1] for u, e, g in at_risk if u == t)
        w = Fraction(weight(n, before))
        score += w * (d1 - Fraction(d * n1, n))
        if n > 1:
            variance += w * w * Fraction(d * n1 * (n - n1) * (n - d), n * n * (n - 1))
        before *= Fraction(n - d, n)
    return score * score / variance


HAND = {
    "time": [1, 2, 2, 3, 4, 4, 5, 7, 7, 9],
    "event": [1, 1, 1, 0, 1, 1, 1, 0, 1, 1],
    "g": ["a", "a", "b", "a", "a", "b", "b", "b", "a", "b"],
}


def test_six_patients_on_paper() -> None:
    """Times 1 2 3 4 5 6, all events, a a b a b b: O - E and V written out."""
    columns = {"time": [1, 2, 3, 4, 5, 6], "event": [1] * 6, "g": list("aababb")}
    share_b = [Fraction(3, 6), Fraction(3, 5), Fraction(3, 4), Fraction(2, 3), Fraction(1), 1]
    score = 3 - sum(share_b)
    variance = sum(p * (1 - p) for p in share_b)
    assert log_rank(columns).statistic == pytest.approx(float(score**2 / variance), rel=1e-13)


@pytest.mark.parametrize(
    ("name", "weight"),
    [
        ("logrank", lambda n, s: 1),
        ("gehan", lambda n, s: n),
        ("peto", lambda n, s: s),
        ("fh(1;0)", lambda n, s: s),
        ("fh(0;1)", lambda n, s: 1 - s),
        ("fh(1;1)", lambda n, s: s * (1 - s)),
        ("fh(2;0)", lambda n, s: s * s),
    ],
)
def test_two_groups_with_ties_by_fractions(name: str, weight: Any) -> None:
    expected = float(by_hand(HAND, weight))
    assert log_rank(HAND, test=name).statistic == pytest.approx(expected, rel=1e-12)


def test_the_variance_of_tied_events_is_hypergeometric() -> None:
    """The binomial one, without the factor (n - d) / (n - 1), is larger: another test."""
    columns = {"time": [1, 1, 1, 2], "event": [1, 1, 0, 1], "g": list("aabb")}
    # At 1 two of four have the event, both of a; at 2 the last one is alone: no variance.
    score, binomial = 2 - 1, 2 * Fraction(1, 2) * Fraction(1, 2)
    hypergeometric = binomial * Fraction(4 - 2, 4 - 1)
    assert log_rank(columns).statistic == pytest.approx(float(score**2 / hypergeometric))
    assert hypergeometric != binomial


def test_strata_are_added_up() -> None:
    left, right = random_columns(1, 30), random_columns(2, 25)
    both = {k: np.concatenate([left[k], right[k]]) for k in ("time", "event")}
    both |= {"g": np.concatenate([left["arm"], right["arm"]]), "s": np.repeat([0.0, 1.0], [30, 25])}

    def parts(columns: dict[str, Any]) -> tuple[float, float]:
        score = variance = 0.0
        for t in np.unique(columns["time"][columns["event"] == 1]):
            here = columns["time"] >= t
            dead = (columns["time"] == t) & (columns["event"] == 1)
            n, n1, d = here.sum(), (here & (columns["arm"] == 1)).sum(), dead.sum()
            score += (dead & (columns["arm"] == 1)).sum() - d * n1 / n
            if n > 1:
                variance += d * n1 * (n - n1) * (n - d) / (n * n * (n - 1))
        return score, variance

    (u1, v1), (u2, v2) = parts(left), parts(right)
    stratified, pooled = log_rank(both, strata=("s",)), log_rank(both)
    assert stratified.statistic == pytest.approx((u1 + u2) ** 2 / (v1 + v2), rel=1e-10)
    assert pooled.statistic != pytest.approx(stratified.statistic, rel=1e-3)


# Second road ----------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("group", ["arm", "site"])
@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("logrank", {}),
        ("gehan", {"weightings": "wilcoxon"}),
        ("tarone-ware", {"weightings": "tarone-ware"}),
        ("fh(1;0)", {"weightings": "fleming-harrington", "p": 1, "q": 0}),
        ("fh(0.5;2)", {"weightings": "fleming-harrington", "p": 0.5, "q": 2}),
    ],
)
def test_lifelines_has_the_same_test(
    seed: int, group: str, name: str, options: dict[str, Any]
) -> None:
    from lifelines.statistics import multivariate_logrank_test

    columns = random_columns(seed)
    other = multivariate_logrank_test(columns["time"], columns[group], columns["event"], **options)
    found = log_rank(columns, group_by=group, test=name)
    assert found.statistic == pytest.approx(float(other.test_statistic), rel=1e-8)
    assert found.p_value == pytest.approx(float(other.p_value), rel=1e-8)


@pytest.mark.parametrize("seed", range(3))
def test_scikit_survival_has_the_same_test(seed: int) -> None:
    from sksurv.compare import compare_survival
    from sksurv.util import Surv

    columns = random_columns(seed)
    y = Surv.from_arrays(columns["event"] == 1, columns["time"])
    statistic, p_value = compare_survival(y, columns["site"])
    found = log_rank(columns, group_by="site")
    assert (found.statistic, found.p_value) == pytest.approx((statistic, p_value), rel=1e-8)


def test_the_peto_of_lifelines_is_another_test() -> None:
    """It weights by the product of 1 - d / (n + 1); ours is R's rho = 1 (methods.md, B4)."""
    from lifelines.statistics import multivariate_logrank_test

    columns = random_columns(0)
    other = multivariate_logrank_test(
        columns["time"], columns["arm"], columns["event"], weightings="peto"
    )
    found = log_rank(columns, group_by="arm", test="peto")
    assert found.statistic == pytest.approx(float(other.test_statistic), rel=0.05)
    assert found.statistic != pytest.approx(float(other.test_statistic), rel=1e-6)


# Laws -----------------------------------------------------------------------------------------


@LAW
@given(patients, st.sampled_from(TESTS), st.booleans(), st.randoms(use_true_random=False))
def test_row_order_names_and_unit_do_not_change_the_test(
    rows: list[tuple[Any, ...]], name: str, stratified: bool, random: Any
) -> None:
    asked: dict[str, Any] = {"test": name, "strata": ("s",) if stratified else (), "entry": "entry"}
    columns = columns_of(rows)
    expected = log_rank(columns, **asked)
    mixed = list(rows)
    random.shuffle(mixed)
    assert same(log_rank(columns_of(mixed), **asked), expected)
    # Renaming a, b, c to z, y, x also turns the order of the groups around.
    renamed = columns | {"g": [{"a": "z", "b": "y", "c": "x"}[g] for g in columns["g"]]}
    assert same(log_rank(renamed, **asked), expected)
    months = {k: [x / 30.4375 for x in columns[k]] for k in ("time", "entry")}
    assert same(log_rank(columns | months, unit="months", **asked), expected)


@LAW
@given(patients, st.sampled_from(TESTS))
def test_a_group_that_is_gone_before_the_first_event_changes_nothing(
    rows: list[tuple[Any, ...]], name: str
) -> None:
    """A naive version counts it as a degree of freedom, or inverts a singular matrix."""
    columns = columns_of(rows)
    early = {k: [*columns[k], *columns[k][:2]] for k in columns}
    early["time"] = [*columns["time"], 0.25, 0.5]
    early["event"] = [*columns["event"], 0.0, 0.0]
    early["g"] = [*columns["g"], "early", "early"]
    assert same(log_rank(early, test=name), log_rank(columns, test=name))


def test_one_degree_of_freedom_too_many_is_a_wrong_p_value() -> None:
    columns = random_columns(0)
    early = {
        "time": [*columns["time"], 0.5],
        "event": [*columns["event"], 0.0],
        "g": [*columns["site"], "early"],
    }
    found = log_rank(early)
    assert (len(set(early["g"])), found.df) == (4, 2)
    assert found.statistic is not None
    assert found.p_value != pytest.approx(chi2_p(found.statistic, 3), rel=0.1)


@LAW
@given(patients, st.sampled_from(TESTS))
def test_a_statistic_is_a_chi_square_or_says_nothing(
    rows: list[tuple[Any, ...]], name: str
) -> None:
    found = log_rank(columns_of(rows), test=name, entry="entry")
    if found.statistic is None:
        assert (found.p_value, found.log10_p) == (None, None)
    else:
        assert found.statistic >= 0
        assert 0 <= (found.p_value or 0) <= 1
        assert 1 <= found.df <= 2


@LAW
@given(patients)
def test_log_rank_of_distinct_times_is_the_score_test_of_a_cox_model(
    rows: list[tuple[Any, ...]],
) -> None:
    """Gradient and information of the partial likelihood at 0 (no ties), with strata and entry."""
    from core.survival.risk import moments, risk_sets

    columns = columns_of(rows)
    columns["time"] = [t + i / 100 for i, t in enumerate(columns["time"])]
    columns["g"] = [g if g != "c" else "b" for g in columns["g"]]
    cohort = cohort_of(columns, group_by="g", strata=("s",), entry="entry")
    sets = risk_sets(cohort.time, cohort.event, entry=cohort.entry, strata=cohort.strata)
    x = cohort.groups.codes[sets.order, None].astype(float)
    score = moments(sets, x, np.zeros(1))
    found = compare(cohort, cohort.spec)
    if found.statistic is None:
        assert score.information[0, 0] == pytest.approx(0, abs=1e-9)
    else:
        expected = score.gradient[0] ** 2 / score.information[0, 0]
        assert found.statistic == pytest.approx(expected, rel=1e-8, abs=1e-9)


def test_no_event_gives_no_test() -> None:
    columns = {"time": [1, 2, 3], "event": [0, 0, 0], "g": ["a", "b", "b"]}
    assert log_rank(columns) == ChiSquare("logrank", None, 0, None, None)


def test_patients_of_an_unknown_stratum_take_no_part() -> None:
    columns = columns_of([(t, t % 3 > 0, "ab"[t % 2], "u", 0) for t in range(1, 12)])
    more = {k: [*v, v[0], v[1]] for k, v in columns.items()}
    more["s"] = [*columns["s"], None, None]
    assert same(log_rank(more, strata=("s",)), log_rank(columns, strata=("s",)))


# Tails ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("statistic", [0.0, 1e-9, 0.1, 3.84, 100, 600, 1300, 1400, 5e3, 1e6, 1e12])
def test_log10_p_is_finite_and_right_however_large_the_statistic(statistic: float) -> None:
    """With 1 and 2 degrees of freedom the tail has a closed form on the logarithmic scale."""
    one = (math.log(2) + float(special.log_ndtr(-math.sqrt(statistic)))) / math.log(10)
    assert chi2_log10_p(statistic, 1) == pytest.approx(one, rel=1e-10, abs=1e-12)
    two = -statistic / 2 / math.log(10)
    assert chi2_log10_p(statistic, 2) == pytest.approx(two, rel=1e-12, abs=1e-12)
    # Four degrees: exp(-x/2) (1 + x/2).
    four = (-statistic / 2 + math.log1p(statistic / 2)) / math.log(10)
    assert chi2_log10_p(statistic, 4) == pytest.approx(four, rel=1e-11, abs=1e-12)


def test_the_logarithm_of_the_p_value_itself_is_minus_infinity() -> None:
    assert chi2_p(2000.0, 1) == 0.0
    assert math.isfinite(chi2_log10_p(2000.0, 1))


@LAW
@given(st.floats(0, 1e5), st.floats(0, 1e5), st.integers(1, 12))
def test_a_larger_statistic_never_has_a_larger_p(a: float, b: float, df: int) -> None:
    low, high = sorted((a, b))
    assert chi2_log10_p(high, df) <= chi2_log10_p(low, df) + 1e-9


# Pairs ----------------------------------------------------------------------------------------

P = [0.01, 0.04, 0.03, 0.5]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("none", [0.01, 0.04, 0.03, 0.5]),
        ("bonferroni", [0.04, 0.16, 0.12, 1.0]),
        # Holm, by size: 0.01 x 4, 0.03 x 3, 0.04 x 2 (raised to the one before), 0.5 x 1.
        ("holm", [0.04, 0.09, 0.09, 0.5]),
        # Benjamini-Hochberg, by size: 0.01 x 4/1, 0.03 x 4/2, 0.04 x 4/3, 0.5, each the
        # smallest of those that follow.
        ("bh", [0.04, 0.16 / 3, 0.16 / 3, 0.5]),
    ],
)
def test_adjusted_p_values_by_hand(method: str, expected: list[float]) -> None:
    assert adjust(list(P), method) == pytest.approx(expected, rel=1e-14)


@LAW
@given(
    st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=8),
    st.sampled_from(["none", "bonferroni", "holm", "bh"]),
)
def test_adjusting_keeps_the_order_and_what_is_missing(
    values: list[float | None], method: str
) -> None:
    adjusted = adjust(values, method)
    assert [a is None for a in adjusted] == [v is None for v in values]
    pairs = [(v, a) for v, a in zip(values, adjusted, strict=True) if v is not None]
    assert all(a is not None and v - 1e-15 <= a <= 1 for v, a in pairs)
    for (v, a), (w, b) in combinations(pairs, 2):
        assert v == w or (v < w) == (a < b) or a == b


def test_a_pair_is_tested_on_its_own_patients() -> None:
    """Also its weights: those of all three groups would be those of another test."""
    columns = random_columns(5)
    cohort = cohort_of(columns, group_by="site", test="gehan")
    for a, b, found in pairwise(cohort, cohort.spec):
        names = [cohort.groups.labels[i] for i in (a, b)]
        keep = np.isin(columns["site"].astype(str), names)
        alone = {k: v[keep] for k, v in columns.items()}
        assert same(found, log_rank(alone, group_by="site", test="gehan"))


# Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["fh(1;1)", "fh( 1 ; 1.0 )", "fh(1;1e0)"])
def test_the_exponents_are_read(text: str) -> None:
    assert parse_test(text) == (1.0, 1.0)


@pytest.mark.parametrize("text", ["Logrank", "fh", "fh(1)", "fh(1,1)", "fh(a;b)", "fh(-1;0)",
                                  "fh(nan;0)", "wilcoxon"])  # fmt: skip
def test_an_unknown_test_is_refused(text: str) -> None:
    with pytest.raises(SpecError) as caught:
        log_rank(HAND, test=text)
    assert caught.value.field == "test"
