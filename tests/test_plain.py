"""The quick road over columns of numbers: it says what the careful one says."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.reading.cells import dates, numerals, plain
from core.reading.cells.column import Evidence, Made
from core.reading.cells.wordwise import read
from core.reading.packed import Cells
from core.reading.table import Table
from core.steps import Recipe

WHOLE = st.integers(-2000, 2_000_000).map(str)
DECIMAL = st.from_regex(r"[+-]?[0-9]{1,7},[0-9]{1,5}", fullmatch=True)
MISSING = st.sampled_from(("", "NA", ".", "-", "#N/A", "None"))
ODD = st.sampled_from(("1,234", "1.5", "12,", ",5", "1,5e3", " 2,5", "<0,1", "3,5 mm", "1,234,567"))
OTHER = st.sampled_from(("unknown", "007,5", "x", "\uff11,5"))


def slowly(words: list[str], delimiter: str) -> Made:
    cells = Cells.of(words)
    table = Table(("x",), [cells], delimiter=delimiter)
    return read(table, 0, cells, Recipe(), evidence=Evidence())


@settings(max_examples=400, deadline=None)
@given(
    st.lists(WHOLE | DECIMAL | MISSING, min_size=1, max_size=12),
    st.lists(ODD | OTHER, max_size=1),
    st.sampled_from((";", "\t", "|", "")),
)
def test_commas_are_read_as_word_by_word(words: list[str], odd: list[str], delimiter: str) -> None:
    words = [*words, *odd]
    quick = plain.with_commas("x", Cells.of(words), delimiter)
    if quick is None:
        return
    slow = slowly(words, delimiter)
    assert quick.values.tobytes() == slow.values.tobytes()
    assert quick.variable == slow.variable
    assert quick.notes == slow.notes
    assert quick.questions == slow.questions
    assert (quick.tells, quick.needs) == (slow.tells, slow.needs)
    assert {w: n for w, n in slow.missing.items() if w} == quick.missing


@pytest.mark.parametrize(
    ("words", "delimiter", "why"),
    [
        (["1,5", "2"], ",", "the commas are asked about"),
        (["1,234", "5,678"], ";", "they may part thousands"),
        (["1,5", "2.5"], ";", "two signs"),
        (["1,5", "007"], ";", "a code"),
        (["1,5", "1234567890123456"], ";", "more digits than a float holds"),
        (["1,5", "unknown"], ";", "a word that must be told of"),
        (["1,5", "1,5,2"], ";", "a list"),
        (["NA", ""], ";", "nothing at all"),
    ],
)
def test_what_is_left_to_the_careful_road(words: list[str], delimiter: str, why: str) -> None:
    assert plain.with_commas("x", Cells.of(words), delimiter) is None, why


def test_blocks_are_joined_and_missing_words_counted() -> None:
    words = [f"{i},25" for i in range(1200)] + ["NA"] * 700 + ["3,5"]
    made = plain.with_commas("x", Cells.of(words), ";")
    assert made is not None
    wanted = [i + 0.25 for i in range(1200)] + [np.nan] * 700 + [3.5]
    assert made.values.tolist() == pytest.approx(wanted, 0, 0, nan_ok=True)
    assert made.missing == {"NA": 700}
    assert [note.n for note in made.notes] == [1201]


@settings(max_examples=300, deadline=None)
@given(st.from_regex(r"[+-]?[0-9]{1,17}(?:[.,][0-9]{0,13})?", fullmatch=True))
def test_a_number_alone_is_the_number_before_a_unit(word: str) -> None:
    """Usual numbers take a short way, which those with a unit do not."""
    alone, before_unit = numerals.parse(word), numerals.parse(f"{word} mm")
    assert (alone is None) == (before_unit is None)
    if alone is not None and before_unit is not None:
        assert (alone.point, alone.comma) == (before_unit.point, before_unit.comma)
        assert (alone.limit, alone.code) == (before_unit.limit, before_unit.code)


@settings(max_examples=200, deadline=None)
@given(
    st.from_regex(r"(?:19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]", fullmatch=True),
    st.just("") | st.from_regex(r"[T ][0-2][0-9]:[0-6][0-9]:[0-6][0-9]", fullmatch=True),
)
def test_usual_dates_are_read_like_others(day: str, clock: str) -> None:
    """Those with hyphens take a short way, which those with slashes do not."""
    assert dates.parse(day + clock) == dates.parse(day.replace("-", "/") + clock)
