"""Ratios with limits: estimate, limits and p-value must belong to one model.

Methods
-------
Wald limits of a ratio are symmetric on the log scale, so the estimate is their geometric mean, the
standard error is ln(upper/lower)/(2 z), z = 1.96 for 95 %, and P is that of
ln(estimate)/SE. Each printed number is taken as the interval of all values that round to it; z is
monotone in both log limits over the box of these intervals, and its extremes on the part of the
box where the geometric mean rounds to the estimate are at the corners of that polygon. A
contradiction is reported only when no value fits.

The information of a 0/1 covariate in a Cox model is a sum over events of variances p(1 - p), each
at most 1/4: its standard error is at least 2/sqrt(events), adjusted or not. Limits narrower than
that cannot come from a comparison of two groups.

References
----------
Altman DG, Bland JM. BMJ 2011;343:d2304 (P from a confidence interval). Schoenfeld DA. Biometrics
1983;39:499-503 (events and information).
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from scipy import special

from core.printed.findings import Finding, finding
from core.printed.gathered import RATIOS, Gathered, Triple, number
from core.printed.number import Printed, between, short

Z = 1.959963984540054
LEVEL = 0.05
EXPLAINED = 1.35
"""How much wider than the narrowest limits those of two groups of unlike sizes usually are."""
Point = tuple[float, float]


def centre(study: Gathered) -> Iterator[Finding]:
    """A ratio that is not the geometric mean of its limits."""
    for triple in _wald(study):
        estimate, low, high = triple.numbers
        least, most = _root(low.low * high.low), _root(low.high * high.high)
        if estimate.meets(least, most):
            continue
        proof = (
            f"The limits {low.text} and {high.text} have the geometric mean "
            f"{short(_root(low.value * high.value))} ({between(least, most)} for all values that "
            f"round to them); a ratio of {estimate.text} has other limits."
        )
        yield finding("centre of the limits", "impossible", triple.cells[:3], proof)


def p_value(study: Gathered) -> Iterator[Finding]:
    """A p-value that is not that of its ratio and limits."""
    for triple in _wald(study):
        p = None if triple.p is None else number(triple.p)
        implied = p_range(triple)
        if p is None or p.missing or implied is None:
            continue
        if p.meets(*implied) or not _fixed(implied):
            continue
        proof = (
            f"The limits say that SE is {short(error(triple))}, so P is "
            f"{between(*implied, 2)}; {p.text} is printed."
        )
        cells = triple.cells
        yield finding("P of the limits", "contradiction", cells, proof)


def side(study: Gathered) -> Iterator[Finding]:
    """Limits that contain 1 beside P < 0.05, and the reverse."""
    for triple in _wald(study):
        p = None if triple.p is None else number(triple.p)
        if p is None or p.missing or study.limits_of(triple.estimate) == "profile":
            continue
        _, low, high = triple.numbers
        inside = low.high < 1 < high.low
        outside = low.low > 1 or high.high < 1
        if inside and p.high < LEVEL:
            proof = f"The limits {low.text} to {high.text} contain 1, which means P > 0.05."
        elif outside and p.low > LEVEL:
            proof = f"The limits {low.text} to {high.text} leave 1 out, which means P < 0.05."
        else:
            continue
        cells = triple.cells
        yield finding("limits and P", "contradiction", cells, f"{proof} P {p.text} is printed.")


def information(study: Gathered) -> Iterator[Finding]:
    """Limits of a hazard ratio of two groups that are narrower than the events allow."""
    for triple in study.triples("hazard_ratio"):
        events = study.events_of(triple.estimate)
        if events is None or events <= 0 or not study.binary(triple.estimate):
            continue
        _, low, high = triple.numbers
        bound = 2 / math.sqrt(events)
        widest = _se(low.low, high.high) if low.low > 0 else math.inf
        if widest >= bound:
            continue
        proof = (
            f"The limits say that SE is {short(error(triple))} (at most {short(widest)}), but with "
            f"{events:g} events the SE of a comparison of two groups is at least "
            f"2/sqrt({events:g}) = {short(bound)}. The covariate was not 0/1, or the limits are "
            "not these."
        )
        yield finding("information", "impossible", triple.cells[:3], proof + _steps(triple, bound))


def _steps(triple: Triple, bound: float) -> str:
    """What a coding of two groups in steps of 2 or 3 would mean, where it explains the limits."""
    estimate = triple.numbers[0]
    for step in (2, 3):
        if bound <= step * error(triple) <= EXPLAINED * bound:
            return (
                f" Coded in steps of {step} (as 1 and {step + 1}), the ratio of the two groups "
                f"would be {estimate.text}^{step} = {short(estimate.value**step)}."
            )
    return ""


def error(triple: Triple) -> float:
    """Standard error of the log ratio that the printed limits say."""
    _, low, high = triple.numbers
    return _se(low.value, high.value)


def p_range(triple: Triple) -> tuple[float, float] | None:
    """Smallest and largest p-value of all values that round to the ratio and its limits.

    Without any that fit all three, those of the limits alone; None where a limit may be 0 or both
    may be equal.

    Examples
    --------
    >>> from core.printed.table import Cell
    >>> cells = [Cell("", "", "", "", "", text) for text in ("8.9", "2.1", "38.7")]
    >>> [round(p, 4) for p in p_range(Triple(*cells, None))]
    [0.0033, 0.0035]
    """
    found = z_range(triple)
    if found is None:
        return None
    least, most = found
    nearest = 0.0 if least <= 0 <= most else min(abs(least), abs(most))
    farthest = max(abs(least), abs(most))
    return 2 * float(special.ndtr(-farthest)), 2 * float(special.ndtr(-nearest))


def z_range(triple: Triple) -> tuple[float, float] | None:
    """Smallest and largest Wald statistic, as `p_range`."""
    corners = corners_of(triple)
    if not corners:
        return None
    found = [Z * (a + b) / (b - a) for a, b in corners if b > a]
    return (min(found), max(found)) if found else None


def corners_of(triple: Triple) -> list[Point]:
    """Corners of the region of log limits that round to what is printed."""
    estimate, low, high = triple.numbers
    if low.low <= 0 or not math.isfinite(high.high) or low.high >= high.low:
        return []  # limits that may be equal say nothing of the standard error
    (a, b), (c, d) = _logs(low), _logs(high)
    box = [(a, c), (b, c), (b, d), (a, d)]
    least, most = _logs(estimate) if estimate.low > 0 else (-math.inf, math.log(estimate.high))
    cut = _clip(_clip(box, 2 * least, 1), 2 * most, -1)
    return cut or box


def _clip(polygon: list[Point], bound: float, sign: int) -> list[Point]:
    """The part of a polygon where sign * (x + y) >= sign * bound."""
    if not math.isfinite(bound):
        return polygon
    kept: list[Point] = []
    for (x, y), (u, v) in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        here, there = sign * (x + y - bound), sign * (u + v - bound)
        if here >= 0:
            kept.append((x, y))
        if here * there < 0:
            share = here / (here - there)
            kept.append((x + share * (u - x), y + share * (v - y)))
    return kept


def _wald(study: Gathered) -> Iterator[Triple]:
    for quantity in RATIOS:
        for triple in study.triples(quantity):
            if study.limits_of(triple.estimate) in ("", "wald"):
                yield triple


def _fixed(implied: tuple[float, float]) -> bool:
    """Whether the limits say anything of P at all."""
    return implied[1] < 0.999 or implied[0] > 0.9


def _logs(printed: Printed) -> Point:
    return math.log(printed.low), math.log(printed.high)


def _se(low: float, high: float) -> float:
    return math.log(high / low) / (2 * Z) if high > low > 0 else 0.0


def _root(product: float) -> float:
    return math.sqrt(max(product, 0.0))
