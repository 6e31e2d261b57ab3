"""The cells of printed tables: one row of a file for each printed number or statement.

A file has the columns ``place factor group model quantity printed``, in any order. For a
comparison it says what computes a cell: ``kind part query path reason``. Statements of the text
may have:

``claim``
    What the text says of the number: ``longer``, ``shorter``, ``higher``, ``lower``,
    ``significant``, ``not significant``, ``independent``, ``t test``.
``denominator``
    Of how many a percentage is.
``outcome``
    What a ratio is about, where that is not a time to an event.

Beside estimates a statement can print a fact: ``cutoff``, ``cut_rule`` (``>= median``),
``definition``, ``criterion`` (who was left out), ``family`` (tests that belong together), ``test``
(the one that was made), ``candidates`` (of a model), ``caption`` and ``content`` (of a figure),
``percent_low percent_high`` (limits), ``range_low range_high``, ``levels`` (how many there are),
``limits`` (of a ratio: ``wald`` or ``profile``).
"""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property

from core.errors import DataError
from core.notes import Note, warning
from core.printed.number import Printed, read

QUANTITIES = (
    "n", "events", "median", "median_low", "median_high", "mean", "std_error", "hazard_ratio",
    "hr_low", "hr_high", "odds_ratio", "or_low", "or_high", "p_value", "p_interaction", "percent",
    "percent_low", "percent_high", "count", "mean_value", "sd", "range_low", "range_high",
    "candidates", "levels",
)  # fmt: skip
"""Quantities that are numbers."""
FACTS = (
    "cutoff", "cut_rule", "definition", "criterion", "family", "test", "caption", "content",
    "claim", "limits",
)  # fmt: skip
"""Quantities that are words, or numbers to be taken as they stand."""
WHOLE = frozenset(("n", "events", "count", "levels", "candidates"))
"""Quantities that are counts: nothing is rounded."""
NEEDED = ("place", "factor", "group", "model", "quantity", "printed")
MODELS = ("", "univariable", "multivariable", "subgroup")
MOST_CELLS = 20_000
MOST_CHARACTERS = 4_000_000
KINDS = ("estimate", "count", "other")


@dataclass(frozen=True)
class Cell:
    """One printed number or statement.

    Attributes
    ----------
    place, factor, group, model, quantity, printed : str
        Where it is printed, the name of its row, its level or contrast, its model, what it is,
        and the text as printed.
    kind, part, query, path, reason : str
        What computes it, and why it cannot match; see `core.printed.compare`.
    claim, denominator, outcome : str
        What the text says of it, see the module.
    """

    place: str
    factor: str
    group: str
    model: str
    quantity: str
    printed: str
    kind: str = ""
    part: str = ""
    query: str = ""
    path: str = ""
    reason: str = ""
    claim: str = ""
    denominator: str = ""
    outcome: str = ""

    @cached_property
    def number(self) -> Printed | None:
        """What is printed, as a number; a count stands for itself alone."""
        found = read(self.printed)
        if found is None or found.sign or self.quantity not in WHOLE:
            return found
        return replace(found, low=found.value, high=found.value)

    @property
    def row(self) -> tuple[str, str, str]:
        """What the row is about, in a form in which different spellings are equal."""
        return same(self.factor), same(self.group), self.model

    @property
    def title(self) -> str:
        """Name of the row, for sentences."""
        if same(self.factor) == same(self.group):
            return self.factor
        return " ".join(filter(None, (self.factor, self.group)))


@dataclass(frozen=True)
class Table:
    """The cells of a file, and what was wrong with the others."""

    cells: tuple[Cell, ...]
    notes: tuple[Note, ...] = ()


def same(text: str) -> str:
    """A text without what differs between spellings of the same: case, spaces, signs.

    Examples
    --------
    >>> same("SUVmax ≥ 6.09") == same("suvmax  >=6.09")
    True
    """
    plain = unicodedata.normalize("NFKC", text).casefold()
    plain = plain.replace("≥", ">=").replace("≤", "<=").replace("–", "-")
    return "".join(plain.split())


def parse(text: str) -> Table:
    """Read a file of cells: comma, semicolon or tab separated, with a header.

    Raises
    ------
    DataError
        If it has no header with the needed columns, or is far too long.
    """
    if len(text) > MOST_CHARACTERS:
        raise DataError("The table is longer than any printed one", "Give a part of it")
    lines = text.lstrip("\ufeff").splitlines(keepends=True)
    head = lines[0] if lines else ""
    separator = max("\t;,", key=head.count)
    rows = csv.DictReader(io.StringIO("".join(lines)), delimiter=separator, strict=False)
    try:
        names = [str(name).strip().casefold() for name in rows.fieldnames or ()]
        missing = [name for name in NEEDED if name not in names]
        if missing:
            raise DataError(
                f"The header lacks {', '.join(missing)}",
                f"It needs {', '.join(NEEDED)}, in any order",
            )
        rows.fieldnames = names
        return _cells((rows.line_num, row) for row in rows)
    except csv.Error:
        raise DataError("A line cannot be read as a row of cells", "Save it as CSV again") from None


def _cells(rows: Iterable[tuple[int, dict[str, object]]]) -> Table:
    known = tuple(f.name for f in fields(Cell))
    cells: list[Cell] = []
    notes: list[Note] = []
    for line, row in rows:
        said = {name: str(row.get(name) or "").strip() for name in known}
        if not any(said.values()):
            continue
        wrong = damage(said)
        if wrong:
            notes.append(warning("printed", f"Line {line} was left out: {wrong}."))
        elif len(cells) == MOST_CELLS:
            notes.append(warning("printed", f"Only the first {MOST_CELLS:,} cells were read."))
            break
        else:
            cells.append(Cell(**said))
    return Table(tuple(cells), tuple(notes))


def damage(said: dict[str, str]) -> str:
    """What is wrong with a row; empty where nothing is.

    Examples
    --------
    >>> damage({"quantity": "median", "printed": "about 6", "model": ""})
    'what is printed is not a number'
    """
    if said["quantity"] not in (*QUANTITIES, *FACTS):
        return "its quantity is not known"
    if said["model"] not in MODELS:
        return f"its model is none of {', '.join(filter(None, MODELS))}"
    if said["quantity"] in QUANTITIES and read(said["printed"]) is None:
        return "what is printed is not a number"
    return ""
