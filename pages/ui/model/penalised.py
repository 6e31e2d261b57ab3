"""The penalised model: ridge, elastic net or lasso with all chosen terms."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import streamlit as st

from core.errors import SpecError
from core.prediction import L1_RATIO, refuse
from core.survival.penalty import PenalisedResult
from core.view import charts, html, tables, words
from core.view.model import penalised
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

WORKING = "Fitting with and without each part of the patients"


def show(page: Page) -> None:
    """The path, its cross-validation and what is left of the terms."""
    if not page.spec.terms:
        st.info("Choose two or more terms above: a penalised model weighs them against each other.")
        return
    try:
        refuse(page.cohort, page.spec)
    except SpecError as error:
        st.info(f"{error.problem}. {error.hint}.")
        return
    _kind(page)
    result: PenalisedResult = page.worked("penalised", WORKING)
    said = penalised.finding(result)
    st.html(html.paragraph(said, "finding"))
    shape = penalised.PenaltyShape.of(result)
    _figure(page, "penalty-path", shape, penalised.path_description,
            lambda: penalised.path_data(result), said)  # fmt: skip
    _figure(page, "penalty-cv", shape, penalised.deviance_description,
            lambda: penalised.deviance_data(result), penalised.variant(result))  # fmt: skip
    st.html(
        html.paragraph(penalised.READING, "quiet")
        + html.table(penalised.table(result), caption="Penalised hazard ratios")
        + html.paragraph(penalised.WHY_NO_P, "finding")
        + html.paragraph(penalised.variant(result), "quiet")
    )
    screen.table_downloads(
        page,
        ("Penalised model (CSV)", "penalised", lambda: tables.rows(result.rows)),
        ("Path and cross-validation (CSV)", "path", lambda: penalised.path_values(result)),
    )
    screen.notes(result.notes)


def _figure(
    page: Page,
    name: str,
    shape: penalised.PenaltyShape,
    build: Callable[[penalised.PenaltyShape], charts.Figure],
    data: Callable[[], charts.Data],
    said: str,
) -> None:
    described = frame.drawn(name, dataclasses.astuple(shape), lambda: build(shape))

    def figure() -> charts.Figure:
        return {**described, "datasets": data()}

    screen.draw(figure(), name, said)
    title = f"Penalised Cox model of {words.endpoint_label(page.cohort).lower()}"
    screen.figure_downloads(page, name, figure, title, [said, words.provenance(page.cohort)])


def _kind(page: Page) -> None:
    now = L1_RATIO if page.spec.l1_ratio is None else page.spec.l1_ratio
    kinds = {**{now: f"Elastic net, lasso share {now:g}"}, **penalised.KINDS}
    frame.seed("l1_ratio", now)
    st.selectbox(
        "Kind of penalty",
        sorted(kinds),
        format_func=kinds.__getitem__,
        key="l1_ratio",
        help="Ridge shrinks all effects and keeps all variables, the lasso drops most of them, "
        "the elastic net does some of both and keeps related variables together.",
        on_change=lambda: frame.change(l1_ratio=st.session_state["l1_ratio"]),
    )
