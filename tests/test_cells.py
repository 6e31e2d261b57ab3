"""Cells of text -> numbers, categories and missing values: what is read, told and asked."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.errors import SpecError
from core.notes import MOST_LINES, Note, Question
from core.reading.cells import levels, missing, numerals
from core.reading.cells.conversion import Converted, convert
from core.reading.packed import Cells
from core.reading.table import Table
from core.steps import Recipe, Step


def made(
    columns: Mapping[str, Sequence[str] | np.ndarray],
    *steps: str,
    delimiter: str = "",
    units: Mapping[str, str] | None = None,
    codes: Mapping[str, tuple[tuple[str, str], ...]] | None = None,
) -> Converted:
    """Convert columns of cells under cleaning steps."""
    packed = [c if isinstance(c, np.ndarray) else Cells.of(c) for c in columns.values()]
    table = Table(tuple(columns), packed, delimiter=delimiter, units=units or {}, codes=codes or {})
    return convert(table, Recipe.parse(steps))


def one(cells: Sequence[str], *steps: str, delimiter: str = "", name: str = "x") -> Converted:
    return made({name: cells}, *steps, delimiter=delimiter)


def values(converted: Converted, name: str = "x") -> list[object]:
    """The values of a column, None for missing in every kind of column."""
    return [None if v != v else v for v in converted.frame[name].tolist()]


def question(converted: Converted, about: str = "x") -> Question:
    found = [q for q in converted.questions if q.about == about]
    assert len(found) == 1, converted.questions
    return found[0]


def note(converted: Converted, words: str) -> Note:
    found = [n for n in converted.notes if words in n.text]
    assert len(found) == 1, converted.notes
    return found[0]


def answered(cells: Sequence[str], choice: int, *, name: str = "x") -> Converted:
    """Convert again as the user would have it who takes a choice of the only question."""
    steps = question(one(cells, name=name), name).choices[choice].steps
    return one(cells, *steps, name=name)


AGES = [str(40 + i) for i in range(20)]

# --- missing -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "word",
    ["", "  ", "NA", "n/a", "NaN", "#N/A", ".", "-", "--", "[Not Available]", "[Unknown]", "NP",
     "n.d.", "k.A.", "未知", "不详", "missing", "[Discrepancy]", "not available", "#WERT!"],
)  # fmt: skip
def test_hard_words_are_missing_everywhere(word: str) -> None:
    converted = made({"x": [*AGES, word], "y": ["A", "B"] * 10 + [word]})
    assert values(converted)[-1] is None
    assert values(converted, "y")[-1] is None
    assert converted.variables["x"].kind == "number"


@pytest.mark.parametrize(
    "word", ["unknown", "none", "无", "無", "Not done", "unbekannt", "inconnu"]
)
def test_soft_words_are_missing_among_numbers_and_asked_about_among_levels(word: str) -> None:
    converted = made({"x": [*AGES, word], "y": ["A", "B"] * 10 + [word]})
    assert values(converted)[-1] is None
    assert note(converted, "word for 'not known' was read").lines == (22,)
    assert values(converted, "y")[-1] == word
    asked = question(converted, "y")
    assert not asked.needed
    again = made({"y": ["A", "B"] * 10 + [word]}, *asked.choices[1].steps)
    assert values(again, "y")[-1] is None
    kept = made({"y": ["A", "B"] * 10 + [word]}, *asked.choices[0].steps)
    assert values(kept, "y")[-1] == word
    assert kept.questions == ()


def test_a_minus_beside_a_plus_is_negative_and_no_missing_value() -> None:
    assert values(one(["+", "-", "++", "-"])) == ["+", "-", "++", "-"]
    assert values(one(["A", "-", "B", "-"])) == ["A", None, "B", None]


def test_what_was_read_as_missing_is_counted() -> None:
    converted = made({"x": ["1", "NA", "", "n/a"], "y": ["A", "NA", "B", ""]})
    assert note(converted, "3 cells with a word for 'not known'").n == 3


def test_steps_decide_what_is_missing() -> None:
    assert values(one(["1", "999", "3"], "missing(x, 999)")) == [1, None, 3]
    assert values(one(["1", "999.0", "3"], "missing(x, 999)")) == [1, None, 3]
    assert values(one(["A", "C", "B"], "missing(x, C)")) == ["A", None, "B"]
    assert values(one(["A", "None", "B"], "level(x, None)")) == ["A", "None", "B"]
    typed = made({"x": np.array([1.0, 999.0, np.nan])}, "missing(x, 999)")
    assert values(typed) == [1, None, None]
    assert note(typed, "as you said").n == 1


def test_a_step_about_a_word_that_does_not_occur_changes_nothing() -> None:
    steps = [
        "missing(x, 999)",
        "level(x, None)",
        "merge(x, a, b)",
        "date(y, dmy)",
        "limit(x, value)",
    ]
    assert values(one(["1", "2"], *steps)) == [1, 2]


def test_none_is_told_and_asked_about() -> None:
    converted = one(["A", "None", "B", "None"])
    assert note(converted, "2 cells of 'x' that say None").level == "warning"
    assert values(answered(["A", "None", "B", "None"], 1)) == ["A", "None", "B", "None"]


@pytest.mark.parametrize("sentinel", ["999", "-9", "-1", "9999"])
def test_a_sentinel_far_from_the_rest_is_asked_about_and_never_taken_away(sentinel: str) -> None:
    cells = [*AGES, sentinel]
    assert values(one(cells))[-1] == float(sentinel)
    assert values(answered(cells, 1))[-1] is None
    assert values(answered(cells, 0))[-1] == float(sentinel)
    assert answered(cells, 0).questions == ()


def test_an_extreme_value_that_belongs_to_the_others_is_no_sentinel() -> None:
    assert one([*AGES, "88", "99"]).questions == ()
    assert one(["-3", "-1", "2", "5"]).questions == ()


def test_the_words_of_value_labels_are_levels() -> None:
    codes = {"x": (("0", "None"), ("1", "12"))}
    converted = made({"x": ["None", "12", ""]}, codes=codes)
    assert values(converted) == ["None", "12", None]
    assert converted.variables["x"].levels == ("None", "12")
    assert converted.variables["x"].codes == codes["x"]


# --- decimal signs and thousands ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "numbers"),
    [
        (["1.234,5", "12,25"], [1234.5, 12.25]),
        (["1,234.5", "12.25"], [1234.5, 12.25]),
        (["1 234,5", "12,25"], [1234.5, 12.25]),
        (["1\u00a0234,5", "7"], [1234.5, 7]),
        (["1'234.5", "7"], [1234.5, 7]),
        (["1,234,567", "1,000"], [1234567, 1000]),
        (["0,123", "1,234"], [0.123, 1.234]),
        (["\uff11\uff12\uff0e\uff15", "3"], [12.5, 3]),
        (["'12", "'13.5"], [12, 13.5]),
        (["\u22123", "4"], [-3, 4]),
    ],
)
def test_signs_are_decided_by_all_cells_of_the_column(
    cells: list[str], numbers: list[float]
) -> None:
    converted = one(cells)
    assert values(converted) == numbers
    assert converted.notes
    assert not any(q.needed for q in converted.questions)


def test_both_styles_in_one_column_stay_text_until_answered() -> None:
    cells = ["1,5", "1.5", "1.234,5", "1,234.5"]
    converted = one(cells)
    assert values(converted) == cells
    assert converted.variables["x"].kind == "text"
    asked = question(converted)
    assert asked.needed
    assert set(asked.examples) == set(cells)
    assert values(answered(cells, 1)) == [1.5, None, 1234.5, None]
    assert values(answered(cells, 2)) == [None, 1.5, None, 1234.5]
    assert answered(cells, 0).questions == ()


def test_thousands_or_decimals_is_told_by_other_columns_or_asked() -> None:
    doubt = ["1,234", "12,500"]
    alone = one(doubt)
    assert values(alone) == doubt
    assert question(alone).needed
    assert values(answered(doubt, 1)) == [1.234, 12.5]
    assert values(answered(doubt, 2)) == [1234, 12500]
    assert values(made({"x": doubt, "y": ["1,5", "2"]})) == [1.234, 12.5]
    assert values(made({"x": doubt, "y": ["1.5", "2"]})) == [1234, 12500]
    assert question(made({"x": doubt, "y": ["1.5", "2"], "z": ["1,5", "2"]})).needed
    semicolon = one(doubt, delimiter=";")
    assert values(semicolon) == [1.234, 12.5]
    assert note(semicolon, "decimal commas (1,234 as 1.234)").level == "warning"
    assert question(semicolon).choices[1].steps == ("number(x, point)",)


def test_points_before_three_digits_are_doubtful_in_a_file_with_decimal_commas() -> None:
    grouped = ["1.234", "12.500", "7"]
    # A column with three decimals throughout would say 7.000, and one without zeros 12.5.
    assert question(one(grouped)).needed
    assert values(one(["1.234", "12.345", "7"])) == [1.234, 12.345, 7]
    assert question(one(["1.234", "12.345", "7"], delimiter=";")).needed
    assert question(one(["150.000", "230.000"], delimiter=";")).needed
    assert values(one(["1.234", "12.5", "7"], delimiter=";")) == [1.234, 12.5, 7]
    assert values(made({"x": grouped, "y": ["1.5", "2", "3"]})) == [1.234, 12.5, 7]
    beside = made({"x": grouped, "y": ["1,5", "2", "3"]})
    assert values(beside) == grouped
    assert question(beside).needed
    said = made({"x": grouped, "y": ["1,5", "2", "3"]}, "number(x, comma)")
    assert values(said) == [1234, 12500, 7]
    assert values(made({"x": grouped, "y": ["1,5", "2", "3"]}, "number(x, point)"))[0] == 1.234


def test_codes_stay_text() -> None:
    assert values(one(["001", "012"])) == ["001", "012"]
    assert values(one(["310101199001011234", "1"])) == ["310101199001011234", "1"]
    assert values(one(["001", "012"], "number(x, point)")) == [1, 12]


@pytest.mark.parametrize(
    "cells", [["2A", "2B"], ["1L", "2L"], ["1+", "2+"], ["3D", "2D"], ["1-2", "3-4"]]
)
def test_codes_with_letters_are_no_numbers(cells: list[str]) -> None:
    assert values(one(cells)) == cells
    assert one(cells).variables["x"].kind == "category"


# --- units and limits --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "unit"),
    [
        (["12 mo", "3.5 months", "0"], "months"),
        (["3.5 cm", "4cm"], "cm"),
        (["45%", "7.5 %"], "%"),
        (["5 ng/mL", "7 ng/ml"], "ng/ml"),
        (["12 Monate", "1 Monat"], "months"),
        (["12\u4e2a\u6708", "3\u6708"], "months"),
    ],
)
def test_one_unit_throughout_is_taken_off(cells: list[str], unit: str) -> None:
    converted = one(cells)
    assert converted.variables["x"].kind == "number"
    assert converted.variables["x"].unit == unit
    assert note(converted, "was taken off").examples


def test_the_unit_of_the_name_may_stand_in_some_cells() -> None:
    assert values(one(["12 mo", "3"], name="os_months"), "os_months") == [12, 3]
    assert values(one(["12 mm", "3"], name="size_mm"), "size_mm") == [12, 3]
    converted = made({"x": ["12 mm", "3"]}, units={"x": "mm"})
    assert (values(converted), converted.variables["x"].unit) == ([12, 3], "mm")


@pytest.mark.parametrize(
    ("cells", "name"),
    [
        (["12 mo", "1 yr"], "pfs"),
        (["3 cm", "30 mm"], "size"),
        (["14%", "0.14"], "ki67"),
        (["12 mo", "30"], "pfs_days"),
        (["3 cm", "4 cm"], "size_mm"),
    ],
)
def test_different_units_stay_text_and_are_asked_about(cells: list[str], name: str) -> None:
    converted = one(cells, name=name)
    assert values(converted, name) == cells
    assert question(converted, name).needed
    assert converted.variables[name].kind == "text"
    assert answered(cells, 0, name=name).questions == ()


def test_cells_in_other_units_are_told_when_the_user_names_one() -> None:
    cells = ["12 mo", "3 mo", "1 yr"]
    converted = answered(cells, 1)
    assert values(converted) == [12, 3, None]
    assert converted.variables["x"].unit == "months"
    assert note(converted, "cells in other units are missing").lines == (4,)


def test_a_unit_in_the_cells_goes_before_that_of_the_header() -> None:
    cells = {"x": ["3 cm", "4 cm"]}
    asked = made(cells, units={"x": "mm"})
    assert question(asked).needed
    read = made(cells, *question(asked).choices[1].steps, units={"x": "mm"})
    assert read.variables["x"].unit == "cm"


def test_commas_in_a_file_of_commas_may_part_a_list() -> None:
    converted = one(["1,2", "3", "1,4"], delimiter=",")
    assert values(converted) == [1.2, 3, 1.4]
    assert question(converted).choices[1].steps == ("text(x)",)


def test_a_few_cells_with_a_unit_among_many_without_are_missing() -> None:
    converted = one([*AGES, "12 mo"])
    assert values(converted)[-1] is None
    assert note(converted, "have different units").lines == (22,)
    assert values(answered([*AGES, "12 mo"], 1))[-1] == 12


def test_limits_are_read_as_their_value_and_told() -> None:
    cells = [*AGES, ">100", "<0.1"]
    converted = one(cells)
    assert values(converted)[-2:] == [100, 0.1]
    told = note(converted, "with < or > were read")
    assert (told.level, told.n, told.lines) == ("warning", 2, (22, 23))
    assert told.examples == ((">100", "100"), ("<0.1", "0.1"))
    assert values(answered(cells, 1))[-2:] == [None, None]
    assert values(answered(cells, 2)) == cells


def test_groups_written_with_limits_are_no_numbers() -> None:
    assert one(["<50", ">=50", "<50"]).variables["x"].kind == "category"
    nodes = ["0", "1", "2", ">=3"]
    assert values(one(nodes)) == nodes
    assert values(answered(nodes, 1)) == [0, 1, 2, 3]


# --- odd cells ---------------------------------------------------------------------------------


def test_a_few_odd_cells_in_a_column_of_numbers_are_missing_with_their_lines() -> None:
    cells = [*AGES, "see letter", "inf"]
    converted = one(cells)
    assert values(converted)[-2:] == [None, None]
    told = note(converted, "hold no number")
    assert (told.level, told.n, told.lines, told.section) == ("warning", 2, (22, 23), "changed")
    assert "letter" not in told.text
    assert values(answered(cells, 1)) == cells


def test_odd_cells_are_kept_where_they_are_what_the_column_is_about() -> None:
    clusters = [str(1 + i % 10) for i in range(100)] + ["4ER+"] * 6 + ["4ER-"] * 6
    converted = one(clusters)
    assert values(converted) == clusters
    assert converted.variables["x"].kind == "category"
    assert "hold no number" not in "".join(n.text for n in converted.notes)
    few = ["2.5", "?x", "4", "5"]
    assert values(one(few)) == few
    assert values(answered(few, 1)) == [2.5, None, 4, 5]


def test_notes_list_so_many_lines_only() -> None:
    converted = one([str(i) for i in range(300)] + [f"odd{i}" for i in range(80)])
    told = note(converted, "hold no number")
    assert told.n == 80
    assert len(told.lines) == MOST_LINES
    assert len(told.examples) == 3


# --- levels ------------------------------------------------------------------------------------


def test_spellings_are_proposed_and_never_merged() -> None:
    cells = ["Positive"] * 5 + ["Positve", "positive "] + ["Negative"] * 4
    converted = one(cells)
    assert set(values(converted)) == {"Positive", "Positve", "positive", "Negative"}
    assert question(converted).choices[1].steps == ("merge(x, Positve, positive, Positive)",)
    assert set(values(answered(cells, 1))) == {"Positive", "Negative"}
    assert answered(cells, 0).questions == ()


@pytest.mark.parametrize(
    "pair",
    [("T1", "T2"), ("Grade I", "Grade II"), ("Luminal A", "Luminal B"), ("BRCA_LumA", "BRCA_LumB"),
        ("EAS_ADMIX", "SAS_ADMIX"),
     ("Stage IIIA", "Stage IIIB"), ("typical", "atypical"), ("ER+", "ER-"), ("1.2", "12"),
     ("pT1a", "pT1b"), ("yes", "yet"), ("type 10", "type 11"), ("ER", "PR")],
)  # fmt: skip
def test_what_differs_on_purpose_is_no_spelling(pair: tuple[str, str]) -> None:
    assert levels.spellings({pair[0]: 3, pair[1]: 4}) == []


@pytest.mark.parametrize(
    "pair",
    [("Positve", "Positive"), ("Postiive", "Positive"), ("Positivee", "Positive"),
     ("lobular", "Lobular"), ("ER positive", "ER-positive"), ("Ductal ca.", "ductal CA")],
)  # fmt: skip
def test_slips_are_spellings(pair: tuple[str, str]) -> None:
    assert levels.spellings({pair[0]: 1, pair[1]: 4}) == [pair]


def test_numbers_can_be_names_of_groups() -> None:
    converted = one(["1", "2", "1.0", "NA"], "category(x)")
    assert values(converted) == ["1", "2", "1", None]
    assert converted.variables["x"].kind == "category"
    typed = made({"x": np.array([1.0, 2.0, np.nan])}, "category(x)")
    assert values(typed) == ["1", "2", None]
    assert values(one(["1", "2"], "text(x)")) == ["1", "2"]


def test_the_order_of_levels() -> None:
    cells = ["II", "I", "III"]
    assert one(cells, "order(x, I, II, III)").variables["x"].levels == ("I", "II", "III")
    # The next file of the study has no stage IV.
    assert one(cells, "order(x, I, II, III, IV)").variables["x"].levels == ("I", "II", "III")
    assert one(cells, "order(x, III)").variables["x"].levels == ("III", "I", "II")
    with pytest.raises(SpecError) as caught:
        one(cells, "order(x, I, 2, III)")
    assert caught.value.field == "clean"
    assert one(["2", "1"], "order(x, 2, 1)").variables["x"].levels == ("2", "1")


def test_the_order_of_the_file_is_kept_where_it_has_one() -> None:
    table = Table(("x",), [Cells.of(["low", "high", "mid"])])
    if "levels" not in {f.name for f in dataclasses.fields(Table)}:
        object.__setattr__(table, "levels", {"x": ("low", "mid", "high", "none")})
    else:
        table = dataclasses.replace(table, **{"levels": {"x": ("low", "mid", "high", "none")}})
    assert convert(table).variables["x"].levels == ("low", "mid", "high")


@pytest.mark.parametrize(
    "step", ["number(x, dot)", "date(x, ddmm)", "limit(x, half)", "century(x, 20)"]
)
def test_an_answer_that_there_is_not_is_refused(step: str) -> None:
    with pytest.raises(SpecError) as caught:
        one(["1", "2"], step)
    assert caught.value.field == "clean"


def test_labels_and_units_of_the_file_go_into_the_dictionary() -> None:
    table = Table(("x",), [Cells.of(["1"])], labels={"x": "Age"}, units={"x": "years"})
    variable = convert(table).variables["x"]
    assert (variable.label, variable.unit) == ("Age", "years")


def test_every_choice_can_be_carried_out() -> None:
    columns = {
        "a": [*AGES, ">100", "999"],
        "b": ["1,234"] * 22,
        "c": ["Positive", "Positve"] * 11,
        "d": ["03/04/2018", "05/06/19"] * 11,
        "e": ["12 mo", "1 yr"] * 11,
        "f": ["A", "unknown"] * 11,
    }
    asked = made(columns).questions
    assert {q.about for q in asked} == set(columns)
    for q in asked:
        for choice in q.choices:
            assert made(columns, *choice.steps).frame.shape == (22, 6)
            assert all(Step.parse(text).column == q.about for text in choice.steps)


def test_no_text_tells_what_a_cell_holds() -> None:
    canary = "Zanzibar"
    columns = {
        "x": [*AGES, canary],
        "y": ["2018-01-01"] * 20 + [canary],
        "z": ["1", "2", canary] * 7,
    }
    converted = made(columns)
    assert any(canary in str(n.examples) for n in converted.notes)
    assert canary not in "".join(n.text for n in converted.notes)


# --- speed -------------------------------------------------------------------------------------


def test_many_numbers_in_little_time() -> None:
    x = np.random.default_rng(1).exponential(20, 300_000).round(2)
    cells = {"x": Cells.of([str(v) for v in x]), "y": Cells.of([f"P{i}" for i in range(300_000)])}
    began = time.perf_counter()
    converted = convert(Table(tuple(cells), list(cells.values())))
    assert time.perf_counter() - began < 5
    assert np.array_equal(converted.frame["x"].to_numpy(), x)


# --- round trip --------------------------------------------------------------------------------


def written(value: float, decimal: str, thousands: str) -> str:
    text = f"{value:,.2f}"
    return text.replace(",", "T").replace(".", decimal).replace("T", thousands)


@settings(max_examples=60, deadline=None)
@given(
    numbers=st.lists(st.integers(-10_000_000, 10_000_000), min_size=1, max_size=20),
    style=st.sampled_from([(".", ""), (".", ","), (",", ""), (",", "."), (",", " "), (".", "'"),
                           (",", "\u202f"), (".", "\u2019")]),
    unit=st.sampled_from(["", " mm", "%", " months"]),
)  # fmt: skip
def test_numbers_are_read_back(numbers: list[int], style: tuple[str, str], unit: str) -> None:
    wanted = [n / 100 for n in numbers]
    converted = one([written(x, *style) + unit for x in wanted])
    assert values(converted) == wanted
    assert converted.variables["x"].unit == unit.strip()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=12))
def test_any_cells_become_a_column(cells: list[str]) -> None:
    cells = [c.replace("\0", "") for c in cells]
    converted = one(cells)
    assert len(converted.frame) == len(cells)
    for cell, value in zip(cells, values(converted), strict=True):
        if isinstance(value, str) and converted.variables["x"].kind != "date":
            assert value == cell.strip()
        elif isinstance(value, float):
            assert numerals.parse(cell.strip()) is not None
        elif value is None and converted.variables["x"].kind in ("category", "text"):
            assert missing.is_hard(cell.strip())
