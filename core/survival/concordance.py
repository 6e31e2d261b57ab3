"""Harrell's concordance of a linear predictor, as R's ``concordance`` of a Cox fit.

Methods
-------
A pair is comparable when the one with the shorter time had the event; a patient censored at the
time of another's event counts as living longer. Two events at the same time are not comparable.
The pair is concordant when the one who had the event first has the higher predictor; equal
predictors count one half. With strata only pairs of one stratum count; with delayed entry only
pairs that were at risk together.

References
----------
Harrell FE et al. JAMA 1982;247:2543-2546.
"""

from __future__ import annotations

import numpy as np

BLOCK = 1024
"""Events compared at a time: bounds the memory for a pairwise comparison."""


def concordance(
    time: np.ndarray,
    event: np.ndarray,
    predictor: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    strata: np.ndarray | None = None,
) -> float | None:
    """Share of comparable pairs that are concordant.

    Parameters
    ----------
    time, event, predictor : numpy.ndarray, shape (n,)
    entry : numpy.ndarray, shape (n,), optional
    strata : numpy.ndarray of int, shape (n,), optional

    Returns
    -------
    float or None
        None when no pair is comparable.

    Examples
    --------
    >>> concordance(np.array([1.0, 2, 3]), np.array([True, True, False]), np.array([3.0, 1, 2]))
    0.6666666666666666
    """
    codes = np.zeros(len(time), dtype=np.int64) if strata is None else strata
    score, pairs = 0.0, 0
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        late = None if entry is None else entry[rows]
        part = _pairs(time[rows], event[rows], _ranks(predictor[rows]), late)
        score, pairs = score + part[0], pairs + part[1]
    return score / pairs if pairs else None


def _ranks(predictor: np.ndarray) -> np.ndarray:
    """Ranks in which predictors that differ by rounding noise only are equal."""
    order = np.argsort(predictor, kind="stable")
    ordered = predictor[order]
    noise = 1e-12 * max(1.0, float(np.abs(ordered).max(initial=0.0)))
    steps = np.concatenate([[0], np.cumsum(np.diff(ordered) > noise)])
    ranks = np.empty(len(predictor), dtype=np.int64)
    ranks[order] = steps
    return ranks


def _pairs(
    time: np.ndarray, event: np.ndarray, rank: np.ndarray, entry: np.ndarray | None
) -> tuple[float, int]:
    if entry is not None:
        return _pairs_at_risk(time, event, rank, entry)
    # Backwards in time, blocks of events against a sorted list of those who live longer.
    order = np.lexsort((event, -time))  # at one time the censored come first: they live longer
    t, e, r = time[order], event[order], rank[order]
    score, pairs = 0.0, 0
    for begin in range(0, len(t), BLOCK):
        block = slice(begin, begin + BLOCK)
        et, er = t[block][e[block]], r[block][e[block]]
        before = np.sort(r[:begin])
        tied = begin - np.searchsorted(-t[:begin], -et, side="left")
        below = np.searchsorted(before, er, side="left")
        equal = np.searchsorted(before, er, side="right") - below
        score += float(below.sum() + equal.sum() / 2)
        pairs += begin * len(et)
        # Earlier blocks may end within a tied time: take back events at the same time there.
        for i in np.flatnonzero(tied):
            same = slice(begin - tied[i], begin)
            dead = e[same]
            score -= float((r[same][dead] < er[i]).sum() + (r[same][dead] == er[i]).sum() / 2)
            pairs -= int(dead.sum())
        longer = (t[block][None, :] > et[:, None]) | (
            (t[block][None, :] == et[:, None]) & ~e[block][None, :]
        )
        score += float((longer & (r[block][None, :] < er[:, None])).sum())
        score += float((longer & (r[block][None, :] == er[:, None])).sum()) / 2
        pairs += int(longer.sum())
    return score, pairs


def _pairs_at_risk(
    time: np.ndarray, event: np.ndarray, rank: np.ndarray, entry: np.ndarray
) -> tuple[float, int]:
    score, pairs = 0.0, 0
    events = np.flatnonzero(event)
    for begin in range(0, len(events), BLOCK):
        some = events[begin : begin + BLOCK]
        t, r = time[some][:, None], rank[some][:, None]
        longer = ((time > t) | ((time == t) & ~event)) & (entry < t)
        score += float((longer & (rank < r)).sum()) + float((longer & (rank == r)).sum()) / 2
        pairs += int(longer.sum())
    return score, pairs
