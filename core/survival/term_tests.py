"""Tests of a fitted Cox model: of all coefficients together, of each term, of non-linearity.

Methods
-------
A term is tested with all its columns together by Wald's test, by the score test of adding it to
the model of the others, and by the likelihood ratio of leaving it out. A term that takes part in
an interaction is tested together with it: the main effect alone is a matter of coding. For a
spline or a polynomial the columns beyond the straight line are tested too. With robust variances
only Wald's test is given; with Firth's method only the penalised likelihood ratio, whose penalty
stays that of the whole model.

References
----------
Harrell FE. Regression Modeling Strategies, 2nd ed., sections 2.3.5 and 9.3. Heinze G, Schemper M.
Biometrics 2001;57:114-119.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from core.survival import firth, robust
from core.survival.design import Block
from core.survival.fitted import Model
from core.survival.newton import Fit, Scaled, climb, scaled
from core.survival.results import Test
from core.survival.risk import RiskSets, moments
from core.survival.tails import chi2_log10_p, chi2_p

METHODS = (
    "Terms with several coefficients were tested jointly by Wald, score and likelihood-ratio tests."
)
SMALL_STEP = 1e-6
"""Last step of a model without a term: its likelihood is then good to 1e-10."""
CURVED = ("spline", "poly")
"""Forms whose columns after the first one are the departure from a straight line."""


@dataclass(frozen=True)
class TermTest:
    """Tests of the columns of one term.

    Attributes
    ----------
    term : str
        As the spec names it.
    part : {"all", "interactions", "nonlinear"}
        The term alone, the term together with the interactions that it takes part in, or what
        departs from a straight line.
    df : int
    wald, score, lr : Test or None
        None where the test does not exist for the model: see the Methods of this module.
    """

    term: str
    part: str
    df: int
    wald: Test | None
    score: Test | None
    lr: Test | None


@dataclass(frozen=True)
class ModelTests:
    """Tests of the whole model and of its terms.

    Attributes
    ----------
    wald, score, lr : Test or None
        Of all coefficients together.
    robust_score : Test or None
        With robust variances only.
    terms : tuple of TermTest
    """

    wald: Test | None
    score: Test | None
    lr: Test | None
    robust_score: Test | None
    terms: tuple[TermTest, ...]


def chi2_test(name: str, statistic: float, df: int) -> Test:
    """A chi-square test with both forms of its p-value.

    Examples
    --------
    >>> round(chi2_test("wald", 3.841458820694124, 1).p_value, 6)
    0.05
    """
    statistic = max(statistic, 0.0)
    return Test(name, statistic, df, chi2_p(statistic, df), chi2_log10_p(statistic, df))


def model_tests(found: Model) -> ModelTests:
    """Test the coefficients of a model that has events and at least one estimable coefficient."""
    fit = found.fit
    columns = scaled(found.sets, found.matrix)
    every = np.flatnonzero(~fit.aliased)
    lr = chi2_test("lr", 2 * (fit.log_likelihood - fit.log_likelihood_null), fit.df)
    terms = tuple(
        _tested(found, columns, *tested) for tested in _hypotheses(found.blocks, fit.aliased)
    )
    if isinstance(fit, firth.FirthFit):
        return ModelTests(None, None, lr, None, terms)
    score = _quadratic(
        "score", columns.start.gradient[every], columns.start.information[np.ix_(every, every)]
    )
    robust_score = None
    if found.groups is not None:
        statistic = robust.score_statistic(found.sets, found.matrix, fit, found.groups)
        robust_score = None if statistic is None else chi2_test("score", statistic, fit.df)
    return ModelTests(_wald(fit, every), score, lr, robust_score, terms)


def _hypotheses(made: Sequence[Block], aliased: np.ndarray) -> list[tuple[str, str, np.ndarray]]:
    """Term, part and columns of every test, columns that are not estimated left out."""
    starts = np.cumsum([0, *(len(block.levels) for block in made)])
    own = [np.arange(a, b) for a, b in pairwise(starts)]
    found: list[tuple[str, str, np.ndarray]] = []
    for i, block in enumerate(made):
        higher = [k for k in range(len(made)) if _takes_part(made, i, k)]
        columns = np.concatenate([own[i], *(own[k] for k in higher)])
        found.append((block.term.text, "interactions" if higher else "all", columns))
        if block.term.form in CURVED:
            bent = [own[i][1:], *(own[k][_bent(made, i, k)] for k in higher)]
            found.append((block.term.text, "nonlinear", np.concatenate(bent)))
    return [
        (text, part, columns[~aliased[columns]])
        for text, part, columns in found
        if not aliased[columns].all()
    ]


def _takes_part(made: Sequence[Block], i: int, k: int) -> bool:
    """Whether block `k` is an interaction of block `i`: the first one with the column is meant."""
    term, column = made[k].term, made[i].term.column
    if made[i].term.partner or not term.partner or column not in (term.column, term.partner):
        return False
    return all(block.term.column != column or block.term.partner for block in made[:i])


def _bent(made: Sequence[Block], i: int, k: int) -> np.ndarray:
    """Which columns of the interaction `k` come from the bent columns of block `i`."""
    inner = made[k].term.column == made[i].term.column
    n_own, place = len(made[i].levels), np.arange(len(made[k].levels))
    n_inner = n_own if inner else len(place) // n_own
    return np.asarray((place % n_inner if inner else place // n_inner) > 0)


def _tested(found: Model, columns: Scaled, text: str, part: str, own: np.ndarray) -> TermTest:
    fit, df = found.fit, len(own)
    if isinstance(fit, firth.FirthFit):
        statistic = firth.drop(found.sets, found.matrix, fit, own)
        return TermTest(text, part, df, None, None, chi2_test("lr", statistic, df))
    wald = _wald(fit, own)
    if found.groups is not None:
        return TermTest(text, part, df, wald, None, None)
    rest = np.setdiff1d(np.flatnonzero(~fit.aliased), own)
    beta, log_likelihood = _without(found.sets, columns, fit, rest, own)
    lr = chi2_test("lr", 2 * (fit.log_likelihood - log_likelihood), df)
    score = None if fit.infinite[rest].any() else _score(found.sets, columns, rest, own, beta)
    return TermTest(text, part, df, wald, score, lr)


def _without(
    sets: RiskSets, columns: Scaled, fit: Fit, rest: np.ndarray, own: np.ndarray
) -> tuple[np.ndarray, float]:
    """Coefficients and log likelihood of the columns `rest`, the others at 0."""
    if len(rest) == 0:
        return np.zeros(0), fit.log_likelihood_null
    beta = fit.beta * columns.scale
    start = np.zeros(len(rest))
    if not fit.infinite.any():
        # To first order the others move along their regression on those that are left out.
        spread = fit.covariance * np.outer(columns.scale, columns.scale)
        start = (
            beta[rest]
            - spread[np.ix_(rest, own)]
            @ np.linalg.lstsq(spread[np.ix_(own, own)], beta[own], rcond=None)[0]
        )
    z = columns.z[:, rest]
    now = moments(sets, z, start)
    reached, _, log_likelihood, _ = climb(sets, z, now, start, SMALL_STEP)
    return reached, log_likelihood


def _score(
    sets: RiskSets, columns: Scaled, rest: np.ndarray, own: np.ndarray, beta: np.ndarray
) -> Test | None:
    both = np.concatenate([rest, own])
    at = np.concatenate([beta, np.zeros(len(own))])
    found = moments(sets, columns.z[:, both], at)
    tested = np.arange(len(rest), len(both))
    kept = np.arange(len(rest))
    between = found.information[np.ix_(kept, tested)]
    within = found.information[np.ix_(kept, kept)]
    variance = found.information[np.ix_(tested, tested)]
    if len(kept):
        variance = variance - between.T @ np.linalg.lstsq(within, between, rcond=None)[0]
    return _quadratic("score", found.gradient[tested], variance)


def _wald(fit: Fit, own: np.ndarray) -> Test | None:
    if fit.infinite[own].any():
        return None
    covariance = fit.covariance[np.ix_(own, own)]
    error = np.sqrt(np.diag(covariance))
    if not (error > 0).all():
        return None
    # In standard errors, so that neither units nor a sum of them lose digits.
    return _quadratic("wald", fit.beta[own] / error, covariance / np.outer(error, error))


def _quadratic(name: str, vector: np.ndarray, variance: np.ndarray) -> Test | None:
    """The statistic v' V^-1 v; None where V is singular, as with fewer clusters than columns."""
    if np.linalg.matrix_rank(variance, hermitian=True) < len(vector):
        return None
    return chi2_test(name, float(vector @ np.linalg.solve(variance, vector)), len(vector))
