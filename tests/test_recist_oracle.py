"""The public SDTM example (55,995 rows) once more, slowly: plain Python, fractions, no pandas.

Written from the published rules and not from the code: rows of the domain TR as they are, visit by
visit and lesion by lesion. Also a large table of single diameters made up here.
"""

from __future__ import annotations

import csv
import gzip
import random
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from functools import cache

import numpy as np
import pandas as pd
import pytest

from core.lesions.attach import with_columns
from core.lesions.recist import derived, sdtm
from core.lesions.recist.derived import Derived
from core.reading import read_all
from core.spec import AnalysisSpec
from core.steps import Recipe
from tests.support import tables

Key = tuple[str, str]
"""Kind and name of a lesion."""


@dataclass
class Seen:
    """One visit of one patient as the reader wrote it."""

    day: date
    sizes: dict[str, Fraction | None] = field(default_factory=dict)
    states: dict[str, str | None] = field(default_factory=dict)
    new: dict[str, str | None] = field(default_factory=dict)


@dataclass
class Judged:
    """What the rules make of a visit."""

    day: date
    target: str
    other: str
    overall: str
    new: bool
    total: Fraction | None
    nadir: Fraction | None
    grown: set[Key]


def grows(size: Fraction, least: Fraction) -> bool:
    return 5 * size >= 6 * least and size - least >= 5


def of_targets(
    visit: Seen,
    names: Iterable[str],
    nodes: set[str],
    base: Fraction | None,
    least: Fraction | None,
) -> tuple[str, Fraction | None]:
    names = sorted(names)
    if not names:
        return "", None
    sizes = [visit.sizes.get(name) for name in names]
    there = [size for size in sizes if size is not None]
    total = sum(there, Fraction(0)) if len(there) == len(sizes) else None
    if total is not None and all(
        size < 10 if name in nodes else size == 0 for name, size in zip(names, there, strict=True)
    ):
        return "CR", total
    if least is not None and grows(sum(there, Fraction(0)), least):
        return "PD", total
    if total is None or base is None:
        return "NE", total
    return ("PR" if 10 * total <= 7 * base else "SD"), total


def of_others(visit: Seen, names: Iterable[str]) -> str:
    states = [visit.states.get(name) for name in names]
    if not states:
        return ""
    if "UNEQUIVOCAL" in states:
        return "PD"
    if None in states:
        return "NE"
    return "CR" if set(states) == {"ABSENT"} else "non-CR/non-PD"


def together(target: str, other: str, new: bool) -> str:
    if new or "PD" in (target, other):
        return "PD"
    if not target:
        return other or "NE"
    return "PR" if target == "CR" and other not in ("", "CR") else target


def judge(visits: list[Seen], nodes: set[str]) -> list[Judged]:
    targets = {name for visit in visits for name in visit.sizes}
    others = {name for visit in visits for name in visit.states}
    found: list[Judged] = []
    totals: list[Fraction | None] = []
    for i, visit in enumerate(visits):
        before = [total for total in totals if total is not None]
        least = min(before) if before else None
        base = totals[0] if totals else None
        target, total = of_targets(visit, targets, nodes, base, least)
        other = of_others(visit, others)
        new = any(state == "UNEQUIVOCAL" for state in visit.new.values())
        grown = {("NON-TARGET", n) for n in others if visit.states.get(n) == "UNEQUIVOCAL"}
        for name in targets:
            own = [s for v in visits[:i] if (s := v.sizes.get(name)) is not None]
            size = visit.sizes.get(name)
            if size is not None and own and grows(size, min(own)):
                grown.add(("TARGET", name))
        if i == 0:
            target, other, new, overall = "", "", False, ""
        else:
            overall = together(target, other, new)
        found.append(Judged(visit.day, target, other, overall, new, total, least, grown))
        totals.append(total)
    return found


def histories(folder: str, assessor: str) -> tuple[dict[str, list[Seen]], dict[str, set[str]]]:
    """The visits of each patient in order, and her target lesions that are lymph nodes."""
    with gzip.open(f"{folder}/tr_onco.csv.gz", "rt") as file:
        rows = [r for r in csv.DictReader(file) if r["TREVAL"] + r["TREVALID"] == assessor]
    with gzip.open(f"{folder}/tu_onco.csv.gz", "rt") as file:
        nodes: dict[str, set[str]] = defaultdict(set)
        for r in csv.DictReader(file):
            if "NODE" in r["TULOC"]:
                nodes[r["USUBJID"]].add(r["TULNKID"])
    zero: dict[str, date] = {}
    for r in rows:
        if len(r["TRDTC"]) == 10 and r["TRDY"] not in ("", "NA"):
            zero[r["USUBJID"]] = date.fromisoformat(r["TRDTC"]) - timedelta(int(r["TRDY"]) - 1)
    visits: dict[str, dict[tuple[str, str], Seen]] = defaultdict(dict)
    for r in rows:
        day = r["TRDTC"]
        if len(day) < 10:
            day = str(zero[r["USUBJID"]] + timedelta(int(r["TRDY"]) - 1))
        planned = "" if r["VISIT"].startswith("UNSCH") else r["VISITNUM"]
        key = (planned, "") if planned else (r["VISITNUM"], day)
        seen = visits[r["USUBJID"]].setdefault(key, Seen(date.fromisoformat(day)))
        seen.day = min(seen.day, date.fromisoformat(day))
        value = None if r["TRSTRESC"] in ("", "NA") else r["TRSTRESC"]
        if r["TRGRPID"] == "TARGET" and r["TRTESTCD"] == "DIAMETER":
            seen.sizes[r["TRLNKID"]] = None if value is None else Fraction(value)
        elif r["TRTESTCD"] == "TUMSTATE":
            (seen.new if r["TRGRPID"] == "NEW" else seen.states)[r["TRLNKID"]] = value
    ordered = {p: sorted(v.values(), key=lambda s: s.day) for p, v in visits.items()}
    return ordered, nodes


def best_of(judged: list[Judged], start: date) -> str:
    """Best response up to the first progression; stable disease from six weeks on."""
    order = ["CR", "PR", "SD", "non-CR/non-PD", "PD", "NE"]
    seen = []
    for visit in judged[1:]:
        early = (visit.day - start).days < 42 and visit.overall in ("SD", "non-CR/non-PD")
        seen.append("NE" if early else visit.overall)
        if visit.overall == "PD":
            break
    return min(seen, key=order.index)


@pytest.fixture(
    scope="module",
    params=["INVESTIGATOR", *(f"INDEPENDENT ASSESSORRADIOLOGIST {i}" for i in (1, 2))],
)
def both(request: pytest.FixtureRequest) -> tuple[dict[str, list[Judged]], Derived]:
    folder = tables() / "sdtm_onco"
    if not folder.is_dir():
        pytest.skip("the table is not here")
    assessor = str(request.param)
    visits, nodes = histories(str(folder), assessor.replace("INVESTIGATOR", "INVESTIGATORNA"))
    judged = {p: judge(v, nodes[p]) for p, v in visits.items()}
    shown = assessor.replace("ASSESSOR", "ASSESSOR ")
    found = sdtm.lesions(*frames_as_loaded(), assessor=shown.strip())
    return judged, derived.patients(found)


@cache
def frames_as_loaded() -> tuple[pd.DataFrame, ...]:
    """The domains TR and TU as they are when a user drops the files in."""
    folder = tables() / "sdtm_onco"
    names = ("dm.csv", "tr_onco.csv.gz", "tu_onco.csv.gz")
    loaded = read_all([(name, (folder / name).read_bytes()) for name in names], Recipe())
    return tuple(table.frame for table in loaded.lesions)


def test_every_response_of_the_public_example(
    both: tuple[dict[str, list[Judged]], Derived],
) -> None:
    judged, found = both
    ours = {p: g.to_dict("records") for p, g in found.assessments.frame.groupby("patient")}
    assert ours.keys() == judged.keys()
    n = 0
    for patient, visits in judged.items():
        assert len(visits) == len(ours[patient])
        for expected, got in zip(visits, ours[patient], strict=True):
            n += 1
            assert got["target_response"] == expected.target
            assert got["non_target_response"] == expected.other
            assert got["overall_response"] == expected.overall
            assert (got["new_lesions"] > 0) == expected.new
            for name, value in (("sum_of_diameters", expected.total), ("nadir", expected.nadir)):
                assert same(got[name], value)
    assert n > 500


def same(got: float, expected: Fraction | None) -> bool:
    return bool(np.isnan(got)) if expected is None else abs(got - float(expected)) < 1e-9


def test_best_response_progression_and_mode_of_the_public_example(
    both: tuple[dict[str, list[Judged]], Derived],
) -> None:
    judged, found = both
    frame, modes = found.frame, set()
    for patient, visits in judged.items():
        row = frame.loc[patient]
        if len(visits) == 1:
            assert row["best_response"] is None
            continue
        start = visits[0].day
        assert row["best_response"] == best_of(visits, start)
        end = next((v for v in visits if v.overall == "PD"), None)
        if end is None:
            assert row["pd_mode"] is None
            assert np.isnan(row["time_to_progression"])
            continue
        assert row["time_to_progression"] == (end.day - start).days
        modes.add(check_mode(row, end, found.assessments.lesions, patient))
    assert modes >= {("group 2", "Heter-PD")}


def check_mode(row: pd.Series, end: Judged, lesions: pd.DataFrame, patient: str) -> tuple[str, str]:
    own = lesions[lesions["patient"] == patient]
    every = {(k.upper(), n) for k, n in zip(own["kind"], own["lesion"], strict=True)}
    t, nt, nl = end.target == "PD", end.other == "PD", end.new
    has_target = any(kind == "TARGET" for kind, _ in every)
    all_grow = every <= end.grown and (t or not has_target)
    assert row["pd_model_a"] == ("group 1" if not t and (nl or nt) else "group 2")
    assert row["pd_model_b"] == ("group 1" if not t and not nt and nl else "group 2")
    assert row["pd_model_c"] == ("group 2" if all_grow else "group 1")
    assert row["pd_mode"] == ("Hom-PD" if all_grow else "Heter-PD")
    assert row["n_progressed"] == len(end.grown & every)
    return str(row["pd_model_a"]), str(row["pd_mode"])


# Single diameters -------------------------------------------------------------------------------

Visits = list[tuple[int, str]]


def single_diameters(n: int, seed: int) -> tuple[bytes, dict[str, Visits]]:
    """One target lesion per patient, as trials of immunotherapy publish them: days and sizes."""
    draw = random.Random(seed)
    people: dict[str, Visits] = {}
    lines = ["Pt_hashID,Study_Arm,T_weeks,T_days,Lesion_diam,Lesion_vol,response"]
    for i in range(n):
        name, day, size = f"{draw.getrandbits(64):016x}-S{1 + i % 5}", -draw.randint(0, 28), 0.0
        size = draw.choice([10, 10.4, 17, 25, 40, 64, 103])
        for _ in range(draw.randint(1, 10)):
            cell = f"{size:g}" if draw.random() > 0.04 else "NOT EVALUABLE"
            cell = "TOO SMALL TO MEASURE" if draw.random() < 0.02 else cell
            people.setdefault(name, []).append((day, cell))
            week = 0.1 if day < 0 else day // 7
            lines.append(f"{name},Study_{i % 5},{week},{day},{cell},{size**3 / 2:.3f},flux")
            day += draw.randint(30, 50)
            size = min(round(size * draw.choice([0, 0.5, 0.7, 0.9, 1, 1, 1.2, 1.5, 1.1]), 1), 500.0)
    return "\n".join(lines).encode(), people


def slow_single(visits: Visits) -> list[str]:
    words = {"NOT EVALUABLE": None, "TOO SMALL TO MEASURE": Fraction(5)}
    sizes = [words[cell] if cell in words else Fraction(cell) for _, cell in visits]
    found = [""]
    for i, size in enumerate(sizes[1:], 1):
        before = [s for s in sizes[:i] if s is not None]
        base = sizes[0]
        if size is None:
            found.append("NE")
        elif size == 0:
            found.append("CR")
        elif before and grows(size, min(before)):
            found.append("PD")
        elif base is None:
            found.append("NE")
        else:
            found.append("PR" if 10 * size <= 7 * base else "SD")
    return found


def test_thousands_of_single_diameters() -> None:
    table, people = single_diameters(1_472, 3)
    outcomes = "\n".join(["id,months,dead", *(f"{p},{len(v)},1" for p, v in people.items())])
    dataset = read_all([("p.csv", outcomes.encode()), ("d.csv", table)], Recipe())
    made = with_columns(dataset, AnalysisSpec())
    found = made.attached.recist_patients  # type: ignore[union-attr]
    rows = found.assessments.frame.groupby("patient")["overall_response"]
    ours = {patient: responses.tolist() for patient, responses in rows}
    assert ours == {p: slow_single(v) for p, v in people.items()}
    for patient, row in found.frame.iterrows():
        responses, visits = ours[patient], people[patient]
        if "PD" in responses:
            day = visits[responses.index("PD")][0]
            assert row["time_to_progression"] == day - visits[0][0]
            assert row["pd_mode"] == "Hom-PD"
        else:
            assert np.isnan(row["time_to_progression"])
