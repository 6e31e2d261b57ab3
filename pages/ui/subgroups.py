"""The subgroup forest beside its table, and the choice of its variables."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.survival.subgroups import SubgroupsResult, offered
from core.view import html, subgroups, words
from pages.ui import exploring, frame, importing
from pages.ui import show as screen
from pages.ui.frame import Page

ESTIMATORS = {"cox": "Cox", "firth": "Firth (penalised)"}


def show(page: Page) -> None:
    """Choose the variables, then the finding, the table with the forest, and the caution."""
    if len(page.cohort.groups.levels) < 2:
        st.info("Choose a stratifier above: its groups are compared within each subgroup.")
        return
    _choose(page)
    result: SubgroupsResult = page.worked("subgroups", "Comparing within the subgroups")
    levels = ((row.variable, row.level) for row in result.rows)
    exploring.divided(page, tuple(dict.fromkeys((v, str(e)) for v, e in levels if v is not None)))
    said = subgroups.finding(page.cohort, result)
    st.html(html.paragraph(said, "finding"))
    left, right = st.container(key="beside").columns([1.75, 1], gap="small")
    with left:
        table = subgroups.table(page.cohort, result)
        st.html(html.table(table, kind="forest", caption="Hazard ratios in subgroups"))
    with right:
        screen.draw(_figure(page, result, labelled=False), "subgroup_forest", said)
    st.html(
        html.paragraph(subgroups.caution(result), "finding")
        + html.paragraph(subgroups.VARIANT, "quiet")
    )
    screen.figure_downloads(
        page,
        "subgroup-forest",
        lambda: _figure(page, result, labelled=True),
        subgroups.title(page.cohort),
        [*_lines(f"{said} {subgroups.caution(result)}"), words.provenance(page.cohort)],
    )
    screen.table_downloads(
        page, ("Subgroups (CSV)", "subgroups", lambda: subgroups.in_full(result))
    )
    screen.notes((*page.notes, *result.notes))
    importing.show(page.dataset)


def _figure(page: Page, result: SubgroupsResult, *, labelled: bool) -> subgroups.Figure:
    shape = subgroups.ForestShape.of(result, labelled=labelled)
    described = frame.drawn(
        "subgroups", dataclasses.astuple(shape), lambda: subgroups.description(shape)
    )
    return {**described, "datasets": subgroups.data(page.cohort, result)}


def _lines(text: str) -> list[str]:
    """A line per sentence: a figure is as wide as its longest line."""
    return text.strip().replace(". ", ".\n").split("\n")


def _choose(page: Page) -> None:
    spec, variables = page.spec, page.dataset.variables
    names = list(dict.fromkeys([*offered(page.cohort, spec), *spec.subgroups]))
    row = st.container(key="wide_subgroups").columns([5, 1.2], vertical_alignment="bottom")
    frame.seed("subgroups", list(spec.subgroups))
    row[0].multiselect(
        "Subgroups by",
        names,
        format_func=lambda n: variables[n].title if n in variables else n,
        key="subgroups",
        placeholder="Choose variables",
        help="The groups are compared within each level of these variables; numbers are cut at "
        "their median.",
        on_change=lambda: frame.change(subgroups=tuple(st.session_state["subgroups"])),
    )
    with row[1]:
        drawer = frame.folded("Options", ":material/tune:", "subgroup_options")
    if not drawer.open:
        return
    with drawer:
        frame.seed("subgroup_estimator", spec.estimator or "cox")
        st.selectbox(
            "Estimate of the hazard ratios",
            list(ESTIMATORS),
            format_func=ESTIMATORS.__getitem__,
            key="subgroup_estimator",
            help="Firth's method gives a finite hazard ratio also where one group has no event.",
            on_change=lambda: frame.change(estimator=st.session_state["subgroup_estimator"]),
        )
