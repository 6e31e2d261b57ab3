"""The dictionary of a study: saved from one file, it opens the next one without a click."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pytest

from core.analysis import analyse, analyse_query
from core.dataset import Endpoint
from core.errors import DataError
from core.reading import dictionary, read
from core.reading.cells import recode
from core.reading.dictionary import Dictionary
from core.spec import AnalysisSpec
from core.steps import Recipe

TABLE = "pid,months,status,meno,note\n" + "".join(
    f"P{i:03},{i * 7 % 41 + 1},{i % 3},{i % 2 + 1},x\n" for i in range(40)
)
SAID: dict[str, Any] = {
    "stratiscope_dictionary": 1,
    "clean": ["text(note)"],
    "roles": {"id": "pid", "zero": "half"},
    "endpoints": [
        {"label": "Overall survival", "time": "months", "unit": "months", "event": "status",
         "event_is": ["2"], "competing": ["1"]}
    ],
    "variables": [
        {"name": "meno", "label": "Menopause", "values": {"1": "pre", "2": "post"}},
        {"name": "pid", "identifier": True},
    ],
}  # fmt: skip


def parsed(**changes: Any) -> Dictionary:
    return dictionary.parse(json.dumps({**SAID, **changes}).encode())


def opened(study: Dictionary, table: str = TABLE, query: str = "") -> dict[str, Any]:
    spec = study.ask(AnalysisSpec.from_query(query))
    dataset = read(table.encode(), "trial.csv", Recipe.parse(spec.clean), sheet=spec.sheet)
    return analyse(study.apply(dataset), spec)


def test_it_settles_everything_that_a_bare_table_leaves_open() -> None:
    with pytest.raises(Exception, match="cannot be told"):
        opened(Dictionary())
    answer = opened(parsed(), query="group_by=meno")
    asked = AnalysisSpec.from_query(answer["query"])
    assert (asked.time, asked.event_is, asked.competing) == ("months", ("2",), ("1",))
    assert (asked.id, asked.zero) == ("pid", "half")
    assert [level["label"] for level in answer["groups"]["levels"]] == ["pre", "post"]


def test_a_link_wins_over_it() -> None:
    answer = opened(parsed(), query="event_is=1&zero=drop")
    asked = AnalysisSpec.from_query(answer["query"])
    assert (asked.event_is, asked.zero) == (("1",), "drop")


def test_what_was_saved_gives_the_same_answer_for_the_next_file() -> None:
    study = parsed()
    spec = study.ask(AnalysisSpec(group_by="meno"))
    dataset = study.apply(read(TABLE.encode(), "a.csv", Recipe.parse(spec.clean)))
    again = dictionary.parse(dictionary.write(dataset, spec).encode())
    assert opened(again, query="group_by=meno") == opened(study, query="group_by=meno")
    # Another file of the study has other rows and opens as well.
    other = "\n".join(TABLE.splitlines()[:30])
    assert opened(again, other)["cohort"]["n"] == 29


def test_it_holds_no_row() -> None:
    study = parsed()
    spec = study.ask(AnalysisSpec())
    dataset = study.apply(read(TABLE.encode(), "a.csv", Recipe.parse(spec.clean)))
    text = dictionary.write(dataset, spec)
    assert "P001" not in text
    assert '"x"' not in text


def test_the_endpoint_of_the_question_comes_first() -> None:
    dataset = read(TABLE.encode(), "a.csv")
    endpoints = (
        Endpoint("A", "months", "months", "note", ("x",)),
        Endpoint("B", "months", "months", "status", ("2",)),
    )
    dataset = dataclasses.replace(dataset, endpoints=endpoints)
    text = dictionary.write(dataset, AnalysisSpec(time="months", event="status"))
    assert [e.label for e in dictionary.parse(text.encode()).endpoints] == ["B", "A"]


def test_columns_that_are_not_there_are_noted() -> None:
    study = parsed(clean=[], variables=[{"name": "absent", "label": "Gone"}], roles={})
    dataset = study.apply(read(TABLE.encode(), "a.csv"))
    assert any("'absent'" in note.text for note in dataset.notes if note.level == "warning")


@pytest.mark.parametrize(
    "text",
    [
        b"", b"[]", b"{}", b"not json", b'{"stratiscope_dictionary": 2}', b"[" * 100_000,
        b"\xff\xfe\x00", b'{"stratiscope_dictionary": 1, "clean": "x"}',
        b'{"stratiscope_dictionary": 1, "clean": ["explode(now)"]}',
        b'{"stratiscope_dictionary": 1, "roles": {"zero": "maybe"}}',
        b'{"stratiscope_dictionary": 1, "roles": []}',
        b'{"stratiscope_dictionary": 1, "variables": [{"label": "no name"}]}',
        b'{"stratiscope_dictionary": 1, "variables": [{"name": "a", "lable": "typo"}]}',
        b'{"stratiscope_dictionary": 1, "variables": [{"name": "a", "values": {"1": 2}}]}',
        b'{"stratiscope_dictionary": 1, "endpoints": [{"time": "a"}]}',
        b'{"stratiscope_dictionary": 1, "endpoints": [{"time": "a", "unit": "fortnights", '
        b'"event": "b", "event_is": ["1"]}]}',
    ],
)  # fmt: skip
def test_what_is_no_dictionary_is_refused(text: bytes) -> None:
    with pytest.raises(DataError) as error:
        dictionary.parse(text)
    assert error.value.hint


def test_it_is_an_argument_of_the_headless_command(tmp_path: Path) -> None:
    table, study = tmp_path / "a.csv", tmp_path / "study.json"
    table.write_text(TABLE, encoding="utf-8")
    study.write_text(json.dumps(SAID), encoding="utf-8")
    answer = analyse_query(table, "group_by=meno", dictionary=study)
    assert answer == opened(parsed(), query="group_by=meno") | {
        "data": answer["data"] | {"name": "a.csv"}
    }
    with pytest.raises(DataError, match="cannot be opened"):
        analyse_query(table, "", dictionary=tmp_path / "absent.json")


# --- words for codes ---------------------------------------------------------------------------


def test_codes_that_no_step_names_stay() -> None:
    recipe = Recipe.parse(["recode(status, 0=alive, 2=dead)"])
    dataset = read(TABLE.encode(), "a.csv", recipe)
    assert dataset.variables["status"].levels == ("alive", "dead", "1")
    assert set(dataset.frame["status"]) == {"alive", "dead", "1"}
    assert any("1 other value stays" in note.text for note in dataset.notes)


def test_a_code_without_a_word_is_refused() -> None:
    with pytest.raises(Exception, match="no code with its word"):
        recode.apply(read(TABLE.encode(), "a.csv"), Recipe.parse(["recode(status, 0)"]))
