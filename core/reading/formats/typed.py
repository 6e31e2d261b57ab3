"""Columns of typed formats (statistics packages, R, Parquet) -> the cells of a `Table`.

A number stays the float64 that it is. What a float64 cannot hold, a date, a time of day and a
truth value become text that reads the same everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.errors import DataError
from core.notes import Note, counted, listed, were
from core.reading.formats.limits import MAX_CELL, check_bytes, check_shape
from core.reading.formats.naming import named
from core.reading.packed import SEPARATOR, Cells
from core.reading.table import Table

EXACT = 2**53
"""A float64 holds every whole number up to here."""

_FIRST = np.datetime64("0001-01-01", "us")
_LAST = np.datetime64("9999-12-31T23:59:59.999999", "us")
FAR = 3.2e11
"""Seconds: more than there are from any epoch to the year 9999; far from the limits of 64 bits."""


@dataclass(frozen=True, eq=False)
class Column:
    """One column of a typed format.

    Attributes
    ----------
    name : str
        As it stands in the file; may be empty or occur twice.
    values : Cells or numpy.ndarray
        As in `Table`.
    label, unit : str
    codes : tuple of (str, str)
        As in `core.dataset.Variable`.
    levels : tuple of str
        Its words in the order that the file states, where it states one.
    notes : tuple of Note
        What they are about is filled in by `assemble`.
    """

    name: str
    values: Cells | np.ndarray
    label: str = ""
    unit: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    levels: tuple[str, ...] = ()
    notes: tuple[Note, ...] = ()


def read_note(text: str, *, n: int = 0) -> Note:
    """Make a note on how something was read."""
    return Note("info", "", text, "read", n)


def changed_note(text: str, *, n: int = 0) -> Note:
    """Make a note on cells that are not what the file holds."""
    return Note("info", "", text, "changed", n)


def assemble(
    columns: Sequence[Column],
    rows: int,
    *,
    notes: Sequence[Note] = (),
    sheets: tuple[str, ...] = (),
    sheet: str = "",
) -> Table:
    """Make a table of columns: names are made different, notes are told what they are about.

    Raises
    ------
    DataError
        If there are no columns or no rows, or there are too many.

    Examples
    --------
    >>> table = assemble([Column("age", np.array([51.0])), Column("age", Cells.of(["x"]))], 1)
    >>> table.header
    ('age', 'age (2)')
    """
    if not columns:
        raise DataError("The file has no columns that can be read", "Choose another file")
    check_shape(rows, len(columns))
    if rows == 0:
        raise DataError(
            "The file has column names and no rows", "Choose a file with at least one row"
        )
    header, renamed = named([column.name for column in columns])
    pairs = list(zip(header, columns, strict=True))
    own = [replace(note, about=name) for name, column in pairs for note in column.notes]
    if labelled := [name for name, column in pairs if column.codes]:
        said = f"Value labels stand in place of the codes in {listed(labelled)}."
        own.append(replace(read_note(said, n=len(labelled)), about="columns"))
    return Table(
        header=header,
        columns=[column.values for column in columns],
        notes=(*notes, *renamed, *own),
        labels={name: c.label for name, c in pairs if c.label},
        units={name: c.unit for name, c in pairs if c.unit},
        codes={name: c.codes for name, c in pairs if c.codes},
        levels={name: c.levels for name, c in pairs if c.levels},
        sheets=sheets,
        sheet=sheet,
    )


def text(cells: Iterable[str | None], name: str) -> Cells:
    """Pack text; None is a missing cell.

    Raises
    ------
    DataError
        If a cell is too long or holds a character that is no text.

    Examples
    --------
    >>> list(text(["a", None], "arm"))
    ['a', '']
    """
    listed = ["" if cell is None else cell for cell in cells]
    check_bytes(sum(map(len, listed)))
    fault = ""
    if max(map(len, listed), default=0) > MAX_CELL:
        fault = f"has a cell of more than {MAX_CELL:,} characters"
    elif any(SEPARATOR in cell for cell in listed):
        fault = "holds a character that is no text"
    if fault:
        raise DataError(f"The column '{name}' {fault}", "Leave the column out", column=name)
    return Cells.of(listed)


def truths(values: np.ndarray, missing: np.ndarray) -> Cells:
    """Write truth values as text.

    Examples
    --------
    >>> list(truths(np.array([True, False, True]), np.array([False, False, True])))
    ['TRUE', 'FALSE', '']
    """
    return Cells.of(np.where(missing, "", np.where(values, "TRUE", "FALSE")).tolist())


def integers(values: np.ndarray, missing: np.ndarray) -> tuple[np.ndarray | Cells, list[Note]]:
    """Turn whole numbers into float64, or into text where float64 cannot hold one of them.

    Examples
    --------
    >>> no = np.array([False, False])
    >>> integers(np.array([1, 2]), no)[0]
    array([1., 2.])
    >>> list(integers(np.array([1, 2**53 + 1]), no)[0])
    ['1', '9007199254740993']
    """
    present = values[~missing]
    if present.size and (int(present.max()) > EXACT or int(present.min()) < -EXACT):
        cells = ["" if gone else str(x) for x, gone in zip(values.tolist(), missing, strict=True)]
        said = "It holds whole numbers of more than 15 digits and was read as text."
        return Cells.of(cells), [read_note(said)]
    return np.where(missing, np.nan, values.astype(np.float64)), []


def single(values: np.ndarray) -> np.ndarray:
    """Read numbers of single precision as the decimals that they were: 0.1, not 0.10000000149.

    Examples
    --------
    >>> single(np.array([0.1, np.nan], dtype=np.float32))
    array([0.1, nan])
    """
    found, where = np.unique(values.astype(np.float32), return_inverse=True)
    decimals = np.array([float(str(x)) for x in found], dtype=np.float64)
    return np.asarray(decimals[where.reshape(-1)])


def on_single(n: int) -> list[Note]:
    """Tell of `n` columns that `single` read."""
    said = f"{counted(n, 'column')} of single precision {were(n)} read in the fewest digits: 0.1, "
    said += "not 0.100000001."
    return [Note("info", "file", said, "read", n)] if n else []


def on_objects(names: Sequence[str]) -> list[Note]:
    """Tell of columns that were left out because their cells are no single values."""
    said = f"Columns with lists or other objects in their cells were left out: {listed(names)}."
    return [Note("warning", "columns", said, "excluded", len(names))] if names else []


def moments(seconds: np.ndarray, epoch: str) -> np.ndarray:
    """Turn seconds since an epoch into datetime64, to the millisecond; NaN is NaT.

    Examples
    --------
    >>> moments(np.array([86400.0, np.nan]), "1960-01-01").astype(str).tolist()
    ['1960-01-02T00:00:00.000000', 'NaT']
    """
    gone = ~(np.abs(seconds) <= FAR)
    whole = np.rint(np.where(gone, 0.0, seconds) * 1000).astype(np.int64) * 1000
    result = np.asarray(np.datetime64(epoch, "us") + whole.astype("timedelta64[us]"))
    result[gone] = np.datetime64("NaT")
    return result


def dates(when: np.ndarray, *, present: np.ndarray, days: bool = False) -> tuple[Cells, list[Note]]:
    """Write dates as ISO text; with the time where one of them is not at midnight.

    Parameters
    ----------
    when : numpy.ndarray of datetime64[us]
    present : numpy.ndarray of bool
        Cells that hold something: what is out of the years 1 to 9999 is told in a note.
    days : bool
        The format shows days only: times of day are cut off.

    Examples
    --------
    >>> when = np.array(["2024-03-31", "2024-04-01T12:30"], dtype="datetime64[us]")
    >>> list(dates(when, present=np.array([True, True]))[0])
    ['2024-03-31 00:00:00', '2024-04-01 12:30:00']
    >>> list(dates(when, present=np.array([True, False]), days=True)[0])
    ['2024-03-31', '2024-04-01']
    """
    valid = ~np.isnat(when) & (when >= _FIRST) & (when <= _LAST)
    good = when[valid]
    unit = "D" if days or not np.any(good != good.astype("datetime64[D]")) else "s"
    if unit == "s" and np.any(good != good.astype("datetime64[s]")):
        unit = "ms" if not np.any(good != good.astype("datetime64[ms]")) else "us"
    written = np.full(len(when), "", dtype="U26")
    written[valid] = np.datetime_as_string(good.astype(f"datetime64[{unit}]"))
    notes = []
    if lost := int((present & ~valid).sum()):
        said = f"{counted(lost, 'date')} outside the years 1 to 9999 {were(lost)} read as missing."
        notes.append(Note("warning", "", said, "changed", lost))
    return Cells.of([cell.replace("T", " ") for cell in written.tolist()]), notes


def clock(seconds: np.ndarray) -> Cells:
    """Write times of day, or durations shown as such, as hours, minutes and seconds.

    Examples
    --------
    >>> list(clock(np.array([30615.0, 90000.5, np.nan])))
    ['08:30:15', '25:00:00.500', '']
    """
    return Cells.of([_clock(x) for x in seconds.tolist()])


def _clock(seconds: float) -> str:
    if not abs(seconds) <= FAR:
        return ""
    whole, part = divmod(round(abs(seconds) * 1000), 1000)
    sign = "-" if seconds < 0 else ""
    tail = f".{part:03d}" if part else ""
    return f"{sign}{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}{tail}"
