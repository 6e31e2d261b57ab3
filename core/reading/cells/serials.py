"""Columns of plain numbers that are dates: days as spreadsheets count them, and 20180403."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import numpy as np

from core.dataset import Variable
from core.notes import MOST_LINES, Choice, Note, Question, counted
from core.reading.cells import dates
from core.reading.cells.column import Made
from core.reading.roles import names
from core.reading.roles.vocabulary import DIRECT_EVENTS
from core.spec import shortest
from core.steps import Recipe, Step

_SURE = (30_000.0, 55_000.0)
"""Days of the years 1982 to 2050: read as dates where the name says date."""

_BIRTHS = (5_000.0, 50_000.0)
_DIGITS = (18_000_101.0, 29_991_231.0)
_PROBE = 500


def read(
    name: str,
    values: np.ndarray,
    recipe: Recipe,
    *,
    typed: bool,
    line: Callable[[int], int],
) -> Made | None:
    """Read numbers as dates where they are some, or ask.

    Parameters
    ----------
    name : str
    values : numpy.ndarray of float64, shape (rows,)
        NaN is missing.
    recipe : Recipe
    typed : bool
        The format has dates of its own, so that a number is hardly one by accident.
    line : callable
        Line of the file of a row.

    Returns
    -------
    Made or None
        Dates as ISO text with None for missing, or the numbers with a question; None when there
        is nothing to say.

    Examples
    --------
    >>> made = read("surgery_date", np.array([43831.0, np.nan]), Recipe(), typed=False, line=int)
    >>> made.values.tolist(), made.variable.kind
    (['2020-01-01', None], 'date')
    """
    said = recipe.said("date", name)
    if said in dates.EPOCHS:
        return _dates(name, values, said, line)
    if recipe.said("number", name) is not None:
        return None
    found = "digits" if said == "ymd" else _system(name, values, typed=typed)
    if not found:
        return None
    days = [("they are numbers", str(Step("number", (name, "point"))))]
    if found != "digits":
        words = {"serial": "days since 1900, as in Excel", "serial1904": "days since 1904"}
        days = [(words[s], str(Step("date", (name, s)))) for s in dates.EPOCHS] + days
    if found == "ask":
        days = [days[-1], *days[:-1]]
        asked = _question(name, days)
        whole = bool(np.all(np.isnan(values) | (values == np.floor(values))))
        return Made(values, Variable(name, decimals=0 if whole else 1), questions=(asked,))
    made = _dates(name, values, found, line)
    if found == "digits":
        days = [("they are dates: year, month, day", str(Step("date", (name, "ymd")))), *days]
    asked = () if said else (_question(name, days),)  # type: ignore[assignment]
    return Made(made.values, made.variable, made.notes, asked)  # type: ignore[arg-type]


def _question(name: str, choices: list[tuple[str, str]]) -> Question:
    made = tuple(Choice(words, (step,)) for words, step in choices)
    return Question(name, f"The numbers of '{name}' look like dates. What are they?", made)


def _dates(name: str, values: np.ndarray, system: str, line: Callable[[int], int]) -> Made:
    known = {x: _date(x, system) for x in np.unique(values[~np.isnan(values)]).tolist()}
    made = np.empty(len(values), dtype=object)
    made[:] = [known.get(x) for x in values.tolist()]
    n = int((~np.isnan(values)).sum())
    how = "Numbers like 20180403" if system == "digits" else "Day numbers of a spreadsheet"
    shown = tuple((shortest(x), iso or "") for x, iso in list(known.items())[:3])
    text = f"{how} in '{name}' were read as dates."
    notes = [Note("info", name, text, "changed", n, examples=shown)]
    lost = np.flatnonzero([x == x and known[x] is None for x in values.tolist()])
    if lost.size:
        cells = counted(int(lost.size), "cell")
        text = f"Missing now: {cells} of '{name}' with a number that is no day of the calendar."
        lines = tuple(line(int(i)) for i in lost[:MOST_LINES])
        notes.append(Note("warning", name, text, "changed", int(lost.size), lines))
    return Made(made, Variable(name, kind="date"), tuple(notes))


def _date(value: float, system: str) -> str | None:
    if system != "digits":
        return dates.from_serial(value, system)
    digits = f"{value:.0f}"
    iso = f"{digits[:4]}-{digits[4:6]}-{digits[6:]}"
    return iso if len(digits) == 8 and dates.is_iso(iso) else None


def _system(
    name: str, values: np.ndarray, *, typed: bool
) -> Literal["", "serial", "ask", "digits"]:
    """Tell what the numbers of a column are by its name and their range."""
    present = values[~np.isnan(values)]
    if not present.size:
        return ""
    low, high = float(present.min()), float(present.max())
    if not dates.says_date(name):
        whole = _SURE[0] <= low and high <= _SURE[1] and bool((present % 1 == 0).all())
        return "ask" if whole and not typed and _speaks_of_a_day(name) else ""
    if _DIGITS[0] <= low and high <= _DIGITS[1]:
        good = sum(_date(x, "digits") is not None for x in present[:_PROBE].tolist())
        return "digits" if good > 0.9 * min(len(present), _PROBE) else ""
    if _SURE[0] <= low and high <= _SURE[1] and not typed:
        return "serial"
    least, most = _BIRTHS if dates.says_birth(name) else dates.SERIALS
    return "ask" if least <= low and high <= most else ""


def _speaks_of_a_day(name: str) -> bool:
    """Whether a name that does not say date speaks of what has one: "last contact", "relapse"."""
    said = names.words(name)
    return names.date_role(name) is not None or names.says(said, DIRECT_EVENTS)
