"""Widgets. Each is seeded from the question on every run and changes it through one callback."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.allowed import CHOICES
from core.dataset import Variable
from core.reading.cells.numerals import is_number
from core.spec import shortest
from core.survival.conventions import conventions
from core.view import html, words
from pages.ui import frame, searching
from pages.ui.curve import parametric
from pages.ui.frame import Page

RULES = {
    "value": "At a value",
    "median": "At the median",
    "tertiles": "Tertiles",
    "quartiles": "Quartiles",
    "quantile": "At a quantile",
    "best": "Best, searched",
    "best-pair": "Best two, searched",
    "none": "Each value",
}
ONE_CUTOFF = ("value", "median", "quantile", "best")
"""Rules that leave room for a second marker."""
ONE_MARKER: dict[str, Any] = {"second_by": None, "second_cut": None, "combine": None}
"""Changes of the question that drop the second marker."""
SCALES = {
    "survival": "Survival, S(t)",
    "failure": "Probability of the event, 1 - S(t)",
    "cumhaz": "Cumulative hazard",
    "log-log": "log(-log S(t)) over log time",
    "hazard": "Hazard, smoothed",
}
SIDES = {"ge": "≥ cutoff is high", "gt": "> cutoff is high"}
ECHO = 3.0
"""Seconds for which the browser may still send a value that is no longer shown."""
MOST_STOPS = 400
"""Stops of the cutoff slider; a marker with more distinct values is thinned to its quantiles."""


def stratifier(page: Page) -> None:
    """Choose what forms the groups and, for a number, where it is cut."""
    spec, dataset = page.spec, page.dataset
    names = [n for n in dataset.stratifiers if n not in (spec.time, spec.event, spec.id)]
    if spec.group_by is not None and spec.group_by not in names:
        names.append(spec.group_by)
    row = st.container(key="narrow").columns([2.3, 1.9, 2.8, 1.2, 1.7], vertical_alignment="bottom")
    frame.seed("stratifier", spec.group_by)
    row[0].selectbox(
        "Stratifier",
        names,
        format_func=lambda n: dataset.variables[n].title,
        key="stratifier",
        index=None,
        placeholder="All patients together",
        help="The variable that forms the groups; a number is cut into them.",
        on_change=_stratify,
        args=("stratifier",),
    )
    _cut(page, row)
    _second(page)


def _second(page: Page) -> None:
    """Say that a second marker takes part, and how to drop it; it is chosen on the cutoff page."""
    second = page.cohort.groups.second
    if second is None:
        return
    said, drop = st.columns([5, 1], vertical_alignment="center")
    said.html(
        html.paragraph(
            f"Together with {second.title}, cut at {second.threshold:.6g}: the second marker is "
            "chosen on the cutoff page, under Two markers.",
            "quiet",
        )
    )
    drop.button("Drop it", key="drop_second", on_click=lambda: frame.change(**ONE_MARKER))


def marker(page: Page) -> None:
    """Choose a number, where it is cut, how the search is made, and cutoffs of the literature."""
    spec, dataset = page.spec, page.dataset
    outcome = (spec.time, spec.event, spec.id, spec.start, spec.end, spec.entry)
    names = [
        n for n in dataset.stratifiers if dataset.variables[n].kind == "number" and n not in outcome
    ]
    row = st.container(key="narrow").columns([2.3, 1.9, 2.8, 1.2, 1.7], vertical_alignment="bottom")
    frame.seed("marker", spec.group_by if spec.group_by in names else None)
    row[0].selectbox(
        "Marker",
        names,
        format_func=lambda n: dataset.variables[n].title,
        key="marker",
        index=None,
        placeholder="Choose a marker",
        help="The number whose cutoffs are looked at.",
        on_change=_stratify,
        args=("marker",),
    )
    _cut(page, row)
    searching.options(page)


def _cut(page: Page, row: Sequence[DeltaGenerator]) -> None:
    """Where the stratifier is cut, if it is a number."""
    spec, dataset = page.spec, page.dataset
    if spec.group_by is None or dataset.variables[spec.group_by].kind != "number":
        return
    rule = page.cohort.groups.rule
    frame.seed("cut_rule", rule)
    row[1].selectbox(
        "Cut",
        list(RULES),
        format_func=RULES.__getitem__,
        key="cut_rule",
        help="Where the number is cut: at a value of yours, by ranks of the patients, or searched.",
        on_change=_cut_rule,
        args=(page,),
    )
    if rule == "value":
        _cut_value(page, row[2], row[3])
    elif rule == "quantile":
        _cut_quantile(page, row[2])
    if rule != "none":
        frame.seed("cut_side", page.cohort.groups.side)
        row[4].selectbox(
            "A patient at the cutoff",
            list(SIDES),
            format_func=SIDES.__getitem__,
            key="cut_side",
            help="Whether a patient whose value is the cutoff itself is in the high group.",
            on_change=lambda: frame.change(cut_side=st.session_state["cut_side"]),
        )


def curve_options(page: Page) -> None:
    """How the curves are estimated and compared; folded away, since the defaults serve most."""
    spec = page.spec
    agreed = conventions(spec)
    with st.sidebar:
        drawer = frame.folded("Curve options", ":material/tune:", "curve_options", width="stretch")
    if not drawer.open:
        return
    with drawer:
        frame.seed("at", ", ".join(spec.at))
        st.text_input(
            f"Survival at these {page.cohort.show_unit}",
            key="at",
            placeholder="12, 24, 60",
            help="Times at which the table and the figure's downloads give the survival.",
            on_change=set_times,
            args=("at",),
        )
        frame.seed("test", spec.test or "logrank")
        st.selectbox(
            "Test",
            list(dict.fromkeys([*words.TESTS, spec.test or "logrank"])),
            format_func=lambda name: words.name_of_test(name, spec),
            key="test",
            help="Log-rank weighs all events alike; the others weigh early or late ones more.",
            on_change=lambda: frame.change(test=st.session_state["test"]),
        )
        frame.seed("strata", list(spec.strata))
        st.multiselect(
            "Stratify test and hazard ratio by",
            [n for n in page.dataset.stratifiers if page.dataset.variables[n].kind == "category"],
            format_func=lambda n: page.dataset.variables[n].title,
            key="strata",
            placeholder="None",
            help="Patients are compared within each stratum, such as a centre, and never across.",
            on_change=lambda: frame.change(strata=tuple(st.session_state["strata"])),
        )
        frame.seed("conf_type", agreed.conf_type)
        st.selectbox(
            "Confidence limits on the scale",
            CHOICES["conf_type"],
            key="conf_type",
            help="log-log is the default here, log is R's. arcsin is for the arcsine of the "
            "square root.",
            on_change=lambda: frame.change(conf_type=st.session_state["conf_type"]),
        )
        _drawn_as(page)


def _drawn_as(page: Page) -> None:
    """The scale of the figure, and a parametric family over it."""
    frame.seed("scale", page.spec.scale or "survival")
    st.selectbox(
        "Draw the curves as",
        list(SCALES),
        format_func=SCALES.__getitem__,
        key="scale",
        help="The same curves on another scale. Parallel curves of log(-log S) are what one "
        "hazard ratio assumes.",
        on_change=lambda: frame.change(
            scale=None if st.session_state["scale"] == "survival" else st.session_state["scale"]
        ),
    )
    parametric.family(page, "None", key="family")


def set_times(key: str) -> None:
    """Times as typed: separated by commas or blanks; what is no number is left out."""
    texts = st.session_state[key].replace(",", " ").replace(";", " ").split()
    times = sorted({float(t) for t in texts if is_number(t) and float(t) >= 0})
    frame.change(at=tuple(shortest(t) for t in times))


def stops(page: Page, variable: Variable) -> list[float]:
    """Stops of the cutoff slider: the marker's own values, so that each step moves patients."""
    values = np.unique(page.cohort.column(variable.name).to_numpy(dtype=float))
    if len(values) > MOST_STOPS:
        values = values[np.linspace(0, len(values) - 1, MOST_STOPS).astype(int)]
    return [float(v) for v in values]


def _stratify(key: str) -> None:
    """A new stratifier starts with its own default cut; terms that were cut with it go along."""
    chosen = st.session_state[key]
    frame.change(group_by=chosen, cut_rule=None, cut_value=(), cut_side=None, **ONE_MARKER)


def _cut_rule(page: Page) -> None:
    rule = st.session_state["cut_rule"]
    value: tuple[str, ...] = ()
    if rule == "value":
        thresholds = page.cohort.groups.thresholds
        x = page.cohort.column(page.spec.group_by or "").to_numpy(dtype=float)
        value = (shortest(thresholds[len(thresholds) // 2] if thresholds else float(np.median(x))),)
    elif rule == "quantile":
        value = ("0.5",)
    several = {} if rule in ONE_CUTOFF else ONE_MARKER
    frame.change(cut_rule=rule, cut_value=value, cut_side=page.cohort.groups.side, **several)


def _cut_value(page: Page, slider: DeltaGenerator, box: DeltaGenerator) -> None:
    variable = page.dataset.variables[page.spec.group_by or ""]
    now = page.cohort.groups.thresholds[0]
    options = sorted({*stops(page, variable), now})
    unit = f" ({variable.unit})" if variable.unit else ""
    _show_cut(now)
    frame.seed("cut_slider", now)
    slider.select_slider(
        f"Cutoff{html.markdown_text(unit)}",
        options,
        format_func=lambda v: f"{v:g}",
        key="cut_slider",
        help="Slide over the values that patients have; the curves follow.",
        on_change=_set_cut,
        args=("cut_slider",),
    )
    frame.seed("cut_number", now)
    box.number_input(
        "Value",
        step=10.0**-variable.decimals,
        format=f"%.{max(variable.decimals, len(shortest(now).partition('.')[2]))}f",
        key="cut_number",
        help="The cutoff as a number.",
        on_change=_set_cut,
        args=("cut_number",),
    )


def _show_cut(now: float) -> None:
    """Note until when each cutoff was on the screen."""
    state = st.session_state
    retired = state.setdefault("cut_retired", {})
    if "cut_shown" in state:
        retired[state["cut_shown"]] = time.monotonic()
    retired.pop(now, None)
    state["cut_shown"] = now


def _set_cut(by: str) -> None:
    """Take the cutoff from the widget that was moved.

    Two widgets hold it. During quick moves of one, the browser still sends the other's value from
    a moment ago, and that counts as a change too. So a value that is on the screen, or was until
    just now, is an echo when it comes from the widget that was not moved last.
    """
    state = st.session_state
    value = state[by]
    since = time.monotonic() - state.get("cut_retired", {}).get(value, -ECHO)
    old = since < ECHO or value == state.get("cut_shown")
    if value is None or (state.get("cut_by", by) != by and old):
        frame.ask(state["spec"])  # the address of this run may be as old as the value
        return
    state["cut_by"] = by
    frame.change(cut_rule="value", cut_value=(shortest(float(value)),))


def _cut_quantile(page: Page, place: DeltaGenerator) -> None:
    frame.seed("cut_quantile", float(page.spec.cut_value[0]))
    place.slider(
        "Quantile",
        0.05,
        0.95,
        step=0.01,
        key="cut_quantile",
        help="The share of patients below the cutoff: 0.5 is the median.",
        on_change=lambda: frame.change(cut_value=(f"{st.session_state['cut_quantile']:g}",)),
    )
