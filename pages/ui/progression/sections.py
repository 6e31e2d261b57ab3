"""The page of response and progression: the finding, then a tab for each further question."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from core.view import html
from core.view.progression import said
from core.view.progression.people import People, people
from pages.ui import frame, show
from pages.ui.frame import Page
from pages.ui.progression import models, pictures, reader, responses
from pages.ui.sections import tabs

SECTIONS: dict[str, Callable[[Page, People], None]] = {
    "Pictures": pictures.show,
    "Best responses": responses.show,
    "Models of progression": models.show,
    "Against the investigator": reader.show,
}
EMPTY = (
    "Add a table with one row per lesion and visit (patient, visit, lesion, kind, diameter), "
    "beside the table of patients: responses by RECIST 1.1 and the mode of progression are made "
    "from it. A sheet with one column per visit is read too."
)


def draw(page: Page) -> None:
    """Everything that lesions by visit say; where there are none, how to bring them."""
    show.heading("Response and progression")
    found = _people(page)
    if found is None or not found.n:
        st.info(EMPTY, icon=":material/upload_file:")
        return
    st.html(html.paragraph(said.finding(found), "finding"))
    opened = tabs(page, "progression_section", list(SECTIONS))
    for tab, section in zip(opened, SECTIONS.values(), strict=True):
        if tab.open:
            with tab, page:
                section(page, found)
    assert page.lesions is not None
    assert page.lesions.recist_patients is not None
    show.notes(page.lesions.recist_patients.notes, of=" when the lesions were read")


def _people(page: Page) -> People | None:
    attached = page.lesions
    if attached is None:
        return None
    name = f"people {page.dataset.fingerprint} {page.spec.where!r}"
    made: People | None = frame.kept(name, lambda: people(page.dataset, attached, page.spec.where))
    return made
