"""The areas that restricted means are: under the curves, up to the horizon."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.survival.differences import DifferencesResult
from core.view import charts, numbers, theme
from core.view.curve.drawn import thin
from core.view.curve.figure import Shape

HEIGHT = 180
ROW = 15
"""Pixels between two lines of names."""


@dataclass(frozen=True)
class AreaShape:
    """What the layout of the figure of the areas depends on."""

    unit: str
    last: float
    n_groups: int

    @classmethod
    def of(cls, cohort: Cohort) -> AreaShape:
        """The shape for a cohort."""
        last = max(float(cohort.shown(cohort.time.max())), 1e-9)
        return cls(cohort.show_unit, last, len(cohort.groups.levels))


def description(shape: AreaShape) -> charts.Figure:
    """Build the figure without data: the curves, and the areas under them up to the horizon."""
    x = alt.X(
        "time:Q",
        title=shape.unit.capitalize(),
        scale=alt.Scale(domain=[0, shape.last * 1.01], nice=False),
        axis=alt.Axis(
            values=charts.axis_ticks(shape.last, shape.unit), grid=False, labelExpr=charts.PLAIN
        ),
    )
    y = alt.Y(
        "estimate:Q",
        title="Without the event",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", values=[0, 0.5, 1], gridOpacity=0.5),
    )
    dash = alt.StrokeDash(
        "group:N",
        legend=None,
        scale=alt.Scale(
            domain=list(range(shape.n_groups)),
            range=[list(theme.dash(g)) for g in range(shape.n_groups)],
        ),
    )
    colour = charts.colours(shape.n_groups)
    areas = alt.Chart(alt.NamedData("areas"))
    area = areas.mark_area(interpolate="step-after", opacity=0.2).encode(
        x, alt.Y("estimate:Q", stack=None), colour
    )
    curves = alt.Chart(alt.NamedData("curves"))
    line = curves.mark_line(interpolate="step-after", strokeWidth=1.6).encode(x, y, colour, dash)
    horizon = alt.Chart(alt.NamedData("horizon"))
    rule = horizon.mark_rule(strokeDash=[6, 3]).encode(x)
    label = horizon.mark_text(align="right", dx=-4, fontSize=11).encode(
        x, y=alt.value(8), text="label:N"
    )
    names = alt.Chart(alt.NamedData("names"))
    row = alt.Y("row:Q", scale=None, axis=None)
    swatch = names.mark_point(shape="square", filled=True, size=70, opacity=1).encode(
        x, row, colour
    )
    name = names.mark_text(align="left", fontSize=11, dx=8).encode(x, row, text="label:N")
    return charts.finish(
        alt.layer(area, line, rule, label, swatch, name).properties(
            height=HEIGHT,
            width="container",
            autosize=charts.AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 5, "bottom": 4},
        )
    )


def data(cohort: Cohort, curves: pd.DataFrame, result: DifferencesResult) -> charts.Data:
    """The data of the figure.

    Parameters
    ----------
    cohort : Cohort
    curves : pandas.DataFrame
        `KMResult.curves`.
    result : DifferencesResult
        With a horizon.
    """
    shape, tau = AreaShape.of(cohort), result.tau or 0.0
    drawn = Shape(shape.unit, 0.0, shape.last, shape.n_groups, "")
    lines, areas = [], []
    for g in range(shape.n_groups):
        group = curves[curves["group"] == g]
        path = thin({str(name): group[name].to_numpy() for name in group}, drawn)
        line = {name: path[name] for name in ("time", "estimate", "group")}
        inside = line["time"] <= tau
        # From 0 on at 1, so that there is always a last value, which is held up to the horizon.
        area = {name: np.append(v[inside], v[inside][-1]) for name, v in line.items()}
        area["time"][-1] = tau
        lines.append(line)
        areas.append(area)
    return {
        "curves": _table(lines),
        "areas": _table(areas),
        "names": _names(cohort, result, shape),
        "horizon": pa.table({"time": [tau], "label": [f"{numbers.fixed(tau, 1)} {shape.unit}"]}),
    }


def _names(cohort: Cohort, result: DifferencesResult, shape: AreaShape) -> pa.Table:
    """The groups with their means, in lines at the foot of the areas."""
    n = shape.n_groups
    named = zip(cohort.groups.screen_labels, result.rmst, strict=True)
    return pa.table(
        {
            "time": np.full(n, 0.02 * shape.last),
            "row": HEIGHT - 10.0 - ROW * np.arange(n)[::-1],
            "label": [f"{label}: {numbers.time(m.estimate, shape.unit)}" for label, m in named],
            "group": np.arange(n),
        }
    )


def _table(parts: list[dict[str, np.ndarray]]) -> pa.Table:
    return pa.table({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})
