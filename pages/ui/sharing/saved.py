"""The views that were saved from here: their links, the next version, the end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import streamlit as st

from core.errors import StratiscopeError
from core.sharing import bundle, snapshot
from core.sharing.links import DAYS, Link, Mode
from core.sharing.saved import Saved
from core.view import html
from core.view.html import markdown_text
from pages.ui import exploring, frame
from pages.ui.frame import Page
from pages.ui.sharing import door, links, owner

MOST = 20
"""Views that are listed."""


def show(page: Page) -> None:
    """A file for another computer, and the views in the store."""
    _file(page)
    st.html(html.paragraph("Views saved from here", "part"))
    refused = st.session_state.pop("refused", None)
    if refused is not None:
        frame.problem(refused)
    try:
        found = door.store().views(owner.owner())
        if not found:
            st.html(html.paragraph("There are none yet.", "quiet"))
        if len(found) > MOST:
            text = f"The newest {MOST} of {len(found)}; delete some to see the others."
            st.html(html.paragraph(text, "quiet"))
        for view in found[:MOST]:
            _view(page, view, door.store().links(view.view, owner=owner.owner()))
    except StratiscopeError as error:
        frame.problem(error)


def _file(page: Page) -> None:
    st.html(
        html.paragraph("A file that opens on another computer", "part")
        + html.paragraph(
            "The question with the columns that it uses, without names and numbers of patients. "
            "Drop it on the first page of any Stratiscope.",
            "quiet",
        )
    )
    if page.locked:
        return
    left, right = st.columns([2, 3], vertical_alignment="bottom")
    secret = left.text_input(
        "Passphrase of the file (optional)", key="bundle_passphrase", type="password",
        help="Encrypts the file. If it is lost, the file cannot be opened.",
    )  # fmt: skip
    if right.button("Make the file", key="bundle_make"):
        try:
            found = snapshot.build(page.dataset.own, page.spec, counts=exploring.counts(page))
            title = page.dataset.title or page.dataset.name
            made = bundle.write(found.members, title=title, passphrase=secret)
            st.session_state["bundle_made"] = (made, found.notes)
        except StratiscopeError as error:
            frame.problem(error)
            return
    made, notes = st.session_state.get("bundle_made", (None, ()))
    if made is not None:
        st.download_button(
            "Save the file", made, file_name=_name(made),
            mime="application/octet-stream", key="bundle_save", icon=":material/download:",
            on_click="ignore",
        )  # fmt: skip
        st.html("".join(html.paragraph(note, "quiet") for note in notes))


def _name(data: bytes) -> str:
    return f"stratiscope_{links.fingerprint(data)}{bundle.ENDING}"


def _view(page: Page, view: Saved, made: tuple[Link, ...]) -> None:
    title = markdown_text(view.title) if view.title else "Without a title"
    opens = [link for link in made if not link.withdrawn and link.expires > datetime.now(UTC)]
    what = "results alone" if view.kind == "results" else "with its data"
    with st.expander(
        f"{title}: {what}, version {view.version}, {view.saved:%d %B %Y %H:%M} UTC",
        key=f"v_{view.view}",
    ):
        said = [f"Fingerprint {view.fingerprint}.", "It has a passphrase." * view.sealed]
        said += [
            f"A link to {_may(view, link.mode)}, until {link.expires:%d %B %Y}." for link in opens
        ] or ["No link opens it."]
        st.html("".join(html.paragraph(text, "quiet") for text in said if text))
        row = st.container(horizontal=True)
        for mode in (links.LOOK,) if view.kind == "results" else (links.LOOK, links.TRY):
            row.button(
                f"New link to {_may(view, mode)}", key=f"new_{mode}_{view.view}", on_click=_new,
                args=(view, mode), help=f"It opens for {DAYS} days.",
            )  # fmt: skip
        row.button(
            "End all links", key=f"end_{view.view}", on_click=_end, args=(view,),
            disabled=not opens, help="They open nothing from now on, here and on every server.",
        )  # fmt: skip
        row.button(
            "Save what is open as the next version", key=f"next_{view.view}", on_click=_next,
            args=(page, view), disabled=page.locked or view.sealed,
            help="Links to this view show it from then on; earlier versions stay as they are. A "
            "view with a passphrase is saved anew instead.",
        )  # fmt: skip
        row.button(
            "Delete", key=f"delete_{view.view}", on_click=_delete, args=(view,),
            help="The data and all links are gone for good.",
        )  # fmt: skip
        _told(view)


def _may(view: Saved, mode: str) -> str:
    return links.KINDS[links.RESULTS if view.kind == "results" else mode]


def _told(view: Saved) -> None:
    token = st.session_state.get("share_new", {}).get(view.view)
    if token is not None:
        st.code(f"{owner.base()}/s/{token}", language=None, wrap_lines=True)
        st.html(html.paragraph("Copy it now: it is shown this once and kept nowhere.", "quiet"))


def _new(view: Saved, mode: Mode) -> None:
    with _refusals():
        made = door.store().link(view.view, owner=owner.owner(), mode=mode, days=DAYS)
        st.session_state.setdefault("share_new", {})[view.view] = made.token


def _end(view: Saved) -> None:
    with _refusals():
        ended = door.store().withdraw(view.view, owner=owner.owner())
        st.session_state.get("share_new", {}).pop(view.view, None)
        st.toast(f"{ended} link{'' if ended == 1 else 's'} ended.")


def _next(page: Page, view: Saved) -> None:
    with _refusals():
        kept, _ = links.contents(page, links.RESULTS if view.kind == "results" else links.LOOK)
        door.store().save(
            view.view, kept, owner=owner.owner(), based_on=view.version, kind=view.kind,
            title=view.title,
        )  # fmt: skip
        st.toast(f"Saved as version {view.version + 1}.")


def _delete(view: Saved) -> None:
    with _refusals():
        door.store().delete(view.view, owner=owner.owner())
        st.toast("Deleted.")


@contextmanager
def _refusals() -> Iterator[None]:
    """Keep what went wrong in a callback for the page that is drawn after it."""
    try:
        yield
    except StratiscopeError as error:
        st.session_state["refused"] = error
