"""Two groups compared, in the numbers that a table shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.errors import SpecError
from core.notes import Note, info, warning
from core.search import MIN_FRACTION, search
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.cutoff.endpoint import Comparison, Endpoint
from core.survival.tails import normal_quantile

ALPHA = 0.05
"""The p-value at which readers draw their line; not the confidence level."""


@dataclass(frozen=True)
class Effect:
    """The high against the low group.

    Attributes
    ----------
    n, events : int
        Of both groups together.
    hazard_ratio, conf_low, conf_high : float or None
        Cox model with Wald limits; None where the estimate is not finite.
    p_value, log10_p : float or None
        Log-rank test with one degree of freedom; None where only one group is at risk.
    """

    n: int
    events: int
    hazard_ratio: float | None
    conf_low: float | None
    conf_high: float | None
    p_value: float | None
    log10_p: float | None


def effect(endpoint: Endpoint, high: np.ndarray, spec: AnalysisSpec) -> Effect:
    """Compare two groups.

    Parameters
    ----------
    endpoint : Endpoint
    high : numpy.ndarray of bool, shape (n,)
    spec : AnalysisSpec
        Reads ``ties conf_level`` and the profile.

    Examples
    --------
    >>> e = Endpoint.sorted(np.array([1.0, 2, 3, 4]), np.array([True, True, False, True]))
    >>> found = effect(e, np.array([True, False, True, False]), AnalysisSpec())
    >>> round(found.hazard_ratio, 6), round(found.p_value, 6)
    (1.414214, 0.808365)
    """
    agreed = conventions(spec)
    found = endpoint.compare(high, efron=agreed.ties == "efron")
    ratio, low, upper = _limits(found, agreed.conf_level)
    return Effect(
        endpoint.n, int(endpoint.event.sum()), ratio, low, upper, found.p_value, found.log10_p
    )


def _limits(
    found: Comparison, conf_level: float
) -> tuple[float | None, float | None, float | None]:
    if found.coef is None or found.std_error is None:
        return None, None, None
    wide = normal_quantile(conf_level) * found.std_error
    with np.errstate(over="ignore"):
        ratio, low, high = np.exp([found.coef, found.coef - wide, found.coef + wide]).tolist()
    return ratio, low, high


def is_searched(cohort: Cohort, spec: AnalysisSpec) -> bool:
    """Whether the groups are those of a search: by their rule, or set where a search leads to."""
    groups = cohort.groups
    if groups.origin == "best":
        return True
    by = groups.by
    if len(groups.levels) != 2 or by is None or len(groups.thresholds) != 1:
        return False
    found = search(
        cohort.column(by).to_numpy(dtype=float),
        cohort.time,
        cohort.event,
        min_fraction=MIN_FRACTION if spec.min_fraction is None else spec.min_fraction,
        min_events=spec.min_events or 0,
    )
    return found is not None and int(found.size[found.best]) == groups.levels[0].n


def refuse_entry(cohort: Cohort) -> None:
    """Stop where patients enter late: `Endpoint` takes everybody as observed from time 0.

    Raises
    ------
    SpecError
    """
    if cohort.entry is not None:
        raise SpecError(
            "entry",
            "This check of a cutoff is not made with delayed entry",
            "Leave out entry",
        )


def caveats(cohort: Cohort, spec: AnalysisSpec, about: str) -> tuple[Note, ...]:
    """What both checks of a cutoff have to say about their numbers.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``ties strata`` and the profile.
    about : str
        The part that the notes belong to.
    """
    ties = conventions(spec).ties.capitalize()
    text = f"Log-rank test; hazard ratio by the Cox model with {ties}'s ties and Wald limits."
    notes = [info(about, text)]
    if spec.strata:
        notes.append(info(about, "The strata are left out of account here."))
    if is_searched(cohort, spec):
        text = (
            "The cutoff is the one that a search finds, so every p-value here is too small from "
            "the start and is not corrected. The cutoff is kept as it is; where centres are left "
            "out, the search is repeated beside it."
        )
        notes.append(warning(about, text))
    elif cohort.groups.origin in ("typed", "quantile"):
        text = "If the cutoff was moved until the curves parted, the p-values here are too small."
        notes.append(info(about, text))
    return tuple(notes)
