"""The cost of a cohort: how many printed cells it misses, and by how much.

A cell costs nothing where it rounds to the printed text, else 1 and a part that grows with the
logarithm of the distance in units of the last decimal, up to `SLOPE`. So cells that contradict each
other never pull more than they can give, and what misses fewer cells is nearly always cheaper.
"""

from __future__ import annotations

import math

import numpy as np

from data.generators.fulvestrant.kernels import compiled, cox, cox3, limits, logrank

N_FACTORS = 10
SEVERAL, OVERALL = 10, 11
"""Rows of the multivariable model and of the curve of everybody, after those of the factors."""
LEVELS = 3
SLOPE = 0.35
FAR = math.log(1001.0)


@compiled
def cell(value: float, target: float, half: float) -> float:
    """Cost of one cell; nothing where nothing is printed."""
    if np.isnan(target):
        return 0.0
    if target < 0.0:
        return 0.0 if np.isnan(value) else 1.0 + SLOPE
    if np.isnan(value):
        return 1.0 + SLOPE
    distance = abs(value - target) / half
    # Half a unit above is rounded up to the next one, half a unit below is rounded up to this one.
    if distance < 1.0 - 1e-7 or abs(value - target + half) < 1e-7 * half:
        return 0.0
    return 1.0 + SLOPE * min(1.0, math.log(distance) / FAR)


@compiled
def curve(
    time: np.ndarray, places: np.ndarray, apart: float, target: np.ndarray, half: np.ndarray
) -> float:
    """Cost of the median and the limits of one level, `places` and `apart` of `kernels.form`."""
    out = np.empty(3)
    limits(time, places, apart, out)
    cost = 0.0
    for k in range(3):
        cost += cell(out[k], target[k], half[k])
    return cost


@compiled
def ranks(
    event: np.ndarray, x: np.ndarray, levels: int, target: np.ndarray, half: np.ndarray
) -> float:
    """Cost of the log-rank test and the univariable model of one row."""
    cost = cell(logrank(event, x, levels), target[9], half[9])
    out = np.empty(4)
    cox(event, x, out)
    for k in range(4):
        cost += cell(out[k], target[10 + k], half[10 + k])
    return cost


@compiled
def several(event: np.ndarray, terms: np.ndarray, target: np.ndarray, half: np.ndarray) -> float:
    """Cost of the multivariable model of the liver, HI and SUVmax, `terms` of shape (3, n)."""
    out = np.empty(12)
    cox3(event, terms, out)
    cost = 0.0
    for k in range(12):
        cost += cell(out[k], target[k], half[k])
    return cost


@compiled
def levels_of(row: int) -> int:
    """How many levels a row has."""
    return LEVELS if row == N_FACTORS - 1 else 2
