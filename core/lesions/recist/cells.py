"""Diameters and states of lesions, cell by cell.

Diameters are whole numbers of a millionth of a millimetre, so that 12.0 is exactly 1.2 times 10.0
and every comparison of the response rules is one between whole numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.lesions.recist.roles import Roles, length_of, plain_number
from core.lesions.recist.vocabulary import (
    ABSENT,
    NOT_EVALUABLE,
    TOO_SMALL,
    plain,
    state_of,
)
from core.notes import MOST_LINES, Note, Section, counted, info, warning
from core.reading.cells import missing

MICRO = 1_000_000
"""Units of a stored diameter in one millimetre."""
UNKNOWN = -1
LARGEST = 1000.0
"""Millimetres; what is above is no lesion of a person."""
DEFAULT_SMALL = 5
"""Millimetres of a target lesion that is seen but too small to measure (RECIST 1.1, 4.1)."""


@dataclass(frozen=True, eq=False)
class Measured:
    """Diameters and states of the rows of a table, with what was to be said about them."""

    micro: np.ndarray
    state: np.ndarray
    notes: tuple[Note, ...]


def lines_note(about: str, text: str, lines: np.ndarray, section: Section = "suspect") -> Note:
    """Make a warning about some lines of the file."""
    first = tuple(int(x) for x in np.sort(lines)[:MOST_LINES])
    return Note("warning", about, text, section, len(lines), first)


def micro_of(number: float, per_mm: float = 1.0) -> int:
    """Turn a number into the whole number that is stored.

    Examples
    --------
    >>> micro_of(12.3), micro_of(1.23, 10.0)
    (12300000, 12300000)
    """
    return round(number * per_mm * MICRO)


def measured(frame: pd.DataFrame, roles: Roles, lines: np.ndarray) -> Measured:
    """Read diameter and state of each row.

    Parameters
    ----------
    frame : pandas.DataFrame
    roles : Roles
    lines : numpy.ndarray of int
        Line of the file of each row, for the notes.

    Returns
    -------
    Measured
        `micro` is `UNKNOWN` where there is no diameter, `state` is empty where nothing is said.
        A word in the column of diameters counts as a state. A diameter that comes with the words
        "not evaluable" is not used.
    """
    micro = np.full(len(frame), UNKNOWN, dtype=np.int64)
    state = np.full(len(frame), "", dtype=object)
    notes: list[Note] = []
    if roles.diameter:
        factor, said = _factor(frame, roles)
        notes += said
        micro, state, wrong = _lengths(frame[roles.diameter], factor)
        notes += _wrong(roles.diameter, lines[wrong])
    if roles.state:
        said_state, wrong = _states(frame[roles.state])
        notes += _wrong(roles.state, lines[wrong])
        state = np.where(said_state != "", said_state, state)
    micro = np.where(state == NOT_EVALUABLE, UNKNOWN, micro)
    both = (state == ABSENT) & (micro > 0)
    if roles.node or roles.site:
        both &= micro >= 10 * MICRO  # A normal node has a diameter.
    if both.any():
        text = (
            f"{counted(int(both.sum()), 'row')} have a diameter above 0 and the word absent: the "
            "diameter counts."
        )
        notes.append(lines_note(roles.diameter, text, lines[both]))
        state = np.where(both, "", state)
    return Measured(micro, state, tuple(notes))


def _wrong(column: str, lines: np.ndarray) -> list[Note]:
    if not len(lines):
        return []
    cells = counted(len(lines), "cell")
    text = f"{cells} of '{column}' could not be read and count as not evaluated."
    return [lines_note(column, text, lines)]


def _factor(frame: pd.DataFrame, roles: Roles) -> tuple[np.ndarray, list[Note]]:
    """Millimetres in one unit of each cell that states none itself."""
    n, name = len(frame), roles.diameter
    if roles.unit_column:
        units = frame[roles.unit_column].map(plain).to_numpy()
        return np.where(units == "cm", 10.0, 1.0), []
    if roles.unit:
        text = f"'{name}' is in {roles.unit}" + (", read as mm." if roles.unit == "cm" else ".")
        return np.full(n, 10.0 if roles.unit == "cm" else 1.0), [info(name, text)]
    if _are_centimetres(frame[name]):
        text = (
            f"'{name}' states no unit and its largest values are below 10 mm, too small for "
            "target lesions: they were read as cm. Write the unit into the header if that is wrong."
        )
        return np.full(n, 10.0), [warning(name, text)]
    return np.ones(n), [info(name, f"'{name}' states no unit and was read as mm.")]


def _are_centimetres(column: pd.Series) -> bool:
    """Whether nine in ten of the lesions could not be measured if these were millimetres."""
    found = [length_of(v) for v in column.dropna().unique()]
    numbers = [f.point if f.point is not None else f.comma for f in found if f and not f.unit]
    known = np.array([x for x in numbers if x is not None and x > 0])
    return bool(len(known)) and bool(np.quantile(known, 0.9) < 10) and bool((known % 1 != 0).any())


def _lengths(column: pd.Series, factor: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    if column.dtype != object:
        values = column.to_numpy(dtype=float) * factor
        wrong = ~np.isnan(values) & ~((values >= 0) & (values <= LARGEST))
        kept = np.where(wrong | np.isnan(values), UNKNOWN / MICRO, values)
        none = np.full(len(kept), "", dtype=object)
        return np.rint(kept * MICRO).astype(np.int64), none, wrong
    codes, uniques = pd.factorize(column)
    both = [_length(v) for v in uniques]
    both.append((None, "", 0.0))  # Code -1: the cell is empty.
    numbers = np.array([np.nan if b[0] is None else b[0] for b in both])[codes]
    per = np.array([b[2] for b in both])[codes]
    micro = np.rint(numbers * np.where(per > 0, per, factor) * MICRO)
    out = (micro < 0) | (micro > LARGEST * MICRO)
    wrong = np.array([b[1] == "?" for b in both])[codes] | out
    state = np.array([b[1] for b in both], dtype=object)[codes]
    known = ~np.isnan(micro) & ~wrong
    micro = np.where(known, micro, UNKNOWN).astype(np.int64)
    return micro, np.where(wrong, NOT_EVALUABLE, state), wrong


def _length(cell: object) -> tuple[float | None, str, float]:
    """Number, state and millimetres per unit (0: as the column) of one cell."""
    if (found := length_of(cell)) is not None:
        number = found.comma if "," in plain_number(cell) else found.point
        per = {"mm": 1.0, "cm": 10.0}.get(found.unit, 0.0)
        if number is None:
            return None, "?", 0.0
        if not found.limit:
            return number, "", per
        # "< 5 mm" is how a lesion is written that is seen and cannot be measured.
        small = found.limit in "<≤" and number * (per or 1.0) <= DEFAULT_SMALL
        return None, TOO_SMALL if small else "?", 0.0
    if (state := state_of(cell)) is not None:
        return None, state, 0.0
    word = str(cell).strip()
    return None, NOT_EVALUABLE if missing.is_hard(word) or missing.is_soft(word) else "?", 0.0


def _states(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    codes, uniques = pd.factorize(column)
    read = [state_of(v) or "?" for v in uniques]
    read = [
        NOT_EVALUABLE if r == "?" and missing.is_soft(str(v)) else r
        for r, v in zip(read, uniques, strict=True)
    ]
    state = np.array([*read, ""], dtype=object)[codes]
    wrong = state == "?"
    return np.where(wrong, NOT_EVALUABLE, state), wrong
