"""Cumulative incidence of each cause in the presence of the others.

Methods
-------
Aalen-Johansen's estimate: the probability of being free of every event just before a time, times
the share of those at risk who then have the event, summed over time. The variance is Aalen's with
the hypergeometric correction for ties (R's ``cmprsk::cuminc``; the infinitesimal jackknife of R's
``survfit`` differs in the third digit). Limits are on the scale of ``conf_type``, applied to the
cumulative incidence: log(-log F) by default. They are undefined where the incidence is 0, as in R.
Delayed entry moves a patient into the risk set after her entry time.

1 - S(t) of Kaplan-Meier with competing events censored is given beside it to show by how much it
is too large: it answers what would happen if the competing events could be abolished without
changing anything else.

References
----------
Aalen OO. Ann Stat 1978;6:534-545. Aalen OO, Johansen S. Scand J Stat 1978;5:141-150. Gooley TA et
al. Stat Med 1999;18:695-706. Choudhury JB. Stat Med 2002;21:1129-1144 (limits).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.counts import count
from core.survival.curve import limits


@dataclass(frozen=True, eq=False)
class Incidence:
    """Cumulative incidence in one group, in `unit`: one column per distinct time of the group.

    Attributes
    ----------
    time, n_risk : numpy.ndarray, shape (T,)
    n_event : numpy.ndarray of int, shape (K, T)
        Events of each cause.
    survival : numpy.ndarray, shape (T,)
        Probability of none of the events until just after each time.
    estimate, std_error, conf_low, conf_high : numpy.ndarray, shape (K, T)
        Limits are NaN where the scale does not define them.
    one_minus_km : numpy.ndarray, shape (K, T)
        What Kaplan-Meier would claim with the other causes censored.
    """

    time: np.ndarray
    n_risk: np.ndarray
    n_event: np.ndarray
    survival: np.ndarray
    estimate: np.ndarray
    std_error: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    one_minus_km: np.ndarray


def incidences(
    cohort: Cohort, spec: AnalysisSpec, status: np.ndarray, n_causes: int
) -> list[Incidence]:
    """Estimate the cumulative incidence of every cause in every group.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``conf_level conf_type`` and the profile.
    status : numpy.ndarray of int, shape (n,)
        0 censored, else the cause from 1.
    n_causes : int
    """
    codes, n_groups = cohort.groups.codes, len(cohort.groups.levels)
    distinct = cohort.included.distinct
    life = count(distinct, status > 0, codes, n_groups, entry=cohort.entry)
    cell = (codes * n_causes + status - 1) * len(life.times) + distinct[1]
    events = np.bincount(cell[status > 0], minlength=n_groups * n_causes * len(life.times))
    events = events.reshape(n_groups, n_causes, len(life.times))
    found = []
    for g in range(n_groups):
        here = np.flatnonzero(life.events[g] + life.censored[g])
        found.append(_one(life.times[here], life.at_risk[g, here], events[g][:, here], spec))
    return found


def _one(time: np.ndarray, n_risk: np.ndarray, events: np.ndarray, spec: AnalysisSpec) -> Incidence:
    agreed = conventions(spec)
    survival = np.cumprod((n_risk - events.sum(axis=0)) / n_risk)
    before = np.concatenate([[1.0], survival[:-1]])
    estimate = np.cumsum(before * events / n_risk, axis=1)
    error = np.array(
        [
            np.sqrt(variance(n_risk, own, events.sum(axis=0) - own, survival, incidence))
            for own, incidence in zip(events, estimate, strict=True)
        ]
    )
    relative = np.divide(error, estimate, out=np.zeros(error.shape), where=estimate > 0)
    bounds = [
        limits(f, s, agreed.conf_level, agreed.conf_type)
        for f, s in zip(estimate, relative, strict=True)
    ]
    low, high = (np.array(side) for side in zip(*bounds, strict=True))
    naive = 1.0 - np.cumprod((n_risk - events) / n_risk, axis=1)
    return Incidence(time, n_risk, events, survival, estimate, error, low, high, naive)


def variance(
    n_risk: np.ndarray,
    own: np.ndarray,
    other: np.ndarray,
    survival: np.ndarray,
    incidence: np.ndarray,
) -> np.ndarray:
    """Aalen's variance of a cumulative incidence at each time.

    An event of this cause at s changes F(t) by 1 - (F(t) - F(s)) / S(s) and a competing one by
    -(F(t) - F(s)) / S(s), in units of what one patient weighs at s. The square is multiplied out,
    so that sums over s are taken once for all t.

    Parameters
    ----------
    n_risk, own, other : numpy.ndarray, shape (T,)
        At risk, events of this cause and of all others at each distinct time.
    survival, incidence : numpy.ndarray, shape (T,)
        Probability of no event at all, and F, just after each time.

    Examples
    --------
    One event among two at risk: one patient weighs a half.

    >>> one = np.array([1.0])
    >>> variance(2 * one, one, 0 * one, one / 2, one / 2).tolist()
    [0.25]
    """
    before = np.concatenate([[1.0], survival[:-1]])
    inverse = np.divide(1.0, survival, out=np.zeros(len(survival)), where=survival > 0)
    share = inverse * incidence
    total = np.zeros((3, len(n_risk)))
    for events, constant in ((own, 1.0), (other, 0.0)):
        spread = np.where(events > 1, 1 - (events - 1) / np.maximum(n_risk - 1, 1), 1.0)
        weight = (before / n_risk) ** 2 * spread * events
        move = constant + share
        total += np.cumsum([move * move * weight, move * inverse * weight, inverse**2 * weight], 1)
    found = total[0] - 2 * incidence * total[1] + incidence**2 * total[2]
    return np.asarray(np.maximum(found, 0.0))
