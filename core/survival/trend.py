"""The log-rank test for a trend over ordered groups.

Methods
-------
The groups have the scores 1, 2, 3, ... in the order in which they stand. With U, the observed less
the expected events of each group, and V, their hypergeometric covariance (both summed over the
strata), the statistic is (c'U)^2 / c'Vc with one degree of freedom. Equal steps of the score change
neither it nor its direction; a group with nobody at risk at an event adds nothing.

References
----------
Tarone RE. Biometrika 1975;62:679-682. Collett D. Modelling Survival Data in Medical Research, 3rd
ed., section 2.8.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.survival.logrank import score_and_variance
from core.survival.results import Test
from core.survival.tails import chi2_log10_p, chi2_p

NAME = "trend"
ORDERS = {
    "cutoffs": "from the lowest interval to the highest",
    "values": "from the smallest value to the largest",
    "dictionary": "in the order of the dictionary",
    "alphabet": "in the order of the alphabet",
}
"""Where the order of the groups comes from, in words."""


@dataclass(frozen=True)
class Trend:
    """The test for a trend.

    Attributes
    ----------
    order : {"cutoffs", "values", "dictionary", "alphabet"}
        Where the order comes from.
    labels : tuple of str
        The groups in the order that is assumed.
    z : float or None
        Signed: above 0 where the later groups have more events than expected.
    test : Test
    """

    order: str
    labels: tuple[str, ...]
    z: float | None
    test: Test


def trend(cohort: Cohort) -> Trend | None:
    """Test for a trend over three or more groups of one variable.

    Parameters
    ----------
    cohort : Cohort
        Its strata are read as well.

    Returns
    -------
    Trend or None
        None for fewer than three groups, and for groups of two markers together: they have no
        order. Its test has no statistic where nothing varies.
    """
    groups = cohort.groups
    if len(groups.levels) < 3 or groups.second is not None:
        return None
    score, variance = score_and_variance(cohort)
    z = signed(score, variance)
    if z is None:
        test = Test(NAME, None, 1, None, None)
    else:
        test = Test(NAME, z * z, 1, chi2_p(z * z, 1), chi2_log10_p(z * z, 1))
    return Trend(_order(cohort), groups.labels, z, test)


def signed(score: np.ndarray, variance: np.ndarray) -> float | None:
    """Standardised trend of the scores 1 to G; None where it does not vary.

    Parameters
    ----------
    score : numpy.ndarray, shape (G,)
        Observed less expected events.
    variance : numpy.ndarray, shape (G, G)

    Examples
    --------
    >>> signed(np.array([-3.0, 0.0, 3.0]), np.array([[3.0, -1, -2], [-1, 2, -1], [-2, -1, 3]]))
    1.8973665961010275
    """
    steps = np.arange(1.0, len(score) + 1)
    spread = float(steps @ variance @ steps)
    if spread <= 1e-12 * max(float(steps**2 @ np.diag(variance)), 1e-300):
        return None
    return float(steps @ score / np.sqrt(spread))


def notes(found: Trend | None) -> tuple[Note, ...]:
    """What is assumed about the order of the groups."""
    if found is None:
        return ()
    said = f"The test for a trend takes the groups {ORDERS[found.order]}"
    if found.order != "alphabet":
        return (info(NAME, f"{said}, in equal steps."),)
    text = (
        f"{said}: {', '.join(found.labels)}. If they have no such order it means nothing; give "
        "their order in the dictionary of the study."
    )
    return (warning(NAME, text),)


def _order(cohort: Cohort) -> str:
    groups = cohort.groups
    variable = cohort.dataset.variables[groups.by or ""]
    if groups.thresholds:
        return "cutoffs"
    if variable.kind == "number":
        return "values"
    return "dictionary" if set(groups.labels) <= set(variable.levels) else "alphabet"
