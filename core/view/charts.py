"""Figures as Vega-Lite: a description of the shape, built once, and the data that move.

A shape depends on what stays while a cutoff moves (unit, span of the axis, number of groups), so
the browser keeps its view and only the data change. Labels that change with the cutoff are data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.cohort import Cohort
from core.survival.curve import at_risk
from core.survival.km import KMResult
from core.view import theme

Figure = dict[str, Any]
"""A Vega-Lite description with its data in ``datasets``."""

Data = dict[str, pa.Table]
"""The data of a figure by name. Arrow tables reach the browser as they are; frames would have to
be converted on every move of a slider."""

AUTOSIZE = {"type": "fit-x", "contains": "padding"}
"""As wide as the column; as high as the plot, its axis and what hangs below it."""
PLAIN = "datum.value + ''"
"""Label of a tick: the number as it is. Vega's own formats write 2e+1 on a narrow axis."""
KM_HEIGHT = 300
ROW = 15
"""Pixels between two lines of the risk table."""
PIXELS = 600
"""Width that curves are thinned to: one point per pixel column is all that can be seen."""
READINGS = 121
"""Times at which the pointer can read the curves."""
MOST_MARKS = 400
"""Censor marks drawn; more would be a smear and slow the browser down."""
STEPS = {
    "days": (1, 2, 7, 14, 30, 60, 90, 180, 365, 730, 1460, 3650),
    "weeks": (1, 2, 4, 13, 26, 52, 104, 260, 520),
    "months": (1, 2, 3, 6, 12, 24, 60, 120, 240),
    "years": (0.25, 0.5, 1, 2, 5, 10, 20),
}


def axis_ticks(last: float, unit: str) -> list[float]:
    """Ticks of the time axis, and so the times of the risk table: at most eight steps.

    Examples
    --------
    >>> axis_ticks(87.4, "months")
    [0.0, 12.0, 24.0, 36.0, 48.0, 60.0, 72.0, 84.0]
    """
    step = next((s for s in STEPS[unit] if last / s <= 8), None)
    if step is None:
        magnitude = 10.0 ** np.floor(np.log10(last / 8))
        step = next(m * magnitude for m in (1, 2, 5, 10) if last / (m * magnitude) <= 8)
    return [step * i for i in range(int(last / step + 1e-9) + 1)]


@dataclass(frozen=True)
class KMShape:
    """What a Kaplan-Meier figure's layout depends on."""

    unit: str
    last: float
    n_groups: int
    endpoint: str

    @classmethod
    def of(cls, cohort: Cohort, endpoint: str) -> KMShape:
        """The shape for a cohort."""
        last = max(float(cohort.shown(cohort.time.max())), 1e-9)
        return cls(cohort.show_unit, last, len(cohort.groups.levels), endpoint)


def km_description(shape: KMShape) -> Figure:
    """Build the Kaplan-Meier figure with its risk table, without data."""
    unit = shape.unit
    ticks = axis_ticks(shape.last, unit)
    x = alt.X(
        f"{unit}:Q",
        title=unit.capitalize(),
        scale=alt.Scale(domain=[0, shape.last * 1.01], nice=False),
        axis=alt.Axis(values=ticks, grid=False, labelExpr=PLAIN, titlePadding=2, labelFlush=False),
    )
    y = alt.Y(
        "estimate:Q",
        title=shape.endpoint,
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], gridOpacity=0.5),
    )
    colour = colours(shape.n_groups)
    dash = alt.StrokeDash(
        "group:N",
        legend=None,
        scale=alt.Scale(
            domain=list(range(shape.n_groups)),
            range=[list(theme.dash(g)) for g in range(shape.n_groups)],
        ),
    )
    layers = [*_km_curves(x, y, colour, dash, unit), *_risk_table(unit, x, colour)]
    figure = alt.layer(*layers).properties(
        height=KM_HEIGHT,
        width="container",
        # The risk table hangs below the axis; the drawing grows to hold it by itself.
        padding={"left": 5, "right": 12, "top": 5, "bottom": 4},
        autosize=AUTOSIZE,
    )
    return finish(figure)


def _km_curves(x: Any, y: Any, colour: Any, dash: Any, unit: str) -> list[Any]:
    curves = alt.Chart(alt.NamedData("curves"))
    band = curves.mark_area(interpolate="step-after", opacity=0.14, tooltip=None).encode(
        x, alt.Y("conf_low:Q"), alt.Y2("conf_high:Q"), colour
    )
    half = alt.Chart(alt.NamedData("half")).mark_rule(strokeDash=[2, 3], opacity=0.45).encode(y)
    line = curves.mark_line(interpolate="step-after", strokeWidth=2.2).encode(x, y, colour, dash)
    censored = alt.Chart(alt.NamedData("censored")).mark_tick(
        orient="vertical", size=8, thickness=1.2, opacity=0.8
    )
    hover = alt.selection_point(
        name="hover", fields=[unit], nearest=True, on="pointermove", empty=False, clear="pointerout"
    )
    reading = (
        alt.Chart(alt.NamedData("reading"))
        .mark_rule(strokeWidth=1, tooltip={"content": "data"})
        .encode(x, opacity=alt.condition(hover, alt.value(0.6), alt.value(0)))
        .add_params(hover)
    )
    return [band, half, line, censored.encode(x, y, colour), reading]


def _risk_table(unit: str, x: Any, colour: Any) -> list[Any]:
    """Numbers at risk under the ticks, with the group's name in the line above them."""
    row = alt.Y("row:Q", scale=None, axis=None)
    risk = alt.Chart(alt.NamedData("risk")).mark_text(fontSize=11, align="center")
    names = alt.Chart(alt.NamedData("names"))
    swatch = names.mark_point(shape="square", filled=True, size=90, opacity=1)
    label = names.mark_text(align="left", fontSize=11.5, fontWeight=600, dx=9)
    place = alt.X(f"{unit}:Q")
    heading = alt.Chart(alt.NamedData("heading")).mark_text(
        align="left", fontSize=11, dx=-6, opacity=0.75, text="Number at risk"
    )
    return [
        heading.encode(place, row),
        risk.encode(x, row, alt.Text("n_risk:Q")),
        swatch.encode(place, row, colour),
        label.encode(place, row, alt.Text("label:N")),
    ]


def km_data(cohort: Cohort, result: KMResult, shape: KMShape) -> Data:
    """The data of the Kaplan-Meier figure."""
    unit = shape.unit
    columns = {name: result.curves[name].to_numpy() for name in result.curves}
    ends = np.cumsum(np.bincount(columns["group"], minlength=shape.n_groups))
    each = [
        {str(name): values[start:end] for name, values in columns.items()}
        for start, end in zip([0, *ends[:-1]], ends, strict=True)
    ]
    ticks = np.array(axis_ticks(shape.last, unit))
    row = KM_HEIGHT + 66.0 + 2 * ROW * np.arange(shape.n_groups)
    at_risk = [_at_risk(cohort, g, ticks) for g in range(shape.n_groups)]
    risk = {
        unit: np.tile(ticks, shape.n_groups),
        "n_risk": np.concatenate(at_risk),
        "row": np.repeat(row + ROW, len(ticks)),
    }
    names = {
        unit: np.zeros(shape.n_groups),
        "row": row,
        "label": list(cohort.groups.screen_labels),
        "group": np.arange(shape.n_groups),
    }
    return {
        "curves": _stacked([thin(c, shape.last) for c in each], unit),
        "censored": _stacked([_censored(c, MOST_MARKS // shape.n_groups) for c in each], unit),
        "half": pa.table({"estimate": [0.5]}),
        "reading": _reading(cohort, each, shape),
        "heading": pa.table({unit: [0.0], "row": [KM_HEIGHT + 50.0]}),
        "risk": pa.table(risk),
        "names": pa.table(names),
    }


def thin(curve: dict[str, np.ndarray], last: float) -> dict[str, np.ndarray]:
    """Points of a curve that can be told apart on the screen, from (0, 1) to its end.

    Only drops are kept, then the last one of each pixel column: what is drawn is the same, and a
    registry's curve does not take seconds in the browser.

    Parameters
    ----------
    curve : dict of str to numpy.ndarray
        Columns of one group of `KMResult.curves`.
    last : float
        End of the axis.
    """
    drops = np.flatnonzero(curve["n_event"] > 0)
    pixel = np.floor(curve["time"][drops] / last * PIXELS)
    if len(drops):
        drops = drops[np.append(pixel[1:] != pixel[:-1], True)]
    kept = np.append(drops, len(curve["time"]) - 1)
    path = {
        name: np.append(1.0, curve[name][kept]) for name in ("estimate", "conf_low", "conf_high")
    }
    for name in ("conf_low", "conf_high"):  # a band of no width where the limits are undefined
        path[name] = np.where(np.isnan(path[name]), path["estimate"], path[name])
    time = np.append(0.0, curve["time"][kept])
    return {"time": time, **path, "group": np.append(curve["group"][0], curve["group"][kept])}


def _censored(curve: dict[str, np.ndarray], most: int) -> dict[str, np.ndarray]:
    marks = np.flatnonzero(curve["n_censor"] > 0)
    marks = marks[:: max(1, -(-len(marks) // max(most, 1)))]
    return {name: curve[name][marks] for name in ("time", "estimate", "group")}


def _stacked(parts: list[dict[str, np.ndarray]], unit: str) -> pa.Table:
    names = {"time": unit}
    return pa.table(
        {names.get(k, k): np.concatenate([part[k] for part in parts]) for k in parts[0]}
    )


def _at_risk(cohort: Cohort, group: int, times: np.ndarray) -> np.ndarray:
    return at_risk(cohort, group, cohort.measured(times))


def _reading(cohort: Cohort, each: list[dict[str, np.ndarray]], shape: KMShape) -> pa.Table:
    """What the pointer reads: S(t) with limits and the number at risk of all groups at a time."""
    grid = np.linspace(0, shape.last, READINGS)
    columns: dict[str, object] = {shape.unit: np.round(grid, 2)}
    for g, (label, curve) in enumerate(zip(cohort.groups.screen_labels, each, strict=True)):
        reached = np.searchsorted(curve["time"], grid, side="right") - 1
        percent = [
            np.where(reached < 0, 100.0, 100 * curve[name][reached]).tolist()
            for name in ("estimate", "conf_low", "conf_high")
        ]
        n_risk = _at_risk(cohort, g, grid).tolist()
        columns[label] = [
            _read(s, low, high, n) for s, low, high, n in zip(*percent, n_risk, strict=True)
        ]
    return pa.table(columns)


def _read(estimate: float, low: float, high: float, n: int) -> str:
    """One cell of the hover box: ``71% (66–76), 218 at risk``."""
    if n == 0 and estimate > 0:
        return "–"
    limits = f" ({low:.0f}–{high:.0f})" if low == low else ""
    return f"{estimate:.0f}%{limits}, {n} at risk"


def finish(figure: Any) -> Figure:
    """Validate through Altair and drop what Streamlit's theme sets itself."""
    description: Figure = figure.to_dict(validate=True)
    for name in ("config", "$schema"):
        description.pop(name, None)
    return description


def colours(n_groups: int) -> Any:
    """Colour of the groups by position; the domain is fixed so that no colour moves."""
    scale = alt.Scale(
        domain=list(range(n_groups)), range=[theme.colour(g) for g in range(n_groups)]
    )
    return alt.Color("group:N", legend=None, scale=scale)
