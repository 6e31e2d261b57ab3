"""The search: places, then labels, then first lines, again and again from a pool of good states."""

from __future__ import annotations

import time as clock
from collections.abc import Callable

import numpy as np

from data.generators.progression_mode.anneal import State, anneal, scratch
from data.generators.progression_mode.cost import row_cost
from data.generators.progression_mode.first_lines import best_first_lines
from data.generators.progression_mode.labels import best_labels
from data.generators.progression_mode.state import missed
from data.generators.progression_mode.targets import (
    FIRST_FACTOR,
    FIRST_LINE,
    FIRST_MODEL,
    OVERALL,
    ROWS,
    SEVERAL,
    centres,
    tables,
)

POOL = 12
MOVES = 150_000
"""Of places, in a chain."""
LONGER, HOT = 80, 0.8
"""A chain from scratch is so many times longer, and begins where all that moves."""
PLACES = np.array((0.0, 0.0, 0.0, 0.4, 0.6))
FIRST_LINES = np.array((0.0, 0.0, 1.0, 0.0, 0.0))
ALL = np.array((0.45, 0.05, 0.1, 0.2, 0.2))
"""Shares of the moves, as in `moves.move`."""
HEATS = (0.03, 0.06, 0.1, 0.2)
COLD = 0.02
FINE = np.array((0.4, 0.05, 0.55, 0.0, 0.0))
FINE_HEATS, FINE_COLD = (0.05, 0.08, 0.12), 0.02
NEAR = 6
"""A state is refined where it misses at most so many cells more than the best one."""
OF_PLACES = (OVERALL, FIRST_MODEL + 2, FIRST_FACTOR + 5)
"""Rows that labels do not enter but the mode of progression."""
OTHERS = (0.05, 0.1, 0.3)
"""Weights of the other rows while places move: the labels come after them."""
HEAVIER = (0.0, 1.0, 3.0)
"""What is added to the weight of such a row where it misses cells."""
REACH = (150.0, 10.0, 40.0, 4.0, 120.0, 10.0, 60.0, 4.0, 8.0, 2.5, 50.0, 1.5)
"""How far off the statistics of the model of all six may be before first lines are exact, in units
of what they may be off in the end."""
TIGHTER = (0.3, 0.6, 1.0)
Scored = tuple[int, float, State]
"""Cells missed; cost; state."""


def scored(state: State) -> Scored:
    """Put what a state is worth before it."""
    cells, aims = tables(), centres()
    cost = sum(row_cost(row, *state, np.zeros(6), cells, aims) for row in range(ROWS))
    return int(missed(state).sum()), float(cost), state


def search(
    start: State | None,
    *,
    seed: int,
    minutes: float,
    save: Callable[[State], None],
    moves: int = MOVES,
) -> State:
    """Search for a state that misses fewer cells, and save each that is the best so far.

    Parameters
    ----------
    start : state or None
        None starts from scratch.
    seed : int
    minutes : float
        No chain begins after them; at least one is run.
    save : callable
        Is given each best state.
    moves : int
        Of places, in a chain.

    Returns
    -------
    state
        The best one.
    """
    rng = np.random.default_rng(seed)
    pool = [scored(_begun(moves, rng) if start is None else start)]
    until, chain = clock.monotonic() + 60 * minutes, 0
    while chain == 0 or clock.monotonic() < until:
        chain += 1
        best = pool[0][0]
        found = _chained(pool[min(int(rng.exponential(2.0)), len(pool) - 1)][2], moves, rng)
        if missed(found).sum() <= best + NEAR:
            found = _refined(found, moves, rng)
        entry = scored(found)
        if all(entry[1] != other[1] for other in pool):
            pool = sorted([*pool, entry], key=lambda one: one[:2])[:POOL]
        if pool[0][0] < best:
            save(pool[0][2])
        print(f"chain {chain}: {entry[0]} missed, at best {pool[0][0]}", flush=True)
    return pool[0][2]


def _begun(moves: int, rng: np.random.Generator) -> State:
    """A state from scratch."""
    state = scratch(rng)
    n = LONGER * moves
    anneal(*state, *_loose(1.0), ALL, n, HOT, HEATS[0], int(rng.integers(2**31)))
    return state


def _loose(part: float) -> tuple[np.ndarray, np.ndarray]:
    """Cells and centres with the model of all six in reach only."""
    cells, aims = tables(), centres().copy()
    cells[2, SEVERAL] = 0.0
    aims[3, SEVERAL] = part * np.array(REACH)
    return cells, aims


def _chained(start: State, moves: int, rng: np.random.Generator) -> State:
    """Move places, anneal each label, and make first lines exact."""
    state = (start[0].copy(), start[1].copy(), start[2].copy(), start[3].copy())
    cells, aims = _loose(float(rng.choice(TIGHTER)))
    if rng.random() < 0.6:
        places = aims.copy()
        places[2, :, -1] = float(rng.choice(OTHERS))
        wrong = missed(state).any(axis=1)
        for row in OF_PLACES:
            places[2, row, -1] = 1.0 + float(rng.choice(HEAVIER)) * wrong[row]
        places[2, FIRST_LINE, -1] = 1.0
        heat = float(rng.choice(HEATS))
        anneal(*state, cells, places, PLACES, moves, heat, COLD, int(rng.integers(2**31)))
    best = None
    for _ in range(2):
        state = best_labels(state, cells, aims, rng)
        y = tuple(part.copy() for part in state)
        heat = float(rng.choice(HEATS))
        anneal(*y, cells, aims, FIRST_LINES, moves // 4, heat, COLD, int(rng.integers(2**31)))
        state = best_first_lines(y, rng)
        if best is None or missed(state).sum() <= missed(best).sum():
            best = state
    assert best is not None
    return best


def _refined(state: State, moves: int, rng: np.random.Generator) -> State:
    """Anneal labels and first lines a little where all cells count, and exact first lines again."""
    best = state
    for heat in FINE_HEATS:
        y = tuple(part.copy() for part in best)
        cells, aims = tables(), centres()
        anneal(*y, cells, aims, FINE, moves, heat, FINE_COLD, int(rng.integers(2**31)))
        y = best_first_lines(y, rng)
        if missed(y).sum() <= missed(best).sum():
            best = y
    return best
