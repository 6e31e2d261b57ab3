"""The map of two markers: what each pair of cutoffs would give, and what the search does to p."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.spec import shortest
from core.survival.cutoff.grid import GridResult
from core.view import numbers
from core.view.charts import AUTOSIZE, Data, Figure, finish
from core.view.lab import heat
from core.view.lab.verdict import LEVEL, percent

HEIGHT = 380
COLOURS = {"hazard_ratio": "Hazard ratio", "log10_p": "Log-rank p"}
"""What the colour of a cell can tell."""
RATIOS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 4.0, 10.0, 20.0)
BELOW, EVEN, ABOVE = "#0072B2", "#d7dde3", "#D55E00"
"""A high group that does better, as well, and worse: the colours of the groups."""
LEGEND = (
    "Each cell is one pair of cutoffs: the patients who are high against all others. Click a cell "
    "to use its cutoffs on all pages. The solid frame is the pair in force, the dashed one the "
    "pair that parts the groups most. Cells with fewer than {} events in a group are empty."
)


@dataclass(frozen=True)
class GridShape:
    """What the layout depends on.

    Attributes
    ----------
    titles : tuple of str
        Both markers with their units.
    cutoffs, second_cutoffs : tuple of float
    colour : str
        One of `COLOURS`.
    most : float
        End of the colours: a binary logarithm of hazard ratios, or -log10 p.
    """

    titles: tuple[str, str]
    cutoffs: tuple[float, ...]
    second_cutoffs: tuple[float, ...]
    colour: str
    most: float

    @classmethod
    def of(cls, cohort: Cohort, result: GridResult, colour: str) -> GridShape:
        """The shape for a map."""
        variables = [cohort.dataset.variables[name] for name in (result.variable, result.second)]
        first, second = (v.title + (f" ({v.unit})" if v.unit else "") for v in variables)
        shades = np.abs(_shades(result, colour))
        most = float(np.max(shades[np.isfinite(shades)], initial=1.0))
        return cls(
            (first, second),
            tuple(result.cutoff.tolist()),
            tuple(result.second_cutoff.tolist()),
            colour,
            min(float(np.ceil(2 * most)) / 2, 4.0 if colour == "hazard_ratio" else 300.0),
        )


def description(shape: GridShape) -> Figure:
    """Build the map without data."""
    across = heat.x("first", shape.cutoffs, f"Cutoff of {shape.titles[0]}")
    up = heat.y("second", shape.second_cutoffs, f"Cutoff of {shape.titles[1]}")
    tips = [
        alt.Tooltip("who:N", title="High group"),
        alt.Tooltip("size:N", title="Patients (events)"),
        alt.Tooltip("ratio:N", title="Hazard ratio"),
        alt.Tooltip("alone:N", title="p taken alone"),
        alt.Tooltip("after:N", title="p after the search"),
    ]
    # `asked` changes with the cutoffs in force, so that the same cell can be taken again later.
    take = alt.selection_point(
        name="take", fields=["first", "second", "asked"], on="click", empty=False
    )
    cells = alt.Chart(alt.NamedData("cells")).mark_rect(cursor="pointer")
    drawn = cells.encode(across, up, _colour(shape), tips).add_params(take)
    best = heat.framed("best", across, up, dash=(3, 2))
    return finish(
        alt.layer(drawn, *best, *heat.framed("now", across, up)).properties(
            height=HEIGHT,
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 5, "bottom": 5},
        )
    )


def _colour(shape: GridShape) -> Any:
    if shape.colour == "log10_p":
        scale = alt.Scale(
            range=[heat.PALE, heat.LIGHT, heat.DEEP],
            domain=[0, shape.most / 2, shape.most],
            interpolate="rgb",
        )
        said = "datum.value == 0 ? '1' : '1e-' + datum.value"
        step = max(1, round(shape.most / 4))
        values = [float(v) for v in range(0, int(shape.most) + 1, step)]
        legend = heat.legend("Log-rank p, taken alone", values=values, text=said)
    else:
        scale = alt.Scale(
            range=[BELOW, EVEN, ABOVE],
            domain=[-shape.most, 0, shape.most],
            clamp=True,
            interpolate="rgb",
        )
        values = [float(np.log2(r)) for r in RATIOS if abs(np.log2(r)) <= shape.most + 1e-9]
        said = "format(pow(2, datum.value), '.2~f')"
        legend = heat.legend("Hazard ratio, high against others", values=values, text=said)
    return alt.Color("shade:Q", scale=scale, legend=legend)


def _shades(result: GridResult, colour: str) -> np.ndarray:
    """What the colour shows; NaN where there is nothing to show."""
    if colour == "log10_p":
        return -result.log10_p
    with np.errstate(divide="ignore"):
        return np.asarray(np.log2(result.hazard_ratio))


def data(cohort: Cohort, result: GridResult, colour: str) -> Data:
    """The data of the map."""
    shades = _shades(result, colour)
    i, j = np.nonzero(np.isfinite(shades))
    place, _ = in_force(cohort, result)
    return {
        "cells": pa.table({
            "first": result.cutoff[i], "second": result.second_cutoff[j], "shade": shades[i, j],
            "asked": [_asked(cohort)] * len(i), **_said(cohort, result, i, j),
        }),
        "best": _cell(result, result.best),
        "now": _cell(result, place),
    }  # fmt: skip


def _said(cohort: Cohort, result: GridResult, i: np.ndarray, j: np.ndarray) -> dict[str, list[str]]:
    """What the hover box reads."""
    cells = list(zip(i.tolist(), j.tolist(), strict=True))
    return {
        "who": [who(cohort, result, cell) for cell in cells],
        "size": [f"{result.n_high[c]:.0f} ({result.events_high[c]:.0f})" for c in cells],
        "ratio": [ratio(result, c) for c in cells],
        "alone": [numbers.p_cell(float(result.p_value[c])) for c in cells],
        "after": [p_after(result, c) for c in cells],
    }


def _cell(result: GridResult, place: tuple[int, int] | None) -> pa.Table:
    places = [] if place is None else [place]
    return pa.table({
        "first": pa.array([float(result.cutoff[i]) for i, _ in places], pa.float64()),
        "second": pa.array([float(result.second_cutoff[j]) for _, j in places], pa.float64()),
    })  # fmt: skip


def _asked(cohort: Cohort) -> str:
    groups = cohort.groups
    second = None if groups.second is None else groups.second.threshold
    return f"{groups.thresholds} {second} {groups.side}"


def in_force(cohort: Cohort, result: GridResult) -> tuple[tuple[int, int] | None, bool]:
    """The cell of the cutoffs in force, and whether it divides each marker as they do.

    Where they are not among the map's cutoffs it is the cell whose divisions are nearest; None
    where the groups are not made of these two markers.
    """
    groups = cohort.groups
    if groups.second is None or groups.second.by != result.second or len(groups.thresholds) != 1:
        return None, False
    compare = np.greater_equal if result.side == "ge" else np.greater
    found: list[int] = []
    exact = True
    for name, cutoffs, now in (
        (result.variable, result.cutoff, groups.thresholds[0]),
        (result.second, result.second_cutoff, groups.second.threshold),
    ):
        x = cohort.column(name).to_numpy(dtype=float)
        moved = np.abs((compare(x[:, None], cutoffs)).sum(axis=0) - compare(x, now).sum())
        found.append(int(moved.argmin()))
        exact = exact and int(moved.min()) == 0
    return (found[0], found[1]), exact


def who(cohort: Cohort, result: GridResult, cell: tuple[int, int]) -> str:
    """The high group of a cell: ``SUVmax >= 6.1 and HI >= 2.05``."""
    sign = "≥" if result.side == "ge" else ">"
    joint = "or" if result.combine == "either" else "and"
    parts = [
        f"{cohort.dataset.variables[name].title} {sign} {shortest(round(float(value), 6))}"
        for name, value in (
            (result.variable, result.cutoff[cell[0]]),
            (result.second, result.second_cutoff[cell[1]]),
        )
    ]
    return f" {joint} ".join(parts)


def ratio(result: GridResult, cell: tuple[int, int]) -> str:
    """Hazard ratio of a cell with its limits."""
    values = (result.hazard_ratio, result.conf_low, result.conf_high)
    found = [float(v[cell]) if np.isfinite(v[cell]) else None for v in values]
    return numbers.ratio(found[0], found[1], found[2])


def p_after(result: GridResult, cell: tuple[int, int]) -> str:
    """The p-value of a cell after the search over the map."""
    if result.p_adjusted is None:
        return "unknown"
    return numbers.p_cell(float(result.p_adjusted[cell]))


def finding(cohort: Cohort, result: GridResult) -> str:
    """What remains of the best pair of cutoffs, for somebody who reads one sentence."""
    of = (
        f"{who(cohort, result, result.best)} parts the patients most, out of "
        f"{numbers.count(result.cells)} pairs of cutoffs."
    )
    if result.p_corrected is None or result.p_naive is None:
        return f"{of} How much of it the search alone would find is not known."
    if result.p_corrected < LEVEL:
        return f"{of} A difference remains after allowing for the search over the whole map."
    if result.p_naive >= LEVEL:
        return f"{of} Even taken alone its p is not below {LEVEL:g}."
    return (
        f"{of} Taken alone it would pass for a finding. A map like this one finds as much by "
        f"chance in {percent(result.p_corrected)} of pairs of markers that have no effect."
    )


def now(cohort: Cohort, result: GridResult) -> str:
    """What the cutoffs in force give, both p-values together."""
    cell, exact = in_force(cohort, result)
    if cell is None:
        return ""
    if not exact:
        return "The cutoffs in force are not on the map: the nearest cell is framed."
    if np.isnan(result.statistic[cell]):
        return f"The cutoffs in force leave fewer than {result.min_events} events in a group."
    alone = numbers.p_value(float(result.p_value[cell]))
    said = f"In force: {who(cohort, result, cell)}, hazard ratio {ratio(result, cell)}"
    if result.p_adjusted is None:
        return f"{said}; p {alone} taken alone."
    after = numbers.p_value(float(result.p_adjusted[cell]))
    return f"{said}; p {alone} taken alone, p {after} after the search over the map."


def key_numbers(result: GridResult) -> list[tuple[str, str]]:
    """The p-values of the best pair of cutoffs, the corrected one first."""
    return [
        ("p after the search, whole map", p_after(result, result.best)),
        ("p of the best pair alone", numbers.p_cell(result.p_naive)),
        ("Hazard ratio of the best pair", ratio(result, result.best)),
    ]


def table(result: GridResult) -> pd.DataFrame:
    """Every cell that is not empty, with full precision, for CSV."""
    i, j = np.nonzero(np.isfinite(result.maxstat))
    named = ("n_high", "events_high", "statistic", "p_value", "hazard_ratio", "conf_low",
             "conf_high", "maxstat")  # fmt: skip
    columns: dict[str, Any] = {
        result.variable: result.cutoff[i],
        f"{result.second} (second)": result.second_cutoff[j],
        **{name: getattr(result, name)[i, j] for name in named},
    }
    if result.p_adjusted is not None:
        columns["p_adjusted"] = result.p_adjusted[i, j]
    return pd.DataFrame(columns)
