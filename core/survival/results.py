"""The shapes that results share: a test, a row of a model, plain numbers only."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Test:
    """A chi-square test.

    Attributes
    ----------
    name : str
        As the spec names it.
    statistic : float or None
        None when it cannot be computed; a note on the result says why. That of MaxCombo is the
        largest |Z| and no chi-square, with `df` 1.
    df : int
    p_value : float or None
    log10_p : float or None
        Finite also where `p_value` underflows to 0.
    """

    name: str
    statistic: float | None
    df: int
    p_value: float | None
    log10_p: float | None


@dataclass(frozen=True)
class Row:
    """One row of a Cox table.

    Attributes
    ----------
    term : str
        The term as the spec names it.
    level, reference : str or None
        For a category: this level is compared with that one.
    n, events : int
        Of the level for a category, of the model's patients for a number.
    coef, std_error, hazard_ratio, conf_low, conf_high, p_value : float or None
        None where the data do not determine them.
    """

    term: str
    level: str | None
    reference: str | None
    n: int
    events: int
    coef: float | None = None
    std_error: float | None = None
    hazard_ratio: float | None = None
    conf_low: float | None = None
    conf_high: float | None = None
    p_value: float | None = None
