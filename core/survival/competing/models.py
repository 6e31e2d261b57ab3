"""Cause-specific and subdistribution hazard ratios, side by side, on the same patients."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.spec import AnalysisSpec
from core.survival.competing import fine_gray
from core.survival.competing.events import Cause
from core.survival.cox import EVENTS_PER_PARAMETER
from core.survival.design import Block, blocks, group_block
from core.survival.fitted import Model, fit_model, fit_notes, rows_of
from core.survival.results import Row


@dataclass(frozen=True)
class Effects:
    """Hazard ratios of one cause.

    Attributes
    ----------
    model : {"groups", "terms"}
        Of the displayed groups, or of the terms of the spec together.
    cause : int
    n, events : int
        Patients of the model, and those among them who had the cause.
    cause_specific : tuple of Row
        Empty where nobody had the cause.
    subdistribution : tuple of Row
        Empty there and with delayed entry.
    """

    model: str
    cause: int
    n: int
    events: int
    cause_specific: tuple[Row, ...]
    subdistribution: tuple[Row, ...]


def effects(
    cohort: Cohort,
    spec: AnalysisSpec,
    status: np.ndarray,
    causes: Sequence[Cause],
    *,
    subdistribution: bool,
) -> tuple[tuple[Effects, ...], dict[str, str], tuple[Note, ...]]:
    """Fit every cause by both models.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms strata ties estimator conf_level`` and the profile.
    status : numpy.ndarray of int, shape (n,)
        0 censored, else the cause from 1.
    causes : sequence of Cause
    subdistribution : bool
        Whether Fine and Gray's model is defined for these data.

    Returns
    -------
    effects : tuple of Effects
        By model, then by cause.
    titles : dict of str to str
        How each term is called on the screen.
    notes : tuple of Note
    """
    # Both models must answer for the same patients, each counted once.
    plain = spec.but(weights=None, cluster=None, offset=None, limits=None, missing=None)
    asked: dict[str, list[Block]] = {}
    if len(cohort.groups.levels) > 1:
        asked["groups"] = [group_block(cohort)]
    if spec.terms:
        asked["terms"] = blocks(cohort, spec)
    found: list[Effects] = []
    notes: list[Note] = []
    for name, made in asked.items():
        for cause in causes:
            one, said = _both(cohort, plain, status, cause, (name, made), subdistribution)
            found.append(one)
            notes.extend(said)
    titles = {b.term.text: b.title for made in asked.values() for b in made}
    return tuple(found), titles, tuple(dict.fromkeys(notes))


def _both(
    cohort: Cohort,
    spec: AnalysisSpec,
    status: np.ndarray,
    cause: Cause,
    asked: tuple[str, list[Block]],
    subdistribution: bool,
) -> tuple[Effects, list[Note]]:
    name, made = asked
    included = dataclasses.replace(cohort.included, event=status == cause.cause)
    turned = dataclasses.replace(cohort, spec=spec, included=included)
    cox = fit_model(turned, spec, made)
    events = int(included.event[cox.rows].sum())
    if events == 0:
        return Effects(name, cause.cause, len(cox.rows), 0, (), ()), []
    notes = [
        dataclasses.replace(note, text=f"{cause.label}: {note.text}")
        for note in fit_notes(cox, "cause_specific")
    ]
    notes += _few(cox, cause, events) if name == "terms" else []
    notes += _left_out(cohort, cox) if name == "terms" else []
    rows: tuple[Row, ...] = ()
    if subdistribution:
        own = status[cox.rows]
        kind = np.where(own == 0, 0, np.where(own == cause.cause, 1, 2))
        found = fine_gray.fit(turned.time[cox.rows], kind, cox.matrix)
        rows = tuple(rows_of(turned, spec, dataclasses.replace(cox, fit=found)))
        if found.infinite.any():
            text = f"{cause.label}: a subdistribution hazard ratio is not finite and is left out."
            notes.append(warning("subdistribution", text))
    specific = tuple(rows_of(turned, spec, cox))
    return Effects(name, cause.cause, len(cox.rows), events, specific, rows), notes


def _few(cox: Model, cause: Cause, events: int) -> list[Note]:
    parameters = cox.fit.df
    if parameters == 0 or events >= EVENTS_PER_PARAMETER * parameters:
        return []
    text = (
        f"{cause.label}: {events} events for {parameters} parameters; with fewer than "
        f"{EVENTS_PER_PARAMETER} each the estimates are unstable."
    )
    return [warning("events", text)]


def _left_out(cohort: Cohort, cox: Model) -> list[Note]:
    if len(cox.rows) == cohort.n:
        return []
    text = (
        f"The models of the terms have {len(cox.rows)} of {cohort.n} patients: the others lack a "
        "value of a term or a stratum."
    )
    return [info("n", text)]
