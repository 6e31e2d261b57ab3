"""The page between a file and a cohort: what was read, what is open, what the columns mean."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.dataset import Dataset
from core.errors import StratiscopeError
from core.notes import Question, counted
from core.reading import display_name
from core.steps import Step
from core.view import html
from pages.ui import columns, endpoint, frame, importing, loading, roles
from pages.ui.loading import Loaded

FEW = 5
"""So many optional questions are shown unfolded."""
MOST_QUESTIONS = 12
"""Optional questions that are shown at once."""


def page(found: Loaded) -> None:
    """Everything about a table that was read and is not opened yet."""
    _heading(found)
    _sheets(found)
    _needed(found)
    importing.show(found.dataset)
    st.dataframe(found.dataset.frame.head(6), hide_index=True, alt="First rows of the table")
    _offers(found)
    endpoint.build(found)
    roles.confirm(found)
    columns.show(found)


def _beside(dataset: Dataset) -> str:
    """The lesion tables that came with the patients'."""
    named = [
        f"'{table.sheet if table.digest == dataset.digest else table.name}' "
        f"({counted(len(table.frame), 'row')})"
        for table in dataset.lesions
    ]
    if not named:
        return ""
    text = f"Beside it: lesions in {' and '.join(named)}, which become columns of the patients."
    return html.paragraph(text, "finding")


def _heading(found: Loaded) -> None:
    dataset = found.dataset
    shape = f"{counted(len(dataset.frame), 'row')}, {counted(len(dataset.variables), 'column')}"
    st.html(html.paragraph(f"{dataset.name}: {shape}", "question") + _beside(dataset))
    row = st.container(horizontal=True)
    row.button(
        "Choose another file",
        on_click=lambda: st.session_state.pop("draft", None),
        icon=":material/arrow_back:",
        type="tertiary",
    )
    if len(found.files) == 1:
        with row:
            drawer = frame.folded(
                "Add a second patient table", ":material/add:", "second", type="tertiary"
            )
        if drawer.open:
            with drawer:
                _second(found)
    else:
        name = html.markdown_text(display_name(found.files[1][0]))
        row.button(
            f"Leave {name} out",
            icon=":material/close:",
            type="tertiary",
            on_click=loading.change,
            args=(found,),
            kwargs={"files": found.files[:1], "steps": _without_joins(found.steps)},
        )
        row.button(
            f"Make {name} the first table",
            icon=":material/swap_vert:",
            type="tertiary",
            on_click=loading.change,
            args=(found,),
            kwargs={
                "files": (found.files[1], found.files[0], *found.files[2:]),
                "steps": _without_joins(found.steps),
            },
        )
    _decisions(found)


def _without_joins(steps: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(text for text in steps if Step.parse(text).verb not in ("join", "lesions"))


def _second(found: Loaded) -> None:
    st.html(
        html.paragraph(
            "One row per patient, with the same patient numbers as the first table.", "quiet"
        )
    )
    files = loading.choose("Second table", "second_file")
    if files:
        try:
            tables, _ = loading.apart(files)
        except StratiscopeError as error:
            frame.problem(error)
            return
        loading.change(found, files=(*found.files, *tables[:1]))
        st.rerun()


def _decisions(found: Loaded) -> None:
    """The cleaning steps in force, each with a way to take it back."""
    steps = found.dataset.steps
    if not steps:
        return
    with st.expander(f"Decided by you or the dictionary ({len(steps)})"):
        for i, text in enumerate(steps):
            said, undo = st.columns([6, 1], vertical_alignment="center")
            words = found.words.get(text)
            said.html(html.paragraph(f"{words} – {text}" if words else text, "quiet"))
            undo.button(
                "",
                icon=":material/undo:",
                help="Take this back",
                key=f"undo_{i}",
                type="tertiary",
                disabled=text not in found.steps,
                on_click=loading.change,
                args=(found,),
                kwargs={
                    "steps": tuple(s for s in found.steps if s != text),
                    "study": found.study and dataclasses.replace(found.study, clean=()),
                },
            )


def _sheets(found: Loaded) -> None:
    """Another sheet, or one that is joined by patient."""
    sheets = found.dataset.sheets
    if len(sheets) < 2:
        return
    left, right = st.columns(2)
    frame.seed("sheet", found.dataset.sheet)
    left.selectbox(
        "Sheet",
        sheets,
        key="sheet",
        on_change=lambda: loading.change(found, sheet=st.session_state["sheet"], steps=()),
    )
    taken = {s.column for s in map(Step.parse, found.dataset.steps) if s.verb == "join"}
    others = [s for s in sheets if s != found.dataset.sheet and f"sheet {s}" not in taken]
    right.selectbox(
        "Join another sheet by patient",
        others,
        index=None,
        key="join_sheet",
        placeholder="none",
        on_change=lambda: loading.change(
            found,
            steps=(*found.steps, str(Step("join", (f"sheet {st.session_state['join_sheet']}",)))),
        ),
    )


def _needed(found: Loaded) -> None:
    """Questions without whose answer a column is of no use."""
    for i, question in enumerate(q for q in found.dataset.questions if q.needed):
        with st.container(border=True):
            _question(found, question, f"needed_{i}")


def _offers(found: Loaded) -> None:
    """Questions that have a sound first answer: offered, never pressed upon anybody."""
    offers = [q for q in found.dataset.questions if not q.needed]
    if not offers:
        return
    few = len(offers) <= FEW
    with st.expander(f"Could be read differently ({len(offers)})", expanded=few):
        for i, question in enumerate(offers[:MOST_QUESTIONS]):
            _question(found, question, f"offer_{i}")
        if len(offers) > MOST_QUESTIONS:
            st.caption(f"{len(offers) - MOST_QUESTIONS} more are shown when these are answered.")


def _question(found: Loaded, question: Question, key: str) -> None:
    shown = f" For example: {', '.join(question.examples)}." if question.examples else ""
    st.html(html.paragraph(question.text, "finding") + html.paragraph(shown.strip(), "quiet"))
    row = st.container(horizontal=True)
    now = "" if question.about == "join" else " (as it is now)"  # without an answer there is none
    for i, choice in enumerate(question.choices):
        row.button(
            html.markdown_text(choice.words) + (now if i == 0 else ""),
            key=f"{key}_{i}",
            disabled=not choice.steps,
            on_click=loading.add,
            args=(found, choice),
        )
