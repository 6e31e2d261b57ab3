"""The distribution of a stratifier with its cutoffs, or the sizes of its groups."""

from __future__ import annotations

from dataclasses import dataclass

import altair as alt
import numpy as np
import pyarrow as pa

from core.cohort import Cohort
from core.view.charts import AUTOSIZE, Data, Figure, colours, finish

HEIGHT = 170
BINS = 40


@dataclass(frozen=True)
class DistributionShape:
    """What the figure's layout depends on: the marker and its range, or the number of groups.

    Attributes
    ----------
    title : str
        The stratifier with its unit.
    low, high : float
        Range of the marker; both 0 for a category.
    root : bool
        Whether the axis is drawn on the square-root scale, for a marker with a long tail.
    numeric : bool
    n_groups : int
    """

    title: str
    low: float
    high: float
    root: bool
    numeric: bool
    n_groups: int

    @classmethod
    def of(cls, cohort: Cohort) -> DistributionShape:
        """The shape for the stratifier of a cohort."""
        variable = cohort.dataset.variables[cohort.groups.by or ""]
        n_groups = len(cohort.groups.levels)
        if cohort.groups.rule == "none":
            return cls(variable.title, 0.0, 0.0, False, False, n_groups)
        return cls.of_number(cohort)

    @classmethod
    def of_number(cls, cohort: Cohort) -> DistributionShape:
        """The shape for a numeric stratifier, cut or not."""
        variable = cohort.dataset.variables[cohort.groups.by or ""]
        unit = f" ({variable.unit})" if variable.unit else ""
        x = cohort.column(variable.name).to_numpy(dtype=float)
        low, high = float(x.min()), float(x.max())
        root = low >= 0 and high - low > 6 * float(np.quantile(x, 0.75) - low)
        return cls(variable.title + unit, low, high, root, True, len(cohort.groups.levels))


def description(shape: DistributionShape) -> Figure:
    """Build the figure without data."""
    y = alt.Y("n:Q", title="Patients", axis=alt.Axis(tickCount=4, gridOpacity=0.5, format="d"))
    colour = colours(shape.n_groups)
    bars = alt.Chart(alt.NamedData("bars"))
    if not shape.numeric:
        level = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=150))
        drawn = bars.mark_bar(opacity=0.85, tooltip=None).encode(
            level, alt.X("n:Q", title="Patients", axis=alt.Axis(format="d", tickCount=4)), colour
        )
        number = bars.mark_text(align="left", dx=4).encode(level, alt.X("n:Q"), alt.Text("n:Q"))
        return finish(
            alt.layer(drawn, number).properties(
                height={"step": 30}, width="container", autosize=AUTOSIZE
            )
        )
    scale = alt.Scale(
        type="sqrt" if shape.root else "linear", domain=[shape.low, shape.high], nice=False
    )
    x = alt.X("start:Q", title=shape.title, scale=scale, axis=alt.Axis(tickCount=6, grid=False))
    drawn = bars.mark_bar(opacity=0.85, binSpacing=0, tooltip=None).encode(
        x, alt.X2("end:Q"), y, alt.Y2("low:Q"), colour
    )
    cuts = alt.Chart(alt.NamedData("cuts"))
    line = cuts.mark_rule(strokeWidth=2, strokeDash=[4, 2]).encode(alt.X("at:Q"))
    sizes = alt.Chart(alt.NamedData("sizes")).mark_text(
        baseline="bottom", dy=-3, fontWeight=600, fontSize=12
    )
    size = sizes.encode(alt.X("at:Q"), alt.Y(value=0), alt.Text("label:N"))
    return finish(
        alt.layer(drawn, line, size).properties(
            height=HEIGHT,
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 22, "bottom": 5},
        )
    )


def data(cohort: Cohort, shape: DistributionShape) -> Data:
    """The data of the figure."""
    groups = cohort.groups
    if not shape.numeric:
        levels = groups.levels
        bars = {
            "label": [level.label for level in levels],
            "n": [level.n for level in levels],
            "group": list(range(len(levels))),
        }
        return {"bars": pa.table(bars)}
    x = cohort.column(groups.by or "").to_numpy(dtype=float)
    bins = edges(shape)
    counts = np.stack([np.histogram(x[groups.codes == g], bins)[0] for g in range(shape.n_groups)])
    top = counts.cumsum(axis=0)
    g, b = np.nonzero(counts)
    bars = {
        "start": bins[b],
        "end": bins[b + 1],
        "low": (top - counts)[g, b],
        "n": top[g, b],
        "group": g,
    }
    return {
        "bars": pa.table(bars),
        "cuts": pa.table({"at": np.clip(groups.thresholds, shape.low, shape.high)}),
        "sizes": _sizes(cohort, shape),
    }


def edges(shape: DistributionShape) -> np.ndarray:
    """Edges of bins of equal width on the scale of the axis."""
    if shape.low == shape.high:
        return np.array([shape.low - 0.5, shape.high + 0.5])
    if not shape.root:
        return np.linspace(shape.low, shape.high, BINS + 1)
    edges = np.linspace(np.sqrt(shape.low), np.sqrt(shape.high), BINS + 1) ** 2
    edges[0], edges[-1] = shape.low, shape.high  # the square of a root may miss the extremes
    return edges


def _sizes(cohort: Cohort, shape: DistributionShape) -> pa.Table:
    """Size of each group, above the middle of its interval."""
    forward, back = (np.sqrt, np.square) if shape.root else (np.array, np.array)
    inner = [t for t in cohort.groups.thresholds if shape.low < t < shape.high]
    bounds = forward(np.array([shape.low, *inner, shape.high]))
    middles = back((bounds[1:] + bounds[:-1]) / 2)
    levels = cohort.groups.levels
    if cohort.groups.second is not None:  # the groups are not intervals of this marker
        return pa.table({"at": pa.array([], pa.float64()), "label": pa.array([], pa.string())})
    if len(middles) != len(levels):
        middles = np.full(len(levels), middles[len(middles) // 2])
    name = "n = {}" if len(levels) < 3 else "{}"  # many groups leave room for the number only
    return pa.table({"at": middles, "label": [name.format(level.n) for level in levels]})
