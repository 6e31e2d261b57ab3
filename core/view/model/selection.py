"""Selection of terms: the rule in words, its path, and how often samples took each term."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa

from core.errors import SpecError
from core.spec import AnalysisSpec, shortest
from core.survival.inclusion_frequency import SelectedModel, SelectionResult
from core.survival.selection import CRITERIA, Rule, parse
from core.view import numbers, theme
from core.view.charts import AUTOSIZE, Data, Figure, finish
from core.view.lab.verdict import percent

KINDS = {
    "none": "No selection",
    "forward": "Forward, by p-values",
    "backward": "Backward, by p-values",
    "aic": "Stepwise, by AIC",
    "bic": "Stepwise, by BIC",
    "best:aic": "Best subset, by AIC",
    "best:bic": "Best subset, by BIC",
}
BY = {"wald": "Wald's test", "lr": "likelihood ratio"}
ENTER, REMOVE = 0.10, 0.15
"""Limits that are offered first."""
STABLE = 0.5
"""Share of the samples that must choose the same model for it to be called stable."""
HEIGHT = 24
"""Pixels of a bar with its gap."""
ACTIONS = {"enter": "enters", "remove": "leaves"}


def written(kind: str, enter: float, remove: float, by: str) -> str:
    """The rule as ``select`` has it.

    Examples
    --------
    >>> written("forward", 0.1, 0.15, "lr"), written("bic", 0.1, 0.15, "wald")
    ('forward:0.1:0.15:lr', 'bic')
    """
    if kind == "forward":
        return f"forward:{shortest(enter)}:{shortest(remove)}:{by}"
    return f"backward:{shortest(remove)}:{by}" if kind == "backward" else kind


def taken_apart(text: str | None) -> tuple[str, float, float, str]:
    """Kind, limits and test of a rule, with what is offered first where it does not say.

    Examples
    --------
    >>> taken_apart("backward:0.2:lr")
    ('backward', 0.1, 0.2, 'lr')
    """
    try:
        rule = parse(AnalysisSpec(select=text))
    except SpecError:
        rule = None
    if rule is None:
        return "none", ENTER, REMOVE, "wald"
    if rule.by in CRITERIA:
        return _kind(rule), ENTER, REMOVE, "wald"
    enter, remove = rule.enter, rule.remove
    return (
        _kind(rule),
        ENTER if enter is None else enter,
        REMOVE if remove is None else remove,
        rule.by,
    )


def _kind(rule: Rule) -> str:
    if rule.by in CRITERIA:
        return f"best:{rule.by}" if rule.best else rule.by
    return "backward" if rule.enter is None else "forward"


def finding(result: SelectionResult) -> str:
    """How many terms were selected, and whether that is stable."""
    chosen = [c.label for c in result.candidates if c.selected]
    verb = "was" if len(chosen) == 1 else "were"
    named = f": {', '.join(chosen)}" if chosen else ""
    said = f"{len(chosen)} of {len(result.candidates)} terms {verb} selected{named}."
    if result.same_share is None:
        return said
    verdict = "stable" if result.same_share >= STABLE else "unstable"
    return (
        f"{said} In {result.draws:,} bootstrap samples the same model came out in "
        f"{percent(result.same_share)}: {verdict}."
    )


def warning_of(result: SelectionResult) -> str:
    """What selecting does to p-values, in numbers of this study."""
    each = (
        ""
        if result.events_per_parameter is None
        else (
            f" {result.events} events for {result.parameters} candidate parameters are "
            f"{numbers.fixed(result.events_per_parameter, 1)} each; 10 or more are wanted."
        )
    )
    return (
        "The p-values and limits of the selected model do not know of the selection: they are too "
        "small and too narrow. If none of these terms had an effect, the rule would still select "
        f"at least one in about {percent(result.level_any)} of studies (each of one parameter in "
        f"{percent(result.level)})." + each
    )


def shrinkage(result: SelectionResult) -> str:
    """By how much the effects will be smaller in new patients; empty where it is not known."""
    if result.shrinkage is None:
        return ""
    return (
        "Heuristic shrinkage of the model with all terms: in new patients expect about "
        f"{percent(result.shrinkage)} of its log hazard ratios; after a selection less is left."
    )


def path(result: SelectionResult) -> pd.DataFrame:
    """The steps, in order."""
    labels = {c.term: c.label for c in result.candidates}
    last = _criterion_name(result.rule)
    rows: list[dict[str, Any]] = []
    if last != "p":
        rows.append({"Step": "0: all terms", "Term": "", last: _number(result.criterion_full)})
    for step in result.steps:
        cell = numbers.p_cell(step.p_value) if last == "p" else _number(step.criterion)
        rows.append(
            {
                "Step": f"{step.step}: {ACTIONS[step.action]}",
                "Term": labels.get(step.term, step.term),
                last: cell,
            }
        )
    return pd.DataFrame(rows, columns=["Step", "Term", last])


def models(result: SelectionResult) -> pd.DataFrame:
    """The models that the samples chose most often."""
    return pd.DataFrame(
        [{"Model": _terms(result, m), "Samples": percent(m.share or 0.0)} for m in result.models]
    )


def best(result: SelectionResult) -> pd.DataFrame:
    """The subsets with the lowest criteria."""
    name = _criterion_name(result.rule)
    lowest = min((m.criterion or 0.0 for m in result.best), default=0.0)
    return pd.DataFrame(
        [
            {
                "Terms": _terms(result, m),
                name: _number(m.criterion),
                "above the best": numbers.fixed((m.criterion or 0.0) - lowest, 2),
            }
            for m in result.best
        ]
    )


def inclusion(result: SelectionResult) -> pd.DataFrame:
    """The candidates with their inclusion frequencies, most frequent first, for CSV."""
    order = sorted(result.candidates, key=lambda c: -(c.share or 0.0))
    return pd.DataFrame(
        [
            {
                "term": c.term,
                "label": c.label,
                "parameters": c.parameters,
                "selected": c.selected,
                "share": c.share,
            }
            for c in order
        ]
    )


def description(n_terms: int) -> Figure:
    """Build the figure without data: a bar for each term, how often samples selected it."""
    shares = alt.Chart(alt.NamedData("shares"))
    x = alt.X(
        "share:Q",
        title="Bootstrap samples that selected it",
        scale=alt.Scale(domain=[0, 1]),
        axis=alt.Axis(format="%", tickCount=5, gridOpacity=0.5),
    )
    y = alt.Y("label:N", title=None, sort=None, axis=alt.Axis(labelLimit=260, grid=False))
    colour = alt.Color(
        "kind:N",
        title=None,
        scale=alt.Scale(
            domain=["in the model", "not in the model"], range=[theme.colour(0), theme.colour(7)]
        ),
        legend=alt.Legend(orient="top"),
    )
    bars = shares.mark_bar(height=14, tooltip=None).encode(x, y, colour)
    label = shares.mark_text(align="left", dx=4, fontSize=11).encode(x, y, alt.Text("cell:N"))
    even = (
        alt.Chart(alt.NamedData("even"))
        .mark_rule(strokeDash=[2, 3], opacity=0.6)
        .encode(alt.X("share:Q"))
    )
    return finish(
        alt.layer(bars, even, label).properties(
            height=HEIGHT * max(n_terms, 2),
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 34, "top": 5, "bottom": 5},
        )
    )


def data(result: SelectionResult) -> Data:
    """The data of the figure."""
    table = inclusion(result)
    return {
        "shares": pa.table(
            {
                "label": table["label"].tolist(),
                "share": table["share"].tolist(),
                "kind": ["in the model" if s else "not in the model" for s in table["selected"]],
                "cell": [percent(s) for s in table["share"]],
            }
        ),
        "even": pa.table({"share": [STABLE]}),
    }


def _terms(result: SelectionResult, model: SelectedModel) -> str:
    labels = {c.term: c.label for c in result.candidates}
    return ", ".join(labels.get(term, term) for term in model.terms) or "no term"


def _criterion_name(rule: str) -> str:
    kind = rule.split(":")[-1]
    return kind.upper() if kind in CRITERIA else "p"


def _number(value: float | None) -> str:
    return "–" if value is None else numbers.fixed(value, 2)
