"""Workbooks: what stands in the cells comes out, what a sheet does beyond that is told."""

from __future__ import annotations

import io
import re
import time
import zipfile
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import openpyxl
import pytest
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import CoveredTableCell, Table, TableCell, TableRow
from odf.text import P
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from core.errors import DataError, SpecError
from core.notes import Note
from core.reading.formats import archive, limits, sheet, workbook
from core.steps import Recipe
from tests.support import hostile_files

Rows = Sequence[Sequence[Any]]

ROWS: Rows = (
    ("id", "seen", "months", "dead", "arm"),
    ("007", date(2020, 1, 2), 12.0, True, "Ärm Ä"),
    ("008", date(1899 + 25, 12, 31), 6.09, False, "肺"),
    ("009", None, 0.1, True, " B "),
)
TEXTS = [
    ["007", "008", "009"],
    ["2020-01-02", "1924-12-31", ""],
    ["12", "6.09", "0.1"],
    ["TRUE", "FALSE", "TRUE"],
    ["Ärm Ä", "肺", " B "],
]


def xlsx(rows: Rows, change: Callable[[Any], None] = lambda book: None) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(list(row))
    change(book)
    return saved(book)


def saved(book: Any) -> bytes:
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def xls(rows: Rows, change: Callable[[Any], None] = lambda sheet: None) -> bytes:
    book = xlwt.Workbook()
    made = book.add_sheet("Patients")
    day = xlwt.easyxf(num_format_str="yyyy-mm-dd")
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            if isinstance(value, date):
                made.write(i, j, value, day)
            elif value is not None:
                made.write(i, j, value)
    change(made)
    return saved(book)


def ods_cell(value: Any, **more: Any) -> Any:
    if value is None:
        return TableCell()
    if isinstance(value, bool):
        cell = TableCell(valuetype="boolean", booleanvalue=str(value).lower(), **more)
    elif isinstance(value, float):
        cell = TableCell(valuetype="float", value=value, **more)
    elif isinstance(value, date):
        cell = TableCell(valuetype="date", datevalue=value.isoformat(), **more)
    else:
        cell = TableCell(valuetype="string", **more)
    cell.addElement(P(text=str(value)))
    return cell


def ods(rows: Sequence[Sequence[Any]]) -> bytes:
    book, made = OpenDocumentSpreadsheet(), Table(name="Patients")
    for row in rows:
        line = TableRow()
        for value in row:
            line.addElement(value if hasattr(value, "addElement") else ods_cell(value))
        made.addElement(line)
    # A format down to the end of the sheet, as LibreOffice writes it.
    tail = TableRow(numberrowsrepeated=1_048_500)
    tail.addElement(TableCell(numbercolumnsrepeated=16_384))
    made.addElement(tail)
    book.spreadsheet.addElement(made)
    return saved(book)


def repacked(data: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """A copy of an archive with one part changed."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", 8) as new:
        for part in old.namelist():
            content = old.read(part)
            new.writestr(part, change(content) if part == name else content)
    return file.getvalue()


def columns(data: bytes, recipe: Recipe | None = None, name: str | None = None) -> dict[str, Any]:
    table = workbook.read(data, recipe or Recipe(), name)
    return dict(zip(table.header, map(list, table.columns), strict=True))


def note(data: bytes, about: str, name: str | None = None) -> Note:
    [found] = [n for n in workbook.read(data, Recipe(), name).notes if about in n.text]
    return found


@pytest.mark.parametrize("write", [xlsx, xls, ods])
def test_a_table_comes_back_as_it_was(write: Callable[[Rows], bytes]) -> None:
    assert columns(write(ROWS)) == dict(zip(ROWS[0], TEXTS, strict=True))


def test_times_of_day_and_durations_are_written_out() -> None:
    rows = [["id", "at", "took"]]
    rows += [["a", datetime(2020, 1, 2, 13, 4, 5), timedelta(hours=26, minutes=30)]] * 2
    found = columns(xlsx(rows))
    assert found["at"][0] == "2020-01-02 13:04:05"
    assert found["took"][0] == "26:30:00"


def test_dates_of_the_1904_system_are_the_same_days() -> None:
    def mac(book: Any) -> None:
        book.epoch = CALENDAR_MAC_1904

    data = xlsx([["id", "seen"], ["a", date(2020, 1, 2)], ["b", date(2021, 5, 6)]], mac)
    assert b'date1904="1"' in zipfile.ZipFile(io.BytesIO(data)).read("xl/workbook.xml")
    assert columns(data)["seen"] == ["2020-01-02", "2021-05-06"]


def test_a_zero_among_dates_is_no_date() -> None:
    def zero(book: Any) -> None:
        book.active["B3"] = 0
        book.active["B3"].number_format = "yyyy-mm-dd"

    data = xlsx([["id", "seen"], ["a", date(2020, 1, 2)], ["b", 1], ["c", date(2020, 1, 3)]], zero)
    assert columns(data)["seen"] == ["2020-01-02", "", "2020-01-03"]
    assert note(data, "no date").lines == (3,)


def test_errors_of_cells_stay_where_they_are() -> None:
    rows = [["id", "SUV", "n"], ["a", "#DIV/0!", 1.0], ["b", 3.5, "#N/A"], ["c", "#REF!", 2.0]]
    data = xlsx(rows)
    assert zipfile.ZipFile(io.BytesIO(data)).read("xl/worksheets/sheet1.xml").count(b't="e"') == 3
    assert columns(data) == {
        "id": ["a", "b", "c"],
        "SUV": ["#DIV/0!", "3.5", "#REF!"],
        "n": ["1", "#N/A", "2"],
    }


def test_numbers_that_lost_digits_are_told() -> None:
    data = xlsx([["id", "x"], [1.2345678901234568e17, 1.0], [1.0, 2.0], [999999999999999.0, 3.0]])
    assert note(data, "15 digits").n == 1
    assert columns(data)["id"][2] == "999999999999999"


# Merged and hidden cells, formulas --------------------------------------------------------------

LESIONS: Rows = (("id", "SUV", "arm"), ("P1", 4.1, "A"), (None, 6.2, "B"), ("P2", 5.0, "A"))


def merge(cells: str) -> Callable[[Any], None]:
    return lambda book: book.active.merge_cells(cells)


def merged_ods() -> bytes:
    rows = [list(row) for row in LESIONS]
    rows[1][0] = ods_cell("P1", numberrowsspanned=2)
    rows[2][0] = CoveredTableCell()
    return ods(rows)


def test_a_merged_id_belongs_to_all_of_its_rows() -> None:
    in_xls = xls(
        (*LESIONS[:1], (None, 4.1, "A"), (None, None, None), ("P2", 5.0, "A")),
        lambda made: made.write_merge(1, 2, 0, 0, "P1"),
    )
    assert columns(in_xls)["id"] == ["P1", "P2"]  # the second row has nothing of its own
    for data in (xlsx(LESIONS, merge("A2:A3")), merged_ods()):
        assert columns(data)["id"] == ["P1", "P1", "P2"]
        told = note(data, "Merged cells")
        assert (told.section, told.n, told.lines) == ("changed", 1, (3,))


def test_a_blank_id_that_is_not_merged_stays_blank() -> None:
    assert columns(xlsx(LESIONS))["id"] == ["P1", "", "P2"]


def test_a_merged_header_of_two_rows_names_the_columns() -> None:
    rows = [
        ["id", "Baseline", None, "arm"],
        [None, "SUV", "MTV", None],
        ["P1", 4.1, 10.0, "A"],
        ["P2", 6.2, 12.0, "B"],
        ["P3", 5.0, 9.5, "A"],
    ]

    def change(book: Any) -> None:
        for cells in ("A1:A2", "B1:C1", "D1:D2"):
            book.active.merge_cells(cells)

    table = workbook.read(xlsx(rows, change), Recipe())
    assert table.header_rows == 2
    assert table.header[0] == "id"
    assert table.header[3] == "arm"
    assert all("Baseline" in name for name in table.header[1:3])
    assert list(table.columns[0]) == ["P1", "P2", "P3"]
    assert not [n for n in table.notes if n.section == "changed"]


def test_lines_are_the_rows_of_the_sheet() -> None:
    rows: Rows = [[], [None, *ROWS[0]], *([None, *row] for row in ROWS[1:])]
    table = workbook.read(xlsx(rows), Recipe())
    assert table.header == ROWS[0]
    assert [table.line(i) for i in range(3)] == [3, 4, 5]


def test_hidden_rows_and_columns_are_read_and_told() -> None:
    def hide(book: Any) -> None:
        book.active.row_dimensions[3].hidden = True
        book.active.column_dimensions["C"].hidden = True

    data = xlsx(ROWS, hide)
    assert columns(data)["id"] == ["007", "008", "009"]
    assert note(data, "that the sheet hides.").lines == (3,)
    assert "others: C." in note(data, "Columns that the sheet hides").text


def test_a_column_of_formulas_that_were_never_computed_is_refused() -> None:
    rows = [["id", "months"], *([f"P{i}", f"={i}+1"] for i in range(4))]
    with pytest.raises(DataError, match=r"4 cells in column B .* Open the workbook in Excel"):
        workbook.read(xlsx(rows), Recipe())


def test_a_single_formula_without_a_result_is_missing_and_told() -> None:
    rows = [["id", "months"], *([f"P{i}", float(i)] for i in range(5)), ["P9", "=1+1"]]
    assert columns(xlsx(rows))["months"][-1] == ""
    told = note(xlsx(rows), "never computed")
    assert (told.level, told.n, told.lines) == ("warning", 1, (7,))


def test_results_of_formulas_are_read() -> None:
    rows = [["id", "months"], *([f"P{i}", f"={i}+1"] for i in range(4))]
    part = "xl/worksheets/sheet1.xml"
    data = repacked(xlsx(rows), part, lambda xml: re.sub(rb"<v\s*/>|<v></v>", b"<v>7</v>", xml))
    assert columns(data)["months"] == ["7"] * 4
    # Programs that compute nothing write 0 everywhere, and ask for computing on opening.
    zero = repacked(xlsx(rows), part, lambda xml: re.sub(rb"<v\s*/>|<v></v>", b"<v>0</v>", xml))
    with pytest.raises(DataError, match="formulas without a result"):
        workbook.read(zero, Recipe())


def test_a_formula_may_result_in_an_empty_text() -> None:
    xml = b'<row r="1"><c r="A1" t="str"><f>IF(1,"")</f><v></v></c></row>'
    assert sheet.excel([xml]).uncomputed == []


# Which sheet ------------------------------------------------------------------------------------


def several(hidden: bool = False) -> bytes:
    book = openpyxl.Workbook()
    book.active.title = "Readme"
    book.active.append(["Our trial"])
    for name, value in (("Patients", 1.0), ("Labs", 2.0)):
        made = book.create_sheet(name)
        for row in (["id", "x"], ["a", value], ["b", 5.0]):
            made.append(row)
    book.create_sheet("Empty")
    if hidden:
        book["Patients"].sheet_state = "hidden"
    return saved(book)


def test_the_first_sheet_with_a_table_is_read() -> None:
    table = workbook.read(several(), Recipe())
    assert (table.sheet, table.sheets) == ("Patients", ("Readme", "Patients", "Labs"))
    assert "The table is the sheet 'Patients'" in note(several(), "sheets with content").text


def test_a_sheet_is_read_by_its_name() -> None:
    assert columns(several(), name="Labs")["x"] == ["2", "5"]
    with pytest.raises(SpecError, match="Did you mean 'Patients'"):
        workbook.read(several(), Recipe(), "Patient")
    with pytest.raises(DataError, match="is empty"):
        workbook.read(several(), Recipe(), "Empty")


def test_hidden_sheets_come_last_and_are_told() -> None:
    assert workbook.read(several(hidden=True), Recipe()).sheet == "Labs"
    assert "'Patients'" in note(several(hidden=True), "hides these sheets").text
    assert columns(several(hidden=True), name="Patients")["x"] == ["1", "5"]


# Hostile and damaged files ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("xlsx_bomb_sheet_whitespace.xlsx", "300 MB"),
        ("xlsx_bomb_lying_size.xlsx", "300 MB"),
        ("xlsx_bomb_17M_rows.xlsx", "1,048,576 rows"),
        ("xlsx_billion_laughs.xlsx", "document type"),
        ("xlsx_xxe_file.xlsx", "document type"),
        ("xlsx_sparse_corner.xlsx", "limit"),
        ("xlsx_18k_members.xlsx", "2,000 files"),
        ("zip_overlapping_bomb.xlsx", "overlap"),
        ("xlsx_password.xlsx", "without a password"),
        ("html_named_xls.xls", "damaged"),
    ],
)
def test_a_hostile_workbook_is_refused_at_once(name: str, said: str) -> None:
    data = (hostile_files() / name).read_bytes()
    # Half a second to three seconds on a computer with nothing else to do.
    began = time.process_time()
    with pytest.raises(DataError, match=said):
        workbook.read(data, Recipe())
    assert time.process_time() - began < 10


@pytest.mark.parametrize("name", ["xlsx_ghost_rows.xlsx", "xlsx_zip_traversal.xlsx"])
def test_an_odd_workbook_is_read(name: str) -> None:
    assert columns((hostile_files() / name).read_bytes()) == {"t": ["1"], "e": ["1"]}


def test_cells_far_apart_are_refused_and_formats_far_apart_are_not() -> None:
    def far(book: Any) -> None:
        book.active["CV1000000"] = 1

    def styled(book: Any) -> None:
        book.active["XFD1048576"].number_format = "0.00"

    with pytest.raises(DataError, match="50,000,000 cells"):
        workbook.read(xlsx(ROWS, far), Recipe())
    assert columns(xlsx(ROWS, styled))["id"] == TEXTS[0]


def test_an_open_document_that_repeats_itself_is_refused() -> None:
    with pytest.raises(DataError, match="limit"):
        workbook.read(
            ods([["id", "x"], ["a", ods_cell(1.0, numbercolumnsrepeated=9_999)]]), Recipe()
        )


def test_damage_to_any_format_is_a_refusal_or_a_table() -> None:
    # Panics of the library are no exceptions of the usual kind: they must not pass.
    generator = np.random.default_rng(20260101)
    refusals = []
    for data in (xlsx(ROWS), xls(ROWS), ods(ROWS)):
        for _ in range(60):
            broken = bytearray(data)
            for at in generator.integers(0, len(data), 4):
                broken[at] = generator.integers(0, 256)
            broken = broken[: generator.integers(len(data) // 2, 2 * len(data))]
            try:
                workbook.read(bytes(broken), Recipe())
            except (DataError, SpecError) as error:
                refusals.append(str(error))
    assert len(refusals) > 90
    assert not [said for said in refusals if "007" in said or "肺" in said]


def test_sizes_are_measured_and_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    data = bytearray(xlsx(ROWS, lambda book: book.create_sheet("B").append(["x" * 50_000])))
    at = data.find(b"PK\1\2")
    while at >= 0:  # the size that the directory claims for every member
        data[at + 24 : at + 28] = b"\1\0\0\0"
        at = data.find(b"PK\1\2", at + 1)
    archive.opened(bytes(data))
    monkeypatch.setattr(limits, "MAX_BYTES", 50_000)
    with pytest.raises(DataError, match="larger than"):
        archive.opened(bytes(data))


def test_members_that_share_bytes_are_refused() -> None:
    data = bytearray(xlsx(ROWS))
    first = data.find(b"PK\1\2")
    second = data.find(b"PK\1\2", first + 1)
    data[second + 42 : second + 46] = data[first + 42 : first + 46]
    with pytest.raises(DataError, match="overlap"):
        archive.opened(bytes(data))


def test_a_locked_workbook_is_told_from_a_damaged_one() -> None:
    start = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)
    with pytest.raises(DataError, match="without a password"):
        workbook.read(start + "EncryptedPackage".encode("utf-16-le"), Recipe())
    with pytest.raises(DataError, match="damaged"):
        workbook.read(start, Recipe())


def test_a_part_in_utf_16_is_refused() -> None:
    part = "xl/worksheets/sheet1.xml"
    wide = repacked(xlsx(ROWS), part, lambda xml: xml.decode().encode("utf-16"))
    with pytest.raises(DataError, match="encoding"):
        workbook.read(wide, Recipe())


def test_a_document_type_on_the_seam_of_two_pieces_is_seen() -> None:
    padding = b" " * ((1 << 22) - 4)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", 8) as made:
        made.writestr("xl/a.xml", padding.replace(b" ", b"<", 1) + b"<!DOCTYPE x><x/>")
    with pytest.raises(DataError, match="document type"):
        archive.opened(file.getvalue())
