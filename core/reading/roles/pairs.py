"""Which columns could be a time and an event, and which of them belong together.

OS_MONTHS belongs to OS_STATUS, rtime to recur, Überlebenszeit to Überlebensstatus. A column is
known by its name, or by its label where the name says nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.dataset import Dataset, Variable
from core.reading.roles import names
from core.reading.roles.coding import Guess, coding_of, values_of

MANY_DAYS = 600
"""Times above this are taken to be days: 600 months are 50 years of follow-up."""
FEW = 6
"""An undecided event column with more different values than this is not asked about."""


def time_rank(variable: Variable) -> int | None:
    """How strongly a column's name, or else its label, says that it is a time, as `names` has it.

    Examples
    --------
    >>> time_rank(Variable("v7", label="Overall survival (months)"))
    2
    """
    found = names.time_rank(variable.name)
    if found is None and names.is_mute(variable.name) and names.is_label(variable.label):
        return names.time_rank(variable.label)
    return found


def event_rank(variable: Variable) -> int | None:
    """How strongly a column's name, or else its label, says that it is an event.

    Examples
    --------
    >>> event_rank(Variable("v8", label="Vital status"))
    1
    """
    found = names.event_rank(variable.name)
    if found is None and names.is_mute(variable.name) and names.is_label(variable.label):
        return names.event_rank(variable.label)
    return found


def times(dataset: Dataset) -> Iterator[str]:
    r"""Columns that could be a time: numbers, hardly any below 0, more than a 0/1 coding.

    Examples
    --------
    >>> from core.reading import read
    >>> list(times(read(b"OS,OS.time,age\n1,30,61\n0,41,57\n", "a.csv")))
    ['OS.time']
    """
    for variable in dataset.variables.values():
        if variable.kind != "number":
            continue
        if time_rank(variable) is None and not _status_in_unit(variable.name):
            continue
        x = dataset.frame[variable.name].to_numpy(dtype=float)
        x = x[~np.isnan(x)]
        if len(x) and not np.isin(x, (0, 1)).all() and np.mean(x < 0) <= 0.05:
            yield variable.name


def _status_in_unit(name: str) -> bool:
    # cBioPortal calls a time "Relapse Free Status (Months)".
    said = names.words(name)
    return "status" in said and names.unit_of(name) is not None and "age" not in said


def pairs(dataset: Dataset) -> list[tuple[str, str]]:
    r"""Times with their event, in the order of the table; one event for a time.

    Examples
    --------
    >>> from core.reading import read
    >>> pairs(read(b"rtime,recur,dtime,death\n3,1,5,1\n4,0,9,0\n", "a.csv"))
    [('rtime', 'recur'), ('dtime', 'death')]
    """
    found_times = list(times(dataset))
    if {"T", "E"} <= set(dataset.variables) and dataset.variables["T"].kind == "number":
        found_times = [*(t for t in found_times if t != "T"), "T"]
    others = [
        (v, names.stem(v.name))
        for v in dataset.variables.values()
        if found_times and v.kind in ("number", "category") and v.name not in found_times
    ]
    found = []
    for time in found_times:
        shared = names.stem(time)
        partners = [v for v, stem in others if _belong(time, v.name, shared, stem)]
        coded = [v.name for v in partners if coding_of(dataset, v.name) is not None]
        named = [v.name for v in partners if event_rank(v) is not None]
        if coded or named:
            found.append((time, (coded or named)[0]))
    return found


def _belong(time: str, event: str, shared: tuple[str, ...], other: tuple[str, ...]) -> bool:
    """Whether a time and an event share their stem: OS_MONTHS and OS_STATUS, dtime and death."""
    if (time, event) == ("T", "E"):
        return True
    if not shared:
        return False
    if shared == other:
        return True
    said = names.words(time)
    glued = len(said) == 1 and said[0].endswith("time") and len(shared[0]) <= 2
    return glued and names.event_rank(event) is not None and event.lower().startswith(shared[0])


def best_pair(dataset: Dataset, time: str | None, event: str | None) -> tuple[str, str] | None:
    r"""The first pair that holds the columns that are known; one whose coding is told goes first.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"rtime,recur,dtime,death\n3,1,5,1\n4,0,9,0\n", "a.csv")
    >>> best_pair(table, None, "death")
    ('dtime', 'death')
    """
    found = [p for p in pairs(dataset) if time in (None, p[0]) and event in (None, p[1])]
    coded = [p for p in found if coding_of(dataset, p[1]) is not None]
    return next(iter(coded or found), None)


def lone_time(dataset: Dataset) -> Guess[str] | None:
    r"""The only column that could be the time, or the one whose name says so most.

    Examples
    --------
    >>> from core.reading import read
    >>> lone_time(read("Überlebenszeit,Alter\n3,71\n4,66\n".encode(), "a.csv")).value
    'Überlebenszeit'
    """
    ranked = [(time_rank(dataset.variables[name]) or 3, name) for name in times(dataset)]
    best = [name for rank, name in ranked if rank == min(r for r, _ in ranked)]
    return Guess(best[0], _said_by(dataset.variables[best[0]])) if len(best) == 1 else None


def lone_event(dataset: Dataset) -> Guess[str] | None:
    r"""The only column that could be the event, or the one whose name says so most.

    Examples
    --------
    >>> from core.reading import read
    >>> lone_event(read(b"Verstorben,ER\nja,1\nnein,0\n", "a.csv")).value
    'Verstorben'
    """
    ranked = {
        name: rank
        for name, v in dataset.variables.items()
        if v.kind in ("number", "category") and (rank := event_rank(v)) is not None
    }
    coded = [name for name in ranked if coding_of(dataset, name) is not None]
    # An undecided coding is an error that names the values; a column with many is no event.
    choice = coded or [name for name in ranked if len(values_of(dataset, name)) <= FEW]
    best = [name for name in choice if ranked[name] == min(ranked[n] for n in choice)]
    return Guess(best[0], _said_by(dataset.variables[best[0]])) if len(best) == 1 else None


def _said_by(variable: Variable) -> str:
    mute = names.time_rank(variable.name) is None and names.event_rank(variable.name) is None
    return "the label says so" if mute and names.is_mute(variable.name) else "the name says so"


def unit(dataset: Dataset, time: str) -> Guess[str] | None:
    r"""The unit of a time: from its name, its label, its stated unit, or its largest value.

    Examples
    --------
    >>> from core.reading import read
    >>> unit(read(b"OS_MONTHS\n3\n", "a.csv"), "OS_MONTHS")
    Guess(value='months', reason='the name says months')
    """
    variable = dataset.variables[time]
    texts = (time, variable.label, variable.unit)
    found = [(unit, text) for text in texts if (unit := names.unit_of(text)) is not None]
    if found:
        said, text = found[0]
        if any(unit != said for unit, _ in found):
            return None  # name and label contradict each other
        return Guess(said, f"the name says {said}" if text == time else f"labelled in {said}")
    if variable.kind != "number":
        return None
    largest = float(np.nanmax(dataset.frame[time].to_numpy(dtype=float), initial=0.0))
    if largest <= MANY_DAYS:
        return None
    shown, years = (f"{x:,.0f}" if x < 1e7 else f"{x:.1e}" for x in (largest, largest / 12))
    return Guess("days", f"the largest value, {shown}, would be {years} years in months")
