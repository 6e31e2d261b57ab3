"""One fitted Cox model, by either estimator, and the rows that it fills in a table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.spec import AnalysisSpec
from core.survival import extras, firth, newton, robust
from core.survival.conventions import conventions
from core.survival.design import Block
from core.survival.profile import Profile, profile
from core.survival.results import Row
from core.survival.risk import RiskSets, risk_sets
from core.survival.tails import normal_quantile, ratios


@dataclass(frozen=True, eq=False)
class Model:
    """A fit and what is needed to say what it means.

    Attributes
    ----------
    fit : Fit
        A `FirthFit` when the spec says ``estimator=firth``; with clusters or weights its
        covariance is the robust one.
    sets : RiskSets
    matrix : numpy.ndarray, shape (n, p)
    rows : numpy.ndarray of int, shape (n,)
        The patients of the model among those of the cohort.
    blocks : tuple of Block
        The terms, in the order of the columns of `matrix`.
    groups : numpy.ndarray of int, shape (n,), or None
        Cluster of each row, where the covariance is robust.
    profile : Profile or None
        Limits and tests by profile likelihood, with ``limits=profile``.
    """

    fit: newton.Fit
    sets: RiskSets
    matrix: np.ndarray
    rows: np.ndarray
    blocks: tuple[Block, ...]
    groups: np.ndarray | None = None
    profile: Profile | None = None


def who_has(cohort: Cohort, made: Sequence[Block], spec: AnalysisSpec | None = None) -> np.ndarray:
    """Positions of the patients who have all these terms and a stratum.

    With the spec, of those who have its weights, offset and cluster as well.
    """
    use = np.logical_and.reduce([block.present for block in made])
    if cohort.strata is not None:
        use = use & (cohort.strata >= 0)
    if spec is not None:
        use = use & extras.read(cohort, spec).present
    return np.flatnonzero(use)


def sets_of(cohort: Cohort, spec: AnalysisSpec, rows: np.ndarray) -> RiskSets:
    """Risk sets of these patients: ties, strata, entries, weights and offset of the spec."""
    more = extras.read(cohort, spec)
    return risk_sets(
        cohort.time[rows],
        cohort.event[rows],
        entry=None if cohort.entry is None else cohort.entry[rows],
        strata=None if cohort.strata is None else cohort.strata[rows],
        ties=conventions(spec).ties,
        weights=None if more.weights is None else more.weights[rows],
        offset=None if more.offset is None else more.offset[rows],
    )


def fit_model(
    cohort: Cohort, spec: AnalysisSpec, made: Sequence[Block], rows: np.ndarray | None = None
) -> Model:
    """Fit the terms together.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``estimator ties weights offset cluster limits conf_level`` and, through the
        cohort, ``strata``.
    made : sequence of Block
        At least one.
    rows : numpy.ndarray of int, optional
        The patients to fit to; all who have the terms when left out.
    """
    rows = who_has(cohort, made, spec) if rows is None else rows
    sets = sets_of(cohort, spec, rows)
    matrix = np.column_stack([block.matrix[rows] for block in made])
    level = conventions(spec).conf_level
    if spec.estimator == "firth":
        return Model(firth.fit(sets, matrix, level=level), sets, matrix, rows, tuple(made))
    found = newton.fit(sets, matrix)
    limits = profile(sets, matrix, found, level=level) if spec.limits == "profile" else None
    groups = extras.read(cohort, spec).groups(rows)
    if groups is not None and len(rows):
        covariance = robust.covariance(sets, matrix, found, groups)
        found = dataclasses.replace(found, covariance=covariance)
    return Model(found, sets, matrix, rows, tuple(made), groups, limits)


def rows_of(cohort: Cohort, spec: AnalysisSpec, found: Model) -> list[Row]:
    """The rows of a model: one per column of its terms."""
    z = normal_quantile(conventions(spec).conf_level)
    event = cohort.event[found.rows]
    rows: list[Row] = []
    k = 0
    for block in found.blocks:
        for j, level in enumerate(block.levels):
            members = (
                np.ones(len(event), dtype=bool)
                if block.member is None
                else block.member[found.rows, j]
            )
            n, events = int(members.sum()), int((event & members).sum())
            named = (block.term.text, level, block.reference, n, events)
            rows.append(_row(named, found, k, z))
            k += 1
    return rows


def _row(
    named: tuple[str, str | None, str | None, int, int], found: Model, k: int, z: float
) -> Row:
    fit = found.fit
    if fit.aliased[k] or fit.infinite[k]:
        return Row(*named)
    coef = float(fit.beta[k])
    error = float(np.sqrt(fit.covariance[k, k]))
    limits = _profiled(found)
    if limits is not None:
        low, high, p_value = (float(v[k]) for v in (limits.low, limits.high, limits.p_value))
    elif error == 0:  # one cluster has no robust variance
        low = high = p_value = error = float("nan")
    else:
        low, high = coef - z * error, coef + z * error
        p_value = float(2 * special.ndtr(-abs(coef / error)))
    numbers = [_known(v) for v in (error, *ratios([coef, low, high]), p_value)]
    return Row(*named, coef, *numbers)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value


def _profiled(found: Model) -> Profile | firth.FirthFit | None:
    """Where limits and tests come from, if not from the standard error."""
    return found.fit if isinstance(found.fit, firth.FirthFit) else found.profile


def fit_notes(found: Model, about: str) -> list[Note]:
    """Say how a model was fitted, and which coefficients are missing from the table and why."""
    if len(found.rows) == 0:
        return [warning(about, "No patient has all the terms: nothing can be estimated.")]
    notes: list[Note] = []
    if isinstance(found.fit, firth.FirthFit):
        notes.append(
            info(
                "estimator",
                "Firth's penalised partial likelihood: limits are those of the profile penalised "
                "likelihood, p-values those of the penalised likelihood-ratio test, and the log "
                "likelihood includes the penalty 0.5 log|I|.",
            )
        )
    elif found.profile is not None:
        notes.append(
            info(
                "limits",
                "Limits are those of the profile likelihood, p-values those of the "
                "likelihood-ratio test of each coefficient.",
            )
        )
    limits = _profiled(found)
    use = ~(found.fit.aliased | found.fit.infinite)
    if limits is not None and np.isnan([limits.low[use], limits.high[use]]).any():
        notes.append(
            warning(
                about,
                "A confidence limit was not found: the likelihood is too flat to be followed that "
                "far.",
            )
        )
    return notes + _missing(found, about)


def _missing(found: Model, about: str) -> list[Note]:
    """Say which coefficients have no estimate, and why."""
    notes: list[Note] = []
    k = 0
    for block in found.blocks:
        columns = range(k, k + len(block.levels))
        k += len(block.levels)
        if any(found.fit.aliased[c] for c in columns) or not block.levels:
            notes.append(
                warning(
                    about,
                    f"{block.title}: not estimated, because it does not vary among these patients "
                    "or the other terms determine it.",
                )
            )
        if any(found.fit.infinite[c] for c in columns):
            notes.append(
                warning(
                    about,
                    f"{block.title}: no finite hazard ratio, because a group has no event or the "
                    "events are perfectly separated. Firth's method gives a "
                    "finite estimate.",
                )
            )
    return notes
