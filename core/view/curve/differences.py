"""The groups at chosen times: sentences and tables."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from core.cohort import Cohort
from core.survival.conditional import Conditional
from core.survival.conventions import conventions
from core.survival.differences import AtTime, Difference, DifferencesResult, Together
from core.survival.km import KMResult
from core.survival.restricted import MeanContrast
from core.view import numbers

LEAST_AT_RISK = 10
"""Patients at risk in every group at the time that the first sentence is about."""
QUARTERS = {0.25: "25%", 0.5: "50% (median)", 0.75: "75%"}
MEANING = (
    "Percentages are Kaplan-Meier estimates; a difference has Greenwood's variance and symmetric "
    "limits. The second p compares log(-log S), which is the better test with few patients."
)
AREA = (
    "The restricted mean is the shaded area: the mean time without the event if the clock stops at "
    "the dashed line. It needs no proportional hazards. Difference: symmetric limits; ratio: "
    "limits on the log scale."
)
GIVEN = (
    "Conditional survival: only who had reached the given time counts, so it says what is ahead of "
    "a patient who has come so far. Times are counted from the same origin as everywhere."
)


def finding(cohort: Cohort, result: DifferencesResult) -> str:
    """How many are without the event at the last time that tells something, group by group."""
    rows = _shown(result)
    if not rows:
        return "At none of the times is every group still followed: ask for earlier ones."
    when = f"At {rows[0].time:.4g} {cohort.show_unit}"
    percents = [_percent(row) for row in rows]
    labels = cohort.groups.screen_labels
    if len(rows) == 1:
        return f"{when}, {percents[0]} of the patients were without the event."
    if len(rows) > 2:
        (together,) = (t for t in result.together if t.time == rows[0].time)
        each = "; ".join(f"{name} {p}" for p, name in zip(percents, labels, strict=True))
        return f"{when} without the event: {each}{_all(cohort, together)}"
    (row,) = (d for d in result.differences if d.time == rows[0].time)
    said = f"{percents[1]} ({labels[1]}) against {percents[0]} ({labels[0]}) were without the event"
    return (
        f"{when}, {said}: a difference of {points(row)} percentage points{_p(cohort, row.p_value)}."
    )


def mean_finding(cohort: Cohort, result: DifferencesResult) -> str:
    """The restricted means in a sentence; empty where there are none."""
    unit, means = cohort.show_unit, result.rmst
    if result.tau is None or not means:
        return ""
    upto = f"Up to {numbers.time(result.tau, unit)} {unit}, the mean time without the event was"
    shown = [numbers.time(mean.estimate, unit) for mean in means]
    if len(means) == 1:
        return f"{upto} {shown[0]} {unit}."
    if len(means) > 2:
        named = zip(shown, cohort.groups.screen_labels, strict=True)
        return f"{upto}: {'; '.join(f'{name} {mean} {unit}' for mean, name in named)}."
    difference = result.rmst_contrasts[0]
    return (
        f"{upto} {shown[1]} against {shown[0]} {unit}: a difference of "
        f"{times(difference, unit)} {unit}{_p(cohort, difference.p_value)}."
    )


def conditional_finding(cohort: Cohort, rows: Sequence[Conditional]) -> str:
    """Conditional survival at the last time at which it is known, in a sentence."""
    known = [row for row in rows if row.estimate is not None]
    if not known:
        return "Nobody was followed from the given time to one of the times above."
    last = max(row.time for row in known)
    labels = cohort.groups.screen_labels
    each = "; ".join(f"{labels[row.group]} {_percent(row)}" for row in known if row.time == last)
    unit = cohort.show_unit
    return (
        f"Of those who were without the event at {known[0].given:.4g} {unit}, so many still are at "
        f"{last:.4g} {unit}: {each}."
    )


def points(row: Difference) -> str:
    """A difference in percentage points with its limits: ``-14.0 (-22.1 to -5.9)``."""
    if row.estimate is None:
        return "–"
    low, high = (None if v is None else 100 * v for v in (row.conf_low, row.conf_high))
    return _with_limits(100 * row.estimate, low, high, 1)


def _points(value: float | None) -> str:
    return "–" if value is None else numbers.fixed(100 * value, 1)


def times(row: MeanContrast, unit: str) -> str:
    """A difference of times with its limits: ``-5.3 (-8.0 to -2.6)``."""
    return _with_limits(row.estimate, row.conf_low, row.conf_high, numbers.TIME_DECIMALS[unit])


def _with_limits(value: float, low: float | None, high: float | None, decimals: int) -> str:
    """A number that can be negative, with its limits."""
    text = numbers.fixed(value, decimals)
    if low is None or high is None:
        return text
    return f"{text} ({numbers.fixed(low, decimals)} to {numbers.fixed(high, decimals)})"


def survival_table(cohort: Cohort, rows: Sequence[AtTime]) -> pd.DataFrame:
    """S(t) of the groups, a row per group and time."""
    labels = cohort.groups.screen_labels
    return pd.DataFrame(
        [
            {
                "Group": labels[row.group],
                f"At, {cohort.show_unit}": f"{row.time:.4g}",
                "At risk": numbers.count(row.n_risk),
                f"Without the event ({_ci(cohort)})": _percent(row),
                "SE, points": "–"
                if row.std_error is None
                else numbers.fixed(100 * row.std_error, 1),
            }
            for row in rows
        ]
    )


def difference_table(cohort: Cohort, result: DifferencesResult) -> pd.DataFrame:
    """Differences of S(t) with both tests, a row per group and time."""
    labels, unit = cohort.groups.screen_labels, cohort.show_unit
    rows = [
        {
            "Groups": f"{labels[row.group]} (vs {row.reference})",
            f"At, {unit}": f"{row.time:.4g}",
            f"Difference, points ({_ci(cohort)})": points(row),
            "p": numbers.p_cell(row.p_value),
            "p, log(-log)": numbers.p_cell(row.p_value_log_log),
        }
        for row in result.differences
    ]
    rows += [
        {
            "Groups": "All groups together",
            f"At, {unit}": f"{test.time:.4g}",
            f"Difference, points ({_ci(cohort)})": "",
            "p": numbers.p_cell(test.p_value),
            "p, log(-log)": numbers.p_cell(test.p_value_log_log),
        }
        for test in result.together
    ]
    return pd.DataFrame(rows)


def mean_table(cohort: Cohort, result: DifferencesResult) -> pd.DataFrame:
    """Restricted means of the groups, and each against the first one."""
    unit, ci = cohort.show_unit, _ci(cohort)
    contrasts = {(row.group, row.measure): row for row in result.rmst_contrasts}
    rows = []
    for mean, label in zip(result.rmst, cohort.groups.screen_labels, strict=True):
        row = {
            "Group": label,
            f"Mean, {unit} ({ci})": numbers.time(mean.estimate, unit)
            if mean.std_error is None
            else numbers.time_with_limits(mean.estimate, mean.conf_low, mean.conf_high, unit),
        }
        if result.rmst_contrasts:
            difference = contrasts.get((mean.group, "difference"))
            ratio = contrasts.get((mean.group, "ratio"))
            row |= _contrasts(difference, ratio, unit, ci)
        rows.append(row)
    return pd.DataFrame(rows)


def _contrasts(
    difference: MeanContrast | None, ratio: MeanContrast | None, unit: str, ci: str
) -> dict[str, str]:
    """Cells of a restricted mean against the first one; the first one is the reference."""
    names = (f"Difference ({ci})", "p", f"Ratio ({ci})", "p ")
    if difference is None or ratio is None:
        return dict(zip(names, ("reference", "", "", ""), strict=True))
    cells = (
        times(difference, unit),
        numbers.p_cell(difference.p_value),
        numbers.ratio(ratio.estimate, ratio.conf_low, ratio.conf_high),
        numbers.p_cell(ratio.p_value),
    )
    return dict(zip(names, cells, strict=True))


def conditional_table(cohort: Cohort, rows: Sequence[Conditional]) -> pd.DataFrame:
    """Conditional survival, a row per group and time."""
    labels, unit = cohort.groups.screen_labels, cohort.show_unit
    return pd.DataFrame(
        [
            {
                "Group": labels[row.group],
                f"Reached {row.given:.4g} {unit}": numbers.count(row.n_given),
                f"At, {unit}": f"{row.time:.4g}",
                f"Still without the event ({_ci(cohort)})": _percent(row),
            }
            for row in rows
        ]
    )


def quartile_table(cohort: Cohort, result: KMResult) -> pd.DataFrame:
    """Times by which a quarter, half and three quarters of a group have had the event."""
    unit, ci = cohort.show_unit, _ci(cohort)
    rows = []
    for group, label in zip(result.groups, cohort.groups.screen_labels, strict=True):
        row = {"Group": label}
        for q in group.quartiles:
            row[f"{QUARTERS[q.probability]}, {unit} ({ci})"] = numbers.time_with_limits(
                q.time, q.conf_low, q.conf_high, unit
            )
        rows.append(row)
    return pd.DataFrame(rows)


def _shown(result: DifferencesResult) -> list[AtTime]:
    """S(t) of every group at the last time with enough patients, else with any."""
    whole: dict[float, list[AtTime]] = {}
    for row in result.survival:
        whole.setdefault(row.time, []).append(row)
    known = [rows for rows in whole.values() if all(row.estimate is not None for row in rows)]
    enough = [rows for rows in known if all(row.n_risk >= LEAST_AT_RISK for row in rows)]
    return (enough or known or [[]])[-1]


def _percent(row: AtTime | Conditional) -> str:
    return numbers.percent_with_limits(row.estimate, row.conf_low, row.conf_high)


def _all(cohort: Cohort, test: Together) -> str:
    """The test of all groups as the end of a sentence."""
    known = test.p_value is not None and cohort.groups.origin != "best"
    return f"; all groups together{_p(cohort, test.p_value)}." if known else "."


def _p(cohort: Cohort, p: float | None) -> str:
    """The p-value as the end of a sentence, where it means something."""
    if cohort.groups.origin == "best":
        return " (the cutoff was searched for: no p-value of this counts)"
    return "" if p is None else f", p {numbers.p_value(p)}"


def _ci(cohort: Cohort) -> str:
    return f"{100 * conventions(cohort.spec).conf_level:g}% CI"
