"""The hazard over time."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.survival.hazard import HazardResult
from core.survival.km import KMResult
from core.view import charts, html, words
from core.view.curve import drawn, hazard
from core.view.curve.figure import Shape, description, round_up
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page


def show(page: Page) -> None:
    """The smoothed hazard of each group, and how widely it is smoothed."""
    result: HazardResult = page.result("hazard")
    said = hazard.finding(page.cohort, result)
    st.html(html.paragraph(said, "finding"))
    if result.bandwidth is None:
        screen.notes(result.notes)
        return
    _bandwidth(page, result)
    curves: KMResult = page.result("km")
    shape = dataclasses.replace(
        Shape.of(page.cohort, words.endpoint_label(page.cohort)),
        scale="hazard",
        first=0.0,
        family=False,
        top=round_up(1.3 * float(result.curves["estimate"].max())),
    )
    described = frame.drawn("km", dataclasses.astuple(shape), lambda: description(shape))

    def figure() -> charts.Figure:
        return {**described, "datasets": drawn.data(page.cohort, curves, shape, hazard=result)}

    screen.draw(figure(), "hazard", said)
    lines = [said, words.provenance(page.cohort)]
    places = st.container(key="narrow_save_hazard").columns([1, 1, 3])
    with places[0]:
        screen.figure_downloads(page, "hazard", figure, "Hazard over time", lines)
    with places[1]:
        screen.table_downloads(
            page, ("Smoothed hazard (CSV)", "hazard", lambda: hazard.steps(page.cohort, result))
        )
    st.html(html.paragraph(hazard.READ, "quiet"))
    screen.notes(result.notes)


def _bandwidth(page: Page, result: HazardResult) -> None:
    unit = page.cohort.show_unit
    frame.seed("bandwidth", page.spec.bandwidth)
    st.number_input(
        f"Smooth over so many {unit} on each side",
        min_value=0.001,
        value=None,
        placeholder=f"by rule: {result.bandwidth:.3g}",
        key="bandwidth",
        width=320,
        help="Wider is smoother and blurs changes; narrower follows single events. Empty: a "
        "rule from the spread and number of the event times.",
        on_change=lambda: frame.change(bandwidth=st.session_state["bandwidth"]),
    )
