"""The PET page: other definitions, bone, ranks, the strip of lesions, and the page itself."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
import pytest
import streamlit as st
from hypothesis import given, settings
from hypothesis import strategies as some
from scipy.stats import spearmanr
from streamlit.testing.v1 import AppTest

from core.analysis import fill
from core.cohort import Cohort, select
from core.dataset import Dataset
from core.errors import DataError, SpecError
from core.lesions.attach import Attached, with_columns
from core.lesions.pet.derived import patients
from core.lesions.pet.eligible import Choice
from core.reading import read_all
from core.spec import AnalysisSpec
from core.steps import Recipe
from core.survival import km
from core.survival.cutoff.endpoint import Endpoint
from core.survival.lesions.alternatives import AlternativesResult, alternatives
from core.survival.lesions.bone import bone
from core.survival.lesions.otherwise import columns, pet_of
from core.survival.lesions.ranks import ranks, spearman
from core.view import export
from core.view.charts import Data
from core.view.lesions import markers, pet, strip, tables
from core.view.lesions.strip import StripShape
from core.view.model import scatter
from pages.ui.loading import Loaded
from tests.test_pages import asked, assert_sound, bodies, opened, text_of

QUERY = "time=months&unit=months&event=dead&event_is=1&id=patient"
SPEC = AnalysisSpec.from_query(QUERY)
SITES = ("liver", "lung", "bone", "node", "L4 vertebra", "pleura", "brain", "skin", "adrenal")
PAGE = "pages/lesions.py"


def made(n: int = 90, seed: int = 3) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Patients and lesions; hotter patients have shorter times."""
    rng = np.random.default_rng(seed)
    lesions = []
    top = np.zeros(n)
    for i in range(n):
        suv = np.round(rng.lognormal(1.5, 0.5, rng.integers(1, 7)), 1)
        top[i] = suv.max()
        for k, x in enumerate(suv):
            site = SITES[int(rng.integers(len(SITES)))]
            mean = round(float(x * rng.uniform(0.4, 0.8)), 2)
            lesions.append((i + 1, k + 1, site, x, mean, round(float(rng.uniform(0.5, 30)), 1)))
    time = np.round(rng.exponential(20 / np.sqrt(top)) + 0.3, 1)
    dead = (rng.random(n) < 0.7).astype(int)
    patients = pd.DataFrame({"patient": np.arange(1, n + 1), "months": time, "dead": dead})
    names = ["patient", "lesion", "site", "SUVmax", "SUVmean", "MTV"]
    return patients, pd.DataFrame(lesions, columns=names)


def table_of(patients: pd.DataFrame, lesions: pd.DataFrame) -> Dataset:
    files = [("patients.csv", patients), ("pet.csv", lesions)]
    return read_all([(name, f.to_csv(index=False).encode()) for name, f in files], Recipe())


def cohort_of(dataset: Dataset, spec: AnalysisSpec) -> Cohort:
    joined = with_columns(dataset, spec)
    return select(joined, fill(joined, spec)[0])


PATIENTS, LESIONS = made()
DATASET = table_of(PATIENTS, LESIONS)
BY_HI = SPEC.but(group_by="HI", cut_rule="median")


@pytest.fixture(scope="module")
def by_hi() -> Cohort:
    return cohort_of(DATASET, BY_HI)


@pytest.fixture(scope="module")
def panel(by_hi: Cohort) -> AlternativesResult:
    return alternatives(by_hi, by_hi.spec)


def hand_hi(
    how: str, *, least: float = 2.5, above: bool = False, bone_out: bool = False
) -> pd.Series:
    """HI by pandas alone."""
    kept = LESIONS[LESIONS.SUVmax > least] if above else LESIONS[LESIONS.SUVmax >= least]
    if bone_out:
        kept = kept[~kept.site.isin(["bone", "L4 vertebra"])]
    kept = kept.sort_values(["patient", "SUVmax", "MTV", "SUVmean"], ascending=[True, *[False] * 3])
    kept = kept.assign(hi=kept.SUVmax / kept.SUVmean)
    grouped = kept.groupby("patient")
    if how == "ratio":
        return grouped.SUVmax.max() / grouped.SUVmean.first()
    return {"hottest": grouped.hi.first, "mean": grouped.hi.mean, "max": grouped.hi.max}[how]()


def by_hand(values: pd.Series, cutoff: float) -> tuple[int, int, float, float, float]:
    """Patients, those that are high, and chi-square, coefficient, error of the fast comparison."""
    here = PATIENTS.set_index("patient").loc[values.index]
    high = values.to_numpy() >= cutoff
    endpoint = Endpoint.sorted(here.months.to_numpy(), here.dead.to_numpy() == 1)
    found = endpoint.compare(high)
    assert found.statistic is not None
    assert found.coef is not None
    assert found.std_error is not None
    return len(here), int(high.sum()), found.statistic, found.coef, found.std_error


# ------------------------------------------------------------------------------ definitions


@pytest.mark.parametrize("how", ["hottest", "mean", "max", "ratio"])
def test_each_definition_is_what_pandas_and_the_fast_comparison_find(
    panel: AlternativesResult, how: str
) -> None:
    (line,) = (x for x in panel.lines if (x.field, x.value) == ("hi_of", how))
    now, values = hand_hi("hottest"), hand_hi(how)
    assert line.current == (how == "hottest")
    assert panel.cutoff == pytest.approx(now.median(), rel=1e-12)
    for found, cutoff in ((line.at_cutoff, now.median()), (line.at_median, values.median())):
        assert found is not None
        n, n_high, statistic, coef, error = by_hand(values, cutoff)
        assert (line.n, found.n_high) == (n, n_high)
        assert found.cutoff == pytest.approx(cutoff, rel=1e-12)
        assert found.statistic == pytest.approx(statistic, rel=1e-8)
        assert found.hazard_ratio == pytest.approx(np.exp(coef), rel=1e-8)
        assert found.conf_low == pytest.approx(np.exp(coef - 1.959963984540054 * error), rel=1e-8)
    both = now.index.intersection(values.index)
    changed = (now[both] >= now.median()) != (values[both] >= now.median())
    assert line.n_changed == int(changed.sum())
    moved = (now[both] >= now[both].median()) != (values[both] >= values[both].median())
    assert line.n_changed_median == int(moved.sum())


def test_without_bone_patients_leave_and_the_others_are_counted(panel: AlternativesResult) -> None:
    (line,) = (x for x in panel.lines if (x.field, x.value) == ("sites_out", "bone"))
    now, without = hand_hi("hottest"), hand_hi("hottest", bone_out=True)
    assert (line.n, line.n_lost, line.n_gained) == (len(without), len(now) - len(without), 0)
    assert line.n_lost > 0
    assert line.at_median is not None
    expected = by_hand(without, without.median())
    assert line.at_median.statistic == pytest.approx(expected[2], rel=1e-8)


def test_who_was_left_out_comes_in_under_the_alternative() -> None:
    cohort = cohort_of(DATASET, BY_HI.but(sites_out=("bone",)))
    found = alternatives(cohort, cohort.spec)
    (line,) = (x for x in found.lines if (x.field, x.value) == ("sites_out", ""))
    assert line.n == len(hand_hi("hottest"))
    assert (line.n_lost, line.n_gained) == (0, line.n - cohort.n)


def test_only_patients_who_are_in_can_change_groups() -> None:
    cohort = cohort_of(DATASET, BY_HI.but(where=("months>=5",)))
    found = alternatives(cohort, cohort.spec)
    inside = PATIENTS[PATIENTS.months >= 5].patient
    now, largest = (x[x.index.isin(inside)] for x in (hand_hi("hottest"), hand_hi("max")))
    (line,) = (x for x in found.lines if (x.field, x.value) == ("hi_of", "max"))
    assert (found.n, line.n) == (len(now), len(largest))
    assert line.n_changed == int(((now >= now.median()) != (largest >= now.median())).sum())


def test_the_present_definition_is_the_curves_page(
    by_hi: Cohort, panel: AlternativesResult
) -> None:
    shown = km.estimate(by_hi, by_hi.spec)
    current = [x for x in panel.lines if x.current]
    assert {x.field for x in current} == {"hi_of", "suv_side", "sites_out"}
    for line in current:
        assert line.at_cutoff is not None
        assert line.at_cutoff.p_value == shown.test.p_value
        assert line.at_cutoff.hazard_ratio == shown.hazard_ratio[0].hazard_ratio
        assert (line.n_changed, line.n_lost, line.n_gained) == (0, 0, 0)


def test_strata_the_test_and_breslow_are_those_of_the_question() -> None:
    patients = PATIENTS.assign(arm=np.where(PATIENTS.patient % 3 == 0, "A", "B"))
    spec = BY_HI.but(strata=("arm",), ties="breslow", test="tarone-ware")
    cohort = cohort_of(table_of(patients, LESIONS), spec)
    found = alternatives(cohort, cohort.spec)
    shown = km.estimate(cohort, cohort.spec)
    assert found.test == "tarone-ware"
    assert found.lines[0].at_cutoff is not None
    assert found.lines[0].at_cutoff.p_value == shown.test.p_value
    assert found.lines[0].at_cutoff.hazard_ratio == shown.hazard_ratio[0].hazard_ratio


def test_without_one_cutoff_only_medians_are_compared() -> None:
    cohort = cohort_of(DATASET, BY_HI.but(cut_rule="tertiles"))
    found = alternatives(cohort, cohort.spec)
    assert found.cutoff is None
    assert all(x.at_cutoff is None and x.n_changed is None for x in found.lines)
    assert all(x.at_median is not None for x in found.lines)
    assert "medians only" in found.notes[0].text
    assert len(tables.alternatives(cohort, found, at_median=False)) == len(found.lines)


def test_a_searched_cutoff_is_warned_of() -> None:
    cohort = cohort_of(DATASET, BY_HI.but(cut_rule="best"))
    found = alternatives(cohort, cohort.spec)
    assert [n.level for n in found.notes] == ["warning"]
    assert "searched" in found.notes[0].text


def test_another_stratifier_is_refused() -> None:
    cohort = cohort_of(DATASET, SPEC)
    with pytest.raises(SpecError, match="does not come from PET"):
        alternatives(cohort, cohort.spec)
    alone = read_all([("patients.csv", PATIENTS.to_csv(index=False).encode())], Recipe())
    bare = cohort_of(alone, SPEC)
    with pytest.raises(DataError, match="no table of PET lesions"):
        bone(bare, bare.spec)


def test_a_column_that_the_patients_table_had_is_left_alone() -> None:
    dataset = table_of(PATIENTS.assign(HI=np.arange(len(PATIENTS))), LESIONS)
    cohort = cohort_of(dataset, SPEC)
    assert "HI" not in columns(cohort)
    assert "COV" in columns(cohort)
    assert "HI" not in {line.column for line in bone(cohort, cohort.spec).lines}


def test_a_measure_without_patients_is_said() -> None:
    lesions = LESIONS.assign(site="bone")
    cohort = cohort_of(table_of(PATIENTS, lesions), BY_HI)
    found = alternatives(cohort, cohort.spec)
    (line,) = (x for x in found.lines if (x.field, x.value) == ("sites_out", "bone"))
    assert (line.n, line.n_lost, line.at_median) == (0, cohort.n, None)
    assert "no patient is left" in found.notes[-1].text
    assert not any(x.with_bone is False and x.n for x in bone(cohort, cohort.spec).lines)


@settings(max_examples=3, deadline=None)
@given(seed=some.integers(0, 10**6))
def test_the_order_of_rows_does_not_matter(seed: int, by_hi: Cohort) -> None:
    mixed = (frame.sample(frac=1, random_state=seed) for frame in (PATIENTS, LESIONS))
    cohort = cohort_of(table_of(*mixed), BY_HI)
    assert_same(bone(cohort, cohort.spec), bone(by_hi, by_hi.spec))
    assert_same(alternatives(cohort, cohort.spec), alternatives(by_hi, by_hi.spec))


def assert_same(a: Any, b: Any) -> None:
    """All but the last digits: sums over patients in another order round otherwise."""
    if dataclasses.is_dataclass(a):
        assert type(a) is type(b)
        for field in dataclasses.fields(a):
            assert_same(getattr(a, field.name), getattr(b, field.name))
    elif isinstance(a, tuple):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            assert_same(x, y)
    elif isinstance(a, float):
        assert a == pytest.approx(b, rel=1e-9)
    else:
        assert a == b


# -------------------------------------------------------------------------------------- bone


def test_every_marker_with_and_without_bone() -> None:
    cohort = cohort_of(DATASET, SPEC)
    found = bone(cohort, cohort.spec)
    assert [line.column for line in found.lines[::2]] == list(bone_markers(cohort))
    assert found.sites == ("bone", "L4 vertebra")
    assert found.n_bone == int(LESIONS.site.isin(found.sites).sum())
    for line in found.lines:
        if line.column != "HI":
            continue
        values = hand_hi("hottest", bone_out=not line.with_bone)
        n, n_high, statistic, coef, _ = by_hand(values, values.median())
        assert line.contrast is not None
        assert (line.n, line.contrast.n_high) == (n, n_high)
        assert line.contrast.statistic == pytest.approx(statistic, rel=1e-8)
        assert line.contrast.hazard_ratio == pytest.approx(np.exp(coef), rel=1e-8)
        assert sum(g.n for g in line.groups) == n
        assert sum(g.events for g in line.groups) == line.events


def bone_markers(cohort: Cohort) -> tuple[str, ...]:
    return tuple(n for n in columns(cohort) if n not in ("n_lesions", "n_sites"))


@pytest.mark.parametrize("sites_out", [(), ("bone",), ("L4 vertebra", "bone")])
def test_the_side_in_force_is_the_curves_page(sites_out: tuple[str, ...]) -> None:
    spec = SPEC.but(group_by="COV", cut_rule="value", cut_value=("0.3",), sites_out=sites_out)
    cohort = cohort_of(DATASET, spec)
    shown = km.estimate(cohort, cohort.spec)
    (line,) = (
        x for x in bone(cohort, cohort.spec).lines
        if x.column == "COV" and x.with_bone is (not sites_out)
    )  # fmt: skip
    assert line.contrast is not None
    assert line.contrast.cutoff == 0.3
    assert line.contrast.p_value == shown.test.p_value
    for group, summary in zip(line.groups, shown.groups, strict=True):
        assert dataclasses.astuple(group) == dataclasses.astuple(summary)[:6]


def test_with_bone_means_with_bone_also_where_it_is_left_out_at_present() -> None:
    first = cohort_of(DATASET, SPEC)
    expected = bone(first, first.spec)
    for sites_out in (("bone",), ("L4 vertebra",)):
        cohort = cohort_of(DATASET, SPEC.but(sites_out=sites_out))
        found = bone(cohort, cohort.spec)
        assert (found.lines, found.counts) == (expected.lines, expected.counts)
    assert expected.counts[0].n_lesions == int((LESIONS.SUVmax >= 2.5).sum())


def test_without_a_bone_there_is_nothing_to_leave_out() -> None:
    cohort = cohort_of(table_of(PATIENTS, LESIONS.assign(site="liver")), SPEC)
    found = bone(cohort, cohort.spec)
    assert found.lines == ()
    assert "no site" in found.notes[0].text.lower()
    assert "nothing to leave out" in tables.bone_finding(cohort, found)


# ------------------------------------------------------------------------------------- ranks


def test_ranks_agree_with_r_and_scipy(by_hi: Cohort) -> None:
    # cor.test(c(1,2,2,4,7,9,9,12), c(3,1,4,4,8,2,9,11), method="spearman", exact=FALSE)
    x = np.array([1.0, 2, 2, 4, 7, 9, 9, 12])
    y = np.array([3.0, 1, 4, 4, 8, 2, 9, 11])
    found = spearman(x, y)
    assert found.estimate == pytest.approx(0.612132454326, abs=1e-11)
    assert found.p_value == pytest.approx(0.106734034903, abs=1e-11)
    for pair in ranks(by_hi, by_hi.spec).pairs:
        u, v = (by_hi.column(name).to_numpy(dtype=float) for name in (pair.a, pair.b))
        other = spearmanr(u, v, nan_policy="omit")
        assert pair.estimate == pytest.approx(other.statistic, abs=1e-12)
        assert pair.p_value == pytest.approx(other.pvalue, rel=1e-8, abs=1e-300)


def test_ranks_at_the_ends() -> None:
    x = np.arange(5.0)
    assert (spearman(x, x**3).estimate, spearman(x, -x).estimate) == (1.0, -1.0)
    assert spearman(x, np.ones(5)).estimate is None
    assert spearman(x[:2], x[:2]).estimate is None
    three = spearman(x[:3], np.array([1.0, 3, 2]))
    assert three.estimate == 0.5
    assert three.conf_low is None
    # Limits in closed form: z = atanh(0.6), variance (1 + 0.18) / 1.
    four = spearman(np.arange(4.0), np.array([2.0, 1, 4, 3]))
    wide = 1.959963984540054 * np.sqrt(1.18)
    assert four.conf_low == pytest.approx(np.tanh(np.arctanh(0.6) - wide), rel=1e-12)
    assert four.conf_high == pytest.approx(np.tanh(np.arctanh(0.6) + wide), rel=1e-12)


# ------------------------------------------------------------------------- words and figures


def strip_points(cohort: Cohort, found: Attached, marked: tuple[int, ...] = ()) -> Data:
    """The data of the strip."""
    assert found.pet is not None
    assert found.pet_patients is not None
    counts = found.pet_patients.eligible
    return strip.data(cohort, found.pet, found.choice, counts, found.ids, marked)


def test_the_first_sentence_counts_lesions_and_patients() -> None:
    cohort = cohort_of(DATASET, SPEC.but(suv_min=6.0))
    found, lesions, _ = pet_of(cohort)
    kept = LESIONS[LESIONS.SUVmax >= 6]
    said = pet.finding(lesions, found.pet_patients)
    lost = 90 - kept.patient.nunique()
    assert said == (
        f"{len(kept)} of {len(LESIONS)} lesions count, in {kept.patient.nunique()} of 90 patients. "
        f"The filters leave out {len(LESIONS) - len(kept)} lesions, and {lost} patients lose all "
        "lesions."
    )
    assert "leave none out" in pet.finding(lesions, patients(lesions, Choice(suv_min=0)))


def test_the_table_of_markers(by_hi: Cohort) -> None:
    derived = pet_of(by_hi)[2]
    shown = pet.summary(derived).set_index("Marker")
    assert shown.loc["MTV (mL): Sum of the lesions' volumes", "Patients"] == str(
        len(hand_hi("hottest"))
    )
    full = pet.summary_in_full(derived).set_index("column")
    assert full.loc["HI", "median"] == pytest.approx(hand_hi("hottest").median(), rel=1e-12)
    assert "HI: SUVmax over SUVmean of the hottest lesion" in shown.index
    assert "Number of lesions" in shown.index
    assert list(pet.left(derived).columns) == ["Without a lesion that counts", "Patients"]


def test_bone_is_one_item_among_the_sites(by_hi: Cohort) -> None:
    lesions = pet_of(by_hi)[1]
    assert pet.sites(lesions, Choice())[0] == "bone"
    assert len(pet.sites(lesions, Choice())) == len(SITES)
    assert pet.sites(lesions, Choice(sites_out=("spleen",)))[-1] == "spleen"
    n = int(LESIONS.site.isin(["bone", "L4 vertebra"]).sum())
    assert pet.site_label("bone", lesions) == f"Bone, all of it ({n})"
    assert pet.site_label("liver", lesions) == f"liver ({int((LESIONS.site == 'liver').sum())})"


def test_the_tables_of_the_sensitivity(by_hi: Cohort, panel: AlternativesResult) -> None:
    shown = tables.alternatives(by_hi, panel, at_median=False)
    assert shown["Definition"][0].endswith("(now)")
    assert "Log-rank p" in shown.columns
    assert re.search(
        r"at most \d+ of \d+ patients change groups", tables.alternatives_finding(panel)
    )
    full = tables.alternatives_in_full(panel)
    assert {"cutoff", "hazard_ratio"} & {c.split("_", 1)[-1] for c in full.columns}
    found = bone(by_hi, by_hi.spec)
    assert "with bone lesions and" in tables.bone_finding(by_hi, found)
    assert len(tables.bone(by_hi, found)) == len(tables.bone_in_full(found)) == len(found.lines)


def test_the_strip_orders_patients_by_their_time(by_hi: Cohort) -> None:
    found, lesions, _ = pet_of(by_hi)
    data = {
        name: part.to_pandas()
        for name, part in strip.data(
            by_hi, lesions, found.choice, found.pet_patients.eligible, found.ids
        ).items()
    }
    assert len(data["patients"]) == by_hi.n
    order = np.lexsort((by_hi.event, by_hi.time))
    lines = [str(by_hi.dataset.row_number(int(by_hi.included.rows[i]))) for i in order]
    assert sorted(data["patients"].patient) == sorted(lines)
    times = PATIENTS.months.to_numpy()[data["patients"].patient.astype(int) - 2]
    assert (np.diff(times) >= 0).all()
    # Every lesion of a patient stands in her column, with her own uptake.
    for place, group in data["lesions"].groupby("place"):
        patient = int(group.patient.iloc[0]) - 1
        assert data["patients"].patient[place] == group.patient.iloc[0]
        own = LESIONS[LESIONS.patient == patient].SUVmax
        assert sorted(group.suv_max) == sorted(own)
    left = data["lesions"][data["lesions"].counts != "yes"]
    assert (left.suv_max < 2.5).all()
    assert len(left)
    assert set(data["lesions"].site) == {*strip.legend(lesions)}
    assert strip.OTHERS in strip.legend(lesions)


def test_no_number_of_a_patient_leaves_the_figure() -> None:
    secret = {i: f"XQ{i:04d}Z" for i in PATIENTS.patient}
    dataset = table_of(
        PATIENTS.assign(patient=PATIENTS.patient.map(secret)),
        LESIONS.assign(patient=LESIONS.patient.map(secret)),
    )
    cohort = cohort_of(dataset, BY_HI)
    found, _, derived = pet_of(cohort)
    drawn = strip_points(cohort, found)
    sent = [str(part.to_pydict()) for part in (drawn | markers.data(cohort, "HI", "COV")).values()]
    result = alternatives(cohort, cohort.spec)
    sent += [tables.alternatives_in_full(result).to_csv(), pet.summary_in_full(derived).to_csv()]
    sent += [repr(result), repr(bone(cohort, cohort.spec)), repr(ranks(cohort, cohort.spec))]
    assert "XQ" not in "".join(sent)


def test_many_patients_are_thinned_evenly() -> None:
    dataset = table_of(*made(400, seed=5))
    cohort = cohort_of(dataset, SPEC)
    found, lesions, _ = pet_of(cohort)
    drawn = strip_points(cohort, found)["patients"].to_pandas()
    assert len(drawn) == strip.MOST_PATIENTS
    assert "300 of 400" in strip.finding(cohort, lesions, found.ids)


def test_marked_patients_are_drawn_in_any_case_and_the_others_are_pale() -> None:
    dataset = table_of(*made(400, seed=5))
    cohort = cohort_of(dataset, SPEC)
    found, lesions, _ = pet_of(cohort)
    drawn = strip_points(cohort, found)
    assert not any(drawn["lesions"]["dim"].to_pylist())
    lines = {*map(int, drawn["patients"]["patient"].to_pylist())}
    row = next(int(r) for r in cohort.included.rows if dataset.row_number(int(r)) not in lines)
    again = strip.data(
        cohort, lesions, found.choice, found.pet_patients.eligible, found.ids, (row,)
    )
    assert again["patients"].num_rows == strip.MOST_PATIENTS + 1
    assert StripShape.of(cohort, lesions, found.ids, (row,)).wide == strip.MOST_PATIENTS + 1
    points = again["lesions"].to_pandas()
    assert {*points.patient[~points.dim]} == {str(dataset.row_number(row))}


def test_a_median_has_the_decimals_it_was_measured_with(by_hi: Cohort) -> None:
    variable = pet_of(by_hi)[2].variables["SUVmax"]
    assert variable.decimals == 1
    texts = [pet._value(x, variable) for x in (11.7, 10.25, 9.0, 5.1 + 0.2, 1.6789)]
    assert texts == ["11.7", "10.25", "9.0", "5.3", "1.7"]


def test_figures_can_be_saved(by_hi: Cohort) -> None:
    found, lesions, _ = pet_of(by_hi)
    shape = StripShape.of(by_hi, lesions, found.ids)
    data = strip_points(by_hi, found)
    saved = export.svg({**strip.description(shape), "datasets": data}, "Lesions", ["x"])
    text = saved.decode() if isinstance(saved, bytes) else saved
    assert "SUVmax of each lesion" in text
    assert "from the shortest to the longest follow-up (months)" in text
    assert all(site in text for site in strip.legend(lesions))
    variables = by_hi.dataset.variables
    two = markers.shape(variables["HI"], variables["COV"])
    points = markers.data(by_hi, "HI", "COV")
    assert export.svg({**scatter.description(two), "datasets": points}, "Markers", ["x"])
    assert points["points"].num_rows == int(by_hi.column("COV").notna().sum())
    pair = ranks(by_hi, by_hi.spec).of("COV", "HI")
    assert pair is not None
    assert "Spearman's rho" in markers.finding(by_hi, pair)


# ---------------------------------------------------------------------------------- the page


@pytest.fixture
def _no_caches() -> Iterator[None]:
    st.cache_data.clear()
    st.cache_resource.clear()
    yield
    st.cache_data.clear()
    st.cache_resource.clear()


def own(query: str, name: str = "") -> AppTest:
    """The page on lesions that were uploaded before, with one of its sections open."""
    opening = f"{query}&section={name}" if name else query
    at = opened(PAGE, f"data={DATASET.reference}&{QUERY}&{opening}", run=False)
    files = (
        ("patients.csv", PATIENTS.to_csv(index=False).encode()),
        ("pet.csv", LESIONS.to_csv(index=False).encode()),
    )
    at.session_state["tables"] = {DATASET.reference: Loaded(files, DATASET)}
    at.run()
    assert_sound(at)
    return at


def said(at: AppTest) -> str:
    return "\n".join(map(text_of, bodies(at)))


@pytest.mark.usefixtures("_no_caches")
def test_the_page_without_lesions_says_how_to_get_them() -> None:
    at = opened(PAGE, "data=gbsg2")
    assert_sound(at)
    assert "one row per lesion" in at.info[0].value


@pytest.mark.usefixtures("_no_caches")
def test_the_threshold_moves_everything() -> None:
    at = own("group_by=HI&cut_rule=median")
    assert "lesions count" in said(at)
    at.slider(key="suv_min").set_value(6.0).run()
    assert_sound(at)
    assert asked(at).suv_min == 6
    kept = LESIONS[LESIONS.SUVmax >= 6]
    assert f"{len(kept)} of {len(LESIONS)} lesions count" in said(at)
    at.multiselect(key="sites_out").set_value(["bone"]).run()
    assert asked(at).sites_out == ("bone",)
    kept = kept[~kept.site.isin(["bone", "L4 vertebra"])]
    assert f"{len(kept)} of {len(LESIONS)} lesions count" in said(at)
    at.slider(key="suv_min").set_value(2.5).run()
    assert asked(at).suv_min is None
    at.selectbox(key="suv_side").set_value("gt").run()
    at.number_input(key="volume_min").set_value(2.0).run()
    assert_sound(at)
    assert (asked(at).suv_side, asked(at).volume_min) == ("gt", 2)


@pytest.mark.usefixtures("_no_caches")
def test_other_lesions_end_the_blind_choice_of_a_cutoff() -> None:
    at = own("group_by=HI&cut_rule=value&cut_value=2&unlocked=HI >= 2")
    assert asked(at).unlocked == "HI >= 2"
    at.slider(key="suv_min").set_value(6.0).run()
    assert_sound(at)
    assert asked(at).unlocked is None


@pytest.mark.usefixtures("_no_caches")
def test_a_definition_is_chosen_in_the_drawer() -> None:
    at = own("group_by=HI&cut_rule=median")
    at.session_state["pet_definitions"] = True
    at.run()
    at.selectbox(key="choose_hi_of").set_value("max").run()
    assert_sound(at)
    assert asked(at).hi_of == "max"
    assert "Largest SUVmax over SUVmean of a lesion" in said(at)


@pytest.mark.usefixtures("_no_caches")
@pytest.mark.parametrize("query", ["group_by=HI&cut_rule=median", "suv_side=gt"])
@pytest.mark.parametrize(
    "name", ["Marker against marker", "Other definitions", "With and without bone"]
)
def test_the_sections_open(name: str, query: str) -> None:
    at = own(query, name)
    spec = asked(at)
    joined = with_columns(DATASET, spec)
    cohort = select(joined, fill(joined, spec)[0])
    assert isinstance(joined.attached, Attached)
    if name == "Other definitions" and spec.group_by:
        assert tables.alternatives_finding(alternatives(cohort, cohort.spec)) in said(at)
    elif name == "Other definitions":
        assert "Choose a marker above" in at.info[0].value
        at.selectbox(key="pet_marker").set_value("COV").run()
        assert_sound(at)
        assert asked(at).group_by == "COV"
        assert "COV under" in said(at)
    elif name == "With and without bone":
        assert tables.bone_finding(cohort, bone(cohort, cohort.spec)) in said(at)
    else:
        pair = ranks(cohort, cohort.spec).of("HI", "COV")
        assert pair is not None
        assert markers.finding(cohort, pair) in said(at)


@pytest.mark.usefixtures("_no_caches")
def test_a_locked_outcome_shows_no_times() -> None:
    at = own("outcome=locked")
    assert "The outcome is locked" in said(at)
    assert "lesions count" in said(at)
    assert not at.get("vega_lite_chart")


@pytest.mark.usefixtures("_no_caches")
def test_each_marker_leads_to_its_curves() -> None:
    at = own("suv_min=3")
    links = [json.loads(json.dumps(e.proto.query_string)) for e in at.get("page_link")]
    by = [text for text in links if "group_by=HI" in text and "cut_rule=median" in text]
    assert len(by) == 1
    assert "suv_min=3" in by[0]
