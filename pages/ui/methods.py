"""The methods text of what a page shows, for a paper."""

from __future__ import annotations

import streamlit as st

from core import methods
from pages.ui import frame
from pages.ui.frame import Page


def show(page: Page) -> None:
    """Offer the sentences on the results that were shown so far in this run of the page."""
    drawer = frame.folded("Methods in words", ":material/description:", "methods", type="tertiary")
    if not drawer.open:
        return
    with drawer:
        said = methods.sentences(page.cohort, page.spec, page.asked)
        st.code(" ".join(said), language=None, wrap_lines=True)
