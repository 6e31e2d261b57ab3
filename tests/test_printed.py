"""Printed tables: their numbers, files of cells, pasted tables, and the comparison with data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import studies
from core.analysis import analyse
from core.errors import DataError, SpecError
from core.lesions.attach import with_columns
from core.printed import asking, number
from core.printed.compare import at, compare
from core.printed.paste import paste
from core.printed.table import Cell, damage, parse, same
from core.reading import examples
from core.spec import AnalysisSpec
from tests.cohorts import LAW, dataset_of, question, random_columns
from tests.study_cells import stored

HEADER = "place,factor,group,model,quantity,printed,kind,part,query,path,reason\n"
PASTED = """Factor\tn/events\tMedian PFS (95% CI)\tP\tHR (95% CI)\tP\tHR, multivariable (95% CI)\tP
Overall\t27/16\t9.4 (4.0–14.8)
Liver metastasis\t\t\t0.001
No\t21/11\t11.9 (1.2–22.6)
Yes\t6/5\t3.0 (1.1–4.9)\t\t8.9 (2.1–38.7)\t0.004\t5.6 (1.1–27.0)\t0.017
SUVmax\t\t\t0.026
< 6.09\t14/10\t5.6 (1.3–NR)\t\t1 (ref)
≥ 6.09\t13/6\t17.3 (11.4–23.9)\t\t0.32 (0.10–0.91)\t0.033
"""


# Numbers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "decimals", "low", "high"),
    [
        ("0.05", 0.05, 2, 0.045, 0.055),
        ("9.40", 9.4, 2, 9.395, 9.405),
        ("0", 0.0, 0, -0.5, 0.5),
        ("0·45", 0.45, 2, 0.445, 0.455),
        ("0,049", 0.049, 3, 0.0485, 0.0495),
        ("27,0", 27.0, 1, 26.95, 27.05),
        ("1,234", 1234.0, 0, 1233.5, 1234.5),
        ("1,234.5", 1234.5, 1, 1234.45, 1234.55),
        ("−0.3", -0.3, 1, -0.35, -0.25),
        ("55.6 %", 55.6, 1, 55.55, 55.65),
        ("< 0.001", 0.001, 3, 0.0, 0.001),
        (">0.99", 0.99, 2, 0.99, math.inf),
        (".95", 0.95, 2, 0.945, 0.955),
    ],
)
def test_a_printed_number_stands_for_what_rounds_to_it(
    text: str, value: float, decimals: int, low: float, high: float
) -> None:
    found = number.read(text)
    assert found is not None
    assert (found.value, found.decimals) == (value, decimals)
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-12)


@pytest.mark.parametrize("text", ["NR", "not reached", "–", "NE", " na "])
def test_words_for_no_number(text: str) -> None:
    found = number.read(text)
    assert found is not None
    assert found.missing


@pytest.mark.parametrize("text", ["", "yes", "1.2.3", "12 (3)", "0.1-0.2", "1,23,4"])
def test_what_is_no_number(text: str) -> None:
    assert number.read(text) is None


@LAW
@given(st.floats(-1e6, 1e6), st.integers(0, 4))
def test_every_value_matches_itself_printed(value: float, decimals: int) -> None:
    printed = number.read(number.half_up(value, decimals))
    assert printed is not None
    assert printed.matches(value)
    assert printed.meets(value, value)
    other = value + 1.01 * 10.0**-decimals
    assert not printed.matches(other)


def test_halves_are_rounded_up_as_they_are_written() -> None:
    assert number.half_up(16.65, 1) == "16.7"
    assert number.half_up(2.675, 2) == "2.68"  # below 2.675 as a double
    assert number.half_up(-0.125, 2) == "-0.13"
    assert Decimal(number.half_up(1e300, 1)) == Decimal(repr(1e300))


# Files of cells -------------------------------------------------------------------------------


def test_a_file_is_read_and_damaged_rows_are_named() -> None:
    table = parse(
        "\ufeff" + HEADER + "Table 2,Liver,yes,,median,3.0,estimate,km,group_by=liver,x,\n"
        "Table 2,Liver,yes,,centre,3.0,,,,,\n"
        "Table 2,Liver,yes,adjusted,median,3.0,,,,,\n"
        ",,,,,,,,,,\n"
        "Table 2,Liver,yes,,median,about three,,,,,\n"
    )
    assert [cell.title for cell in table.cells] == ["Liver yes"]
    assert [note.text.partition(" was")[0] for note in table.notes] == [
        "Line 3",
        "Line 4",
        "Line 6",
    ]
    assert all("about three" not in note.text for note in table.notes)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_columns_in_any_order_and_with_any_separator(separator: str) -> None:
    names = ("printed", "quantity", "Place", "factor", "group", "model")
    values = ("3.0", "median", "Table 2", "Liver", "yes", "")
    table = parse(separator.join(names) + "\n" + separator.join(values))
    assert table.cells == (Cell("Table 2", "Liver", "yes", "", "median", "3.0"),)


def test_a_file_without_the_columns_is_refused() -> None:
    with pytest.raises(DataError, match="lacks factor"):
        parse("place,group,model,quantity,printed\n")
    with pytest.raises(DataError):
        parse("")


def test_spellings_of_the_same() -> None:
    assert same("SUVmax ≥ 6.09") == same("suvmax>=6.09")
    assert same("I–III") == same("i-iii")
    assert damage({"quantity": "claim", "printed": "longer", "model": ""}) == ""


@pytest.mark.parametrize("name", ["fulvestrant", "progression_mode", "receptors"])
def test_the_shipped_files_have_no_damaged_row(name: str) -> None:
    for file in (examples.FOLDER / name).glob("*.csv"):
        if file.stem in ("printed", "statements"):
            assert parse(file.read_text(encoding="utf-8")).notes == ()


# Pasted tables --------------------------------------------------------------------------------


def _quantities(
    cells: tuple[Cell, ...], factor: str, group: str, model: str = ""
) -> dict[str, str]:
    return {
        c.quantity: c.printed
        for c in cells
        if (c.factor, c.group, c.model) == (factor, group, model)
    }


def test_a_pasted_journal_table() -> None:
    cells = paste(PASTED).cells
    assert _quantities(cells, "Overall", "") == {
        "n": "27", "events": "16", "median": "9.4", "median_low": "4.0", "median_high": "14.8",
    }  # fmt: skip
    assert _quantities(cells, "Liver metastasis", "") == {"p_value": "0.001"}
    assert _quantities(cells, "Liver metastasis", "No")["events"] == "11"
    assert _quantities(cells, "Liver metastasis", "Yes vs No", "univariable") == {
        "hazard_ratio": "8.9", "hr_low": "2.1", "hr_high": "38.7", "p_value": "0.004",
    }  # fmt: skip
    assert (
        _quantities(cells, "Liver metastasis", "Yes vs No", "multivariable")["p_value"] == "0.017"
    )
    assert _quantities(cells, "SUVmax", "< 6.09")["median_high"] == "NR"
    ratio = _quantities(cells, "SUVmax", "≥ 6.09 vs < 6.09", "univariable")
    assert ratio["hr_low"] == "0.10"
    assert len(cells) == 39


def test_rows_without_separators_and_other_shapes() -> None:
    cells = paste(
        "Liver metastasis (yes vs no) 8.9 (2.1-38.7) 0.004\n"
        "SUVmax >= 6.09\t13/6\t17.3 (11.4–23.9)\t0.026\n"
        "Age 49.9 ± 10.1 0.98\n"
        "Stage\nIV\t12 (31.6)\nI–III\t26 (68.4)\n"
    ).cells
    assert _quantities(cells, "Liver metastasis", "yes vs no", "univariable")["hr_high"] == "38.7"
    assert _quantities(cells, "SUVmax", ">= 6.09")["p_value"] == "0.026"
    assert _quantities(cells, "Age", "") == {"mean_value": "49.9", "sd": "10.1", "p_value": "0.98"}
    assert _quantities(cells, "Stage", "IV") == {"count": "12", "percent": "31.6"}


def test_only_adjusted_ratios() -> None:
    cells = paste(
        "Factor\tAdjusted HR (95% CI)\tP\nLiver (yes vs no)\t5.6 (1.1 to 27.0)\t0.04\n"
    ).cells
    assert {c.model for c in cells} == {"multivariable"}


SPACED = (
    "Factor\tn\tEvents\tMedian (95% CI)\tP\tHR (95% CI)\tP\tAdjusted HR (95% CI)\tP\n"
    "Overall\t27\t16\t9.4 (4.1-14.7)\n"
    "Liver metastasis\n"
    "  No\t21\t11\t11.9 (1.2-22.6)\t0.001\t1.00\n"
    "  Yes\t6\t5\t3.0 (1.1-4.9)\t\t8.9 (2.0-38.7)\t0.004\t4.9 (1.1-22.6)\t0.04\n"
    "HI\n"
    "  <2.05\t13\t9\t5.6 (0.4-10.7)\t0.012\t1\n"
    "  >=2.05\t14\t7\t16.7 (8.6-24.7)\t\t0.24 (0.07-0.79)\t0.02\t0.31 (0.09-1.08)\t0.065\n"
    "SUVmax (>= 6.09 vs < 6.09)\t\t\t\t\t0.32 (0.11-0.91)\t0.033\t0.50 (0.15-1.63)\t0.249\n"
    "Menopause\n  Yes\t2\t1\n"
)


def test_columns_mean_what_the_header_says() -> None:
    cells = paste(SPACED).cells
    assert _quantities(cells, "Liver metastasis", "No") == {
        "n": "21", "events": "11", "median": "11.9", "median_low": "1.2", "median_high": "22.6",
    }  # fmt: skip
    assert _quantities(cells, "Liver metastasis", "") == {"p_value": "0.001"}
    assert _quantities(cells, "Liver metastasis", "Yes vs No", "univariable") == {
        "hazard_ratio": "8.9", "hr_low": "2.0", "hr_high": "38.7", "p_value": "0.004",
    }  # fmt: skip
    adjusted = _quantities(cells, "HI", ">=2.05 vs <2.05", "multivariable")
    assert adjusted == {
        "hazard_ratio": "0.31", "hr_low": "0.09", "hr_high": "1.08", "p_value": "0.065",
    }  # fmt: skip
    assert len(cells) == 53


def test_a_header_of_two_lines_and_limits_in_a_column_of_their_own() -> None:
    cells = paste(
        "Variable\tUnivariable\t\t\tMultivariable\t\t\n"
        "\tHR\t95% CI\tp value\tHR\t95% CI\tp value\n"
        "Age, per 10 years\t1.20\t1.05-1.37\t0.008\t1.1\t0.9-1.3\t0.2\n"
        "Liver\nYes\t2.5\t(1.2–5.1)\t0.01\t2.2\t1.0 to 4.4\t0.04\n"
    ).cells
    names = ("hazard_ratio", "hr_low", "hr_high", "p_value")
    wanted = {
        ("Age, per 10 years", "", "univariable"): ("1.20", "1.05", "1.37", "0.008"),
        ("Age, per 10 years", "", "multivariable"): ("1.1", "0.9", "1.3", "0.2"),
        ("Liver", "Yes", "univariable"): ("2.5", "1.2", "5.1", "0.01"),
        ("Liver", "Yes", "multivariable"): ("2.2", "1.0", "4.4", "0.04"),
    }
    for about, texts in wanted.items():
        assert _quantities(cells, *about) == dict(zip(names, texts, strict=True))
    assert len(cells) == 16


def test_a_pasted_table_finds_its_columns_in_the_open_cohort() -> None:
    dataset, base = examples.load("fulvestrant"), studies.base("fulvestrant")
    cells = asking.asked(_as_in_r(paste(SPACED).cells), with_columns(dataset, base))
    assert asking.unknown(cells) == ("Menopause",)
    rows = compare(cells, dataset, base).rows
    assert len(rows) == 51
    assert [r.cell for r in rows if r.verdict != "matched"] == []


def _as_in_r(cells: Sequence[Cell]) -> list[Cell]:
    """The same cells with what R computes from the cohort, so that each must be found there."""

    def key(*names: str) -> tuple[str, ...]:
        return tuple(name.replace(" ", "").lower() for name in names)

    by_key = {
        key(*(c[name] for name in ("factor", "group", "model", "quantity"))): c["value"]
        for c in stored("fulvestrant")["cells"]
    }
    changed = []
    for cell in cells:
        value = by_key.get(key(cell.factor, cell.group, cell.model, cell.quantity))
        decimals = len(cell.printed.partition(".")[2])
        changed.append(cell if value is None else replace(cell, printed=f"{value:.{decimals}f}"))
    assert sum(a != b for a, b in zip(cells, changed, strict=True)) > 10
    return changed


def test_a_model_without_one_of_its_rows_is_not_compared() -> None:
    table = "Factor\tAdjusted HR (95% CI)\tP\nLiver metastasis (yes vs no)\t5 (1-20)\t0.04\n"
    dataset = examples.load("fulvestrant")
    assert all(c.part for c in asking.asked(paste(table).cells, dataset))
    more = asking.asked(paste(f"{table}Menopause\t2.0 (1.1-3.0)\t0.04\n").cells, dataset)
    assert not any(c.part for c in more)


def test_the_other_way_round_is_not_compared() -> None:
    dataset = examples.load("fulvestrant")
    table = "Age (< 50 vs >= 50)\t2.0 (1.1-3.0)\t0.04\n"
    assert not any(c.part for c in asking.asked(paste(table).cells, dataset))
    table = "Age (>= 50 vs < 50)\t2.0 (1.1-3.0)\t0.04\n"
    found = asking.asked(paste(table).cells, dataset)
    assert {c.query for c in found} == {"v=1&cut_side=ge&terms=age:cut(50)"}


def test_a_pasted_file_of_cells_is_read_as_one() -> None:
    assert paste(HEADER + "Table 2,Liver,yes,,median,3.0,,,,,\n").cells[0].place == "Table 2"


@pytest.mark.parametrize("text", ["", "\n\n", "no numbers here\nnor here"])
def test_nothing_to_read_is_said(text: str) -> None:
    with pytest.raises(DataError, match="No line has a number"):
        paste(text)


@LAW
@given(st.text(alphabet="0123456789.,()–-<>%±/ \t|abnNR\n", max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        cells = paste(text).cells
    except DataError:
        return
    assert all(cell.quantity and not damage(vars(cell)) for cell in cells)


# Printed beside computed ----------------------------------------------------------------------


def _cell(quantity: str, printed: str, part: str, query: str, path: str, reason: str = "") -> Cell:
    return Cell("T", "arm", "", "", quantity, printed, "estimate", part, query, path, reason)


def test_cells_are_answered_from_the_data() -> None:
    dataset, spec = dataset_of(random_columns(4)), question()
    km = analyse(dataset, spec.but(group_by="arm", parts=("km",)))["km"]
    median, p = km["groups"][1]["median"], km["test"]["p_value"]
    cells = (
        _cell("median", number.half_up(median, 1), "km", "group_by=arm", "groups[1].median"),
        _cell("median", number.half_up(median + 1, 1), "km", "group_by=arm",
              "groups[label=1].median", "printed wrongly"),
        _cell("p_value", number.half_up(p, 3), "km", "group_by=arm", "test.p_value"),
        _cell("median", "NR", "km", "group_by=arm&where=event %3D 0", "groups[0].median"),
        _cell("median", "3.0", "km", "group_by=ram", "groups[0].median"),
        _cell("median", "3.0", "km", "group_by=arm", "groups[7].median"),
        _cell("median", "3.0", "km", "group_by=arm&colour=red", "groups[7].median"),
        Cell("T", "text only", "", "", "median", "1"),
    )  # fmt: skip
    told: list[float] = []
    found = compare(cells, dataset, spec, progress=told.append)
    assert [row.verdict for row in found.rows] == [
        "matched", "missed", "matched", "matched", "not computable", "not computable",
        "not computable",
    ]  # fmt: skip
    assert found.rows[1].reason == "printed wrongly"
    assert found.rows[1].computed == median
    assert "'ram'" in found.rows[4].reason
    assert (found.tallies[0].matched, found.tallies[0].n, found.matched) == (3, 7, 3)
    assert told == sorted(told)
    assert told[-1] == 1.0


def test_percentages_are_shares_times_100_and_nothing_found_is_missed() -> None:
    columns = random_columns(4)
    columns["answer"] = columns["site"]
    asked = "response=answer&response_is=north"
    path = "outcomes[name=response].rates[0].estimate"
    share = 100 * (columns["site"] == "north").mean()
    cells = (
        _cell("percent", number.half_up(float(share), 1), "response", asked, path),
        _cell("median", "99.9", "km", "where=event = 0", "groups[0].median"),
        _cell("p_value", "NR", "km", "group_by=arm", "test.p_value"),
    )
    found = compare(cells, dataset_of(columns), question())
    assert [row.verdict for row in found.rows] == ["matched", "missed", "missed"]
    assert [row.shown for row in found.rows][1] == "NR"


def test_one_analysis_for_each_question(monkeypatch: pytest.MonkeyPatch) -> None:
    from core.printed import compare as module

    asked: list[AnalysisSpec] = []
    real = module.analyse

    def counting(dataset: object, spec: AnalysisSpec, progress: object) -> object:
        asked.append(spec)
        return real(dataset, spec, progress)  # type: ignore[arg-type]

    monkeypatch.setattr(module, "analyse", counting)
    cells = [_cell("n", "1", "km", "group_by=arm", f"groups[{i}].n") for i in (0, 1, 0)]
    compare(tuple(cells), dataset_of(random_columns(4)), question())
    assert len(asked) == 1


def test_paths() -> None:
    answer = {"a": [{"label": "x.y]", "b": 1}, {"label": "< 6.09", "b": 2}], "c": {"d": 3}}
    assert at(answer, "a[label=< 6.09].b") == 2
    assert at(answer, "a[-1].b") == 2
    assert at(answer, "c.d") == 3
    for wrong in ("a[label=z].b", "c.e", "a.b", "c[0", "a[9]"):
        with pytest.raises((LookupError, TypeError)):
            at(answer, wrong)


def test_a_synthetic_cohort_is_named_so() -> None:
    import dataclasses

    dataset = dataclasses.replace(dataset_of(random_columns(4)), synthetic=True)
    found = compare((_cell("n", "1", "km", "", "groups[0].n"),), dataset, question())
    assert "no validation" in found.notes[0].text
    with pytest.raises(SpecError):
        AnalysisSpec.from_query("colour=red")
