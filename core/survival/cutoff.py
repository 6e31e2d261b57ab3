"""The searched cutoff: how extreme its statistic is, and what remains of it after the search.

Methods
-------
See `core.search`. `p_naive` is the p-value of the log-rank test of the two groups as if the cutoff
had been known beforehand; it is shown to be compared with the corrected ones, never on its own.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort, select
from core.errors import SpecError
from core.notes import Note, info
from core.spec import AnalysisSpec
from core.survival import logrank

CORRECTIONS = ("lau92", "lau94", "hl", "permutation")
LATER = ("hl", "permutation")
"""Corrections that have a name and are not computed yet."""


@dataclass(frozen=True, eq=False)
class CutoffResult:
    """The search for a cutoff.

    Attributes
    ----------
    variable : str
    candidates : int
        Cutoffs that were tried.
    best : float
        The chosen one, as the side of the cut writes it.
    statistic : float
        Maximally selected log-rank statistic M.
    p_naive : float or None
        Log-rank test of the two groups, the search left out of account.
    p_corrected : dict of str to (float or None)
        A value per correction; None for those that were not asked for or come later.
    cutoffs, statistics : numpy.ndarray, shape (candidates,)
        All that were tried, in ascending order.
    """

    variable: str
    candidates: int
    best: float
    statistic: float
    p_naive: float | None
    p_corrected: dict[str, float | None]
    cutoffs: np.ndarray
    statistics: np.ndarray
    notes: tuple[Note, ...]


def searched(cohort: Cohort, spec: AnalysisSpec) -> CutoffResult:
    """Report the search for the best cutoff of the stratifier.

    Parameters
    ----------
    cohort : Cohort
        When its groups were not formed by ``cut_rule=best`` the search is made here.
    spec : AnalysisSpec
        Reads ``correction`` and, through the groups, ``cut_side min_fraction min_events``.

    Raises
    ------
    SpecError
        If there is no stratifier, no best cutoff of it, or no such correction.
    """
    asked = spec.correction or CORRECTIONS
    for name in asked:
        if name not in CORRECTIONS:
            raise SpecError(
                "correction",
                f"'{name}' is not a value of 'correction'",
                f"It can be {', '.join(CORRECTIONS)}",
            )
    notes: list[Note] = []
    if cohort.groups.search is None:
        cohort = select(cohort.dataset, spec.but(cut_rule="best", cut_value=()), cohort.included)
        notes += cohort.groups.notes  # the displayed groups do not bring this warning
    groups, found = cohort.groups, cohort.groups.search
    if found is None or groups.by is None:
        raise SpecError("group_by", "There is no column to search a cutoff of", "Choose group_by")
    plain = Cohort(cohort.dataset, spec.but(strata=()), cohort.included, groups)
    known = {"lau92": found.p_lau92(), "lau94": found.p_lau94()}
    corrected = {name: known.get(name) if name in asked else None for name in CORRECTIONS}
    later = [name for name in LATER if name in asked]
    if later:
        text = f"Not computed yet, and null: {' and '.join(later)}. The others are approximations."
        notes.append(info("correction", text))
    return CutoffResult(
        groups.by,
        len(found.size),
        groups.thresholds[0],
        found.statistic,
        logrank.compare(plain, spec.but(test="logrank")).p_value,
        corrected,
        found.cutoffs(groups.side),
        found.statistics,
        tuple(notes),
    )
