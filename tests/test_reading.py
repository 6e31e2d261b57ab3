"""Reading delimited text: what is accepted, what is refused, and that no message tells a cell."""

from __future__ import annotations

import csv
import gzip
import io
import math
import re
import time
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.dataset import Dataset, digest_of
from core.errors import DataError
from core.reading import read, read_file
from core.reading.cells import conversion
from core.reading.formats import limits, text
from core.reading.packed import Cells
from core.reading.table import Table
from tests.support import hostile_files, tables


@pytest.fixture(scope="module")
def hostile() -> Path:
    return hostile_files()


def table(content: str, name: str = "table.csv") -> Dataset:
    return read(content.encode(), name)


def kinds(dataset: Dataset) -> list[str]:
    return [v.kind for v in dataset.variables.values()]


def notes(dataset: Dataset) -> str:
    return "\n".join(f"{n.level}: {n.text}" for n in dataset.notes)


def refusal(data: bytes | str, name: str = "table.csv") -> DataError:
    with pytest.raises(DataError) as caught:
        read(data.encode() if isinstance(data, str) else data, name)
    return caught.value


# --- structure ---------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(delimiter: str, end: str) -> None:
    rows = [["id", "months", "arm"], ["1", "3.5", "A"], ["2", "4", "B"]]
    dataset = table(end.join(delimiter.join(r) for r in rows) + end)
    assert list(dataset.frame.columns) == rows[0]
    assert dataset.frame["months"].tolist() == [3.5, 4.0]
    assert dataset.frame["arm"].tolist() == ["A", "B"]
    assert dataset.notes == ()
    assert [dataset.row_number(i) for i in (0, 1)] == [2, 3]


def test_a_delimiter_inside_quotes_does_not_count() -> None:
    dataset = table('name;x\n"a, b";1\n"c, d, e";2\n')
    assert dataset.frame["name"].tolist() == ["a, b", "c, d, e"]


def test_the_last_line_needs_no_end() -> None:
    assert len(table("a,b\n1,2\n3,4").frame) == 2


def test_quotes() -> None:
    dataset = table('a,b\n"say ""yes""",x\n5" tall,y\n')
    assert dataset.frame["a"].tolist() == ['say "yes"', '5" tall']


@pytest.mark.parametrize(
    ("data", "note"),
    [
        ("Größe,µ\nä,1\n".encode(), ""),
        (b"\xef\xbb\xbf" + "Größe,µ\nä,1\n".encode(), ""),
        ("Größe,µ\nä,1\n".encode("utf-16"), ""),
        (b"\xfe\xff" + "Größe,µ\nä,1\n".encode("utf-16-be"), ""),
        ("Größe,µ\nä,1\n".encode("cp1252"), "Windows-1252"),
    ],
    ids=["utf-8", "utf-8 marked", "utf-16", "utf-16 big", "windows"],
)
def test_encodings(data: bytes, note: str) -> None:
    dataset = read(data, "t.csv")
    assert list(dataset.frame.columns) == ["Größe", "µ"]
    assert dataset.frame["Größe"].tolist() == ["ä"]
    assert note in notes(dataset)
    assert bool(dataset.notes) == bool(note)


def test_comments_and_blank_lines_keep_the_line_numbers_of_the_file() -> None:
    dataset = table('#one\n#two\n\nid,x\n1,2\n\n2,"a\nb"\n3,4\n')
    assert len(dataset.frame) == 3
    assert dataset.header_rows == 4
    assert [dataset.row_number(i) for i in range(3)] == [5, 7, 9]
    assert "2 comment lines" in notes(dataset)


def test_a_header_that_begins_with_a_lone_hash_is_a_header() -> None:
    assert list(table("#,age\n1,50\n").frame.columns) == ["#", "age"]


def test_rows_of_nothing_are_left_out_and_told() -> None:
    dataset = table("a,b\n1,2\n,\n3,4\n,\n")
    assert dataset.frame["a"].tolist() == [1, 3]
    assert "2 rows in which every cell is empty" in notes(dataset)
    assert dataset.row_number(1) == 4


def test_empty_names_and_the_same_name_twice() -> None:
    dataset = table("id,x,,x\n1,2,3,4\n")
    assert list(dataset.variables) == ["id", "x", "column 3", "x (2)"]
    assert dataset.frame["x (2)"].tolist() == [4.0]
    assert "'column 3'" in notes(dataset)
    assert "warning: Several columns have the same name" in notes(dataset)


def test_a_new_name_does_not_take_one_that_is_there() -> None:
    assert list(table("x,x,x (2)\n1,2,3\n").variables) == ["x", "x (3)", "x (2)"]


# --- refusals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "problem", "line"),
    [
        (b"", "The file is empty", None),
        (b" \n\t\n", "The file is empty", None),
        (b"a,b\n", "no rows", None),
        (b"#c\n#d\n", "no table", None),
        (b"\x89PNG\r\n\x1a\n" + bytes(50), "PNG picture", None),
        (b"PK\x03\x04...xl/workbook.xml", "The workbook is damaged", None),
        (b"PK\x03\x04...readme", "zip archive", None),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(50), "The workbook is damaged", None),
        (b"PAR1" + bytes(50), "Parquet", None),
        (b"<!DOCTYPE html><html><table>", "web page", None),
        (b"a,b\n1,2\n3,4,5\n", "Line 3 has 3 cells, and the header has 2", 3),
        (b"a,b\n1,2\n3\n", "Line 3 has 1 cell, and the header has 2", 3),
        (b"# c\n\na,b\n1,2\n\n3\n", "Line 6 has 1 cell", 6),
        (b"a,b\n1,2\n3,\x004\n", "Line 3", 3),
        (b"a,b\n1,2\n\xff\x81,\x90\n", "Line 3 has letters in an encoding that cannot be told", 3),
        (b'a,b\n1,2\n"3,4\n5,6\n', "begins in line 3 opens a quotation mark", 3),
        (b'a,b\n1,"2"x\n', "line 2", 2),
        (b'a,b\n1,"' + b"x" * 200_000 + b"\n", "line 2 opens a quotation mark", 2),
        (b"a,b\n1," + b"x" * 110_000 + b"\n", "a cell of more than 100,000 characters", 2),
        (b"a,b" + b"x" * 110_000 + b"\n1,2\n", "a cell of more than 100,000 characters", 1),
        (b"1,2\n3,4\n", "numbers where the column names should be", 1),
    ],
)
def test_what_cannot_be_read_is_refused_with_the_line(
    data: bytes, problem: str, line: int | None
) -> None:
    error = refusal(data)
    assert problem in error.problem
    assert error.row == line
    assert error.hint


@pytest.mark.parametrize(
    ("make", "limit"),
    [
        (lambda: b"a,b\n" + b"1,2\n" * 5_000_001, "5,000,000 rows"),
        (lambda: b'a,b\n"1","2"\n' + b'1,"2"\n' * 5_000_001, "5,000,000 rows"),
        (lambda: b",".join(b"c%d" % i for i in range(5001)) + b"\n1\n", "5,000"),
        (
            lambda: b",".join(b"c%d" % i for i in range(4001)) + (b"\n" + b"," * 4000) * 12_600,
            "50,000,000 cells",
        ),
        (lambda: b"," * 900_000, "5,000"),
    ],
)
def test_limits_are_refused_fast(make: object, limit: str) -> None:
    data = make()  # type: ignore[operator]
    began = time.perf_counter()
    error = refusal(data)
    assert limit in error.problem
    assert time.perf_counter() - began < 2


def test_line_breaks_inside_quotes_are_not_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MAX_ROWS", 3)
    assert len(table('a,b\n1,"x\ny\nz\n\n"\n2,w\n').frame) == 2


def test_gzip() -> None:
    packed = gzip.compress(b"a,b\n1,2\n", mtime=0)
    dataset = read(packed, "t.csv.gz")
    assert dataset.frame["b"].tolist() == [2.0]
    assert dataset.digest == digest_of(packed)
    assert "cannot be unpacked" in refusal(packed[:-6], "t.csv.gz").problem
    assert "cannot be unpacked" in refusal(b"a,b\n1,2\n", "t.csv.gz").problem


def test_a_gzip_bomb_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.reading.formats.kinds.MAX_BYTES", 10_000_000)
    monkeypatch.setattr(limits, "MAX_BYTES", 10_000_000)
    assert "10 MB" in refusal(gzip.compress(bytes(20_000_000)), "bomb.csv.gz").problem


def test_a_file_that_is_not_there_names_the_shipped_cohorts(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="gbsg2"):
        read_file(tmp_path / "none.csv")
    with pytest.raises(DataError, match="cannot be opened"):
        read_file(tmp_path)
    (tmp_path / "t.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    assert read_file(tmp_path / "t.csv").name == "t.csv"
    assert read_file("rossi").reference == "rossi"


def test_the_name_is_only_for_display() -> None:
    assert table("a,b\n1,2\n", "../../etc/passwd").name == "passwd"
    evil = 'a"; filename="evil.exe\r\nSet-Cookie: x=1\u202evsc.csv'
    shown = table("a,b\n1,2\n", evil).name
    assert not re.search("[\r\n\u202e]", shown)
    assert len(table("a,b\n1,2\n", "x" * 500).name) == 120


CANARY = "Zanzibar-7751"


@pytest.mark.parametrize(
    "data",
    [
        f"a,b\n1,{CANARY}\n{CANARY},2,3\n",
        f"a,b\n{CANARY}\n",
        f'a,b\n1,"{CANARY}\n2,3\n',
        f'a,b\n1,"2"{CANARY}\n',
        f"a,b\n1,\0{CANARY}\n",
        f"a,b\n{CANARY},1\n2,\udc81".encode("utf-8", "surrogateescape"),
        f"a,b\n{CANARY}," + "x" * 200_000 + "\n",
        f"# {CANARY}\n# {CANARY}\n",
        f"PAR1{CANARY}",
        f"<html>{CANARY}",
    ],
)
def test_no_message_tells_what_a_cell_holds(data: bytes | str) -> None:
    error = refusal(data)
    assert CANARY not in str(error)
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None


def test_no_note_tells_what_a_cell_holds() -> None:
    rows = "".join(f"{i},{i}.5,None\n" for i in range(30))
    dataset = table(f"id,x,y\n{CANARY},{CANARY},{CANARY}\n{rows}")
    assert dataset.notes
    assert CANARY not in notes(dataset)


# --- cells -------------------------------------------------------------------------------------


def test_missing_words() -> None:
    words = ["", " ", "\u00a0", "\u3000", "NA", "N/A", "NaN", "null", ".", "-", "--", "未知"]
    words.append("[Not Available]")
    dataset = table(
        "i,x,y\n" + "".join(f"{i},{w},{w}\n" for i, w in enumerate(words)) + "99,1.5,a\n"
    )
    assert dataset.frame["x"].isna().tolist() == [True] * len(words) + [False]
    assert dataset.variables["x"].kind == "number"
    assert dataset.frame["y"].tolist() == [None] * len(words) + ["a"]


@pytest.mark.parametrize("word", ["unknown", "none", "无", "ND", "0"])
def test_words_that_can_be_a_level_are_no_missing_words(word: str) -> None:
    assert table(f"i,x\n1,{word}\n2,b\n").frame["x"].tolist() == [word, "b"]


def test_words_that_could_be_a_level_are_told_when_read_as_missing() -> None:
    dataset = table("i,drug\n1,None\n2,None\n3,A\n4,#DIV/0!\n")
    assert dataset.frame["drug"].isna().sum() == 3
    assert "2 cells of 'drug' that say None" in notes(dataset)
    assert "1 cell of 'drug' that says #DIV/0!" in notes(dataset)


@pytest.mark.parametrize(
    "word", ["1_000", "0x1F", "inf", "-inf", "1e999", "١٢", "1,5", "1.5 mm", "1e"]
)
def test_what_is_not_a_plain_number_makes_the_column_text(word: str) -> None:
    dataset = table(f'i,x\n1,2.5\n2,"{word}"\n3,4\n4,5\n')
    assert dataset.frame["x"].tolist() == ["2.5", word, "4", "5"]
    assert conversion.number_at_fault(dataset, "x") == 3
    assert conversion.number_at_fault(dataset, "i") is None
    assert "warning" in notes(dataset)


@pytest.mark.parametrize("word", ["1e3", "-.5", "+2", "5.", "0", "-0", "0.0000001", "1e308"])
def test_plain_numbers(word: str) -> None:
    dataset = table(f"i,x\n1,{word}\n2,NA\n3, {word} \n")
    assert dataset.frame["x"].tolist()[0] == float(word)
    assert dataset.frame["x"].tolist()[2] == float(word)
    assert math.isnan(dataset.frame["x"][1])


def test_codes_stay_text() -> None:
    dataset = table("a,b\n001,310101199001011234\n012,310101199001011235\n")
    assert dataset.frame["a"].tolist() == ["001", "012"]
    assert dataset.frame["b"].nunique() == 2
    assert conversion.number_at_fault(dataset, "a") is None


def test_decimal_commas() -> None:
    dataset = table("i;x;y;z\n1;1,5;1,5;1\n2;2;2.5;NA\n3;NA;3;2\n")
    assert dataset.frame["x"].tolist()[:2] == [1.5, 2.0]
    assert dataset.variables["x"].decimals == 1
    assert dataset.variables["y"].kind == "text"
    assert "'y' has commas in its numbers" in notes(dataset)
    assert "Decimal commas were read in 'x'" in notes(dataset)
    assert table('i,x\n1,"1,5"\n2,"2,5"\n').frame["x"].tolist() == [1.5, 2.5]


def test_commas_that_may_separate_thousands_are_warned_of() -> None:
    dataset = table("i;x\n1;1,234\n2;12,500\n")
    assert dataset.frame["x"].tolist() == [1.234, 12.5]
    assert "warning: 'x' was read with decimal commas" in notes(dataset)


def test_kinds() -> None:
    rows = "".join(
        f"P{i:03},{i % 7},{'AB'[i % 2]},2020-01-{1 + i % 28:02},{i % 2 == 0},\n" for i in range(80)
    )
    dataset = table("id,n,arm,seen,flag,nothing\n" + rows)
    assert kinds(dataset) == ["text", "number", "category", "date", "category", "text"]
    assert dataset.frame["seen"][0] == "2020-01-01"
    assert dataset.frame["flag"][0] == "True"
    assert "id" not in dataset.stratifiers


@pytest.mark.parametrize("word", ["2020-02-30x", "20200101", "2020-1-1x", "01/02/2020x"])
def test_what_is_no_date(word: str) -> None:
    assert table(f"i,x\n1,2020-01-01\n2,{word}\n").variables["x"].kind == "category"


def test_dates_with_times() -> None:
    cells_ = ["2020-01-01T10:00", "2020-01-01 10:00:30", "2020-01-01T10:00:30.5+02:00", "NA"]
    dataset = table("i,x\n" + "".join(f"{i},{c}\n" for i, c in enumerate(cells_)))
    assert dataset.variables["x"].kind == "date"


@pytest.mark.parametrize(
    ("words", "decimals"),
    [
        (["1", "2"], 0),
        (["72.0", "51.0"], 0),
        (["1.5", "2"], 1),
        (["1.15", "0.285"], 3),
        (["0.12345", "1"], 4),
        (["1e-3", "NA"], 3),
    ],
)
def test_decimals(words: list[str], decimals: int) -> None:
    assert conversion.convert(Table(("x",), [Cells.of(words)])).variables["x"].decimals == decimals


def test_the_frame_has_two_types_only() -> None:
    frame = table("a,b,c\n1,x,\n2,,\n").frame
    assert [str(t) for t in frame.dtypes] == ["float64", "object", "object"]
    assert frame["b"].tolist() == ["x", None]


def test_many_rows_in_little_time() -> None:
    # A tenth of a million-row table, well below the ten seconds that one may take.
    rng = np.random.default_rng(1)
    x, n = rng.exponential(20, 100_000).round(2), rng.integers(0, 2, 100_000)
    lines = (
        f"{i},{a},{b},NA,{a},{b},A,Lung,II,{a}\n" for i, (a, b) in enumerate(zip(x, n, strict=True))
    )
    data = ("a,b,c,d,e,f,g,h,i,j\n" + "".join(lines)).encode()
    began = time.perf_counter()
    dataset = read(data, "large.csv")
    assert time.perf_counter() - began < 5
    assert dataset.frame["b"].to_numpy() == pytest.approx(x, abs=0)


# --- round trip --------------------------------------------------------------------------------

_cell = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@settings(max_examples=200, deadline=None)
@given(
    rows=st.integers(2, 5).flatmap(
        lambda width: st.lists(
            st.lists(_cell, min_size=width, max_size=width), min_size=1, max_size=8
        )
    ),
    delimiter=st.sampled_from([",", ";", "\t"]),
)
def test_what_the_csv_module_writes_is_read_back(rows: list[list[str]], delimiter: str) -> None:
    header = [f"column {'abcde'[i]}" for i in range(len(rows[0]))]
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=delimiter, quoting=csv.QUOTE_ALL)
    writer.writerow(header)
    writer.writerows(rows)
    kept = [row for row in rows if any(cell.strip() for cell in row)]
    if not kept:
        return
    parsed = text.parse(out.getvalue().encode())
    assert parsed.header == tuple(header)
    assert list(zip(*parsed.columns, strict=True)) == [tuple(row) for row in kept]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_numbers_are_read_exactly(numbers: list[float]) -> None:
    written = [repr(x) for x in numbers]
    frame, variables = conversion.convert(Table(("x",), [Cells.of(written)]))[:2]
    if variables["x"].kind == "number":
        assert frame["x"].tolist() == numbers
    else:
        assert any(re.match("-?[0-9]{16}", w) for w in written)


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_end_in_a_table_or_a_plain_refusal(data: bytes) -> None:
    try:
        rows = len(read(b"a,b\n" + data, "t.csv").frame)
    except DataError:
        return
    assert rows >= 1


# --- hostile and real files --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "rows", "columns"),
    [
        ("csv_utf16_bom.csv", 40, 7),
        ("csv_utf8_bom.csv", 40, 7),
        ("csv_semicolon_decimal_comma.csv", 40, 6),
        ("xss_names_values.csv", 40, 10),
        ("formula_names.csv", 80, 35),
        ("spreadsheet_formula.csv", 36, 8),
        ("sql_names.csv", 40, 8),
        ("path_name.csv", 20, 6),
        ("path_name_ctrl.csv", 20, 6),
        ("redos_strings.csv", 104, 4),
        ("times_invalid.csv", 39, 3),
        ("events_ambiguous.csv", 30, 5),
        ("all_censored.csv", 50, 6),
    ],
)
def test_hostile_files_that_are_tables(hostile: Path, file: str, rows: int, columns: int) -> None:
    began = time.perf_counter()
    dataset = read_file(hostile / file)
    assert time.perf_counter() - began < 2
    assert dataset.frame.shape == (rows, columns)
    assert next(iter(dataset.variables)) == "id"
    with open(hostile / file, encoding="utf-16" if "16" in file else "utf-8-sig", newline="") as f:
        names = next(csv.reader(f, delimiter=";" if "semicolon" in file else ","))
    assert [re.sub(r" \(2\)$", "", n) for n in dataset.variables] == names


@pytest.mark.parametrize(
    ("file", "problem", "line"),
    [
        ("csv_100k_columns.csv", "100,000 columns, and the limit is 5,000", None),
        ("csv_unbalanced_quote.csv", "line 2", 2),
        ("csv_nul_bytes.csv", "Line 2", 2),
        ("csv_ragged.csv", "Line 3 has 5 cells", 3),
        ("empty.csv", "empty", None),
        ("png_named_csv.csv", "PNG", None),
    ],
)
def test_hostile_files_that_are_refused(
    hostile: Path, file: str, problem: str, line: int | None
) -> None:
    began = time.perf_counter()
    with pytest.raises(DataError) as caught:
        read_file(hostile / file)
    assert time.perf_counter() - began < 2
    assert problem in caught.value.problem
    assert caught.value.row == line


def test_hostile_contents(hostile: Path) -> None:
    comma = read_file(hostile / "csv_semicolon_decimal_comma.csv")
    assert comma.frame["os_months"].tolist()[:2] == [38.4, 15.94]
    mixed = read_file(hostile / "csv_mixed_decimal.csv")
    assert mixed.frame["os_months"].tolist() == ["1,5", "1.5", "1.234,5", "1,234.5"]
    assert "'os_months' has commas in its numbers" in notes(mixed)
    times = read_file(hostile / "times_invalid.csv")
    assert times.frame["os_months"].tolist()[5:6] == [12.0]
    lost = next(n for n in times.notes if "hold no number" in n.text)
    assert (lost.level, lost.lines) == ("warning", (4, 10))
    formulas = read_file(hostile / "spreadsheet_formula.csv")
    assert "=1+1" in formulas.frame["site"].tolist()


def test_real_tables() -> None:
    folder = tables()
    tcga = read_file(folder / "tcga_brca_pancan" / "data_clinical_patient.txt")
    assert tcga.frame.shape == (1084, 38)
    assert tcga.header_rows == 5
    assert tcga.row_number(0) == 6
    assert tcga.frame["OS_MONTHS"][0] == 133.0505967
    nki = read_file(folder / "nki70" / "nki70.csv")
    assert next(iter(nki.variables)) == "column 1"
    trial = read_file(folder / "rcdisc_adtte" / "cadtte.csv.gz")
    assert trial.frame.shape == (2000, 67)
    assert trial.variables["AVAL"].kind == "number"
