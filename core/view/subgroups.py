"""The subgroup forest: a table, the plot beside it, and what may be read out of it."""

from __future__ import annotations

import dataclasses

import altair as alt
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.survival.subgroups import SubgroupRow, SubgroupsResult
from core.view import numbers, theme, words
from core.view.charts import AUTOSIZE, PLAIN, Data, Figure, finish
from core.view.forest import HEADER, ROW, WIDEST

ALARM = 0.05
"""Level at which an interaction is called a sign."""
TICKS = (0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50)
VARIANT = (
    "Each hazard ratio is that of a Cox model of the patients of its row alone; numbers are cut at "
    "their median. p for interaction: likelihood-ratio test of the products of groups and levels. "
    "Whether one row is significant and another is not says nothing about a difference between "
    "them."
)


@dataclasses.dataclass(frozen=True)
class ForestShape:
    """What the layout of the forest depends on."""

    n_rows: int
    low: float
    high: float
    labelled: bool

    @classmethod
    def of(cls, result: SubgroupsResult, *, labelled: bool) -> ForestShape:
        """The shape for a result; the axis has room for all limits within `WIDEST`."""
        low = min([0.5, *(r.conf_low for r in result.rows if r.conf_low)])
        high = max([2.0, *(r.conf_high for r in result.rows if r.conf_high)])
        return cls(
            len(result.rows), max(low / 1.15, WIDEST[0]), min(high * 1.15, WIDEST[1]), labelled
        )


def description(shape: ForestShape) -> Figure:
    """Build the forest without data."""
    x = alt.X(
        "hazard_ratio:Q",
        title="Hazard ratio (log scale)",
        scale=alt.Scale(type="log", domain=[shape.low, shape.high], nice=False, clamp=True),
        axis=alt.Axis(
            values=[t for t in TICKS if shape.low <= t <= shape.high],
            labelExpr=PLAIN,
            gridOpacity=0.4,
        ),
    )
    y = alt.Y("row:O", title=None, axis=None, scale=alt.Scale(domain=list(range(shape.n_rows))))
    tip = [alt.Tooltip("label:N", title="Subgroup"), alt.Tooltip("text:N", title="Hazard ratio")]
    base = alt.Chart(alt.NamedData("rows"))
    one = alt.Chart(alt.NamedData("one")).mark_rule(opacity=0.6).encode(x)
    whole = alt.Chart(alt.NamedData("whole")).mark_rule(strokeDash=[4, 3], opacity=0.5).encode(x)
    span = base.mark_rule(strokeWidth=1.8, color=theme.colour(0)).encode(
        alt.X("conf_low:Q"), alt.X2("conf_high:Q"), y, tooltip=tip
    )
    size = alt.Size("events:Q", legend=None, scale=alt.Scale(range=[25, 160], zero=False))
    point = base.mark_point(filled=True, shape="square", opacity=1, color=theme.colour(0)).encode(
        x, y, size, tooltip=tip
    )
    layers = [one, whole, span, point]
    if shape.labelled:
        names = base.mark_text(align="right", fontSize=11).encode(
            y, alt.X(value=-12), alt.Text("label:N")
        )
        values = base.mark_text(align="left", fontSize=11).encode(
            y, alt.X(value=430), alt.Text("text:N")
        )
        layers += [names, values]
    right = 20 if shape.labelled else 10
    return finish(
        alt.layer(*layers).properties(
            height=ROW * shape.n_rows,
            width=420 if shape.labelled else "container",
            padding={
                "left": 5, "right": right, "top": 5 if shape.labelled else HEADER, "bottom": 5,
            },
            autosize="pad" if shape.labelled else AUTOSIZE,
        )
    )  # fmt: skip


def data(cohort: Cohort, result: SubgroupsResult) -> Data:
    """The data of the forest."""
    shown = [(i, row) for i, row in enumerate(result.rows) if row.hazard_ratio is not None]
    labels = names(cohort, result)
    columns = {
        name: pa.array([_clamped(getattr(row, name)) for _, row in shown], pa.float64())
        for name in ("hazard_ratio", "conf_low", "conf_high")
    }
    columns["row"] = pa.array([i for i, _ in shown], pa.int64())
    columns["events"] = pa.array([row.events for _, row in shown], pa.int64())
    columns["label"] = pa.array([labels[i] for i, _ in shown], pa.string())
    columns["text"] = pa.array([ratio(row) for _, row in shown], pa.string())
    whole = result.rows[0].hazard_ratio if len(cohort.groups.levels) == 2 else None
    return {
        "rows": pa.table(columns),
        "one": pa.table({"hazard_ratio": [1.0]}),
        "whole": pa.table(
            {"hazard_ratio": pa.array([] if whole is None else [_clamped(whole)], pa.float64())}
        ),
    }


def _clamped(value: float | None) -> float | None:
    return None if value is None else min(max(value, WIDEST[0]), WIDEST[1])


def ratio(row: SubgroupRow) -> str:
    """The hazard ratio of a row with its limits."""
    return numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high)


def names(cohort: Cohort, result: SubgroupsResult) -> list[str]:
    """What the rows are called: ``Menopausal status: Post``."""
    titles = {test.variable: test.title for test in result.interactions}
    several = len(cohort.groups.levels) > 2
    called = []
    for row in result.rows:
        label = "All patients"
        if row.variable is not None:
            joint = " " if str(row.level)[:1] in "<>" else ": "
            label = f"{titles[row.variable]}{joint}{row.level}"
        called.append(f"{label}, {row.group} (vs {row.reference})" if several else label)
    return called


def table(cohort: Cohort, result: SubgroupsResult) -> pd.DataFrame:
    """The table beside the forest: a line per hazard ratio."""
    unit = cohort.show_unit
    several = len(cohort.groups.levels) > 2
    group, reference = ("Group", "Reference") if several else cohort.groups.labels[::-1]
    lines, before = [], None
    for label, row in zip(names(cohort, result), result.rows, strict=True):
        first = row.variable is not None and row.variable != before
        before = row.variable
        lines.append(
            [
                label,
                f"{row.events_group}/{row.n_group}",
                f"{row.events_reference}/{row.n_reference}",
                _medians(row, unit),
                ratio(row),
                numbers.p_cell(row.p_interaction) if first else "",
            ]
        )
    columns = [
        "Subgroup",
        f"{group}: events/n",
        f"{reference}: events/n",
        f"Medians, {unit}",
        "Hazard ratio (CI)",
        "p for interaction",
    ]
    return pd.DataFrame(lines, columns=columns)


def _medians(row: SubgroupRow, unit: str) -> str:
    found = (row.median_group, row.median_reference)
    return " / ".join(numbers.time(value, unit) for value in found)


def in_full(result: SubgroupsResult) -> pd.DataFrame:
    """All numbers in full precision, for CSV."""
    return pd.DataFrame([dataclasses.asdict(row) for row in result.rows])


def finding(cohort: Cohort, result: SubgroupsResult) -> str:
    """Whether the hazard ratio differs between subgroups, in a sentence or two."""
    labels = cohort.groups.screen_labels
    whole = (
        f"{labels[1]} against {labels[0]}: hazard ratio {ratio(result.rows[0])}."
        if len(labels) == 2
        else f"{len(labels)} groups, each compared with {labels[0]}."
    )
    tested = [t for t in result.interactions if t.test.p_value is not None]
    if not tested:
        return f"{whole} Choose variables above to see it in subgroups."
    signs = [t for t in tested if (t.test.p_value or 0.0) < ALARM]
    if not signs:
        return (
            f"{whole} No sign that it differs between the subgroups (smallest p for interaction "
            f"{numbers.p_value(min(t.test.p_value or 0.0 for t in tested))}); a study of this size "
            "would miss all but large differences."
        )
    said = ", ".join(f"{t.title} (p {numbers.p_value(t.test.p_value)})" for t in signs)
    return f"{whole} It may differ by {said}."


def caution(result: SubgroupsResult) -> str:
    """How many interaction tests there were, and how many signs chance alone would give."""
    k = sum(t.test.p_value is not None for t in result.interactions)
    if k == 0:
        return ""
    tests = "1 interaction test" if k == 1 else f"{k} interaction tests"
    return (
        f"{tests}, not adjusted: without any true difference {numbers.fixed(k * ALARM, 2)} of them "
        f"would be expected below {ALARM:g}, and at least one with a probability of "
        f"{numbers.percent(1 - (1 - ALARM) ** k)}%. A subgroup finding that was not planned "
        "before is a question for the next study, not an answer."
    )


def title(cohort: Cohort) -> str:
    """Heading of the page and of the exported figure."""
    return f"{words.question(cohort)}, in subgroups"
