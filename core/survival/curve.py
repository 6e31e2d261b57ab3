"""The product-limit estimate of each group, with limits, quantiles and restricted means.

Methods
-------
Kaplan-Meier's estimate with Greenwood's variance. Pointwise limits on the log-log scale by default
(R's own default is log); they are undefined where the curve is 1 or 0, as in R. The median is the
time at which the curve crosses one half, the midpoint where it lies at exactly one half over an
interval (R's ``quantile.survfit``); its limits are where the limits of the curve cross one half.
``median_ci=spss`` gives SPSS's: the first time at or below one half, and a symmetric interval from
the density at the median. The quartiles (by 25, 50 and 75 % of the patients the event has
happened) follow the same two rules at 75, 50 and 25 % survival. Delayed entry moves a patient into
the risk set after her entry time.

References
----------
Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481. Brookmeyer R, Crowley J. Biometrics
1982;38:29-41. Borgan O, Liestol K. Scand J Stat 1990;17:35-41 (limits on the scale of the arcsine
of the square root). Collett D. Modelling Survival Data in Medical Research, 3rd ed., section 2.4
(interval from the density). Klein JP, Moeschberger ML. Survival Analysis, 2nd ed., section 4.5
(restricted mean).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.counts import count
from core.survival.quantiles import crossings, spss_interval
from core.survival.tails import normal_quantile

SPSS_LEVEL, SPSS_Z = 0.95, 1.96
"""SPSS multiplies by 1.96, not by 1.959964, for the limits of a median, and has no other level."""
QUARTILES = (0.25, 0.5, 0.75)
"""Shares of the patients who have had the event."""


@dataclass(frozen=True, eq=False)
class Curve:
    """One group's curve in `unit`: arrays of one length, one element per distinct time.

    Attributes
    ----------
    time, n_risk, n_event, n_censor : numpy.ndarray
    estimate : numpy.ndarray
        S(t), just after each time.
    variance_log : numpy.ndarray
        Greenwood's variance of log S(t); infinite where S(t) is 0.
    conf_low, conf_high : numpy.ndarray
        NaN where the scale of the limits does not define them.
    """

    time: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    n_censor: np.ndarray
    estimate: np.ndarray
    variance_log: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray


def curves(
    cohort: Cohort,
    spec: AnalysisSpec,
    *,
    event: np.ndarray,
    codes: np.ndarray,
    n_groups: int,
) -> list[Curve]:
    """Estimate the curve of each group.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``conf_level conf_type`` and the profile.
    event : numpy.ndarray of bool, shape (n,)
        The event, or its opposite for the follow-up.
    codes : numpy.ndarray of int, shape (n,)
    n_groups : int
    """
    counts = count(cohort.included.distinct, event, codes, n_groups, entry=cohort.entry)
    agreed = conventions(spec)
    found = []
    for g in range(n_groups):
        here = np.flatnonzero(counts.events[g] + counts.censored[g])
        n = counts.at_risk[g, here].astype(float)
        d = counts.events[g, here].astype(float)
        # The product of (n - d) / n in this order is R's, to the last bit: whether a curve lies at
        # exactly one half decides its median.
        survival = np.cumprod((n - d) / n)
        with np.errstate(divide="ignore"):
            variance = np.cumsum(np.where(d > 0, d / (n * (n - d)), 0.0))
        low, high = limits(survival, np.sqrt(variance), agreed.conf_level, agreed.conf_type)
        censored = counts.censored[g, here]
        found.append(Curve(counts.times[here], n, d, censored, survival, variance, low, high))
    return found


def limits(
    estimate: np.ndarray, std_error_log: np.ndarray, level: float, kind: str
) -> tuple[np.ndarray, np.ndarray]:
    """Pointwise confidence limits of a survival curve.

    Parameters
    ----------
    estimate : numpy.ndarray
        S(t).
    std_error_log : numpy.ndarray
        Standard error of log S(t) (Greenwood), infinite where S(t) is 0.
    level : float
    kind : {"log-log", "log", "plain", "arcsin"}

    Returns
    -------
    low, high : numpy.ndarray
        NaN where the scale does not define them (as R's ``survfit``).
    """
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        if kind == "plain":
            half = std_error_log * estimate * z
            return np.maximum(estimate - half, 0), np.minimum(estimate + half, 1)
        if kind == "arcsin":
            angle = np.arcsin(np.sqrt(np.where(estimate == 0, np.nan, estimate)))
            wide = 0.5 * z * std_error_log * np.tan(angle)  # tan is sqrt(S / (1 - S))
            wide = np.where(estimate == 1, np.nan, wide)
            low = np.sin(np.maximum(angle - wide, 0)) ** 2
            return low, np.sin(np.minimum(angle + wide, np.pi / 2)) ** 2
        if kind == "log":
            log = np.log(np.where(estimate == 0, np.nan, estimate))
            wide = z * std_error_log
            return np.exp(log - wide), np.minimum(np.exp(log + wide), 1)
        log = np.log(np.where((estimate == 0) | (estimate == 1), np.nan, estimate))
        wide = z * std_error_log / log
        return np.exp(-np.exp(np.log(-log) - wide)), np.exp(-np.exp(np.log(-log) + wide))


@dataclass(frozen=True)
class Quantile:
    """Time by which a share of the patients has had the event, in the unit of its curve or result.

    Attributes
    ----------
    probability : float
        The share: at 0.25 the curve is at 75 %.
    time : float or None
        None where the curve does not fall so far.
    std_error : float or None
        SPSS's, from the density; None with limits from those of the curve.
    conf_low, conf_high : float or None
    """

    probability: float
    time: float | None
    std_error: float | None
    conf_low: float | None
    conf_high: float | None


def quantiles(
    curve: Curve, spec: AnalysisSpec, probabilities: tuple[float, ...] = QUARTILES
) -> tuple[Quantile, ...]:
    """Times, in `unit`, by which shares of the patients have had the event, with limits.

    Parameters
    ----------
    curve : Curve
    spec : AnalysisSpec
        Reads ``median_ci conf_level`` and the profile.
    probabilities : tuple of float
    """
    agreed = conventions(spec)
    if agreed.median_ci == "spss":
        steps = (curve.time, curve.estimate, curve.variance_log)
        level = agreed.conf_level
        z = SPSS_Z if level == SPSS_LEVEL else normal_quantile(level)
        return tuple(Quantile(p, *spss_interval(*steps, 1 - p, z=z)) for p in probabilities)
    levels = tuple(1 - p for p in probabilities)
    middle, low, high = (
        crossings(curve.time, values, levels)
        for values in (curve.estimate, curve.conf_low, curve.conf_high)
    )
    return tuple(Quantile(p, middle[i], None, low[i], high[i]) for i, p in enumerate(probabilities))


def median(curve: Curve, spec: AnalysisSpec) -> tuple[float | None, float | None, float | None]:
    """Median of a curve with its limits, in `unit`; None where they are not reached."""
    found = quantiles(curve, spec, (0.5,))[0]
    return found.time, found.conf_low, found.conf_high


def reached(curve: Curve, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where a curve stands at some times.

    Parameters
    ----------
    curve : Curve
    times : numpy.ndarray
        In `unit`.

    Returns
    -------
    step : numpy.ndarray of int
        Position of the last time of the curve at or before each; -1 before the first one.
    unknown : numpy.ndarray of bool
        After the last follow-up of a curve that has not reached 0: nobody knows its value there.
    """
    slack = slack_of(times)
    step = np.searchsorted(curve.time, times + slack, side="right") - 1
    unknown = (times - slack > curve.time[-1]) & (curve.estimate[-1] > 0)
    return step, unknown


def restricted_mean(curve: Curve, tau: float) -> tuple[float, float]:
    """Area under a curve up to `tau` (in `unit`) and its standard error.

    A curve that ends before `tau` is held at its last value.
    """
    use = curve.time <= tau
    times = np.concatenate([[0.0], curve.time[use], [tau]])
    steps = np.concatenate([[1.0], curve.estimate[use]])
    areas = np.diff(times) * steps
    n, d = curve.n_risk[use], curve.n_event[use]
    hazard_variance = np.divide(d, n * (n - d), out=np.zeros(len(n)), where=n > d)
    right = areas[1:][::-1].cumsum()[::-1]  # the area to the right of each time
    share = right / tau  # squares of very large times would overflow
    return float(areas.sum()), float(tau * np.sqrt((share**2 * hazard_variance).sum()))


def at_risk(cohort: Cohort, group: int, times: np.ndarray) -> np.ndarray:
    """Patients of a group under observation at times in `unit`, from the definition.

    At risk at t means ``entry < t <= time``; at time 0 those count who are observed from 0 on.
    """
    member = cohort.groups.codes == group
    leave = np.sort(cohort.time[member])
    slack = slack_of(times)
    number = len(leave) - np.searchsorted(leave, times - slack, side="left")
    if cohort.entry is not None:
        enter = np.sort(cohort.entry[member])
        late = np.where(times > 0, times - slack, np.nextafter(0.0, 1.0))
        number = number - (len(enter) - np.searchsorted(enter, late, side="left"))
    return np.asarray(number)


def slack_of(times: np.ndarray) -> np.ndarray:
    """Rounding that a converted time may have: 12 months must meet day 365.25."""
    return np.asarray(1e-9 * np.maximum(times, 1.0))
