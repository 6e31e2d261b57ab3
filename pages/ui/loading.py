"""Reading files in a process of their own, with progress on the screen and a way to stop.

A table that was read stays in the session together with its bytes, so that another cleaning step
or another sheet can be read from them; no other user reaches either.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st
from streamlit.runtime import get_instance
from streamlit.runtime.scriptrunner import get_script_run_ctx

from core.dataset import Dataset
from core.notes import Choice
from core.reading import dictionary
from core.reading.dictionary import Dictionary
from core.reading.table import File
from core.spec import AnalysisSpec
from core.steps import Recipe
from core.view import html
from pages.ui import frame

OWN = (
    "tables", "worked", "looks", "draft", "files", "wish", "refused", "marked", "arrived",
    "share_made", "bundle_made", "report_made",
)  # fmt: skip
"""What a session holds of tables that were loaded, and of what was made from them."""


@dataclass(frozen=True)
class Loaded:
    """A table with the files that it was read from and what was decided about them.

    Attributes
    ----------
    files : tuple of (str, bytes)
        The table, and one that is joined to it.
    sheet : str or None
        The sheet that was asked for.
    steps : tuple of str
        The cleaning steps that were asked for; `dataset.steps` are those in force.
    dataset : Dataset
        As it was read, with the dictionary applied.
    study : Dictionary or None
    words : mapping of str to str
        What a step means in words, where a question was answered.
    labels : mapping of str to mapping
        Labels and units that were typed.
    """

    files: tuple[File, ...]
    dataset: Dataset
    sheet: str | None = None
    steps: tuple[str, ...] = ()
    study: Dictionary | None = None
    words: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def answers(self, spec: AnalysisSpec) -> bool:
        """Whether a question asks for the table as it was read."""
        asked = ((self.sheet, self.steps), (self.dataset.sheet or None, self.dataset.steps))
        return (spec.sheet, spec.clean) in asked


def choose(label: str, key: str) -> tuple[File, ...]:
    """Where files are dropped; empty until there are some. Streamlit's copies are freed."""
    # Of any type: a PDF is refused with a sentence by the reader, with a red mark by the browser.
    chosen = st.file_uploader(label, accept_multiple_files=True, key=key)
    # The browser goes on holding what was taken already until something else is chosen.
    taken = tuple(file.file_id for file in chosen)
    if not chosen or taken == st.session_state.get("taken"):
        return ()
    st.session_state["taken"] = taken
    files = tuple((file.name, file.getvalue()) for file in chosen)
    release_uploads()
    return files


def release_uploads() -> None:
    """Free the bytes of uploaded files; changing an uploader's key would keep them in memory."""
    if (context := get_script_run_ctx()) is not None:
        get_instance().uploaded_file_mgr.remove_session_files(context.session_id)


def apart(files: Sequence[File]) -> tuple[tuple[File, ...], Dictionary | None]:
    """Tell tables from the dictionary of the study, which is a JSON file.

    Raises
    ------
    DataError
        If the dictionary cannot be used.
    """
    tables = tuple(f for f in files if not _is_json(f))
    found = [dictionary.parse(data) for name, data in files if _is_json((name, data))]
    return tables, found[0] if found else None


def _is_json(file: File) -> bool:
    return file[0].lower().endswith(".json") and file[1].lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def read(
    files: tuple[File, ...],
    *,
    steps: tuple[str, ...] = (),
    sheet: str | None = None,
    study: Dictionary | None = None,
    keeps: Loaded | None = None,
) -> Loaded:
    """Read tables while the page shows how far that is.

    Leaving the page, another move on it, or the button ends the reading.

    Raises
    ------
    StratiscopeError
        Why a table cannot be used.
    """
    if study is not None:
        asked = study.ask(AnalysisSpec(clean=steps, sheet=sheet))
        steps, sheet = asked.clean, asked.sheet
    place = st.empty()
    with place.container():
        st.html(html.paragraph(f"Reading {', '.join(name for name, _ in files)}", "quiet"))
        bar = st.progress(0.0, "Reading the table")
        st.button(
            "Stop reading",
            key="stop_reading",
            icon=":material/close:",
            on_click=lambda: st.toast("The reading was stopped. Nothing was loaded."),
        )
    try:
        found = frame.readers().read(
            files, recipe=Recipe.parse(steps), sheet=sheet, progress=lambda f, t: _show(bar, f, t)
        )
    finally:
        place.empty()
    loaded = Loaded(files, found, sheet, steps, study)
    if keeps is not None:
        loaded = dataclasses.replace(loaded, words=keeps.words, labels=keeps.labels)
    return labelled(loaded)


def _show(bar: Any, fraction: float, text: str) -> None:
    bar.progress(min(1.0, fraction), html.markdown_text(text))


def labelled(loaded: Loaded) -> Loaded:
    """Put the dictionary's and the typed labels onto the table."""
    dataset = loaded.dataset
    if loaded.study is not None:
        dataset = loaded.study.apply(dataset)
    variables = {
        name: dataclasses.replace(v, **loaded.labels.get(name, {}))
        for name, v in dataset.variables.items()
    }
    return dataclasses.replace(loaded, dataset=dataclasses.replace(dataset, variables=variables))


def again(loaded: Loaded, spec: AnalysisSpec) -> Loaded:
    """Read a kept table as a link asks for it."""
    found = read(loaded.files, steps=spec.clean, sheet=spec.sheet, keeps=loaded)
    # The endpoints that were confirmed stay known, where their columns are still there.
    there = set(found.dataset.variables)
    known = [e for e in loaded.dataset.endpoints if {e.time, e.event} <= there]
    others = [e for e in found.dataset.endpoints if e not in known]
    dataset = dataclasses.replace(found.dataset, endpoints=(*known, *others))
    return dataclasses.replace(found, dataset=dataset)


def change(found: Loaded, **fields: Any) -> None:
    """Read the table again with other decisions; for callbacks."""
    st.session_state["wish"] = dataclasses.replace(found, **fields)


def add(found: Loaded, choice: Choice) -> None:
    """Settle a question with one of its answers."""
    words = {**found.words, **dict.fromkeys(choice.steps, choice.words)}
    steps = tuple(dict.fromkeys((*found.steps, *choice.steps)))
    change(found, steps=steps, words=words)
