"""One column of words while it is decided what they are, and what became of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Literal

import numpy as np

from core.dataset import Kind, Variable
from core.notes import MOST_LINES, Choice, Note, Question, Section, counted, were
from core.reading.cells.missing import is_soft
from core.reading.packed import Cells
from core.steps import Recipe, Step

COMMA = "decimal comma"
"""Text of a note on one column; `core.reading.cells.conversion` makes one note for the file."""

ODD_SHARE = 0.75
"""Share of the cells that must be numbers (or dates) for the others to be left out."""

FEW = 8
"""Up to so many different numbers the odd cells may be what the column is about."""

_PROBE = 500


@dataclass(frozen=True, eq=False)
class Column:
    """The cells of a column as different words.

    Attributes
    ----------
    name : str
    cells : Cells
    meant : mapping of str to str or None
        The word of each different cell, without blanks around it; None is missing.
    counts : mapping of str to int
        How often each word occurs, in the order of the file; without the missing ones.
    line : callable
        Line of the file on which a row (from 0) begins.
    recipe : Recipe
    unit : str
        Unit that the file states for the column.
    delimiter : str
    decimal : {"", "comma", "point"}
        The decimal sign that other columns of the file show.
    order : {"", "dmy", "mdy"}
        The order of day and month that other columns of the file show.
    """

    name: str
    cells: Cells
    meant: Mapping[str, str | None]
    counts: Mapping[str, int]
    line: Callable[[int], int]
    recipe: Recipe = field(default_factory=Recipe)
    unit: str = ""
    delimiter: str = ""
    decimal: str = ""
    order: str = ""

    def said(self, verb: str) -> str | None:
        """What a cleaning step says about this column, or None without one."""
        return self.recipe.said(verb, self.name)

    def step(self, verb: str, *values: str) -> str:
        """Write a cleaning step for this column."""
        return str(Step(verb, (self.name, *values)))

    def total(self, words: Iterable[str]) -> int:
        """How many cells hold one of these words."""
        return sum(self.counts[word] for word in words)

    def lines(self, words: Collection[str]) -> tuple[int, ...]:
        """The first lines of the file on which one of these words stands."""
        wanted = set(words)
        raws = {raw for raw, word in self.meant.items() if word in wanted}
        hits = (i for i, cell in enumerate(self.cells) if cell in raws)
        return tuple(self.line(i) for i in islice(hits, MOST_LINES))

    def note(
        self,
        text: str,
        words: Collection[str],
        *,
        level: Literal["info", "warning"] = "info",
        section: Section = "changed",
        read: Callable[[str], str] | None = None,
    ) -> Note:
        """Make a note on the cells that hold these words; `read` tells what became of one."""
        shown = [(word, read(word) if read else "") for word in islice(words, 3)]
        n = self.total(words)
        return Note(level, self.name, text, section, n, self.lines(words), tuple(shown))

    def ask(
        self,
        text: str,
        choices: Iterable[tuple[str, tuple[str, ...]]],
        words: Collection[str] = (),
        *,
        needed: bool = False,
    ) -> Question:
        """Make a question; a choice is its words and its steps, the first is in force."""
        made = tuple(Choice(said, steps) for said, steps in choices)
        return Question(self.name, text, made, needed, tuple(islice(words, 4)))

    @cached_property
    def solid(self) -> list[str]:
        """The words without those that are missing among numbers and dates."""
        kept = self.recipe.words("level", self.name)
        return [word for word in self.counts if word in kept or not is_soft(word)]

    def enough(self, fitting: Collection[str], solid: Collection[str]) -> bool:
        """Whether so many cells fit that the others can be left out."""
        if len(fitting) == len(solid):
            return bool(fitting)
        share = self.total(fitting) >= ODD_SHARE * self.total(solid)
        return share and len(fitting) > FEW

    def left_out(self, what: str, odd: Collection[str]) -> tuple[Note, ...]:
        """Tell of cells that are missing now because they are not what the column is."""
        if not odd:
            return ()
        soft = [word for word in odd if is_soft(word)]
        hard = [word for word in odd if not is_soft(word)]
        notes = []
        if soft:
            n = self.total(soft)
            text = f"{counted(n, 'cell')} of '{self.name}' with a word for 'not known'"
            notes.append(self.note(f"{text} {were(n)} read as missing.", soft))
        if hard:
            n = self.total(hard)
            text = (
                f"{counted(n, 'cell')} of '{self.name}' {'holds' if n == 1 else 'hold'} no {what}"
            )
            note = self.note(f"{text} and {were(n)} read as missing.", hard, level="warning")
            notes.append(note)
        return tuple(notes)


def promising(words: Sequence[str], parse: Callable[[str], object | None]) -> bool:
    """Look at the first of many different words before parsing millions of names."""
    if len(words) <= 4 * _PROBE:
        return True
    return sum(parse(w) is not None for w in words[:_PROBE]) > _PROBE / 2


@dataclass(frozen=True, eq=False)
class Reading:
    """What a column turned out to be.

    Attributes
    ----------
    kind : {"number", "category", "date", "text"}
    values : mapping of str to float, str or None
        Value of each word; a word that is not in it is missing.
    unit : str
        The unit that stands in the cells.
    notes, questions
        For the import report.
    tells : str
        The decimal sign or the order of day and month that the cells leave no doubt about.
    needs : {"", "decimal", "order"}
        What the other columns of the file may settle.
    """

    kind: Kind
    values: Mapping[str, float | str | None]
    unit: str = ""
    notes: tuple[Note, ...] = ()
    questions: tuple[Question, ...] = ()
    tells: str = ""
    needs: str = ""


@dataclass(frozen=True)
class Evidence:
    """What columns without a doubt tell about those with one; empty where they tell nothing."""

    decimal: str = ""
    order: str = ""


@dataclass(frozen=True, eq=False)
class Made:
    """A column as it stands in the frame.

    Attributes
    ----------
    values : numpy.ndarray
        float64 with NaN, or object with None.
    variable : Variable
    notes, questions, tells, needs
        As in `Reading`.
    missing : mapping of str to int
        Words that were read as missing, and how often.
    """

    values: np.ndarray
    variable: Variable
    notes: tuple[Note, ...] = ()
    questions: tuple[Question, ...] = ()
    tells: str = ""
    needs: str = ""
    missing: Mapping[str, int] = field(default_factory=dict)
