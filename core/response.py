"""A binary response: rates with limits, and the comparison of the groups.

Methods
-------
The patients are those who are in for the survival endpoint and have a value of the response; the
missing ones are counted. Rates have Clopper and Pearson's and Wilson's limits. The groups are
compared as `core.contingency` does, each with the first one.

References
----------
Those of `core.contingency`. Eisenhauer EA et al. Eur J Cancer 2009;45:228-247 (response).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core import contingency
from core.cohort import Cohort
from core.contingency import Exact, Interval
from core.dataset import Variable
from core.errors import SpecError
from core.groups import categories
from core.locking import outcome_columns
from core.notes import Note, info, warning
from core.spec import AnalysisSpec, read_number, shortest
from core.survival.conventions import conventions
from core.survival.results import Test

METHODS = (
    "Response rates were given with exact (Clopper-Pearson) and Wilson confidence limits and "
    "compared by Pearson's chi-square test without continuity correction and Fisher's exact test."
)
PURPOSE = 11
MOST_LEVELS = 12
ABOUT_PATIENTS = (
    "The patients are those who are in for the survival endpoint: the response is counted among "
    "them alone."
)


@dataclass(frozen=True)
class Rate:
    """A proportion of responders with two pairs of limits.

    Attributes
    ----------
    group : str or None
        None for all patients.
    n, events : int
        Patients with a value, and responders.
    missing : int
    estimate, exact_low, exact_high, wilson_low, wilson_high : float or None
    """

    group: str | None
    n: int
    events: int
    missing: int
    estimate: float | None
    exact_low: float | None
    exact_high: float | None
    wilson_low: float | None
    wilson_high: float | None


@dataclass(frozen=True)
class Versus:
    """One group against the first one.

    Attributes
    ----------
    group, reference : str
    odds_ratio : Interval
        Of the sample, with Wald limits.
    conditional_odds_ratio : Interval
        Conditional maximum likelihood, with exact limits.
    risk_difference, relative_risk : Interval
    p_fisher : float or None
    """

    group: str
    reference: str
    odds_ratio: Interval
    conditional_odds_ratio: Interval
    risk_difference: Interval
    relative_risk: Interval
    p_fisher: float | None


@dataclass(frozen=True)
class Outcome:
    """One way to count responders.

    Attributes
    ----------
    name : {"response", "benefit"}
    values : tuple of str
        Levels that count.
    rates : tuple of Rate
        All patients first, then each group.
    pearson : Test
    fisher : Exact
    least_expected : float or None
    versus : tuple of Versus
    """

    name: str
    values: tuple[str, ...]
    rates: tuple[Rate, ...]
    pearson: Test
    fisher: Exact
    least_expected: float | None
    versus: tuple[Versus, ...]


@dataclass(frozen=True)
class ResponseResult:
    """Rates of a response.

    Attributes
    ----------
    column, title : str
    n, missing : int
        Patients with and without a value.
    levels : tuple of str
    counts : tuple of tuple of int, one per group
        Patients of each level.
    groups : tuple of str
    outcomes : tuple of Outcome
    """

    column: str
    title: str
    n: int
    missing: int
    levels: tuple[str, ...]
    groups: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    outcomes: tuple[Outcome, ...]
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, eq=False)
class Values:
    """The response of the patients who are in.

    Attributes
    ----------
    title : str
    codes : numpy.ndarray of int, shape (n,)
        Position of the level in `labels`; -1 where it is missing.
    labels : tuple of str
    response, benefit : tuple of str
        Levels that count as objective response and as clinical benefit; they may be levels that
        no patient has.
    """

    title: str
    codes: np.ndarray
    labels: tuple[str, ...]
    response: tuple[str, ...]
    benefit: tuple[str, ...]
    notes: tuple[Note, ...]

    def hits(self, values: Sequence[str]) -> np.ndarray:
        """Patients whose level is one of these, shape (n,)."""
        return np.isin(self.codes, self.places(values))

    def places(self, values: Sequence[str]) -> list[int]:
        """Positions of these levels, of those that some patient has."""
        return [self.labels.index(v) for v in values if v in self.labels]


def response(cohort: Cohort, spec: AnalysisSpec) -> ResponseResult:
    """Rates of response, overall and by group, and the comparison of the groups.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``response response_is benefit_is conf_level seed``.

    Raises
    ------
    SpecError
        If there is no response column, or its values do not fit.
    """
    values = values_of(cohort, spec)
    groups = cohort.groups
    known = values.codes >= 0
    counts = np.zeros((len(groups.levels), len(values.labels)), dtype=np.int64)
    np.add.at(counts, (groups.codes[known], values.codes[known]), 1)
    missing = np.bincount(groups.codes[~known], minlength=len(groups.levels))
    outcomes = []
    for name, which in (("response", values.response), ("benefit", values.benefit)):
        if which:
            events = counts[:, values.places(which)].sum(axis=1)
            found = _outcome(cohort, spec, events, counts.sum(axis=1), missing)
            outcomes.append(Outcome(name, which, *found))
    return ResponseResult(
        str(spec.response),
        values.title,
        int(known.sum()),
        int((~known).sum()),
        values.labels,
        groups.labels,
        tuple(tuple(int(c) for c in row) for row in counts),
        tuple(outcomes),
        (*values.notes, *_group_notes(outcomes)),
    )


def values_of(cohort: Cohort, spec: AnalysisSpec) -> Values:
    """The response column in its levels, and which of them count.

    Raises
    ------
    SpecError
        If there is no response column, or its values do not fit.
    """
    if spec.response is None:
        raise SpecError("response", "No response column is chosen", "Give one: response=COLUMN")
    variable = cohort.dataset.require(spec.response, "response")
    if spec.response in outcome_columns(cohort.dataset, spec):
        raise SpecError("response", f"'{spec.response}' is the survival outcome", "Choose another")
    codes, found = categories(cohort.column(spec.response), variable)
    labels = tuple(found)
    if not 0 < len(labels) <= MOST_LEVELS:
        raise SpecError(
            "response",
            f"'{spec.response}' has {len(labels)} different values",
            f"A response has up to {MOST_LEVELS} levels",
        )
    notes = [info("response", ABOUT_PATIENTS)]
    n_missing = int((codes < 0).sum())
    if n_missing:
        text = f"{n_missing} of {cohort.n} patients have no value of {variable.title}: not counted."
        notes.append(warning("response", text))
    said = spec.response_is
    if not said and set(labels) <= {"0", "1"}:
        said = ("1",)
        notes.append(info("response_is", "Taken as response: 1."))
    responders = _which(said, "response_is", variable, labels, notes)
    if not responders:
        raise SpecError(
            "response_is",
            f"It is not said which values of '{spec.response}' are a response",
            f"Its values are {', '.join(labels)}",
        )
    benefit = _which(spec.benefit_is, "benefit_is", variable, labels, notes)
    return Values(variable.title, codes, labels, responders, benefit, tuple(notes))


def _which(
    asked: Sequence[str],
    name: str,
    variable: Variable,
    labels: tuple[str, ...],
    notes: list[Note],
) -> tuple[str, ...]:
    """The levels that count; one that nobody has is said, and refused when all are such."""
    numeric = variable.kind == "number"
    named = [shortest(read_number(v, name)) if numeric else variable.meant(v) for v in asked]
    absent = [v for v in dict.fromkeys(named) if v not in labels]
    if absent and not set(named) & {*labels, *variable.levels}:
        problem = f"'{absent[0]}' is not a value of '{variable.name}'"
        raise SpecError(name, problem, f"Its values are {', '.join(labels)}")
    if absent:
        notes.append(info(name, f"Nobody has this value of {variable.title}: {', '.join(absent)}."))
    return tuple(dict.fromkeys(named))


def _outcome(
    cohort: Cohort,
    spec: AnalysisSpec,
    events: np.ndarray,
    n: np.ndarray,
    missing: np.ndarray,
) -> tuple[tuple[Rate, ...], Test, Exact, float | None, tuple[Versus, ...]]:
    """Rates and comparison for one way to count responders; arrays have one element a group."""
    level = conventions(spec).conf_level
    labels = cohort.groups.labels
    rates = [_rate(None, int(n.sum()), int(events.sum()), int(missing.sum()), level)]
    if len(labels) > 1:
        counted = zip(labels, n.tolist(), events.tolist(), missing.tolist(), strict=True)
        rates += [_rate(*one, level) for one in counted]
    table = np.column_stack([events, n - events])
    rng = np.random.default_rng([int(spec.seed if spec.seed is not None else 1), PURPOSE])
    versus = []
    for g in range(1, len(labels)):
        cells = (int(events[g]), int(n[g]), int(events[0]), int(n[0]))
        versus.append(
            Versus(
                labels[g],
                labels[0],
                contingency.odds_ratio(*cells, level),
                contingency.conditional_odds_ratio(*cells, level),
                contingency.difference(*cells, level),
                contingency.relative_risk(*cells, level),
                contingency.fisher(table[[0, g]], rng=rng).p_value,
            )
        )
    return (
        tuple(rates),
        contingency.pearson(table),
        contingency.fisher(table, rng=rng),
        contingency.least_expected(table),
        tuple(versus),
    )


def _rate(group: str | None, n: int, events: int, missing: int, level: float) -> Rate:
    exact = contingency.clopper_pearson(events, n, level)
    score = contingency.wilson(events, n, level)
    return Rate(group, n, events, missing, events / n if n else None, *exact, *score)


def _group_notes(outcomes: Sequence[Outcome]) -> list[Note]:
    notes = []
    for outcome in outcomes:
        if any(v.odds_ratio.estimate is None for v in outcome.versus):
            text = (
                f"{outcome.name.capitalize()}: a cell of the table is 0, so an odds ratio is 0, "
                "infinite or unknown: it is left out or has one exact limit. Firth's method "
                "gives a finite one in the logistic model."
            )
            notes.append(warning(outcome.name, text))
        if outcome.least_expected is not None and outcome.least_expected < 5:
            text = (
                f"{outcome.name.capitalize()}: the smallest expected count is "
                f"{outcome.least_expected:.1f}, below 5: read Fisher's exact test."
            )
            notes.append(warning(outcome.name, text))
        if outcome.fisher.draws:
            text = (
                f"{outcome.name.capitalize()}: Fisher's test by {outcome.fisher.draws:,} tables "
                "drawn at random."
            )
            notes.append(info(outcome.name, text))
    return notes
