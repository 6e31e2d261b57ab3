"""The SPSS profile against output of IBM SPSS 31 on the 72 rows that arithmetic makes.

Which convention is tested where:

===================================================  ==============================================
median, its error, limits with 1.96 (B1)             `test_medians`, `test_freireich`
mean to the group's own last time (B2)               `test_means`
log-rank, Gehan called Breslow, Tarone-Ware (B4)     `test_log_rank`, `test_gehan_is_called_breslow`
Breslow's ties (B5)                                  `test_ties`; test_cox.py against R
Wald limits, -2LL, LR and score of Cox (B6)          `test_cox`
forward by score, removal by Wald (B7)               `test_selection`; test_selection.py
percentiles of type 6 (B12)                          `test_percentiles`
rounding of halves away from zero (B13)              `test_rounding`
===================================================  ==============================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from core.analysis import analyse
from core.cohort import select
from core.dataset import Dataset
from core.reading import read
from core.spec import AnalysisSpec
from core.survival import km
from core.survival.selection import parse
from core.view import numbers, words

TEN = {"rel": 1e-10, "abs": 0.0}


def fixture() -> Dataset:
    i = np.arange(1, 73)
    rows = pd.DataFrame(
        {
            "time": 20 + (37 * i) % 500,
            "status": np.where(np.isin(i % 10, (1, 4, 7)), 0, 1),
            "sex": np.where(i % 2 == 1, 1, 2),
            "ecog": (3 - i % 3) % 3,
            "age": 40 + (11 * i) % 41,
        }
    )
    assert (len(rows), int(rows["status"].sum()), rows["time"].nunique()) == (72, 50, 72)
    return read(rows.to_csv(index=False).encode(), "fixture.csv")


DATASET = fixture()
ASKED = AnalysisSpec(
    time="time", unit="days", event="status", event_is=("1",), profile="spss", parts=("km",)
)


def asked(**fields: Any) -> dict[str, Any]:
    answer: dict[str, Any] = analyse(DATASET, ASKED.but(**fields))
    return answer


@pytest.fixture(scope="module")
def groups() -> list[dict[str, Any]]:
    both: list[dict[str, Any]] = asked(group_by="sex", cut_rule="none")["km"]["groups"]
    return [*both, *asked()["km"]["groups"]]


MEDIANS = [
    (353, 28.40150389233, 297.33305237103, 408.66694762897),
    (296, 49.812325244556, 198.36784252067, 393.63215747933),
    (333, 27.277143171126, 279.53679938459, 386.46320061541),
]


def test_medians(groups: list[dict[str, Any]]) -> None:
    for group, (median, error, low, high) in zip(groups, MEDIANS, strict=True):
        half = group["quartiles"][1]
        assert (group["median"], half["time"]) == (median, median)
        assert half["std_error"] == pytest.approx(error, **TEN)
        assert group["conf_low"] == pytest.approx(low, **TEN)
        assert group["conf_high"] == pytest.approx(high, **TEN)


def test_means(groups: list[dict[str, Any]]) -> None:
    means = [
        (335.06565959338, 27.564884197458),
        (289.53733375361, 25.509306273637),
        (310.83810966402, 18.86391387701),
    ]
    for group, (mean, error) in zip(groups, means, strict=True):
        assert group["rmst"] == pytest.approx(mean, **TEN)
        assert group["rmst_se"] == pytest.approx(error, **TEN)


def test_a_horizon_wins_and_the_own_end_is_said() -> None:
    answer = asked(group_by="sex", cut_rule="none")
    assert answer["km"]["tau"] is None
    assert any("own last time" in note["text"] for note in answer["notes"])
    fixed = asked(group_by="sex", cut_rule="none", tau=300.0)
    assert fixed["km"]["tau"] == 300.0
    plain = asked(group_by="sex", cut_rule="none", tau=300.0, profile="r")
    assert [g["rmst"] for g in fixed["km"]["groups"]] == [g["rmst"] for g in plain["km"]["groups"]]


def test_log_rank() -> None:
    test = asked(group_by="sex", cut_rule="none")["km"]["test"]
    assert test["statistic"] == pytest.approx(1.6424068833783, **TEN)
    assert test["p_value"] == pytest.approx(0.19999555379145, **TEN)


def test_cox() -> None:
    cox = asked(terms=("age", "sex"), parts=("cox",))["cox"]
    age, sex = cox["multivariable"]
    of_age = -0.015641925577887, 0.012638600321449, 0.9844797739753, 0.96039259305, 1.00917107481
    of_sex = 0.37835983446047, 0.28741495803773, 1.4598881664441, 0.83113492564, 2.56429298393
    for row, values in ((age, of_age), (sex, of_sex)):
        found = [row[n] for n in ("coef", "std_error", "hazard_ratio", "conf_low", "conf_high")]
        assert found == pytest.approx(list(values), rel=1e-10)
    assert -2 * cox["log_likelihood"] == pytest.approx(333.73774878528, **TEN)
    assert cox["lr_test"]["statistic"] == pytest.approx(3.1992082929374, **TEN)
    null = -2 * cox["log_likelihood"] + cox["lr_test"]["statistic"]
    assert null == pytest.approx(336.93695707822, **TEN)
    assert cox["score_test"]["statistic"] == pytest.approx(3.1755951107567, **TEN)


def test_freireich() -> None:
    relapsed = [6, 6, 6, 7, 10, 13, 16, 22, 23]
    well = [6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35]
    placebo = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]
    rows = [("6-MP", t, 1) for t in relapsed] + [("6-MP", t, 0) for t in well]
    rows += [("placebo", t, 1) for t in placebo]
    frame = pd.DataFrame(rows, columns=["arm", "time", "status"])
    table = read(frame.to_csv(index=False).encode(), "freireich.csv")
    spec = ASKED.but(unit="weeks", group_by="arm")
    first, second = analyse(table, spec)["km"]["groups"]
    (both,) = analyse(table, spec.but(group_by=None))["km"]["groups"]
    assert [first["median"], second["median"], both["median"]] == [23, 8, 12]
    found = [g["quartiles"][1]["std_error"] for g in (first, second, both)]
    assert found == pytest.approx([5.255376, 1.669046, 1.716577], abs=5e-7)
    assert [first["conf_low"], first["conf_high"]] == pytest.approx([12.699, 33.301], abs=5e-4)


def test_a_limit_below_zero_is_zero_and_none_where_the_curve_stays_high() -> None:
    early = read(b"time,status\n1,1\n2,1\n3,1\n50,1\n60,1\n70,1\n", "early.csv")
    (group,) = analyse(early, ASKED)["km"]["groups"]
    assert (group["median"], group["conf_low"]) == (3, 0)
    assert group["conf_high"] > 50
    high = read(b"time,status\n1,1\n2,1\n3,0\n4,0\n", "high.csv")  # S ends at 0.5
    (group,) = analyse(high, ASKED)["km"]["groups"]
    assert (group["median"], group["conf_low"], group["conf_high"]) == (2, None, None)


def test_ties() -> None:
    maintained = [(9, 1), (13, 1), (13, 0), (18, 1), (23, 1), (28, 0), (31, 1), (34, 1), (45, 0)]
    maintained += [(48, 1), (161, 0)]
    others = [(5, 1), (5, 1), (8, 1), (8, 1), (12, 1), (16, 0), (23, 1), (27, 1), (30, 1), (33, 1)]
    others += [(43, 1), (45, 1)]
    rows = [(0, *row) for row in maintained] + [(1, *row) for row in others]
    frame = pd.DataFrame(rows, columns=["x", "time", "status"])
    aml = read(frame.to_csv(index=False).encode(), "aml.csv")
    spec = ASKED.but(unit="weeks", terms=("x",), parts=("cox",))
    (row,) = analyse(aml, spec)["cox"]["multivariable"]
    assert row["coef"] == pytest.approx(0.904220, abs=5e-7)
    (row,) = analyse(aml, spec.but(profile="r"))["cox"]["multivariable"]
    assert row["coef"] == pytest.approx(0.915533, abs=5e-7)


def test_percentiles() -> None:
    # The times once more, as a marker: the outcome is in no baseline table.
    rows = DATASET.frame.assign(marker=DATASET.frame["time"])
    table = read(rows.to_csv(index=False).encode(), "marked.csv")
    spec = ASKED.but(characteristics=("marker",), parts=("table_one",))
    answer = analyse(table, spec)
    cell = answer["table_one"]["characteristics"][0]["cells"][-1]
    assert [cell[n] for n in ("q1", "q3")] == [135, 389.75]
    plain = analyse(table, spec.but(profile="r"))
    cell = plain["table_one"]["characteristics"][0]["cells"][-1]
    assert [cell[n] for n in ("q1", "q3")] == [143, 389.25]


def test_the_profile_is_named_in_every_export() -> None:
    for profile, name in (("spss", "SPSS"), ("r", "R"), (None, "R")):
        cohort = select(DATASET, ASKED.but(group_by="sex", cut_rule="none", profile=profile))
        assert f"Conventions of {name}." in words.provenance(cohort)
        assert f"_{name.lower()}.csv" in words.file_name(cohort, "groups", "csv")
        answer = analyse(DATASET, cohort.spec)
        assert f"profile={name.lower()}" in answer["query"]
        assert any(f"Conventions are those of {name}" in text for text in answer["methods"])


def test_gehan_is_called_breslow() -> None:
    for profile, name in (("spss", "Breslow (Gehan)"), ("r", "Gehan-Breslow")):
        spec = ASKED.but(group_by="sex", cut_rule="none", test="gehan", profile=profile)
        cohort = select(DATASET, spec)
        assert name in words.finding(cohort, km.estimate(cohort, spec))


def test_rounding() -> None:
    assert numbers.fixed(16.65, 1) == "16.7"
    assert numbers.fixed(2.675, 2) == "2.68"
    assert numbers.fixed(-0.125, 2) in ("-0.13", "−0.13")
    assert parse(AnalysisSpec(select="forward:0.10:0.15", profile="spss")) is not None
