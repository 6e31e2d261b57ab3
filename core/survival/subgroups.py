"""Subgroups: the comparison of the displayed groups within the levels of other variables.

Methods
-------
One Cox model per level, of its patients alone, with the ties, strata and estimator of the
question; the groups are compared with the first one. Numbers with more than a few values are cut
at their median. Whether the hazard ratio differs between the levels of a variable is told by its
interaction test alone: the likelihood-ratio test of the model with groups, levels and their
products against the one without the products, on the patients who have the variable. It is that of
the ordinary Cox model also where the estimates are Firth's. Nothing is adjusted for the number of
tests: how many there were is said.

References
----------
Wang R et al. N Engl J Med 2007;357:2189-2194 (report interaction tests, and how many).
Schandelmaier S et al. CMAJ 2020;192:E901-E906 (credibility of subgroup effects).
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from core import known
from core.cohort import Cohort
from core.errors import SpecError
from core.groups import FEW_VALUES, categories, cut, interval_labels, quantile, shown_thresholds
from core.locking import outcome_columns
from core.notes import Note, info, warning
from core.progress import Progress, portions, quiet
from core.spec import AnalysisSpec
from core.survival.curve import curves, median
from core.survival.design import Block, group_block
from core.survival.fitted import fit_model, rows_of, who_has
from core.survival.results import Test
from core.survival.tails import chi2_log10_p, chi2_p
from core.terms import Term

METHODS = (
    "Hazard ratios within subgroups came from a separate Cox model for each level; differences "
    "between levels were tested by the likelihood-ratio test of the interaction, without "
    "adjustment for the number of variables."
)
MOST_LEVELS = 12
"""A variable with more levels is refused: no forest could be read."""
FEW_EVENTS = 5
"""A level with fewer events is warned about."""


@dataclass(frozen=True)
class SubgroupRow:
    """One hazard ratio of the forest.

    Attributes
    ----------
    variable : str or None
        Column whose level this is; None for all patients.
    term : str
        The stratifier.
    level : str or None
        Level of `variable`; None for all patients.
    group, reference : str
        The group that is compared with the reference group.
    n, events : int
        Patients of the level, in all groups.
    n_group, events_group, n_reference, events_reference : int
        Of them, those of the two groups compared.
    median_group, median_reference : float or None
        In `show_unit`; None where they are not reached.
    coef, std_error, hazard_ratio, conf_low, conf_high, p_value : float or None
    p_interaction : float or None
        Of `variable`: the same in all of its rows.
    """

    variable: str | None
    term: str
    level: str | None
    group: str
    reference: str
    n: int
    events: int
    n_group: int
    events_group: int
    n_reference: int
    events_reference: int
    median_group: float | None
    median_reference: float | None
    coef: float | None
    std_error: float | None
    hazard_ratio: float | None
    conf_low: float | None
    conf_high: float | None
    p_value: float | None
    p_interaction: float | None = None


@dataclass(frozen=True)
class Interaction:
    """Whether the hazard ratio differs between the levels of a variable.

    Attributes
    ----------
    variable, title : str
    n, events : int
        Patients who have the variable.
    test : Test
    threshold : float or None
        The median at which a number was cut.
    """

    variable: str
    title: str
    n: int
    events: int
    test: Test
    threshold: float | None


@dataclass(frozen=True)
class SubgroupsResult:
    """The forest: all patients first, then the levels of each variable."""

    rows: tuple[SubgroupRow, ...]
    interactions: tuple[Interaction, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class _Levels:
    """A variable in its levels; the code is -1 where it is missing."""

    variable: str
    title: str
    codes: np.ndarray
    labels: tuple[str, ...]
    threshold: float | None


def subgroups(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> SubgroupsResult:
    """Compare the groups within the levels of the variables that the spec names.

    Parameters
    ----------
    cohort : Cohort
        With at least two groups.
    spec : AnalysisSpec
        Reads ``subgroups``, and what a Cox model and a median read.
    progress : callable

    Raises
    ------
    SpecError
        If there are no groups to compare, or a column cannot form subgroups.
    """
    if len(cohort.groups.levels) < 2:
        raise SpecError(
            "subgroups", "There are no two groups to compare", "Choose a stratifier (group_by)"
        )
    names = tuple(dict.fromkeys(spec.subgroups))
    guarded = known.check(cohort.dataset, spec, names, "subgroups")
    found = [_levels(cohort, spec, name) for name in names]
    group = group_block(cohort)
    everybody = _Levels("", "", np.zeros(cohort.n, dtype=np.int64), ("",), None)
    rows = [
        dataclasses.replace(row, variable=None, level=None)
        for row in _rows(cohort, spec, group, everybody)
    ]
    tests: list[Interaction] = []
    for _ in portions(len(found), 1, progress):
        levels = found[len(tests)]
        tests.append(_interaction(cohort, spec, group, levels))
        p = tests[-1].test.p_value
        made = _rows(cohort, spec, group, levels)
        rows += [dataclasses.replace(row, p_interaction=p) for row in made]
    notes = (*guarded, *_notes(cohort, spec, rows, tests))
    return SubgroupsResult(tuple(rows), tuple(tests), notes)


def offered(cohort: Cohort, spec: AnalysisSpec) -> tuple[str, ...]:
    """Columns that can form subgroups: numbers and categories, neither groups nor outcome."""
    frame, hidden = cohort.dataset.frame, outcome_columns(cohort.dataset, spec)
    apart = {spec.group_by, spec.second_by, spec.id, spec.entry, *hidden}
    apart |= set(known.later(cohort.dataset))
    return tuple(
        name
        for name in cohort.dataset.stratifiers
        if name not in apart
        and (pd.api.types.is_numeric_dtype(frame[name]) or frame[name].nunique() <= MOST_LEVELS)
    )


def _levels(cohort: Cohort, spec: AnalysisSpec, name: str) -> _Levels:
    """The levels of one variable among the patients who are in."""
    variable = cohort.dataset.require(name, "subgroups")
    if name in (spec.group_by, spec.second_by) or name in outcome_columns(cohort.dataset, spec):
        raise SpecError(
            "subgroups",
            f"'{name}' forms the groups or is the outcome: it cannot form subgroups too",
            "Leave it out",
        )
    values = cohort.column(name)
    numeric = pd.api.types.is_numeric_dtype(values)
    if numeric and values.nunique() > FEW_VALUES:
        x = values.to_numpy(dtype=float)
        has = ~np.isnan(x)
        at = quantile(x[has], 0.5)
        codes = np.where(has, cut(x, (at,), "ge"), -1)
        labels = interval_labels(shown_thresholds(x[has], (at,), "ge", "median"), "ge")
        return _Levels(name, variable.title, *_present(codes, labels), at)
    codes, labels = categories(values, variable)
    kept = _present(codes, labels)
    if not 0 < len(kept[1]) <= MOST_LEVELS:
        raise SpecError(
            "subgroups",
            f"'{name}' has {len(kept[1])} levels and cannot form subgroups",
            f"Choose a variable with 2 to {MOST_LEVELS} levels, or a number",
        )
    return _Levels(name, variable.title, *kept, None)


def _present(codes: np.ndarray, labels: list[str]) -> tuple[np.ndarray, tuple[str, ...]]:
    """Leave out the levels that no patient has."""
    here = np.unique(codes[codes >= 0])
    place = np.full(len(labels) + 1, -1)
    place[here] = np.arange(len(here))
    return place[codes], tuple(labels[i] for i in here)


def _rows(cohort: Cohort, spec: AnalysisSpec, group: Block, levels: _Levels) -> list[SubgroupRow]:
    """The hazard ratios within each level."""
    n_groups = len(cohort.groups.levels)
    cells = np.where(levels.codes < 0, -1, levels.codes * n_groups + cohort.groups.codes)
    medians = _medians(cohort, spec, cells, len(levels.labels) * n_groups)
    have = np.zeros(cohort.n, dtype=bool)
    have[who_has(cohort, (group,), spec)] = True
    made: list[SubgroupRow] = []
    for i, label in enumerate(levels.labels):
        rows = np.flatnonzero(have & (levels.codes == i))
        codes, event = cohort.groups.codes[rows], cohort.event[rows]
        n = np.bincount(codes, minlength=n_groups)
        events = np.bincount(codes, weights=event, minlength=n_groups).astype(int)
        found = rows_of(cohort, spec, fit_model(cohort, spec, (group,), rows)) if len(rows) else []
        for g, row in enumerate(found, 1):
            made.append(
                SubgroupRow(
                    levels.variable, group.term.text, label, str(row.level), str(row.reference),
                    len(rows), int(event.sum()), int(n[g]), int(events[g]), int(n[0]),
                    int(events[0]), medians[i * n_groups + g], medians[i * n_groups], row.coef,
                    row.std_error, row.hazard_ratio, row.conf_low, row.conf_high, row.p_value,
                )
            )  # fmt: skip
    return made


def _medians(
    cohort: Cohort, spec: AnalysisSpec, cells: np.ndarray, n_cells: int
) -> list[float | None]:
    """Median of each cell in `show_unit`; patients outside of all cells have one of their own."""
    codes = np.where(cells < 0, n_cells, cells)
    found = curves(cohort, spec, event=cohort.event, codes=codes, n_groups=n_cells + 1)
    empty = np.bincount(codes, minlength=n_cells + 1) == 0
    at = [None if empty[c] else median(found[c], spec)[0] for c in range(n_cells)]
    return [None if t is None else float(cohort.shown(np.array(t))) for t in at]


def _interaction(cohort: Cohort, spec: AnalysisSpec, group: Block, levels: _Levels) -> Interaction:
    """Likelihood-ratio test of the products of groups and levels."""
    wide = len(levels.labels) - 1
    member = levels.codes[:, None] == np.arange(1, wide + 1)[None, :]
    has = levels.codes >= 0
    matrix = np.where(has[:, None], member.astype(float), np.nan).reshape(cohort.n, wide)
    term = Term(levels.variable, text=levels.variable)
    main = Block(term, levels.title, matrix, levels.labels[1:], levels.labels[0], member, has)
    pairs = list(product(range(wide), range(group.matrix.shape[1])))
    products = np.empty((cohort.n, len(pairs)))
    for k, (i, j) in enumerate(pairs):
        products[:, k] = matrix[:, i] * group.matrix[:, j]
    both = Block(term, levels.title, products, (None,) * len(pairs))
    ordinary = spec.but(estimator=None, limits=None)
    rows = who_has(cohort, (group, main), spec)
    n, events = len(rows), int(cohort.event[rows].sum())
    test = Test("lr", None, 0, None, None)
    if events and pairs:
        with_products = fit_model(cohort, ordinary, (group, main, both), rows).fit
        without = fit_model(cohort, ordinary, (group, main), rows).fit
        df = with_products.df - without.df
        change = max(2 * (with_products.log_likelihood - without.log_likelihood), 0.0)
        if df > 0:
            test = Test("lr", change, df, chi2_p(change, df), chi2_log10_p(change, df))
    return Interaction(levels.variable, levels.title, n, events, test, levels.threshold)


def _notes(
    cohort: Cohort, spec: AnalysisSpec, rows: list[SubgroupRow], tests: list[Interaction]
) -> tuple[Note, ...]:
    titles = {test.variable: test.title for test in tests}
    notes: list[Note] = []
    if not tests:
        notes.append(info("subgroups", "No variable is chosen: there is only the whole cohort."))
    none = _named([row for row in rows if row.hazard_ratio is None], titles)
    if none:
        text = (
            f"No hazard ratio in: {'; '.join(none)}. One of the groups has no patient or no event "
            "there. Firth's method gives a finite one where both have patients."
        )
        notes.append(warning("subgroups", text))
    few = [row for row in rows if row.events < FEW_EVENTS and row.hazard_ratio is not None]
    if few:
        text = f"Fewer than {FEW_EVENTS} events in: {'; '.join(_named(few, titles))}."
        notes.append(warning("subgroups", f"{text} These estimates say next to nothing."))
    notes += [note for test in tests for note in _test_notes(cohort, test)]
    if spec.weights is not None or spec.cluster is not None:
        text = (
            "The medians are without weights, and the interaction tests take weights as counts and "
            "rows as independent."
        )
        notes.append(warning("subgroups", text))
    if spec.estimator == "firth" and tests:
        text = (
            "The interaction tests are those of the ordinary Cox model; the hazard ratios are "
            "Firth's."
        )
        notes.append(info("estimator", text))
    return tuple(notes)


def _test_notes(cohort: Cohort, found: Interaction) -> Iterator[Note]:
    if found.threshold is not None:
        text = f"{found.title} is cut at its median, {found.threshold:.6g}."
        yield info(found.variable, text)
    if found.n < cohort.n:
        text = f"{found.title}: {found.n} of {cohort.n} patients; the others lack a value."
        yield info(found.variable, text)
    if found.test.statistic is None:
        text = f"{found.title}: no test of interaction, because the cells do not allow one."
        yield warning(found.variable, text)


def _named(rows: list[SubgroupRow], titles: dict[str, str]) -> list[str]:
    """Where these rows are, each place once."""
    found = [
        "all patients" if r.variable is None else f"{titles[r.variable]} {r.level}" for r in rows
    ]
    return list(dict.fromkeys(found))
