"""How stable the best cutoff is: the search repeated in bootstrap samples.

Methods
-------
Patients are drawn with replacement and the whole search (scores, admissible cutoffs, M) is made in
each sample. The limits of the cutoff are the percentiles of the chosen ones (R's type 7). They
describe how far the choice moves; as confidence limits they cover less than they promise, because
a best cutoff does not behave like a mean (tests/simulation/STABILITY.md has the figures).

The hazard ratio at a searched cutoff is too extreme. It is corrected by taking it, for each
bootstrap sample, among the patients who were not drawn: they had no part in choosing that cutoff
nor its direction. The mean of these log hazard ratios, each in the direction that its sample
found, is the corrected one; below 0 it is set to 0, a hazard ratio of 1. In simulations it was
nearly unbiased for the effect that the found cutoff has in new patients, where the bootstrap
correction for optimism was too extreme in small studies and without an effect. It has no limits:
none were found that keep their promise.

References
----------
Efron B, Tibshirani R. J Am Stat Assoc 1997;92:548-560 (patients not drawn). Hollaender N,
Sauerbrei W, Schumacher M. Stat Med 2004;23:1701-1713 (hazard ratio after a search). Altman DG et
al. J Natl Cancer Inst 1994;86:829-835.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.groups import quantile
from core.notes import Note
from core.progress import Progress, part_of, portions, quiet
from core.search import MIN_FRACTION
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.ordered import Ordered
from core.survival.cutoff.permutation import generator
from core.survival.cutoff.scan import marker
from core.survival.cutoff.validation import Validation, validate
from core.survival.tails import normal_quantile

PURPOSE = 2
STEPS = 1_000_000
"""Patients resampled between two signs of progress: about a tenth of a second."""


@dataclass(frozen=True, eq=False)
class Bootstrap:
    """The best cutoffs of bootstrap samples.

    Attributes
    ----------
    draws : int
        Samples in which a cutoff was admissible.
    cutoffs : numpy.ndarray of float, shape (c,)
        The cutoffs that were chosen, ascending, written as the side of the cut asks.
    counts : numpy.ndarray of int, shape (c,)
        How often.
    conf_low, conf_high : float
        Percentile limits of the cutoff.
    mode : float
        The one that was chosen most often.
    mode_share : float
        In which share of the samples.
    hazard_ratio, hazard_ratio_low, hazard_ratio_high : float or None
        High against low group at the best cutoff, the search left out of account.
    hazard_ratio_corrected : float or None
        The same, corrected for the search.
    """

    draws: int
    cutoffs: np.ndarray
    counts: np.ndarray
    conf_low: float
    conf_high: float
    mode: float
    mode_share: float
    hazard_ratio: float | None
    hazard_ratio_low: float | None
    hazard_ratio_high: float | None
    hazard_ratio_corrected: float | None


@dataclass(frozen=True, eq=False)
class StabilityResult:
    """The bootstrap and the cross-validation of the search."""

    bootstrap: Bootstrap | None
    validation: Validation | None
    notes: tuple[Note, ...] = ()


def stability(cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet) -> StabilityResult:
    """Resample and cross-validate the search for the best cutoff.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``cut_side min_fraction min_events bootstraps permutations seed ties conf_level`` and
        the profile.
    progress : callable

    Raises
    ------
    SpecError
        As `core.survival.cutoff.scan.marker`.
    """
    return StabilityResult(
        bootstrap(cohort, spec, progress=part_of(progress, 0.0, 0.4)),
        validate(cohort, spec, progress=part_of(progress, 0.4, 1.0)),
    )


def ordered(cohort: Cohort, spec: AnalysisSpec) -> Ordered:
    """The patients who are in, ready for resampling."""
    return Ordered.of(
        marker(cohort)[0],
        Endpoint.of(cohort),
        fraction=MIN_FRACTION if spec.min_fraction is None else spec.min_fraction,
        min_events=spec.min_events or 0.0,
    )


def bootstrap(
    cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet
) -> Bootstrap | None:
    """Repeat the search in bootstrap samples; None where none were asked for."""
    draws = int(spec.bootstraps or 0)
    if draws == 0:
        return None
    search, patients = marker(cohort)[1], ordered(cohort, spec)
    efron = conventions(spec).ties == "efron"
    chosen, coef = resampled(patients, draws, generator(spec, PURPOSE), efron, progress=progress)
    known = chosen[:, 0] >= 0
    if not known.any():
        return None
    picked = chosen[known, 0 if spec.cut_side == "gt" else 1]
    values = patients.values[picked]
    cutoffs, counts = np.unique(values, return_counts=True)
    level = conventions(spec).conf_level
    most = int(np.argmax(counts))
    high = marker(cohort)[0] >= search.high[search.best]
    naive = patients.endpoint.compare(high, efron=efron)
    ratio, low, upper = _ratio(naive.coef, naive.std_error, level)
    corrected = corrected_coef(naive.coef, coef[known])
    return Bootstrap(
        int(known.sum()),
        cutoffs,
        counts,
        quantile(values, (1 - level) / 2),
        quantile(values, (1 + level) / 2),
        float(cutoffs[most]),
        float(counts[most] / counts.sum()),
        ratio,
        low,
        upper,
        None if corrected is None else float(np.exp(corrected)),
    )


def resampled(
    patients: Ordered,
    draws: int,
    rng: np.random.Generator,
    efron: bool,
    *,
    ratios: bool = True,
    progress: Progress = quiet,
) -> tuple[np.ndarray, np.ndarray]:
    """Search each bootstrap sample.

    Returns
    -------
    chosen : numpy.ndarray of int, shape (draws, 2)
        In the order of the marker, the last patient of the low and the first one of the high
        group; -1 where no cutoff was admissible.
    coef : numpy.ndarray of float, shape (draws, 2)
        Log hazard ratio at it in the sample, and in those not drawn; NaN where it is not finite.
    """
    from core.survival.cutoff.kernels import resampling

    chosen, coef = np.empty((draws, 2), dtype=np.int64), np.empty((draws, 2))
    p, times = patients, len(patients.endpoint.times)
    done = 0
    for now in portions(draws, max(1, STEPS // len(p.event)), progress):
        part = slice(done, done + now)
        resampling.bootstraps(
            p.event, p.start, p.place, p.ends, p.limits, p.last, times, efron, ratios, rng,
            chosen[part], coef[part],
        )  # fmt: skip
        done += now
    return chosen, coef


def corrected_coef(naive: float | None, coef: np.ndarray) -> float | None:
    """Log hazard ratio corrected for the search, in the direction that was found.

    Parameters
    ----------
    naive : float or None
    coef : numpy.ndarray of float, shape (draws, 2)
        As `resampled` returns it.

    Returns
    -------
    float or None
        Of the sign of `naive`, or 0; None where `naive` or all of `coef` are unknown.

    Examples
    --------
    >>> corrected_coef(-0.9, np.array([[-0.8, -0.4], [0.3, -0.2]]))
    -0.1
    """
    other = np.sign(coef[:, 0]) * coef[:, 1]
    other = other[np.isfinite(other)]
    if naive is None or len(other) == 0:
        return None
    return float(np.sign(naive) * max(float(np.mean(other)), 0.0))


def _ratio(
    coef: float | None, error: float | None, level: float
) -> tuple[float | None, float | None, float | None]:
    if coef is None or error is None:
        return None, None, None
    wide = normal_quantile(level) * error
    return float(np.exp(coef)), float(np.exp(coef - wide)), float(np.exp(coef + wide))
