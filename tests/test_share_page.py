"""The share page: links, saved views, files, reports and code, as a user clicks through them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import docx
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.analysis import analyse
from core.dataset import digest_of, reference_of
from core.reading import examples
from core.sharing import bundle, snapshot
from core.sharing.errors import Gone, StoreError
from core.spec import AnalysisSpec
from pages.ui.sharing import door
from pages.ui.sharing.owner import HERE
from tests.test_pages import assert_sound, bodies, opened, text_of

PAGE = "pages/share.py"
QUERY = "data=gbsg2&group_by=horTh&terms=horTh,age"


@pytest.fixture(autouse=True)
def _own_store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("STRATISCOPE_STORE", f"sqlite:///{tmp_path}/views.db")
    door.store.cache_clear()
    st.cache_resource.clear()
    yield
    door.store().close()
    door.store.cache_clear()
    st.cache_resource.clear()


def said(at: AppTest) -> str:
    return "\n".join([*map(text_of, bodies(at)), *(c.value for c in at.code)])


def share(query: str = QUERY) -> AppTest:
    at = opened(PAGE, query)
    assert_sound(at)
    return at


def made_token(at: AppTest) -> str:
    found = next(m for c in at.code if (m := re.search(r"/s/([\w-]{32})$", c.value)))
    return found[1]


def test_the_link_with_the_settings_is_the_question() -> None:
    at = share()
    link = next(c.value for c in at.code if "?v=1" in c.value)
    spec = AnalysisSpec.from_query(link)
    assert (spec.data, spec.group_by, spec.terms) == ("gbsg2", "horTh", ("horTh", "age"))


@pytest.mark.parametrize(
    ("kind", "mode", "members"),
    [
        ("results", "view", {door.PAGE}),
        ("view", "view", {door.PAGE, snapshot.QUERY}),
        ("explore", "explore", {door.PAGE, snapshot.QUERY}),
    ],
)
def test_each_kind_of_link(kind: str, mode: str, members: set[str]) -> None:
    at = share()
    at.segmented_control(key="share_kind").set_value(kind).run()
    at.text_input(key="share_title").set_value("*For* <b>Ann</b>").run()
    at.button(key="share_make").click().run()
    assert_sound(at)
    found = door.store().open(made_token(at))
    assert found.link.mode == mode
    assert found.title == "*For* <b>Ann</b>"
    assert members <= set(found.members)
    assert (kind == "results") == (found.kind == "results")
    if kind != "results":
        view = snapshot.opened(found.members)
        own = analyse(examples.load("gbsg2"), AnalysisSpec.from_query(QUERY))
        again = analyse(view.dataset, view.spec)
        assert again["cohort"]["n"] == own["cohort"]["n"]
        for name in ("hazard_ratio", "std_error", "p_value"):
            value = again["km"]["hazard_ratio"][0][name]
            assert value == pytest.approx(own["km"]["hazard_ratio"][0][name], rel=1e-9)


def test_without_a_title_it_is_called_by_its_question() -> None:
    at = share()
    at.button(key="share_make").click().run()
    assert door.store().views(HERE)[0].title == "Recurrence-free survival by Hormonal therapy"


def test_a_passphrase_that_is_too_short_is_said() -> None:
    at = share()
    at.text_input(key="share_passphrase").set_value("short").run()
    at.button(key="share_make").click().run()
    assert not at.exception
    assert len(at.error) == 1
    assert not door.store().views(HERE)


def saved() -> tuple[AppTest, Any, str]:
    at = share()
    at.button(key="share_make").click().run()
    return at, door.store().views(HERE)[0], made_token(at)


def test_a_saved_view_gets_a_new_link_and_a_next_version() -> None:
    at, view, token = saved()
    at.button(key=f"new_explore_{view.view}").click().run()
    assert_sound(at)
    links = door.store().links(view.view, owner=HERE)
    assert {link.mode for link in links} == {"view", "explore"}
    at.button(key=f"next_{view.view}").click().run()
    assert_sound(at)
    assert door.store().open(token).version == 2


def test_who_was_faster_is_not_overwritten() -> None:
    at, view, _ = saved()
    kept = door.store().open(door.store().link(view.view, owner=HERE).token).members
    door.store().save(view.view, kept, owner=HERE, based_on=1)
    at.button(key=f"next_{view.view}").click().run()
    assert not at.exception
    assert "saved by somebody else" in at.error[0].value


def test_links_end_and_views_are_deleted() -> None:
    at, view, token = saved()
    at.button(key=f"end_{view.view}").click().run()
    assert_sound(at)
    with pytest.raises(Gone):
        door.store().open(token)
    at.button(key=f"delete_{view.view}").click().run()
    assert_sound(at)
    assert not door.store().views(HERE)
    assert "There are none yet" in said(at)


def test_a_store_that_is_down_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    at = share()

    def down(*args: object, **more: object) -> None:
        raise StoreError("unreachable")

    monkeypatch.setattr(type(door.store()), "create", down)
    at.button(key="share_make").click().run()
    assert not at.exception
    assert "cannot be reached" in at.error[0].value
    assert "Your work on this page is kept" in at.error[0].value


def test_the_file_opens_on_the_first_page() -> None:
    at = share()
    at.text_input(key="bundle_passphrase").set_value("correct horse battery").run()
    at.button(key="bundle_make").click().run()
    assert_sound(at)
    data, _ = at.session_state["bundle_made"]
    assert bundle.is_bundle(data)
    first = opened("app.py", "data=gbsg2", run=False)
    first.session_state["bundle"] = data
    first.run()
    assert not first.exception
    first.text_input(key="bundle_secret").set_value("wrong passphrase")
    next(b for b in first.button if b.label == "Open the view").click().run()
    assert "not the right one" in first.error[0].value
    first.text_input(key="bundle_secret").set_value("correct horse battery")
    next(b for b in first.button if b.label == "Open the view").click().run()
    assert_sound(first)
    assert "Recurrence-free survival by Hormonal therapy" in said(first)
    assert first.session_state["spec"].data.startswith("sha256:")


def test_a_damaged_file_is_a_sentence() -> None:
    at = share()
    at.button(key="bundle_make").click().run()
    data, _ = at.session_state["bundle_made"]
    first = opened("app.py", "data=gbsg2", run=False)
    first.session_state["bundle"] = data[: len(data) // 2]
    first.run()
    assert not first.exception
    assert len(first.error) == 1


def test_a_report_is_made_with_what_was_chosen() -> None:
    at = share()
    at.multiselect(key="report_parts").set_value(["km"]).run()
    at.selectbox(key="report_form").set_value("docx").run()
    at.button(key="report_make").click().run()
    assert_sound(at)
    data, form, name = at.session_state["report_made"]
    assert (form, name.endswith(".docx")) == ("docx", True)
    heads = [
        p.text for p in docx.Document(io.BytesIO(data)).paragraphs if "Heading" in p.style.name
    ]
    assert "Survival" in heads
    assert "Cox model" not in heads


@pytest.mark.parametrize("name", examples.names())
def test_the_page_opens_on_every_cohort(name: str) -> None:
    query = examples.question(name).to_query()
    at = share(query)
    assert ("Synthetic data" in said(at)) == examples.load(name).synthetic


def test_nothing_leaves_with_a_locked_outcome() -> None:
    at = share(f"{QUERY}&outcome=locked")
    assert not [b for b in at.button if b.key in ("share_make", "bundle_make", "report_make")]
    assert "The outcome is locked" in said(at) + " ".join(i.value for i in at.info)


def test_the_files_of_the_command_open_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "\n".join(f"{i},{i % 2},{'ab'[i % 3 > 1]}" for i in range(1, 60))
    table = tmp_path / "patients.csv"
    table.write_text(f"months,event,arm\n{rows}\n")
    monkeypatch.setenv("STRATISCOPE_FILES", json.dumps([str(table)]))
    mine = reference_of(digest_of(table.read_bytes()))
    query = f"data={mine}&time=months&unit=months&event=event&event_is=1&group_by=arm"
    at = opened("pages/curves.py", query)
    at.run()
    assert_sound(at)
    assert "59 patients" in said(at)
    other = opened("pages/curves.py", query.replace(mine, "sha256:0123456789abcdef"))
    assert "59 patients" not in said(other)
