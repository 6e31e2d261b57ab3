"""Influence: which patients move the hazard ratios, and what they are without them."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.survival.influence import InfluenceResult
from core.view import charts, html, words
from core.view.model import influence, scatter
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page


def show(page: Page) -> None:
    """Draw the section."""
    found: InfluenceResult = page.worked("influence", "Fitting without single patients")
    if not found.changes:
        st.info("Choose at least one term above: influence is on a model.")
        screen.notes(found.notes)
        return
    st.html(html.paragraph(influence.finding(found), "finding"))
    names = [influence.label(change, found.titles) for change in found.changes]
    k = 0
    if len(names) > 1:
        k = st.selectbox(
            "Hazard ratio",
            range(len(names)),
            format_func=names.__getitem__,
            key="influence_on",
            help="Which hazard ratio the figure is about; the results do not depend on it.",
        )
    _figure(page, found, k, names[k])
    st.html(
        html.table(influence.table(found), caption="Hazard ratios without single patients")
        + html.paragraph(influence.MEANING, "quiet")
    )
    screen.table_downloads(
        page, ("Influence of each line (CSV)", "influence", lambda: influence.everybody(found))
    )
    screen.notes(found.notes)


def _figure(page: Page, found: InfluenceResult, k: int, name: str) -> None:
    shape = influence.SHAPE
    described = frame.drawn(
        "scatter", dataclasses.astuple(shape), lambda: scatter.description(shape)
    )

    def figure() -> charts.Figure:
        return {**described, "datasets": influence.figure(found, k)}

    title = f"How each patient moves the hazard ratio of {name}"
    screen.draw(figure(), "influence", title)
    screen.figure_downloads(
        page, "influence", figure, title, [influence.finding(found), words.provenance(page.cohort)]
    )
