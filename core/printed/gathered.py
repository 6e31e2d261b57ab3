"""Printed cells by what they are about: triples of a ratio, medians with limits, totals."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from core.printed.number import Printed
from core.printed.table import Cell, same

_CONTRAST = re.compile(r"\bvs?\b\.?|\bversus\b|\bagainst\b")
_SIDE = re.compile(r"[<>≤≥]|\d\s*(?:-|–|to)\s*<?\s*\d")
RATIOS = {"hazard_ratio": ("hr_low", "hr_high"), "odds_ratio": ("or_low", "or_high")}
EVERYONE = frozenset(("overall", "all", "total", "allpatients", "patients", "everyone"))


@dataclass(frozen=True)
class Triple:
    """An estimate with its limits and, where it is printed, its p-value."""

    estimate: Cell
    low: Cell
    high: Cell
    p: Cell | None

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All of them."""
        return (self.estimate, self.low, self.high) + (() if self.p is None else (self.p,))

    @property
    def numbers(self) -> tuple[Printed, Printed, Printed]:
        """Estimate, lower and upper limit."""
        return number(self.estimate), number(self.low), number(self.high)


def number(cell: Cell) -> Printed:
    """The number of a cell that has one."""
    found = cell.number
    return Printed("", math.nan, 0, math.nan, math.nan) if found is None else found


def known(cell: Cell | None) -> bool:
    """Whether a cell is there and has a number."""
    return cell is not None and not number(cell).missing


class Gathered:
    """All cells of a study.

    Examples
    --------
    >>> cells = [Cell("T", "Age", "", "univariable", q, p) for q, p in
    ...          (("hazard_ratio", "2"), ("hr_low", "1"), ("hr_high", "4"))]
    >>> len(list(Gathered(tuple(cells)).triples("hazard_ratio")))
    1
    """

    def __init__(self, cells: tuple[Cell, ...]) -> None:
        self.cells = cells

    @cached_property
    def rows(self) -> dict[tuple[str, tuple[str, str, str]], dict[str, Cell]]:
        """Cells of each printed row, by quantity; the first one counts."""
        found: dict[tuple[str, tuple[str, str, str]], dict[str, Cell]] = {}
        for cell in self.cells:
            found.setdefault((cell.place, cell.row), {}).setdefault(cell.quantity, cell)
        return found

    @cached_property
    def overall(self) -> dict[str, Cell]:
        """Number of patients and events of the whole study."""
        found: dict[str, Cell] = {}
        for cell in self.cells:
            whole = same(cell.factor) in EVERYONE and not cell.group and not cell.model
            if whole and cell.quantity in ("n", "events") and known(cell):
                found.setdefault(cell.quantity, cell)
        return found

    @cached_property
    def _levels(self) -> dict[tuple[str, str], dict[str, Cell]]:
        found: dict[tuple[str, str], dict[str, Cell]] = {}
        for cell in self.quantity("n", "count"):
            # Beside a mean the group is one of patients, and no level of what is described.
            described = "mean_value" in self.rows[cell.place, cell.row]
            if cell.group and not cell.model and not described:
                key = same(cell.group.split(" | ")[0])
                for place in ("", cell.place):
                    found.setdefault((same(cell.factor), place), {}).setdefault(key, cell)
        return found

    def levels(self, factor: str, place: str = "") -> tuple[Cell, ...]:
        """Levels that are printed for a factor, a cell each; in one place, or anywhere."""
        return tuple(self._levels.get((same(factor), place), {}).values())

    def categories(self, factor: str) -> tuple[Cell, ...]:
        """Levels of a factor, if they are named by words: no number was cut into them."""
        found = self.levels(factor)
        return () if any(_SIDE.search(cell.group) for cell in found) else found

    def quantity(self, *names: str) -> tuple[Cell, ...]:
        """All cells of some quantities."""
        return tuple(cell for cell in self.cells if cell.quantity in names)

    def triples(self, quantity: str) -> Iterator[Triple]:
        """Ratios with two limits. A p-value of the row that has no contrast is theirs as well."""
        low, high = RATIOS[quantity]
        for (place, (factor, _, model)), row in self.rows.items():
            cells = (row.get(quantity), row.get(low), row.get(high))
            if all(known(c) and number(c).value > 0 for c in cells if c is not None) and all(cells):
                bare = self.rows.get((place, (factor, "", model)), {}) if model else {}
                p = row.get("p_value", bare.get("p_value"))
                yield Triple(cells[0], cells[1], cells[2], p)  # type: ignore[arg-type]

    def binary(self, cell: Cell) -> bool:
        """Whether a ratio compares two groups: a contrast is printed, or two categories are."""
        return _CONTRAST.search(cell.group) is not None or len(self.categories(cell.factor)) == 2

    def two_groups(self, cell: Cell) -> bool:
        """Whether a ratio compares the only two groups of a factor."""
        contrasts = {
            c.row[1]
            for c in self.quantity("hazard_ratio")
            if c.row[0] == cell.row[0] and c.model == cell.model
        }
        return self.binary(cell) and len(contrasts) == 1 and len(self.levels(cell.factor)) in (0, 2)

    def events_of(self, cell: Cell) -> float | None:
        """Events behind a ratio: those of the factor's levels, else those of the study."""
        if cell.model == "subgroup":
            return None
        groups = {
            c.row[1]: number(c).value
            for c in self.quantity("events")
            if c.row[0] == cell.row[0] and c.group and not c.model and known(c)
        }
        if len(groups) > 1 and len(groups) == len(self._sized(cell.factor)):
            return sum(groups.values())
        whole = self.overall.get("events")
        return None if whole is None else number(whole).value

    def _sized(self, factor: str) -> frozenset[str]:
        wanted = same(factor)
        cells = (c for c in self.quantity("n", "median") if c.row[0] == wanted and not c.model)
        return frozenset(c.row[1] for c in cells if c.group)

    def said(self, cell: Cell, quantity: str) -> str:
        """A fact that is printed for the row of a cell, or for its factor; empty without one."""
        wanted = (cell.row[0], cell.row[1], cell.model), (cell.row[0], "", ""), ("", "", "")
        facts = [c for c in self.quantity(quantity) if c.place == cell.place]
        for row in wanted:
            for fact in facts:
                if fact.row == row:
                    return fact.printed
        return ""

    def limits_of(self, cell: Cell) -> str:
        """How the limits of a ratio were made, where that is printed: ``wald`` or ``profile``."""
        return same(self.said(cell, "limits"))

    def test_of(self, cell: Cell) -> str:
        """Which test a p-value is of, where that is printed; empty for the usual one."""
        said = same(self.said(cell, "test"))
        return "" if said in ("", "logrank", "log-rank") else said

    @cached_property
    def _described(self) -> frozenset[tuple[str, str]]:
        cells = self.quantity("mean_value", "sd", "count")
        return frozenset((c.place, c.row[0]) for c in cells if c.group)

    def kind_of(self, cell: Cell) -> str:
        """Which test a p-value without a model is of: of the patients at baseline, or of time."""
        plain = cell.quantity == "p_value" and not cell.model
        if plain and (cell.place, cell.row[0]) in self._described:
            return "described"
        return self.test_of(cell) if plain else ""
