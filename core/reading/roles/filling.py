"""The roles of the columns in a question, made explicit before anything is computed.

What is guessed is said, with the reason; where two readings are possible nothing is guessed and
the user is asked. A wrong guess here makes every number on every page wrong.
"""

from __future__ import annotations

from core.dataset import Dataset, Endpoint
from core.errors import DataError, SpecError
from core.notes import Note, info, warning
from core.reading.cells.conversion import number_at_fault
from core.reading.roles import patients
from core.reading.roles.coding import counts_of, guess_event_is, undecided, values_of
from core.reading.roles.guessing import Roles, guess
from core.reading.roles.names import time_rank
from core.spec import AnalysisSpec


def fill(dataset: Dataset, spec: AnalysisSpec) -> tuple[AnalysisSpec, tuple[Note, ...]]:
    r"""Make the roles of a spec explicit: time, unit, event and its coding, entry, id.

    What the spec says stays. The rest comes from the cohort's dictionary, then from what the rows
    are, then from `guess`, with a note for each guess. Codes of value labels become their words.

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
        If a column is not there, a role cannot be told, or patients have several rows and the
        spec does not say which of them count.
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
    notes: list[Note] = []
    spec = _decoded(dataset, spec)
    known = patients.known_endpoint(dataset, spec)
    if known is not None:
        spec = _from_dictionary(spec, known, notes)
    # A question that says it all is asked on every move of a slider: nothing is looked for then.
    said = (spec.time or spec.start) and spec.unit and spec.event and spec.event_is
    spec = patients.fill(dataset, spec, notes, look=not said)
    roles = Roles() if said else guess(dataset, time=spec.time or spec.start, event=spec.event)
    spec = _fill_time(dataset, spec, roles, notes)
    spec = _fill_event(dataset, spec, roles, notes)
    notes.extend(_unused_entry(spec, roles))
    return spec.but(show_unit=spec.show_unit or spec.unit), tuple(notes)


def _decoded(dataset: Dataset, spec: AnalysisSpec) -> AnalysisSpec:
    """Words in place of the codes of value labels."""
    if spec.event is None or not dataset.variables[spec.event].codes:
        return spec
    meant = dataset.variables[spec.event].meant
    return spec.but(
        event_is=tuple(map(meant, spec.event_is)), competing=tuple(map(meant, spec.competing))
    )


def _from_dictionary(spec: AnalysisSpec, known: Endpoint, notes: list[Note]) -> AnalysisSpec:
    unit = spec.unit or known.unit or None
    # The dictionary's unit of display belongs to its unit of measurement.
    shown = known.show_unit if unit == known.unit else ""
    event_is = spec.event_is or known.event_is
    where = spec.where
    if known.where and not patients.holds(spec, known):
        where = (*where, *known.where)
        notes.append(info("where", f"The only endpoint: {known.label} ({', '.join(known.where)})."))
    return spec.but(
        time=known.time,
        unit=unit,
        event=known.event,
        event_is=event_is,
        # Who turns the coding round has said what becomes of the competing values as well.
        competing=spec.competing or tuple(v for v in known.competing if v not in event_is),
        entry=spec.entry or known.entry,
        where=where,
        show_unit=spec.show_unit or shown or None,
    )


def _fill_time(
    dataset: Dataset, spec: AnalysisSpec, roles: Roles, notes: list[Note]
) -> AnalysisSpec:
    if spec.start is not None or spec.end is not None:
        return _fill_dates(spec)
    if spec.time is None:
        if roles.time is None:
            raise _no_time(dataset, roles)
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


def _no_time(dataset: Dataset, roles: Roles) -> SpecError:
    # Say why the column that was meant cannot serve, rather than that there is none.
    for variable in dataset.variables.values():
        if variable.kind in ("category", "text") and time_rank(variable.name) is not None:
            _require_numbers(dataset, variable.name)
    hint = "Say so with time=COLUMN"
    if roles.start is not None and roles.end is not None:
        hint += f", or count from date to date with start={roles.start.value} and "
        hint += f"end={roles.end.value}"
    return SpecError("time", "Which column is the time of follow-up cannot be told", hint)


def _fill_dates(spec: AnalysisSpec) -> AnalysisSpec:
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
    open_ones = [q for q in dataset.questions if q.about == column and q.needed]
    if open_ones:
        answers = [f"clean={step}" for c in open_ones[0].choices[1:] for step in c.steps]
        raise DataError(
            f"'{column}' must hold numbers to be the time, and its cells can be read in several "
            "ways",
            f"Answer the question about it: {' or '.join(answers)}",
            column=column,
        )
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
        spec = _decoded(dataset, spec)
    return spec if spec.event_is else _fill_coding(dataset, spec, roles, notes)


def _fill_coding(
    dataset: Dataset, spec: AnalysisSpec, roles: Roles, notes: list[Note]
) -> AnalysisSpec:
    """The values of the event, and those of a competing one unless the spec has named them."""
    event = spec.event or ""
    found, competing = roles.event_is, roles.competing
    if spec.competing:
        values = [v for v in values_of(dataset, event) if v not in spec.competing]
        found, competing = guess_event_is(event, values), None
    if found is None:
        counts = counts_of(dataset, event)
        left = {v: n for v, n in counts.items() if v not in spec.competing}
        raise undecided(event, list(left), counts=left)
    listed = ", ".join(found.value)
    notes.append(info("event_is", f"Event happened: {event} = {listed} ({found.reason})."))
    spec = spec.but(event_is=found.value)
    if competing is not None:
        listed = ", ".join(competing.value)
        notes.append(info("competing", f"Competing event: {event} = {listed}."))
        spec = spec.but(competing=competing.value)
    return spec


def _unused_entry(spec: AnalysisSpec, roles: Roles) -> tuple[Note, ...]:
    if spec.entry is not None or roles.entry is None:
        return ()
    name = roles.entry.value
    text = f"'{name}' looks like a delayed entry ({roles.entry.reason}) and is not used: everybody"
    return (warning("entry", f"{text} is followed from 0 on unless entry={name} is said."),)
