"""The best times for a given order: a mixed integer programme.

While the order, the events and the labels stay, so do all tests and models, and every median and
limit is a linear function of the times: the median is one of them, and its limits are as far away
as `1.96 x error / (drop of the curve) x (a later time less an earlier one)`. So the most cells that
any times can match in this order are found exactly, and of all times that match them the nearest to
those given. Times are whole hundredths of a month.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix, vstack

from data.generators.fulvestrant.cost import N_FACTORS, OVERALL, levels_of
from data.generators.fulvestrant.kernels import form
from data.generators.fulvestrant.state import State
from data.generators.fulvestrant.targets import FIRST, LAST, WEEK_24, N, tables

EDGE = 1e-6
"""How far inside a rounding interval a value must lie, in months."""
LARGE = 500.0
"""More than any value of a curve can be beyond its interval, in months."""


def linear_median(event: np.ndarray, x: np.ndarray, level: int) -> np.ndarray | None:
    """Coefficients of the times in the median, its lower and its upper limit, shape (3, n).

    The lower limit is the one before it is cut off at 0. Without limits only the median, of shape
    (1, n); None where it is not reached.
    """
    places = np.empty(3, dtype=np.int64)
    apart = form(event, x, level, places)
    middle, earlier, later = places
    if middle < 0:
        return None
    found = np.zeros((3 if later >= 0 else 1, N))
    found[:, middle] = 1.0
    if later >= 0:
        half = np.zeros(N)
        half[later] = apart
        if earlier >= 0:
            half[earlier] = -apart
        found[1] -= half
        found[2] += half
    return found


def cells(state: State) -> list[tuple[np.ndarray, float, float]]:
    """Every cell of a curve: coefficients of the times, lowest and highest value."""
    _, event, x = state
    target, unit = tables()
    found = []
    for f in [*range(N_FACTORS), OVERALL]:
        labels = x[f] if f < N_FACTORS else np.zeros(N, dtype=np.int64)
        for level in range(levels_of(f) if f < N_FACTORS else 1):
            line = linear_median(event, labels, level)
            if line is None:
                continue
            for k in range(len(line)):
                aim, half = target[f, 3 * level + k], unit[f, 3 * level + k]
                if np.isfinite(aim) and aim >= 0:
                    low = -LARGE if aim == 0.0 else aim - half
                    edge = EDGE if k else 0.0
                    found.append((line[k], low + edge, aim + half - EDGE))
    return found


def best_times(state: State, *, seconds: float = 20.0) -> State:
    """Replace the times of a state by those that match most cells in the same order.

    Parameters
    ----------
    state : state
        Its order, events and labels are kept, and who is before and after week 24.
    seconds : float
        After them the best times found so far are taken, or the given ones if none were found.
    """
    time, event, x = state
    wanted = cells(state)
    m = len(wanted)
    # Variables: times in hundredths, then for each cell whether it is given up.
    cost = np.concatenate([np.zeros(N), np.ones(m)])
    lines = np.array([line for line, _, _ in wanted]) / 100.0
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
        return state
    met = found.x[N:] < 0.5
    return _nearest(time, lines[met], low[met], high[met], first, last, found.x[:N]), event, x


def _nearest(
    time: np.ndarray,
    lines: np.ndarray,
    low: np.ndarray,
    high: np.ndarray,
    first: np.ndarray,
    last: np.ndarray,
    found: np.ndarray,
) -> np.ndarray:
    """Of all times that match the same cells those nearest to `time`, in months.

    The programme's own lie at the edges of what is allowed: many at the first moment, or the last.
    `lines`, `low` and `high` are the cells, `first` and `last` bounds, `found` times that match.
    """
    # Variables: times in hundredths, then how far each is moved.
    apart = np.zeros((N - 1, 2 * N))
    for i in range(N - 1):
        apart[i, i], apart[i, i + 1] = -1.0, 1.0
    one = np.eye(N)
    rows = np.vstack(
        [np.hstack([lines, np.zeros(lines.shape)]), apart, np.hstack([one, one]),
         np.hstack([-one, one])]
    )  # fmt: skip
    least = np.concatenate([low, np.ones(N - 1), 100.0 * time, -100.0 * time])
    most = np.concatenate([high, np.full(3 * N - 1, np.inf)])
    moved = milp(
        np.repeat([0.0, 1.0], N),
        constraints=LinearConstraint(csr_matrix(rows), least, most),
        bounds=Bounds(
            np.concatenate([first, np.zeros(N)]), np.concatenate([last, np.full(N, 1e4)])
        ),
        integrality=np.repeat([1, 0], N),
        options={"time_limit": 20.0},
    )
    return np.round(found if moved.x is None else moved.x[:N]) / 100.0
