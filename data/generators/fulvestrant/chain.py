"""What annealing the times of a pattern does over and over, compiled."""

from __future__ import annotations

import math

import numpy as np

from data.generators.fulvestrant.cost import N_FACTORS, OVERALL, curve, levels_of, several
from data.generators.fulvestrant.kernels import compiled
from data.generators.fulvestrant.targets import ANCHORS, HI, LIVER, SUVMAX, SUVMEAN, N

TOGETHER = (LIVER, HI, SUVMAX, SUVMEAN)
"""Factors whose labels are chosen together."""
TRIPLES = 60
LEAST_SEVERAL = 8.0
"""What the multivariable model is taken to cost at least: what is too dear with it is not fitted.
It has cost less only beside a liver whose own test and model missed all their cells."""
NEAR, PRINTED = 0.6, 0.1
"""Shares of the moves of a time that are small, and of those to a printed median."""


@compiled
def seeded(seed: int) -> None:
    """Seed the draws of what is compiled."""
    np.random.seed(seed)


@compiled
def one(
    time: np.ndarray,
    cost: float,
    places: np.ndarray,
    half: np.ndarray,
    levels: int,
    target: np.ndarray,
    unit: np.ndarray,
) -> float:
    """What one labeling costs."""
    for level in range(levels):
        j = 3 * level
        cost += curve(time, places[level], half[level], target[j : j + 3], unit[j : j + 3])
    return cost


@compiled
def costs_of(
    time: np.ndarray,
    cost: np.ndarray,
    places: np.ndarray,
    half: np.ndarray,
    levels: int,
    target: np.ndarray,
    unit: np.ndarray,
) -> np.ndarray:
    """What each of several labelings costs."""
    found = np.empty(len(cost))
    for row in range(len(cost)):
        found[row] = one(time, cost[row], places[row], half[row], levels, target, unit)
    return found


@compiled
def first_mean(hi: np.ndarray, suvmax: np.ndarray, suvmean: np.ndarray) -> int:
    """The first labeling of SUVmean that HI and SUVmax allow; -1 where there is none."""
    for row in range(len(suvmean)):
        if not np.any((hi == 1) & (suvmax == 0) & (suvmean[row] == 1)):
            return row
    return -1


@compiled
def triples(
    event: np.ndarray,
    liver: np.ndarray,
    hi: np.ndarray,
    suvmax: np.ndarray,
    cost_liver: np.ndarray,
    cost_hi: np.ndarray,
    cost_suvmax: np.ndarray,
    target: np.ndarray,
    unit: np.ndarray,
) -> np.ndarray:
    """The cheapest triples of labelings with their model.

    The labelings of each factor, a row each, are in the order of their costs.

    Returns
    -------
    numpy.ndarray, shape (TRIPLES, 5)
        Cost, the three labelings, and the cost of the model; infinite where there are fewer.
    """
    found = np.full((TRIPLES, 5), np.inf)
    terms = np.empty((3, N), np.int64)
    worst = 0
    for i in range(len(liver)):
        terms[0] = liver[i]
        for j in range(len(hi)):
            terms[1] = hi[j]
            for k in range(len(suvmax)):
                one_by_one = cost_liver[i] + cost_hi[j] + cost_suvmax[k]
                if one_by_one + LEAST_SEVERAL >= found[worst, 0]:
                    break
                terms[2] = suvmax[k]
                model = several(event, terms, target, unit)
                if one_by_one + model < found[worst, 0]:
                    found[worst, 0], found[worst, 4] = one_by_one + model, model
                    found[worst, 1], found[worst, 2], found[worst, 3] = i, j, k
                    worst = int(np.argmax(found[:, 0]))
    return found


@compiled
def chain(
    time: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    size: np.ndarray,
    cost: np.ndarray,
    places: np.ndarray,
    half: np.ndarray,
    moved: np.ndarray,
    tuples: np.ndarray,
    model: np.ndarray,
    everybody: np.ndarray,
    apart: float,
    target: np.ndarray,
    unit: np.ndarray,
    moves: int,
    hot: float,
    cold: float,
) -> tuple[float, np.ndarray]:
    """Anneal times in place; returns the least cost and the times that had it.

    `low` and `high` are the bounds of each time, `size` to `model` those of `Watched`, `everybody`
    and `apart` the form of the curve of all patients.
    """
    known = np.zeros(cost.shape)
    tried = np.zeros(cost.shape)
    now, best, found = np.inf, np.inf, time.copy()
    for step in range(-1, moves):
        i, old, limit = -1, 0.0, np.inf
        # The first step only computes what the times cost that are given.
        if step >= 0:
            heat = hot * (cold / hot) ** (step / moves)
            limit = now - heat * math.log(1.0 - np.random.random())
            i = np.random.randint(N)
            old = time[i]
            new = elsewhere(time, i, low[i], high[i])
            if new == old:
                continue
            time[i] = new
        after = curve(time, everybody, apart, target[OVERALL], unit[OVERALL])
        for f in range(N_FACTORS):
            least = np.inf if size[f] else 0.0
            for row in range(size[f]):
                tried[f, row] = known[f, row]
                if i < 0 or moved[f, row, i]:
                    tried[f, row] = one(
                        time, cost[f, row], places[f, row], half[f, row],
                        levels_of(f), target[f], unit[f],
                    )  # fmt: skip
                least = min(least, tried[f, row])
            if len(tuples) == 0 or f not in TOGETHER:
                after += least
            if after > limit:
                break
        if len(tuples) and after <= limit:
            after += cheapest_tuple(tried, tuples, model)
        if after > limit:
            time[i] = old
            continue
        now = after
        known, tried = tried, known
        if now < best - 1e-9:
            best = now
            found[:] = time
    return best, found


@compiled
def cheapest_tuple(cost: np.ndarray, tuples: np.ndarray, model: np.ndarray) -> float:
    """What the factors that are chosen together cost with their model."""
    least = np.inf
    for k in range(len(tuples)):
        a, b, c, d = tuples[k]
        now = model[k] + cost[LIVER, a] + cost[HI, b] + cost[SUVMAX, c] + cost[SUVMEAN, d]
        least = min(least, now)
    return least


@compiled
def elsewhere(time: np.ndarray, i: int, low: float, high: float) -> float:
    """Another time for a place, between its neighbours; the old one where it would not be."""
    low = max(low, time[i - 1] + 0.01) if i else low
    high = min(high, time[i + 1] - 0.01) if i < N - 1 else high
    kind = np.random.random()
    if kind < NEAR:
        new = time[i] + 10.0 ** (-2.0 + 2.5 * np.random.random()) * np.random.normal()
    elif kind < NEAR + PRINTED:
        new = ANCHORS[np.random.randint(len(ANCHORS))] + 0.05 * (2.0 * np.random.random() - 1.0)
    else:
        new = low + (high - low) * np.random.random()
    new = np.round(new, 2)
    return new if low - 1e-9 < new < high + 1e-9 else time[i]
