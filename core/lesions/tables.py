"""The lesion tables of a dataset, recognised and brought into their one form."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.dataset import Dataset
from core.errors import DataError
from core.lesions.pet import reading as pet_reading
from core.lesions.pet.lesions import Lesions as PetLesions
from core.lesions.recist import reading, sdtm, wide
from core.lesions.recist import table as recist_table
from core.lesions.recist.table import Lesions as RecistLesions


@dataclass(frozen=True, eq=False)
class Tables:
    """The lesion tables of a dataset in their canonical form; any may be absent.

    Attributes
    ----------
    pet, recist : Lesions or None
    responses : pandas.DataFrame or None
        An investigator's own responses in a table apart, as `core.lesions.recist.compare` wants
        them.
    """

    pet: PetLesions | None
    recist: RecistLesions | None
    responses: pd.DataFrame | None = None


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
    if sdtm.is_results(frame) or sdtm.is_identification(frame) or sdtm.is_responses(frame):
        return True
    if pet_reading.is_sheet(frame, _units(dataset)):
        return True
    return wide.recognise(frame) is not None or recist_table.recognise(frame) is not None


def kind_of(table: Dataset) -> str:
    """What kind of lesion table it is, in words; each domain of SDTM is a kind."""
    if pet_reading.is_sheet(table.frame, _units(table)):
        return "PET lesions"
    if sdtm.is_identification(table.frame) and not sdtm.is_results(table.frame):
        return "lesions (TU)"
    return "responses (RS)" if sdtm.is_responses(table.frame) else "lesions by visit"


def canonical(dataset: Dataset) -> Tables:
    """Bring the lesion tables into their canonical form: once per table, it takes longest.

    Raises
    ------
    DataError
        If a table cannot be used, or is none of lesions.
    """
    pet, recist, responses = None, None, None
    visits: list[Dataset] = []
    for table in dataset.lesions:
        found = pet_reading.read(table.frame, _units(table), _lines(table))
        if found is None and sdtm.is_responses(table.frame):
            responses = sdtm.responses(table.frame)
        elif found is None:
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
    if responses is not None and recist is None:
        raise DataError(
            "There is a table of responses (RS) and none of the lesions that were measured",
            "Load the domain TR with it",
        )
    return Tables(pet, recist, responses)


def _units(dataset: Dataset) -> dict[str, str]:
    return {v.name: v.unit for v in dataset.variables.values() if v.unit}


def _lines(dataset: Dataset) -> np.ndarray:
    rows: Iterable[int] = range(len(dataset.frame))
    return np.array([dataset.row_number(i) for i in rows], dtype=np.int64)
