"""A snapshot gives the results of the table it was made from, and holds nobody's identity."""

from __future__ import annotations

import json
import math
import random
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy.engine import URL

from core import studies
from core.analysis import analyse
from core.dataset import Dataset
from core.errors import DataError, StratiscopeError
from core.exploration import Counts
from core.lesions.attach import with_columns
from core.reading import dictionary, examples, read, read_all
from core.sharing import anonymous, bundle, columns, snapshot, written
from core.sharing.errors import SharingError
from core.sharing.store import Store
from core.spec import AnalysisSpec
from core.steps import Recipe
from tests.support import ROOT

APART = ("import", "query", "data", "notes", "methods")
"""Parts of an answer that speak of the file."""


def numbers(dataset: Dataset, spec: AnalysisSpec) -> dict[str, Any]:
    return {k: v for k, v in analyse(dataset, spec).items() if k not in APART}


def differences(a: Any, b: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """Where two answers differ; sums in another order differ in the last digits."""
    if isinstance(a, dict) and isinstance(b, dict):
        names = sorted({*a} | {*b})
        return [d for n in names for d in differences(a.get(n), b.get(n), f"{path}.{n}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        pairs = enumerate(zip(a, b, strict=True))
        return [d for i, (x, y) in pairs for d in differences(x, y, f"{path}[{i}]")]
    if isinstance(a, float) and isinstance(b, float):
        return [] if math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-12) else [(path, a, b)]
    return [] if a == b else [(path, a, b)]


def frozen(dataset: Dataset, query: str | AnalysisSpec, **more: Any) -> snapshot.Snapshot:
    """Freeze, go through bytes, and compare the results."""
    spec = AnalysisSpec.from_query(query) if isinstance(query, str) else query
    made = snapshot.build(dataset, spec, **more)
    again = snapshot.opened(made.members)
    assert differences(numbers(dataset, spec), numbers(again.dataset, again.spec)) == []
    return again


# A table with everything that must not be in a snapshot ---------------------------------------

N = 60
NAMES = [f"{first} {last}" for first in ("Gudrun", "Heike", "Imke", "Jutta", "Katrin", "Liane")
         for last in ("Kanarie", "Zeisig", "Stieglitz", "Gimpel", "Hänfling", "Girlitz", "Ammer",
                      "Pirol", "Wiedehopf", "Bekassine")]  # fmt: skip
STUDY = [f"ST-{7000 + 13 * i}" for i in range(N)]
MRN = [f"{555_000_000 + 7919 * i}" for i in range(N)]


def clinic(ids: list[str] | None = None) -> bytes:
    rng = random.Random(5)
    day = pd.Timestamp("2014-02-03")
    rows = ["Study ID,Patient name,MRN,Date of birth,Start,Last seen,Scan,status,age,marker,grade,"
            "centre,Comments"]  # fmt: skip
    for i, study in enumerate(ids or STUDY):
        start = day + pd.Timedelta(days=17 * i)
        last = start + pd.Timedelta(days=rng.randrange(40, 1500))
        scan = start + pd.Timedelta(days=rng.randrange(1, 30))
        birth = start - pd.Timedelta(days=rng.randrange(15_000, 30_000))
        cells = [study, NAMES[i], MRN[i], birth.date(), start.date(), last.date(), scan.date(),
                 rng.choice((1, 2, 2)), rng.randrange(30, 85), round(rng.lognormvariate(1, 1), 2),
                 rng.choice(("I", "II", "III")), rng.choice(("North", "South")),
                 f"seen by Dr Eisvogel in room {i} with her sister"]  # fmt: skip
        rows.append(",".join(map(str, cells)))
    return "\n".join(rows).encode()


STEPS = ("recode(status, 1=alive, 2=dead)",)


def patients() -> Dataset:
    said = {
        "stratiscope_dictionary": 1,
        "variables": [{"name": "marker", "label": "The marker", "unit": "U/mL"}],
    }
    table = read_all([("clinic.csv", clinic())], Recipe.parse(STEPS))
    return dictionary.parse(json.dumps(said).encode()).apply(table)


DATED = "start=Start&end=Last%20seen&event=status&event_is=dead"


def everything(made: snapshot.Snapshot) -> bytes:
    """All that a snapshot holds, also as the table that is opened."""
    frames = [made.dataset.frame, *(t.frame for t in made.dataset.lesions)]
    plain = "".join(f.to_csv() for f in frames)
    return b"".join(made.members.values()) + plain.encode() + repr(made.dataset.variables).encode()


def no_canary(held: bytes) -> bool:
    lines = clinic().decode().splitlines()[1:]
    dates = [date for line in lines for date in line.split(",")[3:7]]
    canaries = [*NAMES, *(n.split()[1] for n in NAMES), *STUDY, *MRN, *dates, "Eisvogel"]
    assert len(canaries) == 8 * N + 1
    return not [c for c in canaries if c.encode() in held]


# The same results -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        "group_by=progrec&cut_rule=best&terms=age,horTh,tgrade*progrec&where=tsize > 10",
        "group_by=progrec&second_by=estrec&terms=age:spline(4)&strata=tgrade&subgroups=menostat",
        "group_by=horTh&landmark=6&parts=cohort,km,table_one&weights=pnodes",
    ],
)
def test_a_public_cohort_gives_the_same_results(query: str) -> None:
    made = frozen(examples.load("gbsg2"), query)
    assert made.dataset.endpoints[0].label == "Recurrence-free survival"


def test_the_reader_calls_dates_as_the_snapshot_expects() -> None:
    variables = read(clinic(), "clinic.csv").variables
    assert variables["Scan"].identifier == anonymous.OF_CARE
    assert variables["Date of birth"].identifier not in ("", anonymous.OF_CARE)


def test_the_views_of_the_pet_study_give_the_same_results() -> None:
    dataset = examples.load("fulvestrant")
    shown = [v for view in studies.views("fulvestrant") for v in (view, *view.asks)]
    compared = 0
    for view in shown[::4]:
        try:
            numbers(dataset, view.spec)
        except StratiscopeError:
            continue  # known only later: nothing is compared
        made = frozen(dataset, view.spec)
        assert [t.name for t in made.dataset.lesions] == ["PET lesions"]
        compared += 1
    assert compared > 3


@pytest.mark.parametrize(
    "change",
    [{"suv_min": 4.0}, {"sites_out": ()}, {"hi_of": "max"}, {"volume_min": 3.0},
     {"cut_rule": "median", "cut_value": ()}],
)  # fmt: skip
def test_the_filters_of_lesions_stay_alive(change: dict[str, Any]) -> None:
    dataset, asked = examples.load("fulvestrant"), examples.question("fulvestrant")
    made = frozen(dataset, asked)
    before, after = asked.but(**change), made.spec.but(**change)
    assert differences(numbers(dataset, before), numbers(made.dataset, after)) == []


def test_it_does_not_matter_for_what_the_lesions_were_summarised_before() -> None:
    dataset, asked = examples.load("fulvestrant"), examples.question("fulvestrant")
    before = with_columns(dataset, asked.but(suv_min=5.0))
    for table in (before, before.own):
        made = snapshot.build(table, asked)
        assert differences(numbers(dataset, asked), numbers(made.dataset, made.spec)) == []


def test_lesions_that_a_question_does_not_use_stay_here() -> None:
    spec = AnalysisSpec(time="pfs_months", event="progressed", group_by="liver")
    made = frozen(examples.load("fulvestrant"), spec)
    assert made.dataset.lesions == ()
    assert list(made.dataset.variables) == ["liver", "pfs_months", "progressed"]
    chosen = frozen(examples.load("fulvestrant"), spec, also=("SUVmax",))
    assert [t.name for t in chosen.dataset.lesions] == ["PET lesions"]


def test_the_lesions_go_along_without_their_names_and_the_patients_of_other_tables() -> None:
    lesions = b"patient,lesion,site,SUVmax,Remark\n" + b"".join(
        f"{study},Kanarie {k},{site},{3 + k}.{i},by Dr Eisvogel\n".encode()
        for i, study in enumerate((*STUDY, "ST-STRANGER"))
        for k, site in enumerate(("liver", "bone"))
    )
    dataset = read_all([("clinic.csv", clinic()), ("pet.csv", lesions)], Recipe.parse(STEPS))
    made = frozen(dataset, f"{DATED}&group_by=SUVmax&cut_rule=median")
    held = everything(made)
    assert no_canary(held)
    assert b"STRANGER" not in held
    assert made.spec.id is None
    numbers_of = made.dataset.lesions[0].frame["patient"]
    assert set(numbers_of) == set(made.dataset.frame["patient"]) == {str(i + 1) for i in range(N)}


@pytest.fixture(scope="module")
def progression() -> Dataset:
    folder = ROOT / "data" / "progression_mode"
    parts = [(name, (folder / name).read_bytes()) for name in ("patients.csv", "lesions.csv")]
    return read_all(parts, Recipe())


SECOND = "id=id&time=second_line_months&unit=months&event=second_line_progressed&event_is=1"
FIRST = "id=id&start=first_line_start&end=last_visit_date&event=second_line_progressed&event_is=1"


@pytest.mark.parametrize(
    "query",
    [
        f"{SECOND}&group_by=n_target&terms=hormone_receptor,age",
        "id=id&time=pfs_time&unit=days&event=pfs_event&event_is=1&group_by=best_response&landmark=60",
        f"{FIRST}&origin=second_line_start&entry=second_line_start&group_by=her2",
        f"{FIRST}&terms=pd_mode:since(progression_date)&parts=cohort,cox",
        f"{FIRST.replace('first_line_start', 'progression_date')}&landmark=1&group_by=pd_mode"
        "&parts=cohort,km,modes",
    ],
)
def test_lesions_by_visit_and_dates_give_the_same_results(progression: Dataset, query: str) -> None:
    made = frozen(progression, query if "parts=" in query else f"{query}&parts=cohort,km")
    needed = [] if "her2" in query else ["lesions by visit"]
    assert [t.name for t in made.dataset.lesions] == needed
    assert not [v for v in made.dataset.variables.values() if v.kind == "date"]
    held = everything(made)
    dates = {
        d for c in progression.frame for d in progression.frame[c].dropna() if str(d)[4:5] == "-"
    }
    assert len(dates) > 100
    assert not [d for d in dates if d.encode() in held]


def test_a_table_of_a_clinic_gives_the_same_results_from_its_dates() -> None:
    made = frozen(patients(), f"{DATED}&id=Study%20ID&group_by=marker&cut_rule=value&cut_value=3"
                              "&terms=age,grade,marker:log2&strata=centre&origin=Scan")  # fmt: skip
    assert made.spec.start is None
    assert (made.spec.time, made.spec.unit) == ("Start to Last seen", "days")
    assert made.dataset.variables["marker"].label == "The marker"
    assert made.dataset.variables["Scan"].title == "Scan (days from Start)"
    assert made.dataset.frame["Scan"].between(1, 30).all()
    assert made.spec.clean == ()


def test_stacked_endpoints_and_intervals_are_kept_as_such() -> None:
    rng = random.Random(2)
    adam = ["STUDYID,USUBJID,TRT01P,PARAMCD,PARAM,AVAL,AVALU,CNSR"]
    steps = ["id,tstart,tstop,event,arm,x"]
    for i in range(50):
        arm = rng.choice("AB")
        adam += [f"S,S-01-{700 + i},{arm},{p},{p},{rng.randrange(10, 900)},DAYS,{rng.randrange(2)}"
                 for p in ("OS", "PFS")]  # fmt: skip
        first, second = rng.randrange(5, 60), rng.randrange(61, 90)
        pieces = ((0, first, 0), (first, second, rng.randrange(2)))
        steps += [f"{100 + i},{a},{b},{dead},{arm},{rng.random():.2f}" for a, b, dead in pieces]
    stacked = frozen(read("\n".join(adam).encode(), "adtte.csv"),
                     "where=PARAMCD = PFS&group_by=TRT01P")  # fmt: skip
    assert [e.label for e in stacked.dataset.endpoints] == ["OS", "PFS"]
    assert b"S-01-" not in everything(stacked)
    made = frozen(read("\n".join(steps).encode(), "steps.csv"),
                    "unit=days&event=event&event_is=1&terms=x,arm&group_by=arm")  # fmt: skip
    assert made.dataset.rows_are is not None
    assert made.dataset.rows_are.kind == "intervals"


def test_several_rows_of_a_patient_stay_in_their_order() -> None:
    twice = [study for study in STUDY[: N // 2] for _ in range(2)]
    table = read_all([("clinic.csv", clinic(twice))], Recipe.parse(STEPS))
    for one_row in ("first", "last"):
        frozen(table, f"{DATED}&id=Study%20ID&one_row={one_row}&group_by=grade")


def test_random_numbers_are_the_same_to_the_last_digit() -> None:
    dataset = read(clinic(), "clinic.csv")
    query = "start=Start&end=Last%20seen&event=status&event_is=2&group_by=marker&cut_rule=best"
    spec = AnalysisSpec.from_query(f"{query}&permutations=99&bootstraps=19&parts=cutoff,km")
    made = snapshot.opened(snapshot.build(dataset, spec).members)
    assert numbers(dataset, spec) == numbers(made.dataset, made.spec)
    marker = dataset.frame["marker"].tolist()
    assert made.dataset.frame["marker"].tolist() == marker
    mixed = snapshot.build(dataset, spec, keep_order=False).dataset.frame["marker"].tolist()
    assert mixed != marker
    assert sorted(mixed) == sorted(marker)


# Only what is needed --------------------------------------------------------------------------


def test_only_the_columns_of_the_question_and_those_chosen_are_there() -> None:
    made = snapshot.build(examples.load("gbsg2"), AnalysisSpec(group_by="age"), also=("pnodes",))
    assert list(made.dataset.variables) == ["age", "pnodes", "time", "cens"]
    assert list(made.dataset.frame.columns) == ["age", "pnodes", "time", "cens"]


def test_every_field_that_names_a_column_is_heeded() -> None:
    data = pd.DataFrame({f"c{i}": [1.0, 2.0] for i in range(24)})
    table = read(data.to_csv(index=False).encode(), "a.csv")
    said = {field: f"c{i}" for i, field in enumerate(columns.ONE)}
    spec = AnalysisSpec(
        **said, strata=("c14",), subgroups=("c15",), characteristics=("c16",),  # type: ignore[arg-type]
        where=("c17 > 0",), terms=("c18:log2", "c19*c20", "c21:since(c22)"),
    )  # fmt: skip
    assert columns.named(table, spec) == tuple(f"c{i}" for i in range(23))
    texts = {"data", "sheet", "unit", "one_row", "zero", "negative", "show_unit"}
    known = {"time", "event", "strata", "where", "terms", *said, "subgroups", "characteristics"}
    assert (
        not {f for f in AnalysisSpec.__dataclass_fields__ if f.endswith(("_by", "_column"))} - known
    )
    assert not texts & known


@pytest.mark.parametrize("everywhere", [False, True])
def test_no_canary_is_in_a_snapshot_even_where_it_is_chosen(everywhere: bool) -> None:
    dataset = patients()
    also = tuple(dataset.variables) if everywhere else ()
    made = frozen(dataset, f"{DATED}&id=Study%20ID&group_by=grade&cluster=Study%20ID", also=also)
    assert no_canary(everything(made))
    assert not no_canary(clinic())
    if everywhere:
        said = " ".join(note.text for note in made.dataset.notes)
        assert {"Patient name", "MRN", "Date of birth", "Comments"}.isdisjoint(made.dataset.frame)
        assert "identify persons" in said
        assert "'MRN'" in said


def test_no_canary_is_in_the_store_or_in_a_file(tmp_path: Path) -> None:
    spec = AnalysisSpec.from_query(f"{DATED}&id=Study%20ID&group_by=grade")
    made = snapshot.build(patients(), spec, also=("Patient name", "MRN", "Comments", "Scan"))
    store = Store(URL.create("sqlite", database=str(tmp_path / "views.db")))
    view = store.create("snapshot", made.members, owner="me").view
    token = store.link(view, owner="me").token
    for members in (store.open(token).members, bundle.read(bundle.write(made.members)).members):
        assert no_canary(everything(snapshot.opened(members)))
    assert no_canary((tmp_path / "views.db").read_bytes())


def test_patients_get_running_numbers_in_a_random_order() -> None:
    dataset = patients()
    spec = AnalysisSpec.from_query(f"{DATED}&id=Study%20ID&group_by=marker")
    orders = []
    for keep in (False, True, False):
        frame = snapshot.build(dataset, spec, keep_order=keep).dataset.frame
        ids = frame["Study ID"].tolist()
        assert sorted(map(int, ids)) == list(range(1, N + 1))
        # Whom a number stands for, by the marker, which is different in nearly all.
        orders.append(frame["marker"].iloc[np.argsort([*map(int, ids)])].tolist())
    original = dataset.frame["marker"].tolist()
    assert original not in orders
    assert len({*map(tuple, orders)}) == 3


def test_ages_above_89_become_90_and_it_is_said() -> None:
    rows = "\n".join(f"{60 + i},{i + 1},{i % 2}" for i in range(38))
    dataset = read(f"age,months,dead\n{rows}\n".encode(), "a.csv")
    made = snapshot.build(dataset, AnalysisSpec(group_by="age"))
    assert dataset.frame["age"].max() == 97
    assert made.dataset.frame["age"].max() == 90
    assert "8 ages above 89 in 'age' became 90" in " ".join(made.notes)


def test_a_shipped_cohort_keeps_its_name_and_an_upload_does_not() -> None:
    spec = AnalysisSpec(group_by="age", time="months", unit="months", event="dead", event_is=("1",))
    table = read(b"age,months,dead\n60,3,1\n70,4,0\n80,5,1\n", "Meier Anna.csv")
    assert b"Meier" not in everything(snapshot.build(table, spec))
    shipped = snapshot.build(examples.load("fulvestrant"), examples.question("fulvestrant"))
    assert shipped.dataset.name == "fulvestrant"
    assert shipped.dataset.synthetic


# The question with it -------------------------------------------------------------------------


def test_the_exploration_ledger_goes_along() -> None:
    counts = Counts(analyses=25, endpoints=2, stratifiers=3, cutoffs=20, filters=1)
    made = snapshot.build(examples.load("gbsg2"), AnalysisSpec(group_by="age"), counts=counts)
    again = snapshot.opened(made.members)
    assert again.counts == counts
    assert analyse(again.dataset, again.spec)["exploration"]["cutoffs"] == 20


def test_a_snapshot_can_be_frozen_again() -> None:
    first = snapshot.build(examples.load("fulvestrant"), examples.question("fulvestrant"))
    frozen(snapshot.opened(first.members).dataset, first.spec.but(group_by="liver", cut_rule=None,
                                                                  cut_value=()))  # fmt: skip


def test_a_view_that_would_change_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(ids: np.ndarray) -> np.ndarray:
        return np.zeros(len(ids), dtype=np.int64)

    monkeypatch.setattr(anonymous, "_shuffled", wrong)
    with pytest.raises(SharingError, match="same results"):
        snapshot.build(examples.load("gbsg2"), AnalysisSpec(group_by="age"))


# Read back ------------------------------------------------------------------------------------


def test_cells_and_meanings_come_back_as_they_were() -> None:
    made = snapshot.build(patients(), AnalysisSpec.from_query(f"{DATED}&group_by=grade&terms=age"))
    again = snapshot.opened(made.members)
    pd.testing.assert_frame_equal(again.dataset.frame, made.dataset.frame)
    assert again.dataset.variables == made.dataset.variables
    assert again.dataset.fingerprint == made.dataset.fingerprint
    assert with_columns(again.dataset, again.spec).frame is again.dataset.frame


TEXT = st.none() | st.text(st.characters(codec="utf-8"), max_size=20)
NUMBERS = st.floats(allow_nan=True, allow_infinity=True)


@given(st.lists(st.tuples(TEXT, NUMBERS), max_size=20))
@settings(max_examples=60, deadline=None)
def test_any_cells_come_back(rows: list[tuple[str | None, float]]) -> None:
    frame = pd.DataFrame(
        {"a": np.array([t for t, _ in rows], dtype=object), "b": np.array([x for _, x in rows],
                                                                          dtype=float)}
    )  # fmt: skip
    again = written.frame_of(written.cells(frame))
    assert again["a"].tolist() == frame["a"].tolist()
    assert again["b"].to_numpy().tobytes() == frame["b"].to_numpy().tobytes()


def test_damaged_members_are_refused_in_one_sentence() -> None:
    asked = examples.question("fulvestrant")
    whole = dict(snapshot.build(examples.load("fulvestrant"), asked).members)
    rng = random.Random(11)
    refused = 0
    for _ in range(200):
        name = rng.choice(sorted(whole))
        data = bytearray(whole[name])
        for _ in range(rng.choice((1, 1, 3))):
            data[rng.randrange(len(data))] = rng.randrange(256)
        cut = data[: rng.randrange(len(data))] if rng.random() < 0.2 else data
        try:
            snapshot.opened({**whole, name: bytes(cut)})
        except DataError:
            refused += 1
    assert refused > 70


@pytest.mark.parametrize("name", ["query.txt", "dictionary.json", "patients.parquet",
                                  "lesions-1.parquet"])  # fmt: skip
def test_a_missing_member_is_refused(name: str) -> None:
    asked = examples.question("fulvestrant")
    whole = dict(snapshot.build(examples.load("fulvestrant"), asked).members)
    del whole[name]
    with pytest.raises(DataError):
        snapshot.opened(whole)


@pytest.mark.parametrize(
    "said",
    ['{"stratiscope_snapshot": 2}', "[]", "{}", '{"stratiscope_snapshot": 1}', "[" * 9999],
)
def test_another_dictionary_is_refused(said: str) -> None:
    made = snapshot.build(examples.load("gbsg2"), AnalysisSpec(group_by="age"))
    with pytest.raises(DataError):
        snapshot.opened({**made.members, "dictionary.json": said.encode()})


def test_a_question_that_cannot_be_read_is_refused() -> None:
    made = snapshot.build(examples.load("gbsg2"), AnalysisSpec(group_by="age"))
    for query in (b"v=9", b"nothing=1", b"explored=cats:1", b"\xff"):
        with pytest.raises(DataError):
            snapshot.opened({**made.members, "query.txt": query})


def test_what_cannot_be_asked_is_said_before_anything_is_frozen() -> None:
    with pytest.raises(StratiscopeError, match="no column 'marke'"):
        snapshot.build(patients(), AnalysisSpec.from_query(f"{DATED}&group_by=marke"))
