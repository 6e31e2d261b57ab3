"""Bytes -> column names and cells of text: encodings, delimiters, quotes, and what is refused.

Nothing is mended silently. What was skipped is told in notes, and what cannot be read is refused
with the line of the file. No message ever holds what stands in a cell: those are patients' data.
"""

from __future__ import annotations

import csv
import io
import re
from array import array
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Protocol

import numpy as np

from core.errors import DataError
from core.notes import Note, info, warning
from core.reading.encodings import line_ends, to_utf8
from core.reading.limits import MAX_CELL, check_columns, check_size
from core.reading.packed import BLOCK, SEPARATOR, Cells

DELIMITERS = (",", ";", "\t", "|")

# "#,age,sex" is a header whose first column is called "#"; "#Patient Identifier ..." is a comment.
_MAX_PREFACE = 1_000
_PREFACE = re.compile(rb"(?:[ \t]*(?:#(?! *[,;\t|])[^\r\n]*)?(?:\r\n|\r|\n)){0,%d}" % _MAX_PREFACE)
_NUMERIC = re.compile(r"[+-]?[0-9]*[.,]?[0-9]+")
_COMMENT = re.compile(rb"(?:^|[\r\n])[ \t]*#")


@dataclass(frozen=True, eq=False)
class Table:
    """What a text file holds, before anything is made of its cells.

    Attributes
    ----------
    header : tuple of str
        Column names, all different.
    columns : list of Cells
    delimiter : str
    header_rows : int
        Lines of the file up to and with the header.
    lines : numpy.ndarray of int or None
        Line on which each row begins; None where it is the header's line plus 1, plus 2, ...
    notes : tuple of Note
    """

    header: tuple[str, ...]
    columns: list[Cells]
    delimiter: str
    header_rows: int
    lines: np.ndarray | None
    notes: tuple[Note, ...]

    def line(self, index: int) -> int:
        """Line of the file on which row `index` (from 0) begins."""
        return index + self.header_rows + 1 if self.lines is None else int(self.lines[index])


def parse(data: bytes) -> Table:
    r"""Read delimited text.

    Parameters
    ----------
    data : bytes
        UTF-8 with or without a byte order mark, UTF-16 with one, otherwise Windows-1252. The
        delimiter is a comma, a semicolon, a tab or a bar, whichever cuts the first lines evenly.

    Raises
    ------
    DataError
        If it is empty, not text, broken (quotes, unequal rows) or larger than the limits.

    Examples
    --------
    >>> table = parse(b"id;months\n1;3,5\n2;4\n")
    >>> table.header, [list(column) for column in table.columns], table.delimiter
    (('id', 'months'), [['1', '2'], ['3,5', '4']], ';')
    """
    body, notes = to_utf8(data)
    body, before = _skip_preface(body, notes)
    delimiter = sniff(body)
    reader = _reader(body, delimiter)
    header, more = _header(_next(reader, before))
    check_size(body, len(header))
    header_rows = before + reader.line_num
    columns = _quick_rows(reader, len(header))
    lines = None
    if columns is None:
        reader = _reader(body, delimiter)
        _next(reader, before)
        columns, lines, empty = _rows(reader, len(header), before)
        if empty:
            text = f"{empty} rows in which every cell is empty were left out."
            notes.append(info("file", text))
    if not columns[0].blocks:
        raise DataError(
            "The file has column names and no rows", "Choose a file with at least one row"
        )
    return Table(header, columns, delimiter, header_rows, lines, (*notes, *more))


def _skip_preface(body: bytes, notes: list[Note]) -> tuple[bytes, int]:
    """Take blank lines and comments off the beginning; also return how many lines they were."""
    if not body.strip():
        raise DataError("The file is empty", "Choose a file with column names in its first line")
    found = _PREFACE.match(body)
    skipped = found.group() if found else b""
    before, body = line_ends(skipped), body[len(skipped) :]
    if before == _MAX_PREFACE or not body.strip():
        raise DataError(
            f"The file has no table in its first {before:,} lines",
            "Choose a file with column names in its first line",
        )
    if comments := len(_COMMENT.findall(skipped)):
        notes.append(info("file", f"{comments} comment lines before the header were skipped."))
    return body, before


def sniff(body: bytes) -> str:
    r"""Find the delimiter that cuts the first lines most evenly, then into most cells.

    Quoted cells are seen as such, so a comma inside quotes does not count.

    Examples
    --------
    >>> sniff(b'id;"a, b";c\n1;2,5;3\n')
    ';'
    """
    sample = body[:65_536].decode("utf-8", "ignore")
    complete = len(body) <= 65_536

    def merit(delimiter: str) -> tuple[float, int]:
        widths: list[int] = []
        try:
            for row in islice(_csv(io.StringIO(sample, newline=""), delimiter, strict=False), 21):
                if any(row):
                    widths.append(len(row))
        except csv.Error:
            pass
        if not complete and 1 < len(widths) < 21:
            widths.pop()
        if not widths or widths[0] == 1:
            return 0.0, 0
        return widths.count(widths[0]) / len(widths), widths[0]

    return max(DELIMITERS, key=merit)


class Reader(Protocol):
    """What `csv.reader` returns: rows, and how many lines it has read."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


def _csv(lines: io.TextIOBase, delimiter: str, *, strict: bool = True) -> Reader:
    return csv.reader(lines, delimiter=delimiter, strict=strict, skipinitialspace=True)


def _reader(body: bytes, delimiter: str) -> Reader:
    # newline="" keeps the ends of lines inside quoted cells as they are.
    return _csv(io.TextIOWrapper(io.BytesIO(body), encoding="utf-8", newline=""), delimiter)


def _next(reader: Reader, before: int) -> list[str]:
    try:
        header = next(reader)
    except csv.Error:
        raise _broken(before + 1) from None
    if max(map(len, header), default=0) > MAX_CELL:
        raise _broken(before + 1)
    return header


def _broken(line: int) -> DataError:
    return DataError(
        f"The row that begins in line {line} opens a quotation mark that is not closed, has text "
        f"behind one that is, or has a cell of more than {MAX_CELL:,} characters",
        "Close the quotation mark, and write one that belongs to a quoted cell twice",
        row=line,
    )


def _header(cells: list[str]) -> tuple[tuple[str, ...], list[Note]]:
    check_columns(len(cells))
    notes: list[Note] = []
    names = [c.strip() for c in cells]
    empty = [i for i, name in enumerate(names) if not name]
    for i in empty:
        names[i] = f"column {i + 1}"
    if empty:
        listed = _listed([names[i] for i in empty])
        notes.append(info("columns", f"Columns without a name were called {listed}."))
    if len(cells) == 1:
        text = "Only one column was found: columns are separated by , ; tab or |."
        notes.append(warning("columns", text))
    if all(map(_NUMERIC.fullmatch, names)):
        raise DataError(
            "The first line holds numbers where the column names should be",
            "Put a line with the names of the columns above the table",
            row=1,
        )
    names, renamed = _unique(names)
    if renamed:
        text = "Several columns have the same name. The later ones were called "
        notes.append(warning("columns", text + _listed(renamed) + "."))
    return tuple(names), notes


def _unique(names: list[str]) -> tuple[list[str], list[str]]:
    """Give the later ones of columns with the same name a number: ``grade``, ``grade (2)``."""
    taken, seen = set(names), set[str]()
    result, renamed = [], []
    for name in names:
        new, n = name, 2
        while new in seen or (new != name and new in taken):
            new, n = f"{name} ({n})", n + 1
        if new != name:
            renamed.append(new)
        seen.add(new)
        result.append(new)
    return result, renamed


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names[:5]) + (", ..." if names[5:] else "")


def _quick_rows(reader: Reader, width: int) -> list[Cells] | None:
    """Columns of a table with one row on every line; None when it is not that simple."""
    blocks: list[list[str]] = [[] for _ in range(width)]
    before, count = reader.line_num, 0
    try:
        # Small blocks: few lists are alive at a time, which keeps the garbage collector quiet.
        while rows := list(islice(reader, BLOCK)):
            if set(map(len, rows)) != {width}:
                return None
            if any(map(_is_blank, rows)):
                return None
            count += len(rows)
            _pack(rows, blocks)
            if any(len(column[-1]) > MAX_CELL for column in blocks):
                return None
    except csv.Error:
        return None
    return list(map(Cells, blocks)) if reader.line_num - before == count else None


def _rows(reader: Reader, width: int, before: int) -> tuple[list[Cells], np.ndarray, int]:
    """Columns, the line each row begins on, and how many rows of empty cells there were."""
    rows: list[list[str]] = []
    blocks: list[list[str]] = [[] for _ in range(width)]
    starts = array("q")
    empty, read = 0, reader.line_num
    try:
        for row in reader:
            line, read = before + read + 1, reader.line_num
            if _is_blank(row):
                empty += len(row) > 1
                continue
            if len(row) != width:
                raise _ragged(row, width, line, before + read)
            if max(map(len, row)) > MAX_CELL:
                raise _broken(line)
            rows.append(row)
            starts.append(line)
            if len(rows) == BLOCK:
                _pack(rows, blocks)
    except csv.Error:
        raise _broken(before + read + 1) from None
    if rows:
        _pack(rows, blocks)
    return list(map(Cells, blocks)), np.array(starts, dtype=np.int64), empty


def _is_blank(row: list[str]) -> bool:
    """Whether no cell of a row holds anything; the first one settles it for most rows."""
    return not (row and row[0].strip()) and not any(map(str.strip, row))


def _pack(rows: list[list[str]], blocks: list[list[str]]) -> None:
    """Move rows to the end of the columns' blocks."""
    for column, cells in zip(blocks, zip(*rows, strict=True), strict=True):
        column.append(SEPARATOR.join(cells))
    rows.clear()


def _ragged(row: list[str], width: int, line: int, last: int) -> DataError:
    cells = "1 cell" if len(row) == 1 else f"{len(row)} cells"
    hint = "Every row needs one cell for each column; a cell that holds a delimiter needs quotes"
    if last > line:
        hint = f"It runs on to line {last}: is a quotation mark not closed?"
    return DataError(f"Line {line} has {cells}, and the header has {width}", hint, row=line)
