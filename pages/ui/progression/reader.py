"""Where an investigator's own responses differ from those of RECIST 1.1: by line, never by name."""

from __future__ import annotations

import streamlit as st

from core.lesions.recist import compare
from core.view import html
from core.view.progression import said
from core.view.progression.people import People
from pages.ui import show as screen
from pages.ui.frame import Page

EMPTY = (
    "The table of lesions has no column with an investigator's overall response. With one "
    "(called 'response', say), or with the domain RS of SDTM beside it, every visit at which it "
    "differs from RECIST 1.1 is listed here."
)


def show(page: Page, found: People) -> None:
    """How often the two agree, and the visits at which they do not."""
    attached = page.lesions
    assert attached is not None
    assert attached.recist is not None
    theirs = attached.responses
    if theirs is None:
        theirs = compare.of_table(attached.recist)
    result = compare.disagreements(found.found.assessments, theirs)
    if not result.n:
        st.info(EMPTY)
        return
    st.html(html.paragraph(said.agreement(result), "finding"))
    table = said.disagreements(result)
    if len(table):
        shown = table.head(said.MOST_ROWS)
        st.html(html.table(shown, caption="Visits at which the responses differ"))
        if len(shown) < len(table):
            more = f"The first {len(shown)} of {len(table):,} are shown; the download has all."
            st.html(html.paragraph(more, "quiet"))
        screen.table_downloads(page, ("Differences (CSV)", "differences", lambda: table))
    st.html(
        html.paragraph(
            "Lines are those of the table with the investigator's responses. RECIST 1.1 measures "
            "growth from the smallest earlier sum; who measures from the baseline finds "
            "progression later.",
            "quiet",
        )
    )
    # The warning among them is the finding above.
    screen.notes(tuple(note for note in result.notes if note.level == "info"))
