"""More than one cutoff: what tertiles, quartiles and the best pair give, and the map of pairs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.pair_search import PairSearch
from core.survival.cutoff.pair import Division, PairResult
from core.view import numbers
from core.view.charts import AUTOSIZE, Data, Figure, finish
from core.view.lab import heat
from core.view.lab.verdict import LEVEL, percent

HEIGHT = 300
MOST = 48
"""Cutoffs a side that are drawn; of more, evenly spaced ones and the best pair."""
NAMES = {"tertiles": "Tertiles", "quartiles": "Quartiles", "best-pair": "Best two cutoffs"}
LEGEND = (
    "Each p is the log-rank test of all groups together; the trend asks whether survival goes up "
    "or down from group to group. Tertiles and quartiles divide the patients as evenly as equal "
    "values allow, without a look at the outcome. The best two cutoffs have been searched for, and "
    "only their p after the search counts (permutation of the whole search)."
)


@dataclass(frozen=True)
class PairShape:
    """What the layout of the map depends on.

    Attributes
    ----------
    title : str
        The marker with its unit.
    cutoffs : tuple of float
        Those that are drawn, ascending.
    """

    title: str
    cutoffs: tuple[float, ...]

    @classmethod
    def of(cls, cohort: Cohort, result: PairResult, search: PairSearch) -> PairShape:
        """The shape for a search."""
        variable = cohort.dataset.variables[result.variable]
        unit = f" ({variable.unit})" if variable.unit else ""
        written = _written(result, search)[drawn(search)]
        return cls(variable.title + unit, tuple(written.tolist()))


def drawn(search: PairSearch) -> np.ndarray:
    """Positions of the candidates that are drawn; both of the best pair are among them."""
    k = len(search.size)
    if k <= MOST:
        return np.arange(k)
    return np.unique(np.append(np.linspace(0, k - 1, MOST).astype(int), search.best))


def description(shape: PairShape) -> Figure:
    """Build the map without data: the lower cutoff across, the upper one up."""
    across = heat.x("first", shape.cutoffs, f"Lower cutoff of {shape.title}")
    up = heat.y("second", shape.cutoffs, "Upper cutoff")
    colour = alt.Color(
        "statistic:Q",
        scale=alt.Scale(range=[heat.PALE, heat.LIGHT, heat.DEEP], domainMin=0, interpolate="rgb"),
        legend=heat.legend("How far the three groups part (T)"),
    )
    tips = [
        alt.Tooltip("groups:N", title="Groups"),
        alt.Tooltip("statistic:Q", title="T", format=".2f"),
    ]
    cells = alt.Chart(alt.NamedData("cells")).mark_rect().encode(across, up, colour, tips)
    return finish(
        alt.layer(cells, *heat.framed("best", across, up)).properties(
            height=HEIGHT,
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 5, "bottom": 5},
        )
    )


def data(result: PairResult, search: PairSearch) -> Data:
    """The data of the map."""
    kept = drawn(search)
    written = _written(result, search)
    i, j = (kept[place] for place in np.nonzero(search.allowed[np.ix_(kept, kept)]))
    sizes = zip(search.size[i], search.size[j] - search.size[i], search.n - search.size[j],
                strict=True)  # fmt: skip
    return {
        "cells": pa.table({
            "first": written[i], "second": written[j], "statistic": search.statistics[i, j],
            "groups": [f"{a} / {b} / {c} patients" for a, b, c in sizes],
        }),
        "best": pa.table({"first": [result.thresholds[0]], "second": [result.thresholds[1]]}),
    }  # fmt: skip


def _written(result: PairResult, search: PairSearch) -> np.ndarray:
    return search.high if result.side == "ge" else search.low


def finding(cohort: Cohort, result: PairResult) -> str:
    """What remains of the best pair, for somebody who reads one sentence."""
    title = cohort.dataset.variables[result.variable].title
    best = result.division("best-pair")
    if best is None:
        return f"No two cutoffs of {title} leave enough patients in all three groups."
    low, high = result.thresholds
    of = (
        f"The two cutoffs of {title} that part three groups most are {low:.6g} and {high:.6g}, out "
        f"of {numbers.count(result.pairs)} pairs."
    )
    if result.p_corrected is None or result.p_naive is None:
        return f"{of} How much of it the search alone would find is not known."
    if result.p_corrected < LEVEL:
        return (
            f"{of} A difference remains after allowing for the search "
            f"(p {numbers.p_value(result.p_corrected)})."
        )
    if result.p_naive >= LEVEL:
        return f"{of} Even taken alone their p is not below {LEVEL:g}."
    return (
        f"{of} Taken alone they would pass for a finding. Searching so many pairs finds as much by "
        f"chance in {percent(result.p_corrected)} of markers that have no effect."
    )


def key_numbers(division: Division) -> list[tuple[str, str]]:
    """The p-values of a division; of a searched one the corrected p comes first."""
    alone = numbers.p_cell(division.p_value)
    if division.rule != "best-pair":
        return [("p", alone), ("p for trend", numbers.p_cell(division.p_trend))]
    after = "unknown" if division.p_corrected is None else numbers.p_cell(division.p_corrected)
    return [("p after the search", after), ("p, search ignored", alone)]


def groups(cohort: Cohort, division: Division) -> pd.DataFrame:
    """The groups of a division, each with its hazard ratio against the lowest."""
    ratios = {row.level: row for row in division.hazard_ratio}
    rows: list[dict[str, Any]] = []
    for label, n, events, middle in zip(
        division.labels, division.n, division.events, division.median, strict=True
    ):
        row = ratios.get(label)
        ratio = "1" if row is None else numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high)
        rows.append(
            {
                "Group": label,
                "n (events)": f"{numbers.count(n)} ({numbers.count(events)})",
                f"Median, {cohort.show_unit}": numbers.time(middle, cohort.show_unit),
                "Hazard ratio": ratio,
            }
        )
    return pd.DataFrame(rows)


def table(result: PairResult) -> pd.DataFrame:
    """All divisions with full precision, a row per group, for CSV."""
    rows: list[dict[str, Any]] = []
    for d in result.divisions:
        ratios = {row.level: row for row in d.hazard_ratio}
        for g, label in enumerate(d.labels):
            row = ratios.get(label)
            rows.append(
                {
                    "division": d.rule,
                    "group": label,
                    "n": d.n[g],
                    "events": d.events[g],
                    "median": d.median[g],
                    "hazard_ratio": None if row is None else row.hazard_ratio,
                    "conf_low": None if row is None else row.conf_low,
                    "conf_high": None if row is None else row.conf_high,
                    "p_logrank": d.p_value,
                    "p_trend": d.p_trend,
                    "p_corrected": d.p_corrected,
                }
            )
    return pd.DataFrame(rows)
