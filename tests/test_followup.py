"""Times of follow-up that are odd: zero, negative, beyond belief, and intervals of one patient."""

from __future__ import annotations

import numpy as np
import pytest

from core.cohort import select
from core.errors import DataError, SpecError
from core.followup import MOST_YEARS
from core.inclusion import Included, include
from core.reading import read
from core.spec import AnalysisSpec
from core.survival import km
from core.view import tables, words

ROWS = [(1, 5.0, 1), (2, 0.0, 1), (3, -2.0, 0), (4, 7.0, 0), (5, 0.0, 0), (6, 9.0, 1)]
TABLE = "id,months,death\n" + "".join(f"{i},{t:g},{e}\n" for i, t, e in ROWS)
ASKED = AnalysisSpec(time="months", unit="months", event="death", event_is=("1",))
HALF = 0.5 / 30.4375


def included(table: str = TABLE, spec: AnalysisSpec = ASKED) -> Included:
    return include(read(table.encode(), "a.csv"), spec)


def test_by_default_zero_stays_and_negative_leaves() -> None:
    found = included()
    assert found.time.tolist() == [5, 0, 7, 0, 9]
    assert [(e.reason, e.n, e.rows) for e in found.ledger] == [("negative time", 1, (4,))]
    said = {note.about: note for note in found.notes}
    assert said["zero"].lines == (3, 6)
    assert said["negative"].lines == (4,)


@pytest.mark.parametrize(
    ("zero", "negative", "times"),
    [
        ("half", "half", [5, HALF, HALF, 7, HALF, 9]),
        ("drop", None, [5, 7, 9]),
        ("keep", "half", [5, 0, HALF, 7, 0, 9]),
    ],
)
def test_the_choice_is_carried_out(zero: str, negative: str | None, times: list[float]) -> None:
    found = included(spec=ASKED.but(zero=zero, negative=negative))
    np.testing.assert_allclose(found.time, times, rtol=1e-12)


@pytest.mark.parametrize(("field", "row"), [("zero", 3), ("negative", 4)])
def test_an_error_names_the_rows(field: str, row: int) -> None:
    with pytest.raises(DataError, match=rf"rows? {row}\b") as error:
        included(spec=ASKED.but(**{field: "error"}))
    assert error.value.row == row


def test_a_few_times_beyond_belief_leave() -> None:
    many = TABLE + "".join(f"{i},{i},1\n" for i in range(7, 40)) + "40,43831,1\n"
    found = included(many)
    assert (f"time beyond {MOST_YEARS} years", 1) in [(e.reason, e.n) for e in found.ledger]


def test_many_times_beyond_belief_are_a_wrong_unit_and_stay() -> None:
    table = "id,months,death\n" + "".join(f"{i},{2000 + i},{i % 2}\n" for i in range(40))
    assert len(included(table).rows) == 40


INTERVALS = "id,start,stop,death\n1,0,3,0\n1,3,8,1\n2,0,4,0\n3,0,2,0\n3,2,6,1\n"
STARTED = AnalysisSpec(
    time="stop", entry="start", unit="months", event="death", event_is=("1",), id="id"
)


def test_intervals_of_a_patient_all_stay_and_are_counted_as_one() -> None:
    found = included(INTERVALS, STARTED)
    assert (len(found.rows), found.n_patients) == (5, 3)
    assert any("3 patients in 5 intervals" in note.text for note in found.notes)


def test_the_screen_counts_patients_and_intervals_apart() -> None:
    cohort = select(read(INTERVALS.encode(), "a.csv"), STARTED)
    assert words.finding(cohort, km.estimate(cohort, STARTED)).startswith(
        "3 patients in 5 intervals, 2 events."
    )
    assert tables.ledger(cohort)[-2:] == [("intervals in", 5), ("patients in", 3)]


def test_intervals_that_overlap_are_no_intervals() -> None:
    with pytest.raises(SpecError, match="belong to a patient who has a row already"):
        included(INTERVALS.replace("1,3,8,1", "1,2,8,1"), STARTED)


def test_every_row_counts_as_a_patient_only_when_that_is_said() -> None:
    spec = STARTED.but(entry=None)
    with pytest.raises(SpecError, match="one_row=all"):
        included(INTERVALS, spec)
    assert len(included(INTERVALS, spec.but(one_row="all")).rows) == 5
    assert len(included(INTERVALS, spec.but(one_row="first")).rows) == 3
