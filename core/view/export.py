"""Figures as files, made without a browser."""

from __future__ import annotations

import json
import math
import textwrap
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
    datasets = {
        name: [{k: _plain(v) for k, v in row.items()} for row in table.to_pylist()]
        for name, table in figure.get("datasets", {}).items()
    }
    wrapped = [part for line in lines for part in textwrap.wrap(line, LINE)]
    alone = {
        **figure,
        "$schema": "https://vega.github.io/schema/vega-lite/v6.json",
        "config": PAPER,
        "title": {"text": title, "subtitle": wrapped},
        "datasets": datasets,
    }
    if alone.get("width") == "container":
        alone["width"] = SCREEN_WIDTH
        alone.pop("autosize", None)
    return json.dumps(alone)


def _plain(value: Any) -> Any:
    """What JSON can hold: a number that is not finite is missing."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
