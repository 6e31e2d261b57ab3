"""What a report holds: the numbers of `analyse`, every part, and what the tool knows of REMARK."""

from __future__ import annotations

import dataclasses
import re
import xml.etree.ElementTree as ElementTree
from collections import Counter
from datetime import date
from typing import Any

import pyarrow as pa
import pytest

from core.analysis import analyse
from core.cohort import Cohort, select
from core.dataset import Dataset
from core.errors import SpecError
from core.exploration import Counts
from core.lesions.attach import with_columns
from core.notes import warning
from core.parts import PARTS
from core.reading import examples
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from core.view import numbers
from core.view.reports import figures, remark
from core.view.reports.document import Heading, Listing, Paragraph, Picture, Report, Table
from core.view.reports.gathering import SECTIONS, gather
from tests.cohorts import cohort_of, random_columns
from tests.test_progression_page import ASKED as BY_VISIT
from tests.test_progression_page import SECOND, dataset_of, tables

QUERY = (
    "group_by=progrec&cut_rule=median&terms=age:per(10),progrec:cut,tgrade&subgroups=menostat"
    "&explored=analyses:30,cutoffs:20"
)
PARTS_ASKED = ("cohort", "km", "cox", "subgroups", "table_one", "precision")
SCREEN = ("choose a ", " above to", "click", "pointer", "download", "move the ")
"""Words of a page that mean nothing on paper."""


def asked(name: str, query: str) -> tuple[Dataset, Cohort]:
    """A shipped cohort with a question, its roles filled in."""
    spec = AnalysisSpec.from_query(f"data={name}&{query}")
    dataset = with_columns(examples.load(name), spec)
    filled, _ = fill(dataset, spec)
    return dataset, select(dataset, filled)


def report_of(cohort: Cohort, *parts: str, **more: Any) -> Report:
    return gather(cohort, cohort.spec, parts or PARTS_ASKED, made=date(2026, 1, 2), **more)


def text_of(report: Report) -> str:
    """All that is said in a report, cells too."""
    said: list[str] = [report.title, report.banner, report.provenance]
    for block in report.blocks:
        match block:
            case Heading() | Paragraph():
                said.append(block.text)
            case Listing(items):
                said += items
            case Picture():
                said += [block.title, block.caption, block.finding, block.alternative]
            case Table():
                said += [block.title, *block.notes, *map(str, block.frame.columns)]
                said += block.frame.to_numpy(dtype=object).ravel().tolist()
    return "\n".join(map(str, said))


def table(report: Report, title: str) -> Table:
    """The only table whose title begins so."""
    (found,) = [t for t in report.tables if t.title.startswith(title)]
    return found


@pytest.fixture(scope="module")
def gbsg2() -> tuple[Cohort, Report]:
    cohort = asked("gbsg2", QUERY)[1]
    return cohort, report_of(cohort)


def test_every_part_has_its_section() -> None:
    assert {*SECTIONS, "cohort", "preview"} == set(PARTS)


def test_the_numbers_are_those_of_the_answer(gbsg2: tuple[Cohort, Report]) -> None:
    cohort, report = gbsg2
    dataset = asked("gbsg2", QUERY)[0]
    parts = ",".join(PARTS_ASKED)
    found = analyse(dataset, AnalysisSpec.from_query(f"data=gbsg2&{QUERY}&parts={parts}"))
    groups = table(report, "Numbers of each group")
    full = groups.behind[0].frame
    for row, group in zip(full.to_dict("records"), found["km"]["groups"], strict=True):
        for name in ("n", "events", "median", "rmst", "rmst_se"):
            assert row[name] == group[name]
        assert [row[f"estimate_at_{at['time']:g}"] for at in group["at"]] == [
            at["estimate"] for at in group["at"]
        ]
    assert groups.frame["Patients"].tolist() == [
        numbers.count(g["n"]) for g in found["km"]["groups"]
    ]
    cox = table(report, "Cox regression").behind[0].frame
    multi = cox[cox["model"] == "multivariable"]
    assert multi["hazard_ratio"].tolist() == [
        row["hazard_ratio"] for row in found["cox"]["multivariable"]
    ]
    forest = table(report, "Hazard ratios in subgroups").behind[0].frame
    assert forest["conf_low"].tolist() == [row["conf_low"] for row in found["subgroups"]]
    assert dict(report.facts)["Query"] == found["query"]
    assert " ".join(found["methods"]) in text_of(report)
    assert cohort.dataset.digest == dict(report.facts)["SHA-256 of the data"]


def test_curves_stand_behind_their_figure(gbsg2: tuple[Cohort, Report]) -> None:
    cohort, report = gbsg2
    curves = report.pictures[0].behind[0].frame
    result = PARTS["km"].make(cohort, cohort.spec)
    assert curves["estimate"].tolist() == result.curves["estimate"].tolist()
    assert set(curves["group"]) == set(cohort.groups.screen_labels)


def test_each_result_is_made_once(gbsg2: tuple[Cohort, Report]) -> None:
    cohort, _ = gbsg2
    made: Counter[str] = Counter()

    def result(part: str) -> Any:
        made[part] += 1
        return PARTS[part].make(cohort, cohort.spec)

    report_of(cohort, results=result)
    assert dict(made) == dict.fromkeys(PARTS_ASKED, 1)


def test_figures_and_tables_are_numbered_and_described(gbsg2: tuple[Cohort, Report]) -> None:
    report = gbsg2[1]
    assert [p.number for p in report.pictures] == [1, 2, 3, 4][: len(report.pictures)]
    assert [t.number for t in report.tables] == list(range(1, len(report.tables) + 1))
    for picture in report.pictures:
        assert picture.title in picture.alternative
        assert len(picture.alternative) > len(picture.title) + 10


def test_the_flow_names_who_left() -> None:
    columns = random_columns(1)
    columns["time"][:4] = -1.0
    cohort = cohort_of(columns, group_by="arm", cut_rule="none")
    report = report_of(cohort, "cohort", "km")
    rows = dict(table(report, "Who is in").frame.to_numpy().tolist())
    assert rows["rows in the table"] == "60"
    assert rows["patients in"] == "56"
    assert "−4" in rows.values()
    (item,) = [
        r for r in table(report, "REMARK").frame.to_numpy().tolist() if r[0].startswith("12")
    ]
    assert "60 rows in the table. Left out:" in item[2]
    assert " 4. In: 56 patients" in item[2]


def test_remark_has_twenty_items_and_says_what_is_known(gbsg2: tuple[Cohort, Report]) -> None:
    cohort, report = gbsg2
    frame = table(report, "REMARK").frame
    assert len(frame) == 20
    said = dict(enumerate(frame["In this analysis"], start=1))
    assert said[1].startswith("Marker: Progesterone receptor.")
    cox = PARTS["cox"].make(cohort, cohort.spec)
    per = numbers.fixed(cox.events / cox.parameters, 1)
    assert f"{cox.events} events, {cox.parameters} parameters: {per} events per" in said[10]
    assert "was cut at 32.5" in said[11]
    assert "20 cutoffs" in said[8]
    assert "Recurrence-free survival" in said[7]
    assert "log-rank p < 0.001" in said[15]
    adjusted = next(r for r in cox.multivariable if r.term == "progrec:cut")
    ratio = numbers.ratio(adjusted.hazard_ratio, adjusted.conf_low, adjusted.conf_high)
    assert ratio in said[17]
    for left in (3, 4, 5, 19, 20):
        assert said[left] == f"{remark.REST}."


def test_remark_without_results_is_left_to_the_authors(gbsg2: tuple[Cohort, Report]) -> None:
    cohort, _ = gbsg2
    frame = table(report_of(cohort, "table_one"), "REMARK").frame
    said = dict(enumerate(frame["In this analysis"], start=1))
    assert [n for n in (15, 16, 17, 18) if said[n] != f"{remark.REST}."] == []
    assert said[6] == f"{remark.REST}."


def test_a_searched_cutoff_shows_its_corrected_p() -> None:
    cohort = cohort_of(
        random_columns(3), group_by="dose", cut_rule="best", permutations=19, bootstraps=9
    )
    report = report_of(cohort, "cohort", "km", "cutoff", "stability", "scan")
    found = PARTS["cutoff"].make(cohort, cohort.spec)
    p = numbers.p_value(found.p_corrected["permutation"])
    km = next(b.text for b in report.blocks if isinstance(b, Paragraph) and "median" in b.text)
    assert km.endswith(f"p after the search {p}.")
    rows = dict(table(report, "p-values of the best").frame.to_numpy().tolist())
    assert rows["After the search, permutation"] == numbers.p_cell(found.p_corrected["permutation"])
    assert rows["Log-rank, the search ignored"] == numbers.p_cell(found.p_naive)
    (item,) = [r for r in table(report, "REMARK").frame.to_numpy().tolist() if r[0] == "11."]
    assert f"{len(found.search.size)} cutoffs were tried. p after the search {p}" in item[2]
    assert "leave the search" in table(report, "Hazard ratios of the groups").notes[0]


def test_synthetic_data_and_the_profile_are_named() -> None:
    cohort = asked("fulvestrant", "group_by=liver&profile=spss&sites_out=bone")[1]
    report = report_of(cohort, "cohort", "km")
    assert "not its patients" in report.banner
    assert report.provenance.startswith("SYNTHETIC DATA.")
    assert "SPSS" in report.provenance
    assert "synthetic" in dict(enumerate(table(report, "REMARK").frame.iloc[:, 2], start=1))[2]


def test_a_locked_outcome_stays_locked() -> None:
    cohort = asked("gbsg2", "group_by=progrec&cut_rule=median&outcome=locked")[1]
    with pytest.raises(SpecError, match="locked"):
        gather(cohort, cohort.spec.but(parts=("km",)), ("km",))
    report = report_of(cohort, "cohort", "km", "table_one", counts=Counts(analyses=3))
    said = text_of(report)
    assert report.pictures == ()
    assert not re.search(r"\d events", said)
    assert str(cohort.n_events) not in said
    assert "Median follow-up (" not in said
    assert "3 analyses" in said


def test_notes_import_report_and_exploration_are_told() -> None:
    cohort = asked("fulvestrant", "group_by=liver&sites_out=bone")[1]
    note = warning("unit", "The unit was guessed.")
    report = report_of(cohort, "cohort", "km", notes=(note, note), counts=Counts(analyses=12))
    texts = [b for b in report.blocks if isinstance(b, Paragraph)]
    assert [b.text for b in texts if b.kind == "warning"].count("The unit was guessed.") == 1
    headings = [b.text for b in report.blocks if isinstance(b, Heading)]
    wanted = ["Patients", "Survival", "Methods", "Notes", "Import report", "Exploration"]
    assert [h for h in headings if h in wanted] == wanted
    assert "12 analyses" in text_of(report)
    assert "lesions" in text_of(report)


def test_without_counts_nothing_is_claimed(gbsg2: tuple[Cohort, Report]) -> None:
    cohort = cohort_of(random_columns(2))
    said = text_of(report_of(cohort, "cohort", "km"))
    assert "was not recorded" in said
    assert "30 analyses" in text_of(gbsg2[1])


SHARED = (
    "group_by=SUVmax&cut_rule=median&sites_out=bone&response=clinical_benefit&response_is=yes"
    "&terms=SUVmax,age&subgroups=liver&permutations=9&bootstraps=9&select=backward:0.1"
    "&missing=impute&imputations=2&given=3"
)
OWN = {"grid": "&second_by=HI", "hazard": "&scale=hazard", "parametric": "&family=weibull"}


@pytest.mark.parametrize("part", [p for p in PARTS if p not in ("modes", "competing")])
def test_every_part_can_be_reported_and_drawn(part: str) -> None:
    cohort = asked("fulvestrant", SHARED + OWN.get(part, ""))[1]
    report = report_of(cohort, part, *(["km"] if part == "hazard" else []))
    own = report.tables[1:-1] + report.pictures
    assert own or part in ("cohort", "preview", "missing", "imputed")
    for picture in report.pictures:
        drawn = figures.svg(picture.chart, report.provenance, name="x", said=picture.alternative)
        assert drawn.startswith("<svg")
        assert "SYNTHETIC DATA" in drawn
    said = text_of(report).lower()
    assert [word for word in SCREEN if word in said] == []


def test_competing_risks_are_reported() -> None:
    columns = random_columns(8)
    columns["event"][::7] = 2.0
    cohort = cohort_of(columns, competing=("2",), group_by="arm", cut_rule="none", terms=("age",))
    report = report_of(cohort, "cohort", "competing")
    result = PARTS["competing"].make(cohort, cohort.spec)
    assert len(table(report, "Cumulative incidence").behind[0].frame) == len(result.at)
    assert [t.title for t in report.tables if t.title.startswith("Hazard ratios of the")]


def test_modes_of_progression_are_reported() -> None:
    kinds = ["target", "nontarget", "new", "all", "none"] * 6
    dataset = dataset_of(*tables(kinds), spec=SECOND)
    cohort = select(dataset, SECOND.but(show_unit=BY_VISIT.show_unit))
    report = report_of(cohort, "cohort", "modes")
    result = PARTS["modes"].make(cohort, cohort.spec)
    assert len(table(report, "Survival by the models").frame) >= len(result.models)


def test_what_cannot_be_answered_is_said_as_everywhere() -> None:
    cohort = cohort_of(random_columns(5))
    with pytest.raises(SpecError, match="one group only"):
        report_of(cohort, "comparisons")
    with pytest.raises(SpecError, match="Did you mean 'cox'"):
        report_of(cohort, "coxx")


HOSTILE_SVG = """<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"
width="10" height="10" viewBox="0 0 10 10" onload="alert(1)"><script>alert(2)</script>
<a xlink:href="javascript:alert(3)"><text>linked</text></a><image href="http://evil/"/>
<g style="background:url(http://evil/)" onclick="alert(4)" fill="url(http://evil/)"
clip-path="url(#c)"><text fill="red">kept</text></g><defs><clipPath id="c"/></defs></svg>"""


def test_a_figure_keeps_nothing_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    import vl_convert

    monkeypatch.setattr(vl_convert, "vegalite_to_svg", lambda *_, **__: HOSTILE_SVG)
    drawn = figures.svg({}, "<b>note</b>", name="f1", title="<i>", said='"><script>')
    root = ElementTree.fromstring(drawn)
    assert {e.tag for e in root.iter()} == {"svg", "title", "desc", "g", "text", "defs", "clipPath"}
    names = {name for e in root.iter() for name in e.attrib}
    assert not names & {"onload", "onclick", "style", "href"}
    group, clip = root.find("g"), root.find("defs/clipPath")
    assert group is not None
    assert clip is not None
    assert group.attrib == {"clip-path": f"url(#{clip.get('id')})"}
    assert "evil" not in drawn
    texts = [e.text for e in root.iter("text")]
    assert texts == ["kept", "<b>note</b>"]


@pytest.mark.parametrize("text", ["a\x00b", "a\x07b", "a\x1bb", "a\ufffeb", "a\ud800b"])
def test_a_control_character_does_not_end_the_process(text: str) -> None:
    chart = {
        "mark": "text",
        "title": text,
        "data": {"name": "d"},
        "encoding": {"text": {"field": "t"}},
        "datasets": {"d": pa.table({"t": ["\x1b" + text.replace("\ud800", "")]})},
    }
    assert figures.svg(chart, text).count(">ab<") == 3


def test_a_report_without_a_date_has_none(gbsg2: tuple[Cohort, Report]) -> None:
    report = gbsg2[1]
    assert dataclasses.replace(report, made=None).made is None
    assert report.made == date(2026, 1, 2)
