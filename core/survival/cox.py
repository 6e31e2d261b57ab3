"""Cox proportional hazards models: the displayed groups, univariable and multivariable tables.

Methods
-------
Efron's approximation for ties by default (as R; SPSS uses Breslow's, ``ties=breslow``). Wald tests
and limits on the log scale; with ``estimator=firth`` the penalised likelihood of
`core.survival.firth` instead. A univariable model uses the patients who have its term, the
multivariable model those who have all terms; strata have their own baseline hazards. The test of
proportional hazards is the score test of R's ``cox.zph`` (survival 3 and later), always of the
model without penalty. With ``select`` the multivariable model is what `core.survival.selection`
leaves of the terms.

References
----------
Cox DR. J R Stat Soc B 1972;34:187-220. Efron B. J Am Stat Assoc 1977;72:557-565.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.spec import AnalysisSpec
from core.survival import newton, selection
from core.survival.concordance import concordance
from core.survival.design import Block, blocks, group_block
from core.survival.firth import FirthFit
from core.survival.fitted import Model, fit_model, fit_notes, rows_of, who_has
from core.survival.proportional import PHTest, proportional_hazards
from core.survival.results import Row, Test
from core.survival.selection import Step
from core.survival.tails import chi2_log10_p, chi2_p

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
    lr_test : Test or None
        Likelihood-ratio test of all coefficients together.
    concordance : float or None
        Harrell's C of the multivariable model on the same patients (apparent, not validated).
    proportional_hazards : tuple of PHTest
        A row per term, then ``GLOBAL``.
    selection : tuple of Step
        What entered and left, in order; empty without ``select``.
    """

    univariable: tuple[Row, ...]
    multivariable: tuple[Row, ...]
    titles: dict[str, str]
    n: int
    events: int
    parameters: int
    log_likelihood: float | None
    lr_test: Test | None
    concordance: float | None
    proportional_hazards: tuple[PHTest, ...]
    notes: tuple[Note, ...]
    selection: tuple[Step, ...] = ()


def model(cohort: Cohort, spec: AnalysisSpec) -> CoxResult:
    """Fit every term alone and all terms together.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms strata ties estimator select conf_level``.

    Returns
    -------
    CoxResult

    Raises
    ------
    SpecError
        If a term or the rule of the selection cannot be used.
    """
    rule = selection.parse(spec)
    made = blocks(cohort, spec)
    notes: list[Note] = []
    univariable: list[Row] = []
    for block in made:
        if not block.term.partner:
            alone = fit_model(cohort, spec, (block,))
            univariable.extend(rows_of(cohort, spec, alone))
            if len(made) > 1:
                notes.extend(fit_notes(alone, "univariable"))
    titles = {block.term.text: block.title for block in made}
    if not made:
        empty = info("terms", "No terms are chosen: there is no model to fit.")
        return CoxResult((), (), {}, cohort.n, cohort.n_events, 0, None, None, None, (), (empty,))
    if rule is not None:
        return _selected(cohort, spec, rule, made, univariable, titles, notes)
    together = fit_model(cohort, spec, made)
    notes = [*fit_notes(together, "multivariable"), *notes]
    return _result(cohort, spec, together, univariable, titles, notes)


def hazard_ratios(cohort: Cohort, spec: AnalysisSpec) -> tuple[tuple[Row, ...], tuple[Note, ...]]:
    """Hazard ratios of the displayed groups against the first one.

    Returns
    -------
    rows : tuple of Row
    notes : tuple of Note
    """
    found = fit_model(cohort, spec, (group_block(cohort),))
    return tuple(rows_of(cohort, spec, found)), tuple(fit_notes(found, "groups"))


def _selected(
    cohort: Cohort,
    spec: AnalysisSpec,
    rule: selection.Rule,
    made: list[Block],
    univariable: list[Row],
    titles: dict[str, str],
    notes: list[Note],
) -> CoxResult:
    """The result when the terms of the multivariable model are selected."""
    rows = who_has(cohort, made)
    chosen, steps = selection.select(cohort, spec, rule, made, rows)
    notes.append(
        warning(
            "select",
            f"{len(chosen)} of {len(made)} terms were selected by their p-values: the p-values and "
            "the confidence intervals of the multivariable model are too small and too narrow.",
        )
    )
    candidates = sum(len(block.levels) for block in made)
    if chosen:
        found = fit_model(cohort, spec, chosen, rows)
        notes[:0] = fit_notes(found, "multivariable")
        result = _result(cohort, spec, found, univariable, titles, notes, candidates=candidates)
        return dataclasses.replace(result, selection=steps)
    notes += _count_notes(cohort, rows, candidates, "candidate parameters")
    events = int(cohort.event[rows].sum())
    return CoxResult(
        tuple(univariable), (), titles, len(rows), events, 0, None, None, None, (), tuple(notes),
        steps,
    )  # fmt: skip


def _result(
    cohort: Cohort,
    spec: AnalysisSpec,
    found: Model,
    univariable: list[Row],
    titles: dict[str, str],
    notes: list[Note],
    *,
    candidates: int | None = None,
) -> CoxResult:
    events = int(cohort.event[found.rows].sum())
    df = found.fit.df
    if events == 0 or df == 0:
        return CoxResult(
            tuple(univariable), tuple(rows_of(cohort, spec, found)), titles, len(found.rows),
            events, df, None, None, None, (), tuple(notes),
        )  # fmt: skip
    counted = (df, "parameters") if candidates is None else (candidates, "candidate parameters")
    notes += _count_notes(cohort, found.rows, *counted)
    change = max(2 * (found.fit.log_likelihood - found.fit.log_likelihood_null), 0.0)
    lr_test = Test("lr", change, df, chi2_p(change, df), chi2_log10_p(change, df))
    ordinary = found.fit
    if isinstance(found.fit, FirthFit):
        ordinary = newton.fit(found.sets, found.matrix)
        notes.append(info("proportional_hazards", PH_OF_FIRTH))
    tests, ph_notes = proportional_hazards(
        cohort, found.sets, found.matrix, ordinary, found.rows,
        [(b.term.text, b.matrix.shape[1]) for b in found.blocks],
    )  # fmt: skip
    return CoxResult(
        tuple(univariable),
        tuple(rows_of(cohort, spec, found)),
        titles,
        len(found.rows),
        events,
        df,
        found.fit.log_likelihood,
        lr_test,
        _concordance(cohort, found),
        tests,
        (*notes, *ph_notes),
    )


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
        notes.append(
            info(
                "n",
                f"The multivariable model has {len(rows)} of {cohort.n} patients: the "
                "others lack a value of a term or a stratum.",
            )
        )
    return notes


def _concordance(cohort: Cohort, found: Model) -> float | None:
    rows = found.rows
    return concordance(
        cohort.time[rows],
        cohort.event[rows],
        found.matrix @ found.fit.beta,
        entry=None if cohort.entry is None else cohort.entry[rows],
        strata=None if cohort.strata is None else cohort.strata[rows],
    )
