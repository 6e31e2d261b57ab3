"""Maximum partial likelihood by Newton's method, with aliased and infinite coefficients named."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.survival.risk import Moments, RiskSets, moments

MOST_STEPS = 60
SMALL_STEP = 1e-9
ALIASED = 1e-9
"""A column is aliased when the columns before it explain all but this share of its information."""


@dataclass(frozen=True, eq=False)
class Fit:
    """A fitted Cox model.

    Attributes
    ----------
    beta : numpy.ndarray, shape (p,)
        0 for aliased columns; the last iterate for infinite ones.
    covariance : numpy.ndarray, shape (p, p)
        Inverse information; 0 in the rows and columns of aliased ones.
    aliased, infinite : numpy.ndarray of bool, shape (p,)
        Columns that the others determine, and columns whose coefficient has no finite maximum.
    log_likelihood_null, log_likelihood : float
    """

    beta: np.ndarray
    covariance: np.ndarray
    aliased: np.ndarray
    infinite: np.ndarray
    log_likelihood_null: float
    log_likelihood: float

    @property
    def df(self) -> int:
        """Number of coefficients that are not aliased."""
        return int((~self.aliased).sum())


@dataclass(frozen=True, eq=False)
class Scaled:
    """Columns centred and scaled, so that neither units nor offsets matter while fitting.

    Attributes
    ----------
    z : numpy.ndarray, shape (n, p)
        Rows in the order of the risk sets; every column has mean 0 and, if it varies, variance 1.
    scale : numpy.ndarray, shape (p,)
        A coefficient of `z` divided by this is the coefficient of the column.
    aliased : numpy.ndarray of bool, shape (p,)
    start : Moments
        At coefficients of 0.
    """

    z: np.ndarray
    scale: np.ndarray
    aliased: np.ndarray
    start: Moments


def scaled(sets: RiskSets, x: np.ndarray) -> Scaled:
    """Centre and scale the columns and find those that the others determine."""
    rows = x[sets.order]
    if len(rows) == 0:
        start = moments(sets, rows, np.zeros(x.shape[1]))
        return Scaled(rows, np.ones(x.shape[1]), np.ones(x.shape[1], dtype=bool), start)
    scale = rows.std(axis=0)
    scale = np.where(scale > 0, scale, 1.0)
    z = (rows - rows.mean(axis=0)) / scale
    start = moments(sets, z, np.zeros(x.shape[1]))
    return Scaled(z, scale, _aliased(start.information, len(sets.at)), start)


def fit(sets: RiskSets, x: np.ndarray) -> Fit:
    """Maximise the partial likelihood.

    Iteration stops when the largest step is below 1e-9 standard deviations. Where the likelihood
    has stopped rising and a coefficient still moves, its maximum is at infinity (separation).

    Parameters
    ----------
    sets : RiskSets
    x : numpy.ndarray, shape (n, p)
        Rows in the order of the patients given to `risk_sets`; no missing values.

    Returns
    -------
    Fit
    """
    columns = scaled(sets, x)
    p, scale, start = x.shape[1], columns.scale, columns.start
    use = np.flatnonzero(~columns.aliased)
    beta, infinite = np.zeros(p), np.zeros(p, dtype=bool)
    covariance = np.zeros((p, p))
    log_likelihood = start.log_likelihood
    if len(use) and len(sets.at):
        both = np.ix_(use, use)
        begin = Moments(start.log_likelihood, start.gradient[use], start.information[both])
        found, step, log_likelihood, information = climb(
            sets, columns.z[:, use], begin, np.zeros(len(use))
        )
        beta[use], infinite[use] = found, np.abs(step) > 1e-5
        covariance[both] = np.linalg.pinv(information, hermitian=True)
    return Fit(
        beta / scale,
        covariance / np.outer(scale, scale),
        columns.aliased,
        infinite,
        start.log_likelihood,
        log_likelihood,
    )


def climb(
    sets: RiskSets, z: np.ndarray, now: Moments, beta: np.ndarray, small: float = SMALL_STEP
) -> tuple[np.ndarray, np.ndarray, float, np.ndarray]:
    """Newton's method with step halving from `beta`, where the moments are `now`.

    A step below `small` is the last one; the likelihood is that before it, which is lower by the
    square of the step.

    Returns
    -------
    beta : numpy.ndarray, shape (p,)
    step : numpy.ndarray, shape (p,)
        The last one, to tell convergence.
    log_likelihood : float
    information : numpy.ndarray, shape (p, p)
    """
    step = np.zeros_like(beta)
    flat = 0
    for _ in range(MOST_STEPS):
        step = np.linalg.lstsq(now.information, now.gradient, rcond=1e-14)[0]
        if np.max(np.abs(step)) < small * (1 + np.max(np.abs(beta))):
            beta = beta + step  # too small to change the likelihood or the information
            break
        size = 1.0
        after = moments(sets, z, beta + step)
        while not _is_no_worse(after, now):
            size /= 2
            if size < 1e-6:
                return beta, step, now.log_likelihood, now.information
            after = moments(sets, z, beta + size * step)
        beta = beta + size * step
        rise = after.log_likelihood - now.log_likelihood
        now = after
        flat = flat + 1 if abs(rise) <= 1e-12 * (abs(now.log_likelihood) + 0.1) else 0
        if flat >= 3:
            break
    return beta, step, now.log_likelihood, now.information


def _is_no_worse(after: Moments, now: Moments) -> bool:
    """Whether a step may be taken: the likelihood did not fall, and everything is finite."""
    least = now.log_likelihood - 1e-9 * abs(now.log_likelihood)
    return after.log_likelihood >= least and bool(np.isfinite(after.information).all())


def _aliased(information: np.ndarray, n_events: int) -> np.ndarray:
    """Columns that are constant in every risk set or determined by the columns before them."""
    p = len(information)
    aliased = np.zeros(p, dtype=bool)
    diagonal = np.diag(information)
    work = information.copy()
    for k in range(p):
        # Columns have unit variance, so an informative one has information of the order of events.
        if diagonal[k] <= 1e-12 * n_events or work[k, k] <= ALIASED * diagonal[k]:
            aliased[k] = True
            continue
        work = work - np.outer(work[:, k], work[k, :]) / work[k, k]
    return aliased
