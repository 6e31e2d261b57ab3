"""Calibration: predicted survival at a chosen time against what was observed.

Methods
-------
Patients are put into groups of equal size by their predicted survival (three to five groups, so
that each has about twenty patients or more) and each group's mean prediction is set against its
Kaplan-Meier estimate. The smooth curve comes from a second Cox model with the complementary log-log
of the prediction as a restricted cubic spline with three knots, without strata; its mean absolute
distance from the prediction over the patients is the integrated calibration index, with the median
(E50) and the ninetieth percentile (E90) beside it.

References
----------
Austin PC, Harrell FE, van Klaveren D. Stat Med 2020;39:2714-2742. Harrell FE. Regression Modeling
Strategies, 2nd ed., section 20.11.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.groups import quantile
from core.survival import newton
from core.survival.counts import count
from core.survival.curve import limits
from core.survival.design import basis
from core.survival.individual import AtFit, Baseline
from core.survival.risk import risk_sets

GRID = 40
"""Points of the smooth curve."""
PER_GROUP = 20
"""Patients that a group should have."""
KNOTS = (0.10, 0.50, 0.90)
EDGE = (0.01, 0.99)
"""Quantiles of the predictions between which the curve is drawn."""
METHODS = (
    "Calibration was assessed by comparing predicted survival with Kaplan-Meier estimates in "
    "groups of predicted risk and by a smooth calibration curve (Austin et al.)."
)


@dataclass(frozen=True)
class CalibrationGroup:
    """Patients of similar prediction.

    Attributes
    ----------
    n, events : int
        Events by the chosen time.
    predicted : float
        Mean predicted survival.
    estimate, conf_low, conf_high : float or None
        Kaplan-Meier; None where nobody is followed that far.
    """

    n: int
    events: int
    predicted: float
    estimate: float | None
    conf_low: float | None
    conf_high: float | None


@dataclass(frozen=True, eq=False)
class Calibration:
    """Predicted against observed survival at a time.

    Attributes
    ----------
    time : float
        In `show_unit`.
    predicted : float
        Mean predicted survival.
    estimate, conf_low, conf_high : float or None
        Kaplan-Meier of everybody.
    groups : tuple of CalibrationGroup
        From the lowest predicted survival on.
    at, observed : numpy.ndarray, shape (40,)
        The smooth curve.
    corrected : numpy.ndarray, shape (40,) or (0,)
        The same, corrected for optimism; empty without bootstrap samples.
    ici, e50, e90 : float
        Mean, median and ninetieth percentile of the distance between observed and predicted.
    """

    time: float
    predicted: float
    estimate: float | None
    conf_low: float | None
    conf_high: float | None
    groups: tuple[CalibrationGroup, ...]
    at: np.ndarray
    observed: np.ndarray
    corrected: np.ndarray
    ici: float
    e50: float
    e90: float


@dataclass(frozen=True, eq=False)
class Outcome:
    """Follow-up of the patients of a model.

    Attributes
    ----------
    time : numpy.ndarray, shape (n,)
    event : numpy.ndarray of bool, shape (n,)
    entry : numpy.ndarray, shape (n,), or None
    strata : numpy.ndarray of int, shape (n,), or None
    ties : {"efron", "breslow"}
    """

    time: np.ndarray
    event: np.ndarray
    entry: np.ndarray | None
    strata: np.ndarray | None
    ties: str

    def of(self, rows: np.ndarray) -> Outcome:
        """Of some of the patients, or of some of them more than once."""
        entry = None if self.entry is None else self.entry[rows]
        strata = None if self.strata is None else self.strata[rows]
        return Outcome(self.time[rows], self.event[rows], entry, strata, self.ties)

    @property
    def codes(self) -> np.ndarray:
        """Stratum of each patient, 0 without strata."""
        return np.zeros(len(self.time), dtype=np.int64) if self.strata is None else self.strata


def calibrate(
    outcome: Outcome, survival: np.ndarray, time: float, *, level: float, kind: str
) -> Calibration | None:
    """Set predictions against what was observed; times stay as they are given.

    Parameters
    ----------
    outcome : Outcome
    survival : numpy.ndarray, shape (n,)
        Predicted survival at `time`.
    time : float
    level, kind : float, str
        Level and scale of the Kaplan-Meier limits.

    Returns
    -------
    Calibration or None
        None where the predictions do not differ.
    """
    line = curve(outcome, survival, time)
    if line is None:
        return None
    at = np.linspace(quantile(survival, EDGE[0]), quantile(survival, EDGE[1]), GRID)
    away = np.abs(line(survival) - survival)
    codes = grouped(survival)
    whole = _group(outcome, survival, np.zeros_like(codes), 0, time, level, kind)
    groups = tuple(
        _group(outcome, survival, codes, g, time, level, kind) for g in range(codes.max() + 1)
    )
    return Calibration(
        time, whole.predicted, whole.estimate, whole.conf_low, whole.conf_high, groups, at,
        line(at), np.empty(0), float(away.mean()), quantile(away, 0.5), quantile(away, 0.9),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Curve:
    """A smooth calibration curve; call it with predicted survival."""

    knots: np.ndarray
    beta: np.ndarray
    baseline: Baseline

    def __call__(self, survival: np.ndarray) -> np.ndarray:
        """Observed survival where `survival` is predicted."""
        predictor = basis(cloglog(survival), self.knots) @ self.beta
        return self.baseline.survival(predictor, np.zeros(len(survival), dtype=np.int64))


def curve(outcome: Outcome, survival: np.ndarray, time: float) -> Curve | None:
    """Fit the smooth curve; None where the predictions do not differ or no fit is finite."""
    z = cloglog(survival)
    knots = np.array([quantile(z, k) for k in KNOTS])
    if float(np.ptp(z)) < 1e-9:
        return None
    if np.diff(knots).min() < 1e-6 * np.ptp(z):
        knots = np.empty(0)  # few distinct predictions: a straight line
    x = basis(z, knots)
    sets = risk_sets(outcome.time, outcome.event, entry=outcome.entry, ties=outcome.ties)
    found = newton.fit(sets, x)
    if found.infinite.any() or found.df == 0:
        return None
    at = AtFit.of(sets, x, found.beta)
    nobody = np.zeros(len(x), dtype=np.int64)
    return Curve(
        knots, found.beta, Baseline.of(at, float(x.mean(axis=0) @ found.beta), nobody, time)
    )


def cloglog(survival: np.ndarray) -> np.ndarray:
    """Complementary log-log of a survival probability, finite also at 0 and 1."""
    return np.asarray(np.log(-np.log(np.clip(survival, 1e-12, 1 - 1e-12))))


def grouped(survival: np.ndarray) -> np.ndarray:
    """Groups of about equal size by predicted survival, from 0; equal ones stay together.

    Examples
    --------
    >>> grouped(np.linspace(0.1, 0.9, 9)).tolist()
    [0, 0, 0, 1, 1, 1, 2, 2, 2]
    """
    wanted = int(np.clip(len(survival) // PER_GROUP, 3, 5))
    inner = [quantile(survival, g / wanted) for g in range(1, wanted)]
    codes = np.searchsorted(np.unique(inner), survival, side="right")
    return np.unique(codes, return_inverse=True)[1]


def _group(
    outcome: Outcome,
    survival: np.ndarray,
    codes: np.ndarray,
    g: int,
    time: float,
    level: float,
    kind: str,
) -> CalibrationGroup:
    here = outcome.of(np.flatnonzero(codes == g))
    by_then = here.event & (here.time <= time)
    predicted = float(survival[codes == g].mean())
    named = (len(here.time), int(by_then.sum()), predicted)
    estimate, error = kaplan_meier(here, time)
    if estimate > 0 and here.time.max() < time:
        return CalibrationGroup(*named, None, None, None)
    low, high = limits(np.array([estimate]), np.array([error]), level, kind)
    return CalibrationGroup(*named, estimate, *(_known(float(end[0])) for end in (low, high)))


def kaplan_meier(outcome: Outcome, time: float) -> tuple[float, float]:
    """Kaplan-Meier estimate at a time, and the standard error of its logarithm."""
    distinct = np.unique(outcome.time, return_inverse=True)
    nobody = np.zeros(len(outcome.time), dtype=np.int64)
    table = count(distinct, outcome.event, nobody, 1, entry=outcome.entry)
    here = np.flatnonzero((table.times <= time) & (table.events[0] > 0))
    n, d = table.at_risk[0, here].astype(float), table.events[0, here].astype(float)
    with np.errstate(divide="ignore"):
        return float(np.prod((n - d) / n)), float(np.sqrt((d / (n * (n - d))).sum()))


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
