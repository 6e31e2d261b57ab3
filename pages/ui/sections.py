"""What a page offers beyond its first view: nothing of it is made until it is asked for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from pages.ui.frame import Page

Sections = Mapping[str, Callable[[Page], None]]
HELP = "Choose one to see it below; choose it again to put it away."


def draw(page: Page, label: str, sections: Sections) -> None:
    """Offer the sections by name and show the one that is chosen.

    Parameters
    ----------
    page : Page
    label : str
        Stands above the names.
    sections : mapping of str to callable
        Each draws itself from the page; its errors stay within it.
    """
    chosen = st.pills(label, list(sections), key=f"section_{label}", help=HELP)
    if chosen is not None:
        with page:
            sections[chosen](page)
