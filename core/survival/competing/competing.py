"""Competing risks: what happens first, to how many, by group, and what it depends on.

Methods
-------
Cumulative incidence, Gray's test and the subdistribution model are described in
`core.survival.competing.aalen_johansen`, ``gray`` and ``fine_gray``. Beside each subdistribution
hazard ratio stands the cause-specific one: an ordinary Cox model in which the other causes are
censored, on the same patients. The two answer different questions. A cause-specific hazard ratio
says how a variable acts on the rate of an event among those who are still free of all (etiology);
a subdistribution hazard ratio says how it goes with the share of patients who will have the event
(prognosis), through all causes together. Limits and p-values are Wald's.

References
----------
Latouche A et al. J Clin Epidemiol 2013;66:648-653. Austin PC, Lee DS, Fine JP. Circulation
2016;133:601-609.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.spec import AnalysisSpec, read_number
from core.survival.competing import gray
from core.survival.competing.aalen_johansen import Incidence, incidences
from core.survival.competing.events import Cause, causes
from core.survival.competing.models import Effects, effects
from core.survival.curve import at_risk, slack_of
from core.survival.km import default_at
from core.survival.results import Test

METHODS = (
    "Cumulative incidence in the presence of competing events was estimated by Aalen-Johansen "
    "with Aalen's variance and compared between groups by Gray's test; subdistribution hazard "
    "ratios are from Fine and Gray's model, cause-specific ones from Cox models in which the "
    "competing events were censored."
)
DELAYED = (
    "Some patients enter late: Gray's test and the subdistribution hazard ratios are not defined "
    "for that and are not given. The cumulative incidence and the cause-specific hazard ratios "
    "allow for it."
)
UNSTRATIFIED = (
    "Gray's test and the cause-specific Cox models are stratified; the subdistribution model is "
    "not: its baseline is that of all patients together."
)
IGNORED = ("weights", "cluster", "offset")
"""Fields of Cox models that have no counterpart in the other methods here."""


@dataclass(frozen=True)
class GroupCounts:
    """A group: its patients, how many had each cause first, and how many neither."""

    label: str
    n: int
    events: tuple[int, ...]
    censored: int


@dataclass(frozen=True, eq=False)
class CompetingResult:
    """The page of competing risks.

    Attributes
    ----------
    causes : tuple of Cause
        The event of the question first, then the competing ones as they are named.
    groups : tuple of GroupCounts
    curves : pandas.DataFrame
        ``time n_risk n_event estimate std_error conf_low conf_high group cause``: a row per group,
        cause and distinct time of the group; `group` is the position in `groups`, `cause` counts
        from 1, times are in `show_unit`, `estimate` is the cumulative incidence. Limits are
        missing where it is 0.
    at : pandas.DataFrame
        ``time n_risk estimate std_error conf_low conf_high one_minus_km group cause`` at the times
        asked for. Missing after the last follow-up of a group in which somebody is still free of
        all events. `one_minus_km` is Kaplan-Meier's claim with the other causes censored.
    tests : tuple of Test
        Gray's test of each cause, in the order of `causes`; empty for one group.
    models : tuple of Effects
        Cause-specific and subdistribution hazard ratios of each cause: of the displayed groups
        (``groups``) and of the terms together (``terms``) where the spec names any.
    titles : dict of str to str
        How each term is called on the screen.
    """

    causes: tuple[Cause, ...]
    groups: tuple[GroupCounts, ...]
    curves: pd.DataFrame
    at: pd.DataFrame
    tests: tuple[Test, ...]
    models: tuple[Effects, ...]
    titles: dict[str, str]
    notes: tuple[Note, ...]


def competing(cohort: Cohort, spec: AnalysisSpec) -> CompetingResult:
    """Estimate and compare the cumulative incidence of the event and of the competing events.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``event event_is competing at terms strata ties estimator conf_level conf_type`` and
        the profile. Without competing events the cumulative incidence is 1 - S(t).

    Returns
    -------
    CompetingResult

    Raises
    ------
    SpecError
        If a time or a term cannot be read, or a competing value is no number in a column of
        numbers.

    References
    ----------
    Fine JP, Gray RJ. J Am Stat Assoc 1999;94:496-509. Gray RJ. Ann Stat 1988;16:1141-1154.
    """
    status, found = causes(cohort, spec)
    curves = incidences(cohort, spec, status, len(found))
    late = enters_late(cohort)
    tests = _tests(cohort, status, found, late=late)
    models, titles, model_notes = effects(cohort, spec, status, found, subdistribution=not late)
    at = _at(cohort, spec, curves)
    notes = (*_notes(cohort, spec, found, at, tests), *_limits_of(cohort, spec, late=late))
    return CompetingResult(
        found,
        _groups(cohort, status, len(found)),
        _tidy(cohort, curves),
        at,
        tests,
        models,
        titles,
        (*notes, *model_notes),
    )


def enters_late(cohort: Cohort) -> bool:
    """Whether somebody is not yet under observation when the first follow-up ends.

    With a landmark everybody enters at the same time, and before anything happens.
    """
    return cohort.entry is not None and bool(cohort.entry.max() >= cohort.time.min())


def _groups(cohort: Cohort, status: np.ndarray, n_causes: int) -> tuple[GroupCounts, ...]:
    levels, codes = cohort.groups.levels, cohort.groups.codes
    size = n_causes + 1
    counts = np.bincount(codes * size + status, minlength=len(levels) * size).reshape(-1, size)
    return tuple(
        GroupCounts(level.label, level.n, tuple(row[1:]), row[0])
        for level, row in zip(levels, counts.tolist(), strict=True)
    )


def _tests(
    cohort: Cohort, status: np.ndarray, found: tuple[Cause, ...], *, late: bool
) -> tuple[Test, ...]:
    n_groups = len(cohort.groups.levels)
    if n_groups < 2:
        return ()
    if late:
        return tuple(Test(gray.NAME, None, n_groups - 1, None, None) for _ in found)
    codes, strata = cohort.groups.codes, cohort.strata
    return tuple(
        gray.compare(cohort.time, as_one(status, cause), codes, n_groups, strata=strata)
        for cause in (one.cause for one in found)
    )


def as_one(status: np.ndarray, cause: int) -> np.ndarray:
    """One cause against all others: 0 censored, 1 this cause, 2 any other.

    Examples
    --------
    >>> as_one(np.array([0, 1, 2, 3]), 2).tolist()
    [0, 2, 1, 2]
    """
    return np.where(status == 0, 0, np.where(status == cause, 1, 2))


def _tidy(cohort: Cohort, found: list[Incidence]) -> pd.DataFrame:
    parts = []
    for group, one in enumerate(found):
        n_causes, n_times = one.estimate.shape
        parts.append(
            {
                "time": np.tile(cohort.shown(one.time), n_causes),
                "n_risk": np.tile(one.n_risk, n_causes),
                "n_event": one.n_event.ravel(),
                "estimate": one.estimate.ravel(),
                "std_error": one.std_error.ravel(),
                "conf_low": one.conf_low.ravel(),
                "conf_high": one.conf_high.ravel(),
                "group": np.full(n_causes * n_times, group),
                "cause": np.repeat(np.arange(1, n_causes + 1), n_times),
            }
        )
    return pd.DataFrame({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


def _at(cohort: Cohort, spec: AnalysisSpec, found: list[Incidence]) -> pd.DataFrame:
    if spec.at:
        asked = sorted({read_number(t, "at") for t in spec.at})
    else:
        asked = default_at(float(cohort.shown(cohort.time.max())), cohort.show_unit)
    times = np.array(asked, dtype=float)
    measured = cohort.measured(times)
    rows = []
    for group, one in enumerate(found):
        reached = np.searchsorted(one.time, measured + slack_of(measured), side="right") - 1
        over = measured - slack_of(measured) > one.time[-1]
        unknown = over & (one.survival[-1] > 0)
        for k in range(len(one.estimate)):
            columns: dict[str, np.ndarray] = {
                "time": times, "n_risk": at_risk(cohort, group, measured)
            }  # fmt: skip
            for name in ("estimate", "std_error", "conf_low", "conf_high", "one_minus_km"):
                nothing_yet = np.nan if name.startswith("conf") else 0.0
                value = np.where(reached < 0, nothing_yet, getattr(one, name)[k][reached])
                columns[name] = np.where(unknown, np.nan, value)
            rows.append(pd.DataFrame({**columns, "group": group, "cause": k + 1}))
    return pd.concat(rows, ignore_index=True)


def _notes(
    cohort: Cohort,
    spec: AnalysisSpec,
    found: tuple[Cause, ...],
    at: pd.DataFrame,
    tests: tuple[Test, ...],
) -> list[Note]:
    notes = []
    if not spec.competing:
        text = "No competing event is named: the cumulative incidence is 1 - S(t) of Kaplan-Meier."
        notes.append(info("causes", text))
    none = [cause.label for cause in found if cause.events == 0]
    if none:
        notes.append(warning("causes", f"Nobody who is in had: {', '.join(none)}."))
    if at["estimate"].isna().any():
        text = "Incidence is given up to the last follow-up of a group and not after it."
        notes.append(info("at", text))
    unknown = [
        cause.label
        for cause, test in zip(found, tests, strict=False)
        if test.statistic is None and cause.events and not enters_late(cohort)
    ]
    if unknown:
        text = f"At no event are two groups at risk: not compared for {', '.join(unknown)}."
        notes.append(warning("tests", text))
    return notes


def _limits_of(cohort: Cohort, spec: AnalysisSpec, *, late: bool) -> list[Note]:
    """What the methods here cannot do, where the question asks for it."""
    notes = []
    if late:
        notes.append(warning("entry", DELAYED))
    if spec.strata:
        notes.append(info("strata", UNSTRATIFIED))
    ignored = [name for name in IGNORED if getattr(spec, name) is not None]
    if ignored:
        text = f"Not used for competing risks: {', '.join(ignored)}."
        notes.append(warning("weights", text))
    return notes
