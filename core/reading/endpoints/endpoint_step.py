"""What a step ``endpoint`` asks for: read from its words, and checked against the table."""

from __future__ import annotations

from dataclasses import dataclass

from core.allowed import CHOICES
from core.dataset import Dataset
from core.errors import SpecError
from core.steps import VERBS, Step
from core.units import DAYS

_KEYS = ("start", "event", "last", "status", "is", "unit")


@dataclass(frozen=True)
class Asked:
    """What a step ``endpoint`` says, with all its columns there and of the right kind.

    Attributes
    ----------
    name : str
    start, last : str
        Columns of dates.
    events : tuple of str
        Columns of the dates of an event; may be empty where `status` is given.
    status : str
        The column whose `values` mean an event on the date of `last`; empty without one.
    values : tuple of str
    unit : {"days", "weeks", "months", "years"}
    """

    name: str
    start: str
    events: tuple[str, ...]
    last: str
    status: str
    values: tuple[str, ...]
    unit: str


def read_step(dataset: Dataset, step: Step) -> Asked:
    r"""Read a step ``endpoint``, and check that the table has what it asks for.

    Raises
    ------
    SpecError
        If it cannot be read, is incomplete, or names a column that is not there or holds no
        dates.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"diagnosis,last,vital\n2020-01-01,2021-01-01,dead\n", "a.csv")
    >>> step = "endpoint(OS, start=diagnosis, last=last, status=vital, is=dead, unit=months)"
    >>> read_step(table, Step.parse(step)).values
    ('dead',)
    """
    if not step.values or "=" in step.column:
        raise _unreadable(f"The cleaning step '{step}' has no name in front")
    given: dict[str, list[str]] = {key: [] for key in _KEYS}
    for text in step.rest:
        key, equals, value = (part.strip() for part in text.partition("="))
        if not equals or not value or key not in given:
            raise _unreadable(f"'{text}' in a step endpoint cannot be read")
        given[key].append(value)
    for key in ("start", "last", "status", "unit"):
        if len(given[key]) > 1:
            raise _unreadable(f"The step endpoint of '{step.column}' has several '{key}'")
    start, last, status, unit = ((given[k] or [""])[0] for k in ("start", "last", "status", "unit"))
    asked = Asked(
        step.column, start, tuple(given["event"]), last, status, tuple(given["is"]), unit or "days"
    )
    _check_complete(asked)
    _check_columns(dataset, asked)
    return asked


def _unreadable(problem: str) -> SpecError:
    return SpecError("clean", problem, f"Write it like: {VERBS['endpoint']}")


def _check_complete(asked: Asked) -> None:
    if not asked.start:
        raise _unreadable(f"The endpoint '{asked.name}' has no start")
    if not asked.last:
        # Without it only patients with an event would have a time, and all would have the event.
        raise SpecError(
            "clean",
            f"The endpoint '{asked.name}' has no date of last contact, so that patients without "
            "an event have no time",
            "Name the column with last=COLUMN",
        )
    if bool(asked.status) != bool(asked.values):
        raise _unreadable(f"The endpoint '{asked.name}' needs both status and is, or neither")
    if not asked.events and not asked.status:
        raise _unreadable(f"The endpoint '{asked.name}' has no event")
    if asked.unit not in DAYS:
        raise SpecError(
            "clean",
            f"The unit of the endpoint '{asked.name}' is not known",
            f"It must be {', '.join(CHOICES['unit'])}",
        )


def _check_columns(dataset: Dataset, asked: Asked) -> None:
    for column in (asked.start, *asked.events, asked.last):
        kind = dataset.require(column, "clean").kind
        # A column of dates in which nothing has happened yet is empty, and of no kind.
        if kind != "date" and dataset.frame[column].notna().any():
            raise SpecError(
                "clean",
                f"'{column}' holds no dates, so the endpoint '{asked.name}' cannot be made of it",
                f"Choose a column of dates, or say how they are written: "
                f"clean={Step('date', (column, 'dmy'))}, or mdy, ymd, serial",
            )
    if asked.status:
        dataset.require(asked.status, "clean")
    for column in (f"{asked.name} time", f"{asked.name} event"):
        if column in dataset.variables:
            raise SpecError(
                "clean",
                f"The table already has a column '{column}'",
                "Give the endpoint another name",
            )
