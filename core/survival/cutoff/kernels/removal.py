"""What remains of a comparison when a patient is left out, for all patients at once.

Notation as in `core.survival.cutoff.kernels.two`. A sum over event times changes at those at which
the patient is at risk, and everywhere by the same rule: one less at risk, in his own group too. So
two running sums, one for each group, give the sum without him in a single step.
"""

from __future__ import annotations

import math

import numpy as np

from core.survival.cutoff.kernels.compiled import compiled
from core.survival.cutoff.kernels.two import hazard


@compiled
def terms(
    n: float, d: float, n_one: float, d_one: float, theta: float, efron: bool, into: np.ndarray
) -> None:
    """Add what one event time contributes.

    Parameters
    ----------
    n, d : float
        At risk, and events.
    n_one, d_one : float
        Of them in the group.
    theta : float
        Hazard ratio of the group.
    efron : bool
    into : numpy.ndarray of float, shape (4,)
        Log-rank score and variance, score and information of the Cox model.
    """
    if n <= 0 or d <= 0 or n_one < 0 or d_one < 0 or n_one > n:
        return
    share = n_one / n
    into[0] += d_one - d * share
    if n > 1:
        into[1] += d * share * (1 - share) * (n - d) / (n - 1)
    one = theta * n_one
    whole = n - n_one + one
    tied = theta * d_one
    tied_whole = d - d_one + tied
    into[2] += d_one
    for k in range(round(d)):
        f = k / d if efron else 0.0
        p = (one - f * tied) / (whole - f * tied_whole)
        into[2] -= p
        into[3] += p * (1 - p)


@compiled
def left_out(
    last: np.ndarray,
    event: np.ndarray,
    one: np.ndarray,
    counts: np.ndarray,
    theta: float,
    efron: bool,
) -> np.ndarray:
    """The four sums of `terms` without each of the patients.

    Parameters
    ----------
    last : numpy.ndarray of int, shape (m,)
    event, one : numpy.ndarray of bool, shape (m,)
        Whether they have the event, and are in the group.
    counts : numpy.ndarray of float, shape (4, D)
        At risk and events of everybody, at risk and events of the group.
    theta : float
        Hazard ratio at which the score and the information of the Cox model are taken.
    efron : bool

    Returns
    -------
    numpy.ndarray of float, shape (m, 4)
    """
    n_times = counts.shape[1]
    whole = np.zeros((n_times + 1, 4))
    alive = np.zeros((2, n_times + 1, 4))  # without one who lives through these event times
    dying = np.zeros((2, n_times, 4))  # without one who dies at this event time
    for j in range(n_times):
        n, d, n_one, d_one = counts[0, j], counts[1, j], counts[2, j], counts[3, j]
        whole[j + 1] = whole[j]
        terms(n, d, n_one, d_one, theta, efron, whole[j + 1])
        for g in range(2):
            alive[g, j + 1] = alive[g, j]
            terms(n - 1, d, n_one - g, d_one, theta, efron, alive[g, j + 1])
            terms(n - 1, d - 1, n_one - g, d_one - g, theta, efron, dying[g, j])
    found = np.empty((last.size, 4))
    for i in range(last.size):
        r = last[i]
        g = 1 if one[i] else 0
        lived = r - 1 if event[i] else r
        for q in range(4):
            found[i, q] = alive[g, lived, q] + whole[n_times, q] - whole[r, q]
            if event[i]:
                found[i, q] += dying[g, lived, q]
    return found


@compiled
def refitted(
    last: np.ndarray,
    event: np.ndarray,
    one: np.ndarray,
    counts: np.ndarray,
    efron: bool,
    coef: np.ndarray,
) -> None:
    """Log hazard ratio without each of the patients, by Newton's method from a first guess.

    Parameters
    ----------
    last, event, one, counts, efron
        As those of `left_out`; `counts` is changed on the way and is restored.
    coef : numpy.ndarray of float, shape (m,)
        The first guesses, replaced by the estimates; NaN where these are not finite.
    """
    for i in range(last.size):
        take(counts, last[i], event[i], one[i], 1.0)
        start = coef[i] if math.isfinite(coef[i]) else 0.0
        coef[i], _ = hazard(counts[0], counts[1], counts[2], counts[3], efron, start)
        take(counts, last[i], event[i], one[i], -1.0)


@compiled
def take(counts: np.ndarray, last: int, event: bool, one: bool, patients: float) -> None:
    """Take so many patients of one kind out of the counts, or put them back."""
    for j in range(last):
        counts[0, j] -= patients
        if one:
            counts[2, j] -= patients
    if event:
        counts[1, last - 1] -= patients
        if one:
            counts[3, last - 1] -= patients
