"""Load a table: drop it, see its first rows, confirm what its columns mean, go."""

from __future__ import annotations

import dataclasses
from typing import NoReturn

import streamlit as st

from core.dataset import Dataset, Endpoint
from core.errors import StratiscopeError
from core.inclusion import is_one_of
from core.reading import read
from core.reading.coding import Guess, guess_event_is, values_of
from core.reading.guessing import Roles, endpoints, guess
from core.spec import CHOICES, AnalysisSpec
from core.view import html
from pages.ui import frame

UNITS = CHOICES["unit"]
MOST_VALUES = 12
"""An event column with more distinct values than this is no event column."""
LONG = 400
"""Days of follow-up from which months are easier to read."""


def choose() -> None:
    """Where a file is dropped: in the sidebar of the first page."""
    if draft() is None:
        found = _choose("Your own table (CSV), one row per patient", "file")
        if found is not None:
            st.session_state["draft"] = found
            st.rerun()
    if st.session_state.get("tables") or draft() is not None:
        st.button("Forget my tables", on_click=frame.forget, icon=":material/delete:")


def draft() -> Dataset | None:
    """A table that was read and whose roles are not confirmed yet."""
    found = st.session_state.get("draft")
    return found if isinstance(found, Dataset) else None


def confirm(found: Dataset) -> None:
    """The first rows of a new table, the proposed roles, and a button."""
    _preview(found)
    _roles(found, guess(found))


def missing_table(spec: AnalysisSpec) -> NoReturn:
    """Ask for the file of a link; a link never carries a row of it."""
    st.warning(
        "This link was made with a table that stays with its owner: a link holds the settings and "
        "not one row. Load the same file to see the same view."
    )
    table = _choose("The table that this link was made with", "missing")
    if table is not None:
        frame.keep(table, spec.data or table.reference)
        st.rerun()
    st.stop()


def _choose(label: str, key: str) -> Dataset | None:
    file = st.file_uploader(label, type=["csv", "tsv", "txt", "gz"], key=key)
    if file is None:
        return None
    try:
        with st.spinner("Reading the table ..."):
            return read(file.getvalue(), file.name)
    except StratiscopeError as error:
        frame.problem(error)
        return None
    finally:
        frame.release_uploads()


def _preview(found: Dataset) -> None:
    shape = f"{len(found.frame)} rows, {len(found.variables)} columns"
    st.html(html.paragraph(f"{found.name}: {shape}", "question"))
    st.dataframe(found.frame.head(6), hide_index=True, alt="First rows of the table")
    for note in found.notes:
        st.html(html.paragraph(note.text, "quiet"))


def _roles(found: Dataset, roles: Roles) -> None:
    numbers = [v.name for v in found.variables.values() if v.kind == "number"]
    everything = list(found.variables)
    if not numbers:
        st.error("No column holds numbers only, so none can be the time. Mend the table first.")
    row = st.columns([2, 1, 2, 2])
    with row[0]:
        time = st.selectbox(
            "Time of follow-up", numbers, index=_place(numbers, roles.time), key="role_time"
        )
        _why(roles.time, time)
    with row[1]:
        unit = st.selectbox(
            "in", UNITS, index=_place(UNITS, roles.unit), key="role_unit", placeholder="unit?"
        )
        _why(roles.unit, unit)
    with row[2]:
        event = st.selectbox(
            "Event", everything, index=_place(everything, roles.event), key="role_event"
        )
        _why(roles.event, event)
    with row[3]:
        identifier = st.selectbox(
            "Patient number (optional)",
            everything,
            index=_place(everything, roles.id),
            key="role_id",
            placeholder="none",
        )
    event_is = _event_values(found, event)
    ready = bool(time and unit and event and event_is)
    buttons = st.container(horizontal=True)
    buttons.button(
        "Open this cohort",
        type="primary",
        disabled=not ready,
        on_click=_open,
        args=(found, time, unit, event, tuple(event_is), identifier),
    )
    buttons.button("Choose another file", on_click=lambda: st.session_state.pop("draft", None))
    if not ready:
        st.caption("Say which column is the time, in which unit, and which value is the event.")


def _event_values(found: Dataset, event: str | None) -> list[str]:
    """Say in words which value means that the event happened."""
    if event is None:
        return []
    values = values_of(found, event)
    if not 1 <= len(values) <= MOST_VALUES:
        st.caption(
            f"This column has {len(values)} different values: it does not look like an event."
        )
        return []
    counts = _counts(found, event, values)
    proposed = guess_event_is(event, values)
    chosen = st.multiselect(
        "The event happened where the column says",
        values,
        default=list(proposed.value) if proposed else None,
        format_func=lambda v: f"{v}  ({counts[v]} of {sum(counts.values())})",
        key=f"role_event_is_{event}",
        help="All other values mean that the patient was censored.",
    )
    if not proposed and not chosen:
        st.caption("Which value means that the event happened cannot be told from the table.")
    return list(chosen)


def _counts(found: Dataset, event: str, values: tuple[str, ...]) -> dict[str, int]:
    column = found.frame[event]
    return {v: int(is_one_of(column, (v,), "event_is").sum()) for v in values}


def _open(
    found: Dataset,
    time: str,
    unit: str,
    event: str,
    event_is: tuple[str, ...],
    identifier: str | None,
) -> None:
    """Keep the table with its endpoints and ask for the curve of all patients."""
    proposed = endpoints(found)
    label = next(
        (e.label for e in proposed if (e.time, e.event) == (time, event)), f"Survival ({time})"
    )
    chosen = Endpoint(label, time, unit, event, event_is)
    others = [e for e in proposed if e.unit and e.event_is and (e.time, e.event) != (time, event)]
    table = dataclasses.replace(found, endpoints=(chosen, *others))
    frame.keep(table, table.reference)
    st.session_state.pop("draft", None)
    long = unit == "days" and float(found.frame[time].max()) > LONG
    frame.ask(
        AnalysisSpec(
            data=table.reference,
            time=time,
            unit=unit,
            event=event,
            event_is=event_is,
            id=identifier,
            show_unit="months" if long else unit,
        )
    )


def _place(options: list[str] | tuple[str, ...], found: Guess[str] | None) -> int | None:
    return options.index(found.value) if found and found.value in options else None


def _why(found: Guess[str] | None, chosen: str | None) -> None:
    """Why this was proposed, as long as the proposal stands."""
    if found and found.value == chosen:
        st.html(html.paragraph(f"Proposed: {found.reason}.", "quiet"))
