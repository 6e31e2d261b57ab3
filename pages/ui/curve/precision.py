"""What the events at hand can show: the detectable hazard ratio, moving with the cutoff."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.survival.precision import POWER, PrecisionResult
from core.view import charts, html, words
from core.view.curve import precision
from core.view.curve.precision import PrecisionShape
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

KEY = "precision"


def show(page: Page) -> None:
    """Draw the section."""
    page.key(KEY)  # a locked outcome stays locked
    if len(page.cohort.groups.levels) < 2:
        st.info("Choose a stratifier above: then the detectable hazard ratio is shown.")
        return
    found: PrecisionResult = page.result(KEY)
    st.html(html.paragraph(precision.finding(page.cohort, found), "finding"))
    _power(page)
    left, right = st.container(key="wide_precision").columns([1.25, 1], gap="medium")
    with left:
        _figure(page, found)
    with right:
        st.html(html.table(precision.needed(found), caption="Events that hazard ratios need"))
    st.html(
        html.table(precision.contrasts(found), caption="Detectable hazard ratios")
        + html.paragraph(precision.meaning(found), "quiet")
    )
    screen.table_downloads(
        page,
        ("Detectable hazard ratios (CSV)", "detectable", lambda: precision.rows(found)),
        ("Events needed (CSV)", "events-needed", lambda: precision.needed_rows(found)),
    )
    screen.notes(found.notes)


def _power(page: Page) -> None:
    percent = round(100 * (POWER if page.spec.power is None else page.spec.power), 6)
    frame.seed("power", percent)
    st.slider(
        "Power (%)",
        min(50.0, percent),
        max(99.0, percent),
        step=1.0,
        format="%g",
        key="power",
        help="How often a study like this one would find an effect of that size. 80% is usual, "
        "90% is safer.",
        on_change=lambda: frame.change(power=round(st.session_state["power"] / 100, 8)),
        width=320,
    )


def _figure(page: Page, found: PrecisionResult) -> None:
    if not found.contrasts[0].detectable:
        st.info("Without events there is nothing to draw.")
        return
    shape = PrecisionShape.of(page.cohort, found)
    described = frame.drawn(
        "precision", dataclasses.astuple(shape), lambda: precision.description(shape)
    )

    def figure() -> charts.Figure:
        return {**described, "datasets": precision.data(found, shape)}

    title = "Hazard ratio detectable with the events at hand"
    screen.draw(figure(), "precision", title)
    screen.figure_downloads(
        page,
        "precision",
        figure,
        title,
        [precision.finding(page.cohort, found), words.provenance(page.cohort)],
    )
