"""Optimism of a model in the patients it was fitted to, by Harrell's bootstrap.

Methods
-------
Patients (clusters, where there are some) are drawn with replacement and the model is fitted to
each sample, the selection of terms repeated. The optimism is the mean, over the samples, of how
much better each model does in its own sample than in all patients; it is taken off what the model
does in all patients. This is done for Harrell's concordance, for the calibration slope (the
coefficient of the linear predictor, 1 in the sample that a model was fitted to) and for the
distance of the smooth calibration curve from the diagonal. Cutoffs and knots that were taken from
the data stay as they are.

References
----------
Harrell FE, Lee KL, Mark DB. Stat Med 1996;15:361-387. R package rms, ``validate`` and
``calibrate``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.progress import Progress, portions, quiet
from core.spec import AnalysisSpec
from core.survival import newton, selection
from core.survival.calibration import Calibration, Outcome, curve
from core.survival.concordance import concordance
from core.survival.design import Block, blocks
from core.survival.fitted import Model, fit_model
from core.survival.individual import AtFit, Baseline, offset_of, persons
from core.survival.risk import risk_sets

PURPOSE = 21
SIZE = 5
"""Samples between two signs of progress."""
METHODS = (
    "Optimism was estimated in bootstrap samples of the patients, with any selection of terms "
    "repeated in each (Harrell)."
)


@dataclass(frozen=True)
class Corrected:
    """A measure in the patients of the fit, its optimism, and what is left of it.

    Attributes
    ----------
    name : {"concordance", "slope"}
    apparent, optimism, estimate : float or None
    """

    name: str
    apparent: float | None
    optimism: float | None
    estimate: float | None


@dataclass(frozen=True, eq=False)
class Optimism:
    """What the bootstrap found.

    Attributes
    ----------
    draws, used : int
        Samples drawn, and those in which the model had finite coefficients.
    measures : tuple of Corrected
    curve : numpy.ndarray, shape (40,), or None
        Optimism of the smooth calibration curve.
    """

    draws: int
    used: int
    measures: tuple[Corrected, ...]
    curve: np.ndarray | None


@dataclass(frozen=True, eq=False)
class Setting:
    """What stays the same over the samples."""

    cohort: Cohort
    spec: AnalysisSpec
    made: tuple[Block, ...]
    rows: np.ndarray
    outcome: Outcome
    offset: np.ndarray
    time: float | None
    at: np.ndarray | None

    @classmethod
    def of(
        cls,
        cohort: Cohort,
        spec: AnalysisSpec,
        found: Model,
        outcome: Outcome,
        calibrated: Calibration | None,
    ) -> Setting:
        """The setting of a fitted model; the curve is corrected where there is one."""
        rule = selection.parse(spec)
        made = found.blocks if rule is None else tuple(blocks(cohort, spec))
        time = None
        if calibrated is not None:
            time = float(cohort.measured(np.array([calibrated.time]))[0])
        return cls(
            cohort, spec.but(limits=None, cluster=None), made, found.rows, outcome,
            np.zeros(len(found.rows)) + offset_of(cohort, spec, found.rows), time,
            None if calibrated is None else calibrated.at,
        )  # fmt: skip

    def fitted(self, draw: np.ndarray) -> Model | None:
        """The model of a sample; None where no term is selected."""
        rule, rows, made = selection.parse(self.spec), self.rows[draw], list(self.made)
        if rule is not None:
            made, _ = selection.select(self.cohort, self.spec, rule, made, rows)
        return fit_model(self.cohort, self.spec, made, rows) if made else None

    def one(self, draw: np.ndarray) -> Sample | None:
        """What the model of a sample does there and in everybody; None where it is not finite."""
        model, outcome, mine = self.fitted(draw), self.outcome, self.outcome.of(draw)
        if model is None:
            flat = None if self.at is None else np.full(len(self.at), np.nan)
            return Sample(0.5, 0.5, float("nan"), flat)
        if model.fit.infinite.any():
            return None
        x = np.column_stack([block.matrix[self.rows] for block in model.blocks])
        predictor = x @ model.fit.beta + self.offset
        inside = _concordance(mine, predictor[draw])
        everywhere = _concordance(outcome, predictor)
        if inside is None or everywhere is None:
            return None
        return Sample(inside, everywhere, slope(outcome, predictor),
                      self._curve(model, predictor, draw))  # fmt: skip

    def _curve(self, model: Model, predictor: np.ndarray, draw: np.ndarray) -> np.ndarray | None:
        if self.at is None or self.time is None:
            return None
        survival = predicted(model, self.outcome.codes[draw], predictor, self.outcome.codes,
                             self.time)  # fmt: skip
        known = np.isfinite(survival)
        lines = (
            curve(self.outcome.of(rows), survival[rows], self.time)
            for rows in (draw, np.flatnonzero(known))
        )
        inside, everywhere = lines
        if inside is None or everywhere is None:
            return np.full(len(self.at), np.nan)
        return np.asarray(inside(self.at) - everywhere(self.at))


@dataclass(frozen=True, eq=False)
class Sample:
    """One sample: concordance in it and in everybody, slope in everybody, optimism of the curve."""

    inside: float
    everywhere: float
    slope: float
    curve: np.ndarray | None


def optimism(
    setting: Setting, found: Model, apparent: float | None, *, progress: Progress = quiet
) -> Optimism | None:
    """Repeat the fit in bootstrap samples; None where none were asked for.

    Parameters
    ----------
    setting : Setting
    found : Model
    apparent : float or None
        Harrell's concordance in all patients.
    progress : callable
    """
    spec = setting.spec
    draws = int(spec.bootstraps or 0)
    if draws == 0 or apparent is None:
        return None
    rng = np.random.default_rng([int(spec.seed if spec.seed is not None else 1), PURPOSE])
    units = _units(setting, found)
    samples: list[Sample] = []
    for now in portions(draws, SIZE, progress):
        for _ in range(now):
            drawn = rng.integers(0, len(units), len(units))
            sample = setting.one(np.concatenate([units[k] for k in drawn]))
            if sample is not None:
                samples.append(sample)
    return _summary(draws, samples, apparent)


def _summary(draws: int, samples: list[Sample], apparent: float) -> Optimism:
    better = _mean(np.array([s.inside - s.everywhere for s in samples]))
    slopes = _mean(np.array([s.slope for s in samples]))
    measures = (
        Corrected("concordance", apparent, better, None if better is None else apparent - better),
        Corrected("slope", 1.0, None if slopes is None else 1.0 - slopes, slopes),
    )
    curves = [s.curve for s in samples if s.curve is not None and np.isfinite(s.curve).all()]
    return Optimism(draws, len(samples), measures, np.mean(curves, axis=0) if curves else None)


def predicted(
    model: Model, strata: np.ndarray, predictor: np.ndarray, codes: np.ndarray, time: float
) -> np.ndarray:
    """Survival at a time that a model predicts, shape (n,).

    Parameters
    ----------
    model : Model
    strata : numpy.ndarray of int
        Of the rows that it was fitted to.
    predictor, codes : numpy.ndarray, shape (n,)
        Linear predictor (offset included) and stratum of those to predict for.
    time : float
        In `unit`.
    """
    at = AtFit.of(model.sets, model.matrix, model.fit.beta)
    centre = float(model.matrix.mean(axis=0) @ model.fit.beta)
    return Baseline.of(at, centre, strata, time).survival(predictor, codes)


def slope(outcome: Outcome, predictor: np.ndarray) -> float:
    """Coefficient of a linear predictor in a Cox model of its own; NaN where it is not finite."""
    sets = risk_sets(
        outcome.time, outcome.event, entry=outcome.entry, strata=outcome.strata, ties=outcome.ties
    )
    found = newton.fit(sets, predictor[:, None])
    return float("nan") if found.infinite.any() or found.df == 0 else float(found.beta[0])


def _units(setting: Setting, found: Model) -> list[np.ndarray]:
    """Rows that are drawn together: of a cluster, or of a patient."""
    units = found.groups
    if units is None:
        units = persons(setting.cohort, setting.spec, setting.rows)
    order = np.argsort(units, kind="stable")
    return np.split(order, np.flatnonzero(np.diff(units[order])) + 1)


def _concordance(outcome: Outcome, predictor: np.ndarray) -> float | None:
    return concordance(
        outcome.time, outcome.event, predictor, entry=outcome.entry, strata=outcome.strata
    )


def _mean(values: np.ndarray) -> float | None:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else None
