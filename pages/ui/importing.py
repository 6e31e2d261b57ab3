"""The import report on the screen and as a file: read, changed, left out, looks wrong."""

from __future__ import annotations

import streamlit as st

from core.dataset import Dataset
from core.notes import Note
from core.reading import dictionary
from core.reading.checks import identifiers
from core.spec import AnalysisSpec
from core.view import html, report, tables

FOLDED = 3
"""Warnings shown at once; the others are one click away."""


def show(dataset: Dataset) -> None:
    """What looks wrong in sight, everything else folded away."""
    warnings = sorted(
        (n for n in dataset.notes if n.level == "warning"),
        key=lambda n: n.section not in ("excluded", "changed"),
    )
    for note in warnings[:FOLDED]:
        st.warning(html.markdown_text(report.sentence(note)), icon=":material/warning:")
    rest = [n for n in dataset.notes if n not in warnings[:FOLDED]]
    if not rest:
        return
    with st.expander(f"Import report: {report.summary(dataset)}"):
        for title, notes in report.sections(rest):
            st.html(html.paragraph(title, "finding"))
            st.html("".join(map(_line, notes)))


def _line(note: Note) -> str:
    was = "; ".join(f"{old} → {new}" for old, new in note.examples)
    return html.paragraph(report.sentence(note), "quiet") + html.paragraph(
        f"For example: {was}" if was else "", "quiet"
    )


def report_download(dataset: Dataset, key: str) -> None:
    """Offer the report as a text file: it goes with every table that is saved."""
    if dataset.reference == dataset.name and not dataset.notes:
        return
    st.download_button(
        "Import report (text)",
        lambda: report.text(dataset),
        file_name="stratiscope-import-report.txt",
        mime="text/plain",
        key=key,
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
    )


def downloads(dataset: Dataset, spec: AnalysisSpec) -> None:
    """Offer the report, the cleaned table without identifiers, and the dictionary."""
    if dataset.reference == dataset.name:  # a shipped cohort has all this already
        return
    left_out = identifiers.left_out(dataset)
    row = st.container(horizontal=True)
    with row:
        report_download(dataset, "save_report")
    row.download_button(
        "Cleaned table (CSV)",
        lambda: tables.to_csv(tables.cleaned(dataset)),
        file_name="stratiscope-cleaned-table.csv",
        mime="text/csv",
        key="save_cleaned",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        help=html.markdown_text(
            f"Left out as identifiers: {', '.join(left_out) or 'no column'}. The patient number "
            "stays, as it joins tables: tick it under 'The columns' to leave it out too."
        ),
    )
    row.download_button(
        "Dictionary of the study (JSON)",
        lambda: dictionary.write(dataset, spec),
        file_name="stratiscope-dictionary.json",
        mime="application/json",
        key="save_dictionary",
        on_click="ignore",
        type="tertiary",
        icon=":material/download:",
        help="Drop it together with the next file of this study: it then opens without a click.",
    )
