"""The decimal sign of a column: decided by all its cells, by the other columns, or asked."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from core.notes import Note, Question, counted
from core.reading.cells.column import COMMA, Column, Reading
from core.reading.cells.numerals import Written

_IN_WORDS = {"comma": "a comma", "point": "a point"}
_MANY = 20
OTHER = {"comma": "point", "point": "comma"}


def style_of(column: Column, found: Mapping[str, Written]) -> str:
    """Find the decimal sign that all cells agree with, or say why there is none.

    Returns
    -------
    {"point", "comma", "mixed", "unknown"}
        ``mixed`` where no sign fits all cells, ``unknown`` where both do and differ.
    """
    point = [w for w, one in found.items() if one.comma is None]
    comma = [w for w, one in found.items() if one.point is None]
    if point and comma:
        return "mixed"
    if point or comma:
        return "point" if point else "comma"
    doubt = [w for w, one in found.items() if one.point != one.comma]
    commas = [w for w in doubt if "," in w]
    if not commas:
        return _of_points(column, found, doubt)
    if len(commas) < len(doubt):
        return "mixed"
    return column.decimal or ("comma" if column.delimiter == ";" else "unknown")


def _of_points(column: Column, found: Mapping[str, Written], doubt: list[str]) -> str:
    """Tell what the points stand for where all of them can part thousands."""
    if column.decimal == "comma":
        return "unknown" if doubt else "point"  # 1.234 is probably 1234, and nobody knows
    asked = not column.decimal and thousands(doubt, found, column.delimiter)
    return "unknown" if asked else "point"


def thousands(grouped: Collection[str], words: Collection[str], delimiter: str) -> bool:
    """Whether points before three digits may part thousands, for want of other evidence.

    Parameters
    ----------
    grouped : collection of str
        The numbers in which every point stands before three digits.
    words : collection of str
        All different numbers of the column.
    delimiter : str
        A semicolon is what programs with decimal commas write between columns.

    Examples
    --------
    >>> thousands(["1.810"], ["1.810", "712"], ","), thousands(["1.81"], ["1.81", "712"], ",")
    (True, False)
    """
    if not grouped or delimiter == ";":
        return bool(grouped)
    # Three decimals throughout would be 712.000, and the last of them is sometimes left out.
    return len(grouped) < len(words) and (
        len(grouped) >= _MANY or any(w.endswith("0") for w in grouped)
    )


def undecided(column: Column, found: Mapping[str, Written], *, mixed: bool) -> Reading:
    """Keep a column as text because its numbers mean two things; the question is needed."""
    commas = [w for w, one in found.items() if one.point != one.comma and one.comma is not None]
    points = [w for w, one in found.items() if one.point != one.comma and w not in commas]
    shown = [*commas[:2], *points[:2]]
    name = column.name
    sign = "commas" if any("," in w for w in shown) else "points"
    text = f"'{name}' has {sign} in its numbers, which can be decimals or thousands: "
    note = column.note(text + "it is kept as text.", shown, level="warning", section="suspect")
    choices = [("keep the cells as text", (column.step("text"),))]
    for style in ("comma", "point"):
        n = column.total([w for w, one in found.items() if one.value(style) is None])
        lost = f"; {counted(n, 'cell')} will be missing" if n else ""
        said = f"the decimal sign is {_IN_WORDS[style]}{lost}"
        choices.append((said, (column.step("number", style),)))
    asked = f"What is the decimal sign of '{name}'?"
    question = column.ask(asked, choices, shown, needed=True)
    needs = "" if mixed else "decimal"
    kept = {w: w for w in column.counts}
    return Reading("text", kept, notes=(note,), questions=(question,), needs=needs)


def told(
    column: Column,
    kept: Mapping[str, Written],
    style: str,
    notes: list[Note],
    questions: list[Question],
    *,
    forced: bool,
) -> tuple[str, str]:
    """Say how the decimal sign was decided; return what this tells, and what it needs."""
    doubt = [w for w, one in kept.items() if one.point != one.comma]
    commas = [w for w in doubt if "," in w]
    if forced or not commas:
        return ("point" if any(one.comma is None for one in kept.values()) else ""), ""
    sure = any(kept[w].value(OTHER[style]) is None for w in doubt)
    if style == "comma":
        notes.append(Note("info", column.name, COMMA, n=column.total(commas)))
    if sure:
        if style == "comma" and column.delimiter == ",":
            choices = [
                ("they are decimals", (column.step("number", "comma"),)),
                ("they part a list: keep the cells as text", (column.step("text"),)),
            ]
            text = f"What are the commas in the cells of '{column.name}'?"
            questions.append(column.ask(text, choices, commas))
        return style, ""
    reason = "as in other columns" if column.decimal else "as its columns are parted by ;"
    read_as = "decimal commas (1,234 as 1.234)" if style == "comma" else "thousands (1,234 as 1234)"
    text = f"'{column.name}' was read with {read_as}, {reason}."
    notes.append(column.note(text, commas, level="warning", section="suspect"))
    choices = [
        (f"the decimal sign is {_IN_WORDS[s]}", (column.step("number", s),))
        for s in (style, OTHER[style])
    ]
    text = f"Is the comma in the numbers of '{column.name}' a decimal sign?"
    questions.append(column.ask(text, choices, commas))
    return "", "decimal"
