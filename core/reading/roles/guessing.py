"""What the columns of a table seem to be, from their names and values.

Pairs come first: OS_MONTHS belongs to OS_STATUS, rtime to recur. Without a pair a column is taken
only when no other could be meant as well.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice

import numpy as np
import pandas as pd

from core.dataset import Dataset, Endpoint, Variable
from core.reading.roles import markers, names, pairs
from core.reading.roles.coding import Guess, coding_of

MOST_LEVELS = 8
"""Groups that a curve can show; a column with more levels is not proposed as a stratifier."""
FEW_NUMBERS = 6
"""A number with up to so many different values is proposed as a stratifier, not as a marker."""
_SAMPLE = 5_000
_MOST_COLUMNS = 3_000


@dataclass(frozen=True)
class Roles:
    """What the columns seem to be; None where it cannot be told.

    Attributes
    ----------
    time, unit, event, id : Guess of str, or None
    event_is, competing : Guess of tuple of str, or None
        The values of the event, and those of an event that competes with it.
    entry : Guess of str, or None
        A delayed entry. It is never used without being asked for, except of intervals.
    start, end : Guess of str, or None
        The dates between which the follow-up lies.
    """

    time: Guess[str] | None = None
    unit: Guess[str] | None = None
    event: Guess[str] | None = None
    event_is: Guess[tuple[str, ...]] | None = None
    id: Guess[str] | None = None
    competing: Guess[tuple[str, ...]] | None = None
    entry: Guess[str] | None = None
    start: Guess[str] | None = None
    end: Guess[str] | None = None


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
    if {time, event} <= {None, *dataset.own.variables}:
        dataset = dataset.own
    time_guess = Guess(time, "it was chosen") if time is not None else None
    event_guess = Guess(event, "it was chosen") if event is not None else None
    if time is None or event is None:
        pair = pairs.best_pair(dataset, time, event)
        if pair is not None:
            together = "the two names belong together"
            time_guess = time_guess or Guess(pair[0], f"with '{pair[1]}': {together}")
            event_guess = event_guess or Guess(pair[1], f"with '{pair[0]}': {together}")
        time_guess = time_guess or pairs.lone_time(dataset)
        event_guess = event_guess or pairs.lone_event(dataset)
    coding = coding_of(dataset, event_guess.value) if event_guess else None
    return Roles(
        time=time_guess,
        unit=pairs.unit(dataset, time_guess.value) if time_guess else None,
        event=event_guess,
        event_is=Guess(coding.event, coding.reason) if coding else None,
        id=guess_id(dataset),
        competing=Guess(coding.competing, coding.reason) if coding and coding.competing else None,
        entry=_entry(dataset, time_guess.value if time_guess else None),
        start=_date(dataset, "start"),
        end=_date(dataset, "end"),
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
    if dataset.own.endpoints:
        return dataset.endpoints
    found = []
    own = pairs.pairs(dataset.own)
    if not own and dataset.endpoints:  # those of the lesions, beside the only one of the table
        roles = guess(dataset)
        own = [(roles.time.value, roles.event.value)] if roles.time and roles.event else []
    for time, event in own:
        unit, coding = pairs.unit(dataset, time), coding_of(dataset, event)
        found.append(
            Endpoint(
                _label(time, event),
                time,
                unit.value if unit else "",
                event,
                coding.event if coding else (),
                competing=coding.competing if coding else (),
            )
        )
    found += dataset.endpoints
    return tuple(found) if len(found) > 1 else ()


def _label(time: str, event: str) -> str:
    said = " ".join(names.stem(time))
    return names.endpoint_of(time) or (said.capitalize() if len(said) > 2 else event)


def guess_id(dataset: Dataset) -> Guess[str] | None:
    r"""Find the column that identifies the patients; that it repeats does not matter here.

    Examples
    --------
    >>> from core.reading import read
    >>> guess_id(read(b"Study ID,Patient ID\nS,1\nS,2\n", "a.csv")).value
    'Patient ID'
    """
    found = [name for name in dataset.variables if names.is_id(name)]
    # ADaM's SUBJID is unique within one study only.
    first = [n for n in found if n.upper() == "USUBJID"]
    first = first or [n for n in found if names.is_person(n)] or found
    return Guess(first[0], "the name says so") if first else None


def _entry(dataset: Dataset, time: str | None) -> Guess[str] | None:
    """A number that is called an entry and lies before the end of follow-up in every row."""
    if time is None or dataset.variables[time].kind != "number":
        return None
    end = dataset.frame[time].to_numpy(dtype=float)
    for variable in dataset.variables.values():
        if variable.kind == "number" and variable.name != time and names.is_entry(variable.name):
            start = dataset.frame[variable.name].to_numpy(dtype=float)
            both = ~np.isnan(start) & ~np.isnan(end)
            if both.any() and (start[both] <= end[both]).all() and (start[both] > 0).any():
                return Guess(variable.name, "the name says so, and it lies before the end")
    return None


def _date(dataset: Dataset, role: str) -> Guess[str] | None:
    """The only date of its role."""
    found = [
        v.name
        for v in dataset.variables.values()
        if v.kind == "date" and names.date_role(v.name) == role
    ]
    return Guess(found[0], "the name says so") if len(found) == 1 else None


def biomarkers(dataset: Dataset) -> tuple[Guess[str], ...]:
    r"""Numbers that may be cut into groups, known markers first; for a proposal only.

    Examples
    --------
    >>> from core.reading import read
    >>> rows = b"".join(b"%d,%d,1,%d\n" % (i, 40 + i, 2 * i) for i in range(1, 10))
    >>> [g.reason for g in biomarkers(read(b"id,months,dead,SUVmax\n" + rows, "a.csv"))]
    ['a known marker: uptake in PET']
    """
    known, others = [], []
    for variable, values in _candidates(dataset):
        if variable.kind != "number" or len(values) < 3:
            continue
        kind = markers.marker(variable.name) or markers.marker(variable.label)
        if kind is not None:
            known.append(Guess(variable.name, f"a known marker: {kind}"))
        elif len(values) > FEW_NUMBERS:
            others.append(Guess(variable.name, f"a number with {_many(values)} values"))
    return (*known, *others)


def stratifiers(dataset: Dataset) -> tuple[Guess[str], ...]:
    r"""Columns that form a few groups as they are, clinical ones first; for a proposal only.

    Examples
    --------
    >>> from core.reading import read
    >>> table = b"months,dead,grade,other\n3,1,II,a\n5,0,III,b\n8,0,II,b\n"
    >>> [(g.value, g.reason) for g in stratifiers(read(table, "a.csv"))]
    [('grade', 'a clinical group: grade'), ('other', '2 levels')]
    """
    known, others = [], []
    for variable, values in _candidates(dataset):
        most = MOST_LEVELS if variable.kind == "category" else FEW_NUMBERS
        if not 2 <= len(values) <= most:
            continue
        kind = markers.group(variable.name) or markers.group(variable.label)
        if kind is not None:
            known.append(Guess(variable.name, f"a clinical group: {kind}"))
        else:
            others.append(Guess(variable.name, f"{len(values)} levels"))
    return (*known, *others)


def _many(values: pd.Index) -> str:
    return f"{len(values)} different" if len(values) <= 50 else "many different"


def _candidates(dataset: Dataset) -> Iterator[tuple[Variable, pd.Index]]:
    """Columns that are no time, event, identifier or date, with some of their values."""
    # Which columns have a few levels is seen in a part of a long table.
    every = max(1, len(dataset.frame) // _SAMPLE)
    dataset = replace(dataset, frame=dataset.frame.iloc[::every])
    taken = {c for e in endpoints(dataset) for c in (e.time, e.event, e.entry)}
    roles = guess(dataset)
    taken |= {g.value for g in (roles.time, roles.event, roles.id, roles.entry) if g}
    if dataset.rows_are is not None:
        taken |= {dataset.rows_are.id, *dataset.rows_are.columns}
    for variable in islice(dataset.variables.values(), _MOST_COLUMNS):
        name = variable.name
        if name in taken or variable.identifier or variable.kind in ("text", "date"):
            continue
        if (
            names.words(name)[-1:] == ("id",)
            or names.is_id(name)
            or pairs.time_rank(variable) is not None
        ):
            continue
        if pairs.event_rank(variable) in (1, 2):
            continue
        values = pd.Index(dataset.frame[name].dropna().unique())
        if len(values) > 1 and not _is_counter(dataset, name):
            yield variable, values


def _is_counter(dataset: Dataset, name: str) -> bool:
    """Whether a column only counts the rows: 1, 2, 3, ..."""
    x = dataset.frame[name]
    if x.dtype == object or len(x) < 10:
        return False
    return bool((np.diff(x.to_numpy(dtype=float)) == 1).all())
