"""The report as a web page: it needs nothing, runs nothing, and says the same as the answer."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from datetime import date
from html.parser import HTMLParser

import numpy as np
import pytest

from core.cohort import Cohort
from core.view import words
from core.view.reports.making import make
from tests.cohorts import cohort_of, random_columns
from tests.test_reports_gathering import asked

LINK = "https://stratiscope.example/curves?v=1&data=gbsg2&group_by=<b>"
SCRIPT = "</script><script>alert(1)</script>"
IMAGE = "<img src=http://evil/x onerror=alert(2)>"
MARKDOWN = "![](http://evil/)"
SVG = '"><svg onload=alert(3)>'
STYLE = "</style><style>*{background:url(http://evil/)}</style>"
CONTROL = "a\x07b\x00c"


class Page(HTMLParser):
    """A page taken apart: tags with their attributes, and the text of each kind of element."""

    def __init__(self, page: bytes) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.texts: list[tuple[str, str]] = []
        self.rows: list[list[str]] = []
        self.feed(page.decode())
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append((self.open[-1] if self.open else "", data))
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def text(self, *tags: str) -> str:
        return " ".join(text for tag, text in self.texts if not tags or tag in tags)

    def attributes(self) -> Iterator[tuple[str, str, str]]:
        for tag, attributes in self.tags:
            for name, value in attributes.items():
                yield tag, name, value or ""


def hostile_cohort() -> Cohort:
    """Every name and level that a page could stumble over."""
    columns = random_columns(4)
    rng = np.random.default_rng(1)
    columns[SCRIPT] = rng.choice(np.array([IMAGE, SVG, CONTROL], dtype=object), 60)
    columns["=1+1"] = rng.choice(np.array([MARKDOWN, "=cmd|'/c calc'!A0"], dtype=object), 60)
    columns[STYLE] = columns["dose"]
    return cohort_of(
        columns,
        group_by=SCRIPT,
        cut_rule="none",
        terms=("age", "=1+1".join('""')),
        subgroups=("=1+1",),
        characteristics=("=1+1", STYLE, "age"),
    )


HOSTILE_PARTS = ("cohort", "table_one", "km", "subgroups")


@pytest.fixture(scope="module")
def hostile() -> Page:
    cohort = hostile_cohort()
    spec = cohort.spec.but(terms=())
    return Page(make(cohort, spec, HOSTILE_PARTS, format="html", link="javascript:alert(9)"))


@pytest.fixture(scope="module")
def written() -> tuple[Cohort, bytes]:
    cohort = asked("gbsg2", "group_by=progrec&cut_rule=median&terms=age,progrec:cut")[1]
    parts = ("cohort", "km", "cox")
    made = date(2026, 1, 2)
    return cohort, make(cohort, cohort.spec, parts, format="html", link=LINK, made=made)


def checked(page: Page, links: tuple[str, ...]) -> None:
    """Nothing that runs, loads, or leads away other than these links."""
    assert {tag for tag, _ in page.tags} & {
        "script", "iframe", "object", "embed", "link", "img", "image", "use", "foreignobject",
        "base", "form", "input", "animate", "set", "audio", "video",
    } == set()  # fmt: skip
    for tag, name, value in page.attributes():
        assert not name.lower().startswith("on"), (tag, name)
        assert name not in ("src", "srcset", "style", "xlink:href", "formaction", "action"), name
        if tag == "meta":
            continue
        if name == "href":
            assert value in links or re.fullmatch(r"#(s\d+|made)", value), value
        elif not name.startswith("aria"):
            assert "javascript:" not in value
            assert "http" not in value
    assert "@import" not in page.text("style")
    assert "url(" not in page.text("style")


def test_a_page_of_hostile_names_runs_and_loads_nothing(hostile: Page) -> None:
    checked(hostile, ())
    said = hostile.text()
    for text in (SCRIPT, IMAGE, SVG, MARKDOWN, "=1+1", "javascript:alert(9)", "abc"):
        assert text in said, text
    assert "\x07" not in said
    assert len(hostile.of("style")) == 1


def test_an_ordinary_link_can_be_clicked(written: tuple[Cohort, bytes]) -> None:
    page = Page(written[1])
    checked(page, (LINK,))
    assert [a["href"] for a in page.of("a") if not (a["href"] or "").startswith("#")] == [LINK]


def test_the_policy_lets_only_its_own_style_in(written: tuple[Cohort, bytes]) -> None:
    page = Page(written[1])
    policy = next(m for m in page.of("meta") if m.get("http-equiv"))
    assert policy["http-equiv"] == "Content-Security-Policy"
    rules = dict(rule.split(None, 1) for rule in str(policy["content"]).split("; "))
    style = "".join(text for tag, text in page.texts if tag == "style")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert rules == {
        "default-src": "'none'",
        "style-src": f"'sha256-{digest}'",
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_figures_are_described_and_their_ids_are_their_own(hostile: Page) -> None:
    drawings = hostile.of("svg")
    assert len(drawings) == 2
    ids = [value for _, name, value in hostile.attributes() if name == "id"]
    assert len(ids) == len(set(ids))
    for drawing in drawings:
        assert drawing["role"] == "img"
        named = str(drawing["aria-labelledby"]).split()
        assert len(named) == 2
        assert set(named) <= set(ids)
    used = [v for _, _, v in hostile.attributes() if v.startswith("url(#")]
    assert used
    assert {v[5:-1] for v in used} <= set(ids)
    assert "Kaplan-Meier curves with the numbers at risk" in hostile.text("desc")


def test_the_numbers_are_those_of_the_screen(written: tuple[Cohort, bytes]) -> None:
    from core.parts import PARTS
    from core.view import tables

    cohort, data = written
    page = Page(data)
    for part, of in (("km", tables.hazard_ratios), ("cox", tables.cox)):
        frame = of(PARTS[part].make(cohort, cohort.spec))
        for row in frame.to_numpy(dtype=object).tolist():
            assert list(map(str, row)) in page.rows
    result = PARTS["km"].make(cohort, cohort.spec)
    assert words.finding(cohort, result) in page.text("p")
    assert cohort.dataset.digest in page.text("dd")
    assert "Stratiscope" in page.text("dd")
    assert "2026-01-02" in page.text("p")


def test_tables_can_be_read_aloud(written: tuple[Cohort, bytes]) -> None:
    page = Page(written[1])
    tables = page.of("table")
    assert len(page.of("caption")) == len(tables)
    assert {th["scope"] for th in page.of("th")} == {"col", "row"}
    scrolled = [d for d in page.of("div") if d.get("class") == "scroll"]
    assert all(d["tabindex"] == "0" and d["aria-label"] for d in scrolled)
    headings = [tag for tag, _ in page.tags if re.fullmatch(r"h\d", tag)]
    assert headings[0] == "h1"
    assert headings.count("h1") == 1


def test_synthetic_data_are_labelled_on_page_and_figure() -> None:
    cohort = asked("fulvestrant", "group_by=liver&profile=spss&sites_out=bone")[1]
    page = Page(make(cohort, cohort.spec, ("cohort", "km"), format="html"))
    assert next(p for p in page.of("p"))["class"] == "banner"
    assert words.SYNTHETIC in page.text("p")
    assert "SYNTHETIC DATA" in page.text("text")
    assert "Conventions of SPSS" in page.text("text")


def test_the_same_question_makes_the_same_page(written: tuple[Cohort, bytes]) -> None:
    cohort, data = written
    again = make(cohort, cohort.spec, ("cohort", "km", "cox"), format="html", link=LINK,
                 made=date(2026, 1, 2))  # fmt: skip
    assert again == data
    undated = make(cohort, cohort.spec, ("cohort",), format="html")
    assert not re.search(rb"20\d\d-\d\d-\d\d", undated)


def test_the_page_prints_and_has_a_dark_side(written: tuple[Cohort, bytes]) -> None:
    style = Page(written[1]).text("style")
    assert "@media print" in style
    assert "prefers-color-scheme: dark" in style
    assert b'fill="currentColor"' in written[1]
