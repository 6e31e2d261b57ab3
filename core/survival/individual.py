"""What each patient adds to a fitted Cox model: expected events, residuals, baseline hazards.

Methods
-------
Everything is taken at the fitted coefficients, with the ties of the fit. With D_jl the size of the
risk set of event time j for the l-th of its tied events (Efron; l = 0 throughout for Breslow), the
baseline hazard at j is sum_l 1/D_jl. A patient with the event at j is expected to have the share
sum_l (1 - l/d_j)/D_jl of it, in proportion to her relative hazard; everybody else at risk the
whole. The Schoenfeld residual of an event is its x less the mean of x over the risk set, averaged
over the tied events.

References
----------
Therneau TM, Grambsch PM. Modeling Survival Data, chapters 3, 4 and 7.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.spec import AnalysisSpec
from core.survival import extras, selection
from core.survival.design import blocks
from core.survival.fitted import Model, fit_model, who_has
from core.survival.risk import RiskSets, at_risk_sums, by_time, hazards, moments, tied_sums
from core.survival.split import split


def final_model(
    cohort: Cohort, spec: AnalysisSpec
) -> tuple[Cohort, Model | None, tuple[Note, ...]]:
    """The multivariable model of the Cox page, for a closer look at it.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``terms strata ties estimator select weights offset cluster``.

    Returns
    -------
    cohort : Cohort
        Cut into intervals where a term changes during follow-up.
    model : Model or None
        None where there are no terms, no events, or nothing is estimated; a note says so.
    notes : tuple of Note
    """
    cohort, spec = split(cohort, spec), spec.but(limits=None)
    made = blocks(cohort, spec)
    if not made:
        return cohort, None, (info("terms", "No terms are chosen: there is no model to look at."),)
    rule, rows = selection.parse(spec), who_has(cohort, made, spec)
    notes: list[Note] = []
    if rule is not None:
        made, _ = selection.select(cohort, spec, rule, made, rows)
        if made:
            notes.append(info("select", f"The model is that of the {len(made)} selected terms."))
    if not made or not cohort.event[rows].any():
        why = (
            "The selection left no term." if not made else "No patient of the model has the event."
        )
        return cohort, None, (*notes, warning("terms", why))
    found = fit_model(cohort, spec, made, rows)
    if found.fit.df == 0 or found.fit.infinite.any():
        why = (
            "A hazard ratio of this model is not finite, so residuals and predictions have no "
            "meaning. Firth's method gives finite ones."
            if found.fit.infinite.any()
            else "No term of the model varies among these patients."
        )
        return cohort, None, (*notes, warning("terms", why))
    return cohort, found, tuple(notes)


def offset_of(cohort: Cohort, spec: AnalysisSpec, rows: np.ndarray) -> np.ndarray | float:
    """The part of the linear predictor that the spec gives, 0 without one."""
    given = extras.read(cohort, spec).offset
    return 0.0 if given is None else np.asarray(given[rows])


def persons(cohort: Cohort, spec: AnalysisSpec, rows: np.ndarray) -> np.ndarray:
    """Number the patients of these rows from 0: several rows may belong to one.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``id``, where each patient has several intervals.
    rows : numpy.ndarray of int, shape (n,)
    """
    keys = cohort.included.rows[rows]  # an interval that was cut has the number of its row
    if spec.id is not None and cohort.included.n_patients != cohort.n:
        codes = pd.factorize(cohort.column(spec.id).iloc[rows])[0]
        keys = np.where(codes < 0, -1 - keys, codes)  # nobody shares a missing one
    _, first, place = np.unique(keys, return_index=True, return_inverse=True)
    return np.asarray(np.argsort(np.argsort(first))[place])


@dataclass(frozen=True, eq=False)
class AtFit:
    """Risk sets summed up at the fitted coefficients; rows in the order of the risk sets.

    Attributes
    ----------
    sets : RiskSets
    x : numpy.ndarray, shape (n, p)
        Centred columns that are not aliased.
    beta : numpy.ndarray, shape (p,)
    risk : numpy.ndarray, shape (n,)
        Hazard of each patient in units of her stratum's `top`.
    top : numpy.ndarray, shape (n,)
        Largest linear predictor of the stratum, so that no exponential overflows.
    hazard, shared : numpy.ndarray, shape (J,)
        Baseline hazard at each event time, and the part of it that an event there is spared.
    mean : numpy.ndarray, shape (J, p)
        Mean of x over the risk set, averaged over tied events.
    """

    sets: RiskSets
    x: np.ndarray
    beta: np.ndarray
    risk: np.ndarray
    top: np.ndarray
    hazard: np.ndarray
    shared: np.ndarray
    mean: np.ndarray

    @classmethod
    def of(cls, sets: RiskSets, matrix: np.ndarray, coefficients: np.ndarray) -> AtFit:
        """Sum up.

        Parameters
        ----------
        sets : RiskSets
        matrix : numpy.ndarray, shape (n, p)
            Rows in the order of the patients given to `risk_sets`.
        coefficients : numpy.ndarray, shape (p,)
        """
        x = matrix[sets.order]
        x = x - x.mean(axis=0)
        eta = x @ coefficients + (0.0 if sets.offset is None else sets.offset)
        below, weighted = hazards(sets, x, coefficients)
        top = eta - below
        risk = np.exp(below)
        columns = np.column_stack([weighted, weighted[:, None] * x])
        at, f = sets.at, sets.fraction
        among = at_risk_sums(sets, columns)[at] - f[:, None] * tied_sums(sets, columns)[at]
        each = 1.0 / among[:, 0]
        if sets.mean_case is not None:
            each = each * sets.mean_case[at]
        return cls(
            sets, x, coefficients, risk, top,
            by_time(sets, each), by_time(sets, f * each),
            by_time(sets, among[:, 1:] / among[:, :1]) / sets.deaths[:, None],
        )  # fmt: skip

    @cached_property
    def scale(self) -> np.ndarray:
        """Standard deviation of each column, so that units do not matter: shape (p,)."""
        spread = self.x.std(axis=0)
        return np.where(spread > 0, spread, 1.0)

    @cached_property
    def information(self) -> np.ndarray:
        """Information of the columns divided by `scale`, shape (p, p)."""
        return moments(self.sets, self.x / self.scale, self.beta * self.scale).information

    @cached_property
    def covariance(self) -> np.ndarray:
        """Inverse information, shape (p, p); never the robust variance."""
        inverse = np.linalg.pinv(self.information, hermitian=True)
        return np.asarray(inverse / np.outer(self.scale, self.scale))

    def expected(self) -> tuple[np.ndarray, np.ndarray]:
        """Cumulative hazard of each patient from the first event time of her stratum on.

        Returns
        -------
        entry, exit : numpy.ndarray, shape (n,)
            At the begin and at the end of observation; their difference is the number of events
            expected.
        """
        sets, total = self.sets, np.concatenate([[0.0], np.cumsum(self.hazard)])
        rows = np.arange(len(self.risk))
        stratum = np.searchsorted(sets.strata_start, rows, side="right") - 1
        begin = total[np.searchsorted(sets.first, sets.strata_start)][stratum]
        end = total[sets.high] - begin
        end[sets.event] -= self.shared[sets.at]
        return self.risk * (total[sets.low] - begin), self.risk * end

    def martingale(self) -> np.ndarray:
        """Events less the events expected, shape (n,)."""
        entry, exit_ = self.expected()
        return np.asarray(self.sets.event - (exit_ - entry))

    def schoenfeld(self) -> np.ndarray:
        """X of each event less its mean over the risk set, shape (events, p)."""
        return np.asarray(self.x[self.sets.event] - self.mean[self.sets.at])


@dataclass(frozen=True, eq=False)
class Baseline:
    """Baseline hazard of a model, to predict survival from.

    Attributes
    ----------
    strata : numpy.ndarray of int, shape (S,)
        Codes of the strata of the fit, ascending.
    top : numpy.ndarray, shape (S,)
        Linear predictor that the hazards belong to.
    cumulative : numpy.ndarray, shape (S,)
        Cumulative hazard at the time asked for.
    """

    strata: np.ndarray
    top: np.ndarray
    cumulative: np.ndarray

    @classmethod
    def of(cls, at: AtFit, centre: float, strata: np.ndarray, time: float) -> Baseline:
        """Take the baseline at a time.

        Parameters
        ----------
        at : AtFit
        centre : float
            Linear predictor at the means of the columns, which `at` leaves out.
        strata : numpy.ndarray of int, shape (n,)
            In the order of the patients given to `risk_sets`.
        time : float
        """
        sets = at.sets
        use = sets.times <= time
        row = np.searchsorted(sets.strata_start, sets.first, side="right") - 1
        total = np.bincount(
            row, weights=np.where(use, at.hazard, 0.0), minlength=len(sets.strata_start)
        )
        first = sets.strata_start
        return cls(strata[sets.order][first], at.top[first] + centre, total)

    def survival(self, predictor: np.ndarray, strata: np.ndarray) -> np.ndarray:
        """Predicted survival; NaN in a stratum that the model does not have.

        Parameters
        ----------
        predictor : numpy.ndarray, shape (n,)
            Not centred, the offset included.
        strata : numpy.ndarray of int, shape (n,)
        """
        place = np.clip(np.searchsorted(self.strata, strata), 0, len(self.strata) - 1)
        with np.errstate(over="ignore"):
            hazard = self.cumulative[place] * np.exp(predictor - self.top[place])
        return np.where(self.strata[place] == strata, np.exp(-hazard), np.nan)
