"""The grammar of terms, and columns whose names look like terms or like code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis import analyse
from core.errors import SpecError
from core.spec import AnalysisSpec, quote_name
from core.terms import FORMS, Term, parse, term_name
from tests.cohorts import LAW, dataset_of, question, random_columns

names = (
    st.text(alphabet=st.sampled_from("ab01,\"' &:*()=éΩ"), min_size=1, max_size=10)
    .map(str.strip)
    .filter(bool)
)
lookalikes = st.one_of(
    names,
    st.builds(lambda n, f: f"{n}:{f}", names, st.sampled_from(FORMS)),
    st.builds(lambda n, f: f"{n}:{f}(2)", names, st.sampled_from(FORMS)),
    st.builds(lambda a, b: f"{a}*{b}", names, names),
)


# Grammar --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "column", "form", "argument"),
    [
        ("age", "age", "", ""),
        ("age:per(10)", "age", "per", "10"),
        ("suv:log2", "suv", "log2", ""),
        ("grade:cat", "grade", "cat", ""),
        ("grade:cat(II)", "grade", "cat", "II"),
        ('grade:cat("II, III")', "grade", "cat", "II, III"),
        ("suv:cut(6.1)", "suv", "cut", "6.1"),
        ("suv:cut(6.1;9)", "suv", "cut", "6.1;9"),
        ("suv:cut(median)", "suv", "cut", "median"),
        ("age:spline(4)", "age", "spline", "4"),
        ("grade:trend", "grade", "trend", ""),
        ("age:poly", "age", "poly", ""),
        ("age:poly(3)", "age", "poly", "3"),
        ('"a, b":per(10)', "a, b", "per", "10"),
        ("age years:per(10)", "age years", "per", "10"),
    ],
)
def test_a_term_of_one_column(text: str, column: str, form: str, argument: str) -> None:
    assert parse(text, [column, "other"]) == Term(column, form, argument, "", text)


@pytest.mark.parametrize(
    ("text", "first", "second"),
    [("arm*grade", "arm", "grade"), ("arm * grade", "arm", "grade"), ('"a*b"*c', "a*b", "c"),
     ("a*b*c", "a*b", "c"), ("a*b*c", "a", "b*c"), ('x*"a, b"', "x", "a, b")],
)  # fmt: skip
def test_an_interaction_of_two_columns(text: str, first: str, second: str) -> None:
    assert parse(text, [first, second]) == Term(first, partner=second, text=text)


@pytest.mark.parametrize(
    "name",
    ["age:per(10)", "suv:log2", "arm*grade", "grade:cat", '"quoted"', "a,b", "age:", "*", ":per"],
)
def test_a_column_that_looks_like_a_term_is_that_column(name: str) -> None:
    """Also where the columns that it seems to name are there."""
    columns = ["age", "suv", "arm", "grade", "quoted", "a", name]
    assert parse(name, columns) == Term(name, text=name)
    assert parse(term_name(name), columns).column == name


def test_the_longest_column_that_a_term_names_is_meant() -> None:
    found = parse("x:per(2):per(3)", ["x", "x:per(2)"])
    assert (found.column, found.form, found.argument) == ("x:per(2)", "per", "3")


@LAW
@given(lookalikes, st.sampled_from(FORMS))
def test_a_form_of_any_column_is_read_back(name: str, form: str) -> None:
    text = f"{term_name(name)}:{form}(3)"
    assert parse(text, [name]) == Term(name, form, "3", "", text)


@LAW
@given(lookalikes, lookalikes)
def test_any_column_is_read_back_from_its_quoted_name(name: str, other: str) -> None:
    assert parse(term_name(name), [other, name]).column == name


@LAW
@given(lookalikes, lookalikes)
def test_an_interaction_of_any_columns_is_read_back(a: str, b: str) -> None:
    found = parse(f"{term_name(a)}*{term_name(b)}", [a, b])
    assert (found.column, found.partner) == (a, b)


@LAW
@given(lookalikes)
def test_a_quoted_column_survives_a_link(name: str) -> None:
    spec = AnalysisSpec(terms=(term_name(name), f"{term_name(name)}:per(2)"))
    assert AnalysisSpec.from_query(spec.to_query()) == spec


# Errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["agee", "Agee:per(10)", "agee*grade", "grade*agee", '"agee"'])
def test_an_unknown_column_is_refused_and_the_nearest_named(text: str) -> None:
    with pytest.raises(SpecError, match="Did you mean 'age'") as caught:
        parse(text, ["age", "grade"])
    assert caught.value.field == "terms"
    assert text in caught.value.problem


@pytest.mark.parametrize("text", ["age:squared", "age:per10", "age:LOG2", "age:spline[4]"])
def test_an_unknown_form_is_refused_and_the_forms_named(text: str) -> None:
    with pytest.raises(SpecError, match="form of 'age'") as caught:
        parse(text, ["age", "grade"])
    assert all(form in caught.value.hint for form in FORMS)


@LAW
@given(st.text(alphabet='age:*()",per cutlog2 ', max_size=16))
def test_any_text_is_a_term_or_refused_and_nothing_else(text: str) -> None:
    try:
        assert parse(text, ["age", "a:g", "e*"]).column in ("age", "a:g", "e*")
    except SpecError as error:
        assert str(error).strip()  # noqa: PT017


# Names that are code --------------------------------------------------------------------------

CODE = (
    "__import__('os').system('echo x > {file}')",
    "` + open('{file}','w').write('x') + `",
    "x` + {{open('{file}','w').write('x')}} + `age",
    "{{open('{file}','w').write('x')}}",
    "C(open('{file}','w').write('x'))",
    "Q('age') + I(open('{file}','w').write('x'))",
    "@open('{file}','w')",
    "0; import os",
    "~ 0 + age",
    "</script><script>alert(1)</script>",
    '=HYPERLINK("http://evil","x")',
    "![x](http://evil/x.png)",
)


def _numbers(answer: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    """The answer without the names of columns, so that two answers can be compared."""
    text = json.dumps({k: answer[k] for k in ("cohort", "groups", "km", "cox")})
    for name, plain in names.items():
        # Longest spelling first: as the term is written in a list, then the bare name.
        for spelling in (term_name(name), quote_name(name), name):
            text = text.replace(json.dumps(spelling)[1:-1], plain)
    found: dict[str, Any] = json.loads(text)
    return found


@pytest.mark.parametrize("code", CODE)
def test_columns_called_like_code_give_the_numbers_of_harmless_names(
    code: str, tmp_path: Path
) -> None:
    """As time, covariate, stratum and group; finding 5 of the security study ran 15 of 24."""
    written = tmp_path / "written"
    name = code.format(file=written)
    table = random_columns(7)
    plain = {"xage": "age", "xarm": "arm", "xsite": "site"}
    odd = {f"{name}{i}": harmless for i, harmless in enumerate(plain)}

    def ask(columns: dict[str, str]) -> dict[str, Any]:
        age, arm, site = columns
        spec = question(
            group_by=arm,
            terms=(
                term_name(age),
                f"{term_name(age)}:per(10)",
                f"{term_name(age)}*{term_name(arm)}",
            ),
            strata=(site,),
        )
        there = {"time": table["time"], "event": table["event"]}
        there |= {column: table[source] for column, source in columns.items()}
        return analyse(dataset_of(there), spec)

    expected = ask(plain)
    found = ask({column: plain[harmless] for column, harmless in odd.items()})
    assert _numbers(found, odd) == _numbers(expected, {})
    assert not written.exists()
