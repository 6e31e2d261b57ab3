"""Follow-up: R's numbers, by hand, laws, and that nobody mixes the two kinds."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.survival.km import follow_up
from core.survival.observation import GroupFollowUp, ObservationResult, Observed, observation
from core.view.curve import observation as view
from tests.cohorts import LAW, cohort_of, random_columns
from tests.reference.export_data import export

REFERENCE = Path(__file__).parent / "reference" / "curves_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]
NAMES = [case["table"].removesuffix(".csv") for case in CASES]
SCALES = ("log-log", "log", "plain", "arcsin")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("follow_up_tables")
    export(made)
    return made


def ask(columns: dict[str, Any], **fields: Any) -> ObservationResult:
    cohort = cohort_of(columns, **fields)
    return observation(cohort, cohort.spec)


def spread(found: Observed | None) -> list[float]:
    if found is None:
        return []
    return [found.minimum, found.lower_quartile, found.median, found.upper_quartile, found.maximum]


def of_r(found: GroupFollowUp, wanted: dict[str, Any], scale: str) -> None:
    assert (found.n, found.events) == (wanted["n"], wanted["events"])
    reverse = wanted["reverse"][scale]
    for attribute, name in (("time", "quantile"), ("conf_low", "lower"), ("conf_high", "upper")):
        assert [getattr(q, attribute) for q in found.reverse] == [
            None if x is None else pytest.approx(x, rel=1e-12) for x in reverse[name]
        ]
    assert spread(found.observed) == pytest.approx(wanted["observed"], rel=1e-12)
    if wanted["events"] == wanted["n"]:
        assert found.censored is None
    else:
        assert spread(found.censored) == pytest.approx(wanted["censored"], rel=1e-12)
    assert [row.n_known for row in found.at] == np.atleast_1d(wanted["known"]).tolist()


@pytest.mark.parametrize("case", CASES, ids=NAMES)
@pytest.mark.parametrize("scale", SCALES)
def test_follow_up_is_that_of_r(case: dict[str, Any], scale: str, folder: Path) -> None:
    raw = pd.read_csv(folder / case["table"])
    columns = {
        "time": raw[case["time"]].to_numpy(dtype=float),
        "event": (raw[case["event"]] == case["event_is"]).to_numpy(dtype=float),
        "g": raw[case["group"]].astype(str).to_numpy(dtype=object),
    }
    if case["entry"] is not None:
        columns["entry"] = raw[case["entry"]].to_numpy(dtype=float)
    found = ask(
        columns, group_by="g", entry=case["entry"] and "entry", conf_type=scale,
        at=tuple(str(t) for t in np.atleast_1d(case["at"])),
    )  # fmt: skip
    of_r(found.overall, case["all"], scale)
    for group, wanted in zip(found.groups, case["groups"].values(), strict=True):
        of_r(group, wanted, scale)
    if case["entry"] is None:
        assert [row.n_risk for row in found.overall.at] == case["all"]["n_risk"]


def test_six_patients_by_hand() -> None:
    """Reverse: censored at 10, 11 and 12; the three early deaths only end the view."""
    columns = {"time": [1, 2, 3, 10, 11, 12], "event": [1, 1, 1, 0, 0, 0]}
    found = ask(columns, at=("2", "11", "20"))
    overall = found.overall
    assert [q.time for q in overall.reverse] == [10, 11, 12]
    assert overall.observed.median == 6.5
    assert spread(overall.censored) == [10, 10.5, 11, 11.5, 12]
    assert [(r.n_risk, r.n_known) for r in overall.at] == [(5, 6), (2, 5), (0, 3)]
    assert (overall.label, found.groups) == ("All patients", ())


def test_where_all_had_the_event_and_where_none_had() -> None:
    columns = {"time": [1, 2, 3, 4], "event": [1, 1, 0, 0], "g": list("aabb")}
    found = ask(columns, group_by="g")
    every, none = found.groups
    assert (every.reverse[1].time, every.censored) == (None, None)
    assert none.reverse[1].time == 3.5
    assert none.censored == none.observed
    assert not found.notes
    everybody = ask({"time": [1, 2], "event": [1, 1]})
    assert sum(note.about == "follow_up" for note in everybody.notes) == 2


def test_a_patient_with_intervals_counts_once() -> None:
    """And the end of an interval is no end of follow-up."""
    columns = {
        "id": ["p", "p", "q", "r", "r", "r"], "entry": [0, 2, 0, 1, 3, 4],
        "time": [2, 5, 3, 3, 4, 9], "event": [0, 1, 0, 0, 0, 0],
    }  # fmt: skip
    found = ask(columns, id="id", entry="entry", at=("4",))
    assert (found.overall.n, found.overall.events) == (3, 1)
    once = {"entry": [0, 0, 1], "time": [5, 3, 9], "event": [1, 0, 0]}
    assert found.overall == ask(once, entry="entry", at=("4",)).overall
    assert any("intervals" in note.text for note in found.notes)


def test_times_are_in_the_unit_asked_for() -> None:
    columns = {"time": [365.25, 730.5, 1461], "event": [0, 0, 0]}
    found = ask(columns, show_unit="months", at=("24",)).overall
    assert [q.time for q in found.reverse] == [12, 24, 48]
    assert (found.observed.median, found.observed.maximum) == (24, 48)
    assert [(r.n_risk, r.n_known) for r in found.at] == [(2, 2)]


@given(st.integers(0, 10_000), st.booleans())
@LAW
def test_laws(seed: int, late: bool) -> None:
    columns = random_columns(seed, 25)
    asked: dict[str, Any] = {"group_by": "site", "entry": "entry" if late else None}
    found = ask(columns, **asked)
    order = np.random.default_rng(seed).permutation(25)
    assert ask({k: v[order] for k, v in columns.items()}, **asked) == found
    cohort = cohort_of(columns, **asked)
    headline = follow_up(cohort, cohort.spec)
    half = found.overall.reverse[1]
    assert (half.time, half.conf_low, half.conf_high) == (
        headline.median, headline.conf_low, headline.conf_high,
    )  # fmt: skip
    for one in (found.overall, *found.groups):
        assert spread(one.observed) == sorted(spread(one.observed))
        known = [row.n_known for row in one.at]
        assert known == sorted(known, reverse=True)
        assert all(row.n_risk <= row.n_known <= one.n for row in one.at)
    assert sum(g.n for g in found.groups) == found.overall.n
    assert bool(found.notes) == (late or found.overall.reverse[1].time is None)


# The section ----------------------------------------------------------------------------------


def test_the_two_kinds_of_follow_up_never_share_a_name() -> None:
    cohort = cohort_of(random_columns(3), group_by="site", at=("3", "6"))
    found = observation(cohort, cohort.spec)
    said = view.finding(cohort, found)
    reverse, observed = (view.reverse_table(cohort, found), view.observed_table(cohort, found))
    assert said.startswith("Median follow-up (reverse Kaplan-Meier): ")
    assert "Observed follow-up time: median " in said
    assert any("reverse Kaplan-Meier" in name for name in reverse.columns)
    assert not any("reverse" in name or "Median" in name for name in observed.columns)
    assert reverse["Group"].tolist() == ["All patients", *cohort.groups.screen_labels]
    half = found.overall.reverse[1]
    assert f"{half.time:.0f} (" in reverse.iloc[0, 3]


def test_tables_of_the_follow_up() -> None:
    columns = {"time": [1, 2, 3, 10, 11, 12], "event": [1, 1, 1, 0, 0, 0], "g": list("aaabbb")}
    cohort = cohort_of(columns, group_by="g", at=("2", "11"))
    found = observation(cohort, cohort.spec)
    assert view.observed_table(cohort, found).iloc[0, 1] == "7 (2–11; 1–12)"
    assert view.observed_table(cohort, found).iloc[1, 2] == "–"
    assert view.followed_table(cohort, found).iloc[0].tolist() == [
        "All patients", "5 (100%)", "2 (83%)",
    ]  # fmt: skip
    row = view.for_csv(cohort, found).iloc[0]
    assert (row["reverse_km_50_percent"], row["censored_maximum"]) == (11, 12)
    assert (row["n_risk_at_11"], row["n_known_at_11"]) == (2, 5)
    whole = cohort_of(columns)
    assert len(view.for_csv(whole, observation(whole, whole.spec))) == 1
