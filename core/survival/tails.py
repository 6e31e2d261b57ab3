"""Tail probabilities, quantiles and ratios at the ends of what a number can hold."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy import special


def chi2_p(statistic: float, df: int) -> float:
    """Upper tail of the chi-square distribution."""
    return float(special.chdtrc(df, statistic))


def chi2_log10_p(statistic: float, df: int) -> float:
    """Base-10 logarithm of the upper tail, finite for every finite statistic.

    Where the tail is below the smallest double, Legendre's continued fraction of the incomplete
    gamma function is evaluated by Lentz's method on the logarithmic scale.

    References
    ----------
    Press WH et al. Numerical Recipes, 3rd ed., section 6.2.

    Examples
    --------
    >>> round(chi2_log10_p(3.841458820694124, 1), 6)
    -1.30103
    """
    tail = chi2_p(statistic, df)
    if tail > 1e-290:
        return float(np.log10(tail))
    a, x = df / 2, statistic / 2
    b = x + 1 - a
    c, d = 1e300, 1 / b
    h = d
    for i in range(1, 200):
        an = -i * (i - a)
        b += 2
        d = 1 / (an * d + b)
        c = b + an / c
        h *= d * c
        if abs(d * c - 1) < 1e-15:
            break
    return float((-x + a * np.log(x) - special.gammaln(a) + np.log(h)) / np.log(10))


def normal_quantile(level: float) -> float:
    """Two-sided normal quantile: 1.959964 for a level of 0.95."""
    return float(special.ndtri(1 - (1 - level) / 2))


def ratios(logarithms: Iterable[float]) -> tuple[float, ...]:
    """Exponentials of log ratios: infinite for a marker of a tiny scale, and no complaint.

    Examples
    --------
    >>> ratios([0.0, 800.0])
    (1.0, inf)
    """
    with np.errstate(over="ignore"):
        return tuple(np.exp(list(logarithms)).tolist())
