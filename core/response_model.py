"""Logistic models of a response: each term alone, and all terms together.

Methods
-------
The terms are those of the Cox model. A univariable model has the patients with its term, the
multivariable one those with all terms; both those who have a value of the response. Wald limits and
tests by default; with ``limits=profile`` the limits are those of the profile likelihood and the
tests likelihood-ratio tests; with ``estimator=firth`` both are those of Firth's penalised
likelihood. The test of each term in the multivariable model is the likelihood-ratio test.

References
----------
Those of `core.logistic`. Hanley JA, McNeil BJ. Radiology 1982;143:29-36 (area under the curve).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from scipy import special, stats

from core import logistic
from core.cohort import Cohort
from core.errors import SpecError
from core.logistic import Logistic
from core.notes import Note, info, warning
from core.progress import Progress, part_of, portions, quiet
from core.response import values_of
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.design import Block, blocks
from core.survival.results import Test
from core.survival.tails import chi2_log10_p, chi2_p, normal_quantile, ratios
from core.terms import parse

METHODS = "Odds ratios of response came from logistic regression."
EVENTS_PER_PARAMETER = 10
"""Fewer patients in the rarer outcome per parameter than this are warned about (Peduzzi 1996)."""
COX_ONLY = "Weights, offset and clusters belong to the Cox model: this model does not use them."


@dataclass(frozen=True)
class OddsRow:
    """One row of a logistic table; as `core.survival.results.Row`, with an odds ratio."""

    term: str
    level: str | None
    reference: str | None
    n: int
    events: int
    coef: float | None = None
    std_error: float | None = None
    odds_ratio: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class TermTest:
    """Likelihood-ratio test of one term in the multivariable model."""

    term: str
    statistic: float | None
    df: int
    p_value: float | None


@dataclass(frozen=True)
class LogisticResult:
    """The logistic tables.

    Attributes
    ----------
    univariable, multivariable : tuple of OddsRow
    titles : dict of str to str
    n, events, parameters : int
        Of the multivariable model.
    intercept, log_likelihood : float or None
    lr_test : Test or None
        All terms together.
    terms : tuple of TermTest
    auc : float or None
        Area under the ROC curve on the same patients (apparent, not validated).
    limits : {"wald", "profile"}
    separated : bool
        Whether a coefficient has no finite estimate.
    """

    univariable: tuple[OddsRow, ...]
    multivariable: tuple[OddsRow, ...]
    titles: dict[str, str] = field(default_factory=dict)
    n: int = 0
    events: int = 0
    parameters: int = 0
    intercept: float | None = None
    log_likelihood: float | None = None
    lr_test: Test | None = None
    terms: tuple[TermTest, ...] = ()
    auc: float | None = None
    limits: str = "wald"
    separated: bool = False
    notes: tuple[Note, ...] = ()


def model(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> LogisticResult:
    """Logistic regression of the response on the terms, each alone and all together.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``response response_is terms estimator limits conf_level``.
    progress : callable

    Raises
    ------
    SpecError
        As `response`, or if a term cannot be made.
    """
    values = values_of(cohort, spec)
    y, known = values.hits(values.response), values.codes >= 0
    terms = [parse(text, cohort.dataset.variables) for text in spec.terms]
    if spec.response in {name for term in terms for name in (term.column, term.partner)}:
        raise SpecError("terms", f"'{spec.response}' is the response", "Leave it out of the terms")
    if any(term.form == "since" for term in terms):
        problem = "A term 'since' changes during the follow-up, and this model has no time"
        raise SpecError("terms", problem, "Leave it out here")
    made = blocks(cohort, spec)
    limits = "profile" if spec.estimator == "firth" else spec.limits or "wald"
    titles = {block.term.text: block.title for block in made}
    if not made:
        empty = info("terms", "No terms are chosen: there is no model to fit.")
        return LogisticResult((), (), notes=(*values.notes, empty), limits=limits)
    notes: list[Note] = []
    if spec.weights is not None or spec.offset is not None or spec.cluster is not None:
        notes.append(warning("logistic", COX_ONLY))
    univariable: list[OddsRow] = []
    mains = [block for block in made if not block.term.partner]
    for k, _ in enumerate(portions(len(mains), 1, part_of(progress, 0.0, 0.5))):
        found = _fit(spec, (mains[k],), y, known)
        univariable += _rows(spec, found)
        if len(made) > 1:
            notes += _fit_notes(found, "univariable")
    together = _fit(spec, made, y, known)
    notes = [*values.notes, *notes]
    result = _result(cohort, spec, together, tuple(univariable), titles, notes)
    progress(1.0)
    return result


@dataclass(frozen=True, eq=False)
class _Model:
    """A fit, its terms, and the patients it was made from."""

    fit: Logistic
    blocks: tuple[Block, ...]
    rows: np.ndarray
    y: np.ndarray


def _fit(spec: AnalysisSpec, made: Sequence[Block], y: np.ndarray, known: np.ndarray) -> _Model:
    rows = np.flatnonzero(np.logical_and.reduce([known, *(block.present for block in made)]))
    matrix = np.column_stack([block.matrix[rows] for block in made])
    firth = spec.estimator == "firth"
    if len(rows) == 0 or y[rows].all() or not y[rows].any():
        # Without both outcomes nothing can be estimated: fit no column at all.
        matrix = np.zeros_like(matrix)
    return _Model(logistic.fit(y[rows], matrix, firth=firth), tuple(made), rows, y[rows])


def _rows(spec: AnalysisSpec, found: _Model) -> list[OddsRow]:
    rows: list[OddsRow] = []
    k = 0
    for block in found.blocks:
        for j, level in enumerate(block.levels):
            members = (
                np.ones(len(found.rows), dtype=bool)
                if block.member is None
                else block.member[found.rows, j]
            )
            n, events = int(members.sum()), int((found.y & members).sum())
            named = (block.term.text, level, block.reference, n, events)
            rows.append(OddsRow(*named, *_estimate(spec, found.fit, k)))
            k += 1
    return rows


def _estimate(spec: AnalysisSpec, fit: Logistic, k: int) -> tuple[float | None, ...]:
    """Coefficient, its error, odds ratio with limits, and p-value of one column."""
    if fit.aliased[k] or fit.infinite[k]:
        return (None,) * 6
    coef, error = float(fit.beta[k]), float(fit.std_error[k])
    level = conventions(spec).conf_level
    if spec.estimator == "firth" or spec.limits == "profile":
        low, high = fit.limits(k, level)
        p = chi2_p(fit.change([k])[0], 1)
    else:
        wide = normal_quantile(level) * error
        low, high, p = coef - wide, coef + wide, float(2 * special.ndtr(-abs(coef / error)))
    ratio, *ends = ratios([coef, low, high])
    low_end, high_end = (None if np.isnan(v) else v for v in ends)
    return coef, error, ratio, low_end, high_end, p


def _result(
    cohort: Cohort,
    spec: AnalysisSpec,
    found: _Model,
    univariable: tuple[OddsRow, ...],
    titles: dict[str, str],
    notes: list[Note],
) -> LogisticResult:
    fit, n, events = found.fit, len(found.rows), int(found.y.sum())
    rows = tuple(_rows(spec, found))
    limits = "profile" if spec.estimator == "firth" else spec.limits or "wald"
    notes = [*_fit_notes(found, "multivariable"), *notes]
    if not 0 < events < n or fit.df == 0:
        text = "All patients of the model have the same response, or no term varies."
        notes.insert(0, warning("multivariable", f"{text} Nothing can be estimated."))
        return LogisticResult(
            univariable, rows, titles, n, events, limits=limits, notes=tuple(notes)
        )
    change, df = fit.change(range(len(fit.beta)))
    tests, k = [], 0
    for block in found.blocks:
        statistic, held = fit.change(range(k, k + len(block.levels)))
        k += len(block.levels)
        if held:
            tests.append(TermTest(block.term.text, statistic, held, chi2_p(statistic, held)))
        else:
            tests.append(TermTest(block.term.text, None, 0, None))
    notes += _count_notes(cohort, found)
    return LogisticResult(
        univariable,
        rows,
        titles,
        n,
        events,
        fit.df,
        fit.intercept,
        fit.log_likelihood,
        Test("lr", change, df, chi2_p(change, df), chi2_log10_p(change, df)),
        tuple(tests),
        _auc(found),
        limits,
        bool(fit.infinite.any()),
        tuple(notes),
    )


def _auc(found: _Model) -> float:
    """Probability that a responder has a higher fitted probability than a non-responder."""
    # Fitted values that differ by rounding alone are ties.
    ranks = stats.rankdata(np.round(found.fit.fitted, 12))
    responders, others = int(found.y.sum()), int((~found.y).sum())
    above = float(ranks[found.y].sum()) - responders * (responders + 1) / 2
    return above / (responders * others)


def _count_notes(cohort: Cohort, found: _Model) -> list[Note]:
    notes: list[Note] = []
    fewer = int(min(found.y.sum(), (~found.y).sum()))
    if fewer < EVENTS_PER_PARAMETER * found.fit.df:
        text = (
            f"{fewer} patients in the rarer outcome for {found.fit.df} parameters "
            f"({fewer / found.fit.df:.1f} each): with fewer than {EVENTS_PER_PARAMETER} the "
            "estimates are unstable."
        )
        notes.append(warning("events", text))
    if len(found.rows) < cohort.n:
        text = (
            f"The multivariable model has {len(found.rows)} of {cohort.n} patients: the others "
            "lack a value of a term or of the response."
        )
        notes.append(info("n", text))
    return notes


def _fit_notes(found: _Model, about: str) -> list[Note]:
    """Which coefficients are missing from the table, and why."""
    notes: list[Note] = []
    k = 0
    for block in found.blocks:
        columns = range(k, k + len(block.levels))
        k += len(block.levels)
        if any(found.fit.aliased[c] for c in columns) or not block.levels:
            text = (
                f"{block.title}: not estimated, because it does not vary among these patients or "
                "the other terms determine it."
            )
            notes.append(warning(about, text))
        if any(found.fit.infinite[c] for c in columns):
            text = (
                f"{block.title}: no finite odds ratio, because the responders are perfectly "
                "separated. Firth's method gives a finite estimate."
            )
            notes.append(warning(about, text))
    return notes
