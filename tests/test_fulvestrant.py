"""The synthetic cohort after the study of fulvestrant, and every cell that is said to match."""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from core.analysis import analyse_query
from core.lesions.pet.vocabulary import is_bone
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

NAME = "fulvestrant"
FOLDER = folder(NAME)
KINDS = {"estimate": 129, "count": 67, "other": 31}
LEAST_MATCHED = 105


PRINTED = rows(NAME)


@pytest.fixture(scope="module")
def computed() -> list[float | None]:
    """Every printed cell as the product computes it, percentages as such."""
    answers: dict[str, Any] = {}
    found: list[float | None] = []
    for row in PRINTED:
        query = query_of(NAME, row)
        if query not in answers:
            answers[query] = analyse_query(NAME, query)
        value = pick(answers[query][row["part"]], row["path"])
        found.append(100 * value if row["quantity"] == "percent" else value)
    return found


@pytest.fixture(scope="module")
def counted_in_r() -> dict[str, Any]:
    return stored(NAME)


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "patients.csv")


@pytest.fixture(scope="module")
def lesions() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "lesions.csv")


def test_the_list_of_printed_cells_is_complete() -> None:
    assert Counter(row["kind"] for row in PRINTED) == KINDS
    assert len({tuple(row[name] for name in KEY) for row in PRINTED}) == len(PRINTED)
    table_2 = [r for r in PRINTED if r["place"] == "Table 2" and r["kind"] == "estimate"]
    per_row = Counter((r["factor"], r["model"] == "multivariable") for r in table_2)
    assert per_row.pop(("Metastatic sites", False)) == 13
    assert all(n == (4 if several else 11) for (_, several), n in per_row.items())
    assert len(per_row) == 12


def test_cells_match_or_have_a_reason_why_not(computed: list[float | None]) -> None:
    for row, value in zip(PRINTED, computed, strict=True):
        assert rounds_to(value, row["printed"]) == (not row["reason"]), (row, value)
    matched = Counter(row["kind"] for row in PRINTED if not row["reason"])
    assert matched["estimate"] >= LEAST_MATCHED
    assert matched["count"] == KINDS["count"]


def test_r_counts_the_same_cells(
    computed: list[float | None], counted_in_r: dict[str, Any]
) -> None:
    assert len(counted_in_r["cells"]) == len(PRINTED)
    for row, value, cell in zip(PRINTED, computed, counted_in_r["cells"], strict=True):
        assert all(row[name] == cell[name] for name in (*KEY, "printed", "kind"))
        assert cell["matched"] == (not row["reason"]), cell
        if value is None:
            assert cell["value"] is None
        else:
            assert cell["value"] == pytest.approx(value, rel=1e-8, abs=1e-10)
    for kind, cells in KINDS.items():
        matched = sum(row["kind"] == kind and not row["reason"] for row in PRINTED)
        assert counted_in_r["counts"][kind] == {"matched": matched, "cells": cells}


def test_r_computes_the_stored_numbers_again(counted_in_r: dict[str, Any], tmp_path: Path) -> None:
    again = again_in_r(NAME, tmp_path / "again.json")
    assert again["counts"] == counted_in_r["counts"]
    for a, b in zip(again["cells"], counted_in_r["cells"], strict=True):
        assert a["matched"] == b["matched"]
        assert (a["value"] is None) == (b["value"] is None)
        if a["value"] is not None:
            assert math.isclose(a["value"], b["value"], rel_tol=1e-7, abs_tol=1e-10)


def test_the_generator_makes_the_committed_tables() -> None:
    from data.generators.fulvestrant.__main__ import tables

    assert_made(NAME, tables())


def test_the_patients_can_be(patients: pd.DataFrame) -> None:
    assert patients["id"].tolist() == [f"F{i:02d}" for i in range(1, 28)]
    assert (patients["os_months"] >= patients["pfs_months"]).all()
    assert patients["pfs_months"].is_unique
    assert (patients["progressed"] >= patients["died"]).all()
    assert patients.loc[patients["died"] == 1, "os_months"].gt(0).all()
    assert (patients["stage"] == "de novo").equals(patients["disease_free_interval"].isna())
    assert (patients["visceral"] == "yes").equals(
        (patients["liver"] == "yes") | (patients["lung"] == "yes")
    )
    answered = patients["best_response"].isin(["CR", "PR"])
    assert (patients.loc[answered, "clinical_benefit"] == "yes").all()
    # 24 weeks are 5.52 months, and progression at the scan of week 24 is no benefit.
    benefit = patients["clinical_benefit"] == "yes"
    assert patients.loc[benefit, "pfs_months"].min() > 5.52
    assert patients.loc[~benefit, "pfs_months"].max() < 5.7
    assert patients.loc[benefit, "best_response"].isin(["PR", "SD"]).all()
    assert [patients["age"].min(), patients["age"].max()] == [37, 78]
    assert [patients["os_months"].min(), patients["os_months"].max()] == [0.73, 59.3]


def test_the_lesions_can_be(patients: pd.DataFrame, lesions: pd.DataFrame) -> None:
    assert (lesions["SUVmean"] < lesions["SUVmax"]).all()
    assert not lesions.duplicated(["patient", "lesion"]).any()
    bone = lesions["site"].map(is_bone)
    assert 0 < bone.sum() < len(lesions) / 3
    counting = lesions[~bone & (lesions["SUVmax"] >= 2.5)]
    assert len(lesions) - len(counting) - bone.sum() > 0
    assert (counting["SUVmean"] >= 2.5).all()
    per_patient = counting.groupby("patient").size()
    assert [per_patient.min(), per_patient.median(), per_patient.max()] == [2, 4, 12]
    sites = lesions.groupby("patient")["site"].agg(set)
    for row in patients.itertuples():
        assert (row.liver == "yes") == ("liver" in sites[row.id])
        assert (row.lung == "yes") == ("lung" in sites[row.id])
        assert len(sites[row.id]) == row.n_sites


@pytest.mark.parametrize(
    ("marker", "high"),
    [("SUVmax", 13), ("SUVmean", 14), ("MTV", 14), ("HI", 14), ("COV", 13), ("TLG", 14)],
)
def test_the_cutoffs_are_the_rounded_medians(marker: str, high: int) -> None:
    row = next(r for r in PRINTED if r["factor"] == marker and "cut_value" in r["query"])
    answer = analyse_query(NAME, query_of(NAME, row | {"part": "cohort"}))
    assert answer["groups"]["levels"][1]["n"] == high
    assert answer["cohort"]["n"] == 27
    assert answer["data"]["synthetic"]
