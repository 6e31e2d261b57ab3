"""Where a curve crosses a level: quantiles and their limits, as R and as SPSS find them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from core.survival.conventions import TOLERANCE

WINDOW = 0.05
"""How far above and below its level SPSS looks at a curve for the density."""


def crossings(
    time: np.ndarray, survival: np.ndarray, levels: Sequence[float]
) -> tuple[float | None, ...]:
    """Times at which a curve falls to some levels, by the rule of R's ``quantile.survfit``.

    It is the first time at which the curve is at or below the level; where the curve lies at
    exactly the level over an interval, the midpoint of that interval, also when the interval
    ends with the last observation.

    Parameters
    ----------
    time : numpy.ndarray
        Ascending times of the curve.
    survival : numpy.ndarray
        The curve, or one of its limits; NaN where it is undefined.
    levels : sequence of float

    Returns
    -------
    tuple of (float or None)
        None where the curve does not reach the level.

    Examples
    --------
    >>> crossings(np.array([1.0, 2, 3, 4]), np.array([0.75, 0.5, 0.25, 0]), (0.6, 0.5))
    (2.0, 2.5)
    """
    x = np.concatenate([[0.0], time])
    y = np.concatenate([[0.0], 1 - survival])
    distinct, first = np.unique(y, return_index=True)  # NaN, if any, is the last one
    end = y[first.max()]  # the value of the last step; a censored time repeats the one before it
    known = len(distinct) - int(np.isnan(distinct[-1]))
    distinct, at = distinct[:known], x[first[:known]]
    return tuple(_crossing(distinct, at, 1 - level, end, x[-1]) for level in levels)


def _crossing(
    distinct: np.ndarray, at: np.ndarray, p: float, end: float, last: float
) -> float | None:
    """Where the values `distinct`, first taken at the times `at`, reach `p`."""
    if distinct[-1] < p:
        return None
    reach = np.searchsorted(distinct, p - TOLERANCE, side="left")
    beyond = np.searchsorted(distinct, p + TOLERANCE, side="left")
    if not np.isnan(end) and abs(p - end) < TOLERANCE:
        return float((at[reach] + last) / 2)
    if beyond >= len(distinct):
        return None
    return float((at[reach] + at[beyond]) / 2)


def spss_interval(
    time: np.ndarray,
    survival: np.ndarray,
    variance_log: np.ndarray,
    level: float = 0.5,
    *,
    z: float,
) -> tuple[float | None, float | None, float | None, float | None]:
    """Quantile with SPSS's standard error from the density there, and a symmetric interval.

    The density is the drop of the curve between the last time at or above the level + 0.05 and
    the first at or below the level - 0.05, per unit of time. A negative lower limit is reported
    as 0.

    Parameters
    ----------
    time, survival, variance_log : numpy.ndarray
        Of a curve, see `core.survival.curve.Curve`.
    level : float
        Survival at the quantile: 0.75 is where a quarter has had the event.
    z : float
        What the standard error is multiplied by.

    Returns
    -------
    quantile, std_error, low, high : float or None
        All but the first are None when the curve does not fall to the level - 0.05, as SPSS
        leaves them out, or falls to it at time 0.

    References
    ----------
    Collett D. Modelling Survival Data in Medical Research, 3rd ed., section 2.4.2.
    """
    below = np.flatnonzero(survival <= level + TOLERANCE)
    if len(below) == 0:
        return None, None, None, None
    m = below[0]
    quantile = float(time[m])
    after = np.flatnonzero(survival <= level - WINDOW + TOLERANCE)
    if len(after) == 0:
        return quantile, None, None, None
    drops = np.diff(np.concatenate([[1.0], survival])) < 0
    before = np.flatnonzero(drops & (survival >= level + WINDOW - TOLERANCE))
    has = len(before) > 0
    u_time, u_survival = (time[before[-1]], survival[before[-1]]) if has else (0.0, 1.0)
    if time[after[0]] <= u_time:
        return quantile, None, None, None  # everything happens at time 0: there is no density
    density = (u_survival - survival[after[0]]) / (time[after[0]] - u_time)
    error = survival[m] * np.sqrt(variance_log[m]) / density if survival[m] > 0 else np.nan
    if np.isnan(error):
        return quantile, None, None, None
    low, high = max(float(quantile - z * error), 0.0), float(quantile + z * error)
    return quantile, float(error), low, high
