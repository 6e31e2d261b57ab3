"""Patients and centres left out: R, every patient refitted, small sets by hand, and laws."""

from __future__ import annotations

import json
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.cohort import Cohort
from core.errors import SpecError
from core.survival.cutoff import removal
from core.survival.cutoff.centres import centre_columns
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.removal import fragility, leave_one_out
from core.survival.cutoff.robustness import RobustnessResult, robustness
from core.view.lab import robustness as view
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
from tests.reference.export_data import TABLES

REFERENCE = Path(__file__).parent / "reference" / "robustness_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]


def found_of(cohort: Cohort) -> RobustnessResult:
    return robustness(cohort, cohort.spec)


def endpoint_of(columns: dict[str, np.ndarray]) -> Endpoint:
    return Endpoint.sorted(columns["time"], columns["event"] > 0)


# R --------------------------------------------------------------------------------------------


def cohort_of_case(case: dict[str, Any], folder: Path) -> Cohort:
    name = case["table"].removesuffix(".csv")
    frame = pd.read_csv(TABLES[name](folder / case["table"]))
    frame = frame.dropna(subset=[case["time"], case["event"], case["x"]])
    columns = {
        "time": frame[case["time"]].to_numpy(),
        "event": frame[case["event"]].to_numpy(),
        "x": frame[case["x"]].to_numpy(),
    }
    if case["centre"]:
        known = frame[case["centre"]].astype(object)
        columns["centre"] = known.where(known.notna(), None).to_numpy()
    cut = {"cut_rule": "none"}
    if case["cut"] is not None:
        cut = {"cut_rule": "value", "cut_value": (str(case["cut"]),), "cut_side": "gt"}
    centre = "centre" if case["centre"] else None
    return cohort_of(columns, group_by="x", ties=case["ties"], centre=centre, **cut)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['table']}-{c['x']}" for c in CASES])
def test_r_agrees(case: dict[str, Any], tmp_path: Path) -> None:
    """Each patient left out, the greedy path, each centre left out, the best cutoff without it."""
    found = found_of(cohort_of_case(case, tmp_path))
    assert found.left_out.exact
    assert found.left_out.hazard_ratio == pytest.approx(case["without_hazard_ratio"], rel=1e-8)
    assert found.left_out.statistic == pytest.approx(case["without_chisq"], rel=1e-9)
    assert found.fragility is not None
    assert found.fragility.n_removed == case["removed"]
    path = np.atleast_1d(case["chisq_removed"])
    assert len(found.fragility.lines) == len(path)
    assert found.fragility.p_value == pytest.approx(stats.chi2.sf(path[-1], 1), rel=1e-8)
    if not case["centre"]:
        assert found.centres is None
        return
    assert found.centres is not None
    by_name = {number_of(c["centre"]): c for c in case["centres"]}
    assert len(found.centres.without) == len(by_name)
    for without in found.centres.without:
        r = by_name[number_of(without.centre)]
        assert without.effect.n == r["n"]
        assert without.effect.hazard_ratio == pytest.approx(r["hazard_ratio"], rel=1e-8)
        wide = stats.norm.ppf(0.975) * r["std_error"]
        assert without.effect.conf_low == pytest.approx(r["hazard_ratio"] * np.exp(-wide), rel=1e-8)
        assert without.effect.p_value == pytest.approx(stats.chi2.sf(r["chisq"], 1), rel=1e-8)
        assert without.best == r["best"]


def number_of(text: str) -> str:
    """R writes the number of a centre as 1, and so do we, whatever the file holds."""
    return text.removesuffix(".0")


# By hand --------------------------------------------------------------------------------------

SMALL = {"time": [1, 2, 3, 4, 5, 6], "event": [1] * 6, "arm": ["a", "a", "a", "b", "b", "b"]}


def test_six_patients_by_hand() -> None:
    """Without the first patient: O - E of b = 3 - (3/5 + 3/4 + 1 + 1 + 1) = -1.35."""
    found = found_of(cohort_of(SMALL, group_by="arm"))
    variance = 3 / 5 * 2 / 5 + 3 / 4 * 1 / 4
    assert found.left_out.statistic[0] == pytest.approx(1.35**2 / variance, rel=1e-12)
    # Nobody of b dies while somebody of a lives: the hazard ratio is not finite, with or without.
    assert found.whole.hazard_ratio is None
    assert found.furthest is None
    assert np.isnan(found.left_out.hazard_ratio).all()
    # Of all: O - E = 3 - (3/6 + 3/5 + 3/4 + 3), p = 0.025; one removal takes it above 0.05.
    assert found.whole.p_value == pytest.approx(stats.chi2.sf(1.85**2 / 0.6775, 1), rel=1e-10)
    assert found.fragility is not None
    assert found.fragility.n_removed == 1


def test_two_patients_leave_nothing() -> None:
    found = found_of(
        cohort_of({"time": [1, 2], "event": [1, 1], "arm": ["a", "b"]}, group_by="arm")
    )
    assert np.isnan(found.left_out.p_value).all()
    assert found.n_crossing == 0
    assert found.fragility is not None
    assert found.fragility.n_removed is None


def test_lines_are_those_of_the_file() -> None:
    """Row k of the table is line k + 2 of the file, and rows that are out do not shift it."""
    columns: dict[str, Any] = dict(random_columns(9, 40))
    columns["time"] = [None, None, *columns["time"][2:]]
    found = found_of(cohort_of(columns, group_by="arm"))
    frame = pd.DataFrame(columns).dropna(subset=["time"])
    moves = {}
    for row in frame.index:
        rest = frame.drop(index=row)
        endpoint = Endpoint.sorted(rest["time"].to_numpy(), rest["event"].to_numpy() > 0)
        moves[row] = endpoint.compare(rest["arm"].to_numpy() > 0).coef or 0.0
    assert found.lowest is not None
    assert found.highest is not None
    assert found.lowest.line == min(moves, key=moves.__getitem__) + 2
    assert found.highest.line == max(moves, key=moves.__getitem__) + 2
    assert found.highest.event == (columns["event"][found.highest.line - 2] > 0)
    assert found.furthest in (found.lowest, found.highest)


# Second road ----------------------------------------------------------------------------------


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("efron", [True, False])
def test_every_patient_refitted(ties: bool, efron: bool) -> None:
    columns = random_columns(3, 80, ties=ties)
    endpoint, high = endpoint_of(columns), columns["arm"] > 0
    found = leave_one_out(endpoint, high, efron=efron)
    for i in range(endpoint.n):
        rest = np.delete(np.arange(endpoint.n), i)
        one = endpoint.of_rows(rest).compare(high[rest], efron=efron)
        assert found.statistic[i] == pytest.approx(one.statistic, rel=1e-10)
        assert np.log(found.hazard_ratio[i]) == pytest.approx(one.coef, rel=1e-9, abs=1e-10)


@pytest.mark.parametrize("ties", [True, False])
@pytest.mark.parametrize("efron", [True, False])
def test_a_large_table_iterates_the_extremes_only(
    ties: bool, efron: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    columns = random_columns(4, 2000, ties=ties)
    endpoint, high = endpoint_of(columns), columns["arm"] > 0
    whole = leave_one_out(endpoint, high, efron=efron)
    monkeypatch.setattr(removal, "EVALUATIONS", 40 * len(endpoint.at))
    quick = leave_one_out(endpoint, high, efron=efron)
    assert whole.exact
    assert not quick.exact
    assert quick.statistic.tolist() == whole.statistic.tolist()
    assert np.abs(np.log(quick.hazard_ratio / whole.hazard_ratio)).max() < 2 / endpoint.n**2
    assert np.sum(quick.hazard_ratio == whole.hazard_ratio) >= 40


@pytest.mark.parametrize("seed", range(6))
def test_greedy_never_beats_all_subsets(seed: int) -> None:
    """The smallest number of all is not larger, and 1 is found where 1 does."""
    columns = random_columns(seed, 17)
    endpoint, high = endpoint_of(columns), columns["arm"] > 0
    found = fragility(endpoint, high)
    p = endpoint.compare(high).p_value
    assert found is not None
    assert p is not None

    def crosses(out: tuple[int, ...]) -> bool:
        rest = np.delete(np.arange(endpoint.n), out)
        other = endpoint.of_rows(rest).compare(high[rest]).p_value
        return other is not None and (other < 0.05) != (p < 0.05)

    smallest = next(
        (m for m in range(1, 5) if any(map(crosses, combinations(range(endpoint.n), m)))), None
    )
    if found.crossed:
        assert smallest is not None
        assert smallest <= len(found.removed)
        assert crosses(found.removed)
    if smallest == 1:
        assert len(found.removed) == 1


# Laws -----------------------------------------------------------------------------------------


@LAW
@given(seed=st.integers(0, 10_000))
def test_order_of_rows_and_names_do_not_matter(seed: int) -> None:
    columns = random_columns(seed, 40)
    order = np.random.default_rng(seed).permutation(40)
    high = columns["arm"] > 0
    found = leave_one_out(endpoint_of(columns), high)
    mixed = {name: values[order] for name, values in columns.items()}
    other = leave_one_out(endpoint_of(mixed), high[order])
    swapped = leave_one_out(endpoint_of(columns), ~high)
    assert other.statistic == pytest.approx(
        found.statistic[order], rel=1e-9, abs=1e-10, nan_ok=True
    )
    assert swapped.statistic == pytest.approx(found.statistic, rel=1e-8, abs=1e-9, nan_ok=True)
    assert swapped.hazard_ratio == pytest.approx(1 / found.hazard_ratio, rel=1e-8, nan_ok=True)


def test_who_is_censored_before_the_first_event_changes_nothing() -> None:
    columns = random_columns(2, 50)
    columns["time"] = columns["time"] + 1
    columns["time"][7], columns["event"][7] = 0.5, 0.0
    endpoint, high = endpoint_of(columns), columns["arm"] > 0
    found = leave_one_out(endpoint, high)
    whole = endpoint.compare(high)
    assert found.statistic[7] == pytest.approx(whole.statistic, rel=1e-12)
    assert np.log(found.hazard_ratio[7]) == pytest.approx(whole.coef, rel=1e-9)


# Questions that cannot be answered, and what is said -------------------------------------------


def test_more_than_two_groups_are_refused() -> None:
    with pytest.raises(SpecError, match="needs two groups, and there are 3"):
        found_of(cohort_of(random_columns(1), group_by="site"))
    with pytest.raises(SpecError, match="no groups yet"):
        found_of(cohort_of(random_columns(1)))
    with pytest.raises(SpecError, match="delayed entry"):
        found_of(cohort_of(random_columns(1), group_by="arm", entry="entry"))


@pytest.mark.parametrize(
    ("centre", "said"),
    [("nowhere", "no column 'nowhere'"), ("age", "60 different values"), ("one", "1 different")],
)
def test_a_column_that_is_no_centre_is_refused(centre: str, said: str) -> None:
    columns = random_columns(1) | {"one": ["x"] * 60}
    with pytest.raises(SpecError, match=said) as caught:
        found_of(cohort_of(columns, group_by="arm", centre=centre))
    assert caught.value.field == "centre"


def test_the_centre_is_guessed_by_its_name() -> None:
    columns = random_columns(1) | {"colour": ["red", "blue"] * 30, "Centre_no": [1.0, 2, 3] * 20}
    offered, guess = centre_columns(dataset_of(columns), question(group_by="arm"))
    assert offered == ("site", "colour", "Centre_no")
    assert guess == "site"


def test_a_searched_cutoff_is_called_one() -> None:
    columns = random_columns(5, 120)
    best = found_of(cohort_of(columns, group_by="dose", cut_rule="best", centre="site"))
    assert any(n.level == "warning" and "a search finds" in n.text for n in best.notes)
    assert best.centres is not None
    cohort = cohort_of(columns, group_by="dose", cut_rule="best")
    assert best.centres.best == cohort.groups.thresholds[0]
    assert "the search ignored" in view.finding(best)
    value = repr(cohort_of(columns, group_by="dose", cut_rule="best").groups.thresholds[0])
    typed = found_of(cohort_of(columns, group_by="dose", cut_rule="value", cut_value=(value,)))
    assert typed.searched  # taken by a click, it is the same cutoff
    median = found_of(cohort_of(columns, group_by="dose", cut_rule="median"))
    assert "search" not in view.finding(median)
    assert not any("a search finds" in n.text for n in median.notes)


# Figures and sentences -------------------------------------------------------------------------


def test_the_figures_are_thinned_and_keep_the_extremes() -> None:
    cohort = cohort_of(random_columns(6, 900), group_by="arm", centre="site")
    found = found_of(cohort)
    dots = view.dots_data(found)["dots"].to_pydict()
    assert len(dots["ratio"]) <= 400
    assert dots["ratio"] == sorted(dots["ratio"])
    assert dots["ratio"][0] == pytest.approx(found.left_out.hazard_ratio.min(), abs=1e-4)
    assert dots["ratio"][-1] == pytest.approx(found.left_out.hazard_ratio.max(), abs=1e-4)
    assert sum(dots["crosses"]) <= found.n_crossing
    table = view.centres_table(found)
    assert table.iloc[:, 0].tolist() == ["Nobody left out", "north", "south", "west"]


def test_the_sentence_counts_the_removals() -> None:
    found = found_of(cohort_of(random_columns(6, 300), group_by="arm"))
    said = view.finding(found)
    assert found.fragility is not None
    assert found.fragility.n_removed is not None
    assert f"{found.fragility.n_removed} patient" in said
    assert "significant" not in said
