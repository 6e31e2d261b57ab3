"""The roles of columns: what is guessed, what is asked, and that 1/2 is never guessed."""

from __future__ import annotations

import dataclasses
import timeit
from pathlib import Path
from typing import Any

import pytest

from core.dataset import Dataset, Endpoint, Shape
from core.errors import DataError, SpecError
from core.inclusion import include
from core.reading import examples, read, read_file
from core.reading.roles.coding import guess_event_is
from core.reading.roles.filling import fill
from core.reading.roles.guessing import biomarkers, endpoints, guess, guess_id, stratifiers
from core.reading.roles.names import event_rank, is_id, stem, time_rank, unit_of
from core.reading.roles.vocabulary import one_of
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


# --- rows and patients -------------------------------------------------------------------------

REPEATED = ("patient_id,months,death,lesion", "1,3,1,A", "1,4,0,B", "2,5,0,A")


def shaped(dataset: Dataset, kind: Any, *columns: str, by: str = "patient_id") -> Dataset:
    n = int(dataset.frame[by].nunique())
    return dataclasses.replace(dataset, rows_are=Shape(kind, by, n, columns))


def test_an_identifier_without_repeats_is_not_filled_in() -> None:
    spec, notes = fill(table("patient_id,months,death", "1,3,1", "2,4,0"), NOTHING)
    assert spec.id is None
    assert not [n for n in notes if n.about == "id"]


@pytest.mark.parametrize("kind", ["lesions", "samples", "duplicates", None])
def test_rows_are_never_counted_as_patients_unasked(kind: str | None) -> None:
    dataset = table(*REPEATED)
    dataset = dataclasses.replace(dataset, rows_are=None)
    dataset = dataset if kind is None else shaped(dataset, kind)
    error = asked(dataset)
    assert error.field == "id"
    assert "2 patients ('patient_id') in 3 rows" in error.problem
    assert "id=patient_id and one_row=first" in error.hint
    assert ("clean=duplicates(drop)" in error.hint) == (kind == "duplicates")
    assert asked(dataset, "where=lesion != C").field == "id"


def test_rows_count_when_the_question_says_which() -> None:
    dataset = shaped(table(*REPEATED), "lesions")
    assert fill(dataset, NOTHING.but(one_row="all"))[0].id is None
    assert fill(dataset, NOTHING.but(one_row="first"))[0].id == "patient_id"
    assert fill(dataset, NOTHING.but(where=("lesion = A",)))[0].id == "patient_id"
    said = NOTHING.but(id="patient_id", one_row="last")
    spec, notes = fill(dataset, said)
    assert (spec.id, spec.one_row) == ("patient_id", "last")
    assert not [n for n in notes if n.about == "id"]
    assert fill(dataset, spec) == (spec, ())


def test_another_identifier_than_the_one_that_repeats_is_warned_of() -> None:
    dataset = shaped(table("patient_id,sample,months,death", "1,a,3,1", "1,b,4,0"), "samples")
    notes = fill(dataset, NOTHING.but(id="sample"))[1]
    assert [n.about for n in notes if n.level == "warning"] == ["id"]


def test_intervals_are_used_as_start_stop_data() -> None:
    dataset = table(
        "id,start,stop,event", "1,0,50,0", "1,50,700,1", "2,0,900,0", "3,0,10,0", "3,10,30,1"
    )
    dataset = shaped(dataset, "intervals", "start", "stop", by="id")
    spec, notes = fill(dataset, NOTHING)
    assert (spec.time, spec.entry, spec.id, spec.unit) == ("stop", "start", "id", "days")
    assert "3 patients in 5 rows. They are used as such." in notes[0].text
    assert fill(dataset, spec) == (spec, ())
    included = include(dataset, spec)
    assert (included.n_patients, len(included.rows)) == (3, 5)
    # A landmark of another kind, or one row each, is another question.
    assert fill(dataset, spec.but(entry=None, one_row="last"))[0].entry is None
    assert asked(dataset, "time=start").field == "id"


def stacked(*endpoints: str) -> Dataset:
    dataset = table(
        "USUBJID,PARAMCD,AVAL,CNSR",
        *(
            f"{i},{name},{10 * i + k},{i % 2}"
            for i in range(1, 5)
            for k, name in enumerate(endpoints)
        ),
    )
    found = tuple(
        Endpoint(f"{e} label", "AVAL", "days", "CNSR", ("0",), where=(f"PARAMCD = {e}",))
        for e in endpoints
    )
    if len(endpoints) > 1:
        dataset = shaped(dataset, "parameters", "PARAMCD", by="USUBJID")
    return dataclasses.replace(dataset, endpoints=found)


def test_stacked_endpoints_are_chosen_by_a_filter() -> None:
    dataset = stacked("PFS", "OS")
    error = asked(dataset)
    assert error.field == "where"
    assert "where=PARAMCD = PFS (PFS label) or where=PARAMCD = OS" in error.hint
    assert asked(dataset, "time=AVAL&unit=days&event=CNSR&event_is=0").field == "where"
    for where in ("PARAMCD = OS", "PARAMCD=OS", 'PARAMCD = "OS"'):
        spec, _ = fill(dataset, NOTHING.but(where=(where,)))
        assert (spec.time, spec.unit, spec.event, spec.event_is) == ("AVAL", "days", "CNSR", ("0",))
        assert spec.where == (where,)
        assert spec.id == "USUBJID"
        assert fill(dataset, spec) == (spec, ())
    assert asked(dataset, "where=PARAMCD in OS,PFS").field == "where"
    assert fill(dataset, NOTHING.but(where=("PARAMCD in OS",)))[0].time == "AVAL"


def test_the_only_stacked_endpoint_is_taken_and_said() -> None:
    spec, notes = fill(stacked("PFS"), NOTHING)
    assert spec.where == ("PARAMCD = PFS",)
    assert spec.event_is == ("0",)
    assert [n.about for n in notes] == ["where"]


def test_what_an_endpoint_of_the_table_says_is_filled_in() -> None:
    dataset = table("in,out,what", "1,3,1", "0,5,0", "2,9,2")
    known = Endpoint("DSS", "out", "months", "what", ("1",), competing=("2",), entry="in")
    dataset = dataclasses.replace(dataset, endpoints=(known,))
    spec, notes = fill(dataset, NOTHING)
    assert (spec.entry, spec.competing, notes) == ("in", ("2",), ())
    assert fill(dataset, NOTHING.but(event_is=("2",)))[0].competing == ()
    unknown = dataclasses.replace(known, unit="", event_is=(), competing=())
    dataset = dataclasses.replace(dataset, endpoints=(unknown,))
    assert asked(dataset).field == "unit"
    assert asked(dataset, "unit=months").field == "event_is"


def test_codes_of_value_labels_are_understood() -> None:
    dataset = table("months,vital", "3,alive", "5,dead", "7,other death")
    codes = (("1", "alive"), ("2", "dead"), ("3", "other death"))
    vital = dataclasses.replace(dataset.variables["vital"], codes=codes)
    dataset = dataclasses.replace(dataset, variables={**dataset.variables, "vital": vital})
    spec, _ = fill(dataset, AnalysisSpec.from_query("event=vital&event_is=2&competing=3"))
    assert (spec.event_is, spec.competing) == (("dead",), ("other death",))


def test_a_competing_event_in_words_is_filled_in_and_said() -> None:
    rows = [f"{i},{s}" for i, s in enumerate(("Living", "Died of Disease", "Died of Other Causes"))]
    spec, notes = fill(table("months,status", *rows), NOTHING)
    assert spec.event_is == ("Died of Disease",)
    assert spec.competing == ("Died of Other Causes",)
    assert [n.about for n in notes] == ["time", "unit", "event", "event_is", "competing"]


def test_a_delayed_entry_is_pointed_out_and_not_used() -> None:
    dataset = table("entry,months,death", "1,3,1", "0,5,0", "2,9,1")
    spec, notes = fill(dataset, NOTHING)
    assert spec.entry is None
    assert [n.about for n in notes if n.level == "warning"] == ["entry"]
    assert not [n for n in fill(dataset, NOTHING.but(entry="entry"))[1] if n.about == "entry"]


def test_dates_are_pointed_out_where_no_time_is() -> None:
    dataset = table("diagnosis date,last contact,death", "2020-01-01,2020-03-01,1", "2020-01-01,,0")
    assert "start=diagnosis date and end=last contact" in asked(dataset).hint


def test_a_question_that_says_it_all_is_filled_fast() -> None:
    dataset = shaped(table("id,start,stop,event", "1,0,5,0", "1,5,7,1"), "intervals", "start",
                     "stop", by="id")  # fmt: skip
    spec, _ = fill(dataset, NOTHING.but(unit="days"))
    best = min(timeit.repeat(lambda: fill(dataset, spec), number=20, repeat=5)) / 20
    assert best < 0.001


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


@pytest.mark.parametrize("name", examples.names())
def test_every_shipped_cohort_opens_without_a_question(name: str) -> None:
    spec, notes = fill(examples.load(name), NOTHING)
    assert None not in (spec.time, spec.unit, spec.event)
    assert spec.event_is
    assert notes == ()


# --- other languages ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "rows", "roles"),
    [
        (
            "Patienten-Nr.,Alter,Überlebenszeit (Monate),Verstorben",
            ("1,71,12.5,ja", "2,66,30,nein"),
            "Überlebenszeit (Monate) months Verstorben ja months",
        ),
        (
            "Pat-ID,ÜBERLEBENSTAGE,Vitalstatus",
            ("1,300,verstorben", "2,450,lebt"),
            "ÜBERLEBENSTAGE days Vitalstatus verstorben days",
        ),
        (
            "Gesamtüberleben (Jahre),Rezidiv,PFS_Zeit (Tage),PFS_Ereignis",
            ("3,nein,700,1", "5,ja,800,0"),
            "PFS_Zeit (Tage) days PFS_Ereignis 1 days",
        ),
        ("Survie (mois),Décès", ("3,oui", "5,non"), "Survie (mois) months Décès oui months"),
        (
            "Supervivencia (meses),Estado",
            ("3,Fallecido", "5,Vivo"),
            "Supervivencia (meses) months Estado Fallecido months",
        ),
        (
            "Tempo (mesi),Stato",
            ("3,deceduto", "5,vivente"),
            "Tempo (mesi) months Stato deceduto months",
        ),
        ("Overleving (maanden),Overleden", ("3,ja", "5,nee"),
         "Overleving (maanden) months Overleden ja months"),
        ("患者编号,生存时间\uff08月\uff09,生存状态", ("1,3,死亡", "2,5,存活"),
         "生存时间\uff08月\uff09 months 生存状态 死亡 months"),
        ("患者番号,全生存期間\uff08日\uff09,転帰", ("1,3,死亡", "2,5,生存"),
         "全生存期間\uff08日\uff09 days 転帰 死亡 days"),
        ("住院号,随访时间(月),是否死亡", ("1,3,是", "2,5,否"),
         "随访时间(月) months 是否死亡 是 months"),
        ("总生存期(月),OS状态", ("3,1", "5,0"), "总生存期(月) months OS状态 1 months"),
    ],
)  # fmt: skip
def test_tables_in_other_languages(header: str, rows: tuple[str, ...], roles: str) -> None:
    assert filled(table(header, *rows)) == roles


def test_identifiers_in_other_languages() -> None:
    for name in ("Fallnummer", "Patienten-Nr.", "患者ID", "住院号", "N° dossier", "USUBJID"):
        assert is_id(name) == (name != "N° dossier")
    assert not is_id("Studien-ID Zentrum")
    assert not is_id("event no")
    found = guess_id(table("SUBJID,USUBJID", "1,S1"))
    assert found is not None
    assert found.value == "USUBJID"


def test_what_only_sounds_like_a_time_or_an_event() -> None:
    for name in ("Operationszeit", "手术时间", "住院时间", "percentage", "Überlebensstatus", "年"):
        assert time_rank(name) is None
    for name in (
        "死亡日期",
        "死亡原因",
        "Datum Rezidiv",
        "Todesursache",
        "liver metastasis",
        "antécédent de récidive",
    ):
        assert event_rank(name) is None
    assert unit_of("percentage") is None
    assert unit_of("OSmonths") == "months"


def test_a_column_without_a_telling_name_is_known_by_its_label() -> None:
    dataset = table("v1,v2,v3", "3,1,1", "5,0,2", "7,0,3")
    labels = {"v1": "Overall survival (months)", "v2": "Death", "v3": "Number of nodes"}
    variables = {
        name: dataclasses.replace(v, label=labels[name]) for name, v in dataset.variables.items()
    }
    dataset = dataclasses.replace(dataset, variables=variables)
    roles = guess(dataset)
    assert roles.time is not None
    assert roles.event is not None
    assert (roles.time.value, roles.event.value) == ("v1", "v2")
    assert roles.time.reason == "the label says so"
    assert filled(dataset) == "v1 months v2 1 months"


def test_a_unit_that_name_and_label_say_differently_is_asked_for() -> None:
    dataset = table("OS_MONTHS,death", "3,1", "700,0")
    time = dataclasses.replace(dataset.variables["OS_MONTHS"], label="Survival in days")
    dataset = dataclasses.replace(dataset, variables={**dataset.variables, "OS_MONTHS": time})
    assert asked(dataset).field == "unit"


def test_markers_and_stratifiers_are_proposed_with_a_reason() -> None:
    dataset = table(
        "id,months,death,SUVmax,Ki-67 (%),CA15-3,liver metastasis,grade,centre,constant,kilos,line",
        *(
            f"P{i},{i},{i % 2},{i * 1.5},{i * 3},{i * i},{'yn'[i % 2]},{i % 3 + 1},c{i % 4},1,"
            f"{50 + i},{i % 3}"
            for i in range(1, 25)
        ),
    )
    found = [(g.value, g.reason) for g in biomarkers(dataset)]
    assert found[:3] == [
        ("SUVmax", "a known marker: uptake in PET"),
        ("Ki-67 (%)", "a known marker: proliferation"),
        ("CA15-3", "a known marker: tumour marker in blood"),
    ]
    groups = {g.value: g.reason for g in stratifiers(dataset)}
    assert groups == {
        "liver metastasis": "a clinical group: metastasis",
        "grade": "a clinical group: grade",
        "line": "a clinical group: line of therapy",
        "centre": "4 levels",
    }
    assert not {"id", "months", "death", "constant"} & {name for name, _ in found}


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


def test_every_role_of_the_metabric_table() -> None:
    metabric = read_file(tables() / "metabric/brca_metabric_clinical_data.tsv")
    spec, _ = fill(metabric, NOTHING.but(event="Patient's Vital Status"))
    assert spec.event_is == ("Died of Disease",)
    assert spec.competing == ("Died of Other Causes",)


def test_hostile_tables(hostile: Path) -> None:
    ambiguous = read_file(hostile / "events_ambiguous.csv")
    assert "are 1 and 2" in asked(ambiguous).problem
    assert "are 0, 1 and 2" in asked(ambiguous, "event=v3").problem
    assert filled(ambiguous, "event=v2") == "os_months months v2 dead months"
    censored = read_file(hostile / "all_censored.csv")
    assert filled(censored) == "os_months months os_event 1 months"
    names = read_file(hostile / "formula_names.csv")
    assert filled(names) == "os_months months os_event 1 months"
