"""What the text claims, against the numbers beside it.

Methods
-------
A claim is a tag on a row: a direction (``longer shorter higher lower``), a verdict (``significant``
or ``not significant``), or ``independent`` (found by a selected model). Verdicts are meant at
P < 0.05. Claims from one of several tests are put beside Holm's correction over the tests that the
study itself puts into one family; claims from a selected model beside the number of events per
candidate.

References
----------
Holm S. Scand J Stat 1979;6:65-70. Peduzzi P et al. J Clin Epidemiol 1995;48:1503-1510. Wang R
et al. N Engl J Med 2007;357:2189-2194 (subgroups).
"""

from __future__ import annotations

from collections.abc import Iterator

from core.notes import counted
from core.printed.findings import Finding, finding
from core.printed.gathered import Gathered, known, number
from core.printed.number import short
from core.printed.rules.ratios import LEVEL
from core.printed.table import Cell, same
from core.survival.logrank import adjust

FEW_EVENTS = 10
"""Events per candidate below which a selected model is called overfitted."""
UP = ("longer", "higher")
DOWN = ("shorter", "lower")
_ALONE = ", and neither is the other subgroup"
VERDICTS = ("significant", "not significant")


def directions(study: Gathered) -> Iterator[Finding]:
    """A direction in words that the numbers do not have."""
    for cell in study.cells:
        if cell.claim not in (*UP, *DOWN) or not known(cell):
            continue
        if cell.quantity in ("hazard_ratio", "odds_ratio"):
            value = number(cell)
            wrong = value.high < 1 if cell.claim in UP else value.low > 1
            if wrong:
                than = "below 1 means lower" if cell.claim in UP else "above 1 means higher"
                proof = f"A ratio of {cell.printed} is called '{cell.claim}', but one {than}."
                yield finding("direction", "contradiction", (cell,), proof)
        else:
            yield from _other_group(study, cell)


def _other_group(study: Gathered, cell: Cell) -> Iterator[Finding]:
    """A group said to be above or below the others of its factor, whose own numbers are not."""
    for other in study.quantity(cell.quantity):
        here = other.place == cell.place and other.row[0] == cell.row[0]
        if not here or other.row[1] == cell.row[1] or not known(other) or not other.group:
            continue
        a, b = number(cell), number(other)
        if (a.high < b.low) if cell.claim in UP else (a.low > b.high):
            proof = (
                f"{cell.group} is called '{cell.claim}' with {cell.printed}, and {other.group} has "
                f"{other.printed}."
            )
            yield finding("direction", "contradiction", (cell, other), proof)


def kinds(study: Gathered) -> Iterator[Finding]:
    """A hazard ratio of something that is no time to an event."""
    for cell in study.quantity("hazard_ratio"):
        if cell.outcome and "time" not in cell.outcome and "survival" not in cell.outcome:
            proof = (
                f"{cell.printed} is called a hazard ratio, but '{cell.outcome}' is no time to an "
                "event: a proportion has an odds ratio."
            )
            yield finding("kind of ratio", "contradiction", (cell,), proof)


def verdicts(study: Gathered) -> Iterator[Finding]:
    """A verdict that is not that of its p-value."""
    for cell in _claims(study, VERDICTS):
        ps = _p_values(study, cell)
        against = [p for p in ps if _is_against(p, cell.claim)]
        if ps and len(against) == len(ps):
            proof = f"'{cell.claim}' in {cell.place}, and P is {against[0].printed}."
            yield finding("verdict", "contradiction", (cell, *against), proof)


def left_out(study: Gathered) -> Iterator[Finding]:
    """A significant factor of a table whose other factors' verdicts are told in the text."""
    told: dict[str, list[Cell]] = {}
    for cell in _claims(study, VERDICTS):
        if cell.model != "subgroup":
            told.setdefault(cell.place, []).append(cell)
    for place, cells in told.items():
        models = {cell.model for cell in cells}
        names = {cell.row[0] for cell in cells}
        tables = {p.place for cell in cells for p in _p_values(study, cell)}
        omitted: dict[str, list[Cell]] = {}
        for p in study.quantity("p_value"):
            listed = p.place in tables and (not any(models) or p.model in models) and p.model
            if listed and known(p) and number(p).high < LEVEL and p.row[0] not in names:
                omitted.setdefault(p.factor, []).append(p)
        if len(cells) < 2:
            continue
        for factor, ps in omitted.items():
            said = " and ".join(f"{p.printed} ({p.model})" for p in ps)
            proof = (
                f"{place} gives the verdict on {', '.join(c.factor for c in cells)}, and leaves "
                f"out {factor}, whose P is {said}."
            )
            yield finding("left out", "contradiction", tuple(ps), proof)


def families(study: Gathered) -> Iterator[Finding]:
    """A claim from the smallest of several p-values that does not stand correction."""
    members: dict[str, list[Cell]] = {}
    for cell in study.quantity("family"):
        members.setdefault(same(cell.printed), []).append(cell)
    for cells in members.values():
        names = {cell.row[0] for cell in cells}
        claims = [c for c in _claims(study, ("independent", "significant")) if c.row[0] in names]
        tests = {
            c.row[0]: c
            for c in reversed(study.quantity("p_value"))
            if c.row[0] in names and not c.model and not c.group and known(c)
        }
        if not claims or len(tests) < 2:
            continue
        raw = [number(c).value for c in tests.values()]
        holm = [p for p in adjust(list(raw), "holm") if p is not None]
        bh = [p for p in adjust(list(raw), "bh") if p is not None]
        low = [c for c in tests.values() if number(c).value < LEVEL]
        if low and min(holm) > LEVEL:
            proof = (
                f"{len(low)} of {len(tests)} tests of '{cells[0].printed}' have P < 0.05, the "
                f"smallest {short(min(raw))}; corrected for all of them it is {short(min(holm))} "
                f"(Holm) or {short(min(bh))} (Benjamini-Hochberg)."
            )
            yield finding("several tests", "not stated", (*claims, *low), proof)


def candidates(study: Gathered) -> Iterator[Finding]:
    """A model called independent evidence that was selected from too many candidates."""
    whole = study.overall.get("events")
    claims = list(_claims(study, ("independent",)))
    for cell in study.quantity("candidates"):
        if whole is None or not claims or not known(cell) or number(cell).value <= 0:
            continue
        each = number(whole).value / number(cell).value
        if each < FEW_EVENTS:
            proof = (
                f"{cell.printed} candidates for {whole.printed} events are {short(each)} events "
                f"each; below {FEW_EVENTS} a selection finds factors by chance."
            )
            yield finding("events per candidate", "not stated", (cell, whole, *claims), proof)


def subgroups(study: Gathered) -> Iterator[Finding]:
    """P-values of subgroups without a test of interaction."""
    shown = {c.place for c in study.quantity("content") if "subgroup" in same(c.printed)}
    places: dict[str, list[Cell]] = {}
    for cell in study.quantity("p_value"):
        if known(cell) and (cell.model == "subgroup" or cell.place in shown):
            places.setdefault(cell.place, []).append(cell)
    tested = {same(c.factor) for c in study.quantity("p_interaction")}
    for cells in places.values():
        low = [c for c in cells if number(c).high < LEVEL and same(c.factor) not in tested]
        if low:
            most = min(low, key=lambda c: number(c).value)
            others = {
                c.row[1]
                for c in study.cells
                if c.row[0] == most.row[0] and c.model == "subgroup" and c.row[1] != most.row[1]
            }
            proof = (
                f"P {most.printed} in {most.title} alone does not say that the effect differs from "
                "that in the others: the test of interaction is not printed"
                f"{'' if others or most.place in shown else _ALONE}. Of "
                f"{counted(len(cells), 'P-value')} in subgroups {len(low)} below 0.05 "
                f"{'has' if len(low) == 1 else 'have'} no such test."
            )
            yield finding("subgroups", "not stated", tuple(low), proof)


def _claims(study: Gathered, wanted: tuple[str, ...]) -> Iterator[Cell]:
    for cell in study.cells:
        if cell.claim in wanted:
            yield cell


def _p_values(study: Gathered, claim: Cell) -> list[Cell]:
    """P-values that a verdict can be about: its own, or those of its factor and model."""
    if claim.quantity == "p_value":
        return [claim]
    found = [
        c
        for c in study.quantity("p_value")
        if c.row[0] == claim.row[0] and c.model == claim.model and known(c)
    ]
    return [c for c in found if not claim.group or c.row[1] == claim.row[1]]


def _is_against(p: Cell, claim: str) -> bool:
    printed = number(p)
    return printed.low > LEVEL if claim == "significant" else printed.high < LEVEL
