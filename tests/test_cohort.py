"""Who is in: the ledger, the order of its reasons, near-tied times, and what errors may say."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cohort import select
from core.errors import DataError, SpecError, StratiscopeError
from core.followup import merge_near_ties
from core.inclusion import include, is_one_of
from tests.cohorts import LAW, cohort_of, dataset_of, question


def ledger(columns: dict[str, Any], **fields: Any) -> list[tuple[str, int]]:
    found = include(dataset_of(columns), question(**fields))
    return [(entry.reason, entry.n) for entry in found.ledger]


# The ledger -----------------------------------------------------------------------------------

numbers = st.one_of(st.none(), st.integers(-2, 9))
rows = st.lists(
    st.tuples(
        numbers,  # time
        st.one_of(st.none(), st.integers(0, 2)),  # event
        st.one_of(st.none(), st.integers(0, 5)),  # entry
        st.one_of(st.none(), st.sampled_from(["a", "b"])),  # group
        st.integers(0, 6),  # patient
    ),
    min_size=1,
    max_size=15,
)


@LAW
@given(rows, st.booleans(), st.booleans(), st.sampled_from([None, "first", "last"]))
def test_rows_are_those_in_and_those_in_the_ledger(
    table: list[tuple[Any, ...]], late: bool, landmark: bool, one_row: str | None
) -> None:
    names = ("time", "event", "entry", "group", "pid")
    columns = dict(zip(names, zip(*table, strict=True), strict=True))
    spec = question(
        group_by="group",
        entry="entry" if late else None,
        landmark=2.0 if landmark else None,
        id="pid" if one_row else None,
        one_row=one_row,
        where=("event != 2",),
    )
    dataset = dataset_of(columns)
    try:
        found = include(dataset, spec)
    except DataError:
        return
    assert len(found.rows) + sum(entry.n for entry in found.ledger) == found.n_rows == len(table)
    assert all(entry.n > 0 for entry in found.ledger)
    # And those who are in are those who should be, told again row by row.
    kept = dataset.frame.iloc[found.rows]
    assert kept[["time", "event", "group"]].notna().all(axis=None)
    assert (kept["time"] >= 0).all()
    assert found.entry is None or (found.entry < found.time).all()


def test_reasons_stand_in_the_order_in_which_patients_leave() -> None:
    """A patient leaves once, for the first reason that holds; so the order decides the counts."""
    columns = {
        "keep": ["no", "yes", "yes", "yes", "yes", "yes", "yes", "yes", "yes", "yes", "yes"],
        "pid": [1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10],
        "time": [None, 5, 5, None, 5, -1, 5, 5, 5, 1, 5],
        "event": [None, 1, 1, None, None, 1, 1, 1, 1, 1, 1],
        "entry": [None, 0, 0, None, None, None, None, 5, 0, 0, 0],
        "group": [None, "a", "a", None, None, None, None, None, None, "a", "a"],
    }
    asked: dict[str, Any] = {
        "where": ("keep = yes",), "id": "pid", "one_row": "first", "entry": "entry",
        "group_by": "group", "landmark": 2.0,
    }  # fmt: skip
    assert ledger(columns, **asked) == [
        ("filtered out: not (keep is yes)", 1),
        ("further row of the same patient", 1),
        ("missing time", 1),
        ("missing event", 1),
        ("negative time", 1),
        ("missing entry time", 1),
        ("entry not before the end of follow-up", 1),
        ("missing group", 1),
        ("follow-up ended by the landmark at 2", 1),
    ]


def test_negative_times_leave_and_zero_times_stay() -> None:
    cohort = cohort_of({"time": [-1, 0, 0, 2], "event": [1, 1, 0, 1]})
    assert cohort.time.tolist() == [0, 0, 2]
    assert [(e.reason, e.n) for e in cohort.included.ledger] == [("negative time", 1)]


def test_a_missing_stratifier_leaves_only_when_it_is_used() -> None:
    columns = {"time": [1, 2], "event": [1, 1], "g": ["a", None]}
    assert cohort_of(columns).n == 2
    assert ledger(columns, group_by="g") == [("missing g", 1)]


def test_a_missing_stratum_does_not_leave() -> None:
    """Strata belong to a model: its own n says who is in it."""
    cohort = cohort_of({"time": [1, 2], "event": [1, 1], "s": ["a", None]}, strata=("s",))
    assert cohort.n == 2
    assert cohort.strata is not None
    assert cohort.strata.tolist() == [0, -1]


def test_nobody_left_is_an_error_that_says_why() -> None:
    with pytest.raises(DataError, match="No patient is left") as caught:
        cohort_of({"time": [None, -1], "event": [1, 1]})
    assert "1 missing time; 1 negative time" in str(caught.value)


# Times ----------------------------------------------------------------------------------------


def test_times_that_differ_by_rounding_noise_are_one_time() -> None:
    """0.1 + 0.2 and 0.3 are two numbers: the naive cohort has three event times and no tie."""
    times = [0.1 + 0.2, 0.3, 1.0]
    cohort = cohort_of({"time": times, "event": [1, 1, 1]})
    assert len(set(times)) == 3
    assert cohort.time.tolist() == [0.3, 0.3, 1.0]
    assert any("rounding noise" in note.text for note in cohort.included.notes)


def test_rounding_would_merge_what_is_different() -> None:
    """The other naive rule, rounding to some decimals, takes 1e-7 years for nothing."""
    times = np.array([1e-7, 3e-7, 1.0])
    assert merge_near_ties(times)[0].tolist() == times.tolist()
    assert len(np.unique(np.round(times, 6))) == 2


@LAW
@given(st.lists(st.integers(0, 40), min_size=1, max_size=20), st.sampled_from([0.1, 1 / 3, 7.0]))
def test_sums_of_steps_are_merged_to_as_many_times_as_there_are(
    steps: list[int], step: float
) -> None:
    """Adding a step n times and multiplying by n differ in the last bits, never in the ranks."""
    added = np.array([float(np.sum(np.full(n, step))) for n in steps])
    multiplied = np.array([n * step for n in steps])
    merged, _, _ = merge_near_ties(np.concatenate([added, multiplied]))
    assert len(np.unique(merged)) == len(set(steps))
    assert np.array_equal(merged[: len(steps)], merged[len(steps) :])
    assert np.allclose(merged[: len(steps)], added, rtol=1e-7, atol=1e-7)


@LAW
@given(st.lists(st.floats(0, 1e4), min_size=1, max_size=15))
def test_merging_twice_is_merging_once_and_keeps_the_order(values: list[float]) -> None:
    times = np.array(values)
    once, _, _ = merge_near_ties(times)
    order = np.argsort(times, kind="stable")
    assert np.all(np.diff(once[order]) >= 0)
    assert np.all(once <= times)


def test_entry_and_exit_are_merged_on_one_scale() -> None:
    """Who leaves at 0.3 is not at risk with one who enters at 0.1 + 0.2."""
    time, entry, merged = merge_near_ties(np.array([0.3, 1.0]), np.array([0.0, 0.1 + 0.2]))
    assert entry is not None
    assert time[0] == entry[1]
    assert merged == 1


@pytest.mark.parametrize(
    ("fields", "entry"),
    [({"entry": "entry"}, 0.3), ({"landmark": 0.3}, 0.0)],
    ids=["late entry", "landmark"],
)
def test_follow_up_of_nothing_but_rounding_noise_is_none(
    fields: dict[str, Any], entry: float
) -> None:
    """0.1 + 0.2 > 0.3, so a comparison before the merge keeps a patient who is never at risk."""
    columns = {
        "time": [0.1 + 0.2, 2.0, 3.0],
        "event": [1, 1, 0],
        "entry": [entry, 0.0, 0.0],
    }
    found = include(dataset_of(columns), question(**fields))
    assert found.entry is not None
    assert (found.entry < found.time).all()
    assert found.rows.tolist() == [1, 2]
    assert sum(e.n for e in found.ledger) == 1


def test_dates_give_days_also_across_a_leap_year() -> None:
    cohort = cohort_of(
        {
            "from": ["2023-12-31", "2024-02-28", "2024-02-28", None],
            "to": ["2024-12-31", "2024-03-01", "2024-02-27", "2024-01-01"],
            "event": [1, 0, 1, 1],
        },
        time=None, start="from", end="to",
    )  # fmt: skip
    assert cohort.time.tolist() == [366, 2]
    assert [(e.reason, e.n) for e in cohort.included.ledger] == [
        ("missing time", 1), ("negative time", 1),
    ]  # fmt: skip


def test_a_landmark_is_in_the_unit_shown() -> None:
    """12 months are 365.25 days: whoever leaves on day 365 has left, on day 366 has not."""
    columns = {"time": [365, 366, 900], "event": [1, 1, 0]}
    cohort = cohort_of(columns, landmark=12.0, show_unit="months")
    assert cohort.time.tolist() == [366, 900]
    assert cohort.entry is not None
    assert cohort.entry.tolist() == [365.25, 365.25]


def test_a_landmark_counts_in_the_unit_of_the_time_when_no_other_is_shown() -> None:
    spec = question(landmark=2.0, unit="months").but(show_unit=None)
    found = include(dataset_of({"time": [1, 3], "event": [1, 1]}), spec)
    assert found.rows.tolist() == [1]
    assert found.entry is not None
    assert found.entry.tolist() == [2.0]


def test_a_landmark_does_not_let_anybody_in_before_her_entry() -> None:
    columns = {"time": [9, 9], "event": [1, 1], "entry": [0, 5]}
    cohort = cohort_of(columns, landmark=2.0, entry="entry")
    assert cohort.entry is not None
    assert cohort.entry.tolist() == [2, 5]


# Patients -------------------------------------------------------------------------------------

REPEATED = {"time": [1, 2, 3, 4], "event": [1, 0, 1, 0], "pid": ["p1", "p2", "p1", None]}


def test_two_rows_of_a_patient_are_an_error_that_names_the_line_and_no_patient() -> None:
    with pytest.raises(SpecError, match="first such row is 4") as caught:
        cohort_of(REPEATED, id="pid")
    assert caught.value.field == "id"
    assert "p1" not in str(caught.value)


@pytest.mark.parametrize(("which", "times"), [("first", [1, 2, 4]), ("last", [2, 3, 4])])
def test_one_row_says_which_is_kept(which: str, times: list[float]) -> None:
    """A row without an identifier is nobody's further row."""
    assert cohort_of(REPEATED, id="pid", one_row=which).time.tolist() == times


def test_filters_come_before_the_search_for_further_rows() -> None:
    assert cohort_of(REPEATED, id="pid", where=("time < 3",)).time.tolist() == [1, 2]


# Events ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("written", ["1", "1.0", "01", "1e0", " 1"])
def test_numbers_compare_as_numbers(written: str) -> None:
    """Comparing as text, ``1`` is not the ``1.0`` that a spreadsheet wrote."""
    cohort = cohort_of({"time": [1, 2], "event": [1.0, 0.0]}, event_is=(written,))
    assert cohort.event.tolist() == [True, False]


def test_every_other_value_is_censored() -> None:
    columns = {"time": [1, 2, 3, 4], "event": ["dead", "alive", "lost", "dead of disease"]}
    cohort = cohort_of(columns, event_is=("dead", "dead of disease"))
    assert cohort.event.tolist() == [True, False, False, True]


@pytest.mark.parametrize("written", ["dead", "nan", "1_0"])
def test_an_event_of_numbers_needs_a_number(written: str) -> None:
    with pytest.raises(SpecError, match="holds numbers") as caught:
        is_one_of(dataset_of({"event": [1.0, 10.0]}).frame["event"], (written,), "event_is")
    assert caught.value.field == "event_is"


def test_a_competing_event_is_censored_and_said() -> None:
    columns = {"time": [1, 2, 3, 4], "event": [1, 2, 2, 0], "keep": [1, 1, 0, 1]}
    cohort = cohort_of(columns, competing=("2",), where=("keep = 1",))
    assert cohort.event.tolist() == [True, False, False]
    note = next(n for n in cohort.included.notes if n.about == "competing")
    # Of those who are in: the second one was filtered out.
    assert note.text.startswith("1 competing event")


def test_a_value_cannot_be_the_event_and_competing() -> None:
    with pytest.raises(SpecError, match="both") as caught:
        cohort_of({"time": [1, 2], "event": [1, 2]}, competing=("1",))
    assert caught.value.field == "competing"


@pytest.mark.parametrize(("event", "words"), [([0, 0], "No patient"), ([1, 1], "Every patient")])
def test_no_event_and_nothing_but_events_are_said(event: list[int], words: str) -> None:
    notes = cohort_of({"time": [1, 2], "event": event}).included.notes
    assert any(words in note.text for note in notes)


# Units ----------------------------------------------------------------------------------------


def test_twelve_months_are_365_and_a_quarter_days() -> None:
    cohort = cohort_of({"time": [365.25], "event": [1]}, show_unit="months")
    assert cohort.shown(cohort.time).tolist() == [12.0]
    assert cohort.measured(np.array([12.0])).tolist() == [365.25]
    # A single rounded factor, as in many scripts, misses it.
    assert 365.25 / 30.44 != 12.0


# What an error may say ------------------------------------------------------------------------

CANARY = "Jane Roe 555-0199"


@pytest.mark.parametrize(
    "fields",
    [
        {"time": "word"}, {"entry": "word"}, {"time": None, "start": "word", "end": "word"},
        {"time": None, "start": "date", "end": "word"}, {"event": "word", "event_is": ("1",)},
        {"event": "word", "event_is": ("x",), "competing": ("x",)}, {"id": "word"},
        {"group_by": "word", "cut_rule": "median"}, {"group_by": "none"}, {"time": "none"},
        {"where": ("word > 3",)}, {"where": ("age = old",)}, {"where": ("word = 3",)},
        {"id": "word", "where": ("word = 3",)}, {"event": "age", "event_is": ("x",)},
        {"time": "nothing"}, {"group_by": "nothing"}, {"strata": ("nothing",)},
    ],
)  # fmt: skip
def test_no_message_holds_what_stands_in_a_cell(fields: dict[str, Any]) -> None:
    """Cells are patients' data; the server's log and a colleague's screen are not their place."""
    columns = {
        "time": [1, 2, 3], "event": [1, 0, 1], "age": [1, 2, 3], "none": [None] * 3,
        "word": [CANARY, CANARY, f"{CANARY} "], "date": ["2024-01-01"] * 3,
    }  # fmt: skip
    try:
        cohort = select(dataset_of(columns), question(**fields))
    except StratiscopeError as error:
        said = [str(error), error.problem, error.hint, repr(error)]
    else:
        said = [note.text for note in (*cohort.included.notes, *cohort.groups.notes)]
        said += [entry.reason for entry in cohort.included.ledger]
    assert not any(CANARY in text or "Jane" in text for text in said)
