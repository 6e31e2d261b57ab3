"""Follow-up in words and tables; the two kinds of it never share a name."""

from __future__ import annotations

import pandas as pd

from core.cohort import Cohort
from core.survival.conventions import conventions
from core.survival.observation import GroupFollowUp, ObservationResult, Observed
from core.view import numbers
from core.view.tables import spread

REVERSE = "Median follow-up (reverse Kaplan-Meier)"
OBSERVED = "Observed follow-up time"
MOST_TIMES = 6
MEANING = (
    "The reverse Kaplan-Meier estimate says how long patients would have been followed had nobody "
    "had the event, and is the one to report. Observed times are cut short by the events; those of "
    "patients without the event are of the ones who did well. State known: still followed then, or "
    "the event by then."
)


def finding(cohort: Cohort, result: ObservationResult) -> str:
    """The median follow-up, and what was observed, each under its name."""
    found, unit = result.overall, cohort.show_unit
    half, seen = found.reverse[1], found.observed
    reverse = numbers.time_with_limits(half.time, half.conf_low, half.conf_high, unit)
    observed = numbers.time(seen.median, unit)
    low, high = numbers.time(seen.minimum, unit), numbers.time(seen.maximum, unit)
    return (
        f"{REVERSE}: {reverse} {unit}. {OBSERVED}: median {observed} {unit}, range {low}–{high}; "
        f"the event ended it for {numbers.count(found.events)} of {numbers.count(found.n)}."
    )


def reverse_table(cohort: Cohort, result: ObservationResult) -> pd.DataFrame:
    """The reverse Kaplan-Meier estimate: median with limits, and quartiles."""
    unit = cohort.show_unit
    level = f"{100 * conventions(cohort.spec).conf_level:g}% CI"
    rows = []
    for name, found in _named(cohort, result):
        low, half, high = found.reverse
        ends = f"{numbers.time(low.time, unit)}–{numbers.time(high.time, unit)}"
        rows.append(
            {
                "Group": name,
                "n": numbers.count(found.n),
                "Events": numbers.count(found.events),
                f"{REVERSE}, {unit} ({level})": numbers.time_with_limits(
                    half.time, half.conf_low, half.conf_high, unit
                ),
                "Quartiles": ends,
            }
        )
    return pd.DataFrame(rows)


def observed_table(cohort: Cohort, result: ObservationResult) -> pd.DataFrame:
    """Observed times: median (quartiles; range), of all and of those without the event."""
    unit = cohort.show_unit
    return pd.DataFrame(
        [
            {
                "Group": name,
                f"{OBSERVED}, {unit}: all": _observed(found.observed, unit),
                "Without the event": _observed(found.censored, unit),
                "n ": numbers.count(found.n - found.events),
            }
            for name, found in _named(cohort, result)
        ]
    )


def followed_table(cohort: Cohort, result: ObservationResult) -> pd.DataFrame:
    """Who is still followed at the chosen times, and of how many the state is known."""
    rows = []
    for name, found in _named(cohort, result):
        row = {"Still followed (state known)": name}
        shown = spread([at.time for at in found.at], MOST_TIMES)
        for at in (at for at in found.at if at.time in shown):
            share = numbers.percent(at.n_known / found.n)
            row[f"At {at.time:.4g} {cohort.show_unit}"] = f"{numbers.count(at.n_risk)} ({share}%)"
        rows.append(row)
    return pd.DataFrame(rows)


def for_csv(cohort: Cohort, result: ObservationResult) -> pd.DataFrame:
    """Everything in full precision, a row a group."""
    rows = []
    for name, found in _named(cohort, result):
        row: dict[str, object] = {
            "group": name, "unit": cohort.show_unit, "n": found.n, "events": found.events,
        }  # fmt: skip
        for q in found.reverse:
            label = f"reverse_km_{100 * q.probability:g}_percent"
            row |= {label: q.time, f"{label}_low": q.conf_low, f"{label}_high": q.conf_high}
        for kind, seen in (("observed", found.observed), ("censored", found.censored)):
            for part in ("median", "lower_quartile", "upper_quartile", "minimum", "maximum"):
                row[f"{kind}_{part}"] = None if seen is None else getattr(seen, part)
        for at in found.at:
            row |= {f"n_risk_at_{at.time:.4g}": at.n_risk, f"n_known_at_{at.time:.4g}": at.n_known}
        rows.append(row)
    return pd.DataFrame(rows)


def _named(cohort: Cohort, result: ObservationResult) -> list[tuple[str, GroupFollowUp]]:
    groups = zip(cohort.groups.screen_labels, result.groups, strict=False)
    return [(result.overall.label, result.overall), *groups]


def _observed(found: Observed | None, unit: str) -> str:
    if found is None:
        return "–"
    median, *ends = (
        numbers.time(value, unit)
        for value in (
            found.median, found.lower_quartile, found.upper_quartile, found.minimum, found.maximum
        )
    )  # fmt: skip
    return f"{median} ({ends[0]}–{ends[1]}; {ends[2]}–{ends[3]})"
