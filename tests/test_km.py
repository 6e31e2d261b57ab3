"""Kaplan-Meier: closed forms, the definition, SPSS's own output, and two other libraries."""

from __future__ import annotations

import json
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from core.cohort import Cohort
from core.errors import SpecError
from core.survival.km import KMResult, Summary, default_at, estimate, follow_up
from core.units import DAYS
from core.view import tables
from tests.cohorts import LAW, cohort_of, random_columns
from tests.reference.export_data import export

CASES: dict[str, dict[str, Any]] = {
    case["table"]: case
    for case in json.loads(
        (Path(__file__).parent / "reference" / "curves_reference.json").read_text(encoding="utf-8")
    )["cases"]
}
REFERENCE_GROUPS = [
    (table, position, group)
    for table, case in CASES.items()
    for position, group in enumerate(case["groups"].values())
]
ReferenceTables = Callable[..., KMResult]

Z = float(special.ndtri(0.975))
patients = st.lists(
    st.tuples(st.integers(0, 12), st.booleans(), st.sampled_from("abc"), st.integers(0, 11)),
    min_size=1,
    max_size=20,
)


def km(columns: dict[str, Any], **fields: Any) -> KMResult:
    cohort = cohort_of(columns, **fields)
    return estimate(cohort, cohort.spec)


def curve(time: list[float], event: list[int], **fields: Any) -> KMResult:
    return km({"time": time, "event": event}, **fields)


def summary(time: list[float], event: list[int], **fields: Any) -> Summary:
    return curve(time, event, **fields).groups[0]


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> ReferenceTables:
    """The curves of a reference table by its groups."""
    folder = tmp_path_factory.mktemp("curves_tables")
    export(folder)

    def ask(table: str, **fields: Any) -> KMResult:
        case, raw = CASES[table], pd.read_csv(folder / table)
        columns = {
            "time": raw[case["time"]].to_numpy(dtype=float),
            "event": (raw[case["event"]] == case["event_is"]).to_numpy(dtype=float),
            "g": raw[case["group"]].astype(str).to_numpy(dtype=object),
        }
        if case["entry"] is not None:
            columns["entry"] = raw[case["entry"]].to_numpy(dtype=float)
        return km(columns, group_by="g", entry=case["entry"] and "entry", **fields)

    return ask


def at(result: KMResult, column: str) -> list[float]:
    return [float(x) for x in result.at[column]]


# By hand --------------------------------------------------------------------------------------

# Six patients: events at 1, 3, 3 and 6, censored at 2 and 3 (after the events of that day).
SIX = ([1, 2, 3, 3, 3, 6], [1, 0, 1, 1, 0, 1])
# Nine patients: events at 2, 4, 4, 7, censored at 1, 4, 5, 8, 9.
NINE = ([1, 2, 4, 4, 4, 5, 7, 8, 9], [0, 1, 1, 1, 0, 0, 1, 0, 0])


def test_six_patients_in_closed_form() -> None:
    shown = curve(*SIX).curves
    s1, s3 = Fraction(5, 6), Fraction(5, 6) * Fraction(2, 4)
    assert shown["time"].tolist() == [1, 2, 3, 6]
    assert shown["n_risk"].tolist() == [6, 5, 4, 1]
    assert shown["n_event"].tolist() == [1, 0, 2, 1]
    assert shown["n_censor"].tolist() == [0, 1, 1, 0]
    assert shown["estimate"].tolist() == pytest.approx([float(s) for s in (s1, s1, s3, 0)])


def test_nine_patients_in_closed_form_with_their_limits() -> None:
    """Greenwood by fractions, and the four scales of the limits written out."""
    survival = [Fraction(1)]
    variance = [Fraction(0)]
    for n, d in ((8, 1), (7, 2), (3, 1)):
        survival.append(survival[-1] * Fraction(n - d, n))
        variance.append(variance[-1] + Fraction(d, n * (n - d)))
    assert survival[1:] == [Fraction(7, 8), Fraction(5, 8), Fraction(5, 12)]
    times = ("2", "4", "7")
    for kind in ("log-log", "log", "plain", "arcsin"):
        found = curve(*NINE, at=times, conf_type=kind)
        assert at(found, "estimate") == pytest.approx([float(s) for s in survival[1:]], rel=1e-14)
        for k in range(3):
            s, error = float(survival[k + 1]), float(variance[k + 1]) ** 0.5
            if kind == "plain":
                limits = [max(s - Z * s * error, 0), min(s + Z * s * error, 1)]
            elif kind == "log":
                limits = [s * np.exp(-Z * error), min(s * np.exp(Z * error), 1)]
            elif kind == "arcsin":
                angle, half = np.arcsin(s**0.5), Z * error / 2 * (s / (1 - s)) ** 0.5
                ends = max(angle - half, 0), min(angle + half, np.pi / 2)
                limits = [np.sin(end) ** 2 for end in ends]
            else:
                theta = Z * error / np.log(s)
                limits = [s ** np.exp(-theta), s ** np.exp(theta)]
            assert [at(found, "conf_low")[k], at(found, "conf_high")[k]] == pytest.approx(
                limits, rel=1e-12
            )


def test_a_patient_censored_on_the_day_of_an_event_is_at_risk_for_it() -> None:
    """Taking her out first, the naive sorting of ties, gives 1/3 in place of 1/2."""
    assert at(curve([1, 1], [1, 0], at=("1",)), "estimate") == [0.5]
    assert at(curve(*SIX, at=("3",)), "estimate")[0] != pytest.approx(5 / 6 * 1 / 3)


def test_one_group_less_or_more_does_not_change_the_others() -> None:
    columns = {
        "time": [*SIX[0], *NINE[0]],
        "event": [*SIX[1], *NINE[1]],
        "g": ["s"] * 6 + ["t"] * 9,
    }
    both = km(columns, group_by="g")
    alone = curve(*NINE)
    shown = ["time", "n_risk", "n_event", "n_censor", "estimate"]
    second = both.curves[both.curves["group"] == 1].reset_index(drop=True)
    assert second[shown].equals(alone.curves[shown])


# The definition -------------------------------------------------------------------------------


@LAW
@given(patients)
def test_who_is_at_risk_is_counted_from_the_definition(rows: list[tuple[Any, ...]]) -> None:
    time, event, group, entry = (list(c) for c in zip(*rows, strict=True))
    columns = {"time": time, "event": event, "g": group, "entry": entry}
    columns["event"] = [float(e) for e in event]
    if not any(e < t for e, t in zip(entry, time, strict=True)):
        return
    cohort = cohort_of(columns, group_by="g", entry="entry")
    found = estimate(cohort, cohort.spec)
    assert cohort.entry is not None
    for row in found.curves.itertuples():
        member = cohort.groups.codes == row.group
        under = member & (cohort.entry < row.time) & (row.time <= cohort.time)
        here = member & (cohort.time == row.time)
        assert row.n_risk == under.sum()
        assert row.n_event == (here & cohort.event).sum()
        assert row.n_censor == (here & ~cohort.event).sum()


@LAW
@given(patients, st.lists(st.integers(0, 14), min_size=1, max_size=4, unique=True))
def test_the_risk_table_is_counted_from_the_definition(
    rows: list[tuple[Any, ...]], asked: list[int]
) -> None:
    time, event, group, _ = (list(c) for c in zip(*rows, strict=True))
    columns = {"time": time, "event": [float(e) for e in event], "g": group}
    cohort = cohort_of(columns, group_by="g")
    for row in estimate(cohort, cohort.spec.but(at=tuple(map(str, asked)))).at.itertuples():
        member = cohort.groups.codes == row.group
        assert row.n_risk == (member & (cohort.time >= row.time)).sum()


@LAW
@given(patients, st.sampled_from(["log-log", "log", "plain", "arcsin"]), st.booleans())
def test_a_curve_lies_in_0_1_and_never_rises(
    rows: list[tuple[Any, ...]], kind: str, late: bool
) -> None:
    time, event, group, entry = (list(c) for c in zip(*rows, strict=True))
    columns = {"time": time, "event": [float(e) for e in event], "g": group, "entry": entry}
    if late and not any(e < t for e, t in zip(entry, time, strict=True)):
        return
    found = km(columns, group_by="g", conf_type=kind, entry="entry" if late else None).curves
    for _, one in found.groupby("group"):
        s, low, high = (one[c].to_numpy() for c in ("estimate", "conf_low", "conf_high"))
        assert ((s >= 0) & (s <= 1)).all()
        assert (np.diff(np.concatenate([[1.0], s])) <= 0).all()
        known = ~np.isnan(low)
        assert ((low >= 0) & (low <= s + 1e-12) & (s <= high + 1e-12) & (high <= 1))[known].all()


@LAW
@given(patients, st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(rows: list[tuple[Any, ...]], random: Any) -> None:
    def ask(table: list[tuple[Any, ...]]) -> KMResult:
        time, event, group, _ = (list(c) for c in zip(*table, strict=True))
        return km({"time": time, "event": [float(e) for e in event], "g": group}, group_by="g")

    mixed = list(rows)
    random.shuffle(mixed)
    one, other = ask(rows), ask(mixed)
    assert one.curves.equals(other.curves)
    assert one.groups == other.groups


# Limits ---------------------------------------------------------------------------------------


def test_limits_are_not_defined_while_the_curve_is_1_or_0() -> None:
    """Not 1 and 1, nor 0 and 0: nothing is known about the precision there."""
    shown = curve([1, 2, 3], [0, 1, 1]).curves
    assert shown["estimate"].tolist() == [1, 0.5, 0]
    assert shown["conf_low"].isna().tolist() == [True, False, True]
    assert shown["conf_high"].isna().tolist() == [True, False, True]


def test_a_wider_level_gives_wider_limits() -> None:
    narrow, wide = (curve(*NINE, at=("4",), conf_level=x) for x in (0.8, 0.99))
    assert at(wide, "conf_low")[0] < at(narrow, "conf_low")[0]
    assert at(narrow, "conf_high")[0] < at(wide, "conf_high")[0]


# Medians --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("time", "event", "r", "spss"),
    [
        ([1, 2, 3, 4], [1, 1, 1, 1], 2.5, 2),
        ([1, 2, 3, 4], [1, 1, 0, 0], 3, 2),  # half for ever: R takes the middle of 2 and the end
        ([1, 2, 3], [1, 1, 1], 2, 2),
        ([1, 2, 3, 4], [1, 0, 0, 0], None, None),
        ([5], [1], 5, 5),
        ([5], [0], None, None),
        ([1, 2, 2.5, 3, 4], [1, 1, 0, 1, 1], 3, 3),
        ([1, 1, 1, 1], [1, 1, 0, 0], 1, 1),
    ],
)
def test_the_median_on_a_plateau(
    time: list[float], event: list[int], r: float | None, spss: float | None
) -> None:
    """First time at or below one half (SPSS, lifelines), or the middle of the plateau (R)."""
    assert summary(time, event).median == r
    assert summary(time, event, median_ci="spss").median == spss
    assert summary(time, event, profile="spss").median == spss


@pytest.mark.parametrize("n", [12, 20, 24, 38])
def test_one_half_is_found_in_spite_of_rounding(n: int) -> None:
    """The product of factors whose value is 1/2 ends a bit beside it: equality finds no plateau."""
    survival = np.cumprod([(n - i) / (n - i + 1) for i in range(1, n + 1)])
    assert survival[n // 2 - 1] != 0.5
    assert summary([float(t) for t in range(1, n + 1)], [1] * n).median == (n + 1) / 2
    assert summary([float(t) for t in range(1, n + 1)], [1] * n, profile="spss").median == n / 2


def test_a_median_is_shown_in_the_unit_asked_for() -> None:
    found = summary([365.25, 730.5, 1461], [1, 1, 1], show_unit="months")
    assert found.median == 24


@pytest.mark.parametrize(
    ("profile", "median", "words"), [(None, 2.5, "middle"), ("spss", 2, "start")]
)
def test_the_rule_on_a_plateau_is_told(profile: str | None, median: float, words: str) -> None:
    found = curve([1, 2, 3, 4], [1, 1, 1, 1], profile=profile)
    assert found.groups[0].median == median
    (note,) = [note for note in found.notes if note.about == "median"]
    assert words in note.text
    assert not any(note.about == "median" for note in curve([1, 2, 3], [1, 1, 1]).notes)


# Quartiles ------------------------------------------------------------------------------------


def test_quartiles_by_hand() -> None:
    """6/8, 4/8 and 2/8 are plateaus, of which R takes the middle and SPSS the start."""
    time, event = [float(t) for t in range(1, 9)], [1] * 8
    found = summary(time, event)
    assert [(q.probability, q.time) for q in found.quartiles] == [
        (0.25, 2.5), (0.5, 4.5), (0.75, 6.5),
    ]  # fmt: skip
    spss = summary(time, event, profile="spss").quartiles
    assert [q.time for q in spss] == [2, 4, 6]
    # At 6/8: from 7/8 at time 1 to 5/8 at time 3, so the density is 1/8; Greenwood is 6/8 2/8 / 8.
    error = (6 * 2 / 8**3) ** 0.5 / (1 / 8)
    assert spss[0].std_error == pytest.approx(error)
    assert (spss[0].conf_low, spss[0].conf_high) == (0.0, pytest.approx(2 + 1.96 * error))


@pytest.mark.parametrize("group", REFERENCE_GROUPS, ids=[name for name, _, _ in REFERENCE_GROUPS])
@pytest.mark.parametrize("kind", ["log-log", "log", "plain", "arcsin"])
def test_quartiles_and_their_limits_are_those_of_r(
    group: tuple[str, int, dict[str, Any]], kind: str, reference: ReferenceTables
) -> None:
    name, position, wanted = group
    found = reference(name, conf_type=kind).groups[position].quartiles
    for attribute, of_r in (("time", "quantile"), ("conf_low", "lower"), ("conf_high", "upper")):
        assert [getattr(q, attribute) for q in found] == [
            None if x is None else pytest.approx(x, rel=1e-12)
            for x in wanted["quartiles"][kind][of_r]
        ]


@pytest.mark.parametrize("group", REFERENCE_GROUPS, ids=[name for name, _, _ in REFERENCE_GROUPS])
def test_quartiles_of_spss_by_its_own_formula(
    group: tuple[str, int, dict[str, Any]], reference: ReferenceTables
) -> None:
    name, position, wanted = group
    found = reference(name, median_ci="spss").groups[position].quartiles
    for quartile, (time, error) in zip(found, wanted["spss"], strict=True):
        assert quartile.time == (None if time is None else pytest.approx(time, rel=1e-12))
        assert quartile.std_error == (None if error is None else pytest.approx(error, rel=1e-9))
        if error is not None:
            half = 1.96 * error
            assert quartile.conf_low == pytest.approx(max(time - half, 0))
            assert quartile.conf_high == pytest.approx(time + half)


@LAW
@given(patients, st.sampled_from(["r", "spss"]))
def test_quartiles_are_in_order_and_the_second_one_is_the_median(
    rows: list[tuple[Any, ...]], profile: str
) -> None:
    time, event, group, _ = (list(c) for c in zip(*rows, strict=True))
    found = km({"time": time, "event": [float(e) for e in event], "g": group}, group_by="g",
               profile=profile).groups  # fmt: skip
    for one in found:
        half = one.quartiles[1]
        assert (one.median, one.conf_low, one.conf_high) == (
            half.time, half.conf_low, half.conf_high,
        )  # fmt: skip
        known = [q.time for q in one.quartiles if q.time is not None]
        assert known == sorted(known)
        assert known == [q.time for q in one.quartiles[: len(known)]]


def test_the_csv_of_the_groups_has_the_quartiles() -> None:
    cohort = cohort_of({"time": range(1, 9), "event": [1] * 8}, profile="spss")
    row = tables.summaries(cohort, estimate(cohort, cohort.spec)).iloc[0]
    assert (row["time_of_25_percent"], row["time_of_75_percent"]) == (2, 6)
    assert row["time_of_50_percent_low"] == row["conf_low"]


# SPSS's own output ----------------------------------------------------------------------------


def spss_columns() -> dict[str, list[float]]:
    """The 72 patients of methods.md, part B: made by arithmetic, 50 events, no ties."""
    patient = range(1, 73)
    return {
        "time": [20 + 37 * i % 500 for i in patient],
        "event": [float(i % 10 not in (1, 4, 7)) for i in patient],
        "sex": [1.0 if i % 2 else 2.0 for i in patient],
        "age": [40 + 11 * i % 41 for i in patient],
    }


SPSS_MEDIANS = [
    (353, 297.33305237103, 408.66694762897),
    (296, 198.36784252067, 393.63215747933),
]
SPSS_MEANS = [(335.06565959338, 27.564884197458), (289.53733375361, 25.509306273637)]


def test_the_fixture_is_the_one_that_spss_was_given() -> None:
    columns = spss_columns()
    assert (len(columns["time"]), sum(columns["event"])) == (72, 50)
    assert len(set(columns["time"])) == 72


def test_medians_and_their_limits_are_those_of_spss() -> None:
    found = km(spss_columns(), group_by="sex", profile="spss").groups
    shown = [(g.median, g.conf_low, g.conf_high) for g in found]
    assert np.array(shown) == pytest.approx(np.array(SPSS_MEDIANS), rel=1e-12)
    everybody = km(spss_columns(), profile="spss").groups[0]
    assert (everybody.median, everybody.conf_low, everybody.conf_high) == pytest.approx(
        (333, 279.53679938459, 386.46320061541), rel=1e-12
    )


def test_spss_multiplies_by_1_96_and_not_by_the_normal_quantile() -> None:
    median, low, _ = SPSS_MEDIANS[0]
    error = 28.40150389233
    assert (median - low) / error == pytest.approx(1.96, rel=1e-11)
    assert (median - low) / error != pytest.approx(Z, rel=1e-6)


def test_r_has_other_limits_for_the_same_medians() -> None:
    found = km(spss_columns(), group_by="sex", conf_type="log").groups
    assert [(g.median, g.conf_low, g.conf_high) for g in found] == [
        (353, 315, 481),
        (296, 222, 426),
    ]


@pytest.mark.parametrize("sex", [0, 1])
def test_the_mean_to_a_groups_own_end_is_that_of_spss(sex: int) -> None:
    """SPSS integrates to the last time of each group; that is the restricted mean with that tau."""
    columns = spss_columns()
    own = [t for t, s in zip(columns["time"], columns["sex"], strict=True) if s == sex + 1]
    found = km(columns, group_by="sex", tau=float(max(own))).groups[sex]
    assert (found.rmst, found.rmst_se) == pytest.approx(SPSS_MEANS[sex], rel=1e-12)


def test_spss_leaves_the_limits_out_where_the_curve_stays_above_045() -> None:
    found = summary([1, 2, 3, 4], [1, 1, 0, 0], profile="spss")
    assert (found.median, found.conf_low, found.conf_high) == (2, None, None)


def test_spss_prints_no_negative_limit() -> None:
    columns = random_columns(3, 12)
    limits = [
        km(columns, group_by="arm", where=(f"age > {a}",), profile="spss").groups[0].conf_low
        for a in (0, 50, 55, 60)
    ]
    assert all(low is None or low >= 0 for low in limits)
    assert 0 in limits


# Restricted means -----------------------------------------------------------------------------


@pytest.mark.parametrize("tau", [0.5, 3.0, 6.0, 10.0])
@pytest.mark.parametrize("seed", range(3))
def test_the_restricted_mean_is_the_area_under_the_curve(seed: int, tau: float) -> None:
    columns = random_columns(seed)
    found = km(columns, group_by="arm", tau=tau)
    for g, group in enumerate(found.groups):
        one = found.curves[found.curves["group"] == g]
        time, survival = one["time"].to_numpy(), one["estimate"].to_numpy()

        def step(x: float, time: np.ndarray = time, survival: np.ndarray = survival) -> float:
            return float(np.concatenate([[1.0], survival])[np.searchsorted(time, x, side="right")])

        jumps = [t for t in time if t < tau]
        area = integrate.quad(step, 0, tau, points=jumps, limit=500)[0]
        assert group.rmst == pytest.approx(area, rel=1e-8)


def test_the_error_of_a_restricted_mean_is_not_the_spread_of_the_times() -> None:
    """The variance that lifelines gives is that of min(T, tau), n times too large (issue 1682).

    Without censoring the restricted mean is the mean of min(T, tau), so its error is known.
    """
    time = [float(t) for t in (1, 3, 4, 8, 9, 12)]
    found = summary(time, [1] * 6, tau=10.0)
    limited = np.minimum(time, 10.0)
    assert found.rmst == pytest.approx(limited.mean(), rel=1e-14)
    assert found.rmst_se == pytest.approx(limited.std() / np.sqrt(6), rel=1e-12)
    assert found.rmst_se != pytest.approx(limited.std(), rel=0.5)


def test_the_horizon_is_the_shortest_of_the_last_times() -> None:
    columns = {"time": [1, 5, 2, 9], "event": [1, 0, 1, 0], "g": ["a", "a", "b", "b"]}
    assert km(columns, group_by="g").tau == 5


def test_a_horizon_beyond_a_groups_follow_up_is_noted() -> None:
    """Not where the curve has reached 0: the area beyond is known there."""
    assert any(note.about == "rmst" for note in curve(*NINE, tau=10.0).notes)
    assert not any(note.about == "rmst" for note in curve(*NINE, tau=9.0).notes)
    assert not any(note.about == "rmst" for note in curve(*SIX, tau=10.0).notes)


# Times asked for ------------------------------------------------------------------------------


def test_survival_at_twelve_months_counts_the_event_of_day_365_25() -> None:
    """12 * 30.4375 and 365.25 meet; 12 / (1 / 30.4375) or 30.44 days a month would not."""
    time = [100.0, 365.25, 400.0, 500.0]
    found = curve(time, [1, 1, 1, 0], show_unit="months", at=("12",))
    assert at(found, "estimate") == [0.5]
    assert at(found, "n_risk") == [3]
    assert 12 * 30.44 > 365.25
    assert 12 * 30.4 < 365.25


@pytest.mark.parametrize("unit", list(DAYS))
@pytest.mark.parametrize("shown", list(DAYS))
def test_an_event_at_a_whole_number_of_units_is_counted_at_it(unit: str, shown: str) -> None:
    for whole in range(1, 40):
        time = whole * DAYS[shown] / DAYS[unit]
        found = curve([time, 2 * time], [1, 0], unit=unit, show_unit=shown, at=(str(whole),))
        assert (at(found, "estimate"), at(found, "n_risk")) == ([0.5], [2])


def test_no_estimate_after_the_last_follow_up() -> None:
    """The last value carried on would be made up; where everybody has died it is 0."""
    censored = curve([1, 2], [1, 0], at=("2", "3"))
    assert at(censored, "estimate")[0] == 0.5
    assert np.isnan(at(censored, "estimate")[1])
    assert any(note.about == "at" for note in censored.notes)
    assert at(curve([1, 2], [1, 1], at=("2", "3")), "estimate") == [0, 0]


def test_times_asked_for_are_sorted_and_told_once() -> None:
    assert at(curve(*SIX, at=("3", "1", "3.0")), "time") == [1, 3]


@pytest.mark.parametrize("asked", ["x", "nan", "1_0"])
def test_a_time_that_is_no_number_is_refused(asked: str) -> None:
    with pytest.raises(SpecError) as caught:
        curve(*SIX, at=(asked,))
    assert caught.value.field == "at"


@LAW
@given(st.floats(0.01, 400), st.sampled_from(list(DAYS)))
def test_times_by_default_are_at_most_six_whole_steps(last: float, unit: str) -> None:
    found = default_at(last, unit)
    assert len(found) <= 6
    assert all(0 < t <= last * (1 + 1e-8) for t in found)
    steps = np.diff([0.0, *found])
    assert np.allclose(steps, steps[:1])


# Second roads ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("late", [False, True])
def test_lifelines_has_the_same_curve_and_limits(seed: int, late: bool) -> None:
    from lifelines import KaplanMeierFitter

    cohort = cohort_of(random_columns(seed), entry="entry" if late else None)
    fitter = KaplanMeierFitter().fit(cohort.time, cohort.event, entry=cohort.entry)
    shown = estimate(cohort, cohort.spec).curves
    times = shown["time"].to_numpy()
    assert shown["estimate"].to_numpy() == pytest.approx(
        fitter.survival_function_at_times(times).to_numpy(), rel=1e-10, abs=1e-12
    )
    inside = shown["estimate"].between(0, 1, inclusive="neither").to_numpy()
    limits = fitter.confidence_interval_.loc[times].to_numpy()
    found = shown[["conf_low", "conf_high"]].to_numpy()
    assert found[inside] == pytest.approx(limits[inside], rel=1e-8)


@pytest.mark.parametrize("seed", range(4))
def test_scikit_survival_has_the_same_curve(seed: int) -> None:
    from sksurv.nonparametric import kaplan_meier_estimator

    cohort = cohort_of(random_columns(seed))
    shown = estimate(cohort, cohort.spec).curves
    times, survival = kaplan_meier_estimator(cohort.event, cohort.time)
    assert shown["time"].tolist() == times.tolist()
    assert shown["estimate"].to_numpy() == pytest.approx(survival, rel=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_follow_up_is_the_median_with_event_and_censoring_exchanged(seed: int) -> None:
    columns = random_columns(seed)
    cohort = cohort_of(columns)
    turned = {**columns, "event": 1 - columns["event"]}
    found, expected = follow_up(cohort, cohort.spec), km(turned).groups[0]
    assert (found.median, found.conf_low, found.conf_high) == (
        expected.median, expected.conf_low, expected.conf_high,
    )  # fmt: skip


def test_the_naive_median_follow_up_is_another_number() -> None:
    """The median of all observed times is shortened by those who died early."""
    cohort: Cohort = cohort_of({"time": [1, 2, 3, 10, 11, 12], "event": [1, 1, 1, 0, 0, 0]})
    assert float(np.median(cohort.time)) == 6.5
    assert follow_up(cohort, cohort.spec).median == 11
