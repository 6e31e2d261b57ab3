"""The best months of the first line for given labels and order, by linear programming.

The months of the first line are a term of the model of all six. Each coefficient and each error of
that model moves with each of the 70 months, so that the months are found with which most of its
cells match: a linear programme with the derivatives of the statistics, solved again around each
solution. The order of the months stays, and with it the log-rank test of the first line; so do the
medians and who is in the subgroup of short first lines.
"""

from __future__ import annotations

import itertools

import numpy as np
from scipy.optimize import linprog

from data.generators.progression_mode.anneal import State
from data.generators.progression_mode.cost import SHORT, row_statistics
from data.generators.progression_mode.moves import LONGEST, SHORTEST, N
from data.generators.progression_mode.state import missed
from data.generators.progression_mode.targets import (
    FIRST_FACTOR,
    FIRST_LINE,
    SEVERAL,
    centres,
)

ROUNDS = 10
STEP = 0.02
"""Months of a difference quotient."""
FURTHEST = 2.0
"""Months by which a first line may move in the first round; less in each that follows."""
SHRINK = 0.7
APART = 0.0101
TRIES, NOISE = 30, 0.004
INSIDE = 0.8
"""Share of what a statistic may be off that is aimed at, which leaves room for rounding."""
DEARER = 3.0
"""Weight of a statistic of the first line alone, with which several cells would be lost."""
PLACES = (
    *((SEVERAL, k) for k in range(12)), (FIRST_FACTOR + 4, 0), (FIRST_FACTOR + 4, 1),
    *((FIRST_LINE, k) for k in range(6)),
)  # fmt: skip
"""Statistics that the months enter."""


def statistics(state: State) -> np.ndarray:
    """The statistics of `PLACES`."""
    out, b = np.empty(12), np.zeros(6)
    found = {}
    for row in {row for row, _ in PLACES}:
        row_statistics(row, *state, b, out)
        found[row] = out.copy()
    return np.array([found[row][k] for row, k in PLACES])


def best_first_lines(state: State, rng: np.random.Generator) -> State:
    """Replace the months of the first line by those with which most cells match.

    The given state is returned where none is better.
    """
    best, fewest = state, int(missed(state).sum())
    first, furthest = state[3].astype(float), FURTHEST
    for _ in range(ROUNDS):
        found = _solved((*state[:3], first), furthest)
        if found is None:
            break
        first, furthest = found, furthest * SHRINK
        for rounded in _rounded(first, rng):
            trial = (*state[:3], rounded)
            if (n := int(missed(trial).sum())) < fewest:
                best, fewest = trial, n
    return best


def _solved(state: State, furthest: float) -> np.ndarray | None:
    """Months that bring every statistic as near to its range as the derivatives say they can."""
    first = state[3]
    aims = centres()
    aim = np.array([aims[0][place] for place in PLACES])
    half = np.array([aims[1][place] for place in PLACES]) * INSIDE
    now = statistics(state)
    slope = np.empty((len(PLACES), N))
    for i in range(N):
        moved = first.copy()
        moved[i] += STEP
        slope[:, i] = (statistics((*state[:3], moved)) - now) / STEP
    slope, off = slope / half[:, None], (aim - now) / half
    order = np.argsort(first)
    m = len(PLACES)
    # Variables: by how much each first line moves, then by how much each range is missed.
    apart = np.zeros((N - 1, N + m))
    for k, (i, j) in enumerate(itertools.pairwise(order)):
        apart[k, i], apart[k, j] = 1.0, -1.0
    slack = np.eye(m)
    a = np.vstack([np.hstack([slope, -slack]), np.hstack([-slope, -slack]), apart])
    b = np.concatenate([1.0 + off, 1.0 - off, np.diff(first[order]) - APART])
    low = np.maximum(first - furthest, np.where(first < SHORT, SHORTEST, SHORT))
    high = np.minimum(first + furthest, np.where(first < SHORT, SHORT - 0.01, LONGEST))
    bounds = [*zip(low - first, high - first, strict=True), *[(0.0, None)] * m]
    dear = [1.0 if row == SEVERAL else DEARER for row, _ in PLACES]
    cost = np.concatenate([np.zeros(N), dear])
    solved = linprog(cost, A_ub=a, b_ub=b, bounds=bounds)
    return first + solved.x[:N] if solved.success else None


def _rounded(first: np.ndarray, rng: np.random.Generator) -> list[np.ndarray]:
    """Months in hundredths, all different, some with a little noise that may round better."""
    made = []
    for spread in np.linspace(0.0, NOISE, TRIES):
        trial = np.round(first + rng.uniform(-spread, spread, N), 2)
        if len(np.unique(trial)) == N:
            made.append(trial)
    return made
