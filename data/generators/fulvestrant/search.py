"""The search for a state that misses fewer cells, from pattern to pattern.

A pattern says which of the 27 places are events. Each is looked at in three steps, and left after
any of them if it costs too much more than the best one so far: a bound without the sites, a bound
with them, and the state with the labels that can be together. Then others are tried that differ
from one of the best by one exchange of neighbours, sometimes by more.
"""

from __future__ import annotations

import time as clock
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from data.generators.fulvestrant.annealing import Schedule, anneal, best_state
from data.generators.fulvestrant.chain import TOGETHER, seeded
from data.generators.fulvestrant.cost import N_FACTORS
from data.generators.fulvestrant.labelings import Labelings, labelings
from data.generators.fulvestrant.state import State, missed
from data.generators.fulvestrant.targets import (
    EVENTS,
    FIRST,
    LAST,
    SITES,
    WEEK_24,
    N,
    Targets,
    tables,
)
from data.generators.fulvestrant.times import best_times

WITHOUT_SITES = Schedule(rounds=8, moves=2500, hot=0.3)
WITH_SITES = Schedule(rounds=14, moves=4000, hot=0.3)
CHOSEN = Schedule(rounds=20, moves=6000, hot=0.5)
OF_SITES = 1.2
"""What the sites cost at least, nearly always."""
OF_MODEL = 14.5
"""What the multivariable model and the labels that can be together usually cost more."""
ROOM = (4.0, 2.5)
"""How much more than the best bound a pattern may cost to be looked at further."""
STEPS = (1, 1, 1, 1, 2, 2, 3)
FAR = 0.07
"""Exchanges from one pattern to the next, and how many of them are not of neighbours."""
DEPTH = 5.0
"""Mean rank of the patterns that others are made from."""


@dataclass(frozen=True)
class Pattern:
    """A pattern that was looked at.

    Attributes
    ----------
    cost, bound : float
        The cost is a guess from the bound where only that was found.
    event : numpy.ndarray of int, shape (27,)
    time : numpy.ndarray, shape (27,)
        The best times that were found.
    state : state or None
        With the best labels, where they were chosen.
    """

    cost: float
    bound: float
    event: np.ndarray
    time: np.ndarray
    state: State | None = None


def search(
    start: State | None, *, seed: int, minutes: float, save: Callable[[State], None]
) -> None:
    """Search for a state that misses fewer cells, and save each that is the best so far.

    Parameters
    ----------
    start : state or None
        Its pattern and times are where the search begins. None starts from random ones.
    seed : int
    minutes : float
        No pattern is begun after them; at least one is looked at.
    save : callable
        Is given each best state.
    """
    targets, rng = tables(), np.random.default_rng(seed)
    seeded(seed)
    best = np.inf if start is None else float(missed(start).sum())
    event, time = _random(rng) if start is None else (start[1], start[0])
    known: list[Pattern] = []
    seen: set[bytes] = set()
    until = clock.monotonic() + 60 * minutes
    while not seen or clock.monotonic() < until:
        if known:
            parent = known[min(int(rng.exponential(DEPTH)), len(known) - 1)]
            event, time = exchanged(parent.event, rng), parent.time
        elif seen:
            event, time = _random(rng)
        if event.tobytes() in seen:
            continue
        seen.add(event.tobytes())
        found = explore(event, time, min((p.bound for p in known), default=np.inf), targets)
        if found is None:
            continue
        known = sorted([*known, found], key=lambda p: p.cost)
        cells = np.inf if found.state is None else float(missed(found.state).sum())
        if found.state is not None and cells < best:
            best = cells
            save(found.state)
        print(f"pattern {len(seen)}: cost {found.cost:.2f}, {cells:g} missed, at best {best:g}")


def explore(event: np.ndarray, time: np.ndarray, least: float, targets: Targets) -> Pattern | None:
    """Look at a pattern, as far as it is worth it.

    Parameters
    ----------
    event : numpy.ndarray of int, shape (27,)
    time : numpy.ndarray, shape (27,)
        To begin with, in months.
    least : float
        The best bound of a pattern so far.
    targets : tuple of numpy.ndarray
        Of `targets.tables`.

    Returns
    -------
    Pattern or None
        None where a factor has no labelings that match nearly all cells.
    """
    lists: list[Labelings | None] = [None] * N_FACTORS
    for f in range(N_FACTORS):
        if f != SITES:
            lists[f] = _listed(event, f, targets)
            if lists[f] is None:
                return None
    (bound, time), start = min(
        ((anneal(event, time, s, lists, targets, together=False, schedule=WITHOUT_SITES), s)
         for s in WEEK_24), key=lambda found: found[0][0],
    )  # fmt: skip
    if bound + OF_SITES >= least + ROOM[0]:
        return Pattern(bound + OF_SITES + OF_MODEL, bound + OF_SITES, event, time)
    lists[SITES] = _listed(event, SITES, targets)
    if lists[SITES] is None:
        return None
    bound, time = anneal(event, time, start, lists, targets, together=False, schedule=WITH_SITES)
    if bound >= least + ROOM[1]:
        return Pattern(bound + OF_MODEL, bound, event, time)
    cost, time = anneal(event, time, start, lists, targets, together=True, schedule=CHOSEN)
    state = best_state(event, time, [some for some in lists if some is not None], targets)
    if state is None:
        return Pattern(bound + OF_MODEL, bound, event, time)
    return Pattern(cost, bound, event, time, _fewest(state))


def exchanged(event: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Another pattern: an event exchanged with its neighbour, sometimes several or any other."""
    other = event.copy()
    for _ in range(rng.choice(STEPS)):
        if rng.random() < FAR:
            i, j = rng.choice(np.flatnonzero(other == 1)), rng.choice(np.flatnonzero(other == 0))
        else:
            i = rng.choice(np.flatnonzero(other[:-1] != other[1:]))
            j = i + 1
        other[i], other[j] = other[j], other[i]
    return other


def _random(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """A random pattern and random times."""
    event = rng.permutation(np.repeat([1, 0], [EVENTS, N - EVENTS]))
    return event, np.sort(np.exp(rng.uniform(np.log(FIRST), np.log(LAST), N)))


def _listed(event: np.ndarray, factor: int, targets: Targets) -> Labelings | None:
    """The labelings of a factor; None where there are none."""
    found = labelings(event, factor, targets)
    if not len(found):
        return None
    return found if factor in TOGETHER else found.without_twins()


def _fewest(state: State) -> State:
    """The state with the times that match most cells."""
    other = best_times(state)
    return min(state, other, key=lambda s: missed(s).sum())
