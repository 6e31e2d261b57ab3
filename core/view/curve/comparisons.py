"""The tests side by side in sentences and tables."""

from __future__ import annotations

from typing import Any

import pandas as pd

from core.cohort import Cohort
from core.spec import AnalysisSpec
from core.survival.comparisons import ComparisonsResult
from core.survival.km import KMResult
from core.survival.permuted import Permuted
from core.survival.results import Test
from core.view import numbers, tables
from core.view.words import name_of_test

WEIGHS = {
    "logrank": "every event alike: a lasting difference",
    "tarone-ware": "early events somewhat more",
    "gehan": "early events, by the number at risk",
    "peto": "early events, by the survival until then",
    "fh(1;0)": "early events, by the survival until then",
    "fh(0.5;0.5)": "events in the middle somewhat more",
    "fh(1;1)": "events in the middle",
    "fh(0;1)": "late events",
    "maxcombo": "whatever is largest of lasting, early, middle, late",
}
"""What a test looks at most."""
OWN_WEIGHT = "events by the survival until then"
ADJUSTMENTS = {
    "holm": "Holm",
    "bonferroni": "Bonferroni",
    "bh": "Benjamini-Hochberg",
    "none": "not adjusted",
}
"""Adjustments of pairwise p-values as tables name them."""
KEPT = {
    "holm": "Holm's adjustment keeps the chance of any false finding among the pairs at the level",
    "bonferroni": "Bonferroni's adjustment multiplies each p by the number of pairs; Holm's is "
    "as safe and finds more",
    "bh": "Benjamini-Hochberg's adjustment limits the share of false findings among the findings, "
    "not the chance of any",
    "none": "Not adjusted: with several pairs a small p comes up by chance more often than it says",
}
SEARCH = (
    "Name the test before looking at the curves. Taking the smallest p of this list is a search: "
    "it is too small, and adjusting over the list does not mend it. Where the shape of a "
    "difference is unknown beforehand, name MaxCombo: it allows for its own choice among four "
    "tests."
)
COUNTED = (
    "The exact test counts all divisions of the patients into groups of these sizes and takes the "
    "share that parts the curves at least as far; it needs no large-sample formula."
)
DRAWN = (
    "The permutation test divides the patients anew at random and counts how often the curves "
    "part at least as far; it needs no large-sample formula."
)


def finding(cohort: Cohort, found: ComparisonsResult) -> str:
    """What the test of the question says, how far the others agree, and whether events are few."""
    named = found.named
    if named.p_value is None:
        return "The curves cannot be compared: at no event are two groups at risk."
    name = name_of_test(named.name, cohort.spec)
    said = [f"The test of this question is {name}: p {numbers.p_value(named.p_value)}."]
    others = [t.p_value for t in found.tests if t is not named and t.p_value is not None]
    if others:
        low, high = numbers.p_cell(min(others)), numbers.p_cell(max(others))
        said.append(
            f"The other tests give p {numbers.p_value(min(others))} as well."
            if low == high
            else f"The other tests give p from {low} to {high}."
        )
    if found.searched:
        said.append("The cutoff was searched for, so all of them are too small.")
    if found.few_events:
        said.append(few(cohort, found))
    return " ".join(said)


def few(cohort: Cohort, found: ComparisonsResult) -> str:
    """What to go by where events are few."""
    events = [group.events for group in found.groups]
    least = cohort.groups.screen_labels[events.index(min(events))]
    counted = f"Events are few ({sum(events)} in all, {min(events)} in {least})"
    if found.permuted is None:
        return f"{counted}: read every p here with caution."
    p = numbers.p_value(found.permuted.p_value)
    return f"{counted}: go by the {permuted_name(found.permuted)}, p {p}."


def permuted_name(found: Permuted) -> str:
    """Name of the log-rank test by permutation."""
    if found.kind == "exact":
        return "exact log-rank test"
    return f"log-rank test by {numbers.count(int(found.n))} permutations"


def table(found: ComparisonsResult, spec: AnalysisSpec) -> pd.DataFrame:
    """A row per test: what it looks at, its statistic and p; named as the profile names it."""
    rows = [_row(test, spec, chosen=test.name == found.test) for test in found.tests]
    if found.permuted is not None:
        p = found.permuted
        weighs = f"as the log-rank test; {numbers.count(int(p.n))} divisions counted"
        if p.kind == "draws" and p.conf_low is not None and p.conf_high is not None:
            weighs = (
                "as the log-rank test; endless draws would give "
                f"{numbers.p_cell(p.conf_low)} to {numbers.p_cell(p.conf_high)}"
            )
        statistic = numbers.fixed(p.statistic, 2)
        rows.append(_cells(permuted_name(p), weighs, statistic, "–", p.p_value))
    if found.trend is not None:
        weighs = f"a trend: {' → '.join(found.trend.labels)}"
        test = found.trend.test
        rows.append(_cells("log-rank for trend", weighs, _statistic(test), "1", test.p_value))
    return pd.DataFrame(rows)


def _row(test: Test, spec: AnalysisSpec, *, chosen: bool) -> dict[str, str]:
    name = name_of_test(test.name, spec) + (" (chosen)" if chosen else "")
    df = "–" if test.name == "maxcombo" else str(test.df)
    weighs = WEIGHS.get(test.name, OWN_WEIGHT)
    return _cells(name, weighs, _statistic(test), df, test.p_value)


def _cells(name: str, weighs: str, statistic: str, df: str, p: float | None) -> dict[str, str]:
    return {
        "Test": name,
        "Looks at": weighs,
        "Statistic": statistic,
        "df": df,
        "p": numbers.p_cell(p),
    }


def _statistic(test: Test) -> str:
    if test.statistic is None:
        return "–"
    printed = numbers.fixed(test.statistic, 2)
    return f"|Z| {printed}" if test.name == "maxcombo" else printed


def rows(found: ComparisonsResult) -> pd.DataFrame:
    """All tests with full precision, for CSV."""
    tests = tables.rows([*found.tests, *([found.trend.test] if found.trend else [])])
    if found.permuted is None:
        return tests
    p = found.permuted
    more: dict[str, Any] = {"name": f"logrank {p.kind}", "statistic": p.statistic}
    more |= {"p_value": p.p_value, "n_divisions": p.n, "conf_low": p.conf_low}
    return pd.concat([tests, pd.DataFrame([more | {"conf_high": p.conf_high}])], ignore_index=True)


def meaning(found: ComparisonsResult) -> str:
    """How to read the table, and what the p by permutation is."""
    if found.permuted is None:
        return SEARCH
    return f"{SEARCH} {COUNTED if found.permuted.kind == 'exact' else DRAWN}"


def pairs(result: KMResult, method: str) -> pd.DataFrame:
    """Every pair of groups; the adjusted p is named by its method."""
    raw = tables.pairwise(result)
    if method == "none":
        return raw[["Pair", "p"]]
    return raw.rename(columns={"p, adjusted": f"p, {ADJUSTMENTS[method]}"})


def adjustment(method: str, spec: AnalysisSpec) -> str:
    """What the adjustment of the pairs does, and by which test they are compared."""
    name = name_of_test(spec.test or "logrank", spec)
    return (
        f"Each pair is compared by the {name} test on the patients of the two groups alone. "
        f"{KEPT[method]}."
    )
