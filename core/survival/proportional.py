"""Test of proportional hazards: the score test of R's ``cox.zph``, on four scales of time.

Methods
-------
The model is extended by x g(t), by default with g(t) = 1 - S(t-), S the Kaplan-Meier curve of all
patients in the model (``km``), else with time (``identity``), its logarithm (``log``) or its rank
among all times (``rank``). The score test of the added coefficients is taken at the fitted ones.
With V_j the variance of x at event time j the information of the extended model is sum V_j,
sum g_j V_j and sum g_j^2 V_j. A term of several columns is tested jointly.

References
----------
Grambsch PM, Therneau TM. Biometrika 1994;81:515-526, in the exact form of the package survival
from version 3.0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.notes import Note, info, warning
from core.survival.counts import count
from core.survival.newton import Fit
from core.survival.risk import Moments, RiskSets, moments
from core.survival.tails import chi2_p

TRANSFORMS = ("km", "identity", "log", "rank")
"""Scales of time on which an effect may change; the first one is the default, as in R."""
METHODS = (
    "Proportional hazards were tested by the score test of each term against a change with time "
    "(Grambsch and Therneau), on the Kaplan-Meier scale of time."
)


@dataclass(frozen=True)
class PHTest:
    """Test of one term, or of all of them (``GLOBAL``)."""

    term: str
    statistic: float | None
    df: int
    p_value: float | None


def proportional_hazards(
    cohort: Cohort,
    sets: RiskSets,
    matrix: np.ndarray,
    found: Fit,
    rows: np.ndarray,
    terms: list[tuple[str, int]],
    *,
    transform: str = "km",
) -> tuple[tuple[PHTest, ...], tuple[Note, ...]]:
    """Test every term and all together.

    Parameters
    ----------
    cohort : Cohort
    sets : RiskSets
    matrix : numpy.ndarray, shape (n, p)
    found : Fit
    rows : numpy.ndarray of int, shape (n,)
        The patients of the model among those of the cohort.
    terms : list of (str, int)
        Text and number of columns of each term, in the order of the matrix.
    transform : {"km", "identity", "log", "rank"}
        Scale of time.

    Returns
    -------
    tests : tuple of PHTest
    notes : tuple of Note
    """
    if found.infinite.any():
        why = "The proportional-hazards test needs finite hazard ratios for all terms."
        return _empty(terms, found.df), (warning("proportional_hazards", why),)
    g = time_scale(cohort, rows, sets.times, transform)
    if not np.isfinite(g).all():
        why = "An event at time 0 has no logarithm: no test on the logarithm of time."
        return _empty(terms, found.df), (info("proportional_hazards", why),)
    x = matrix[sets.order]
    scale = np.where(x.std(axis=0) > 0, x.std(axis=0), 1.0)
    x = (x - x.mean(axis=0)) / scale
    beta = found.beta * scale
    g = _standardised(g, sets.deaths)
    plain, first, second = (moments(sets, x, beta, g**power) for power in range(3))
    use = ~found.aliased
    tests = []
    k = 0
    for text, width in terms:
        columns = np.arange(k, k + width)
        k += width
        tests.append(_test(text, columns[use[columns]], use, plain, first, second))
    tests.append(_test("GLOBAL", np.flatnonzero(use), use, plain, first, second))
    return tuple(tests), ()


def _test(
    text: str,
    columns: np.ndarray,
    use: np.ndarray,
    plain: Moments,
    first: Moments,
    second: Moments,
) -> PHTest:
    if len(columns) == 0:
        return PHTest(text, None, 0, None)
    score = first.gradient[columns]
    between = first.information[np.ix_(use, columns)]
    variance = second.information[np.ix_(columns, columns)] - between.T @ np.linalg.solve(
        plain.information[np.ix_(use, use)], between
    )
    if np.linalg.matrix_rank(variance, hermitian=True) < len(columns):
        return PHTest(text, None, len(columns), None)
    statistic = float(score @ np.linalg.solve(variance, score))
    return PHTest(text, statistic, len(columns), chi2_p(statistic, len(columns)))


def _empty(terms: list[tuple[str, int]], df: int) -> tuple[PHTest, ...]:
    return tuple(PHTest(text, None, width, None) for text, width in (*terms, ("GLOBAL", df)))


def _standardised(g: np.ndarray, deaths: np.ndarray) -> np.ndarray:
    """The same scale around 0: the test does not change, and no digits are lost."""
    centre = float(np.average(g, weights=deaths))
    spread = float(np.sqrt(np.average((g - centre) ** 2, weights=deaths)))
    return np.asarray((g - centre) / (spread if spread > 0 else 1.0))


def time_scale(
    cohort: Cohort, rows: np.ndarray, times: np.ndarray, transform: str = "km"
) -> np.ndarray:
    """Put event times on a scale, among all patients of a model, strata left aside.

    Parameters
    ----------
    cohort : Cohort
    rows : numpy.ndarray of int, shape (n,)
        The patients of the model.
    times : numpy.ndarray, shape (J,)
        In `unit`.
    transform : {"km", "identity", "log", "rank"}

    Returns
    -------
    numpy.ndarray, shape (J,)
        ``km`` is 1 - S(t-), ``rank`` the mean rank of equal times; ``log`` of 0 is -inf.
    """
    if transform == "identity":
        return np.asarray(times, dtype=float)
    if transform == "log":
        with np.errstate(divide="ignore"):
            return np.asarray(np.log(times))
    everybody = np.sort(cohort.time[rows])
    if transform == "rank":
        before, after = (np.searchsorted(everybody, times, side=s) for s in ("left", "right"))
        return np.asarray((before + after + 1) / 2)
    entry = None if cohort.entry is None else cohort.entry[rows]
    distinct = np.unique(cohort.time[rows], return_inverse=True)
    nobody = np.zeros(len(rows), dtype=np.int64)
    table = count(distinct, cohort.event[rows], nobody, 1, entry=entry)
    n, d = table.at_risk[0], table.events[0]
    survival = np.cumprod(np.divide(n - d, n, out=np.ones(len(n)), where=n > 0))
    before = np.concatenate([[1.0], survival])[np.searchsorted(table.times, times, side="left")]
    return np.asarray(1.0 - before)
