"""Figures as Vega-Lite: a description of the shape, built once, and the data that move.

What all figures share; the curves are in `core.view.curve.figure`. A shape depends on what stays
while a cutoff moves (unit, span of the axis, number of groups), so the browser keeps its view and
only the data change. Labels that change with the cutoff are data.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pyarrow as pa

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
PIXELS = 600
"""Width that curves are thinned to: one point per pixel column is all that can be seen."""
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
    [0, 12, 24, 36, 48, 60, 72, 84]
    """
    step = next((s for s in STEPS[unit] if last / s <= 8), None)
    if step is None:
        magnitude = 10.0 ** np.floor(np.log10(last / 8))
        step = next(m * magnitude for m in (1, 2, 5, 10) if last / (m * magnitude) <= 8)
    return [step * i for i in range(int(last / step + 1e-9) + 1)]


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
