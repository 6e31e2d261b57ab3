"""The search repeated in bootstrap samples: patients are weighted, nothing is sorted again."""

from __future__ import annotations

import math

import numpy as np

from core.survival.cutoff.kernels.compiled import compiled
from core.survival.cutoff.kernels.two import counted, hazard

SMALL = 2**16
"""Up to so many patients one random number has the digits for two draws."""


@compiled
def draw(weight: np.ndarray, rng: np.random.Generator) -> None:
    """Draw as many patients as there are, with replacement: how often each one was drawn."""
    n = weight.size
    weight[:] = 0.0
    twice = n // 2 if n <= SMALL else 0
    for _ in range(twice):
        place = rng.random() * n
        first = int(place)
        weight[first] += 1.0
        weight[int((place - first) * n)] += 1.0  # the digits that the first one left over
    for _ in range(n - 2 * twice):
        weight[int(rng.random() * n)] += 1.0


@compiled
def scored(
    weight: np.ndarray,
    event: np.ndarray,
    start: np.ndarray,
    place: np.ndarray,
    score: np.ndarray,
    among: np.ndarray,
) -> tuple[float, float, float, float]:
    """Log-rank scores of a weighted sample (`core.search.logrank_scores`), by the marker.

    Parameters as those of `best`.

    Returns
    -------
    n, deaths, total, squares : float
        Patients and events drawn, sum and sum of squares of the scores.
    """
    n = 0.0
    for i in range(weight.size):
        n += weight[i]
    passed, hazard_sum, total, squares, deaths = 0.0, 0.0, 0.0, 0.0, 0.0
    for t in range(start.size - 1):
        first, stop = start[t], start[t + 1]
        tied = 0.0
        for i in range(first, stop):
            passed += weight[i]
            tied += weight[i] if event[i] else 0.0
        hazard_sum += tied / (n - passed + 1)
        deaths += tied
        for i in range(first, stop):
            w, p = weight[i], place[i]
            a = (1.0 if event[i] else 0.0) - hazard_sum
            score[p] = w * a
            among[p] = w
            total += w * a
            squares += w * a * a
    return n, deaths, total, squares


@compiled
def best(
    weight: np.ndarray,
    event: np.ndarray,
    start: np.ndarray,
    place: np.ndarray,
    ends: np.ndarray,
    limits: np.ndarray,
    score: np.ndarray,
    among: np.ndarray,
    dead: np.ndarray,
) -> tuple[int, int, float]:
    """Search a weighted sample for its best cutoff, as `core.search` does.

    Parameters
    ----------
    weight, event : numpy.ndarray, shape (n,)
        Patients in the order of their times.
    start : numpy.ndarray of int, shape (T + 1,)
        First patient of each distinct time, and n.
    place : numpy.ndarray of int, shape (n,)
        Place of each patient in the order of the marker.
    ends : numpy.ndarray of bool, shape (n,)
        In the order of the marker: whether the next patient has a larger value.
    limits : numpy.ndarray of float, shape (3,)
        Smallest and largest size of a low group, smallest number of events on a side.
    score, among, dead : numpy.ndarray of float, shape (n,)
        Room to work in.

    Returns
    -------
    low, high : int
        In the order of the marker, the last patient of the low group, drawn or not, and the first
        one of the high group that was drawn; -1 where no cutoff is admissible.
    statistic : float
        Standardised; above 0 where the low group does worse.
    """
    n, deaths, total, squares = scored(weight, event, start, place, score, among)
    spread = n * squares - total * total
    if spread <= 1e-12:
        return -1, -1, 0.0
    # Out of their array, so that they are not read again for each patient.
    least, most = max(limits[0], 1.0), min(limits[1], n - 1)
    fewest, share = limits[2], total / n
    if fewest > 0:
        for i in range(event.size):
            dead[place[i]] = weight[i] if event[i] else 0.0
    m, low_dead, running, largest, worse = 0.0, 0.0, 0.0, 0.0, 1.0
    low, high = -1, -1
    for p in range(score.size):
        running += score[p]
        m += among[p]
        if fewest > 0:
            low_dead += dead[p]
        enough = least <= m <= most and fewest <= low_dead <= deaths - fewest
        if not (ends[p] and enough):
            continue
        off = running - m * share
        z = off * off / (m * (n - m))
        if z > largest * (1 + 2e-10):
            largest = z
            worse = 1.0 if off > 0 else -1.0
            low = p  # those who were not drawn and have this value are low, too
    if low >= 0:
        high = low + 1
        while among[high] == 0:
            high += 1
    return low, high, worse * math.sqrt(largest * n * n * (n - 1) / spread)


@compiled
def ratio(
    weight: np.ndarray,
    low: int,
    event: np.ndarray,
    place: np.ndarray,
    last: np.ndarray,
    efron: bool,
    room: np.ndarray,
) -> float:
    """Log hazard ratio of the high against the low group of a weighted sample.

    Parameters
    ----------
    weight : numpy.ndarray of float, shape (n,)
        How often each patient counts; set to 0 in the low group.
    low : int
        In the order of the marker, the last patient of the low group.
    event, place, last, efron
        As those of `bootstraps`.
    room : numpy.ndarray of float, shape (4, D)
        Room to work in.

    Returns
    -------
    float
        NaN where the estimate is not finite.
    """
    counted(last, event, weight, room[0], room[1])
    for i in range(weight.size):
        if place[i] <= low:
            weight[i] = 0.0
    counted(last, event, weight, room[2], room[3])
    return hazard(room[0], room[1], room[2], room[3], efron, 0.0)[0]


@compiled
def bootstraps(
    event: np.ndarray,
    start: np.ndarray,
    place: np.ndarray,
    ends: np.ndarray,
    limits: np.ndarray,
    last: np.ndarray,
    times: int,
    efron: bool,
    ratios: bool,
    rng: np.random.Generator,
    chosen: np.ndarray,
    coef: np.ndarray,
) -> None:
    """Fill in the best cutoff of each bootstrap sample, and log hazard ratios at it.

    Parameters
    ----------
    event, start, place, ends, limits
        As those of `best`.
    last : numpy.ndarray of int, shape (n,)
        Patients in the order of their times, as in `core.survival.cutoff.endpoint`.
    times : int
        Number of event times D.
    efron, ratios : bool
        Ties, and whether hazard ratios are wanted.
    rng : numpy.random.Generator
    chosen : numpy.ndarray of int, shape (draws, 2)
        Filled in: `low` and `high` of `best`.
    coef : numpy.ndarray of float, shape (draws, 2)
        Filled in: high against low group in the bootstrap sample, and in those who were not
        drawn; NaN where the estimate is not finite. A patient who was not drawn, with a value
        between `low` and `high`, belongs to the high group.
    """
    n = event.size
    weight = np.empty(n)
    mine = np.empty(n)
    score, among, falls = np.empty(n), np.empty(n), np.empty(n)
    room = np.empty((4, times))
    for b in range(chosen.shape[0]):
        draw(weight, rng)
        low, high, _ = best(weight, event, start, place, ends, limits, score, among, falls)
        chosen[b, 0] = low
        chosen[b, 1] = high
        coef[b, :] = np.nan
        if low < 0 or not ratios:
            continue
        for kind in range(2):
            for i in range(n):
                mine[i] = weight[i]
                if kind == 1:
                    mine[i] = 1.0 if weight[i] == 0 else 0.0
            coef[b, kind] = ratio(mine, low, event, place, last, efron, room)
