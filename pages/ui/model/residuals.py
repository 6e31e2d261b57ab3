"""Proportional hazards and residuals: does an effect change with time, has a number its form."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import streamlit as st

from core.survival.residuals import ResidualsResult
from core.view import charts, html, words
from core.view.model import residuals, scatter
from core.view.model.scatter import ScatterShape
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page

VIEWS = {
    "moving": "Effect over time",
    "form": "Form of a number",
    "fit": "Overall fit",
    "outliers": "Unusual patients",
}


def show(page: Page) -> None:
    """Draw the section."""
    found: ResidualsResult = page.result("residuals")
    if not found.titles:
        st.info("Choose at least one term above: residuals belong to a model.")
        screen.notes(found.notes)
        return
    st.html(
        html.paragraph(residuals.finding(found), "finding")
        + html.table(residuals.tests(found), caption="Test of proportional hazards")
    )
    view = st.segmented_control(
        "Look at",
        list(VIEWS),
        format_func=VIEWS.__getitem__,
        default="moving",
        key="residuals_view",
        help="Whether effects are constant over time, whether a number has the right form, "
        "whether the model fits as a whole, and which patients it fits badly.",
    )
    drawers: dict[str, Callable[[Page, ResidualsResult], None]] = {
        "moving": _moving,
        "form": _form,
    }
    drawers.get(view or "moving", _whole)(page, found)
    screen.table_downloads(
        page,
        ("Residuals of each line (CSV)", "residuals", lambda: residuals.patients(found)),
        ("Effects over time (CSV)", "schoenfeld", lambda: residuals.over_time(found)),
    )
    screen.notes(found.notes)


def _moving(page: Page, found: ResidualsResult) -> None:
    if not found.schoenfeld:
        st.info("No effect of this model is estimated, so none can be followed over time.")
        return
    k = _choice("Effect", [residuals.label(one, found.titles) for one in found.schoenfeld])
    one = found.schoenfeld[k]
    shape = residuals.moving_shape(page.cohort.show_unit, whole=one.whole)
    title = f"{residuals.label(one, found.titles)} over time"
    _draw(page, "over-time", shape, title, lambda: residuals.moving(one))
    said = residuals.MEANING["moving"] + (f" {residuals.WHOLE}" if one.whole else "")
    if len(one.smooth) == 0:
        said += " There are too few event times for a smooth line."
    st.html(html.paragraph(said, "quiet"))


def _form(page: Page, found: ResidualsResult) -> None:
    if not found.forms:
        st.info("The model has no number with five or more values: there is no form to look at.")
        return
    k = _choice("Number", [form.title for form in found.forms])
    form = found.forms[k]
    shape = residuals.form_shape(form)
    _draw(page, "form", shape, f"Form of {form.title}", lambda: residuals.form(found, form))
    st.html(html.paragraph(residuals.MEANING["form"], "quiet"))


def _whole(page: Page, found: ResidualsResult) -> None:
    view = st.session_state["residuals_view"]
    if view == "fit":
        _draw(page, "overall-fit", residuals.FIT, "Overall fit", lambda: residuals.fit(found))
    else:
        _draw(
            page, "unusual", residuals.OUTLIERS, "Unusual patients",
            lambda: residuals.outliers(found),
        )  # fmt: skip
    st.html(html.paragraph(residuals.MEANING[view], "quiet"))


def _choice(label: str, names: list[str]) -> int:
    """Which of several to draw; nothing of the result depends on it."""
    if len(names) == 1:
        return 0
    return st.selectbox(
        label,
        range(len(names)),
        format_func=names.__getitem__,
        key=f"residuals_{label.lower()}",
        help="Which of them the figure shows; the results do not depend on it.",
    )


def _draw(
    page: Page, what: str, shape: ScatterShape, title: str, data: Callable[[], charts.Data]
) -> None:
    described = frame.drawn(
        "scatter", dataclasses.astuple(shape), lambda: scatter.description(shape)
    )

    def figure() -> charts.Figure:
        return {**described, "datasets": data()}

    screen.draw(figure(), what, title)
    screen.figure_downloads(page, what, figure, title, [words.provenance(page.cohort)])
