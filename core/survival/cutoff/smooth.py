"""A marker as a restricted cubic spline in a Cox model, with as many knots as the data bear.

Methods
-------
4 knots at Harrell's quantiles (0.05, 0.35, 0.65, 0.95), which are 3 coefficients; with fewer than
30 events, or where the quantiles coincide, 3 knots (0.10, 0.50, 0.90); where these coincide too,
or a coefficient has no finite maximum, a straight line. The curve is the log hazard ratio against
a reference value, with the standard error of that difference (delta method, exact here since the
curve is linear in the coefficients).

References
----------
Harrell FE. Regression Modeling Strategies, 2nd ed., section 2.4.5.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.groups import quantile
from core.notes import Note, counted, info, warning
from core.survival.cox import EVENTS_PER_PARAMETER
from core.survival.design import KNOTS, basis
from core.survival.fitted import Model
from core.survival.results import Test
from core.survival.tails import chi2_log10_p, chi2_p

POINTS = 61
"""Points of the curve that are evenly spaced, and points that are quantiles of the marker."""
ENDS = (0.01, 0.99)
"""Quantiles of the marker between which the curve is drawn."""
ENOUGH = 3 * EVENTS_PER_PARAMETER
"""Events that 4 knots need."""


@dataclass(frozen=True, eq=False)
class Smooth:
    """A fitted curve.

    Attributes
    ----------
    knots : numpy.ndarray of float, shape (k,)
        Empty where the curve is a straight line.
    model : Model
        Of the columns of `basis` at these knots.
    """

    knots: np.ndarray
    model: Model

    @property
    def finite(self) -> bool:
        """Whether all coefficients were found."""
        fit = self.model.fit
        return not (fit.aliased.any() or fit.infinite.any())

    def along(self, at: np.ndarray, reference: float) -> tuple[np.ndarray, np.ndarray]:
        """Log hazard ratio against the reference and its standard error.

        Parameters
        ----------
        at : numpy.ndarray, shape (m,)
        reference : float

        Returns
        -------
        coef, std_error : numpy.ndarray, shape (m,)
            NaN where the curve is not finite.
        """
        if not self.finite:
            return np.full(len(at), np.nan), np.full(len(at), np.nan)
        fit = self.model.fit
        apart = basis(at, self.knots) - basis(np.array([reference]), self.knots)
        variance = ((apart @ fit.covariance) * apart).sum(axis=1)
        return apart @ fit.beta, np.sqrt(np.maximum(variance, 0.0))

    def wald(self, first: int) -> Test:
        """Wald's test of the coefficients from this one on: from 1, the test of non-linearity."""
        fit = self.model.fit
        beta, covariance = fit.beta[first:], fit.covariance[first:, first:]
        if not self.finite:
            return Test("wald", None, len(beta), None, None)
        # The columns of a spline differ by orders of magnitude: scaled, no digits are lost.
        error = np.sqrt(np.diag(covariance))
        t = beta / error
        statistic = float(t @ np.linalg.solve(covariance / np.outer(error, error), t))
        return chi2_test("wald", statistic, len(beta))


def chi2_test(name: str, statistic: float, df: int) -> Test:
    """A chi-square test; a statistic below 0 is one that rounding took there."""
    value = max(statistic, 0.0)
    return Test(name, value, df, chi2_p(value, df), chi2_log10_p(value, df))


def points(x: np.ndarray) -> np.ndarray:
    """Where a curve is drawn: dense where patients are, and even where they are few.

    Parameters
    ----------
    x : numpy.ndarray, shape (n,)
        The marker, none missing.

    Returns
    -------
    numpy.ndarray, shape (m,)
        Ascending, at most 2 `POINTS`, from the 1st to the 99th percentile, or from the smallest to
        the largest value where these percentiles are equal.
    """
    ordered = np.sort(x)
    low, high = (quantile(ordered, p) for p in ENDS)
    if low == high:
        low, high = float(ordered[0]), float(ordered[-1])
    dense = np.quantile(ordered, np.linspace(*ENDS, POINTS))
    both = np.unique(np.concatenate([np.linspace(low, high, POINTS), dense.clip(low, high)]))
    # Points that rounding alone keeps apart are one point.
    apart = np.append(True, np.diff(both) > 1e-9 * (high - low))
    return np.append(both[apart & (both < high)], high)


def smooth(
    x: np.ndarray, events: int, line: Model, fit: Callable[[np.ndarray], Model]
) -> tuple[Smooth, list[Note]]:
    """Fit the spline with as many knots as the data bear.

    Parameters
    ----------
    x : numpy.ndarray, shape (n,)
        The marker of the patients whose quantiles are the knots; none missing.
    events : int
    line : Model
        The straight line: the answer where no spline can be fitted.
    fit : callable
        Fits the columns that `basis` makes at the knots that it is given.
    """
    few = events < ENOUGH
    for n_knots in (3,) if few else (4, 3):
        knots = np.array([quantile(x, p) for p in KNOTS[n_knots]])
        if len(np.unique(knots)) < n_knots:
            continue
        found = Smooth(knots, fit(knots))
        if found.finite:
            return found, [*_fewer(n_knots, events), *_uncertain(found, events)]
    straight = Smooth(np.array([]), line)
    if not straight.finite:
        text = "There is no finite curve: the marker puts the events in order without a fault."
        return straight, [warning("curve", text)]
    text = (
        "The curve is a straight line: too many patients share a value, or there are too few "
        "events, for a curve that bends."
    )
    return straight, [warning("knots", text), *_uncertain(straight, events)]


def _fewer(n_knots: int, events: int) -> list[Note]:
    if n_knots == 4:
        return []
    why = (
        f"there are {counted(events, 'event')}, and 4 knots need {ENOUGH}"
        if events < ENOUGH
        else "too many patients share a value for 4"
    )
    return [info("knots", f"The curve has 3 knots: {why}.")]


def _uncertain(found: Smooth, events: int) -> list[Note]:
    df = found.model.fit.df
    if events >= EVENTS_PER_PARAMETER * df:
        return []
    text = (
        f"{counted(events, 'event')} for a curve of {counted(df, 'coefficient')}: its shape is "
        "less certain than its band looks."
    )
    return [warning("events", text)]
