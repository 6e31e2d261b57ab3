"""Reading a table tells how far it is: never less than before, and in small steps."""

from __future__ import annotations

from itertools import pairwise

import pytest

from core.reading import read_all
from core.reading.process.child import read
from core.steps import Recipe

ROWS = "".join(f"P{i:06},{i % 90},{i / 7:.3f}\n" for i in range(60_000))


def told_of(text: str, *more: str) -> list[tuple[float, str]]:
    told: list[tuple[float, str]] = []
    files = [(f"{i}.csv", one.encode()) for i, one in enumerate((text, *more))]
    read_all(files, Recipe(), progress=lambda fraction, what: told.append((fraction, what)))
    return told


@pytest.mark.parametrize(
    "text",
    [
        f"id,age,size\n{ROWS}",
        f"Our registry\n\nid,age,size\n{ROWS}",  # a title: the rows are read again, one by one
        f'id,age,size\n{ROWS}P9,1,"2\n"\n',  # a line break inside a cell, the same
    ],
)
def test_progress_rises(text: str) -> None:
    told = told_of(text)
    assert all(a[0] <= b[0] for a, b in pairwise(told))
    assert told[0][0] == 0.0
    assert told[-1][0] <= 1.0
    steps = {what: {f for f, w in told if w == what} for _, what in told}
    assert list(steps) == [
        "Reading the table",
        "Recognising numbers, dates and groups",
        "Putting the tables together",
        "Looking at what the rows and columns are",
    ]
    assert len(steps["Reading the table"]) > 50
    assert len(steps["Recognising numbers, dates and groups"]) == 3  # one for each column


def test_progress_of_two_files_rises() -> None:
    told = told_of(f"id,age,size\n{ROWS}", "id,arm\nP000001,A\nP000002,B\n")
    assert all(a[0] <= b[0] for a, b in pairwise(told))
    assert max(f for f, what in told if what == "Reading the table") > 0.4


def test_a_server_hears_the_progress_of_its_reading_process() -> None:
    told: list[tuple[float, str]] = []
    data = f"id,age,size\n{ROWS}".encode()
    read(
        [("a.csv", data)],
        recipe=Recipe(),
        progress=lambda fraction, what: told.append((fraction, what)),
    )
    assert all(a[0] <= b[0] for a, b in pairwise(told))
    assert len({fraction for fraction, _ in told}) > 50
