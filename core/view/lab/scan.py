"""The scan of all cutoffs: aligned panels over the marker's axis.

`core.view.lab.layout` says where they stand, `core.view.lab.pointer` what the pointer does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import altair as alt
import numpy as np

from core.cohort import Cohort
from core.survival.cutoff.scan import ScanResult
from core.view import theme
from core.view.charts import AUTOSIZE, PLAIN, Figure, finish
from core.view.distribution import DistributionShape
from core.view.lab import pointer
from core.view.lab.layout import BANDS, HEIGHT, MOST, TOP, band, bottom, panels_end, pick

Step = Literal["step-before", "step-after"]
RATIOS = (0.02, 0.05, 0.1, 0.2, 0.33, 0.5, 1, 2, 3, 5, 10, 20, 50)
WIDEST = 20.0
"""Hazard ratios beyond this, or below its inverse, run along the edge of their panel."""
INK = theme.colour(4)
"""Colour of what belongs to neither group."""
DASHES = {"now": [1, 0], "best": [6, 3], "median": [2, 3], "published": [8, 3, 2, 3]}


@dataclass(frozen=True)
class ScanShape:
    """What the layout depends on.

    Attributes
    ----------
    marker : DistributionShape
    ratios : tuple of float
        Ends of the axis of hazard ratios.
    highest : float
        End of the axis of -log10 p.
    unit : str
    last : float
        End of the time axis.
    endpoint : str
    step : str
        How lines go from cutoff to cutoff: all values between two of them part the patients alike,
        as the upper one does (``step-before``) with >=, as the lower one does with >.
    """

    marker: DistributionShape
    ratios: tuple[float, float]
    highest: float
    unit: str
    last: float
    endpoint: str
    step: Step

    @classmethod
    def of(cls, cohort: Cohort, found: ScanResult, endpoint: str) -> ScanShape:
        """The shape for a scan."""
        ends = np.concatenate([found.conf_low, found.conf_high, found.hazard_ratio])
        with np.errstate(divide="ignore"):
            far = np.abs(np.log(ends))
        most = max(float(np.max(far[np.isfinite(far)], initial=0.0)), float(np.log(1.5)))
        most = min(most, float(np.log(WIDEST))) * 1.04
        p = -found.log10_p[np.isfinite(found.log10_p)]
        return cls(
            DistributionShape.of_number(cohort),
            (float(np.exp(-most)), float(np.exp(most))),
            max(float(np.max(p, initial=0.0)) * 1.1, 2.2),
            cohort.show_unit,
            max(float(cohort.shown(cohort.time.max())), 1e-9),
            endpoint,
            "step-before" if found.side == "ge" else "step-after",
        )


def description(shape: ScanShape, stops: list[pointer.Stop]) -> Figure:
    """Build the figure without the data that move.

    Parameters
    ----------
    shape : ScanShape
    stops : list of dict
        The cutoffs that are previewed. They stand in the description itself: they stay while the
        cutoff moves, and a list inside a row does not survive the way of the other data.
    """
    layers = [
        _distribution(shape),
        *_ratios(shape),
        *_p_values(shape),
        *_marks(shape),
        *pointer.curves(shape.unit, shape.last, shape.endpoint, stops),
        *pointer.readings(lambda: _x(shape)),
    ]
    return finish(
        alt.layer(*layers)
        .resolve_scale(x="independent", y="independent", color="independent")
        .properties(
            height=HEIGHT,
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 5, "bottom": 5},
        )
    )


def _x(shape: ScanShape, field: str = "at:Q", *, axis: bool = False) -> Any:
    marker = shape.marker
    scale = alt.Scale(
        type="sqrt" if marker.root else "linear",
        domain=[marker.low, marker.high],
        nice=False,
        clamp=True,
        range=[0, panels_end()],
    )
    below = pick(0, BANDS["p"][1][1] - HEIGHT)
    drawn = alt.Axis(tickCount=6, grid=False, offset=below) if axis else None
    return alt.X(field, title=marker.title if axis else None, scale=scale, axis=drawn)


def _distribution(shape: ScanShape) -> Any:
    bars = alt.Chart(alt.NamedData("bars")).mark_bar(opacity=0.6, binSpacing=0, tooltip=None)
    many = alt.Scale(domain=list(range(MOST)), range=[theme.colour(g) for g in range(MOST)])
    y = alt.Y(
        "n:Q",
        title="Patients",
        scale=alt.Scale(range=band("bars"), domainMin=0),
        axis=alt.Axis(tickCount=2, grid=False, format="d"),
    )
    return bars.encode(
        _x(shape, "start:Q", axis=True),
        alt.X2("end:Q"),
        y,
        alt.Y2("low:Q"),
        alt.Color("group:N", legend=None, scale=many),
    )


def _ratios(shape: ScanShape) -> list[Any]:
    log = alt.Scale(type="log", domain=list(shape.ratios), clamp=True, range=band("ratio"))
    ticks = [r for r in RATIOS if shape.ratios[0] <= r <= shape.ratios[1]]
    axis = alt.Axis(values=ticks, grid=False, labelExpr=PLAIN, orient="left")
    scan = alt.Chart(alt.NamedData("scan"))
    limits = scan.mark_area(opacity=0.2, color=INK, interpolate=shape.step, tooltip=None).encode(
        _x(shape), alt.Y("conf_low:Q", scale=log, axis=None), alt.Y2("conf_high:Q")
    )
    line = scan.mark_line(interpolate=shape.step, strokeWidth=2, color=INK).encode(
        _x(shape), alt.Y("ratio:Q", title="Hazard ratio", scale=log, axis=axis)
    )
    one = alt.Chart(alt.NamedData("one")).mark_rule(opacity=0.5)
    return [limits, one.encode(alt.Y("at:Q", scale=log, axis=None), *_across()), line]


def _p_values(shape: ScanShape) -> list[Any]:
    """The p of each cutoff alone, what is left of it after the search, and the level of 0.05."""
    scale = alt.Scale(domain=[0, shape.highest], clamp=True, range=band("p"))
    step = max(1, int(np.ceil(shape.highest / 5)))
    axis = alt.Axis(
        values=[float(t) for t in range(0, int(shape.highest) + 1, step)],
        grid=False,
        orient="left",
        labelExpr="datum.value < 4 ? pow(10, -datum.value) + '' : '1e-' + datum.value",
    )
    scan = alt.Chart(alt.NamedData("scan"))
    alone = scan.mark_line(interpolate=shape.step, strokeWidth=1.5, color=INK).encode(
        _x(shape), alt.Y("alone:Q", title="Log-rank p", scale=scale, axis=axis)
    )
    searched = scan.mark_line(interpolate=shape.step, strokeWidth=3, color=INK).encode(
        _x(shape), alt.Y("searched:Q", scale=scale, axis=None)
    )
    levels = alt.Chart(alt.NamedData("levels"))
    place = alt.Y("at:Q", scale=scale, axis=None)
    rule = levels.mark_rule(strokeDash=[3, 3], opacity=0.7).encode(place, *_across())
    words = levels.mark_text(align="right", dy=-4, dx=-4, fontSize=11, baseline="bottom")
    names = alt.Chart(alt.NamedData("names")).mark_text(
        align="left", dx=7, fontSize=11.5, fontWeight=600, baseline="middle", tooltip=None
    )
    return [
        rule,
        words.encode(place, alt.Text("label:N"), alt.X(value=panels_end())),
        alone,
        searched,
        names.encode(_x(shape), alt.Y("p:Q", scale=scale, axis=None), alt.Text("label:N")),
    ]


def _across() -> tuple[Any, Any]:
    return alt.X(value=0), alt.X2(value=panels_end())


def _marks(shape: ScanShape) -> list[Any]:
    """Cutoff in force, best, median, published ones; where samples had their best."""
    marks = alt.Chart(alt.NamedData("marks"))
    rule = marks.mark_rule(tooltip=None).encode(
        _x(shape),
        alt.Y(value=TOP),
        alt.Y2(value=bottom("p")),
        alt.StrokeDash(
            "kind:N",
            legend=None,
            scale=alt.Scale(domain=list(DASHES), range=list(DASHES.values())),
        ),
        strokeWidth=alt.condition("datum.kind == 'now'", alt.value(2.2), alt.value(1.2)),
    )
    label = marks.mark_text(baseline="bottom", fontSize=11, fontWeight=600, tooltip=None).encode(
        _x(shape), alt.Y("row:Q", scale=None, axis=None), alt.Text("label:N")
    )
    top, narrow = BANDS["rug"]
    rug = alt.Chart(alt.NamedData("rug")).mark_rule(strokeWidth=2, tooltip=None)
    share = alt.Scale(domain=[0, 1], range=[0.2, 1])
    return [rule, label, rug.encode(
        _x(shape), alt.Y(value=pick(top[0], narrow[0])), alt.Y2(value=pick(top[1], narrow[1])),
        alt.Opacity("share:Q", legend=None, scale=share),
    )]  # fmt: skip
