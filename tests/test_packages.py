"""Files of SPSS, Stata and SAS: what haven and pyreadstat wrote is what is read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from core.errors import DataError
from core.reading.formats import packages
from core.reading.table import Table
from tests.support import hostile_files, tables

FOLDER = Path(__file__).parent / "reference"
FILES = FOLDER / "files"
TWIN: dict[str, list[Any]] = json.loads((FOLDER / "package_files.json").read_text())["columns"]
SPSS = ("synthetic.sav", "synthetic_plain.sav", "synthetic.zsav")
STATA = ("synthetic.dta", "synthetic_12.dta")
SAS = ("synthetic.sas7bdat", "synthetic.xpt", "synthetic_8.xpt")


def _kind(path: Path) -> str:
    return path.suffix[1:]


def _read(name: str) -> Table:
    path = FILES / name
    return packages.read(path.read_bytes(), _kind(path))


def _cells(table: Table, name: str) -> list[Any]:
    cells = list(table.columns[table.header.index(name)])
    return [None if isinstance(x, float) and np.isnan(x) else x for x in cells]


@pytest.mark.parametrize("name", [*SPSS, *STATA, *SAS])
def test_numbers_text_and_dates_are_those_of_r(name: str) -> None:
    table = _read(name)
    same = ["id", "months", "nodes", "stage"]
    if name != "synthetic_12.dta":  # written without formats: dates stay numbers there
        same += ["start", "scan"]
    if name not in STATA:
        same += ["dose"]
    for column in same:
        assert _cells(table, column) == TWIN[column], column


@pytest.mark.parametrize("name", [*SPSS, *STATA])
def test_value_labels_are_words_in_the_order_of_their_codes(name: str) -> None:
    table = _read(name)
    assert _cells(table, "died") == TWIN["died"]
    assert _cells(table, "sex") == TWIN["sex"]
    assert table.codes["died"] == (("0", "lebt"), ("1", "verstorben"))
    assert table.levels["sex"] == ("männlich", "weiblich")
    assert "nodes" not in table.codes  # only one of its values has a label
    assert [n.section for n in table.notes if n.about == "nodes"] == ["read"]
    assert table.labels["months"] == "Überleben in Monaten"


@pytest.mark.parametrize("name", SAS)
def test_codes_without_labels_stay_numbers(name: str) -> None:
    assert _cells(_read(name), "died") == TWIN["codes"]


@pytest.mark.parametrize("name", [*SPSS, *STATA])
def test_what_the_package_counts_as_missing_is_missing_and_told(name: str) -> None:
    table = _read(name)
    assert _cells(table, "ecog") == TWIN["ecog"]
    assert [n.n for n in table.notes if n.about == "ecog" and n.section == "changed"] == [2]


# -- written by pyreadstat ----------------------------------------------------------------------


def _frame(n: int) -> pd.DataFrame:
    draw = np.random.default_rng(n)
    numbers = draw.normal(size=n) * 10.0 ** draw.integers(-6, 9, size=n)
    numbers[draw.random(n) < 0.2] = np.nan
    words = np.array(["", "Größe µ", "死亡", "Ω≥", "plain"])
    return pd.DataFrame({"x": numbers, "word": words[draw.integers(5, size=n)]})


def _written(frame: pd.DataFrame, path: Path, **more: Any) -> bytes:
    writers: dict[str, Any] = {
        "sav": pyreadstat.write_sav,
        "zsav": lambda df, to, **kw: pyreadstat.write_sav(df, to, compress=True, **kw),
        "por": pyreadstat.write_por,
        "dta": pyreadstat.write_dta,
        "xpt": pyreadstat.write_xport,
    }
    writers[_kind(path)](frame, str(path), **more)
    return path.read_bytes()


@pytest.mark.parametrize("n", [1, 7, 500])
@pytest.mark.parametrize("kind", ["sav", "zsav", "dta", "xpt"])
def test_a_table_written_and_read_back_is_the_same(kind: str, n: int, tmp_path: Path) -> None:
    frame = _frame(n)
    frame.loc[n - 1, "word"] = "end"
    table = packages.read(_written(frame, tmp_path / f"t.{kind}"), kind)
    assert [name.lower() for name in table.header] == ["x", "word"]
    x = table.columns[0]
    assert isinstance(x, np.ndarray)
    # The floats of SAS transport files are IBM's, with 14 hexadecimal digits.
    np.testing.assert_allclose(x, frame["x"], rtol=2e-16 if kind == "xpt" else 0)
    assert list(table.columns[1]) == list(frame["word"])


def test_a_portable_file_is_read(tmp_path: Path) -> None:
    frame = pd.DataFrame({"AGE": [41.0, 75.5, np.nan], "ARM": ["A", "B", "A"]})
    table = packages.read(_written(frame, tmp_path / "t.por"), "por")
    np.testing.assert_array_equal(table.columns[0], frame["AGE"])
    assert list(table.columns[1]) == ["A", "B", "A"]


def test_labels_of_part_of_the_codes_leave_the_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [0.0, 1.0, 2.0], "b": [1.0, 2.0, 2.0]})
    words = {"a": {0: "no", 1: "yes"}, "b": {1: "yes", 2: "yes"}}
    data = _written(frame, tmp_path / "t.sav", variable_value_labels=words)
    table = packages.read(data, "sav")
    np.testing.assert_array_equal(table.columns[0], [0, 1, 2])
    # Two codes of the same word are never made one.
    assert list(table.columns[1]) == ["yes (1)", "yes (2)", "yes (2)"]


def test_missing_values_of_the_user_include_ranges(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [0.0, 97.0, 98.0, 5.0], "b": ["x", "NA", "y", "x"]})
    ranges: dict[str, list[Any]] = {"a": [{"lo": 97, "hi": 99}], "b": ["NA"]}
    table = packages.read(_written(frame, tmp_path / "t.sav", missing_ranges=ranges), "sav")
    np.testing.assert_array_equal(table.columns[0], [0, np.nan, np.nan, 5])
    assert list(table.columns[1]) == ["x", "", "y", "x"]
    assert {n.about: n.n for n in table.notes if n.section == "changed"} == {"a": 2, "b": 1}
    # Of a range its ends are told, and never the values of the cells.
    assert "(97 to 99)" in next(n.text for n in table.notes if n.about == "a")


def test_an_endless_range_of_missing_values_is_told_by_its_end(tmp_path: Path) -> None:
    frame = pd.DataFrame({"a": [-7.0, 1.0, 2.0]})
    ranges: dict[str, list[Any]] = {"a": [{"lo": -float(np.finfo(float).max), "hi": 0.0}]}
    table = packages.read(_written(frame, tmp_path / "t.sav", missing_ranges=ranges), "sav")
    assert [n.text for n in table.notes if n.about == "a"] == [
        "1 cell with what the file declares missing (up to 0)."
    ]


# -- damaged files ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*SPSS, *STATA, "synthetic.sas7bdat"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_refused(name: str, part: float) -> None:
    data = (FILES / name).read_bytes()
    with pytest.raises(DataError):
        packages.read(data[: int(len(data) * part)], _kind(FILES / name))


@pytest.mark.parametrize("name", ["synthetic.xpt", "synthetic_8.xpt"])
def test_a_transport_file_that_was_cut_off_within_a_row_is_refused(name: str) -> None:
    data = (FILES / name).read_bytes()
    for size in (100, 1000, len(data) - 1, len(data) - 79):
        with pytest.raises(DataError):
            packages.read(data[:size], "xpt")


def test_several_tables_of_a_transport_file_are_offered() -> None:
    data = (FILES / "synthetic.xpt").read_bytes()
    second = data[240:].replace(b"SYNTH   ", b"OTHER   ")
    table = packages.read(data + second, "xpt", sheet="OTHER")
    assert (table.sheets, table.sheet) == (("SYNTH", "OTHER"), "OTHER")
    assert _cells(table, "id") == TWIN["id"]
    assert _cells(packages.read(data + second, "xpt"), "id") == TWIN["id"]
    with pytest.raises(DataError, match="no table 'THIRD'"):
        packages.read(data + second, "xpt", sheet="THIRD")


def test_hostile_files_of_spss_end_as_they_should() -> None:
    folder = hostile_files()
    assert packages.read((folder / "sav_ok.sav").read_bytes(), "sav").header
    with pytest.raises(DataError):
        packages.read((folder / "sav_truncated.sav").read_bytes(), "sav")


def test_the_breast_cancer_cohort_of_stata_is_whole() -> None:
    table = packages.read((tables() / "gbsg2" / "brcancer.dta").read_bytes(), "dta")
    assert {len(list(column)) for column in table.columns} == {686}
    events = table.columns[table.header.index("censrec")]
    assert isinstance(events, np.ndarray)
    assert events.sum() == 299
