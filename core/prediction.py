"""Penalised Cox models: ridge, elastic net and lasso along a path, chosen by cross-validation.

Methods
-------
Columns are centred and divided by their standard deviation (denominator n). The estimate maximises
l(beta)/n - lambda (a sum|beta| + (1 - a)/2 sum beta^2) with Breslow's partial likelihood l and a =
``l1_ratio``: the objective, and the scale of lambda, of R's glmnet. Where a > 0 the path is
scikit-survival's (coordinate descent of glmnet's authors); for ridge (a = 0), which it does not
offer, each step is Newton's method on the smooth objective. The values of lambda are equally spaced
on a log scale, 25 to a power of ten, from the first at which all coefficients are 0 (for ridge that
of a = 0.001, as in glmnet) down to 0.0001 of it, or 0.05 with more columns than patients.

Lambda is chosen by 10-fold cross-validation of the partial-likelihood deviance of Verweij and van
Houwelingen: the deviance of all patients less that of the patients in the fit, per event of the
part left out. ``lambda_min`` has the smallest mean, ``lambda_1se`` is the largest lambda within a
standard error of it. Parts have nearly equal numbers of events.

A penalty shrinks estimates towards 0 on purpose: they are biased, their sampling distribution is
not that of an estimate without penalty, and what was chosen by looking at the outcome has no honest
standard error. So there are neither p-values nor confidence limits.

References
----------
Simon N, Friedman J, Hastie T, Tibshirani R. J Stat Softw 2011;39(5):1-13. Verweij PJM, van
Houwelingen HC. Stat Med 1993;12:2305-2314. Polsterl S. J Mach Learn Res 2020;21(212):1-6.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.errors import SpecError
from core.notes import Note, info, warning
from core.progress import Progress, quiet
from core.spec import AnalysisSpec
from core.survival.design import Block, blocks
from core.survival.fitted import who_has
from core.survival.penalty import (
    PenalisedResult,
    PenalisedRow,
    breslow,
    deviance,
    folds,
    ridge,
)
from core.survival.risk import moments
from core.survival.tails import ratios

METHODS = (
    "A penalised Cox model was fitted to standardised covariates, with the penalty chosen by "
    "cross-validation of the partial-likelihood deviance; its coefficients have no p-values."
)
L1_RATIO = 0.5
"""Share of the lasso in the penalty where the spec says nothing."""
FEWEST_EVENTS = 10
"""With fewer events there is nothing to cross-validate."""
STEPS_A_DECADE = 25
SMALLEST = (1e-4, 0.05)
"""End of the path as a share of its beginning: with fewer columns than patients, and with more."""
RIDGE_AS = 1e-3
"""Ridge starts where an elastic net with this share of the lasso has all coefficients at 0."""
TOLERANCE = (1e-16, 1e-9)
"""Of scikit-survival's path (squares of steps), for fewer columns than patients, and for more: the
model is nearly saturated then, and steps are many and slow."""


def penalised(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> PenalisedResult:
    """Fit the path with all terms and choose a penalty by cross-validation.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms l1_ratio seed`` and refuses ``strata weights offset``.
    progress : callable

    Returns
    -------
    PenalisedResult

    Raises
    ------
    SpecError
        With strata, delayed entry, weights, an offset or a covariate that changes with time; with
        fewer than two columns that vary, or fewer than 10 events.
    """
    refuse(cohort, spec)
    made = blocks(cohort, spec)
    rows = who_has(cohort, made) if made else np.zeros(0, dtype=np.int64)
    problem = _Problem.of(cohort, made, rows)
    a = L1_RATIO if spec.l1_ratio is None else spec.l1_ratio
    seed = int(spec.seed if spec.seed is not None else 1)
    fold = folds(problem.event, np.random.default_rng([seed, 71]))
    penalty = penalties(problem.time, problem.event, problem.z, a)
    path = fit_path(problem.time, problem.event, problem.z, penalty, a)
    penalty = penalty[: path.shape[1]]
    mean, error = cross_validate(
        problem.time, problem.event, problem.z, penalty, a, fold, progress=progress
    )
    best, sparse = chosen(mean, error)
    return PenalisedResult(
        a, len(rows), int(problem.event.sum()), int(fold.max()) + 1, penalty, path, mean, error,
        float(penalty[best]), float(penalty[sparse]), int((path[:, best] != 0).sum()),
        int((path[:, sparse] != 0).sum()), _rows(problem, path[:, best], path[:, sparse]),
        {block.term.text: block.title for block in made},
        _notes(cohort, problem, best, len(penalty)),
    )  # fmt: skip


def refuse(cohort: Cohort, spec: AnalysisSpec) -> None:
    """Refuse what a penalised model cannot have here.

    Raises
    ------
    SpecError
    """
    reasons = {
        "strata": ("strata", bool(spec.strata)),
        "weights": ("case weights", spec.weights is not None),
        "offset": ("an offset", spec.offset is not None),
        "entry": ("delayed entry or several intervals of a patient", cohort.entry is not None),
        "terms": ("a covariate that changes with time", any(":since" in t for t in spec.terms)),
    }
    for field, (words, there) in reasons.items():
        if there:
            raise SpecError(
                field, f"The penalised model cannot have {words}", "Leave it out for this model"
            )


@dataclass(frozen=True, eq=False)
class _Problem:
    """Times, events and standardised columns; columns that do not vary are left out."""

    time: np.ndarray
    event: np.ndarray
    z: np.ndarray
    scale: np.ndarray
    named: tuple[tuple[str, str | None, str | None], ...]
    constant: int

    @classmethod
    def of(cls, cohort: Cohort, made: list[Block], rows: np.ndarray) -> _Problem:
        """Standardise the columns of the terms."""
        event = cohort.event[rows]
        if int(event.sum()) < FEWEST_EVENTS:
            raise SpecError(
                "terms",
                f"{int(event.sum())} events are too few to choose a penalty by cross-validation",
                f"At least {FEWEST_EVENTS} are needed; Firth's method copes with few events",
            )
        x = np.column_stack([block.matrix[rows] for block in made])
        named = [(b.term.text, level, b.reference) for b in made for level in b.levels]
        middle, scale = x.mean(axis=0), x.std(axis=0)
        use = scale > 1e-12 * np.maximum(np.abs(middle), 1e-300)
        if int(use.sum()) < 2:
            raise SpecError("terms", "A penalised model needs two columns or more", "Add a term")
        z = (x[:, use] - middle[use]) / scale[use]
        kept = tuple(name for name, used in zip(named, use, strict=True) if used)
        return cls(cohort.time[rows], event, z, scale[use], kept, int((~use).sum()))


def penalties(time: np.ndarray, event: np.ndarray, z: np.ndarray, l1_ratio: float) -> np.ndarray:
    """The values of lambda, from the first at which every coefficient is 0."""
    sets, rows = breslow(time, event, z)
    score = moments(sets, rows, np.zeros(rows.shape[1])).gradient / len(rows)
    first = float(np.abs(score).max()) / max(l1_ratio, RIDGE_AS)
    smallest = SMALLEST[int(len(rows) <= rows.shape[1])]
    return first * np.geomspace(1.0, smallest, int(STEPS_A_DECADE * -np.log10(smallest)) + 1)


def fit_path(
    time: np.ndarray, event: np.ndarray, z: np.ndarray, penalty: np.ndarray, l1_ratio: float
) -> np.ndarray:
    """Coefficients along the path.

    Parameters
    ----------
    time, event : numpy.ndarray, shape (n,)
    z : numpy.ndarray, shape (n, p)
        Used as they are: neither centred nor scaled here.
    penalty : numpy.ndarray, shape (m,)
        Lambda, descending.
    l1_ratio : float

    Returns
    -------
    numpy.ndarray, shape (p, m)
        Fewer columns where smaller penalties hardly explain more (the path ends as in glmnet),
        or where the data separate so much that its end has no solution.
    """
    if l1_ratio == 0:
        return np.column_stack([*ridge(time, event, z, penalty)])
    from sksurv.linear_model import CoxnetSurvivalAnalysis
    from sksurv.util import Surv

    y = Surv.from_arrays(event, time)
    for end in range(len(penalty), 0, -max(len(penalty) // 10, 1)):
        model = CoxnetSurvivalAnalysis(
            alphas=penalty[:end],
            l1_ratio=l1_ratio,
            tol=TOLERANCE[int(len(z) <= z.shape[1])],
            max_iter=100_000,
        )
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                model.fit(z, y)
        except ArithmeticError:
            continue
        return np.asarray(model.coef_, dtype=float)
    raise SpecError("terms", "The penalised model has no solution", "Leave out some terms")


def cross_validate(
    time: np.ndarray,
    event: np.ndarray,
    z: np.ndarray,
    penalty: np.ndarray,
    l1_ratio: float,
    fold: np.ndarray,
    *,
    progress: Progress = quiet,
) -> tuple[np.ndarray, np.ndarray]:
    """Cross-validated partial-likelihood deviance.

    Parameters
    ----------
    time, event, z, penalty, l1_ratio
        See `fit_path`.
    fold : numpy.ndarray of int, shape (n,)
        Part of each patient, from 0; each has an event.

    Returns
    -------
    mean, std_error : numpy.ndarray, shape (m,)
        Per event, averaged over the parts with their events as weights, as cv.glmnet.
    """
    parts = int(fold.max()) + 1
    table = np.full((parts, len(penalty)), np.nan)
    every = breslow(time, event, z)
    progress(0.0)
    for part in range(parts):
        kept = fold != part
        # Standardised anew: the patients left out must not take part in the fit.
        scale = z[kept].std(axis=0)
        scale = np.where(scale > 0, scale, np.inf)
        inside = (z[kept] - z[kept].mean(axis=0)) / scale
        path = fit_path(time[kept], event[kept], inside, penalty, l1_ratio) / scale[:, None]
        rest = breslow(time[kept], event[kept], z[kept])
        for m, beta in enumerate(path.T):
            table[part, m] = deviance(*every, beta) - deviance(*rest, beta)
        table[part, path.shape[1] :] = table[part, path.shape[1] - 1]  # it had converged there
        progress((part + 1) / parts)
    weight = np.bincount(fold, weights=event, minlength=parts)
    table = table / weight[:, None]
    mean = weight @ table / weight.sum()
    spread = weight @ (table - mean) ** 2 / weight.sum()
    return mean, np.sqrt(spread / (parts - 1))


def chosen(mean: np.ndarray, error: np.ndarray) -> tuple[int, int]:
    """Positions of the penalty with the smallest deviance and of the largest within an error.

    Examples
    --------
    >>> chosen(np.array([3.0, 2.05, 2.0, 2.4]), np.array([0.1, 0.1, 0.1, 0.1]))
    (2, 1)
    """
    best = int(np.nanargmin(mean))
    return best, int(np.flatnonzero(mean <= mean[best] + error[best])[0])


def _rows(problem: _Problem, best: np.ndarray, sparse: np.ndarray) -> tuple[PenalisedRow, ...]:
    rows = []
    for k, (term, level, reference) in enumerate(problem.named):
        sd = float(problem.scale[k])
        per_sd = (float(best[k]), float(sparse[k]))
        per_unit = [b / sd for b in per_sd]
        rows.append(
            PenalisedRow(term, level, reference, sd, *per_unit, *ratios(per_unit), *ratios(per_sd))
        )
    return tuple(rows)


def _notes(cohort: Cohort, problem: _Problem, best: int, length: int) -> tuple[Note, ...]:
    notes = [
        info(
            "penalised",
            "Every column is divided by its standard deviation before it is penalised, the levels "
            "of categories too. Tied times by Breslow's approximation, whatever the other models "
            "have.",
        )
    ]
    if len(problem.time) < cohort.n:
        notes.append(
            info(
                "n",
                f"The penalised model has {len(problem.time)} of {cohort.n} patients: the others "
                "lack a value of a term.",
            )
        )
    if problem.constant:
        text = f"{problem.constant} columns do not vary among these patients and are left out."
        notes.append(warning("penalised", text))
    if best == 0:
        text = (
            "No penalty predicts better than the largest one: these terms, together, do not "
            "predict the outcome of patients who were left out."
        )
        notes.append(warning("penalised", text))
    elif best == length - 1:
        text = "The smallest penalty tried is the best one: the model hardly needs a penalty."
        notes.append(info("penalised", text))
    return tuple(notes)
