"""Cox models by Newton's method: ties of Efron or Breslow, strata, late entry, weights, offset.

lifelines' CoxPHFitter fits the same model with Efron's ties; it has neither Breslow's ties nor
R's score test of proportional hazards, which needs the sums below.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse, stats

from core.view.code.pieces.terms import Term


class Sums(NamedTuple):
    """Log partial likelihood; of the J events their time, score, information, mean of risk set.

    `residual` (n, k) is what each patient adds to the score.
    """

    log_likelihood: float
    times: np.ndarray
    score: np.ndarray
    information: np.ndarray
    means: np.ndarray
    residual: np.ndarray


class Cox(NamedTuple):
    """A fitted model; `p` and `x` are its patients and their columns."""

    p: pd.DataFrame
    x: np.ndarray
    beta: np.ndarray
    covariance: np.ndarray
    used: np.ndarray
    infinite: np.ndarray
    null: Sums
    best: Sums


def partial_likelihood(p: pd.DataFrame, x: np.ndarray, beta: np.ndarray, ties: str) -> Sums:
    """The sums over the risk set of every event; of d tied ones the k-th has k / d of them less."""
    time, event, entry, stratum = (
        p[name].to_numpy() for name in ("time", "event", "entry", "stratum")
    )
    case = p["case"].to_numpy() if "case" in p else np.ones(len(p))
    eta = x @ beta + (p["offset"].to_numpy() if "offset" in p else 0.0)
    square = (x[:, :, None] * x[:, None, :]).reshape(len(x), -1)
    who, less, tied = tied_events(time, event, stratum)
    less = less if ties == "efron" else np.zeros(len(who))
    weight, sums = tied @ case[who], np.zeros(len(who))
    means, information = np.zeros(x[who].shape), np.zeros((len(who), x.shape[1], x.shape[1]))
    residual = np.zeros(x.shape)
    for i in np.array_split(np.arange(len(who)), len(who) // 250 + 1):
        t = time[who[i], None]
        risk = (stratum == stratum[who[i], None]) & (entry < t) & (t <= time)
        part = np.where(risk, eta, -np.inf)
        top = part.max(axis=1, initial=-np.inf)  # taken off, so that nothing over- or underflows
        part = np.exp(part - top[:, None]) * case * (1 - less[i, None] * (event & (time == t)))
        sums[i] = np.log(part.sum(axis=1)) + top
        share = part / part.sum(axis=1, keepdims=True)
        means[i] = share @ x
        information[i] = (share @ square).reshape(information[i].shape)
        share = share * weight[i, None]
        residual -= share.sum(axis=0)[:, None] * x - share.T @ means[i]
    information -= means[:, :, None] * means[:, None, :]
    residual[who] += case[who, None] * (x[who] - tied @ means)
    score = case[who, None] * x[who] - weight[:, None] * means
    total = float(case[who] @ eta[who] - weight @ sums)
    information *= weight[:, None, None]
    return Sums(total, time[who], score, information, means, residual)


def tied_events(
    time: np.ndarray, event: np.ndarray, stratum: np.ndarray
) -> tuple[np.ndarray, np.ndarray, sparse.csr_array]:
    """Rows with the event in order of time, k / d of each of d tied ones, means of tied ones."""
    who = np.flatnonzero(event)
    who = who[np.lexsort((time[who], stratum[who]))]
    new = (np.diff(time[who], prepend=np.nan) != 0) | (np.diff(stratum[who], prepend=np.nan) != 0)
    start, block = np.flatnonzero(new), np.cumsum(new) - 1
    size = np.maximum(np.bincount(block, minlength=1), 1)
    places, shape = (np.arange(len(who)), block), (len(who), len(size))
    member = sparse.csr_array((np.ones(len(who)), places), shape=shape)
    rank = np.arange(len(who)) - start[block]
    return who, rank / size[block], member @ sparse.diags_array(1 / size) @ member.T


def grouped(p: pd.DataFrame, residual: np.ndarray) -> np.ndarray:
    """Residuals added up within clusters."""
    return pd.DataFrame(residual).groupby(p["cluster"].to_numpy()).sum().to_numpy()


def estimable(information: np.ndarray) -> np.ndarray:
    """Columns that vary and are not determined by the columns before them."""
    size, left, used = np.diag(information), information.copy(), np.zeros(len(information), bool)
    for k in range(len(information)):
        if size[k] > 1e-12 * max(size.max(), 1) and left[k, k] > 1e-9 * size[k]:
            used[k] = True
            left = left - np.outer(left[:, k], left[k]) / left[k, k]
    return used


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # a step too far is taken back
def fit_cox(p: pd.DataFrame, x: np.ndarray, ties: str) -> Cox:
    """Maximise the partial likelihood; what still moves at the end has no finite maximum."""
    spread = x.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    z = (x - x.mean(axis=0)) / scale
    null = partial_likelihood(p, z, np.zeros(z.shape[1]), ties)
    used = estimable(null.information.sum(axis=0))
    z = z[:, used]
    beta, flat = np.zeros(z.shape[1]), 0
    step = np.zeros(z.shape[1])
    now = partial_likelihood(p, z, beta, ties)
    while z.shape[1] and len(now.times) and flat < 3:
        step = np.linalg.lstsq(now.information.sum(axis=0), now.score.sum(axis=0), rcond=1e-14)[0]
        size = 1.0
        after = partial_likelihood(p, z, beta + step, ties)
        while not after.log_likelihood >= now.log_likelihood * (1 + 1e-9):
            size /= 2
            after = partial_likelihood(p, z, beta + size * step, ties)
        rise = abs(after.log_likelihood - now.log_likelihood)
        beta, now = beta + size * step, after
        flat = flat + 1 if rise <= 1e-12 * (abs(now.log_likelihood) + 0.1) else 0
        if np.abs(step).max() < 1e-9 * (1 + np.abs(beta).max()):
            break
    full, covariance = np.zeros(len(scale)), np.full((len(scale), len(scale)), np.nan)
    infinite = np.zeros(len(scale), dtype=bool)
    full[used], infinite[used] = beta / scale[used], np.abs(step) > 1e-5
    inverse = np.linalg.pinv(now.information.sum(axis=0), hermitian=True)
    if "cluster" in p:  # the robust variance of Lin and Wei
        influence = grouped(p, now.residual) @ inverse
        inverse = influence.T @ influence
    covariance[np.ix_(used, used)] = inverse / np.outer(scale[used], scale[used])
    return Cox(p, x, full, covariance, used, infinite, null, now)


def complete(p: pd.DataFrame) -> np.ndarray:
    """Who has a stratum, an offset, a weight and a cluster, where a model has them."""
    names = [n for n in ("stratum", "offset", "case", "cluster") if n in p]
    return p[names].notna().all(axis=1).to_numpy()


def fit_terms(p: pd.DataFrame, terms: list[Term], ties: str) -> tuple[Cox, np.ndarray]:
    """Fit terms together to the patients who have them all; also says who these are."""
    has = complete(p)
    for term in terms:
        has &= term.known
    x = np.column_stack([term.x[has] for term in terms])
    return fit_cox(p[has], x, ties), has


def ratio_rows(found: Cox, has: np.ndarray, terms: list[Term], level: float) -> pd.DataFrame:
    """Hazard ratios with Wald limits and tests, one row per column."""
    z, event = stats.norm.ppf(1 - (1 - level) / 2), found.p["event"].to_numpy()
    rows: list[dict[str, object]] = []
    for term in terms:
        for j, name in enumerate(term.levels):
            k = len(rows)
            member = term.x[has, j] == 1 if term.category else np.ones(len(event), dtype=bool)
            b, error = found.beta[k], np.sqrt(np.maximum(found.covariance[k, k], 0))
            if found.infinite[k] or not found.used[k]:
                b = error = np.nan
            rows.append(
                {
                    "label": f"{term.name} {name}" if name else term.name,
                    "n": member.sum(),
                    "events": (member & event).sum(),
                    "coef": b,
                    "std_error": error,
                    "hazard_ratio": np.exp(b),
                    "conf_low": np.exp(b - z * error),
                    "conf_high": np.exp(b + z * error),
                    "p_value": 2 * stats.norm.sf(abs(b / error)),
                }
            )
    return pd.DataFrame(rows)


def cox_table(p: pd.DataFrame, terms: list[Term], ties: str, level: float) -> pd.DataFrame:
    """The rows of one Cox model."""
    found, has = fit_terms(p, terms, ties)
    return ratio_rows(found, has, terms, level)


def univariable_table(p: pd.DataFrame, terms: list[Term], ties: str, level: float) -> pd.DataFrame:
    """Each term alone, on the patients who have it."""
    return pd.concat([cox_table(p, [term], ties, level) for term in terms], ignore_index=True)
