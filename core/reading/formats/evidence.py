"""What rows of cells look like: names above a column, or values that belong into it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from core.reading.cells.missing import is_hard, is_soft

Row = Sequence[str]

SAMPLE = 50
"""Rows that are looked at to tell what a column holds."""

_VALUE = re.compile(
    r"[<>≤≥~=\uff1c\uff1e]{0,2}\s*[+\-−]?\.?\d[\d\s.,/:'’年月日T+-]*"
    r"(?:%|\uff05|°)?\s*[^\W\d_]{0,6}\.?"
)
_DIGITS = re.compile(r"\d+")
_LONGEST = 40
_MOSTLY = 0.75
_FEW_ROWS = 2
_MOST_COLUMNS = 200


def filled(row: Row) -> list[int]:
    """Positions of the cells that hold anything.

    Examples
    --------
    >>> filled(["a", " ", "", "b"])
    [0, 3]
    """
    return [i for i, cell in enumerate(row) if cell and not cell.isspace()]


def is_blank(row: Row) -> bool:
    """Whether no cell of a row holds anything; the first one settles it for most rows."""
    return not (row and row[0].strip()) and not any(map(str.strip, row))


def is_value(cell: str) -> bool:
    """Whether a cell is written like a number or a date, also with a sign or a unit.

    Examples
    --------
    >>> [is_value(c) for c in ("12 mo", "<0.1", "2018-04-03", "5-year OS", "Age")]
    [True, True, True, False, False]
    """
    word = cell.strip()
    return len(word) <= _LONGEST and _VALUE.fullmatch(word) is not None


def is_missing(cell: str) -> bool:
    """Whether a cell may stand for a value that is not known."""
    word = cell.strip()
    return is_hard(word) or is_soft(word)


@dataclass(frozen=True)
class Evidence:
    """How a row fits to the rows below it.

    Attributes
    ----------
    strange : int
        Columns of numbers or dates in which it has a word.
    alike : int
        Columns in which it has what the others have: a number, the same word, the same pattern.
    measured : int
        Columns of numbers or dates in which it has anything.
    """

    strange: int = 0
    alike: int = 0
    measured: int = 0

    @property
    def above(self) -> bool:
        """Whether the row can be names: nothing speaks against it."""
        return not self.alike and (self.strange > 0 or not self.measured)

    @property
    def surely(self) -> bool:
        """Whether the row is names for all that can be told."""
        most = self.strange == self.measured and self.strange > 0
        return not self.alike and (self.strange >= _FEW_ROWS or most)


def against(row: Row, others: Sequence[Row]) -> Evidence:
    """Compare a row with others of the same columns.

    Examples
    --------
    >>> against(["id", "age"], [["P1", "61"], ["P2", "58"]])
    Evidence(strange=1, alike=0, measured=1)
    >>> against(["P0", "60"], [["P1", "61"], ["P2", "58"]])
    Evidence(strange=0, alike=2, measured=1)
    """
    strange = alike = measured = 0
    for i in filled(row)[:_MOST_COLUMNS]:
        cell = row[i].strip()
        present = [o[i].strip() for o in others[:SAMPLE] if i < len(o) and not is_missing(o[i])]
        if is_missing(cell) or not present:
            continue
        if len(present) >= _FEW_ROWS and _mostly_values(present):
            measured += 1
            alike += is_value(cell)
            strange += not is_value(cell) and any(map(str.isalpha, cell))
        else:
            alike += cell in present or _same_pattern(cell, present)
    return Evidence(strange, alike, measured)


def _mostly_values(cells: Sequence[str]) -> bool:
    return sum(map(is_value, cells)) >= _MOSTLY * len(cells)


def _same_pattern(cell: str, others: Sequence[str]) -> bool:
    """Whether a cell with digits is built like most others: ``P001`` like ``P017``."""
    if not _DIGITS.search(cell):
        return False
    patterns = Counter(_DIGITS.sub("0", other) for other in others)
    return patterns[_DIGITS.sub("0", cell)] * 2 >= len(others)


def are_names(row: Row) -> bool:
    """Whether the filled cells of a row are different words.

    Examples
    --------
    >>> are_names(["id", "", "age"]), are_names(["P1", "61"]), are_names(["x", "x"])
    (True, False, False)
    """
    words = [row[i].strip() for i in filled(row)]
    return len(set(words)) == len(words) and not any(map(is_value, words))


def typical_width(rows: Sequence[Row]) -> int:
    """How many cells are filled in most rows; 0 without rows.

    Examples
    --------
    >>> typical_width([["title", "", ""], ["a", "b", "c"], ["1", "2", "3"]])
    3
    """
    counts = sorted(len(filled(row)) for row in rows)
    return counts[len(counts) // 2] if counts else 0
