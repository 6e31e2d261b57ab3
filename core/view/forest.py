"""The forest plot of a Cox table: hazard ratios with limits on a log axis."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.survival.cox import CoxResult
from core.survival.results import Row
from core.view import numbers
from core.view.charts import AUTOSIZE, PLAIN, Figure, finish
from core.view.words import row_label

ROW = 42
HEADER = 46
"""Heights of a row and of the header in pixels; the table beside the plot has the same."""
WIDEST = (0.02, 50.0)
"""Limits beyond these leave the axis; the table has their values."""
COLOURS = {"Univariable": "#8a97a6", "Multivariable": "#0072B2"}


def figure(result: CoxResult, *, labelled: bool) -> Figure:
    """Draw both columns of the Cox table, row by row.

    Parameters
    ----------
    result : CoxResult
    labelled : bool
        Whether rows carry their names and numbers: on the screen the table beside them does.

    Returns
    -------
    Figure
        With its data.
    """
    frame = _rows(result)
    order = list(dict.fromkeys(frame["label"]))
    low, high = _domain(frame)
    y = alt.Y(
        "label:N",
        sort=order,
        title=None,
        axis=alt.Axis(labelLimit=320, ticks=False, domain=False) if labelled else None,
    )
    offset = alt.YOffset("model:N", sort=list(COLOURS))
    colour = alt.Color(
        "model:N",
        scale=alt.Scale(domain=list(COLOURS), range=list(COLOURS.values())),
        legend=alt.Legend(title=None, orient="bottom", columns=1),
    )
    ticks = [t for t in (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50) if low <= t <= high]
    x = alt.X(
        "hazard_ratio:Q",
        title="Hazard ratio (log scale)",
        scale=alt.Scale(type="log", domain=[low, high], nice=False, clamp=True),
        axis=alt.Axis(values=ticks, labelExpr=PLAIN, gridOpacity=0.4),
    )
    base = alt.Chart(alt.NamedData("rows"))
    tip = [alt.Tooltip("label:N", title="Term"), alt.Tooltip("model:N"), alt.Tooltip("text:N")]
    one = alt.Chart(alt.NamedData("one")).mark_rule(opacity=0.6).encode(x)
    spread = base.mark_rule(strokeWidth=1.8).encode(
        alt.X("conf_low:Q"), alt.X2("conf_high:Q"), y, offset, colour, tooltip=tip
    )
    shape = alt.Shape("model:N", scale=alt.Scale(domain=list(COLOURS), range=["circle", "square"]))
    point = base.mark_point(filled=True, size=55, opacity=1).encode(
        x, y, offset, colour, shape, tooltip=tip
    )
    layers = [one, spread, point]
    if labelled:
        layers.append(
            base.mark_text(align="left", fontSize=10.5).encode(
                y, offset, colour, alt.X(value=430), text="text:N"
            )
        )
    right = 130 if labelled else 10
    drawn = alt.layer(*layers).properties(
        height=ROW * len(order),
        width=420 if labelled else "container",
        padding={"left": 5, "right": right, "top": 0 if labelled else HEADER, "bottom": 5},
        autosize="pad" if labelled else AUTOSIZE,
    )
    return {
        **finish(drawn),
        "datasets": {"rows": pa.Table.from_pandas(frame), "one": pa.table({"hazard_ratio": [1.0]})},
    }


def _rows(result: CoxResult) -> pd.DataFrame:
    tables = (("Univariable", result.univariable), ("Multivariable", result.multivariable))
    keys = list(dict.fromkeys((r.term, r.level) for _, table in tables for r in table))
    place = {key: i for i, key in enumerate(keys)}
    drawn = [_drawn(row, name, result.titles) for name, table in tables for row in table]
    sources = [row for _, table in tables for row in table]
    order = np.argsort([place[(row.term, row.level)] for row in sources], kind="stable")
    columns = ["label", "model", "hazard_ratio", "conf_low", "conf_high", "text"]
    return pd.DataFrame([drawn[i] for i in order], columns=columns)


def _drawn(row: Row, model: str, titles: dict[str, str]) -> list[object]:
    values = [row.hazard_ratio, row.conf_low, row.conf_high]
    plain = [np.nan if v is None else min(max(v, WIDEST[0]), WIDEST[1]) for v in values]
    return [row_label(row, titles), model, *plain, numbers.ratio(*values)]


def _domain(frame: pd.DataFrame) -> tuple[float, float]:
    low = float(np.nanmin([0.5, *frame["conf_low"]]))
    high = float(np.nanmax([2.0, *frame["conf_high"]]))
    return max(low / 1.15, WIDEST[0]), min(high * 1.15, WIDEST[1])
