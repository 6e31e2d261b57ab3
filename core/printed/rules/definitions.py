"""Words that must mean one thing: definitions, cutoffs, captions, reference levels.

Methods
-------
These rules compare short tags (``>= 2.5``, ``adaptive``), not sentences. A cutoff is a number to be
used as it stands, so 6.1 and 6.09 are two cutoffs although one is the other rounded: a patient
between them changes groups. What an endpoint must count is in `ENDPOINTS`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from core.printed.findings import Finding, finding
from core.printed.gathered import Gathered, known, number
from core.printed.number import short
from core.printed.table import Cell, same

ENDPOINTS = {
    "pfs": ("death",), "progression-freesurvival": ("death",),
    "progressionfreesurvival": ("death",), "dfs": ("death",),
    "disease-freesurvival": ("death",), "os": ("death",), "overallsurvival": ("death",),
}  # fmt: skip
"""What the usual definition of an endpoint counts as an event."""
LATER = ("follow-up", "followup", "progress", "respon", "surviv", "compliance", "adherence")
"""Words of what is known only after the start."""
CODED = ("trend", "per ", "continuous", "numeric", "(per", "linear")


def terms(study: Gathered) -> Iterator[Finding]:
    """One term with two definitions."""
    groups: dict[tuple[str, str], list[Cell]] = {}
    for cell in study.quantity("definition"):
        groups.setdefault((same(cell.factor), same(cell.group)), []).append(cell)
    for cells in groups.values():
        distinct = {same(c.printed): c for c in reversed(cells)}
        if len(distinct) > 1:
            found = tuple(reversed(distinct.values()))
            said = " and ".join(f"'{c.printed}' ({c.place})" for c in found)
            proof = f"One name, '{found[0].title}', stands for {said}."
            yield finding("two definitions", "contradiction", found, proof)


def cutoffs(study: Gathered) -> Iterator[Finding]:
    """A cutoff printed with two values."""
    groups: dict[str, list[Cell]] = {}
    for cell in study.quantity("cutoff"):
        if known(cell):
            groups.setdefault(cell.row[0], []).append(cell)
    for cells in groups.values():
        for a, b in combinations({number(c).value: c for c in cells}.values(), 2):
            low, high = sorted((number(a).value, number(b).value))
            proof = (
                f"{a.place} cuts at {a.printed} and {b.place} at {b.printed}: a patient with "
                f"{short((low + high) / 2, 4)} is in the upper group by one and in the lower by "
                "the other."
            )
            yield finding("two cutoffs", "contradiction", (a, b), proof)


def endpoints(study: Gathered) -> Iterator[Finding]:
    """An endpoint that leaves out what its name counts, or whose components are not told apart."""
    for cell in study.quantity("definition"):
        needed = ENDPOINTS.get(same(cell.factor))
        said = same(cell.printed)
        if needed is None:
            continue
        lacking = [word for word in needed if word not in said]
        if lacking:
            proof = (
                f"{cell.factor} is defined by '{cell.printed}' alone; by the usual definition "
                f"{' and '.join(lacking)} is an event too, and here it is censored."
            )
            yield finding("endpoint", "contradiction", (cell,), proof)
        else:
            yield from _components(study, cell, said)


def _components(study: Gathered, cell: Cell, said: str) -> Iterator[Finding]:
    """All events of a composite endpoint that are said to be of one kind."""
    whole = study.overall.get("events")
    for part in study.quantity("count", "events"):
        name = same(part.factor)
        alone = not part.group and not part.model and name in said and name != said
        if not alone or whole is None or not known(part) or part is whole:
            continue
        if number(part).value == number(whole).value:
            proof = (
                f"{cell.factor} counts '{cell.printed}'. {whole.printed} events are all called "
                f"{part.factor.casefold()}: then no patient had another of these first, which is "
                "not stated."
            )
            yield finding("components", "not stated", (part, whole, cell), proof)


def criteria(study: Gathered) -> Iterator[Finding]:
    """Patients left out by what was known only later."""
    for cell in study.quantity("criterion"):
        if any(word in cell.printed.casefold() for word in LATER):
            proof = (
                f"'{cell.printed}' is known only after the start: who is in depends on the future, "
                "and those who died early cannot be."
            )
            yield finding("known later", "contradiction", (cell,), proof)


def captions(study: Gathered) -> Iterator[Finding]:
    """A caption that describes something else than what is shown."""
    contents = {cell.place: cell for cell in study.quantity("content")}
    for cell in study.quantity("caption"):
        shown = contents.get(cell.place)
        if shown is not None and same(shown.printed) != same(cell.printed):
            proof = f"The caption says '{cell.printed}'; shown are '{shown.printed}'."
            yield finding("caption", "contradiction", (cell, shown), proof)


def coding(study: Gathered) -> Iterator[Finding]:
    """A factor of several levels with a single ratio: it was entered as a number."""
    seen: set[tuple[str, str]] = set()
    for triple in study.triples("hazard_ratio"):
        cell = triple.estimate
        levels = study.levels(cell.factor, cell.place)
        key = (cell.row[0], cell.model)
        named = any(word in cell.factor.casefold() for word in CODED)
        if key in seen or named or len(levels) < 3:
            continue
        seen.add(key)
        ratios = {c.row[1] for c in study.quantity("hazard_ratio") if (c.row[0], c.model) == key}
        if len(ratios) == 1 and "vs" not in cell.group:
            proof = (
                f"{cell.factor} has {len(levels)} levels "
                f"({', '.join(c.group.split(' | ')[0] for c in levels)}) and one hazard ratio: it "
                f"was entered as a number with 1 degree of freedom, where the test of the groups "
                f"has {len(levels) - 1}. That is not stated."
            )
            yield finding("one ratio for several levels", "not stated", (cell, *levels), proof)


def reference(study: Gathered) -> Iterator[Finding]:
    """A ratio of two groups that does not say which is compared with which."""
    for (place, (_, group, model)), row in study.rows.items():
        cell = row.get("hazard_ratio") or row.get("odds_ratio")
        if cell is None or group or model not in ("univariable", "multivariable"):
            continue
        levels = study.categories(cell.factor)
        if len(levels) == 2:
            names = " and ".join(c.group.split(" | ")[0] for c in levels)
            proof = (
                f"{cell.factor} has the levels {names}, and {place} does not say which is the "
                f"reference: {cell.printed} may be {short(1 / number(cell).value)}."
            )
            yield finding("reference level", "not stated", (cell,), proof)
