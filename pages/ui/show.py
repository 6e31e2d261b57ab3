"""Results on the screen: figures with their downloads, tables, sentences, notes."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.notes import Note
from core.survival.cox import CoxResult
from core.survival.cutoff.best import CutoffResult
from core.survival.cutoff.pair import PairResult
from core.survival.hazard import HazardResult
from core.survival.km import KMResult
from core.survival.parametric.models import ParametricResult
from core.view import charts, distribution, export, forest, html, numbers, tables, theme, words
from core.view.curve.drawn import data
from core.view.curve.figure import STEPWISE, Shape, description
from pages.ui import frame, importing, marking
from pages.ui.frame import Page

PERMUTATIONS = 9999
"""Permutations for a searched cutoff where the question asks for none."""
SEARCHING = "Allowing for the search"


def question(page: Page) -> None:
    """The question as a heading and its answer as a sentence."""
    result: KMResult = page.result("km")
    st.html(
        html.paragraph(words.question(page.cohort), "question")
        + html.paragraph(words.finding(page.cohort, result), "finding")
    )


def first_answer(page: Page) -> None:
    """The answer that a newcomer sees before she reads a word."""
    question(page)
    _km_figure(page, page.result("km"))
    st.page_link(
        "pages/curves.py",
        label="Slide the cutoff on the curves page",
        icon=":material/arrow_forward:",
        query_params=page.spec.to_dict(),
    )


def curves(page: Page) -> None:
    """Curves with their risk table, the distribution, and the numbers."""
    result: KMResult = page.result("km")
    left, right = st.container(key="wide").columns([2.05, 1], gap="medium")
    with left:
        _km_figure(page, result)
    with right:
        _key_numbers(page, result)
        _distribution(page)
    headline = tables.headline(page.cohort, result)
    st.html(html.table(headline, swatches=range(len(headline)), caption="Numbers of each group"))
    table_downloads(
        page,
        ("Groups (CSV)", "groups", lambda: tables.summaries(page.cohort, result)),
        ("Curves step by step (CSV)", "curves", lambda: tables.curves(page.cohort, result)),
    )
    _pairwise(page, result)
    notes((*page.notes, *result.notes))
    importing.show(page.dataset)


def heading(text: str) -> None:
    """The heading of a page."""
    st.html(html.paragraph(text, "question"))


def cox_question(page: Page) -> None:
    """The heading of the Cox page."""
    heading(f"Cox model of {words.endpoint_label(page.cohort).lower()}")


def cox(page: Page) -> None:
    """The Cox table with the forest plot beside it, and the tests of the model."""
    result: CoxResult = page.result("cox")
    if not result.titles:
        st.info("Choose at least one term above.")
        return
    left, right = st.container(key="beside").columns([1.75, 1], gap="small")
    table = tables.cox(result)
    with left:
        st.html(html.table(table, kind="forest", caption="Cox regression"))
    with right:
        figure = forest.figure(result, labelled=False)
        draw(figure, "forest", "Forest plot of the hazard ratios")
    imputed = words.COMPLETE if page.spec.missing == "impute" else ""
    st.html(
        html.paragraph(words.model(page.cohort, result), "finding")
        + html.paragraph(imputed, "quiet")
    )
    places = st.container(key="narrow_save").columns([1, 1, 3])
    with places[0]:
        figure_downloads(
            page,
            "forest",
            lambda: forest.figure(result, labelled=True),
            words.model(page.cohort, result),
            [words.model(page.cohort, result), words.provenance(page.cohort)],
        )
    table_downloads(page, ("Cox table (CSV)", "cox", lambda: tables.cox_numbers(result)))
    _proportional(page, result)
    notes((*page.notes, *result.notes))
    importing.show(page.dataset)


def notes(found: tuple[Note, ...], *, of: str = "") -> None:
    """Warnings in sight, choices that were made folded away."""
    unique = {(note.level, note.text): note for note in found}.values()
    for note in unique:
        if note.level == "warning":
            st.warning(html.markdown_text(note.text), icon=":material/warning:")
    choices = [note for note in unique if note.level == "info"]
    if choices:
        with st.expander(f"What was assumed{of} ({len(choices)})"):
            st.html("".join(html.paragraph(note.text, "quiet") for note in choices))


def draw(
    figure: charts.Figure,
    key: str,
    alt: str,
    *,
    selection: str | None = None,
    on_select: Callable[[], None] | None = None,
) -> None:
    """Put a figure on the screen, in ink that can be read on its paper.

    Parameters
    ----------
    figure : Figure
    key : str
    alt : str
        What it shows, for screen readers.
    selection : str, optional
        The selection of the figure that `on_select` answers to.
    on_select : callable, optional
    """
    dark = st.context.theme.type == "dark"
    described = {**figure, "config": theme.ink(dark=dark)}
    if on_select is None:
        st.vega_lite_chart(spec=described, key=key, alt=alt)
    else:
        st.vega_lite_chart(
            spec=described, key=key, alt=alt, on_select=on_select, selection_mode=selection
        )


def _km_figure(page: Page, result: KMResult) -> None:
    spec, largest = page.spec, None
    hazard: HazardResult | None = page.result("hazard") if spec.scale == "hazard" else None
    if hazard is not None and len(hazard.curves):
        largest = float(hazard.curves["estimate"].max())
    drawn = spec.family not in (None, "none")
    fitted: ParametricResult | None = page.result("parametric") if drawn else None
    marked = marking.here(page)
    shape = Shape.of(page.cohort, words.endpoint_label(page.cohort), largest=largest)
    if marked and shape.scale in STEPWISE:
        shape = dataclasses.replace(shape, marked=True)
    described = frame.drawn("km", dataclasses.astuple(shape), lambda: description(shape))

    def figure() -> charts.Figure:
        datasets = data(page.cohort, result, shape, hazard=hazard, fitted=fitted, marked=marked)
        return {**described, "datasets": datasets}

    draw(figure(), "km", words.finding(page.cohort, result))
    marking.legend(page)
    figure_downloads(
        page,
        "km",
        figure,
        words.question(page.cohort),
        [words.finding(page.cohort, result), words.provenance(page.cohort)],
    )


def _distribution(page: Page) -> None:
    if page.cohort.groups.by is None:
        return
    shape = distribution.DistributionShape.of(page.cohort)
    described = frame.drawn(
        "distribution", dataclasses.astuple(shape), lambda: distribution.description(shape)
    )

    def figure() -> charts.Figure:
        return {**described, "datasets": distribution.data(page.cohort, shape)}

    alt = f"Distribution of {shape.title} with the groups"
    draw(figure(), "distribution", alt)
    figure_downloads(page, "distribution", figure, alt, [words.provenance(page.cohort)])


def _key_numbers(page: Page, result: KMResult) -> None:
    if page.cohort.groups.by is None:
        st.info("Choose a stratifier above to compare groups.", icon=":material/arrow_upward:")
    if len(result.groups) < 2:
        return
    name = words.name_of_test(result.test.name, page.spec)
    name = name[:1].upper() + name[1:]
    pairs = [(f"{name} p", numbers.p_cell(result.test.p_value))]
    if page.cohort.groups.origin == "best":
        ignored = (f"{name} p, search ignored", pairs[0][1])
        # With a second marker the search was for the first one alone: no p allows for both.
        second = page.cohort.groups.second is not None
        pairs = [ignored if second else ("p after the search", numbers.p_cell(_searched_p(page)))]
        pairs += [] if second else [ignored]
    if len(result.hazard_ratio) == 1:
        row = result.hazard_ratio[0]
        pairs.append(
            (
                f"Hazard ratio, {page.cohort.groups.labels[1]}",
                numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high),
            )
        )
    # One element: what each of them costs on a move of the slider is the sending, not the size.
    st.html(
        html.key_numbers(pairs)
        + html.paragraph(words.origin(page.cohort.groups, page.spec), "quiet")
    )


def _searched_p(page: Page) -> float | None:
    """P-value of the searched cutoff, or pair of cutoffs, that allows for the search."""
    spec = page.spec
    if spec.permutations is None:
        page = dataclasses.replace(page, spec=spec.but(permutations=PERMUTATIONS))
    if page.cohort.groups.pair is not None:
        found: PairResult = page.worked("pair", SEARCHING)
        return found.p_corrected
    searched: CutoffResult = page.worked("cutoff", SEARCHING)
    return searched.shown[1] if searched.shown else None


def _pairwise(page: Page, result: KMResult) -> None:
    if len(result.groups) < 3:
        return
    left, right = st.columns(2, gap="medium")
    with left:
        st.html(html.table(tables.hazard_ratios(result), caption="Hazard ratios of the groups"))
    with right:
        st.html(html.table(tables.pairwise(result), caption="Pairwise comparisons"))
    table_downloads(
        page,
        ("Hazard ratios (CSV)", "hazard-ratios", lambda: tables.rows(result.hazard_ratio)),
        ("Pairs (CSV)", "pairs", lambda: tables.rows(result.pairwise)),
    )


def _proportional(page: Page, result: CoxResult) -> None:
    if not result.proportional_hazards:
        return
    with st.expander("Are the hazards proportional?", expanded=True):
        st.html(html.paragraph(words.proportional(result), "finding"))
        if all(test.p_value is None for test in result.proportional_hazards):
            return
        st.html(html.table(tables.proportional(result), caption="Test of proportional hazards"))
        table_downloads(
            page,
            (
                "Test of proportional hazards (CSV)",
                "proportional",
                lambda: tables.rows(result.proportional_hazards),
            ),
        )


def figure_downloads(
    page: Page,
    what: str,
    figure: Callable[[], charts.Figure],
    title: str,
    lines: list[str],
) -> None:
    """Offer a figure for papers. It is drawn only when somebody asks for it."""
    drawer = frame.folded("Save figure", ":material/download:", f"save_{what}", type="tertiary")
    if not drawer.open:
        return
    with drawer:
        kinds: tuple[tuple[str, str, Callable[[], Any]], ...] = (
            ("SVG (vector)", "svg", lambda: export.svg(figure(), title, lines)),
            ("PNG for slides (2x)", "png", lambda: export.png(figure(), title, lines)),
            ("PNG for print (300 dpi)", "300dpi.png",
             lambda: export.png(figure(), title, lines, dpi=300)),
        )  # fmt: skip
        for label, ending, draw in kinds:
            st.download_button(
                label,
                draw,
                file_name=words.file_name(page.cohort, what, ending),
                mime="image/svg+xml" if ending == "svg" else "image/png",
                key=f"save_{what}_{ending}",
                on_click="ignore",
                type="tertiary",
            )


def table_downloads(page: Page, *offers: tuple[str, str, Callable[[], Any]]) -> None:
    """Offer tables as CSV, in full precision."""
    drawer = frame.folded(
        "Save table", ":material/download:", f"save_table_{offers[0][1]}", type="tertiary"
    )
    if not drawer.open:
        return
    with drawer:
        importing.report_download(page.dataset, f"save_report_{offers[0][1]}")
        for label, what, make in offers:
            st.download_button(
                label,
                lambda make=make: tables.to_csv(make()),
                file_name=words.file_name(page.cohort, what, "csv"),
                mime="text/csv",
                key=f"save_{what}_csv",
                on_click="ignore",
                type="tertiary",
            )
