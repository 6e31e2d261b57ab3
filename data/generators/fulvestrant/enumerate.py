"""Exact enumeration: for given times, the best of all labelings of one factor.

A labeling of a factor of two levels chooses which d of the 16 events and which c of the 11
censored patients have the higher level: up to 12,870 x 462 = 5.9 million. Curves are computed
first, and the models only where the curves leave a chance of being among the best.
"""

from __future__ import annotations

import numpy as np

from data.generators.fulvestrant.anneal import N
from data.generators.fulvestrant.cost import coupled, curves, ranks, several
from data.generators.fulvestrant.kernels import compiled


@compiled
def subsets(n: int, k: int) -> np.ndarray:
    """All subsets of k of n places, as bits."""
    found = []
    for bits in range(1 << n):
        count, rest = 0, bits
        while rest:
            rest &= rest - 1
            count += 1
        if count == k:
            found.append(bits)
    return np.array(found)


@compiled
def fill(x: np.ndarray, places: np.ndarray, bits: int) -> None:
    """Write a subset of some places as levels 0 and 1."""
    for k in range(len(places)):
        x[places[k]] = (bits >> k) & 1


@compiled
def best_labels(
    time: np.ndarray,
    event: np.ndarray,
    x: np.ndarray,
    targets: np.ndarray,
    f: int,
    keep: int,
) -> tuple[np.ndarray, np.ndarray]:
    """The `keep` best labelings of factor `f`, the others as they are.

    Returns
    -------
    costs : numpy.ndarray, shape (keep,)
        Of the row, the multivariable model, and what must hold beside the cells; infinite where
        there are fewer labelings.
    labels : numpy.ndarray, shape (keep, n)
    """
    t, h, w = targets[0, f], targets[1, f], targets[2, f]
    died, alive = np.flatnonzero(event == 1), np.flatnonzero(event == 0)
    d = int((x[f] * event).sum())
    with_event, without = subsets(len(died), d), subsets(len(alive), int(x[f].sum()) - d)
    costs = np.full(keep, np.inf)
    labels = np.zeros((keep, N), np.int64)
    y = x.copy()
    in_model = f == 0 or f == 4 or f == 5
    worst = 0
    for a in with_event:
        fill(y[f], died, a)
        for b in without:
            fill(y[f], alive, b)
            cost = curves(time, event, y[f], 2, t, h, w)
            if cost >= costs[worst]:
                continue
            cost += coupled(time, y)
            if cost >= costs[worst]:
                continue
            cost += ranks(event, y[f], 2, t, h, w)
            if cost >= costs[worst]:
                continue
            if in_model:
                cost += several(event, y, targets[0, 10], targets[1, 10], targets[2, 10])
                if cost >= costs[worst]:
                    continue
            costs[worst] = cost
            labels[worst] = y[f]
            worst = int(np.argmax(costs))
    return costs, labels
