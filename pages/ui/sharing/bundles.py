"""Opening a saved view that came as a file."""

from __future__ import annotations

import streamlit as st

from core.errors import StratiscopeError
from core.sharing import bundle, snapshot
from core.sharing.errors import PassphraseNeeded, WrongPassphrase
from core.view import html
from pages.ui import frame
from pages.ui.loading import File, Loaded


def take(files: tuple[File, ...]) -> bool:
    """Whether a saved view is among dropped files; it is opened by `show`."""
    found = next((data for _, data in files if bundle.is_bundle(data)), None)
    if found is not None:
        st.session_state["bundle"] = found
    return found is not None


def waiting() -> bool:
    """Whether a file waits to be opened."""
    return "bundle" in st.session_state


def show() -> None:
    """Open the file that waits, or ask for its passphrase."""
    said = st.session_state.get("bundle_secret", "")
    try:
        read = bundle.read(st.session_state["bundle"], passphrase=said)
        found = snapshot.opened(read.members)
    except (PassphraseNeeded, WrongPassphrase) as error:
        _ask(error if isinstance(error, WrongPassphrase) else None)
        return
    except StratiscopeError as error:
        _forget()
        frame.problem(error)
        return
    _forget()
    frame.keep(Loaded((), found.dataset), found.dataset.reference)
    frame.ask(found.spec)
    st.rerun()


def _ask(wrong: WrongPassphrase | None) -> None:
    st.html(html.paragraph("The saved view is protected by a passphrase", "question"))
    if wrong is not None:
        frame.problem(wrong)
    with st.form("bundle_form", border=False):
        st.text_input("Passphrase", type="password", key="bundle_secret")
        st.form_submit_button("Open the view")
    st.button("Do not open it", on_click=_forget, type="tertiary")


def _forget() -> None:
    st.session_state.pop("bundle", None)
    st.session_state.pop("bundle_secret", None)
