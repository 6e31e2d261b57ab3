"""Residuals and influence of the Cox model.

``reference/diagnostics_reference.json`` was written by ``reference/diagnostics_reference.R``.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.cohort import Cohort, select
from core.published import plainly
from core.reading import read_file
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from core.steps import Recipe
from core.survival.individual import AtFit, final_model, persons
from core.survival.influence import InfluenceResult, influence
from core.survival.proportional import TRANSFORMS, time_scale
from core.survival.residuals import ResidualsResult, deviance, lowess, residuals
from core.survival.schoenfeld import scaled
from core.view.model import influence as influence_view
from core.view.model import residuals as view
from core.view.model import scatter
from tests.cohorts import LAW, cohort_of, random_columns
from tests.reference.export_data import export
from tests.support import need

REFERENCE = Path(__file__).parent / "reference"
EVERY: list[dict[str, Any]] = json.loads(
    (REFERENCE / "diagnostics_reference.json").read_text(encoding="utf-8")
)["cases"]
CASES = [case for case in EVERY if case["query"]]
NAMES = [case["name"] for case in CASES]
CLOSE = {"rel": 1e-8, "abs": 1e-10}


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diagnostics_tables")
    export(folder)
    return folder


def cohort_of_case(case: dict[str, Any], exported: Path) -> Cohort:
    dataset = read_file(exported / case["table"], Recipe.parse(()))
    spec, _ = fill(dataset, AnalysisSpec.from_query(case["query"]))
    return select(dataset, spec)


def numbers(values: Any) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


def found_of(columns: Any, **fields: Any) -> tuple[Cohort, ResidualsResult]:
    cohort = cohort_of(columns, **fields)
    return cohort, residuals(cohort, cohort.spec)


def influence_of(columns: Any, **fields: Any) -> tuple[Cohort, InfluenceResult]:
    cohort = cohort_of(columns, **fields)
    return cohort, influence(cohort, cohort.spec)


# R --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_residuals_are_those_of_r(case: dict[str, Any], exported: Path) -> None:
    cohort = cohort_of_case(case, exported)
    found = residuals(cohort, cohort.spec)
    assert (found.n, found.events) == (case["n"], case["events"])
    for name in ("martingale", "martingale_null", "deviance"):
        assert getattr(found, name) == pytest.approx(numbers(case[name]), **CLOSE), name
    for transform in TRANSFORMS:
        mine = [test for test in found.tests if test.transform == transform]
        theirs = case["zph"][transform]
        for name in ("statistic", "p_value", "df"):
            assert [getattr(test, name) for test in mine] == pytest.approx(theirs[name], **CLOSE)
    for form, theirs in zip(found.forms, case["lowess"], strict=True):
        assert form.at == pytest.approx(theirs["value"], **CLOSE)
        assert form.smooth_null == pytest.approx(theirs["smooth_null"], **CLOSE)


def _same_curve(mine: Any, theirs: dict[str, Any]) -> None:
    time, estimate = numbers(theirs["time"]), numbers(theirs["estimate"])
    known = ~np.isnan(estimate)
    time, estimate = time[known], estimate[known]
    order, other = np.lexsort((mine.estimate, mine.time)), np.lexsort((estimate, time))
    assert mine.time[order] == pytest.approx(time[other], **CLOSE)
    assert mine.estimate[order] == pytest.approx(estimate[other], **CLOSE)
    if theirs.get("smooth"):
        assert mine.smooth == pytest.approx(theirs["smooth"], **CLOSE)
        assert mine.std_error == pytest.approx(theirs["std_error"], **CLOSE)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_scaled_schoenfeld_residuals_are_those_of_cox_zph(
    case: dict[str, Any], exported: Path
) -> None:
    cohort = cohort_of_case(case, exported)
    found = residuals(cohort, cohort.spec).schoenfeld
    several = {one.term for one in found if one.whole}
    terms = [one for one in found if one.whole or one.term not in several]
    for one, theirs in zip(terms, case["terms"], strict=True):
        _same_curve(one, theirs)
    if case["columns"]:
        columns = [one for one in found if not one.whole]
        assert len(columns) == len(case["columns"])
        for one, theirs in zip(columns, case["columns"], strict=True):
            if one.term in several:  # the others are scaled beside the whole terms
                _same_curve(one, theirs)


def test_a_covariate_that_is_constant_in_a_stratum_has_no_residuals_there(exported: Path) -> None:
    (case,) = (case for case in EVERY if case["name"] == "constant in strata")
    frame = read_file(exported / case["table"], Recipe.parse(())).frame
    first = (frame["arm"] == "A").to_numpy()
    cohort = cohort_of(
        {
            "time": np.ceil(frame["time"].to_numpy(dtype=float)),
            "event": (frame["event"] == 1).to_numpy(dtype=float),
            "age": frame["age"].to_numpy(dtype=float),
            "only_b": np.where(first, 0.0, frame["male"].to_numpy(dtype=float)),
            "arm2": np.where(first, "a", "b").tolist(),
        },
        terms=("age", "only_b"),
        strata=("arm2",),
    )
    found = residuals(cohort, cohort.spec)
    for one, theirs in zip(found.schoenfeld, case["terms"], strict=True):
        _same_curve(one, theirs)
    assert len(found.schoenfeld[1].time) < len(found.schoenfeld[0].time)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_influence_is_that_of_r(case: dict[str, Any], exported: Path) -> None:
    cohort = cohort_of_case(case, exported)
    found = influence(cohort, cohort.spec)
    for name in ("dfbeta", "dfbetas"):
        mine = np.column_stack([getattr(change, name) for change in found.changes])
        theirs = np.array(case[name], dtype=float)
        assert mine.ravel() == pytest.approx(theirs.ravel(), **CLOSE), name
    again = [left for left in found.most if left.row == case["without"]["row"]]
    if "id" not in case["query"].split("&", maxsplit=1)[0] and case["name"] != "time-dependent":
        assert again[0].coef == pytest.approx(case["without"]["coef"], **CLOSE)


def test_r_agrees_with_the_stored_numbers(exported: Path, tmp_path: Path) -> None:
    program = need("Rscript")
    packages = "quit(status = !all(sapply(c('survival', 'rms', 'jsonlite'), requireNamespace)))"
    known = subprocess.run([program, "-e", packages], capture_output=True, check=False, timeout=60)
    if known.returncode != 0:
        need("Rscript with the packages survival, rms and jsonlite")
    output = tmp_path / "again.json"
    run = subprocess.run(
        [program, str(REFERENCE / "diagnostics_reference.R"), str(exported), str(output)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    again = json.loads(output.read_text(encoding="utf-8"))["cases"]
    assert [case["name"] for case in again] == [case["name"] for case in EVERY]
    for case, other in zip(EVERY, again, strict=True):
        for name in ("coef", "martingale", "deviance"):
            assert other[name] == pytest.approx(case[name], **CLOSE)
        assert other["harrell"] == pytest.approx(case["harrell"], **CLOSE)


# By hand --------------------------------------------------------------------------------------


def test_three_patients_by_hand() -> None:
    """X = 0, 1, 0 die at 1, 2, 3: the likelihood is 1 / (2 + r) times r / (1 + r), r = sqrt(2)."""
    columns = {"time": [1.0, 2, 3], "event": [1, 1, 1], "x": [0.0, 1.0, 0.0]}
    _, found = found_of(columns, terms=("x",))
    r = np.sqrt(2)
    h = np.cumsum([1 / (2 + r), 1 / (1 + r), 1.0])
    assert found.martingale == pytest.approx([1 - h[0], 1 - r * h[1], 1 - h[2]])
    assert found.cox_snell is not None
    assert sorted([h[0], r * h[1], h[2]]) == pytest.approx(found.cox_snell.residual)
    assert found.cox_snell.estimate == pytest.approx(np.cumsum([1 / 3, 1 / 2, 1]))
    p = np.array([r / (2 + r), r / (1 + r), 0.0])
    information = float((p * (1 - p)).sum())
    raw = np.array([0.0, 1.0, 0.0]) - p
    (one,) = found.schoenfeld
    assert one.estimate == pytest.approx(raw * 3 / information + np.log(r))
    assert len(one.smooth) == 0  # three places are too few for the spline


def test_deviance_residuals_have_the_sign_of_the_martingale_ones() -> None:
    event = np.array([True, True, False])
    found = deviance(np.array([0.5, -1.0, -2.0]), event)
    assert found == pytest.approx(
        [np.sqrt(-2 * (0.5 + np.log(0.5))), -np.sqrt(-2 * (-1 + np.log(2.0))), -2.0]
    )


def test_the_scales_of_time() -> None:
    columns = {"time": [2.0, 2, 4, 8], "event": [1, 0, 1, 1], "x": [1.0, 0, 1, 0]}
    cohort = cohort_of(columns)
    rows, times = np.arange(4), np.array([2.0, 4.0, 8.0])
    scale = {g: time_scale(cohort, rows, times, g).tolist() for g in TRANSFORMS}
    assert scale["identity"] == [2, 4, 8]
    assert scale["rank"] == [1.5, 3, 4]
    assert scale["log"] == pytest.approx(np.log(times))
    assert scale["km"] == pytest.approx([0, 0.25, 1 - 0.75 / 2])


def test_an_event_at_time_zero_has_no_test_on_the_logarithm_only() -> None:
    columns = random_columns(3, 40)
    columns["time"][0], columns["event"][0] = 0.0, 1.0
    _, found = found_of(columns, terms=("age",))
    known = {test.transform for test in found.tests if test.statistic is not None}
    assert known == {"km", "identity", "rank"}


def test_cox_snell_residuals_are_the_events_expected_in_every_stratum() -> None:
    columns = random_columns(7, 70, ties=False)
    _, found = found_of(columns, terms=("age",), strata=("site",))
    assert found.cox_snell is not None
    expected = (found.event - found.martingale)[found.event]
    assert found.cox_snell.residual == pytest.approx(np.sort(expected))
    assert found.cox_snell.residual.min() > 0
    assert found.cox_snell.n_risk[0] <= 70


def test_lowess_of_a_straight_line_is_the_line() -> None:
    x = np.random.default_rng(2).normal(size=400)
    at, (line, flat) = lowess(x, (3 * x + 1, np.full(400, 2.0)))
    assert len(at) <= 160
    assert line == pytest.approx(3 * at + 1)
    assert flat == pytest.approx(2.0)


# Laws -----------------------------------------------------------------------------------------


@given(st.integers(0, 10_000))
@settings(parent=LAW, max_examples=25)
def test_residuals_add_up(seed: int) -> None:
    columns = random_columns(seed, 50)
    entry = {"entry": "entry"} if seed % 2 else {}
    strata = ("site",) if seed % 3 else ()
    cohort = cohort_of(columns, terms=("age", "arm"), strata=strata, **entry)
    cohort, model, _ = final_model(cohort, cohort.spec)
    if model is None:
        return
    at = AtFit.of(model.sets, model.matrix, model.fit.beta)
    assert at.martingale().sum() == pytest.approx(0, abs=1e-9)
    assert at.schoenfeld().sum(axis=0) == pytest.approx(0, abs=1e-6)
    score = influence(cohort, cohort.spec)
    assert [c.dfbeta.sum() for c in score.changes] == pytest.approx([0, 0], abs=1e-8)
    found = scaled(at, [np.array([0]), np.array([1])])
    if not strata:
        assert found.values.mean(axis=0) == pytest.approx(model.fit.beta, abs=1e-6)


@given(st.integers(0, 10_000))
@settings(parent=LAW, max_examples=25)
def test_order_and_units_do_not_matter(seed: int) -> None:
    columns = random_columns(seed, 40)
    shuffled = np.random.default_rng(seed).permutation(40)
    moved = {name: values[shuffled] for name, values in columns.items()}
    moved["age"] = moved["age"] * 12 + 5
    (_, one), (_, other) = (found_of(c, terms=("age", "arm")) for c in (columns, moved))
    assert other.martingale == pytest.approx(one.martingale[shuffled], abs=1e-7)
    for mine, theirs in zip(one.tests, other.tests, strict=True):
        assert theirs.statistic == pytest.approx(mine.statistic, rel=1e-6, abs=1e-9)
    (_, first), (_, second) = (influence_of(c, terms=("age", "arm")) for c in (columns, moved))
    for a, b in zip(first.changes, second.changes, strict=True):
        assert b.dfbetas == pytest.approx(a.dfbetas[shuffled], abs=1e-6)
    assert second.displacement == pytest.approx(first.displacement[shuffled], abs=1e-7)


# Second road ----------------------------------------------------------------------------------


def test_the_fit_without_a_patient_is_the_fit_of_the_others() -> None:
    columns = random_columns(5, 60)
    cohort, found = influence_of(columns, terms=("age", "site:cat"))
    assert len(found.most) == 10
    order = np.argsort(-found.displacement)
    for left, k in zip(found.most[:3], order, strict=False):
        assert left.row == k + 2
        others = {name: np.delete(values, k) for name, values in columns.items()}
        _, model, _ = final_model(*((c := cohort_of(others, terms=cohort.spec.terms)), c.spec))
        assert model is not None
        assert left.coef == pytest.approx(model.fit.beta, rel=1e-9)
        assert left.hazard_ratio == pytest.approx(np.exp(model.fit.beta), rel=1e-9)
        assert left.displacement is not None
        assert left.displacement > found.displacement[k] > 0


def test_a_term_that_changes_sign_is_found_out() -> None:
    rng = np.random.default_rng(1)
    x = rng.integers(0, 2, 400).astype(float)
    early = rng.exponential(np.where(x > 0, 4, 30))
    time = np.where(early < 5, early, 5 + rng.exponential(np.where(x > 0, 40, 8)))
    columns = {"time": time, "event": np.ones(400), "x": x, "y": rng.normal(size=400)}
    _, found = found_of(columns, terms=("x", "y"))
    (one, other) = found.schoenfeld
    assert one.smooth[0] > 1
    assert one.smooth.min() < -0.3
    assert "changes over time" in view.finding(found)
    assert "x" in view.finding(found)
    assert abs(other.smooth - other.coef).max() < 1


def test_intervals_of_one_patient_count_together() -> None:
    columns = {
        "id": ["a", "a", "b", "c", "c", "d", "e", "f"],
        "start": [0.0, 2, 0, 0, 3, 0, 0, 0],
        "time": [2.0, 5, 3, 3, 7, 4, 6, 8],
        "event": [0.0, 1, 1, 0, 1, 1, 1, 0],
        "x": [0.0, 1, 0, 1, 1, 1, 0, 0],
    }
    cohort = cohort_of(columns, id="id", entry="start", terms=("x",))
    assert persons(cohort, cohort.spec, np.arange(8)).tolist() == [0, 0, 1, 2, 2, 3, 4, 5]
    found = influence(cohort, cohort.spec)
    assert found.n == 6
    assert found.row.tolist() == [2, 4, 5, 7, 8, 9]
    assert residuals(cohort, cohort.spec).n == 8


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"terms": ("age",), "event_is": ("7",)},
        {"terms": ("age", "arm"), "estimator": "firth"},
        {"terms": ("age", "arm"), "weights": "dose"},
        {"terms": ("age", "twice"), "cluster": "site"},
        {"terms": ("age:spline(3)", "age*arm"), "entry": "entry"},
    ],
)
def test_every_kind_of_model_is_published(fields: dict[str, Any]) -> None:
    columns = random_columns(4, 60)
    cohort = cohort_of(columns | {"twice": 2 * columns["age"]}, **fields)
    for name, part in (("residuals", residuals), ("influence", influence)):
        result = part(cohort, cohort.spec)
        answer = plainly(name)(cohort, result)[name]
        json.dumps(answer, allow_nan=False)
        if not fields or "event_is" in fields:
            assert answer["n"] == 0
            assert result.notes


class Left(Exception):
    """The page was left."""


def test_the_work_can_be_left() -> None:
    cohort, told = cohort_of(random_columns(3, 50), terms=("age", "arm")), []
    influence(cohort, cohort.spec, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0

    def leave(fraction: float) -> None:
        if fraction > 0.4:
            raise Left

    with pytest.raises(Left):
        influence(cohort, cohort.spec, progress=leave)


# In figures and words -------------------------------------------------------------------------


def test_the_finding_on_constant_effects() -> None:
    _, one = found_of(random_columns(2, 80), terms=("age",))
    assert view.finding(one).startswith("The hazard ratio of age")
    assert "seems constant over time (p = " in view.finding(one)
    _, two = found_of(random_columns(2, 80), terms=("age", "arm"))
    assert view.finding(two).startswith("The hazard ratios seem constant over time")
    table = view.tests(two)
    assert table["Term"].tolist()[-1] == "All terms together"
    assert len(table) == 3
    assert list(table)[3:] == list(view.SCALES.values())
    _, none = found_of(random_columns(2, 80))
    assert "cannot be tested" in view.finding(none)


def test_every_figure_has_its_data() -> None:
    _, found = found_of(random_columns(2, 80), terms=("age:spline(3)", "site:cat"))
    labels = [view.label(one, found.titles) for one in found.schoenfeld]
    assert [text.endswith("(whole term)") for text in labels] == [True, True, False, False]
    (form,) = found.forms
    made = [
        (view.moving_shape("days", whole=True), view.moving(found.schoenfeld[0])),
        (view.form_shape(form), view.form(found, form)),
        (view.FIT, view.fit(found)),
        (view.OUTLIERS, view.outliers(found)),
    ]
    _, moved = influence_of(random_columns(2, 80), terms=("age",))
    made.append((influence_view.SHAPE, influence_view.figure(moved, 0)))
    for shape, sent in made:
        drawn = json.dumps(scatter.description(shape))
        assert set(re.findall(r'"name": "(\w+)"', drawn)) == set(sent)
        assert sent["points"].num_rows > 40
        assert sent["reference"].num_rows >= 2
    assert made[0][1]["lines"].num_rows == 40
    assert set(made[1][1]["lines"]["kind"].to_pylist()) == {view.NULL, view.FULL}
    assert sum(made[3][1]["points"]["named"].to_pylist()) == 5
    assert len(view.patients(found)) == 80
    assert set(view.over_time(found)["term"]) == {"age:spline(3)", "site:cat"}


def test_many_points_are_thinned_and_named_ones_stay() -> None:
    x = np.arange(10_000.0)
    sent = scatter.data(x, x, [str(k) for k in range(10_000)], named=x == 7777)
    assert sent["points"].num_rows <= scatter.MOST_POINTS + 1
    assert 7777.0 in sent["points"]["x"].to_pylist()


def test_the_finding_names_the_patient_who_matters_most() -> None:
    columns = random_columns(5, 60)
    columns["dose"][:] = np.linspace(1, 3, 60)
    columns["dose"][7], columns["time"][7], columns["event"][7] = 9.0, 0.5, 1.0
    _, found = influence_of(columns, terms=("dose",))
    said = influence_view.finding(found)
    assert "line 9 of the file" in said
    assert "a finding may hang on this patient" in said
    table = influence_view.table(found)
    assert table["Without"].tolist()[:2] == ["nobody", "line 9"]
    assert len(influence_view.everybody(found)) == 60
    _, none = influence_of(columns)
    assert "can be computed" in influence_view.finding(none)


def test_ratios_that_look_the_same_get_more_decimals() -> None:
    assert influence_view._apart(1.001, 1.004) == ("1.001", "1.004")
    assert influence_view._apart(1.5, 2.25) == ("1.50", "2.25")
