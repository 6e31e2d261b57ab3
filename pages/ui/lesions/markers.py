"""Marker against marker, with the rank correlation."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.survival.lesions.otherwise import columns
from core.survival.lesions.ranks import RanksResult
from core.view import charts, html, tables, words
from core.view.lesions import markers
from core.view.model import scatter
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

FIRST = {"marker_x": "HI", "marker_y": "COV"}
"""The two that are seen first: heterogeneity within the hottest lesion, and between lesions."""


def show(page: Page) -> None:
    """Choose two markers and see whether they say the same."""
    result: RanksResult = page.result("ranks")
    cohort = page.cohort
    names = list(columns(cohort))
    if len(names) < 2:
        st.info("The lesion table gives only one marker. Add SUVmean or the volume to it.")
        return
    a, b = _chosen(page, names)
    pair = result.of(a, b)
    if pair is None:
        st.info("Choose two different markers.")
        return
    variables = cohort.dataset.variables
    shape = markers.shape(variables[a], variables[b])
    described = frame.drawn(
        "markers", dataclasses.astuple(shape), lambda: scatter.description(shape)
    )
    said = markers.finding(cohort, pair)

    def figure() -> charts.Figure:
        return {**described, "datasets": markers.data(cohort, a, b)}

    st.html(html.paragraph(said, "finding"))
    screen.draw(figure(), "marker_scatter", said)
    screen.figure_downloads(page, "markers", figure, said, [words.provenance(cohort)])
    with st.expander(f"All pairs of markers ({len(result.pairs)})"):
        st.html(
            html.table(markers.table(cohort, result), caption="Rank correlation of the markers")
            + html.paragraph(markers.VARIANT, "quiet")
        )
    screen.table_downloads(
        page, ("Rank correlations (CSV)", "ranks", lambda: tables.rows(result.pairs))
    )
    screen.notes(result.notes, of=" about the ranks")


def _chosen(page: Page, names: list[str]) -> tuple[str, str]:
    """Which two are drawn: a matter of the screen, not of the question."""
    variables = page.cohort.dataset.variables
    places = st.container(key="narrow_markers").columns(2)
    chosen = []
    for i, (place, (key, first)) in enumerate(zip(places, FIRST.items(), strict=True)):
        if st.session_state.get(key) not in names:
            st.session_state[key] = first if first in names else names[i]
        chosen.append(
            place.selectbox(
                ("Across", "Upwards")[i],
                names,
                format_func=lambda n: variables[n].title,
                key=key,
                help="The marker on this axis of the figure.",
            )
        )
    return chosen[0], chosen[1]
