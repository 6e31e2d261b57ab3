"""The cutoff page: the scan of all cutoffs, then a tab for each further question."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.survival.cutoff.best import CutoffResult
from core.survival.cutoff.scan import ScanResult
from pages.ui import importing, show, warming
from pages.ui.frame import Page
from pages.ui.lab import (
    continuous,
    grid,
    measurement,
    pair,
    robustness,
    scanning,
    stability,
)
from pages.ui.sections import tabs

SECTIONS: dict[str, Callable[[Page], None]] = {
    "How stable is it?": stability.show,
    "Measurement error": measurement.show,
    "Without a cutoff": continuous.show,
    "Several cutoffs": pair.show,
    "Two markers": grid.show,
    "Single patients and centres": robustness.show,
}


def draw(page: Page) -> None:
    """Everything about where the stratifier is cut; nothing where it is no number."""
    by = page.spec.group_by
    if by is None or page.dataset.variables[by].kind != "number":
        st.info("Choose a marker above: every possible cutoff of it is shown at once.")
        return
    warming.wait()
    scanning.draw(page)
    opened = tabs(page, "section", list(SECTIONS))
    for tab, section in zip(opened, SECTIONS.values(), strict=True):
        if tab.open:
            with tab:
                section(page)
    found: ScanResult = page.worked("scan", "Comparing at every cutoff")
    searched: CutoffResult = page.worked("cutoff", show.SEARCHING)
    _notes(page, found, searched)
    importing.show(page.dataset)


def _notes(page: Page, found: ScanResult, searched: CutoffResult) -> None:
    """What must be known about the scan; the verdict above has said what the search does."""
    said = {note.text for note in searched.notes if note.level == "warning"}
    notes = (*page.notes, *found.notes, *searched.notes)
    show.notes(tuple(note for note in notes if note.text not in said), of=" for the scan")
