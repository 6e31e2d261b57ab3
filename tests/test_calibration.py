"""Calibration of predicted survival, in groups and as a smooth curve.

``reference/diagnostics_reference.json`` was written by ``reference/diagnostics_reference.R``.
"""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from core.survival.calibration import Outcome, calibrate, curve, grouped, kaplan_meier
from core.survival.discrimination import prediction
from core.survival.individual import final_model
from core.survival.optimism import predicted
from core.view.model import prediction as view
from core.view.model import scatter
from tests.cohorts import cohort_of, random_columns
from tests.test_discrimination import CASES, NAMES, exported, of_case  # noqa: F401

CLOSE = {"rel": 1e-8, "abs": 1e-10}


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_calibration_is_that_of_the_formulas_in_r(case, exported, monkeypatch) -> None:  # type: ignore[no-untyped-def]  # noqa: F811
    cohort = of_case(case, exported)
    monkeypatch.setattr("core.survival.calibration.PER_GROUP", 10_000)  # three groups
    found = prediction(cohort, cohort.spec).calibration
    if not case.get("calibration"):
        return
    theirs = case["calibration"]
    assert found is not None
    for name in ("time", "ici", "e50", "e90"):
        assert getattr(found, name) == pytest.approx(theirs[name], **CLOSE), name
    for name in ("n", "predicted", "estimate", "conf_low", "conf_high"):
        mine = [getattr(group, name) for group in found.groups]
        assert mine == pytest.approx(theirs[name], **CLOSE), name


def outcome_of(columns: dict[str, np.ndarray]) -> Outcome:
    return Outcome(columns["time"], columns["event"] > 0, None, None, "efron")


def test_the_truth_is_calibrated_and_extreme_predictions_are_not() -> None:
    rng = np.random.default_rng(4)
    x = rng.normal(size=4000)
    time, left = rng.exponential(np.exp(-x)), rng.exponential(4, 4000)
    outcome = Outcome(np.minimum(time, left), time <= left, None, None, "efron")
    truth = np.exp(-0.7 * np.exp(x))
    found = calibrate(outcome, truth, 0.7, level=0.95, kind="log-log")
    assert found is not None
    assert len(found.groups) == 5
    assert found.ici < 0.025  # the noise of 4000 patients is about 0.008
    assert abs(found.observed - found.at).max() < 0.05
    extreme = np.exp(-0.7 * np.exp(2 * x))
    worse = calibrate(outcome, extreme, 0.7, level=0.95, kind="log-log")
    assert worse is not None
    assert worse.ici > 3 * found.ici
    # Too extreme: low predictions are too low and high ones too high.
    assert worse.groups[0].estimate > worse.groups[0].predicted
    assert worse.groups[-1].estimate < worse.groups[-1].predicted


def test_predicted_survival_is_that_of_the_baseline_by_hand() -> None:
    """X = 0, 1, 0 die at 1, 2, 3 with ratio sqrt(2): S(2 | 0) = exp(-(1/(2+r) + 1/(1+r)))."""
    cohort = cohort_of({"time": [1.0, 2, 3], "event": [1, 1, 1], "x": [0.0, 1, 0]}, terms=("x",))
    _, model, _ = final_model(cohort, cohort.spec)
    assert model is not None
    r, codes = np.sqrt(2), np.zeros(3, dtype=np.int64)
    found = predicted(model, codes, model.matrix @ model.fit.beta, codes, 2.0)
    hazard = 1 / (2 + r) + 1 / (1 + r)
    assert found == pytest.approx(np.exp(-hazard * np.array([1, r, 1])))
    other = predicted(model, codes, np.zeros(1), np.array([5]), 2.0)
    assert np.isnan(other).all()  # a stratum that the model does not have


def test_groups_keep_equal_predictions_together() -> None:
    assert grouped(np.repeat([0.2, 0.8], 30)).tolist() == [0] * 30 + [1] * 30
    assert grouped(np.full(10, 0.4)).tolist() == [0] * 10
    assert np.bincount(grouped(np.linspace(0, 1, 100))).tolist() == [20] * 5
    assert grouped(np.linspace(0, 1, 27)).max() == 2


def test_kaplan_meier_at_a_time() -> None:
    columns = {"time": np.array([1.0, 2, 3, 4]), "event": np.array([1.0, 0, 1, 1])}
    outcome = outcome_of(columns)
    assert kaplan_meier(outcome, 0.5) == (1.0, 0.0)
    estimate, error = kaplan_meier(outcome, 3.0)
    assert estimate == pytest.approx(0.75 * 0.5)
    assert error == pytest.approx(np.sqrt(1 / 12 + 1 / 2))


def test_what_cannot_be_calibrated() -> None:
    columns = random_columns(1, 40)
    assert curve(outcome_of(columns), np.full(40, 0.3), 5.0) is None
    assert calibrate(outcome_of(columns), np.full(40, 0.3), 5.0, level=0.9, kind="log") is None
    cohort = cohort_of(columns, terms=("age",), at=("5000",))
    found = prediction(cohort, cohort.spec)
    assert found.calibration is None
    assert any(note.about == "at" for note in found.notes)
    assert "cannot be compared" in view.calibrated(found, "days")


def test_a_group_that_nobody_follows_so_far_has_no_estimate() -> None:
    columns = random_columns(1, 60)
    time = np.where(np.arange(60) < 20, np.minimum(columns["time"], 3), columns["time"])
    event = np.where(np.arange(60) < 20, False, columns["event"] > 0)
    survival = np.where(np.arange(60) < 20, 0.2, np.linspace(0.5, 0.9, 60))
    outcome = Outcome(time, event, None, None, "efron")
    found = calibrate(outcome, survival, 5.0, level=0.95, kind="log-log")
    assert found is not None
    assert found.groups[0].estimate is None
    assert view.groups(found)["Observed (limits)"].iloc[0] == "–"


def test_the_figure_has_groups_curve_and_correction() -> None:
    cohort = cohort_of(random_columns(5, 90), terms=("age", "arm"), at=("8",), bootstraps=8.0)
    found = prediction(cohort, cohort.spec)
    calibrated = found.calibration
    assert calibrated is not None
    assert len(calibrated.corrected) == len(calibrated.at) == 40
    shape = view.shape(calibrated, "days")
    drawn, sent = scatter.description(shape), view.figure(calibrated)
    assert set(re.findall(r'"name": "(\w+)"', json.dumps(drawn))) == set(sent)
    assert shape.kinds == (view.SMOOTH, view.CORRECTED)
    assert sent["points"].num_rows == len(calibrated.groups)
    assert set(sent["lines"]["kind"].to_pylist()) == set(shape.kinds)
    assert "Calibration slope" in view.calibrated(found, "days")
