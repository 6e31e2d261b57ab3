"""From PET lesions to patients: by hand, a slow second road, laws, alternatives, edge cases."""

from __future__ import annotations

import dataclasses
import math
import statistics
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.lesions.pet import aggregate, alternatives, definitions
from core.lesions.pet.aggregate import COLUMNS
from core.lesions.pet.derived import Derived
from core.lesions.pet.derived import patients as derive
from core.lesions.pet.eligible import Choice
from core.lesions.pet.lesions import Lesions
from core.lesions.pet.table import canonical, recognise
from core.spec import AnalysisSpec
from tests.cohorts import LAW

# Patient A has three lesions, B two of which one is below 2.5, C one in bone only.
SHEET = {
    "patient": ["A", "A", "A", "B", "B", "C"],
    "lesion": ["1", "2", "3", "1", "2", "1"],
    "site": ["liver", "lung", "liver", "bone", "lung", "bone"],
    "SUVmax": [8.0, 4.0, 6.0, 5.0, 2.4, 3.0],
    "SUVmean": [4.0, 1.0, 4.0, 2.0, 2.0, 2.0],
    "MTV": [10.0, 30.0, 20.0, 8.0, 50.0, 5.0],
}


def lesions_of(columns: dict[str, Any]) -> Lesions:
    frame = pd.DataFrame(columns)
    roles = recognise(frame)
    assert roles is not None
    return canonical(frame, roles)


def made(columns: dict[str, Any] | None = None, **choices: Any) -> pd.DataFrame:
    return derive(lesions_of(columns or SHEET), Choice(**choices)).frame


def texts(found: Derived) -> str:
    return " ".join(note.text for note in found.notes)


# By hand --------------------------------------------------------------------------------------


def test_the_default_definitions_worked_out_by_hand() -> None:
    frame = made()
    assert list(frame.columns) == list(COLUMNS)
    assert frame.index.tolist() == ["A", "B", "C"]
    # A: hottest lesion 8/4 with 10 mL; SUVmax 8, 4, 6 has mean 6 and SD 2.
    assert frame.loc["A"].tolist() == pytest.approx(
        [8, 4, 60, 8 / 2 * 10 + 30 + 80, 2, 2 / 6, 3, 2], rel=1e-14
    )
    # B keeps one lesion: COV is missing and not 0.
    assert frame.loc["B"].tolist() == pytest.approx(
        [5, 2, 8, 16, 2.5, math.nan, 1, 1], rel=1e-14, nan_ok=True
    )


@pytest.mark.parametrize(
    ("choices", "column", "value"),
    [
        ({"hi_of": "hottest"}, "HI", 2.0),
        ({"hi_of": "mean"}, "HI", (2 + 4 + 1.5) / 3),
        ({"hi_of": "max"}, "HI", 4.0),
        ({"hi_of": "ratio"}, "HI", 8 / 4),
        ({"hi_of": "ratio", "suvmean_of": "mean"}, "HI", 8 / 3),
        ({"hi_of": "ratio", "suvmean_of": "volume"}, "HI", 8 / (150 / 60)),
        ({"cov_sd": "sample"}, "COV", 2 / 6),
        ({"cov_sd": "population"}, "COV", math.sqrt(8 / 3) / 6),
        ({"volume_of": "sum"}, "MTV", 60.0),
        ({"volume_of": "max"}, "MTV", 30.0),
        ({"volume_of": "hottest"}, "MTV", 10.0),
        ({"suvmean_of": "hottest"}, "SUVmean", 4.0),
        ({"suvmean_of": "mean"}, "SUVmean", 3.0),
        ({"suvmean_of": "volume"}, "SUVmean", 150 / 60),
        # TLG is the sum over lesions, whichever way the volume is taken.
        ({"volume_of": "max"}, "TLG", 150.0),
        ({"volume_of": "hottest", "suvmean_of": "mean"}, "TLG", 150.0),
    ],
)
def test_each_alternative_in_closed_form(
    choices: dict[str, str], column: str, value: float
) -> None:
    assert made(**choices).loc["A", column] == pytest.approx(value, rel=1e-14)


@pytest.mark.parametrize("n", [2, 3, 4, 7, 12])
def test_the_two_deviations_differ_by_the_root_of_their_divisors(n: int) -> None:
    rng = np.random.default_rng(n)
    sheet = {"patient": ["A"] * n, "lesion": [str(i) for i in range(n)]}
    sheet["SUVmax"] = rng.uniform(3, 20, n).round(2)  # type: ignore[assignment]
    sample = made(sheet, cov_sd="sample").loc["A", "COV"]
    population = made(sheet, cov_sd="population").loc["A", "COV"]
    assert population / sample == pytest.approx(math.sqrt((n - 1) / n), rel=1e-14)


def test_equal_lesions_have_no_spread_at_all() -> None:
    frame = made({"patient": ["A"] * 3, "lesion": ["1", "2", "3"], "SUVmax": [6.1] * 3})
    assert frame.loc["A", "COV"] == 0


def test_one_lesion_has_no_cov_under_either_deviation() -> None:
    sheet = {"patient": ["A", "B"], "lesion": ["1", "1"], "SUVmax": [6.1, 3.0]}
    for deviation in ("sample", "population"):
        found = derive(lesions_of(sheet), Choice(cov_sd=deviation))
        assert found.frame["COV"].isna().all()
        assert "2 patients with one lesion: COV is missing there, not 0." in texts(found)


def test_of_equally_hot_lesions_the_larger_one_counts() -> None:
    sheet = {"patient": ["A"] * 3, "lesion": ["1", "2", "3"], "SUVmax": [6.0, 6.0, 3.0]}
    sheet |= {"SUVmean": [2.0, 3.0, 1.0], "MTV": [5.0, 4.0, 9.0]}
    assert made(sheet).loc["A", "HI"] == 3
    sheet |= {"MTV": [5.0, 5.0, 9.0]}
    assert made(sheet).loc["A", "HI"] == 2


# Filters --------------------------------------------------------------------------------------


def test_a_lesion_at_the_threshold_counts_unless_the_operator_says_above() -> None:
    sheet = {"patient": ["A", "A"], "lesion": ["1", "2"], "SUVmax": [2.5, 4.0]}
    assert made(sheet).loc["A", "n_lesions"] == 2
    assert made(sheet, suv_side="gt").loc["A", "n_lesions"] == 1


def test_the_threshold_is_of_suvmax_and_not_of_suvmean() -> None:
    assert made().loc["A", "n_lesions"] == 3  # one of them has an SUVmean of 1


def test_without_bone_patients_leave_through_the_ledger() -> None:
    found = derive(lesions_of(SHEET), Choice(sites_out=("bone",)))
    assert found.frame.index.tolist() == ["A"]
    assert found.left == {
        "B": "No lesion with SUVmax >= 2.5",  # bone goes first, then the lung lesion at 2.4
        "C": "All lesions in sites left out (bone)",
    }
    assert [(e.reason, e.n, e.rows) for e in found.ledger] == [
        ("All lesions in sites left out (bone)", 1, (7,)),
        ("No lesion with SUVmax >= 2.5", 1, (5, 6)),
    ]
    assert "2 lesions of 2 patients were left out: their site is left out." in texts(found)


def test_bone_stands_for_every_site_that_is_bone_and_a_site_for_itself() -> None:
    sites = ["Th12", "rib", "Iliac bone", "iliac node"]
    sheet = {"patient": ["A"] * 4, "lesion": list("1234"), "SUVmax": [3.0, 4, 5, 6], "site": sites}
    assert lesions_of(sheet).bone_sites == ("Iliac bone", "rib", "Th12")
    assert made(sheet, sites_out=("bone",)).loc["A", "n_lesions"] == 1
    assert made(sheet, sites_out=("RIB",)).loc["A", "n_lesions"] == 3
    assert "3 lesions in bone" in texts(derive(lesions_of(sheet), Choice()))


def test_a_site_that_no_lesion_has_is_said() -> None:
    assert "called 'spleen'" in texts(derive(lesions_of(SHEET), Choice(sites_out=("spleen",))))


def test_a_lesion_without_a_site_stays_and_its_patient_has_no_number_of_sites() -> None:
    found = derive(
        lesions_of(SHEET | {"site": ["liver", None, "liver", "bone", "lung", "bone"]}),
        Choice(sites_out=("liver",)),
    )
    assert found.frame.loc["A", "n_lesions"] == 1
    assert math.isnan(found.frame.loc["A", "n_sites"])
    assert "The site of 1 lesion is not said: kept" in texts(found)


def test_the_smallest_volume_leaves_out_smaller_and_unknown_volumes() -> None:
    frame = made(SHEET | {"MTV": [10.0, 30.0, np.nan, 8.0, 50.0, 5.0]}, volume_min=10)
    assert frame.loc["A", "n_lesions"] == 2
    assert frame.index.tolist() == ["A"]


def test_a_patient_without_any_suvmax_leaves_and_is_counted() -> None:
    found = derive(lesions_of(SHEET | {"SUVmax": [8.0, 4, 6, 5, 2.4, np.nan]}), Choice())
    assert found.left == {"C": "No lesion with an SUVmax"}


def test_nobody_left_is_an_empty_table_and_no_fault() -> None:
    for column in COLUMNS:
        alternatives.panel(lesions_of(SHEET), Choice(suv_min=99), column, cutoff=1)
    found = derive(lesions_of(SHEET), Choice(suv_min=99))
    assert found.frame.shape == (0, len(COLUMNS))
    assert found.ledger[0].n == 3


# Missing values -------------------------------------------------------------------------------


def test_a_sum_with_a_missing_lesion_is_missing_and_said() -> None:
    sheet = SHEET | {"MTV": [10.0, np.nan, 20.0, 8.0, 50.0, 5.0]}
    found = derive(lesions_of(sheet), Choice())
    assert found.frame.loc["A", ["MTV", "TLG"]].isna().all()
    assert found.frame.loc["A", "HI"] == 2
    assert "MTV of 1 patient is missing" in texts(found)
    assert made(sheet, volume_of="hottest").loc["A", "MTV"] == 10
    assert math.isnan(made(sheet, volume_of="max").loc["A", "MTV"])


def test_a_missing_suvmean_of_the_hottest_lesion_is_not_replaced_by_the_next() -> None:
    frame = made(SHEET | {"SUVmean": [np.nan, 1.0, 4.0, 2.0, 2.0, 0.0]})
    assert frame.loc["A", ["SUVmean", "HI"]].isna().all()
    assert math.isnan(frame.loc["C", "HI"])  # SUVmean of 0


def test_a_missing_value_of_a_lesion_that_is_left_out_does_no_harm() -> None:
    assert made(SHEET | {"MTV": [10.0, 30, 20, 8, np.nan, 5]}).loc["B", "MTV"] == 8


def test_what_the_sheet_says_nothing_of_is_no_column() -> None:
    found = derive(lesions_of({k: SHEET[k] for k in ("patient", "lesion", "SUVmax")}), Choice())
    assert list(found.frame.columns) == ["SUVmax", "COV", "n_lesions"]
    assert "TLG is not derived: the lesion table lacks TLG or MTV and SUVmean." in texts(found)


def test_a_given_tlg_is_used_and_gaps_are_filled_by_the_product() -> None:
    found = derive(lesions_of(SHEET | {"TLG": [41.0, np.nan, 80, 16, 100, 10]}), Choice())
    assert found.frame.loc["A", "TLG"] == 41 + 30 + 80
    assert "TLG of 1 lesion was not given: it is SUVmean times MTV." in texts(found)


# A second road --------------------------------------------------------------------------------


def random_sheet(seed: int, patients: int = 30) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    n = 4 * patients
    suv = rng.uniform(1.5, 15, n).round(1)
    return {
        "patient": [f"P{i:03d}" for i in rng.integers(0, patients, n)],
        "lesion": [str(i) for i in range(n)],
        "site": rng.choice(["liver", "lung", "bone", "node"], n),
        "SUVmax": suv,
        "SUVmean": (suv * rng.uniform(0.4, 0.9, n)).round(2),
        "MTV": rng.uniform(0.5, 60, n).round(2),
    }


def slowly(sheet: dict[str, Any], choice: Choice) -> dict[str, dict[str, float]]:
    """Compute patient by patient with the standard library."""
    rows = pd.DataFrame(sheet).to_dict("records")
    found = {}
    for name in sorted({r["patient"] for r in rows}):
        mine = [
            r
            for r in rows
            if r["patient"] == name
            and (r["SUVmax"] > choice.suv_min or (choice.suv_side == "ge" and r["SUVmax"] == 2.5))
            and r["site"] not in choice.sites_out
        ]
        if not mine:
            continue
        top = max(mine, key=lambda r: (r["SUVmax"], r["MTV"], r["SUVmean"]))
        peaks, means = [r["SUVmax"] for r in mine], [r["SUVmean"] for r in mine]
        volumes = [r["MTV"] for r in mine]
        tlg = math.fsum(r["SUVmean"] * r["MTV"] for r in mine)
        deviation = statistics.stdev if choice.cov_sd == "sample" else statistics.pstdev
        suv_mean = {
            "hottest": top["SUVmean"],
            "mean": statistics.fmean(means),
            "volume": tlg / math.fsum(volumes),
        }[choice.suvmean_of]
        indices = [r["SUVmax"] / r["SUVmean"] for r in mine]
        hi = {
            "hottest": top["SUVmax"] / top["SUVmean"],
            "mean": statistics.fmean(indices),
            "max": max(indices),
            "ratio": max(peaks) / suv_mean,
        }[choice.hi_of]
        mtv = {"sum": math.fsum(volumes), "max": max(volumes), "hottest": top["MTV"]}
        cov = deviation(peaks) / statistics.fmean(peaks) if len(mine) > 1 else math.nan
        sites = len({r["site"] for r in mine})
        values = (max(peaks), suv_mean, mtv[choice.volume_of], tlg, hi, cov, len(mine), sites)
        found[name] = dict(zip(COLUMNS, values, strict=True))
    return found


@pytest.mark.parametrize("hi_of", ["hottest", "mean", "max", "ratio"])
@pytest.mark.parametrize("suvmean_of", ["hottest", "mean", "volume"])
@pytest.mark.parametrize("others", [("sample", "sum", "ge"), ("population", "max", "gt")])
def test_the_standard_library_agrees(
    hi_of: str, suvmean_of: str, others: tuple[str, str, str]
) -> None:
    choice = Choice(
        hi_of=hi_of,
        suvmean_of=suvmean_of,
        cov_sd=others[0],
        volume_of=others[1],
        suv_side=others[2],
        sites_out=("bone",),
    )
    for seed in range(3):
        sheet = random_sheet(seed)
        found = derive(lesions_of(sheet), choice).frame
        expected = pd.DataFrame(slowly(sheet, choice)).T
        assert found.index.tolist() == expected.index.tolist()
        np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(dtype=float), rtol=1e-12)


# Laws -----------------------------------------------------------------------------------------

SEEDS = st.integers(0, 10_000)


@LAW
@given(seed=SEEDS)
def test_the_order_of_rows_changes_nothing_at_all(seed: int) -> None:
    frame = pd.DataFrame(random_sheet(seed))
    shuffled = frame.sample(frac=1, random_state=seed)
    for choice in ({}, {"hi_of": "mean", "suvmean_of": "volume"}):
        pd.testing.assert_frame_equal(
            made(frame.to_dict("list"), **choice),
            made(shuffled.to_dict("list"), **choice),
            check_exact=True,
        )


@LAW
@given(seed=SEEDS)
def test_the_names_of_lesions_change_nothing(seed: int) -> None:
    sheet = random_sheet(seed)
    renamed = sheet | {"lesion": [f"x{i}" for i in reversed(sheet["lesion"])]}
    pd.testing.assert_frame_equal(made(sheet), made(renamed), check_exact=True)


@LAW
@given(seed=SEEDS)
def test_one_more_patient_changes_nobody_else(seed: int) -> None:
    sheet, more = random_sheet(seed), random_sheet(seed + 1, 1)
    both = {k: [*sheet[k], *more[k]] for k in sheet}
    both["patient"][-len(more["patient"]) :] = ["0 first"] * len(more["patient"])
    alone, joined = made(sheet), made(both)
    pd.testing.assert_frame_equal(alone, joined.drop(index="0 first"), check_exact=True)
    assert joined.index[0] == "0 first"


@LAW
@given(seed=SEEDS)
def test_the_unit_of_volume_changes_volumes_by_its_factor_only(seed: int) -> None:
    sheet = random_sheet(seed)
    small = {k: v for k, v in sheet.items() if k != "MTV"} | {"MTV (mm3)": sheet["MTV"] * 1000}
    pd.testing.assert_frame_equal(made(sheet), made(small), rtol=1e-12)


@LAW
@given(seed=SEEDS, least=st.floats(1.5, 16))
def test_what_must_hold_between_the_columns(seed: int, least: float) -> None:
    lesions = lesions_of(random_sheet(seed))
    found = {
        h: aggregate.patients(lesions, Choice(hi_of=h, suv_min=least))
        for h in ("hottest", "mean", "max")
    }
    one = found["max"]
    inside = one.n_lesions > 0
    assert (one.n_lesions + one.n_left_out == lesions.n_lesions).all()
    assert (found["mean"].hi[inside] <= one.hi[inside] + 1e-12).all()
    assert (found["hottest"].hi[inside] <= one.hi[inside]).all()
    assert (one.hi[inside] >= 1).all()
    assert sum(entry.n for entry in one.ledger) == (~inside).sum()
    assert (np.isnan(one.cov) == (one.n_lesions < 2)).all()
    assert [left is None for left in one.left] == inside.tolist()


# Alternatives ---------------------------------------------------------------------------------


def test_the_panel_counts_who_changes_sides_of_the_cutoff() -> None:
    lesions = lesions_of(SHEET)
    found = alternatives.panel(lesions, Choice(), "HI", cutoff=2.4)
    by_value = {a.value: a for a in found.alternatives}
    # HI of A, B, C: 2, 2.5, 1.5; the maximum makes A 4 and the mean 2.5.
    assert by_value["hottest"].values.tolist() == [2.0, 2.5, 1.5]
    assert by_value["hottest"].current
    assert (by_value["hottest"].n_high, by_value["hottest"].n_changed) == (1, 0)
    assert by_value["max"].values.tolist() == [4.0, 2.5, 1.5]
    assert (by_value["max"].n_high, by_value["max"].n_changed) == (2, 1)
    assert by_value["mean"].values.tolist() == [2.5, 2.5, 1.5]
    without = by_value[("bone",)]
    assert without.label == "bone left out"
    assert (without.n, without.n_lost, without.n_changed) == (1, 2, 0)


def test_a_change_of_scale_is_told_from_a_change_of_order() -> None:
    sheet = {"patient": list("AABBCC"), "lesion": list("121212"), "SUVmax": [3.0, 4, 3, 6, 3, 9]}
    lesions = lesions_of(sheet)
    now = derive(lesions, Choice()).frame["COV"]
    found = alternatives.panel(lesions, Choice(), "COV", cutoff=float(now["B"]))
    other = next(a for a in found.alternatives if a.value == "population")
    # All have two lesions: every COV shrinks by the root of 1/2, and the order stays.
    assert (other.n_changed, other.n_changed_median) == (1, 0)
    np.testing.assert_allclose(other.values, now.to_numpy() * math.sqrt(1 / 2), rtol=1e-14)


def test_the_panel_looks_at_the_patients_of_the_cohort_in_their_order() -> None:
    found = alternatives.panel(lesions_of(SHEET), Choice(), "SUVmax", among=["C", "Z", "A"])
    assert found.ids.tolist() == ["C", "Z", "A"]
    np.testing.assert_array_equal(found.alternatives[0].values, [3.0, np.nan, 8.0])
    assert found.alternatives[0].n_high is None


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("hi_of", ["hottest", "ratio"])
def test_every_alternative_is_what_its_choice_gives(column: str, hi_of: str) -> None:
    lesions, choice = lesions_of(random_sheet(3)), Choice(hi_of=hi_of, sites_out=("lung",))
    found = alternatives.panel(lesions, choice, column, cutoff=3, side="gt")
    fields = [a.field for a in found.alternatives]
    assert set(fields) == {*definitions.bearing(column, choice), *definitions.FILTERS}
    for alternative in found.alternatives:
        expected = derive(lesions, alternative.choice).frame[column].reindex(found.ids)
        np.testing.assert_array_equal(alternative.values, expected.to_numpy())
        assert alternative.current == (alternative.choice == choice)
        assert alternative.n_high == int((expected > 3).sum())
    # Each definition shows its present value once.
    assert sum(a.current for a in found.alternatives) == len(set(fields))


def test_definitions_that_do_not_bear_on_a_column_leave_it_alone() -> None:
    lesions = lesions_of(random_sheet(5))
    for column in COLUMNS:
        base = derive(lesions, Choice()).frame[column]
        for field, values in definitions.ALTERNATIVES.items():
            if field in (*definitions.bearing(column, Choice()), "suv_side"):
                continue
            for value in values:
                changed = dataclasses.replace(Choice(), **{field: value})  # type: ignore[arg-type]
                other = derive(lesions, changed).frame[column]
                pd.testing.assert_series_equal(base, other, check_exact=True)


# What the table of patients gets --------------------------------------------------------------


def test_columns_have_units_decimals_and_their_definition() -> None:
    found = derive(lesions_of(SHEET), Choice(sites_out=("bone",), cov_sd="population"))
    units = {name: v.unit for name, v in found.variables.items()}
    assert units == dict.fromkeys(COLUMNS, "") | {"MTV": "mL", "TLG": "g"}
    assert found.variables["SUVmax"].decimals == 1
    assert found.variables["n_lesions"].title == "Number of lesions"
    assert found.variables["COV"].meaning == (
        "Standard deviation (n) of the lesions' SUVmax over their mean, over lesions with "
        "SUVmax >= 2.5, without the sites 'bone'; missing with one lesion."
    )
    assert all(v.kind == "number" and v.meaning for v in found.variables.values())
    assert {str(kind) for kind in found.frame.dtypes} == {"float64"}


def test_every_choice_has_its_words() -> None:
    for field, values in definitions.ALTERNATIVES.items():
        assert getattr(Choice(), field) == next(iter(values))
        told = {
            definitions.meaning(column, dataclasses.replace(Choice(), **{field: value}))  # type: ignore[arg-type]
            for value in values
            for column in COLUMNS
        }
        assert len(told) >= len(COLUMNS) + len(values) - 1


def test_the_question_is_read_with_its_defaults() -> None:
    @dataclasses.dataclass(frozen=True)
    class Asked:
        suv_min: float | None = 4.0
        suv_side: str | None = None
        sites_out: tuple[str, ...] = ()

    assert Choice.of(Asked()) == Choice(suv_min=4.0)
    assert Choice.of(AnalysisSpec()) == Choice()
    assert derive(lesions_of(SHEET), AnalysisSpec()).frame.equals(made())


def test_no_note_holds_an_id() -> None:
    sheet = SHEET | {"patient": ["Miller", "Miller", "Miller", "Jones", "Jones", "Baker"]}
    found = derive(lesions_of(sheet), Choice(sites_out=("bone",)))
    said = texts(found) + " ".join(entry.reason for entry in found.ledger)
    assert not any(name in said for name in sheet["patient"])
