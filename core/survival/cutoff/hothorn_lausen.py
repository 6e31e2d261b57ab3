"""The p-value of Hothorn and Lausen: a limit of the exact one, for small samples.

Methods
-------
As ``pmethod="HL"`` of R's maxstat. The log-rank scores are mapped to whole numbers, 0 to n, and M
is computed from these. The exact distribution of the sum of m scores comes from the shift
algorithm of Streitberg and Roehmel. P(M >= b) is at most the sum over the cutoffs of P(|T_m| > b);
from each term those outcomes are taken away that exceed b at the size before already, whatever
score comes next. The result is a limit: it can be far above the exact p where there are many
cutoffs, and it is cut at 1.

Two properties of R's number are kept because it is R's number. It counts the outcomes that exceed
M, not those that equal it, and no sum of 0, so that it is 0 where no order of the patients exceeds
M. And it takes away at every size, also at those that tied values of the marker leave without a
cutoff: with such ties it is no strict limit, in simulations up to 7 % below the exact p. With a
single cutoff it is the exact two-sided p of the sum of the scores, and counts what equals it.

R computes it from factorials, which end at 170 patients; so does this.

References
----------
Hothorn T, Lausen B. Comput Stat Data Anal 2003;43:121-137.
"""

from __future__ import annotations

import numpy as np
from scipy import special

MOST = 170
"""Patients: more have no factorial among the doubles."""
SAME = 1e-9
"""Standardised sums closer than this are equal."""


def whole_scores(scores: np.ndarray) -> np.ndarray:
    """Map scores to whole numbers as maxstat does before it uses this method.

    Whole numbers stay, halves are doubled, others are spread over 0 to n and rounded.

    Examples
    --------
    >>> whole_scores(np.array([0.5, -0.5])).tolist()
    [1.0, -1.0]
    >>> whole_scores(np.array([0.75, 0.25, -1.0])).tolist()
    [3.0, 2.0, 0.0]
    """
    part = scores - np.floor(scores)
    if part.sum() == 0:
        return scores
    if (part[part != 0] == 0.5).all():
        return np.asarray(2 * scores)
    above = scores - scores.min()
    return np.asarray(np.round(above * len(scores) / above.max()))


def p_value(scores: np.ndarray, size: np.ndarray) -> float | None:
    """P-value of the search over the low groups of these sizes.

    Parameters
    ----------
    scores : numpy.ndarray of float, shape (n,)
        Log-rank scores in the order of the marker.
    size : numpy.ndarray of int, shape (k,)
        Ascending sizes of the low groups.

    Returns
    -------
    float or None
        None for more than `MOST` patients, or where all scores are the same.
    """
    from core.survival.cutoff.kernels import subsets

    n = len(scores)
    if n > MOST:
        return None
    whole = whole_scores(scores)
    ranks = (whole - whole.min()).astype(np.int64)
    total = int(ranks.sum())
    m = np.arange(1, n)
    mean = m / n * total
    variance = m * (n - m) / (n**2 * (n - 1)) * (n * float((ranks**2).sum()) - total**2)
    if not variance[0] > 0:
        return None
    sums = np.cumsum(ranks)[size - 1]
    b = float(np.max(np.abs(sums - mean[size - 1]) / np.sqrt(variance[size - 1])))
    counts = subsets.counts(ranks, total)
    if len(size) == 1:
        return _of_one(counts[size[0]], float(sums[0] - mean[size[0] - 1]), mean[size[0] - 1])
    number = counts[1:n, 1:]
    share = number / special.comb(n, m)[:, None]
    distance = np.abs(np.arange(1, total + 1)[None, :] - mean[:, None]) / np.sqrt(variance)[:, None]
    distance[number == 0] = 0.0
    beyond = np.where(distance > b, share, 0.0)
    tails = beyond.sum(axis=1)
    for i in range(int(size.min()) - 1, n - 2):
        tails[i + 1] -= _counted_before(beyond[i], distance[i + 1], mean[i], int(ranks.max()), b)
    return float(min(max(tails[size - 1].sum(), 0.0), 1.0))


def _of_one(number: np.ndarray, above: float, mean: float) -> float:
    """Exact two-sided p of one sum, which lies `above` its mean, from how often each one occurs."""
    distance = np.abs(np.arange(len(number)) - mean)
    as_far = distance >= abs(above) - SAME * max(1.0, abs(above))
    return float(min(number[as_far].sum() / number.sum(), 1.0))


def _counted_before(
    beyond: np.ndarray, after: np.ndarray, mean: float, largest: int, b: float
) -> float:
    """Probability of being beyond b at one size and surely so at the next one.

    A sum below its mean comes nearest when the largest score is added, one above it when the
    smallest, 0, is added.
    """
    sums = np.flatnonzero(beyond > 0)
    low, high = sums[sums + 1 < mean], sums[sums + 1 > mean]
    low = low[low + largest < len(after)]
    surely = np.concatenate([low[after[low + largest] > b], high[after[high] > b]])
    return float(beyond[surely].sum())
