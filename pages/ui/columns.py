"""The columns of a new table: what each was recognised as, its label, unit, kind and levels."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from core.dataset import Dataset, Variable
from core.reading.roles.coding import values_of
from core.reading.roles.guessing import biomarkers, stratifiers
from core.spec import quote_name, split_list
from core.steps import Step
from pages.ui import loading
from pages.ui.loading import Loaded

KINDS = {"number": "number", "category": "groups", "date": "date", "text": "text"}
MOST_LEVELS = 12
"""Values of a column that are listed, to be put in order or given words."""


def show(found: Loaded) -> None:
    """A table of the columns that can be edited, folded away."""
    dataset = found.dataset
    with st.expander(f"The columns: labels, units, kinds, levels ({len(dataset.variables)})"):
        before = _described(dataset)
        after = st.data_editor(
            before,
            key="columns",
            hide_index=True,
            disabled=("Column", "Missing", "Thought to be"),
            column_config={
                "Read as": st.column_config.SelectboxColumn(
                    options=list(KINDS.values()), required=True
                ),
                "Levels": st.column_config.TextColumn(
                    help="In their order, the reference first: I, II, III. "
                    "Words for codes: 1=pre, 2=post."
                ),
            },
        )
        st.button(
            "Use these columns",
            on_click=_change,
            args=(found, before, after),
            disabled=before.equals(after),
        )


def _described(dataset: Dataset) -> pd.DataFrame:
    thought = {g.value: f"marker: {g.reason}" for g in biomarkers(dataset)}
    thought |= {g.value: f"stratifier: {g.reason}" for g in stratifiers(dataset)}
    return pd.DataFrame(
        [
            {
                "Column": v.name,
                "Read as": KINDS[v.kind],
                "Label": v.label,
                "Unit": v.unit,
                "Levels": ", ".join(map(quote_name, _levels(dataset, v))),
                "Missing": int(dataset.frame[v.name].isna().sum()),
                "Identifies a person": bool(v.identifier),
                "Thought to be": v.identifier or thought.get(v.name, ""),
            }
            for v in dataset.variables.values()
        ]
    )


def _levels(dataset: Dataset, variable: Variable) -> tuple[str, ...]:
    """The levels of a group, or the few different numbers of a column that names no person."""
    if variable.kind not in ("category", "number") or variable.identifier:
        return ()
    few = dataset.frame[variable.name].nunique() <= MOST_LEVELS
    return (variable.levels or values_of(dataset, variable.name)) if few else ()


def _change(found: Loaded, before: pd.DataFrame, after: pd.DataFrame) -> None:
    labels = {name: dict(said) for name, said in found.labels.items()}
    steps = list(found.steps)
    for old, new in zip(before.to_dict("records"), after.to_dict("records"), strict=True):
        name = str(old["Column"])
        variable = found.dataset.variables[name]
        said = {"label": str(new["Label"] or ""), "unit": str(new["Unit"] or "")}
        if said != {"label": variable.label, "unit": variable.unit}:
            labels[name] = said
        for step in _steps(variable, old, new):
            # A second answer about the same thing takes the place of the first.
            steps = [s for s in steps if not _same(Step.parse(s), step)]
            steps.append(str(step))
    loading.change(found, labels=labels, steps=tuple(dict.fromkeys(steps)))


def _same(old: Step, new: Step) -> bool:
    return (old.verb, old.column) == (new.verb, new.column)


def _steps(variable: Variable, old: dict[Any, Any], new: dict[Any, Any]) -> list[Step]:
    name, steps = variable.name, list[Step]()
    if old["Read as"] != new["Read as"]:
        verb = {"groups": "category", "text": "text", "number": "number"}.get(new["Read as"])
        if verb is not None:
            steps.append(Step(verb, (name, "point") if verb == "number" else (name,)))
    if old["Levels"] != new["Levels"]:
        items = tuple(split_list(str(new["Levels"] or "")))
        if items and all("=" in item for item in items):
            steps.append(Step("recode", (name, *items)))
        elif items:
            if variable.kind == "number":
                steps.append(Step("category", (name,)))
            steps.append(Step("order", (name, *items)))
    if old["Identifies a person"] != new["Identifies a person"]:
        steps.append(Step("identifier", (name, "yes" if new["Identifies a person"] else "no")))
    return steps
