"""Whether the answer depends on the definition of a marker, or on bone lesions."""

from __future__ import annotations

import streamlit as st

from core.survival.lesions.alternatives import AlternativesResult
from core.survival.lesions.bone import BoneResult
from core.survival.lesions.otherwise import columns
from core.view import html
from core.view.lesions import tables
from pages.ui import exploring, frame
from pages.ui import show as screen
from pages.ui.frame import Page


def alternatives(page: Page) -> None:
    """The marker that forms the groups under each alternative definition."""
    names = list(columns(page.cohort))
    _marker(page, names)
    if page.cohort.groups.by not in names:
        st.info("Choose a marker above to see what each other definition of it would change.")
        return
    result: AlternativesResult = page.worked("alternatives", "Trying the other definitions")
    exploring.divided(page, tuple((line.field, line.value) for line in result.lines))
    st.html(html.paragraph(tables.alternatives_finding(result), "finding"))
    if result.cutoff is not None:
        st.html(
            html.paragraph(f"At the present cutoff of {result.title}, {result.cutoff:.4g}", "quiet")
            + html.table(
                tables.alternatives(page.cohort, result, at_median=False),
                caption="Other definitions at the present cutoff",
            )
        )
    st.html(
        html.paragraph("Each definition cut at its own median", "quiet")
        + html.table(
            tables.alternatives(page.cohort, result, at_median=True),
            caption="Other definitions at their own medians",
        )
        + html.paragraph(tables.DIFFERENT, "quiet")
    )
    screen.table_downloads(
        page,
        ("Other definitions (CSV)", "definitions", lambda: tables.alternatives_in_full(result)),
    )
    screen.notes(result.notes, of=" about the definitions")


def _marker(page: Page, names: list[str]) -> None:
    """The stratifier, among the markers that come from the lesions."""
    variables, now = page.dataset.variables, page.cohort.groups.by
    frame.seed("pet_marker", now if now in names else None)
    st.selectbox(
        "Marker",
        names,
        index=None,
        format_func=lambda n: variables[n].title,
        key="pet_marker",
        placeholder="Choose a marker",
        help="The marker that forms the groups, cut at its median until you cut it elsewhere.",
        on_change=lambda: frame.change(
            group_by=st.session_state["pet_marker"], cut_rule=None, cut_value=(), cut_side=None,
            second_by=None, second_cut=None, combine=None,
        ),
    )  # fmt: skip


def bone(page: Page) -> None:
    """Every marker with and without bone lesions, side by side."""
    result: BoneResult = page.worked("bone", "Asking again with and without bone")
    if result.lines:
        exploring.divided(page, tuple((f"{line.with_bone}", line.column) for line in result.lines))
    st.html(html.paragraph(tables.bone_finding(page.cohort, result), "finding"))
    if not result.lines:
        st.html(html.paragraph("Call a site 'bone' in the lesion table to compare.", "quiet"))
        return
    st.html(
        html.table(tables.bone(page.cohort, result), caption="With and without bone lesions")
        + html.paragraph(f"Bone: {', '.join(result.sites)}. {tables.BONE}", "quiet")
    )
    screen.table_downloads(
        page, ("With and without bone (CSV)", "bone", lambda: tables.bone_in_full(result))
    )
    screen.notes(result.notes, of=" about bone")
