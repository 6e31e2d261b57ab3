"""The sidebar of every page: endpoint, unit, filters, who is in, and the link to the view."""

from __future__ import annotations

from contextlib import suppress

import pandas as pd
import streamlit as st

from core import filters, locking
from core.allowed import CHOICES
from core.dataset import Variable
from core.errors import StratiscopeError
from core.reading.roles import guessing
from core.spec import shortest
from core.survival.cox import CoxResult
from core.view import html, tables, words
from pages.ui import exploring, frame, lock
from pages.ui.frame import Page

PROFILE_HELP = (
    "R: Efron's ties, limits of medians from the limits of the curve, means to a common horizon. "
    "SPSS: Breslow's ties, symmetric limits of medians, means to a group's own last time, "
    "quartiles of type 6; so that tables printed with SPSS can be compared."
)


def draw(page: Page, *, model: bool = False) -> None:
    """Endpoint, unit, filters, ledgers, lock and link: what all pages have in common.

    With `model` the ledger goes on to who is in the Cox model.
    """
    with st.sidebar:
        _endpoint(page)
        _filters(page)
        _ledger(page, model=model)
        lock.switch(page)
        exploring.show(page)
        _link(page)


def _endpoint(page: Page) -> None:
    spec, dataset = page.spec, page.dataset
    endpoints = frame.kept(
        f"endpoints {dataset.fingerprint}",
        lambda: [e for e in guessing.endpoints(dataset) if e.unit and e.event_is],
    )
    if len(endpoints) > 1:
        now = next(
            (
                e
                for e in endpoints
                if (e.time, e.event) == (spec.time, spec.event) and set(e.where) <= set(spec.where)
            ),
            None,
        )
        frame.seed("endpoint", now)
        st.selectbox(
            "Endpoint",
            endpoints,
            format_func=lambda e: e.label,
            key="endpoint",
            help="Which event is counted, and the time until it.",
            on_change=_choose_endpoint,
            args=(page,),
        )
    frame.seed("show_unit", page.cohort.show_unit)
    st.selectbox(
        "Time in",
        CHOICES["show_unit"],
        key="show_unit",
        help="The unit in which times are shown; no result changes with it.",
        on_change=lambda: frame.change(show_unit=st.session_state["show_unit"], at=(), tau=None),
    )
    frame.seed("profile", page.spec.profile or "r")
    st.segmented_control(
        "Conventions",
        list(words.PROFILE_NAMES),
        format_func=words.PROFILE_NAMES.__getitem__,
        key="profile",
        help=PROFILE_HELP,
        on_change=_choose_profile,
        width="stretch",
    )


def _choose_profile() -> None:
    """One of the two is always chosen: a click on it again changes nothing."""
    chosen = st.session_state["profile"]
    if chosen is not None:
        frame.change(profile=None if chosen == "r" else chosen, ties=None, median_ci=None)


def _choose_endpoint(page: Page) -> None:
    """Ask for another endpoint; where endpoints are stacked, other rows hold it."""
    chosen = st.session_state["endpoint"]
    picked = {text for e in page.dataset.endpoints for text in e.where}
    kept = tuple(text for text in page.spec.where if text not in picked)
    frame.change(
        start=None,
        end=None,
        time=chosen.time,
        unit=chosen.unit,
        event=chosen.event,
        event_is=chosen.event_is,
        competing=chosen.competing,
        entry=chosen.entry,
        where=(*chosen.where, *kept),
    )


def _filters(page: Page) -> None:
    spec, dataset = page.spec, page.dataset
    for i, text in enumerate(spec.where):
        condition = filters.parse(text, dataset.variables)
        shown, remove = st.columns([5, 1], vertical_alignment="center", gap="small")
        shown.html(html.paragraph(condition.words(dataset.variables[condition.column]), "quiet"))
        remove.button(
            "",
            icon=":material/close:",
            key=f"unfilter_{i}",
            help="Remove this filter",
            type="tertiary",
            on_click=lambda i=i: frame.change(where=spec.where[:i] + spec.where[i + 1 :]),
        )
    drawer = frame.folded("Filter patients", ":material/filter_alt:", "filters", width="stretch")
    if not drawer.open:
        return
    with drawer:
        hidden = locking.outcome_columns(dataset, spec) if page.locked else frozenset()
        names = [
            v.name
            for v in dataset.variables.values()
            if v.kind != "text" and v.name not in {spec.id, *hidden} and not v.identifier
        ]
        name = st.selectbox(
            "Column",
            names,
            format_func=lambda n: dataset.variables[n].title,
            key="filter_column",
            help="The variable by which patients are kept or left out.",
        )
        if name is not None:
            _new_filter(page, dataset.variables[name])
        st.download_button(
            "Who is in and who left (CSV)",
            lambda: tables.to_csv(ledger(page)),
            file_name=words.file_name(page.cohort, "ledger", "csv"),
            mime="text/csv",
            key="save_ledger_csv",
            on_click="ignore",
            type="tertiary",
        )


def _new_filter(page: Page, variable: Variable) -> None:
    values = page.dataset.frame[variable.name].dropna()
    key = f"filter_values_{variable.name}"
    if pd.api.types.is_numeric_dtype(values) and values.nunique() > 1:
        low, high = float(values.min()), float(values.max())
        st.slider(
            "Keep values from ... to",
            low,
            high,
            (low, high),
            step=10.0**-variable.decimals,
            key=key,
            help="Patients outside these limits, or without a value, are left out.",
        )
    else:
        levels = [str(level) for level in variable.levels] or sorted(map(str, values.unique()))
        said = "Patients with another value, or without one, are left out."
        st.multiselect("Keep", levels[:500], key=key, placeholder="Choose values", help=said)
    st.button("Apply", on_click=_add_filter, args=(page, variable, key))


def _add_filter(page: Page, variable: Variable, key: str) -> None:
    chosen = st.session_state[key]
    if isinstance(chosen, tuple):
        values = page.dataset.frame[variable.name]
        wanted = [
            filters.Condition(variable.name, operator, (shortest(float(limit)),))
            for operator, limit, end in (
                (">=", chosen[0], values.min()),
                ("<=", chosen[1], values.max()),
            )
            if limit != end
        ]
    else:
        wanted = [filters.Condition(variable.name, "in", tuple(chosen))] if chosen else []
    frame.change(where=(*page.spec.where, *(str(condition) for condition in wanted)))


def ledger(page: Page, *, model: bool = False) -> pd.DataFrame:
    """Who is in and who left, as a table; with a model, also who lacks a value of its terms."""
    found: CoxResult | None = None
    if model and not page.locked:
        with suppress(StratiscopeError):  # the page says what is wrong with the model
            found = page.result("cox")
    return pd.DataFrame(tables.ledger(page.cohort, found), columns=["Who is in", "Patients"])


def _ledger(page: Page, *, model: bool) -> None:
    shown = ledger(page, model=model)
    shown["Patients"] = [
        f"{n:+d}".replace("-", "−") if n < 0 else str(n) for n in shown["Patients"]
    ]
    st.html(
        html.table(shown, caption="Who is in and who left")
        + html.paragraph(words.provenance(page.cohort), "quiet")
    )


def _link(page: Page) -> None:
    drawer = frame.folded("Link to this view", ":material/link:", "link", width="stretch")
    if not drawer.open:
        return
    with drawer:
        st.html(
            html.paragraph(
                "The address in the browser is this view. It holds the settings and not one row "
                "of the table: whoever opens it needs Stratiscope and, for your own table, the "
                "same file.",
                "quiet",
            )
        )
        st.code(f"{st.context.url}?{page.spec.to_query()}", language=None, wrap_lines=True)
