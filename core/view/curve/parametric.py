"""Words and tables of the parametric models."""

from __future__ import annotations

import pandas as pd

from core.cohort import Cohort
from core.survival.parametric.models import ParametricResult
from core.view import numbers, tables

NAMES = {
    "exponential": "Exponential",
    "weibull": "Weibull",
    "lognormal": "Log-normal",
    "loglogistic": "Log-logistic",
    "gengamma": "Generalised gamma",
}
CLOSE = 2.0
"""A difference of AIC below which the data do not choose between two families."""
READ = (
    "A family describes a whole curve by one to three numbers. The smaller the AIC, the better it "
    "describes these patients for the numbers it spends; below a difference of 2 the data do not "
    "choose. A time ratio of 1.5 says that everything takes half as long again. Nothing is drawn "
    "beyond the last follow-up: there a family is an assumption and not a finding. Maximum "
    "likelihood; limits by the delta method."
)


def finding(result: ParametricResult) -> str:
    """Which family describes the patients best, in a sentence."""
    fitted = [t for t in result.totals if t.aic is not None]
    if not fitted:
        return "No family could be fitted to every group: there are too few events."
    best = fitted[0]
    assert best.aic is not None  # the first of those that have one
    rivals = [NAMES[t.family] for t in fitted[1:] if (t.aic or 0) - best.aic < CLOSE]
    if not rivals:
        return f"The {NAMES[best.family].lower()} family describes these curves best (by AIC)."
    return (
        f"The {NAMES[best.family].lower()} family has the smallest AIC, but the data do not tell "
        f"it from: {', '.join(rivals).lower()}."
    )


def families(cohort: Cohort, result: ParametricResult) -> pd.DataFrame:
    """A row per family in the order of AIC: the medians of the groups by it, and its AIC."""
    best = next((t.aic for t in result.totals if t.aic is not None), None)
    unit = cohort.show_unit
    rows = []
    for total in result.totals:
        row = {"Family": NAMES[total.family], "Parameters": str(total.parameters)}
        row["AIC"] = "–" if total.aic is None else numbers.fixed(total.aic, 1)
        more = None if total.aic is None or best is None else total.aic - best
        row["Above the best"] = "–" if more is None else numbers.fixed(more, 1)
        for fit in (f for f in result.fits if f.family == total.family):
            label = cohort.groups.screen_labels[fit.group]
            cell = numbers.time_with_limits(fit.median, fit.conf_low, fit.conf_high, unit)
            row[f"Median, {label}"] = "–" if fit.median is None else cell
        rows.append(row)
    return pd.DataFrame(rows)


def ratios(result: ParametricResult) -> pd.DataFrame:
    """Time ratios and hazard ratios of the groups by each family."""
    return pd.DataFrame(
        [
            {
                "Family": NAMES[r.family],
                "Group": f"{r.label} (vs {r.reference})",
                "Time ratio (CI)": numbers.ratio(r.time_ratio, r.conf_low, r.conf_high),
                "p": numbers.p_cell(r.p_value),
                "Hazard ratio (CI)": "not proportional"
                if r.hazard_ratio is None and r.time_ratio is not None
                else numbers.ratio(r.hazard_ratio, r.hazard_conf_low, r.hazard_conf_high),
            }
            for r in result.ratios
        ]
    )


def fits(result: ParametricResult) -> pd.DataFrame:
    """Every fit with full precision, for CSV."""
    frame = tables.rows(result.fits).drop(columns=["at"])
    for i, fit in enumerate(result.fits):
        for at in fit.at:
            for name in ("estimate", "conf_low", "conf_high"):
                frame.loc[i, f"{name}_at_{at.time:.4g}"] = getattr(at, name)
    return frame
