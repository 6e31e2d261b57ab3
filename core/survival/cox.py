"""Cox proportional hazards models: the displayed groups, univariable and multivariable tables.

Methods
-------
Efron's approximation for ties by default (as R; SPSS uses Breslow's, ``ties=breslow``). Wald tests
and limits on the log scale; with ``estimator=firth`` the penalised likelihood of
`core.survival.firth` instead. A univariable model uses the patients who have its term, the
multivariable model those who have all terms; strata have their own baseline hazards. The test of
proportional hazards is the score test of R's ``cox.zph`` (survival 3 and later), always of the
model without penalty. Case weights, an offset and clusters are those of R's coxph: weights that are
no counts, and clusters, bring the robust variance of `core.survival.robust`. ``limits=profile``
takes limits and tests of single coefficients from the profile likelihood. With ``select`` the
multivariable model is what `core.survival.selection` leaves of the terms.

References
----------
Cox DR. J R Stat Soc B 1972;34:187-220. Efron B. J Am Stat Assoc 1977;72:557-565.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.known import check_terms
from core.notes import Note, info, warning
from core.spec import AnalysisSpec
from core.survival import extras, newton, selection
from core.survival.concordance import concordance
from core.survival.design import Block, blocks, group_block
from core.survival.firth import FirthFit
from core.survival.fitted import Model, fit_model, fit_notes, rows_of, who_has
from core.survival.logrank import adjust
from core.survival.proportional import PHTest, proportional_hazards
from core.survival.results import Row, Test
from core.survival.selection import Step
from core.survival.split import split
from core.survival.term_tests import TermTest, model_tests

EVENTS_PER_PARAMETER = 10
"""Fewer events per parameter than this is warned about (Peduzzi 1995)."""
PH_OF_FIRTH = (
    "The test of proportional hazards is that of the ordinary Cox model: none is known for Firth's "
    "method."
)


@dataclass(frozen=True, eq=False)
class CoxResult:
    """The Cox page.

    Attributes
    ----------
    univariable, multivariable : tuple of Row
        In the order of the terms; univariable rows leave interactions out.
    titles : dict of str to str
        How each term is called on the screen.
    n, events : int
        Patients and events of the multivariable model.
    parameters : int
        Its coefficients.
    log_likelihood : float or None
    lr_test, wald_test, score_test : Test or None
        Tests of all coefficients together. Wald's uses the robust variance where there is one, the
        others assume independent cases; Firth's method has the (penalised) likelihood ratio only.
    robust_score_test : Test or None
        With robust variances only.
    concordance : float or None
        Harrell's C of the multivariable model on the same patients (apparent, not validated).
    proportional_hazards : tuple of PHTest
        A row per term, then ``GLOBAL``.
    selection : tuple of Step
        What entered and left, in order; empty without ``select``.
    terms : tuple of TermTest
        Tests of each term of the multivariable model.
    separated : bool
        Whether a coefficient of the ordinary model has no finite maximum: Firth's method has one.
    robust : bool
        Whether standard errors are robust ones.
    """

    univariable: tuple[Row, ...]
    multivariable: tuple[Row, ...]
    titles: dict[str, str]
    n: int
    events: int
    parameters: int
    log_likelihood: float | None = None
    lr_test: Test | None = None
    concordance: float | None = None
    proportional_hazards: tuple[PHTest, ...] = ()
    notes: tuple[Note, ...] = ()
    selection: tuple[Step, ...] = ()
    wald_test: Test | None = None
    score_test: Test | None = None
    robust_score_test: Test | None = None
    terms: tuple[TermTest, ...] = ()
    separated: bool = False
    robust: bool = False

    @property
    def univariable_adjusted(self) -> tuple[float | None, ...]:
        """The p-values of the univariable rows after Holm's correction for their number."""
        return tuple(adjust([row.p_value for row in self.univariable], "holm"))


def model(cohort: Cohort, spec: AnalysisSpec) -> CoxResult:
    """Fit every term alone and all terms together.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms strata ties estimator select weights offset cluster limits conf_level``.

    Returns
    -------
    CoxResult

    Raises
    ------
    SpecError
        If a term or the rule of the selection cannot be used.
    """
    rule = selection.parse(spec)
    cohort = split(cohort, spec)
    made = blocks(cohort, spec)
    if not made:
        empty = info("terms", "No terms are chosen: there is no model to fit.")
        return CoxResult((), (), {}, cohort.n, cohort.n_events, 0, notes=(empty,))
    singles = [fit_model(cohort, spec, (b,)) for b in made if not b.term.partner]
    alone = CoxResult(
        tuple(row for found in singles for row in rows_of(cohort, spec, found)), (),
        {block.term.text: block.title for block in made}, 0, 0, 0,
        separated=any(bool(found.fit.infinite.any()) for found in singles),
        robust=singles[0].groups is not None,
    )  # fmt: skip
    notes = [note for block in made for note in block.notes]
    notes += [*check_terms(cohort.source, spec), *extras.notes(cohort, spec)]
    if len(made) > 1:
        notes += [note for found in singles for note in fit_notes(found, "univariable")]
    if rule is not None:
        return _selected(cohort, spec, rule, made, alone, notes)
    together = fit_model(cohort, spec, made) if len(made) > 1 else singles[0]
    notes = [*fit_notes(together, "multivariable"), *notes]
    return _result(cohort, spec, together, alone, notes)


def hazard_ratios(cohort: Cohort, spec: AnalysisSpec) -> tuple[tuple[Row, ...], tuple[Note, ...]]:
    """Hazard ratios of the displayed groups against the first one, each patient counted once.

    Returns
    -------
    rows : tuple of Row
    notes : tuple of Note
    """
    spec = extras.plain(spec)
    found = fit_model(cohort, spec, (group_block(cohort),))
    return tuple(rows_of(cohort, spec, found)), tuple(fit_notes(found, "groups"))


def _selected(
    cohort: Cohort,
    spec: AnalysisSpec,
    rule: selection.Rule,
    made: list[Block],
    alone: CoxResult,
    notes: list[Note],
) -> CoxResult:
    """The result when the terms of the multivariable model are selected."""
    rows = who_has(cohort, made, spec)
    chosen, steps = selection.select(cohort, spec, rule, made, rows)
    notes.append(
        warning(
            "select",
            f"{len(chosen)} of {len(made)} terms were selected by a rule: the p-values and "
            "the confidence intervals of the multivariable model are too small and too narrow.",
        )
    )
    candidates = sum(len(block.levels) for block in made)
    if chosen:
        found = fit_model(cohort, spec, chosen, rows)
        notes[:0] = fit_notes(found, "multivariable")
        result = _result(cohort, spec, found, alone, notes, candidates=candidates)
        return dataclasses.replace(result, selection=steps)
    notes += _count_notes(cohort, rows, candidates, "candidate parameters")
    events = int(cohort.event[rows].sum())
    return dataclasses.replace(
        alone, n=len(rows), events=events, notes=tuple(notes), selection=steps
    )


def _result(
    cohort: Cohort,
    spec: AnalysisSpec,
    found: Model,
    alone: CoxResult,
    notes: list[Note],
    *,
    candidates: int | None = None,
) -> CoxResult:
    """Add the multivariable model to what the univariable ones gave."""
    events = int(cohort.event[found.rows].sum())
    df = found.fit.df
    result = dataclasses.replace(
        alone, multivariable=tuple(rows_of(cohort, spec, found)), n=len(found.rows), events=events,
        parameters=df, notes=tuple(notes),
    )  # fmt: skip
    if events == 0 or df == 0:
        return result
    counted = (df, "parameters") if candidates is None else (candidates, "candidate parameters")
    notes += _count_notes(cohort, found.rows, *counted)
    ordinary = found.fit
    if isinstance(found.fit, FirthFit):
        ordinary = newton.fit(found.sets, found.matrix)
        notes.append(info("proportional_hazards", PH_OF_FIRTH))
    tests, ph_notes = proportional_hazards(
        cohort, found.sets, found.matrix, ordinary, found.rows,
        [(b.term.text, b.matrix.shape[1]) for b in found.blocks],
    )  # fmt: skip
    whole = model_tests(found)
    return dataclasses.replace(
        result, log_likelihood=found.fit.log_likelihood, lr_test=whole.lr, wald_test=whole.wald,
        score_test=whole.score, robust_score_test=whole.robust_score, terms=whole.terms,
        concordance=_concordance(cohort, found), proportional_hazards=tests,
        separated=alone.separated or bool(ordinary.infinite.any()), notes=(*notes, *ph_notes),
    )  # fmt: skip


def _count_notes(cohort: Cohort, rows: np.ndarray, parameters: int, called: str) -> list[Note]:
    """Say when events are few for so many parameters, and when patients are left out."""
    notes: list[Note] = []
    events = int(cohort.event[rows].sum())
    if events < EVENTS_PER_PARAMETER * parameters:
        notes.append(
            warning(
                "events",
                f"{events} events for {parameters} {called} ({events / parameters:.1f} each): with "
                f"fewer than {EVENTS_PER_PARAMETER} the estimates are unstable.",
            )
        )
    if len(rows) < cohort.n:
        called_rows = "patients" if cohort.included.n_patients == cohort.n else "intervals"
        notes.append(
            info(
                "n",
                f"The multivariable model has {len(rows)} of {cohort.n} {called_rows}: the "
                "others lack a value of a term, a stratum, a weight, an offset or a cluster.",
            )
        )
    return notes


def _concordance(cohort: Cohort, found: Model) -> float | None:
    rows = found.rows
    predictor = found.matrix @ found.fit.beta
    if found.sets.offset is not None:
        predictor[found.sets.order] += found.sets.offset
    return concordance(
        cohort.time[rows],
        cohort.event[rows],
        predictor,
        entry=None if cohort.entry is None else cohort.entry[rows],
        strata=None if cohort.strata is None else cohort.strata[rows],
    )
