"""Lesion tables beside the patients' table: recognised, matched by number, made columns."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from core.analysis import analyse, analyse_query, key
from core.cohort import select
from core.dataset import Dataset, Endpoint
from core.errors import DataError
from core.known import KnownLater
from core.lesions.attach import NO_LESIONS, added, attached, with_columns
from core.lesions.matching import matched
from core.lesions.recist import compare
from core.reading import read_all
from core.reading.roles.filling import fill
from core.reading.roles.guessing import endpoints
from core.spec import AnalysisSpec
from core.steps import Recipe

PATIENTS = b"""id,months,progressed,age
1,5.5,1,60
2,12,0,55
3,3,1,70
4,8,1,66
5,20,0,49
6,2,1,71
"""
PET = b"""patient,lesion,site,SUVmax,SUVmean,MTV
1,1,liver,6,3,10
1,2,bone,9,4.5,5
2,1,lung,3,2,4
3,1,node,8,3,2
3,2,liver,4,2,7
4,1,lung,2,1.5,3
5,1,node,5,2.5,1
6,1,liver,11,4,20
"""
VISITS = b"""patient,visit,week,lesion,type,location,size mm
1,0,0,T1,target,liver,20
1,1,8,T1,target,liver,30
2,0,0,T1,target,lung,40
2,1,8,T1,target,lung,20
3,0,0,T1,target,node,30
3,1,8,T1,target,node,31
3,1,8,N1,new,brain,
"""
ASKED = AnalysisSpec(time="months", unit="months", event="progressed", event_is=("1",))


def loaded(*tables: tuple[str, bytes]) -> Dataset:
    return read_all([("patients.csv", PATIENTS), *tables], Recipe())


def column(dataset: Dataset, name: str) -> list[float | str | None]:
    values = dataset.frame[name].tolist()
    return [None if isinstance(v, float) and np.isnan(v) else v for v in values]


def test_a_lesion_table_stands_beside_the_patients() -> None:
    dataset = loaded(("pet.csv", PET))
    assert len(dataset.frame) == 6
    assert [table.name for table in dataset.lesions] == ["pet.csv"]
    assert list(dataset.variables) == ["id", "months", "progressed", "age"]
    assert any("8 rows" in note.text for note in dataset.notes)


def test_lesions_become_columns_of_the_patients() -> None:
    made = with_columns(loaded(("pet.csv", PET)), ASKED)
    # The hottest lesion of patient 1 is in bone; patient 4 has none of SUVmax 2.5.
    assert column(made, "SUVmax") == [9, 3, 8, None, 5, 11]
    assert column(made, "HI") == [2, 1.5, pytest.approx(8 / 3), None, 2, 2.75]
    assert column(made, "MTV") == [15, 4, 9, None, 1, 20]
    assert column(made, "n_lesions") == [2, 1, 2, None, 1, 1]
    assert "hottest" in made.variables["HI"].meaning
    assert made.variables["MTV"].unit == "mL"
    assert {v.name for v in added(made)} >= {"SUVmax", "HI", "COV", "TLG", "MTV"}


def test_the_choices_of_the_question_are_followed() -> None:
    dataset = loaded(("pet.csv", PET))
    without = with_columns(dataset, ASKED.but(sites_out=("bone",)))
    assert column(without, "SUVmax") == [6, 3, 8, None, 5, 11]
    all_in = with_columns(dataset, ASKED.but(suv_min=0.0))
    assert column(all_in, "SUVmax") == [9, 3, 8, 2, 5, 11]
    whole = with_columns(dataset, ASKED)
    assert len({d.derived for d in (without, all_in, whole)}) == 3
    assert key("km", without, ASKED) != key("km", whole, ASKED)


def test_derived_columns_group_patients_and_the_others_leave_by_the_ledger() -> None:
    made = with_columns(loaded(("pet.csv", PET)), ASKED)
    cohort = select(made, ASKED.but(group_by="SUVmax", cut_rule="median"))
    assert cohort.n == 5
    left = [(e.reason, e.n) for e in cohort.included.ledger]
    assert left == [("no lesion with SUVmax >= 2.5", 1)]
    assert cohort.groups.thresholds == (8.0,)


def test_the_ledger_says_why_there_is_no_value() -> None:
    both = loaded(("pet.csv", PET[: PET.index(b"6,1,")]), ("visits.csv", VISITS))
    by_cov = ASKED.but(group_by="COV", cut_rule="median", sites_out=("lung",))
    cohort = select(with_columns(both, by_cov), by_cov)
    assert {e.reason: e.n for e in cohort.included.ledger} == {
        "no lesion in the lesion table": 1,
        "all lesions in sites left out (lung)": 2,
        "missing COV": 1,
    }
    by_mode = ASKED.but(group_by="pd_mode", origin="time_to_progression")
    reasons = with_columns(both, by_mode).absent["pd_mode"].tolist()
    assert reasons == ["", "no progression, so no mode of it", "", *[NO_LESIONS] * 3]


def test_progression_by_the_lesions_is_an_endpoint() -> None:
    made = with_columns(loaded(("visits.csv", VISITS)), ASKED)
    (endpoint,) = made.endpoints
    assert (endpoint.time, endpoint.event, endpoint.event_is) == ("pfs_time", "pfs_event", ("1",))
    spec, _ = fill(made, AnalysisSpec(time="pfs_time"))
    cohort = select(made, spec)
    assert (cohort.n, cohort.time.tolist(), cohort.event.tolist()) == (
        3, [56.0, 56.0, 56.0], [True, False, True],
    )  # fmt: skip
    # It is offered, and never taken in the place of the table's own.
    spec, _ = fill(made, AnalysisSpec())
    assert (spec.time, spec.event) == ("months", "progressed")
    assert [e.time for e in endpoints(made)] == ["months", "pfs_time"]


def test_the_mode_groups_patients_who_are_followed_from_then_on() -> None:
    dated = VISITS.replace(b",week,", b",date,")
    dated = dated.replace(b",0,0,", b",0,2020-01-01,").replace(b",1,8,", b",1,2020-02-26,")
    patients = (
        b"id,second_line,months,progressed\n1,2020-03-01,5,1\n2,2020-03-01,9,0\n3,2020-02-26,4,1\n"
    )
    table = read_all([("patients.csv", patients), ("visits.csv", dated)], Recipe())
    asked = ASKED.but(group_by="pd_mode")
    with pytest.raises(KnownLater):
        select(with_columns(table, asked), asked)
    begins = Endpoint("Second line", "months", "months", "progressed", ("1",), start="second_line")
    told = dataclasses.replace(table, endpoints=(begins,))
    cohort = select(with_columns(told, asked), asked)
    assert [(e.reason, e.n) for e in cohort.included.ledger] == [
        ("no progression, so no mode of it", 1)
    ]
    early = patients.replace(b"3,2020-02-26", b"3,2020-02-25")  # before her progression
    table = read_all([("patients.csv", early), ("visits.csv", dated)], Recipe())
    told = dataclasses.replace(table, endpoints=(begins,))
    with pytest.raises(KnownLater):
        select(with_columns(told, asked), asked)


def test_visits_become_responses() -> None:
    made = with_columns(loaded(("visits.csv", VISITS)), ASKED)
    assert column(made, "best_response")[:3] == ["PD", "PR", "PD"]
    # A target grew by half; a new lesion beside a stable target.
    assert column(made, "pd_model_a")[:3] == ["group 2", None, "group 1"]
    assert made.variables["pd_mode"].known != ""


def test_two_lesion_tables_at_once() -> None:
    made = with_columns(loaded(("pet.csv", PET), ("visits.csv", VISITS)), ASKED)
    assert {"HI", "best_response"} <= set(made.variables)


def test_columns_are_not_appended_twice() -> None:
    made = with_columns(loaded(("pet.csv", PET)), ASKED)
    assert with_columns(made, ASKED) is made
    assert attached(made, ASKED) is made.attached


def test_a_column_of_the_patients_wins() -> None:
    own = PATIENTS.replace(b"age", b"HI")
    dataset = read_all([("patients.csv", own), ("pet.csv", PET)], Recipe())
    made = with_columns(dataset, ASKED)
    assert column(made, "HI") == [60, 55, 70, 66, 49, 71]
    assert any("already" in note.text for note in made.notes)


def test_the_order_of_lesions_does_not_matter() -> None:
    head, *rows = PET.splitlines(keepends=True)
    turned = head + b"".join(reversed(rows))
    one, other = (with_columns(loaded(("pet.csv", data)), ASKED) for data in (PET, turned))
    for variable in added(one):
        assert column(one, variable.name) == column(other, variable.name)


def test_lesions_of_nobody_are_refused() -> None:
    strangers = PET.replace(b"\n", b"\n9")
    with pytest.raises(DataError, match="patients of the lesion table"):
        with_columns(loaded(("pet.csv", strangers[:-1])), ASKED)


def test_the_lesions_are_brought_into_form_once() -> None:
    dataset = loaded(("pet.csv", PET))
    form = matched(dataset, None)
    found = attached(dataset, ASKED, form)
    assert found is not None
    assert found.pet is form.tables.pet


def test_the_command_takes_lesions(tmp_path: Path) -> None:
    for name, data in (("patients.csv", PATIENTS), ("pet.csv", PET)):
        (tmp_path / name).write_bytes(data)
    query = f"{ASKED.to_query()}&group_by=SUVmax&cut_rule=median&parts=cohort"
    answer = analyse_query(tmp_path / "patients.csv", query, lesions=[tmp_path / "pet.csv"])
    assert [level["n"] for level in answer["groups"]["levels"]] == [2, 3]
    assert any("SUVmax" in sentence for sentence in answer["methods"])
    with pytest.raises(DataError, match="--lesions"):
        analyse_query(tmp_path / "patients.csv", query, lesions=[tmp_path / "patients.csv"])


def test_an_answer_without_lesions_has_none() -> None:
    dataset = loaded()
    assert attached(dataset, ASKED) is None
    assert analyse(dataset, ASKED.but(parts=("cohort",)))["cohort"]["n"] == 6


def test_a_link_says_that_a_lesion_table_belongs_to_it() -> None:
    dataset = loaded(("pet.csv", PET))
    step = f"lesions({dataset.lesions[0].reference})"
    assert step in dataset.steps
    with pytest.raises(DataError, match="table of lesions"):
        read_all([("patients.csv", PATIENTS)], Recipe.parse([step]))
    again = read_all([("patients.csv", PATIENTS), ("pet.csv", PET)], Recipe.parse([step]))
    assert again.steps == dataset.steps


SDTM = {
    "tr.csv": b"""USUBJID,TRLNKID,TRTESTCD,TRSTRESN,TRSTRESC,VISITNUM,TRDTC,TREVAL
S-1,T1,DIAMETER,20,20,1,2020-01-01,INVESTIGATOR
S-1,T1,DIAMETER,10,10,2,2020-03-01,INVESTIGATOR
S-1,T1,DIAMETER,16,16,3,2020-05-01,INVESTIGATOR
S-2,T1,DIAMETER,30,30,1,2020-01-01,INVESTIGATOR
S-2,T1,DIAMETER,15,15,2,2020-03-01,INVESTIGATOR
""",
    "tu.csv": b"""USUBJID,TULNKID,TULOC,TUSTRESC
S-1,T1,LIVER,TARGET
S-2,T1,LUNG,TARGET
""",
    "rs.csv": b"""USUBJID,RSTESTCD,RSSTRESC,VISITNUM,RSDTC,RSEVAL
S-1,OVRLRESP,PR,2,2020-03-01,INVESTIGATOR
S-1,OVRLRESP,SD,3,2020-05-01,INVESTIGATOR
S-2,OVRLRESP,PR,2,2020-03-01,INVESTIGATOR
""",
}


def test_the_responses_of_sdtm_stand_apart() -> None:
    patients = b"subject,months,progressed\nS1,5,1\nS2,9,0\n"  # written without the sign
    table = read_all([("patients.csv", patients), *SDTM.items()], Recipe())
    assert [part.name for part in table.lesions] == list(SDTM)
    found = attached(table, ASKED)
    assert found is not None
    assert found.responses is not None
    assert found.recist_patients is not None
    result = compare.disagreements(found.recist_patients.assessments, found.responses)
    # 16 mm is 6 mm and 60 % above the smallest sum: a progression, whatever the baseline was.
    assert result.n == 3
    (other,) = result.disagreements
    assert (other.line, other.ours, other.theirs) == (3, "PD", "SD")


def test_responses_without_lesions_are_refused() -> None:
    patients = b"subject,months,progressed\nS1,5,1\nS2,9,0\n"
    table = read_all([("patients.csv", patients), ("rs.csv", SDTM["rs.csv"])], Recipe())
    with pytest.raises(DataError, match="none of the lesions"):
        attached(table, ASKED)


def test_a_moment_that_no_date_of_time_0_allows_is_told_in_days() -> None:
    dated = VISITS.replace(b",week,", b",date,")
    dated = dated.replace(b",0,0,", b",0,2020-01-01,").replace(b",1,8,", b",1,2020-02-26,")
    table = loaded(("visits.csv", dated))
    assert with_columns(table, ASKED).variables["pd_mode"].known == "time_to_progression"
    # The way on that the guard offers can be gone.
    moved = ASKED.but(group_by="pd_mode", origin="time_to_progression")
    assert select(with_columns(table, moved), moved).n == 2
    started = ASKED.but(time=None, start="a date")
    assert with_columns(table, started).variables["pd_mode"].known == "progression_date"
    assert with_columns(table, ASKED).variables["best_response"].known == "time_to_assessment"


def test_a_landmark_leaves_the_lesions_own_times_as_they_are() -> None:
    dated = VISITS.replace(b",week,", b",date,")
    dated = dated.replace(b",0,0,", b",0,2020-01-01,").replace(b",1,8,", b",1,2020-02-26,")
    table = loaded(("visits.csv", dated))
    asked = AnalysisSpec(
        time="pfs_time", unit="days", event="pfs_event", event_is=("1",), landmark=7.0,
        group_by="new_lesions",
    )  # fmt: skip
    cohort = select(with_columns(table, asked), asked)
    assert cohort.time.tolist() == [56.0, 56.0, 56.0]
    # Nobody had a new lesion by then: they were seen at the visit after it.
    assert [level.label for level in cohort.groups.levels] == ["not yet"]


def test_a_value_without_a_time_is_not_known_at_the_start() -> None:
    rows = b"id,months,dead,grade,seen\n1,5,1,high,-2\n2,9,0,low,-1\n3,4,1,%s,\n"
    asked = AnalysisSpec(
        time="months", unit="months", event="dead", event_is=("1",), group_by="grade"
    )
    for third, stopped in ((b"", False), (b"low", True), (b"high", True)):
        table = read_all([("a.csv", rows % third)], Recipe.parse(["known(grade, seen)"]))
        if stopped:
            with pytest.raises(KnownLater):
                select(table, asked)
        else:
            assert select(table, asked).n == 2
