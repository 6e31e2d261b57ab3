"""The continuous view: the marker uncut, and what its cutoff keeps of it."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.survival.cutoff.continuous import ContinuousResult
from core.view import charts, html, words
from core.view.lab import continuous
from core.view.lab import continuous_words as said_of
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page


def show(page: Page) -> None:
    """The curve of the marker with the steps of its groups, and what cutting costs."""
    by = page.cohort.groups.by
    if by is None or page.dataset.variables[by].kind != "number":
        st.info("Choose a number as the stratifier above to see how the hazard goes with it.")
        return
    result: ContinuousResult = page.worked("continuous", "Fitting the uncut marker")
    said = f"{said_of.finding(page.cohort, result)} {said_of.bend(result)}".rstrip()
    st.html(html.paragraph(said, "finding"))
    _figure(page, result, said)
    st.html(
        html.paragraph(said_of.reading(page.cohort, result), "quiet")
        + html.paragraph(said_of.lost(page.cohort, result), "finding")
        + html.table(
            said_of.ways(page.cohort, result),
            caption="What each way to use the marker explains",
        )
        + html.paragraph(said_of.LEGEND, "quiet")
    )
    screen.table_downloads(
        page,
        ("Curve (CSV)", "uncut", lambda: said_of.points(result)),
        ("Ways to use the marker (CSV)", "ways", lambda: said_of.ways_numbers(result)),
    )
    screen.notes(result.notes)


def _figure(page: Page, result: ContinuousResult, said: str) -> None:
    shape = continuous.CurveShape.of(page.cohort, result)
    described = frame.drawn(
        "continuous", dataclasses.astuple(shape), lambda: continuous.description(shape)
    )

    def figure() -> charts.Figure:
        return {**described, "datasets": continuous.data(page.cohort, result, shape)}

    screen.draw(figure(), "continuous", said)
    screen.figure_downloads(
        page,
        "continuous",
        figure,
        f"{words.question(page.cohort)}, uncut",
        [said, words.provenance(page.cohort)],
    )
