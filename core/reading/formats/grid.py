"""The cells of one sheet -> rows of text, with what happened to them on the way."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineSheet

from core.errors import DataError
from core.notes import MOST_LINES, Note, counted
from core.reading.formats import header
from core.reading.formats.sheet import Facts, Range
from core.steps import Recipe

_EXACT = 1e15
"""A spreadsheet keeps 15 digits of a number."""
_MIDNIGHT = "00:00:00"


@dataclass(frozen=True, eq=False)
class Grid:
    """Cells as text.

    Attributes
    ----------
    rows : list of list of str
        The first one is the first row of the sheet; all have the same length. Empty cells are
        empty texts.
    left : int
        Column of the sheet (from 0) in which the rows begin.
    merged : tuple of (first row, first column, last row, last column)
        Positions in `rows`.
    long_numbers : int
        Numbers that have lost digits.
    notes : tuple of Note
    """

    rows: list[list[str]]
    left: int = 0
    merged: tuple[Range, ...] = ()
    long_numbers: int = 0
    notes: tuple[Note, ...] = ()

    @property
    def lines(self) -> range:
        """Number of each row in the sheet."""
        return range(1, len(self.rows) + 1)


def text(value: Any) -> str:
    """Write a cell as a person would.

    Examples
    --------
    >>> [text(v) for v in (12.0, 0.1, True, date(2024, 3, 31), timedelta(hours=26))]
    ['12', '0.1', 'TRUE', '2024-03-31', '26:00:00']
    >>> text(datetime(2024, 3, 31)), text(datetime(2024, 3, 31, 9, 5)), text("007 ")
    ('2024-03-31', '2024-03-31 09:05:00', '007 ')
    """
    write = _WRITERS.get(type(value), str)
    return write(value)


def _number(value: float) -> str:
    return str(int(value)) if value.is_integer() and abs(value) < _EXACT else repr(value)


def _moment(value: datetime) -> str:
    # The fraction of a day that a spreadsheet keeps is off by less than a thousandth of a second.
    near = (value + timedelta(milliseconds=500)).replace(microsecond=0)
    return near.date().isoformat() if near.time() == time() else near.isoformat(sep=" ")


def _duration(value: timedelta) -> str:
    seconds = round(value.total_seconds())
    sign, seconds = "-" if seconds < 0 else "", abs(seconds)
    return f"{sign}{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"


_WRITERS: dict[type, Callable[[Any], str]] = {
    str: str,
    float: _number,
    bool: lambda value: "TRUE" if value else "FALSE",
    datetime: _moment,
    date: date.isoformat,
    time: lambda value: value.isoformat(timespec="seconds"),
    timedelta: _duration,
}


def made(sheet: CalamineSheet, facts: Facts) -> Grid:
    """Write all cells of a sheet as text, without empty rows and columns at the ends.

    Parameters
    ----------
    sheet : CalamineSheet
    facts : Facts
        Its errors are put where calamine leaves empty cells; its hidden parts are told of.
    """
    left = sheet.start[1] if sheet.start else 0
    rows, long_numbers = [], 0
    for values in sheet.iter_rows():
        rows.append([v if type(v) is str else text(v) for v in values])
        long_numbers += sum(isinstance(v, float) and abs(v) >= _EXACT for v in values)
    for (i, j), word in facts.errors.items():
        if _inside(rows, i, j - left) and not rows[i][j - left]:
            rows[i][j - left] = word
    for i, j in facts.uncomputed:
        if _inside(rows, i, j - left):
            rows[i][j - left] = ""
    rows = _trimmed(rows)
    _check_formulas(facts, sum(map(_is_filled, rows)) - 1)
    no_dates = _without_day_zero(rows)
    merged = tuple(_clipped(_merged(sheet, facts), rows, left))
    grid = Grid(rows, left, merged, long_numbers)
    return replace(grid, notes=(*_on_formulas(facts), *no_dates, *_on_hidden(grid, facts)))


def _inside(rows: Sequence[Sequence[str]], i: int, j: int) -> bool:
    return 0 <= i < len(rows) and 0 <= j < len(rows[i])


def _is_filled(row: Sequence[str]) -> bool:
    return any(map(str.strip, row))


def _trimmed(rows: list[list[str]]) -> list[list[str]]:
    while rows and not _is_filled(rows[-1]):
        rows.pop()
    width = max(map(len, rows), default=0)
    while width and not any(row[width - 1].strip() for row in rows):
        width -= 1
        rows = [row[:width] for row in rows]
    return rows


def _merged(sheet: CalamineSheet, facts: Facts) -> Iterable[Range]:
    for (top, first), (bottom, last) in sheet.merged_cell_ranges or ():
        yield top, first, bottom, last
    yield from facts.merged


def _clipped(merged: Iterable[Range], rows: Sequence[Sequence[str]], left: int) -> Iterable[Range]:
    """Merged cells by their positions in the rows, as far as there are such."""
    height, width = len(rows), len(rows[0]) if rows else 0
    for top, first, bottom, last in merged:
        if top < height and left <= first < left + width:
            yield top, first - left, min(bottom, height - 1), min(last - left, width - 1)


# What can be wrong with cells -----------------------------------------------------------------


def _check_formulas(facts: Facts, patients: int) -> None:
    """Refuse a sheet in which a whole column was never computed."""
    for j, n in Counter(j for _, j in facts.uncomputed).items():
        if n > 1 and 2 * n >= patients:
            raise DataError(
                f"{n:,} cells in column {letters(j)} of the sheet hold formulas without a result: "
                "the program that wrote the file did not compute them",
                "Open the workbook in Excel or LibreOffice, save it and choose it again",
            )


def _on_formulas(facts: Facts) -> list[Note]:
    n = len(facts.uncomputed)
    if not n:
        return []
    said = f"Read as missing: {counted(n, 'cell')} with a formula that was never computed. "
    hint = "Open the workbook in Excel or LibreOffice and save it, so that it is computed."
    lines = sorted({i + 1 for i, _ in facts.uncomputed})[:MOST_LINES]
    return [Note("warning", "file", said + hint, "suspect", n, tuple(lines))]


def _without_day_zero(rows: list[list[str]]) -> list[Note]:
    """Empty the cells that hold 0 or less and are shown as a date; the rows are changed."""
    at = [(i, j) for i, row in enumerate(rows) if _MIDNIGHT in row for j in _midnights(row)]
    dated = {j for j in {j for _, j in at} if any(_is_day(row[j]) for row in rows)}
    at = [(i, j) for i, j in at if j in dated]
    for i, j in at:
        rows[i][j] = ""
    if not at:
        return []
    said = f"{counted(len(at), 'cell')} among dates held 0 or less, which is no date: missing."
    lines = tuple(i + 1 for i, _ in at[:MOST_LINES])
    return [Note("warning", "file", said, "changed", len(at), lines)]


def _midnights(row: Sequence[str]) -> list[int]:
    return [j for j, cell in enumerate(row) if cell == _MIDNIGHT]


def _is_day(cell: str) -> bool:
    return len(cell) >= 10 and cell[4] == "-" == cell[7] and cell[:4].isdigit()


def _on_hidden(grid: Grid, facts: Facts) -> list[Note]:
    notes = []
    width = len(grid.rows[0]) if grid.rows else 0
    rows = [i for i in facts.hidden_rows if i < len(grid.rows) and _is_filled(grid.rows[i])]
    if rows:
        said = f"Read like the others: {counted(len(rows), 'row')} that the sheet hides."
        lines = tuple(i + 1 for i in rows[:MOST_LINES])
        notes.append(Note("warning", "file", said, "read", len(rows), lines))
    hidden = [
        letters(j)
        for first, last in facts.hidden_columns
        for j in range(max(first, grid.left), min(last + 1, grid.left + width))
    ]
    if hidden:
        shown = ", ".join(hidden[:8]) + (", ..." if len(hidden) > 8 else "")
        said = f"Columns that the sheet hides were read like the others: {shown}."
        notes.append(Note("info", "file", said, "read", len(hidden)))
    if grid.long_numbers:
        said = (
            f"The sheet has {counted(grid.long_numbers, 'number')} of more than 15 digits, of "
            "which a spreadsheet keeps 15: record numbers not stored as text lose their end."
        )
        notes.append(Note("warning", "file", said, "suspect", grid.long_numbers))
    return notes


def letters(column: int) -> str:
    """Name a column as a spreadsheet does.

    Examples
    --------
    >>> letters(0), letters(27)
    ('A', 'AB')
    """
    name, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


# Merged cells ---------------------------------------------------------------------------------


def filled_down(grid: Grid, recipe: Recipe) -> Grid:
    """Give every row the value of the merged cell that it is part of.

    Only below the header, down a column, and in rows that hold anything of their own.

    Raises
    ------
    SpecError
        If a step ``header`` names lines that hold nothing.

    Examples
    --------
    >>> rows = [["id", "SUV"], ["P1", "4.1"], ["", "6.2"], ["P2", "5"]]
    >>> filled_down(Grid(rows, merged=((1, 0, 2, 0),)), Recipe()).rows[2]
    ['P1', '6.2']
    """
    down = [m for m in grid.merged if m[2] > m[0] and grid.rows[m[0]][m[1]].strip()]
    at = [i for i, row in enumerate(grid.rows) if _is_filled(row)]
    if not down or not at:
        return grid
    head = header.forced(grid.rows, grid.lines, recipe, merged=grid.merged)
    head = head or header.find(grid.rows, at, merged=grid.merged)
    there, rows = set(at), list(map(list, grid.rows))
    changed = []
    for top, j, bottom, _ in down:
        for i in range(top + 1, bottom + 1):
            if top > head.rows[-1] and i in there and not rows[i][j].strip():
                rows[i][j] = rows[top][j]
                changed.append((i, j))
    if not changed:
        return grid
    said = f"Merged cells: {counted(len(changed), 'cell')} below the first got its value."
    lines = tuple(sorted({i + 1 for i, _ in changed})[:MOST_LINES])
    examples = tuple(("", rows[i][j]) for i, j in changed[:3])
    note = Note("info", "file", said, "changed", len(changed), lines, examples)
    return replace(grid, rows=rows, notes=(*grid.notes, note))
