"""A table without what identifies persons: what a snapshot may hold.

Methods
-------
Columns that look like direct identifiers are left out, as from everything that leaves this
computer (`core.reading.checks.identifiers`). Patients' numbers become running numbers in a random
order. Dates become days since the date that the follow-up counts from, or the time between the two
of them; a date that cannot is left out. Ages above 89 become 90. The rows are put into a random
order too, patient by patient, since their place in the file would give the numbers back; except
where a result draws random numbers, which would turn out otherwise in another order.

References
----------
45 CFR 164.514(b)(2), the "Safe Harbor" list of identifiers.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.dataset import KNOWN_LATER, Dataset, Variable
from core.followup import follow_up
from core.lesions.matching import texts
from core.notes import counted, listed
from core.origin import from_start, start_of
from core.reading.checks import identifiers
from core.reading.roles import names
from core.sharing.columns import plain
from core.spec import AnalysisSpec
from core.steps import Recipe

OLDEST = identifiers.OLDEST + 1
OF_CARE = "a date of care"
"""What the reader calls dates that may become days. The days from birth are an age to the day."""


@dataclass(frozen=True, eq=False)
class Anonymous:
    """A table as it may leave this computer, and the question to it.

    Attributes
    ----------
    frame : pandas.DataFrame
    variables : mapping of str to Variable
    spec : AnalysisSpec
        With the names of the columns as they are now.
    rows : numpy.ndarray of int, shape (rows,)
        Where each row stood in the table.
    numbers : dict of str to str
        The new number of each patient, by the one she had; empty where nothing tells patients
        apart.
    notes : tuple of str
        What was left out or changed, in sentences.
    aged : bool
        Whether an age above 89 was changed.
    """

    frame: pd.DataFrame
    variables: dict[str, Variable]
    spec: AnalysisSpec
    rows: np.ndarray
    numbers: dict[str, str]
    notes: tuple[str, ...]
    aged: bool


def table(
    dataset: Dataset, spec: AnalysisSpec, wanted: Iterable[str], ids: np.ndarray, *, ordered: bool
) -> Anonymous:
    """Make the table of a snapshot.

    Parameters
    ----------
    dataset : Dataset
        With the columns that come from its lesions.
    spec : AnalysisSpec
        With its roles filled in.
    wanted : iterable of str
        Columns that are kept if they may be.
    ids : numpy.ndarray of str, shape (rows,)
        The patient of each row, empty where it is missing; see `patients`.
    ordered : bool
        Whether the rows keep their order.
    """
    rows = np.arange(len(dataset.frame)) if ordered else _shuffled(ids)
    numbers = _numbered(ids[rows], mixed=ordered)
    made = _Making(dataset, spec, [*wanted], rows, numbers)
    made.follow_up()
    for name in made.wanted:
        made.column(name)
    aged = made.ages()
    made.known()
    return Anonymous(
        pd.DataFrame(made.cells, index=pd.RangeIndex(len(rows))),
        made.variables,
        made.spec,
        rows,
        numbers,
        tuple(made.notes()),
        aged,
    )


def patients(dataset: Dataset, spec: AnalysisSpec) -> np.ndarray:
    """The patient of each row by what tells them apart; each row its own where nothing does."""
    column = spec.id or (dataset.rows_are.id if dataset.rows_are is not None else None)
    if column is None:
        return np.array([f"row {i}" for i in range(len(dataset.frame))], dtype=object)
    return texts(dataset.frame[column])


def _shuffled(ids: np.ndarray) -> np.ndarray:
    """Positions of the rows in a random order of the patients; those of one patient in theirs."""
    rng = np.random.default_rng(secrets.randbits(128))
    codes, found = pd.factorize(pd.Series(ids).where(ids != ""), use_na_sentinel=True)
    lone = codes < 0
    codes[lone] = len(found) + np.arange(int(lone.sum()))
    places = rng.permutation(int(codes.max()) + 1 if len(codes) else 0)
    return np.asarray(np.argsort(places[codes], kind="stable"), dtype=np.int64)


def _numbered(ids: np.ndarray, *, mixed: bool) -> dict[str, str]:
    """A running number for each patient, in the order of the rows or mixed."""
    known = [patient for patient in dict.fromkeys(ids.tolist()) if patient]
    places = np.arange(len(known))
    if mixed:
        places = np.random.default_rng(secrets.randbits(128)).permutation(len(known))
    return {patient: str(int(place) + 1) for patient, place in zip(known, places, strict=True)}


class _Making:
    """The columns of the new table, one after the other."""

    def __init__(
        self,
        dataset: Dataset,
        spec: AnalysisSpec,
        wanted: list[str],
        rows: np.ndarray,
        numbers: dict[str, str],
    ) -> None:
        self.dataset, self.spec, self.wanted, self.rows = dataset, spec, wanted, rows
        self.numbers = numbers
        self.start = start_of(dataset, spec)
        self.cells: dict[str, np.ndarray] = {}
        self.variables: dict[str, Variable] = {}
        self.out: list[str] = []
        self.words: list[str] = []
        self.days: list[str] = []
        self.renumbered: list[str] = []
        self.aged: list[str] = []
        self.stays = Recipe.parse(dataset.steps)

    def follow_up(self) -> None:
        """Put the time between two dates in the place of the dates."""
        spec = self.spec
        if spec.start is None or spec.end is None:
            return
        first, last = (self.dataset.variables[name].title for name in (spec.start, spec.end))
        name = free(f"{plain(first)} to {plain(last)}", self.dataset.variables)
        time = follow_up(self.dataset, spec)[0]
        self._add(Variable(name, f"Time from {first} to {last}", "number", "days"), time)
        # The date that everything counts from is known here still; `self.start` keeps it.
        self.spec = spec.but(start=None, end=None, time=name, unit="days")
        self.days += [spec.start, spec.end]
        known = {self.dataset.variables[name].known for name in self.wanted}
        dates = {spec.start, spec.end} - known
        self.wanted = [name for name in self.wanted if name not in dates]

    def column(self, name: str) -> None:
        """Keep a column, turn it into something else, or leave it out."""
        variable = self.dataset.variables[name]
        if self._tells_patients(variable):
            self.renumbered.append(name)
            # Levels and codes would hold the numbers as they were.
            self._add(Variable(name, variable.label, "text"), self._numbers_of(name))
        elif variable.kind == "date" and variable.identifier in ("", OF_CARE):
            self._date(variable)
        elif variable.identifier:
            self.out.append(name)
        elif variable.kind == "text" and name not in named_as_groups(self.spec):
            self.words.append(name)
        else:
            self._add(variable, self.dataset.frame[name].to_numpy())

    def _tells_patients(self, variable: Variable) -> bool:
        rows, name = self.dataset.rows_are, variable.name
        if name == self.spec.id or (rows is not None and name == rows.id):
            return True
        if name == self.spec.cluster and variable.kind == "text":
            return True
        chosen = name in named_as_groups(self.spec) or variable.identifier
        return names.is_id(name) and not chosen

    def _numbers_of(self, name: str) -> np.ndarray:
        """Running numbers for the patients of a column; its own where it tells others apart."""
        ids = texts(self.dataset.frame[name])
        numbers = self.numbers
        if not {*ids.tolist()} - {""} <= set(numbers):
            numbers = _numbered(ids[self.rows], mixed=True)
        made = np.empty(len(ids), dtype=object)
        made[:] = [numbers.get(patient) for patient in ids]
        return made

    def _date(self, variable: Variable) -> None:
        if self.stays.said("identifier", variable.name) == "no":
            self._add(variable, self.dataset.frame[variable.name].to_numpy())
            return
        if self.start is None or self.start not in self.dataset.variables:
            self.out.append(variable.name)
            return
        start = self.dataset.variables[self.start].title
        counted_from = self.spec.but(start=self.start, unit="days")
        days = from_start(self.dataset, counted_from, variable.name, "origin")
        self.days.append(variable.name)
        label = f"{variable.title} (days from {start})"
        made = dataclasses.replace(
            variable, label=label, kind="number", unit="days", decimals=0, identifier=""
        )
        self._add(made, days)

    def _add(self, variable: Variable, values: np.ndarray) -> None:
        self.cells[variable.name] = values[self.rows]
        self.variables[variable.name] = dataclasses.replace(variable, derived=False)

    def ages(self) -> bool:
        """Make ages that few people reach the same."""
        known = self.dataset.variables
        numeric = [n for n in self.cells if n in known and known[n].kind == "number"]
        numeric = [n for n in numeric if self.cells[n].dtype != object]
        kept = {n: dataclasses.replace(known[n], identifier="") for n in numeric}
        shown = identifiers.without(
            dataclasses.replace(self.dataset, frame=self.dataset.frame[numeric], variables=kept)
        )
        for name in numeric:
            if shown[name].dtype == object:
                self.aged.append(name)
                cells = self.cells[name]
                self.cells[name] = np.where(cells > identifiers.OLDEST, float(OLDEST), cells)
        return bool(self.aged)

    def known(self) -> None:
        """Name the column of times only where it is still there."""
        for name, variable in self.variables.items():
            if variable.known not in ("", KNOWN_LATER, *self.variables):
                self.variables[name] = dataclasses.replace(variable, known=KNOWN_LATER)

    def notes(self) -> list[str]:
        """Say what was left out and what was changed."""
        said = []
        if self.out:
            said.append(f"Left out, because they can identify persons: {listed(self.out)}.")
        if self.words:
            said.append(f"Left out, because they hold free text: {listed(self.words)}.")
        if self.days:
            dates = listed(list(dict.fromkeys(self.days)))
            said.append(f"Dates became times, and are not there themselves: {dates}.")
        if self.renumbered:
            said.append(
                f"Numbers of patients became running numbers in a random order: "
                f"{listed(self.renumbered)}."
            )
        for name in self.aged:
            n = int((self.cells[name] == OLDEST).sum())
            said.append(
                f"{counted(n, 'age')} above {identifiers.OLDEST} in '{name}' became {OLDEST}: a "
                "result in which the age counts by the year can differ a little."
            )
        return said


def named_as_groups(spec: AnalysisSpec) -> set[str]:
    """Columns that a question needs though they may be text."""
    single = (spec.time, spec.event, spec.centre, spec.group_by, spec.second_by, spec.response)
    return {*filter(None, single), *spec.strata, *spec.subgroups, *spec.characteristics}


def free(name: str, taken: Iterable[str]) -> str:
    """A name that is not taken.

    Examples
    --------
    >>> free("patient", ["patient"])
    'patient 2'
    """
    known = set(taken)
    number, found = 1, name
    while found in known:
        number += 1
        found = f"{name} {number}"
    return found
