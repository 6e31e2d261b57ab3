"""Firth's penalised Cox model, with profile limits and likelihood-ratio tests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy import optimize, stats

from core.view.code.pieces.cox import Cox, fit_terms, partial_likelihood, ratio_rows
from core.view.code.pieces.terms import Term
from core.view.code.pieces.whole import model_tests


class Point(NamedTuple):
    """The penalised log likelihood l + 0.5 log|I| at one vector of coefficients."""

    beta: np.ndarray
    value: float
    score: np.ndarray
    information: np.ndarray


class Firth(NamedTuple):
    """A penalised model; its likelihoods have the penalty."""

    model: Cox
    low: np.ndarray
    high: np.ndarray
    p_value: np.ndarray


def penalised(p: pd.DataFrame, x: np.ndarray, beta: np.ndarray, ties: str) -> Point:
    """The score has half the trace of I^-1 dI/dbeta: third central moments of the risk sets."""
    k = len(beta)
    sums = partial_likelihood(p, x, beta, ties)
    information = sums.information.sum(axis=0)
    inverse = np.linalg.pinv(information, hermitian=True)
    square = ((x @ inverse) * x).sum(axis=1)
    both = partial_likelihood(p, np.column_stack([x, square]), np.append(beta, 0.0), ties)
    third = both.information[:, :k, k].sum(axis=0)
    third = third - 2 * np.einsum("ejk,ek->j", sums.information, sums.means @ inverse)
    value = sums.log_likelihood + 0.5 * np.linalg.slogdet(information)[1]
    return Point(beta, float(value), sums.score.sum(axis=0) + 0.5 * third, information)


def climb(p: pd.DataFrame, x: np.ndarray, beta: np.ndarray, free: np.ndarray, ties: str) -> Point:
    """Maximise over the coefficients that are free."""
    now = penalised(p, x, beta, ties)
    for _ in range(200 if free.any() else 0):
        step = np.zeros(len(beta))
        step[free] = np.linalg.solve(now.information[np.ix_(free, free)], now.score[free])
        after = penalised(p, x, now.beta + step, ties)
        while not after.value >= now.value - 1e-11 * (1 + abs(now.value)):
            step = step / 2
            after = penalised(p, x, now.beta + step, ties)
        now = after
        if np.abs(step).max() < 1e-10:
            break
    return now


def fit_firth(found: Cox, ties: str, level: float) -> Firth:
    """Fit the columns of a model by Firth's method."""
    p, used = found.p, found.used
    x = found.x[:, used]
    scale = x.std(axis=0)
    z, k = (x - x.mean(axis=0)) / scale, int(used.sum())
    top = climb(p, z, np.zeros(k), np.ones(k, dtype=bool), ties)
    inverse = np.linalg.inv(top.information)
    far = stats.norm.ppf(1 - (1 - level) / 2)

    def drop(j: int, held: float) -> float:
        start = top.beta + inverse[:, j] / inverse[j, j] * (held - top.beta[j])
        return top.value - climb(p, z, start, np.arange(k) != j, ties).value

    def limit(j: int, sign: int) -> float:
        error, wide = float(np.sqrt(inverse[j, j])), 1.0
        while drop(j, float(top.beta[j]) + sign * wide * far * error) < far**2 / 2:
            wide *= 1.5
        start, end = float(top.beta[j]), float(top.beta[j] + sign * wide * far * error)
        return optimize.brentq(lambda b: drop(j, b) - far**2 / 2, start, end, xtol=1e-11)

    numbers = np.full((4, len(used)), np.nan)
    numbers[0, used] = top.beta / scale
    for row, sign in ((1, -1), (2, 1)):
        numbers[row, used] = np.array([limit(j, sign) for j in range(k)]) / scale
    numbers[3, used] = [stats.chi2.sf(2 * drop(j, 0.0), 1) for j in range(k)]
    covariance = np.full((len(used), len(used)), np.nan)
    covariance[np.ix_(used, used)] = inverse / np.outer(scale, scale)
    units = np.log(scale).sum()  # the penalty is that of the columns as they were
    null = found.null._replace(log_likelihood=penalised(p, z, np.zeros(k), ties).value + units)
    best = found.best._replace(log_likelihood=top.value + units)
    model = found._replace(
        beta=np.nan_to_num(numbers[0]), covariance=covariance, null=null, best=best,
        infinite=np.zeros(len(used), dtype=bool),
    )  # fmt: skip
    return Firth(model, *numbers[1:])


def firth_rows(found: Firth, has: np.ndarray, terms: list[Term], level: float) -> pd.DataFrame:
    """Hazard ratios with profile limits and likelihood-ratio tests."""
    table = ratio_rows(found.model, has, terms, level)
    low, high = np.exp(found.low), np.exp(found.high)
    return table.assign(conf_low=low, conf_high=high, p_value=found.p_value)


def firth_table(p: pd.DataFrame, terms: list[Term], ties: str, level: float) -> pd.DataFrame:
    """The rows of one model."""
    found, has = fit_terms(p, terms, ties)
    return firth_rows(fit_firth(found, ties, level), has, terms, level)


def firth_alone(p: pd.DataFrame, terms: list[Term], ties: str, level: float) -> pd.DataFrame:
    """Each term alone, on the patients who have it."""
    return pd.concat([firth_table(p, [term], ties, level) for term in terms], ignore_index=True)


def firth_tests(found: Firth) -> pd.DataFrame:
    """Penalised likelihood-ratio test of all coefficients together."""
    return model_tests(found.model).iloc[:1]
