"""RECIST 1.1 from lesions: every clause by hand, the best response, and laws."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Sequence
from datetime import date
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.lesions.recist import compare, derived, progression
from core.lesions.recist.best import best
from core.lesions.recist.response import Assessments, assess, overall_response
from core.lesions.recist.rules import Rules
from core.lesions.recist.table import Lesions, canonical, recognise
from tests.support import tables

Cells = Sequence[float | str | None]


def table(
    targets: Sequence[Cells] = (),
    others: Sequence[Cells] = (),
    new: Cells = (),
    *,
    nodes: Sequence[Cells] = (),
    patient: str = "p",
    apart: int = 56,
) -> pd.DataFrame:
    """One patient: each lesion is the list of its cells, visit by visit."""
    rows = []
    groups = (("T", "liver", targets), ("T", "lymph node", nodes), ("NT", "bone", others))
    number = itertools.count(1)
    for kind, site, lesions in (*groups, ("NEW", "lung", [new] if new else [])):
        for cells in lesions:
            name = f"L{next(number)}"
            for visit, cell in enumerate(cells):
                if cell is None:
                    continue
                size = cell if isinstance(cell, float | int) else None
                state = cell if isinstance(cell, str) else None
                day = float(visit * apart)
                rows.append((patient, visit, day, name, kind, site, size, state))
    columns = ["patient", "visit", "day", "lesion", "kind", "site", "size (mm)", "state"]
    made = pd.DataFrame(rows, columns=columns)
    made["size (mm)"] = made["size (mm)"].astype(float)
    return made.astype({"visit": float, "state": object})


def read(*frames: pd.DataFrame) -> Lesions:
    frame = pd.concat(frames, ignore_index=True)
    roles = recognise(frame)
    assert roles is not None
    return canonical(frame, roles)


def assessed(*frames: pd.DataFrame) -> Assessments:
    return assess(read(*frames))


def last(frame: pd.DataFrame, column: str = "target_response") -> str:
    return str(assessed(frame).frame[column].iloc[-1])


# Targets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "response"),
    [
        ([100.0, 70.0], "PR"),
        ([100.0, 70.1], "SD"),
        ([100.0, 120.0], "PD"),
        ([100.0, 119.9], "SD"),
        ([10.0, 12.0], "SD"),  # 20 % but 2 mm
        ([24.9, 29.9], "PD"),  # 20.08 % and exactly 5 mm
        ([25.0, 30.0], "PD"),  # exactly both
        ([25.1, 30.1], "SD"),  # 5 mm but 19.9 %
        ([20.0, 24.9], "SD"),  # 24.5 % but 4.9 mm
        ([100.0, 50.0, 60.0], "PD"),  # from the nadir, not from the baseline
        ([100.0, 50.0, 59.9], "PR"),
        ([100.0, 120.0, 100.0], "SD"),
        ([100.0, 0.0], "CR"),
        ([100.0, "absent"], "CR"),
        ([20.0, "too small to measure"], "PR"),  # 5 mm
        ([100.0, 0.0, "too small to measure"], "PD"),  # 5 mm above a nadir of 0
        ([100.0, 0.0, 4.9], "PR"),  # comes back by less than 5 mm
        ([100.0, "not evaluable"], "NE"),
        ([12.3, 8.61], "PR"),  # exactly 70 %: 0.7 * 12.3 is below 8.61 in floats
    ],
)
def test_one_target(sizes: Cells, response: str) -> None:
    assert last(table([sizes])) == response


def test_twelve_is_exactly_twenty_percent_above_ten() -> None:
    # 3 * 10.1 = 30.299999999999997 in floats; 1.2 * 30.3 = 36.36.
    frame = table([[10.1, 12.12], [10.1, 12.12], [10.1, 12.12]])
    assert last(frame) == "PD"
    below = table([[10.1, 12.12], [10.1, 12.12], [10.1, 12.119]])
    assert last(below) == "SD"


def test_sum_nadir_and_changes_by_hand() -> None:
    found = assessed(table([[30.0, 12.0, 18.0], [20.0, 13.0, 14.0]])).frame
    assert found["sum_of_diameters"].tolist() == [50.0, 25.0, 32.0]
    assert found["nadir"].tolist()[1:] == [50.0, 25.0]
    assert found["change_baseline"].tolist()[1:] == [-50.0, -36.0]
    assert found["change_nadir"].tolist()[1:] == [-50.0, 28.0]
    assert found["growth"].tolist()[1:] == [-25.0, 7.0]
    assert found["overall_response"].tolist() == ["", "PR", "PD"]
    assert np.isnan(found.loc[0, ["nadir", "change_baseline", "growth"]].astype(float)).all()


def test_nodes_below_10_mm_are_normal_though_the_sum_is_not_0() -> None:
    frame = table([[30.0, 0.0]], nodes=[[18.0, 9.9]])
    found = assessed(frame).frame
    assert found["target_response"].iloc[-1] == "CR"
    assert found["sum_of_diameters"].iloc[-1] == 9.9
    assert last(table([[30.0, 0.0]], nodes=[[18.0, 10.0]])) == "PR"
    # What is no node is gone at 0 mm only.
    assert last(table([[30.0, 9.9]])) == "PR"
    # A node that grows below 10 mm stays normal.
    assert last(table(nodes=[[18.0, 4.0, 9.5]])) == "CR"


def test_an_unmeasured_target_is_not_evaluable_unless_the_rest_proves_progression() -> None:
    assert last(table([[30.0, None], [20.0, 10.0]])) == "NE"
    assert last(table([[30.0, "NE"], [20.0, 59.9]])) == "NE"
    assert last(table([[30.0, "NE"], [20.0, 60.0]])) == "PD"
    # An incomplete sum is no nadir.
    frame = table([[30.0, "NE", 30.0], [30.0, 10.0, 30.0]])
    assert assessed(frame).frame["nadir"].iloc[-1] == 60.0
    assert last(frame) == "SD"


def test_without_a_baseline_only_progression_and_complete_response_can_be_seen() -> None:
    assert last(table([["NE", 30.0], [20.0, 20.0]])) == "NE"
    assert last(table([["NE", 30.0, 40.0], [20.0, 20.0, 20.0]])) == "PD"
    assert last(table([["NE", 0.0], [20.0, 0.0]])) == "CR"


# Non-targets, new lesions, overall --------------------------------------------------------------


@pytest.mark.parametrize(
    ("others", "response"),
    [
        ([["present", "absent"], ["present", "absent"]], "CR"),
        ([["present", "absent"], ["present", "present"]], "non-CR/non-PD"),
        ([["present", "absent"], ["present", "unequivocal progression"]], "PD"),
        ([["present", "not evaluable"], ["present", "unequivocal progression"]], "PD"),
        ([["present", "not evaluable"], ["present", "present"]], "NE"),
        ([["present", None], ["present", "absent"]], "NE"),
        ([["present", "too small to measure"]], "non-CR/non-PD"),
        ([["present", "equivocal"]], "non-CR/non-PD"),
        ([[12.0, 0.0]], "CR"),
        ([[12.0, 30.0]], "non-CR/non-PD"),  # never by size alone
    ],
)
def test_non_targets(others: Sequence[Cells], response: str) -> None:
    frame = table([[20.0, 20.0]], others)
    assert last(frame, "non_target_response") == response


def test_a_normal_node_among_the_non_targets_is_gone() -> None:
    frame = table([[20.0, 20.0]], [[12.0, 9.0]])
    frame.loc[frame["kind"] == "NT", "site"] = "lymph node"
    assert last(frame, "non_target_response") == "CR"


def test_overall_response_is_the_published_table() -> None:
    """Tables 1 and 2 of RECIST 1.1, all 6 x 5 x 2 combinations, by a second road."""
    targets, others = ("", "CR", "PR", "SD", "PD", "NE"), ("", "CR", "non-CR/non-PD", "PD", "NE")

    def published(target: str, other: str, new: bool) -> str:
        if new or "PD" in (target, other):
            return "PD"
        if not target:
            return other or "NE"
        by_target = {"PR": "PR", "SD": "SD", "NE": "NE"}
        return by_target.get(target, "CR" if other in ("", "CR") else "PR")

    cases = list(itertools.product(targets, others, (False, True)))
    found = overall_response(*(np.array(column) for column in zip(*cases, strict=True)))
    assert found.tolist() == [published(*case) for case in cases]
    assert len(cases) == 60


@pytest.mark.parametrize(
    ("new", "response"),
    [
        ((None, "present"), "PD"),
        ((None, "unequivocal"), "PD"),
        ((None, 8.0), "PD"),
        ((None, "equivocal"), "CR"),
        ((None, "absent"), "CR"),
        ((None, "NE"), "CR"),
        (("present",), "CR"),  # at the baseline it cannot be new
    ],
)
def test_new_lesions(new: Cells, response: str) -> None:
    assert last(table([[20.0, 0.0]], new=new), "overall_response") == response


def test_patients_without_targets_are_judged_by_the_others() -> None:
    for state, response in (("absent", "CR"), ("present", "non-CR/non-PD"), ("NE", "NE")):
        assert last(table(others=[["present", state]]), "overall_response") == response


# Best response ----------------------------------------------------------------------------------


def history(text: str, apart: float = 56.0) -> pd.DataFrame:
    said = text.split()
    return pd.DataFrame(
        {
            "patient": "p",
            "day": [apart * (i + 1) for i in range(len(said))],
            "overall_response": said,
        }
    )


@pytest.mark.parametrize(
    ("text", "plain", "confirmed", "benefit"),
    [
        ("CR CR", "CR", "CR", "yes"),
        ("CR PR", "CR", "SD", "yes"),
        ("CR SD", "CR", "SD", "yes"),
        ("CR PD", "CR", "SD", "yes"),
        ("CR NE", "CR", "SD", "yes"),
        ("CR NE CR", "CR", "CR", "yes"),
        ("CR NE NE CR", "CR", "SD", "yes"),
        ("PR CR", "CR", "PR", "yes"),
        ("PR PR", "PR", "PR", "yes"),
        ("PR SD PR", "PR", "SD", "yes"),
        ("PR NE PR", "PR", "PR", "yes"),
        ("SD PD", "SD", "SD", "no"),
        ("SD SD SD", "SD", "SD", "yes"),
        ("SD SD PD", "SD", "SD", "no"),
        ("PD CR", "PD", "PD", "no"),
        ("NE PD", "PD", "PD", "no"),
        ("NE NE", "NE", "NE", "no"),
        ("non-CR/non-PD PD", "non-CR/non-PD", "non-CR/non-PD", "no"),
    ],
)
def test_best_response(text: str, plain: str, confirmed: str, benefit: str) -> None:
    found = best(history(text))[0].iloc[0]
    assert found["best_response"] == plain
    assert found["best_response_confirmed"] == confirmed
    assert found["clinical_benefit"] == benefit
    assert found["objective_response"] == ("yes" if plain in ("CR", "PR") else "no")


def test_stable_disease_needs_its_time() -> None:
    early = best(history("SD", 41.0))
    assert early[0]["best_response"].tolist() == ["NE"]
    assert any("only before 6 weeks" in n.text for n in early[1])
    assert best(history("SD", 42.0))[0]["best_response"].tolist() == ["SD"]
    # An early response that is not confirmed is not even stable disease.
    assert best(history("PR PD", 20.0))[0]["best_response_confirmed"].tolist() == ["PD"]
    late = Rules(stable_days=12 * 7)
    assert best(history("SD PD"), rules=late)[0]["best_response"].tolist() == ["PD"]


def test_clinical_benefit_at_exactly_24_weeks_and_just_before() -> None:
    assert best(history("SD", 168.0))[0]["clinical_benefit"].tolist() == ["yes"]
    found, notes = best(history("SD", 167.0))
    assert found["clinical_benefit"].tolist() == ["no"]
    assert any("less than a week before 24 weeks" in n.text for n in notes)
    moved = best(history("SD", 167.0), start={"p": -1.0})[0]
    assert moved["clinical_benefit"].tolist() == ["yes"]


def test_without_days_nothing_is_confirmed() -> None:
    frame = history("PR PR").assign(day=np.nan)
    found, notes = best(frame)
    assert found["best_response"].tolist() == ["PR"]
    assert found["best_response_confirmed"].tolist() == [None]
    assert found["clinical_benefit"].tolist() == ["yes"]
    assert notes
    assert best(history("SD").assign(day=np.nan))[0]["clinical_benefit"].tolist() == [None]


def rows_of(name: str) -> list[dict[str, str]]:
    with (tables() / "admiralonco_bor_cases" / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def day_of(text: str) -> float:
    return float(date.fromisoformat(text).toordinal())


@pytest.mark.parametrize(
    ("expected", "rules"),
    [
        ("expected_cbor_test1_confirm28_sdwindow28.csv", Rules(stable_days=28)),
        (
            "expected_cbor_test2_confirm14_acceptSD_maxNE0_missingasNE.csv",
            Rules(stable_days=28, confirm_days=14, most_unknown=0, stable_between=True),
        ),
    ],
)
def test_the_nine_worked_confirmations(expected: str, rules: Rules) -> None:
    start = {r["USUBJID"]: day_of(r["TRTSDTC"]) for r in rows_of("subjects_treatment_start.csv")}
    seen = rows_of("timepoint_responses.csv")
    frame = pd.DataFrame(
        {
            "patient": [r["USUBJID"] for r in seen],
            "day": [day_of(r["ADTC"]) for r in seen],
            "overall_response": [
                r["AVALC"].replace("NON-CR/NON-PD", "non-CR/non-PD") for r in seen
            ],
        }
    )
    found = best(frame, rules=rules, start=start)[0].set_index("patient")
    compared = 0
    for row in rows_of(expected):
        # Patient 8 has no assessment at all, and one file replaces those of patient 7.
        if row["USUBJID"] not in found.index or row["AVALC"] == "ND":
            continue
        one = found.loc[row["USUBJID"]]
        response = one["best_response_confirmed"]
        assert response.upper() == row["AVALC"], row["USUBJID"]
        assert one["confirmed_day"] == day_of(row["ADTC"]), row["USUBJID"]
        compared += 1
    assert compared >= 7
    assert "8" not in found.index


# Progression and the columns of a patient -------------------------------------------------------


def test_progression_and_censoring() -> None:
    found = progression.ends(
        assessed(
            table([[30.0, 20.0, 40.0, 10.0]], patient="a"),
            table([[30.0, 20.0, "NE"]], patient="b"),
            table([[30.0]], patient="c"),
        )
    )
    assert found["pfs_time"].tolist() == [112.0, 56.0, 0.0]
    assert found["pfs_event"].tolist() == [1.0, 0.0, 0.0]
    assert found["overall_response"].tolist() == ["PD", "NE", ""]


def test_columns_of_a_patient() -> None:
    made = derived.patients(
        read(
            table([[30.0, 15.0, 15.0, 40.0]], [["present"] * 4], patient="a"),
            table([[30.0]], patient="b"),
        )
    )
    a, b = made.frame.loc["a"], made.frame.loc["b"]
    said = ["target_response", "non_target_response", "new_lesions", "overall_response"]
    assert a[said].tolist() == ["PD", "non-CR/non-PD", "no", "PD"]
    assert a[["best_response", "best_response_confirmed", "clinical_benefit"]].tolist() == [
        "PR", "PR", "yes",
    ]  # fmt: skip
    assert a[["pd_model_a", "pd_model_b", "pd_model_c", "pd_mode"]].tolist() == [
        "group 2", "group 2", "group 1", "Heter-PD",
    ]  # fmt: skip
    assert a[["baseline_sum", "best_change", "n_progressed"]].tolist() == [30.0, -50.0, 1.0]
    assert a["time_to_progression"] == 168.0
    assert b[[*said, "best_response", "pd_mode"]].tolist() == [None] * 6
    assert b["pfs_time"] == 0.0
    assert list(made.frame.columns) == list(made.variables)
    assert all(v.meaning.endswith(".") for v in made.variables.values())
    assert made.variables["pd_mode"].known == "time_to_progression"
    assert made.variables["baseline_sum"].known == ""
    assert made.left == {"b": "only a baseline visit, so no response"}


def test_disagreements_are_listed_by_line_and_not_by_patient() -> None:
    frame = table([[100.0, 50.0, 60.0]], patient="secret")
    frame["investigator response"] = [None, "PR", "PR"]
    lesions = read(frame)
    found = compare.disagreements(assess(lesions), compare.of_table(lesions))
    assert (found.n, len(found.disagreements)) == (2, 1)
    one = found.disagreements[0]
    assert (one.line, one.ours, one.theirs) == (4, "PD", "PR")
    assert one.why == "targets PD, -40.0 % from baseline, +20.0 % from nadir"
    assert "secret" not in repr(found)


# Laws -------------------------------------------------------------------------------------------

sizes = st.one_of(
    st.integers(0, 600).map(lambda tenths: tenths / 10), st.sampled_from(["NE", "absent", "TSTM"])
)
states = st.sampled_from(["present", "absent", "unequivocal progression", "NE"])


@st.composite
def patients(draw: st.DrawFn, name: str) -> pd.DataFrame:
    n = draw(st.integers(2, 4))

    def some(cells: st.SearchStrategy[float | str], most: int) -> list[list[float | str]]:
        return draw(st.lists(st.lists(cells, min_size=n, max_size=n), max_size=most))

    others, nodes, targets = some(states, 2), some(sizes, 2), some(sizes, 3)
    new = [None] * (n - 1) + [draw(st.sampled_from(["present", "equivocal"]))]
    has_new = draw(st.booleans())
    if not (others or nodes or targets):
        targets = [[20.0] * n]
    return table(targets, others, new if has_new else (), nodes=nodes, patient=name)


def derived_of(frame: pd.DataFrame) -> pd.DataFrame:
    return derived.patients(read(frame)).frame


@settings(max_examples=12, deadline=None)
@given(patients("a"), patients("b"))
def test_order_names_units_and_other_patients_do_not_matter(
    a: pd.DataFrame, b: pd.DataFrame
) -> None:
    both = pd.concat([a, b], ignore_index=True)
    expected = derived_of(both)
    shuffled = both.sample(frac=1.0, random_state=3, ignore_index=True)
    pd.testing.assert_frame_equal(derived_of(shuffled), expected)
    renamed = both.assign(lesion=both["lesion"].map(lambda x: f"x{9 - int(x[1:])}"))
    pd.testing.assert_frame_equal(derived_of(renamed), expected)
    in_cm = both.rename(columns={"size (mm)": "size (cm)"})
    in_cm["size (cm)"] = (in_cm["size (cm)"] / 10).round(6)
    pd.testing.assert_frame_equal(derived_of(in_cm), expected)
    alone = derived_of(a)
    pd.testing.assert_frame_equal(
        alone.dropna(axis=1, how="all"),
        expected.loc[["a"], alone.columns].dropna(axis=1, how="all"),
    )


@settings(max_examples=40, deadline=None)
@given(patients("a"))
def test_the_response_by_a_second_road(a: pd.DataFrame) -> None:
    """Visit by visit in fractions, straight from the published sentences."""
    found = assessed(a).frame
    own = a[a["kind"] == "T"]
    words = {"absent": Fraction(0), "TSTM": Fraction(5)}
    sums: list[Fraction | None] = []
    for visit in sorted(a["visit"].unique()):
        cells = own[own["visit"] == visit]
        known = [
            words.get(s) if s is not None and s == s else Fraction(str(d))
            for d, s in zip(cells["size (mm)"], cells["state"], strict=True)
        ]
        node = [s == "lymph node" for s in cells["site"]]
        total = None if None in known else sum((k for k in known if k is not None), Fraction(0))
        row = found[found["visit"] == int(visit)].iloc[0]
        if len(own) and visit > 0:
            part = sum((k for k in known if k is not None), Fraction(0))
            nadirs = [s for s in sums if s is not None]
            gone = total is not None and all(
                k < 10 if n else k == 0 for k, n in zip(known, node, strict=True) if k is not None
            )
            grown = (
                bool(nadirs) and part >= Fraction(6, 5) * min(nadirs) and part - min(nadirs) >= 5
            )
            if gone:
                expected = "CR"
            elif grown:
                expected = "PD"
            elif total is None or sums[0] is None:
                expected = "NE"
            else:
                expected = "PR" if total <= Fraction(7, 10) * sums[0] else "SD"
            assert row["target_response"] == expected
        sums.append(total)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 2_000), min_size=1, max_size=5),
    st.sampled_from([(7, "PR", "SD"), (12, "PD", "SD")]),
    st.sampled_from([1, 10, 100]),
)
def test_twenty_and_thirty_percent_are_exact_in_decimals(
    tenths: list[int], at: tuple[int, str, str], apart: int
) -> None:
    """Sums that lie exactly at a limit, and a hundredth of a millimetre on its wrong side."""
    factor, reached, missed = at
    before = [float(Fraction(10 * t, 100)) for t in tenths]
    after = [Fraction(factor * t, 100) for t in tenths]
    if factor == 12 and sum(after) - sum(Fraction(t, 10) for t in tenths) < 5:
        reached = "SD"
    exact = table([[b, float(a)] for b, a in zip(before, after, strict=True)])
    assert last(exact) == reached
    off = Fraction(1, 100 * apart) if factor == 7 else -Fraction(1, 100 * apart)
    wrong = [[b, float(a)] for b, a in zip(before, [after[0] + off, *after[1:]], strict=True)]
    assert last(table(wrong)) == missed
