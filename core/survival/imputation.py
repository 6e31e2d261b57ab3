"""The Cox model with missing covariates imputed, beside that of the complete cases.

Methods
-------
Missing covariates are imputed several times by chained equations (`core.survival.chained`), the
model is fitted to each completed table, and the estimates are pooled by Rubin's rules
(`core.survival.pooling`). It is assumed that values are missing at random: that who lacks a value
depends on what is known of the patient, not on the value. Interactions are the products of imputed
columns; the imputation does not know of them.

References
----------
White IR, Royston P. Stat Med 2009;28:1982-1998. Sterne JAC et al. BMJ 2009;338:b2393.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.errors import SpecError
from core.known import check_terms
from core.notes import Note, info, warning
from core.progress import Progress, portions, quiet
from core.spec import AnalysisSpec
from core.survival.chained import Column, columns_of, cycles_of, imputed_columns
from core.survival.conventions import conventions
from core.survival.design import Block, blocks
from core.survival.fitted import Model, fit_model, rows_of, who_has
from core.survival.pooling import PooledRow, pool_rows
from core.survival.results import Row
from core.survival.split import split

IMPUTATIONS = 20
PURPOSE = 32
MUCH = 0.5
"""Share of missing information above which an estimate rests on the imputation."""
METHODS = (
    "Missing covariates were imputed by chained equations with the event indicator and the "
    "Nelson-Aalen cumulative hazard among the predictors, and the estimates were pooled by Rubin's "
    "rules."
)


@dataclass(frozen=True, eq=False)
class ImputedResult:
    """A Cox model of complete cases and one of all patients.

    Attributes
    ----------
    complete : tuple of Row
        The multivariable model of those who have everything.
    n_complete, events_complete : int
    pooled : tuple of PooledRow
        The model of all, pooled; empty where nothing was imputed.
    n, events : int
        Patients of the pooled model.
    imputations : int
        Imputed tables; 0 where nothing was imputed.
    imputed : dict of str to int
        Imputed values of each column.
    titles : dict of str to str
        How each term is called on the screen.
    notes : tuple of Note
    """

    complete: tuple[Row, ...]
    n_complete: int
    events_complete: int
    pooled: tuple[PooledRow, ...]
    n: int
    events: int
    imputations: int
    imputed: dict[str, int]
    titles: dict[str, str]
    notes: tuple[Note, ...] = ()


def imputed(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> ImputedResult:
    """Fit the model to complete cases and, with ``missing=impute``, to imputed tables.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms missing imputations seed strata ties estimator weights offset cluster
        conf_level``; 20 imputations where it says nothing.
    progress : callable

    Returns
    -------
    ImputedResult

    Raises
    ------
    SpecError
        If there are no terms, or they cannot be imputed.
    """
    _refuse(cohort, spec)
    cohort = split(cohort, spec)
    made = blocks(cohort, spec)
    if not made:
        raise SpecError("terms", "There are no terms to make a model of", "Choose some terms")
    result = _complete(cohort, spec, made)
    columns = columns_of(cohort, [block.term for block in made if not block.term.partner])
    gaps = {c.name: int(c.missing.sum()) for c in columns if c.missing.any()}
    if spec.missing != "impute" or not gaps:
        text = (
            "Nothing was imputed: the model is that of complete cases (missing=complete)."
            if gaps
            else "No term has missing values: there is nothing to impute."
        )
        return dataclasses.replace(result, notes=(*result.notes, info("missing", text)))
    m = IMPUTATIONS if spec.imputations is None else int(spec.imputations)
    models = _fitted(cohort, spec, made, columns, m, progress)
    events = int(cohort.event[models[0].rows].sum())
    pooled = pool_rows(
        [rows_of(cohort, spec.but(limits=None), found) for found in models],
        max(events - models[0].fit.df, 1),
        conventions(spec).conf_level,
    )
    return dataclasses.replace(
        result,
        pooled=tuple(pooled),
        n=len(models[0].rows),
        events=events,
        imputations=m,
        imputed=gaps,
        notes=(*result.notes, *_notes(spec, made, pooled, m)),
    )


def _complete(cohort: Cohort, spec: AnalysisSpec, made: Sequence[Block]) -> ImputedResult:
    """The model of complete cases, with nothing imputed."""
    asked = spec.but(limits=None)
    alone = fit_model(cohort, asked, made)
    n, events = len(alone.rows), int(cohort.event[alone.rows].sum())
    return ImputedResult(
        complete=tuple(rows_of(cohort, asked, alone)),
        n_complete=n,
        events_complete=events,
        pooled=(),
        n=n,
        events=events,
        imputations=0,
        imputed={},
        titles={block.term.text: block.title for block in made},
        notes=check_terms(cohort.source, spec),
    )


def _fitted(
    cohort: Cohort,
    spec: AnalysisSpec,
    made: Sequence[Block],
    columns: Sequence[Column],
    m: int,
    progress: Progress,
) -> list[Model]:
    """The model of each imputed table."""
    asked = spec.but(limits=None)
    seed = int(spec.seed if spec.seed is not None else 1)
    work = imputed_columns(cohort, columns, np.random.default_rng([seed, PURPOSE]))
    models: list[Model] = []
    for _ in portions(m * cycles_of(columns), 1, progress):
        lent = next(work)
        if lent is not None:
            completed = complete_blocks(made, lent)
            rows = who_has(cohort, completed, spec)
            models.append(fit_model(cohort, asked, completed, rows))
    return models


def complete_blocks(made: Sequence[Block], lent: dict[str, np.ndarray]) -> list[Block]:
    """The terms of an imputed table.

    Parameters
    ----------
    made : sequence of Block
        The terms with gaps.
    lent : dict of str to numpy.ndarray of int, shape (n,)
        For each column the patient whose value each patient has.
    """
    mains = [_completed(b, lent[b.term.column]) for b in made if not b.term.partner]
    by_column: dict[str, Block] = {}
    for block in mains:
        by_column.setdefault(block.term.column, block)
    products = [
        dataclasses.replace(b, matrix=_product(by_column[b.term.column], by_column[b.term.partner]))
        for b in made
        if b.term.partner
    ]
    return [*mains, *products]


def _completed(block: Block, whose: np.ndarray) -> Block:
    return dataclasses.replace(
        block,
        matrix=block.matrix[whose],
        member=None if block.member is None else block.member[whose],
        known=None if block.known is None else block.known[whose],
    )


def _product(a: Block, b: Block) -> np.ndarray:
    """Columns of an interaction, those of the first term running fastest."""
    both = b.matrix[:, :, None] * a.matrix[:, None, :]
    return np.asarray(both.reshape(len(both), -1))


def _refuse(cohort: Cohort, spec: AnalysisSpec) -> None:
    if spec.missing != "impute":
        return
    if cohort.included.n_patients != cohort.n or any(":since" in text for text in spec.terms):
        raise SpecError(
            "missing",
            "Values that change over time cannot be imputed here",
            "Take missing=complete, or one row per patient and terms without 'since'",
        )
    if spec.estimator == "firth":
        raise SpecError(
            "missing",
            "Rubin's rules pool estimates of the ordinary Cox model, not of Firth's method",
            "Take missing=complete, or estimator=cox",
        )


def _notes(
    spec: AnalysisSpec, made: Sequence[Block], pooled: Sequence[PooledRow], m: int
) -> list[Note]:
    text = (
        f"{m} imputations, assuming that values are missing at random: who lacks a value depends "
        "on what is known of the patient, not on the value itself. The outcome was not imputed."
    )
    notes = [info("missing", text)]
    if any(row.coef is None for row in pooled):
        text = (
            "A coefficient has no finite estimate in at least one imputed table and was not pooled."
        )
        notes.append(warning("missing", text))
    worst = max((row.missing_information or 0.0 for row in pooled), default=0.0)
    if worst > MUCH:
        text = (
            f"Up to {100 * worst:.0f}% of the information about a coefficient is missing: it rests "
            "on the imputation more than on the data."
        )
        notes.append(warning("missing", text))
    if 100 * worst > m:
        text = (
            f"{m} imputations are few for {100 * worst:.0f}% of missing information: take at least "
            f"{int(np.ceil(100 * worst))}, so that another seed gives the same table."
        )
        notes.append(warning("imputations", text))
    if any(block.term.partner for block in made):
        text = "The imputation knows of no interaction: interactions are pulled towards none."
        notes.append(warning("terms", text))
    if (spec.select or "none") != "none":
        text = "All terms are in the models here: no selection is made in imputed tables."
        notes.append(info("select", text))
    if spec.limits == "profile":
        text = "Pooled limits are Wald's: profile likelihoods cannot be pooled."
        notes.append(info("limits", text))
    return notes
