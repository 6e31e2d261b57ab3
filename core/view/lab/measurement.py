"""Measurement error in figures and sentences: who is near the cutoff, and how far the HR moves."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.survival.cutoff.measurement import MeasurementResult, near
from core.view import numbers
from core.view.charts import AUTOSIZE, Data, Figure, colours, finish
from core.view.distribution import DistributionShape, edges
from core.view.lab.intervals import Interval

HEIGHT = 150
RARE, OFTEN = 0.05, 0.95
"""Shares of the draws below and above which p is said to stay on its side."""


def description(shape: DistributionShape) -> Figure:
    """Build the distribution with the zone around the cutoff, without data."""
    scale = alt.Scale(
        type="sqrt" if shape.root else "linear", domain=[shape.low, shape.high], nice=False
    )
    x = alt.X("start:Q", title=shape.title, scale=scale, axis=alt.Axis(tickCount=6, grid=False))
    y = alt.Y("n:Q", title="Patients", axis=alt.Axis(tickCount=4, gridOpacity=0.5, format="d"))
    strength = alt.Opacity(
        "near:N", legend=None, scale=alt.Scale(domain=[False, True], range=[0.35, 1])
    )
    band = alt.Chart(alt.NamedData("zone")).mark_rect(opacity=0.16, color="#7F7F7F", tooltip=None)
    bars = alt.Chart(alt.NamedData("bars")).mark_bar(binSpacing=0, tooltip=None)
    cut = alt.Chart(alt.NamedData("cut")).mark_rule(strokeWidth=2, strokeDash=[4, 2])
    name = alt.Chart(alt.NamedData("cut")).mark_text(
        baseline="bottom", dy=-3, fontWeight=600, fontSize=12
    )
    return finish(
        alt.layer(
            band.encode(x, alt.X2("end:Q")),
            bars.encode(x, alt.X2("end:Q"), y, alt.Y2("low:Q"), colours(2), strength),
            cut.encode(alt.X("at:Q")),
            name.encode(alt.X("at:Q"), alt.Y(value=0), alt.Text("label:N")),
        ).properties(
            height=HEIGHT,
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 22, "bottom": 5},
        )
    )


def data(cohort: Cohort, found: MeasurementResult, shape: DistributionShape) -> Data:
    """The data of the distribution: bins with their patients by group, near the cutoff or not."""
    x = cohort.column(found.variable).to_numpy(dtype=float)
    close, codes, bins = near(x, found.cutoff, found.error), cohort.groups.codes, edges(shape)
    kinds = [(g, is_near) for g in range(2) for is_near in (False, True)]
    counts = np.stack(
        [np.histogram(x[(codes == g) & (close == is_near)], bins)[0] for g, is_near in kinds]
    )
    top = counts.cumsum(axis=0)
    k, b = np.nonzero(counts)
    bars = {
        "start": bins[b],
        "end": bins[b + 1],
        "low": (top - counts)[k, b],
        "n": top[k, b],
        "group": [kinds[i][0] for i in k],
        "near": pa.array([kinds[i][1] for i in k], pa.bool_()),
    }
    low, high = np.clip([found.near_low, found.near_high], shape.low, shape.high).tolist()
    return {
        "bars": pa.table(bars),
        "zone": pa.table({"start": [low], "end": [high]}),
        "cut": pa.table({"at": [found.cutoff], "label": [f"{found.n_near} near the cutoff"]}),
    }


def rows(found: MeasurementResult) -> list[Interval]:
    """The hazard ratio as measured, and over the draws."""
    measured, drawn = found.measured, found.hazard_ratio
    again = f"Measured again ({numbers.count(found.draws)} draws)"
    return [
        Interval("As measured", measured.hazard_ratio, measured.conf_low, measured.conf_high),
        Interval(again, None, None, None)
        if drawn is None
        else Interval(again, drawn.median, drawn.low, drawn.high),
    ]


def table(found: MeasurementResult, conf_level: float) -> pd.DataFrame:
    """Hazard ratio and p as measured and over the draws."""
    measured, drawn, p = found.measured, found.hazard_ratio, found.p_value
    again = "–" if p is None else f"{numbers.p_cell(p.low)} to {numbers.p_cell(p.high)}"
    return pd.DataFrame(
        {
            "": [
                f"As measured ({100 * conf_level:g}% CI)",
                f"Measured again, {numbers.count(found.draws)} draws (middle 95%)",
            ],
            "Hazard ratio": [
                numbers.ratio(measured.hazard_ratio, measured.conf_low, measured.conf_high),
                numbers.NOT_ESTIMABLE
                if drawn is None
                else numbers.ratio(drawn.median, drawn.low, drawn.high),
            ],
            "Log-rank p": [numbers.p_cell(measured.p_value), again],
            "p below 0.05": [_yes(measured.p_value), _times(found)],
        }
    )


def finding(found: MeasurementResult) -> str:
    """How many are near the cutoff, and what a second measurement would change."""
    n, moved = numbers.count(found.measured.n), numbers.fixed(found.n_moved, 1)
    said = (
        f"{numbers.count(found.n_near)} of {n} patients ({numbers.count(found.events_near)} "
        f"events) are within {percent(found.error)} of the cutoff. Measured again, {moved} would "
        "change sides on average"
    )
    if found.hazard_ratio is None:
        return f"{said}; the hazard ratio has no finite estimate."
    spread = f"{numbers.ratio(found.hazard_ratio.low, None, None)} to " + numbers.ratio(
        found.hazard_ratio.high, None, None
    )
    return f"{said}, and the hazard ratio would be {spread} in 95 of 100 repeats. {_steady(found)}"


def meaning(found: MeasurementResult) -> str:
    """What the error is, and what the range is not."""
    how = (
        "a second measurement is drawn as a multiple of the first (log-normal)"
        if found.scale == "factor"
        else "a second measurement is drawn by adding an error in proportion to the cutoff"
    )
    return (
        f"Near is a value from {found.near_low:.4g} to {found.near_high:.4g} (the cutoff ± "
        f"{percent(found.error)}). The error is the test-retest one: of two measurements of the "
        f"same patient the second is within {percent(found.error)} of the first in 95 of 100; "
        f"{how}, and the cutoff stays. Each draw adds an error to values that hold one already, "
        "which pulls the hazard ratio towards 1: the range says how firm the groups are, and is "
        "no corrected result."
    )


def percent(error: float) -> str:
    """A relative error as text.

    Examples
    --------
    >>> percent(0.1), percent(0.125)
    ('10 %', '12.5 %')
    """
    return f"{round(100 * error, 6):g} %"


def _times(found: MeasurementResult) -> str:
    return f"in {round(found.draws * found.share_below)} of {numbers.count(found.draws)}"


def _yes(p: float | None) -> str:
    if p is None:
        return "–"
    return "yes" if p < 0.05 else "no"


def _steady(found: MeasurementResult) -> str:
    p = found.measured.p_value
    said = f"The log-rank p was below 0.05 {_times(found)} draws"
    if p is None:
        return f"{said}."
    stays = found.share_below > OFTEN if p < 0.05 else found.share_below < RARE
    now = numbers.p_cell(p) + (", the search ignored" if found.searched else "")
    if stays:
        return f"{said}; as measured it is on the same side ({now})."
    return (
        f"{said}. On which side of 0.05 it falls depends on the measurement (as measured: {now})."
    )
