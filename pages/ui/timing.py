"""From when on patients are followed and compared; and the three ways on from the guard's stop."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core import known
from core.dataset import KNOWN_LATER, Dataset
from core.known import KnownLater
from core.reading.roles.filling import fill
from core.reading.roles.later import BASELINE
from core.spec import AnalysisSpec
from core.steps import Step
from core.view import html, timing
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

ABOUT = ("origin", "entry", "group_by", "where", "terms")
"""What the notes of this section are about."""


def show(page: Page) -> None:
    """Landmark, origin and entry, and what is known only later."""
    st.html(html.paragraph(timing.finding(page.cohort), "finding"))
    row = st.container(key="narrow_timing").columns(3, vertical_alignment="bottom")
    _landmark(page, row[0])
    _column(page, row[1], "origin", "Count time from", timing.ORIGIN_HELP)
    _column(page, row[2], "entry", "Observed from", timing.ENTRY_HELP)
    _known(page)
    st.html(html.paragraph(timing.MEANS, "quiet"))
    screen.notes(tuple(n for n in page.cohort.included.notes if n.about in ABOUT))


def _landmark(page: Page, place: DeltaGenerator) -> None:
    frame.seed("landmark", page.spec.landmark)
    place.number_input(
        f"Landmark ({page.cohort.show_unit})",
        min_value=0.0,
        value=None,
        placeholder="none",
        key="landmark",
        help=timing.LANDMARK_HELP,
        on_change=lambda: frame.change(landmark=st.session_state["landmark"] or None),
    )


def _column(page: Page, place: DeltaGenerator, field: str, label: str, said: str) -> None:
    """Choose the column of the field ``origin`` or ``entry``; empty is the start of the table."""
    now = getattr(page.spec, field)
    offered = timing.entries if field == "entry" else timing.moments
    names = list(offered(page.dataset, page.spec))
    names += [now] if now is not None and now not in names else []
    frame.seed(field, now)
    place.selectbox(
        label,
        names,
        format_func=lambda name: page.dataset.variables[name].title,
        index=None,
        placeholder="time 0 of the table",
        key=field,
        help=said,
        on_change=lambda: frame.change(**{field: st.session_state[field]}),
    )


def _known(page: Page) -> None:
    """The variables that are known only later, and how to say so of another one."""
    dataset = page.dataset
    found = timing.known_later(dataset)
    if len(found):
        st.html(html.table(found, caption="Known only later"))
    else:
        st.html(html.paragraph("No variable is marked as known only later.", "quiet"))
    if _is_shipped(dataset):
        return
    row = st.container(key="narrow_known").columns(2, vertical_alignment="bottom")
    names = [v.name for v in dataset.variables.values() if v.kind in ("number", "category")]
    column = row[0].selectbox(
        "When is a variable known?",
        names,
        format_func=lambda name: dataset.variables[name].title,
        index=None,
        placeholder="Choose a variable",
        key="known_column",
        help=timing.KNOWN_HELP,
    )
    if column is not None:
        _when(page, row[1], column)


def _when(page: Page, place: DeltaGenerator, column: str) -> None:
    words = {BASELINE: timing.AT_START, KNOWN_LATER: "later, it is not said when"}
    times = [name for name in timing.moments(page.dataset, page.spec) if name != column]
    words |= {name: f"at {page.dataset.variables[name].title}" for name in times}
    now = page.dataset.variables[column].known or BASELINE
    frame.seed(f"known_{column}", now)
    place.selectbox(
        "Known",
        list(words),
        format_func=lambda said: words.get(said, said),
        key=f"known_{column}",
        help="From when on a patient's value of this variable is there.",
        on_change=lambda: _say_known(column, st.session_state[f"known_{column}"]),
    )


def _say_known(column: str, said: str) -> None:
    """Put a cleaning step in the place of what was said about the column before."""
    old = [Step.parse(text) for text in st.session_state["spec"].clean]
    kept = [str(s) for s in old if (s.verb, s.column) != ("known", column)]
    frame.change(clean=(*kept, str(Step("known", (column, said)))))


def _is_shipped(dataset: Dataset) -> bool:
    return dataset.reference == dataset.name


def stopped(error: KnownLater) -> None:
    """Say why groups known only later are not compared from time 0, and offer three ways on."""
    from pages.ui import tables  # it needs `problem`, which calls this

    asked: AnalysisSpec = st.session_state["spec"]
    dataset = tables.with_lesions(tables.dataset_of(asked), asked)
    spec, _ = fill(dataset, asked)
    st.error(html.markdown_text(timing.stopped(error)))
    ways = st.container(key="wide_ways").columns(3, gap="medium")
    with ways[0]:
        _by_landmark(spec)
    with ways[1]:
        _by_since(dataset, spec, error)
    with ways[2]:
        _by_origin(dataset, spec, error)
    last = st.container(horizontal=True)
    if not _is_shipped(dataset):
        last.button(
            "It is known at the start",
            key="known_at_start",
            type="tertiary",
            help="Only if every value was there when the follow-up began.",
            on_click=_say_known,
            args=(error.column, BASELINE),
        )
    last.button(
        "Ask without it",
        key="ask_without",
        type="tertiary",
        on_click=lambda: frame.ask(known.without(dataset, asked, error.column)),
    )


def _by_landmark(spec: AnalysisSpec) -> None:
    st.html(
        html.paragraph("Compare from a landmark on", "finding")
        + html.paragraph(timing.LANDMARK_HELP, "quiet")
    )
    st.number_input(
        f"Landmark ({spec.show_unit or spec.unit})", min_value=0.0, value=None, key="stop_landmark",
        placeholder="for example 6", help=timing.LANDMARK_HELP,
        on_change=lambda: frame.change(landmark=st.session_state["stop_landmark"] or None),
    )  # fmt: skip


def _by_since(dataset: Dataset, spec: AnalysisSpec, error: KnownLater) -> None:
    st.html(
        html.paragraph("Let it change in the Cox model", "finding")
        + html.paragraph(
            "A time-dependent term: each patient counts without it until she has it, and with it "
            "from then on.",
            "quiet",
        )
    )
    when = error.when or _which_time(dataset, spec, error, "stop_since")
    if when:
        moved = known.as_since(dataset, st.session_state["spec"], error.column, when)
        st.page_link(
            "pages/cox.py",
            label="Open the Cox model with it",
            icon=":material/arrow_forward:",
            query_params=moved.to_dict(),
        )


def _by_origin(dataset: Dataset, spec: AnalysisSpec, error: KnownLater) -> None:
    st.html(
        html.paragraph("Count from when it is known", "finding")
        + html.paragraph(
            "Time 0 becomes that day; patients who never got there are left out.", "quiet"
        )
    )
    when = error.when or _which_time(dataset, spec, error, "stop_origin")
    if when:
        st.button(
            f"Count from {html.markdown_text(dataset.variables[when].title)}",
            key="stop_count_from",
            on_click=lambda: frame.change(origin=when),
        )


def _which_time(dataset: Dataset, spec: AnalysisSpec, error: KnownLater, key: str) -> str | None:
    """Ask for the column that says when it became known."""
    times = [name for name in timing.moments(dataset, spec) if name != error.column]
    if not times:
        st.html(html.paragraph("The table has no column that says when it became known.", "quiet"))
        return None
    return st.selectbox(
        "It became known at",
        times,
        format_func=lambda name: dataset.variables[name].title,
        index=None,
        placeholder="Choose a column",
        key=key,
        help="The column with the date or the time at which it became known.",
    )
