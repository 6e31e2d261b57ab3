"""How long patients were followed: by reverse Kaplan-Meier, and as it was observed.

Methods
-------
The reverse Kaplan-Meier estimate exchanges event and censoring: an event ends the view of a
patient who would have been followed longer. Its median with limits is what a follow-up is reported
by. The observed times, of all patients and of those without the event, are shortened or selected
by the events, and are given beside it under their own names. A patient's state at t is known where
she was followed to t or had the event by then. Quantiles of observed times are R's type 7,
with SPSS's conventions type 6. All
times are counted from the time origin, with delayed entry too. A patient with several intervals
counts once, with her last one.

References
----------
Schemper M, Smith TL. Control Clin Trials 1996;17:343-346. Clark TG, Altman DG, De Stavola BL.
Lancet 2002;359:1309-1310 (completeness of follow-up).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.cohort import Cohort
from core.groups import quantile
from core.notes import Note, info
from core.spec import AnalysisSpec
from core.survival.by_patient import by_patient
from core.survival.curve import Curve, Quantile, at_risk, curves, quantiles, slack_of
from core.survival.km import shown_quantile, times_asked

METHODS = (
    "Median follow-up was estimated by the reverse Kaplan-Meier method (Schemper and Smith); "
    "observed follow-up times are given as median and range."
)
QUARTER = (0.25, 0.75)


@dataclass(frozen=True)
class Observed:
    """Observed times of some patients, in `show_unit`."""

    n: int
    median: float
    lower_quartile: float
    upper_quartile: float
    minimum: float
    maximum: float


@dataclass(frozen=True)
class Followed:
    """Patients followed to a time in `show_unit`.

    Attributes
    ----------
    time : float
    n_risk : int
        Still under observation, without the event, just before it.
    n_known : int
        Whose state at it is known: followed so far, or the event by then.
    """

    time: float
    n_risk: int
    n_known: int


@dataclass(frozen=True)
class GroupFollowUp:
    """Follow-up of one group, or of all patients.

    Attributes
    ----------
    label : str
    n, events : int
        Patients, and those with the event.
    reverse : tuple of Quantile
        Quartiles of the reverse Kaplan-Meier curve with their limits, in `show_unit`; the second
        one is the median follow-up.
    observed : Observed
        Of all patients.
    censored : Observed or None
        Of the patients without the event; None where all had it.
    at : tuple of Followed
    """

    label: str
    n: int
    events: int
    reverse: tuple[Quantile, ...]
    observed: Observed
    censored: Observed | None
    at: tuple[Followed, ...]


@dataclass(frozen=True)
class ObservationResult:
    """Follow-up of all patients, and of each group where there are several."""

    overall: GroupFollowUp
    groups: tuple[GroupFollowUp, ...]
    notes: tuple[Note, ...]


def observation(cohort: Cohort, spec: AnalysisSpec) -> ObservationResult:
    """How long the patients were followed.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``at conf_level conf_type``.
    """
    patients = by_patient(cohort)
    together = replace(patients.groups, codes=np.zeros(patients.n, dtype=np.int64))
    everybody = replace(patients, groups=together)
    (overall,) = _follow_ups(everybody, spec, ("All patients",))
    labels = cohort.groups.labels
    groups = _follow_ups(patients, spec, labels) if len(labels) > 1 else ()
    return ObservationResult(overall, groups, tuple(_notes(cohort, patients, overall)))


def _follow_ups(
    cohort: Cohort, spec: AnalysisSpec, labels: tuple[str, ...]
) -> tuple[GroupFollowUp, ...]:
    codes = cohort.groups.codes
    found = curves(cohort, spec, event=~cohort.event, codes=codes, n_groups=len(labels))
    return tuple(_follow_up(cohort, spec, found[g], g, label) for g, label in enumerate(labels))


def _follow_up(
    cohort: Cohort, spec: AnalysisSpec, reverse: Curve, group: int, label: str
) -> GroupFollowUp:
    member = cohort.groups.codes == group
    time, event = cohort.time[member], cohort.event[member]
    asked = times_asked(cohort, spec)
    measured = cohort.measured(asked)
    slack = slack_of(measured)
    known = [int(((time >= t - s) | (event & (time <= t + s))).sum())
             for t, s in zip(measured, slack, strict=True)]  # fmt: skip
    n_risk = at_risk(cohort, group, measured).tolist()
    ways = quantiles(reverse, spec.but(median_ci="curve"))
    return GroupFollowUp(
        label, len(time), int(event.sum()), tuple(shown_quantile(cohort, q) for q in ways),
        _observed(cohort.shown(time), spec),
        None if event.all() else _observed(cohort.shown(time[~event]), spec),
        tuple(Followed(*row) for row in zip(asked.tolist(), n_risk, known, strict=True)),
    )  # fmt: skip


def _observed(time: np.ndarray, spec: AnalysisSpec) -> Observed:
    low, high = (quantile(time, p, weibull=spec.profile == "spss") for p in QUARTER)
    return Observed(
        len(time), float(np.median(time)), low, high, float(time.min()), float(time.max())
    )


def _notes(cohort: Cohort, patients: Cohort, overall: GroupFollowUp) -> list[Note]:
    notes = []
    if overall.reverse[1].time is None:
        text = (
            "The median follow-up is not reached: more than half of the patients would have "
            "been followed longer than anybody was."
        )
        notes.append(info("follow_up", text))
    if overall.censored is None:
        text = "Every patient had the event: how long they would have been followed is not known."
        notes.append(info("follow_up", text))
    if patients is not cohort:
        text = "A patient with several intervals counts once here, with her last interval."
        notes.append(info("follow_up", text))
    if cohort.entry is not None:
        text = (
            "Follow-up is counted from the time origin, and not from the entry or the landmark: "
            "patients were under observation for less."
        )
        notes.append(info("follow_up", text))
    return notes
