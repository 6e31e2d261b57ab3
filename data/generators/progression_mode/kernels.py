"""Curves, log-rank tests and Cox models of 70 patients, in microseconds each.

Everything here takes the patients in the order of their times, all of which differ, so that the
rules for ties do not matter. `group` is 0 or 1 for the patients that count and negative for the
others. The limits of a median are SPSS's (from the density at the median, with 1.96); missing is
NaN.
"""

from __future__ import annotations

import math

import numba
import numpy as np

compiled = numba.njit(error_model="numpy", fastmath={"reassoc", "contract", "arcp", "nsz"})

CLOSE = 1e-9
Z_MEDIAN = 1.96
Z = 1.959963984540054
LARGEST = 12.0
"""Coefficients beyond this are taken as not estimable."""
TERMS = 6
ROUNDS = 30


@compiled
def median(time: np.ndarray, event: np.ndarray, group: np.ndarray, level: int) -> float:
    """Median of one group."""
    at_risk = 0
    for i in range(len(group)):
        at_risk += group[i] == level
    s = 1.0
    for i in range(len(group)):
        if group[i] == level:
            if event[i]:
                s *= (at_risk - 1.0) / at_risk
                if s <= 0.5 + CLOSE:
                    return float(time[i])
            at_risk -= 1
    return np.nan


@compiled
def spss_error(time: np.ndarray, event: np.ndarray, group: np.ndarray, level: int) -> float:
    """Error of the median of one group, Greenwood's by the density at the median."""
    at_risk = 0
    for i in range(len(group)):
        at_risk += group[i] == level
    s, green, s_u, t_u = 1.0, 0.0, 1.0, 0.0
    at_median = np.nan
    for i in range(len(group)):
        if group[i] != level:
            continue
        if event[i]:
            if at_risk > 1:
                green += 1.0 / (at_risk * (at_risk - 1.0))
            s *= (at_risk - 1.0) / at_risk
            if s >= 0.55 - CLOSE:
                s_u, t_u = s, time[i]
            if np.isnan(at_median) and s <= 0.5 + CLOSE:
                at_median = s * math.sqrt(green)
            if s <= 0.45 + CLOSE:
                return at_median * (time[i] - t_u) / (s_u - s)
        at_risk -= 1
    return np.nan


@compiled
def logrank(event: np.ndarray, group: np.ndarray) -> float:
    """Statistic of the log-rank test, positive where group 1 has the fewer events; else NaN."""
    n0, n1 = 0.0, 0.0
    for i in range(len(group)):
        n0 += group[i] == 0
        n1 += group[i] == 1
    u, v = 0.0, 0.0
    for i in range(len(group)):
        if group[i] < 0:
            continue
        if event[i]:
            p = n1 / (n0 + n1)
            u += group[i] - p
            v += p * (1.0 - p)
        if group[i] == 1:
            n1 -= 1.0
        else:
            n0 -= 1.0
    return np.nan if v <= 0.0 else -u / math.sqrt(v)


@compiled
def ratios(b: float, error: float, out: np.ndarray) -> None:
    """Write exp(b), its limits and Wald's p."""
    out[0] = math.exp(b)
    out[1] = math.exp(b - Z * error)
    out[2] = math.exp(b + Z * error)
    out[3] = math.erfc(abs(b / error) / math.sqrt(2.0))


@compiled
def cox_groups(event: np.ndarray, group: np.ndarray, steps: float, out: np.ndarray) -> None:
    """Write the coefficient of group 1 against group 0, and its error, to `out`.

    The groups are `steps` units of the term apart.
    """
    out[:2] = np.nan
    n = np.zeros((2, len(group)))
    n0, n1, total, events = 0.0, 0.0, 0.0, 0
    for i in range(len(group) - 1, -1, -1):
        if group[i] < 0:
            continue
        if group[i] == 1:
            n1 += 1.0
        else:
            n0 += 1.0
        if event[i]:
            n[0, events], n[1, events] = n0, n1
            total += group[i]
            events += 1
    b, information = 0.0, 0.0
    for _ in range(ROUNDS):
        ratio, score, information = math.exp(b), total, 0.0
        for i in range(events):
            p = n[1, i] * ratio / (n[0, i] + n[1, i] * ratio)
            score -= p
            information += p * (1.0 - p)
        if information <= 1e-10:
            return
        step = min(2.0, max(-2.0, score / information))
        b += step
        if abs(b) > LARGEST:
            return
        if abs(step) < 1e-7:
            break
    out[0], out[1] = b / steps, 1.0 / (steps * math.sqrt(information))


@compiled
def cox_number(event: np.ndarray, x: np.ndarray, out: np.ndarray) -> None:
    """Write what `cox_groups` does for a number, per unit."""
    out[:2] = np.nan
    b, information = 0.0, 0.0
    for _ in range(ROUNDS):
        s0, s1, s2, score, information = 0.0, 0.0, 0.0, 0.0, 0.0
        for i in range(len(x) - 1, -1, -1):
            w = math.exp(b * x[i])
            s0 += w
            s1 += w * x[i]
            s2 += w * x[i] * x[i]
            if event[i]:
                mean = s1 / s0
                score += x[i] - mean
                information += s2 / s0 - mean * mean
        if information <= 1e-10:
            return
        step = min(0.1, max(-0.1, score / information))
        b += step
        if abs(b) > 1.0:
            return
        if abs(step) < 1e-8:
            break
    out[0], out[1] = b, 1.0 / math.sqrt(information)


@compiled
def cox_several(event: np.ndarray, x: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    """Write what `cox_number` does for each of six terms, `x` of shape (n, 6), to `out` (12).

    `b` (6) holds the coefficients to start from, and those found.
    """
    out[:] = np.nan
    score, information = np.empty(TERMS), np.empty((TERMS, TERMS))
    for _ in range(ROUNDS):
        _derivatives(event, x, b, score, information)
        if not _solve(information, score):
            b[:] = 0.0
            return
        largest = 0.0
        for j in range(TERMS):
            step = min(1.0, max(-1.0, score[j]))
            b[j] += step
            largest = max(largest, abs(step))
        if np.abs(b).max() > LARGEST:
            b[:] = 0.0
            return
        if largest < 2e-4:
            break
    for j in range(TERMS):
        out[2 * j], out[2 * j + 1] = b[j], math.sqrt(information[j, j])


@compiled
def _derivatives(
    event: np.ndarray, x: np.ndarray, b: np.ndarray, score: np.ndarray, information: np.ndarray
) -> None:
    """Write the score, and the lower half of the information."""
    score[:] = 0.0
    information[:] = 0.0
    s0 = 0.0
    s1, s2 = np.zeros(TERMS), np.zeros((TERMS, TERMS))
    for i in range(len(x) - 1, -1, -1):
        eta = 0.0
        for j in range(TERMS):
            eta += b[j] * x[i, j]
        w = math.exp(eta)
        s0 += w
        for j in range(TERMS):
            if x[i, j] != 0.0:
                part = w * x[i, j]
                s1[j] += part
                for k in range(j + 1):
                    s2[j, k] += part * x[i, k]
        if event[i]:
            whole = 1.0 / s0
            for j in range(TERMS):
                mean = s1[j] * whole
                score[j] += x[i, j] - mean
                for k in range(j + 1):
                    information[j, k] += (s2[j, k] - mean * s1[k]) * whole


@compiled
def _solve(m: np.ndarray, v: np.ndarray) -> bool:
    """Replace a matrix, given by its lower half, by its inverse, and a vector by the solution."""
    full = np.empty((TERMS, 2 * TERMS))
    for j in range(TERMS):
        for k in range(TERMS):
            full[j, k] = m[max(j, k), min(j, k)]
            full[j, TERMS + k] = 1.0 if j == k else 0.0
    for j in range(TERMS):
        pivot = full[j, j]
        if not pivot > 1e-9:
            return False
        for k in range(2 * TERMS):
            full[j, k] /= pivot
        for i in range(TERMS):
            factor = full[i, j]
            if i != j and factor != 0.0:
                for k in range(2 * TERMS):
                    full[i, k] -= factor * full[j, k]
    right = v.copy()
    for j in range(TERMS):
        v[j] = 0.0
        for k in range(TERMS):
            m[j, k] = full[j, TERMS + k]
            v[j] += m[j, k] * right[k]
    return True
