"""Parametric curves of the groups: five families side by side, with their AIC.

Methods
-------
Each family is fitted to each group by itself; AIC = 2 k - 2 log L is summed over the groups, so
that the families can be compared. Time ratios come from one model with a common sigma (and Q) for
all groups (R's ``survreg(time ~ group)``); for the exponential and the Weibull family the hazard
ratio is exp(-beta / sigma). Limits of S(t) are by the delta method on the log(-log) scale, those
of medians and ratios on the log scale. With a landmark the curve is S(t) / S(landmark). Patients
whose time is 0 take no part: a time of 0 has no logarithm.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy import special

from core.cohort import Cohort
from core.notes import Note, counted, info, warning
from core.spec import AnalysisSpec, read_number
from core.survival.conventions import conventions
from core.survival.km import default_at
from core.survival.parametric.families import NAMES, family
from core.survival.parametric.fit import Fitted, Times, fit
from core.survival.tails import normal_quantile, ratios

METHODS = (
    "Exponential, Weibull, log-normal, log-logistic and generalised gamma models were fitted by "
    "maximum likelihood and compared by Akaike's information criterion."
)
POINTS = 121
"""Times at which a fitted curve is drawn."""
LEAST_EVENTS = 2
"""Different event times without which a family is not fitted to a group."""
SMALL = 1e-5
"""Relative step of the differences of the delta method."""


@dataclass(frozen=True)
class AtTime:
    """S(t) of a fitted family at a time in `show_unit`."""

    time: float
    estimate: float | None
    conf_low: float | None
    conf_high: float | None


@dataclass(frozen=True)
class FamilyFit:
    """One family fitted to one group; everything estimated is None where there is no fit.

    Attributes
    ----------
    family : str
    group : int
    label : str
    n, events : int
        Patients with a time above 0.
    mu, sigma, shape : float or None
        Of log T in the unit of the data; `shape` is Q of the generalised gamma.
    log_likelihood, aic : float or None
    median, conf_low, conf_high : float or None
        In `show_unit`.
    at : tuple of AtTime
    """

    family: str
    group: int
    label: str
    n: int
    events: int
    mu: float | None = None
    sigma: float | None = None
    shape: float | None = None
    log_likelihood: float | None = None
    aic: float | None = None
    median: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    at: tuple[AtTime, ...] = ()


@dataclass(frozen=True)
class Total:
    """A family over all groups: None where it could not be fitted to every group."""

    family: str
    parameters: int
    log_likelihood: float | None
    aic: float | None


@dataclass(frozen=True)
class Ratio:
    """A group against the first one, with a common sigma.

    A time ratio of 2: everything takes twice as long. The hazard ratio is None for families
    without proportional hazards.
    """

    family: str
    label: str
    reference: str
    time_ratio: float | None
    conf_low: float | None
    conf_high: float | None
    p_value: float | None
    hazard_ratio: float | None
    hazard_conf_low: float | None
    hazard_conf_high: float | None


@dataclass(frozen=True, eq=False)
class ParametricResult:
    """Five families side by side.

    Attributes
    ----------
    fits : tuple of FamilyFit
    totals : tuple of Total
        In the order of AIC, the best first; families that could not be fitted last.
    ratios : tuple of Ratio
    curves : pandas.DataFrame
        ``family group time estimate hazard``, from the start of observation to the last
        follow-up of the group; the hazard is per `show_unit`.
    """

    fits: tuple[FamilyFit, ...]
    totals: tuple[Total, ...]
    ratios: tuple[Ratio, ...]
    curves: pd.DataFrame
    notes: tuple[Note, ...]


def parametric(cohort: Cohort, spec: AnalysisSpec) -> ParametricResult:
    """Fit five families to the groups.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``at conf_level`` and the profile.
    """
    groups = cohort.groups
    labels = groups.labels
    found = [
        (name, g, _fit_group(cohort, name, groups.codes == g))
        for name in NAMES
        for g in range(len(labels))
    ]
    fits = tuple(_described(cohort, spec, name, g, fitted) for name, g, fitted in found)
    drawn = [_curve(cohort, name, g, fitted) for name, g, fitted in found if fitted is not None]
    empty = {n: np.array([]) for n in ("family", "group", "time", "estimate", "hazard")}
    totals = tuple(_total(name, [f for f in fits if f.family == name]) for name in NAMES)
    return ParametricResult(
        fits,
        tuple(sorted(totals, key=lambda t: np.inf if t.aic is None else t.aic)),
        _ratios(cohort, spec) if len(labels) > 1 else (),
        pd.concat(drawn, ignore_index=True) if drawn else pd.DataFrame(empty),
        _notes(cohort, fits),
    )


def _times(cohort: Cohort, rows: np.ndarray, matrix: np.ndarray | None = None) -> Times:
    rows = rows & (cohort.time > 0)
    n = int(rows.sum())
    entry = np.zeros(n) if cohort.entry is None else np.maximum(cohort.entry[rows], 0.0)
    x = np.ones((n, 1)) if matrix is None else matrix[rows]
    return Times(cohort.time[rows], cohort.event[rows], entry, x)


def _fit_group(cohort: Cohort, name: str, rows: np.ndarray) -> Fitted | None:
    times = _times(cohort, rows)
    distinct = len(np.unique(times.time[times.event]))
    if distinct < (1 if name == "exponential" else LEAST_EVENTS):
        return None
    found = fit(times, name)
    return found if found.converged else None


def _described(
    cohort: Cohort, spec: AnalysisSpec, name: str, g: int, fitted: Fitted | None
) -> FamilyFit:
    rows = (cohort.groups.codes == g) & (cohort.time > 0)
    counts = (name, g, cohort.groups.labels[g], int(rows.sum()), int(cohort.event[rows].sum()))
    if fitted is None:
        return FamilyFit(*counts)
    z = normal_quantile(conventions(spec).conf_level)

    def log_median(f: Fitted) -> float:
        return float(f.coefficients[0] + f.sigma * family(name, f.shape).quantile(0.5))

    middle, error = log_median(fitted), _error(fitted, log_median)
    median, low, high = (float(cohort.shown(np.array(t))) for t in ratios(_ends(middle, z * error)))
    return FamilyFit(
        *counts,
        float(fitted.coefficients[0]),
        fitted.sigma,
        fitted.shape if name == "gengamma" else None,
        fitted.log_likelihood,
        2 * len(fitted.parameters) - 2 * fitted.log_likelihood,
        median,
        low,
        high,
        _at(cohort, spec, fitted, z),
    )


def _at(cohort: Cohort, spec: AnalysisSpec, fitted: Fitted, z: float) -> tuple[AtTime, ...]:
    last = float(cohort.shown(cohort.time.max()))
    asked = [read_number(t, "at") for t in spec.at] or default_at(last, cohort.show_unit)
    found = []
    for t in sorted(set(asked)):
        measured, start = float(cohort.measured(np.array(t))), _start(cohort)
        if measured <= start:
            found.append(AtTime(t, 1.0, None, None))
            continue

        def log_log(f: Fitted, when: float = measured, since: float = start) -> float:
            log_s = f.log_survival(np.array([since, when]), float(f.coefficients[0]))
            return float(np.log(max(log_s[0] - log_s[1], 1e-300)))

        value, error = log_log(fitted), _error(fitted, log_log)
        s, high, low = (float(np.exp(-h)) for h in ratios(_ends(value, z * error)))
        found.append(AtTime(t, s, low, high))
    return tuple(found)


def _start(cohort: Cohort) -> float:
    """Where the curves begin: at the landmark, or with the first patient under observation."""
    return 0.0 if cohort.entry is None else max(float(cohort.entry.min()), 0.0)


def _error(fitted: Fitted, quantity: Callable[[Fitted], float]) -> float:
    """Standard error of a quantity by the delta method, with central differences."""
    theta = fitted.parameters
    slope = np.empty(len(theta))
    for k in range(len(theta)):
        step = np.zeros(len(theta))
        step[k] = SMALL * max(1.0, abs(theta[k]))
        ahead, behind = quantity(fitted.at(theta + step)), quantity(fitted.at(theta - step))
        slope[k] = (ahead - behind) / (2 * step[k])
    return float(np.sqrt(max(slope @ fitted.covariance @ slope, 0.0)))


def _curve(cohort: Cohort, name: str, g: int, fitted: Fitted) -> pd.DataFrame:
    start = _start(cohort)
    last = float(cohort.time[cohort.groups.codes == g].max())
    times = np.linspace(start, max(last, start), POINTS)
    mu = float(fitted.coefficients[0])
    log_s = fitted.log_survival(times, mu)
    hazard = np.full(POINTS, np.nan)
    later = times > 0
    hazard[later] = np.exp(fitted.log_hazard(times[later], mu))
    return pd.DataFrame(
        {
            "family": name,
            "group": g,
            "time": cohort.shown(times),
            "estimate": np.exp(log_s - log_s[0]),
            "hazard": hazard / float(cohort.shown(np.array(1.0))),
        }
    )


def _total(name: str, fits: list[FamilyFit]) -> Total:
    k = {"exponential": 1, "gengamma": 3}.get(name, 2) * len(fits)
    values = [f.log_likelihood for f in fits if f.log_likelihood is not None]
    if len(values) < len(fits):
        return Total(name, k, None, None)
    return Total(name, k, sum(values), 2 * k - 2 * sum(values))


def _ratios(cohort: Cohort, spec: AnalysisSpec) -> tuple[Ratio, ...]:
    """Each group against the first one, in one model a family."""
    codes, labels = cohort.groups.codes, cohort.groups.labels
    matrix = (codes[:, None] == np.arange(len(labels))).astype(float)
    matrix[:, 0] = 1.0
    times = _times(cohort, np.ones(cohort.n, dtype=bool), matrix)
    has = [bool(cohort.event[(codes == g) & (cohort.time > 0)].any()) for g in range(len(labels))]
    found: list[Ratio] = []
    for name in NAMES:
        fitted = fit(times, name) if all(has) else None
        for g in range(1, len(labels)):
            found.append(_ratio(spec, name, fitted, g, (labels[g], labels[0])))
    return tuple(found)


def _ends(estimate: float, half: float) -> tuple[float, float, float]:
    """The estimate with its lower and its upper limit."""
    return estimate, estimate - half, estimate + half


def _ratio(
    spec: AnalysisSpec, name: str, fitted: Fitted | None, g: int, named: tuple[str, str]
) -> Ratio:
    if fitted is None or not fitted.converged:
        return Ratio(name, *named, None, None, None, None, None, None, None)
    z = normal_quantile(conventions(spec).conf_level)
    beta, error = float(fitted.coefficients[g]), float(np.sqrt(fitted.covariance[g, g]))
    time_ratio, low, high = ratios(_ends(beta, z * error))
    p_value = float(2 * special.ndtr(-abs(beta / error)))
    alone = Ratio(name, *named, time_ratio, low, high, p_value, None, None, None)
    if name not in ("exponential", "weibull"):
        return alone

    def log_hazard_ratio(f: Fitted) -> float:
        return float(-f.coefficients[g] / f.sigma)

    value, error = log_hazard_ratio(fitted), _error(fitted, log_hazard_ratio)
    ratio, low, high = ratios(_ends(value, z * error))
    return replace(alone, hazard_ratio=ratio, hazard_conf_low=low, hazard_conf_high=high)


def _notes(cohort: Cohort, fits: tuple[FamilyFit, ...]) -> tuple[Note, ...]:
    notes: list[Note] = []
    zero = int((cohort.time <= 0).sum())
    if zero:
        text = f"{counted(zero, 'patient')} with a time of 0 took no part in the parametric models."
        notes.append(info("parametric", text))
    failed = sorted({f.label for f in fits if f.aic is None})
    if failed:
        text = (
            f"Not every family could be fitted to: {', '.join(failed)}. There are too few "
            "different event times, or the likelihood has no maximum."
        )
        notes.append(warning("parametric", text))
    if cohort.strata is not None:
        notes.append(info("parametric", "Strata are not used by the parametric models."))
    return tuple(notes)
