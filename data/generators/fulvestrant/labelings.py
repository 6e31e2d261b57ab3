"""Lists of the labelings of a factor whose test and model match nearly all of their cells.

While it stays which of the 27 places are events (the pattern), the labels alone decide the log-rank
test and the model of a factor, and which times make its medians and limits. Of the up to 5.9
million labelings of a factor of two levels, those whose log-rank statistic is far from the printed
one are dropped, and the model is fitted to the rest. The patients of one metastatic site are one
with an event, one censored and one with an event, in this order: no other three have a median
without limits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from data.generators.fulvestrant.cost import levels_of, ranks
from data.generators.fulvestrant.kernels import compiled, form
from data.generators.fulvestrant.targets import (
    BENEFIT,
    BENEFIT_HIGH,
    COUNTS,
    COV,
    EVENTS,
    LIVER,
    LOGRANK,
    SITES,
    SUVMAX,
    N,
    Targets,
)

DEAREST = 2.7
"""Cost up to which a labeling is kept: two cells of the five."""
DEAREST_OF = {LIVER: 3.9, COV: 1.7}
"""The liver has few labelings, of which none matches all cells; COV has very many."""
SLACK = (0.06, 0.072)
"""How far from the printed log-rank statistic that of a labeling may be: a part of it more."""
TREND = (0.39, 0.49)
"""The same for the trend over the sites, whose model is printed with p 0.66."""
LAST_EVENTS = 4
"""Among so many last events must be the median of the patients with one site, 19.6 months."""
_MIX = np.random.default_rng(7).integers(1, 2**62, 12) | 1


@dataclass(frozen=True)
class Labelings:
    """Labelings of one factor in one pattern.

    Attributes
    ----------
    labels : numpy.ndarray of int8, shape (m, 27)
    cost : numpy.ndarray, shape (m,)
        Of the log-rank test and the model (`cost.ranks`).
    places : numpy.ndarray of int, shape (m, 3, 3)
        Of each level the places of the median, of the earlier and of the later time between which
        the density is taken; -1 where there is none (the earlier time is then 0).
    half : numpy.ndarray, shape (m, 3)
        Of each level how far the limits are from the median, per month between these two times.
    """

    labels: np.ndarray
    cost: np.ndarray
    places: np.ndarray
    half: np.ndarray

    def __len__(self) -> int:
        return len(self.cost)

    def taken(self, which: np.ndarray) -> Labelings:
        """Some of them."""
        return Labelings(self.labels[which], self.cost[which], self.places[which], self.half[which])

    def without_twins(self) -> Labelings:
        """Of those whose medians and limits are made alike only the cheapest."""
        apart = np.round(self.half * 1e6).astype(np.int64)
        key = np.concatenate([self.places.reshape(len(self), -1), apart], axis=1) * _MIX
        order = np.argsort(self.cost, kind="stable")
        return self.taken(order[np.unique(key.sum(axis=1)[order], return_index=True)[1]])


def labelings(event: np.ndarray, factor: int, targets: Targets) -> Labelings:
    """List the labelings of a factor in a pattern.

    Parameters
    ----------
    event : numpy.ndarray of int, shape (27,)
    factor : int
    targets : tuple of numpy.ndarray
        Of `targets.tables`.
    """
    target, half = targets[0][factor], targets[1][factor]
    dearest = DEAREST_OF.get(factor, DEAREST)
    died, alive = np.flatnonzero(event == 1), np.flatnonzero(event == 0)
    if factor == SITES:
        labels, cost = _of_sites(event, died, alive, target, half, dearest)
    else:
        n, d = COUNTS[factor]
        z = norm.isf(target[LOGRANK] / 2)
        z, wide = (z if target[LOGRANK + 1] > 1 else -z), SLACK[0] + SLACK[1] * z
        late = BENEFIT_HIGH if factor == SUVMAX else -1
        labels, cost = _of_two(event, died, alive, d, n - d, z, wide, late, target, half, dearest)
    places, apart = np.full((len(cost), 3, 3), -1), np.zeros((len(cost), 3))
    _forms(event, labels, levels_of(factor), places, apart)
    return Labelings(labels, cost, places, apart)


@compiled
def _subsets(n: int, k: int) -> np.ndarray:
    """All subsets of k of n, a row of 0 and 1 each."""
    found = []
    for bits in range(1 << n):
        count, rest = 0, bits
        while rest:
            rest &= rest - 1
            count += 1
        if count == k:
            found.append(bits)
    chosen = np.zeros((len(found), n), np.int64)
    for row in range(len(found)):
        for i in range(n):
            chosen[row, i] = (found[row] >> i) & 1
    return chosen


@compiled
def _at_risk(chosen: np.ndarray, places: np.ndarray, died: np.ndarray) -> np.ndarray:
    """At each event the share of those at risk who are in a subset of `places`, a row each."""
    share = np.zeros((len(chosen), len(died)))
    for row in range(len(chosen)):
        for i in range(len(places)):
            if chosen[row, i]:
                for k in range(len(died)):
                    if places[i] >= died[k]:
                        share[row, k] += 1.0 / (N - died[k])
    return share


@compiled
def _of_two(
    event: np.ndarray,
    died: np.ndarray,
    alive: np.ndarray,
    d: int,
    c: int,
    z: float,
    wide: float,
    late: int,
    target: np.ndarray,
    half: np.ndarray,
    dearest: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Labelings with d events and c censored of the higher level; `late` of them with benefit."""
    with_event, without = _subsets(len(died), d), _subsets(len(alive), c)
    first, second = _at_risk(with_event, died, died), _at_risk(without, alive, died)
    both, cost = [(0, 0)], [0.0]
    x = np.zeros(N, np.int64)
    early = N - BENEFIT
    for a in range(len(with_event)):
        x[died] = with_event[a]
        for b in range(len(without)):
            u, v = float(d), 0.0
            for k in range(len(died)):
                share = first[a, k] + second[b, k]
                u -= share
                v += share - share * share
            if v <= 0.0 or abs(u / math.sqrt(v) - z) > wide or u * z < 0.0:
                continue
            x[alive] = without[b]
            if late >= 0 and x[early:].sum() != late:
                continue
            now = ranks(event, x, 2, target, half)
            if now <= dearest:
                both.append((a, b))
                cost.append(now)
    labels = np.zeros((len(cost) - 1, N), np.int8)
    for row in range(len(labels)):
        a, b = both[row + 1]
        labels[row][died] = with_event[a]
        labels[row][alive] = without[b]
    return labels, np.array(cost[1:])


@compiled
def _of_sites(
    event: np.ndarray,
    died: np.ndarray,
    alive: np.ndarray,
    target: np.ndarray,
    half: np.ndarray,
    dearest: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Labelings of the number of sites."""
    labels, cost = [np.zeros(N, np.int8)], [0.0]
    for last in range(EVENTS - LAST_EVENTS, EVENTS):
        for first in range(last):
            for middle in range(len(alive)):
                if died[first] < alive[middle] < died[last]:
                    _of_more_sites(
                        event,
                        died,
                        np.array([died[first], alive[middle], died[last]]),
                        target,
                        half,
                        dearest,
                        labels,
                        cost,
                    )
    found = np.zeros((len(cost) - 1, N), np.int8)
    for row in range(len(found)):
        found[row] = labels[row + 1]
    return found, np.array(cost[1:])


@compiled
def _of_more_sites(
    event: np.ndarray,
    died: np.ndarray,
    one: np.ndarray,
    target: np.ndarray,
    half: np.ndarray,
    dearest: float,
    labels: list[np.ndarray],
    cost: list[float],
) -> None:
    """Add the labelings in which three patients have one site: 14 events and 10 others are left."""
    others = np.array([i for i in range(N) if i != one[0] and i != one[1] and i != one[2]])
    dead, live = others[event[others] == 1], others[event[others] == 0]
    with_event, without = _subsets(len(dead), 7), _subsets(len(live), 7)
    first, second = _at_risk(with_event, dead, died), _at_risk(without, live, died)
    rest = _at_risk(np.ones((1, len(others)), np.int64), others, died)[0]
    x = np.zeros(N, np.int64)
    for a in range(len(with_event)):
        for b in range(len(without)):
            # A level is 0, 1 or 2: 1 for all others, and 1 more for those of the highest level.
            u, v = len(dead) + 7.0, 0.0
            for k in range(len(died)):
                most = first[a, k] + second[b, k]
                mean = rest[k] + most
                u -= mean
                v += rest[k] + 3.0 * most - mean * mean
            if u < TREND[0] * math.sqrt(v) or u > TREND[1] * math.sqrt(v):
                continue
            x[dead], x[live] = 1 + with_event[a], 1 + without[b]
            now = ranks(event, x, 3, target, half)
            if now <= dearest:
                labels.append(x.astype(np.int8))
                cost.append(now)


@compiled
def _forms(
    event: np.ndarray, labels: np.ndarray, levels: int, places: np.ndarray, half: np.ndarray
) -> None:
    """Write how the medians and limits of each level are made of times."""
    for row in range(len(labels)):
        for level in range(levels):
            half[row, level] = form(event, labels[row], level, places[row, level])
