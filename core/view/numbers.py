"""How numbers are printed: the rules of journals, in one place."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal

NOT_REACHED = "NR"
"""A median or limit that the curve does not reach."""
NOT_ESTIMABLE = "not estimable"
LONGEST = Context(prec=400)
"""Digits enough for the largest number that there is."""
TIME_DECIMALS = {"days": 0, "weeks": 1, "months": 1, "years": 2}


def fixed(value: float, decimals: int) -> str:
    """Round half away from zero, as journals and SPSS print, and not half to even.

    Examples
    --------
    >>> fixed(0.125, 2), fixed(16.65, 1), fixed(-0.0001, 2)
    ('0.13', '16.7', '0.00')
    """
    step = Decimal(1).scaleb(-decimals)
    rounded = Decimal(repr(float(value))).quantize(step, ROUND_HALF_UP, LONGEST)
    return f"{rounded if rounded else abs(rounded):f}"  # no minus before a zero


def p_value(p: float | None) -> str:
    """Print a p-value with its sign of relation: ``= 0.034``, ``< 0.001``.

    Examples
    --------
    >>> p_value(0.0342), p_value(0.0004), p_value(1.0)
    ('= 0.034', '< 0.001', '> 0.99')
    """
    bare = p_cell(p)
    return bare if bare == NOT_ESTIMABLE or bare[0] in "<>" else f"= {bare}"


def p_cell(p: float | None) -> str:
    """Print a p-value as it stands in the cell of a table: three decimals, ``< 0.001``."""
    if p is None:
        return NOT_ESTIMABLE
    if p < 0.001:
        return "< 0.001"
    return "> 0.99" if p > 0.9995 else fixed(p, 3)


def ratio(value: float | None, low: float | None, high: float | None) -> str:
    """Print a hazard ratio with its limits.

    Examples
    --------
    >>> ratio(0.3162, 0.1, 0.91)
    '0.32 (0.10–0.91)'
    """
    if value is None:
        return NOT_ESTIMABLE
    if low is None or high is None:
        return _ratio(value)
    return f"{_ratio(value)} ({_ratio(low)}–{_ratio(high)})"


def _ratio(value: float) -> str:
    if value >= 1000:
        return "> 1000"
    if 0 < value < 0.005:
        return "< 0.01"
    return fixed(value, 2 if value < 100 else 0)


def time(value: float | None, unit: str) -> str:
    """Print a time with the decimals that suit its unit; NR when it is not reached."""
    if value is None or math.isnan(value):
        return NOT_REACHED
    return fixed(value, TIME_DECIMALS[unit])


def measured_time(value: float | None, unit: str) -> str:
    """Print a mean time or a standard error of a time, one decimal more than a time has.

    Examples
    --------
    >>> measured_time(5.255376, "weeks"), measured_time(None, "weeks")
    ('5.26', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    return fixed(value, TIME_DECIMALS[unit] + 1)


def time_with_limits(value: float | None, low: float | None, high: float | None, unit: str) -> str:
    """Print a median with its limits.

    A median that is reached while neither limit is known has none that could be reached: SPSS
    leaves them out where the curve does not fall to 45 %.

    Examples
    --------
    >>> time_with_limits(11.94, 1.2, None, "months"), time_with_limits(11.94, None, None, "months")
    ('11.9 (1.2–NR)', '11.9 (limits not estimable)')
    """
    at, ends = time(value, unit), (time(low, unit), time(high, unit))
    if at != NOT_REACHED and ends == (NOT_REACHED, NOT_REACHED):
        return f"{at} (limits {NOT_ESTIMABLE})"
    return f"{at} ({ends[0]}–{ends[1]})"


def percent(value: float | None) -> str:
    """Print a probability as a percentage without decimals, ``–`` when it is missing."""
    return "–" if value is None or math.isnan(value) else fixed(100 * value, 0)


def percent_with_limits(value: float | None, low: float | None, high: float | None) -> str:
    """Print a survival probability with its limits.

    Examples
    --------
    >>> percent_with_limits(0.714, 0.66, 0.76)
    '71% (66–76)'
    """
    if value is None or math.isnan(value):
        return "–"
    if low is None or high is None or math.isnan(low) or math.isnan(high):
        return f"{percent(value)}%"
    return f"{percent(value)}% ({percent(low)}–{percent(high)})"


def count(n: int) -> str:
    """Print a count with separators from ten thousand on.

    Examples
    --------
    >>> count(2982), count(120000)
    ('2982', '120,000')
    """
    return f"{n:,}" if n >= 10000 else str(n)
