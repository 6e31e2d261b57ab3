"""How the Cox model is fitted: a folded drawer, and the way to Firth's method and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from core.survival.conventions import conventions
from core.survival.cox import CoxResult
from pages.ui import frame
from pages.ui.frame import Page

ESTIMATORS = {"cox": "Ordinary Cox", "firth": "Firth's penalised likelihood"}
TIES = {"efron": "Efron", "breslow": "Breslow"}
LIMITS = {"wald": "Wald (standard error)", "profile": "Profile likelihood"}
MISSING = {"complete": "Leave these patients out", "impute": "Impute several times"}
HELP = {
    "estimator": "Firth's method gives finite hazard ratios also where a group has no event, and "
    "is less biased with few events.",
    "ties": "How patients with the same event time are ordered. Efron is R's way, Breslow SPSS's.",
    "strata": "Each stratum has its own baseline hazard: for what is not proportional, or must "
    "not be compared.",
    "weights": "A column of case weights above 0. Whole numbers count patients; others bring "
    "robust standard errors.",
    "cluster": "Patients of one cluster (a centre, or the rows of one patient) may be alike: "
    "standard errors allow for it.",
    "offset": "A column that enters the model with the coefficient 1, such as a known risk score.",
    "limits": "Profile-likelihood limits are better with few events, and slower; their p-values "
    "are those of the likelihood-ratio test.",
    "missing": "What becomes of patients who lack a value of a term; imputation is shown under "
    "Missing values.",
    "imputations": "How many completed tables are made; 20 is enough unless much is missing.",
}
IMPUTATIONS = 20


def drawer(page: Page) -> None:
    """The options of the model; made only while the drawer is open."""
    place = frame.folded("Model options", ":material/tune:", "model_options", width="stretch")
    if not place.open:
        return
    spec = page.spec
    with place:
        _choice("estimator", "Estimator", ESTIMATORS, spec.estimator or "cox", also=("limits",))
        _choice("ties", "Tied times", TIES, conventions(spec).ties)
        _strata(page)
        numbers = _of_kind(page, "number")
        _column(page, "weights", "Case weights", numbers)
        groups = ([spec.id] if spec.id else []) + _of_kind(page, "category", "number")
        _column(page, "cluster", "Clusters (robust errors)", groups)
        _column(page, "offset", "Offset", numbers)
        if spec.estimator != "firth":
            _choice("limits", "Confidence limits", LIMITS, spec.limits or "wald")
        _missing(page)


def offer_firth(page: Page) -> None:
    """One click to Firth's method where the ordinary model has no finite ratio, and one back."""
    if not page.spec.terms:
        return
    result: CoxResult = page.result("cox")
    if page.spec.estimator == "firth":
        words = (
            "Firth's method is in use: hazard ratios stay finite although the data separate."
            if result.separated
            else "Firth's method is in use; the ordinary model has finite hazard ratios here too."
        )
        _offer(words, "Back to the ordinary Cox model", "leave_firth", "cox")
    elif result.separated:
        words = (
            "A hazard ratio is infinite: a group has no event, or the events are perfectly "
            "separated. Firth's method gives a finite ratio with honest limits."
        )
        _offer(words, "Use Firth's method", "use_firth", "firth")


def _offer(words: str, label: str, key: str, estimator: str) -> None:
    row = st.container(key="wide_firth")
    said, button = row.columns([4, 1.4], vertical_alignment="center")
    said.info(words)
    changes: dict[str, str | None] = {"estimator": estimator, "limits": None}
    if estimator == "firth":
        changes |= {"weights": None, "cluster": None}
    button.button(label, key=key, on_click=frame.change, kwargs=changes)


def _choice(
    field: str, label: str, options: Mapping[str, str], now: str, *, also: Sequence[str] = ()
) -> None:
    """Choose one of a few values; the fields `also` go back to their defaults with it."""
    frame.seed(field, now)
    st.selectbox(
        label,
        list(options),
        format_func=options.__getitem__,
        key=field,
        help=HELP[field],
        on_change=lambda: frame.change(**{field: st.session_state[field], **dict.fromkeys(also)}),
    )


def _column(page: Page, field: str, label: str, names: Sequence[str]) -> None:
    now: str | None = getattr(page.spec, field)
    offered = list(dict.fromkeys([*names, *([now] if now is not None else [])]))
    known = page.dataset.variables
    frame.seed(field, now)
    st.selectbox(
        label,
        offered,
        index=None,
        placeholder="None",
        format_func=lambda name: known[name].title if name in known else name,
        key=field,
        help=HELP[field],
        on_change=lambda: frame.change(**{field: st.session_state[field]}),
    )


def _strata(page: Page) -> None:
    names = list(dict.fromkeys([*_of_kind(page, "category"), *page.spec.strata]))
    frame.seed("strata", list(page.spec.strata))
    st.multiselect(
        "Strata",
        names,
        format_func=lambda name: page.dataset.variables[name].title,
        key="strata",
        placeholder="None",
        help=HELP["strata"],
        on_change=lambda: frame.change(strata=tuple(st.session_state["strata"])),
    )


def _missing(page: Page) -> None:
    _choice("missing", "Missing values of a term", MISSING, page.spec.missing or "complete")
    if page.spec.missing != "impute":
        return
    frame.seed("imputations", int(page.spec.imputations or IMPUTATIONS))
    st.number_input(
        "Imputations",
        min_value=2,
        max_value=200,
        key="imputations",
        help=HELP["imputations"],
        on_change=lambda: frame.change(imputations=float(st.session_state["imputations"])),
    )


def _of_kind(page: Page, *kinds: str) -> list[str]:
    spec = page.spec
    roles = {spec.time, spec.event, spec.start, spec.end, spec.entry, spec.id}
    return [
        v.name
        for kind in kinds
        for v in page.dataset.variables.values()
        if v.kind == kind and v.name not in roles and not v.identifier
    ]
