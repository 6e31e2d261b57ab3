"""The largest statistic over pairs of cutoffs, or over a map of two markers, under permutation."""

from __future__ import annotations

import numpy as np

from core.survival.cutoff.kernels.compiled import compiled


@compiled
def shuffle(x: np.ndarray, y: np.ndarray, rng: np.random.Generator) -> None:
    """Deal the elements of both out anew, those that belong together to the same place."""
    for i in range(x.size - 1):
        j = i + int(rng.random() * (x.size - i))
        drawn = x[j]
        x[j] = x[i]
        x[i] = drawn
        also = y[j]
        y[j] = y[i]
        y[i] = also


@compiled
def pair_maxima(
    scores: np.ndarray,
    event: np.ndarray,
    size: np.ndarray,
    least: int,
    min_events: float,
    factor: float,
    rng: np.random.Generator,
    found: np.ndarray,
) -> None:
    """Fill in the largest T over the admissible pairs of each permutation (`core.pair_search`).

    Which pairs have enough events is found anew in each permutation, as it was in the data.

    Parameters
    ----------
    scores : numpy.ndarray of float, shape (n,)
        Log-rank scores less their mean.
    event : numpy.ndarray of float, shape (n,)
    size : numpy.ndarray of int, shape (k,)
        Ascending sizes below each candidate cutoff.
    least : int
        Patients that each group needs.
    min_events : float
        Events that each group needs.
    factor : float
        (n - 1) / sum of the squared scores.
    rng : numpy.random.Generator
    found : numpy.ndarray of float, shape (permutations,)
        Filled in; 0 where no pair is admissible.
    """
    n, k = scores.size, size.size
    x, e = scores.copy(), event.copy()
    events = e.sum()
    sums, dead, low, high = np.empty(k), np.empty(k), np.empty(k), np.empty(k)
    for b in range(found.size):
        shuffle(x, e, rng)
        total = 0.0
        count = 0.0
        m = 0
        for i in range(k):
            while m < size[i]:
                total += x[m]
                count += e[m]
                m += 1
            sums[i] = total
            dead[i] = count
            low[i] = total * total / m
            high[i] = total * total / (n - m)
        end = k
        while end > 0 and events - dead[end - 1] < min_events:
            end -= 1
        largest = 0.0
        start = 0
        for i in range(end):
            if dead[i] < min_events:
                continue
            while start < end and (
                size[start] - size[i] < least or dead[start] - dead[i] < min_events
            ):
                start += 1
            for j in range(start, end):
                middle = sums[j] - sums[i]
                t = middle * middle / (size[j] - size[i]) + low[i] + high[j]
                if t > largest:
                    largest = t
        found[b] = largest * factor


@compiled
def corner_sums(column: np.ndarray, row: np.ndarray, x: np.ndarray, sums: np.ndarray) -> None:
    """Fill in, for each pair of cutoffs, the sum over those who are above both.

    Parameters
    ----------
    column, row : numpy.ndarray of int, shape (n,)
        How many cutoffs of the first and of the second marker a patient is above.
    x : numpy.ndarray of float, shape (n,)
    sums : numpy.ndarray of float, shape (a + 1, b + 1)
        Filled in: element [i, j] sums the patients with ``column >= i`` and ``row >= j``.
    """
    sums[:, :] = 0.0
    for i in range(x.size):
        sums[column[i], row[i]] += x[i]
    for i in range(sums.shape[0] - 2, -1, -1):
        for j in range(sums.shape[1]):
            sums[i, j] += sums[i + 1, j]
    for i in range(sums.shape[0]):
        for j in range(sums.shape[1] - 2, -1, -1):
            sums[i, j] += sums[i, j + 1]


@compiled
def map_maxima(
    scores: np.ndarray,
    event: np.ndarray,
    column: np.ndarray,
    row: np.ndarray,
    scale: np.ndarray,
    min_events: float,
    rng: np.random.Generator,
    found: np.ndarray,
) -> None:
    """Fill in the largest standardised sum over the map of each permutation.

    Which cells have enough events is found anew in each permutation, as it was in the data.

    Parameters
    ----------
    scores : numpy.ndarray of float, shape (n,)
        Log-rank scores less their mean.
    event : numpy.ndarray of float, shape (n,)
    column, row
        As those of `corner_sums`.
    scale : numpy.ndarray of float, shape (a + 1, b + 1)
        One over the permutation standard deviation; 0 where a cell has only one group.
    min_events : float
        Events that both groups need.
    rng : numpy.random.Generator
    found : numpy.ndarray of float, shape (permutations,)
        Filled in; 0 where no cell has enough events.
    """
    x, e = scores.copy(), event.copy()
    events = e.sum()
    sums, dead = np.empty(scale.shape), np.empty(scale.shape)
    for b in range(found.size):
        shuffle(x, e, rng)
        corner_sums(column, row, x, sums)
        corner_sums(column, row, e, dead)
        largest = 0.0
        for i in range(scale.shape[0]):
            for j in range(scale.shape[1]):
                if min(dead[i, j], events - dead[i, j]) >= min_events:
                    largest = max(largest, abs(sums[i, j]) * scale[i, j])
        found[b] = largest
