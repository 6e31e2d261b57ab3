"""Harrell's and Uno's concordance of a linear predictor, as R's ``concordance`` of a Cox fit.

Methods
-------
A pair is comparable when the one with the shorter time had the event; a patient censored at the
time of another's event counts as living longer. Two events at the same time are not comparable.
The pair is concordant when the one who had the event first has the higher predictor; equal
predictors count one half. With strata only pairs of one stratum count; with delayed entry only
pairs that were at risk together. Uno's C weights each pair by 1/G(t-)^2, with G the Kaplan-Meier
estimate of staying uncensored, and looks no further than tau. The standard error is that of the
infinitesimal jackknife, with G taken as known; limits are Wald's, kept within 0 and 1.

References
----------
Harrell FE et al. JAMA 1982;247:2543-2546. Uno H et al. Stat Med 2011;30:1105-1117. Therneau TM,
Atkinson E. Concordance. Vignette of the R package survival.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.survival.pairs import Pairs, of_events, of_others
from core.survival.tails import normal_quantile

METHODS = (
    "Discrimination was measured by Harrell's and by Uno's concordance, with standard errors from "
    "the infinitesimal jackknife."
)


@dataclass(frozen=True)
class Concordance:
    """A concordance with its limits.

    Attributes
    ----------
    name : {"harrell", "uno"}
    estimate, std_error, conf_low, conf_high : float or None
        None when no pair is comparable, or it is not defined for these data.
    somers_d : float or None
        Twice the concordance, less 1.
    pairs : float
        Comparable pairs, weighted for Uno's.
    """

    name: str
    estimate: float | None
    std_error: float | None
    conf_low: float | None
    conf_high: float | None
    somers_d: float | None
    pairs: float


def concordance(
    time: np.ndarray,
    event: np.ndarray,
    predictor: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    strata: np.ndarray | None = None,
) -> float | None:
    """Share of comparable pairs that are concordant.

    Parameters
    ----------
    time, event, predictor : numpy.ndarray, shape (n,)
    entry : numpy.ndarray, shape (n,), optional
    strata : numpy.ndarray of int, shape (n,), optional

    Returns
    -------
    float or None
        None when no pair is comparable.

    Examples
    --------
    >>> concordance(np.array([1.0, 2, 3]), np.array([True, True, False]), np.array([3.0, 1, 2]))
    0.6666666666666666
    """
    score, pairs = 0.0, 0.0
    for rows in _strata(len(time), strata):
        late = None if entry is None else entry[rows]
        each = of_events(Pairs.of(time[rows], event[rows], predictor[rows], late))
        score, pairs = score + float(each[0].sum()), pairs + float(each[1].sum())
    return score / pairs if pairs else None


def with_limits(
    name: str,
    time: np.ndarray,
    event: np.ndarray,
    predictor: np.ndarray,
    *,
    level: float,
    entry: np.ndarray | None = None,
    strata: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    tau: float | None = None,
) -> Concordance:
    """Harrell's or Uno's concordance with its standard error.

    Parameters
    ----------
    name : {"harrell", "uno"}
    time, event, predictor : numpy.ndarray, shape (n,)
    level : float
        Confidence level.
    entry : numpy.ndarray, shape (n,), optional
        Not with Uno's, which is not defined for delayed entry.
    strata : numpy.ndarray of int, shape (n,), optional
    groups : numpy.ndarray of int, shape (n,), optional
        Whose rows belong together (several rows of a patient, clusters).
    tau : float, optional
        Events after it do not count; in the unit of `time`.

    Examples
    --------
    >>> time, event = np.array([1.0, 2, 3]), np.array([True, True, False])
    >>> found = with_limits("harrell", time, event, np.array([2.0, 3, 1]), level=0.95)
    >>> round(found.estimate, 6), round(found.std_error, 6), found.pairs
    (0.666667, 0.272166, 3.0)
    """
    score, pairs = np.zeros(len(time)), np.zeros(len(time))
    for rows in _strata(len(time), strata):
        weight = event[rows].astype(float)
        if name == "uno" and event[rows].sum() > 1:
            weight /= censoring(time[rows], event[rows])(time[rows], before=True) ** 2
        if tau is not None:
            weight[time[rows] > tau] = 0.0
        late = None if entry is None else entry[rows]
        among = Pairs.of(time[rows], event[rows], predictor[rows], late, weight)
        as_event, as_other = of_events(among), of_others(among)
        score[rows], pairs[rows] = as_event[0] + as_other[0], as_event[1] + as_other[1]
    total = float(pairs.sum()) / 2
    if total <= 0:
        return Concordance(name, None, None, None, None, None, 0.0)
    estimate = float(score.sum()) / 2 / total
    influence = np.asarray((score - estimate * pairs) / total)
    if groups is not None:
        influence = np.asarray(np.bincount(groups, weights=influence), dtype=float)
    error = float(np.sqrt((influence**2).sum()))
    low, high = np.clip(estimate + normal_quantile(level) * error * np.array([-1, 1]), 0, 1)
    return Concordance(name, estimate, error, float(low), float(high), 2 * estimate - 1, total)


@dataclass(frozen=True, eq=False)
class Censoring:
    """Kaplan-Meier estimate of staying uncensored; events come before censoring at one time."""

    times: np.ndarray
    estimate: np.ndarray

    def __call__(self, at: np.ndarray, *, before: bool) -> np.ndarray:
        """G(t), or G(t-) with `before`."""
        place = np.searchsorted(self.times, at, side="left" if before else "right")
        return np.asarray(np.concatenate([[1.0], self.estimate])[place])


def censoring(time: np.ndarray, event: np.ndarray) -> Censoring:
    """Estimate the distribution of censoring.

    Examples
    --------
    >>> g = censoring(np.array([1.0, 2, 2, 3]), np.array([True, True, False, True]))
    >>> g(np.array([2.0, 3.0]), before=True).tolist()
    [1.0, 0.5]
    """
    times, place = np.unique(time, return_inverse=True)
    events = np.bincount(place, weights=event, minlength=len(times))
    left = np.bincount(place, minlength=len(times)) - events
    at_risk = len(time) - np.concatenate([[0.0], np.cumsum(events + left)[:-1]]) - events
    stay = np.divide(at_risk - left, at_risk, out=np.ones(len(times)), where=at_risk > 0)
    return Censoring(times, np.cumprod(stay))


def _strata(n: int, strata: np.ndarray | None) -> list[np.ndarray]:
    if strata is None:
        return [np.arange(n)] if n else []
    return [np.flatnonzero(strata == code) for code in np.unique(strata)]
