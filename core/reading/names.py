"""What a column's name says: words, units, and the stem that a time and its event share."""

from __future__ import annotations

import re


def one_of(listed: str) -> frozenset[str]:
    """Read a list of words separated by blanks, or by bars where words have blanks in them.

    Examples
    --------
    >>> sorted(one_of("dead|died of disease"))
    ['dead', 'died of disease']
    """
    return frozenset(listed.split("|" if "|" in listed else None))


UNIT_WORDS = {
    **dict.fromkeys(("d", "day", "days", "天", "日"), "days"),
    **dict.fromkeys(("wk", "wks", "week", "weeks", "周"), "weeks"),
    **dict.fromkeys(("mo", "mos", "mon", "mth", "mths", "month", "months", "月", "个月"), "months"),
    **dict.fromkeys(("yr", "yrs", "year", "years", "年"), "years"),
}

ENDPOINTS = {
    "os": "Overall survival",
    "pfs": "Progression-free survival",
    "dfs": "Disease-free survival",
    "rfs": "Recurrence-free survival",
    "efs": "Event-free survival",
    "dss": "Disease-specific survival",
    "css": "Cancer-specific survival",
    "dmfs": "Distant metastasis-free survival",
    "lrfs": "Locoregional recurrence-free survival",
    "ttp": "Time to progression",
}

TIME_WORDS = frozenset(ENDPOINTS) | one_of(
    "time times futime survtime survival surv duration followup fu lenfol "
    "生存 生存期 生存时间 随访 随访时间"
)
# Words that make a column something else, even beside a word of time.
NOT_TIME = one_of(
    "id age birth diagnosis diag diagtime since from prior before entry interval "
    "status event date score risk group"
)

# "death_cause" or "prior_relapse" must not be taken for the event.
NOT_EVENT = frozenset(UNIT_WORDS) | one_of(
    "prior previous history cause date type site risk score time"
)
GENERIC_EVENTS = one_of("status stat event events fustat fstat vital 状态 结局 事件")
DIRECT_EVENTS = one_of(
    "death dead died deceased recur recurred recurrence relapse relapsed "
    "progression progressed metastasis arrest 死亡 复发 进展"
)
# With these, 1 may well mean that nothing happened.
REVERSED = one_of("alive living survival survived survivor surviving free vital 生存")
CENSORING = ("cens", "cnsr", "uncens", "删失")

_STEM_DROPS = (
    {"time", "times", "duration", "followup", "in", "to", "status", "stat", "event", "events"}
    | {"cens", "censor", "censored", "cnsr", "indicator", "flag", "状态", "事件", "时间"}
    | set(UNIT_WORDS)
)
_WORD = re.compile(r"[a-z]+|[0-9]+|[\u4e00-\u9fff]+")


def words(name: str) -> tuple[str, ...]:
    """Cut a name into words in lower case.

    Examples
    --------
    >>> words("OS_MONTHS"), words("timeToDeath"), words("PFS(月)")
    (('os', 'months'), ('time', 'to', 'death'), ('pfs', '月'))
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()
    spaced = re.sub(r"follow[\s_-]*up", "followup", spaced)
    return tuple(_WORD.findall(spaced))


def unit_of(name: str) -> str | None:
    """Return the unit of time that a name says, or None when it says none or several.

    Examples
    --------
    >>> unit_of("Overall Survival (Months)"), unit_of("time")
    ('months', None)
    """
    units = {UNIT_WORDS[w] for w in words(name) if w in UNIT_WORDS}
    return units.pop() if len(units) == 1 else None


def stem(name: str) -> tuple[str, ...]:
    """Return what is left of a name without its words of time, unit and status.

    Examples
    --------
    >>> stem("OS_MONTHS"), stem("OS_STATUS"), stem("dtime")
    (('os',), ('os',), ('d',))
    """
    left = []
    for word in words(name):
        if word in _STEM_DROPS:
            continue
        for end in ("time", "status", "stat", "event"):
            if word.endswith(end) and word != end:
                word = word.removesuffix(end)
                break
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
    if NOT_TIME & set(said):
        return None
    if said in (("time",), ("times",), ("futime",), ("survtime",), ("lenfol",)):
        return 1
    if TIME_WORDS & set(said) or any(w.endswith("time") for w in said):
        return 2
    # A lone "year" is when a patient was treated.
    alone = said and all(w in UNIT_WORDS for w in said) and said not in (("year",), ("d",), ("日",))
    return 3 if alone else None


def event_rank(name: str) -> int | None:
    """How strongly a name says that the column is an event: 1 most, 3 least, None not at all.

    A receptor's "ER status" says nothing of an event, an "OS status" does.

    Examples
    --------
    >>> event_rank("status"), event_rank("death"), event_rank("cens"), event_rank("ER Status")
    (1, 2, 3, None)
    """
    said = set(words(name))
    if not said or said & NOT_EVENT:
        return None
    if said <= GENERIC_EVENTS:
        return 1
    if said & DIRECT_EVENTS or (said & GENERIC_EVENTS and said & (TIME_WORDS | set(ENDPOINTS))):
        return 2
    return 3 if is_censoring(name) else None


def is_censoring(name: str) -> bool:
    """Whether a name speaks of censoring: then 1 can mean either.

    Examples
    --------
    >>> is_censoring("CNSR"), is_censoring("status")
    (True, False)
    """
    return any(w.startswith(CENSORING) for w in words(name))


def is_id(name: str) -> bool:
    """Whether a name is that of a patient identifier.

    Examples
    --------
    >>> is_id("Patient ID"), is_id("USUBJID"), is_id("Study ID")
    (True, True, False)
    """
    said = words(name)
    others = {"study", "trial", "site", "sample", "center", "centre", "hospital", "tumor", "other"}
    if others & set(said):
        return False
    known = {"id", "pid", "mrn", "usubjid", "subjid", "patientid", "patid", "编号", "病案号"}
    return bool(said) and (said[-1] in known or said in (("patient",), ("subject",), ("住院号",)))
