"""Parametric models against R's survreg, likelihoods written in R, closed forms and lifelines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lifelines
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from core.cohort import Cohort
from core.survival.parametric.families import NAMES, family
from core.survival.parametric.fit import Times, fit
from core.survival.parametric.models import FamilyFit, ParametricResult, Ratio, parametric
from tests.cohorts import LAW, cohort_of, random_columns
from tests.reference.export_data import export

REFERENCE = Path(__file__).parent / "reference" / "hazard_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]
IDS = [case["table"] for case in CASES]
CLASSICAL = ("exponential", "weibull", "lognormal", "loglogistic")
Z = stats.norm.ppf(0.975)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("parametric_tables")
    export(folder)
    return folder


def cohort_of_case(case: dict[str, Any], folder: Path) -> Cohort:
    table = pd.read_csv(folder / case["table"])
    columns = {
        "time": table[case["time"]].to_numpy(dtype=float),
        "event": table[case["event"]].to_numpy(dtype=float),
        "x": [f"{v}" for v in table[case["x"]]],
    }
    return cohort_of(columns, group_by="x")


def fitted(result: ParametricResult, name: str, g: int) -> FamilyFit:
    return next(f for f in result.fits if (f.family, f.group) == (name, g))


def ratio(result: ParametricResult, name: str) -> Ratio:
    return next(r for r in result.ratios if r.family == name)


# R --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_survreg_has_the_same_models_of_each_group(case: dict[str, Any], exported: Path) -> None:
    cohort = cohort_of_case(case, exported)
    result = parametric(cohort, cohort.spec)
    for g, models in enumerate(case["groups"]):
        for name, expected in models.items():
            found = fitted(result, name, g)
            assert found.mu == pytest.approx(expected["mu"], rel=1e-8)
            assert found.sigma == pytest.approx(expected["sigma"], rel=1e-7)
            assert found.log_likelihood == pytest.approx(expected["log_likelihood"], rel=1e-11)
            assert found.median == pytest.approx(expected["median"], rel=1e-7)
            high = expected["median"] * np.exp(Z * expected["median_se_log"])
            assert found.conf_high == pytest.approx(high, rel=1e-6)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_survreg_has_the_same_ratios(case: dict[str, Any], exported: Path) -> None:
    cohort = cohort_of_case(case, exported)
    result = parametric(cohort, cohort.spec)
    for name, expected in case["ratios"].items():
        found, beta, error = ratio(result, name), expected["coef"], expected["std_error"]
        assert found.time_ratio == pytest.approx(np.exp(beta), rel=1e-7)
        assert found.conf_low == pytest.approx(np.exp(beta - Z * error), rel=1e-6)
        assert found.p_value == pytest.approx(2 * stats.norm.sf(abs(beta / error)), rel=1e-6)
        if name in ("lognormal", "loglogistic"):
            assert found.hazard_ratio is None
            continue
        # The delta method for -beta exp(-log sigma), in closed form.
        sigma = expected["sigma"]
        variance = error**2 + beta**2 * expected["variance_log_sigma"]
        variance -= 2 * beta * expected["covariance_with_log_sigma"]
        low = np.exp(-beta / sigma - Z * np.sqrt(variance) / sigma)
        assert found.hazard_ratio == pytest.approx(np.exp(-beta / sigma), rel=1e-7)
        assert found.hazard_conf_low == pytest.approx(low, rel=1e-6)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_generalised_gamma_is_that_of_a_likelihood_written_in_r(
    case: dict[str, Any], exported: Path
) -> None:
    cohort = cohort_of_case(case, exported)
    result = parametric(cohort, cohort.spec)
    for g, expected in enumerate(case["gengamma"]):
        found = fitted(result, "gengamma", g)
        mu, log_sigma, shape = expected["parameters"]
        assert found.log_likelihood == pytest.approx(expected["log_likelihood"], abs=1e-8)
        assert found.mu == pytest.approx(mu, abs=2e-5)
        assert np.log(found.sigma or 0) == pytest.approx(log_sigma, abs=2e-5)
        assert found.shape == pytest.approx(shape, abs=5e-5)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_delayed_entry_is_that_of_a_likelihood_written_in_r(
    case: dict[str, Any], exported: Path
) -> None:
    cohort = cohort_of_case(case, exported)
    late = np.arange(1, cohort.n + 1) % 3 == 0
    entry = np.where(late, cohort.time / 4, 0.0)
    times = Times(cohort.time, cohort.event, entry, np.ones((cohort.n, 1)))
    for name, expected in case["delayed"].items():
        found = fit(times, name)
        assert found.log_likelihood == pytest.approx(expected["log_likelihood"], abs=1e-7)
        asked = np.atleast_1d(expected["parameters"])
        assert found.parameters == pytest.approx(asked, abs=5e-5)


# Closed forms ---------------------------------------------------------------------------------


def test_the_exponential_is_events_over_time_at_risk() -> None:
    columns = {"time": [2.0, 3.0, 5.0, 8.0], "event": [1, 1, 1, 0]}
    cohort = cohort_of(columns, at=("4",))
    found = fitted(parametric(cohort, cohort.spec), "exponential", 0)
    assert np.exp(found.mu or 0) == pytest.approx(6.0, rel=1e-12)
    assert found.median == pytest.approx(6.0 * np.log(2), rel=1e-12)
    # The variance of log rate is 1 / events.
    assert found.conf_high == pytest.approx(6.0 * np.log(2) * np.exp(Z / np.sqrt(3)), rel=1e-8)
    at = found.at[0]
    low = np.exp(-np.exp(np.log(4 / 6) + Z / np.sqrt(3)))
    assert (at.estimate, at.conf_low) == (
        pytest.approx(np.exp(-4 / 6), rel=1e-12), pytest.approx(low, rel=1e-8)
    )  # fmt: skip


def test_after_a_landmark_the_exponential_forgets_what_was_before() -> None:
    columns = {"time": [2.0, 3.0, 5.0, 8.0, 9.0], "event": [1, 1, 1, 0, 1]}
    cohort = cohort_of(columns, landmark=2.5, at=("4.5",))
    found = fitted(parametric(cohort, cohort.spec), "exponential", 0)
    rate = 3 / (0.5 + 2.5 + 5.5 + 6.5)
    assert np.exp(-(found.mu or 0)) == pytest.approx(rate, rel=1e-12)
    assert found.at[0].estimate == pytest.approx(np.exp(-2 * rate), rel=1e-10)


@pytest.mark.parametrize("shape", [-2.0, -0.5, -1e-3, 1e-3, 0.5, 1.0, 2.0])
def test_the_generalised_gamma_is_scipys(shape: float) -> None:
    w = np.linspace(-3, 2, 11)
    chosen = family("gengamma", shape)
    log_f, log_s = chosen.log_density(w)[0], chosen.log_survival(w)[0]
    # W = log(G / a) / Q with G gamma of shape a = Q^-2.
    a = shape**-2
    g = stats.gamma(a)
    u = a * np.exp(shape * w)
    tail = g.logsf(u) if shape > 0 else g.logcdf(u)
    assert log_s == pytest.approx(tail, rel=1e-6, abs=1e-9)
    assert log_f == pytest.approx(g.logpdf(u) + np.log(u * abs(shape)), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("shape", [-1.3, 0.7])
def test_slopes_are_those_of_the_functions(name: str, shape: float) -> None:
    chosen, w, h = family(name, shape), np.linspace(-2, 1.5, 9), 1e-5
    for function in (chosen.log_density, chosen.log_survival):
        _, first, second = function(w)
        ahead, behind = function(w + h), function(w - h)
        assert first == pytest.approx((ahead[0] - behind[0]) / (2 * h), rel=1e-6, abs=1e-8)
        assert second == pytest.approx((ahead[1] - behind[1]) / (2 * h), rel=1e-6, abs=1e-8)
    q = chosen.quantile(0.3)
    assert np.exp(chosen.log_survival(np.array([q]))[0][0]) == pytest.approx(0.3, rel=1e-10)


@pytest.mark.parametrize("name", NAMES)
def test_the_hazard_adds_up_to_the_survival(name: str) -> None:
    rng = np.random.default_rng(1)
    days = rng.weibull(1.4, 80) * 300 + 1
    found = fit(Times(days, days < 350, np.zeros(80), np.ones((80, 1))), name)
    mu = float(found.coefficients[0])
    area = integrate.quad(
        lambda t: float(np.exp(found.log_hazard(np.array([t]), mu)[0])), 1e-9, 200, limit=200
    )[0]
    assert -found.log_survival(np.array([200.0]), mu)[0] == pytest.approx(area, rel=1e-4)


# A second library -----------------------------------------------------------------------------


def test_no_family_fits_better_in_lifelines(exported: Path) -> None:
    table = pd.read_csv(exported / "gbsg2.csv")
    cohort = cohort_of({"time": table["time"].to_numpy(dtype=float), "event": table["cens"]})
    result = parametric(cohort, cohort.spec)
    for name, fitter in {
        "exponential": lifelines.ExponentialFitter,
        "weibull": lifelines.WeibullFitter,
        "lognormal": lifelines.LogNormalFitter,
        "loglogistic": lifelines.LogLogisticFitter,
        "gengamma": lifelines.GeneralizedGammaFitter,
    }.items():
        other = fitter().fit(table["time"], table["cens"]).log_likelihood_
        found = fitted(result, name, 0).log_likelihood
        assert found is not None
        assert other - 1e-9 <= found <= other + 1e-3


# Laws -----------------------------------------------------------------------------------------


@settings(LAW, max_examples=20)
@given(st.integers(0, 10_000), st.sampled_from([0.5, 7.0]))
def test_the_unit_of_time_does_not_matter(seed: int, factor: float) -> None:
    columns = random_columns(seed, 40)
    del columns["entry"]
    scaled = columns | {"time": columns["time"] * factor}
    one, other = (cohort_of(c, group_by="arm") for c in (columns, scaled))
    a, b = parametric(one, one.spec), parametric(other, other.spec)
    events = {f.events for f in a.fits}
    for name in CLASSICAL:
        if min(events) < 3:
            continue
        assert ratio(a, name).time_ratio == pytest.approx(ratio(b, name).time_ratio, rel=1e-6)
        for g in range(len(one.groups.levels)):
            medians = fitted(a, name, g).median, fitted(b, name, g).median
            if None not in medians:
                assert (medians[0] or 0) * factor == pytest.approx(medians[1], rel=1e-6)


@LAW
@given(st.integers(0, 10_000))
def test_the_nested_families_are_in_order(seed: int) -> None:
    columns = random_columns(seed, 60)
    cohort = cohort_of({k: columns[k] for k in ("time", "event")})
    result = parametric(cohort, cohort.spec)
    found = {name: fitted(result, name, 0).log_likelihood for name in NAMES}
    if found["gengamma"] is not None and found["weibull"] is not None:
        assert found["gengamma"] >= found["weibull"] - 1e-7
        assert found["gengamma"] >= (found["lognormal"] or -np.inf) - 1e-7
        assert found["weibull"] >= (found["exponential"] or -np.inf) - 1e-9


def test_totals_are_in_the_order_of_aic(exported: Path) -> None:
    cohort = cohort_of_case(CASES[0], exported)
    result = parametric(cohort, cohort.spec)
    aics = [t.aic for t in result.totals]
    assert aics == sorted(aics)  # type: ignore[type-var]
    best = result.totals[0]
    members = [f.aic for f in result.fits if f.family == best.family]
    assert best.aic == pytest.approx(sum(m for m in members if m is not None), rel=1e-12)


# Edges ----------------------------------------------------------------------------------------


def test_a_group_without_events_has_no_fit_and_a_note() -> None:
    columns = {"time": [1.0, 2, 3, 4, 5, 6], "event": [1, 1, 1, 0, 0, 0], "arm": [*"aaabbb"]}
    cohort = cohort_of(columns, group_by="arm")
    result = parametric(cohort, cohort.spec)
    assert fitted(result, "weibull", 0).median is not None
    assert fitted(result, "weibull", 1).median is None
    assert all(total.aic is None for total in result.totals)
    assert all(r.time_ratio is None for r in result.ratios)
    assert any("b" in note.text and note.level == "warning" for note in result.notes)


def test_all_events_at_one_time_have_no_family_but_the_exponential() -> None:
    cohort = cohort_of({"time": [4.0, 4.0, 4.0, 6.0], "event": [1, 1, 1, 0]})
    result = parametric(cohort, cohort.spec)
    assert {f.family for f in result.fits if f.median is not None} == {"exponential"}


def test_a_time_of_zero_takes_no_part_and_is_counted() -> None:
    cohort = cohort_of({"time": [0.0, 2.0, 3.0, 5.0], "event": [1, 1, 1, 0]})
    result = parametric(cohort, cohort.spec)
    assert {f.n for f in result.fits} == {3}
    assert any("1 patient with a time of 0" in note.text for note in result.notes)
