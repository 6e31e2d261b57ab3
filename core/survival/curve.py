"""The product-limit estimate of each group, with limits, medians and restricted means.

Methods
-------
Kaplan-Meier's estimate with Greenwood's variance. Pointwise limits on the log-log scale by default
(R's own default is log); they are undefined where the curve is 1 or 0, as in R. The median is the
time at which the curve crosses one half, the midpoint where it lies at exactly one half over an
interval (R's ``quantile.survfit``); its limits are where the limits of the curve cross one half.
``median_ci=spss`` gives SPSS's: the first time at or below one half, and a symmetric interval from
the density at the median. Delayed entry moves a patient into the risk set after her entry time.

References
----------
Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457-481. Brookmeyer R, Crowley J. Biometrics
1982;38:29-41. Collett D. Modelling Survival Data in Medical Research, 3rd ed., section 2.4
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
from core.survival.quantiles import crossing, spss_interval
from core.survival.tails import normal_quantile

SPSS_Z = 1.96
"""SPSS multiplies by 1.96 and not by 1.959964 for the limits of a median."""


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
    kind : {"log-log", "log", "plain"}

    Returns
    -------
    low, high : numpy.ndarray
        NaN where the scale does not define them (as R's ``survfit``).
    """
    z = normal_quantile(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        if kind == "plain":
            half = std_error_log * estimate * z
            return np.maximum(estimate - half, 0), np.minimum(estimate + half, 1)
        if kind == "log":
            log = np.log(np.where(estimate == 0, np.nan, estimate))
            wide = z * std_error_log
            return np.exp(log - wide), np.minimum(np.exp(log + wide), 1)
        log = np.log(np.where((estimate == 0) | (estimate == 1), np.nan, estimate))
        wide = z * std_error_log / log
        return np.exp(-np.exp(np.log(-log) - wide)), np.exp(-np.exp(np.log(-log) + wide))


def median(curve: Curve, spec: AnalysisSpec) -> tuple[float | None, float | None, float | None]:
    """Median of a curve with its limits, in `unit`; None where they are not reached."""
    if conventions(spec).median_ci == "spss":
        return spss_interval(curve.time, curve.estimate, curve.variance_log, z=SPSS_Z)
    return (
        crossing(curve.time, curve.estimate, 0.5),
        crossing(curve.time, curve.conf_low, 0.5),
        crossing(curve.time, curve.conf_high, 0.5),
    )


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
