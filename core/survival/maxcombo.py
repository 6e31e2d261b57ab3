"""MaxCombo: the largest of several weighted log-rank statistics, with the right p-value.

Methods
-------
The Fleming-Harrington statistics with weights S(t-)^p (1 - S(t-))^q for (p, q) = (0, 0), (1, 0),
(0, 1) and (1, 1) look for a lasting, an early, a late and a middle difference. The statistic is
the largest |Z| of the four. Under equal survival the four are jointly normal; their covariance at
each event time is the product of the two weights and the hypergeometric variance.

As 1 = S + (1 - S), the first statistic is the sum of the second and the third before they are
scaled, so the four live in three dimensions and the tail can be computed by a sum of integrals
over one angle. With directions a_k of unit length, Z_k = a_k x for a standard normal x. Let the
largest be t = Z_k > m (twice, by symmetry). The rest of x is a normal y in the plane across a_k,
and the others are smaller where y is in t P_k, a polygon with |rho_jk + b_j y| <= 1. In polar
coordinates, with r(angle) the edge of P_k and q = sqrt(1 + r^2),

    p = 1/pi sum_k integral of (1 - Phi(m)) - (1 - Phi(m q)) / q  d angle.

The integrand is smooth between the corners of the polygon, and the double exponential rule gives
it to 1e-9 of p or better, far into the tail. No random number is drawn.

With more than two groups every pair of them is tested; the smallest p-value is multiplied by the
number of pairs (Bonferroni).

References
----------
Lee JW. Biometrics 1996;52:721-725. Karrison TG. Stata J 2016;16:678-690. Lin RS et al. Stat
Biopharm Res 2020;12:187-198. Takahasi H, Mori M. Publ RIMS 1974;9:721-741 (integration).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

WEIGHTS = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0))
"""p and q of the statistics that are combined."""
SAME = 1e-9
"""Two statistics whose correlation is closer to 1 are one."""
NEGLIGIBLE = 1e-14
STEP, SIDE = 0.045, 72
"""Step of the integration rule, and its steps to either side."""


@dataclass(frozen=True)
class Largest:
    """The largest |Z| and how often it would be so large without a difference."""

    statistic: float
    p_value: float
    log10_p: float


def largest(score: np.ndarray, covariance: np.ndarray) -> Largest | None:
    """Test by the largest of the statistics.

    Parameters
    ----------
    score : numpy.ndarray, shape (K,)
        Weighted observed less expected events of one of two groups.
    covariance : numpy.ndarray, shape (K, K)
        Of rank 3 at most.

    Returns
    -------
    Largest or None
        None where no statistic varies.
    """
    variance = np.diag(covariance)
    use = np.flatnonzero(variance > 0)
    if len(use) == 0:
        return None
    scale = np.sqrt(variance[use])
    z = float(np.abs(score[use] / scale).max())
    logarithm = log_tail(z, covariance[np.ix_(use, use)] / np.outer(scale, scale))
    return Largest(z, float(np.exp(logarithm)), logarithm / float(np.log(10)))


def log_tail(m: float, correlation: np.ndarray) -> float:
    """Logarithm of the probability that the largest of normal variables is beyond m either way.

    Parameters
    ----------
    m : float
        0 or above.
    correlation : numpy.ndarray, shape (K, K)
        Of rank 3 at most.

    Examples
    --------
    >>> round(float(np.exp(log_tail(2.0, np.eye(3)))), 12)  # 1 - 0.9545^3
    0.130384167659
    """
    if m <= 0:
        return 0.0
    directions = _directions(correlation)
    share = sum(_share(m, directions, k) for k in range(len(directions)))
    return min(float(special.log_ndtr(-m) + np.log(share / np.pi)), 0.0)


def _directions(correlation: np.ndarray) -> np.ndarray:
    """Unit vectors in three dimensions with these correlations; each kept once, shape (K, 3)."""
    kept: list[int] = []
    for k in range(len(correlation)):
        if all(abs(correlation[k, j]) < 1 - SAME for j in kept):
            kept.append(k)
    values, vectors = np.linalg.eigh(correlation[np.ix_(kept, kept)])
    roots = np.sqrt(np.maximum(values[-3:], 0.0))
    found = np.zeros((len(kept), 3))
    found[:, : len(roots)] = vectors[:, -3:] * roots
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True))


def _share(m: float, directions: np.ndarray, k: int) -> float:
    """Integral over the angle for the case that statistic k is the largest, over 1 - Phi(m)."""
    if len(directions) == 1:
        return 2 * np.pi
    plane = np.linalg.svd(directions[k : k + 1])[2][1:].T
    others = np.delete(directions, k, axis=0)
    rho, across = others @ directions[k], others @ plane
    normals = np.concatenate([across, -across])
    away = np.concatenate([1 - rho, 1 + rho])
    ends = _corners(normals, away)
    node, weight = RULE
    lengths = np.diff(ends)
    angle = ends[:-1, None] + lengths[:, None] * node
    toward = np.stack([np.cos(angle), np.sin(angle)], axis=-1) @ normals.T
    with np.errstate(divide="ignore", over="ignore"):
        reach = np.where(toward > 0, away / np.maximum(toward, 1e-300), np.inf)
        q = np.sqrt(1 + reach.min(axis=-1) ** 2)
        behind = np.exp(special.log_ndtr(-m * q) - special.log_ndtr(-m)) / q
    return float(((1 - behind) @ weight) @ lengths)


def _corners(normals: np.ndarray, away: np.ndarray) -> np.ndarray:
    """Angles between which the edge of the polygon is one line; the first one again at the end."""
    i, j = np.triu_indices(len(normals), 1)
    det = normals[i, 0] * normals[j, 1] - normals[i, 1] * normals[j, 0]
    use = np.abs(det) > NEGLIGIBLE
    i, j, det = i[use], j[use], det[use]
    x = (away[i] * normals[j, 1] - away[j] * normals[i, 1]) / det
    y = (away[j] * normals[i, 0] - away[i] * normals[j, 0]) / det
    along = np.arctan2(normals[:, 0], -normals[:, 1])  # at a right angle to each normal
    angles = np.unique(np.concatenate([np.arctan2(y, x), along]))
    return np.append(angles, angles[0] + 2 * np.pi)


def _double_exponential() -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on 0 to 1 that crowd at both ends, where the integrand may turn sharply."""
    step = np.arange(-SIDE, SIDE + 1) * STEP
    inner = np.pi / 2 * np.sinh(step)
    node = special.expit(2 * inner)
    weight = STEP * np.pi / 2 * np.cosh(step) / (2 * np.cosh(inner) ** 2)
    return node, weight / weight.sum()


RULE = _double_exponential()
