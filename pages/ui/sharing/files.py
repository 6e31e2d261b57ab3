"""What is taken away: reports in four formats, and the analysis as code."""

from __future__ import annotations

from datetime import UTC, datetime

import streamlit as st

from core.errors import StratiscopeError
from core.parts import PARTS
from core.view import code as written
from core.view import html, words
from core.view.reports import making
from core.view.reports.gathering import SECTIONS
from pages.ui import exploring, frame
from pages.ui.frame import Page
from pages.ui.sharing import links, owner
from pages.ui.telling import telling

FORMATS = {
    "html": ("Web page (HTML)", "text/html"),
    "docx": (
        "Word (DOCX)",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    "pptx": (
        "PowerPoint (PPTX)",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    "xlsx": ("Excel (XLSX)", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}
ABOUT = {
    "html": "One file that works without a network: figures, tables, methods, notes, checklist.",
    "docx": "Figures with captions and tables that can be edited.",
    "pptx": "A slide for each figure and table; tables can be edited.",
    "xlsx": "All tables, and the numbers behind every curve.",
}


def reports(page: Page) -> None:
    """A report of the view, in the format of a paper, a talk or a table."""
    st.html(html.paragraph("A report", "part"))
    if page.locked:
        st.html(html.paragraph("The outcome is locked: there is nothing to report yet.", "quiet"))
        return
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    offered = [name for name in SECTIONS if _possible(page, name)]
    usual = [name for name in links.parts_of(page) if name in offered]
    parts = left.multiselect(
        "What goes in", offered, default=usual, key="report_parts",
        format_func=lambda name: SECTIONS[name][0],
        help="Who is in, the methods text, the notes and the REMARK checklist always go in.",
    )  # fmt: skip
    form = right.selectbox(
        "As", list(FORMATS), format_func=lambda name: FORMATS[name][0], key="report_form",
        help="The format of the file.",
    )  # fmt: skip
    st.html(html.paragraph(ABOUT[form], "quiet"))
    if st.button("Make the report", key="report_make"):
        _report(page, ("cohort", *parts), form)
    kept = st.session_state.get("report_made")
    if kept is not None:
        data, made_as, name = kept
        st.download_button(
            f"Save the report: {FORMATS[made_as][0]}", data, file_name=name,
            mime=FORMATS[made_as][1], key="report_save", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip


def _possible(page: Page, name: str) -> bool:
    """Whether a part can be asked of this question at all."""
    spec = page.spec
    needs = {
        "cox": bool(spec.terms), "residuals": bool(spec.terms), "influence": bool(spec.terms),
        "prediction": bool(spec.terms), "penalised": bool(spec.terms),
        "selection": bool(spec.terms and spec.select), "missing": bool(spec.terms),
        "imputed": spec.missing == "impute", "subgroups": bool(spec.subgroups),
        "competing": bool(spec.competing), "response": spec.response is not None,
        "logistic": spec.response is not None and bool(spec.terms),
        "cutoff": spec.cut_rule == "best", "pair": spec.cut_rule == "best-pair",
        "grid": spec.second_by is not None, "robustness": spec.centre is not None,
        "measurement": spec.measurement_error is not None,
    }  # fmt: skip
    found = page.lesions
    if name in ("alternatives", "bone", "ranks"):
        return found is not None and found.pet is not None
    if name == "modes":
        return found is not None and found.recist is not None
    return needs.get(name, True)


def _report(page: Page, parts: tuple[str, ...], form: str) -> None:
    st.session_state.pop("report_made", None)
    address = f"{owner.base()}/?{page.spec.to_query()}"
    try:
        with telling("Writing the report") as progress:
            data = making.make(
                page.cohort, page.spec, parts,
                format=form,  # type: ignore[arg-type]
                link=address, counts=exploring.counts(page), notes=page.guesses,
                results=lambda part: page.found(part, progress),
                made=datetime.now(UTC).date(), progress=progress,
            )  # fmt: skip
    except StratiscopeError as error:
        frame.problem(error)
        return
    name = words.file_name(page.cohort, f"report-{links.fingerprint(data)}", form)
    st.session_state["report_made"] = (data, form, name)


def code(page: Page) -> None:
    """The analysis as files of Python and R, and the table that they read."""
    st.html(
        html.paragraph("The analysis as code", "part")
        + html.paragraph(
            "A file of Python and one of R, without Stratiscope, that print the same numbers from "
            "the table beside them. The table has the columns that they use, cleaned, with running "
            "numbers in place of the patients'.",
            "quiet",
        )
    )
    if page.locked:
        return
    table = words.file_name(page.cohort, "table", "csv")
    parts = tuple(name for name in PARTS if name in links.parts_of(page))
    row = st.container(horizontal=True)
    for label, ending, make in (
        ("Python", "py", lambda: written.python_script(page.cohort, parts, table).encode()),
        ("R", "R", lambda: written.r_script(page.cohort, parts, table).encode()),
    ):
        row.download_button(
            label, make, file_name=words.file_name(page.cohort, "analysis", ending),
            mime="text/plain", key=f"code_{ending}", icon=":material/code:", on_click="ignore",
        )  # fmt: skip
    row.download_button(
        "The table (CSV)", lambda: written.table_csv(page.cohort, parts), file_name=table,
        mime="text/csv", key="code_table", icon=":material/table:", on_click="ignore",
    )  # fmt: skip
