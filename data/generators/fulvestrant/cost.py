"""The cost of a cohort: how many printed cells it misses, and by how much.

Rows are those of `targets.tables`: ten factors, the multivariable model, the overall curve. A cell
costs nothing where it rounds to the printed text, else its weight times `STEP` and a part that
grows with the logarithm of the distance in units of the last decimal, up to `SLOPE`. So cells that
contradict each other never pull more than they can give. `coupled` counts what must hold beside
the cells.
"""

from __future__ import annotations

import math

import numpy as np

from data.generators.fulvestrant.kernels import compiled, cox, cox3, logrank, median

N_FACTORS = 10
ROWS = 12
LEVELS = 3
STEP = 0.5
SLOPE = 1.2
FAR = math.log(1001.0)
WEEK_24 = (5.52, 5.7)
"""Months: 24 weeks, and the end of the scan of that week, which finds progression or none."""
BENEFIT = 15
BENEFIT_HIGH = 10
"""Patients with clinical benefit, and those of them with a high SUVmax."""
COUPLED = 2.0
"""Cost of one patient too many or too few."""


@compiled
def cell(value: float, target: float, half: float, weight: float) -> float:
    """Cost of one cell."""
    if weight == 0.0:
        return 0.0
    if target < 0.0:
        return 0.0 if np.isnan(value) else weight * (STEP + SLOPE)
    if np.isnan(value):
        return weight * (STEP + SLOPE)
    distance = abs(value - target) / half
    # Half a unit above is rounded up to the next one, half a unit below is rounded up to this one.
    if distance < 1.0 - 1e-7 or abs(value - target + half) < 1e-7 * half:
        return 0.0
    return weight * (STEP + SLOPE * min(1.0, math.log(distance) / FAR))


@compiled
def curves(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    levels: int,
    target: np.ndarray,
    half: np.ndarray,
    weight: np.ndarray,
) -> float:
    """Cost of the medians of one row."""
    out = np.empty(3)
    cost = 0.0
    for level in range(levels):
        median(time, event, x, level, out)
        for k in range(3):
            j = 3 * level + k
            cost += cell(out[k], target[j], half[j], weight[j])
    return cost


@compiled
def ranks(
    event: np.ndarray,
    x: np.ndarray,
    levels: int,
    target: np.ndarray,
    half: np.ndarray,
    weight: np.ndarray,
) -> float:
    """Cost of the log-rank test and the univariable model of one row."""
    cost = cell(logrank(event, x, levels), target[9], half[9], weight[9])
    out = np.empty(4)
    cox(event, x, out)
    for k in range(4):
        cost += cell(out[k], target[10 + k], half[10 + k], weight[10 + k])
    return cost


@compiled
def several(
    event: np.ndarray, x: np.ndarray, target: np.ndarray, half: np.ndarray, weight: np.ndarray
) -> float:
    """Cost of the multivariable model of the liver, HI and SUVmax, `x` of shape (10, n)."""
    out = np.empty(12)
    terms = np.empty((3, x.shape[1]), np.int64)
    terms[0], terms[1], terms[2] = x[0], x[4], x[5]
    cox3(event, terms, out)
    cost = 0.0
    for k in range(12):
        cost += cell(out[k], target[k], half[k], weight[k])
    return cost


@compiled
def coupled(time: np.ndarray, x: np.ndarray) -> float:
    """Cost of what must hold beside the cells.

    Clinical benefit is 24 weeks without progression, in 15 patients, 10 of them with a high
    SUVmax; whether progression at the scan of week 24 comes after them is left open.
    HI is SUVmax / SUVmean of one lesion: where SUVmax is low and SUVmean high, HI cannot be high.
    """
    impossible = 0
    for i in range(len(time)):
        impossible += x[4, i] == 1 and x[5, i] == 0 and x[6, i] == 1
    best = 1_000
    for start in WEEK_24:
        benefit, high = 0, 0
        for i in range(len(time)):
            if time[i] >= start:
                benefit += 1
                high += x[5, i]
        best = min(best, abs(benefit - BENEFIT) + abs(high - BENEFIT_HIGH))
    return COUPLED * (best + impossible)


@compiled
def levels_of(row: int) -> int:
    """How many levels a row has."""
    return LEVELS if row == N_FACTORS - 1 else 2


@compiled
def evaluate(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    targets: np.ndarray,
    km: np.ndarray,
    rank: np.ndarray,
    only_times: bool,
    limit: float,
) -> float:
    """Write the cost of each row's curves to `km` and of its models to `rank` (12 each).

    Returns their sum, or stops at the first one that is above the limit.
    """
    km[10] = coupled(time, x)
    rank[11] = 0.0
    everybody = np.zeros(len(time), np.int64)
    km[11] = curves(time, event, everybody, 1, targets[0, 11], targets[1, 11], targets[2, 11])
    cost = km[10] + km[11] + (rank.sum() if only_times else 0.0)
    for f in range(N_FACTORS):
        km[f] = curves(time, event, x[f], levels_of(f), targets[0, f], targets[1, f], targets[2, f])
        cost += km[f]
        if cost > limit:
            return cost
    if only_times:
        return cost
    for f in range(N_FACTORS):
        rank[f] = ranks(event, x[f], levels_of(f), targets[0, f], targets[1, f], targets[2, f])
        cost += rank[f]
        if cost > limit:
            return cost
    rank[10] = several(event, x, targets[0, 10], targets[1, 10], targets[2, 10])
    return cost + rank[10]
