"""Words of the smoothed hazard."""

from __future__ import annotations

import pandas as pd

from core.cohort import Cohort
from core.survival.hazard import LEAST_AT_RISK, HazardResult
from core.view import numbers

READ = (
    "The hazard is the rate of events among those still at risk. Curves that keep one ratio are "
    "what a single hazard ratio describes; curves that cross are what it hides. Epanechnikov "
    "kernel with boundary correction over the Nelson-Aalen increments; pointwise limits."
)


def finding(cohort: Cohort, result: HazardResult) -> str:
    """When the hazard of each group is highest."""
    unit = cohort.show_unit
    peaks = []
    for g, label in enumerate(cohort.groups.screen_labels):
        mine = result.curves[result.curves["group"] == g]
        if len(mine):
            peak = mine.loc[mine["estimate"].idxmax()]
            peaks.append(f"{label} at {numbers.time(float(peak['time']), unit)} {unit}")
    if not peaks:
        return f"There is no event while at least {LEAST_AT_RISK} patients are at risk."
    width = numbers.time(result.bandwidth, unit)
    return f"The hazard is highest: {'; '.join(peaks)}. Smoothed over {width} {unit} on each side."


def steps(cohort: Cohort, result: HazardResult) -> pd.DataFrame:
    """The smoothed hazards with group names, for CSV."""
    named = dict(enumerate(cohort.groups.screen_labels))
    frame = result.curves.assign(group=result.curves["group"].map(named))
    return frame.rename(columns={"time": f"time_{cohort.show_unit}"})
