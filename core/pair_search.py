"""The pair of cutoffs of one marker that parts three groups most.

Methods
-------
Each patient gets a log-rank score (`core.search.logrank_scores`), a, less their mean. A division
into groups of n_g patients with score sums S_g has the statistic

    T = (n - 1) / sum(a^2) * sum_g S_g^2 / n_g,

the linear rank statistic of several samples with the permutation covariance of the scores. For two
groups it is M^2 of `core.search`; for three it has, for groups fixed beforehand, about a chi-square
distribution with two degrees of freedom. It is not the chi-square of the log-rank test, whose
variance is the hypergeometric one. T is computed for every pair of candidate cutoffs that leaves
enough patients and events in all three groups, and the largest is taken.

References
----------
Hajek J, Sidak Z, Sen PK. Theory of Rank Tests, 2nd ed. Academic Press 1999, section 4.3. Lausen B,
Hothorn T, Bretz F, Schumacher M. Biom J 2004;46:364-374.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.errors import SpecError
from core.notes import Note, info, warning
from core.search import MIN_FRACTION, SAME, logrank_scores
from core.spec import AnalysisSpec

MOST = 200
"""Candidate cutoffs; of more, as many are tried that are evenly spaced in the marker's order."""


@dataclass(frozen=True, eq=False)
class PairSearch:
    """Every admissible pair of cutoffs with its statistic.

    Attributes
    ----------
    low, high : numpy.ndarray of float, shape (k,)
        Largest value below each candidate cutoff, and smallest value above it; ascending.
    size : numpy.ndarray of int, shape (k,)
        Patients below it.
    statistics : numpy.ndarray of float, shape (k, k)
        T of the lower (row) and the upper (column) cutoff; NaN where a pair is not admissible.
    n : int
    least : int
        Patients that each group needs.
    cutoffs : int
        How many cutoffs there were before they were thinned to candidates.
    """

    low: np.ndarray
    high: np.ndarray
    size: np.ndarray
    statistics: np.ndarray
    n: int
    least: int
    cutoffs: int

    @property
    def statistic(self) -> float:
        """The largest T."""
        return float(np.nanmax(self.statistics))

    @property
    def best(self) -> tuple[int, int]:
        """The chosen pair: of those with the largest T the one with the lowest cutoffs."""
        first = int(np.flatnonzero(self.statistics.ravel() >= self.statistic * (1 - SAME))[0])
        return first // len(self.size), first % len(self.size)

    @property
    def allowed(self) -> np.ndarray:
        """Which pairs are admissible, shape (k, k)."""
        return np.asarray(~np.isnan(self.statistics))

    @property
    def pairs(self) -> int:
        """How many pairs were tried."""
        return int(self.allowed.sum())

    def thresholds(self, side: str) -> tuple[float, float]:
        """The chosen cutoffs as they are written for a side."""
        written = self.high if side == "ge" else self.low
        i, j = self.best
        return float(written[i]), float(written[j])


def search_pairs(
    x: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    *,
    min_fraction: float = MIN_FRACTION,
    min_events: float = 0,
) -> PairSearch | None:
    """Compute the statistic of every admissible pair of cutoffs.

    Parameters
    ----------
    x, time : numpy.ndarray, shape (n,)
        No missing values; near-tied times merged.
    event : numpy.ndarray of bool, shape (n,)
    min_fraction : float
        Each group has at least floor(n min_fraction) patients, and one.
    min_events : float
        Events that each group needs.

    Returns
    -------
    PairSearch or None
        None when no pair is admissible, or all scores are the same.

    Examples
    --------
    >>> time, event = np.array([1.0, 3, 2, 5, 4, 6]), np.ones(6) > 0
    >>> found = search_pairs(np.arange(6.0), time, event)
    >>> found.thresholds("ge"), found.pairs, round(found.statistic, 6)
    ((3.0, 5.0), 10, 4.680751)
    """
    n = len(x)
    order = np.argsort(x, kind="stable")
    value = x[order]
    scores = logrank_scores(time, event)[order]
    scores = scores - scores.mean()
    least = max(1, int(np.floor(n * min_fraction)))
    size = np.flatnonzero(value[1:] > value[:-1]) + 1
    size = size[(size >= least) & (size <= n - least)]
    cutoffs = len(size)
    if cutoffs > MOST:
        size = size[np.linspace(0, cutoffs - 1, MOST).astype(int)]
    spread = float((scores**2).sum())
    if cutoffs < 2 or not spread > 1e-12:
        return None
    statistics = _statistics(np.cumsum(scores)[size - 1], size, n) * (n - 1) / spread
    dead = np.cumsum(event[order])
    statistics[~_admissible(size, dead[size - 1], n, int(dead[-1]), least, min_events)] = np.nan
    if np.isnan(statistics).all():
        return None
    return PairSearch(value[size - 1], value[size], size, statistics, n, least, cutoffs)


def _statistics(below: np.ndarray, size: np.ndarray, n: int) -> np.ndarray:
    """Sum of S^2 / n over the three groups of each pair; of no meaning where a pair is none."""
    between = np.where(size > size[:, None], size - size[:, None], 1)
    middle = (below - below[:, None]) ** 2 / between
    return np.asarray((below**2 / size)[:, None] + middle + below**2 / (n - size))


def _admissible(
    size: np.ndarray, dead: np.ndarray, n: int, events: int, least: int, min_events: float
) -> np.ndarray:
    """Which pairs leave enough in the lowest, the middle and the highest group."""
    middle = (size - size[:, None] >= least) & (dead - dead[:, None] >= min_events)
    return np.asarray(middle & (dead[:, None] >= min_events) & (events - dead >= min_events))


def find_pair(x: np.ndarray, time: np.ndarray, event: np.ndarray, spec: AnalysisSpec) -> PairSearch:
    """Search for the best pair of cutoffs.

    Raises
    ------
    SpecError
        If there is delayed entry, for which the statistic is not defined, or no pair of cutoffs
        leaves enough patients and events in all three groups.
    """
    if spec.entry is not None:
        raise SpecError(
            "cut_rule",
            "The search for the best pair of cutoffs is not defined with delayed entry",
            "Use another rule, or leave out entry",
        )
    found = search_pairs(
        x,
        time,
        event,
        min_fraction=MIN_FRACTION if spec.min_fraction is None else spec.min_fraction,
        min_events=spec.min_events or 0,
    )
    if found is None:
        raise SpecError(
            "cut_rule",
            "No pair of cutoffs has enough patients and events in all three groups",
            "Lower min_fraction or min_events, or use another rule",
        )
    return found


def pair_notes(found: PairSearch, title: str, spec: AnalysisSpec) -> tuple[Note, ...]:
    """Say what a searched pair of cutoffs does to the numbers that are made from it."""
    text = (
        f"The two cutoffs of {title} were chosen out of {found.pairs:,} pairs to make the "
        "difference large: the log-rank p of these groups is too small and their hazard ratios "
        "too extreme. Judge them by the p-value that is corrected for the search (part 'pair')."
    )
    notes = [warning("groups", text)]
    if found.cutoffs > len(found.size):
        thinned = (
            f"Of {found.cutoffs:,} cutoffs {len(found.size)} that are evenly spaced in the order "
            "of the values were tried in pairs."
        )
        notes.append(info("groups", thinned))
    if spec.strata:
        notes.append(info("groups", "The search took no account of the strata."))
    return tuple(notes)
