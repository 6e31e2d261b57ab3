"""A linter for tables of oncology cohorts: what is readable but looks wrong.

A finding is a note of the section "suspect" with the lines it is about; it never changes a value
and never quotes a cell. A rule that cries wolf makes all others unread, so rules are narrow: they
report exceptions to what the rest of the column does, and contradictions between columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import numpy as np

from core.dataset import Dataset
from core.notes import Note, Question
from core.reading.checks import lint_dates, lint_outcome, lint_rows, lint_times, lint_values
from core.reading.checks.lint_facts import Facts, gather

Rule = Callable[[Facts], Iterator[Note]]

OF_ALL_ROWS: tuple[Rule, ...] = (
    lint_times.odd_times,
    lint_times.no_contrast,
    lint_times.wrong_unit,
    lint_times.shorter_than_first_event,
    lint_values.out_of_range,
    lint_values.pet,
)
"""Rules about numbers, which take no time."""

OF_SOME_ROWS: tuple[Rule, ...] = (
    lint_times.reversed_coding,
    lint_times.unit_by_dates,
    lint_times.deaths_that_differ,
    lint_dates.wrong_order,
    lint_dates.impossible,
    lint_dates.after_cutoff,
    lint_dates.age_that_differs,
    lint_values.receptors,
    lint_outcome.knows_the_outcome,
    lint_rows.same_patient,
    lint_rows.says_nothing,
)
"""Rules that read dates and words or sort: of a large table they see a part."""

MOST_ROWS = 100_000
MOST_CELLS = 2_000_000
_LEAST_ROWS = 1_000


def lint(
    dataset: Dataset, *, today: date | None = None
) -> tuple[tuple[Note, ...], tuple[Question, ...]]:
    r"""Look for what seems wrong in a table.

    Parameters
    ----------
    dataset : Dataset
        Its missing values break no rule.
    today : datetime.date, optional
        Dates behind it lie in the future; the day it is when left out.

    Returns
    -------
    notes : tuple of Note
        Of the section "suspect". Those of level "info" mislead nobody.
    questions : tuple of Question
        Where a cleaning step can answer.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"OS_MONTHS,OS_STATUS,age\n3.5,1,61\n-8,0,540\n4,0,70\n", "a.csv")
    >>> notes, questions = lint(table)
    >>> [(note.about, note.lines) for note in notes]
    [('OS_MONTHS', (3,)), ('age', (3,))]
    """
    if dataset.frame.empty:
        return (), ()
    facts = gather(dataset, today or date.today())
    columns = max(1, len(dataset.variables))
    some = facts.sample(min(MOST_ROWS, max(_LEAST_ROWS, MOST_CELLS // columns)))
    # Infinite differences and powers of damaged numbers are no finding of their own.
    with np.errstate(all="ignore"):
        notes = [note for rule in OF_ALL_ROWS for note in rule(facts)]
        notes += [note for rule in OF_SOME_ROWS for note in rule(some)]
        questions = tuple(lint_rows.repeated_rows(some))
    if some.sampled:
        notes.append(_partly(some.n, facts.n))
    return tuple(notes), questions


def _partly(n: int, of: int) -> Note:
    text = (
        f"Dates, groups and columns that know the outcome were checked in {n:,} of {of:,} rows, "
        "evenly spread; repeated patients were not looked for."
    )
    return Note("info", "file", text, "suspect", n)
