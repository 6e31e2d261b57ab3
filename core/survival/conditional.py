"""Conditional survival: S(t) of those who are still alive and followed at a time s.

Methods
-------
S(t | s) = S(t) / S(s), with Greenwood's variance summed over the event times after s, and limits on
the same scale as those of the curve. It is the curve of the patients who are at risk after s, so
R's ``survfit`` of them from s on gives the same.

References
----------
Hieke S, Kleber M, Koenig C, Engelhardt M, Schumacher M. Clin Cancer Res 2015;21:1530-1536.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.curve import Curve, limits, reached, slack_of

METHODS = "Conditional survival was S(t) / S(s), with Greenwood's variance of the events after s."


@dataclass(frozen=True)
class Conditional:
    """S(t) of the patients of a group who have reached the time `given`; times in `show_unit`.

    Attributes
    ----------
    group : int
    label : str
    given : float
        The time s.
    n_given : int
        Patients under observation just after s.
    time : float
        The time t, counted from the same origin as s.
    estimate, std_error, conf_low, conf_high : float or None
        None where the group was not followed so far, or nobody of it reached s.
    """

    group: int
    label: str
    given: float
    n_given: int
    time: float
    estimate: float | None
    std_error: float | None
    conf_low: float | None
    conf_high: float | None


def conditional(
    cohort: Cohort, spec: AnalysisSpec, found: list[Curve], times: np.ndarray
) -> tuple[Conditional, ...]:
    """S(t | s) of each group at the times after s; empty where the spec gives no s.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``given conf_level conf_type``.
    found : list of Curve
        Of the groups.
    times : numpy.ndarray
        In `show_unit`; those up to s are left out.
    """
    if spec.given is None:
        return ()
    later = times[times > spec.given * (1 + 1e-9)]
    start = float(cohort.measured(np.array(spec.given)))
    rows = []
    for g, curve in enumerate(found):
        n_given = under_observation(cohort, g, start)
        columns = beyond(curve, start, cohort.measured(later), spec)
        for t, values in zip(later.tolist(), columns.tolist(), strict=True):
            known = (None if np.isnan(v) else v for v in values)
            label = cohort.groups.labels[g]
            rows.append(Conditional(g, label, spec.given, n_given, t, *known))
    return tuple(rows)


def beyond(curve: Curve, start: float, times: np.ndarray, spec: AnalysisSpec) -> np.ndarray:
    """S(t | s) with its standard error and limits.

    Parameters
    ----------
    curve : Curve
    start : float
        The time s in `unit`.
    times : numpy.ndarray, shape (T,)
        Later times in `unit`.
    spec : AnalysisSpec
        Reads ``conf_level conf_type``.

    Returns
    -------
    numpy.ndarray, shape (T, 4)
        Estimate, standard error, lower and upper limit; NaN where they are not defined.
    """
    (before,), (lost,) = reached(curve, np.array([start]))
    at_start = 1.0 if before < 0 else curve.estimate[before]
    if lost or at_start == 0:
        return np.full((len(times), 4), np.nan)
    step, unknown = reached(curve, times)
    estimate = np.where(step < 0, 1.0, curve.estimate[step]) / at_start
    variance = np.where(step < 0, 0.0, curve.variance_log[step])
    variance = variance - (0.0 if before < 0 else curve.variance_log[before])
    # Between two events the difference of the sums must be 0, and no rounding.
    error_log = np.sqrt(np.where(estimate == 1, 0.0, np.maximum(variance, 0.0)))
    agreed = conventions(spec)
    low, high = limits(estimate, error_log, agreed.conf_level, agreed.conf_type)
    inside = (estimate > 0) & (estimate < 1)
    error = np.multiply(estimate, error_log, out=np.full(len(times), np.nan), where=inside)
    # Limits of a plain scale have no width where the curve is 1 or 0: nothing is known there.
    columns = np.column_stack(
        [estimate, error, *(np.where(inside, x, np.nan) for x in (low, high))]
    )
    return np.where(unknown[:, None], np.nan, columns)


def under_observation(cohort: Cohort, group: int, start: float) -> int:
    """Patients of a group who are under observation just after a time in `unit`."""
    slack = float(slack_of(np.array(start)))
    there = (cohort.groups.codes == group) & (cohort.time > start + slack)
    if cohort.entry is not None:
        there &= cohort.entry <= start + slack
    return int(there.sum())
