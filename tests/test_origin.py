"""Another origin of time: against R's ``Surv(start, stop, event)``, by hand, and by laws."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import origin
from core.cohort import Cohort, select
from core.errors import DataError, SpecError
from core.reading import read
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from core.steps import Recipe
from core.survival import cox, km
from tests.cohorts import LAW, cohort_of, dataset_of, question
from tests.reference.export_data import export

REFERENCE = Path(__file__).parent / "reference"
R: dict[str, Any] = json.loads((REFERENCE / "timing_reference.json").read_text(encoding="utf-8"))


def like_r(found: pd.DataFrame, expected: dict[str, Any]) -> None:
    """Compare curves with R's at the times of events."""
    rows = found[found["n_event"] > 0]
    assert (rows["group"] + 1).tolist() == expected["group"]
    for name in ("time", "n_risk", "estimate", "conf_low", "conf_high"):
        theirs = np.array(expected[name], dtype=float)
        ours = rows[name].to_numpy(dtype=float)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12, err_msg=name)


def ledger(cohort: Cohort) -> dict[str, int]:
    return {e.reason: e.n for e in cohort.included.ledger}


# --- R ------------------------------------------------------------------------------------------


def test_an_origin_before_and_after_the_present_one(tmp_path: Path) -> None:
    """Numbers from -5 to 5 around time 0, on top of delayed entry."""
    late = pd.read_csv(export(tmp_path)["delayed_entry"])
    late["origin"] = late["dose"] % 11 - 5
    late["time"] = late["exit"]
    names = ("time", "entry", "event", "arm", "stage", "origin")
    columns = {name: late[name].to_numpy() for name in names}
    columns["arm"] = columns["arm"].astype(object)
    cohort = cohort_of(
        columns, entry="entry", origin="origin", group_by="arm", terms=("arm", "stage")
    )
    assert (cohort.n, cohort.n_events) == (R["origin"]["n"], R["origin"]["events"])
    like_r(km.estimate(cohort, cohort.spec).curves, R["origin"]["curve"])
    rows = cox.model(cohort, cohort.spec).multivariable
    coef = np.array([row.coef for row in rows], dtype=float)
    np.testing.assert_allclose(coef, R["origin"]["cox"]["coef"], rtol=1e-8)
    error = np.array([row.std_error for row in rows], dtype=float)
    np.testing.assert_allclose(error, R["origin"]["cox"]["se"], rtol=1e-8)


# --- By hand ------------------------------------------------------------------------------------

HAND: dict[str, Any] = {
    "time": [10.0, 5.0, 8.0, 4.0, 6.0],
    "event": [1, 0, 1, 1, 0],
    "moved": [-3.0, 0.0, 2.0, 4.0, None],
}


def test_times_entries_and_who_leaves() -> None:
    cohort = cohort_of(HAND, origin="moved")
    assert cohort.time.tolist() == [13, 5, 6]
    assert cohort.entry is not None
    assert cohort.entry.tolist() == [3, 0, 0]
    assert ledger(cohort) == {
        "missing moved (the new time 0)": 1,
        "follow-up ended by moved (the new time 0)": 1,
    }
    notes = " ".join(n.text for n in cohort.included.notes)
    assert "Time is counted from 'moved'. 1 row was under observation only from later on" in notes


def test_nobody_enters_late_where_every_origin_is_later() -> None:
    cohort = cohort_of({**HAND, "moved": [1.0, 2.0, 3.0, 0.0, 5.0]}, origin="moved")
    assert cohort.entry is None
    assert cohort.time.tolist() == [9, 3, 5, 4, 1]


def test_late_entry_counts_from_the_new_origin() -> None:
    columns = {**HAND, "moved": [-3.0, 2.0, 5.0, -1.0, 0.0], "late": [1.0, 4.0, 1.0, 3.0, 0.0]}
    cohort = cohort_of(columns, origin="moved", entry="late")
    assert cohort.entry is not None
    assert cohort.time.tolist() == [13, 3, 3, 5, 6]
    assert cohort.entry.tolist() == [4, 2, 0, 4, 0]


def test_the_landmark_is_counted_from_the_new_origin() -> None:
    cohort = cohort_of(HAND, origin="moved", landmark=5.5)
    assert cohort.time.tolist() == [13, 6]
    assert cohort.entry is not None
    assert cohort.entry.tolist() == [5.5, 5.5]


DATES = b"""diagnosis,pet,death,last,score
2020-01-01,2020-03-01,2020-07-01,2020-07-01,1
2020-02-01,2020-02-01,,2020-12-01,2
2020-01-15,2019-12-15,2020-06-15,2020-06-15,3
2020-03-01,,,2021-03-01,4
2020-04-01,2020-09-01,,2020-08-01,5
2020-04-01,2020-05,2021-01-01,2021-01-01,6
"""
STEP = "endpoint(OS, start=diagnosis, event=death, last=last, unit=months)"


def test_the_endpoint_of_a_step_keeps_its_start() -> None:
    dataset = read(DATES, "a.csv", Recipe.parse([STEP]))
    spec, _ = fill(dataset, AnalysisSpec(time="OS time", event="OS event", origin="pet"))
    assert origin.start_of(dataset, spec) == "diagnosis"
    cohort = select(dataset, spec)
    # A date without its day is not known; the fifth patient was last seen before her scan.
    assert cohort.included.rows.tolist() == [0, 1, 2]
    np.testing.assert_allclose(cohort.time * 30.4375, [122, 304, 183])
    assert cohort.entry is not None
    np.testing.assert_allclose(cohort.entry * 30.4375, [0, 0, 31])
    assert ledger(cohort) == {
        "missing pet (the new time 0)": 2,
        "follow-up ended by pet (the new time 0)": 1,
    }
    notes = " ".join(n.text for n in cohort.included.notes)
    assert "counted from 'pet' instead of 'diagnosis'" in notes


def test_the_same_from_two_dates_of_the_question() -> None:
    """A second road: the endpoint made from the other date, and the entry by hand."""
    dataset = read(DATES, "a.csv", Recipe.parse([STEP]))
    by_dates = AnalysisSpec(start="diagnosis", end="last", event="OS event", event_is=("event",))
    moved = select(dataset, fill(dataset, by_dates.but(origin="pet"))[0])
    direct = select(dataset, fill(dataset, by_dates.but(start="pet"))[0])
    shared = np.isin(direct.included.rows, moved.included.rows)
    np.testing.assert_allclose(moved.time, direct.time[shared])


def test_a_date_needs_the_date_of_time_0() -> None:
    dataset = read(DATES, "a.csv")
    asked = question(time="score", event="score", origin="pet")
    with pytest.raises(SpecError, match="not known on which date"):
        select(dataset, asked)
    with pytest.raises(SpecError, match="no column 'nowhere'"):
        select(dataset, asked.but(origin="nowhere"))
    words = dataset_of({"time": [1, 2], "event": [1, 0], "arm": ["a", "b"]})
    with pytest.raises(DataError, match="must hold numbers"):
        select(words, question(origin="arm"))


def test_start_is_not_taken_from_another_endpoint() -> None:
    dataset = read(DATES, "a.csv", Recipe.parse([STEP]))
    spec = AnalysisSpec(time="score", unit="months", event="OS event", event_is=("event",))
    assert origin.start_of(dataset, spec) is None


def test_intervals_of_a_patient_move_together() -> None:
    columns = {"id": [1, 1, 2], "start": [0.0, 4, 0], "time": [4.0, 9, 7], "event": [0, 1, 1],
               "moved": [2.0, 2, -1]}  # fmt: skip
    asked = question(id="id", entry="start", origin="moved")
    cohort = select(dataset_of(columns), asked)
    assert cohort.entry is not None
    assert cohort.entry.tolist() == [0, 2, 1]
    assert cohort.time.tolist() == [2, 7, 8]
    assert cohort.included.n_patients == 2


# --- Laws ---------------------------------------------------------------------------------------


@LAW
@given(st.integers(0, 10_000), st.integers(-6, 6))
def test_a_common_shift_of_all_changes_no_hazard_ratio(seed: int, by: int) -> None:
    """The risk sets are the same when everybody's time 0 moves alike and nobody leaves."""
    rng = np.random.default_rng(seed)
    n = 30
    columns = {"time": rng.integers(8, 30, n), "event": rng.integers(0, 2, n),
               "x": rng.normal(size=n), "by": np.full(n, by)}  # fmt: skip
    columns["event"][:3] = 1
    plain = cohort_of(columns, terms=("x",))
    moved = cohort_of(columns, terms=("x",), origin="by")
    np.testing.assert_array_equal(moved.time, plain.time - by)
    one, two = (cox.model(c, c.spec).multivariable[0].coef for c in (plain, moved))
    assert one == pytest.approx(two, rel=1e-9, abs=1e-12)


def test_every_part_follows() -> None:
    cohort = cohort_of(HAND, origin="moved")
    result = km.estimate(cohort, cohort.spec)
    assert result.groups[0].n == 3
    assert dataclasses.replace(cohort.spec, origin=None) != cohort.spec


def test_a_date_without_its_day_is_not_known() -> None:
    dataset = dataset_of({"day": ["2020-05", "2020-05-02", None, "2020"]})
    known = ~np.isnat(origin.dates_of(dataset, "day", "origin"))
    assert known.tolist() == [False, True, False, False]


def test_a_column_of_times_has_its_own_unit() -> None:
    columns = {"time": [10.0, 20.0, 30.0], "event": [1, 1, 0], "later": [30.4375, 60.875, 304.375]}
    dataset = dataset_of(columns)
    days = dataclasses.replace(dataset.variables["later"], unit="days")
    told = dataclasses.replace(dataset, variables={**dataset.variables, "later": days})
    spec = question(unit="months", origin="later")
    assert select(told, spec).time.tolist() == pytest.approx([9.0, 18.0, 20.0])
