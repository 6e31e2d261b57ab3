"""Colours and marks of the groups: the same for a group in every figure and table."""

from __future__ import annotations

GROUP_COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8C6BB1", "#A6761D", "#1F9BCF", "#7F7F7F",
)  # fmt: skip
"""The first four are Okabe and Ito's; all keep a contrast of 3 to 1 on white and on dark paper."""

GROUP_DASHES: tuple[tuple[int, ...], ...] = ((1, 0), (7, 3), (2, 2), (9, 3, 2, 3))
"""A second mark beside colour, for print in grey and for colour-blind readers."""


def colour(group: int) -> str:
    """Colour of a group by its position; it repeats after eight."""
    return GROUP_COLOURS[group % len(GROUP_COLOURS)]


def dash(group: int) -> tuple[int, ...]:
    """Dash pattern of a group's curve."""
    return GROUP_DASHES[group % len(GROUP_DASHES)]


def ink(*, dark: bool) -> dict[str, object]:
    """Colour of texts and rules inside a figure, which do not follow the page by themselves.

    Streamlit's own grey for axes has too little contrast on white paper.
    """
    colour = "#e6edf3" if dark else "#1b2733"
    quiet = {"labelColor": colour, "titleColor": colour}
    return {"text": {"color": colour}, "rule": {"color": colour}, "axis": quiet, "legend": quiet}
