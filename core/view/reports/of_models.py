"""Sections on the Cox model, and on what is said beside it."""

from __future__ import annotations

import pandas as pd

from core.survival.calibration import Calibration
from core.survival.cox import CoxResult
from core.survival.schoenfeld import Schoenfeld
from core.view import forest, tables, words
from core.view.model import (
    influence,
    missing,
    penalised,
    prediction,
    residuals,
    scatter,
    selection,
    tests,
)
from core.view.reports.asked import Asked, picture, quiet, said, table
from core.view.reports.document import Block

NO_TERMS = "No term was chosen for a model."


def cox(asked: Asked) -> list[Block]:
    """The table of both models, its forest, and the tests of the model."""
    result: CoxResult = asked.result("cox")
    if not result.titles:
        return said(NO_TERMS)
    sentence = words.model(asked.cohort, result)
    full = [("Cox models", tables.cox_numbers(result))]
    endpoint = words.endpoint_label(asked.cohort)
    shows = "Forest plot: hazard ratios with their limits, univariable and multivariable."
    imputed = words.COMPLETE if asked.spec.missing == "impute" else ""
    blocks = [
        *said(sentence),
        *quiet(imputed),
        *table(
            tables.cox(result), f"Cox regression of {endpoint.lower()}",
            "HR: hazard ratio; CI: confidence interval.", behind=full,
        ),
        *picture(
            forest.figure(result, labelled=True), f"Hazard ratios for {endpoint.lower()}",
            sentence, shows=shows, behind=full,
        ),
    ]  # fmt: skip
    return [*blocks, *_terms(result), *_proportional(result)]


def _terms(result: CoxResult) -> list[Block]:
    if not result.terms:
        return []
    values = [("Tests of the terms", tests.values(result))]
    frame = tests.table(result)
    return table(frame, "Tests of each term", tests.variant(result), behind=values)


def _proportional(result: CoxResult) -> list[Block]:
    if not result.proportional_hazards:
        return []
    full = [("Proportional hazards", tables.rows(result.proportional_hazards))]
    blocks = said(words.proportional(result))
    if any(test.p_value is not None for test in result.proportional_hazards):
        frame = tables.proportional(result)
        blocks += table(frame, "Test of proportional hazards", behind=full)
    return blocks


def selected(asked: Asked) -> list[Block]:
    """The rule of selection, its path, and how stable it is."""
    found = asked.result("selection")
    blocks = [*said(selection.finding(found)), *said(selection.warning_of(found))]
    if found.best:
        blocks += table(selection.best(found), "The best subsets")
    elif found.steps:
        blocks += table(selection.path(found), "Path of the selection")
    if found.draws:
        chart = {
            **selection.description(len(found.candidates)),
            "datasets": selection.data(found),
        }
        title = "How often bootstrap samples selected each term"
        behind = [("Inclusion frequencies", selection.inclusion(found))]
        blocks += picture(chart, title, selection.finding(found), behind=behind)
    if found.models:
        blocks += table(selection.models(found), "Models chosen most often")
    return [*blocks, *quiet(selection.shrinkage(found))]


def residual(asked: Asked) -> list[Block]:
    """Whether effects change with time, and whether numbers have their form."""
    found = asked.result("residuals")
    if not found.titles:
        return said(NO_TERMS)
    title = "Test of proportional hazards on four scales of time"
    blocks = [*said(residuals.finding(found)), *table(residuals.tests(found), title)]
    unit = asked.cohort.show_unit
    for one in found.schoenfeld:
        shape = residuals.moving_shape(unit, whole=one.whole)
        title = f"{residuals.label(one, found.titles)} over time"
        more = f" {residuals.WHOLE}" if one.whole else ""
        blocks += picture(
            {**scatter.description(shape), "datasets": residuals.moving(one)},
            title,
            marks=residuals.MEANING["moving"] + more,
            behind=[("The line", _line(one))],
        )
    for form in found.forms:
        chart = {
            **scatter.description(residuals.form_shape(form)),
            "datasets": residuals.form(found, form),
        }
        blocks += picture(chart, f"Form of {form.title}", marks=residuals.MEANING["form"])
    fit = {**scatter.description(residuals.FIT), "datasets": residuals.fit(found)}
    unusual = {**scatter.description(residuals.OUTLIERS), "datasets": residuals.outliers(found)}
    return [
        *blocks,
        *picture(fit, "Overall fit", marks=residuals.MEANING["fit"]),
        *picture(unusual, "Unusual patients", marks=residuals.MEANING["outliers"]),
    ]


def _line(one: Schoenfeld) -> pd.DataFrame:
    """The smooth effect with its band."""
    names = ("smooth_time", "smooth", "conf_low", "conf_high")
    return pd.DataFrame({name: getattr(one, name) for name in names})


def influential(asked: Asked) -> list[Block]:
    """Which patients move the hazard ratios; their own values are not in the report."""
    found = asked.result("influence")
    if not found.changes:
        return said(NO_TERMS)
    sentence = influence.finding(found)
    blocks = said(sentence)
    for k, change in enumerate(found.changes):
        name = influence.label(change, found.titles)
        chart = {
            **scatter.description(influence.SHAPE),
            "datasets": influence.figure(found, k),
        }
        blocks += picture(chart, f"How each patient moves the hazard ratio of {name}", sentence)
    frame = influence.table(found)
    title = "Hazard ratios without single patients"
    return [*blocks, *table(frame, title, influence.MEANING)]


def predicted(asked: Asked) -> list[Block]:
    """How well the model tells patients apart and predicts their survival."""
    found, unit = asked.result("prediction"), asked.cohort.show_unit
    if not found.concordance:
        return said(NO_TERMS)
    calibrated = prediction.calibrated(found, unit)
    blocks = [
        *said(prediction.finding(found)),
        *table(prediction.concordances(found), "Concordance", prediction.MEANING),
    ]
    if found.times:
        blocks += table(prediction.times(found, unit), "Accuracy at chosen times")
    blocks += said(calibrated)
    if found.calibration is not None:
        blocks += _calibration(found.calibration, unit, calibrated)
    return blocks


def _calibration(found: Calibration, unit: str, sentence: str) -> list[Block]:
    shape = prediction.shape(found, unit)
    chart = {**scatter.description(shape), "datasets": prediction.figure(found)}
    return [
        *picture(chart, "Calibration", sentence),
        *table(prediction.groups(found), "Calibration in groups", prediction.CALIBRATION),
    ]


def shrunk(asked: Asked) -> list[Block]:
    """The penalised model: its path, its cross-validation, and what is left of the terms."""
    result = asked.result("penalised")
    sentence = penalised.finding(result)
    shape = penalised.PenaltyShape.of(result)
    path = {**penalised.path_description(shape), "datasets": penalised.path_data(result)}
    error = {**penalised.deviance_description(shape), "datasets": penalised.deviance_data(result)}
    values = [("Path and cross-validation", penalised.path_values(result))]
    full = [("Penalised model", tables.rows(result.rows))]
    return [
        *said(sentence),
        *picture(path, "Coefficients along the penalty", sentence, behind=values),
        *picture(error, "Cross-validation of the penalty", marks=penalised.variant(result)),
        *table(penalised.table(result), "Penalised hazard ratios", penalised.WHY_NO_P, behind=full),
    ]


def lacking(asked: Asked) -> list[Block]:
    """Who is left out of the model for a missing value."""
    found = asked.result("missing")
    if not found.terms:
        return said(NO_TERMS)
    blocks = said(missing.finding(found))
    if found.n_complete == found.n:
        return blocks
    full = [("Missing values", tables.rows(found.terms))]
    blocks += table(missing.terms(found), "Missing values of each term", behind=full)
    if len(found.patterns) > 1:
        blocks += table(missing.patterns(found), "What is missing together")
    if found.differences:
        full = [("In and left out", tables.rows(found.differences))]
        blocks += table(
            missing.differences(found), "In the model and left out", missing.STANDARDISED,
            behind=full,
        )  # fmt: skip
    return blocks


def imputed(asked: Asked) -> list[Block]:
    """The model with missing values imputed."""
    found = asked.result("imputed")
    blocks = said(missing.pooled_finding(found))
    if found.pooled:
        full = [("Pooled model", tables.rows(found.pooled))]
        frame = missing.pooled(found)
        blocks += table(frame, "Complete cases and imputed", missing.how(found), behind=full)
    return blocks
