"""How many subsets of each size have each sum: the shift algorithm."""

from __future__ import annotations

import numpy as np

from core.survival.cutoff.kernels.compiled import compiled


@compiled
def counts(scores: np.ndarray, total: int) -> np.ndarray:
    """Count the subsets by size and sum.

    Parameters
    ----------
    scores : numpy.ndarray of int, shape (n,)
        Not negative.
    total : int
        Their sum.

    Returns
    -------
    numpy.ndarray of float, shape (n + 1, total + 1)

    References
    ----------
    Streitberg B, Roehmel J. Statistical Software Newsletter 1986;12:10-17.
    """
    n = scores.size
    found = np.zeros((n + 1, total + 1))
    found[0, 0] = 1.0
    reached = 0
    for i in range(n):
        score = scores[i]
        for m in range(i, -1, -1):
            for s in range(reached, -1, -1):
                if found[m, s] > 0:
                    found[m + 1, s + score] += found[m, s]
        reached += score
    return found
