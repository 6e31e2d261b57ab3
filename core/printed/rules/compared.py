"""Tests of Table 1 made again from the printed means, standard deviations and counts.

Methods
-------
Means and standard deviations are taken at all corners of the intervals that round to what is
printed; Student's and Welch's t test are monotone in each of them apart, so the extremes of P lie
there. Counts are exact: Pearson's chi-square with and without Yates' correction, the likelihood
ratio and Fisher's test are made, and a printed P is questioned when none gives it. The mean of all
patients is that of the groups weighted by their sizes.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import product

import numpy as np
from scipy import special

from core import contingency
from core.printed.findings import Finding, Severity, finding
from core.printed.gathered import Gathered, known, number
from core.printed.number import between, short
from core.printed.table import Cell, same
from core.survival.tails import chi2_p

Arm = tuple[Cell, Cell, float]
"""Mean, standard deviation and number of patients."""


def means(study: Gathered) -> Iterator[Finding]:
    """A p-value of two means that no t test gives."""
    for (place, (factor, group, model)), row in study.rows.items():
        p, arms = row.get("p_value"), _arms(study, place, factor)
        test = "" if p is None else study.test_of(p)
        if p is None or group or model or not known(p) or len(arms) != 2:
            continue
        if test and "ttest" not in test and test not in ("t", "welch", "student"):
            continue
        statistic, student, welch = _t_range(arms)
        if number(p).meets(*student) or number(p).meets(*welch):
            continue
        proof = (
            f"The printed means, SDs and sizes give |t| {between(*statistic)} and P "
            f"{between(*student)} (Welch {between(*welch)}); {p.printed} is printed."
        )
        if number(p).meets(*statistic):
            proof += " What is printed as P is the statistic t."
        cells = (p, *(c for arm in arms for c in arm[:2]))
        named: Severity = "contradiction" if test or number(p).meets(*statistic) else "not stated"
        proof += "" if named == "contradiction" else " It is of another test, which is not named."
        yield finding("P of two means", named, cells, proof)


def pooled(study: Gathered) -> Iterator[Finding]:
    """A mean of all patients that is not that of the groups."""
    for (place, (factor, group, model)), row in study.rows.items():
        whole, arms = row.get("mean_value"), _arms(study, place, factor)
        if whole is None or group or model or not known(whole) or len(arms) != 2:
            continue
        total = sum(n for _, _, n in arms)
        least = sum(number(m).low * n for m, _, n in arms) / total
        most = sum(number(m).high * n for m, _, n in arms) / total
        if number(whole).meets(least, most):
            continue
        proof = (
            f"Groups of {' and '.join(f'{n:g}' for _, _, n in arms)} with means "
            f"{' and '.join(m.printed for m, _, _ in arms)} have the mean "
            f"{between(least, most, 4)} together; {whole.printed} is printed. These are not means "
            "and SDs (they may be medians and standard errors)."
        )
        cells = (whole, *(m for m, _, _ in arms))
        yield finding("mean of all", "impossible", cells, proof)


def counts(study: Gathered) -> Iterator[Finding]:
    """A p-value of a table of counts that no usual test gives."""
    for (place, (factor, group, model)), row in study.rows.items():
        p = row.get("p_value")
        if p is None or group or model or not known(p):
            continue
        cells, table = _table(study, place, factor)
        if table is None or not np.any(table):
            continue
        given = tests_of(table)
        if not given or any(number(p).meets(v, v) for v in given.values()):
            continue
        said = ", ".join(f"{name} {short(v)}" for name, v in given.items())
        proof = f"The printed counts give P {said}; {p.printed} is printed."
        yield finding("P of the counts", "contradiction", (p, *cells), proof)


def tests_of(table: np.ndarray) -> dict[str, float]:
    """P-values of the usual tests of a table of counts.

    Examples
    --------
    >>> {k: round(v, 4) for k, v in tests_of(np.array([[10, 3], [5, 9]])).items()}
    {'Pearson': 0.0313, 'likelihood ratio': 0.0284, 'Fisher': 0.0542, 'Yates': 0.0775}
    """
    seen = contingency.without_empty(table)
    if min(seen.shape) < 2:
        return {}
    expected = np.outer(seen.sum(axis=1), seen.sum(axis=0)) / seen.sum()
    df = (seen.shape[0] - 1) * (seen.shape[1] - 1)
    found: dict[str, float | None] = {"Pearson": contingency.pearson(seen).p_value}
    found["likelihood ratio"] = chi2_p(2 * float(special.rel_entr(seen, expected).sum()), df)
    exact = contingency.fisher(seen, rng=np.random.default_rng([1, 31]))
    found["Fisher"] = exact.p_value if exact.draws == 0 else None
    if seen.shape == (2, 2):
        gap = np.abs(seen - expected)
        found["Yates"] = chi2_p(float(((gap - np.minimum(0.5, gap)) ** 2 / expected).sum()), 1)
    return {name: p for name, p in found.items() if p is not None}


def _arms(study: Gathered, place: str, factor: str) -> list[Arm]:
    """Mean, SD and size of the groups of a row."""
    found = []
    for (where, (name, group, model)), row in study.rows.items():
        if (where, name, model) != (place, factor, "") or not group:
            continue
        mean, sd, n = row.get("mean_value"), row.get("sd"), row.get("n")
        n = n if known(n) else _size(study, place, group)
        if mean is not None and sd is not None and n is not None and known(mean) and known(sd):
            found.append((mean, sd, number(n).value))
    return [arm for arm in found if arm[2] > 1]


def _size(study: Gathered, place: str, group: str) -> Cell | None:
    """Size of a group that is printed once for the whole table."""
    sizes = [c for c in study.quantity("n") if same(c.group) == group and not c.model and known(c)]
    here = [c for c in sizes if c.place == place]
    return (here or sizes or [None])[0]  # type: ignore[list-item]


def _t_range(arms: list[Arm]) -> tuple[tuple[float, float], ...]:
    """Extremes of |t| and of P by Student and by Welch."""
    (m1, s1, n1), (m2, s2, n2) = arms
    statistic: list[float] = []
    student: list[float] = []
    welch: list[float] = []
    corners = product(*((number(c).low, number(c).high) for c in (m1, s1, m2, s2)))
    signs = set()
    for a, u, b, v in corners:
        u, v = max(u, 1e-12), max(v, 1e-12)
        df = n1 + n2 - 2
        error = math.sqrt(((n1 - 1) * u * u + (n2 - 1) * v * v) / df * (1 / n1 + 1 / n2))
        x, y = u * u / n1, v * v / n2
        loose = (x + y) ** 2 / (x * x / (n1 - 1) + y * y / (n2 - 1))
        signs.add(a > b)
        statistic.append(abs(a - b) / error)
        student.append(2 * float(special.stdtr(df, -abs(a - b) / error)))
        welch.append(2 * float(special.stdtr(loose, -abs(a - b) / math.sqrt(x + y))))
    if len(signs) > 1:  # the means may be equal
        statistic.append(0.0)
        student.append(1.0)
        welch.append(1.0)
    return tuple((min(v), max(v)) for v in (statistic, student, welch))


def _table(study: Gathered, place: str, factor: str) -> tuple[list[Cell], np.ndarray | None]:
    """Counts ``level | group`` of a factor; None where some are not printed."""
    found: dict[tuple[str, str], Cell] = {}
    for cell in study.quantity("count"):
        level, mark, arm = cell.group.partition(" | ")
        if cell.place == place and cell.row[0] == factor and mark and known(cell):
            found[same(level), same(arm)] = cell
    levels = list(dict.fromkeys(level for level, _ in found))
    arms = list(dict.fromkeys(arm for _, arm in found))
    if len(levels) < 2 or len(arms) < 2 or len(found) < len(levels) * len(arms):
        return [], None
    table = np.array([[number(found[x, y]).value for y in arms] for x in levels])
    whole = np.all(table == np.floor(table)) and np.all(table >= 0)
    return list(found.values()), table.astype(int) if whole else None
