"""The synthetic cohort after the study of progression modes, and every cell said to match."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.analysis import analyse_query
from core.known import KnownLater
from core.lesions.recist import table
from core.lesions.recist.models import Modes, modes
from core.lesions.recist.progression import ends
from core.lesions.recist.response import Assessments, assess
from tests.study_cells import (
    KEY,
    again_in_r,
    assert_made,
    folder,
    pick,
    query_of,
    rounds_to,
    rows,
    stored,
)

NAME = "progression_mode"
FOLDER = folder(NAME)
KINDS = {"estimate": 89, "count": 37, "other": 27}
LEAST_MATCHED = 80
REFUSED = "the program refuses"
DAYS = 30.4375


PRINTED = rows(NAME)


@pytest.fixture(scope="module")
def computed() -> list[float | None]:
    """Every printed cell as the product computes it, percentages as such; None: refused."""
    answers: dict[str, Any] = {}
    found: list[float | None] = []
    for row in PRINTED:
        query = query_of(NAME, row)
        if query not in answers:
            try:
                answers[query] = analyse_query(NAME, query)
            except KnownLater:
                answers[query] = None
        if answers[query] is None:
            found.append(None)
            continue
        value = pick(answers[query][row["part"]], row["path"])
        found.append(100 * value if row["quantity"] == "percent" else value)
    return found


@pytest.fixture(scope="module")
def counted_in_r() -> dict[str, Any]:
    return stored(NAME)


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    dates = [
        "metastasis_date", "first_line_start", "second_line_start", "second_progression_date",
        "last_visit_date",
    ]  # fmt: skip
    return pd.read_csv(FOLDER / "patients.csv", parse_dates=dates, index_col="id")


@pytest.fixture(scope="module")
def lesions() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "lesions.csv")


@pytest.fixture(scope="module")
def assessed(lesions: pd.DataFrame) -> Assessments:
    roles = table.recognise(lesions)
    assert roles is not None
    read = table.canonical(lesions, roles)
    # The table is read without a doubt: nothing left out, nothing repaired, no limit broken.
    assert [note.level for note in read.notes if note.level != "info"] == []
    return assess(read)


@pytest.fixture(scope="module")
def mode(assessed: Assessments) -> Modes:
    return modes(assessed)


def test_the_list_of_printed_cells_is_complete() -> None:
    assert Counter(row["kind"] for row in PRINTED) == KINDS
    assert len({tuple(row[name] for name in KEY) for row in PRINTED}) == len(PRINTED)
    places = Counter(row["place"] for row in PRINTED if row["kind"] == "estimate")
    figure_3 = {f"Figure 3{letter}": 3 for letter in "abc"}
    assert places == {"Results": 3, "Table 3": 48, "Figure 4": 22, "Table 1": 7, **figure_3}
    table_3 = Counter((r["factor"], r["model"]) for r in PRINTED if r["place"] == "Table 3")
    assert len(table_3) == 12
    assert set(table_3.values()) == {4}


def test_cells_match_or_have_a_reason_why_not(computed: list[float | None]) -> None:
    for row, value in zip(PRINTED, computed, strict=True):
        assert (REFUSED in row["reason"]) == (value is None)
        if value is not None:
            assert rounds_to(value, row["printed"]) == (not row["reason"]), (row, value)
    matched = Counter(row["kind"] for row in PRINTED if not row["reason"])
    assert matched["count"] == KINDS["count"]


def test_r_counts_the_same_cells(
    computed: list[float | None], counted_in_r: dict[str, Any]
) -> None:
    assert len(counted_in_r["cells"]) == len(PRINTED)
    for row, value, cell in zip(PRINTED, computed, counted_in_r["cells"], strict=True):
        assert all(row[name] == cell[name] for name in (*KEY, "printed", "kind"))
        if value is not None:
            assert cell["matched"] == (not row["reason"]), cell
            assert cell["value"] == pytest.approx(value, rel=1e-8, abs=1e-10)
    counts = counted_in_r["counts"]
    assert {kind: counts[kind]["cells"] for kind in counts} == KINDS
    assert counts["estimate"]["matched"] >= LEAST_MATCHED
    refused = sum(value is None for value in computed)
    assert refused == 5


def test_r_computes_the_stored_numbers_again(counted_in_r: dict[str, Any], tmp_path: Path) -> None:
    again = again_in_r(NAME, tmp_path / "again.json")
    assert again["counts"] == counted_in_r["counts"]
    assert again["groups"] == counted_in_r["groups"]
    for a, b in zip(again["cells"], counted_in_r["cells"], strict=True):
        assert a["matched"] == b["matched"]
        assert math.isclose(a["value"], b["value"], rel_tol=1e-7, abs_tol=1e-10)


def test_r_finds_the_same_modes(mode: Modes, counted_in_r: dict[str, Any]) -> None:
    frame = mode.frame
    assert counted_in_r["groups"] == {
        "heter": int((frame["pd_mode"] == "Heter-PD").sum()),
        "model_a_1": int((frame["pd_model_a"] == "group 1").sum()),
        "model_b_1": int((frame["pd_model_b"] == "group 1").sum()),
        "change_by_category": len(mode.changed),
    }


def test_the_modes_are_those_of_the_state(mode: Modes, patients: pd.DataFrame) -> None:
    from data.generators.progression_mode import state
    from data.generators.progression_mode.cost import GROUP_A, GROUP_B, HETER

    time, _, x, _ = state.read()
    by_time = patients.reset_index().set_index("second_line_months")["id"]
    ids = by_time.loc[time].to_numpy()
    frame = mode.frame.loc[ids]
    assert (frame["pd_mode"] == "Heter-PD").tolist() == (x[HETER] == 1).tolist()
    assert (frame["pd_model_a"] == "group 1").tolist() == (x[GROUP_A] == 1).tolist()
    assert (frame["pd_model_b"] == "group 1").tolist() == (x[GROUP_B] == 1).tolist()
    assert (frame["pd_mode"] == "Heter-PD").sum() == 38
    assert (frame["pd_mode"] == "Hom-PD").sum() == 32


def test_the_first_line_ends_at_the_progression(
    assessed: Assessments, patients: pd.DataFrame
) -> None:
    found = ends(assessed)
    assert found["progressed"].all()
    last = assessed.frame.groupby("patient")["visit"].max()
    assert (found["visit"] == last.reindex(found.index)).all()
    date = pd.to_datetime(found["date"]).reindex(patients.index)
    months = (date - patients["metastasis_date"]).dt.days / DAYS
    assert (months - patients["first_line_months"]).abs().max() <= 0.5 / DAYS + 1e-9
    assert (patients["second_line_start"] > date).all()
    first = pd.to_datetime(assessed.frame.groupby("patient")["date"].min())
    assert (first.reindex(patients.index) >= patients["metastasis_date"]).all()
    assert (first.reindex(patients.index) < patients["first_line_start"]).all()


def test_the_patients_can_be(patients: pd.DataFrame) -> None:
    assert patients.index.tolist() == [f"P{i:02d}" for i in range(1, 71)]
    assert patients["second_line_months"].is_unique
    assert patients["first_line_months"].is_unique
    assert ((patients["age"] < 45) == (patients["age_group"] == "< 45")).all()
    four = patients["initial_stage"] == "IV"
    assert (four == (patients["initial_stage_code"] == 4)).all()
    assert (four == patients["disease_free_months"].isna()).all()
    endocrine = patients["first_line"] == "endocrine"
    assert (patients.loc[endocrine, "hormone_receptor"] == "positive").all()
    retained = patients["partial_retention"] == "yes"
    assert (patients.loc[retained, "her2"] == "positive").all()
    assert (patients["metastasis_date"] < patients["first_line_start"]).all()
    end = patients["second_progression_date"]
    assert (end.notna() == (patients["second_line_progressed"] == 1)).all()
    months = (end - patients["second_line_start"]).dt.days / DAYS
    assert (months - patients["second_line_months"]).abs().max() <= 0.5 / DAYS + 1e-9
    assert (patients["follow_up_months"] >= patients["second_line_months"]).all()
    assert (patients["last_visit_date"] >= end.fillna(patients["second_line_start"])).all()
    assert patients["follow_up_months"].median() == 10.36


def test_the_lesions_can_be(patients: pd.DataFrame, lesions: pd.DataFrame) -> None:
    start = lesions[lesions["visit"] == "baseline"]
    targets = start[start["kind"] == "target"]
    others = start[start["kind"] == "non-target"]
    per_patient = targets.groupby("patient").size()
    assert set(per_patient.index) == set(patients.index)
    assert [per_patient.min(), per_patient.max()] == [1, 5]
    assert others.groupby("patient").size().max() <= 4
    assert targets.groupby(["patient", "site"]).size().max() == 2
    node = targets["site"] == "lymph node"
    assert targets.loc[node, "diameter (mm)"].min() >= 15
    assert targets.loc[~node, "diameter (mm)"].min() >= 10
    inner = {"liver", "lung", "adrenal gland", "ovary"}
    at = start.groupby("patient")["site"].agg(lambda sites: bool(inner & set(sites)))
    assert (at.reindex(patients.index) == (patients["metastatic_sites"] == "visceral")).all()


def test_the_clauses_of_recist_occur(assessed: Assessments, lesions: pd.DataFrame) -> None:
    frame = assessed.frame
    small = (frame["change_nadir"] >= 20) & (frame["growth"] < 5)
    assert (small & (frame["overall_response"] != "PD")).any()
    node = lesions["site"] == "lymph node"
    assert (lesions.loc[node & (lesions["kind"] == "target"), "diameter (mm)"] < 10).any()
    assert (lesions["state"] == "too small to measure").any()
    assert (lesions["kind"] == "new").any()


def test_the_generator_makes_the_committed_tables() -> None:
    from data.generators.progression_mode.__main__ import tables

    assert_made(NAME, tables())


def test_the_search_counts_as_r_does(counted_in_r: dict[str, Any]) -> None:
    from data.generators.progression_mode import state, targets

    now = state.read()
    stored = [cell for cell in counted_in_r["cells"] if cell["kind"] == "estimate"]
    assert int(state.missed(now).sum()) == sum(not cell["matched"] for cell in stored)
    values = state.values(now)
    rows = [row for row in PRINTED if row["kind"] == "estimate"]
    assert len({targets.place_of(row) for row in rows}) == len(rows)
    for row, cell in zip(rows, stored, strict=True):
        value = values[targets.place_of(row)]
        assert value == pytest.approx(cell["value"], rel=1e-6, abs=1e-9)


def test_a_search_keeps_what_table_1_says() -> None:
    from data.generators.progression_mode import cost
    from data.generators.progression_mode.anneal import COUNTS, scratch
    from data.generators.progression_mode.moves import move

    time, event, x, first = scratch(np.random.default_rng(5))
    shares = np.array([0.3, 0.2, 0.1, 0.2, 0.2])
    for _ in range(3_000):
        move(time, event, x, first, shares)
    assert (np.diff(time) > 0).all()
    assert event.sum() == 66
    assert x[cost.HETER].sum() == 38
    for label in range(cost.STAGE_4, cost.YOUNG):
        own = [int(x[label, x[cost.HETER] == arm].sum()) for arm in (1, 0)]
        assert own == COUNTS[label - cost.STAGE_4].tolist()
    assert (x[cost.RETAINED] <= x[cost.HER2]).all()
    assert (1 - x[cost.CHEMO] <= x[cost.HORMONE]).all()
    assert (x[cost.GROUP_B] <= x[cost.GROUP_A]).all()
    assert (x[cost.GROUP_A] <= x[cost.HETER]).all()
