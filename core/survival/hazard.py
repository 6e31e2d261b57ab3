"""The hazard over time, smoothed.

Methods
-------
The increments d / n of the Nelson-Aalen estimate are smoothed by Epanechnikov's kernel, at the two
ends by the boundary kernels of Mueller and Wang, with one bandwidth for all times and groups. The
variance is that of the increments, d / n^2; limits are on the log scale, pointwise, and do not
allow for the bias of smoothing. A curve is drawn while at least five patients are at risk. Without
a bandwidth asked for, it is 2.34 s e^(-1/5), with s the smaller of the standard deviation and
IQR / 1.34 of the event times and e the number of events (the normal reference rule of the kernel),
at most half of the shortest span that is drawn.

References
----------
Mueller HG, Wang JL. Biometrics 1994;50:61-76.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.counts import Counts, count
from core.survival.tails import normal_quantile

METHODS = (
    "Hazards over time were estimated by kernel smoothing of the Nelson-Aalen increments "
    "(Epanechnikov kernel with boundary correction)."
)
LEAST_AT_RISK = 5
"""Patients at risk without whom a hazard is not drawn."""
POINTS = 121


@dataclass(frozen=True, eq=False)
class HazardResult:
    """Smoothed hazards of the groups.

    Attributes
    ----------
    labels : tuple of str
    bandwidth : float or None
        Half the width of the window, in `show_unit`; None where there is nothing to smooth.
    curves : pandas.DataFrame
        ``time estimate conf_low conf_high group``; the hazard is per `show_unit`. Limits are NaN
        where it is 0, and where it is so near to 0 that the upper one is beyond all numbers.
    """

    labels: tuple[str, ...]
    bandwidth: float | None
    curves: pd.DataFrame
    notes: tuple[Note, ...]


def hazard(cohort: Cohort, spec: AnalysisSpec) -> HazardResult:
    """Smooth the hazard of each group.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``bandwidth conf_level`` and the profile.
    """
    groups = cohort.groups
    counts = count(
        cohort.included.distinct, cohort.event, groups.codes, len(groups.levels),
        entry=cohort.entry,
    )  # fmt: skip
    start = 0.0 if cohort.entry is None else max(float(cohort.entry.min()), 0.0)
    spans = [_span(counts, g, start) for g in range(len(groups.levels))]
    width = _bandwidth(cohort, spec, spans)
    z = normal_quantile(conventions(spec).conf_level)
    per = float(cohort.shown(np.array(1.0)))
    parts = []
    for g, span in enumerate(spans):
        if span is None or width is None:
            continue
        grid = np.linspace(*span, POINTS)
        use = (counts.events[g] > 0) & (counts.times <= span[1])
        events, at_risk = counts.events[g, use].astype(float), counts.at_risk[g, use]
        kernel = smoother(grid, counts.times[use], span, min(width, (span[1] - span[0]) / 2))
        found = kernel @ (events / at_risk)
        error = np.sqrt(kernel**2 @ (events / at_risk**2))
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            factor = np.exp(z * error / found)
        factor = np.where((found > 0) & np.isfinite(factor), factor, np.nan)
        estimate = np.where(found > 0, found, 0.0) / per
        parts.append(
            pd.DataFrame(
                {
                    "time": cohort.shown(grid),
                    "estimate": estimate,
                    "conf_low": estimate / factor,
                    "conf_high": estimate * factor,
                    "group": g,
                }
            )
        )
    empty = pd.DataFrame(
        columns=["time", "estimate", "conf_low", "conf_high", "group"], dtype=float
    )
    return HazardResult(
        groups.labels,
        None if width is None else float(cohort.shown(np.array(width))),
        pd.concat(parts, ignore_index=True) if parts else empty,
        _notes(cohort, spans, width),
    )


def smoother(
    grid: np.ndarray, times: np.ndarray, span: tuple[float, float], width: float
) -> np.ndarray:
    """Weight of each event time at each time of a grid: the kernel over the bandwidth.

    Parameters
    ----------
    grid : numpy.ndarray, shape (m,)
        Times within the span.
    times : numpy.ndarray, shape (k,)
    span : tuple of float
        Where the hazard is estimated; nearer than `width` to its ends the boundary kernels are
        used.
    width : float
        Bandwidth, at most half of the span.

    Returns
    -------
    numpy.ndarray, shape (m, k)

    References
    ----------
    Mueller HG, Wang JL. Biometrics 1994;50:61-76, Table 1 (the kernel of order (0, 2), mu = 1).

    Examples
    --------
    >>> smoother(np.array([5.0]), np.array([5.0]), (0.0, 10.0), 2.0).round(3).tolist()
    [[0.375]]
    """
    z = (grid[:, None] - times[None, :]) / width
    left = np.minimum((grid - span[0]) / width, 1.0)[:, None]
    right = np.minimum((span[1] - grid) / width, 1.0)[:, None]
    at_end = right < left
    z, q = np.where(at_end, -z, z), np.where(at_end, right, left)
    inside = (z >= -1) & (z <= q)
    weight = 12 * (1 + z) / (1 + q) ** 4 * (z * (1 - 2 * q) + (3 * q**2 - 2 * q + 1) / 2)
    return np.asarray(np.where(inside, weight, 0.0) / width)


def _span(counts: Counts, g: int, start: float) -> tuple[float, float] | None:
    """From the first to the last time with enough patients at risk, around an event.

    It begins where observation does, unless too few patients are at risk by the first time.
    """
    enough = np.flatnonzero(counts.at_risk[g] >= LEAST_AT_RISK)
    if len(enough) == 0 or not counts.events[g, enough].any():
        return None
    delayed = counts.at_risk[g, 0] < LEAST_AT_RISK
    first, last = counts.times[enough[0]] if delayed else start, counts.times[enough[-1]]
    return (float(first), float(last)) if last > first else None


def _bandwidth(
    cohort: Cohort, spec: AnalysisSpec, spans: list[tuple[float, float] | None]
) -> float | None:
    """The bandwidth in the unit of the data."""
    widths = [b - a for span in spans if span is not None for a, b in (span,)]
    if not widths:
        return None
    if spec.bandwidth is not None:
        return float(cohort.measured(np.array(spec.bandwidth)))
    times = cohort.time[cohort.event]
    low, high = np.quantile(times, [0.25, 0.75])
    scales = [s for s in (float(times.std(ddof=1)) if len(times) > 1 else 0.0,
                          float(high - low) / 1.34) if s > 0]  # fmt: skip
    wanted = 2.34 * min(scales) * len(times) ** -0.2 if scales else np.inf
    return float(min(wanted, min(widths) / 2))


def _notes(
    cohort: Cohort, spans: list[tuple[float, float] | None], width: float | None
) -> tuple[Note, ...]:
    notes: list[Note] = []
    few = [cohort.groups.labels[g] for g, span in enumerate(spans) if span is None]
    if few:
        text = (
            f"No hazard is drawn for {', '.join(few)}: there is no event while at least "
            f"{LEAST_AT_RISK} patients are at risk."
        )
        notes.append(warning("hazard", text))
    narrow = [s for s in spans if s is not None and width is not None and s[1] - s[0] < 2 * width]
    if narrow:
        text = "The bandwidth is wider than half of a group's span; it was halved there."
        notes.append(info("hazard", text))
    return tuple(notes)
