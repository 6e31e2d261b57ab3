"""Files -> `Dataset`. The one door for every format; today delimited text, plain or gzipped."""

from __future__ import annotations

import gzip
import io
import re
import unicodedata
import zlib
from pathlib import Path

from core.dataset import Dataset, digest_of, reference_of
from core.errors import DataError
from core.reading import cells, examples, text
from core.reading.limits import MAX_BYTES, check_bytes

_CSV = "Save it as CSV and choose that file"
_OTHERS: tuple[tuple[bytes, str, str], ...] = (
    (b"\x89PNG", "This is a PNG picture, not a table", _CSV),
    (b"\xff\xd8\xff", "This is a JPEG picture, not a table", _CSV),
    (b"GIF8", "This is a GIF picture, not a table", _CSV),
    (b"%PDF", "This is a PDF document, not a table", _CSV),
    (
        b"\xd0\xcf\x11\xe0",
        "This is an old or password-protected Excel workbook",
        "Open it, take the password off and save it as CSV",
    ),
    (b"PAR1", "This is a Parquet file", "Save it as CSV (reading Parquet comes later)"),
    (b"\x1f\x8b", "This is a gzip archive", "Give it a name that ends in .gz, or unpack it"),
    (b"BZh", "This is a bzip2 archive", "Unpack it and choose the table inside"),
    (b"\xfd7zXZ", "This is an xz archive", "Unpack it and choose the table inside"),
    (b"$FL2", "This is an SPSS file", "Save it as CSV (reading SPSS comes later)"),
    (b"$FL3", "This is an SPSS file", "Save it as CSV (reading SPSS comes later)"),
    (b"<stata_dta>", "This is a Stata file", "Save it as CSV (reading Stata comes later)"),
    (b"SQLite format 3", "This is a database, not a table", _CSV),
    (b"RDX", "This is a file of R objects", "Write the data frame with write.csv"),
    (b"\x80\x04\x95", "This is a file of Python objects, which is never opened", _CSV),
)
_MARKUP = re.compile(rb"\s*<(?:!doctype\s+html|html|\?xml|table|head)\b", re.IGNORECASE)


def read(data: bytes, name: str) -> Dataset:
    r"""Read an uploaded table.

    Parameters
    ----------
    data : bytes
        The file. What it is is told from these bytes, not from its name; only ``.gz`` at the
        end of the name says that it is to be unpacked (300 MB at most).
    name : str
        The file's name, for display.

    Returns
    -------
    Dataset
        With no endpoints yet: `core.reading.roles` finds what can be found.

    Raises
    ------
    DataError
        If it is no table, is broken or is too large. The message never holds a cell's content.

    Examples
    --------
    >>> dataset = read(b"id,months,dead\n1,3.5,1\n2,4,0\n", "trial.csv")
    >>> dataset.variables["months"].decimals, len(dataset.frame), dataset.row_number(0)
    (1, 2, 2)
    """
    shown = display_name(name)
    content = _unpack(data) if name.strip().lower().endswith(".gz") else data
    check_bytes(len(content))
    _refuse_others(content)
    table = text.parse(content)
    frame, variables, notes = cells.convert(
        table.header, table.columns, decimal_comma=table.delimiter != ",", line=table.line
    )
    digest = digest_of(data)
    return Dataset(
        name=shown,
        frame=frame,
        variables=variables,
        digest=digest,
        reference=reference_of(digest),
        title=shown,
        notes=(*table.notes, *notes),
        header_rows=table.header_rows,
        lines=table.lines,
    )


def read_file(path: str | Path) -> Dataset:
    """Read a table from disk, or a shipped cohort by its name.

    Raises
    ------
    DataError
        If there is no such file or cohort, or it cannot be read.

    Examples
    --------
    >>> read_file("gbsg2").title
    'German Breast Cancer Study Group 2'
    """
    if str(path) in examples.names():
        return examples.load(str(path))
    file = Path(path)
    try:
        check_bytes(file.stat().st_size)
        data = file.read_bytes()
    except OSError:
        raise DataError(
            f"The file '{display_name(str(path))}' cannot be opened",
            f"Give a table, or one of the shipped cohorts: {', '.join(examples.names())}",
        ) from None
    return read(data, file.name)


def display_name(name: str) -> str:
    """Cut a file name down to what may be shown: no folders, no controls, 120 characters.

    Examples
    --------
    >>> display_name("../../tmp/patients.csv")
    'patients.csv'
    """
    last = re.split(r"[/\\]", name.strip().rstrip("/\\"))[-1]
    plain = "".join(c for c in last if unicodedata.category(c)[0] != "C")
    return plain.strip()[:120] or "table"


def _unpack(data: bytes) -> bytes:
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as packed:
            content = packed.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error):
        raise DataError(
            "The file's name ends in .gz, and it cannot be unpacked", "Pack it again, or unpack it"
        ) from None
    check_bytes(len(content))
    return content


def _refuse_others(data: bytes) -> None:
    for start, problem, hint in _OTHERS:
        if data.startswith(start):
            raise DataError(problem, hint)
    if data.startswith(b"PK\x03\x04") or data.startswith(b"PK\x05\x06"):
        if b"xl/" in data or b"[Content_Types].xml" in data:
            raise DataError(
                "This is an Excel workbook", "Save it as CSV (reading Excel comes later)"
            )
        raise DataError("This is a zip archive", "Unpack it and choose the table inside")
    if _MARKUP.match(data[:200].removeprefix(b"\xef\xbb\xbf")):
        raise DataError(
            "This is a web page or XML document, not a table",
            "Open it in a spreadsheet and save it as CSV",
        )
