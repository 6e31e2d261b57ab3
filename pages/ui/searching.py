"""How cutoffs are searched for, and cutoffs of the literature to be marked."""

from __future__ import annotations

import streamlit as st

from core.citations import Citation, parse
from core.search import MIN_FRACTION
from core.view import html
from pages.ui import frame
from pages.ui.frame import Page


def options(page: Page) -> None:
    """Two drawers in the sidebar: the search, and published cutoffs."""
    with st.sidebar:
        search = frame.folded("Search options", ":material/tune:", "search", width="stretch")
        cited = frame.folded("Published cutoffs", ":material/menu_book:", "cited", width="stretch")
    if search.open:
        with search:
            _search(page)
    if cited.open:
        with cited:
            _citations(page)


def _search(page: Page) -> None:
    spec = page.spec
    share = MIN_FRACTION if spec.min_fraction is None else spec.min_fraction
    frame.seed("min_fraction", round(100 * share))
    st.slider(
        "Patients on either side, at least (%)",
        0,
        45,
        key="min_fraction",
        on_change=lambda: frame.change(min_fraction=st.session_state["min_fraction"] / 100),
    )
    frame.seed("min_events", int(spec.min_events or 0))
    st.number_input(
        "Events on either side, at least",
        0,
        step=1,
        key="min_events",
        on_change=lambda: frame.change(min_events=float(st.session_state["min_events"] or 0)),
    )
    for name, label, most in (
        ("permutations", "Permutations", 1_000_000),
        ("bootstraps", "Bootstrap samples", 100_000),
        ("seed", "Seed of the random numbers", 2**31),
    ):
        value = getattr(spec, name)
        frame.seed(name, int(1 if value is None else value))
        st.number_input(
            label,
            0,
            most,
            step=1,
            key=name,
            on_change=lambda name=name: frame.change(**{name: float(st.session_state[name] or 0)}),
        )


def _citations(page: Page) -> None:
    """Type in a cutoff and where it is from; it is marked in the scan and goes with the link."""
    now = page.spec.published_cut
    for i, citation in enumerate(parse(now)):
        shown, remove = st.columns([5, 1], vertical_alignment="center", gap="small")
        shown.html(html.paragraph(f"{citation.value:g}  {citation.source}", "quiet"))
        remove.button(
            "",
            icon=":material/close:",
            key=f"uncite_{i}",
            help="Remove this cutoff",
            type="tertiary",
            on_click=lambda i=i: frame.change(published_cut=now[:i] + now[i + 1 :]),
        )
    st.number_input("Cutoff", value=None, key="cited_value", format="%g", placeholder="6.09")
    st.text_input("Where it is from", key="cited_source", placeholder="Zhao 2018", max_chars=60)
    st.button("Mark it", on_click=_cite, args=(now,))


def _cite(now: tuple[str, ...]) -> None:
    value = st.session_state["cited_value"]
    if value is not None:
        source = " ".join(st.session_state["cited_source"].split())
        frame.change(published_cut=(*now, str(Citation(float(value), source))))
