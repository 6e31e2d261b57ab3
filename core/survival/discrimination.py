"""Prediction by the Cox model: discrimination, accuracy at chosen times, calibration, optimism.

Methods
-------
Concordance is in `core.survival.concordance`, calibration in `core.survival.calibration`, the
correction for optimism in `core.survival.optimism`. The area under the ROC curve at t compares
patients with the event by t with those who are event-free at t (cumulative/dynamic); the Brier
score is the mean squared distance of the predicted survival from what happened, set beside that of
the Kaplan-Meier estimate. Both weight by the inverse probability of staying uncensored, estimated
by Kaplan-Meier for all patients together: 1/G(T-) for an event by t, 1/G(t) for those beyond t.

References
----------
Uno H et al. J Am Stat Assoc 2007;102:527-537. Graf E et al. Stat Med 1999;18:2529-2545.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.progress import Progress, quiet
from core.spec import AnalysisSpec
from core.survival.calibration import Calibration, Outcome, calibrate, kaplan_meier
from core.survival.concordance import Concordance, censoring, with_limits
from core.survival.conventions import conventions
from core.survival.fitted import Model
from core.survival.individual import final_model, offset_of, persons
from core.survival.km import times_asked
from core.survival.optimism import Corrected, Optimism, Setting, optimism, predicted

METHODS = (
    "Accuracy at chosen times was measured by the time-dependent area under the ROC curve and by "
    "the Brier score, with inverse-probability-of-censoring weights."
)
LATE = (
    "Uno's concordance, the area under the ROC curve and the Brier score are not defined for "
    "delayed entry."
)


@dataclass(frozen=True)
class AtTime:
    """Accuracy at a time.

    Attributes
    ----------
    time : float
        In `show_unit`.
    n_risk, n_event : int
        Followed beyond it, and with the event by then.
    auc, brier, brier_null, r2 : float or None
        Area under the ROC curve, Brier score of the model and of the Kaplan-Meier estimate, and
        the share of the latter that the model takes away; None where they are not defined.
    """

    time: float
    n_risk: int
    n_event: int
    auc: float | None = None
    brier: float | None = None
    brier_null: float | None = None
    r2: float | None = None


@dataclass(frozen=True, eq=False)
class PredictionResult:
    """How well the multivariable model predicts.

    Attributes
    ----------
    n, events, parameters : int
    tau : float or None
        Horizon of Uno's concordance in `show_unit`; None: the whole follow-up.
    concordance : tuple of Concordance
        Harrell's, then Uno's; in the patients of the fit.
    times : tuple of AtTime
    calibration : Calibration or None
    draws, used : int
        Bootstrap samples, and those in which the model had finite coefficients.
    optimism : tuple of Corrected
        Empty without bootstrap samples.
    """

    n: int
    events: int
    parameters: int
    tau: float | None = None
    concordance: tuple[Concordance, ...] = ()
    times: tuple[AtTime, ...] = ()
    calibration: Calibration | None = None
    draws: int = 0
    used: int = 0
    optimism: tuple[Corrected, ...] = ()
    notes: tuple[Note, ...] = ()


def prediction(
    cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet
) -> PredictionResult:
    """Measure how well the multivariable model tells patients apart and predicts their survival.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms strata ties estimator select weights offset cluster at tau bootstraps seed
        conf_level conf_type`` and the profile.
    progress : callable

    Returns
    -------
    PredictionResult
        Without measures where there is no model; a note says why.
    """
    cohort, found, notes = final_model(cohort, spec)
    if found is None:
        return PredictionResult(0, 0, 0, notes=notes)
    rows, agreed = found.rows, conventions(spec)
    outcome = Outcome(
        cohort.time[rows], cohort.event[rows],
        None if cohort.entry is None else cohort.entry[rows],
        None if cohort.strata is None else cohort.strata[rows], agreed.ties,
    )  # fmt: skip
    predictor = found.matrix @ found.fit.beta + offset_of(cohort, spec, rows)
    concordances = _concordances(cohort, spec, found, outcome, predictor)
    times, calibrated = _at_times(cohort, spec, found, outcome, predictor)
    setting = Setting.of(cohort, spec, found, outcome, calibrated)
    boot = optimism(setting, found, concordances[0].estimate, progress=progress)
    if boot is not None and boot.curve is not None and calibrated is not None:
        corrected = np.clip(calibrated.observed - boot.curve, 0, 1)
        calibrated = dataclasses.replace(calibrated, corrected=corrected)
    return PredictionResult(
        len(rows), int(outcome.event.sum()), found.fit.df, spec.tau, concordances, times,
        calibrated, 0 if boot is None else boot.draws, 0 if boot is None else boot.used,
        () if boot is None else boot.measures,
        (*notes, *_notes(spec, outcome, calibrated, boot)),
    )  # fmt: skip


def _concordances(
    cohort: Cohort, spec: AnalysisSpec, found: Model, outcome: Outcome, predictor: np.ndarray
) -> tuple[Concordance, ...]:
    units = found.groups
    if units is None:
        units = persons(cohort, spec, found.rows)
    tau = None if spec.tau is None else float(cohort.measured(np.array([spec.tau]))[0])
    level = conventions(spec).conf_level
    harrell = with_limits(
        "harrell", outcome.time, outcome.event, predictor, level=level, entry=outcome.entry,
        strata=outcome.strata, groups=units,
    )  # fmt: skip
    if outcome.entry is not None:
        return harrell, Concordance("uno", None, None, None, None, None, 0.0)
    uno = with_limits(
        "uno", outcome.time, outcome.event, predictor, level=level, strata=outcome.strata,
        groups=units, tau=tau,
    )  # fmt: skip
    return harrell, uno


def _at_times(
    cohort: Cohort, spec: AnalysisSpec, found: Model, outcome: Outcome, predictor: np.ndarray
) -> tuple[tuple[AtTime, ...], Calibration | None]:
    """Accuracy at every time, and the calibration at the middle one of those that can be used."""
    agreed = conventions(spec)
    shown = times_asked(cohort, spec)
    made: list[AtTime] = []
    usable: list[tuple[float, float, np.ndarray]] = []
    for label, time in zip(shown.tolist(), cohort.measured(shown).tolist(), strict=True):
        survival = predicted(found, outcome.codes, predictor, outcome.codes, time)
        # Without strata the predictor ranks patients as their survival does, with more digits.
        rank = predictor if outcome.strata is None else -survival
        accuracy = at_time(outcome, survival, rank, time)
        made.append(dataclasses.replace(accuracy, time=label))
        if accuracy.n_risk and accuracy.n_event:
            usable.append((label, time, survival))
    if not usable:
        return tuple(made), None
    label, time, survival = usable[len(usable) // 2]
    calibrated = calibrate(outcome, survival, time, level=agreed.conf_level, kind=agreed.conf_type)
    if calibrated is not None:
        calibrated = dataclasses.replace(calibrated, time=label)
    return tuple(made), calibrated


def at_time(outcome: Outcome, survival: np.ndarray, rank: np.ndarray, time: float) -> AtTime:
    """Area under the ROC curve and Brier score at a time.

    Parameters
    ----------
    outcome : Outcome
    survival : numpy.ndarray, shape (n,)
        Predicted survival at `time`.
    rank : numpy.ndarray, shape (n,)
        Higher where the event is expected sooner.
    time : float
        In the unit of the outcome.
    """
    died, alive = outcome.event & (outcome.time <= time), outcome.time > time
    bare = AtTime(time, int(alive.sum()), int(died.sum()))
    if outcome.entry is not None or not died.any() or not alive.any():
        return bare
    g = censoring(outcome.time, outcome.event)
    weight = np.zeros(len(alive))
    weight[died] = 1.0 / g(outcome.time[died], before=True)
    weight[alive] = 1.0 / g(np.array([time]), before=False)
    below = np.sort(rank[alive])
    noise = 1e-12 * max(1.0, float(np.abs(rank).max()))
    lower = np.searchsorted(below, rank[died] - noise, side="left")
    upper = np.searchsorted(below, rank[died] + noise, side="right")
    auc = float(weight[died] @ (lower + upper) / 2 / (weight[died].sum() * alive.sum()))
    overall = kaplan_meier(outcome, time)[0]
    brier, null = (float((weight * (s - alive) ** 2).mean()) for s in (survival, np.array(overall)))
    r2 = 1.0 - brier / null if null > 0 else None
    return dataclasses.replace(bare, auc=auc, brier=brier, brier_null=null, r2=r2)


def _notes(
    spec: AnalysisSpec, outcome: Outcome, calibrated: Calibration | None, boot: Optimism | None
) -> list[Note]:
    said: list[Note] = []
    if outcome.entry is not None:
        said.append(info("entry", LATE))
    if spec.weights is not None:
        said.append(info("weights", "Measures of prediction count each case once."))
    if calibrated is None:
        text = "No calibration: no time asked for has events before it and patients beyond it."
        said.append(info("at", text))
    if boot is None:
        text = (
            "The measures are taken in the patients that the model was fitted to and are too "
            "good. Ask for bootstrap samples (bootstraps=200) to correct them."
        )
        said.append(warning("bootstraps", text))
    elif boot.used < boot.draws:
        text = (
            f"In {boot.draws - boot.used} of {boot.draws} bootstrap samples a hazard ratio was "
            "not finite: these are left out."
        )
        said.append(warning("bootstraps", text))
    if any(":cut" in term for term in spec.terms) and spec.cut_rule in ("best", "best-pair"):
        text = (
            "The cutoff of a term was searched for in these patients and is not searched again in "
            "the bootstrap samples: the corrected measures are still too good."
        )
        said.append(warning("cut_rule", text))
    return said
