"""Models made of some of the candidate terms: their fits, tests, criteria, and the best of them.

Methods
-------
A model is a set of positions in the list of candidates; all models are on the same patients.

The score test of a term outside a model is the quadratic form of its gradient, at the model's
coefficients and 0 for the term, in the inverse of its information given the terms inside (the
Schur complement). All outside terms are tested from one evaluation of the likelihood.

The best subsets are found by branch and bound: a branch that drops terms is left when even the
likelihood of its largest model with the penalty of its smallest one is worse than the models
found so far. The likelihood of a smaller model is never higher, so nothing better is missed.

References
----------
Furnival GM, Wilson RW. Technometrics 1974;16:499-511 (branch and bound). Rao CR. Linear
Statistical Inference and Its Applications, section 6e (score test).
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.spec import AnalysisSpec
from core.survival.design import Block
from core.survival.fitted import Model, fit_model, sets_of
from core.survival.newton import ALIASED, Scaled, scaled
from core.survival.risk import RiskSets, moments
from core.survival.tails import chi2_log10_p, chi2_p

Inside = frozenset[int]
"""The terms of a model, as positions in the list of candidates."""
SAME = 1e-9
"""Criteria that differ by less are those of the same model written in two ways."""


@dataclass(frozen=True)
class Chi2:
    """A chi-square test of one term; `log10_p` ranks also where `p_value` underflows."""

    statistic: float
    df: int

    @property
    def p_value(self) -> float:
        """Upper tail; 1 for a term that the others determine."""
        return chi2_p(self.statistic, self.df) if self.df else 1.0

    @property
    def log10_p(self) -> float:
        """Its logarithm, always finite."""
        return chi2_log10_p(self.statistic, self.df) if self.df else 0.0


@dataclass(frozen=True, eq=False)
class Subsets:
    """The models of some candidates on the same patients; a likelihood is computed once.

    Attributes
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``ties weights offset cluster`` and, through the cohort, ``strata``.
    made : tuple of Block
        The candidates.
    rows : numpy.ndarray of int
        The patients; one who was drawn twice stands there twice.
    """

    cohort: Cohort
    spec: AnalysisSpec
    made: tuple[Block, ...]
    rows: np.ndarray
    _known: dict[Inside, tuple[float, int]] = field(default_factory=dict, repr=False)

    @cached_property
    def everything(self) -> Inside:
        """The model with all candidates."""
        return frozenset(range(len(self.made)))

    @cached_property
    def wald(self) -> AnalysisSpec:
        """The spec without profile limits: no step looks at limits, and they take long."""
        return self.spec.but(limits=None)

    def fit(self, inside: Inside) -> Model:
        """The fitted model; at least one term."""
        made = [self.made[i] for i in sorted(inside)]
        found = fit_model(self.cohort, self.wald, made, self.rows)
        self._known[inside] = (found.fit.log_likelihood, found.fit.df)
        self._known[frozenset()] = (found.fit.log_likelihood_null, 0)
        return found

    def likelihood(self, inside: Inside) -> tuple[float, int]:
        """Log partial likelihood and the number of estimable coefficients."""
        if inside not in self._known:
            self.fit(inside or frozenset([0]))
        return self._known[inside]

    def criterion(self, inside: Inside, penalty: float) -> float:
        """-2 log likelihood + `penalty` for each coefficient: AIC for 2."""
        log_likelihood, df = self.likelihood(inside)
        return penalty * df - 2 * log_likelihood

    def columns(self, i: int) -> np.ndarray:
        """Columns of one term in the matrix of all candidates."""
        ends = np.cumsum([len(block.levels) for block in self.made])
        return np.arange(ends[i] - len(self.made[i].levels), ends[i])

    @cached_property
    def sets(self) -> RiskSets:
        """Risk sets of the patients."""
        return sets_of(self.cohort, self.spec, self.rows)

    @cached_property
    def scaled(self) -> Scaled:
        """The columns of all candidates, centred and scaled."""
        return scaled(self.sets, np.column_stack([b.matrix[self.rows] for b in self.made]))

    def scores(self, inside: Inside) -> dict[int, Chi2]:
        """Score test of every term that is outside."""
        z = self.scaled.z
        beta, use = np.zeros(z.shape[1]), np.zeros(z.shape[1], dtype=bool)
        if inside:
            own = np.concatenate([self.columns(i) for i in sorted(inside)])
            fitted = self.fit(inside).fit
            beta[own], use[own] = fitted.beta * self.scaled.scale[own], ~fitted.aliased
        found = moments(self.sets, z, beta)
        kept = np.flatnonzero(use)
        tests = {}
        for i in sorted(self.everything - inside):
            own = self.columns(i)
            tests[i] = _score(found.gradient, found.information, kept, own, len(self.sets.at))
        return tests

    def without(self, inside: Inside, by: str) -> dict[int, Chi2]:
        """Test of every term that is inside: what the model loses without it.

        Parameters
        ----------
        inside : frozenset of int
        by : {"wald", "lr"}
            Where a coefficient of the term is infinite the likelihood ratio is taken.
        """
        full = self.fit(inside)
        tests, start = {}, 0
        for i in sorted(inside):
            own = np.arange(start, start + len(self.made[i].levels))
            start += len(own)
            own = own[~full.fit.aliased[own]]
            if by == "lr" or full.fit.infinite[own].any():
                tests[i] = self.ratio(inside - {i}, inside)
                continue
            beta, covariance = full.fit.beta[own], full.fit.covariance[np.ix_(own, own)]
            inverse = np.linalg.pinv(covariance, hermitian=True)
            tests[i] = Chi2(float(beta @ inverse @ beta), len(own))
        return tests

    def ratio(self, small: Inside, large: Inside) -> Chi2:
        """Likelihood-ratio test of a model within another."""
        (low, few), (high, many) = self.likelihood(small), self.likelihood(large)
        return Chi2(max(2 * (high - low), 0.0), max(many - few, 0))


def _score(
    gradient: np.ndarray, information: np.ndarray, kept: np.ndarray, own: np.ndarray, events: int
) -> Chi2:
    """Score test of the columns `own` given the columns `kept`."""
    across = information[np.ix_(kept, own)]
    solved = np.linalg.lstsq(information[np.ix_(kept, kept)], across, rcond=1e-14)[0]
    given = information[np.ix_(own, own)] - across.T @ solved
    score = gradient[own] - solved.T @ gradient[kept]
    alone = np.diag(information)[own]
    varies = alone > 1e-12 * max(events, 1)
    size = np.sqrt(alone[varies])
    values, vectors = np.linalg.eigh(given[np.ix_(varies, varies)] / np.outer(size, size))
    use = values > ALIASED
    turned = vectors[:, use].T @ (score[varies] / size)
    return Chi2(float((turned**2 / values[use]).sum()), int(use.sum()))


def rows_of_patients(cohort: Cohort, rows: np.ndarray) -> list[np.ndarray]:
    """The rows of each patient: those of a patient are drawn together."""
    if cohort.included.n_patients == cohort.n:
        return [*rows[:, None]]
    name = cohort.spec.id
    # Without identifiers the rows of a patient are the intervals of one row of the table.
    whose = cohort.included.rows if name is None else cohort.column(name).to_numpy()
    codes = pd.factorize(whose[rows])[0]
    order = np.argsort(codes, kind="stable")
    return np.split(rows[order], np.flatnonzero(np.diff(codes[order])) + 1)


def best_subsets(found: Subsets, penalty: float, keep: int) -> list[tuple[float, Inside]]:
    """The models with the lowest criteria among all subsets of the candidates, best first.

    Parameters
    ----------
    found : Subsets
    penalty : float
        Of each coefficient.
    keep : int
        How many models at most.

    Returns
    -------
    list of (float, frozenset of int)
        Of models with equal criteria the one with fewer terms comes first.
    """
    full = found.everything
    lost = {i: found.ratio(full - {i}, full).statistic for i in full}
    search = _Search(found, penalty, keep, sorted(full, key=lambda i: (lost[i], -i)))
    search.down(full, 0)
    return [(value, frozenset(terms)) for value, _, terms in search.best]


@dataclass(eq=False)
class _Search:
    """Branch and bound: terms are dropped in the order of `weakest`, each subset seen once."""

    found: Subsets
    penalty: float
    keep: int
    weakest: Sequence[int]
    best: list[tuple[float, int, tuple[int, ...]]] = field(default_factory=list)

    def down(self, inside: Inside, first: int) -> None:
        """Take a model and those below it that drop terms from the `first` one on."""
        self._take(inside)
        droppable = self.weakest[first:]
        for j, i in enumerate(droppable):
            smaller = inside - {i}
            if self._bound(smaller, droppable[j + 1 :]) <= self._worst():
                self.down(smaller, first + j + 1)

    def _bound(self, inside: Inside, droppable: Sequence[int]) -> float:
        """What no model below can be better than."""
        log_likelihood, df = self.found.likelihood(inside)
        fewest = df - sum(len(self.found.made[i].levels) for i in droppable)
        return self.penalty * max(fewest, 0) - 2 * log_likelihood

    def _worst(self) -> float:
        return self.best[-1][0] + SAME if len(self.best) == self.keep else np.inf

    def _take(self, inside: Inside) -> None:
        value = self.found.criterion(inside, self.penalty)
        close = [b[0] for b in self.best if abs(b[0] - value) < SAME]
        bisect.insort(self.best, (min([value, *close]), len(inside), tuple(sorted(inside))))
        del self.best[self.keep :]
