"""Files of R: what R wrote is what is read, and nothing else is looked into."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import DataError
from core.reading.formats import robjects
from core.reading.table import Table

FOLDER = Path(__file__).parent / "reference"
FILES = FOLDER / "files"
TWIN: dict[str, list[Any]] = json.loads((FOLDER / "package_files.json").read_text())["columns"]


def _read(name: str, sheet: str | None = None) -> Table:
    return robjects.read((FILES / name).read_bytes(), sheet)


def _cells(table: Table, name: str) -> list[Any]:
    cells = list(table.columns[table.header.index(name)])
    return [None if isinstance(x, float) and np.isnan(x) else x for x in cells]


@pytest.mark.parametrize("name", ["synthetic.rds", "synthetic_2.rds", "synthetic.RData"])
def test_a_data_frame_is_read_as_r_has_it(name: str) -> None:
    table = _read(name)
    for column in ("id", "months", "sex", "nodes", "stage", "start", "scan", "dose", "wait"):
        assert _cells(table, column) == TWIN[column], column
    # Numbers in a row and words made of numbers, which R keeps as a formula.
    assert _cells(table, "number") == TWIN["number"]
    assert _cells(table, "word") == [f"{x:g}" for x in map(float, TWIN["word"])]
    assert _cells(table, "died") == [str(code == 1).upper() for code in TWIN["codes"]]
    assert _cells(table, "latin") == ["spät"] * 12
    # Midnight in Berlin is the evening before in UTC.
    assert _cells(table, "local") == TWIN["start"]
    assert table.levels == {"sex": ("männlich", "weiblich")}
    assert table.units == {"wait": "weeks"}
    assert table.labels == {"months": "Überleben in Monaten"}


def test_matrices_within_are_spread_and_lists_left_out_with_a_note() -> None:
    table = _read("synthetic.rds")
    assert _cells(table, "surv.status") == TWIN["codes"]
    assert _cells(table, "pair.2") == [float(x) for x in range(13, 25)]
    assert "list" not in table.header
    assert [(n.section, n.n) for n in table.notes if n.about == "columns"] == [("excluded", 1)]


def test_value_labels_of_haven_are_words_in_the_order_of_their_codes() -> None:
    table = _read("synthetic_labels.rds")
    assert _cells(table, "died") == TWIN["died"]
    assert table.codes["died"] == (("0", "lebt"), ("1", "verstorben"))
    assert table.levels["died"] == ("lebt", "verstorben")


def test_names_of_rows_are_kept() -> None:
    table = _read("synthetic_named.rds")
    assert _cells(table, "row.names") == ["P-1", "P-2", "P-3"]
    assert _cells(table, "age") == [41.0, 75.0, 52.0]


def test_tables_of_a_workspace_are_offered() -> None:
    first, second = _read("synthetic.RData"), _read("synthetic.RData", "labels")
    assert (first.sheets, first.sheet) == (("frame", "labels"), "frame")
    assert (second.sheet, second.header) == ("labels", ("died", "nodes"))
    with pytest.raises(DataError, match="no table 'frames'"):
        _read("synthetic.RData", "frames")


def test_a_model_is_no_table() -> None:
    with pytest.raises(DataError, match="no data frame"):
        _read("synthetic_model.rds")


# -- files written here, in the format of R -----------------------------------------------------


def _head(version: int = 2) -> bytes:
    return b"X\n" + struct.pack(">iii", version, 0x40202, 0x20300)


def _text(*words: str) -> bytes:
    parts = [struct.pack(">ii", 0x00040009, len(w)) + w.encode() for w in words]
    return struct.pack(">ii", 16, len(words)) + b"".join(parts)


def _pair(name: str, value: bytes) -> bytes:
    symbol = struct.pack(">iii", 1, 0x00040009, len(name)) + name.encode()
    return struct.pack(">i", 0x402) + symbol + value


NIL = struct.pack(">i", 254)


def _frame(column: bytes, rows: int) -> bytes:
    attributes = _pair("names", _text("a")) + _pair("class", _text("data.frame"))
    attributes += _pair("row.names", struct.pack(">iiii", 13, 2, -(2**31), -rows)) + NIL
    return _head() + struct.pack(">ii", 0x313, 1) + column + attributes


def _reals(*values: float) -> bytes:
    return struct.pack(f">ii{len(values)}d", 14, len(values), *values)


def test_the_smallest_file_is_read() -> None:
    assert _cells(robjects.read(_frame(_reals(1.5, 2.0), 2)), "a") == [1.5, 2.0]


def test_a_factor_that_points_beyond_its_levels_is_refused() -> None:
    attributes = _pair("levels", _text("x")) + _pair("class", _text("factor")) + NIL
    column = struct.pack(">iiii", 0x30D, 2, 1, 2) + attributes
    with pytest.raises(DataError, match="not a valid one"):
        robjects.read(_frame(column, 2))


def test_a_sequence_of_a_thousand_million_is_refused_at_once() -> None:
    name = struct.pack(">i", 2) + struct.pack(">iii", 1, 0x00040009, 14) + b"compact_intseq" + NIL
    column = struct.pack(">i", 238) + name + _reals(1e9, 1.0, 1.0) + NIL
    with pytest.raises(DataError, match="too long"):
        robjects.read(_frame(column, 2))


def test_deep_lists_are_refused() -> None:
    nested = struct.pack(">ii", 19, 1) * 100_000
    with pytest.raises(DataError, match="nested too deeply"):
        robjects.read(_head() + nested)


def test_a_function_is_never_called() -> None:
    # function() quit(): a closure is parsed as a tree, and is no table.
    call = struct.pack(">i", 6) + struct.pack(">iii", 1, 0x00040009, 4) + b"quit" + NIL
    closure = struct.pack(">i", 3) + struct.pack(">i", 253) + call
    with pytest.raises(DataError, match="no data frame"):
        robjects.read(_head() + closure)


def test_a_file_packed_twice_is_not_unpacked_without_a_limit() -> None:
    with pytest.raises(DataError, match="no file of R"):
        robjects.read(gzip.compress(gzip.compress(_frame(_reals(1.0), 1))))


def test_every_cut_is_refused() -> None:
    data = _frame(_reals(1.5, 2.0), 2)
    for size in range(len(data)):
        with pytest.raises(DataError):
            robjects.read(data[:size])


@pytest.mark.parametrize("name", ["synthetic_2.rds", "synthetic_named.rds"])
def test_a_changed_byte_is_an_answer_or_a_refusal(name: str) -> None:
    from core.reading.formats import kinds

    data = bytearray(kinds.unpacked((FILES / name).read_bytes(), ""))
    draw = np.random.default_rng(7)
    answers = {"read": 0, "refused": 0}
    for _ in range(150):
        changed = data.copy()
        changed[int(draw.integers(len(data)))] = int(draw.integers(256))
        try:
            table = robjects.read(bytes(changed))
        except DataError:
            answers["refused"] += 1
        else:
            answers["read"] += 1
            assert len({len(list(column)) for column in table.columns}) == 1
    assert min(answers.values()) > 0
