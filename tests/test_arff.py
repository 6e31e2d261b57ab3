"""ARFF files: what the format may hold, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import DataError
from core.reading.formats import arff
from tests.support import tables


def _file(attributes: str, rows: str) -> bytes:
    return f"% a cohort\n@relation 'our trial'\n{attributes}\n@data\n{rows}\n".encode()


def test_names_words_and_missing_cells_are_read_as_they_are_meant() -> None:
    attributes = (
        "@attribute 'months to death' NUMERIC\n"
        "@ATTRIBUTE \"it's\" {'low, mild',high}\n"
        "@attribute note string\n"
        "@attribute seen date 'yyyy-MM-dd'"
    )
    rows = '1.5,\'low, mild\',"said \\"no\\"",2020-01-31\n% left out\n\n?,high,?,?'
    table = arff.read(_file(attributes, rows))
    assert table.header == ("months to death", "it's", "note", "seen")
    np.testing.assert_array_equal(table.columns[0], [1.5, np.nan])
    assert list(table.columns[1]) == ["low, mild", "high"]
    assert list(table.columns[2]) == ['said "no"', ""]
    assert list(table.columns[3]) == ["2020-01-31", ""]
    assert table.levels == {"it's": ("low, mild", "high")}


def test_lines_are_those_of_the_file() -> None:
    table = arff.read(_file("@attribute a real", "1\n% remark\n\n2"))
    assert [table.line(i) for i in range(2)] == [5, 8]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_one(end: str) -> None:
    data = _file("@attribute a real\n@attribute b {x,y}", "1,x\n2,y").replace(b"\n", end.encode())
    table = arff.read(data)
    np.testing.assert_array_equal(table.columns[0], [1.0, 2.0])
    assert list(table.columns[1]) == ["x", "y"]


def test_a_numeric_column_with_text_is_kept_and_told() -> None:
    table = arff.read(_file("@attribute a numeric", "1\nhigh\n1_000"))
    assert list(table.columns[0]) == ["1", "high", "1_000"]
    assert [(n.about, n.n, n.lines) for n in table.notes if n.n] == [("a", 2, (6, 7))]


def test_a_word_that_is_not_listed_is_told() -> None:
    table = arff.read(_file("@attribute a {x,y}", "x\nX"))
    assert list(table.columns[0]) == ["x", "X"]
    assert [(n.section, n.lines) for n in table.notes if n.n] == [("suspect", (6,))]


@pytest.mark.parametrize(
    ("attributes", "rows", "problem"),
    [
        ("@attribute a real\n@attribute b real", "{1 4}", "sparse"),
        ("@attribute a real\n@attribute b real", "1,2\n1", "Line 7 has 1 cell"),
        ("@attribute a string", "'open", "quote in line 5"),
        ("@attribute a relational", "1", "kind of attribute"),
        ("@attribute a {x,y", "x", "list of words"),
        ("", "1", "no lines '@attribute'"),
        ("@attribute a real", "", "no rows"),
    ],
)
def test_what_cannot_be_read_is_refused(attributes: str, rows: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        arff.read(_file(attributes, rows))


def test_published_cohorts_are_whole() -> None:
    found = {path.stem: arff.read(path.read_bytes()) for path in tables().glob("*/*.arff")}
    sizes = {name: len(list(table.columns[-1])) for name, table in found.items()}
    assert sizes == {
        "GBSG2": 686,
        "actg320": 1151,
        "bmt": 35,
        "cgvhd": 100,
        "veteran": 137,
        "whas500": 500,
    }
