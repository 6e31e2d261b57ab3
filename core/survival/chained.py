"""Multiple imputation by chained equations: who lends a missing value to whom.

Methods
-------
Every column with gaps is imputed in turn from all others, the event indicator and the Nelson-Aalen
cumulative hazard at the end of follow-up, in five cycles from a fresh start for each imputation
(one cycle where only one column has gaps), as R's mice does. The outcome is never imputed.

A number is predicted by a linear model whose residual variance and coefficients are drawn from
their posterior distribution, and the value is that of one of the five patients whose predictions
at the estimated coefficients are the closest to it (predictive mean matching of type 1, as R's
mice). Columns of two values and categories are drawn from a multinomial logistic model
(scikit-learn) fitted to a bootstrap sample of the patients who have them, so that its uncertainty
enters too. Pseudo-observations of a total weight of one patient per coefficient keep it finite
where a level is perfectly predicted. The others enter as numbers or, categories, as indicators. A
column that is used only per doubling is imputed on the logarithmic scale.

Every imputed value is one that some patient has. So is the row of a term, however it is made from
the column: knots, cutoffs and levels are those of the known values in all imputations.

References
----------
White IR, Royston P. Stat Med 2009;28:1982-1998 (Cox models). White IR, Royston P, Wood AM. Stat
Med 2011;30:377-399. van Buuren S. Flexible Imputation of Missing Data, 2nd ed., chapters 3 and 4.
White IR, Daniel R, Royston P. Comput Stat Data Anal 2010;54:2267-2275 (pseudo-observations).
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.errors import SpecError
from core.survival.counts import count
from core.terms import Term

CYCLES = 5
DONORS = 5
RIDGE = 1e-5
"""Share added to the diagonal of a linear model, so that columns may determine each other."""
WEAK = 1e4
"""Inverse penalty of the logistic models: only there so that their maximum is one point."""


@dataclass(frozen=True, eq=False)
class Column:
    """A column of the table that terms are made from.

    Attributes
    ----------
    name : str
    values : numpy.ndarray of float, shape (n,)
        Standardised numbers, or the code of a category; NaN where missing.
    levels : int
        Of a category; 0 for a number.
    """

    name: str
    values: np.ndarray
    levels: int

    @property
    def missing(self) -> np.ndarray:
        """Who lacks it, shape (n,)."""
        return np.asarray(np.isnan(self.values))

    def lender(self, filled: np.ndarray) -> np.ndarray:
        """A patient who has the value, for each patient; those who have one lend it themselves.

        Parameters
        ----------
        filled : numpy.ndarray of float, shape (n,)
            The column with imputed values, each equal to a known one.
        """
        known = np.flatnonzero(~self.missing)
        distinct, first = np.unique(self.values[known], return_index=True)
        lent = known[first[np.searchsorted(distinct, filled)]]
        return np.where(self.missing, lent, np.arange(len(filled)))


def columns_of(cohort: Cohort, terms: Sequence[Term]) -> list[Column]:
    """The columns of main terms, each once."""
    forms: dict[str, set[str]] = {}
    for term in terms:
        forms.setdefault(term.column, set()).add(term.form)
    return [_column(cohort.column(name), name, used) for name, used in forms.items()]


def _column(series: pd.Series, name: str, forms: set[str]) -> Column:
    numeric = pd.api.types.is_numeric_dtype(series)
    if not numeric or forms <= {"cat", "trend"} or series.nunique() <= 2:
        codes, found = pd.factorize(series, sort=True)
        return Column(name, np.where(codes < 0, np.nan, codes.astype(float)), len(found))
    x = series.to_numpy(dtype=float)
    x = np.log2(x) if forms == {"log2"} else x
    return Column(name, (x - np.nanmean(x)) / np.nanstd(x), 0)


def cumulative_hazard(cohort: Cohort) -> np.ndarray:
    """Nelson-Aalen estimate over the follow-up of each patient, shape (n,).

    With delayed entry that from entry to the end.
    """
    distinct = np.unique(cohort.time, return_inverse=True)
    codes = np.zeros(cohort.n, dtype=np.int64)
    found = count(distinct, cohort.event, codes, 1, entry=cohort.entry)
    steps = found.events[0] / np.maximum(found.at_risk[0], 1)
    total = np.concatenate([[0.0], np.cumsum(steps)])
    hazard = total[1:][distinct[1]]
    if cohort.entry is not None:
        hazard = hazard - total[np.searchsorted(distinct[0], cohort.entry, side="right")]
    return np.asarray(hazard)


def imputed_columns(
    cohort: Cohort, columns: Sequence[Column], rng: np.random.Generator
) -> Iterator[dict[str, np.ndarray] | None]:
    """Impute for ever: after each cycle None, or a finished imputation.

    Yields
    ------
    dict of str to numpy.ndarray of int, or None
        For each column who lends the value to each patient, see `Column.lender`.

    Raises
    ------
    SpecError
        If a column is known for too few patients to be predicted from the others.
    """
    gaps = [column for column in columns if column.missing.any()]
    gaps.sort(key=lambda column: (int(column.missing.sum()), column.name))
    outcome = _outcome(cohort)
    for column in gaps:
        _refuse(column, outcome, columns)
    cycles = cycles_of(columns)
    while True:
        filled = {column.name: _first(column, rng) for column in columns}
        for cycle in range(cycles):
            for column in gaps:
                others = [_coded(c, filled[c.name]) for c in columns if c is not column]
                x = np.column_stack([outcome, *others])
                filled[column.name] = _again(column, x, rng)
            if cycle < cycles - 1:
                yield None
        yield {column.name: column.lender(filled[column.name]) for column in columns}


def cycles_of(columns: Sequence[Column]) -> int:
    """Cycles of one imputation."""
    return CYCLES if sum(bool(c.missing.any()) for c in columns) > 1 else 1


def _outcome(cohort: Cohort) -> np.ndarray:
    """The event, the cumulative hazard and indicators of the strata, shape (n, k)."""
    parts = [cohort.event.astype(float)[:, None], cumulative_hazard(cohort)[:, None]]
    if cohort.strata is not None:
        parts.append(_indicators(cohort.strata, np.unique(cohort.strata)))
    return np.column_stack(parts)


def _indicators(codes: np.ndarray, levels: np.ndarray) -> np.ndarray:
    return np.asarray(codes[:, None] == levels[None, 1:], dtype=float)


def _coded(column: Column, filled: np.ndarray) -> np.ndarray:
    """A filled column as a predictor of others, shape (n, k)."""
    if column.levels == 0:
        return filled[:, None]
    return _indicators(filled, np.arange(float(column.levels)))


def _refuse(column: Column, outcome: np.ndarray, columns: Sequence[Column]) -> None:
    """Refuse a column that more coefficients would predict than there are values of it."""
    size = outcome.shape[1] + sum(max(c.levels - 1, 1) for c in columns if c is not column)
    known = int((~column.missing).sum())
    if known < size + 3:
        raise SpecError(
            "missing",
            f"'{column.name}' is known for {known} patients: too few to be predicted by {size} "
            "coefficients",
            "Leave out terms, or take missing=complete",
        )


def _first(column: Column, rng: np.random.Generator) -> np.ndarray:
    """The column with its gaps filled by values drawn from the known ones."""
    known = column.values[~column.missing]
    drawn = known[rng.integers(0, len(known), len(column.values))]
    return np.where(column.missing, drawn, column.values)


def _again(column: Column, x: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The column with its gaps filled from what the predictors say."""
    gone = column.missing
    x = x[:, x[~gone].std(axis=0) > 0]
    y = column.values[~gone]
    filled = column.values.copy()
    if column.levels:
        filled[gone] = draw_levels(x[~gone], y.astype(np.int64), x[gone], rng)
    else:
        filled[gone] = draw_numbers(x[~gone], y, x[gone], rng)
    return filled


def draw_numbers(
    x: np.ndarray, y: np.ndarray, new: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw numbers by predictive mean matching.

    Parameters
    ----------
    x : numpy.ndarray, shape (n, p)
        Predictors, which vary, of those who have the number.
    y : numpy.ndarray, shape (n,)
        Their numbers.
    new : numpy.ndarray, shape (k, p)
        Predictors of those who lack it.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray, shape (k,)
        Each one of `y`.
    """
    n, p = x.shape
    centre, spread = x.mean(axis=0), x.std(axis=0)
    z = np.column_stack([np.ones(n), (x - centre) / spread])
    z_new = np.column_stack([np.ones(len(new)), (new - centre) / spread])
    cross = z.T @ z
    cross[np.diag_indices(p + 1)] *= 1 + RIDGE
    inverse = np.linalg.inv(cross)
    beta = inverse @ (z.T @ y)
    left = float(((y - z @ beta) ** 2).sum())
    sigma = np.sqrt(left / rng.chisquare(max(n - p - 1, 1)))
    drawn = beta + sigma * (np.linalg.cholesky(inverse) @ rng.standard_normal(p + 1))
    order = np.argsort(z @ beta, kind="stable")
    predicted, wanted = (z @ beta)[order], z_new @ drawn
    donors = min(DONORS, n)
    place = np.searchsorted(predicted, wanted)[:, None] + np.arange(-donors, donors)
    apart = np.abs(predicted[np.clip(place, 0, n - 1)] - wanted[:, None])
    apart[(place < 0) | (place >= n)] = np.inf
    closest = np.argsort(apart, axis=1, kind="stable")
    pick = closest[np.arange(len(new)), rng.integers(0, donors, len(new))]
    return np.asarray(y[order[place[np.arange(len(new)), pick]]])


def draw_levels(
    x: np.ndarray, codes: np.ndarray, new: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw levels of a category from a logistic model of a bootstrap sample.

    Parameters
    ----------
    x : numpy.ndarray, shape (n, p)
        Predictors of those who have the category.
    codes : numpy.ndarray of int, shape (n,)
        Their levels, from 0.
    new : numpy.ndarray, shape (k, p)
        Predictors of those who lack it.
    rng : numpy.random.Generator

    Returns
    -------
    numpy.ndarray of int, shape (k,)
    """
    from sklearn.linear_model import LogisticRegression

    levels = int(codes.max()) + 1
    if levels == 1:
        return np.zeros(len(new), dtype=np.int64)
    sample = rng.integers(0, len(codes), len(codes))
    if x.shape[1] == 0:
        return codes[sample[rng.integers(0, len(codes), len(new))]]
    centre, spread = x.mean(axis=0), x.std(axis=0)
    spread = np.where(spread > 0, spread, 1.0)
    z, z_new = (x[sample] - centre) / spread, (new - centre) / spread
    extra, extra_codes = _pseudo(x.shape[1], levels)
    weight = np.concatenate([np.ones(len(z)), np.full(len(extra), (x.shape[1] + 1) / len(extra))])
    model = LogisticRegression(C=WEAK, solver="newton-cholesky", max_iter=100)
    with warnings.catch_warnings():
        # A maximum that is not reached to the last digit still gives probabilities to draw from.
        warnings.simplefilter("ignore")
        model.fit(np.vstack([z, extra]), np.concatenate([codes[sample], extra_codes]), weight)
    edges = model.predict_proba(z_new).cumsum(axis=1)[:, :-1]
    return np.asarray((rng.random(len(new))[:, None] > edges).sum(axis=1))


def _pseudo(p: int, levels: int) -> tuple[np.ndarray, np.ndarray]:
    """Pseudo-observations: every level half a standard deviation up and down each predictor."""
    half = np.repeat(np.eye(p) * 0.5, 2 * levels, axis=0)
    sign = np.tile(np.repeat([1.0, -1.0], levels), p)
    return half * sign[:, None], np.tile(np.arange(levels), 2 * p)
