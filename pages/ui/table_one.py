"""Table 1 on the screen, with the choice of its rows."""

from __future__ import annotations

import streamlit as st

from core.table_one import TableOneResult, offered
from core.view import html, table_one
from pages.ui import frame, importing
from pages.ui import show as screen
from pages.ui.frame import Page
from pages.ui.lock import ABOUT_OUTCOME

SPREADS = {"range": "Range", "quartiles": "Quartiles"}
MEAN_TESTS = {"mann-whitney": "Mann-Whitney", "t": "t test", "welch": "Welch's t test"}


def show(page: Page) -> None:
    """The finding, the table, and what its p-values do not say. Nothing of the outcome."""
    _choose(page)
    result: TableOneResult = page.result("table_one")
    st.html(html.paragraph(table_one.finding(page.cohort, result), "finding"))
    if not result.characteristics:
        st.info("Choose characteristics above: there is none to show.")
        return
    compared = len(result.groups) > 1
    st.html(
        html.table(table_one.table(page.cohort, result), caption="Table 1")
        + (html.paragraph(table_one.RANDOMISED, "finding") if compared else "")
        + html.paragraph(table_one.variant(page.cohort), "quiet")
    )
    screen.table_downloads(
        page,
        (
            "Table 1 as shown (CSV)",
            "table-1",
            lambda: table_one.table(page.cohort, result),
        ),
        ("Table 1 in full precision (CSV)", "table-1-numbers", lambda: table_one.in_full(result)),
    )
    notes = (*page.notes, *result.notes)
    hidden = ABOUT_OUTCOME if page.locked else ()
    screen.notes(tuple(note for note in notes if note.about not in hidden))
    importing.show(page.dataset)


def _choose(page: Page) -> None:
    spec, variables = page.spec, page.dataset.variables
    names = list(dict.fromkeys([*offered(page.cohort, spec), *spec.characteristics]))
    row = st.container(key="wide_table_one").columns([5, 1.2], vertical_alignment="bottom")
    frame.seed("characteristics", list(spec.characteristics))
    row[0].multiselect(
        "Characteristics",
        names,
        format_func=lambda n: variables[n].title if n in variables else n,
        key="characteristics",
        placeholder="All",
        help="Rows of the table, in this order. Left empty: all columns but the outcome.",
        on_change=lambda: frame.change(characteristics=tuple(st.session_state["characteristics"])),
    )
    with row[1]:
        drawer = frame.folded("Options", ":material/tune:", "table_one_options")
    if not drawer.open:
        return
    with drawer:
        frame.seed("spread", spec.spread or "range")
        st.selectbox(
            "Beside the median",
            list(SPREADS),
            format_func=SPREADS.__getitem__,
            key="spread",
            help="The smallest and largest value, or the quartiles, which hold half of the "
            "patients between them.",
            on_change=lambda: frame.change(spread=st.session_state["spread"]),
        )
        frame.seed("mean_test", spec.mean_test or "mann-whitney")
        st.selectbox(
            "Test of numbers",
            list(MEAN_TESTS),
            format_func=MEAN_TESTS.__getitem__,
            key="mean_test",
            help="Mann-Whitney compares ranks, the t tests means; Welch's does not assume equal "
            "variances.",
            on_change=lambda: frame.change(mean_test=st.session_state["mean_test"]),
        )
