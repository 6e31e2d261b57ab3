"""Rules about dates: their order, the data cut-off, years that cannot be, and the age."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import numpy as np

from core.notes import Note
from core.reading.checks.lint_facts import Facts, is_age, rows_of, spaced
from core.reading.checks.lint_times import DEATH, LAST, PROGRESSION

BIRTH = r"birth|brth|\bdob\b|geburt|\bgeb\b|naiss|nacim|nascita|nascim|geboorte|出生|生年月日"
DIAGNOSIS = r"diagnos|\bdx\b|诊断|診断"
_START = r"random|enrol|inclusion|study entry|baseline|first dose|入组|登録日"
_CUTOFF = r"cut ?off|datenschnitt|database lock|data lock|截止|カットオフ"
_PLANNED = r"plan|schedul|\bnext\b|\bdue\b|expect|expir|geplant|nachst|予定|计划"
_OF_THE_FILE = r"export|extract|form|report|print|creat|updat|modif|entry|completion"
_EPOCH = date(1970, 1, 1).toordinal()
_FILLER = date(1900, 1, 1).toordinal() - _EPOCH
"""The first day of spreadsheets: what they show for 0."""

_ROLES = {
    "birth": BIRTH,
    "diagnosis": DIAGNOSIS,
    "start": _START,
    "progression": PROGRESSION,
    "death": DEATH,
    "last": LAST,
}
_ORDER = (
    ("birth", "diagnosis", False),
    ("birth", "start", False),
    ("birth", "progression", False),
    ("birth", "death", False),
    ("birth", "last", False),
    ("diagnosis", "progression", False),
    ("diagnosis", "death", False),
    ("diagnosis", "last", False),
    ("start", "progression", True),
    ("start", "death", False),
    ("start", "last", True),
    ("progression", "death", False),
    ("progression", "last", True),
    ("last", "death", True),
)
"""What comes first, what follows, and whether only exceptions count: where one row in five breaks
the order, the columns mean something else than their names say."""

_EXCEPTIONS = 0.2


def _roles(facts: Facts) -> dict[str, list[str]]:
    """Columns of each role; "progression or death" has none."""
    found: dict[str, list[str]] = {role: [] for role in _ROLES}
    for column in facts.dates:
        said = spaced(column)
        fitting = [role for role, pattern in _ROLES.items() if re.search(pattern, said)]
        if len(fitting) == 1 and not re.search(_PLANNED, said):
            found[fitting[0]].append(column)
    return found


def wrong_order(facts: Facts) -> Iterator[Note]:
    """Find rows in which one date is before another that it must follow."""
    roles = _roles(facts)
    for before, after, exceptions in _ORDER:
        for first in roles[before]:
            for second in roles[after]:
                a, b = facts.dates[first], facts.dates[second]
                rows = b < a
                both = np.sum(~np.isnan(a) & ~np.isnan(b))
                if not rows.any() or (exceptions and rows.sum() > _EXCEPTIONS * both):
                    continue
                n = rows_of(int(rows.sum()))
                yield facts.note(second, f"'{second}' is before '{first}' in {n}.", rows)


def impossible(facts: Facts) -> Iterator[Note]:
    """Find dates in the future, and those of the first day of spreadsheets and before."""
    today = facts.today.toordinal() - _EPOCH
    for column, days in facts.dates.items():
        if (rows := days > today).any() and not re.search(_PLANNED, spaced(column)):
            text = f"'{column}' has {rows_of(int(rows.sum()))} with a date in the future."
            yield facts.note(column, text, rows)
        if (rows := days <= _FILLER).any():
            n = rows_of(int(rows.sum()))
            text = f"'{column}' has {n} with a date of 1 January 1900 or before."
            yield facts.note(column, text, rows)


def after_cutoff(facts: Facts) -> Iterator[Note]:
    """Find dates behind the data cut-off that a column names."""
    cutoffs = [c for c in facts.dates if re.search(_CUTOFF, spaced(c))]
    for cutoff in cutoffs[:1]:
        for column, days in facts.dates.items():
            rows = days > facts.dates[cutoff]
            said = spaced(column)
            if column in cutoffs or re.search(f"{_OF_THE_FILE}|{_PLANNED}", said):
                continue
            if rows.any():
                n = rows_of(int(rows.sum()))
                text = f"'{column}' is after the data cut-off '{cutoff}' in {n}."
                yield facts.note(column, text, rows)


def age_that_differs(facts: Facts) -> Iterator[Note]:
    """Find ages that are not the time from birth to diagnosis, where most of them are."""
    roles = _roles(facts)
    for variable in facts.of_kind("number"):
        if not is_age(variable):
            continue
        for birth in roles["birth"][:1]:
            for reference in [*roles["diagnosis"], *roles["start"]][:3]:
                years = (facts.dates[reference] - facts.dates[birth]) / 365.25
                off = np.abs(years - facts.numbers(variable.name))
                rows, n = off > 1.5, int(np.sum(~np.isnan(off)))
                if rows.any() and rows.sum() <= _EXCEPTIONS * n:
                    text = f"'{variable.name}' is not the time from '{birth}' to '{reference}' in "
                    yield facts.note(variable.name, text + f"{rows_of(int(rows.sum()))}.", rows)
