"""The same analysis with and without bone lesions, for every PET marker.

Methods
-------
Bone lesions are often left out of uptake measures, since they cannot be measured on CT. Each
marker is computed with and without them, all other choices as they are, and cut at its own median
each time; the stratifier is cut as the question says. A patient whose lesions are all in bone
leaves the second analysis. Which sites are bone is told by their names. Curves, test and hazard
ratio are those of the curves page.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.cohort import Cohort
from core.lesions.pet import aggregate
from core.lesions.pet.eligible import BONE, Choice
from core.lesions.pet.lesions import Lesions
from core.notes import Note, info, warning
from core.progress import Progress, portions, quiet
from core.spec import AnalysisSpec
from core.survival.curve import curves
from core.survival.curve import median as median_of
from core.survival.lesions.otherwise import (
    Contrast,
    asked_again,
    columns,
    contrast,
    pet_of,
    with_choice,
)

METHODS = "The analysis was repeated with and without bone lesions."
MARKERS = ("SUVmax", "SUVmean", "MTV", "TLG", "HI", "COV")


@dataclass(frozen=True)
class Group:
    """Patients on one side of a cutoff; times in `show_unit`, None where not reached."""

    label: str
    n: int
    events: int
    median: float | None
    conf_low: float | None
    conf_high: float | None


@dataclass(frozen=True)
class Line:
    """One marker, with bone lesions or without.

    Attributes
    ----------
    column, title : str
    with_bone : bool
    n, events : int
        Patients who are in; 0 where the question cannot be asked.
    groups : tuple of Group
        Low, then high; one of them is missing where nobody is there.
    contrast : Contrast or None
        None where the patients are not in two groups by one cutoff.
    """

    column: str
    title: str
    with_bone: bool
    n: int
    events: int
    groups: tuple[Group, ...] = ()
    contrast: Contrast | None = None


@dataclass(frozen=True)
class Counts:
    """Lesions that count, patients of the lesion table who have one, and who lost all."""

    with_bone: bool
    n_lesions: int
    n_patients: int
    n_lost: int


@dataclass(frozen=True)
class BoneResult:
    """The analysis with and without bone lesions.

    Attributes
    ----------
    sites : tuple of str
        The sites that are bone.
    n_bone : int
        Lesions in them, before any filter.
    test : str
        The test that the p-values are of.
    counts : tuple of Counts
        With bone, then without.
    lines : tuple of Line
        Two for each marker, with bone first; empty where no site is bone.
    notes : tuple of Note
    """

    sites: tuple[str, ...]
    n_bone: int
    test: str
    counts: tuple[Counts, ...] = ()
    lines: tuple[Line, ...] = ()
    notes: tuple[Note, ...] = ()


def bone(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> BoneResult:
    """Ask the question with and without bone lesions, for every PET marker.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``strata ties estimator test conf_level conf_type median_ci`` and the profile.
    progress : callable

    Raises
    ------
    DataError
        If there are no PET lesions.
    """
    found, lesions, _ = pet_of(cohort)
    test = spec.test or "logrank"
    if not lesions.bone.any():
        text = "No site of the lesion table is bone by its name: there is nothing to leave out."
        return BoneResult((), 0, test, notes=(info("bone", text),))
    sides = choices(lesions, found.choice)
    markers = _markers(cohort)
    asked = [(name, has) for name in markers for has in (True, False)]
    tables = {has: with_choice(cohort, choice) for has, choice in sides.items()}
    lines: list[Line] = []
    for _ in portions(len(asked), 1, progress):
        name, has = asked[len(lines)]
        again = asked_again(tables[has], cohort.spec, **_cut(cohort, name))
        title = tables[has].variables[name].title
        lines.append(_line(again, spec, name, title, has))
    return BoneResult(
        lesions.bone_sites,
        int(lesions.in_bone.sum()),
        test,
        tuple(_counts(lesions, choice, has) for has, choice in sides.items()),
        tuple(lines),
        tuple(_notes(cohort, lines)),
    )


def choices(lesions: Lesions, choice: Choice) -> dict[bool, Choice]:
    """The choice with bone lesions and the one without, all else as it is."""
    named = {site.casefold() for site in (*lesions.bone_sites, BONE)}
    others = tuple(site for site in choice.sites_out if site.casefold() not in named)
    return {
        True: dataclasses.replace(choice, sites_out=others),
        False: dataclasses.replace(choice, sites_out=(*others, BONE)),
    }


def _markers(cohort: Cohort) -> list[str]:
    own = columns(cohort)
    names = [name for name in MARKERS if name in own]
    by = cohort.groups.by
    return names if by is None or by in names or by not in own else [by, *names]


def _cut(cohort: Cohort, name: str) -> dict[str, Any]:
    """How a marker is cut: the stratifier as asked, the others at their medians."""
    side = cohort.spec.cut_side
    if name == cohort.groups.by and len(cohort.groups.thresholds) == 1:
        return {"cut_rule": cohort.groups.rule, "cut_side": side}
    return {"group_by": name, "cut_rule": "median", "cut_value": (), "cut_side": side}


def _line(again: Cohort | None, spec: AnalysisSpec, name: str, title: str, has: bool) -> Line:
    if again is None:
        return Line(name, title, has, 0, 0)
    return Line(
        name,
        title,
        has,
        again.n,
        again.n_events,
        tuple(_groups(again, spec)),
        contrast(again, spec) if len(again.groups.thresholds) == 1 else None,
    )


def _groups(cohort: Cohort, spec: AnalysisSpec) -> Iterable[Group]:
    levels = cohort.groups.levels
    found = curves(
        cohort, spec, event=cohort.event, codes=cohort.groups.codes, n_groups=len(levels)
    )
    for level, curve in zip(levels, found, strict=True):
        times = (
            None if t is None else float(cohort.shown(np.array(t))) for t in median_of(curve, spec)
        )
        yield Group(level.label, level.n, level.events, *times)


def _counts(lesions: Lesions, choice: Choice, has: bool) -> Counts:
    found = aggregate.patients(lesions, choice)
    n_patients = int((found.n_lesions > 0).sum())
    return Counts(has, int(found.eligible.sum()), n_patients, len(lesions.ids) - n_patients)


def _notes(cohort: Cohort, lines: list[Line]) -> list[Note]:
    notes = []
    if cohort.groups.origin == "best" and cohort.groups.by in columns(cohort):
        text = f"The cutoff of {cohort.groups.title} was searched for with and without bone; the "
        notes.append(warning("cut_rule", text + "p-values here do not allow for that."))
    empty = [line.title for line in lines if line.n == 0]
    if empty:
        names = ", ".join(dict.fromkeys(empty))
        text = f"No patient is left, or no group can be formed, for {names}."
        notes.append(warning("bone", text))
    return notes
