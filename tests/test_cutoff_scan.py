"""The scan of all cutoffs: R's survdiff, coxph and survfit at each of them, and our own pages."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis import analyse
from core.cohort import select
from core.errors import SpecError
from core.survival import km
from core.survival.cutoff import scan as module
from core.survival.cutoff.endpoint import Endpoint
from core.survival.cutoff.preview import preview
from core.survival.cutoff.scan import ScanResult, scan
from tests.cohorts import LAW, cohort_of, dataset_of, question, random_columns
from tests.reference.export_data import export
from tests.support import need, tables

REFERENCE = Path(__file__).parent / "reference" / "scan_reference.json"
CASES: list[dict[str, Any]] = json.loads(REFERENCE.read_text(encoding="utf-8"))["cases"]


def scanned(columns: dict[str, Any], **fields: Any) -> ScanResult:
    cohort = cohort_of(columns, **fields)
    return scan(cohort, cohort.spec)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scan_tables")
    export(folder)
    return folder


def known(values: list[float | None]) -> np.ndarray:
    return np.array([np.nan if v is None else v for v in values], dtype=float)


@pytest.mark.parametrize("case", CASES, ids=[f"{c['table']}-{c['x']}-{c['ties']}" for c in CASES])
def test_r_agrees_at_every_cutoff(case: dict[str, Any], exported: Path) -> None:
    columns = [case["time"], case["event"], case["x"]]
    folder = tables() if case["shared"] else exported
    frame = pd.read_csv(folder / case["table"])[columns].dropna()
    frame.columns = pd.Index(["time", "event", "x"])
    frame["event"] = (frame["event"] == case["event_is"]).astype(float)
    found = scanned(
        {name: frame[name].to_numpy() for name in frame},
        group_by="x",
        cut_side="gt",
        min_fraction=case["min_fraction"],
        ties=case["ties"],
    )
    assert found.cutoff.tolist() == case["cuts"]
    assert found.n_low.tolist() == case["n_low"]
    assert found.events_low.tolist() == case["events_low"]
    assert found.statistic == pytest.approx(known(case["chisq"]), rel=1e-9, abs=1e-12)
    coef = known(case["coef"])
    assert np.isfinite(coef).sum() >= 0.8 * len(coef)
    assert found.coef == pytest.approx(coef, rel=1e-8, abs=1e-9, nan_ok=True)
    assert found.std_error == pytest.approx(known(case["se"]), rel=1e-7, nan_ok=True)
    for name in ("median_low", "median_high"):
        wanted = known(case[name])
        assert getattr(found, name) == pytest.approx(wanted, rel=1e-12, nan_ok=True)


def test_r_agrees_with_the_stored_numbers(exported: Path, tmp_path: Path) -> None:
    """The stored numbers are what the script computes here and now."""
    program, public = need("Rscript"), tables()
    packages = "all(sapply(c('survival', 'maxstat', 'jsonlite'), requireNamespace))"
    known_to_r = [program, "-e", f"quit(status = !{packages})"]
    if subprocess.run(known_to_r, capture_output=True, check=False, timeout=60).returncode != 0:
        need("Rscript with the packages survival, maxstat and jsonlite")
    output = tmp_path / "again.json"
    command = [program, str(REFERENCE.with_suffix(".R")), str(exported), str(public), str(output)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert run.returncode == 0, run.stderr
    again = json.loads(output.read_text(encoding="utf-8"))["cases"]
    assert [c["cuts"] for c in again] == [c["cuts"] for c in CASES]
    for one, other in zip(again, CASES, strict=True):
        for name in ("chisq", "coef", "se", "median_low", "median_high"):
            assert known(one[name]) == pytest.approx(known(other[name]), rel=1e-9, nan_ok=True)


@given(st.integers(0, 10_000), st.sampled_from(["ge", "gt"]))
@LAW
def test_each_cutoff_is_what_the_curves_page_would_show(seed: int, side: str) -> None:
    columns = random_columns(seed, 40)
    found = scanned(columns, group_by="dose", cut_side=side)
    rng = np.random.default_rng(seed)
    i = int(rng.integers(len(found.cutoff)))
    spec = question(
        group_by="dose", cut_rule="value", cut_value=(repr(float(found.cutoff[i])),), cut_side=side
    )
    cohort = select(dataset_of(columns), spec)
    page = km.estimate(cohort, spec)
    row, low, high = page.hazard_ratio[0], *page.groups
    assert (low.n, high.n) == (found.n_low[i], found.n_high[i])
    assert (low.events, high.events) == (found.events_low[i], found.events_high[i])
    assert found.p_value[i] == pytest.approx(page.test.p_value, rel=1e-9)
    assert found.log10_p[i] == pytest.approx(page.test.log10_p, rel=1e-9, abs=1e-12)
    for name in ("hazard_ratio", "conf_low", "conf_high"):
        wanted = getattr(row, name)
        assert getattr(found, name)[i] == pytest.approx(
            np.nan if wanted is None else wanted, rel=1e-6, nan_ok=True
        )
    for shown, median in ((found.median_low[i], low.median), (found.median_high[i], high.median)):
        assert shown == pytest.approx(np.nan if median is None else median, nan_ok=True)


@given(st.integers(0, 10_000))
@LAW
def test_two_groups_compare_as_they_do_with_the_general_methods(seed: int) -> None:
    columns = random_columns(seed, 30)
    cohort = cohort_of(columns, group_by="arm")
    if len(cohort.groups.levels) < 2:
        return
    found = Endpoint.of(cohort).compare(cohort.groups.codes == 1)
    page = km.estimate(cohort, cohort.spec)
    assert found.p_value == pytest.approx(page.test.p_value, rel=1e-9)
    row = page.hazard_ratio[0]
    assert (found.coef is None) == (row.coef is None)
    if row.coef is not None:
        assert found.coef == pytest.approx(row.coef, rel=1e-7, abs=1e-9)
        assert found.std_error == pytest.approx(row.std_error, rel=1e-7)


def test_separated_groups_have_no_hazard_ratio_and_still_a_test() -> None:
    columns = {
        "time": [1.0, 2, 3, 4, 5, 6, 7, 8],
        "event": [1.0, 1, 1, 1, 0, 0, 0, 0],
        "x": [8.0, 7, 6, 5, 4, 3, 2, 1],
    }
    found = scanned(columns, group_by="x", min_fraction=0.0)
    middle = int(np.flatnonzero(found.cutoff == 5)[0])
    assert np.isnan(found.hazard_ratio[middle])
    assert found.statistic[middle] > 5
    answer = analyse(dataset_of(columns), question(group_by="x", min_fraction=0.0, parts=("scan",)))
    assert answer["scan"]["hazard_ratio"][middle] is None


def test_events_on_either_side_are_asked_for() -> None:
    columns = random_columns(3, 60)
    every, some = (scanned(columns, group_by="age", min_events=m) for m in (0.0, 6.0))
    kept = np.minimum(every.events_low, every.events_high) >= 6
    assert 0 < kept.sum() < len(kept)
    assert some.cutoff.tolist() == every.cutoff[kept].tolist()


def test_many_cutoffs_have_a_test_each_and_a_ratio_at_some(monkeypatch: pytest.MonkeyPatch) -> None:
    columns = random_columns(4, 80)
    every = scanned(columns, group_by="age")
    monkeypatch.setattr(module, "MOST", 10)
    some = scanned(columns, group_by="age")
    assert some.statistic.tolist() == every.statistic.tolist()
    there = np.isfinite(some.coef)
    assert 10 <= there.sum() <= 11
    assert there[some.best]
    assert some.coef[there] == pytest.approx(every.coef[there], rel=1e-8)
    assert any("evenly spaced" in note.text for note in some.notes)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"group_by": None}, "group_by"),
        ({"group_by": "site"}, "group_by"),
        ({"entry": "entry"}, "cut_rule"),
        ({"min_events": 70.0}, "min_events"),
    ],
)
def test_what_cannot_be_scanned_is_refused(fields: dict[str, Any], field: str) -> None:
    cohort = cohort_of(random_columns(1, 60), **{"group_by": "age", **fields})
    with pytest.raises(SpecError) as caught:
        scan(cohort, cohort.spec)
    assert caught.value.field == field


def test_previewed_curves_are_those_of_the_curves_page() -> None:
    columns = random_columns(8, 50)
    cohort = cohort_of(columns, group_by="age")
    found, thin = scan(cohort, cohort.spec), preview(cohort, cohort.spec)
    for row, i in enumerate(thin.positions[::7]):
        spec = question(group_by="age", cut_rule="value", cut_value=(repr(float(found.cutoff[i])),))
        curves = km.estimate(select(dataset_of(columns), spec), spec).curves
        for group in range(2):
            curve = curves[curves["group"] == group]
            reached = np.searchsorted(curve["time"], thin.time, side="right") - 1
            wanted = np.where(reached < 0, 1.0, curve["estimate"].to_numpy()[reached])
            wanted = np.where(thin.time > curve["time"].max(), np.nan, wanted)
            shown = thin.survival[7 * row, group]
            assert shown == pytest.approx(wanted, rel=1e-12, abs=1e-12, nan_ok=True)


def test_of_many_cutoffs_some_are_previewed_and_the_best_among_them() -> None:
    rng = np.random.default_rng(5)
    n = 500
    columns = {
        "time": rng.exponential(10, n),
        "event": (rng.random(n) < 0.7).astype(float),
        "x": rng.normal(0, 1, n),
    }
    cohort = cohort_of(columns, group_by="x")
    thin, found = preview(cohort, cohort.spec), scan(cohort, cohort.spec)
    assert 160 <= len(thin.positions) <= 161 < len(found.cutoff)
    assert found.best in thin.positions
