"""Who saves a view: the login's person, or whoever works on this computer."""

from __future__ import annotations

from urllib.parse import urlsplit

import streamlit as st

HERE = "this computer"
LOCAL = ("localhost", "127.0.0.1", "::1")


def owner() -> str:
    """What the store knows an owner by; it keeps a hash of it."""
    if not st.user.get("is_logged_in", False):
        return HERE
    return f"{st.user.get('iss', '')} {st.user.get('sub', '')}"


def base() -> str:
    """Where this dashboard is reached: ``https://host``; empty where the browser did not say."""
    found = urlsplit(st.context.url or "")
    return f"{found.scheme}://{found.netloc}" if found.netloc else ""


def on_this_computer() -> bool:
    """Whether the address opens nowhere else."""
    return (urlsplit(st.context.url or "").hostname or LOCAL[0]) in LOCAL
