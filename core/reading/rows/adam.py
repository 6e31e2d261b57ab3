"""CDISC ADaM tables of times to event (ADTTE): one endpoint per parameter, CNSR 0 is the event."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from core.dataset import Dataset, Endpoint
from core.filters import Condition
from core.notes import Note, counted
from core.reading.roles import names
from core.reading.roles.coding import short, values_of
from core.reading.roles.vocabulary import UNIT_WORDS, fold

_BRACKETS = re.compile(r"\s*[(\[\uff08]([^()\[\]\uff08\uff09]+)[)\]\uff09]")
_SHOWN = 8


def is_adtte(dataset: Dataset) -> bool:
    r"""Whether a table is an ADaM one of times to event.

    Its columns PARAMCD or PARAM, AVAL, CNSR and USUBJID or SUBJID say so, in capitals or not; AVAL
    must hold numbers.

    Examples
    --------
    >>> from core.reading import read
    >>> is_adtte(read(b"USUBJID,PARAMCD,AVAL,CNSR\nA,OS,30,0\nB,OS,41,1\n", "adtte.csv"))
    True
    >>> is_adtte(read(b"id,time,cens\n1,30,0\n2,41,1\n", "a.csv"))
    False
    """
    named = _columns(dataset)
    return (
        {"AVAL", "CNSR"} <= set(named)
        and bool({"PARAMCD", "PARAM"} & set(named))
        and bool({"USUBJID", "SUBJID"} & set(named))
        and dataset.variables[named["AVAL"]].kind == "number"
    )


def _columns(dataset: Dataset) -> dict[str, str]:
    """The columns by their names in capitals; of two the first counts."""
    found: dict[str, str] = {}
    for name in dataset.variables:
        found.setdefault(name.upper(), name)
    return found


def endpoints(dataset: Dataset) -> tuple[tuple[Endpoint, ...], tuple[Note, ...]]:
    r"""List the endpoints of an ADaM table of times to event, in order of their codes.

    Parameters
    ----------
    dataset : Dataset
        One that `is_adtte`.

    Returns
    -------
    endpoints : tuple of Endpoint
        One per PARAMCD (or PARAM) with any AVAL and CNSR. The event is CNSR 0; every other number
        is a reason for censoring. `unit` is empty where it is given and is none of days, weeks,
        months and years; `event_is` is () where CNSR holds anything but whole numbers.
    notes : tuple of Note

    Examples
    --------
    >>> from core.reading import read
    >>> rows = b"A,PFS (Months),PFS,3.5,0\nB,PFS (Months),PFS,4.1,1\n"
    >>> found, notes = endpoints(read(b"USUBJID,PARAM,PARAMCD,AVAL,CNSR\n" + rows, "adtte.csv"))
    >>> found[0].label, found[0].unit, found[0].event_is
    ('PFS', 'months', ('0',))
    """
    named = _columns(dataset)
    column = named.get("PARAMCD") or named["PARAM"]
    values = values_of(dataset, column)
    found: list[Endpoint] = []
    notes: list[Note] = []
    event_is = _event_is(dataset, named["CNSR"], notes)
    for value in values:
        code = dataset.frame[column]
        rows = dataset.frame[code == (value if code.dtype == object else float(value))]
        if rows[named["AVAL"]].isna().all() or rows[named["CNSR"]].isna().all():
            text = f"'{short(value)}' has no times or no CNSR, so it is no endpoint."
            notes.append(Note("warning", column, text, "excluded", len(rows)))
            continue
        text = _text(rows, named.get("PARAM"))
        spoken = text if _unit_in(text) else dataset.variables[named["AVAL"]].label
        unit = _unit(rows, named.get("AVALU"), spoken, notes, about=(value, named["AVAL"]))
        # A single parameter needs no filter, unless some rows belong to none.
        single = len(values) == 1 and not code.isna().any()
        where = () if single else (str(Condition(column, "=", (value,))),)
        label = _label(text) or names.endpoint_of(value) or value
        time, event = named["AVAL"], named["CNSR"]
        found.append(Endpoint(label, time, unit, event, event_is, where=where))
    return tuple(found), (_told(found, column, values), *notes)


def _told(found: list[Endpoint], column: str, values: tuple[str, ...]) -> Note:
    listed = ", ".join(map(short, values[:_SHOWN])) + ", ..." * (len(values) > _SHOWN)
    many = counted(len(found), "endpoint")
    text = f"The table is an ADaM table of times to event with {many} by '{column}': {listed}. "
    text += "CNSR 0 means the event happened, any other number that the time was censored."
    return Note("info", column, text, "read", len(found))


def _event_is(dataset: Dataset, column: str, notes: list[Note]) -> tuple[str, ...]:
    values = values_of(dataset, column)
    if not all(v.isdigit() for v in values):
        text = f"'{column}' holds other than whole numbers from 0 on, which ADaM does not know: "
        text += "say which of its values mean that the event happened."
        notes.append(Note("warning", column, text, "suspect"))
        return ()
    if (n := _turned_round(dataset, column)) > 0:
        text = f"In {counted(n, 'row')} {column} is 0, which means an event in an ADaM table, and "
        text += (
            "there is a reason for censoring, which most others lack: it may be coded the other "
        )
        text += "way round."
        notes.append(Note("warning", column, text, "suspect", n))
    return ("0",)


def _turned_round(dataset: Dataset, column: str) -> int:
    """Rows that CNSR makes events and CNSDTDSC censored, if that is the rule in the table."""
    reason = _columns(dataset).get("CNSDTDSC")
    if reason is None:
        return 0
    censored = dataset.frame[reason].notna().to_numpy()
    code = pd.to_numeric(dataset.frame[column], errors="coerce").to_numpy(dtype=float)
    event, other = code == 0, code > 0
    if not (event.any() and other.any()):
        return 0
    turned = float(np.mean(censored[event])) > 0.5 > float(np.mean(censored[other]))
    return int((censored & event).sum()) if turned else 0


def _text(rows: pd.DataFrame, column: str | None) -> str:
    """What PARAM says of these rows; empty without it."""
    if column is None or rows[column].dtype != object:
        return ""
    said = rows[column].dropna()
    return str(said.iloc[0]) if len(said) else ""


def _label(text: str) -> str:
    """PARAM without the unit in brackets behind it."""
    found = list(_BRACKETS.finditer(text))
    if found and names.unit_of(found[-1][1]) and found[-1].end() == len(text.rstrip()):
        return text[: found[-1].start()].strip()
    return text.strip()


def _unit(
    rows: pd.DataFrame, column: str | None, text: str, notes: list[Note], *, about: tuple[str, str]
) -> str:
    """The unit by AVALU, else by the words of PARAM or AVAL's label, else days, as ADaM's dates."""
    parameter, aval = short(about[0]), about[1]
    by_text = _unit_in(text)
    said = [str(v) for v in rows[column].dropna().unique()] if column is not None else []
    if said:
        units = {UNIT_WORDS.get(fold(v).strip(), "") for v in said}
        unit = units.pop() if len(units) == 1 else ""
        if not unit:
            why = f"The unit of '{parameter}' in '{column}' is none of days, weeks, months and "
            why += "years, or not the same in all rows: say which one it is."
            notes.append(Note("warning", aval, why, "suspect", len(rows)))
        elif by_text not in ("", unit):
            why = f"'{column}' says that '{parameter}' is in {unit}, its name says {by_text}: the "
            notes.append(Note("warning", aval, why + "former was taken.", "suspect", len(rows)))
        return unit
    if by_text:
        return by_text
    why = f"Nothing says in which unit the times of '{parameter}' are: days were taken, as ADaM "
    notes.append(Note("warning", aval, why + "tables usually have them.", "suspect", len(rows)))
    return "days"


def _unit_in(text: str) -> str:
    """The unit in brackets or in the last word: "alive after 5 years, yes or no" names none."""
    for inside in reversed(_BRACKETS.findall(text)):
        if unit := names.unit_of(inside):
            return unit
    said = names.words(text)
    return UNIT_WORDS.get(said[-1], "") if said else ""
