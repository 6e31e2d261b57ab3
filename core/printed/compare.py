"""Printed beside computed: every cell that has a question is answered from the data.

Methods
-------
A cell names a part of the analysis, how its question differs from the study's own, and where in the
published answer its number is. The number is rounded half up to the printed decimals and must be
the printed one. A limit or median that is not reached matches a printed ``NR``. Percentages are
shares times 100.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import Any, Literal

from core.analysis import analyse
from core.dataset import Dataset
from core.errors import StratiscopeError
from core.notes import Note, warning
from core.printed.number import half_up
from core.printed.table import KINDS, Cell
from core.progress import Progress, part_of, quiet
from core.spec import AnalysisSpec

HOW = "Printed numbers were compared with computed ones rounded half up to the printed decimals."
MORE = 2
"""Digits beyond the printed ones with which a computed value is shown."""
Verdict = Literal["matched", "missed", "not computable"]
_STEP = re.compile(r"\.?([^.\[\]]+)|\[([^\]=]+)=([^\]]*)\]|\[(-?\d+)\]")


@dataclass(frozen=True)
class Compared:
    """One cell.

    Attributes
    ----------
    cell : Cell
    computed : float or None
        None where it is not reached or cannot be computed.
    shown : str
        The computed value with a few more digits than are printed; NR where it is not reached.
    verdict : {"matched", "missed", "not computable"}
    reason : str
        Why it does not match: as the file says, or what went wrong.
    """

    cell: Cell
    computed: float | None
    shown: str
    verdict: Verdict
    reason: str


@dataclass(frozen=True)
class Tally:
    """How many cells of a kind are reproduced."""

    kind: str
    matched: int
    n: int


@dataclass(frozen=True)
class Comparison:
    """All cells of a study that have a question.

    Attributes
    ----------
    rows : tuple of Compared
        In the order of the file.
    tallies : tuple of Tally
        Of each kind that there is.
    notes : tuple of Note
    """

    rows: tuple[Compared, ...]
    tallies: tuple[Tally, ...]
    notes: tuple[Note, ...] = ()

    @property
    def matched(self) -> int:
        """Cells that are reproduced."""
        return sum(t.matched for t in self.tallies)


def compare(
    cells: tuple[Cell, ...], dataset: Dataset, spec: AnalysisSpec, *, progress: Progress = quiet
) -> Comparison:
    """Compute every cell that has a question; one analysis for each distinct question.

    Parameters
    ----------
    cells : tuple of Cell
        Those without a part are left out.
    dataset : Dataset
    spec : AnalysisSpec
        The study's own question, which a cell's query changes.
    progress : callable

    Returns
    -------
    Comparison
        What cannot be computed says why in its row; nothing is raised for it.
    """
    asked = [cell for cell in cells if cell.part and cell.path]
    questions = list(dict.fromkeys((cell.part, cell.query) for cell in asked))
    answers: dict[tuple[str, str], Any] = {}
    progress(0.0)
    for i, (part, query) in enumerate(questions):
        step = part_of(progress, i / len(questions), (i + 1) / len(questions))
        answers[part, query] = _answer(dataset, spec, part, query, step)
        progress((i + 1) / len(questions))
    rows = tuple(_compared(cell, answers[cell.part, cell.query]) for cell in asked)
    return Comparison(rows, _tallies(rows), _notes(dataset, rows))


def at(answer: Any, path: str) -> Any:
    """What stands at a path of a published answer.

    Raises
    ------
    LookupError
        If there is nothing.

    Examples
    --------
    >>> at({"groups": [{"label": "yes", "median": 3.0}]}, "groups[label=yes].median")
    3.0
    """
    place, found = 0, answer
    while place < len(path):
        step = _STEP.match(path, place)
        if step is None:
            raise LookupError(path)
        place = step.end()
        name, key, value, index = step.groups()
        if name is not None:
            found = found[name] if isinstance(found, dict) else _missing(path)
        elif index is not None:
            found = found[int(index)]
        else:
            found = next((x for x in found if _is(x.get(key), value)), None)
            if found is None:
                raise LookupError(path)
    return found


def _is(found: Any, wanted: str) -> bool:
    """Whether a value of an answer is one that a path names, across spellings of signs."""
    return str(found).replace("≥", ">=").replace("≤", "<=") == wanted or found == wanted


def _missing(path: str) -> Any:
    raise LookupError(path)


def _answer(
    dataset: Dataset, spec: AnalysisSpec, part: str, query: str, progress: Progress
) -> dict[str, Any] | StratiscopeError:
    """The published answer, or why there is none."""
    try:
        asked = AnalysisSpec.from_query(query).to_dict()
        asked.pop("v", None)
        whole = AnalysisSpec.from_dict(spec.to_dict() | asked)
        return analyse(dataset, whole.but(parts=(part,), data=None), progress)
    except StratiscopeError as error:
        return error


def _compared(cell: Cell, answer: dict[str, Any] | StratiscopeError) -> Compared:
    printed = cell.number
    if isinstance(answer, StratiscopeError):
        return Compared(cell, None, "", "not computable", cell.reason or answer.problem)
    try:
        value = at(answer[cell.part], cell.path)
    except (LookupError, TypeError, AttributeError):
        return Compared(cell, None, "", "not computable", cell.reason or "There is no such result")
    if printed is None or isinstance(value, bool | str | dict | list):
        return Compared(cell, None, "", "not computable", cell.reason or "It is not a number")
    if value is None:
        verdict: Verdict = "matched" if printed.missing else "missed"
        return Compared(cell, None, "NR", verdict, "" if printed.missing else cell.reason)
    computed = 100 * float(value) if cell.quantity.startswith("percent") else float(value)
    matched = printed.matches(computed)
    digits = printed.decimals + (0 if isinstance(value, int) else MORE)
    shown = half_up(computed, digits)
    return Compared(
        cell, computed, shown, "matched" if matched else "missed", "" if matched else cell.reason
    )


def _tallies(rows: tuple[Compared, ...]) -> tuple[Tally, ...]:
    n = Counter(row.cell.kind for row in rows)
    matched = Counter(row.cell.kind for row in rows if row.verdict == "matched")
    kinds = (*(k for k in KINDS if k in n), *sorted(k for k in n if k not in KINDS))
    return tuple(Tally(kind, matched[kind], n[kind]) for kind in kinds)


def _notes(dataset: Dataset, rows: tuple[Compared, ...]) -> tuple[Note, ...]:
    notes = []
    if dataset.synthetic:
        text = (
            "The cohort is synthetic, calibrated to published summary statistics; it is not "
            "patient data, and a match is no validation of the paper."
        )
        notes.append(warning("synthetic", text))
    silent = sum(row.verdict != "matched" and not row.reason for row in rows)
    if silent:
        notes.append(warning("printed", f"{silent} cells miss without a stated reason."))
    return tuple(notes)
