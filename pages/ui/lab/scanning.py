"""The scan of all cutoffs: the verdict in words, the figure that follows the pointer."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.spec import shortest
from core.survival.cutoff.best import CutoffResult
from core.survival.cutoff.preview import PreviewResult
from core.survival.cutoff.scan import ScanResult
from core.view import charts, html, words
from core.view.lab import scan, scan_data, verdict
from pages.ui import exploring, frame, show
from pages.ui.frame import Page

KEY = "scan"


def draw(page: Page) -> None:
    """The verdict on the best cutoff, the scan that follows the pointer, and their downloads."""
    found: ScanResult = page.worked("scan", "Comparing at every cutoff")
    exploring.scanned(page, found.cutoff)
    searched: CutoffResult = page.worked("cutoff", show.SEARCHING)
    st.html(verdict.headline(page.cohort, searched))
    thin: PreviewResult = page.result("preview")
    shape = scan.ScanShape.of(page.cohort, found, words.endpoint_label(page.cohort))
    described = frame.drawn(
        "scan",
        (dataclasses.astuple(shape), page.key("scan"), page.key("cutoff")),
        lambda: scan.description(
            shape, scan_data.stops(page.cohort, found, thin, searched.corrected)
        ),
    )

    still = frame.drawn(
        "scan data",
        (page.key("scan"), page.key("cutoff")),
        lambda: scan_data.still(
            found, searched.search, searched.corrected, scan_data.rug(searched.bootstrap)
        ),
    )

    def figure() -> charts.Figure:
        moving = scan_data.moving(
            page.cohort, page.result("km"), found, shape, thin, searched.corrected
        )
        return {**described, "datasets": {**still, **moving}}

    spoken = verdict.spoken(page.cohort, found, searched)
    show.draw(figure(), KEY, spoken, selection="take", on_select=_take)
    origin = words.origin(page.cohort.groups, page.spec)
    st.html(html.paragraph(origin, "quiet") + html.paragraph(verdict.READ, "quiet"))
    left, right, _ = st.columns([1.3, 1.3, 2])
    with left:
        show.figure_downloads(
            page, "scan", figure, verdict.sentence(page.cohort, searched),
            [words.endpoint_label(page.cohort), words.provenance(page.cohort)],
        )  # fmt: skip
    with right:
        show.table_downloads(
            page,
            ("Every cutoff (CSV)", "cutoffs", lambda: scan_data.table(found, searched.corrected)),
        )


def _take() -> None:
    """Take the cutoff that was clicked."""
    taken = st.session_state[KEY]["selection"].get("take", [])
    if taken:
        value = shortest(float(taken[0]["at"]))
        frame.change(cut_rule="value", cut_value=(value,))
