"""Two cutoffs of one marker: R, the permutation distribution, laws, the answer, the words."""

from __future__ import annotations

import dataclasses
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.analysis import analyse
from core.cohort import Cohort
from core.errors import SpecError
from core.pair_search import MOST, PairSearch, search_pairs
from core.search import logrank_scores, search
from core.survival.cutoff import pair as module
from core.survival.cutoff.pair import Division, PairResult, pair
from core.view.lab import pair as view
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
from tests.reference.export_data import export

REFERENCE = Path(__file__).parent / "reference" / "several_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["pairs"]


def paired(columns: dict[str, Any], **fields: Any) -> PairResult:
    cohort = cohort_of(columns, **fields)
    return pair(cohort, cohort.spec)


def searched(columns: dict[str, Any], x: str, **fields: Any) -> PairSearch:
    values = (np.asarray(columns[name], dtype=float) for name in (x, "time"))
    found = search_pairs(*values, np.asarray(columns["event"]) > 0, **fields)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pair_tables")
    export(folder)
    return folder


# R --------------------------------------------------------------------------------------------


def assert_division(found: Division | None, wanted: dict[str, Any]) -> None:
    assert found is not None
    assert list(found.n) == wanted["n"]
    assert list(found.events) == wanted["events"]
    assert found.statistic == pytest.approx(wanted["chisq"], rel=1e-9)
    assert found.p_value == pytest.approx(
        stats.chi2.sf(wanted["chisq"], len(found.n) - 1), rel=1e-8
    )
    assert found.p_trend == pytest.approx(stats.chi2.sf(wanted["trend"], 1), rel=1e-8)
    assert [row.coef for row in found.hazard_ratio] == pytest.approx(wanted["coef"], rel=1e-8)
    assert [row.std_error for row in found.hazard_ratio] == pytest.approx(wanted["se"], rel=1e-8)
    for middle, theirs in zip(found.median, wanted["median"], strict=True):
        assert middle == (None if theirs is None else pytest.approx(theirs, rel=1e-12))


@pytest.mark.parametrize("case", CASES, ids=[f"{c['table']}-{c['x']}" for c in CASES])
def test_r_agrees(case: dict[str, Any], exported: Path) -> None:
    """The best pair of a loop in R over all pairs, its T, and all three divisions."""
    columns = [case["time"], case["event"], case["x"]]
    frame = pd.read_csv(exported / case["table"])[columns].dropna()
    frame.columns = pd.Index(["time", "event", "x"])
    frame["event"] = (frame["event"] == case["event_is"]).astype(float)
    found = paired(
        {name: frame[name].to_numpy() for name in frame},
        group_by="x",
        min_fraction=case["min_fraction"],
        ties=case["ties"],
    )
    assert list(found.thresholds) == case["thresholds"]
    assert found.pairs == case["pairs"]
    assert found.statistic == pytest.approx(case["statistic"], rel=1e-10)
    for rule in ("tertiles", "quartiles"):
        division = found.division(rule)
        assert division is not None
        assert division.thresholds == pytest.approx(sorted(set(case[f"{rule}_at"])), rel=1e-14)
        assert_division(division, case[rule])
    assert_division(found.division("best-pair"), case["best"])


# The statistic --------------------------------------------------------------------------------


def test_six_patients_by_hand() -> None:
    """Scores of 1 to 6, all events, in the order of the marker: the two longest part most."""
    x, time = np.arange(6.0), np.array([1.0, 3, 2, 5, 4, 6])
    hazard = np.cumsum(1 / np.arange(6, 0, -1.0))
    scores = 1 - hazard[time.astype(int) - 1]
    assert scores.sum() == pytest.approx(0, abs=1e-14)
    sums = {(1, 3): (scores[0], scores[1:3].sum(), scores[3:].sum())}
    by_hand = (
        5 / (scores**2).sum() * sum(s**2 / m for s, m in zip(sums[1, 3], (1, 2, 3), strict=True))
    )
    found = search_pairs(x, time, np.ones(6) > 0)
    assert found is not None
    assert found.statistics[0, 2] == pytest.approx(by_hand, rel=1e-14)
    assert found.thresholds("ge") == (3.0, 5.0)
    assert found.thresholds("gt") == (2.0, 4.0)


@LAW
@given(st.integers(0, 10_000))
def test_a_third_group_adds_to_the_statistic_of_two(seed: int) -> None:
    """T of two groups is M squared, and dividing one of them never makes it smaller."""
    columns = random_columns(seed, 40)
    found = searched(columns, "dose", min_fraction=0.1)
    alone = search(columns["dose"], columns["time"], columns["event"] > 0, min_fraction=0.1)
    assert alone is not None
    squared = dict(zip(alone.size.tolist(), (alone.statistics**2).tolist(), strict=True))
    for i, j in np.argwhere(found.allowed):
        t = found.statistics[i, j]
        assert t >= max(squared[found.size[i]], squared[found.size[j]]) * (1 - 1e-12)


@LAW
@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.1, 0.25]), st.integers(0, 6))
def test_admissible_is_what_leaves_enough_in_all_three_groups(
    seed: int, fraction: float, min_events: int
) -> None:
    columns = random_columns(seed, 30)
    x, event = np.round(columns["age"]), columns["event"] > 0
    found = search_pairs(x, columns["time"], event, min_fraction=fraction, min_events=min_events)
    at = np.unique(x)[1:]
    least = max(1, int(30 * fraction))
    wanted = set()
    for low, high in itertools.combinations(at.tolist(), 2):
        code = (x >= low).astype(int) + (x >= high)
        n, dead = np.bincount(code, minlength=3), np.bincount(code, event, minlength=3)
        if n.min() >= least and dead.min() >= min_events:
            wanted.add((low, high))
    got = set()
    if found is not None:
        got = {(found.high[i], found.high[j]) for i, j in np.argwhere(found.allowed)}
    assert got == wanted


@LAW
@given(st.integers(0, 10_000))
def test_nothing_but_the_order_of_the_marker_and_of_the_times_counts(seed: int) -> None:
    columns = random_columns(seed, 40)
    found = searched(columns, "dose")
    rng = np.random.default_rng(seed)
    order = rng.permutation(40)
    other = {
        "time": (columns["time"][order] * 3) ** 2,
        "event": columns["event"][order],
        "dose": np.exp(columns["dose"][order] / 3),
    }
    again = searched(other, "dose")
    assert again.best == found.best
    assert again.statistics == pytest.approx(found.statistics, rel=1e-9, nan_ok=True)
    assert again.thresholds("ge") == pytest.approx(np.exp(np.array(found.thresholds("ge")) / 3))
    turned = searched({**columns, "dose": -columns["dose"]}, "dose")
    assert pytest.approx(found.statistics, rel=1e-9, nan_ok=True) == turned.statistics[::-1, ::-1].T


def test_of_equal_pairs_the_lowest_is_taken() -> None:
    """Everybody dies at once but one: many pairs are alike."""
    columns = {"time": [1.0, 1, 1, 1, 1, 2], "event": [1.0] * 6, "x": [1.0, 2, 3, 4, 5, 6]}
    found = searched(columns, "x")
    same = np.argwhere(found.statistics >= found.statistic * (1 - 1e-10))
    assert len(same) > 1
    assert found.best == tuple(same[0])


def test_many_cutoffs_are_thinned_and_it_is_said() -> None:
    columns = random_columns(3, 700)
    found = paired(columns, group_by="dose", permutations=0)
    assert found.candidates == MOST
    assert any("evenly spaced" in note.text for note in found.notes)
    few = paired(random_columns(3, 100), group_by="dose", permutations=0)
    assert few.candidates < MOST
    assert not any("evenly spaced" in note.text for note in few.notes)


# The corrected p ------------------------------------------------------------------------------


@pytest.mark.parametrize("min_events", [0, 1])
def test_the_p_value_is_that_of_all_permutations(min_events: int) -> None:
    """Every order of seven outcomes, each searched anew by the code that searches the data."""
    time = np.array([1.0, 2, 2, 4, 5, 6, 7])
    event = np.array([1, 1, 0, 1, 0, 0, 1]) > 0
    x = np.array([1.0, 2, 3, 3, 5, 6, 7])
    kept: dict[str, Any] = {"min_fraction": 0.0, "min_events": min_events}
    observed = search_pairs(x, time, event, **kept)
    assert observed is not None
    as_large = []
    for order in itertools.permutations(range(7)):
        found = search_pairs(x, time[list(order)], event[list(order)], **kept)
        as_large.append(found is not None and found.statistic >= observed.statistic * (1 - 1e-10))
    exact = float(np.mean(as_large))
    draws = 40_000
    columns = {"time": time, "event": event.astype(float), "x": x}
    result = paired(columns, group_by="x", permutations=draws, **kept)
    error = (exact * (1 - exact) / draws) ** 0.5
    assert 0.02 < exact < 0.98
    assert result.p_corrected == pytest.approx(exact, abs=4 * error)


@pytest.mark.parametrize("min_events", [0, 2, 4])
def test_each_permutation_is_searched_as_the_data_are(min_events: int) -> None:
    """The kernel against the search itself, on the same shuffles of the same random numbers."""
    from core.survival.cutoff.kernels import pairs

    columns = random_columns(2, 24)
    x, time, event = columns["age"], columns["time"], columns["event"] > 0
    found = search_pairs(x, time, event, min_fraction=0.1, min_events=min_events)
    assert found is not None
    scores = logrank_scores(time, event) - logrank_scores(time, event).mean()
    maxima = np.empty(150)
    pairs.pair_maxima(
        scores, event.astype(float), found.size.astype(np.int64), found.least, float(min_events),
        23 / (scores**2).sum(), np.random.default_rng(4), maxima,
    )  # fmt: skip
    rng, order = np.random.default_rng(4), np.arange(24)
    for b in range(150):
        for i in range(23):
            j = i + int(rng.random() * (24 - i))
            order[[i, j]] = order[[j, i]]
        again = search_pairs(
            np.sort(x), time[order], event[order], min_fraction=0.1, min_events=min_events
        )
        assert maxima[b] == pytest.approx(0.0 if again is None else again.statistic, rel=1e-10)


def test_under_the_null_it_keeps_its_level_and_the_naive_p_does_not() -> None:
    rng = np.random.default_rng(11)
    corrected, naive, sets = 0, 0, 250
    for _ in range(sets):
        columns = {
            "time": rng.exponential(1.0, 40),
            "event": (rng.random(40) < 0.7).astype(float),
            "x": rng.normal(size=40),
        }
        cohort = cohort_of(columns, group_by="x", cut_rule="best-pair")
        found = cohort.groups.pair
        assert found is not None
        p = module._corrected(cohort, found, cohort.spec.but(permutations=99), lambda done: None)
        assert p is not None
        corrected += p <= 0.05
        naive += stats.chi2.sf(found.statistic, 2) <= 0.05
    assert stats.binom.cdf(corrected, sets, 0.05) > 0.001
    assert stats.binom.sf(corrected - 1, sets, 0.05) > 0.001
    assert naive > 0.3 * sets


def test_the_same_seed_gives_the_same_p_and_another_one_another() -> None:
    columns = random_columns(5, 60)
    asked = [
        paired(columns, group_by="age", permutations=499, seed=seed).p_corrected
        for seed in (1, 1, 2)
    ]
    assert asked[0] == asked[1] != asked[2]


def test_without_permutations_there_is_no_corrected_p_and_it_is_said() -> None:
    found = paired(random_columns(5, 60), group_by="age")
    assert found.p_corrected is None
    assert found.p_naive is not None
    assert any("no corrected p" in note.text for note in found.notes)


class Left(Exception):
    """Somebody left the page."""


def test_it_tells_how_far_it_is_and_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 20_000)
    cohort = cohort_of(random_columns(5, 60), group_by="age")
    spec = cohort.spec.but(permutations=200)
    told: list[float] = []
    pair(cohort, spec, progress=told.append)
    assert told == sorted(told)
    assert len(told) > 5
    assert (told[0], told[-1]) == (0.0, 1.0)

    def leave(done: float) -> None:
        if done > 0:
            raise Left

    with pytest.raises(Left):
        pair(cohort, spec, progress=leave)


# The groups and the answer --------------------------------------------------------------------


@pytest.mark.parametrize("side", ["ge", "gt"])
def test_the_groups_of_the_best_pair(side: str) -> None:
    columns = random_columns(7, 80)
    cohort = cohort_of(columns, group_by="age", cut_rule="best-pair", cut_side=side)
    groups = cohort.groups
    result = pair(cohort, cohort.spec)
    assert (groups.rule, groups.origin, groups.search) == ("best-pair", "best", None)
    assert groups.thresholds == result.thresholds
    best = result.division("best-pair")
    assert best is not None
    assert tuple(level.n for level in groups.levels) == best.n
    (warned,) = (n for n in groups.notes if n.level == "warning")
    assert "too small" in warned.text
    other = cohort_of(columns, group_by="age", cut_rule="best-pair").groups
    assert np.array_equal(other.codes, groups.codes)


def test_only_the_marker_is_read_and_not_how_it_is_cut() -> None:
    columns = random_columns(8, 80)
    others: tuple[dict[str, Any], ...] = (
        {},
        {"cut_rule": "tertiles"},
        {"cut_rule": "best-pair"},
        {"strata": ("arm",)},
        {"test": "gehan"},
        {"second_by": "dose"},
    )
    asked = [paired(columns, group_by="age", permutations=99, **fields) for fields in others]
    assert len({(r.thresholds, r.p_naive, r.p_corrected) for r in asked}) == 1


def test_the_canonical_query_of_a_best_pair_gives_the_same_answer() -> None:
    dataset = dataset_of(random_columns(8, 80))
    spec = question(
        group_by="age", cut_rule="best-pair", permutations=99, parts=("cohort", "km", "pair")
    )
    answer = analyse(dataset, spec)
    assert "min_fraction=0.1" in answer["query"]
    again = analyse(dataset, type(spec).from_query(answer["query"]))
    assert again == answer
    assert answer["pair"]["p_naive"] == answer["km"]["test"]["p_value"]
    assert answer["groups"]["thresholds"] == answer["pair"]["thresholds"]
    assert json.loads(json.dumps(answer["pair"], allow_nan=False)) == answer["pair"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"group_by": "age", "entry": "entry"}, "delayed entry"),
        ({"group_by": "age", "min_fraction": 0.4}, "No pair"),
        ({"group_by": "age", "min_events": 25.0}, "No pair"),
        ({"group_by": "arm"}, "No pair"),
        ({"group_by": "site"}, "not a number"),
    ],
)
def test_what_has_no_best_pair_says_so(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        cohort_of(random_columns(1, 60), cut_rule="best-pair", **fields)


def test_where_there_is_no_pair_the_other_divisions_stay() -> None:
    found = paired(random_columns(1, 60), group_by="age", min_fraction=0.4, permutations=99)
    assert [d.rule for d in found.divisions] == ["tertiles", "quartiles"]
    assert (found.thresholds, found.statistic, found.p_corrected) == ((), None, None)
    assert any("No pair" in note.text for note in found.notes)


# On the screen --------------------------------------------------------------------------------


def result_and_cohort(**fields: Any) -> tuple[PairResult, Cohort]:
    cohort = cohort_of(random_columns(9, 150), group_by="age", **fields)
    return pair(cohort, cohort.spec), cohort


@pytest.mark.parametrize("draws", [0, 99])
def test_the_naive_p_of_the_pair_never_stands_alone_nor_first(draws: int) -> None:
    result, cohort = result_and_cohort(permutations=draws)
    for division in result.divisions:
        said = view.key_numbers(division)
        if division.rule == "best-pair":
            assert [name for name, _ in said] == ["p after the search", "p, search ignored"]
            assert (said[0][1] == "unknown") == (draws == 0)
        assert "significant" not in " ".join(map(" ".join, said))
    assert "significant" not in view.finding(cohort, result) + view.LEGEND


@pytest.mark.parametrize(
    ("naive", "corrected", "said"),
    [
        (0.0001, 0.004, "A difference remains"),
        (0.001, 0.2, "by chance in 20\u00a0% of markers"),
        (0.2, 0.9, "Even taken alone their p is not below 0.05"),
        (0.001, None, "not known"),
    ],
)
def test_the_sentence_follows_the_corrected_p(
    naive: float, corrected: float | None, said: str
) -> None:
    result, cohort = result_and_cohort(permutations=9)
    changed = dataclasses.replace(result, p_naive=naive, p_corrected=corrected)
    assert said in view.finding(cohort, changed)


def test_the_map_holds_the_pairs_and_the_best_of_them() -> None:
    result, cohort = result_and_cohort()
    search = result.search
    assert search is not None
    assert len(search.size) > view.MOST
    shape = view.PairShape.of(cohort, result, search)
    drawn = view.data(result, search)
    cells = drawn["cells"].to_pylist()
    tops = max(cells, key=lambda cell: cell["statistic"])
    assert (tops["first"], tops["second"]) == result.thresholds
    assert drawn["best"].to_pylist() == [dict(zip(("first", "second"), result.thresholds,
                                                  strict=True))]  # fmt: skip
    assert {c["first"] for c in cells} | {c["second"] for c in cells} <= set(shape.cutoffs)
    assert all(c["first"] < c["second"] for c in cells)
    assert len(view.description(shape)["layer"]) == 3


def test_the_tables_say_what_the_result_says() -> None:
    result, cohort = result_and_cohort()
    table = view.table(result)
    assert len(table) == sum(len(d.n) for d in result.divisions)
    assert table["n"].sum() == 3 * cohort.n
    shown = view.groups(cohort, result.divisions[0])
    assert shown["Hazard ratio"].tolist()[0] == "1"
    assert len(shown) == 3
