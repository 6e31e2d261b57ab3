"""The lesion tables of a dataset: recognised, summarised per patient, and joined to its rows.

A lesion table is read like any other and stands beside the patients' table
(`Dataset.lesions`). Here it becomes one row per patient, by the choices of the question, and its
columns are appended to the patients' table like any others. Patients are matched by their numbers.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.dataset import Dataset, Endpoint, Variable
from core.lesions.matching import Matched, matched
from core.lesions.pet import derived as pet_derived
from core.lesions.pet.eligible import Choice
from core.lesions.pet.lesions import Lesions as PetLesions
from core.lesions.recist import derived as recist_derived
from core.lesions.recist.rules import WEEK, Rules
from core.lesions.recist.table import Lesions as RecistLesions
from core.notes import Note, warning
from core.origin import start_of
from core.spec import AnalysisSpec

PET_FIELDS = (
    "suv_min", "suv_side", "sites_out", "volume_min", "hi_of", "cov_sd", "volume_of", "suvmean_of",
)  # fmt: skip
RECIST_FIELDS = ("lesion_pd", "confirm_weeks", "stable_weeks", "benefit_weeks")
FIELDS = (*PET_FIELDS, *RECIST_FIELDS)
"""Fields of the question that decide how lesions become patients."""
PFS = Endpoint(
    "Progression by the lesions", "pfs_time", "days", "pfs_event", ("1",), show_unit="months"
)
IN_TIMES = {
    "progression_date": "time_to_progression", "assessment_date": "time_to_assessment",
}  # fmt: skip
"""The column of times that says what one of dates says."""
BASELINE = "baseline_date"
NO_LESIONS = "no lesion in the lesion table"


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
    responses : pandas.DataFrame or None
        An investigator's own responses in a table apart.
    """

    pet: PetLesions | None
    choice: Choice
    pet_patients: pet_derived.Derived | None
    recist: RecistLesions | None
    rules: Rules
    recist_patients: recist_derived.Derived | None
    ids: np.ndarray
    notes: tuple[Note, ...]
    responses: pd.DataFrame | None = None


def attached(
    dataset: Dataset,
    spec: AnalysisSpec,
    found: Matched | None = None,
    recist: recist_derived.Derived | None = None,
) -> Attached | None:
    """Summarise the lesions per patient, by the choices of the question.

    Parameters
    ----------
    dataset : Dataset
        The patients, with their lesion tables.
    spec : AnalysisSpec
        Its fields in `FIELDS` and ``id`` are read.
    found : Matched, optional
        From `core.lesions.matching.matched`: the same for all choices.
    recist : Derived, optional
        The patients' responses where they are known already: no PET choice changes them.

    Returns
    -------
    Attached or None
        None where there is no lesion table.
    """
    if not dataset.lesions:
        return None
    if isinstance(dataset.attached, Attached):
        return dataset.attached
    found = matched(dataset, spec.id) if found is None else found
    tables, ids, notes = found.tables, found.ids, [*found.notes]
    choice, rules = Choice.of(spec), rules_of(spec)
    pet = None if tables.pet is None else pet_derived.patients(tables.pet, choice)
    if recist is None and tables.recist is not None:
        recist = recist_derived.patients(tables.recist, rules)
    notes += [n for part in (pet, recist) if part is not None for n in part.notes]
    return Attached(
        tables.pet, choice, pet, tables.recist, rules, recist, ids, tuple(notes), tables.responses
    )


def with_columns(
    dataset: Dataset,
    spec: AnalysisSpec,
    found: Matched | None = None,
    recist: recist_derived.Derived | None = None,
) -> Dataset:
    """The patients' table with the columns that come from the lesions.

    A column that the patients' table has already is left as it is there, and said.
    """
    made = attached(dataset, spec, found, recist)
    if made is None or dataset.attached is not None:
        return dataset
    frame, variables, notes = dataset.frame, dict(dataset.variables), list(made.notes)
    added: dict[str, np.ndarray] = {}
    # Without the date of time 0 a moment can only be told from a column of times.
    moments = {} if start_of(dataset, spec) is not None else IN_TIMES
    absent = dict(dataset.absent)
    for part in (made.pet_patients, made.recist_patients):
        if part is None:
            continue
        rows = part.frame.reindex(made.ids)
        left = {patient: f"{text[0].lower()}{text[1:]}" for patient, text in part.left.items()}
        why = dict.fromkeys(part.frame.index, "") | left
        reasons = np.array([why.get(patient, NO_LESIONS) for patient in made.ids], dtype=object)
        for name, variable in part.variables.items():
            if name in variables:
                text = f"'{name}' is in the patients' table already: the lesions' was left out."
                notes.append(warning(name, text))
                continue
            added[name] = _cells(rows[name])
            known = moments.get(variable.known, variable.known)
            if known not in part.variables:
                known = variable.known
            variables[name] = dataclasses.replace(variable, derived=True, known=known)
            absent[name] = reasons
    wider = pd.concat([frame, pd.DataFrame(added, index=frame.index)], axis=1)
    return dataclasses.replace(
        dataset,
        frame=wider,
        variables=variables,
        endpoints=(*dataset.endpoints, *_endpoints(added)),
        notes=(*dataset.notes, *notes),
        attached=made,
        derived=name_of(dataset.lesions, spec),
        absent=absent,
    )


def _cells(column: pd.Series) -> np.ndarray:
    """The cells of a column as a table has them: None for a missing text, NaN for a number."""
    cells = column.to_numpy(copy=True)
    if cells.dtype == object:
        cells[column.isna().to_numpy()] = None  # a patient without lesions has NaN here
    return cells


def _endpoints(added: Collection[str]) -> tuple[Endpoint, ...]:
    """Progression by the lesions; with the date of the baseline, dates can be counted from it."""
    if not {PFS.time, PFS.event} <= {*added}:
        return ()
    start = BASELINE if BASELINE in added else None
    return (dataclasses.replace(PFS, start=start),)


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


def added(dataset: Dataset) -> tuple[Variable, ...]:
    """The variables that came from the lesions."""
    return tuple(v for v in dataset.variables.values() if v.derived)
