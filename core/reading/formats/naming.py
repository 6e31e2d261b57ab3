"""Column names, all different and none empty, and the `Table` that is made with them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from core.errors import DataError
from core.notes import Note, Question, counted, info, listed, warning, were
from core.reading.formats.evidence import Row, is_value
from core.reading.formats.limits import check_columns
from core.reading.packed import SEPARATOR, Cells
from core.reading.table import Table

_NUMERIC = re.compile(r"[+-]?(?:[0-9]++(?:[.,][0-9]++)?|[.,][0-9]++)")


def named(
    cells: Sequence[str], *, line: int = 1, at: Sequence[int] | None = None
) -> tuple[tuple[str, ...], list[Note]]:
    """Give every column a name of its own.

    Parameters
    ----------
    cells : sequence of str
        The header as it stands in the file.
    line : int
        Line of the header, for the refusal.
    at : sequence of int, optional
        Position (from 0) of each column in the file, where some were left out.

    Raises
    ------
    DataError
        If they are all numbers or too many.

    Examples
    --------
    >>> named(["grade", "", "grade"])[0]
    ('grade', 'column 2', 'grade (2)')
    """
    check_columns(len(cells))
    notes: list[Note] = []
    names = [c.strip() for c in cells]
    empty = [i for i, name in enumerate(names) if not name]
    for i in empty:
        names[i] = f"column {(at[i] if at else i) + 1}"
    if empty:
        shown = listed([names[i] for i in empty])
        note = info("columns", f"Columns without a name were called {shown}.")
        notes.append(replace(note, section="read", n=len(empty)))
    if len(cells) == 1:
        text = "Only one column was found: columns are separated by , ; tab or |."
        notes.append(replace(warning("columns", text), section="read"))
    if all(map(_NUMERIC.fullmatch, names)):
        place = "The first line" if line == 1 else f"Line {line}"
        raise DataError(
            f"{place} holds numbers where the column names should be",
            "Put a line with the names of the columns above the table",
            row=line,
        )
    names, renamed = unique(names)
    if renamed:
        text = "Several columns have the same name. The later ones were called "
        note = warning("columns", text + listed(renamed) + ".")
        notes.append(replace(note, section="read", n=len(renamed)))
    return tuple(names), notes


def finished(
    cells: Sequence[str],
    columns: Sequence[Cells],
    *,
    header_line: int,
    lines: np.ndarray | None = None,
    labels: Mapping[int, str] | None = None,
    units: Mapping[int, str] | None = None,
    notes: Sequence[Note] = (),
    questions: tuple[Question, ...] = (),
    delimiter: str = "",
) -> Table:
    """Name the columns of a table; those without a name and without cells are left out.

    Parameters
    ----------
    cells : sequence of str
        The header as it stands in the file.
    columns : sequence of Cells
        One for each.
    header_line : int
    lines : numpy.ndarray of int, optional
        Line of each row; None where they follow the header one by one.
    labels, units : mapping of int to str
        By position of the column.

    Examples
    --------
    >>> columns = [Cells.of(["1", "2"]), Cells.of(["", " "])]
    >>> finished(["id", ""], columns, header_line=1).header
    ('id',)
    """
    at = [j for j, cell in enumerate(cells) if cell.strip() or not _is_empty(columns[j])]
    own: list[Note] = []
    if gone := len(cells) - len(at):
        text = f"{counted(gone, 'column')} without a name and without cells "
        text += f"{were(gone)} left out."
        own.append(replace(info("columns", text), section="read", n=gone))
    header, more = named([cells[j] for j in at], line=header_line, at=at)
    if lines is not None and np.array_equal(lines, header_line + 1 + np.arange(len(lines))):
        lines = None
    by_position = dict(zip(at, header, strict=True))
    return Table(
        header=header,
        columns=[columns[j] for j in at],
        notes=(*notes, *own, *more),
        delimiter=delimiter,
        header_rows=header_line,
        lines=lines,
        labels={by_position[j]: w for j, w in (labels or {}).items() if j in by_position},
        units={by_position[j]: w for j, w in (units or {}).items() if j in by_position},
        questions=questions,
    )


def comment_labels(comments: Sequence[Row], cells: Sequence[str]) -> dict[int, str]:
    """Labels of the columns, where the first comment has a word for each as in cBioPortal's files.

    Examples
    --------
    >>> comment_labels([["#Patient", "Age at diagnosis"]], ["ID", "AGE"])
    {0: 'Patient', 1: 'Age at diagnosis'}
    """
    words = [c.strip() for c in comments[0]] if comments else []
    if len(words) != len(cells) or len(words) < 2 or any(map(is_value, words)):
        return {}
    words[0] = words[0].lstrip("# ")
    return {j: w for j, w in enumerate(words) if w and w != cells[j].strip()}


def unique(names: Sequence[str]) -> tuple[list[str], list[str]]:
    """Give later ones with the same name a number; also return those that got one.

    Examples
    --------
    >>> unique(["grade", "grade"])
    (['grade', 'grade (2)'], ['grade (2)'])
    """
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


def _is_empty(column: Cells) -> bool:
    return not any(block.replace(SEPARATOR, "").strip() for block in column.blocks)
