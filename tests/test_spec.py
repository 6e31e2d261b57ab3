"""The spec as a link: what is written is read back, and what cannot be read is said plainly."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.allowed import CHOICES
from core.errors import SpecError
from core.spec import AnalysisSpec, quote_name, read_number, shortest, split_list, unquote_name
from core.terms import FORMS, term_name
from tests.cohorts import LAW

README = Path(__file__).resolve().parents[1] / "README.md"
FIELDS = tuple(f.name for f in dataclasses.fields(AnalysisSpec))
KIND = {f.name: f.metadata.get("kind", "number") for f in dataclasses.fields(AnalysisSpec)}

# What a column or a value can be called: the reader strips names and drops control characters.
NASTY = ",\"' &%=#?+;:*()<>!\\/|_-.~$@^`{}[]éßΩ阳性月🙂"
names = (
    st.text(alphabet=st.sampled_from(NASTY + "abXY019"), min_size=1, max_size=12)
    .map(str.strip)
    .filter(bool)
)
numbers = st.floats(allow_nan=False, allow_infinity=False)
terms = st.one_of(
    st.builds(term_name, names),
    st.builds(lambda n, f: f"{term_name(n)}:{f}", names, st.sampled_from(FORMS)),
    st.builds(lambda n, x: f"{term_name(n)}:per({shortest(x)})", names, numbers),
    st.builds(lambda n, level: f"{term_name(n)}:cat({quote_name(level)})", names, names),
    st.builds(lambda a, b: f"{term_name(a)}*{term_name(b)}", names, names),
)
RANGED = {
    "min_fraction": st.floats(0, 0.5, exclude_max=True),
    "min_events": st.floats(0, 1e6),
    "conf_level": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "tau": st.floats(0, 1e300, exclude_min=True),
    "landmark": st.floats(0, 1e300, exclude_min=True),
    "measurement_error": st.floats(0, 1, exclude_max=True),
    "suv_min": st.floats(0, 1e300),
    "volume_min": st.floats(0, 1e300),
    "confirm_weeks": st.floats(0, 1e300),
    "stable_weeks": st.floats(0, 1e300),
    "benefit_weeks": st.floats(0, 1e300, exclude_min=True),
    "given": st.floats(0, 1e300, exclude_min=True),
    "bandwidth": st.floats(0, 1e300, exclude_min=True),
    "l1_ratio": st.floats(0, 1),
    "power": st.floats(0, 1, exclude_min=True, exclude_max=True),
    "imputations": st.integers(2, 200).map(float),
    "permutations": st.integers(0, 1_000_000).map(float),
    "bootstraps": st.integers(0, 100_000).map(float),
    "seed": st.integers(0, 2**53).map(float),
}


def _values(name: str) -> st.SearchStrategy[Any]:
    """What a field can hold, besides nothing."""
    if name == "v":
        return st.just(1)
    if name in CHOICES:
        return st.sampled_from(CHOICES[name])
    if name in RANGED:
        return RANGED[name]
    of_kind = {
        "text": names,
        "number": numbers,
        "names": st.lists(names, min_size=1, max_size=4).map(tuple),
        "raw_names": st.lists(terms, min_size=1, max_size=4).map(tuple),
        "repeated": st.lists(names, min_size=1, max_size=3).map(tuple),
    }
    return of_kind[KIND[name]]


specs = st.fixed_dictionaries({}, optional={name: _values(name) for name in FIELDS}).map(
    lambda fields: AnalysisSpec(**fields)
)


# Round trips ----------------------------------------------------------------------------------


@LAW
@given(specs)
def test_a_spec_is_read_back_from_its_link(spec: AnalysisSpec) -> None:
    assert AnalysisSpec.from_query(spec.to_query()) == spec


@LAW
@given(specs)
def test_a_spec_is_read_back_from_its_fields(spec: AnalysisSpec) -> None:
    assert AnalysisSpec.from_dict(spec.to_dict()) == spec


@LAW
@given(specs)
def test_a_link_is_ascii_and_cannot_be_cut_short(spec: AnalysisSpec) -> None:
    """Nothing in it ends the query, starts another field or needs a decision by a mail program."""
    query = spec.to_query()
    assert query.isascii()
    assert not re.search(r"[\s\"'#?+<>]", query)
    assert all(len(field.split("=")) == 2 for field in query.split("&"))


@LAW
@given(specs, st.sampled_from(["?", "http://localhost:8501/?", "https://h.org/a/kaplan_meier?"]))
def test_a_whole_link_is_read_like_its_query(spec: AnalysisSpec, before: str) -> None:
    query = spec.to_query()
    assert AnalysisSpec.from_query(before + query) == spec
    assert AnalysisSpec.from_query(f"  {before}{query}#top\n") == spec


@LAW
@given(st.lists(names, max_size=5))
def test_a_list_of_names_is_read_back(items: list[str]) -> None:
    assert split_list(",".join(quote_name(i) for i in items)) == items


def test_splitting_at_every_comma_would_break_names() -> None:
    """The naive reading of a list fails on the first column called "a, b"."""
    text = 'age,"a, b",grade'
    assert split_list(text) == ["age", "a, b", "grade"]
    assert text.split(",") != ["age", "a, b", "grade"]


def test_a_quote_inside_a_name_needs_no_escape() -> None:
    """Inches and seconds are part of a name: a quote opens only where an item begins."""
    assert split_list('size 5" x,age') == ['size 5" x', "age"]
    assert unquote_name('"') == '"'


def test_lists_may_repeat_the_field_or_use_commas() -> None:
    assert AnalysisSpec.from_query("terms=age&terms=grade").terms == ("age", "grade")
    assert AnalysisSpec.from_query("terms=age,grade") == AnalysisSpec.from_query(
        "terms=age&terms=grade"
    )


def test_filters_repeat_and_keep_their_commas() -> None:
    spec = AnalysisSpec.from_query(urlencode([("where", "stage in II,III"), ("where", "age>6")]))
    assert spec.where == ("stage in II,III", "age>6")


def test_an_empty_field_says_nothing() -> None:
    assert AnalysisSpec.from_query("group_by=&tau=&terms=&where=&v=") == AnalysisSpec()
    assert AnalysisSpec.from_query("") == AnalysisSpec()
    assert AnalysisSpec.from_query("https://h.org/") == AnalysisSpec()


def test_plus_is_a_space_and_percent_2b_a_plus() -> None:
    """Browsers write spaces in forms as ``+``."""
    assert AnalysisSpec.from_query("group_by=a+b").group_by == "a b"
    assert AnalysisSpec.from_query(f"group_by={quote('ER+/PR+')}").group_by == "ER+/PR+"


@LAW
@given(numbers)
def test_a_number_is_written_so_that_it_reads_back(value: float) -> None:
    assert float(shortest(value)) == value


# What a spec is -------------------------------------------------------------------------------


def test_a_spec_never_changes() -> None:
    spec = AnalysisSpec(group_by="age")
    with pytest.raises(dataclasses.FrozenInstanceError):
        spec.group_by = "grade"  # type: ignore[misc]
    assert spec.but(group_by="grade").group_by == "grade"
    assert spec.group_by == "age"


@LAW
@given(specs)
def test_equal_specs_are_one_cache_key(spec: AnalysisSpec) -> None:
    again = AnalysisSpec.from_query(spec.to_query())
    assert {spec: "result"}[again] == "result"


def test_a_spec_is_a_line_of_code() -> None:
    spec = AnalysisSpec(group_by='a "b"', cut_value=("6.1",), tau=12.0)
    namespace = {"AnalysisSpec": AnalysisSpec}
    assert eval(repr(spec), namespace) == spec


# What cannot be read --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("group", "group_by"), ("cutvalue", "cut_value"), ("tiem", "time"), ("confidence", None)],
)
def test_an_unknown_field_is_refused_and_the_nearest_named(typed: str, meant: str | None) -> None:
    with pytest.raises(SpecError) as caught:
        AnalysisSpec.from_query(f"{typed}=x")
    assert caught.value.field == typed
    assert f"'{typed}'" in caught.value.problem
    assert meant is None or f"'{meant}'" in caught.value.hint


@pytest.mark.parametrize("name", [n for n in FIELDS if KIND[n] in ("text", "number")])
def test_a_field_with_one_value_cannot_be_given_twice(name: str) -> None:
    """Taking the last one silently would answer another question than the first one asked."""
    with pytest.raises(SpecError, match="2 times") as caught:
        AnalysisSpec.from_query(f"{name}=1&{name}=2")
    assert caught.value.field == name


@pytest.mark.parametrize("text", ["abc", "6,1", "nan", "inf", "-inf", "1e999", "1_0", "0x10"])
@pytest.mark.parametrize("name", [n for n in FIELDS if KIND[n] == "number"])
def test_what_is_no_number_is_refused(name: str, text: str) -> None:
    with pytest.raises(SpecError, match="is not a number") as caught:
        AnalysisSpec.from_query(f"{name}={text}")
    assert caught.value.field == name


def test_python_alone_would_take_an_underscore_for_a_number() -> None:
    assert float("1_0") == 10
    with pytest.raises(SpecError):
        read_number("1_0", "tau")


@pytest.mark.parametrize(
    "query",
    ["conf_level=0", "conf_level=1", "conf_level=95", "min_fraction=0.5", "min_fraction=-0.1",
     "min_events=-1", "tau=0", "tau=-3", "landmark=0", "given=0", "bandwidth=0",
     "l1_ratio=1.1", "power=1", "imputations=1", "imputations=2.5"],
)  # fmt: skip
def test_a_number_out_of_its_range_is_refused(query: str) -> None:
    with pytest.raises(SpecError, match="It must be") as caught:
        AnalysisSpec.from_query(query)
    assert caught.value.field == query.split("=")[0]


@pytest.mark.parametrize("name", sorted(CHOICES))
def test_a_choice_that_is_none_is_refused_and_the_choices_named(name: str) -> None:
    with pytest.raises(SpecError) as caught:
        AnalysisSpec.from_query(f"{name}=Nonsense")
    assert caught.value.field == name
    assert all(choice in caught.value.hint for choice in CHOICES[name])


@pytest.mark.parametrize("version", ["0", "2", "1.5", "-1"])
def test_a_link_of_another_version_is_refused(version: str) -> None:
    with pytest.raises(SpecError, match=f"version {re.escape(version)}"):
        AnalysisSpec.from_query(f"v={version}&group_by=age")


@pytest.mark.parametrize("version", ["1", "1.0", " 1 ", ""])
def test_this_version_is_accepted_however_it_is_written(version: str) -> None:
    assert AnalysisSpec.from_query(urlencode({"v": version})) == AnalysisSpec()


def test_a_link_with_far_too_many_fields_is_refused() -> None:
    """The standard library raises a bare ValueError there, which would be a traceback."""
    with pytest.raises(SpecError, match="fields"):
        AnalysisSpec.from_query("&".join(["where=a%3D1"] * 2000))


@LAW
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        spec = AnalysisSpec.from_query(text)
    except SpecError as error:
        assert str(error).strip()  # noqa: PT017
    else:
        assert AnalysisSpec.from_query(spec.to_query()) == spec


# The documentation ----------------------------------------------------------------------------


@pytest.mark.parametrize("name", FIELDS)
def test_the_readme_has_every_field_in_its_table(name: str) -> None:
    """The README's table of fields is the public interface: nothing of it is left unsaid."""
    rows = [line for line in README.read_text("utf-8").splitlines() if line.startswith("|")]
    first_cells = " ".join(row.split("|")[1] for row in rows)
    assert f"`{name}`" in first_cells
