"""The endpoint sorted once, so that any division of the patients is compared in one pass.

Methods
-------
Log-rank test with the hypergeometric variance; Cox model of one binary covariate by Newton's
method, Efron's or Breslow's ties. Both are the numbers of `core.survival.logrank` and
`core.survival.cox` for two groups without strata and delayed entry, some hundred times faster,
for the thousands of divisions that a search, a bootstrap or a permutation goes through.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.cohort import Cohort
from core.survival.tails import chi2_log10_p, chi2_p


@dataclass(frozen=True, eq=False)
class Endpoint:
    """Who is at risk when; event times are numbered from 0 to D - 1.

    Attributes
    ----------
    times : numpy.ndarray of float, shape (D,)
        Distinct times at which somebody has the event.
    at, dead : numpy.ndarray of float, shape (D,)
        Patients at risk, and events.
    last : numpy.ndarray of int, shape (n,)
        Each patient is at risk at the event times 0 to ``last - 1``.
    event : numpy.ndarray of bool, shape (n,)
    time : numpy.ndarray of float, shape (n,)
    """

    times: np.ndarray
    at: np.ndarray
    dead: np.ndarray
    last: np.ndarray
    event: np.ndarray
    time: np.ndarray

    @classmethod
    def of(cls, cohort: Cohort) -> Endpoint:
        """The endpoint of the patients who are in, in their order; entry and strata left out."""
        times, position = cohort.included.distinct
        return cls.sorted(cohort.time, cohort.event, times, position)

    @classmethod
    def sorted(
        cls,
        time: np.ndarray,
        event: np.ndarray,
        times: np.ndarray | None = None,
        position: np.ndarray | None = None,
    ) -> Endpoint:
        """The endpoint of arrays; near-tied times are merged already.

        Parameters
        ----------
        time, event : numpy.ndarray, shape (n,)
        times, position : numpy.ndarray, optional
            Distinct times and each patient's place among them, where they are known.
        """
        if times is None or position is None:
            times, position = np.unique(time, return_inverse=True)
        leaving = np.bincount(position, minlength=len(times))
        dead = np.bincount(position[event], minlength=len(times))
        at = leaving[::-1].cumsum()[::-1]
        when = dead > 0
        last = np.cumsum(when)[position]
        return cls(
            times[when],
            at[when].astype(float),
            dead[when].astype(float),
            last.astype(np.int64),
            np.asarray(event, dtype=bool),
            np.asarray(time, dtype=float),
        )

    @property
    def n(self) -> int:
        """How many patients there are."""
        return len(self.last)

    def of_rows(self, rows: np.ndarray) -> Endpoint:
        """The endpoint of some of the patients."""
        return Endpoint.sorted(self.time[rows], self.event[rows])

    def compare(self, high: np.ndarray, *, efron: bool = True) -> Comparison:
        """Compare the high with the low group.

        Parameters
        ----------
        high : numpy.ndarray of bool, shape (n,)
        efron : bool

        Examples
        --------
        >>> e = Endpoint.sorted(np.array([1.0, 2, 3, 4]), np.array([True, True, False, True]))
        >>> found = e.compare(np.array([True, False, True, False]))
        >>> round(found.statistic, 6), round(found.coef, 6)
        (0.058824, 0.346574)
        """
        from core.survival.cutoff.kernels import two

        at, dead = np.empty(len(self.at)), np.empty(len(self.at))
        two.counted(self.last, self.event, high.astype(float), at, dead)
        score, variance = two.logrank(self.at, self.dead, at, dead)
        coef, information = two.hazard(self.at, self.dead, at, dead, efron, 0.0)
        return Comparison(
            score**2 / variance if variance > 1e-12 else None,
            float(coef) if np.isfinite(coef) else None,
            float(information) ** -0.5 if information > 0 else None,
        )


@dataclass(frozen=True)
class Comparison:
    """Two groups compared.

    Attributes
    ----------
    statistic : float or None
        Log-rank chi-square with one degree of freedom; None where only one group is at risk.
    coef, std_error : float or None
        Log hazard ratio of the high against the low group; None where it is not finite.
    """

    statistic: float | None
    coef: float | None
    std_error: float | None

    @property
    def p_value(self) -> float | None:
        """P-value of the log-rank test."""
        return None if self.statistic is None else chi2_p(self.statistic, 1)

    @property
    def log10_p(self) -> float | None:
        """Its base-10 logarithm, finite also where the p-value underflows."""
        return None if self.statistic is None else chi2_log10_p(self.statistic, 1)
