"""How far long work is, on the page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from core.progress import Progress

NOTICED = 0.3
"""Seconds of work after which the page tells how far it is."""


@contextmanager
def telling(words: str) -> Iterator[Progress]:
    """A bar that appears when work takes long enough to be noticed, and goes when it is done."""
    place, began = st.empty(), time.monotonic()

    def tell(fraction: float) -> None:
        if time.monotonic() - began > NOTICED:
            place.progress(min(fraction, 1.0), f"{words} ({fraction:.0%})")

    try:
        yield tell
    finally:
        place.empty()
