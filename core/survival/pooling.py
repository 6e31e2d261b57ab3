"""Rubin's rules: one estimate out of those from several imputed tables.

Methods
-------
The pooled estimate is the mean; its variance T is the mean variance U plus (1 + 1/m) times the
variance B between the m estimates. Limits and p-values are of Student's t with the degrees of
freedom of Barnard and Rubin, for which the complete table would have had events - parameters
(as R's mice takes for a Cox model). The fraction of missing information is (r + 2 / (df + 3)) /
(r + 1) with r = (1 + 1/m) B / U.

References
----------
Rubin DB. Multiple Imputation for Nonresponse in Surveys, chapter 3. Barnard J, Rubin DB. Biometrika
1999;86:948-955.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from core.survival.results import Row
from core.survival.tails import ratios

LEAST = 1e-4
"""Smaller shares of the variance between imputations are taken as this (R's mice)."""


@dataclass(frozen=True)
class Pooled:
    """A pooled estimate.

    Attributes
    ----------
    coef, std_error : float
    df : float
        Degrees of freedom of its t.
    missing_information : float
        Share of the information about it that is missing, 0 to 1.
    between : float
        Variance between the imputations.
    """

    coef: float
    std_error: float
    df: float
    missing_information: float
    between: float


@dataclass(frozen=True)
class PooledRow:
    """One row of a pooled Cox table; None where an imputed table does not determine it.

    Attributes
    ----------
    term : str
    level, reference : str or None
    coef, std_error, hazard_ratio, conf_low, conf_high, p_value : float or None
    df : float or None
        Degrees of freedom of Student's t.
    missing_information : float or None
        Share of the information that is missing.
    """

    term: str
    level: str | None
    reference: str | None
    coef: float | None = None
    std_error: float | None = None
    hazard_ratio: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    p_value: float | None = None
    df: float | None = None
    missing_information: float | None = None


def pool(coef: np.ndarray, std_error: np.ndarray, df_complete: float) -> Pooled:
    """Pool the estimates of one coefficient.

    Parameters
    ----------
    coef, std_error : numpy.ndarray, shape (m,)
        From each imputed table; at least two.
    df_complete : float
        Degrees of freedom that the complete table would have.

    Examples
    --------
    >>> found = pool(np.array([0.3, 0.4, 0.5]), np.array([0.1, 0.1, 0.1]), 100)
    >>> round(found.coef, 3), round(found.std_error, 4)
    (0.4, 0.1528)
    """
    m = len(coef)
    within, between = float(np.mean(std_error**2)), float(np.var(coef, ddof=1))
    extra = (1 + 1 / m) * between
    total = within + extra
    share = max(extra / total, LEAST)
    old = (m - 1) / share**2
    observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
    df = old * observed / (old + observed)
    ratio = extra / within
    missing = (ratio + 2 / (df + 3)) / (ratio + 1)
    return Pooled(float(np.mean(coef)), float(np.sqrt(total)), df, missing, between)


def pool_rows(tables: Sequence[Sequence[Row]], df_complete: float, level: float) -> list[PooledRow]:
    """Pool the tables of the same model, row by row.

    Parameters
    ----------
    tables : sequence of (sequence of Row)
        One of each imputed table, with the same rows.
    df_complete : float
    level : float
        Of the limits.
    """
    return [_pooled_row(rows, df_complete, level) for rows in zip(*tables, strict=True)]


def _pooled_row(rows: Sequence[Row], df_complete: float, level: float) -> PooledRow:
    named = (rows[0].term, rows[0].level, rows[0].reference)
    known = [(r.coef, r.std_error) for r in rows if r.coef is not None and r.std_error is not None]
    if len(known) < len(rows) or not np.isfinite(known).all():
        return PooledRow(*named)
    coef, error = np.array(known).T
    found = pool(coef, error, df_complete)
    half = float(special.stdtrit(found.df, (1 + level) / 2)) * found.std_error
    p_value = 2 * float(special.stdtr(found.df, -abs(found.coef / found.std_error)))
    ratio, low, high = ratios([found.coef, found.coef - half, found.coef + half])
    return PooledRow(
        *named, found.coef, found.std_error, ratio, low, high, p_value, found.df,
        found.missing_information,
    )  # fmt: skip
