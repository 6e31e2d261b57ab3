"""One patient left out, and the next one: how far a comparison hangs on single patients.

Methods
-------
The log-rank test without a patient is exact for all patients, by running sums over event times.
The Cox model without him starts with the Newton step from the estimate of all patients, which the
same sums give, and is then iterated to the end. In a large table only those whom that step moves
furthest are iterated; for the others it is off by about 1 / n^2 (n patients), far below what is
shown. Patients who are alike (same time at risk, event and group) are computed once.

The number of patients whose removal takes p across 0.05 is found greedily: of those who are left
the one who moves the log-rank statistic most towards the line is removed, until it is crossed. A
better choice of the whole set might need fewer, so the number is an upper bound.

References
----------
Walsh M et al. J Clin Epidemiol 2014;67:622-628 (fragility). Broderick T, Giordano R, Meager R.
arXiv:2011.14999 (the smallest set whose removal changes a conclusion).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from core.progress import Progress, portions, quiet
from core.survival.cutoff.effect import ALPHA
from core.survival.cutoff.endpoint import Endpoint

EVALUATIONS = 300_000_000
"""Patients times event times that are iterated at most: one to three seconds."""
STEPS = 10_000_000
"""Patients times event times between two signs of progress: about a tenth of a second."""
MOST_REMOVED = 50
"""Patients that are removed at most, and never more than a quarter of all."""
FLAT = 1e-12
"""A variance below this is none: only one group is at risk."""


@dataclass(frozen=True, eq=False)
class Left:
    """The comparison without each patient; arrays of shape (n,).

    Attributes
    ----------
    hazard_ratio : numpy.ndarray of float
        NaN where it is not finite.
    statistic, p_value : numpy.ndarray of float
        Log-rank test; NaN where only one group is at risk.
    exact : bool
        Whether every hazard ratio was iterated to the end.
    """

    hazard_ratio: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    exact: bool


@dataclass(frozen=True)
class Fragility:
    """Patients removed until p is on the other side of 0.05.

    Attributes
    ----------
    removed : tuple of int
        Their positions among the patients, in the order of removal.
    p_value : float or None
        Log-rank test without them.
    crossed : bool
        False where p stayed on its side although as many as allowed were removed.
    """

    removed: tuple[int, ...]
    p_value: float | None
    crossed: bool


def counts_of(endpoint: Endpoint, high: np.ndarray) -> np.ndarray:
    """At risk and events at each event time, of everybody and of the high group.

    Returns
    -------
    numpy.ndarray of float, shape (4, D)
    """
    from core.survival.cutoff.kernels import two

    counts = np.empty((4, len(endpoint.at)))
    counts[0], counts[1] = endpoint.at, endpoint.dead
    two.counted(endpoint.last, endpoint.event, high.astype(float), counts[2], counts[3])
    return counts


def leave_one_out(
    endpoint: Endpoint, high: np.ndarray, *, efron: bool = True, progress: Progress = quiet
) -> Left:
    """Compare the groups without each of the patients in turn.

    Parameters
    ----------
    endpoint : Endpoint
    high : numpy.ndarray of bool, shape (n,)
    efron : bool
    progress : callable

    Examples
    --------
    >>> e = Endpoint.sorted(np.array([1.0, 2, 3, 4]), np.array([True, True, False, True]))
    >>> found = leave_one_out(e, np.array([True, False, True, False]))
    >>> rest = e.of_rows(np.array([1, 2, 3])).compare(np.array([False, True, False]))
    >>> bool(np.isclose(found.statistic[0], rest.statistic, rtol=1e-10))
    True
    """
    from core.survival.cutoff.kernels import removal

    kinds, kind = alike(endpoint, high)
    last, event, one = kinds
    counts, whole = counts_of(endpoint, high), endpoint.compare(high, efron=efron)
    start = 0.0 if whole.coef is None else whole.coef
    sums = removal.left_out(last, event, one, counts, float(np.exp(start)), efron)
    statistic = chi_square(sums)
    with np.errstate(divide="ignore", invalid="ignore"):
        coef = np.where(sums[:, 3] > 0, start + sums[:, 2] / sums[:, 3], np.nan)
    if whole.coef is None:
        coef[:] = np.nan  # fewer patients do not make it finite
        chosen = np.array([], dtype=np.int64)
    else:
        chosen = furthest(coef - start, EVALUATIONS // max(1, len(endpoint.at)))
    done = 0
    for now in portions(len(chosen), max(1, STEPS // max(1, len(endpoint.at))), progress):
        rows = chosen[done : done + now]
        part = coef[rows]
        removal.refitted(last[rows], event[rows], one[rows], counts, efron, part)
        coef[rows] = part
        done += now
    exact = whole.coef is None or len(chosen) == len(last)
    with np.errstate(over="ignore"):
        ratio = np.exp(coef)[kind]
    return Left(ratio, statistic[kind], special.chdtrc(1, statistic)[kind], exact)


def alike(
    endpoint: Endpoint, high: np.ndarray
) -> tuple[tuple[np.ndarray, np.ndarray, np.ndarray], np.ndarray]:
    """The kinds of patients that a comparison can tell apart.

    Returns
    -------
    (last, event, high) : numpy.ndarray, shape (k,)
        Of each kind.
    kind : numpy.ndarray of int, shape (n,)
        Of each patient.
    """
    code = (endpoint.last * 2 + endpoint.event) * 2 + high
    codes, kind = np.unique(code, return_inverse=True)
    return (codes // 4, codes // 2 % 2 == 1, codes % 2 == 1), kind


def furthest(moves: np.ndarray, most: int) -> np.ndarray:
    """Positions of the largest moves in both directions, at most so many; unknown ones first.

    Examples
    --------
    >>> furthest(np.array([0.1, -0.3, 0.0, 0.2]), 2).tolist()
    [1, 3]
    """
    if len(moves) <= most:
        return np.arange(len(moves))
    order = np.argsort(np.where(np.isfinite(moves), moves, -np.inf), kind="stable")
    half = max(1, most // 2)
    return np.sort(np.concatenate([order[:half], order[-half:]]))


def chi_square(sums: np.ndarray) -> np.ndarray:
    """Log-rank statistic of sums (m, 4) of score and variance; NaN where there is no variance."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(sums[:, 1] > FLAT, sums[:, 0] ** 2 / sums[:, 1], np.nan)


def most_removed(n: int) -> int:
    """How many of so many patients may be removed.

    Examples
    --------
    >>> most_removed(27), most_removed(686)
    (6, 50)
    """
    return min(MOST_REMOVED, n // 4)


def fragility(
    endpoint: Endpoint, high: np.ndarray, *, progress: Progress = quiet
) -> Fragility | None:
    """Remove patients, always the most influential one, until p crosses 0.05.

    Parameters
    ----------
    endpoint : Endpoint
    high : numpy.ndarray of bool, shape (n,)
    progress : callable

    Returns
    -------
    Fragility or None
        None where there is no p-value to begin with.
    """
    from core.survival.cutoff.kernels import removal

    p = endpoint.compare(high).p_value
    if p is None:
        return None
    below, counts = p < ALPHA, counts_of(endpoint, high)
    (last, event, one), kind = alike(endpoint, high)
    order = np.argsort(kind, kind="stable")
    first = np.searchsorted(kind[order], np.arange(len(last) + 1))
    taken = np.zeros(len(last), dtype=np.int64)
    removed: list[int] = []
    for _ in portions(most_removed(endpoint.n), 1, progress):
        statistic = chi_square(removal.left_out(last, event, one, counts, 1.0, False))
        statistic[first[:-1] + taken >= first[1:]] = np.nan  # nobody of this kind is left
        if np.isnan(statistic).all():
            break
        k = int(np.nanargmin(statistic) if below else np.nanargmax(statistic))
        removal.take(counts, last[k], event[k], one[k], 1.0)
        removed.append(int(order[first[k] + taken[k]]))
        taken[k] += 1
        p = float(special.chdtrc(1, statistic[k]))
        if (p < ALPHA) != below:
            return Fragility(tuple(removed), p, True)
    return Fragility(tuple(removed), p, False)
