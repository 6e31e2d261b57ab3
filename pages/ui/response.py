"""Response rates with their comparison, and the logistic model in a second tab."""

from __future__ import annotations

import streamlit as st

from core.groups import categories
from core.response import MOST_LEVELS, ResponseResult
from core.response_model import LogisticResult
from core.survival.subgroups import offered
from core.view import html, response, words
from pages.ui import exploring, frame, importing, sections, terms
from pages.ui import show as screen
from pages.ui.frame import Page

RESPONDERS = ("CR", "PR")
"""Levels of RECIST that are taken as response when a column is chosen that has them."""
ESTIMATORS = {"cox": "Maximum likelihood", "firth": "Firth (penalised)"}
LIMITS = {"wald": "Wald", "profile": "Profile likelihood"}


def show(page: Page) -> None:
    """Choose the response, then its rates by group, or the logistic model."""
    _choose(page)
    if page.spec.response is None:
        st.info("Choose a column above that holds the response, such as the best response.")
        return
    if not page.spec.response_is and set(_levels(page)) - {"0", "1"}:
        st.info("Choose above which of its values count as response.")
        return
    rates, logistic = sections.tabs(page, "response_section", ["Rates", "Logistic model"])
    if rates.open:
        with rates:
            _rates(page)
    if logistic.open:
        with logistic:
            _logistic(page)
    importing.show(page.dataset)


def _levels(page: Page) -> list[str]:
    name = page.spec.response or ""
    variable = page.dataset.require(name, "response")
    return categories(page.cohort.column(name), variable)[1]


def _choose(page: Page) -> None:
    spec, variables = page.spec, page.dataset.variables
    frame_ = page.dataset.frame
    names = [n for n in offered(page.cohort, spec) if frame_[n].nunique() <= MOST_LEVELS]
    if spec.response is not None and spec.response not in names:
        names.append(spec.response)
    row = st.container(key="narrow_response").columns([2.3, 2.6, 2.6], vertical_alignment="bottom")
    frame.seed("response", spec.response)
    row[0].selectbox(
        "Response",
        names,
        index=None,
        format_func=lambda n: variables[n].title if n in variables else n,
        key="response",
        placeholder="Choose a column",
        help="The column with the best response, or any other yes or no outcome.",
        on_change=_chosen,
        args=(page,),
    )
    if spec.response is None or spec.response not in variables:
        return
    levels = _levels(page)
    for place, name, label, said in (
        (row[1], "response_is", "Counts as response", "For RECIST usually CR and PR."),
        (row[2], "benefit_is", "Counts as clinical benefit",
         "For RECIST usually CR, PR and SD that lasted long enough; may be left empty."),
    ):  # fmt: skip
        now = list(getattr(spec, name))
        frame.seed(name, now)
        place.multiselect(
            label,
            list(dict.fromkeys([*levels, *now])),
            key=name,
            placeholder="Choose values",
            help=said,
            on_change=_counted,
            args=(name,),
        )


def _chosen(page: Page) -> None:
    """A new response starts with the values that RECIST counts, where it has them."""
    name = st.session_state["response"]
    found: tuple[str, ...] = ()
    if name is not None:
        values = set(page.dataset.frame[name].dropna().map(str))
        found = tuple(level for level in RESPONDERS if level in values)
    frame.change(response=name, response_is=found, benefit_is=())


def _counted(name: str) -> None:
    frame.change(**{name: tuple(st.session_state[name])})


def _rates(page: Page) -> None:
    result: ResponseResult = page.result("response")
    spec = page.spec
    exploring.asked(page, "response", spec.response, *spec.response_is, "or", *spec.benefit_is)
    said = response.finding(page.cohort, result)
    st.html(html.paragraph(said, "finding"))
    n = response.n_lines(result)
    described = frame.drawn("response", (n,), lambda: response.description(n))

    def figure() -> response.Figure:
        return {**described, "datasets": response.data(page.cohort, result)}

    left, right = st.container(key="wide").columns([1, 1.4], gap="medium")
    with left:
        screen.draw(figure(), "response_rates", said)
        screen.figure_downloads(
            page, "response-rates", figure, said, [words.provenance(page.cohort)]
        )
    with right:
        st.html(html.table(response.rates(page.cohort, result), caption="Response rates"))
    st.html(html.table(response.levels(page.cohort, result), caption="Patients of each level"))
    if len(page.cohort.groups.levels) > 1:
        st.html(
            html.table(response.tests(result), caption="Tests of all groups")
            + html.table(response.versus(result), caption="Groups compared with the first one")
        )
    st.html(html.paragraph(response.VARIANT, "quiet"))
    screen.table_downloads(
        page,
        ("Rates (CSV)", "rates", lambda: response.rates_in_full(result)),
        ("Comparisons (CSV)", "odds-ratios", lambda: response.versus_in_full(result)),
    )
    screen.notes((*page.notes, *result.notes))


def _logistic(page: Page) -> None:
    terms.choose(page, _options)
    result: LogisticResult = page.worked("logistic", "Fitting the logistic models")
    spec = page.spec
    exploring.asked(page, "logistic", spec.response, *spec.response_is, "by", *spec.terms)
    if not result.titles:
        st.info("Choose at least one term above.")
        return
    firth = page.spec.estimator == "firth"
    st.html(
        html.paragraph(response.model(result), "finding")
        + html.table(response.logistic(result), caption="Logistic regression")
    )
    if result.separated and not firth:
        st.button(
            "Use Firth's method",
            key="use_firth",
            help="A penalised likelihood: its odds ratios are finite also where the responders are "
            "perfectly separated.",
            on_click=lambda: frame.change(estimator="firth"),
        )
    if result.terms:
        st.html(html.table(response.term_tests(result), caption="Likelihood-ratio tests"))
    st.html(html.paragraph(response.MODEL_VARIANT["firth" if firth else result.limits], "quiet"))
    screen.table_downloads(
        page, ("Logistic table (CSV)", "logistic", lambda: response.logistic_in_full(result))
    )
    screen.notes((*page.notes, *result.notes))


def _options(page: Page) -> None:
    drawer = frame.folded("Model options", ":material/tune:", "logistic_options", width="stretch")
    if not drawer.open:
        return
    with drawer:
        frame.seed("logistic_estimator", page.spec.estimator or "cox")
        st.selectbox(
            "Estimate",
            list(ESTIMATORS),
            format_func=ESTIMATORS.__getitem__,
            key="logistic_estimator",
            help="Firth's method gives finite odds ratios also where the responders are separated.",
            on_change=lambda: frame.change(estimator=st.session_state["logistic_estimator"]),
        )
        frame.seed("logistic_limits", page.spec.limits or "wald")
        st.selectbox(
            "Limits",
            list(LIMITS),
            format_func=LIMITS.__getitem__,
            key="logistic_limits",
            help="Profile limits are better in small studies; Wald limits are what SPSS prints. "
            "Firth's method always has its own profile limits.",
            disabled=page.spec.estimator == "firth",
            on_change=lambda: frame.change(limits=st.session_state["logistic_limits"]),
        )
