"""The SPSS profile against output of IBM SPSS 31 on the 72 rows that arithmetic makes.

Which convention is tested where:

===================================================  ==============================================
median, its error, limits with 1.96 (B1)             `test_medians`, `test_freireich`
mean to the group's own last time (B2)               `test_means`
log-rank, Gehan called Breslow, Tarone-Ware (B4)     `test_log_rank`, `test_gehan_is_called_breslow`
Breslow's ties (B5)                                  `test_ties`; test_cox.py against R
Wald limits, -2LL, LR and score of Cox (B6)          `test_cox`
forward by score, removal by Wald or LR (B7)         test_selection.py: veteran, gbsg, ovarian
the reference level is shown (B8)                    `test_the_reference_level_is_shown`
logistic model with Wald limits and p (B9)           `test_logistic`
chi-square without correction, Fisher's test (B10)   `test_categories`
Mann-Whitney without continuity correction (B11)     `test_mann_whitney`
percentiles of type 6, SD over n - 1 (B12)           `test_percentiles`
rounding of halves away from zero (B13)              `test_rounding`
what a reader sees and takes away                    `test_the_profile_is_named_in_every_export`,
                                                     `test_the_headline_is_that_of_spss`
===================================================  ==============================================
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from core.analysis import analyse
from core.cohort import select
from core.dataset import Dataset
from core.methods_of_curves import named_test
from core.reading import read
from core.spec import AnalysisSpec
from core.survival import cox, km
from core.survival.comparisons import comparisons as every_test
from core.survival.selection import parse
from core.view import numbers, tables, words
from core.view import table_one as first_table
from core.view.curve import comparisons

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
    cohort = select(high, ASKED)
    said = words.finding(cohort, km.estimate(cohort, ASKED))
    assert "Median 2 (limits not estimable) days" in said


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
    assert cell["sd"] == pytest.approx(float(np.std(rows["marker"], ddof=1)), rel=1e-12)
    assert "type 6, as in SPSS" in first_table.variant(select(table, spec))
    assert "type 7" in first_table.variant(select(table, spec.but(profile="r")))
    plain = analyse(table, spec.but(profile="r"))
    cell = plain["table_one"]["characteristics"][0]["cells"][-1]
    assert [cell[n] for n in ("q1", "q3")] == [143, 389.25]


def test_a_marker_is_cut_at_quartiles_of_type_6() -> None:
    rows = DATASET.frame.assign(marker=DATASET.frame["time"])
    table = read(rows.to_csv(index=False).encode(), "marked.csv")
    spec = ASKED.but(group_by="marker", cut_rule="quartiles", event="status")
    assert select(table, spec).groups.thresholds == (135, 259.5, 389.75)
    assert select(table, spec.but(profile="r")).groups.thresholds == (143, 259.5, 389.25)


def test_observed_follow_up_has_quartiles_of_type_6() -> None:
    for profile, quartiles in (("spss", [135, 389.75]), ("r", [143, 389.25])):
        found = asked(parts=("observation",), profile=profile)["observation"]["overall"]["observed"]
        assert [found["lower_quartile"], found["upper_quartile"]] == quartiles


def test_the_profile_is_named_in_every_export() -> None:
    for profile, name in (("spss", "SPSS"), ("r", "R"), (None, "R")):
        cohort = select(DATASET, ASKED.but(group_by="sex", cut_rule="none", profile=profile))
        assert f"Conventions of {name}." in words.provenance(cohort)
        assert f"_{name.lower()}.csv" in words.file_name(cohort, "groups", "csv")
        answer = analyse(DATASET, cohort.spec)
        assert f"profile={name.lower()}" in answer["query"]
        assert any(f"Conventions are those of {name}" in text for text in answer["methods"])


def test_gehan_is_called_breslow() -> None:
    named = (
        ("spss", "Breslow (Gehan)", "the Breslow test"),
        ("r", "Gehan-Breslow", "the Gehan-Breslow test"),
    )
    for profile, name, in_methods in named:
        spec = ASKED.but(group_by="sex", cut_rule="none", test="gehan", profile=profile)
        cohort = select(DATASET, spec)
        assert name in words.finding(cohort, km.estimate(cohort, spec))
        assert f"the {name} test" in comparisons.adjustment("holm", spec)
        assert in_methods in named_test(spec)
        found = every_test(cohort, spec)
        assert f"{name} (chosen)" in comparisons.table(found, spec)["Test"].tolist()


def test_the_headline_is_that_of_spss() -> None:
    spec = ASKED.but(group_by="sex", cut_rule="none")
    cohort = select(DATASET, spec)
    result = km.estimate(cohort, spec)
    shown = tables.headline(cohort, result)
    assert shown["Median, days (95% CI)"].tolist() == ["353 (297–409)", "296 (198–394)"]
    assert shown["SE of median"].tolist() == ["28.4", "49.8"]
    assert shown["Mean to the last time, days (SE)"].tolist() == ["335.1 (27.6)", "289.5 (25.5)"]
    in_full = tables.summaries(cohort, result)
    assert in_full["time_of_50_percent_se"].tolist() == pytest.approx([28.40150389, 49.81232524])
    cohort = select(DATASET, spec.but(tau=300.0))
    assert "Mean up to 300, days (SE)" in tables.headline(cohort, km.estimate(cohort, cohort.spec))
    cohort = select(DATASET, spec.but(profile="r"))
    assert "SE of median" not in tables.headline(cohort, km.estimate(cohort, cohort.spec))


def test_another_level_has_its_own_limits() -> None:
    (group,) = asked(conf_level=0.9)["km"]["groups"]
    half = 1.6448536269514722 * 27.277143171126
    assert group["conf_low"] == pytest.approx(333 - half, **TEN)
    assert group["conf_high"] == pytest.approx(333 + half, **TEN)


def test_the_reference_level_is_shown() -> None:
    answer = asked(terms=("ecog:cat",), parts=("cox",))["cox"]
    assert [(r["level"], r["reference"]) for r in answer["multivariable"]] == [
        ("1", "0"),
        ("2", "0"),
    ]
    cohort = select(DATASET, ASKED.but(terms=("ecog:cat",)))
    shown = tables.cox(cox.model(cohort, cohort.spec))["Variable"].tolist()
    assert all("(vs 0)" in name for name in shown)


FOURFOLD = pd.DataFrame(
    [("a", "yes")] * 10 + [("a", "no")] * 3 + [("b", "yes")] * 5 + [("b", "no")] * 9,
    columns=["arm", "answer"],
).assign(
    time=np.arange(1, 28), status=1, dose=[k / 2 for k in [*range(13), *range(4, 18)]]
)  # fmt: skip
"""Two arms; the doses 0 to 6 by halves, and 2 to 8.5."""


def fourfold(**fields: Any) -> dict[str, Any]:
    table = read(FOURFOLD.to_csv(index=False).encode(), "fourfold.csv")
    answer: dict[str, Any] = analyse(table, ASKED.but(group_by="arm", **fields))
    return answer


def test_logistic() -> None:
    spec = {"terms": ("arm",), "response": "answer", "response_is": ("yes",)}
    (row,) = fourfold(**spec, parts=("logistic",))["logistic"]["multivariable"]
    coef, error = np.log(5 * 3 / (9 * 10)), np.sqrt(1 / 10 + 1 / 3 + 1 / 5 + 1 / 9)
    assert row["odds_ratio"] == pytest.approx(np.exp(coef), rel=1e-8)
    ends = np.exp(coef + np.array([-1, 1]) * 1.959963984540054 * error)
    assert [row["conf_low"], row["conf_high"]] == pytest.approx(ends.tolist(), rel=1e-8)
    assert row["p_value"] == pytest.approx(float(stats.chi2.sf((coef / error) ** 2, 1)), rel=1e-8)


def comparison(column: str) -> dict[str, Any]:
    found = fourfold(characteristics=(column,), parts=("table_one",))["table_one"]
    compared: dict[str, Any] = found["characteristics"][0]["comparison"]
    return compared


def test_categories() -> None:
    found = comparison("answer")
    chi2 = 27 * (10 * 9 - 3 * 5) ** 2 / (13 * 14 * 15 * 12)
    assert (found["test"], found["df"]) == ("pearson", 1)
    assert found["statistic"] == pytest.approx(chi2, rel=1e-12)


def test_mann_whitney() -> None:
    a, b = FOURFOLD["dose"][:13].to_numpy(), FOURFOLD["dose"][13:].to_numpy()
    u = float((a[:, None] > b).sum() + (a[:, None] == b).sum() / 2)
    ties = np.unique(FOURFOLD["dose"], return_counts=True)[1]
    variance = 13 * 14 / 12 * (28 - (ties**3 - ties).sum() / (27 * 26))
    z = (u - 13 * 14 / 2) / np.sqrt(variance)
    found = comparison("dose")
    assert found["test"] == "mann-whitney"
    assert abs(found["statistic"]) == pytest.approx(abs(z), rel=1e-12)
    assert found["p_value"] == pytest.approx(2 * stats.norm.sf(abs(z)), rel=1e-10)


def test_rounding() -> None:
    assert numbers.fixed(16.65, 1) == "16.7"
    assert numbers.fixed(2.675, 2) == "2.68"
    assert numbers.fixed(-0.125, 2) in ("-0.13", "−0.13")
    assert parse(AnalysisSpec(select="forward:0.10:0.15", profile="spss")) is not None
