"""A second table by patient: what is joined, what is not, and what is asked before."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from core.dataset import Dataset, Variable
from core.errors import DataError, SpecError
from core.notes import MOST_LINES, Choice, Note, Question
from core.reading import read
from core.reading.rows.joining import join
from core.reading.rows.partners import propose
from core.steps import Step
from tests.support import tables


def table(name: str, header: str, *rows: str) -> Dataset:
    return read("\n".join([header, *rows, ""]).encode(), name)


def step(right: Dataset, *rest: str) -> Step:
    return Step("join", (right.reference, *rest))


LEFT = table("left.csv", "id,months", "p3,5", "p1,7", ",8", "p2,9", "p1,1")
RIGHT = table("right.csv", "pid,SUVmax,organ", "p9,1,lung", ",2,skin", "p1,4.5,liver", "p3,6,bone")


def test_rows_stay_in_the_order_of_the_first_table() -> None:
    both = join(LEFT, RIGHT, step(RIGHT, "id", "pid"))
    assert both.frame["id"].tolist() == ["p3", "p1", None, "p2", "p1"]
    np.testing.assert_array_equal(both.frame["SUVmax"], [6, 4.5, np.nan, np.nan, 4.5])
    assert both.frame["SUVmax"].dtype == np.float64
    assert both.frame["organ"].tolist() == ["bone", "liver", None, None, "liver"]
    assert list(both.variables) == list(both.frame.columns) == ["id", "months", "SUVmax", "organ"]
    assert list(LEFT.frame.columns) == ["id", "months"], "the first table is not changed"


def test_what_found_no_partner_is_told_with_its_lines() -> None:
    both = join(LEFT, RIGHT, step(RIGHT, "id", "pid"))
    joined, alone, unused = both.notes[-3:]
    assert "'right.csv' was joined by 'id' and 'pid': 2 patients in both" in joined.text
    assert (alone.section, alone.n, alone.lines) == ("read", 2, (4, 5))
    assert "1 row of them without 'id'" in alone.text
    assert (unused.section, unused.n, unused.lines) == ("excluded", 2, (2, 3))
    assert not any("p9" in n.text or "p2" in n.text for n in both.notes)


def test_a_note_lists_so_many_lines_at_most() -> None:
    left = table("l.csv", "id,x", *(f"p{i},{i}" for i in range(200)))
    right = table("r.csv", "id,y", "p0,1", "q,2")
    alone = join(left, right, step(right, "id", "id")).notes[-2]
    assert (alone.n, len(alone.lines)) == (199, MOST_LINES)


def test_columns_of_one_name() -> None:
    left = table("l.csv", "id,sex,age,stage", "a,f,50,I", "b,m,60,II", "c,f,70,III")
    right = table("r.csv", "id,sex,age,stage", "b,m,61,II", "a,f,50,")
    both = join(left, right, step(right, "id", "id"))
    assert list(both.frame.columns) == ["id", "sex", "age", "stage", "age (2)", "stage (2)"]
    np.testing.assert_array_equal(both.frame["age (2)"], [50, 61, np.nan])
    assert both.frame["age"].tolist() == [50, 60, 70]
    assert both.variables["age (2)"].name == "age (2)"
    texts = [n.text for n in both.notes]
    assert any("with the same cells, were left out: 'sex'" in t for t in texts)
    assert any("are now called 'age (2)', 'stage (2)'" in t for t in texts)
    third = join(both, right, step(right, "id", "id"))
    assert "age (3)" in third.variables


def test_a_second_table_with_several_rows_of_a_patient_is_refused() -> None:
    right = table("r.csv", "id,suv", "a,1", "b,2", "", "a,3")
    left = table("l.csv", "id,x", "a,1", "b,2")
    with pytest.raises(DataError, match="several rows for the same patient") as error:
        join(left, right, step(right, "id", "id"))
    assert (error.value.column, error.value.row) == ("id", 5)
    assert "one row per patient" in error.value.hint
    turned = join(right, left, step(left, "id", "id"))
    assert turned.frame["x"].tolist() == [1, 2, 1], "the other way round it can be joined"


def test_tables_without_a_common_patient_are_refused() -> None:
    right = table("r.csv", "id,y", "q1,1", "q2,2")
    with pytest.raises(DataError, match=r"No patient of 'r\.csv' is in the first table") as error:
        join(LEFT, right, step(right, "id", "id"))
    assert "q1" not in str(error.value)


@pytest.mark.parametrize(
    ("rest", "match"),
    [
        (("id",), "cannot be read"),
        (("id", "pid", "roughly"), "cannot be read"),
        (("x", "pid"), "no column 'x'"),
        (("id", "x"), "'right.csv' has no column 'x'"),
    ],
)
def test_steps_that_cannot_be_carried_out(rest: tuple[str, ...], match: str) -> None:
    with pytest.raises(SpecError, match=match):
        join(LEFT, RIGHT, step(RIGHT, *rest))


def test_zeros_in_front_are_reconciled_only_when_asked_for() -> None:
    left = table("l.csv", "id,x", "001,1", "002,2", "10,3")
    right = table("r.csv", "id,y", "1,10", "2,20", "10,30")
    exact = join(left, right, step(right, "id", "id"))
    np.testing.assert_array_equal(exact.frame["y"], [np.nan, np.nan, 30])
    question = exact.questions[-1]
    assert [c.steps[0] for c in question.choices] == [
        str(step(right, "id", "id", "exact")),
        str(step(right, "id", "id", "number")),
    ]
    number = join(left, right, Step.parse(question.choices[1].steps[0]))
    assert number.frame["y"].tolist() == [10, 20, 30]
    said = join(left, right, step(right, "id", "id", "exact"))
    assert (len(number.questions), len(said.questions)) == (0, 0), "it was answered"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("P001", "P1", True),
        ("MB-0002", "MB-2", True),
        ("000", "0", True),
        ("1.01", "1.1", False),
        ("P1", "1", False),
        ("P10", "P1", False),
        ("1-002", "1-2", False),
    ],
)
def test_numbers_that_are_the_same(one: str, other: str, same: bool) -> None:
    left = table("l.csv", "id,x", f"{one},1", "both,2")
    right = table("r.csv", "id,y", f"{other},1", "both,2")
    joined = join(left, right, step(right, "id", "id", "number"))
    assert bool(np.isfinite(joined.frame["y"][0])) is same


def test_patients_who_would_become_one_are_refused() -> None:
    left = table("l.csv", "id,x", "A01,1", "A1,2")
    right = table("r.csv", "id,y", "A01,1", "A2,2")
    with pytest.raises(DataError, match="differ only by zeros or blanks in 'id'"):
        join(left, right, step(right, "id", "id", "number"))
    assert not join(left, right, step(right, "id", "id")).questions


def test_a_number_and_a_text_are_compared_as_they_are_written() -> None:
    left = table("l.csv", "id,x", "1,1", "2,2", "3,3")
    assert left.variables["id"].kind == "number"
    right = table("r.csv", "id,y", "1,1", "2,2", "x,3")
    assert right.variables["id"].kind != "number"
    np.testing.assert_array_equal(
        join(left, right, step(right, "id", "id")).frame["y"], [1, 2, np.nan]
    )


def test_notes_questions_and_codes_of_the_second_table_come_along() -> None:
    codes = (("1", "f"), ("2", "m"))
    right = dataclasses.replace(
        RIGHT,
        variables={**RIGHT.variables, "organ": Variable("organ", kind="category", codes=codes)},
        notes=(Note("warning", "SUVmax", "Some text.", "changed", 1, (3,)),),
        questions=(Question("SUVmax", "Which?", (Choice("a", ("text(SUVmax)",)),)),),
    )
    both = join(LEFT, right, step(RIGHT, "id", "pid"))
    assert both.variables["organ"].codes == codes
    assert any(n.text == "'right.csv': Some text." and n.lines == (3,) for n in both.notes)
    assert both.questions[0].text == "'right.csv': Which?"
    assert both.questions[0].choices[0].steps == ("text(SUVmax)",)


def test_an_empty_second_table_is_refused_in_words() -> None:
    right = dataclasses.replace(RIGHT, frame=RIGHT.frame.iloc[:0])
    with pytest.raises(DataError, match="No patient"):
        join(LEFT, right, step(right, "id", "pid"))


# What is proposed -----------------------------------------------------------------------------


def test_identifiers_are_found_by_name_and_cells() -> None:
    left = table("l.csv", "nr,Patient ID,x", "1,a7,1", "2,a8,2", "3,a9,3")
    right = table("r.csv", "USUBJID,nr,y", "a9,1,1", "a8,2,2", "zz,3,3")
    assert propose(left, right).step == step(right, "Patient ID", "USUBJID")


def test_a_patient_is_preferred_to_a_sample() -> None:
    left = table("l.csv", "Sample ID,Patient ID", "s1,a", "s2,b")
    right = table("r.csv", "Sample ID,Patient ID,y", "s1,a,1", "s2,a,2", "s3,b,3")
    found = propose(left, right).step
    assert found == step(right, "Patient ID", "Patient ID")
    with pytest.raises(DataError, match="several rows"):
        join(left, right, found)


def test_a_patient_is_preferred_to_a_running_number() -> None:
    left = table("l.csv", "ID,Patient ID", "1,a", "2,b", "3,c")
    right = table("r.csv", "ID,Patient ID,y", "1,b,1", "2,c,2", "3,d,3")
    assert propose(left, right).step == step(right, "Patient ID", "Patient ID")


def test_names_that_say_nothing_are_found_by_their_cells() -> None:
    left = table("l.csv", "who,x", *(f"pat-{i},{i}" for i in range(9)))
    right = table("r.csv", "key,y", *(f"pat-{i},{i}" for i in range(5, 12)))
    assert propose(left, right).step == step(right, "who", "key")
    numbers = table("n.csv", "key,y", *(f"{i},{i}" for i in range(9)))
    assert propose(left, numbers) == propose(numbers, left), "numbers match by chance"
    assert propose(left, numbers).step is None


def test_a_match_by_number_only_must_be_confirmed() -> None:
    left = table("l.csv", "id,x", "001,1", "002,2", "003,3")
    right = table("r.csv", "id,y", "1,1", "2,2", "3,3")
    found = propose(left, right)
    assert found.step is None
    (question,) = found.questions
    assert question.needed
    assert question.choices[0].steps == (str(step(right, "id", "id", "number")),)
    assert "3 rows" in question.choices[0].words


def test_few_common_patients_must_be_confirmed() -> None:
    left = table("l.csv", "id,x", *(f"a{i}b,{i}" for i in range(10)))
    right = table("r.csv", "id,y", "a1b,1", *(f"z{i}b,{i}" for i in range(9)))
    found = propose(left, right)
    assert found.step is None
    assert found.questions[0].choices[0].steps == (str(step(right, "id", "id", "exact")),)


def test_two_pairs_that_disagree_are_asked() -> None:
    left = table("l.csv", "PatientID,PatID,x", "a,b,1", "b,a,2", "c,c,3")
    right = table("r.csv", "Patient-ID,y", "a,1", "b,2", "c,3")
    found = propose(left, right)
    assert found.step is None
    assert len(found.questions[0].choices) == 2
    same = table("l.csv", "PatientID,PatID,x", "a,a,1", "b,b,2", "c,c,3")
    assert propose(same, right).step is not None


def test_tables_that_have_nothing_in_common() -> None:
    found = propose(LEFT, table("r.csv", "day,y", "1,1", "2,2"))
    assert (found.step, found.questions) == (None, ())


def test_a_sheet_is_named_as_a_sheet() -> None:
    right = dataclasses.replace(RIGHT, reference=LEFT.reference, sheet="PET")
    found = propose(LEFT, right).step
    assert found == Step("join", ("sheet PET", "id", "pid"))
    assert any("'PET' was joined" in n.text for n in join(LEFT, right, found).notes)


def test_a_public_table_in_two_files() -> None:
    folder = tables() / "metabric_competing"
    left, right = (
        read((folder / f"metabric_{part}.tsv").read_bytes(), f"{part}.tsv")
        for part in ("survival", "clinical")
    )
    found = propose(left, right).step
    assert found == step(right, "patientId", "patientId")
    both = join(left, right, found)
    assert len(both.frame) == len(left.frame) == 1980
    assert both.frame["AGE_AT_DIAGNOSIS"].notna().all()
    first = both.frame[both.frame["patientId"] == "MB-0005"].iloc[0]
    assert (first["time"], first["NPI"]) == (4981, 4.03)
