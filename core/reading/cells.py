"""Columns of text -> numbers, categories, dates and free text.

A column holds numbers when every cell that is present is one, written plainly. One cell that is
not makes it text: a value is never dropped or mended in silence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from core.dataset import Dataset, Kind, Variable
from core.notes import Note, info, warning
from core.reading.names import one_of
from core.reading.packed import SEPARATOR, Cells

MISSING = one_of(
    "|NA|N/A|n/a|#N/A|<NA>|NaN|nan|NaT|NULL|Null|null|None|.|-|--|/|"
    "[Not Available]|[Not Applicable]|[Not Evaluated]|未知|不详|缺失|未做|未测|未查|"
    "#DIV/0!|#REF!|#VALUE!|#NAME?|#NUM!|#NULL!"
)
"""Cells that mean "not known", after blanks around them (also the wide ones) are taken off.

Not in it, because they can be a level: "unknown", "none", "无" (absent), "ND", and numbers that
stand for missing (9, 99, -1)."""

_TELL = frozenset(w for w in MISSING if w.startswith("#") and w != "#N/A") | {"None"}
"""Missing words that a reader should hear of: spreadsheet errors, and one that could be a level."""

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_IN_NUMBERS = b"0123456789+-.eE\0"
# 007 is a code and not 7.
_LEADING_ZERO = re.compile(r"(?:^|\0)[+-]?0[0-9]")
_MANY_DIGITS = re.compile(r"(?:^|\0)[+-]?[0-9]{16}")
_COMMAS = re.compile(r"[+-]?[0-9.,]*,[0-9.,]*")
_THOUSANDS = re.compile(r"[+-]?[1-9][0-9]{0,2},[0-9]{3}|[+-]?[0-9]+")
_DATE = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
_MAX_DECIMALS = 4


@dataclass(frozen=True, eq=False)
class _Column:
    values: np.ndarray
    variable: Variable
    notes: tuple[Note, ...] = ()


def convert(
    names: Sequence[str],
    columns: Sequence[Cells],
    *,
    decimal_comma: bool = False,
    line: Callable[[int], int] = lambda index: index + 2,
) -> tuple[pd.DataFrame, dict[str, Variable], tuple[Note, ...]]:
    """Turn columns of text into a frame with its dictionary.

    Parameters
    ----------
    names : sequence of str
    columns : sequence of Cells
        One per name.
    decimal_comma : bool
        Whether ``1,5`` may be a number: only where the comma does not separate columns.
    line : callable
        Line of the file that a row was read from, for the notes.

    Returns
    -------
    frame : pandas.DataFrame
        float64 with NaN, or object with None.
    variables : dict of str to Variable
    notes : tuple of Note

    Examples
    --------
    >>> columns = [Cells.of(["61.5", "NA"]), Cells.of(["A", " B "])]
    >>> frame, variables, _ = convert(["age", "arm"], columns)
    >>> frame["arm"].tolist(), variables["age"].kind, variables["age"].decimals
    (['A', 'B'], 'number', 1)
    """
    made = {
        name: _numbers(name, cells) or _words(name, cells, decimal_comma, line)
        for name, cells in zip(names, columns, strict=True)
    }
    frame = pd.DataFrame({name: column.values for name, column in made.items()})
    commas = [n for n, c in made.items() if any(note.about == "decimal comma" for note in c.notes)]
    notes = [note for c in made.values() for note in c.notes if note.about != "decimal comma"]
    if commas:
        listed = ", ".join(f"'{n}'" for n in commas[:5]) + (", ..." if commas[5:] else "")
        notes.insert(0, info("numbers", f"Decimal commas were read in {listed}: 1,5 is 1.5."))
    return frame, {name: c.variable for name, c in made.items()}, tuple(notes)


def is_number(cell: str) -> bool:
    """Whether a cell is a finite number, written plainly: no hex, underscores, inf or nan.

    Examples
    --------
    >>> [is_number(c) for c in ("-1.5e3", "1_000", "inf", "0x1F", "1,5")]
    [True, False, False, False, False]
    """
    return _NUMBER.fullmatch(cell) is not None and abs(float(cell)) < float("inf")


def number_at_fault(dataset: Dataset, column: str) -> int | None:
    """Line of the first cell of a text column that is no number.

    Returns
    -------
    int or None
        None when every cell that is present could be read as a number, as in a column of codes
        with leading zeros, or when the column holds numbers.
    """
    values = dataset.frame[column]
    if values.dtype != object:
        return None
    for index, cell in enumerate(values):
        if cell is not None and not is_number(cell):
            return dataset.row_number(index)
    return None


def _numbers(name: str, cells: Cells) -> _Column | None:
    """Read a column of numbers and plain missing words; None when it holds anything else."""
    values: list[np.ndarray] = []
    told = Counter[str]()
    for block in cells.blocks:
        words = block.split(SEPARATOR)
        found = _floats(words, block)
        if found is None:
            present = [w for w in words if w not in MISSING]
            some = _floats(present, SEPARATOR.join(present))
            if some is None or len(present) == len(words):
                return None
            told.update(w for w in words if w in _TELL)
            found = np.full(len(words), np.nan)
            found[[w not in MISSING for w in words]] = some
        values.append(found)
    joined = np.concatenate(values)
    if np.isnan(joined).all():
        return None
    variable = Variable(name, kind="number", decimals=_decimals(joined))
    return _Column(joined, variable, _missing_notes(name, told))


def _words(name: str, cells: Cells, comma: bool, line: Callable[[int], int]) -> _Column:
    """Look at each different cell once: what is left are words, and numbers among blanks."""
    counts = Counter[str]()
    for block in cells.blocks:
        counts.update(block.split(SEPARATOR))
    meant: dict[str, str | None] = {}
    for raw in counts:
        word = raw.strip()
        meant[raw] = None if word in MISSING else word
    present = list(dict.fromkeys(w for w in meant.values() if w is not None))
    told = {raw: counts[raw] for raw, word in meant.items() if word is None}
    notes = _missing_notes(name, told)
    if comma and _has_decimal_commas(present):
        notes = (*notes, _comma_note(name, all(map(_THOUSANDS.fullmatch, present))))
        meant = {raw: word and word.replace(",", ".") for raw, word in meant.items()}
        present = [word.replace(",", ".") for word in present]
    if present and _floats(present, SEPARATOR.join(present)) is not None:
        table = {raw: np.nan if word is None else float(word) for raw, word in meant.items()}
        numbers = np.fromiter(map(table.__getitem__, cells), dtype=float)
        return _Column(numbers, Variable(name, kind="number", decimals=_decimals(numbers)), notes)
    n = counts.total()
    kind = _kind(present, n - sum(told.values()))
    if kind in ("category", "text"):
        notes = (*notes, *_number_notes(name, cells, counts, meant, line))
    values = np.empty(n, dtype=object)
    values[:] = list(map(meant.__getitem__, cells))
    return _Column(values, Variable(name, kind=kind), notes)


def _floats(words: list[str], block: str) -> np.ndarray | None:
    """Exact values of words that all are numbers; float() is strict once letters are ruled out."""
    # Take away what numbers are made of: this is ten times as fast as a regular expression.
    if block.encode("utf-8", "replace").translate(None, _IN_NUMBERS):
        return None
    try:
        values = np.array(list(map(float, words)), dtype=float)
    except ValueError:
        return None
    if not np.isfinite(values).all() or _LEADING_ZERO.search(block):
        return None
    # More digits than a float holds are a code as well: rounding would make patients equal.
    large = np.abs(values).max(initial=0.0) >= 1e15
    return None if large and _MANY_DIGITS.search(block) else values


def _has_decimal_commas(present: list[str]) -> bool:
    if any("." in w for w in present) or not any("," in w for w in present):
        return False
    points = [w.replace(",", ".") for w in present]
    return _floats(points, SEPARATOR.join(points)) is not None


def _comma_note(name: str, doubt: bool) -> Note:
    if not doubt:
        return info("decimal comma", name)
    text = f"'{name}' was read with decimal commas (1,234 as 1.234). "
    return warning(name, text + "If the commas separate thousands, take them out of the file.")


def _decimals(values: np.ndarray) -> int:
    """Decimals that give back every value; a zero at the end (72.0) says nothing."""
    present = values[~np.isnan(values)]
    with np.errstate(over="ignore", invalid="ignore"):
        for n in range(_MAX_DECIMALS):
            if np.array_equal(np.round(present, n), present):
                return n
    return _MAX_DECIMALS


def _kind(present: list[str], n: int) -> Kind:
    if present and all(map(_is_date, present)):
        return "date"
    # More levels than anybody would draw: names, addresses, comments, identifiers.
    return "text" if not present or len(present) > max(20, min(n / 2, 100)) else "category"


def _is_date(word: str) -> bool:
    found = _DATE.fullmatch(word)
    if found is None:
        return False
    try:
        date.fromisoformat(found.group(1))
    except ValueError:
        return False
    return True


def _missing_notes(name: str, missing: Mapping[str, int]) -> tuple[Note, ...]:
    told = Counter[str]()
    for raw, n in missing.items():
        if (word := raw.strip()) in _TELL:
            told[word] += n
    return tuple(
        warning(name, f"{n} cells of '{name}' that say {word} were read as missing.")
        for word, n in told.items()
    )


def _number_notes(
    name: str,
    cells: Cells,
    counts: Counter[str],
    meant: dict[str, str | None],
    line: Callable[[int], int],
) -> list[Note]:
    """Say when a column that stays text looks as if it was to hold numbers."""
    numbers, commas, others = 0, 0, set[str]()
    for raw, word in meant.items():
        if word is None:
            continue
        if is_number(word):
            numbers += counts[raw]
        else:
            others.add(raw)
            commas += counts[raw] if _COMMAS.fullmatch(word) else 0
    n_others = sum(counts[raw] for raw in others)
    if commas and commas == n_others:
        text = f"'{name}' has commas in its numbers, which can be decimals or thousands: "
        return [warning(name, text + "it is kept as text. Write decimal points throughout.")]
    if numbers <= n_others or not others:
        return []
    first = line(next(i for i, cell in enumerate(cells) if cell in others))
    which = f"line {first}" if n_others == 1 else f"{n_others} lines, the first of them {first},"
    text = f"'{name}' holds numbers, but {which} has something else: it is kept as text."
    return [warning(name, text.replace(", has", ", have"))]
