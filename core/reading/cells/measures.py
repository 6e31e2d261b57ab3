"""A column of words that are numbers with something around them: signs, limits, units, odd cells.

Everything is decided for the column as a whole. Where the cells allow two readings the column is
kept as text and the user is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from core.notes import Note, Question, counted, were
from core.reading.cells import signs
from core.reading.cells.column import FEW, Column, Reading, promising
from core.reading.cells.numerals import Written, is_number, parse, stated_unit
from core.spec import shortest

_MOST_CODES = 20
_PLAIN_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")


def read(column: Column) -> Reading | None:
    """Read a column as numbers.

    Returns
    -------
    Reading or None
        None when it is no column of numbers; a reading of kind "text" when it is one that must
        be asked about.
    """
    forced = column.said("number")
    solid = column.solid
    if forced is None and not promising(solid, parse):
        return None
    found = {w: one for w in solid if (one := parse(w)) is not None}
    coded = any(one.code for one in found.values())
    if forced is None and (coded or not _enough(column, found, solid)):
        return _short_of(column, solid, found) if found and not coded else None
    style = forced if forced in ("comma", "point") else signs.style_of(column, found)
    if style in ("mixed", "unknown"):
        return signs.undecided(column, found, mixed=style == "mixed")
    numbers = {w: one for w, one in found.items() if one.value(style) is not None}
    grades = _grades(column, numbers)
    if grades is not None:
        return grades
    return _assembled(column, numbers, style, forced=forced is not None)


def _enough(column: Column, found: Mapping[str, Written], solid: list[str]) -> bool:
    """Whether the cells that are no numbers can be left out."""
    if not column.enough(list(found), solid):
        return False
    odd = [w for w in solid if w not in found]
    codes = len(solid) <= _MOST_CODES and all(
        one.point is not None and one.point.is_integer() for one in found.values()
    )
    # The clusters 1, 2, 3, 4ER+, 4ER-, 5: a word that comes again is a level like the others.
    return not (odd and codes and column.total(odd) >= 3 * len(odd))


def _grades(column: Column, numbers: Mapping[str, Written]) -> Reading | None:
    """Keep 0, 1, 2, ≥3 as categories: its last level is no number that was cut off."""
    limits = [w for w, one in numbers.items() if one.limit]
    if limits and len(limits) == len(numbers) and column.said("limit") is None:
        # Two halves, as in "<50" and ">=50", are no measurements.
        return Reading("category", {w: w for w in column.counts})
    said = column.said("limit")
    if not limits or (said or "text") != "text":
        return None
    plain = [w for w in numbers if w not in limits]
    low = all(
        one.point is not None and one.point == int(one.point) and 0 <= one.point <= 11
        for one in numbers.values()
    )
    many = column.total(plain) >= column.total(limits) and len(plain) > 1
    if said is None and many and not low:
        return None
    choices = [
        ("they are groups", (column.step("limit", "text"),)),
        ("take the number behind the sign", (column.step("limit", "value"),)),
        ("they are missing", (column.step("limit", "missing"),)),
    ]
    text = f"What are the cells of '{column.name}' that begin with < or >?"
    kept = {w: w for w in column.counts}
    asked = () if said else (column.ask(text, choices, limits),)
    return Reading("category", kept, questions=asked)


def _assembled(
    column: Column, numbers: Mapping[str, Written], style: str, *, forced: bool
) -> Reading:
    """Put the numbers together, with a note and a question for everything that was decided."""
    kept, unit, notes, questions = _units(column, numbers, style, forced=forced)
    if not kept:
        return _kept_text(column, notes, questions)
    values: dict[str, float | str | None] = {w: one.value(style) for w, one in kept.items()}
    if limits := [w for w, one in kept.items() if one.limit]:
        _limits(column, limits, values, notes, questions)
    odd = [w for w in column.counts if w not in numbers]
    notes += column.left_out("number", odd)
    solid = set(column.solid)
    strange = [w for w in odd if w in solid]
    if strange and not forced:
        choices = [
            ("they are missing", (column.step("number", style),)),
            ("keep the whole column as text", (column.step("text"),)),
        ]
        text = f"'{column.name}' was read as numbers. What are the other cells?"
        questions.append(column.ask(text, choices, strange))
    notes += _rewritten(column, kept, values)
    sure, needs = signs.told(column, kept, style, notes, questions, forced=forced)
    return Reading("number", values, unit, tuple(notes), tuple(questions), tells=sure, needs=needs)


def _units(
    column: Column, numbers: Mapping[str, Written], style: str, *, forced: bool
) -> tuple[dict[str, Written], str, list[Note], list[Question]]:
    """Choose the cells whose number has the column's unit; none when units differ."""
    units = list(dict.fromkeys(one.unit for one in numbers.values() if one.unit))
    if not units:
        return dict(numbers), "", [], []
    # Nothing is 0 in every unit.
    bare = [w for w, one in numbers.items() if not one.unit and one.point != 0]
    stated = stated_unit(column.name, column.unit)
    same = len(units) == 1 and stated in ("", units[0])
    if same and (stated or not bare):
        text = f"The unit {units[0]} in the cells of '{column.name}' was taken off."
        cells = [w for w, one in numbers.items() if one.unit]
        note = column.note(text, cells, read=lambda w: shortest(numbers[w].value(style) or 0.0))
        return dict(numbers), units[0], [note], []
    by_unit = {u: [w for w, one in numbers.items() if one.unit == u] for u in units}
    most = stated if stated in by_unit else max(units, key=lambda u: column.total(by_unit[u]))
    others = [w for w, one in numbers.items() if one.unit not in ("", most)]
    kept = {w: one for w, one in numbers.items() if w not in others}
    if forced:
        text = f"'{column.name}' was read in {most}; cells in other units are missing."
        note = column.note(text, others, level="warning")
        return kept, most, [note] if others else [], []
    text = f"Cells of '{column.name}' have different units, or a unit where others have none"
    with_unit = [w for w, one in numbers.items() if one.unit]
    lost = f"; {counted(column.total(others), 'cell')} in other units will be missing"
    lost = lost if others else ""
    force = (f"all of it is in {most}{lost}", (column.step("number", style),))
    if len(bare) > FEW and column.total(bare) >= 3 * column.total(with_unit):
        plain = {w: one for w, one in numbers.items() if not one.unit}
        note = column.note(f"{text}: these are missing.", with_unit, level="warning")
        choices = [
            ("the cells with a unit are missing", (column.step("missing", *with_unit),)),
            force,
        ]
        return plain, "", [note], [column.ask(f"{text}.", choices, with_unit)]
    note = column.note(
        f"{text}: it is kept as text.", with_unit, level="warning", section="suspect"
    )
    choices = [("keep the cells as text", (column.step("text"),)), force]
    return {}, "", [note], [column.ask(f"{text}.", choices, with_unit, needed=True)]


def _limits(
    column: Column,
    limits: list[str],
    values: dict[str, float | str | None],
    notes: list[Note],
    questions: list[Question],
) -> None:
    """Take the number behind a < or >, unless the user wants it otherwise."""
    said = column.said("limit")
    name, n = column.name, column.total(limits)
    if said == "missing":
        for word in limits:
            values[word] = None
        text = f"{counted(n, 'cell')} of '{name}' with < or > {were(n)} read as missing."
        notes.append(column.note(text, limits))
        return
    text = f"{counted(n, 'cell')} of '{name}' with < or > {were(n)} read as the number behind the "
    text += "sign."
    shown = dict(values)
    notes.append(
        column.note(text, limits, level="warning", read=lambda w: shortest(_float(shown[w])))
    )
    if said is None:
        choices = [
            ("take the number behind the sign", (column.step("limit", "value"),)),
            ("they are missing", (column.step("limit", "missing"),)),
            ("keep the whole column as text", (column.step("limit", "text"),)),
        ]
        asked = f"What are the cells of '{name}' that begin with < or >?"
        questions.append(column.ask(asked, choices, limits))


def _rewritten(
    column: Column, kept: Mapping[str, Written], values: Mapping[str, float | str | None]
) -> list[Note]:
    """Tell of thousands, units, full-width digits and the like; decimal commas have their own."""
    changed = [
        w
        for w, one in kept.items()
        if not one.limit and not one.unit and not _PLAIN_COMMA.fullmatch(w) and not is_number(w)
    ]
    if not changed:
        return []
    n = column.total(changed)
    text = f"{counted(n, 'cell')} of '{column.name}' {were(n)} written with more than a plain "
    text += "number."
    return [column.note(text, changed, read=lambda w: shortest(_float(values[w])))]


def _float(value: float | str | None) -> float:
    return value if isinstance(value, float) else 0.0


def _kept_text(column: Column, notes: list[Note], questions: list[Question]) -> Reading:
    kept = {w: w for w in column.counts}
    return Reading("text", kept, notes=tuple(notes), questions=tuple(questions))


def _short_of(column: Column, solid: list[str], found: Mapping[str, Written]) -> Reading | None:
    """Say of a column that stays text that most of its cells are numbers."""
    odd = [w for w in solid if w not in found or found[w].limit]
    if 2 * column.total(odd) >= column.total(solid):
        return None
    lines = column.lines(odd)
    which = (
        f"line {lines[0]} has"
        if column.total(odd) == 1
        else (f"{column.total(odd)} lines, the first of them {lines[0]}, have")
    )
    text = f"'{column.name}' holds numbers, but {which} something else: it is kept as text."
    style = signs.style_of(column, found)
    sign = style if style in signs.OTHER else "point"
    choices = [
        ("keep the cells as text", (column.step("text"),)),
        ("read numbers; the other cells are missing", (column.step("number", sign),)),
    ]
    asked = column.ask(f"Does '{column.name}' hold numbers?", choices, odd)
    note = column.note(text, odd, level="warning", section="suspect")
    return Reading("category", {w: w for w in column.counts}, notes=(note,), questions=(asked,))
