"""Choose the terms of a model and how each of them enters."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

import streamlit as st

from core.dataset import Variable
from core.terms import Term, parse, term_name
from core.view import html
from core.view.timing import moments
from pages.ui import frame
from pages.ui.frame import Page

NUMBER_FORMS = {
    "": "as it is",
    "per": "per step of",
    "log2": "per doubling",
    "cut": "cut as on the curves page",
    "cat": "each value a category",
    "spline": "smooth curve (spline)",
    "poly": "polynomial",
    "since": "from a later time on",
}
CATEGORY_FORMS = {
    "cat": "categories",
    "trend": "trend over the levels",
    "since": "from a later time on",
}
KNOTS = {"3": "3 knots", "4": "4 knots", "5": "5 knots", "6": "6 knots", "7": "7 knots"}
DEGREES = {"2": "quadratic", "3": "cubic"}
DEFAULTS = {"per": "10", "spline": "4", "poly": "2"}
"""Arguments of the forms that have one, where none is given."""


def choose(page: Page, options: Callable[[Page], None]) -> None:
    """The list of terms, the drawer of options beside it, and a line for the form of each."""
    spec, dataset = page.spec, page.dataset
    terms = [parse(text, dataset.variables) for text in spec.terms]
    roles = {spec.time, spec.event, spec.id, spec.start, spec.end}
    names = [n for n in dataset.stratifiers if n not in roles]
    chosen = list(dict.fromkeys(t.column for t in terms if not t.partner))
    names += [n for n in chosen if n not in names]
    row = st.container(key="wide_terms").columns([5, 1.2], vertical_alignment="bottom")
    frame.seed("terms", chosen)
    row[0].multiselect(
        "Terms of the model",
        names,
        format_func=lambda n: dataset.variables[n].title,
        key="terms",
        placeholder="Choose variables",
        help="Variables whose effects are estimated together; how each enters is chosen below.",
        on_change=_choose_terms,
        args=(page,),
    )
    with row[1]:
        options(page)
    if terms:
        with st.expander("How each term enters the model"):
            for i, term in enumerate(terms):
                if not term.partner:
                    _form(page, i, term)
            _interactions(page, terms)


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


def _interactions(page: Page, terms: list[Term]) -> None:
    """Products of two terms; each takes the form of its main effects."""
    names = list(dict.fromkeys(term.column for term in terms if not term.partner))
    known = page.dataset.variables
    pairs = {f"{term_name(a)}*{term_name(b)}": (a, b) for a, b in combinations(names, 2)}
    now = []
    for term in terms:
        if term.partner:
            same = [t for t, pair in pairs.items() if set(pair) == {term.column, term.partner}]
            text = same[0] if same else term.text
            pairs.setdefault(text, (term.column, term.partner))
            now.append(text)
    if not pairs:
        return
    frame.seed("interactions", now)
    st.multiselect(
        "Interactions",
        list(pairs),
        format_func=lambda text: " × ".join(known[name].title for name in pairs[text]),
        key="interactions",
        placeholder="None",
        help="Whether the effect of one term differs with the other: the p-value of the product "
        "is the test for it.",
        on_change=_choose_interactions,
        args=(page,),
    )


def _choose_interactions(page: Page) -> None:
    columns = page.dataset.variables
    mains = [text for text in page.spec.terms if not parse(text, columns).partner]
    frame.change(terms=(*mains, *st.session_state["interactions"]))


def _first_form(page: Page, name: str) -> str:
    groups = page.cohort.groups
    return f"{term_name(name)}:cut" if name == groups.by and groups.thresholds else term_name(name)


def _form(page: Page, i: int, term: Term) -> None:
    variable = page.dataset.variables[term.column]
    forms = dict(NUMBER_FORMS if variable.kind == "number" else CATEGORY_FORMS)
    if term.form != "since" and not moments(page.dataset, page.spec):
        del forms["since"]  # no column could tell when
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
        help="How the variable enters the model.",
        on_change=lambda: _write(
            page, i, term, st.session_state[key], _first_argument(page, variable, key)
        ),
    )
    with row[2]:
        _argument(page, i, term, variable, st.session_state[key])


def _first_argument(page: Page, variable: Variable, key: str) -> str:
    """The argument that a form starts with."""
    form = st.session_state[key]
    if form != "since":
        return DEFAULTS.get(form, "")
    times = moments(page.dataset, page.spec)
    return variable.known if variable.known in times else times[0]


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
    elif form in ("spline", "poly"):
        choices = KNOTS if form == "spline" else DEGREES
        _pick(page, i, term, form, choices, term.argument or DEFAULTS[form])
    elif form == "since":
        names = dict.fromkeys([*moments(page.dataset, page.spec), term.argument])
        titles = {n: f"since {page.dataset.variables[n].title}" for n in names if n}
        _pick(page, i, term, form, titles, term.argument)


def _pick(page: Page, i: int, term: Term, form: str, choices: Mapping[str, str], now: str) -> None:
    """Choose the argument of a form from a list."""
    key = f"argument_{i}_{form}"
    frame.seed(key, now if now in choices else next(iter(choices)))
    st.selectbox(
        f"{form.capitalize()} of term {i + 1}",
        list(choices),
        format_func=choices.__getitem__,
        key=key,
        label_visibility="collapsed",
        on_change=lambda: _write(page, i, term, form, st.session_state[key]),
    )


def _write(page: Page, i: int, term: Term, form: str, argument: str) -> None:
    """Put a term back with another form."""
    quoted = (
        f'"{argument.replace(chr(34), chr(34) * 2)}"' if set(argument) & set(',"') else argument
    )
    text = term_name(term.column) + (f":{form}" if form else "") + (f"({quoted})" if quoted else "")
    frame.change(terms=(*page.spec.terms[:i], text, *page.spec.terms[i + 1 :]))
