"""The penalised model: its path, its cross-validation, its table, and what it says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
import pyarrow as pa

from core.survival.penalty import PenalisedResult, PenalisedRow
from core.survival.results import Row
from core.view import numbers, theme
from core.view.charts import AUTOSIZE, PLAIN, Data, Figure, finish
from core.view.words import row_label

HEIGHT = 210
DEVIANCE = "Deviance per event"
MOST_COLOURED = 8
"""Lines beyond these share one colour: more could not be told apart."""
TICKS = tuple(10.0**k for k in range(-6, 5))
KINDS = {0.0: "Ridge", 0.25: "Elastic net, mostly ridge", 0.5: "Elastic net",
         0.75: "Elastic net, mostly lasso", 1.0: "Lasso"}  # fmt: skip
WHY_NO_P = (
    "There are no p-values and no confidence limits: a penalty pulls every estimate towards no "
    "effect on purpose, and the variables were chosen by looking at the outcome, so that no "
    "standard error of the usual kind is honest. Use this model to predict, or to see which "
    "variables hold up; test with the Cox model above."
)
READING = (
    "From left to right the penalty grows and the coefficients shrink; the lasso drops a variable "
    "when its line reaches zero. The lower figure shows how badly patients who were left out are "
    "predicted. The dashed line is the penalty that predicts best, the dotted one the strongest "
    "penalty that predicts about as well (within one standard error): the simpler model."
)


@dataclass(frozen=True)
class PenaltyShape:
    """What the layout of both figures depends on."""

    low: float
    high: float
    labels: tuple[str, ...]

    @classmethod
    def of(cls, result: PenalisedResult) -> PenaltyShape:
        """The shape for a result."""
        return cls(float(result.penalty[-1]), float(result.penalty[0]), tuple(labels(result)))


def labels(result: PenalisedResult) -> list[str]:
    """Name of each column."""
    return [row_label(_plain(row), result.titles) for row in result.rows]


def path_description(shape: PenaltyShape) -> Figure:
    """Build the figure of the coefficients without data."""
    some = list(shape.labels[:MOST_COLOURED])
    colour = alt.Color(
        "column:N",
        legend=alt.Legend(title=None, orient="bottom", columns=2, labelLimit=180),
        scale=alt.Scale(domain=some, range=[theme.colour(k) for k in range(len(some))]),
    )
    y = alt.Y(
        "coef:Q", title="Log hazard ratio per SD", axis=alt.Axis(tickCount=5, gridOpacity=0.5)
    )
    lines = alt.Chart(alt.NamedData("path"))
    tip = [alt.Tooltip("column:N", title="Column"), alt.Tooltip("ratio:N", title="HR per SD")]
    line = lines.mark_line(strokeWidth=1.8).encode(
        _penalty_axis(shape), y, colour, alt.Detail("column:N"), tooltip=tip
    )
    return _finished(line, shape)


def deviance_description(shape: PenaltyShape) -> Figure:
    """Build the figure of the cross-validation without data."""
    points = alt.Chart(alt.NamedData("deviance"))
    y = alt.Y(
        "deviance:Q",
        title=DEVIANCE,
        scale=alt.Scale(zero=False),
        axis=alt.Axis(tickCount=4, gridOpacity=0.5),
    )
    band = points.mark_rule(opacity=0.35, strokeWidth=1.2).encode(
        _penalty_axis(shape), alt.Y("low:Q", scale=alt.Scale(zero=False), title=DEVIANCE),
        alt.Y2("high:Q"),
    )  # fmt: skip
    point = points.mark_point(filled=True, size=22, opacity=1, color=theme.colour(0)).encode(
        _penalty_axis(shape), y
    )
    return _finished(alt.layer(band, point), shape)


def _penalty_axis(shape: PenaltyShape) -> alt.X:
    ticks = [t for t in TICKS if shape.low <= t <= shape.high]
    return alt.X(
        "penalty:Q",
        title="Penalty (lambda, log scale)",
        scale=alt.Scale(type="log", domain=[shape.low, shape.high], nice=False),
        axis=alt.Axis(values=ticks, labelExpr=PLAIN, grid=False),
    )


def _finished(layer: Any, shape: PenaltyShape) -> Figure:
    chosen = alt.Chart(alt.NamedData("chosen"))
    rules = [
        chosen.transform_filter(f"datum.which == '{which}'")
        .mark_rule(strokeDash=dash, tooltip=None)
        .encode(_penalty_axis(shape))
        for which, dash in (("best", [6, 3]), ("simpler", [2, 3]))
    ]
    return finish(
        alt.layer(layer, *rules).properties(height=HEIGHT, width="container", autosize=AUTOSIZE)
    )


def path_data(result: PenalisedResult) -> Data:
    """The data of the figure of the coefficients."""
    p, m = result.path.shape
    names = labels(result)
    return {
        "path": pa.table(
            {
                "column": np.repeat(names, m).tolist(),
                "penalty": np.tile(result.penalty, p),
                "coef": result.path.ravel(),
                "ratio": [numbers.ratio(float(np.exp(b)), None, None) for b in result.path.ravel()],
            }
        ),
        "chosen": _chosen(result),
    }


def deviance_data(result: PenalisedResult) -> Data:
    """The data of the figure of the cross-validation."""
    mean, error = result.deviance, result.deviance_error
    columns = {"penalty": result.penalty, "deviance": mean, "low": mean - error,
               "high": mean + error}  # fmt: skip
    return {"deviance": pa.table(columns), "chosen": _chosen(result)}


def _chosen(result: PenalisedResult) -> pa.Table:
    return pa.table(
        {"which": ["best", "simpler"], "penalty": [result.lambda_min, result.lambda_1se]}
    )


def finding(result: PenalisedResult) -> str:
    """What is left of the variables, for a reader in a hurry."""
    p = len(result.rows)
    begin = f"{numbers.count(result.n)} patients, {numbers.count(result.events)} events. "
    if result.l1_ratio == 0:
        return (
            f"{begin}Ridge keeps all {p} columns and shrinks them; at the penalty that predicts "
            f"best the largest effect per standard deviation is {_largest(result)}."
        )
    if result.kept_min == 0:
        return f"{begin}None of the {p} columns helps to predict patients who were left out."
    return (
        f"{begin}{result.kept_min} of {p} columns are kept at the penalty that predicts best, "
        f"{result.kept_1se} in the simpler model that predicts about as well; the largest effect "
        f"per standard deviation is {_largest(result)}."
    )


def _largest(result: PenalisedResult) -> str:
    k = int(np.argmax([abs(np.log(row.hazard_ratio_sd_min)) for row in result.rows]))
    ratio = numbers.ratio(result.rows[k].hazard_ratio_sd_min, None, None)
    return f"{labels(result)[k]}, hazard ratio {ratio}"


def table(result: PenalisedResult) -> pd.DataFrame:
    """Hazard ratios per standard deviation and per unit at both penalties."""
    rows = []
    for name, row in zip(labels(result), result.rows, strict=True):
        best, simpler = row.coef_min != 0, row.coef_1se != 0
        rows.append(
            {
                "Column": name,
                "SD": f"{row.std_dev:.3g}",
                "Best, HR per SD": _cell(row.hazard_ratio_sd_min, best),
                "HR per unit": _cell(row.hazard_ratio_min, best),
                "Simpler, HR per SD": _cell(row.hazard_ratio_sd_1se, simpler),
                "HR per unit ": _cell(row.hazard_ratio_1se, simpler),
            }
        )
    return pd.DataFrame(rows)


def path_values(result: PenalisedResult) -> pd.DataFrame:
    """The path and its cross-validation with full precision, for CSV."""
    names = labels(result)
    return pd.DataFrame(
        {
            "lambda": result.penalty,
            "deviance": result.deviance,
            "deviance_error": result.deviance_error,
        }
        | {f"{names[k]} (per SD)": result.path[k] for k in range(len(names))}
    )


def variant(result: PenalisedResult) -> str:
    """How it was done, for the quiet line."""
    kind = KINDS.get(result.l1_ratio, f"Elastic net with a lasso share of {result.l1_ratio:g}")
    return (
        f"{kind}, {result.folds}-fold cross-validation of the partial-likelihood deviance, columns "
        f"standardised, Breslow's ties; best penalty {result.lambda_min:.3g}, simpler model "
        f"{result.lambda_1se:.3g}."
    )


def _cell(ratio: float, kept: bool) -> str:
    return numbers.ratio(ratio, None, None) if kept else "dropped"


def _plain(row: PenalisedRow) -> Row:
    return Row(row.term, row.level, row.reference, 0, 0)
