"""Measurement error: the slider of the error, who is near the cutoff, and how far the HR moves."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.errors import SpecError
from core.survival.conventions import conventions
from core.survival.cutoff.measurement import ERROR, MeasurementResult, single_cut
from core.view import charts, html, words
from core.view.distribution import DistributionShape
from core.view.lab import intervals, measurement
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

KEY = "measurement"
WIDEST = 50.0
"""Largest error of the slider in percent; a link may hold a larger one."""


def show(page: Page) -> None:
    """Draw the section."""
    page.key(KEY)  # a locked outcome stays locked
    try:
        single_cut(page.cohort)
    except SpecError as error:
        st.info(html.markdown_text(str(error)), icon=":material/content_cut:")
        return
    _slider(page)
    found: MeasurementResult = page.worked(KEY, "Measuring again")
    st.html(html.paragraph(measurement.finding(found), "finding"))
    _distribution(page, found)
    _ranges(page, found)
    level = conventions(page.spec).conf_level
    st.html(
        html.table(measurement.table(found, level), caption="As measured and measured again")
        + html.paragraph(measurement.meaning(found), "quiet")
    )
    screen.notes(found.notes)


def _slider(page: Page) -> None:
    error = ERROR if page.spec.measurement_error is None else page.spec.measurement_error
    percent = round(100 * error, 6)
    frame.seed("measurement_error", percent)
    st.slider(
        "Test-retest error (%)",
        0.0,
        max(WIDEST, percent),
        step=1.0,
        format="%g",
        key="measurement_error",
        help="Of two measurements of the same patient, the second is within so many percent of "
        "the first in 95 of 100 patients. For an SUV about 10 % is usual.",
        on_change=lambda: frame.change(
            measurement_error=round(st.session_state["measurement_error"] / 100, 8)
        ),
    )


def _distribution(page: Page, found: MeasurementResult) -> None:
    shape = DistributionShape.of_number(page.cohort)
    described = frame.drawn(
        "measured", dataclasses.astuple(shape), lambda: measurement.description(shape)
    )

    def figure() -> charts.Figure:
        return {**described, "datasets": measurement.data(page.cohort, found, shape)}

    title = f"Patients near the cutoff of {shape.title}"
    screen.draw(figure(), "measured", title)
    screen.figure_downloads(
        page,
        "measurement-error",
        figure,
        title,
        [measurement.finding(found), words.provenance(page.cohort)],
    )


def _ranges(page: Page, found: MeasurementResult) -> None:
    rows = measurement.rows(found)
    shape = intervals.IntervalsShape.of(rows)
    described = frame.drawn(
        "intervals", dataclasses.astuple(shape), lambda: intervals.description(shape)
    )
    screen.draw(
        {**described, "datasets": intervals.data(rows)},
        "measured_again",
        "Hazard ratio as measured and over the draws",
    )
