"""What one row is: patients with several rows are found, named and never counted silently."""

from __future__ import annotations

import gzip

import pytest

from core import filters
from core.dataset import Dataset, Shape
from core.errors import SpecError
from core.reading import read
from core.reading.rows import shape
from core.steps import Recipe
from tests.support import tables


def table(header: str, *rows: str) -> Dataset:
    return read("\n".join([header, *rows, ""]).encode(), "a.csv")


def kind(header: str, *rows: str) -> str | None:
    found = shape.rows_are(table(header, *rows))
    return found.kind if found else None


def test_one_row_per_patient_is_nothing_to_speak_of() -> None:
    assert kind("id,start,stop,death", "a,0,5,1", "b,2,7,0") is None
    assert kind("months,death", "5,1", "5,1") is None, "no column tells patients apart"
    assert kind("id,months,death", "a,5,1", ",3,0", ",4,1") is None, "an unknown id is no repeat"


@pytest.mark.parametrize(
    "names",
    ["start,stop", "tstart,tstop", "time1,time2", "Start (days),Stop (days)", "_t0,_t", "von,bis"],
)
def test_intervals_are_known_by_their_names(names: str) -> None:
    rows = ("a,0,5,0", "a,5,9,1", "b,0,4,0", "b,6,8,0")
    found = shape.rows_are(table(f"id,{names},event", *rows))
    assert found == Shape("intervals", "id", 2, tuple(names.split(",")))


def test_intervals_must_follow_one_another() -> None:
    assert kind("id,start,stop,event", "a,0,5,0", "a,4,9,1") == "samples"
    assert kind("id,start,stop,event", "a,5,2,0", "a,9,5,1") == "samples", "they end too early"
    assert kind("id,start,stop,event", "a,5,9,1", "a,0,5,0") == "intervals", "in any order"
    others = [f"p{i},2,9,1" for i in range(100)]
    twice = kind("id,start,stop,event", *others, "a,0,5,0", "a,0,6,1")
    assert twice == "samples", "one patient entered twice does not make intervals"
    assert kind("id,start,stop,dose", "a,0,5,10", "a,5,9,20") == "samples", "no event, no survival"


def test_a_few_faulty_intervals_are_named_by_their_lines() -> None:
    rows = [f"p{i},{j},{j + 1},0" for i in range(20) for j in range(2)]
    rows[3] = "p1,0.5,2,0"
    dataset = table("id,start,stop,event", *rows)
    found = shape.rows_are(dataset)
    assert found is not None
    assert found.kind == "intervals"
    note = shape.explain(found, dataset)
    assert (note.n, note.lines) == (1, (5,))
    assert "In 1 row the interval overlaps" in note.text


def test_stacked_endpoints_are_no_patients() -> None:
    dataset = table("id,Endpunkt,Monate,Ereignis", "a,OS,9,0", "a,PFS,5,1", "b,OS,8,1", "b,PFS,8,1")
    found = shape.rows_are(dataset)
    assert found == Shape("parameters", "id", 2, ("Endpunkt",))
    note = shape.explain(found, dataset)
    assert (note.level, note.section, note.n) == ("warning", "suspect", 4)
    assert "told apart by 'Endpunkt': 2 patients ('id') in 4 rows" in note.text
    listed = shape.stacked_endpoints(dataset, found)
    assert [(e.label, e.time, e.unit, e.event_is) for e in listed] == [
        ("Overall survival", "Monate", "months", ("1",)),
        ("Progression-free survival", "Monate", "months", ("1",)),
    ]


def test_where_of_a_stacked_endpoint_survives_awkward_names() -> None:
    level = '"relapse, ""any"""'
    dataset = table(
        '"end point, endpoint",id,months,event', f"{level},a,9,0", "x = y,a,5,1",
        f"{level},b,8,1", "x = y,b,8,1",
    )  # fmt: skip
    found = shape.rows_are(dataset)
    assert found is not None
    assert found.kind == "parameters"
    picked = []
    for endpoint in shape.stacked_endpoints(dataset, found):
        condition = filters.parse(endpoint.where[0], dataset.variables)
        picked.append(filters.matches(condition, dataset).tolist())
    assert picked == [[True, False, True, False], [False, True, False, True]]


def test_a_column_is_no_endpoint_when_a_patient_has_it_twice_or_few_have_several() -> None:
    assert kind("id,endpoint,months,event", "a,OS,9,0", "a,OS,5,1", "a,PFS,5,1") == "samples"
    single = [f"p{i},dead,9,1" for i in range(20)]
    assert kind("id,outcome,months,event", *single, "a,dead,9,1", "a,alive,5,0") == "samples"
    pairs = [f"p{i},{word}{i},9,1" for i in range(9) for word in ("a", "b")]
    assert kind("id,outcome,months,event", *pairs) == "samples", "no level is shared by patients"


def test_one_patient_entered_twice_does_not_make_a_table_of_lesions() -> None:
    single = [f"p{i},liver,9,1" for i in range(20)]
    found = shape.rows_are(table("id,organ,months,death", *single, "a,bone,9,1", "a,lung,9,1"))
    assert found == Shape("samples", "id", 21)


@pytest.mark.parametrize("name", ["lesion", "Organ", "Visit", "Timepoint", "SUVmax", "target"])
def test_lesions_and_visits(name: str) -> None:
    dataset = table(f"id,{name},months,death", "a,1,9,0", "a,2,9,0", "b,1,5,1", "b,2,5,1")
    found = shape.rows_are(dataset)
    assert found == Shape("lesions", "id", 2, (name,))
    assert f"a lesion or a visit ('{name}' differs within patients)" in (
        shape.explain(found, dataset).text
    )


def test_samples_and_what_does_not_differ_within_patients() -> None:
    header = "Patient ID,Sample ID,site,months,death"
    dataset = table(header, "a,s1,North,9,0", "a,s2,North,9,0", "b,s3,South,5,1")
    found = shape.rows_are(dataset)
    assert found == Shape("samples", "Patient ID", 2, ("Sample ID",))
    assert kind("id,site,months,death", "a,N,9,0", "a,N,8,0", "b,S,5,1") == "samples"
    assert shape.rows_are(table(header, "a,s1,N,9,0", "b,s2,N,9,0")) is None


def test_repetitions_are_told_from_other_records() -> None:
    dataset = table("id,months,death", "a,9,", "b,5,1", "a,9,", "a,9,")
    found = shape.rows_are(dataset)
    assert found == Shape("duplicates", "id", 2)
    note = shape.explain(found, dataset)
    assert (note.n, note.lines) == (2, (4, 5))
    assert "2 rows repeat another one throughout" in note.text
    assert kind("id,months,death", "a,9,0", "a,9,0", "a,8,0") == "samples"


def test_the_identifier_can_be_named() -> None:
    dataset = table("id,family,months,death", "1,a,9,0", "2,a,5,1")
    assert shape.rows_are(dataset) is None
    found = shape.rows_are(dataset, "family")
    assert found is not None
    assert found.id == "family"
    with pytest.raises(SpecError, match="no column 'x'"):
        shape.rows_are(dataset, "x")


def test_repetitions_are_left_out_and_lines_stay_right() -> None:
    dataset = table("id,x", "a,1", "a,1", "", "b,", "b,", "a,2")
    dropped = shape.drop_duplicates(dataset, Recipe.parse(["duplicates(drop)"]))
    assert dropped.frame["id"].tolist() == ["a", "b", "a"]
    assert [dropped.row_number(i) for i in range(3)] == [2, 5, 7]
    note = dropped.notes[-1]
    assert (note.section, note.n, note.lines) == ("excluded", 2, (3, 6))
    assert len(dataset.frame) == 5, "the table itself is not changed"
    again = shape.drop_duplicates(dropped, Recipe.parse(["duplicates(drop)"]))
    assert again is dropped
    with pytest.raises(SpecError, match="cannot be read"):
        shape.drop_duplicates(dataset, Recipe.parse(["duplicates(keep)"]))


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("r_survival/heart.csv", Shape("intervals", "id", 103, ("start", "stop"))),
        ("r_survival/cgd.csv", Shape("intervals", "id", 128, ("tstart", "tstop"))),
        ("r_survival/colon.csv", Shape("parameters", "id", 929, ("etype",))),
        ("r_survival/kidney.csv", Shape("samples", "id", 38)),
        ("r_survival/mgus2.csv", None),
        ("r_survival/pbc.csv", None),
        ("rotterdam/rotterdam.csv", None),
        ("metabric/brca_metabric_clinical_data.tsv", None),
        ("rcdisc_adtte/cadtte.csv.gz", Shape("parameters", "USUBJID", 400, ("PARAMCD",))),
        ("rcdisc_adtte/cadrs.csv.gz", Shape("lesions", "USUBJID", 400, ("AVISIT",))),
        ("sdtm_onco/tr_onco.csv.gz", Shape("lesions", "USUBJID", 254, ("TRLNKID",))),
    ],
)
def test_public_tables(file: str, expected: Shape | None) -> None:
    data = (tables() / file).read_bytes()
    data = gzip.decompress(data) if file.endswith(".gz") else data
    found = shape.rows_are(read(data, file.rpartition("/")[2].removesuffix(".gz")))
    assert found == expected
