"""The pages and sections behind the first view: each says the number that `analyse` answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from streamlit.testing.v1 import AppTest

from core.allowed import CHOICES
from core.analysis import analyse
from core.dataset import Dataset
from core.reading import read
from core.steps import Recipe
from core.view import export, numbers
from pages.ui.loading import Loaded
from tests.test_pages import (
    COX,
    CURVES,
    GBSG2,
    _no_caches,  # noqa: F401 - a fixture
    asked,
    assert_sound,
    bodies,
    hr,
    messages,
    opened,
    press,
    table_of,
    text_of,
)

TABLE_ONE, SUBGROUPS = "pages/table_one.py", "pages/subgroups.py"
COMPETING, RESPONSE = "pages/competing.py", "pages/response.py"
TWO_GROUPS = "data=gbsg2&group_by=horTh&permutations=200&show_unit=months"
MODEL = "data=gbsg2&terms=horTh,age,pnodes&bootstraps=20&show_unit=months"

MORE = {CURVES: "More on these curves", COX: "More on this model"}

RELAPSES = "patient,months,first,arm,best,known_months\n" + "".join(
    f"{i},{(i * 7) % 31 + 1}.5,{('none', 'relapse', 'death')[i * i % 7 % 3]},{'AB'[i % 2]},"
    f"{('CR', 'PR', 'SD', 'PD')[(i + i // 3) % 4]},{1 if i % 4 < 2 else ''}\n"
    for i in range(60)
)
ROLES = "time=months&unit=months&event=first&event_is=relapse&competing=death&id=patient"

Answer = dict[str, Any]


def words(at: AppTest) -> str:
    return "\n".join(map(text_of, bodies(at)))


def section(page: str, query: str, name: str) -> AppTest:
    """A page with one of its sections open."""
    before = len(bodies(opened(page, query)))
    at = opened(page, f"{query}&section={name}")
    assert_sound(at)
    assert len(bodies(at)) > before
    return at


def own(page: str, query: str, *, steps: tuple[str, ...] = ()) -> tuple[AppTest, Dataset]:
    """A page on a table that was uploaded before."""
    table = read(RELAPSES.encode(), "relapses.csv", Recipe.parse(steps))
    at = opened(page, f"data={table.reference}&{ROLES}&{query}", run=False)
    files = (("relapses.csv", RELAPSES.encode()),)
    at.session_state["tables"] = {table.reference: Loaded(files, table)}
    return at.run(), table


def of(at: AppTest, part: str, dataset: Dataset = GBSG2) -> Any:
    return analyse(dataset, asked(at).but(parts=(part,)))[part]


# ------------------------------------------------------------------ more on the curves


def _difference(found: Answer) -> str:
    last = found["differences"][-1]
    return f"p {numbers.p_value(last['p_value'])}"


def _follow_up(found: Answer) -> str:
    half = found["overall"]["reverse"][1]
    return numbers.time_with_limits(half["time"], half["conf_low"], half["conf_high"], "months")


CURVE_SECTIONS: dict[str, tuple[str, Callable[[Answer], str]]] = {
    "At chosen times": ("differences", _difference),
    "Tests": ("comparisons", lambda a: numbers.fixed(a["tests"][0]["statistic"], 2)),
    "Follow-up": ("observation", _follow_up),
    "Hazard over time": ("hazard", lambda a: f"{numbers.time(a['bandwidth'], 'months')} months"),
    "Parametric models": ("parametric", lambda a: numbers.fixed(a["totals"][0]["aic"], 1)),
    "Precision": (
        "precision",
        lambda a: numbers.ratio(
            a["contrasts"][0]["detectable"][0]["hazard_ratio"], None, None
        ),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CURVE_SECTIONS)
def test_a_section_of_the_curves_says_what_analyse_answers(name: str) -> None:
    part, said = CURVE_SECTIONS[name]
    at = section(CURVES, TWO_GROUPS, name)
    assert said(of(at, part)) in words(at)


@pytest.mark.parametrize("family", ["none", "weibull", "gengamma"])
@pytest.mark.parametrize("scale", CHOICES["scale"])
def test_curves_are_drawn_on_every_scale(scale: str, family: str) -> None:
    # Of the three grades the first has few events: its hazard has limits beyond all bounds.
    at = opened(CURVES, f"data=gbsg2&group_by=tgrade&scale={scale}&family={family}")
    assert_sound(at)
    assert len(at.get("vega_lite_chart")) == 2


def test_a_landmark_is_set_under_timing() -> None:
    at = section(CURVES, TWO_GROUPS, "Timing")
    at.number_input(key="landmark").set_value(12.0).run()
    assert_sound(at)
    assert asked(at).landmark == 12
    cohort = analyse(GBSG2, asked(at))["cohort"]
    assert f"the {cohort['n']} patients still followed at 12 months" in words(at)


# ------------------------------------------------------------------- more on the model


def _smallest(found: Answer) -> str:
    tests = found["tests"]
    return numbers.fixed(tests[0]["statistic"], 2)


MODEL_SECTIONS: dict[str, tuple[str, Callable[[Answer], str]]] = {
    "Tests of the terms": ("cox", lambda a: numbers.fixed(a["wald_test"]["statistic"], 2)),
    "Proportional hazards and residuals": ("residuals", _smallest),
    "Influence": ("influence", lambda a: f"on line {a['most'][0]['row']} of the file"),
    "Prediction": ("prediction", lambda a: numbers.fixed(a["concordance"][0]["estimate"], 3)),
    "Penalised": ("penalised", lambda a: f"{a['kept_min']} of {len(a['titles'])} columns"),
    "Missing values": ("missing", lambda a: f"all {a['n_complete']} patients"),
}


@pytest.mark.parametrize("name", MODEL_SECTIONS)
def test_a_section_of_the_model_says_what_analyse_answers(name: str) -> None:
    part, said = MODEL_SECTIONS[name]
    at = section(COX, MODEL, name)
    assert said(of(at, part)) in words(at)


@pytest.mark.parametrize("rule", ["forward:0.10:0.15", "backward:0.10:lr", "aic", "bic"])
def test_selection_says_which_terms_stay(rule: str) -> None:
    at = section(COX, f"{MODEL}&select={rule}", "Selection")
    found = of(at, "selection")
    chosen = sum(term["selected"] for term in found["candidates"])
    assert f"{chosen} of 3 terms were selected" in words(at)


# ------------------------------------------------------------------------- other pages


def test_controls_hold_the_question_on_every_page() -> None:
    at = opened(CURVES, "data=gbsg2&group_by=horTh&show_unit=years&outcome=locked")
    for page in (TABLE_ONE, CURVES, TABLE_ONE, RESPONSE, COMPETING):
        at.switch_page(page)
        at.run()
        assert at.selectbox(key="show_unit").value == "years"
        assert at.toggle(key="outcome_hidden").value


def test_table_one_is_open_while_the_outcome_is_hidden() -> None:
    at = opened(TABLE_ONE, "data=gbsg2&group_by=horTh&outcome=locked")
    assert_sound(at)
    found = of(at, "table_one")
    rows = table_of(at, "Table 1")
    assert [
        cell.replace("\xa0", " ").rpartition("= ")[2].rstrip(")") for cell in rows[0][1:4]
    ] == list(map(str, found["n"]))
    for row in found["characteristics"]:
        assert numbers.fixed(row["comparison"]["smd"], 2) in [cells[-1] for cells in rows]


def test_subgroups_are_those_of_the_answer() -> None:
    at = opened(SUBGROUPS, "data=gbsg2&group_by=horTh&subgroups=menostat,tgrade")
    assert_sound(at)
    rows = table_of(at, "Hazard ratios in subgroups")[1:]
    ratios = [hr(row) for row in of(at, "subgroups")]
    assert [r for row in rows for r in row if r in ratios] == ratios


def test_competing_risks_of_an_own_table() -> None:
    at, table = own(COMPETING, "group_by=arm&at=12")
    assert_sound(at)
    found = of(at, "competing", table)
    said = words(at)
    for cause in found["causes"]:
        assert f"{cause['events']} {cause['label']} first" in said
    for test in found["tests"]:
        assert f"p {numbers.p_value(test['p_value'])} for" in said
    table_ = table_of(at, "Cumulative incidence at the chosen times")[1 : 1 + len(found["at"])]
    shown = [row[2].partition("%")[0] for row in table_]
    assert sorted(shown) == sorted(numbers.percent(row["estimate"]) for row in found["at"])


def test_competing_risks_say_what_is_missing() -> None:
    at = opened(COMPETING, "data=gbsg2&group_by=horTh")
    assert_sound(at)
    assert "does not tell kinds of events apart" in at.info[0].value.replace("\\", "")


def test_response_rates_and_the_logistic_model_of_an_own_table() -> None:
    query = "group_by=arm&response=best&response_is=CR,PR&terms=arm"
    # The best response is the outcome here, so that it is known later does not matter.
    at, table = own(RESPONSE, query)
    assert_sound(at)
    rates = of(at, "response", table)["outcomes"][0]["rates"]
    cells = [row[1] for row in table_of(at, "Response rates")[1:]]
    assert cells == [f"{rate['events']}/{rate['n']}" for rate in rates]
    at, table = own(RESPONSE, f"{query}&section=Logistic model")
    assert_sound(at)
    (row,) = of(at, "logistic", table)["univariable"]
    ratio = numbers.ratio(row["odds_ratio"], row["conf_low"], row["conf_high"])
    assert ratio in table_of(at, "Logistic regression")[1]
    assert not [e for e in at.info if "hazard ratio" in e.value]  # nothing of the Cox page


# ------------------------------------------------------- stops, options, methods, files


@pytest.mark.parametrize("way", ["landmark", "since", "origin"])
def test_groups_known_later_are_stopped_with_three_ways_on(way: str) -> None:
    at, table = own(CURVES, "group_by=best", steps=("known(best, known_months)",))
    assert "immortal time" in messages(at)
    if way == "landmark":
        at.number_input(key="stop_landmark").set_value(3.0).run()
        assert asked(at).landmark == 3
    elif way == "origin":
        at.button(key="stop_count_from").click().run()
        assert asked(at).origin == "known_months"
    else:
        assert [link for link in at.get("page_link") if "with it" in link.proto.label]
        return
    assert "immortal" not in messages(at)
    cohort = analyse(table, asked(at))["cohort"]
    assert f"{cohort['n']} patients, {cohort['events']} events" in words(at)


def test_firth_is_offered_on_separation_and_left_again() -> None:
    query = "data=gbsg2&where=pnodes <= 3&where=tgrade in I,III&where=time <= 400&terms=tgrade"
    at = opened(COX, query)
    assert of(at, "cox")["separated"]
    press(at, "Use Firth's method")
    assert asked(at).estimator == "firth"
    (row,) = of(at, "cox")["multivariable"]
    assert hr(row) in [cell for cells in table_of(at, "Cox regression") for cell in cells]
    press(at, "Back to the ordinary Cox model")
    assert asked(at).estimator == "cox"


def test_a_changing_term_counts_intervals_not_patients() -> None:
    at, table = own(COX, "terms=best:since(known_months)", steps=("known(best, known_months)",))
    n = of(at, "cox", table)["n"]
    assert n > 60
    assert f"{n} intervals of follow-up" in words(at)


def test_the_methods_text_has_the_choices() -> None:
    at = opened(COX, "data=gbsg2&terms=horTh,age&ties=breslow&strata=tgrade")
    at.session_state["methods"] = True
    at.run()
    assert_sound(at)
    (text,) = (c.value for c in at.code if "Cox" in c.value)
    assert "Breslow" in text
    assert "Tumour grade" in text or "tgrade" in text


def test_a_long_finding_does_not_widen_a_saved_figure() -> None:
    figure: dict[str, Any] = {"mark": "point", "width": 400, "data": {"values": []}}
    lines = ["word " * 80]
    described = export._paper(figure, "Title", lines)
    assert described.count("word") == 80
    assert max(map(len, described.split('"'))) <= export.LINE


@pytest.mark.parametrize("character", ["\x00", "\x07", "\x1b", "\ufffe"])
def test_a_control_character_in_a_label_does_not_end_the_program(character: str) -> None:
    # The drawing library aborts the whole process on a text that XML cannot hold.
    figure: dict[str, Any] = {
        "mark": "point",
        "width": 100,
        "data": {"name": "points"},
        "encoding": {"x": {"field": "grade", "type": "nominal"}},
        "datasets": {"points": pa.table({"grade": [f"I{character}I"]})},
    }
    drawn = export.svg(figure, f"Ti{character}tle", ["line"])
    assert ">II<" in drawn
    assert "Title" in drawn
