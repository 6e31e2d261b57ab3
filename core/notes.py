"""Notes: what a reader must know about a number, carried with the number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Section = Literal["", "read", "changed", "excluded", "suspect"]
"""Part of the import report that a note belongs to; empty for a note of an analysis."""

MOST_LINES = 50
"""Lines of a file that one note lists at most."""


@dataclass(frozen=True)
class Note:
    """A remark that belongs to a result, or one line of the import report.

    Attributes
    ----------
    level : {"info", "warning"}
        A warning is something that can mislead; an info states a choice that was made.
    about : str
        The quantity, field or column that the note is about, for example ``"unit"`` or a term.
    text : str
        One or two plain sentences. It never holds the content of a cell, except the level of a
        category: those may stand in links as well.
    section : {"", "read", "changed", "excluded", "suspect"}
        Where it stands in the import report.
    n : int
        Cells or rows that it is about; 0 where that says nothing.
    lines : tuple of int
        The first lines of the file that it is about, at most `MOST_LINES`.
    examples : tuple of (str, str)
        A few cells as they were and as they were read, for the screen only.
    """

    level: Literal["info", "warning"]
    about: str
    text: str
    section: Section = ""
    n: int = 0
    lines: tuple[int, ...] = ()
    examples: tuple[tuple[str, str], ...] = ()


def info(about: str, text: str) -> Note:
    """Make a note that states a choice."""
    return Note("info", about, text)


def warning(about: str, text: str) -> Note:
    """Make a note about something that can mislead."""
    return Note("warning", about, text)


def counted(n: int, noun: str) -> str:
    """Write a number with its noun.

    Examples
    --------
    >>> counted(1, "row"), counted(1200, "row")
    ('1 row', '1,200 rows')
    """
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def were(n: int) -> str:
    """Return the verb that goes with a number of things."""
    return "was" if n == 1 else "were"


def listed(names: Sequence[str], most: int = 5) -> str:
    """Write a few names for a sentence.

    Examples
    --------
    >>> listed(["age", "sex"]), listed("abc", most=2)
    ("'age', 'sex'", "'a', 'b', ...")
    """
    return ", ".join(f"'{name}'" for name in names[:most]) + (", ..." if names[most:] else "")


@dataclass(frozen=True)
class Choice:
    """One answer to a question: in words, and the cleaning steps that it stands for.

    Attributes
    ----------
    words : str
        For the screen, for example ``"day first: 3 April 2018"``.
    steps : tuple of str
        Texts of `core.steps.Step`; empty: nothing is changed.
    """

    words: str
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Question:
    """Something in a table that can be read in several ways, so the user decides.

    Attributes
    ----------
    about : str
        The column, or ``"file"``.
    text : str
        The question, one sentence.
    choices : tuple of Choice
        The first one is in force while nobody has answered.
    needed : bool
        Whether the column is of no use before the answer (its cells are kept as text).
    examples : tuple of str
        A few cells that show what is meant, for the screen only.
    """

    about: str
    text: str
    choices: tuple[Choice, ...]
    needed: bool = False
    examples: tuple[str, ...] = ()
