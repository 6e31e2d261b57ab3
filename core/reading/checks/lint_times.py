"""Rules about times and events: below 0, in another unit, the coding, death before progression."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import permutations

import numpy as np
import pandas as pd

from core.dataset import Endpoint
from core.followup import MOST_YEARS, few_beyond
from core.notes import Note
from core.reading.cells import dates
from core.reading.checks.lint_facts import Facts, rows_of, spaced
from core.reading.roles import names, statuses, vocabulary
from core.units import DAYS

_FIRST_EVENTS = frozenset(
    vocabulary.ENDPOINTS[w] for w in ("pfs", "dfs", "rfs", "efs", "dmfs", "lrfs", "ttp")
)
_NOT_EARLIER = _FIRST_EVENTS | {vocabulary.ENDPOINTS["os"]}
_DEATHS = vocabulary.folded("death dead died deceased Tod verstorben décès muerte morte 死亡")
_MANY_YEARS = 50
_FEW = 10
_LATE = 0.7
"""Probability that an event is later than a censoring. In public cohorts it is 0.02 to 0.54."""

_LATE_OF_FEW = 0.85
_MOST_DATES = 8
"""Columns of dates that a time is compared with, pair by pair."""


def is_overall(endpoint: Endpoint) -> bool:
    """Whether an endpoint is death of any cause.

    Examples
    --------
    >>> is_overall(Endpoint("", "dtime", "days", "death", ("1",)))
    True
    """
    if endpoint.label == vocabulary.ENDPOINTS["os"]:
        return True
    said = set(spaced(endpoint.event).split())
    return bool(said & _DEATHS) and not said & {"cause", "cancer", "disease"}


def is_first_event(endpoint: Endpoint) -> bool:
    """Whether an endpoint is progression, recurrence or the like, which death cannot precede.

    Examples
    --------
    >>> is_first_event(Endpoint("", "rtime", "days", "recur", ("1",)))
    True
    """
    if endpoint.label in _NOT_EARLIER:
        return endpoint.label in _FIRST_EVENTS
    said = set(spaced(endpoint.event).split())
    return bool(said & (vocabulary.DIRECT_EVENTS - _DEATHS)) and not said & _DEATHS


def odd_times(facts: Facts) -> Iterator[Note]:
    """Find times of 0 and below."""
    # A column with many times below 0 is not taken for a time by those who look for endpoints.
    named = [v.name for v in facts.of_kind("number") if _names_follow_up(v.name)]
    for time in dict.fromkeys((*(e.time for e in facts.endpoints), *named)):
        x = facts.numbers(time)
        if (rows := x < 0).any():
            text = f"'{time}' is below 0 in {rows_of(int(rows.sum()))}: check the dates behind it."
            yield facts.note(time, text, rows)
        if (rows := x == 0).any():
            text = f"'{time}' is 0 in {rows_of(int(rows.sum()))}: "
            yield facts.note(time, text + "an event on the first day, or no follow-up?", rows)


def _names_follow_up(name: str) -> bool:
    said = frozenset(names.words(name))
    return names.time_rank(name) == 1 or bool(
        names.time_rank(name) and said & frozenset(vocabulary.ENDPOINTS)
    )


def no_contrast(facts: Facts) -> Iterator[Note]:
    """Find endpoints in which everybody had the event, or nobody."""
    for e in facts.endpoints:
        if not e.event_is and (note := _one_value(facts, e.event)) is not None:
            yield note
        event = facts.event(e)
        known = ~np.isnan(event)
        if known.sum() < 2 or event[known].min() != event[known].max():
            continue
        n, all_had = int(known.sum()), event[known][0] == 1
        text = (
            f"In all {n:,} rows the event '{e.event}' happened, nobody is censored"
            if all_had
            else f"In none of {n:,} rows the event '{e.event}' happened, all are censored"
        )
        yield Note("warning", e.event, f"{text}: check which value means the event.", "suspect", n)


def _one_value(facts: Facts, event: str) -> Note | None:
    """Warn of an event whose coding cannot be told because everybody has the same."""
    if event not in facts.dataset.variables:
        return None
    values = facts.dataset.frame[event].dropna()
    if len(values) < 2 or not (values == values.iloc[0]).all():
        return None
    text = f"'{event}' has one value only: all {len(values):,} patients had the event, or none."
    return Note("warning", event, text, "suspect", len(values))


def reversed_coding(facts: Facts) -> Iterator[Note]:
    """Find events that are coded the unusual way round."""
    shape = facts.dataset.rows_are
    if shape is not None and shape.kind == "intervals":  # an interval without event may be any
        return
    for e in facts.endpoints:
        if e.event_is == ("1",) and "cnsr" in names.words(e.event):
            text = f"1 is taken for the event in '{e.event}', but CNSR usually is 1 when censored."
            yield Note("warning", e.event, text, "suspect")
        elif (note := _late_events(facts, e)) is not None:
            yield note


def _late_events(facts: Facts, e: Endpoint) -> Note | None:
    """Warn where events come later than censorings: follow-up that ends with the study is long."""
    time, event = facts.time(e), facts.event(e)
    known = ~np.isnan(time) & ~np.isnan(event)
    had = event[known] == 1
    fewer = int(min(had.sum(), (~had).sum()))
    if fewer < _FEW or auc(time[known], had) < (_LATE if fewer >= 3 * _FEW else _LATE_OF_FEW):
        return None
    event_at, censored_at = (float(np.median(time[known][g])) for g in (had, ~had))
    text = (
        f"With the event '{e.event}' the median of '{e.time}' is {event_at:.4g}, without it "
        f"{censored_at:.4g}: usually events come earlier. Check which value means the event."
    )
    return Note("warning", e.event, text, "suspect", int(known.sum()))


def auc(x: np.ndarray, had: np.ndarray) -> float:
    """Probability that a value with the event is above one without it; ties count half.

    Parameters
    ----------
    x : numpy.ndarray of float, shape (n,)
        Without NaN.
    had : numpy.ndarray of bool, shape (n,)
        At least one of each.

    Examples
    --------
    >>> auc(np.array([1.0, 2.0, 3.0]), np.array([False, True, True]))
    1.0
    """
    n = int(had.sum())
    ranks = pd.Series(x).rank().to_numpy()
    return float((ranks[had].sum() - n * (n + 1) / 2) / (n * (len(x) - n)))


def wrong_unit(facts: Facts) -> Iterator[Note]:
    """Find times that are too long or too finely cut for the unit that they are said to have."""
    for time, unit in dict.fromkeys((e.time, e.unit) for e in facts.endpoints):
        x = facts.numbers(time)
        if unit not in DAYS or np.isnan(x).all():
            continue
        years = DAYS[unit] / DAYS["years"]
        impossible = few_beyond(x * years)
        every, x = x, x[~np.isnan(x) & ~impossible]
        largest, middle = float(x.max()), float(np.median(x))
        long = largest * years > 100 / 3 and middle * years > 10 and unit != "years"
        if largest * years > (60 if unit == "years" else _MANY_YEARS) or long:
            shown = f"{largest:,.0f}" if largest < 1e7 else f"{largest:.1e}"
            text = f"'{time}' is said to be in {unit}, but its largest value, {shown}, would be "
            text += f"{largest * years:,.0f} years. Is it in another unit?"
            yield Note("warning", time, text, "suspect")
        elif impossible.any():
            yield facts.note(time, _beyond(time, every[impossible]), impossible)
        elif unit == "days" and largest < 400 and np.mean(x != np.round(x)) > 0.5:
            text = f"'{time}' is said to be in days, but most of its values have decimals "
            text += f"and none is above {largest:.4g}. Is it in months?"
            yield Note("warning", time, text, "suspect")


def _beyond(time: str, values: np.ndarray) -> str:
    where = rows_of(len(values))
    text = f"'{time}' is beyond {MOST_YEARS} years in {where}, left out of every analysis."
    if ((values > dates.SERIALS[0]) & (values < dates.SERIALS[1])).any():
        text += " A number like 43831 is a date of a spreadsheet without its format."
    return text


def unit_by_dates(facts: Facts) -> Iterator[Note]:
    """Find times that are the distance of two dates in another unit than the one named."""
    dates = list(facts.dates.items())[:_MOST_DATES]
    for e in facts.endpoints:
        if e.unit not in DAYS or len(dates) < 2:
            continue
        time = facts.time(e)
        half = 0.5 * 10.0 ** -facts.dataset.variables[e.time].decimals
        fits = [
            (unit, start, end)
            for (start, a), (end, b) in permutations(dates, 2)
            for unit in DAYS
            if _is_distance(b - a, time, half, DAYS[unit])
        ]
        if fits and e.unit not in {unit for unit, _, _ in fits}:
            unit, start, end = fits[0]
            text = f"'{e.time}' is said to be in {e.unit}, but it is the time from '{start}' "
            yield Note("warning", e.time, text + f"to '{end}' in {unit}.", "suspect")


def _is_distance(days: np.ndarray, time: np.ndarray, half: float, per_unit: float) -> bool:
    both = ~np.isnan(days) & ~np.isnan(time) & (days > 0) & (time > 0)
    if both.sum() < 10 or both.sum() < 0.8 * np.sum(days > 0):
        return False
    days, time = days[both], time[both]
    # A month may have been taken for 30 days; rounding must not make every unit fit.
    allowed = np.maximum(1.5 + half * per_unit, 0.02 * days)
    fits = np.abs(days - time * per_unit) <= allowed
    return bool(fits.mean() >= 0.95 and np.median(days) > 4 * np.median(allowed))


def shorter_than_first_event(facts: Facts) -> Iterator[Note]:
    """Find rows in which death or the last contact comes before progression."""
    overall = [e for e in facts.endpoints if is_overall(e) and not e.where]
    first = [e for e in facts.endpoints if is_first_event(e) and not e.where]
    for o in overall:
        for f in first:
            if o.unit != f.unit and not {o.unit, f.unit} <= set(DAYS):
                continue
            # Both times are rounded, and a day may count on one side only.
            allowed = _rounding(facts, o) + _rounding(facts, f) + 1.0 * (o.unit in DAYS)
            rows = _in_days(facts, o) + allowed < _in_days(facts, f)
            if rows.any():
                n = rows_of(int(rows.sum()))
                text = f"'{o.time}' is shorter than '{f.time}' in {n}: "
                yield facts.note(o.time, text + "no event follows death.", rows)


def _in_days(facts: Facts, e: Endpoint) -> np.ndarray:
    return facts.numbers(e.time) * DAYS.get(e.unit, 1.0)


def _rounding(facts: Facts, e: Endpoint) -> float:
    half = 0.501 * 10.0 ** -facts.dataset.variables[e.time].decimals
    return half * DAYS.get(e.unit, 1.0)


def deaths_that_differ(facts: Facts) -> Iterator[Note]:
    """Find rows that speak of death although overall survival is censored, and the other way."""
    for o in facts.endpoints:
        if not is_overall(o) or o.where:
            continue
        event = facts.event(o)
        for column, dead, filled in _deaths(facts, skip=o.event):
            rows = dead & (event == 0)
            if rows.any():
                n = rows_of(int(rows.sum()))
                text = f"'{column}' speaks of death in {n} that '{o.event}' calls censored."
                yield facts.note(column, text, rows)
            rows = ~dead & (event == 1) & filled
            # Where many dates are missing they were not collected.
            if rows.any() and rows.sum() <= 0.2 * np.sum(event == 1):
                n = rows_of(int(rows.sum()))
                text = f"'{o.event}' says death in {n} in which '{column}' does not."
                yield facts.note(column, text, rows)


def _deaths(facts: Facts, *, skip: str) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Columns that tell who died: marks of the dead, and of the rows in which they must tell."""
    for column, days in facts.dates.items():
        said = spaced(column)
        if re.search(DEATH, said) and not re.search(rf"{LAST}|{PROGRESSION}|\bor\b", said):
            yield column, ~np.isnan(days), np.ones(facts.n, dtype=bool)
    for variable in facts.of_kind("category"):
        values = facts.dataset.frame[variable.name]
        if variable.name == skip or len(different := values.dropna().unique()) > 20:
            continue
        dead = [level for level in different if status(level) == "dead"]
        if not dead or any(status(level) == "" for level in different):
            continue
        # A progression-free survival that is censored may hide a later death.
        vital = "alive" in {status(level) for level in different}
        filled = values.notna().to_numpy() if vital else np.zeros(facts.n, dtype=bool)
        yield variable.name, values.isin(dead).to_numpy(), filled


def status(level: str) -> str:
    """Tell what a level says: "dead", "alive", "other" (censored, recurred) or "" for nothing.

    Examples
    --------
    >>> status("1:DECEASED"), status("Alive"), status("Grade 2")
    ('dead', 'alive', '')
    """
    said = statuses.phrase(level)
    known = statuses.kind_of(level)
    if known in ("death", "disease", "other"):
        return "dead"
    if re.search(r"\balive\b|\bliving\b|\bleb(?:t|end|en)\b|\bviv[oa]\b|存活|生存", said):
        return "alive"
    return "other" if known else ""


DEATH = r"death|died|deceas|\bdth|tod\b|todes|sterbe|verstorb|deces|muerte|fallec|morte|decess|死亡"
PROGRESSION = r"progress|recurr|relaps|rezidiv|recidiv|recaid|\bpd\b|metasta|复发|进展|再発|増悪"
LAST = r"\blast\b|follow|contact|kontakt|letzt|nachsorge|derni|ultim|末次|最終|随访"
