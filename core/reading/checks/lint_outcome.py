"""Rules about columns that know the outcome: they tell who had the event, or when.

Such a column was filled in afterwards, so that it is no marker. Columns that are themselves times
and events are left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from core.dataset import Endpoint, Variable
from core.notes import Note
from core.reading.checks.lint_facts import Facts
from core.reading.checks.lint_times import auc
from core.reading.roles import names

SURE = 0.98
"""Share of both sides that must be told apart; correlation with the time."""

_LEAST = 10
"""Patients on each side."""
_MOST_LEVELS = 20
_MOST_ENDPOINTS = 6
MOST_COLUMNS = 500


def knows_the_outcome(facts: Facts) -> Iterator[Note]:
    """Find columns that separate patients with the event from those without it."""
    rows_are = facts.dataset.rows_are
    if rows_are is not None and rows_are.kind not in ("duplicates", "parameters"):
        return
    outcomes = [(e, facts.time(e), _sides(facts, e)) for e in facts.endpoints[:_MOST_ENDPOINTS]]
    for variable in _candidates(facts)[:MOST_COLUMNS]:
        for e, time, event in outcomes:
            says = _tells(facts, variable, event) or _follows(facts, variable, time)
            if says:
                yield _note(variable, e, says)
                break


def _sides(facts: Facts, e: Endpoint) -> np.ndarray:
    """1 with the event, 0 without, NaN unknown; which of two values it is matters not here."""
    if not e.event_is and e.event in facts.dataset.variables:
        codes, values = facts.dataset.frame[e.event].factorize()
        if len(values) == 2:
            return np.where(facts.rows(e) & (codes >= 0), codes, np.nan)
    return facts.event(e)


def _candidates(facts: Facts) -> list[Variable]:
    """Columns that could be taken for a marker."""
    used = {name for e in facts.endpoints for name in (e.time, e.event, e.entry)}
    return [
        v
        for v in facts.of_kind("number", "category")
        if v.name not in used
        and not names.is_id(v.name)
        and names.time_rank(v.name) is None
        and names.event_rank(v.name) is None
    ]


def _note(variable: Variable, e: Endpoint, says: str) -> Note:
    target = e.time if says == "time" else e.event
    text = {
        "values": f"'{variable.name}' tells nearly without error who had the event '{target}'",
        "filled": f"'{variable.name}' is filled in for those with or without '{target}' only",
        "time": f"'{variable.name}' is nearly the same as the time '{target}'",
    }[says]
    end = ": it is known only with the outcome, so it is no marker."
    return Note("warning", variable.name, text + end, "suspect")


def _tells(facts: Facts, variable: Variable, event: np.ndarray) -> str:
    """How a column tells the event: by its values, by being filled in, or not at all ("")."""
    values = facts.dataset.frame[variable.name]
    present = values.notna().to_numpy()
    known = ~np.isnan(event)
    if not present.all() and _enough(event[known] == 1):
        had, filled = event[known] == 1, present[known]
        share, other = float(filled[had].mean()), float(filled[~had].mean())
        if (min(share, 1 - other) >= SURE) or (min(other, 1 - share) >= SURE):
            return "filled"
    both = known & present
    had = event[both] == 1
    if not _enough(had):
        return ""
    if variable.kind == "number":
        area = auc(facts.numbers(variable.name)[both], had)
        return "values" if max(area, 1 - area) >= SURE else ""
    codes, levels = values[both].factorize()
    if len(levels) > _MOST_LEVELS:
        return ""
    with_event = np.bincount(codes[had], minlength=len(levels))
    without = np.bincount(codes[~had], minlength=len(levels))
    mostly = with_event / had.sum() > without / (~had).sum()
    right = min(with_event[mostly].sum() / had.sum(), without[~mostly].sum() / (~had).sum())
    return "values" if right >= SURE else ""


def _enough(had: np.ndarray) -> bool:
    return bool(had.sum() >= _LEAST and (~had).sum() >= _LEAST)


def _follows(facts: Facts, variable: Variable, time: np.ndarray) -> str:
    """Whether a column of numbers is nearly the time itself."""
    if variable.kind != "number":
        return ""
    x = facts.numbers(variable.name)
    both = ~np.isnan(x) & ~np.isnan(time)
    a, b = x[both], time[both]
    if len(a) < 2 * _LEAST or len(np.unique(a)) < _LEAST or a.std() == 0 or b.std() == 0:
        return ""
    r = float(np.corrcoef(a, b)[0, 1])
    return "time" if abs(r) >= SURE else ""
