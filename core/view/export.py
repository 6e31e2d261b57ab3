"""Figures as files, made without a browser."""

from __future__ import annotations

import json
import math
import re
import textwrap
from collections.abc import Mapping
from typing import Any

from core.view.charts import Figure

SCREEN_WIDTH = 720
"""Width of an exported figure in pixels at 72 dpi: 10 inches."""
LINE = 125
"""Characters of a line below the title: a longer one would make the figure wider than its plot."""
PAPER: dict[str, Any] = {
    "background": "white",
    "font": "Helvetica, Arial, sans-serif",
    "view": {"stroke": None},
    "axis": {"labelFontSize": 11, "titleFontSize": 12, "titleFontWeight": "normal"},
    "title": {"anchor": "start", "fontSize": 14, "subtitleFontSize": 11, "subtitleColor": "#444"},
}


def svg(figure: Figure, title: str, lines: list[str]) -> str:
    """Draw a figure as SVG.

    Parameters
    ----------
    figure : Figure
        With its data.
    title : str
        First line above the figure.
    lines : list of str
        Lines below the title: the finding, where the data come from.
    """
    import vl_convert

    return str(vl_convert.vegalite_to_svg(_paper(figure, title, lines), allowed_base_urls=[]))


def png(figure: Figure, title: str, lines: list[str], *, dpi: int | None = None) -> bytes:
    """Draw a figure as PNG: twice the pixels of the screen, or at a resolution for print."""
    import vl_convert

    scale, ppi = (2.0, None) if dpi is None else (None, float(dpi))
    description = _paper(figure, title, lines)
    return bytes(
        vl_convert.vegalite_to_png(description, scale=scale, ppi=ppi, allowed_base_urls=[])
    )


def _paper(figure: Figure, title: str, lines: list[str]) -> str:
    """A figure that stands alone: white paper, a title, its data written into it."""
    wrapped = [part for line in lines for part in textwrap.wrap(line, LINE)]
    return alone({**figure, "title": {"text": title, "subtitle": wrapped}}, PAPER)


def alone(figure: Figure, config: Mapping[str, Any]) -> str:
    """A figure as text, with its data written into it, fit for the drawing library.

    Parameters
    ----------
    figure : Figure
        With its data.
    config : mapping of str to object
        How it is drawn.
    """
    datasets = {name: table.to_pylist() for name, table in figure.get("datasets", {}).items()}
    schema = "https://vega.github.io/schema/vega-lite/v6.json"
    made = {**figure, "$schema": schema, "config": config, "datasets": datasets}
    if made.get("width") == "container":
        made["width"] = SCREEN_WIDTH
        made.pop("autosize", None)
    return json.dumps(_plain(made))


def legal(text: str) -> str:
    r"""A text without the characters that XML, and so SVG and Office files, cannot hold.

    Examples
    --------
    >>> legal("grade\x1b II")
    'grade II'
    """
    return _ILLEGAL.sub("", text)


_ILLEGAL = re.compile(r"[^\t\n\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def _plain(value: Any) -> Any:
    """What JSON and the drawing library can hold.

    A number that is not finite is missing. A control character in a label would end the whole
    process: the library does not survive a text that XML cannot hold.
    """
    if isinstance(value, Mapping):
        return {legal(str(k)): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, str):
        return legal(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
