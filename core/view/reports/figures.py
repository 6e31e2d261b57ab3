"""Figures as SVG and PNG for reports: drawn once, with their source below them.

What the drawing library returns is read again and only known elements and attributes are kept, so
that nothing in it can run or fetch anything, whatever the columns of a table are called.
"""

from __future__ import annotations

import re
import textwrap
import xml.etree.ElementTree as ET
from typing import Any

from core.view import export
from core.view.charts import Figure
from core.view.export import PAPER, legal

SVG = "{http://www.w3.org/2000/svg}"
ELEMENTS = frozenset(
    ("svg", "g", "path", "text", "tspan", "rect", "line", "circle", "clipPath", "defs", "stop",
     "linearGradient", "title", "desc")
)  # fmt: skip
ATTRIBUTES = frozenset(
    ("clip-path", "cx", "cy", "d", "display", "dx", "dy", "fill", "fill-opacity", "font-family",
     "font-size", "font-style", "font-weight", "height", "id", "offset", "opacity", "r",
     "stop-color", "stroke", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap",
     "stroke-linejoin", "stroke-miterlimit", "stroke-opacity", "stroke-width", "text-anchor",
     "transform", "version", "viewBox", "width", "x", "x1", "x2", "y", "y1", "y2")
)  # fmt: skip
INK = "currentColor"
"""Texts and rules have the colour of the text around them: a figure is read on dark paper, too."""
GRID = "#b3bcc5"
"""Lines behind the data, on light and on dark paper."""
BLACK = "#1b2733"
"""What that is on white paper."""
FOOTNOTE = 9.5
"""Size of the footnote; a line of it is 1.35 times as high."""
WIDE = 0.5
"""Mean width of a letter as a share of its size."""


def svg(chart: Figure, footnote: str, *, name: str = "f", title: str = "", said: str = "") -> str:
    """Draw a figure with its source below it.

    Parameters
    ----------
    chart : Figure
        With its data.
    footnote : str
        Which data, and whether they are real.
    name : str
        A prefix that no other figure of the document has: letters and digits.
    title, said : str
        Name and description for those who do not see it.

    Returns
    -------
    str
        An ``svg`` element for a web page, in the colour of its text.
    """
    root = _drawn(chart, footnote, name)
    children = list(root)
    for child in children:
        root.remove(child)
    for kind, text in (("title", title), ("desc", said)):
        ET.SubElement(root, kind, {"id": f"{name}-{kind}"}).text = legal(text)
    root.extend(children)
    root.set("role", "img")
    root.set("aria-labelledby", f"{name}-title {name}-desc")
    return ET.tostring(root, encoding="unicode")


def png(chart: Figure, footnote: str, *, inches: float, dpi: int = 300) -> tuple[bytes, float]:
    """Draw a figure for print.

    Parameters
    ----------
    chart : Figure
        With its data.
    footnote : str
    inches : float
        Its width on paper.
    dpi : int
        Pixels of an inch of the paper.

    Returns
    -------
    bytes
        A PNG on white paper.
    float
        Its height as a share of its width.
    """
    import vl_convert

    root = _drawn(chart, footnote, "f")
    width, height = _size(root)
    paper = ET.Element("rect", {"width": f"{width}", "height": f"{height}", "fill": "white"})
    root.insert(0, paper)
    root.set("xmlns", "http://www.w3.org/2000/svg")
    root.set("color", BLACK)
    text = ET.tostring(root, encoding="unicode")
    return bytes(vl_convert.svg_to_png(text, scale=dpi * inches / width)), height / width


def _drawn(chart: Figure, footnote: str, name: str) -> ET.Element:
    import vl_convert

    text = vl_convert.vegalite_to_svg(_description(chart), allowed_base_urls=[])
    root = _known(ET.fromstring(text), name, {})
    _footnote(root, footnote)
    return root


def _description(chart: Figure) -> str:
    """The figure as text, with its data written into it."""
    quiet = {"labelColor": INK, "titleColor": INK}
    config: dict[str, Any] = {
        **PAPER,
        "aria": False,
        "background": None,
        "text": {"color": INK},
        "rule": {"color": INK},
        "axis": {**PAPER["axis"], **quiet, "gridColor": GRID},
        "legend": quiet,
        "header": quiet,
        "title": {**PAPER["title"], "color": INK, "subtitleColor": INK},
    }
    return export.alone(chart, config)


def _known(element: ET.Element, name: str, ids: dict[str, str]) -> ET.Element:
    """A copy with the known elements and attributes only, and with ids of its own.

    The library numbers ids on from figure to figure; here they are counted anew in each.
    """
    kept = ET.Element(element.tag.removeprefix(SVG))
    kept.text, kept.tail = element.text, element.tail
    for key, value in element.attrib.items():
        if key not in ATTRIBUTES:
            continue
        reference = re.fullmatch(r"url\(#([\w-]+)\)", value)
        if key == "id":
            value = ids.setdefault(value, f"{name}-{len(ids)}")
        elif reference is not None:
            value = f"url(#{ids.setdefault(reference[1], f'{name}-{len(ids)}')})"
        elif value.startswith("url("):
            continue
        kept.set(key, value)
    for child in element:
        if child.tag.removeprefix(SVG) in ELEMENTS and child.get("display") != "none":
            kept.append(_known(child, name, ids))
    return kept


def _size(root: ET.Element) -> tuple[float, float]:
    width, height = (float(root.get(side) or 0) for side in ("width", "height"))
    return width, height


def _footnote(root: ET.Element, text: str) -> None:
    """Write the footnote below the drawing and make room for it."""
    width, height = _size(root)
    letters = max(40, int((width - 10) / (WIDE * FOOTNOTE)))
    lines = textwrap.wrap(text, letters)
    step = 1.35 * FOOTNOTE
    font = {"font-family": PAPER["font"], "font-size": f"{FOOTNOTE}px", "fill": INK}
    for i, line in enumerate(lines):
        place = {"x": "5", "y": f"{height + step * (i + 1):.1f}", **font}
        ET.SubElement(root, "text", place).text = legal(line)
    height = round(height + step * len(lines) + 5)
    root.set("height", f"{height}")
    root.set("viewBox", f"0 0 {width:g} {height}")
