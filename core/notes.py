"""Notes: what a reader must know about a number, carried with the number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Note:
    """A remark that belongs to a result.

    Attributes
    ----------
    level : {"info", "warning"}
        A warning is something that can mislead; an info states a choice that was made.
    about : str
        The quantity or field that the note is about, for example ``"unit"`` or a term.
    text : str
        One or two plain sentences.
    """

    level: Literal["info", "warning"]
    about: str
    text: str


def info(about: str, text: str) -> Note:
    """Make a note that states a choice."""
    return Note("info", about, text)


def warning(about: str, text: str) -> Note:
    """Make a note about something that can mislead."""
    return Note("warning", about, text)
