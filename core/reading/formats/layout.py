"""Rows of cells -> a table: where the header is, where the body ends, and what is no patient.

For what people wrote by hand or with a spreadsheet: titles, headers of several rows, units,
repeated headers, totals, remarks, empty rows and columns, a second table. A table that is plain
(`is_plain`) needs none of this and is read by `core.reading.formats.text` alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from core.errors import DataError
from core.notes import Choice, Note, Question, counted, listed, were
from core.reading.formats.body import body, told
from core.reading.formats.encodings import line_ends
from core.reading.formats.evidence import SAMPLE, Row, against, filled, is_blank, is_value
from core.reading.formats.header import Head, Merged, find, forced
from core.reading.formats.limits import check_columns
from core.reading.formats.naming import comment_labels, finished
from core.reading.formats.neighbours import beside
from core.reading.packed import BLOCK, SEPARATOR, Cells
from core.reading.table import Table
from core.steps import Recipe


def table(
    rows: list[list[str]],
    lines: Sequence[int],
    recipe: Recipe,
    *,
    merged: Merged = (),
) -> Table:
    """Find the table in a grid of cells.

    Parameters
    ----------
    rows : list of list of str
        Cells as they stand in the file; empty ones are missing. Rows may differ in length.
    lines : sequence of int
        Line of the file, or row of the sheet, of each.
    recipe : Recipe
        Its steps ``header`` and ``totals`` are followed.
    merged : sequence of (first row, first column, last row, last column)
        Merged cells by their positions in `rows`, both ends included.

    Raises
    ------
    DataError
        If there is no header or no row below it, or a row has too few or too many cells.
    SpecError
        If a step names lines that hold nothing.

    Examples
    --------
    >>> rows = [["Our trial"], [], ["id", "age", "arm"], ["1", "61", "A"], ["2", "58", "B"]]
    >>> found = table(rows, [1, 2, 3, 4, 5], Recipe())
    >>> found.header, found.header_rows, list(found.columns[1])
    (('id', 'age', 'arm'), 3, ['61', '58'])
    """
    check_columns(max(map(len, rows[:SAMPLE]), default=0))
    at = [i for i, row in enumerate(rows) if not is_blank(row)]
    if not at:
        raise DataError("The file is empty", "Choose a file with column names in its first line")
    comments, at = _comments(rows, at)
    if not at:
        raise no_table(lines[-1])
    head = forced(rows, lines, recipe, merged=merged)
    asked = head is None
    if head is None:
        comments, head = _found(rows, comments, at, merged)
    notes = _on_head(lines, head, [i for i in comments if i not in head.above])
    questions = _about_head(lines, head) if asked else ()
    rows, below, head, cut = _without_neighbour(rows, at, head)
    notes += cut
    made = body(rows, lines, below, head, recipe)
    if not made.kept:
        raise DataError(
            "The file has column names and no rows", "Choose a file with at least one row"
        )
    notes += _on_blank(rows, lines, head.rows[-1] + 1, below)
    kept, cells = _evened(rows, lines, made.kept, head)
    labels = dict(head.labels) or comment_labels([rows[i] for i in comments], cells)
    return finished(
        cells,
        _packed(kept, len(cells)),
        header_line=_end(rows, lines, head.rows[-1]),
        lines=np.array([lines[i] for i in made.kept], dtype=np.int64),
        labels=labels,
        units=head.units,
        notes=(*notes, *made.notes),
        questions=(*questions, *made.questions),
    )


def is_plain(head: Sequence[Row], tail: Sequence[Row]) -> bool:
    """Whether a table is a line of names and rows of patients, as far as its ends show.

    Parameters
    ----------
    head : sequence of rows
        The first rows of the file, with the header.
    tail : sequence of rows
        The last ones.

    Examples
    --------
    >>> is_plain([["id", "x"], ["P1", "2"], ["P2", "4"]], [["P3", "4"]])
    True
    >>> is_plain([["id", "x"], ["P1", "2"], ["P2", "4"]], [["Total", "4"]])
    False
    """
    at = list(range(len(head)))
    found = find(head, at)
    if (
        found.rows != (0,)
        or found.next is not None
        or beside(head, at[1:], found.cells) is not None
    ):
        return False
    if len(head) > 1 and _is_commented_out(head[0], head[1:]):
        return False
    rows = [*head, *tail]
    if not rows[-1][0].strip() and all(row[0].strip() for row in rows[:-1]):
        return False  # a row of sums has no name of its own
    return not body(rows, range(len(rows)), list(range(1, len(rows))), found, Recipe()).notes


def on_comments(lines: Sequence[int]) -> Note:
    """Tell of the comments above the header."""
    said = f"{counted(len(lines), 'comment line')} before the header {were(len(lines))} skipped."
    return told(said, lines)


def no_table(lines: int) -> DataError:
    """The refusal of a file that has nothing but comments."""
    return DataError(
        f"The file has no table in its first {lines:,} lines",
        "Choose a file with column names in its first line",
    )


# Above the patients ---------------------------------------------------------------------------


def _comments(rows: Sequence[Row], at: list[int]) -> tuple[list[int], list[int]]:
    """Part the comments at the beginning from the rest."""
    n = 0
    while n < len(at):
        first = rows[at[n]][0].strip() if rows[at[n]] else ""
        # A lone "#" is the name of a column of running numbers.
        if not first.startswith("#") or len(first) == 1:
            break
        n += 1
    return at[:n], at[n:]


def _found(
    rows: list[list[str]], comments: list[int], at: list[int], merged: Merged
) -> tuple[list[int], Head]:
    """The header; the last comment, where it has the names and the row below it a patient."""
    below = [rows[i] for i in at[1 : 1 + SAMPLE]]
    if comments and _is_commented_out(rows[at[0]], below):
        last = rows[comments[-1]]
        names = [last[0].strip().lstrip("# "), *last[1:]]
        if len(names) == len(rows[at[0]]) > 1 and not any(map(is_value, names)):
            return comments[:-1], Head((comments[-1],), tuple(c.strip() for c in names))
    return comments, find(rows, at, merged=merged)


def _is_commented_out(first: Row, below: Sequence[Row]) -> bool:
    """Whether the first row is one of the patients."""
    return against(first, below).alike > 0 and any(map(is_value, first))


def _on_head(lines: Sequence[int], head: Head, comments: Sequence[int]) -> list[Note]:
    notes: list[Note] = []
    if comments:
        notes.append(on_comments([lines[i] for i in comments]))
    above = [lines[i] for i in head.above]
    if above:
        text = (
            f"{counted(len(above), 'row')} above the header {were(len(above))} taken for a title."
        )
        notes.append(told(text, above))
    if len(head.rows) > 1:
        where = [lines[i] for i in head.rows]
        text = f"The names of the columns stand on the lines {where[0]} to {where[-1]}"
        text += ", with their units." if head.units else "."
        notes.append(told(text, where))
    return notes


def _about_head(lines: Sequence[int], head: Head) -> tuple[Question, ...]:
    """Ask whether the header has as many rows as were taken, where that can be doubted."""
    if not head.unsure and head.next is None:
        return ()
    first, last = lines[head.rows[0]], lines[head.rows[-1] if head.next is None else head.next]
    yes = Choice("yes", (f"header({first}, {last})",))
    no = Choice(f"no, only on line {first}", (f"header({first}, {first})",))
    text = f"Do the names of the columns stand on the lines {first} to {last}?"
    return (Question("file", text, (yes, no) if head.next is None else (no, yes)),)


# Rows and columns -----------------------------------------------------------------------------


def _without_neighbour(
    rows: list[list[str]], at: Sequence[int], head: Head
) -> tuple[list[list[str]], list[int], Head, list[Note]]:
    """Cut off a second table at the right; also return the rows that the first one has."""
    below = [i for i in at if i > head.rows[-1]]
    j = beside(rows, below, head.cells)
    if j is None:
        return rows, below, head, []
    gone = [c for c in head.cells[j:] if c]
    text = "A second table stands beside the first one: its columns "
    note = told(f"{text}{listed(gone)} were not read.", (), warn=True)
    rows = [row[:j] for row in rows]
    below = [i for i in below if filled(rows[i])]
    return rows, below, replace(head, cells=head.cells[:j]), [replace(note, n=len(gone))]


def _on_blank(
    rows: Sequence[Row], lines: Sequence[int], first: int, below: Sequence[int]
) -> list[Note]:
    """Tell of empty rows; empty lines at the end of a file are none."""
    there, last = set(below), max(below)
    blank = [i for i in range(first, len(rows)) if i not in there and is_blank(rows[i])]
    rows_of_cells = [lines[i] for i in blank if len(rows[i]) > 1]
    notes = []
    if rows_of_cells:
        n = len(rows_of_cells)
        text = f"{counted(n, 'row')} in which every cell is empty {were(n)} left out."
        notes.append(told(text, rows_of_cells))
    if empty := [lines[i] for i in blank if len(rows[i]) < 2 and i < last]:
        text = f"{counted(len(empty), 'empty line')} {were(len(empty))} skipped."
        notes.append(told(text, empty))
    return notes


def _end(rows: Sequence[Row], lines: Sequence[int], i: int) -> int:
    """Line on which a row ends: in text its cells may have line breaks."""
    following = lines[i + 1] if i + 1 < len(lines) else lines[i] + 1
    return min(following - 1, lines[i] + _breaks(rows[i]))


def _breaks(row: Row) -> int:
    return sum(line_ends(cell.encode("utf-8", "replace")) for cell in row)


def _evened(
    rows: Sequence[list[str]], lines: Sequence[int], at: Sequence[int], head: Head
) -> tuple[list[list[str]], list[str]]:
    """Rows of equal length with the cells of the header; refuse others.

    Empty cells at the end are made up for only under columns without a name, and a delimiter at
    the end of every row is an empty column.
    """
    cells = list(head.cells)
    widths = {len(rows[i]) for i in at}
    longest = max(widths)
    if widths == {longest} and not any(any(map(str.strip, rows[i][len(cells) :])) for i in at):
        cells += [""] * (longest - len(cells))
    named_width = max((j + 1 for j, c in enumerate(cells) if c.strip()), default=len(cells))
    kept = []
    for i in at:
        row = rows[i]
        if len(row) > len(cells) or len(row) < min(named_width, len(cells)):
            raise _ragged(row, len(head.cells), lines[i])
        kept.append(row if len(row) == len(cells) else row + [""] * (len(cells) - len(row)))
    return kept, cells


def _ragged(row: Sequence[str], width: int, line: int) -> DataError:
    hint = "Every row needs one cell for each column; a cell that holds a delimiter needs quotes"
    if breaks := _breaks(row):
        hint = f"It runs on to line {line + breaks}: is a quotation mark not closed?"
    return DataError(
        f"Line {line} has {counted(len(row), 'cell')}, and the header has {width}", hint, row=line
    )


def _packed(rows: Sequence[Row], width: int) -> list[Cells]:
    blocks: list[list[str]] = [[] for _ in range(width)]
    for start in range(0, len(rows), BLOCK):
        part = rows[start : start + BLOCK]
        for column, cells in zip(blocks, zip(*part, strict=True), strict=True):
            block = SEPARATOR.join(cells)
            if block.count(SEPARATOR) >= len(part):
                raise DataError(
                    "The table has a cell with a character that is no text", "Save it as CSV UTF-8"
                )
            column.append(block)
    return list(map(Cells, blocks))
