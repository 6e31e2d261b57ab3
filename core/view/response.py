"""Response: rates with limits, the comparison of the groups, and the logistic table."""

from __future__ import annotations

import dataclasses
from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.contingency import Interval
from core.notes import counted
from core.response import Outcome, Rate, ResponseResult
from core.response_model import LogisticResult, OddsRow
from core.survival.results import Row
from core.view import numbers, theme
from core.view.charts import AUTOSIZE, Data, Figure, finish
from core.view.words import row_label

NAMES = {"response": "Response", "benefit": "Clinical benefit"}
STEP = 36
"""Pixels of a line of the figure of rates."""
VARIANT = (
    "Limits of a rate: exact (Clopper-Pearson), which are cautious, and Wilson's, which hold what "
    "they promise on average. Chi-square without continuity correction; Fisher's test two-sided by "
    "probability. Odds ratios: of the sample with Wald limits, and conditional with exact limits "
    "(as R's fisher.test). Difference with Newcombe's limits, ratio with Katz's."
)
MODEL_VARIANT = {
    "wald": "Maximum likelihood; Wald limits and tests; the tests of whole terms are likelihood "
    "ratio tests.",
    "profile": "Profile-likelihood limits and likelihood-ratio tests.",
    "firth": "Firth's penalised likelihood; profile penalised limits, penalised likelihood-ratio "
    "tests.",
}


def title(cohort: Cohort) -> str:
    """The heading of the page."""
    by = f" by {cohort.groups.title}" if cohort.groups.by else ""
    response = cohort.spec.response
    what = "Response" if response is None else cohort.dataset.variables[response].title
    return f"{what}{by}"


def rate(found: Rate) -> str:
    """A rate as a sentence has it: ``15 of 27 (55.6%)``."""
    if found.estimate is None:
        return "none counted"
    return f"{found.events} of {found.n} ({numbers.fixed(100 * found.events / found.n, 1)}%)"


def finding(cohort: Cohort, result: ResponseResult) -> str:
    """The rates and their comparison in a sentence or two."""
    said = []
    for outcome in result.outcomes:
        whole = outcome.rates[0]
        text = f"{NAMES[outcome.name]}: {rate(whole)}"
        if whole.exact_low is not None and whole.exact_high is not None:
            level = numbers.fixed(100 * (cohort.spec.conf_level or 0.95), 0)
            text += (
                f", {level}% limits {_percent(whole.exact_low)} to {_percent(whole.exact_high)}%"
            )
        if len(outcome.rates) > 1:
            each = zip(cohort.groups.screen_labels, outcome.rates[1:], strict=True)
            text += "; " + ", ".join(f"{label}: {rate(r)}" for label, r in each)
            if outcome.fisher.p_value is not None:
                text += f"; Fisher's exact p {numbers.p_value(outcome.fisher.p_value)}"
        said.append(f"{text}.")
    return " ".join(said)


def _percent(value: float | None) -> str:
    return "–" if value is None else numbers.fixed(100 * value, 1)


def _limits(low: float | None, high: float | None) -> str:
    return f"{_percent(low)}–{_percent(high)}"


def rates(cohort: Cohort, result: ResponseResult) -> pd.DataFrame:
    """Rates with both pairs of limits, a line for all and for each group."""
    labels = ("All patients", *cohort.groups.screen_labels)
    lines = []
    for outcome in result.outcomes:
        for label, found in zip(labels, outcome.rates, strict=False):
            lines.append(
                {
                    "Rate": f"{NAMES[outcome.name]}, {label}",
                    "Patients": f"{found.events}/{found.n}",
                    "Missing": numbers.count(found.missing),
                    "%": _percent(found.estimate),
                    "Exact limits": _limits(found.exact_low, found.exact_high),
                    "Wilson limits": _limits(found.wilson_low, found.wilson_high),
                }
            )
    return pd.DataFrame(lines)


def levels(cohort: Cohort, result: ResponseResult) -> pd.DataFrame:
    """How many patients of each group have each level, and how many none."""
    labels = cohort.groups.screen_labels
    lines: list[dict[str, Any]] = []
    sizes = [sum(row) for row in result.counts]
    for i, level in enumerate(result.levels):
        line: dict[str, Any] = {result.title: level}
        for label, row, n in zip(labels, result.counts, sizes, strict=True):
            line[label] = f"{row[i]} ({numbers.fixed(100 * row[i] / n, 1)})" if n else "0"
        lines.append(line)
    if result.missing:
        lost = [level.n - n for level, n in zip(cohort.groups.levels, sizes, strict=True)]
        lines.append({result.title: "missing", **dict(zip(labels, map(str, lost), strict=True))})
    return pd.DataFrame(lines)


def tests(result: ResponseResult) -> pd.DataFrame:
    """Chi-square and Fisher's test of each way to count responders."""
    return pd.DataFrame(
        [
            {
                "Test of all groups": NAMES[o.name],
                "Chi-square": "–" if o.pearson.statistic is None
                else f"{numbers.fixed(o.pearson.statistic, 2)} ({o.pearson.df} df)",
                "p, chi-square": numbers.p_cell(o.pearson.p_value),
                "p, Fisher": numbers.p_cell(o.fisher.p_value),
                "Smallest expected": "–" if o.least_expected is None
                else numbers.fixed(o.least_expected, 1),
            }
            for o in result.outcomes
        ]
    )  # fmt: skip


def versus(result: ResponseResult) -> pd.DataFrame:
    """Each group against the first one."""
    return pd.DataFrame(
        [
            {
                "Comparison": f"{NAMES[o.name]}, {v.group} (vs {v.reference})",
                "Odds ratio (Wald)": _ratio(v.odds_ratio),
                "Odds ratio (exact)": _ratio(v.conditional_odds_ratio),
                "Difference, % points": _difference(v.risk_difference),
                "Relative risk": _ratio(v.relative_risk),
                "p, Fisher": numbers.p_cell(v.p_fisher),
            }
            for o in result.outcomes
            for v in o.versus
        ]
    )


def _ratio(found: Interval) -> str:
    if found.estimate is None and found.conf_low is not None:
        return f"infinite (from {numbers.fixed(found.conf_low, 2)})"
    return numbers.ratio(found.estimate, found.conf_low, found.conf_high)


def _difference(found: Interval) -> str:
    if found.estimate is None or found.conf_low is None or found.conf_high is None:
        return numbers.NOT_ESTIMABLE
    values = (found.estimate, found.conf_low, found.conf_high)
    text = [numbers.fixed(100 * value, 1).replace("-", "−") for value in values]
    return f"{text[0]} ({text[1]} to {text[2]})"


def description(n_rows: int) -> Figure:
    """Build the figure of the rates without data: a point with exact limits per line."""
    y = alt.Y("row:O", axis=None, scale=alt.Scale(domain=list(range(n_rows))))
    x = alt.X(
        "estimate:Q",
        title="Patients",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", gridOpacity=0.5),
    )
    colour = alt.Color("colour:N", scale=None, legend=None)  # the data hold the colour itself
    base = alt.Chart(alt.NamedData("rates"))
    tip = [alt.Tooltip("label:N", title="Rate"), alt.Tooltip("text:N", title="Patients")]
    span = base.mark_rule(strokeWidth=2).encode(
        alt.X("conf_low:Q"), alt.X2("conf_high:Q"), y, colour, tooltip=tip
    )
    point = base.mark_point(filled=True, size=70, opacity=1).encode(x, y, colour, tooltip=tip)
    names = base.mark_text(align="left", baseline="bottom", fontSize=11, dy=-8).encode(
        y, alt.X(value=2), alt.Text("label:N")
    )
    return finish(
        alt.layer(span, point, names).properties(
            height=STEP * n_rows,
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 10, "bottom": 5},
        )
    )


def data(cohort: Cohort, result: ResponseResult) -> Data:
    """The data of the figure of the rates."""
    labels = ("All patients", *cohort.groups.screen_labels)
    lines: list[dict[str, Any]] = []
    for outcome in result.outcomes:
        for g, (label, found) in enumerate(zip(labels, outcome.rates, strict=False)):
            lines.append(
                {
                    "row": len(lines),
                    "label": f"{NAMES[outcome.name]}, {label}",
                    "text": rate(found),
                    "estimate": found.estimate,
                    "conf_low": found.exact_low,
                    "conf_high": found.exact_high,
                    "colour": theme.GROUP_COLOURS[-1] if g == 0 else theme.colour(g - 1),
                }
            )
    return {"rates": pa.Table.from_pylist(lines)}


def n_lines(result: ResponseResult) -> int:
    """Lines of the figure of the rates."""
    return sum(len(outcome.rates) for outcome in result.outcomes)


def logistic(result: LogisticResult) -> pd.DataFrame:
    """Univariable and multivariable odds ratios side by side."""
    multi = {(r.term, r.level): r for r in result.multivariable}
    uni = {(r.term, r.level): r for r in result.univariable}
    lines = []
    for key in dict.fromkeys([*uni, *multi]):
        alone, together = uni.get(key), multi.get(key)
        some = together or alone
        assert some is not None  # a key comes from one of the two
        lines.append(
            {
                "Variable": _label(some, result),
                "n": "" if alone is None else numbers.count(alone.n),
                "Responders": "" if alone is None else numbers.count(alone.events),
                "Univariable OR (CI)": _odds(alone),
                "p": _p(alone),
                "Multivariable OR (CI)": _odds(together),
                "p ": _p(together),
            }
        )
    return pd.DataFrame(lines)


def _label(row: OddsRow, result: LogisticResult) -> str:
    named = Row(row.term, row.level, row.reference, row.n, row.events)
    return row_label(named, result.titles)


def _odds(row: OddsRow | None) -> str:
    return "" if row is None else numbers.ratio(row.odds_ratio, row.conf_low, row.conf_high)


def _p(row: OddsRow | None) -> str:
    if row is None:
        return ""
    return "–" if row.p_value is None else numbers.p_cell(row.p_value)


def model(result: LogisticResult) -> str:
    """The multivariable logistic model in a sentence."""
    if result.lr_test is None:
        return "There is no model: no term, or everybody has the same response."
    c = "" if result.auc is None else f" Area under the ROC curve {numbers.fixed(result.auc, 3)}."
    return (
        f"{numbers.count(result.n)} patients, {numbers.count(result.events)} responders, "
        f"{counted(result.parameters, 'parameter')}. Likelihood-ratio test of the whole "
        "model: "
        f"{numbers.fixed(result.lr_test.statistic or 0, 2)} on {result.lr_test.df} df, "
        f"p {numbers.p_value(result.lr_test.p_value)}.{c}"
    )


def term_tests(result: LogisticResult) -> pd.DataFrame:
    """Likelihood-ratio test of each term in the multivariable model."""
    return pd.DataFrame(
        [
            {
                "Term": result.titles.get(t.term, t.term),
                "Chi-square": "–" if t.statistic is None else numbers.fixed(t.statistic, 2),
                "df": t.df,
                "p": numbers.p_cell(t.p_value),
            }
            for t in result.terms
        ]
    )


def rates_in_full(result: ResponseResult) -> pd.DataFrame:
    """Rates in full precision, for CSV."""
    return pd.DataFrame(
        [
            {"outcome": o.name, "values": ", ".join(o.values), **dataclasses.asdict(r)}
            for o in result.outcomes
            for r in o.rates
        ]
    )


def versus_in_full(result: ResponseResult) -> pd.DataFrame:
    """Comparisons in full precision, for CSV."""
    return pd.DataFrame([_flat(o, v) for o in result.outcomes for v in o.versus])


def _flat(outcome: Outcome, found: Any) -> dict[str, Any]:
    line: dict[str, Any] = {"outcome": outcome.name, "group": found.group}
    line["reference"] = found.reference
    for name in ("odds_ratio", "conditional_odds_ratio", "risk_difference", "relative_risk"):
        interval: Interval = getattr(found, name)
        line |= {
            name: interval.estimate,
            f"{name}_low": interval.conf_low,
            f"{name}_high": interval.conf_high,
        }
    return line | {"p_fisher": found.p_fisher}


def logistic_in_full(result: LogisticResult) -> pd.DataFrame:
    """The logistic table in full precision, for CSV."""
    models = {"univariable": result.univariable, "multivariable": result.multivariable}
    return pd.DataFrame(
        [
            {"model": name, **dataclasses.asdict(row)}
            for name, found in models.items()
            for row in found
        ]
    )
