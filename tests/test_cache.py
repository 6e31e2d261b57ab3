"""The cache: one key made of the part, the digest of the data and the fields read, per session."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
import streamlit as st

from core import analysis
from core.reading import read
from core.spec import AnalysisSpec

ROWS = 60_000
"""Streamlit hashes a fixed sample of 10,000 rows of a frame from 50,000 rows on."""
SPEC = AnalysisSpec(time="time", unit="days", event="event", event_is=("1",))


def table(flipped: int | None = None) -> bytes:
    """A registry of 60,000 rows, with one event flipped or none."""
    i = np.arange(ROWS)
    event = (i % 3 == 0).astype(int)
    if flipped is not None:
        event[flipped] = 1 - event[flipped]
    lines = [f"{t},{e}" for t, e in zip(1 + i % 4000, event, strict=True)]
    return ("time,event\n" + "\n".join(lines) + "\n").encode()


@pytest.fixture(autouse=True)
def empty_cache() -> None:
    st.cache_data.clear()


def test_the_key_follows_every_single_cell() -> None:
    before, after = read(table(), "a.csv"), read(table(flipped=31_234), "a.csv")
    assert analysis.key("km", before, SPEC) != analysis.key("km", after, SPEC)


def test_the_naive_cache_of_a_frame_gives_a_stale_answer() -> None:
    # Why no frame is ever an argument of a cached function here.
    @st.cache_data(show_spinner=False)
    def events(frame: pd.DataFrame) -> int:
        return int(frame["event"].sum())

    frame = read(table(), "a.csv").frame
    right = events(frame)
    stale = 0
    for row in range(1_000, ROWS, 7_919):
        changed = frame.copy()
        changed.loc[row, "event"] = 1 - changed.loc[row, "event"]
        stale += events(changed) == right
    assert stale > 0


def test_two_sessions_of_the_same_question_have_the_same_key() -> None:
    one, other = read(table(), "a.csv"), read(table(), "b.csv")
    assert analysis.key("km", one, SPEC) == analysis.key("km", other, SPEC)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Streamlit's own keys do not separate arguments: these two would share an entry.
        ({"time": "a", "event": "bstr:c"}, {"time": "abstr:", "event": "c"}),
        ({"event_is": ("1", "2")}, {"event_is": ("1,2",)}),
        ({"strata": ("a", "b")}, {"strata": ("a,b",)}),
        ({"group_by": "None"}, {"group_by": None}),
        ({"where": ("a = 1", "b = 2")}, {"where": ("a = 1b = 2",)}),
    ],
)
def test_different_questions_never_share_a_key(one: dict, other: dict) -> None:
    dataset = read(b"time,event\n1,1\n2,0\n", "a.csv")
    keys = {analysis.key("km", dataset, SPEC.but(**fields)) for fields in (one, other)}
    assert len(keys) == 2


def test_specs_can_be_keys() -> None:
    # Nested or mutable fields are what a cache key cannot have.
    assert len({SPEC, SPEC.but(time="time"), SPEC.but(time="t")}) == 2
    for field in dataclasses.fields(SPEC):
        assert isinstance(getattr(SPEC, field.name), str | int | float | tuple | None)
