"""The tests of the curves: which one counts, all of them side by side, and pairs of groups."""

from __future__ import annotations

import streamlit as st

from core.survival.comparisons import ComparisonsResult
from core.survival.km import KMResult
from core.view import html, tables, words
from core.view.curve import comparisons
from pages.ui import exploring, frame
from pages.ui import show as screen
from pages.ui.frame import Page

KEY = "comparisons"


def show(page: Page) -> None:
    """Draw the section."""
    page.key(KEY)  # a locked outcome stays locked
    if len(page.cohort.groups.levels) < 2:
        st.info("Choose a stratifier above: then its groups are compared by every test.")
        return
    found: ComparisonsResult = page.worked(KEY, "Comparing by permutation")
    exploring.tested(page, tuple(test.name for test in found.tests))
    st.html(html.paragraph(comparisons.finding(page.cohort, found), "finding"))
    _choice(page)
    st.html(
        html.table(comparisons.table(found, page.spec), caption="All tests of the displayed groups")
        + html.paragraph(comparisons.meaning(found), "quiet")
    )
    screen.table_downloads(page, ("Tests (CSV)", "tests", lambda: comparisons.rows(found)))
    _pairs(page)
    screen.notes(found.notes)


def _choice(page: Page) -> None:
    """Which test is the one of the question: it goes to the headline and to the pairs."""
    named = page.spec.test or "logrank"
    frame.seed("named_test", named)
    st.selectbox(
        "Test of this question",
        list(dict.fromkeys([*words.TESTS, *comparisons.WEIGHS, named])),
        format_func=lambda name: words.name_of_test(name, page.spec),
        key="named_test",
        help="The one test that the headline shows and that pairs of groups are compared by. "
        "Decide on it before looking at the curves.",
        on_change=lambda: frame.change(test=st.session_state["named_test"]),
        width=320,
    )


def _pairs(page: Page) -> None:
    """Every pair of three or more groups, with the adjustment that is asked for."""
    result: KMResult = page.result("km")
    if len(result.groups) < 3:
        return
    method = page.spec.adjust_pairwise or "holm"
    frame.seed("adjust_pairwise", method)
    st.selectbox(
        "Adjust pairs of groups by",
        list(comparisons.ADJUSTMENTS),
        format_func=comparisons.ADJUSTMENTS.__getitem__,
        key="adjust_pairwise",
        help="With several pairs some p-values are small by chance. Holm is safe and never worse "
        "than Bonferroni; Benjamini-Hochberg is for many pairs that are only a first look.",
        on_change=lambda: frame.change(adjust_pairwise=st.session_state["adjust_pairwise"]),
        width=320,
    )
    st.html(
        html.table(comparisons.pairs(result, method), caption="Pairs of groups")
        + html.paragraph(comparisons.adjustment(method, page.spec), "quiet")
    )
    screen.table_downloads(
        page, ("Pairs (CSV)", "pairs_of_groups", lambda: tables.rows(result.pairwise))
    )
