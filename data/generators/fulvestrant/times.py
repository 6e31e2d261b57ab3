"""The best times for a given order: a mixed integer programme.

While the order, the events and the labels stay, so do all tests and models, and every median and
limit is a linear function of the times: the median is one of them, and its limits are as far away
as `1.96 x error / (drop of the curve) x (a later time less an earlier one)`. So the most cells that
any times can match in this order are found exactly. Times are whole hundredths of a month.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, vstack

from data.generators.fulvestrant.anneal import FIRST, LAST, N
from data.generators.fulvestrant.cost import N_FACTORS, WEEK_24, levels_of
from data.generators.fulvestrant.kernels import CLOSE, Z_MEDIAN
from data.generators.fulvestrant.state import State
from data.generators.fulvestrant.targets import tables

EDGE = 1e-6
"""How far inside a rounding interval a value must lie, in months."""
LARGE = 500.0
"""More than any value of a curve can be beyond its interval, in months."""


def linear_median(event: np.ndarray, inside: np.ndarray) -> np.ndarray | None:
    """Coefficients of the times in the median, its lower and its upper limit, shape (3, n).

    The lower limit is the one before it is cut off at 0. Without limits only the median, of shape
    (1, n); None where it is not reached.
    """
    at_risk = int(inside.sum())
    s, green = 1.0, 0.0
    earlier, s_earlier, middle, error = -1, 1.0, -1, np.nan
    for i in np.flatnonzero(inside):
        if event[i]:
            green += 1.0 / (at_risk * (at_risk - 1.0)) if at_risk > 1 else np.inf
            s *= (at_risk - 1.0) / at_risk
            if s >= 0.55 - CLOSE:
                earlier, s_earlier = int(i), s
            if middle < 0 and s <= 0.5 + CLOSE:
                middle, error = int(i), s * math.sqrt(green) if s > 0 else np.nan
            if s <= 0.45 + CLOSE:
                found = np.zeros((1 if np.isnan(error) else 3, N))
                found[:, middle] = 1.0
                if np.isnan(error):
                    return found
                half = np.zeros(N)
                half[i] += Z_MEDIAN * error / (s_earlier - s)
                if earlier >= 0:
                    half[earlier] -= Z_MEDIAN * error / (s_earlier - s)
                found[1] -= half
                found[2] += half
                return found
        at_risk -= 1
    if middle < 0:
        return None
    found = np.zeros((1, N))
    found[0, middle] = 1.0
    return found


def cells(state: State) -> list[tuple[np.ndarray, float, float, float]]:
    """Every cell of a curve: coefficients of the times, lowest and highest value, weight."""
    _, event, x = state
    target, unit, weight = tables()
    found = []
    for f in [*range(N_FACTORS), 11]:
        for level in range(levels_of(f) if f < N_FACTORS else 1):
            inside = x[f] == level if f < N_FACTORS else np.ones(N, dtype=bool)
            line = linear_median(event, inside)
            if line is None:
                continue
            for k in range(len(line)):
                aim, half = target[f, 3 * level + k], unit[f, 3 * level + k]
                if np.isfinite(aim) and aim >= 0:
                    low = -LARGE if aim == 0.0 else aim - half
                    place = weight[f, 3 * level + k]
                    edge = EDGE if k else 0.0
                    found.append((line[k], low + edge, aim + half - EDGE, float(place)))
    return found


def best_times(state: State, *, seconds: float = 20.0) -> State:
    """Replace the times of a state by those that match most cells in the same order.

    Parameters
    ----------
    state : state
        Its order, events and labels are kept, and who is before and after week 24.
    seconds : float
        After them the best times found so far are taken.

    Raises
    ------
    RuntimeError
        If no times were found.
    """
    time, event, x = state
    wanted = cells(state)
    m = len(wanted)
    # Variables: times in hundredths, then for each cell whether it is given up.
    cost = np.concatenate([np.zeros(N), np.ones(m)])
    lines = np.array([line for line, _, _, _ in wanted]) / 100.0
    low, high = np.array([w[1] for w in wanted]), np.array([w[2] for w in wanted])
    slack = np.eye(m) * LARGE
    apart = np.zeros((N - 1, N + m))
    for i in range(N - 1):
        apart[i, i], apart[i, i + 1] = -1.0, 1.0
    rows = vstack(
        [csr_matrix(np.hstack([lines, slack])), csr_matrix(np.hstack([lines, -slack])),
         csr_matrix(apart)]
    )  # fmt: skip
    limits = LinearConstraint(
        rows,
        np.concatenate([low, np.full(m, -np.inf), np.ones(N - 1)]),
        np.concatenate([np.full(m, np.inf), high, np.full(N - 1, np.inf)]),
    )
    first, last = np.full(N, 100.0 * FIRST), np.full(N, 100.0 * LAST)
    for start in WEEK_24:
        first[time >= start] = np.maximum(first[time >= start], round(100 * start))
        last[time < start] = np.minimum(last[time < start], round(100 * start) - 1)
    bounds = Bounds(np.concatenate([first, np.zeros(m)]), np.concatenate([last, np.ones(m)]))
    found = milp(
        cost, constraints=limits, bounds=bounds, integrality=np.ones(N + m),
        options={"time_limit": seconds},
    )  # fmt: skip
    if found.x is None:
        raise RuntimeError("No times were found")
    return np.round(found.x[:N]) / 100.0, event, x
