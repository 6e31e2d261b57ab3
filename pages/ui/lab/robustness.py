"""Robustness: the comparison without single patients, and without single centres."""

from __future__ import annotations

import dataclasses

import pandas as pd
import streamlit as st

from core.errors import SpecError
from core.survival.cutoff.centres import centre_columns
from core.survival.cutoff.robustness import RobustnessResult, two_groups
from core.view import charts, html, words
from core.view.lab import intervals, robustness
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

KEY = "robustness"


def show(page: Page) -> None:
    """Draw the section."""
    page.key(KEY)  # a locked outcome stays locked
    try:
        two_groups(page.cohort)
    except SpecError as error:
        st.info(html.markdown_text(str(error)), icon=":material/content_cut:")
        return
    offered, guess = centre_columns(page.dataset, page.spec)
    asked = _with_centre(page, guess)
    found: RobustnessResult = asked.worked(KEY, "Leaving out patients")
    st.html(html.paragraph(robustness.finding(found), "finding"))
    _patients(page, found)
    _centre_box(asked, offered)
    if found.centres is not None:
        _centres(page, found)
    screen.notes(found.notes)


def _with_centre(page: Page, guess: str | None) -> Page:
    """The page with the guessed column of centres, where the question names none."""
    if page.spec.centre is not None or guess is None:
        return page
    return dataclasses.replace(page, spec=page.spec.but(centre=guess))


def _patients(page: Page, found: RobustnessResult) -> None:
    shape = robustness.DotsShape.of(found)
    if shape is not None:
        described = frame.drawn(
            "left_out", dataclasses.astuple(shape), lambda: robustness.dots_description(shape)
        )

        def figure() -> charts.Figure:
            return {**described, "datasets": robustness.dots_data(found)}

        title = "Hazard ratio with each patient left out in turn"
        screen.draw(figure(), "left_out", title)
        screen.figure_downloads(
            page,
            "left-out",
            figure,
            title,
            [robustness.finding(found), words.provenance(page.cohort)],
        )
    st.html(
        html.paragraph(robustness.spread(found), "finding")
        + html.table(robustness.patients_table(found), caption="One patient left out")
    )


def _centre_box(page: Page, offered: tuple[str, ...]) -> None:
    chosen = page.spec.centre
    names = [*offered] if chosen is None or chosen in offered else [*offered, chosen]
    if not names:
        text = "No column can name the centres: it would be a category with 2 to 30 values."
        st.html(html.paragraph(text, "quiet"))
        return
    frame.seed("centre", chosen)
    st.selectbox(
        "Leave out one centre at a time, by",
        names,
        format_func=lambda n: page.dataset.variables[n].title,
        key="centre",
        index=None,
        placeholder="Choose the column of the centres",
        on_change=lambda: frame.change(centre=st.session_state["centre"]),
    )


def _centres(page: Page, found: RobustnessResult) -> None:
    rows = robustness.centre_rows(found)
    shape = intervals.IntervalsShape.of(rows)
    described = frame.drawn(
        "intervals", dataclasses.astuple(shape), lambda: intervals.description(shape)
    )

    def figure() -> charts.Figure:
        return {**described, "datasets": intervals.data(rows)}

    said = robustness.centres_finding(found)
    st.html(html.paragraph(said, "finding"))
    screen.draw(figure(), "centres", said)
    title = "Hazard ratio without each centre"
    screen.figure_downloads(page, "centres", figure, title, [said, words.provenance(page.cohort)])
    table: pd.DataFrame = robustness.centres_table(found)
    st.html(html.table(table, caption=title))
    screen.table_downloads(page, ("Centres (CSV)", "centres-table", lambda: table))
