"""The figure of the continuous view: the curve, and over it the steps of the groups."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

from core.cohort import Cohort
from core.groups import cut
from core.survival.conventions import conventions
from core.survival.cutoff.continuous import ContinuousResult
from core.view import numbers, theme
from core.view.charts import AUTOSIZE, PLAIN, Data, Figure, colours, finish
from core.view.distribution import DistributionShape, edges
from core.view.lab.scan import RATIOS, WIDEST

CURVE, BARS = (20, 300), (312, 360)
"""From and to of the two panels, in pixels from the top."""
INK = theme.colour(4)
"""Colour of what belongs to no group."""


@dataclass(frozen=True)
class CurveShape:
    """What the layout depends on; nothing in it moves with the cutoff but the number of groups.

    Attributes
    ----------
    marker : DistributionShape
        From the first to the last value of the curve.
    ratios : tuple of float
        Ends of the axis of hazard ratios.
    level : float
        Of the band, in percent.
    """

    marker: DistributionShape
    ratios: tuple[float, float]
    level: float

    @classmethod
    def of(cls, cohort: Cohort, found: ContinuousResult) -> CurveShape:
        """The shape for a result."""
        ends = np.concatenate([found.conf_low, found.conf_high])
        ends = ends[np.isfinite(ends) & (ends > 0)].clip(1 / WIDEST, WIDEST)
        low, high = float(np.min(ends, initial=1 / 1.5)), float(np.max(ends, initial=1.5))
        marker = dataclasses.replace(
            DistributionShape.of_number(cohort),
            low=float(found.at[0]),
            high=float(found.at[-1]),
            n_groups=max(len(found.steps), 1),
        )
        level = round(100 * conventions(cohort.spec).conf_level, 6)
        return cls(marker, (low / 1.04, high * 1.04), level)


def description(shape: CurveShape) -> Figure:
    """Build the figure without data."""
    layers = [*_bars(shape), *_curve(shape), *_steps(shape), _reading(shape)]
    return finish(
        alt.layer(*layers)
        .resolve_scale(x="independent", y="independent", color="independent")
        .properties(
            height=BARS[1],
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 5, "bottom": 5},
        )
    )


def _x(shape: CurveShape, field: str = "at:Q", *, axis: bool = False) -> Any:
    marker = shape.marker
    scale = alt.Scale(
        type="sqrt" if marker.root else "linear", domain=[marker.low, marker.high], nice=False
    )
    drawn = alt.Axis(tickCount=6, grid=False) if axis else None
    return alt.X(field, title=marker.title if axis else None, scale=scale, axis=drawn)


def _y(shape: CurveShape, field: str, *, axis: bool = False) -> Any:
    scale = alt.Scale(
        type="log", domain=list(shape.ratios), clamp=True, nice=False, range=list(CURVE[::-1])
    )
    ticks = [r for r in RATIOS if shape.ratios[0] <= r <= shape.ratios[1]]
    drawn = alt.Axis(values=ticks, grid=False, labelExpr=PLAIN, orient="left") if axis else None
    title = "Hazard ratio against the median" if axis else None
    return alt.Y(field, title=title, scale=scale, axis=drawn)


def _bars(shape: CurveShape) -> list[Any]:
    bars = alt.Chart(alt.NamedData("bars")).mark_bar(opacity=0.6, binSpacing=0, tooltip=None)
    y = alt.Y(
        "n:Q",
        title="Patients",
        scale=alt.Scale(range=list(BARS[::-1]), domainMin=0),
        axis=alt.Axis(tickCount=2, grid=False, format="d"),
    )
    colour = colours(shape.marker.n_groups)
    return [
        bars.encode(_x(shape, "start:Q", axis=True), alt.X2("end:Q"), y, alt.Y2("low:Q"), colour)
    ]


def _curve(shape: CurveShape) -> list[Any]:
    """Band and line of the uncut marker, its knots, and the line of no difference."""
    curve = alt.Chart(alt.NamedData("curve"))
    band = curve.mark_area(opacity=0.2, color=INK, tooltip=None).encode(
        _x(shape), _y(shape, "conf_low:Q", axis=True), alt.Y2("conf_high:Q")
    )
    line = curve.mark_line(strokeWidth=2.4, color=INK).encode(_x(shape), _y(shape, "ratio:Q"))
    one = alt.Chart(alt.NamedData("one")).mark_rule(opacity=0.5).encode(_y(shape, "at:Q"))
    knots = alt.Chart(alt.NamedData("knots")).mark_point(
        shape="triangle-up", filled=True, size=50, opacity=0.9, color=INK, tooltip=None
    )
    return [band, one, line, knots.encode(_x(shape), alt.Y(value=CURVE[1] - 4))]


def _steps(shape: CurveShape) -> list[Any]:
    """What the groups say instead of the curve, and the cutoffs between them."""
    steps = alt.Chart(alt.NamedData("steps"))
    colour = colours(shape.marker.n_groups)
    level = steps.mark_rule(strokeWidth=3.2, tooltip=None).encode(
        _x(shape, "start:Q"), alt.X2("end:Q"), _y(shape, "ratio:Q"), colour
    )
    label = steps.mark_text(fontSize=12, fontWeight=600, baseline="middle", tooltip=None).encode(
        _x(shape, "middle:Q"), alt.Y(value=CURVE[0] / 2), alt.Text("label:N")
    )
    cuts = alt.Chart(alt.NamedData("cuts")).mark_rule(strokeDash=[4, 2], tooltip=None)
    return [
        cuts.encode(_x(shape), alt.Y(value=CURVE[0]), alt.Y2(value=BARS[1])), level, label
    ]  # fmt: skip


def _reading(shape: CurveShape) -> Any:
    hover = alt.selection_point(
        name="hover", fields=["at"], nearest=True, on="pointermove", empty=False, clear="pointerout"
    )
    return (
        alt.Chart(alt.NamedData("curve"))
        .mark_rule(strokeWidth=1)
        .encode(
            _x(shape),
            alt.Y(value=CURVE[0]),
            alt.Y2(value=BARS[1]),
            opacity=alt.condition(hover, alt.value(0.6), alt.value(0)),
            tooltip=[
                alt.Tooltip("value:N", title=shape.marker.title),
                alt.Tooltip("read:N", title=f"Hazard ratio ({shape.level:g}% CI)"),
            ],
        )
        .add_params(hover)
    )


def data(cohort: Cohort, found: ContinuousResult, shape: CurveShape) -> Data:
    """The data of the figure."""
    marker = shape.marker
    known = np.isfinite(found.hazard_ratio)
    estimates = (found.hazard_ratio, found.conf_low, found.conf_high)
    curve = {
        "at": found.at[known],
        "ratio": found.hazard_ratio[known],
        # Limits too wide for a double are infinite; JSON and the scale need a number.
        "conf_low": found.conf_low[known].clip(1e-300, 1e300),
        "conf_high": found.conf_high[known].clip(1e-300, 1e300),
        "value": [f"{v:.4g}" for v in found.at[known]],
        "read": [
            numbers.ratio(*map(float, each))
            for each in zip(*(e[known] for e in estimates), strict=True)
        ],
    }
    knots = [k for k in found.knots if marker.low <= k <= marker.high]
    cuts = [t for t in cohort.groups.thresholds if marker.low < t < marker.high]
    return {
        "bars": _histogram(cohort, found, marker),
        "curve": pa.table(curve),
        "one": pa.table({"at": [1.0]}),
        "knots": pa.table({"at": pa.array(knots, pa.float64())}),
        "cuts": pa.table({"at": pa.array(cuts, pa.float64())}),
        "steps": _levels(found, marker),
    }


def _histogram(cohort: Cohort, found: ContinuousResult, marker: DistributionShape) -> pa.Table:
    x = cohort.column(cohort.groups.by or "").to_numpy(dtype=float)
    limits = edges(marker)
    starts = tuple(step.start for step in found.steps if step.start is not None)
    codes = cut(x, starts, cohort.groups.side)
    counts = np.stack([np.histogram(x[codes == g], limits)[0] for g in range(marker.n_groups)])
    top = counts.cumsum(axis=0)
    g, b = np.nonzero(counts)
    return pa.table({"start": limits[b], "end": limits[b + 1], "low": (top - counts)[g, b],
                     "n": top[g, b], "group": g})  # fmt: skip


def _levels(found: ContinuousResult, marker: DistributionShape) -> pa.Table:
    rows = []
    for g, step in enumerate(found.steps):
        start = marker.low if step.start is None else max(step.start, marker.low)
        end = marker.high if step.end is None else min(step.end, marker.high)
        if step.hazard_ratio is None or start >= end:
            continue
        middle = (start + end) / 2
        if marker.root:
            middle = ((start**0.5 + end**0.5) / 2) ** 2
        rows.append({"start": start, "end": end, "middle": middle, "ratio": step.hazard_ratio,
                     "label": step.label, "group": g})  # fmt: skip
    kinds = [("start", pa.float64()), ("end", pa.float64()), ("middle", pa.float64()),
             ("ratio", pa.float64()), ("label", pa.string()), ("group", pa.int64())]  # fmt: skip
    return pa.Table.from_pylist(rows, pa.schema(kinds))
