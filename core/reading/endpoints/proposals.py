"""Endpoints that the dates of a table could make, found by the names of their columns."""

from __future__ import annotations

import re
from dataclasses import dataclass

from core.dataset import Dataset
from core.reading.checks.lint_facts import spaced
from core.reading.checks.lint_times import DEATH, LAST
from core.reading.roles import names
from core.reading.roles.coding import coding_of
from core.steps import Step

_PROGRESSION = r"progress|progred|\bpd\b|进展|増悪"
_RECURRENCE = r"recurr|relaps|rezidiv|recidiv|recaid|ruckfall|rueckfall|rechute|metasta|复发|再発"
_TREATMENT = r"treat|therap|chemo|\bdose\b|trait|tratam|trattam|behandl|\bcycle|zyklus|治疗|治療"
_BEGIN = r"start|begin|first|erst|debut|inici|inizi|prim|开始|開始"
_CONTACT = r"follow|contact|kontakt|nachsorge|suivi|seguim|随访|追跡|最終|末次"
_LAST = rf"{LAST}|lstalv"

_STARTS = {
    "randomisation": r"randomi[sz]|\branddtm?\b|随机|無作為",
    "enrolment": r"enrol|inclusion|einschluss|registr|\brfstdtc\b|入组|登録",
    "treatment": rf"(?:{_TREATMENT}).*(?:{_BEGIN})|(?:{_BEGIN}).*(?:{_TREATMENT})|\btrtsdtm?\b",
    "diagnosis": r"diagnos|\bdx\b|\bed\b|诊断|確定診断|診断|确诊",
    "surgery": r"surg|operat|\bop\b|resect|resekt|chirurg|cirug|手术|手術",
    "start": r"\bstart|\bbaseline\b|\bbeginn?\b",
}
"""Dates that the follow-up can start from, in order of preference."""

_OTHER = r"birth|geburt|naiss|nacim|nascita|nascim|出生|生年月日|cause|plan|cut ?off"
_VITAL = rf"{DEATH}|vital|alive|lebt|lebend|survival stat|\bos stat|生存"


@dataclass(frozen=True)
class Proposal:
    """An endpoint that can be made from dates.

    Attributes
    ----------
    label : str
        What it is called, for example "Overall survival".
    step : Step
        The step that makes it, in months.
    reason : str
        Why these columns, in words for the screen.
    """

    label: str
    step: Step
    reason: str


@dataclass(frozen=True)
class _Dates:
    """The columns of dates by what their names say, each list in the table's order."""

    starts: dict[str, str]
    progression: list[str]
    recurrence: list[str]
    death: list[str]
    last: list[str]


def propose(dataset: Dataset) -> tuple[Proposal, ...]:
    r"""Find the endpoints that the dates of a table could make; nothing is made.

    Parameters
    ----------
    dataset : Dataset

    Returns
    -------
    tuple of Proposal
        Overall survival first; empty when there is no start, no last contact, or nothing tells an
        event. Without a date of death a status tells who died on the last date.

    Examples
    --------
    >>> from core.reading import read
    >>> header = b"Diagnosedatum,Progressdatum,Sterbedatum,Letzter Kontakt\n"
    >>> table = read(header + b"2020-01-01,2020-03-01,2020-05-01,2020-05-01\n", "a.csv")
    >>> [p.label for p in propose(table)]
    ['Overall survival', 'Progression-free survival']
    >>> str(propose(table)[0].step)
    'endpoint(OS, start=Diagnosedatum, event=Sterbedatum, last=Letzter Kontakt, unit=months)'
    """
    dates = _dates(dataset)
    if not dates.starts or not dates.last:
        return ()
    status = () if dates.death else _status(dataset)
    dead = bool(dates.death or status)
    found = []
    if dead:
        found.append(_proposal("OS", dates, dates.death, status, first="randomisation"))
    if dates.progression:
        name = "PFS" if dead or _or_death(dates.progression) else "TTP"
        events = [*dates.progression, *(d for d in dates.death if d not in dates.progression)]
        found.append(_proposal(name, dates, events, status, first="randomisation"))
    if dates.recurrence:
        name = "DFS" if dead or _or_death(dates.recurrence) else "TTR"
        events = [*dates.recurrence, *(d for d in dates.death if d not in dates.recurrence)]
        found.append(_proposal(name, dates, events, status, first="surgery"))
    return tuple(found)


def _dates(dataset: Dataset) -> _Dates:
    found = _Dates({}, [], [], [], [])
    for variable in dataset.variables.values():
        if variable.kind == "date" and not re.search(_OTHER, said := spaced(variable.name)):
            _place(found, variable.name, said)
    return found


def _place(found: _Dates, column: str, said: str) -> None:
    """Put a column where its name belongs; "last treatment" and its like belong nowhere."""
    treated = re.search(_TREATMENT, said)
    progression, recurrence = re.search(_PROGRESSION, said), re.search(_RECURRENCE, said)
    death, last = re.search(DEATH, said), re.search(_LAST, said)
    if progression or recurrence:
        if not treated and not last:
            (found.progression if progression else found.recurrence).append(column)
    elif last and not (treated and not re.search(_CONTACT, said)):
        # "Death or last contact" is the last date of a patient; a status says which it is.
        found.last.append(column)
    elif death:
        found.death.append(column)
    elif not last:
        kind = next((k for k, pattern in _STARTS.items() if re.search(pattern, said)), None)
        if kind is not None:
            found.starts.setdefault(kind, column)


def _or_death(columns: list[str]) -> bool:
    return any(re.search(DEATH, spaced(column)) for column in columns)


def _status(dataset: Dataset) -> tuple[str, ...]:
    """The column that tells who died, and its values; empty without one that leaves no doubt."""
    for variable in dataset.variables.values():
        said = spaced(variable.name)
        vital = re.search(_VITAL, said)
        if variable.kind not in ("number", "category") or re.search(
            rf"{_PROGRESSION}|{_RECURRENCE}", said
        ):
            continue
        if not vital and names.event_rank(variable.name) != 1:
            continue
        coding = coding_of(dataset, variable.name)
        # Who died of something else died as well; of a mere "status" this is not known.
        if coding is not None and coding.event and (vital or not coding.competing):
            return (variable.name, *coding.event, *coding.competing)
    return ()


def _proposal(
    name: str, dates: _Dates, events: list[str], status: tuple[str, ...], *, first: str
) -> Proposal:
    kind = first if first in dates.starts else next(k for k in _STARTS if k in dates.starts)
    start, last = dates.starts[kind], dates.last[0]
    said = [f"start={start}", *(f"event={e}" for e in events), f"last={last}"]
    reason = f"by their names '{start}' is the start ({kind}), '{last}' the last contact"
    if events:
        reason += " and " + ", ".join(f"'{e}'" for e in events) + " the event"
    if status:
        column, *values = status
        said += [f"status={column}", *(f"is={value}" for value in values)]
        reason += f"; '{column}' tells who died"
    label = names.endpoint_of(name) or "Time to recurrence"
    return Proposal(label, Step("endpoint", (name, *said, "unit=months")), reason)
