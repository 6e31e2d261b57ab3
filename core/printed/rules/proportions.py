"""Percentages with limits, and of how many they can be.

Methods
-------
For every count that rounds to the percentage the limits are computed by the methods in use: Wald,
Agresti-Coull, Wilson with and without continuity correction, Clopper-Pearson, Jeffreys, logit.
When none gives the printed ones for the stated denominator, the denominators are listed for which
Clopper-Pearson's does.

References
----------
Brown LD, Cai TT, DasGupta A. Stat Sci 2001;16:101-133. Newcombe RG. Stat Med 1998;17:857-872.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from scipy import special

from core.printed.findings import Finding, finding
from core.printed.gathered import Gathered, known, number
from core.printed.number import Printed, read
from core.printed.rules.ratios import Z
from core.printed.table import Cell

Limits = tuple[np.ndarray, np.ndarray]
MOST = 200_000
"""Largest denominator that is tried."""


def denominator(study: Gathered) -> Iterator[Finding]:
    """Limits of a percentage that no method gives for the stated denominator."""
    for row in study.rows.values():
        cells = (row.get("percent"), row.get("percent_low"), row.get("percent_high"))
        if not all(known(c) for c in cells):
            continue
        percent, low, high = (c for c in cells if c is not None)
        stated = read(percent.denominator) if percent.denominator else None
        n = 0 if stated is None or stated.missing else int(stated.value)
        if not 0 < n <= MOST or _any(n, percent, low, high):
            continue
        fits = _fitting(n, percent, low, high)
        proof = (
            f"No usual method gives {low.printed} to {high.printed} for {percent.printed} % of "
            f"{n:,}"
        )
        k = np.array([round(number(percent).value * n / 100)])
        a, b = clopper_pearson(k, np.array([n]))
        proof += f" (Clopper-Pearson for {k[0]}/{n}: {100 * a[0]:.2f} to {100 * b[0]:.2f})."
        if len(fits):
            proof += f" Clopper-Pearson's are those of {fits[0]:,} to {fits[-1]:,} patients."
        found = (percent, low, high)
        yield finding("denominator", "contradiction", found, proof)


def _any(n: int, percent: Cell, low: Cell, high: Cell) -> bool:
    k = _counts(n, number(percent))
    return any(
        _same(limits(k, np.full(len(k), n)), number(low), number(high)).any() for limits in METHODS
    )


def _fitting(n: int, percent: Cell, low: Cell, high: Cell) -> np.ndarray:
    """Denominators up to the stated one, or twice as many, that give the printed limits."""
    totals = np.arange(1, min(2 * n, MOST) + 1)
    found = np.zeros(len(totals), dtype=bool)
    printed = number(percent)
    for shift in (-1, 0, 1):
        k = np.rint(printed.value * totals / 100).astype(int) + shift
        share = 100 * k / totals
        inside = (share >= printed.low) & (share <= printed.high) & (k >= 0) & (k <= totals)
        fits = _same(clopper_pearson(np.clip(k, 0, totals), totals), number(low), number(high))
        found |= inside & fits
    return totals[found]


def _counts(n: int, printed: Printed) -> np.ndarray:
    least, most = np.ceil(printed.low * n / 100), np.floor(printed.high * n / 100)
    k = np.arange(max(0, int(least)), min(n, int(most)) + 1)
    return k if len(k) else np.array([round(printed.value * n / 100)])


def _same(limits: Limits, low: Printed, high: Printed) -> np.ndarray:
    a, b = 100 * limits[0], 100 * limits[1]
    slack = 1e-9
    return np.asarray(
        (a >= low.low - slack)
        & (a <= low.high + slack)
        & (b >= high.low - slack)
        & (b <= high.high + slack)
    )


def clopper_pearson(k: np.ndarray, n: np.ndarray) -> Limits:
    """Exact limits.

    Examples
    --------
    >>> low, high = clopper_pearson(np.array([15]), np.array([27]))
    >>> float(round(100 * low[0], 3)), float(round(100 * high[0], 3))
    (35.326, 74.52)
    """
    return _beta(k, n - k + 1, 0.025), _beta(k + 1, n - k, 0.975)


def _beta(a: np.ndarray, b: np.ndarray, level: float) -> np.ndarray:
    inside = (a > 0) & (b > 0)
    found = special.betaincinv(np.where(inside, a, 1.0), np.where(inside, b, 1.0), level)
    return np.where(inside, found, np.where(a > 0, 1.0, 0.0))


def _jeffreys(k: np.ndarray, n: np.ndarray) -> Limits:
    return _beta(k + 0.5, n - k + 0.5, 0.025), _beta(k + 0.5, n - k + 0.5, 0.975)


def _wald(k: np.ndarray, n: np.ndarray) -> Limits:
    p = k / n
    wide = Z * np.sqrt(p * (1 - p) / n)
    return np.maximum(p - wide, 0), np.minimum(p + wide, 1)


def _agresti_coull(k: np.ndarray, n: np.ndarray) -> Limits:
    return _wald(k + Z**2 / 2, n + Z**2)


def _wilson(k: np.ndarray, n: np.ndarray) -> Limits:
    p = k / n
    wide = Z * np.sqrt(p * (1 - p) / n + Z**2 / (4 * n**2))
    scale = 1 + Z**2 / n
    return (p + Z**2 / (2 * n) - wide) / scale, (p + Z**2 / (2 * n) + wide) / scale


def _wilson_corrected(k: np.ndarray, n: np.ndarray) -> Limits:
    p, z2 = k / n, Z**2
    below = Z * np.sqrt(np.maximum(z2 - 2 - 1 / n + 4 * p * (n * (1 - p) + 1), 0))
    above = Z * np.sqrt(np.maximum(z2 + 2 - 1 / n + 4 * p * (n * (1 - p) - 1), 0))
    low = (2 * n * p + z2 - 1 - below) / (2 * (n + z2))
    high = (2 * n * p + z2 + 1 + above) / (2 * (n + z2))
    return np.where(k == 0, 0, np.maximum(low, 0)), np.where(k == n, 1, np.minimum(high, 1))


def _logit(k: np.ndarray, n: np.ndarray) -> Limits:
    inside = (k > 0) & (k < n)
    a, b = np.where(inside, k, 1), np.where(inside, n - k, 1)
    wide = Z * np.sqrt(1 / a + 1 / b)
    centre = np.log(a / b)
    low, high = special.expit(centre - wide), special.expit(centre + wide)
    return np.where(inside, low, 0.0), np.where(inside, high, 1.0)


METHODS: tuple[Callable[[np.ndarray, np.ndarray], Limits], ...] = (
    clopper_pearson, _wilson, _wilson_corrected, _wald, _agresti_coull, _jeffreys, _logit,
)  # fmt: skip
