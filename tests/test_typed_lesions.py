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


FRENCH: Rows = [
    ["Patient", "Lésion", "Type", "Localisation", "Initiale", "Cure 2", "Cure 4", "Cure 6"],
    ["001", "C1", "cible", "foie", "20 mm", "15 mm", "25 mm", "n.m."],
    ["001", "C2", "cible", "poumon", "1,5 cm", "1,2 cm", "1,6 cm", ""],
    ["001", "NC1", "non cible", "os", "présente", "stable", "inchangée", "présente"],
    ["002", "C1", "cible", "foie", 30, 12, 10, 9],
    ["003", "C1", "cible", "ganglion", 18, 16, 9, 8],
    ["003", "N1", "nouvelle", "cerveau", "", "", "nouvelle", ""],
    ["004", "C1", "cible", "poumon", 22, "trop petite", "disparue", "disparue"],
]
GERMAN: Rows = [
    [
        "Pat-Nr",
        "Läsion",
        "Art",
        "Lokalisation",
        "12.01.2020",
        "15.03.2020",
        "20.05.2020",
        "1.7.2020",
    ],
    ["1", "T1", "Ziel", "Leber", "2,0", "1,5", "2,5", "nicht beurteilbar"],
    ["1", "T2", "Ziel", "Lunge", "1,5", "1,2", "1,6", None],
    ["1", "NT1", "nicht Ziel", "Knochen", *["vorhanden"] * 4],
    ["2 ", "T1", "Ziel", "Leber", "3,0", "1,2", "1,0", "0,9"],
    ["3", "T1", "Ziel", "Lymphknoten", "1,8", "1,6", "0,9", "0,8"],
    ["3", "N1", "neu", "Hirn", None, None, "neu", None],
    ["4", "T1", "Ziel", "Lunge", "2,2", "zu klein", "verschwunden", "verschwunden"],
]
ITALIAN: Rows = [
    ["Paziente", "Lesione", "Tipo", "Sede", "Basale", "Mese 2", "Mese 4", "Mese 6"],
    ["001", "T1", "bersaglio", "fegato", 20, 15, 25, "non valutabile"],
    ["001", "T2", "bersaglio", "polmone", 15, 12, 16, None],
    ["001", "NT1", "non bersaglio", "osso", "presente", "stabile", "invariata", "presente"],
    ["002", "T1", "bersaglio", "fegato", 30, 12, 10, 9],
    ["003", "T1", "bersaglio", "linfonodo", 18, 16, 9, 8],
    ["003", "N1", "nuova", "encefalo", None, None, "comparsa", None],
    ["004", "T1", "bersaglio", "polmone", 22, "troppo piccola", "scomparsa", "scomparsa"],
]


@pytest.mark.parametrize("rows", [FRENCH, GERMAN, ITALIAN], ids=["fr", "de", "it"])
def test_the_same_sheet_in_other_languages(rows: Rows) -> None:
    dataset = loaded(rows)
    for name in ("baseline_sum", "overall_response", "new_lesions", "pd_mode"):
        assert column(dataset, name) == column(loaded(VISITS), name), name
    assert "could not be read" not in said(dataset)


def test_a_patient_may_be_one_merged_cell() -> None:
    made = Workbook()
    made.active.title = "Patients"
    for row in PATIENTS:
        made.active.append(list(row))
    sheet = made.create_sheet("Lesions")
    for row in VISITS:
        sheet.append(list(row))
    sheet.merge_cells("A2:A4")
    stream = io.BytesIO()
    made.save(stream)
    dataset = read_all([("study.xlsx", stream.getvalue())], Recipe())
    assert (column(dataset, "pd_mode"), column(dataset, "baseline_sum")) == (
        MODES,
        [35, 30, 18, 22],
    )


LONG: Rows = [
    ["Patient", "Date of CT", "Lesion", "Target", "Organ", "Diameter"],
    ["001", "2020-01-02", 1, "yes", "liver", "20 mm"],
    ["001", "2020-01-02", 2, "no", "bone", "present"],
    ["001", "2020-03-02", 1, "yes", "liver", "1,5 cm"],
    ["001", "2020-03-02", 2, "no", "bone", "present"],
    ["001", "2020-05-02", 1, "yes", "liver", "2.5cm"],
    ["001", "2020-05-02", 2, "no", "bone", "PD"],
    ["002", "2020-01-02", 1, "yes", "liver", "30 mm"],
    ["002", "2020-03-02", 1, "yes", "liver", "disappeared"],
    ["003", "2020-01-02", 1, "yes", "lung", "25 mm"],
    ["003", "2020-03-02", 1, "yes", "lung", "TSTM"],
    ["003", "2020-03-02", 2, "new", "brain", "8 mm"],
]


def test_yes_no_and_new_in_a_column_called_target() -> None:
    dataset = loaded(LONG)
    assert column(dataset, "overall_response") == ["PD", "CR", "PD", None]
    assert column(dataset, "target_response") == ["PD", "CR", "PR", None]
    assert column(dataset, "pd_mode") == ["Hom-PD", None, "Heter-PD", None]
    assert column(dataset, "time_to_progression") == [121, None, 60, None]
    assert "1 patient of the table has no lesions in the lesion table" in said(dataset)


SINGLE: Rows = [
    ["Patient_Anonymized", "T_weeks", "Treatment_Day", "TargetLesionLongDiam_mm", "Lesion_vol"],
    ["001", 0.1, -14, "31", 9.5], ["001", 6, 45, "27", 8.1], ["001", 12, 90, "TSTM", 0.2],
    ["002", 0.1, -10, "51", 3.1], ["002", 6, 45, "NOT EVALUABLE", None], ["002", 12, 90, "62", 4],
    ["003", 0.1, -3, "20", 1.5], ["003", 6, 45, "26", 2], ["004", 0.1, 1, "20", 1.5],
    ["004", 6, 60, "20", 1.5],
]  # fmt: skip


def test_one_lesion_per_patient_needs_no_name_and_days_go_before_weeks() -> None:
    dataset = loaded(SINGLE)
    assert column(dataset, "overall_response") == ["PR", "PD", "PD", "SD"]
    assert column(dataset, "time_to_progression") == [None, 100, 48, None]
    assert "one target lesion per patient" in said(dataset)
    # A second row for a visit may be another lesion: nothing says so, and nothing is made of it.
    with pytest.raises(DataError):
        loaded([*SINGLE, ["004", 6, 60, "44", 1]])


def test_dates_go_before_planned_days_and_it_is_said() -> None:
    rows: Rows = [
        ["Patient", "Visit", "Day", "Date", "Lesion", "Type", "Size mm"],
        ["001", 1, 1, "2020-01-01", "T1", "target", 20],
        ["001", 2, 42, "2020-02-20", "T1", "target", 20],
        ["001", 3, 84, "2020-04-10", "T1", "target", 30],
        ["002", 1, 1, "2020-01", "T1", "target", 20],
        ["002", 2, 42, "2020-02-11", "T1", "target", 40],
        ["003", 1, 1, None, "T1", "target", 20],
        ["003", 2, 43, None, "T1", "target", 40],
    ]
    dataset = loaded(rows)
    assert column(dataset, "time_to_progression") == [100, 41, 42, None]
    assert "In 1 patient 'Day' and the dates do not agree: the dates were followed" in said(dataset)


def test_lesions_in_the_row_of_their_patient() -> None:
    rows = [[*p, *w[1:]] for p, w in zip(PATIENTS, WIDE, strict=True)]
    dataset = read_all([("one.xlsx", book(Sheet=rows))], Recipe())
    for name in ("SUVmax", "HI", "MTV", "COV", "n_lesions", "n_sites"):
        assert column(dataset, name) == column(loaded(PET), name), name
    assert "were taken for the lesions of a patient beside each other" in said(dataset)
    assert dataset.steps == ()
    # Without numbers of patients there is nothing to go by, and the table stays as it is.
    bare = read_all([("one.xlsx", book(Sheet=[row[1:] for row in rows]))], Recipe())
    assert bare.lesions == ()


def test_lesions_of_nobody_are_counted_and_not_named() -> None:
    dataset = loaded([*PET, ["ZZ-77", 1, "lung", 9, 4, 2], ["ZZ-77", 2, "lung", 9, 4, 2]])
    assert column(dataset, "SUVmax") == SUVMAX
    assert "1 patient of the lesion table is not in the patients' table" in said(dataset)
    assert "77" not in said(dataset)


def test_a_column_of_sizes_whose_name_is_no_visit_is_said() -> None:
    rows = [[*VISITS[0][:4], "Before all that", *VISITS[0][5:]], *VISITS[4:6]]
    assert "Not taken for visits, by their names: 'Before all that'" in said(loaded(rows))


def test_dates_of_patients_without_lesions_are_none_and_the_baseline_is_a_start() -> None:
    table = with_columns(loaded(LONG), AnalysisSpec())
    assert [v for v in table.frame["progression_date"] if v is not None] == [
        "2020-05-02", "2020-03-02",
    ]  # fmt: skip
    (endpoint,) = (e for e in table.endpoints if e.time == "pfs_time")
    assert endpoint.start == "baseline_date"
