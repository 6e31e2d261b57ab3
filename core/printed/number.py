"""Numbers as they are printed: how many decimals, and which values round to them.

Methods
-------
A printed number stands for every value that rounds to it: ``0.05`` for 0.045 to 0.055, both ends
included, so that it does not matter whether halves were rounded up, down or to even. ``< 0.001``
stands for 0 to 0.001. To compare a computed value with a printed one it is rounded half up, from
the shortest text that gives it back, to the printed decimals, as journals and SPSS round.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal

MISSING = frozenset(
    ("nr", "not reached", "ne", "not estimable", "na", "n/a", "not available", "-", "–", "—", ".")
)
"""What stands where there is no number, in small letters."""
_LONGEST = Context(prec=400)
_NUMBER = re.compile(r"([<>≤≥]?)\s*=?\s*([+-]?\d+(?:\.\d+)?|[+-]?\.\d+)\s*%?")


@dataclass(frozen=True)
class Printed:
    """A number as it is printed.

    Attributes
    ----------
    text : str
        As it stands.
    value : float
        NaN where there is none.
    decimals : int
        Digits after the point.
    low, high : float
        The values that round to it lie between these.
    sign : {"", "<", ">"}
    """

    text: str
    value: float
    decimals: int
    low: float
    high: float
    sign: str = ""

    @property
    def missing(self) -> bool:
        """Whether it says that there is no number."""
        return math.isnan(self.value)

    def meets(self, low: float, high: float) -> bool:
        """Whether a value between two others rounds to it."""
        slack = 1e-12 * (abs(low) + abs(high))
        return low - slack <= self.high and high + slack >= self.low

    def matches(self, value: float | None) -> bool:
        """Whether a value, rounded half up to the printed decimals, is the printed one.

        Examples
        --------
        >>> read("0.13").matches(0.125), read("< 0.001").matches(0.002), read("NR").matches(None)
        (True, False, True)
        """
        if value is None or math.isnan(value):
            return self.missing
        if self.missing:
            return False
        if self.sign:
            return value < self.value if self.sign == "<" else value > self.value
        return half_up(value, self.decimals) == half_up(self.value, self.decimals)


def read(text: str) -> Printed | None:
    """Read a printed number; None where the text is neither a number nor a word for none.

    A comma before exactly three digits separates thousands unless the number begins with 0; any
    other one, and a raised point, is a decimal point.

    Examples
    --------
    >>> read("0·45").low, read("1,234").value, read("0,049").value, read("16.60").decimals
    (0.445, 1234.0, 0.049, 2)
    >>> read("NR").missing, read("yes") is None
    (True, True)
    """
    plain = text.strip()
    if plain.casefold() in MISSING:
        return Printed(text, math.nan, 0, math.nan, math.nan)
    plain = plain.replace("−", "-").replace("·", ".").replace("\N{NO-BREAK SPACE}", "")
    if re.fullmatch(r"[^,]*\b[1-9]\d{0,2}(,\d{3})+(\.\d+)?[^,]*", plain):
        plain = plain.replace(",", "")
    found = _NUMBER.fullmatch(plain.replace(",", "."))
    if found is None:
        return None
    sign, digits = found[1].replace("≤", "<").replace("≥", ">"), found[2]
    value = Decimal(digits)
    decimals = len(digits.partition(".")[2])
    half = Decimal(5).scaleb(-decimals - 1)
    low, high = float(value - half), float(value + half)
    if sign == "<":
        low, high = 0.0, float(value)
    elif sign == ">":
        low, high = float(value), math.inf
    return Printed(text, float(value), decimals, low, high, sign)


def half_up(value: float, decimals: int) -> str:
    """Round half away from zero.

    Examples
    --------
    >>> half_up(0.125, 2), half_up(-0.001, 2)
    ('0.13', '0.00')
    """
    step = Decimal(1).scaleb(-decimals)
    rounded = Decimal(repr(float(value))).quantize(step, ROUND_HALF_UP, _LONGEST)
    return f"{rounded if rounded else abs(rounded):f}"


def short(value: float, digits: int = 3) -> str:
    """Write a number that a rule computed, with a few significant digits.

    Examples
    --------
    >>> short(0.034271), short(1454.2), short(0.5)
    ('0.0343', '1454', '0.5')
    """
    if value == 0 or not math.isfinite(value):
        return f"{value:g}"
    places = max(0, digits - 1 - math.floor(math.log10(abs(value))))
    text = half_up(value, places)
    return text.rstrip("0").rstrip(".") if "." in text else text


def between(low: float, high: float, digits: int = 3) -> str:
    """Write an interval with enough digits to tell its ends apart.

    Examples
    --------
    >>> between(0.0344, 0.03591), between(0.5, 0.5)
    ('0.0344 to 0.0359', '0.5')
    """
    for extra in range(3):
        a, b = short(low, digits + extra), short(high, digits + extra)
        if a != b:
            return f"{a} to {b}"
    return short(low, digits)
