"""The guard against groups that are known only later, and landmarks: against R and by hand."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import known, origin
from core.analysis import analyse
from core.cohort import Cohort, select
from core.dataset import Dataset
from core.errors import DataError, SpecError
from core.known import KnownLater
from core.reading import dictionary, read
from core.reading.roles.later import flag
from core.spec import AnalysisSpec
from core.steps import Recipe, Step
from core.survival import cox, km
from core.view import timing
from tests.cohorts import dataset_of, question
from tests.test_origin import like_r
from tests.test_split import one_row_each

REFERENCE = Path(__file__).parent / "reference"
R: dict[str, Any] = json.loads((REFERENCE / "timing_reference.json").read_text(encoding="utf-8"))


def known_by(dataset: Dataset, **columns: str) -> Dataset:
    """The table with what is known later, as a cleaning step or the dictionary says it."""
    variables = dict(dataset.variables)
    for name, when in columns.items():
        variables[name] = dataclasses.replace(variables[name], known=when)
    return dataclasses.replace(dataset, variables=variables)


def texts(cohort: Cohort) -> str:
    return " ".join(note.text for note in cohort.included.notes)


# --- Landmarks against R -------------------------------------------------------------------------


@pytest.mark.parametrize("case", R["landmarks"], ids=lambda case: str(case["landmark"]))
def test_groups_at_a_landmark_are_those_of_r(case: dict[str, Any]) -> None:
    """Heart transplants by status at the landmark; a later transplant does not count."""
    dataset = known_by(dataset_of(one_row_each()), transplant="wait")
    cohort = select(dataset, question(group_by="transplant", landmark=case["landmark"]))
    assert [level.n for level in cohort.groups.levels] == [
        case["n"] - case["n_early"],
        case["n_early"],
    ]
    assert cohort.n_events == case["events"]
    result = km.estimate(cohort, cohort.spec)
    assert result.test.statistic == pytest.approx(case["chisq"], rel=1e-9)
    assert result.hazard_ratio[0].coef == pytest.approx(case["cox"]["coef"], rel=1e-8)
    assert case["cox"]["coef"] == pytest.approx(case["cox_entered"]["coef"], rel=1e-8)
    like_r(result.curves, case["curve"])
    # The model that has it as a term sees the status at the landmark as well.
    asked = cohort.spec.but(terms=("transplant",))
    term = cox.model(select(dataset, asked), asked).multivariable[0]
    assert term.coef == pytest.approx(case["cox"]["coef"], rel=1e-8)
    assert term.std_error == pytest.approx(case["cox"]["se"], rel=1e-8)


def test_what_the_guard_stops_is_the_naive_comparison() -> None:
    """Without the guard the transplanted look immortal: a hazard ratio of 0.27 for none at all."""
    dataset = dataset_of(one_row_each())
    asked = question(group_by="transplant", terms=("transplant",))
    naive = cox.model(select(dataset, asked), asked).multivariable[0]
    assert naive.coef == pytest.approx(R["naive"]["coef"], rel=1e-8)
    with pytest.raises(KnownLater):
        select(known_by(dataset, transplant="later"), asked)


# --- The guard -----------------------------------------------------------------------------------

TABLE: dict[str, Any] = {
    "time": [10.0, 5.0, 8.0, 4.0, 6.0, 2.0],
    "event": [1, 0, 1, 1, 0, 1],
    "resp": ["yes", "no", "yes", "yes", "no", "no"],
    "t": [4.0, None, 7.0, 1.0, None, None],
    "age": [50, 60, 70, 40, 55, 66],
}


def table(when: str = "t", **columns: Any) -> Dataset:
    return known_by(dataset_of({**TABLE, **columns}), resp=when)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"group_by": "resp"}, "group_by"),
        ({"group_by": "age", "second_by": "resp"}, "group_by"),
        ({"where": ("resp = yes",)}, "where"),
    ],
)
@pytest.mark.parametrize("when", ["t", "later"])
def test_it_stops_groups_and_filters(asked: dict[str, Any], field: str, when: str) -> None:
    with pytest.raises(KnownLater) as caught:
        select(table(when), question(**asked))
    error = caught.value
    assert (error.field, error.column) == (field, "resp")
    assert "immortal time" in str(error)
    assert "lives long enough" in str(error)
    assert [way.name for way in error.ways] == ["landmark", "since", "origin"]
    for way in ("landmark=", "resp:since(", "origin="):
        assert way in error.hint
    assert ("clean=known(resp, TIMECOLUMN)" in error.hint) == (when == "later")
    assert isinstance(error, SpecError)


def test_it_stops_terms_but_not_time_dependent_ones() -> None:
    dataset = table()
    for terms in (("age", "resp"), ("resp:cat(no)",), ("age*resp",)):
        with pytest.raises(KnownLater) as caught:
            known.check_terms(dataset, question(terms=terms))
        assert caught.value.field == "terms"
    assert known.check_terms(dataset, question(terms=("age", "resp:since(t)"))) == ()
    assert known.check_terms(dataset, question(terms=("resp",), landmark=3)) == ()


def test_other_columns_pass() -> None:
    cohort = select(table(), question(group_by="age", where=("age > 45",)))
    assert cohort.n == 5
    assert cohort.source is cohort.dataset


@pytest.mark.parametrize("lift", [{"landmark": 1.0}, {"origin": "start"}])
def test_an_unstated_time_is_let_through_with_a_warning(lift: dict[str, Any]) -> None:
    dataset = table("later", start=[0.0, 0, 0, 0, 0, 0])
    cohort = select(dataset, question(group_by="resp", **lift))
    warnings = [n.text for n in cohort.included.notes if n.level == "warning"]
    assert any("Make sure that every value was known by" in text for text in warnings)
    assert [level.n for level in cohort.groups.levels] == [3, 3]


# --- Status at the landmark ----------------------------------------------------------------------


def test_who_responds_later_has_not_yet() -> None:
    cohort = select(table(), question(group_by="resp", landmark=4))
    # Two have left by 4. Of the others one has responded on the very day, one will at 7.
    assert cohort.included.rows.tolist() == [0, 1, 2, 4]
    assert cohort.groups.labels == ("no", "yes")
    assert cohort.groups.codes.tolist() == [1, 0, 0, 0]
    assert "1 patient whose value came later has not got it yet" in texts(cohort)
    assert cohort.source.frame["resp"].tolist() == TABLE["resp"]


def test_a_cohort_of_a_cohort_is_the_same() -> None:
    """A search divides the table of a cohort again: the values of the landmark stay."""
    asked = question(group_by="resp", landmark=4)
    cohort = select(table(), asked)
    again = select(cohort.dataset, asked, cohort.included)
    assert again.groups.labels == cohort.groups.labels == ("no", "yes")
    np.testing.assert_array_equal(again.groups.codes, cohort.groups.codes)


def test_filters_take_the_status_at_the_landmark() -> None:
    cohort = select(table(), question(where=("resp = yes",), landmark=4))
    assert cohort.included.rows.tolist() == [0]


def test_levels_that_are_not_shared_make_one_of_their_own() -> None:
    responses = ["PR", "SD", "CR", "PR", "PD", None]
    cohort = select(table(resp=responses), question(group_by="resp", landmark=4))
    assert cohort.groups.labels == ("not yet", "PR")
    assert [level.n for level in cohort.groups.levels] == [3, 1]


def test_a_number_that_is_not_known_yet_is_missing() -> None:
    values = [3.5, None, 2.0, 1.5, None, None]
    cohort = select(
        known_by(dataset_of({**TABLE, "psa": values}), psa="t"),
        question(group_by="psa", landmark=4, cut_rule="median"),
    )
    assert cohort.included.rows.tolist() == [0]
    assert {e.reason: e.n for e in cohort.included.ledger}["missing psa"] == 4


def test_from_its_own_time_on_it_is_known() -> None:
    cohort = select(table(), question(group_by="resp", origin="t"))
    assert cohort.included.rows.tolist() == [0, 2, 3]
    assert cohort.time.tolist() == [6, 1, 3]
    assert cohort.groups.labels == ("yes",)


def test_another_origin_takes_the_status_of_then() -> None:
    cohort = select(table(scan=[5.0, 2, 5, 3, 2, 1]), question(group_by="resp", origin="scan"))
    assert cohort.groups.codes.tolist() == [1, 0, 0, 1, 0, 0]
    assert "counts as it was at the new time 0" in texts(cohort)


def test_a_time_dependent_term_at_a_landmark_goes_on_changing() -> None:
    """The landmark does not freeze what the term follows."""
    columns = one_row_each()
    dataset = known_by(dataset_of(columns), transplant="wait")
    asked = question(terms=("transplant:since(wait)",), landmark=30)
    entered = known_by(dataset_of({**columns, "from": np.full(103, 30.0)}), transplant="wait")
    other = question(terms=("transplant:since(wait)",), entry="from")
    one, two = (
        cox.model(select(d, q), q).multivariable[0].coef for d, q in ((dataset, asked),
                                                                      (entered, other))
    )  # fmt: skip
    assert one == pytest.approx(two, rel=1e-12)


def test_the_landmark_is_in_the_unit_that_is_shown() -> None:
    days = {**TABLE, "time": [300.0, 150, 240, 120, 180, 60], "t": [120.0, None, 210, 30, None,
                                                                   None]}  # fmt: skip
    asked = question(group_by="resp", landmark=4, show_unit="months")
    cohort = select(known_by(dataset_of(days), resp="t"), asked)
    assert origin.landmark_of(asked) == 4 * 30.4375
    assert cohort.groups.codes.tolist() == [1, 0, 0, 0]


def test_the_published_answer_says_it() -> None:
    answer = analyse(table(), question(group_by="resp", landmark=4, parts=("km",)))
    assert any("at the landmark" in note["text"] for note in answer["notes"])


# --- The three ways on, and the words ------------------------------------------------------------


def test_the_ways_lead_to_questions_that_can_be_asked() -> None:
    dataset = table()
    asked = question(group_by="age", second_by="resp", second_cut=2.0, combine="both",
                     cut_rule="median", where=("resp = yes", "age > 45"),
                     terms=("age", "resp", "age*resp"))  # fmt: skip
    left = known.without(dataset, asked, "resp")
    assert (left.group_by, left.second_by, left.cut_rule) == ("age", None, "median")
    assert (left.where, left.terms) == (("age > 45",), ("age",))
    bare = known.without(dataset, question(group_by="resp", cut_rule="none"), "resp")
    assert (bare.group_by, bare.cut_rule) == (None, None)
    changing = known.as_since(dataset, question(group_by="resp"), "resp", "t")
    assert changing.terms == ("resp:since(t)",)
    rows = cox.model(select(dataset, changing), changing).multivariable
    assert [row.level for row in rows] == ["yes"]


def test_the_section_says_from_when_on_patients_count() -> None:
    plain = select(table(), question())
    said = timing.finding(plain)
    assert said == "Time is counted from the start of the table for all 6 patients."
    at = select(table(), question(group_by="resp", landmark=4))
    assert "the 4 patients still followed at 4 days are compared from then on; 2 had" in (
        timing.finding(at)
    )
    moved = select(table(scan=[-1.0, 0, 0, 0, 0, 0]), question(origin="scan"))
    assert timing.finding(moved) == (
        "Time is counted from 'scan' for all 6 patients. 1 patient counts from later on (delayed "
        "entry)."
    )


def test_at_a_landmark_only_who_comes_after_it_is_late() -> None:
    dataset = table(scan=[-5.0, -1, 0, 0, 0, 0])
    cohort = select(dataset, question(origin="scan", landmark=3))
    assert "1 row was under observation only from later on" in texts(cohort)


def test_the_list_of_what_is_known_later() -> None:
    found = timing.known_later(known_by(table(), age="later"))
    assert found.to_numpy().tolist() == [["resp", "at t"], ["age", "later, it is not said when"]]
    assert len(timing.known_later(dataset_of(TABLE))) == 0
    dataset = read(ROWS, "a.csv", Recipe.parse(["known(BOR, bor_date)"]))
    # Dates are of no use where the date of time 0 is not known, but what was said is offered.
    assert timing.moments(dataset, AnalysisSpec(time="months")) == ("bor_date",)
    assert timing.moments(dataset, AnalysisSpec(time="dead")) == ("months", "bor_date")


# --- What a table says ---------------------------------------------------------------------------

ROWS = b"id,months,dead,BOR,bor_date,arm\n" + b"".join(
    b"%d,%d,%d,%s,%s,%s\n" % (i, 3 + i, i % 2, (b"PR", b"SD")[i % 3 == 0], b"2020-01-%02d" % i,
                              (b"a", b"b")[i % 2])
    for i in range(1, 25)
)  # fmt: skip


def test_a_response_is_taken_as_known_later_and_asked_about() -> None:
    dataset = read(ROWS, "a.csv")
    assert known.later(dataset) == ("BOR",)
    assert any(n.about == "BOR" and "known only later" in n.text for n in dataset.notes)
    asked = next(q for q in dataset.questions if q.about == "BOR")
    steps = [step for choice in asked.choices for step in choice.steps]
    assert steps == ["known(BOR, later)", "known(BOR, baseline)", "known(BOR, bor_date)"]
    for step, expected in zip(steps, ("later", "", "bor_date"), strict=True):
        answered = read(ROWS, "a.csv", Recipe.parse([step]))
        assert answered.variables["BOR"].known == expected
        assert not [q for q in answered.questions if q.about == "BOR"]


def test_a_step_must_name_a_time() -> None:
    for step, match in (
        ("known(BOR, never)", "neither later nor baseline"),
        ("known(BOR)", "neither later nor baseline"),
        ("known(BOR, BOR)", "names no other column"),
        ("known(BOR, arm)", "neither dates nor times"),
    ):
        with pytest.raises(SpecError, match=match):
            read(ROWS, "a.csv", Recipe.parse([step]))


@pytest.mark.parametrize(
    ("name", "later"),
    [
        ("BOR", True), ("Best overall response", True), ("best_response_recist", True),
        ("response", True), ("Tumor response", True), ("objective_response", True),
        ("pd_mode", True), ("pd_model_site", True), ("Mode of progression", True),
        ("pattern of recurrence", True), ("second_line", True), ("2nd line", True),
        ("later line", True), ("subsequent therapy", True), ("new_liver_metastasis", True),
        ("liver mets at PD", True), ("post-progression therapy", True), ("Ansprechen", True),
        ("line of therapy", False), ("number of lines", False), ("prior response", False),
        ("Best response to prior therapy", False),
        ("response_date", False), ("time to response", False), ("immune response score", False),
        ("stage", False), ("age", False), ("metastasis", False), ("border", False),
        ("PD-L1", False), ("progression", False), ("PFS_status", False),
    ],
)  # fmt: skip
def test_what_a_name_gives_away(name: str, later: bool) -> None:
    dataset = dataset_of({"time": [1, 2], "event": [1, 0], name: ["a", "b"]})
    assert (flag(dataset, Recipe()).variables[name].known == "later") is later


def test_the_label_counts_as_well() -> None:
    dataset = dataset_of({"time": [1, 2], "event": [1, 0], "x1": ["a", "b"]})
    labelled = dataclasses.replace(dataset.variables["x1"], label="Best overall response")
    dataset = dataclasses.replace(dataset, variables={**dataset.variables, "x1": labelled})
    assert known.later(flag(dataset, Recipe())) == ("x1",)


def test_a_dictionary_says_it_and_keeps_it() -> None:
    said = {
        "stratiscope_dictionary": 1,
        "variables": [{"name": "arm", "known": "later"}, {"name": "BOR", "known": "bor_date"}],
    }
    study = dictionary.parse(json.dumps(said).encode())
    assert study.clean == ("known(arm, later)", "known(BOR, bor_date)")
    spec = study.ask(AnalysisSpec())
    dataset = read(ROWS, "a.csv", Recipe.parse(spec.clean))
    assert known.later(dataset) == ("BOR", "arm")
    again = dictionary.parse(dictionary.write(dataset, spec).encode())
    assert again.clean == study.clean
    with pytest.raises(DataError):
        dictionary.parse(json.dumps({**said, "variables": [{"name": "x", "known": 3}]}).encode())


def test_the_step_is_written_like_the_others() -> None:
    assert str(Step.parse("known(Best response, later)")) == "known(Best response, later)"


def test_the_fingerprint_of_a_table_knows_it() -> None:
    dataset = dataset_of(TABLE)
    assert known_by(dataset, resp="later").fingerprint != dataset.fingerprint
