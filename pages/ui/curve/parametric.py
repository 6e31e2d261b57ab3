"""Parametric models beside the Kaplan-Meier curves."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.survival.km import KMResult
from core.survival.parametric.models import ParametricResult
from core.view import charts, html, tables, words
from core.view.curve import drawn, parametric
from core.view.curve.figure import Shape, description
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page


def show(page: Page) -> None:
    """Five families by AIC, one of them over the curves, and what they say of the groups."""
    result: ParametricResult = page.result("parametric")
    said = parametric.finding(result)
    st.html(html.paragraph(said, "finding"))
    best = next((t.family for t in result.totals if t.aic is not None), None)
    if best is not None:
        chosen = page.spec.family if page.spec.family not in (None, "none") else None
        family(page, f"best by AIC: {parametric.NAMES[best].lower()}", key="family_here")
        _figure(page, result, chosen or best)
    st.html(
        html.table(parametric.families(page.cohort, result), caption="Families in order of AIC")
    )
    if result.ratios:
        st.html(html.table(parametric.ratios(result), caption="Groups compared by each family"))
    screen.table_downloads(
        page,
        ("Parametric models (CSV)", "parametric", lambda: parametric.fits(result)),
        ("Ratios (CSV)", "parametric-ratios", lambda: tables.rows(result.ratios)),
    )
    st.html(html.paragraph(parametric.READ, "quiet"))
    screen.notes(result.notes)


def family(page: Page, none: str, *, key: str) -> None:
    """Choose which family is drawn over the curves."""
    frame.seed(key, page.spec.family or "none")
    st.selectbox(
        "Parametric curve over the curves",
        ["none", *parametric.NAMES],
        format_func=lambda name: parametric.NAMES.get(name, none),
        key=key,
        width=320,
        help="A dashed line: the curve that the family gives for the same patients.",
        on_change=lambda: frame.change(
            family=None if st.session_state[key] == "none" else st.session_state[key]
        ),
    )


def _figure(page: Page, result: ParametricResult, chosen: str) -> None:
    curves: KMResult = page.result("km")
    cohort = dataclasses.replace(page.cohort, spec=page.spec.but(family=chosen, scale=None))
    shape = Shape.of(cohort, words.endpoint_label(cohort))
    described = frame.drawn("km", dataclasses.astuple(shape), lambda: description(shape))

    def figure() -> charts.Figure:
        return {**described, "datasets": drawn.data(cohort, curves, shape, fitted=result)}

    title = f"{words.question(cohort)}, with the {parametric.NAMES[chosen].lower()} family"
    screen.draw(figure(), "parametric", title)
    screen.figure_downloads(page, "parametric", figure, title, [words.provenance(cohort)])
