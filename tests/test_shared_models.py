"""Models, diagnostics and competing risks of public tables: the public entry against R.

``reference/shared_models.json`` was written by ``reference/shared_models.R`` from real tables that
a clone does not bring.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.analysis import analyse_query
from core.survival.competing.competing import competing
from tests.cohorts import cohort_of
from tests.support import tables
from tests.test_reference import differences

STORED = json.loads(
    (Path(__file__).parent / "reference" / "shared_models.json").read_text(encoding="utf-8")
)
CASES: list[dict[str, Any]] = STORED["cases"]
RELATIVE = 1e-8


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_models_agree_with_r(case: dict[str, Any]) -> None:
    """Coefficients, the three tests, proportional hazards on four scales, both concordances."""
    found = analyse_query(tables() / case["table"], case["query"])
    wrong = list(differences(case["expect"], found, relative=RELATIVE))
    assert not wrong, "\n".join([case["query"], *wrong[:20]])


@pytest.fixture(scope="module")
def first_events() -> Any:
    """What comes first in R's mgus2: the malignancy (1) or death without it (2)."""
    table = pd.read_csv(tables() / "r_survival" / "mgus2.csv")
    malignant = table["pstat"] == 1
    columns = {
        "time": np.where(malignant, table["ptime"], table["futime"]).astype(float),
        "event": np.where(malignant, 1.0, 2.0 * table["death"]),
        "sex": table["sex"].tolist(),
        "age": table["age"].to_numpy(dtype=float),
    }
    cohort = cohort_of(
        columns, unit="months", competing=("2",), group_by="sex", cut_rule="none",
        terms=("age", "sex:cat(F)"), at=("60", "120", "240"),
    )  # fmt: skip
    return competing(cohort, cohort.spec)


def test_competing_risks_agree_with_cmprsk(first_events: Any) -> None:
    """Cumulative incidence with its variance, and Gray's test."""
    expected = STORED["competing"]["expect"]["competing"]
    rows = first_events.at[["time", "estimate", "std_error"]].to_dict("records")
    assert not list(differences(expected["at"], rows, relative=1e-9))
    tests = [vars(test) for test in first_events.tests]
    assert not list(differences(expected["tests"], tests, relative=1e-9))


def test_models_of_competing_risks_agree_with_cmprsk(first_events: Any) -> None:
    """Subdistribution and cause-specific coefficients with their errors."""
    found = {m.cause: m for m in first_events.models if m.model == "terms"}
    for expected in STORED["competing"]["models"]:
        for kind in ("cause_specific", "subdistribution"):
            rows = [vars(row) for row in getattr(found[expected["cause"]], kind)]
            assert not list(differences(expected[kind], rows, relative=RELATIVE))
