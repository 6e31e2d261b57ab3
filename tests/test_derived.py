"""Endpoints from dates: the earliest event decides, its kind stays visible, nothing is made up."""

from __future__ import annotations

import numpy as np
import pytest

from core.dataset import Dataset
from core.errors import SpecError
from core.reading import read
from core.reading.endpoints import derived, proposals
from core.steps import Step


def table(header: str, *rows: str) -> Dataset:
    return read("\n".join([header, *rows, ""]).encode(), "a.csv")


def add(dataset: Dataset, text: str) -> Dataset:
    return derived.add_endpoint(dataset, Step.parse(f"endpoint({text})"))


DATES = table(
    "start,progression,death,last",
    "2020-01-01,2020-03-01,2020-06-01,2020-06-01",
    "2020-01-01,,2020-02-01,2020-02-01",
    "2020-01-01,,,2021-01-01",
    "2020-01-01,2020-02-01,2020-02-01,2020-02-01",
    ",2020-02-01,,2020-03-01",
    "2020-01-01,,,",
    "2020-01-01,2020-05-01,,2020-03-01",
    "2020-01-01,2019-12-31,,2020-03-01",
    "2020-01-01,,2020-01-01,2020-01-01",
)
PFS = "PFS, start=start, event=progression, event=death, last=last"


def test_the_earliest_event_decides_and_its_kind_stays_visible() -> None:
    made = add(DATES, PFS)
    np.testing.assert_array_equal(
        made.frame["PFS time"], [60, 31, 366, 31, np.nan, np.nan, 121, -1, 0]
    )
    assert made.frame["PFS event"].tolist() == [
        "progression", "death", "censored", "progression", "progression", None, "progression",
        "progression", "death",
    ]  # fmt: skip
    (endpoint,) = made.endpoints
    assert (endpoint.label, endpoint.time, endpoint.event) == (
        "Progression-free survival",
        "PFS time",
        "PFS event",
    )
    assert (endpoint.unit, endpoint.event_is) == ("days", ("progression", "death"))
    assert made.variables["PFS event"].levels == ("censored", "progression", "death")
    assert "PFS time" not in DATES.frame
    assert DATES.endpoints == ()


def test_the_order_of_the_events_matters_on_the_same_day_only() -> None:
    made = add(DATES, "PFS, start=start, event=death, event=progression, last=last")
    assert made.frame["PFS event"][[0, 3]].tolist() == ["progression", "death"]


def test_what_is_left_out_or_odd_is_told_with_its_lines() -> None:
    made = add(DATES, PFS)
    told = {(n.section, n.lines): n.text for n in made.notes if n.about == "PFS time"}
    assert "without 'start'" in told["excluded", (6,)]
    assert "neither an event nor 'last'" in told["excluded", (7,)]
    assert "after 'last', which was kept" in told["suspect", (8,)]
    assert "below 0" in told["suspect", (9,)]
    assert "the time is 0" in told["suspect", (10,)]
    said = told["read", ()]
    assert "7 rows with both time and event: 1 censored, 4 progression, 2 death" in said
    assert "from 'start' to the earliest of 'progression', 'death', else to 'last'" in said


@pytest.mark.parametrize(
    ("unit", "days"), [("days", 1.0), ("weeks", 7.0), ("months", 30.4375), ("years", 365.25)]
)
def test_units(unit: str, days: float) -> None:
    made = add(DATES, f"{PFS}, unit={unit}")
    assert made.frame["PFS time"][2] == pytest.approx(366 / days, rel=1e-14)
    assert made.variables["PFS time"].unit == made.endpoints[0].unit == unit
    text = next(n.text for n in made.notes if n.section == "read" and n.about == "PFS time")
    assert ("30.4375 days" in text) is (unit == "months")


STATUS = table(
    "diag,last,vital",
    "2020-01-01,2020-01-31,dead",
    "2020-01-01,2020-03-01,alive",
    "2020-01-01,2020-03-01,",
    "2020-01-01,,dead",
    "2020-01-01,2020-03-01,dead of other",
)


def test_one_date_and_a_status() -> None:
    made = add(STATUS, "OS, start=diag, last=last, status=vital, is=dead")
    np.testing.assert_array_equal(made.frame["OS time"], [30, 60, 60, np.nan, 60])
    assert made.frame["OS event"].tolist() == ["event", "censored", None, "event", "censored"]
    assert made.endpoints[0].event_is == ("event",)
    texts = [n.text for n in made.notes if n.lines == (4,)]
    assert any("without 'vital'" in t for t in texts)


def test_several_statuses_can_compete() -> None:
    made = add(STATUS, "OS, start=diag, last=last, status=vital, is=dead, is=dead of other")
    assert made.frame["OS event"].tolist() == ["dead", "censored", None, "dead", "dead of other"]
    assert made.endpoints[0].event_is == ("dead", "dead of other")


def test_a_status_written_as_a_number() -> None:
    rows = [f"2020-01-01,2020-02-{d:02},{d % 2 + 1}" for d in range(1, 11)]
    made = add(table("diag,last,vital", *rows), "OS, start=diag, last=last, status=vital, is=2")
    assert made.frame["OS event"].tolist() == ["event", "censored"] * 5


def test_a_death_without_a_date_is_not_censored_in_silence() -> None:
    dataset = table(
        "start,progression,last,vital",
        "2020-01-01,2020-02-01,2020-03-01,dead",
        "2020-01-01,,2020-03-01,dead",
        "2020-01-01,,2020-03-01,alive",
    )
    text = "PFS, start=start, event=progression, last=last, status=vital, is=dead"
    made = add(dataset, text)
    np.testing.assert_array_equal(made.frame["PFS time"], [31, 60, 60])
    assert made.frame["PFS event"].tolist() == ["progression", "dead", "censored"]
    assert any(n.lines == (3,) and "but no date of it" in n.text for n in made.notes)


def test_labels_that_collide_are_told_apart() -> None:
    dataset = table(
        "start,censored,death,last", "2020-01-01,2020-01-05,,", "2020-01-01,,,2020-02-01"
    )
    made = add(dataset, "X, start=start, event=censored, event=death, last=last")
    assert made.frame["X event"].tolist() == ["event 'censored'", "censored"]


def test_an_event_that_nobody_had_yet_is_an_empty_column() -> None:
    dataset = table("start,death,last", "2020-01-01,,2020-01-31", "2020-01-01,,2020-03-01")
    made = add(dataset, "OS, start=start, event=death, last=last")
    assert made.frame["OS time"].tolist() == [30, 60]
    assert made.frame["OS event"].tolist() == ["censored", "censored"]


def test_names_with_commas_are_quoted() -> None:
    dataset = table('"Diagnosis, date",last,vital', "2020-01-01,2020-01-31,dead")
    step = Step("endpoint", ("OS", "start=Diagnosis, date", "last=last", "status=vital", "is=dead"))
    made = derived.add_endpoint(dataset, Step.parse(str(step)))
    assert made.frame["OS time"].tolist() == [30]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("start=start, event=death, last=last", "has no name in front"),
        ("OS, event=death, last=last", "has no start"),
        ("OS, start=start, event=death", "has no date of last contact"),
        ("OS, start=start, last=last", "has no event"),
        ("OS, start=start, last=last, status=death", "both status and is"),
        ("OS, start=start, event=death, last=last, is=x", "both status and is"),
        ("OS, start=start, event=death, last=last, unit=hours", "unit of the endpoint"),
        ("OS, start=start, event=death, last=last, last=death", "several 'last'"),
        ("OS, start=start, event=death, last=last, colour=red", "'colour=red' in a step"),
        ("OS, start=start, event=dead, last=last", "no column 'dead'"),
        ("OS, start=start, last=last, status=death, is=nobody", "No row has the status"),
    ],
)
def test_steps_that_cannot_be_carried_out(text: str, match: str) -> None:
    with pytest.raises(SpecError, match=match) as error:
        add(DATES, text)
    assert error.value.field == "clean"


def test_a_column_without_dates_and_a_name_that_is_taken() -> None:
    with pytest.raises(SpecError, match="'vital' holds no dates") as error:
        add(STATUS, "OS, start=diag, event=vital, last=last")
    assert "date(vital, dmy)" in error.value.hint
    with pytest.raises(SpecError, match="already has a column 'PFS time'"):
        add(add(DATES, PFS), PFS)


def test_partial_dates_are_not_filled_in() -> None:
    dataset = DATES
    frame = dataset.frame.copy()
    frame.loc[1, "death"] = "2020-02"
    frame.loc[2, "last"] = None
    partial = Dataset("a", frame, dataset.variables, "d", "r")
    made = add(partial, PFS)
    assert made.frame["PFS event"][1] == "censored"
    assert np.isnan(made.frame["PFS time"][2])


# What is proposed -----------------------------------------------------------------------------


def proposed(header: str, *rows: str) -> list[str]:
    return [str(p.step) for p in proposals.propose(table(header, *rows))]


def test_every_proposal_can_be_carried_out() -> None:
    for proposal in proposals.propose(DATES):
        made = derived.add_endpoint(DATES, proposal.step)
        assert made.endpoints[0].label == proposal.label
    assert [p.label for p in proposals.propose(DATES)] == [
        "Overall survival",
        "Progression-free survival",
    ]


DAY = "2020-01-01"


@pytest.mark.parametrize(
    ("header", "steps"),
    [
        (
            "Date of diagnosis,Date of surgery,Date of relapse,Date of death,Date of last contact",
            [
                "endpoint(OS, start=Date of diagnosis, event=Date of death,"
                " last=Date of last contact, unit=months)",
                "endpoint(DFS, start=Date of surgery, event=Date of relapse, event=Date of death,"
                " last=Date of last contact, unit=months)",
            ],
        ),
        (
            "Datum Erstdiagnose,Rezidivdatum,Todesdatum,Datum letzte Nachsorge",
            [
                "endpoint(OS, start=Datum Erstdiagnose, event=Todesdatum,"
                " last=Datum letzte Nachsorge, unit=months)",
                "endpoint(DFS, start=Datum Erstdiagnose, event=Rezidivdatum, event=Todesdatum,"
                " last=Datum letzte Nachsorge, unit=months)",
            ],
        ),
        (
            "确诊日期,进展日期,死亡日期,末次随访日期",
            [
                "endpoint(OS, start=确诊日期, event=死亡日期, last=末次随访日期, unit=months)",
                "endpoint(PFS, start=确诊日期, event=进展日期, event=死亡日期,"
                " last=末次随访日期, unit=months)",
            ],
        ),
        (
            "randomization_date,diagnosis_date,progression_date,last_followup",
            [
                "endpoint(TTP, start=randomization_date, event=progression_date,"
                " last=last_followup, unit=months)"
            ],
        ),
        ("diagnosis_date,last_treatment_date,death_date", []),
        ("birth_date,last_contact,death_date", []),
        (
            "diagnosis_date,relapse_treatment,last_relapse,last_contact,death_date",
            [
                "endpoint(OS, start=diagnosis_date, event=death_date, last=last_contact,"
                " unit=months)"
            ],
        ),
        ("diagnosis_date,death_date", []),
        ("diagnosis_date,last_contact", []),
        ("diagnosis_date,planned_last_visit,death_date", []),
    ],
)
def test_proposals_by_the_names_of_dates(header: str, steps: list[str]) -> None:
    n = header.count(",") + 1
    assert proposed(header, *[",".join([DAY] * n)] * 3) == steps


def test_a_status_takes_the_place_of_the_date_of_death() -> None:
    header = "diagnosis,Date of death or last contact,Progression,vital status"
    rows = (f"{DAY},{DAY},2020-05-01,dead", f"{DAY},{DAY},,alive")
    assert proposed(header, *rows) == [
        "endpoint(OS, start=diagnosis, last=Date of death or last contact, status=vital status,"
        " is=dead, unit=months)",
        "endpoint(PFS, start=diagnosis, event=Progression, last=Date of death or last contact,"
        " status=vital status, is=dead, unit=months)",
    ]


def test_a_status_that_can_be_read_both_ways_is_not_used() -> None:
    rows = [f"{DAY},{DAY},{i % 2 + 1}" for i in range(10)]
    assert proposed("diagnosis,last contact,vital status", *rows) == []
