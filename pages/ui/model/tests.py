"""Tests of the terms of the Cox model."""

from __future__ import annotations

import streamlit as st

from core.survival.cox import CoxResult
from core.view import html
from core.view.model import tests
from pages.ui import show as screen
from pages.ui.frame import Page


def show(page: Page) -> None:
    """Each term with all its columns, and the whole model."""
    result: CoxResult = page.result("cox")
    if not result.titles:
        st.info("Choose at least one term above to test it.")
        return
    st.html(html.paragraph(tests.finding(result), "finding"))
    if not result.terms:
        return
    st.html(
        html.table(tests.table(result), caption="Tests of each term")
        + html.table(tests.whole(result), caption="Tests of all terms together")
        + html.paragraph(tests.variant(result), "quiet")
    )
    if len(result.univariable) > 1:
        st.html(
            html.table(tests.alone(result), caption="Univariable p-values, corrected")
            + html.paragraph(tests.ALONE, "quiet")
        )
    screen.table_downloads(
        page, ("Tests of the terms (CSV)", "term-tests", lambda: tests.values(result))
    )
