"""Table 1: R's descriptions and tests, printed numbers, the rule of the tests, and laws."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.balance import location_test, smd_category, smd_number
from core.cohort import Cohort, select
from core.errors import SpecError
from core.table_one import MOST_DEFAULT, Characteristic, TableOneResult, table_one
from core.view import table_one as view
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
from tests.reference.export_data import TABLES
from tests.test_subgroups import plain

REFERENCE = Path(__file__).parent / "reference" / "table_one_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]
ROLES = {
    "gbsg2.csv": ("time", "cens"),
    "veterans.csv": ("Survival_in_days", "Status"),
    "lung.csv": ("time", "status"),
}


def found_of(cohort: Cohort) -> TableOneResult:
    return table_one(cohort, cohort.spec)


def only(cohort: Cohort) -> Characteristic:
    (found,) = found_of(cohort).characteristics
    return found


def cohort_of_case(case: dict[str, Any], folder: Path, **fields: Any) -> Cohort:
    frame = pd.read_csv(TABLES[case["table"].removesuffix(".csv")](folder / case["table"]))
    time, event = ROLES[case["table"]]
    return cohort_of(
        plain(frame),
        time=time,
        event=event,
        group_by=case["by"],
        cut_rule="none",
        characteristics=(*case["numbers"], *case["categories"]),
        **fields,
    )


@pytest.mark.parametrize("kind", ["mann-whitney", "t", "welch"])
@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['table']} {c['by']}")
def test_numbers_are_those_of_r(case: dict[str, Any], kind: str, tmp_path: Path) -> None:
    found = found_of(cohort_of_case(case, tmp_path, mean_test=kind))
    by_name = {c.column: c for c in found.characteristics}
    for name, expected in case["numbers"].items():
        row = by_name[name]
        assert row.kind == "number"
        assert row.missing[:-1] == tuple(expected["missing"])
        for g, cell in enumerate(row.cells[:-1]):
            assert cell.mean == pytest.approx(expected["mean"][g], rel=1e-12)
            assert cell.sd == pytest.approx(expected["sd"][g], rel=1e-12)
            five = (cell.minimum, cell.q1, cell.median, cell.q3, cell.maximum)
            assert five == pytest.approx(expected["quartiles"][g], rel=1e-12)
        said = row.comparison
        test = expected["ranks" if kind == "mann-whitney" else kind]
        assert said.p_value == pytest.approx(test["p_value"], rel=1e-9)
        assert said.smd == pytest.approx(expected["smd"], rel=1e-10)
        if "statistic" in test:
            assert said.statistic == pytest.approx(test["statistic"], rel=1e-10)
            df = [d for d in (said.df, said.df2) if d is not None]
            assert df == pytest.approx(np.atleast_1d(test["df"]).tolist(), rel=1e-10)


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['table']} {c['by']}")
def test_categories_are_those_of_r(case: dict[str, Any], tmp_path: Path) -> None:
    found = found_of(cohort_of_case(case, tmp_path))
    by_name = {c.column: c for c in found.characteristics}
    for name, expected in case["categories"].items():
        row = by_name[name]
        assert row.kind == "category"
        counts = [list(level.counts[:-1]) for level in row.levels]
        assert np.transpose(counts).tolist() == expected["counts"]
        said = row.comparison
        assert said.smd == pytest.approx(expected["smd"], rel=1e-9)
        if expected["least"] >= 5:
            assert said.test == "pearson"
            assert said.statistic == pytest.approx(expected["chisq"], rel=1e-12)
            assert said.p_value == pytest.approx(expected["p_pearson"], rel=1e-10)
        else:
            assert said.test == "fisher"
            assert said.p_value == pytest.approx(expected["p_fisher"], rel=1e-9)


def crossed(*rows: tuple[int, ...], **fields: Any) -> Cohort:
    """A cohort with this table of groups and levels."""
    group = [f"g{i}" for i, row in enumerate(rows) for n in row for _ in range(n)]
    level = [f"l{j}" for row in rows for j, n in enumerate(row) for _ in range(n)]
    n = len(group)
    columns = {
        "time": np.arange(1.0, n + 1),
        "event": np.ones(n),
        "group": np.array(group, dtype=object),
        "x": np.array(level, dtype=object),
    }
    return cohort_of(columns, **({"group_by": "group", "characteristics": ("x",)} | fields))


@pytest.mark.parametrize(
    ("rows", "test", "p"),
    [
        (((25, 13), (20, 12)), "pearson", 0.774777),
        (((13, 25), (13, 19)), "pearson", 0.580055),
        (((23, 15), (20, 12)), "pearson", 0.865800),
        (((27, 11), (22, 10)), "pearson", 0.834115),
        (((9, 0), (8, 3)), "fisher", 0.218421),
        (((13, 25), (6, 26)), "pearson", 0.147328),
    ],
)
def test_printed_tables_by_the_rule(rows: Any, test: str, p: float) -> None:
    said = only(crossed(*rows)).comparison
    assert (said.test, said.p_value) == (test, pytest.approx(p, abs=1e-6))


def test_expected_counts_of_exactly_five_are_enough() -> None:
    assert only(crossed((5, 5), (5, 5))).comparison.test == "pearson"
    assert only(crossed((4, 5), (5, 5))).comparison.test == "fisher"


def test_denominators_are_the_known_values() -> None:
    columns = dict(random_columns(1))
    columns["site"][:6] = None
    columns["dose"][3:5] = np.nan
    cohort = cohort_of(columns, group_by="arm", characteristics=("site", "dose"))
    site, dose = found_of(cohort).characteristics
    assert site.missing[-1] == 6
    assert sum(level.counts[-1] for level in site.levels) == 54
    assert (dose.missing[-1], dose.cells[-1].n) == (2, 58)
    for c in (site, dose):
        assert sum(c.missing[:-1]) == c.missing[-1]
    for level in site.levels:
        assert sum(level.counts[:-1]) == level.counts[-1]


def test_few_whole_values_are_a_category() -> None:
    columns = dict(random_columns(2)) | {"sites": np.arange(60.0) % 3 + 1}
    columns["half"] = np.arange(60.0) % 3 + 0.5
    cohort = cohort_of(columns, characteristics=("sites", "half", "arm"))
    kinds = {c.column: c.kind for c in found_of(cohort).characteristics}
    assert kinds == {"sites": "category", "half": "number", "arm": "category"}


def test_no_outcome_and_no_group_in_the_default() -> None:
    cohort = cohort_of(random_columns(3), group_by="arm", response="site", entry="entry")
    names = [c.column for c in found_of(cohort).characteristics]
    assert names == ["age", "dose"]
    for column in ("time", "event"):
        with pytest.raises(SpecError, match="belongs to the outcome"):
            found_of(cohort_of(random_columns(3), characteristics=(column,)))


def test_one_group_has_no_test() -> None:
    found = found_of(cohort_of(random_columns(4)))
    assert {c.comparison.test for c in found.characteristics} == {""}
    assert {c.comparison.smd for c in found.characteristics} == {None}
    assert all(len(c.missing) == 2 for c in found.characteristics)


def test_a_thousand_columns_are_not_all_shown() -> None:
    columns = dict(random_columns(5)) | {f"gene{i}": np.arange(60.0) * i for i in range(60)}
    found = found_of(cohort_of(columns))
    assert len(found.characteristics) == MOST_DEFAULT
    assert any("choose those you want" in note.text for note in found.notes)


def test_many_levels_are_left_out_and_refused_when_asked_for() -> None:
    columns = dict(random_columns(6))
    columns["town"] = np.array([f"t{i}" for i in range(60)], dtype=object)
    found = found_of(cohort_of(columns))
    assert "town" not in [c.column for c in found.characteristics]
    assert any("more than 30 levels: 'town'" in note.text for note in found.notes)
    with pytest.raises(SpecError, match="neither a number nor a category"):
        found_of(cohort_of(columns, characteristics=("town",)))


def test_a_column_without_values_or_variation() -> None:
    columns = dict(random_columns(7)) | {"none": np.full(60, np.nan), "same": np.full(60, 2.5)}
    columns["one"] = np.array(["a"] * 60, dtype=object)
    cohort = cohort_of(columns, group_by="arm", characteristics=("none", "same", "one"))
    found = found_of(cohort)
    same, one = found.characteristics
    assert (same.comparison.p_value, same.comparison.smd) == (None, 0.0)
    assert (one.comparison.p_value, one.comparison.smd) == (None, 0.0)
    assert sum("no test" in note.text for note in found.notes) == 2
    assert any("none has no values" in note.text for note in found.notes)


def test_groups_with_nothing_in_common_have_no_finite_difference() -> None:
    assert smd_category(np.array([5, 0]), np.array([0, 5])) is None
    assert smd_category(np.array([5, 5, 0]), np.array([0, 0, 7])) is None
    assert smd_number(np.array([1.0, 1]), np.array([2.0, 2])) is None
    assert smd_category(np.array([3, 3]), np.array([5, 5])) == 0


@pytest.mark.parametrize("kind", ["mann-whitney", "t", "welch"])
@pytest.mark.parametrize("n_groups", [2, 4])
def test_tests_of_location_by_scipy(kind: str, n_groups: int) -> None:
    rng = np.random.default_rng(n_groups)
    groups = [np.round(rng.normal(g / 3, 1 + g, 12 + g), 1) for g in range(n_groups)]
    found = location_test(groups, kind)
    if kind == "mann-whitney":
        expected = stats.kruskal(*groups)
        if n_groups == 2:
            expected = stats.mannwhitneyu(*groups, use_continuity=False, method="asymptotic")
    elif n_groups == 2:
        expected = stats.ttest_ind(*groups, equal_var=kind == "t")
    else:
        expected = stats.f_oneway(*groups, equal_var=kind == "t")
    assert found.p_value == pytest.approx(expected.pvalue, rel=1e-10)
    if (kind, n_groups) != ("mann-whitney", 2):
        assert found.statistic == pytest.approx(expected.statistic, rel=1e-10)


@pytest.mark.parametrize("kind", ["mann-whitney", "t", "welch"])
def test_hardly_any_values(kind: str) -> None:
    few = np.array([1.0])
    assert location_test([few, np.array([])], kind).p_value is None
    assert location_test([few, few], kind).p_value is None
    assert (location_test([few, np.array([2.0, 3.0])], kind).p_value is None) == (kind == "welch")


@LAW
@given(seed=st.integers(0, 10_000), kind=st.sampled_from(["mann-whitney", "t", "welch"]))
def test_order_units_and_names_of_groups_do_not_matter(seed: int, kind: str) -> None:
    rng = np.random.default_rng(seed)
    columns = dict(random_columns(seed, 40))
    order = rng.permutation(40)
    moved = {name: np.asarray(v)[order] for name, v in columns.items()}
    moved["age"] = moved["age"] * 12
    moved["arm"] = 1 - moved["arm"]
    fields = {"group_by": "arm", "characteristics": ("age", "site"), "mean_test": kind}
    for a, b in zip(
        found_of(cohort_of(columns, **fields)).characteristics,
        found_of(cohort_of(moved, **fields)).characteristics,
        strict=True,
    ):
        assert a.comparison.test == b.comparison.test
        assert a.comparison.p_value == pytest.approx(b.comparison.p_value, rel=1e-9)
        assert a.comparison.smd == pytest.approx(b.comparison.smd, rel=1e-9)


def test_what_is_known_later_is_no_baseline() -> None:
    dataset = dataset_of(random_columns(8))
    variables = dict(dataset.variables)
    variables["dose"] = dataclasses.replace(variables["dose"], known="later")
    later = dataclasses.replace(dataset, variables=variables)
    cohort = select(later, question(group_by="arm"))
    assert "dose" not in [c.column for c in found_of(cohort).characteristics]
    asked = table_one(cohort, cohort.spec.but(characteristics=("dose",)))
    assert any("no baseline" in note.text for note in asked.notes)


# On the screen -------------------------------------------------------------------------------


def test_the_table_prints_as_journals_do() -> None:
    columns = {
        "time": np.arange(1.0, 17),
        "event": np.ones(16),
        "group": np.array(["a", "b"] * 8, dtype=object),
        "age": np.arange(16.0) + 40,
        "site": np.array(["x"] + ["y"] * 13 + [None, None], dtype=object),
    }
    cohort = cohort_of(columns, group_by="group", characteristics=("age", "site"))
    table = view.table(cohort, found_of(cohort))
    named = (("group: a", 8), ("group: b", 8), ("All", 16))
    groups = [f"{group} (n\u00a0=\u00a0{n})" for group, n in named]
    assert table.columns.tolist() == ["Characteristic", *groups, "p", "Test", "SMD"]
    first = table.iloc[:, :4].to_numpy().tolist()
    assert first == [
        ["age: median (range)", "47 (40–54)", "48 (41–55)", "47.5 (40–55)"],
        ["\u2003mean (SD)", "47.0 (4.9)", "48.0 (4.9)", "47.5 (4.8)"],
        ["site: n (%)", "", "", ""],
        ["\u2003x", "1 (14.3)", "0 (0.0)", "1 (7.1)"],
        ["\u2003y", "6 (85.7)", "7 (100.0)", "13 (92.9)"],
        ["\u2003missing", "1", "1", "2"],
    ]
    assert table["Test"].tolist() == ["Mann-Whitney", "", "Fisher", "", "", ""]
    quartiles = cohort_of(columns, characteristics=("age",), spread="quartiles")
    alone = view.table(quartiles, found_of(quartiles))
    assert alone.columns.tolist() == ["Characteristic", "All (n\u00a0=\u00a016)"]
    assert alone.iloc[0].tolist() == ["age: median (quartiles)", "47.5 (43.8–51.3)"]


def test_the_finding_says_how_alike_the_groups_are() -> None:
    cohort = cohort_of(random_columns(9), group_by="arm")
    found = found_of(cohort)
    largest = max(found.characteristics, key=lambda c: c.comparison.smd or 0)
    assert f"differ most in {largest.title}" in view.finding(cohort, found)
    alone = cohort_of(random_columns(9))
    assert view.finding(alone, found_of(alone)) == (
        "60 patients. Choose a stratifier to compare groups."
    )


def test_the_numbers_in_full() -> None:
    cohort = cohort_of(random_columns(9), group_by="arm", characteristics=("age", "site"))
    full = view.in_full(found_of(cohort))
    assert len(full) == 3 + 3 * 3
    assert full.loc[full["characteristic"] == "site", "count"].sum() == 2 * 60
