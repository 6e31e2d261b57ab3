"""Arriving at a shared view that may be tried out: its data come from the store."""

from __future__ import annotations

import time
from dataclasses import dataclass

import streamlit as st

from core.errors import StratiscopeError
from core.reading import examples
from core.sharing import snapshot
from core.sharing.errors import Away, Gone
from core.sharing.saved import Opened
from core.sharing.visits import VISITS, cookie
from core.spec import AnalysisSpec
from core.view.html import markdown_text, paragraph
from pages.ui.sharing import door

FIELD = "view"
"""The field of the address that names a visit. It opens nothing without its cookie."""
PATIENCE = 3.0
"""Seconds for which a link that was found open is not asked for again."""
EVERY = 30
"""Seconds after which a page that nobody moves asks whether its link still opens."""


@dataclass(frozen=True, eq=False)
class Arrived:
    """A view that this session came to by a link."""

    opened: Opened
    reference: str


def arrived(spec: AnalysisSpec) -> Arrived | None:
    """The view that a question is asked of; None for any other data."""
    here = st.session_state.get("arrived")
    return here if isinstance(here, Arrived) and spec.data == here.reference else None


def arrive() -> None:
    """Load the view that the address names, once a session; stop where its link has ended."""
    from pages.ui.loading import Loaded  # it needs the module that opens pages

    link = st.query_params.get(FIELD)
    here = st.session_state.get("arrived")
    if link is None or (isinstance(here, Arrived) and here.opened.link.id == link):
        return
    try:
        opened = door.visited(st.context.cookies.get(cookie(link), ""), link)
        found = snapshot.opened(opened.members)
    except StratiscopeError as error:
        _stop(error)
    reference = found.dataset.reference
    tables = st.session_state.setdefault("tables", {})
    tables[reference] = Loaded((), found.dataset)
    st.session_state["arrived"] = Arrived(opened, reference)
    st.session_state["asked_at"] = time.monotonic()
    st.session_state["spec"], st.session_state["moved"] = found.spec, True


def still_open(spec: AnalysisSpec) -> None:
    """Make sure that the link of the view at hand has not ended; its data go if it has."""
    here = arrived(spec)
    if here is None:
        return
    if time.monotonic() - st.session_state.get("asked_at", 0.0) > PATIENCE:
        try:
            _ask(here)
        except (Away, Gone) as error:
            _leave(here)
            _stop(error)
        except StratiscopeError as error:
            _stop(error)
    _watch(here)


def banner(spec: AnalysisSpec) -> None:
    """Say whose view this is, and that it is a copy."""
    here = arrived(spec)
    if here is None:
        return
    opened = here.opened
    title = f"“{opened.title}”, " if opened.title else ""
    text = (
        f"A shared view: {title}saved {opened.saved:%d %B %Y}, version {opened.version}, "
        f"fingerprint {opened.fingerprint}. The link opens until {opened.link.expires:%d %B %Y}. "
        "What you try here stays in this window."
    )
    st.html(paragraph(text, "shared"))


@st.fragment(run_every=EVERY)
def _watch(here: Arrived) -> None:
    if time.monotonic() - st.session_state.get("asked_at", 0.0) < PATIENCE:
        return
    try:
        _ask(here)
    except (Away, Gone):
        st.session_state["asked_at"] = 0.0
        st.rerun()
    except StratiscopeError:
        return  # said at the next move


def _ask(here: Arrived) -> None:
    link = here.opened.link
    visit = VISITS.of(st.context.cookies.get(cookie(link.id), ""), link.id)
    if visit is None:
        raise Away
    door.store().opens(visit.token)
    st.session_state["asked_at"] = time.monotonic()


def _leave(here: Arrived) -> None:
    """Drop the data of a view and everything computed from them."""
    from pages.ui import frame  # it needs this module

    st.session_state.get("tables", {}).pop(here.reference, None)
    for name in ("arrived", "worked"):
        st.session_state.pop(name, None)
    frame.kept.clear()


def _stop(error: StratiscopeError) -> None:
    from pages.ui import frame  # it needs this module

    st.error(markdown_text(str(error)))
    st.button("Open the example instead", on_click=_example, args=(frame.FIRST,), key="leave_view")
    st.stop()


def _example(name: str) -> None:
    from pages.ui import frame  # it needs this module

    st.query_params.clear()
    frame.ask(examples.question(name))
