"""The address in the browser: what it says, and the echo of the question in it."""

from __future__ import annotations

import streamlit as st

from core.spec import AnalysisSpec
from pages.ui.sharing import arriving


def echo(spec: AnalysisSpec) -> None:
    """Keep the question with its guesses written out, and put it into the address."""
    state = st.session_state
    before, echo = state.get("echo"), spec.to_dict()
    state["spec"], state["echo"] = spec, echo
    # During quick moves a run may start with the right address while a wrong one, of the run
    # before, is still on its way to the browser: what was sent last decides too.
    if before not in (None, echo) or echo != fields():
        st.query_params.from_dict(echo | _visit(spec))


def _visit(spec: AnalysisSpec) -> dict[str, list[str]]:
    """The field that brings a shared view back when its page is loaded again."""
    here = arriving.arrived(spec)
    return {} if here is None else {arriving.FIELD: [here.opened.link.id]}


def fields() -> dict[str, list[str]]:
    """The fields of the address as the browser last told them."""
    named = (name for name in st.query_params if name != arriving.FIELD)
    return {name: st.query_params.get_all(name) for name in named}


def with_draws(
    spec: AnalysisSpec, permutations: int | None, bootstraps: int | None
) -> AnalysisSpec:
    """The question with as many random draws as the page asks for."""
    return spec.but(
        permutations=permutations if spec.permutations is None else spec.permutations,
        bootstraps=bootstraps if spec.bootstraps is None else spec.bootstraps,
    )
