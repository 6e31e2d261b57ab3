"""The figure of the curves page: curves on the chosen scale over a risk table, without data.

`core.view.curve.drawn` makes the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np

from core.cohort import Cohort
from core.view import charts, theme

HEIGHT = 300
ROW = 15
"""Pixels between two lines of the risk table."""
STEPWISE = ("survival", "failure", "cumhaz", "log-log")
"""Scales on which a curve jumps at the events."""
TITLES = {
    "failure": "Probability of the event",
    "cumhaz": "Cumulative hazard",
    "log-log": "log(-log S(t))",
    "hazard": "Hazard per {unit}",
}


@dataclass(frozen=True)
class Shape:
    """What the figure's layout depends on.

    Attributes
    ----------
    unit : str
    first, last : float
        Ends of the time axis; `first` is above 0 on the log-log scale only, whose time axis is
        logarithmic.
    n_groups : int
    endpoint : str
    scale : str
        As the spec names it.
    landmark : float or None
    family : bool
        Whether a parametric family is drawn over the curves.
    top : float or None
        End of the axis of a hazard.
    marked : bool
        Whether single patients are marked.
    """

    unit: str
    first: float
    last: float
    n_groups: int
    endpoint: str
    scale: str = "survival"
    landmark: float | None = None
    family: bool = False
    top: float | None = None
    marked: bool = False

    @classmethod
    def of(cls, cohort: Cohort, endpoint: str, *, largest: float | None = None) -> Shape:
        """The shape for a cohort and its question; `largest` is that of the hazards."""
        spec = cohort.spec
        last = max(float(cohort.shown(cohort.time.max())), 1e-9)
        scale, first = spec.scale or "survival", 0.0
        if scale == "log-log":
            times = cohort.time[cohort.event & (cohort.time > 0)]
            first = float(cohort.shown(times.min())) if len(times) else last / 100
        return cls(
            cohort.show_unit,
            first,
            last,
            len(cohort.groups.levels),
            endpoint,
            scale,
            spec.landmark,
            spec.family not in (None, "none"),
            None if largest is None else round_up(1.3 * largest),
        )

    @property
    def ticks(self) -> list[float]:
        """Ticks of the time axis, and so the times of the risk table."""
        if not self.first:
            return charts.axis_ticks(self.last, self.unit)
        powers = 10.0 ** np.arange(-3, 7)
        round_numbers = np.round((powers[:, None] * np.array([1, 2, 5])).ravel(), 6)
        within = (round_numbers >= self.first) & (round_numbers <= self.last)
        return [float(t) for t in round_numbers[within][-8:]] or [self.first]

    @property
    def axis_title(self) -> str:
        """What the curves show."""
        if self.scale == "survival":
            return self.endpoint
        return TITLES[self.scale].format(unit=self.unit.removesuffix("s"))


def round_up(value: float) -> float:
    """The next number of one digit, so that an axis does not move with every cutoff.

    Examples
    --------
    >>> round_up(0.0123), round_up(7.0)
    (0.02, 7.0)
    """
    if not value > 0:
        return 1.0
    step = 10.0 ** np.floor(np.log10(value))
    return float(np.ceil(value / step - 1e-9) * step)


def description(shape: Shape) -> charts.Figure:
    """Build the figure without data."""
    x = alt.X(
        f"{shape.unit}:Q",
        title=shape.unit.capitalize() + (", logarithmic" if shape.first else ""),
        scale=_time_scale(shape),
        axis=alt.Axis(
            values=shape.ticks, grid=False, labelExpr=charts.PLAIN, titlePadding=2, labelFlush=False
        ),
    )
    colour = charts.colours(shape.n_groups)
    layers = _curves(shape, x, _height(shape), colour)
    if shape.family:
        layers.append(_family(shape, x, _height(shape), colour))
    if shape.landmark is not None:
        layers += _landmark(shape, x)
    if shape.marked:
        layers.append(_marked(x, _height(shape), colour))
    figure = alt.layer(*layers, *_risk_table(shape.unit, x, colour)).properties(
        height=HEIGHT,
        width="container",
        # The risk table hangs below the axis; the drawing grows to hold it by itself.
        padding={"left": 5, "right": 12, "top": 5, "bottom": 4},
        autosize=charts.AUTOSIZE,
    )
    return charts.finish(figure)


def _time_scale(shape: Shape) -> Any:
    if shape.first:
        return alt.Scale(type="log", domain=[shape.first, shape.last], nice=False)
    return alt.Scale(domain=[0, shape.last * 1.01], nice=False)


def _height(shape: Shape) -> Any:
    if shape.scale in ("survival", "failure"):
        return alt.Y(
            "estimate:Q",
            title=shape.axis_title,
            scale=alt.Scale(domain=[0, 1]),
            axis=alt.Axis(format="%", values=[0, 0.25, 0.5, 0.75, 1], gridOpacity=0.5),
        )
    axis = alt.Axis(gridOpacity=0.5, tickCount=5)
    if shape.top is not None:
        scale = alt.Scale(domain=[0, shape.top])
    else:
        scale = alt.Scale(zero=shape.scale != "log-log")
    return alt.Y("estimate:Q", title=shape.axis_title, scale=scale, axis=axis)


def _curves(shape: Shape, x: Any, y: Any, colour: Any) -> list[Any]:
    dash = alt.StrokeDash(
        "group:N",
        legend=None,
        scale=alt.Scale(
            domain=list(range(shape.n_groups)),
            range=[list(theme.dash(g)) for g in range(shape.n_groups)],
        ),
    )
    path: Any = "step-after" if shape.scale in STEPWISE else "linear"
    curves = alt.Chart(alt.NamedData("curves"))
    band = curves.mark_area(interpolate=path, opacity=0.14, tooltip=None, clip=True).encode(
        x, alt.Y("conf_low:Q"), alt.Y2("conf_high:Q"), colour
    )
    half = alt.Chart(alt.NamedData("half")).mark_rule(strokeDash=[2, 3], opacity=0.45).encode(y)
    line = curves.mark_line(interpolate=path, strokeWidth=2.2).encode(x, y, colour, dash)
    censored = alt.Chart(alt.NamedData("censored")).mark_tick(
        orient="vertical", size=8, thickness=1.2, opacity=0.8
    )
    hover = alt.selection_point(
        name="hover", fields=[shape.unit], nearest=True, on="pointermove", empty=False,
        clear="pointerout",
    )  # fmt: skip
    reading = (
        alt.Chart(alt.NamedData("reading"))
        .mark_rule(strokeWidth=1, tooltip={"content": "data"})
        .encode(x, opacity=alt.condition(hover, alt.value(0.6), alt.value(0)))
        .add_params(hover)
    )
    # The line of one half has no place on scales that are no probabilities.
    level = [half] if shape.scale in ("survival", "failure") else []
    return [band, *level, line, censored.encode(x, y, colour), reading]


def _family(shape: Shape, x: Any, y: Any, colour: Any) -> Any:
    """The parametric family: one thin dashed line a group."""
    return (
        alt.Chart(alt.NamedData("family"))
        .mark_line(strokeWidth=1.5, strokeDash=[5, 4], clip=True)
        .encode(x, y, colour, detail="group:N")
    )


def _landmark(shape: Shape, x: Any) -> list[Any]:
    """A rule where the patients began to be followed, with its name where the curves are not."""
    height = HEIGHT - 10 if shape.scale == "survival" else 10
    here = alt.Chart(alt.NamedData("landmark"))
    return [
        here.mark_rule(strokeWidth=1.2, strokeDash=[4, 3]).encode(x),
        here.mark_text(align="left", dx=4, fontSize=11).encode(
            x, y=alt.value(height), text=alt.value(f"Landmark at {shape.landmark:g} {shape.unit}")
        ),
    ]


def _marked(x: Any, y: Any, colour: Any) -> Any:
    """Single patients who were picked elsewhere, on their curve at the end of their follow-up."""
    return (
        alt.Chart(alt.NamedData("marked"))
        .mark_point(shape="diamond", filled=True, size=130, opacity=1, stroke="white",
                    strokeWidth=1.2, clip=True)
        .encode(x, y, colour, tooltip=[alt.Tooltip("said:N", title="Marked patient")])
    )  # fmt: skip


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
