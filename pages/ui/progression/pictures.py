"""The pictures that oncologists expect; patients who are picked in one are marked in all."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import streamlit as st

from core.cohort import Cohort
from core.errors import StratiscopeError
from core.view import charts, html, words
from core.view.progression import heat, spider, swimmer, waterfall
from core.view.progression.people import MARK, People, seen
from pages.ui import frame
from pages.ui import show as screen
from pages.ui.frame import Page
from pages.ui.marking import marked, nobody

KEY = "picture_"
ALL = "All at their progression"
SOME = "Some patients, visit by visit"


def show(page: Page, found: People) -> None:
    """Waterfall, spider, swimmer and the heat map of single lesions."""
    _marked(found)
    left, right = st.container(key="wide_pictures").columns(2, gap="medium")
    with left:
        _waterfall(page, found)
    with right:
        _spider(page, found)
    _swimmer(page, found)
    _heat(page, found)


def _mark(key: str) -> None:
    """Mark the patients who were clicked; a click beside them marks nobody."""
    picked = st.session_state[key]["selection"].get(MARK, [])
    st.session_state["marked"] = tuple(dict.fromkeys(int(one["row"]) for one in picked))


def _marked(found: People) -> None:
    names = dict(zip(found.table["row"].tolist(), found.table["name"].tolist(), strict=True))
    here = [row for row in marked() if row in names]
    if not here:
        text = (
            "Click a patient to mark her in all pictures and in the curves; hold Shift to mark "
            "several."
        )
        st.html(html.paragraph(text, "quiet"))
        return
    said, clear = st.columns([5, 1], vertical_alignment="center")
    listed = ", ".join(names[row] for row in here[:8]) + (", ..." if len(here) > 8 else "")
    text = f"Marked here and in the curves: {listed} (numbered by the line of the table)."
    said.html(html.paragraph(text, "quiet"))
    with clear:
        nobody()


def _draw(
    page: Page, what: str, described: charts.Figure, data: Callable[[], charts.Data], text: str
) -> None:
    def figure() -> charts.Figure:
        return {**described, "datasets": data()}

    key = f"{KEY}{what}"
    screen.draw(figure(), key, text, selection=MARK, on_select=lambda: _mark(key))
    screen.figure_downloads(page, what, figure, text, [words.provenance(page.cohort)])


def _waterfall(page: Page, found: People) -> None:
    text = waterfall.finding(found)
    st.html(html.paragraph(text, "finding"))
    if waterfall.drawn(found).empty:
        return
    there = seen(found)
    described = frame.drawn("waterfall", (there,), lambda: waterfall.description(there))
    _draw(page, "waterfall", described, lambda: waterfall.data(found, marked()), text)
    st.html(
        html.paragraph(
            "Each bar is a patient, coloured by her best response. Lines: -30% (partial response) "
            "and +20%. Growth of 20% counts from the smallest sum, so a bar below +20% can still "
            "be a progression.",
            "quiet",
        )
    )


def _spider(page: Page, found: People) -> None:
    unit = spider.unit_of(found, page.cohort.show_unit)
    text = spider.finding(found, unit)
    st.html(html.paragraph(text, "finding"))
    if spider.points(found, unit).empty:
        return
    there = seen(found)
    many = found.n > spider.MANY
    described = frame.drawn(
        "spider", (unit, there, many), lambda: spider.description(unit, there, many=many)
    )
    _draw(page, "spider", described, lambda: spider.data(found, unit, marked()), text)
    st.html(html.paragraph(spider.READ, "quiet"))


def _swimmer(page: Page, found: People) -> None:
    unit = page.cohort.show_unit
    lanes = swimmer.lanes(found, unit)
    if lanes.empty:
        st.info("The visits have no dates or days: there is no swimmer plot.")
        return
    n = min(len(lanes), swimmer.MOST)
    text = f"What happened to each patient, and when.{swimmer.said_of(len(lanes))}"
    st.html(html.paragraph(text, "finding"))
    by, cohort, there = _coloured(page), _followed(page), seen(found)
    levels, group = swimmer.groups(found, page.dataset, by) if by else ((), None)
    described = frame.drawn(
        "swimmer",
        (unit, n, there, levels),
        lambda: swimmer.description(unit, n, there, levels),
    )
    text = "Time under observation of each patient with response, new lesions and progression"
    _draw(
        page, "swimmer", described,
        lambda: swimmer.data(found, unit, cohort, marked(), group), text,
    )  # fmt: skip
    st.html(html.paragraph(swimmer.READ, "quiet"))


def _coloured(page: Page) -> str | None:
    """The column that colours the lanes, the treatment say; None: the best response."""
    offered = swimmer.colourings(page.dataset)
    if not offered:
        return None
    if st.session_state.get("swimmer_by") not in offered:
        st.session_state["swimmer_by"] = ""
    chosen: str = st.selectbox(
        "Coloured by",
        ["", *offered],
        format_func=lambda name: offered.get(name, "Best response"),
        key="swimmer_by",
        width=320,
        help="The best response, or what is known of the patients at the start: their treatment.",
    )
    return chosen or None


def _followed(page: Page) -> Cohort | None:
    """The cohort, where its times count from the start that the table has."""
    if page.spec.origin is not None or page.spec.landmark is not None:
        return None
    try:
        return page.cohort
    except StratiscopeError:
        return None


def _heat(page: Page, found: People) -> None:
    attached = page.lesions
    assert attached is not None
    name = f"lesion cells {page.dataset.fingerprint} {page.spec.where!r}"
    cells: pd.DataFrame = frame.kept(name, lambda: heat.cells(found, attached))
    st.html(html.paragraph("The single lesions: do all of them progress, or some?", "finding"))
    view = st.segmented_control(
        "Show",
        [ALL, SOME],
        default=ALL,
        key="heat_view",
        help="All patients at their first progression, or each visit of the patients you choose.",
    )
    if view == SOME:
        part = heat.by_visit(cells, marked() or _chosen(found))
    else:
        part = heat.at_progression(found, cells)
    if part.empty:
        st.info("Nobody progressed: choose patients to see their lesions visit by visit.")
        return
    lanes, visits = int(part["lane"].max()) + 1, view == SOME
    described = frame.drawn(
        "lesions", (lanes, visits), lambda: heat.description(lanes, by_visit=visits)
    )
    text = heat.READ if visits else heat.AT_PROGRESSION
    dim = () if visits else marked()
    _draw(page, "lesions", described, lambda: heat.data(part, dim), text)
    st.html(html.paragraph(text, "quiet"))


def _chosen(found: People) -> tuple[int, ...]:
    """One patient, where nobody is marked: the first who progressed unless another is chosen."""
    names = dict(zip(found.table["row"].tolist(), found.table["name"].tolist(), strict=True))
    first = found.table.sort_values("progressed", ascending=False, kind="stable")["row"].tolist()
    chosen = st.selectbox(
        "Patient",
        first,
        format_func=names.__getitem__,
        key="heat_patient",
        help=f"Numbered by the line of the table. Up to {heat.MOST_PATIENTS} marked patients are "
        "shown instead.",
    )
    return (chosen,)
