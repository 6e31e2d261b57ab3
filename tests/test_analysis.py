"""The table of parts, the keys of its results, and what is published whatever the data."""

from __future__ import annotations

import dataclasses
import json
import math
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis import analyse, key, key_of_included
from core.cohort import select
from core.dataset import Dataset
from core.errors import SpecError, StratiscopeError
from core.inclusion import include
from core.lesions.attach import with_columns
from core.parts import PARTS
from core.spec import AnalysisSpec
from core.terms import term_name
from tests.cohorts import LAW, dataset_of, question, random_columns

ROOT = Path(__file__).resolve().parents[1]
FIELDS = tuple(f.name for f in dataclasses.fields(AnalysisSpec))


def table() -> dict[str, Any]:
    columns: dict[str, Any] = dict(random_columns(11, 80))
    rng = np.random.default_rng(12)
    columns["time2"] = columns["time"] + 1
    columns["event2"] = (rng.random(80) < 0.5).astype(float)
    columns["event"] = np.where(rng.random(80) < 0.1, 2.0, columns["event"])
    columns["entry2"] = columns["entry"] / 2
    columns["pid"] = [f"p{i}" for i in range(80)]
    columns["visit"] = [f"v{i}" for i in range(80)]
    columns["grade"] = rng.choice(["I", "II", "III"], 80).tolist()
    columns["a, b"] = rng.choice(["low", "high"], 80).tolist()
    columns['say "x"'] = rng.normal(0, 1, 80)
    columns["age:per(10)"] = rng.normal(0, 1, 80)
    columns["arm*age"] = rng.choice(["u", "v"], 80).tolist()
    columns["x"] = rng.normal(0, 1, 80)
    columns["gappy"] = np.where(rng.random(80) < 0.1, np.nan, rng.integers(-2, 3, 80) / 2)
    columns["weight"] = np.where(rng.random(80) < 0.1, np.nan, rng.integers(1, 4, 80))
    columns['"x"'] = rng.choice(["k", "l"], 80).tolist()
    return columns


def lesions() -> tuple[Dataset, Dataset]:
    """SYNTHETIC lesions of the patients of `table`: a PET scan, and sizes at three visits."""
    rng = np.random.default_rng(13)
    who = np.repeat([f"p{i}" for i in range(80)], rng.integers(1, 5, 80)).tolist()
    n = len(who)
    mean = rng.uniform(1.5, 6, n)
    pet = {"patient": who, "lesion": list(map(float, range(n))),
           "site": rng.choice(["liver", "bone", "lung"], n).tolist(),
           "SUVmax": mean * rng.uniform(1.1, 2.5, n), "SUVmean": mean,
           "MTV": rng.uniform(0.5, 30, n)}  # fmt: skip
    rows = [
        (f"p{i}", float(visit), float(visit), name, kind, "liver", size)
        for i in range(80)
        for name, kind in (("T1", "target"), ("T2", "target"))
        for visit, size in enumerate(20 * np.cumprod([1, *rng.choice([0.6, 1.0, 1.4], 2)]))
    ]
    names = ("patient", "visit", "day", "lesion", "type", "location", "size mm")
    visits = {
        name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)
    }
    return dataset_of(pet), dataset_of(visits)


DATASET = with_columns(
    dataclasses.replace(dataset_of(table()), lesions=lesions()), question(id="pid")
)


# Keys -----------------------------------------------------------------------------------------

BASES = {
    "a cut marker": question(
        group_by="age",
        cut_rule="value",
        cut_value=("60",),
        terms=("age", "arm"),
        at=("3",),
        entry="entry",
        id="pid",
        one_row="first",
        landmark=1.0,
        min_fraction=0.1,
        min_events=1.0,
    ),
    "a cut term": question(
        group_by="age", cut_rule="value", cut_value=("60",), terms=("age:cut", "dose:cut(5)")
    ),
    "a best cutoff": question(group_by="dose", cut_rule="best", min_fraction=0.2),
    "a category": question(group_by="grade", strata=("site",), profile="spss", test="gehan"),
    "a search": question(
        group_by="age",
        cut_rule="median",
        permutations=99.0,
        bootstraps=30.0,
        time="time2",
        strata=("site",),
    ),
    "two markers": question(
        group_by="age", cut_rule="median", second_by="x", permutations=99.0, bootstraps=30.0
    ),
    "a response": question(
        group_by="site",
        response="grade",
        response_is=("I",),
        terms=("age", "gappy"),
        subgroups=("grade",),
        imputations=2.0,
        bootstraps=5.0,
        select="backward:0.6",
    ),
    "everybody": question(terms=("dose:log2",), tau=5.0, conf_level=0.9),
}
# Another value that is valid in each of them.
OTHERS: dict[str, Any] = {
    "v": 1, "data": "sha256:0", "time": "time2", "unit": "weeks", "event": "event2",
    "event_is": ("2",), "competing": ("2",), "entry": "entry2", "id": "visit", "one_row": "last",
    "show_unit": "years", "where": ("age > 50",), "group_by": "dose", "cut_rule": "tertiles",
    "cut_value": ("64",), "cut_side": "gt", "min_fraction": 0.2, "min_events": 12.0,
    "terms": ("dose",), "strata": ("arm",), "ties": "breslow", "estimator": "firth",
    "select": "forward:0.6:0.7", "correction": ("lau92",), "conf_level": 0.8,
    "conf_type": "log", "profile": "spss",
    "median_ci": "spss", "at": ("2", "4"), "tau": 3.0, "test": "peto",
    "adjust_pairwise": "none", "landmark": 2.0, "parts": ("km",), "start": None, "end": None,
    "zero": "half", "negative": "half", "sheet": "Sheet 2", "clean": ("totals(drop)",),
    "second_by": "dose", "second_cut": 3.0, "combine": "either", "published_cut": ("5 Doe 2001",),
    "measurement_error": 0.2, "centre": "site", "permutations": 19.0, "bootstraps": 7.0,
    "seed": 2.0, "outcome": None, "unlocked": "age >= 60", "explored": ("analyses:3",),
    "origin": "entry2", "weights": "weight", "cluster": "gappy", "offset": "gappy",
    "limits": "profile", "l1_ratio": 0.9, "missing": "impute", "imputations": 3.0, "given": 3.0,
    "scale": "failure", "bandwidth": 2.0, "family": "weibull", "subgroups": ("arm",),
    "response": "arm", "response_is": ("II",), "benefit_is": ("I", "II"),
    "suv_min": 3.0, "suv_side": "gt", "sites_out": ("bone",), "volume_min": 1.0,
    "hi_of": "mean", "cov_sd": "population", "volume_of": "max", "suvmean_of": "mean",
    "lesion_pd": "category", "confirm_weeks": 8.0, "stable_weeks": 8.0, "benefit_weeks": 12.0,
    "pd_model": ("not T and NL",),
    "characteristics": ("dose",), "spread": "quartiles", "mean_test": "t", "power": 0.9,
    "section": "Tests",
}  # fmt: skip


FURTHER = (
    question(group_by="site"),
    question(group_by="site", tau=4.0),
    question(group_by="arm", subgroups=("grade", "site")),
    question(group_by="dose", cut_rule="best", competing=("2",)),
    question(group_by="dose", terms=("gappy",), missing="impute", imputations=2.0),
    question(group_by="SUVmax", cut_rule="median"),
    question(group_by="HI", cut_rule="value", cut_value=("2",)),
    question(origin="time_to_progression", pd_model=("T",)),
)
RARELY = {
    # Both profiles have the same limits for the follow-up today; one could differ tomorrow.
    "cohort": {"profile"},
    # Fisher's test draws tables only where there are too many to count.
    "response": {"seed"},
    "table_one": {"seed"},
}
"""Fields that change a result too rarely to be seen here."""


def outcome(part: str, spec: AnalysisSpec) -> str | None:
    """What a part says of a spec, or the words with which it refuses; None without a cohort."""
    try:
        cohort = select(DATASET, spec)
    except StratiscopeError:
        return None
    try:
        result = PARTS[part].make(cohort, spec)
    except StratiscopeError as error:
        return str(error)
    return json.dumps([PARTS[part].publish(cohort, result), str(getattr(result, "notes", ""))])


def test_every_field_has_another_value_to_try() -> None:
    assert set(OTHERS) == set(FIELDS)


@pytest.mark.parametrize("base", list(BASES))
@pytest.mark.parametrize("part", list(PARTS))
def test_a_key_changes_exactly_with_what_is_read(part: str, base: str) -> None:
    """A field that is not read leaves the key, and the result, as they are; else a stale answer.

    A key that changed with everything would be safe and useless: a slider would refit all.
    """
    spec = BASES[base]
    unread = []
    for name, value in OTHERS.items():
        if getattr(spec, name) == value:
            continue
        other = spec.but(**{name: value})
        if name in PARTS[part].fields(spec):
            assert key(part, DATASET, other) != key(part, DATASET, spec), name
        else:
            assert key(part, DATASET, other) == key(part, DATASET, spec), name
            unread.append(name)
    assert_nothing_changes(part, spec, unread, outcome(part, spec))


def assert_nothing_changes(
    part: str, spec: AnalysisSpec, names: list[str], expected: str | None
) -> None:
    """Fields change no result: all at once, and by halves where together they have no cohort."""
    said = outcome(part, spec.but(**{name: OTHERS[name] for name in names}))
    if said == expected:
        return
    if len(names) == 1:
        assert said is None, names
        return
    middle = len(names) // 2
    assert_nothing_changes(part, spec, names[:middle], expected)
    assert_nothing_changes(part, spec, names[middle:], expected)


@pytest.mark.parametrize("part", list(PARTS))
def test_what_is_read_is_a_field(part: str) -> None:
    for spec in BASES.values():
        assert set(PARTS[part].fields(spec)) <= set(FIELDS)


@pytest.mark.parametrize("part", list(PARTS))
def test_what_is_listed_as_read_does_change_something(part: str) -> None:
    """A field that is listed and not read would refit for nothing."""
    unseen = set(PARTS[part].reads) - RARELY.get(part, set())
    for spec in (*BASES.values(), *FURTHER):
        expected = outcome(part, spec)
        unseen -= {n for n in unseen if outcome(part, spec.but(**{n: OTHERS[n]})) != expected}
    assert not unseen


def test_moving_the_cutoff_does_not_refit_a_model_that_does_not_cut() -> None:
    plain, cut = BASES["a cut marker"], BASES["a cut term"]
    assert key("cox", DATASET, plain) == key("cox", DATASET, plain.but(cut_value=("64",)))
    assert key("cox", DATASET, cut) != key("cox", DATASET, cut.but(cut_value=("64",)))
    assert key("km", DATASET, plain) != key("km", DATASET, plain.but(cut_value=("64",)))


def test_a_key_names_the_part_and_the_data() -> None:
    spec = BASES["everybody"]
    other = dataclasses.replace(DATASET, digest="0" * 64)
    keys = {key(part, data, spec) for part in PARTS for data in (DATASET, other)}
    assert len(keys) == 2 * len(PARTS)


def test_one_changed_cell_changes_every_key() -> None:
    columns = table()
    columns["age"] = columns["age"].copy()
    columns["age"][79] += 1e-9
    assert dataset_of(columns).digest != DATASET.digest


@pytest.mark.parametrize("name", FIELDS)
def test_who_is_in_is_named_by_what_decides_it(name: str) -> None:
    spec = BASES["a cut marker"]
    other = spec.but(**{name: OTHERS[name]})
    if key_of_included(DATASET, spec) == key_of_included(DATASET, other):
        one, two = include(DATASET, spec), include(DATASET, other)
        assert one.rows.tolist() == two.rows.tolist()
        assert one.time.tolist() == two.time.tolist()
        assert (one.event.tolist(), one.ledger) == (two.event.tolist(), two.ledger)


def test_a_cohort_kept_from_before_gives_the_same_groups() -> None:
    spec = BASES["a cut marker"]
    moved = spec.but(cut_value=("64",))
    kept = select(DATASET, moved, include(DATASET, spec))
    assert kept.groups.codes.tolist() == select(DATASET, moved).groups.codes.tolist()


# The published answer -------------------------------------------------------------------------

SIX: dict[str, Any] = {
    "time": [1, 2, 3, 4, 5, 6], "event": [1, 0, 1, 1, 0, 1], "x": [1, 2, 3, 1, 5, 2],
    "g": list("ababab"), "m": [None, 1, None, 2, 2, None],
}  # fmt: skip
NASTY: dict[str, dict[str, Any]] = {
    "as it is": {},
    "all censored": {"event": [0] * 6},
    "all events": {"event": [1] * 6},
    "all events at one time": {"time": [3] * 6, "event": [1] * 6},
    "all at time zero": {"time": [0] * 6},
    "all events at time zero": {"time": [0] * 6, "event": [1] * 6},
    "a constant marker": {"x": [2] * 6},
    "one group": {"g": ["a"] * 6},
    "perfect separation": {"event": [1, 0, 1, 0, 1, 0]},
    "a group that leaves first": {"time": [3, 0.5, 4, 0.5, 5, 0.5], "event": [1, 0] * 3},
    "huge times": {"time": [1e300, 2e300, 3e300, 4e300, 5e300, 6e300]},
    "tiny times": {"time": [1e-300, 2e-300, 3e-300, 4e-300, 5e-300, 6e-300]},
    "near ties": {"time": [0.3, 0.1 + 0.2, 0.3 + 1e-12, 4, 5, 6]},
    "late entries": {"entry": [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]},
    "one patient": {k: v[:1] for k, v in SIX.items()},
    "one censored patient": {k: v[1:2] for k, v in SIX.items()},
    "two patients": {k: v[:2] for k, v in SIX.items()},
}
QUESTIONS: dict[str, dict[str, Any]] = {
    "everybody": {},
    "a marker": {"group_by": "x", "cut_rule": "median"},
    "values": {"group_by": "x"},
    "a search": {"group_by": "x", "cut_rule": "best"},
    "a category": {"group_by": "g"},
    "a category with holes": {"group_by": "m", "cut_rule": "none"},
    "strata": {"group_by": "g", "strata": ("x",), "terms": ("x", "g")},
    "a trend test": {"group_by": "x", "test": "fh(1;1)", "adjust_pairwise": "bh"},
    "SPSS": {"group_by": "g", "profile": "spss"},
    "plain limits": {"group_by": "g", "conf_type": "plain"},
    "all terms": {"terms": ("x", "g", "x*g", "m:cat")},
    "odd times": {"group_by": "g", "at": ("-1", "0", "2.5", "1e9"), "tau": 2.5},
    "two horizons": {"group_by": "g", "tau": 1e9, "show_unit": "years"},
}


@pytest.mark.parametrize("data", list(NASTY))
@pytest.mark.parametrize("asked", list(QUESTIONS))
def test_an_answer_is_plain_json_whatever_the_data(data: str, asked: str) -> None:
    """No NaN, no Infinity, no warning of a library, no note twice, and at worst a clear refusal."""
    columns = SIX | NASTY[data]
    fields = QUESTIONS[asked] | ({"entry": "entry"} if "entry" in columns else {})
    try:
        answer = analyse(dataset_of(columns), question(**fields))
    except StratiscopeError as refused:
        clear = ("No patient", "has no values", "No cutoff has", "not defined with delayed entry")
        assert any(words in str(refused) for words in clear)  # noqa: PT017
        return
    text = json.dumps(answer, allow_nan=False)
    assert json.loads(text) == answer
    notes = [json.dumps(note) for note in answer["notes"]]
    assert len(notes) == len(set(notes))
    assert answer["cohort"]["n"] + sum(e["n"] for e in answer["cohort"]["ledger"]) == len(
        columns["time"]
    )


@LAW
@given(
    st.lists(
        st.tuples(
            st.integers(0, 4), st.booleans(), st.one_of(st.none(), st.integers(0, 3)),
            st.one_of(st.none(), st.sampled_from("ab")),
        ),
        min_size=1,
        max_size=10,
    ),
    st.sampled_from([None, "x", "g"]),
    st.sampled_from([(), ("x",), ("g", "x"), ("g*x",), ("x:cut", "g"), ("x:cat",)]),
    st.sampled_from([(), ("g",), ("x",)]),
)  # fmt: skip
def test_an_answer_is_plain_json_for_any_small_table(
    rows: list[tuple[Any, ...]], group: str | None, terms: tuple[str, ...], strata: tuple[str, ...]
) -> None:
    time, event, x, g = (list(c) for c in zip(*rows, strict=True))
    columns = {"time": time, "event": [float(e) for e in event], "x": x, "g": g}
    try:
        answer = analyse(dataset_of(columns), question(group_by=group, terms=terms, strata=strata))
    except StratiscopeError:
        return
    json.dumps(answer, allow_nan=False)


def test_numbers_that_are_not_estimated_are_null_and_a_note_says_why() -> None:
    answer = analyse(dataset_of(SIX | {"event": [0] * 6}), question(group_by="g"))
    assert answer["km"]["groups"][0]["median"] is None
    assert answer["km"]["test"]["p_value"] is None
    assert answer["km"]["hazard_ratio"][0]["hazard_ratio"] is None
    assert answer["cox"]["log_likelihood"] is None
    assert any(note["level"] == "warning" for note in answer["notes"])


def test_an_underflown_p_value_keeps_its_logarithm() -> None:
    n = 2000
    columns = {
        "time": [*range(1, n + 1), *range(n + 1, 2 * n + 1)], "event": [1] * (2 * n),
        "g": ["a"] * n + ["b"] * n,
    }  # fmt: skip
    test = analyse(dataset_of(columns), question(group_by="g", parts=("km",)))["km"]["test"]
    assert test["p_value"] == 0
    assert math.isfinite(test["log10_p"])
    assert test["log10_p"] < -308


def test_only_the_parts_asked_for_are_answered() -> None:
    answer = analyse(DATASET, question(parts=("km",)))
    assert "km" in answer
    assert not {"cox", "cohort", "groups"} & set(answer)


def test_an_unknown_part_is_refused() -> None:
    with pytest.raises(SpecError, match="no part 'roc'") as caught:
        analyse(DATASET, question(parts=("roc",)))
    assert caught.value.field == "parts"


def test_a_link_made_with_other_data_says_so() -> None:
    same = analyse(DATASET, question(data=DATASET.reference, parts=("cohort",)))
    other = analyse(DATASET, question(data="gbsg2", parts=("cohort",)))
    assert not any(note["about"] == "data" for note in same["notes"])
    assert any(note["about"] == "data" and "gbsg2" in note["text"] for note in other["notes"])


# The canonical query --------------------------------------------------------------------------

ASKED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "a median": {"group_by": "age"},
    "quartiles, gt": {"group_by": "dose", "cut_rule": "quartiles", "cut_side": "gt"},
    "a value": {"group_by": "age", "cut_value": ("60.50", "70")},
    "a quantile": {"group_by": "age", "cut_rule": "quantile", "cut_value": ("0.75",)},
    "a best cutoff": {"group_by": "age", "cut_rule": "best", "cut_side": "gt"},
    "a category": {"group_by": "grade", "adjust_pairwise": "bh", "test": "fh(1;0.5)"},
    "few numbers": {"group_by": "arm"},
    "months": {"group_by": "arm", "show_unit": "months"},
    "weeks as years": {"unit": "weeks", "show_unit": "years", "landmark": 0.05},
    "SPSS": {"group_by": "arm", "profile": "spss", "ties": "efron"},
    "terms": {"terms": ("age:per(10)", "grade:cat(II)", "age*arm"), "strata": ("site", "arm")},
    "splines": {"terms": ("age:spline(3)", "dose:cut(3;9)"), "conf_level": 0.9},
    "filters": {"where": ("grade in I,II", "age >= 50"), "group_by": "grade"},
    "late entry": {"entry": "entry", "competing": ("2",), "tau": 3.0, "at": ("2", "1.50")},
    "a name with a comma": {"group_by": "a, b", "strata": ("site",)},
    "a name with quotes": {"group_by": 'say "x"', "cut_rule": "median"},
    "a name in quotes": {"group_by": '"x"'},
    "a name like a term": {"group_by": "age:per(10)"},
    "a name like an interaction": {"group_by": "arm*age"},
    "odd terms": {"terms": tuple(map(term_name, ("a, b", "age:per(10)", '"x"', "arm*age")))},
}


@pytest.mark.parametrize("asked", list(ASKED))
def test_the_canonical_query_gives_the_same_answer_and_itself(asked: str) -> None:
    answer = analyse(DATASET, question(**ASKED[asked]).but(show_unit=ASKED[asked].get("show_unit")))
    again = analyse(DATASET, AnalysisSpec.from_query(answer["query"]))
    for entry in ("query", "data", "cohort", "groups", "km", "cox"):
        assert again[entry] == answer[entry], entry


@pytest.mark.parametrize("asked", list(ASKED))
def test_the_canonical_query_leaves_nothing_to_guess(asked: str) -> None:
    answer = analyse(DATASET, question(**ASKED[asked]))
    said = AnalysisSpec.from_query(answer["query"]).to_dict()
    named = {"time", "unit", "event", "event_is", "show_unit", "ties", "conf_level", "conf_type",
             "profile", "median_ci", "test", "adjust_pairwise", "parts", "data"}  # fmt: skip
    assert named <= set(said)
    assert ("cut_rule" in said) == ("group_by" in said)
    assert ("cut_side" in said) == (said.get("cut_rule", ["none"]) != ["none"])


def test_the_group_named_in_quotes_is_not_the_column_without_them() -> None:
    """Taking the quotes off twice would fit another column, without a word."""
    answer = analyse(DATASET, question(group_by='"x"'))
    assert [row["level"] for row in answer["cox"]["multivariable"]] == ["l"]
    plain = analyse(DATASET, question(group_by="x"))
    assert [row["level"] for row in plain["cox"]["multivariable"]] == [None]


# What is imported -----------------------------------------------------------------------------


def test_the_headless_command_does_not_load_what_it_does_not_use() -> None:
    """Each of these takes a second or more, at every start of a nightly job."""
    heavy = ("streamlit", "lifelines", "sksurv", "altair", "sklearn", "matplotlib")
    code = (
        "import sys, core.__main__, core.analysis\n"
        f"print(sorted(set({heavy!r}) & set(sys.modules)))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True,
        timeout=60,
    )  # fmt: skip
    assert run.stdout.strip() == "[]"


@pytest.mark.parametrize("n", [12, 40])
def test_a_marker_that_orders_all_events_has_no_finite_coefficient(n: int) -> None:
    """The maximum is at infinity: on the way there sums leave the range of doubles."""
    times = np.arange(1.0, n + 1)
    columns = {"time": times, "event": np.ones(n), "x": -times}
    answer = analyse(dataset_of(columns), question(terms=("x",), parts=("cox",)))
    row = answer["cox"]["multivariable"][0]
    assert row["hazard_ratio"] is None
    assert any("finite" in note["text"] for note in answer["notes"])
