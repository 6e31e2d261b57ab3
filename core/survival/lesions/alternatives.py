"""What each alternative definition of a PET marker would change: groups, p and hazard ratio.

Methods
-------
Studies rarely say which lesion HI was taken from, or which standard deviation COV has. The marker
at hand is computed under each alternative, one definition changed at a time, and the question is
asked again: at the present cutoff, and with each definition cut at its own median, since another
definition can move all values. The comparisons are those of the curves page (strata and delayed
entry included). A patient changes groups if both values are there and lie on different sides.

Nothing is corrected for the number of definitions: they are looked at to see whether the answer
depends on them, and not to choose the one with the smallest p.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.errors import SpecError
from core.lesions.pet.alternatives import Alternative, panel
from core.lesions.pet.eligible import Choice
from core.notes import Note, counted, info, warning
from core.progress import Progress, portions, quiet
from core.spec import AnalysisSpec
from core.survival.lesions.otherwise import (
    Contrast,
    asked_again,
    at_value,
    columns,
    contrast,
    pet_of,
    with_choice,
)

METHODS = (
    "As a sensitivity analysis the marker was recomputed under each alternative definition, one at "
    "a time, and the comparison repeated at the same cutoff and at each definition's own median."
)


@dataclass(frozen=True)
class Line:
    """One alternative.

    Attributes
    ----------
    field : str
        The choice that differs, a field of the question.
    value : str
        Its value here; sites joined by commas.
    label : str
        In words.
    current : bool
        Whether it is how the marker is defined at present.
    n, events : int
        Patients who would be in, and their events.
    n_lost, n_gained : int
        Patients who would leave, and come in.
    n_changed : int or None
        Patients on another side of the present cutoff; None without a single cutoff.
    n_changed_median : int
        The same with each definition cut at its own median.
    at_cutoff, at_median : Contrast or None
        None without a single cutoff, or where nobody would be left.
    """

    field: str
    value: str
    label: str
    current: bool
    n: int
    events: int
    n_lost: int
    n_gained: int
    n_changed: int | None
    n_changed_median: int
    at_cutoff: Contrast | None
    at_median: Contrast | None


@dataclass(frozen=True)
class AlternativesResult:
    """A PET marker under all alternatives of its definition.

    Attributes
    ----------
    column, title : str
    cutoff : float or None
        The present one; None where there is not exactly one.
    side : {"ge", "gt"}
    test : str
        The test that the p-values are of.
    n : int
        Patients who are in at present.
    lines : tuple of Line
        By definition; the present one of each is among them.
    notes : tuple of Note
    """

    column: str
    title: str
    cutoff: float | None
    side: str
    test: str
    n: int
    lines: tuple[Line, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class _Asked:
    """What the question gives under one choice."""

    rows: np.ndarray
    events: int
    at_cutoff: Contrast | None
    at_median: Contrast | None


def alternatives(
    cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet
) -> AlternativesResult:
    """Ask the question again under each alternative definition of the stratifier.

    Parameters
    ----------
    cohort : Cohort
        Its stratifier is a column that comes from PET lesions.
    spec : AnalysisSpec
        Reads ``strata ties estimator test conf_level`` and the profile.
    progress : callable

    Raises
    ------
    DataError
        If there are no PET lesions.
    SpecError
        If the stratifier does not come from them.
    """
    found, lesions, _ = pet_of(cohort)
    column, groups = cohort.groups.by, cohort.groups
    own = columns(cohort)
    if column not in own:
        raise SpecError(
            "group_by",
            "The stratifier does not come from PET lesions",
            f"Choose one of {', '.join(own)}",
        )
    cutoff = groups.thresholds[0] if len(groups.thresholds) == 1 else None
    among = found.ids[cohort.included.rows]
    shown = panel(lesions, found.choice, column, cutoff=cutoff, side=groups.side, among=among)
    made: dict[Choice, _Asked] = {}
    lines: list[Line] = []
    for _ in portions(len(shown.alternatives), 1, progress):
        one = shown.alternatives[len(lines)]
        if one.choice not in made:
            made[one.choice] = _asked(cohort, spec, one.choice, cutoff)
        lines.append(_line(cohort, one, made[one.choice]))
    return AlternativesResult(
        column, groups.title, cutoff, groups.side, spec.test or "logrank", cohort.n, tuple(lines),
        tuple(_notes(cohort, lines, cutoff)),
    )  # fmt: skip


def _asked(cohort: Cohort, spec: AnalysisSpec, choice: Choice, cutoff: float | None) -> _Asked:
    dataset, side = with_choice(cohort, choice), cohort.groups.side
    halved = asked_again(dataset, cohort.spec, cut_rule="median", cut_value=(), cut_side=side)
    if halved is None:
        return _Asked(np.array([], dtype=np.int64), 0, None, None)
    at_cutoff = None
    if cutoff is not None:
        same = asked_again(dataset, cohort.spec, **at_value(cutoff, side))
        at_cutoff = None if same is None else contrast(same, spec)
    return _Asked(halved.included.rows, halved.n_events, at_cutoff, contrast(halved, spec))


def _line(cohort: Cohort, one: Alternative, asked: _Asked) -> Line:
    now = cohort.included.rows
    return Line(
        field=one.field,
        value=one.value if isinstance(one.value, str) else ",".join(one.value),
        label=one.label,
        current=one.current,
        n=len(asked.rows),
        events=asked.events,
        n_lost=int((~np.isin(now, asked.rows)).sum()),
        n_gained=int((~np.isin(asked.rows, now)).sum()),
        n_changed=one.n_changed,
        n_changed_median=one.n_changed_median,
        at_cutoff=asked.at_cutoff,
        at_median=asked.at_median,
    )


def _notes(cohort: Cohort, lines: list[Line], cutoff: float | None) -> list[Note]:
    notes = []
    if cutoff is None:
        text = "The groups are not cut at one value, so the definitions are compared at their "
        notes.append(info("cut_rule", text + "medians only."))
    elif cohort.groups.origin == "best":
        text = "The present cutoff was searched for under the present definition: its p-values "
        notes.append(warning("cut_rule", text + "here do not allow for that search."))
    empty = sum(line.n == 0 for line in lines)
    if empty:
        text = f"Under {counted(empty, 'alternative')} no patient is left, or no group formed."
        notes.append(warning("alternatives", text))
    return notes
