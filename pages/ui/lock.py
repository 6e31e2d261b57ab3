"""The locked outcome: a cutoff is chosen on the marker alone, and unlocking is recorded."""

from __future__ import annotations

import dataclasses

import pandas as pd
import streamlit as st

from core.locking import cut_text
from core.view import distribution, html, tables, words
from pages.ui import controls, exploring, frame, show
from pages.ui.frame import Page

ABOUT_OUTCOME = ("event", "event_is", "competing")
"""What notes are about that are not shown with a locked outcome."""


def switch(page: Page) -> None:
    """The switch in the sidebar that hides the outcome."""
    frame.seed("outcome_hidden", page.locked)
    st.toggle(
        "Hide the outcome",
        key="outcome_hidden",
        help="Choose the cutoff on the marker alone, before you see what it does to the curves. "
        "Its p-value then means what it says. What was looked at before stays counted.",
        on_change=_switched,
        args=(page,),
    )


def panel(page: Page) -> None:
    """In place of results: what the lock is for, and the way out of it."""
    with st.container(border=True, key="locked"):
        st.html(
            html.paragraph("The outcome is locked", "question")
            + html.paragraph(
                "No curve, p-value or hazard ratio is shown, so that the cutoff can be chosen on "
                "the marker alone. A cutoff that was chosen before anything of the outcome was "
                "seen needs no correction for a search. Choose it on the curves or the cutoff "
                "page, then unlock the outcome: that it was hidden is recorded in the link.",
                "finding",
            )
            + html.paragraph(words.earlier_looks(exploring.counts(page).analyses), "quiet")
        )
        st.button(
            "Unlock the outcome",
            icon=":material/lock_open:",
            key="unlock",
            on_click=unlock,
            args=(page,),
        )


def choose(page: Page) -> None:
    """The curves page with a locked outcome: marker, cutoff, distribution, sizes of the groups."""
    st.html(html.paragraph(words.question(page.cohort), "question"))
    controls.stratifier(page)
    panel(page)
    groups = page.cohort.groups
    if groups.by is None:
        st.info("Choose a stratifier above to see how it is distributed.")
        return
    shape = distribution.DistributionShape.of(page.cohort)
    described = frame.drawn(
        "distribution", dataclasses.astuple(shape), lambda: distribution.description(shape)
    )
    figure = {**described, "datasets": distribution.data(page.cohort, shape)}
    show.draw(figure, "distribution", f"Distribution of {shape.title} with the groups")
    sizes = pd.DataFrame(
        {
            "Group": groups.screen_labels,
            tables.of_rows(page.cohort).capitalize(): [level.n for level in groups.levels],
        }
    )
    st.html(
        html.table(sizes, swatches=range(len(sizes)), caption="Sizes of the groups")
        + html.paragraph(
            "The best split is not offered here: searching for it needs the outcome. The median "
            "is taken in its place.",
            "quiet",
        )
    )
    show.notes(tuple(note for note in page.notes if note.about not in ABOUT_OUTCOME))


def unlock(page: Page) -> None:
    """Show the outcome from now on, and record the cutoff that was chosen without it."""
    frame.change(
        outcome=None,
        unlocked=cut_text(page.cohort.groups, page.spec),
        explored=exploring.unlocked(page),
    )


def _switched(page: Page) -> None:
    if st.session_state["outcome_hidden"]:
        frame.change(outcome="locked")
    else:
        unlock(page)
