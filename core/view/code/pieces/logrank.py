"""The log-rank test and its weighted relatives."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
from scipy import stats

from core.view.code.pieces.base import at_risk


def weights(name: str, a: float, b: float, n: np.ndarray, d: np.ndarray) -> np.ndarray:
    """Weight of each event time; `fh` is S(t-)^a (1 - S(t-))^b, 1 for the log-rank test."""
    if name == "gehan":
        return n.astype(float)
    if name == "tarone-ware":
        return np.asarray(np.sqrt(n))
    before = np.append(1.0, np.cumprod((n - d) / n)[:-1])
    return np.asarray(before**a * (1 - before) ** b)


def logrank(p: pd.DataFrame, name: str, a: float, b: float) -> dict[str, float]:
    """Compare the groups, within strata where there are some."""
    groups = np.unique(p["group"])
    score, expected = np.zeros(len(groups)), np.zeros(len(groups))
    variance = np.zeros((len(groups), len(groups)))
    for _, q in p.groupby("stratum"):
        t = np.unique(q["time"][q["event"]])
        parts = [q[q["group"] == g] for g in groups]
        y = np.array([at_risk(part, t) for part in parts], dtype=float)
        dead = [part["time"][part["event"]] for part in parts]
        events = np.array([[(times == time).sum() for time in t] for times in dead], dtype=float)
        n, d = y.sum(axis=0), events.sum(axis=0)
        w = weights(name, a, b, n, d)
        expected += (y * d / n).sum(axis=1)
        score += ((events - y * d / n) * w).sum(axis=1)
        spread = w**2 * d * (n - d) / (n**2 * np.maximum(n - 1, 1))
        variance += np.diag((y * spread * n).sum(axis=1)) - (y * spread) @ y.T
    use = np.flatnonzero(expected > 0)[1:]
    inner = variance[np.ix_(use, use)]
    if len(use) == 0 or np.linalg.matrix_rank(inner) < len(use):
        return {"statistic": np.nan, "df": len(use), "p_value": np.nan}
    statistic = float(score[use] @ np.linalg.solve(inner, score[use]))
    p_value = float(stats.chi2.sf(statistic, len(use)))
    return {"statistic": statistic, "df": len(use), "p_value": p_value}


def test_table(p: pd.DataFrame, label: str, name: str, a: float, b: float) -> pd.DataFrame:
    """The test of all groups; empty where they cannot be compared."""
    found = pd.DataFrame([{"label": label, **logrank(p, name, a, b)}])
    return found[found["statistic"].notna()]


def adjusted(p: np.ndarray, method: str) -> np.ndarray:
    """Adjust p-values for their number, as R's p.adjust."""
    m, order = int((~np.isnan(p)).sum()), np.argsort(p)  # missing ones stand last
    ranked = p[order]
    if method == "holm":
        ranked = np.maximum.accumulate(ranked * (m - np.arange(len(p))))
    elif method == "bh":
        raised = ranked[:m] * m / np.arange(1, m + 1)
        ranked[:m] = np.minimum.accumulate(raised[::-1])[::-1]
    elif method == "bonferroni":
        ranked = ranked * m
    found = np.empty(len(p))
    found[order] = np.minimum(ranked, 1)
    return found


def pairwise_table(
    p: pd.DataFrame, labels: list[str], name: str, a: float, b: float, method: str
) -> pd.DataFrame:
    """The test of each pair of groups, on their patients alone."""
    pairs = list(combinations(range(len(labels)), 2))
    found = np.array([logrank(p[p["group"].isin(pair)], name, a, b)["p_value"] for pair in pairs])
    return pd.DataFrame(
        {
            "label": [f"{labels[i]} vs {labels[j]}" for i, j in pairs],
            "p_value": found,
            "p_adjusted": adjusted(found, method),
        }
    )
