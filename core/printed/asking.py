"""What computes a cell of a pasted table: its row is looked for among the columns of a cohort.

A row is found by its name (``Liver metastasis``, or the name of the column), its groups by their
levels or by a threshold (``< 6.09`` and ``>= 6.09``). Its numbers are those of Kaplan-Meier groups,
of the log-rank test, of Cox models of the row alone, and of one model of all rows of the table that
have an adjusted ratio. A row that is not found is left without a question.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from core.dataset import Dataset, Variable
from core.printed.table import Cell, same
from core.spec import AnalysisSpec, quote_name, shortest
from core.terms import term_name

OF_GROUPS = {
    "n": "n", "events": "events", "median": "median",
    "median_low": "conf_low", "median_high": "conf_high",
}  # fmt: skip
OF_MODELS = {
    "hazard_ratio": "hazard_ratio", "hr_low": "conf_low", "hr_high": "conf_high",
    "p_value": "p_value",
}  # fmt: skip
MOST_LEVELS = 20
_SIDE = re.compile(r"\s*(>=|<=|[<>≥≤])\s*(-?\d+(?:\.\d+)?)\D*")
_PER = re.compile(r"(.+?)[,(]?\s*\bper\s+(\d+(?:\.\d+)?)?.*", re.IGNORECASE)
_VERSUS = re.compile(r"(.+?)\s+(?:vs?\.?|versus)\s+(.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Row:
    """A column of the cohort, and how the printed row divides it.

    `per` is the step of a ratio, `cut` a threshold with its side, `levels` those of a category.
    """

    variable: Variable
    per: str = ""
    cut: str = ""
    side: str = "ge"
    levels: tuple[str, ...] = ()

    @property
    def spec(self) -> AnalysisSpec:
        """The question that forms its groups."""
        asked = AnalysisSpec(group_by=self.variable.name)
        if not self.cut:
            return asked.but(cut_rule="none") if self.variable.kind == "number" else asked
        return asked.but(cut_rule="value", cut_value=(self.cut,), cut_side=self.side)

    def term(self, reference: str = "") -> str:
        """The term of a model."""
        name = term_name(self.variable.name)
        if self.cut:
            return f"{name}:cut({self.cut})"
        if self.levels:
            return f"{name}:cat({quote_name(reference)})" if reference else f"{name}:cat"
        return f"{name}:per({self.per})" if self.per else name

    def label(self, group: str) -> str:
        """The group of a printed name as the program calls it; empty where there is none."""
        if self.cut:
            found = _SIDE.fullmatch(group)
            low, high = ("<", ">=") if self.side == "ge" else ("<=", ">")
            sign = found[1].replace("≥", ">=").replace("≤", "<=") if found else ""
            return f"{sign} {self.cut}" if sign in (low, high) else ""
        wanted = same(group)
        return next((level for level in self.levels if same(level) == wanted), "")


def asked(cells: Sequence[Cell], dataset: Dataset) -> tuple[Cell, ...]:
    """Give every cell the question that computes it, where one is found.

    Parameters
    ----------
    cells : sequence of Cell
        Those that have a question keep it.
    dataset : Dataset

    Returns
    -------
    tuple of Cell
        The same cells; `Cell.part` stays empty where there is no question.

    Examples
    --------
    >>> from core.reading import examples
    >>> cell = Cell("Pasted", "Liver metastasis", "yes", "", "events", "5")
    >>> asked([cell], examples.load("fulvestrant"))[0].path
    'groups[label=yes].events'
    """
    groups: dict[tuple[str, str], list[str]] = {}
    for cell in cells:
        groups.setdefault((cell.place, cell.factor), []).append(cell.group)
    found = {key: _row(key[1], own, dataset) for key, own in groups.items()}
    rows = {key: row for key, row in found.items() if row is not None}
    models = {place: _model(cells, place, rows) for place in {c.place for c in cells}}
    return tuple(c if c.part else _asked(c, rows, models[c.place]) for c in cells)


def unknown(cells: Iterable[Cell]) -> tuple[str, ...]:
    """Names of the rows that no column was found for, in their order."""
    rows: dict[str, bool] = {}
    for cell in cells:
        rows[cell.factor] = rows.get(cell.factor, False) or bool(cell.part)
    return tuple(name for name, found in rows.items() if not found)


def _row(factor: str, groups: Sequence[str], dataset: Dataset) -> Row | None:
    per = _PER.fullmatch(factor)
    names = [factor, *([per[1]] if per else []), re.sub(r"\s*\([^)]*\)\s*$", "", factor)]
    found = next((v for n in names for v in _called(n, dataset)), None)
    if found is None:
        return None
    sides = [s for g in groups for part in _parts(g) if (s := _SIDE.fullmatch(part))]
    values = {float(s[2]) for s in sides}
    if found.kind == "number" and len(values) == 1:
        equal = any(s[1] in (">=", "≥", "<") for s in sides)
        return Row(found, cut=shortest(values.pop()), side="ge" if equal else "gt")
    if found.kind == "number" and not any(groups):
        return Row(found, per=(per[2] or "") if per else "")
    levels = _levels(found, dataset)
    return Row(found, levels=levels) if levels and not values else None


def _called(name: str, dataset: Dataset) -> list[Variable]:
    wanted = same(name)
    return [
        v for v in dataset.variables.values()
        if not v.identifier and v.kind in ("number", "category")
        and wanted in (same(v.title), same(v.name))
    ]  # fmt: skip


def _levels(variable: Variable, dataset: Dataset) -> tuple[str, ...]:
    values = dataset.frame[variable.name].dropna().unique()
    if len(values) > MOST_LEVELS:
        return ()
    if pd.api.types.is_numeric_dtype(dataset.frame[variable.name]):
        return tuple(shortest(float(v)) for v in sorted(values))
    seen = {str(v) for v in values}
    ordered = [level for level in variable.levels if level in seen]
    return (*ordered, *sorted(seen - {*ordered}))


def _parts(group: str) -> tuple[str, ...]:
    found = _VERSUS.fullmatch(group)
    return (found[1], found[2]) if found else (group,)


def _model(
    cells: Sequence[Cell], place: str, rows: dict[tuple[str, str], Row]
) -> dict[str, tuple[str, int]]:
    """Of each row of a table with an adjusted ratio: its term, and where its numbers begin."""
    factors = dict.fromkeys(
        c.factor for c in cells if c.place == place and c.model == "multivariable"
    )
    if not factors or any((place, name) not in rows for name in factors):
        return {}  # a model without one of its terms is another model
    found, at = {}, 0
    for name in factors:
        row = rows[place, name]
        against = next((p[1] for c in cells if (c.place, c.factor) == (place, name)
                        and len(p := _parts(c.group)) == 2), "")  # fmt: skip
        found[name] = (row.term(row.label(against) if row.levels else ""), at)
        at += max(len(row.levels) - 1, 1)
    return found


def _asked(cell: Cell, rows: dict[tuple[str, str], Row], model: dict[str, tuple[str, int]]) -> Cell:
    whole = same(cell.factor) == "overall"
    row = rows.get((cell.place, cell.factor))
    if not cell.model:
        return _of_groups(cell, row, whole)
    if row is None or cell.quantity not in OF_MODELS:
        return cell
    level, _, against = (p.strip() for p in _partition(cell.group))
    name, reference = row.label(level), row.label(against)
    low = "<" if row.side == "ge" else "<="
    if row.cut and (not name or name.startswith(f"{low} ")):
        return cell  # the low group against the high one: another ratio
    if row.levels and not name:
        return cell
    if cell.model == "univariable":
        term, at = row.term(reference if row.levels else ""), 0
    elif cell.model == "multivariable" and cell.factor in model:
        term, at = model[cell.factor]
    else:
        return cell
    terms = (term,) if cell.model == "univariable" else tuple(t for t, _ in model.values())
    if row.levels:
        others = [n for n in row.levels if n != (reference or row.levels[0])]
        at += others.index(name) if name in others else 0
    query = AnalysisSpec(terms=terms, cut_side=row.side if row.cut else None).to_query()
    path = f"{cell.model}[{at}].{OF_MODELS[cell.quantity]}"
    return replace(cell, part="cox", query=query, path=path, kind="estimate")


def _partition(group: str) -> tuple[str, str, str]:
    parts = _parts(group)
    return (parts[0], "", parts[1]) if len(parts) == 2 else (group, "", "")


def _of_groups(cell: Cell, row: Row | None, whole: bool) -> Cell:
    kind = "count" if cell.quantity in ("n", "events") else "estimate"
    if whole and cell.quantity in OF_GROUPS:
        path = f"groups[0].{OF_GROUPS[cell.quantity]}"
        return replace(cell, part="km", path=path, kind=kind)
    if row is None or not (row.cut or row.levels):
        return cell
    query = row.spec.to_query()
    if cell.quantity == "p_value" and not cell.group:
        return replace(cell, part="km", query=query, path="test.p_value", kind=kind)
    label = row.label(cell.group)
    if cell.quantity not in OF_GROUPS or not label or "]" in label:
        return cell
    path = f"groups[label={label}].{OF_GROUPS[cell.quantity]}"
    return replace(cell, part="km", query=query, path=path, kind=kind)
