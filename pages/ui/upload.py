"""Load a table: drop it, see what was read, confirm what its columns mean, go."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import NoReturn

import streamlit as st

from core.__main__ import FILES
from core.dataset import digest_of, reference_of
from core.errors import DataError, StratiscopeError
from core.spec import AnalysisSpec
from pages.ui import confirm, frame, loading, opening, roles
from pages.ui.loading import Loaded
from pages.ui.sharing import bundles, owner


def choose() -> None:
    """Where files are dropped: in the sidebar of the first page."""
    if draft() is None and "files" not in st.session_state:
        files = loading.choose("Your own table, one row per patient", "file")
        if files:
            st.session_state["files"] = files
            st.rerun()
        st.caption(
            "CSV, Excel, ODS, SPSS, Stata, SAS, Parquet, R. A second patient table, a table with "
            "one row per lesion, and the study's dictionary can be dropped together with it; a "
            "view that was saved as a file as well."
        )
    if st.session_state.get("tables") or draft() is not None:
        st.button("Forget my tables", on_click=frame.forget, icon=":material/delete:")


def draft() -> Loaded | None:
    """A table that was read and whose roles are not confirmed yet."""
    found = st.session_state.get("draft")
    return found if isinstance(found, Loaded) else None


def read_chosen() -> None:
    """Read the files that were dropped, in the middle of the page, or say why that failed."""
    refused = st.session_state.pop("refused", None)
    if refused is not None:
        frame.problem(refused)
    files = st.session_state.pop("files", None)  # gone when the reading is stopped
    if files is None or bundles.take(files):
        return
    try:
        found = _read(files)
        if not opening.at_once(found):
            roles.forget()
            st.session_state["draft"] = found
    except StratiscopeError as error:
        st.session_state["refused"] = error
    st.rerun()  # with the place for files back in the sidebar, or with the new table


def _read(files: tuple[loading.File, ...]) -> Loaded:
    tables, study = loading.apart(files)
    if not tables:
        raise DataError(
            "This is a dictionary", "Drop the table that it belongs to together with it"
        )
    return loading.read(tables, study=study)


def missing_table(spec: AnalysisSpec) -> NoReturn:
    """Ask for the file of a link; a link never carries a row of it."""
    given = _given(spec)
    if given:
        _open_for(spec, given)
        st.stop()
    second = any(text.startswith(("join(sha256:", "lesions(sha256:")) for text in spec.clean)
    st.warning(
        "This link was made with a table that stays with its owner: a link holds the settings and "
        "not one row. Load the same file to see the same view."
        + (" A second table belongs to it: load both together." if second else "")
    )
    files = loading.choose("The table that this link was made with", "missing")
    if files:
        _open_for(spec, files)
    st.stop()


def _given(spec: AnalysisSpec) -> tuple[loading.File, ...]:
    """The files of the command ``open``, where the link is theirs; the server is this computer."""
    named = os.environ.get(FILES)
    if named is None or not owner.on_this_computer():
        return ()
    try:
        files = tuple((Path(name).name, Path(name).read_bytes()) for name in json.loads(named))
    except (OSError, ValueError):
        return ()
    tables = (reference_of(digest_of(data)) for _, data in files)
    return files if spec.data in tables else ()


def _open_for(spec: AnalysisSpec, files: tuple[loading.File, ...]) -> None:
    try:
        tables, study = loading.apart(files)
        # The table of the link goes first, in whatever order they were chosen.
        tables = tuple(
            sorted(tables, key=lambda file: reference_of(digest_of(file[1])) != spec.data)
        )
        found = loading.read(tables, steps=spec.clean, sheet=spec.sheet, study=study)
    except StratiscopeError as error:
        frame.problem(error)
        return
    frame.keep(found, spec.data or found.dataset.reference)
    st.rerun()


def show(found: Loaded) -> None:
    """What was read, what is open, and the roles of the columns."""
    wish = st.session_state.pop("wish", None)
    if wish is not None:
        try:
            again = loading.read(
                wish.files, steps=wish.steps, sheet=wish.sheet, study=wish.study, keeps=wish
            )
        except StratiscopeError as error:
            frame.problem(error)  # and the table stays as it was
        else:
            roles.settle(found.dataset, again.dataset)
            st.session_state["draft"] = again
            st.rerun()
    confirm.page(found)
