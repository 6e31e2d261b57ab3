"""Simulated annealing of the times, events and labels of the 27 patients.

A state is the patients in the order of their times: `time` (0.01 months, all different), `event`
and the level of each factor, `x` of shape (10, 27). A move exchanges the labels of one factor
between two patients of the same event flag, exchanges two patients' places, or moves one time
(a little, anywhere, or to a printed median). So the counts of patients and events of each level,
which are given, can never break. While the order stays, only the curves are computed again.
"""

from __future__ import annotations

import math

import numpy as np

from data.generators.fulvestrant.cost import N_FACTORS, coupled, curves, evaluate, levels_of, ranks
from data.generators.fulvestrant.cost import several as several_terms
from data.generators.fulvestrant.kernels import compiled

FIRST, LAST = 0.3, 59.0
"""Months between which times lie."""
ANCHORS = np.array([3.0, 3.3, 5.6, 6.3, 6.5, 8.6, 9.42, 11.9, 16.68, 17.3, 19.6])
"""Printed medians, which are event times."""
COUNTS = (
    (6, 5), (8, 6), (8, 4), (13, 8), (14, 7), (13, 6), (14, 7), (14, 8), (14, 8),
)  # fmt: skip
"""Patients and events of the higher level of each factor of two levels."""
LABELS = 0.7
EXCHANGES = 0.25
"""Shares of the moves that are exchanges of labels, and of the others that exchange patients."""
SITES = ((3, 2), (10, 7), (14, 7))
N, EVENTS = 27, 16


def scratch(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A state with random times and labels, and the counts as they must be."""
    event = np.zeros(N, np.int64)
    event[rng.permutation(N)[:EVENTS]] = 1
    x = np.zeros((N_FACTORS, N), np.int64)
    for happened in (1, 0):
        who = np.flatnonzero(event == happened)
        for f, (n, d) in enumerate(COUNTS):
            x[f, rng.permutation(who)[: d if happened else n - d]] = 1
        sizes = [d if happened else n - d for n, d in SITES]
        x[N_FACTORS - 1, rng.permutation(who)] = np.repeat([0, 1, 2], sizes)
    time = np.empty(N)
    time[event == 1] = np.concatenate([ANCHORS, rng.uniform(0.7, 10, EVENTS - len(ANCHORS))])
    time[event == 0] = rng.gamma(1.3, 7.0, N - EVENTS) + 0.5
    time = np.round(time, 2)
    while len(np.unique(time)) < N:
        time = np.round(time + rng.uniform(-0.05, 0.05, N), 2)
    order = np.argsort(time)
    return np.clip(time[order], FIRST, LAST), event[order], np.ascontiguousarray(x[:, order])


@compiled
def anneal(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    targets: np.ndarray,
    moves: int,
    hot: float,
    cold: float,
    seed: int,
) -> float:
    """Anneal a state in place and leave the best one of the colder half; returns its cost.

    The state that it begins with does not count, so that a chain that starts hot leads elsewhere.
    """
    np.random.seed(seed)
    km, rank = np.empty(12), np.empty(12)
    now = evaluate(time, event, x, targets, km, rank, False, np.inf)
    best = now
    t, e, y = time.copy(), event.copy(), x.copy()
    for step in range(moves):
        heat = hot * (cold / hot) ** (step / moves)
        limit = now - heat * math.log(1.0 - np.random.random())
        kind = np.random.random()
        if kind < LABELS:
            now = try_labels(t, e, y, targets, km, rank, now, limit)
        else:
            now = try_times(t, e, y, targets, km, rank, now, limit)
        if step == moves // 2:
            best = np.inf
        if now < best - 1e-9:
            best = now
            time[:], event[:], x[:] = t, e, y
    return best


@compiled
def try_labels(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    targets: np.ndarray,
    km: np.ndarray,
    rank: np.ndarray,
    now: float,
    limit: float,
) -> float:
    """Exchange the labels of one factor between two patients, if the cost stays below a limit."""
    f = np.random.randint(N_FACTORS)
    i, j = np.random.randint(N), np.random.randint(N)
    if event[i] != event[j] or x[f, i] == x[f, j]:
        return now
    x[f, i], x[f, j] = x[f, j], x[f, i]
    t, h, w = targets[0, f], targets[1, f], targets[2, f]
    in_model = f == 0 or f == 4 or f == 5
    beside = coupled(time, x) if 4 <= f <= 6 else km[10]
    drawn = curves(time, event, x[f], levels_of(f), t, h, w)
    after = now - km[f] - km[10] - rank[f] + drawn + beside - (rank[10] if in_model else 0.0)
    # The models cost something or nothing: what is too dear without them is so with them.
    if after <= limit:
        models = ranks(event, x[f], levels_of(f), t, h, w)
        several = rank[10]
        if in_model:
            several = several_terms(event, x, targets[0, 10], targets[1, 10], targets[2, 10])
            after += several
        after += models
        if after <= limit:
            km[f], km[10], rank[f], rank[10] = drawn, beside, models, several
            return after
    x[f, i], x[f, j] = x[f, j], x[f, i]
    return now


@compiled
def try_times(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    targets: np.ndarray,
    km: np.ndarray,
    rank: np.ndarray,
    now: float,
    limit: float,
) -> float:
    """Move a time or exchange two patients' places, if the cost stays below a limit."""
    t0, e0, x0 = time.copy(), event.copy(), x.copy()
    km2, rank2 = km.copy(), rank.copy()
    changed = exchange(event, x) if np.random.random() < EXCHANGES else shift(time, event, x)
    if changed < 0:
        return now
    after = evaluate(time, event, x, targets, km2, rank2, changed == 0, limit)
    if after <= limit:
        km[:], rank[:] = km2, rank2
        return after
    time[:], event[:], x[:] = t0, e0, x0
    return now


@compiled
def exchange(event: np.ndarray, x: np.ndarray) -> int:
    """Exchange two patients' places, often neighbours; -1 where they are one, else 1."""
    i = np.random.randint(N)
    if np.random.random() < 0.5:
        j = min(N - 1, max(0, i + (1 if np.random.random() < 0.5 else -1)))
    else:
        j = np.random.randint(N)
    if i != j:
        event[i], event[j] = event[j], event[i]
        for f in range(N_FACTORS):
            x[f, i], x[f, j] = x[f, j], x[f, i]
    return 1 if i != j else -1


@compiled
def shift(time: np.ndarray, event: np.ndarray, x: np.ndarray) -> int:
    """Move one time: -1 where it cannot be, 0 where the order stays, else 1."""
    i = np.random.randint(N)
    kind = np.random.random()
    if kind < 0.75:
        wide = 10.0 ** (-2.0 + 3.0 * np.random.random())
        new = time[i] + wide * np.random.normal()
    elif kind < 0.88:
        new = ANCHORS[np.random.randint(len(ANCHORS))] + 0.05 * (2.0 * np.random.random() - 1.0)
    else:
        new = FIRST + np.random.exponential(9.0)
    new = np.round(new, 2)
    if new < FIRST or new > LAST:
        return -1
    for k in range(N):
        if abs(time[k] - new) < 0.005:
            return -1
    place = i
    while place < N - 1 and time[place + 1] < new:
        step(time, event, x, place, place + 1)
        place += 1
    while place > 0 and time[place - 1] > new:
        step(time, event, x, place, place - 1)
        place -= 1
    time[place] = new
    return 0 if place == i else 1


@compiled
def step(time: np.ndarray, event: np.ndarray, x: np.ndarray, a: int, b: int) -> None:
    """Exchange two neighbours with their times."""
    time[a], time[b] = time[b], time[a]
    event[a], event[b] = event[b], event[a]
    for f in range(N_FACTORS):
        x[f, a], x[f, b] = x[f, b], x[f, a]
