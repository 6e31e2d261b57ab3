"""Columns of text -> numbers, categories, dates and free text.

A column that holds nothing but plain numbers and missing words goes the quick road. Any other is
looked at word by word: `dated` and `measures` say whether it holds dates or numbers, and what is
left are words. No cell is mended in silence, and what has two readings becomes a question.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import pandas as pd

from core.dataset import Dataset, Variable
from core.errors import SpecError
from core.notes import Note, Question, counted, listed, were
from core.reading.cells import levels, plain, sentinels, serials, signs, wordwise
from core.reading.cells.column import COMMA, Evidence, Made
from core.reading.cells.missing import MISSING
from core.reading.cells.numerals import is_number
from core.reading.packed import Cells
from core.reading.table import Table, Tell, nobody
from core.spec import shortest
from core.steps import Recipe

_GROUPED = re.compile(r"(?:[+-]?(?:[1-9][0-9]{0,2}\.[0-9]{3}|[0-9]{1,3}))?")
_ANSWERS = {
    "date": ("dmy", "mdy", "ymd", "serial", "serial1904"),
    "number": ("", "comma", "point"),
    "limit": ("value", "missing", "text"),
}
_BY_WORD = ("text", "category", "order", "level", "merge")
"""Steps that take the words of a column one by one: not on the quick road."""


class Converted(NamedTuple):
    """What became of a table.

    Attributes
    ----------
    frame : pandas.DataFrame
        float64 with NaN, or object with None.
    variables : dict of str to Variable
    notes : tuple of Note
    questions : tuple of Question
    """

    frame: pd.DataFrame
    variables: dict[str, Variable]
    notes: tuple[Note, ...]
    questions: tuple[Question, ...]


def convert(table: Table, recipe: Recipe | None = None, *, tell: Tell = nobody) -> Converted:
    """Turn the cells of a table into a frame with its dictionary.

    Parameters
    ----------
    table : Table
    recipe : Recipe
        What the user has decided; a step about a word that does not occur changes nothing.
    tell : callable, optional
        Is told what share of the columns is done.

    Raises
    ------
    SpecError
        If a step gives an answer that there is not, or ``order`` names other levels than the
        column has.

    Examples
    --------
    >>> columns = [Cells.of(["61.5", "NA"]), Cells.of(["A", " B "]), Cells.of(["1.4.18", "NA"])]
    >>> made = convert(Table(("age", "arm", "seen"), columns))
    >>> made.frame["arm"].tolist(), made.frame["seen"].tolist()
    (['A', 'B'], ['2018-04-01', None])
    >>> [(v.kind, v.decimals) for v in made.variables.values()]
    [('number', 1), ('category', 0), ('date', 0)]
    """
    steps = recipe or Recipe()
    _check(steps)
    made: dict[str, Made] = {}
    for i, name in enumerate(table.header):
        tell(i / len(table.header))
        made[name] = _column(table, i, steps, Evidence())
    evidence = _evidence([column.tells for column in made.values()])
    for i, name in enumerate(table.header):
        if getattr(evidence, made[name].needs or "none", ""):
            made[name] = _column(table, i, steps, evidence)
    notes = [note for column in made.values() for note in column.notes]
    return Converted(
        pd.DataFrame({name: column.values for name, column in made.items()}),
        {name: column.variable for name, column in made.items()},
        (*_file_notes(made.values(), notes), *(n for n in notes if n.text != COMMA)),
        tuple(q for column in made.values() for q in column.questions),
    )


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


def _check(recipe: Recipe) -> None:
    """Refuse an answer that does not exist, before it is passed over in silence."""
    for step in recipe.steps:
        said = (step.rest or ("",))[0]
        known = _ANSWERS.get(step.verb)
        if step.verb == "century" and not re.fullmatch(r"[12][0-9]{3}", said):
            known = ("1900", "1930", "2000")
        if known is not None and said not in known:
            raise SpecError(
                "clean",
                f"The cleaning step '{step}' cannot be carried out",
                f"Behind the column, write one of: {', '.join(filter(None, known))}",
            )


def _evidence(told: Sequence[str]) -> Evidence:
    """Take what columns agree on; where they differ, nothing is evidence."""
    decimal, order = ({*told} & {"comma", "point"}), ({*told} & {"dmy", "mdy"})
    return Evidence(
        decimal.pop() if len(decimal) == 1 else "", order.pop() if len(order) == 1 else ""
    )


def _column(table: Table, index: int, recipe: Recipe, evidence: Evidence) -> Made:
    """Make one column: the quick road, or word by word; then the file's own dictionary."""
    name, cells = table.header[index], table.columns[index]
    by_word = any(recipe.of(verb, name) for verb in _BY_WORD)
    made = None
    if isinstance(cells, np.ndarray):
        numbers = np.asarray(cells, dtype=float)
        cells = Cells.of(
            ["" if x != x else shortest(x) for x in numbers.tolist()] if by_word else []
        )
        made = None if by_word else Made(numbers, _number(name, numbers))
    elif not by_word and name not in table.codes:
        made = plain.numbers(name, cells)
    if made is not None:
        made = _settled(table, index, made, recipe, evidence)
    elif isinstance(cells, Cells) and name not in table.codes and not _is_decided(recipe, name):
        made = plain.with_commas(name, cells, table.delimiter)
    if made is None:
        made = wordwise.read(table, index, cells, recipe, evidence=evidence)
    variable = replace(
        made.variable,
        label=table.labels.get(name, ""),
        unit=made.variable.unit or table.units.get(name, ""),
        codes=table.codes.get(name, ()),
    )
    return replace(made, variable=_with_levels(table, variable, made.values, recipe))


def _is_decided(recipe: Recipe, name: str) -> bool:
    return any(step.column == name for step in recipe.steps)


def _number(name: str, values: np.ndarray) -> Variable:
    return Variable(name, kind="number", decimals=wordwise.decimals(values))


def _with_levels(table: Table, variable: Variable, values: np.ndarray, recipe: Recipe) -> Variable:
    """Give a category the order that the user or the file states."""
    name, steps = variable.name, recipe.of("order", variable.name)
    # Words that a later step puts for codes are put in order there.
    wanted = steps[-1].rest if steps and not recipe.of("recode", name) else ()
    listed = [word for _, word in variable.codes] or table.levels.get(name, ())
    if not wanted and (variable.kind != "category" or not listed):
        return variable
    present = {value for value in values if isinstance(value, str)}
    if wanted:
        return replace(variable, kind="category", levels=levels.order(name, present, wanted))
    kept = tuple(dict.fromkeys(w.strip() for w in listed if w.strip() in present))
    return replace(variable, levels=(*kept, *sorted(present - set(kept))))


def _settled(
    table: Table, index: int, made: Made, recipe: Recipe, evidence: Evidence
) -> Made | None:
    """Finish a column of plain numbers; None when it must be looked at word by word."""
    name, cells = table.header[index], table.columns[index]
    values = made.values
    typed = isinstance(cells, np.ndarray)
    style = recipe.said("number", name)
    doubt = not typed and _is_grouped(cells)
    if doubt and _part_thousands(cells, style or evidence.decimal, table.delimiter):
        return None
    if gone := list(map(_as_float, recipe.words("missing", name))):
        values = np.where(np.isin(values, gone), np.nan, values)
        n = int(np.isnan(values).sum() - np.isnan(made.values).sum())
        text = f"{counted(n, 'cell')} of '{name}' {were(n)} read as missing, as you said."
        note = (Note("info", name, text, "changed", n),) if n else ()
        made = replace(
            made, values=values, variable=_number(name, values), notes=(*made.notes, *note)
        )
    serial = serials.read(name, values, recipe, typed=typed, line=table.line)
    if serial is not None:
        return replace(serial, notes=(*made.notes, *serial.notes), missing=made.missing)
    tells = "point" if made.variable.decimals and not doubt and not typed else ""
    needs = "decimal" if doubt and not style else ""
    asked = sentinels.questions(name, values, recipe)
    return replace(made, questions=asked, tells=tells, needs=needs)


def _as_float(word: str) -> float:
    return float(word) if is_number(word) else np.nan


def _is_grouped(cells: Cells | np.ndarray) -> bool:
    """Whether there are points, all before three digits, where they could part thousands."""
    if isinstance(cells, np.ndarray) or not any("." in block for block in cells.blocks):
        return False
    return all(_GROUPED.fullmatch(cell) or cell in MISSING for cell in cells)


def _part_thousands(cells: Cells | np.ndarray, decimal: str, delimiter: str) -> bool:
    """Whether they may do so, as far as the file or the user has shown the decimal sign."""
    words = {w for w in cells if w not in MISSING}
    grouped = [w for w in words if "." in w]
    return decimal == "comma" or (not decimal and signs.thousands(grouped, words, delimiter))


def _file_notes(made: Iterable[Made], notes: Iterable[Note]) -> list[Note]:
    """Sum up what happened in many columns: decimal commas, and words read as missing."""
    found = []
    commas = {note.about: note.n for note in notes if note.text == COMMA}
    if commas:
        text = f"Decimal commas were read in {listed(list(commas))}: 1,5 is 1.5."
        found.append(Note("info", "numbers", text, "changed", sum(commas.values())))
    words = Counter[str]()
    columns = 0
    for column in made:
        told = {w: n for raw, n in column.missing.items() if (w := raw.strip())}
        words.update(told)
        columns += bool(told)
    if words:
        n = words.total()
        text = f"{counted(n, 'cell')} with a word for 'not known' (such as NA), in "
        text += f"{counted(columns, 'column')}, {'is' if n == 1 else 'are'} missing."
        shown = tuple((w, "") for w, _ in words.most_common(3))
        found.append(Note("info", "file", text, "changed", n, examples=shown))
    return found
