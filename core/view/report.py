"""The import report in words: what was read, changed, left out, and what looks wrong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from core.dataset import Dataset
from core.notes import MOST_LINES, Note, counted

TITLES = {
    "read": "What was read",
    "changed": "What was changed",
    "excluded": "What was left out",
    "suspect": "What looks wrong",
}
UNCHANGED = "nothing was changed"
_GENERAL = frozenset(
    ("file", "columns", "encoding", "dates", "join", "sheet", "decimal comma", "numbers")
)
SHOWN_LINES = 10
"""Lines of the file that a sentence on the screen names."""


def sections(notes: Iterable[Note]) -> list[tuple[str, list[Note]]]:
    """Sort notes into the parts of the report; parts without a note are left out.

    Examples
    --------
    >>> [title for title, _ in sections([Note("info", "file", "UTF-8.", "read")])]
    ['What was read']
    """
    found = list(notes)
    parts = [(TITLES[s], [n for n in found if (n.section or "read") == s]) for s in TITLES]
    return [(title, part) for title, part in parts if part]


def sentence(note: Note, *, most: int = SHOWN_LINES) -> str:
    """The text of a note with the lines of the file that it is about.

    Examples
    --------
    >>> sentence(Note("info", "age", "1 cell was read as missing.", "changed", 1, (7,)))
    "'age': 1 cell was read as missing. (line 7)"
    """
    text = note.text
    if note.about not in _GENERAL and note.about not in text:
        text = f"'{note.about}': {text}"
    if not note.lines or any(f"line {line}" in text for line in note.lines[:1]):
        return text
    listed = ", ".join(map(str, note.lines[:most]))
    more = ", ..." if len(note.lines) > most or note.n > len(note.lines) else ""
    return f"{text} ({'line' if len(note.lines) == 1 else 'lines'} {listed}{more})"


def summary(dataset: Dataset) -> str:
    """How many notes of each kind there are, in a few words.

    Examples
    --------
    >>> from core.reading import examples
    >>> summary(examples.load("gbsg2"))
    'nothing was changed'
    """
    counts = {
        s: sum(n.section == s and (s != "suspect" or n.level == "warning") for n in dataset.notes)
        for s in ("changed", "excluded", "suspect")
    }
    wrong = "looks wrong" if counts["suspect"] == 1 else "look wrong"
    said = (("changed", "changed"), ("excluded", "left out"), ("suspect", wrong))
    return ", ".join(f"{counts[s]} {word}" for s, word in said if counts[s]) or UNCHANGED


def text(dataset: Dataset) -> str:
    """Write the report as a text file. It names columns and lines and quotes no cell.

    Returns
    -------
    str
        With the cleaning steps at its end, as a link or a headless run repeats them.
    """
    rows = f"{counted(len(dataset.frame), 'row')}, {counted(len(dataset.variables), 'column')}"
    parts: list[str] = [
        "Stratiscope import report",
        f"File: {dataset.name} ({rows})",
        f"SHA-256: {dataset.digest}",
    ]
    if dataset.synthetic:
        parts.append("SYNTHETIC DATA: these are no patients")
    if dataset.sheet:
        parts.append(f"Sheet: {dataset.sheet}")
    for title, notes in sections(dataset.notes):
        parts += ["", title, *(f"- {sentence(n, most=MOST_LINES)}" for n in notes)]
    if not dataset.notes:
        parts += ["", "Nothing was changed, left out or noticed."]
    parts += _steps(dataset.steps)
    return "\n".join(parts) + "\n"


def _steps(steps: Sequence[str]) -> list[str]:
    return ["", "Cleaning steps", *(f"- {step}" for step in steps)] if steps else []
