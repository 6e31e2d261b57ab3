"""How one date is written, and what it is once the order of its parts is known."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from core.reading.cells.numerals import plainly
from core.reading.roles.names import words
from core.reading.roles.vocabulary import fold, folded

_TIME = (
    r"(?:[T ,]+(\d{1,2}):(\d\d)(?::(\d\d)(\.\d+)?)?\s*([ap]\.?m\.?)?"
    r"(?:\s*(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?"
)
_YEAR_FIRST = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})" + _TIME, re.IGNORECASE | re.ASCII)
_CHINESE = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?" + _TIME, re.ASCII)
_TWO_FIRST = re.compile(
    r"(\d{1,2})\s*([-/.])\s*(\d{1,2})\s*\2\s*(\d{4}|\d\d)" + _TIME, re.IGNORECASE | re.ASCII
)
_DAY_NAME = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|º|°)?[-./ ]*(?:de |of )?([^\W\d_]{3,10})[-./, ]*(?:de |del )?"
    r"(\d{4}|\d\d)" + _TIME,
    re.IGNORECASE,
)
_NAME_DAY = re.compile(
    r"([^\W\d_]{3,10})[-./ ]+(\d{1,2})(?:st|nd|rd|th)?[-./, ]+(\d{4}|\d\d)" + _TIME, re.IGNORECASE
)
_PARTIAL = re.compile(
    r"\d{4}|\d{4}[-/.]\d{1,2}|\d{1,2}[-/.]\d{4}|[^\W\d_]{3,10}[-./ ]+\d{4}|"
    r"\d{4}\s*年(?:\s*\d{1,2}\s*月)?|[^\W_]{2,3}[-/.][^\W_]{2,3}[-/.]\d{4}"
)
_USUAL = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:[T ]((?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d))?", re.ASCII)
"""What most large tables have: it is looked for first."""
_ISO = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*)?", re.ASCII)
_MOST = 45

_MONTHS = (
    "jan january januar jänner janvier janv enero ene gennaio gen januari",
    "feb february februar février févr fév febrero febbraio februari",
    "mar march märz mrz mär mars marzo maart mrt",
    "apr april avril avr abril abr aprile",
    "may mai mayo maggio mag mei",
    "jun june juni juin junio giugno giu",
    "jul july juli juillet juil julio luglio lug",
    "aug august août aoû agosto ago augustus",
    "sep sept september septembre septiembre settembre set",
    "oct october oktober okt octobre octubre ottobre ott",
    "nov november novembre noviembre",
    "dec december dezember dez décembre déc diciembre dic dicembre",
)
_NUMBER_OF = {name: i for i, listed in enumerate(_MONTHS, 1) for name in folded(listed)}

EPOCHS = {"serial": date(1899, 12, 30), "serial1904": date(1904, 1, 1)}
"""The day 0 of a spreadsheet's dates; right for every serial from 61 on."""

SERIALS = (20_000.0, 60_000.0)
"""Days of the years 1954 to 2064: numbers that are probably dates of a spreadsheet."""

CENTURY = 1930
"""Two-digit years are those of 1930 to 2029, as in spreadsheets, ..."""

BIRTH_CENTURY = 1911
"""... and of 1911 to 2010 in a date of birth. Fixed, so that a link reads the same next year."""

PLACEHOLDERS = frozenset(
    (
        "1800-01-01",
        "1899-12-30",
        "1899-12-31",
        "1900-01-01",
        "1904-01-01",
        "2099-12-31",
        "9999-12-31",
        "2999-12-31",
        "1111-11-11",
        "9999-09-09",
    )
)
"""Dates that programs write where none is known."""

_NAME = re.compile(r"\b(?:date|dates|dat|datum|fecha|data|dob|dt|dod|geburtsdatum)\b")
_NAME_END = re.compile(r"(?<!up)(?<!candi)(?<!vali)date\b|datum\b|dtc?\b")
_BIRTH = re.compile(r"\b(?:dob|birth|birthday|born|geburt|geb|nacimiento|naissance|nascita)|birth")


@dataclass(frozen=True)
class Written:
    """The parts of a date as they stand in the cell.

    Attributes
    ----------
    first, second : int
        Month and day where `sure`, otherwise the first and second of two numbers.
    year : int
    short : bool
        Whether the year has two digits.
    sure : bool
        Whether the order of day and month is clear: the year is in front or the month a word.
    sign : str
        What stands between the parts.
    time : str
        ``HH:MM:SS`` behind the date, empty at midnight or without one.
    """

    first: int
    second: int
    year: int
    short: bool = False
    sure: bool = True
    sign: str = "-"
    time: str = ""

    def iso(self, order: str, century: int) -> str | None:
        """The date in ISO form, or None when the calendar has no such day.

        Parameters
        ----------
        order : {"dmy", "mdy", "ymd"}
            Used where the parts do not say themselves which is the day.
        century : int
            First of the 100 years that two-digit years fall in.
        """
        month, day, year = self.first, self.second, self.year
        if order == "ymd" and self.short and not self.sure:
            year, month, day = self.first, self.second, self.year
        elif order == "dmy" and not self.sure:
            month, day = day, month
        year = century + (year - century) % 100 if self.short else year
        try:
            text = date(year, month, day).isoformat()
        except ValueError:
            return None
        return f"{text} {self.time}" if self.time else text


def parse(word: str) -> Written | None:
    """Take a date apart.

    Returns
    -------
    Written or None
        None when the word is not written like a full date. A day that the calendar does not
        have (31/02/2020) is told by `Written.iso`.

    Examples
    --------
    >>> parse("2018-04-03").iso("dmy", 1930), parse("3. April 2018").iso("dmy", 1930)
    ('2018-04-03', '2018-04-03')
    >>> parse("03/04/18").iso("dmy", 1930), parse("03/04/18").iso("mdy", 1930)
    ('2018-04-03', '2018-03-04')
    >>> parse("2018年4月3日").iso("dmy", 1930), parse("31/02/2020").iso("dmy", 1930)
    ('2018-04-03', None)
    >>> parse("2018-04"), parse("12.5")
    (None, None)
    """
    if (usual := _USUAL.fullmatch(word)) is not None:
        year, month, day, at = usual.groups()
        at = "" if at in (None, "00:00:00") else at
        return Written(int(month), int(day), int(year), time=at)
    if len(word) > _MOST or not word[-1:].strip() or not re.search(r"\d", word):
        return None
    text = plainly(word)
    if found := _YEAR_FIRST.fullmatch(text):
        year, _, month, day, *clock = found.groups()
        return _made(month, day, year, clock)
    if found := _CHINESE.fullmatch(text):
        year, month, day, *clock = found.groups()[:7]
        return _made(month, day, year, [*clock, None])
    if found := _TWO_FIRST.fullmatch(text):
        first, sign, second, year, *clock = found.groups()
        return _made(first, second, year, clock, sign)
    if found := _DAY_NAME.fullmatch(text):
        day, name, year, *clock = found.groups()
    elif found := _NAME_DAY.fullmatch(text):
        name, day, year, *clock = found.groups()
    else:
        return None
    month = _NUMBER_OF.get(fold(name))
    return None if month is None else _made(str(month), day, year, clock)


def _made(
    first: str, second: str, year: str, clock: list[str | None], sign: str = ""
) -> Written | None:
    time = _time(clock)
    if time is None:
        return None
    parts = (int(first), int(second), int(year))
    return Written(*parts, short=len(year) == 2, sure=not sign, sign=sign or "-", time=time)


def _time(clock: list[str | None]) -> str | None:
    """Write a time of day; empty at midnight, None when there is no such time."""
    hour, minute, second, part, half = (*clock, None, None, None)[:5]
    if hour is None:
        return ""
    h, m, s = int(hour), int(minute or 0), int(second or 0)
    if half:
        if not 1 <= h <= 12:
            return None
        h = h % 12 + (12 if half[0] in "pP" else 0)
    if h > 23 or m > 59 or s > 59:
        return None
    tail = (part or "").rstrip("0").rstrip(".")
    return f"{h:02}:{m:02}:{s:02}{tail}" if (h, m, s) != (0, 0, 0) or tail else ""


def is_iso(word: str) -> bool:
    """Whether a word is an ISO date already, with or without a time, and in the calendar.

    Examples
    --------
    >>> is_iso("2020-02-29"), is_iso("2020-02-30"), is_iso("2020-2-9")
    (True, False, False)
    """
    found = parse(word) if is_written_iso(word) else None
    return found is not None and found.iso("dmy", CENTURY) is not None


def is_written_iso(word: str) -> bool:
    """Whether a word is written like an ISO date, be it in the calendar or not.

    Examples
    --------
    >>> is_written_iso("2020-02-30"), is_written_iso("2020-2-9")
    (True, False)
    """
    return _ISO.fullmatch(word) is not None


def is_partial(word: str) -> bool:
    """Whether a word is a date without its day, or a year.

    Examples
    --------
    >>> [is_partial(w) for w in ("2018-04", "Apr 2018", "2018", "UN-APR-2018", "12")]
    [True, True, True, True, False]
    """
    return len(word) <= _MOST and _PARTIAL.fullmatch(plainly(word)) is not None


def from_serial(value: float, system: str) -> str | None:
    """Turn the number of a day in a spreadsheet into an ISO date; parts of a day are cut off.

    Examples
    --------
    >>> from_serial(43831.0, "serial"), from_serial(42369.0, "serial1904")
    ('2020-01-01', '2020-01-01')
    """
    if not 61 <= value < 2_958_466:
        return None
    try:
        return (EPOCHS[system] + timedelta(days=int(value))).isoformat()
    except OverflowError:
        return None


def says_date(name: str) -> bool:
    """Whether a column's name says that it holds dates.

    Examples
    --------
    >>> [says_date(n) for n in ("diagnosis_date", "Geburtsdatum", "手术日期", "update", "age")]
    [True, True, True, False, False]
    """
    said = fold(" ".join(words(name)))
    if _NAME.search(said) or _NAME_END.search(said) or says_birth(name):
        return True
    return any(w in name for w in ("日期", "日付", "年月日", "生日", "診断日", "手術日"))


def says_birth(name: str) -> bool:
    """Whether a column's name says that it holds dates of birth.

    Examples
    --------
    >>> says_birth("DOB"), says_birth("date of birth"), says_birth("fecha")
    (True, True, False)
    """
    said = fold(" ".join(words(name)))
    return _BIRTH.search(said) is not None or any(w in name for w in ("出生", "生年月日", "生日"))
