"""Sheets of PET lesions as people type them: which column is what, and what looks wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.errors import DataError
from core.lesions.pet import checks, vocabulary
from core.lesions.pet.derived import patients as derive
from core.lesions.pet.eligible import Choice
from core.lesions.pet.lesions import Lesions, Roles
from core.lesions.pet.table import canonical, recognise
from core.notes import Note
from core.reading import read

TWO = ["A", "A", "B", "B"]
SUV = [8.0, 4.0, 5.0, 3.0]


def roles_of(columns: dict[str, Any]) -> Roles:
    found = recognise(pd.DataFrame(columns))
    assert found is not None
    return found


def lesions_of(columns: dict[str, Any]) -> Lesions:
    return canonical(pd.DataFrame(columns), roles_of(columns))


def about(lesions: Lesions, part: str) -> Note:
    (found,) = [note for note in lesions.notes if part in note.text]
    return found


def says(lesions: Lesions, part: str) -> bool:
    return any(part in note.text for note in lesions.notes)


# Which column is what -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "header",
    [
        ("Patient ID", "Lesion No", "Site", "SUVmax", "SUVmean", "MTV", "TLG"),
        ("Pat.-Nr.", "Läsion", "Lokalisation", "SUV max", "SUV mean", "Volumen (ml)", "TLG (g)"),
        ("subject", "lesion_id", "organ", "SUV_MAX", "SUV_MEAN", "mtv_ml", "tlg_g"),
        ("USUBJID", "ROI", "Anatomical location", "Max SUV", "Mean SUV", "Metabolic volume", "TLG"),
        ("患者编号", "病灶", "部位", "SUVmax", "SUV平均", "代谢体积", "TLG"),
        ("ID", "Lésion", "Localisation", "SUVmax (g/mL)", "SUVmoy", "MTV [cm3]", "TLG"),
        ("patient", "Lesion", "Location", "suvMax", "suvMean", "Tumour volume", "glycolysis"),
        ("case", "tumor no.", "region", "SUVbw max", "SUVbw avg", "MTV (cc)", "total TLG"),
    ],
)
def test_spellings_of_headers(header: tuple[str, ...]) -> None:
    columns = (TWO, list("1212"), ["liver", "bone", "lung", "liver"], SUV, [4.0, 2, 3, 2])
    cells = (*columns, [1.0, 2, 3, 4], [4.0, 4, 9, 8])
    found = roles_of(dict(zip(header, cells, strict=True)))
    named = (found.patient, found.lesion, found.site, found.suv_max, found.suv_mean)
    assert (*named, found.mtv, found.tlg) == header
    assert (found.volume_unit, found.remarks) == ("mL", ())


@pytest.mark.parametrize(
    "columns",
    [
        {"patient": TWO, "lesion": list("1212"), "diameter (mm)": [10.0, 20, 30, 40]},
        {"SUVmax": SUV, "site": ["liver"] * 4},
        {"id": list("ABCD"), "SUVmax": SUV, "MTV": SUV, "PFS": SUV},
        {"patient": TWO, "lesion": list("1212"), "SUVmax": [np.nan] * 4},
        {"patient": [], "lesion": [], "SUVmax": []},
    ],
)
def test_what_is_no_table_of_lesions(columns: dict[str, Any]) -> None:
    assert recognise(pd.DataFrame(columns)) is None


def test_one_lesion_each_is_a_table_of_lesions_where_a_column_says_so() -> None:
    assert roles_of({"id": list("ABCD"), "lesion": list("1111"), "SUVmax": SUV}).patient == "id"


def test_the_id_of_a_lesion_is_not_that_of_a_patient() -> None:
    found = roles_of({"Lesion ID": list("1234"), "Patient": TWO, "SUVmax": SUV})
    assert (found.patient, found.lesion) == ("Patient", "Lesion ID")


def test_the_site_is_the_one_that_differs_within_patients() -> None:
    sheet = {"patient": TWO, "Study site": ["X"] * 4, "Primary site": ["breast"] * 4}
    assert roles_of(sheet | {"SUVmax": SUV}).site is None
    organs = {"Organ system": ["a", "a", "b", "b"], "Location": ["liver", "lung", "rib", "rib"]}
    assert roles_of(sheet | organs | {"SUVmax": SUV}).site == "Location"


def test_lesions_called_by_their_place_give_the_sites() -> None:
    sheet = {"patient": TWO, "lesion": ["Liver 1", "Liver 2", "bone", "lung #3"], "SUVmax": SUV}
    found = lesions_of(sheet)
    assert found.sites == ("bone", "Liver", "lung")
    assert roles_of(sheet).site == "lesion"
    assert roles_of(sheet | {"lesion": list("1212")}).site is None


def test_a_bare_suv_is_taken_for_suvmax_and_said() -> None:
    found = roles_of({"patient": TWO, "SUV": SUV})
    assert found.suv_max == "SUV"
    assert "does not say which SUV" in found.remarks[0]
    both = roles_of({"patient": TWO, "SUV": SUV, "SUVmax": SUV})
    assert (both.suv_max, both.remarks) == ("SUVmax", ())


def test_of_several_volumes_the_plainest_name_is_taken_and_said() -> None:
    found = roles_of({"patient": TWO, "SUVmax": SUV, "MTV 41%": SUV, "MTV": SUV})
    assert found.mtv == "MTV"
    assert found.remarks == ("MTV is read from 'MTV', not from 'MTV 41%'.",)
    ratio = {"SUVmax ratio": SUV, "delta SUVmax": SUV, "SUVmax": SUV, "n_lesions": SUV}
    assert roles_of({"patient": TWO, **ratio}).suv_max == "SUVmax"


@pytest.mark.parametrize(
    ("site", "bone"),
    [
        ("Bone", True), ("bones (multiple)", True), ("L3 vertebra", True), ("Th7", True),
        ("os iliac", True), ("Rippe links", True), ("skeletal", True), ("腰椎体", True),
        ("骨", True), ("hueso", True), ("right femur", True), ("bone marrow", True),
        ("liver", False), ("iliac node", False), ("mediastinal LN", False), ("backyard", False),
        ("spinal cord", False), ("non-osseous", False), ("Lymphknoten", False), ("lung", False),
        ("pelvic lymph node", False), ("soft tissue", False), ("L1", False), ("", False),
    ],
)  # fmt: skip
def test_bone_among_sites(site: str, bone: bool) -> None:
    assert vocabulary.is_bone(site) == bone


# Reading it -----------------------------------------------------------------------------------


def test_patients_are_texts_as_the_reader_writes_numbers() -> None:
    assert lesions_of({"id": [7.0, 7.0, 10.0, 8.5], "SUVmax": SUV}).ids.tolist() == [
        "10",
        "7",
        "8.5",
    ]
    assert lesions_of({"id": ["007", " 007", "7", "7"], "SUVmax": SUV}).ids.tolist() == ["007", "7"]


def test_sites_that_differ_in_case_are_one() -> None:
    sheet = {"patient": TWO, "site": ["Liver", "liver", "Liver", "lung"], "SUVmax": SUV}
    assert lesions_of(sheet).sites == ("Liver", "lung")
    assert derive(lesions_of(sheet), Choice()).frame["n_sites"].tolist() == [1, 2]


@pytest.mark.parametrize("header", ["MTV (mm3)", "MTV_mm3", "MTV [mm³]", "volume mm^3", "MTV µL"])
def test_cubic_millimetres_become_millilitres_and_it_is_said(header: str) -> None:
    found = lesions_of({"patient": TWO, "SUVmax": SUV, "SUVmean": SUV, header: [1000.0] * 4})
    assert found.mtv.tolist() == [1.0] * 4
    assert about(found, "divided by 1,000").n == 4


def test_a_unit_that_the_cells_had_is_heard() -> None:
    frame = pd.DataFrame({"patient": TWO, "SUVmax": SUV, "MTV": [1000.0] * 4})
    found = recognise(frame, units={"MTV": "mm³"})
    assert found is not None
    assert found.volume_unit == "mm3"


def test_cells_that_are_no_number_or_cannot_be_are_missing_and_named_by_line() -> None:
    sheet = {"patient": TWO, "SUVmax": [8.0, 4, 5, 3], "MTV": ["1.5", "about 2", None, "3"]}
    found = lesions_of(sheet | {"SUVmean": [4.0, -2, 3, 2]})
    assert about(found, "without a number").lines == (3,)
    assert "about 2" not in "".join(note.text for note in found.notes)
    below = about(found, "below 0")
    assert (below.lines, below.level, below.section) == ((3,), "warning", "changed")
    assert np.isnan(found.suv_mean).sum() == 1


def test_rows_without_a_patient_are_left_out_by_line() -> None:
    found = lesions_of({"patient": ["A", None, "B", " "], "lesion": list("1212"), "SUVmax": SUV})
    assert about(found, "without a patient").lines == (3, 5)
    assert found.n == 2


def test_lines_are_those_of_the_file() -> None:
    frame = pd.DataFrame({"patient": [None, "A", "B", "B"], "SUVmax": SUV})
    roles = recognise(frame)
    assert roles is not None
    found = canonical(frame, roles, lines=np.array([4, 6, 7, 9]))
    assert about(found, "without a patient").lines == (4,)


def test_a_column_that_is_not_there_and_an_empty_sheet_are_errors() -> None:
    frame = pd.DataFrame({"patient": TWO, "SUVmax": SUV})
    with pytest.raises(DataError, match="no column 'MTV'") as error:
        canonical(frame, Roles("patient", "SUVmax", mtv="MTV"))
    assert error.value.column == "MTV"
    with pytest.raises(DataError, match="No row"):
        canonical(frame.assign(SUVmax=np.nan), Roles("patient", "SUVmax"))
    with pytest.raises(DataError, match="No row"):
        canonical(frame.assign(patient=None), Roles("patient", "SUVmax"))


def test_a_sheet_as_the_reader_gives_it() -> None:
    text = b"Pat. ID;L\xc3\xa4sion;Ort;SUVmax;SUVmean;MTV (ml)\n"
    text += b"001;1;Leber;8,5;4,2;10,5\n001;2;Knochen;4,0;2,0;3\n002;1;Lunge;3,1;2,0;n/a\n"
    dataset = read(text, "sheet.csv")
    found = recognise(dataset.frame, units={n: v.unit for n, v in dataset.variables.items()})
    assert found is not None
    made = derive(canonical(dataset.frame, found), Choice(sites_out=("bone",))).frame
    assert made.index.tolist() == ["001", "002"]
    assert made.loc["001", ["SUVmax", "MTV"]].tolist() == [8.5, 10.5]
    assert np.isnan(made.loc["002", "MTV"])


# What looks wrong -----------------------------------------------------------------------------


def test_suvmean_above_suvmax_is_named_and_hi_below_one_said() -> None:
    found = lesions_of({"patient": TWO, "SUVmax": [8.0, 4, 5, 3], "SUVmean": [4.0, 4, 6, 2]})
    note = about(found, "SUVmean is above SUVmax")
    assert (note.lines, note.n, note.section) == ((4,), 1, "suspect")
    made = derive(found, Choice())
    assert made.frame.loc["B", "HI"] == 5 / 6
    assert "HI of 1 patient is below 1" in " ".join(n.text for n in made.notes)


def test_rounding_is_no_fault() -> None:
    found = lesions_of({"patient": TWO, "SUVmax": [8.1, 4, 5, 3], "SUVmean": [8.14, 3.98, 3, 2]})
    assert not says(found, "above SUVmax")


def test_a_repeated_row_of_a_named_lesion_counts_once() -> None:
    found = lesions_of({"patient": list("AAB"), "lesion": list("111"), "SUVmax": [8.0, 8, 5]})
    note = about(found, "repeats another one")
    assert (found.n, note.lines, note.section) == (2, (3,), "excluded")


def test_a_lesion_named_twice_with_other_values_counts_and_is_said() -> None:
    patients, labels = [*"AAABBBCCC"], [*"112123123"]
    found = lesions_of({"patient": patients, "lesion": labels, "SUVmax": np.arange(3.0, 12)})
    note = about(found, "named like another one")
    assert (found.n, note.lines) == (9, (2, 3))
    assert "names of their own" in note.text


def test_lesions_that_are_all_there_twice_look_like_two_scans() -> None:
    found = lesions_of({"patient": TWO, "lesion": ["1"] * 4, "SUVmax": SUV})
    assert "several scans" in about(found, "named like another one").text


def test_numbers_that_begin_again_in_every_site_are_no_repetition() -> None:
    sheet = {"patient": TWO, "lesion": ["1"] * 4, "site": ["liver", "lung", "liver", "rib"]}
    assert not says(lesions_of(sheet | {"SUVmax": SUV}), "named like")


def test_rows_without_a_name_that_are_alike_count_and_are_said() -> None:
    found = lesions_of({"patient": TWO, "SUVmax": [8.0, 8, 5, 3]})
    assert about(found, "no name that tells").lines == (2, 3)
    assert found.n == 4


def test_absurd_values_and_units_are_suspected() -> None:
    found = lesions_of({"patient": TWO, "SUVmax": [80.0, 610, 5, 3], "MTV": [9e3, 8e3, 1, 2]})
    assert about(found, "above 100").lines == (3,)
    assert about(found, "is it in mm3?").lines == (2, 3)


def test_tlg_is_compared_with_the_product() -> None:
    sheet = {"patient": TWO, "SUVmax": SUV, "SUVmean": [4.0, 2.5, 3.5, 2.5]}
    sheet |= {"MTV": [10.0, 20.5, 30, 4]}
    product = np.multiply(sheet["SUVmean"], sheet["MTV"])  # type: ignore[arg-type]
    assert not says(lesions_of(sheet | {"TLG": product.round(1)}), "TLG")
    off = lesions_of(sheet | {"TLG": product * [1, 1.5, 1, 1]})
    note = about(off, "differs from SUVmean times MTV")
    assert (note.lines, note.n) == ((3,), 1)
    assert (
        "TLG is about a thousand" in about(lesions_of(sheet | {"TLG": product * 1000}), "tho").text
    )
    large = sheet | {"MTV": np.multiply(sheet["MTV"], 1000), "TLG": product}
    assert says(lesions_of(large), "MTV is about a thousand")


def test_rows_that_sum_up_others_are_said() -> None:
    sheet = {"patient": TWO, "lesion": ["1", "Total", "1", "2"], "SUVmax": SUV}
    assert about(lesions_of(sheet), "called a total").lines == (3,)
    sites = {"patient": TWO, "site": ["liver", "whole body", "lung", "lung"], "SUVmax": SUV}
    assert about(lesions_of(sites), "called a total").lines == (3,)


def test_rows_that_sum_up_others_do_not_count_and_one_alone_does() -> None:
    found = lesions_of({"patient": TWO, "lesion": ["1", "Total", "1", "2"], "SUVmax": SUV})
    assert (found.n, len(found.ids)) == (3, 2)
    alone = {"patient": ["a", "b", "b"], "site": ["whole body", "lung", "liver"], "SUVmax": SUV[:3]}
    assert lesions_of(alone).n == 3
    assert "counts as a lesion" in about(lesions_of(alone), "called a total").text


def test_lesions_are_never_patients() -> None:
    found = lesions_of({"patient": TWO, "SUVmax": SUV})
    assert says(found, "4 lesions of 2 patients: a patient counts once")
    assert len(derive(found, Choice()).frame) == 2


def test_a_clean_sheet_gives_no_warning() -> None:
    sheet = {"patient": TWO, "lesion": list("1212"), "site": ["liver", "lung", "lung", "node"]}
    sheet |= {"SUVmax": SUV, "SUVmean": [4.0, 2, 3, 2], "MTV": [1.0, 2, 3, 4]}
    sheet |= {"TLG": [4.0, 4, 9, 8]}
    found = lesions_of(sheet)
    assert [note.text for note in found.notes if note.level == "warning"] == []
    assert len(checks.check(found)) == 1
