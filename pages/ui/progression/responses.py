"""Best responses, with and without confirmation, and what decides them."""

from __future__ import annotations

import streamlit as st

from core.lesions.recist.rules import WEEK
from core.view import html
from core.view.progression import said
from core.view.progression.people import People
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

WEEKS = {
    "confirm": ("Confirmation after, weeks", "A response counts as confirmed when it is seen again "
                "at least so many weeks later; RECIST asks for 4.", 0.0),
    "stable": ("Stable disease from, weeks", "An earlier assessment without change is not enough "
               "to call the disease stable.", 0.0),
    "benefit": ("Clinical benefit from, weeks", "Who responded, or had not progressed so many "
                "weeks after the start, has had a clinical benefit.", 1.0),
}  # fmt: skip
"""Label, help and smallest value of each duration."""


def show(page: Page, found: People) -> None:
    """The table of best responses and the durations that decide it."""
    attached = page.lesions
    assert attached is not None
    for place, (name, (label, text, least)) in zip(st.columns(3), WEEKS.items(), strict=True):
        key = f"{name}_weeks"
        frame.seed(key, float(getattr(attached.rules, f"{name}_days")) / WEEK)
        place.number_input(
            label, min_value=least, step=1.0, format="%g", key=key, help=text,
            on_change=_set, args=(key,),
        )  # fmt: skip
    table = said.best_responses(found)
    st.html(
        html.table(table, caption="Best responses")
        + html.paragraph(said.rules(attached.rules), "quiet")
    )
    screen.table_downloads(page, ("Best responses (CSV)", "best-responses", lambda: table))


def _set(key: str) -> None:
    value = st.session_state[key]
    frame.change(**{key: None if value is None else float(value)})
