"""Logistic regression by Newton's method."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import special, stats

from core.view.code.pieces.cox import estimable
from core.view.code.pieces.terms import Term


class Logistic(NamedTuple):
    """A fitted model; the first element of `beta` is the intercept, in units of the columns."""

    y: np.ndarray
    beta: np.ndarray
    error: np.ndarray
    fitted: np.ndarray
    log_likelihood: float


def fit_logistic(y: np.ndarray, x: np.ndarray) -> Logistic:
    """Maximise the likelihood; NaN for a coefficient that is not determined or infinite."""
    mean, spread = x.mean(axis=0), x.std(axis=0)
    z = (x - mean) / np.where(spread > 0, spread, 1.0)
    used = estimable(z.T @ z)
    design = np.column_stack([np.ones(len(y)), z[:, used]])
    beta, step = np.zeros(design.shape[1]), np.zeros(design.shape[1])
    fitted = np.full(len(y), 0.5)
    for _ in range(40):
        information = design.T @ (design * (fitted * (1 - fitted))[:, None])
        step = np.linalg.lstsq(information, design.T @ (y - fitted), rcond=1e-14)[0]
        beta = beta + step
        fitted = special.expit(design @ beta)
        if np.abs(step).max() < 1e-11:
            break
    inverse = np.linalg.pinv(design.T @ (design * (fitted * (1 - fitted))[:, None]))
    full, error = np.full(x.shape[1], np.nan), np.full(x.shape[1], np.nan)
    infinite = np.abs(step[1:]) > 1e-5
    full[used] = np.where(infinite, np.nan, beta[1:]) / spread[used]
    error[used] = np.where(infinite, np.nan, np.sqrt(np.diag(inverse)[1:])) / spread[used]
    intercept = beta[0] - (full[used] * mean[used]).sum()
    log_likelihood = special.xlogy(y, fitted).sum() + special.xlogy(1 - y, 1 - fitted).sum()
    return Logistic(y, np.append(intercept, full), error, fitted, float(log_likelihood))


def odds_model(
    y: np.ndarray, known: np.ndarray, terms: list[Term], level: float
) -> tuple[Logistic, pd.DataFrame]:
    """Fit terms together to the patients who have them all, and make a row of each column."""
    has = np.logical_and.reduce([known, *(term.known for term in terms)])
    own, z = y[has].astype(float), stats.norm.ppf(1 - (1 - level) / 2)
    found = fit_logistic(own, np.column_stack([term.x[has] for term in terms]))
    rows: list[dict[str, object]] = []
    for term in terms:
        for j, name in enumerate(term.levels):
            member = term.x[has, j] == 1 if term.category else np.ones(has.sum(), dtype=bool)
            b, error = found.beta[len(rows) + 1], found.error[len(rows)]
            rows.append(
                {
                    "label": f"{term.name} {name}" if name else term.name,
                    "n": member.sum(),
                    "events": own[member].sum(),
                    "coef": b,
                    "std_error": error,
                    "odds_ratio": np.exp(b),
                    "conf_low": np.exp(b - z * error),
                    "conf_high": np.exp(b + z * error),
                    "p_value": 2 * stats.norm.sf(abs(b / error)),
                }
            )
    return found, pd.DataFrame(rows)


def odds_table(y: np.ndarray, known: np.ndarray, terms: list[Term], level: float) -> pd.DataFrame:
    """Each term alone, on the patients who have it."""
    return pd.concat([odds_model(y, known, [t], level)[1] for t in terms], ignore_index=True)


def logistic_table(found: Logistic) -> pd.DataFrame:
    """Size, likelihood, its test, and the area under the ROC curve."""
    n, hits = len(found.y), found.y.sum()
    rank = stats.rankdata(np.round(found.fitted, 12))
    null = special.xlogy(hits, hits / n) + special.xlogy(n - hits, 1 - hits / n)
    df = int((~np.isnan(found.beta[1:])).sum())
    lr = 2 * (found.log_likelihood - null)
    above = rank[found.y == 1].sum() - hits * (hits + 1) / 2
    values = {
        "n": n,
        "events": hits,
        "intercept": found.beta[0],
        "log_likelihood": found.log_likelihood,
        "lr": lr,
        "df": df,
        "p_value": stats.chi2.sf(lr, df),
        "auc": above / (hits * (n - hits)),
    }
    return pd.DataFrame([{"label": "model", **values}])
