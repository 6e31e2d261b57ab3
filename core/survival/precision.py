"""What the events at hand can show: the detectable hazard ratio, and how exact it would be.

Methods
-------
For two groups with the shares p and 1 - p of the patients and D events, the log-rank test has the
power 1 - beta at the two-sided level alpha for a log hazard ratio b with
D p (1 - p) b^2 = (z_{1 - alpha/2} + z_{1 - beta})^2 (Schoenfeld). From it come the detectable
hazard ratio, the events needed for a given one, and the power for a given one, whose small part
on the wrong side is left out. Alpha is 1 less the confidence level. The standard error of the log
hazard ratio is about 1 / sqrt(D p (1 - p)), so its confidence limits are the hazard ratio divided
and multiplied by one number. With several groups each is taken together with the first one.

For a marker that is not cut at all, in a Cox model of the number itself, the detectable hazard
ratio per standard deviation has D b^2 on the left (Hsieh and Lavori).

All hazard ratios are set beforehand. The power at the observed hazard ratio is the p-value in
another form and says nothing more (Hoenig and Heisey); it is not computed. The formula is for
hazard ratios near 1, and rough beyond 3 or below a third, with few events, or with one group very
small. Strata and delayed entry are left out of account.

References
----------
Schoenfeld D. Biometrika 1981;68:316-319 and Biometrics 1983;39:499-503. Hsieh FY, Lavori PW.
Control Clin Trials 2000;21:552-560. Hoenig JM, Heisey DM. Am Stat 2001;55:19-24.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from scipy import special

from core.cohort import Cohort
from core.errors import SpecError
from core.notes import Note, info, warning
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.tails import normal_quantile

POWER = 0.8
SECOND_POWER = 0.9
"""The powers that are shown where the question names none."""
RATIOS = (0.5, 0.6, 0.7, 0.75, 0.8)
"""Hazard ratios whose events are counted."""
ROUGH = 3.0
SHARES = np.round(np.arange(0.05, 0.951, 0.01), 2)
"""Shares of the patients in the high group over which the curve is drawn."""

METHODS = (
    "The hazard ratio detectable with the events at hand and the events needed for given hazard "
    "ratios were computed by Schoenfeld's formula for the log-rank test at the observed sizes of "
    "the groups; no power was computed for the observed hazard ratio."
)


@dataclass(frozen=True)
class Detectable:
    """The smallest effects that a power is reached for: one above 1, and its inverse below."""

    power: float
    hazard_ratio: float
    hazard_ratio_below: float


@dataclass(frozen=True)
class Contrast:
    """A group against the first one.

    Attributes
    ----------
    label, reference : str
    n, events : int
        Of the two groups together.
    share : float
        Share of these patients who are in the group.
    detectable : tuple of Detectable
        Empty without events.
    factor : float or None
        Confidence limits are the hazard ratio divided and multiplied by this; None without events.
    """

    label: str
    reference: str
    n: int
    events: int
    share: float
    detectable: tuple[Detectable, ...]
    factor: float | None


@dataclass(frozen=True)
class Needed:
    """A hazard ratio set beforehand.

    Attributes
    ----------
    hazard_ratio : float
    events : float
        Needed for the power of the question, not rounded.
    power : float
        With the events at hand.
    """

    hazard_ratio: float
    events: float
    power: float


@dataclass(frozen=True, eq=False)
class PrecisionResult:
    """What the events at hand can show.

    Attributes
    ----------
    alpha : float
        Two-sided level of the test.
    power : float
        The one that the question names.
    contrasts : tuple of Contrast
        Every group against the first.
    needed : tuple of Needed
        For the first contrast.
    hazard_ratio_per_sd : float or None
        Detectable with the same power where a number is not cut at all; None for categories.
    shares, curve : numpy.ndarray, shape (91,)
        Share of the patients in the group, and the detectable hazard ratio above 1 with the events
        of the first contrast; the curve is NaN without events.
    """

    alpha: float
    power: float
    contrasts: tuple[Contrast, ...]
    needed: tuple[Needed, ...]
    hazard_ratio_per_sd: float | None
    shares: np.ndarray
    curve: np.ndarray
    notes: tuple[Note, ...]


def precision(cohort: Cohort, spec: AnalysisSpec) -> PrecisionResult:
    """Say what the events at hand can show about the displayed groups.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``power conf_level`` and the profile.

    Raises
    ------
    SpecError
        If there are fewer than two groups.
    """
    groups = cohort.groups
    if len(groups.levels) < 2:
        raise SpecError(
            "group_by", "There is one group only, so nothing to compare", "Choose a stratifier"
        )
    level = conventions(spec).conf_level
    alpha, power = 1 - level, POWER if spec.power is None else spec.power
    reach = {p: reach_of(level, p) for p in powers(power)}
    contrasts = tuple(_contrast(cohort, g, level, reach) for g in range(1, len(groups.levels)))
    first = contrasts[0]
    spread = first.share * (1 - first.share)
    wanted, information = reach[power], first.events * spread
    needed = tuple(
        Needed(r, events_needed(r, spread, wanted), power_of(r, information, level)) for r in RATIOS
    )
    curve = [detectable(first.events * s * (1 - s), wanted) for s in SHARES.tolist()]
    per_sd = None
    if cohort.dataset.variables[groups.by or ""].kind == "number" and groups.second is None:
        per_sd = detectable(float(cohort.n_events), wanted)
    return PrecisionResult(
        alpha, power, contrasts, needed, per_sd, SHARES,
        np.array([np.nan if c is None else c for c in curve]), _notes(cohort, first),
    )  # fmt: skip


def reach_of(level: float, power: float) -> float:
    """How far from 0 the log hazard ratio must be, in standard errors, to reach a power.

    Parameters
    ----------
    level : float
        Confidence level, 1 - alpha.
    power : float

    Examples
    --------
    >>> round(reach_of(0.95, 0.8), 6)
    2.801585
    """
    return normal_quantile(level) + float(special.ndtri(power))


def powers(power: float) -> tuple[float, ...]:
    """The power of the question, and 80 or 90 % beside it.

    Examples
    --------
    >>> powers(0.8), powers(0.9), powers(0.7)
    ((0.8, 0.9), (0.8, 0.9), (0.7, 0.8, 0.9))
    """
    return tuple(sorted({power, POWER, SECOND_POWER}))


def detectable(information: float, reach: float) -> float | None:
    """The hazard ratio above 1 that is just detectable.

    Parameters
    ----------
    information : float
        D p (1 - p), events times the variance of what is compared.
    reach : float
        See `reach_of`.

    Returns
    -------
    float or None
        None without information; infinite where it is beyond the largest number. A power so small
        that every effect has it gives 1.

    Examples
    --------
    >>> round(1 / detectable(66 * 38 * 32 / 70**2, reach_of(0.95, 0.8)), 3)
    0.5
    """
    if information <= 0:
        return None
    size = max(reach, 0.0) / sqrt(information)
    return exp(size) if size < 700 else float("inf")


def events_needed(hazard_ratio: float, spread: float, reach: float) -> float:
    """Events that a hazard ratio needs.

    Parameters
    ----------
    hazard_ratio : float
        Not 1.
    spread : float
        p (1 - p).
    reach : float

    Examples
    --------
    >>> round(events_needed(0.6, 0.25, reach_of(0.95, 0.8)), 4)
    120.3157
    """
    return max(reach, 0.0) ** 2 / (spread * log(hazard_ratio) ** 2)


def power_of(hazard_ratio: float, information: float, level: float) -> float:
    """Power for a hazard ratio that was set beforehand.

    Examples
    --------
    >>> round(power_of(0.6, 120.3157 / 4, 0.95), 6)
    0.8
    """
    size = abs(log(hazard_ratio)) * sqrt(information)
    return float(special.ndtr(size - normal_quantile(level)))


def _contrast(cohort: Cohort, group: int, level: float, reach: dict[float, float]) -> Contrast:
    reference, other = cohort.groups.levels[0], cohort.groups.levels[group]
    n, events = reference.n + other.n, reference.events + other.events
    share = other.n / n
    information = events * share * (1 - share)
    found = [(power, detectable(information, value)) for power, value in reach.items()]
    return Contrast(
        other.label, reference.label, n, events, share,
        tuple(Detectable(power, hr, 1 / hr) for power, hr in found if hr is not None),
        detectable(information, normal_quantile(level)),
    )  # fmt: skip


def _notes(cohort: Cohort, first: Contrast) -> tuple[Note, ...]:
    notes = []
    if not first.detectable:
        notes.append(warning("precision", "Without events nothing can be detected."))
    elif first.detectable[0].hazard_ratio > ROUGH:
        text = (
            "Only very large effects are detectable, and for those the formula is rough: read it "
            "as 'far too few events', not as a number."
        )
        notes.append(warning("precision", text))
    if cohort.groups.origin == "best":
        text = (
            "The cutoff was searched for: after a search a larger effect or more events are "
            "needed than given here."
        )
        notes.append(warning("precision", text))
    if cohort.strata is not None or cohort.entry is not None:
        text = "Strata and delayed entry are left out of account in these numbers."
        notes.append(info("precision", text))
    return tuple(notes)
