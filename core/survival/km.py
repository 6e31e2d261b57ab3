"""The curves page: curves of all groups, their summaries, and their comparison.

The estimate and its variants are described in `core.survival.curve`, the tests in
`core.survival.logrank`, the hazard ratio of the displayed groups in `core.survival.cox`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.spec import AnalysisSpec, read_number
from core.survival import logrank
from core.survival.by_patient import by_patient
from core.survival.conventions import TOLERANCE, conventions
from core.survival.cox import hazard_ratios
from core.survival.curve import (
    Curve,
    Quantile,
    at_risk,
    curves,
    median,
    quantiles,
    reached,
    restricted_mean,
)
from core.survival.results import Row, Test
from core.units import DAYS

AT_STEPS = (1, 2, 3, 6, 12, 24, 60, 120, 240)
"""Months between the times at which S(t) is reported when none are asked for."""


@dataclass(frozen=True)
class Summary:
    """Summary of one group's curve; times are in `show_unit`.

    `quartiles` are the times by which 25, 50 and 75 % have had the event; the second of them is
    the median again.
    """

    label: str
    n: int
    events: int
    median: float | None
    conf_low: float | None
    conf_high: float | None
    rmst: float | None
    rmst_se: float | None
    quartiles: tuple[Quantile, ...] = ()


@dataclass(frozen=True)
class Pair:
    """Comparison of two groups."""

    a: str
    b: str
    p_value: float | None
    p_adjusted: float | None


@dataclass(frozen=True)
class FollowUp:
    """Median follow-up with its limits, in `show_unit`."""

    median: float | None
    conf_low: float | None
    conf_high: float | None


@dataclass(frozen=True, eq=False)
class KMResult:
    """Everything the curves page shows.

    Attributes
    ----------
    groups : tuple of Summary
    curves : pandas.DataFrame
        ``time n_risk n_event n_censor estimate conf_low conf_high group``, a row per group and
        distinct time of it; `group` is the position in `groups`, times are in `show_unit`.
    at : pandas.DataFrame
        ``time n_risk estimate conf_low conf_high group`` at the times asked for. The estimate is
        missing after the last follow-up of a group whose curve is not 0 there.
    tau : float or None
        Horizon of the restricted means, in `show_unit`; None where each group has its own last
        time (SPSS), or there is none.
    test : Test
    hazard_ratio : tuple of Row
        Cox model of the displayed groups; the first group is the reference.
    pairwise : tuple of Pair
        Empty for fewer than three groups.
    """

    groups: tuple[Summary, ...]
    curves: pd.DataFrame
    at: pd.DataFrame
    tau: float | None
    test: Test
    hazard_ratio: tuple[Row, ...]
    pairwise: tuple[Pair, ...]
    notes: tuple[Note, ...]


def estimate(cohort: Cohort, spec: AnalysisSpec) -> KMResult:
    """Estimate the curve of every group and compare them.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``conf_level conf_type median_ci at tau test strata ties adjust_pairwise`` and the
        profile.

    Returns
    -------
    KMResult
    """
    groups = cohort.groups
    found = curves(
        cohort, spec, event=cohort.event, codes=groups.codes, n_groups=len(groups.levels)
    )
    own = spec.profile == "spss" and spec.tau is None
    tau = None if own else horizon(cohort, spec, found)
    ends = [(float(cohort.shown(c.time[-1])) or None) if own else tau for c in found]
    at = _at(cohort, spec, found)
    test = logrank.compare(cohort, spec)
    several = len(groups.levels) > 1
    rows, row_notes = hazard_ratios(cohort, spec) if several else ((), ())
    return KMResult(
        tuple(_summary(cohort, spec, found[g], g, ends[g]) for g in range(len(groups.levels))),
        _tidy(cohort, found),
        at,
        tau,
        test,
        rows,
        _pairs(cohort, spec) if len(groups.levels) > 2 else (),
        (*_notes(cohort, spec, found, at, tau, test), *row_notes),
    )


def follow_up(cohort: Cohort, spec: AnalysisSpec) -> FollowUp:
    """Median follow-up with limits by reverse Kaplan-Meier (event and censoring exchanged).

    Where each patient has several intervals, her last one says how long she was followed.

    References
    ----------
    Schemper M, Smith TL. Control Clin Trials 1996;17:343-346.
    """
    cohort = by_patient(cohort)
    together = np.zeros(cohort.n, dtype=np.int64)
    curve = curves(cohort, spec, event=~cohort.event, codes=together, n_groups=1)[0]
    return FollowUp(*(_shown(cohort, t) for t in median(curve, spec.but(median_ci="curve"))))


def default_at(last: float, unit: str) -> list[float]:
    """Times to report S(t) at: multiples of the smallest step that gives at most six of them.

    Parameters
    ----------
    last : float
        Last follow-up time in `unit`.
    unit : str

    Examples
    --------
    >>> default_at(87.4, "months")
    [24.0, 48.0, 72.0]
    """
    for months in AT_STEPS:
        step = months * DAYS["months"] / DAYS[unit]
        number = int(np.floor(last / step + 1e-9))
        if number <= 6:
            return [step * i for i in range(1, number + 1)]
    return [step * i for i in range(1, 7)]


def _summary(
    cohort: Cohort, spec: AnalysisSpec, curve: Curve, group: int, tau: float | None
) -> Summary:
    level = cohort.groups.levels[group]
    mean, error = None, None
    if tau is not None:
        area = restricted_mean(curve, float(cohort.measured(np.array(tau))))
        mean, error = (_shown(cohort, value) for value in area)
    found = tuple(shown_quantile(cohort, q) for q in quantiles(curve, spec))
    half = found[1]
    return Summary(
        level.label, level.n, level.events, half.time, half.conf_low, half.conf_high, mean, error,
        found,
    )  # fmt: skip


def shown_quantile(cohort: Cohort, found: Quantile) -> Quantile:
    """A quantile in `unit`, in `show_unit`."""
    times = (found.time, found.std_error, found.conf_low, found.conf_high)
    return Quantile(found.probability, *(_shown(cohort, t) for t in times))


def times_asked(cohort: Cohort, spec: AnalysisSpec) -> np.ndarray:
    """Times to report S(t) at, in `show_unit`: those asked for in order, or a few by default."""
    if spec.at:
        return np.array(sorted({read_number(t, "at") for t in spec.at}), dtype=float)
    return np.array(default_at(float(cohort.shown(cohort.time.max())), cohort.show_unit))


def horizon(cohort: Cohort, spec: AnalysisSpec, found: list[Curve]) -> float | None:
    """Horizon of the restricted means, in `show_unit`.

    ``tau`` where it is said, else the shortest of the groups' last follow-up times; None where
    that is 0.
    """
    if spec.tau is not None:
        return spec.tau
    smallest = min(float(cohort.shown(curve.time[-1])) for curve in found)
    return smallest if smallest > 0 else None


def _at(cohort: Cohort, spec: AnalysisSpec, found: list[Curve]) -> pd.DataFrame:
    times = times_asked(cohort, spec)
    measured = cohort.measured(times)
    parts: dict[str, list[np.ndarray]] = {"n_risk": [], "estimate": [], "conf_low": []}
    parts["conf_high"] = []
    for g, curve in enumerate(found):
        step, unknown = reached(curve, measured)
        parts["n_risk"].append(at_risk(cohort, g, measured))
        for name in ("estimate", "conf_low", "conf_high"):
            # R gives limits of 1 before the first observed time, and none while S stays at 1.
            value = np.where(step < 0, 1.0, getattr(curve, name)[step])
            parts[name].append(np.where(unknown, np.nan, value))
    columns = {name: np.concatenate(values) for name, values in parts.items()}
    group = np.repeat(np.arange(len(found)), len(times))
    return pd.DataFrame({"time": np.tile(times, len(found)), **columns, "group": group})


def _tidy(cohort: Cohort, found: list[Curve]) -> pd.DataFrame:
    def joined(name: str) -> np.ndarray:
        return np.concatenate([getattr(curve, name) for curve in found])

    return pd.DataFrame(
        {
            "time": cohort.shown(joined("time")),
            "n_risk": joined("n_risk").astype(np.int64),
            "n_event": joined("n_event").astype(np.int64),
            "n_censor": joined("n_censor"),
            "estimate": joined("estimate"),
            "conf_low": joined("conf_low"),
            "conf_high": joined("conf_high"),
            "group": np.repeat(np.arange(len(found)), [len(curve.time) for curve in found]),
        }
    )


def _pairs(cohort: Cohort, spec: AnalysisSpec) -> tuple[Pair, ...]:
    labels = cohort.groups.labels
    tests = logrank.pairwise(cohort, spec)
    adjusted = logrank.adjust([t.p_value for _, _, t in tests], spec.adjust_pairwise or "holm")
    return tuple(
        Pair(labels[a], labels[b], test.p_value, p)
        for (a, b, test), p in zip(tests, adjusted, strict=True)
    )


def _notes(
    cohort: Cohort,
    spec: AnalysisSpec,
    found: list[Curve],
    at: pd.DataFrame,
    tau: float | None,
    test: Test,
) -> list[Note]:
    notes = []
    if any((np.abs(curve.estimate - 0.5) < TOLERANCE).any() for curve in found):
        spss = conventions(spec).median_ci == "spss"
        rule = "start of that time, as in SPSS" if spss else "middle of that time, as in R"
        text = f"A curve lies at exactly 50 % for a while; its median is the {rule}."
        notes.append(info("median", text))
    if at["estimate"].isna().any():
        text = "Survival is given up to the last follow-up of a group and not after it."
        notes.append(info("at", text))
    held = [c for c in found if c.estimate[-1] > 0]
    if tau is not None and any(float(cohort.shown(c.time[-1])) < tau * (1 - 1e-9) for c in held):
        text = "The horizon lies beyond the follow-up of a group; its curve is held level there."
        notes.append(warning("rmst", text))
    if tau is None and spec.profile == "spss":
        text = (
            "As in SPSS, the mean of each group is that up to its own last time: means of groups "
            "with another follow-up do not compare. A horizon (tau) makes them comparable."
        )
        notes.append(info("rmst", text))
    if len(found) > 1 and test.statistic is None:
        text = "The curves cannot be compared: at no event are two groups at risk."
        notes.append(warning("test", text))
    return notes


def _shown(cohort: Cohort, time: float | None) -> float | None:
    return None if time is None else float(cohort.shown(np.array(time)))
