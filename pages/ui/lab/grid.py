"""Two markers at once: the map of their cutoffs, and a click that takes a pair of them."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.spec import shortest
from core.survival.cutoff.grid import GridResult
from core.view import charts, html, words
from core.view.lab import grid
from pages.ui import exploring, frame
from pages.ui import show as screen
from pages.ui.frame import Page

KEY = "grid"
ONE_CUTOFF = ("value", "median", "quantile")
"""Rules that give the first marker one cutoff that was not searched for."""
HIGH = {"both": "High in both", "either": "High in either", "four": "All four groups"}


def show(page: Page) -> None:
    """Choose the second marker; then what remains of the best pair, and the map."""
    names = _choices(page)
    if not names:
        st.info("The map needs two columns of numbers, and this table has no second one.")
        return
    _controls(page, names)
    if page.spec.second_by is None:
        st.info("Choose a second marker to see every pair of cutoffs of the two at once.")
        return
    result: GridResult = page.worked("grid", "Searching the map again and again")
    exploring.mapped(page, result)
    said = grid.finding(page.cohort, result)
    st.html(html.paragraph(said, "finding") + html.key_numbers(grid.key_numbers(result)))
    frame.seed("grid_colour", st.session_state.get("grid_colour") or "hazard_ratio")
    colour = st.segmented_control(
        "Colour", list(grid.COLOURS), format_func=grid.COLOURS.__getitem__, key="grid_colour"
    )
    _map(page, result, colour or "hazard_ratio", said)
    st.html(
        html.paragraph(grid.now(page.cohort, result), "finding")
        + html.paragraph(grid.LEGEND.format(result.min_events), "quiet")
    )
    screen.table_downloads(page, ("Every cell (CSV)", "map", lambda: grid.table(result)))
    screen.notes(result.notes)


def _choices(page: Page) -> list[str]:
    """Columns of numbers that can be the second marker."""
    spec, dataset = page.spec, page.dataset
    taken = (spec.time, spec.event, spec.id, spec.group_by)
    return [
        name
        for name in dataset.stratifiers
        if dataset.variables[name].kind == "number" and name not in taken
    ]


def _controls(page: Page, names: list[str]) -> None:
    spec, variables = page.spec, page.dataset.variables
    left, right = st.container(key="narrow_grid").columns([2, 3], vertical_alignment="bottom")
    frame.seed("second_by", spec.second_by)
    left.selectbox(
        "Second marker",
        names if spec.second_by in (None, *names) else [*names, spec.second_by],
        format_func=lambda name: variables[name].title,
        key="second_by",
        index=None,
        placeholder="none",
        on_change=_second,
        args=(page,),
    )
    if spec.second_by is None:
        return
    frame.seed("combine", spec.combine or "both")
    right.segmented_control(
        "Groups",
        list(HIGH),
        format_func=HIGH.__getitem__,
        key="combine",
        on_change=lambda: frame.change(combine=st.session_state["combine"] or spec.combine),
    )


def _second(page: Page) -> None:
    """Take a second marker at its median; the first one keeps its cutoff if it is a plain one."""
    chosen = st.session_state["second_by"]
    frame.change(second_by=chosen, second_cut=None)
    if chosen is None:
        frame.change(combine=None)
    elif page.cohort.groups.rule not in ONE_CUTOFF or len(page.cohort.groups.thresholds) != 1:
        frame.change(cut_rule="median", cut_value=())


def _map(page: Page, result: GridResult, colour: str, said: str) -> None:
    shape = grid.GridShape.of(page.cohort, result, colour)
    described = frame.drawn(KEY, dataclasses.astuple(shape), lambda: grid.description(shape))

    def figure() -> charts.Figure:
        return {**described, "datasets": grid.data(page.cohort, result, colour)}

    screen.draw(figure(), KEY, f"Map of two cutoffs. {said}", selection="take", on_select=_take)
    screen.figure_downloads(
        page, KEY, figure, f"Two cutoffs, {words.endpoint_label(page.cohort)}",
        [said, words.provenance(page.cohort)],
    )  # fmt: skip


def _take() -> None:
    """Take the two cutoffs of the cell that was clicked."""
    taken = st.session_state[KEY]["selection"].get("take", [])
    if taken:
        first, second = float(taken[0]["first"]), float(taken[0]["second"])
        frame.change(cut_rule="value", cut_value=(shortest(first),), second_cut=second)
