"""What happens to saved views when things break: a message or a recovery, never a wrong view."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.engine import URL

from core.sharing.database import Database
from core.sharing.errors import Gone, SharingError, StoreError
from core.sharing.links import Link, withdraw
from core.sharing.store import Opened, Store
from tests.soak import cluster
from tests.support import ROOT, need

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OWNER = "owner"
TABLE = random.Random(3).randbytes(3000)
FIRST = {"query.txt": b"v=1&group_by=age", "patients.parquet": TABLE}
SECOND = {"query.txt": b"v=1&group_by=grade", "patients.parquet": TABLE}


def sqlite(folder: Path) -> URL:
    return URL.create("sqlite", database=str(folder / "views.db"))


def filled(store: Store) -> tuple[str, list[Link]]:
    """A view in two versions, and a link to each."""
    view = store.create("snapshot", FIRST, owner=OWNER, title="Age", now=NOW).view
    store.save(view, SECOND, owner=OWNER, based_on=1, title="Grade", now=NOW)
    return view, [
        store.link(view, owner=OWNER, now=NOW),
        store.link(view, owner=OWNER, version=1, mode="explore", now=NOW),
    ]


def seen(opened: Opened) -> tuple[object, ...]:
    return (opened.version, opened.kind, opened.title, opened.saved, dict(opened.members),
            opened.link.mode, opened.link.expires)  # fmt: skip


# The file -------------------------------------------------------------------------------------


def test_a_flipped_byte_is_refused_or_changes_nothing(tmp_path: Path) -> None:
    store = Store(sqlite(tmp_path))
    view, links = filled(store)
    dead = store.link(view, owner=OWNER, now=NOW)
    store.withdraw(view, dead.id, owner=OWNER, now=NOW)
    expected = [seen(store.open(link.token, now=NOW)) for link in links]
    whole = (tmp_path / "views.db").read_bytes()
    written = [i for i, byte in enumerate(whole) if byte]  # an empty page says nothing
    rng, refused, right = random.Random(8), 0, 0
    for _ in range(200):
        folder = tmp_path / "damaged"
        folder.mkdir()
        data = bytearray(whole)
        data[rng.choice(written)] ^= rng.randrange(1, 256)
        (folder / "views.db").write_bytes(data)
        damaged = Store(sqlite(folder))
        for link, before in zip(links, expected, strict=True):
            try:
                assert seen(damaged.open(link.token, now=NOW)) == before
                right += 1
            except SharingError:
                refused += 1
        with pytest.raises(SharingError):
            damaged.open(dead.token, now=NOW)
        shutil.rmtree(folder)
    assert right + refused == 400
    assert min(right, refused) > 40


@pytest.mark.parametrize("left", [0, 1, 99, 4096, 20_000, 40_000])
def test_a_truncated_file_is_refused_with_a_way_on(tmp_path: Path, left: int) -> None:
    _, links = filled(Store(sqlite(tmp_path)))
    file = tmp_path / "views.db"
    file.write_bytes(file.read_bytes()[:left])
    for link in links:
        with pytest.raises((StoreError, Gone)) as refused:
            Store(sqlite(tmp_path)).open(link.token, now=NOW)
        assert refused.value.hint


def test_a_file_that_is_lost_while_it_is_used_takes_no_saves(tmp_path: Path) -> None:
    store = Store(sqlite(tmp_path))
    view, links = filled(store)
    for part in tmp_path.glob("views.db*"):
        part.unlink()
    with pytest.raises(StoreError, match="cannot be reached"):
        store.open(links[0].token, now=NOW)
    with pytest.raises(StoreError, match="Your work on this page is kept"):
        store.save(view, FIRST, owner=OWNER, based_on=2, now=NOW)
    assert not (tmp_path / "views.db").exists()


def test_another_file_in_its_place_is_refused(tmp_path: Path) -> None:
    (tmp_path / "views.db").write_bytes(b"patient,months\n1,3\n" * 400)
    with pytest.raises(StoreError, match="is damaged"):
        Store(sqlite(tmp_path)).views(OWNER)


# Disks ----------------------------------------------------------------------------------------


def disk(place: str) -> None:
    """What `test_a_full_disk_and_a_read_only_one` wants to know, on a disk of 2 MB: as JSON."""
    folder, said = Path(place), []
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", place], check=True)
    url = sqlite(folder)
    view, (link, pinned) = filled(Store(url))
    with open(folder / "filler", "wb", buffering=0) as filler:
        try:
            while True:
                filler.write(bytes(4096))
        except OSError:
            said.append("disk is full")
    said.append(_kept(url, link, 2))
    said.append(_refused(url, view))
    (folder / "filler").unlink()
    Store(url).save(view, FIRST, owner=OWNER, based_on=2, now=NOW)
    said.append(_kept(url, link, 3))
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    said.append(_kept(url, link, 3))
    said.append(_refused(url, view))
    subprocess.run(["mount", "-o", "remount,rw", place], check=True)
    _withdraw_into_the_log(url, view, link)
    subprocess.run(["mount", "-o", "remount,ro", place], check=True)
    said.append(_kept(url, pinned, 1))
    try:
        Store(url).open(link.token, now=NOW)
    except Gone:
        said.append("withdrawn")
    print(json.dumps(said))


def _kept(url: URL, link: Link, version: int) -> str:
    opened = Store(url).open(link.token, now=NOW)
    return "opened" if opened.version == version else "another version"


def _refused(url: URL, view: str) -> str:
    try:
        Store(url).save(view, FIRST, owner=OWNER, based_on=2, now=NOW)
    except StoreError as error:
        return error.reason
    return "saved"


def _withdraw_into_the_log(url: URL, view: str, link: Link) -> None:
    """Withdraw a link in a program that ends before its log is put into the file."""
    child = os.fork()
    if not child:
        database = Database(url)
        with database.reading():  # keeps the log
            with database.writing() as connection:
                withdraw(connection, view, link.id, now=NOW)
            os._exit(0)
    os.waitpid(child, 0)
    folder = Path(url.database or "").parent
    (folder / "views.db-shm").unlink()
    assert (folder / "views.db-wal").stat().st_size > 0


def test_a_full_disk_and_a_read_only_one(tmp_path: Path) -> None:
    """Saved views open on both, saves are refused, and a withdrawal in the log is not overseen."""
    unshare = need("unshare")
    if subprocess.run([unshare, "-rm", "true"], capture_output=True).returncode:
        pytest.skip("needs a system on which a program may mount a disk of its own")
    command = [unshare, "-rm", sys.executable, "-m", "tests.test_sharing_faults", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        *("disk is full", "opened", "full", "opened"),
        *("opened", "read-only", "opened", "withdrawn"),
    ]


# The server -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def server() -> Iterator[cluster.Cluster]:
    with cluster.running() as running:
        yield running


def test_a_database_that_is_down_is_said_and_found_again(server: cluster.Cluster) -> None:
    server.empty()
    store = Store(server.url)
    view, links = filled(store)
    server.kill()
    for attempt in (
        lambda: store.open(links[0].token, now=NOW),
        lambda: store.save(view, FIRST, owner=OWNER, based_on=2, now=NOW),
        lambda: Store(server.url).views(OWNER),
    ):
        with pytest.raises(StoreError, match="cannot be reached") as refused:
            attempt()
        assert "work on this page is kept" in refused.value.hint
        assert "127.0.0.1" not in str(refused.value)
    server.start()
    assert store.open(links[0].token, now=NOW).version == 2
    assert store.save(view, FIRST, owner=OWNER, based_on=2, now=NOW).version == 3
    store.close()


def test_who_may_only_read_opens_views(server: cluster.Cluster) -> None:
    server.empty()
    store = Store(server.url)
    view, links = filled(store)
    database = Database(server.url)
    with database.writing() as connection:
        connection.execute(text("CREATE ROLE reader LOGIN"))
        connection.execute(text("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader"))
        connection.execute(text("GRANT USAGE ON SCHEMA public TO reader"))
    database.close()
    reader = Store(server.url.set(username="reader"))
    assert reader.open(links[0].token, now=NOW).version == 2
    with pytest.raises(StoreError, match="cannot be written to"):
        reader.save(view, FIRST, owner=OWNER, based_on=2, now=NOW)
    reader.close()
    store.close()


def test_nothing_acknowledged_is_lost_when_programs_are_killed() -> None:
    """A sample of `python -m tests.soak.kills`, whose page says what the whole gives."""
    cluster.binary("initdb")
    command = [sys.executable, "-m", "tests.soak.kills", "--json", "--sqlite", "2"]
    done = subprocess.run([*command, "--postgres", "1", "--edits", "16"], cwd=ROOT,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for tally in json.loads(done.stdout):
        assert tally["acknowledged"] == tally["found"] > 5
        assert tally["faults"] == 0
        assert tally["kept"] == tally["edits"] == 16


if __name__ == "__main__":
    disk(sys.argv[1])
