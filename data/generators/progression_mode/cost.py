"""The cost of a cohort: how many printed cells it misses, and by how much.

A cohort has statistics (`row_statistics`), which say more than the cells made of them: medians,
signed statistics of log-rank tests, and the coefficients of Cox models with their errors. A hazard
ratio's four cells are functions of the last two alone. Cells that are missed cost `STEP` each; with
them costs the logarithm of the distance of each of their statistics to where all cells match, in
units of what that allows (`targets.centres`). So a cohort is led from far away, and rewarded for
what is exact.

Rows are those of `targets.tables`. A patient is a column of `x` (labels, rows `HETER` ...
`GROUP_B`), a time, an event and `first`, the months of the first line.
"""

from __future__ import annotations

import math

import numpy as np

from data.generators.progression_mode.kernels import (
    Z_MEDIAN,
    compiled,
    cox_groups,
    cox_number,
    cox_several,
    logrank,
    median,
    ratios,
    spss_error,
)

HETER, STAGE_4, HORMONE, HER2, VISCERAL, CHEMO, RETAINED, YOUNG, GROUP_A, GROUP_B = range(10)
LABELS = (
    "heter", "stage_4", "hormone_positive", "her2_positive", "visceral", "chemotherapy", "retained",
    "under_45", "model_a_1", "model_b_1",
)  # fmt: skip
STEP, SLOPE, LINE = 0.3, 0.3, 0.5
FAR = 6.0
"""Cost of a statistic that does not exist, and where the straight part ends."""
STAGES = 3.0
"""Stage IV is 4, the others are 1: a printed hazard ratio is per stage."""
SHORT = 6.0
"""Months of a short first line."""


@compiled
def hit(value: float, target: float, half: float) -> bool:
    """Whether a value rounds to a printed cell."""
    # Half a unit above is rounded up to the next one, half a unit below is rounded up to this one.
    distance = value - target
    return bool(abs(distance) < half * (1.0 - 1e-7) or abs(distance + half) < 1e-7 * half)


@compiled
def compared(time: np.ndarray, event: np.ndarray, group: np.ndarray, out: np.ndarray) -> None:
    """Write the median of group 1 and of group 0, and the log-rank test."""
    out[0] = median(time, event, group, 1)
    out[1] = median(time, event, group, 0)
    out[2] = logrank(event, group)


@compiled
def first_line(heter: np.ndarray, first: np.ndarray, out: np.ndarray) -> None:
    """Write medians and their errors of the first line, overall and by the mode, and the test."""
    order = np.argsort(first)
    time, group = first[order], heter[order]
    event = np.ones(len(time), np.int64)
    everybody = np.zeros(len(time), np.int64)
    out[0], out[1] = median(time, event, everybody, 0), spss_error(time, event, everybody, 0)
    for k in range(2):
        out[2 + 2 * k] = median(time, event, group, 1 - k)
        out[3 + 2 * k] = spss_error(time, event, group, 1 - k)
    out[6] = logrank(event, group)


@compiled
def terms_of(x: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The six terms of the multivariable model, shape (n, 6)."""
    made = np.empty((x.shape[1], 6))
    for i in range(x.shape[1]):
        made[i, 0] = x[YOUNG, i]
        made[i, 1] = STAGES * x[STAGE_4, i]
        made[i, 2] = x[HORMONE, i]
        made[i, 3] = x[HER2, i]
        made[i, 4] = first[i]
        made[i, 5] = x[HETER, i]
    return made


@compiled
def members(row: int, x: np.ndarray, first: np.ndarray) -> np.ndarray:
    """The mode of progression of those who are in a subgroup (rows 11 to 17), -1 for others."""
    group = x[HETER].copy()
    for i in range(len(group)):
        inside = (
            (row == 11 and x[VISCERAL, i] == 1)
            or (row == 12 and x[VISCERAL, i] == 0)
            or (row == 13 and x[HORMONE, i] == 0)
            or (row == 14 and first[i] < SHORT)
            or (row == 15 and x[CHEMO, i] == 1)
            or (row == 16 and x[CHEMO, i] == 0)
            or (row == 17 and x[RETAINED, i] == 1)
        )
        if not inside:
            group[i] = -1
    return group


@compiled
def row_statistics(
    row: int,
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    first: np.ndarray,
    b: np.ndarray,
    out: np.ndarray,
) -> int:
    """Write the statistics of one row to `out` (12); returns how many there are."""
    if row == 0:
        everybody = np.zeros(len(time), np.int64)
        out[0] = median(time, event, everybody, 0)
        half = Z_MEDIAN * spss_error(time, event, everybody, 0)
        out[1], out[2] = out[0] - half, out[0] + half
        return 3
    if row <= 3:
        compared(time, event, x[GROUP_A if row == 1 else (GROUP_B if row == 2 else HETER)], out)
        return 3
    if row <= 9:
        if row == 8:
            cox_number(event, first, out)
        else:
            label = (YOUNG, STAGE_4, HORMONE, HER2, HER2, HETER)[row - 4]
            cox_groups(event, x[label], STAGES if row == 5 else 1.0, out)
        return 2
    if row == 10:
        cox_several(event, terms_of(x, first), b, out)
        return 12
    if row == 18:
        first_line(x[HETER], first, out)
        return 7
    group = members(row, x, first)
    if row == 12:
        cox_groups(event, group, 1.0, out)
        return 2
    compared(time, event, group, out)
    return 3


@compiled
def is_ratio(row: int) -> bool:
    """Whether the cells of a row are those of hazard ratios."""
    return 4 <= row <= 10 or row == 12


@compiled
def led(distance: float, aim: np.ndarray) -> float:
    """Cost of the distance of a statistic from its centre; `aim` is of `targets.centres`."""
    beyond = distance - aim[3] * aim[1]
    if beyond <= 0.0:
        return 0.0
    return SLOPE * math.log(1.0 + beyond / aim[1]) + LINE * min(beyond / aim[4], FAR)


@compiled
def row_cost(
    row: int,
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    first: np.ndarray,
    b: np.ndarray,
    cells: np.ndarray,
    centres: np.ndarray,
) -> float:
    """Cost of one row."""
    out, four = np.empty(12), np.empty(4)
    n = row_statistics(row, time, event, x, first, b, out)
    cost = 0.0
    if not is_ratio(row):
        for k in range(n):
            if centres[2, row, k] == 0.0:
                continue
            distance = abs(out[k] - centres[0, row, k])
            if np.isnan(distance):
                cost += FAR
            elif distance >= centres[1, row, k]:
                cost += STEP + led(distance, centres[:, row, k])
        return cost * centres[2, row, 11]
    for j in range(n // 2):
        if np.isnan(out[2 * j]):
            cost += 2 * FAR
            continue
        ratios(out[2 * j], out[2 * j + 1], four)
        missed = 0.0
        for k in range(4):
            place = 4 * j + k
            if not hit(four[k], cells[0, row, place], cells[1, row, place]):
                missed += cells[2, row, place]
        cost += STEP * missed
        for k in range(2 * j, 2 * j + 2):
            if missed > 0.0 or centres[3, row, k] > 0.0:
                cost += led(abs(out[k] - centres[0, row, k]), centres[:, row, k])
    return cost * centres[2, row, 11]
