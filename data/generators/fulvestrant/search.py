"""The search: annealing from a pool of good states, exact enumeration, and exact times."""

from __future__ import annotations

import time as clock
from collections.abc import Callable

import numpy as np

from data.generators.fulvestrant.anneal import anneal, scratch
from data.generators.fulvestrant.cost import coupled, evaluate
from data.generators.fulvestrant.enumerate import best_labels
from data.generators.fulvestrant.state import State, missed
from data.generators.fulvestrant.targets import FACTORS, tables
from data.generators.fulvestrant.times import best_times

POOL = 16
MOVES = 6_000_000
COLD = 0.03
HEATS = (0.15, 0.2, 0.3, 0.4, 0.6)
FRESH = 11
ENUMERATE = 7
"""Every so many chains one starts from scratch, and every so many the labels are enumerated."""
KEPT = 20
NEAR = 4
"""The times of a state are solved exactly where it misses at most so many cells more than the
best one."""
Scored = tuple[float, float, State]
"""Cells missed, with what must hold beside them counted as cells; cost; state."""


def scored(state: State, targets: np.ndarray) -> Scored:
    """Put what a state is worth before it."""
    cost = evaluate(*state, targets, np.empty(12), np.empty(12), False, np.inf)
    return float(missed(state).sum()) + coupled(state[0], state[2]), float(cost), state


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
        Of a chain.

    Returns
    -------
    state
        The best one.
    """
    targets = np.array(tables())
    rng = np.random.default_rng(seed)
    pool = [scored(scratch(rng) if start is None else start, targets)]
    until, chain = clock.monotonic() + 60 * minutes, 0
    while chain == 0 or clock.monotonic() < until:
        chain += 1
        best = pool[0][0]
        if chain % ENUMERATE == 0:
            found = scored(enumerate_labels(_one_of(pool, rng), targets, rng), targets)
        else:
            found = _annealed(pool, targets, rng, moves, fresh=chain % FRESH == 0)
        if found[0] <= best + NEAR:
            found = min(found, scored(best_times(found[2]), targets), key=_worth)
        if all(found[1] != other[1] for other in pool):
            pool = sorted([*pool, found], key=_worth)[:POOL]
        if pool[0][0] < best:
            save(pool[0][2])
        print(f"chain {chain}: {found[0]:g} missed, at best {pool[0][0]:g}", flush=True)
    return pool[0][2]


def _worth(entry: Scored) -> tuple[float, float]:
    return entry[0], entry[1]


def _one_of(pool: list[Scored], rng: np.random.Generator) -> State:
    """One of the better states of the pool."""
    return pool[min(int(rng.exponential(4.0)), len(pool) - 1)][2]


def _annealed(
    pool: list[Scored],
    targets: np.ndarray,
    rng: np.random.Generator,
    moves: int,
    *,
    fresh: bool,
) -> Scored:
    """Anneal one of the better states of the pool again, or a new one."""
    time, event, x = scratch(rng) if fresh else (part.copy() for part in _one_of(pool, rng))
    hot = 0.8 if fresh else float(rng.choice(HEATS))
    anneal(time, event, x, targets, moves, hot, COLD, int(rng.integers(2**31)))
    return scored((time, event, x), targets)


def enumerate_labels(state: State, targets: np.ndarray, rng: np.random.Generator) -> State:
    """Give each factor of two levels its best labels, one factor after the other."""
    time, event, x = (part.copy() for part in state)
    for f in rng.permutation(len(FACTORS) - 1):
        costs, labels = best_labels(time, event, x, targets, int(f), KEPT)
        x[f] = labels[int(np.argmin(costs))]
    return time, event, x
