"""Two markers at once: a map of what each pair of cutoffs would give.

Methods
-------
A cell of the map is the division into the patients who are high in both markers (or in either one)
and all others; at each the log-rank test (hypergeometric variance) and the Cox hazard ratio
(Efron's or Breslow's ties, Wald limits) are those that the curves page shows when the two cutoffs
are set there. Strata take no part. There are up to 40 cutoffs a marker, evenly spaced over the
patients. A cell with fewer than `min_events` events in either group, and never fewer than
`FEWEST_EVENTS`, is left out.

The largest cell is the one with the largest standardised sum of log-rank scores, M as in
`core.search`: |S| / sqrt(m (n - m) / (n (n - 1)) sum(a^2)) for m patients in the high group with
the sum S of the centred scores a. It need not be the cell with the smallest log-rank p, whose
variance is another one. The p-value for the whole map is by conditional Monte Carlo: the outcomes
are dealt out anew, the largest M* over the cells with enough events is taken, and
p = (1 + number of M* >= M) / (1 + B). Each cell's own statistic is compared with the same maxima
(`p_adjusted`, single-step max T).

References
----------
Westfall PH, Young SS. Resampling-Based Multiple Testing. Wiley 1993, section 2.3. Hothorn T,
Lausen B. Comput Stat Data Anal 2003;43:121-137.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from core.cohort import Cohort
from core.errors import SpecError
from core.notes import Note, info, warning
from core.progress import Progress, part_of, portions, quiet
from core.search import SAME, logrank_scores
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.cutoff.corners import Corners
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.permutation import generator
from core.survival.cutoff.scan import marker
from core.survival.tails import chi2_log10_p, normal_quantile

PURPOSE = 5
FEWEST_EVENTS = 5
"""Events that both groups of a cell need, also where the spec asks for fewer."""
STEPS = 100_000_000
"""Patients and cells between two signs of progress: about a tenth of a second."""


@dataclass(frozen=True, eq=False)
class GridResult:
    """A map over the cutoffs of two markers; arrays of shape (a, b), NaN in cells left out.

    Attributes
    ----------
    variable, second : str
    combine : str
        ``both`` or ``either``: who is in the high group.
    side : str
    cutoff, second_cutoff : numpy.ndarray of float, shape (a,) and (b,)
    n_high, events_high : numpy.ndarray of float
    statistic : numpy.ndarray of float
        Log-rank chi-square, one degree of freedom.
    p_value, log10_p : numpy.ndarray of float
        As if the two cutoffs had been fixed beforehand.
    hazard_ratio, conf_low, conf_high : numpy.ndarray of float
        High group against all others; NaN also where it is not finite.
    maxstat : numpy.ndarray of float
        Standardised sum of scores; its largest value is M.
    p_adjusted : numpy.ndarray of float or None
        After the search over the map, for each cell; None without permutations.
    best : tuple of int
        The cell with the largest `maxstat`, the one with the lowest cutoffs of equal ones.
    best_cutoff, best_second_cutoff : float
    p_naive : float or None
        Log-rank p of that cell, the search left out of account.
    p_corrected : float or None
        After the search over the whole map; None without permutations.
    cells : int
        Cells that are not left out.
    min_events : int
    """

    variable: str
    second: str
    combine: str
    side: str
    cutoff: np.ndarray
    second_cutoff: np.ndarray
    n_high: np.ndarray
    events_high: np.ndarray
    statistic: np.ndarray
    p_value: np.ndarray
    log10_p: np.ndarray
    hazard_ratio: np.ndarray
    conf_low: np.ndarray
    conf_high: np.ndarray
    maxstat: np.ndarray
    p_adjusted: np.ndarray | None
    best: tuple[int, int]
    best_cutoff: float
    best_second_cutoff: float
    p_naive: float | None
    p_corrected: float | None
    cells: int
    min_events: int
    notes: tuple[Note, ...]


def grid(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> GridResult:
    """Compute the map of the stratifier and the second marker.

    Parameters
    ----------
    cohort : Cohort
        Only its two markers are read, not where they are cut.
    spec : AnalysisSpec
        Reads ``second_by combine cut_side min_fraction min_events permutations seed ties
        conf_level`` and the profile. ``combine=four`` is mapped like ``both``.
    progress : callable

    Raises
    ------
    SpecError
        If there are not two different numeric columns, there is delayed entry, or no cell has
        enough events.
    """
    made = Corners.of(*_markers(cohort, spec), spec)
    n, events = cohort.n, cohort.n_events
    size, dead = made.corners(np.ones(n)), made.corners(cohort.event)
    fewest = max(math.ceil(spec.min_events or 0), FEWEST_EVENTS)
    kept = (size > 0) & (size < n) & (np.minimum(dead, events - dead) >= fewest)
    if not kept.any():
        raise SpecError(
            "second_by",
            f"No pair of cutoffs has {fewest} events in both groups",
            "Choose another second marker, or lower min_events",
        )
    scores = logrank_scores(cohort.time, cohort.event)
    scores = scores - scores.mean()
    variance = size * (n - size) / (n * (n - 1)) * float((scores**2).sum())
    scale = np.where(variance > 1e-12, np.maximum(variance, 1e-12), np.inf) ** -0.5
    maxstat = np.where(kept, np.abs(made.corners(scores)) * scale, np.nan)
    largest = float(np.nanmax(maxstat))
    best = divmod(int(np.flatnonzero(maxstat.ravel() >= largest * (1 - SAME))[0]), kept.shape[1])
    cells = _cells(cohort, made, kept, spec, part_of(progress, 0.0, 0.5))
    maxima = _maxima(cohort, scores, made, scale, fewest, spec, part_of(progress, 0.5, 1.0))
    adjusted = None if maxima is None else _p_adjusted(maxima, maxstat)
    p = float(cells["p_value"][best])
    return GridResult(
        variable=cohort.groups.by or "", second=spec.second_by or "",
        combine="either" if made.either else "both", side="ge" if made.ge else "gt",
        cutoff=made.cuts[0], second_cutoff=made.cuts[1],
        n_high=np.where(kept, n - size if made.either else size, np.nan),
        events_high=np.where(kept, events - dead if made.either else dead, np.nan),
        **cells, maxstat=maxstat, p_adjusted=adjusted, best=best,
        best_cutoff=float(made.cuts[0][best[0]]), best_second_cutoff=float(made.cuts[1][best[1]]),
        p_naive=p if math.isfinite(p) else None,
        p_corrected=None if adjusted is None else float(adjusted[best]),
        cells=int(kept.sum()), min_events=fewest, notes=_notes(spec, kept, fewest),
    )  # fmt: skip


def _notes(spec: AnalysisSpec, kept: np.ndarray, fewest: int) -> tuple[Note, ...]:
    notes = []
    if spec.permutations:
        text = (
            f"The p of a cell taken alone is too small: it leaves out of account that "
            f"{int(kept.sum()):,} cells were looked at."
        )
    else:
        text = "No permutations were asked for (permutations=9999): the map has no corrected p."
    notes.append(warning("grid", text))
    if not kept.all():
        text = f"Pairs of cutoffs with fewer than {fewest} events in a group are left out."
        notes.append(info("grid", text))
    if spec.combine == "four":
        notes.append(info("grid", "The map is of being high in both markers, not of four groups."))
    if spec.strata:
        notes.append(info("grid", "The map takes no account of the strata."))
    return tuple(notes)


def _markers(cohort: Cohort, spec: AnalysisSpec) -> tuple[np.ndarray, np.ndarray]:
    x = marker(cohort)[0]
    if spec.second_by is None:
        raise SpecError("second_by", "There is no second marker", "Choose second_by")
    variable = cohort.dataset.require(spec.second_by, "second_by")
    if variable.kind != "number" or variable.name == cohort.groups.by:
        raise SpecError(
            "second_by",
            f"'{variable.name}' cannot be the second marker",
            "Choose another column of numbers",
        )
    return x, cohort.column(spec.second_by).to_numpy(dtype=float)


def _cells(
    cohort: Cohort, made: Corners, kept: np.ndarray, spec: AnalysisSpec, progress: Progress
) -> dict[str, np.ndarray]:
    """Log-rank test and hazard ratio of each cell that is kept."""
    agreed, endpoint = conventions(spec), Endpoint.of(cohort)
    efron, z = agreed.ties == "efron", normal_quantile(agreed.conf_level)
    statistic, coef, error = (np.full(kept.shape, np.nan) for _ in range(3))
    for i, _ in enumerate(portions(kept.shape[0], 1, progress)):
        for j in np.flatnonzero(kept[i]):
            found = endpoint.compare(made.high(i, int(j)), efron=efron)
            values = (found.statistic, found.coef, found.std_error)
            statistic[i, j], coef[i, j], error[i, j] = (
                np.nan if value is None else value for value in values
            )
    tails = [chi2_log10_p(float(s), 1) if np.isfinite(s) else np.nan for s in statistic.ravel()]
    with np.errstate(over="ignore"):
        return {
            "statistic": statistic,
            "p_value": special.chdtrc(1, statistic),
            "log10_p": np.array(tails).reshape(kept.shape),
            "hazard_ratio": np.exp(coef),
            "conf_low": np.exp(coef - z * error),
            "conf_high": np.exp(coef + z * error),
        }


def _maxima(
    cohort: Cohort,
    scores: np.ndarray,
    made: Corners,
    scale: np.ndarray,
    fewest: int,
    spec: AnalysisSpec,
    progress: Progress,
) -> np.ndarray | None:
    """M of each permutation in ascending order; None where none were asked for."""
    from core.survival.cutoff.kernels import pairs

    draws = int(spec.permutations or 0)
    if draws == 0:
        return None
    full, event = made.bordered(scale), cohort.event.astype(float)
    maxima, rng, done = np.empty(draws), generator(spec, PURPOSE), 0
    for now in portions(draws, max(1, STEPS // (5 * len(scores) + 5 * scale.size)), progress):
        pairs.map_maxima(
            scores, event, made.above[0], made.above[1], full, float(fewest), rng,
            maxima[done : done + now],
        )  # fmt: skip
        done += now
    return np.sort(maxima)


def _p_adjusted(maxima: np.ndarray, maxstat: np.ndarray) -> np.ndarray:
    """P-value of each cell among the maxima, as `core.survival.cutoff.permutation.p_of`."""
    below = np.searchsorted(maxima, maxstat * (1 - SAME), side="left")
    p = (1 + len(maxima) - below) / (1 + len(maxima))
    return np.where(np.isnan(maxstat), np.nan, p)
