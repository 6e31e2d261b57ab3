"""Columns that look like direct identifiers of persons: flagged, and left out of all exports.

A study number (1, 2, ...; P001) is a pseudonym: it joins tables and stays.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import numpy as np
import pandas as pd

from core.dataset import Dataset, Variable
from core.errors import SpecError
from core.notes import Note, Question, counted, listed
from core.reading.checks import personal
from core.reading.checks.lint_facts import days_of, is_age
from core.spec import shortest
from core.steps import Recipe, Step

OLDEST = 89
"""Ages above this are few enough to tell who somebody is."""

_PROBE = 2_000
"""Rows whose dates are compared."""

_YEARS_BEFORE = 16

_DATE = "a date of care"
"""Identifies by the "Safe Harbor" list of HIPAA, 45 CFR 164.514(b)(2)."""

_NAMES_CELLS = ("level", "merge", "missing")
"""Steps that hold cells of their column."""


def flag(dataset: Dataset, recipe: Recipe) -> Dataset:
    r"""Mark the columns that look like direct identifiers of persons.

    Parameters
    ----------
    dataset : Dataset
    recipe : Recipe
        Steps ``identifier(COLUMN, yes)`` and ``no`` overrule what a column looks like.

    Returns
    -------
    Dataset
        With `identifier` set to the reason, and a note for every such column. No cell is changed:
        inside, the column can be used. Questions whose answers would put its cells into a link
        are dropped.

    Raises
    ------
    SpecError
        If a step says anything other than yes or no.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"id,Surname,age\n1,Meier,93\n2,Huber,50\n", "a.csv")
    >>> flagged = flag(table, Recipe())
    >>> left_out(flagged)
    ('Surname',)
    >>> without(flagged)["age"].tolist()
    ['90+', '50']
    """
    variables, notes = dict(dataset.variables), list[Note]()
    old = _dates_of_birth(dataset)
    for name, variable in dataset.variables.items():
        reason = said = _said(recipe, name)
        if reason is None:
            looks = personal.looks_like(variable, dataset.frame[name])
            reason = "a date of birth" if name in old else looks
        if said is None and not reason and variable.kind == "date":
            reason = _DATE
        variables[name] = dataclasses.replace(variable, identifier=reason)
        if reason and reason != _DATE:
            notes.append(_note(dataset, name, reason))
        elif (note := _old_ages(dataset, variable)) is not None:
            notes.append(note)
    notes += _about_dates([v.name for v in variables.values() if v.identifier == _DATE])
    questions = tuple(q for q in dataset.questions if not _would_tell(q, variables))
    return dataclasses.replace(
        dataset, variables=variables, notes=(*dataset.notes, *notes), questions=questions
    )


def _would_tell(question: Question, variables: Mapping[str, Variable]) -> bool:
    """Whether an answer would name a person in the steps, which stand in links."""
    variable = variables.get(question.about)
    if variable is None or variable.identifier in ("", _DATE):
        return False
    steps = (Step.parse(text) for choice in question.choices for text in choice.steps)
    return any(step.verb in _NAMES_CELLS for step in steps)


def _about_dates(names: list[str]) -> list[Note]:
    """Say once that dates stay here: with a year and a place they can tell who somebody is."""
    if not names:
        return []
    text = f"Dates ({listed(names)}) are left out of everything that leaves this computer; times "
    text += "made from them stay."
    return [Note("info", "dates", text, "read", len(names))]


def left_out(dataset: Dataset) -> tuple[str, ...]:
    """Names of the columns that do not leave this computer.

    Examples
    --------
    >>> left_out(Dataset("a", pd.DataFrame(), {"x": Variable("x")}, "", ""))
    ()
    """
    return tuple(v.name for v in dataset.variables.values() if v.identifier)


def without(dataset: Dataset) -> pd.DataFrame:
    """Return the table as it may leave this computer.

    Returns
    -------
    pandas.DataFrame
        A copy without the columns of `left_out`. A column of ages with one above `OLDEST` is
        text in which those are ``"90+"``; None is missing.

    Examples
    --------
    >>> frame = pd.DataFrame({"age": [61.5, np.nan, 95.0]})
    >>> without(Dataset("a", frame, {"age": Variable("age")}, "", ""))["age"].tolist()
    ['61.5', None, '90+']
    """
    frame = dataset.frame.drop(columns=list(left_out(dataset))).copy()
    for name in frame.columns:
        if (_above(dataset, dataset.variables[name])).any():
            frame[name] = pd.Series(list(map(_age, frame[name])), index=frame.index, dtype=object)
    return frame


def _age(value: float) -> str | None:
    if np.isnan(value):
        return None
    return f"{OLDEST + 1}+" if value > OLDEST else shortest(float(value))


def _said(recipe: Recipe, column: str) -> str | None:
    """What the user said of a column as a reason; None when nothing."""
    said = recipe.said("identifier", column)
    if said is None:
        return None
    if said not in ("yes", "no"):
        raise SpecError(
            "clean",
            f"identifier({column}, ...) says neither yes nor no",
            "Write yes when the column identifies persons, otherwise no",
        )
    return "an identifier, as you said" if said == "yes" else ""


def _note(dataset: Dataset, column: str, reason: str) -> Note:
    n = int(dataset.frame[column].notna().sum())
    text = f"'{column}' looks like {reason}: it is left out of everything that leaves this computer"
    if reason.endswith("as you said"):
        text = f"'{column}' is {reason}: it is left out of everything that leaves this computer"
    return Note("info", column, f"{text}.", "read", n)


def _above(dataset: Dataset, variable: Variable) -> np.ndarray:
    """Mark ages above `OLDEST`; none in a column that cannot be ages in years."""
    if not is_age(variable):
        return np.zeros(len(dataset.frame), dtype=bool)
    x = dataset.frame[variable.name].to_numpy(dtype=float)
    above = x > OLDEST
    in_years = np.sum(x > 120) <= 0.1 * np.sum(~np.isnan(x))
    return above if in_years else np.zeros(len(x), dtype=bool)


def _old_ages(dataset: Dataset, variable: Variable) -> Note | None:
    rows = _above(dataset, variable)
    n = int(rows.sum())
    if not n:
        return None
    text = f"'{variable.name}' has {counted(n, 'age')} above {OLDEST}, which few people reach: "
    text += f"whatever leaves this computer says {OLDEST + 1}+ instead."
    return Note("info", variable.name, text, "read", n, dataset.lines_of(rows))


def _dates_of_birth(dataset: Dataset) -> frozenset[str]:
    """Columns of dates that lie a childhood before all other dates of nearly every row."""
    names = [v.name for v in dataset.variables.values() if v.kind == "date"]
    if len(names) < 2:
        return frozenset()
    some = dataset.frame[names].iloc[:: max(1, len(dataset.frame) // _PROBE)]
    days = np.column_stack([days_of(some[name]) for name in names])
    found = set()
    for i, name in enumerate(names):
        # A missing date of the others is no earlier than anything.
        rest = np.delete(np.where(np.isnan(days), np.inf, days), i, axis=1).min(axis=1)
        both = ~np.isnan(days[:, i]) & np.isfinite(rest)
        years = (rest[both] - days[both, i]) / 365.25
        if len(years) >= 5 and np.mean(years > _YEARS_BEFORE) >= 0.9:
            found.add(name)
    return frozenset(found)
