"""Printed tables: beside what the data give, and checked against themselves."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import studies
from core.dataset import Dataset
from core.errors import StratiscopeError
from core.printed import asking, paste, rules, shipped
from core.printed.compare import Comparison, compare
from core.printed.findings import SEVERITIES
from core.printed.table import Cell
from core.spec import AnalysisSpec
from core.view import html, printed, tables, words
from pages.ui import exploring, frame, lock, show
from pages.ui.frame import Page
from pages.ui.telling import telling

WIDTHS = {
    "Printed in": 75, "Number": 235, "Printed": 65, "Computed": 80, "Matched": 70, "Why not": 480,
}  # fmt: skip
"""Of the columns, in pixels."""
OWN = "own"
ALL = "everywhere"
RULES = (
    "Found by rules, with every printed number standing for all values that round to it: a hazard "
    "ratio is the geometric mean of its limits, its p follows from them, groups add up, a "
    "percentage needs a count, the same number is the same in two places, and so on."
)
PASTE = (
    "Paste a table from a paper, with its header: a row per factor or level, with n, events, "
    "median (limits), p, hazard ratio (limits) and p, as the journal printed it. Rows that are "
    "named like a column of the open cohort are computed there."
)


def page(opened: Page) -> None:
    """Choose a document, or paste a table."""
    names = [*shipped.TITLES, OWN]
    here = opened.dataset.reference
    document = st.selectbox(
        "Printed where?",
        names,
        index=names.index(here) if here in names else 0,
        format_func=lambda name: shipped.TITLES.get(name, "Another paper: paste its table"),
        key="printed_document",
        help="The numbers that a document prints: compared with the data, and with each other.",
    )
    if document == OWN:
        _own(opened)
        return
    if document in studies.names():
        _compared(opened, document)
    _contradictions(shipped.cells(document), document)


def _own(opened: Page) -> None:
    text = st.text_area("The table", key="printed_text", height=220, help=PASTE, placeholder=PASTE)
    if not text.strip():
        st.html(html.paragraph("Nothing that is pasted here leaves this computer.", "quiet"))
        return
    try:
        read = paste.paste(text)
    except StratiscopeError as error:
        frame.problem(error)
        return
    show.notes(read.notes)
    st.html(html.paragraph(f"{len(read.cells)} numbers were read.", "finding"))
    _beside_the_open(opened, asking.asked(read.cells, opened.dataset))
    _contradictions(read.cells, OWN)


def _beside_the_open(opened: Page, cells: tuple[Cell, ...]) -> None:
    """A pasted table beside what the open cohort gives, as far as its rows are columns there."""
    where = opened.dataset.title or opened.dataset.name
    strange = asking.unknown(cells)
    if strange:
        text = f"{printed.strangers(strange)} in the open cohort, {where}."
        st.html(html.paragraph(text, "quiet"))
    if not any(cell.part for cell in cells):
        return
    if opened.locked:
        lock.panel(opened)
        return
    questions = dict.fromkeys((cell.part, cell.query) for cell in cells if cell.part)
    exploring.divided(opened, tuple(questions))
    st.html(html.paragraph(f"Beside what the open cohort gives: {where}", "question"))
    key = f"printed {hash(cells)} {opened.key('km')}"
    _comparison(_worked(key, cells, opened.dataset, opened.spec), OWN)


def _compared(opened: Page, name: str) -> None:
    if not opened.dataset.synthetic:  # else the page says so at its top
        st.html(html.paragraph(words.SYNTHETIC, "synthetic"))
    found = _worked(f"printed {name}", shipped.cells(name), frame.example(name), studies.base(name))
    _comparison(found, name)


def _worked(key: str, cells: tuple[Cell, ...], dataset: Dataset, spec: AnalysisSpec) -> Comparison:
    kept: dict[str, Any] = st.session_state.setdefault("worked", {})
    if key not in kept:
        with telling("Computing every printed number") as progress:
            kept[key] = compare(cells, dataset, spec, progress=progress)
        while len(kept) > frame.MOST_KEPT:
            kept.pop(next(iter(kept)))
    found: Comparison = kept[key]
    return found


def _comparison(result: Comparison, name: str) -> None:
    st.html(html.paragraph(printed.finding(result), "finding"))
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    places = list(dict.fromkeys(row.cell.place for row in result.rows))
    place = left.selectbox(
        "Printed in", [ALL, *places], key="printed_place", help="Show the numbers of one table."
    )
    missed = right.toggle(
        "Only what is not matched", key="printed_missed", help="Hide the cells that agree."
    )
    shown = printed.table(result, missed_only=missed, place="" if place == ALL else place)
    if shown.empty:
        st.info("Every number that is printed there is matched.")
    elif missed:  # few, and their reasons are sentences
        st.html(html.table(shown, caption="Printed numbers that are not matched"))
    else:
        widths = {name: st.column_config.Column(width=w) for name, w in WIDTHS.items()}
        st.dataframe(
            shown, hide_index=True, column_config=widths, alt="Printed and computed numbers"
        )
    _download(
        "Printed and computed (CSV)", f"stratiscope_{name}_printed.csv", printed.table(result)
    )


def _contradictions(cells: tuple[Cell, ...], name: str) -> None:
    found = frame.kept(f"contradictions {hash(cells)}", lambda: rules.check(cells))
    st.html(
        html.paragraph("What the printed numbers say of each other", "question")
        + html.paragraph(printed.contradictions(found), "finding")
    )
    for severity in SEVERITIES:
        table = printed.proofs(found, severity)
        if not table.empty:
            st.html(
                html.paragraph(f"{severity.capitalize()}. {printed.MEANING[severity]}", "finding")
                + html.table(table, caption=f"Findings: {severity}")
            )
    st.html(html.paragraph(RULES, "quiet"))
    if found:
        _download("Findings (CSV)", f"stratiscope_{name}_findings.csv", tables.rows(found))


def _download(label: str, file: str, table: Any) -> None:
    st.download_button(
        label,
        lambda: tables.to_csv(table.astype(str)),
        file_name=file,
        mime="text/csv",
        icon=":material/download:",
        key=f"save_{file}",
        on_click="ignore",
        type="tertiary",
    )
