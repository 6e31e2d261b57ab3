"""Curves, log-rank tests and Cox models of 27 patients, in microseconds each.

Everything here takes the patients in the order of their times, all of which differ, so that the
rules for ties do not matter. `x` is the level of each patient from 0. The medians and their limits
are SPSS's (from the density at the median, with 1.96); missing is NaN.
"""

from __future__ import annotations

import math

import numba
import numpy as np

compiled = numba.njit

CLOSE = 1e-9
Z_MEDIAN = 1.96
Z = 1.959963984540054
LARGEST = 12.0
"""Coefficients beyond this are taken as not estimable."""


@compiled
def form(event: np.ndarray, x: np.ndarray, level: int, places: np.ndarray) -> float:
    """Write which times make the median and the limits of one level, and return how.

    `places` (3) are those of the median and of the earlier and the later time between which the
    density at the median is taken; -1 where there is none. The earlier time is then 0. Returned is
    how far the limits are from the median, per month between these two times.
    """
    places[:] = -1
    at_risk = 0
    for i in range(len(x)):
        at_risk += x[i] == level
    s, green, s_earlier, earlier, error = 1.0, 0.0, 1.0, -1, np.nan
    for i in range(len(x)):
        if x[i] != level:
            continue
        if event[i]:
            if at_risk > 1:
                green += 1.0 / (at_risk * (at_risk - 1.0))
            s *= (at_risk - 1.0) / at_risk
            if s >= 0.55 - CLOSE:
                s_earlier, earlier = s, i
            if places[0] < 0 and s <= 0.5 + CLOSE:
                places[0] = i
                error = s * math.sqrt(green) if at_risk > 1 else np.nan
            if s <= 0.45 + CLOSE:
                # Greenwood's variance is infinite where the curve is 0: no error, no limits.
                if np.isnan(error):
                    return 0.0
                places[1], places[2] = earlier, i
                return Z_MEDIAN * error / (s_earlier - s)
        at_risk -= 1
    return 0.0


@compiled
def limits(time: np.ndarray, places: np.ndarray, half: float, out: np.ndarray) -> None:
    """Write the median and its lower and upper limit to `out`, from what `form` has found."""
    out[:] = np.nan
    if places[0] >= 0:
        out[0] = time[places[0]]
        if places[2] >= 0:
            wide = half * (time[places[2]] - (time[places[1]] if places[1] >= 0 else 0.0))
            out[1] = max(0.0, out[0] - wide)
            out[2] = out[0] + wide


@compiled
def logrank(event: np.ndarray, x: np.ndarray, levels: int) -> float:
    """P of the log-rank test of two or three levels; NaN where it is not defined."""
    n = np.zeros(3)
    for i in range(len(x)):
        n[x[i]] += 1.0
    u0, u1, v00, v01, v11 = 0.0, 0.0, 0.0, 0.0, 0.0
    for i in range(len(x)):
        if event[i]:
            total = n[0] + n[1] + n[2]
            p0, p1 = n[0] / total, n[1] / total
            u0 += (x[i] == 0) - p0
            u1 += (x[i] == 1) - p1
            v00 += p0 * (1.0 - p0)
            v11 += p1 * (1.0 - p1)
            v01 -= p0 * p1
        n[x[i]] -= 1.0
    if levels == 2:
        return np.nan if v00 <= 0.0 else math.erfc(math.sqrt(0.5 * u0 * u0 / v00))
    determinant = v00 * v11 - v01 * v01
    if determinant <= 0.0:
        return np.nan
    return math.exp(-0.5 * (u0 * u0 * v11 - 2.0 * u0 * u1 * v01 + u1 * u1 * v00) / determinant)


@compiled
def cox(event: np.ndarray, x: np.ndarray, out: np.ndarray) -> None:
    """Write the hazard ratio per level, its limits and Wald's p to `out`."""
    out[:] = np.nan
    n = np.zeros((3, len(x)))
    here = np.zeros(3)
    events = 0
    total = 0.0
    for i in range(len(x) - 1, -1, -1):
        here[x[i]] += 1.0
        if event[i]:
            n[0, events], n[1, events], n[2, events] = here[0], here[1], here[2]
            total += x[i]
            events += 1
    b, information = 0.0, 0.0
    for _ in range(30):
        e1 = math.exp(b)
        e2 = e1 * e1
        score, information = total, 0.0
        for i in range(events):
            w1, w2 = n[1, i] * e1, n[2, i] * e2
            whole = 1.0 / (n[0, i] + w1 + w2)
            mean = (w1 + 2.0 * w2) * whole
            score -= mean
            information += (w1 + 4.0 * w2) * whole - mean * mean
        if information <= 1e-10:
            return
        step = min(2.0, max(-2.0, score / information))
        b += step
        if abs(b) > LARGEST:
            return
        if abs(step) < 1e-7:
            break
    write(b, 1.0 / math.sqrt(information), out)


@compiled
def write(b: float, error: float, out: np.ndarray) -> None:
    """Write exp(b), its limits and Wald's p."""
    out[0] = math.exp(b)
    out[1] = math.exp(b - Z * error)
    out[2] = math.exp(b + Z * error)
    out[3] = math.erfc(abs(b / error) / math.sqrt(2.0))


@compiled
def cox3(event: np.ndarray, x: np.ndarray, out: np.ndarray) -> None:
    """Write what `cox` does for each of three terms, `x` of shape (3, n) of 0 and 1, to `out` (12).

    At each event it is enough to know how many of the eight kinds of patients are at risk.
    """
    out[:] = np.nan
    at_risk = np.zeros((x.shape[1], 8))
    here = np.zeros(8)
    total = np.zeros(3)
    events = 0
    for i in range(x.shape[1] - 1, -1, -1):
        here[x[0, i] + 2 * x[1, i] + 4 * x[2, i]] += 1.0
        if event[i]:
            at_risk[events] = here
            events += 1
            for j in range(3):
                total[j] += x[j, i]
    b, score, moment = np.zeros(3), np.zeros(3), np.zeros(8)
    information, inverse = np.zeros((3, 3)), np.zeros((3, 3))
    for _ in range(30):
        _derivatives(b, at_risk, events, moment, score, information)
        if not _inverse(information, inverse):
            return
        largest = 0.0
        for j in range(3):
            step = 0.0
            for k in range(3):
                step += inverse[j, k] * (total[k] - score[k])
            step = min(2.0, max(-2.0, step))
            b[j] += step
            largest = max(largest, abs(step))
            if abs(b[j]) > LARGEST:
                return
        if largest < 1e-7:
            break
    for j in range(3):
        if inverse[j, j] > 0.0:
            write(b[j], math.sqrt(inverse[j, j]), out[4 * j : 4 * j + 4])


@compiled
def _derivatives(
    b: np.ndarray,
    at_risk: np.ndarray,
    events: int,
    share: np.ndarray,
    score: np.ndarray,
    information: np.ndarray,
) -> None:
    """Write the expected sum of each term at the events, and the information."""
    score[:] = 0.0
    information[:] = 0.0
    weight = np.empty(8)
    for k in range(8):
        weight[k] = math.exp(b[0] * (k & 1) + b[1] * ((k >> 1) & 1) + b[2] * (k >> 2))
    for i in range(events):
        whole = 0.0
        for k in range(8):
            share[k] = at_risk[i, k] * weight[k]
            whole += share[k]
        share /= whole
        p0 = share[1] + share[3] + share[5] + share[7]
        p1 = share[2] + share[3] + share[6] + share[7]
        p2 = share[4] + share[5] + share[6] + share[7]
        score[0] += p0
        score[1] += p1
        score[2] += p2
        information[0, 0] += p0 - p0 * p0
        information[1, 1] += p1 - p1 * p1
        information[2, 2] += p2 - p2 * p2
        information[0, 1] += share[3] + share[7] - p0 * p1
        information[0, 2] += share[5] + share[7] - p0 * p2
        information[1, 2] += share[6] + share[7] - p1 * p2


@compiled
def _inverse(m: np.ndarray, out: np.ndarray) -> bool:
    """Write the inverse of a symmetric matrix, given by its upper half; False without one."""
    out[0, 0] = m[1, 1] * m[2, 2] - m[1, 2] * m[1, 2]
    out[0, 1] = m[0, 2] * m[1, 2] - m[0, 1] * m[2, 2]
    out[0, 2] = m[0, 1] * m[1, 2] - m[0, 2] * m[1, 1]
    out[1, 1] = m[0, 0] * m[2, 2] - m[0, 2] * m[0, 2]
    out[1, 2] = m[0, 1] * m[0, 2] - m[0, 0] * m[1, 2]
    out[2, 2] = m[0, 0] * m[1, 1] - m[0, 1] * m[0, 1]
    out[1, 0], out[2, 0], out[2, 1] = out[0, 1], out[0, 2], out[1, 2]
    determinant = m[0, 0] * out[0, 0] + m[0, 1] * out[0, 1] + m[0, 2] * out[0, 2]
    if determinant < 1e-9:
        return False
    out /= determinant
    return True
