"""Odd tables through the public answer: no traceback, no warning, and nothing but plain JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from core.analysis import analyse
from core.survival import individual
from core.survival.residuals import residuals
from tests.cohorts import cohort_of, dataset_of, question

PARTS = (
    "cohort", "km", "cox", "differences", "observation", "comparisons", "precision", "competing",
    "hazard", "parametric", "residuals", "influence", "prediction", "missing", "logistic",
    "response", "table_one",
)  # fmt: skip


def table(n: int = 40) -> dict[str, Any]:
    rng = np.random.default_rng(n)
    return {
        "time": np.round(rng.exponential(300, n) + 1),
        "event": (rng.random(n) < 0.6) * 1.0,
        "age": np.round(rng.normal(60, 10, n), 1),
        "dose": rng.normal(size=n),
        "arm": rng.choice(["A", "B"], n).tolist(),
        "best": rng.choice(["CR", "PR", "SD"], n).tolist(),
        "site": rng.choice(["x", "y"], n).tolist(),
    }


N = 40
LATE = np.maximum(table()["time"] - 50, 0)
ODD: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a number that predicts the time": ({"age": table()["time"] / 1000}, {}),
    "numbers of extreme scale": (
        {"age": table()["age"] * 1e-12, "dose": table()["dose"] * 1e12}, {}
    ),
    "nobody has a stratum": ({"site": [None] * N}, {"strata": ("site",)}),
    "everybody enters late": ({"entry": table()["time"] - 1}, {"entry": "entry"}),
    "some enter late": ({"entry": LATE}, {"entry": "entry"}),
    "negative times": ({"time": np.where(np.arange(N) < 5, -3.0, table()["time"])}, {}),
    "no event": ({"event": np.zeros(N)}, {}),
    "all at one time": ({"time": np.full(N, 100.0)}, {}),
    "constant covariates": ({"age": np.full(N, 50.0), "dose": np.ones(N)}, {}),
    "two patients": (table(2), {}),
}  # fmt: skip
"""Columns that make the table odd, and what is asked of it beside."""


@pytest.mark.parametrize("name", ODD)
def test_an_odd_table_has_an_answer(name: str) -> None:
    columns, fields = ODD[name]
    made = table() | columns
    parts = tuple(p for p in PARTS if p != "comparisons" or len(set(made["arm"])) > 1)
    spec = question(
        group_by="arm", cut_rule="none", terms=("age", "dose", "arm"), response="best",
        response_is=("CR",), parts=parts, **fields,
    )  # fmt: skip
    answer = analyse(dataset_of(made), spec)
    assert json.loads(json.dumps(answer, allow_nan=False))["version"] == 1
    assert set(parts) <= set(answer)


def test_the_unit_of_a_number_does_not_move_its_residuals() -> None:
    """Thirty orders of magnitude between two columns, and each residual follows its own unit."""
    made, scale = table(), np.array([1e15, 1e-15])
    wide = made | {"age": made["age"] * scale[0], "dose": made["dose"] * scale[1]}
    found = [
        residuals(cohort, cohort.spec).schoenfeld
        for cohort in (cohort_of(t, terms=("age", "dose")) for t in (made, wide))
    ]
    for one, other, factor in zip(*found, scale, strict=True):
        assert other.estimate * factor == pytest.approx(one.estimate, rel=1e-8)
        assert other.std_error * factor == pytest.approx(one.std_error, rel=1e-8)


def test_the_information_belongs_to_the_covariance() -> None:
    made = table()
    cohort = cohort_of(made, terms=("age", "dose"))
    _, found, _ = individual.final_model(cohort, cohort.spec)
    assert found is not None
    at = individual.AtFit.of(found.sets, found.matrix, found.fit.beta)
    scale = np.outer(at.scale, at.scale)
    assert at.information @ (at.covariance * scale) == pytest.approx(np.eye(2), abs=1e-10)
