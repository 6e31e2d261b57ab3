"""Conditional Monte Carlo: the distribution of M when the marker has no effect.

Methods
-------
The log-rank scores are dealt out to the patients at random, the marker stays, and M is computed
anew (as ``pmethod="condMC"`` of R's maxstat). Where a cutoff needs events on both sides, which
cutoffs are admissible is found anew in each permutation, as it was in the data. The p-value is
(1 + number of M* >= M) / (1 + B): it counts the data themselves as one of the permutations, so it
is never 0 and the test keeps its level for every B.

References
----------
Hothorn T, Lausen B. Comput Stat Data Anal 2003;43:121-137. Phipson B, Smyth GK. Stat Appl Genet
Mol Biol 2010;9:39. Clopper CJ, Pearson ES. Biometrika 1934;26:404-413 (limits of a share).
"""

from __future__ import annotations

import numpy as np
from scipy import special

from core.progress import Progress, portions, quiet
from core.search import SAME, Search
from core.spec import AnalysisSpec

STEPS = 20_000_000
"""Patients dealt out between two signs of progress: about a tenth of a second."""


def generator(spec: AnalysisSpec, purpose: int) -> np.random.Generator:
    """The random numbers of one purpose, from the seed of the spec (1 where it says none)."""
    return np.random.default_rng([int(1 if spec.seed is None else spec.seed), purpose])


def permuted_maxima(
    search: Search,
    scores: np.ndarray,
    event: np.ndarray,
    draws: int,
    rng: np.random.Generator,
    *,
    progress: Progress = quiet,
) -> np.ndarray:
    """M of each permutation, in ascending order.

    Parameters
    ----------
    search : Search
    scores : numpy.ndarray of float, shape (n,)
        `core.search.logrank_scores` of the patients, in any order.
    event : numpy.ndarray of bool, shape (n,)
        In the same order.
    draws : int
        Number of permutations.
    rng : numpy.random.Generator
    progress : callable

    Returns
    -------
    numpy.ndarray of float, shape (draws,)
    """
    from core.survival.cutoff.kernels import permuting

    centred = scores - scores.mean()
    n, size = len(scores), search.eligible.astype(np.int64)
    dead = event.astype(float)
    variance = size * (n - size) / (n * (n - 1)) * (centred**2).sum()
    scale = variance**-0.5
    found = np.empty(draws)
    done = 0
    for now in portions(draws, max(1, STEPS // n), progress):
        part = found[done : done + now]
        if search.min_events > 0:
            permuting.maxima_with_events(
                centred, dead, float(search.min_events), size, scale, rng, part
            )
        else:
            permuting.maxima(centred, size, scale, rng, part)
        done += now
    return np.sort(found)


def p_of(maxima: np.ndarray, statistic: float) -> float:
    """P-value of a statistic among the maxima of the permutations, in ascending order.

    Examples
    --------
    >>> p_of(np.array([1.0, 2.0, 3.0]), 2.0)
    0.75
    """
    return (1 + _as_large(maxima, statistic)) / (1 + len(maxima))


def limits_of(maxima: np.ndarray, statistic: float, *, level: float = 0.95) -> tuple[float, float]:
    """Limits of what `p_of` would be with endless permutations, after Clopper and Pearson.

    Examples
    --------
    >>> [round(limit, 6) for limit in limits_of(np.array([1.0, 2.0, 3.0]), 2.0)]
    [0.094299, 0.991596]
    """
    k, n, tail = _as_large(maxima, statistic), len(maxima), (1 - level) / 2
    low = 0.0 if k == 0 else float(special.betaincinv(k, n - k + 1, tail))
    high = 1.0 if k == n else float(special.betaincinv(k + 1, n - k, 1 - tail))
    return low, high


def _as_large(maxima: np.ndarray, statistic: float) -> int:
    return len(maxima) - int(np.searchsorted(maxima, statistic * (1 - SAME), side="left"))
