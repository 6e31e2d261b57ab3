"""Time the reading of a large CSV, and what a page asks of it, against `pandas.read_csv`.

Run as ``python -m benchmarks.loading [ROWS]`` from the folder of the project; 2,000,000 rows of 10
columns, 200 MB, when left out. The file is made up from a fixed seed in a temporary folder and is
deleted at the end. Ours is the whole road of an upload: the bytes go to the reading process, it
tells how far it is, and a dataset comes back with numbers, dates, groups and identifiers
recognised. That of pandas is one call in a process of its own, which is told nothing and checks
nothing. Peaks of memory are those that the system counts, so this runs on Linux only.
"""

from __future__ import annotations

import csv
import json
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from core import analysis
from core.dataset import Dataset
from core.reading.checks import identifiers
from core.reading.process import child, wire
from core.reading.process.conversation import ask
from core.reading.roles import coding, filling, guessing
from core.spec import AnalysisSpec
from core.steps import Recipe

ROWS = 2_000_000
HEADER = (
    "patient_id", "centre", "arm", "stage", "age", "SUVmax", "MTV", "diagnosis_date", "os_months",
    "os_status",
)  # fmt: skip
BLOCK = 50_000

PANDAS = """
import json, resource, sys, time
import pandas
start, work = time.perf_counter(), time.process_time()
frame = pandas.read_csv(sys.argv[1])
took = [time.process_time() - work, time.perf_counter() - start]
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps([len(frame), *took, peak]))
"""


# The file --------------------------------------------------------------------------------------


def write_table(path: Path, rows: int) -> None:
    """Write made-up patients: ids, groups, numbers, dates, and cells that are missing."""
    random = np.random.default_rng(20261125)
    with open(path, "w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(HEADER)
        for start in range(0, rows, BLOCK):
            out.writerows(block(random, start, min(BLOCK, rows - start)))


def block(random: np.random.Generator, start: int, n: int) -> Iterator[tuple[str, ...]]:
    """Some rows of the file."""
    centres = np.array([f"Universitätsklinikum {i:02}" for i in range(40)])
    stage = np.array(["I", "II", "III", "IV", "NA"])
    follow_up, censored = random.exponential(40, n), random.uniform(3, 120, n)
    days = np.datetime64("2008-01-01") + random.integers(0, 5000, n)
    columns = (
        np.array([f"NSCLC-{i:09}" for i in range(start, start + n)]),
        centres[random.integers(0, len(centres), n)],
        np.array(["Chemotherapy", "Immunotherapy"])[random.integers(0, 2, n)],
        stage[random.integers(0, len(stage), n)],
        spelled(random.uniform(31, 88, n), "{:.2f}"),
        with_holes(random, spelled(random.lognormal(2, 0.6, n), "{:.6f}")),
        with_holes(random, spelled(random.lognormal(3, 1, n), "{:.5f}")),
        days.astype(str),
        spelled(np.minimum(follow_up, censored), "{:.4f}"),
        (follow_up <= censored).astype(int).astype(str),
    )
    return zip(*(column.tolist() for column in columns), strict=True)


def spelled(values: np.ndarray, form: str) -> np.ndarray:
    return np.array([form.format(x) for x in values.tolist()])


def with_holes(random: np.random.Generator, words: np.ndarray) -> np.ndarray:
    return np.where(random.random(len(words)) < 0.03, "", words)


# Memory ----------------------------------------------------------------------------------------


def memory_of(process: str, entry: str) -> int:
    """Bytes of an entry of a process's status: ``VmRSS`` is now, ``VmHWM`` the peak so far."""
    try:
        text = Path(f"/proc/{process}/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return 0  # it has ended
    found = [line.split()[1] for line in text.splitlines() if line.startswith(entry + ":")]
    return int(found[0]) * 1024 if found else 0


@contextmanager
def peak_of(process: str) -> Iterator[list[int]]:
    """Follow the peak of a process's memory; a list of one number, which grows."""
    peak, over = [0], threading.Event()

    def watch() -> None:
        while not over.wait(0.05):
            peak[0] = max(peak[0], memory_of(process, "VmHWM"), memory_of(process, "VmRSS"))

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield peak
    finally:
        over.set()
        thread.join()


# What is timed ---------------------------------------------------------------------------------


@dataclass(frozen=True)
class Took:
    """What a reading cost: seconds of the processor and of the clock, and bytes at the peak."""

    work: float
    wall: float
    peak: int

    def line(self, name: str) -> str:
        return f"{name:<36}{self.work:>11.1f}{self.wall:>9.1f}{self.peak / 1e9:>10.2f}"


Told = list[tuple[float, float, str]]
"""Seconds since the start, fraction, and what is being done."""


def load(path: Path) -> tuple[Dataset, Took, Told]:
    """Read the file as an upload; the work is that of the reading process, with its start."""
    data = path.read_bytes()
    told: Told = []
    start, before = time.perf_counter(), work_of_children()
    process = child.start()

    def progress(fraction: float, text: str) -> None:
        told.append((time.perf_counter() - start, fraction, text))

    with peak_of(str(process.pid)) as peak:
        dataset = ask(process, [(path.name, data)], Recipe(), None, progress)
    wall = time.perf_counter() - start
    process.wait()
    return dataset, Took(work_of_children() - before, wall, peak[0]), told


def work_of_children() -> float:
    """Processor seconds of the processes that were started from here and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def by_pandas(path: Path) -> tuple[int, Took]:
    """Rows and cost of `pandas.read_csv`, without the start of its process."""
    done = subprocess.run(
        [sys.executable, "-c", PANDAS, str(path)], check=True, capture_output=True, text=True
    )
    rows, work, wall, peak = json.loads(done.stdout)
    return rows, Took(work, wall, peak)


def uses(dataset: Dataset) -> dict[str, Callable[[], object]]:
    """What the pages do with a table, one by one."""
    spec = AnalysisSpec(group_by="arm", parts=("cohort", "km"))
    filled = filling.fill(dataset, spec)[0]
    event, event_is = filled.event or "", filled.event_is
    by_cut = filled.but(group_by="SUVmax", cut_rule="median")
    sent = wire.dumps(dataset)
    return {
        "guess the roles": lambda: guessing.guess(dataset),
        "list the endpoints": lambda: guessing.endpoints(dataset),
        "fill in the roles": lambda: filling.fill(dataset, spec),
        "propose markers": lambda: guessing.biomarkers(dataset),
        "propose groups": lambda: guessing.stratifiers(dataset),
        "different values of the identifiers": lambda: coding.values_of(dataset, "patient_id"),
        "different values of a marker": lambda: coding.values_of(dataset, "SUVmax"),
        "the event in words": lambda: coding.in_words(dataset, event, event_is),
        "table without identifiers": lambda: identifiers.without(dataset),
        "fingerprint": lambda: replace(dataset).fingerprint,
        "pack for the server": lambda: wire.dumps(dataset),
        "unpack in the server": lambda: wire.loads(sent),
        "curves of two arms, whole answer": lambda: analysis.analyse(dataset, filled),
        "curves by a cutoff, whole answer": lambda: analysis.analyse(dataset, by_cut),
    }


def work_of(run: Callable[[], object]) -> float:
    """Processor seconds of one run: what takes so long is not measured in turns."""
    start = time.process_time()
    run()
    return time.process_time() - start


def report_progress(told: Told, took: Took) -> None:
    assert all(a[1] <= b[1] for a, b in pairwise(told)), "it went backwards"
    silence = max(b - a for a, b in pairwise([0.0, *(at for at, _, _ in told), took.wall]))
    steps = len({fraction for _, fraction, _ in told})
    print(f"told {len(told)} times, {steps} different fractions, longest silence {silence:.2f} s")
    for text in dict.fromkeys(text for _, _, text in told):
        part = [(at, fraction) for at, fraction, what in told if what == text]
        print(f"  {part[0][0]:6.1f} to {part[-1][0]:5.1f} s, up to {part[-1][1]:4.0%}  {text}")


def main(arguments: list[str]) -> int:
    """Measure and print a small table."""
    rows = int(arguments[0]) if arguments else ROWS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "large.csv"
        write_table(path, rows)
        print(f"{rows:,} rows, {path.stat().st_size / 1e6:.0f} MB")
        their_rows, theirs = by_pandas(path)
        dataset, ours, told = load(path)
    assert len(dataset.frame) == their_rows == rows
    report_progress(told, ours)
    print(f"\n{'':<36}{'processor s':>11}{'clock s':>9}{'peak, GB':>10}")
    print(theirs.line("pandas.read_csv"))
    print(ours.line("ours, the reading process"))
    ratios = (ours.work / theirs.work, ours.wall / theirs.wall, ours.peak / theirs.peak)
    print(f"{'ratio':<36}{ratios[0]:>11.1f}{ratios[1]:>9.1f}{ratios[2]:>10.2f}")
    most, now = memory_of("self", "VmHWM") / 1e9, memory_of("self", "VmRSS") / 1e9
    print(f"ours, the server: {most:.2f} GB at the peak, {now:.2f} GB with the table alone\n")
    for name, run in uses(dataset).items():
        print(f"{name:<36}{work_of(run):>11.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
