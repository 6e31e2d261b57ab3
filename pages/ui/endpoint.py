"""An endpoint from dates: start, events, last contact; what was proposed, or put together."""

from __future__ import annotations

import streamlit as st

from core.allowed import CHOICES
from core.notes import Choice
from core.reading.endpoints import proposals
from core.reading.roles.coding import values_of
from core.steps import Step
from core.view import html
from pages.ui import loading
from pages.ui.loading import Loaded


def build(found: Loaded) -> None:
    """Offer endpoints that the dates of a table allow."""
    dataset = found.dataset
    dates = [v.name for v in dataset.variables.values() if v.kind == "date"]
    if len(dates) < 2:
        return
    offered = [p for p in proposals.propose(dataset) if str(p.step) not in dataset.steps]
    with st.expander("Make an endpoint from dates", expanded=bool(offered)):
        for i, proposal in enumerate(offered):
            st.button(
                html.markdown_text(f"Add {proposal.label}: {proposal.reason}"),
                key=f"proposal_{i}",
                icon=":material/add:",
                on_click=loading.add,
                args=(found, Choice(proposal.label, (str(proposal.step),))),
            )
        _form(found, dates)


def _form(found: Loaded, dates: list[str]) -> None:
    statuses = [
        v.name
        for v in found.dataset.variables.values()
        if v.kind in ("number", "category") and not v.identifier
    ]
    row = st.container(key="narrow_endpoint").columns([1.2, 2, 2, 2, 1])
    name = row[0].text_input("Name", "OS", key="endpoint_name", max_chars=40)
    start = row[1].selectbox("From", dates, index=None, key="endpoint_start")
    events = row[2].multiselect("To the first of these events", dates, key="endpoint_events")
    last = row[3].selectbox("Else censored at", dates, index=None, key="endpoint_last")
    unit = row[4].selectbox("in", CHOICES["unit"], index=2, key="endpoint_unit")
    status, value = None, ""
    if last and not events:
        row = st.columns([2, 2, 4])
        status = row[0].selectbox(
            "Or told by a status at that date", statuses, index=None, key="endpoint_status"
        )
        if status:
            values = values_of(found.dataset, status)
            value = row[1].selectbox("that says", values[:20], key="endpoint_is") or ""
    parts = [name.strip(), f"start={start}", *(f"event={e}" for e in events)]
    parts += [f"last={last}"] * bool(last) + [f"unit={unit}"]
    parts += [f"status={status}", f"is={value}"] * bool(status and value)
    ready = bool(name.strip() and start and last and (events or (status and value)))
    words = f"{name.strip()} from {start} to {' or '.join(events) or status}, in {unit}"
    st.button(
        "Add this endpoint",
        disabled=not ready,
        on_click=loading.add,
        args=(found, Choice(words, (str(Step("endpoint", tuple(parts))),))),
    )
