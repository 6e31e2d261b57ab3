"""Counts in a table: proportions with limits, chi-square, Fisher's exact test, and ratios.

Methods
-------
Pearson's chi-square has no continuity correction. Fisher's test sums the probabilities of all
tables with the same margins that are no more probable than the one seen (R's ``fisher.test``). For
a table larger than 2 x 2 the tables are enumerated column by column, equal partial ones together;
where even that would be too much, tables are drawn at random and the p-value is
(1 + tables no more probable) / (1 + draws). The odds ratio of a 2 x 2 table is given twice: the
sample one with Wald limits on the log scale, and the conditional maximum-likelihood one with exact
limits (each tail alpha/2). The limits of a proportion are Clopper and Pearson's and Wilson's, those
of a difference Newcombe's from Wilson's (his method 10), those of a ratio Katz's.

References
----------
Clopper CJ, Pearson ES. Biometrika 1934;26:404-413. Wilson EB. J Am Stat Assoc 1927;22:209-212.
Newcombe RG. Stat Med 1998;17:873-890. Katz D et al. Biometrics 1978;34:469-474. Mehta CR, Patel NR.
J Am Stat Assoc 1983;78:427-434.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from core.survival.results import Test
from core.survival.tails import chi2_log10_p, chi2_p, normal_quantile

SLACK = 1e-7
"""Tables whose probability exceeds that of the one seen by less than this share count as equal."""
MOST_WORK = 400_000
"""Partial tables that are followed before tables are drawn at random instead."""
DRAWS = 99_999


@dataclass(frozen=True)
class Exact:
    """Fisher's test.

    Attributes
    ----------
    p_value : float or None
        None for a table without two rows and two columns.
    draws : int
        Tables drawn at random; 0 where all were enumerated.
    """

    p_value: float | None
    draws: int = 0


@dataclass(frozen=True)
class Interval:
    """An estimate with limits; None where the counts do not determine it."""

    estimate: float | None
    conf_low: float | None
    conf_high: float | None


def without_empty(table: np.ndarray) -> np.ndarray:
    """The table without rows and columns that sum to 0."""
    kept = table[table.sum(axis=1) > 0]
    return np.asarray(kept[:, kept.sum(axis=0) > 0])


def least_expected(table: np.ndarray) -> float | None:
    """The smallest expected count; None without two rows and columns."""
    seen = without_empty(table)
    if min(seen.shape) < 2:
        return None
    return float(np.outer(seen.sum(axis=1), seen.sum(axis=0)).min() / seen.sum())


def pearson(table: np.ndarray) -> Test:
    """Pearson's chi-square without continuity correction.

    Parameters
    ----------
    table : numpy.ndarray of int, shape (r, c)

    Examples
    --------
    >>> round(pearson(np.array([[10, 3], [5, 9]])).statistic, 6)
    4.635989
    """
    seen = without_empty(table)
    if min(seen.shape) < 2:
        return Test("pearson", None, 0, None, None)
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()
    statistic = float(((seen - expected) ** 2 / expected).sum())
    df = (seen.shape[0] - 1) * (seen.shape[1] - 1)
    return Test("pearson", statistic, df, chi2_p(statistic, df), chi2_log10_p(statistic, df))


def fisher(table: np.ndarray, *, rng: np.random.Generator) -> Exact:
    """Fisher's exact test, two-sided by probability.

    Parameters
    ----------
    table : numpy.ndarray of int, shape (r, c)
    rng : numpy.random.Generator
        Only used where the tables are too many to be enumerated.

    Examples
    --------
    >>> found = fisher(np.array([[10, 3], [5, 9]]), rng=np.random.default_rng(1))
    >>> round(found.p_value, 6)
    0.054238
    """
    seen = without_empty(table)
    if min(seen.shape) < 2:
        return Exact(None)
    seen = seen if seen.shape[0] <= seen.shape[1] else seen.T
    if seen.shape == (2, 2):
        return Exact(_two_by_two(seen))
    found = _enumerated(seen)
    return Exact(found) if found is not None else Exact(_drawn(seen, rng), DRAWS)


def _support(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Possible values of the first cell and the logarithms of their hypergeometric weights."""
    row, column, total = int(table[0].sum()), int(table[:, 0].sum()), int(table.sum())
    k = np.arange(max(0, row + column - total), min(row, column) + 1)
    weight = -sum(
        special.gammaln(v + 1) for v in (k, row - k, column - k, total - row - column + k)
    )
    return k, np.asarray(weight) - np.max(weight)


def _two_by_two(table: np.ndarray) -> float:
    k, weight = _support(table)
    share = np.exp(weight)
    seen = share[int(table[0, 0]) - k[0]]
    return float(min(share[share <= seen * (1 + SLACK)].sum() / share.sum(), 1.0))


def _enumerated(table: np.ndarray) -> float | None:
    """P-value by adding column after column; None where that would be too much work.

    What is left of the row totals is a node; the probability of the rest depends on it alone, so
    partial tables that have the same node and the same probability are followed together.
    """
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    factorial: list[float] = special.gammaln(np.arange(rows.max() + 2.0) + 1).tolist()
    weight_seen = -sum(factorial[cell] for cell in table.ravel().tolist())
    nodes: dict[tuple[int, ...], dict[float, float]] = {tuple(int(r) for r in rows): {0.0: 1.0}}
    work = 0
    for column in sorted((int(c) for c in columns), reverse=True):
        after: dict[tuple[int, ...], dict[float, float]] = {}
        for left, pasts in nodes.items():
            for filled in _fillings(left, column):
                work += 1 + len(pasts)
                if work > MOST_WORK:
                    return None
                rest = tuple(a - b for a, b in zip(left, filled, strict=True))
                weight = -sum(factorial[cell] for cell in filled)
                into = after.setdefault(rest, {})
                for past, ways in pasts.items():
                    key = round(past + weight, 11)
                    into[key] = into.get(key, 0.0) + ways
        nodes = after
    ((_, ends),) = nodes.items()
    value, number = np.array(list(ends)), np.array(list(ends.values()))
    share = number * np.exp(value - value.max())
    return float(min(share[value <= weight_seen + SLACK].sum() / share.sum(), 1.0))


def _fillings(left: tuple[int, ...], total: int) -> list[tuple[int, ...]]:
    """Ways to fill a column of this total from what is left of the rows."""
    if len(left) == 1:
        return [(total,)] if total <= left[0] else []
    behind = sum(left[1:])
    return [
        (first, *others)
        for first in range(max(0, total - behind), min(left[0], total) + 1)
        for others in _fillings(left[1:], total - first)
    ]


def _drawn(table: np.ndarray, rng: np.random.Generator) -> float:
    """P-value by tables drawn at random with the margins of the one seen."""
    from scipy.stats import random_table

    margins = random_table(table.sum(axis=1), table.sum(axis=0))
    seen = -special.gammaln(table + 1.0).sum()
    least = 0
    for size in (DRAWS // 9,) * 9:
        drawn = margins.rvs(size, random_state=rng)
        weight = -special.gammaln(drawn + 1.0).sum(axis=(1, 2))
        least += int((weight <= seen + SLACK).sum())
    return (1 + least) / (1 + DRAWS)


def clopper_pearson(events: int, n: int, level: float) -> tuple[float | None, float | None]:
    """Exact limits of a proportion; None for no patients.

    Examples
    --------
    >>> [round(limit, 5) for limit in clopper_pearson(2, 27, 0.95)]
    [0.0091, 0.2429]
    """
    if n == 0:
        return None, None
    tail = (1 - level) / 2
    low = 0.0 if events == 0 else float(special.betaincinv(events, n - events + 1, tail))
    high = 1.0 if events == n else float(special.betaincinv(events + 1, n - events, 1 - tail))
    return low, high


def wilson(events: int, n: int, level: float) -> tuple[float | None, float | None]:
    """Wilson's score limits of a proportion; None for no patients.

    Examples
    --------
    >>> [round(limit, 5) for limit in wilson(2, 27, 0.95)]
    [0.02055, 0.2337]
    """
    if n == 0:
        return None, None
    z, p = normal_quantile(level), events / n
    centre = p + z * z / (2 * n)
    half = z * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    whole = 1 + z * z / n
    low = 0.0 if events == 0 else float((centre - half) / whole)
    high = 1.0 if events == n else float((centre + half) / whole)
    return low, high


def difference(a: int, n: int, b: int, m: int, level: float) -> Interval:
    """Difference a/n - b/m with Newcombe's limits."""
    low_a, high_a = wilson(a, n, level)
    low_b, high_b = wilson(b, m, level)
    if low_a is None or high_a is None or low_b is None or high_b is None:
        return Interval(None, None, None)
    p, q = a / n, b / m
    low = p - q - float(np.hypot(p - low_a, high_b - q))
    high = p - q + float(np.hypot(high_a - p, q - low_b))
    return Interval(p - q, low, high)


def relative_risk(a: int, n: int, b: int, m: int, level: float) -> Interval:
    """Ratio (a/n) / (b/m) with Katz's limits; the limits need an event in both groups."""
    if n == 0 or m == 0 or b == 0:
        return Interval(None, None, None)
    ratio = (a / n) / (b / m)
    if a == 0:
        return Interval(ratio, None, None)
    wide = normal_quantile(level) * float(np.sqrt(1 / a - 1 / n + 1 / b - 1 / m))
    return Interval(ratio, ratio * float(np.exp(-wide)), ratio * float(np.exp(wide)))


def odds_ratio(a: int, n: int, b: int, m: int, level: float) -> Interval:
    """Sample odds ratio with Wald limits; None where a cell is 0."""
    cells = np.array([a, n - a, b, m - b], dtype=float)
    if (cells == 0).any():
        return Interval(None, None, None)
    ratio = float(cells[0] * cells[3] / (cells[1] * cells[2]))
    wide = normal_quantile(level) * float(np.sqrt((1 / cells).sum()))
    return Interval(ratio, ratio * float(np.exp(-wide)), ratio * float(np.exp(wide)))


def conditional_odds_ratio(a: int, n: int, b: int, m: int, level: float) -> Interval:
    """Conditional maximum-likelihood odds ratio with exact limits.

    Returns
    -------
    Interval
        0 or None (infinite) where the table is as extreme as its margins allow.
    """
    k, weight = _support(np.array([[a, n - a], [b, m - b]]))
    if len(k) < 2:
        return Interval(None, None, None)
    tail = (1 - level) / 2

    def share(log_ratio: float) -> np.ndarray:
        power = weight + k * log_ratio
        power = np.exp(power - power.max())
        return np.asarray(power / power.sum())

    def mean(t: float) -> float:
        return float((share(t) * k).sum()) - a

    def upper(t: float) -> float:
        return float(share(t)[k >= a].sum()) - tail

    def lower(t: float) -> float:
        return tail - float(share(t)[k <= a].sum())

    estimate = 0.0 if a == k[0] else None if a == k[-1] else _root(mean)
    low = 0.0 if a == k[0] else _root(upper)
    high = None if a == k[-1] else _root(lower)
    return Interval(estimate, low, high)


def _root(rising: Callable[[float], float]) -> float:
    """Exponential of where a rising function of the log odds ratio is 0."""
    far = 1.0
    while rising(-far) > 0 or rising(far) < 0:
        far *= 2
    return float(np.exp(optimize.brentq(rising, -far, far, xtol=1e-13, rtol=1e-14)))
