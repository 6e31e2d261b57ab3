"""How far PET markers say the same: rank correlation of every pair.

Methods
-------
Spearman's rho, Pearson's correlation of the average ranks of the patients who have both values.
Two-sided p by the t distribution with n - 2 degrees of freedom (R's ``cor.test`` without exact,
SPSS); limits by Fisher's z with the variance (1 + rho^2 / 2) / (n - 3).

References
----------
Bonett DG, Wright TA. Psychometrika 2000;65:23-28.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np

from core.cohort import Cohort
from core.notes import Note, info
from core.spec import AnalysisSpec
from core.survival.conventions import conventions
from core.survival.lesions.otherwise import columns
from core.survival.tails import normal_quantile

METHODS = "Rank correlation of the PET markers is Spearman's rho, with limits by Bonett and Wright."


@dataclass(frozen=True)
class Pair:
    """Two markers.

    Attributes
    ----------
    a, b : str
        Their columns.
    n : int
        Patients with both values.
    estimate : float or None
        Spearman's rho; None with fewer than three patients, or where all values are equal.
    conf_low, conf_high : float or None
        None also with three patients, or where rho is 1 or -1.
    p_value : float or None
    """

    a: str
    b: str
    n: int
    estimate: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    p_value: float | None = None


@dataclass(frozen=True)
class RanksResult:
    """Rank correlation of every pair of the columns that come from PET lesions."""

    pairs: tuple[Pair, ...]
    notes: tuple[Note, ...] = ()

    def of(self, a: str, b: str) -> Pair | None:
        """The pair of two columns, in either order."""
        return next((pair for pair in self.pairs if {pair.a, pair.b} == {a, b}), None)


def ranks(cohort: Cohort, spec: AnalysisSpec) -> RanksResult:
    """Correlate the ranks of every pair of the columns that come from PET lesions.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``conf_level`` and the profile.

    Raises
    ------
    DataError
        If there are no PET lesions.
    """
    level = conventions(spec).conf_level
    values = {name: cohort.column(name).to_numpy(dtype=float) for name in columns(cohort)}
    pairs = tuple(
        spearman(values[a], values[b], a=a, b=b, level=level) for a, b in combinations(values, 2)
    )
    without = [f"{p.a} and {p.b}" for p in pairs if p.estimate is None]
    text = "There is no rank correlation of a marker whose values are all equal, or of fewer than "
    notes = (info("ranks", f"{text}three patients: {', '.join(without)}."),) if without else ()
    return RanksResult(pairs, notes)


def spearman(
    x: np.ndarray, y: np.ndarray, *, a: str = "x", b: str = "y", level: float = 0.95
) -> Pair:
    """Correlate the ranks of two markers, missing values left out.

    Examples
    --------
    >>> found = spearman(np.array([1.0, 2, 3, 4, np.nan]), np.array([2.0, 1, 4, 3, 5]))
    >>> found.n, found.estimate
    (4, 0.6)
    """
    from scipy.special import stdtr
    from scipy.stats import rankdata

    both = np.isfinite(x) & np.isfinite(y)
    n = int(both.sum())
    if n < 3:
        return Pair(a, b, n)
    r, s = (rankdata(z[both]) - (n + 1) / 2 for z in (x, y))
    # Sums of ranks, and of their squares, are exact: so are the ends, 1 and -1.
    squares = float((r**2).sum()) * float((s**2).sum())
    if squares == 0:
        return Pair(a, b, n)
    rho = float((r * s).sum()) / float(np.sqrt(squares))
    rest = 1 - rho * rho
    if rest <= 0:
        return Pair(a, b, n, float(np.sign(rho)), p_value=0.0)
    p = 2 * float(stdtr(n - 2, -abs(rho) * np.sqrt((n - 2) / rest)))
    if n < 4:
        return Pair(a, b, n, rho, p_value=p)
    wide = normal_quantile(level) * np.sqrt((1 + rho * rho / 2) / (n - 3))
    low, high = (float(np.tanh(np.arctanh(rho) + d)) for d in (-wide, wide))
    return Pair(a, b, n, rho, low, high, p)
