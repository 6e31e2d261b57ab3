"""Maximum likelihood for the location-scale families, with censoring and delayed entry.

Methods
-------
Newton's method with step halving on the coefficients of mu and on log sigma, from exact first and
second derivatives; for the generalised gamma the shape Q is found by maximising the profile
likelihood over it. A patient who came under observation at `entry` contributes her density, or
probability of survival, given that she had survived until then. The log likelihood is that of
the times (R's ``survreg``). Covariances are the inverse of the observed information.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy import optimize

from core.survival.parametric.families import Family, family

MOST_STEPS = 200
CLOSE = 1e-9
"""The gain in log likelihood that a further step promises when the search ends."""
SHAPES = (-4.0, 4.0)
"""Bounds of Q."""
NUDGE = 1e-4
"""Step of the differences in Q."""


@dataclass(frozen=True, eq=False)
class Times:
    """What is fitted to: times above 0 and a matrix of covariates with a column of ones.

    Attributes
    ----------
    time : numpy.ndarray, shape (n,)
    event : numpy.ndarray of bool, shape (n,)
    entry : numpy.ndarray, shape (n,)
        0 for a patient who was observed from the start.
    matrix : numpy.ndarray, shape (n, p)
    """

    time: np.ndarray
    event: np.ndarray
    entry: np.ndarray
    matrix: np.ndarray


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted family.

    Attributes
    ----------
    name : str
    coefficients : numpy.ndarray, shape (p,)
        Of mu.
    sigma, shape : float
        Q is 0 where the family has none.
    covariance : numpy.ndarray, shape (k, k)
        Of the coefficients, then log sigma, then Q, as far as the family has them.
    log_likelihood : float
    converged : bool
    """

    name: str
    coefficients: np.ndarray
    sigma: float
    shape: float
    covariance: np.ndarray
    log_likelihood: float
    converged: bool

    @property
    def parameters(self) -> np.ndarray:
        """The free parameters, in the order of the covariance."""
        free = [*self.coefficients]
        free += [np.log(self.sigma)] if self.name != "exponential" else []
        return np.array(free + ([self.shape] if self.name == "gengamma" else []))

    def at(self, parameters: np.ndarray) -> Fitted:
        """The same family with other parameters, for differences of what it predicts."""
        p = len(self.coefficients)
        sigma = self.sigma if self.name == "exponential" else float(np.exp(parameters[p]))
        shape = float(parameters[p + 1]) if self.name == "gengamma" else self.shape
        return replace(self, coefficients=parameters[:p], sigma=sigma, shape=shape)

    def log_survival(self, times: np.ndarray, mu: float) -> np.ndarray:
        """Log S(t) at times from 0 on, for a patient with this mu."""
        log_s = np.zeros(len(times))
        later = times > 0
        w = (np.log(times[later]) - mu) / self.sigma
        log_s[later] = family(self.name, self.shape).log_survival(w)[0]
        return log_s

    def log_hazard(self, times: np.ndarray, mu: float) -> np.ndarray:
        """Log hazard at times above 0."""
        w = (np.log(times) - mu) / self.sigma
        chosen = family(self.name, self.shape)
        log_h = chosen.log_density(w)[0] - chosen.log_survival(w)[0]
        return np.asarray(log_h - np.log(self.sigma) - np.log(times))


def fit(times: Times, name: str) -> Fitted:
    """Fit a family.

    Parameters
    ----------
    times : Times
    name : str
        One of `families.NAMES`.

    Returns
    -------
    Fitted
        With ``converged=False`` where the likelihood has no maximum that could be found.

    Examples
    --------
    >>> days = np.array([2.0, 3.0, 5.0, 8.0])
    >>> found = fit(Times(days, days < 8, np.zeros(4), np.ones((4, 1))), "exponential")
    >>> round(float(np.exp(found.coefficients[0])), 6)  # time at risk per event: 18 / 3
    6.0
    """
    if name != "gengamma":
        return _fixed_shape(times, name, 0.0, _start(times))
    start = _fixed_shape(times, "lognormal", 0.0, _start(times))
    if not start.converged:
        return replace(start, name=name)

    def lost(shape: float) -> float:
        found = _fixed_shape(times, name, shape, start)
        return -found.log_likelihood if np.isfinite(found.log_likelihood) else np.inf

    grid = np.linspace(*SHAPES, 17)
    values = [lost(q) for q in grid]
    best = int(np.argmin(values))
    around = (grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])
    shape = float(optimize.minimize_scalar(lost, bounds=around, method="bounded",
                                           options={"xatol": 1e-9}).x)  # fmt: skip
    found = _fixed_shape(times, name, shape, start)
    inside = SHAPES[0] + 1e-3 < shape < SHAPES[1] - 1e-3
    return _with_shape(times, found, inside)


def _with_shape(times: Times, found: Fitted, inside: bool) -> Fitted:
    """The fit with the uncertainty of Q: its differences around the maximum."""
    theta = found.parameters[:-1]
    ahead, behind = (
        _moments(times, family("gengamma", found.shape + s * NUDGE), theta, free_sigma=True)
        for s in (1, -1)
    )
    here = _moments(times, family("gengamma", found.shape), theta, free_sigma=True)
    k = len(theta)
    information = np.empty((k + 1, k + 1))
    information[:k, :k] = -here[2]
    information[:k, k] = information[k, :k] = -(ahead[1] - behind[1]) / (2 * NUDGE)
    information[k, k] = -(ahead[0] - 2 * here[0] + behind[0]) / NUDGE**2
    covariance = _inverse(information)
    good = found.converged and inside and covariance is not None
    if covariance is None:
        covariance = np.full((k + 1, k + 1), np.nan)
    return replace(found, covariance=covariance, converged=good)


def _start(times: Times) -> Fitted:
    """Where the search begins: one location for all, from the rate of events."""
    rate = max(float(times.event.sum()), 0.5) / float((times.time - times.entry).sum())
    coefficients = np.zeros(times.matrix.shape[1])
    coefficients[0] = -np.log(rate)
    return Fitted("", coefficients, 1.0, 0.0, np.empty((0, 0)), np.nan, False)


def _fixed_shape(times: Times, name: str, shape: float, start: Fitted) -> Fitted:
    """Newton's method for the coefficients and, but for the exponential, log sigma."""
    chosen, free = family(name, shape), name != "exponential"
    theta = np.append(start.coefficients, np.log(start.sigma)) if free else start.coefficients
    value, slope, bend = _moments(times, chosen, theta, free_sigma=free)
    converged = False
    for _ in range(MOST_STEPS):
        step = _step(slope, bend)
        promised = float(slope @ step)
        if promised < CLOSE:
            # One step more squares the error that is left; its gain is lost in rounding.
            theta = theta + step
            value, slope, bend = _moments(times, chosen, theta, free_sigma=free)
            converged = True
            break
        moved = _halved(times, chosen, theta, step, value, free)
        if moved is None:
            break
        theta, (value, slope, bend) = moved
    p = len(start.coefficients)
    covariance = _inverse(-bend)
    sigma = float(np.exp(theta[p])) if free else 1.0
    ok = converged and covariance is not None and 1e-6 < sigma < 1e6
    nothing = np.full(bend.shape, np.nan)
    return Fitted(
        name, theta[:p], sigma, shape, nothing if covariance is None else covariance, value, ok
    )


def _step(slope: np.ndarray, bend: np.ndarray) -> np.ndarray:
    """Newton's step; where the likelihood is not concave, one that still goes up."""
    values, vectors = np.linalg.eigh(-bend)
    values = np.maximum(np.abs(values), 1e-8 * max(float(np.abs(values).max()), 1e-300))
    step = vectors @ ((vectors.T @ slope) / values)
    return np.asarray(step / max(1.0, float(np.abs(step).max()) / 3))


def _halved(
    times: Times, chosen: Family, theta: np.ndarray, step: np.ndarray, value: float, free: bool
) -> tuple[np.ndarray, tuple[float, np.ndarray, np.ndarray]] | None:
    for _ in range(40):
        found = _moments(times, chosen, theta + step, free_sigma=free)
        if np.isfinite(found[2]).all() and found[0] > value:
            return theta + step, found
        step = step / 2
    return None


def _moments(
    times: Times, chosen: Family, theta: np.ndarray, *, free_sigma: bool
) -> tuple[float, np.ndarray, np.ndarray]:
    """Log likelihood of the times with its gradient and Hessian."""
    p = times.matrix.shape[1]
    log_sigma = float(theta[p]) if free_sigma else 0.0
    total, slope, bend = 0.0, np.zeros(p + 1), np.zeros((p + 1, p + 1))
    late = times.entry > 0
    for rows, log_of, sign, kind in (
        (times.event, times.time, 1.0, chosen.log_density),
        (~times.event, times.time, 1.0, chosen.log_survival),
        (late, times.entry, -1.0, chosen.log_survival),
    ):
        if not rows.any():
            continue
        x, y = times.matrix[rows], np.log(log_of[rows])
        w = (y - x @ theta[:p]) * np.exp(-log_sigma)
        part = np.column_stack([x * np.exp(-log_sigma), w])  # -dw/dtheta
        with np.errstate(over="ignore", invalid="ignore"):  # a step too far is halved
            value, first, second = kind(w)
            total += sign * float(value.sum())
            cross = part.T @ first
            slope -= sign * cross
            bend += sign * (part.T * second) @ part
        bend[p, :p] += sign * cross[:p]  # w changes with both: the derivative of part itself
        bend[:p, p] += sign * cross[:p]
        bend[p, p] += sign * cross[p]
    n_events = int(times.event.sum())
    total -= n_events * log_sigma + float(np.log(times.time[times.event]).sum())
    slope[p] -= n_events
    k = p + 1 if free_sigma else p
    return total, slope[:k], bend[:k, :k]


def _inverse(information: np.ndarray) -> np.ndarray | None:
    """The covariance; None where the information is not that of a maximum."""
    try:
        np.linalg.cholesky(information)
        return np.asarray(np.linalg.inv(information))
    except np.linalg.LinAlgError:
        return None
