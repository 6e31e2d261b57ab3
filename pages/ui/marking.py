"""Patients who were picked in a figure: marked in the others, in this session only.

They are rows of the table and never enter a link.
"""

from __future__ import annotations

import streamlit as st

from core.notes import counted
from core.view import html
from pages.ui.frame import Page


def marked() -> tuple[int, ...]:
    """The marked patients, as rows of the table."""
    rows = st.session_state.get("marked", ())
    return tuple(int(row) for row in rows)


def here(page: Page) -> tuple[int, ...]:
    """Those of them who are in."""
    inside = {*page.cohort.included.rows.tolist()} if marked() else set()
    return tuple(row for row in marked() if row in inside)


def legend(page: Page) -> None:
    """Say what the marks in the curves are, and take them away again."""
    found = here(page)
    if not found:
        return
    said, clear = st.columns([5, 1], vertical_alignment="center")
    text = (
        f"\N{BLACK DIAMOND} {counted(len(found), 'patient')} marked on the Progression page, at "
        "the end of follow-up."
    )
    said.html(html.paragraph(text, "quiet"))
    with clear:
        nobody()


def nobody() -> None:
    """The button that takes the marks away."""
    st.button(
        "Mark nobody",
        key="mark_nobody",
        type="tertiary",
        on_click=lambda: st.session_state.pop("marked", None),
    )
