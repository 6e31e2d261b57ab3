"""A sheet of PET lesions as the user has it -> one clean row per lesion.

`recognise` proposes which column is what, by name and content; the user can change every one of
them (`dataclasses.replace`). `canonical` then reads the sheet. Nothing is mended in silence:
volumes in mm3 become mL, impossible values become missing, and repeated rows are used once, each
with a note that names the lines.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.errors import DataError
from core.lesions.pet import cells, checks, used, vocabulary
from core.lesions.pet.lesions import Lesions, Roles
from core.lesions.pet.vocabulary import MEASURES
from core.notes import Note
from core.reading.roles import names

_LONE_IDS = ("id", "no", "nr", "number", "code", "name", "case", "pseudonym")
_NAMES = {"suv_max": "SUVmax", "suv_mean": "SUVmean", "mtv": "MTV", "tlg": "TLG"}


def recognise(frame: pd.DataFrame, *, units: Mapping[str, str] | None = None) -> Roles | None:
    """Find the columns of a lesion table, or say that this is none.

    Parameters
    ----------
    frame : pandas.DataFrame
        Numbers as float64, everything else as text with None, as the reader gives it.
    units : mapping of str to str, optional
        Units that were read from the cells of columns (`Variable.unit`).

    Returns
    -------
    Roles or None
        None without a patient and an SUVmax, or where every patient has one row and no column
        names lesions: that is a table of patients.

    Examples
    --------
    >>> sheet = {"Pat. ID": ["A", "A", "B"], "Lesion": ["1", "2", "1"], "Organ": ["bone"] * 3}
    >>> found = recognise(pd.DataFrame(sheet | {"SUV max": [3.0, 5, 4], "Vol. (ml)": [1.0, 2, 3]}))
    >>> found.patient, found.lesion, found.site, found.suv_max, found.mtv
    ('Pat. ID', 'Lesion', 'Organ', 'SUV max', 'Vol. (ml)')
    """
    columns = [str(name) for name in frame.columns]
    measured, remarks = _measures(frame, columns)
    if "suv_max" not in measured:
        return None
    rest = [name for name in columns if name not in measured.values()]
    sites = [name for name in rest if vocabulary.is_site(name) and _is_text(frame[name])]
    named = [name for name in rest if vocabulary.is_lesion(name) and name not in sites]
    patient = _patient(frame, [n for n in rest if n not in sites and n not in named])
    if patient is None:
        return None
    lesion = _varying(frame, patient, named)
    site = _varying(frame, patient, sites)
    if site is None and lesion is not None and _names_places(frame[lesion]):
        site = lesion
    if not frame[patient].dropna().duplicated().any() and lesion is None:
        return None
    known = units or {}
    in_mm3 = {
        role: "mm3" if vocabulary.volume_unit(name, known.get(name, "")) == "mm3" else "mL"
        for role, name in measured.items()
    }
    return Roles(
        patient,
        measured["suv_max"],
        measured.get("suv_mean"),
        measured.get("mtv"),
        measured.get("tlg"),
        lesion=lesion,
        site=site,
        volume_unit=in_mm3.get("mtv", "mL"),
        tlg_unit=in_mm3.get("tlg", "mL"),
        remarks=tuple(remarks),
    )


def _measures(frame: pd.DataFrame, columns: list[str]) -> tuple[dict[str, str], list[str]]:
    """Columns of the measures, the plainest name of each, and what was decided."""
    found: dict[str, list[str]] = {}
    for name in columns:
        kind = vocabulary.measure(name)
        if kind is not None and np.isfinite(cells.numbers(frame[name])[0]).any():
            found.setdefault(kind, []).append(name)
    remarks = []
    bare = found.pop("suv", [])
    if bare and "suv_max" not in found:
        found["suv_max"] = bare
        remarks.append(f"'{bare[0]}' is taken for SUVmax: its name does not say which SUV it is.")
    chosen = {}
    for kind, several in found.items():
        chosen[kind] = min(several, key=lambda name: vocabulary.rank(name, kind))
        if others := [name for name in several if name != chosen[kind]]:
            remarks.append(f"{_NAMES[kind]} is read from '{chosen[kind]}', not from '{others[0]}'.")
    return chosen, remarks


def _is_text(column: pd.Series) -> bool:
    return not pd.api.types.is_numeric_dtype(column)


def _patient(frame: pd.DataFrame, columns: list[str]) -> str | None:
    """The column that identifies patients: by its name, and one that repeats before others."""

    def order(name: str) -> tuple[int, bool]:
        said = names.words(name)
        if names.is_person(name) and (names.is_id(name) or len(said) == 1):
            level = 0
        elif names.is_id(name):
            level = 1
        elif names.is_person(name):
            level = 2
        else:
            level = 3 if said[:1] and said[0] in _LONE_IDS and len(said) == 1 else 4
        return level, not bool(frame[name].dropna().duplicated().any())

    best = min(columns, key=order, default=None)
    return best if best is not None and order(best)[0] < 4 else None


def _varying(frame: pd.DataFrame, patient: str, columns: list[str]) -> str | None:
    """The column that differs within patients most often: an attribute of the patient does not."""
    if not columns:
        return None
    groups = frame.groupby(frame[patient].to_numpy(), observed=True)
    return max(columns, key=lambda name: float((groups[name].nunique() > 1).sum()))


def _names_places(column: pd.Series) -> bool:
    texts = [text for text in column.dropna().unique() if isinstance(text, str)]
    return bool(texts) and sum(map(vocabulary.is_place, texts)) > len(texts) / 2


def canonical(frame: pd.DataFrame, roles: Roles, *, lines: np.ndarray | None = None) -> Lesions:
    """Read a sheet whose columns are known.

    Parameters
    ----------
    frame : pandas.DataFrame
    roles : Roles
    lines : numpy.ndarray of int, shape (rows,), optional
        Line of the file of every row; the second line and on when left out.

    Returns
    -------
    Lesions
        Ordered by patient, and within a patient from the hottest lesion to the coolest, so that
        the order of the rows in the file changes nothing, not even the last digit of a sum.

    Raises
    ------
    DataError
        If a column is not there, or no row has a patient and an SUVmax.

    Examples
    --------
    >>> sheet = pd.DataFrame({"id": [1.0, 1.0, 2.0], "SUVmax": [4.0, 6.0, 3.0]})
    >>> lesions = canonical(sheet, recognise(sheet))
    >>> lesions.ids.tolist(), lesions.patient.tolist(), lesions.suv_max.tolist()
    (['1', '2'], [0, 0, 1], [6.0, 4.0, 3.0])
    """
    _check_columns(frame, roles)
    at = np.arange(len(frame)) + 2 if lines is None else np.asarray(lines)
    notes = [Note("info", "lesions", text, "read") for text in roles.remarks]
    values = cells.values_of(frame, roles, at, notes)
    patients = cells.texts(frame[roles.patient])
    labels = cells.texts(frame[roles.lesion]) if roles.lesion else np.full(len(frame), None)
    places = cells.sites_of(frame, roles)
    keep = used.named(patients, at, notes)
    keep &= ~used.repeated(patients, labels, places, values, keep, at, notes)
    keep &= ~used.totals(patients, labels, places, keep, at, notes)
    if not (keep & ~np.isnan(values["suv_max"])).any():
        raise DataError(
            "No row of the lesion table has a patient and an SUVmax",
            f"Check the columns '{roles.patient}' and '{roles.suv_max}'",
            column=roles.suv_max,
        )
    made = _ordered(patients[keep], labels[keep], places[keep], at[keep], roles=roles, notes=notes,
                    values={name: x[keep] for name, x in values.items()})  # fmt: skip
    return dataclasses.replace(made, notes=(*made.notes, *checks.check(made)))


def _check_columns(frame: pd.DataFrame, roles: Roles) -> None:
    asked = [roles.patient, roles.lesion, roles.site, *(getattr(roles, m) for m in MEASURES)]
    for name in asked:
        if name is not None and name not in frame.columns:
            raise DataError(
                f"The lesion table has no column '{name}'",
                "Say which column holds what",
                column=name,
            )


def _ordered(
    patients: np.ndarray,
    labels: np.ndarray,
    places: np.ndarray,
    at: np.ndarray,
    *,
    roles: Roles,
    notes: list[Note],
    values: Mapping[str, np.ndarray],
) -> Lesions:
    """Number patients and sites, and put the hottest lesion of each patient first."""
    ids, patient = np.unique(patients.astype(str), return_inverse=True)
    site, sites = _numbered(places)
    derived = values["suv_mean"] * values["mtv"]
    keys = [-values[m] for m in ("tlg", "suv_mean", "mtv", "suv_max")]
    order = np.lexsort((*keys, patient))
    return Lesions(
        ids=ids.astype(object),
        patient=patient[order],
        label=labels[order],
        site=site[order],
        sites=sites,
        bone=np.array([vocabulary.is_bone(s) for s in sites], dtype=bool),
        suv_max=values["suv_max"][order],
        suv_mean=values["suv_mean"][order],
        mtv=values["mtv"][order],
        tlg=np.where(np.isnan(values["tlg"]), derived, values["tlg"])[order],
        tlg_given=values["tlg"][order],
        line=at[order],
        has=frozenset(m for m in (*MEASURES, "site", "lesion") if getattr(roles, m) is not None),
        decimals={m: checks.decimals_of(values[m]) for m in MEASURES},
        notes=tuple(notes),
    )


def _numbered(places: np.ndarray) -> tuple[np.ndarray, tuple[str, ...]]:
    """Sites by the alphabet; "Liver" and "liver" are one, in the spelling met most often."""
    spelled: dict[str, dict[str, int]] = {}
    for place in places:
        if place is not None:
            spellings = spelled.setdefault(str(place).casefold(), {})
            spellings[place] = spellings.get(place, 0) + 1
    found = sorted(spelled)
    at = {key: i for i, key in enumerate(found)}
    codes = [-1 if place is None else at[str(place).casefold()] for place in places]
    shown = tuple(min(spelled[k], key=lambda s, k=k: (-spelled[k][s], s)) for k in found)  # type: ignore[misc]
    return np.array(codes, dtype=np.int64), shown
