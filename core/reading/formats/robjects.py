"""Files of R (``.rds``, ``.RData``) -> `Table`: data frames, matrices, and lists of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from core.errors import DataError, nearest
from core.notes import Note, counted
from core.reading.formats import labels, rtree, typed
from core.reading.formats.limits import check_shape
from core.reading.formats.naming import unique
from core.reading.formats.rtree import Thing
from core.reading.formats.typed import Column, changed_note, read_note
from core.reading.table import Table

_ATOMS: Final = ("INT", "REAL", "LGL", "STR")
_DAY = 86_400.0
_NO_INTEGER = np.iinfo(np.int64).min


@dataclass(frozen=True, eq=False)
class _Found:
    name: str
    frame: Thing


def read(data: bytes, sheet: str | None = None) -> Table:
    """Read a table out of a file of R.

    Parameters
    ----------
    data : bytes
        Packed by gzip, bzip2 or xz, or not.
    sheet : str or None
        Which of several tables; one within a list is called ``list$table``. None: the first.

    Returns
    -------
    Table
        Factors and labelled codes are words, in the order of their levels; dates are ISO text.
        Row names that are more than a counter are a column ``row.names``. Columns of lists and
        other objects are left out, which is told.

    Raises
    ------
    DataError
        If it is damaged, over the limits, or holds no table.

    Examples
    --------
    >>> read(b"RDX3")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    core.errors.DataError: The file is no file of R that can be read. Write the table ...
    """
    found = [table for name, thing in rtree.objects(data) for table in _tables(name, thing)]
    if not found:
        raise DataError(
            "The file of R holds no data frame or matrix",
            "Save the table itself in R, for example by saveRDS(table, 'table.rds')",
        )
    names, _ = unique([table.name for table in found])
    chosen = names[0] if sheet is None else sheet
    if chosen not in names:
        raise DataError(f"The file has no table '{chosen}'", nearest(chosen, names))
    frame = found[names.index(chosen)].frame
    try:
        columns, rows, notes = _matrix(frame) if frame.kind != "VEC" else _frame(frame)
    except (DataError, MemoryError):
        raise
    except Exception:
        hint = "Make it again in R by as.data.frame, or save it as CSV"
        raise DataError("The table in the file of R is not a valid one", hint) from None
    several = len(names) > 1
    sheets, shown = (tuple(names), chosen) if several else ((), "")
    return typed.assemble(columns, rows, notes=notes, sheets=sheets, sheet=shown)


def _tables(name: str, thing: Thing, *, depth: int = 0) -> list[_Found]:
    """Find data frames and matrices; of lists, those that are directly within."""
    if thing.is_a("data.frame"):
        return [_Found(name, thing)] if thing.kind == "VEC" else []
    if thing.kind in _ATOMS:
        is_matrix = len(_dim(thing)) == 2 and not thing.is_a("table")
        return [_Found(name, thing)] if is_matrix else []
    if thing.kind != "VEC" or depth or thing.words("class") not in ([], ["list"]):
        return []
    inside = thing.words("names") or [""] * len(thing.parts())
    found = []
    for i, (inner, part) in enumerate(zip(inside, thing.parts(), strict=True), start=1):
        own = inner or str(i)
        found += _tables(f"{name}${own}" if name else own, part, depth=1)
    return found


def _dim(thing: Thing) -> list[int]:
    dim = thing.attribute("dim")
    return [] if dim is None or dim.kind not in ("INT", "REAL") else [int(x) for x in dim.values]


# -- tables -------------------------------------------------------------------------------------


def _frame(frame: Thing) -> tuple[list[Column], int, list[Note]]:
    names = frame.words("names")
    parts = frame.parts()
    if len(names) != len(parts):
        raise ValueError("names")
    columns: list[Column] = []
    odd = []
    rows = {len(p.values) for p in parts if p.kind in _ATOMS and not _dim(p)}
    rows |= {_dim(p)[0] for p in parts if len(_dim(p)) == 2}
    if len(rows) > 1:
        raise ValueError("rows")
    n = rows.pop() if rows else 0
    check_shape(n, len(parts))
    for name, part in zip(names, parts, strict=True):
        made = _spread(name, part)
        columns += made
        if not made:
            odd.append(name)
    return [*_row_names(frame.words("row.names"), n), *columns], n, typed.on_objects(odd)


def _matrix(matrix: Thing) -> tuple[list[Column], int, list[Note]]:
    rows, width = _dim(matrix)
    check_shape(rows, width)
    names = matrix.attribute("dimnames")
    sides = names.parts() if names is not None and names.kind == "VEC" else []
    words = [["" if w is None else w for w in s.text()] if s.kind == "STR" else [] for s in sides]
    row_names, heads = words if len(words) == 2 else ([], [])
    heads = heads or [f"V{i}" for i in range(1, width + 1)]
    columns = [_column(name, part) for name, part in zip(heads, _cut(matrix), strict=True)]
    return [*_row_names(row_names, rows), *filter(None, columns)], rows, []


def _spread(name: str, part: Thing) -> list[Column]:
    """Read a column; one that is a matrix, as survival times with their status, becomes several."""
    if part.kind not in _ATOMS or len(_dim(part)) > 2:
        return []
    if len(_dim(part)) != 2:
        made = _column(name, part)
        return [made] if made else []
    columns, _, _ = _matrix(part)
    inner = [c for c in columns if c.name != "row.names"]
    return [replace(c, name=f"{name}.{c.name.removeprefix('V')}") for c in inner]


def _cut(matrix: Thing) -> list[Thing]:
    """Cut a matrix into its columns, which stand one behind the other."""
    rows, width = _dim(matrix)
    if rows * width != len(matrix.values):
        raise ValueError("dim")
    edges = pairwise(range(0, rows * width + 1, rows)) if rows else [(0, 0)] * width
    node = replace(matrix.node, attributes=None)
    return [Thing(replace(node, value=matrix.values[a:b]), matrix.native) for a, b in edges]


def _row_names(names: list[str], rows: int) -> list[Column]:
    """Keep names of rows that say more than where a row was."""
    if len(names) != rows or all(name.isdigit() for name in names):
        return []
    note = read_note("The names of the rows in R were read as a column.", n=rows)
    return [Column("row.names", typed.text(names, "row.names"), notes=(note,))]


# -- columns ------------------------------------------------------------------------------------


def _column(name: str, part: Thing) -> Column | None:
    made = _made(name, part)
    label = next(iter(part.words("label")), "").strip()
    return replace(made, name=name, label=label) if made else None


def _made(name: str, part: Thing) -> Column | None:
    if part.is_a("factor"):
        return _factor(name, part) if part.kind == "INT" else None
    if part.kind == "STR":
        return _words(name, part)
    if part.kind == "LGL":
        missing = np.ma.getmaskarray(part.values)
        return Column(name, typed.truths(np.ma.getdata(part.values), missing))
    if part.is_a("integer64"):
        whole = np.asarray(part.values).view(np.int64)
        values, notes = typed.integers(whole, whole == _NO_INTEGER)
        return Column(name, values, notes=tuple(notes))
    if part.is_a("Date", "POSIXct", "IDate"):
        return _dates(part)
    if part.is_a("hms", "ITime"):
        return Column(name, typed.clock(part.numbers()))
    if part.is_a("difftime"):
        return Column(name, part.numbers(), unit=next(iter(part.words("units")), ""))
    return _numbers(name, part)


def _factor(name: str, part: Thing) -> Column:
    levels = part.words("levels")
    codes = part.numbers()
    present = codes[~np.isnan(codes)]
    if present.size and not (present.min() >= 1 and present.max() <= len(levels)):
        raise ValueError("levels")
    cells = ["" if x != x else levels[int(x) - 1] for x in codes.tolist()]
    return Column(name, typed.text(cells, name), levels=tuple(dict.fromkeys(levels)))


def _words(name: str, part: Thing) -> Column:
    cells = ["" if cell is None else cell for cell in part.text()]
    said = part.attribute("labels")
    coded: dict[str, str] = {}
    if said is not None and said.kind == "STR":
        coded = {str(c): w for c, w in zip(said.text(), said.words("names"), strict=True)}
    values, codes, notes = labels.labelled_text(cells, coded, name=name)
    words = tuple(word for _, word in codes)
    return Column(name, values, codes=codes, levels=words, notes=tuple(notes))


def _numbers(name: str, part: Thing) -> Column:
    numbers, notes = _without_missing(part)
    said = part.attribute("labels")
    coded: dict[float, str] = {}
    if said is not None and said.kind in ("INT", "REAL"):
        pairs = zip(said.numbers().tolist(), said.words("names"), strict=True)
        coded = {code: word for code, word in pairs if code == code}
    values, codes, more = labels.labelled(numbers, coded, name=name)
    words = tuple(word for _, word in codes)
    return Column(name, values, codes=codes, levels=words, notes=(*notes, *more))


def _without_missing(part: Thing) -> tuple[np.ndarray, list[Note]]:
    """Take out what the package haven keeps as missing of the user (SPSS)."""
    numbers = part.numbers()
    gone = np.zeros(len(numbers), dtype=bool)
    named, span = part.attribute("na_values"), part.attribute("na_range")
    if named is not None and named.kind in ("INT", "REAL"):
        gone |= np.isin(numbers, named.numbers())
    if span is not None and span.kind in ("INT", "REAL") and len(span.values) == 2:
        low, high = span.numbers()
        gone |= (numbers >= low) & (numbers <= high)
    if not gone.any():
        return numbers, []
    n = int(gone.sum())
    said = f"{counted(n, 'cell')} with what the file declares missing."
    return np.where(gone, np.nan, numbers), [changed_note(said, n=n)]


def _dates(part: Thing) -> Column:
    numbers = part.numbers()
    is_day = not part.is_a("POSIXct")
    when = typed.moments(np.floor(numbers) * _DAY if is_day else numbers, "1970-01-01")
    notes = []
    if not is_day:
        zone = next(iter(part.words("tzone")), "")
        when = _local(when, zone)
        notes.append(_on_zone(when, zone))
    cells, more = typed.dates(when, present=~np.isnan(numbers), days=is_day)
    return Column("", cells, notes=(*notes, *more))


def _on_zone(when: np.ndarray, zone: str) -> Note:
    if zone:
        return read_note(f"Its times are those of the time zone {zone}.")
    # R shows them in the zone of the computer it runs on, which the file does not tell.
    off = int((~np.isnat(when) & (when != when.astype("datetime64[D]"))).sum())
    said = "The file names no time zone, so its times are read as UTC"
    if not off:
        return read_note(said + ".")
    said += ": a date that was midnight elsewhere may be the day before or after."
    return Note("warning", "", said, "suspect", off)


def _local(when: np.ndarray, zone: str) -> np.ndarray:
    if zone in ("", "UTC", "GMT"):
        return when
    try:
        there = ZoneInfo(zone)
    except (OSError, ValueError):
        raise DataError(
            "A column of times is in a time zone that is not known", "Write it as text in R"
        ) from None
    local = pd.DatetimeIndex(when).tz_localize("UTC").tz_convert(there).tz_localize(None)
    return np.asarray(local.to_numpy().astype("datetime64[us]"))
