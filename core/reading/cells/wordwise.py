"""Columns of words: each different cell is looked at once, and the column is decided as a whole."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from core.dataset import Kind, Variable
from core.notes import Note, Question, counted, were
from core.reading.cells import dated, levels, measures, sentinels
from core.reading.cells.column import Column, Evidence, Made, Reading
from core.reading.cells.missing import DOUBTFUL, is_hard, is_negative_sign, told_notes
from core.reading.cells.numerals import is_number, parse
from core.reading.packed import SEPARATOR, Cells
from core.reading.table import Table
from core.spec import shortest
from core.steps import Recipe

_MAX_DECIMALS = 4
_MINUS = frozenset(("-", "\uff0d", "\u2212"))
_ASKED = frozenset(("None", "?", "/", "NP"))


def read(table: Table, index: int, cells: Cells, recipe: Recipe, *, evidence: Evidence) -> Made:
    """Make a column of its different cells.

    Parameters
    ----------
    table : Table
    index : int
        Which of its columns.
    cells : Cells
        The cells, also where the table holds the column as numbers.
    recipe : Recipe
    evidence : Evidence
        What the other columns of the file tell.

    Examples
    --------
    >>> cells = Cells.of(["12 mo", "3 months", ""])
    >>> made = read(Table(("pfs",), [cells]), 0, cells, Recipe(), evidence=Evidence())
    >>> made.values.tolist(), made.variable.unit
    ([12.0, 3.0, nan], 'months')
    """
    column, missing = _looked_at(table, index, cells, recipe, evidence)
    coded = column.name in table.codes
    reading = _reading(column, coded=coded)
    notes = told_notes(column.name, missing) + _as_said(column, missing) + _merged(column)
    made = _made(column, reading or Reading("category", {w: w for w in column.counts}))
    questions = list(made.questions)
    if made.variable.kind == "category":
        questions += levels.questions(column) + _doubtful(column, missing)
    hard = {raw: n for raw, n in missing.items() if is_hard(raw.strip())}
    return replace(made, notes=(*notes, *made.notes), questions=tuple(questions), missing=hard)


def _looked_at(
    table: Table, index: int, cells: Cells, recipe: Recipe, evidence: Evidence
) -> tuple[Column, dict[str, int]]:
    """Find the word of each different cell; also return the missing ones with their counts."""
    name = table.header[index]
    counts = Counter[str]()
    for block in cells.blocks:
        counts.update(block.split(SEPARATOR))
    kept, lost = recipe.words("level", name), recipe.words("missing", name)
    lost |= {shortest(float(w)) for w in lost if is_number(w)}
    spelled = _spellings(recipe, name)
    bare = {raw: raw.strip() for raw in counts}
    if name in table.codes:
        kept |= DOUBTFUL
    elif _MINUS & set(bare.values()) and is_negative_sign(set(bare.values())):
        kept |= _MINUS
    meant: dict[str, str | None] = {}
    words = Counter[str]()
    missing: dict[str, int] = {}
    for raw, n in counts.items():
        word = spelled.get(bare[raw], bare[raw])
        if _is_lost(word, lost) or (is_hard(word) and word not in kept):
            meant[raw] = None
            missing[raw] = n
        else:
            meant[raw] = word
            words[word] += n
    return (
        Column(
            name,
            cells,
            meant,
            words,
            table.line,
            recipe,
            unit=table.units.get(name, ""),
            delimiter=table.delimiter,
            decimal=evidence.decimal,
            order=evidence.order,
        ),
        missing,
    )


def _spellings(recipe: Recipe, name: str) -> dict[str, str]:
    """The level that each spelling stands for, as the user said."""
    return {w: s.rest[-1] for s in recipe.of("merge", name) for w in s.rest[:-1] if s.rest}


def _merged(column: Column) -> tuple[Note, ...]:
    """Say how many cells got the spelling of another level."""
    spelled = _spellings(column.recipe, column.name)
    if not spelled:
        return ()
    n = sum(cell.strip() in spelled for cell in column.cells)
    text = f"{counted(n, 'cell')} of '{column.name}' {were(n)} merged with another spelling."
    shown = tuple(list(spelled.items())[:3])
    return (Note("info", column.name, text, "changed", n, examples=shown),)


def _is_lost(word: str, lost: set[str]) -> bool:
    if not lost:
        return False
    return word in lost or (is_number(word) and shortest(float(word)) in lost)


def _reading(column: Column, *, coded: bool) -> Reading | None:
    """Ask for dates, then for numbers; a step decides, and value labels are words."""
    if any(column.said(verb) is not None for verb in ("text", "category", "order")):
        return _plain_words(column)
    if column.said("number") is not None:
        return measures.read(column)
    if coded and column.said("date") is None:
        return None
    return dated.read(column) or measures.read(column)


def _plain_words(column: Column) -> Reading:
    """Keep words; 1, 1.0 and 01 of a category are one level unless zeros make them codes."""
    values: dict[str, float | str | None] = {w: w for w in column.counts}
    found = [parse(w) for w in values]
    if column.said("text") is None and all(map(is_number, values)):
        if not any(one is not None and one.code for one in found):
            values = {w: shortest(float(w)) for w in values}
        return Reading("category", values)
    return Reading("category", values)


def _made(column: Column, reading: Reading) -> Made:
    """Put the value of its word in place of every cell."""
    name = column.name
    raw = {r: None if w is None else reading.values.get(w) for r, w in column.meant.items()}
    questions = reading.questions
    if reading.kind == "number":
        table = {r: np.nan if v is None else float(v) for r, v in raw.items()}
        values = np.fromiter(map(table.__getitem__, column.cells), dtype=float)
        variable = Variable(name, kind="number", decimals=decimals(values), unit=reading.unit)
        questions += sentinels.questions(name, values, column.recipe)
    else:
        values = np.array([raw[cell] for cell in column.cells] or [None], dtype=object)
        variable = Variable(name, kind=_kind(column, reading))
    return Made(values, variable, reading.notes, questions, reading.tells, reading.needs)


def _kind(column: Column, reading: Reading) -> Kind:
    if reading.kind != "category":
        return reading.kind
    if any(column.said(verb) is not None for verb in ("category", "order")):
        return "category"
    n, different = sum(column.counts.values()), len(set(reading.values.values()))
    # More levels than anybody would draw: names, addresses, comments, identifiers.
    return "text" if not different or different > max(20, min(n / 2, 100)) else "category"


def decimals(values: np.ndarray) -> int:
    """Decimals that give back every value; a zero at the end (72.0) says nothing.

    Examples
    --------
    >>> decimals(np.array([72.0, np.nan])), decimals(np.array([1.15, 0.285]))
    (0, 3)
    """
    present = values[~np.isnan(values)]
    with np.errstate(over="ignore", invalid="ignore"):
        for n in range(_MAX_DECIMALS):
            if np.array_equal(np.round(present, n), present):
                return n
    return _MAX_DECIMALS


def _as_said(column: Column, missing: Mapping[str, int]) -> tuple[Note, ...]:
    """Tell how many cells the user's own missing words took away."""
    said = column.recipe.words("missing", column.name)
    n = sum(missing[raw] for raw in missing if not is_hard(raw.strip()))
    if not said or not n:
        return ()
    text = f"{counted(n, 'cell')} of '{column.name}' {were(n)} read as missing, as you said."
    return (Note("info", column.name, text, "changed", n),)


def _doubtful(column: Column, missing: Mapping[str, int]) -> list[Question]:
    """Ask about words that were read as missing and may be levels."""
    words = list(dict.fromkeys(w for raw in missing if (w := raw.strip()) in _ASKED))
    said = column.recipe.words("missing", column.name)
    if not words or not column.counts or said & set(words):
        return []
    listed = " and ".join(f"'{w}'" for w in words)
    choices = [
        ("it means that the value is not known", (column.step("missing", *words),)),
        ("it is a level of its own", (column.step("level", *words),)),
    ]
    text = f"What {'does' if len(words) == 1 else 'do'} {listed} in '{column.name}' mean?"
    return [column.ask(text, choices, words)]
