"""Cells of a lesion table: numbers, texts and places, with a note for all that was changed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.lesions.pet import checks
from core.lesions.pet.lesions import Roles
from core.lesions.pet.vocabulary import MEASURES, place_of
from core.notes import Note, counted
from core.reading.cells.numerals import is_number, plainly
from core.spec import shortest


def values_of(
    frame: pd.DataFrame,
    roles: Roles,
    at: np.ndarray,
    notes: list[Note],
) -> dict[str, np.ndarray]:
    """The measures as numbers in mL; what is no number or cannot be is missing, and said."""
    values = {}
    for measure in MEASURES:
        name = getattr(roles, measure)
        if name is None:
            values[measure] = np.full(len(frame), np.nan)
            continue
        x, odd = numbers(frame[name])
        if odd.any():
            notes.append(
                _changed(name, f"of '{name}' without a number in it: taken as missing", odd, at)
            )
        if (below := x < 0).any():
            text = f"of '{name}' below 0, which cannot be: taken as missing"
            notes.append(_changed(name, text, below, at))
            x = np.where(below, np.nan, x)
        unit = roles.volume_unit if measure == "mtv" else roles.tlg_unit
        if measure in ("mtv", "tlg") and unit == "mm3":
            notes.append(_in_mm3(name, measure, int(np.isfinite(x).sum())))
            x = x / 1000
        values[measure] = x
    return values


def _changed(about: str, what: str, rows: np.ndarray, at: np.ndarray) -> Note:
    n = int(rows.sum())
    text = f"{counted(n, 'cell')} {what}."
    return Note("warning", about, text, "changed", n, checks.lines_at(at, rows))


def _in_mm3(name: str, measure: str, n: int) -> Note:
    means = "mL" if measure == "mtv" else "g"
    text = f"'{name}' is in mm3 by its name: divided by 1,000 to {means}."
    return Note("info", name, text, "changed", n)


def numbers(column: pd.Series) -> tuple[np.ndarray, np.ndarray]:
    """Numbers of a column, and where a cell is not empty and no finite number."""
    if pd.api.types.is_numeric_dtype(column):
        x = column.to_numpy(dtype=float, na_value=np.nan)
        return np.where(np.isinf(x), np.nan, x), np.isinf(x)
    x = np.full(len(column), np.nan)
    for i, cell in enumerate(column):
        text = plainly(str(cell).strip())
        if not _empty(cell) and is_number(text):
            x[i] = float(text)
    odd = np.isnan(x) & ~np.array([_empty(cell) for cell in column], dtype=bool)
    return x, odd


def _empty(cell: object) -> bool:
    if isinstance(cell, str):
        return not cell.strip()
    return bool(pd.isna(cell))  # type: ignore[call-overload]


def texts(column: pd.Series) -> np.ndarray:
    """Cells as text: 7.0 is "7", as the reader of tables writes numbers; None where empty."""
    texts = np.full(len(column), None, dtype=object)
    for i, cell in enumerate(column):
        if not _empty(cell):
            number = isinstance(cell, int | float | np.number)
            texts[i] = shortest(float(cell)) if number else str(cell).strip()
    return texts


def sites_of(frame: pd.DataFrame, roles: Roles) -> np.ndarray:
    """Sites as text; where the lesion's name is all there is, the place that it names."""
    if roles.site is None:
        return np.full(len(frame), None)
    places = texts(frame[roles.site])
    if roles.site == roles.lesion:
        places[:] = [None if place is None else place_of(place) for place in places]
    return places
