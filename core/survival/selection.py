"""Selection of the terms of a Cox model: by p-values as SPSS does, by AIC or BIC, or among all.

Methods
-------
Forward: the term with the smallest score-test p-value below ENTER enters; then terms leave one at
a time, the one with the largest p-value above REMOVE first, by Wald's test or by the likelihood
ratio; this repeats until nothing moves or a model comes back. Backward: all terms are in, and
terms leave in the same way. Where a coefficient of a term is infinite Wald's test says nothing,
and the likelihood ratio is taken for that term.

``aic`` and ``bic`` start from all terms and drop or add the one that lowers the criterion most,
as R's ``stepAIC`` with ``direction="both"``. The penalty of a coefficient is 2 for AIC and the
logarithm of the number of events for BIC (Volinsky and Raftery, and R's ``BIC`` of a Cox model).
``best:aic`` and ``best:bic`` take the subset of the terms with the lowest criterion.

A term is a block: the levels of a category enter and leave together. All steps are on the same
patients, those who have every candidate.

References
----------
IBM SPSS Statistics, COXREG, subcommand METHOD (FSTEP, BSTEP). Venables WN, Ripley BD. Modern
Applied Statistics with S, section 6.8 (stepAIC). Volinsky CT, Raftery AE. Biometrics
2000;56:256-262 (BIC counts events).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.errors import SpecError
from core.spec import AnalysisSpec
from core.survival.design import Block
from core.survival.subsets import SAME, Chi2, Inside, Subsets, best_subsets
from core.survival.tails import chi2_p

CRITERIA = ("aic", "bic")
FORMS = (
    "forward:ENTER:REMOVE or backward:REMOVE, with :wald or :lr at the end if you like, or aic, "
    "bic, best:aic or best:bic"
)
EXAMPLE = "Write it like forward:0.05:0.10, backward:0.10:lr or aic"
MOST_TERMS = 15
"""More terms than this have too many subsets to look at all of them."""
LOWER = 1e-7
"""A term enters by a criterion only where this lowers it by more (R's stepAIC)."""
METHODS = (
    "Terms of the multivariable Cox model were selected by the rule stated; the selection was "
    "repeated in bootstrap samples of the patients, and the share of samples in which each term "
    "was selected is reported."
)


@dataclass(frozen=True)
class Rule:
    """What ``select`` asks for.

    Attributes
    ----------
    enter, remove : float or None
        Limits of the p-values; `enter` is None for backward selection, both by a criterion.
    by : {"wald", "lr", "aic", "bic"}
        What decides who leaves.
    best : bool
        Whether all subsets are compared.
    """

    enter: float | None
    remove: float | None
    by: str
    best: bool = False


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
    p_value : float or None
        Of the score test for a term that enters, of Wald's or the likelihood-ratio test for one
        that leaves; None where a criterion decides.
    criterion : float or None
        AIC or BIC after the move; None where p-values decide.
    """

    step: int
    action: str
    term: str
    p_value: float | None
    criterion: float | None = None


def parse(spec: AnalysisSpec) -> Rule | None:
    """Read ``select``; None when nothing is selected.

    Raises
    ------
    SpecError
        If it cannot be read, or cannot be done with the estimator.

    Examples
    --------
    >>> parse(AnalysisSpec(select="forward:0.05:0.10"))
    Rule(enter=0.05, remove=0.1, by='wald', best=False)
    >>> parse(AnalysisSpec(select="best:bic"))
    Rule(enter=None, remove=None, by='bic', best=True)
    """
    text = spec.select or "none"
    if text == "none":
        return None
    if spec.estimator == "firth":
        raise SpecError(
            "select",
            "Selection is defined for the ordinary Cox model, not for Firth's method",
            "Leave out select, or take estimator=cox",
        )
    name, *values = text.split(":")
    if name in CRITERIA and not values:
        return Rule(None, None, name)
    if name == "best" and len(values) == 1 and values[0] in CRITERIA:
        return Rule(None, None, values[0], best=True)
    by = values.pop() if values and values[-1] in ("wald", "lr") else "wald"
    if (name, len(values)) not in (("forward", 2), ("backward", 1)):
        raise SpecError("select", f"'{text}' is not {FORMS}", EXAMPLE)
    numbers = [_probability(value, text) for value in values]
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
        Reads ``ties weights offset cluster`` and, through the cohort, ``strata``.
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
        Empty where all subsets are compared.

    Raises
    ------
    SpecError
        If a candidate is an interaction, which must not enter before its main effects, or there
        are too many candidates to compare all subsets.
    """
    check(rule, made)
    inside, steps = chosen(Subsets(cohort, spec, tuple(made), rows), rule)
    return [made[i] for i in sorted(inside)], steps


def check(rule: Rule, made: list[Block]) -> None:
    """Refuse candidates that the rule cannot select from; see `select`."""
    if any(block.term.partner for block in made):
        raise SpecError(
            "select",
            "Interactions cannot be selected stepwise",
            "Leave out select, or the interactions",
        )
    if rule.best and len(made) > MOST_TERMS:
        raise SpecError(
            "select",
            f"{len(made)} terms have too many subsets to compare them all",
            f"Use at most {MOST_TERMS} terms, or select={rule.by}",
        )


def penalty(rule: Rule, events: int) -> float:
    """What a coefficient adds to the criterion.

    Examples
    --------
    >>> penalty(Rule(None, None, "aic"), 100)
    2.0
    >>> round(penalty(Rule(None, None, "bic"), 100), 3)
    4.605
    """
    return 2.0 if rule.by == "aic" else float(np.log(max(events, 1)))


def level(rule: Rule, size: float, parameters: int) -> float:
    """Probability that the rule keeps a term that does nothing.

    Parameters
    ----------
    rule : Rule
    size : float
        Its `penalty`.
    parameters : int
        Coefficients of the term.
    """
    if rule.by in CRITERIA:
        return chi2_p(size * parameters, parameters) if parameters else 0.0
    limit = rule.remove if rule.enter is None else rule.enter
    return 1.0 if limit is None else limit


def chosen(found: Subsets, rule: Rule) -> tuple[Inside, tuple[Step, ...]]:
    """The terms that a rule selects, as positions among the candidates, and how."""
    events = int(found.cohort.event[found.rows].sum())
    if rule.best:
        return best_subsets(found, penalty(rule, events), 1)[0][1], ()
    if rule.by in CRITERIA:
        return _by_criterion(found, penalty(rule, events))
    return _by_p_value(found, rule)


def _by_criterion(found: Subsets, size: float) -> tuple[Inside, tuple[Step, ...]]:
    """Drop or add the term that lowers the criterion most, from all terms on."""
    inside, now = found.everything, found.criterion(found.everything, size)
    steps: list[Step] = []
    while True:
        moves = [("remove", i) for i in sorted(inside)]
        moves += [("enter", i) for i in sorted(found.everything - inside)]
        values = [found.criterion(inside ^ {i}, size) for _, i in moves]
        k = int(np.argmin(values))
        # A term that changes nothing leaves; one that enters must be worth it.
        if values[k] > now + (SAME if moves[k][0] == "remove" else -LOWER):
            return inside, tuple(steps)
        (action, i), now = moves[k], values[k]
        inside = inside ^ {i}
        steps.append(Step(len(steps) + 1, action, found.made[i].term.text, None, now))


def _by_p_value(found: Subsets, rule: Rule) -> tuple[Inside, tuple[Step, ...]]:
    """SPSS's rules."""
    inside: Inside = frozenset() if rule.enter is not None else found.everything
    seen = {inside}
    steps: list[Step] = []
    while move := _leaving(found, inside, rule) or _entering(found, inside, rule):
        action, i, test = move
        steps.append(Step(len(steps) + 1, action, found.made[i].term.text, test.p_value))
        inside = inside ^ {i}
        if inside in seen:
            break
        seen.add(inside)
    return inside, tuple(steps)


_Move = tuple[str, int, Chi2]


def _entering(found: Subsets, inside: Inside, rule: Rule) -> _Move | None:
    """The outside term with the smallest p-value of the score test, if it is small enough."""
    if rule.enter is None or inside == found.everything:
        return None
    tests = found.scores(inside)
    best = min(tests, key=lambda i: tests[i].log10_p)
    return ("enter", best, tests[best]) if tests[best].p_value < rule.enter else None


def _leaving(found: Subsets, inside: Inside, rule: Rule) -> _Move | None:
    """The inside term with the largest p-value, if it is large enough."""
    if rule.remove is None or not inside:
        return None
    tests = found.without(inside, rule.by)
    worst = max(tests, key=lambda i: tests[i].log10_p)
    return ("remove", worst, tests[worst]) if tests[worst].p_value > rule.remove else None
