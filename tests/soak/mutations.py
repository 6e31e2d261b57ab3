"""Damaged files by the thousand: ``python -m tests.soak.mutations`` (``make soak``).

Small valid tables are damaged at random and read as the server reads an upload, one process for
each file. Whatever is in a file, the answer must be a table or one sentence, within ten seconds,
that quotes no cell; and the server's side must not fail, neither while it waits nor when it shows
what came back. To start 10,000 processes in good time most are forked off one in which everything
is imported; each fiftieth is started as the server starts it.

A mutant is made from the seed, its format and its number alone: ``--only sav:1234`` makes it
again and says how it ends.
"""

from __future__ import annotations

import os

# Before numpy is imported: a process with several threads cannot safely be forked.
os.environ.update(OMP_NUM_THREADS="1", OPENBLAS_NUM_THREADS="1", ARROW_DEFAULT_MEMORY_POOL="system")

import argparse
import contextlib
import json
import logging
import platform
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from core.errors import StratiscopeError
from core.reading.process import child, conversation
from core.reading.process.conversation import Process
from core.steps import Recipe
from tests.soak import seeds
from tests.soak.damage import mutant
from tests.soak.forked import Forked, prepare
from tests.soak.screen import LONGEST, plain, shown
from tests.support import ROOT

SEED = 20_240_301
SECONDS = 10.0
STARTED = 50
"""One mutant in so many is read by a process that is started, not forked."""
RESULTS = Path(__file__).with_name("RESULTS.md")
LIBRARIES = (
    *("numpy", "pandas", "pyarrow", "pyreadstat", "python-calamine", "rdata", "lifelines"),
)


# Outcomes -------------------------------------------------------------------------------------


@dataclass
class Tally:
    """What became of the mutants of one format."""

    kind: str
    mutants: int = 0
    accepted: int = 0
    refused: int = 0
    unforeseen: int = 0
    crashed: int = 0
    slow: int = 0
    failed: int = 0
    quoted: int = 0
    odd: int = 0
    late: int = 0
    slowest: float = 0.0
    remarks: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """What must not happen."""
        return self.failed + self.quoted + self.odd + self.late


class _Ends(logging.Handler):
    """Hears from the log why a process gave no answer."""

    def __init__(self) -> None:
        super().__init__()
        self.last: tuple[Any, ...] | None = None

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.args if isinstance(record.args, tuple) else None


def trial(tally: Tally, number: int, data: bytes, ends: _Ends) -> str:
    """Read one mutant, count how it ended, and return that in words."""
    ends.last = None
    heard: list[str] = []
    asked: list[str] = []
    began = time.monotonic()
    process: Process = child.start() if number % STARTED == 0 else Forked()
    try:
        dataset = conversation.ask(
            process, [(f"a.{tally.kind}", data)], Recipe(), None, lambda f, t: heard.append(t)
        )
        asked = shown(dataset)
        outcome = "accepted"
    except StratiscopeError as error:
        heard.append(str(error))
        outcome = _outcome(str(error), ends.last)
    except Exception as error:
        heard.append(f"{type(error).__name__}: {error}")
        outcome = "failed"
    finally:
        _close(process)
    seconds = time.monotonic() - began
    setattr(tally, outcome, getattr(tally, outcome) + 1)
    tally.mutants += 1
    tally.slowest = max(tally.slowest, seconds)
    tally.late += seconds > SECONDS
    # Which value is the event cannot be asked without naming the values; patients never are.
    quoting = [t for t in heard if seeds.quotes_a_cell(t)] + [t for t in asked if seeds.MARK in t]
    unclear = [t for t in heard if not plain(t)]
    tally.quoted += bool(quoting)
    tally.odd += bool(unclear)
    wrong = quoting + unclear
    said = ["", *heard, *asked, *wrong][-1]
    words = f"{tally.kind}:{number} {outcome} {ends.last or ''} {seconds:.1f} s {said}"
    if wrong or outcome in ("unforeseen", "crashed", "slow", "failed") or seconds > SECONDS:
        # Few enough for a pipe that nobody reads before the end; all of them are printed.
        tally.remarks += [words[:500]] if len(tally.remarks) < 100 else []
        print(words, file=sys.stderr, flush=True)
    return words


def _outcome(said: str, end: tuple[Any, ...] | None) -> str:
    if end is not None:
        return "slow" if end[0] == "slow" else "crashed"
    return "unforeseen" if said.startswith("This file could not be read (") else "refused"


def _close(process: Process) -> None:
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):
                pipe.close()


def run_part(kind: str, numbers: Sequence[int], *, seed: int) -> Tally:
    """Try some mutants of one format in this process."""
    ends = _Ends()
    logger = logging.getLogger("stratiscope")
    logger.addHandler(ends)
    logger.propagate = False
    prepare()
    originals = seeds.seeds_of(kind)
    tally = Tally(kind)
    for number in numbers:
        data = originals[number % len(originals)]
        valid = number < len(originals)  # the files as they were, which must be read
        if not valid:
            data = mutant(kind, number, seed=seed, original=data)
        before = tally.accepted
        words = trial(tally, number, data, ends)
        if valid and tally.accepted == before:
            tally.remarks.append(f"the valid file is not read: {words}")
            tally.failed += 1
    return tally


def run(counts: dict[str, int], *, seed: int, jobs: int) -> list[Tally]:
    """Try mutants of all formats, some formats at a time, each in a program of its own."""
    waiting = list(counts.items())
    running: dict[str, subprocess.Popen[bytes]] = {}
    tallies: dict[str, Tally] = {}
    while waiting or running:
        while waiting and len(running) < jobs:
            kind, n = waiting.pop(0)
            running[kind] = _start_part(kind, n, seed)
        for kind, process in list(running.items()):
            if process.poll() is not None:
                tallies[kind] = _finished(kind, running.pop(kind))
                print(_row(tallies[kind]), flush=True)
        time.sleep(0.05)
    return [tallies[kind] for kind in counts]


def _start_part(kind: str, n: int, seed: int) -> subprocess.Popen[bytes]:
    part = [sys.executable, "-m", "tests.soak.mutations", "--part", kind, "--seed", str(seed)]
    return subprocess.Popen([*part, "-n", str(n)], cwd=ROOT, stdout=subprocess.PIPE)


def _finished(kind: str, process: subprocess.Popen[bytes]) -> Tally:
    said = process.communicate()[0]
    if process.returncode != 0:
        end = f"the program that stands for the server ended with {process.returncode}"
        return Tally(kind, failed=1, remarks=[end])
    return Tally(**json.loads(said))


# The report -----------------------------------------------------------------------------------

_COUNTS = (
    *("mutants", "accepted", "refused", "unforeseen", "crashed", "slow"),
    *("failed", "quoted", "odd", "late"),
)
_HEAD = """\
| format | files | read | refused | of these: not foreseen | reader crashed | too slow \
| server failed | cell quoted | not plain | later than 10 s | slowest |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|"""


def _row(t: Tally) -> str:
    cells = (t.mutants, t.accepted, t.mutants - t.accepted, t.unforeseen, t.crashed, t.slow)
    faults = (t.failed, t.quoted, t.odd, t.late)
    return f"| {t.kind} | {' | '.join(map(str, cells + faults))} | {t.slowest:.1f} s |"


def report(tallies: Sequence[Tally], *, seed: int, seconds: float) -> str:
    """Put the outcomes into a page of Markdown."""
    total = Tally("all", slowest=max(t.slowest for t in tallies))
    for name in _COUNTS:
        setattr(total, name, sum(getattr(t, name) for t in tallies))
    rows = "\n".join(map(_row, (*tallies, total)))
    main = sum(t.mutants for t in tallies if t.kind in seeds.MAIN)
    versions = ", ".join(f"{name} {installed}" for name, installed in _versions())
    return f"""\
# Damaged files

Written by `make soak`: small valid tables, damaged at random and read as an upload is read; what
was read is then put through what the pages call, without a screen. {main:,} files of the six main
formats ({", ".join(seeds.MAIN)}), and some of the others. The first files of each format are not
damaged and must be read. Whether a damaged file that was read was read rightly is not looked at.

All in "refused" were refused in one sentence. "Not foreseen": a fault of a library that has no
message of its own. "Reader crashed": the reading process ended by a signal or for want of memory.
Four columns must be 0: the server's side failed; a message quotes a cell; a message is not one
plain line of at most {LONGEST} characters; the answer came later than 10 s.

Messages are refusals and progress. After a table was read, the pages may ask which value of a
column is the event. That question has to name these values, so of it only one thing is asked:
that it holds nothing of a patient's id or name.

{_HEAD}
{rows}

{date.today().isoformat()}, {seconds / 60:.0f} minutes. Seed {seed}: with it,
`python -m tests.soak.mutations --only sav:1234` makes a file again.

Python {platform.python_version()}, {versions}.
"""


def _versions() -> Iterator[tuple[str, str]]:
    for name in LIBRARIES:
        with contextlib.suppress(PackageNotFoundError):
            yield name, version(name)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trial; the exit status is 1 where something happened that must not."""
    parser = argparse.ArgumentParser(description="Read damaged files by the thousand.")
    parser.add_argument("-n", type=int, default=10_000, help="mutants of the six main formats")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true", help="print the outcomes, write no page")
    parser.add_argument("--only", metavar="KIND:NUMBER", help="read one mutant again")
    parser.add_argument("--part", choices=(*seeds.MAIN, *seeds.MORE), help=argparse.SUPPRESS)
    given = parser.parse_args(arguments)
    if given.part or given.only:
        kind, _, number = (given.only or f"{given.part}:").partition(":")
        numbers = [int(number)] if number else range(given.n)
        print(json.dumps(asdict(run_part(kind, numbers, seed=given.seed))))
        return 0
    began = time.monotonic()
    each = -(-given.n // len(seeds.MAIN)) + 2  # the undamaged ones are not counted
    counts = dict.fromkeys(seeds.MAIN, each) | dict.fromkeys(seeds.MORE, each // 4 + 2)
    tallies = run(counts, seed=given.seed, jobs=given.jobs)
    if given.json:
        print(json.dumps([asdict(t) for t in tallies]))
    else:
        page = report(tallies, seed=given.seed, seconds=time.monotonic() - began)
        RESULTS.write_text(page, encoding="utf-8")
    return int(any(t.faults for t in tallies))


if __name__ == "__main__":
    sys.exit(main())
