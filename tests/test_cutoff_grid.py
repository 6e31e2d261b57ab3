"""The map of two markers: R, the curves page, the permutation distribution, laws, the screen."""

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
from core.survival import km
from core.survival.cutoff import corners
from core.survival.cutoff import grid as module
from core.survival.cutoff.grid import GridResult, grid
from core.view.lab import grid as view
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
from tests.reference.export_data import export

REFERENCE = Path(__file__).parent / "reference" / "several_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["maps"]
MARKERS = {"group_by": "dose", "second_by": "age"}


def mapped(columns: dict[str, Any], **fields: Any) -> GridResult:
    cohort = cohort_of(columns, **(MARKERS | fields))
    return grid(cohort, cohort.spec)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("grid_tables")
    export(folder)
    return folder


# R and the curves page ------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=[f"{c['x']}-{c['y']}" for c in CASES])
def test_r_agrees(case: dict[str, Any], exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Cells of the map, and the same two markers as groups of their own; then all four groups."""
    monkeypatch.setattr(corners, "MOST", 10_000)
    columns = [case[name] for name in ("time", "event", "x", "y")]
    frame = pd.read_csv(exported / case["table"])[columns].dropna()
    frame.columns = pd.Index(["time", "event", "dose", "age"])
    frame["event"] = (frame["event"] == case["event_is"]).astype(float)
    # The cells of R and nothing else: other values are moved to the nearest cutoff below.
    for name, place in (("dose", "first"), ("age", "second")):
        at = np.unique([cell[place] for cell in case["cells"]])
        value = np.concatenate([[frame[name].min() - 1], at])
        frame[name] = value[np.searchsorted(at, frame[name], side="right")]
    table = {name: frame[name].to_numpy() for name in frame}
    compared = 0
    for combine in ("both", "either"):
        found = mapped(
            table, combine=combine, cut_rule="median", ties=case["ties"], min_fraction=0.0
        )
        for cell in (c for c in case["cells"] if c["combine"] == combine):
            i = found.cutoff.tolist().index(cell["first"])
            j = found.second_cutoff.tolist().index(cell["second"])
            assert (found.n_high[i, j], found.events_high[i, j]) == (cell["n"], cell["events"])
            assert found.statistic[i, j] == pytest.approx(cell["chisq"], rel=1e-9)
            assert found.maxstat[i, j] == pytest.approx(cell["maxstat"], rel=1e-10)
            assert np.log(found.hazard_ratio[i, j]) == pytest.approx(cell["coef"], rel=1e-8)
            width = np.log(found.conf_high[i, j] / found.conf_low[i, j])
            assert width == pytest.approx(2 * stats.norm.ppf(0.975) * cell["se"], rel=1e-8)
            compared += 1
    assert compared == len(case["cells"])


@pytest.mark.parametrize("case", CASES, ids=[f"{c['x']}-{c['y']}" for c in CASES])
def test_r_agrees_about_all_four_groups(case: dict[str, Any], exported: Path) -> None:
    columns = [case[name] for name in ("time", "event", "x", "y")]
    frame = pd.read_csv(exported / case["table"])[columns].dropna()
    frame.columns = pd.Index(["time", "event", "x", "y"])
    frame["event"] = (frame["event"] == case["event_is"]).astype(float)
    spec = question(
        group_by="x", second_by="y", cut_rule="median", combine="four", ties=case["ties"]
    )
    answer = analyse(dataset_of({name: frame[name].to_numpy() for name in frame}), spec)
    wanted = case["four"]
    levels = answer["groups"]["levels"]
    assert [level["n"] for level in levels] == wanted["n"]
    assert [level["events"] for level in levels] == wanted["events"]
    assert answer["km"]["test"]["statistic"] == pytest.approx(wanted["chisq"], rel=1e-9)
    found = [row["coef"] for row in answer["km"]["hazard_ratio"]]
    assert found == pytest.approx(wanted["coef"], rel=1e-8)


@LAW
@given(
    st.integers(0, 10_000),
    st.sampled_from(["ge", "gt"]),
    st.sampled_from(["both", "either"]),
    st.sampled_from(["efron", "breslow"]),
)
def test_a_cell_is_what_the_curves_page_shows_at_its_cutoffs(
    seed: int, side: str, combine: str, ties: str
) -> None:
    columns = random_columns(seed, 60)
    fields = {"cut_side": side, "combine": combine, "ties": ties, **MARKERS}
    found = mapped(columns, **fields)
    rng = np.random.default_rng(seed)
    kept = np.argwhere(np.isfinite(found.maxstat))
    i, j = kept[rng.integers(len(kept))]
    cohort = cohort_of(
        columns, cut_rule="value", cut_value=(repr(float(found.cutoff[i])),),
        second_cut=float(found.second_cutoff[j]), **fields,
    )  # fmt: skip
    high = cohort.groups.levels[1]
    assert (high.n, high.events) == (found.n_high[i, j], found.events_high[i, j])
    shown = km.estimate(cohort, cohort.spec)
    assert found.statistic[i, j] == pytest.approx(shown.test.statistic, rel=1e-9)
    assert found.p_value[i, j] == pytest.approx(shown.test.p_value, rel=1e-8)
    assert found.log10_p[i, j] == pytest.approx(shown.test.log10_p, rel=1e-8)
    (row,) = shown.hazard_ratio
    if row.hazard_ratio is None:
        assert np.isnan(found.hazard_ratio[i, j])
    else:
        for name in ("hazard_ratio", "conf_low", "conf_high"):
            assert getattr(found, name)[i, j] == pytest.approx(getattr(row, name), rel=1e-7)


# The map --------------------------------------------------------------------------------------


@LAW
@given(st.integers(0, 10_000), st.sampled_from(["both", "either"]), st.integers(0, 9))
def test_a_cell_is_empty_where_a_group_has_too_few_events(
    seed: int, combine: str, min_events: int
) -> None:
    columns = random_columns(seed, 40)
    found = mapped(columns, combine=combine, min_events=float(min_events))
    fewest = max(min_events, module.FEWEST_EVENTS)
    assert found.min_events == fewest
    event = columns["event"] > 0
    for i, first in enumerate(found.cutoff):
        for j, second in enumerate(found.second_cutoff):
            x, y = columns["dose"] >= first, columns["age"] >= second
            high = x | y if combine == "either" else x & y
            dead = int(event[high].sum())
            enough = min(dead, int(event.sum()) - dead) >= fewest
            assert np.isfinite(found.maxstat[i, j]) == enough
            assert np.isfinite(found.statistic[i, j]) == enough
            if enough:
                assert (found.n_high[i, j], found.events_high[i, j]) == (high.sum(), dead)
    assert found.cells == np.isfinite(found.maxstat).sum()


@LAW
@given(st.integers(0, 10_000))
def test_exchanging_the_markers_turns_the_map(seed: int) -> None:
    columns = random_columns(seed, 36)
    found = mapped(columns)
    turned = mapped(columns, group_by="age", second_by="dose")
    for name in ("n_high", "statistic", "hazard_ratio", "maxstat"):
        assert pytest.approx(getattr(found, name), rel=1e-9, nan_ok=True) == getattr(turned, name).T
    assert turned.cutoff.tolist() == found.second_cutoff.tolist()


@LAW
@given(st.integers(0, 10_000))
def test_high_in_either_is_low_in_both_of_the_markers_turned(seed: int) -> None:
    columns = random_columns(seed, 36)
    either = mapped(columns, combine="either")
    turned = {**columns, "dose": -columns["dose"], "age": -columns["age"]}
    low = mapped(turned, combine="both", cut_side="gt")
    assert (-low.cutoff[::-1]).tolist() == either.cutoff.tolist()
    flipped = {name: getattr(low, name)[::-1, ::-1] for name in ("statistic", "hazard_ratio",
                                                                 "maxstat", "n_high")}  # fmt: skip
    assert flipped["statistic"] == pytest.approx(either.statistic, rel=1e-9, nan_ok=True)
    assert 1 / flipped["hazard_ratio"] == pytest.approx(either.hazard_ratio, rel=1e-8, nan_ok=True)
    assert 36 - flipped["n_high"] == pytest.approx(either.n_high, nan_ok=True)


@LAW
@given(st.integers(0, 10_000))
def test_nothing_but_the_orders_count(seed: int) -> None:
    columns = random_columns(seed, 36)
    order = np.random.default_rng(seed).permutation(36)
    other = {
        "time": columns["time"][order] ** 2,
        "event": columns["event"][order],
        "dose": np.sqrt(columns["dose"][order]),
        "age": columns["age"][order] ** 3,
    }
    found, again = mapped(columns), mapped(other)
    for name in ("n_high", "statistic", "hazard_ratio", "maxstat"):
        assert getattr(again, name) == pytest.approx(getattr(found, name), rel=1e-8, nan_ok=True)
    assert again.best == found.best


def test_there_are_at_most_forty_cutoffs_evenly_over_the_patients() -> None:
    columns = random_columns(4, 900)
    found = mapped(columns, min_fraction=0.1)
    assert len(found.cutoff) == len(found.second_cutoff) == corners.MOST
    below = (columns["dose"][:, None] < found.cutoff).sum(axis=0)
    assert (below[0], below[-1]) == (90, 810)
    assert set(np.diff(below).tolist()) <= {18, 19}


def test_a_huge_table_has_a_coarser_map(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corners, "PLACES", 300 * 12**2)
    found = mapped(random_columns(4, 300))
    assert found.maxstat.shape == (12, 12)


def test_of_equal_cells_the_lowest_is_taken() -> None:
    """Two copies of a marker: both and the diagonal are the same division."""
    columns = random_columns(6, 60)
    columns["age"] = columns["dose"].copy()
    found = mapped(columns)
    same = np.argwhere(found.maxstat >= np.nanmax(found.maxstat) * (1 - 1e-10))
    assert len(same) > 1
    assert found.best == tuple(same[0])


# The corrected p ------------------------------------------------------------------------------


@pytest.mark.parametrize("combine", ["both", "either"])
def test_the_p_value_is_that_of_all_permutations(
    combine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every order of seven outcomes, each mapped anew by the code that maps the data."""
    monkeypatch.setattr(module, "FEWEST_EVENTS", 2)
    time = np.array([1.0, 2, 2, 4, 5, 6, 7])
    event = np.array([1.0, 1, 0, 1, 0, 1, 1])
    x, y = np.array([1.0, 2, 3, 3, 5, 6, 7]), np.array([2.0, 1, 2, 4, 3, 4, 1])

    def largest(order: list[int]) -> float:
        columns = {"time": time[order], "event": event[order], "dose": x, "age": y}
        try:
            cohort = cohort_of(columns, combine=combine, cut_rule="median", **MARKERS)
            cells = np.asarray(_plain_maxstat(cohort, combine))
        except SpecError:
            return 0.0
        return float(np.nanmax(cells, initial=0.0))

    observed = mapped(
        {"time": time, "event": event, "dose": x, "age": y}, combine=combine, cut_rule="median"
    )
    m = float(observed.maxstat[observed.best])
    assert m == pytest.approx(largest(list(range(7))), rel=1e-12)
    rng = np.random.default_rng(3)
    orders = [rng.permutation(7).tolist() for _ in range(1500)]
    mean = float(np.mean([largest(order) >= m * (1 - 1e-10) for order in orders]))
    draws = 40_000
    result = mapped(
        {"time": time, "event": event, "dose": x, "age": y}, combine=combine, cut_rule="median",
        permutations=draws,
    )  # fmt: skip
    assert 0.02 < mean < 0.98
    error = (mean * (1 - mean) / len(orders)) ** 0.5
    assert result.p_corrected == pytest.approx(mean, abs=4 * error)


def _plain_maxstat(cohort: Cohort, combine: str) -> np.ndarray:
    """The standardised sums of all cells by their definition."""
    from core.search import logrank_scores

    x, y = (cohort.column(name).to_numpy(dtype=float) for name in ("dose", "age"))
    a = logrank_scores(cohort.time, cohort.event)
    a, n, found = a - a.mean(), len(x), []
    for c, d in itertools.product(np.unique(x)[1:], np.unique(y)[1:]):
        high = (x >= c) | (y >= d) if combine == "either" else (x >= c) & (y >= d)
        dead, m = int(cohort.event[high].sum()), int(high.sum())
        if min(dead, cohort.n_events - dead) >= 2:
            found.append(abs(a[high].sum()) / np.sqrt(m * (n - m) / (n * (n - 1)) * (a**2).sum()))
    return np.array(found)


def test_under_the_null_it_keeps_its_level_and_the_naive_p_does_not() -> None:
    rng = np.random.default_rng(12)
    corrected, naive, sets = 0, 0, 150
    for _ in range(sets):
        columns = {
            "time": rng.exponential(1.0, 50),
            "event": (rng.random(50) < 0.7).astype(float),
            "dose": np.round(rng.normal(size=50), 1),
            "age": np.round(rng.normal(size=50), 1),
        }
        found = mapped(columns, permutations=99)
        assert found.p_corrected is not None
        assert found.p_naive is not None
        corrected += found.p_corrected <= 0.05
        naive += found.p_naive <= 0.05
    assert stats.binom.cdf(corrected, sets, 0.05) > 0.001
    assert stats.binom.sf(corrected - 1, sets, 0.05) > 0.001
    assert naive > 0.3 * sets


def test_each_cell_has_its_p_after_the_search() -> None:
    found = mapped(random_columns(5, 80), permutations=499)
    p = found.p_adjusted
    assert p is not None
    kept = np.isfinite(found.maxstat)
    assert np.array_equal(np.isfinite(p), kept)
    assert p[found.best] == found.p_corrected == np.nanmin(p)
    order = np.argsort(found.maxstat[kept])
    assert (np.diff(p[kept][order]) <= 0).all()
    assert (p[kept] >= found.p_value[kept] - 0.02).all()


def test_without_permutations_there_is_no_corrected_p_and_it_is_said() -> None:
    found = mapped(random_columns(5, 80))
    assert (found.p_corrected, found.p_adjusted) == (None, None)
    assert any("no corrected p" in note.text for note in found.notes)


class Left(Exception):
    """Somebody left the page."""


def test_it_tells_how_far_it_is_and_can_be_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "STEPS", 100_000)
    cohort = cohort_of(random_columns(5, 60), **MARKERS)
    spec = cohort.spec.but(permutations=200)
    told: list[float] = []
    grid(cohort, spec, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert sum(done > 0.5 for done in told) > 5

    def leave(done: float) -> None:
        if done > 0:
            raise Left

    with pytest.raises(Left):
        grid(cohort, spec, progress=leave)


# Questions that have no map -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"second_by": None}, "no second marker"),
        ({"second_by": None, "group_by": None}, "no column to search"),
        ({"entry": "entry"}, "delayed entry"),
        ({"min_events": 22.0, "min_fraction": 0.3}, "No pair of cutoffs|No cutoff"),
    ],
)
def test_what_has_no_map_says_so(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(SpecError, match=said):
        mapped(random_columns(1, 60), **fields)


def test_a_constant_second_marker_has_no_map() -> None:
    columns = random_columns(1, 60)
    columns["age"] = np.full(60, 3.0)
    with pytest.raises(SpecError, match="no cutoff with enough patients"):
        mapped(columns)


def test_the_map_of_four_groups_is_that_of_both_and_says_so() -> None:
    columns = random_columns(1, 60)
    four, both = mapped(columns, combine="four"), mapped(columns)
    assert four.combine == "both"
    assert np.array_equal(four.statistic, both.statistic, equal_nan=True)
    assert any("four groups" in note.text for note in four.notes)


def test_the_answer_is_plain_json_and_its_canonical_query_gives_it_again() -> None:
    dataset = dataset_of(random_columns(8, 80))
    spec = question(**MARKERS, permutations=99, parts=("cohort", "km", "grid"))
    answer = analyse(dataset, spec)
    assert "combine=both" in answer["query"]
    assert analyse(dataset, type(spec).from_query(answer["query"])) == answer
    typed = analyse(dataset, spec.but(second_cut=58.25))
    assert "second_cut=58.25" in typed["query"]
    assert analyse(dataset, type(spec).from_query(typed["query"])) == typed
    assert json.loads(json.dumps(answer["grid"], allow_nan=False)) == answer["grid"]


# On the screen --------------------------------------------------------------------------------


def shown(**fields: Any) -> tuple[Cohort, GridResult]:
    cohort = cohort_of(random_columns(9, 150), **(MARKERS | fields))
    return cohort, grid(cohort, cohort.spec)


@pytest.mark.parametrize("colour", list(view.COLOURS))
def test_the_figure_holds_the_cells_the_best_and_the_cutoffs_in_force(colour: str) -> None:
    cohort, found = shown(permutations=99)
    shape = view.GridShape.of(cohort, found, colour)
    drawn = view.data(cohort, found, colour)
    cells = drawn["cells"].to_pylist()
    value = found.hazard_ratio if colour == "hazard_ratio" else found.log10_p
    assert len(cells) == np.isfinite(value).sum()
    assert {c["first"] for c in cells} <= set(shape.cutoffs)
    assert {c["second"] for c in cells} <= set(shape.second_cutoffs)
    assert drawn["best"].to_pylist() == [
        {"first": found.best_cutoff, "second": found.best_second_cutoff}
    ]
    assert len(drawn["now"]) == 1
    described = view.description(shape)
    (take,) = (p for p in described["params"] if p["name"] == "take")
    assert take["select"]["fields"] == ["first", "second", "asked"]


def test_a_cell_that_is_taken_is_the_one_in_force_and_can_be_taken_again() -> None:
    _, found = shown()
    i, j = 3, 5
    cohort, _ = shown(
        cut_rule="value", cut_value=(repr(float(found.cutoff[i])),),
        second_cut=float(found.second_cutoff[j]),
    )  # fmt: skip
    assert view.in_force(cohort, found) == ((i, j), True)
    before = view.data(shown()[0], found, "hazard_ratio")["cells"]["asked"].to_pylist()
    after = view.data(cohort, found, "hazard_ratio")["cells"]["asked"].to_pylist()
    assert set(before).isdisjoint(after)
    assert "taken alone" in view.now(cohort, found)


def test_cutoffs_between_those_of_the_map_frame_the_nearest_cell() -> None:
    columns = random_columns(9, 150)
    _, found = shown()
    x = np.sort(columns["dose"])
    between = float(x[np.searchsorted(x, found.cutoff[7]) + 1])
    cohort, _ = shown(cut_rule="value", cut_value=(repr(between),),
                      second_cut=float(found.second_cutoff[5]))  # fmt: skip
    assert view.in_force(cohort, found) == ((7, 5), False)
    assert "nearest" in view.now(cohort, found)


def test_without_groups_of_two_markers_nothing_is_in_force() -> None:
    _, found = shown()
    plain = cohort_of(random_columns(9, 150), group_by="dose")
    assert view.in_force(plain, found) == (None, False)
    assert view.now(plain, found) == ""


@pytest.mark.parametrize(
    ("naive", "corrected", "said"),
    [
        (0.0001, 0.004, "A difference remains"),
        (0.001, 0.2, "by chance in 20\u00a0% of pairs"),
        (0.2, 0.9, "Even taken alone its p is not below 0.05"),
        (0.001, None, "not known"),
    ],
)
def test_the_sentence_follows_the_corrected_p(
    naive: float, corrected: float | None, said: str
) -> None:
    cohort, found = shown()
    changed = dataclasses.replace(found, p_naive=naive, p_corrected=corrected)
    assert said in view.finding(cohort, changed)


def test_the_naive_p_never_stands_alone_nor_first() -> None:
    cohort, found = shown(permutations=99)
    names = [name for name, _ in view.key_numbers(found)]
    assert names[:2] == ["p after the search, whole map", "p of the best pair alone"]
    said = " ".join([view.finding(cohort, found), view.now(cohort, found), view.LEGEND, *names])
    assert "significant" not in said
    assert "after the search" in said
    assert view.table(found)["p_adjusted"].notna().all()
