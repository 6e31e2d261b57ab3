"""Hazard ratios within subgroups, and the tests of interaction."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
from scipy import stats

from core.view.code.pieces.cox import complete, fit_terms, ratio_rows
from core.view.code.pieces.curves import kaplan_meier
from core.view.code.pieces.terms import Term, category, product


def interaction_p(p: pd.DataFrame, groups: Term, main: Term, ties: str) -> float:
    """Likelihood-ratio test of the products of groups and levels."""
    if not main.levels:
        return float("nan")
    has = main.known & complete(p)
    q, terms = p[has], [t._replace(x=t.x[has], known=t.known[has]) for t in (groups, main)]
    small, _ = fit_terms(q, terms, ties)
    large, _ = fit_terms(q, [*terms, product("", *terms)], ties)
    df = large.used.sum() - small.used.sum()
    change = 2 * (large.best.log_likelihood - small.best.log_likelihood)
    return float(stats.chi2.sf(max(change, 0.0), df)) if df else float("nan")


def subgroup_table(
    p: pd.DataFrame,
    labels: list[str],
    variable: tuple[str, np.ndarray, list[str]],
    scale: float,
    ties: str,
    level: float,
    kind: str,
    rule: Callable[[pd.DataFrame, float, float], list[float]],
) -> pd.DataFrame:
    """The groups against the first one within each level of a variable."""
    name, code, levels = variable
    groups = category("", p["group"].to_numpy(float), labels, labels[0])
    p_interaction = interaction_p(p, groups, category("", code, levels, levels[0]), ties)
    rows = []
    for i, label in enumerate(levels):
        q = p[code == i]
        has = complete(q)
        inside = [category("", q["group"].to_numpy(float), labels, labels[0])]
        table = ratio_rows(*fit_terms(q, inside, ties), inside, level)
        medians = [float("nan")] * len(labels)
        for g in q["group"].unique():
            medians[g] = rule(kaplan_meier(q[q["group"] == g], level, kind), 0.5, level)[0] * scale
        table["label"] = [f"{name} {label}: {other}".strip() for other in labels[1:]]
        n, events = has.sum(), (has & q["event"]).sum()
        first = q[has & (q["group"] == 0)]
        table = table.rename(columns={"n": "n_group", "events": "events_group"})
        table = table.assign(
            n=n, events=events, n_reference=len(first), events_reference=first["event"].sum(),
            median_group=medians[1:], median_reference=medians[0], p_interaction=p_interaction,
        )  # fmt: skip
        rows.append(table)
    return pd.concat(rows, ignore_index=True)
