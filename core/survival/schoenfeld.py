"""Scaled Schoenfeld residuals: how the effect of a term moves with time.

Methods
-------
The residuals and their smooth are those of R's ``cox.zph`` (survival 3 and later) and its plot: the
residual times the number of events and the inverse information, plus the coefficient, and a
natural spline with four degrees of freedom over the Kaplan-Meier scale of time. A term of several
columns has one curve on the scale of its own fitted effect (1 is the fitted effect) and, for a
category, one per level.

References
----------
Grambsch PM, Therneau TM. Biometrika 1994;81:515-526.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.design import Block, basis
from core.survival.fitted import Model
from core.survival.individual import AtFit
from core.survival.proportional import time_scale
from core.survival.tails import normal_quantile

GRID = 40
"""Points of a smooth curve, as in R's plot."""


@dataclass(frozen=True, eq=False)
class Schoenfeld:
    """How one effect moves with time.

    Attributes
    ----------
    term : str
    level : str or None
        None for a number and for a term as a whole.
    whole : bool
        Whether it is a term of several columns as a whole, where 1 is the fitted effect.
    coef : float
        The fitted log hazard ratio, 1 for a whole term.
    time, estimate : numpy.ndarray, shape (events,)
        Time of each event in `show_unit`, and its scaled residual; strata without the effect have
        none.
    smooth_time, smooth, std_error, conf_low, conf_high : numpy.ndarray, shape (40,)
        The spline through them, its standard error and its band; empty where there are too few
        event times.
    """

    term: str
    level: str | None
    whole: bool
    coef: float
    time: np.ndarray
    estimate: np.ndarray
    smooth_time: np.ndarray
    smooth: np.ndarray
    std_error: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray


def schoenfeld(cohort: Cohort, spec: AnalysisSpec, found: Model, at: AtFit) -> list[Schoenfeld]:
    """Scaled Schoenfeld residuals of every term, and of every level of a category.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``conf_level`` and the profile.
    found : Model
    at : AtFit
        Of the columns of the model that are not aliased.
    """
    terms = _terms(found)
    drawer = _Drawer(cohort, found, normal_quantile(conventions(spec).conf_level))
    whole = scaled(at, [columns for _, _, columns in terms])
    single = scaled(at, [np.array([j]) for j in range(at.x.shape[1])])
    made: list[Schoenfeld] = []
    for i, (block, levels, columns) in enumerate(terms):
        text, several = block.term.text, len(columns) > 1
        made.append(drawer.moving((text, None if several else levels[0], several), whole, i))
        if several and block.member is not None:
            for level, j in zip(levels, columns, strict=True):
                made.append(drawer.moving((text, level, False), single, int(j)))
    return made


def _terms(found: Model) -> list[tuple[Block, list[str | None], np.ndarray]]:
    """Each term with its levels and its columns among those that are not aliased."""
    kept = np.cumsum(~found.fit.aliased) - 1
    made, k = [], 0
    for block in found.blocks:
        own = [j for j in range(len(block.levels)) if not found.fit.aliased[k + j]]
        if own:
            levels = [block.levels[j] if block.member is not None else None for j in own]
            made.append((block, levels, kept[[k + j for j in own]]))
        k += len(block.levels)
    return made


class _Drawer:
    """Puts scaled residuals on the time axis of a model."""

    def __init__(self, cohort: Cohort, found: Model, z: float) -> None:
        self.cohort, self.z = cohort, z
        self.times = np.repeat(found.sets.times, found.sets.deaths)
        self.scale = time_scale(cohort, found.rows, self.times)

    def moving(self, named: tuple[str, str | None, bool], found: Scaled, i: int) -> Schoenfeld:
        """One effect with its smooth."""
        known = ~np.isnan(found.values[:, i])
        y, t, g = found.values[known, i], self.times[known], self.scale[known]
        at, line, error = smooth(g, y, float(found.variance[i]))
        places, first = np.unique(g, return_index=True)
        back = np.interp(at, places, t[first]) if len(at) else at
        shown, wide = self.cohort.shown, self.z * error
        return Schoenfeld(
            *named, float(found.coef[i]), shown(t), y, shown(back), line, error, line - wide,
            line + wide,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Scaled:
    """Scaled residuals of some effects.

    Attributes
    ----------
    values : numpy.ndarray, shape (events, m)
        NaN in strata that say nothing about an effect.
    coef : numpy.ndarray, shape (m,)
    variance : numpy.ndarray, shape (m,)
        Of one residual.
    """

    values: np.ndarray
    coef: np.ndarray
    variance: np.ndarray


def scaled(at: AtFit, terms: list[np.ndarray]) -> Scaled:
    """Scale the Schoenfeld residuals as ``cox.zph`` does.

    Parameters
    ----------
    at : AtFit
    terms : list of numpy.ndarray of int
        Columns of each effect; several ones are joined by their coefficients.
    """
    join = np.zeros((at.x.shape[1], len(terms)))
    for i, columns in enumerate(terms):
        join[columns, i] = 1.0 if len(columns) == 1 else at.beta[columns]
    coef = np.array([at.beta[c[0]] if len(c) == 1 else 1.0 for c in terms])
    used, stratum = _used(at, terms)
    shared = np.minimum(used[:, :, None], used[:, None, :]).sum(axis=0)
    turned = join * at.scale[:, None]
    unit = np.linalg.norm(turned, axis=0)  # divided out and in again: units must not matter
    turned = turned / unit
    mean = turned.T @ at.information @ turned / np.where(shared == 0, 1.0, shared)
    raw = at.schoenfeld() / at.scale @ turned
    values = np.full(raw.shape, np.nan)
    for s in range(len(used)):
        here, known = stratum == s, np.flatnonzero(used[s])
        if len(known):
            part = np.linalg.solve(mean[np.ix_(known, known)], raw[np.ix_(here, known)].T).T
            values[np.ix_(here, known)] = part / unit[known]
    return Scaled(values + coef, coef, np.diag(np.linalg.inv(mean)) / unit**2)


def _used(at: AtFit, terms: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Events of each stratum that say something about each effect, and the stratum of an event."""
    sets = at.sets
    begin = sets.strata_start
    end = np.append(begin[1:], len(sets.event))
    stratum = np.searchsorted(begin, np.flatnonzero(sets.event), side="right") - 1
    deaths = np.bincount(stratum, minlength=len(begin))
    used = np.zeros((len(begin), len(terms)))
    for s, (a, b) in enumerate(zip(begin, end, strict=True)):
        varies = np.ptp(at.x[a:b], axis=0) > 0
        used[s] = [deaths[s] * varies[columns].any() for columns in terms]
    return used, stratum


def smooth(
    x: np.ndarray, y: np.ndarray, variance: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Natural spline with four degrees of freedom through scaled residuals.

    Returns
    -------
    at, estimate, std_error : numpy.ndarray, shape (40,)
        Empty where the points lie at fewer than four places.
    """
    at = np.linspace(x.min(initial=np.inf), x.max(initial=-np.inf), GRID) if len(x) else x
    if len(np.unique(x)) < 4:
        return np.empty(0), np.empty(0), np.empty(0)
    everywhere = np.concatenate([at, x])
    knots = np.quantile(everywhere, [0, 1 / 3, 2 / 3, 1])
    design = np.column_stack([np.ones(len(everywhere)), basis(everywhere, knots)])
    q, r = np.linalg.qr(design[GRID:])
    if np.abs(np.diag(r)).min() < 1e-7 * np.abs(np.diag(r)).max():
        return np.empty(0), np.empty(0), np.empty(0)
    turned = np.linalg.solve(r.T, design[:GRID].T).T
    error = np.sqrt(variance * (turned**2).sum(axis=1))
    return at, turned @ (q.T @ y), error
