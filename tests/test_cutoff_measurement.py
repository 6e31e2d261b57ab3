"""Measurement error: probabilities in closed form, plain redraws as a second road, and laws."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.cohort import Cohort
from core.errors import SpecError
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.measurement import MeasurementResult, high_probability, measurement, near
from core.view.distribution import DistributionShape
from core.view.lab import measurement as view
from tests.cohorts import LAW, cohort_of, random_columns


def cut_at(cutoff: float, columns: dict[str, np.ndarray], **fields: object) -> Cohort:
    asked = {"group_by": "dose", "cut_rule": "value", "cut_value": (repr(cutoff),)} | fields
    return cohort_of(columns, **asked)


def found_of(cohort: Cohort) -> MeasurementResult:
    return measurement(cohort, cohort.spec)


# By hand --------------------------------------------------------------------------------------


def test_who_is_near_by_hand() -> None:
    columns = {
        "time": [1, 2, 3, 4, 5, 6.0],
        "event": [1, 0, 1, 1, 1, 1.0],
        "dose": [8.9, 9.0, 10.0, 11.0, 11.1, 20.0],
    }
    found = found_of(cut_at(10.0, columns))
    assert (found.near_low, found.near_high) == (9.0, 11.0)
    assert (found.n_near, found.events_near) == (3, 2)
    # A patient at the cutoff leaves his side in half of the repeats, one at 11 in 2.5 % of them.
    sides = np.abs(np.log(np.array(columns["dose"]) / 10)) / (np.log(1.1) / 1.959963984540054)
    assert found.n_moved == pytest.approx(stats.norm.sf(sides).sum(), rel=1e-10)
    assert stats.norm.sf(sides)[[2, 3]] == pytest.approx([0.5, 0.025], abs=1e-12)


def test_values_below_zero_get_an_added_error() -> None:
    x = np.array([-2.0, 0.0, 9.0, 10.0, 11.0])
    probability, scale = high_probability(x, x >= 10, 10.0, 0.1)
    assert scale == "added"
    assert probability[2:] == pytest.approx([0.025, 0.5, 0.975], abs=1e-12)
    assert near(-x, -10.0, 0.1).tolist() == [False, False, True, True, True]


def test_the_result_as_measured_is_that_of_the_groups() -> None:
    cohort = cut_at(5.0, random_columns(1, 200))
    found = found_of(cohort)
    one = Endpoint.of(cohort).compare(cohort.groups.codes == 1)
    assert found.measured.p_value == one.p_value
    assert found.measured.hazard_ratio == pytest.approx(np.exp(one.coef or 0.0), rel=1e-12)


def test_without_error_nothing_moves() -> None:
    found = found_of(cut_at(5.0, random_columns(1, 200), measurement_error=0.0))
    assert found.n_moved == 0
    assert found.hazard_ratio is not None
    assert found.hazard_ratio.low == found.hazard_ratio.high
    assert found.hazard_ratio.median == pytest.approx(found.measured.hazard_ratio, rel=1e-12)


# Second road ----------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["factor", "added"])
def test_plain_redraws_of_the_values_agree(scale: str) -> None:
    """Values redrawn one by one, compared anew: the same distribution within Monte Carlo error."""
    columns = random_columns(8, 150)
    if scale == "added":
        columns["dose"] = columns["dose"] - columns["dose"].min()
    cohort = cut_at(5.0, columns, measurement_error=0.3, seed=4.0)
    found, endpoint = found_of(cohort), Endpoint.of(cohort)
    x, rng, draws = columns["dose"], np.random.default_rng(99), 2000
    z = rng.normal(size=(draws, 150)) / 1.959963984540054
    values = x * np.exp(np.log(1.3) * z) if scale == "factor" else x + 0.3 * 5 * z
    comparisons = [endpoint.compare(row >= 5.0) for row in values]
    coef = np.array([c.coef for c in comparisons], dtype=float)
    assert found.scale == scale
    assert found.hazard_ratio is not None
    moved = ((values >= 5.0) != (x >= 5.0)).sum(axis=1)
    assert found.n_moved == pytest.approx(moved.mean(), abs=4 * moved.std() / draws**0.5)
    spread = coef.std()
    assert np.log(found.hazard_ratio.median) == pytest.approx(np.median(coef), abs=0.2 * spread)
    assert np.log(found.hazard_ratio.low) == pytest.approx(
        np.quantile(coef, 0.025), abs=0.35 * spread
    )
    assert np.log(found.hazard_ratio.high) == pytest.approx(
        np.quantile(coef, 0.975), abs=0.35 * spread
    )
    below = np.mean([c.p_value is not None and c.p_value < 0.05 for c in comparisons])
    assert found.share_below == pytest.approx(below, abs=0.08)


# Laws -----------------------------------------------------------------------------------------


@LAW
@given(error=st.floats(0.01, 0.9), factor=st.floats(0.01, 100), seed=st.integers(0, 1000))
def test_the_unit_of_the_marker_does_not_matter(error: float, factor: float, seed: int) -> None:
    x = np.random.default_rng(seed).gamma(2, 3, 50)
    own, _ = high_probability(x, x >= 5, 5.0, error)
    other, _ = high_probability(x * factor, x >= 5, 5.0 * factor, error)
    assert other == pytest.approx(own, abs=1e-9)
    assert ((own > 0.5) == (x >= 5)).all()
    wider, _ = high_probability(x, x >= 5, 5.0, min(1.5 * error, 0.99))
    assert (np.abs(wider - 0.5) <= np.abs(own - 0.5) + 1e-12).all()


def test_the_seed_decides() -> None:
    columns = random_columns(3, 120)
    one, same, other = (found_of(cut_at(5.0, columns, seed=s)) for s in (1.0, 1.0, 2.0))
    assert one.hazard_ratio == same.hazard_ratio
    assert one.p_value != other.p_value


def test_the_work_can_be_left() -> None:
    def leave(fraction: float) -> None:
        raise KeyboardInterrupt

    cohort = cut_at(5.0, random_columns(3, 120))
    with pytest.raises(KeyboardInterrupt):
        measurement(cohort, cohort.spec, progress=leave)


# Questions that cannot be answered --------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"group_by": None}, "no marker yet"),
        ({"group_by": "site", "cut_rule": "none", "cut_value": ()}, "not made by a cutoff"),
        ({"cut_rule": "tertiles", "cut_value": ()}, "one marker with one cutoff"),
        ({"cut_value": ("1000",)}, "on one side"),
        ({"entry": "entry"}, "delayed entry"),
    ],
)
def test_what_is_no_single_cutoff_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        found_of(cut_at(5.0, random_columns(1), **fields))


def test_a_cutoff_of_zero_is_told() -> None:
    columns = random_columns(1, 100)
    columns["dose"] = columns["dose"] - 5
    found = found_of(cut_at(0.0, columns))
    assert found.n_moved == 0
    assert any(n.level == "warning" and "cutoff is 0" in n.text for n in found.notes)


# Figure and sentence ----------------------------------------------------------------------------


def test_the_bars_hold_every_patient_once_and_those_near_are_marked() -> None:
    cohort = cut_at(5.0, random_columns(2, 300))
    found = found_of(cohort)
    shape = DistributionShape.of_number(cohort)
    made = view.data(cohort, found, shape)
    bars = made["bars"].to_pydict()
    n = np.array(bars["n"]) - np.array(bars["low"])
    assert n.sum() == 300
    assert n[np.array(bars["near"])].sum() == found.n_near
    assert n[np.array(bars["group"]) == 1].sum() == cohort.groups.levels[1].n


def test_the_sentence_says_how_many_and_how_often() -> None:
    found = found_of(cut_at(5.0, random_columns(2, 300)))
    said = view.finding(found)
    assert f"{found.n_near} of 300 patients" in said
    assert f"in {round(1000 * found.share_below)} of 1000" in said
    assert "significant" not in said


def test_a_searched_cutoff_is_called_one() -> None:
    columns = random_columns(5, 120)
    best = found_of(cohort_of(columns, group_by="dose", cut_rule="best"))
    assert "the search ignored" in view.finding(best)
    assert any(n.level == "warning" and "a search finds" in n.text for n in best.notes)
    value = repr(cohort_of(columns, group_by="dose", cut_rule="best").groups.thresholds[0])
    typed = found_of(cohort_of(columns, group_by="dose", cut_rule="value", cut_value=(value,)))
    assert typed.searched  # taken by a click, it is the same cutoff
    median = found_of(cohort_of(columns, group_by="dose", cut_rule="median"))
    assert "search" not in view.finding(median)
