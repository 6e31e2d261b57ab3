"""The scripts give the numbers of the answer: Python and R are run, and every number compared."""

from __future__ import annotations

import csv
import math
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.analysis import analyse
from core.cohort import Cohort, select
from core.dataset import Dataset
from core.lesions.attach import with_columns
from core.reading import examples, read
from core.reading.roles.filling import fill
from core.spec import AnalysisSpec
from core.view.code import python_script, r_script, table_csv
from core.view.code.sections import SECTIONS
from tests.cohorts import dataset_of, random_columns
from tests.support import need

GBSG2 = "data=gbsg2&time=time&unit=days&event=cens&event_is=1&show_unit=months"
WHAS = "data=whas500&time=lenfol&unit=days&event=fstat&event_is=1&show_unit=months"
VETERAN = "data=veteran&time=Survival_in_days&unit=days&event=Status&event_is=dead"
ROSSI = "data=rossi&time=week&unit=weeks&event=arrest&event_is=1&show_unit=weeks"
MADE = "time=time&unit=days&event=event&event_is=1&show_unit=days"
QUESTIONS = {
    "gbsg2": examples.question("gbsg2").to_query(),
    "whas500": examples.question("whas500").to_query(),
    "veteran": examples.question("veteran").to_query(),
    "rossi": examples.question("rossi").to_query(),
    "fulvestrant": examples.question("fulvestrant").to_query() + "&subgroups=liver",
    "best": f"{GBSG2}&group_by=progrec&cut_rule=best&where=age%20%3E%3D%2035&cut_side=gt"
    "&terms=progrec:cut,horTh,age:per(10),pnodes:log2,horTh*age,tsize:spline(4)",
    "strata": f"{GBSG2}&group_by=estrec&cut_rule=tertiles&strata=tgrade,menostat&test=gehan"
    "&ties=breslow&conf_type=plain&adjust_pairwise=bh&at=12,36&tau=60&terms=estrec:cut,age",
    "quantiles": f"{GBSG2}&group_by=age&cut_rule=quantile&cut_value=0.2,0.7&test=fh(0.5;1)"
    "&conf_type=log&conf_level=0.9&adjust_pairwise=none",
    "peto": f"{GBSG2}&group_by=tgrade&test=peto&adjust_pairwise=bonferroni"
    "&terms=tgrade:trend,age:poly(2),horTh*menostat&subgroups=horTh,age,menostat",
    "landmark": f"{GBSG2}&group_by=horTh&landmark=12&terms=horTh,tgrade:cat(II)&test=logrank",
    "two": f"{GBSG2}&group_by=progrec&cut_rule=median&second_by=estrec&combine=four",
    "least": f"{GBSG2}&group_by=tsize&cut_rule=best&min_fraction=0.2&min_events=60"
    "&terms=tsize:cut(20;35),pnodes:cut(median),age:cut(tertiles)&conf_type=arcsin",
    "alone": f"{GBSG2}&terms=age,pnodes&where=horTh%20%3D%20yes&where=tgrade%20not%20in%20I",
    "late": f"{WHAS}&entry=los&group_by=gender&terms=gender,age:per(10),bmi:log2&strata=chf",
    "forest": f"{WHAS}&group_by=age&cut_rule=value&cut_value=75&subgroups=gender,bmi,sho"
    "&strata=mitype&terms=age:cut,sysbp:spline(3)",
    "celltype": f"{VETERAN}&group_by=Celltype&test=tarone-ware&strata=Prior_therapy&profile=spss",
    "rossi breslow": f"{ROSSI}&group_by=prio&cut_rule=quartiles&ties=breslow&terms=age,fin,prio"
    "&where=wexp%20%21%3D%20no&conf_level=0.99",
    "offset": f"{MADE}&group_by=site&offset=dose&terms=age,site*arm",
    "entry": f"{MADE}&group_by=arm&entry=entry&terms=arm,age,site&test=fh(1;0)",
    "origin": f"{MADE}&group_by=arm&origin=shift&landmark=2&zero=half&negative=half",
    "separated": f"{MADE}&group_by=never&terms=never,age,twice",
    "competing": "time=time&unit=days&event=status&event_is=1&competing=2,3&group_by=site"
    "&parts=cohort,competing&at=2,5,9&terms=age&show_unit=days",
    "competing log": "time=time&unit=days&event=status&event_is=1&competing=2&group_by=arm"
    "&parts=competing&at=3,400&entry=entry&conf_type=log&show_unit=days",
    "response": f"{MADE}&group_by=site&response=answer&response_is=CR,PR&terms=age,site,arm*age"
    "&parts=cohort,response,logistic",
    "weights": f"{MADE}&group_by=site&weights=dose&terms=age,site,arm&strata=arm&subgroups=never",
    "clusters": f"{MADE}&group_by=site&cluster=centre&terms=age,site*arm&ties=breslow&id=pid"
    "&one_row=all&entry=entry",
    "selected": f"{GBSG2}&group_by=horTh&select=backward:0.05&terms=age,horTh,tgrade,pnodes,tsize",
    "firth": f"{MADE}&group_by=never&terms=never,arm,site&estimator=firth",
    "firth of one": f"{VETERAN}&terms=Karnofsky_score:per(10)&estimator=firth&ties=breslow",
    "pair": f"{WHAS}&group_by=age&cut_rule=best-pair&where=chf%20%3D%20yes&test=peto",
    "dates": "start=first&end=last&event=dead&event_is=1&unit=days&show_unit=months"
    "&group_by=arm&entry=seen&origin=begun&where=arm%20%21%3D%20C&terms=arm",
    "rows of sites": f"{MADE}&group_by=centre&id=centre&one_row=first&cluster=site&terms=arm",
    "constant": f"{MADE}&group_by=arm&terms=age,constant,one,sum",
    "nothing varies": f"{MADE}&group_by=one&terms=constant,one",
    "no event": f"{MADE.replace('event_is=1', 'event_is=2')}&group_by=arm&terms=age",
    "early": f"{VETERAN}&group_by=Treatment&tau=0.5&at=0,0.5,1",
    "rows": f"{MADE}&group_by=arm&id=pid&one_row=last&where=age%20%3C%2070",
}  # fmt: skip
TOLERANCE = 1e-8
"""Relative; numbers near 0 (a coefficient of 1e-5) may differ by this absolutely times 0.001."""

Key = tuple[str, str]


@dataclass(frozen=True)
class Case:
    """A question with its answer and what the scripts are to print."""

    cohort: Cohort
    parts: tuple[str, ...]
    answer: dict[str, Any]


def made_table() -> Dataset:
    """A table with everything that the shipped cohorts have not: missing cells, causes, ids."""
    n = 120
    columns: dict[str, Any] = dict(random_columns(5, n))
    rng = np.random.default_rng(9)
    columns["status"] = rng.choice([0.0, 1, 2, 3], n, p=[0.3, 0.4, 0.2, 0.1])
    columns["centre"] = [f"C{i % 15}" for i in range(n)]
    columns["shift"] = rng.choice([-2.0, 0, 1, 3], n)
    columns["never"] = ["a" if e == 0 and i % 3 == 0 else "b" for i, e in
                        enumerate(columns["event"])]  # fmt: skip
    columns["twice"] = 2 * columns["age"] + 1
    columns["constant"], columns["one"] = [1.0] * n, ["only"] * n
    columns["sum"] = columns["age"] + columns["constant"]
    columns["answer"] = [None if i % 11 == 0 else ("CR", "PR", "SD", "PD")[i % 4] for i in range(n)]
    columns["pid"] = [f"P{i // 2}" if i < 20 else f"Q{i}" for i in range(n)]
    columns["age"] = [None if i % 17 == 3 else v for i, v in enumerate(columns["age"])]
    columns["time"] = [0.0 if i == 7 else -1.0 if i == 8 else None if i == 9 else float(v)
                       for i, v in enumerate(columns["time"])]  # fmt: skip
    columns["time"][20] = columns["time"][21] + 1e-12
    columns["site"] = [None if i == 30 else v for i, v in enumerate(columns["site"])]
    return dataset_of(columns)


def dated_table() -> Dataset:
    """A table as it is uploaded, with dates in the place of times."""
    rng, rows = np.random.default_rng(2), ["pid,first,begun,seen,last,dead,arm"]
    day = np.datetime64("2015-01-01")
    for i in range(70):
        begin, wait, more = rng.integers(0, 900), rng.integers(0, 40), rng.integers(30, 1500)
        dates = [day + int(d) for d in (begin, begin + wait - 20, begin + wait, begin + more)]
        rows.append(f"{i},{','.join(map(str, dates))},{i % 2},{'ABC'[i % 3]}")
    return read("\n".join(rows).encode(), "dates.csv")


def case(query: str) -> Case:
    spec = AnalysisSpec.from_query(query)
    made = dated_table if spec.start else made_table
    dataset = examples.load(spec.data) if spec.data else made()
    answer = analyse(dataset, spec)
    dataset = with_columns(dataset, spec)
    filled = fill(dataset, spec)[0]
    parts = AnalysisSpec.from_query(answer["query"]).parts
    return Case(select(dataset, filled), parts, answer)


@pytest.fixture(scope="module")
def cases() -> dict[str, Case]:
    return {name: case(query) for name, query in QUESTIONS.items()}


@pytest.fixture(scope="module")
def folder(cases: dict[str, Case], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder per question, with both scripts and their table."""
    root = tmp_path_factory.mktemp("code")
    for name, one in cases.items():
        write(root / name, one.cohort, one.parts)
    return root


def write(folder: Path, cohort: Cohort, parts: tuple[str, ...]) -> None:
    folder.mkdir()
    (folder / "table.csv").write_bytes(table_csv(cohort))
    (folder / "script.py").write_text(python_script(cohort, parts), encoding="utf-8")
    (folder / "script.R").write_text(r_script(cohort, parts), encoding="utf-8")


# All scripts of a language are run by one process, each in its folder with names of its own.
RUN_PYTHON = """
import contextlib, os, runpy, sys, traceback
for folder in sys.argv[1:]:
    os.chdir(folder)
    sys.argv = ["script.py"]
    with open("py.out", "w", encoding="utf-8", newline="") as out:
        with contextlib.redirect_stdout(out):
            try:
                runpy.run_path("script.py")
            except Exception:
                traceback.print_exc(file=out)
"""
RUN_R = """
for (folder in commandArgs(trailingOnly = TRUE)) {
  setwd(folder)
  commandArgs <- function(trailingOnly) character()
  sink("r.out")
  tryCatch(source("script.R", local = new.env()), error = print)
  sink()
  rm(commandArgs)
}
"""


def run_python(folders: Sequence[Path]) -> None:
    run([sys.executable, "-W", "error", "-c", RUN_PYTHON, *map(str, folders)])


def run_r(folders: Sequence[Path]) -> None:
    program = need("Rscript")
    file = folders[0].parent / "run.R"
    file.write_text(RUN_R, encoding="utf-8")
    run([program, "--vanilla", str(file), *map(str, folders)])


def run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


@pytest.fixture(scope="module")
def python_folder(folder: Path) -> Path:
    run_python(sorted(p for p in folder.iterdir() if p.is_dir()))
    return folder


@pytest.fixture(scope="module")
def r_folder(folder: Path) -> Path:
    run_r(sorted(p for p in folder.iterdir() if p.is_dir()))
    return folder


def printed(file: Path) -> list[tuple[str, str, float | None]]:
    """What a script printed after its line ``# results``."""
    text = file.read_bytes().decode("utf-8")
    _, mark, rest = text.partition("\n# results\n")
    assert mark, text[-3000:]
    rows = csv.DictReader(rest.splitlines(keepends=True))
    return [
        (r["quantity"], r["group_or_term"], None if r["value"] == "NA" else float(r["value"]))
        for r in rows
    ]


# What the answer says, in the names of the scripts ----------------------------------------------

ROW = ("n", "events", "coef", "std_error", "hazard_ratio", "conf_low", "conf_high", "p_value")
AT = ("n_risk", "estimate", "conf_low", "conf_high")
Said = Iterator[tuple[str, str, float | None]]


def said(section: str, label: str, entry: dict[str, Any], names: Sequence[str]) -> Said:
    for name in names:
        value = entry[name]
        yield f"{section}.{name}", label, None if value is None else float(value)


def of_rows(section: str, rows: list[dict[str, Any]], names: Sequence[str] = ROW) -> Said:
    for row in rows:
        label = row["term"] if row["level"] is None else f"{row['term']} {row['level']}"
        yield from said(section, label, row, names)


def of_cohort(answer: dict[str, Any]) -> Said:
    yield from said("cohort", "all", answer["cohort"], ("n", "events"))
    for level in answer["groups"]["levels"]:
        yield from said("groups", level["label"], level, ("n", "events"))
    for i, at in enumerate(answer["groups"]["thresholds"], 1):
        yield "thresholds.value", f"cutoff {i}", at
    names = ("median", "conf_low", "conf_high")
    yield from said("follow_up", "all", answer["cohort"]["follow_up"], names)


def of_km(answer: dict[str, Any]) -> Said:
    km = answer["km"]
    names = ("n", "events", "median", "conf_low", "conf_high", "rmst", "rmst_se")
    for group in km["groups"]:
        label = group["label"]
        yield from said("km", label, group, names)
        yield "km.by_25", label, group["quartiles"][0]["time"]
        yield "km.by_75", label, group["quartiles"][2]["time"]
        for at in group["at"]:
            yield from said("at", f"{label} at {at['time']:.15g}", at, AT)
    if km["test"]["statistic"] is not None:
        test = ("statistic", "df", "p_value")
        yield from said("test", km["test"]["name"], km["test"], test)
    if answer["cohort"]["events"]:
        yield from of_rows("hazard_ratio", km["hazard_ratio"])
    for pair in km["pairwise"]:
        label = f"{pair['a']} vs {pair['b']}"
        yield from said("pairwise", label, pair, ("p_value", "p_adjusted"))


def of_cox(answer: dict[str, Any]) -> Said:
    cox = answer["cox"]
    if cox["lr_test"] is None:  # nothing was estimated
        return
    yield from of_rows("univariable", cox["univariable"])
    yield from of_rows("multivariable", cox["multivariable"])
    yield from said("model", "model", cox, ("n", "events", "log_likelihood", "concordance"))
    test = ("statistic", "df", "p_value")
    robust = ("robust_score",) if cox["robust_score_test"] else ()
    names = ("lr",) if cox["score_test"] is None else ("lr", "wald", "score", *robust)
    for name in names:
        found = cox[f"{name}_test"]
        if found is None:
            found = {"statistic": None, "df": cox["lr_test"]["df"], "p_value": None}
        yield from said("model_tests", name, found, test)
    for one in cox["proportional_hazards"]:
        if one["statistic"] is not None:
            yield from said("proportional_hazards", one["term"], one, test)


def of_cutoff(answer: dict[str, Any]) -> Said:
    found = answer["cutoff"]
    names = ("candidates", "best", "statistic", "p_naive")
    yield from said("cutoff", found["variable"], found, names)
    yield from said("cutoff", found["variable"], found["p_corrected"], ("lau92", "lau94"))


def of_subgroups(answer: dict[str, Any]) -> Said:
    more = ("n_group", "events_group", "n_reference", "events_reference", "median_group")
    for row in answer["subgroups"]:
        place = f"{row['variable']} {row['level']}" if row["variable"] else "all"
        names = (*ROW, *more, "median_reference", "p_interaction")
        yield from said("subgroups", f"{place}: {row['group']}", row, names)


def of_competing(answer: dict[str, Any]) -> Said:
    found = answer["competing"]
    labels = [group["label"] for group in found["groups"]]
    names = ("estimate", "std_error", "conf_low", "conf_high", "one_minus_km")
    for at in found["at"]:
        label = f"{labels[at['group']]} cause {at['cause']} at {at['time']:.15g}"
        yield from said("incidence", label, at, names)
    for one in found["models"]:
        if one["model"] == "groups":
            yield from of_rows(f"cause_{one['cause']}", one["cause_specific"])


def of_response(answer: dict[str, Any]) -> Said:
    found = answer["response"]["outcomes"][0]
    names = ("n", "events", "missing", "estimate", "exact_low", "exact_high", "wilson_low")
    for rate in found["rates"]:
        yield from said("rates", rate["group"] or "all", rate, (*names, "wilson_high"))
    yield from said("pearson", "pearson", found["pearson"], ("statistic", "df", "p_value"))
    for one in found["versus"]:
        label, odds = one["group"], one["odds_ratio"]
        yield "versus.odds_ratio", label, odds["estimate"]
        yield from said("versus", label, odds, ("conf_low", "conf_high"))
        yield "versus.p_fisher", label, one["p_fisher"]


def of_logistic(answer: dict[str, Any]) -> Said:
    found = answer["logistic"]
    names = tuple("odds_ratio" if name == "hazard_ratio" else name for name in ROW)
    yield from of_rows("odds_univariable", found["univariable"], names)
    yield from of_rows("odds_multivariable", found["multivariable"], names)
    yield from said("logistic", "model", found, ("n", "events", "intercept", "log_likelihood",
                                                 "auc"))  # fmt: skip
    yield "logistic.lr", "model", found["lr_test"]["statistic"]
    yield from said("logistic", "model", found["lr_test"], ("df", "p_value"))


OF_COX = ("hazard_ratio", "univariable", "multivariable", "model", "model_tests",
          "proportional_hazards")  # fmt: skip
ANSWERS = {
    "cohort": of_cohort, "km": of_km, "cutoff": of_cutoff, "cox": of_cox,
    "subgroups": of_subgroups, "competing": of_competing, "response": of_response,
    "logistic": of_logistic,
}  # fmt: skip


def expected(one: Case) -> list[tuple[str, str, float | None]]:
    ledger = select(one.cohort.source, one.cohort.spec).included.ledger
    found: list[tuple[str, str, float | None]] = [
        ("ledger.n", entry.reason, float(entry.n)) for entry in ledger
    ]
    for part in SECTIONS:
        if part in one.parts:
            found += ANSWERS[part](one.answer)
    return found


def compare(
    found: list[tuple[str, str, float | None]], one: Case, without: Sequence[str] = ()
) -> None:
    """All numbers, without the sections that the language has not."""
    wanted = [row for row in expected(one) if row[0].partition(".")[0] not in without]
    assert sorted(k[:2] for k in found) == sorted(k[:2] for k in wanted)
    numbers: dict[Key, float | None] = {row[:2]: row[2] for row in wanted}
    wrong = [(row, numbers[row[:2]]) for row in found if not same(row[2], numbers[row[:2]])]
    assert not wrong


def same(a: float | None, b: float | None) -> bool:
    if a is None or b is None:
        return a is b
    return math.isclose(a, b, rel_tol=TOLERANCE, abs_tol=TOLERANCE * 1e-3)


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_python_script_gives_the_answer(
    name: str, cases: dict[str, Case], python_folder: Path
) -> None:
    compare(printed(python_folder / name / "py.out"), cases[name])


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_r_script_gives_the_answer(name: str, cases: dict[str, Case], r_folder: Path) -> None:
    # R's package survival has no penalised model of Firth; the script says so at its top.
    firth = cases[name].cohort.spec.estimator == "firth"
    compare(printed(r_folder / name / "r.out"), cases[name], OF_COX if firth else ())
    assert ("Firth" in (r_folder / name / "script.R").read_text()) == firth
