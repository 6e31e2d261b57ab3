"""Penalised Cox models: glmnet's numbers, the conditions of an optimum, and laws."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core import prediction
from core.errors import SpecError
from core.prediction import PenalisedResult, penalised
from core.survival.cox import model
from core.survival.penalty import breslow, deviance, folds, ridge
from core.survival.risk import moments
from core.view.model import penalised as view
from tests.cohorts import cohort_of, random_columns

STORED: dict[str, Any] = json.loads(
    (Path(__file__).parent / "reference" / "cox_reference.json").read_text(encoding="utf-8")
)["penalised"]
MODELS = STORED["models"]


def gbsg() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times without ties, events, and the columns of the reference."""
    from lifelines.datasets import load_gbsg2

    frame = load_gbsg2()
    time = frame["time"].to_numpy(dtype=float) + np.arange(1, len(frame) + 1) / 1000
    return time, frame["cens"].to_numpy() == 1, frame[STORED["columns"]].to_numpy(dtype=float)


def asked(columns: dict[str, Any], *terms: str, **fields: Any) -> PenalisedResult:
    cohort = cohort_of(columns, terms=terms, **fields)
    return penalised(cohort, cohort.spec)


def noisy(seed: int = 0, n: int = 80) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    return random_columns(seed, n) | {f"x{k}": rng.normal(size=n) for k in range(4)}


TERMS = ("age", "arm", "site", "x0", "x1", "x2", "x3")


@pytest.mark.parametrize("case", MODELS, ids=["ridge", "elastic net", "lasso"])
def test_path_and_cross_validation_are_those_of_glmnet(case: dict[str, Any]) -> None:
    """Lambda on its scale, coefficients per unit, deviance per event and its standard error."""
    time, event, x = gbsg()
    scale = x.std(axis=0)
    z = (x - x.mean(axis=0)) / scale
    penalty, fold = np.array(case["lambda"]), np.array(STORED["fold"]) - 1
    path = prediction.fit_path(time, event, z, penalty, case["l1_ratio"])
    assert path / scale[:, None] == pytest.approx(np.array(case["coef"]), abs=1e-8)
    mean, error = prediction.cross_validate(time, event, z, penalty, case["l1_ratio"], fold)
    assert mean == pytest.approx(np.array(case["deviance"]), rel=1e-8)
    assert error == pytest.approx(np.array(case["std_error"]), rel=1e-6)
    best, sparse = prediction.chosen(mean, error)
    assert penalty[[best, sparse]] == pytest.approx([case["lambda_min"], case["lambda_1se"]])
    first = prediction.penalties(time, event, z, case["l1_ratio"])[0]
    assert first == pytest.approx(case["first"], rel=1e-9)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.3, 1.0])
def test_the_path_fulfils_the_conditions_of_an_optimum(l1_ratio: float) -> None:
    """With ties: the gradient of Breslow's likelihood balances the penalty, or lies inside it."""
    columns = noisy()
    z = np.column_stack([columns[k] for k in ("age", "arm", "x0", "x1", "x2")])
    z = (z - z.mean(axis=0)) / z.std(axis=0)
    event = columns["event"] > 0
    penalty = np.geomspace(0.3, 0.003, 9)
    path = prediction.fit_path(columns["time"], event, z, penalty, l1_ratio)
    sets, rows = breslow(columns["time"], event, z)
    for strength, beta in zip(penalty, path.T, strict=False):
        gradient = moments(sets, rows, beta).gradient / len(z) - strength * (1 - l1_ratio) * beta
        bound = strength * l1_ratio
        used = beta != 0
        assert gradient[used] == pytest.approx(bound * np.sign(beta[used]), abs=1e-7)
        assert (np.abs(gradient[~used]) <= bound + 1e-7).all()
    assert (path != 0).sum(axis=0)[-1] > (path != 0).sum(axis=0)[0] or l1_ratio == 0


def test_without_a_penalty_ridge_is_the_ordinary_model() -> None:
    columns = random_columns(1, 80)
    x = np.column_stack([columns["age"] - 60, columns["arm"]])
    beta = next(ridge(columns["time"], columns["event"] > 0, x, np.array([1e-14])))
    cohort = cohort_of(columns, terms=("age", "arm"), ties="breslow")
    rows = model(cohort, cohort.spec).multivariable
    assert beta == pytest.approx([row.coef for row in rows], rel=1e-8)


def test_rows_are_per_unit_and_per_standard_deviation() -> None:
    columns = noisy()
    found = asked(columns, *TERMS)
    best = int(np.argmin(found.deviance))
    assert found.penalty[best] == found.lambda_min <= found.lambda_1se
    for k, row in enumerate(found.rows):
        assert np.log(row.hazard_ratio_sd_min) == pytest.approx(found.path[k, best], abs=1e-12)
        assert row.coef_min * row.std_dev == pytest.approx(found.path[k, best], abs=1e-12)
        assert row.hazard_ratio_min == pytest.approx(np.exp(row.coef_min))
    assert [r.level for r in found.rows if r.term == "site"] == ["south", "west"]
    age = next(r for r in found.rows if r.term == "age")
    assert age.std_dev == pytest.approx(columns["age"].std(), rel=1e-12)
    assert found.kept_min == sum(r.coef_min != 0 for r in found.rows)


@pytest.mark.parametrize("l1_ratio", [0.0, 0.5])
def test_units_of_the_columns_do_not_matter(l1_ratio: float) -> None:
    columns = noisy()
    moved = {**columns, "age": 12 * columns["age"] - 400}
    one, other = (asked(c, *TERMS, l1_ratio=l1_ratio) for c in (columns, moved))
    assert other.path == pytest.approx(one.path, abs=1e-6)
    assert other.deviance == pytest.approx(one.deviance, rel=1e-8)
    assert other.rows[0].hazard_ratio_sd_min == pytest.approx(one.rows[0].hazard_ratio_sd_min)


def test_the_same_seed_gives_the_same_parts_and_another_one_others() -> None:
    columns = noisy()
    one, again, other = (asked(columns, *TERMS, seed=s) for s in (4, 4, 5))
    assert np.array_equal(one.deviance, again.deviance)
    assert np.array_equal(one.path, other.path)
    assert not np.array_equal(one.deviance, other.deviance)


def test_parts_have_nearly_equal_numbers_of_patients_and_of_events() -> None:
    event = np.random.default_rng(1).random(203) < 0.3
    fold = folds(event, np.random.default_rng(2))
    for who in (event, ~event):
        sizes = np.bincount(fold[who], minlength=10)
        assert sizes.max() - sizes.min() <= 1


def test_the_deviance_is_twice_what_the_saturated_model_has_more() -> None:
    """Two die together: the best that any model does is to give each of them half."""
    time, event = np.array([1.0, 1, 2, 3]), np.array([True, True, True, False])
    sets, rows = breslow(time, event, np.zeros((4, 1)))
    expected = 2 * (-2 * np.log(2) + 2 * np.log(4) + np.log(2))
    assert deviance(sets, rows, np.zeros(1)) == pytest.approx(expected, rel=1e-12)


def test_a_marker_of_noise_is_dropped_and_said() -> None:
    rng = np.random.default_rng(7)
    columns = random_columns(3, 100, ties=False)
    columns |= {"time": rng.exponential(10, 100)} | {
        f"x{k}": rng.normal(size=100) for k in range(6)
    }
    found = asked(columns, *(f"x{k}" for k in range(6)), l1_ratio=1.0)
    assert found.kept_1se == 0
    assert found.lambda_1se == pytest.approx(found.penalty[0])


def test_columns_that_do_not_vary_are_left_out_and_said() -> None:
    columns = noisy() | {"same": np.full(80, 3.0)}
    found = asked(columns, "same", "age", "arm")
    assert [row.term for row in found.rows] == ["age", "arm"]
    assert any("do not vary" in note.text for note in found.notes)


def test_more_columns_than_patients_are_possible() -> None:
    rng = np.random.default_rng(5)
    columns = random_columns(1, 40) | {f"x{k}": rng.normal(size=40) for k in range(60)}
    found = asked(columns, *(f"x{k}" for k in range(60)), l1_ratio=1.0)
    assert 0 <= found.kept_min < 60
    assert np.isfinite(found.deviance).all()


@pytest.mark.parametrize(
    ("fields", "field"),
    [({"strata": ("site",)}, "strata"), ({"entry": "entry"}, "entry"),
     ({"weights": "dose"}, "weights"), ({"offset": "dose"}, "offset"),
     ({"terms": ("age",)}, "terms"), ({"terms": ("age:since(dose)", "arm")}, "terms")],
)  # fmt: skip
def test_what_it_cannot_do_is_refused(fields: dict[str, Any], field: str) -> None:
    asked_ = {"terms": ("age", "arm")} | fields
    cohort = cohort_of(random_columns(0), **asked_)
    with pytest.raises(SpecError) as caught:
        penalised(cohort, cohort.spec)
    assert caught.value.field == field


def test_too_few_events_are_refused() -> None:
    columns = random_columns(0) | {"event": (np.arange(60) < 9) * 1.0}
    with pytest.raises(SpecError, match="too few"):
        asked(columns, "age", "arm")


def test_the_work_tells_how_far_it_is_and_can_be_left() -> None:
    class LeftError(Exception):
        pass

    told: list[float] = []

    def progress(fraction: float) -> None:
        told.append(fraction)
        if fraction > 0.3:
            raise LeftError

    cohort = cohort_of(noisy(), terms=TERMS)
    with pytest.raises(LeftError):
        penalised(cohort, cohort.spec, progress=progress)
    assert told == pytest.approx([0.0, 0.1, 0.2, 0.3, 0.4][: len(told)])


# On the screen --------------------------------------------------------------------------------


def test_figures_and_table_show_every_column_at_both_penalties() -> None:
    found = asked(noisy(), *TERMS)
    shape = view.PenaltyShape.of(found)
    assert shape.labels[:3] == ("age (per unit)", "arm (per unit)", "site: south (vs north)")
    assert {layer["data"]["name"] for layer in view.path_description(shape)["layer"]} == {
        "path", "chosen",
    }  # fmt: skip
    assert view.deviance_description(shape)["layer"]
    path = view.path_data(found)["path"]
    assert path.num_rows == found.path.size
    assert path["coef"][len(found.penalty)].as_py() == found.path[1, 0]
    chosen = view.deviance_data(found)["chosen"].to_pydict()
    assert chosen["penalty"] == [found.lambda_min, found.lambda_1se]
    table = view.table(found)
    assert len(table) == len(found.rows)
    assert (table["Best, HR per SD"] != "dropped").sum() == found.kept_min
    assert "SD" in view.WHY_NO_P or "p-values" in view.WHY_NO_P
    assert len(view.path_values(found)) == len(found.penalty)


def test_the_finding_says_what_is_kept() -> None:
    lasso, smooth = (asked(noisy(2, 200), *TERMS, l1_ratio=a) for a in (1.0, 0.0))
    assert lasso.kept_min > 0
    assert f"{lasso.kept_min} of 8 columns are kept" in view.finding(lasso)
    assert "Ridge keeps all 8 columns" in view.finding(smooth)
    assert "Lasso, 10-fold" in view.variant(lasso)
    none = asked(noisy(), *TERMS, l1_ratio=1.0)
    assert none.kept_min == 0
    assert view.finding(none).endswith("helps to predict patients who were left out.")
