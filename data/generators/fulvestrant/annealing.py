"""Simulated annealing of the times of a pattern, with the best labels at every step.

While the pattern stays, the tests and models of every labeling stay too (`labelings`), so that only
27 times are left to move, each between its neighbours. What they cost is the least of the labelings
of each factor. Of these some dozens are watched, and chosen anew after every few thousand moves.
Liver, HI, SUVmax and SUVmean are chosen together: three of them are in the multivariable model, and
HI, which is SUVmax / SUVmean of one lesion, cannot be high where SUVmax is low and SUVmean high.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from data.generators.fulvestrant.chain import TOGETHER, chain, costs_of, first_mean, triples
from data.generators.fulvestrant.cost import N_FACTORS, SEVERAL, levels_of
from data.generators.fulvestrant.kernels import form
from data.generators.fulvestrant.labelings import Labelings
from data.generators.fulvestrant.state import State
from data.generators.fulvestrant.targets import (
    BENEFIT,
    FIRST,
    LAST,
    N,
    Targets,
)

WATCHED = 40
LOOKED_AT = (16, 80, 80, 6000)
FINALLY = (40, 200, 200, 20_000)
"""Labelings of the factors of `TOGETHER` that are combined, on the way and at the end."""
TUPLES = 250
COLD = 0.06


@dataclass(frozen=True)
class Schedule:
    """How long and how hot to anneal.

    Attributes
    ----------
    rounds, moves : int
        After each round of so many moves the labelings to watch are chosen anew.
    hot : float
        First temperature; the last one is `COLD`.
    """

    rounds: int
    moves: int
    hot: float


@dataclass(frozen=True)
class Watched:
    """The labelings that a chain chooses from; arrays of one row per factor.

    Attributes
    ----------
    size : numpy.ndarray of int, shape (10,)
        How many; 0 leaves a factor out.
    cost, places, half : numpy.ndarray
        Of shapes (10, m), (10, m, 3, 3), (10, m, 3): as in `Labelings`.
    moved : numpy.ndarray of bool, shape (10, m, 27)
        Which times a labeling depends on.
    tuples : numpy.ndarray of int, shape (k, 4)
        Labelings of `TOGETHER` that can be together; none where they are chosen one by one.
    model : numpy.ndarray, shape (k,)
        Cost of the multivariable model of each.
    """

    size: np.ndarray
    cost: np.ndarray
    places: np.ndarray
    half: np.ndarray
    moved: np.ndarray
    tuples: np.ndarray
    model: np.ndarray


def bounds(start: float) -> tuple[np.ndarray, np.ndarray]:
    """Lowest and highest time of each place, where clinical benefit begins at `start` months."""
    early = np.arange(N) < N - BENEFIT
    return np.where(early, FIRST, start), np.where(early, np.round(start - 0.01, 2), LAST)


def within(time: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Times moved into their bounds, all different."""
    moved = np.clip(time, low, high)
    for i in range(1, N):
        moved[i] = max(moved[i], moved[i - 1] + 0.01)
    moved[-1] = min(moved[-1], high[-1])
    for i in range(N - 2, -1, -1):
        moved[i] = min(moved[i], moved[i + 1] - 0.01, high[i])
    return np.round(moved, 2)


def anneal(
    event: np.ndarray,
    time: np.ndarray,
    start: float,
    lists: Sequence[Labelings | None],
    targets: Targets,
    *,
    together: bool,
    schedule: Schedule,
) -> tuple[float, np.ndarray]:
    """Anneal the times of a pattern.

    Parameters
    ----------
    event : numpy.ndarray of int, shape (27,)
    time : numpy.ndarray, shape (27,)
        To begin with, in months.
    start : float
        Where clinical benefit begins: one of `targets.WEEK_24`.
    lists : sequence of Labelings or None
        Of each factor; None leaves one out.
    targets : tuple of numpy.ndarray
        Of `targets.tables`.
    together : bool
        Whether the factors of `TOGETHER` are chosen together and their model counts. If not, the
        cost is a bound that is found sooner.
    schedule : Schedule

    Returns
    -------
    float
        The least cost; infinite where no labels can be together.
    numpy.ndarray, shape (27,)
        The times that have it.
    """
    low, high = bounds(start)
    now = within(time, low, high)
    best, found = np.inf, now.copy()
    everybody = np.empty(3, dtype=np.int64)
    apart = form(event, np.zeros(N, dtype=np.int64), 0, everybody)
    rounds, hot = schedule.rounds, schedule.hot
    for k in range(rounds):
        watched = _watched(event, now, lists, targets, together)
        if watched is None:
            break
        cost, times = chain(
            now, low, high, watched.size, watched.cost, watched.places, watched.half,
            watched.moved, watched.tuples, watched.model, everybody, apart, *targets,
            schedule.moves, hot * (COLD / hot) ** (k / rounds),
            hot * (COLD / hot) ** ((k + 1) / rounds),
        )  # fmt: skip
        if cost < best:
            best, found = cost, times
    return best, found


def best_state(
    event: np.ndarray, time: np.ndarray, lists: Sequence[Labelings], targets: Targets
) -> State | None:
    """The state of these times with the best labels; None where none can be together."""
    x = np.zeros((N_FACTORS, N), dtype=np.int64)
    for f, some in enumerate(lists):
        if f not in TOGETHER:
            x[f] = some.labels[np.argmin(costs(time, some, f, targets))]
    chosen, tuples = _tuples(event, time, lists, targets, FINALLY)
    if not tuples:
        return None
    each = [costs(time, some, f, targets) for f, some in zip(TOGETHER, chosen, strict=True)]
    best = min(tuples, key=lambda t: t[4] + sum(each[k][t[k]] for k in range(4)))
    for k, f in enumerate(TOGETHER):
        x[f] = chosen[k].labels[best[k]]
    return time.copy(), event.copy(), x


def costs(time: np.ndarray, some: Labelings, factor: int, targets: Targets) -> np.ndarray:
    """What each labeling of a factor costs at these times."""
    found: np.ndarray = costs_of(
        time, some.cost, some.places, some.half, levels_of(factor), *(t[factor] for t in targets)
    )
    return found


def _cheapest(
    time: np.ndarray, some: Labelings, factor: int, targets: Targets, k: int
) -> tuple[Labelings, np.ndarray]:
    """The k cheapest labelings at these times in their order, and their costs."""
    cost = costs(time, some, factor, targets)
    k = min(k, len(cost))
    which = np.argpartition(cost, k - 1)[:k]
    which = which[np.argsort(cost[which], kind="stable")]
    return some.taken(which), cost[which]


def _tuples(
    event: np.ndarray,
    time: np.ndarray,
    lists: Sequence[Labelings | None],
    targets: Targets,
    sizes: tuple[int, ...],
) -> tuple[list[Labelings], list[tuple[int, int, int, int, float]]]:
    """The cheapest labelings of `TOGETHER`, and which can be together, with the model's cost."""
    found = [
        _cheapest(time, some, f, targets, k)
        for f, k in zip(TOGETHER, sizes, strict=True)
        if (some := lists[f]) is not None
    ]
    some, cost = [labels for labels, _ in found], [c for _, c in found]
    of = [labels.labels.astype(np.int64) for labels in some]
    rows = triples(event, *of[:3], *cost[:3], *(t[SEVERAL, :12] for t in targets))
    rows = rows[np.argsort(rows[:, 0])]
    tuples = []
    for _, i, j, k, model in rows[np.isfinite(rows[:, 0])]:
        first = int(first_mean(of[1][int(j)], of[2][int(k)], of[3]))
        if first >= 0:
            tuples.append((int(i), int(j), int(k), first, float(model)))
    means = sorted({t[3] for t in tuples})
    for i, j, k, first, model in list(tuples):
        ruled_out = (of[1][j] == 1) & (of[2][k] == 0)
        for m in means:
            if m != first and len(tuples) < TUPLES and not of[3][m][ruled_out].any():
                tuples.append((i, j, k, m, model))
    return some, tuples


def _watched(
    event: np.ndarray,
    time: np.ndarray,
    lists: Sequence[Labelings | None],
    targets: Targets,
    together: bool,
) -> Watched | None:
    """Choose what a chain watches; None where no labels can be together."""
    tuples, model = np.zeros((0, 4), dtype=np.int64), np.zeros(0)
    taken = [None if s is None else _cheapest(time, s, f, targets, WATCHED)[0]
             for f, s in enumerate(lists)]  # fmt: skip
    if together:
        chosen, pairs = _tuples(event, time, lists, targets, LOOKED_AT)
        if not pairs:
            return None
        model = np.array([t[4] for t in pairs])
        tuples = np.array([t[:4] for t in pairs])
        for k, f in enumerate(TOGETHER):
            which, tuples[:, k] = np.unique(tuples[:, k], return_inverse=True)
            taken[f] = chosen[k].taken(which)
    size = np.array([0 if some is None else len(some) for some in taken])
    most = int(size.max())
    cost, half = np.zeros((N_FACTORS, most)), np.zeros((N_FACTORS, most, 3))
    places = np.full((N_FACTORS, most, 3, 3), -1)
    for f, some in enumerate(taken):
        if some is not None:
            cost[f, : size[f]], half[f, : size[f]] = some.cost, some.half
            places[f, : size[f]] = some.places
    moved = (places.reshape(N_FACTORS, most, 9, 1) == np.arange(N)).any(axis=2)
    return Watched(size, cost, places, half, moved, tuples, model)
