"""The detectable hazard ratio: published values, R, a second road, by simulation, words."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from core import published
from core.cohort import Cohort
from core.errors import SpecError
from core.survival import logrank
from core.survival.precision import (
    RATIOS,
    Detectable,
    PrecisionResult,
    detectable,
    events_needed,
    power_of,
    powers,
    precision,
    reach_of,
)
from core.view.curve import precision as view
from tests.cohorts import LAW, cohort_of, random_columns

REFERENCE = Path(__file__).parent / "reference" / "comparisons_reference.json"
R: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["schoenfeld"]


def precision_of(cohort: Cohort) -> PrecisionResult:
    return precision(cohort, cohort.spec)


def made_of(columns: dict[str, Any] | None = None, **fields: Any) -> Cohort:
    return cohort_of(columns or random_columns(1, 200), **({"group_by": "arm"} | fields))


def asked(columns: dict[str, Any] | None = None, **fields: Any) -> PrecisionResult:
    return precision_of(made_of(columns, **fields))


@pytest.mark.parametrize("case", R, ids=[str(c["events"]) for c in R])
def test_the_numbers_are_those_of_r(case: dict[str, Any]) -> None:
    level, spread = 1 - case["alpha"], case["share"] * (1 - case["share"])
    reach = reach_of(level, case["power"])
    found = detectable(case["events"] * spread, reach)
    assert found == pytest.approx(max(case["hazard_ratio"], 1.0), rel=1e-12)
    needed = [events_needed(ratio, spread, reach) for ratio in RATIOS]
    assert needed == pytest.approx(case["needed"], rel=1e-12)


@pytest.mark.parametrize(("events", "share", "below"), [(16, 0.5, 0.246), (66, 32 / 70, 0.5)])
def test_the_detectable_ratio_of_two_small_studies(events: int, share: float, below: float) -> None:
    found = detectable(events * share * (1 - share), reach_of(0.95, 0.8))
    assert found is not None
    assert 1 / found == pytest.approx(below, abs=5e-4)


def test_the_table_of_schoenfeld() -> None:
    """Deaths for equal groups, two-sided 5 %: textbook values for a halved hazard (65.3, 87.5)."""
    assert events_needed(0.5, 0.25, reach_of(0.95, 0.8)) == pytest.approx(65.3, abs=0.1)
    assert events_needed(0.5, 0.25, reach_of(0.95, 0.9)) == pytest.approx(87.5, abs=0.1)
    assert events_needed(0.6, 0.25, reach_of(0.95, 0.8)) == pytest.approx(120.3157, abs=1e-4)


@LAW
@given(st.floats(0.3, 0.95), st.floats(4, 2000), st.floats(0.05, 0.95), st.floats(0.8, 0.99))
def test_power_is_the_tail_of_a_chi_square_that_is_not_central(
    ratio: float, events: float, share: float, level: float
) -> None:
    information = events * share * (1 - share)
    found = power_of(ratio, information, level)
    away = information * math.log(ratio) ** 2
    limit = stats.chi2.ppf(level, 1)
    wrong_side = stats.norm.cdf(-math.sqrt(away) - math.sqrt(limit))
    whole = float(stats.ncx2.sf(limit, 1, away))
    assert found == pytest.approx(whole - wrong_side, rel=1e-7, abs=1e-9)


@LAW
@given(st.floats(0.55, 0.99), st.floats(1, 1e6), st.floats(0.02, 0.98))
def test_the_three_ways_of_the_formula_agree(power: float, events: float, share: float) -> None:
    spread = share * (1 - share)
    reach = reach_of(0.95, power)
    ratio = detectable(events * spread, reach)
    assert ratio is not None
    if math.isfinite(ratio):
        assert events_needed(ratio, spread, reach) == pytest.approx(events, rel=1e-8)
        assert power_of(ratio, events * spread, 0.95) == pytest.approx(power, rel=1e-8)
        assert power_of(1 / ratio, events * spread, 0.95) == pytest.approx(power, rel=1e-8)
    even = detectable(events / 4, reach)
    assert even is not None
    assert even <= ratio * (1 + 1e-12)


def test_studies_made_by_the_formula_have_its_power() -> None:
    rng, found, n = np.random.default_rng(3), 0, 300
    ratio = 1 / 1.6
    for _ in range(n):
        arm = np.arange(150) % 3 == 0
        time = rng.exponential(np.where(arm, 1 / ratio, 1.0))
        columns = {"time": time, "event": np.ones(150), "arm": arm.astype(float)}
        made = cohort_of(columns, group_by="arm")
        p = logrank.compare(made, made.spec).p_value
        found += p is not None and p < 0.05
    expected = power_of(ratio, 150 * 2 / 9, 0.95)
    assert found / n == pytest.approx(expected, abs=4 * math.sqrt(expected * (1 - expected) / n))


def test_the_result_holds_the_groups_as_they_are() -> None:
    columns = random_columns(1, 200)
    made = cohort_of(columns, group_by="age", cut_rule="value", cut_value=("65",))
    found, (low, high) = precision_of(made), made.groups.levels
    (first,) = found.contrasts
    assert (first.label, first.reference) == (high.label, low.label)
    assert (first.n, first.events) == (200, made.n_events)
    assert first.share == high.n / 200
    assert [d.power for d in first.detectable] == [0.8, 0.9]
    information = made.n_events * first.share * (1 - first.share)
    assert first.factor == pytest.approx(math.exp(1.959964 / math.sqrt(information)), rel=1e-6)
    ratio = first.detectable[0].hazard_ratio
    assert first.detectable[0] == Detectable(0.8, ratio, 1 / ratio)
    assert found.alpha == pytest.approx(0.05)
    place = int(np.argmin(np.abs(found.shares - round(first.share, 2))))
    assert found.curve[place] == pytest.approx(ratio, rel=0.05)
    per_sd = math.exp(reach_of(0.95, 0.8) / math.sqrt(made.n_events))
    assert found.hazard_ratio_per_sd == pytest.approx(per_sd)
    assert per_sd < ratio
    assert asked(group_by="site").hazard_ratio_per_sd is None


def test_several_groups_are_taken_with_the_first_one_each() -> None:
    made = cohort_of(random_columns(1, 200), group_by="site")
    found, levels = precision_of(made), made.groups.levels
    assert [c.n for c in found.contrasts] == [levels[0].n + x.n for x in levels[1:]]
    assert [c.events for c in found.contrasts] == [levels[0].events + x.events for x in levels[1:]]


def test_the_power_and_the_level_are_those_of_the_question() -> None:
    assert powers(0.85) == (0.8, 0.85, 0.9)
    usual, strict = asked(), asked(power=0.9, conf_level=0.99)
    assert strict.power == 0.9
    assert strict.alpha == pytest.approx(0.01)
    assert (strict.curve > usual.curve).all()
    for a, b in zip(usual.needed, strict.needed, strict=True):
        assert b.events > a.events
        assert b.power < a.power


def test_order_and_unit_do_not_matter() -> None:
    columns = random_columns(2, 90)
    order = np.random.default_rng(1).permutation(90)
    turned = {k: v[order] for k, v in columns.items()} | {"time": columns["time"][order] / 30.4375}
    one, other = asked(columns), asked(turned, unit="months")
    assert one.contrasts == other.contrasts
    assert one.needed == other.needed
    assert np.array_equal(one.curve, other.curve)


def test_without_events_or_a_second_group() -> None:
    made = made_of({"time": [1, 2, 3, 4], "event": [0] * 4, "arm": [0, 1, 0, 1]})
    none = precision_of(made)
    assert none.contrasts[0].detectable == ()
    assert none.contrasts[0].factor is None
    assert np.isnan(none.curve).all()
    assert "no events" in view.finding(made, none)
    assert any("Without events" in note.text for note in none.notes)
    assert view.contrasts(none).iloc[0].tolist()[-1] == "–"
    assert len(view.data(none, view.PrecisionShape.of(made, none))["here"]) == 0
    assert view.rows(none).empty
    with pytest.raises(SpecError, match="one group"):
        asked(group_by=None)
    one = asked({"time": [1, 2, 3, 4], "event": [1, 0, 0, 0], "arm": [0, 1, 0, 1]})
    assert any("far too few" in note.text for note in one.notes)
    json.dumps(published.plainly("precision")(made, none), allow_nan=False)


def test_a_tiny_power_needs_nothing() -> None:
    assert reach_of(0.95, 0.01) < 0
    assert detectable(10.0, reach_of(0.95, 0.01)) == 1.0
    assert events_needed(0.5, 0.25, reach_of(0.95, 0.01)) == 0.0
    assert detectable(0.0, 2.8) is None
    assert detectable(1e-9, 2.8) == math.inf


def test_what_else_must_be_known() -> None:
    columns = random_columns(1, 120)
    searched = asked(columns, group_by="age", cut_rule="best")
    assert any("searched" in note.text for note in searched.notes)
    strata = asked(columns, strata=("site",))
    assert any("Strata" in note.text for note in strata.notes)
    assert any("Strata" in note.text for note in asked(columns, entry="entry").notes)
    assert asked(columns).notes == ()


def test_the_finding_and_the_tables() -> None:
    made = made_of(power=0.85)
    found = precision_of(made)
    said, first = view.finding(made, found), found.contrasts[0]
    ratio = first.detectable[1].hazard_ratio
    assert f"{first.events} events" in said
    assert f"a hazard ratio of {ratio:.2f} or more (or {1 / ratio:.2f} or less)" in said
    assert "power of 85%" in said
    assert said.startswith(f"With {first.events} events and 49% of the patients in arm: 1,")
    three = made_of(group_by="site")
    assert "Between site: south and site: north (" in view.finding(three, precision_of(three))
    table = view.needed(found)
    assert table["Hazard ratio"].tolist()[:2] == ["0.5 (or 2.00)", "0.6 (or 1.67)"]
    assert table["Events needed for 85%"].tolist() == [
        f"{math.ceil(n.events):,}" for n in found.needed
    ]
    assert len(view.contrasts(found)) == 1
    assert list(view.contrasts(found))[4:7] == [f"Detectable with {p}%" for p in (80, 85, 90)]
    assert view.rows(found)["hazard_ratio"].tolist() == [d.hazard_ratio for d in first.detectable]
    assert len(view.needed_rows(found)) == len(RATIOS)
    assert "not given" in view.meaning(found)
    assert "per standard deviation" in view.meaning(asked(group_by="age", cut_rule="median"))


def test_the_figure_has_the_curve_and_the_point() -> None:
    made = made_of()
    found = precision_of(made)
    shape = view.PrecisionShape.of(made, found)
    drawn, sent = json.dumps(view.description(shape)), view.data(found, shape)
    assert set(re.findall(r'"name": "(curve|here)"', drawn)) == set(sent) == {"curve", "here"}
    here = sent["here"].to_pylist()[0]
    first = found.contrasts[0]
    assert here["share"] == first.share
    assert here["hazard_ratio"] == first.detectable[0].hazard_ratio
    small = made_of({"time": [1, 2, 3, 4], "event": [1, 0, 0, 0], "arm": [0, 1, 0, 1]})
    few = precision_of(small)
    top = view.PrecisionShape.of(small, few)
    assert top.top == view.HIGHEST
    assert view.data(few, top)["here"].to_pylist()[0]["hazard_ratio"] == view.HIGHEST


def test_the_layout_stays_while_the_cutoff_moves() -> None:
    cuts = [made_of(group_by="age", cut_rule="value", cut_value=(c,)) for c in ("55", "62")]
    one, other = (view.PrecisionShape.of(made, precision_of(made)) for made in cuts)
    assert one == other
    assert one.title == "Share of the patients in the high group"
