"""The Cox model of two groups with many ties, at many cutoffs one after the other.

Efron's approximation sums over the tied events of a time: ``sum_k g(k / d)`` for k = 0 to d - 1,
g a rational function whose pole is far outside of 0 to 1 as long as few of those at risk have the
event. Such a sum over equally spaced points has a Gauss rule as an integral has: with four points
it is exact for polynomials up to the seventh degree. While at most `FEW` of those at risk have the
event, what g has beyond that is below the rounding of the sum itself. So four steps do for any
number of ties; where more of those at risk have the event, all of them are added up.

References
----------
Gautschi W. Orthogonal Polynomials: Computation and Approximation. Oxford 2004, table 1.2 (the
recurrence of the discrete Chebyshev polynomials).
"""

from __future__ import annotations

import math

import numpy as np

from core.survival.cutoff.kernels.compiled import compiled
from core.survival.cutoff.kernels.two import LONGEST, STEPS, bounded

FEW = 0.04
"""Share of those at risk, weighted by their hazards, who have the event."""
NEAR = 1e-6
"""The last step: what is left after it is of the order of its cube."""


@compiled
def rules(dead: np.ndarray) -> np.ndarray:
    """Gauss rule of each number of tied events.

    Parameters
    ----------
    dead : numpy.ndarray of float, shape (D,)

    Returns
    -------
    numpy.ndarray of float, shape (D, 4)
        The points are one half of (d - 1) / d, plus and minus the first and the second number; the
        third and the fourth are the weights of either pair. Zeros for four events or fewer.
    """
    found = np.zeros((dead.size, 4))
    for j in range(dead.size):
        d = float(round(dead[j]))
        if d <= 4:
            continue
        one = (d * d - 1) / 12
        two = (d * d - 4) / 15
        three = 9 * (d * d - 9) / 140
        half = (one + two + three) / 2
        root = math.sqrt(half * half - one * three)
        inner, outer = half - root, half + root
        found[j, 0] = math.sqrt(inner) / d
        found[j, 1] = math.sqrt(outer) / d
        found[j, 2] = d * (outer - one) / (outer - inner) / 2
        found[j, 3] = d * (one - inner) / (outer - inner) / 2
    return found


@compiled
def tied_sums(
    d: float, one: float, whole: float, tied: float, tied_whole: float, rule: np.ndarray, j: int
) -> tuple[float, float, float]:
    """Efron's sums over the events of one time.

    Parameters
    ----------
    d : float
        Events.
    one, whole : float
        Hazards of those at risk: of the group, and of everybody.
    tied, tied_whole : float
        Hazards of those with the event.
    rule : numpy.ndarray of float, shape (D, 4)
    j : int
        Which time.

    Returns
    -------
    expected, information, third : float
        With p the share of the group: the sums of p, p (1 - p) and p (1 - p) (1 - 2 p).
    """
    if rule[j, 2] > 0 and tied_whole <= FEW * whole:
        f = (d - 1) / (2 * d)
        a, b = one - f * tied, whole - f * tied_whole
        r, s = rule[j, 0], rule[j, 1]
        p0 = (a - r * tied) / (b - r * tied_whole)
        p1 = (a + r * tied) / (b + r * tied_whole)
        p2 = (a - s * tied) / (b - s * tied_whole)
        p3 = (a + s * tied) / (b + s * tied_whole)
        v0, v1, v2, v3 = p0 * (1 - p0), p1 * (1 - p1), p2 * (1 - p2), p3 * (1 - p3)
        inner = v0 * (1 - 2 * p0) + v1 * (1 - 2 * p1)
        outer = v2 * (1 - 2 * p2) + v3 * (1 - 2 * p3)
        return (
            rule[j, 2] * (p0 + p1) + rule[j, 3] * (p2 + p3),
            rule[j, 2] * (v0 + v1) + rule[j, 3] * (v2 + v3),
            rule[j, 2] * inner + rule[j, 3] * outer,
        )
    expected, information, third = 0.0, 0.0, 0.0
    for k in range(round(d)):
        f = k / d
        p = (one - f * tied) / (whole - f * tied_whole)
        v = p * (1 - p)
        expected += p
        information += v
        third += v * (1 - 2 * p)
    return expected, information, third


@compiled
def near_hazard(
    at: np.ndarray,
    dead: np.ndarray,
    at_one: np.ndarray,
    dead_one: np.ndarray,
    efron: bool,
    rule: np.ndarray,
    start: float,
) -> tuple[float, float]:
    """`core.survival.cutoff.kernels.two.hazard`, quick where `start` is near and ties are many.

    Halley's method: each step uses the third derivative as well, and so does the information,
    which is wanted at the end of the last step and not at its beginning.

    Parameters
    ----------
    rule : numpy.ndarray of float, shape (D, 4)
        `rules` of the events.
    """
    if not bounded(at, dead, at_one, dead_one):
        return np.nan, 0.0
    beta = start
    information = 0.0
    for _ in range(STEPS):
        theta = math.exp(beta)
        score, information, third = 0.0, 0.0, 0.0
        for j in range(at.size):
            d = dead[j]
            one = theta * at_one[j]
            whole = at[j] - at_one[j] + one
            if d <= 0 or whole <= 0:
                continue
            if d == 1 or not efron:
                p = one / whole
                v = p * (1 - p)
                u, v, w = d * p, d * v, d * v * (1 - 2 * p)
            else:
                tied = theta * dead_one[j]
                u, v, w = tied_sums(d, one, whole, tied, d - dead_one[j] + tied, rule, j)
            score += dead_one[j] - u
            information += v
            third += w
        if information <= 0:
            return np.nan, 0.0
        # Far from the estimate the curvature may mislead: then Newton's step.
        curved = information + third * score / information / 2
        step = score / (curved if curved > information / 2 else information)
        step = min(max(step, -LONGEST), LONGEST)
        beta += step
        if abs(step) < NEAR:
            information += third * step
            break
    return beta, information
