"""The cutoff with the largest standardised log-rank statistic, as R's maxstat finds it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats

from core.view.code.pieces.base import cut_at
from core.view.code.pieces.logrank import logrank


def search(
    x: np.ndarray | pd.Series,
    time: np.ndarray,
    event: np.ndarray,
    min_fraction: float,
    min_events: float,
) -> pd.DataFrame:
    """The statistic of every admissible cutoff: `low` is the largest value of the low group."""
    x, n = np.asarray(x), len(x)
    rank = np.searchsorted(np.sort(time), time, side="right")
    hazard = np.cumsum(np.bincount(rank, weights=event / (n - rank + 1), minlength=n + 1))
    order = np.argsort(x, kind="stable")
    value, dead = x[order], np.cumsum(event[order])
    score = (event - hazard[rank])[order]
    size = np.flatnonzero(np.diff(value) > 0) + 1
    least, most = max(1, np.floor(n * min_fraction)), np.floor(n * (1 - min_fraction))
    enough = np.minimum(dead[size - 1], dead[-1] - dead[size - 1]) >= min_events
    size = size[(size >= least) & (size <= most) & enough]
    mean = size / n * score.sum()
    spread = n * (score**2).sum() - score.sum() ** 2
    variance = size * (n - size) / (n**2 * (n - 1)) * spread
    statistic = np.abs(np.cumsum(score)[size - 1] - mean) / np.sqrt(variance)
    return pd.DataFrame(
        {"low": value[size - 1], "high": value[size], "size": size, "statistic": statistic}
    )


def best_of(found: pd.DataFrame, at_least: bool) -> float:
    """The lowest cutoff with the largest statistic; written for >= or for >."""
    first = found[found["statistic"] >= found["statistic"].max() * (1 - 1e-10)].iloc[0]
    return float(first["high"] if at_least else first["low"])


def lau92(m: float, min_fraction: float) -> float:
    """Corrected p-value of Lausen and Schumacher 1992."""
    if m < 1 or min_fraction <= 0:
        return 1.0
    width = 2 * np.log((1 - min_fraction) / min_fraction)
    return float(np.clip(stats.norm.pdf(m) * (4 / m + (m - 1 / m) * width), 0, 1))


def lau94(m: float, size: np.ndarray, n: int) -> float:
    """Corrected p-value of Lausen, Sauerbrei and Schumacher 1994."""
    a, b = size[:-1], size[1:]
    t = np.sqrt(1 - a * (n - b) / ((n - a) * b))
    more = np.exp(-(m**2) / 2) / np.pi * (t - (m**2 / 4 - 1) * t**3 / 6).sum()
    return float(np.clip(2 * stats.norm.sf(m) + more, 0, 1))


def cutoff_table(
    p: pd.DataFrame, label: str, x: pd.Series, found: pd.DataFrame, at_least: bool, share: float
) -> pd.DataFrame:
    """The search, its p-values, and the p-value that pretends that there was none."""
    best, m = best_of(found, at_least), float(found["statistic"].max())
    groups = p.assign(group=cut_at(x, [best], at_least), stratum=0.0)
    values = {
        "candidates": len(found),
        "best": best,
        "statistic": m,
        "p_naive": logrank(groups, "fh", 0, 0)["p_value"],
        "lau92": lau92(m, share),
        "lau94": lau94(m, found["size"].to_numpy(), len(x)),
    }
    return pd.DataFrame([{"label": label, **values}])
