"""What the events at hand can show, in a figure, sentences and tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.survival.precision import Contrast, PrecisionResult
from core.view import numbers, tables, theme
from core.view.charts import AUTOSIZE, Data, Figure, finish

HEIGHT = 190
HIGHEST = 12.0
"""Hazard ratio at which the axis ends; beyond it nothing is detectable in practice."""
INK = theme.colour(4)
STEPS = (1.0, 1.25, 1.5, 2.0, 3.0, 5.0, 8.0, 12.0)
PLAIN = "datum.value + ''"
MEANING = (
    "By Schoenfeld's formula for the log-rank test, with the events and the sizes of the groups as "
    "they are. Hazard ratios are set beforehand: what size would matter to a patient? The power at "
    "the hazard ratio that was found is only its p-value in another form, so it is not given."
)


@dataclass(frozen=True)
class PrecisionShape:
    """What the layout of the figure depends on."""

    title: str
    top: float

    @classmethod
    def of(cls, cohort: Cohort, found: PrecisionResult) -> PrecisionShape:
        """The shape for a result: the axis ends at a step above the curve, or where it is cut."""
        inner = [x for x in found.curve.tolist() if math.isfinite(x)]
        needed = max([*inner, 1.25], default=1.25)
        top = next((s for s in STEPS[1:] if s >= needed), HIGHEST)
        # No cutoff in the title: the figure keeps its layout while the cutoff moves.
        group = "the high group" if cohort.groups.thresholds else found.contrasts[0].label
        return cls(f"Share of the patients in {group}", top)


def description(shape: PrecisionShape) -> Figure:
    """Build the figure without data: the detectable hazard ratio against the share."""
    x = alt.X(
        "share:Q",
        title=shape.title,
        scale=alt.Scale(domain=[0, 1], nice=False),
        axis=alt.Axis(format="%", tickCount=5, grid=False),
    )
    y = alt.Y(
        "hazard_ratio:Q",
        title="Detectable hazard ratio",
        scale=alt.Scale(type="log", domain=[1, shape.top], nice=False),
        axis=alt.Axis(
            values=[s for s in STEPS if s <= shape.top], labelExpr=PLAIN, gridOpacity=0.5
        ),
    )
    line = alt.Chart(alt.NamedData("curve")).mark_line(color=INK, strokeWidth=2.2, clip=True)
    here = alt.Chart(alt.NamedData("here"))
    rule = here.mark_rule(strokeDash=[4, 3], opacity=0.6).encode(x)
    point = here.mark_point(filled=True, size=90, color=theme.colour(1), opacity=1, clip=True)
    label = here.mark_text(align="left", dx=9, dy=-9, fontSize=12, fontWeight=600)
    return finish(
        alt.layer(
            line.encode(x, y), rule, point.encode(x, y), label.encode(x, y, alt.Text("label:N"))
        ).properties(
            height=HEIGHT,
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 10, "bottom": 5},
        )
    )


def data(found: PrecisionResult, shape: PrecisionShape) -> Data:
    """The data of the figure: the curve, and where the groups are now."""
    first = found.contrasts[0]
    kept = [
        (s, y) for s, y in zip(found.shares.tolist(), found.curve.tolist(), strict=True) if y == y
    ]
    now = at_power(first, found.power)
    here: dict[str, Any] = {"share": [], "hazard_ratio": [], "label": []}
    if now is not None:
        here = {
            "share": [first.share],
            "hazard_ratio": [min(now, shape.top)],
            "label": [f"{numbers.ratio(now, None, None)} with {percent(first.share)}"],
        }
    return {
        "curve": pa.table({"share": [s for s, _ in kept], "hazard_ratio": [y for _, y in kept]}),
        "here": pa.table(here),
    }


def at_power(contrast: Contrast, power: float) -> float | None:
    """The detectable hazard ratio of a contrast at the power of the question."""
    return next((d.hazard_ratio for d in contrast.detectable if d.power == power), None)


def finding(cohort: Cohort, found: PrecisionResult) -> str:
    """What is detectable, and what a study of this size would miss."""
    first = found.contrasts[0]
    now = at_power(first, found.power)
    if now is None:
        return "There are no events yet: nothing can be detected."
    size = f"{numbers.ratio(now, None, None)} or more (or {numbers.ratio(1 / now, None, None)} "
    reference, label = cohort.groups.screen_labels[:2]
    events, share = numbers.count(first.events), percent(first.share)
    where = (
        f"With {events} events and {share} of the patients in {label},"
        if len(found.contrasts) == 1
        else f"Between {label} and {reference} ({events} events, {share} of the patients in the "
        "former),"
    )
    return (
        f"{where} a hazard ratio of {size}or less) is found with a power of "
        f"{percent(found.power)}. A smaller effect may be there and be missed."
    )


def percent(share: float) -> str:
    """A share as a percentage."""
    return f"{numbers.percent(share)}%"


def contrasts(found: PrecisionResult) -> pd.DataFrame:
    """A row per group against the first: what is detectable, and how exact the ratio would be."""
    rows = []
    for c in found.contrasts:
        row = {
            "Groups": f"{c.label} (vs {c.reference})",
            "Patients": numbers.count(c.n),
            "Events": numbers.count(c.events),
            "Share in the group": percent(c.share),
        }
        for power in sorted({d.power for x in found.contrasts for d in x.detectable}):
            value = at_power(c, power)
            row[f"Detectable with {percent(power)}"] = (
                "–"
                if value is None
                else f"{numbers.ratio(value, None, None)} / {numbers.ratio(1 / value, None, None)}"
            )
        row[f"Limits ({percent(1 - found.alpha)})"] = (
            "–" if c.factor is None else f"ratio ×/÷ {numbers.ratio(c.factor, None, None)}"
        )
        rows.append(row)
    return pd.DataFrame(rows)


def needed(found: PrecisionResult) -> pd.DataFrame:
    """Events that hazard ratios set beforehand need, and the power for them with those at hand."""
    return pd.DataFrame(
        [
            {
                "Hazard ratio": f"{n.hazard_ratio:g} (or {numbers.fixed(1 / n.hazard_ratio, 2)})",
                f"Events needed for {percent(found.power)}": f"{math.ceil(n.events):,}",
                "Power with the events at hand": percent(n.power),
            }
            for n in found.needed
        ]
    )


def meaning(found: PrecisionResult) -> str:
    """The variant used, and what not cutting the marker would give."""
    if found.hazard_ratio_per_sd is None:
        return MEANING
    per_sd = numbers.ratio(found.hazard_ratio_per_sd, None, None)
    return (
        f"{MEANING} Left uncut, in a Cox model of the number itself, the same events detect a "
        f"hazard ratio of {per_sd} per standard deviation (Hsieh and Lavori): cutting costs power."
    )


def rows(found: PrecisionResult) -> pd.DataFrame:
    """The contrasts with full precision, a row per power, for CSV."""
    found_rows = [
        {
            "group": c.label,
            "reference": c.reference,
            "n": c.n,
            "events": c.events,
            "share": c.share,
            "factor_of_limits": c.factor,
            "power": d.power,
            "hazard_ratio": d.hazard_ratio,
            "hazard_ratio_below": d.hazard_ratio_below,
        }
        for c in found.contrasts
        for d in c.detectable
    ]
    return pd.DataFrame(found_rows)


def needed_rows(found: PrecisionResult) -> pd.DataFrame:
    """Events needed with full precision, for CSV."""
    return tables.rows(found.needed)
