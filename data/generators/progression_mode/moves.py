"""The moves of a search: what they change, and which rows of cells may change with it."""

from __future__ import annotations

import numpy as np

from data.generators.progression_mode.cost import (
    CHEMO,
    GROUP_A,
    GROUP_B,
    HER2,
    HETER,
    HORMONE,
    RETAINED,
    STAGE_4,
    VISCERAL,
    YOUNG,
)
from data.generators.progression_mode.kernels import compiled

N, HETERS, EVENTS = 70, 38, 66
EARLIEST, LATEST = 0.4, 48.0
"""Months of the second line."""
SHORTEST, LONGEST = 0.8, 70.0
"""Months of the first line."""
ANCHORS = np.array([
    7.10, 7.04, 7.11, 9.75, 5.21, 11.04, 6.07, 9.50, 4.28, 13.85, 11.14, 3.78, 5.79, 8.54, 13.18,
    3.61,
])  # fmt: skip
"""Printed medians of the second line, which are event times."""
FIRST_ANCHORS = np.array([7.96, 7.50])
YOUNG_LEAST, YOUNG_MOST = np.array([8, 10]), np.array([17, 16])
"""Patients under 45 in Hom-PD and Heter-PD that the printed ages allow."""
A_LEAST, B_LEAST, REST_LEAST = 8, 5, 3
"""Least group 1 of models A and B, and least patients between two of the groups."""
TRIES = 30
NEAR, REACH = 0.6, 5
"""Share of the exchanges of labels that are between neighbours, and how far these are apart."""
BY_TIME = np.array([0, 1, 2, 3, 11, 13, 14, 15, 16, 17])
BY_ORDER = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 10])
BY_FIRST = np.array([8, 14, 18, 10])
EVERY = np.array([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 10])


@compiled
def move(
    time: np.ndarray, event: np.ndarray, x: np.ndarray, first: np.ndarray, shares: np.ndarray
) -> np.ndarray:
    """Change a state in place; returns the rows of cells that can change, none where it failed.

    `shares` (5) are the chances of the kinds of moves, adding up to 1: labels exchanged, labels
    changed, first lines, places, times.
    """
    kind = np.random.random()
    if kind < shares[0]:
        return exchange_label(x)
    if kind < shares[:2].sum():
        return change_label(x)
    if kind < shares[:3].sum():
        return shift_first(first)
    if kind < shares[:4].sum():
        return exchange(event, x, first)
    return shift_time(time, event, x, first)


@compiled
def exchange_label(x: np.ndarray) -> np.ndarray:
    """Exchange a label between two patients of the same arm, with those that depend on it."""
    label = np.random.randint(STAGE_4, GROUP_B + 1)
    near = np.random.random() < NEAR
    for _ in range(TRIES):
        i = np.random.randint(N)
        # Neighbours in time change an estimate by little, which is what the last decimals need.
        j = i + np.random.randint(-REACH, REACH + 1) if near else np.random.randint(N)
        if 0 <= j < N and exchanged(x, label, i, j):
            return rows_of(label)
    return np.empty(0, np.int64)


@compiled
def exchanged(x: np.ndarray, label: int, i: int, j: int) -> bool:
    """Give a label of one patient to another, and what depends on it; whether that can be."""
    if x[HETER, i] != x[HETER, j] or x[label, i] != 1 or x[label, j] != 0:
        return False
    if label == RETAINED and x[HER2, j] == 0:
        return False
    if label == CHEMO and x[HORMONE, i] == 0:
        return False
    if label == GROUP_B and x[GROUP_A, j] == 0:
        return False
    x[label, i], x[label, j] = 0, 1
    if label == HER2 and x[RETAINED, i] == 1:
        x[RETAINED, i], x[RETAINED, j] = 0, 1
    if label == HORMONE and x[CHEMO, i] == 0:
        x[CHEMO, i], x[CHEMO, j] = 1, 0
    if label == GROUP_A and x[GROUP_B, i] == 1:
        x[GROUP_B, i], x[GROUP_B, j] = 0, 1
    return True


@compiled
def rows_of(label: int) -> np.ndarray:
    """The rows that a label is in, with those that depend on it."""
    if label == STAGE_4:
        return np.array([5, 10])
    if label == HORMONE:
        return np.array([6, 13, 15, 16, 10])
    if label == HER2:
        return np.array([7, 17, 10])
    if label == YOUNG:
        return np.array([4, 10])
    if label == VISCERAL:
        return np.array([11, 12])
    if label == CHEMO:
        return np.array([15, 16])
    if label == RETAINED:
        return np.array([17])
    return np.array([1, 2]) if label == GROUP_A else np.array([2])


@compiled
def change_label(x: np.ndarray) -> np.ndarray:
    """Change a label whose count is free in one patient."""
    label = np.random.randint(YOUNG, GROUP_B + 1)
    if changed(x, label, np.random.randint(N)):
        return rows_of(label)
    return np.empty(0, np.int64)


@compiled
def changed(x: np.ndarray, label: int, i: int) -> bool:
    """Change a label whose count is free in a patient; whether that can be."""
    arm = x[HETER, i]
    if label == YOUNG:
        n = 1 - 2 * x[YOUNG, i]
        for k in range(N):
            n += x[YOUNG, k] == 1 and x[HETER, k] == arm
        if n < YOUNG_LEAST[arm] or n > YOUNG_MOST[arm]:
            return False
    else:
        if arm == 0:
            return False
        if (label == GROUP_A and x[GROUP_B, i] == 1) or (label == GROUP_B and x[GROUP_A, i] == 0):
            return False
        a, b = x[GROUP_A].sum(), x[GROUP_B].sum()
        if label == GROUP_A:
            a += 1 - 2 * x[GROUP_A, i]
        else:
            b += 1 - 2 * x[GROUP_B, i]
        if a < A_LEAST or b < B_LEAST or a - b < REST_LEAST or HETERS - a < REST_LEAST:
            return False
    x[label, i] = 1 - x[label, i]
    return True


@compiled
def exchange(event: np.ndarray, x: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Exchange two places' event flags, or two patients' places, often neighbours."""
    i = np.random.randint(N)
    if np.random.random() < 0.5:
        j = min(N - 1, max(0, i + (1 if np.random.random() < 0.5 else -1)))
    else:
        j = np.random.randint(N)
    if i == j:
        return np.empty(0, np.int64)
    if np.random.random() < 0.1:
        if event[i] == event[j]:
            return np.empty(0, np.int64)
        event[i], event[j] = event[j], event[i]
        return BY_ORDER
    if np.random.random() < 0.3:
        first[i], first[j] = first[j], first[i]
    event[i], event[j] = event[j], event[i]
    swap(event, x, first, i, j)
    return EVERY


@compiled
def swap(event: np.ndarray, x: np.ndarray, first: np.ndarray, i: int, j: int) -> None:
    """Exchange two patients."""
    event[i], event[j] = event[j], event[i]
    first[i], first[j] = first[j], first[i]
    for k in range(len(x)):
        x[k, i], x[k, j] = x[k, j], x[k, i]


@compiled
def moved(value: float, anchors: np.ndarray, low: float, typical: float) -> float:
    """A new value: near the old one, at a printed median, or anywhere."""
    kind = np.random.random()
    if kind < 0.8:
        return np.round(value + 10.0 ** (-2.0 + 2.7 * np.random.random()) * np.random.normal(), 2)
    if kind < 0.9:
        return anchors[np.random.randint(len(anchors))]
    return np.round(low + np.random.exponential(typical), 2)


@compiled
def shift_first(first: np.ndarray) -> np.ndarray:
    """Move the months of one first line, or exchange them between two patients."""
    i = np.random.randint(N)
    if np.random.random() < 0.3:
        j = np.random.randint(N)
        first[i], first[j] = first[j], first[i]
        return BY_FIRST
    new = moved(first[i], FIRST_ANCHORS, SHORTEST, 9.0)
    if new < SHORTEST or new > LONGEST:
        return np.empty(0, np.int64)
    for k in range(N):
        if abs(first[k] - new) < 0.005:
            return np.empty(0, np.int64)
    first[i] = new
    return BY_FIRST


@compiled
def shift_time(time: np.ndarray, event: np.ndarray, x: np.ndarray, first: np.ndarray) -> np.ndarray:
    """Move one time of the second line."""
    i = np.random.randint(N)
    new = moved(time[i], ANCHORS, EARLIEST, 9.0)
    if new < EARLIEST or new > LATEST:
        return np.empty(0, np.int64)
    for k in range(N):
        if abs(time[k] - new) < 0.005:
            return np.empty(0, np.int64)
    place = i
    while place < N - 1 and time[place + 1] < new:
        time[place] = time[place + 1]
        swap(event, x, first, place, place + 1)
        place += 1
    while place > 0 and time[place - 1] > new:
        time[place] = time[place - 1]
        swap(event, x, first, place, place - 1)
        place -= 1
    time[place] = new
    return BY_TIME if place == i else BY_ORDER
