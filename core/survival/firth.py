"""Firth's penalised partial likelihood: finite hazard ratios also where the data are separated.

Methods
-------
Maximises l(beta) + 0.5 log|I(beta)|, with l and I by Efron or Breslow, in strata and with delayed
entry. Steps start as those of Fisher scoring on the exact gradient, learn the curvature of the
penalty on the way (BFGS) and are halved until the penalised likelihood rises. Limits are those of
the profile penalised likelihood and p-values those of the penalised likelihood-ratio test; in both
the penalty is that of the whole model, also while one coefficient is held (as in R's coxphf).
Standard errors come from the inverse information at the estimate; they describe the estimate, and
neither limits nor p-values are made from them.

References
----------
Firth D. Biometrika 1993;80:27-38. Heinze G, Schemper M. Biometrics 2001;57:114-119.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import numpy as np

from core.survival.newton import Fit, scaled
from core.survival.profile import crossing
from core.survival.risk import RiskSets, by_stratum, moments, third
from core.survival.tails import chi2_p, normal_quantile

MOST_STEPS = 100
SMALL_STEP = 1e-11
"""Steps end an estimate when the largest is below this, in standard deviations of the columns."""
PROFILE_STEP = 1e-6
"""The same for a profile: its likelihood is flat there, so that this is good to 1e-12."""
METHODS = (
    "Cox models were fitted by Firth's penalised likelihood, with profile penalised-likelihood "
    "limits and penalised likelihood-ratio tests."
)


@dataclass(frozen=True, eq=False)
class FirthFit(Fit):
    """A model fitted by Firth's method; both log likelihoods are penalised.

    Attributes
    ----------
    low, high : numpy.ndarray, shape (p,)
        Limits of the coefficients by profile penalised likelihood; NaN for aliased columns.
    p_value : numpy.ndarray, shape (p,)
        Penalised likelihood-ratio test of each coefficient; NaN for aliased columns.
    """

    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray


@dataclass(frozen=True, eq=False)
class _Point:
    """The penalised likelihood at one vector of coefficients."""

    beta: np.ndarray
    value: float
    score: np.ndarray
    information: np.ndarray


_Parts = tuple[tuple[RiskSets, np.ndarray], ...]
"""The risk sets of each stratum and the columns of its patients in their order."""


def fit(sets: RiskSets, x: np.ndarray, *, level: float) -> FirthFit:
    """Maximise the penalised partial likelihood.

    Parameters
    ----------
    sets : RiskSets
    x : numpy.ndarray, shape (n, p)
        Rows in the order of the patients given to `risk_sets`; no missing values.
    level : float
        Confidence level of the limits.

    Returns
    -------
    FirthFit
        `infinite` is False throughout: with the penalty the maximum is always finite.
    """
    columns = scaled(sets, x)
    p, scale = x.shape[1], columns.scale
    use = np.flatnonzero(~columns.aliased)
    z = columns.z[:, use]
    beta, covariance = np.zeros(p), np.zeros((p, p))
    low, high, p_value = (np.full(p, np.nan) for _ in range(3))
    null = best = columns.start.log_likelihood
    if len(use) and len(sets.at):
        every = np.ones(len(use), dtype=bool)
        parts = tuple((part, z[rows]) for part, rows in by_stratum(sets))
        null = _point(parts, np.zeros(len(use))).value
        top = _climb(parts, np.zeros(len(use)), every, SMALL_STEP)
        inverse = np.linalg.inv(top.information)
        beta[use], covariance[np.ix_(use, use)], best = top.beta, inverse, top.value
        quantile = normal_quantile(level)
        for k, column in enumerate(use):
            drop = partial(_profile, parts, top, inverse, k)
            error = float(np.sqrt(inverse[k, k]))
            low[column] = crossing(drop, float(top.beta[k]), error, -quantile)
            high[column] = crossing(drop, float(top.beta[k]), error, quantile)
            p_value[column] = chi2_p(2 * drop(0.0), 1)
    units = float(np.log(scale[use]).sum())  # the penalty is that of the columns as they were
    return FirthFit(
        beta / scale, covariance / np.outer(scale, scale), columns.aliased, np.zeros(p, dtype=bool),
        null + units, best + units, low / scale, high / scale, p_value,
    )  # fmt: skip


def drop(sets: RiskSets, x: np.ndarray, found: FirthFit, columns: np.ndarray) -> float:
    """Penalised likelihood-ratio statistic of several coefficients together.

    Parameters
    ----------
    sets : RiskSets
    x : numpy.ndarray, shape (n, p)
        As they were given to `fit`.
    found : FirthFit
    columns : numpy.ndarray of int
        Those that are held at 0; none of them aliased. The penalty stays that of all columns.
    """
    shape = scaled(sets, x)
    use = np.flatnonzero(~shape.aliased)
    parts = tuple((part, shape.z[rows][:, use]) for part, rows in by_stratum(sets))
    held = np.isin(use, columns)
    top = _point(parts, (found.beta * shape.scale)[use])
    start = np.where(held, 0.0, top.beta)
    reached = _point(parts, start)
    if not held.all() and np.isfinite(reached.value):
        reached = _climb(parts, start, ~held, PROFILE_STEP)
    return float(2 * max(top.value - reached.value, 0.0))


def _point(parts: _Parts, beta: np.ndarray) -> _Point:
    """Evaluate the penalised likelihood; its value is -inf where it cannot be computed."""
    value, score = 0.0, np.zeros(len(beta))
    information = np.zeros((len(beta), len(beta)))
    with np.errstate(all="ignore"):  # far out everything underflows
        for sets, z in parts:
            found = moments(sets, z, beta)
            value += found.log_likelihood
            score = score + found.gradient
            information = information + found.information
        sign, log_determinant = np.linalg.slogdet(information)
        value += 0.5 * log_determinant
        if not (sign > 0 and np.isfinite(value)):
            return _Point(beta, -np.inf, score, information)
        inverse = np.linalg.inv(information)
        for sets, z in parts:
            score = score + 0.5 * third(sets, z, beta, inverse)
    return _Point(beta, float(value), score, information)


def _climb(parts: _Parts, start: np.ndarray, free: np.ndarray, tolerance: float) -> _Point:
    """Maximise over the coefficients that are `free`; the others stay as they are in `start`."""
    now = _point(parts, start)
    inverse = np.linalg.pinv(now.information[np.ix_(free, free)], hermitian=True)
    step = np.zeros(len(start))
    for _ in range(MOST_STEPS):
        step[free] = inverse @ now.score[free]
        after = _point(parts, now.beta + step)
        while not after.value >= now.value - 1e-11 * (1 + abs(now.value)):
            step = step / 2
            if np.max(np.abs(step)) < 1e-14:
                return now
            after = _point(parts, now.beta + step)
        inverse = _learned(inverse, step[free], (now.score - after.score)[free])
        now = after
        if np.max(np.abs(step)) < tolerance * (1 + np.max(np.abs(now.beta))):
            break
    return now


def _learned(inverse: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Correct the inverse information by what a step has shown of the curvature (BFGS)."""
    along = float(step @ change)
    if along <= 0:
        return inverse
    left = np.eye(len(step)) - np.outer(step, change) / along
    return np.asarray(left @ inverse @ left.T + np.outer(step, step) / along)


def _profile(parts: _Parts, top: _Point, inverse: np.ndarray, k: int, held: float) -> float:
    """How far the largest penalised likelihood falls when coefficient `k` is held."""
    free = np.arange(len(top.beta)) != k
    # To first order the others move along the regression on the one that is held.
    start = top.beta + inverse[:, k] / inverse[k, k] * (held - top.beta[k])
    start[k] = held
    if not np.isfinite(_point(parts, start).value):
        start = np.where(free, top.beta, held)
    reached = _point(parts, start)
    if free.any() and np.isfinite(reached.value):
        reached = _climb(parts, start, free, PROFILE_STEP)
    return max(top.value - reached.value, 0.0)
