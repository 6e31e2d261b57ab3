"""Simulated annealing of the times, events, labels and first lines of the 70 patients.

A state is the patients in the order of their times: `time` (0.01 months, all different), `event`,
their labels `x` of shape (10, 70), and `first` (0.01 months, all different). A move exchanges one
label between two patients of the same arm (Heter-PD or Hom-PD), exchanges two patients' places or
event flags, or moves a time or the months of a first line (a little, anywhere, or to a printed
median). So the counts of Table 1 can never break. Age and models A and B, whose counts are not
printed, may also change in one patient. Only rows of cells that can change are computed again.
"""

from __future__ import annotations

import math

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
    YOUNG,
    row_cost,
)
from data.generators.progression_mode.kernels import compiled
from data.generators.progression_mode.moves import (
    EARLIEST,
    EVENTS,
    HETERS,
    LATEST,
    LONGEST,
    SHORTEST,
    N,
    move,
)
from data.generators.progression_mode.targets import ROWS

COUNTS = np.array([
    [13, 12], [25, 19], [15, 12], [27, 22], [29, 21], [13, 6], [13, 10], [18, 0], [8, 0],
])  # fmt: skip
"""Patients with each label from `STAGE_4` on in Heter-PD and Hom-PD; the last three (age, models A
and B) are where a search from scratch begins."""
State = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""Times in order, events, labels, first lines."""


def scratch(rng: np.random.Generator) -> State:
    """A state with random times and labels, and the counts as they must be.

    The error of age grows by 17 % from the univariable to the multivariable model, that of the
    first line by 13 %: they must go together, so the youngest begin with the shortest first lines.
    """
    x = np.zeros((10, N), np.int64)
    first = _apart(rng.gamma(1.0, 11.0, N) + SHORTEST, SHORTEST, LONGEST, rng)
    x[HETER, rng.permutation(N)[:HETERS]] = 1
    for arm in (0, 1):
        who = np.flatnonzero(x[HETER] == arm)
        counts = COUNTS[:, 1 - arm]
        for label, n in zip(range(STAGE_4, GROUP_B + 1), counts, strict=True):
            inside = {RETAINED: HER2, GROUP_B: GROUP_A}.get(label)
            among = who if inside is None else who[x[inside, who] == 1]
            if label == CHEMO:
                # Endocrine therapy only with a hormone receptor.
                x[CHEMO, who] = 1
                endocrine = rng.permutation(who[x[HORMONE, who] == 1])[: len(who) - n]
                x[CHEMO, endocrine] = 0
            elif label == YOUNG:
                x[
                    YOUNG, among[np.argsort(first[among] * rng.uniform(0.5, 2.0, len(among)))[:n]]
                ] = 1
            else:
                x[label, rng.permutation(among)[:n]] = 1
    event = np.ones(N, np.int64)
    event[rng.permutation(N)[: N - EVENTS]] = 0
    time = _apart(rng.gamma(1.1, 9.0, N) + EARLIEST, EARLIEST, LATEST, rng)
    order = np.argsort(time)
    return time[order], event, x, first


def _apart(values: np.ndarray, low: float, high: float, rng: np.random.Generator) -> np.ndarray:
    """Round to 0.01 and move what is out of range or not unique."""
    made = np.round(values, 2)
    while len(np.unique(made)) < len(made) or made.min() < low or made.max() > high:
        made = np.round(np.clip(made, low + 1, high - 1) + rng.uniform(-0.9, 0.9, len(made)), 2)
    return made


@compiled
def anneal(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    first: np.ndarray,
    cells: np.ndarray,
    centres: np.ndarray,
    shares: np.ndarray,
    moves: int,
    hot: float,
    cold: float,
    seed: int,
) -> float:
    """Anneal a state in place and leave the best one of the colder half; returns its cost.

    The state that it begins with does not count, so that a chain that starts hot leads elsewhere.
    """
    np.random.seed(seed)
    b = np.zeros(6)
    costs = np.empty(ROWS)
    for row in range(ROWS):
        costs[row] = row_cost(row, time, event, x, first, b, cells, centres)
    now = costs.sum()
    best = now
    t, e, y, f = time.copy(), event.copy(), x.copy(), first.copy()
    t0, e0, y0, f0 = t.copy(), e.copy(), y.copy(), f.copy()
    new = costs.copy()
    for step in range(moves):
        heat = hot * (cold / hot) ** (step / moves)
        limit = now - heat * math.log(1.0 - np.random.random())
        rows = move(t, e, y, f, shares)
        if len(rows) > 0:
            after = now
            for row in rows:
                after -= costs[row]
            for row in rows:
                new[row] = row_cost(row, t, e, y, f, b, cells, centres)
                after += new[row]
                if after > limit:
                    break
            if after <= limit:
                now = after
                for row in rows:
                    costs[row] = new[row]
                t0[:], e0[:], y0[:], f0[:] = t, e, y, f
            else:
                t[:], e[:], y[:], f[:] = t0, e0, y0, f0
        if step == moves // 2:
            best = np.inf
        if now < best - 1e-9:
            best = now
            time[:], event[:], x[:], first[:] = t, e, y, f
    return best
