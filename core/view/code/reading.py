"""Lines of a script that read the table, decide who is in."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core import filters, followup, origin
from core.spec import read_number
from core.units import DAYS, convert
from core.view.code.language import Language
from core.view.code.names import comment
from core.view.code.table import Table

NOISE = "follow-up of nothing but rounding noise"


def who_is_in(table: Table, lang: Language) -> Iterator[str]:
    """Everything from the rows of the table to the times, events and groups of the patients."""
    yield from comment("Who is in")
    yield lang.assign("keep", "everybody(data)")
    yield from _filters(table, lang)
    yield from _one_row(table, lang)
    yield from _time_and_event(table, lang)
    yield from _late_entry(table, lang)
    yield from _other_origin(table, lang)
    yield from _with_groups(table, lang)
    yield from _landmark(table, lang)
    yield from _merged(table, lang)


def _reasons(table: Table) -> list[str]:
    return [entry.reason for entry in table.cohort.included.ledger]


def _data(table: Table, lang: Language, name: str) -> str:
    return lang.column("data", table.use(name))


def _gone(lang: Language, reason: str, condition: str) -> str:
    return lang.call("leave", ["keep", lang.text(reason), condition], "keep")


def _filters(table: Table, lang: Language) -> Iterator[str]:
    dataset = table.cohort.dataset
    for text in table.cohort.spec.where:
        condition = filters.decoded(filters.parse(text, dataset.variables), dataset)
        reason = f"filtered out: not ({condition.words(dataset.variables[condition.column])})"
        kept = _condition(table, lang, condition)
        yield lang.call("stay", ["keep", lang.text(reason), kept], "keep")


def _condition(table: Table, lang: Language, condition: filters.Condition) -> str:
    column = _data(table, lang, condition.column)
    if condition.operator in ("<", "<=", ">", ">="):
        value = lang.number(read_number(condition.values[0], "where"))
        return f"{column} {condition.operator} {value}"
    function = "one_of" if condition.operator in ("=", "in") else "none_of"
    return lang.call(function, [column, values_of(table, lang, condition.column, condition.values)])


def values_of(table: Table, lang: Language, name: str, values: tuple[str, ...]) -> str:
    """Values of a column as a list of the script: numbers compare as numbers."""
    if table.is_number(name):
        return lang.numbers([read_number(v, "where") for v in values])
    return lang.texts([table.cell(name, v) for v in values])


def _one_row(table: Table, lang: Language) -> Iterator[str]:
    spec = table.cohort.spec
    reason = "further row of the same patient"
    if reason not in _reasons(table) or spec.id is None:
        return
    who, last = lang.column("data", table.who(spec.id)), spec.one_row == "last"
    yield from comment("The identifiers are running numbers in this table")
    yield _gone(lang, reason, lang.call("further_rows", ["keep", who, lang.boolean(last)]))


def _time_and_event(table: Table, lang: Language) -> Iterator[str]:
    spec, reasons = table.cohort.spec, _reasons(table)
    yield lang.assign("time", _time_column(table, lang))
    yield _gone(lang, "missing time", "is_missing(time)")
    beyond = f"time beyond {followup.MOST_YEARS} years"
    if reasons.count(beyond) and spec.origin is None:
        factor = lang.number(DAYS[spec.unit or "days"])
        yield _gone(lang, beyond, f"time * ({factor} / 365.25) > {followup.MOST_YEARS}")
    event = spec.event or ""
    found = _data(table, lang, event)
    wanted = values_of(table, lang, event, spec.event_is)
    yield lang.call("one_of", [found, wanted], "event")
    yield _gone(lang, "missing event", f"is_missing({found})")
    yield from _settled(table, lang)


def _time_column(table: Table, lang: Language) -> str:
    spec = table.cohort.spec
    if spec.start is None or spec.end is None:
        return _data(table, lang, spec.time or "")
    time, _ = followup.follow_up(table.cohort.dataset, spec)
    header = table.add("days of follow-up, from the dates", time)
    return lang.column("data", header)


def _settled(table: Table, lang: Language) -> Iterator[str]:
    spec = table.cohort.spec
    numerator, denominator = convert("days", spec.unit or "days")
    half = f"0.5 * {lang.number(numerator)} / {lang.number(denominator)}"
    for said, sign in ((spec.zero, "=="), (spec.negative, "<")):
        if said == "half":
            yield lang.call("replaced", ["time", f"time {sign} 0", half], "time")
    yield _gone(lang, "negative time", "time < 0")
    if spec.zero == "drop":
        yield _gone(lang, "zero time", "time == 0")


def _moment(table: Table, lang: Language, column: str) -> str:
    """A time from the start that the table has; dates were turned into times beforehand."""
    cohort = table.cohort
    unit = cohort.spec.unit or "days"
    variable = cohort.dataset.variables[column]
    if variable.kind == "date":
        values = origin.from_start(cohort.dataset, cohort.spec, column, "origin")
        return lang.column("data", table.add(f"{table.header(column)} ({unit} from the start)",
                                             values))  # fmt: skip
    found = _data(table, lang, column)
    own = variable.unit if variable.unit in DAYS else unit
    if own == unit:
        return found
    a, b = convert(own, unit)
    return f"{found} * {lang.number(a)} / {lang.number(b)}"


def _late_entry(table: Table, lang: Language) -> Iterator[str]:
    spec = table.cohort.spec
    if spec.entry is None:
        yield lang.assign("entry", lang.none)
        return
    yield from comment("Patients are at risk from their entry on (delayed entry)")
    yield lang.assign("entry", _moment(table, lang, spec.entry))
    yield _gone(lang, "missing entry time", "is_missing(entry)")
    yield _gone(lang, "entry not before the end of follow-up", "entry >= time")


def _other_origin(table: Table, lang: Language) -> Iterator[str]:
    cohort = table.cohort
    if cohort.spec.origin is None:
        return
    title = cohort.dataset.variables[cohort.spec.origin].title
    yield from comment(f"Time is counted from {title}; whose observation began later enters then")
    yield lang.assign("moved", _moment(table, lang, cohort.spec.origin))
    begun = "0" if cohort.spec.entry is None else f"{lang.maximum}(entry, 0)"
    missing = "is_missing(moved)"
    ended = "(moved > 0) & (time <= moved)"
    late = lang.assign("entry", f"{lang.maximum}({begun} - moved, 0)")
    yield _gone(lang, f"missing {title} (the new time 0)", missing)
    yield _gone(lang, f"follow-up ended by {title} (the new time 0)", ended)
    yield lang.assign("time", "time - moved")
    beyond = f"time beyond {followup.MOST_YEARS} years"
    if beyond in _reasons(table):
        factor = lang.number(DAYS[cohort.spec.unit or "days"])
        yield _gone(lang, beyond, f"time * ({factor} / 365.25) > {followup.MOST_YEARS}")
    if cohort.entry is not None and (cohort.entry > 0).any():
        yield late
        yield _gone(lang, "observation not begun before the end of follow-up", "entry >= time")


def _with_groups(table: Table, lang: Language) -> Iterator[str]:
    cohort = table.cohort
    for name in (cohort.spec.group_by, cohort.spec.second_by):
        if name is None:
            continue
        title, found = cohort.dataset.variables[name].title, _data(table, lang, name)
        why = cohort.dataset.absent.get(name)
        if why is None:
            yield _gone(lang, f"missing {title}", f"is_missing({found})")
            continue
        values = np.empty(len(why), dtype=object)
        values[:] = [str(reason) or None for reason in why]
        reason = table.add(f"{table.use(name)} (why missing)", values)
        arguments = ["keep", lang.text(title), found, lang.column("data", reason)]
        yield lang.call("leave_without", arguments, "keep")


def _landmark(table: Table, lang: Language) -> Iterator[str]:
    spec = table.cohort.spec
    if spec.landmark is None:
        return
    numerator, denominator = convert(spec.show_unit or spec.unit or "days", spec.unit or "days")
    shown = lang.number(spec.landmark)
    yield from comment("Followed beyond the landmark, and at risk from it on; values are of then")
    yield lang.assign(
        "landmark", f"{shown} * {lang.number(numerator)} / {lang.number(denominator)}"
    )
    reason = f"follow-up ended by the landmark at {spec.landmark:g}"
    yield _gone(lang, reason, "time <= landmark")
    has_entry = spec.entry is not None or (spec.origin is not None and _moved_late(table))
    before = "entry" if has_entry else ("0 * time")
    yield lang.assign("entry", f"{lang.maximum}({before}, landmark)")


def _moved_late(table: Table) -> bool:
    cohort = table.cohort
    landmark = origin.landmark_of(cohort.spec)
    return cohort.entry is not None and bool((cohort.entry > landmark).any())


def has_entry(table: Table) -> bool:
    """Whether patients enter after time 0."""
    return table.cohort.entry is not None


def _merged(table: Table, lang: Language) -> Iterator[str]:
    late = has_entry(table)
    names = ("time", "entry") if late else ("time",)
    arrays = [f"{n}[keep]" for n in names]
    yield from comment("Times that differ by rounding noise only are one")
    if NOISE in _reasons(table):
        yield lang.assign("distinct", f"distinct_times({', '.join(arrays)})")
        yield _gone(lang, NOISE, "snap(entry, distinct) >= snap(time, distinct)")
    yield lang.assign("distinct", f"distinct_times({', '.join(arrays)})")
    for name, array in zip(names, arrays, strict=True):
        yield lang.call("snap", [array, "distinct"], name)
    yield lang.assign("event", "event[keep]")
    yield lang.assign("d", lang.rows("data", "keep"))
