"""A report as slides: a title, then a slide for each figure and each table, which can be edited."""

from __future__ import annotations

import io
from typing import Any

from core.view.export import legal
from core.view.reports import figures
from core.view.reports.columns import Cells
from core.view.reports.document import Heading, Paragraph, Picture, Report, Table
from core.view.reports.packed import timeless
from core.view.reports.slide_parts import (
    GREY,
    HEIGHT,
    INK,
    MARGIN,
    RED,
    WIDTH,
    Slide,
    draw_table,
    parted,
    tall,
    write,
)
from core.view.reports.word_parts import stamp

TOP = 1.0
"""Inches above the content of a slide: its title stands there."""
BOTTOM = 0.62
"""Inches below it: the footer."""
ROOM = HEIGHT - TOP - BOTTOM
DPI = 220
"""Pixels of an inch: a slide is looked at on a screen."""
LONGEST = 420
"""Letters of a finding that a slide has room for."""


def slides(report: Report) -> bytes:
    """Write the report as a PowerPoint file.

    Parameters
    ----------
    report : Report

    Returns
    -------
    bytes
        A ``.pptx`` file; the same for the same report.
    """
    import pptx
    from pptx.util import Inches

    made: Any = pptx.Presentation()
    made.slide_width, made.slide_height = Inches(WIDTH), Inches(HEIGHT)
    stamp(made.core_properties, report)
    _layouts(made)
    _title(made, report)
    for block in report.blocks:
        if isinstance(block, Picture):
            _picture(made, report, block)
        elif isinstance(block, Table):
            _table(made, report, block)
    _methods(made, report)
    out = io.BytesIO()
    made.save(out)
    return timeless(out.getvalue())


def _layouts(made: Any) -> None:
    """Move the titles of the template, which is narrower, to where a wide slide has them."""
    from pptx.util import Inches

    for layout in made.slide_layouts:
        for shape in layout.placeholders:
            if shape.placeholder_format.type in (1, 3):  # a title, alone or centred
                shape.left, shape.top = Inches(MARGIN), Inches(0.25)
                shape.width, shape.height = Inches(WIDTH - 2 * MARGIN), Inches(0.7)


def _slide(made: Any, report: Report, title: str) -> Slide:
    """A slide with its title, and the banner and the source below."""
    slide: Slide = made.slides.add_slide(made.slide_layouts[5])
    head = slide.shapes.title
    if head is not None:
        size = 22 if len(title) < 70 else 16 if len(title) < 180 else 11
        write(head.text_frame, legal(title), size=size, bold=True)
    footer = slide.shapes.add_textbox(*_inches(MARGIN, HEIGHT - 0.58, WIDTH - 2 * MARGIN, 0.5))
    footer.name = "Footer"
    if report.banner:
        write(footer.text_frame, legal(report.banner), size=9, bold=True, colour=RED)
    write(
        footer.text_frame, legal(report.provenance), size=9, colour=GREY, more=bool(report.banner)
    )
    return slide


def _inches(*values: float) -> Any:
    from pptx.util import Inches

    return [Inches(value) for value in values]


def _title(made: Any, report: Report) -> None:
    slide = _slide(made, report, report.title)
    head = slide.shapes.title
    if head is not None:
        head.left, head.top, head.width, head.height = _inches(MARGIN, 1.6, WIDTH - 2 * MARGIN, 1.8)
        write(
            head.text_frame,
            legal(report.title),
            size=36 if len(report.title) < 90 else 20,
            bold=True,
        )
    said = slide.shapes.add_textbox(*_inches(MARGIN, 3.6, WIDTH - 2 * MARGIN, 2.6))
    findings = [b.text for b in report.blocks if isinstance(b, Paragraph) and b.kind == "finding"]
    finding = next((p.finding for p in report.pictures if p.finding), "") or " ".join(findings[:1])
    write(said.text_frame, legal(finding), size=18)
    date = [report.made.isoformat()] if report.made else []
    made_by = " · ".join(["Made with Stratiscope", *date, report.link][: 2 + bool(report.link)])
    write(said.text_frame, legal(made_by), size=11, colour=GREY, more=True)


def _picture(made: Any, report: Report, block: Picture) -> None:
    """The figure as large as the slide allows, with what was found beside its number."""
    slide = _slide(made, report, f"{block.name}. {block.title}")
    finding = _short(block.finding)
    below = 0.62 if finding else 0.0
    data, share = figures.png(block.chart, report.provenance, inches=9.0, dpi=DPI)
    width = min(WIDTH - 2 * MARGIN, (ROOM - below) / share)
    place = _inches((WIDTH - width) / 2, TOP + below, width, width * share)
    picture = slide.shapes.add_picture(io.BytesIO(data), *place)
    properties = picture._element.nvPicPr.cNvPr
    properties.set("descr", legal(block.alternative))
    properties.set("name", legal(f"{block.name}. {block.title}"))
    if finding:
        said = slide.shapes.add_textbox(*_inches(MARGIN, TOP - 0.1, WIDTH - 2 * MARGIN, below))
        write(said.text_frame, legal(finding), size=14 if len(finding) < 230 else 12)
    _notes(slide, f"{block.caption} {block.finding}")


def _short(text: str) -> str:
    """Whole sentences, as many as there is room for."""
    if len(text) <= LONGEST:
        return text
    kept = text[:LONGEST].rpartition(". ")[0]
    return f"{kept}." if kept else ""


def _table(made: Any, report: Report, block: Table) -> None:
    """The table, on as many slides as its rows need; each has the header again."""
    cells = Cells.of(block)
    rest = 0.55 if block.notes else 0.0
    pages = parted(cells, WIDTH - 2 * MARGIN, ROOM - rest)
    for i, (part, size, widths) in enumerate(pages):
        more = f" ({i + 1} of {len(pages)})" if len(pages) > 1 else ""
        slide = _slide(made, report, f"{block.name}. {block.title}{more}")
        draw_table(slide, part, size=size, widths=widths, top=TOP)
        notes = " ".join(block.notes)
        if notes and i == len(pages) - 1:
            below = TOP + 0.05 + tall(part, widths, size)
            said = slide.shapes.add_textbox(
                *_inches(MARGIN - 0.05, below, WIDTH - 2 * MARGIN, rest)
            )
            write(said.text_frame, legal(_short(notes)), size=10, colour=GREY)
        _notes(slide, notes)


def _notes(slide: Slide, text: str) -> None:
    """Put the rest of what is to be said into the notes of the speaker."""
    frame = slide.notes_slide.notes_text_frame
    if text.strip() and frame is not None:
        frame.text = legal(text.strip())


def _methods(made: Any, report: Report) -> None:
    """Methods, and how the report was made, on the last slides."""
    blocks = list(report.blocks)
    at = next(i for i, b in enumerate(blocks) if isinstance(b, Heading) and b.text == "Methods")
    said = blocks[at + 1]
    text = said.text if isinstance(said, Paragraph) else ""
    facts = " ".join(f"{name}: {value}." for name, value in report.facts)
    for title, words in (("Methods", text), ("How these slides were made", facts)):
        slide = _slide(made, report, title)
        box = slide.shapes.add_textbox(*_inches(MARGIN, TOP, WIDTH - 2 * MARGIN, ROOM))
        size = 14 if len(words) < 1800 else 11 if len(words) < 3200 else 9
        write(box.text_frame, legal(words), size=size, colour=INK)
