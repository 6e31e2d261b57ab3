"""Table 1: the patients at the beginning, by group.

Methods
-------
Numbers are described by median, quartiles (R's type 7, with SPSS's conventions type 6), range, mean
and standard deviation, categories by counts; shares are of the patients who have a value, and the
missing ones have a line of their own. A number with few whole values is a category. Tests by a
fixed rule, named in each row: a category has Pearson's chi-square without continuity correction
when all expected counts are 5 or more, else Fisher's exact test; a number has the Mann-Whitney test
(asymptotic, corrected for ties, without continuity correction, as SPSS; Kruskal-Wallis for more
groups), or with ``mean_test`` Student's or Welch's t test (analysis of variance, or Welch's). The
standardised difference is that of the means over the root of the mean variance, for a category the
multivariate one; with more than two groups the largest of all pairs. It does not depend on the
number of patients, as a p-value does.

References
----------
Yang D, Dalton JE. SAS Global Forum 2012, paper 335-2012 (standardised difference of categories).
Austin PC. Commun Stat Simul Comput 2009;38:1228-1234. Kruskal WH, Wallis WA. J Am Stat Assoc
1952;47:583-621. Welch BL. Biometrika 1951;38:330-336. Altman DG. Lancet 1985;326:46 (no tests of
baseline in randomised trials).
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from core import contingency, known
from core.balance import largest, location_test, smd_category, smd_number
from core.cohort import Cohort
from core.dataset import Variable
from core.errors import SpecError
from core.groups import FEW_VALUES, categories, quantile
from core.locking import outcome_columns
from core.notes import Note, info, listed, warning
from core.spec import AnalysisSpec

METHODS = (
    "Groups were described by median (range or quartiles), mean (standard deviation) or count "
    "(percentage of known values) and compared by the test named in each row and by standardised "
    "mean differences."
)
PURPOSE = 12
MOST_LEVELS = 30
MOST_DEFAULT = 40
"""Columns that are shown where none are chosen; tables of genes have thousands."""
LEAST_EXPECTED = 5


@dataclass(frozen=True)
class Cell:
    """A number in one group; None where there are too few values.

    Attributes
    ----------
    n, missing : int
        Patients with and without a value.
    mean, sd, median, q1, q3, minimum, maximum : float or None
    """

    n: int
    missing: int
    mean: float | None
    sd: float | None
    median: float | None
    q1: float | None
    q3: float | None
    minimum: float | None
    maximum: float | None


@dataclass(frozen=True)
class LevelCounts:
    """One level of a category: patients in each group, then in all."""

    level: str
    counts: tuple[int, ...]


@dataclass(frozen=True)
class Comparison:
    """How the groups differ in one characteristic.

    Attributes
    ----------
    test : str
        ``pearson fisher mann-whitney kruskal-wallis t welch anova welch-anova``, empty without a
        test.
    statistic : float or None
        Chi-square, z, t or F; None for Fisher's test.
    df, df2 : float or None
        `df2` is that of the denominator of an F.
    p_value : float or None
    smd : float or None
        Standardised mean difference, not negative.
    """

    test: str = ""
    statistic: float | None = None
    df: float | None = None
    df2: float | None = None
    p_value: float | None = None
    smd: float | None = None


@dataclass(frozen=True)
class Characteristic:
    """One variable of the table.

    Attributes
    ----------
    column, title, unit : str
    kind : {"number", "category"}
    decimals : int
        With which a number is measured.
    missing : tuple of int
        Patients without a value in each group, then in all.
    cells : tuple of Cell
        Of a number: each group, then all; empty for a category.
    levels : tuple of LevelCounts
        Of a category; empty for a number.
    comparison : Comparison
    """

    column: str
    title: str
    unit: str
    kind: str
    decimals: int
    missing: tuple[int, ...]
    cells: tuple[Cell, ...]
    levels: tuple[LevelCounts, ...]
    comparison: Comparison


@dataclass(frozen=True)
class TableOneResult:
    """Table 1.

    Attributes
    ----------
    groups : tuple of str
    n : tuple of int
        Patients of each group, then all.
    characteristics : tuple of Characteristic
    """

    groups: tuple[str, ...]
    n: tuple[int, ...]
    characteristics: tuple[Characteristic, ...]
    notes: tuple[Note, ...] = ()


def table_one(cohort: Cohort, spec: AnalysisSpec) -> TableOneResult:
    """Describe the patients who are in, by group and together.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``characteristics mean_test response seed`` and the profile. No column of the
        outcome is shown.

    Raises
    ------
    SpecError
        If a characteristic is not there, is the outcome, or has too many levels.
    """
    notes: list[Note] = []
    names = chosen(cohort, spec, notes)
    rng = np.random.default_rng([int(spec.seed if spec.seed is not None else 1), PURPOSE])
    found = [_characteristic(cohort, spec, name, rng, notes) for name in names]
    if cohort.included.n_patients != cohort.n:
        text = "Some patients have several rows: rows are counted, not patients."
        notes.append(warning("characteristics", text))
    sizes = [level.n for level in cohort.groups.levels]
    return TableOneResult(
        cohort.groups.labels, (*sizes, cohort.n), tuple(c for c in found if c), tuple(notes)
    )


def offered(cohort: Cohort, spec: AnalysisSpec) -> tuple[str, ...]:
    """Columns that can be characteristics: numbers and categories, nothing of the outcome."""
    hidden = {spec.id, spec.entry, *outcome_columns(cohort.dataset, spec)}
    return tuple(name for name in cohort.dataset.stratifiers if name not in hidden)


def chosen(cohort: Cohort, spec: AnalysisSpec, notes: list[Note]) -> tuple[str, ...]:
    """The characteristics that are asked for, or all that can be, with a note on those left out."""
    hidden = outcome_columns(cohort.dataset, spec)
    later = known.later(cohort.dataset)
    if spec.characteristics:
        if after := [name for name in spec.characteristics if name in later]:
            text = f"Known only after the start, so no baseline: {listed(after)}."
            notes.append(warning("characteristics", text))
        for name in spec.characteristics:
            cohort.dataset.require(name, "characteristics")
            if name in hidden:
                raise SpecError(
                    "characteristics",
                    f"'{name}' belongs to the outcome, which no baseline table shows",
                    "Leave it out",
                )
        return tuple(dict.fromkeys(spec.characteristics))
    apart = {spec.group_by, spec.second_by, spec.response, *later}
    names = [name for name in offered(cohort, spec) if name not in apart]
    wide = [name for name in names if _too_many_levels(cohort, name)]
    names = [name for name in names if name not in wide]
    if wide:
        text = f"Left out, because they have more than {MOST_LEVELS} levels: {listed(wide)}."
        notes.append(info("characteristics", text))
    if len(names) > MOST_DEFAULT:
        text = f"The first {MOST_DEFAULT} of {len(names)} columns are shown: choose those you want."
        notes.append(warning("characteristics", text))
    return tuple(names[:MOST_DEFAULT])


def _too_many_levels(cohort: Cohort, name: str) -> bool:
    values = cohort.column(name)
    return not pd.api.types.is_numeric_dtype(values) and values.nunique() > MOST_LEVELS


def _characteristic(
    cohort: Cohort, spec: AnalysisSpec, name: str, rng: np.random.Generator, notes: list[Note]
) -> Characteristic | None:
    variable, values = cohort.dataset.variables[name], cohort.column(name)
    if variable.kind not in ("number", "category") or _too_many_levels(cohort, name):
        raise SpecError(
            "characteristics",
            f"'{name}' is neither a number nor a category with up to {MOST_LEVELS} levels",
            "Leave it out",
        )
    if not values.notna().any():
        notes.append(info(name, f"{variable.title} has no values: left out."))
        return None
    if pd.api.types.is_numeric_dtype(values) and not few_values(values):
        return _number(cohort, spec, variable, values.to_numpy(dtype=float), notes)
    return _category(cohort, variable, values, rng, notes)


def few_values(values: pd.Series) -> bool:
    """Whether a number is shown as a category: few whole values, each with a few patients."""
    present = values.dropna().to_numpy(dtype=float)
    distinct = np.unique(present)
    whole = bool((distinct == np.round(distinct)).all())
    return whole and len(distinct) <= FEW_VALUES and len(present) >= 2 * len(distinct)


def _number(
    cohort: Cohort, spec: AnalysisSpec, variable: Variable, x: np.ndarray, notes: list[Note]
) -> Characteristic:
    codes, n_groups = cohort.groups.codes, len(cohort.groups.levels)
    each = [x[codes == g] for g in range(n_groups)]
    spss = spec.profile == "spss"
    cells = tuple(_cell(values, weibull=spss) for values in [*each, x])
    present = [values[~np.isnan(values)] for values in each]
    found = location_test(present, spec.mean_test or "mann-whitney")
    smd = largest([smd_number(a, b) for a, b in combinations(present, 2)])
    if n_groups > 1 and found.p_value is None:
        text = f"{variable.title}: no test, because a group has too few values or none differ."
        notes.append(warning(variable.name, text))
    comparison = Comparison(found.name, found.statistic, found.df, found.df2, found.p_value, smd)
    missing = tuple(cell.missing for cell in cells)
    return Characteristic(
        variable.name, variable.title, variable.unit, "number", variable.decimals, missing, cells,
        (), comparison,
    )  # fmt: skip


def _cell(x: np.ndarray, *, weibull: bool) -> Cell:
    present = x[~np.isnan(x)]
    n = len(present)
    if n == 0:
        return Cell(0, len(x), None, None, None, None, None, None, None)
    return Cell(
        n,
        len(x) - n,
        float(present.mean()),
        float(present.std(ddof=1)) if n > 1 else None,
        quantile(present, 0.5, weibull=weibull),
        quantile(present, 0.25, weibull=weibull),
        quantile(present, 0.75, weibull=weibull),
        float(present.min()),
        float(present.max()),
    )


def _category(
    cohort: Cohort,
    variable: Variable,
    values: pd.Series,
    rng: np.random.Generator,
    notes: list[Note],
) -> Characteristic:
    codes, labels = categories(values, variable)
    groups, n_groups = cohort.groups.codes, len(cohort.groups.levels)
    has = codes >= 0
    table = np.zeros((n_groups, len(labels)), dtype=np.int64)
    np.add.at(table, (groups[has], codes[has]), 1)
    missing = np.bincount(groups[~has], minlength=n_groups)
    whole = table.sum(axis=0)
    levels = tuple(
        LevelCounts(label, (*map(int, table[:, i]), int(whole[i])))
        for i, label in enumerate(labels)
        if whole[i]
    )
    comparison = _compare(table, rng, variable, notes) if n_groups > 1 else Comparison()
    return Characteristic(
        variable.name, variable.title, variable.unit, "category", 0,
        (*map(int, missing), int(missing.sum())), (), levels, comparison,
    )  # fmt: skip


def _compare(
    table: np.ndarray, rng: np.random.Generator, variable: Variable, notes: list[Note]
) -> Comparison:
    """Pearson's test where all expected counts are 5 or more, else Fisher's."""
    smd = largest([smd_category(a, b) for a, b in combinations(table, 2)])
    least = contingency.least_expected(table)
    if least is None:
        text = f"{variable.title}: no test, because the known values do not differ."
        notes.append(warning(variable.name, text))
        return Comparison(smd=smd)
    if least >= LEAST_EXPECTED:
        test = contingency.pearson(table)
        return Comparison("pearson", test.statistic, test.df, None, test.p_value, smd)
    exact = contingency.fisher(table, rng=rng)
    if exact.draws:
        text = f"{variable.title}: Fisher's test by {exact.draws:,} tables drawn at random."
        notes.append(info(variable.name, text))
    return Comparison("fisher", None, None, None, exact.p_value, smd)
