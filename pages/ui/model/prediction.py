"""Prediction: how well the model tells patients apart and predicts their survival."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.survival.calibration import Calibration
from core.survival.discrimination import PredictionResult
from core.view import charts, html, words
from core.view.model import prediction, scatter
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

SAMPLES = 200
"""Bootstrap samples that are offered; more change the third digit."""
WORKING = "Fitting again in samples of the patients"


def show(page: Page) -> None:
    """Draw the section."""
    found: PredictionResult = page.worked("prediction", WORKING)
    if not found.concordance:
        st.info("Choose at least one term above: only a model can predict.")
        screen.notes(found.notes)
        return
    st.html(html.paragraph(prediction.finding(found), "finding"))
    if not found.draws:
        st.button(
            f"Correct for optimism ({SAMPLES} bootstrap samples)",
            key="prediction_bootstraps",
            help="A model does better in the patients it was fitted to than in new ones. Fitting "
            "it again in samples of the patients shows by how much.",
            on_click=frame.change,
            kwargs={"bootstraps": float(SAMPLES)},
        )
    st.html(html.table(prediction.concordances(found), caption="Concordance"))
    unit = page.cohort.show_unit
    if found.times:
        st.html(html.table(prediction.times(found, unit), caption="Accuracy at chosen times"))
    st.html(html.paragraph(prediction.calibrated(found, unit), "finding"))
    if found.calibration is not None:
        _calibration(page, found.calibration, prediction.calibrated(found, unit))
    st.html(html.paragraph(prediction.MEANING, "quiet"))
    screen.notes(tuple(note for note in found.notes if note.about != "bootstraps" or found.draws))


def _calibration(page: Page, found: Calibration, said: str) -> None:
    shape = prediction.shape(found, page.cohort.show_unit)
    described = frame.drawn(
        "scatter", dataclasses.astuple(shape), lambda: scatter.description(shape)
    )

    def figure() -> charts.Figure:
        return {**described, "datasets": prediction.figure(found)}

    left, right = st.container(key="wide_calibration").columns([1.3, 1], gap="medium")
    with left:
        screen.draw(figure(), "calibration", said)
        screen.figure_downloads(
            page, "calibration", figure, "Calibration", [said, words.provenance(page.cohort)]
        )
    with right:
        st.html(
            html.table(prediction.groups(found), caption="Calibration in groups")
            + html.paragraph(prediction.CALIBRATION, "quiet")
        )
        screen.table_downloads(
            page, ("Calibration (CSV)", "calibration", lambda: prediction.groups(found))
        )
