"""Counts: sums of groups, percentages of their denominators, odds ratios of 2 x 2 tables.

Methods
-------
A percentage of n patients is k/n for a whole k, rounded half up or half to even to the printed
decimals. One that is k/n only when its digits are cut off is called that. The odds ratio of a 2 x 2
table is recomputed with Wald limits, SE = sqrt(1/a + 1/b + 1/c + 1/d).
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

from core.contingency import odds_ratio
from core.printed.findings import Finding, Severity, finding
from core.printed.gathered import Gathered, Triple, known, number
from core.printed.number import Printed, read, short
from core.printed.table import Cell, same

MOST = 20_000
"""Largest denominator that is proposed."""
LEFT_OUT = ("missing", "unknown", "notavailable", "notknown", "na", "n/a")


def sums(study: Gathered) -> Iterator[Finding]:
    """Levels of a factor that add up to more or fewer than there are."""
    for quantity in ("n", "events"):
        whole = study.overall.get(quantity)
        for cells in _factors(study, quantity):
            total = sum(number(c).value for c in cells)
            if whole is None or len(cells) < 2 or total == number(whole).value:
                continue
            curves = all("events" in study.rows[c.place, c.row] for c in cells)
            if total < number(whole).value and (_accounted(cells) or not curves):
                continue
            more = total > number(whole).value
            proof = (
                f"{' + '.join(c.printed for c in cells)} = {total:g}, and the study has "
                f"{number(whole).value:g}."
            )
            severity: Severity = "impossible" if more else "not stated"
            yield finding("sum of groups", severity, (*cells, whole), proof)


def parts(study: Gathered) -> Iterator[Finding]:
    """More events than patients."""
    for row in study.rows.values():
        n = row.get("n")
        for name in ("events", "count"):
            some = row.get(name)
            if n is None or some is None or not number(some).value > number(n).value:
                continue  # not so either where one of them is not known
            proof = f"{some.printed} of {n.printed} patients is more than all."
            yield finding("part of a group", "impossible", (some, n), proof)


def percentages(study: Gathered) -> Iterator[Finding]:
    """A percentage that its count and denominator, or any count, does not give."""
    for cell in study.quantity("percent"):
        count = study.rows[cell.place, cell.row].get("count")
        printed = number(cell)
        if printed.missing or printed.sign:
            continue
        if count is None or not known(count):
            yield from _any_count(cell)
            continue
        totals = _denominators(study, cell)
        k = number(count).value
        if not totals or any(_rounds(k, n, printed) for n in totals):
            continue
        cut = next((n for n in totals if _digits(k, n, printed, ROUND_DOWN)), None)
        fits = [
            n for n in range(max(1, int(k)), 4 * int(max(totals)) + 1) if _rounds(k, n, printed)
        ]
        n = cut or totals[0]
        proof = f"{k:g}/{n:g} = {short(100 * k / n, 5)} %, printed as {cell.printed}"
        proof += ": cut off instead of rounded." if cut else "."
        if not cut and fits:
            proof += f" {cell.printed} % would be {k:g} of {_some(fits)}."
        cells = (count, cell)
        yield finding("percentage", "contradiction" if cut else "impossible", cells, proof)


def odds(study: Gathered) -> Iterator[Finding]:
    """An odds ratio or a limit of it that the printed counts do not give."""
    for triple in study.triples("odds_ratio"):
        table = _two_by_two(study, triple.estimate)
        if table is None or study.limits_of(triple.estimate) not in ("", "wald"):
            continue
        cells, (a, n, b, m) = table
        given = odds_ratio(a, n, b, m, 0.95)
        values = (given.estimate, given.conf_low, given.conf_high)
        wrong = [
            (cell, value)
            for cell, value in zip(triple.cells[:3], values, strict=True)
            if value is not None and not number(cell).matches(value)
        ]
        if wrong and not _reverse(triple, values):
            said = "; ".join(_said(cell, value) for cell, value in wrong)
            proof = f"From {a} of {n} and {b} of {m}: {said}."
            found = (*(c for c, _ in wrong), *cells)
            yield finding("odds ratio of the counts", "contradiction", found, proof)


def _said(cell: Cell, value: float) -> str:
    printed = number(cell)
    step = Decimal(1).scaleb(-printed.decimals)
    cut = Decimal(repr(value)).quantize(step, ROUND_DOWN) == Decimal(repr(printed.value))
    return (
        f"{short(value, 5)}, printed as {cell.printed}"
        f"{', cut off instead of rounded' if cut else ''}"
    )


def _reverse(triple: Triple, values: tuple[float | None, ...]) -> bool:
    """Whether the printed ratio is that of the other group."""
    if any(v is None or v == 0 for v in values):
        return False
    estimate, low, high = (1 / v for v in values if v)
    return all(
        number(cell).matches(v)
        for cell, v in zip(triple.cells[:3], (estimate, high, low), strict=True)
    )


def _two_by_two(
    study: Gathered, cell: Cell
) -> tuple[tuple[Cell, ...], tuple[int, int, int, int]] | None:
    """Responders and patients of the two groups of a contrast ``A vs B``."""
    names = [same(part) for part in cell.group.split(" vs ")]
    if len(names) != 2:
        return None
    found: list[Cell] = []
    for name in names:
        row = study.rows.get((cell.place, (cell.row[0], name, "")), {})
        pair = [row.get("count"), row.get("n")]
        if not all(known(c) for c in pair):
            return None
        found += [c for c in pair if c is not None]
    a, n, b, m = (int(number(c).value) for c in found)
    return (tuple(found), (a, n, b, m)) if 0 <= a <= n and 0 <= b <= m else None


def _factors(study: Gathered, quantity: str) -> Iterator[tuple[Cell, ...]]:
    groups: dict[tuple[str, str], dict[str, Cell]] = {}
    for cell in study.quantity(quantity):
        if cell.group and not cell.model and known(cell) and " | " not in cell.group:
            groups.setdefault((cell.place, cell.row[0]), {}).setdefault(cell.row[1], cell)
    for cells in groups.values():
        yield tuple(cells.values())


def _accounted(cells: tuple[Cell, ...]) -> bool:
    return any(c.row[1] in LEFT_OUT for c in cells)


def _any_count(cell: Cell) -> Iterator[Finding]:
    """A percentage with a stated denominator of which it is no whole count."""
    total = read(cell.denominator) if cell.denominator else None
    if total is None or total.missing or total.value < 1:
        return
    n, printed = int(total.value), number(cell)
    middle = round(printed.value * n / 100)
    near = [k for k in (middle - 1, middle, middle + 1) if 0 <= k <= n]
    if any(_rounds(k, n, printed) for k in near):
        return
    tried = ", ".join(f"{k}/{n} = {short(100 * k / n, 4)} %" for k in near)
    fits = [m for m in range(max(1, n - 25), n + 26) if _possible(m, printed)]
    proof = f"{cell.printed} % is no whole count of {n}: {tried}."
    if fits:
        proof += f" It is one of {_some(sorted(fits, key=lambda m: abs(m - n))[:3])}."
    yield finding("percentage", "impossible", (cell,), proof)


def _possible(n: int, printed: Printed) -> bool:
    k = round(printed.value * n / 100)
    return any(_rounds(j, n, printed) for j in (k - 1, k, k + 1) if 0 <= j <= n)


def _denominators(study: Gathered, cell: Cell) -> list[float]:
    """Of how many a percentage can be: what is stated, else what the table offers."""
    stated = read(cell.denominator) if cell.denominator else None
    if stated is not None and not stated.missing:
        return [stated.value]
    totals = [c for c in (study.rows[cell.place, cell.row].get("n"),) if c is not None]
    totals += [c for c in study.quantity("n") if known(c)]
    found = [number(c).value for c in totals]
    arms: dict[tuple[str, str], float] = {}
    for c in study.quantity("count"):
        if c.place == cell.place and c.row[0] == cell.row[0] and known(c):
            level, _, arm = c.group.partition(" | ")
            for key in (("arm", arm), ("level", same(level))):
                arms[key] = arms.get(key, 0.0) + number(c).value
    return [n for n in dict.fromkeys((*found, *arms.values())) if n > 0]


def _rounds(k: float, n: float, printed: Printed) -> bool:
    return any(_digits(k, n, printed, how) for how in (ROUND_HALF_UP, ROUND_HALF_EVEN))


def _digits(k: float, n: float, printed: Printed, rounding: str) -> bool:
    step = Decimal(1).scaleb(-printed.decimals)
    exact = Decimal(100) * Decimal(repr(k)) / Decimal(repr(n))
    return exact.quantize(step, rounding) == Decimal(repr(printed.value)).quantize(step)


def _some(numbers: list[int]) -> str:
    if len(numbers) > 4 and numbers[-1] - numbers[0] == len(numbers) - 1:
        return f"{numbers[0]} to {numbers[-1]}"
    return " or ".join(map(str, numbers[:4]))
