"""What every reader of a format makes: a header and columns, before anything is made of cells."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from core.notes import Note, Question
from core.reading.packed import Cells

Tell = Callable[[float], None]
"""Is told what share of the work is done, from 0 to 1."""

Progress = Callable[[float, str], None]
"""Is told that share, and what is being done."""

File = tuple[str, bytes]
"""Name and content."""


def nobody(share: float, what: str = "") -> None:
    """Progress that nobody wants to hear of."""


@dataclass(frozen=True, eq=False)
class Table:
    """What a file holds, before anything is made of its cells.

    Attributes
    ----------
    header : tuple of str
        Column names, all different and none empty.
    columns : list of Cells or numpy.ndarray
        Text as it stands in the file (a date of a typed format is written like ``2024-03-31``),
        or float64 with NaN for missing where the format itself has numbers.
    notes : tuple of Note
    delimiter : str
        What separates the columns of a text file; empty for other formats.
    header_rows : int
        Lines of the file up to and with the header.
    lines : numpy.ndarray of int or None
        Line (or row of the sheet) on which each row begins; None where it is the header's line
        plus 1, plus 2, ...
    labels : mapping of str to str
        Label of a column, where the file has one.
    units : mapping of str to str
        Unit of a column, where a row below the header or the format states one.
    codes : mapping of str to tuple of (str, str)
        Value labels, as `core.dataset.Variable.codes` has them.
    levels : mapping of str to tuple of str
        Order of a column's words, where the file has one: a factor, value labels, a dictionary.
    sheets : tuple of str
    sheet : str
        See `core.dataset.Dataset`.
    questions : tuple of Question
        For example whether the last row is a row of totals.
    """

    header: tuple[str, ...]
    columns: list[Cells | np.ndarray]
    notes: tuple[Note, ...] = ()
    delimiter: str = ""
    header_rows: int = 1
    lines: np.ndarray | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    codes: Mapping[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    sheets: tuple[str, ...] = ()
    sheet: str = ""
    questions: tuple[Question, ...] = ()

    def line(self, index: int) -> int:
        """Line of the file on which row `index` (from 0) begins."""
        return index + self.header_rows + 1 if self.lines is None else int(self.lines[index])
