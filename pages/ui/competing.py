"""Competing risks on the screen: which values compete, and everything that follows from it."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.dataset import Dataset
from core.reading.roles.coding import values_of
from core.spec import AnalysisSpec
from core.survival.competing.competing import CompetingResult
from core.view import charts, html, words
from core.view.competing import cells, figure, said
from pages.ui import exploring, frame, importing
from pages.ui import show as screen
from pages.ui.frame import Page

MOST_VALUES = 30
"""A column with more values than this tells no causes apart."""


def question(page: Page) -> None:
    """The heading of the page."""
    title = f"What comes first: {words.question(page.cohort)}"
    st.html(html.paragraph(title, "question"))


def choose(page: Page) -> None:
    """Which values of the event column are competing events."""
    spec, names = page.spec, candidates(page.dataset, page.spec)
    if not names:
        return
    frame.seed("competing", list(spec.competing))
    st.multiselect(
        f"Competing events: values of {html.markdown_text(_title(page))}",
        names,
        key="competing",
        placeholder="Choose what can come before the event",
        help="Values that mean that another event came first, such as death without relapse. "
        "Values that are neither the event nor competing count as censored.",
        on_change=lambda: frame.change(competing=tuple(st.session_state["competing"])),
    )


def candidates(dataset: Dataset, spec: AnalysisSpec) -> list[str]:
    """Values of the event column that may compete: all but the event; none of a long column."""
    values = values_of(dataset, spec.event or "")
    if len(values) > MOST_VALUES:
        return list(spec.competing)
    free = [v for v in values if v not in spec.event_is]
    return list(dict.fromkeys([*free, *spec.competing]))


def show(page: Page) -> None:
    """The finding, the curves, the numbers, and both kinds of hazard ratios."""
    if not page.spec.competing:
        _nothing_named(page)
        return
    result: CompetingResult = page.result("competing")
    cohort = page.cohort
    exploring.asked(page, "competing", page.spec.competing)
    st.html(html.paragraph(said.finding(cohort, result), "finding"))
    _figure(page, result)
    st.html(
        html.paragraph(said.overstated(cohort, result), "finding")
        + html.paragraph(words.origin(cohort.groups, page.spec), "quiet")
    )
    _numbers(page, result)
    _ratios(page, result)
    st.html(html.paragraph(said.VARIANT, "quiet"))
    # That competing events count as censored holds on the other pages, not on this one.
    about = tuple(note for note in page.notes if note.about != "competing" or note.level == "info")
    screen.notes((*about, *result.notes))
    importing.show(page.dataset)


def _nothing_named(page: Page) -> None:
    names = candidates(page.dataset, page.spec)
    event = " or ".join(page.spec.event_is)
    st.html(html.paragraph(said.WHAT, "finding"))
    if len(names) > 1:
        text = (
            f"Choose above which values of '{_title(page)}' are competing events. The event is "
            f"{event}; the other values are {', '.join(names)}. Leave out what means that nothing "
            "has happened so far."
        )
    else:
        text = (
            f"'{_title(page)}' does not tell kinds of events apart, only the event ({event}) from "
            "all else. Choose an event column in which each kind of event has a "
            "value of its own, for example 0 = censored, 1 = relapse, 2 = death without relapse."
        )
    st.info(html.markdown_text(text), icon=":material/alt_route:")


def _title(page: Page) -> str:
    return page.dataset.variables[page.spec.event or ""].title


def _figure(page: Page, result: CompetingResult) -> None:
    shape = figure.Shape.of(page.cohort, result)
    described = frame.drawn(
        "competing", dataclasses.astuple(shape), lambda: figure.description(shape)
    )

    def drawn() -> charts.Figure:
        return {**described, "datasets": figure.data(page.cohort, result, shape)}

    found = said.finding(page.cohort, result)
    screen.draw(drawn(), "competing_curves", found)
    lines = [found, words.provenance(page.cohort)]
    title = f"Cumulative incidence. {words.question(page.cohort)}"
    screen.figure_downloads(page, "competing", drawn, title, lines)


def _numbers(page: Page, result: CompetingResult) -> None:
    cohort = page.cohort
    incidence, swatches = cells.incidence(cohort, result)
    counts = cells.counts(cohort, result)
    st.html(
        html.table(incidence, swatches=swatches, caption="Cumulative incidence at the chosen times")
        + html.table(counts, swatches=range(len(counts)), caption="What came first")
    )
    screen.table_downloads(
        page,
        ("Cumulative incidence at the times (CSV)", "incidence",
         lambda: cells.named(cohort, result, result.at)),
        ("Curves step by step (CSV)", "incidence-curves",
         lambda: cells.named(cohort, result, result.curves)),
    )  # fmt: skip


def _ratios(page: Page, result: CompetingResult) -> None:
    if not result.models:
        st.info(
            "Choose a stratifier above, or terms on the page of the Cox model, for hazard ratios.",
            icon=":material/arrow_upward:",
        )
        return
    captions = {"groups": "Hazard ratios of the groups", "terms": "Hazard ratios of the terms"}
    for model, caption in captions.items():
        table = cells.ratios(result, model)
        if len(table):
            st.html(html.paragraph(caption, "finding") + html.table(table, caption=caption))
    st.html(html.paragraph(said.READ, "quiet"))
    screen.table_downloads(
        page, ("Hazard ratios (CSV)", "competing-ratios", lambda: cells.ratios_in_full(result))
    )
