"""More than one cutoff: tertiles, quartiles and the best pair side by side."""

from __future__ import annotations

import dataclasses

import streamlit as st

from core.pair_search import PairSearch
from core.survival.cutoff.pair import Division, PairResult
from core.view import charts, html, words
from core.view.lab import pair
from pages.ui import exploring, frame
from pages.ui import show as screen
from pages.ui.frame import Page


def show(page: Page) -> None:
    """What remains of the best pair, the three divisions, and the map of all pairs."""
    by = page.cohort.groups.by
    if by is None or page.dataset.variables[by].kind != "number":
        st.info("Choose a number as the stratifier above to divide it at several cutoffs.")
        return
    result: PairResult = page.worked("pair", "Searching pairs of cutoffs again and again")
    if result.search is not None:
        exploring.paired(page, result.search)
    st.html(html.paragraph(pair.finding(page.cohort, result), "finding"))
    places = st.container(key="wide_pair").columns(max(len(result.divisions), 1), gap="medium")
    for place, division in zip(places, result.divisions, strict=False):
        with place:
            _division(page, division)
    st.html(html.paragraph(pair.LEGEND, "quiet"))
    if result.search is not None:
        _map(page, result, result.search)
    screen.table_downloads(page, ("Divisions (CSV)", "divisions", lambda: pair.table(result)))
    screen.notes(result.notes)


def _division(page: Page, division: Division) -> None:
    name = pair.NAMES[division.rule]
    groups = pair.groups(page.cohort, division)
    st.html(
        html.paragraph(name, "question")
        + html.key_numbers(pair.key_numbers(division))
        + html.table(groups, swatches=range(len(groups)), caption=name)
    )
    used = page.cohort.groups.rule == division.rule
    st.button(
        "In use" if used else "Use these groups",
        key=f"use_{division.rule}",
        disabled=used,
        help="Shows these groups on the curves page and in the link.",
        on_click=_use,
        args=(division.rule,),
    )


def _use(rule: str) -> None:
    """Take the groups of a rule; a second marker needs one cutoff, so it goes."""
    frame.change(cut_rule=rule, cut_value=(), second_by=None, second_cut=None, combine=None)


def _map(page: Page, result: PairResult, search: PairSearch) -> None:
    shape = pair.PairShape.of(page.cohort, result, search)
    described = frame.drawn("pair", dataclasses.astuple(shape), lambda: pair.description(shape))
    said = pair.finding(page.cohort, result)

    def figure() -> charts.Figure:
        return {**described, "datasets": pair.data(result, search)}

    screen.draw(figure(), "pair", f"Every pair of cutoffs. {said}")
    screen.figure_downloads(
        page, "pair", figure, f"Every pair of cutoffs, {words.question(page.cohort)}",
        [said, words.provenance(page.cohort)],
    )  # fmt: skip
