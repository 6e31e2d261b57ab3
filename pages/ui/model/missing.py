"""Missing values: who is left out of the model, and what imputation changes."""

from __future__ import annotations

import streamlit as st

from core.survival.imputation import IMPUTATIONS, ImputedResult
from core.survival.missing import MissingResult
from core.view import html, tables
from core.view.model import missing
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

WORKING = "Imputing missing values"


def show(page: Page) -> None:
    """Draw the section."""
    found: MissingResult = page.result("missing")
    if not found.terms:
        st.info("Choose at least one term above.")
        return
    st.html(html.paragraph(missing.finding(found), "finding"))
    if found.n_complete < found.n:
        _left_out(page, found)
        _method(page)
        if page.spec.missing == "impute":
            _imputed(page)
    if page.spec.missing != "impute":
        screen.notes(found.notes)  # that patients are left out is no longer so


def _left_out(page: Page, found: MissingResult) -> None:
    left, right = st.container(key="wide_missing").columns([1, 1], gap="medium")
    with left:
        st.html(html.table(missing.terms(found), caption="Missing values of each term"))
        if len(found.patterns) > 1:
            st.html(html.table(missing.patterns(found), caption="What is missing together"))
    with right:
        if found.differences:
            st.html(
                html.table(missing.differences(found), caption="In the model and left out")
                + html.paragraph(missing.STANDARDISED, "quiet")
            )
    screen.table_downloads(
        page,
        ("Missing values (CSV)", "missing", lambda: tables.rows(found.terms)),
        ("In and left out (CSV)", "left-out", lambda: tables.rows(found.differences)),
    )


def _method(page: Page) -> None:
    row = st.container(key="narrow_missing").columns([2, 1, 2], vertical_alignment="bottom")
    frame.seed("missing_values", page.spec.missing or "complete")
    row[0].selectbox(
        "Patients with a missing value",
        list(missing.METHOD),
        format_func=missing.METHOD.__getitem__,
        key="missing_values",
        help="Imputation draws each missing value several times from what is known of the "
        "patient, and adds to the limits what is not known.",
        on_change=lambda: frame.change(missing=st.session_state["missing_values"]),
    )
    if page.spec.missing != "impute":
        return
    m = page.spec.imputations
    frame.seed("imputed_tables", IMPUTATIONS if m is None else int(m))
    row[1].number_input(
        "Imputations",
        min_value=2,
        max_value=200,
        step=10,
        key="imputed_tables",
        help="As many as percents of information are missing; more give the same table again with "
        "another seed, and take longer.",
        on_change=lambda: frame.change(imputations=float(st.session_state["imputed_tables"])),
    )


def _imputed(page: Page) -> None:
    found: ImputedResult = page.worked("imputed", WORKING)
    st.html(html.paragraph(missing.pooled_finding(found), "finding"))
    if found.pooled:
        table = missing.pooled(found)
        st.html(
            html.table(table, caption="Complete cases and imputed")
            + html.paragraph(missing.how(found), "quiet")
        )
        screen.table_downloads(
            page, ("Pooled model (CSV)", "pooled", lambda: tables.rows(found.pooled))
        )
    screen.notes(found.notes, of=" for the imputation")
