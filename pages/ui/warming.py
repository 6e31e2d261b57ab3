"""Warm up: load libraries, and compile the loops of the cutoff page in a process of their own.

After an installation the first search would wait some seconds for the compiler. What it makes is
kept on the disk, so a process that starts with the server and ends when everything is compiled
serves all sessions and all later starts.
"""

from __future__ import annotations

import gc
import subprocess
import sys
import time
from pathlib import Path

import streamlit as st

LONGEST = 60.0
"""Seconds to wait for it; after them each loop is compiled when it is needed."""
_processes: list[subprocess.Popen[bytes]] = []
"""The process of this server, once it was started."""


def up() -> None:
    """Load the drawing library before it is needed, and take all modules out of garbage search.

    Streamlit collects garbage after every run: 140 ms with everything loaded, the run takes 20 ms.
    """
    import altair  # noqa: F401 - loaded for later

    start()
    gc.collect()
    gc.freeze()


def start() -> None:
    """Begin to compile; once for each server."""
    if _processes:
        return
    _processes.append(
        subprocess.Popen(
            [sys.executable, "-m", "core", "warm"],
            cwd=Path(__file__).parents[2],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    )


def wait() -> None:
    """Wait until everything is compiled, with words on the page; it can be left meanwhile."""
    place = st.empty()
    began = time.monotonic()
    while _processes and _processes[0].poll() is None and time.monotonic() - began < LONGEST:
        place.info("Preparing the calculation. After an installation this takes some seconds.")
        time.sleep(0.2)
    place.empty()
