"""Robust (sandwich) variance of a Cox model, and the robust score test.

Methods
-------
The variance of Lin and Wei is D'D, with a row of D per cluster: the sum over its cases of the
weighted score residuals times the inverse information (grouped dfbeta). Without clusters each case
is one. The robust score test takes D'D of the score residuals at coefficients of 0. Both are those
of R's coxph, with the residuals of Efron's or Breslow's likelihood.

References
----------
Lin DY, Wei LJ. J Am Stat Assoc 1989;84:1074-1078. Therneau TM, Grambsch PM. Modeling Survival
Data, chapter 8.
"""

from __future__ import annotations

import numpy as np

from core.survival.newton import Fit
from core.survival.risk import (
    RiskSets,
    at_risk_sums,
    by_time,
    gathered_sums,
    hazards,
    tied_sums,
)

METHODS = (
    "Standard errors were robust (grouped dfbeta of Lin and Wei), with Wald limits and tests made "
    "from them."
)


def covariance(sets: RiskSets, x: np.ndarray, found: Fit, groups: np.ndarray) -> np.ndarray:
    """Sandwich variance of the coefficients.

    Parameters
    ----------
    sets : RiskSets
    x : numpy.ndarray, shape (n, p)
        Rows in the order of the patients given to `risk_sets`.
    found : Fit
        With the inverse information as its covariance.
    groups : numpy.ndarray of int, shape (n,)
        Cluster of each case, from 0, in the same order.

    Returns
    -------
    numpy.ndarray, shape (p, p)
        0 in the rows and columns of aliased coefficients, and throughout with a single cluster,
        whose residuals always add up to 0.
    """
    if groups.max(initial=0) == 0:
        return np.zeros_like(found.covariance)
    influence = _grouped(sets, x, found.beta, groups) @ found.covariance
    return np.asarray(influence.T @ influence)


def score_statistic(sets: RiskSets, x: np.ndarray, found: Fit, groups: np.ndarray) -> float | None:
    """Robust score statistic of all coefficients; None with too few clusters for it."""
    use = ~found.aliased
    grouped = _grouped(sets, x[:, use], np.zeros(int(use.sum())), groups)
    scale = np.sqrt((grouped**2).sum(axis=0))
    if not (scale > 0).all():
        return None
    grouped = grouped / scale
    variance, score = grouped.T @ grouped, grouped.sum(axis=0)
    if np.linalg.matrix_rank(variance, hermitian=True) < len(score):
        return None
    return float(score @ np.linalg.solve(variance, score))


def score_residuals(sets: RiskSets, x: np.ndarray, beta: np.ndarray) -> np.ndarray:
    """Contribution of each patient to the gradient, times her case weight.

    The difference of her x from the mean at her own event, less what her hazard lets expect of
    such differences at every event time at which she is at risk. Tied events share both, as in
    Efron's likelihood.

    Parameters
    ----------
    sets : RiskSets
    x : numpy.ndarray, shape (n, p)
        Rows in the order of `sets`.
    beta : numpy.ndarray, shape (p,)

    Returns
    -------
    numpy.ndarray, shape (n, p)
        Rows in the order of `sets`; the columns add up to the gradient.

    References
    ----------
    Therneau TM, Grambsch PM. Modeling Survival Data, section 4.6 and appendix E.
    """
    w = hazards(sets, x, beta)[1]
    at, f = sets.at, sets.fraction
    wx = w[:, None] * x
    size = at_risk_sums(sets, w)[at] - f * tied_sums(sets, w)[at]
    mean = (at_risk_sums(sets, wx)[at] - f[:, None] * tied_sums(sets, wx)[at]) / size[:, None]
    hazard = 1.0 / size if sets.mean_case is None else sets.mean_case[at] / size
    each = np.column_stack([hazard, hazard[:, None] * mean])
    gathered = gathered_sums(sets, by_time(sets, each), by_time(sets, f[:, None] * each))
    residuals = -(wx * gathered[:, :1] - w[:, None] * gathered[:, 1:])
    own = x[sets.event] - (by_time(sets, mean) / sets.deaths[:, None])[at]
    residuals[sets.event] += own if sets.case is None else sets.case[sets.event, None] * own
    return np.asarray(residuals)


def _grouped(sets: RiskSets, x: np.ndarray, beta: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Weighted score residuals added up within clusters, shape (clusters, p)."""
    rows = x[sets.order]
    residuals = score_residuals(sets, rows - rows.mean(axis=0), beta)
    total = np.zeros((int(groups.max(initial=-1)) + 1, x.shape[1]))
    np.add.at(total, groups[sets.order], residuals)
    return total
