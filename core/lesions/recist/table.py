"""Tables of lesions by visit in one form.

Methods
-------
One row is one lesion at one visit. The first visit of a patient is the baseline. A visit is what
the visit column names; without one, all rows of a patient with the same date. Visits are put in
the order of their dates, else of the numbers in their names. The date of a visit is that of its
first scan. Diameters are in millimetres, the longest one, or the short axis of a lymph node.

References
----------
Eisenhauer EA et al. New response evaluation criteria in solid tumours: revised RECIST guideline
(version 1.1). Eur J Cancer 2009;45:228-247.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.errors import DataError
from core.lesions.recist import kinds, when
from core.lesions.recist.cells import lines_note, measured
from core.lesions.recist.roles import Roles
from core.lesions.recist.roles import recognise as recognise
from core.lesions.recist.vocabulary import response_of
from core.notes import Note, counted, info, were
from core.spec import shortest

COLUMNS = (
    "patient", "visit", "visit_name", "day", "date", "lesion", "kind", "site", "node", "micro",
    "state", "response", "line",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Lesions:
    """A table of lesions by visit.

    Attributes
    ----------
    rows : pandas.DataFrame
        ``patient`` (text), ``visit`` (0 is the baseline), ``visit_name``, ``day`` (since the
        baseline, NaN: unknown), ``date`` (ISO text or None), ``lesion``, ``kind`` (``target``,
        ``non-target``, ``new``), ``site`` (text, may be empty), ``node`` (bool), ``micro``
        (diameter in `core.lesions.recist.cells.MICRO` of a mm, -1: none), ``state`` (text, may be
        empty), ``response`` (an investigator's, may be empty), ``line`` of the file. One row per
        patient, visit, kind and lesion, in that order.
    notes : tuple of Note
        The import report.
    """

    rows: pd.DataFrame
    notes: tuple[Note, ...] = ()

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients, sorted."""
        return tuple(sorted(self.rows["patient"].unique()))

    def renamed(self, names: Mapping[str, str]) -> Lesions:
        """The same lesions under other numbers of their patients."""
        rows = self.rows.assign(patient=[names.get(p, p) for p in self.rows["patient"]])
        rows = rows.sort_values(["patient", "visit", "kind", "lesion"], ignore_index=True)
        return dataclasses.replace(self, rows=rows)


def canonical(frame: pd.DataFrame, roles: Roles, *, lines: np.ndarray | None = None) -> Lesions:
    """Bring a table of lesions by visit into its one form.

    Parameters
    ----------
    frame : pandas.DataFrame
        As in `core.dataset.Dataset`. Never changed.
    roles : Roles
        From `recognise`, or chosen by the user.
    lines : numpy.ndarray of int, optional
        Line of the file of each row; default: 2, 3, ...

    Raises
    ------
    DataError
        If no row names a patient, a lesion and a visit.

    Examples
    --------
    >>> table = pd.DataFrame({"patient": ["a", "a"], "visit": [1.0, 2.0], "lesion": ["T1", "T1"],
    ...                       "size (cm)": [2.0, 1.2]})
    >>> canonical(table, recognise(table)).rows[["visit", "kind", "micro"]].values.tolist()
    [[0, 'target', 20000000], [1, 'target', 12000000]]
    """
    at = np.arange(len(frame)) + 2 if lines is None else np.asarray(lines)
    read = measured(frame, roles, at)
    rows = _named(frame, roles, at)
    rows["micro"], rows["state"] = read.micro, read.state
    rows, named = _complete(rows)
    notes = [*read.notes, *named]
    if not roles.lesion:
        text = "The table names no lesions and has each visit once: one target lesion per patient."
        notes.append(info("lesion", text))
    if rows.empty:
        raise DataError(
            "No row of the lesion table names a patient and a lesion",
            "Choose the columns of the patient and of the lesion",
        )
    rows, said = when.order(rows, frame.iloc[rows.pop("position")], roles)
    notes += said
    if rows.empty:
        raise DataError(
            "No row of the lesion table names a visit", "Choose the column of the visit or date"
        )
    rows, said = kinds.settled(rows, has_column=bool(roles.kind))
    notes += said
    if rows.empty:
        raise DataError(
            "No row of the lesion table says whether the lesion is a target, a non-target or new",
            "Add a column with the words target, non-target and new",
        )
    rows = rows.sort_values(["patient", "visit", "kind", "lesion"], ignore_index=True)
    return Lesions(rows[list(COLUMNS)], tuple(notes))


def _named(frame: pd.DataFrame, roles: Roles, lines: np.ndarray) -> pd.DataFrame:
    """Patient, lesion, kind, site and node of each row as they are written."""
    rows = pd.DataFrame({"position": np.arange(len(frame)), "line": lines})
    rows["patient"] = texts(frame[roles.patient])
    rows["lesion"] = texts(frame[roles.lesion]) if roles.lesion else "1"
    rows["site"] = texts(frame[roles.site]) if roles.site else ""
    rows["kind"] = kinds.written(frame, roles)
    rows["node"] = kinds.nodes(frame, roles)
    rows["response"] = _responses(frame, roles)
    return rows


def texts(column: pd.Series) -> np.ndarray:
    """Write the cells of a column as text, empty where there is nothing.

    Examples
    --------
    >>> texts(pd.Series([1.0, 2.5, None])).tolist()
    ['1', '2.5', '']
    """
    codes, uniques = pd.factorize(column)
    words = [shortest(float(v)) if isinstance(v, float) else str(v).strip() for v in uniques]
    written: np.ndarray = np.array([*words, ""], dtype=object)[codes]
    return written


def _responses(frame: pd.DataFrame, roles: Roles) -> np.ndarray:
    if not roles.response:
        return np.full(len(frame), "", dtype=object)
    codes, uniques = pd.factorize(frame[roles.response])
    read: np.ndarray = np.array([*[response_of(v) or "" for v in uniques], ""], dtype=object)[codes]
    return read


def _complete(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[Note]]:
    # A new lesion often has no number.
    rows["lesion"] = rows["lesion"].where(
        (rows["lesion"] != "") | (rows["kind"] != "new"), rows["site"].replace("", "new")
    )
    out = (rows["patient"] == "") | (rows["lesion"] == "")
    if not out.any():
        return rows, []
    n = int(out.sum())
    text = f"{counted(n, 'row')} without a patient or a lesion {were(n)} left out."
    note = lines_note("lesion", text, rows.loc[out, "line"].to_numpy(), "excluded")
    return rows[~out].copy(), [note]
