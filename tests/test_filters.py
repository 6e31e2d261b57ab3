"""Row filters: every operator, what a missing value does, odd names, and that nothing is run."""

from __future__ import annotations

import builtins
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from core.dataset import Variable
from core.errors import SpecError
from core.filters import Condition, matches, parse
from core.inclusion import include
from tests.cohorts import LAW, dataset_of, question

NUMBER = [1.0, 2.0, None, 3.0, 2.0]
STAGE = ["I", "II", None, "III", "bone only"]
OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in", "not in")

names = (
    st.text(alphabet=st.sampled_from("ab01,\"' &%:*()<>=!é阳_-."), min_size=1, max_size=10)
    .map(str.strip)
    .filter(bool)
)


def rows(text: str, **columns: list[object]) -> list[int]:
    """Positions of the rows that a filter keeps."""
    dataset = dataset_of(columns)
    return np.flatnonzero(matches(parse(text, dataset.variables), dataset)).tolist()


# Operators ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("comparison", "kept"),
    [
        ("= 2", [1, 4]), ("!= 2", [0, 3]), ("< 2", [0]), ("<= 2", [0, 1, 4]), ("> 2", [3]),
        (">= 2", [1, 3, 4]), ("in 1,3", [0, 3]), ("not in 1,3", [1, 4]), ("= 2.0", [1, 4]),
        (">=2", [1, 3, 4]), ("IN 1, 3", [0, 3]), ("Not  In 1,3", [1, 4]), ("in 2", [1, 4]),
    ],
)  # fmt: skip
def test_operators_on_numbers(comparison: str, kept: list[int]) -> None:
    assert rows(f"x {comparison}", x=NUMBER) == kept


@pytest.mark.parametrize(
    ("comparison", "kept"),
    [
        ("= II", [1]), ("!= II", [0, 3, 4]), ("in I,III", [0, 3]), ("not in I,III", [1, 4]),
        ("!= bone only", [0, 1, 3]), ('in "bone only",I', [0, 4]), ('= "II"', [1]),
    ],
)  # fmt: skip
def test_operators_on_categories(comparison: str, kept: list[int]) -> None:
    assert rows(f"stage {comparison}", stage=STAGE) == kept


@pytest.mark.parametrize("comparison", ["!= 2", "not in 2", "!= 99", "not in 98,99"])
def test_a_missing_number_never_matches(comparison: str) -> None:
    """In pandas NaN != 2 is true, so the naive filter keeps patients of whom nothing is known."""
    value = float(comparison.split()[-1].split(",")[-1])
    assert 2 not in rows(f"x {comparison}", x=NUMBER)
    assert 2 in np.flatnonzero(dataset_of({"x": NUMBER}).frame["x"] != value)


@pytest.mark.parametrize("comparison", ["!= II", "not in II", "not in 98,99", "= None", "= nan"])
def test_a_missing_category_never_matches(comparison: str) -> None:
    assert 2 not in rows(f"stage {comparison}", stage=STAGE)


@LAW
@given(
    st.lists(st.one_of(st.none(), st.integers(-3, 3)), min_size=1, max_size=12),
    st.integers(-3, 3),
)
def test_a_comparison_and_its_opposite_share_out_the_known_values(
    values: list[int | None], bound: int
) -> None:
    known = [i for i, v in enumerate(values) if v is not None]
    for one, other in (("=", "!="), ("<", ">="), (">", "<="), ("in", "not in")):
        kept = rows(f"x {one} {bound}", x=values) + rows(f"x {other} {bound}", x=values)
        assert sorted(kept) == known


@LAW
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=12), st.integers(-9, 9))
def test_filters_do_what_python_does(values: list[int], bound: int) -> None:
    expected = {
        "<": [i for i, v in enumerate(values) if v < bound],
        "<=": [i for i, v in enumerate(values) if v <= bound],
        ">": [i for i, v in enumerate(values) if v > bound],
        ">=": [i for i, v in enumerate(values) if v >= bound],
        "=": [i for i, v in enumerate(values) if v == bound],
        "!=": [i for i, v in enumerate(values) if v != bound],
    }
    assert {sign: rows(f"x {sign} {bound}", x=values) for sign in expected} == expected


def test_numbers_compare_as_numbers_and_not_as_text() -> None:
    """As text "10" < "9"."""
    assert rows("x < 9", x=[10.0, 9.0, 8.0]) == [2]
    assert "10" < "9"


def test_several_filters_are_joined_by_and() -> None:
    columns = {"time": [1, 2, 3], "event": [1, 1, 1], "a": [1, 1, 2], "b": ["x", "y", "x"]}
    found = include(dataset_of(columns), question(where=("a = 1", "b = x")))
    assert found.rows.tolist() == [0]
    assert [entry.n for entry in found.ledger] == [1, 1]


# Names ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ("in situ = yes", "in situ", "yes"),
        ('"a, b" = yes', "a, b", "yes"),
        ('"x >= 3" = yes', "x >= 3", "yes"),
        ("x >= 3 = yes", "x >= 3", "yes"),
        ('size 5" = 2', 'size 5"', "2"),
        ('"size 5""" = 2', 'size 5"', "2"),
        ("ER/PR (%) = 2", "ER/PR (%)", "2"),
        ("not in study = 2", "not in study", "2"),
        ('"in" = 2', "in", "2"),
        ("a=b", "a", "b"),
        ("site = a=b", "site", "a=b"),
    ],
)
def test_a_column_can_be_called_anything(text: str, column: str, value: str) -> None:
    assert parse(text, [column]) == Condition(column, "=", (value,))


def test_a_quoted_name_is_the_whole_name() -> None:
    """With both ``x`` and ``x >= 3`` in the table only the quotes can tell them apart."""
    columns = ["x", "x >= 3"]
    assert parse('"x >= 3" = yes', columns).column == "x >= 3"
    assert parse("x >= 3", columns) == Condition("x", ">=", ("3",))


@LAW
@example("a", "=", ['"x"'])
@example('"a"', "=", ['"'])
@example("a > b", "in", ["x, y", '"'])
@given(names, st.sampled_from(OPERATORS), st.lists(names, min_size=1, max_size=3))
def test_a_condition_is_read_back_from_its_text(name: str, sign: str, values: list[str]) -> None:
    values = values if sign in ("in", "not in") else values[:1]
    condition = Condition(name, sign, tuple(values))
    assert parse(str(condition), [name]) == condition


@pytest.mark.parametrize(("typed", "meant"), [("stge = II", "stage"), ("Stage = II", "stage")])
def test_an_unknown_column_is_refused_and_the_nearest_named(typed: str, meant: str) -> None:
    with pytest.raises(SpecError, match=f"Did you mean '{meant}'") as caught:
        parse(typed, ["stage", "age"])
    assert caught.value.field == "where"


@pytest.mark.parametrize("text", ["stage", "stage II", "stage =", "stage in ,", 'stage = ""'])
def test_half_a_filter_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match=r"has no (comparison|value)"):
        parse(text, ["stage"])


@pytest.mark.parametrize("comparison", ["< II", ">= II"])
def test_text_has_no_order(comparison: str) -> None:
    with pytest.raises(SpecError, match="holds text"):
        rows(f"stage {comparison}", stage=STAGE)


@pytest.mark.parametrize("value", ["II", "6,1", "1_0", "nan"])
def test_a_number_is_compared_with_numbers_only(value: str) -> None:
    with pytest.raises(SpecError, match="holds numbers"):
        rows(f"x = {value}", x=NUMBER)


def test_the_ledger_says_what_a_filter_says_in_words() -> None:
    variable = Variable("age", label="Age at surgery")
    assert parse("age >= 60", ["age"]).words(variable) == "Age at surgery >= 60"
    assert parse("age not in 1,2", ["age"]).words(variable) == "Age at surgery is none of 1, 2"


# Identifiers ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["pid = P7", "pid != P7", "pid in P7,P8", '"pid" = P7'])
def test_the_patient_id_cannot_be_filtered_by(text: str) -> None:
    """A link must not hold a patient's identifier."""
    columns = {"time": [1, 2], "event": [1, 0], "pid": ["P7", "P8"]}
    with pytest.raises(SpecError, match="identifies patients") as caught:
        include(dataset_of(columns), question(id="pid", where=(text,)))
    assert "P7" not in str(caught.value)


# Code -----------------------------------------------------------------------------------------

CODE = (
    "__import__('os').system('echo x > {file}')",
    "age.to_csv('{file}')",
    "@pd.io.common.os.system('echo x > {file}')",
    "`age` + {{open('{file}', 'w').write('x')}}",
    "().__class__.__base__.__subclasses__()",
    "open('{file}', 'w')",
)


@pytest.mark.parametrize("code", CODE)
def test_a_name_that_is_code_is_just_a_name(
    code: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = tmp_path / "written"
    name = code.format(file=written)

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("something was run")

    dataset = dataset_of({name: [1, 2, None], "age": ["a", "b", name]})
    with monkeypatch.context() as patched:
        for module, call in ((builtins, "eval"), (builtins, "exec"), (os, "system")):
            patched.setattr(module, call, refuse)
        quoted = '"' + name.replace('"', '""') + '"'
        by_name = matches(parse(f"{quoted} >= 2", dataset.variables), dataset).tolist()
        plain = matches(parse(f"{name} >= 2", dataset.variables), dataset).tolist()
        by_value = matches(parse(f"age = {name}", dataset.variables), dataset).tolist()
    assert by_name == plain == [False, True, False]
    assert by_value == [False, False, True]
    assert not written.exists()


@pytest.mark.parametrize("text", ["age.to_csv('x')==1", "@pd.eval('1') = 1", "age + 1 > 3"])
def test_an_expression_is_an_unknown_column(text: str) -> None:
    with pytest.raises(SpecError, match="is not there"):
        parse(text, ["age"])
