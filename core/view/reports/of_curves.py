"""Sections on the survival curves, and on what is said beside them."""

from __future__ import annotations

import dataclasses

import pandas as pd

from core.survival.hazard import HazardResult
from core.survival.km import KMResult
from core.survival.parametric.models import ParametricResult
from core.view import charts, numbers, tables, words
from core.view.curve import areas, comparisons, differences, drawn, hazard, parametric, precision
from core.view.curve.figure import STEPWISE, Shape, description, round_up
from core.view.reports.asked import Asked, picture, quiet, said, table
from core.view.reports.document import Block

CURVES = {
    "survival": "Kaplan-Meier curves",
    "failure": "Curves of one minus the Kaplan-Meier estimate",
    "cumhaz": "Curves of the cumulative hazard",
    "log-log": "Curves of log(-log S(t))",
    "hazard": "Curves of the smoothed hazard",
}


def km(asked: Asked) -> list[Block]:
    """The curves with their risk table, the numbers, the test and the hazard ratios."""
    cohort, result = asked.cohort, asked.result("km")
    finding = words.finding(cohort, result)
    full = [("Groups", tables.summaries(cohort, result))]
    frame = _headline(asked, result)
    return [
        *said(f"{finding} {searched(asked)}"),
        *quiet(words.origin(cohort.groups, asked.spec)),
        *_figure(asked, result, finding),
        *table(
            frame, "Numbers of each group", numbers.NOT_REACHED + ": not reached.",
            swatches=range(len(frame)), behind=full,
        ),
        *_compared(asked, result),
    ]  # fmt: skip


def _headline(asked: Asked, result: KMResult) -> pd.DataFrame:
    """The table of the curves page, with the restricted mean also where SPSS would not print it."""
    frame = tables.headline(asked.cohort, result)
    if asked.spec.profile == "spss" or result.tau is None:
        return frame
    unit = asked.cohort.show_unit
    means = [
        f"{numbers.measured_time(g.rmst, unit)} ({numbers.measured_time(g.rmst_se, unit)})"
        for g in result.groups
    ]
    return frame.assign(**{f"Mean up to {result.tau:.4g} {unit} (SE)": means})


def searched(asked: Asked) -> str:
    """The p-value that allows for the search, where the cutoff was searched for."""
    groups = asked.cohort.groups
    if groups.origin != "best" or groups.second is not None:
        return ""
    if groups.pair is not None:
        return f"p after the search {numbers.p_value(asked.result('pair').p_corrected)}."
    shown = asked.result("cutoff").shown
    return f"p after the search {numbers.p_value(shown[1])}." if shown else ""


def _figure(asked: Asked, result: KMResult, finding: str) -> list[Block]:
    cohort, spec = asked.cohort, asked.cohort.spec
    scale, largest = spec.scale or "survival", None
    smooth: HazardResult | None = asked.result("hazard") if scale == "hazard" else None
    if smooth is not None and len(smooth.curves):
        largest = float(smooth.curves["estimate"].max())
    family = spec.family not in (None, "none")
    fitted: ParametricResult | None = asked.result("parametric") if family else None
    shape = Shape.of(cohort, words.endpoint_label(cohort), largest=largest)
    datasets = drawn.data(cohort, result, shape, hazard=smooth, fitted=fitted)
    behind = [("Curves step by step", tables.curves(cohort, result))]
    if smooth is not None:
        behind = [("Smoothed hazard", hazard.steps(cohort, smooth)), *behind]
    marks = f"{CURVES[scale]} with confidence limits as bands and numbers at risk below."
    if scale in STEPWISE:
        marks += " Ticks are censored patients."
    return picture(
        {**description(shape), "datasets": datasets},
        words.question(cohort),
        finding,
        shows=f"{CURVES[scale]} with the numbers at risk below them.",
        marks=marks,
        behind=behind,
    )


def _compared(asked: Asked, result: KMResult) -> list[Block]:
    """Hazard ratios of the groups, and every pair of three or more."""
    if len(result.groups) < 2:
        return []
    searched_for = asked.cohort.groups.origin == "best"
    blocks = table(
        tables.hazard_ratios(result),
        "Hazard ratios of the groups",
        "p and limits leave the search for the cutoff out of account." if searched_for else "",
        behind=[("Hazard ratios", tables.rows(result.hazard_ratio))],
    )
    if len(result.groups) > 2:
        full = [("Pairs", tables.rows(result.pairwise))]
        blocks += table(tables.pairwise(result), "Pairs of groups", behind=full)
    return blocks


def at_times(asked: Asked) -> list[Block]:
    """Survival at chosen times with its differences, restricted means, conditional survival."""
    cohort, result = asked.cohort, asked.result("differences")
    curves: KMResult = asked.result("km")
    blocks = [
        *said(differences.finding(cohort, result)),
        *table(
            differences.survival_table(cohort, result.survival),
            "Survival at the chosen times",
            swatches=[row.group for row in result.survival],
            behind=[("Survival at the times", tables.rows(result.survival))],
        ),
    ]
    if result.differences:
        blocks += table(
            differences.difference_table(cohort, result),
            "Differences at the chosen times",
            differences.MEANING,
            behind=[("Differences", tables.rows(result.differences))],
        )
    blocks += _means(asked, curves)
    if result.conditional:
        rows = result.conditional
        blocks += said(differences.conditional_finding(cohort, rows))
        blocks += table(
            differences.conditional_table(cohort, rows),
            "Conditional survival",
            differences.GIVEN,
            swatches=[row.group for row in rows],
            behind=[("Conditional survival", tables.rows(rows))],
        )
    quartiles = differences.quartile_table(cohort, curves)
    title = "Time by which so many have had the event"
    return [*blocks, *table(quartiles, title, swatches=range(len(curves.groups)))]


def _means(asked: Asked, curves: KMResult) -> list[Block]:
    cohort, result = asked.cohort, asked.result("differences")
    if result.tau is None:
        return []
    shape = areas.AreaShape.of(cohort)
    chart = {
        **areas.description(shape),
        "datasets": areas.data(cohort, curves.curves, result),
    }
    finding = differences.mean_finding(cohort, result)
    full = [
        ("Restricted means", tables.rows(result.rmst)),
        ("Their contrasts", tables.rows(result.rmst_contrasts)),
    ]
    return [
        *picture(
            chart, "Restricted means", finding, shows="Areas under the curves up to the horizon."
        ),
        *table(
            differences.mean_table(cohort, result),
            "Restricted means",
            differences.AREA,
            swatches=[mean.group for mean in result.rmst],
            behind=full,
        ),
    ]


def tested(asked: Asked) -> list[Block]:
    """All tests side by side."""
    cohort = asked.cohort
    found = asked.result("comparisons")
    return [
        *said(comparisons.finding(cohort, found)),
        *table(
            comparisons.table(found, asked.spec),
            "All tests of the displayed groups",
            comparisons.meaning(found),
            behind=[("Tests", comparisons.rows(found))],
        ),
    ]


def hazards(asked: Asked) -> list[Block]:
    """The smoothed hazard of each group."""
    cohort, result = asked.cohort, asked.result("hazard")
    finding = hazard.finding(cohort, result)
    if result.bandwidth is None or asked.cohort.spec.scale == "hazard":
        return said(finding)
    shape = dataclasses.replace(
        Shape.of(cohort, words.endpoint_label(cohort)),
        scale="hazard",
        first=0.0,
        family=False,
        top=round_up(1.3 * float(result.curves["estimate"].max())),
    )
    datasets = drawn.data(cohort, asked.result("km"), shape, hazard=result)
    return [
        *said(finding),
        *picture(
            {**description(shape), "datasets": datasets}, "Hazard over time", finding,
            shows=f"{CURVES['hazard']} with the numbers at risk.",
            behind=[("Smoothed hazard", hazard.steps(cohort, result))],
        ),
        *quiet(hazard.READ),
    ]  # fmt: skip


def families(asked: Asked) -> list[Block]:
    """Five parametric families, one of them over the curves."""
    result = asked.result("parametric")
    finding = parametric.finding(result)
    best = next((t.family for t in result.totals if t.aic is not None), None)
    family = asked.spec.family if asked.spec.family not in (None, "none") else None
    blocks = said(finding)
    if best is not None:
        blocks += _family(asked, result, family or best)
    full = [("Parametric models", parametric.fits(result))]
    frame = parametric.families(asked.cohort, result)
    blocks += table(frame, "Families in order of AIC", parametric.READ, behind=full)
    if result.ratios:
        full = [("Ratios", tables.rows(result.ratios))]
        blocks += table(parametric.ratios(result), "Groups compared by each family", behind=full)
    return blocks


def _family(asked: Asked, result: ParametricResult, family: str) -> list[Block]:
    cohort = dataclasses.replace(
        asked.cohort, spec=asked.cohort.spec.but(family=family, scale=None)
    )
    shape = Shape.of(cohort, words.endpoint_label(cohort))
    datasets = drawn.data(cohort, asked.result("km"), shape, fitted=result)
    chart: charts.Figure = {**description(shape), "datasets": datasets}
    title = f"{words.question(cohort)}, with the {parametric.NAMES[family].lower()} family"
    shows = "Kaplan-Meier curves with the fitted curves as dashed lines."
    names = dict(enumerate(cohort.groups.screen_labels))
    fitted = result.curves[result.curves["family"] == family]
    fitted = fitted.assign(group=fitted["group"].map(names))
    behind = [("Fitted curves", fitted)]
    return picture(chart, title, parametric.finding(result), shows=shows, behind=behind)


def detectable(asked: Asked) -> list[Block]:
    """Which hazard ratio the events at hand can show."""
    cohort = asked.cohort
    found = asked.result("precision")
    blocks = said(precision.finding(cohort, found))
    full = [("Detectable hazard ratios", precision.rows(found))]
    if found.contrasts[0].detectable:
        shape = precision.PrecisionShape.of(cohort, found)
        chart = {
            **precision.description(shape),
            "datasets": precision.data(found, shape),
        }
        title = "Hazard ratio detectable with the events at hand"
        shows = "The detectable hazard ratio over the share of the patients in the high group."
        curve = pd.DataFrame({"share": found.shares, "hazard_ratio": found.curve})
        blocks += picture(
            chart,
            title,
            precision.finding(cohort, found),
            shows=shows,
            behind=[("Detectable hazard ratio", curve)],
        )
    needed = [("Events needed", precision.needed_rows(found))]
    return [
        *blocks,
        *table(precision.contrasts(found), "Detectable hazard ratios", precision.meaning(found),
               behind=full),
        *table(precision.needed(found), "Events that hazard ratios need", behind=needed),
    ]  # fmt: skip
