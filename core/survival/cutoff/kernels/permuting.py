"""The largest statistic of a search, over and over with the outcome dealt out anew."""

from __future__ import annotations

import numpy as np

from core.survival.cutoff.kernels.compiled import compiled


@compiled
def maxima(
    x: np.ndarray,
    size: np.ndarray,
    scale: np.ndarray,
    rng: np.random.Generator,
    found: np.ndarray,
) -> None:
    """Fill in the largest standardised statistic of each permutation.

    Parameters
    ----------
    x : numpy.ndarray of float, shape (n,)
        Log-rank scores less their mean; left in the order of the last permutation.
    size : numpy.ndarray of int, shape (k,)
        Ascending sizes of the low groups.
    scale : numpy.ndarray of float, shape (k,)
        One over the permutation standard deviation of each sum.
    rng : numpy.random.Generator
    found : numpy.ndarray of float, shape (permutations,)
        Filled in.
    """
    n = x.size
    last = size[size.size - 1]
    for b in range(found.size):
        total = 0.0
        best = 0.0
        k = 0
        for i in range(last):
            j = i + int(rng.random() * (n - i))
            drawn = x[j]
            x[j] = x[i]
            x[i] = drawn
            total += drawn
            if i + 1 == size[k]:
                best = max(best, abs(total) * scale[k])
                k += 1
        found[b] = best


@compiled
def maxima_with_events(
    x: np.ndarray,
    event: np.ndarray,
    fewest: float,
    size: np.ndarray,
    scale: np.ndarray,
    rng: np.random.Generator,
    found: np.ndarray,
) -> None:
    """The same, where a cutoff needs events on both sides: found anew in each permutation.

    Parameters
    ----------
    event : numpy.ndarray of float, shape (n,)
        1 or 0, in the order of `x`; left in that of the last permutation.
    fewest : float
        Events that both groups need.
    size : numpy.ndarray of int, shape (k,)
        Ascending sizes of all low groups that the share of patients admits.
    """
    n = x.size
    last = size[size.size - 1]
    deaths = event.sum()
    for b in range(found.size):
        total = 0.0
        dead = 0.0
        best = 0.0
        k = 0
        for i in range(last):
            j = i + int(rng.random() * (n - i))
            drawn, also = x[j], event[j]
            x[j], event[j] = x[i], event[i]
            x[i], event[i] = drawn, also
            total += drawn
            dead += also
            if i + 1 == size[k]:
                if fewest <= dead <= deaths - fewest:
                    best = max(best, abs(total) * scale[k])
                k += 1
        found[b] = best
