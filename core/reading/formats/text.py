"""Bytes -> column names and cells of text: encodings, delimiters, quotes, and what is refused.

Nothing is mended silently. What was skipped is told in notes, and what cannot be read is refused
with the line of the file. No message ever holds what stands in a cell: those are patients' data.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
from array import array
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import islice

import numpy as np

from core.errors import DataError
from core.notes import Note
from core.reading.formats import layout, rownames
from core.reading.formats.delimiters import BLANK, Reader, rows_of, sniff
from core.reading.formats.encodings import line_ends, to_utf8
from core.reading.formats.evidence import is_blank
from core.reading.formats.limits import MAX_CELL, check_columns, check_size
from core.reading.formats.naming import comment_labels, finished
from core.reading.packed import BLOCK, SEPARATOR, Cells
from core.reading.table import Table, Tell, nobody
from core.steps import Recipe

# "#,age,sex" is a header whose first column is called "#"; "#Patient Identifier ..." is a comment.
_MAX_PREFACE = 1_000
_PREFACE = re.compile(rb"(?:[ \t]*(?:#(?! *[,;\t|])[^\r\n]*)?(?:\r\n|\r|\n)){0,%d}" % _MAX_PREFACE)
_SAMPLE = 60
_NOTHING = Recipe()


def parse(data: bytes, recipe: Recipe = _NOTHING, *, tell: Tell = nobody) -> Table:
    r"""Read delimited text.

    Parameters
    ----------
    data : bytes
        In any encoding that `core.reading.formats.encodings` knows. The delimiter is a comma, a
        semicolon, a tab or a bar, whichever cuts the first lines evenly, else a blank.
    recipe : Recipe
        Its steps ``header`` and ``totals`` are followed.
    tell : callable, optional
        Is told how much is read; it may hear a smaller share again where a simpler road ends.

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
    content, notes = to_utf8(data)
    preface, body = _preface(content)
    delimiter = sniff(body)
    if delimiter == BLANK:
        notes.append(Note("info", "file", "The columns are parted by blanks.", "read"))
    comments, at = _comments(preface, delimiter)
    before = line_ends(preface)
    head = _head(_reader(body, delimiter), before)
    check_columns(max(map(len, head), default=0))
    check_size(body, max(map(len, head[:_SAMPLE]), default=0))
    table = None
    if not recipe.of("header") and len(head) > 1 and not is_blank(head[0]):
        head, more = _with_row_names(body, delimiter, head, before)
        notes += more
        table = _plain(partial(_reader, body, delimiter, tell), comments, head, before)
    if table is None:
        rows, lines = _all_rows(_reader(body, delimiter, tell), before)
        rows[0] = head[0]
        table = layout.table([*comments, *rows], [*at, *lines], recipe)
    elif comments:
        notes.append(layout.on_comments(at))
    return replace(table, delimiter=delimiter, notes=(*notes, *table.notes))


def _preface(body: bytes) -> tuple[bytes, bytes]:
    """Part blank lines and comments at the beginning from the rest, which holds something."""
    if not body.strip():
        raise DataError("The file is empty", "Choose a file with column names in its first line")
    found = _PREFACE.match(body)
    preface = found.group() if found else b""
    if line_ends(preface) == _MAX_PREFACE or not body[len(preface) :].strip():
        raise layout.no_table(line_ends(preface))
    return preface, body[len(preface) :]


def _comments(preface: bytes, delimiter: str) -> tuple[list[list[str]], list[int]]:
    """Cells and lines of the comments. They may hold anything, also lone quotation marks."""
    lines = re.split(r"\r\n|\r|\n", preface.decode("utf-8"))
    at = [i for i, line in enumerate(lines) if line.strip()]
    return [lines[i].strip(" ").split(delimiter) for i in at], [i + 1 for i in at]


def _plain(
    again: Callable[[], Reader], comments: list[list[str]], head: list[list[str]], before: int
) -> Table | None:
    """The table, where it is one line of names and rows of patients; None when it is not."""
    width = len(head[0])
    reader = again()
    next(reader)
    header_line, lines = before + reader.line_num, None
    columns = _quick_rows(reader, width)
    if columns is None:
        reader = again()
        next(reader)
        columns, lines = _rows(reader, width, before)
    if not columns or not columns[0].blocks or _repeats(head[0], columns):
        return None
    # The rows behind those of the head, as many as are looked at.
    last = zip(*(c.blocks[-1].split(SEPARATOR) for c in columns), strict=True)
    n = sum(block.count(SEPARATOR) + 1 for block in columns[0].blocks)
    tail = list(last)[-min(_SAMPLE, n + 1 - len(head)) :] if n + 1 > len(head) else []
    if not layout.is_plain(head, tail):
        return None
    labels = comment_labels(comments, head[0])
    return finished(head[0], columns, header_line=header_line, lines=lines, labels=labels)


def _with_row_names(
    body: bytes, delimiter: str, head: list[list[str]], before: int
) -> tuple[list[list[str]], list[Note]]:
    """Name the column of row names, for which R writes no name."""
    if not rownames.may_be(head):
        return head, []
    rows, _ = _all_rows(_reader(body, delimiter), before)
    if not rownames.are(rows, body, delimiter):
        return head, []
    name = rownames.ROW if rownames.ROW not in head[0] else ""
    text = "Every row has one cell more than the header: the first one was taken for the name of "
    text += "the row, as R writes it."
    return [[name, *head[0]], *head[1:]], [Note("warning", "columns", text, "read")]


def _repeats(header: list[str], columns: list[Cells]) -> bool:
    """Whether a row of the table may repeat the header: cheap, and rather once too often."""
    names = [
        (f"{SEPARATOR}{name.strip().casefold()}", column)
        for name, column in zip(header, columns, strict=True)
    ]
    n = range(len(columns[0].blocks))
    return any(all(s in f"{SEPARATOR}{c.blocks[i]}".casefold() for s, c in names) for i in n)


class _Bytes(io.BytesIO):
    """The bytes of a file, which tell what share of them has been read."""

    def __init__(self, body: bytes, tell: Tell) -> None:
        super().__init__(body)
        self._step = max(1, len(body) // 100)
        self._next = self._step
        self._tell = tell

    def read1(self, size: int | None = -1, /) -> bytes:
        if (at := self.tell()) >= self._next:
            self._tell(min(1.0, at / (100 * self._step)))
            self._next = at + self._step
        return super().read1(size)


def _reader(body: bytes, delimiter: str, tell: Tell = nobody) -> Reader:
    # newline="" keeps the ends of lines inside quoted cells as they are.
    return rows_of(io.TextIOWrapper(_Bytes(body, tell), encoding="utf-8", newline=""), delimiter)


def _head(reader: Reader, before: int) -> list[list[str]]:
    """The first rows, as far as they can be read; the first one must be."""
    rows: list[list[str]] = []
    with contextlib.suppress(csv.Error):
        for row in islice(reader, _SAMPLE):
            rows.append(row)
    if not rows or max(map(len, rows[0]), default=0) > MAX_CELL:
        raise _broken(before + 1)
    return rows


def _broken(line: int) -> DataError:
    return DataError(
        f"The row that begins in line {line} opens a quotation mark that is not closed, has text "
        f"behind one that is, or has a cell of more than {MAX_CELL:,} characters",
        "Close the quotation mark, and write one that belongs to a quoted cell twice",
        row=line,
    )


def _quick_rows(reader: Reader, width: int) -> list[Cells] | None:
    """Columns of a table with one row on every line; None when it is not that simple."""
    blocks: list[list[str]] = [[] for _ in range(width)]
    before, count = reader.line_num, 0
    try:
        # Small blocks: few lists are alive at a time, which keeps the garbage collector quiet.
        while rows := list(islice(reader, BLOCK)):
            if set(map(len, rows)) != {width}:
                return None
            if any(map(is_blank, rows)):
                return None
            count += len(rows)
            _pack(rows, blocks)
            if any(len(column[-1]) > MAX_CELL for column in blocks):
                return None
    except csv.Error:
        return None
    return list(map(Cells, blocks)) if reader.line_num - before == count else None


def _rows(reader: Reader, width: int, before: int) -> tuple[list[Cells] | None, np.ndarray]:
    """Columns of a table whose cells may have line breaks, and the line each row begins on.

    None for the columns when a row is blank, broken or of another width.
    """
    rows: list[list[str]] = []
    blocks: list[list[str]] = [[] for _ in range(width)]
    starts = array("q")
    read = reader.line_num
    try:
        for row in reader:
            starts.append(before + read + 1)
            read = reader.line_num
            if len(row) != width or is_blank(row) or max(map(len, row)) > MAX_CELL:
                return None, np.empty(0)
            rows.append(row)
            if len(rows) == BLOCK:
                _pack(rows, blocks)
    except csv.Error:
        return None, np.empty(0)
    if rows:
        _pack(rows, blocks)
    return list(map(Cells, blocks)), np.array(starts, dtype=np.int64)


def _all_rows(reader: Reader, before: int) -> tuple[list[list[str]], list[int]]:
    """Every row, also the blank ones, and the line it begins on."""
    rows: list[list[str]] = []
    lines: list[int] = []
    read = 0
    try:
        for row in reader:
            lines.append(before + read + 1)
            read = reader.line_num
            rows.append(row)
            if max(map(len, row), default=0) > MAX_CELL:
                raise _broken(lines[-1])
    except csv.Error:
        raise _broken(before + read + 1) from None
    return rows, lines


def _pack(rows: list[list[str]], blocks: list[list[str]]) -> None:
    """Move rows to the end of the columns' blocks."""
    for column, cells in zip(blocks, zip(*rows, strict=True), strict=True):
        column.append(SEPARATOR.join(cells))
    rows.clear()
