"""Logistic regression by maximum likelihood or by Firth's penalised likelihood.

Methods
-------
Newton's method with step halving on centred and scaled columns. Columns that the others determine
are named and left out; where the likelihood has stopped rising while a coefficient still moves, its
maximum is at infinity (separation). Firth's method maximises l(beta) + 0.5 log|I(beta)|. Profile
limits are where twice the fall of the (penalised) likelihood is the chi-square quantile, with the
other coefficients at their best; the likelihood-ratio test of several coefficients holds them at 0.
With the penalty both keep that of the whole model, as R's logistf.

References
----------
Firth D. Biometrika 1993;80:27-38. Heinze G, Schemper M. Stat Med 2002;21:2409-2419. Venzon DJ,
Moolgavkar SH. Appl Stat 1988;37:87-94 (profile limits).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special

from core.survival.tails import normal_quantile

MOST_STEPS = 200
SMALL_STEP = 1e-11
"""Steps end when the largest is below this, in standard deviations of the columns."""
ALIASED = 1e-9
"""A column is aliased when the columns before it explain all but this share of its variance."""
PROFILE_STEP = 1e-6
"""The same for a profile: its likelihood is flat there, so that this is good to 1e-12."""
MOST_WIDENINGS = 25
FAR = 1e3
"""Stands for a likelihood ratio that is not finite any more."""


@dataclass(frozen=True, eq=False)
class Logistic:
    """A fitted logistic model; all log likelihoods are penalised with Firth's method.

    Attributes
    ----------
    beta, std_error : numpy.ndarray, shape (p,)
        Without the intercept; NaN for aliased columns, the last iterate for infinite ones.
    intercept : float
    aliased, infinite : numpy.ndarray of bool, shape (p,)
    log_likelihood, log_likelihood_null : float
        Of the model, and of the intercept alone.
    fitted : numpy.ndarray, shape (n,)
        Probabilities.
    """

    beta: np.ndarray
    std_error: np.ndarray
    intercept: float
    aliased: np.ndarray
    infinite: np.ndarray
    log_likelihood: float
    log_likelihood_null: float
    fitted: np.ndarray
    _problem: _Problem
    _top: _Point

    @property
    def df(self) -> int:
        """Number of coefficients that are not aliased, without the intercept."""
        return int((~self.aliased).sum())

    def change(self, columns: Sequence[int]) -> tuple[float, int]:
        """Likelihood-ratio statistic of these coefficients being 0, and its degrees of freedom."""
        held = [self._problem.place[c] for c in columns if not self.aliased[c]]
        if not held:
            return 0.0, 0
        free = np.ones(len(self._top.beta), dtype=bool)
        free[held] = False
        start = np.where(free, self._top.beta, 0.0)
        if self.infinite.any():
            start = np.zeros_like(start)  # far out the likelihood is flat and steps lead astray
        reached = _climb(self._problem, start, free)[0]
        return max(2 * (self._top.value - reached.value), 0.0), len(held)

    def limits(self, column: int, level: float) -> tuple[float, float]:
        """Profile limits of a coefficient; NaN where one is not found or is infinite."""
        k = self._problem.place[column]
        if k < 0 or self.infinite[column]:
            return float("nan"), float("nan")
        z, scale = normal_quantile(level), self._problem.scale[k]
        low, high = (_limit(self._problem, self._top, k, q) for q in (-z, z))
        return low / scale, high / scale


@dataclass(frozen=True, eq=False)
class _Problem:
    """The intercept and the columns that are used, centred and scaled."""

    y: np.ndarray
    z: np.ndarray
    penalised: bool
    scale: np.ndarray
    place: np.ndarray


@dataclass(frozen=True, eq=False)
class _Point:
    """The likelihood at one vector of coefficients."""

    beta: np.ndarray
    value: float
    score: np.ndarray
    information: np.ndarray


def fit(y: np.ndarray, x: np.ndarray, *, firth: bool = False) -> Logistic:
    """Fit a logistic model with an intercept.

    Parameters
    ----------
    y : numpy.ndarray of bool, shape (n,)
    x : numpy.ndarray, shape (n, p)
        No missing values; without a column of ones.
    firth : bool
        Whether the likelihood is penalised.

    Examples
    --------
    >>> y, x = np.array([0, 0, 1, 0, 1, 1]) > 0, np.array([[0.0], [0], [0], [1], [1], [1]])
    >>> round(float(fit(y, x).beta[0]), 6)  # the log of (2 * 2) / (1 * 1)
    1.386294
    """
    n, p = x.shape
    mean = x.mean(axis=0) if n else np.zeros(p)
    spread = x.std(axis=0) if n else np.zeros(p)
    spread = np.where(spread > 1e-14 * np.abs(mean), spread, 0.0)
    scaled = (x - mean) / np.where(spread > 0, spread, 1.0)
    aliased = _aliased(scaled) | (spread == 0)
    use = np.flatnonzero(~aliased)
    place = np.full(p, -1)
    place[use] = np.arange(1, len(use) + 1)
    z = np.column_stack([np.ones(n), scaled[:, use]])
    problem = _Problem(y.astype(float), z, firth, np.append(1.0, spread[use]), place)
    every = np.ones(len(use) + 1, dtype=bool)
    top, step = _climb(problem, np.zeros(len(every)), every)
    free = every & (np.arange(len(every)) == 0)
    null = _climb(problem, np.zeros(len(every)), free)[0].value
    beta, error, infinite = np.zeros(p), np.full(p, np.nan), np.zeros(p, dtype=bool)
    inverse = np.linalg.pinv(top.information, hermitian=True)
    beta[use] = top.beta[1:] / spread[use]
    error[use] = np.sqrt(np.maximum(np.diag(inverse)[1:], 0)) / spread[use]
    infinite[use] = np.abs(step[1:]) > 1e-5
    intercept = float(top.beta[0] - (beta[use] * mean[use]).sum())
    # The penalty is reported as that of the columns as they came, not of the scaled ones.
    units = float(np.log(spread[use]).sum()) if firth else 0.0
    return Logistic(
        np.where(aliased, np.nan, beta), error, intercept, aliased, infinite, top.value + units,
        null + units, special.expit(z @ top.beta), problem, top,
    )  # fmt: skip


def _aliased(z: np.ndarray) -> np.ndarray:
    """Columns that are constant or determined by those before them (centred, unit variance)."""
    aliased = np.zeros(z.shape[1], dtype=bool)
    work = z.copy()
    for k in range(z.shape[1]):
        size = float(work[:, k] @ work[:, k])
        if size <= ALIASED * max(float(z[:, k] @ z[:, k]), 1e-300):
            aliased[k] = True
            continue
        work[:, k + 1 :] -= np.outer(work[:, k], work[:, k] @ work[:, k + 1 :]) / size
    return aliased


def _point(problem: _Problem, beta: np.ndarray) -> _Point:
    """Evaluate the likelihood; its value is -inf where the penalty cannot be computed."""
    eta = problem.z @ beta
    pi = special.expit(eta)
    weight = pi * (1 - pi)
    value = float((problem.y * eta - np.logaddexp(0.0, eta)).sum())
    information = problem.z.T @ (problem.z * weight[:, None])
    residual = problem.y - pi
    if problem.penalised:
        sign, log_determinant = np.linalg.slogdet(information)
        if not (sign > 0 and np.isfinite(log_determinant)):
            return _Point(beta, -np.inf, problem.z.T @ residual, information)
        value += 0.5 * float(log_determinant)
        leverage = weight * ((problem.z @ np.linalg.inv(information)) * problem.z).sum(axis=1)
        residual = residual + leverage * (0.5 - pi)
    return _Point(beta, value, problem.z.T @ residual, information)


def _climb(
    problem: _Problem, start: np.ndarray, free: np.ndarray, tolerance: float = SMALL_STEP
) -> tuple[_Point, np.ndarray]:
    """Maximise over the `free` coefficients; returns the last step too, to tell convergence."""
    now = _point(problem, start)
    both = np.ix_(free, free)
    step, flat = np.zeros(len(start)), 0
    for _ in range(MOST_STEPS if free.any() else 0):
        found = np.linalg.lstsq(now.information[both], now.score[free], rcond=1e-14)[0]
        step = np.zeros(len(start))
        step[free] = found
        size = 1.0
        after = _point(problem, now.beta + step)
        while not after.value >= now.value - 1e-11 * (1 + abs(now.value)):
            size /= 2
            if size < 1e-9:
                return now, step
            after = _point(problem, now.beta + size * step)
        rise, now = after.value - now.value, after
        if np.max(np.abs(step)) < tolerance * (1 + np.max(np.abs(now.beta))):
            break
        flat = flat + 1 if abs(rise) <= 1e-13 * (abs(now.value) + 0.1) else 0
        if flat >= 6:
            break
    return now, step


def _limit(problem: _Problem, top: _Point, k: int, quantile: float) -> float:
    """Where the signed root of the likelihood-ratio statistic of coefficient `k` is `quantile`."""
    inverse = np.linalg.pinv(top.information, hermitian=True)
    free = np.arange(len(top.beta)) != k

    def short(held: float) -> float:
        # To first order the others move along the regression on the one that is held.
        start = top.beta + inverse[:, k] / inverse[k, k] * (held - top.beta[k])
        start[k] = held
        reached = _climb(problem, start, free, PROFILE_STEP)[0]
        if not np.isfinite(reached.value):
            return abs(quantile) - FAR
        return abs(quantile) - float(np.sqrt(2 * max(top.value - reached.value, 0.0)))

    inner = float(top.beta[k])
    width = quantile * float(np.sqrt(inverse[k, k]))
    for _ in range(MOST_WIDENINGS):
        outer = inner + width
        if short(outer) < 0:
            return float(optimize.brentq(short, inner, outer, xtol=1e-10, rtol=1e-11))
        inner, width = outer, width * 1.5
    return float("nan")
