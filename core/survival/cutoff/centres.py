"""One centre left out: whether the comparison, and the best cutoff, hold without it.

Methods
-------
The patients of one centre are left out and the same groups, with the cutoff kept, are compared
among the others. Where the groups come from one cutoff of a number, the search for the best cutoff
(`core.search`) is repeated without the centre as well. Patients whose centre is not known stay in
throughout. Reported beside the results, not tested: a centre whose removal matters is a reason to
look at its patients, no proof of anything.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.dataset import Dataset, Variable
from core.errors import SpecError
from core.groups import categories
from core.progress import Progress, portions, quiet
from core.search import MIN_FRACTION, search
from core.spec import AnalysisSpec
from core.survival.cutoff.effect import Effect, effect
from core.survival.cutoff.endpoint import Endpoint

FEWEST, MOST = 2, 30
"""Centres that a column may have."""
NAMES = ("centre", "center", "site", "hospital", "institution", "inst", "clinic")
"""Names of columns that are taken for the centre's, whole or as a word in it."""


@dataclass(frozen=True)
class WithoutCentre:
    """The comparison without one centre.

    Attributes
    ----------
    centre : str
    n_left_out : int
        Patients of the centre.
    effect : Effect
        Of the others.
    best : float or None
        Their best cutoff, written as the side of the cut asks; None where none was searched.
    """

    centre: str
    n_left_out: int
    effect: Effect
    best: float | None


@dataclass(frozen=True)
class Centres:
    """The comparison without each centre in turn.

    Attributes
    ----------
    variable : str
        Column of the centre.
    n_unknown : int
        Patients whose centre is missing.
    best : float or None
        Best cutoff of all patients.
    without : tuple of WithoutCentre
        In the order of the column's levels.
    """

    variable: str
    n_unknown: int
    best: float | None
    without: tuple[WithoutCentre, ...]


def centre_columns(dataset: Dataset, spec: AnalysisSpec) -> tuple[tuple[str, ...], str | None]:
    """Columns that can name the centres, and the one that seems to.

    Offered are categories of 2 to 30 levels, and numbers that are called a centre.

    Parameters
    ----------
    dataset : Dataset
    spec : AnalysisSpec
        Its roles and the stratifier are left out.
    """
    taken = {spec.time, spec.event, spec.entry, spec.id, spec.group_by, spec.second_by}
    offered: list[str] = []
    for variable in dataset.variables.values():
        if variable.name in taken or variable.identifier:
            continue
        fits = variable.kind == "category" or (variable.kind == "number" and named(variable))
        if fits and FEWEST <= dataset.frame[variable.name].nunique() <= MOST:
            offered.append(variable.name)
    guess = next((n for n in offered if named(dataset.variables[n])), None)
    return tuple(offered), guess


def named(variable: Variable) -> bool:
    """Whether a column is called a centre.

    Examples
    --------
    >>> named(Variable("study_site")), named(Variable("instability"))
    (True, False)
    """
    words = "".join(c if c.isalpha() else " " for c in variable.name.casefold()).split()
    return any(word in NAMES for word in words)


def leave_centres_out(
    cohort: Cohort, spec: AnalysisSpec, high: np.ndarray, *, progress: Progress = quiet
) -> Centres | None:
    """Compare the groups without each centre; None where no column of centres is named.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``centre cut_side min_fraction min_events ties conf_level`` and the profile.
    high : numpy.ndarray of bool, shape (n,)

    Raises
    ------
    SpecError
        If the column is missing, identifies persons, or has too few or too many levels.
    """
    if spec.centre is None:
        return None
    variable = cohort.dataset.require(spec.centre, "centre")
    codes, labels = _levels(cohort, variable)
    endpoint = Endpoint.of(cohort)
    found = []
    for c, _ in enumerate(portions(len(labels), 1, progress)):
        rest = np.flatnonzero(codes != c)
        found.append(
            WithoutCentre(
                labels[c],
                cohort.n - len(rest),
                effect(endpoint.of_rows(rest), high[rest], spec),
                _best(cohort, spec, rest),
            )
        )
    everybody = np.arange(cohort.n)
    return Centres(
        spec.centre, int((codes < 0).sum()), _best(cohort, spec, everybody), tuple(found)
    )


def _levels(cohort: Cohort, variable: Variable) -> tuple[np.ndarray, list[str]]:
    """Centre of each patient, -1 where it is missing, and the centres that have patients."""
    values = cohort.column(variable.name)
    if variable.identifier or variable.kind not in ("category", "number"):
        raise SpecError("centre", f"'{variable.name}' cannot be a centre", "Choose a category")
    n_levels = values.nunique()
    if not FEWEST <= n_levels <= MOST:
        raise SpecError(
            "centre",
            f"'{variable.name}' has {n_levels} different values",
            f"A column of centres has {FEWEST} to {MOST}",
        )
    return categories(values, variable)


def _best(cohort: Cohort, spec: AnalysisSpec, rows: np.ndarray) -> float | None:
    groups = cohort.groups
    if len(groups.thresholds) != 1 or groups.second is not None:
        return None
    found = search(
        cohort.column(groups.by or "").to_numpy(dtype=float)[rows],
        cohort.time[rows],
        cohort.event[rows],
        min_fraction=MIN_FRACTION if spec.min_fraction is None else spec.min_fraction,
        min_events=spec.min_events or 0,
    )
    return None if found is None else float(found.cutoffs(groups.side)[found.best])
