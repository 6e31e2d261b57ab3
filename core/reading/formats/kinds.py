"""Bytes -> `Table`: what a file is, told from its content, and who reads it.

The name of a file says nothing here: hospital systems export web pages called ``.xls``.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zlib
from collections.abc import Callable
from typing import IO

from core.errors import DataError
from core.reading.formats import text
from core.reading.formats.limits import MAX_BYTES, check_bytes
from core.reading.table import Table, Tell, nobody
from core.steps import Recipe

_CSV = "Save it as CSV or XLSX and choose that file"
_REFUSED: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG", "This is a PNG picture, not a table", _CSV),
    (b"\xff\xd8\xff", "This is a JPEG picture, not a table", _CSV),
    (b"GIF8", "This is a GIF picture, not a table", _CSV),
    (b"%PDF", "This is a PDF document, not a table", _CSV),
    (b"{\\rtf", "This is a text document, not a table", _CSV),
    (b"SQLite format 3", "This is a database, not a table", _CSV),
    (b"\x80\x02", "This is a file of Python objects, which is never opened", _CSV),
    (b"\x80\x03", "This is a file of Python objects, which is never opened", _CSV),
    (b"\x80\x04", "This is a file of Python objects, which is never opened", _CSV),
    (b"\x80\x05", "This is a file of Python objects, which is never opened", _CSV),
)
_STARTS: tuple[tuple[bytes, str], ...] = (
    (b"$FL2", "sav"),
    (b"$FL3", "zsav"),
    (b"<stata_dta>", "dta"),
    (b"HEADER RECORD*******L", "xpt"),
    (b"PAR1", "parquet"),
    (b"ARROW1", "arrow"),
    (b"RDX2", "r"),
    (b"RDX3", "r"),
    (b"RDA2", "r"),
    (b"RDA3", "r"),
    (b"X\n\0\0\0", "r"),
    (b"A\n2\n", "r"),
    (b"A\n3\n", "r"),
    (b"\xd0\xcf\x11\xe0", "workbook"),
    (b"PK\x03\x04", "zip"),
    (b"PK\x05\x06", "zip"),
)
_SAS = bytes.fromhex("c2ea8160b31411cfbd92080009c7318c181f1011")
_MARKUP = re.compile(
    rb"\s*<(?:!doctype\s+html|!--|html|\?xml|table|head|body|meta|div|style)\b", re.IGNORECASE
)
_RELATION = re.compile(rb"(?:[ \t]*(?:%[^\r\n]*)?[\r\n]+)*[ \t]*@relation\b", re.IGNORECASE)


def read(
    data: bytes, name: str, recipe: Recipe, sheet: str | None = None, *, tell: Tell = nobody
) -> Table:
    r"""Read a file of any of the formats.

    Parameters
    ----------
    data : bytes
        The file; one that is packed by gzip, bzip2 or xz is unpacked first (300 MB at most).
    name : str
        Its name; only ``.gz`` at its end is looked at, to say that such a file is damaged.
    recipe : Recipe
        For what is settled before there are columns: header lines and rows of totals.
    sheet : str, optional
        Sheet of a workbook or object of an R file; the first one with a table when left out.
    tell : callable, optional
        Is told how much of a text is read; the other formats are read in one go.

    Raises
    ------
    DataError
        If it is no table, is damaged or is too large. The message never holds a cell's content.

    Examples
    --------
    >>> read(b"id;months\n1;3,5\n", "a.csv", Recipe()).header
    ('id', 'months')
    """
    content = unpacked(data, name)
    check_bytes(len(content))
    what = kind(content)
    if sheet is not None and what not in ("workbook", "r", "xpt"):
        raise DataError(
            f"The file has no sheets, and the sheet '{sheet}' is asked for", "Leave 'sheet' out"
        )
    if what == "text":
        return text.parse(content, recipe, tell=tell)
    return _READERS[what](content, recipe, sheet, what)


def kind(data: bytes) -> str:
    r"""Tell what a file is from its content.

    Returns
    -------
    {"text", "workbook", "sav", "zsav", "por", "dta", "sas7bdat", "xpt", "parquet", "arrow", \
"arff", "r"}

    Raises
    ------
    DataError
        If it is something that is known and is no table.

    Examples
    --------
    >>> kind(b"PAR1...."), kind(b"a,b\n1,2\n")
    ('parquet', 'text')
    """
    for start, problem, hint in _REFUSED:
        if data.startswith(start):
            raise DataError(problem, hint)
    for start, found in _STARTS:
        if data.startswith(start):
            return found if found != "zip" else _inside_zip(data)
    if data[12:32] == _SAS:
        return "sas7bdat"
    if b"SPSSPORT" in data[:700]:
        return "por"
    if len(data) > 2 and 102 <= data[0] <= 115 and data[1] in (1, 2) and data[2] == 1:
        return "dta"
    head = data[:4096].removeprefix(b"\xef\xbb\xbf")
    if _MARKUP.match(head):
        raise _markup(head)
    return "arff" if _RELATION.match(data[:65_536].removeprefix(b"\xef\xbb\xbf")) else "text"


def unpacked(data: bytes, name: str) -> bytes:
    """Unpack a file that is packed by gzip, bzip2 or xz; any other one is returned as it is.

    Raises
    ------
    DataError
        If it is damaged, unpacks to more than the limit, or is called ``.gz`` and is none.
    """
    for start, opened in _PACKED:
        if data.startswith(start):
            try:
                with opened(io.BytesIO(data)) as packed:
                    content = packed.read(MAX_BYTES + 1)
            except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError):
                raise _damaged() from None
            check_bytes(len(content))
            return content
    if name.strip().lower().endswith(".gz"):
        raise _damaged()
    return data


def _damaged() -> DataError:
    return DataError(
        "The file is packed, or its name says so, and it cannot be unpacked",
        "Pack it again, or unpack it",
    )


def _gzip(file: IO[bytes]) -> io.BufferedIOBase:
    return gzip.GzipFile(fileobj=file)


_PACKED: tuple[tuple[bytes, Callable[[IO[bytes]], io.BufferedIOBase]], ...] = (
    (b"\x1f\x8b", _gzip),
    (b"BZh", bz2.BZ2File),
    (b"\xfd7zXZ", lzma.LZMAFile),
)


def _inside_zip(data: bytes) -> str:
    if b"word/document.xml" in data or b"ppt/presentation.xml" in data:
        raise DataError("This is a text document or a slide show, not a table", _CSV)
    if b"xl/" in data or b"[Content_Types].xml" in data or b"opendocument.spreadsheet" in data:
        return "workbook"
    raise DataError("This is a zip archive", "Unpack it and choose the table inside")


def _markup(head: bytes) -> DataError:
    if b"office:spreadsheet" in head:
        return DataError(
            "This is a workbook in the XML format of Excel 2003", "Save it as .xlsx or .csv"
        )
    if re.match(rb"\s*<\?xml", head) and b"<html" not in head.lower():
        return DataError(
            "This is an XML document, not a table", "Open it in a spreadsheet, save it as CSV"
        )
    return DataError(
        "This is an HTML page (a web page), perhaps saved as .xls",
        "Open it in a spreadsheet and save it as .xlsx or .csv",
    )


def _package(data: bytes, recipe: Recipe, sheet: str | None, what: str) -> Table:
    from core.reading.formats import packages

    return packages.read(data, what, sheet=sheet)


def _columnar(data: bytes, recipe: Recipe, sheet: str | None, what: str) -> Table:
    from core.reading.formats import columnar

    return columnar.read(data)


def _workbook(data: bytes, recipe: Recipe, sheet: str | None, what: str) -> Table:
    from core.reading.formats import workbook

    return workbook.read(data, recipe, sheet)


def _arff(data: bytes, recipe: Recipe, sheet: str | None, what: str) -> Table:
    from core.reading.formats import arff

    return arff.read(data)


def _objects(data: bytes, recipe: Recipe, sheet: str | None, what: str) -> Table:
    from core.reading.formats import robjects

    return robjects.read(data, sheet)


# Readers are imported where they are used: those who open a CSV need not wait for the others.
_READERS: dict[str, Callable[[bytes, Recipe, str | None, str], Table]] = {
    "workbook": _workbook,
    **dict.fromkeys(("sav", "zsav", "por", "dta", "sas7bdat", "xpt"), _package),
    **dict.fromkeys(("parquet", "arrow"), _columnar),
    "arff": _arff,
    "r": _objects,
}
