"""Cox models: closed forms, a naive likelihood, two other libraries, and data that break fits."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, special, stats

from core.errors import SpecError
from core.groups import quantile
from core.survival.concordance import concordance
from core.survival.cox import CoxResult, hazard_ratios, model
from core.survival.design import KNOTS, spline
from core.survival.results import Row
from core.survival.risk import moments, risk_sets
from tests.cohorts import LAW, cohort_of, random_columns


def cox(columns: dict[str, Any], *terms: str, **fields: Any) -> CoxResult:
    cohort = cohort_of(columns, terms=terms, **fields)
    return model(cohort, cohort.spec)


def coefs(result: CoxResult) -> list[float | None]:
    return [row.coef for row in result.multivariable]


def said(result: CoxResult, *words: str) -> bool:
    return any(all(word in note.text for word in words) for note in result.notes)


def numbers(row: Row) -> list[float | None]:
    return [row.coef, row.std_error, row.hazard_ratio, row.conf_low, row.conf_high, row.p_value]


# The naive likelihood, straight from its definition -------------------------------------------


def naive_log_likelihood(
    beta: np.ndarray,
    x: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    entry: np.ndarray,
    strata: np.ndarray,
    ties: str,
) -> float:
    """Log partial likelihood, one loop per event time, O(n squared)."""
    risk = np.exp(x @ beta)
    total = 0.0
    for s in np.unique(strata):
        for t in np.unique(time[(strata == s) & event]):
            at_risk = (strata == s) & (entry < t) & (t <= time)
            dead = at_risk & (time == t) & event
            d = int(dead.sum())
            total += float((x[dead] @ beta).sum())
            for k in range(d):
                share = k / d if ties == "efron" else 0.0
                total -= float(np.log(risk[at_risk].sum() - share * risk[dead].sum()))
    return total


def arrays(seed: int, n: int = 40) -> dict[str, np.ndarray]:
    columns = random_columns(seed, n)
    x = np.column_stack([(columns["age"] - 60) / 10, columns["arm"]])
    return {
        "x": x,
        "time": columns["time"],
        "event": columns["event"] == 1,
        "entry": np.floor(columns["entry"]),
        "strata": np.unique(columns["site"].astype(str), return_inverse=True)[1],
    }


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", range(3))
def test_likelihood_gradient_and_information_are_those_of_the_definition(
    seed: int, ties: str
) -> None:
    """At several coefficients, with ties, strata and late entry; derivatives by differences."""
    data = arrays(seed)
    order = {k: data[k] for k in ("time", "event", "entry", "strata")}
    sets = risk_sets(**order, ties=ties)
    x = data["x"][sets.order]

    def naive(beta: np.ndarray) -> float:
        return naive_log_likelihood(beta, data["x"], **order, ties=ties)

    for beta in (np.zeros(2), np.array([0.4, -1.0]), np.array([-2.0, 3.0])):
        found = moments(sets, x, beta)
        assert found.log_likelihood == pytest.approx(naive(beta), rel=1e-11)
        gradient = optimize.approx_fprime(beta, naive, 1e-6)
        assert found.gradient == pytest.approx(gradient, rel=1e-4, abs=1e-4)

        def slope(b: np.ndarray, k: int) -> float:
            return float(moments(sets, x, b).gradient[k])

        for k in range(2):
            row = optimize.approx_fprime(beta, slope, 1e-6, k)
            assert -found.information[k] == pytest.approx(row, rel=1e-4, abs=1e-4)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", range(2))
def test_the_fit_is_where_a_naive_search_finds_the_maximum(seed: int, ties: str) -> None:
    data = arrays(seed)
    columns = {
        "time": data["time"], "event": data["event"].astype(float), "entry": data["entry"],
        "a": data["x"][:, 0], "b": data["x"][:, 1], "s": data["strata"].astype(float),
    }  # fmt: skip
    found = cox(columns, "a", "b", strata=("s",), entry="entry", ties=ties)
    given_ = [data[k] for k in ("x", "time", "event", "entry", "strata")]
    best = optimize.minimize(
        lambda b: -naive_log_likelihood(b, *given_, ties), np.zeros(2), tol=1e-10
    )
    assert coefs(found) == pytest.approx(best.x, abs=1e-5)
    assert found.log_likelihood == pytest.approx(-best.fun, rel=1e-10)


def test_efron_and_breslow_differ_where_there_are_ties_and_nowhere_else() -> None:
    tied, distinct = random_columns(4), random_columns(4, ties=False)
    for columns, equal in ((tied, False), (distinct, True)):
        efron, breslow = (coefs(cox(columns, "age", ties=t)) for t in ("efron", "breslow"))
        assert (efron == pytest.approx(breslow, rel=1e-10)) is equal


# Closed forms ---------------------------------------------------------------------------------


def test_two_patients_of_whom_the_exposed_one_dies_first() -> None:
    """L = e^b / (e^b + 1) rises for ever: no finite hazard ratio, and a note."""
    found = cox({"time": [1, 2], "event": [1, 1], "x": [1, 0]}, "x")
    assert numbers(found.multivariable[0]) == [None] * 6
    assert said(found, "x", "no finite hazard ratio")


def test_three_patients_have_a_root_of_two() -> None:
    """Exposed, not, exposed die in turn: L = r / (2r + 1) x 1 / (1 + r), largest at r^2 = 1/2."""
    columns = {"time": [1, 2, 3], "event": [1, 1, 1], "x": [1, 0, 1]}
    found = cox(columns, "x").multivariable[0]
    ratio = np.sqrt(0.5)
    assert found.hazard_ratio == pytest.approx(ratio, rel=1e-9)
    # Information: p (1 - p) at each death.
    first, second = 2 * ratio / (2 * ratio + 1), ratio / (1 + ratio)
    information = first * (1 - first) + second * (1 - second)
    assert found.std_error == pytest.approx(information**-0.5, rel=1e-8)


@pytest.mark.parametrize(("ties", "ratio"), [("breslow", 1.0), ("efron", 1.0)])
def test_four_patients_tied_evenly_have_a_ratio_of_one(ties: str, ratio: float) -> None:
    columns = {"time": [1, 1, 2, 2], "event": [1, 1, 0, 0], "x": [0, 1, 0, 1]}
    assert cox(columns, "x", ties=ties).multivariable[0].hazard_ratio == pytest.approx(ratio)


def test_four_patients_with_a_tie_solve_their_quadratic_equation() -> None:
    """Deaths of x = 1, 0 at 1 and of x = 1 at 2, then one with x = 0 who lives on.

    With r = e^b Breslow's likelihood is r / (2r + 2)^2 x r / (r + 1), largest where r = 2.
    """
    columns = {"time": [1, 1, 2, 3], "event": [1, 1, 1, 0], "x": [1, 0, 1, 0]}
    breslow = cox(columns, "x", ties="breslow").multivariable[0]
    assert breslow.hazard_ratio == pytest.approx(2.0, rel=1e-9)
    # Efron's: r / ((2r + 2)(1.5r + 1.5)) x r / (r + 1): the same shape, the same maximum.
    efron = cox(columns, "x", ties="efron")
    assert efron.multivariable[0].hazard_ratio == pytest.approx(2.0, rel=1e-9)
    expected = np.log(2 * 2 / (6 * 4.5) / 3)
    assert efron.log_likelihood == pytest.approx(expected, rel=1e-12)


def test_a_row_is_the_wald_arithmetic_of_its_coefficient() -> None:
    row = cox(random_columns(1), "age", conf_level=0.9).multivariable[0]
    coef, error, ratio, low, high, p = (x or 0.0 for x in numbers(row))
    z = special.ndtri(0.95)
    assert [ratio, low, high] == pytest.approx(
        [np.exp(coef), np.exp(coef - z * error), np.exp(coef + z * error)], rel=1e-13
    )
    assert p == pytest.approx(2 * stats.norm.sf(abs(coef) / error), rel=1e-12)


# SPSS's own output (methods.md, part B) -------------------------------------------------------


def test_the_model_of_spss_is_found() -> None:
    patient = np.arange(1, 73)
    columns = {
        "time": 20 + 37 * patient % 500,
        "event": (~np.isin(patient % 10, [1, 4, 7])).astype(float),
        "sex": np.where(patient % 2, 1.0, 2.0),
        "age": 40 + 11 * patient % 41,
    }
    found = cox(columns, "age", "sex", profile="spss")
    age, sex = found.multivariable
    assert numbers(age)[:5] == pytest.approx(
        [-0.015641925577887, 0.012638600321449, 0.9844797739753, 0.96039259305, 1.00917107481],
        rel=1e-10,
    )
    assert numbers(sex)[:5] == pytest.approx(
        [0.37835983446047, 0.28741495803773, 1.4598881664441, 0.83113492564, 2.56429298393],
        rel=1e-10,
    )
    assert -2 * (found.log_likelihood or 0) == pytest.approx(333.73774878528, rel=1e-12)
    assert found.lr_test is not None
    assert found.lr_test.statistic == pytest.approx(3.1992082929374, rel=1e-10)


# Second roads ---------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("stratified", [False, True])
@pytest.mark.parametrize("seed", range(2))
def test_lifelines_has_the_same_model(seed: int, stratified: bool, late: bool) -> None:
    from lifelines import CoxPHFitter

    columns = random_columns(seed, 80)
    kept = ["time", "event", "age", "arm", *["site"] * stratified, *["entry"] * late]
    frame = pd.DataFrame(columns)[kept]
    fitter = CoxPHFitter().fit(
        frame, "time", "event", strata=["site"] if stratified else None,
        entry_col="entry" if late else None, fit_options={"precision": 1e-12},
    )  # fmt: skip
    found = cox(
        columns, "age", "arm", strata=("site",) if stratified else (),
        entry="entry" if late else None,
    )  # fmt: skip
    rows = [numbers(row) for row in found.multivariable]
    names = ["coef", "se(coef)", "exp(coef)", "exp(coef) lower 95%", "exp(coef) upper 95%", "p"]
    # lifelines stops earlier than we do; the naive likelihood above checks the last digits.
    assert np.array(rows, dtype=float) == pytest.approx(fitter.summary[names].to_numpy(), rel=1e-5)
    assert found.log_likelihood == pytest.approx(fitter.log_likelihood_, rel=1e-9)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("seed", range(2))
def test_scikit_survival_has_the_same_model(seed: int, ties: str) -> None:
    from sksurv.linear_model import CoxPHSurvivalAnalysis
    from sksurv.util import Surv

    columns = random_columns(seed, 80)
    x = np.column_stack([columns["age"], columns["arm"]])
    y = Surv.from_arrays(columns["event"] == 1, columns["time"])
    other = CoxPHSurvivalAnalysis(ties=ties, tol=1e-12, n_iter=200).fit(x, y)
    found = cox(columns, "age", "arm", ties=ties)
    assert coefs(found) == pytest.approx(other.coef_, rel=1e-6)


# Laws -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
def test_units_and_offsets_of_a_covariate_do_not_matter(seed: int) -> None:
    """With x * 1000 + 5e6 in place of x: same test, same likelihood, scaled coefficient."""
    columns = random_columns(seed)
    moved = columns | {"age": columns["age"] * 1000 + 5e6}
    one, other = (cox(c, "age", "arm") for c in (columns, moved))
    assert other.multivariable[0].coef == pytest.approx((one.multivariable[0].coef or 0) / 1000)
    assert other.multivariable[0].p_value == pytest.approx(one.multivariable[0].p_value, rel=1e-6)
    assert numbers(other.multivariable[1]) == pytest.approx(numbers(one.multivariable[1]), rel=1e-6)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-9)
    assert other.concordance == one.concordance


@pytest.mark.parametrize("seed", range(3))
def test_an_offset_of_a_whole_stratum_does_not_matter(seed: int) -> None:
    """Two laboratories with two units in one column: their patients are never compared."""
    columns = random_columns(seed)
    moved = columns | {"age": columns["age"] + 2000 * (columns["site"] == "south")}
    one, other = (cox(c, "age", "arm", strata=("site",)) for c in (columns, moved))
    for a, b in zip(one.multivariable, other.multivariable, strict=True):
        assert numbers(b) == pytest.approx(numbers(a), rel=1e-6)
    assert other.log_likelihood == pytest.approx(one.log_likelihood, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_row_order_and_the_unit_of_time_do_not_matter(seed: int) -> None:
    columns = random_columns(seed)
    mixed = np.random.default_rng(0).permutation(len(columns["time"]))
    shuffled = {k: v[mixed] for k, v in columns.items()}
    months = columns | {"time": columns["time"] / 30.4375}
    one = cox(columns, "age", "site", "arm*age")
    for other in (cox(shuffled, "age", "site", "arm*age"), cox(months, "age", "site", "arm*age")):
        for a, b in zip(one.multivariable, other.multivariable, strict=True):
            assert (a.term, a.level, a.n, a.events) == (b.term, b.level, b.n, b.events)
            assert numbers(b) == pytest.approx(numbers(a), rel=1e-6)
        assert other.concordance == pytest.approx(one.concordance, rel=1e-12)


def test_the_reference_level_turns_the_ratio_around() -> None:
    columns = random_columns(2)
    columns["arm"] = np.where(columns["arm"] == 1, "b", "a").astype(object)
    a, b = (cox(columns, t).multivariable[0] for t in ("arm", "arm:cat(b)"))
    assert (a.level, a.reference, b.level, b.reference) == ("b", "a", "a", "b")
    assert a.coef == pytest.approx(-(b.coef or 0), rel=1e-9)
    assert a.conf_low == pytest.approx(1 / (b.conf_high or 1), rel=1e-9)


def test_the_groups_have_the_ratio_of_a_model_of_their_own() -> None:
    columns = random_columns(2)
    cohort = cohort_of(columns, group_by="age", cut_rule="median", strata=("site",))
    rows, notes = hazard_ratios(cohort, cohort.spec)
    high = (columns["age"] >= np.median(columns["age"])).astype(float)
    alone = cox(columns | {"high": high}, "high", strata=("site",)).multivariable[0]
    assert numbers(rows[0]) == pytest.approx(numbers(alone), rel=1e-9)
    assert (rows[0].n, rows[0].events) == (30, int(columns["event"][high == 1].sum()))
    assert notes == ()


def test_each_model_has_the_patients_who_have_its_terms() -> None:
    columns = random_columns(3)
    columns["age"] = np.where(np.arange(60) < 10, np.nan, columns["age"])
    columns["dose"] = np.where(np.arange(60) >= 50, np.nan, columns["dose"])
    found = cox(columns, "age", "dose")
    assert [row.n for row in found.univariable] == [50, 50]
    assert [row.n for row in found.multivariable] == [found.n, found.n] == [40, 40]
    complete = {k: v[10:50] for k, v in columns.items()}
    assert coefs(found) == pytest.approx(coefs(cox(complete, "age", "dose")), rel=1e-10)
    assert coefs(found)[0] != pytest.approx(found.univariable[0].coef, rel=1e-3)
    assert any(note.about == "n" for note in found.notes)


# Data that break fits -------------------------------------------------------------------------


@pytest.mark.parametrize("value", [0.0, 3.0, 1e9])
def test_a_constant_number_has_no_ratio_and_a_note(value: float) -> None:
    columns = random_columns(0) | {"same": np.full(60, value)}
    found = cox(columns, "age", "same")
    assert numbers(found.multivariable[1]) == [None] * 6
    assert coefs(found)[0] == pytest.approx(coefs(cox(columns, "age"))[0], rel=1e-9)
    assert said(found, "same", "not estimated")


@pytest.mark.parametrize("terms", [("same",), ("age", "same"), ("same*age",), ("arm*same",)])
def test_a_category_of_one_level_leaves_the_other_terms_as_they_are(terms: tuple[str, ...]) -> None:
    """It has no row; a filter makes such columns all the time."""
    columns = random_columns(0) | {"same": np.full(60, "x", dtype=object)}
    found = cox(columns, *terms)
    others = {"age", "arm"} & set("*".join(terms).split("*"))
    assert [row.term for row in found.multivariable] == sorted(others)
    assert coefs(found) == pytest.approx(coefs(cox(columns, *others)) if others else [], rel=1e-9)
    assert said(found, "same", "not estimated")


def test_a_patient_without_the_only_level_is_not_in_the_model() -> None:
    columns = random_columns(0) | {"same": ["x"] * 50 + [None] * 10}
    assert cox(columns, "age", "same").n == 50


@pytest.mark.parametrize(
    "terms",
    [("none",), ("age", "none"), ("none:spline",), ("none:log2",), ("none:per(2)",),
     ("none:cut",), ("none:cut(3)",), ("none:trend",), ("none*age",), ("first", "second")],
)  # fmt: skip
def test_a_model_without_patients_is_said_and_not_a_crash(terms: tuple[str, ...]) -> None:
    columns = random_columns(0) | {
        "none": [None] * 60,
        "first": [1.0 + i % 7 if i < 30 else None for i in range(60)],
        "second": [1.0 + i % 7 if i >= 30 else None for i in range(60)],
    }
    try:
        found = cox(columns, *terms)
    except SpecError as error:
        assert "none" in str(error)  # noqa: PT017
    else:
        assert found.n == 0
        assert all(numbers(row) == [None] * 6 for row in found.multivariable)
        assert found.notes


def test_strata_of_nobody_are_said_and_not_a_crash() -> None:
    columns = random_columns(0) | {"none": [None] * 60}
    found = cox(columns, "age", strata=("none",))
    assert (found.n, numbers(found.multivariable[0])) == (0, [None] * 6)
    assert found.notes


@pytest.mark.parametrize("copy", [lambda x: x, lambda x: 3 * x - 1e4, lambda x: -x])
def test_a_duplicated_column_has_no_ratio_and_the_first_one_keeps_its_own(copy: Any) -> None:
    columns = random_columns(0)
    columns["again"] = copy(columns["age"])
    found = cox(columns, "age", "again", "arm")
    assert numbers(found.multivariable[1]) == [None] * 6
    alone = cox(columns, "age", "arm")
    for row, expected in zip(
        (found.multivariable[0], found.multivariable[2]), alone.multivariable, strict=True
    ):
        assert numbers(row) == pytest.approx(numbers(expected), rel=1e-7)
    assert found.lr_test is not None
    assert found.lr_test.df == 2
    assert said(found, "again", "not estimated")


def test_levels_that_add_up_to_another_column_are_not_estimated() -> None:
    columns = random_columns(0)
    columns["south"] = (columns["site"] == "south").astype(float)
    found = cox(columns, "site", "south")
    assert numbers(found.multivariable[-1]) == [None] * 6
    assert None not in coefs(found)[:-1]


@pytest.mark.parametrize("seed", range(3))
def test_separation_gives_no_ratio_and_leaves_the_others_right(seed: int) -> None:
    """Nobody with the mark has the event: beta runs to minus infinity, and R prints 1e-9.

    In the limit those patients have no weight: the other coefficients are those of a model of
    the rest.
    """
    columns = random_columns(seed)
    mark = np.arange(60) % 6 == 0
    columns["event"] = np.where(mark, 0.0, columns["event"])
    found = cox(columns | {"mark": mark.astype(float)}, "age", "mark", "arm")
    rest = cox({k: v[~mark] for k, v in columns.items()}, "age", "arm")
    assert numbers(found.multivariable[1]) == [None] * 6
    for row, expected in zip(
        (found.multivariable[0], found.multivariable[2]), rest.multivariable, strict=True
    ):
        assert numbers(row) == pytest.approx(numbers(expected), rel=1e-5)
    assert found.log_likelihood == pytest.approx(rest.log_likelihood, rel=1e-6)
    assert said(found, "mark", "no finite hazard ratio")


def test_a_group_without_events_has_no_finite_ratio() -> None:
    columns = {"time": [1, 2, 3, 4, 5, 6], "event": [1, 1, 1, 0, 0, 0], "g": list("aaabbb")}
    cohort = cohort_of(columns, group_by="g")
    rows, notes = hazard_ratios(cohort, cohort.spec)
    assert numbers(rows[0]) == [None] * 6
    assert (rows[0].n, rows[0].events) == (3, 0)
    assert len(notes) == 1


def test_a_large_but_finite_coefficient_is_kept() -> None:
    """Not every big ratio is separation: one patient against the order is enough."""
    x = [0.0] * 20 + [1.0] * 20
    time = list(range(21, 41)) + list(range(1, 21))
    time[0], time[39] = 20.5, 20.75
    found = cox({"time": time, "event": [1] * 40, "x": x}, "x").multivariable[0]
    assert found.coef is not None
    assert found.coef > 3


def test_no_events_give_no_ratio() -> None:
    found = cox(random_columns(0) | {"event": np.zeros(60)}, "age")
    assert (numbers(found.multivariable[0]), found.lr_test, found.concordance) == (
        [None] * 6, None, None,
    )  # fmt: skip


def test_few_events_for_the_parameters_are_warned_about() -> None:
    few, enough = random_columns(0, 20), random_columns(0, 60)
    assert any(note.about == "events" for note in cox(few, "age", "arm").notes)
    assert not any(note.about == "events" for note in cox(enough, "age", "arm").notes)


# Concordance ----------------------------------------------------------------------------------


def naive_concordance(
    time: np.ndarray,
    event: np.ndarray,
    score: np.ndarray,
    entry: np.ndarray | None = None,
    strata: np.ndarray | None = None,
) -> float | None:
    pairs, good = 0, 0.0
    for i, j in itertools.permutations(range(len(time)), 2):
        if not event[i] or (strata is not None and strata[i] != strata[j]):
            continue
        if entry is not None and not entry[j] < time[i]:
            continue
        if time[j] > time[i] or (time[j] == time[i] and not event[j]):
            pairs += 1
            good += 1.0 if score[i] > score[j] else 0.5 if score[i] == score[j] else 0.0
    return good / pairs if pairs else None


@LAW
@given(
    st.lists(
        st.tuples(st.integers(1, 6), st.booleans(), st.integers(0, 4), st.integers(0, 1)),
        min_size=1,
        max_size=15,
    ),
    st.booleans(),
    st.booleans(),
)
def test_concordance_is_counted_from_the_definition(
    rows: list[tuple[Any, ...]], late: bool, stratified: bool
) -> None:
    time, event, score, stratum = (np.array(c) for c in zip(*rows, strict=True))
    entry = (time - 1) * (score % 2) * 0.5 if late else None
    strata = stratum if stratified else None
    found = concordance(time * 1.0, event, score * 1.0, entry=entry, strata=strata)
    expected = naive_concordance(time, event, score, entry, strata)
    assert found is expected is None or found == pytest.approx(expected, rel=1e-12)


def test_concordance_over_several_blocks_with_ties_across_them() -> None:
    """More events than are compared at a time, many at one time and with one score."""
    rng = np.random.default_rng(3)
    time, event = rng.integers(1, 9, 2500).astype(float), rng.random(2500) < 0.6
    score = rng.integers(0, 6, 2500).astype(float)
    longer = (time[:, None] < time) | ((time[:, None] == time) & ~event)
    pairs = longer & event[:, None]
    better = (score[:, None] > score) + 0.5 * (score[:, None] == score)
    assert concordance(time, event, score) == pytest.approx(float(better[pairs].mean()), rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_lifelines_has_the_same_concordance(seed: int) -> None:
    from lifelines.utils import concordance_index

    columns = random_columns(seed)
    found = cox(columns, "age", "arm")
    beta = np.array(coefs(found), dtype=float)
    score = np.column_stack([columns["age"], columns["arm"]]) @ beta
    assert found.concordance == pytest.approx(
        concordance_index(columns["time"], -score, columns["event"]), rel=1e-12
    )


# Proportional hazards -------------------------------------------------------------------------


def naive_score_test(columns: dict[str, Any], names: list[str], which: list[int]) -> float:
    """Score test of added terms x g(t), g = 1 - S(t-), from the risk sets one by one (no ties)."""
    time, event = columns["time"], columns["event"] == 1
    x = np.column_stack([columns[n] for n in names])
    beta = np.array(coefs(cox(columns, *names)), dtype=float)
    p = len(names)
    score, information = np.zeros(2 * p), np.zeros((2 * p, 2 * p))
    survival = 1.0
    for t in np.sort(time[event]):
        at_risk = time >= t
        w = np.exp(x[at_risk] @ beta)
        mean = w @ x[at_risk] / w.sum()
        spread = x[at_risk] - mean
        variance = (spread * w[:, None]).T @ spread / w.sum()
        g = 1 - survival
        scale = np.array([1.0, g])
        score += np.kron(scale, x[time == t][0] - mean)
        information += np.kron(np.outer(scale, scale), variance)
        survival *= 1 - 1 / at_risk.sum()
    # The score of the coefficients themselves is 0; those tested are held apart from the others.
    tested = [p + k for k in which]
    kept = list(range(p)) + tested
    u, v = score[kept], information[np.ix_(kept, kept)]
    return float(u @ np.linalg.solve(v, u))


@pytest.mark.parametrize("seed", range(3))
def test_proportional_hazards_are_tested_by_the_score_of_the_definition(seed: int) -> None:
    columns = random_columns(seed, 50, ties=False)
    found = {t.term: t for t in cox(columns, "age", "arm", "dose").proportional_hazards}
    names = ["age", "arm", "dose"]
    for k, name in enumerate(names):
        assert found[name].statistic == pytest.approx(
            naive_score_test(columns, names, [k]), rel=1e-7
        )
        assert found[name].df == 1
    everything = naive_score_test(columns, names, [0, 1, 2])
    assert found["GLOBAL"].statistic == pytest.approx(everything, rel=1e-7)
    assert found["GLOBAL"].df == 3
    assert found["GLOBAL"].p_value == pytest.approx(stats.chi2.sf(everything, 3), rel=1e-7)


def test_the_test_of_lifelines_is_another_one() -> None:
    """It is the approximation that R left in 2019, and not even equal to that (issue 997)."""
    from lifelines import CoxPHFitter
    from lifelines.statistics import proportional_hazard_test

    columns = random_columns(1, 80, ties=False)
    frame = pd.DataFrame(columns)[["time", "event", "age", "arm"]]
    other = proportional_hazard_test(CoxPHFitter().fit(frame, "time", "event"), frame, "km")
    found = cox(columns, "age", "arm").proportional_hazards[0]
    assert found.statistic != pytest.approx(float(np.ravel(other.test_statistic)[0]), rel=1e-3)


def test_the_levels_of_a_category_are_tested_together() -> None:
    found = cox(random_columns(1), "site", "age").proportional_hazards
    assert [(t.term, t.df) for t in found] == [("site", 2), ("age", 1), ("GLOBAL", 3)]


# Forms of terms -------------------------------------------------------------------------------


@pytest.mark.parametrize("n_knots", sorted(KNOTS))
def test_a_spline_is_a_straight_line_beyond_its_outer_knots(n_knots: int) -> None:
    """A plain cubic spline runs away there, where there are hardly any patients."""
    x = np.sort(np.random.default_rng(1).gamma(2, 3, 400))
    low, high = (quantile(x, KNOTS[n_knots][k]) for k in (0, -1))
    basis = spline(x, n_knots)
    assert basis.shape == (400, n_knots - 1)
    assert np.array_equal(basis[:, 0], x)
    assert np.all(basis[x <= low][:, 1:] == 0)
    tail = x >= high
    for column in basis[tail][:, 1:].T:
        line = np.polyfit(x[tail], column, 1)
        assert column == pytest.approx(np.polyval(line, x[tail]), rel=1e-9, abs=1e-9)
    # And curved between them.
    inner = ~tail & (x > low)
    line = np.polyfit(x[inner], basis[inner, 1], 1)
    assert np.abs(basis[inner, 1] - np.polyval(line, x[inner])).max() > 1e-3


def test_a_spline_is_smooth_at_its_knots() -> None:
    x = np.linspace(0, 10, 1001)
    second = np.diff(spline(x, 4)[:, 1:], n=2, axis=0)
    assert np.abs(np.diff(second, axis=0)).max() < 1e-4 * np.abs(spline(x, 4)).max()


@pytest.mark.parametrize("argument", ["2", "8", "4.5", "x", "-3"])
def test_a_spline_has_3_to_7_knots(argument: str) -> None:
    with pytest.raises(SpecError) as caught:
        cox(random_columns(0), f"age:spline({argument})")
    assert caught.value.field == "terms"


def test_a_step_divides_and_a_doubling_takes_the_logarithm() -> None:
    columns = random_columns(0)
    plain = cox(columns, "dose").multivariable[0]
    per = cox(columns, "dose:per(10)").multivariable[0]
    assert per.coef == pytest.approx(10 * (plain.coef or 0), rel=1e-9)
    log2 = cox(columns, "dose:log2").multivariable[0]
    logged = cox(columns | {"l": np.log2(columns["dose"])}, "l").multivariable[0]
    assert numbers(log2) == pytest.approx(numbers(logged), rel=1e-10)


@pytest.mark.parametrize("term", ["dose:log2", "dose:per(0)", "site:log2", "site:spline",
                                  "site:cut(3)", "arm:cat(7)", "dose:per(x)"])  # fmt: skip
def test_a_form_that_a_column_cannot_have_is_refused(term: str) -> None:
    columns = random_columns(0)
    columns["dose"][0] = 0.0
    with pytest.raises(SpecError) as caught:
        cox(columns, term)
    assert caught.value.field in ("terms", "cut_rule")


def test_a_cut_term_is_cut_like_the_curves_unless_it_says_otherwise() -> None:
    columns = random_columns(0)
    asked = {"group_by": "age", "cut_value": ("55",), "cut_side": "gt"}
    row = cox(columns, "age:cut", **asked).multivariable[0]
    assert (row.level, row.reference) == ("> 55", "<= 55")
    assert row.n == (columns["age"] > 55).sum()
    other = cox(columns, "age:cut(65)", **asked).multivariable[0]
    assert (other.level, other.n) == ("> 65", (columns["age"] > 65).sum())
    three = cox(columns, "age:cut(55;65)").multivariable
    assert [r.level for r in three] == ["55 to < 65", ">= 65"]


def test_a_trend_counts_the_levels() -> None:
    columns = random_columns(0)
    place = pd.Series(columns["site"]).map({"north": 1.0, "south": 2.0, "west": 3.0}).to_numpy()
    trend = cox(columns, "site:trend").multivariable[0]
    assert numbers(trend) == pytest.approx(
        numbers(cox(columns | {"place": place}, "place").multivariable[0]), rel=1e-10
    )
    assert (trend.level, trend.reference) == (None, None)


def test_an_interaction_brings_its_main_effects_and_is_their_product() -> None:
    columns = random_columns(0)
    found = cox(columns, "age*arm")
    assert [row.term for row in found.multivariable] == ["age", "arm", "age*arm"]
    assert [row.term for row in found.univariable] == ["age", "arm"]
    product = columns | {"product": columns["age"] * columns["arm"]}
    expected = cox(product, "age", "arm", "product")
    for row, other in zip(found.multivariable, expected.multivariable, strict=True):
        assert numbers(row) == pytest.approx(numbers(other), rel=1e-9)


def test_an_interaction_of_a_category_has_a_row_for_each_level() -> None:
    found = cox(random_columns(0), "site*arm").multivariable
    assert [(row.term, row.level) for row in found] == [
        ("site", "south"), ("site", "west"), ("arm", None),
        ("site*arm", "south"), ("site*arm", "west"),
    ]  # fmt: skip


def test_an_interaction_takes_the_form_of_its_main_effect() -> None:
    columns = random_columns(0)
    found = cox(columns, "dose:log2", "dose*arm").multivariable
    logged = np.log2(columns["dose"])
    table = columns | {"l": logged, "la": logged * columns["arm"]}
    expected = cox(table, "l", "arm", "la").multivariable
    assert [row.term for row in found] == ["dose:log2", "arm", "dose*arm"]
    for row, other in zip(found, expected, strict=True):
        assert numbers(row) == pytest.approx(numbers(other), rel=1e-8)


def test_univariable_p_values_after_holm_by_hand() -> None:
    cohort = cohort_of(random_columns(5, 60), terms=("age", "dose", "site"))
    found = model(cohort, cohort.spec)
    p = [row.p_value for row in found.univariable]
    assert len(p) > 2
    order = sorted(range(len(p)), key=lambda i: p[i] or 0)
    expected, highest = [0.0] * len(p), 0.0
    for rank, i in enumerate(order):
        highest = max(highest, min(1.0, (len(p) - rank) * (p[i] or 0)))
        expected[i] = highest
    assert found.univariable_adjusted == pytest.approx(expected, abs=1e-12)
