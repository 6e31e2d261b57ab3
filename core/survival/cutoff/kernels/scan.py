"""Every cutoff of a marker in one pass over the patients in the order of the marker."""

from __future__ import annotations

import numpy as np

from core.survival.cutoff.kernels.compiled import compiled
from core.survival.cutoff.kernels.ties import near_hazard, rules


@compiled
def logranks(
    last: np.ndarray, event: np.ndarray, size: np.ndarray, at: np.ndarray, dead: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Log-rank score and variance of the low group of every cutoff.

    The score is a running sum of log-rank scores. The variance is sum_j w_j m_j (n_j - m_j) with
    m_j the low group at risk at event time j; when a patient joins it changes by
    ``B(r) - W(r) - 2 sum_k W(min(r, r_k))`` over those who joined before, where W and B are the
    running sums of w and w n. That sum is kept in a Fenwick tree over event times, so that the
    whole scan takes n log D steps.

    Parameters
    ----------
    last : numpy.ndarray of int, shape (n,)
        Event times at which each patient is at risk, patients in the order of the marker.
    event : numpy.ndarray of bool, shape (n,)
    size : numpy.ndarray of int, shape (k,)
        Ascending sizes of the low groups.
    at, dead : numpy.ndarray of float, shape (D,)

    Returns
    -------
    score, variance : numpy.ndarray, shape (k,)
    """
    n_times = at.size
    hazard_sum = np.zeros(n_times + 1)
    one_sum = np.zeros(n_times + 1)
    all_sum = np.zeros(n_times + 1)
    for j in range(n_times):
        hazard_sum[j + 1] = hazard_sum[j] + dead[j] / at[j]
        w = 0.0
        if at[j] > 1:
            w = dead[j] * (at[j] - dead[j]) / ((at[j] - 1) * at[j] * at[j])
        one_sum[j + 1] = one_sum[j] + w
        all_sum[j + 1] = all_sum[j] + w * at[j]
    tree = np.zeros(2 * (n_times + 2))  # pairs: how many joined up to here, the sum of their W
    score = np.empty(size.size)
    variance = np.empty(size.size)
    u = 0.0
    v = 0.0
    k = 0
    for m in range(size[size.size - 1]):
        r = last[m]
        own = one_sum[r]
        count = 0.0
        total = 0.0
        j = r + 1
        while j > 0:
            count += tree[2 * j]
            total += tree[2 * j + 1]
            j &= j - 1
        v += all_sum[r] - own - 2.0 * (total + own * (m - count))
        u += (1.0 if event[m] else 0.0) - hazard_sum[r]
        j = r + 1
        while j <= n_times + 1:
            tree[2 * j] += 1.0
            tree[2 * j + 1] += own
            j += j & (-j)
        if m + 1 == size[k]:
            score[k] = u
            variance[k] = v
            k += 1
    return score, variance


@compiled
def join(
    last: np.ndarray,
    event: np.ndarray,
    first: int,
    stop: int,
    joined: np.ndarray,
    at_low: np.ndarray,
    dead_low: np.ndarray,
) -> None:
    """Let patients `first` to `stop` - 1 join the low group.

    Parameters
    ----------
    last, event
        As those of `logranks`.
    first, stop : int
    joined : numpy.ndarray of float, shape (D + 1,)
        Room to work in.
    at_low, dead_low : numpy.ndarray of float, shape (D,)
        The low group at risk and its events; they are added to.
    """
    joined[:] = 0.0
    for m in range(first, stop):
        joined[last[m]] += 1.0
        if event[m]:
            dead_low[last[m] - 1] += 1.0
    running = 0.0
    for j in range(at_low.size - 1, -1, -1):
        running += joined[j + 1]
        at_low[j] += running


@compiled
def hazards(
    last: np.ndarray,
    event: np.ndarray,
    size: np.ndarray,
    at: np.ndarray,
    dead: np.ndarray,
    efron: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Log hazard ratio of the high against the low group of every cutoff, and its information.

    Each one starts from the estimate of the cutoff before. Parameters as those of `logranks`.
    """
    n_times = at.size
    at_low = np.zeros(n_times)
    dead_low = np.zeros(n_times)
    joined = np.zeros(n_times + 1)
    beta = np.empty(size.size)
    information = np.empty(size.size)
    rule = rules(dead)
    start = 0.0
    m = 0
    for k in range(size.size):
        join(last, event, m, size[k], joined, at_low, dead_low)
        m = size[k]
        found, information[k] = near_hazard(at, dead, at_low, dead_low, efron, rule, start)
        beta[k] = -found
        start = found if np.isfinite(found) else 0.0
    return beta, information


@compiled
def crossing(
    at: np.ndarray, dead: np.ndarray, times: np.ndarray, end: float, tolerance: float
) -> float:
    """Median by the rule of `core.survival.quantiles.crossing`; NaN where it is not reached."""
    surviving = 1.0
    reached = np.nan
    for j in range(at.size):
        if at[j] <= 0:
            break
        if dead[j] <= 0:
            continue
        surviving *= (at[j] - dead[j]) / at[j]
        if np.isnan(reached) and 1 - surviving >= 0.5 - tolerance:
            reached = times[j]
        if 1 - surviving >= 0.5 + tolerance:
            return float((reached + times[j]) / 2)
    return float(np.nan if np.isnan(reached) else (reached + end) / 2)


@compiled
def medians(
    last: np.ndarray,
    event: np.ndarray,
    size: np.ndarray,
    at: np.ndarray,
    dead: np.ndarray,
    times: np.ndarray,
    time: np.ndarray,
    tolerance: float,
) -> tuple[np.ndarray, np.ndarray]:
    """Median survival of the low and of the high group of every cutoff.

    Parameters
    ----------
    last, event, size, at, dead
        As those of `logranks`.
    times : numpy.ndarray of float, shape (D,)
        The event times.
    time : numpy.ndarray of float, shape (n,)
        Follow-up, in the order of the marker: a curve that ends at one half needs its end.
    tolerance : float
    """
    n_times, n = at.size, last.size
    end_high = np.empty(n + 1)
    end_high[n] = 0.0
    for i in range(n - 1, -1, -1):
        end_high[i] = max(end_high[i + 1], time[i])
    at_low = np.zeros(n_times)
    dead_low = np.zeros(n_times)
    joined = np.zeros(n_times + 1)
    low = np.empty(size.size)
    high = np.empty(size.size)
    end_low = 0.0
    m = 0
    for k in range(size.size):
        join(last, event, m, size[k], joined, at_low, dead_low)
        while m < size[k]:
            end_low = max(end_low, time[m])
            m += 1
        low[k] = crossing(at_low, dead_low, times, end_low, tolerance)
        high[k] = crossing(at - at_low, dead - dead_low, times, end_high[m], tolerance)
    return low, high


@compiled
def curves(
    last: np.ndarray,
    event: np.ndarray,
    size: np.ndarray,
    at: np.ndarray,
    dead: np.ndarray,
    passed: np.ndarray,
) -> np.ndarray:
    """Survival of the low and of the high group of every cutoff, at given times.

    Parameters
    ----------
    last, event, size, at, dead
        As those of `logranks`.
    passed : numpy.ndarray of int, shape (t,)
        Event times up to each of the given times, ascending.

    Returns
    -------
    numpy.ndarray of float, shape (k, 2, t)
    """
    n_times = at.size
    at_low = np.zeros(n_times)
    dead_low = np.zeros(n_times)
    joined = np.zeros(n_times + 1)
    found = np.ones((size.size, 2, passed.size))
    m = 0
    for k in range(size.size):
        join(last, event, m, size[k], joined, at_low, dead_low)
        m = size[k]
        for group in range(2):
            surviving = 1.0
            j = 0
            for g in range(passed.size):
                while j < passed[g]:
                    n = at_low[j] if group == 0 else at[j] - at_low[j]
                    d = dead_low[j] if group == 0 else dead[j] - dead_low[j]
                    if d > 0:
                        surviving *= (n - d) / n
                    j += 1
                found[k, group, g] = surviving
    return found
