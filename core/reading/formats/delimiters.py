"""What separates the columns of a text file."""

from __future__ import annotations

import contextlib
import csv
import io
from collections.abc import Iterator
from itertools import islice
from typing import Protocol

DELIMITERS = (",", ";", "\t", "|")
BLANK = " "
"""What R writes between columns unless it is told otherwise; taken where nothing else fits."""


class Reader(Protocol):
    """What `csv.reader` returns: rows, and how many lines it has read."""

    line_num: int

    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


def rows_of(lines: io.TextIOBase, delimiter: str, *, strict: bool = True) -> Reader:
    """Read the rows of delimited text; blanks behind a delimiter belong to no cell."""
    return csv.reader(lines, delimiter=delimiter, strict=strict, skipinitialspace=True)


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

    def widths(delimiter: str) -> list[int]:
        found: list[int] = []
        with contextlib.suppress(csv.Error):
            for row in islice(
                rows_of(io.StringIO(sample, newline=""), delimiter, strict=False), 21
            ):
                if any(row):
                    found.append(len(row))
        if not complete and 1 < len(found) < 21:
            found.pop()
        return found

    def merit(delimiter: str) -> tuple[float, int]:
        # The first line may be a title: it is the others that have the columns.
        found = widths(delimiter)
        usual = max(found, key=found.count, default=1)
        return (found.count(usual) / len(found), usual) if usual > 1 else (0.0, 0)

    best = max(DELIMITERS, key=merit)
    return BLANK if merit(best)[1] == 0 and _are_even(widths(BLANK)) else best


def _are_even(widths: list[int]) -> bool:
    """Whether blanks part columns: as many in every line, or one more below names as R has it."""
    first, *others = widths or [0]
    return len(others) > 1 and len({*others}) == 1 and first >= 3 and others[0] - first in (0, 1)
