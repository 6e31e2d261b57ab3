"""Who may use this dashboard. On a laptop nobody logs in; a server asks an OpenID provider."""

from __future__ import annotations

import os
import time
from datetime import UTC, datetime
from typing import Any

import streamlit as st
from streamlit.runtime.secrets import secrets_singleton

from core.errors import StratiscopeError
from core.sharing import logins
from core.sharing.logins import Refused
from core.view.html import markdown_text, paragraph
from pages.ui.sharing import door

PATIENCE = 3.0
"""Seconds for which a login that counts is not looked up again."""


def configured() -> bool:
    """Whether a provider is named in Streamlit's secrets, as its own documentation says."""
    return secrets_singleton.load_if_toml_exists() and "auth" in st.secrets


def require() -> None:
    """Stop the page for who is not let in; called before anything is read or shown."""
    if not configured():
        return
    claims: dict[str, Any] = st.user.to_dict()
    if not claims.get("is_logged_in", False):
        _ask(None)
    try:
        logins.check(claims, os.environ.get(logins.SETTING, ""), datetime.now(UTC))
        _look_up(claims)
    except Refused as error:
        _ask(error)
    except StratiscopeError as error:
        st.error(markdown_text(str(error)))
        st.stop()


def draw() -> None:
    """Who is logged in, with the way out; in the sidebar."""
    if not configured():
        return
    with st.sidebar:
        name = st.user.get("name") or st.user.get("email") or "somebody without a name"
        st.html(paragraph(f"Logged in as {name}", "quiet"))
        st.button("Log out", key="log_out", on_click=_leave, type="tertiary")


def _look_up(claims: dict[str, Any]) -> None:
    asked, name = st.session_state.get("login", (0.0, "")), logins.key(claims)
    if asked[1] == name and time.monotonic() - asked[0] < PATIENCE:
        return
    if door.store().login_ended(name):
        raise Refused("Your login has ended", "Log in again", again=True)
    st.session_state["login"] = (time.monotonic(), name)


def _ask(refused: Refused | None) -> None:
    st.html(paragraph("Stratiscope", "question"))
    if refused is None:
        st.html(paragraph("Log in to go on. A link that you followed opens after that: follow it "
                          "once more.", "finding"))  # fmt: skip
    else:
        st.error(markdown_text(str(refused)))
    if refused is None:
        st.button("Log in", key="log_in", type="primary", on_click=st.login)
    elif refused.again:
        st.button("Log in again", key="log_in", type="primary", on_click=_leave)
    st.stop()


def _leave() -> None:
    """End the login for good, here and for whoever has a copy of its cookie."""
    st.session_state.pop("login", None)
    try:
        door.store().end_login(logins.key(st.user.to_dict()))
    except StratiscopeError as error:
        st.session_state["refused"] = error
    st.logout()
