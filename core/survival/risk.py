"""Risk sets of a Cox model: everything that depends on times, events and strata but not on x.

Methods
-------
Rows are sorted by stratum and time once. Sums over a risk set are differences of cumulative sums
from the right. With D_jl = S0_j - (l/d_j) s0_j for the l-th of d_j tied events at event time j
(Efron; l = 0 throughout for Breslow), the log partial likelihood, its gradient and its information
are written so that the second moments never have to be accumulated over time: the part that is
sum_j sum_l (S2_j - l/d_j s2_j) / D_jl equals X' diag(w_i h_i) X, where h_i collects a_j = sum_l
1/D_jl over the event times at which patient i is at risk, less c_j = sum_l (l/d_j)/D_jl at her own
event. That is one matrix product. Case weights multiply the sums over patients, and each event time
counts by the mean weight of those who have the event there (as R does); an offset adds to the
linear predictor.

References
----------
Efron B. J Am Stat Assoc 1977;72:557-565. Breslow NE. Biometrics 1974;30:89-99. Therneau TM,
Grambsch PM. Modeling Survival Data, chapter 3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class RiskSets:
    """Indices that turn patients into risk sets.

    Patients are renumbered by stratum and time (`order`). An event time is a distinct time of one
    stratum at which somebody has the event; there are J of them.

    Attributes
    ----------
    order : numpy.ndarray of int, shape (n,)
    event : numpy.ndarray of bool, shape (n,)
        In the new order, like everything below.
    strata_start : numpy.ndarray of int
        First row of every stratum.
    first, stop : numpy.ndarray of int, shape (J,)
        The risk set of event time j (leaving entry aside) is rows ``first[j]`` to ``stop[j] - 1``.
    enter_order : numpy.ndarray of int or None
        The new rows sorted by stratum and entry time.
    enter_first : numpy.ndarray of int or None, shape (J,)
        Rows of `enter_order` from here to ``stop[j] - 1`` enter at or after event time j.
    low, high : numpy.ndarray of int, shape (n,)
        Row i is at risk at event times ``low[i]`` to ``high[i] - 1``.
    at : numpy.ndarray of int, shape (events,)
        Event time of each event row, in the order of the rows.
    deaths : numpy.ndarray of int, shape (J,)
    fraction : numpy.ndarray of float, shape (events,)
        l/d of each tied event (Efron), or zeros (Breslow).
    times : numpy.ndarray of float, shape (J,)
    case : numpy.ndarray of float, shape (n,), or None
        Case weights.
    mean_case : numpy.ndarray of float, shape (J,), or None
        Mean case weight of those who have the event at event time j.
    offset : numpy.ndarray of float, shape (n,), or None
        Part of the linear predictor that is given.
    """

    order: np.ndarray
    event: np.ndarray
    strata_start: np.ndarray
    first: np.ndarray
    stop: np.ndarray
    enter_order: np.ndarray | None
    enter_first: np.ndarray | None
    low: np.ndarray
    high: np.ndarray
    at: np.ndarray
    deaths: np.ndarray
    fraction: np.ndarray
    times: np.ndarray
    case: np.ndarray | None = None
    mean_case: np.ndarray | None = None
    offset: np.ndarray | None = None


def risk_sets(
    time: np.ndarray,
    event: np.ndarray,
    *,
    entry: np.ndarray | None = None,
    strata: np.ndarray | None = None,
    ties: str = "efron",
    weights: np.ndarray | None = None,
    offset: np.ndarray | None = None,
) -> RiskSets:
    """Sort once and index every risk set.

    Parameters
    ----------
    time, event : numpy.ndarray, shape (n,)
        Near ties merged already.
    entry : numpy.ndarray, shape (n,), optional
        At risk at t means ``entry < t <= time``.
    strata : numpy.ndarray of int, shape (n,), optional
    ties : {"efron", "breslow"}
    weights : numpy.ndarray, shape (n,), optional
        Case weights above 0.
    offset : numpy.ndarray, shape (n,), optional
    """
    stratum = np.zeros(len(time), dtype=np.int64) if strata is None else strata
    order = np.lexsort((time, stratum))
    t, s, e = time[order], stratum[order], event[order]
    new = np.concatenate([[True], (t[1:] != t[:-1]) | (s[1:] != s[:-1])])[: len(t)]
    start = np.flatnonzero(new)
    block = np.cumsum(new) - 1
    deaths_at = np.bincount(block, weights=e, minlength=len(start)).astype(np.int64)
    has_event = deaths_at > 0
    first = start[has_event]
    deaths = deaths_at[has_event]
    stop = np.searchsorted(s, s[first], side="right")
    high = np.cumsum(has_event)[block]
    begin = np.concatenate([[0], np.cumsum(has_event)])[block[np.searchsorted(s, s, side="left")]]
    if entry is None:
        low, enter_order, enter_first = begin, None, None
    else:
        enter_order, enter_first, low = _entries(entry[order], t[first], s, s[first], begin)
    at = high[e] - 1
    rank = np.arange(len(at)) - np.concatenate([[0], np.cumsum(deaths)])[at]
    fraction = rank / deaths[at] if ties == "efron" else np.zeros(len(at))
    strata_start = np.flatnonzero(np.searchsorted(s, s, side="left") == np.arange(len(s)))
    case = None if weights is None else weights[order]
    mean_case = (
        None if case is None else np.bincount(at, weights=case[e], minlength=len(first)) / deaths
    )
    return RiskSets(
        order, e, strata_start, first, stop, enter_order, enter_first, low, high, at, deaths,
        fraction, t[first], case, mean_case, None if offset is None else offset[order],
    )  # fmt: skip


def _entries(
    entry: np.ndarray, times: np.ndarray, stratum: np.ndarray, at: np.ndarray, begin: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Index late entries: who has not entered yet at each event time."""
    enter_order = np.lexsort((entry, stratum))
    enter_first = np.empty(len(times), dtype=np.int64)
    low = begin.copy()
    for code in np.unique(stratum):
        rows = np.flatnonzero(stratum == code)
        here = np.flatnonzero(at == code)
        ordered = entry[enter_order[rows[0] : rows[-1] + 1]]
        enter_first[here] = rows[0] + np.searchsorted(ordered, times[here], side="left")
        low[rows] = begin[rows] + np.searchsorted(times[here], entry[rows], side="right")
    return enter_order, enter_first, low


def by_stratum(sets: RiskSets) -> list[tuple[RiskSets, slice]]:
    """Take the strata apart: the risk sets of each one that has events, and its rows.

    Sums over several strata lose the digits of a stratum whose weights are small beside those of
    another; summed one by one they do not.
    """
    parts = []
    for a, b in zip(sets.strata_start, [*sets.strata_start[1:], len(sets.event)], strict=True):
        j, k = np.searchsorted(sets.first, [a, b])
        d, e = np.searchsorted(sets.at, [j, k])
        if j == k:
            continue
        enter_order, enter_first = sets.enter_order, sets.enter_first
        part = RiskSets(
            sets.order[a:b], sets.event[a:b], np.array([0]), sets.first[j:k] - a,
            sets.stop[j:k] - a,
            None if enter_order is None else enter_order[a:b] - a,
            None if enter_first is None else enter_first[j:k] - a,
            sets.low[a:b] - j, sets.high[a:b] - j, sets.at[d:e] - j, sets.deaths[j:k],
            sets.fraction[d:e], sets.times[j:k],
            None if sets.case is None else sets.case[a:b],
            None if sets.mean_case is None else sets.mean_case[j:k],
            None if sets.offset is None else sets.offset[a:b],
        )  # fmt: skip
        parts.append((part, slice(int(a), int(b))))
    return parts


@dataclass(frozen=True, eq=False)
class Moments:
    """Weighted sums at the event times for one vector of coefficients.

    Attributes
    ----------
    log_likelihood : float
    gradient : numpy.ndarray, shape (p,)
    information : numpy.ndarray, shape (p, p)
    """

    log_likelihood: float
    gradient: np.ndarray
    information: np.ndarray


def moments(
    sets: RiskSets, x: np.ndarray, beta: np.ndarray, weight: np.ndarray | None = None
) -> Moments:
    """Log partial likelihood, gradient and information.

    Parameters
    ----------
    sets : RiskSets
    x : numpy.ndarray, shape (n, p)
        Rows in the order of `sets`.
    beta : numpy.ndarray, shape (p,)
    weight : numpy.ndarray, shape (J,), optional
        Weight of each event time in the gradient and the information (for the test of
        proportional hazards); 1 when left out. The log likelihood is never weighted.
    """
    eta, w = hazards(sets, x, beta)
    # Where a coefficient goes to infinity, sums of the last risk sets leave the range of doubles:
    # whoever climbs there does not take the step.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        wx = w[:, None] * x
        s0, s1 = at_risk_sums(sets, w), at_risk_sums(sets, wx)
        tied0, tied1 = tied_sums(sets, w), tied_sums(sets, wx)
        f = sets.fraction
        inverse = 1.0 / (s0[sets.at] - f * tied0[sets.at])
        g = np.ones(len(sets.first)) if weight is None else weight
        h = g if sets.mean_case is None else g * sets.mean_case
        a, c = by_time(sets, inverse) * h, by_time(sets, f * inverse) * h
        a0, a1, a2 = (by_time(sets, f**k * inverse**2) * h for k in range(3))
        counts = g[sets.at] if sets.case is None else g[sets.at] * sets.case[sets.event]
        gradient = (counts[:, None] * x[sets.event]).sum(axis=0) - a @ s1 + c @ tied1
        cross = (a1[:, None] * s1).T @ tied1
        information = (
            x.T @ (wx * gathered_sums(sets, a, c)[:, None])
            - (a0[:, None] * s1).T @ s1
            + cross
            + cross.T
            - (a2[:, None] * tied1).T @ tied1
        )
    with np.errstate(invalid="ignore", divide="ignore"):
        log_likelihood = _log_likelihood(sets, eta, inverse)
    return Moments(log_likelihood, gradient, information)


def _log_likelihood(sets: RiskSets, eta: np.ndarray, inverse: np.ndarray) -> float:
    if sets.case is None or sets.mean_case is None:
        return float(eta[sets.event].sum() + np.log(inverse).sum())
    own = sets.case[sets.event] * eta[sets.event]
    return float(own.sum() + (sets.mean_case[sets.at] * np.log(inverse)).sum())


def third(sets: RiskSets, x: np.ndarray, beta: np.ndarray, inverse: np.ndarray) -> np.ndarray:
    """Trace of `inverse` times the derivative of the information by each coefficient.

    The derivative of the information is the sum of the third central moments of x over the risk
    sets. With V = `inverse` and m the mean of a risk set, the trace is the sum of
    E[x x'Vx] - 2 E[x x'] V m - m E[x'Vx] + 2 m m'Vm, which needs no array of three dimensions.

    Parameters
    ----------
    sets : RiskSets
    x : numpy.ndarray, shape (n, p)
        Rows in the order of `sets`.
    beta : numpy.ndarray, shape (p,)
    inverse : numpy.ndarray, shape (p, p)
        Symmetric.

    Returns
    -------
    numpy.ndarray, shape (p,)
        Without regard to case weights: Firth's method, which needs this, has none.
    """
    w = hazards(sets, x, beta)[1]
    square = ((x @ inverse) * x).sum(axis=1)
    at, f = sets.at, sets.fraction

    def among(values: np.ndarray) -> np.ndarray:
        """Sums over the risk set of every event, tied ones counted in part: (events,) or more."""
        share = f if values.ndim == 1 else f[:, None]
        return np.asarray(at_risk_sums(sets, values)[at] - share * tied_sums(sets, values)[at])

    size = among(w)
    mean = among(w[:, None] * x) / size[:, None]
    mean_square = among(w * square) / size
    turned = mean @ inverse
    per_event = np.column_stack([np.ones(len(at)), turned]) / size[:, None]
    a, c = (by_time(sets, part) for part in (per_event, f[:, None] * per_event))
    weight = gathered_sums(sets, a, c)
    outer = w * (square * weight[:, 0] - 2 * (x * weight[:, 1:]).sum(axis=1))
    inner = 2 * (mean * turned).sum(axis=1) - mean_square
    return np.asarray(outer @ x + inner @ mean)


def hazards(sets: RiskSets, x: np.ndarray, beta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Linear predictor and its exponential, up to a constant for each stratum, which cancels.

    The exponential is multiplied by the case weight.
    """
    eta = x @ beta if sets.offset is None else x @ beta + sets.offset
    if len(eta):
        # Neither may exp overflow, nor a stratum vanish beside another one's large weights.
        largest = np.maximum.reduceat(eta, sets.strata_start)
        eta = eta - np.repeat(largest, np.diff([*sets.strata_start, len(eta)]))
    return eta, np.exp(eta) if sets.case is None else sets.case * np.exp(eta)


def by_time(sets: RiskSets, values: np.ndarray) -> np.ndarray:
    """Add up values of the events (events,) or (events, p) at every event time."""
    size = len(sets.first)
    if values.ndim == 1:
        return np.bincount(sets.at, weights=values, minlength=size)
    total = np.empty((size, values.shape[1]))
    for k, column in enumerate(values.T):
        total[:, k] = np.bincount(sets.at, weights=column, minlength=size)
    return total


def tied_sums(sets: RiskSets, values: np.ndarray) -> np.ndarray:
    """Sum `values` (n,) or (n, p) over those who have the event at every event time."""
    return by_time(sets, values[sets.event])


def gathered_sums(sets: RiskSets, a: np.ndarray, c: np.ndarray) -> np.ndarray:
    """Sum `a` over the event times at which a patient is at risk, less `c` at her own event."""
    cumulative = np.concatenate([np.zeros((1, *a.shape[1:])), np.cumsum(a, axis=0)])
    gathered = cumulative[sets.high] - cumulative[sets.low]
    gathered[sets.event] -= c[sets.at]
    return np.asarray(gathered)


def at_risk_sums(sets: RiskSets, values: np.ndarray) -> np.ndarray:
    """Sum `values` (n,) or (n, p) over the risk set of every event time."""
    total = _from_right(values)
    result = total[sets.first] - total[sets.stop]
    if sets.enter_order is not None and sets.enter_first is not None:
        waiting = _from_right(values[sets.enter_order])
        result = result - (waiting[sets.enter_first] - waiting[sets.stop])
    return np.asarray(result)


def _from_right(values: np.ndarray) -> np.ndarray:
    zero = np.zeros((1, *values.shape[1:]))
    return np.concatenate([values[::-1].cumsum(axis=0)[::-1], zero])
