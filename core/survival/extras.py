"""Case weights, an offset and clusters of a Cox model: read from their columns and checked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.cohort import Cohort, stratum_codes
from core.errors import SpecError
from core.notes import Note, counted, info, warning
from core.spec import AnalysisSpec

FEW_CLUSTERS = 20
"""With fewer clusters than this robust standard errors are warned about."""


@dataclass(frozen=True, eq=False)
class Extras:
    """What a model has beyond its terms, for all patients who are in.

    Attributes
    ----------
    weights : numpy.ndarray, shape (n,), or None
        NaN where it is missing or not above 0.
    offset : numpy.ndarray, shape (n,), or None
        NaN where it is missing.
    cluster : numpy.ndarray of int, shape (n,), or None
        -1 where it is missing.
    """

    weights: np.ndarray | None = None
    offset: np.ndarray | None = None
    cluster: np.ndarray | None = None

    @property
    def present(self) -> np.ndarray | bool:
        """Patients who have all of them, shape (n,), or True."""
        here: np.ndarray | bool = True
        for values in (self.weights, self.offset):
            if values is not None:
                here = here & ~np.isnan(values)
        return here if self.cluster is None else here & (self.cluster >= 0)

    @property
    def robust(self) -> bool:
        """Whether the variance is the robust one: with clusters, or weights that are no counts."""
        if self.cluster is not None:
            return True
        if self.weights is None:
            return False
        known = self.weights[~np.isnan(self.weights)]
        return bool((known != np.floor(known)).any())

    def groups(self, rows: np.ndarray) -> np.ndarray | None:
        """Who belongs together in the robust variance of these patients; None without it."""
        if not self.robust:
            return None
        if self.cluster is None:
            return np.arange(len(rows))
        return np.unique(self.cluster[rows], return_inverse=True)[1]


def read(cohort: Cohort, spec: AnalysisSpec) -> Extras:
    """Read ``weights offset cluster``.

    Raises
    ------
    SpecError
        If a column is not there, does not hold numbers, or cannot go with the estimator or the
        kind of limits.
    """
    if spec.weights is None and spec.offset is None and spec.cluster is None:
        _check_limits(spec, robust=False)
        return Extras()
    if spec.estimator == "firth":
        _refuse_firth(spec)
    weights = None if spec.weights is None else _numbers(cohort, spec.weights, "weights")
    if weights is not None:
        weights = np.where(weights > 0, weights, np.nan)
    found = Extras(
        weights,
        None if spec.offset is None else _numbers(cohort, spec.offset, "offset"),
        None if spec.cluster is None else _codes(cohort, spec.cluster),
    )
    _check_limits(spec, robust=found.robust)
    return found


def plain(spec: AnalysisSpec) -> AnalysisSpec:
    """The question without weights, offset, clusters and profile limits.

    For hazard ratios that stand beside curves and tests, which have none of these.
    """
    return spec.but(weights=None, offset=None, cluster=None, limits=None)


def notes(cohort: Cohort, spec: AnalysisSpec) -> list[Note]:
    """Say what was used, who is left out for it, and what it changes."""
    found = read(cohort, spec)
    said: list[Note] = []
    if found.weights is not None:
        lost = int(np.isnan(found.weights).sum())
        if lost:
            text = f"{counted(lost, 'row')} without a weight above 0 are left out of the models."
            said.append(warning("weights", text))
        said.append(
            info(
                "weights",
                f"Cases are weighted by '{spec.weights}'; n, events and the concordance count "
                "each case once."
                + ("" if found.robust else " All weights are whole numbers: they count patients."),
            )
        )
    if found.offset is not None:
        lost = int(np.isnan(found.offset).sum())
        if lost:
            text = f"{counted(lost, 'row')} without an offset are left out of the models."
            said.append(warning("offset", text))
        text = f"'{spec.offset}' is an offset: its coefficient is 1 and is not estimated."
        said.append(info("offset", text))
    return said + _robust_notes(cohort, spec, found)


def _robust_notes(cohort: Cohort, spec: AnalysisSpec, found: Extras) -> list[Note]:
    said: list[Note] = []
    if found.robust:
        by = "of each case" if spec.cluster is None else f"grouped by '{spec.cluster}'"
        text = (
            f"Standard errors, limits and Wald tests are robust (sandwich of Lin and Wei, {by}). "
            "Likelihood-ratio tests assume independent cases."
        )
        said.append(info("cluster", text))
    if found.cluster is not None:
        lost, several = int((found.cluster < 0).sum()), len(np.unique(found.cluster))
        if lost:
            text = f"{counted(lost, 'row')} without a cluster are left out of the models."
            said.append(warning("cluster", text))
        if several - (lost > 0) < FEW_CLUSTERS:
            text = (
                f"Only {several - (lost > 0)} clusters: robust standard errors are too small "
                f"with fewer than about {FEW_CLUSTERS}."
            )
            said.append(warning("cluster", text))
    elif _several_events(cohort, spec):
        text = (
            f"Some patients have more than one event. Give cluster={spec.id}, so that the "
            "standard errors allow for events of one patient."
        )
        said.append(warning("cluster", text))
    return said


def _several_events(cohort: Cohort, spec: AnalysisSpec) -> bool:
    if spec.id is None or cohort.included.n_patients == cohort.n:
        return False
    return bool(cohort.column(spec.id)[cohort.event].duplicated().any())


def _numbers(cohort: Cohort, name: str, field: str) -> np.ndarray:
    cohort.dataset.require(name, field)
    values = cohort.column(name)
    if not pd.api.types.is_numeric_dtype(values):
        raise SpecError(field, f"'{name}' does not hold numbers", "Choose a column of numbers")
    return values.to_numpy(dtype=float, na_value=np.nan)


def _codes(cohort: Cohort, name: str) -> np.ndarray:
    cohort.dataset.require(name, "cluster")
    return stratum_codes(cohort.column(name).to_frame())


def _refuse_firth(spec: AnalysisSpec) -> None:
    for field in ("weights", "cluster"):
        if getattr(spec, field) is not None:
            raise SpecError(
                field,
                f"Firth's method has no {'case weights' if field == 'weights' else 'clusters'}",
                f"Leave out {field}, or take estimator=cox",
            )


def _check_limits(spec: AnalysisSpec, *, robust: bool) -> None:
    if spec.limits == "wald" and spec.estimator == "firth":
        raise SpecError(
            "limits",
            "Wald limits are wrong where Firth's method is needed",
            "Leave out limits: those of the profile penalised likelihood are used",
        )
    if spec.limits == "profile" and robust:
        raise SpecError(
            "limits",
            "Profile-likelihood limits assume independent cases; with clusters or weights the "
            "standard errors are robust and the limits Wald's",
            "Leave out limits, or the clusters and weights",
        )
