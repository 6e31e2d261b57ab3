"""Rates of a binary response, and the comparison of the groups."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import stats


def rate_table(
    p: pd.DataFrame, labels: list[str], y: np.ndarray, known: np.ndarray, level: float
) -> pd.DataFrame:
    """Rates with exact (Clopper-Pearson) and Wilson limits: all patients, then each group."""
    group, rows = p["group"].to_numpy(), []
    parts = [("all", np.ones(len(p), dtype=bool))]
    if len(labels) > 1:
        parts += [(label, group == g) for g, label in enumerate(labels)]
    for label, member in parts:
        hits, n = int((y & known & member).sum()), int((known & member).sum())
        row: dict[str, object] = {"label": label, "n": n, "events": hits,
                                  "missing": (member & ~known).sum()}  # fmt: skip
        row["estimate"] = hits / n if n else np.nan
        ends = [np.nan] * 4
        if n:
            test = stats.binomtest(hits, n)
            ends = [*test.proportion_ci(level, "exact"), *test.proportion_ci(level, "wilson")]
        names = ("exact_low", "exact_high", "wilson_low", "wilson_high")
        row |= dict(zip(names, ends, strict=True))
        rows.append(row)
    return pd.DataFrame(rows)


def cross_table(p: pd.DataFrame, labels: list[str], y: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Responders and others of each group."""
    group = p["group"].to_numpy()
    return np.array(
        [[(y & known & (group == g)).sum(), (~y & known & (group == g)).sum()]
         for g in range(len(labels))]
    )  # fmt: skip


def pearson_table(table: np.ndarray) -> pd.DataFrame:
    """Pearson's chi-square without continuity correction."""
    seen = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(seen.shape) < 2:
        return pd.DataFrame(columns=["label"])
    found = stats.chi2_contingency(seen, correction=False)
    values = {"statistic": found.statistic, "df": found.dof, "p_value": found.pvalue}
    return pd.DataFrame([{"label": "pearson", **values}])


def versus_table(table: np.ndarray, labels: list[str], level: float) -> pd.DataFrame:
    """Odds ratio with Wald limits, and Fisher's test, of each group against the first one."""
    z, rows = stats.norm.ppf(1 - (1 - level) / 2), []
    for g, label in enumerate(labels[1:], 1):
        cells = table[[g, 0]].astype(float)
        log, error = np.nan, np.nan
        if (cells > 0).all():
            log = np.log(cells[0, 0] * cells[1, 1] / (cells[0, 1] * cells[1, 0]))
            error = np.sqrt((1 / cells).sum())
        tested = (cells.sum(axis=0) > 0).all() and (cells.sum(axis=1) > 0).all()
        rows.append(
            {
                "label": label,
                "odds_ratio": np.exp(log),
                "conf_low": np.exp(log - z * error),
                "conf_high": np.exp(log + z * error),
                "p_fisher": stats.fisher_exact(table[[g, 0]])[1] if tested else np.nan,
            }
        )
    return pd.DataFrame(rows)
