"""Where a curve crosses a level: medians and their limits, as R and as SPSS find them."""

from __future__ import annotations

import numpy as np

from core.survival.conventions import TOLERANCE


def crossing(time: np.ndarray, survival: np.ndarray, level: float) -> float | None:
    """Time at which a curve falls to `level`, by the rule of R's ``quantile.survfit``.

    It is the first time at which the curve is at or below the level; where the curve lies at
    exactly the level over an interval, the midpoint of that interval, also when the interval
    ends with the last observation.

    Parameters
    ----------
    time : numpy.ndarray
        Ascending times of the curve.
    survival : numpy.ndarray
        The curve, or one of its limits; NaN where it is undefined.
    level : float

    Returns
    -------
    float or None
        None when the curve does not reach the level.

    Examples
    --------
    >>> crossing(np.array([1.0, 2, 3, 4]), np.array([0.75, 0.5, 0.25, 0]), 0.5)
    2.5
    """
    x = np.concatenate([[0.0], time])
    y = np.concatenate([[0.0], 1 - survival])
    p = 1 - level
    if np.nanmax(y) < p:
        return None
    distinct, first = np.unique(y, return_index=True)  # NaN, if any, is the last one
    end = y[first.max()]  # the value of the last step; a censored time repeats the one before it
    known = len(distinct) - int(np.isnan(distinct[-1]))
    distinct, at = distinct[:known], x[first[:known]]
    reach = np.searchsorted(distinct, p - TOLERANCE, side="left")
    beyond = np.searchsorted(distinct, p + TOLERANCE, side="left")
    if not np.isnan(end) and abs(p - end) < TOLERANCE:
        return float((at[reach] + x[-1]) / 2)
    if beyond >= len(distinct):
        return None
    return float((at[reach] + at[beyond]) / 2)


def spss_interval(
    time: np.ndarray, survival: np.ndarray, variance_log: np.ndarray, *, z: float
) -> tuple[float | None, float | None, float | None]:
    """Median with SPSS's symmetric interval from the density at the median.

    The density is the drop of the curve between the last time at or above 0.55 and the first at
    or below 0.45, per unit of time. A negative lower limit is reported as 0.

    Returns
    -------
    median, low, high : float or None
        The limits are None when the curve does not fall to 0.45, as SPSS leaves them out, or
        falls to it at time 0.

    References
    ----------
    Collett D. Modelling Survival Data in Medical Research, 3rd ed., section 2.4.2.
    """
    below = np.flatnonzero(survival <= 0.5 + TOLERANCE)
    if len(below) == 0:
        return None, None, None
    m = below[0]
    median = float(time[m])
    after = np.flatnonzero(survival <= 0.45 + TOLERANCE)
    if len(after) == 0:
        return median, None, None
    drops = np.flatnonzero(np.diff(np.concatenate([[1.0], survival])) < 0)
    before = [i for i in drops if survival[i] >= 0.55 - TOLERANCE]
    u_time, u_survival = (time[before[-1]], survival[before[-1]]) if before else (0.0, 1.0)
    if time[after[0]] <= u_time:
        return median, None, None  # everything happens at time 0: there is no density
    density = (u_survival - survival[after[0]]) / (time[after[0]] - u_time)
    error = survival[m] * np.sqrt(variance_log[m]) / density if survival[m] > 0 else np.nan
    if np.isnan(error):
        return median, None, None
    return median, max(float(median - z * error), 0.0), float(median + z * error)
