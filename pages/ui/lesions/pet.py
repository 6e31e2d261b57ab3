"""Which lesions count, the markers they become, and their uptake patient by patient."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.lesions.attach import Attached
from core.lesions.pet.derived import Derived
from core.lesions.pet.lesions import Lesions
from core.notes import counted
from core.survival.lesions.otherwise import columns
from core.view import charts, html, words
from core.view.lesions import pet, strip
from core.view.lesions.strip import StripShape
from pages.ui import frame, lock, marking, sections
from pages.ui import show as screen
from pages.ui.frame import Page
from pages.ui.lesions import choosing, markers, sensitivity

MORE = {
    "Marker against marker": markers.show,
    "Other definitions": sensitivity.alternatives,
    "With and without bone": sensitivity.bone,
}


def show(page: Page) -> None:
    """Draw the page, or say how to get lesions onto it."""
    found = page.lesions
    if found is None or found.pet is None or found.pet_patients is None:
        st.info(pet.NONE)
        return
    lesions, derived = found.pet, found.pet_patients
    choosing.draw(lesions, found.choice)
    st.html(html.paragraph(pet.finding(lesions, derived), "finding"))
    _table(page, derived)
    _links(page)
    if page.locked:
        lock.panel(page)
        screen.notes(derived.notes)
        return
    _strip(page, found, lesions, derived)
    sections.draw(page, "More on these lesions", MORE)
    screen.notes((*page.notes, *derived.notes))


def _table(page: Page, derived: Derived) -> None:
    """The markers, and why patients have none."""
    left = pet.left(derived)
    st.html(
        html.table(pet.summary(derived), caption="Markers that come from the lesions")
        + (html.table(left, caption="Patients without a lesion that counts") if len(left) else "")
        + html.paragraph(pet.VARIANT, "quiet")
    )
    screen.table_downloads(
        page, ("Markers (CSV)", "pet-markers", lambda: pet.summary_in_full(derived))
    )


def _links(page: Page) -> None:
    """A way from each marker to its curves."""
    named = columns(page.cohort)
    place = st.container(horizontal=True, key="marker_links")
    for name, variable in named.items():
        asked = page.spec.but(
            group_by=name, cut_rule="median", cut_value=(), cut_side=None,
            second_by=None, second_cut=None, combine=None,
        )  # fmt: skip
        place.page_link(
            "pages/curves.py",
            label=html.markdown_text(f"Curves by {variable.title}"),
            icon=":material/show_chart:",
            query_params=asked.to_dict(),
            help="Kaplan-Meier curves of the patients above and below its median.",
            width="content",
        )


def _strip(page: Page, found: Attached, lesions: Lesions, derived: Derived) -> None:
    cohort, ids = page.cohort, found.ids
    marked = marking.here(page)
    shape = StripShape.of(cohort, lesions, ids, marked)
    said = strip.finding(cohort, lesions, ids)
    inside = pet.among(ids, cohort.included.rows, derived)
    st.html(html.paragraph(f"{said} {inside}", "finding"))
    if not shape.wide:
        return
    _said_of(marked)
    described = frame.drawn("strip", dataclasses.astuple(shape), lambda: strip.description(shape))

    def figure() -> charts.Figure:
        points = strip.data(cohort, lesions, found.choice, derived.eligible, ids, marked)
        return {**described, "datasets": points}

    screen.draw(figure(), "lesion_strip", said)
    screen.figure_downloads(page, "lesions", figure, said, [words.provenance(cohort)])
    st.html(html.paragraph(strip.reading(found.choice), "quiet"))


def _said_of(marked: tuple[int, ...]) -> None:
    """Who was picked on the page of progression, with a way to take the marks away."""
    if not marked:
        return
    said, clear = st.columns([5, 1], vertical_alignment="center")
    text = f"{counted(len(marked), 'patient')} marked on the Progression page; others are pale."
    said.html(html.paragraph(text, "quiet"))
    with clear:
        marking.nobody()
