"""Competing risks as tables: for the screen and for CSV."""

from __future__ import annotations

import pandas as pd

from core.cohort import Cohort
from core.survival.competing.competing import CompetingResult
from core.survival.competing.models import Effects
from core.survival.results import Row
from core.view import numbers, tables, words


def counts(cohort: Cohort, result: CompetingResult) -> pd.DataFrame:
    """What came first in each group."""
    columns: dict[str, list[str]] = {
        "Group": list(cohort.groups.screen_labels),
        tables.of_rows(cohort).capitalize(): [numbers.count(g.n) for g in result.groups],
    }
    for i, cause in enumerate(result.causes):
        columns[cause.label] = [numbers.count(g.events[i]) for g in result.groups]
    columns["Neither so far"] = [numbers.count(g.censored) for g in result.groups]
    return pd.DataFrame(columns)


def incidence(cohort: Cohort, result: CompetingResult) -> tuple[pd.DataFrame, list[int]]:
    """Cumulative incidence at the chosen times, and the group of each row for its colour."""
    times = tables.spread(sorted(set(result.at["time"].tolist())), tables.MOST_TIMES)
    rows, swatches = [], []
    for group, name in enumerate(cohort.groups.screen_labels):
        for cause in result.causes:
            here = (result.at["group"] == group) & (result.at["cause"] == cause.cause)
            at = {row["time"]: row for row in result.at[here].to_dict("records")}
            cells = {"Group": name, "Came first": cause.label}
            for t in times:
                known = (float(at[t][limit]) for limit in ("estimate", "conf_low", "conf_high"))
                cells[f"At {t:.4g} {cohort.show_unit}"] = numbers.percent_with_limits(*known)
            rows.append(cells)
            swatches.append(group)
    return pd.DataFrame(rows), swatches


def ratios(result: CompetingResult, model: str) -> pd.DataFrame:
    """Cause-specific and subdistribution hazard ratios side by side."""
    labels = {cause.cause: cause.label for cause in result.causes}
    return pd.DataFrame(
        [
            {
                "Event": labels[one.cause],
                "Variable": _variable(row, result, model),
                "n": numbers.count(row.n),
                "Events": numbers.count(row.events),
                "Cause-specific HR (CI)": _ratio(row),
                "p": _p(row),
                "Subdistribution HR (CI)": "–" if other is None else _ratio(other),
                "p ": "–" if other is None else _p(other),
            }
            for one in result.models
            if one.model == model
            for row, other in _pairs(one)
        ]
    )


def _pairs(one: Effects) -> list[tuple[Row, Row | None]]:
    """Rows of the two models; the second is missing where it is not defined."""
    others: tuple[Row | None, ...] = one.subdistribution or (None,) * len(one.cause_specific)
    return list(zip(one.cause_specific, others, strict=True))


def _variable(row: Row, result: CompetingResult, model: str) -> str:
    if model == "groups":
        return f"{row.level} (vs {row.reference})"
    return words.row_label(row, result.titles)


def _ratio(row: Row) -> str:
    return numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high)


def _p(row: Row) -> str:
    return "–" if row.p_value is None else numbers.p_cell(row.p_value)


def named(cohort: Cohort, result: CompetingResult, frame: pd.DataFrame) -> pd.DataFrame:
    """A table of the result with names of groups and causes, for CSV."""
    labels = {cause.cause: cause.label for cause in result.causes}
    return frame.assign(
        group=frame["group"].map(dict(enumerate(cohort.groups.screen_labels))),
        cause=frame["cause"].map(labels),
    ).rename(columns={"time": f"time_{cohort.show_unit}"})


def ratios_in_full(result: CompetingResult) -> pd.DataFrame:
    """All hazard ratios with full precision, a row per estimate, for CSV."""
    labels = {cause.cause: cause.label for cause in result.causes}
    parts = [
        tables.rows(rows).assign(model=one.model, cause=labels[one.cause], hazard=hazard)
        for one in result.models
        for hazard, rows in (
            ("cause-specific", one.cause_specific), ("subdistribution", one.subdistribution)
        )
        if rows
    ]  # fmt: skip
    return pd.concat(parts) if parts else pd.DataFrame()
