"""Hazard ratios with their ranges, a row for each: a small forest plot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import altair as alt
import pyarrow as pa

from core.view import theme
from core.view.charts import AUTOSIZE, PLAIN, Data, Figure, finish

ROW = 26
TICKS = (0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 20, 50)
WIDEST = (0.02, 50.0)
"""Limits beyond these end at the edge; the table beside the figure has their values."""


@dataclass(frozen=True)
class Interval:
    """A row: its name, the hazard ratio and its range; None where it has no finite estimate."""

    label: str
    ratio: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class IntervalsShape:
    """What the layout depends on: the number of rows and the ends of the axis."""

    rows: int
    low: float
    high: float

    @classmethod
    def of(cls, rows: Sequence[Interval]) -> IntervalsShape:
        """The shape for some rows; the axis holds 1 and all ranges.

        Examples
        --------
        >>> IntervalsShape.of([Interval("All", 0.5, 0.25, 0.9)])
        IntervalsShape(rows=1, low=0.2, high=1.5)
        """
        known = [v for row in rows for v in (row.low, row.high, row.ratio) if v is not None]
        low, high = min([0.9, *known]), max([1.1, *known])
        below = [t for t in TICKS if t <= low]
        above = [t for t in TICKS if t >= high]
        return cls(len(rows), below[-1] if below else WIDEST[0], above[0] if above else WIDEST[1])


def description(shape: IntervalsShape) -> Figure:
    """Build the figure without data."""
    scale = alt.Scale(type="log", domain=[shape.low, shape.high], nice=False, clamp=True)
    ticks = [t for t in TICKS if shape.low <= t <= shape.high]
    x = alt.X(
        "ratio:Q",
        title="Hazard ratio (log scale)",
        scale=scale,
        axis=alt.Axis(values=ticks, labelExpr=PLAIN, gridOpacity=0.4),
    )
    y = alt.Y(
        "label:N",
        sort=None,
        title=None,
        axis=alt.Axis(labelLimit=220, ticks=False, domain=False, labelPadding=8),
    )
    colour = alt.Color(
        "first:N",
        legend=None,
        scale=alt.Scale(domain=[True, False], range=[theme.colour(1), theme.colour(0)]),
    )
    rows = alt.Chart(alt.NamedData("rows"))
    one = alt.Chart(alt.NamedData("one")).mark_rule(opacity=0.6).encode(alt.X("ratio:Q"))
    spread = rows.mark_rule(strokeWidth=2).encode(
        alt.X("low:Q"), alt.X2("high:Q"), y, colour, tooltip=alt.value(None)
    )
    point = rows.mark_point(filled=True, size=60, opacity=1, tooltip=None).encode(x, y, colour)
    return finish(
        alt.layer(point, spread, one).properties(
            height=ROW * shape.rows, width="container", autosize=AUTOSIZE
        )
    )


def data(rows: Sequence[Interval]) -> Data:
    """The data of the figure; the first row is the one that the others are held against."""
    columns = {
        name: pa.array([_inside(getattr(row, name)) for row in rows], pa.float64())
        for name in ("ratio", "low", "high")
    }
    named = {"label": [row.label for row in rows], "first": [i == 0 for i in range(len(rows))]}
    return {"rows": pa.table({**named, **columns}), "one": pa.table({"ratio": [1.0]})}


def _inside(value: float | None) -> float | None:
    return None if value is None else min(max(value, WIDEST[0]), WIDEST[1])
