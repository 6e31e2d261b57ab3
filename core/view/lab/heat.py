"""Heat maps over pairs of cutoffs: axes of cutoffs, cells, and the frames around some of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

LABEL = "abs(datum.value) >= 1000 ? format(datum.value, '.0f') : format(datum.value, '.3~g')"
"""Label of a cutoff on an axis; in the hover box it stands in full."""
TICKS: dict[str, Any] = {
    "labelExpr": LABEL, "labelOverlap": True, "labelSeparation": 4, "ticks": False, "grid": False,
}  # fmt: skip
PALE, LIGHT, DEEP = "#d7dde3", "#7fb3d5", "#0b4f7d"
"""From no difference to the largest one, on white and on dark paper."""


def x(field: str, cutoffs: Sequence[float], title: str) -> Any:
    """A horizontal axis with a place for each cutoff, ascending."""
    return alt.X(
        f"{field}:O",
        title=title,
        scale=alt.Scale(domain=list(cutoffs), paddingInner=0),
        axis=alt.Axis(labelAngle=0, **TICKS),
    )


def y(field: str, cutoffs: Sequence[float], title: str) -> Any:
    """A vertical axis with a place for each cutoff, the largest one at the top."""
    return alt.Y(
        f"{field}:O",
        title=title,
        scale=alt.Scale(domain=list(cutoffs)[::-1], paddingInner=0),
        axis=alt.Axis(**TICKS),
    )


def legend(title: str, *, values: Sequence[float] | None = None, text: str = "") -> Any:
    """A legend above the map, so that the map has the whole width."""
    given: dict[str, Any] = {} if values is None else {"values": list(values)}
    if text:
        given["labelExpr"] = text
    return alt.Legend(
        titleLimit=0, title=title, orient="top", direction="horizontal", gradientLength=180, **given
    )


def framed(name: str, across: Any, up: Any, *, dash: tuple[int, int] = (1, 0)) -> list[Any]:
    """A frame around the cells of a table, dark within light: seen on every colour and paper."""
    cell = alt.Chart(alt.NamedData(name))
    light = cell.mark_rect(fillOpacity=0, stroke="white", strokeWidth=4, tooltip=None)
    dark = cell.mark_rect(
        fillOpacity=0, stroke="black", strokeWidth=1.6, strokeDash=list(dash), tooltip=None
    )
    return [mark.encode(across, up) for mark in (light, dark)]
