"""The roles of the columns in a question, made explicit before anything is computed.

What is guessed is said, with the reason; where two readings are possible nothing is guessed and
the user is asked. A wrong guess here makes every number on every page wrong.
"""

from __future__ import annotations

from collections.abc import Iterator

from core.dataset import Dataset, Endpoint
from core.errors import DataError, SpecError
from core.notes import Note, info, warning
from core.reading.cells import number_at_fault
from core.reading.coding import Guess, guess_event_is, undecided, values_of
from core.reading.guessing import Roles, endpoints, guess, guess_id
from core.reading.names import time_rank
from core.spec import AnalysisSpec

__all__ = ["Guess", "Roles", "endpoints", "fill", "guess"]


def fill(dataset: Dataset, spec: AnalysisSpec) -> tuple[AnalysisSpec, tuple[Note, ...]]:
    r"""Make time, unit, event, event_is and show_unit of a spec explicit.

    What the spec says stays. The rest comes from the cohort's dictionary, then from `guess`, with
    a note for each guess.

    Parameters
    ----------
    dataset : Dataset
    spec : AnalysisSpec

    Returns
    -------
    spec : AnalysisSpec
    notes : tuple of Note

    Raises
    ------
    SpecError
        If a column is not there, or a role cannot be told.
    DataError
        If the column of the time does not hold numbers.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"months,death\n3.5,1\n8,0\n", "a.csv")
    >>> fill(table, AnalysisSpec())[0].to_query()
    'v=1&time=months&unit=months&event=death&event_is=1&show_unit=months'
    """
    for field in ("time", "event", "start", "end", "entry", "id"):
        column = getattr(spec, field)
        if column is not None:
            dataset.require(column, field)
    known = _known(dataset, spec)
    if known is not None:
        spec = _from_dictionary(spec, known)
    time = spec.time or spec.start
    # A question that says it all is asked on every move of a slider: nothing is looked for then.
    said = time and spec.unit and spec.event and spec.event_is
    roles = Roles() if said else guess(dataset, time=time, event=spec.event)
    notes: list[Note] = []
    spec = _fill_time(dataset, spec, roles, notes)
    spec = _fill_event(dataset, spec, roles, notes)
    if spec.id is None:
        notes.extend(_repeated_id(dataset, guess_id(dataset)))
    return spec.but(show_unit=spec.show_unit or spec.unit), tuple(notes)


def _known(dataset: Dataset, spec: AnalysisSpec) -> Endpoint | None:
    for e in dataset.endpoints:
        if spec.start is None and spec.time in (None, e.time) and spec.event in (None, e.event):
            return e
    return None


def _from_dictionary(spec: AnalysisSpec, known: Endpoint) -> AnalysisSpec:
    unit = spec.unit or known.unit
    # The dictionary's unit of display belongs to its unit of measurement.
    shown = known.show_unit if unit == known.unit else ""
    return spec.but(
        time=known.time,
        unit=unit,
        event=known.event,
        event_is=spec.event_is or known.event_is,
        show_unit=spec.show_unit or shown or None,
    )


def _fill_time(
    dataset: Dataset, spec: AnalysisSpec, roles: Roles, notes: list[Note]
) -> AnalysisSpec:
    if spec.start is not None or spec.end is not None:
        return _fill_dates(dataset, spec)
    if spec.time is None:
        if roles.time is None:
            # Say why the column that was meant cannot serve, rather than that there is none.
            for variable in dataset.variables.values():
                if variable.kind in ("category", "text") and time_rank(variable.name) is not None:
                    _require_numbers(dataset, variable.name)
            raise SpecError(
                "time",
                "Which column is the time of follow-up cannot be told",
                "Say so with time=COLUMN",
            )
        spec = spec.but(time=roles.time.value)
        notes.append(info("time", f"Time of follow-up: '{spec.time}' ({roles.time.reason})."))
    _require_numbers(dataset, spec.time or "")
    if spec.unit is None:
        if roles.unit is None:
            raise SpecError(
                "unit",
                f"The unit of '{spec.time}' cannot be told from its name or its values",
                "Say so with unit=months (or days, weeks, years)",
            )
        spec = spec.but(unit=roles.unit.value)
        notes.append(info("unit", f"Unit of '{spec.time}': {spec.unit} ({roles.unit.reason})."))
    return spec


def _fill_dates(dataset: Dataset, spec: AnalysisSpec) -> AnalysisSpec:
    if spec.time is not None:
        raise SpecError("start", "Both a time and two dates are given", "Leave one of them out")
    if spec.start is None or spec.end is None:
        absent = "start" if spec.start is None else "end"
        raise SpecError(absent, f"Of the two dates, '{absent}' is missing", f"Add {absent}=COLUMN")
    if spec.unit not in (None, "days"):
        raise SpecError("unit", "The time between two dates is in days", "Say unit=days")
    return spec.but(unit="days")


def _require_numbers(dataset: Dataset, column: str) -> None:
    if dataset.variables[column].kind == "number":
        return
    line = number_at_fault(dataset, column)
    where = f"line {line} holds something else" if line else "it holds none"
    raise DataError(
        f"'{column}' must hold numbers to be the time, and {where}",
        "Mend the table or choose another column",
        column=column,
        row=line,
    )


def _fill_event(
    dataset: Dataset, spec: AnalysisSpec, roles: Roles, notes: list[Note]
) -> AnalysisSpec:
    if spec.event is None:
        if roles.event is None:
            raise SpecError(
                "event", "Which column is the event cannot be told", "Say so with event=COLUMN"
            )
        spec = spec.but(event=roles.event.value)
        notes.append(info("event", f"Event: '{spec.event}' ({roles.event.reason})."))
    event = spec.event or ""
    if not spec.event_is:
        values = [v for v in values_of(dataset, event) if v not in spec.competing]
        coding = guess_event_is(event, values)
        if coding is None:
            raise undecided(event, values)
        spec = spec.but(event_is=coding.value)
        listed = ", ".join(coding.value)
        notes.append(info("event_is", f"Event happened: {event} = {listed} ({coding.reason})."))
    return spec


def _repeated_id(dataset: Dataset, found: Guess[str] | None) -> Iterator[Note]:
    if found is None:
        return
    values = dataset.frame[found.value].dropna()
    patients = values.nunique()
    if patients < len(values):
        text = (
            f"'{found.value}' looks like a patient identifier and repeats: {len(values):,} rows, "
        )
        text += (
            f"{patients:,} patients. Every row is counted as a patient unless id says otherwise."
        )
        yield warning("id", text)
