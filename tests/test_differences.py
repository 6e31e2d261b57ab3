"""Groups at chosen times: R's numbers, closed forms, laws, and the section's words and figure."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core.cohort import Cohort
from core.survival import km
from core.survival.differences import DifferencesResult, differences
from core.survival.restricted import MeanContrast
from core.view.curve import areas
from core.view.curve import differences as view
from tests.cohorts import LAW, cohort_of, random_columns
from tests.reference.export_data import export

REFERENCE = Path(__file__).parent / "reference" / "curves_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]
NAMES = [case["table"].removesuffix(".csv") for case in CASES]
SCALES = ("log-log", "log", "plain", "arcsin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("curves_tables")
    export(made)
    return made


def cohort_in(case: dict[str, Any], folder: Path, **more: Any) -> Cohort:
    raw = pd.read_csv(folder / case["table"])
    columns = {
        "time": raw[case["time"]].astype(float),
        "event": (raw[case["event"]] == case["event_is"]).astype(float),
        "g": raw[case["group"]].astype(str).to_numpy(dtype=object),
    }
    asked: dict[str, Any] = {
        "group_by": "g", "at": tuple(str(t) for t in np.atleast_1d(case["at"])),
        "tau": float(case["tau"]), "given": float(case["given"]),
    }  # fmt: skip
    if case["entry"] is not None:
        columns["entry"] = raw[case["entry"]].astype(float)
        asked["entry"] = "entry"
    return cohort_of({k: np.asarray(v) for k, v in columns.items()}, **(asked | more))


def ask(columns: dict[str, Any], **fields: Any) -> DifferencesResult:
    cohort = cohort_of(columns, **fields)
    return differences(cohort, cohort.spec)


def numbers(values: Any) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in np.atleast_1d(values)], dtype=float)


def column(rows: Any, name: str) -> np.ndarray:
    return numbers([getattr(row, name) for row in rows])


def same(found: np.ndarray, wanted: Any, rel: float = 1e-10) -> None:
    assert found == pytest.approx(numbers(wanted), rel=rel, abs=1e-12, nan_ok=True)


# R --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("scale", SCALES)
def test_survival_and_its_limits_are_those_of_r(
    case: dict[str, Any], scale: str, folder: Path
) -> None:
    cohort = cohort_in(case, folder, conf_type=scale)
    found = differences(cohort, cohort.spec)
    for g, wanted in enumerate(case["groups"].values()):
        rows = [row for row in found.survival if row.group == g]
        estimate = numbers(wanted["estimate"])
        past = (numbers(case["at"]) > wanted["last"]) & (estimate > 0)
        sure = (estimate == 0) | (estimate == 1)
        same(column(rows, "estimate"), np.where(past, np.nan, estimate))
        for name, values in (
            ("std_error", wanted["std_error"]),
            ("conf_low", wanted["limits"][scale]["low"]),
            ("conf_high", wanted["limits"][scale]["high"]),
        ):
            same(column(rows, name), np.where(past | sure, np.nan, numbers(values)))
        if case["entry"] is None:  # R counts late entries into the next event's risk set
            assert [row.n_risk for row in rows] == np.atleast_1d(wanted["n_risk"]).tolist()


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_differences_and_their_tests_are_those_of_r(case: dict[str, Any], folder: Path) -> None:
    cohort = cohort_in(case, folder)
    found = differences(cohort, cohort.spec)
    names = {
        "difference": "estimate", "std_error": "std_error", "low": "conf_low", "high": "conf_high",
        "z": "statistic", "p": "p_value", "z_log_log": "statistic_log_log",
        "p_log_log": "p_value_log_log",
    }  # fmt: skip
    first = next(iter(case["groups"].values()))
    for g, (label, wanted) in enumerate(case["against"].items(), start=1):
        rows = [row for row in found.differences if row.group == g]
        groups = (first, case["groups"][label])
        estimates = [numbers(x["estimate"]) for x in groups]
        sure = np.any([(s == 0) | (s == 1) for s in estimates], axis=0)
        past = np.any([(numbers(case["at"]) > x["last"]) & (s > 0)
                       for x, s in zip(groups, estimates, strict=True)], axis=0)  # fmt: skip
        for name, attribute in names.items():
            unknown = past if name == "difference" else past | sure
            values = np.where(unknown, np.nan, numbers(wanted[name]))
            same(column(rows, attribute), values, rel=1e-8)
        known = column(rows, "p_value")
        assert 10 ** column(rows, "log10_p") == pytest.approx(known, rel=1e-9, nan_ok=True)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_the_test_of_all_groups_is_the_quadratic_form_of_contrasts(
    case: dict[str, Any], folder: Path
) -> None:
    cohort = cohort_in(case, folder)
    found = differences(cohort, cohort.spec).together
    assert bool(found) == (len(case["groups"]) > 2)
    for row, wanted in zip(found, case["together"], strict=False):
        if row.statistic is None:
            continue
        assert row.df == len(case["groups"]) - 1
        same(numbers([row.statistic, row.statistic_log_log]), [wanted["plain"], wanted["log_log"]])
        p = stats.chi2.sf([row.statistic, row.statistic_log_log], row.df)
        same(numbers([row.p_value, row.p_value_log_log]), p)
    assert sum(row.statistic is not None for row in found) >= bool(found)


@pytest.mark.parametrize("case", CASES, ids=NAMES)
def test_restricted_means_are_those_of_r(case: dict[str, Any], folder: Path) -> None:
    cohort = cohort_in(case, folder)
    found = differences(cohort, cohort.spec)
    assert found.tau == case["tau"]
    for row, wanted in zip(found.rmst, case["groups"].values(), strict=True):
        same(numbers([row.estimate, row.std_error]), [wanted["rmst"], wanted["rmst_se"]])
        half = stats.norm.ppf(0.975) * wanted["rmst_se"]
        same(numbers([row.conf_low, row.conf_high]), wanted["rmst"] + np.array([-half, half]))
    contrasts = iter(found.rmst_contrasts)
    for wanted in case["against"].values():
        for measure, name in (("difference", "rmst"), ("ratio", "ratio")):
            row = next(contrasts)
            assert row.measure == measure
            same(contrast(row), wanted[name], rel=1e-8)
    assert next(contrasts, None) is None


def contrast(row: MeanContrast) -> np.ndarray:
    return numbers([row.estimate, row.std_error, row.conf_low, row.conf_high, row.p_value])


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("scale", SCALES)
def test_conditional_survival_is_the_curve_of_those_who_are_left(
    case: dict[str, Any], scale: str, folder: Path
) -> None:
    cohort = cohort_in(case, folder, conf_type=scale)
    found = differences(cohort, cohort.spec).conditional
    times = [t for t in np.atleast_1d(case["at"]) if t > case["given"]]
    for g, group in enumerate(case["groups"].values()):
        rows = [row for row in found if row.group == g]
        wanted = group["conditional"][scale]
        assert [row.time for row in rows] == times
        assert {row.n_given for row in rows} == {group["n_given"]}
        estimate = numbers(wanted["estimate"])
        past = (np.array(times) > group["last"]) & (estimate > 0)
        sure = (estimate == 0) | (estimate == 1)
        same(column(rows, "estimate"), np.where(past, np.nan, estimate))
        for name, values in (("std_error", wanted["std_error"]), ("conf_low", wanted["low"]),
                             ("conf_high", wanted["high"])):  # fmt: skip
            same(column(rows, name), np.where(past | sure, np.nan, numbers(values)), rel=1e-9)


@pytest.mark.parametrize(
    ("sex", "rmst"), [(0, (241.49509, 10.358226)), (1, (297.46541, 10.791324))]
)
def test_restricted_means_of_lung_are_the_published_ones(
    sex: int, rmst: tuple[float, float], folder: Path
) -> None:
    """And not 120.5 for the standard error, which is lifelines' (its issue 1682)."""
    cohort = cohort_in(CASES[0], folder)
    found = differences(cohort, cohort.spec)
    row = found.rmst[sex]
    assert (row.estimate, row.std_error) == pytest.approx(rmst, rel=1e-7)
    first, second = found.rmst_contrasts
    assert contrast(first)[[0, 1, 4]] == pytest.approx(
        [55.970324, 14.958126, 0.00018270646], rel=1e-6
    )
    assert contrast(second)[[0, 2, 3]] == pytest.approx([1.2317659, 1.1033434, 1.375136], rel=1e-6)


# By hand --------------------------------------------------------------------------------------

# a: 4 patients, events at 1 and 3; b: 5 patients, events at 2 and 4.
HAND: dict[str, Any] = {
    "time": [1, 2, 3, 5, 1, 2, 3, 4, 5],
    "event": [1, 0, 1, 0, 0, 1, 0, 1, 0],
    "g": ["a"] * 4 + ["b"] * 5,
}


def test_nine_patients_in_closed_form() -> None:
    found = ask(HAND, group_by="g", at=("3",), tau=4.0, given=1.0)
    a, b = found.survival
    # S_a(3) = 3/4 1/2, S_b(3) = 3/4
    assert (a.estimate, b.estimate) == pytest.approx((3 / 8, 3 / 4))
    log_a, log_b = 1 / (4 * 3) + 1 / (2 * 1), 1 / (4 * 3)
    errors = [3 / 8 * log_a**0.5, 3 / 4 * log_b**0.5]
    assert (a.std_error, b.std_error) == pytest.approx(tuple(errors))
    (row,) = found.differences
    assert row.estimate == pytest.approx(3 / 8)
    assert row.std_error == pytest.approx(np.hypot(*errors))
    turned = np.log(-np.log(3 / 8)) - np.log(-np.log(3 / 4))
    spread = log_a / np.log(3 / 8) ** 2 + log_b / np.log(3 / 4) ** 2
    assert row.statistic_log_log == pytest.approx(turned / spread**0.5)
    # Areas to 4: 1 + 2 3/4 + 3/8 and 2 + 2 3/4
    assert [m.estimate for m in found.rmst] == pytest.approx([2.875, 3.5])
    to_the_right = (2 * 3 / 4 + 3 / 8, 3 / 8)
    variance = to_the_right[0] ** 2 / 12 + to_the_right[1] ** 2 / 2
    assert found.rmst[0].std_error == pytest.approx(variance**0.5)
    assert found.rmst[1].std_error == pytest.approx((1.5**2 / 12) ** 0.5)
    # Of those alive after 1: 3 in a, one of two left has the event at 3; 4 in b.
    assert [(c.n_given, c.estimate) for c in found.conditional] == [
        (3, pytest.approx(1 / 2)), (4, pytest.approx(3 / 4)),
    ]  # fmt: skip
    assert found.conditional[0].std_error == pytest.approx(0.5 * 0.5**0.5)


def test_without_censoring_it_is_the_comparison_of_two_proportions() -> None:
    rng = np.random.default_rng(4)
    time, g = rng.exponential(10, 80), np.repeat(["a", "b"], [30, 50])
    found = ask({"time": time, "event": np.ones(80), "g": g.astype(object)}, group_by="g",
                at=("6",), tau=6.0)  # fmt: skip
    alive = [float((time[g == k] > 6).mean()) for k in "ab"]
    variance = sum(p * (1 - p) / n for p, n in zip(alive, (30, 50), strict=True))
    (row,) = found.differences
    assert row.estimate == pytest.approx(alive[1] - alive[0])
    assert row.std_error == pytest.approx(variance**0.5)
    limited = [np.minimum(time[g == k], 6.0) for k in "ab"]
    wanted = sum(x.var() / len(x) for x in limited)
    assert found.rmst_contrasts[0].estimate == pytest.approx(limited[1].mean() - limited[0].mean())
    assert found.rmst_contrasts[0].std_error == pytest.approx(wanted**0.5)


def test_at_100_and_0_percent_nothing_is_known_about_the_precision() -> None:
    columns = {"time": [2, 3, 4, 1, 2, 3], "event": [1, 0, 1, 1, 1, 1], "g": list("aaabbb")}
    found = ask(columns, group_by="g", at=("1", "3.5"))
    first, last = found.differences
    assert (first.estimate, first.statistic, first.conf_low) == (pytest.approx(-1 / 3), None, None)
    assert (last.estimate, last.p_value, last.p_value_log_log) == (
        pytest.approx(-2 / 3),
        None,
        None,
    )
    assert [row.std_error is None for row in found.survival] == [True, False, False, True]
    assert any(note.about == "at" and "100 %" in note.text for note in found.notes)


def test_after_the_last_follow_up_of_a_group_there_is_no_difference() -> None:
    columns = {"time": [1, 2, 3, 8], "event": [1, 0, 1, 0], "g": list("aabb")}
    found = ask(columns, group_by="g", at=("2", "5"))
    known, unknown = found.differences
    assert known.estimate == pytest.approx(0.5)
    assert all(getattr(unknown, f.name) is None for f in fields(unknown)[4:])
    assert any(note.about == "at" for note in found.notes)


def test_everybody_together_has_no_difference_and_no_test() -> None:
    found = ask(HAND, at=("2",), given=1.0)
    assert (found.differences, found.together, found.rmst_contrasts) == ((), (), ())
    assert len(found.survival) == len(found.rmst) == len(found.conditional) == 1


def test_a_group_without_an_event_has_a_mean_and_no_precision() -> None:
    columns = {"time": [1, 2, 3, 4], "event": [0, 0, 1, 0], "g": list("aabb")}
    found = ask(columns, group_by="g")
    assert (found.tau, found.rmst[0].estimate, found.rmst[0].std_error) == (2, 2, None)
    assert [c.p_value for c in found.rmst_contrasts] == [None, None]
    assert [c.estimate for c in found.rmst_contrasts] == [0, 1]


def test_times_of_zero_alone_have_no_horizon() -> None:
    found = ask({"time": [0, 0], "event": [1, 0], "g": ["a", "b"]}, group_by="g", given=3.0)
    assert (found.tau, found.rmst) == (None, ())
    assert any(note.about == "rmst" and note.level == "warning" for note in found.notes)


def test_who_was_given_must_have_been_reached() -> None:
    found = ask(HAND, group_by="g", at=("2", "4"), given=4.5)
    assert found.conditional == ()
    assert any(note.about == "given" for note in found.notes)
    columns = {"time": [1, 2, 3, 8], "event": [1, 0, 1, 0], "g": list("aabb")}
    late = ask(columns, group_by="g", at=("6",), given=4.0).conditional
    assert [(c.n_given, c.estimate) for c in late] == [(0, None), (1, 1.0)]
    dead = ask(columns | {"event": [1, 1, 1, 1]}, group_by="g", at=("6",), given=4.0).conditional
    assert [c.estimate for c in dead] == [None, 1.0]


def test_an_event_at_the_given_time_is_not_of_those_who_outlived_it() -> None:
    columns = {"time": [365.25, 365.25, 800, 900], "event": [1, 1, 1, 0]}
    (found,) = ask(columns, at=("28",), given=12.0, show_unit="months").conditional
    assert (found.n_given, found.estimate, found.given) == (2, 0.5, 12.0)


@pytest.mark.parametrize(
    ("asked", "about"),
    [({"strata": ("site",)}, "differences"), ({}, "rmst"), ({"tau": 1e4}, "rmst"),
     ({"entry": "entry"}, "rmst")],
)  # fmt: skip
def test_choices_are_told(asked: dict[str, Any], about: str) -> None:
    found = ask(random_columns(2), group_by="arm", at=("3",), **asked)
    assert any(note.about == about for note in found.notes)
    assert not any("its own" in note.text for note in found.notes)  # one time is one test
    several = ask(random_columns(2), group_by="arm", at=("3", "4"))
    assert any("its own" in note.text for note in several.notes)


def test_a_searched_cutoff_is_warned_of() -> None:
    found = ask(random_columns(2), group_by="age", cut_rule="best")
    assert any(note.level == "warning" and "searched" in note.text for note in found.notes)
    assert not any(n.level == "warning" for n in ask(random_columns(2), group_by="age").notes)


# Laws -----------------------------------------------------------------------------------------


@given(st.integers(0, 10_000), st.booleans())
@LAW
def test_order_and_unit_change_nothing(seed: int, late: bool) -> None:
    columns = random_columns(seed, 30)
    asked: dict[str, Any] = {"group_by": "site", "entry": "entry" if late else None}
    one = ask(columns, at=("4", "9"), given=3.0, tau=10.0, **asked)
    order = np.random.default_rng(seed).permutation(30)
    other = ask({k: v[order] for k, v in columns.items()}, at=("4", "9"), given=3.0, tau=10.0,
                **asked)  # fmt: skip
    assert one == other
    weekly = columns | {"time": columns["time"] * 7, "entry": columns["entry"] * 7}
    days = ask(weekly, at=("4", "9"), given=3.0, tau=10.0, show_unit="weeks", **asked)
    for name in ("survival", "differences", "together", "rmst", "rmst_contrasts", "conditional"):
        for a, b in zip(getattr(one, name), getattr(days, name), strict=True):
            for f in fields(a):
                x, y = getattr(a, f.name), getattr(b, f.name)
                assert x == (y if isinstance(y, str | None) else pytest.approx(y, rel=1e-9))


@given(st.integers(0, 10_000))
@LAW
def test_two_groups_exchanged_turn_the_sign(seed: int) -> None:
    columns = random_columns(seed, 40)
    turned = columns | {"arm": 1 - columns["arm"]}
    one, other = (ask(c, group_by="arm", at=("6",), tau=8.0) for c in (columns, turned))
    a, b = one.differences[0], other.differences[0]
    for name in ("estimate", "statistic", "statistic_log_log"):
        assert getattr(a, name) == (None if getattr(b, name) is None else -getattr(b, name))
    assert (a.p_value, a.p_value_log_log) == (b.p_value, b.p_value_log_log)
    if a.conf_low is not None:
        assert (a.conf_low, a.conf_high) == (-b.conf_high, -b.conf_low)
    assert one.rmst_contrasts[1].estimate == pytest.approx(1 / other.rmst_contrasts[1].estimate)


@given(st.integers(0, 10_000))
@LAW
def test_survival_is_the_product_of_its_conditional_parts(seed: int) -> None:
    columns = random_columns(seed, 40)
    rows = ask(columns, group_by="arm", at=("4", "8"), given=4.0)
    for part in rows.conditional:
        at_4, at_8 = (r for r in rows.survival if r.group == part.group)
        if part.estimate is not None:
            assert at_8.estimate == pytest.approx(part.estimate * (at_4.estimate or 0))


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("kind", SCALES)
def test_a_curve_and_this_part_say_the_same(kind: str, late: bool) -> None:
    cohort = cohort_of(random_columns(8), group_by="site", conf_type=kind,
                       entry="entry" if late else None)  # fmt: skip
    page, found = km.estimate(cohort, cohort.spec), differences(cohort, cohort.spec)
    at = page.at[page.at["estimate"].between(0, 1, inclusive="neither")]
    rows = [row for row in found.survival if row.estimate is not None and 0 < row.estimate < 1]
    for name in ("time", "n_risk", "estimate", "conf_low", "conf_high", "group"):
        assert at[name].tolist() == [getattr(row, name) for row in rows]
    assert page.tau == found.tau
    assert [g.rmst for g in page.groups] == [m.estimate for m in found.rmst]


@pytest.mark.parametrize("scale", SCALES)
def test_conditional_survival_is_that_of_delayed_entry_at_the_given_time(scale: str) -> None:
    columns = random_columns(5)
    entered = {**columns, "entry": np.full(60, 3.0)}
    found = ask(columns, at=("8", "12"), given=3.0, conf_type=scale).conditional
    wanted = ask(entered, at=("8", "12"), entry="entry", conf_type=scale).survival
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        same(column(found, name), column(wanted, name))


def test_many_patients_are_no_trouble() -> None:
    rng = np.random.default_rng(1)
    columns = {
        "time": rng.exponential(10, 100_000), "event": (rng.random(100_000) < 0.6).astype(float),
        "g": rng.integers(0, 2, 100_000).astype(float),
    }  # fmt: skip
    found = ask(columns, group_by="g", at=("5",), given=2.0)
    assert abs(found.differences[0].estimate or 1) < 0.02


# The section ----------------------------------------------------------------------------------


def drawn(**fields: Any) -> tuple[Cohort, DifferencesResult, km.KMResult]:
    cohort = cohort_of(random_columns(6, 120), **({"at": ("4", "8"), "given": 3.0} | fields))
    return cohort, differences(cohort, cohort.spec), km.estimate(cohort, cohort.spec)


def cells(frame: pd.DataFrame) -> str:
    return frame.to_string()


def test_the_first_sentence_has_the_numbers_of_the_table() -> None:
    cohort, found, _ = drawn(group_by="arm")
    said = view.finding(cohort, found)
    last = found.differences[-1]
    assert last.estimate is not None
    assert said.startswith("At 8 days, ")
    assert f"{100 * last.estimate:.1f} (" in said
    assert "percentage points, p " in said
    table = view.difference_table(cohort, found)
    assert table.shape == (2, 5)
    assert view.points(last) == table.iloc[-1, 2]
    assert view.points(last) in said
    assert "not reached" not in said
    assert view.finding(*drawn()[:2]).endswith("of the patients were without the event.")


def test_the_first_sentence_is_about_a_time_with_enough_patients() -> None:
    late = drawn(group_by="arm", at=("4", "30"))
    assert min(row.n_risk for row in late[1].survival if row.time == 30) < view.LEAST_AT_RISK
    assert view.finding(*late[:2]).startswith("At 4 days")
    few = cohort_of(HAND, group_by="g", at=("2", "3", "9"))
    assert view.finding(few, differences(few, few.spec)).startswith("At 3 days")
    none = cohort_of(HAND, group_by="g", at=("9",))
    assert "earlier ones" in view.finding(none, differences(none, none.spec))


def test_three_groups_are_told_with_their_common_test() -> None:
    cohort, found, _ = drawn(group_by="site")
    said = view.finding(cohort, found)
    assert all(label in said for label in cohort.groups.screen_labels)
    assert "; all groups together, p " in said
    assert view.mean_finding(cohort, found).count("; ") == 2
    assert len(view.difference_table(cohort, found)) == 2 * 2 + 2
    assert list(view.mean_table(cohort, found).iloc[0])[2:] == ["reference", "", "", ""]


def test_no_p_value_is_told_of_a_searched_cutoff() -> None:
    cohort, found, _ = drawn(group_by="age", cut_rule="best")
    for said in (view.finding(cohort, found), view.mean_finding(cohort, found)):
        assert "searched" in said
        assert ", p " not in said


def test_means_and_conditional_survival_are_told() -> None:
    cohort, found, curves = drawn(group_by="arm", tau=12.0)
    said = view.mean_finding(cohort, found)
    assert said.startswith("Up to 12 days, the mean time without the event was ")
    assert view.times(found.rmst_contrasts[0], "days") in said
    said = view.conditional_finding(cohort, found.conditional)
    assert "at 3 days" in said
    assert said.count("%") == 2
    assert cells(view.conditional_table(cohort, found.conditional)).count("%") == 5
    assert list(view.quartile_table(cohort, curves).columns)[2] == "50% (median), days (95% CI)"
    alone = view.mean_table(*drawn()[:2])
    assert alone.shape == (1, 2)
    unknown = [replace(row, estimate=None) for row in found.conditional]
    assert "Nobody" in view.conditional_finding(cohort, unknown)


def test_what_is_not_known_is_a_dash_and_not_a_nan() -> None:
    columns = {"time": [2, 3, 4, 1, 2, 9], "event": [1, 0, 1, 1, 1, 0], "g": list("aaabbb")}
    cohort = cohort_of(columns, group_by="g", at=("1", "7"), given=6.0)
    found, curves = differences(cohort, cohort.spec), km.estimate(cohort, cohort.spec)
    for table in (
        view.survival_table(cohort, found.survival), view.difference_table(cohort, found),
        view.mean_table(cohort, found), view.conditional_table(cohort, found.conditional),
        view.quartile_table(cohort, curves),
    ):  # fmt: skip
        assert "nan" not in cells(table).lower()
        assert "None" not in cells(table)
    assert "–" in cells(view.survival_table(cohort, found.survival))


@pytest.mark.parametrize("tau", [0.5, 7.0, 500.0])
def test_the_shaded_area_is_the_restricted_mean(tau: float) -> None:
    cohort, found, curves = drawn(group_by="site", tau=tau)
    sheets = areas.data(cohort, curves.curves, found)
    assert set(sheets) == {"curves", "areas", "horizon", "names"}
    named = sheets["names"].to_pandas()["label"]
    assert all(n.startswith(x) for n, x in zip(named, cohort.groups.screen_labels, strict=True))
    area = sheets["areas"].to_pandas()
    for mean in found.rmst:
        one = area[area["group"] == mean.group]
        assert one["time"].iloc[-1] == tau
        steps = np.diff(one["time"]) * one["estimate"].to_numpy()[:-1]
        assert steps.sum() == pytest.approx(mean.estimate)


def test_the_figure_names_its_data_and_nothing_of_a_patient() -> None:
    shape = areas.AreaShape("months", 87.4, 3)
    described = json.dumps(areas.description(shape))
    for name in ("curves", "areas", "horizon", "names"):
        assert f'"{name}"' in described
    assert "#0072B2" in described
    other = json.dumps(areas.description(replace(shape, unit="days")))
    assert "Days" in other
    assert "Days" not in described
