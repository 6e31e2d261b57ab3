"""The pages without a browser: what they show is what `analyse` answers to their own address.

Streamlit's AppTest runs the scripts in this process. With the classic folder `pages/` it has to
start from `app.py` and switch (a script of the folder opened by itself does not find the others);
`switch_page` before the first run is how a deep link arrives. What it cannot do is left to
`test_browser.py`: the focus, Back, a change that overtakes the address, the drawing itself, a real
file chooser, the files behind the download buttons, and results cached by session: all AppTests of
a process have one session number.
"""

from __future__ import annotations

import html as markup
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.analysis import analyse
from core.dataset import Dataset
from core.reading import examples, read
from core.spec import AnalysisSpec
from core.units import DAYS
from core.view import numbers
from tests.support import ROOT, tables

COHORT, CURVES, COX = "app.py", "pages/curves.py", "pages/cox.py"
PAGES = (COHORT, CURVES, COX)
GBSG2 = examples.load("gbsg2")
FAILED = "Something went wrong"

SMALL = "os_months,status,marker,arm\n" + "".join(
    f"{(i * 7) % 31 + 1}.5,{1 + (i % 3 > 0)},{(i * 11) % 23},{'AB'[i % 2]}rm\n" for i in range(60)
)
"""A table whose event coding (1 and 2) cannot be told."""
ODD = (
    "![x](http://evil.test/a.png)",
    "<img src=x onerror=alert(1)>",
    "$x$ and $y$",
    ":red[a] **b**",
)
"""Names that are Markdown, HTML, LaTeX and a Streamlit colour."""


@pytest.fixture(autouse=True)
def _no_caches() -> Iterator[None]:
    """Caches survive from one AppTest to the next in one process."""
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


# ------------------------------------------------------------------ opening and reading a page


def opened(page: str, query: str = "", *, run: bool = True) -> AppTest:
    """A new session that opens a page by its address."""
    at = AppTest.from_file(str(ROOT / COHORT), default_timeout=60)
    if page != COHORT:
        at.switch_page(page)
    if query:
        at.query_params.update(parsed(query))
    return at.run() if run else at


def parsed(query: str) -> dict[str, list[str]]:
    """A query as AppTest takes it: also what no spec could be."""
    fields: dict[str, list[str]] = {}
    for part in query.split("&"):
        name, _, value = part.partition("=")
        fields.setdefault(name, []).append(value)
    return fields


def asked(at: AppTest) -> AnalysisSpec:
    """The question that the address holds, without the count of earlier looks."""
    return AnalysisSpec.from_dict(
        {n: v if isinstance(v, list) else [v] for n, v in at.query_params.items()}
    ).but(explored=())


def assert_holds(at: AppTest, link: AnalysisSpec) -> None:
    """The address says all that the link said; what the link left open it may say too."""
    assert link.to_dict().items() <= asked(at).to_dict().items()


def bodies(at: AppTest) -> list[str]:
    """Every piece of HTML on the page but the style sheet."""
    found = [element.proto.body for element in at.get("html")]
    return [body for body in found if not body.startswith("<style>")]


def text_of(body: str) -> str:
    """What a person reads of a piece of HTML."""
    return markup.unescape(re.sub(r"<[^>]*>", " ", body)).strip()


def table_of(at: AppTest, caption: str) -> list[list[str]]:
    """The cells of the table with this caption, its header first."""
    (body,) = (b for b in bodies(at) if f'aria-label="{caption}"' in b)
    rows = re.findall(r"<tr>(.*?)</tr>", body, re.DOTALL)
    return [[text_of(c) for c in re.findall(r"<t[dh].*?</t[dh]>", row, re.DOTALL)] for row in rows]


def key_numbers(at: AppTest) -> list[str]:
    """The large numbers, without their captions."""
    found = [b for b in bodies(at) if b.startswith('<div class="big">')]
    return [text_of(value) for b in found for value in re.findall(r"<b>.*?</b>", b)]


def charts(at: AppTest) -> list[tuple[dict[str, Any], dict[str, pd.DataFrame]]]:
    """Each figure as sent to the browser: its description, and its data."""
    sent = []
    for element in at.get("vega_lite_chart"):
        data = {
            part.name: pa.ipc.open_stream(part.data.data).read_pandas()
            for part in element.proto.datasets
        }
        sent.append((json.loads(element.proto.spec), data))
    return sent


def messages(at: AppTest) -> str:
    """Errors and warnings as read, without the backslashes that keep Markdown away."""
    return "\n".join(e.value for e in [*at.error, *at.warning]).replace("\\", "")


def assert_sound(at: AppTest) -> None:
    assert not at.exception
    assert not at.error, messages(at)
    assert FAILED not in messages(at)


# --------------------------------------------------------------- what the answer says to expect


@dataclass(frozen=True)
class Expected:
    """What the screen must say, from `analyse` and by counting patients in the table."""

    question: AnalysisSpec
    answer: Mapping[str, Any]
    key: list[str]
    groups: list[list[str]]
    sizes: list[str]

    @classmethod
    def of(cls, dataset: Dataset, question: AnalysisSpec) -> Expected:
        answer = analyse(dataset, question.but(parts=("cohort", "km")))
        found, km = answer["groups"]["levels"], answer["km"]
        unit = question.show_unit or question.unit or "days"
        groups = [
            [
                str(level["n"]),
                str(level["events"]),
                numbers.time_with_limits(g["median"], g["conf_low"], g["conf_high"], unit),
            ]
            for level, g in zip(found, km["groups"], strict=True)
        ]
        key = [numbers.p_cell(km["test"]["p_value"])] if len(found) > 1 else []
        if len(found) == 2:
            key.append(hr(km["hazard_ratio"][0]))
        name = "n = {}" if len(found) < 3 else "{}"
        return cls(question, answer, key, groups, [name.format(level["n"]) for level in found])

    def at_risk(self, dataset: Dataset, ticks: list[float]) -> list[int]:
        """Numbers at risk at the ticks, group after group, recounted from the definition."""
        spec, groups = self.question, self.answer["groups"]
        x = dataset.frame[spec.group_by or ""]
        time = dataset.frame[spec.time or ""] * DAYS[spec.unit or "days"]
        if groups["rule"] == "none":
            members = [x == level["label"] for level in groups["levels"]]
        else:
            (threshold,) = groups["thresholds"]
            high = x >= threshold if groups["side"] == "ge" else x > threshold
            members = [~high, high]
        each = DAYS[spec.show_unit or "days"]
        return [int((time[m] >= t * each).sum()) for m in members for t in ticks]


def hr(row: Mapping[str, Any] | None) -> str:
    """A hazard ratio as printed; an empty cell where there is none."""
    return (
        "" if row is None else numbers.ratio(row["hazard_ratio"], row["conf_low"], row["conf_high"])
    )


def assert_curves_agree(at: AppTest, dataset: Dataset = GBSG2) -> Expected:
    """The numbers, the table and the data of both figures are those of the page's address."""
    assert_sound(at)
    expected = Expected.of(dataset, asked(at))
    assert key_numbers(at) == expected.key
    table = table_of(at, "Numbers of each group")
    assert [row[1:4] for row in table[1:]] == expected.groups
    (_, km), (_, distribution) = charts(at)
    unit = expected.question.show_unit or "days"
    ticks = list(dict.fromkeys(km["risk"][unit]))
    assert km["risk"]["n_risk"].tolist() == expected.at_risk(dataset, ticks)
    for g, found in enumerate(expected.answer["km"]["groups"]):
        curve = km["curves"][km["curves"]["group"] == g]
        for at_time in found["at"]:
            before = curve[curve[unit] <= at_time["time"]]
            if at_time["estimate"] is not None:
                # Drawn curves are thinned to one drop for a column of pixels.
                assert before["estimate"].iloc[-1] == pytest.approx(at_time["estimate"], abs=0.01)
    if "sizes" in distribution:
        assert distribution["sizes"]["label"].tolist() == expected.sizes
    assert distribution["bars"]["n"].sum() >= max(
        level["n"] for level in expected.answer["groups"]["levels"]
    )
    return expected


def assert_cox_agrees(at: AppTest, dataset: Dataset = GBSG2) -> dict[str, Any]:
    """The Cox table and the forest plot are those of the page's address."""
    assert_sound(at)
    answer = analyse(dataset, asked(at))["cox"]
    keyed = [
        {(row["term"], row["level"]): row for row in answer[name]}
        for name in ("univariable", "multivariable")
    ]
    keys = list(dict.fromkeys([*keyed[0], *keyed[1]]))
    rows = table_of(at, "Cox regression")[1:]
    assert [(row[3], row[5]) for row in rows] == [
        (hr(keyed[0].get(k)), hr(keyed[1].get(k))) for k in keys
    ]
    assert [row[1] for row in rows if row[1]] == [str(r["n"]) for r in answer["univariable"]]
    ((_, forest),) = charts(at)
    for name, table in zip(("Univariable", "Multivariable"), keyed, strict=True):
        drawn = forest["rows"][forest["rows"]["model"] == name]
        wanted = [table[k]["hazard_ratio"] for k in keys if k in table]
        assert drawn["hazard_ratio"].tolist() == pytest.approx(wanted)
    (model,) = (text_of(b) for b in bodies(at) if "Likelihood-ratio" in b)
    assert model.startswith(f"{answer['n']} patients, {answer['events']} events")
    assert numbers.fixed(answer["concordance"], 3) in model
    return answer


# ----------------------------------------------------------------------------- opened by a link


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("name", examples.names())
def test_a_page_opens_from_its_link(page: str, name: str) -> None:
    link = examples.question(name)
    at = opened(page, run=False)
    at.query_params.update(link.to_dict())
    at.run()
    assert_sound(at)
    assert_holds(at, link)
    answer = analyse(examples.load(name), link)
    said = " ".join(map(text_of, bodies(at)))
    if page == COX:
        assert_cox_agrees(at, examples.load(name))
    else:
        patients = f"{answer['cohort']['n']} patients, {answer['cohort']['events']} events."
        assert patients in said
        assert numbers.p_value(answer["km"]["test"]["p_value"]) in said
    ledger = table_of(at, "Who is in and who left")
    assert ledger[-1] == ["patients in", str(answer["cohort"]["n"])]


def test_a_newcomer_sees_the_first_cohort() -> None:
    at = opened(COHORT)
    assert_sound(at)
    assert asked(at) == examples.question("gbsg2")


@pytest.mark.parametrize(
    "query",
    [
        "data=gbsg2&group_by=progrec&cut_rule=value&cut_value=90&cut_side=gt",
        "data=gbsg2&group_by=age&cut_rule=median&show_unit=years",
        "data=gbsg2&group_by=age&cut_rule=quantile&cut_value=0.75&conf_level=0.9",
        "data=gbsg2&group_by=menostat&test=gehan",
        "data=gbsg2&group_by=progrec&cut_rule=value&cut_value=5000",
    ],
)
def test_curves_from_a_link(query: str) -> None:
    at = opened(CURVES, query)
    if "5000" in query:
        # Everybody is below: there is one curve, and it is said that nothing is compared.
        assert not at.exception
        assert "nothing to compare" in messages(at)
        assert key_numbers(at) == []
        return
    assert_curves_agree(at)


def test_filters_and_several_groups() -> None:
    query = "data=gbsg2&group_by=age&cut_rule=tertiles&where=menostat = Post&where=age >= 50"
    at = opened(CURVES, query)
    assert_sound(at)
    expected = Expected.of(GBSG2, asked(at))
    assert len(expected.sizes) == 3
    assert key_numbers(at) == expected.key
    assert [r[1:4] for r in table_of(at, "Numbers of each group")[1:]] == expected.groups
    assert charts(at)[1][1]["sizes"]["label"].tolist() == expected.sizes
    pairs = [p["p_adjusted"] for p in expected.answer["km"]["pairwise"]]
    shown = table_of(at, "Pairwise comparisons")[1:]
    assert [row[2] for row in shown] == [numbers.p_cell(p) for p in pairs]


# ------------------------------------------------------------------------- moved by its widgets


def test_the_slider_the_box_and_the_side() -> None:
    at = opened(CURVES)
    first = assert_curves_agree(at)
    at.select_slider(key="cut_slider").set_value(26.0).run()
    assert asked(at).cut_value == ("26",)
    second = assert_curves_agree(at)
    assert second.sizes != first.sizes
    assert at.number_input(key="cut_number").value == 26
    at.number_input(key="cut_number").set_value(1000.0).run()
    assert asked(at).cut_value == ("1000",)
    third = assert_curves_agree(at)
    assert third.sizes != second.sizes
    assert at.select_slider(key="cut_slider").value == 1000
    at.number_input(key="cut_number").set_value(20.0).run()
    at.selectbox(key="cut_side").set_value("gt").run()
    assert asked(at).cut_side == "gt"
    assert assert_curves_agree(at).sizes != first.sizes


def test_a_number_between_the_stops_of_the_slider() -> None:
    at = opened(CURVES, "data=gbsg2&group_by=progrec&cut_rule=value&cut_value=20.5")
    assert at.select_slider(key="cut_slider").value == 20.5
    assert at.number_input(key="cut_number").value == 20.5
    assert_curves_agree(at)


@pytest.mark.parametrize("rule", ["median", "quantile", "tertiles", "quartiles", "none", "value"])
def test_every_rule(rule: str) -> None:
    # tsize has more than 20 distinct values: each of them a group is refused, in words.
    at = opened(CURVES, "data=gbsg2&group_by=tsize&cut_rule=value&cut_value=25")
    if rule == "value":
        at.selectbox(key="cut_rule").set_value("median").run()
    at.selectbox(key="cut_rule").set_value(rule).run()
    assert asked(at).cut_rule == rule
    if rule == "none":
        assert not at.exception
        assert "too many" in messages(at)
        assert FAILED not in messages(at)
        return
    assert_sound(at)
    expected = Expected.of(GBSG2, asked(at))
    assert key_numbers(at) == expected.key
    assert [r[1:4] for r in table_of(at, "Numbers of each group")[1:]] == expected.groups


def test_the_quantile_slider() -> None:
    at = opened(CURVES, "data=gbsg2&group_by=age&cut_rule=quantile&cut_value=0.5")
    at.slider(key="cut_quantile").set_value(0.75).run()
    assert asked(at).cut_value == ("0.75",)
    assert_curves_agree(at)


def test_another_stratifier_starts_with_its_own_cut() -> None:
    at = opened(CURVES)
    at.selectbox(key="stratifier").set_value("age").run()
    spec = asked(at)
    assert (spec.group_by, spec.cut_value) == ("age", ())
    assert assert_curves_agree(at).answer["groups"]["rule"] == "median"
    at.selectbox(key="stratifier").set_value("horTh").run()
    assert_curves_agree(at)
    at.selectbox(key="stratifier").set_value(None).run()
    assert_sound(at)
    assert asked(at).group_by is None
    assert key_numbers(at) == []
    expected = Expected.of(GBSG2, asked(at))
    assert [r[1:4] for r in table_of(at, "Numbers of each group")[1:]] == expected.groups


def test_the_unit_of_time() -> None:
    at = opened(CURVES)
    at.selectbox(key="show_unit").set_value("years").run()
    assert asked(at).show_unit == "years"
    assert_curves_agree(at)


def test_filters_are_added_and_removed() -> None:
    at = opened(CURVES)
    whole = assert_curves_agree(at)
    at.session_state["filters"] = True  # unfolds the drawer
    at.run()
    at.selectbox(key="filter_column").set_value("menostat").run()
    at.multiselect(key="filter_values_menostat").set_value(["Post"]).run()
    press(at, "Apply")
    assert asked(at).where == ("menostat in Post",)
    post = Expected.of(GBSG2, asked(at))
    assert key_numbers(at) == post.key
    assert post.answer["cohort"]["n"] < whole.answer["cohort"]["n"]
    assert table_of(at, "Who is in and who left")[-1][1] == str(post.answer["cohort"]["n"])
    at.selectbox(key="filter_column").set_value("age").run()
    at.slider(key="filter_values_age").set_value((50.0, 60.0)).run()
    press(at, "Apply")
    assert asked(at).where == ("menostat in Post", "age >= 50", "age <= 60")
    assert key_numbers(at) == Expected.of(GBSG2, asked(at)).key
    for _ in range(3):
        at.button(key="unfilter_0").click().run()
    assert asked(at).where == ()
    assert assert_curves_agree(at).key == whole.key


def press(at: AppTest, label: str) -> AppTest:
    (button,) = (b for b in at.button if b.label == label and not b.disabled)
    return button.click().run()


# ---------------------------------------------------------------------------------------- Cox


def test_terms_and_ties() -> None:
    at = opened(COX)
    first = assert_cox_agrees(at)
    at.multiselect(key="terms").set_value(["horTh", "age"]).run()
    assert asked(at).terms == ("horTh", "age:per(10)")  # the form of a term that stays is kept
    second = assert_cox_agrees(at)
    assert len(second["multivariable"]) < len(first["multivariable"])
    at.multiselect(key="terms").set_value(["horTh", "age", "progrec"]).run()
    assert asked(at).terms == ("horTh", "age:per(10)", "progrec:cut")
    efron = assert_cox_agrees(at)
    at.session_state["model_options"] = True
    at.run()
    at.selectbox(key="ties").set_value("breslow").run()
    assert asked(at).ties == "breslow"
    breslow = assert_cox_agrees(at)
    assert breslow["log_likelihood"] != efron["log_likelihood"]


def test_the_form_of_a_term() -> None:
    at = opened(COX, "data=gbsg2&terms=age,tgrade,pnodes")
    at.selectbox(key="form_0").set_value("per").run()
    assert asked(at).terms[0] == "age:per(10)"
    at.number_input(key="argument_0_per").set_value(5.0).run()
    assert asked(at).terms[0] == "age:per(5)"
    at.selectbox(key="argument_1_cat").set_value("II").run()
    assert asked(at).terms[1] == "tgrade:cat(II)"
    at.selectbox(key="form_2").set_value("log2").run()
    assert asked(at).terms == ("age:per(5)", "tgrade:cat(II)", "pnodes:log2")
    assert_cox_agrees(at)
    at.selectbox(key="form_0").set_value("").run()
    assert asked(at).terms[0] == "age"
    assert_cox_agrees(at)


def test_a_term_without_a_form_is_compared_with_its_first_level() -> None:
    at = opened(COX, "data=gbsg2&terms=horTh")
    assert_cox_agrees(at)
    assert any("(vs no)" in row[0] for row in table_of(at, "Cox regression"))


# --------------------------------------------------------------------------- from page to page


def test_the_question_goes_from_page_to_page() -> None:
    at = opened(CURVES)
    at.select_slider(key="cut_slider").set_value(26.0).run()
    moved = asked(at)
    for page in (COX, COHORT, CURVES):
        at.switch_page(page).run()
        assert_sound(at)
        assert asked(at) == moved
    assert at.select_slider(key="cut_slider").value == 26
    at.switch_page(COX).run()
    assert_cox_agrees(at)
    at.multiselect(key="terms").set_value(["horTh"]).run()
    at.switch_page(CURVES).run()
    assert asked(at) == moved.but(terms=("horTh",))


def test_another_shipped_cohort() -> None:
    at = opened(COHORT)
    at.button(key="open_veteran").click().run()
    assert_holds(at, examples.question("veteran"))
    at.switch_page(CURVES).run()
    assert_curves_agree(at, examples.load("veteran"))


def test_a_new_address_is_a_new_question() -> None:
    at = opened(CURVES)
    at.select_slider(key="cut_slider").set_value(26.0).run()
    at.query_params.clear()
    at.query_params.update(examples.question("gbsg2").but(cut_value=("90",)).to_dict())
    at.run()
    assert asked(at).cut_value == ("90",)
    assert_curves_agree(at)


# ---------------------------------------------------------------------- links with a fault


@pytest.mark.parametrize("page", [COHORT, CURVES])
@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("nonsense=1", "'nonsense'"),
        ("group_bye=age", "Did you mean 'group_by'?"),
        ("conf_level=high", "'high' is not a number (conf_level)"),
        ("ties=exact", "'exact' is not a value of 'ties'"),
        ("time=tiem", "(time)"),
        ("group_by=progrex", "Did you mean 'progrec'?"),
        ("group_by=progrec&cut_rule=value&cut_value=abc", "'abc' is not a number (cut_value)"),
        ("where=aeg > 50", "'aeg'"),
        ("data=nothing", "'nothing'"),
        ("v=2", "version 2"),
        ("suv_min=-1", "'suv_min'"),
    ],
)
def test_a_link_with_a_fault_says_which(page: str, query: str, said: str) -> None:
    at = opened(page, query)
    assert not at.exception
    assert said in messages(at)
    assert FAILED not in messages(at)
    assert charts(at) == []  # no other analysis under the link's name
    assert key_numbers(at) == []


def test_an_unknown_term_is_named() -> None:
    at = opened(COX, "data=gbsg2&terms=horTh,agee")
    assert "'agee' names a column that is not there" in messages(at)
    assert "Did you mean 'age'?" in messages(at)
    assert charts(at) == []


def test_out_of_an_unreadable_link() -> None:
    at = opened(CURVES, "nonsense=1")
    press(at, "Open the example instead")
    assert asked(at) == examples.question("gbsg2")
    assert_curves_agree(at)


# ------------------------------------------------------------------------------ tables of users


def upload(at: AppTest, name: str, data: str | bytes) -> AppTest:
    content = data.encode() if isinstance(data, str) else data
    at.file_uploader[0].upload(name, content)  # each page shows at most one
    return at.run()


def loaded(data: str, *, event_is: str = "2") -> AppTest:
    """A session that has opened a table of its own."""
    at = upload(opened(COHORT), "mine.csv", data)
    event = at.selectbox(key="role_event").value
    at.multiselect(key=f"role_event_is_{event}").set_value([event_is]).run()
    return press(at, "Open this cohort")


def test_an_upload_is_previewed_and_its_roles_are_proposed() -> None:
    at = upload(opened(COHORT), "mine.csv", SMALL)
    assert_sound(at)
    assert "mine.csv: 60 rows, 4 columns" in map(text_of, bodies(at))
    preview = at.dataframe[0]
    assert list(preview.value.columns) == ["os_months", "status", "marker", "arm"]
    assert len(preview.value) == 6
    assert at.selectbox(key="role_time").value == "os_months"
    assert at.selectbox(key="role_unit").value == "months"
    assert at.selectbox(key="role_event").value == "status"
    reasons = [text for text in map(text_of, bodies(at)) if text.startswith("Proposed: ")]
    assert "Proposed: the name says months." in reasons
    assert len(reasons) == 3
    # 1 and 2: either may be the event, so nothing is chosen and nothing can be opened.
    assert at.multiselect(key="role_event_is_status").value == []
    assert "cannot be told" in " ".join(c.value for c in at.caption)
    (button,) = (b for b in at.button if b.label == "Open this cohort")
    assert button.disabled
    assert asked(at) == examples.question("gbsg2")  # not opened: the address is unchanged


def test_an_upload_is_opened_and_analysed() -> None:
    at = loaded(SMALL)
    assert_sound(at)
    table = read(SMALL.encode(), "mine.csv")
    spec = asked(at)
    assert (spec.data, spec.time, spec.unit) == (table.reference, "os_months", "months")
    assert (spec.event, spec.event_is) == ("status", ("2",))
    at.switch_page(CURVES).run()
    at.selectbox(key="stratifier").set_value("marker").run()
    assert_curves_agree(at, table)
    at.selectbox(key="stratifier").set_value("arm").run()
    assert_curves_agree(at, table)
    at.switch_page(COX).run()
    at.multiselect(key="terms").set_value(["marker", "arm"]).run()
    assert_cox_agrees(at, table)
    at.switch_page(COHORT).run()
    press(at, "Forget my tables")
    assert asked(at) == examples.question("gbsg2")
    assert "tables" not in at.session_state
    assert "draft" not in at.session_state


def test_a_clear_event_needs_no_question() -> None:
    table = SMALL.replace("status", "OS_STATUS").replace(",1,", ",0:LIVING,")
    at = upload(opened(COHORT), "mine.csv", table.replace(",2,", ",1:DECEASED,"))
    assert at.multiselect(key="role_event_is_OS_STATUS").value == ["1:DECEASED"]
    press(at, "Open this cohort")
    assert asked(at).event_is == ("1:DECEASED",)
    assert_sound(at)


def test_no_row_gets_into_the_address() -> None:
    rows = "os_months,death,pid,name,marker\n" + "".join(
        f"{i % 17 + 1},{i % 2},PID{i:05},SECRET NAME{i},{i * 7919 % 10007 + 0.25}\n"
        for i in range(40)
    )
    at = upload(opened(COHORT), "Jane Doe.csv", rows)
    press(at, "Open this cohort")
    seen = [dict(at.query_params)]
    for page in (CURVES, COX, COHORT):
        at.switch_page(page).run()
        seen.append(dict(at.query_params))
    at.switch_page(CURVES).run()
    at.selectbox(key="stratifier").set_value("marker").run()
    seen.append(dict(at.query_params))
    text = json.dumps(seen)
    for secret in ("SECRET", "PID", "Jane", ".25", "7919"):
        assert secret not in text


@pytest.mark.parametrize("page", PAGES)
def test_a_link_to_a_table_asks_for_it(page: str) -> None:
    query = loaded(SMALL).query_params
    at = opened(page, run=False)
    at.query_params.update(query)
    at.run()
    assert not at.exception
    assert charts(at) == []
    assert "Load the same file" in messages(at)
    upload(at, "renamed.csv", SMALL)
    assert messages(at) == ""  # the same bytes: nothing to warn of
    assert asked(at).data == query["data"]
    # The view of the sender, and not a second question about the same file.
    assert "draft" not in at.session_state
    assert len(charts(at)) == (page != COX)  # this link has no terms


def test_forgetting_takes_a_table_that_was_not_opened_yet() -> None:
    at = upload(loaded(SMALL), "second.csv", SMALL.replace("marker", "other"))
    assert "draft" in at.session_state
    press(at, "Forget my tables")
    assert "tables" not in at.session_state
    assert "draft" not in at.session_state


def test_another_file_for_a_link_is_reported() -> None:
    at = opened(CURVES, run=False)
    at.query_params.update(loaded(SMALL).query_params)
    at.run()
    other = read((SMALL + "3.5,1,2,Arm\n").encode(), "mine.csv")
    upload(at, "mine.csv", SMALL + "3.5,1,2,Arm\n")
    assert "not the file that the link was made with" in messages(at)
    assert other.reference in messages(at)
    at.selectbox(key="stratifier").set_value("arm").run()
    # Still said after a change: the link's name is kept.
    assert "not the file that the link was made with" in messages(at)
    assert key_numbers(at) == Expected.of(other, asked(at)).key


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ("time,event,x\n5,1,2\n7,0,3,SECRET\n", "Line 3"),
        ("time,event\n5,1\n7,SEC\0RET\n", ""),
        ("time,event,note\n5,1,a\n7,0,\"SECRET\n", ""),
        ("", ""),
    ],
)  # fmt: skip
def test_a_table_that_cannot_be_read(table: str, said: str) -> None:
    at = upload(opened(COHORT), "bad.csv", table)
    assert not at.exception
    assert len(at.error) == 1
    assert said in messages(at)
    assert "SECRET" not in messages(at)
    assert FAILED not in messages(at)
    assert "draft" not in at.session_state


def test_a_time_that_holds_words_is_named_with_its_row() -> None:
    at = opened(CURVES, run=False)
    good = "months,death,x\n" + "".join(f"{i + 1},{i % 2},{i}\n" for i in range(30))
    at.query_params.update(
        {"data": "sha256:0000000000000000", "time": "months", "unit": "months", "event": "death",
         "event_is": "1"}
    )  # fmt: skip
    at.run()
    upload(at, "bad.csv", good.replace("\n9,0,8\n", "\nSECRET,0,8\n"))
    assert not at.exception
    assert "'months'" in messages(at)
    assert re.search(r"\b(line|row) 10\b", messages(at), re.IGNORECASE)
    assert "SECRET" not in messages(at)
    assert len(charts(at)) == 1  # everybody else is in


def test_sessions_do_not_see_each_others_tables() -> None:
    mine = loaded(SMALL)
    theirs = opened(CURVES, run=False)
    theirs.query_params.update(mine.query_params)
    theirs.run()
    assert "tables" not in theirs.session_state
    assert charts(theirs) == []
    assert "Load the same file" in messages(theirs)
    mine.run()
    assert_sound(mine)
    assert len(charts(mine)) == 1


# ------------------------------------------------------------------------------- hostile names


def odd_table() -> str:
    """Numbers and categories under names, and with levels, that are markup."""
    quoted = [f'"{name}"' for name in ODD]
    lines = [",".join(["os_months", "death", *quoted[:2], *quoted[2:]])]
    for i in range(60):
        cells = [str(i % 29 + 1), str(i % 2), str(i % 13), str(i * 7 % 17)]
        lines.append(",".join([*cells, quoted[i % 2], quoted[2 + i % 2]]))
    return "\n".join(lines) + "\n"


def hostile_table() -> str:
    """The shared table of hostile names, beside the public tables."""
    path = tables().parent / "hostile" / "files" / "xss_names_values.csv"
    if not path.is_file():
        pytest.skip("needs the folder of hostile files beside the public tables")
    return path.read_text(encoding="utf-8")


MARKUP = re.compile(r"<(?!/?(?:p|div|span|b|small|table|thead|tbody|tr|td|th|br)\b)", re.IGNORECASE)
"""Any tag that `core.view.html` does not write."""
ATTRIBUTES = re.compile(r'<\w+(?: (?:class|style|aria-label)="[^"]*")*>')


def assert_escaped(at: AppTest) -> None:
    """Only our own tags stand in the HTML, and Markdown has been made into plain text."""
    for body in bodies(at):
        assert not MARKUP.search(body), body[:200]
        assert not re.search(r"\son\w+=", re.sub(r'="[^"]*"', "", "".join(tags(body))))
    for element in [*at.error, *at.warning, *at.info, *at.caption, *at.markdown]:
        assert "![" not in element.value.replace("\\!", "")
        assert not re.search(r"(?<!\\)[<$]", element.value), element.value


def tags(body: str) -> list[str]:
    found = re.findall(r"<[^/>][^>]*>", body)
    assert all(ATTRIBUTES.fullmatch(tag) for tag in found), found
    return found


def walk(at: AppTest, columns: list[str]) -> Iterator[tuple[str, AppTest]]:
    """Stratify by each column, then model them all."""
    yield COHORT, at
    at.switch_page(CURVES).run()
    for column in columns:
        at.selectbox(key="stratifier").set_value(column).run()
        yield CURVES, at
    at.switch_page(COX).run()
    at.multiselect(key="terms").set_value(columns).run()
    yield COX, at


def test_names_that_are_markup_are_shown_as_they_are() -> None:
    at = upload(opened(COHORT), f"{ODD[0]}.csv", odd_table())
    assert_escaped(at)
    press(at, "Open this cohort")
    for page, shown in walk(at, list(ODD)):
        assert_sound(shown)
        assert_escaped(shown)
        if page == CURVES:
            column = asked(shown).group_by
            assert column in text_of(bodies(shown)[0])
            first = table_of(shown, "Numbers of each group")[1][0]
            assert first.startswith(column or "?")
    rows = [row[0] for row in table_of(at, "Cox regression")]
    assert all(any(row.startswith(name) for row in rows) for name in ODD)


def test_the_shared_hostile_table() -> None:
    at = upload(opened(COHORT), "hostile.csv", hostile_table())
    assert_escaped(at)
    press(at, "Open this cohort")
    names = [n for n in read(hostile_table().encode(), "h.csv").variables if "window" in n]
    assert len(names) == 3
    for _, shown in walk(at, names):
        assert not shown.exception
        assert FAILED not in messages(shown)
        assert_escaped(shown)


def test_labels_of_widgets_cannot_be_markdown() -> None:
    at = upload(opened(COHORT), "odd.csv", odd_table())
    press(at, "Open this cohort")
    for _, shown in walk(at, list(ODD)):
        found = (*shown.selectbox, *shown.number_input, *shown.select_slider, *shown.multiselect)
        for widget in [*found, *shown.slider, *shown.button]:
            assert not any(name in widget.label for name in ODD), widget.label


def test_a_faulty_link_is_not_markup_either() -> None:
    for page in PAGES:
        at = opened(page, f"group_by={ODD[0]}")
        assert ODD[0] in messages(at)
        assert_escaped(at)
        at = opened(page, f"{ODD[1].replace('=', '')}=1")
        assert "is not known" in messages(at)
        assert_escaped(at)
