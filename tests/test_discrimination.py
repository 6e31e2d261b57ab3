"""Concordance, accuracy at chosen times, and the bootstrap that corrects them.

``reference/diagnostics_reference.json`` was written by ``reference/diagnostics_reference.R``.
"""

from __future__ import annotations

import json
import warnings
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
from core.survival import optimism as module
from core.survival import selection
from core.survival.calibration import Outcome
from core.survival.concordance import censoring, concordance, with_limits
from core.survival.discrimination import PredictionResult, at_time, prediction
from core.survival.individual import final_model
from core.survival.optimism import Setting, slope
from core.view.model import prediction as view
from tests.cohorts import LAW, cohort_of, random_columns
from tests.reference.export_data import export

EVERY: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent / "reference" / "diagnostics_reference.json").read_text(encoding="utf-8")
)["cases"]
CASES = [case for case in EVERY if case["query"]]
NAMES = [case["name"] for case in CASES]
CLOSE = {"rel": 1e-8, "abs": 1e-10}
LAWS = settings(parent=LAW, max_examples=30)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("discrimination_tables")
    export(folder)
    return folder


def asked(table: str, query: str, exported: Path) -> Cohort:
    dataset = read_file(exported / table, Recipe.parse(()))
    spec, _ = fill(dataset, AnalysisSpec.from_query(query))
    return select(dataset, spec)


def of_case(case: dict[str, Any], exported: Path) -> Cohort:
    times = ",".join(str(at["time"]) for at in case.get("at") or ())
    return asked(case["table"], f"{case['query']}&at={times}", exported)


def found_of(columns: Any, **fields: Any) -> tuple[Cohort, PredictionResult]:
    cohort = cohort_of(columns, **fields)
    return cohort, prediction(cohort, cohort.spec)


# R --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_concordance_is_that_of_r(case: dict[str, Any], exported: Path) -> None:
    cohort = of_case(case, exported)
    found = prediction(cohort, cohort.spec)
    harrell, uno = found.concordance
    assert harrell.estimate == pytest.approx(case["harrell"]["estimate"], **CLOSE)
    assert harrell.std_error == pytest.approx(case["harrell"]["std_error"], **CLOSE)
    if not case.get("uno"):
        assert uno.estimate is None
        assert any("delayed entry" in note.text for note in found.notes)
        return
    assert uno.estimate == pytest.approx(case["uno"]["estimate"], **CLOSE)
    assert uno.std_error == pytest.approx(case["uno"]["std_error"], **CLOSE)
    nearer = prediction(cohort, cohort.spec.but(tau=float(case["tau"]))).concordance[1]
    assert nearer.estimate == pytest.approx(case["uno_tau"]["estimate"], **CLOSE)
    assert nearer.std_error == pytest.approx(case["uno_tau"]["std_error"], **CLOSE)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_accuracy_at_times_is_that_of_the_formulas_in_r(
    case: dict[str, Any], exported: Path
) -> None:
    cohort = of_case(case, exported)
    found = prediction(cohort, cohort.spec)
    if not case.get("at"):
        assert all(at.auc is None and at.brier is None for at in found.times)
        return
    for mine, theirs in zip(found.times, case["at"], strict=True):
        for name in ("time", "auc", "brier", "brier_null"):
            assert getattr(mine, name) == pytest.approx(theirs[name], **CLOSE), name


GBSG = (
    "time=time&unit=days&event=cens&event_is=1"
    "&terms=horTh,age,menostat,tsize,tgrade:trend,pnodes,progrec,estrec&at=730.5,1095.75,1826.25"
)
LUNG = "time=time&unit=days&event=status&event_is=1&terms=age,sex,ph.ecog&at=180,365,550"
# riskRegression::Score 2023.12 of the Cox models: area under the ROC curve and Brier score.
SCORED = {
    ("gbsg2.csv", GBSG): (
        (0.73500832, 0.73833676, 0.74755455), (0.16797477, 0.1953708, 0.20783735),
        (0.18937048, 0.22965943, 0.24993019),
    ),
    ("lung.csv", LUNG): (
        (0.69802497, 0.64739766, 0.65063543), (0.17868554, 0.22559631, 0.17778821), None,
    ),
}  # fmt: skip


@pytest.mark.parametrize(("table", "query"), list(SCORED), ids=["gbsg2", "lung"])
def test_accuracy_is_that_of_riskregression(table: str, query: str, exported: Path) -> None:
    cohort = asked(table, query, exported)
    times = prediction(cohort, cohort.spec).times
    auc, brier, null = SCORED[table, query]
    assert [at.auc for at in times] == pytest.approx(auc, abs=6e-9)
    assert [at.brier for at in times] == pytest.approx(brier, abs=6e-9)
    if null:
        assert [at.brier_null for at in times] == pytest.approx(null, abs=6e-9)


@pytest.mark.parametrize(
    ("table", "query", "expected"), [("gbsg2.csv", GBSG, 0.67745), ("lung.csv", LUNG, 0.62761)]
)
def test_corrected_concordance_is_that_of_rms_within_its_noise(
    table: str, query: str, expected: float, exported: Path
) -> None:
    """rms::validate with 1000 samples; its noise and that of 150 samples are below 0.003."""
    cohort = asked(table, f"{query}&bootstraps=150", exported)
    found = prediction(cohort, cohort.spec)
    fair = view.corrected(found, "concordance")
    assert fair is not None
    assert fair.estimate == pytest.approx(expected, abs=0.0045)
    assert fair.apparent is not None
    assert fair.optimism is not None
    assert fair.estimate == fair.apparent - fair.optimism
    assert (found.draws, found.used) == (150, 150)


# A second library -----------------------------------------------------------------------------


def test_concordance_is_that_of_other_libraries() -> None:
    from lifelines.utils import concordance_index
    from sksurv.metrics import concordance_index_censored

    columns = random_columns(8, 300)
    time, event = columns["time"], columns["event"] > 0
    predictor = np.round(columns["age"] / 5)
    found = with_limits("harrell", time, event, predictor, level=0.95)
    assert found.estimate == concordance(time, event, predictor)
    assert found.estimate == pytest.approx(concordance_index(time, -predictor, event), rel=1e-12)
    other = concordance_index_censored(event, time, predictor)
    assert found.pairs == other[1] + other[2] + other[3]


def test_unos_concordance_and_the_area_agree_with_sksurv_without_ties() -> None:
    from sksurv.metrics import concordance_index_ipcw, cumulative_dynamic_auc
    from sksurv.util import Surv

    columns = random_columns(9, 200, ties=False)
    time, event, x = columns["time"], columns["event"] > 0, columns["age"]
    y = Surv.from_arrays(event, time)
    tau = float(np.quantile(time, 0.8))
    early = time < tau
    found = with_limits("uno", time, event, x, level=0.95, tau=tau)
    assert found.estimate == pytest.approx(concordance_index_ipcw(y, y, x, tau=tau)[0], rel=1e-10)
    outcome = Outcome(time, event, None, None, "efron")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        area = cumulative_dynamic_auc(y, y, x, [tau])[0][0]
    assert early.any()
    assert at_time(outcome, np.full(200, 0.5), x, tau).auc == pytest.approx(area, rel=1e-10)


# By hand --------------------------------------------------------------------------------------


def test_four_patients_by_hand() -> None:
    """The second patient is censored: pairs 1-2, 1-3, 1-4 and 3-4, with ranks 3, 4, 2, 1."""
    time, event = np.array([1.0, 2, 3, 4]), np.array([True, False, True, True])
    found = with_limits("harrell", time, event, np.array([3.0, 4, 2, 1]), level=0.95)
    assert (found.estimate, found.somers_d, found.pairs) == (0.75, 0.5, 4.0)
    # Concordant less 3/4 of the comparable pairs of each patient, over 4.
    each = np.array([2 - 2.25, 0 - 0.75, 2 - 1.5, 2 - 1.5]) / 4
    assert found.std_error == pytest.approx(np.sqrt((each**2).sum()))
    uno = with_limits("uno", time, event, np.array([3.0, 4, 2, 1]), level=0.95)
    assert censoring(time, event)(time, before=True) == pytest.approx([1, 1, 2 / 3, 2 / 3])
    assert uno.estimate == pytest.approx((2 + 2.25) / (3 + 2.25))


def test_limits_stay_between_zero_and_one_and_grow_with_the_level() -> None:
    columns = random_columns(1, 12)
    made = [
        with_limits("harrell", columns["time"], columns["event"] > 0, columns["age"], level=level)
        for level in (0.5, 0.99)
    ]
    for found in made:
        assert found.conf_low is not None
        assert found.conf_high is not None
        assert 0 <= found.conf_low < found.conf_high <= 1
    narrow, wide = (f.conf_high - f.conf_low for f in made)  # type: ignore[operator]
    assert wide > narrow


def test_no_comparable_pair_has_no_concordance() -> None:
    time, event = np.array([1.0, 1, 1]), np.array([True, True, True])
    assert concordance(time, event, np.arange(3.0)) is None
    assert with_limits("harrell", time, event, np.arange(3.0), level=0.95).estimate is None
    assert concordance(np.empty(0), np.empty(0, dtype=bool), np.empty(0)) is None


# Laws -----------------------------------------------------------------------------------------


def _slowly(
    time: np.ndarray, event: np.ndarray, x: np.ndarray, entry: np.ndarray
) -> tuple[float, float]:
    score = pairs = 0.0
    for i in np.flatnonzero(event):
        longer = ((time > time[i]) | ((time == time[i]) & ~event)) & (entry < time[i])
        score += (x[longer] < x[i]).sum() + (x[longer] == x[i]).sum() / 2
        pairs += longer.sum()
    return score, pairs


@given(st.integers(0, 10_000), st.booleans())
@LAWS
def test_pairs_are_counted_as_their_definition_says(seed: int, late: bool) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(2, 60))
    time = rng.integers(1, 12, n).astype(float)
    event, x = rng.random(n) < 0.6, rng.integers(0, 6, n).astype(float)
    entry = np.floor(time * rng.random(n)) if late else np.full(n, -1.0)
    score, pairs = _slowly(time, event, x, entry)
    found = concordance(time, event, x, entry=entry if late else None)
    if pairs == 0:
        assert found is None
        return
    assert found == pytest.approx(score / pairs)
    again = with_limits("harrell", time, event, x, level=0.9, entry=entry if late else None)
    assert (again.estimate, again.pairs) == (found, pairs)
    order = rng.permutation(n)
    turned = with_limits("harrell", time[order], event[order], np.exp(x[order]), level=0.9,
                         entry=entry[order] if late else None)  # fmt: skip
    assert turned.std_error == pytest.approx(again.std_error, abs=1e-12)
    reverse = concordance(time, event, -x, entry=entry if late else None)
    assert reverse == pytest.approx(1 - score / pairs)


@given(st.integers(0, 10_000))
@LAWS
def test_units_and_order_do_not_matter(seed: int) -> None:
    columns = random_columns(seed, 60)
    order = np.random.default_rng(seed).permutation(60)
    moved = {name: values[order] for name, values in columns.items()}
    moved["age"] = 3 * moved["age"] - 7
    (_, one), (_, other) = (found_of(c, terms=("age", "arm"), at=("6",)) for c in (columns, moved))
    for a, b in zip(one.concordance, other.concordance, strict=True):
        assert b.estimate == pytest.approx(a.estimate, abs=1e-9)
        assert b.std_error == pytest.approx(a.std_error, abs=1e-9)
    assert other.times[0].brier == pytest.approx(one.times[0].brier, abs=1e-7)


# The bootstrap --------------------------------------------------------------------------------


def test_a_sample_by_another_road() -> None:
    """One bootstrap sample with the model of lifelines and its concordance."""
    from lifelines import CoxPHFitter
    from lifelines.utils import concordance_index

    columns = random_columns(6, 90)
    cohort = cohort_of(columns, terms=("age", "dose", "arm"), bootstraps=1.0)
    _, model, _ = final_model(cohort, cohort.spec)
    assert model is not None
    outcome = Outcome(cohort.time, cohort.event, None, None, "efron")
    setting = Setting.of(cohort, cohort.spec, model, outcome, None)
    draw = np.random.default_rng(3).integers(0, 90, 90)
    sample = setting.one(draw)
    assert sample is not None
    frame = cohort.dataset.frame[["time", "event", "age", "dose", "arm"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitted = CoxPHFitter().fit(frame.iloc[draw], "time", "event")
        risk = frame[["age", "dose", "arm"]] @ fitted.params_
        line = frame[["time", "event"]].assign(risk=risk)
        slope_there = float(CoxPHFitter().fit(line, "time", "event").params_.iloc[0])
    inside = concordance_index(
        frame["time"].iloc[draw], -risk.iloc[draw], frame["event"].iloc[draw]
    )
    assert sample.inside == pytest.approx(inside, abs=1e-9)
    everywhere = concordance_index(frame["time"], -risk, frame["event"])
    assert sample.everywhere == pytest.approx(everywhere, abs=1e-9)
    assert sample.slope == pytest.approx(slope_there, rel=1e-5)


def test_the_slope_of_a_model_in_its_own_patients_is_one() -> None:
    cohort = cohort_of(random_columns(6, 90), terms=("age", "arm"), strata=("site",))
    _, model, _ = final_model(cohort, cohort.spec)
    assert model is not None
    outcome = Outcome(cohort.time, cohort.event, None, cohort.strata, "efron")
    assert slope(outcome, model.matrix @ model.fit.beta) == pytest.approx(1, abs=1e-7)


def test_noise_is_all_optimism() -> None:
    rng = np.random.default_rng(2)
    columns = {"time": rng.exponential(1, 60), "event": np.ones(60)}
    columns |= {f"x{k}": rng.normal(size=60) for k in range(8)}
    terms = tuple(f"x{k}" for k in range(8))
    _, found = found_of(columns, terms=terms, bootstraps=60.0)
    fair, line = (view.corrected(found, name) for name in ("concordance", "slope"))
    assert fair is not None
    assert line is not None
    assert fair.apparent > 0.6
    assert fair.estimate < fair.apparent - 0.05
    assert line.estimate < 0.6


def test_every_sample_selects_its_own_terms() -> None:
    cohort = cohort_of(random_columns(2, 80), terms=("age", "dose", "arm"), select="backward:0.2")
    _, model, _ = final_model(cohort, cohort.spec)
    assert model is not None
    outcome = Outcome(cohort.time, cohort.event, None, None, "efron")
    setting = Setting.of(cohort, cohort.spec, model, outcome, None)
    rng = np.random.default_rng(5)
    seen = set()
    for _ in range(12):
        draw = rng.integers(0, 80, 80)
        fitted = setting.fitted(draw)
        chosen, _ = selection.select(
            cohort, cohort.spec, selection.Rule(None, 0.2, "wald"), list(setting.made), draw
        )
        mine = () if fitted is None else tuple(block.term.text for block in fitted.blocks)
        assert mine == tuple(block.term.text for block in chosen)
        seen.add(mine)
    assert len(seen) > 1
    assert len(setting.made) == 3


def test_the_seed_decides_and_the_portions_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(**fields: Any) -> Any:
        cohort = cohort_of(random_columns(3, 50), terms=("age", "arm"), bootstraps=12.0, **fields)
        return plainly("prediction")(cohort, prediction(cohort, cohort.spec))["prediction"]

    first = answer()
    json.dumps(first, allow_nan=False)
    assert answer(seed=1.0) == first
    assert answer(seed=2.0)["optimism"] != first["optimism"]
    monkeypatch.setattr(module, "SIZE", 100)
    assert answer() == first


def test_rows_of_one_cluster_are_drawn_together() -> None:
    columns = random_columns(3, 60)
    cohort = cohort_of(columns, terms=("age",), cluster="site")
    _, model, _ = final_model(cohort, cohort.spec)
    assert model is not None
    outcome = Outcome(cohort.time, cohort.event, None, None, "efron")
    units = module._units(Setting.of(cohort, cohort.spec, model, outcome, None), model)
    assert sorted(len(unit) for unit in units) == sorted(
        (columns["site"] == site).sum() for site in ("north", "south", "west")
    )


class Left(Exception):
    """The page was left."""


def test_the_work_tells_how_far_it_is_and_can_be_left() -> None:
    cohort, told = cohort_of(random_columns(3, 50), terms=("age",), bootstraps=20.0), []
    prediction(cohort, cohort.spec, progress=told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)

    def leave(fraction: float) -> None:
        if fraction >= 0.5:
            raise Left

    with pytest.raises(Left):
        prediction(cohort, cohort.spec, progress=leave)


# In words -------------------------------------------------------------------------------------


def test_the_finding_says_how_well_and_what_to_expect() -> None:
    _, bare = found_of(random_columns(2, 80), terms=("age", "arm"))
    assert "not corrected for optimism" in view.finding(bare)
    assert any(note.about == "bootstraps" and note.level == "warning" for note in bare.notes)
    _, fair = found_of(random_columns(2, 80), terms=("age", "arm"), bootstraps=10.0)
    assert "is to be expected" in view.finding(fair)
    table = view.concordances(fair)
    assert table[""].tolist()[:2] == ["Harrell's concordance", "Uno's concordance"]
    assert len(table) == 4
    assert view.times(fair, "days")["Time"].iloc[0].endswith("days")
    _, none = found_of(random_columns(2, 80))
    assert "cannot be measured" in view.finding(none)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"terms": ("age", "arm"), "entry": "entry"},
        {"terms": ("age", "arm"), "estimator": "firth"},
        {"terms": ("age", "arm"), "weights": "dose"},
        {"terms": ("arm",), "offset": "small"},
        {"terms": ("age", "dose"), "select": "backward:0.0001"},
        {"terms": ("age:spline(3)", "site:cat"), "strata": ("arm",)},
    ],
)
def test_every_kind_of_model_is_published(fields: dict[str, Any]) -> None:
    columns = random_columns(4, 60)
    columns["small"] = columns["age"] / 100
    cohort = cohort_of(columns, bootstraps=3.0, **fields)
    result = prediction(cohort, cohort.spec)
    answer = plainly("prediction")(cohort, result)["prediction"]
    json.dumps(answer, allow_nan=False)
    view.finding(result)
    view.calibrated(result, "days")
