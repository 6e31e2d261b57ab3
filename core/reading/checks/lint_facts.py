"""What the rules of the linter look at: a table, its endpoints, its dates as numbers."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
import pandas as pd

from core import filters
from core.dataset import Dataset, Endpoint, Variable
from core.errors import SpecError
from core.notes import Note, counted
from core.reading.roles import guessing, names, vocabulary

_DAY = r"\d{4}(?:-\d{2}){0,2}"


def spaced(name: str) -> str:
    """Write a name as its words in lower case, without accents, parted by blanks.

    Examples
    --------
    >>> spaced("dateOfBirth"), spaced("Datum_Erstdiagnose"), spaced("Ki67%")
    ('date of birth', 'datum erstdiagnose', 'ki67%')
    """
    apart = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", vocabulary.without_marks(name[: names.LONGEST]))
    return re.sub(r"[^\w%]+|_+", " ", apart.casefold()).strip()


def days_of(values: pd.Series) -> np.ndarray:
    """Days since 1 January 1970 of dates in ISO text.

    Parameters
    ----------
    values : pandas.Series of str, shape (n,)
        None is missing.

    Returns
    -------
    numpy.ndarray of float, shape (n,)
        NaN where the date is missing or no date.

    Examples
    --------
    >>> days_of(pd.Series(["1970-01-02", None, "1969-12-30T10:00"], dtype=object))
    array([ 1., nan, -2.])
    """
    codes, different = pd.factorize(values)
    found = np.full(len(different) + 1, np.nan)  # the last one is that of the code -1: missing
    for i, text in enumerate(different):
        if re.fullmatch(_DAY, start := str(text)[:10]):
            found[i] = _day(start)
    return found[codes]


def _day(text: str) -> float:
    try:
        return float(np.datetime64(text, "D").astype(np.int64))
    except ValueError:
        return float("nan")


def is_age(variable: Variable) -> bool:
    """Whether a column is an age in years, by its name and its kind.

    Examples
    --------
    >>> is_age(Variable("Age at diagnosis")), is_age(Variable("age_months"))
    (True, False)
    """
    said = set(spaced(variable.name).split())
    other = {"group", "days", "months", "day", "month", "monate", "tage", "unit", "sd", "z"}
    known = {"age", "ageyears", "alter", "edad", "eta", "idade", "leeftijd", "年齢", "年龄"}
    return variable.kind == "number" and bool(said & known) and not said & other


def rows_of(n: int) -> str:
    """Say how many rows there are."""
    return counted(n, "row")


@dataclass(frozen=True, eq=False)
class Facts:
    """A table with what the rules need to know of it.

    Attributes
    ----------
    dataset : Dataset
    endpoints : tuple of Endpoint
        Those that the table has or seems to have; `event_is` is () where it cannot be told.
    today : datetime.date
        No date of a table lies behind it.
    sampled : bool
        Whether these are only some of the table's rows.
    """

    dataset: Dataset
    endpoints: tuple[Endpoint, ...]
    today: date
    sampled: bool = False

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.dataset.frame)

    @cached_property
    def dates(self) -> dict[str, np.ndarray]:
        """Every column of dates, as days since 1970 with NaN for missing."""
        return {v.name: days_of(self.dataset.frame[v.name]) for v in self.of_kind("date")}

    def of_kind(self, *kinds: str) -> Iterator[Variable]:
        """Go through the columns of these kinds."""
        return (v for v in self.dataset.variables.values() if v.kind in kinds)

    def numbers(self, column: str) -> np.ndarray:
        """Return a column of numbers; NaN is missing, and all that is no number."""
        values = self.dataset.frame[column]
        if values.dtype == object:
            return np.full(self.n, np.nan)
        return values.to_numpy(dtype=float)

    def rows(self, endpoint: Endpoint) -> np.ndarray:
        """Mark the rows that an endpoint is about: all, unless endpoints are stacked."""
        try:
            return filters.kept(self.dataset, endpoint.where)
        except SpecError:
            return np.zeros(self.n, dtype=bool)

    def time(self, endpoint: Endpoint) -> np.ndarray:
        """Times of an endpoint; NaN where missing, and in the rows of other endpoints."""
        return np.where(self.rows(endpoint), self.numbers(endpoint.time), np.nan)

    def event(self, endpoint: Endpoint) -> np.ndarray:
        """1 where the event happened, 0 where not, NaN where that is not known."""
        if endpoint.event not in self.dataset.variables or not endpoint.event_is:
            return np.full(self.n, np.nan)
        values = self.dataset.frame[endpoint.event]
        wanted: list[object] = list(endpoint.event_is)
        if values.dtype != object:
            wanted = [float(w) for w in endpoint.event_is if _is_float(w)]
        known = values.notna().to_numpy() & self.rows(endpoint)
        return np.where(known, values.isin(wanted).to_numpy(dtype=float), np.nan)

    def note(self, about: str, text: str, rows: np.ndarray) -> Note:
        """Warn of the marked rows; the text says how many there are.

        Parameters
        ----------
        about : str
            The column.
        text : str
        rows : numpy.ndarray of bool, shape (n,)
        """
        lines = self.dataset.lines_of(rows)
        return Note("warning", about, text, "suspect", int(rows.sum()), lines)

    def sample(self, most: int) -> Facts:
        """Take at most so many rows, evenly spread."""
        if self.n <= most:
            return self
        kept = np.linspace(0, self.n - 1, most).astype(int)
        lines = np.array([self.dataset.row_number(int(i)) for i in kept])
        frame = self.dataset.frame.iloc[kept].reset_index(drop=True)
        part = dataclasses.replace(self.dataset, frame=frame, lines=lines)
        return Facts(part, self.endpoints, self.today, sampled=True)


def _is_float(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def gather(dataset: Dataset, today: date) -> Facts:
    r"""Find the endpoints of a table.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"months,death\n3.5,1\n8,0\n4,0\n", "a.csv")
    >>> gather(table, date(2025, 1, 1)).endpoints[0].event_is
    ('1',)
    """
    found = guessing.endpoints(dataset)
    if not found:
        roles = guessing.guess(dataset)
        if roles.time is not None:
            unit = roles.unit.value if roles.unit else ""
            event = roles.event.value if roles.event else ""
            coding = roles.event_is.value if roles.event_is else ()
            found = (Endpoint("", roles.time.value, unit, event, coding),)
    numbers = {v.name for v in dataset.variables.values() if v.kind == "number"}
    return Facts(dataset, tuple(e for e in found if e.time in numbers), today)
