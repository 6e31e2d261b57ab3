"""Models A, B and C of the mode of progression, further ones, and what they separate."""

from __future__ import annotations

import streamlit as st

from core.errors import SpecError
from core.lesions.recist.grammar import parse
from core.survival.progression.modes import ModesResult
from core.view import html
from core.view.progression import said
from core.view.progression.people import People
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

READINGS = {"lesion": "Lesion by lesion", "category": "By category"}


def show(page: Page, found: People) -> None:
    """What the models are, how many are in their groups, and how far survival parts."""
    modes = found.found.modes
    _reading(page)
    st.html(html.paragraph(said.readings(found, modes), "finding"))
    _editor(page)
    table = said.sizes(found, modes, page.spec.pd_model)
    st.html(html.table(table, caption="Groups of the models of progression"))
    with st.expander("Who is in which group?"):
        st.html(
            html.table(said.truth_table(), caption="What the models say of each progression")
            + html.paragraph(said.TRUTH, "quiet")
            + html.paragraph(said.CONDITIONS_SAID, "quiet")
        )
    screen.table_downloads(page, ("Groups of the models (CSV)", "model-groups", lambda: table))
    _separation(page)


def _reading(page: Page) -> None:
    frame.seed("lesion_pd", page.spec.lesion_pd or "lesion")
    st.selectbox(
        "All lesions progressed means",
        list(READINGS),
        format_func=READINGS.__getitem__,
        key="lesion_pd",
        help="Each single lesion progressed, or the targets by their sum and the non-targets as a "
        "whole (RECIST). Model C depends on it.",
        on_change=lambda: frame.change(lesion_pd=st.session_state["lesion_pd"]),
    )


def _editor(page: Page) -> None:
    """Write a further model; what cannot be read is said beside the box and not asked."""
    box, add = st.columns([4, 1], vertical_alignment="bottom")
    text = box.text_input(
        "A further model: group 1 is where this holds",
        key="new_model",
        placeholder="not T and (NL or NT)",
        help="Combine T, NT, NL, allT and allNT with not, and, or and brackets; every model counts "
        "in the correction of p.",
    )
    rule, problem = _read(text)
    add.button(
        "Add it", key="add_model", disabled=not rule, on_click=_add, args=(page, rule)
    )  # fmt: skip
    if problem:
        st.warning(html.markdown_text(problem), icon=":material/edit:")
    elif rule:
        st.html(html.paragraph(f"Group 1: {parse(rule).says}.", "quiet"))
    for i, model in enumerate(page.spec.pd_model):
        st.button(
            f"Drop {html.markdown_text(model)}",
            key=f"drop_model_{i}",
            type="tertiary",
            on_click=_drop,
            args=(page, model),
        )


def _read(text: str | None) -> tuple[str, str]:
    """The model as it will be asked, or what is wrong with it; both empty for an empty box."""
    if not text or not text.strip():
        return "", ""
    try:
        return str(parse(text)), ""
    except SpecError as error:
        return "", str(error)


def _add(page: Page, rule: str) -> None:
    frame.change(pd_model=tuple(dict.fromkeys((*page.spec.pd_model, rule))))
    st.session_state["new_model"] = ""


def _drop(page: Page, model: str) -> None:
    frame.change(pd_model=tuple(m for m in page.spec.pd_model if m != model))


def _separation(page: Page) -> None:
    st.html(html.paragraph("Survival by model, counted from when the mode is known", "question"))
    result: ModesResult = page.result("modes")
    st.html(
        html.paragraph(said.separation(result), "finding")
        + html.table(
            said.comparison(result, page.cohort.show_unit), caption="Survival by the models"
        )
        + html.paragraph(
            "Log-rank p; the adjusted one allows for the number of models (Holm). A model that "
            "was written after a look at the curves needs other patients to be believed.",
            "quiet",
        )
    )
    screen.table_downloads(
        page, ("Survival by model (CSV)", "modes", lambda: said.comparison_numbers(result))
    )
    screen.notes(result.notes)
