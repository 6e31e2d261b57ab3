"""The table of the question: shipped, or uploaded in this session; else the page asks for it."""

from __future__ import annotations

import streamlit as st

from core.dataset import Dataset
from core.errors import StratiscopeError
from core.lesions import attach
from core.lesions.matching import matched
from core.lesions.recist import derived
from core.origin import start_of
from core.reading import examples
from core.spec import AnalysisSpec
from core.view.html import markdown_text, paragraph
from pages.ui import frame, loading, upload
from pages.ui.loading import Loaded


def dataset_of(spec: AnalysisSpec) -> Dataset:
    """The data of the question: shipped, or uploaded in this session; else ask for the file."""
    name = spec.data or frame.FIRST
    kept: dict[str, Loaded] = st.session_state.get("tables", {})
    if name in kept:
        if not kept[name].answers(spec):
            try:
                frame.keep(loading.again(kept[name], spec), name)
            except StratiscopeError as error:
                frame.problem(error)
                st.stop()
        return kept[name].dataset
    if name in examples.names():
        return frame.example(name)
    if name.startswith("sha256:"):
        return upload.missing_table(spec)
    known = ", ".join(examples.names())
    st.error(f"The link names the data '{markdown_text(name)}', which is not shipped here.")
    st.html(paragraph(f"There are: {known}.", "quiet"))
    st.button(
        "Open the example instead", on_click=frame.ask, args=(examples.question(frame.FIRST),)
    )
    st.stop()


def with_lesions(dataset: Dataset, spec: AnalysisSpec) -> Dataset:
    """The patients with the columns that come from their lesions, by the choices in force."""
    if not dataset.lesions:
        return dataset
    name = attach.name_of(dataset.lesions, spec)
    files = "".join(table.digest + table.sheet for table in dataset.lesions)
    found = frame.kept(
        f"lesions {dataset.digest} {files} {spec.id}", lambda: matched(dataset, spec.id)
    )
    rules, visits = attach.rules_of(spec), found.tables.recist
    # A move of a PET filter leaves the responses as they are.
    responses = frame.kept(
        f"responses {dataset.digest} {files} {spec.id} {rules!r}",
        lambda: None if visits is None else derived.patients(visits, rules),
    )
    return frame.kept(
        f"columns {dataset.digest} {name} {start_of(dataset, spec)}",
        lambda: attach.with_columns(dataset, spec, found, responses),
    )
