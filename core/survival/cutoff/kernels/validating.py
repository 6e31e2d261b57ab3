"""The search cross-validated: patients labelled by cutoffs that they had no part in."""

from __future__ import annotations

import math

import numpy as np

from core.survival.cutoff.kernels.compiled import compiled
from core.survival.cutoff.kernels.resampling import best
from core.survival.cutoff.kernels.two import counted, hazard, logrank


@compiled
def assigned(
    fold: np.ndarray,
    n_folds: int,
    fraction: float,
    event: np.ndarray,
    start: np.ndarray,
    place: np.ndarray,
    ends: np.ndarray,
    limits: np.ndarray,
    worse: np.ndarray,
) -> None:
    """Label each patient by the cutoff that was found without her part of the patients.

    Parameters
    ----------
    fold : numpy.ndarray of int, shape (n,)
        Part of each patient, in the order of their times.
    n_folds : int
    fraction : float
        Smallest share of patients on a side.
    event, start, place, ends, limits
        As those of `best`; the first two limits are set anew for each part.
    worse : numpy.ndarray of float, shape (n,)
        Filled in: 1 in the group that did worse among the others, 0 in the other group, -1 where
        the others had no admissible cutoff.
    """
    n = event.size
    weight = np.empty(n)
    score, among, falls = np.empty(n), np.empty(n), np.empty(n)
    for k in range(n_folds):
        size = 0.0
        for i in range(n):
            weight[i] = 0.0 if fold[i] == k else 1.0
            size += weight[i]
        limits[0] = max(1.0, np.floor(size * fraction))
        limits[1] = np.floor(size * (1 - fraction))
        low, _, z = best(weight, event, start, place, ends, limits, score, among, falls)
        for i in range(n):
            if fold[i] == k:
                if low < 0:
                    worse[i] = -1.0
                else:
                    worse[i] = 1.0 if (place[i] <= low) == (z > 0) else 0.0


@compiled
def standing(
    last: np.ndarray, event: np.ndarray, worse: np.ndarray, efron: bool
) -> tuple[float, float, float, float]:
    """Compare the labelled patients.

    Returns
    -------
    score, variance : float
        Log-rank, of the group labelled as doing worse.
    coef, information : float
        Its log hazard ratio, Efron's or Breslow's ties; NaN and 0 where it is not finite.
    """
    n = last.size
    size = 0
    for i in range(n):
        size = max(size, last[i])
    at, dead, at_one, dead_one = np.empty(size), np.empty(size), np.empty(size), np.empty(size)
    known = np.empty(n)
    one = np.empty(n)
    for i in range(n):
        known[i] = 1.0 if worse[i] >= 0 else 0.0
        one[i] = 1.0 if worse[i] > 0 else 0.0
    counted(last, event, known, at, dead)
    counted(last, event, one, at_one, dead_one)
    score, variance = logrank(at, dead, at_one, dead_one)
    coef, information = hazard(at, dead, at_one, dead_one, efron, 0.0)
    return score, variance, coef, information


@compiled
def validations(
    fold: np.ndarray,
    n_folds: int,
    fraction: float,
    event: np.ndarray,
    start: np.ndarray,
    place: np.ndarray,
    ends: np.ndarray,
    limits: np.ndarray,
    last: np.ndarray,
    rng: np.random.Generator,
    found: np.ndarray,
) -> None:
    """Fill in the standardised log-rank score of the whole procedure, the marker dealt out anew.

    Parameters as those of `assigned`; `last` as in `bootstraps`.
    """
    n = event.size
    dealt = place.copy()
    worse = np.empty(n)
    for b in range(found.size):
        for i in range(n - 1):
            j = i + int(rng.random() * (n - i))
            drawn = dealt[j]
            dealt[j] = dealt[i]
            dealt[i] = drawn
        assigned(fold, n_folds, fraction, event, start, dealt, ends, limits, worse)
        score, variance, _, _ = standing(last, event, worse, True)
        found[b] = score / math.sqrt(variance) if variance > 1e-12 else 0.0
