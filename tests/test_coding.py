"""What the values of an event column mean: events, competing events, censored, or a question."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.dataset import Dataset, Variable
from core.reading import read, read_file
from core.reading.roles.coding import (
    coding_of,
    counts_of,
    flipped,
    guess_coding,
    guess_event_is,
    in_words,
    undecided,
)
from core.reading.roles.statuses import STATUSES, legend, phrase
from tests.support import tables


def table(header: str, *rows: str) -> Dataset:
    return read("\n".join((header, *rows, "")).encode(), "t.csv")


@pytest.mark.parametrize(
    ("name", "event", "competing", "censored"),
    [
        ("vital", ["Died of Disease"], ["Died of Other Causes"], ["Living"]),
        ("status", ["Dead of the disease"], ["dead of other cause"], ["alive"]),
        ("DSS_STATUS", ["1:DEAD WITH TUMOR"], [], ["0:ALIVE OR DEAD TUMOR FREE"]),
        ("css", ["Death from cancer"], ["Death (other causes)"], ["Censored"]),
        ("OS_STATUS", ["Died of Disease", "Died of Other Causes"], [], ["Living"]),
        ("Overall status", ["dead", "died of disease"], [], ["alive"]),
        ("PFS_status", ["Progression", "Death"], [], ["Censored"]),
        ("status", ["DOD"], ["DOC"], ["NED", "AWD"]),
        ("status", ["Deceased"], [], ["Living", "Lost to follow-up"]),
        ("Status", ["tumorbedingt verstorben"], ["nicht tumorbedingt verstorben"], ["lebt"]),
        ("État", ["Décédé"], [], ["En vie", "Perdu de vue"]),
        ("estado", ["Éxitus"], [], ["Vivo"]),
        ("转归", ["死亡"], [], ["存活"]),
        ("転帰", ["原病死"], ["他病死"], ["生存"]),
        ("x", ["1 = dead"], [], ["0 = alive"]),
        ("alive", ["dead"], [], ["alive"]),
        ("Censor", ["Event"], [], ["Censored"]),
        ("death", ["TRUE"], [], ["FALSE"]),
        ("OS status (1=dead, 0=alive)", ["1"], [], ["0"]),
        ("status (1 = alive; 2 = dead)", ["2"], [], ["1"]),
        ("cens (0=event, 1=censored)", ["0"], [], ["1"]),
        ("event: 0=alive, 1=died of disease, 2=died of other causes", ["1"], ["2"], ["0"]),
        ("status [2=dead]", ["2"], [], ["1"]),
    ],
)
def test_three_way_codings(
    name: str, event: list[str], competing: list[str], censored: list[str]
) -> None:
    found = guess_coding(name, sorted(event + competing + censored))
    assert found is not None
    assert sorted(found.event) == sorted(event)
    assert list(found.competing) == competing
    assert sorted(found.censored) == sorted(censored)
    assert found.reason


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("status", ["1", "2"]),
        ("status (1, 2)", ["1", "2"]),
        ("death", ["1", "2"]),
        ("event", ["0", "1", "2"]),
        ("status (1=dead)", ["0", "1", "2"]),
        ("cens", ["0", "1"]),
        ("Zensiert", ["0", "1"]),
        ("删失", ["0", "1"]),
        ("censored", ["no", "yes"]),
        ("Überlebensstatus", ["0", "1"]),
        ("生存状态", ["0", "1"]),
        ("estado vital", ["0", "1"]),
        ("no_recurrence", ["0", "1"]),
        ("kein Rezidiv", ["ja", "nein"]),
        ("无复发", ["0", "1"]),
        ("status", ["0:dead", "1:what"]),
        ("status", ["Alive", "Relapse", "Dead"]),
        ("status", ["dead", "dead of other causes", "alive"]),
        ("DFS", ["Recurrence", "Alive with disease", "NED"]),
        ("status", ["Died of Other Causes", "Living"]),
        ("status", ["alive"]),
        ("status", [str(i) for i in range(20)]),
    ],
)
def test_two_readings_are_a_question(name: str, values: list[str]) -> None:
    assert guess_coding(name, values) is None
    assert guess_event_is(name, values) is None


def test_levels_that_contradict_their_number_are_read_by_their_words() -> None:
    found = guess_coding("status", ["0:Dead", "1:Alive"])
    assert found is not None
    assert found.event == ("0:Dead",)


def test_no_status_is_of_two_kinds() -> None:
    for kind, words in STATUSES.items():
        for other, others in STATUSES.items():
            assert kind == other or not words & others, (kind, other, words & others)


@given(st.sampled_from(sorted(STATUSES)), st.data())
def test_case_and_signs_do_not_change_a_status(kind: str, data: st.DataObject) -> None:
    said = data.draw(st.sampled_from(sorted(STATUSES[kind])))
    for written in (said.upper(), said.title(), f" {said} ", said.replace(" ", "_"), f"1: {said}"):
        assert phrase(written) == said


def test_an_adam_table_has_0_for_the_event() -> None:
    rows = ("A,OS,30,0", "B,OS,41,1", "C,OS,50,2")
    found = coding_of(table("USUBJID,PARAMCD,AVAL,CNSR", *rows), "CNSR")
    assert found is not None
    assert (found.event, found.censored) == (("0",), ("1", "2"))
    assert coding_of(table("id,months,CNSR", "A,30,0", "B,41,1"), "CNSR") is None
    assert coding_of(table("USUBJID,PARAMCD,AVAL,CNSR", "A,OS,3,1"), "CNSR") is None


def labelled(label: str, header: str, *rows: str) -> Dataset:
    dataset = table(header, *rows)
    name = header.split(",")[0]
    variable = dataclasses.replace(dataset.variables[name], label=label)
    return dataclasses.replace(dataset, variables={**dataset.variables, name: variable})


def test_a_label_can_explain_or_contradict_the_name() -> None:
    rows = ("0,3", "1,5")
    explained = coding_of(labelled("0=dead, 1=alive", "status,t", *rows), "status")
    assert explained is not None
    assert explained.event == ("0",)
    assert coding_of(labelled("Censoring indicator", "status,t", *rows), "status") is None
    assert coding_of(labelled("Alive at last visit", "status,t", *rows), "status") is None
    plain = coding_of(labelled("Status at last visit", "status,t", *rows), "status")
    assert plain is not None
    assert plain.event == ("1",)


def test_a_coding_in_words_with_counts() -> None:
    dataset = table("status,t", "0,1", "1,2", "1,3", "2,4", "NA,5")
    assert in_words(dataset, "status", ("1",), ("2",)) == (
        "1 means the event happened: 2 of 4; 2 means a competing event: 1; "
        "0 means censored: 1; not known: 1"
    )
    assert in_words(dataset, "status", ("1", "2")).startswith(
        "1 and 2 mean the event happened: 3 of 4; 0 means"
    )
    assert in_words(dataset, "status", ("1.0",)) == in_words(dataset, "status", ("1",))
    words = table("vital", "dead", "alive", "alive")
    assert in_words(words, "vital", ("dead",)).startswith("'dead' means the event happened: 1 of 3")


def test_gbsg2_in_words() -> None:
    gbsg2 = read_file("gbsg2")
    assert in_words(gbsg2, "cens", ("1",)) == (
        "1 means the event happened: 299 of 686; 0 means censored: 387"
    )
    assert flipped(gbsg2, "cens", ("1",)) == ("0",)


def test_flipping_leaves_the_competing_values_alone_and_can_be_taken_back() -> None:
    dataset = table("status", "0", "1", "2", "3")
    once = flipped(dataset, "status", ("1",), ("2",))
    assert once == ("0", "3")
    assert flipped(dataset, "status", once, ("2",)) == ("1",)


def test_both_readings_are_given_with_their_counts() -> None:
    dataset = table("cens", "1", "0", "0")
    error = undecided("cens", ["0", "1"], counts=counts_of(dataset, "cens"))
    assert "event_is=0 (2 of 3 had the event) or event_is=1 (1 of 3)" in error.hint


def test_codes_of_value_labels() -> None:
    codes = (("1", "alive"), ("2", "dead"))
    vital = Variable("vital", kind="category", codes=codes)
    assert [vital.meant(v) for v in ("1", "2", "dead", "9")] == ["alive", "dead", "dead", "9"]
    assert dataclasses.replace(vital, kind="number").meant("2") == "2"
    crossed = dataclasses.replace(vital, codes=(("1", "2"), ("2", "1")))
    assert crossed.meant("2") == "2"
    dataset = table("vital", "dead", "alive", "alive")
    dataset = dataclasses.replace(dataset, variables={"vital": vital})
    assert in_words(dataset, "vital", ("2",)) == in_words(dataset, "vital", ("dead",))
    assert flipped(dataset, "vital", ("2",)) == ("alive",)


def test_a_legend_is_read_only_where_codes_are_explained() -> None:
    assert legend("OS (0=no, 1=yes)") == {"0": "no", "1": "yes"}
    assert legend("time 12:30") == {}
    assert legend("Grade 3") == {}


def test_statuses_of_real_tables() -> None:
    tcga = read_file(tables() / "tcga_brca_pancan/data_clinical_patient.txt")
    found = {n: coding_of(tcga, n) for n in ("OS_STATUS", "DSS_STATUS", "DFS_STATUS", "PFS_STATUS")}
    assert [c.event[0][0] for c in found.values() if c] == ["1"] * 4
    assert [c.censored[0][0] for c in found.values() if c] == ["0"] * 4


@pytest.mark.parametrize(
    ("name", "event"),
    [
        ("Death (1=yes, 0=no)", ("1",)),
        ("Verstorben (0=nein, 1=ja)", ("1",)),
        ("Progression (1=no; 0=yes)", ("0",)),
        ("Alive (1=yes, 0=no)", None),
        ("ER (1=yes, 0=no)", None),
    ],
)
def test_a_legend_of_yes_and_no_settles_an_event(name: str, event: tuple[str, ...] | None) -> None:
    found = guess_coding(name, ["0", "1"])
    assert (found and found.event) == event
