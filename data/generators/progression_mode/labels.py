"""Labels for given times, events and arms: one label after the other is annealed.

The labels meet only in the model of all six and where one depends on another, so that each is
annealed against its own rows, which is fast: the model of all six is computed only where these
promise a gain.
"""

from __future__ import annotations

import math

import numpy as np

from data.generators.progression_mode.anneal import State
from data.generators.progression_mode.cost import (
    CHEMO,
    GROUP_A,
    GROUP_B,
    HER2,
    HORMONE,
    RETAINED,
    STAGE_4,
    YOUNG,
    row_cost,
)
from data.generators.progression_mode.kernels import compiled
from data.generators.progression_mode.moves import N, changed, exchanged, rows_of

MOVES, HOT, COLD = 300_000, 1.0, 0.03
TRIES = 5
LATER = (CHEMO, RETAINED, GROUP_B)
DEPENDENT = {HORMONE: [15, 16], HER2: [17], GROUP_A: [2]}
"""Labels that depend on others, and rows of theirs that change with those."""
LIGHT = 0.1
SATISFIED = 1e-9
CHANGES = 0.1
"""Share of the moves that change a label whose count is free."""


@compiled
def cost_of(
    rows: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    first: np.ndarray,
    b: np.ndarray,
    cells: np.ndarray,
    aims: np.ndarray,
    limit: float,
) -> float:
    """Cost of some rows, given up where it exceeds a limit."""
    cost = 0.0
    for row in rows:
        cost += row_cost(row, time, event, x, first, b, cells, aims)
        if cost > limit:
            break
    return cost


@compiled
def anneal_label(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    first: np.ndarray,
    cells: np.ndarray,
    aims: np.ndarray,
    label: int,
    moves: int,
    hot: float,
    seed: int,
) -> float:
    """Anneal one label in place and leave the best found; returns the cost of its rows."""
    np.random.seed(seed)
    rows, b = rows_of(label), np.zeros(6)
    now = cost_of(rows, time, event, x, first, b, cells, aims, np.inf)
    lowest, best, y = now, x.copy(), x.copy()
    for step in range(moves):
        if lowest < SATISFIED:
            break
        if label >= YOUNG and np.random.random() < CHANGES:
            possible = changed(y, label, np.random.randint(N))
        else:
            possible = exchanged(y, label, np.random.randint(N), np.random.randint(N))
        if not possible:
            continue
        heat = hot * (COLD / hot) ** (step / moves)
        limit = now - heat * math.log(1.0 - np.random.random())
        cost = cost_of(rows, time, event, y, first, b, cells, aims, limit)
        if cost > limit:
            y[:] = x
            continue
        now = cost
        x[:] = y
        if now < lowest:
            lowest = now
            best[:] = x
    x[:] = best
    return lowest


def best_labels(
    state: State, cells: np.ndarray, aims: np.ndarray, rng: np.random.Generator, *, rounds: int = 2
) -> State:
    """Anneal each label a few times, in random order, and keep what is best.

    While a label is annealed that another one depends on, the other one's rows weigh less: it is
    annealed afterwards.
    """
    time, event, x, first = state
    x = x.copy()
    for _ in range(rounds):
        order = rng.permutation(np.arange(STAGE_4, GROUP_B + 1))
        for label in sorted(order, key=lambda label: label in LATER):
            own = aims.copy()
            own[2, DEPENDENT.get(int(label), []), -1] *= LIGHT
            trials = []
            for hot in HOT * np.linspace(0.2, 1.0, TRIES):
                y = x.copy()
                cost = anneal_label(
                    time, event, y, first, cells, own, int(label), MOVES, float(hot),
                    int(rng.integers(2**31)),
                )  # fmt: skip
                trials.append((cost, y))
                if cost < SATISFIED:
                    break
            x = min(trials, key=lambda trial: trial[0])[1]
    return time, event, x, first
