"""Follow-up: by reverse Kaplan-Meier, as observed, and who is still followed."""

from __future__ import annotations

import streamlit as st

from core.survival.observation import ObservationResult
from core.view import html
from core.view.curve import observation
from pages.ui import show as screen
from pages.ui.frame import Page


def show(page: Page) -> None:
    """Draw the section."""
    result: ObservationResult = page.result("observation")
    cohort = page.cohort
    reverse = observation.reverse_table(cohort, result)
    observed = observation.observed_table(cohort, result)
    st.html(
        html.paragraph(observation.finding(cohort, result), "finding")
        + html.table(reverse, caption="Follow-up by reverse Kaplan-Meier")
        + html.table(observed, caption="Observed follow-up times: median (quartiles; range)")
    )
    if result.overall.at:
        followed = observation.followed_table(cohort, result)
        st.html(html.table(followed, caption="Still followed at the chosen times"))
    st.html(html.paragraph(observation.MEANING, "quiet"))
    screen.table_downloads(
        page, ("Follow-up (CSV)", "follow-up", lambda: observation.for_csv(cohort, result))
    )
    screen.notes(result.notes, of=" about the follow-up")
