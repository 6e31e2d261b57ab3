"""The synthetic cohort after the study of fulvestrant, and every cell that is said to match."""

from __future__ import annotations

import csv
import json
import math
import re
import subprocess
import tomllib
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.analysis import analyse_query
from core.lesions.pet.vocabulary import is_bone
from tests.support import need

DATA = Path(__file__).parents[1] / "data"
FOLDER = DATA / "fulvestrant"
REFERENCE = Path(__file__).with_name("reference")
HEADER = [
    "place", "factor", "group", "model", "quantity", "printed", "kind", "part", "query", "path",
    "reason",
]  # fmt: skip
KINDS = {"estimate": 129, "count": 67, "other": 31}
LEAST_MATCHED = 104
KEY = ("place", "factor", "group", "model", "quantity")


def _rows() -> list[dict[str, str]]:
    with (FOLDER / "printed.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


PRINTED = _rows()


def _query(row: dict[str, str]) -> str:
    """The study's own question with what a cell asks for in place of the same fields."""
    base = tomllib.loads((DATA / "fulvestrant.toml").read_text(encoding="utf-8"))["base"]
    own = [field for field in row["query"].split("&") if field]
    names = {field.partition("=")[0] for field in own}
    kept = [field for field in base.split("&") if field.partition("=")[0] not in names]
    return "&".join([*kept, *own, f"parts={row['part']}"])


def _pick(answer: Any, path: str) -> Any:
    for name, inside in re.findall(r"([A-Za-z_]\w*)|\[([^\]]*)\]", path):
        key, equals, value = inside.partition("=")
        if name:
            answer = answer[name]
        elif equals:
            answer = next(entry for entry in answer if str(entry[key]) == value)
        else:
            answer = answer[int(inside)]
    return answer


def _rounds_to(value: float | None, text: str) -> bool:
    if text == "NR" or value is None:
        return text == "NR" and value is None
    unit = Decimal(1).scaleb(-len(text.partition(".")[2]))
    # Ten decimals: what a sum leaves in the last bits decides nothing.
    return Decimal(f"{value:.10f}").quantize(unit, ROUND_HALF_UP) == Decimal(text)


@pytest.fixture(scope="module")
def computed() -> list[float | None]:
    """Every printed cell as the product computes it, percentages as such."""
    answers: dict[str, Any] = {}
    found: list[float | None] = []
    for row in PRINTED:
        query = _query(row)
        if query not in answers:
            answers[query] = analyse_query("fulvestrant", query)
        value = _pick(answers[query][row["part"]], row["path"])
        found.append(100 * value if row["quantity"] == "percent" else value)
    return found


@pytest.fixture(scope="module")
def counted_in_r() -> dict[str, Any]:
    text = (REFERENCE / "fulvestrant_reference.json").read_text(encoding="utf-8")
    stored: dict[str, Any] = json.loads(text)
    return stored


@pytest.fixture(scope="module")
def patients() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "patients.csv")


@pytest.fixture(scope="module")
def lesions() -> pd.DataFrame:
    return pd.read_csv(FOLDER / "lesions.csv")


def test_the_list_of_printed_cells_is_complete() -> None:
    with (FOLDER / "printed.csv").open(encoding="utf-8", newline="") as stream:
        assert next(csv.reader(stream)) == HEADER
    assert Counter(row["kind"] for row in PRINTED) == KINDS
    assert len({tuple(row[name] for name in KEY) for row in PRINTED}) == len(PRINTED)
    table_2 = [r for r in PRINTED if r["place"] == "Table 2" and r["kind"] == "estimate"]
    per_row = Counter((r["factor"], r["model"] == "multivariable") for r in table_2)
    assert per_row.pop(("Metastatic sites", False)) == 13
    assert all(n == (4 if several else 11) for (_, several), n in per_row.items())
    assert len(per_row) == 12


def test_cells_match_or_have_a_reason_why_not(computed: list[float | None]) -> None:
    for row, value in zip(PRINTED, computed, strict=True):
        assert _rounds_to(value, row["printed"]) == (not row["reason"]), (row, value)
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
    program = need("Rscript")
    check = "quit(status = !all(sapply(c('jsonlite', 'survival'), requireNamespace)))"
    if subprocess.run([program, "-e", check], capture_output=True, check=False).returncode:
        need("Rscript with the packages jsonlite, survival")
    output = tmp_path / "again.json"
    script = REFERENCE / "fulvestrant_reference.R"
    run = subprocess.run(
        [program, str(script), str(FOLDER), str(output)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    again = json.loads(output.read_text(encoding="utf-8"))
    assert again["counts"] == counted_in_r["counts"]
    for a, b in zip(again["cells"], counted_in_r["cells"], strict=True):
        assert a["matched"] == b["matched"]
        assert (a["value"] is None) == (b["value"] is None)
        if a["value"] is not None:
            assert math.isclose(a["value"], b["value"], rel_tol=1e-7, abs_tol=1e-10)


def test_the_generator_makes_the_committed_tables() -> None:
    from data.generators.fulvestrant.__main__ import tables

    for name, rows in tables().items():
        with (FOLDER / name).open(encoding="utf-8", newline="") as stream:
            assert list(csv.reader(stream)) == [[str(cell) for cell in row] for row in rows]


def test_the_search_counts_as_r_does(counted_in_r: dict[str, Any]) -> None:
    from data.generators.fulvestrant import state, targets

    now = state.read()
    _target, _, weight = targets.tables()
    stored = [c for c in counted_in_r["cells"] if c["kind"] == "estimate"]
    of_state = [c for c in stored if c["factor"] in (*targets.FACTORS, "Overall")]
    assert int((weight > 0).sum()) == len(of_state) == 127
    assert int(state.missed(now).sum()) == sum(not c["matched"] for c in of_state)
    values = state.values(now)
    rows = [row for row in PRINTED if row["kind"] == "estimate"]
    for row, cell in zip(rows, stored, strict=True):
        if cell in of_state:
            value = values[targets.place_of(row)]
            wanted = np.nan if cell["value"] is None else cell["value"]
            assert value == pytest.approx(wanted, rel=1e-6, abs=1e-9, nan_ok=True)


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
    answer = analyse_query("fulvestrant", _query(row | {"part": "cohort"}))
    assert answer["groups"]["levels"][1]["n"] == high
    assert answer["cohort"]["n"] == 27
    assert answer["data"]["synthetic"]
