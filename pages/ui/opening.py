"""Open a cohort: once its roles are settled by a click, or by the dictionary of its study."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.dataset import Dataset, Endpoint
from core.errors import StratiscopeError
from core.inclusion import include
from core.reading.roles.filling import fill
from core.reading.roles.guessing import endpoints
from core.reading.roles.names import endpoint_of
from core.spec import AnalysisSpec
from pages.ui import frame, importing
from pages.ui.loading import Loaded

LONG = 400
"""Days of follow-up from which months are easier to read."""


def button(found: Loaded, asked: AnalysisSpec, chosen: Endpoint | None) -> None:
    """The button that opens the cohort, or what it still waits for; and what can be saved."""
    waits = _waits_for(found.dataset, asked)
    row = st.container(horizontal=True)
    row.button(
        "Open this cohort",
        type="primary",
        disabled=bool(waits),
        on_click=_open,
        args=(found, asked, chosen),
    )
    if waits:
        row.caption(f"Say {waits}.")
    table = found if waits else _with_endpoints(found, asked, chosen)
    importing.downloads(table.dataset, asked)


def at_once(found: Loaded) -> bool:
    """Open a table that the dictionary of its study settles; False where somebody must decide."""
    study, dataset = found.study, found.dataset
    if study is None or not study.endpoints or _not_joined(dataset):
        return False
    first = dataset.endpoints[0]
    roles = {name: getattr(first, name) or None for name in ("time", "unit", "event", "entry")}
    asked = study.ask(
        AnalysisSpec(**roles, event_is=first.event_is, competing=first.competing, where=first.where)
    ).but(data=dataset.reference, sheet=dataset.sheet or None, clean=dataset.steps)
    try:
        asked, _ = fill(dataset, asked)
        include(dataset, asked)
    except StratiscopeError:
        return False  # the page for confirming says what is wrong
    _open(found, asked, first)
    return True


def _not_joined(dataset: Dataset) -> bool:
    return any(q.about == "join" and q.needed for q in dataset.questions)


def _waits_for(dataset: Dataset, asked: AnalysisSpec) -> str:
    """What is still to be said, in words; empty when the cohort can be opened."""
    if _not_joined(dataset):
        return "which rows of the two tables belong to the same patient"
    missing = [
        words
        for words, value in (
            ("which column is the time", asked.time),
            ("in which unit it is", asked.unit),
            ("which column is the event", asked.event),
            ("which value means that it happened", asked.event_is or not asked.event),
        )
        if not value
    ]
    rows = dataset.rows_are
    several = rows is not None and rows.kind not in ("intervals", "parameters")
    if rows is not None and several and asked.one_row is None and asked.id == rows.id:
        missing.append("which rows of a patient are analysed")
    return " and ".join(missing)


def _with_endpoints(found: Loaded, asked: AnalysisSpec, chosen: Endpoint | None) -> Loaded:
    dataset = found.dataset
    named = endpoint_of(asked.time or "") or f"Survival ({asked.time})"
    now = Endpoint(
        label=chosen.label if chosen else named,
        time=asked.time or "",
        unit=asked.unit or "",
        event=asked.event or "",
        event_is=asked.event_is,
        show_unit=asked.show_unit or "",
        competing=asked.competing,
        entry=asked.entry,
        where=asked.where,
    )
    others = [
        e
        for e in endpoints(dataset)
        if e.unit and e.event_is and (e.time, e.event, e.where) != (now.time, now.event, now.where)
    ]
    table = dataclasses.replace(dataset, endpoints=(now, *others))
    return dataclasses.replace(found, dataset=table)


def _open(found: Loaded, asked: AnalysisSpec, chosen: Endpoint | None) -> None:
    """Keep the table with its endpoints and ask for the curve of all patients."""
    longest = float(found.dataset.frame[asked.time or ""].max())
    shown = "months" if asked.unit == "days" and longest > LONG else asked.unit
    asked = asked.but(show_unit=shown)
    kept = _with_endpoints(found, asked, chosen)
    frame.keep(kept, kept.dataset.reference)
    st.session_state.pop("draft", None)
    frame.ask(asked)
