"""Renderers: how numbers are printed, figures and tables made, and that no text becomes markup."""

from __future__ import annotations

import csv
import io
import struct
import zlib

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cohort import Cohort, select
from core.reading import examples
from core.survival import cox, km
from core.view import charts, distribution, export, forest, html, numbers, tables, words
from core.view.curve import drawn
from core.view.curve.figure import Shape, description
from tests.cohorts import cohort_of, random_columns

HOSTILE = '<img src=x onerror=alert(1)>![a](http://evil.test/a.png)$x$"&'


def gbsg2(**fields: object) -> Cohort:
    spec = examples.question("gbsg2").but(**fields)
    return select(examples.load("gbsg2"), spec)


@pytest.fixture(scope="module")
def cohort() -> Cohort:
    return gbsg2()


@pytest.fixture(scope="module")
def result(cohort: Cohort) -> km.KMResult:
    return km.estimate(cohort, cohort.spec)


@pytest.fixture(scope="module")
def model(cohort: Cohort) -> cox.CoxResult:
    return cox.model(cohort, cohort.spec)


# Numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "decimals", "printed"),
    [
        (16.65, 1, "16.7"),
        (0.125, 2, "0.13"),
        (2.5, 0, "3"),
        (-0.0004, 2, "0.00"),
        (1e-9, 3, "0.000"),
    ],
)
def test_numbers_round_half_away_from_zero_as_journals_do(
    value: float, decimals: int, printed: str
) -> None:
    assert numbers.fixed(value, decimals) == printed


def test_pythons_own_rounding_would_print_another_number() -> None:
    assert f"{16.65:.1f}" == "16.6"


@pytest.mark.parametrize(
    ("p", "printed"),
    [
        (0.0342, "= 0.034"),
        (0.0009999, "< 0.001"),
        (0.001, "= 0.001"),
        (0.9996, "> 0.99"),
        (0.0, "< 0.001"),
        (None, "not estimable"),
    ],
)
def test_a_p_value_is_never_zero_and_never_one(p: float | None, printed: str) -> None:
    assert numbers.p_value(p) == printed


@given(st.floats(0, 1))
def test_a_printed_p_value_keeps_its_side_of_the_usual_level(p: float) -> None:
    printed = numbers.p_cell(p)
    if printed[0].isdigit() and printed != "0.050":
        assert (float(printed) < 0.05) == (p < 0.05)


def test_limits_that_are_not_reached_are_named() -> None:
    assert numbers.time_with_limits(11.94, 1.2, None, "months") == "11.9 (1.2–NR)"
    assert numbers.time_with_limits(None, None, None, "days") == "NR (NR–NR)"


# Sentences ------------------------------------------------------------------------------------


def test_the_finding_says_what_the_result_holds(cohort: Cohort, result: km.KMResult) -> None:
    text = words.finding(cohort, result)
    row = result.hazard_ratio[0]
    assert "686 patients, 299 events" in text
    assert numbers.ratio(row.hazard_ratio, row.conf_low, row.conf_high) in text
    assert numbers.time(result.groups[1].median, "months") in text


@pytest.mark.parametrize("rule", ["value", "median", "tertiles", "quartiles", "quantile"])
def test_every_cutoff_says_where_it_comes_from(rule: str) -> None:
    found = gbsg2(cut_rule=rule, cut_value=("0.5",) if rule == "quantile" else ("20",))
    assert words.origin(found.groups)


def test_a_cutoff_set_by_hand_is_warned_about(cohort: Cohort) -> None:
    assert "too small" in words.origin(cohort.groups)


def test_a_file_name_says_what_it_shows_and_holds_no_odd_character(cohort: Cohort) -> None:
    assert words.file_name(cohort, "km", "svg") == (
        "stratiscope_gbsg2_km_recurrence-free-survival_progrec_20_r.svg"
    )
    assert set(words.file_name(cohort, HOSTILE, "csv")) <= set(
        "abcdefghijklmnopqrstuvwxyz0123456789-_."
    )


# Tables ---------------------------------------------------------------------------------------


def test_the_headline_table_has_the_numbers_of_the_result(
    cohort: Cohort, result: km.KMResult
) -> None:
    frame = tables.headline(cohort, result)
    assert frame["Group"].tolist() == ["Progesterone receptor < 20", "Progesterone receptor >= 20"]
    assert frame["Patients"].tolist() == [str(g.n) for g in result.groups]
    at = result.at[(result.at["group"] == 1) & (result.at["time"] == 48)].iloc[0]
    printed = numbers.percent_with_limits(at["estimate"], at["conf_low"], at["conf_high"])
    assert frame["At 48 months"][1] == printed


def test_the_cox_table_puts_both_models_side_by_side(model: cox.CoxResult) -> None:
    frame = tables.cox(model)
    assert len(frame) == len(model.multivariable)
    for i, (alone, together) in enumerate(zip(model.univariable, model.multivariable, strict=True)):
        assert frame.iloc[i, 3] == numbers.ratio(
            alone.hazard_ratio, alone.conf_low, alone.conf_high
        )
        assert frame.iloc[i, 5] == numbers.ratio(
            together.hazard_ratio, together.conf_low, together.conf_high
        )


def test_a_csv_keeps_numbers_in_full(model: cox.CoxResult) -> None:
    written = pd.read_csv(io.BytesIO(tables.to_csv(tables.cox_numbers(model))))
    assert written["coef"].iloc[-1] == pytest.approx(model.multivariable[-1].coef, rel=1e-15)


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_no_cell_and_no_header_of_a_csv_runs_in_a_spreadsheet(start: str) -> None:
    frame = pd.DataFrame({f"{start}cmd": [f"{start}1+1", "plain"], "number": [-1.5, 2.0]})
    rows = list(csv.reader(io.StringIO(tables.to_csv(frame).decode("utf-8-sig"))))
    assert rows[0][0][0] == "'"
    assert rows[1][0][0] == "'"
    assert rows[1][1] == "-1.5"
    assert rows[2][0] == "plain"


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0")), min_size=1))
@settings(max_examples=50, deadline=None)
def test_a_csv_has_as_many_rows_as_the_table(texts: list[str]) -> None:
    rows = list(csv.reader(io.StringIO(tables.to_csv(pd.DataFrame({"a": texts, "b": 1})).decode())))
    assert len(rows) == len(texts) + 1


def test_the_ledger_adds_up() -> None:
    rows = tables.ledger(gbsg2(where=("age >= 50", "tgrade in II,III")))
    assert rows[0][1] + sum(n for _, n in rows[1:-1]) == rows[-1][1]


def test_the_ledger_goes_on_to_the_model() -> None:
    columns = random_columns(3, 40) | {
        "gappy": [None if i % 8 == 0 else float(i) for i in range(40)]
    }
    cohort = cohort_of(columns, terms=("gappy", "age"))
    found = cox.model(cohort, cohort.spec)
    rows = tables.ledger(cohort, found)
    assert rows[-2:] == [
        ("without a value that the model needs", -5),
        ("patients in the model", 35),
    ]
    whole = cohort_of(columns, terms=("age",))
    assert tables.ledger(whole, cox.model(whole, whole.spec)) == tables.ledger(whole)


# Text that is not markup ----------------------------------------------------------------------


def test_html_shows_every_text_as_it_stands() -> None:
    frame = pd.DataFrame({HOSTILE: [HOSTILE], "n": [HOSTILE]})
    pieces = [
        html.table(frame, caption=HOSTILE, swatches=[0]),
        html.paragraph(HOSTILE, "quiet"),
        html.key_numbers([(HOSTILE, HOSTILE)]),
    ]
    for piece in pieces:
        assert "<img" not in piece
        assert "&lt;img" in piece


@given(st.text())
def test_markdown_escapes_every_character_that_means_something(text: str) -> None:
    escaped = html.markdown_text(text)
    assert escaped.replace("\\\\", "").count("\\") >= sum(text.count(c) for c in "*_[]<>$`:")
    unescaped, i = "", 0
    while i < len(escaped):
        i += escaped[i] == "\\"
        unescaped += escaped[i]
        i += 1
    assert unescaped == text


# Figures --------------------------------------------------------------------------------------


def test_the_shape_of_a_figure_does_not_move_with_the_cutoff() -> None:
    one, other = gbsg2(cut_value=("20",)), gbsg2(cut_value=("90",))
    assert Shape.of(one, "RFS") == Shape.of(other, "RFS")
    assert distribution.DistributionShape.of(one) == distribution.DistributionShape.of(other)


def test_the_risk_table_is_recounted_from_its_definition(
    cohort: Cohort, result: km.KMResult
) -> None:
    shape = Shape.of(cohort, "RFS")
    risk = drawn.data(cohort, result, shape)["risk"].to_pydict()
    time = cohort.shown(cohort.time)
    for g in (0, 1):
        rows = slice(g * len(risk["months"]) // 2, (g + 1) * len(risk["months"]) // 2)
        for t, n in zip(risk["months"][rows], risk["n_risk"][rows], strict=True):
            assert n == int(((time >= t) & (cohort.groups.codes == g)).sum())


def test_a_thinned_curve_is_the_curve_where_it_has_points(
    cohort: Cohort, result: km.KMResult
) -> None:
    whole = {c: result.curves[c].to_numpy()[result.curves["group"] == 1] for c in result.curves}
    last = float(whole["time"][-1])
    path = drawn.thin(whole, Shape.of(cohort, "RFS"))
    assert path["time"][0] == 0
    assert path["estimate"][0] == 1
    reached = np.searchsorted(whole["time"], path["time"][1:], side="right") - 1
    assert np.array_equal(path["estimate"][1:], whole["estimate"][reached])
    # No step that is left out is wider than a pixel.
    shown = np.searchsorted(path["time"], whole["time"], side="right") - 1
    missed = path["estimate"][shown] != whole["estimate"]
    later = path["time"][np.minimum(shown + 1, len(path["time"]) - 1)]
    assert np.all(later[missed] - whole["time"][missed] <= last / charts.PIXELS)


def test_a_registry_curve_is_drawn_with_a_bounded_number_of_points() -> None:
    n = 100_000
    time = np.linspace(0.001, 100, n)
    curve = {
        "time": time,
        "n_event": np.ones(n),
        "estimate": np.linspace(1, 0.2, n),
        "conf_low": np.linspace(1, 0.1, n),
        "conf_high": np.linspace(1, 0.3, n),
        "group": np.zeros(n, dtype=int),
    }
    assert len(drawn.thin(curve, Shape("days", 0, 100, 1, ""))["time"]) <= charts.PIXELS + 3


def test_the_bars_of_the_distribution_count_every_patient_once(cohort: Cohort) -> None:
    shape = distribution.DistributionShape.of(cohort)
    bars = distribution.data(cohort, shape)["bars"].to_pydict()
    heights = np.array(bars["n"]) - np.array(bars["low"])
    assert heights.sum() == cohort.n
    assert heights[np.array(bars["group"]) == 0].sum() == cohort.groups.levels[0].n


def test_the_forest_draws_the_numbers_of_the_table(model: cox.CoxResult) -> None:
    rows = forest.figure(model, labelled=True)["datasets"]["rows"].to_pydict()
    shown = [v for v, m in zip(rows["hazard_ratio"], rows["model"], strict=True) if m[0] == "M"]
    assert shown == [row.hazard_ratio for row in model.multivariable]


def figures(cohort: Cohort, result: km.KMResult, model: cox.CoxResult) -> dict[str, charts.Figure]:
    shape = Shape.of(cohort, "RFS")
    marker = distribution.DistributionShape.of(cohort)
    return {
        "km": {**description(shape), "datasets": drawn.data(cohort, result, shape)},
        "distribution": {
            **distribution.description(marker),
            "datasets": distribution.data(cohort, marker),
        },
        "forest": forest.figure(model, labelled=True),
    }


@pytest.mark.parametrize("name", ["km", "distribution", "forest"])
def test_every_figure_becomes_a_file(
    name: str, cohort: Cohort, result: km.KMResult, model: cox.CoxResult
) -> None:
    figure = figures(cohort, result, model)[name]
    picture = export.svg(figure, "A title", ["A line"])
    assert picture.startswith("<svg")
    assert "A title" in picture
    screen, printed = export.png(figure, "t", []), export.png(figure, "t", [], dpi=300)
    assert _width(printed) / _width(screen) == pytest.approx(300 / 144, rel=0.01)
    assert _dots_per_metre(printed) == pytest.approx(300 / 0.0254, rel=0.001)


def test_text_in_an_exported_figure_is_text(cohort: Cohort, result: km.KMResult) -> None:
    shape = Shape.of(cohort, HOSTILE)
    figure = {**description(shape), "datasets": drawn.data(cohort, result, shape)}
    picture = export.svg(figure, HOSTILE, [HOSTILE])
    assert "<img" not in picture
    assert "onerror=alert(1)&gt;" in picture


def _chunks(data: bytes) -> dict[bytes, bytes]:
    found, i = {}, 8
    while i < len(data):
        size, kind = struct.unpack(">I4s", data[i : i + 8])
        body = data[i + 8 : i + 8 + size]
        assert zlib.crc32(kind + body) == struct.unpack(">I", data[i + 8 + size : i + 12 + size])[0]
        found.setdefault(kind, body)
        i += size + 12
    return found


def _width(data: bytes) -> int:
    return int(struct.unpack(">I", _chunks(data)[b"IHDR"][:4])[0])


def _dots_per_metre(data: bytes) -> int:
    return int(struct.unpack(">I", _chunks(data)[b"pHYs"][:4])[0])
