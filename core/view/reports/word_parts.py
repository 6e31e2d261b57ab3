"""The pieces of a Word document that python-docx has no call for: captions, fields, rules."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from core.view.export import legal
from core.view.reports.columns import MARGIN, Cells
from core.view.reports.document import Report

if TYPE_CHECKING:
    from docx.document import Document
    from docx.text.paragraph import Paragraph

FONT = "Arial"
INK = "1B2733"
RED = "7A1F1F"
GREY = "4D5B69"


class Look(NamedTuple):
    """Type and spacing of a style, in points."""

    name: str
    size: float
    before: float
    after: float
    colour: str = INK
    bold: bool = False


KNOWN = (
    Look("Normal", 10, 0, 6),
    Look("Title", 20, 0, 6, bold=True),
    Look("Heading 1", 14, 18, 6, bold=True),
    Look("Heading 2", 11, 10, 4, bold=True),
    Look("Caption", 9, 4, 4),
    Look("Header", 8, 0, 0, GREY),
    Look("Footer", 7.5, 0, 0, GREY),
    Look("List Bullet", 9.5, 0, 3),
)
"""Styles of Word's own."""
OWN = (
    Look("Finding", 10.5, 0, 6),
    Look("Small print", 8.5, 0, 4, GREY),
    Look("Warning", 10, 2, 6, RED),
    Look("Figure", 10, 8, 2),
    Look("Table note", 8, 3, 12, GREY),
    Look("Table cell", 9, 1, 1),
)
"""Styles that only a report has."""
FIRST_DAY = datetime.datetime(2000, 1, 1)
"""The date in the properties of a report that has none."""
SIZES = (9.0, 8.0, 7.0)
"""Sizes of type in a table, the largest that fits."""
SHORT = 12
"""Rows of a table that is not divided between pages."""
CELL = "Tablecell"
"""How Word itself calls the style of a cell."""


def stamp(properties: Any, report: Report) -> None:
    """Fill in the properties of a document: no author, and no time but the report's own."""
    when = FIRST_DAY
    if report.made is not None:
        when = datetime.datetime.combine(report.made, datetime.time())
    properties.title = legal(report.title)[:255]
    properties.subject = legal(report.banner)[:255]
    properties.author = properties.last_modified_by = "Stratiscope"
    properties.comments = legal(report.provenance)[:255]
    properties.created = properties.modified = when
    properties.language = "en-GB"


def style(made: Document) -> None:
    """Set the styles: plain type in black, so that a journal's template can take over."""
    from docx.enum.style import WD_STYLE_TYPE

    for look in KNOWN:
        _set(made.styles[look.name], look)
    for look in OWN:
        new = made.styles.add_style(look.name, WD_STYLE_TYPE.PARAGRAPH)
        new.base_style = made.styles["Normal"]
        _set(new, look)
    made.styles["Footer"].paragraph_format.tab_stops.clear_all()
    made.styles["Caption"].paragraph_format.keep_together = True
    for name in ("Heading 1", "Heading 2", "Title", "Finding", "Figure"):
        made.styles[name].paragraph_format.keep_with_next = True


def _set(one: Any, look: Look) -> None:
    from docx.oxml.ns import qn
    from docx.shared import Pt, RGBColor

    one.font.name, one.font.size, one.font.bold = FONT, Pt(look.size), look.bold
    one.font.italic = False
    one.font.color.rgb = RGBColor.from_string(look.colour)
    fonts = one.element.get_or_add_rPr().get_or_add_rFonts()
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(name), None)
    for name in ("w:ascii", "w:hAnsi", "w:cs", "w:eastAsia"):
        fonts.set(qn(name), FONT)
    one.paragraph_format.space_before = Pt(look.before)
    one.paragraph_format.space_after = Pt(look.after)
    border = one.element.find(".//" + qn("w:pBdr"))
    if border is not None:  # the line that the template draws below a title
        border.getparent().remove(border)


def field(paragraph: Paragraph, code: str, shown: str) -> None:
    """Add a field that Word computes, such as a page number, with what it shows until then."""
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    simple = OxmlElement("w:fldSimple")
    simple.set(qn("w:instr"), f" {code} ")
    run = OxmlElement("w:r")
    text = OxmlElement("w:t")
    text.text = shown
    run.append(text)
    simple.append(run)
    paragraph._p.append(simple)


def caption(made: Document, kind: str, number: int, text: str, *, above: bool) -> None:
    """Add a caption that Word numbers itself, so that lists of figures and tables can be made."""
    paragraph = made.add_paragraph(style="Caption")
    paragraph.add_run(f"{kind} ").bold = True
    field(paragraph, f"SEQ {kind} \\* ARABIC", str(number))
    paragraph.add_run(". ").bold = True
    paragraph.add_run(legal(text))
    paragraph.paragraph_format.keep_with_next = above
    if not above:
        from docx.shared import Pt

        paragraph.paragraph_format.space_after = Pt(14)


def draw_table(made: Document, block: Cells, *, width_cm: float, noted: bool) -> None:
    """Draw a table with three rules that can be edited; its header comes again on every page."""
    from docx.enum.table import WD_TABLE_ALIGNMENT
    from docx.shared import Cm

    table = made.add_table(rows=1 + len(block.rows), cols=len(block.heads))
    table.autofit = False
    table.alignment = WD_TABLE_ALIGNMENT.LEFT
    _described(table, block.said)
    _narrow(table)
    _rule(table, "top", 12)
    _rule(table, "bottom", 12)
    size, widths = block.fit(width_cm, SIZES)
    for column, width in zip(table.columns, widths, strict=True):
        column.width = Cm(width)
    last = len(block.rows)
    for r, (row, texts) in enumerate(zip(table.rows, (block.heads, *block.rows), strict=True)):
        _row(row, head=r == 0)
        for i, (cell, text) in enumerate(zip(row.cells, texts, strict=True)):
            cell.width = Cm(widths[i])
            paragraph = cell.paragraphs[0]
            if i == 0 and r > 0 and block.colours:
                _mark(paragraph, block.colours[r - 1])
            _fill(paragraph, text, size=size, head=r == 0, words=block.words[i])
            paragraph.paragraph_format.keep_with_next = _held(r, last, noted=noted)
            if r == 0:
                _below(cell)


def _held(row: int, last: int, *, noted: bool) -> bool:
    """Whether a row stays on the page of the next one: all of a short table, and its notes."""
    if row == last:
        return noted
    return row in (0, last - 1) or last <= SHORT


def _mark(paragraph: Paragraph, colour: str) -> None:
    """A square in the colour of the group."""
    from docx.shared import RGBColor

    run = paragraph.add_run("\u25a0 ")
    run.font.color.rgb = RGBColor.from_string(colour)


def _fill(paragraph: Paragraph, text: str, *, size: float, head: bool, words: bool) -> None:
    from docx.enum.text import WD_ALIGN_PARAGRAPH
    from docx.shared import Pt

    paragraph._p.style = CELL  # looking the style up by its name for every cell takes seconds
    run = paragraph.add_run(text)
    for each in paragraph.runs:
        each.font.size = Pt(size)
    run.bold = head or None
    if not words:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT


def _element(name: str, **values: str) -> Any:
    from docx.oxml import OxmlElement
    from docx.oxml.ns import qn

    made = OxmlElement(f"w:{name}")
    for key, value in values.items():
        made.set(qn(f"w:{key}"), value)
    return made


def _row(row: Any, *, head: bool) -> None:
    """A row that is not torn apart by the end of a page; the first one comes again after it."""
    properties = row._tr.get_or_add_trPr()
    properties.append(_element("cantSplit"))
    if head:
        properties.append(_element("tblHeader"))


def _rule(table: Any, side: str, eighths: int) -> None:
    """A rule above or below the whole table; its width is in eighths of a point."""
    from docx.oxml.ns import qn

    properties = table._tbl.tblPr
    borders = properties.find(qn("w:tblBorders"))
    if borders is None:
        borders = _element("tblBorders")
        # Word refuses properties that stand in another order.
        later = ("w:shd", "w:tblLayout", "w:tblCellMar", "w:tblLook", "w:tblCaption")
        properties.insert_element_before(borders, *later)
    borders.append(_element(side, val="single", sz=str(eighths), space="0", color=INK))


def _narrow(table: Any) -> None:
    """Less space beside the texts of the cells than Word has by itself."""
    margins = _element("tblCellMar")
    for side in ("left", "right"):
        margins.append(_element(side, w=str(round(MARGIN * 567)), type="dxa"))
    table._tbl.tblPr.insert_element_before(margins, "w:tblLook", "w:tblCaption")


def _below(cell: Any) -> None:
    """The rule below the header."""
    borders = _element("tcBorders")
    borders.append(_element("bottom", val="single", sz="6", space="0", color=INK))
    cell._tc.get_or_add_tcPr().append(borders)


def _described(table: Any, text: str) -> None:
    """What the table shows, for those who do not see it."""
    table._tbl.tblPr.append(_element("tblCaption", val=text))
