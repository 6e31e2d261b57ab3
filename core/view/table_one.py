"""Table 1 as journals print it, and what its p-values do not say."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.cohort import Cohort
from core.table_one import Cell, Characteristic, Comparison, TableOneResult
from core.view import numbers

TESTS = {
    "pearson": "chi-square",
    "fisher": "Fisher",
    "mann-whitney": "Mann-Whitney",
    "kruskal-wallis": "Kruskal-Wallis",
    "t": "t",
    "welch": "Welch",
    "anova": "ANOVA",
    "welch-anova": "Welch ANOVA",
    "": "–",
}
INDENT = "\u2003"
LARGE = 0.1
"""Standardised differences above this are often called an imbalance (Austin 2009)."""
ALL = "All"
RANDOMISED = (
    "In a randomised trial the p-values of this table say nothing: any difference is then known to "
    "be due to chance. Judge by the standardised difference (SMD, difference in standard "
    "deviations) and by what the characteristic means."
)
VARIANT = (
    "Categories: n (% of the known values); chi-square without continuity correction where all "
    "expected counts are 5 or more, else Fisher's exact test. Quartiles by {quartiles}. "
    "Mann-Whitney and Kruskal-Wallis asymptotic, corrected for ties. SMD of a category by Yang and "
    "Dalton; with more than two groups the largest of all pairs. No p-value is adjusted."
)


def variant(cohort: Cohort) -> str:
    """Which variant of each number and test the table has."""
    spss = cohort.spec.profile == "spss"
    return VARIANT.format(quartiles="R's type 6, as in SPSS" if spss else "R's type 7")


def title(cohort: Cohort) -> str:
    """The heading of the page."""
    by = f" by {cohort.groups.title}" if cohort.groups.by else ""
    return f"Who the patients are{by}"


def finding(cohort: Cohort, result: TableOneResult) -> str:
    """How alike the groups are, in a sentence or two."""
    whole = f"{numbers.count(cohort.included.n_patients)} patients"
    if len(result.groups) < 2:
        return f"{whole}. Choose a stratifier to compare groups."
    sizes = " and ".join(
        f"{numbers.count(n)} {label}"
        for n, label in zip(result.n, cohort.groups.screen_labels, strict=False)
    )
    known = [(c.comparison.smd, c.title) for c in result.characteristics if c.comparison.smd]
    if not known:
        return f"{whole}: {sizes}."
    largest, title = max(known)
    above = sum(smd > LARGE for smd, _ in known)
    return (
        f"{whole}: {sizes}. They differ most in {title} (standardised difference "
        f"{numbers.fixed(largest, 2)}); {above} of {len(result.characteristics)} characteristics "
        f"exceed {LARGE:g}."
    )


def table(cohort: Cohort, result: TableOneResult) -> pd.DataFrame:
    """Lines of the table; numbers have two, categories one per level."""
    compared = len(result.groups) > 1
    places = (*range(len(result.groups)), -1) if compared else (-1,)
    # A group may itself be called All, and columns of one name would fall together.
    labels = [label if label != ALL else f"{ALL} " for label in cohort.groups.screen_labels]
    heads = [f"{(*labels, ALL)[g]} (n\u00a0=\u00a0{numbers.count(result.n[g])})" for g in places]
    lines: list[list[str]] = []
    for found in result.characteristics:
        made = _number(cohort, found, places) if found.cells else _category(found, places)
        for i, line in enumerate(made):
            lines.append([*line, *(_compared(found.comparison, first=i == 0) if compared else ())])
    columns = ["Characteristic", *heads, *(("p", "Test", "SMD") if compared else ())]
    return pd.DataFrame(lines, columns=columns)


def _compared(found: Comparison, *, first: bool) -> tuple[str, str, str]:
    if not first:
        return "", "", ""
    smd = "–" if found.smd is None else numbers.fixed(found.smd, 2)
    p = "–" if found.p_value is None else numbers.p_cell(found.p_value)
    return p, "–" if found.p_value is None else TESTS[found.test], smd


def _number(cohort: Cohort, found: Characteristic, places: tuple[int, ...]) -> list[list[str]]:
    unit = f", {found.unit}" if found.unit else ""
    quartiles = cohort.spec.spread == "quartiles"
    what = "median (quartiles)" if quartiles else "median (range)"
    cells = [found.cells[g] for g in places]
    lines = [
        [f"{found.title}{unit}: {what}", *(_median(c, found.decimals, quartiles) for c in cells)],
        [f"{INDENT}mean (SD)", *(_mean(c, found.decimals) for c in cells)],
    ]
    return lines + _missing(found, places)


def _median(cell: Cell, decimals: int, quartiles: bool) -> str:
    low, high = (cell.q1, cell.q3) if quartiles else (cell.minimum, cell.maximum)
    if cell.median is None or low is None or high is None:
        return "–"
    text = [measured(v, decimals) for v in (cell.median, low, high)]
    return f"{text[0]} ({text[1]}–{text[2]})"


def measured(value: float, decimals: int) -> str:
    """A median with the decimals of its values, and one more where it lies between two of them.

    Examples
    --------
    >>> measured(32.0, 0), measured(32.5, 0), measured(7.25, 1)
    ('32', '32.5', '7.25')
    """
    text = numbers.fixed(value, decimals)
    exact = abs(float(text) - value) <= 1e-9 * max(abs(value), 1.0)
    return text if exact else numbers.fixed(value, decimals + 1)


def _mean(cell: Cell, decimals: int) -> str:
    if cell.mean is None:
        return "–"
    sd = "–" if cell.sd is None else numbers.fixed(cell.sd, decimals + 1)
    return f"{numbers.fixed(cell.mean, decimals + 1)} ({sd})"


def _category(found: Characteristic, places: tuple[int, ...]) -> list[list[str]]:
    known = [sum(level.counts[g] for level in found.levels) for g in places]
    unit = f", {found.unit}" if found.unit else ""
    lines = [[f"{found.title}{unit}: n (%)", *("" for _ in places)]]
    for level in found.levels:
        cells = [share(level.counts[g], n) for g, n in zip(places, known, strict=True)]
        lines.append([f"{INDENT}{level.level}", *cells])
    return lines + _missing(found, places)


def share(count: int, of: int) -> str:
    """A count with its percentage of the known values.

    Examples
    --------
    >>> share(15, 27), share(1, 16), share(0, 0)
    ('15 (55.6)', '1 (6.3)', '0')
    """
    if of == 0:
        return numbers.count(count)
    return f"{numbers.count(count)} ({numbers.fixed(100 * count / of, 1)})"


def _missing(found: Characteristic, places: tuple[int, ...]) -> list[list[str]]:
    if not found.missing[-1]:
        return []
    return [[f"{INDENT}missing", *(numbers.count(found.missing[g]) for g in places)]]


def in_full(result: TableOneResult) -> pd.DataFrame:
    """The table with full precision, a line per characteristic, level and group, for CSV."""
    names = (*result.groups, "All patients") if len(result.groups) > 1 else ("All patients",)
    places = range(len(names)) if len(names) > 1 else (-1,)
    lines: list[dict[str, Any]] = []
    for found in result.characteristics:
        said = {"characteristic": found.column, "label": found.title, "unit": found.unit}
        tested = {
            "test": found.comparison.test,
            "statistic": found.comparison.statistic,
            "df": found.comparison.df,
            "df2": found.comparison.df2,
            "p_value": found.comparison.p_value,
            "smd": found.comparison.smd,
        }
        for name, g in zip(names, places, strict=True):
            for part in _parts(found, g):
                lines.append({**said, "group": name, **part, **tested})
    return pd.DataFrame(lines)


def _parts(found: Characteristic, g: int) -> list[dict[str, Any]]:
    """What is known of one group: one line for a number, one per level for a category."""
    if found.cells:
        cell = found.cells[g]
        shown = ("n", "missing", "mean", "sd", "median", "q1", "q3", "minimum", "maximum")
        return [{"level": None, **{name: getattr(cell, name) for name in shown}}]
    known = sum(level.counts[g] for level in found.levels)
    return [
        {"level": level.level, "count": level.counts[g], "n": known, "missing": found.missing[g]}
        for level in found.levels
    ]
