"""Real tables by their natural path: what is ambiguous is said, everything else is found.

For each endpoint of the stored answers of R that the folder of public tables brings along
(``reference.json`` beside it), a query holds only what no program could tell. The numbers must be
R's: who is in, events, median, curve with limits, log-rank tests of the stratifiers and univariable
Cox models of the markers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from core.analysis import analyse
from core.dataset import Dataset
from core.reading import read_file
from core.spec import AnalysisSpec, quote_name
from core.steps import Recipe
from tests.support import tables

RELATIVE = 1e-8
# What a person has to say: a unit that is nowhere, a coding that has two readings, one of several
# endpoints. Nothing else may be needed.
SAID = {
    "gbsg2_rfs": "event_is=1&unit=days",
    "rotterdam_os": "time=dtime",
    "rotterdam_recurrence": "time=rtime",
    "metabric_os": "time=Overall Survival (Months)&event=Overall Survival Status",
    "metabric_rfs": "time=Relapse Free Status (Months)&event=Relapse Free Status",
    "metabric_dss": "time=Overall Survival (Months)&event=Patient's Vital Status"
    "&event_is=Died of Disease&competing=Died of Other Causes",
    "tcga_brca_os": "time=OS_MONTHS",
    "tcga_brca_pfs": "time=PFS_MONTHS",
    "nki70_dmfs": "unit=years",
    "wpbc_recurrence": "unit=months&event_is=R",
    "gse7390_dmfs": "time=t.tdm&event=e.tdm&unit=days",
    "lung_petct_os": "unit=months",
    "hn_petct_os": "time=time_Death&event=Death&unit=days",
    "hn_petct_locoregional": "time=time_Locoregional&event=Locoregional&unit=days",
    "gastric_ipd_os": "time=timeT&event=statusT&unit=days",
    "gastric_ipd_dfs": "time=timeS&event=statusS&unit=days",
    "psi_adtte_pfs": "",
    "rcdisc_os": "where=PARAMCD = OS",
    "rcdisc_pfs": "where=PARAMCD = PFS",
    "lung_os": "event_is=2&unit=days",
    "veteran_os": "unit=days",
    "pbc_os": "event_is=2&competing=1&unit=days",
    "colon_recurrence": "where=etype = 1&unit=days",
    "colon_death": "where=etype = 2&unit=days",
    "ovarian_os": "unit=days",
    "whas500_os": "unit=days",
    "rossi_arrest": "",
    "actg320_aids": "event_is=1&unit=days",
}
FILES = {
    "gse7390_dmfs": "gse7390_desmedt/breast_cancer_GSE7390-metastasis.arff.gz",
    "lung_petct_os": "lung_petct_habitat/Cli_CT_habitat1_PET_habitat1_train_OS.csv",
    "psi_adtte_pfs": "psi_adtte_breast/2020-04-08-psi-vissig-adtte.csv",
}
# R's script made these itself from a column, so no column of the table has them.
MADE_BY_THE_SCRIPT = {"stage4", "grade"}


@pytest.fixture(scope="module")
def stored() -> dict[str, Any]:
    """Return R's answers, which come with the tables."""
    path = tables().parent / "reference" / "reference.json"
    if not path.is_file():
        pytest.skip("needs reference.json beside the folder of public tables")
    answers: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return answers


@pytest.fixture(scope="module")
def loaded() -> dict[str, Dataset]:
    return {}


def dataset_of(name: str, stored: dict[str, Any], loaded: dict[str, Dataset]) -> Dataset:
    file = FILES.get(name, stored[name]["file"])
    if file not in loaded:
        loaded[file] = read_file(tables() / file)
    return loaded[file]


def column(name: str, dataset: Dataset) -> str | None:
    """Find a column by the name that R's script gave it."""
    plain = {re.sub(r"[^A-Za-z0-9]+", "_", n): n for n in dataset.variables}
    return name if name in dataset.variables else plain.get(re.sub(r"[^A-Za-z0-9]+", "_", name))


def near(found: object, expected: object) -> bool:
    if expected is None or found is None:
        return found is expected
    return bool(found == pytest.approx(expected, rel=RELATIVE, abs=1e-10))


def wrong_in_curve(expected: dict[str, Any], found: dict[str, Any]) -> Iterator[str]:
    """Yield what is not R's in one curve, with its log-log limits."""
    for key in ("n", "events", "median"):
        if not near(found[key], expected[key]):
            yield f"{key}: {found[key]} and not {expected[key]}"
    at = expected["at_times"]
    every = zip(found["at"], *(as_list(at[k]) for k in
                               ("time", "n_risk", "surv", "lower_log-log", "upper_log-log")),
                strict=True)  # fmt: skip
    for mine, *theirs in every:
        if theirs[1] == 0:
            continue  # R draws the curve on where nobody is left
        names = ("time", "n_risk", "estimate", "conf_low", "conf_high")
        for key, value in zip(names, theirs, strict=True):
            if not near(mine[key], value) and value is not None:
                yield f"{key} at {mine['time']}: {mine[key]} and not {value}"


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


@pytest.mark.parametrize("name", SAID)
def test_the_curve_of_all_patients(
    name: str, stored: dict[str, Any], loaded: dict[str, Dataset]
) -> None:
    dataset, expected = dataset_of(name, stored, loaded), stored[name]["km_overall"]["All"]
    times = as_list(expected["at_times"]["time"])
    spec = AnalysisSpec.from_query(SAID[name]).but(at=tuple(map(str, times)), parts=("km",))
    answer = analyse(dataset, spec)
    assert not list(wrong_in_curve(expected, answer["km"]["groups"][0]))


@pytest.mark.parametrize("name", SAID)
def test_the_stratifiers(name: str, stored: dict[str, Any], loaded: dict[str, Dataset]) -> None:
    dataset = dataset_of(name, stored, loaded)
    checked = there = 0
    for by, expected in stored[name].get("groups", {}).items():
        found = column(by, dataset)
        if found is None or by in MADE_BY_THE_SCRIPT or "logrank" not in expected:
            continue
        there += 1
        spec = AnalysisSpec.from_query(SAID[name])
        spec = spec.but(group_by=found, cut_rule="none", parts=("km",))
        answer = analyse(dataset, spec)["km"]
        if len(answer["groups"]) != len(expected["levels"]):
            continue  # the script put levels together
        checked += 1
        assert sorted(g["n"] for g in answer["groups"]) == sorted(expected["logrank"]["n"]), by
        assert near(answer["test"]["statistic"], expected["logrank"]["chisq"]), by
        assert near(answer["test"]["p_value"], expected["logrank"]["p"]), by
    assert checked or not there


@pytest.mark.parametrize("name", SAID)
def test_the_markers(name: str, stored: dict[str, Any], loaded: dict[str, Dataset]) -> None:
    dataset = dataset_of(name, stored, loaded)
    for marker, expected in stored[name].get("cox_uni", {}).items():
        found = column(marker, dataset)
        if found is None:
            continue
        spec = AnalysisSpec.from_query(SAID[name]).but(terms=(quote_name(found),), parts=("cox",))
        (row,) = analyse(dataset, spec)["cox"]["univariable"]
        assert row["n"] == expected["n"], marker
        terms = {key: as_list(values)[0] for key, values in expected["terms"].items()}
        assert row["coef"] == pytest.approx(terms["coef"], rel=1e-6), marker
        assert row["std_error"] == pytest.approx(terms["se"], rel=1e-6), marker


def test_start_stop_rows_are_used_as_such(
    stored: dict[str, Any], loaded: dict[str, Dataset]
) -> None:
    expected = stored["heart_timedependent"]["efron"]
    dataset = read_file(tables() / "r_survival" / "heart.csv", Recipe())
    assert dataset.rows_are is not None
    assert dataset.rows_are.kind == "intervals"
    spec = AnalysisSpec(unit="days", terms=("age", "year", "surgery", "transplant"))
    answer = analyse(dataset, spec.but(parts=("cohort", "cox")))
    assert answer["cohort"]["patients"] == 103
    assert (answer["cox"]["n"], answer["cox"]["events"]) == (172, 75)
    coefs = [row["coef"] for row in answer["cox"]["multivariable"]]
    assert coefs == pytest.approx(expected["terms"]["coef"], rel=1e-6)


def test_competing_deaths_are_found_in_words(
    stored: dict[str, Any], loaded: dict[str, Dataset]
) -> None:
    expected = stored["metabric_vital_competing"]["aj_and_gray"]["counts"]
    dataset = dataset_of("metabric_os", stored, loaded)
    spec = AnalysisSpec.from_query(SAID["metabric_dss"])
    answer = analyse(dataset, spec)
    assert answer["cohort"]["events"] == expected["1"]
    assert any(f"{expected['2']} competing events" in n["text"] for n in answer["notes"])
