"""Five families of survival times as one location-scale model of log time.

Methods
-------
log T = mu + sigma W. W has the smallest extreme value distribution (exponential with sigma = 1,
Weibull), the normal (log-normal), the logistic (log-logistic), or Prentice's log-gamma
distribution with shape Q (generalised gamma: Weibull at Q = 1, log-normal at Q = 0).

References
----------
Kalbfleisch JD, Prentice RL. The Statistical Analysis of Failure Time Data, 2nd ed., chapter 2.
Prentice RL. Biometrika 1974;61:539-544.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

NAMES = ("exponential", "weibull", "lognormal", "loglogistic", "gengamma")
FLAT_SHAPE = 1e-4
"""Below this |Q| the log-gamma distribution is the normal to within rounding of its functions."""
FARTHEST = 700.0
"""Largest exponent of e before it overflows."""

Slopes = tuple[np.ndarray, np.ndarray, np.ndarray]
"""A log density or log survival function of W, with its first and second derivative."""


@dataclass(frozen=True)
class Family:
    """One distribution of W.

    Attributes
    ----------
    log_density, log_survival : callable
        From values of W to `Slopes`.
    quantile : callable
        The value of W that a share of the patients outlives.
    """

    log_density: Callable[[np.ndarray], Slopes]
    log_survival: Callable[[np.ndarray], Slopes]
    quantile: Callable[[float], float]


def family(name: str, shape: float = 0.0) -> Family:
    """The distribution of W for a family.

    Parameters
    ----------
    name : {"exponential", "weibull", "lognormal", "loglogistic", "gengamma"}
    shape : float
        Q of the generalised gamma.

    Examples
    --------
    >>> round(float(np.exp(family("gengamma", 1.0).quantile(0.5))), 6)  # the Weibull's log 2
    0.693147
    """
    if name == "gengamma" and abs(shape) >= FLAT_SHAPE:
        return _log_gamma(shape)
    return {
        "exponential": _EXTREME,
        "weibull": _EXTREME,
        "lognormal": _NORMAL,
        "loglogistic": _LOGISTIC,
        "gengamma": _NORMAL,
    }[name]


def _power(w: np.ndarray) -> np.ndarray:
    return np.asarray(np.exp(np.minimum(w, FARTHEST)))


def _extreme_density(w: np.ndarray) -> Slopes:
    e = _power(w)
    return w - e, 1 - e, -e


def _extreme_survival(w: np.ndarray) -> Slopes:
    e = _power(w)
    return -e, -e, -e


def _normal_density(w: np.ndarray) -> Slopes:
    return -0.5 * w**2 - 0.5 * np.log(2 * np.pi), -w, -np.ones_like(w)


def _normal_survival(w: np.ndarray) -> Slopes:
    log_s = special.log_ndtr(-w)
    hazard = np.exp(_normal_density(w)[0] - log_s)
    return log_s, -hazard, -hazard * (hazard - w)


def _logistic_density(w: np.ndarray) -> Slopes:
    p = special.expit(w)
    return w - 2 * np.logaddexp(0, w), 1 - 2 * p, -2 * p * (1 - p)


def _logistic_survival(w: np.ndarray) -> Slopes:
    p = special.expit(w)
    return -np.logaddexp(0, w), -p, -p * (1 - p)


_EXTREME = Family(_extreme_density, _extreme_survival, lambda s: float(np.log(-np.log(s))))
_NORMAL = Family(_normal_density, _normal_survival, lambda s: float(-special.ndtri(s)))
_LOGISTIC = Family(_logistic_density, _logistic_survival, lambda s: float(np.log((1 - s) / s)))


def _log_gamma(shape: float) -> Family:
    """Prentice's log-gamma distribution: Q^2 e^(QW) ... is gamma with shape Q^-2."""
    a = shape**-2
    constant = np.log(abs(shape)) + a * np.log(a) - special.gammaln(a)
    upper, lower = special.gammaincc, special.gammainc
    survival, inverse = (upper, special.gammainccinv) if shape > 0 else (lower, special.gammaincinv)

    def log_density(w: np.ndarray) -> Slopes:
        e = _power(shape * w)
        return constant + a * (shape * w - e), (1 - e) / shape, -e

    def log_survival(w: np.ndarray) -> Slopes:
        density, slope, _ = log_density(w)
        with np.errstate(divide="ignore"):
            log_s = np.log(survival(a, a * _power(shape * w)))
        log_s = np.maximum(log_s, -FARTHEST)  # beyond it the probability cannot be told from 0
        hazard = np.exp(np.minimum(density - log_s, FARTHEST))
        return log_s, -hazard, -hazard * (slope + hazard)

    return Family(log_density, log_survival, lambda s: float(np.log(inverse(a, s) / a) / shape))
