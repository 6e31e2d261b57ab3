"""The continuous view: the curve, its tests, the steps, and what cutting costs.

``reference/continuous_reference.json`` was written by ``reference/continuous_reference.R``.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

from core.cohort import Cohort, select
from core.errors import SpecError
from core.survival.cutoff import continuous as module
from core.survival.cutoff.continuous import ContinuousResult, continuous
from core.survival.cutoff.smooth import points
from core.view.lab import continuous as view
from core.view.lab import continuous_words as words
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
from tests.reference.export_data import export
from tests.support import need

REFERENCE = Path(__file__).parent / "reference"
CASES: list[dict[str, Any]] = json.loads(
    (REFERENCE / "continuous_reference.json").read_text(encoding="utf-8")
)["cases"]
NAMES = [f"{c['asked']['table']}-{c['asked']['x']}-{c['asked']['ties']}" for c in CASES]
CLOSE = 1e-8


def found_of(columns: Any, **fields: Any) -> tuple[Cohort, ContinuousResult]:
    cohort = cohort_of(columns, group_by="x", **fields)
    return cohort, continuous(cohort, cohort.spec)


def table(seed: int = 3, n: int = 150, *, ties: bool = False) -> dict[str, np.ndarray]:
    columns = random_columns(seed, n, ties=ties)
    return {**columns, "x": columns["dose"]}


# R --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("continuous_tables")
    export(folder)
    return folder


def asked_of(case: dict[str, Any], exported: Path) -> Cohort:
    asked = case["asked"]
    names = {"time": asked["time"], "event": asked["event"], "x": asked["x"]}
    names |= {role: asked[role] for role in ("entry", "strata") if asked[role]}
    frame = pd.read_csv(exported / asked["table"])[list(names.values())].dropna()
    frame.columns = pd.Index(list(names))
    frame = frame.iloc[: asked["rows"]]
    cuts = np.atleast_1d(asked["cuts"]) if asked["cuts"] is not None else []
    spec = question(
        group_by="x", cut_rule="value" if len(cuts) else "median", cut_side="ge",
        cut_value=tuple(str(c) for c in cuts), ties=asked["ties"], conf_level=asked["level"],
        entry="entry" if asked["entry"] else None, strata=("strata",) if asked["strata"] else (),
    )  # fmt: skip
    return select(dataset_of({name: frame[name].tolist() for name in frame}), spec)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_r_agrees(case: dict[str, Any], exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Curve with limits, tests, slopes, steps and all ways to use the marker are R's."""
    expected = case["expect"]
    monkeypatch.setattr(module, "points", lambda x: np.array(expected["at"]))
    cohort = asked_of(case, exported)
    found = continuous(cohort, cohort.spec)
    assert (found.n, found.events) == (expected["n"], expected["events"])
    assert found.reference == pytest.approx(expected["reference"], rel=1e-12)
    assert found.knots == pytest.approx(expected["knots"], rel=1e-12)
    for name in ("coef", "std_error", "hazard_ratio", "conf_low", "conf_high"):
        assert getattr(found, name) == pytest.approx(expected[name], rel=CLOSE, abs=1e-9), name
    for name in ("overall", "overall_wald", "nonlinearity", "nonlinearity_wald"):
        _same_test(getattr(found, name), expected[name])
    for name in ("per_unit", "per_sd"):
        for key, value in expected[name].items():
            assert getattr(getattr(found, name), key) == pytest.approx(value, rel=CLOSE), name
    assert found.sd == pytest.approx(expected["sd"], rel=1e-12)
    assert [step.coef for step in found.steps] == pytest.approx(expected["steps"], rel=CLOSE)
    assert [step.n for step in found.steps] == expected["step_n"]
    assert [step.events for step in found.steps] == expected["step_events"]
    assert [way.name for way in found.ways] == [way["name"] for way in expected["ways"]]
    for way, other in zip(found.ways, expected["ways"], strict=True):
        _same_test(way.test, other["test"])
        for key in ("log_likelihood", "aic", "concordance"):
            assert getattr(way, key) == pytest.approx(other[key], rel=1e-10), (way.name, key)


def _same_test(found: Any, expected: dict[str, Any]) -> None:
    assert found.df == expected["df"]
    assert found.statistic == pytest.approx(expected["statistic"], rel=CLOSE, abs=1e-9)
    assert found.p_value == pytest.approx(expected["p_value"], rel=1e-7)
    assert found.log10_p == pytest.approx(np.log10(expected["p_value"]), rel=1e-7, abs=1e-9)


def test_r_agrees_with_the_stored_numbers(exported: Path, tmp_path: Path) -> None:
    program = need("Rscript")
    packages = "quit(status = !all(sapply(c('survival', 'rms', 'jsonlite'), requireNamespace)))"
    known = subprocess.run([program, "-e", packages], capture_output=True, check=False, timeout=60)
    if known.returncode != 0:
        need("Rscript with the packages survival, rms and jsonlite")
    output = tmp_path / "again.json"
    run = subprocess.run(
        [program, str(REFERENCE / "continuous_reference.R"), str(exported), str(output)],
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    again = json.loads(output.read_text(encoding="utf-8"))["cases"]
    assert len(again) == len(CASES)
    for case, other in zip(CASES, again, strict=True):
        assert other["asked"] == case["asked"]
        for name in ("coef", "std_error", "steps"):
            assert other["expect"][name] == pytest.approx(case["expect"][name], rel=CLOSE)


# By hand and by a second road -----------------------------------------------------------------


def test_a_line_through_three_patients_by_hand() -> None:
    """X = 0, 1, 2 die at 2, 1, 3: the likelihood is u / (1 + u + u^2) times 1 / (1 + u^2)."""
    columns = {"time": [2.0, 1.0, 3.0], "event": [1.0, 1, 1], "x": [0.0, 1, 2]}
    _, found = found_of(columns, cut_rule="median")
    # The slope of its logarithm by b = log u is 0 where 1 - u^2 + u^2 ... = 0, found by bisection.
    low, high = -5.0, 5.0
    for _ in range(200):
        b = (low + high) / 2
        u = np.exp(b)
        slope = 1 - (u + 2 * u**2) / (1 + u + u**2) - 2 * u**2 / (1 + u**2)
        low, high = (b, high) if slope > 0 else (low, b)
    assert found.per_unit.coef == pytest.approx(b, rel=1e-9)
    assert found.per_sd.coef == pytest.approx(b * 1.0, rel=1e-9)
    assert found.way("linear").log_likelihood == pytest.approx(
        float(np.log(u / (1 + u + u**2) / (1 + u**2)))
    )


def test_the_curve_is_a_natural_cubic_spline() -> None:
    """Its values at the knots determine it: scipy's natural spline through them, and lines."""
    _, found = found_of(table(), cut_rule="median")
    knots = np.array(found.knots)
    assert len(knots) == 4
    inside = (found.at >= knots[0]) & (found.at <= knots[-1])
    at_knots = np.interp(knots, found.at, found.coef)  # only to begin; refined below
    fitted = _through(found.at[inside], found.coef[inside], knots, at_knots)
    assert fitted(found.at[inside]) == pytest.approx(found.coef[inside], abs=1e-9)
    beyond = found.at > knots[-1]
    assert beyond.sum() > 3
    slopes = np.diff(found.coef[beyond]) / np.diff(found.at[beyond])
    assert slopes == pytest.approx(np.full(len(slopes), float(fitted(knots[-1], 1))), abs=1e-7)


def _through(at: np.ndarray, coef: np.ndarray, knots: np.ndarray, begin: np.ndarray) -> Any:
    """The natural spline of these knots that is nearest to the points."""
    unit = [CubicSpline(knots, row, bc_type="natural")(at) for row in np.eye(len(begin))]
    values = np.linalg.lstsq(np.column_stack(unit), coef, rcond=None)[0]
    return CubicSpline(knots, values, bc_type="natural")


# Laws -----------------------------------------------------------------------------------------


@LAW
@given(
    seed=st.integers(0, 10_000),
    n=st.integers(30, 120),
    ties=st.booleans(),
    rule=st.sampled_from(["median", "tertiles", "quartiles"]),
)
def test_laws(seed: int, n: int, ties: bool, rule: str) -> None:
    """What holds for any table: order of the likelihoods, of the limits, equal means."""
    cohort, found = found_of(table(seed, n, ties=ties), cut_rule=rule)
    if np.isnan(found.coef).any():
        assert any(note.about == "curve" for note in found.notes)
        return
    assert (found.conf_low <= found.hazard_ratio).all()
    assert (found.hazard_ratio <= found.conf_high).all()
    x = cohort.column("x").to_numpy(dtype=float)
    assert np.quantile(x, 0.01) - 1e-9 <= found.at[0] < found.at[-1] <= np.quantile(x, 0.99) + 1e-9
    assert (np.diff(found.at) > 0).all()
    middle = int(np.argmin(np.abs(found.at - found.reference)))
    assert found.coef[middle] == pytest.approx(0, abs=1e-6)
    assert found.std_error[middle] == pytest.approx(0, abs=1e-6)
    line = found.way("linear")
    curve = found.way("spline") or line
    assert curve.log_likelihood >= line.log_likelihood - 1e-9
    assert found.way(found.uncut).aic == min(line.aic, curve.aic)
    if found.way(found.uncut).share is not None:
        assert found.way(found.uncut).share == 1.0
    assert sum(step.n for step in found.steps) == found.n
    assert sum(step.events for step in found.steps) == found.events
    assert ("median" in {way.name for way in found.ways}) == (rule != "median")


def test_the_units_of_marker_and_time_do_not_matter() -> None:
    columns = table()
    _, found = found_of(columns, cut_rule="tertiles")
    other = {**columns, "x": columns["x"] * 1e4 + 7e5, "time": columns["time"] * 30.0}
    _, again = found_of(other, cut_rule="tertiles")
    assert again.hazard_ratio == pytest.approx(found.hazard_ratio, rel=1e-6)
    assert again.per_sd.coef == pytest.approx(found.per_sd.coef, rel=1e-8)
    assert again.per_unit.coef == pytest.approx(found.per_unit.coef / 1e4, rel=1e-8)
    for way, same in zip(found.ways, again.ways, strict=True):
        assert same.test.statistic == pytest.approx(way.test.statistic, rel=1e-7)
        assert same.concordance == way.concordance
    coefs = [step.coef for step in found.steps]
    assert [step.coef for step in again.steps] == pytest.approx(coefs, rel=1e-6)


def test_steps_have_the_mean_of_the_curve() -> None:
    """Where the curve is the same line everywhere, so can steps be computed by hand."""
    columns = table()
    columns["x"] = np.floor(columns["x"]) % 2  # two values only: curve and cut are one model
    _, found = found_of(columns, cut_rule="value", cut_value=("1",))
    assert found.knots == ()
    assert found.nonlinearity is None
    assert found.nonlinearity_wald is None
    low, high = (step.coef for step in found.steps)
    at_0, at_1 = found.coef[0], found.coef[-1]
    assert (found.at[0], found.at[-1]) == (0.0, 1.0)
    assert (low, high) == pytest.approx((at_0, at_1), abs=1e-9)
    assert found.way("cutoff").share == pytest.approx(1.0, rel=1e-9)


def test_the_limits_widen_with_the_level() -> None:
    columns = table()
    _, narrow = found_of(columns, cut_rule="median", conf_level=0.8)
    _, wide = found_of(columns, cut_rule="median", conf_level=0.99)
    edge = [0, -1]
    assert (wide.conf_high[edge] > narrow.conf_high[edge]).all()
    assert (wide.coef == narrow.coef).all()


# Few events, few values -----------------------------------------------------------------------


def test_fewer_knots_where_events_are_few() -> None:
    columns = table(n=150)
    columns["event"] = (np.cumsum(columns["event"]) <= 29) * columns["event"]
    _, found = found_of(columns, cut_rule="median")
    assert (found.events, len(found.knots), found.nonlinearity.df) == (29, 3, 1)
    assert [n.about for n in found.notes if n.level == "info"] == ["knots"]
    columns["event"] = (np.cumsum(columns["event"]) <= 15) * columns["event"]
    _, fewer = found_of(columns, cut_rule="median")
    assert {"knots", "events"} <= {n.about for n in fewer.notes}


def test_thirty_events_bear_four_knots() -> None:
    columns = table(n=150)
    columns["event"] = (np.cumsum(columns["event"]) <= 30) * columns["event"]
    _, found = found_of(columns, cut_rule="median")
    assert (found.events, len(found.knots)) == (30, 4)
    assert not found.notes


def test_fewer_knots_where_values_are_shared() -> None:
    columns = table(n=200)
    columns["x"] = np.minimum(np.floor(columns["x"] / 4), 2.0)
    _, found = found_of(columns, cut_rule="value", cut_value=("1",))
    assert len(found.knots) == 3
    columns["x"] = np.where(columns["x"] == 0, 0.0, np.where(np.arange(200) % 40 == 0, 2.0, 0.0))
    _, line = found_of(columns, cut_rule="value", cut_value=("1",))
    assert line.knots == ()
    assert [n.about for n in line.notes if n.level == "warning"] == ["knots"]


def test_a_group_without_event_has_no_step() -> None:
    columns = table(n=100)
    top = np.sort(columns["x"])[-8]
    columns["event"] = np.where(columns["x"] >= top, 0.0, columns["event"])
    _, found = found_of(columns, cut_rule="value", cut_value=(repr(float(top)),))
    assert [step.coef for step in found.steps] == [None, None]
    assert "steps" in {n.about for n in found.notes}
    assert found.way("cutoff").test.statistic > 0
    assert np.isfinite(found.coef).all()


def test_a_perfect_order_has_no_finite_curve() -> None:
    n = 6
    columns = {"time": np.arange(1.0, n + 1), "event": np.ones(n), "x": np.arange(n, 0, -1.0)}
    cohort, found = found_of(columns, cut_rule="median")
    assert np.isnan(found.hazard_ratio).all()
    assert found.per_unit.hazard_ratio is None
    assert found.overall_wald.statistic is None
    assert {note.about for note in found.notes} == {"curve", "steps"}
    assert "hazard ratio cannot be told" in words.finding(cohort, found)


def test_patients_without_a_stratum_are_left_out() -> None:
    columns: dict[str, Any] = table(n=120)
    columns["site"] = [None if i % 10 == 0 else s for i, s in enumerate(columns["site"])]
    _, found = found_of(columns, cut_rule="median", strata=("site",))
    kept = {k: [v for i, v in enumerate(values) if i % 10] for k, values in columns.items()}
    _, alone = found_of(kept, cut_rule="median", strata=("site",))
    assert found.n == 108
    assert found.coef == pytest.approx(alone.coef, rel=1e-12)
    assert "n" in {note.about for note in found.notes}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"x": np.full(60, 2.0)}, "group_by"),
        ({"event": np.zeros(60)}, "event"),
        ({"x": np.array(["a", "b"] * 30, dtype=object)}, "group_by"),
    ],
)
def test_what_has_no_curve_is_said(changes: dict[str, Any], field: str) -> None:
    cohort = cohort_of({**table(n=60), **changes}, group_by="x")
    with pytest.raises(SpecError) as raised:
        continuous(cohort, cohort.spec)
    assert raised.value.field == field


def test_without_a_stratifier_it_asks_for_one() -> None:
    cohort = cohort_of(table(n=60))
    with pytest.raises(SpecError, match="group_by"):
        continuous(cohort, cohort.spec)


def test_points_are_dense_where_patients_are() -> None:
    x = np.append(np.linspace(0, 1, 990), np.linspace(50, 100, 10))
    at = points(x)
    assert (at <= 1).sum() > 50
    assert (np.diff(at) <= (at[-1] - at[0]) / 60 + 1e-9).all()
    same = points(np.append(np.zeros(1000), 5.0))
    assert (same[0], same[-1]) == (0.0, 5.0)


# Figure and words -----------------------------------------------------------------------------


def drawn(cohort: Cohort, found: ContinuousResult) -> tuple[view.CurveShape, dict[str, Any]]:
    shape = view.CurveShape.of(cohort, found)
    return shape, {k: v.to_pydict() for k, v in view.data(cohort, found, shape).items()}


def test_the_figure_has_all_the_data_that_it_names() -> None:
    cohort, found = found_of(table(), cut_rule="tertiles")
    shape, data = drawn(cohort, found)
    figure = view.description(shape)
    named = {layer["data"]["name"] for layer in figure["layer"]}
    assert named == set(data)
    for layer in figure["layer"]:
        fields = {e["field"] for e in layer["encoding"].values() if "field" in e}
        assert fields <= set(data[layer["data"]["name"]]), layer["data"]["name"]


def test_the_figure_holds_no_row_of_a_patient() -> None:
    cohort, found = found_of(table(), cut_rule="tertiles")
    shape, data = drawn(cohort, found)
    low, high = found.at[0], found.at[-1]
    x = cohort.column("x").to_numpy(dtype=float)
    counts = np.diff([[0, *data["bars"]["low"]][1:], data["bars"]["n"]], axis=0)[0]
    assert counts.sum() == ((x >= low) & (x <= high)).sum()
    assert len(data["bars"]["n"]) <= 40 + 3
    assert data["steps"]["start"][0] == shape.marker.low
    assert data["steps"]["end"][-1] == shape.marker.high
    assert data["steps"]["end"][:-1] == data["steps"]["start"][1:] == data["cuts"]["at"]
    assert data["steps"]["ratio"] == [step.hazard_ratio for step in found.steps]


def test_the_layout_stays_while_the_cutoff_moves() -> None:
    columns = table()
    shapes = {
        view.CurveShape.of(*found_of(columns, cut_rule="value", cut_value=(cut,)))
        for cut in ("4", "6", "1000000")
    }
    assert len({(s.ratios, s.marker.low, s.marker.high) for s in shapes}) == 1


def test_an_absurd_band_stays_on_the_axis() -> None:
    columns = table(seed=5, n=24)
    columns["event"] = (np.cumsum(columns["event"]) <= 4) * columns["event"]
    cohort, found = found_of(columns, cut_rule="median")
    assert np.isfinite(found.hazard_ratio).all()
    shape, data = drawn(cohort, found)
    assert 1 / 21 < shape.ratios[0] < 1 < shape.ratios[1] < 21
    assert np.isfinite(data["curve"]["conf_low"]).all()
    assert np.isfinite(data["curve"]["conf_high"]).all()


def shaped(effect: np.ndarray, x: np.ndarray, seed: int = 2) -> dict[str, np.ndarray]:
    """A table whose hazard goes with the marker in this way; nobody is censored."""
    draws = np.random.default_rng(seed).exponential(1.0, len(x))
    return {"time": draws / np.exp(effect), "event": np.ones(len(x)), "x": x}


X = np.linspace(-2, 2, 400)


@pytest.mark.parametrize(
    ("effect", "start"),
    [
        (X, "The higher x, the higher the hazard"),
        (-X, "The higher x, the lower the hazard"),
        (X**2, "The hazard is lowest near"),
        (-(X**2), "The hazard is highest near"),
        (1.5 * np.sin(2.4 * X), "The hazard goes with x, but neither up nor down"),
        (0 * X, "Without any cutoff, the hazard does not clearly go with x"),
    ],
)
def test_the_course_is_put_into_words(effect: np.ndarray, start: str) -> None:
    cohort, found = found_of(shaped(effect, X), cut_rule="median")
    said = words.finding(cohort, found)
    assert said.startswith(start)
    bent = bool(np.ptp(np.diff(effect)) > 1e-9)
    assert ("for every 1.16 more (one standard deviation)" in said) == (
        abs(effect[-1] - effect[0]) == 4
    )
    assert ("would miss" in words.bend(found)) == bent


def test_a_median_split_of_a_straight_line_costs_a_third() -> None:
    """For a normal marker with a small effect 2 / pi of the information is left."""
    from scipy.special import ndtri

    x = ndtri((np.arange(4000) + 0.5) / 4000)
    cohort, found = found_of(shaped(0.2 * x, x, seed=7), cut_rule="median")
    assert found.uncut == "linear"
    assert found.way("cutoff").share == pytest.approx(2 / np.pi, abs=0.08)
    said = words.lost(cohort, found)
    assert f"keeps {100 * found.way('cutoff').share:.0f} % of what the marker tells" in said
    assert "too large" not in said


@pytest.mark.parametrize(
    ("rule", "value", "doubt"),
    [
        ("best", (), "this cutoff was searched for"),
        ("value", ("0.3",), "If this cutoff was moved"),
        ("quantile", ("0.7",), "If this cutoff was moved"),
    ],
)
def test_a_cutoff_that_may_be_chosen_is_not_believed(
    rule: str, value: tuple[str, ...], doubt: str
) -> None:
    cohort, found = found_of(shaped(0.8 * X, X), cut_rule=rule, cut_value=value)
    assert doubt in words.lost(cohort, found)
    assert {"linear", "cutoff", "median"} <= {way.name for way in found.ways}
    table = words.ways(cohort, found)
    assert ("searched for" in " ".join(table["The marker is used"])) == (rule == "best")
    assert not any(name.strip().lower().startswith("p") for name in table.columns)


def test_what_a_marker_without_effect_loses() -> None:
    cohort, found = found_of(shaped(0 * X, X), cut_rule="best")
    said = words.lost(cohort, found)
    assert said.startswith("The uncut marker itself tells little")
    assert said.endswith("the work of the choice of the cutoff.")
    fixed, same = found_of(shaped(0 * X, X), cut_rule="median")
    assert words.lost(fixed, same).endswith("little to keep.")


def test_without_a_cut_there_is_nothing_to_keep() -> None:
    columns = table()
    columns["x"] = np.floor(columns["x"] / 3).clip(0, 5)
    cohort, found = found_of(columns, cut_rule="none")
    assert found.steps == ()
    assert found.way("cutoff") is None
    assert "choose a cut" in words.lost(cohort, found)
    assert "Horizontal lines" not in words.reading(cohort, found)
    _, data = drawn(cohort, found)
    assert data["steps"]["ratio"] == data["cuts"]["at"] == []


def test_variants_are_named() -> None:
    cohort, found = found_of(
        table(), cut_rule="median", ties="breslow", conf_level=0.9, strata=("site",)
    )
    said = words.reading(cohort, found)
    for variant in (
        "Breslow's ties",
        "90 % limits",
        "stratified by site",
        "restricted cubic spline",
    ):
        assert variant in said


def test_downloads_are_in_full() -> None:
    _, found = found_of(table(), cut_rule="tertiles")
    curve = words.points(found)
    assert curve["x"].tolist() == found.at.tolist()
    assert curve["conf_high"].tolist() == found.conf_high.tolist()
    ways = words.ways_numbers(found)
    assert ways["statistic"].tolist() == [way.test.statistic for way in found.ways]
    assert ways["share"].notna().all()


def test_the_penalty_of_the_tables_takes_no_part() -> None:
    _, found = found_of(table(), cut_rule="tertiles")
    _, same = found_of(table(), cut_rule="tertiles", estimator="firth")
    assert same.coef.tolist() == found.coef.tolist()
    assert same.ways == found.ways


def test_steps_outside_the_curve_are_cut_off() -> None:
    columns = table()
    ordered = np.sort(columns["x"])
    cuts = tuple(repr(float(c)) for c in (ordered[1], ordered[75], ordered[-1]))
    cohort, found = found_of(columns, cut_rule="value", cut_value=cuts)
    shape = view.CurveShape.of(cohort, found)
    known = tuple(dataclasses.replace(step, hazard_ratio=1.0) for step in found.steps)
    steps = view.data(cohort, dataclasses.replace(found, steps=known), shape)["steps"].to_pydict()
    assert steps["start"] == [found.at[0], ordered[75]]
    assert steps["end"] == [ordered[75], found.at[-1]]
    assert steps["group"] == [1, 2]


def test_groups_that_lose_nothing_are_not_said_to_keep_more_than_all() -> None:
    """A step is what it is: no curve can be better."""
    cohort, found = found_of(shaped(1.5 * (X > 0), X), cut_rule="median")
    assert found.way("cutoff").share > 1
    assert " seems to lose nothing: chi-square" in words.lost(cohort, found)


def test_a_second_marker_takes_no_part() -> None:
    columns = table()
    _, alone = found_of(columns, cut_rule="value", cut_value=("5",))
    cohort, found = found_of(
        columns,
        cut_rule="value",
        cut_value=("5",),
        second_by="age",
        second_cut=60.0,
        combine="four",
    )
    assert len(cohort.groups.levels) == 4
    assert found.steps == alone.steps
    assert found.ways == alone.ways
    assert "second_by" in {note.about for note in found.notes}
    shape, data = drawn(cohort, found)
    assert shape.marker.n_groups == 2
    assert set(data["bars"]["group"]) == {0, 1}


def test_an_interval_without_patients_is_passed_over() -> None:
    columns = table()
    columns["x"] = np.where(columns["x"] > 6, columns["x"] + 10, columns["x"])
    _, found = found_of(columns, cut_rule="value", cut_value=("3", "8", "14"))
    assert [(step.start, step.end) for step in found.steps] == [(None, 3), (3, 8), (14, None)]
    assert [step.label for step in found.steps] == ["< 3", "3 to < 8", ">= 14"]
    assert sum(step.n for step in found.steps) == found.n
