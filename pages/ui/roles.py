"""The roles of the columns of a new table: proposed with a reason, confirmed with a click."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import streamlit as st

from core import filters
from core.allowed import CHOICES
from core.dataset import Dataset, Endpoint
from core.inclusion import is_one_of
from core.reading.roles.coding import Guess, coding_of, flipped, in_words, values_of
from core.reading.roles.guessing import Roles, endpoints, guess
from core.reading.roles.statuses import MOST_VALUES
from core.reading.rows import shape
from core.spec import AnalysisSpec
from core.view import html
from pages.ui import opening
from pages.ui.loading import Loaded

UNITS = CHOICES["unit"]
ZERO = {
    "keep": "kept as they are",
    "half": "set to half a day",
    "drop": "left out",
    "error": "not accepted: an error that names the lines",
}
NEGATIVE = {"drop": "left out", "half": ZERO["half"], "error": ZERO["error"]}
ONE_ROW = {
    "first": "The first row of each patient",
    "last": "The last row of each patient",
    "all": "Every row as if it were a patient of its own",
}


def confirm(found: Loaded) -> None:
    """Time, unit, event and its coding, patient number, and what to do with odd rows."""
    dataset = found.dataset
    known = _usable(dataset)
    _endpoints(known)
    roles = _known_roles(dataset, known) or guess(dataset)
    numbers = [v.name for v in dataset.variables.values() if v.kind == "number"]
    if not numbers:
        st.error(
            "No column holds numbers, so none can be the time of follow-up. Make one from dates, "
            "or mend the table."
        )
    row = st.container(key="narrow_roles").columns([2, 1, 2, 2])
    with row[0]:
        time = _select("Time of follow-up", numbers, roles.time, "role_time")
    with row[1]:
        unit = _select("in", list(UNITS), roles.unit, "role_unit", placeholder="unit?")
    with row[2]:
        event = _select("Event", list(dataset.variables), roles.event, "role_event")
    with row[3]:
        identifier = _select(
            "Patient number (optional)", list(dataset.variables), roles.id, "role_id",
            placeholder="none",
        )  # fmt: skip
    chosen = _chosen(known, time, event)
    event_is, competing = _event_values(_rows_of(dataset, chosen), event)
    asked = AnalysisSpec(
        data=dataset.reference,
        sheet=dataset.sheet or None,
        clean=dataset.steps,
        time=time,
        unit=unit,
        event=event,
        event_is=event_is,
        competing=competing,
        id=identifier,
        where=() if chosen is None else chosen.where,
        entry=None if chosen is None else chosen.entry,
    )
    asked = _odd_times(dataset, _rows(dataset, asked))
    opening.button(found, asked, chosen)


def _usable(dataset: Dataset) -> tuple[Endpoint, ...]:
    return tuple(e for e in endpoints(dataset) if e.time in dataset.variables)


def _endpoints(known: tuple[Endpoint, ...]) -> None:
    if len(known) < 2:
        return
    labels = {e: f"{e.label} ({', '.join((e.time, e.event, *e.where))})" for e in known}
    st.selectbox(
        "Endpoint to open first (all of them stay in the list of endpoints)",
        known,
        format_func=labels.__getitem__,
        key="role_endpoint",
        on_change=forget,
        kwargs={"keep": ("role_endpoint",)},
    )


def _chosen(known: tuple[Endpoint, ...], time: str | None, event: str | None) -> Endpoint | None:
    """The endpoint of the list that the columns are; the picked one where several share them."""
    same = [e for e in known if (e.time, e.event) == (time, event)]
    picked = st.session_state.get("role_endpoint")
    return picked if picked in same else next(iter(same), None)


def _rows_of(dataset: Dataset, chosen: Endpoint | None) -> Dataset:
    """The rows of one endpoint where several are stacked: counts are of its patients."""
    if chosen is None or not chosen.where:
        return dataset
    keep = filters.kept(dataset, chosen.where)
    return dataclasses.replace(dataset, frame=dataset.frame[keep], lines=None)


def forget(*, keep: tuple[str, ...] = ()) -> None:
    """Drop what was chosen, so that everything is proposed anew."""
    for key in [k for k in st.session_state if str(k).startswith("role_") and k not in keep]:
        del st.session_state[key]


def settle(before: Dataset, after: Dataset) -> None:
    """Keep what was chosen when a table is read again; a new endpoint is chosen at once."""
    if before.sheet != after.sheet or before.digest != after.digest:
        forget()
        return
    new = [e for e in after.endpoints if e not in before.endpoints]
    if new:
        forget()
        st.session_state["role_endpoint"] = new[-1]
        return
    gone = set(before.variables) - set(after.variables)
    for key in [k for k in st.session_state if str(k).startswith("role_")]:
        chosen = st.session_state[key]
        if chosen in (None, []) or (isinstance(chosen, str) and chosen in gone):
            del st.session_state[key]


def _known_roles(dataset: Dataset, known: tuple[Endpoint, ...]) -> Roles | None:
    """Roles of the endpoint that was picked, or that the file itself states."""
    picked = st.session_state.get("role_endpoint") if len(known) > 1 else None
    stated = dataset.endpoints[0] if dataset.endpoints else None
    now = picked if picked in known else stated
    if now is None:
        return None
    roles = guess(dataset, time=now.time, event=now.event)
    said = "the list of endpoints says so"
    return dataclasses.replace(
        roles,
        time=Guess(now.time, said),
        unit=Guess(now.unit, said) if now.unit else roles.unit,
        event=Guess(now.event, said),
    )


def _select(
    label: str, options: list[str], found: Guess[str] | None, key: str, placeholder: str = "Choose"
) -> str | None:
    """A role, proposed until somebody chooses; the browser is told by the session's state alone."""
    proposed = found.value if found and found.value in options else None
    if st.session_state.get(key, proposed) not in (*options, None) or key not in st.session_state:
        st.session_state[key] = proposed
    chosen = st.selectbox(label, options, key=key, placeholder=placeholder)
    if found and found.value == chosen:
        st.html(html.paragraph(f"Proposed: {found.reason}.", "quiet"))
    return chosen


def _event_values(found: Dataset, event: str | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Say in words which values mean the event, and which one that competes with it."""
    if event is None:
        return (), ()
    values = values_of(found, event)
    if not 1 <= len(values) <= MOST_VALUES:
        st.caption(
            f"This column has {len(values)} different values: it does not look like an event."
        )
        return (), ()
    proposed = coding_of(found, event)
    stated = next((e for e in found.endpoints if e.event == event), None)
    begins = stated.event_is if stated else proposed.event if proposed else ()
    counts = {v: int(is_one_of(found.frame[event], (v,), "event_is").sum()) for v in values}
    key, many = f"role_event_is_{event}", len(values) > 2
    row = st.container(key="narrow_event").columns([3, 3, 1.2], vertical_alignment="bottom")
    _begin(key, [v for v in begins if v in values], values)
    chosen = row[0].multiselect(
        "The event happened where the column says",
        values,
        format_func=lambda v: f"{v}  ({counts[v]} of {sum(counts.values())})",
        key=key,
        help="All other values mean that the patient was censored.",
    )
    other: list[str] = []
    if many:
        compete = stated.competing if stated else proposed.competing if proposed else ()
        free = [v for v in values if v not in chosen]
        _begin(f"role_competing_{event}", [v for v in compete if v in free], free)
        other = row[1].multiselect(
            "Another event came first (competing)", free, key=f"role_competing_{event}"
        )
    row[2].button(
        "Flip",
        icon=":material/swap_horiz:",
        help="The other values mean that the event happened",
        disabled=not chosen,
        on_click=_flip,
        args=(found, event, key, tuple(other)),
    )
    if chosen:
        st.html(html.paragraph(in_words(found, event, tuple(chosen), tuple(other)), "finding"))
        if proposed is not None and set(proposed.event) == set(chosen):
            st.html(html.paragraph(f"Proposed: {proposed.reason}.", "quiet"))
    else:
        st.caption("Which value means that the event happened cannot be told from the table.")
    return tuple(chosen), tuple(other)


def _begin(key: str, proposed: list[str], options: Sequence[str]) -> None:
    """Choose what is proposed, until somebody chooses; drop what is no option any more."""
    now = st.session_state.get(key)
    if now is None:
        st.session_state[key] = proposed
    elif not set(now) <= set(options):
        st.session_state[key] = [v for v in now if v in options]


def _flip(found: Dataset, event: str, key: str, competing: tuple[str, ...]) -> None:
    st.session_state[key] = list(
        flipped(found, event, tuple(st.session_state[key]), competing=competing)
    )


def _rows(dataset: Dataset, asked: AnalysisSpec) -> AnalysisSpec:
    """What becomes of several rows of one patient: never counted as patients unasked."""
    rows = dataset.rows_are
    if asked.id is not None and (rows is None or rows.id != asked.id):
        rows = shape.rows_are(dataset, asked.id)
    if rows is None or (rows.kind == "parameters" and asked.where):
        return asked
    if rows.kind == "intervals":
        start, stop = rows.columns
        st.info(
            html.markdown_text(
                f"Each row is an interval of a patient, from '{start}' to '{stop}': "
                f"{rows.patients:,} patients in {len(dataset.frame):,} rows. They are used as such."
            )
        )
        return asked.but(id=rows.id, entry=start, time=stop)
    if rows != dataset.rows_are:  # otherwise it is among the warnings above
        text = html.markdown_text(shape.explain(rows, dataset).text)
        st.warning(text, icon=":material/warning:")
    choice = st.radio(
        "Which rows are analysed?",
        list(ONE_ROW),
        index=None,
        format_func=ONE_ROW.__getitem__,
        key="role_one_row",
    )
    return asked.but(id=rows.id, one_row=choice)


def _odd_times(dataset: Dataset, asked: AnalysisSpec) -> AnalysisSpec:
    """Zero and negative times, by row, with a choice."""
    if asked.time is None:
        return asked
    values = dataset.frame[asked.time].to_numpy(dtype=float)
    for name, where, options in (
        ("negative", values < 0, NEGATIVE),
        ("zero", values == 0, ZERO),
    ):
        if not where.any():
            continue
        lines = dataset.lines_of(where)[:10]
        listed = ", ".join(map(str, lines)) + (", ..." if where.sum() > len(lines) else "")
        called = "line" if len(lines) == 1 else "lines"
        said = st.selectbox(
            f"{name.capitalize()} times ({int(where.sum())}, in {called} {listed})",
            list(options),
            format_func=options.__getitem__,
            key=f"role_{name}",
        )
        default = next(iter(options))
        asked = asked.but(**{name: None if said == default else said})
    return asked
