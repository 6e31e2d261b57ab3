"""Groups at chosen times: S(t) and its differences, restricted means, conditional survival.

Methods
-------
Each group is compared with the first one. At a time t the difference of S(t) has the standard error
of two independent Greenwood variances and plain limits; the test beside it compares log(-log S(t)),
whose size is right in small groups too (Klein and others). Where a curve is at 1 or 0 its precision
is not known, and there is no test. With more than two groups a chi-square test of all of them at
each time is given on both scales.

Restricted means are compared up to one horizon (`core.survival.restricted`): the shortest of the
groups' last follow-up times where none is asked for; past its follow-up a curve is held at its last
value. With delayed entry, patients are at risk from their entry on. Strata do not enter.

References
----------
Klein JP, Logan B, Harhoff M, Andersen PK. Stat Med 2007;26:4505-4519.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.spec import AnalysisSpec
from core.survival.conditional import Conditional, conditional
from core.survival.conventions import conventions
from core.survival.curve import Curve, at_risk, curves, reached
from core.survival.km import horizon, times_asked
from core.survival.restricted import Mean, MeanContrast, contrasts, means
from core.survival.tails import chi2_log10_p, chi2_p, normal_quantile

METHODS = (
    "Survival at chosen times was compared by the difference of the Kaplan-Meier estimates "
    "(Greenwood variance), with a test on the log(-log) scale beside it, and restricted mean "
    "survival times up to a common horizon by their difference and ratio."
)
SEARCHED = (
    "The cutoff was searched for, to make the curves part: every p-value here is too small, and "
    "the limits are too narrow."
)


@dataclass(frozen=True)
class AtTime:
    """S(t) of one group at a time in `show_unit`.

    The estimate is None after the last follow-up of a group whose curve is not 0 there; its
    precision is None where it is 1 or 0 as well.
    """

    group: int
    label: str
    time: float
    n_risk: int
    estimate: float | None
    std_error: float | None
    conf_low: float | None
    conf_high: float | None


@dataclass(frozen=True)
class Difference:
    """S(t) of a group less that of the first one.

    Attributes
    ----------
    group : int
    label, reference : str
    time : float
        In `show_unit`.
    estimate, std_error, conf_low, conf_high : float or None
        Of the difference.
    statistic, p_value, log10_p : float or None
        Normal test of the difference: z, and its two-sided p.
    statistic_log_log, p_value_log_log : float or None
        The test of log(-log S(t)); z is positive where S(t) of the group is larger.
    """

    group: int
    label: str
    reference: str
    time: float
    estimate: float | None = None
    std_error: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    statistic: float | None = None
    p_value: float | None = None
    log10_p: float | None = None
    statistic_log_log: float | None = None
    p_value_log_log: float | None = None


@dataclass(frozen=True)
class Together:
    """Chi-square test of all groups at a time, on both scales.

    Nothing is known where the precision of one of the groups is not.
    """

    time: float
    df: int
    statistic: float | None = None
    p_value: float | None = None
    statistic_log_log: float | None = None
    p_value_log_log: float | None = None


@dataclass(frozen=True)
class DifferencesResult:
    """Groups at chosen times.

    Attributes
    ----------
    survival : tuple of AtTime
        By group, then time.
    differences : tuple of Difference
        Of every group but the first, by group, then time.
    together : tuple of Together
        Empty for fewer than three groups.
    tau : float or None
        Horizon of the restricted means in `show_unit`; None where there is no follow-up.
    rmst : tuple of Mean
    rmst_contrasts : tuple of MeanContrast
        Of every group but the first: the difference, then the ratio.
    conditional : tuple of Conditional
        Empty where no time is given.
    """

    survival: tuple[AtTime, ...]
    differences: tuple[Difference, ...]
    together: tuple[Together, ...]
    tau: float | None
    rmst: tuple[Mean, ...]
    rmst_contrasts: tuple[MeanContrast, ...]
    conditional: tuple[Conditional, ...]
    notes: tuple[Note, ...]


def differences(cohort: Cohort, spec: AnalysisSpec) -> DifferencesResult:
    """Compare the groups at chosen times and up to a horizon.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``at tau given conf_level conf_type``, and ``strata`` to say that they do not enter.
    """
    codes, n_groups = cohort.groups.codes, len(cohort.groups.levels)
    found = curves(cohort, spec, event=cohort.event, codes=codes, n_groups=n_groups)
    times, tau = times_asked(cohort, spec), horizon(cohort, spec, found)
    survival = [_survival(cohort, curve, g, times) for g, curve in enumerate(found)]
    z = normal_quantile(conventions(spec).conf_level)
    pairs = [
        _difference(first, other, z)
        for rows in survival[1:]
        for first, other in zip(survival[0], rows, strict=True)
    ]
    together = [_together(rows) for rows in zip(*survival, strict=True)] if n_groups > 2 else []
    rmst = means(cohort, spec, found, tau)
    later = conditional(cohort, spec, found, times)
    notes = (
        *_notes(cohort, spec, survival), *_notes_of_means(cohort, spec, found, tau),
        *_notes_of_given(spec, later),
    )  # fmt: skip
    return DifferencesResult(
        tuple(row for rows in survival for row in rows), tuple(pairs), tuple(together), tau,
        rmst, contrasts(rmst, spec), later, notes,
    )  # fmt: skip


def _survival(cohort: Cohort, curve: Curve, group: int, times: np.ndarray) -> list[AtTime]:
    measured = cohort.measured(times)
    step, unknown = reached(curve, measured)
    n_risk = at_risk(cohort, group, measured).tolist()
    rows = []
    for i, time in enumerate(times.tolist()):
        estimate = 1.0 if step[i] < 0 else float(curve.estimate[step[i]])
        known: tuple[float | None, ...] = (estimate, None, None, None)
        if unknown[i]:
            known = (None,) * 4
        elif 0 < estimate < 1:
            error = estimate * float(np.sqrt(curve.variance_log[step[i]]))
            limits = (float(curve.conf_low[step[i]]), float(curve.conf_high[step[i]]))
            known = (estimate, error, *limits)
        label = cohort.groups.labels[group]
        rows.append(AtTime(group, label, time, n_risk[i], *known))
    return rows


def _log_log(row: AtTime) -> tuple[float, float] | None:
    """log(-log S(t)) and its standard error."""
    if row.estimate is None or row.std_error is None:
        return None
    log = float(np.log(row.estimate))
    return float(np.log(-log)), row.std_error / row.estimate / -log


def _difference(first: AtTime, other: AtTime, z: float) -> Difference:
    names = (other.group, other.label, first.label, other.time)
    if first.estimate is None or other.estimate is None:
        return Difference(*names)
    difference = other.estimate - first.estimate
    one, two = _log_log(first), _log_log(other)
    if one is None or two is None or first.std_error is None or other.std_error is None:
        return Difference(*names, difference)
    error = float(np.hypot(first.std_error, other.std_error))
    plain = difference / error
    log_log = (one[0] - two[0]) / float(np.hypot(one[1], two[1]))
    return Difference(
        *names, difference, error, difference - z * error, difference + z * error,
        plain, chi2_p(plain**2, 1), chi2_log10_p(plain**2, 1),
        log_log, chi2_p(log_log**2, 1),
    )  # fmt: skip


def _together(rows: tuple[AtTime, ...]) -> Together:
    df = len(rows) - 1
    plain = [(r.estimate, r.std_error) for r in rows]
    turned = [_log_log(r) for r in rows]
    if any(error is None for _, error in plain) or any(t is None for t in turned):
        return Together(rows[0].time, df)
    one, two = (_chi_square(np.array(values, dtype=float)) for values in (plain, turned))
    return Together(rows[0].time, df, one, chi2_p(one, df), two, chi2_p(two, df))


def _chi_square(values: np.ndarray) -> float:
    """Spread of independent estimates, shape (G, 2) with their errors, around their mean.

    With weights of 1 / variance it is the quadratic form of any G - 1 contrasts of them.
    """
    estimate, weight = values[:, 0], values[:, 1] ** -2
    return float((weight * (estimate - np.average(estimate, weights=weight)) ** 2).sum())


def _notes(cohort: Cohort, spec: AnalysisSpec, survival: list[list[AtTime]]) -> list[Note]:
    notes, rows = [], [row for group in survival for row in group]
    if spec.strata:
        notes.append(info("differences", "The strata do not enter the numbers at chosen times."))
    if any(row.estimate is None for row in rows):
        text = "Survival is given up to the last follow-up of a group and not after it."
        notes.append(info("at", text))
    if any(row.estimate in (0, 1) for row in rows):
        text = (
            "Where a curve is still at 100 % or already at 0 % its precision is not known: "
            "there are no limits and no test."
        )
        notes.append(info("at", text))
    if len(survival) > 1 and len(survival[0]) > 1:
        text = (
            "Each time is a test of its own, and several times are several tests: choose the time "
            "that counts before looking."
        )
        notes.append(info("differences", text))
    if cohort.groups.origin == "best":
        notes.append(warning("differences", SEARCHED))
    return notes


def _notes_of_means(
    cohort: Cohort, spec: AnalysisSpec, found: list[Curve], tau: float | None
) -> list[Note]:
    if tau is None:
        text = "There is no follow-up beyond time 0, and so no restricted mean."
        return [warning("rmst", text)]
    notes = []
    if spec.tau is None:
        text = (
            "The horizon of the restricted means is the shortest of the groups' last follow-up "
            "times; for a plan, fix it beforehand."
        )
        notes.append(info("rmst", text))
    held = [curve for curve in found if curve.estimate[-1] > 0]
    if any(float(cohort.shown(c.time[-1])) < tau * (1 - 1e-9) for c in held):
        text = "The horizon lies beyond the follow-up of a group; its curve is held level there."
        notes.append(warning("rmst", text))
    if cohort.entry is not None:
        text = (
            "Restricted means count from time 0, also where nobody is under observation from "
            "then on: the time before the first entry or the landmark counts in full."
        )
        notes.append(info("rmst", text))
    return notes


def _notes_of_given(spec: AnalysisSpec, rows: tuple[Conditional, ...]) -> list[Note]:
    if spec.given is None:
        return []
    if not rows:
        text = "None of the times lies after the time that is given: ask for later ones."
        return [info("given", text)]
    if any(row.estimate is None for row in rows):
        text = (
            "Survival from the given time on is known for groups in which somebody was followed "
            "beyond it, and up to their last follow-up."
        )
        return [info("given", text)]
    return []
