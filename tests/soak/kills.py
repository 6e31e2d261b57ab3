"""Programs that are killed while they save: ``python -m tests.soak.kills``.

In each round three processes save views at the same time, into one view that they share and into
new ones, until one or all of them are killed, or with PostgreSQL the server itself. Then the store
is opened again: every save that was acknowledged must be there with the bytes that were saved, and
whatever else is there must be whole. Then four processes edit one view together, each edit based on
the latest version: all must be kept or refused, and none lost.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import secrets
import signal
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

import numpy as np
from sqlalchemy import select
from sqlalchemy.engine import URL

from core.sharing import contents
from core.sharing.database import Database
from core.sharing.errors import SharingError, StaleVersion
from core.sharing.schema import versions
from core.sharing.store import Store
from tests.soak import cluster as postgres

RESULTS = Path(__file__).with_name("KILLS.md")
SEED = 20_261_126
WRITERS = 3
EDITORS = 4
OWNER = "soak"


@dataclass
class Tally:
    """What became of the saves in one kind of store."""

    store: str
    rounds: int = 0
    servers_killed: int = 0
    acknowledged: int = 0
    refused: int = 0
    found: int = 0
    lost: int = 0
    wrong: int = 0
    half: int = 0
    broken: int = 0
    edits: int = 0
    kept: int = 0
    edits_refused: int = 0
    remarks: list[str] = field(default_factory=list)

    @property
    def faults(self) -> int:
        """What must not happen."""
        return self.lost + self.wrong + self.half + self.broken + (self.edits - self.kept)


# Processes that save --------------------------------------------------------------------------


@dataclass
class Writer:
    """A process forked off this one, and the pipe on which it tells what was acknowledged."""

    pid: int
    pipe: int

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def told(self) -> list[str]:
        """Wait for its end and return the lines that it wrote whole."""
        with os.fdopen(self.pipe, "rb") as pipe:
            said = pipe.read().decode()
        os.waitpid(self.pid, 0)
        return said.split("\n")[:-1]


def fork(work: Callable[[int], None]) -> Writer:
    """Run `work` in a process of its own, with a pipe to write to."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return Writer(pid, read)
    os.close(read)
    _end(work, write)


def _end(work: Callable[[int], None], pipe: int) -> NoReturn:
    try:
        work(pipe)
    except BaseException as error:
        os.write(pipe, f"failed {type(error).__name__}\n".encode())
    finally:
        os._exit(0)


def save_on(url: URL, shared: str, seed: int) -> Callable[[int], None]:
    """Save for ever, and tell of each save once it is acknowledged."""

    def work(pipe: int) -> None:
        store, rng = Store(url), np.random.default_rng(seed)
        common = rng.bytes(20_000)
        latest = 1
        while True:
            # Some bytes are everybody's, so that saves meet there too.
            data = common if rng.random() < 0.2 else rng.bytes(int(2 ** rng.uniform(4, 18)))
            members = {"query.txt": secrets.token_bytes(16), "patients.parquet": data}
            said = hashlib.sha256(members["query.txt"] + data).hexdigest()
            try:
                if rng.random() < 0.3:
                    made = store.create("snapshot", members, owner=OWNER)
                else:
                    made = store.save(shared, members, owner=OWNER, based_on=latest)
                    latest = made.version
            except StaleVersion as stale:
                latest = stale.latest
                os.write(pipe, b"refused\n")
                continue
            except SharingError as error:
                os.write(pipe, f"told {type(error).__name__}\n".encode())
                continue
            os.write(pipe, f"{made.view} {made.version} {said}\n".encode())

    return work


def one_round(url: URL, rng: np.random.Generator, server: postgres.Cluster | None) -> list[str]:
    """Let processes save, kill them or the server, and return what they told."""
    store = Store(url)
    shared = store.create("snapshot", {"query.txt": b"first"}, owner=OWNER).view
    store.close()
    writers = [fork(save_on(url, shared, int(rng.integers(2**32)))) for _ in range(WRITERS)]
    time.sleep(float(rng.uniform(0.5, 1.6)))
    if server is not None:
        server.kill()
    elif rng.random() < 0.5:
        writers[0].kill()
        time.sleep(float(rng.uniform(0.02, 0.2)))
    for writer in writers:
        writer.kill() if _runs(writer) else None
    lines = [line for writer in writers for line in writer.told()]
    if server is not None:
        server.start()
    return lines


def _runs(writer: Writer) -> bool:
    try:
        os.kill(writer.pid, 0)
    except ProcessLookupError:
        return False
    return True


def check(url: URL, lines: Sequence[str], tally: Tally) -> None:
    """Look for every acknowledged save, and for anything that is half there."""
    acknowledged = [line.split() for line in lines if line.count(" ") == 2]
    tally.refused += lines.count("refused")
    tally.acknowledged += len(acknowledged)
    tally.remarks += [line for line in lines if line.startswith("failed")]
    database = Database(url)
    with database.reading() as connection:
        for view, number, said in acknowledged:
            try:
                found = contents.read(connection, view, int(number)).members
            except SharingError:
                tally.lost += 1
                continue
            data = found["query.txt"] + found["patients.parquet"]
            tally.wrong += hashlib.sha256(data).hexdigest() != said
            tally.found += 1
        for view, number in connection.execute(select(versions.c.view, versions.c.version)).all():
            try:
                contents.read(connection, view, number)
                contents.read(connection, view, None)
            except SharingError:
                tally.half += 1
    database.close()
    if url.get_backend_name() == "sqlite":
        told = sqlite3.connect(url.database or "").execute("PRAGMA integrity_check").fetchone()
        tally.broken += told != ("ok",)


# Edits of one view ----------------------------------------------------------------------------


def edit_on(url: URL, view: str, who: int, edits: int) -> Callable[[int], None]:
    """Add lines to one view, each time to the latest version."""

    def work(pipe: int) -> None:
        store, database = Store(url), Database(url)
        for i in range(edits):
            while True:
                with database.reading() as connection:
                    found = contents.read(connection, view, None)
                text = found.members["query.txt"] + f"{who}.{i}\n".encode()
                members = {"query.txt": text}
                try:
                    store.save(view, members, owner=OWNER, based_on=found.version)
                    break
                except StaleVersion:
                    os.write(pipe, b"refused\n")
            os.write(pipe, f"kept {who}.{i}\n".encode())

    return work


def edit(url: URL, edits: int, tally: Tally) -> None:
    """Edit one view from `EDITORS` processes, and look whether an edit was lost."""
    store = Store(url)
    view = store.create("snapshot", {"query.txt": b""}, owner=OWNER).view
    store.close()
    each = edits // EDITORS
    editors = [fork(edit_on(url, view, who, each)) for who in range(EDITORS)]
    lines = [line for editor in editors for line in editor.told()]
    database = Database(url)
    with database.reading() as connection:
        found = contents.read(connection, view, None)
    database.close()
    there = found.members["query.txt"].decode().split()
    told = [line.removeprefix("kept ") for line in lines if line.startswith("kept")]
    tally.remarks += [line for line in lines if line.startswith("failed")]
    tally.edits += each * EDITORS
    tally.kept += len({*there} & {*told}) if len(there) == len({*there}) else 0
    tally.edits_refused += lines.count("refused")
    tally.wrong += found.version != each * EDITORS + 1


# The whole ------------------------------------------------------------------------------------


def run(url: URL, rounds: int, edits: int, server: postgres.Cluster | None, seed: int) -> Tally:
    """Kill `rounds` times; with PostgreSQL the server itself in each sixth round."""
    tally = Tally("SQLite" if server is None else "PostgreSQL")
    rng = np.random.default_rng([seed, server is None])
    for number in range(rounds):
        victim = server if number % 6 == 5 else None
        lines = one_round(url, rng, victim)
        check(url, lines, tally)
        tally.rounds += 1
        tally.servers_killed += victim is not None
        if server is not None:
            server.empty()
        else:
            for part in Path(url.database or "").parent.glob("views.db*"):
                part.unlink()
    edit(url, edits, tally)
    return tally


_COLUMNS = (
    *("rounds", "servers_killed", "acknowledged", "found", "refused", "lost", "wrong", "half"),
    *("broken", "edits", "kept", "edits_refused"),
)


def report(tallies: Sequence[Tally], *, seed: int, seconds: float) -> str:
    """Put the outcomes into a page of Markdown."""
    rows = "\n".join(
        f"| {t.store} | {' | '.join(f'{getattr(t, name):,}' for name in _COLUMNS)} |"
        for t in tallies
    )
    packages = ", ".join(f"{n} {version(n)}" for n in ("sqlalchemy", "alembic", "psycopg"))
    return f"""\
# Killed while saving

Written by `python -m tests.soak.kills`. In each round {WRITERS} processes save at the same time,
into one view that they share and into new ones, and are killed (SIGKILL) after a fraction of a
second; in each sixth round of PostgreSQL the server is killed. Then every save that had been
acknowledged is looked for, and compared with the bytes that were saved. "Refused" are saves based
on a version that was not the latest any more. Then {EDITORS} processes edit one view together.

Lost, wrong, half written and broken (the database's own check) must be 0, and all edits kept.

| store | rounds | servers killed | saves acknowledged | found | refused | lost | wrong | half \
written | broken | edits | kept | edits refused and made again |
|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
{rows}

A killed program does not lose what the system has in its memory, as a power cut does: against that
stand SQLite's `synchronous=FULL` and PostgreSQL's `fsync`, which are not tried here.

{date.today().isoformat()}, {seconds / 60:.1f} minutes. Seed {seed}.
Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, {packages}.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the trial; the exit status is 1 where something happened that must not."""
    parser = argparse.ArgumentParser(description="Kill programs that save.")
    parser.add_argument("--sqlite", type=int, default=100, help="rounds")
    parser.add_argument("--postgres", type=int, default=60, help="rounds; 0: without PostgreSQL")
    parser.add_argument("--edits", type=int, default=400, help="in each kind of store")
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--json", action="store_true", help="print the outcomes, write no page")
    given = parser.parse_args(arguments)
    # Stopped from outside, it still stops the server that it started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    began = time.monotonic()
    tallies = []
    if given.sqlite:
        with tempfile.TemporaryDirectory() as place:
            url = URL.create("sqlite", database=str(Path(place) / "views.db"))
            tallies.append(run(url, given.sqlite, given.edits, None, given.seed))
    if given.postgres:
        with postgres.running(on_disk=True) as server:
            tallies.append(run(server.url, given.postgres, given.edits, server, given.seed))
    if given.json:
        print(json.dumps([asdict(t) | {"faults": t.faults} for t in tallies]))
    else:
        page = report(tallies, seed=given.seed, seconds=time.monotonic() - began)
        RESULTS.write_text(page, encoding="utf-8")
        print(page)
    return int(any(t.faults or t.remarks for t in tallies))


if __name__ == "__main__":
    sys.exit(main())
