"""What a page offers beyond its first view: nothing of it is made until it is asked for.

What is open is the field `section` of the question, so that a link opens exactly the same view.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import streamlit as st
from streamlit.elements.lib.mutable_tab_container import TabContainer

from pages.ui import frame
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
    key = f"section_{label}"
    frame.seed(key, page.spec.section if page.spec.section in sections else None)
    chosen = st.pills(label, list(sections), key=key, help=HELP, on_change=_open, args=(key,))
    if chosen is not None:
        with page:
            sections[chosen](page)


def tabs(page: Page, key: str, names: Sequence[str]) -> Sequence[TabContainer]:
    """Tabs of which the one that the question names is open, or else the first."""
    frame.seed(key, page.spec.section if page.spec.section in names else names[0])
    return st.tabs(names, key=key, on_change=_open, args=(key,))


def _open(key: str) -> None:
    frame.change(section=st.session_state[key])
