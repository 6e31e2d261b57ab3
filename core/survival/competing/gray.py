"""Gray's test: whether the groups have the same cumulative incidence of a cause.

Methods
-------
The K-sample test of Gray with weight 1 (rho = 0), as R's ``cmprsk::cuminc``. The number at risk in
a group is replaced by R(t) (1 - F(t-)) / S(t-), which keeps those who had a competing event among
those who can still be counted; expected events come from the pooled subdistribution hazard. The
variance is Gray's, with the hypergeometric correction for ties. Strata are summed. A group that is
at risk at no event of the cause takes no part and costs no degree of freedom. The test is not
defined for delayed entry.

References
----------
Gray RJ. Ann Stat 1988;16:1141-1154.
"""

from __future__ import annotations

import numpy as np

from core.survival.counts import count
from core.survival.results import Test
from core.survival.tails import chi2_log10_p, chi2_p

NAME = "gray"


def compare(
    time: np.ndarray,
    status: np.ndarray,
    codes: np.ndarray,
    n_groups: int,
    *,
    strata: np.ndarray | None = None,
) -> Test:
    """Test whether the groups have the same cumulative incidence of a cause.

    Parameters
    ----------
    time : numpy.ndarray, shape (n,)
    status : numpy.ndarray of int, shape (n,)
        0 censored, 1 the cause, 2 any other event.
    codes : numpy.ndarray of int, shape (n,)
        Group of each patient, from 0.
    n_groups : int
    strata : numpy.ndarray of int, shape (n,), optional
        -1 where the stratum is missing: those patients take no part.

    Returns
    -------
    Test
        With ``statistic=None`` where fewer than two groups are at risk at an event of the cause.
    """
    score = np.zeros(n_groups)
    spread = np.zeros((n_groups, n_groups))
    seen = np.zeros(n_groups, dtype=bool)
    stratum = np.zeros(len(time), dtype=np.int64) if strata is None else strata
    for value in np.unique(stratum[stratum >= 0]):
        rows = stratum == value
        if not (status[rows] == 1).any():
            continue
        part = _Table(time[rows], status[rows], codes[rows], n_groups)
        score += part.score()
        spread += part.spread()
        seen |= (part.at_risk[:, part.events > 0] > 0).any(axis=1)
    taking = np.flatnonzero(seen)
    inner = taking[1:]
    covariance = spread[np.ix_(inner, inner)]
    known = len(inner) > 0 and bool(np.isfinite(covariance).all())
    if not known or np.linalg.matrix_rank(covariance) < len(inner):
        return Test(NAME, None, len(inner), None, None)
    statistic = max(float(score[inner] @ np.linalg.solve(covariance, score[inner])), 0.0)
    df = len(inner)
    return Test(NAME, statistic, df, chi2_p(statistic, df), chi2_log10_p(statistic, df))


class _Table:
    """What the test needs of one stratum: arrays (groups, times) at the times with any event.

    `own` and `other` are the events of the cause and of all others, `free` and `left` the
    probabilities of no event before and just after a time, `before` the cumulative incidence
    before it, `weight` the at-risk number of Gray per group and `pooled` the cumulative incidence
    of all groups under the hypothesis, just after a time.
    """

    def __init__(
        self, time: np.ndarray, status: np.ndarray, codes: np.ndarray, n_groups: int
    ) -> None:
        distinct = np.unique(time, return_inverse=True)
        life = count(distinct, status > 0, codes, n_groups)
        own = count(distinct, status == 1, codes, n_groups).events
        use = life.events.any(axis=0)
        self.at_risk, self.own = life.at_risk[:, use], own[:, use]
        self.other = life.events[:, use] - self.own
        self.events = self.own.sum(axis=0)
        n = np.maximum(self.at_risk, 1)
        self.left = np.cumprod((n - self.own - self.other) / n, axis=1)
        self.free = _earlier(self.left, 1.0)
        self.before = _earlier(np.cumsum(self.free * self.own / n, axis=1), 0.0)
        self.weight = np.divide(
            self.at_risk, self.free, out=np.zeros(self.free.shape), where=self.at_risk > 0
        )
        self.total = self.weight.sum(axis=0)
        self.pooled = np.cumsum(self.events / self.total)

    def score(self) -> np.ndarray:
        """Observed less expected events of each group."""
        share = self.weight * (1 - self.before)
        return np.asarray((self.own - self.events * share / share.sum(axis=0)).sum(axis=1))

    def spread(self) -> np.ndarray:
        """Covariance of the scores: what the events of each group, of either kind, add to it."""
        remaining = 1 - np.concatenate([[0.0], self.pooled[:-1]])
        hazard = np.divide(
            self.events, self.total * remaining, out=np.zeros(len(remaining)), where=remaining > 0
        )
        covariance = np.zeros((len(self.weight), len(self.weight)))
        for k, weight in enumerate(self.weight):
            pull = -self.weight * weight / self.total
            pull[k] += weight
            later = np.cumsum(pull * hazard, axis=1)
            later = later[:, -1:] - later
            ratio = np.divide(
                1 - self.pooled, self.left[k], out=np.zeros(len(hazard)), where=self.left[k] > 0
            )
            moved = pull + np.where(self.left[k] > 0, 1 - ratio, 1.0) * later
            covariance += (moved * self._own_variance(k)) @ moved.T
            moved = ratio * later
            covariance += (moved * self._other_variance(k)) @ moved.T
        return covariance

    def _own_variance(self, k: int) -> np.ndarray:
        """Variance of the events of the cause in a group, from the hazard of all groups."""
        n, free = self.at_risk[k], self.free[k]
        tied = np.maximum(self.events - 1, 0)
        scale = self.total * free
        correction = 1 - np.divide(tied, scale - 1, out=np.zeros(len(scale)), where=tied > 0)
        expected = free * self.events
        share = np.divide(expected, self.total * n, out=np.zeros(len(scale)), where=n > 0)
        return np.asarray(correction * share)

    def _other_variance(self, k: int) -> np.ndarray:
        """Variance of the other events in a group, from its own hazard."""
        n, d = self.at_risk[k], self.other[k]
        correction = 1 - np.maximum(d - 1, 0) / np.maximum(n - 1, 1)
        return np.asarray(correction * d * (self.free[k] / np.maximum(n, 1)) ** 2)


def _earlier(values: np.ndarray, first: float) -> np.ndarray:
    """Values just before each time, of a step function that begins with `first`."""
    start = np.full((len(values), 1), first)
    return np.concatenate([start, values[:, :-1]], axis=1)
