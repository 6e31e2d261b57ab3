"""The roles of columns: what is guessed, what is asked, and that 1/2 is never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.dataset import Dataset
from core.errors import DataError, SpecError
from core.reading import examples, read, read_file
from core.reading.coding import guess_event_is
from core.reading.names import event_rank, is_id, one_of, stem, time_rank, unit_of
from core.reading.roles import endpoints, fill, guess
from core.spec import AnalysisSpec
from tests.support import hostile_files, tables

NOTHING = AnalysisSpec()


@pytest.fixture(scope="module")
def hostile() -> Path:
    return hostile_files()


def table(header: str, *rows: str) -> Dataset:
    return read("\n".join((header, *rows, "")).encode(), "t.csv")


def filled(dataset: Dataset, query: str = "") -> str:
    spec, _ = fill(dataset, AnalysisSpec.from_query(query))
    return f"{spec.time} {spec.unit} {spec.event} {','.join(spec.event_is)} {spec.show_unit}"


def asked(dataset: Dataset, query: str = "") -> SpecError:
    with pytest.raises(SpecError) as caught:
        fill(dataset, AnalysisSpec.from_query(query))
    return caught.value


# --- event coding ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "values", "event_is"),
    [
        ("status", ["0", "1"], ("1",)),
        ("os_event", ["0"], ("1",)),
        ("death", ["1"], ("1",)),
        ("OS_STATUS", ["0:LIVING", "1:DECEASED"], ("1:DECEASED",)),
        ("DSS_STATUS", ["0:ALIVE OR DEAD TUMOR FREE", "1:DEAD WITH TUMOR"], ("1:DEAD WITH TUMOR",)),
        ("v2", ["alive", "dead"], ("dead",)),
        ("vital", ["Alive", "Dead", "dead"], ("Dead", "dead")),
        ("status", ["Living", "Died"], ("Died",)),
        ("rfs", ["Not recurred", "Recurred"], ("Recurred",)),
        ("event", ["no", "yes"], ("yes",)),
        ("recurrence", ["No", "Yes"], ("Yes",)),
        ("relapse", ["FALSE", "TRUE"], ("TRUE",)),
        ("结局", ["存活", "死亡"], ("死亡",)),
    ],
)
def test_unambiguous_codings(name: str, values: list[str], event_is: tuple[str, ...]) -> None:
    found = guess_event_is(name, values)
    assert found is not None
    assert found.value == event_is


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("status", ["1", "2"]),
        ("status", ["2"]),
        ("status", ["1"]),
        ("status", ["0", "1", "2"]),
        ("cens", ["0", "1"]),
        ("Censor", ["0", "1"]),
        ("CNSR", ["0", "1"]),
        ("censored", ["no", "yes"]),
        ("uncensored", ["0", "1"]),
        ("alive", ["0", "1"]),
        ("survived", ["0", "1"]),
        ("vital_status", ["0", "1"]),
        ("disease_free", ["0", "1"]),
        ("progression_free", ["no", "yes"]),
        ("status", ["no", "yes"]),
        ("status", ["N", "R"]),
        ("status", ["Died of Disease", "Died of Other Causes", "Living"]),
        ("status", []),
        ("status", ["dead", "lost"]),
        ("OS_STATUS", ["0:LIVING"]),
    ],
)
def test_codings_that_are_asked_for(name: str, values: list[str]) -> None:
    assert guess_event_is(name, values) is None


def test_the_question_names_the_values() -> None:
    error = asked(table("months,status", "1,1", "2,2"))
    assert error.field == "event_is"
    assert "The values of 'status' are 1 and 2" in error.problem
    assert "event_is=2" in error.hint
    many = table("months,event", *(f"{i},{i}" for i in range(1, 9)))
    assert "8 different values" in asked(many, "event=event").problem
    assert "The only value of 'status' is 1" in asked(table("months,status", "7,1")).problem
    assert "has no values" in asked(table("months,status", "7,NA"), "event=status").problem


def test_what_is_named_as_competing_is_set_aside() -> None:
    competing = table("months,status", "1,0", "2,1", "3,2")
    assert filled(competing, "competing=2") == "months months status 1 months"


# --- names -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("OS_MONTHS", "months"),
        ("PFS(月)", "months"),
        ("Overall Survival (Months)", "months"),
        ("os.yrs", "years"),
        ("survival_in_days", "days"),
        ("timeWeeks", "weeks"),
        ("os_d", "days"),
        ("time", None),
        ("12_month_days", None),
        ("mood", None),
    ],
)
def test_unit_of_a_name(name: str, unit: str | None) -> None:
    assert unit_of(name) == unit


@pytest.mark.parametrize(
    "name",
    sorted(
        one_of(
            "time|futime|OS_MONTHS|PFS|rfs|follow-up|Follow up (days)|survival|lenfol|week|"
            "duration|rfstime|time_Death|OS.time|随访时间"
        )
    ),
)
def test_names_of_times(name: str) -> None:
    assert time_rank(name) is not None


@pytest.mark.parametrize(
    "name",
    sorted(
        one_of(
            "age Age_in_years year time_id Months_from_Diagnosis diagtime entry_time "
            "DAYS_TO_BIRTH marker OS_STATUS id"
        )
    ),
)
def test_names_of_no_times(name: str) -> None:
    assert time_rank(name) is None


def test_a_receptor_status_is_no_event() -> None:
    for name in ("ER Status", "HER2 status measured by SNP6", "prior_relapse", "death_cause"):
        assert event_rank(name) is None
    for name in ("status", "OS_STATUS", "death", "fustat", "Censor"):
        assert event_rank(name) is not None


def test_stems_and_ids() -> None:
    assert stem("Relapse Free Status (Months)") == stem("Relapse Free Status")
    assert stem("time_Death") == stem("Death")
    assert is_id("patientId")
    assert not is_id("trialID")
    assert not is_id("fluid")


# --- guessing ----------------------------------------------------------------------------------


def test_the_first_pair_is_preferred() -> None:
    dataset = table(
        "time,PFS_DAYS,PFS_EVENT,OS_DAYS,OS_EVENT", "5,3,1,5,1", "9,4,1,9,0", "7,7,0,7,0"
    )
    assert filled(dataset) == "PFS_DAYS days PFS_EVENT 1 days"
    assert [e.time for e in endpoints(dataset)] == ["PFS_DAYS", "OS_DAYS"]
    assert filled(dataset, "time=OS_DAYS") == "OS_DAYS days OS_EVENT 1 days"
    assert filled(dataset, "event=OS_EVENT") == "OS_DAYS days OS_EVENT 1 days"


def test_a_pair_whose_coding_is_known_comes_before_one_that_is_not() -> None:
    dataset = table("PFS_DAYS,PFS_CENS,OS_DAYS,OS_EVENT", "3,1,5,1", "4,0,9,0")
    assert filled(dataset) == "OS_DAYS days OS_EVENT 1 days"


def test_reasons_are_given_for_the_screen() -> None:
    dataset = table("time,status", "2659,1", "30,0")
    _, notes = fill(dataset, NOTHING)
    assert [n.about for n in notes] == ["time", "unit", "event", "event_is"]
    assert all(n.level == "info" for n in notes)
    assert "the largest value, 2,659, would be 222 years in months" in notes[1].text
    roles = guess(table("OS_MONTHS,OS_STATUS", "2,1", "3,0"))
    assert roles.unit is not None
    assert roles.unit.reason == "the name says months"


def test_nothing_is_guessed_where_two_columns_could_be_meant() -> None:
    two = table("months,death,relapse", "3,1,0", "5,0,1", "7,0,0")
    assert asked(two).field == "event"
    assert asked(table("survival,duration,status", "3,4,1", "5,6,0")).field == "time"
    assert guess(two).event is None


def test_the_unit_is_asked_for_when_nothing_says_it() -> None:
    dataset = table("time,status", "3,1", "599,0")
    error = asked(dataset)
    assert error.field == "unit"
    assert "Say so with unit=months" in error.hint
    assert filled(dataset, "unit=weeks") == "time weeks status 1 weeks"
    assert filled(dataset, "unit=weeks&show_unit=years").endswith("years")


def test_a_receptor_is_not_taken_for_the_event() -> None:
    dataset = table("months,ER_status,cens", "3,1,1", "5,0,0", "8,1,0")
    assert "'cens'" in asked(dataset).problem


def test_a_0_1_column_is_no_time_and_a_negative_one_neither() -> None:
    assert guess(table("OS,OS.time", "1,700", "0,20")).time is not None
    roles = guess(table("OS,OS.time", "1,700", "0,20"))
    assert roles.time is not None
    assert roles.time.value == "OS.time"
    assert roles.event is not None
    assert roles.event.value == "OS"
    assert guess(table("time,status", "-1,1", "-2,0", "3,0")).time is None


def test_unknown_columns_are_named_with_the_nearest() -> None:
    dataset = table("months,death", "3,1", "5,0")
    for field in ("time", "event", "entry", "id", "start"):
        error = asked(dataset, f"{field}=deaht")
        assert error.field == field
        assert "Did you mean 'death'?" in error.hint


def test_text_cannot_be_the_time_and_the_line_is_named() -> None:
    dataset = table("months,death", "3,1", "5,0", "twelve,1")
    for query in ("", "time=months"):
        with pytest.raises(DataError) as caught:
            fill(dataset, AnalysisSpec.from_query(query))
        assert caught.value.row == 4
        assert caught.value.column == "months"
        assert "twelve" not in str(caught.value)


def test_two_dates_are_in_days() -> None:
    dataset = table("a,b,death", "2020-01-01,2020-03-01,1", "2020-01-01,2020-02-01,0")
    spec, _ = fill(dataset, AnalysisSpec.from_query("start=a&end=b"))
    assert (spec.time, spec.unit, spec.event, spec.show_unit) == (None, "days", "death", "days")
    assert asked(dataset, "start=a&end=b&unit=months").field == "unit"
    assert asked(dataset, "start=a").field == "end"
    assert asked(dataset, "start=a&end=b&time=death").field == "start"


def test_an_identifier_is_never_filled_in_but_repeats_are_warned_of() -> None:
    dataset = table("patient_id,months,death", "1,3,1", "1,4,0", "2,5,0")
    spec, notes = fill(dataset, NOTHING)
    assert spec.id is None
    assert [n.about for n in notes if n.level == "warning"] == ["id"]
    assert fill(dataset, NOTHING.but(id="patient_id"))[0].id == "patient_id"
    once = table("patient_id,months,death", "1,3,1", "2,4,0")
    assert not [n for n in fill(once, NOTHING)[1] if n.level == "warning"]


def test_what_is_said_stays() -> None:
    dataset = table("months,death,futime,event", "3,1,700,2", "5,0,800,1")
    said = "time=futime&unit=days&event=event&event_is=2&show_unit=months"
    spec, notes = fill(dataset, AnalysisSpec.from_query(said))
    assert spec == AnalysisSpec.from_query(said)
    assert notes == ()
    assert fill(dataset, spec)[0] == spec


def test_the_dictionary_of_a_shipped_cohort_comes_first() -> None:
    gbsg2 = examples.load("gbsg2")
    assert filled(gbsg2) == "time days cens 1 months"
    assert filled(gbsg2, "event=cens") == "time days cens 1 months"
    assert filled(gbsg2, "show_unit=years") == "time days cens 1 years"
    assert filled(gbsg2, "event_is=0") == "time days cens 0 months"
    assert fill(gbsg2, NOTHING)[1] == ()


# --- real tables -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("file", "roles"),
    [
        (
            "tcga_brca_pancan/data_clinical_patient.txt",
            "OS_MONTHS months OS_STATUS 1:DECEASED months",
        ),
        (
            "metabric/brca_metabric_clinical_data.tsv",
            "Overall Survival (Months) months Overall Survival Status 1:DECEASED months",
        ),
        ("r_survival/veteran.csv", "time days status 1 days"),
        ("r_survival/ovarian.csv", "futime days fustat 1 days"),
        ("rotterdam/gbsg.csv", "rfstime days status 1 days"),
        ("rotterdam/rotterdam.csv", "rtime days recur 1 days"),
        ("gastric_adjuvant_ipd/gastadj.csv", "timeT days statusT 1 days"),
        ("lifelines_data/rossi.csv", "week weeks arrest 1 weeks"),
    ],
)
def test_real_tables(file: str, roles: str) -> None:
    assert filled(read_file(tables() / file)) == roles


@pytest.mark.parametrize(
    ("file", "field"),
    [
        ("r_survival/lung.csv", "event_is"),
        ("r_survival/pbc.csv", "event_is"),
        ("gbsg2/gbsg2.csv", "event_is"),
        ("metabric_competing/metabric_survival.tsv", "event_is"),
        ("r_survival/leukemia.csv", "unit"),
        ("nki70/nki70.csv", "unit"),
        ("psi_adtte_breast/2020-04-08-psi-vissig-adtte.csv", "time"),
        ("r_survival/heart.csv", "time"),
    ],
)
def test_real_tables_that_need_an_answer(file: str, field: str) -> None:
    assert asked(read_file(tables() / file)).field == field


def test_the_endpoints_of_real_tables() -> None:
    tcga = read_file(tables() / "tcga_brca_pancan/data_clinical_patient.txt")
    assert [e.label for e in endpoints(tcga)] == [
        "Overall survival",
        "Disease-specific survival",
        "Disease-free survival",
        "Progression-free survival",
    ]
    rotterdam = read_file(tables() / "rotterdam/rotterdam.csv")
    assert [(e.time, e.event) for e in endpoints(rotterdam)] == [
        ("rtime", "recur"),
        ("dtime", "death"),
    ]
    assert endpoints(read_file(tables() / "r_survival/lung.csv")) == ()


def test_hostile_tables(hostile: Path) -> None:
    ambiguous = read_file(hostile / "events_ambiguous.csv")
    assert "are 1 and 2" in asked(ambiguous).problem
    assert "are 0, 1 and 2" in asked(ambiguous, "event=v3").problem
    assert filled(ambiguous, "event=v2") == "os_months months v2 dead months"
    censored = read_file(hostile / "all_censored.csv")
    assert filled(censored) == "os_months months os_event 1 months"
    names = read_file(hostile / "formula_names.csv")
    assert filled(names) == "os_months months os_event 1 months"
