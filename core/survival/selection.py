"""Stepwise selection of the terms of a Cox model by the rules of SPSS.

Methods
-------
Forward: the term with the smallest score-test p-value below ENTER enters; then terms leave one at
a time, the one with the largest p-value above REMOVE first, by Wald's test or by the likelihood
ratio; this repeats until nothing moves or a model comes back. Backward: all terms are in, and
terms leave in the same way. A term is a block: the levels of a category enter and leave together.
All steps are on the same patients, those who have every candidate. Where a coefficient of a term
is infinite Wald's test says nothing, and the likelihood ratio is taken for that term.

References
----------
IBM SPSS Statistics, COXREG, subcommand METHOD (FSTEP, BSTEP). R's ``step`` selects by AIC and is
another procedure.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.errors import SpecError
from core.spec import AnalysisSpec
from core.survival.design import Block
from core.survival.fitted import Model, fit_model, sets_of
from core.survival.newton import scaled
from core.survival.risk import RiskSets, moments
from core.survival.tails import chi2_log10_p, chi2_p

FORMS = "forward:ENTER:REMOVE or backward:REMOVE, with :wald or :lr at the end if you like"
EXAMPLE = "Write it like forward:0.05:0.10 or backward:0.10:lr"


@dataclass(frozen=True)
class Rule:
    """What ``select`` asks for; `enter` is None for backward selection."""

    enter: float | None
    remove: float
    by: str


@dataclass(frozen=True)
class Step:
    """One move.

    Attributes
    ----------
    step : int
        From 1.
    action : {"enter", "remove"}
    term : str
        As the spec names it.
    p_value : float
        Of the score test for a term that enters, of Wald's or the likelihood-ratio test for one
        that leaves.
    """

    step: int
    action: str
    term: str
    p_value: float


@dataclass(frozen=True)
class _Chi2:
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


def parse(spec: AnalysisSpec) -> Rule | None:
    """Read ``select``; None when nothing is selected.

    Raises
    ------
    SpecError
        If it cannot be read, or cannot be done with the estimator.

    Examples
    --------
    >>> parse(AnalysisSpec(select="forward:0.05:0.10"))
    Rule(enter=0.05, remove=0.1, by='wald')
    """
    text = spec.select or "none"
    if text == "none":
        return None
    name, *values = text.split(":")
    by = values.pop() if values and values[-1] in ("wald", "lr") else "wald"
    if (name, len(values)) not in (("forward", 2), ("backward", 1)):
        raise SpecError("select", f"'{text}' is not {FORMS}", EXAMPLE)
    numbers = [_probability(value, text) for value in values]
    if spec.estimator == "firth":
        raise SpecError(
            "select",
            "Selection is defined for the ordinary Cox model, not for Firth's method",
            "Leave out select, or take estimator=cox",
        )
    return Rule(numbers[0] if name == "forward" else None, numbers[-1], by)


def _probability(value: str, text: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if "_" in value or not 0 < number < 1:
        raise SpecError("select", f"'{value}' in '{text}' is not between 0 and 1", EXAMPLE)
    return number


def select(
    cohort: Cohort, spec: AnalysisSpec, rule: Rule, made: list[Block], rows: np.ndarray
) -> tuple[list[Block], tuple[Step, ...]]:
    """Choose the terms.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``ties`` and, through the cohort, ``strata``.
    rule : Rule
    made : list of Block
        The candidates.
    rows : numpy.ndarray of int
        The patients who have them all.

    Returns
    -------
    chosen : list of Block
        In the order of the candidates.
    steps : tuple of Step

    Raises
    ------
    SpecError
        If a candidate is an interaction, which must not enter before its main effects.
    """
    if any(block.term.partner for block in made):
        raise SpecError(
            "select",
            "Interactions cannot be selected stepwise",
            "Leave out select, or the interactions",
        )
    stepper = _Stepper(cohort, spec, tuple(made), rows)
    inside = frozenset(range(len(made)) if rule.enter is None else ())
    seen = {inside}
    steps: list[Step] = []
    while move := stepper.leaving(inside, rule) or stepper.entering(inside, rule):
        action, i, test = move
        steps.append(Step(len(steps) + 1, action, made[i].term.text, test.p_value))
        inside = inside ^ {i}
        if inside in seen:
            break
        seen.add(inside)
    return [made[i] for i in sorted(inside)], tuple(steps)


_Move = tuple[str, int, _Chi2]


@dataclass(frozen=True, eq=False)
class _Stepper:
    """Finds the next move from a model, which is a set of positions in `made`."""

    cohort: Cohort
    spec: AnalysisSpec
    made: tuple[Block, ...]
    rows: np.ndarray

    def entering(self, inside: frozenset[int], rule: Rule) -> _Move | None:
        """The outside term with the smallest p-value of the score test, if it is small enough."""
        outside = [i for i in range(len(self.made)) if i not in inside]
        if rule.enter is None or not outside:
            return None
        sets = sets_of(self.cohort, self.spec, self.rows)
        beta = self._fit(inside).fit.beta if inside else np.zeros(0)
        tests = [(self._score(sets, sorted(inside), i, beta), i) for i in outside]
        test, best = min(tests, key=lambda pair: pair[0].log10_p)
        return ("enter", best, test) if test.p_value < rule.enter else None

    def leaving(self, inside: frozenset[int], rule: Rule) -> _Move | None:
        """The inside term with the largest p-value, if it is large enough."""
        if not inside:
            return None
        full = self._fit(inside)
        tests = [(self._removal(full, inside, i, rule.by), i) for i in sorted(inside)]
        test, worst = max(tests, key=lambda pair: pair[0].log10_p)
        return ("remove", worst, test) if test.p_value > rule.remove else None

    def _fit(self, inside: frozenset[int]) -> Model:
        return fit_model(self.cohort, self.spec, [self.made[i] for i in sorted(inside)], self.rows)

    def _score(self, sets: RiskSets, inside: list[int], i: int, beta: np.ndarray) -> _Chi2:
        x = np.column_stack([self.made[k].matrix[self.rows] for k in (*inside, i)])
        columns = scaled(sets, x)
        use = ~columns.aliased
        at = np.zeros(x.shape[1])
        at[: len(beta)] = beta * columns.scale[: len(beta)]
        found = moments(sets, columns.z, at)
        score, information = found.gradient[use], found.information[np.ix_(use, use)]
        df = int(use[len(beta) :].sum())
        return _Chi2(float(score @ np.linalg.solve(information, score)) if df else 0.0, df)

    def _removal(self, full: Model, inside: frozenset[int], i: int, by: str) -> _Chi2:
        before = sum(len(self.made[k].levels) for k in inside if k < i)
        own = np.arange(before, before + len(self.made[i].levels))
        own = own[~full.fit.aliased[own]]
        if by == "lr" or full.fit.infinite[own].any():
            rest = inside - {i}
            without = self._fit(rest).fit if rest else None
            log_likelihood = full.fit.log_likelihood_null
            if without is not None:
                log_likelihood = without.log_likelihood
            lost = max(2 * (full.fit.log_likelihood - log_likelihood), 0.0)
            return _Chi2(lost, full.fit.df - (without.df if without is not None else 0))
        beta, covariance = full.fit.beta[own], full.fit.covariance[np.ix_(own, own)]
        return _Chi2(float(beta @ np.linalg.solve(covariance, beta)), len(own))
