"""What two published studies asked, ready to open, and what a reviewer would ask beside it."""

from __future__ import annotations

import streamlit as st

from core import studies
from core.reading import examples
from core.studies import View
from core.view import html, words
from pages.ui import frame
from pages.ui.frame import Page

ABOUT = (
    "Two papers were the model for this program. Their patients are not public; the cohorts here "
    "are made up so that they give the printed numbers as nearly as they allow. Each link opens "
    "the figure or table live: move a cutoff, and it is no longer the paper's."
)


def show(page: Page) -> None:
    """The studies, the one that is open first."""
    st.html(html.paragraph(ABOUT, "finding"))
    names = sorted(studies.names(), key=lambda name: name != page.dataset.reference)
    for name in names:
        _study(page, name)


def _study(page: Page, name: str) -> None:
    found = frame.example(name)
    # Where a synthetic cohort is open, the page says so at its top.
    label = "" if page.dataset.synthetic else words.SYNTHETIC
    st.html(
        html.paragraph(found.title, "question")
        + (html.paragraph(label, "synthetic") if label else "")
        + html.paragraph(found.about, "quiet")
    )
    st.page_link(
        "pages/comparison.py",
        label="Printed beside computed, cell by cell",
        icon=":material/fact_check:",
        query_params=examples.question(name).to_dict(),
    )
    for number, view in enumerate(studies.views(name)):
        with st.container(border=True, key=f"view_{name}_{number}"):
            _view(view)


def _view(view: View) -> None:
    paper, reviewer = st.columns([1, 1], gap="medium")
    with paper:
        _link(view, ":material/menu_book:")
        st.html(html.paragraph(view.about, "quiet"))
    with reviewer:
        if view.asks:
            st.html(html.paragraph("A reviewer would ask", "quiet"))
        with st.container(horizontal=True):
            for ask in view.asks:
                _link(ask, ":material/arrow_forward:")


def _link(view: View, icon: str) -> None:
    st.page_link(
        view.page,
        label=view.label,
        icon=icon,
        query_params=view.spec.to_dict(),
        help=view.about or None,
        width="content",
    )
