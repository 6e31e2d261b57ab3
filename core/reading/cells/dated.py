"""A column of dates: the order of day and month, centuries, serials, and days that are none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from core.notes import Note, Question, counted
from core.reading.cells import dates
from core.reading.cells.column import ODD_SHARE, Column, Reading, promising
from core.reading.cells.dates import Written
from core.reading.cells.numerals import is_number

_ORDERS = ("dmy", "mdy")
_IN_WORDS = {"dmy": "day first", "mdy": "month first", "ymd": "year first"}
_FEW_WORDS = 5


@dataclass(frozen=True)
class _Order:
    """The order of day and month, why, and what it tells; `order` is empty when unknown.

    `mixed`: day and month stand first in turn. `years`: it may be the year that stands first.
    """

    order: str
    why: str = ""
    tells: str = ""
    mixed: bool = False
    years: bool = False


def read(column: Column) -> Reading | None:
    """Read a column as dates.

    Returns
    -------
    Reading or None
        None when it holds no dates; a reading of kind "text" when the user must say which of
        two numbers is the day. Values are ISO text.
    """
    forced = column.said("date")
    solid = column.solid
    if forced is None and not promising(solid, dates.parse):
        return None
    found = {w: one for w in solid if (one := dates.parse(w)) is not None}
    if forced in dates.EPOCHS and not found and any(map(is_number, solid)):
        return _of_serials(column, solid, forced)
    serials = [
        w for w in solid if is_number(w) and dates.SERIALS[0] <= float(w) <= dates.SERIALS[1]
    ]
    partial = [w for w in solid if w not in found and dates.is_partial(w)]
    fitting = [*found, *serials, *(partial if len(partial) < len(found) else [])]
    if not found:
        return None
    order = _order(column, found, forced)
    if forced is None and not _enough(column, fitting, solid):
        return _short_of(column, found, [w for w in solid if w not in fitting], order)
    if not order.order:
        return _undecided(column, found, order)
    return _assembled(column, found, serials, order)


def _enough(column: Column, fitting: list[str], solid: list[str]) -> bool:
    """Whether most cells are dates; a date is too special to be one by chance."""
    return column.total(fitting) >= ODD_SHARE * column.total(solid)


def _short_of(
    column: Column, found: Mapping[str, Written], odd: list[str], order: _Order
) -> Reading | None:
    """Ask about dates among a few words, such as "alive" where the date of death would stand."""
    if len(odd) > _FEW_WORDS or len(found) <= len(odd):
        return None
    name, n = column.name, column.total(odd)
    text = f"'{name}' holds dates, and {counted(n, 'cell')} with other words: it is kept as text."
    note = column.note(text, odd, level="warning", section="suspect")
    choices = [("keep the cells as text", (column.step("text"),))]
    for way in (order.order,) if order.order else ("ymd", *_ORDERS):
        said = f"read the dates, {_IN_WORDS[way]}; the other cells are missing"
        choices.append((said, (column.step("date", way),)))
    asked = column.ask(f"Does '{name}' hold dates?", choices, odd, needed=True)
    kept: dict[str, float | str | None] = {w: w for w in column.counts}
    needs = "" if order.order else "order"
    return Reading("category", kept, "", (note,), (asked,), tells=order.tells, needs=needs)


def _order(column: Column, found: Mapping[str, Written], forced: str | None) -> _Order:
    """Decide by a part above 12, then by dots, then by the other columns."""
    if forced in (*_ORDERS, "ymd"):
        return _Order(forced, "as you said")
    if (year_first := _year_first(column, found)) is not None:
        return year_first
    doubt = [one for one in found.values() if not one.sure and one.first != one.second]
    dmy = any(one.first > 12 >= one.second for one in doubt)
    mdy = any(one.second > 12 >= one.first for one in doubt)
    if dmy and mdy:
        return _Order("", mixed=True)
    if dmy or mdy:
        order = "dmy" if dmy else "mdy"
        return _Order(order, "a part above 12 says so", tells=order)
    if not doubt:
        return _Order("dmy")
    if all(one.sign == "." for one in doubt):
        return _Order("dmy", "dates with dots are written so")
    return _Order(column.order, "as in the other dates of the file")


def _year_first(column: Column, found: Mapping[str, Written]) -> _Order | None:
    """Tell 88-03-12, where a year of two digits stands first; None where it rather does not."""
    doubt = [one for one in found.values() if not one.sure]
    fit = sum(one.iso("ymd", dates.CENTURY) is not None for one in doubt if one.short)
    if any(one.first > 31 for one in doubt if one.short) and 2 * fit > len(doubt):
        return _Order("ymd", "a part above 31 says so")
    if not doubt or fit < len(doubt) or column.order:
        return None
    # 10-05-12: years differ less than days do.
    few = len({one.first for one in doubt}) < len({one.year for one in doubt})
    return _Order("", years=True) if few else None


def _undecided(column: Column, found: Mapping[str, Written], order: _Order) -> Reading:
    """Keep the cells as text until the user says which part is the day."""
    shown = [w for w, one in found.items() if not one.sure]
    name = column.name
    reason = "its dates can be read with the day or the month first"
    if order.mixed:
        reason = "some of its dates have the day first and some the month"
    elif order.years:
        reason = "its dates can be read with the year or the day first"
    text = f"'{name}' is kept as text: {reason}."
    note = column.note(text, shown, level="warning", section="suspect")
    choices = [("keep the cells as text", (column.step("text"),))]
    telling = next((w for w in found if len(_readings(found[w])) > 1), shown[0])
    for way in ("ymd", *_ORDERS) if order.years else _ORDERS:
        sample = found[telling].iso(way, dates.CENTURY) or "no date"
        n = sum(column.counts[w] for w, one in found.items() if one.iso(way, 1930) is None)
        lost = f"; {counted(n, 'cell')} will be missing" if n else ""
        said = f"{_IN_WORDS[way]}: {telling} is {sample}{lost}"
        choices.append((said, (column.step("date", way),)))
    which = "the year, the day or the month" if order.years else "the day or the month"
    asked = f"Which comes first in the dates of '{name}', {which}?"
    question = column.ask(asked, choices, shown, needed=True)
    kept = {w: w for w in column.counts}
    needs = "" if order.mixed else "order"
    return Reading("text", kept, notes=(note,), questions=(question,), needs=needs)


def _readings(one: Written) -> set[str]:
    """The different dates that a cell can be."""
    return {iso for order in _ORDERS if (iso := one.iso(order, dates.CENTURY)) is not None}


def _assembled(
    column: Column, found: Mapping[str, Written], serials: list[str], order: _Order
) -> Reading | None:
    name = column.name
    century, said = _century(column)
    values: dict[str, float | str | None] = {
        w: _value(w, one.iso(order.order, century)) for w, one in found.items()
    }
    notes: list[Note] = []
    questions: list[Question] = []
    impossible = [w for w, value in values.items() if value is None]
    if len(impossible) == len(found):
        return None
    if order.why and (swapped := [w for w, one in found.items() if not one.sure]):
        text = f"The dates of '{name}' were read with the {_IN_WORDS[order.order]}, {order.why}."
        notes.append(column.note(text, swapped, read=lambda w: str(values[w] or "")))
        _ask_order(column, order, swapped, questions)
    if short := [w for w, one in found.items() if one.short]:
        _ask_century(column, short, century, questions, values, notes, said=said)
    if serials:
        _mixed_serials(column, serials, values, notes, questions)
    if impossible:
        text = f"Cells of '{name}' with a day that no calendar has were read as missing."
        notes.append(column.note(text, impossible, level="warning"))
    odd = [w for w in column.counts if w not in values]
    notes += _partial(column, odd, order.order, questions)
    notes += column.left_out("date", [w for w in odd if not dates.is_partial(w)])
    _ask_placeholders(column, values, questions)
    return Reading(
        "date", values, notes=tuple(notes), questions=tuple(questions), tells=order.tells
    )


def _value(word: str, iso: str | None) -> str | None:
    """The date in ISO form: a word that is in that form already stays as it is."""
    return word if iso is not None and dates.is_written_iso(word) else iso


def _ask_order(column: Column, order: _Order, words: list[str], questions: list[Question]) -> None:
    """Offer the other order where only other columns have decided."""
    if order.tells or order.why == "as you said" or not column.order:
        return
    other = "mdy" if order.order == "dmy" else "dmy"
    choices = [
        (_IN_WORDS[order.order], (column.step("date", order.order),)),
        (_IN_WORDS[other], (column.step("date", other),)),
    ]
    asked = f"Which comes first in the dates of '{column.name}', the day or the month?"
    questions.append(column.ask(asked, choices, words))


def _century(column: Column) -> tuple[int, bool]:
    said = column.said("century")
    if said is not None and said.isascii() and said.isdigit() and len(said) == 4:
        return int(said), True
    return (dates.BIRTH_CENTURY if dates.says_birth(column.name) else dates.CENTURY), False


def _ask_century(
    column: Column,
    short: list[str],
    century: int,
    questions: list[Question],
    values: Mapping[str, float | str | None],
    notes: list[Note],
    *,
    said: bool,
) -> None:
    text = f"Two-digit years in '{column.name}' were read as {century} to {century + 99}."
    level = column.note(
        text, short, level="info" if said else "warning", read=lambda w: str(values[w] or "")
    )
    notes.append(level)
    if said:
        return
    choices = [(f"{century} to {century + 99}", (column.step("century", str(century)),))]
    for other in (1900, 1950, 2000):
        steps = (column.step("century", str(other)),)
        choices.append((f"{other} to {other + 99}", steps))
    asked = f"In which years do the two-digit years of '{column.name}' fall?"
    questions.append(column.ask(asked, choices, short))


def _mixed_serials(
    column: Column,
    serials: list[str],
    values: dict[str, float | str | None],
    notes: list[Note],
    questions: list[Question],
) -> None:
    """Read the day numbers among dates, which a spreadsheet leaves when a format is lost."""
    system = column.said("date") or "serial"
    system = system if system in dates.EPOCHS else "serial"
    values.update({w: dates.from_serial(float(w), system) for w in serials})
    text = f"Day numbers of a spreadsheet among the dates of '{column.name}' were read as dates. "
    text += "Day and month of such cells may have been swapped before: check them."
    notes.append(column.note(text, serials, level="warning", read=lambda w: str(values[w] or "")))
    if column.said("date") is None:
        choices = [
            ("they are day numbers from 1900 on", ()),
            # Naming the cells would put dates of patients into the link.
            ("keep the whole column as text", (column.step("text"),)),
        ]
        asked = f"What are the whole numbers among the dates of '{column.name}'?"
        questions.append(column.ask(asked, choices, serials))


def _partial(column: Column, odd: list[str], order: str, questions: list[Question]) -> list[Note]:
    """Leave dates without a day out: the first or the middle of the month is made up."""
    partial = [w for w in odd if dates.is_partial(w)]
    if not partial:
        return []
    text = f"Cells of '{column.name}' with a date that lacks the day were read as missing."
    choices = [
        ("they are missing", (column.step("date", order),)),
        ("keep the whole column as text", (column.step("text"),)),
    ]
    asked = f"Some dates of '{column.name}' have no day. What is to become of them?"
    if column.said("date") is None:
        questions.append(column.ask(asked, choices, partial))
    return [column.note(text, partial, level="warning")]


def _ask_placeholders(
    column: Column, values: Mapping[str, float | str | None], questions: list[Question]
) -> None:
    kept = column.recipe.words("level", column.name)
    fillers = (w for w, value in values.items() if str(value)[:10] in dates.PLACEHOLDERS)
    found = [w for w in fillers if w not in kept]
    if found:
        choices = [
            ("they are dates", (column.step("level", *found),)),
            ("they are missing", (column.step("missing", *found),)),
        ]
        asked = f"Some dates of '{column.name}' look like a filler. Do they mean 'not known'?"
        questions.append(column.ask(asked, choices, found))


def _of_serials(column: Column, words: list[str], system: str) -> Reading:
    values: dict[str, float | str | None] = {
        w: dates.from_serial(float(w), system) if is_number(w) else None for w in words
    }
    text = f"The day numbers of '{column.name}' were read as dates."
    note = column.note(text, words, read=lambda w: str(values[w] or ""))
    lost = [w for w, value in values.items() if value is None]
    return Reading("date", values, notes=(note, *column.left_out("date", lost)))
