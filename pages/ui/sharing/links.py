"""The three kinds of link: settings only, a view with its data, results alone."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import streamlit as st

from core.errors import StratiscopeError
from core.parts import PARTS
from core.sharing import snapshot
from core.sharing.links import DAYS, MOST_DAYS
from core.sharing.saved import Saved
from core.view import html, words
from core.view.reports import making, released
from pages.ui import exploring, frame, navigation
from pages.ui.frame import Page
from pages.ui.sharing import arriving, door, owner
from pages.ui.telling import telling

RESULTS, LOOK, TRY = "results", "view", "explore"
KINDS = {
    RESULTS: "see results alone",
    LOOK: "look at this view",
    TRY: "try it out",
}
ABOUT = {
    RESULTS: "Frozen results: coarse curves, tables, coefficients. Groups of fewer than 11 "
    "patients are not shown, and no patient's row is stored or sent.",
    LOOK: "The report of this view as it is now. The columns that it uses are stored on this "
    "server, without names and numbers of patients; the viewer's browser gets the report only.",
    TRY: "The receiver moves cutoffs and changes the question in a window of her own. The columns "
    "below are stored on this server, without names and numbers of patients.",
}
ELSEWHERE = (
    "This dashboard runs on this computer only: the link opens here and nowhere else. For another "
    "computer save the view as a file below, or send a report."
)


def settings(page: Page) -> None:
    """The address of the view: it holds the question and not one row."""
    st.html(
        html.paragraph("A link with the settings", "part")
        + html.paragraph(
            "Not one row of the table is in it. Whoever opens it needs Stratiscope and, for a "
            "table of your own, the same file, or loads her own: so a study is repeated at "
            "another centre without a patient leaving.",
            "quiet",
        )
    )
    spec = page.spec.but(data=None) if arriving.arrived(page.spec) else page.spec
    st.code(f"{owner.base()}{path()}?{spec.to_query()}", language=None, wrap_lines=True)
    exploring.show(page)


def path() -> str:
    """The page that was open before this one."""
    shown = st.session_state.get("shown")
    script = next((s for s, label, _ in navigation.PAGES if label == shown), "app.py")
    return "/" if script == "app.py" else f"/{script.removeprefix('pages/').removesuffix('.py')}"


def data(page: Page) -> None:
    """Save the view here, and make a secret link to it."""
    st.html(
        html.paragraph("A secret link to a saved view", "part")
        + html.paragraph(
            "Whoever has the link opens the view, until it expires or you end it.", "quiet"
        )
    )
    if page.locked:
        st.info("The outcome is locked: a saved view would show it. Unlock it first.")
        return
    kind = st.segmented_control(
        "Who has the link may", list(KINDS), format_func=KINDS.__getitem__, default=LOOK,
        key="share_kind", required=True,
        help="What the receiver of the link can do.",
    )  # fmt: skip
    kind = LOOK if kind is None else kind
    st.html(html.paragraph(ABOUT[kind], "quiet"))
    left, middle, right = st.columns([3, 1, 2], vertical_alignment="bottom")
    left.text_input("Title", key="share_title", max_chars=200, help="What the receiver sees.")
    middle.number_input(
        "Days", 1, MOST_DAYS, DAYS, key="share_days", help="After which the link opens nothing."
    )
    right.text_input(
        "Passphrase (optional)", key="share_passphrase", type="password",
        help="Encrypts what is stored. It is kept nowhere: send it on another way than the link. "
        "If it is lost, the view is lost.",
    )  # fmt: skip
    if kind == TRY:
        _also(page)
    if st.button("Save and make the link", key="share_make", type="primary"):
        _make(page, kind)
    _made()
    if owner.on_this_computer():
        st.html(html.paragraph(ELSEWHERE, "quiet"))


def _also(page: Page) -> None:
    """Further columns that the receiver may use."""
    offered = [
        v.name for v in page.dataset.variables.values()
        if not v.identifier and not v.derived and v.kind in ("number", "category")
    ]  # fmt: skip
    st.multiselect(
        "Further columns to try",
        offered,
        format_func=lambda name: html.markdown_text(page.dataset.variables[name].title),
        key="share_also",
        placeholder="Only the columns that the view uses",
        help="Columns that this view does not use are not stored, unless you choose them.",
    )


def _make(page: Page, kind: str) -> None:
    state = st.session_state
    state.pop("share_made", None)
    try:
        members, notes = contents(page, kind)
        parent = arriving.arrived(page.spec)
        saved = door.store().create(
            "results" if kind == RESULTS else "snapshot",
            members,
            owner=owner.owner(),
            title=state["share_title"].strip() or words.question(page.cohort)[:200],
            passphrase=state["share_passphrase"],
            parent=None if parent is None else parent.opened,
        )
        link = door.store().link(
            saved.view, owner=owner.owner(), mode=TRY if kind == TRY else LOOK,
            days=state["share_days"],
        )  # fmt: skip
    except StratiscopeError as error:
        frame.problem(error)
        return
    state["share_made"] = (saved, link.token, link.expires, notes)


def contents(page: Page, kind: str) -> tuple[Mapping[str, bytes], tuple[str, ...]]:
    """What is stored of a view, and what was left out of it.

    Raises
    ------
    StratiscopeError
        If the view cannot be frozen.
    """
    counts = exploring.counts(page)
    with telling("Freezing the view") as progress:
        if kind == RESULTS:
            return {door.PAGE: released.page(page.cohort, page.spec, counts=counts)}, ()
        also = st.session_state.get("share_also", ()) if kind == TRY else ()
        found = snapshot.build(page.dataset.own, page.spec, also=also, counts=counts)
        # Who only looks gets this report and no data.
        shown = making.make(
            page.cohort, page.spec, parts_of(page), format="html", counts=counts,
            notes=page.guesses, results=lambda part: page.found(part, progress), progress=progress,
        )  # fmt: skip
        place = {door.PLACE: path().encode()}
        return {**found.members, **place, door.PAGE: shown}, found.notes


def fingerprint(data: bytes) -> str:
    """Streamlit knows large downloads by a sample of their bytes: the name tells them apart."""
    return hashlib.sha256(data).hexdigest()[:12]


def parts_of(page: Page) -> tuple[str, ...]:
    """The results that a view shows by itself."""
    return tuple(name for name, part in PARTS.items() if part.by_default(page.spec))


def _made() -> None:
    found = st.session_state.get("share_made")
    if found is None:
        return
    saved: Saved
    saved, token, expires, notes = found
    st.success(f"Saved, fingerprint {saved.fingerprint}. The link opens until {expires:%d %B %Y}.")
    st.code(f"{owner.base()}/s/{token}", language=None, wrap_lines=True)
    st.html(
        html.paragraph("Copy it now: it is shown this once and kept nowhere.", "quiet")
        + "".join(html.paragraph(note, "quiet") for note in notes)
    )
