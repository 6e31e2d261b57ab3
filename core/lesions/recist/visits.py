"""What the name of a visit says: its order, and how long after the baseline it was."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from core.lesions.recist.vocabulary import plain
from core.reading.cells import dates
from core.reading.roles.vocabulary import folded

_BASELINE = folded(
    "baseline|bl|base|screening|scr|pre|pretreatment|pre treatment|initial|before|before treatment|"
    "basis|ausgang|ausgangsbefund|basal|inicial|initiale|"
    "bilan initial|inizio|basale|基线|基線|治疗前|ベースライン"
)
_UNITS = {
    "d": 1.0, "day": 1.0, "days": 1.0, "tag": 1.0, "jour": 1.0, "dia": 1.0,
    "w": 7.0, "wk": 7.0, "wks": 7.0, "week": 7.0, "weeks": 7.0, "woche": 7.0, "semaine": 7.0,
    "semana": 7.0, "settimana": 7.0, "周": 7.0,
    "m": 30.4375, "mo": 30.4375, "month": 30.4375, "months": 30.4375, "monat": 30.4375,
    "mois": 30.4375, "mes": 30.4375, "mese": 30.4375,
}  # fmt: skip
_COUNTED = (
    r"visit|v|cycle|c|fu|follow up|followup|assessment|scan|ct|time point|timepoint|tp|staging|"
    r"evaluation|eval|visite|visita|zyklus|cura|cure|ciclo|bilan|"
    r"untersuchung|访视|周期|tumor assessment|restaging|post"
)
_TIMED = re.compile(
    rf"(?:({'|'.join(_UNITS)}) ?(\d+(?:\.\d+)?)|(\d+(?:\.\d+)?) ?({'|'.join(_UNITS)}))(?: \w)?"
)
_NUMBERED = re.compile(rf"(?:(?:after )?(?:{_COUNTED}) ?)?(\d+(?:\.\d+)?)(?:st|nd|rd|th)?(?: \w)?")
_UNPLANNED = re.compile(r"(?:unscheduled|uns|unplanned|unsch)(?: (\d+(?:\.\d+)?))?")


@dataclass(frozen=True)
class Visit:
    """What a visit's name says.

    Attributes
    ----------
    rank : float
        Its place among the visits; the baseline is before all others. NaN: it does not say.
    day : float
        Days after the baseline, NaN where the name is not a time.
    date : str
        ISO date, empty where the name is none.
    """

    rank: float = math.nan
    day: float = math.nan
    date: str = ""


def parse(name: object, order: str = "dmy") -> Visit | None:
    """Read the name of a visit.

    Parameters
    ----------
    name : object
    order : {"dmy", "mdy"}
        Of a date that does not say itself which number is the day.

    Returns
    -------
    Visit or None
        None where the name is no visit's.

    Examples
    --------
    >>> parse("Baseline"), parse("Week 8")
    (Visit(rank=-1.0, day=0.0, date=''), Visit(rank=56.0, day=56.0, date=''))
    >>> parse("cycle 2"), parse("liver")
    (Visit(rank=2.0, day=nan, date=''), None)
    >>> parse("2020-03-01").date, parse("01.03.2020").date
    ('2020-03-01', '2020-03-01')
    """
    raw = str(name).strip()
    if (written := dates.parse(raw)) is not None:
        iso = written.iso(order, dates.CENTURY)
        return None if iso is None else Visit(date=iso[:10])
    text = _spaced(raw)
    if text in _BASELINE:
        return Visit(-1.0, 0.0)
    if (timed := _TIMED.fullmatch(text)) is not None:
        unit, number = (timed[1], timed[2]) if timed[1] else (timed[4], timed[3])
        days = float(number) * _UNITS[unit]
        return Visit(days, days)
    if (numbered := _NUMBERED.fullmatch(text)) is not None:
        return Visit(float(numbered[1]))
    if (unplanned := _UNPLANNED.fullmatch(text)) is not None:
        return Visit(float(unplanned[1]) if unplanned[1] else math.nan)
    return None


def of_header(name: str, order: str = "dmy") -> Visit | None:
    """Read the visit in the header of a column, which may also name the measurement.

    Examples
    --------
    >>> of_header("size_baseline (mm)"), of_header("C2 diameter mm"), of_header("lesion no")
    (Visit(rank=-1.0, day=0.0, date=''), Visit(rank=2.0, day=nan, date=''), None)
    >>> of_header("size"), of_header("2")
    (None, None)
    """
    text = without_measure(name)
    if re.fullmatch(r"\d*(?:\.\d+)?", text):
        return None  # A lone number may be anything.
    return parse(text, order)


def without_measure(header: str) -> str:
    """Leave out the words and the unit of a size.

    Examples
    --------
    >>> without_measure("Week 8 size (mm)"), without_measure("01.02.2020"), without_measure("size")
    ('week 8', '01.02.2020', '')
    """
    bare = re.sub(r"[(\[](?:mm|cm)[)\]]|(?<![^\W_])(?:mm|cm)(?![^\W_])", " ", header, flags=re.I)
    bare = bare.strip(" _-")
    if dates.parse(bare) is not None:
        return bare
    return " ".join(w for w in _spaced(bare).split() if w not in _MEASURES)


_MEASURES = folded(
    "size diameter diam longest ld lesion sum target measurement short axis durchmesser grösse "
    "diametre taille diametro tamano 直径 大小 length"
)


def _spaced(text: str) -> str:
    """Put blanks between letters and numbers; a point stays where it is a decimal sign."""
    kept = re.sub(r"(?<=\d)\.(?=\d)", "\u0000", text)
    folded_text = plain(kept).replace("\u0000", ".")
    return re.sub(r"(?<=[^\W\d])(?=\d)", " ", folded_text)
