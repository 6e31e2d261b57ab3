"""Units of follow-up time and how one is turned into another."""

from __future__ import annotations

DAYS = {"days": 1.0, "weeks": 7.0, "months": 30.4375, "years": 365.25}
"""Days in one unit: a month is a twelfth of a Julian year."""


def convert(source: str, target: str) -> tuple[float, float]:
    """Return the pair (numerator, denominator) that turns `source` times into `target` times.

    The pair is applied as ``time * numerator / denominator`` so that 365.25 days are exactly
    12 months: a single rounded factor would not do that.

    Examples
    --------
    >>> n, d = convert("days", "months")
    >>> 365.25 * n / d
    12.0
    """
    return DAYS[source], DAYS[target]
