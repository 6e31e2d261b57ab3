"""Residuals in figures and sentences: effects over time, forms of numbers, the overall fit."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.survival.proportional import TRANSFORMS
from core.survival.residuals import Form, ResidualsResult, ScaleTest
from core.survival.schoenfeld import Schoenfeld
from core.view import numbers
from core.view.charts import Data
from core.view.model.scatter import Line, ScatterShape, data

SMALL = 0.05
SCALES = {
    "km": "p (Kaplan-Meier scale)",
    "identity": "p (time)",
    "log": "p (log time)",
    "rank": "p (rank of time)",
}
SMOOTH, NULL, FULL = "Smooth", "Without any term", "With the model"
MEANING = {
    "moving": "Each point is an event; the line is the log hazard ratio at that time with its "
    "confidence band (scaled Schoenfeld residuals, natural spline with 4 degrees of freedom). The "
    "dashed lines are no effect and the hazard ratio of the table. A level line is a constant "
    "hazard ratio.",
    "form": "Martingale residuals: events less events expected. The line without any term shows "
    "the form of the effect: straight means that the number can be used as it is, a bend asks for "
    "a spline, a transformation or a cut. The line with the model should be level.",
    "fit": "Cox-Snell residuals: where the model fits, the points follow the diagonal. The last "
    "few points rest on few patients.",
    "outliers": "Deviance residuals: most lie between -2 and 2. High ones had the event much "
    "earlier than expected, low ones lived much longer.",
}
WHOLE = (
    "This term has several coefficients: the line shows by how much all of them together change, "
    "1 being the effect of the table."
)


def finding(result: ResidualsResult) -> str:
    """Whether the hazard ratios seem constant over time."""
    tests = [test for test in result.tests if test.transform == TRANSFORMS[0]]
    known = [test for test in tests if test.p_value is not None]
    if not known:
        return "Whether the hazard ratios are constant over time cannot be tested in this model."
    small = [t for t in known if t.term in result.titles and (t.p_value or 0) < SMALL]
    if small:
        named = ", ".join(
            f"{result.titles[t.term]} (p {numbers.p_value(t.p_value)})" for t in small
        )
        return (
            f"The hazard ratio changes over time for {named}. One hazard ratio for the whole "
            "follow-up is then an average that may hold at no time."
        )
    terms = [t for t in known if t.term in result.titles]
    if len(terms) == 1:
        return (
            f"The hazard ratio of {result.titles[terms[0].term]} seems constant over time "
            f"(p {numbers.p_value(terms[0].p_value)}); a small study may miss a change."
        )
    return (
        f"The hazard ratios seem constant over time (all terms together: "
        f"p {numbers.p_value(known[-1].p_value)}); a small study may miss a change."
    )


def tests(result: ResidualsResult) -> pd.DataFrame:
    """The test of each term, with its p-value on the four scales of time."""
    by = {(test.term, test.transform): test for test in result.tests}
    rows = []
    for term in dict.fromkeys(test.term for test in result.tests):
        first = by[term, TRANSFORMS[0]]
        rows.append(
            {
                "Term": result.titles.get(term, "All terms together"),
                "Chi-square": _fixed(first),
                "df": first.df,
                **{SCALES[g]: numbers.p_cell(by[term, g].p_value) for g in TRANSFORMS},
            }
        )
    return pd.DataFrame(rows)


def _fixed(test: ScaleTest) -> str:
    return "–" if test.statistic is None else numbers.fixed(test.statistic, 2)


def label(one: Schoenfeld, titles: dict[str, str]) -> str:
    """Name of an effect: ``Grade: III``, ``Age``."""
    title = titles.get(one.term, one.term)
    if one.whole:
        return f"{title} (whole term)"
    return title if one.level is None else f"{title}: {one.level}"


def moving_shape(unit: str, *, whole: bool = False) -> ScatterShape:
    """Axes of an effect over time."""
    y = "Effect, 1 is that of the table" if whole else "Log hazard ratio"
    return ScatterShape(f"Time ({unit})", y, (SMOOTH,), point="Event")


def moving(one: Schoenfeld) -> Data:
    """An effect over time."""
    known = np.isfinite(one.smooth)
    lines = [
        Line(
            SMOOTH, one.smooth_time[known], one.smooth[known], one.conf_low[known],
            one.conf_high[known],
        )
    ]  # fmt: skip
    ends = [float(one.time.min(initial=np.inf)), float(one.time.max(initial=-np.inf))]
    reference = {"none": (ends, [0.0, 0.0]), "table": (ends, [one.coef, one.coef])}
    labels = [str(k + 1) for k in range(len(one.time))]
    return data(
        one.time, one.estimate, labels, lines=lines if known.any() else (),
        reference=reference if len(one.time) else None,
    )  # fmt: skip


def form_shape(form: Form) -> ScatterShape:
    """Axes of the form of a number."""
    return ScatterShape(form.title, "Martingale residual", (NULL, FULL))


def form(result: ResidualsResult, found: Form) -> Data:
    """The form of a number: residuals without any term, and both smooths."""
    lines = [Line(NULL, found.at, found.smooth_null), Line(FULL, found.at, found.smooth)]
    ends = [float(found.value.min()), float(found.value.max())]
    return data(
        found.value, result.martingale_null, _lines_of(result), lines=lines,
        reference={"none": (ends, [0.0, 0.0])},
    )  # fmt: skip


FIT = ScatterShape("Cox-Snell residual", "Cumulative hazard of the residuals", point="Event")


def fit(result: ResidualsResult) -> Data:
    """The Cox-Snell check."""
    found = result.cox_snell
    if found is None or len(found.residual) == 0:
        return data(np.empty(0), np.empty(0), ())
    ends = [0.0, float(max(found.residual.max(), found.estimate.max()))]
    labels = [f"{n:,} still at risk" for n in found.n_risk]
    return data(found.residual, found.estimate, labels, reference={"fits": (ends, ends)})


OUTLIERS = ScatterShape("Linear predictor of the model", "Deviance residual")


def outliers(result: ResidualsResult) -> Data:
    """Deviance residuals against the linear predictor; the largest five carry their line."""
    away = np.abs(result.deviance)
    named = np.zeros(len(away), dtype=bool)
    named[np.argsort(-away, kind="stable")[:5]] = True
    ends = [float(result.predictor.min()), float(result.predictor.max())]
    reference = {str(level): (ends, [level, level]) for level in (-2.0, 0.0, 2.0)}
    labels = _lines_of(result)
    return data(result.predictor, result.deviance, labels, reference=reference, named=named)


def patients(result: ResidualsResult) -> pd.DataFrame:
    """The residuals of every row of the model, by its line of the file."""
    return pd.DataFrame(
        {
            "line": result.row,
            "event": result.event.astype(int),
            "linear_predictor": result.predictor,
            "martingale": result.martingale,
            "martingale_null": result.martingale_null,
            "deviance": result.deviance,
            "cox_snell": result.event - result.martingale,
        }
    )


def over_time(result: ResidualsResult) -> pd.DataFrame:
    """The scaled Schoenfeld residuals of every effect."""
    return pd.concat(
        [
            pd.DataFrame(
                {"term": one.term, "level": one.level or "", "time": one.time,
                 "estimate": one.estimate}
            )
            for one in result.schoenfeld
        ]
        or [pd.DataFrame(columns=["term", "level", "time", "estimate"])]
    )  # fmt: skip


def _lines_of(result: ResidualsResult) -> list[str]:
    return [str(line) for line in result.row.tolist()]
