"""Which columns of two tables number the same patients, and which rows belong together by them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.dataset import Dataset
from core.errors import DataError
from core.notes import Choice, Question, counted
from core.reading.roles import names
from core.spec import shortest
from core.steps import Step

_WHOLE = re.compile(r"(\D*?)0*(\d+)(?:\.0+)?", re.ASCII)
_LONGEST = 64
"""Characters of a patient's number; a longer text is none."""

_ENOUGH = 0.5
"""Share of the smaller table's patients that must match for a join that nobody has confirmed."""

_MOST_COLUMNS = 20
"""Columns of a table that are compared with those of the other one."""

Pair = tuple[str, str]
"""The columns of patient numbers of the first table and of the second."""


@dataclass(frozen=True)
class JoinProposal:
    """How two tables seem to belong together.

    Attributes
    ----------
    step : Step or None
        The join, where the numbers of the patients leave no doubt; None where the user must say,
        or the tables have no patient in common.
    questions : tuple of Question
        What must be asked; the choices carry the steps.
    """

    step: Step | None
    questions: tuple[Question, ...] = ()


@dataclass(frozen=True, eq=False)
class Ids:
    """The numbers of the patients in a column.

    Attributes
    ----------
    dataset : Dataset
    column : str
    keys : numpy.ndarray of object, shape (rows,)
        Text, with None for missing.
    """

    dataset: Dataset
    column: str
    keys: np.ndarray

    @property
    def known(self) -> pd.Index:
        """The different ones."""
        return pd.Index(pd.Series(self.keys, dtype=object).dropna().unique(), dtype=object)

    def lines(self, rows: np.ndarray) -> tuple[int, ...]:
        """The first lines of the file for rows that are marked."""
        return self.dataset.lines_of(rows)


def ids_of(dataset: Dataset, column: str, way: str) -> Ids:
    r"""Read the numbers of the patients.

    Parameters
    ----------
    dataset : Dataset
    column : str
    way : {"exact", "number"}
        As they are written, or without blanks around them and leading zeros.

    Raises
    ------
    DataError
        If two patients would no longer be told apart.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"id,x\nP01,1\n,2\nP12,3\n", "a.csv")
    >>> ids_of(table, "id", "exact").keys, ids_of(table, "id", "number").keys
    (array(['P01', None, 'P12'], dtype=object), array(['P1', None, 'P12'], dtype=object))
    """
    codes, different = pd.factorize(dataset.frame[column])
    texts = [v if isinstance(v, str) else shortest(float(v)) for v in different]
    if way == "number":
        texts = list(map(_number, texts))
        if len(set(texts)) < len(texts):
            raise DataError(
                f"In '{dataset.name}' patients differ only by zeros or blanks in '{column}', so "
                "the tables cannot be joined by number",
                "Write the numbers the same way in both tables, and join them with exact",
                column=column,
            )
    keys = np.array([*texts, None], dtype=object)  # the last one is that of the code -1: missing
    return Ids(dataset, column, keys[codes])


def _number(text: str) -> str:
    """A patient's number without blanks and leading zeros: 001 and 1.0 are 1, P-01 is P-1."""
    text = text.strip()
    found = _WHOLE.fullmatch(text) if len(text) <= _LONGEST else None
    return text if found is None else found[1].strip() + found[2]


def partners(ours: Ids, theirs: Ids) -> np.ndarray:
    r"""Find the row of the second table for each of the first.

    Returns
    -------
    numpy.ndarray of int, shape (rows,)
        -1 where there is none, or the number is missing.

    Examples
    --------
    >>> from core.reading import read
    >>> tables = read(b"id,x\na,1\nb,2\n", "a.csv"), read(b"id,x\nb,1\nc,2\n", "b.csv")
    >>> partners(*(ids_of(table, "id", "exact") for table in tables))
    array([-1,  0])
    """
    present = np.flatnonzero(pd.notna(theirs.keys))
    index = pd.Index(theirs.keys[present], dtype=object)
    found = index.get_indexer(pd.Index(ours.keys, dtype=object))
    if not len(present):
        return found
    return np.where(found >= 0, present[found], -1)


def matches(left: Dataset, right: Dataset, pair: Pair, way: str) -> int:
    r"""Count the rows of the first table with a partner.

    0 where patients would no longer be told apart.

    Examples
    --------
    >>> from core.reading import read
    >>> tables = read(b"id,x\nP1,1\nP2,2\n", "a.csv"), read(b"id,x\nP01,1\nP2,2\n", "b.csv")
    >>> matches(*tables, ("id", "id"), "exact"), matches(*tables, ("id", "id"), "number")
    (1, 2)
    """
    try:
        ours, theirs = ids_of(left, pair[0], way), ids_of(right, pair[1], way)
    except DataError:
        return 0
    return int(pd.Series(ours.keys, dtype=object).isin(theirs.known).sum())


def ask(
    table: str, pair: Pair, counts: tuple[int, int], *, called: str, first: str = "exact"
) -> Question:
    """Ask whether 001 and 1 are the same patient.

    Parameters
    ----------
    table : str
        The second table, as the step names it.
    pair : (str, str)
    counts : (int, int)
        Rows of the first table with a partner, as they are written and by number.
    called : str
        The second table's name on the screen.
    first : {"exact", "number"}
        The first choice. That of numbers is only for tables that have nothing in common as they
        are written; it needs an answer.

    Examples
    --------
    >>> question = ask("sha256:0", ("id", "pid"), (1, 9), called="'b.csv'")
    >>> question.choices[1].steps, question.needed
    (('join(sha256:0, id, pid, number)',), False)
    """
    words = {"exact": "as they are written", "number": "001 and 1 are the same patient"}
    by_way = dict(zip(words, counts, strict=True))
    choices = tuple(
        Choice(
            f"{words[way]}: {counted(by_way[way], 'row')} of the first table found in the second",
            (str(Step("join", (table, *pair, way))),),
        )
        for way in sorted(words, key=lambda way: way != first)
        if by_way[way]
    )
    text = f"How are the patient numbers '{pair[0]}' and '{pair[1]}' of {called} compared?"
    return Question("join", text, choices, needed=first == "number")


def propose(left: Dataset, right: Dataset) -> JoinProposal:
    r"""Find the columns by which two tables belong together, by their names and their cells.

    A match of the numbers as they are written is believed where it holds for half of the smaller
    table's patients; one that takes 001 for 1, or holds for fewer, is asked.

    Examples
    --------
    >>> from core.reading import read
    >>> left = read(b"id,months\nP001,5\nP002,7\n", "a.csv")
    >>> right = read(b"Patient ID,SUVmax\nP002,4.5\nP001,6\n", "b.csv")
    >>> propose(left, right).step.rest
    ('id', 'Patient ID')
    """
    table = right.reference
    called = f"'{right.name}'"
    if right.reference == left.reference:
        table, called = f"sheet {right.sheet}", f"'{right.sheet}'"
    doubtful: list[Pair] = []
    for pairs in _candidates(left, right):
        exact = {p: share for p in pairs if (share := _share(left, right, p, "exact")) > 0}
        good = [p for p in exact if exact[p] >= _ENOUGH]
        if good:
            return _best(left, right, good, table, shares=exact)
        number = {p: s for p in pairs if (s := _share(left, right, p, "number")) > 0}
        doubtful += sorted(number, key=lambda p: -number[p]) or list(exact)
    if not doubtful:
        return JoinProposal(None)
    pair = doubtful[0]
    counts = matches(left, right, pair, "exact"), matches(left, right, pair, "number")
    first = "number" if counts[1] > counts[0] else "exact"
    return JoinProposal(None, (ask(table, pair, counts, called=called, first=first),))


def _candidates(left: Dataset, right: Dataset) -> Iterator[list[Pair]]:
    """Pairs of columns: both called a patient's number, of the same name, of text that differs."""
    ours, theirs = _called_ids(left), _called_ids(right)
    yield [(a, b) for a in ours for b in theirs]
    texts = _telling(left), _telling(right)
    yield [(a, a) for a in texts[0] if a in texts[1]]
    # One that is called a number, or has words that no two patients share.
    yield [(a, b) for a in {**ours, **texts[0]} for b in {**theirs, **texts[1]}]


def _called_ids(dataset: Dataset) -> dict[str, None]:
    found = [v.name for v in dataset.variables.values() if v.kind != "date" and names.is_id(v.name)]
    return dict.fromkeys(found[:_MOST_COLUMNS])


def _telling(dataset: Dataset) -> dict[str, None]:
    """Columns of text that are different in most rows; numbers match one another by chance."""
    found = [
        v.name
        for v in dataset.variables.values()
        if v.kind in ("text", "category")
        and dataset.frame[v.name].nunique() > max(1, len(dataset.frame) / 2)
    ]
    return dict.fromkeys(found[:_MOST_COLUMNS])


def _share(left: Dataset, right: Dataset, pair: Pair, way: str) -> float:
    """Share of the patients of the table with fewer that are in the other one."""
    try:
        ours, theirs = ids_of(left, pair[0], way).known, ids_of(right, pair[1], way).known
    except DataError:
        return 0.0
    fewer = min(len(ours), len(theirs))
    return float(ours.isin(theirs).sum()) / fewer if fewer else 0.0


def _best(
    left: Dataset, right: Dataset, good: list[Pair], table: str, *, shares: dict[Pair, float]
) -> JoinProposal:
    """Take the pair that is called a patient's, then that with most in both; ask about equals."""

    def rank(pair: Pair) -> tuple[int, float, bool]:
        return sum(map(names.is_person, pair)), shares[pair], pair[0] == pair[1]

    top = max(map(rank, good))
    best = [p for p in good if rank(p) == top]
    rows = [
        partners(ids_of(left, a, "exact"), ids_of(right, b, "exact"))
        for a, b in (best if len(best) > 1 and _one_row_each(right, best) else [])
    ]
    steps = [Step("join", (table, *pair)) for pair in best]
    if all(np.array_equal(rows[0], other) for other in rows):
        return JoinProposal(steps[0])
    choices = tuple(
        Choice(f"'{a}' and '{b}'", (str(step),)) for (a, b), step in zip(best, steps, strict=True)
    )
    text = "By which columns do the rows of the two tables belong to the same patient?"
    return JoinProposal(None, (Question("join", text, choices, needed=True),))


def _one_row_each(right: Dataset, pairs: list[Pair]) -> bool:
    """Whether every pair would join; where one would not, the join itself says why."""
    return not any(right.frame[b].dropna().duplicated().any() for _, b in pairs)
