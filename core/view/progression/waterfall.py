"""Waterfall: the best change of the sum of diameters of each patient, the largest growth first."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.view import numbers
from core.view.charts import AUTOSIZE, Data, Figure, finish
from core.view.progression.people import (
    COLOURS,
    UNKNOWN,
    People,
    clicked,
    dimmed,
    opacity,
    responses,
)

HEIGHT = 270
MOST = 100.0
"""Percent at which a bar is cut off; its label says the value."""
LEAST = 0.8
"""Percent of the shortest bar: a patient without any change is seen and can be clicked too."""


def description(there: Sequence[str] = tuple(COLOURS)) -> Figure:
    """Build the figure without data; the legend has the responses that are there."""
    bars = alt.Chart(alt.NamedData("bars"))
    x = alt.X("order:O", title=None, axis=None, scale=alt.Scale(paddingInner=0.12))
    y = alt.Y(
        "shown:Q",
        title="Best change of the sum, %",
        scale=alt.Scale(domain=[-100, MOST], nice=False),
        axis=alt.Axis(values=[-100, -60, -30, 0, 20, 60, 100], grid=False),
    )
    tips = [
        alt.Tooltip("name:N", title="Who"),
        alt.Tooltip("change:Q", title="Best change, %", format="+.1f"),
        alt.Tooltip("response:N", title="Best response"),
        alt.Tooltip("mode:N", title="Progression"),
    ]
    bar = bars.mark_bar(cursor="pointer").encode(
        x, y, responses(there), opacity=opacity(), tooltip=tips
    )
    over = bars.transform_filter(f"datum.change > {MOST}").mark_text(baseline="top", fontSize=9)
    label = over.encode(x, alt.Y(value=2), alt.Text("change:Q", format="+.0f"))
    rule = alt.Chart(alt.NamedData("lines")).mark_rule(strokeDash=[4, 3], opacity=0.7)
    lines = rule.encode(alt.Y("at:Q"), alt.X(value=0), alt.X2(value="width"))
    return finish(
        alt.layer(bar.add_params(clicked()), label, lines).properties(
            height=HEIGHT, width="container", autosize=AUTOSIZE
        )
    )


def drawn(people: People) -> pd.DataFrame:
    """The patients that have a bar, in their order."""
    known = people.table[people.table["best_change"].notna()]
    return known.sort_values(["best_change", "row"], ascending=[False, True], ignore_index=True)


def data(people: People, marked: Collection[int] = ()) -> Data:
    """The data of the figure."""
    bars = drawn(people)
    rows = bars["row"].to_numpy()
    change = bars["best_change"].to_numpy(dtype=float)
    table = {
        "order": list(range(len(bars))), "row": rows, "name": bars["name"].tolist(),
        "change": change, "shown": _height(change),
        "response": bars["best_response"].fillna(UNKNOWN).tolist(),
        "mode": bars["pd_mode"].fillna("none seen").tolist(), "dim": dimmed(rows, marked),
    }  # fmt: skip
    return {"bars": pa.table(table), "lines": pa.table({"at": [-30.0, 20.0]})}


def _height(change: np.ndarray) -> np.ndarray:
    """Where the bars end: short ones are drawn a little longer, very long ones are cut off."""
    short = np.abs(change) < LEAST
    return np.where(short, np.where(change < 0, -LEAST, LEAST), change).clip(max=MOST)


def finding(people: People) -> str:
    """What the figure shows, in a sentence."""
    bars = drawn(people)
    if bars.empty:
        return "No patient has two sums of diameters to compare."
    change = bars["best_change"]
    smaller = int((change <= -30).sum())
    left = people.n - len(bars)
    text = (
        f"The targets shrank by 30% or more in {smaller} of {numbers.count(len(bars))} patients "
        f"({numbers.percent(smaller / len(bars))}%); the median best change is "
        f"{numbers.fixed(float(change.median()), 1)}%."
    )
    return text + (f" {left} without a measured change have no bar." if left else "")
