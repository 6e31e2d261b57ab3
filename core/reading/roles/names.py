"""What a column's name says: words, units, and the stem that a time and its event share."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from core.reading.roles import vocabulary
from core.reading.roles.vocabulary import (
    CENSORING,
    DIRECT_EVENTS,
    ENDPOINTS,
    GENERIC_EVENTS,
    TIME_WORDS,
    UNIT_WORDS,
    without_marks,
)

_CJK = "\u3005\u3040-\u30ff\u4e00-\u9fff"
_WORD = re.compile(rf"[a-z\u00df-\u024f]+|[0-9]+|[{_CJK}]+|[^\W\d_]+")
# A unit that is glued to a name: osmonths, Überlebensmonate. "Percentage" does not end in Tage.
_GLUED = re.compile(r"(.{2,}?)(days|weeks|months|years|monaten?|wochen|jahren?|(?<=lebens)tage)")
_CJK_UNIT = re.compile(r"(.+?)(天数|日数|周数|週数|月数|年数|ヶ月|カ月|か月|个月)")
# German writes what belongs together in one word: Gesamtüberlebenszeit, Nachbeobachtungsdauer.
_TIME_PARTS = ("uberleben", "ueberleben", "nachbeobachtung", "beobachtungszeit", "nachsorgezeit")
_NO_DURATION = ("status", "datum", "rate", "art", "wahrscheinlichkeit")
_PERSON_ALONE = frozenset(
    ("patient", "pat", "pt", "subject", "patientin", "paciente", "paziente", "proband", "患者")
)
_LONG_LABEL = 7
LONGEST = 1_000
"""Characters of a name that are looked at: a damaged header can hold a hundred thousand."""


def words(name: str) -> tuple[str, ...]:
    """Cut a name into words without accents and in lower case.

    Examples
    --------
    >>> words("OS_MONTHS"), words("timeToDeath"), words("PFS(月)")
    (('os', 'months'), ('time', 'to', 'death'), ('pfs', '月'))
    >>> words("Überlebenszeit (Monate)"), words("Überlebensmonate")
    (('uberlebenszeit', 'monate'), ('uberlebens', 'monate'))
    """
    plain = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", without_marks(name[:LONGEST])).casefold()
    plain = re.sub(r"follow[\s_-]*up", "followup", plain)
    return tuple(part for word in _WORD.findall(plain) for part in _parts(word))


def _parts(word: str) -> tuple[str, ...]:
    if word in UNIT_WORDS:
        return (word,)
    glued = _GLUED.fullmatch(word) or _CJK_UNIT.fullmatch(word)
    return (word,) if glued is None else (glued[1], glued[2])


def says(said: Iterable[str], lexicon: Collection[str]) -> bool:
    """Whether one of the words is in a lexicon; Chinese and Japanese words also hold others.

    Examples
    --------
    >>> says(words("是否死亡"), DIRECT_EVENTS), says(words("deathly"), DIRECT_EVENTS)
    (True, False)
    """
    for word in said:
        if word in lexicon:
            return True
        if word[0] >= "\u3005" and any(
            len(entry) > 1 and entry[0] >= "\u3005" and entry in word for entry in lexicon
        ):
            return True
    return False


def unit_of(name: str) -> str | None:
    """Return the unit of time that a name says, or None when it says none or several.

    Examples
    --------
    >>> unit_of("Overall Survival (Months)"), unit_of("Überlebenszeit [Tage]"), unit_of("time")
    ('months', 'days', None)
    """
    units = {UNIT_WORDS[w] for w in words(name) if w in UNIT_WORDS}
    return units.pop() if len(units) == 1 else None


def stem(name: str) -> tuple[str, ...]:
    """Return what is left of a name without its words of time, unit and status.

    Examples
    --------
    >>> stem("OS_MONTHS"), stem("OS_STATUS"), stem("dtime"), stem("censrec")
    (('os',), ('os',), ('d',), ('rec',))
    """
    return _stem(words(name))


def _stem(said: tuple[str, ...]) -> tuple[str, ...]:
    left = []
    if len(said) > 1 and said[0] in ("t", "e"):  # t.rfs and e.rfs
        said = said[1:]
    for word in said:
        if word in vocabulary.STEM_DROPS:
            continue
        for end in vocabulary.STEM_ENDS:
            if word.endswith(end) and word != end:
                word = word.removesuffix(end)
                break
        if word.startswith("cens") and len(word) > 5:
            word = word.removeprefix("cens")
        for end in ("状态", "状態", "时间", "時間", "期間"):
            word = word.removesuffix(end) or word
        left.append(word)
    return tuple(left)


def time_rank(name: str) -> int | None:
    """How strongly a name says that the column is a time: 1 most, 3 least, None not at all.

    Examples
    --------
    >>> time_rank("time"), time_rank("OS_MONTHS"), time_rank("week"), time_rank("age_years")
    (1, 2, 3, None)
    """
    said = words(name)
    if says(said, vocabulary.NOT_TIME) or any(w.endswith("status") for w in said):
        return None
    if len(said) == 1 and said[0] in vocabulary.LONE_TIMES:
        return 1
    if says(said, TIME_WORDS) or any(map(_is_duration, said)):
        return 2
    # A lone "year" is when a patient was treated.
    alone = said and all(w in UNIT_WORDS for w in said)
    return 3 if alone and not (len(said) == 1 and said[0] in vocabulary.CALENDAR) else None


def _is_duration(word: str) -> bool:
    if word.endswith("time"):
        return True
    return not word.endswith(_NO_DURATION) and any(part in word for part in _TIME_PARTS)


def event_rank(name: str) -> int | None:
    """How strongly a name says that the column is an event: 1 most, 3 least, None not at all.

    A receptor's "ER status" says nothing of an event, an "OS status" does.

    Examples
    --------
    >>> event_rank("status"), event_rank("Verstorben"), event_rank("cens"), event_rank("ER Status")
    (1, 2, 3, None)
    """
    said = words(name)
    if not said or says(said, vocabulary.NOT_EVENT):
        return None
    if set(said) <= GENERIC_EVENTS:
        return 1
    generic = says(said, GENERIC_EVENTS)
    if says(said, DIRECT_EVENTS) or (generic and says(said, TIME_WORDS)):
        return 2
    if any(w.endswith("status") and any(p in w for p in _TIME_PARTS) for w in said):
        return 2
    return 3 if is_censoring(name) else None


def is_censoring(name: str) -> bool:
    """Whether a name speaks of censoring: then 1 can mean either.

    Examples
    --------
    >>> is_censoring("CNSR"), is_censoring("Zensiert"), is_censoring("status")
    (True, True, False)
    """
    said = words(name)
    return any(w.startswith(tuple(CENSORING)) for w in said) or says(said, CENSORING)


def is_id(name: str) -> bool:
    """Whether a name is that of a patient identifier.

    Examples
    --------
    >>> is_id("Patient ID"), is_id("USUBJID"), is_id("Patienten-Nr."), is_id("Study ID")
    (True, True, True, False)
    """
    said = words(name)
    if not said or says(said, vocabulary.NOT_IDS):
        return False
    if said[-1] in vocabulary.IDS or (len(said) == 1 and said[0] in _PERSON_ALONE):
        return True
    if says(said[-1:], vocabulary.IDS):
        return True
    return said[-1] in vocabulary.NUMBERS and says(said[:-1], vocabulary.PERSONS)


def is_person(name: str) -> bool:
    """Whether the name of an identifier says that it is that of a patient.

    Examples
    --------
    >>> is_person("USUBJID"), is_person("Patienten-Nr."), is_person("ID")
    (True, True, False)
    """
    said = words(name)
    known = ("pid", "usubjid", "subjid", "patientid", "patid")
    return any(w in known for w in said) or any(
        w.startswith(("patient", "pacient", "pazient")) or says((w,), vocabulary.PERSONS)
        for w in said
    )


def is_entry(name: str) -> bool:
    """Whether a name is that of a delayed entry.

    Examples
    --------
    >>> is_entry("entry"), is_entry("Delayed entry (months)"), is_entry("month of data entry")
    (True, True, False)
    """
    said = [w for w in words(name) if w not in UNIT_WORDS and w not in ("time", "left", "of")]
    return bool(said) and set(said) <= vocabulary.ENTRIES


def endpoint_of(name: str) -> str | None:
    """Return the endpoint that a name speaks of, spelled out, or None.

    Examples
    --------
    >>> endpoint_of("DMFS_MONTHS"), endpoint_of("Gesamtüberleben (Monate)"), endpoint_of("time")
    ('Distant metastasis-free survival', 'Overall survival', None)
    """
    for word in stem(name):
        for entry in (word, word.removesuffix("s")):
            if entry in ENDPOINTS:
                return ENDPOINTS[entry]
    return None


def date_role(name: str) -> str | None:
    """Tell which date of a follow-up a name speaks of: ``start``, ``end``, or None.

    Examples
    --------
    >>> date_role("date of diagnosis"), date_role("Letzter Kontakt"), date_role("death date")
    ('start', 'end', None)
    """
    said = words(name)
    if says(said, DIRECT_EVENTS):
        return None
    if says(said, vocabulary.LASTS):
        return "end"
    return "start" if says(said, vocabulary.STARTS) else None


def is_mute(name: str) -> bool:
    """Whether a name says nothing, so that the column is known by its label only.

    Examples
    --------
    >>> is_mute("v7"), is_mute("Q12_a"), is_mute("OS")
    (True, True, False)
    """
    said = words(name)
    return all(len(w) <= 3 for w in said) and any(w.isdigit() for w in said)


def is_label(text: str) -> bool:
    """Whether a label is short enough to speak of its column and of nothing else.

    Examples
    --------
    >>> is_label("Overall survival (months)"), is_label("")
    (True, False)
    """
    return 0 < len(text.split()) <= _LONG_LABEL
