"""Dates in every way they are written: what is read, told and asked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.notes import Note, Question
from core.reading.cells import dates
from core.reading.cells.conversion import Converted, convert
from core.reading.packed import Cells
from core.reading.table import Table
from core.steps import Recipe


def made(columns: Mapping[str, Sequence[str] | np.ndarray], *steps: str) -> Converted:
    packed = [c if isinstance(c, np.ndarray) else Cells.of(c) for c in columns.values()]
    return convert(Table(tuple(columns), packed), Recipe.parse(steps))


def one(cells: Sequence[str], *steps: str, name: str = "seen") -> Converted:
    return made({name: cells}, *steps)


def values(converted: Converted, name: str = "seen") -> list[str | None]:
    return list(converted.frame[name])


def question(converted: Converted, about: str = "seen") -> Question:
    found = [q for q in converted.questions if q.about == about]
    assert len(found) == 1, converted.questions
    return found[0]


def note(converted: Converted, words: str) -> Note:
    found = [n for n in converted.notes if words in n.text]
    assert len(found) == 1, converted.notes
    return found[0]


@pytest.mark.parametrize(
    "word",
    [
        "2018-04-23", "2018/4/23", "2018.04.23", "23/04/2018", "23.4.2018", "23-04-2018",
        "04/23/2018", "23-Apr-2018", "23 April 2018", "23APR2018", "April 23, 2018", "Apr 23 2018",
        "23. April 2018", "23 avril 2018", "23 de abril de 2018", "23 aprile 2018",
        "23 april 2018", "2018年4月23日", "2018 年 04 月 23 日", "23rd April 2018", "23/Apr/2018",
        "\uff12\uff10\uff11\uff18-04-23", "2018-04-23 00:00:00", "23.04.2018 00:00", "23. 4. 2018",
    ],
)  # fmt: skip
def test_one_day_in_many_ways(word: str) -> None:
    converted = one([word, "NA", "unknown"])
    assert converted.variables["seen"].kind == "date"
    assert [v and v[:10] for v in values(converted)] == ["2018-04-23", None, None]


@pytest.mark.parametrize(
    ("word", "month"),
    [("5 März 2018", 3), ("5 Dez 2018", 12), ("5 août 2018", 8), ("5 déc. 2018", 12),
     ("5 ene 2018", 1), ("5 maggio 2018", 5), ("5 mei 2018", 5), ("5 Okt. 2018", 10),
     ("5 Sept 2018", 9), ("5 juillet 2018", 7), ("5 diciembre 2018", 12), ("5 mrt 2018", 3)],
)  # fmt: skip
def test_names_of_months(word: str, month: int) -> None:
    assert values(one([word])) == [f"2018-{month:02}-05"]


@pytest.mark.parametrize(
    "word",
    ["2018-13-01x", "5 Foo 2018", "12.5", "1-2", "3/4", "10/2018", "555-0100", "2018", "T1/2/3",
     "1:2:3", "900-00-1000", "2A", "123456"],
)  # fmt: skip
def test_what_is_no_date(word: str) -> None:
    assert dates.parse(word) is None
    assert one([word, word]).variables["seen"].kind != "date"


def test_times_of_day_are_kept() -> None:
    cells = ["23.04.2018 14:30", "04.05.2018 00:00", "23.04.2018 2:05:10 PM"]
    assert values(one(cells)) == ["2018-04-23 14:30:00", "2018-05-04", "2018-04-23 14:05:10"]
    iso = ["2020-01-01T10:00", "2020-01-01 10:00:30", "2020-01-01T10:00:30.5+02:00"]
    assert values(one(iso)) == iso


# --- day and month -----------------------------------------------------------------------------

BOTH = ["03/04/2018", "05/06/2019"]


def test_a_part_above_twelve_decides() -> None:
    assert values(one(["03/04/2018", "23/04/2018"])) == ["2018-04-03", "2018-04-23"]
    assert values(one(["03/04/2018", "04/23/2018"])) == ["2018-03-04", "2018-04-23"]
    told = note(one(["03/04/2018", "23/04/2018"]), "day first")
    assert told.section == "changed"
    assert ("03/04/2018", "2018-04-03") in told.examples


def test_where_both_orders_fit_the_user_is_asked() -> None:
    converted = one(BOTH)
    assert values(converted) == BOTH
    assert converted.variables["seen"].kind == "text"
    asked = question(converted)
    assert asked.needed
    by_steps = {choice.steps: choice.words for choice in asked.choices}
    assert "2018-04-03" in by_steps[("date(seen, dmy)",)]
    assert "2018-03-04" in by_steps[("date(seen, mdy)",)]
    assert values(one(BOTH, "date(seen, dmy)")) == ["2018-04-03", "2019-06-05"]
    assert values(one(BOTH, "date(seen, mdy)")) == ["2018-03-04", "2019-05-06"]
    assert one(BOTH, "date(seen, mdy)").questions == ()
    assert one(BOTH, "text(seen)").questions == ()


def test_other_columns_of_the_file_decide() -> None:
    converted = made({"seen": BOTH, "born": ["23/04/1950", "01/02/1960"]})
    assert values(converted) == ["2018-04-03", "2019-06-05"]
    assert "as in the other dates" in note(converted, "'seen' were read").text
    assert not question(converted).needed
    quarrel = made({"seen": BOTH, "a": ["23/04/1950"] * 2, "b": ["04/23/1950"] * 2})
    assert question(quarrel).needed


def test_both_orders_in_one_column_are_asked_about_with_what_is_lost() -> None:
    cells = ["23/04/2018", "04/23/2018", "05/06/2018"]
    converted = one(cells)
    assert values(converted) == cells
    assert question(converted).needed
    assert "1 cell will be missing" in question(converted).choices[1].words
    read = one(cells, "date(seen, dmy)")
    assert values(read) == ["2018-04-23", None, "2018-06-05"]
    assert note(read, "no calendar has").lines == (3,)


def test_dots_are_written_with_the_day_first() -> None:
    assert values(one(["03.04.2018"])) == ["2018-04-03"]


def test_the_same_day_either_way_needs_no_answer() -> None:
    assert values(one(["03/03/2018", "2018-01-02"])) == ["2018-03-03", "2018-01-02"]


# --- what is no whole date ---------------------------------------------------------------------


def test_impossible_days_are_missing_with_their_lines() -> None:
    converted = one(["31/02/2020", "28/02/2020", "0000-00-00"])
    assert values(converted) == [None, "2020-02-28", None]
    told = note(converted, "no calendar has")
    assert (told.level, told.n, told.lines) == ("warning", 2, (2, 4))


def test_partial_dates_are_not_completed() -> None:
    cells = ["2018-04-01"] * 6 + ["2018-04", "2018"]
    converted = one(cells)
    assert values(converted)[-2:] == [None, None]
    assert note(converted, "lacks the day").lines == (8, 9)
    assert values(one(cells, *question(converted).choices[1].steps)) == cells
    mostly = ["2018-04", "2018-05", "2018-06-01"]
    assert values(one(mostly)) == mostly


def test_odd_cells_among_dates_are_missing_and_told() -> None:
    converted = one(["2018-04-01"] * 6 + ["see letter"])
    assert values(converted)[-1] is None
    assert note(converted, "holds no date").lines == (8,)


def test_fillers_are_asked_about() -> None:
    converted = one(["2018-04-01", "1900-01-01"])
    assert values(converted)[-1] == "1900-01-01"
    again = one(["2018-04-01", "1900-01-01"], *question(converted).choices[1].steps)
    assert values(again)[-1] is None


# --- two-digit years ---------------------------------------------------------------------------


def test_two_digit_years_are_told_and_asked_about() -> None:
    cells = ["23.04.18", "01.05.75"]
    converted = one(cells)
    assert values(converted) == ["2018-04-23", "1975-05-01"]
    assert note(converted, "Two-digit years").level == "warning"
    assert question(converted).choices[0].steps == ("century(seen, 1930)",)
    assert values(one(cells, "century(seen, 1900)")) == ["1918-04-23", "1975-05-01"]
    assert one(cells, "century(seen, 1930)").questions == ()


def test_births_are_not_put_into_the_future() -> None:
    born = one(["23.04.25", "01.05.75"], name="date_of_birth")
    assert values(born, "date_of_birth") == ["1925-04-23", "1975-05-01"]


def test_a_short_year_in_front() -> None:
    assert values(one(["18/03/04"], "date(seen, ymd)")) == ["2018-03-04"]


# --- serials -----------------------------------------------------------------------------------


def test_day_numbers_in_a_column_of_dates() -> None:
    converted = one(["43831", "43900", ""], name="surgery_date")
    assert values(converted, "surgery_date") == ["2020-01-01", "2020-03-10", None]
    assert note(converted, "Day numbers").examples[0] == ("43831", "2020-01-01")
    steps = [c.steps for c in question(converted, "surgery_date").choices]
    assert ("date(surgery_date, serial1904)",) in steps
    mac = one(["42369", "42438"], "date(surgery_date, serial1904)", name="surgery_date")
    assert values(mac, "surgery_date") == ["2020-01-01", "2020-03-10"]
    kept = one(["43831", "43900"], "number(surgery_date, point)", name="surgery_date")
    assert kept.variables["surgery_date"].kind == "number"
    assert one(["43831", "43900"], name="platelets").variables["platelets"].kind == "number"


def test_day_numbers_of_another_epoch_are_asked_about() -> None:
    # Days since 1960, as statistics packages count them, would be dates of 1958.
    converted = made({"visit_date": np.array([21550.0, 21600.0])})
    assert converted.variables["visit_date"].kind == "number"
    assert question(converted, "visit_date").choices[0].steps == ("number(visit_date, point)",)
    # A format with dates of its own shows them as dates: this is a number on purpose.
    typed = made({"visit_date": np.array([43831.0, np.nan])})
    assert typed.variables["visit_date"].kind == "number"
    assert question(typed, "visit_date").choices[0].steps == ("number(visit_date, point)",)


def test_day_numbers_among_dates_are_read_and_told() -> None:
    converted = one(["2020-01-01", "2020-01-05", "43831", "2020-02-01"])
    assert values(converted)[2] == "2020-01-01"
    assert note(converted, "Day numbers").lines == (4,)
    # The steps stand in links: they name the column and none of its dates.
    steps = [s for q in converted.questions for c in q.choices for s in c.steps]
    assert steps
    assert not any("43831" in s for s in steps)


def test_dates_in_eight_digits() -> None:
    converted = one(["20180403", "20180230"] * 1 + ["20180404"] * 20, name="op_date")
    assert values(converted, "op_date")[:2] == ["2018-04-03", None]
    assert note(converted, "no day of the calendar").lines == (3,)
    assert one(["20180403"] * 3, name="id").variables["id"].kind == "number"


# --- round trip --------------------------------------------------------------------------------

_FORMATS = (
    "%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%b-%Y", "%B %d, %Y", "%d %B %Y",
    "%Y/%m/%d", "%Y年%m月%d日", "%d%b%Y", "%d.%m.%Y %H:%M",
)  # fmt: skip
_DAYS = st.lists(st.dates(date(1920, 1, 1), date(2035, 12, 31)), min_size=1, max_size=12)


@settings(max_examples=80, deadline=None)
@given(days=_DAYS, form=st.sampled_from(_FORMATS))
def test_dates_are_read_back_or_asked_about(days: list[date], form: str) -> None:
    cells = [f"{day:{form}}" for day in days]
    converted = one(cells)
    wanted = [day.isoformat() for day in days]
    if converted.variables["seen"].kind == "text":
        assert question(converted).needed
        assert values(converted) == cells
        order = "dmy" if form.startswith("%d") else "mdy"
        converted = one(cells, f"date(seen, {order})")
    assert values(converted) == wanted


@settings(max_examples=40, deadline=None)
@given(days=_DAYS)
def test_serials_are_read_back(days: list[date]) -> None:
    cells = [str((day - date(1899, 12, 30)).days) for day in days]
    assert values(one(cells, "date(seen, serial)")) == [day.isoformat() for day in days]
