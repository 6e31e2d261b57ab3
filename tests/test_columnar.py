"""Parquet and Feather files: every kind of column, exactly."""

from __future__ import annotations

import datetime as dt
import io
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from core.errors import DataError
from core.reading.formats import columnar
from core.reading.table import Table
from tests.support import hostile_files


def _parquet(table: pa.Table, row_group_size: int | None = None) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, row_group_size=row_group_size)
    return sink.getvalue()


def _feather(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    pyarrow.feather.write_feather(table, sink)
    return sink.getvalue()


def _one(values: list[Any], kind: Any) -> Table:
    return columnar.read(_parquet(pa.table({"a": pa.array(values, kind)})))


@pytest.mark.parametrize("write", [_parquet, _feather])
def test_a_table_comes_back_as_it_was(write: Any) -> None:
    table = pa.table(
        {
            "id": ["001", "002", None],
            "months": [1.1, None, 1e-300],
            "nodes": pa.array([3, None, 2**53], pa.int64()),
            "died": [True, None, False],
        }
    )
    read = columnar.read(write(table))
    assert read.header == ("id", "months", "nodes", "died")
    assert list(read.columns[0]) == ["001", "002", ""]
    np.testing.assert_array_equal(read.columns[1], [1.1, np.nan, 1e-300])
    np.testing.assert_array_equal(read.columns[2], [3.0, np.nan, 2.0**53])
    assert list(read.columns[3]) == ["TRUE", "", "FALSE"]


NUMBERS = [
    ([1, None, 255], pa.uint8(), [1.0, np.nan, 255.0]),
    ([-128, None], pa.int8(), [-128.0, np.nan]),
    ([Decimal("1.10"), None], pa.decimal128(5, 2), [1.1, np.nan]),
    ([0.1, None], pa.float32(), [0.1, np.nan]),
    ([None, None], pa.null(), [np.nan, np.nan]),
    ([dt.timedelta(days=3, hours=12), None], pa.duration("s"), [3.5, np.nan]),
]


@pytest.mark.parametrize(("values", "kind", "expected"), NUMBERS)
def test_numbers_are_float64(values: list[Any], kind: Any, expected: list[float]) -> None:
    column = _one(values, kind).columns[0]
    assert isinstance(column, np.ndarray)
    assert column.dtype == np.float64
    np.testing.assert_array_equal(column, expected)


WORDS = [
    ([2**53 + 1, None], pa.int64(), ["9007199254740993", ""]),
    ([2**64 - 1, 1], pa.uint64(), ["18446744073709551615", "1"]),
    ([dt.date(2024, 3, 31), None], pa.date32(), ["2024-03-31", ""]),
    ([dt.date(1890, 1, 1), None], pa.date64(), ["1890-01-01", ""]),
    ([dt.datetime(2024, 3, 31), None], pa.timestamp("ns"), ["2024-03-31", ""]),
    ([dt.datetime(2024, 3, 31, 8, 5), None], pa.timestamp("us"), ["2024-03-31 08:05:00", ""]),
    ([dt.time(8, 30, 15), None], pa.time32("s"), ["08:30:15", ""]),
    (["Größe".encode(), None], pa.binary(), ["Größe", ""]),
]


@pytest.mark.parametrize(("values", "kind", "expected"), WORDS)
def test_what_a_float_cannot_hold_is_text(values: Any, kind: Any, expected: list[str]) -> None:
    assert list(_one(values, kind).columns[0]) == expected


def test_a_moment_is_shown_in_its_own_time_zone() -> None:
    evening = dt.datetime(2024, 3, 30, 23, tzinfo=dt.UTC)
    table = _one([evening, None], pa.timestamp("us", tz="Europe/Berlin"))
    assert list(table.columns[0]) == ["2024-03-31", ""]
    assert any("Europe/Berlin" in note.text for note in table.notes)


def test_rounded_decimals_are_told() -> None:
    table = _one([Decimal("12345678901234567890.5"), Decimal("1.0")], pa.decimal128(21, 1))
    assert [(n.section, n.n) for n in table.notes if n.about == "a"] == [("changed", 1)]


@pytest.mark.parametrize("ordered", [True, False])
@pytest.mark.parametrize("write", [_parquet, _feather])
def test_a_category_of_pandas_keeps_its_order(write: Any, ordered: bool) -> None:
    stage = pd.Categorical(["III", "I", None], ["I", "II", "III"], ordered=ordered)
    table = columnar.read(write(pa.Table.from_pandas(pd.DataFrame({"stage": stage}))))
    assert list(table.columns[0]) == ["III", "I", ""]
    assert table.levels == {"stage": ("I", "II", "III")}


def test_words_in_the_order_of_the_rows_are_no_order() -> None:
    table = pa.table({"a": pa.array(["z", "b"]), "b": pa.array(["z", "b"]).dictionary_encode()})
    read = columnar.read(_parquet(table))
    assert list(read.columns[1]) == ["z", "b"]
    assert read.levels == {}


def test_a_category_in_several_parts_of_a_file_is_whole() -> None:
    stage = pd.Categorical(["b", "a", "a", "c"] * 50, ["c", "b", "a"], ordered=True)
    whole = pa.Table.from_pandas(pd.DataFrame({"stage": stage}))
    read = columnar.read(_parquet(whole, row_group_size=7))
    assert list(read.columns[0]) == list(stage)
    assert read.levels in ({"stage": ("c", "b", "a")}, {})


def test_nested_columns_are_left_out_and_told() -> None:
    table = columnar.read(_parquet(pa.table({"a": [1.0], "b": [[1, 2]], "c": [{"x": 1}]})))
    assert table.header == ("a",)
    assert [(n.section, n.n) for n in table.notes if n.about == "columns" and n.n] == [
        ("excluded", 2)
    ]


def test_the_counter_of_pandas_is_no_column_and_an_index_is() -> None:
    frame = pd.DataFrame({"a": [1.0, 2.0]}, index=[5, 6])
    assert columnar.read(_parquet(pa.Table.from_pandas(frame))).header == ("a",)
    named = frame.set_index(pd.Index(["P1", "P2"], name="id"))
    assert set(columnar.read(_parquet(pa.Table.from_pandas(named))).header) == {"a", "id"}


def test_no_rows_and_no_columns_are_refused() -> None:
    with pytest.raises(DataError, match="no rows"):
        columnar.read(_parquet(pa.table({"a": pa.array([], pa.float64())})))
    with pytest.raises(DataError, match="no columns"):
        columnar.read(_parquet(pa.table({"b": [[1, 2]]})))


@pytest.mark.parametrize("write", [_parquet, _feather])
@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.999])
def test_a_file_that_was_cut_off_is_refused(write: Any, part: float) -> None:
    data = write(pa.table({"a": np.arange(1000.0)}))
    with pytest.raises(DataError, match="damaged or incomplete"):
        columnar.read(data[: int(len(data) * part)])


def test_a_bomb_is_refused_from_its_footer() -> None:
    data = _parquet(pa.table({"a": pa.array(np.zeros(5_000_001, np.int8))}))
    with pytest.raises(DataError, match="5,000,000 rows"):
        columnar.read(data)


@pytest.mark.parametrize(
    "name", ["parquet_bomb.parquet", "parquet_truncated.parquet", "pickle_named_parquet.parquet"]
)
def test_hostile_files_are_refused(name: str) -> None:
    with pytest.raises(DataError):
        columnar.read((hostile_files() / name).read_bytes())
