"""Results as tables of text, for the screen and for CSV. Numbers of a CSV are kept in full."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.dataset import Dataset
from core.reading.checks import identifiers
from core.survival.cox import CoxResult
from core.survival.km import KMResult
from core.survival.results import Row
from core.view import numbers
from core.view.words import row_label

FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝")
"""A cell of text that begins so would run in a spreadsheet."""
AT_COLUMNS = ("time", "estimate", "conf_low", "conf_high")
MOST_TIMES = 4
"""Columns of S(t) that the headline table has room for."""


def headline(cohort: Cohort, result: KMResult) -> pd.DataFrame:
    """One row per group: patients, events, median, survival at the chosen times."""
    unit = cohort.show_unit
    level = f"{100 * (cohort.spec.conf_level or 0.95):g}% CI"
    n_groups = len(result.groups)
    at = {c: result.at[c].to_numpy(dtype=float).reshape(n_groups, -1) for c in AT_COLUMNS}
    times = at["time"][0].tolist()
    columns: dict[str, list[str]] = {
        "Group": list(cohort.groups.screen_labels),
        of_rows(cohort).capitalize(): [numbers.count(g.n) for g in result.groups],
        "Events": [numbers.count(g.events) for g in result.groups],
        f"Median, {unit} ({level})": [
            numbers.time_with_limits(g.median, g.conf_low, g.conf_high, unit) for g in result.groups
        ],
    }
    if cohort.spec.profile == "spss":
        columns |= _as_spss(result, unit)
    for t in spread(times, MOST_TIMES):
        i = times.index(t)
        columns[f"At {t:.4g} {unit}"] = [
            numbers.percent_with_limits(*(float(at[c][g, i]) for c in AT_COLUMNS[1:]))
            for g in range(n_groups)
        ]
    return pd.DataFrame(columns)


def _as_spss(result: KMResult, unit: str) -> dict[str, list[str]]:
    """What SPSS prints beside a median: its standard error, and the mean with its own."""
    half = [next(q for q in g.quartiles if q.probability == 0.5) for g in result.groups]
    upto = f"up to {result.tau:.4g}" if result.tau is not None else "to the last time"
    return {
        "SE of median": [numbers.measured_time(q.std_error, unit) for q in half],
        f"Mean {upto}, {unit} (SE)": [
            f"{numbers.measured_time(g.rmst, unit)} ({numbers.measured_time(g.rmst_se, unit)})"
            for g in result.groups
        ],
    }


def spread(times: list[float], most: int) -> list[float]:
    """At most so many of the times, evenly spread, ending with the last."""
    if len(times) <= most:
        return times
    step = -(-len(times) // most)
    return times[::-1][::step][::-1]


def summaries(cohort: Cohort, result: KMResult) -> pd.DataFrame:
    """The headline table with full precision, for CSV."""
    rows = []
    for g, (label, curve) in enumerate(
        zip(cohort.groups.screen_labels, result.groups, strict=True)
    ):
        row = {"group": label, "unit": cohort.show_unit, **dataclasses.asdict(curve)}
        del row["label"], row["quartiles"]
        for quartile in curve.quartiles:
            name = f"time_of_{100 * quartile.probability:g}_percent"
            row |= {name: quartile.time, f"{name}_se": quartile.std_error,
                    f"{name}_low": quartile.conf_low,
                    f"{name}_high": quartile.conf_high}  # fmt: skip
        at = result.at[result.at["group"] == g]
        for column in ("n_risk", "estimate", "conf_low", "conf_high"):
            named = zip(at["time"].tolist(), at[column].tolist(), strict=True)
            row |= {f"{column}_at_{t:.4g}": value for t, value in named}
        rows.append(row)
    return pd.DataFrame(rows)


def hazard_ratios(result: KMResult) -> pd.DataFrame:
    """Hazard ratios of the groups against the first one."""
    return pd.DataFrame(
        [
            {
                "Group": f"{row.level} (vs {row.reference})",
                "Hazard ratio (CI)": _hr(row),
                "p": _p(row),
            }
            for row in result.hazard_ratio
        ]
    )


def pairwise(result: KMResult) -> pd.DataFrame:
    """Every pair of groups with raw and adjusted p-values."""
    return pd.DataFrame(
        [
            {
                "Pair": f"{pair.a} vs {pair.b}",
                "p": numbers.p_cell(pair.p_value),
                "p, adjusted": numbers.p_cell(pair.p_adjusted),
            }
            for pair in result.pairwise
        ]
    )


def curves(cohort: Cohort, result: KMResult) -> pd.DataFrame:
    """The curves step by step, with group names, for CSV."""
    named = dict(enumerate(cohort.groups.screen_labels))
    frame = result.curves.assign(group=result.curves["group"].map(named))
    return frame.rename(columns={"time": f"time_{cohort.show_unit}"})


def cox(result: CoxResult) -> pd.DataFrame:
    """The Cox table as journals print it: univariable and multivariable columns side by side."""
    multi = {(r.term, r.level): r for r in result.multivariable}
    uni = {(r.term, r.level): r for r in result.univariable}
    keys = list(dict.fromkeys([*uni, *multi]))
    rows = []
    for key in keys:
        alone, together = uni.get(key), multi.get(key)
        some = together or alone
        assert some is not None  # a key comes from one of the two
        rows.append(
            {
                "Variable": row_label(some, result.titles),
                "n": _count(alone, "n"),
                "Events": _count(alone, "events"),
                "Univariable HR (CI)": _hr(alone),
                "p": _p(alone),
                "Multivariable HR (CI)": _hr(together),
                "p ": _p(together),
            }
        )
    return pd.DataFrame(rows)


def proportional(result: CoxResult) -> pd.DataFrame:
    """The test of proportional hazards per term."""
    return pd.DataFrame(
        [
            {
                "Term": result.titles.get(t.term, "All terms together"),
                "Chi-square": "–" if t.statistic is None else numbers.fixed(t.statistic, 2),
                "df": t.df,
                "p": numbers.p_cell(t.p_value),
            }
            for t in result.proportional_hazards
        ]
    )


def cox_numbers(result: CoxResult) -> pd.DataFrame:
    """The Cox table with full precision, a row per estimate, for CSV."""
    models = {"univariable": result.univariable, "multivariable": result.multivariable}
    return pd.concat([rows(found).assign(model=name) for name, found in models.items()])


def rows(found: Sequence[Any]) -> pd.DataFrame:
    """Frozen results as a table with full precision, for CSV."""
    return pd.DataFrame([dataclasses.asdict(row) for row in found])


def ledger(cohort: Cohort, model: CoxResult | None = None) -> list[tuple[str, int]]:
    """Rows of the table, who left and why, and who stays; with a model, who is in that."""
    entries = [(entry.reason, -entry.n) for entry in cohort.included.ledger]
    stay = [(f"{of_rows(cohort)} in", cohort.n)]
    if cohort.included.n_patients != cohort.n:
        stay.append(("patients in", cohort.included.n_patients))
    # A model of changing covariates has more intervals than the cohort has rows.
    if model is not None and model.titles and model.n < cohort.n:
        stay.append(("without a value that the model needs", model.n - cohort.n))
        stay.append((f"{of_rows(cohort)} in the model", model.n))
    return [("rows in the table", cohort.included.n_rows), *entries, *stay]


def of_rows(cohort: Cohort) -> str:
    """What is counted: patients, or intervals where each patient has several."""
    return "patients" if cohort.included.n_patients == cohort.n else "intervals"


def cleaned(dataset: Dataset) -> pd.DataFrame:
    """The table as it was read, without identifiers of persons; whole numbers without decimals."""
    frame = identifiers.without(dataset)
    for name in frame.select_dtypes("number").columns:
        present = frame[name].dropna().to_numpy()
        if (present == np.round(present)).all() and (np.abs(present) < 1e15).all():
            frame[name] = frame[name].astype("Int64")
    return frame


def to_csv(frame: pd.DataFrame) -> bytes:
    """Write a table so that a spreadsheet shows it and runs nothing of it.

    Text that would start a formula gets a leading apostrophe, headers too; numbers stay numbers.
    """
    safe = frame.rename(columns=_tame)
    text = safe.select_dtypes(exclude="number").columns
    safe = safe.assign(**{name: safe[name].map(_tame, na_action="ignore") for name in text})
    return safe.to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig")


def _tame(value: object) -> object:
    if not isinstance(value, str):
        return value
    flat = value.replace("\r", " ").replace("\n", " ")
    return "'" + flat if value.startswith(FORMULA) else flat


def _count(row: Row | None, name: str) -> str:
    return "" if row is None else numbers.count(getattr(row, name))


def _hr(row: Row | None) -> str:
    return "" if row is None else numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high)


def _p(row: Row | None) -> str:
    if row is None:
        return ""
    return "–" if row.p_value is None else numbers.p_cell(row.p_value)
