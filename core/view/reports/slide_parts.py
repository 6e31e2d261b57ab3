"""The pieces of slides that python-pptx has no call for: texts of one style, tables with rules."""

from __future__ import annotations

import dataclasses
from typing import Any

from core.view.reports.columns import Cells

Slide = Any
"""What python-pptx says of its own types is not so in several places."""

WIDTH, HEIGHT = 13.333, 7.5
"""Inches of a slide."""
MARGIN = 0.5
INK, GREY, RED = "1B2733", "4D5B69", "7A1F1F"
FONT = "Arial"
SIZES = (16.0, 14.0, 12.0, 11.0, 10.0, 9.0)
"""Sizes of type in a table that stands on one slide, the largest that fits."""
READABLE = (12.0, 11.0, 10.0, 9.0, 8.0, 7.0)
"""Sizes of type in one that needs several, the largest that is not too wide."""
LEADING = 1.32
"""Height of a line over the size of its type."""
LETTER = 0.0074
"""Mean width of a letter in inches per point of its size."""
PADDING = 0.07
"""Inches that a row is higher than its text."""
PLAIN = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
"""How PowerPoint calls a table without colours and rules."""
Part = tuple[Cells, float, list[float]]


def _colour(code: str) -> Any:
    from pptx.dml import color

    made: Any = color.RGBColor  # its own call has no types
    return made.from_string(code)


def write(
    frame: Any,
    text: str,
    *,
    size: float,
    bold: bool = False,
    colour: str = INK,
    more: bool = False,
) -> None:
    """Write a paragraph into a frame; `more` adds it below what is there."""
    from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
    from pptx.util import Pt

    frame.word_wrap = True
    frame.vertical_anchor = MSO_ANCHOR.TOP
    paragraph = frame.add_paragraph() if more else frame.paragraphs[0]
    paragraph.text = ""
    paragraph.alignment = PP_ALIGN.LEFT
    run = paragraph.add_run()
    run.text = text
    run.font.size, run.font.bold, run.font.name = Pt(size), bold, FONT
    run.font.color.rgb = _colour(colour)


def parted(block: Cells, width: float, height: float) -> list[Part]:
    """Divide a table among slides: one if it can be read there, else as many as it takes.

    Parameters
    ----------
    block : Cells
    width, height : float
        Inches that there are.

    Returns
    -------
    list of (Cells, float, list of float)
        Rows of each slide with the header, size of the type in points, widths in inches.
    """
    for size in SIZES:
        chosen, widths = block.fit(2.54 * width, (size, 1.0))
        inches = [w / 2.54 for w in widths]
        if chosen == size and tall(block, inches, size) <= height:
            return [(block, size, inches)]
    size, widths = block.fit(2.54 * width, READABLE)
    inches = [w / 2.54 for w in widths]
    heights = [_tall(row, inches, size) for row in block.rows]
    head = _tall(block.heads, inches, size)
    pages = _pages(heights, height - head)
    # As many again, but alike: a row alone on the last slide looks like a mistake.
    even = _pages(heights, min(height - head, 1.1 * sum(heights) / len(pages)))
    kept = even if len(even) <= len(pages) else pages
    return [(_rows(block, at), size, inches) for at in kept]


def tall(block: Cells, widths: list[float], size: float) -> float:
    """Inches that a table is high."""
    return sum(_tall(row, widths, size) for row in (block.heads, *block.rows))


def _rows(block: Cells, at: list[int]) -> Cells:
    rows = tuple(block.rows[i] for i in at)
    colours = tuple(block.colours[i] for i in at) if block.colours else ()
    return dataclasses.replace(block, rows=rows, colours=colours)


def _pages(heights: list[float], room: float) -> list[list[int]]:
    """Positions of the rows of each slide, whose heights together stay within the room.

    Examples
    --------
    >>> _pages([1.0, 1.0, 1.0], 2.5)
    [[0, 1], [2]]
    """
    pages: list[list[int]] = [[]]
    used = 0.0
    for i, height in enumerate(heights):
        if pages[-1] and used + height > room:
            pages.append([])
            used = 0.0
        pages[-1].append(i)
        used += height
    return pages


def _tall(row: tuple[str, ...], widths: list[float], size: float) -> float:
    """Inches that a row needs, by the letters that its cells have room for."""
    letter = LETTER * size
    lines = 1
    for text, width in zip(row, widths, strict=True):
        room = max(1, int((width - 0.1) / letter))
        lines = max(lines, _lines(text, room))
    return lines * size / 72 * LEADING + PADDING


def _lines(text: str, room: int) -> int:
    """Lines of a text that is broken at its blanks."""
    lines, used = 1, 0
    for word in text.split():
        need = len(word) + (used > 0)
        if used and used + need > room:
            lines, used = lines + 1, len(word)
        else:
            used += need
        lines, used = lines + max(0, used - 1) // room, used if used <= room else used % room
    return lines


def draw_table(slide: Slide, block: Cells, *, size: float, widths: list[float], top: float) -> None:
    """Draw a table with three rules that can be edited."""
    from pptx.util import Inches

    shape: Any = slide.shapes.add_table(
        1 + len(block.rows), len(block.heads), Inches(MARGIN), Inches(top),
        Inches(sum(widths)), Inches(0.1),
    )  # fmt: skip
    properties = shape._element.nvGraphicFramePr.cNvPr
    properties.set("descr", block.said)
    properties.set("name", block.said)
    table = shape.table
    table.horz_banding = False
    shape._element.graphic.graphicData.tbl.tblPr.find(_name("tableStyleId")).text = PLAIN
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Inches(width)
    last = len(block.rows)
    for r, texts in enumerate((block.heads, *block.rows)):
        table.rows[r].height = Inches(_tall(texts, widths, size))
        for c, text in enumerate(texts):
            cell = table.cell(r, c)
            colour = block.colours[r - 1] if r and not c and block.colours else ""
            _fill(cell, text, size=size, head=r == 0, words=block.words[c], colour=colour)
            if r == 0:
                _rule(cell, "lnT", 1.5)
            if r in (0, last):
                _rule(cell, "lnB", 0.75 if r == 0 else 1.5)


def _fill(cell: Any, text: str, *, size: float, head: bool, words: bool, colour: str) -> None:
    from pptx.enum.text import PP_ALIGN
    from pptx.util import Inches, Pt

    cell.margin_left = cell.margin_right = Inches(0.05)
    cell.margin_top = cell.margin_bottom = Inches(PADDING / 2)
    paragraph = cell.text_frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.LEFT if words else PP_ALIGN.RIGHT
    # Without it an empty cell is as high as 18 points, and its row with it.
    paragraph._p.get_or_add_endParaRPr().set("sz", str(round(100 * size)))
    for part, ink in (("\u25a0 ", colour), (text, INK if text else "")):
        if ink:
            run = paragraph.add_run()
            run.text = part
            run.font.size, run.font.bold, run.font.name = Pt(size), head, FONT
            run.font.color.rgb = _colour(ink)


def _name(tag: str) -> str:
    from pptx.oxml.ns import qn

    return qn(f"a:{tag}")


def _rule(cell: Any, side: str, points: float) -> None:
    """A rule above or below a cell."""
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    line = (
        f'<a:{side} {nsdecls("a")} w="{round(points * 12700)}" cmpd="sng"><a:solidFill>'
        f'<a:srgbClr val="{INK}"/></a:solidFill></a:{side}>'
    )
    cell._tc.get_or_add_tcPr().append(parse_xml(line))
