"""Pairs of patients in which one had the event while the other lived on, counted quickly.

Methods
-------
Every patient's concordant and comparable pairs are counted by merging sorted halves, in about
n log n steps: each count is the weight of those who live longer and have a lower predictor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


def _ranks(predictor: np.ndarray) -> np.ndarray:
    """Ranks in which predictors that differ by rounding noise only are equal."""
    order = np.argsort(predictor, kind="stable")
    ordered = predictor[order]
    noise = 1e-12 * max(1.0, float(np.abs(ordered).max(initial=0.0)))
    steps = np.concatenate([[0], np.cumsum(np.diff(ordered) > noise)])
    ranks = np.empty(len(predictor), dtype=np.int64)
    ranks[order] = steps
    return ranks


@dataclass(frozen=True, eq=False)
class Pairs:
    """Who lives longer than whom, in whole numbers.

    Attributes
    ----------
    event : numpy.ndarray of int
        Rows with the event.
    life : numpy.ndarray of int, shape (n,)
        Twice the position of the time, plus 1 when censored: an event is comparable with everybody
        who has a larger one.
    late : numpy.ndarray of int, shape (n,), or None
        The same for the entry: larger than the life of an event that is not after it.
    rank : numpy.ndarray of int, shape (n,)
        Of the predictor.
    weight : numpy.ndarray, shape (n,)
        Of the pairs of an event.
    """

    event: np.ndarray
    life: np.ndarray
    late: np.ndarray | None
    rank: np.ndarray
    weight: np.ndarray

    @classmethod
    def of(
        cls,
        time: np.ndarray,
        event: np.ndarray,
        predictor: np.ndarray,
        entry: np.ndarray | None,
        weight: np.ndarray | None = None,
    ) -> Pairs:
        """Number the times and the predictor; `weight` is that of the pairs of an event."""
        distinct, place = np.unique(time, return_inverse=True)
        late: np.ndarray | None = None
        if entry is not None:
            late = np.asarray(2 * np.searchsorted(distinct, entry, side="right") - 1)
        return cls(
            np.flatnonzero(event),
            2 * place + ~event,
            late,
            _ranks(predictor),
            event.astype(float) if weight is None else weight,
        )


def of_events(among: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """Concordant and comparable pairs in which each patient is the one with the event."""
    rows, one = among.event, np.ones(len(among.life))
    at = (among.life[rows], among.rank[rows])
    score, pairs = _lower(among.life, among.rank, one, *at)
    if among.late is not None:
        waiting = _lower(among.late, among.rank, one, *at)
        score, pairs = score - waiting[0], pairs - waiting[1]
    found = np.zeros((2, len(one)))
    found[:, rows] = among.weight[rows] * np.stack([score, pairs])
    return found[0], found[1]


def of_others(among: Pairs) -> tuple[np.ndarray, np.ndarray]:
    """The same in which each patient is the one who lives longer."""
    rows = among.event
    events = (-among.life[rows], -among.rank[rows], among.weight[rows])
    score, pairs = _lower(*events, -among.life, -among.rank)
    if among.late is not None:
        waiting = _lower(*events, -among.late, -among.rank)
        score, pairs = score - waiting[0], pairs - waiting[1]
    return score, pairs


def _lower(
    key: np.ndarray,
    rank: np.ndarray,
    weight: np.ndarray,
    at_key: np.ndarray,
    at_rank: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """For each place the weight with a larger key, and the part with a lower rank (equal: half)."""
    order = np.argsort(key, kind="stable")
    above = np.concatenate([weight[order][::-1].cumsum()[::-1], [0.0]])
    pairs = above[np.searchsorted(key[order], at_key, side="right")]
    below = (_dominated(key, rank, weight, at_key, at_rank + more) for more in (0, 1))
    return np.asarray(sum(below) / 2), pairs


def _dominated(
    key: np.ndarray,
    rank: np.ndarray,
    weight: np.ndarray,
    at_key: np.ndarray,
    at_rank: np.ndarray,
) -> np.ndarray:
    """For each place the weight with a larger key and a lower rank.

    Items are put in the order of falling keys and then sorted by rank, half by half: each place
    collects the weight that lies in the first half of a block while it lies in the second.
    """
    n = len(key)
    total_n = n + len(at_key)
    is_place = np.arange(total_n) >= n
    keys, ranks = np.concatenate([key, at_key]), np.concatenate([rank, at_rank])
    order = np.lexsort((~is_place, -keys))  # a place comes before equal keys: they do not count
    levels = max(int(total_n - 1).bit_length(), 1)
    weights = np.zeros(2**levels)
    weights[:total_n] = np.where(is_place, 0.0, np.concatenate([weight, np.zeros(len(at_key))]))[
        order
    ]
    by_rank = np.lexsort((~is_place[order], ranks[order]))  # the same for equal ranks
    block = np.concatenate([by_rank, np.arange(total_n, 2**levels)])
    found = np.zeros(2**levels)
    for level in range(levels - 1, -1, -1):
        block = block.reshape(-1, 2 ** (level + 1))
        second = (block >> level & 1).astype(bool)
        before = np.where(second, 0.0, weights[block]).cumsum(axis=1)
        found[block[second]] += before[second]
        block = np.take_along_axis(block, np.argsort(second, axis=1, kind="stable"), axis=1)
    back = np.empty(total_n)
    back[order] = found[:total_n]
    return back[n:]
