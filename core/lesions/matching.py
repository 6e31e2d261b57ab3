"""Which row of the patients' table the patients of the lesions are, by their numbers."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.dataset import Dataset
from core.errors import DataError
from core.lesions.tables import Tables
from core.notes import Note, counted, info, warning
from core.spec import AnalysisSpec, shortest

LOOSELY = (
    "The patients' numbers are written in two ways: they were matched without leading zeros, signs "
    "and the case of letters."
)
LEAST_SHARED = 0.5
"""Share of the lesion table's patients that must be found among the patients."""


def matched(
    dataset: Dataset, spec: AnalysisSpec, tables: Tables
) -> tuple[np.ndarray, Tables, list[Note]]:
    """The patients' numbers, and the lesions under the same ones.

    They are from the column in which the most patients of the lesions are found.
    """
    parts = [part.patients for part in (tables.pet, tables.recist) if part is not None]
    known = set[str]().union(*parts)
    best = np.full(len(dataset.frame), "", dtype=object)
    names: dict[str, str] = {}
    shared = 0
    for column in [spec.id] if spec.id is not None else _candidates(dataset):
        ids = texts(dataset.frame[column])
        renamed = [_renamed(ids, part) for part in parts]
        number = len({name for part in renamed for name in part.values()} & {*ids})
        if number > shared:
            best, shared = ids, number
            names = {old: new for part in renamed for old, new in part.items() if old != new}
            known = {name for part in renamed for name in part.values()}
    if shared < LEAST_SHARED * len(known) or not shared:
        raise DataError(
            f"Only {shared} of the {len(known)} patients of the lesion table are in the patients' "
            "table",
            "Both tables need a column with the same patient numbers",
        )
    notes = _match_notes(best, known, shared)
    if names:
        notes.insert(0, info("lesions", LOOSELY))
        pet, recist = tables.pet, tables.recist
        said = tables.responses
        if said is not None:
            said = said.assign(patient=[names.get(p, p) for p in said["patient"]])
        tables = Tables(pet and pet.renamed(names), recist and recist.renamed(names), said)
    return best, tables, notes


def _match_notes(ids: np.ndarray, known: set[str], shared: int) -> list[Note]:
    notes = []
    if shared < len(known):
        text = (
            f"{counted(len(known) - shared, 'patient')} of the lesion table are not in the table."
        )
        notes.append(warning("lesions", text))
    without = len(ids) - int(np.isin(ids, sorted(known)).sum())
    if without:
        text = f"{counted(without, 'patient')} of the table have no lesions in the lesion table."
        notes.append(info("lesions", text))
    return notes


def _renamed(ids: np.ndarray, lesions: Sequence[str]) -> dict[str, str]:
    """How the patients' table writes the numbers of the patients with lesions.

    They keep their own writing where more of them are found so, and where leaving out the
    differences would make two patients one.
    """
    own = {_plain(patient): patient for patient in ids.tolist() if patient}
    plain = {patient: _plain(patient) for patient in lesions}
    exact = len({*lesions} & {*ids.tolist()})
    loose = len({*plain.values()} & own.keys())
    ambiguous = len(own) < int((ids != "").sum()) or len({*plain.values()}) < len(plain)
    if loose <= exact or ambiguous:
        return {patient: patient for patient in lesions}
    return {patient: own.get(bare, patient) for patient, bare in plain.items()}


def _plain(patient: str) -> str:
    """A patient's number without leading zeros, signs and the case of letters.

    Examples
    --------
    >>> _plain("P-007"), _plain("p7"), _plain("0")
    ('p7', 'p7', '0')
    """
    bare = "".join(c for c in patient.casefold() if c.isalnum())
    return re.sub(r"(?<!\d)0+(?=\d)", "", bare)


def _candidates(dataset: Dataset) -> list[str]:
    """Columns in which no value repeats: one of them holds the patients' numbers."""
    frame = dataset.frame
    return [str(name) for name in frame if frame[name].dropna().is_unique]


def texts(column: pd.Series) -> np.ndarray:
    """The numbers of patients as text: 7.0 is ``7``; empty where there is none.

    Examples
    --------
    >>> texts(pd.Series([7.0, None])).tolist()
    ['7', '']
    """
    codes, uniques = pd.factorize(column)
    words = [shortest(float(v)) if isinstance(v, float) else str(v).strip() for v in uniques]
    written: np.ndarray = np.array([*words, ""], dtype=object)[codes]
    return written
