"""Missing covariates: who is left out of the model because of what, and how they differ.

Methods
-------
A model of complete cases leaves out every patient who lacks one of its terms, its stratum or its
weight. Those left out are compared with the others by a Cox model with one indicator (time to the
event, with the ties, strata and entries of the analysis), and column by column of the terms that
are known: the difference of the means in standard deviations, (mean out - mean in) / sqrt((var out
+ var in) / 2), for a level of a category that of its shares.

References
----------
White IR, Carlin JB. Stat Med 2010;29:2920-2931 (when complete cases are enough). Austin PC. Stat
Med 2009;28:3083-3107 (standardised differences).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.known import check_terms
from core.notes import Note, counted, info, warning
from core.spec import AnalysisSpec
from core.survival.design import Block, blocks
from core.survival.fitted import fit_model, rows_of, who_has
from core.survival.results import Row
from core.survival.split import split
from core.terms import Term

MOST_PATTERNS = 8
FEW = 10
"""Fewer patients on either side than this are not compared column by column."""
METHODS = (
    "Patients with a missing covariate were left out of the multivariable model (complete cases)."
)


@dataclass(frozen=True)
class MissingTerm:
    """How often a term is missing.

    Attributes
    ----------
    term, label : str
        As the spec names it, and as the screen does.
    n, events : int
        Patients who lack it, and events among them.
    only : int
        Of these, patients who lack nothing else: leaving the term out would bring them back.
    """

    term: str
    label: str
    n: int
    events: int
    only: int


@dataclass(frozen=True)
class Pattern:
    """What is missing together: the terms, and the patients and events it holds for."""

    terms: tuple[str, ...]
    n: int
    events: int


@dataclass(frozen=True)
class Difference:
    """One column of a known term among those in the model and those left out.

    Attributes
    ----------
    term, label : str
    level : str or None
    mean_in, mean_out : float
        Means, or shares of a level, of those who have the term.
    n_out : int
        Patients left out who have it.
    standardised : float or None
        Difference in standard deviations; None where nothing varies.
    """

    term: str
    label: str
    level: str | None
    mean_in: float
    mean_out: float
    n_out: int
    standardised: float | None


@dataclass(frozen=True, eq=False)
class MissingResult:
    """Who a model of complete cases leaves out.

    Attributes
    ----------
    n, events : int
        Patients of the cohort.
    n_complete, events_complete : int
        Those who have everything.
    terms : tuple of MissingTerm
        Every term, in order; interactions are missing with their parts and are left out.
    other : int
        Patients who have all terms and lack a stratum, a weight, an offset or a cluster.
    patterns : tuple of Pattern
        The most frequent ones first.
    left_out : Row or None
        Hazard ratio of those left out against the others; None where either side is empty.
    differences : tuple of Difference
    notes : tuple of Note
    """

    n: int
    events: int
    n_complete: int
    events_complete: int
    terms: tuple[MissingTerm, ...]
    other: int
    patterns: tuple[Pattern, ...]
    left_out: Row | None
    differences: tuple[Difference, ...]
    notes: tuple[Note, ...] = ()


def missing(cohort: Cohort, spec: AnalysisSpec) -> MissingResult:
    """Count who lacks what and compare those left out with the others.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms strata ties weights offset cluster conf_level``.

    Returns
    -------
    MissingResult

    Raises
    ------
    SpecError
        If a term cannot be used.
    """
    cohort = split(cohort, spec)
    made = [block for block in blocks(cohort, spec) if not block.term.partner]
    event = cohort.event
    if not made:
        empty = info("terms", "No terms are chosen: there is no model to fit.")
        return MissingResult(
            cohort.n, int(event.sum()), cohort.n, int(event.sum()), (), 0, (), None, (), (empty,)
        )
    inside = np.zeros(cohort.n, dtype=bool)
    inside[who_has(cohort, made, spec)] = True
    lacks = np.column_stack([~block.present for block in made])
    return MissingResult(
        n=cohort.n,
        events=int(event.sum()),
        n_complete=int(inside.sum()),
        events_complete=int(event[inside].sum()),
        terms=tuple(_term(block, lacks, i, event) for i, block in enumerate(made)),
        other=int((~inside & ~lacks.any(axis=1)).sum()),
        patterns=_patterns(made, lacks, event),
        left_out=_left_out(cohort, spec, ~inside),
        differences=tuple(d for block in made for d in _differences(block, inside)),
        notes=_notes(cohort, spec, inside),
    )


def _term(block: Block, lacks: np.ndarray, i: int, event: np.ndarray) -> MissingTerm:
    gone = lacks[:, i]
    only = gone & (lacks.sum(axis=1) == 1)
    return MissingTerm(
        block.term.text, block.title, int(gone.sum()), int(event[gone].sum()), int(only.sum())
    )


def _patterns(made: list[Block], lacks: np.ndarray, event: np.ndarray) -> tuple[Pattern, ...]:
    rows = [tuple(np.flatnonzero(row).tolist()) for row in lacks]
    n = Counter(rows)
    events = Counter(row for row, e in zip(rows, event, strict=True) if e)
    order = sorted((row for row in n if row), key=lambda row: (-n[row], row))
    return tuple(
        Pattern(tuple(made[i].term.text for i in row), n[row], events[row])
        for row in order[:MOST_PATTERNS]
    )


def _left_out(cohort: Cohort, spec: AnalysisSpec, gone: np.ndarray) -> Row | None:
    if not gone.any() or gone.all():
        return None
    block = Block(Term("", text="left out"), "Left out", gone[:, None].astype(float), (None,))
    asked = spec.but(estimator=None, weights=None, offset=None, cluster=None, limits=None)
    return rows_of(cohort, asked, fit_model(cohort, asked, (block,)))[0]


def _differences(block: Block, inside: np.ndarray) -> list[Difference]:
    """The columns of a term that means say something about."""
    known = block.present
    out = known & ~inside
    if min(out.sum(), inside.sum()) < FEW or block.term.form in ("spline", "poly"):
        return []
    found = []
    for j, level in enumerate(block.levels):
        a, b = block.matrix[inside, j], block.matrix[out, j]
        spread = np.sqrt((a.var(ddof=1) + b.var(ddof=1)) / 2)
        apart = float((b.mean() - a.mean()) / spread) if spread > 0 else None
        found.append(
            Difference(
                block.term.text, block.title, level, float(a.mean()), float(b.mean()),
                int(out.sum()), apart,
            )
        )  # fmt: skip
    return found


def _notes(cohort: Cohort, spec: AnalysisSpec, inside: np.ndarray) -> tuple[Note, ...]:
    notes = [*check_terms(cohort.source, spec)]
    lost = cohort.n - int(inside.sum())
    if lost > 0.05 * cohort.n:
        text = (
            f"{counted(lost, 'patient')} of {cohort.n:,} ({100 * lost / cohort.n:.0f}%) are left "
            "out of the multivariable model for a missing value: it describes the others only."
        )
        notes.append(warning("missing", text))
    return tuple(notes)
