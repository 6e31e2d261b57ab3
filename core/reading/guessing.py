"""Which column is the time, in which unit, and which is the event: from names and values.

Pairs come first: OS_MONTHS belongs to OS_STATUS, rtime to recur. Without a pair a column is taken
only when no other could be meant as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from core.dataset import Dataset, Endpoint
from core.reading import names
from core.reading.coding import Guess, guess_event_is, values_of

MANY_DAYS = 600
"""Times above this are taken to be days: 600 months are 50 years of follow-up."""


@dataclass(frozen=True)
class Roles:
    """What the columns seem to be; None where it cannot be told.

    Attributes
    ----------
    time, unit, event, id : Guess of str, or None
    event_is : Guess of tuple of str, or None
    """

    time: Guess[str] | None = None
    unit: Guess[str] | None = None
    event: Guess[str] | None = None
    event_is: Guess[tuple[str, ...]] | None = None
    id: Guess[str] | None = None


def guess(dataset: Dataset, *, time: str | None = None, event: str | None = None) -> Roles:
    r"""Find the roles of the columns from their names and values.

    Parameters
    ----------
    dataset : Dataset
    time, event : str, optional
        Columns that are known already; the other one is looked for beside them.

    Examples
    --------
    >>> from core.reading import read
    >>> roles = guess(read(b"OS_MONTHS,OS_STATUS\n3.5,1:DECEASED\n8,0:LIVING\n", "a.csv"))
    >>> roles.time.value, roles.unit.value, roles.event_is.value
    ('OS_MONTHS', 'months', ('1:DECEASED',))
    """
    time_guess = Guess(time, "it was chosen") if time is not None else None
    event_guess = Guess(event, "it was chosen") if event is not None else None
    if time is None or event is None:
        pair = _best_pair(dataset, time, event)
        if pair is not None:
            together = "the two names belong together"
            time_guess = time_guess or Guess(pair[0], f"with '{pair[1]}': {together}")
            event_guess = event_guess or Guess(pair[1], f"with '{pair[0]}': {together}")
        time_guess = time_guess or _lone_time(dataset)
        event_guess = event_guess or _lone_event(dataset)
    return Roles(
        time_guess,
        _guess_unit(dataset, time_guess.value) if time_guess else None,
        event_guess,
        _coding(dataset, event_guess.value) if event_guess else None,
        guess_id(dataset),
    )


def endpoints(dataset: Dataset) -> tuple[Endpoint, ...]:
    r"""List the endpoints to choose from: the dictionary's, else the pairs of columns.

    Returns
    -------
    tuple of Endpoint
        Empty when there is nothing to choose. `unit` is empty and `event_is` is () where they
        cannot be told.

    Examples
    --------
    >>> from core.reading import read
    >>> table = b"OS_MONTHS,OS_EVENT,PFS_MONTHS,PFS_EVENT\n5,1,3,1\n9,0,4,1\n7,0,7,0\n"
    >>> [e.label for e in endpoints(read(table, "a.csv"))]
    ['Overall survival', 'Progression-free survival']
    """
    if dataset.endpoints:
        return dataset.endpoints
    found = []
    for time, event in _pairs(dataset):
        unit, coding = _guess_unit(dataset, time), _coding(dataset, event)
        found.append(
            Endpoint(
                _label(time, event),
                time,
                unit.value if unit else "",
                event,
                coding.value if coding else (),
            )
        )
    return tuple(found) if len(found) > 1 else ()


def guess_id(dataset: Dataset) -> Guess[str] | None:
    r"""Find the column that identifies the patients; that it repeats does not matter here.

    Examples
    --------
    >>> from core.reading import read
    >>> guess_id(read(b"Study ID,Patient ID\nS,1\nS,2\n", "a.csv")).value
    'Patient ID'
    """
    found = [name for name in dataset.variables if names.is_id(name)]
    person = ("patient", "subject", "pid", "patid", "usubjid", "patientid")
    first = [n for n in found if set(names.words(n)) & set(person)] or found
    return Guess(first[0], "the name says so") if first else None


def _times(dataset: Dataset) -> Iterator[str]:
    """Columns that could be a time: numbers, hardly any below 0, more than a 0/1 coding."""
    for variable in dataset.variables.values():
        named = names.time_rank(variable.name) is not None or _status_in_unit(variable.name)
        if variable.kind != "number" or not named:
            continue
        x = dataset.frame[variable.name].to_numpy(dtype=float)
        x = x[~np.isnan(x)]
        if len(x) and not np.isin(x, (0, 1)).all() and np.mean(x < 0) <= 0.05:
            yield variable.name


def _status_in_unit(name: str) -> bool:
    # cBioPortal calls a time "Relapse Free Status (Months)".
    said = names.words(name)
    return "status" in said and names.unit_of(name) is not None and "age" not in said


def _belong(time: str, event: str) -> bool:
    """Whether a time and an event share their stem: OS_MONTHS and OS_STATUS, dtime and death."""
    if (time, event) == ("T", "E"):
        return True
    shared, other = names.stem(time), names.stem(event)
    if not shared:
        return False
    if shared == other:
        return True
    said = names.words(time)
    glued = len(said) == 1 and said[0].endswith("time") and len(shared[0]) <= 2
    return glued and names.event_rank(event) is not None and event.lower().startswith(shared[0])


def _pairs(dataset: Dataset) -> list[tuple[str, str]]:
    """Times with their event, in the order of the table; one event for a time."""
    times = list(_times(dataset))
    if {"T", "E"} <= set(dataset.variables) and dataset.variables["T"].kind == "number":
        times.append("T")
    found = []
    for time in times:
        partners = [
            name
            for name, v in dataset.variables.items()
            if v.kind in ("number", "category") and name not in times and _belong(time, name)
        ]
        coded = [name for name in partners if _coding(dataset, name) is not None]
        named = [name for name in partners if names.event_rank(name) is not None]
        if coded or named:
            found.append((time, (coded or named)[0]))
    return found


def _best_pair(dataset: Dataset, time: str | None, event: str | None) -> tuple[str, str] | None:
    pairs = [p for p in _pairs(dataset) if time in (None, p[0]) and event in (None, p[1])]
    coded = [p for p in pairs if _coding(dataset, p[1]) is not None]
    return next(iter(coded or pairs), None)


def _lone_time(dataset: Dataset) -> Guess[str] | None:
    ranked = [(names.time_rank(name) or 3, name) for name in _times(dataset)]
    best = [name for rank, name in ranked if rank == min(r for r, _ in ranked)]
    return Guess(best[0], "the name says so") if len(best) == 1 else None


def _lone_event(dataset: Dataset) -> Guess[str] | None:
    ranked = {
        name: rank
        for name, v in dataset.variables.items()
        if v.kind in ("number", "category") and (rank := names.event_rank(name)) is not None
    }
    coded = [name for name in ranked if _coding(dataset, name) is not None]
    # An undecided coding is an error that names the values; a column with many is no event.
    few = [name for name in ranked if len(values_of(dataset, name)) <= 6]
    choice = coded or few
    best = [name for name in choice if ranked[name] == min(ranked[n] for n in choice)]
    return Guess(best[0], "the name says so") if len(best) == 1 else None


def _coding(dataset: Dataset, event: str) -> Guess[tuple[str, ...]] | None:
    return guess_event_is(event, values_of(dataset, event))


def _guess_unit(dataset: Dataset, time: str) -> Guess[str] | None:
    variable = dataset.variables[time]
    for text in (time, variable.label, variable.unit):
        unit = names.unit_of(text)
        if unit is not None:
            return Guess(unit, f"the name says {unit}" if text == time else f"labelled in {unit}")
    if variable.kind != "number":
        return None
    largest = float(np.nanmax(dataset.frame[time].to_numpy(dtype=float), initial=0.0))
    if largest <= MANY_DAYS:
        return None
    shown, years = (f"{x:,.0f}" if x < 1e7 else f"{x:.1e}" for x in (largest, largest / 12))
    return Guess("days", f"the largest value, {shown}, would be {years} years in months")


def _label(time: str, event: str) -> str:
    for word in names.stem(time):
        if word in names.ENDPOINTS:
            return names.ENDPOINTS[word]
    words = " ".join(names.stem(time))
    return words.capitalize() if len(words) > 2 else event
