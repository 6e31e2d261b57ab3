"""The linter: each rule finds its fault on the right lines, and honest tables pass in silence."""

from __future__ import annotations

import dataclasses
import time
from datetime import date

import numpy as np
import pandas as pd
import pytest

from core.dataset import Dataset, Endpoint, Kind, Shape, Variable
from core.notes import MOST_LINES, Note
from core.reading import read
from core.reading.checks import linter
from tests.support import tables

TODAY = date(2024, 6, 1)
OS = Endpoint("Overall survival", "OS", "months", "OS_event", ("1",))
PFS = Endpoint("Progression-free survival", "PFS", "months", "PFS_event", ("1",))


def table(columns: dict[str, object], endpoints: tuple[Endpoint, ...] = ()) -> Dataset:
    """Make a dataset as reading does: numbers, dates by their form, and words."""
    frame, variables = pd.DataFrame(), {}
    for name, given in columns.items():
        values = pd.Series(given)
        if values.dtype.kind in "iuf":
            values, kind = values.astype(float), "number"
            decimals = 0 if (values.dropna() % 1 == 0).all() else 1
        else:
            values, kind = values.astype(object).where(values.notna(), None), _kind(values)
            decimals = 0
        frame[name] = values
        variables[name] = Variable(name, kind=kind, decimals=decimals)
    return Dataset("a.csv", frame, variables, "d", "r", endpoints=endpoints)


def _kind(values: pd.Series) -> Kind:
    present = values.dropna().astype(str)
    if len(present) and present.str.fullmatch(r"\d{4}-\d{2}-\d{2}").all():
        return "date"
    return "text" if present.nunique() > 20 else "category"


def cohort(n: int = 100) -> dict[str, object]:
    """An honest cohort: times, events, markers and dates that agree."""
    rng = np.random.default_rng(5)
    pfs = np.round(rng.exponential(12, n) + 0.5, 1)
    os = np.round(pfs + rng.exponential(10, n), 1)
    mean = np.round(rng.uniform(2, 8, n), 2)
    mtv = np.round(rng.uniform(5, 80, n), 1)
    birth = np.datetime64("1950-01-01") + rng.integers(0, 9000, n)
    diagnosis = np.datetime64("2012-01-01") + rng.integers(0, 1500, n)
    return {
        "id": [f"P{i:03d}" for i in range(n)],
        "sex": rng.choice(["f", "m"], n),
        "age": np.floor((diagnosis - birth).astype(int) / 365.25),
        "birth_date": birth.astype(str),
        "diagnosis_date": diagnosis.astype(str),
        "OS": os,
        "OS_event": rng.integers(0, 2, n),
        "PFS": pfs,
        "PFS_event": rng.integers(0, 2, n),
        "SUVmax": np.round(mean * 1.8, 2),
        "SUVmean": mean,
        "MTV": mtv,
        "TLG": np.round(mtv * mean, 1),
        "HI": np.full(n, 1.8) + rng.uniform(0, 1, n),
        "Ki67": rng.integers(0, 100, n),
    }


def found(columns: dict[str, object], endpoints: tuple[Endpoint, ...] = (OS, PFS)) -> list[Note]:
    notes, _ = linter.lint(table(columns, endpoints), today=TODAY)
    return list(notes)


def one(columns: dict[str, object], endpoints: tuple[Endpoint, ...] = (OS, PFS)) -> Note:
    notes = found(columns, endpoints)
    assert len(notes) == 1, [n.text for n in notes]
    assert notes[0].section == "suspect"
    return notes[0]


def changed(column: str, values: dict[int, object]) -> dict[str, object]:
    """The honest cohort with a few other cells in one column."""
    columns = cohort()
    cells = list(columns[column])  # type: ignore[call-overload]
    for row, value in values.items():
        cells[row] = value
    return {**columns, column: cells}


def test_honest_cohort_gives_nothing():
    assert found(cohort()) == []
    assert linter.lint(table(cohort(), (OS, PFS)), today=TODAY)[1] == ()


def test_empty_table_gives_nothing():
    assert linter.lint(table({"time": np.array([], dtype=float)})) == ((), ())


@pytest.mark.parametrize(
    ("column", "cells", "about", "says"),
    [
        ("OS", {3: -2.0}, "OS", "below 0"),
        ("SUVmean", {3: 90.0, 9: 91.0}, "SUVmean", "above 'SUVmax'"),
        ("TLG", {3: 9000.0}, "TLG", "'MTV' times 'SUVmean'"),
        ("HI", {3: 0.6}, "HI", "below 1"),
        ("Ki67", {3: 140}, "Ki67", "0 to 100"),
        ("age", {3: 590.0}, "age", "0 to 120"),
        ("MTV", {3: -5.0}, "MTV", "below 0"),
        ("diagnosis_date", {3: "2031-01-01"}, "diagnosis_date", "future"),
        ("birth_date", {3: "1900-01-01"}, "birth_date", "1900"),
        ("birth_date", {3: "2020-01-01"}, "diagnosis_date", "before 'birth_date'"),
        ("age", {3: 30.0, 7: 31.0}, "age", "not the time from 'birth_date'"),
    ],
)
def test_exceptions_are_found_on_their_lines(column, cells, about, says):
    columns = changed(column, cells)
    hits = [n for n in found(columns) if n.about == about and says in n.text]
    assert len(hits) == 1
    assert hits[0].level == "warning"
    assert hits[0].n == len(cells)
    assert hits[0].lines == tuple(row + 2 for row in cells)


def test_time_of_zero_is_told():
    note = one(changed("PFS", {0: 0.0, 5: 0.0}))
    assert (note.about, note.n, note.lines) == ("PFS", 2, (2, 7))


def test_many_times_below_zero_are_found_without_an_endpoint():
    data = table({"OS_MONTHS": [1.0, -2.0, -3.0], "OS_STATUS": [1, 0, 1], "dtime_lag": [-1, 1, 2]})
    notes, _ = linter.lint(data, today=TODAY)
    assert [(n.about, n.lines) for n in notes] == [("OS_MONTHS", (3, 4))]


def test_os_shorter_than_pfs_beyond_rounding_only():
    columns = cohort()
    pfs = np.array(columns["PFS"])
    os = np.array(columns["OS"])
    os[4] = pfs[4] - 0.1  # both are rounded to a tenth of a month
    os[8] = pfs[8] - 0.5
    assert pfs[8] > 0.5
    note = one({**columns, "OS": os})
    assert (note.about, note.n, note.lines) == ("OS", 1, (10,))


def test_os_and_pfs_in_different_units_are_compared_in_days():
    columns = cohort()
    days = np.round(np.array(columns["OS"]) * 30.4375)
    in_days = dataclasses.replace(OS, unit="days")
    assert found({**columns, "OS": days}, (in_days, PFS)) == []
    days[8] = 1.0
    assert one({**columns, "OS": days}, (in_days, PFS)).lines == (10,)


def test_marker_notes_never_quote_cells():
    columns = changed("age", {3: 590.0})
    assert all("590" not in note.text for note in found(columns))


def test_lines_are_those_of_the_file_and_at_most_fifty():
    columns = cohort(200)
    data = table({**columns, "OS": np.full(200, -1.0)}, (OS,))
    data = dataclasses.replace(data, lines=np.arange(200) * 2 + 5)
    note = next(n for n in linter.lint(data, today=TODAY)[0] if "below 0" in n.text)
    assert note.n == 200
    assert note.lines == tuple(range(5, 5 + 2 * MOST_LINES, 2))


@pytest.mark.parametrize(("value", "says"), [(0, "In none of"), (1, "In all")])
def test_everybody_or_nobody_with_the_event(value, says):
    columns = {**cohort(), "OS_event": np.full(100, value)}
    note = next(n for n in found(columns) if n.about == "OS_event")
    assert says in note.text
    assert note.n == 100


def test_event_of_one_value_whose_coding_is_unknown():
    unknown = dataclasses.replace(OS, event_is=())
    notes = found({**cohort(), "OS_event": np.full(100, 2)}, (unknown,))
    assert [n.level for n in notes if n.about == "OS_event"] == ["warning"]


def test_event_the_unusual_way_round():
    rng = np.random.default_rng(3)
    death, end = rng.exponential(30, 300), rng.uniform(12, 60, 300)
    columns = {"OS": np.round(np.minimum(death, end), 1) + 0.1, "OS_event": (death <= end) * 1}
    assert found(columns, (OS,)) == []
    note = one(columns, (dataclasses.replace(OS, event_is=("0",)),))
    assert note.about == "OS_event"
    assert "usually events come earlier" in note.text
    few = {name: cells[:40] for name, cells in columns.items()}
    assert found(few, (OS,)) == []


def test_public_cohorts_with_their_coding_turned_round():
    folder = tables()
    for file, follow_up, event in (
        ("gbsg2/gbsg2.csv", "time", "cens"),
        ("rotterdam/rotterdam.csv", "dtime", "death"),
        ("nki70/nki70.csv", "time", "event"),
    ):
        data = read((folder / file).read_bytes(), file)
        for value, wrong in (("1", False), ("0", True)):
            said = (Endpoint("", follow_up, "days", event, (value,)),)
            notes, _ = linter.lint(dataclasses.replace(data, endpoints=said), today=TODAY)
            assert any("come earlier" in n.text for n in notes) == wrong, (file, value)


def test_cnsr_with_one_as_event():
    columns = {"CNSR": cohort()["OS_event"], "AVAL": cohort()["OS"]}
    adam = Endpoint("Overall survival", "AVAL", "months", "CNSR", ("1",))
    assert "CNSR" in one(columns, (adam,)).text
    assert found(columns, (dataclasses.replace(adam, event_is=("0",)),)) == []


@pytest.mark.parametrize(
    ("unit", "factor", "wrong"),
    [
        ("months", 30.4375, True),
        ("years", 12.0, True),
        ("days", 1.0, True),
        ("months", 1.0, False),
        ("weeks", 4.35, False),
        ("years", 1 / 12, False),
    ],
)
def test_time_in_another_unit_than_named(unit, factor, wrong):
    columns = cohort()
    columns["OS"] = np.array(columns["OS"]) * factor
    notes = found(columns, (dataclasses.replace(OS, unit=unit),))
    assert [n.about for n in notes] == (["OS"] if wrong else [])


def test_long_follow_up_in_months_is_believed():
    columns = cohort()
    columns["OS"] = np.append(np.array(columns["OS"])[:-1], 424.0)
    assert found(columns, (OS,)) == []


def test_unit_told_by_two_dates():
    columns = cohort()
    days = np.round(np.array(columns["OS"]) * 30.4375 / 8)
    start = np.array(columns["diagnosis_date"], dtype="datetime64[D]")
    columns["last_contact"] = (start + days.astype(int)).astype(str)
    note = one({**columns, "OS": days}, (OS,))
    assert note.about == "OS"
    assert "in days" in note.text
    assert found({**columns, "OS": days}, (dataclasses.replace(OS, unit="days"),)) == []


def test_death_before_progression_and_last_contact():
    columns = cohort()
    start = np.array(columns["diagnosis_date"], dtype="datetime64[D]")
    died = np.array(columns["OS_event"]) == 1
    death = np.where(died, (start + 900).astype(str), None)
    progression = np.where(died, (start + 500).astype(str), None)
    row = int(np.flatnonzero(died)[2])
    progression[row] = str(start[row] + 901)
    note = one({**columns, "death_date": death, "progression_date": progression})
    assert (note.about, note.lines) == ("death_date", (row + 2,))


def test_date_of_progression_or_death_has_no_place_in_the_order():
    columns = cohort()
    start = np.array(columns["diagnosis_date"], dtype="datetime64[D]")
    columns["progression_or_death_date"] = (start - 5).astype(str)
    assert found(columns) == []


def test_dates_after_the_cutoff():
    columns = cohort()
    columns["data_cutoff"] = ["2014-01-01"] * 100
    columns["planned_visit"] = ["2024-01-01"] * 99 + ["2030-01-01"]
    late = np.array(columns["diagnosis_date"]) > "2014-01-01"
    notes = [n for n in found(columns) if n.level == "warning"]
    assert [(n.about, n.n) for n in notes] == [("diagnosis_date", int(late.sum()))]


def test_dead_in_one_column_and_censored_in_another():
    columns = cohort()
    event = np.array(columns["OS_event"])
    vital = np.where(event == 1, "Dead", "Alive").astype(object)
    row = int(np.flatnonzero(event == 0)[0])
    vital[row] = "Dead"
    notes = found({**columns, "vital": vital}, (OS,))
    assert ("vital", (row + 2,)) in {(n.about, n.lines) for n in notes}


def test_pfs_that_says_death_where_os_is_censored():
    columns = cohort()
    event = np.array(columns["OS_event"])
    kind = np.where(event == 1, "Death", "Censored").astype(object)
    kind[np.flatnonzero(event == 1)[:20]] = "Progression"
    row = int(np.flatnonzero(event == 0)[0])
    kind[row] = "Death"
    columns["PFS_event"] = kind
    pfs = dataclasses.replace(PFS, event_is=("Death", "Progression"))
    assert [(n.about, n.lines) for n in found(columns, (OS, pfs))] == [("PFS_event", (row + 2,))]


def test_receptor_percentage_against_status():
    columns = cohort()
    percent = np.tile([0, 80], 50)
    status = np.where(percent > 0, "positive", "negative").astype(object)
    assert found({**columns, "ER %": percent, "ER status": status}) == []
    status[0], status[3] = "positive", "negative"
    note = one({**columns, "ER %": percent, "ER status": status})
    assert (note.about, note.lines) == ("ER status", (2, 5))


def test_centred_ages_and_logarithms_are_left_alone():
    columns = cohort()
    columns["age"] = np.array(columns["age"]) - 50
    columns["log_CRP"] = np.linspace(-2, 2, 100)
    del columns["birth_date"]
    assert found(columns) == []


def test_tlg_of_a_sum_over_lesions_is_left_alone():
    columns = cohort()
    columns["TLG"] = np.array(columns["TLG"]) * 0.7
    assert found(columns) == []
    columns["TLG"] = np.array(columns["TLG"]) * 10  # but never more than with SUVmax throughout
    assert one(columns).about == "TLG"


def test_measures_of_different_lesions_are_not_compared():
    columns = {"SUVmax_liver": np.full(30, 4.0), "SUVmean_tumour": np.linspace(5, 8, 30)}
    assert [n for n in found(columns, ()) if n.level == "warning"] == []


def test_columns_that_know_the_outcome():
    columns = cohort()
    event = np.array(columns["OS_event"])
    columns["cause"] = np.where(event == 1, "cancer", None)
    columns["late_marker"] = event * 10.0 + np.linspace(0, 5, 100)
    columns["best_reply"] = np.where(event == 1, "PD", "CR")
    columns["span"] = np.array(columns["OS"]) * 30.4 + np.linspace(0, 3, 100)
    notes = [n for n in found(columns, (OS,)) if "no marker" in n.text]
    assert {n.about for n in notes} == {"cause", "late_marker", "best_reply", "span"}
    says = {n.about: n.text for n in notes}
    assert "filled in" in says["cause"]
    assert "the time 'OS'" in says["span"]


def test_the_outcome_is_known_whichever_value_is_the_event():
    columns = {**cohort(), "OS_event": np.array(cohort()["OS_event"]) + 1}
    columns["late_marker"] = np.array(columns["OS_event"]) * 10.0
    assert one(columns, (dataclasses.replace(OS, event_is=()),)).about == "late_marker"


def test_a_good_marker_and_few_events_are_believed():
    columns = cohort()
    event = np.array(columns["OS_event"])
    columns["marker"] = event * 2.0 + np.random.default_rng(1).normal(size=100)
    assert found(columns, (OS,)) == []
    few = {name: list(cells)[:18] for name, cells in columns.items()}  # type: ignore[call-overload]
    few["perfect"] = [10.0 * e for e in few["OS_event"]]
    assert found(few, (OS,)) == []


def test_rows_that_are_no_patients_are_not_asked_for_outcomes():
    columns = cohort()
    columns["late_marker"] = np.array(columns["OS_event"]) * 10.0
    data = table(columns, (OS,))
    assert len(linter.lint(data, today=TODAY)[0]) == 1
    lesions = dataclasses.replace(data, rows_are=Shape("lesions", "id", 50))
    assert linter.lint(lesions, today=TODAY)[0] == ()


def test_stacked_endpoints_are_read_apart():
    columns = {name: [*cells, *cells] for name, cells in cohort().items()}  # type: ignore[misc]
    columns["PARAMCD"] = ["OS"] * 100 + ["PFS"] * 100
    columns["OS_event"] = [1, 0] * 50 + [0] * 100
    stacked = tuple(
        dataclasses.replace(OS, label=name, where=(f"PARAMCD={name}",)) for name in ("OS", "PFS")
    )
    data = dataclasses.replace(table(columns, stacked), rows_are=Shape("parameters", "id", 100))
    notes = [n for n in linter.lint(data, today=TODAY)[0] if n.about == "OS_event"]
    assert ["In none of 100 rows" in n.text for n in notes] == [True]


def test_the_same_patient_under_two_numbers():
    columns = {name: [*cells, list(cells)[7]] for name, cells in cohort().items()}  # type: ignore[misc, call-overload]
    columns["id"] = [*list(columns["id"])[:-1], "P999"]  # type: ignore[call-overload]
    notes = found(columns)
    assert {(n.about, n.lines) for n in notes} == {("id", (9, 102))}
    assert len(notes) == 2  # the birth date, sex and diagnosis; and all other columns


def test_short_rows_that_agree_by_chance_are_left_alone():
    columns = {"id": [f"P{i}" for i in range(60)], "a": [0, 1] * 30, "b": [1, 1] * 30}
    columns |= {name: [0, 1, 1, 0, 1] * 12 for name in "cde"}
    assert [n for n in found(columns, ()) if n.about == "id"] == []


def test_repeated_rows_are_asked_about_once():
    columns = {name: [*cells, list(cells)[7]] for name, cells in cohort().items()}  # type: ignore[misc, call-overload]
    data = table(columns, (OS, PFS))
    _, questions = linter.lint(data, today=TODAY)
    assert [c.steps for c in questions[0].choices] == [(), ("duplicates(drop)",)]
    assert "1 row " in questions[0].text
    answered = dataclasses.replace(data, steps=("duplicates(keep)",))
    assert linter.lint(answered, today=TODAY)[1] == ()


def test_columns_that_say_nothing_are_no_warning():
    note = one({**cohort(), "study": ["S1"] * 100})
    assert (note.level, note.n) == ("info", 1)
    assert "'study'" in note.text


@pytest.mark.parametrize(("n", "columns", "limit"), [(2_000, 60, 0.6), (1_000_000, 6, 2.0)])
def test_it_is_fast(n, columns, limit):
    rng = np.random.default_rng(2)
    cells: dict[str, object] = {f"m{i}": rng.normal(size=n) for i in range(columns - 2)}
    data = table(
        {**cells, "OS": rng.exponential(9, n) + 1, "OS_event": rng.integers(0, 2, n)}, (OS,)
    )
    start = time.perf_counter()
    notes, _ = linter.lint(data, today=TODAY)
    assert time.perf_counter() - start < limit
    assert [n.about for n in notes] == (["file"] if n > linter.MOST_ROWS else [])


def test_a_large_table_is_looked_at_whole_for_its_numbers():
    n = linter.MOST_ROWS + 10
    os = np.full(n, 5.0)
    os[77] = -1.0
    notes, _ = linter.lint(table({"OS": os, "OS_event": np.arange(n) % 2}, (OS,)), today=TODAY)
    assert (notes[0].n, notes[0].lines) == (1, (79,))
    assert notes[-1].level == "info"
    assert "evenly spread" in notes[-1].text


def test_public_tables_are_hardly_ever_warned_of():
    folder = tables()
    expected = {
        "gbsg2/gbsg2.csv": set(),
        "rotterdam/rotterdam.csv": set(),
        "r_survival/heart.csv": set(),
        "r_survival/mgus2.csv": set(),
        "lifelines_data/waltons_dataset.csv": set(),
        "nki70/nki70.csv": set(),
        "tcga_brca_pancan/data_clinical_patient.txt": {
            *("OS_MONTHS", "DSS_MONTHS", "DFS_MONTHS", "PFS_MONTHS")
        },
    }
    for file, columns in expected.items():
        data = dataclasses.replace(read((folder / file).read_bytes(), file), questions=())
        notes, questions = linter.lint(data, today=TODAY)
        assert {n.about for n in notes if n.level == "warning"} == columns, file
        assert questions == (), file
