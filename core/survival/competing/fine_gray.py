"""Fine and Gray's model of the subdistribution hazard.

Methods
-------
Patients with a competing event stay in the risk set with a weight that falls as patients are
censored: G(t-) / G(s-) for a competing event at s, where G is the Kaplan-Meier estimate of not yet
being censored, of all patients together. Ties as Breslow's, Newton's method, and Fine and Gray's
variance, which allows for the estimation of G: the numbers of R's ``cmprsk::crr``. R's
``survival::finegray`` gives the same coefficients where no time is shared by censored patients and
events; its robust variance takes the weights as known. There are no strata and no delayed entry.

References
----------
Fine JP, Gray RJ. J Am Stat Assoc 1999;94:496-509.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.survival.newton import ALIASED, MOST_STEPS, SMALL_STEP, Fit


@dataclass(frozen=True, eq=False)
class _Sample:
    """Patients in the order of time, and the weights that do not depend on the coefficients.

    Attributes
    ----------
    z : numpy.ndarray, shape (n, p)
        Columns with mean 0 and variance 1.
    status : numpy.ndarray of int, shape (n,)
        0 censored, 1 the cause, 2 any other event.
    waiting : numpy.ndarray, shape (n,)
        1 / G(s-) for a patient with another event at s, else 0.
    first : numpy.ndarray of int, shape (J,)
        First patient whose time is not before each event time of the cause.
    passed : numpy.ndarray of int, shape (n,)
        Event times at or before the patient's own time.
    deaths, open : numpy.ndarray, shape (J,)
        Events, and G(t-), at each event time.
    block : numpy.ndarray of int, shape (n,)
        Position of the patient's time among the distinct times.
    start : numpy.ndarray of int, shape (T,)
        First patient of each distinct time.
    """

    z: np.ndarray
    status: np.ndarray
    waiting: np.ndarray
    first: np.ndarray
    passed: np.ndarray
    deaths: np.ndarray
    open: np.ndarray
    block: np.ndarray
    start: np.ndarray


@dataclass(frozen=True, eq=False)
class _Moments:
    """Log likelihood with its derivatives, and what the variance needs.

    `weight` is exp(z beta) up to a constant, (n,); `jump` the Breslow increments, (J,); `mean` the
    weighted mean of z in each risk set, (J, p).
    """

    log_likelihood: float
    gradient: np.ndarray
    information: np.ndarray
    weight: np.ndarray
    jump: np.ndarray
    mean: np.ndarray


def fit(time: np.ndarray, status: np.ndarray, x: np.ndarray) -> Fit:
    """Fit the model.

    Parameters
    ----------
    time : numpy.ndarray, shape (n,)
    status : numpy.ndarray of int, shape (n,)
        0 censored, 1 the cause, 2 any other event.
    x : numpy.ndarray, shape (n, p)
        No missing values.

    Returns
    -------
    Fit
        With Fine and Gray's variance. A column that the others determine is aliased; one whose
        coefficient has no finite maximum is infinite.

    Examples
    --------
    >>> t, s, x = np.arange(1.0, 7.0), np.array([1, 2, 1, 1, 0, 1]), np.arange(6.0) % 2
    >>> round(float(fit(t, s, x[:, None]).beta[0]), 4)
    -1.2271
    """
    n, p = x.shape
    scale = x.std(axis=0) if n else np.ones(p)
    scale = np.where(scale > 0, scale, 1.0)
    sample = _sample(time, status, (x - x.mean(axis=0)) / scale if n else x)
    beta, infinite = np.zeros(p), np.zeros(p, dtype=bool)
    covariance = np.zeros((p, p))
    null = _moments(sample, beta)
    aliased = _aliased(null.information, int(sample.deaths.sum()))
    use = np.flatnonzero(~aliased)
    now = null
    if len(use):
        beta, step, now = _climb(sample, beta, use)
        infinite = np.abs(step) > 1e-5
        both = np.ix_(use, use)
        inverse = np.linalg.pinv(now.information[both], hermitian=True)
        with np.errstate(over="ignore", invalid="ignore"):  # next to an infinite coefficient
            residuals = _residuals(sample, now)[:, use]
            covariance[both] = inverse @ (residuals.T @ residuals) @ inverse
    found = covariance / np.outer(scale, scale)
    return Fit(beta / scale, found, aliased, infinite, null.log_likelihood, now.log_likelihood)


def _sample(time: np.ndarray, status: np.ndarray, z: np.ndarray) -> _Sample:
    order = np.argsort(time, kind="stable")
    t, kind = time[order], status[order]
    distinct, block = np.unique(t, return_inverse=True)
    start = np.searchsorted(t, distinct, side="left")
    censored = np.bincount(block, weights=kind == 0, minlength=len(distinct))
    uncensored = np.cumprod(1 - censored / (len(t) - start))
    before = np.concatenate([[1.0], uncensored[:-1]])[: len(distinct)]
    deaths = np.bincount(block, weights=kind == 1, minlength=len(distinct))
    at = np.flatnonzero(deaths)
    waiting = np.divide(1.0, before[block], out=np.zeros(len(t)), where=kind == 2)
    passed = np.searchsorted(at, block, side="right")
    return _Sample(z[order], kind, waiting, start[at], passed, deaths[at], before[at], block, start)


def _moments(sample: _Sample, beta: np.ndarray) -> _Moments:
    """Log likelihood, gradient and information of all columns."""
    eta = sample.z @ beta
    eta = eta - (eta.max() if len(eta) else 0.0)  # a constant cancels, and exp cannot overflow
    weight = np.exp(eta)
    own = sample.status == 1
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        size = _risk_sum(sample, weight)
        mean = _risk_sum(sample, weight[:, None] * sample.z) / size[:, None]
        jump = sample.deaths / size
        log_likelihood = float(eta[own].sum() - sample.deaths @ np.log(size))
        a, held = _sums(jump), _sums(jump * sample.open)
        exposure = a[sample.passed] + sample.waiting * (held[-1] - held[sample.passed])
        gradient = sample.z[own].sum(axis=0) - sample.deaths @ mean
        information = sample.z.T @ (sample.z * (weight * exposure)[:, None])
        information = information - (mean * sample.deaths[:, None]).T @ mean
    return _Moments(log_likelihood, gradient, information, weight, jump, mean)


def _risk_sum(sample: _Sample, values: np.ndarray) -> np.ndarray:
    """Weighted sum of (n,) or (n, p) over the risk set of each event time of the cause."""
    column = values.ndim > 1
    waiting = sample.waiting[:, None] if column else sample.waiting
    opened = sample.open[:, None] if column else sample.open
    later = _sums(values[::-1])[::-1]
    earlier = _sums(values * waiting)
    return np.asarray(later[sample.first] + opened * earlier[sample.first])


def _climb(
    sample: _Sample, beta: np.ndarray, use: np.ndarray
) -> tuple[np.ndarray, np.ndarray, _Moments]:
    """Newton's method with step halving; returns the last step too, to tell convergence."""
    now, step, flat = _moments(sample, beta), np.zeros(len(beta)), 0
    for _ in range(MOST_STEPS):
        both = np.ix_(use, use)
        step = np.zeros(len(beta))
        step[use] = np.linalg.lstsq(now.information[both], now.gradient[use], rcond=1e-14)[0]
        size, after = 1.0, _moments(sample, beta + step)
        while not _is_no_worse(after, now):
            size /= 2
            if size < 1e-6:
                return beta, step, now
            after = _moments(sample, beta + size * step)
        rise = after.log_likelihood - now.log_likelihood
        beta, now = beta + size * step, after
        if np.max(np.abs(step)) < SMALL_STEP * (1 + np.max(np.abs(beta))):
            break
        flat = flat + 1 if abs(rise) <= 1e-12 * (abs(now.log_likelihood) + 0.1) else 0
        if flat >= 3:
            break
    return beta, step, now


def _is_no_worse(after: _Moments, now: _Moments) -> bool:
    least = now.log_likelihood - 1e-9 * abs(now.log_likelihood)
    return after.log_likelihood >= least and bool(np.isfinite(after.information).all())


def _aliased(information: np.ndarray, events: int) -> np.ndarray:
    """Columns that are constant or determined by the columns before them."""
    aliased = np.zeros(len(information), dtype=bool)
    work = information.copy()
    for k, own in enumerate(np.diag(information)):
        if own <= 1e-12 * events or work[k, k] <= ALIASED * own:
            aliased[k] = True
        else:
            work = work - np.outer(work[:, k], work[k]) / work[k, k]
    return aliased


def _residuals(sample: _Sample, at: _Moments) -> np.ndarray:
    """Contribution of each patient to the score, with that of estimating G: shape (n, p).

    In the notation of Fine and Gray the rows of eta + psi.
    """
    z, passed = sample.z, sample.passed
    own = sample.status == 1
    jump = at.jump[:, None]
    mass, pull = _sums(jump), _sums(jump * at.mean)
    opened = sample.open[:, None] * jump
    held, held_pull = _sums(opened), _sums(opened * at.mean)
    expected = z * mass[passed] - pull[passed]
    still = z * (held[-1] - held[passed]) - (held_pull[-1] - held_pull[passed])
    eta = -at.weight[:, None] * (expected + sample.waiting[:, None] * still)
    eta[own] += z[own] - at.mean[passed[own] - 1]
    # What a censoring at u moves: the weights of all who had another event before u, at all event
    # times of the cause from u on.
    kept = (at.weight * sample.waiting)[:, None]
    since = np.searchsorted(sample.first, sample.start, side="left")
    moved = _sums(kept * z)[sample.start] * (held[-1] - held[since])
    moved = moved - _sums(kept)[sample.start] * (held_pull[-1] - held_pull[since])
    at_risk = (len(z) - sample.start)[:, None]
    censored = np.bincount(sample.block, weights=sample.status == 0, minlength=len(at_risk))
    compensator = np.cumsum(moved * censored[:, None] / at_risk**2, axis=0)
    psi = -compensator[sample.block]
    gone = sample.status == 0
    psi[gone] += (moved / at_risk)[sample.block[gone]]
    return np.asarray(eta + psi)


def _sums(values: np.ndarray) -> np.ndarray:
    """Cumulative sums along the first axis, with a 0 before the first."""
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
