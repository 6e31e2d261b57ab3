"""Any sheet of PET lesions: one row per lesion, or the lesions of a patient beside each other."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.lesions.pet import scans, table, wide
from core.lesions.pet.lesions import Lesions, Roles
from core.lesions.typed import filled_down
from core.notes import Note, counted


def is_sheet(frame: pd.DataFrame, units: Mapping[str, str]) -> bool:
    """Whether a table is one of PET lesions."""
    return wide.recognise(frame) is not None or table.recognise(frame, units=units) is not None


def beside_each_other(frame: pd.DataFrame) -> bool:
    """Whether a table of patients, each in one row, has their PET lesions in its columns.

    Examples
    --------
    >>> beside_each_other(pd.DataFrame({"id": ["a"], "SUVmax L1": [5.0], "SUVmax L2": [3.0]}))
    True
    >>> beside_each_other(pd.DataFrame({"id": ["a"], "lesion": ["1"], "SUVmax": [5.0]}))
    False
    """
    layout = wide.recognise(frame)
    if layout is None:
        return False
    long, _ = wide.to_long(frame, layout, lines=np.arange(len(frame)))
    roles = table.recognise(long)
    return roles is not None and roles.patient in layout.kept and frame[roles.patient].is_unique


def read(frame: pd.DataFrame, units: Mapping[str, str], lines: np.ndarray) -> Lesions | None:
    """Read a sheet of PET lesions, whatever its form.

    Parameters
    ----------
    frame : pandas.DataFrame
    units : mapping of str to str
        Units that were read from the cells of columns (`Variable.unit`).
    lines : numpy.ndarray of int, shape (rows,)
        Line of the file of each row.

    Returns
    -------
    Lesions or None
        None where it is no such sheet.

    Raises
    ------
    DataError
        If it is one, and nothing of it can be used.

    Examples
    --------
    >>> sheet = pd.DataFrame({"id": ["a"], "SUVmax L1": [5.0], "SUVmax L2": [3.0]})
    >>> read(sheet, {}, np.array([2])).suv_max.tolist()
    [5.0, 3.0]
    """
    notes: list[Note] = []
    if (layout := wide.recognise(frame)) is not None:
        text = (
            f"{counted(len(frame), 'row')} with the lesions of a patient beside each other: every "
            "number in the names of the columns is one lesion."
        )
        notes.append(Note("info", "lesions", text, "read"))
        frame, lines = wide.to_long(frame, layout, lines=lines)
    roles = table.recognise(frame, units=units)
    if roles is None:
        return None
    scan = scans.column_of(frame, roles.patient, _measured(roles))
    named = tuple(c for c in (roles.lesion, scan) if c is not None) if roles.lesion else ()
    frame, said = filled_down(frame, roles.patient, named, lines)
    notes += said
    if scan is not None:
        keep, said = scans.first_only(frame, roles.patient, scan, lines)
        frame, lines = frame[keep].reset_index(drop=True), lines[keep]
        notes += said
    found = table.canonical(frame, roles, lines=lines)
    return dataclasses.replace(found, notes=(*notes, *found.notes))


def _measured(roles: Roles) -> tuple[str, ...]:
    named = (roles.lesion, roles.site, roles.suv_max, roles.suv_mean, roles.mtv, roles.tlg)
    return tuple(name for name in named if name is not None)
