"""The cutoff with the largest log-rank statistic, and p-values that allow for the search.

Methods
-------
Maximally selected log-rank statistic as R's ``maxstat``: each patient gets a log-rank score (his
event less his cumulative hazard, tied times taken together), and for every admissible cutoff the
sum of the scores of the low group is standardised by its permutation mean and variance. The
largest absolute value is M. It is not the square root of the largest log-rank chi-square, and the
p-values hold for M only. They are approximations of the distribution of M when the marker has no
effect, by Lausen and Schumacher (1992, from the range that is searched) and by Lausen, Sauerbrei
and Schumacher (1994, an improved Bonferroni inequality over the cutoffs that are there).

References
----------
Lausen B, Schumacher M. Biometrics 1992;48:73-85. Lausen B, Sauerbrei W, Schumacher M. In: Dirschedl
P, Ostermann R (eds). Computational Statistics. Physica 1994, 483-496. Hothorn T, Lausen B. Comput
Stat Data Anal 2003;43:121-137.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erfc, exp, log, log1p, pi, sqrt

import numpy as np

from core.errors import SpecError
from core.notes import Note, info, warning
from core.spec import AnalysisSpec

MIN_FRACTION = 0.1
"""Smallest share of patients on either side of a searched cutoff, where the spec says nothing."""
SAME = 1e-10
"""Statistics closer than this are the same; the lowest of their cutoffs is taken."""


@dataclass(frozen=True, eq=False)
class Search:
    """Every admissible cutoff with its statistic, in ascending order.

    Attributes
    ----------
    low : numpy.ndarray, shape (k,)
        Largest value of the low group of each cutoff.
    high : numpy.ndarray, shape (k,)
        Smallest value of its high group.
    size : numpy.ndarray of int, shape (k,)
        Patients in its low group.
    statistics : numpy.ndarray, shape (k,)
        Standardised, not negative.
    n : int
    min_fraction, min_events : float
    eligible : numpy.ndarray of int
        Sizes of all low groups that the fraction admits, whatever their events.
    """

    low: np.ndarray
    high: np.ndarray
    size: np.ndarray
    statistics: np.ndarray
    n: int
    min_fraction: float
    min_events: float
    eligible: np.ndarray

    @property
    def best(self) -> int:
        """Position of the chosen cutoff: the lowest of those with the largest statistic."""
        return int(np.flatnonzero(self.statistics >= self.statistic * (1 - SAME))[0])

    @property
    def statistic(self) -> float:
        """The maximally selected statistic M."""
        return float(self.statistics.max())

    def cutoffs(self, side: str) -> np.ndarray:
        """The cutoffs as they are written for a side: ``>= high`` (ge) or ``> low`` (gt)."""
        return self.high if side == "ge" else self.low

    def p_lau92(self) -> float:
        """P-value of Lausen and Schumacher, from the range that is searched."""
        return lau92(self.statistic, self.min_fraction)

    def p_lau94(self) -> float:
        """P-value of Lausen, Sauerbrei and Schumacher, from the cutoffs that are there."""
        return lau94(self.statistic, self.size, self.n)


def search(
    x: np.ndarray,
    time: np.ndarray,
    event: np.ndarray,
    *,
    min_fraction: float = 0.1,
    min_events: float = 0,
) -> Search | None:
    """Compute the statistic of every admissible cutoff.

    Parameters
    ----------
    x, time : numpy.ndarray, shape (n,)
        No missing values; near-tied times merged.
    event : numpy.ndarray of bool, shape (n,)
    min_fraction : float
        With f this fraction, a low group has floor(n f) to floor(n (1 - f)) patients.
    min_events : float
        Events that both groups need.

    Returns
    -------
    Search or None
        None when no cutoff is admissible, or nobody has the event.

    Examples
    --------
    >>> found = search(np.arange(6.0), np.array([6.0, 5, 4, 3, 2, 1]), np.ones(6) > 0)
    >>> found.low.tolist(), found.best, round(found.statistic, 6)
    ([0.0, 1.0, 2.0, 3.0, 4.0], 1, 1.952788)
    """
    n = len(x)
    order = np.argsort(x, kind="stable")
    value, scores = x[order], logrank_scores(time, event)[order]
    dead = np.cumsum(event[order])
    size = np.flatnonzero(value[1:] > value[:-1]) + 1
    least = max(1, int(np.floor(n * min_fraction)))
    eligible = size[(size >= least) & (size <= int(np.floor(n * (1 - min_fraction))))]
    size = eligible
    size = size[(dead[size - 1] >= min_events) & (dead[-1:] - dead[size - 1] >= min_events)]
    total = float(scores.sum())
    spread = n * float((scores**2).sum()) - total**2
    if len(size) == 0 or not spread > 1e-12:
        return None
    variance = size * (n - size) / (n**2 * (n - 1)) * spread
    statistics = np.abs(np.cumsum(scores)[size - 1] - size / n * total) / np.sqrt(variance)
    return Search(
        value[size - 1], value[size], size, statistics, n, min_fraction, min_events, eligible
    )


def find_best(x: np.ndarray, time: np.ndarray, event: np.ndarray, spec: AnalysisSpec) -> Search:
    """Search for the cutoff with the largest log-rank statistic.

    Raises
    ------
    SpecError
        If there is delayed entry, for which the statistic is not defined, or no cutoff leaves
        enough patients and events on both sides.
    """
    if spec.entry is not None:
        raise SpecError(
            "cut_rule",
            "The search for the best cutoff is not defined with delayed entry",
            "Use another rule, or leave out entry",
        )
    found = search(
        x,
        time,
        event,
        min_fraction=MIN_FRACTION if spec.min_fraction is None else spec.min_fraction,
        min_events=spec.min_events or 0,
    )
    if found is None:
        raise SpecError(
            "min_events" if spec.min_events else "cut_rule",
            "No cutoff has enough patients and events on both sides",
            "Ask for fewer of them (min_fraction, min_events), or use another rule",
        )
    return found


def search_notes(found: Search, title: str, spec: AnalysisSpec) -> tuple[Note, ...]:
    """Say what a searched cutoff does to the numbers that are made from it."""
    if len(found.size) == 1:
        return (info("groups", f"{title} has one admissible cutoff only: nothing was searched."),)
    text = (
        f"The cutoff of {title} was chosen out of {len(found.size)} to make the "
        "difference large: the log-rank p of these groups is too small and their hazard ratio too "
        f"extreme. Corrected for the search p {_p(found.p_lau92())} (Lausen 1992), "
        f"p {_p(found.p_lau94())} (Lausen 1994)."
    )
    if not spec.strata:
        return (warning("groups", text),)
    return (warning("groups", text), info("groups", "The search took no account of the strata."))


def _p(p: float) -> str:
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def logrank_scores(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """Event less cumulative hazard of each patient, as ``exactRankTests::cscores``.

    The hazard of an event is 1 over the patients who live longer, plus one: of tied patients each
    counts as the last one at risk, which is not the Nelson-Aalen estimate.

    Examples
    --------
    >>> logrank_scores(np.array([1.0, 2.0]), np.array([True, True])).tolist()
    [0.5, -0.5]
    """
    n = len(time)
    rank = np.searchsorted(np.sort(time), time, side="right")
    hazard = np.bincount(rank, weights=event / (n - rank + 1), minlength=n + 1)
    return np.asarray(event - np.cumsum(hazard)[rank])


def lau92(statistic: float, min_fraction: float) -> float:
    """P-value from the searched range of quantiles, `min_fraction` to 1 - `min_fraction`.

    It is 1 where the approximation has no meaning: for a statistic below 1 or an unlimited range.

    Examples
    --------
    >>> round(lau92(3.1752201, 0.1), 8)
    0.03567969
    """
    if statistic < 1 or min_fraction <= 0:
        return 1.0
    b, density = statistic, exp(-(statistic**2) / 2) / sqrt(2 * pi)
    width = 2 * (log1p(-min_fraction) - log(min_fraction))  # the quotient could overflow
    return min(max(4 * density / b + density * (b - 1 / b) * width, 0.0), 1.0)


def lau94(statistic: float, size: np.ndarray, n: int) -> float:
    """P-value from the overlap of neighbouring low groups.

    Parameters
    ----------
    statistic : float
    size : numpy.ndarray of int, shape (k,)
        Ascending sizes of the low groups.
    n : int
    """
    b = statistic
    m, after = size[:-1].astype(float), size[1:].astype(float)
    t = np.sqrt(1 - m * (n - after) / ((n - m) * after))
    overlap = float(np.sum(t - (b**2 / 4 - 1) * t**3 / 6)) * exp(-(b**2) / 2) / pi
    return min(max(erfc(b / sqrt(2)) + overlap, 0.0), 1.0)
