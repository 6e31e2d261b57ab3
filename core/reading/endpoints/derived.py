"""Endpoints from dates: from a start to the first event, else to the last contact.

A month is 30.4375 days and a year 365.25, as everywhere in this program. The event that comes
first decides, and its kind stays visible, so that one of several can be made a competing one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from core.dataset import Dataset, Endpoint, Variable
from core.errors import SpecError
from core.notes import Note, Section, counted
from core.reading.checks.lint_facts import days_of
from core.reading.endpoints.endpoint_step import Asked, read_step
from core.reading.roles import names
from core.spec import read_number, shortest
from core.steps import Step
from core.units import DAYS, convert

CENSORED = "censored"
"""Level of a row without an event."""

EVENT = "event"
"""Level of an event where only one kind was asked for."""

_DECIMALS = {"days": 0, "weeks": 1, "months": 2, "years": 3}


@dataclass(frozen=True, eq=False)
class _Found:
    """What became of each row.

    `end` is in days since 1970, NaN when it is not known; `kind` is the place of the event in
    `levels`, 0 for censored and -1 for not known.
    """

    start: np.ndarray
    end: np.ndarray
    kind: np.ndarray
    levels: tuple[str, ...]
    marks: dict[str, np.ndarray] = field(default_factory=dict)


def add_endpoint(dataset: Dataset, step: Step) -> Dataset:
    r"""Carry out ``endpoint(NAME, start=COLUMN, event=COLUMN, ..., last=COLUMN, unit=months)``.

    Parameters
    ----------
    dataset : Dataset
    step : Step
        ``start``, ``event`` and ``last`` are columns of dates. With ``status=COLUMN, is=VALUE``
        (once or more) the values of a column say that an event happened on the date of ``last``,
        unless the date of an event is known. ``unit`` is days when left out.

    Returns
    -------
    Dataset
        With the columns ``NAME time`` and ``NAME event`` and an endpoint of them. The event is
        "event" or "censored"; of several kinds it is the title of the date's column, or the
        value of the status. The time is missing where the start or the end is not known, the
        event where there is neither an event nor a last contact or the status is not known.
        Times of 0 and below stay as they are.

    Raises
    ------
    SpecError
        If the step cannot be read, or names a column that is not there or holds no dates.

    Examples
    --------
    >>> from core.reading import read
    >>> rows = b"2020-01-01,2020-03-01,\n2020-01-01,,2021-01-01\n"
    >>> table = read(b"diagnosis,death,last\n" + rows, "a.csv")
    >>> step = Step.parse("endpoint(OS, start=diagnosis, event=death, last=last, unit=months)")
    >>> made = add_endpoint(table, step)
    >>> made.frame["OS time"].round(2).tolist(), made.frame["OS event"].tolist()
    ([1.97, 12.02], ['event', 'censored'])
    """
    asked = read_step(dataset, step)
    found = _found(dataset, asked)
    n, d = convert("days", asked.unit)
    time, event = f"{asked.name} time", f"{asked.name} event"
    words = np.array([*found.levels, None], dtype=object)  # the last one is that of -1
    says = _in_words(asked)
    variables = {
        **dataset.variables,
        time: Variable(time, unit=asked.unit, decimals=_DECIMALS[asked.unit], meaning=says),
        event: Variable(event, kind="category", levels=found.levels, meaning=says),
    }
    endpoint = Endpoint(
        names.endpoint_of(asked.name) or asked.name, time, asked.unit, event, found.levels[1:]
    )
    columns = {time: (found.end - found.start) * n / d, event: words[found.kind]}
    added = pd.DataFrame(columns, index=dataset.frame.index)
    return dataclasses.replace(
        dataset,
        frame=pd.concat([dataset.frame, added], axis=1),
        variables=variables,
        endpoints=(*dataset.endpoints, endpoint),
        notes=(*dataset.notes, *_notes(dataset, asked, found, says)),
    )


def _dates(dataset: Dataset, column: str) -> np.ndarray:
    """Days since 1970; a date without its day is not known."""
    text = dataset.frame[column].astype(object)
    days = np.array(days_of(text))
    days[(text.str.len() < len("2020-01-01")).to_numpy()] = np.nan
    return days


def _found(dataset: Dataset, asked: Asked) -> _Found:
    start, last = _dates(dataset, asked.start), _dates(dataset, asked.last)
    dates = [_dates(dataset, column) for column in asked.events]
    status, unknown = _status(dataset, asked)
    first = np.full(len(start), np.nan)
    kind = np.zeros(len(start), dtype=int)
    for i, date in enumerate(dates, start=1):
        earlier = ~np.isnan(date) & ~(first <= date)
        first[earlier], kind[earlier] = date[earlier], i
    dated = ~np.isnan(first)
    # A status without a date of its own happened, as far as is known, on the last date.
    by_status = ~dated & (status > 0)
    kind[by_status] = len(dates) + status[by_status]
    kind[~dated & ((np.isnan(last) & ~by_status) | unknown)] = -1
    end = np.where(dated, first, last)
    marks = {
        "no start": np.isnan(start),
        "no end": np.isnan(end) & ~np.isnan(start),
        "no status": unknown & ~dated & ~np.isnan(end),
        "after last": dated & (first > last),
        "by status": by_status & ~np.isnan(end) if dates else np.zeros(len(start), dtype=bool),
        "below": end < start,
        "zero": end == start,
    }
    return _Found(start, end, kind, _levels(dataset, asked), marks)


def _status(dataset: Dataset, asked: Asked) -> tuple[np.ndarray, np.ndarray]:
    """Place of each status among the values asked for, 0 for another; and where it is missing."""
    n = len(dataset.frame)
    if not asked.status:
        return np.zeros(n, dtype=int), np.zeros(n, dtype=bool)
    column = dataset.frame[asked.status]
    found = np.zeros(n, dtype=int)
    for i, value in enumerate(_meant(dataset, asked), start=1):
        same = (column == (value if column.dtype == object else float(value))).to_numpy()
        if not same.any():
            raise SpecError(
                "clean",
                f"No row has the status '{value}' in '{asked.status}', which the endpoint "
                f"'{asked.name}' asks for",
                "Write a value as the table has it",
            )
        found[same] = i
    return found, column.isna().to_numpy()


def _meant(dataset: Dataset, asked: Asked) -> tuple[str, ...]:
    """The values of the status as the table has them: words for codes, 1 for "1.0"."""
    if dataset.frame[asked.status].dtype == object:
        return tuple(map(dataset.variables[asked.status].meant, asked.values))
    return tuple(shortest(read_number(value, "clean")) for value in asked.values)


def _levels(dataset: Dataset, asked: Asked) -> tuple[str, ...]:
    """Name the kinds of event: "event" alone, else by the columns of dates and the statuses."""
    kinds = len(asked.events) + len(asked.values)
    if kinds == 1:
        return CENSORED, EVENT
    titles = [dataset.variables[c].title for c in asked.events]
    if asked.status:
        number = dataset.variables[asked.status].kind == "number"
        before = f"{dataset.variables[asked.status].title} " if number else ""
        titles += [f"{before}{value}" for value in _meant(dataset, asked)]
    if len({CENSORED, *titles}) <= kinds:
        # Two columns with one label, or one that is called "censored".
        titles = [f"{EVENT} '{c}'" for c in asked.events]
        titles += [f"{asked.status}={value}" for value in asked.values]
    return CENSORED, *titles


def _in_words(asked: Asked) -> str:
    """The step in words."""
    text = f"Time in {asked.unit} from '{asked.start}' to "
    if asked.events:
        listed = ", ".join(f"'{c}'" for c in asked.events)
        text += f"the earliest of {listed}" if len(asked.events) > 1 else listed
        text += f", else to '{asked.last}'"
    else:
        text += f"'{asked.last}'"
    if asked.unit != "days":
        text += f"; a {asked.unit[:-1]} is {shortest(DAYS[asked.unit])} days"
    if asked.status:
        meant = " or ".join(f"'{v}'" for v in asked.values)
        text += f". The event happened where '{asked.status}' is {meant}"
        text += " or it has a date" if asked.events else ""
    if len(asked.events) > 1:
        text += ". Of two on the same day the one named first counts"
    return text + "."


_ABOUT_ROWS: dict[str, tuple[Section, str]] = {
    "no start": ("excluded", "without '{start}': the time is missing."),
    "no end": ("excluded", "with neither an event nor '{last}': the time is missing."),
    "no status": ("excluded", "without '{status}': whether the event happened is missing."),
    "after last": ("suspect", "with an event after '{last}', which was kept."),
    "by status": (
        "suspect",
        "with the event by '{status}' but no date of it: it was put on '{last}'.",
    ),
    "below": ("suspect", "with an end before '{start}': the time is below 0."),
    "zero": ("suspect", "with an end on the day of '{start}': the time is 0."),
}


def _notes(dataset: Dataset, asked: Asked, found: _Found, says: str) -> Iterator[Note]:
    time = f"{asked.name} time"
    known = ~np.isnan(found.end - found.start) & (found.kind >= 0)
    counts = [
        f"{int((found.kind[known] == i).sum()):,} {level}" for i, level in enumerate(found.levels)
    ]
    n = int(known.sum())
    text = f"Endpoint '{asked.name}': {says} {counted(n, 'row')} with both time and event:"
    yield Note("info", time, f"{text} {', '.join(counts)}.", "read", n)
    for mark, rows in found.marks.items():
        if n := int(rows.sum()):
            section, words = _ABOUT_ROWS[mark]
            said = words.format(start=asked.start, last=asked.last, status=asked.status)
            text = f"Endpoint '{asked.name}': {counted(n, 'row')} {said}"
            yield Note("warning", time, text, section, n, dataset.lines_of(rows))
