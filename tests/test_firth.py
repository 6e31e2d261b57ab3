"""Firth's method: a closed form, printed numbers, R by a second road, and data that separate."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize, stats

from core.analysis import analyse_query
from core.survival import firth, newton
from core.survival.cox import CoxResult, hazard_ratios, model
from core.survival.risk import RiskSets, moments, risk_sets, third
from tests.cohorts import LAW, cohort_of, random_columns
from tests.reference.export_data import export

REFERENCE = Path(__file__).parent / "reference" / "firth_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]

SMALLEST = {"time": [1.0, 2, 3], "event": [1.0, 1, 1], "x": [1.0, 1, 0]}
SEPARATED = {
    "time": [2.0, 3, 5, 8, 11, 4, 6, 9, 12, 14, 15, 20],
    "event": [1.0] * 5 + [0.0] * 7,
    "x": [1.0, 1, 1, 1, 1, 0, 0, 0, 0, 0, 1, 0],
}
AML = {
    "time": [9.0, 13, 13, 18, 23, 28, 31, 34, 45, 48, 161, 5, 5, 8, 8, 12, 16, 23, 27, 30, 33, 43,
             45],
    "event": [1.0, 1, 0, 1, 1, 0, 1, 1, 0, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 1, 1, 1, 1],
    "x": [0.0] * 11 + [1.0] * 12,
}  # fmt: skip
OVARIAN = {
    "time": [59.0, 115, 156, 421, 431, 448, 464, 475, 477, 563, 638, 744, 769, 770, 803, 855, 1040,
             1106, 1129, 1206, 1227, 268, 329, 353, 365, 377],
    "event": [1.0, 1, 1, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 0],
    "age": [72.3315, 74.4932, 66.4658, 53.3644, 50.3397, 56.4301, 56.937, 59.8548, 64.1753, 55.1781,
            56.7562, 50.1096, 59.6301, 57.0521, 39.2712, 43.1233, 38.8932, 44.6, 53.9068, 44.2055,
            59.589, 74.5041, 43.137, 63.2192, 64.4247, 58.3096],
    "rx": [1.0, 1, 1, 2, 1, 1, 2, 2, 1, 2, 1, 2, 2, 2, 1, 1, 1, 1, 2, 2, 2, 1, 1, 2, 2, 2],
}  # fmt: skip


def firth_cox(columns: dict[str, Any], *terms: str, **fields: Any) -> CoxResult:
    cohort = cohort_of(columns, terms=terms, estimator="firth", **fields)
    return model(cohort, cohort.spec)


def sets_of(columns: dict[str, Any], ties: str = "efron") -> RiskSets:
    return risk_sets(np.array(columns["time"]), np.array(columns["event"]) > 0, ties=ties)


def said(result: CoxResult, *words: str) -> bool:
    return any(all(word in note.text for word in words) for note in result.notes)


# Closed form and printed numbers --------------------------------------------------------------


def smallest(b: float) -> float:
    """Penalised likelihood of the three patients of `SMALLEST`, written out by hand."""
    e = np.exp(b)
    information = 2 * e / (2 * e + 1) ** 2 + e / (e + 1) ** 2
    return float(np.log(e / (2 * e + 1)) + np.log(e / (e + 1)) + 0.5 * np.log(information))


def test_three_patients_are_the_closed_form() -> None:
    top = optimize.minimize_scalar(lambda b: -smallest(b), bounds=(0, 3), options={"xatol": 1e-9})
    drop = stats.chi2.isf(0.05, 1) / 2
    low, high = (
        optimize.brentq(lambda b: smallest(b) - smallest(top.x) + drop, *ends, xtol=1e-12)
        for ends in ((-10, top.x), (top.x, 20))
    )
    row = firth_cox(SMALLEST, "x").multivariable[0]
    assert row.coef == pytest.approx(top.x, abs=1e-6)
    assert row.conf_low == pytest.approx(np.exp(low), rel=1e-8)
    assert row.conf_high == pytest.approx(np.exp(high), rel=1e-8)
    statistic = 2 * (smallest(row.coef or 0.0) - smallest(0.0))
    assert row.p_value == pytest.approx(stats.chi2.sf(statistic, 1), rel=1e-9)


@pytest.mark.parametrize("seed", [0, 8, 108, 253, 260])
def test_a_limit_far_out_keeps_its_digits(seed: int) -> None:
    """Summed over both strata at once, the smaller weights of one would be noise there."""
    rng = np.random.default_rng(seed)
    time, event = np.arange(1.0, 7), rng.random(6) < 0.6
    x, strata = np.round(rng.normal(size=6) * 2), rng.integers(0, 2, 6)

    def penalised(b: float) -> float:
        value, information = 0.0, 0.0
        for i in np.flatnonzero(event):
            among = x[(time >= time[i]) & (strata == strata[i])]
            w = np.exp(b * among - (b * among).max())
            w = w / w.sum()
            value += b * x[i] - float((b * among).max()) + float(np.log(w.max()))
            information += float(w @ (among - w @ among) ** 2)
        return value + 0.5 * float(np.log(information))

    sets = risk_sets(time, event, strata=strata, ties="breslow")
    found = firth.fit(sets, x[:, None], level=0.99)
    floor = penalised(float(found.beta[0])) - stats.chi2.isf(0.01, 1) / 2
    for limit in (found.low[0], found.high[0]):
        assert penalised(float(limit)) == pytest.approx(floor, abs=1e-7)


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (SMALLEST, (1.3291038, 0.2914006, 528.73056, 0.33874994)),
        (SEPARATED, (2.627319, 1.5633893, 1818.0771, 0.013742309)),
        (AML, (0.86878792, 0.9249104, 6.7048289, 0.072351708)),
    ],
)
def test_one_term_is_as_printed(columns: dict[str, Any], expected: tuple[float, ...]) -> None:
    """Numbers of an independent optimiser with Breslow's ties (methods, part C3)."""
    row = firth_cox(columns, "x", ties="breslow").multivariable[0]
    assert (row.coef, row.conf_low, row.conf_high, row.p_value) == pytest.approx(expected, rel=2e-7)


def test_likelihoods_are_penalised_in_the_units_of_the_columns() -> None:
    result = firth_cox(SMALLEST, "x")
    assert result.log_likelihood == pytest.approx(-1.709334, abs=1e-6)
    assert result.lr_test is not None
    assert result.lr_test.statistic == pytest.approx(0.91515651, rel=1e-7)
    assert said(result, "Firth", "log likelihood includes the penalty")


def test_two_terms_are_as_printed() -> None:
    """The printed optimiser stopped early; firthmodels 0.8.2 has our ten digits here."""
    rx, age = firth_cox(OVARIAN, "rx", "age").multivariable
    found = (rx.coef, rx.conf_low, rx.conf_high, age.coef, age.conf_low, age.conf_high)
    printed = (-0.83288817, 0.12889546, 1.4429945, 0.13683086, 1.0630224, 1.2654216)
    assert found == pytest.approx(printed, rel=5e-6)
    assert (rx.coef, age.coef) == pytest.approx((-0.832891000, 0.136831156), rel=2e-9)


# R by a second road ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("firth_tables")
    export(folder)
    return folder


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_r_agrees(case: dict[str, Any], exported: Path) -> None:
    """Ties of both kinds, strata and delayed entry: see reference/firth_reference.R."""
    query = case["query"] + "&estimator=firth&parts=cox"
    cox = analyse_query(exported / case["table"], query)["cox"]
    rows = cox["multivariable"]
    for name in ("coef", "std_error", "p_value"):
        assert [row[name] for row in rows] == pytest.approx(case[name], rel=1e-7), name
    for name in ("low", "high"):
        logs = [float(np.log(row[f"conf_{name}"])) for row in rows]
        assert logs == pytest.approx(case[name], rel=1e-7), name
    assert cox["log_likelihood"] == pytest.approx(case["log_likelihood"], rel=1e-10)
    assert cox["lr_test"]["statistic"] == pytest.approx(case["lr"], rel=1e-8)


# Laws -----------------------------------------------------------------------------------------


@LAW
@given(st.integers(0, 10**6), st.sampled_from(["efron", "breslow"]), st.booleans(), st.booleans())
def test_third_moments_are_the_slope_of_the_penalty(
    seed: int, ties: str, late: bool, stratified: bool
) -> None:
    table = random_columns(seed, 40)
    strata = np.unique(table["site"], return_inverse=True)[1] if stratified else None
    entry = table["entry"] if late else None
    sets = risk_sets(table["time"], table["event"] > 0, entry=entry, strata=strata, ties=ties)
    x = np.column_stack([(table["age"] - 60) / 10, table["arm"], table["dose"] / 5])[sets.order]
    beta = np.random.default_rng(seed).normal(0, 0.5, 3)

    def log_determinant(at: np.ndarray) -> float:
        return float(np.linalg.slogdet(moments(sets, x, at).information)[1])

    slope = [
        (log_determinant(beta + step) - log_determinant(beta - step)) / 2e-5
        for step in 1e-5 * np.eye(3)
    ]
    inverse = np.linalg.inv(moments(sets, x, beta).information)
    assert third(sets, x, beta, inverse) == pytest.approx(slope, rel=1e-5, abs=1e-5)


@LAW
@given(st.integers(0, 10**6), st.floats(0.001, 1000), st.floats(-100, 100))
def test_units_and_offsets_do_not_matter(seed: int, factor: float, offset: float) -> None:
    table = random_columns(seed, 30)
    sets = sets_of(table)
    x = np.column_stack([table["age"], table["arm"]])
    plain = firth.fit(sets, x, level=0.9)
    moved = firth.fit(sets, x * [factor, 1] + offset, level=0.9)
    for name in ("beta", "low", "high"):
        expected = getattr(plain, name) / [factor, 1]
        assert getattr(moved, name) == pytest.approx(expected, rel=1e-5, abs=1e-6 / factor), name
    assert moved.p_value == pytest.approx(plain.p_value, rel=1e-5)


@LAW
@given(st.integers(0, 10**6))
def test_nothing_is_ever_infinite(seed: int) -> None:
    """Few patients, rare categories: Cox's maximum is often at infinity, Firth's never is."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(6, 20))
    columns = {
        "time": rng.integers(1, 15, n).astype(float),
        "event": (rng.random(n) < 0.5).astype(float),
        "rare": (rng.random(n) < 0.2).astype(float),
        "half": (rng.random(n) < 0.5).astype(float),
    }
    sets = sets_of(columns)
    found = firth.fit(sets, np.column_stack([columns["rare"], columns["half"]]), level=0.95)
    use = ~found.aliased
    assert not found.infinite.any()
    for values in (found.beta, found.low, found.high, found.p_value):
        assert np.isfinite(values[use]).all()
    assert (found.low[use] < found.beta[use]).all()
    assert (found.beta[use] < found.high[use]).all()


@LAW
@given(st.integers(0, 10**6))
def test_a_limit_is_where_the_test_just_rejects(seed: int) -> None:
    """At the limit of level 1 - p of the test of 0, the limit is 0."""
    table = random_columns(seed, 30)
    sets = sets_of(table)
    x = np.column_stack([table["age"], table["arm"]])
    p_value = firth.fit(sets, x, level=0.95).p_value
    for k in range(2):
        if p_value[k] < 0.999:
            at = firth.fit(sets, x, level=1 - float(p_value[k]))
            nearest = min(abs(at.low[k]), abs(at.high[k]))
            assert nearest < 1e-6 * (at.high[k] - at.low[k])


# In the answer --------------------------------------------------------------------------------


def test_separated_groups_have_a_finite_hazard_ratio_on_both_pages() -> None:
    columns = {**SEPARATED, "x": ["b" if x else "a" for x in SEPARATED["x"]]}
    ordinary = cohort_of(columns, group_by="x", ties="breslow")
    rows, notes = hazard_ratios(ordinary, ordinary.spec)
    assert rows[0].hazard_ratio is None
    assert any("Firth's method" in note.text for note in notes)
    asked = ordinary.spec.but(estimator="firth")
    assert hazard_ratios(ordinary, asked)[0][0].hazard_ratio == pytest.approx(13.836624, rel=1e-7)
    both = model(ordinary, asked.but(terms=("x",)))
    assert both.univariable == both.multivariable
    assert not said(both, "no finite hazard ratio")


def test_proportional_hazards_are_those_of_the_ordinary_model() -> None:
    table = random_columns(3, 80)
    ordinary = cohort_of(table, terms=("age", "arm"))
    expected = model(ordinary, ordinary.spec).proportional_hazards
    found = firth_cox(table, "age", "arm")
    assert found.proportional_hazards == expected
    assert said(found, "proportional hazards", "ordinary Cox model")
    lost = firth_cox(SEPARATED, "x").proportional_hazards
    assert [test.statistic for test in lost] == [None, None]


def test_a_column_that_does_not_vary_is_not_estimated() -> None:
    table = {**random_columns(5), "same": np.ones(60)}
    result = firth_cox(table, "age", "same")
    assert result.multivariable[1].coef is None
    assert result.parameters == 1
    alone = firth_cox(table, "age").multivariable[0]
    assert result.multivariable[0].coef == pytest.approx(alone.coef, rel=1e-9)


def test_without_events_nothing_is_estimated() -> None:
    result = firth_cox({**random_columns(5), "event": np.zeros(60)}, "age")
    assert result.multivariable[0].coef is None
    assert result.log_likelihood is None


def test_many_patients_need_no_penalty() -> None:
    """The penalty fades: in 4,000 patients both estimators agree to a hundredth of an error."""
    table = random_columns(9, 4000, ties=False)
    x = np.column_stack([table["age"], table["arm"]])
    sets = sets_of(table)
    found, ordinary = firth.fit(sets, x, level=0.95), newton.fit(sets, x)
    error = np.sqrt(np.diag(ordinary.covariance))
    assert np.abs((found.beta - ordinary.beta) / error).max() < 0.01
    assert found.low == pytest.approx(ordinary.beta - 1.959964 * error, abs=0.02 * error.max())
