"""The lesion tables of a dataset: recognised, summarised per patient, and joined to its rows.

A lesion table is read like any other and stands beside the patients' table
(`Dataset.lesions`). Here it becomes one row per patient, by the choices of the question, and its
columns are appended to the patients' table like any others. Patients are matched by their numbers.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.dataset import Dataset, Endpoint, Variable
from core.errors import DataError
from core.lesions.pet import derived as pet_derived
from core.lesions.pet import reading as pet_reading
from core.lesions.pet.eligible import Choice
from core.lesions.pet.lesions import Lesions as PetLesions
from core.lesions.recist import derived as recist_derived
from core.lesions.recist import reading, sdtm, wide
from core.lesions.recist import table as recist_table
from core.lesions.recist.rules import WEEK, Rules
from core.lesions.recist.table import Lesions as RecistLesions
from core.notes import Note, counted, info, warning
from core.spec import AnalysisSpec, shortest

PET_FIELDS = (
    "suv_min", "suv_side", "sites_out", "volume_min", "hi_of", "cov_sd", "volume_of", "suvmean_of",
)  # fmt: skip
RECIST_FIELDS = ("lesion_pd", "confirm_weeks", "stable_weeks", "benefit_weeks")
FIELDS = (*PET_FIELDS, *RECIST_FIELDS)
"""Fields of the question that decide how lesions become patients."""
PFS = Endpoint(
    "Progression by the lesions", "pfs_time", "days", "pfs_event", ("1",), show_unit="months"
)
LOOSELY = (
    "The patients' numbers are written in two ways: they were matched without leading zeros, signs "
    "and the case of letters."
)
NO_LESIONS = "no lesion in the lesion table"
LEAST_SHARED = 0.5
"""Share of the lesion table's patients that must be found among the patients."""


@dataclass(frozen=True, eq=False)
class Tables:
    """The lesion tables of a dataset in their canonical form; either may be absent."""

    pet: PetLesions | None
    recist: RecistLesions | None


@dataclass(frozen=True, eq=False)
class Attached:
    """What the lesion tables become for a question.

    Attributes
    ----------
    pet, recist : Lesions or None
    choice, rules : Choice, Rules
        The definitions in force.
    pet_patients, recist_patients : Derived or None
        One row per patient, by id.
    ids : numpy.ndarray of str, shape (rows,)
        The patient of each row of the patients' table; empty where it is missing.
    notes : tuple of Note
    """

    pet: PetLesions | None
    choice: Choice
    pet_patients: pet_derived.Derived | None
    recist: RecistLesions | None
    rules: Rules
    recist_patients: recist_derived.Derived | None
    ids: np.ndarray
    notes: tuple[Note, ...]


def is_lesions(dataset: Dataset) -> bool:
    r"""Whether a table has one row per lesion, or per lesion and visit.

    Examples
    --------
    >>> from core.reading import read
    >>> is_lesions(read(b"id,lesion,SUVmax\n1,1,4\n1,2,6\n2,1,3\n", "pet.csv"))
    True
    >>> is_lesions(read(b"id,months,dead\n1,3.5,1\n2,4,0\n", "trial.csv"))
    False
    """
    frame = dataset.frame
    if sdtm.is_results(frame) or sdtm.is_identification(frame):
        return True
    if pet_reading.is_sheet(frame, _units(dataset)):
        return True
    return wide.recognise(frame) is not None or recist_table.recognise(frame) is not None


def kind_of(table: Dataset) -> str:
    """What kind of lesion table it is, in words; the two domains of SDTM are two kinds."""
    if pet_reading.is_sheet(table.frame, _units(table)):
        return "PET lesions"
    if sdtm.is_identification(table.frame) and not sdtm.is_results(table.frame):
        return "lesions (TU)"
    return "lesions by visit"


def canonical(dataset: Dataset) -> Tables:
    """Bring the lesion tables into their canonical form: once per table, it takes longest.

    Raises
    ------
    DataError
        If a table cannot be used, or is none of lesions.
    """
    pet, recist = None, None
    visits: list[Dataset] = []
    for table in dataset.lesions:
        found = pet_reading.read(table.frame, _units(table), _lines(table))
        if found is None:
            visits.append(table)
        elif pet is None:
            pet = found
        else:
            raise DataError(
                f"'{table.name}' is a second table of PET lesions", "Load one of them at a time"
            )
    if visits:
        lines = _lines(visits[0]) if len(visits) == 1 else None
        recist = reading.read([table.frame for table in visits], lines=lines)
        if recist is None:
            names = ", ".join(f"'{table.name}'" for table in visits)
            raise DataError(
                f"No lesions were recognised in {names}",
                "A table of lesions needs the patient's number and SUVmax, or the lesion, the "
                "visit and the size",
            )
    return Tables(pet, recist)


def attached(dataset: Dataset, spec: AnalysisSpec, tables: Tables | None = None) -> Attached | None:
    """Summarise the lesions per patient, by the choices of the question.

    Parameters
    ----------
    dataset : Dataset
        The patients, with their lesion tables.
    spec : AnalysisSpec
        Its fields in `FIELDS` and ``id`` are read.
    tables : Tables, optional
        From `canonical`.

    Returns
    -------
    Attached or None
        None where there is no lesion table.
    """
    if not dataset.lesions:
        return None
    if isinstance(dataset.attached, Attached):
        return dataset.attached
    tables = canonical(dataset) if tables is None else tables
    ids, tables, notes = _matched(dataset, spec, tables)
    choice, rules = Choice.of(spec), rules_of(spec)
    pet = None if tables.pet is None else pet_derived.patients(tables.pet, choice)
    recist = None if tables.recist is None else recist_derived.patients(tables.recist, rules)
    notes += [n for part in (pet, recist) if part is not None for n in part.notes]
    return Attached(tables.pet, choice, pet, tables.recist, rules, recist, ids, tuple(notes))


def with_columns(dataset: Dataset, spec: AnalysisSpec, tables: Tables | None = None) -> Dataset:
    """The patients' table with the columns that come from the lesions.

    A column that the patients' table has already is left as it is there, and said.
    """
    found = attached(dataset, spec, tables)
    if found is None or dataset.attached is not None:
        return dataset
    frame, variables, notes = dataset.frame, dict(dataset.variables), list(found.notes)
    added: dict[str, np.ndarray] = {}
    absent = dict(dataset.absent)
    for part in (found.pet_patients, found.recist_patients):
        if part is None:
            continue
        rows = part.frame.reindex(found.ids)
        left = {patient: f"{why[0].lower()}{why[1:]}" for patient, why in part.left.items()}
        reasons = np.array([left.get(patient, "") for patient in found.ids], dtype=object)
        reasons[~np.isin(found.ids, [*part.frame.index, *part.left])] = NO_LESIONS
        for name, variable in part.variables.items():
            if name in variables:
                text = f"'{name}' is in the patients' table already: the lesions' was left out."
                notes.append(warning(name, text))
                continue
            added[name] = rows[name].to_numpy()
            variables[name] = dataclasses.replace(variable, derived=True)
            absent[name] = reasons
    wider = pd.concat([frame, pd.DataFrame(added, index=frame.index)], axis=1)
    return dataclasses.replace(
        dataset,
        frame=wider,
        variables=variables,
        endpoints=(*dataset.endpoints, *(e for e in (PFS,) if {e.time, e.event} <= {*added})),
        notes=(*dataset.notes, *notes),
        attached=found,
        derived=name_of(dataset.lesions, spec),
        absent=absent,
    )


def rules_of(spec: AnalysisSpec) -> Rules:
    """The rules of RECIST that the question asks for.

    Examples
    --------
    >>> rules_of(AnalysisSpec()).benefit_days
    168.0
    """
    said = {
        f"{name}_days": WEEK * getattr(spec, f"{name}_weeks")
        for name in ("confirm", "stable", "benefit")
        if getattr(spec, f"{name}_weeks") is not None
    }
    return Rules(lesion_pd=spec.lesion_pd or "lesion", **said)


def name_of(tables: Sequence[Dataset], spec: AnalysisSpec) -> str:
    """What the derived columns are made from, as a digest."""
    said = [
        [(t.digest, t.sheet) for t in tables],
        [getattr(spec, name) for name in FIELDS],
        spec.id,
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()


def _matched(
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
        tables = Tables(pet and pet.renamed(names), recist and recist.renamed(names))
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


def _units(dataset: Dataset) -> dict[str, str]:
    return {v.name: v.unit for v in dataset.variables.values() if v.unit}


def _lines(dataset: Dataset) -> np.ndarray:
    rows: Iterable[int] = range(len(dataset.frame))
    return np.array([dataset.row_number(i) for i in rows], dtype=np.int64)


def added(dataset: Dataset) -> tuple[Variable, ...]:
    """The variables that came from the lesions."""
    return tuple(v for v in dataset.variables.values() if v.derived)
