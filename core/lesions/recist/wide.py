"""Sheets with one row per lesion and one column per visit.

Methods
-------
A column belongs to a visit where its header is the name of one (baseline, cycle 2, week 8, a date),
with or without words for the size. Its cells hold a diameter or what became of the lesion.
A blank cell is a lesion that was not evaluated at that visit.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.lesions.recist import visits
from core.lesions.recist.roles import Roles, length_of
from core.lesions.recist.roles import recognise as recognise_long
from core.lesions.recist.vocabulary import state_of
from core.reading.cells import dates, numerals

MOSTLY = 0.7
VISIT, SIZE = "visits", "sizes"
"""Columns of the long table; notes name them."""


@dataclass(frozen=True)
class Layout:
    """The columns of a wide sheet.

    Attributes
    ----------
    roles : Roles
        Of the columns that hold for all visits.
    columns : tuple of str
        The columns of the visits, in their order.
    names : tuple of str
        What each visit is called.
    """

    roles: Roles
    columns: tuple[str, ...]
    names: tuple[str, ...]


def recognise(frame: pd.DataFrame) -> Layout | None:
    """Find out whether a table has one column per visit.

    Returns
    -------
    Layout or None
        None where fewer than two columns are visits, or no patient and lesion are found.

    Examples
    --------
    >>> sheet = pd.DataFrame({"patient": ["a"], "lesion": ["T1"], "baseline": [20.0],
    ...                       "week 8": [12.0]})
    >>> recognise(sheet).names
    ('baseline', 'week 8')
    """
    headers = [str(c) for c in frame.columns]
    order = _date_order(headers)
    found = {c: v for c in headers if (v := visits.of_header(c, order)) is not None}
    found = {c: v for c, v in found.items() if _holds_sizes(frame[c])}
    if len(found) < 2:
        return None
    rest = [c for c in headers if c not in found]
    roles = _roles(frame[rest], len(frame))
    if roles is None:
        return None
    columns = sorted(found, key=lambda c: (found[c].date, _ranked(found[c])))
    names = tuple(found[c].date or visits.without_measure(c) for c in columns)
    units = {numerals.stated_unit(c, "") for c in columns} & {"mm", "cm"}
    unit = units.pop() if len(units) == 1 else roles.unit
    return Layout(dataclasses.replace(roles, unit=unit), tuple(columns), names)


def unused(frame: pd.DataFrame, layout: Layout) -> tuple[str, ...]:
    """Columns of numbers beside those of the visits that have no role: perhaps a visit's."""
    roles = {v for v in dataclasses.asdict(layout.roles).values() if isinstance(v, str)}
    rest = [str(c) for c in frame.columns if c not in layout.columns and c not in roles]
    return tuple(c for c in rest if frame[c].dtype != object and frame[c].notna().any())


def _ranked(visit: visits.Visit) -> float:
    return math.inf if math.isnan(visit.rank) else visit.rank


def _date_order(headers: list[str]) -> str:
    """Day first, unless a header is a date under the other order only."""
    written = [v for c in headers if (v := dates.parse(c.strip())) is not None]
    day_first = all(w.iso("dmy", dates.CENTURY) for w in written)
    return "dmy" if day_first else "mdy"


def _holds_sizes(column: pd.Series) -> bool:
    values = column.dropna().unique()
    if column.dtype != object:
        return bool(len(values))
    read = [length_of(v) is not None or state_of(v) is not None for v in values]
    return bool(read) and sum(read) / len(read) >= MOSTLY


def _roles(frame: pd.DataFrame, n: int) -> Roles | None:
    """Roles of the other columns: those of a long table whose visits are still to come."""
    if not n:
        return None
    stand_in = pd.concat([frame, frame], ignore_index=True)
    stand_in["visit"] = np.repeat([1.0, 2.0], n)
    stand_in["diameter"] = 10.0
    free = [c for c in frame.columns if c not in ("visit", "diameter")]
    found = recognise_long(stand_in[[*free, "visit", "diameter"]])
    if found is None:
        return None
    return dataclasses.replace(found, date="", day="", state="", response="", unit_column="")


def to_long(
    frame: pd.DataFrame, layout: Layout, *, lines: np.ndarray | None = None
) -> tuple[pd.DataFrame, Roles, np.ndarray]:
    """Turn a wide sheet into a long table.

    Parameters
    ----------
    frame : pandas.DataFrame
    layout : Layout
        From `recognise`.
    lines : numpy.ndarray of int, optional
        Line of the file of each row; default: 2, 3, ...

    Returns
    -------
    (pandas.DataFrame, Roles, numpy.ndarray)
        For `core.lesions.recist.table.canonical`. A blank cell makes no row, so a new lesion is
        not there before its first one; a visit at which a patient has blank cells only is none.
    """
    at = np.arange(len(frame)) + 2 if lines is None else np.asarray(lines)
    kept = [c for c in frame.columns if c not in layout.columns]
    parts, where = [], []
    dated = all(len(name) == 10 and name[4] == "-" for name in layout.names)
    for column, name in zip(layout.columns, layout.names, strict=True):
        there = frame[column].notna().to_numpy()
        part = frame.loc[there, kept].copy()
        part[VISIT] = name
        part[SIZE] = frame.loc[there, column].astype(object)
        parts.append(part)
        where.append(at[there])
    long = pd.concat(parts, ignore_index=True)
    size = long[SIZE]
    if all(isinstance(v, float) for v in size):
        long[SIZE] = size.astype(float)
    roles = dataclasses.replace(
        layout.roles,
        visit="" if dated else VISIT,
        date=VISIT if dated else "",
        diameter=SIZE,
    )
    return long, roles, np.concatenate(where)
