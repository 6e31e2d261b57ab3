"""Measurement error: who would change sides if the marker were measured again.

Methods
-------
The error e is the test-retest repeatability: of two measurements of the same patient, the second
one is within a factor 1 + e of the first in 95 of 100 patients. Near the cutoff c are the patients
with a value from c (1 - e) to c (1 + e), both included.

A second measurement is the value times exp(s z), z standard normal and s = log(1 + e) / 1.96, so
that it stays above 0. Where a value is 0 or below, no factor can move it to the other side and an
error is added instead, with standard deviation e |c| / 1.96. The cutoff is kept, the groups are
formed anew, and the log-rank test and the Cox model are computed for each of 1,000 such draws.
Only the side of a patient matters, so each draw takes it directly from its probability, which is
Phi((log x - log c) / s), or Phi((x - c) / (e |c| / 1.96)). The mean number of patients who change
sides is the sum of these probabilities, without a draw.

The values at hand hold an error already, and each draw adds a second one. On average it draws
the hazard ratio towards 1: the range says how firmly the groups stand, and is no correction.

References
----------
Bland JM, Altman DG. BMJ 1996;313:744 and 1996;313:106 (repeatability; errors in proportion to the
value).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import special

from core.cohort import Cohort
from core.errors import SpecError
from core.groups import quantile
from core.notes import Note, info, warning
from core.progress import Progress, portions, quiet
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.cutoff.effect import ALPHA, Effect, caveats, effect, is_searched, refuse_entry
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.permutation import generator
from core.survival.tails import chi2_p, normal_quantile

ERROR = 0.1
"""Relative error where the spec says none: about that of an SUV."""
DRAWS = 1000
PURPOSE = 6
STEPS = 2_000_000
"""Patients drawn between two signs of progress: about a tenth of a second."""
CERTAIN = 1e-12
"""A smaller probability of changing sides is none."""


@dataclass(frozen=True)
class Spread:
    """The middle 95 % of the draws, and their median."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class MeasurementResult:
    """What an error of measurement does to two groups.

    Attributes
    ----------
    variable, side : str
    cutoff : float
    searched : bool
        Whether the cutoff was searched for: then no p-value here allows for the search.
    error : float
        Relative: 0.1 is 10 %.
    scale : str
        ``factor``, or ``added`` where a value is 0 or below.
    near_low, near_high : float
        Ends of the zone around the cutoff.
    n_near, events_near : int
        Patients in it, and their events.
    measured : Effect
        The groups as they were measured.
    draws, draws_known : int
        All of them, and those in which the hazard ratio is finite.
    hazard_ratio, p_value : Spread or None
        Over the draws; None where none of them gave a number.
    share_below : float
        Share of the draws with a log-rank p below 0.05.
    n_moved : float
        Patients who change sides, on average.
    """

    variable: str
    cutoff: float
    side: str
    searched: bool
    error: float
    scale: str
    near_low: float
    near_high: float
    n_near: int
    events_near: int
    measured: Effect
    draws: int
    draws_known: int
    hazard_ratio: Spread | None
    p_value: Spread | None
    share_below: float
    n_moved: float
    notes: tuple[Note, ...]


def single_cut(cohort: Cohort) -> tuple[np.ndarray, float]:
    """The stratifier's values and its only cutoff.

    Raises
    ------
    SpecError
        If there is not one numeric marker with one cutoff that has patients on both sides, or
        there is delayed entry.
    """
    groups = cohort.groups
    if groups.by is None:
        raise SpecError("group_by", "There is no marker yet", "Choose a stratifier")
    if not groups.thresholds:
        raise SpecError(
            "cut_rule", "The groups are not made by a cutoff", "Choose a number and cut it"
        )
    if len(groups.thresholds) > 1 or groups.second is not None:
        raise SpecError(
            "cut_rule",
            "Measurement error is looked at for one marker with one cutoff",
            "Choose a single cutoff, for example the median",
        )
    if len(groups.levels) < 2:
        raise SpecError(
            "cut_value", "All patients are on one side of the cutoff", "Move the cutoff"
        )
    refuse_entry(cohort)
    return cohort.column(groups.by).to_numpy(dtype=float), groups.thresholds[0]


def near(x: np.ndarray, cutoff: float, error: float) -> np.ndarray:
    """Who is within the relative error of the cutoff.

    Parameters
    ----------
    x : numpy.ndarray of float, shape (n,)
    cutoff, error : float

    Returns
    -------
    numpy.ndarray of bool, shape (n,)

    Examples
    --------
    >>> near(np.array([5.3, 5.5, 6.0, 6.6, 6.7]), 6.0, 0.1).tolist()
    [False, True, True, True, False]
    """
    low, high = zone(cutoff, error)
    return (x >= low) & (x <= high)


def zone(cutoff: float, error: float) -> tuple[float, float]:
    """Ends of the zone around a cutoff, below 0 too.

    Examples
    --------
    >>> zone(-10.0, 0.1)
    (-11.0, -9.0)
    """
    wide = error * abs(cutoff)
    return cutoff - wide, cutoff + wide


def high_probability(
    x: np.ndarray, high: np.ndarray, cutoff: float, error: float
) -> tuple[np.ndarray, str]:
    """Probability that a second measurement is above the cutoff.

    Parameters
    ----------
    x : numpy.ndarray of float, shape (n,)
    high : numpy.ndarray of bool, shape (n,)
        Who is above it as measured; what remains where there is no error.
    cutoff, error : float

    Returns
    -------
    probability : numpy.ndarray of float, shape (n,)
    scale : str
        ``factor`` or ``added``.

    Examples
    --------
    >>> x = np.array([10 / 1.1, 10.0, 11.0])
    >>> probability, scale = high_probability(x, x >= 10, 10.0, 0.1)
    >>> probability.round(4).tolist(), scale
    ([0.025, 0.5, 0.975], 'factor')
    """
    factor = bool(x.min() > 0 and cutoff > 0)
    scale = "factor" if factor else "added"
    half = np.log1p(error) if factor else error * abs(cutoff)
    if half == 0:
        return high.astype(float), scale
    away = np.log(x) - np.log(cutoff) if factor else x - cutoff
    return special.ndtr(away * normal_quantile(0.95) / half), scale


def measurement(
    cohort: Cohort, spec: AnalysisSpec, *, progress: Progress = quiet
) -> MeasurementResult:
    """Measure the marker again in thought, and see how the comparison moves.

    Parameters
    ----------
    cohort : Cohort
        Two groups of one numeric marker.
    spec : AnalysisSpec
        Reads ``measurement_error seed strata ties conf_level`` and the profile.
    progress : callable

    Raises
    ------
    SpecError
        As `single_cut`.
    """
    x, cutoff = single_cut(cohort)
    error = ERROR if spec.measurement_error is None else spec.measurement_error
    high = cohort.groups.codes == 1
    endpoint = Endpoint.of(cohort)
    probability, scale = high_probability(x, high, cutoff, error)
    ratios, p_values = redraw(endpoint, probability, spec, progress=progress)
    close = near(x, cutoff, error)
    low, upper = zone(cutoff, error)
    notes = (*_notes(scale, cutoff, x), *caveats(cohort, spec, "measurement"))
    return MeasurementResult(
        cohort.groups.by or "", cutoff, cohort.groups.side,
        is_searched(cohort, spec), error, scale, low, upper,
        int(close.sum()), int((close & cohort.event).sum()), effect(endpoint, high, spec),
        DRAWS, int(np.isfinite(ratios).sum()), _spread(ratios), _spread(p_values),
        float(np.mean(p_values < ALPHA)), float(np.abs(probability - high).sum()), notes,
    )  # fmt: skip


def redraw(
    endpoint: Endpoint, probability: np.ndarray, spec: AnalysisSpec, *, progress: Progress = quiet
) -> tuple[np.ndarray, np.ndarray]:
    """Compare the groups of each draw.

    Parameters
    ----------
    endpoint : Endpoint
    probability : numpy.ndarray of float, shape (n,)
        That a patient is in the high group.
    spec : AnalysisSpec
        Reads ``seed ties`` and the profile.
    progress : callable

    Returns
    -------
    hazard_ratio, p_value : numpy.ndarray of float, shape (draws,)
        NaN where they cannot be computed.
    """
    rng, efron = generator(spec, PURPOSE), conventions(spec).ties == "efron"
    may = np.flatnonzero((probability > CERTAIN) & (probability < 1 - CERTAIN))
    high = probability > 0.5
    ratios, p_values = np.full(DRAWS, np.nan), np.full(DRAWS, np.nan)
    done = 0
    for now in portions(DRAWS, max(1, STEPS // endpoint.n), progress):
        for i in range(done, done + now):
            high[may] = rng.random(len(may)) < probability[may]
            found = endpoint.compare(high, efron=efron)
            if found.coef is not None:
                ratios[i] = np.exp(found.coef)
            if found.statistic is not None:
                p_values[i] = chi2_p(found.statistic, 1)
        done += now
    return ratios, p_values


def _spread(values: np.ndarray) -> Spread | None:
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return None
    return Spread(*(quantile(known, p) for p in (0.5, 0.025, 0.975)))


def _notes(scale: str, cutoff: float, x: np.ndarray) -> tuple[Note, ...]:
    if cutoff == 0:
        text = "The cutoff is 0, and a share of it is 0 as well: no error is drawn."
        return (warning("measurement", text),)
    text = (
        "Each draw multiplies the values by a random factor (log-normal)."
        if scale == "factor"
        else "Some values or the cutoff are 0 or below: each draw adds an error in proportion to "
        "the cutoff to all values."
    )
    notes = [info("measurement", f"{text} The cutoff stays where it is.")]
    if scale != "factor":
        text = (
            "The marker has values of 0 or below, as scores and logarithms have: an error in "
            "percent of the cutoff says little about such a marker."
        )
        notes.append(warning("measurement", text))
    elif (x == np.round(x)).all():
        text = (
            "The marker holds whole numbers only: those at the cutoff change sides in half of the "
            "draws, which a count or a rounded value would not do when it is measured again."
        )
        notes.append(warning("measurement", text))
    return tuple(notes)
