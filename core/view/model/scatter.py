"""One figure for all diagnostics of a model: points, smooth lines, a line to compare."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.view import theme
from core.view.charts import AUTOSIZE, PLAIN, Data, Figure, finish

HEIGHT = 300
MOST_POINTS = 2000
"""More points than this are thinned: the smooth lines are of all of them."""
INK = theme.colour(7)
"""Of the points, and of what belongs to no line."""
LINES = (theme.colour(0), theme.colour(1))


@dataclass(frozen=True)
class ScatterShape:
    """What the layout depends on.

    Attributes
    ----------
    x, y : str
        Titles of the axes.
    kinds : tuple of str
        Names of the smooth lines, at most two; several get a legend.
    shares : bool
        Whether both axes are probabilities from 0 to 1.
    columns : bool
        Whether each point is drawn as a column from 0.
    point : str
        What a point is, for its tooltip.
    """

    x: str
    y: str
    kinds: tuple[str, ...] = ()
    shares: bool = False
    columns: bool = False
    point: str = "Line of the file"


def description(shape: ScatterShape) -> Figure:
    """Build the figure without data."""
    x, y = _axes(shape)
    points = alt.Chart(alt.NamedData("points"))
    tip = [
        alt.Tooltip("label:N", title=shape.point),
        alt.Tooltip("x:Q", title=shape.x, format=".3~g"),
        alt.Tooltip("y:Q", title=shape.y, format=".3~g"),
    ]
    marks = [
        alt.Chart(alt.NamedData("reference"))
        .mark_line(strokeDash=[5, 3], strokeWidth=1.3, color=INK)
        .encode(x, y, alt.Detail("part:N"), alt.Order("x:Q")),
        alt.Chart(alt.NamedData("bars")).mark_rule(strokeWidth=1.6, color=INK)
        .encode(x, alt.Y("low:Q"), alt.Y2("high:Q")),
    ]  # fmt: skip
    if shape.columns:
        stem = points.mark_rule(strokeWidth=1.2, color=INK, opacity=0.7)
        marks.append(stem.encode(x, y, alt.Y2(datum=0), tooltip=tip))
    size = 55 if shape.shares else 24
    dots = points.mark_circle(size=size, opacity=1 if shape.shares else 0.5, color=INK)
    marks.append(dots.encode(x, y, tooltip=tip))
    named = points.transform_filter("datum.named").mark_text(
        dy=-8, fontSize=10.5, baseline="bottom"
    )
    marks += [named.encode(x, y, alt.Text("label:N")), *_lines(shape, x, y)]
    return finish(
        alt.layer(*marks).properties(
            height=HEIGHT,
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 12, "bottom": 5},
        )
    )


def _axes(shape: ScatterShape) -> tuple[Any, Any]:
    scale = alt.Scale(domain=[0, 1]) if shape.shares else alt.Scale(zero=False, nice=True)
    axis = alt.Axis(gridOpacity=0.4, tickCount=6, labelExpr=PLAIN)
    if shape.shares:
        axis = alt.Axis(gridOpacity=0.4, tickCount=6, format="%")
    return (
        alt.X("x:Q", title=shape.x, scale=scale, axis=axis),
        alt.Y("y:Q", title=shape.y, scale=scale, axis=axis),
    )


def _lines(shape: ScatterShape, x: Any, y: Any) -> list[Any]:
    lines = alt.Chart(alt.NamedData("lines"))
    names = list(shape.kinds) or [""]
    legend = None
    if len(names) > 1:
        legend = alt.Legend(title=None, orient="bottom", symbolOpacity=1)
    scale = alt.Scale(domain=names, range=list(LINES[: len(names)]))
    colour = alt.Color("kind:N", scale=scale, legend=legend)
    dash = alt.StrokeDash(
        "kind:N", scale=alt.Scale(domain=names, range=[[1, 0], [7, 3]][: len(names)]), legend=legend
    )
    band = lines.mark_area(opacity=0.18, tooltip=None).encode(
        x, alt.Y("low:Q"), alt.Y2("high:Q"), colour
    )
    return [band, lines.mark_line(strokeWidth=2.4).encode(x, y, colour, dash, alt.Order("x:Q"))]


@dataclass(frozen=True, eq=False)
class Line:
    """A smooth line; `low` and `high` are its band."""

    kind: str
    x: np.ndarray
    y: np.ndarray
    low: np.ndarray | None = None
    high: np.ndarray | None = None


def data(
    x: np.ndarray,
    y: np.ndarray,
    labels: Sequence[str],
    *,
    lines: Sequence[Line] = (),
    reference: Mapping[str, tuple[Sequence[float], Sequence[float]]] | None = None,
    bars: tuple[np.ndarray, np.ndarray] | None = None,
    named: np.ndarray | None = None,
) -> Data:
    """The data of the figure.

    Parameters
    ----------
    x, y : numpy.ndarray, shape (n,)
    labels : sequence of str, length n
        What each point is.
    lines : sequence of Line
    reference : mapping of str to (x, y), optional
        Straight lines to compare with.
    bars : tuple of numpy.ndarray, shape (n,), optional
        Limits of each point, NaN where it has none.
    named : numpy.ndarray of bool, shape (n,), optional
        Points that carry their label.
    """
    shown = np.isfinite(x) & np.isfinite(y)
    marked = np.zeros(len(x), dtype=bool) if named is None else named
    kept = thinned(np.flatnonzero(shown), np.flatnonzero(shown & marked))
    low, high = (np.full(len(x), np.nan),) * 2 if bars is None else bars
    limited = np.flatnonzero(np.isfinite(low) & np.isfinite(high) & np.isfinite(x))
    straight = [
        (float(a), float(b), part)
        for part, (xs, ys) in (reference or {}).items()
        for a, b in zip(xs, ys, strict=True)
    ]
    return {
        "points": pa.table(
            {
                "x": x[kept],
                "y": y[kept],
                "label": pa.array([labels[k] for k in kept], pa.string()),
                "named": pa.array(marked[kept], pa.bool_()),
            }
        ),
        "bars": pa.table({"x": x[limited], "low": low[limited], "high": high[limited]}),
        "reference": _table(straight, ("x", "y"), "part"),
        "lines": _table(
            [row for line in lines for row in _rows(line)], ("x", "y", "low", "high"), "kind"
        ),
    }


def thinned(rows: np.ndarray, always: np.ndarray) -> np.ndarray:
    """Every so many of too many rows, and those that are always kept.

    Examples
    --------
    >>> len(thinned(np.arange(50_000), np.array([3]))) <= MOST_POINTS + 1
    True
    """
    if len(rows) <= MOST_POINTS:
        return rows
    some = rows[np.linspace(0, len(rows) - 1, MOST_POINTS).astype(int)]
    return np.union1d(some, always)


def _rows(line: Line) -> list[tuple[Any, ...]]:
    ends = [line.y if end is None else end for end in (line.low, line.high)]
    columns = (line.x, line.y, *ends)
    return [(*map(float, values), line.kind) for values in zip(*columns, strict=True)]


def _table(rows: Sequence[tuple[Any, ...]], numbers: tuple[str, ...], text: str) -> pa.Table:
    columns = {
        name: pa.array([row[i] for row in rows], pa.float64()) for i, name in enumerate(numbers)
    }
    return pa.table({**columns, text: pa.array([row[-1] for row in rows], pa.string())})
