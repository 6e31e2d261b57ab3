"""ADaM tables of times to event: one endpoint per parameter, and CNSR 0 is the event."""

from __future__ import annotations

import dataclasses
import gzip

import numpy as np
import pytest

from core import filters
from core.dataset import Dataset
from core.reading import read
from core.reading.rows import adam
from tests.support import tables


def adtte(header: str, *rows: str) -> Dataset:
    return read("\n".join([header, *rows, ""]).encode(), "adtte.csv")


def units(header: str, *rows: str) -> list[str]:
    return [e.unit for e in adam.endpoints(adtte(header, *rows))[0]]


def test_what_makes_an_adam_table() -> None:
    assert adam.is_adtte(adtte("usubjid,param,aval,cnsr", "A,OS,3,0", "B,OS,4,1"))
    assert not adam.is_adtte(adtte("USUBJID,PARAMCD,AVAL", "A,OS,3", "B,OS,4"))
    assert not adam.is_adtte(adtte("PARAMCD,AVAL,CNSR", "OS,3,0", "OS,4,1"))
    assert not adam.is_adtte(adtte("USUBJID,AVAL,CNSR", "A,3,0", "B,4,1"))
    assert not adam.is_adtte(adtte("USUBJID,PARAMCD,AVAL,CNSR", "A,BOR,CR,0", "B,BOR,PD,1"))


def test_one_endpoint_per_parameter() -> None:
    dataset = adtte(
        "USUBJID,PARAM,PARAMCD,AVAL,AVALU,CNSR",
        "A,Overall survival (days),OS,30,DAYS,0",
        "A,Progression-free survival,PFS,3,Months,2",
        "B,Overall survival (days),OS,41,DAYS,1",
        "B,Progression-free survival,PFS,4,Months,0",
    )
    found, notes = adam.endpoints(dataset)
    assert [(e.label, e.unit, e.event_is, e.where) for e in found] == [
        ("Overall survival", "days", ("0",), ("PARAMCD = OS",)),
        ("Progression-free survival", "months", ("0",), ("PARAMCD = PFS",)),
    ]
    assert {(e.time, e.event) for e in found} == {("AVAL", "CNSR")}
    assert [n.level for n in notes] == ["info"]
    assert "2 endpoints by 'PARAMCD': OS, PFS" in notes[0].text


def test_a_single_parameter_needs_no_filter() -> None:
    found, _ = adam.endpoints(adtte("USUBJID,PARAMCD,AVAL,CNSR", "A,OS,3,0", "B,OS,4,1"))
    assert [(e.label, e.where) for e in found] == [("Overall survival", ())]
    found, _ = adam.endpoints(adtte("USUBJID,PARAMCD,AVAL,CNSR", "A,OS,3,0", "B,,4,1"))
    assert [e.where for e in found] == [("PARAMCD = OS",)]


@pytest.mark.parametrize(
    ("param", "unit"),
    [
        ("OS (Months)", "months"),
        ("Gesamtüberleben [Tage]", "days"),
        ("Zeit bis Progress in Wochen", "weeks"),
        ("PFS\uff08月\uff09", "months"),
    ],
)
def test_the_unit_stands_in_the_parameter(param: str, unit: str) -> None:
    header = "USUBJID,PARAM,AVAL,CNSR"
    assert units(header, f"A,{param},3,0", f"B,{param},4,1") == [unit]


def test_days_are_taken_with_a_warning_only() -> None:
    header = "USUBJID,PARAM,AVAL,CNSR"
    found, notes = adam.endpoints(adtte(header, "A,Alive after 5 years or so,3,0", "B,OS,4,1"))
    assert [e.unit for e in found] == ["days", "days"], "a number of years is no unit"
    warned = [n for n in notes if n.level == "warning"]
    assert len(warned) == 2
    assert all("days were taken" in n.text for n in warned)


def test_a_unit_that_is_unknown_or_mixed_is_not_guessed() -> None:
    header = "USUBJID,PARAMCD,AVAL,AVALU,CNSR"
    assert units(header, "A,OS,3,HOURS,0", "B,OS,4,HOURS,1") == [""]
    assert units(header, "A,OS,3,DAYS,0", "B,OS,4,MONTHS,1") == [""]
    rows = ("A,OS (months),3,DAYS,0", "B,OS (months),4,DAYS,1")
    found, notes = adam.endpoints(adtte("USUBJID,PARAM,AVAL,AVALU,CNSR", *rows))
    assert found[0].unit == "days"
    assert "says that 'OS (months)' is in days, its name says months" in notes[-1].text


def test_a_coding_that_is_not_adams_is_not_guessed() -> None:
    header = "USUBJID,PARAMCD,AVAL,CNSR"
    found, notes = adam.endpoints(adtte(header, "A,OS,3,Y", "B,OS,4,N"))
    assert found[0].event_is == ()
    assert any("say which of its values" in n.text for n in notes)


def test_a_reason_for_censoring_contradicts_an_event() -> None:
    header = "USUBJID,PARAMCD,AVAL,AVALU,CNSR,CNSDTDSC"
    rows = ("A,OS,3,DAYS,0,Last contact", "B,OS,4,DAYS,1,", "C,OS,4,DAYS,0,Cut-off")
    _, notes = adam.endpoints(adtte(header, *rows))
    assert [(n.level, n.n) for n in notes[1:]] == [("warning", 2)]
    assert "the other way round" in notes[1].text
    honest = ("A,OS,3,DAYS,1,Last contact", "B,OS,4,DAYS,0,", "C,OS,4,DAYS,1,Cut-off")
    assert len(adam.endpoints(adtte(header, *honest))[1]) == 1


def test_a_parameter_without_times_is_no_endpoint() -> None:
    header = "USUBJID,PARAMCD,AVAL,AVALU,CNSR"
    rows = ("A,OS,3,DAYS,0", "B,OS,4,DAYS,1", "A,FLAG,,DAYS,0", "B,FLAG,,DAYS,1")
    found, notes = adam.endpoints(adtte(header, *rows))
    assert [e.where for e in found] == [("PARAMCD = OS",)]
    assert [(n.section, n.n) for n in notes[1:]] == [("excluded", 2)]


@pytest.mark.parametrize(
    ("file", "code", "label", "n", "events"),
    [
        ("psi_adtte_breast/2020-04-08-psi-vissig-adtte.csv", "PFS", "Progression-free survival",
         None, None),
        ("rcdisc_adtte/cadtte.csv.gz", "OS", "Overall Survival", 400, 185),
        ("rcdisc_adtte/cadtte.csv.gz", "PFS", "Progression Free Survival", 400, 258),
    ],
)  # fmt: skip
def test_public_tables(file: str, code: str, label: str, n: int | None, events: int | None) -> None:
    data = (tables() / file).read_bytes()
    data = gzip.decompress(data) if file.endswith(".gz") else data
    dataset = read(data, file.rpartition("/")[2].removesuffix(".gz"))
    assert adam.is_adtte(dataset)
    found = {e.label: e for e in adam.endpoints(dataset)[0]}
    endpoint = found[label]
    assert (endpoint.unit, endpoint.event_is) == ("days", ("0",))
    keep = np.ones(len(dataset.frame), dtype=bool)
    for where in endpoint.where:
        keep &= filters.matches(filters.parse(where, dataset.variables), dataset)
    rows = dataset.frame[keep]
    assert set(rows["PARAMCD"]) == {code}
    if n is not None:
        assert (len(rows), int((rows["CNSR"] == 0).sum())) == (n, events)


def test_the_label_of_aval_tells_the_unit_where_the_parameter_does_not() -> None:
    found = adtte("USUBJID,PARAM,AVAL,CNSR", "A,OS,3,0", "B,OS,4,1")
    labelled = dataclasses.replace(found.variables["AVAL"], label="Analysis Value (weeks)")
    found = dataclasses.replace(found, variables={**found.variables, "AVAL": labelled})
    (endpoint,), notes = adam.endpoints(found)
    assert endpoint.unit == "weeks"
    assert not [n for n in notes if n.level == "warning"]
