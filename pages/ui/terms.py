"""Choose the terms of a model and how each of them enters."""

from __future__ import annotations

import streamlit as st

from core.dataset import Variable
from core.terms import Term, parse, term_name
from core.view import html
from pages.ui import frame
from pages.ui.frame import Page

NUMBER_FORMS = {
    "": "as it is",
    "per": "per step of",
    "log2": "per doubling",
    "cut": "cut as on the curves page",
    "cat": "each value a category",
    "spline": "smooth curve (spline)",
}
CATEGORY_FORMS = {"cat": "categories", "trend": "trend over the levels"}
TIES = {"efron": "Efron", "breslow": "Breslow"}


def choose(page: Page) -> None:
    """The list of terms, with a line for the form of each."""
    spec, dataset = page.spec, page.dataset
    terms = [parse(text, dataset.variables) for text in spec.terms]
    roles = {spec.time, spec.event, spec.id, spec.start, spec.end}
    names = [n for n in dataset.stratifiers if n not in roles]
    chosen = list(dict.fromkeys(t.column for t in terms if not t.partner))
    names += [n for n in chosen if n not in names]
    row = st.columns([5, 1.2], vertical_alignment="bottom")
    frame.seed("terms", chosen)
    row[0].multiselect(
        "Terms of the model",
        names,
        format_func=lambda n: dataset.variables[n].title,
        key="terms",
        placeholder="Choose variables",
        on_change=_choose_terms,
        args=(page,),
    )
    frame.seed("ties", spec.ties or ("breslow" if spec.profile == "spss" else "efron"))
    row[1].selectbox(
        "Tied times",
        list(TIES),
        format_func=TIES.__getitem__,
        key="ties",
        help="How patients with the same event time are ordered. Efron is R's way, Breslow SPSS's.",
        on_change=lambda: frame.change(ties=st.session_state["ties"]),
    )
    if terms:
        with st.expander("How each term enters the model"):
            for i, term in enumerate(terms):
                if not term.partner:
                    _form(page, i, term)


def _choose_terms(page: Page) -> None:
    """Keep the form of terms that stay; new ones enter as they are, or as the curves cut them."""
    columns = page.dataset.variables
    old = {
        parse(text, columns).column: text
        for text in page.spec.terms
        if not parse(text, columns).partner
    }
    texts = [old.get(name, _first_form(page, name)) for name in st.session_state["terms"]]
    kept = [
        text
        for text in page.spec.terms
        if (term := parse(text, columns)).partner
        and {term.column, term.partner} <= set(st.session_state["terms"])
    ]
    frame.change(terms=(*texts, *kept))


def _first_form(page: Page, name: str) -> str:
    groups = page.cohort.groups
    return f"{term_name(name)}:cut" if name == groups.by and groups.thresholds else term_name(name)


def _form(page: Page, i: int, term: Term) -> None:
    variable = page.dataset.variables[term.column]
    forms = NUMBER_FORMS if variable.kind == "number" else CATEGORY_FORMS
    now = term.form or ("" if variable.kind == "number" else "cat")
    row = st.columns([2, 2, 2], vertical_alignment="center")
    row[0].html(html.paragraph(variable.title, "finding"))
    key = f"form_{i}"
    frame.seed(key, now if now in forms else next(iter(forms)))
    row[1].selectbox(
        f"Form of term {i + 1}",
        list(forms),
        format_func=forms.__getitem__,
        key=key,
        label_visibility="collapsed",
        on_change=lambda: _write(page, i, term, st.session_state[key], ""),
    )
    with row[2]:
        _argument(page, i, term, variable, st.session_state[key])


def _argument(page: Page, i: int, term: Term, variable: Variable, form: str) -> None:
    key = f"argument_{i}_{form}"
    if form == "per":
        frame.seed(key, float(term.argument or 10))
        st.number_input(
            f"Step of term {i + 1}",
            min_value=0.0001,
            key=key,
            label_visibility="collapsed",
            format="%g",
            on_change=lambda: _write(page, i, term, form, f"{st.session_state[key]:g}"),
        )
    elif form == "cat":
        from core.groups import categories

        levels = categories(page.cohort.column(term.column), variable)[1]
        frame.seed(key, term.argument if term.argument in levels else levels[0])
        st.selectbox(
            f"Reference level of term {i + 1}",
            levels,
            key=key,
            format_func=lambda level: f"compared with {level}",
            label_visibility="collapsed",
            on_change=lambda: _write(page, i, term, form, st.session_state[key]),
        )


def _write(page: Page, i: int, term: Term, form: str, argument: str) -> None:
    """Put a term back with another form."""
    if form == "per" and not argument:
        argument = "10"
    quoted = (
        f'"{argument.replace(chr(34), chr(34) * 2)}"' if set(argument) & set(',"') else argument
    )
    text = term_name(term.column) + (f":{form}" if form else "") + (f"({quoted})" if quoted else "")
    frame.change(terms=(*page.spec.terms[:i], text, *page.spec.terms[i + 1 :]))
