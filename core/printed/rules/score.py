"""The log-rank test and the hazard ratio of the same two groups.

Methods
-------
Without ties the Cox model of a 0/1 covariate with hazard ratio r has, at each event, the expected
share q of one group at its estimate, and p = q/(q + r(1 - q)) without an effect. Its score equation
makes the log-rank numerator the sum of q - p, its variance is the sum of p(1 - p), and the
information that the limits of the ratio show is the sum of q(1 - q). For given r and information,
chi-square lies therefore between the extremes of (sum of q - p)^2 / (sum of p(1 - p)) over all
shares: extremes over a curve's convex hull, found on mixtures of two shares. Ties make the
log-rank variance smaller; 4 % of z and 0.02
are left for them, fewer than 30 events are not compared, and nor are times that are printed in
whole units.

References
----------
Cox DR. J R Stat Soc B 1972;34:187-220. Mantel N. Cancer Chemother Rep 1966;50:163-170.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from scipy import special

from core.printed.findings import Finding, finding
from core.printed.gathered import Gathered, Triple, known, number
from core.printed.number import between, short
from core.printed.rules.ratios import Point, Z, corners_of, z_range
from core.printed.table import Cell

TIES = 1.04
SLACK = 0.02
FEWEST = 30
"""Events below which a few ties weigh too much for the comparison."""
SHARES = np.linspace(0.0, 1.0, 121)
POINTS = 60
"""Points of the region of printed values that are tried beside its corners."""


def logrank(study: Gathered) -> Iterator[Finding]:
    """A log-rank p-value that the hazard ratio of the same two groups excludes."""
    if not _fine(study):
        return
    told: set[tuple[Cell, ...]] = set()
    for triple in study.triples("hazard_ratio"):
        if triple.estimate.model != "univariable" or not study.two_groups(triple.estimate):
            continue
        events = study.events_of(triple.estimate)
        region = corners_of(triple)
        if events is None or events < FEWEST or not region or not _consistent(triple):
            continue
        reach = _reach(region, events)
        if reach is None:
            continue
        implied = tails(*reach)
        for tests in _tests(study, triple.estimate):
            test = tests[0]
            if tests not in told and not number(test).meets(*implied):
                told.add(tests)
                proof = (
                    f"With {events:g} events, a hazard ratio of {triple.estimate.printed} "
                    f"({triple.low.printed} to {triple.high.printed}) leaves a log-rank P of "
                    f"{between(*implied, 2)} without heavy ties; {test.printed} is printed."
                    + _elsewhere(study, test)
                )
                cells = (*tests, *triple.cells)
                yield finding("log-rank and hazard ratio", "contradiction", cells, proof)


def _fine(study: Gathered) -> bool:
    """Whether a printed median shows that times are finer than whole and half units."""
    values = [number(cell).value for cell in study.quantity("median") if known(cell)]
    return any((2 * value) % 1 for value in values)


def bounds(coef: float, error: float, events: float) -> tuple[float, float] | None:
    """Smallest and largest log-rank z for a log hazard ratio and its SE, without ties.

    None where the standard error is too small for the events.

    Examples
    --------
    >>> [round(z, 2) for z in bounds(math.log(0.604), 0.256, 66)]
    [-1.99, -1.74]
    """
    needed = 1 / (error**2 * events) if error > 0 else math.inf
    if needed >= 0.25:
        return None
    ratio, q = math.exp(coef), SHARES
    p = q / (q + ratio * (1 - q))
    shift, spread, info = np.abs(q - p), p * (1 - p), q * (1 - q)
    over, under = info >= needed, info < needed
    # Mixtures of two shares, of which one has more and one less than the needed information: the
    # corners of what is possible. The largest z is at one of them; a bound of the smallest is
    # from the smallest numerator and the largest variance.
    w = (needed - info[under][None, :]) / (info[over][:, None] - info[under][None, :])
    a = w * shift[over][:, None] + (1 - w) * shift[under][None, :]
    b = w * spread[over][:, None] + (1 - w) * spread[under][None, :]
    largest = np.max(a / np.sqrt(np.maximum(b, 1e-12)), where=b > 1e-12, initial=0.0)
    smallest = float(a.min()) / math.sqrt(float(b.max()))
    z = math.sqrt(events) * smallest, math.sqrt(events) * float(largest)
    return (-z[1], -z[0]) if coef < 0 else z


def tails(low: float, high: float) -> tuple[float, float]:
    """Smallest and largest two-sided P of z between two values."""
    nearest = 0.0 if low <= 0 <= high else min(abs(low), abs(high))
    return 2 * float(special.ndtr(-max(abs(low), abs(high)))), 2 * float(special.ndtr(-nearest))


def _reach(region: list[Point], events: float) -> tuple[float, float] | None:
    """Smallest and largest log-rank z of all limits in a polygon."""
    corners = np.array(region)
    weights = np.random.default_rng([1, 32]).dirichlet(np.full(len(corners), 0.5), POINTS)
    least = 2 / math.sqrt(events) * 1.000001
    found = []
    for low, high in [*region, *(weights @ corners).tolist()]:
        coef, error = (low + high) / 2, (high - low) / (2 * Z)
        found.append(bounds(coef, max(error, least), events))
    values = [z for pair in found if pair is not None for z in pair]
    if not values:
        return None
    low, high = min(values), max(values)
    return (
        low * (TIES if low < 0 else 1 / TIES) - SLACK,
        high * (TIES if high > 0 else 1 / TIES) + SLACK,
    )


def _consistent(triple: Triple) -> bool:
    estimate, low, high = triple.numbers
    centred = estimate.meets(math.sqrt(low.low * high.low), math.sqrt(low.high * high.high))
    return centred and z_range(triple) is not None


def _tests(study: Gathered, estimate: Cell) -> Iterator[tuple[Cell, ...]]:
    """Log-rank p-values of the factor, those that are printed alike together."""
    found: dict[str, list[Cell]] = {}
    for cell in study.quantity("p_value"):
        whole = not cell.model and not cell.group and cell.row[0] == estimate.row[0]
        if whole and known(cell) and not study.kind_of(cell):
            found.setdefault(cell.printed, []).append(cell)
    yield from map(tuple, found.values())


def _elsewhere(study: Gathered, test: Cell) -> str:
    for cell in study.quantity("p_value"):
        adjusted = cell.model == "multivariable" and cell.row[0] == test.row[0]
        if adjusted and cell.printed == test.printed:
            return f" {short(number(cell).value)} is the P of the multivariable model."
    return ""
