"""The search in bootstrap samples and in cross-validation: R, a slow second road, laws, words."""

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

from core.analysis import analyse
from core.cohort import Cohort, select
from core.search import search
from core.spec import AnalysisSpec
from core.survival import km
from core.survival.cutoff import stability as module
from core.survival.cutoff import validation
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.ordered import Ordered
from core.survival.cutoff.permutation import generator
from core.survival.cutoff.stability import Bootstrap, bootstrap, corrected_coef, ordered, stability
from core.survival.cutoff.validation import Validation, validate
from core.view.distribution import DistributionShape
from core.view.lab import stability as view
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
from tests.reference.export_data import export
from tests.simulation import stability as simulation

REFERENCE = Path(__file__).parent / "reference" / "stability_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]
NAMES = [f"{c['table']}-{c['x']}-{c['n']}" for c in CASES]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stability_tables")
    export(folder)
    return folder


def patients_of(case: dict[str, Any], folder: Path) -> Ordered:
    columns = [case["time"], case["event"], case["x"]]
    frame = pd.read_csv(folder / case["table"])[columns].dropna().head(case["rows"])
    time, event, x = (frame[name].to_numpy() for name in columns)
    endpoint = Endpoint.sorted(time.astype(float), event == case["event_is"])
    return Ordered.of(x.astype(float), endpoint, fraction=case["min_fraction"], min_events=0)


def draws(n: int, samples: int) -> np.ndarray:
    """How often each row is drawn: the generator of Park and Miller, as the R script has it."""
    state, weights = 1, np.zeros((samples, n))
    for weight in weights:
        for _ in range(n):
            state = state * 16807 % 2147483647
            weight[state % n] += 1
    return weights


def with_ties(seed: int, n: int) -> dict[str, Any]:
    """A random table; every other one has a marker of few different values."""
    columns = random_columns(seed, n)
    return columns | ({"dose": np.round(columns["dose"] / 3)} if seed % 2 else {})


def cohort(columns: dict[str, Any] | None = None, **fields: Any) -> Cohort:
    asked = {"group_by": "age", "bootstraps": 40.0, "permutations": 19.0} | fields
    return cohort_of(random_columns(3) if columns is None else columns, **asked)


def boot(found: Cohort) -> Bootstrap:
    made = bootstrap(found, found.spec)
    assert made is not None
    return made


def checked(found: Cohort) -> Validation:
    made = validate(found, found.spec)
    assert made is not None
    return made


def known(value: float | None) -> float:
    return np.nan if value is None else value


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_r_finds_the_same_in_each_sample(case: dict[str, Any], exported: Path) -> None:
    from core.survival.cutoff.kernels import resampling

    p, efron = patients_of(case, exported), case["ties"] == "efron"
    n, room = len(p.event), np.empty((4, len(p.endpoint.times)))
    assert n == case["n"]
    for weight, wanted in zip(draws(n, len(case["samples"])), case["samples"], strict=True):
        drawn = weight[p.order]
        room_of_best = [np.empty(n) for _ in range(3)]
        low, high, z = resampling.best(
            drawn, p.event, p.start, p.place, p.ends, p.limits, *room_of_best
        )
        assert (p.values[low], p.values[high]) == (wanted["cut"], wanted["above"])
        assert abs(z) == pytest.approx(wanted["statistic"], rel=1e-10)
        assert (z > 0) == wanted["low_is_worse"]
        for who, name in ((drawn.copy(), "coef"), ((drawn == 0).astype(float), "coef_left")):
            coef = resampling.ratio(who, low, p.event, p.place, p.last, efron, room)
            assert coef == pytest.approx(known(wanted[name]), rel=1e-8, abs=1e-9, nan_ok=True)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_r_labels_and_compares_the_same_groups(case: dict[str, Any], exported: Path) -> None:
    p = patients_of(case, exported)
    fold = (np.arange(1, case["n"] + 1) * 7 % case["parts"])[p.order]
    assert validation.divided(p.event, np.random.default_rng(1))[1] == case["parts"]
    worse = validation.labels(p, fold, case["parts"])
    assert worse.tolist() == np.array(case["worse"])[p.order].tolist()
    z, coef, error = validation.compared(p, worse, efron=case["ties"] == "efron")
    assert z == pytest.approx(case["sign"] * case["chisq"] ** 0.5, rel=1e-9)
    assert coef == pytest.approx(case["coef"], rel=1e-8)
    assert error == pytest.approx(case["se"], rel=1e-7)


@given(st.integers(0, 10_000), st.sampled_from(["ge", "gt"]), st.sampled_from([0.0, 3.0]))
@LAW
def test_a_bootstrap_is_the_search_in_tables_of_drawn_patients(
    seed: int, side: str, min_events: float
) -> None:
    made = cohort(with_ties(seed, 40), group_by="dose", cut_side=side, min_events=min_events,
                  bootstraps=8.0, seed=float(seed))  # fmt: skip
    p, rng = ordered(made, made.spec), generator(made.spec, module.PURPOSE)
    x, time, event = made.column("dose").to_numpy(), made.time, made.event
    wanted, log_ratios = [], []
    for _ in range(8):
        places = rng.random(20) * 40  # each number makes two draws, the second of what is left
        drawn = np.concatenate([places.astype(int), (places % 1 * 40).astype(int)])
        rows = p.order[drawn]
        found = search(x[rows], time[rows], event[rows], min_events=min_events)
        if found is None:
            continue
        wanted.append(float(found.cutoffs(side)[found.best]))
        low = found.low[found.best]
        inside = Endpoint.sorted(time[rows], event[rows]).compare(x[rows] > low).coef
        left = np.setdiff1d(np.arange(40), rows)
        outside = Endpoint.sorted(time[left], event[left]).compare(x[left] > low).coef
        log_ratios.append([known(inside), known(outside)])
    made_of = boot(made)
    assert np.repeat(made_of.cutoffs, made_of.counts).tolist() == sorted(wanted)
    assert made_of.draws == len(wanted) == made_of.counts.sum()
    assert made_of.conf_low == pytest.approx(np.percentile(wanted, 2.5), rel=1e-12)
    assert made_of.conf_high == pytest.approx(np.percentile(wanted, 97.5), rel=1e-12)
    assert made_of.mode_share == max(wanted.count(w) for w in wanted) / len(wanted)
    assert wanted.count(made_of.mode) / len(wanted) == made_of.mode_share
    if made_of.hazard_ratio is not None:
        coef = corrected_coef(np.log(made_of.hazard_ratio), np.array(log_ratios))
        assert made_of.hazard_ratio_corrected == pytest.approx(known(np.exp(coef)), rel=1e-7)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("side", ["ge", "gt"])
def test_the_naive_ratio_is_that_of_the_curves_page(ties: str, side: str) -> None:
    columns = random_columns(7, 80)
    made = boot(cohort(columns, cut_side=side, ties=ties, conf_level=0.9))
    spec = question(group_by="age", cut_rule="best", cut_side=side, ties=ties, conf_level=0.9)
    row = km.estimate(select(dataset_of(columns), spec), spec).hazard_ratio[0]
    assert made.hazard_ratio == pytest.approx(row.hazard_ratio, rel=1e-8)
    assert made.hazard_ratio_low == pytest.approx(row.conf_low, rel=1e-7)
    assert made.hazard_ratio_high == pytest.approx(row.conf_high, rel=1e-7)


def test_the_corrected_ratio_never_changes_sides() -> None:
    wrong_way = np.array([[1.0, -0.4], [-1.0, 0.1], [0.8, np.nan]])
    assert corrected_coef(0.7, wrong_way) == 0.0
    assert corrected_coef(-0.7, -wrong_way) == 0.0
    assert corrected_coef(0.7, np.array([[0.9, 0.5], [-0.9, -0.1]])) == pytest.approx(0.3)
    assert corrected_coef(None, wrong_way) is None
    assert corrected_coef(0.7, np.array([[1.0, np.nan]])) is None
    for seed in range(30):
        found = boot(cohort(random_columns(seed, 50), group_by="dose"))
        naive, corrected = found.hazard_ratio, found.hazard_ratio_corrected
        assert naive is not None
        assert corrected is not None
        assert corrected == 1 or (corrected > 1) == (naive > 1)


def test_a_sharp_step_is_found_again_and_again_and_noise_is_not() -> None:
    rng = np.random.default_rng(5)
    marker = np.repeat(np.arange(10.0), 30)
    time = rng.exponential(np.where(marker >= 6, 1.0, 12.0))
    columns = {"time": time, "event": np.ones(300), "age": marker, "noise": rng.normal(size=300)}
    sharp = boot(cohort(columns, bootstraps=200.0))
    assert (sharp.mode, sharp.conf_low, sharp.conf_high) == (6.0, 6.0, 6.0)
    assert sharp.mode_share > 0.97
    assert sharp.hazard_ratio == pytest.approx(12, rel=0.35)
    assert sharp.hazard_ratio_corrected == pytest.approx(sharp.hazard_ratio, rel=0.1)
    noise = boot(cohort(columns, group_by="noise", bootstraps=200.0))
    assert noise.mode_share < view.STABLE
    assert noise.conf_high - noise.conf_low > 1
    assert noise.hazard_ratio is not None
    assert noise.hazard_ratio_corrected is not None
    assert abs(np.log(noise.hazard_ratio_corrected)) < 0.5 * abs(np.log(noise.hazard_ratio))


def test_the_seed_decides_and_the_portions_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(**fields: Any) -> dict[str, Any]:
        made = cohort(random_columns(3, 70), **fields)
        asked = made.spec.but(parts=("stability",))
        answered: dict[str, Any] = analyse(made.dataset, asked)["stability"]
        return answered

    first = answer()
    assert answer(seed=1.0) == first
    assert answer(seed=2.0) != first
    for place in (module, validation):
        monkeypatch.setattr(place, "STEPS", 500)
    assert answer() == first
    json.dumps(first, allow_nan=False)


def test_a_monotone_marker_gives_the_same() -> None:
    columns = random_columns(11, 60)
    stretched = columns | {"age": np.exp(columns["age"] / 10)}
    one, other = cohort(columns), cohort(stretched)
    a, b = boot(one), boot(other)
    assert np.array_equal(a.counts, b.counts)
    assert b.cutoffs == pytest.approx(np.exp(a.cutoffs / 10), rel=1e-12)
    assert a.hazard_ratio_corrected == b.hazard_ratio_corrected
    assert dataclasses.asdict(checked(one)) == dataclasses.asdict(checked(other))


@given(st.integers(2, 200), st.integers(0, 10_000))
@LAW
def test_parts_have_equally_many_patients_and_events(n: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    event = rng.random(n) < rng.uniform(0.1, 0.9)
    fold, parts = validation.divided(event, rng)
    assert parts == (n if n <= 30 else 10)
    for counts in (np.bincount(fold, minlength=parts), np.bincount(fold[event], minlength=parts)):
        assert len(counts) == parts
        assert counts.max() - counts.min() <= 1


@given(st.integers(0, 10_000))
@LAW
def test_labels_are_those_of_a_search_among_the_others(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(12, 60))
    columns = with_ties(seed, n)
    made = cohort(columns, group_by="dose", min_events=2.0)
    p = ordered(made, made.spec)
    fold, parts = validation.divided(p.event, rng)
    found = validation.labels(p, fold, parts)
    x, time, event = columns["dose"][p.order], made.time[p.order], made.event[p.order]
    for k in range(parts):
        others, mine = fold != k, fold == k
        s = search(x[others], time[others], event[others], min_events=2)
        if s is None:
            assert (found[mine] == -1).all()
            continue
        cut = s.low[s.best]
        score = _mean_scores(time[others], event[others], x[others] <= cut)
        assert found[mine].tolist() == ((x[mine] <= cut) == (score > 0)).astype(float).tolist()


def _mean_scores(time: np.ndarray, event: np.ndarray, low: np.ndarray) -> float:
    """Sum of the low group's log-rank scores less their expectation, patient by patient."""
    scores = np.array(
        [
            e
            - sum(event[j] / (1 + (time > time[j]).sum()) for j in range(len(time)) if time[j] <= t)
            for t, e in zip(time, event, strict=True)
        ]
    )
    return float(scores[low].sum() - low.mean() * scores.sum())


def test_the_result_is_the_comparison_of_the_labels() -> None:
    columns = random_columns(2, 90)
    made = cohort(columns, permutations=0.0, conf_level=0.9)
    found, p = checked(made), ordered(made, made.spec)
    rng = generator(made.spec, validation.PURPOSE)
    worse = np.empty(90)
    worse[p.order] = validation.labels(p, *validation.divided(p.event, rng))
    labelled = cohort_of(columns | {"worse": worse}, group_by="worse", conf_level=0.9)
    page = km.estimate(labelled, labelled.spec)
    row, (better, other) = page.hazard_ratio[0], page.groups
    assert (found.n_worse, found.n_better) == (other.n, better.n)
    assert (found.events_worse, found.events_better) == (other.events, better.events)
    assert page.test is not None
    assert found.statistic == pytest.approx(page.test.statistic, rel=1e-9)
    assert found.p_logrank == pytest.approx(page.test.p_value, rel=1e-9)
    for name in ("hazard_ratio", "conf_low", "conf_high"):
        assert getattr(found, name) == pytest.approx(getattr(row, name), rel=1e-7)
    assert found.ratio_lowest is not None
    assert found.ratio_highest is not None
    assert 0 < found.ratio_lowest < found.ratio_highest
    assert found.p_value is None


def test_the_permuted_p_value_by_a_slow_road() -> None:
    rng = np.random.default_rng(8)
    made = cohort(random_columns(8, 36), group_by="dose")
    p = ordered(made, made.spec)
    fold, parts = validation.divided(p.event, rng)
    z = 0.8
    state = rng.bit_generator.state
    found = validation.p_permuted(p, fold, parts, z, 60, rng)
    rng.bit_generator.state = state
    place, larger = p.place.copy(), 0
    for _ in range(60):
        for i in range(len(place) - 1):
            j = i + int(rng.random() * (len(place) - i))
            place[i], place[j] = place[j], place[i]
        dealt = dataclasses.replace(p, place=place)
        again = validation.compared(p, validation.labels(dealt, fold, parts))[0]
        larger += (0.0 if again is None else again) >= z
    assert 0 < larger < 60
    assert found == (1 + larger) / 61


def test_only_labels_that_point_the_right_way_get_a_small_p() -> None:
    made = cohort(random_columns(4, 60))
    p = ordered(made, made.spec)
    fold, parts = validation.divided(p.event, np.random.default_rng(1))
    values = {
        z: validation.p_permuted(p, fold, parts, z, 199, np.random.default_rng(2))
        for z in (-6.0, 0.0, 6.0)
    }
    assert values[-6.0] == 1.0
    assert 0.1 < values[0.0] < 0.9
    assert values[6.0] == 1 / 200


def test_many_permutations_are_capped() -> None:
    rng = np.random.default_rng(5)
    marker = np.repeat(np.arange(6.0), 10)
    columns = {
        "time": rng.exponential(np.where(marker >= 3, 1.0, 30.0)),
        "event": np.ones(60),
        "age": marker,
    }
    found = checked(cohort(columns, permutations=5000.0))
    assert found.p_value == 1 / (1 + validation.MOST_PERMUTATIONS)
    assert (found.n_worse, found.n_better) == (30, 30)


def test_nothing_is_made_where_nothing_was_asked_for() -> None:
    made = cohort(bootstraps=None, permutations=None)
    found = stability(made, made.spec)
    assert found.bootstrap is None
    assert found.validation is not None
    assert found.validation.p_value is None


def test_labels_of_one_kind_are_no_validation() -> None:
    columns = {"time": np.arange(1.0, 9), "event": np.ones(8), "age": [0.0, 1.0] * 4}
    made = cohort(columns, min_events=4.0)  # without any one of them there is no cutoff
    assert validate(made, made.spec) is None
    assert "all patients into one group" in view.checked(None)


class Left(Exception):
    """The page was left."""


@pytest.mark.parametrize("after", [0.0, 0.3, 0.42, 0.7])
def test_the_work_tells_how_far_it_is_and_can_be_left(
    after: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, told = cohort(random_columns(3, 70)), []
    for place in (module, validation):
        monkeypatch.setattr(place, "STEPS", 2000)
    stability(made, made.spec, progress=told.append)
    assert told == sorted(told)
    assert (told[0], told[-1]) == (0.0, 1.0)

    def leave(fraction: float) -> None:
        if fraction >= after:
            raise Left

    with pytest.raises(Left):
        stability(made, made.spec, progress=leave)


@pytest.mark.parametrize(
    ("share", "verdict"), [(0.5, "stable"), (0.49, "unstable"), (0.14, "unstable")]
)
def test_the_finding_says_how_stable_it_is(share: float, verdict: str) -> None:
    made = cohort()
    found = dataclasses.replace(
        boot(made), draws=1000, conf_low=4.1, conf_high=11.8, mode=6.1, mode_share=share
    )
    said = view.finding(made, found).replace("\xa0", " ")
    assert said == (
        "In 1,000 bootstrap samples the best cutoff of age fell anywhere from 4.1 to 11.8 "
        f"(95 % of them). The same value, 6.1, was chosen in {100 * share:.0f} %: {verdict}."
    )


def test_the_table_has_the_three_ratios() -> None:
    made = cohort(random_columns(7, 80), permutations=99.0)
    result = stability(made, made.spec)
    table = view.ratios(result)
    b, v = result.bootstrap, result.validation
    assert b is not None
    assert v is not None
    assert v.p_value is not None
    cells = table["Ratio (limits)"].tolist()
    for cell, ratio in zip(
        cells, (b.hazard_ratio, b.hazard_ratio_corrected, v.hazard_ratio), strict=True
    ):
        assert cell.startswith(f"{ratio:.2f}")
    assert re.search(r"\d", table["p"][2])
    assert not re.search(r"\d", "".join(table["p"][:2]))
    alone = view.ratios(dataclasses.replace(result, bootstrap=None))
    assert alone["Ratio (limits)"].tolist() == cells[2:]


def test_labels_that_point_the_wrong_way_are_called_so() -> None:
    made = checked(cohort())
    wrong = dataclasses.replace(made, hazard_ratio=0.8)
    right = dataclasses.replace(made, hazard_ratio=1.8)
    assert "point the wrong way" in view.checked(wrong)
    assert "point the wrong way" not in view.checked(right)
    assert f"{made.n_worse} patients ({made.events_worse} events)" in view.checked(right)


def test_the_figure_shows_every_chosen_cutoff() -> None:
    made = cohort(random_columns(7, 80))
    found = boot(made)
    shape = DistributionShape.of_number(made)
    drawn, sent = view.description(shape), view.data(found, 61.5)
    names = set(re.findall(r'"name": "(chosen|limits|best)"', json.dumps(drawn)))
    assert names == set(sent) == {"chosen", "limits", "best"}
    assert sent["chosen"]["at"].to_pylist() == found.cutoffs.tolist()
    assert sum(sent["chosen"]["share"].to_pylist()) == pytest.approx(1)
    assert sent["limits"].to_pylist() == [{"low": found.conf_low, "high": found.conf_high}]
    domains = re.findall(r'"domain": (\[[^\]]*\])', json.dumps(drawn))
    assert set(domains) == {json.dumps([shape.low, shape.high])}


def test_the_headless_answer_has_both() -> None:
    spec = AnalysisSpec.from_query(
        "time=time&unit=days&event=event&event_is=1&group_by=age&parts=stability,cutoff"
        "&bootstraps=50&permutations=99&cut_rule=best"
    )
    answer = analyse(dataset_of(random_columns(3, 70)), spec)
    found = answer["stability"]
    assert set(found) == {"bootstrap", "validation"}
    assert sum(found["bootstrap"]["counts"]) == found["bootstrap"]["draws"] == 50
    for name in ("conf_low", "conf_high", "hazard_ratio_corrected"):
        assert answer["cutoff"]["bootstrap"][name] == found["bootstrap"][name]
    assert 0.01 <= found["validation"]["p_value"] <= 1


def simulated(title: str) -> list[list[str]]:
    """The cells of the table below a title of STABILITY.md."""
    text = simulation.RESULTS.read_text(encoding="utf-8").split(f"## {title}")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return rows[1:]


def number(cell: str) -> tuple[float, float]:
    """A number and its standard error."""
    value, error = re.fullmatch(r"([+-]?[\d.]+) \(([\d.]+)\)", cell).groups()  # type: ignore[union-attr]
    return float(value), float(error)


BIAS = "Bias of the log hazard ratio"
LIMITS = "Percentile limits of the cutoff"
LEVELS = "The p-value of the cross-validated groups"


def test_the_kept_simulation_holds_what_its_text_says() -> None:
    kinds = [(effect, str(n)) for effect in simulation.EFFECTS for n in simulation.SIZES]
    rows = simulated(BIAS)
    assert [tuple(row[:2]) for row in rows] == kinds
    for effect, n, *cells, _ in rows:
        naive, corrected, optimism, crossed = (number(cell)[0] for cell in cells)
        assert abs(corrected) < 0.19 if effect == "none" else abs(corrected) < 0.08
        assert naive > 1.4 * abs(corrected)
        assert abs(crossed) < 0.06
        if effect == "none" or n == "27":
            assert optimism > 1.5 * abs(corrected)
    for _, _, cell in simulated(LIMITS):
        assert 0.895 <= number(cell)[0] <= 0.95
    for _, pooled, permuted in simulated(LEVELS):
        assert number(pooled)[0] > 0.1
        assert 0.03 <= number(permuted)[0] <= 0.055


def test_a_small_simulation_agrees_with_the_kept_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "BOOTSTRAPS", 100)
    monkeypatch.setattr(simulation, "PERMUTATIONS", 99)
    monkeypatch.setattr(simulation, "POPULATION", 20_000)
    results = {
        (70, effect): simulation.simulate(70, effect, 150, simulation.population(effect), seed=1)
        for effect in simulation.EFFECTS
    }
    kept = {(effect, n): cells for effect, n, *cells in simulated(BIAS)}
    made = [line.strip("| ").split(" | ") for line in simulation.ratios(results).splitlines()[2:]]
    assert len(made) == 3
    for effect, n, *cells in made:
        for cell, other in zip(cells[:4], kept[effect, n], strict=False):
            (mine, error), (theirs, _) = number(cell), number(other)
            assert abs(mine - theirs) < 4 * error + 0.02
    (row,) = (line for line in simulation.levels(results).splitlines() if line.startswith("| 70"))
    _, pooled, permuted = row.strip("| ").split(" | ")
    assert number(pooled)[0] > 0.1
    assert number(permuted)[0] < 0.1


def test_the_kept_simulation_was_written_by_this_script() -> None:
    def bare(text: str) -> str:
        return re.sub(r"[+-]?\d\.\d{3}", "0.000", text)

    one = simulation.Outcome(0.1, 0.1, 0.1, 0.1, 0.1, 0.1, True, 0.1, 0.1)
    kinds = [(n, effect) for effect in simulation.EFFECTS for n in simulation.SIZES]
    written = simulation.report({kind: [one, one] for kind in kinds})
    assert bare(written) == bare(simulation.RESULTS.read_text(encoding="utf-8"))
