"""Marker against marker: points of the patients, the medians, and the rank correlation."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.dataset import Variable
from core.survival.lesions.ranks import Pair, RanksResult
from core.view import numbers
from core.view.charts import Data
from core.view.lesions.pet import titled
from core.view.model import scatter
from core.view.model.scatter import ScatterShape

VARIANT = (
    "Spearman's rank correlation with limits by Bonett and Wright; p by the t distribution. The "
    "broken lines are the medians. Only patients with both values take part: none with one lesion "
    "has a COV."
)


def shape(a: Variable, b: Variable) -> ScatterShape:
    """The shape of the figure of two markers."""
    return ScatterShape(titled(a), titled(b), point="Patient, line of the file")


def data(cohort: Cohort, a: str, b: str) -> Data:
    """The points of two markers with the median of each as a line."""
    x, y = (cohort.column(name).to_numpy(dtype=float) for name in (a, b))
    both = np.isfinite(x) & np.isfinite(y)
    labels = [str(cohort.dataset.row_number(int(i))) for i in cohort.included.rows]
    reference = {}
    if both.any():
        u, v = x[both], y[both]
        middle_x, middle_y = float(np.median(u)), float(np.median(v))
        reference = {
            a: ([middle_x, middle_x], [float(v.min()), float(v.max())]),
            f"{b} ": ([float(u.min()), float(u.max())], [middle_y, middle_y]),
        }
    return scatter.data(x, y, labels, reference=reference)


def finding(cohort: Cohort, pair: Pair) -> str:
    """How far two markers say the same."""
    titles = [cohort.dataset.variables[name].title for name in (pair.a, pair.b)]
    if pair.estimate is None:
        return f"{pair.n:,} patients have both {titles[0]} and {titles[1]}: no rank correlation."
    limits = ""
    if pair.conf_low is not None and pair.conf_high is not None:
        limits = f" ({numbers.fixed(pair.conf_low, 2)} to {numbers.fixed(pair.conf_high, 2)})"
    return (
        f"{titles[0]} and {titles[1]} of {pair.n:,} patients: Spearman's rho "
        f"{numbers.fixed(pair.estimate, 2)}{limits}, p {numbers.p_value(pair.p_value)}. "
        f"{_meant(pair.estimate)}"
    )


def _meant(rho: float) -> str:
    strong = abs(rho)
    if strong < 0.2:
        return "They hardly go together."
    how = "loosely" if strong < 0.5 else "clearly" if strong < 0.8 else "almost always"
    return f"They {how} go {'together' if rho > 0 else 'opposite ways'}."


def table(cohort: Cohort, result: RanksResult) -> pd.DataFrame:
    """The rank correlation of every pair."""
    variables = cohort.dataset.variables
    return pd.DataFrame(
        [
            {
                "Markers": f"{variables[p.a].title} and {variables[p.b].title}",
                "Patients": numbers.count(p.n),
                "Spearman's rho": "–" if p.estimate is None else numbers.fixed(p.estimate, 2),
                "Limits": "–" if p.conf_low is None or p.conf_high is None
                else f"{numbers.fixed(p.conf_low, 2)} to {numbers.fixed(p.conf_high, 2)}",
                "p": "–" if p.p_value is None else numbers.p_cell(p.p_value),
            }
            for p in result.pairs
        ]
    )  # fmt: skip
