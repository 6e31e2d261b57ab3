"""Sentences about competing risks."""

from __future__ import annotations

import numpy as np

from core.cohort import Cohort
from core.survival.competing.competing import CompetingResult
from core.view import numbers, words

FEW = 10
"""The headline is taken where so many patients of every group are still followed, if anywhere."""
MOST_NAMED = 3
"""More groups than this are not named one by one in a sentence."""
WHAT = (
    "A competing event is one after which the event of interest cannot happen any more, or is no "
    "longer what you ask about: death without relapse, when the question is relapse. Counted as "
    "censored, as on the curves page, such patients are treated as if they could still relapse "
    "later, and 1 - Kaplan-Meier then claims too many events."
)
READ = (
    "Read the cause-specific hazard ratio to learn whether a variable acts on the event itself "
    "(etiology): it compares those who are still free of every event. Read the subdistribution "
    "hazard ratio to learn whether more or fewer patients will end up with the event (prognosis): "
    "a variable that only hastens a competing event lowers it, too."
)
VARIANT = (
    "Cumulative incidence by Aalen-Johansen with Aalen's variance; Gray's test (rho = 0); "
    "Fine and Gray's model with ties as Breslow's. The band is the confidence interval of the "
    "event of interest."
)


def headline_time(result: CompetingResult) -> float | None:
    """The last time at which every group is known and enough patients are followed."""
    at = result.at.groupby("time").agg(
        known=("estimate", lambda v: bool(v.notna().all())), n_risk=("n_risk", "min")
    )
    known = at[at["known"]]
    enough = known[known["n_risk"] >= FEW]
    chosen = enough.index[-1:] if len(enough) else known.index[:1]
    return float(chosen[0]) if len(chosen) else None


def finding(cohort: Cohort, result: CompetingResult) -> str:
    """What had happened by when, and whether the groups differ: the first sentence."""
    whole = _counted(cohort, result)
    time = headline_time(result)
    if time is None:
        return whole
    shares = _shares(result, time, "estimate")
    labels, when = cohort.groups.screen_labels, f"At {time:.4g} {cohort.show_unit}"
    if len(labels) == 1:
        said = f"{when} {_each(result, shares[0])}"
    elif len(labels) <= MOST_NAMED:
        parts = [
            f"in {name}, {_each(result, own)}" for name, own in zip(labels, shares, strict=True)
        ]
        said = f"{when}, {'; '.join(parts)}"
    else:
        low, high = (numbers.percent(float(f(shares[:, 0]))) for f in (np.min, np.max))
        first = result.causes[0].label
        said = f"{when} {first} had come first in {low}% to {high}%, depending on the group"
    return f"{said}. {_compared(cohort, result)}{whole}"


def _counted(cohort: Cohort, result: CompetingResult) -> str:
    """How many had each cause first: ``100 patients: 31 relapse first, 69 neither so far``."""
    parts = [f"{numbers.count(cause.events)} {cause.label} first" for cause in result.causes]
    rest = numbers.count(sum(group.censored for group in result.groups))
    neither = "neither" if len(result.causes) == 2 else "none"
    return f"{words.counted(cohort)}: {', '.join(parts)}, {rest} {neither} so far."


def _each(result: CompetingResult, shares: np.ndarray) -> str:
    """Shares of one group: ``relapse had come first in 31%, death in 12%``."""
    verbs = ["had come first in", *("in" for _ in result.causes[1:])]
    return ", ".join(
        f"{cause.label} {verb} {numbers.percent(float(share))}%"
        for cause, verb, share in zip(result.causes, verbs, shares, strict=True)
    )


def _shares(result: CompetingResult, time: float, column: str) -> np.ndarray:
    """Values at a time, shape (groups, causes)."""
    rows = result.at[result.at["time"] == time]
    return rows[column].to_numpy(dtype=float).reshape(len(result.groups), len(result.causes))


def _compared(cohort: Cohort, result: CompetingResult) -> str:
    tested = [
        f"p {numbers.p_value(test.p_value)} for {cause.label}"
        for cause, test in zip(result.causes, result.tests, strict=False)
        if test.statistic is not None
    ]
    if not tested:
        return ""
    if cohort.groups.origin == "best":
        return "The cutoff was searched for, so Gray's p-values are too small. "
    return f"Gray's test: {', '.join(tested)}. "


def overstated(cohort: Cohort, result: CompetingResult) -> str:
    """By how much 1 - Kaplan-Meier would be too high, in the group where it is so most."""
    time = headline_time(result)
    if time is None or len(result.causes) < 2:
        return ""
    true, naive = (_shares(result, time, c)[:, 0] for c in ("estimate", "one_minus_km"))
    g = int(np.argmax(naive - true))
    where = f" ({cohort.groups.screen_labels[g]})" if len(true) > 1 else ""
    claimed, right = (numbers.fixed(100 * float(v[g]), 1) for v in (naive, true))
    return (
        f"1 - Kaplan-Meier would claim {claimed}% instead of {right}% with "
        f"{result.causes[0].label} at {time:.4g} {cohort.show_unit}{where}: it must not be read as "
        "the probability of the event here."
    )
