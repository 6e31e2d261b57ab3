"""At chosen times: survival and its differences, restricted means, conditional survival."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.spec import shortest
from core.survival.differences import DifferencesResult
from core.survival.km import KMResult, times_asked
from core.view import charts, html, tables, words
from core.view.curve import areas, differences
from pages.ui import controls, frame
from pages.ui import show as screen
from pages.ui.frame import Page

KEY = "differences"


def show(page: Page) -> None:
    """Draw the section."""
    page.key(KEY)  # a locked outcome stays locked
    _controls(page)
    result: DifferencesResult = page.result(KEY)
    curves: KMResult = page.result("km")
    _survival(page, result)
    _means(page, result, curves)
    _conditional(page, result)
    st.html(
        html.paragraph("Time by which so many have had the event", "finding")
        + html.table(
            differences.quartile_table(page.cohort, curves),
            swatches=range(len(curves.groups)),
            caption="Quartiles of the curves",
        )
    )
    screen.table_downloads(
        page,
        ("Survival at the times (CSV)", "at-times", lambda: tables.rows(result.survival)),
        ("Differences (CSV)", "differences", lambda: tables.rows(result.differences)),
        ("Restricted means (CSV)", "rmst", lambda: tables.rows(result.rmst)),
        ("Their contrasts (CSV)", "rmst-contrasts", lambda: tables.rows(result.rmst_contrasts)),
        ("Conditional survival (CSV)", "conditional", lambda: tables.rows(result.conditional)),
    )
    screen.notes(result.notes, of=" at chosen times")


def _controls(page: Page) -> None:
    spec, unit = page.spec, page.cohort.show_unit
    by_default = [shortest(round(float(t), 4)) for t in times_asked(page.cohort, spec.but(at=()))]
    row = st.container(key="narrow_times").columns(3, vertical_alignment="bottom")
    frame.seed("chosen_times", ", ".join(spec.at))
    row[0].text_input(
        f"Times, {unit}",
        key="chosen_times",
        placeholder=", ".join(by_default),
        help="Survival is read off and compared at these times; separate them by commas.",
        on_change=controls.set_times,
        args=("chosen_times",),
    )
    frame.seed("chosen_tau", spec.tau)
    row[1].number_input(
        f"Horizon of the mean, {unit}",
        min_value=0.0,
        value=None,
        format="%g",
        key="chosen_tau",
        placeholder="shortest last follow-up",
        help="The mean time without the event is taken up to here; choose it beforehand, within "
        "the follow-up of every group.",
        on_change=lambda: frame.change(tau=st.session_state["chosen_tau"] or None),
    )
    frame.seed("chosen_given", spec.given)
    row[2].number_input(
        f"Already without the event for, {unit}",
        min_value=0.0,
        value=None,
        format="%g",
        key="chosen_given",
        placeholder="nothing given",
        help="Survival from then on of the patients who have come so far (conditional survival).",
        on_change=lambda: frame.change(given=st.session_state["chosen_given"] or None),
    )


def _survival(page: Page, result: DifferencesResult) -> None:
    cohort = page.cohort
    parts = [
        html.paragraph(differences.finding(cohort, result), "finding"),
        html.table(
            differences.survival_table(cohort, result.survival),
            swatches=[row.group for row in result.survival],
            caption="Survival at the chosen times",
        ),
    ]
    if result.differences:
        table = differences.difference_table(cohort, result)
        parts += [
            html.table(table, caption="Differences at the chosen times"),
            html.paragraph(differences.MEANING, "quiet"),
        ]
    st.html("".join(parts))


def _means(page: Page, result: DifferencesResult, curves: KMResult) -> None:
    cohort = page.cohort
    if result.tau is None:
        return
    shape = areas.AreaShape.of(cohort)
    described = frame.drawn("areas", dataclasses.astuple(shape), lambda: areas.description(shape))
    said = differences.mean_finding(cohort, result)

    def figure() -> charts.Figure:
        return {**described, "datasets": areas.data(cohort, curves.curves, result)}

    st.html(html.paragraph(said, "finding"))
    screen.draw(figure(), "areas", said)
    screen.figure_downloads(page, "restricted-means", figure, said, [words.provenance(cohort)])
    st.html(
        html.table(
            differences.mean_table(cohort, result),
            swatches=[mean.group for mean in result.rmst],
            caption="Restricted means",
        )
        + html.paragraph(differences.AREA, "quiet")
    )


def _conditional(page: Page, result: DifferencesResult) -> None:
    if page.spec.given is None:
        text = (
            "For the outlook of patients who have already come some way, type in how long they "
            "have been without the event."
        )
        st.html(html.paragraph(text, "quiet"))
        return
    if not result.conditional:
        return  # a note says why
    cohort, rows = page.cohort, result.conditional
    st.html(
        html.paragraph(differences.conditional_finding(cohort, rows), "finding")
        + html.table(
            differences.conditional_table(cohort, rows),
            swatches=[row.group for row in rows],
            caption="Conditional survival",
        )
        + html.paragraph(differences.GIVEN, "quiet")
    )
