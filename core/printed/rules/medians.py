"""Medians with symmetric limits, and groups cut at a median.

Methods
-------
SPSS gives a median survival time the limits median +- 1.96 SE, a negative lower one printed as 0;
most other programs give limits that are not symmetric. A table whose medians nearly all lie in the
middle of their limits was made like that, and then all of them must. The centre of all values that
round to the limits is compared with all that round to the median.

A cut at the sample median puts at least half of the patients into the group ``>= median``, and at
most half into ``> median``, whatever the values are.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from core.printed.findings import Finding, finding
from core.printed.gathered import Gathered, known, number
from core.printed.number import short
from core.printed.table import Cell, same

ENOUGH = 5
"""Symmetric pairs of limits that a table must have to be taken for one of SPSS."""
NEARLY_ALL = 0.8
Limits = tuple[Cell, Cell, Cell]


def symmetry(study: Gathered) -> Iterator[Finding]:
    """A median that is not in the middle of its limits, where the others are."""
    medians = list(_medians(study))
    clear = [m for m in medians if number(m[1]).value > 0 and _fine(m)]
    symmetric = [m for m in clear if _gap(m) <= 0]
    if len(symmetric) < ENOUGH or len(symmetric) < NEARLY_ALL * len(clear):
        return
    for cells in medians:
        gap = _gap(cells)
        if gap <= 0:
            continue
        median, low, high = (number(c) for c in cells)
        if low.value == 0:
            proof = (
                f"The lower limit was cut off at 0, so the upper one is at least twice the median: "
                f"{short(2 * median.value)}, but {high.text} is printed."
            )
        else:
            proof = (
                f"{len(symmetric)} of {len(clear)} medians lie in the middle of their limits, as "
                f"SPSS gives them. The middle of {low.text} and {high.text} is "
                f"{short((low.value + high.value) / 2, 4)} "
                f"({short(median.value - low.value)} below the median, "
                f"{short(high.value - median.value)} above); the median printed is {median.text}."
            )
        yield finding("symmetric limits", "contradiction", cells, proof)


def order(study: Gathered) -> Iterator[Finding]:
    """An estimate that lies outside its own limits."""
    names = (
        ("median", "median_low", "median_high"),
        ("hazard_ratio", "hr_low", "hr_high"),
        ("odds_ratio", "or_low", "or_high"),
        ("percent", "percent_low", "percent_high"),
    )
    for row in study.rows.values():
        for name, low, high in names:
            cells = [row.get(n) for n in (low, name, high)]
            found = [c for c in cells if c is not None and known(c)]
            for a, b in pairwise(found):
                if number(a).low > number(b).high:
                    proof = f"{a.printed} is more than {b.printed}, and should not be."
                    yield finding("outside its limits", "impossible", (a, b), proof)


def cut(study: Gathered) -> Iterator[Finding]:
    """Groups of another size than the stated cut at the median can give."""
    for rule in study.quantity("cut_rule"):
        side = ">=" if ">=" in same(rule.printed) else ">"
        if "median" not in same(rule.printed):
            continue
        groups = _groups(study, rule)
        if groups is None:
            continue
        low, high = groups
        n, above = number(low).value + number(high).value, number(high).value
        least, most = (math.ceil(n / 2), n) if side == ">=" else (0, math.floor(n / 2))
        if least <= above <= most:
            continue
        bound = f"at least {least:g}" if side == ">=" else f"at most {most:g}"
        proof = (
            f"'{side} median' of {n:g} patients puts {bound} into the upper group, whatever the "
            f"values are; {above:g} are printed. The cutoff was rounded, or the other side was "
            "used."
        )
        yield finding("cut at the median", "impossible", (rule, low, high), proof)


def _groups(study: Gathered, rule: Cell) -> tuple[Cell, Cell] | None:
    """Size of the lower and of the upper group."""
    sizes: dict[str, Cell] = {}
    for cell in study.quantity("n"):
        if cell.row[0] == rule.row[0] and not cell.model and known(cell):
            key = "high" if same(cell.group).startswith(">") else "low"
            if same(cell.group).startswith((">", "<")):
                sizes.setdefault(key, cell)
    return (sizes["low"], sizes["high"]) if len(sizes) == 2 else None


def _medians(study: Gathered) -> Iterator[Limits]:
    for row in study.rows.values():
        cells = (row.get("median"), row.get("median_low"), row.get("median_high"))
        if all(known(c) for c in cells):
            yield cells  # type: ignore[misc]


def _fine(cells: Limits) -> bool:
    """Whether the times are finer than whole and half units, where symmetry is no coincidence."""
    return any((2 * number(c).value) % 1 for c in cells)


def _gap(cells: Limits) -> float:
    """How far the median lies outside the middle of its limits; at most 0 where it fits."""
    median, low, high = (number(c) for c in cells)
    if low.value == 0:
        return 2 * median.low - high.high - 1e-9
    least, most = (low.low + high.low) / 2, (low.high + high.high) / 2
    return max(least - median.high, median.low - most) - 1e-9
