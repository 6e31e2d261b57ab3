"""A table written in any format, encoding and locale and read back is the same table.

The writers are those of other programs. Values are compared exactly: a float must come back as
the same 64 bits, also from XPORT, whose floats have more digits but a smaller range.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyreadstat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P
from pyarrow import feather, parquet

from core.dataset import Dataset
from core.reading import read

WESTERN = ("männlich", "Größe unklar", "Übelkeit", "fièvre élevée", "paciente niño", "weiß")
CHINESE = ("死亡", "存活", "男性", "腺癌", "淋巴结转移", "女")
JAPANESE = ("肺がん", "再発あり", "男性", "生存", "リンパ節転移", "なお治療中")
FURTHER = ("ανδρας", "женский пол", "ذكر", "여성", "זכר", "🙂 ok")
ARMS = ("Arm A", "Arm B", "control", "it's B", 'the "new" one', "a;b|c,d")
SEEN = (date(2019, 3, 14), date(2020, 1, 31))
ENCODINGS = {
    "utf-8": WESTERN + CHINESE + JAPANESE + FURTHER,
    "utf-8-sig": WESTERN + CHINESE + JAPANESE + FURTHER,
    "utf-16": WESTERN + CHINESE + JAPANESE + FURTHER,
    "cp1252": WESTERN,
    "gb18030": CHINESE,
    "cp932": JAPANESE,
}


@dataclass(frozen=True)
class Patients:
    """Columns of a table as Python values; None is missing."""

    code: list[str]
    suv: list[float | None]
    size: list[float | None]
    nodes: list[int]
    arm: list[str | None]
    seen: list[date]
    remark: list[str]

    def columns(self) -> dict[str, list[Any]]:
        return dict(vars(self))


@st.composite
def patients(draw: st.DrawFn, words: tuple[str, ...] = ENCODINGS["utf-8"]) -> Patients:
    """A small table that leaves no doubt: its decimals have two digits, and one date a day
    above 12, and a whole number has two signs for thousands.
    """
    n = draw(st.integers(3, 20))

    def column(one: st.SearchStrategy[Any], first: Any, second: Any) -> list[Any]:
        return [first, second, *draw(st.lists(one, min_size=n - 2, max_size=n - 2))]

    hundredths = st.integers(-9_999_999, 99_999_999).map(lambda x: x / 100)
    # Whole numbers of 16 digits are the numbers of records.
    full = st.floats(1e-60, 1e14) | st.floats(-1e14, -1e-60) | st.just(0.1)
    return Patients(
        code=[f"P{i:03}" for i in range(n)],
        suv=column(st.none() | hundredths, 1234.56, 0.25),
        size=column(st.none() | full, 0.1, 2 / 3),
        nodes=column(st.integers(0, 9_999_999), 7, 1_234_567),
        arm=column(st.none() | st.sampled_from(ARMS), "Arm A", "Arm B"),
        seen=column(st.dates(date(1961, 1, 1), date(2029, 12, 31)), *SEEN),
        remark=column(st.sampled_from(words), words[0], words[1]),
    )  # fmt: skip


def check(dataset: Dataset, wanted: Patients, *, without: tuple[str, ...] = ()) -> None:
    """Names in their order, missing cells, and values to the last bit."""
    columns = {n: c for n, c in wanted.columns().items() if n not in without}
    assert list(dataset.frame.columns) == list(columns)
    for name, cells in columns.items():
        found = dataset.frame[name]
        if name in ("suv", "size", "nodes"):
            assert dataset.variables[name].kind == "number", name
            numbers = np.array([np.nan if c is None else float(c) for c in cells])
            # Zero has two signs, which text and a whole number cannot tell apart.
            assert (found.to_numpy() + 0.0).tobytes() == (numbers + 0.0).tobytes(), name
        else:
            texts = [c.isoformat() if isinstance(c, date) else c for c in cells]
            assert found.tolist() == texts, name
    assert dataset.variables["seen"].kind == "date"
    assert not any(question.needed for question in dataset.questions)


# Text -----------------------------------------------------------------------------------------

DATES: dict[str, Callable[[date], str]] = {
    "ISO": date.isoformat,
    "day first": lambda d: d.strftime("%d/%m/%Y"),
    "day first, dots": lambda d: f"{d.day}.{d.month}.{d.year}",
    "month first": lambda d: d.strftime("%m/%d/%Y"),
    "month in words": lambda d: d.strftime("%d-%b-%Y"),
    "year first": lambda d: d.strftime("%Y/%m/%d"),
}
LOCALES = (
    *((".", sign) for sign in ("", ",", " ", "'", "’", "\u00a0", "\u202f")),
    *((",", sign) for sign in ("", ".", " ", "'", "’", "\u00a0", "\u202f")),
)


def number(value: float | int | None, decimal: str, thousands: str, missing: str) -> str:
    """Write a number as a locale does, with two decimals if it is no whole number."""
    if value is None:
        return missing
    text = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
    return text.replace(",", "\0").replace(".", decimal).replace("\0", thousands)


@dataclass(frozen=True)
class Style:
    """How a program writes text files."""

    delimiter: str
    end: str
    locale: tuple[str, str]
    dates: str
    missing: str

    def text(self, table: Patients) -> str:
        out = io.StringIO()
        writer = csv.writer(out, delimiter=self.delimiter, lineterminator=self.end)
        columns = table.columns() | {
            "suv": [number(x, *self.locale, self.missing) for x in table.suv],
            "nodes": [number(x, *self.locale, self.missing) for x in table.nodes],
            "arm": [self.missing if x is None else x for x in table.arm],
            "seen": list(map(DATES[self.dates], table.seen)),
        }
        del columns["size"]
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
        return out.getvalue()


STYLES = st.builds(
    Style,
    delimiter=st.sampled_from((",", ";", "\t", "|")),
    end=st.sampled_from(("\n", "\r\n", "\r")),
    locale=st.sampled_from(LOCALES),
    dates=st.sampled_from(tuple(DATES)),
    missing=st.sampled_from(("", "NA", "n/a")),
)


def encodable(style: Style, encoding: str) -> bool:
    """Typographic signs are for Unicode: not every older encoding has them."""
    return style.locale[1].isascii() or encoding.startswith("utf")


@pytest.mark.parametrize("encoding", ENCODINGS)
@settings(deadline=None, max_examples=60)
@given(st.data())
def test_text(encoding: str, data: st.DataObject) -> None:
    style = data.draw(STYLES.filter(lambda style: encodable(style, encoding)))
    table = data.draw(patients(ENCODINGS[encoding]))
    check(read(style.text(table).encode(encoding), "a.csv"), table, without=("size",))


@settings(deadline=None, max_examples=60)
@given(patients(), st.sampled_from((",", ";", "\t", "|")), st.booleans())
def test_text_of_floats(table: Patients, delimiter: str, comma: bool) -> None:
    """All 17 digits, also with a decimal comma."""
    rows = zip(table.code, table.size, strict=True)
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerow(["code", "size"])
    for code, x in rows:
        text = "" if x is None else repr(x)
        writer.writerow([code, text.replace(".", ",") if comma else text])
    found = read(out.getvalue().encode(), "a.csv").frame["size"].to_numpy()
    assert found.tolist() == pytest.approx([np.nan if x is None else x for x in table.size], 0, 0,
                                           nan_ok=True)  # fmt: skip


@pytest.mark.parametrize(
    ("name", "pack"),
    [("a.csv.gz", gzip.compress), ("a.csv.bz2", bz2.compress), ("a.csv.xz", lzma.compress)],
)
@settings(deadline=None, max_examples=10)
@given(st.data())
def test_packed_text(name: str, pack: Callable[[bytes], bytes], data: st.DataObject) -> None:
    style, table = data.draw(STYLES), data.draw(patients())
    check(read(pack(style.text(table).encode()), name), table, without=("size",))


def arff(table: Patients) -> bytes:
    """Write as Weka does: nominal, numeric, date and string attributes, ? for missing."""

    def quoted(word: str) -> str:
        return "'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'"

    arms = sorted({a for a in table.arm if a is not None})
    kinds = {
        "code": "string",
        "suv": "numeric",
        "size": "real",
        "nodes": "integer",
        "arm": "{" + ",".join(map(quoted, arms)) + "}",
        "seen": "date yyyy-MM-dd",
        "remark": "string",
    }
    lines = ["% made by a test", "@relation patients"]
    lines += [f"@attribute {name} {kind}" for name, kind in kinds.items()]
    lines.append("@data")
    for row in zip(*table.columns().values(), strict=True):
        cells = ["?" if c is None else repr(c) if isinstance(c, float) else c for c in row]
        numeric = (1, 2, 3)
        lines.append(
            ",".join(
                str(c) if c == "?" or j in numeric else quoted(str(c)) for j, c in enumerate(cells)
            )
        )
    return "\n".join(lines).encode()


@settings(deadline=None, max_examples=30)
@given(patients())
def test_arff(table: Patients) -> None:
    check(read(arff(table), "a.arff"), table)


# Spreadsheets ---------------------------------------------------------------------------------


def xlsx(table: Patients) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    sheet.append(list(table.columns()))
    for row in zip(*table.columns().values(), strict=True):
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def xls(table: Patients) -> bytes:
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Tabelle1")
    day = xlwt.easyxf(num_format_str="DD.MM.YYYY")
    for j, (name, cells) in enumerate(table.columns().items()):
        sheet.write(0, j, name)
        for i, cell in enumerate(cells, start=1):
            if isinstance(cell, date):
                sheet.write(i, j, datetime(cell.year, cell.month, cell.day), day)
            elif cell is not None:
                sheet.write(i, j, cell)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def ods(table: Patients) -> bytes:
    book = OpenDocumentSpreadsheet()
    sheet = Table(name="Tabelle1")
    book.spreadsheet.addElement(sheet)
    for row in (list(table.columns()), *zip(*table.columns().values(), strict=True)):
        line = TableRow()
        sheet.addElement(line)
        for cell in row:
            line.addElement(_ods_cell(cell))
    out = io.BytesIO()
    book.write(out)
    return out.getvalue()


def _ods_cell(cell: object) -> TableCell:
    if cell is None:
        return TableCell()
    if isinstance(cell, date):
        return TableCell(valuetype="date", datevalue=cell.isoformat())
    if isinstance(cell, float | int):
        return TableCell(valuetype="float", value=repr(cell))
    made = TableCell(valuetype="string")
    made.addElement(P(text=str(cell)))
    return made


@pytest.mark.parametrize("write", [xlsx, xls, ods])
@settings(deadline=None, max_examples=25)
@given(table=patients())
def test_spreadsheets(write: Callable[[Patients], bytes], table: Patients) -> None:
    # openpyxl writes 16 digits, and some floats need 17; the others write all of them.
    kept = [x if x is None or write is not xlsx else float(f"{x:.16g}") for x in table.size]
    check(read(write(table), "a"), replace(table, size=kept))


# Statistics packages --------------------------------------------------------------------------


def frame_of(table: Patients) -> pd.DataFrame:
    columns = table.columns() | {"arm": [a or "" for a in table.arm]}
    frame = pd.DataFrame(columns)
    return frame.astype({"suv": float, "size": float, "nodes": float})


def by_pyreadstat(write: Callable[..., None], ending: str, **options: Any) -> Any:
    def written(table: Patients) -> bytes:
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / f"a.{ending}"
            write(frame_of(table), str(path), **options)
            return path.read_bytes()

    return written


PACKAGES = {
    "sav": by_pyreadstat(pyreadstat.write_sav, "sav"),
    "sav, rows compressed": by_pyreadstat(pyreadstat.write_sav, "sav", row_compress=True),
    "zsav": by_pyreadstat(pyreadstat.write_sav, "zsav", compress=True),
    "dta": by_pyreadstat(pyreadstat.write_dta, "dta"),
    "dta of Stata 12": by_pyreadstat(pyreadstat.write_dta, "dta", version=12),
    "xpt": by_pyreadstat(pyreadstat.write_xport, "xpt", file_format_version=8),
    "xpt of SAS 5": by_pyreadstat(pyreadstat.write_xport, "xpt", file_format_version=5),
}


@pytest.mark.parametrize("kind", PACKAGES)
@settings(deadline=None, max_examples=20)
@given(table=patients())
def test_statistics_packages(kind: str, table: Patients) -> None:
    check(read(PACKAGES[kind](table), "a"), table)


# Columnar -------------------------------------------------------------------------------------


def arrow(table: Patients) -> pa.Table:
    kinds = {"nodes": pa.int32(), "arm": pa.dictionary(pa.int8(), pa.string()), "seen": pa.date32()}
    return pa.table(
        {n: pa.array(c, type=kinds.get(n)) for n, c in table.columns().items()},
    )


@pytest.mark.parametrize("compression", ["none", "snappy", "zstd", "gzip"])
@settings(deadline=None, max_examples=15)
@given(table=patients())
def test_parquet(compression: str, table: Patients) -> None:
    out = io.BytesIO()
    parquet.write_table(arrow(table), out, compression=compression)
    check(read(out.getvalue(), "a.parquet"), table)


@pytest.mark.parametrize("compression", ["uncompressed", "lz4", "zstd"])
@settings(deadline=None, max_examples=15)
@given(table=patients())
def test_feather(compression: str, table: Patients) -> None:
    out = io.BytesIO()
    feather.write_feather(arrow(table), out, compression=compression)
    check(read(out.getvalue(), "a.feather"), table)
