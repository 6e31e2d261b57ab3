"""The same quantity printed in several places.

Methods
-------
Two printed numbers agree when some value rounds to both. Where a pair of rows has exchanged values
in one of the places (each agrees with the other's), one finding says so, in place of two; and where
the ratio and limits of the rows say which order is right, that too.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from core.printed.findings import NAMES, Finding, finding
from core.printed.gathered import Gathered, known, number
from core.printed.number import Printed, between, half_up
from core.printed.rules.ratios import p_range
from core.printed.table import FACTS, WHOLE, Cell

Key = tuple[tuple[str, str, str], str]
Clash = tuple[Cell, Cell]
DIGITS = 3
"""Significant digits from which on a median that is also the mean is no coincidence."""


def agree(a: Cell, b: Cell) -> bool:
    """Whether one value can be printed as both."""
    x, y = number(a), number(b)
    if x.missing or y.missing:
        return x.missing == y.missing
    return x.meets(y.low, y.high)


def differing(study: Gathered) -> Iterator[Finding]:
    """Different values of the same quantity, exchanged values recognised as such."""
    clashes = sorted(_clashes(study), key=lambda pair: (pair[0].quantity, pair[0].row))
    used: set[int] = set()
    for (i, one), (j, other) in combinations(enumerate(clashes), 2):
        if not {i, j} & used and _exchanged(one, other):
            used |= {i, j}
            yield _swap(study, one, other)
    for i, (a, b) in enumerate(clashes):
        if i not in used:
            yield finding("two places", "contradiction", (a, b), _differ(a, b))


def mislabelled(study: Gathered) -> Iterator[Finding]:
    """The same number called a median in one place and a mean in another."""
    means = [c for c in study.quantity("mean_value", "mean") if known(c)]
    for a in study.quantity("median"):
        for b in means:
            alike = a.row == b.row and a.place != b.place and a.printed == b.printed
            if alike and sum(map(str.isdigit, a.printed)) > DIGITS - 1:
                proof = (
                    f"{a.printed} is the median in {a.place} and the mean in {b.place}; one name "
                    "is wrong."
                )
                yield finding("median or mean", "contradiction", (a, b), proof)


def _clashes(study: Gathered) -> Iterator[Clash]:
    groups: dict[Key, list[Cell]] = {}
    for cell in study.cells:
        if cell.quantity not in FACTS and cell.number is not None:
            key = (cell.row, f"{cell.quantity} {study.kind_of(cell)}")
            groups.setdefault(key, []).append(cell)
    for cells in groups.values():
        seen: set[frozenset[str]] = set()
        for a, b in combinations(sorted(cells, key=lambda c: (c.place, c.printed)), 2):
            pair = frozenset((a.printed, b.printed))
            if a.place != b.place and not agree(a, b) and pair not in seen:
                seen.add(pair)
                yield a, b


def _exchanged(one: Clash, other: Clash) -> bool:
    """Whether two rows have each other's value in one of the places."""
    (a, b), (c, d) = one, other
    alike = a.quantity == c.quantity and a.place == c.place and b.place == d.place
    related = a.factor == c.factor or a.group == c.group or a.model == c.model != ""
    return alike and related and a.row != c.row and agree(a, d) and agree(b, c)


def _swap(study: Gathered, one: Clash, other: Clash) -> Finding:
    (a, b), (c, d) = one, other
    name = NAMES[a.quantity]
    what = (a.group, c.group) if a.row[0] == c.row[0] else (a.factor, c.factor)
    proof = (
        f"{name} of {what[0]} and {what[1]} are exchanged: {a.printed} and {c.printed} in "
        f"{a.place}, {b.printed} and {d.printed} in {b.place}."
    )
    return finding("exchanged", "contradiction", (a, c, b, d), proof + _judge(study, one))


def _judge(study: Gathered, clash: Clash) -> str:
    """Which of two p-values the limits of the row give, where they give just one."""
    cell = clash[0]
    if cell.quantity != "p_value" or not cell.model:
        return ""
    for triple in study.triples("hazard_ratio"):
        implied = p_range(triple) if triple.estimate.row[0] == cell.row[0] else None
        if triple.estimate.model != cell.model or implied is None:
            continue
        fits = [c for c in clash if number(c).meets(*implied)]
        if len(fits) == 1:
            return (
                f" The limits of {cell.factor} ({triple.low.printed} to {triple.high.printed}) "
                f"give P {between(*implied)}: {fits[0].printed}, as in {fits[0].place}."
            )
    return ""


def _differ(a: Cell, b: Cell) -> str:
    x, y = number(a), number(b)
    if x.missing or y.missing:
        return f"{a.place} has {a.printed}, {b.place} has {b.printed}: it is reached or it is not."
    proof = f"{a.place} has {a.printed} and {b.place} {b.printed}"
    if a.quantity in WHOLE:
        return f"{proof}."
    return f"{proof}; no value rounds to both ({_stands(x)} and {_stands(y)})."


def _stands(printed: Printed) -> str:
    if printed.sign:
        return printed.text
    low, high = (half_up(v, printed.decimals + 1) for v in (printed.low, printed.high))
    return f"{low} to {high}"
