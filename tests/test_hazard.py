"""The smoothed hazard and the scales of the curves, against R and by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate

from core.survival import km
from core.survival.hazard import LEAST_AT_RISK, hazard, smoother
from core.survival.scales import on_scale
from core.view import export
from core.view.curve import drawn
from core.view.curve.figure import Shape, description
from tests.cohorts import LAW, cohort_of
from tests.test_parametric import CASES, IDS, cohort_of_case, exported

__all__ = ["exported"]


def interpolated(curves: pd.DataFrame, g: int, times: np.ndarray, name: str) -> np.ndarray:
    mine = curves[curves["group"] == g]
    return np.interp(times, mine["time"], mine[name])


# The smoothed hazard --------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_formula_written_in_r_gives_the_same_hazard(
    case: dict[str, Any], exported: Path
) -> None:
    cohort = cohort_of_case(case, exported)
    width = case["bandwidth"]
    for g, expected in enumerate(case["hazard"]):
        at, found, error = np.array(expected).T
        rows = cohort.groups.codes == g
        time, event = cohort.time[rows], cohort.event[rows]
        times = np.unique(time[event])
        d = np.array([(time[event] == t).sum() for t in times])
        n = np.array([(time >= t).sum() for t in times])
        end = max(t for t in np.unique(time) if (time >= t).sum() >= LEAST_AT_RISK)
        use = times <= end
        weight = smoother(at, times[use], (0.0, end), width)
        assert weight @ (d / n)[use] == pytest.approx(found, rel=1e-10, abs=1e-16)
        assert np.sqrt(weight**2 @ (d / n**2)[use]) == pytest.approx(error, rel=1e-10, abs=1e-16)


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_the_result_is_that_formula_with_limits_on_the_log_scale(
    case: dict[str, Any], exported: Path
) -> None:
    cohort = cohort_of_case(case, exported)
    spec = cohort.spec.but(bandwidth=case["bandwidth"])
    result = hazard(cohort, spec)
    for g, expected in enumerate(case["hazard"]):
        at, found, error = np.array(expected).T
        inside = at <= result.curves[result.curves["group"] == g]["time"].max()
        middle = interpolated(result.curves, g, at, "estimate")[inside]
        assert middle == pytest.approx(found[inside], rel=0.02)  # between points of the grid
        high = interpolated(result.curves, g, at, "conf_high")[inside]
        expected_high = (found * np.exp(1.959964 * error / found))[inside]
        assert high == pytest.approx(expected_high, rel=0.05)


@pytest.mark.parametrize("place", [0.0, 0.4, 1.3, 5.0, 8.9, 10.0])
def test_a_kernel_keeps_a_constant_and_a_line(place: float) -> None:
    """Its integral is 1 and its first moment 0, at the ends too: no bias of first order."""

    def weight(t: float) -> float:
        return float(smoother(np.array([place]), np.array([t]), (0.0, 10.0), 2.0)[0, 0])

    ends = [max(place - 2, 0.0), min(place + 2, 10.0)]
    whole = integrate.quad(weight, *ends, limit=200)[0]
    moment = integrate.quad(lambda t: weight(t) * (t - place), *ends, limit=200)[0]
    assert whole == pytest.approx(1, abs=1e-7)
    assert moment == pytest.approx(0, abs=1e-7)


def test_a_constant_hazard_is_found_again() -> None:
    n = 4000
    time = -np.log((np.arange(n) + 0.5) / n) / 0.05
    cohort = cohort_of({"time": time, "event": np.ones(n)})
    curves = hazard(cohort, cohort.spec.but(bandwidth=8.0)).curves
    early = curves[curves["time"] < 40]
    assert early["estimate"].to_numpy() == pytest.approx(0.05, rel=0.06)


def test_without_a_bandwidth_the_rule_of_the_kernel_is_used() -> None:
    rng = np.random.default_rng(3)
    time = rng.weibull(2, 400) * 100
    cohort = cohort_of({"time": time, "event": np.ones(400)})
    spread = min(time.std(ddof=1), np.subtract(*np.quantile(time, [0.75, 0.25])) / 1.34)
    assert hazard(cohort, cohort.spec).bandwidth == pytest.approx(2.34 * spread * 400**-0.2)


def test_units_of_the_screen_change_hazard_and_bandwidth_together() -> None:
    rng = np.random.default_rng(3)
    columns = {"time": rng.weibull(2, 100) * 700, "event": np.ones(100)}
    days, months = cohort_of(columns), cohort_of(columns, show_unit="months")
    one, other = hazard(days, days.spec), hazard(months, months.spec)
    assert (other.bandwidth or 0) * 30.4375 == pytest.approx(one.bandwidth)
    assert other.curves["estimate"].to_numpy() == pytest.approx(
        one.curves["estimate"].to_numpy() * 30.4375
    )


def test_a_group_with_few_patients_has_no_hazard_and_a_note() -> None:
    columns = {"time": [*range(1, 21), 3, 4], "event": [1] * 22, "arm": ["a"] * 20 + ["b"] * 2}
    cohort = cohort_of(columns, group_by="arm")
    result = hazard(cohort, cohort.spec)
    assert set(result.curves["group"]) == {0}
    assert any("b" in note.text and note.level == "warning" for note in result.notes)


def test_nobody_with_an_event_leaves_nothing_to_smooth() -> None:
    cohort = cohort_of({"time": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0], "event": [0] * 6})
    result = hazard(cohort, cohort.spec)
    assert result.bandwidth is None
    assert len(result.curves) == 0


# Scales ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=IDS)
def test_survfit_has_the_same_cumulative_hazard(case: dict[str, Any], exported: Path) -> None:
    cohort = cohort_of_case(case, exported)
    curves = on_scale(km.estimate(cohort, cohort.spec).curves, "cumhaz", 0.95)
    expected = pd.DataFrame(case["cumulative"])
    assert curves["time"].to_numpy() == pytest.approx(expected["time"].to_numpy())
    estimate, error = expected["estimate"].to_numpy(), expected["std_error"].to_numpy()
    assert curves["estimate"].to_numpy() == pytest.approx(estimate, rel=1e-10)
    after = estimate > 0
    factor = np.exp(1.959963984540054 * error[after] / estimate[after])
    assert curves["conf_low"][after].to_numpy() == pytest.approx(estimate[after] / factor)
    assert curves["conf_high"][after].to_numpy() == pytest.approx(estimate[after] * factor)
    assert curves["conf_low"][~after].isna().all()


def test_scales_of_four_patients_by_hand() -> None:
    cohort = cohort_of({"time": [1.0, 2.0, 3.0, 4.0], "event": [1, 0, 1, 1]})
    curves = km.estimate(cohort, cohort.spec).curves
    assert on_scale(curves, "failure", 0.95)["estimate"].tolist() == [0.25, 0.25, 0.625, 1.0]
    log_log = on_scale(curves, "log-log", 0.95)
    assert log_log["time"].tolist() == [1.0, 2.0, 3.0]  # the curve is 0 at the last time
    assert log_log["estimate"].tolist() == pytest.approx(
        [np.log(-np.log(s)) for s in (0.75, 0.75, 0.375)]
    )
    hazards = on_scale(curves, "cumhaz", 0.95)["estimate"].tolist()
    assert hazards == pytest.approx([1 / 4, 1 / 4, 3 / 4, 7 / 4])


@LAW
@given(st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=2, max_size=30))
def test_limits_stand_on_their_sides_on_every_scale(rows: list[tuple[int, bool]]) -> None:
    cohort = cohort_of({"time": [t for t, _ in rows], "event": [float(e) for _, e in rows]})
    curves = km.estimate(cohort, cohort.spec).curves
    for scale in ("survival", "failure", "log-log", "cumhaz"):
        drawn_ = on_scale(curves, scale, 0.95).dropna()
        assert (drawn_["conf_low"] <= drawn_["estimate"] + 1e-12).all()
        assert (drawn_["estimate"] <= drawn_["conf_high"] + 1e-12).all()


# The figure -----------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", ["survival", "failure", "log-log", "cumhaz", "hazard"])
@pytest.mark.parametrize("name", ["none", "weibull"])
def test_every_scale_becomes_a_file(scale: str, name: str, exported: Path) -> None:
    from core.survival.parametric.models import parametric

    base = cohort_of_case(CASES[0], exported)
    cohort = cohort_of(
        {"time": base.time, "event": base.event.astype(float), "x": base.groups.codes},
        group_by="x", scale=scale, family=name, show_unit="months",
    )  # fmt: skip
    smooth = hazard(cohort, cohort.spec)
    largest = float(smooth.curves["estimate"].max()) if scale == "hazard" else None
    shape = Shape.of(cohort, "RFS", largest=largest)
    datasets = drawn.data(
        cohort, km.estimate(cohort, cohort.spec), shape, hazard=smooth,
        fitted=parametric(cohort, cohort.spec),
    )  # fmt: skip
    picture = export.svg({**description(shape), "datasets": datasets}, "t", [])
    assert "Number at risk" in picture
    assert "NaN" not in picture
    assert ("family" in datasets) == (name == "weibull")
    curve = datasets["curves"].to_pydict()
    if scale in ("survival", "failure", "cumhaz"):
        assert curve["estimate"][0] == {"survival": 1, "failure": 0, "cumhaz": 0}[scale]


def test_at_the_landmark_those_are_counted_who_are_followed_from_it_on() -> None:
    columns = {"time": [2.0, 3.0, 5.0, 8.0, 9.0], "event": [1, 1, 1, 0, 1]}
    cohort = cohort_of(columns, landmark=2.0)
    datasets = drawn.data(cohort, km.estimate(cohort, cohort.spec), Shape.of(cohort, "OS"))
    risk = datasets["risk"].to_pydict()
    assert (risk["days"][0], risk["n_risk"][0]) == (2.0, 4)


def test_after_a_landmark_the_hazard_begins_there() -> None:
    columns = {"time": np.linspace(1, 30, 60), "event": np.ones(60)}
    cohort = cohort_of(columns, landmark=6.0)
    curves = hazard(cohort, cohort.spec).curves
    assert curves["time"].min() == 6.0
    assert curves["estimate"].iloc[0] > 0


def test_a_landmark_is_drawn_and_the_curves_start_there() -> None:
    columns = {"time": [2.0, 3.0, 5.0, 8.0, 9.0], "event": [1, 1, 1, 0, 1]}
    cohort = cohort_of(columns, landmark=2.5)
    shape = Shape.of(cohort, "OS")
    datasets = drawn.data(cohort, km.estimate(cohort, cohort.spec), shape)
    assert datasets["landmark"].to_pydict() == {"days": [2.5]}
    curve = datasets["curves"].to_pydict()
    assert (curve["days"][0], curve["estimate"][0]) == (2.5, 1.0)
    risk = datasets["risk"].to_pydict()
    assert dict(zip(risk["days"], risk["n_risk"], strict=True))[4.0] == 3
    assert min(risk["days"]) >= 2.5
    picture = export.svg({**description(shape), "datasets": datasets}, "t", [])
    assert "Landmark at 2.5 days" in picture
