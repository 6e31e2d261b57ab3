"""The parts of the first page: what this is, who is in, and another cohort."""

from __future__ import annotations

import streamlit as st

from core.reading import examples
from core.view import html, words
from pages.ui import frame, importing, show, sidebar, upload
from pages.ui.frame import Page
from pages.ui.sharing import arriving, owner

IN_A_ROW = 3
"""Cards of shipped cohorts beside each other."""


def introduction(page: Page) -> None:
    """What this is, a place to drop a table, and who is in."""
    with st.sidebar:
        st.html(
            html.paragraph(
                "Choose a marker, slide a cutoff, and watch the curves, the test, the hazard "
                "ratio and the Cox table follow. Everything stays on this "
                f"{'computer' if owner.on_this_computer() else 'server'}.",
                "quiet",
            )
        )
        upload.choose()
    if upload.draft() is None:  # beside a new table the open one would only confuse
        sidebar.draw(page)


def about(page: Page) -> None:
    """Where the data come from, and what was noticed in them."""
    with st.expander(
        f"About these data: {html.markdown_text(page.dataset.title or page.dataset.name)}"
    ):
        for text in (page.dataset.about, page.dataset.source):
            if text:
                st.html(html.paragraph(text, "finding"))
        if arriving.arrived(page.spec) is None:  # a shared view is looked at, not taken away
            importing.downloads(page.dataset, page.spec)
    show.notes(page.notes)
    importing.show(page.dataset)


def examples_to_open(page: Page) -> None:
    """The shipped cohorts."""
    st.html(html.paragraph("Open another cohort", "question"))
    st.page_link(
        "pages/study.py",
        label="Two model studies, figure by figure and table by table",
        icon=":material/menu_book:",
        query_params=page.spec.to_dict(),
    )
    names = examples.names()
    for start in range(0, len(names), IN_A_ROW):
        row = names[start : start + IN_A_ROW]
        for place, name in zip(st.columns(IN_A_ROW), row, strict=False):
            with place, st.container(border=True, height="stretch"):
                _card(page, name)


def _card(page: Page, name: str) -> None:
    found = frame.example(name)
    st.html(
        html.paragraph(found.title, "finding")
        + html.paragraph(words.first_sentence(found.about), "quiet")
    )
    st.button(
        "Open",
        key=f"open_{name}",
        disabled=name == page.dataset.reference,
        on_click=frame.ask,
        args=(examples.question(name),),
    )
