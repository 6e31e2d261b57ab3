"""How one number is written: decimal sign, thousands, limit and unit."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.reading.roles.names import unit_of, words
from core.reading.roles.vocabulary import UNIT_WORDS, fold, one_of

# Possessive, since giving back digits one by one takes for ever in a cell of 25,000 of them.
_PLAIN = re.compile(r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?|\.[0-9]++)(?:[eE][+-]?[0-9]++)?")
_PARTS = re.compile(
    r"(<=|>=|=<|=>|[<>≤≥])?\s*"
    r"([+-]?[0-9.,](?:[0-9.,]|['’ ](?=[0-9]))*(?:[eE][+-]?[0-9]+)?)\s*([^0-9\s.,+-].*)?"
)
_POINT = re.compile(
    r"[+-]?(?:(?:[1-9][0-9]{0,2}([,'’ ])[0-9]{3}(?:\1[0-9]{3})*|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)"
    r"(?:[eE][+-]?[0-9]+)?"
)
_USUAL = re.compile(r"[+-]?(?:0|[1-9][0-9]{0,14})(?:([.,])(?:[0-9]{1,2}|[0-9]{4,12}))?")
"""A number whose sign can only be the decimal one: most of them, so it is looked for first."""
_SWAP = str.maketrans(".,", ",.")
_CODE = re.compile(r"[+-]?(?:0[0-9]|[0-9]{16})")
_MOST = 40

# Full-width signs, and blanks and a minus that look like the plain ones. NFKC would also turn
# a small ² into a 2 beside the number.
_WIDE = {i: i - 0xFEE0 for i in range(0xFF01, 0xFF5F)} | dict.fromkeys(
    (0xA0, 0x2007, 0x2009, 0x202F, 0x3000), 0x20
)
_WIDE |= {0x2212: 0x2D, 0x200B: None, 0xFEFF: None}  # type: ignore[dict-item]

_BASE = one_of(
    "mm cm m µm g kg mg µg ng pg l dl ml µl nl fl cc mol mmol µmol nmol pmol fmol u iu ku miu mu "
    "µu bq kbq mbq gbq gy cgy hu % ‰ mut mb min h m2 cm2 mm2 m³ cm3 cm³ mm3 mm³ m² cm² mm² hpf "
    "mmhg bpm msv mci kcal °c mitoses"
)
_SAME = {"cm3": "cm³", "mm3": "mm³", "cm2": "cm²", "mm2": "mm²", "m2": "m²", "cc": "cm³"}
_SAME |= {"ug": "µg", "ul": "µl", "umol": "µmol", "percent": "%", "y": "years", "prozent": "%"}
_SHOWN = {"gy": "Gy", "cgy": "cGy", "hu": "HU", "bq": "Bq", "kbq": "kBq", "mbq": "MBq"}
_SHOWN |= {"gbq": "GBq", "u": "U", "iu": "IU", "ku": "kU", "mmhg": "mmHg", "hpf": "HPF"}


@dataclass(frozen=True)
class Written:
    """What one word says if it is a number.

    Attributes
    ----------
    point, comma : float or None
        The number with a decimal point, and with a decimal comma; None where it is none.
    limit : str
        ``<``, ``>``, ``≤`` or ``≥`` in front of it.
    unit : str
        Unit behind it; a unit of time as days, weeks, months or years.
    code : bool
        Whether leading zeros or more than 15 digits make it a code.
    """

    point: float | None
    comma: float | None
    limit: str = ""
    unit: str = ""
    code: bool = False

    def value(self, style: str) -> float | None:
        """The number under one of the two decimal signs."""
        return self.comma if style == "comma" else self.point


def is_number(cell: str) -> bool:
    """Whether a cell is a finite number, written plainly: no hex, underscores, inf or nan.

    Examples
    --------
    >>> [is_number(c) for c in ("-1.5e3", "1_000", "inf", "0x1F", "1,5")]
    [True, False, False, False, False]
    """
    return _PLAIN.fullmatch(cell) is not None and abs(float(cell)) < float("inf")


def plainly(word: str) -> str:
    r"""Write full-width signs, odd blanks and the minus sign as the plain ones.

    Examples
    --------
    >>> plainly("\uff11\uff12.5\u3000mm")
    '12.5 mm'
    """
    return word if word.isascii() else word.translate(_WIDE).strip()


def parse(word: str) -> Written | None:
    """Read a word as a number, with what may stand around it.

    Returns
    -------
    Written or None
        None where the word is no number under either decimal sign.

    Examples
    --------
    >>> parse("1.234,5").comma, parse("1,234").point, parse("1,234").comma
    (1234.5, 1234.0, 1.234)
    >>> found = parse("> 12 mo")
    >>> found.point, found.limit, found.unit
    (12.0, '>', 'months')
    >>> parse("2A"), parse("1-2"), parse("1_000")
    (None, None, None)
    """
    if len(word) > _MOST:
        return None
    if (usual := _USUAL.fullmatch(word)) is not None:
        sign = usual.group(1)
        value = float(word.replace(",", ".") if sign == "," else word)
        return Written(None if sign == "," else value, None if sign == "." else value)
    found = _PARTS.fullmatch(plainly(word).removeprefix("'"))
    if found is None:
        return None
    limit, body, behind = found.groups()
    unit = _unit(behind) if behind else ""
    if unit is None:
        return None
    point, comma = _float(body), _float(body.translate(_SWAP))
    if point is None and comma is None:
        return None
    sign = {"<=": "≤", "=<": "≤", ">=": "≥", "=>": "≥"}.get(limit or "", limit or "")
    return Written(point, comma, sign, unit, _CODE.match(body) is not None)


def _float(body: str) -> float | None:
    found = _POINT.fullmatch(body)
    if found is None:
        return None
    value = float(re.sub("[,'’ ]", "", body))
    return value if abs(value) < float("inf") else None


def stated_unit(name: str, unit: str) -> str:
    """Return the unit that a column's name or its own unit states, spelled as in `Written`.

    Examples
    --------
    >>> stated_unit("OS_MONTHS", ""), stated_unit("size (mm)", ""), stated_unit("pfs", "Monate")
    ('months', 'mm', 'months')
    """
    if unit:
        return _unit(unit.strip("()[] ")) or unit
    if (time := unit_of(name)) is not None:
        return time
    if {"age", "alter", "edad"} & set(words(name)):
        return "years"
    found = {_base(w) for w in words(name) if len(w) > 1 and w not in ("min", "mut", "fl", "mb")}
    known = found - {None}
    return str(known.pop()) if len(known) == 1 else ""


def _unit(behind: str) -> str | None:
    """Name a unit in one spelling; None for what is no unit, as the A of stage 2A."""
    text = behind.strip().rstrip(".")
    # 1L, 2L are lines of therapy, 3D is a picture, 2m may be anything.
    if len(text) == 1 and text.isalpha() and text not in "dghy天日周年月":
        return None
    plain = fold(text.replace("μ", "µ")).replace("μ", "µ")
    if (time := UNIT_WORDS.get(plain)) is not None:
        return time
    known = [_base(part.strip()) for part in plain.split("/")]
    if len(known) > 2 or None in known:
        return None
    return "/".join(filter(None, known))


def _base(part: str) -> str | None:
    one = _SAME.get(part, part)
    if one in UNIT_WORDS.values():
        return one
    return _SHOWN.get(one, one) if part in _BASE or part in _SAME else None
