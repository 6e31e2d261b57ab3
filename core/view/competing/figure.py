"""The figure of competing risks: cumulative incidence of each cause in each group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.survival.competing.competing import CompetingResult
from core.survival.curve import at_risk
from core.view import charts, numbers, theme
from core.view.charts import Data, Figure

HEIGHT = 300
ROW = 15
"""Pixels between two lines of the risk table, and of the key in the corner."""
PIXELS = 600
"""Width that curves are thinned to: one point per pixel column is all that can be seen."""
LIMITS = ("estimate", "conf_low", "conf_high")


@dataclass(frozen=True)
class Shape:
    """What the figure's layout depends on."""

    unit: str
    last: float
    n_groups: int
    n_causes: int

    @classmethod
    def of(cls, cohort: Cohort, result: CompetingResult) -> Shape:
        """The shape for a cohort and its result."""
        last = max(float(cohort.shown(cohort.time.max())), 1e-9)
        return cls(cohort.show_unit, last, len(cohort.groups.levels), len(result.causes))


def description(shape: Shape) -> Figure:
    """Build the figure without data: a colour per group, a dash per cause, a key, a risk table."""
    x = alt.X(
        f"{shape.unit}:Q",
        title=shape.unit.capitalize(),
        scale=alt.Scale(domain=[0, shape.last * 1.01], nice=False),
        axis=alt.Axis(
            values=charts.axis_ticks(shape.last, shape.unit), grid=False, labelExpr=charts.PLAIN,
            titlePadding=2, labelFlush=False,
        ),
    )  # fmt: skip
    y = alt.Y(
        "estimate:Q",
        title="Cumulative incidence",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], gridOpacity=0.5),
    )
    colour = charts.colours(shape.n_groups)
    causes = list(range(1, shape.n_causes + 1))
    dashes = alt.Scale(domain=causes, range=[list(theme.dash(c - 1)) for c in causes])
    dash = alt.StrokeDash("cause:N", legend=None, scale=dashes)
    band = alt.Chart(alt.NamedData("band")).mark_area(
        interpolate="step-after", opacity=0.14, tooltip=None
    )
    line = alt.Chart(alt.NamedData("curves")).mark_line(interpolate="step-after", strokeWidth=2.2)
    layers = [
        band.encode(x, alt.Y("conf_low:Q"), alt.Y2("conf_high:Q"), colour),
        line.encode(x, y, colour, dash, detail=["group:N", "cause:N"]),
        *_key(shape, dash),
        *_risk_table(shape, x, colour),
    ]
    figure = alt.layer(*layers).properties(
        height=HEIGHT,
        width="container",
        padding={"left": 5, "right": 12, "top": 5, "bottom": 4},
        autosize=charts.AUTOSIZE,
    )
    return charts.finish(figure)


def _key(shape: Shape, dash: Any) -> list[Any]:
    """In the corner: the dash of each cause, its name and the p-value of Gray's test."""
    key = alt.Chart(alt.NamedData("key"))
    row = alt.Y("row:Q", scale=None, axis=None)
    place = alt.X(f"{shape.unit}:Q")
    return [
        key.mark_rule(strokeWidth=2.2).encode(place, alt.X2("end:Q"), row, dash),
        key.mark_text(align="left", baseline="middle", fontSize=11.5, dx=6).encode(
            alt.X("end:Q"), row, alt.Text("label:N")
        ),
    ]


def _risk_table(shape: Shape, x: Any, colour: Any) -> list[Any]:
    """Numbers at risk under the ticks, with the group's name in the line above them."""
    row = alt.Y("row:Q", scale=None, axis=None)
    place = alt.X(f"{shape.unit}:Q")
    names = alt.Chart(alt.NamedData("names"))
    heading = alt.Chart(alt.NamedData("heading")).mark_text(
        align="left", fontSize=11, dx=-6, opacity=0.75, text="Number at risk, free of every event"
    )
    risk = alt.Chart(alt.NamedData("risk")).mark_text(fontSize=11, align="center")
    swatch = names.mark_point(shape="square", filled=True, size=90, opacity=1)
    label = names.mark_text(align="left", fontSize=11.5, fontWeight=600, dx=9)
    return [
        heading.encode(place, row),
        risk.encode(x, row, alt.Text("n_risk:Q")),
        swatch.encode(place, row, colour),
        label.encode(place, row, alt.Text("label:N")),
    ]


def data(cohort: Cohort, result: CompetingResult, shape: Shape) -> Data:
    """The data of the figure."""
    unit, groups = shape.unit, range(shape.n_groups)
    paths = [_thin(one, shape) for _, one in result.curves.groupby(["group", "cause"], sort=True)]
    curves = pd.concat(paths).rename(columns={"time": unit})
    ticks = np.array(charts.axis_ticks(shape.last, unit))
    row = HEIGHT + 66.0 + 2 * ROW * np.arange(shape.n_groups)
    under = [at_risk(cohort, g, cohort.measured(ticks)) for g in groups]
    lines = key(cohort, result)
    return {
        "curves": _arrow(curves[[unit, "estimate", "group", "cause"]]),
        "band": _arrow(curves[curves["cause"] == 1].drop(columns=["cause", "estimate"])),
        "key": pa.table(
            {
                unit: [0.015 * shape.last] * len(lines),
                "end": [0.055 * shape.last] * len(lines),
                "row": [10.0 + 1.2 * ROW * i for i in range(len(lines))],
                "label": lines,
                "cause": list(range(1, len(lines) + 1)),
            }
        ),
        "heading": pa.table({unit: [0.0], "row": [HEIGHT + 50.0]}),
        "risk": pa.table(
            {
                unit: np.tile(ticks, shape.n_groups),
                "n_risk": np.concatenate(under),
                "row": np.repeat(row + ROW, len(ticks)),
            }
        ),
        "names": pa.table(
            {
                unit: np.zeros(shape.n_groups),
                "row": row,
                "label": list(cohort.groups.screen_labels),
                "group": np.arange(shape.n_groups),
            }
        ),
    }


def _thin(curve: pd.DataFrame, shape: Shape) -> pd.DataFrame:
    """Steps that can be told apart on the screen, from 0 to the end of the curve."""
    steps = np.flatnonzero(curve["n_event"].to_numpy() > 0)
    pixel = np.floor(curve["time"].to_numpy()[steps] / shape.last * PIXELS)
    if len(steps):
        steps = steps[np.append(pixel[1:] != pixel[:-1], True)]
    kept = curve.iloc[np.append(steps, len(curve) - 1)]
    start = kept.iloc[:1].assign(time=0.0, estimate=0.0, conf_low=0.0, conf_high=0.0)
    path = pd.concat([start, kept])[["time", *LIMITS, "group", "cause"]]
    for name in LIMITS[1:]:  # a band of no width where the limits are undefined
        path[name] = path[name].fillna(path["estimate"])
    return path


def _arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


def key(cohort: Cohort, result: CompetingResult) -> list[str]:
    """A line per cause: its name and what Gray's test says of it."""
    ignored = ", search ignored" if cohort.groups.origin == "best" else ""
    said = [
        "" if test.statistic is None else f": Gray p {numbers.p_value(test.p_value)}{ignored}"
        for test in result.tests
    ] or [""] * len(result.causes)
    return [cause.label + text for cause, text in zip(result.causes, said, strict=True)]
