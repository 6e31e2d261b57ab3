"""Lesions, one row each, and the columns that they were read from."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from core.notes import Note

_OF_LESIONS = (
    "label", "site", "suv_max", "suv_mean", "mtv", "tlg", "tlg_given", "line",
)  # fmt: skip
"""Fields with one value per lesion, beside the patient."""


@dataclass(frozen=True)
class Roles:
    """Which column of a sheet holds what; None where there is no such column.

    Attributes
    ----------
    patient, suv_max : str
        Without these there is no lesion table.
    lesion, site, suv_mean, mtv, tlg : str or None
    volume_unit, tlg_unit : {"mL", "mm3"}
        Unit of volume in `mtv` and `tlg` (SUV times mL is g).
    remarks : tuple of str
        What was decided between several columns, one sentence each.
    """

    patient: str
    suv_max: str
    suv_mean: str | None = None
    mtv: str | None = None
    tlg: str | None = None
    lesion: str | None = None
    site: str | None = None
    volume_unit: str = "mL"
    tlg_unit: str = "mL"
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Lesions:
    """PET lesions, ordered by patient and from the hottest to the coolest of each.

    Equally hot lesions are in the order of their volume, then of SUVmean, the larger first, so
    that "the hottest lesion" does not depend on the order of the file.

    Attributes
    ----------
    ids : numpy.ndarray of str (object), shape (patients,)
        The patients as text, by the alphabet.
    patient : numpy.ndarray of int, shape (lesions,)
        Position in `ids`; never decreases.
    label : numpy.ndarray of object, shape (lesions,)
        Name of the lesion within its patient; None where not said.
    site : numpy.ndarray of int, shape (lesions,)
        Position in `sites`; -1 where not said.
    sites : tuple of str
    bone : numpy.ndarray of bool, shape (sites,)
        Whether a site is bone by its name.
    suv_max, suv_mean : numpy.ndarray of float, shape (lesions,)
        NaN where missing.
    mtv : numpy.ndarray of float, shape (lesions,)
        Volume in mL.
    tlg : numpy.ndarray of float, shape (lesions,)
        In g: as given, and SUVmean times MTV where not given.
    tlg_given : numpy.ndarray of float, shape (lesions,)
        As given.
    line : numpy.ndarray of int, shape (lesions,)
        Line of the file.
    has : frozenset of str
        Which of ``suv_max suv_mean mtv tlg site lesion`` the sheet has a column of.
    decimals : mapping of str to int
        Decimals that the measures are written with.
    notes : tuple of Note
        What was read, changed and left out, and what looks wrong.
    """

    ids: np.ndarray
    patient: np.ndarray
    label: np.ndarray
    site: np.ndarray
    sites: tuple[str, ...]
    bone: np.ndarray
    suv_max: np.ndarray
    suv_mean: np.ndarray
    mtv: np.ndarray
    tlg: np.ndarray
    tlg_given: np.ndarray
    line: np.ndarray
    has: frozenset[str]
    decimals: Mapping[str, int]
    notes: tuple[Note, ...] = ()

    @property
    def patients(self) -> tuple[str, ...]:
        """The patients, sorted."""
        return tuple(self.ids.tolist())

    def renamed(self, names: Mapping[str, str]) -> Lesions:
        """The same lesions under other numbers of their patients."""
        ids = np.array([names.get(patient, patient) for patient in self.ids], dtype=object)
        rank = np.argsort(np.argsort(ids))
        rows = np.argsort(rank[self.patient], kind="stable")
        kept = {name: getattr(self, name)[rows] for name in _OF_LESIONS}
        patient = rank[self.patient][rows]
        return dataclasses.replace(self, ids=np.sort(ids), patient=patient, **kept)

    @property
    def n(self) -> int:
        """How many lesions there are."""
        return len(self.patient)

    @cached_property
    def n_lesions(self) -> np.ndarray:
        """Lesions of every patient before any is left out, shape (patients,)."""
        counts: np.ndarray = np.bincount(self.patient, minlength=len(self.ids))
        return counts

    @cached_property
    def in_bone(self) -> np.ndarray:
        """Whether each lesion is in bone, shape (lesions,)."""
        bone: np.ndarray = np.append(self.bone, False)[self.site]
        return bone

    @property
    def bone_sites(self) -> tuple[str, ...]:
        """The sites that are bone by their names."""
        return tuple(site for site, bone in zip(self.sites, self.bone, strict=True) if bone)
