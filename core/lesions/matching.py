"""Which row of the patients' table the patients of the lesions are, by their numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.dataset import Dataset
from core.errors import DataError
from core.lesions.tables import Tables, canonical
from core.notes import Note, counted, info, warning
from core.spec import shortest

LOOSELY = (
    "The patients' numbers are written in two ways: they were matched without leading zeros, signs "
    "and the case of letters."
)
LEAST_SHARED = 0.5
"""Share of the lesion table's patients that must be found among the patients."""


@dataclass(frozen=True, eq=False)
class Matched:
    """The lesions under the numbers of the patients' table.

    Attributes
    ----------
    tables : Tables
    ids : numpy.ndarray of str, shape (rows,)
        The patient of each row of the patients' table; empty where it is missing.
    notes : tuple of Note
    """

    tables: Tables
    ids: np.ndarray
    notes: tuple[Note, ...]


def matched(dataset: Dataset, id_column: str | None) -> Matched:
    """Read the lesion tables of a dataset and find their patients: the same for every choice.

    Parameters
    ----------
    dataset : Dataset
    id_column : str or None
        The column of the patients' numbers; None: the one in which the most are found.

    Raises
    ------
    DataError
        If a lesion table cannot be used, or most of its patients are not found.
    """
    tables = canonical(dataset)
    parts = [part.patients for part in (tables.pet, tables.recist) if part is not None]
    known = set[str]().union(*parts)
    columns = [id_column] if id_column is not None else _candidates(dataset)
    written = [texts(dataset.frame[column]) for column in columns]
    shares = [sum(len({*ids}.intersection(part)) for part in parts) for ids in written]
    best = int(np.argmax(shares)) if shares else -1
    names: dict[str, str] = {}
    if not shares or shares[best] < sum(map(len, parts)):
        for i, ids in enumerate(written):
            renamed = [_renamed(ids, part) for part in parts]
            share = sum(len({*ids}.intersection(new.values())) for new in renamed)
            if share > shares[best]:
                best, shares[i] = i, share
                names = {old: new for part in renamed for old, new in part.items()}
    known = {names.get(patient, patient) for patient in known}
    shared = len(known.intersection(written[best])) if written else 0
    if shared < LEAST_SHARED * len(known) or not shared:
        raise DataError(
            f"Only {shared} of the {len(known)} patients of the lesion table are in the patients' "
            "table",
            "Both tables need a column with the same patient numbers",
        )
    notes = _match_notes(written[best], known, shared)
    if names:
        notes.insert(0, info("lesions", LOOSELY))
        tables = _under(names, tables)
    return Matched(tables, written[best], tuple(notes))


def _under(names: Mapping[str, str], tables: Tables) -> Tables:
    """The lesions under other numbers of their patients."""
    said = tables.responses
    if said is not None:
        said = said.assign(patient=[names.get(p, p) for p in said["patient"]])
    pet = None if tables.pet is None else tables.pet.renamed(names)
    recist = None if tables.recist is None else tables.recist.renamed(names)
    return Tables(pet, recist, said)


def _match_notes(ids: np.ndarray, known: set[str], shared: int) -> list[Note]:
    notes = []
    if shared < len(known):
        strange = len(known) - shared
        text = (
            f"{counted(strange, 'patient')} of the lesion table {'is' if strange == 1 else 'are'} "
            "not in the patients' table: these lesions were not used."
        )
        notes.append(warning("lesions", text))
    without = len(ids) - int(np.isin(ids, sorted(known)).sum())
    if without:
        has = "has" if without == 1 else "have"
        text = f"{counted(without, 'patient')} of the table {has} no lesions in the lesion table."
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
