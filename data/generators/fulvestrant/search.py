"""The search: annealing from a pool of good states, alternated with exact enumeration."""

from __future__ import annotations

import time as clock
from collections.abc import Callable

import numpy as np

from data.generators.fulvestrant.anneal import anneal, scratch
from data.generators.fulvestrant.cost import evaluate
from data.generators.fulvestrant.enumerate import best_labels
from data.generators.fulvestrant.state import State, missed
from data.generators.fulvestrant.targets import FACTORS, tables

POOL = 10
MOVES = 6_000_000
COLD = 0.03
HEATS = (0.2, 0.3, 0.4, 0.5, 0.6)
FRESH = 5
ENUMERATE = 6
"""Every so many chains one starts from scratch, and every so many the labels are enumerated."""
KEPT = 20


def cost_of(state: State, targets: np.ndarray) -> float:
    """Cost of a state."""
    return float(evaluate(*state, targets, np.empty(12), np.empty(12), False, np.inf))


def search(
    start: State | None,
    *,
    seed: int,
    minutes: float,
    save: Callable[[State], None],
    moves: int = MOVES,
) -> State:
    """Search for a state of a lower cost, and save each that is the best so far.

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
    first = scratch(rng) if start is None else start
    pool = [(cost_of(first, targets), first)]
    until, chain, enumerated = clock.monotonic() + 60 * minutes, 0, np.inf
    while chain == 0 or clock.monotonic() < until:
        chain += 1
        best = pool[0][0]
        if chain % ENUMERATE == 0 and enumerated != best:
            state = enumerate_labels(pool[0][1], targets, rng)
            enumerated = best
        else:
            state = _annealed(pool, targets, rng, moves, fresh=chain % FRESH == 0)
        pool.append((cost_of(state, targets), state))
        pool = sorted(pool, key=lambda entry: entry[0])[:POOL]
        if pool[0][0] < best:
            save(pool[0][1])
        report = f"chain {chain}: cost {cost_of(state, targets):.2f}, best {pool[0][0]:.2f}, "
        print(report + f"{missed(pool[0][1]).sum()} cells missed", flush=True)
    return pool[0][1]


def _annealed(
    pool: list[tuple[float, State]],
    targets: np.ndarray,
    rng: np.random.Generator,
    moves: int,
    *,
    fresh: bool,
) -> State:
    """Anneal one of the better states of the pool again, or a new one."""
    chosen = min(int(rng.exponential(2.5)), len(pool) - 1)
    state = scratch(rng) if fresh else tuple(part.copy() for part in pool[chosen][1])
    hot = 0.8 if fresh else float(rng.choice(HEATS))
    time, event, x = state
    anneal(time, event, x, targets, moves, hot, COLD, int(rng.integers(2**31)))
    return time, event, x


def enumerate_labels(state: State, targets: np.ndarray, rng: np.random.Generator) -> State:
    """Give each factor of two levels its best labels, one factor after the other."""
    time, event, x = (part.copy() for part in state)
    for f in rng.permutation(len(FACTORS) - 1):
        costs, labels = best_labels(time, event, x, targets, int(f), KEPT)
        x[f] = labels[int(np.argmin(costs))]
    return time, event, x
