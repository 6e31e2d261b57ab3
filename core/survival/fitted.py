"""One fitted Cox model, by either estimator, and the rows that it fills in a table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.spec import AnalysisSpec
from core.survival import firth, newton
from core.survival.conventions import conventions
from core.survival.design import Block
from core.survival.results import Row
from core.survival.risk import RiskSets, risk_sets
from core.survival.tails import normal_quantile


@dataclass(frozen=True, eq=False)
class Model:
    """A fit and what is needed to say what it means.

    Attributes
    ----------
    fit : Fit
        A `FirthFit` when the spec says ``estimator=firth``.
    sets : RiskSets
    matrix : numpy.ndarray, shape (n, p)
    rows : numpy.ndarray of int, shape (n,)
        The patients of the model among those of the cohort.
    blocks : tuple of Block
        The terms, in the order of the columns of `matrix`.
    """

    fit: newton.Fit
    sets: RiskSets
    matrix: np.ndarray
    rows: np.ndarray
    blocks: tuple[Block, ...]


def who_has(cohort: Cohort, made: Sequence[Block]) -> np.ndarray:
    """Positions of the patients who have all these terms and a stratum."""
    use = np.logical_and.reduce([block.present for block in made])
    if cohort.strata is not None:
        use = use & (cohort.strata >= 0)
    return np.flatnonzero(use)


def sets_of(cohort: Cohort, spec: AnalysisSpec, rows: np.ndarray) -> RiskSets:
    """Risk sets of these patients, with the ties, strata and entries of the spec."""
    return risk_sets(
        cohort.time[rows],
        cohort.event[rows],
        entry=None if cohort.entry is None else cohort.entry[rows],
        strata=None if cohort.strata is None else cohort.strata[rows],
        ties=conventions(spec).ties,
    )


def fit_model(
    cohort: Cohort, spec: AnalysisSpec, made: Sequence[Block], rows: np.ndarray | None = None
) -> Model:
    """Fit the terms together.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``estimator ties conf_level`` and, through the cohort, ``strata``.
    made : sequence of Block
        At least one.
    rows : numpy.ndarray of int, optional
        The patients to fit to; all who have the terms when left out.
    """
    rows = who_has(cohort, made) if rows is None else rows
    sets = sets_of(cohort, spec, rows)
    matrix = np.column_stack([block.matrix[rows] for block in made])
    if spec.estimator == "firth":
        found: newton.Fit = firth.fit(sets, matrix, level=conventions(spec).conf_level)
    else:
        found = newton.fit(sets, matrix)
    return Model(found, sets, matrix, rows, tuple(made))


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
            rows.append(_row(named, found.fit, k, z))
            k += 1
    return rows


def _row(
    named: tuple[str, str | None, str | None, int, int], found: newton.Fit, k: int, z: float
) -> Row:
    if found.aliased[k] or found.infinite[k]:
        return Row(*named)
    coef = float(found.beta[k])
    error = float(np.sqrt(found.covariance[k, k]))
    if isinstance(found, firth.FirthFit):
        low, high, p_value = (float(v[k]) for v in (found.low, found.high, found.p_value))
    else:
        low, high = coef - z * error, coef + z * error
        p_value = float(2 * special.ndtr(-abs(coef / error)))
    with np.errstate(over="ignore"):  # infinite for a marker of a tiny scale: not estimable
        ratio, conf_low, conf_high = np.exp([coef, low, high]).tolist()
    return Row(
        *named,
        coef=coef,
        std_error=error,
        hazard_ratio=ratio,
        conf_low=conf_low,
        conf_high=conf_high,
        p_value=p_value,
    )


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
        use = ~found.fit.aliased
        if np.isnan([found.fit.low[use], found.fit.high[use]]).any():
            notes.append(
                warning(
                    about,
                    "A confidence limit was not found: the penalised likelihood is too flat to be "
                    "followed that far.",
                )
            )
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
                    "events are perfectly separated. Firth's method (estimator=firth) gives a "
                    "finite estimate.",
                )
            )
    return notes
