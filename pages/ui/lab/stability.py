"""How stable the best cutoff is, and the hazard ratio corrected for the search."""

from __future__ import annotations

import dataclasses

import pandas as pd
import streamlit as st

from core.survival.cutoff.best import CutoffResult
from core.survival.cutoff.stability import Bootstrap, StabilityResult
from core.view import charts, html, words
from core.view.distribution import DistributionShape
from core.view.lab import stability
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page


def show(page: Page) -> None:
    """Where bootstrap samples had their best cutoff, and three hazard ratios."""
    result: StabilityResult = page.worked("stability", "Searching again in samples of the patients")
    if result.bootstrap is None:
        st.info("Ask for bootstrap samples (Search options) to see how stable the cutoff is.")
    else:
        _bootstrap(page, result.bootstrap)
    st.html(
        html.table(stability.ratios(result), caption="Hazard ratios after a search")
        + html.paragraph(stability.checked(result.validation), "finding")
        + html.paragraph(stability.RATIOS, "quiet")
    )
    if result.bootstrap is not None:
        found = result.bootstrap
        screen.table_downloads(
            page,
            (
                "Best cutoffs of the samples (CSV)",
                "bootstrap",
                lambda: pd.DataFrame({"cutoff": found.cutoffs, "samples": found.counts}),
            ),
        )
    screen.notes(result.notes)


def _bootstrap(page: Page, found: Bootstrap) -> None:
    searched: CutoffResult = page.worked("cutoff", screen.SEARCHING)
    shape = DistributionShape.of_number(page.cohort)
    described = frame.drawn(
        "stability", dataclasses.astuple(shape), lambda: stability.description(shape)
    )
    said = stability.finding(page.cohort, found)

    def figure() -> charts.Figure:
        return {**described, "datasets": stability.data(found, searched.best)}

    st.html(html.paragraph(said, "finding"))
    screen.draw(figure(), "stability", said)
    screen.figure_downloads(page, "stability", figure, said, [words.provenance(page.cohort)])
