"""A dataset goes through bytes and comes back as it was, or is refused: never a little changed."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dataset import Dataset, Endpoint, Shape, Variable
from core.notes import Choice, Note, Question
from core.reading.process import wire
from tests.cohorts import LAW


def a_dataset(frame: pd.DataFrame, **fields: Any) -> Dataset:
    variables = {name: Variable(name, kind="text") for name in frame.columns}
    made: dict[str, Any] = {"variables": variables, "digest": "ab12", "reference": "sha256:ab12"}
    return Dataset("table.csv", frame, **(made | fields))


def text_column(values: list[str | None]) -> np.ndarray:
    column = np.empty(len(values), dtype=object)
    column[:] = values
    return column


EVERYTHING = a_dataset(
    pd.DataFrame({"age": [61.0, np.nan], "grade": text_column(["high", None])}),
    variables={
        "age": Variable("age", "Age", "number", "years", 1),
        "grade": Variable(
            "grade", kind="category", levels=("low", "high"), codes=(("1", "low"),), identifier="x"
        ),
    },
    endpoints=(
        Endpoint("OS", "age", "years", "grade", ("high",), entry=None),
        Endpoint(
            "PFS",
            "age",
            "years",
            "grade",
            (),
            competing=("low",),
            entry="age",
            where=("P",),
            start="d",
        ),
    ),
    title="Ein Titel – 标题 \ud800 \0",
    source="Clinic",
    about="A trial.",
    synthetic=True,
    notes=(
        Note("info", "age", "Text", "changed", 2, (3, 7), (("1,5", "1.5"), ("", "x"))),
        Note("warning", "file", ""),
    ),
    header_rows=3,
    lines=np.array([4, 9]),
    questions=(
        Question("d", "?", (Choice("dmy", ("date(d, dmy)",)), Choice("mdy")), True, ("1",)),
    ),
    sheets=("Tabelle1", "Tabelle2"),
    sheet="Tabelle2",
    steps=("totals(drop)", "date(Start, dmy)"),
    rows_are=Shape("intervals", "id", 12, ("start", "stop")),
    lesions=(a_dataset(pd.DataFrame({"SUVmax": [1.5, float("nan")]})),),
    derived="0" * 64,
)


def assert_same(new: Dataset, old: Dataset) -> None:
    for field in dataclasses.fields(Dataset):
        if field.name not in ("frame", "lines", "lesions"):
            was, now = getattr(old, field.name), getattr(new, field.name)
            assert now == was, field.name
            assert type(now) is type(was), field.name
    for now, was in zip(new.lesions, old.lesions, strict=True):
        assert_same(now, was)
    assert list(new.variables) == list(old.variables)
    if old.lines is None:
        assert new.lines is None
    else:
        assert new.lines is not None
        assert new.lines.dtype == old.lines.dtype
        assert new.lines.tolist() == old.lines.tolist()
    assert_same_frame(new.frame, old.frame)


def assert_same_frame(new: pd.DataFrame, old: pd.DataFrame) -> None:
    assert list(new.columns) == list(old.columns)
    assert new.columns.dtype == old.columns.dtype
    assert type(new.index) is type(old.index)
    assert len(new) == len(old)
    assert new.dtypes.tolist() == old.dtypes.tolist()
    for i in range(old.shape[1]):
        was, now = old.iloc[:, i].to_numpy(), new.iloc[:, i].to_numpy()
        if was.dtype == object:
            assert now.tolist() == was.tolist()
            assert {type(v) for v in now} == {type(v) for v in was}
        else:
            # Bit by bit: -0.0 is not 0.0, and a NaN stays the NaN that it was.
            assert now.tobytes() == was.tobytes()


def test_every_field_comes_back() -> None:
    assert_same(wire.loads(wire.dumps(EVERYTHING)), EVERYTHING)


def test_the_sample_has_a_value_in_every_field() -> None:
    # A field that is added later must be put into the sample, so that it is tried. What lesions
    # become for a question is never sent: it is made from them.
    bare = a_dataset(pd.DataFrame())
    unset = {
        f.name
        for f in dataclasses.fields(Dataset)
        if f.name not in ("frame", "lines", "name", "digest", "reference", "attached", "absent")
        and getattr(EVERYTHING, f.name) == getattr(bare, f.name)
    }
    assert unset == set()


names = st.text(st.characters(codec="utf-8"), max_size=8)
texts = st.one_of(st.none(), st.text(st.characters(codec="utf-8"), max_size=12))


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    rows = draw(st.integers(0, 6))
    columns: dict[str, np.ndarray] = {}
    for name in draw(st.lists(names, unique=True, max_size=4)):
        if draw(st.booleans()):
            values = draw(st.lists(st.floats(), min_size=rows, max_size=rows))
            columns[name] = np.array(values, dtype=float)
        else:
            columns[name] = text_column(draw(st.lists(texts, min_size=rows, max_size=rows)))
    frame = pd.DataFrame(columns, index=pd.RangeIndex(rows))
    frame.columns = pd.Index(list(columns), dtype=object)
    return frame


@LAW
@given(frames())
def test_any_table_comes_back_bit_by_bit(frame: pd.DataFrame) -> None:
    assert_same(wire.loads(wire.dumps(a_dataset(frame))), a_dataset(frame))


def test_missing_text_and_missing_numbers_are_kept_apart() -> None:
    frame = pd.DataFrame({"x": [np.nan, np.nan], "y": text_column([None, None])})
    again = wire.loads(wire.dumps(a_dataset(frame))).frame
    assert np.isnan(again["x"]).all()
    assert again["y"].tolist() == [None, None]
    assert again["y"].dtype == object


def test_rows_are_kept_without_columns() -> None:
    again = wire.loads(wire.dumps(a_dataset(pd.DataFrame(index=pd.RangeIndex(3)))))
    assert again.frame.shape == (3, 0)


def test_numbers_of_numpy_become_those_of_python() -> None:
    note: Any = Note("info", "x", "y", n=np.int64(3), lines=(np.int64(4),))
    (again,) = wire.loads(wire.dumps(dataclasses.replace(EVERYTHING, notes=(note,)))).notes
    assert (again.n, again.lines) == (3, (4,))
    assert type(again.n) is int
    assert type(again.lines[0]) is int


def test_equal_texts_are_one_object_afterwards() -> None:
    # Two million rows of four levels would otherwise be two million texts in memory.
    frame = pd.DataFrame({"x": text_column([f"level {i % 2}" for i in range(50)])})
    again = wire.loads(wire.dumps(a_dataset(frame))).frame
    assert len({id(value) for value in again["x"]}) == 2


@pytest.mark.parametrize(
    "column",
    [[1, 2], [True, False], text_column(["a", np.nan]), text_column(["a", 1]), pd.NaT],  # type: ignore[list-item]
    ids=["int", "bool", "NaN in text", "number in text", "date"],
)
def test_what_has_no_place_in_a_dataset_is_refused(column: Any) -> None:
    frame = pd.DataFrame({"x": column}, index=pd.RangeIndex(2))
    with pytest.raises((TypeError, ValueError)):
        wire.dumps(a_dataset(frame))


def test_rows_that_are_not_numbered_are_refused() -> None:
    frame = pd.DataFrame({"x": [1.0, 2.0]}, index=[1, 0])
    with pytest.raises(ValueError, match="numbered from 0"):
        wire.dumps(a_dataset(frame))


@pytest.mark.parametrize("end", [0, 5, 25, 40, 300, -1000, -400, -100])
def test_cut_off_bytes_are_refused(end: int) -> None:
    data = wire.dumps(EVERYTHING)
    with pytest.raises(ValueError, match=r"bytes of a dataset"):
        wire.loads(data[:end])


def test_bytes_changed_anywhere_are_refused_or_harmless() -> None:
    data = wire.dumps(EVERYTHING)
    rng = np.random.default_rng(5)
    refused = 0
    for at in rng.integers(0, len(data), 400):
        changed = bytearray(data)
        changed[at] ^= 1 << int(rng.integers(8))
        try:
            again = wire.loads(changed)
        except ValueError:
            refused += 1
        else:
            assert again.frame.dtypes.tolist() == EVERYTHING.frame.dtypes.tolist()
    assert refused > 100


def test_a_field_of_the_wrong_type_is_refused() -> None:
    data = wire.dumps(EVERYTHING)
    start = len(wire.MARK) + 8
    end = start + int.from_bytes(data[len(wire.MARK) : start], "big")
    for name, value in [("digest", 7), ("notes", {}), ("header_rows", "1"), ("endpoints", [1])]:
        head = json.loads(data[start:end])
        head["rest"][name] = value
        text = json.dumps(head).encode()
        with pytest.raises(ValueError, match="damaged"):
            wire.loads(wire.MARK + len(text).to_bytes(8, "big") + text + data[end:])
