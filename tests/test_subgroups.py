"""The subgroup forest: R, a second road through separate cohorts, laws and refusals."""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cohort import Cohort, select
from core.errors import SpecError
from core.survival import km
from core.survival.subgroups import SubgroupRow, SubgroupsResult, offered, subgroups
from core.view import subgroups as view
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
from tests.reference.export_data import TABLES

REFERENCE = Path(__file__).parent / "reference" / "subgroups_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]


def found_of(cohort: Cohort) -> SubgroupsResult:
    return subgroups(cohort, cohort.spec)


def plain(frame: pd.DataFrame) -> dict[str, Any]:
    """Columns as the reader types them: numbers as float, text with None for missing."""
    columns = {}
    for name in frame:
        if pd.api.types.is_numeric_dtype(frame[name]):
            columns[str(name)] = frame[name].to_numpy(dtype=float)
        else:
            text = frame[name].astype(object)
            columns[str(name)] = text.where(text.notna(), None).to_numpy()
    return columns


def cohort_of_case(case: dict[str, Any], folder: Path) -> Cohort:
    frame = pd.read_csv(TABLES[case["table"].removesuffix(".csv")](folder / case["table"]))
    frame = frame[frame[case["by"]].notna()]
    return cohort_of(
        plain(frame),
        time=case["time"],
        event=case["event"],
        event_is=(str(case["event_is"]),),
        group_by=case["by"],
        cut_rule="none",
        ties=case["ties"],
        strata=(case["strata"],) if case["strata"] else (),
        subgroups=tuple(v["variable"] for v in case["variables"]),
    )


@pytest.mark.parametrize("case", CASES, ids=lambda c: f"{c['table']} {c['by']} {c['ties']}")
def test_hazard_ratios_and_interactions_are_those_of_r(
    case: dict[str, Any], tmp_path: Path
) -> None:
    cohort = cohort_of_case(case, tmp_path)
    found = found_of(cohort)
    for variable, test in zip(case["variables"], found.interactions, strict=True):
        assert test.variable == variable["variable"]
        assert test.test.df == variable["df"]
        assert test.test.statistic == pytest.approx(variable["statistic"], rel=1e-7, abs=1e-9)
        rows = [r for r in found.rows if r.variable == variable["variable"]]
        assert {r.p_interaction for r in rows} == {test.test.p_value}
        assert test.test.p_value == pytest.approx(variable["p_value"], rel=1e-7)
        levels = list(dict.fromkeys(r.level for r in rows))
        for level, expected in zip(levels, variable["levels"], strict=True):
            compare([r for r in rows if r.level == level], expected)


def compare(rows: list[SubgroupRow], expected: dict[str, Any]) -> None:
    for g, row in enumerate(rows):
        assert (row.n, row.events) == (expected["n"], expected["events"])
        if expected["coef"] is None:
            assert row.hazard_ratio is None
            continue
        assert row.coef == pytest.approx(expected["coef"][g], rel=1e-8)
        assert row.std_error == pytest.approx(expected["se"][g], rel=1e-6)
        medians = expected["median"]
        assert row.median_reference == pytest.approx(medians[0])
        assert row.median_group == pytest.approx(medians[g + 1])


def columns_of(seed: int, n: int = 90) -> dict[str, Any]:
    made: dict[str, Any] = dict(random_columns(seed, n))
    made["arm"] = np.where(made["arm"] > 0, "new", "old").astype(object)
    return made


@pytest.mark.parametrize("fields", [{}, {"ties": "breslow"}, {"entry": "entry"}], ids=str)
def test_a_subgroup_is_the_comparison_of_its_patients_alone(fields: dict[str, Any]) -> None:
    columns = columns_of(3)
    cohort = cohort_of(columns, group_by="arm", subgroups=("site",), **fields)
    for row in found_of(cohort).rows[1:]:
        alone = cohort_of(columns, group_by="arm", where=(f"site={row.level}",), **fields)
        page = km.estimate(alone, alone.spec)
        (ratio,) = page.hazard_ratio
        assert (row.n, row.events) == (alone.n, alone.n_events)
        assert (row.n_group, row.n_reference) == (page.groups[1].n, page.groups[0].n)
        assert row.hazard_ratio == pytest.approx(ratio.hazard_ratio, rel=1e-10)
        assert row.conf_high == pytest.approx(ratio.conf_high, rel=1e-10)
        assert row.median_group == page.groups[1].median
        assert row.median_reference == page.groups[0].median


def test_the_first_row_is_everybody() -> None:
    cohort = cohort_of(columns_of(4), group_by="arm", subgroups=("site", "age"))
    row = found_of(cohort).rows[0]
    (ratio,) = km.estimate(cohort, cohort.spec).hazard_ratio
    assert (row.variable, row.level, row.p_interaction) == (None, None, None)
    assert row.hazard_ratio == ratio.hazard_ratio
    assert (row.n, row.events) == (cohort.n, cohort.n_events)


def test_a_number_is_cut_at_its_median_and_that_is_said() -> None:
    columns = columns_of(5)
    found = found_of(cohort_of(columns, group_by="arm", subgroups=("age",)))
    middle = float(np.median(columns["age"]))
    assert found.interactions[0].threshold == pytest.approx(middle)
    below, above = found.rows[1:]
    assert (below.n, above.n) == ((columns["age"] < middle).sum(), (columns["age"] >= middle).sum())
    assert any("cut at its median" in note.text for note in found.notes)


def test_missing_levels_leave_the_variable_and_are_counted() -> None:
    columns = columns_of(6)
    columns["site"][:7] = None
    found = found_of(cohort_of(columns, group_by="arm", subgroups=("site",)))
    assert found.rows[0].n == 90
    assert sum(row.n for row in found.rows[1:]) == found.interactions[0].n == 83
    assert any("83 of 90 patients" in note.text for note in found.notes)


def test_no_event_in_one_arm_gives_no_ratio_but_firths() -> None:
    columns = columns_of(7)
    west = columns["site"] == "west"
    columns["event"][west & (columns["arm"] == "old")] = 0
    fields = {"group_by": "arm", "subgroups": ("site",)}
    found = found_of(cohort_of(columns, **fields))
    row = next(r for r in found.rows if r.level == "west")
    assert (row.hazard_ratio, row.conf_low, row.p_value) == (None, None, None)
    assert (row.events_group, row.n_group > 0) == (0, True)
    (said,) = [note.text for note in found.notes if "No hazard ratio in" in note.text]
    assert "site west" in said
    # The likelihood ratio has a limit where the estimate has none.
    assert found.interactions[0].test.p_value is not None
    firth = found_of(cohort_of(columns, estimator="firth", **fields))
    row = next(r for r in firth.rows if r.level == "west")
    assert row.hazard_ratio is not None
    assert firth.interactions == found.interactions
    assert any("ordinary Cox model" in note.text for note in firth.notes)


def test_a_level_without_one_of_the_groups_does_not_stop_the_others() -> None:
    columns = columns_of(8)
    columns["arm"][columns["site"] == "west"] = "new"
    found = found_of(cohort_of(columns, group_by="arm", subgroups=("site",)))
    rows = {row.level: row for row in found.rows}
    assert rows["west"].hazard_ratio is None
    assert (rows["west"].n_group, rows["west"].median_group) == (0, None)
    assert rows["north"].hazard_ratio is not None
    assert found.interactions[0].test.df == 1


def test_more_groups_have_a_row_each() -> None:
    cohort = cohort_of(columns_of(9), group_by="site", subgroups=("arm",))
    found = found_of(cohort)
    assert [(r.level, r.group, r.reference) for r in found.rows] == [
        (level, group, "north") for level in (None, "new", "old") for group in ("south", "west")
    ]
    assert found.interactions[0].test.df == 2


def test_a_variable_with_one_level_has_no_test() -> None:
    columns = columns_of(10)
    columns["one"] = np.array(["a"] * 90, dtype=object)
    found = found_of(cohort_of(columns, group_by="arm", subgroups=("one",)))
    assert found.interactions[0].test.statistic is None
    assert any("no test of interaction" in note.text for note in found.notes)


def test_no_events_at_all() -> None:
    columns = columns_of(11) | {"event": np.zeros(90)}
    found = found_of(cohort_of(columns, group_by="arm", subgroups=("site",), event_is=("1",)))
    assert {row.hazard_ratio for row in found.rows} == {None}
    assert found.interactions[0].test.p_value is None


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"group_by": None}, "no two groups"),
        ({"subgroups": ("arm",)}, "forms the groups"),
        ({"subgroups": ("event",)}, "outcome"),
        ({"subgroups": ("nothing",)}, "no column"),
        ({"subgroups": ("many",)}, "levels"),
    ],
)
def test_what_cannot_be_a_subgroup_is_refused(fields: dict[str, Any], words: str) -> None:
    columns = columns_of(12)
    columns["many"] = np.array([f"c{i % 15}" for i in range(90)], dtype=object)
    cohort = cohort_of(columns, **({"group_by": "arm", "subgroups": ("site",)} | fields))
    with pytest.raises(SpecError, match=words):
        found_of(cohort)


@LAW
@given(seed=st.integers(0, 1000), factor=st.sampled_from([0.5, 7.0, 30.4375]))
def test_order_of_rows_and_unit_do_not_matter(seed: int, factor: float) -> None:
    columns = columns_of(seed, 60)
    order = np.random.default_rng(seed).permutation(60)
    moved = {name: np.asarray(v)[order] for name, v in columns.items()}
    moved["time"] = moved["time"] * factor
    fields = {"group_by": "arm", "subgroups": ("site", "age")}
    here, there = (found_of(cohort_of(c, **fields)) for c in (columns, moved))
    for a, b in zip(here.rows, there.rows, strict=True):
        assert (a.level, a.n, a.events) == (b.level, b.n, b.events)
        assert (a.coef is None) == (b.coef is None)
        if a.coef is not None:
            assert a.coef == pytest.approx(b.coef, rel=1e-6, abs=1e-8)
    for c, d in zip(here.interactions, there.interactions, strict=True):
        assert c.test.statistic == pytest.approx(d.test.statistic, rel=1e-6, abs=1e-7)


def test_the_work_tells_how_far_it_is() -> None:
    cohort = cohort_of(columns_of(13), group_by="arm", subgroups=("site", "age"))
    told: list[float] = []
    subgroups(cohort, cohort.spec, progress=told.append)
    assert told == [0.0, 0.5, 1.0]


def test_what_is_known_later_forms_no_subgroups() -> None:
    dataset = dataset_of(columns_of(14))
    variables = dict(dataset.variables)
    variables["site"] = dataclasses.replace(variables["site"], known="later")
    later = dataclasses.replace(dataset, variables=variables)
    cohort = select(later, question(group_by="arm", subgroups=("site",)))
    assert "site" not in offered(cohort, cohort.spec)
    with pytest.raises(SpecError, match="known only later"):
        found_of(cohort)


# On the screen -------------------------------------------------------------------------------


def test_the_finding_and_the_caution() -> None:
    cohort = cohort_of(columns_of(3), group_by="arm", subgroups=("site", "age"))
    found = found_of(cohort)
    said = view.finding(cohort, found)
    ratio = view.ratio(found.rows[0])
    assert said.startswith(f"arm: old against arm: new: hazard ratio {ratio}. ")
    assert "No sign that it differs" in said
    first = found.interactions[0]
    sign = dataclasses.replace(first, test=dataclasses.replace(first.test, p_value=0.012))
    other = dataclasses.replace(found, interactions=(sign, found.interactions[1]))
    assert view.finding(cohort, other).endswith("It may differ by site (p = 0.012).")
    assert view.caution(found).startswith("2 interaction tests, not adjusted")
    assert "0.10 of them" in view.caution(found)
    assert "10%" in view.caution(found)
    assert view.caution(found_of(cohort_of(columns_of(3), group_by="arm"))) == ""


def test_table_and_forest_have_the_same_rows() -> None:
    columns = columns_of(7)
    columns["event"][(columns["site"] == "west") & (columns["arm"] == "old")] = 0
    cohort = cohort_of(columns, group_by="arm", subgroups=("site", "age"))
    found = found_of(cohort)
    table = view.table(cohort, found)
    assert len(table) == len(found.rows) == 6
    assert table["Subgroup"][:3].tolist() == ["All patients", "site: north", "site: south"]
    assert [bool(p) for p in table["p for interaction"]] == [False, True, False, False, True, False]
    assert "not estimable" in table["Hazard ratio (CI)"].tolist()
    sent = view.data(cohort, found)
    assert sent["rows"]["row"].to_pylist() == [0, 1, 2, 4, 5]
    for labelled in (False, True):
        shape = view.ForestShape.of(found, labelled=labelled)
        drawn = json.dumps(view.description(shape))
        names = set(re.findall(r'"name": "(rows|one|whole)"', drawn))
        assert names == set(sent) == {"rows", "one", "whole"}
        assert json.dumps([shape.low, shape.high]) in drawn
    assert len(view.in_full(found)) == 6
