"""Groups: quantiles, cutoffs, the side of a patient exactly at one, labels and their order."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SpecError
from core.groups import MOST_GROUPS, Groups, cut, interval_labels, quantile
from tests.cohorts import LAW, cohort_of, random_columns

decimals = st.integers(-500, 500).map(lambda i: i / 100)
markers = st.lists(decimals, min_size=1, max_size=25)


def groups(x: list[Any], **fields: Any) -> Groups:
    columns = {"time": range(1, len(x) + 1), "event": [i % 2 for i in range(len(x))], "x": x}
    return cohort_of(columns, group_by="x", **fields).groups


def told(x: list[Any], **fields: Any) -> list[tuple[str, int]]:
    return [(level.label, level.n) for level in groups(x, **fields).levels]


# Quantiles ------------------------------------------------------------------------------------


@LAW
@given(markers, st.floats(0.001, 0.999))
def test_a_quantile_is_rs_type_7(values: list[float], probability: float) -> None:
    x = np.array(values)
    expected = float(np.quantile(x, probability, method="linear"))
    assert quantile(x, probability) == pytest.approx(expected, rel=1e-12, abs=1e-12)


@LAW
@given(st.lists(decimals, min_size=2, max_size=30), st.data())
def test_a_quantile_at_a_patient_is_her_value_to_the_last_bit(
    values: list[float], data: st.DataObject
) -> None:
    """Half an ulp above her value puts her into the other group, and every number changes."""
    i = data.draw(st.integers(1, max(len(values) - 2, 1)))
    x = np.array(values)
    assert quantile(x, i / (len(values) - 1)) == np.sort(x)[i]


def test_the_plain_interpolation_of_type_7_can_miss_a_patient() -> None:
    """(n - 1) p is not exact in floating point, so its integer part can be one too low."""
    n, i = 48, 3
    x = np.arange(n) * 1.1
    position = (n - 1) * (i / (n - 1))
    low = int(position)
    naive = x[low] + (position - low) * (x[low + 1] - x[low])
    assert naive != x[i]
    assert quantile(x, i / (n - 1)) == x[i]


def test_spss_has_another_quantile() -> None:
    """Type 6 (SPSS, methods.md B12) and type 7 differ by much in small samples."""
    x = np.array([20 + (37 * i % 500) for i in range(1, 73)], dtype=float)
    assert np.quantile(x, [0.25, 0.75], method="weibull").tolist() == [135, 389.75]
    assert (quantile(x, 0.25), quantile(x, 0.75)) == (131 + 0.75 * 16, 389 + 0.25 * 1)


@LAW
@given(markers)
def test_the_median_leaves_at_most_half_on_each_side(values: list[float]) -> None:
    x = np.array(values)
    middle = quantile(x, 0.5)
    assert max((x < middle).sum(), (x > middle).sum()) <= len(x) / 2


# Sides ----------------------------------------------------------------------------------------


def test_a_patient_at_the_cutoff_is_in_the_high_group_with_ge_and_in_the_low_one_with_gt() -> None:
    x = [5.0, 6.1, 7.0]
    assert told(x, cut_value=("6.1",)) == [("< 6.1", 1), (">= 6.1", 2)]
    assert told(x, cut_value=("6.1",), cut_side="gt") == [("<= 6.1", 2), ("> 6.1", 1)]


@LAW
@given(markers, st.lists(decimals, min_size=1, max_size=4, unique=True), st.booleans())
def test_every_patient_is_in_the_group_whose_label_holds(
    values: list[float], thresholds: list[float], ge: bool
) -> None:
    cuts = tuple(sorted(thresholds))
    codes = cut(np.array(values), cuts, "ge" if ge else "gt")
    for value, code in zip(values, codes, strict=True):
        above = sum(value >= c if ge else value > c for c in cuts)
        assert code == above


def test_no_rounding_of_the_cutoff_before_the_comparison() -> None:
    """P1 of methods.md printed 6.1 for a median of 6.09: the rounded cutoff moves a patient."""
    x = [5.0, 6.05, 6.09, 6.2, 6.3]
    found = groups(x, cut_rule="median")
    assert found.thresholds == (6.09,)
    assert [level.n for level in found.levels] == [2, 3]
    assert [int((np.array(x) >= round(6.09, 1)).sum())] == [2]


# Labels ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "shown"), [("6.1", "6.1"), ("6.10", "6.1"), ("20", "20"), ("1e-7", "1e-07")]
)
def test_a_typed_cutoff_stays_as_typed(typed: str, shown: str) -> None:
    """Also where fewer decimals would give the same groups."""
    assert groups([0.0, 100.0], cut_value=(typed,)).labels == (f"< {shown}", f">= {shown}")


@pytest.mark.parametrize(
    ("x", "side", "labels"),
    [
        ([1.0, 2.0, 3.0, 10.0], "ge", ("< 2.5", ">= 2.5")),  # 2 and 3 would move a patient
        ([1.0, 2.2, 3.1, 10.0], "ge", ("< 3", ">= 3")),  # 2.65: no one is between 2.2 and 3.1
        ([1.0, 2.0, 2.001, 9.0], "ge", ("< 2.0005", ">= 2.0005")),  # 2.000 would move a patient
        ([1.0, 6.09, 7.0], "ge", ("< 6", ">= 6")),
        ([1.0, 6.09, 7.0], "gt", ("<= 6.1", "> 6.1")),
    ],
)
def test_a_computed_cutoff_has_the_fewest_decimals_that_keep_the_groups(
    x: list[float], side: str, labels: tuple[str, str]
) -> None:
    assert groups(x, cut_rule="median", cut_side=side).labels == labels


@LAW
@given(st.lists(decimals, min_size=3, max_size=25, unique=True), st.sampled_from(["ge", "gt"]))
def test_the_printed_cutoff_gives_the_same_groups(values: list[float], side: str) -> None:
    found = groups(values, cut_rule="median", cut_side=side)
    printed = found.labels[-1].split()[-1]
    again = groups(values, cut_rule="value", cut_value=(printed,), cut_side=side)
    assert np.array_equal(found.codes, again.codes)
    # And no shorter one would.
    written = Fraction(printed)
    shorter = round(found.thresholds[0], max(len(printed.partition(".")[2]) - 1, 0))
    if "." in printed and Fraction(str(shorter)) != written:
        other = cut(np.array(values), (shorter,), side)
        assert not np.array_equal(other, found.codes)


def test_middle_groups_name_both_cutoffs() -> None:
    assert interval_labels(["6.1", "9"], "ge") == ["< 6.1", "6.1 to < 9", ">= 9"]
    assert interval_labels(["6.1", "9"], "gt") == ["<= 6.1", "> 6.1 to 9", "> 9"]


def test_on_the_screen_the_variable_stands_before() -> None:
    assert groups([1.0, 9.0], cut_value=("6.1",)).screen_labels == ("x < 6.1", "x >= 6.1")
    assert groups(["a", "b"]).screen_labels == ("x: a", "x: b")
    assert groups(["a", "b"]).labels == ("a", "b")


# Rules ----------------------------------------------------------------------------------------


def test_a_number_with_few_values_is_a_category_by_default() -> None:
    x = [3.0, 1.0, 2.0, 10.0, 1.0, 6.5, 0.0]
    found = groups(x)
    assert (found.rule, found.thresholds, found.origin) == ("none", (), None)
    # By size: as text "10" would come before "2".
    assert found.labels == ("0", "1", "2", "3", "6.5", "10")


def test_a_number_with_seven_values_is_cut_at_its_median_by_default() -> None:
    found = groups([3.0, 1.0, 2.0, 10.0, 1.0, 6.5, 0.0, 4.0])
    assert (found.rule, found.origin, found.thresholds) == ("median", "median", (2.5,))


def test_the_default_looks_at_the_patients_who_are_in() -> None:
    x = [float(i) for i in range(12)]
    assert groups(x).rule == "median"
    assert groups(x, where=("x < 6",)).rule == "none"


def test_a_cutoff_is_used_also_where_no_rule_is_named() -> None:
    found = groups([1.0, 2.0, 3.0], cut_value=("2",))
    assert (found.rule, found.origin, found.thresholds) == ("value", "typed", (2.0,))


@pytest.mark.parametrize(
    ("rule", "sizes"), [("median", [6, 6]), ("tertiles", [4, 4, 4]), ("quartiles", [3, 3, 3, 3])]
)
def test_named_rules_divide_equally(rule: str, sizes: list[int]) -> None:
    found = groups([float(i) for i in range(12)], cut_rule=rule)
    assert [level.n for level in found.levels] == sizes
    assert found.origin == rule


def test_quantiles_are_of_the_patients_who_are_in() -> None:
    x = [1.0, 2.0, 3.0, 4.0, 100.0, None]
    assert groups(x, cut_rule="median", where=("x < 100",)).thresholds == (2.5,)
    assert groups(x, cut_rule="quantile", cut_value=("0.75",)).thresholds == (4.0,)


@pytest.mark.parametrize("values", [("0",), ("1",), ("75",), ("-0.1",)])
def test_a_quantile_lies_between_0_and_1(values: tuple[str, ...]) -> None:
    with pytest.raises(SpecError, match="between 0 and 1"):
        groups([1.0, 2.0], cut_rule="quantile", cut_value=values)


@pytest.mark.parametrize("rule", ["value", "quantile"])
def test_a_rule_that_needs_a_value_says_so(rule: str) -> None:
    with pytest.raises(SpecError, match="needs a cut_value") as caught:
        groups([1.0, 2.0], cut_rule=rule)
    assert caught.value.field == "cut_value"


def test_a_category_cannot_be_cut() -> None:
    with pytest.raises(SpecError, match="is not a number"):
        groups(["a", "b"], cut_rule="median")


def test_too_many_levels_are_refused() -> None:
    with pytest.raises(SpecError, match="too many") as caught:
        groups([f"p{i}" for i in range(MOST_GROUPS + 1)])
    assert caught.value.field == "group_by"


# Empty and single groups ----------------------------------------------------------------------


def test_an_empty_interval_is_no_group_and_is_noted() -> None:
    found = groups([1.0, 2.0, 9.0], cut_value=("5", "6"))
    assert [level.label for level in found.levels] == ["< 5", ">= 6"]
    assert found.codes.tolist() == [0, 0, 1]
    assert any("5 to < 6" in note.text for note in found.notes)


@pytest.mark.parametrize("rule", ["median", "tertiles", "quartiles"])
def test_a_constant_marker_is_one_group_and_is_noted(rule: str) -> None:
    found = groups([3.0, 3.0, 3.0], cut_rule=rule)
    assert [(level.label, level.n) for level in found.levels] == [(">= 3", 3)]
    assert any(note.level == "warning" for note in found.notes)


def test_a_cutoff_beyond_all_values_leaves_one_group() -> None:
    found = groups([1.0, 2.0], cut_value=("99",))
    assert found.labels == ("< 99",)
    assert found.codes.tolist() == [0, 0]


# Order of levels ------------------------------------------------------------------------------


def test_levels_of_text_stand_in_the_order_of_the_alphabet() -> None:
    assert groups(["b", "a", "B", "c"]).labels == ("a", "B", "b", "c")


def test_levels_stand_in_the_order_of_the_dictionary_then_of_the_alphabet() -> None:
    """The first level is the reference: "III" before "IV" but after "II", unlike the alphabet."""
    from core.cohort import select
    from tests.cohorts import dataset_of, question

    stages = ["X", "III", "IV", "I", "A", "II"]
    columns = {"time": range(1, 7), "event": [1] * 6, "x": stages}
    dataset = dataset_of(columns, levels={"x": ("IV", "I", "II", "III", "never")})
    found = select(dataset, question(group_by="x")).groups
    assert found.labels == ("IV", "I", "II", "III", "A", "X")
    assert [found.labels[code] for code in found.codes] == stages


@LAW
@given(st.lists(st.sampled_from("abcdAB"), min_size=1, max_size=12))
def test_codes_and_counts_say_the_same(values: list[str]) -> None:
    found = groups(values)
    assert [found.labels[code] for code in found.codes] == values
    assert sum(level.n for level in found.levels) == len(values)
    assert sum(level.events for level in found.levels) == len(values) // 2


# Two markers ----------------------------------------------------------------------------------

TWO: dict[str, list[Any]] = {
    "time": [5, 3, 8, 1, 9, 4, 7, 2],
    "event": [1, 1, 0, 1, 0, 1, 1, 0],
    "x": [1.0, 2, 3, 4, 5, 6, 7, 8],
    "y": [10.0, 40, 20, 30, 10, 40, 20, 30],
    "kind": ["a", "b"] * 4,
}


def two(**fields: Any) -> Groups:
    asked = {"group_by": "x", "cut_value": ("5",), "second_by": "y", "second_cut": 30.0}
    return cohort_of(TWO, **(asked | fields)).groups


@pytest.mark.parametrize(
    ("fields", "labels", "codes"),
    [
        ({}, ("others", "x >= 5 and y >= 30"), [0, 0, 0, 0, 0, 1, 0, 1]),
        ({"combine": "both"}, ("others", "x >= 5 and y >= 30"), [0, 0, 0, 0, 0, 1, 0, 1]),
        ({"combine": "either"}, ("neither", "x >= 5 or y >= 30"), [0, 1, 0, 1, 1, 1, 1, 1]),
        (
            {"combine": "four"},
            ("x < 5, y < 30", "x < 5, y >= 30", "x >= 5, y < 30", "x >= 5, y >= 30"),
            [0, 1, 0, 1, 2, 3, 2, 3],
        ),
        ({"cut_side": "gt"}, ("others", "x > 5 and y > 30"), [0, 0, 0, 0, 0, 1, 0, 0]),
        ({"second_cut": None}, ("others", "x >= 5 and y >= 25"), [0, 0, 0, 0, 0, 1, 0, 1]),
        ({"cut_rule": "median", "cut_value": ()}, ("others", "x >= 4.5 and y >= 30"), None),
    ],
)
def test_two_markers_form_groups(
    fields: dict[str, Any], labels: tuple[str, ...], codes: list[int] | None
) -> None:
    found = two(**fields)
    assert found.labels == found.screen_labels == labels
    assert codes is None or found.codes.tolist() == codes
    event = np.array(TWO["event"])
    for g, level in enumerate(found.levels):
        member = found.codes == g
        assert (level.n, level.events) == (member.sum(), event[member].sum())
    assert found.second is not None
    assert found.second.by == "y"


@LAW
@given(st.data(), st.sampled_from(["ge", "gt"]))
def test_the_four_groups_make_up_both_and_either(data: st.DataObject, side: str) -> None:
    values = st.integers(0, 6).map(float)
    x, y = (data.draw(st.lists(values, min_size=8, max_size=8)) for _ in range(2))
    columns = {**TWO, "x": x, "y": y}
    asked = {"group_by": "x", "cut_rule": "value", "cut_value": ("3",), "second_by": "y",
             "second_cut": 3.0, "cut_side": side}  # fmt: skip
    sign = ">=" if side == "ge" else ">"
    high = (np.array(x) >= 3, np.array(y) >= 3) if side == "ge" else (
        np.array(x) > 3, np.array(y) > 3)  # fmt: skip
    for combine, wanted in (("both", high[0] & high[1]), ("either", high[0] | high[1])):
        found = cohort_of(columns, combine=combine, **asked).groups
        joint = "and" if combine == "both" else "or"
        named = [found.labels[code] == f"x {sign} 3 {joint} y {sign} 3" for code in found.codes]
        assert named == wanted.tolist()
    four = cohort_of(columns, combine="four", **asked).groups
    for code, a, b in zip(four.codes, *high, strict=True):
        first, second = four.labels[code].split(", ")
        assert first.startswith(f"x {sign} ") == bool(a)
        assert second.startswith(f"y {sign} ") == bool(b)


def test_who_lacks_the_second_marker_leaves_through_the_ledger() -> None:
    columns = {**TWO, "x": [None, *TWO["x"][1:]], "y": [None, None, *TWO["y"][2:]]}
    found = cohort_of(columns, group_by="x", cut_value=("5",), second_by="y")
    assert [(e.reason, e.n) for e in found.included.ledger] == [("missing x", 1), ("missing y", 1)]
    assert found.n == 6
    # The default cutoff is the median of those who stay.
    assert found.groups.second is not None
    assert found.groups.second.threshold == 25.0


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"group_by": None, "cut_value": ()}, "no first marker"),
        ({"group_by": "kind", "cut_value": ()}, "not cut at one value"),
        ({"cut_rule": "tertiles", "cut_value": ()}, "not cut at one value"),
        ({"cut_rule": "none", "cut_value": ()}, "not cut at one value"),
        ({"cut_value": ("3", "5")}, "not cut at one value"),
        ({"second_by": "x"}, "same column"),
        ({"second_by": "kind"}, "not a number"),
        ({"second_by": "z"}, "z"),
    ],
)
def test_two_markers_need_one_cutoff_each(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said) as caught:
        two(**fields)
    assert caught.value.field == "second_by"


def test_a_searched_first_cutoff_is_said_not_to_be_corrected_for_two_markers() -> None:
    found = two(cut_rule="best", cut_value=(), min_fraction=0.2)
    warned = [note.text for note in found.notes if note.level == "warning"]
    assert any("this marker alone" in text for text in warned)


def test_a_note_about_the_first_marker_alone_does_not_stay() -> None:
    """All are below the first cutoff, but two groups remain of high in either."""
    found = two(cut_value=("99",), combine="either")
    assert len(found.levels) == 2
    assert found.notes == ()


def test_a_model_takes_the_two_markers_as_one_term() -> None:
    from core.survival.cox import model

    columns = random_columns(3, 80)
    cohort = cohort_of(columns, group_by="dose", cut_rule="median", second_by="age",
                       combine="four", terms=("dose:cut", "arm"))  # fmt: skip
    found = model(cohort, cohort.spec)
    levels = [row.level for row in found.multivariable if row.term == "dose:cut"]
    assert tuple(levels) == cohort.groups.labels[1:]
    assert found.multivariable[0].reference == cohort.groups.labels[0]
