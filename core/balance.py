"""How groups differ in a characteristic: tests of ranks and means, standardised differences.

Methods
-------
Mann-Whitney and Kruskal-Wallis with their asymptotic distributions, corrected for ties and without
continuity correction (R's ``wilcox.test(exact=FALSE, correct=FALSE)`` and ``kruskal.test``, SPSS's
asymptotic significance). Student's t test with equal variances, Welch's with his degrees of
freedom; for more than two groups analysis of variance, or Welch's (R's ``oneway.test``). The
standardised difference of a number is that of the means over the root of the mean variance, of a
category Yang and Dalton's: that of the shares, in the metric of their mean covariance.

References
----------
Mann HB, Whitney DR. Ann Math Stat 1947;18:50-60. Kruskal WH, Wallis WA. J Am Stat Assoc
1952;47:583-621. Welch BL. Biometrika 1951;38:330-336. Yang D, Dalton JE. SAS Global Forum 2012,
paper 335-2012.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special, stats


@dataclass(frozen=True)
class LocationTest:
    """A test; `statistic` is z, chi-square, t or F, None where it cannot be computed."""

    name: str
    statistic: float | None = None
    df: float | None = None
    df2: float | None = None
    p_value: float | None = None


NAMES = {
    "mann-whitney": ("mann-whitney", "kruskal-wallis"),
    "t": ("t", "anova"),
    "welch": ("welch", "welch-anova"),
}
"""Name of each test for two groups, and for more."""


def location_test(groups: Sequence[np.ndarray], kind: str) -> LocationTest:
    """Compare the groups that have values.

    Parameters
    ----------
    groups : sequence of numpy.ndarray
        Known values of each group; empty groups take no part.
    kind : {"mann-whitney", "t", "welch"}

    Examples
    --------
    >>> found = location_test([np.array([1.0, 2, 3]), np.array([2.0, 4, 6])], "t")
    >>> round(found.statistic, 6), found.df
    (-1.549193, 4.0)
    """
    present = [x for x in groups if len(x)]
    if len(present) < 2:
        return LocationTest("")
    name = NAMES[kind][len(present) > 2]
    if kind == "mann-whitney":
        return _ranks(name, present)
    least = 2 if kind == "welch" else 1
    n = np.array([len(x) for x in present], dtype=float)
    mean = np.array([x.mean() for x in present])
    if n.min() < least or n.sum() <= len(n):
        return LocationTest(name)
    squares = np.array([((x - x.mean()) ** 2).sum() for x in present])
    tiny = 1e-14 * np.abs(mean).max()
    if kind == "t":
        return _equal(name, n, mean, squares) if squares.sum() > tiny**2 else LocationTest(name)
    variance = squares / (n - 1)
    if (variance <= tiny**2).any() and (len(n) > 2 or (variance <= tiny**2).all()):
        return LocationTest(name)
    return _welch(name, n, mean, variance)


def _ranks(name: str, groups: Sequence[np.ndarray]) -> LocationTest:
    """Kruskal-Wallis; for two groups the signed root is the z of Mann and Whitney."""
    n = np.array([len(x) for x in groups], dtype=float)
    whole = np.concatenate(groups)
    total = len(whole)
    ranks = stats.rankdata(whole)
    counts = np.unique(whole, return_counts=True)[1].astype(float)
    ties = 1 - float((counts**3 - counts).sum()) / (total**3 - total)
    if ties <= 0:
        return LocationTest(name)
    codes = np.repeat(np.arange(len(groups)), n.astype(int))
    centred = np.bincount(codes, weights=ranks) - n * (total + 1) / 2
    h = 12 / (total * (total + 1)) * float((centred**2 / n).sum()) / ties
    df = len(groups) - 1
    p = float(special.chdtrc(df, h))
    if df == 1:
        return LocationTest(name, float(np.sign(centred[0]) * np.sqrt(h)), None, None, p)
    return LocationTest(name, h, float(df), None, p)


def _equal(name: str, n: np.ndarray, mean: np.ndarray, squares: np.ndarray) -> LocationTest:
    """Student's t for two groups, one-way analysis of variance for more."""
    between, within = len(n) - 1.0, float(n.sum() - len(n))
    variance = float(squares.sum()) / within
    if len(n) == 2:
        t = float((mean[0] - mean[1]) / np.sqrt(variance * (1 / n).sum()))
        return LocationTest(name, t, within, None, float(2 * special.stdtr(within, -abs(t))))
    centre = float((n * mean).sum() / n.sum())
    f = float((n * (mean - centre) ** 2).sum()) / between / variance
    return LocationTest(name, f, between, within, float(special.fdtrc(between, within, f)))


def _welch(name: str, n: np.ndarray, mean: np.ndarray, variance: np.ndarray) -> LocationTest:
    """Welch's t for two groups, his analysis of variance for more."""
    share = variance / n
    if len(n) == 2:
        t = float((mean[0] - mean[1]) / np.sqrt(share.sum()))
        df = float(share.sum() ** 2 / (share**2 / (n - 1)).sum())
        return LocationTest(name, t, df, None, float(2 * special.stdtr(df, -abs(t))))
    k, weight = len(n), 1 / share
    centre = float((weight * mean).sum() / weight.sum())
    uneven = float(((1 - weight / weight.sum()) ** 2 / (n - 1)).sum()) / (k**2 - 1)
    f = float((weight * (mean - centre) ** 2).sum()) / (k - 1) / (1 + 2 * (k - 2) * uneven)
    df, df2 = k - 1.0, 1 / (3 * uneven)
    return LocationTest(name, f, df, df2, float(special.fdtrc(df, df2, f)))


def largest(found: list[float | None]) -> float | None:
    """The largest of the differences that are known."""
    return max((d for d in found if d is not None), default=None)


def smd_number(a: np.ndarray, b: np.ndarray) -> float | None:
    """Standardised difference of the means of two groups; None where nothing varies."""
    if min(len(a), len(b)) < 2:
        return None
    spread = float(np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2))
    difference = abs(float(a.mean() - b.mean()))
    if spread <= 1e-14 * max(abs(float(a.mean())), abs(float(b.mean()))):
        return 0.0 if difference == 0 else None
    return difference / spread


def smd_category(a: np.ndarray, b: np.ndarray) -> float | None:
    """Standardised difference of two groups in a category.

    Parameters
    ----------
    a, b : numpy.ndarray of int, shape (k,)
        Counts of each level.

    Returns
    -------
    float or None
        None where a group is empty, or the two have no level in common: the difference is
        infinite then.

    Examples
    --------
    >>> round(smd_category(np.array([30, 70]), np.array([50, 50])), 6)
    0.417029
    """
    if a.sum() == 0 or b.sum() == 0:
        return None
    seen = (a + b) > 0
    p, q = (a / a.sum())[seen][1:], (b / b.sum())[seen][1:]
    covariance = (np.diag(p) - np.outer(p, p) + np.diag(q) - np.outer(q, q)) / 2
    solved = np.linalg.lstsq(covariance, p - q, rcond=1e-12)[0] if len(p) else np.zeros(0)
    if not np.allclose(covariance @ solved, p - q, atol=1e-9):
        return None
    return float(np.sqrt(max((p - q) @ solved, 0.0)))
