"""Two groups at one endpoint: who is at risk when, the log-rank sums, the hazard ratio.

Notation: event times are numbered 0 to D - 1; a patient with ``last = r`` is at risk at the event
times 0 to r - 1, and a patient with the event has it at event time r - 1.
"""

from __future__ import annotations

import math

import numpy as np

from core.survival.cutoff.kernels.compiled import compiled

STEPS = 60
SMALL = 1e-11
LONGEST = 2.0


@compiled
def counted(
    last: np.ndarray, event: np.ndarray, weight: np.ndarray, at: np.ndarray, dead: np.ndarray
) -> None:
    """Fill in who of a group is at risk and dies at each event time.

    Parameters
    ----------
    last : numpy.ndarray of int, shape (n,)
    event : numpy.ndarray of bool, shape (n,)
    weight : numpy.ndarray of float, shape (n,)
        How often each patient counts: 1 or 0 for members, more for those drawn repeatedly.
    at, dead : numpy.ndarray of float, shape (D,)
        Filled in.
    """
    for j in range(at.size):
        at[j] = 0.0
        dead[j] = 0.0
    for i in range(last.size):
        if last[i] > 0:
            at[last[i] - 1] += weight[i]
            if event[i]:
                dead[last[i] - 1] += weight[i]
    for j in range(at.size - 2, -1, -1):
        at[j] += at[j + 1]


@compiled
def logrank(
    at: np.ndarray, dead: np.ndarray, at_one: np.ndarray, dead_one: np.ndarray
) -> tuple[float, float]:
    """Observed less expected events of one of two groups, and its hypergeometric variance."""
    score = 0.0
    variance = 0.0
    for j in range(at.size):
        n = at[j]
        if n <= 0 or dead[j] <= 0:
            continue
        share = at_one[j] / n
        score += dead_one[j] - dead[j] * share
        if n > 1:
            variance += dead[j] * share * (1 - share) * (n - dead[j]) / (n - 1)
    return score, variance


@compiled
def bounded(at: np.ndarray, dead: np.ndarray, at_one: np.ndarray, dead_one: np.ndarray) -> bool:
    """Whether the hazard ratio has a finite estimate: both groups have events while both live."""
    one = False
    other = False
    for j in range(at.size):
        if 0 < at_one[j] < at[j] and dead[j] > 0:
            one = one or dead_one[j] > 0
            other = other or dead_one[j] < dead[j]
            if one and other:
                return True
    return False


@compiled
def hazard(
    at: np.ndarray,
    dead: np.ndarray,
    at_one: np.ndarray,
    dead_one: np.ndarray,
    efron: bool,
    start: float,
) -> tuple[float, float]:
    """Log hazard ratio of one of two groups, by Newton's method, and its information.

    Parameters
    ----------
    at, dead, at_one, dead_one : numpy.ndarray, shape (D,)
        Everybody, and the group. Whole numbers, or weights that are.
    efron : bool
        Efron's approximation for ties, else Breslow's.
    start : float
        Where to begin: 0, or the estimate of a similar group.

    Returns
    -------
    beta, information : float
        NaN and 0 where the estimate is not finite.
    """
    if not bounded(at, dead, at_one, dead_one):
        return np.nan, 0.0
    beta = start
    information = 0.0
    for _ in range(STEPS):
        theta = math.exp(beta)
        score = 0.0
        information = 0.0
        for j in range(at.size):
            deaths = round(dead[j])
            one = theta * at_one[j]
            whole = at[j] - at_one[j] + one
            if deaths == 0 or whole <= 0:
                continue
            if deaths == 1 or not efron:
                p = one / whole
                score += dead_one[j] - deaths * p
                information += deaths * p * (1 - p)
                continue
            tied = theta * dead_one[j]
            tied_whole = dead[j] - dead_one[j] + tied
            score += dead_one[j]
            for k in range(deaths):
                f = k / deaths
                p = (one - f * tied) / (whole - f * tied_whole)
                score -= p
                information += p * (1 - p)
        if information <= 0:
            return np.nan, 0.0
        step = min(max(score / information, -LONGEST), LONGEST)
        beta += step
        if abs(step) < SMALL * (1 + abs(beta)):
            break
    return beta, information
