"""Missing covariates: who is left out and why, and the model of all with imputed values."""

from __future__ import annotations

import pandas as pd

from core.survival.imputation import ImputedResult
from core.survival.missing import MissingResult
from core.survival.pooling import PooledRow
from core.survival.results import Row
from core.view import numbers
from core.view.lab.verdict import percent
from core.view.words import row_label

LARGE = 0.2
"""Standardised difference from which two groups are called different."""
METHOD = {
    "complete": "Complete cases: leave out who lacks a value",
    "impute": "Multiple imputation: estimate what is missing",
}
STANDARDISED = (
    "The difference is in standard deviations; from 0.2 on those left out are another kind of "
    "patients. Complete cases still give the right hazard ratios when who lacks a value has "
    "nothing to do with the outcome, given the terms of the model."
)


def finding(result: MissingResult) -> str:
    """How many are left out, and whether they did differently."""
    lost = result.n - result.n_complete
    if not result.terms:
        return "No terms are chosen."
    if lost == 0:
        return f"No value is missing: all {numbers.count(result.n)} patients are in the model."
    said = (
        f"{numbers.count(result.n_complete)} of {numbers.count(result.n)} patients "
        f"({result.events_complete} of {result.events} events) have every value; "
        f"{numbers.count(lost)} ({percent(lost / result.n)}) are left out of the model."
    )
    row = result.left_out
    if row is None or row.hazard_ratio is None:
        return said
    ratio = numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high)
    apart = row.p_value is not None and row.p_value < 0.05
    verdict = "they did differently" if apart else "no sign that they did differently"
    return f"{said} Their hazard against that of the others: {ratio}, {verdict}."


def terms(result: MissingResult) -> pd.DataFrame:
    """How often each term is missing; terms without a gap are left out."""
    rows = [
        {
            "Term": term.label,
            "Missing": f"{numbers.count(term.n)} ({percent(term.n / result.n)})",
            "Events among them": numbers.count(term.events),
            "Lack only this": numbers.count(term.only),
        }
        for term in sorted(result.terms, key=lambda t: -t.n)
        if term.n
    ]
    if result.other:
        rows.append(
            {
                "Term": "Only a stratum, weight, offset or cluster",
                "Missing": numbers.count(result.other),
                "Events among them": "–",
                "Lack only this": numbers.count(result.other),
            }
        )
    return pd.DataFrame(rows)


def patterns(result: MissingResult) -> pd.DataFrame:
    """What is missing together."""
    labels = {t.term: t.label for t in result.terms}
    return pd.DataFrame(
        [
            {
                "Missing together": ", ".join(labels[t] for t in p.terms),
                "Patients": numbers.count(p.n),
                "Events": numbers.count(p.events),
            }
            for p in result.patterns
        ]
    )


def differences(result: MissingResult) -> pd.DataFrame:
    """Those in the model and those left out, term by term."""
    rows = []
    for d in result.differences:
        share = d.level is not None
        rows.append(
            {
                "Variable": d.label if d.level is None else f"{d.label}: {d.level}",
                "In the model": _mean(d.mean_in, share=share),
                "Left out": _mean(d.mean_out, share=share),
                "Difference": "–" if d.standardised is None else _signed(d.standardised),
            }
        )
    return pd.DataFrame(rows)


def pooled_finding(result: ImputedResult) -> str:
    """What the imputation changes."""
    if not result.pooled:
        return result.notes[-1].text if result.notes else ""
    worst = max((row.missing_information or 0.0 for row in result.pooled), default=0.0)
    return (
        f"With {result.imputations} imputations all {numbers.count(result.n)} patients "
        f"({numbers.count(result.events)} events) are in the model, instead of "
        f"{numbers.count(result.n_complete)} ({numbers.count(result.events_complete)}). At most "
        f"{percent(worst)} of the information about a hazard ratio is missing."
    )


def pooled(result: ImputedResult) -> pd.DataFrame:
    """Complete cases and the pooled model side by side."""
    return pd.DataFrame(
        [
            {
                "Variable": row_label(alone, result.titles),
                "Complete cases HR (CI)": _ratio(alone),
                "p": _p(alone.p_value),
                "Imputed HR (CI)": _ratio(row),
                "p ": _p(row.p_value),
                "Missing information": "–"
                if row.missing_information is None
                else percent(row.missing_information),
            }
            for alone, row in zip(result.complete, result.pooled, strict=True)
        ]
    )


def how(result: ImputedResult) -> str:
    """The variant, in one quiet line."""
    counts = ", ".join(f"{name} {n}" for name, n in result.imputed.items())
    return (
        f"Imputed values: {counts}. Chained equations with the event and the Nelson-Aalen hazard "
        "among the predictors: numbers by predictive mean matching, categories by logistic "
        "models; pooled by Rubin's rules. Right if values are missing at random, given the other "
        "columns and the outcome."
    )


def _mean(value: float, *, share: bool) -> str:
    return percent(value) if share else f"{value:.4g}"


def _signed(value: float) -> str:
    mark = " *" if abs(value) >= LARGE else ""
    return f"{'+' if value > 0 else ''}{numbers.fixed(value, 2)}{mark}"


def _ratio(row: Row | PooledRow) -> str:
    return numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high)


def _p(value: float | None) -> str:
    return "–" if value is None else numbers.p_cell(value)
