"""The marker uncut: the hazard over all its values, and what a cutoff leaves of it.

Methods
-------
Cox models of the marker alone (Efron's or Breslow's ties, strata and delayed entry as in
`core.survival.cox`, no penalty), all of the same patients: as a straight line, as the restricted
cubic spline of `core.survival.cutoff.smooth`, in the groups that are displayed, and split at its
median. The curve is the log hazard ratio against the median of the marker, with pointwise Wald
limits, from the 1st to the 99th percentile. Non-linearity is tested by the likelihood ratio of
spline and line, and by Wald's test of the spline's coefficients beyond the first.

Only differences of log hazards are estimated. The steps of the groups are therefore moved until
their mean over the patients is that of the curve: both say the same of the average patient.

What each way to use the marker explains is compared in `core.survival.cutoff.ways`.

References
----------
Harrell FE. Regression Modeling Strategies, 2nd ed., section 2.4.5. Royston P, Altman DG,
Sauerbrei W. Stat Med 2006;25:127-141 (what cutting costs).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.errors import SpecError
from core.groups import cut, interval_labels, quantile, shown_thresholds
from core.notes import Note, counted, info, warning
from core.progress import Progress, quiet
from core.spec import AnalysisSpec, quote_name
from core.survival import extras
from core.survival.conventions import conventions
from core.survival.cutoff.smooth import Smooth, chi2_test, points, smooth
from core.survival.cutoff.ways import Way, aic, likelihood_ratio, way_of
from core.survival.design import Block, basis
from core.survival.fitted import Model, fit_model, rows_of
from core.survival.results import Row, Test
from core.survival.tails import normal_quantile
from core.terms import Term


@dataclass(frozen=True)
class Step:
    """An interval between the cutoffs that are displayed, on the scale of the curve.

    Attributes
    ----------
    label : str
    start, end : float or None
        The interval of the marker; None where it is open.
    n, events : int
    coef, hazard_ratio : float or None
        Against the reference of the curve; None for all groups when one of them is not finite.
    """

    label: str
    start: float | None
    end: float | None
    n: int
    events: int
    coef: float | None
    hazard_ratio: float | None


@dataclass(frozen=True, eq=False)
class ContinuousResult:
    """The continuous view; arrays of shape (m,) over the points of the curve.

    Attributes
    ----------
    variable : str
    n, events : int
    reference : float
        Median of the marker, where the curve's hazard ratio is 1.
    knots : tuple of float
        Empty where the curve is a straight line.
    at : numpy.ndarray of float
        Values of the marker, ascending.
    coef, std_error, hazard_ratio, conf_low, conf_high : numpy.ndarray of float
        Against the reference; NaN when no finite curve was found.
    steps : tuple of Step
        The intervals between the cutoffs; empty when the marker is not cut.
    overall, overall_wald : Test
        Of the curve against no effect.
    nonlinearity, nonlinearity_wald : Test or None
        None where the curve is a straight line.
    per_unit, per_sd : Row
        Of the straight line.
    sd : float
        Standard deviation of the marker (n - 1).
    uncut : {"linear", "spline"}
        The way that the shares refer to.
    """

    variable: str
    n: int
    events: int
    reference: float
    knots: tuple[float, ...]
    at: np.ndarray
    coef: np.ndarray
    std_error: np.ndarray
    hazard_ratio: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    steps: tuple[Step, ...]
    overall: Test
    overall_wald: Test
    nonlinearity: Test | None
    nonlinearity_wald: Test | None
    per_unit: Row
    per_sd: Row
    sd: float
    uncut: str
    ways: tuple[Way, ...]
    notes: tuple[Note, ...]

    def way(self, name: str) -> Way | None:
        """The way of this name, if there is one."""
        return next((way for way in self.ways if way.name == name), None)


def continuous(
    cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet
) -> ContinuousResult:
    """Model the stratifier uncut, and compare with the groups that are displayed.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``strata ties conf_level`` and the profile.
    progress : callable

    Raises
    ------
    SpecError
        If there is no numeric stratifier, it does not vary, or nobody had the event.
    """
    spec = extras.plain(spec).but(estimator=None)
    values = _values(cohort)
    line = fit_model(cohort, spec, (_block(cohort, values[:, None]),))
    progress(0.2)
    x, events = _checked(cohort, values, line)
    curve, notes = smooth(
        x,
        events,
        line,
        lambda knots: fit_model(cohort, spec, (_block(cohort, basis(values, knots)),)),
    )
    progress(0.6)
    models = {"linear": line} | ({"spline": curve.model} if len(curve.knots) else {})
    uncut = min(models, key=lambda name: aic(models[name].fit))
    whole = likelihood_ratio(models[uncut].fit)
    reference, at = quantile(x, 0.5), points(x)
    models |= _divided(cohort, spec, values, reference)
    progress(0.8)
    sd = float(x.std(ddof=1))
    scaled = fit_model(cohort, spec, (_block(cohort, values[:, None] / sd),))
    coef, error = curve.along(at, reference)
    z = normal_quantile(conventions(spec).conf_level)
    with np.errstate(over="ignore"):
        ratio, low, high = (np.exp(coef + k * error) for k in (0, -z, z))
    steps, said = _steps(cohort, x, models.get("cutoff"), curve, reference)
    if len(x) < cohort.n:
        text = f"{counted(cohort.n - len(x), 'patient')} without a stratum: left out of the models."
        said.append(info("n", text))
    return ContinuousResult(
        cohort.groups.by or "", len(x), events, reference, tuple(curve.knots.tolist()), at, coef,
        error, ratio, low, high, steps, *_tests(curve, line),
        rows_of(cohort, spec, line)[0], rows_of(cohort, spec, scaled)[0], sd, uncut,
        tuple(way_of(cohort, name, model, whole) for name, model in models.items()),
        (*notes, *said),
    )  # fmt: skip


def _values(cohort: Cohort) -> np.ndarray:
    by = cohort.groups.by
    if by is None:
        raise SpecError("group_by", "There is no marker to look at", "Choose group_by")
    if cohort.dataset.variables[by].kind != "number":
        raise SpecError("group_by", f"'{by}' is not a number and has no curve", "Choose a number")
    return cohort.column(by).to_numpy(dtype=float)


def _checked(cohort: Cohort, values: np.ndarray, line: Model) -> tuple[np.ndarray, int]:
    """The marker of the patients in the models, and how many of them had the event."""
    x, events = values[line.rows], int(cohort.event[line.rows].sum())
    if len(x) == 0 or x.min() == x.max():
        text = f"'{cohort.groups.by}' does not vary among these patients"
        raise SpecError("group_by", text, "Choose another stratifier, or let more patients in")
    if events == 0:
        text = "None of these patients had the event"
        raise SpecError("event", text, "Choose another endpoint, or let more patients in")
    return x, events


def _block(cohort: Cohort, matrix: np.ndarray) -> Block:
    """Columns that are made from the marker, as a term."""
    by = cohort.groups.by or ""
    return Block(Term(by, text=quote_name(by)), cohort.groups.title, matrix,
                 (None,) * matrix.shape[1])  # fmt: skip


def _division(cohort: Cohort, values: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """Position of each patient's interval, and which intervals of the cutoffs have patients.

    A second marker that takes part in the displayed groups is left out here.
    """
    groups = cohort.groups
    present, codes = np.unique(cut(values, groups.thresholds, groups.side), return_inverse=True)
    return codes, present.tolist()


def _divided(
    cohort: Cohort, spec: AnalysisSpec, values: np.ndarray, median: float
) -> dict[str, Model]:
    """Models of the intervals, and of the median split where that is another division."""
    codes, present = _division(cohort, values)
    upper = cut(values, (median,), cohort.groups.side)
    made = {}
    if len(present) > 1:
        dummies = (codes[:, None] == np.arange(1, len(present))).astype(float)
        made["cutoff"] = fit_model(cohort, spec, (_block(cohort, dummies),))
        if np.array_equal(codes, upper):
            return made
    split = fit_model(cohort, spec, (_block(cohort, upper[:, None].astype(float)),))
    return made if split.fit.aliased.any() else made | {"median": split}


def _steps(
    cohort: Cohort, x: np.ndarray, model: Model | None, curve: Smooth, reference: float
) -> tuple[tuple[Step, ...], list[Note]]:
    """The intervals between the cutoffs on the scale of the curve."""
    if model is None:
        return (), []
    fit, notes, groups = model.fit, [], cohort.groups
    if groups.second is not None:
        text = f"Only the cutoff of {groups.title} is looked at here, not {groups.second.title}."
        notes.append(info("second_by", text))
    shift = np.nan
    if fit.infinite.any() or fit.aliased.any():
        text = "The steps of the groups are not drawn: a group has no event, or no patient."
        notes.append(warning("steps", text))
    else:
        shift = float(curve.along(x, reference)[0].mean() - (model.matrix @ fit.beta).mean())
    values = _values(cohort)
    codes, present = _division(cohort, values)
    limits = (None, *groups.thresholds, None)
    labels = interval_labels(
        shown_thresholds(values, groups.thresholds, groups.side, groups.origin), groups.side
    )
    event = cohort.event[model.rows]
    steps = []
    for g, interval in enumerate(present):
        coef = float(fit.beta[g - 1] if g else 0.0) + shift
        known, of = bool(np.isfinite(coef)), codes[model.rows] == g
        steps.append(
            Step(
                labels[interval], limits[interval], limits[interval + 1], int(of.sum()),
                int(event[of].sum()), coef if known else None,
                float(np.exp(coef)) if known else None,
            )
        )  # fmt: skip
    return tuple(steps), notes


def _tests(curve: Smooth, line: Model) -> tuple[Test, Test, Test | None, Test | None]:
    """Overall by likelihood ratio and Wald, non-linearity by likelihood ratio and Wald."""
    fit = curve.model.fit
    overall = chi2_test("lr", likelihood_ratio(fit), fit.df), curve.wald(0)
    if len(curve.knots) == 0:
        return *overall, None, None
    gain = 2 * (fit.log_likelihood - line.fit.log_likelihood)
    return *overall, chi2_test("lr", gain, fit.df - 1), curve.wald(1)
