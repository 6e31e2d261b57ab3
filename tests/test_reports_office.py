"""Reports as Word, PowerPoint and Excel files, opened again by a reader."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import date
from typing import Any

import docx
import openpyxl
import pptx
import pytest
from docx.oxml.ns import qn
from pptx.oxml.ns import qn as named

from core.cohort import Cohort
from core.parts import PARTS
from core.view import tables, words
from core.view.reports import slides, word, workbook
from core.view.reports.columns import Cells
from core.view.reports.document import Report, Table
from core.view.reports.gathering import gather
from core.view.reports.making import RENDERERS, Format, make
from core.view.reports.slide_parts import HEIGHT, WIDTH
from tests.test_reports_gathering import asked, table
from tests.test_reports_html import HOSTILE_PARTS, MARKDOWN, SCRIPT, hostile_cohort

PARTS_ASKED = ("cohort", "km", "cox")
MADE = date(2026, 1, 2)


@pytest.fixture(scope="module")
def real() -> tuple[Cohort, Report]:
    query = "group_by=progrec&cut_rule=median&terms=age,progrec:cut,tgrade"
    cohort = asked("gbsg2", query)[1]
    return cohort, gather(cohort, cohort.spec, PARTS_ASKED, link="https://x.example/?a=1")


@pytest.fixture(scope="module")
def synthetic() -> Report:
    cohort = asked("fulvestrant", "group_by=liver&profile=spss&sites_out=bone")[1]
    return gather(cohort, cohort.spec, ("cohort", "km", "table_one"))


@pytest.fixture(scope="module")
def hostile() -> Report:
    cohort = hostile_cohort()
    return gather(cohort, cohort.spec.but(terms=()), HOSTILE_PARTS)


@pytest.fixture(scope="module")
def synthetic_show(synthetic: Report) -> Any:
    return pptx.Presentation(io.BytesIO(slides.slides(synthetic)))


@pytest.fixture(scope="module")
def document(real: tuple[Cohort, Report]) -> Any:
    return docx.Document(io.BytesIO(word.document(real[1])))


@pytest.fixture(scope="module")
def show(real: tuple[Cohort, Report]) -> Any:
    return pptx.Presentation(io.BytesIO(slides.slides(real[1])))


@pytest.fixture(scope="module")
def book(real: tuple[Cohort, Report]) -> Any:
    return openpyxl.load_workbook(io.BytesIO(workbook.workbook(real[1])))


# Word -------------------------------------------------------------------------------------------


def test_word_has_the_tables_of_the_screen(real: tuple[Cohort, Report], document: Any) -> None:
    cohort, report = real
    assert len(document.tables) == len(report.tables)
    frame = tables.cox(PARTS["cox"].make(cohort, cohort.spec))
    number = next(t.number for t in report.tables if t.title.startswith("Cox regression"))
    shown = [[cell.text for cell in row.cells] for row in document.tables[number - 1].rows]
    assert shown[0] == [str(name).strip() for name in frame.columns]
    assert shown[1:] == [list(map(str, row)) for row in frame.to_numpy(dtype=object).tolist()]
    finding = words.finding(cohort, PARTS["km"].make(cohort, cohort.spec))
    assert any(p.text.startswith(finding) for p in document.paragraphs)


def test_word_knows_captions_headings_and_the_checklist(
    real: tuple[Cohort, Report], document: Any
) -> None:
    report = real[1]
    captions = [p for p in document.paragraphs if p.style.name == "Caption"]
    assert len(captions) == len(report.tables) + len(report.pictures)
    codes = [f.get(qn("w:instr")) for p in captions for f in p._p.iter(qn("w:fldSimple"))]
    assert codes.count(" SEQ Figure \\* ARABIC ") == len(report.pictures)
    assert codes.count(" SEQ Table \\* ARABIC ") == len(report.tables)
    headings = [p.text for p in document.paragraphs if p.style.name == "Heading 1"]
    assert headings[:4] == ["Patients", "Survival", "Cox model", "Methods"]
    assert len(document.tables[-1].rows) == 21


def test_word_describes_its_figures_at_print_resolution(
    real: tuple[Cohort, Report], document: Any
) -> None:
    shapes = document.inline_shapes
    assert len(shapes) == len(real[1].pictures)
    for shape, picture in zip(shapes, real[1].pictures, strict=True):
        properties = shape._inline.docPr
        assert properties.get("descr") == picture.alternative
        image = document.part.related_parts[
            shape._inline.graphic.graphicData.pic.blipFill.blip.embed
        ].image
        assert image.px_width / shape.width.inches >= 295
        assert shape.height / shape.width == pytest.approx(image.px_height / image.px_width, 0.01)


def test_tables_in_word_have_three_rules_and_repeat_their_header(document: Any) -> None:
    for made in document.tables:
        assert made.rows[0]._tr.trPr.find(qn("w:tblHeader")) is not None
        borders = made._tbl.tblPr.find(qn("w:tblBorders"))
        assert [b.tag for b in borders] == [qn("w:top"), qn("w:bottom")]
        for r, row in enumerate(made.rows):
            below = {c._tc.tcPr.find(qn("w:tcBorders")) is not None for c in row.cells}
            assert below == {r == 0}
        order = [child.tag.split("}")[1] for child in made._tbl.tblPr]
        known = ["tblStyle", "tblW", "jc", "tblBorders", "tblLayout", "tblCellMar", "tblLook",
                 "tblCaption"]  # fmt: skip
        assert order == [name for name in known if name in order]
        total = sum(column.width.cm for column in made.columns)
        assert total <= word.TEXT_CM + 0.05


def test_word_labels_synthetic_data_on_every_page(synthetic: Report) -> None:
    made = docx.Document(io.BytesIO(word.document(synthetic)))
    section = made.sections[0]
    assert words.SYNTHETIC in section.header.paragraphs[0].text
    assert "SYNTHETIC DATA" in section.footer.paragraphs[0].text
    assert "Conventions of SPSS" in section.footer.paragraphs[0].text


# PowerPoint -------------------------------------------------------------------------------------


def of_slides(show: Any, kind: str) -> list[Any]:
    return [s for slide in show.slides for s in slide.shapes if getattr(s, kind, False)]


def test_a_slide_for_each_figure_and_table(real: tuple[Cohort, Report], show: Any) -> None:
    report = real[1]
    titles = [slide.shapes.title.text_frame.text for slide in show.slides]
    for block in (*report.pictures, *report.tables):
        assert [t for t in titles if t.startswith(f"{block.name}. {block.title}"[:60])], block.name
    pictures = [s for slide in show.slides for s in slide.shapes if s.shape_type == 13]
    assert [p._element.nvPicPr.cNvPr.get("descr") for p in pictures] == [
        p.alternative for p in report.pictures
    ]


def test_tables_on_slides_can_be_edited_and_hold_the_numbers(
    real: tuple[Cohort, Report], show: Any
) -> None:
    report = real[1]
    made = of_slides(show, "has_table")
    cox = table(report, "Cox regression")
    (shape,) = [s for s in made if s.name.startswith(cox.name)]
    cells = [[cell.text for cell in row.cells] for row in shape.table.rows]
    assert cells[1:] == [list(map(str, row)) for row in cox.frame.to_numpy(dtype=object).tolist()]
    lines = [c._tc.tcPr.findall(named("a:lnB")) for c in shape.table.rows[0].cells]
    assert all(lines)
    checklist = [s for s in made if "REMARK" in s.name]
    rows = [row for s in checklist for row in list(s.table.rows)[1:]]
    assert len(rows) == 20
    for s in checklist:
        assert s.table.rows[0].cells[0].text == "Item"


def test_everything_stays_on_its_slide(synthetic_show: Any) -> None:
    for slide in synthetic_show.slides:
        for shape in slide.shapes:
            height = shape.height
            if shape.has_table:
                height = sum(row.height for row in shape.table.rows)
            assert shape.left >= 0
            assert (shape.left + shape.width) / 914400 <= WIDTH + 0.01
            assert (shape.top + height) / 914400 <= HEIGHT + 0.01


def test_each_slide_is_labelled(synthetic_show: Any) -> None:
    for slide in synthetic_show.slides:
        (footer,) = [s for s in slide.shapes if s.name == "Footer"]
        assert words.SYNTHETIC in footer.text_frame.text
        assert "Conventions of SPSS" in footer.text_frame.text


# Excel ------------------------------------------------------------------------------------------


def test_the_first_sheet_says_what_the_others_are(real: tuple[Cohort, Report], book: Any) -> None:
    cohort, _ = real
    first = book.worksheets[0]
    listed = [row[0].value for row in first.iter_rows(min_row=1) if row[0].value]
    assert set(book.sheetnames[1:]) <= set(listed)
    said = {row[0].value: row[1].value for row in first.iter_rows(max_col=2)}
    assert said["SHA-256 of the data"] == cohort.dataset.digest
    assert "group_by=progrec" in said["Query"]
    assert said["Link"] == "https://x.example/?a=1"


def test_numbers_are_numbers_in_full(real: tuple[Cohort, Report], book: Any) -> None:
    cohort, _ = real
    result = PARTS["km"].make(cohort, cohort.spec)
    sheet = book["Figure 1 numbers"]
    header = [cell.value for cell in sheet[4]]
    column = header.index("estimate") + 1
    stored = [sheet.cell(5 + i, column).value for i in range(len(result.curves))]
    assert stored == pytest.approx(result.curves["estimate"].tolist(), rel=1e-14)
    report = real[1]
    cox = table(report, "Cox regression")
    printed = book[cox.name]
    assert printed["B5"].data_type == "n"
    assert printed["B5"].value == 686
    assert printed["D5"].data_type == "s"
    full = book[f"{cox.name} numbers"]
    header = [cell.value for cell in full[4]]
    ratio = full.cell(5, header.index("hazard_ratio") + 1).value
    assert ratio == pytest.approx(
        PARTS["cox"].make(cohort, cohort.spec).univariable[0].hazard_ratio
    )


def test_nothing_that_was_typed_becomes_a_formula(hostile: Report) -> None:
    data = workbook.workbook(hostile)
    made = openpyxl.load_workbook(io.BytesIO(data))
    texts = set()
    for sheet in made.worksheets:
        assert re.fullmatch(r"(Contents|Text|(Figure|Table) \d+( numbers( [a-z])?)?)", sheet.title)
        for row in sheet.iter_rows():
            for cell in row:
                assert cell.data_type in ("s", "n", "b")
                assert cell.hyperlink is None
                texts.add(str(cell.value))
    assert any(SCRIPT in text for text in texts)
    assert any(text.startswith("=1+1") for text in texts)
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        for name in packed.namelist():
            assert b"<f>" not in packed.read(name)
            assert b"externalLink" not in packed.read(name)


def test_the_first_sheet_and_each_other_label_synthetic_data(synthetic: Report) -> None:
    made = openpyxl.load_workbook(io.BytesIO(workbook.workbook(synthetic)))
    assert words.SYNTHETIC in [row[0].value for row in made["Contents"].iter_rows(max_row=4)]
    for sheet in made.worksheets[1:-1]:
        assert words.SYNTHETIC in sheet["A2"].value


# All of them ------------------------------------------------------------------------------------


def test_hostile_names_stay_texts_in_office_files(hostile: Report) -> None:
    files = (word.document(hostile), slides.slides(hostile))
    made = docx.Document(io.BytesIO(files[0]))
    said = "\n".join(p.text for p in made.paragraphs)
    assert SCRIPT in said
    cells = [c.text for t in made.tables for row in t.rows for c in row.cells]
    assert any(MARKDOWN in text for text in cells)
    show = pptx.Presentation(io.BytesIO(files[1]))
    assert any(SCRIPT in s.text_frame.text for s in of_slides(show, "has_text_frame"))
    for data in files:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            for name in packed.namelist():
                if name.endswith(".rels"):
                    assert b'TargetMode="External"' not in packed.read(name)


@pytest.mark.parametrize("kind", ["docx", "pptx", "xlsx"])
def test_the_same_question_makes_the_same_file(kind: Format) -> None:
    cohort = asked("gbsg2", "")[1]
    first, second = (
        make(cohort, cohort.spec, ("cohort",), format=kind, made=MADE) for _ in range(2)
    )
    assert first == second
    with zipfile.ZipFile(io.BytesIO(first)) as packed:
        core = packed.read("docProps/core.xml").decode()
    assert set(re.findall(r"20\d\d-\d\d-\d\d", core)) == {"2026-01-02"}


def test_every_format_has_its_writer() -> None:
    assert set(RENDERERS) == {"html", "docx", "pptx", "xlsx"}


def test_columns_share_the_width(real: tuple[Cohort, Report]) -> None:
    for block in real[1].tables:
        for total in (8.0, 17.0, 31.0):
            size, widths = Cells.of(block).fit(total, (9.0, 8.0, 7.0))
            assert sum(widths) <= total * 1.0001
            assert min(widths) > 0
            assert size in (9.0, 8.0, 7.0)
    small = Table(real[1].tables[0].frame, "t", number=1)
    assert sum(Cells.of(small).fit(17.0, (9.0,))[1]) < 10
