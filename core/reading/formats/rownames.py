"""Row names as R writes them into a text file: one cell more in every row than in the header.

The same shape has a table whose last column lost its name, and one whose decimal commas or texts
with a comma were not quoted. Taking those for row names would move every value under another
name, so that any sign of them is enough for the rows to be refused as they were.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from core.reading.formats.delimiters import BLANK
from core.reading.formats.evidence import Row
from core.reading.roles import names

ROW = "row"
"""What the column of the row names is called."""

_BEFORE = re.compile(r"[<>\u2264\u2265~]?\s*[+-]?[0-9]+")
_BEHIND = re.compile(r"[0-9]+\D*")
_POINT = re.compile(r"[+-]?[0-9]*\.[0-9]+")


def may_be(head: Sequence[Row]) -> bool:
    """Whether the first rows of a file all have one cell more than its header.

    Examples
    --------
    >>> may_be([["age", "dead"], ["P1", "61", "0"]]), may_be([["text"], ["hello", "you"]])
    (True, False)
    """
    width = len(head[0]) + 1
    return len(head) > 1 and width > 2 and {len(row) for row in head[1:] if row} == {width}


def are(rows: Sequence[Row], body: bytes, delimiter: str) -> bool:
    r"""Whether the first cell of every row below the header is the name of the row.

    Parameters
    ----------
    rows : sequence of rows
        All rows of the file, the header first.
    body : bytes
        The same as text in UTF-8, which shows the quotation marks.
    delimiter : str

    Examples
    --------
    >>> body = b'"age","dead"\n"1",61,0\n"2",58,1\n'
    >>> are([["age", "dead"], ["1", "61", "0"], ["2", "58", "1"]], body, ",")
    True
    """
    header, below = rows[0], [row for row in rows[1:] if row]
    if not all(map(str.strip, header)) or {len(row) for row in below} != {len(header) + 1}:
        return False
    named = [row[0].strip() for row in below]
    if not all(named) or len(set(named)) < len(named):
        return False
    if not any(row[-1].strip() for row in below):
        return False  # a delimiter at the end of every row
    # R puts quotation marks around its row numbers, which nobody else puts around numbers.
    if body.startswith(b'"') and _quoted(rb"[0-9]+", body, delimiter) == len(below):
        return True
    if names.is_id(header[0]):
        return False  # it is rather the last column that has no name
    if delimiter not in (",", BLANK):
        return True
    # Commas and blanks stand in texts and numbers, unless quotation marks keep them apart.
    return _quoted(rb"[^\"\r\n]*", body, delimiter) == len(rows) and not _may_be_decimals(below)


def _quoted(cell: bytes, body: bytes, delimiter: str) -> int:
    """Lines that begin with such a cell between quotation marks."""
    return len(re.findall(rb'(?:^|[\r\n])"' + cell + b'"' + re.escape(delimiter.encode()), body))


def _may_be_decimals(rows: Sequence[Row]) -> bool:
    """Whether two columns side by side may be the halves of decimal commas."""
    if any(_POINT.fullmatch(cell.strip()) for row in rows for cell in row):
        return False
    columns = [[cell.strip() for cell in column] for column in zip(*rows, strict=True)]
    return any(
        all(map(_BEFORE.fullmatch, left)) and all(map(_BEHIND.fullmatch, right))
        for left, right in pairwise(columns)
    )
