"""Influence: which patients move the hazard ratios of the Cox model, and how far.

Methods
-------
dfbeta is the change of each coefficient when a patient is left out, to first order: the score
residual times the inverse information (R's ``residuals(type="dfbeta")``), summed over the rows of
a patient who has several. dfbetas divides it by the standard error. The likelihood displacement
is twice the fall of the log likelihood at the coefficients without the patient, to second order.
For the patients who displace it most the model is fitted again without each of them; selected
terms are not selected again.

References
----------
Cain KC, Lange NT. Biometrics 1984;40:493-499. Pettitt AN, Bin Daud I. Appl Stat 1989;38:51-67.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.notes import Note, info
from core.progress import Progress, portions, quiet
from core.spec import AnalysisSpec
from core.survival import newton
from core.survival.firth import FirthFit
from core.survival.fitted import Model, fit_model
from core.survival.individual import AtFit, final_model, persons
from core.survival.risk import moments
from core.survival.robust import score_residuals
from core.survival.tails import ratios

MOST = 10
"""Patients for whom the model is fitted again."""
METHODS = (
    "Influence was examined by dfbeta and likelihood displacement; the model was fitted again "
    "without each of the most influential patients."
)


@dataclass(frozen=True, eq=False)
class Change:
    """How every patient moves one coefficient.

    Attributes
    ----------
    term : str
    level : str or None
    coef, std_error, hazard_ratio : float
        With everybody; the standard error is the model-based one.
    dfbeta, dfbetas : numpy.ndarray, shape (patients,)
        Change of the coefficient by a patient's presence, to first order.
    """

    term: str
    level: str | None
    coef: float
    std_error: float
    hazard_ratio: float
    dfbeta: np.ndarray
    dfbetas: np.ndarray


@dataclass(frozen=True)
class LeftOut:
    """The model without one patient, fitted again.

    Attributes
    ----------
    row : int
        First line of the file of the patient.
    event : bool
    displacement : float
        Of the likelihood, from the new fit; None where it has no finite coefficients.
    coef, hazard_ratio : tuple of (float or None)
        In the order of the changes; None where it is not finite.
    """

    row: int
    event: bool
    displacement: float | None
    coef: tuple[float | None, ...]
    hazard_ratio: tuple[float | None, ...]


@dataclass(frozen=True, eq=False)
class InfluenceResult:
    """Influence of every patient on the multivariable model.

    Attributes
    ----------
    n, events : int
        Patients and events of the model.
    titles : dict of str to str
        How each term is called on the screen.
    row : numpy.ndarray of int, shape (patients,)
        First line of the file of each patient.
    displacement : numpy.ndarray, shape (patients,)
    changes : tuple of Change
        One per coefficient.
    most : tuple of LeftOut
        The patients with the largest displacement, largest first.
    """

    n: int
    events: int
    titles: dict[str, str]
    row: np.ndarray
    displacement: np.ndarray
    changes: tuple[Change, ...]
    most: tuple[LeftOut, ...]
    notes: tuple[Note, ...] = ()


def influence(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> InfluenceResult:
    """Look at every patient's influence, and fit again without the most influential ones.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms strata ties estimator select weights offset cluster conf_level``.
    progress : callable

    Returns
    -------
    InfluenceResult
        Empty where there is no model; a note says why.
    """
    cohort, found, notes = final_model(cohort, spec)
    if found is None:
        none = np.empty(0)
        return InfluenceResult(0, 0, {}, none.astype(np.int64), none, (), (), notes)
    person = persons(cohort, spec, found.rows)
    use = ~found.fit.aliased
    at = AtFit.of(found.sets, found.matrix[:, use], found.fit.beta[use])
    score = summed(at, person)
    dfbeta = score @ at.covariance
    displacement = np.asarray((dfbeta * score).sum(axis=1))
    # The first row of each person: lines of the file ascend, and so do the rows of a model.
    first = np.unique(person, return_index=True)[1]
    row = np.array(
        [cohort.dataset.row_number(int(i)) for i in cohort.included.rows[found.rows[first]]]
    )
    order = np.lexsort((row, -np.round(displacement, 12)))[:MOST]
    most = _again(cohort, spec, found, person, (row, order), progress)
    if isinstance(found.fit, FirthFit):
        notes = (*notes, info("estimator", FIRTH))
    return InfluenceResult(
        len(row),
        int(cohort.event[found.rows].sum()),
        {block.term.text: block.title for block in found.blocks},
        row,
        displacement,
        tuple(_changes(found, at, dfbeta)),
        most,
        notes,
    )


FIRTH = (
    "dfbeta and the displacement leave the penalty of Firth's method aside; the fits without a "
    "patient have it."
)


def summed(at: AtFit, person: np.ndarray) -> np.ndarray:
    """Score residuals of the patients, shape (patients, p), case weights included.

    Parameters
    ----------
    at : AtFit
    person : numpy.ndarray of int, shape (n,)
        In the order of the rows of the model.
    """
    total = np.zeros((int(person.max()) + 1, at.x.shape[1]))
    np.add.at(total, person[at.sets.order], score_residuals(at.sets, at.x, at.beta))
    return total


def _changes(found: Model, at: AtFit, dfbeta: np.ndarray) -> list[Change]:
    error = np.sqrt(np.diag(at.covariance))
    made, k, j = [], 0, 0
    for block in found.blocks:
        for level in block.levels:
            if not found.fit.aliased[k]:
                coef = float(at.beta[j])
                made.append(
                    Change(
                        block.term.text, level, coef, float(error[j]), ratios([coef])[0],
                        dfbeta[:, j], dfbeta[:, j] / error[j],
                    )
                )  # fmt: skip
                j += 1
            k += 1
    return made


def _again(
    cohort: Cohort,
    spec: AnalysisSpec,
    found: Model,
    person: np.ndarray,
    who: tuple[np.ndarray, np.ndarray],
    progress: Progress,
) -> tuple[LeftOut, ...]:
    """Fit without each of these patients."""
    row, order = who
    asked, use = spec.but(limits=None), np.flatnonzero(~found.fit.aliased)
    made: list[LeftOut] = []
    for _ in portions(len(order), 1, progress):
        who_now = int(order[len(made)])
        mine = person == who_now
        event = bool(cohort.event[found.rows[mine]].any())
        less = fit_model(cohort, asked, found.blocks, found.rows[~mine]).fit
        known = ~(less.aliased | less.infinite)[use]
        coef = [float(b) if k else None for b, k in zip(less.beta[use], known, strict=True)]
        moved = _displaced(found, less) if known.all() else None
        ratio = tuple(None if b is None else ratios([b])[0] for b in coef)
        made.append(LeftOut(int(row[who_now]), event, moved, tuple(coef), ratio))
    return tuple(made)


def _displaced(found: Model, less: newton.Fit) -> float:
    """Twice the fall of the log likelihood of everybody at the coefficients without one."""
    x = found.matrix[found.sets.order]
    x = x - x.mean(axis=0)
    here, there = (moments(found.sets, x, fit.beta).log_likelihood for fit in (found.fit, less))
    return 2 * (here - there)
