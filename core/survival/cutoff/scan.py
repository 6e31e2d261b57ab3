"""The scan: what every admissible cutoff of a marker would give.

Methods
-------
Admissible are the cutoffs of `core.search`: every distinct value that leaves enough patients and
events on both sides. At each of them the log-rank test of the low against the high group
(hypergeometric variance, one degree of freedom), the Cox model's hazard ratio of the high against
the low group (Efron's or Breslow's ties, Wald limits) and both medians (R's rule) are those that
the curves page shows when the cutoff is set there. Strata take no part. The p-values are those of
cutoffs fixed beforehand, without regard to the others; only the corrected ones of
`core.survival.cutoff.best` allow for the search.

With more than `MOST` cutoffs, hazard ratios and medians are computed at as many evenly spaced ones
and at the best, the log-rank test at all of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from core.cohort import Cohort
from core.errors import SpecError
from core.notes import Note, info
from core.progress import Progress, quiet
from core.search import Search, find_best
from core.spec import AnalysisSpec
from core.survival.conventions import TOLERANCE, conventions
from core.survival.cutoff.endpoint import Endpoint
from core.survival.tails import normal_quantile

MOST = 2000
"""Cutoffs at which hazard ratios and medians are computed."""


@dataclass(frozen=True, eq=False)
class ScanResult:
    """Every admissible cutoff in ascending order; arrays of shape (k,).

    Attributes
    ----------
    variable : str
    side : str
        ``ge`` or ``gt``: how `cutoff` is written.
    cutoff : numpy.ndarray of float
    n_low, n_high, events_low, events_high : numpy.ndarray of int
    maxstat : numpy.ndarray of float
        Standardised log-rank statistic of the search; its largest value is M.
    statistic : numpy.ndarray of float
        Log-rank chi-square with one degree of freedom; NaN where it cannot be computed.
    p_value, log10_p : numpy.ndarray of float
        As if the cutoff had been fixed beforehand.
    coef, std_error, hazard_ratio, conf_low, conf_high : numpy.ndarray of float
        High against low group; NaN where the estimate is not finite or was left out.
    median_low, median_high : numpy.ndarray of float
        In `show_unit`; NaN where the median is not reached or was left out.
    best : int
        Position of the cutoff that the search chooses.
    """

    variable: str
    side: str
    cutoff: np.ndarray
    n_low: np.ndarray
    n_high: np.ndarray
    events_low: np.ndarray
    events_high: np.ndarray
    maxstat: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    log10_p: np.ndarray
    coef: np.ndarray
    std_error: np.ndarray
    hazard_ratio: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    median_low: np.ndarray
    median_high: np.ndarray
    best: int
    notes: tuple[Note, ...]


def marker(cohort: Cohort) -> tuple[np.ndarray, Search]:
    """The stratifier's values and the search for its best cutoff.

    Raises
    ------
    SpecError
        If there is no numeric stratifier or no admissible cutoff.
    """
    spec, by = cohort.spec, cohort.groups.by
    if by is None:
        raise SpecError("group_by", "There is no column to search a cutoff of", "Choose group_by")
    if cohort.dataset.variables[by].kind != "number":
        raise SpecError("group_by", f"'{by}' is not a number and cannot be cut", "Choose a number")
    x = cohort.column(by).to_numpy(dtype=float)
    found = cohort.groups.search
    return x, found or find_best(x, cohort.time, cohort.event, spec)


def scan(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> ScanResult:
    """Compute every admissible cutoff of the stratifier.

    Parameters
    ----------
    cohort : Cohort
        Its groups may be formed by any rule: only the stratifier is read.
    spec : AnalysisSpec
        Reads ``cut_side min_fraction min_events ties conf_level`` and the profile.
    progress : callable

    Raises
    ------
    SpecError
        If there is no numeric stratifier, no admissible cutoff, or delayed entry.
    """
    x, search = marker(cohort)
    endpoint = Endpoint.of(cohort)
    order = np.argsort(x, kind="stable")
    size = search.size.astype(np.int64)
    score, variance, coef, information, medians = _kernels(
        endpoint, order, size, spec, search.best, progress
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        statistic = np.where(variance > 1e-12, score**2 / variance, np.nan)
        error = np.where(information > 0, information**-0.5, np.nan)
    wide = normal_quantile(conventions(spec).conf_level) * error
    dead = np.cumsum(endpoint.event[order])[size - 1]
    with np.errstate(over="ignore"):
        ratio, low, high = np.exp(coef), np.exp(coef - wide), np.exp(coef + wide)
    by, side = cohort.groups.by or "", spec.cut_side or "ge"
    p_value = special.chdtrc(1, statistic)
    # Twice the lower tail of the normal distribution, which has a logarithm everywhere.
    log10_p = (np.log(2) + special.log_ndtr(-np.sqrt(statistic))) / np.log(10)
    return ScanResult(
        by, side, search.cutoffs(side), size, len(x) - size, dead, endpoint.event.sum() - dead,
        search.statistics, statistic, p_value, log10_p, coef, error, ratio, low, high,
        cohort.shown(medians[0]), cohort.shown(medians[1]), search.best, _notes(spec, len(size)),
    )  # fmt: skip


def _kernels(
    endpoint: Endpoint,
    order: np.ndarray,
    size: np.ndarray,
    spec: AnalysisSpec,
    best: int,
    progress: Progress,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Log-rank score and variance at all cutoffs; the rest at those that are not left out."""
    from core.survival.cutoff.kernels import scan as kernels

    last, event, time = endpoint.last[order], endpoint.event[order], endpoint.time[order]
    at, dead = endpoint.at, endpoint.dead
    progress(0.0)
    score, variance = kernels.logranks(last, event, size, at, dead)
    progress(0.3)
    some = np.arange(len(size))
    if len(size) > MOST:
        some = np.unique(np.append(np.linspace(0, len(size) - 1, MOST).astype(int), best))
    found = np.full((4, len(size)), np.nan)
    efron = conventions(spec).ties == "efron"
    found[0, some], found[1, some] = kernels.hazards(last, event, size[some], at, dead, efron)
    progress(0.7)
    found[2, some], found[3, some] = kernels.medians(
        last, event, size[some], at, dead, endpoint.times, time, TOLERANCE
    )
    return score, variance, found[0], found[1], (found[2], found[3])


def _notes(spec: AnalysisSpec, n_cutoffs: int) -> tuple[Note, ...]:
    notes = []
    if n_cutoffs > MOST:
        text = (
            f"There are {n_cutoffs:,} cutoffs: hazard ratios and medians were computed at {MOST:,} "
            "evenly spaced ones and at the best, the log-rank test at all of them."
        )
        notes.append(info("scan", text))
    if spec.strata:
        notes.append(info("scan", "The scan takes no account of the strata."))
    return tuple(notes)
