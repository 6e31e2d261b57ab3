"""Selection of terms: the rule, its path, and how stable it is."""

from __future__ import annotations

import streamlit as st

from core.survival.inclusion_frequency import SelectionResult
from core.view import charts, html, words
from core.view.model import selection
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

WORKING = "Selecting again in samples of the patients"
STATE = "The rule is used for the multivariable column of the Cox table as well."


def show(page: Page) -> None:
    """Draw the section."""
    page.key("selection")  # a locked outcome stays locked
    kind = _rule(page)
    if not page.spec.terms:
        st.info("Choose at least two terms above to select from.")
        return
    if kind == "none":
        st.info(
            "All terms are in the model. Choose a rule to see which of them it would keep, and "
            "how firmly."
        )
        return
    found: SelectionResult = page.worked("selection", WORKING)
    st.html(
        html.paragraph(selection.finding(found), "finding")
        + html.paragraph(selection.warning_of(found), "finding")
    )
    left, right = st.container(key="wide_selection").columns([1, 1], gap="medium")
    with left:
        _path(page, found)
    with right:
        if found.draws:
            _inclusion(page, found)
        else:
            st.info("No bootstrap samples: how firmly the terms are selected is not shown.")
    if found.models:
        st.html(html.table(selection.models(found), caption="Models chosen most often"))
    quiet = f"{selection.shrinkage(found)} {STATE}".strip()
    st.html(html.paragraph(quiet, "quiet"))
    screen.table_downloads(
        page,
        (
            "Inclusion frequencies (CSV)",
            "inclusion-frequencies",
            lambda: selection.inclusion(found),
        ),
        ("Path of the selection (CSV)", "path", lambda: selection.path(found)),
    )
    screen.notes(found.notes)


def _path(page: Page, found: SelectionResult) -> None:
    if found.best:
        st.html(html.table(selection.best(found), caption="The best subsets"))
    elif found.steps:
        st.html(html.table(selection.path(found), caption="Path of the selection"))
    else:
        st.html(html.paragraph("No term moved: the rule stops where it starts.", "quiet"))


def _inclusion(page: Page, found: SelectionResult) -> None:
    n_terms = len(found.candidates)
    described = frame.drawn("inclusion", (n_terms,), lambda: selection.description(n_terms))
    said = selection.finding(found)

    def figure() -> charts.Figure:
        return {**described, "datasets": selection.data(found)}

    screen.draw(figure(), "inclusion", said)
    screen.figure_downloads(
        page,
        "inclusion",
        figure,
        "How often bootstrap samples selected each term",
        [said, words.provenance(page.cohort)],
    )


def _rule(page: Page) -> str:
    """The controls of the rule; returns its kind."""
    kind, enter, remove, by = selection.taken_apart(page.spec.select)
    row = st.container(key="narrow_selection").columns([2, 1, 1, 1.4], vertical_alignment="bottom")
    frame.seed("select_kind", kind)
    row[0].selectbox(
        "Rule of selection",
        list(selection.KINDS),
        format_func=selection.KINDS.__getitem__,
        key="select_kind",
        help="Whether a rule decides which of the terms stay in the model. AIC keeps more terms, "
        "BIC fewer; without a rule all stay.",
        on_change=_write,
    )
    if kind not in ("forward", "backward"):
        return kind
    frame.seed("select_enter", enter)
    frame.seed("select_remove", remove)
    frame.seed("select_by", by)
    if kind == "forward":
        row[1].number_input(
            "Enter below p",
            min_value=0.001,
            max_value=0.999,
            step=0.05,
            format="%g",
            key="select_enter",
            help="A term enters when its score test has a smaller p-value than this.",
            on_change=_write,
        )
    row[2].number_input(
        "Leave above p",
        min_value=0.001,
        max_value=0.999,
        step=0.05,
        format="%g",
        key="select_remove",
        help="A term leaves when its p-value is larger than this.",
        on_change=_write,
    )
    row[3].selectbox(
        "Leave by",
        list(selection.BY),
        format_func=selection.BY.__getitem__,
        key="select_by",
        help="The test that decides who leaves: Wald's, as SPSS's default, or the likelihood "
        "ratio, which is safer in small studies.",
        on_change=_write,
    )
    return kind


def _write() -> None:
    """Put the rule of the widgets into the question."""
    state = st.session_state
    text = selection.written(
        state["select_kind"],
        float(state.get("select_enter", selection.ENTER)),
        float(state.get("select_remove", selection.REMOVE)),
        state.get("select_by", "wald"),
    )
    frame.change(select=None if text == "none" else text)
