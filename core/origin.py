"""When time 0 is: moments read off columns, and the switch to another origin of time.

Methods
-------
Counting from another origin takes the moment of that origin, o, from every time. Where o is before
the present time 0 the patient was not under observation between the two: she could not have been
seen to die there, so she enters at -o (delayed entry, left truncation). Where o is after it, who
has not reached o, or left by then, is not part of the question any more.

References
----------
Andersen PK, Keiding N. Interpretability and importance of functionals in competing risks and
multistate models. Stat Med 2012;31:1074-1088 (origin and delayed entry). Klein JP, Moeschberger
ML. Survival Analysis, 2nd ed., section 3.4.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core import followup
from core.dataset import Dataset
from core.errors import SpecError
from core.notes import Note, counted, info, were
from core.spec import AnalysisSpec
from core.steps import Step
from core.units import DAYS, convert

METHODS = (
    "Time was counted from another origin; patients whose observation began after it entered the "
    "risk sets when it began (delayed entry)."
)


@dataclass(frozen=True, eq=False)
class Switch:
    """Follow-up counted from another origin.

    Attributes
    ----------
    time, entry : numpy.ndarray, shape (rows,)
        In `unit`; `entry` is None where everybody is observed from the new origin on.
    absent, ended : numpy.ndarray of bool, shape (rows,)
        Rows without the new origin, and rows whose follow-up ended by it.
    title : str
        How the new origin is called.
    """

    time: np.ndarray
    entry: np.ndarray | None
    absent: np.ndarray
    ended: np.ndarray
    title: str


def start_of(dataset: Dataset, spec: AnalysisSpec) -> str | None:
    """Return the column of dates that the follow-up of a question is counted from.

    It is `start`, the start of the step that made the endpoint from dates, or the one that the
    dictionary says; None where the times were in the table already.
    """
    if spec.start is not None:
        return spec.start
    for text in dataset.steps:
        step = Step.parse(text)
        if step.verb == "endpoint" and f"{step.column} time" == spec.time:
            said = dict(part.split("=", 1) for part in step.rest if "=" in part)
            return {k.strip(): v.strip() for k, v in said.items()}.get("start")
    return next((e.start for e in dataset.endpoints if e.time == spec.time), None)


def dates_of(dataset: Dataset, column: str, field: str) -> np.ndarray:
    """Return a column of dates; a date without its day is not known."""
    dates = followup.dates(dataset, column, field)
    short = (dataset.frame[column].str.len() < len("2020-01-01")).to_numpy(dtype=bool)
    return np.where(short, np.datetime64("NaT"), dates)


def from_start(dataset: Dataset, spec: AnalysisSpec, column: str, field: str) -> np.ndarray:
    """Moments of a column in `unit`, counted from the start that the table has.

    Parameters
    ----------
    dataset : Dataset
    spec : AnalysisSpec
        With its roles filled in.
    column : str
        Of dates, where the date of time 0 is known; or of numbers: times from time 0, below 0
        before it, in the column's own unit where it is one of time, else in `unit`.
    field : str
        The field of the spec that names the column, for errors.

    Returns
    -------
    numpy.ndarray of float, shape (rows,)
        NaN where it is not known or never came.

    Raises
    ------
    SpecError
        If the column is not there, or holds dates and the date of time 0 is not known.
    DataError
        If it holds neither numbers nor dates.
    """
    variable = dataset.require(column, field)
    unit = spec.unit or "days"
    if variable.kind != "date":
        numerator, denominator = convert(variable.unit if variable.unit in DAYS else unit, unit)
        return followup.numbers(dataset, column, field) * numerator / denominator
    start = start_of(dataset, spec)
    if start is None:
        raise SpecError(
            field,
            f"'{column}' holds dates, and it is not known on which date the follow-up of "
            f"'{spec.time}' begins",
            "Make the endpoint from dates, or choose a column of times in the endpoint's unit",
        )
    days = dates_of(dataset, column, field) - dates_of(dataset, start, "start")
    numerator, denominator = convert("days", unit)
    return np.asarray(days / np.timedelta64(1, "D") * numerator / denominator, dtype=float)


def moments(dataset: Dataset, spec: AnalysisSpec, column: str, field: str) -> np.ndarray:
    """Moments of a column in `unit`, counted from the origin of the question; see `from_start`."""
    found = from_start(dataset, spec, column, field)
    if spec.origin is None:
        return found
    return np.asarray(found - from_start(dataset, spec, spec.origin, "origin"))


def landmark_of(spec: AnalysisSpec) -> float:
    """Return the landmark in `unit`; a spec says it in `show_unit`. 0 without one.

    Examples
    --------
    >>> landmark_of(AnalysisSpec(landmark=2, unit="days", show_unit="months"))
    60.875
    """
    numerator, denominator = convert(spec.show_unit or spec.unit or "days", spec.unit or "days")
    return (spec.landmark or 0.0) * numerator / denominator


def switch(
    dataset: Dataset, spec: AnalysisSpec, time: np.ndarray, entry: np.ndarray | None
) -> Switch | None:
    """Count the follow-up from `origin`; None where the spec names none.

    Parameters
    ----------
    dataset : Dataset
    spec : AnalysisSpec
        Reads ``origin unit start time``.
    time, entry : numpy.ndarray, shape (rows,)
        In `unit`, counted from the start that the table has.
    """
    if spec.origin is None:
        return None
    moved = from_start(dataset, spec, spec.origin, "origin")
    begun = np.maximum(0.0 if entry is None else entry, 0.0)
    late = np.maximum(begun - moved, 0.0)
    absent = np.isnan(moved)
    with np.errstate(invalid="ignore"):
        ended = (moved > 0) & (time <= moved)
        delayed = bool((late[~absent] > 0).any())
    return Switch(
        time - moved,
        late if delayed else None,
        absent,
        ended,
        dataset.variables[spec.origin].title,
    )


def switch_notes(
    dataset: Dataset, spec: AnalysisSpec, entry: np.ndarray | None
) -> tuple[Note, ...]:
    """Say what the switch did to the rows that are in; nothing without ``origin``."""
    if spec.origin is None:
        return ()
    start = start_of(dataset, spec)
    title = dataset.variables[spec.origin].title
    before = f" instead of '{dataset.variables[start].title}'" if start else ""
    text = f"Time is counted from '{title}'{before}."
    # At a landmark everybody enters then; who came under observation after it is late.
    late = 0 if entry is None else int((entry > landmark_of(spec)).sum())
    if late:
        text += (
            f" {counted(late, 'row')} {were(late)} under observation only from later on and "
            f"{'counts' if late == 1 else 'count'} from then (delayed entry)."
        )
    return (info("origin", text),)
