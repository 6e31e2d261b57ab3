"""Lesion tables for a snapshot: what was read of them, under new numbers, without dates.

Only what the analyses read goes along: measures, sites, kinds, states, and the days since the
baseline. The names of lesions become numbers. Whether a sheet is read back as exactly the same
lesions is tried every time; where it is not, None says so, and the columns made from the lesions
are kept as they are.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.dataset import Dataset, Variable
from core.errors import StratiscopeError
from core.lesions.attach import Attached
from core.lesions.pet import reading as pet_reading
from core.lesions.pet.lesions import Lesions as PetLesions
from core.lesions.recist import reading as recist_reading
from core.lesions.recist.cells import MICRO, UNKNOWN
from core.lesions.recist.table import Lesions as RecistLesions
from core.reading.checks import personal

PREFIX = {"target": "T", "non-target": "NT", "new": "N"}
_PET = (
    ("suv_max", "suv_max", "SUVmax"), ("suv_mean", "suv_mean", "SUVmean"),
    ("mtv", "mtv", "MTV (mL)"), ("tlg", "tlg_given", "TLG"),
)  # fmt: skip
"""What a sheet has, the field of the lesions that holds it, and its column."""
_COMPARED = (
    "patient", "visit", "day", "lesion", "kind", "site", "node", "micro", "state", "response",
)  # fmt: skip


def sheets(attached: Attached, numbers: Mapping[str, str]) -> tuple[Dataset, ...] | None:
    """Write the lesions of the patients who have a number.

    Parameters
    ----------
    attached : Attached
    numbers : mapping of str to str
        The new number of each patient of the patients' table.

    Returns
    -------
    tuple of Dataset, or None
        None where a sheet would not be read back as the same lesions.
    """
    made: list[Dataset] = []
    try:
        if attached.pet is not None:
            made.append(_pet(attached.pet, numbers))
        if attached.recist is not None:
            made.append(_recist(attached.recist, numbers))
    except (StratiscopeError, _NotTheSame):
        return None
    return tuple(made)


class _NotTheSame(Exception):
    """A sheet is read back as something else."""


# PET ------------------------------------------------------------------------------------------


def _pet(lesions: PetLesions, numbers: Mapping[str, str]) -> Dataset:
    patients = lesions.ids[lesions.patient]
    inside = np.array([patient in numbers for patient in patients], dtype=bool)
    frame = pd.DataFrame({"patient": _texts([numbers.get(p) for p in patients])})
    decimals = {"patient": 0}
    if "lesion" in lesions.has:
        frame["lesion"] = _texts(_labels(patients, lesions.label))
    if "site" in lesions.has:
        names = np.array([*lesions.sites, None], dtype=object)
        frame["site"] = _impersonal("site", names[lesions.site])
    for measure, field, name in _PET:
        if measure in lesions.has:
            frame[name] = getattr(lesions, field)
            decimals[name] = lesions.decimals[measure]
    frame = frame[inside].sort_values("patient", kind="stable", ignore_index=True)
    again = pet_reading.read(frame, {}, np.arange(len(frame)) + 2)
    if again is None or not _same_pet(_only(lesions, inside).renamed(numbers), again):
        raise _NotTheSame
    return _dataset("PET lesions", frame, decimals)


def _only(lesions: PetLesions, inside: np.ndarray) -> PetLesions:
    """The lesions of some patients only."""
    kept = np.unique(lesions.patient[inside])
    fields = ("label", "site", "suv_max", "suv_mean", "mtv", "tlg", "tlg_given", "line")
    return dataclasses.replace(
        lesions,
        ids=lesions.ids[kept],
        patient=np.searchsorted(kept, lesions.patient[inside]),
        **{name: getattr(lesions, name)[inside] for name in fields},
    )


def _same_pet(one: PetLesions, other: PetLesions) -> bool:
    if one.ids.tolist() != other.ids.tolist() or one.has != other.has or one.n != other.n:
        return False
    sites = [np.array([*x.sites, None], dtype=object)[x.site].tolist() for x in (one, other)]
    numbers = ("patient", "suv_max", "suv_mean", "mtv", "tlg", "tlg_given", "in_bone")
    return sites[0] == sites[1] and all(
        np.array_equal(getattr(one, name), getattr(other, name), equal_nan=name != "in_bone")
        for name in numbers
    )


def _labels(patients: np.ndarray, labels: np.ndarray) -> list[str | None]:
    """Numbers for the names of lesions, from 1 for each patient: names can hold anything."""
    found: dict[str, dict[object, str]] = {}
    made: list[str | None] = []
    for patient, label in zip(patients, labels, strict=True):
        known = found.setdefault(patient, {})
        made.append(None if label is None else known.setdefault(label, str(len(known) + 1)))
    return made


# Lesions by visit -----------------------------------------------------------------------------


def _recist(lesions: RecistLesions, numbers: Mapping[str, str]) -> Dataset:
    rows = lesions.rows[lesions.rows["patient"].isin(numbers)].copy()
    rows["patient"] = rows["patient"].map(numbers)
    rows["lesion"] = _kind_labels(rows)
    rows["site"] = pd.Series(_impersonal("site", rows["site"].to_numpy()), rows.index).fillna("")
    rows = rows.sort_values(["patient", "visit", "kind", "lesion"], ignore_index=True)
    frame = pd.DataFrame(
        {
            "patient": _texts(rows["patient"]),
            "visit": _texts([f"visit {v + 1}" for v in rows["visit"]]),
            "day": rows["day"].to_numpy(dtype=float),
            "lesion": _texts(rows["lesion"]),
            "kind": _texts(rows["kind"]),
            "site": _texts(rows["site"]),
            "node": _texts(np.where(rows["node"], "yes", "no")),
            "diameter (mm)": np.where(rows["micro"] == UNKNOWN, np.nan, rows["micro"] / MICRO),
            "state": _texts(rows["state"]),
            "response": _texts(rows["response"]),
        }
    )
    empty = [name for name in frame if frame[name].isna().all()]
    frame = frame.drop(columns=empty)
    again = recist_reading.read([frame])
    if again is None or not _same_rows(rows, again.rows):
        raise _NotTheSame
    return _dataset("lesions by visit", frame, {"diameter (mm)": 1})


def _kind_labels(rows: pd.DataFrame) -> list[str]:
    """T1, NT1, N1: names of lesions by their kind, in the order in which they were seen."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    made = []
    ordered = zip(rows["patient"], rows["kind"], rows["lesion"], strict=True)
    for patient, kind, lesion in ordered:
        known = found.setdefault((patient, kind), {})
        made.append(known.setdefault(lesion, f"{PREFIX[kind]}{len(known) + 1}"))
    return made


def _same_rows(one: pd.DataFrame, other: pd.DataFrame) -> bool:
    left, right = (x[list(_COMPARED)].reset_index(drop=True) for x in (one, other))
    return left.astype(object).equals(right.astype(object))


# Both -----------------------------------------------------------------------------------------


def _texts(values: object) -> np.ndarray:
    """Texts, None for missing and empty ones."""
    cells = list(values)  # type: ignore[call-overload]
    made = np.empty(len(cells), dtype=object)
    made[:] = [None if cell is None or pd.isna(cell) or cell == "" else str(cell) for cell in cells]
    return made


def _impersonal(name: str, values: np.ndarray) -> np.ndarray:
    """The cells, or nothing of them where they look like something that identifies persons."""
    cells = _texts(values)
    if personal.looks_like(Variable(name, kind="category"), pd.Series(cells, dtype=object)):
        return np.full(len(cells), None, dtype=object)
    return cells


def _dataset(name: str, frame: pd.DataFrame, decimals: Mapping[str, int]) -> Dataset:
    variables = {
        str(column): Variable(
            str(column),
            kind="category" if frame[column].dtype == object else "number",
            decimals=decimals.get(str(column), 0),
        )
        for column in frame
    }
    return Dataset(name, frame, variables, digest="", reference="", title=name)
