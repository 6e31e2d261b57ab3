"""From a dropped file to a cohort, as somebody does it on the page; the browser is in test_browser.

Every number that is asserted comes from `analyse` over the same bytes, or is counted by hand.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.analysis import analyse
from core.dataset import digest_of, reference_of
from core.reading import read, read_all
from core.steps import Recipe
from core.view import report, tables
from pages.ui import columns
from tests.test_pages import (
    COHORT,
    CURVES,
    asked,
    assert_sound,
    bodies,
    charts,
    messages,
    opened,
    press,
    text_of,
)

N = 40
PLAIN = "pid,os_months,death,marker\n" + "".join(
    f"P{i:02},{i * 7 % 31 + 1},{int(i % 3 > 0)},{i * 11 % 23}\n" for i in range(N)
)
DATES = "pid;diagnosis;progression;death;last_contact\n" + "".join(
    f"P{i:02};{1 + i % 28:02}.{1 + i % 12:02}.2018;"
    f"{'' if i % 3 else f'{1 + i % 28:02}.{1 + i % 12:02}.2019'};"
    f"{'' if i % 4 else '15.06.2021'};15.06.2021\n"
    for i in range(N)
)
UNCLEAR = "pid,os_months,death,start\n" + "".join(
    f"P{i:02},{i + 1},{i % 2},{1 + i % 12:02}/{1 + i % 7:02}/2018\n" for i in range(N)
)


@pytest.fixture(autouse=True)
def _no_caches() -> Iterator[None]:
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


def drop(at: AppTest, *files: tuple[str, str | bytes]) -> AppTest:
    """Drop files onto the first place for files, together."""
    at.file_uploader[0].set_value(
        [(name, c.encode() if isinstance(c, str) else c, "text/csv") for name, c in files]
    )
    return at.run()


def words(at: AppTest) -> str:
    return "\n".join(map(text_of, bodies(at)))


def test_endpoints_are_made_from_dates() -> None:
    at = drop(opened(COHORT), ("dates.csv", DATES))
    assert at.selectbox(key="role_time").value is None
    (button,) = (b for b in at.button if b.label.startswith("Add Progression"))
    button.click().run()
    assert at.selectbox(key="role_time").value == "PFS time"
    assert at.selectbox(key="role_event").value == "PFS event"
    press(at, "Open this cohort")
    assert_sound(at)
    spec = asked(at)
    (step,) = spec.clean
    assert step.startswith("endpoint(PFS, start=diagnosis, event=progression")
    answer = analyse(read(DATES.encode(), "dates.csv", Recipe.parse(spec.clean)), spec)
    # Progression in every third patient, death in every fourth, both in every twelfth.
    assert answer["cohort"]["events"] == 14 + 10 - 4
    assert answer["cohort"]["n"] == N
    assert f"{N} patients, 20 events" in words(at)


def test_a_link_with_cleaning_steps_shows_the_same_to_another_person() -> None:
    at = drop(opened(COHORT), ("dates.csv", DATES))
    next(b for b in at.button if b.label.startswith("Add Overall")).click().run()
    press(at, "Open this cohort")
    there = opened(CURVES, run=False)
    there.query_params.update(at.query_params)
    there.run()
    assert "Load the same file" in messages(there)
    drop(there, ("again.csv", DATES))
    assert_sound(there)
    assert asked(there) == asked(at)
    assert len(charts(there)) == 1


def test_dates_that_can_be_read_in_two_ways_are_asked() -> None:
    at = drop(opened(COHORT), ("unclear.csv", UNCLEAR))
    assert at.session_state["draft"].dataset.variables["start"].kind == "text"
    (answer,) = (b for b in at.button if b.label.replace("\\", "").startswith("day first"))
    answer.click().run()
    dataset = at.session_state["draft"].dataset
    assert dataset.variables["start"].kind == "date"
    assert dataset.frame["start"][1] == "2018-02-02"
    assert dataset.frame["start"][7] == "2018-01-08"
    assert dataset.steps == ("date(start, dmy)",)
    # Taken back, it is asked again.
    next(b for b in at.button if b.key == "undo_0").click().run()
    assert at.session_state["draft"].dataset.variables["start"].kind == "text"


def test_the_event_is_said_in_words_and_flipped_with_one_click() -> None:
    at = drop(opened(COHORT), ("plain.csv", PLAIN))
    died = sum(i % 3 > 0 for i in range(N))
    assert f"1 means the event happened: {died} of {N}" in words(at)
    press(at, "Flip")
    assert f"0 means the event happened: {N - died} of {N}" in words(at)
    press(at, "Open this cohort")
    assert asked(at).event_is == ("0",)
    assert f"{N} patients, {N - died} events" in words(at)


def test_a_second_table_is_joined_and_travels_in_the_link() -> None:
    second = "Patient,SUVmax\n" + "".join(f"P{i:02},{i / 4 + 1}\n" for i in range(5, N + 5))
    at = drop(opened(COHORT), ("plain.csv", PLAIN), ("pet.csv", second))
    dataset = at.session_state["draft"].dataset
    assert int(dataset.frame["SUVmax"].notna().sum()) == N - 5
    told = " ".join(note.text for note in dataset.notes)
    assert "pet.csv" in told
    press(at, "Open this cohort")
    at.switch_page(CURVES).run()
    at.selectbox(key="stratifier").set_value("SUVmax").run()
    assert_sound(at)
    reference = reference_of(digest_of(second.encode()))
    assert asked(at).clean == (f"join({reference}, pid, Patient)",)
    files = [("plain.csv", PLAIN.encode()), ("pet.csv", second.encode())]
    answer = analyse(read_all(files, Recipe.parse(asked(at).clean)), asked(at))
    assert answer["cohort"]["n"] == N - 5
    there = opened(CURVES, run=False)
    there.query_params.update(at.query_params)
    there.run()
    assert "load both together" in messages(there)
    drop(there, ("pet.csv", second), ("plain.csv", PLAIN))  # in whatever order
    assert_sound(there)
    assert asked(there) == asked(at)


def test_a_dictionary_dropped_with_the_table_needs_no_click() -> None:
    table = PLAIN.replace(",1,", ",2,").replace(",0,", ",1,")
    study = json.dumps(
        {
            "stratiscope_dictionary": 1,
            "endpoints": [
                {"label": "Overall survival", "time": "os_months", "unit": "months",
                 "event": "death", "event_is": ["2"]}
            ],
            "variables": [{"name": "marker", "label": "HI", "unit": "SUV"}],
        }
    )  # fmt: skip
    at = drop(opened(COHORT), ("plain.csv", table), ("study.json", study))
    assert_sound(at)
    assert asked(at).event_is == ("2",)
    at.switch_page(CURVES).run()
    at.selectbox(key="stratifier").set_value("marker").run()
    assert "Overall survival by HI" in words(at)


def test_a_join_that_is_not_answered_keeps_the_cohort_closed() -> None:
    second = "Patient,SUVmax\n" + "".join(f"P{i:03},{i / 4 + 1}\n" for i in range(N))
    at = drop(opened(COHORT), ("plain.csv", PLAIN), ("pet.csv", second))
    (button,) = (b for b in at.button if b.label == "Open this cohort")
    assert button.disabled
    assert "belong to the same patient" in " ".join(c.value for c in at.caption)
    answer = next(b for b in at.button if "001 and 1 are the same" in b.label.replace("\\", ""))
    assert "as it is now" not in answer.label
    answer.click().run()
    press(at, "Open this cohort")
    assert_sound(at)
    assert any("number" in step for step in asked(at).clean)


def test_the_cleaned_table_has_whole_numbers_and_no_names() -> None:
    rows = [line.split(",") for line in PLAIN.splitlines()]
    text = "\n".join(
        ",".join([r[0], "Surname" if i == 0 else f"Meier{'abcdefghij'[i % 10]}", *r[1:]])
        for i, r in enumerate(rows)
    )
    frame = tables.cleaned(read(text.encode(), "a.csv"))
    assert list(frame.columns) == ["pid", "os_months", "death", "marker"]
    assert tables.to_csv(frame).decode("utf-8-sig").splitlines()[1] == "P00,1,0,0"


def test_a_dictionary_alone_or_a_broken_one_is_said() -> None:
    at = drop(opened(COHORT), ("study.json", '{"stratiscope_dictionary": 1}'))
    assert "Drop the table that it belongs to" in messages(at)
    at = drop(opened(COHORT), ("plain.csv", PLAIN), ("study.json", '{"a": 1}'))
    assert "no dictionary of this program" in messages(at)
    assert "draft" not in at.session_state


def test_rows_of_the_same_patient_are_never_counted_unasked() -> None:
    at = drop(opened(COHORT), ("samples.csv", PLAIN + "P00,3,1,5\nP01,9,0,7\n"))
    (button,) = (b for b in at.button if b.label == "Open this cohort")
    assert button.disabled
    at.radio(key="role_one_row").set_value("first").run()
    press(at, "Open this cohort")
    assert_sound(at)
    assert asked(at).one_row == "first"
    assert f"{N} patients" in words(at)


def test_zero_and_negative_times_are_listed_with_a_choice() -> None:
    at = drop(opened(COHORT), ("odd.csv", PLAIN + "Q1,0,1,3\nQ2,-4,0,3\n"))
    assert f"line {N + 2}" in at.selectbox(key="role_zero").label
    assert f"line {N + 3}" in at.selectbox(key="role_negative").label
    at.selectbox(key="role_negative").set_value("half").run()
    press(at, "Open this cohort")
    assert asked(at).negative == "half"
    assert asked(at).zero is None
    assert f"{N + 2} patients" in words(at)


def test_stacked_endpoints_are_chosen_and_changed() -> None:
    header = "USUBJID,PARAMCD,PARAM,AVAL,CNSR,TRT01P\n"
    rows = "".join(
        f"S{i:02},{code},{label} (Months),{i % 13 + 1 + extra},{int(i % k == 0)},{'AB'[i % 2]}\n"
        for i in range(30)
        for code, label, extra, k in (("OS", "Overall Survival", 9, 2), ("PFS", "PFS", 1, 3))
    )
    at = drop(opened(COHORT), ("adtte.csv", header + rows))
    assert "0 means the event happened: 15 of 30" in words(at)
    press(at, "Open this cohort")
    assert asked(at).where == ("PARAMCD = OS",)
    assert "30 patients, 15 events" in words(at)
    options = at.selectbox(key="endpoint").options
    at.selectbox(key="endpoint").select_index(1).run()
    assert len(options) == 2
    assert asked(at).where == ("PARAMCD = PFS",)
    assert "30 patients, 20 events" in words(at)


def test_the_report_follows_the_table_to_every_page() -> None:
    table = PLAIN.replace("P03,22,0,10", "P03,22,0,n/a").replace("P07,19", "P07,soon")
    at = drop(opened(COHORT), ("plain.csv", table))
    press(at, "Open this cohort")
    at.switch_page(CURVES).run()
    assert "line 9" in messages(at)  # the time that is no number
    assert any("Import report: " in e.label for e in at.expander)


def test_the_report_tells_what_was_merged_and_names_the_column() -> None:
    table = "pid,ER\n" + "".join(f"P{i},{('Positive', 'Positve')[i % 4 == 0]}\n" for i in range(8))
    dataset = read(table.encode(), "a.csv", Recipe.parse(["merge(ER, Positve, Positive)"]))
    assert set(dataset.frame["ER"]) == {"Positive"}
    (note,) = (n for n in dataset.notes if "merged" in n.text)
    assert (note.section, note.n) == ("changed", 2)
    assert "2 cells of 'ER' were merged" in report.text(dataset)
    bare = dataclasses.replace(note, text="2 cells were changed.")
    assert report.sentence(bare) == "'ER': 2 cells were changed."


def edit(at: AppTest, column: str, **cells: str) -> AppTest:
    """Type into the table of columns, as the browser tells it, and use it."""
    draft = at.session_state["draft"]
    row = list(draft.dataset.variables).index(column)
    before = columns._described(draft.dataset)
    after = before.copy()
    for name, text in cells.items():
        after.loc[row, name.replace("_", " ")] = text
    columns._change(draft, before, after)
    return at.run()


def test_levels_get_words_and_an_order_and_a_second_answer_replaces_the_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = drop(opened(COHORT), ("plain.csv", PLAIN))
    wishes: list[object] = []
    monkeypatch.setattr("pages.ui.loading.change", lambda found, **fields: wishes.append(fields))
    for text in ("0=no, 1=yes", "1=died, 0=alive"):
        draft = at.session_state["draft"]
        edit(at, "death", Levels=text)
        steps = wishes[-1]["steps"]  # type: ignore[index]
        again = read(PLAIN.encode(), "plain.csv", Recipe.parse(steps))
        at.session_state["draft"] = dataclasses.replace(draft, dataset=again, steps=steps)
    assert again.variables["death"].levels == ("died", "alive")
    edit(at, "death", Levels="alive, died", Label="Death")
    steps = wishes[-1]["steps"]  # type: ignore[index]
    assert steps == ("recode(death, 1=died, 0=alive)", "order(death, alive, died)")
    assert wishes[-1]["labels"] == {"death": {"label": "Death", "unit": ""}}  # type: ignore[index]
    ordered = read(PLAIN.encode(), "plain.csv", Recipe.parse(steps))
    assert ordered.variables["death"].levels == ("alive", "died")
