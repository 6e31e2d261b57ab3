"""Lesion sheets as people type them in a spreadsheet program: read right, or said why not."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from openpyxl import Workbook

from core.dataset import Dataset
from core.errors import DataError
from core.lesions.attach import attached, with_columns
from core.lesions.pet import scans, wide
from core.lesions.typed import filled_down
from core.reading import read, read_all
from core.spec import AnalysisSpec
from core.steps import Recipe

Rows = Sequence[Sequence[Any]]
PATIENTS: Rows = [
    ["Patient ID", "Age", "PFS (months)", "Progression"],
    ["001", 61, 5.5, 1], ["002", 50, 12, 0], ["003", 44, 3.1, 1], ["004", 70, 8, 1],
]  # fmt: skip
PET: Rows = [
    ["Pat.", "Lesion", "Location", "SUV max", "SUV mean", "MTV (ml)"],
    [1, 1, "liver", 6.2, 3.1, 10], [1, 2, "bone", 9, 4.5, 5], [2, 1, "lung", 3.3, 2, 4],
    [3, 1, "LN", 8, 3, 2], [3, 2, "liver", 4.4, 2, 7], [4, 1, "lung", 2.1, 1.5, 3],
]  # fmt: skip
VISITS: Rows = [
    ["Patient", "Lesion no", "Target/non-target", "Location", "Baseline", "C2", "C4", "C6"],
    ["001", "T1", "T", "liver", "20 mm", "15 mm", "25", "n.m."],
    [None, "T2", "T", "lung", "1,5 cm", "1,2 cm", "1,6 cm", ""],
    [None, "NT1", "NT", "bone", "present", "present", "present", "present"],
    ["002", "T1", "T", "liver", 30, 12, 10, 9],
    ["003", "T1", "T", "LN", 18, 16, 9, 8],
    ["003", "N1", "new", "brain", "", "", "new", ""],
    ["004", "T1", "T", "lung", 22, "<5", "TSTM", "disappeared"],
    ["Total", 6, "", "", "", "", "", ""],
]
SUVMAX = [9.0, 3.3, 8.0, None]
MODES = ["Heter-PD", None, "Heter-PD", None]


def book(**sheets: Rows) -> bytes:
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    stream = io.BytesIO()
    made.save(stream)
    return stream.getvalue()


def loaded(*sheets: Rows) -> Dataset:
    files = [(f"{i}.xlsx", book(Sheet=rows)) for i, rows in enumerate((PATIENTS, *sheets))]
    return read_all(files, Recipe())


def column(dataset: Dataset, name: str) -> list[Any]:
    values = with_columns(dataset, AnalysisSpec()).frame[name].tolist()
    return [None if isinstance(v, float) and np.isnan(v) else v for v in values]


def said(dataset: Dataset) -> str:
    return "\n".join(note.text for note in with_columns(dataset, AnalysisSpec()).notes)


def test_numbers_of_patients_may_be_written_in_two_ways() -> None:
    assert column(loaded(PET), "SUVmax") == SUVMAX
    assert "without leading zeros" in said(loaded(PET))
    for written in ("P-01", "p 1", "P001"):
        rows = [PET[0], *([written if row[0] == 1 else row[0], *row[1:]] for row in PET[1:])]
        patients = [PATIENTS[0], ["P1", *PATIENTS[1][1:]], *PATIENTS[2:]]
        dataset = read_all([("a.xlsx", book(S=patients)), ("b.xlsx", book(S=rows))], Recipe())
        assert column(dataset, "SUVmax") == SUVMAX


def test_numbers_that_would_become_one_stay_apart() -> None:
    patients = [*PATIENTS, ["1", 33, 2, 1]]
    dataset = read_all([("a.xlsx", book(S=patients)), ("b.xlsx", book(S=PET))], Recipe())
    with pytest.raises(DataError, match="Only 1 of the 4"):
        with_columns(dataset, AnalysisSpec())


def test_each_sheet_may_have_its_own_way_of_writing() -> None:
    both = loaded(PET, VISITS)
    assert (column(both, "SUVmax"), column(both, "pd_mode")) == (SUVMAX, MODES)
    found = attached(both, AnalysisSpec())
    assert found is not None
    assert found.pet is not None
    assert found.pet.ids.tolist() == found.ids.tolist()


def test_lesion_sheets_of_the_same_workbook_come_by_themselves() -> None:
    data = book(Patients=PATIENTS, PET=PET, Visits=VISITS, Notes=[["to do"], ["call back"]])
    dataset = read_all([("study.xlsx", data)], Recipe())
    assert (column(dataset, "SUVmax"), column(dataset, "pd_mode")) == (SUVMAX, MODES)
    assert list(dataset.steps) == ["join(sheet PET)", "join(sheet Visits)"]
    again = read_all([("study.xlsx", data)], Recipe.parse(dataset.steps))
    assert (again.steps, len(again.lesions)) == (dataset.steps, 2)


def test_two_sheets_of_one_kind_are_not_chosen_from() -> None:
    dataset = read_all([("study.xlsx", book(Patients=PATIENTS, PET=PET, Old=PET))], Recipe())
    assert not dataset.lesions
    assert any("2 sheets of PET lesions" in note.text for note in dataset.notes)
    chosen = Recipe.parse(["join(sheet Old)"])
    assert len(read_all([("s.xlsx", book(Patients=PATIENTS, PET=PET, Old=PET))], chosen).lesions)


def test_the_patient_may_stand_on_the_first_of_her_lines_only() -> None:
    rows = [list(row) for row in PET]
    rows[2][0] = rows[5][0] = None
    assert column(loaded(rows), "SUVmax") == SUVMAX
    assert "2 rows without a patient took the one of the row above" in said(loaded(rows))
    rows[2][1] = 1  # the same lesion again: another patient's, whose number was forgotten
    assert column(loaded(rows), "SUVmax") == [6.2, 3.3, 8.0, None]
    assert "1 row without a patient was left out" in said(loaded(rows))


def test_a_first_line_without_a_patient_stays_without() -> None:
    frame = read(b"id,lesion,SUVmax\n,1,3\na,1,4\n,2,5\n", "a.csv").frame
    filled, notes = filled_down(frame, "id", ("lesion",), np.array([2, 3, 4]))
    assert filled is frame
    assert notes == ()


WIDE: Rows = [
    ["ID", "SUVmax 1", "SUVmean 1", "MTV 1 (ml)", "Site 1",
     "SUVmax 2", "SUVmean 2", "MTV 2 (ml)", "Site 2"],
    ["001", 6.2, 3.1, 10, "liver", 9, 4.5, 5, "bone"], ["002", 3.3, 2, 4, "lung"],
    ["003", 8, 3, 2, "LN", 4.4, 2, 7, "liver"], ["004", 2.1, 1.5, 3, "lung"],
]  # fmt: skip


@pytest.mark.parametrize("pattern", ["{0} {1}", "L{1} {0}", "Lesion {1} {0}", "{0}_{1}"])
def test_lesions_may_stand_beside_each_other(pattern: str) -> None:
    measures = ["SUVmax", "SUVmean", "MTV", "Site"]
    header = ["ID", *(pattern.format(m, i) for i in (1, 2) for m in measures)]
    dataset = loaded([header, *WIDE[1:]])
    for name in ("SUVmax", "HI", "MTV", "TLG", "COV", "n_lesions", "n_sites"):
        assert column(dataset, name) == column(loaded(PET), name), name


def test_units_in_the_headers_beside_each_other() -> None:
    in_mm3 = [[str(h).replace("ml", "mm3") for h in WIDE[0]]]
    in_mm3 += [[x * 1000 if i % 4 == 3 else x for i, x in enumerate(row)] for row in WIDE[1:]]
    assert column(loaded(in_mm3), "MTV") == column(loaded(WIDE), "MTV") == [15, 4, 9, None]


def test_two_scans_beside_each_other_are_no_lesions() -> None:
    frame = read(b"id,SUVmax 1,SUVmax 2\n1,5,3\n2,4,2\n", "a.csv").frame
    assert wide.recognise(frame) is None


@pytest.mark.parametrize(
    ("header", "first", "second"),
    [
        ("Date of PET", "2020-01-02", "2020-05-02"),
        ("PET date", "02.01.2020", "01.03.2020"),
        ("Scan", 1, 2),
        ("Visit", "baseline", "week 8"),
    ],
)
def test_the_first_scan_counts(header: str, first: Any, second: Any) -> None:
    rows: list[list[Any]] = [[*PET[0], header], *([*row, first] for row in PET[1:])]
    later = [[*row[:3], 99, 50, 99, second] for row in PET[1:4]]
    assert column(loaded([*rows, *later]), "SUVmax") == SUVMAX
    assert column(loaded([rows[0], *later, *rows[1:]]), "SUVmax") == SUVMAX
    assert "3 rows of later scans were left out: 2 patients have several" in said(
        loaded([*rows, *later])
    )


def test_a_date_of_birth_is_no_scan() -> None:
    frame = read(b"id,date of birth,SUVmax\n1,1950-01-01,3\n1,1950-01-02,4\n", "a.csv").frame
    assert scans.column_of(frame, "id", ()) is None


def test_diameters_as_they_are_typed() -> None:
    dataset = loaded(VISITS)
    assert column(dataset, "baseline_sum") == [35, 30, 18, 22]
    assert column(dataset, "overall_response") == ["PD", "PR", "PD", "CR"]
    # The new lesion of the third is the word "new" in the column of the visit.
    assert column(dataset, "new_lesions") == ["no", "no", "yes", "no"]
    assert column(dataset, "pd_mode") == MODES
    assert "could not be read" not in said(dataset)


def test_words_among_many_sizes_are_not_lost() -> None:
    # With so many numbers a column of a patients' table would be one of numbers, the rest missing.
    rows: list[list[Any]] = [["Patient", "Lesion no", "Target/non-target", "Baseline", "Week 8"]]
    for i in range(1, 41):
        rows.append([i, "T1", "T", 20 + i, 20 + i])
    rows += [[1, "NT1", "NT", "present", "PD"], [2, "N1", "new", "", "new"]]
    rows += [[3, "T2", "T", "2,5 cm", "<5"], [4, "T2", "T", 30, "disappeared"]]
    patients = [["ID", "PFS months", "Progression"], *([i, 5 + i, 1] for i in range(1, 41))]
    data = book(Patients=patients, Visits=rows)
    for dataset in (
        read_all([("study.xlsx", data)], Recipe()),
        read_all([("p.xlsx", book(S=patients)), ("v.xlsx", book(S=rows))], Recipe()),
    ):
        made = with_columns(dataset, AnalysisSpec()).frame
        responses = made["overall_response"].tolist()
        assert responses[:5] == ["PD", "PD", "PR", "PR", "SD"]
        assert made["baseline_sum"].tolist()[2:4] == [23 + 25, 24 + 30]
        assert not dataset.questions
