"""A report as a Word document: headings, captions and tables that Word itself knows as such."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from core.view.export import legal
from core.view.reports import figures
from core.view.reports.columns import Cells
from core.view.reports.document import Heading, Listing, Paragraph, Picture, Report, Table
from core.view.reports.packed import timeless
from core.view.reports.word_parts import (
    RED,
    caption,
    draw_table,
    field,
    stamp,
    style,
)

if TYPE_CHECKING:
    from docx.document import Document

TEXT_CM = 17.0
"""Width of the text on A4 with margins of 2 cm."""
TALL = 1.25
"""A figure higher than this share of its width is made narrower to fit on a page."""
KINDS = {"text": "Normal", "finding": "Finding", "quiet": "Small print", "warning": "Warning"}


def document(report: Report) -> bytes:
    """Write the report as a Word document.

    Parameters
    ----------
    report : Report

    Returns
    -------
    bytes
        A ``.docx`` file; the same for the same report.
    """
    import docx

    made = docx.Document()
    style(made)
    stamp(made.core_properties, report)
    _margins(made, report)
    made.add_paragraph(legal(report.title), style="Title")
    if report.banner:
        made.add_paragraph(legal(report.banner), style="Warning")
    date = f" {report.made.isoformat()}." if report.made else ""
    made.add_paragraph(legal(report.provenance + date), style="Small print")
    for block, after in zip(report.blocks, (*report.blocks[1:], None), strict=True):
        match block:
            case Heading(text, level):
                made.add_heading(legal(text), level)
            case Paragraph(text, kind):
                paragraph = made.add_paragraph(legal(text), style=KINDS[kind])
                if isinstance(after, Picture):
                    paragraph.paragraph_format.keep_with_next = True
            case Listing(items):
                for item in items:
                    made.add_paragraph(legal(item), style="List Bullet")
            case Picture():
                _picture(made, block, report.provenance)
            case Table():
                _table(made, block)
    _facts(made, report)
    out = io.BytesIO()
    made.save(out)
    return timeless(out.getvalue())


def _margins(made: Document, report: Report) -> None:
    """A4 with the banner above and the source and the page number below every page."""
    from docx.enum.text import WD_TAB_ALIGNMENT
    from docx.shared import Cm, RGBColor

    section = made.sections[0]
    section.page_width, section.page_height = Cm(21.0), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.0)
    section.top_margin, section.bottom_margin = Cm(2.2), Cm(2.0)
    head = section.header.paragraphs[0]
    head.style = made.styles["Header"]
    run = head.add_run(legal(report.banner or report.title))
    if report.banner:
        run.bold, run.font.color.rgb = True, RGBColor.from_string(RED)
    foot = section.footer.paragraphs[0]
    foot.style = made.styles["Footer"]
    foot.text = legal(report.provenance)
    page = section.footer.add_paragraph(style="Footer")
    page.paragraph_format.tab_stops.add_tab_stop(Cm(TEXT_CM), WD_TAB_ALIGNMENT.RIGHT)
    page.add_run("Made with Stratiscope\tPage ")
    field(page, "PAGE", "1")
    page.add_run(" of ")
    field(page, "NUMPAGES", "1")


def _picture(made: Document, block: Picture, footnote: str) -> None:
    """The figure, its alternative text, and its caption on the same page."""
    from docx.shared import Cm

    data, height = figures.png(block.chart, footnote, inches=TEXT_CM / 2.54)
    paragraph = made.add_paragraph(style="Figure")
    width = TEXT_CM * min(1.0, TALL / height)
    shape = paragraph.add_run().add_picture(io.BytesIO(data), width=Cm(width))
    properties = shape._inline.docPr
    properties.set("descr", legal(block.alternative))
    properties.set("title", legal(f"{block.name}. {block.title}"))
    said = f"{block.title}. {block.caption}".strip()
    caption(made, "Figure", block.number, said, above=False)


def _table(made: Document, block: Table) -> None:
    caption(made, "Table", block.number, f"{block.title}.", above=True)
    draw_table(made, Cells.of(block), width_cm=TEXT_CM, noted=bool(block.notes))
    for note in block.notes or ("",):
        made.add_paragraph(legal(note), style="Table note")


def _facts(made: Document, report: Report) -> None:
    """How the report was made."""
    made.add_heading("How this report was made", 1)
    link = (("Link", report.link),) if report.link else ()
    for name, value in (*link, *report.facts):
        paragraph = made.add_paragraph(style="Small print")
        paragraph.add_run(legal(f"{name}: ")).bold = True
        paragraph.add_run(legal(value))
