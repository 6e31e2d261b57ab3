"""Curves of up to some hundred cutoffs, thinned, for a figure that answers to the pointer.

They are the product-limit estimates of `core.survival.curve` at `COLUMNS` times from 0 to the last
follow-up: as many as the figure has columns to show them in. Numbers are never read off them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.notes import Note
from core.spec import AnalysisSpec
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.scan import marker

MOST = 160
"""Cutoffs that are previewed; of more, every second or third one, and always the best."""
COLUMNS = 121


@dataclass(frozen=True, eq=False)
class PreviewResult:
    """Thinned curves.

    Attributes
    ----------
    positions : numpy.ndarray of int, shape (k,)
        Which cutoffs of the scan they belong to, ascending.
    time : numpy.ndarray of float, shape (t,)
        In `show_unit`.
    survival : numpy.ndarray of float, shape (k, 2, t)
        Of the low and of the high group; NaN after a group's last follow-up.
    """

    positions: np.ndarray
    time: np.ndarray
    survival: np.ndarray
    notes: tuple[Note, ...] = ()


def preview(cohort: Cohort, spec: AnalysisSpec) -> PreviewResult:
    """Thin the curves of the cutoffs that are previewed.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``cut_side min_fraction min_events``.

    Raises
    ------
    SpecError
        As `core.survival.cutoff.scan.scan`.
    """
    from core.survival.cutoff.kernels import scan as kernels

    x, search = marker(cohort)
    endpoint = Endpoint.of(cohort)
    order = np.argsort(x, kind="stable")
    k = len(search.size)
    positions = np.unique(np.append(np.linspace(0, k - 1, min(k, MOST)).astype(int), search.best))
    size = search.size[positions].astype(np.int64)
    time = np.linspace(0, float(cohort.time.max()), COLUMNS)
    passed = np.searchsorted(endpoint.times, time, side="right")
    survival = kernels.curves(
        endpoint.last[order], endpoint.event[order], size, endpoint.at, endpoint.dead, passed
    )
    ordered = endpoint.time[order]
    end_low = np.maximum.accumulate(ordered)[size - 1]
    end_high = np.maximum.accumulate(ordered[::-1])[::-1][size]
    ends = np.stack([end_low, end_high], axis=1)
    survival[time[None, None, :] > ends[:, :, None]] = np.nan
    return PreviewResult(positions, cohort.shown(time), survival)
