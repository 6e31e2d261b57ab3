"""A second table joined to the first by patient: a left join, with all that found no partner told.

The numbers of patients are compared as they are written. That ``001`` and ``1`` are the same
patient is never assumed: it is asked, and said by the word ``number`` in the step.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from itertools import count

import numpy as np
import pandas as pd

from core.dataset import Dataset, Variable
from core.errors import DataError, SpecError
from core.notes import Note, Question, counted, listed
from core.reading.rows.partners import Ids, ask, ids_of, matches, partners
from core.steps import Step

_WAYS = ("exact", "number")


def join(left: Dataset, right: Dataset, step: Step) -> Dataset:
    r"""Add the columns of a second table to the rows of the same patients.

    Parameters
    ----------
    left : Dataset
        Its rows stay, in their order. A patient may have several.
    right : Dataset
        One row per patient.
    step : Step
        ``join(TABLE, ID, OTHER_ID)``, with ``exact`` (as they are written, also without the word)
        or ``number`` (001 and 1 are the same).

    Returns
    -------
    Dataset
        A column of the second table that has the name of one of the first is left out where it
        agrees in every joined row, else it is called ``NAME (2)``. Where a patient has no row in
        the second table its cells are missing.

    Raises
    ------
    SpecError
        If the step names a column that is not there, or another way of comparing.
    DataError
        If a patient has several rows in the second table, or no patient is in both.

    Examples
    --------
    >>> from core.reading import read
    >>> left = read(b"id,months\np1,5\np2,7\np3,9\n", "a.csv")
    >>> right = read(b"pid,SUVmax\np2,4.5\np1,6\np9,3\n", "b.csv")
    >>> both = join(left, right, Step("join", (right.reference, "id", "pid")))
    >>> both.frame["SUVmax"].tolist()
    [6.0, 4.5, nan]
    """
    table, by, other, way = _read(step)
    called = _called(right, table)
    left.require(by, "clean")
    if other not in right.variables:
        raise SpecError(
            "clean", f"{called} has no column '{other}'", "Name its column of patient numbers"
        )
    ours, theirs = ids_of(left, by, way), ids_of(right, other, way)
    _check_one_row(theirs, called)
    at = partners(ours, theirs)
    if not (at >= 0).any():
        raise DataError(
            f"No patient of {called} is in the first table, by '{by}' and '{other}'",
            "Check that these are the same patients' numbers; join(TABLE, ID, OTHER_ID, number) "
            "takes 001 and 1 for the same",
            column=by,
        )
    frame, variables, renamed, notes = _merged(left, right, other, at, called=called)
    return dataclasses.replace(
        left,
        frame=frame,
        variables=variables,
        notes=(
            *left.notes,
            *_carried_notes(right, called, renamed),
            *_report(ours, theirs, at, called),
            *notes,
        ),
        questions=(
            *left.questions,
            *_carried_questions(right, called, renamed),
            *_doubt(left, right, step, at, called=called),
        ),
    )


def _read(step: Step) -> tuple[str, str, str, str]:
    table, *rest = step.values or ("",)
    if step.verb != "join" or len(rest) not in (2, 3) or (rest[2:] and rest[2] not in _WAYS):
        raise SpecError(
            "clean",
            f"The cleaning step '{step}' cannot be read",
            "Write it like: join(TABLE, ID, OTHER_ID) or with exact or number behind them",
        )
    return table, rest[0], rest[1], rest[2] if len(rest) == 3 else "exact"


def _called(right: Dataset, table: str) -> str:
    return f"'{right.sheet}'" if table.startswith("sheet ") and right.sheet else f"'{right.name}'"


def _check_one_row(theirs: Ids, called: str) -> None:
    keys = pd.Series(theirs.keys, dtype=object)
    again = (keys.duplicated() & keys.notna()).to_numpy()
    if again.any():
        first = int(np.flatnonzero(again)[0])
        raise DataError(
            f"{called} has several rows for the same patient in '{theirs.column}', the first time "
            f"on line {theirs.dataset.row_number(first)}, so its columns cannot be added to a "
            "patient's row",
            "Make it one row per patient first, or load it as the first table and join the other "
            "one to it",
            column=theirs.column,
            row=theirs.dataset.row_number(first),
        )


def _merged(
    left: Dataset, right: Dataset, other: str, at: np.ndarray, *, called: str
) -> tuple[pd.DataFrame, dict[str, Variable], dict[str, str], list[Note]]:
    """Put the columns side by side; also tell which were renamed."""
    variables, added = dict(left.variables), dict[str, np.ndarray]()
    renamed, same = {other: ""}, list[str]()
    taken = {*left.variables, *right.variables}
    for name, variable in right.variables.items():
        if name == other:
            continue
        values = _taken(right.frame[name], at)
        new = name
        if name in left.variables:
            if _agree(left.frame[name], values, at):
                same.append(name)
                continue
            number = next(i for i in count(2) if f"{name} ({i})" not in taken)
            new = renamed[name] = f"{name} ({number})"
            taken.add(new)
            label = f"{variable.label} ({number})" if variable.label else ""
            variable = dataclasses.replace(variable, label=label)
        variables[new] = dataclasses.replace(variable, name=new)
        added[new] = values
    frame = pd.concat([left.frame, pd.DataFrame(added, index=left.frame.index)], axis=1)
    return frame, variables, renamed, _about_names(renamed, same, called)


def _taken(column: pd.Series, at: np.ndarray) -> np.ndarray:
    values = column.to_numpy()
    missing: float | None = None if column.dtype == object else np.nan
    if not len(values):
        return np.full(len(at), missing, dtype=values.dtype)
    taken = np.asarray(values[at])
    taken[at < 0] = missing
    return taken


def _agree(ours: pd.Series, values: np.ndarray, at: np.ndarray) -> bool:
    """Whether two columns of one name hold the same in all rows that were joined."""
    if (ours.dtype == object) != (values.dtype == object):
        return False
    mine, joined = ours[at >= 0], pd.Series(values)[at >= 0]
    return bool(mine.reset_index(drop=True).equals(joined.reset_index(drop=True)))


def _about_names(renamed: dict[str, str], same: list[str], called: str) -> list[Note]:
    notes = []
    if same:
        text = f"Columns of {called} that the first table has as well, with the same cells, were "
        text += f"left out: {listed(same, most=8)}."
        notes.append(Note("info", "join", text, "read", len(same)))
    if other := [new for new in renamed.values() if new]:
        text = f"Columns of {called} that the first table has as well, with other cells, are now "
        notes.append(
            Note("warning", "join", f"{text}called {listed(other, most=8)}.", "suspect", len(other))
        )
    return notes


def _report(ours: Ids, theirs: Ids, at: np.ndarray, called: str) -> Iterator[Note]:
    """How many were joined, and which found no partner; the numbers themselves are not told."""
    n = len(pd.unique(pd.Series(ours.keys[at >= 0], dtype=object)))
    text = f"{called} was joined by '{ours.column}' and '{theirs.column}': "
    text += f"{counted(n, 'patient')} in both."
    yield Note("info", "join", text, "read", n)
    alone = at < 0
    if n := int(alone.sum()):
        text = f"{counted(n, 'row')} of the first table without a patient in {called}: "
        text += "the cells of its columns are missing there."
        if nameless := int((alone & pd.isna(ours.keys)).sum()):
            text += f" {counted(nameless, 'row')} of them without '{ours.column}'."
        yield Note("warning", "join", text, "read", n, ours.lines(alone))
    unused = np.ones(len(theirs.keys), dtype=bool)
    unused[at[at >= 0]] = False
    if n := int(unused.sum()):
        text = f"{counted(n, 'row')} of {called} without a patient in the first table "
        text += f"left out; the lines are those of {called}."
        yield Note("warning", "join", text, "excluded", n, theirs.lines(unused))


def _carried_notes(right: Dataset, called: str, renamed: dict[str, str]) -> Iterator[Note]:
    for note in right.notes:
        about = renamed.get(note.about) or note.about
        yield dataclasses.replace(note, about=about, text=f"{called}: {note.text}")


def _carried_questions(right: Dataset, called: str, renamed: dict[str, str]) -> Iterator[Question]:
    """The questions of the second table; its columns keep their names in the steps."""
    for question in right.questions:
        about = renamed.get(question.about) or question.about
        yield dataclasses.replace(question, about=about, text=f"{called}: {question.text}")


def _doubt(
    left: Dataset, right: Dataset, step: Step, at: np.ndarray, *, called: str
) -> Iterator[Question]:
    """Ask whether 001 and 1 are the same, where the step does not say and it would matter."""
    if len(step.values) != 3:
        return
    table, by, other = step.values
    exact = int((at >= 0).sum())
    number = matches(left, right, (by, other), "number")
    if number > exact:
        yield ask(table, (by, other), (exact, number), called=called)
