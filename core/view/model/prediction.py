"""Prediction in a figure, tables and sentences: concordance, accuracy, calibration."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.survival.calibration import Calibration
from core.survival.concordance import Concordance
from core.survival.discrimination import AtTime, PredictionResult
from core.survival.optimism import Corrected
from core.view import numbers
from core.view.charts import Data
from core.view.model.scatter import Line, ScatterShape, data

NAMES = {"harrell": "Harrell's concordance", "uno": "Uno's concordance"}
MEASURES = {"concordance": "Harrell's concordance", "slope": "Calibration slope"}
SMOOTH, CORRECTED = "Smooth", "Corrected for optimism"
GRADES = ((0.8, "very well"), (0.7, "well"), (0.6, "moderately"), (0.5, "poorly"))
"""From which concordance on a model tells patients apart how."""
MEANING = (
    "Concordance: of two patients, how often the one with the higher predicted risk has the event "
    "first (0.5 is a coin, 1 is always). Area under the ROC curve: the same for those with the "
    "event by a time against those without it. Brier score: squared distance of the prediction "
    "from what happened, 0 is perfect; the gain is how much of the score without any term the "
    "model takes away. Calibration slope below 1: predictions are too extreme for new patients."
)
CALIBRATION = (
    "Points are groups of similar predicted survival, with their Kaplan-Meier estimate and its "
    "limits; on the diagonal prediction and observation agree. The line is a smooth of all "
    "patients (Cox model with a spline of the prediction)."
)


def finding(result: PredictionResult) -> str:
    """How well the model tells patients apart, and what is left for new ones."""
    first = result.concordance[0] if result.concordance else None
    if first is None or first.estimate is None:
        return "How well the model predicts cannot be measured in these patients."
    limits = ""
    if first.conf_low is not None and first.conf_high is not None:
        low, high = (numbers.fixed(v, 2) for v in (first.conf_low, first.conf_high))
        limits = f" ({low}–{high})"
    fair = corrected(result, "concordance")
    judged = first.estimate if fair is None or fair.estimate is None else fair.estimate
    how = next((word for least, word in GRADES if judged >= least), "no better than a coin")
    said = (
        f"The model tells patients apart {how}: in {numbers.fixed(100 * first.estimate, 0)} of 100 "
        "pairs the one with the higher predicted risk has the event first (concordance "
        f"{numbers.fixed(first.estimate, 2)}{limits})."
    )
    if fair is None or fair.estimate is None:
        return f"{said} In new patients it will do worse: this is not corrected for optimism."
    return f"{said} In new patients {numbers.fixed(fair.estimate, 2)} is to be expected."


def corrected(result: PredictionResult, name: str) -> Corrected | None:
    """A measure that the bootstrap has corrected; None without one."""
    return next((measure for measure in result.optimism if measure.name == name), None)


def calibrated(result: PredictionResult, unit: str) -> str:
    """Whether predicted and observed survival agree."""
    found = result.calibration
    if found is None:
        return "Predicted and observed survival cannot be compared at the times asked for."
    away = numbers.fixed(100 * found.ici, 1)
    said = (
        f"At {found.time:g} {unit} predicted and observed survival differ by {away} percentage "
        "points on average in the patients of the model."
    )
    slope = corrected(result, "slope")
    if slope is None or slope.estimate is None:
        return said
    verdict = (
        "predictions will be too extreme in new patients"
        if slope.estimate < 0.9
        else "predictions should hold in new patients of the same kind"
    )
    return f"{said} Calibration slope {numbers.fixed(slope.estimate, 2)}: {verdict}."


def concordances(result: PredictionResult) -> pd.DataFrame:
    """Both concordances with their limits, and Harrell's corrected for optimism."""
    rows = [_concordance(found) for found in result.concordance]
    for measure in result.optimism:
        rows.append(
            {
                "": f"{MEASURES[measure.name]}, corrected for optimism",
                "Estimate (limits)": _number(measure.estimate),
                "Standard error": "–",
                "Somers' D": "–"
                if measure.name != "concordance" or measure.estimate is None
                else numbers.fixed(2 * measure.estimate - 1, 3),
            }
        )
    return pd.DataFrame(rows)


def _concordance(found: Concordance) -> dict[str, str]:
    cell = _number(found.estimate)
    if found.conf_low is not None and found.conf_high is not None:
        cell += f" ({_number(found.conf_low)}–{_number(found.conf_high)})"
    return {
        "": NAMES[found.name],
        "Estimate (limits)": cell,
        "Standard error": _number(found.std_error),
        "Somers' D": _number(found.somers_d),
    }


def times(result: PredictionResult, unit: str) -> pd.DataFrame:
    """Accuracy at every time."""
    return pd.DataFrame([_time(found, unit) for found in result.times])


def _time(found: AtTime, unit: str) -> dict[str, str]:
    return {
        "Time": f"{found.time:g} {unit}",
        "Events by then": numbers.count(found.n_event),
        "Followed beyond": numbers.count(found.n_risk),
        "Area under ROC": _number(found.auc),
        "Brier score": _number(found.brier),
        "without terms": _number(found.brier_null),
        "Gain": "–" if found.r2 is None else f"{numbers.fixed(100 * found.r2, 0)}%",
    }


def _number(value: float | None) -> str:
    return "–" if value is None or np.isnan(value) else numbers.fixed(value, 3)


def groups(found: Calibration) -> pd.DataFrame:
    """Predicted and observed survival in groups of predicted survival."""
    return pd.DataFrame(
        [
            {
                "Patients": numbers.count(group.n),
                "Events by then": numbers.count(group.events),
                "Predicted": f"{numbers.percent(group.predicted)}%",
                "Observed (limits)": numbers.percent_with_limits(
                    group.estimate, group.conf_low, group.conf_high
                ),
            }
            for group in found.groups
        ]
    )


def shape(found: Calibration, unit: str) -> ScatterShape:
    """Axes of the calibration plot."""
    kinds = (SMOOTH, CORRECTED) if len(found.corrected) else (SMOOTH,)
    at = f"survival at {found.time:g} {unit}"
    return ScatterShape(f"Predicted {at}", f"Observed {at}", kinds, shares=True, point="Patients")


def figure(found: Calibration) -> Data:
    """The data of the calibration plot."""
    lines = [Line(SMOOTH, found.at, found.observed)]
    if len(found.corrected):
        lines.append(Line(CORRECTED, found.at, found.corrected))
    ends = [0.0, 1.0]
    return data(
        np.array([group.predicted for group in found.groups]),
        _known([group.estimate for group in found.groups]),
        [f"{group.n:,}" for group in found.groups],
        lines=lines,
        reference={"agree": (ends, ends)},
        bars=(
            _known([group.conf_low for group in found.groups]),
            _known([group.conf_high for group in found.groups]),
        ),
    )


def _known(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)
