"""The continuous view in words and numbers: how the hazard goes, and what a cutoff keeps of it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.survival.conventions import conventions
from core.survival.cutoff.continuous import ContinuousResult
from core.survival.cutoff.ways import Way
from core.view import numbers, words

LEVEL = 0.05
TURN = 0.1
"""Share of a curve's ups and downs that a short description may leave out."""
CHOSEN = ("typed", "quantile", "best")
"""Where cutoffs come from that may have been chosen for what they show."""
LEGEND = (
    "Chi-square: how much a model of the marker explains (likelihood ratio; more coefficients, df, "
    "explain more by chance alone). Kept: its share of the better uncut model. AIC allows for the "
    "coefficients: smaller is better. Concordance: how often the patient at higher estimated risk "
    "has the event first; 0.5 is chance."
)


def finding(cohort: Cohort, found: ContinuousResult) -> str:
    """How the hazard goes with the marker, in a sentence or two."""
    title = cohort.groups.title
    if not np.isfinite(found.hazard_ratio).all():
        return f"A hazard ratio cannot be told for {title}: its order is the order of the events."
    p = f"p {numbers.p_value(found.overall.p_value)}"
    if (found.overall.p_value or 0.0) >= LEVEL:
        return f"Without any cutoff, the hazard does not clearly go with {title} ({p})."
    if not _bent(found):
        row = found.per_sd
        ratio = numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high)
        return (
            f"{_course(found, title)} ({p}): hazard ratio {ratio} for every {found.sd:.3g}"
            f"{_unit(cohort)} more (one standard deviation)."
        )
    return f"{_course(found, title)} ({p})."


def _bent(found: ContinuousResult) -> bool:
    """Whether the test speaks against a straight line."""
    test = found.nonlinearity
    return test is not None and test.p_value is not None and test.p_value < LEVEL


def _course(found: ContinuousResult, title: str) -> str:
    """Rising, falling, lowest or highest in between, or neither."""
    curve = found.coef
    first, last, low, high = (float(v) for v in (curve[0], curve[-1], curve.min(), curve.max()))
    along = last - first if _bent(found) else found.per_sd.coef or 0.0
    enough = (1 - TURN) * float(np.abs(np.diff(curve)).sum())
    if not _bent(found) or abs(along) >= enough:
        return f"The higher {title}, the {'higher' if along > 0 else 'lower'} the hazard"
    if first + last - 2 * low >= enough:
        near = found.at[int(np.argmin(curve))]
        return f"The hazard is lowest near {near:.3g} of {title} and higher on both sides"
    if 2 * high - first - last >= enough:
        near = found.at[int(np.argmax(curve))]
        return f"The hazard is highest near {near:.3g} of {title} and lower on both sides"
    return f"The hazard goes with {title}, but neither up nor down all the way"


def bend(found: ContinuousResult) -> str:
    """What the test of non-linearity says."""
    test = found.nonlinearity
    if test is None or test.p_value is None:
        return ""
    p = f"test of non-linearity p {numbers.p_value(test.p_value)}"
    if _bent(found):
        return f"A straight line would miss how the hazard bends ({p})."
    return f"Nothing speaks against a straight line ({p}); a small study may miss a bend."


def lost(cohort: Cohort, found: ContinuousResult) -> str:
    """What the displayed cutoff keeps of the marker."""
    cutoff, whole = found.way("cutoff"), found.way(found.uncut)
    if cutoff is None or whole is None or whole.share is None or cutoff.share is None:
        return "No cutoff is set: choose a cut above to see what it keeps of the marker."
    chosen = cohort.groups.origin in CHOSEN
    if (whole.test.p_value or 0.0) >= LEVEL:
        doubt = (
            " If the groups part all the same, that may be the work of the choice of the cutoff."
        )
        return (
            f"The uncut marker itself tells little ({_told(whole)}): a cutoff has little to keep."
            + (doubt if chosen else "")
        )
    at = words.threshold(cohort.groups)
    against = f"{_told(cutoff)} against {_told(whole)} uncut"
    if cutoff.share < 1:
        kept = (
            f"Cutting at {at} keeps {_percent(cutoff.share)} of what the marker tells: {against}."
        )
    else:
        kept = f"Cutting at {at} seems to lose nothing: {against}."
    return f"{kept} {_caveat(cohort)}".rstrip()


def _caveat(cohort: Cohort) -> str:
    groups = cohort.groups
    if groups.origin == "best":
        return (
            "But this cutoff was searched for: its chi-square is too large, and in other patients "
            "it will keep less."
        )
    if groups.origin in CHOSEN:
        return (
            "If this cutoff was moved until the curves parted, its chi-square is too large, and in "
            "other patients it will keep less."
        )
    return ""


def _told(way: Way) -> str:
    return f"chi-square {numbers.fixed(way.test.statistic or 0.0, 1)} on {way.test.df} df"


def _percent(share: float) -> str:
    return f"{numbers.fixed(100 * share, 0)} %"


def _unit(cohort: Cohort) -> str:
    unit = cohort.dataset.variables[cohort.groups.by or ""].unit
    return f" {unit}" if unit else ""


def ways(cohort: Cohort, found: ContinuousResult) -> pd.DataFrame:
    """The ways to use the marker, a row each.

    No p-values: that of a cutoff which was searched for must not be read from such a table.
    """
    searched = ", searched for" if cohort.groups.origin == "best" else ""
    names = {
        "linear": "Uncut, a straight line",
        "spline": f"Uncut, a curve of {len(found.knots)} knots",
        "cutoff": f"Cut at {words.threshold(cohort.groups)}{searched}",
        "median": f"Cut at the median, {found.reference:.6g}",
    }
    return pd.DataFrame(
        [
            {
                "The marker is used": names[way.name],
                "Chi-square": numbers.fixed(way.test.statistic or 0.0, 1),
                "df": str(way.test.df),
                "Kept": "–" if way.share is None else _percent(min(way.share, 1.0)),
                "AIC": numbers.fixed(way.aic, 1),
                "Concordance": "–" if way.concordance is None
                else numbers.fixed(way.concordance, 3),
            }
            for way in found.ways
        ]
    )  # fmt: skip


def reading(cohort: Cohort, found: ContinuousResult) -> str:
    """How the figure is read, and the variants that were used."""
    agreed = conventions(cohort.spec)
    strata = f", stratified by {', '.join(cohort.spec.strata)}" if cohort.spec.strata else ""
    knots = ", ".join(f"{k:.4g}" for k in found.knots)
    curve = f"restricted cubic spline with knots at {knots} (triangles)" if knots else "a line"
    steps = (
        " Horizontal lines: the groups, within which a cutoff takes all patients for alike; they "
        "are placed to have the same average as the curve."
        if found.steps
        else ""
    )
    return (
        f"Curve: the hazard against that of a patient at the median ({found.reference:.4g}), with "
        f"{100 * agreed.conf_level:g} % limits at each value, from the 1st to the 99th percentile."
        f"{steps} Cox model, {curve}, {agreed.ties.capitalize()}'s ties, Wald limits{strata}."
    )


def points(found: ContinuousResult) -> pd.DataFrame:
    """The curve with full precision, for CSV."""
    names = ("at", "coef", "std_error", "hazard_ratio", "conf_low", "conf_high")
    frame = pd.DataFrame({name: getattr(found, name) for name in names})
    return frame.rename(columns={"at": found.variable})


def ways_numbers(found: ContinuousResult) -> pd.DataFrame:
    """The ways to use the marker with full precision, for CSV."""
    rows = []
    for way in found.ways:
        row = dataclasses.asdict(way)
        test = row.pop("test")
        rows.append({**row, "statistic": test["statistic"], "df": test["df"]})
    return pd.DataFrame(rows)
