"""How stable the best cutoff is: where bootstrap samples had theirs, and three hazard ratios."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd
import pyarrow as pa

from core.cohort import Cohort
from core.survival.cutoff.stability import Bootstrap, StabilityResult
from core.survival.cutoff.validation import Validation
from core.view import numbers, theme
from core.view.charts import AUTOSIZE, Data, Figure, finish
from core.view.distribution import DistributionShape
from core.view.lab.verdict import percent

HEIGHT = 150
STABLE = 0.5
"""Share of the samples that must choose the same cutoff for it to be called stable."""
INK = theme.colour(4)
RATIOS = (
    "The first hazard ratio has seen the search and is too extreme. The second one is the mean, "
    "over the bootstrap samples, of the hazard ratio among the patients who were not drawn: they "
    "had no part in choosing the cutoff. The third one compares the groups of the "
    "cross-validation: the patients are divided into parts, and each part is labelled by a cutoff "
    "that was searched in the others; its p-value is by permutation of the whole procedure, in the "
    "direction that the labels claim. The limits of the first and the third one take the groups as "
    "given and are too narrow."
)


def description(marker: DistributionShape) -> Figure:
    """Build the figure without data: how often each cutoff was the best one."""
    scale = alt.Scale(
        type="sqrt" if marker.root else "linear", domain=[marker.low, marker.high], nice=False
    )
    x = alt.X("at:Q", title=marker.title, scale=scale, axis=alt.Axis(tickCount=6, grid=False))
    y = alt.Y(
        "share:Q",
        title="Samples",
        axis=alt.Axis(format="%", tickCount=4, gridOpacity=0.5),
        scale=alt.Scale(domainMin=0),
    )
    chosen = alt.Chart(alt.NamedData("chosen")).mark_rule(strokeWidth=4, color=INK, opacity=0.85)
    bare = alt.X("at:Q", scale=scale, axis=None)
    limits = alt.Chart(alt.NamedData("limits"))
    span = limits.mark_rule(strokeWidth=2.5).encode(
        alt.X("low:Q", scale=scale, axis=None), alt.X2("high:Q"), alt.Y(value=HEIGHT + 2)
    )
    best = alt.Chart(alt.NamedData("best"))
    rule = best.mark_rule(strokeDash=[6, 3]).encode(bare)
    label = best.mark_text(baseline="bottom", fontSize=11, fontWeight=600, dy=-2).encode(
        bare, alt.Y(value=0), alt.Text("label:N")
    )
    return finish(
        alt.layer(chosen.encode(x, y, alt.Y2(datum=0)), span, rule, label)
        .resolve_scale(x="independent")
        .properties(
            height=HEIGHT,
            width="container",
            autosize=AUTOSIZE,
            padding={"left": 5, "right": 12, "top": 20, "bottom": 5},
        )
    )


def data(found: Bootstrap, best: float) -> Data:
    """The data of the figure."""
    return {
        "chosen": pa.table({"at": found.cutoffs, "share": found.counts / found.counts.sum()}),
        "limits": pa.table({"low": [found.conf_low], "high": [found.conf_high]}),
        "best": pa.table({"at": [best], "label": ["best"]}),
    }


def finding(cohort: Cohort, found: Bootstrap) -> str:
    """Where the best cutoffs of the samples were, and whether that is stable."""
    verdict = "stable" if found.mode_share >= STABLE else "unstable"
    level = numbers.fixed(100 * (cohort.spec.conf_level or 0.95), 0)
    return (
        f"In {found.draws:,} bootstrap samples the best cutoff of {cohort.groups.title} fell "
        f"anywhere from {found.conf_low:.4g} to {found.conf_high:.4g} ({level} % of them). The "
        f"same value, {found.mode:.6g}, was chosen in {percent(found.mode_share)}: {verdict}."
    )


def ratios(result: StabilityResult) -> pd.DataFrame:
    """The hazard ratio with the search ignored, corrected for it, and cross-validated."""
    rows: list[dict[str, Any]] = []
    boot, checked = result.bootstrap, result.validation
    if boot is not None:
        naive = numbers.ratio(boot.hazard_ratio, boot.hazard_ratio_low, boot.hazard_ratio_high)
        fixed = numbers.ratio(boot.hazard_ratio_corrected, None, None)
        rows.append(_row("High against low group, search ignored", naive, "see above"))
        rows.append(_row("The same, corrected for the search", fixed, "–"))
    if checked is not None:
        ratio = numbers.ratio(checked.hazard_ratio, checked.conf_low, checked.conf_high)
        p = "–" if checked.p_value is None else numbers.p_cell(checked.p_value)
        rows.append(_row("Expected worse against better, cross-validated", ratio, p))
    return pd.DataFrame(rows)


def _row(what: str, ratio: str, p: str) -> dict[str, Any]:
    return {"Hazard ratio": what, "Ratio (limits)": ratio, "p": p}


def checked(found: Validation | None) -> str:
    """What the cross-validation found, in a sentence or two."""
    if found is None:
        return (
            "The cross-validation put all patients into one group: the searches without each part "
            "do not agree on a direction, or find no cutoff."
        )
    said = (
        f"Cross-validated in {found.parts} parts, {found.n_worse} patients "
        f"({found.events_worse} events) were expected to do worse and {found.n_better} "
        f"({found.events_better}) better."
    )
    if found.hazard_ratio is not None and found.hazard_ratio < 1:
        said += " They did not: the labels point the wrong way, as they do for a marker by chance."
    if found.ratio_lowest is not None and found.ratio_highest is not None:
        said += (
            f" With other divisions into parts the ratio is {found.ratio_lowest:.2f} to "
            f"{found.ratio_highest:.2f}."
        )
    return said
