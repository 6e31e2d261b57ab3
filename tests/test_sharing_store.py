"""The store of saved views, in SQLite and in PostgreSQL: what is saved stays, gone is gone."""

from __future__ import annotations

import os
import re
import stat
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import func, select, text, update
from sqlalchemy.engine import URL

from core.sharing import links, places, sealing
from core.sharing.database import Database
from core.sharing.errors import (
    Damaged,
    Gone,
    Locked,
    PassphraseNeeded,
    SharingError,
    StaleVersion,
    StoreError,
    WrongPassphrase,
)
from core.sharing.schema import blobs, metadata
from core.sharing.schema import links as link_table
from core.sharing.schema import versions as version_table
from core.sharing.store import Opened, Store
from tests.soak import cluster

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
DAY = timedelta(days=1)
OWNER = "sub-of-the-login"
CANARY = b"CANARY-patient-0815"
ONE = {"query.txt": b"v=1&group_by=age", "patients.parquet": CANARY * 40}
TWO = {**ONE, "query.txt": b"v=1&group_by=grade"}


@pytest.fixture(scope="module")
def server() -> Iterator[cluster.Cluster]:
    with cluster.running() as running:
        yield running


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> URL:
    if request.param == "sqlite":
        return URL.create("sqlite", database=str(tmp_path / "store" / "views.db"))
    running: cluster.Cluster = request.getfixturevalue("server")
    running.empty()
    return running.url


@pytest.fixture
def store(url: URL) -> Iterator[Store]:
    made = Store(url)
    yield made
    made.close()


@pytest.fixture
def database(url: URL) -> Iterator[Database]:
    made = Database(url)
    yield made
    made.close()


@pytest.fixture
def replica(url: URL) -> Iterator[Store]:
    made = Store(url)
    yield made
    made.close()


def contents(opened: Opened) -> tuple[int, dict[str, bytes]]:
    return opened.version, dict(opened.members)


# Save and open --------------------------------------------------------------------------------


def test_a_view_opens_as_it_was_saved(store: Store) -> None:
    saved = store.create("snapshot", ONE, owner=OWNER, title="Age", now=NOW)
    link = store.link(saved.view, owner=OWNER, mode="explore", now=NOW)
    opened = store.open(link.token, now=NOW)
    assert contents(opened) == (1, ONE)
    assert (opened.kind, opened.title, opened.link.mode) == ("snapshot", "Age", "explore")
    assert opened.saved == NOW
    assert opened.fingerprint == saved.fingerprint
    assert re.fullmatch("[0-9a-f]{12}", saved.fingerprint)
    assert [v.view for v in store.views(OWNER)] == [saved.view]
    assert store.views("somebody else") == ()


def test_every_save_is_a_version_and_links_follow_or_stay(store: Store) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    follows = store.link(view, owner=OWNER, now=NOW)
    stays = store.link(view, owner=OWNER, version=1, now=NOW)
    store.save(view, TWO, owner=OWNER, based_on=1, now=NOW)
    assert contents(store.open(follows.token, now=NOW)) == (2, TWO)
    assert contents(store.open(stays.token, now=NOW)) == (1, ONE)


def test_versions_and_copies_share_their_bytes(store: Store, database: Database) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    store.save(view, TWO, owner=OWNER, based_on=1, now=NOW)
    opened = store.open(store.link(view, owner=OWNER, now=NOW).token, now=NOW)
    store.create("snapshot", opened.members, owner="b", parent=opened, now=NOW)
    with database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(blobs)).scalar() == 3
        parents = connection.execute(select(version_table.c.parent)).scalars()
        assert sorted(parents) == ["", "", f"{view}:2"]


def test_a_save_upon_an_older_version_is_refused(store: Store) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    store.save(view, TWO, owner=OWNER, based_on=1, now=NOW)
    with pytest.raises(StaleVersion, match="at version 2 now") as refused:
        store.save(view, ONE, owner=OWNER, based_on=1, now=NOW)
    assert refused.value.latest == 2
    with pytest.raises(StaleVersion):
        store.save(view, ONE, owner=OWNER, based_on=2 + 5, now=NOW)
    link = store.link(view, owner=OWNER, now=NOW)
    assert contents(store.open(link.token, now=NOW)) == (2, TWO)


def test_results_hold_no_table_and_nothing_too_large_is_saved(store: Store) -> None:
    answer = {"query.txt": b"v=1", "results.json": b'{"km": {}}'}
    saved = store.create("results", answer, owner=OWNER, now=NOW)
    opened = store.open(store.link(saved.view, owner=OWNER, now=NOW).token, now=NOW)
    assert (opened.kind, dict(opened.members)) == ("results", answer)
    with pytest.raises(SharingError, match="must not hold the table"):
        store.create("results", ONE, owner=OWNER, now=NOW)
    with pytest.raises(SharingError, match="larger than 32 MB"):
        store.create("snapshot", {"a.bin": bytes(33 * 1024 * 1024)}, owner=OWNER, now=NOW)
    with pytest.raises(SharingError, match="longer than 200"):
        store.create("snapshot", ONE, owner=OWNER, title="x" * 201, now=NOW)


def test_only_the_owner_saves_links_withdraws_and_deletes(store: Store) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    link = store.link(view, owner=OWNER, now=NOW)
    for attempt in (
        lambda: store.save(view, TWO, owner="other", based_on=1, now=NOW),
        lambda: store.link(view, owner="other", now=NOW),
        lambda: store.links(view, owner="other"),
        lambda: store.withdraw(view, owner="other", now=NOW),
        lambda: store.delete(view, owner="other"),
        lambda: store.link(view, owner=OWNER, version=9, now=NOW),
    ):
        with pytest.raises(Gone):
            attempt()
    assert contents(store.open(link.token, now=NOW)) == (1, ONE)


# The end of links -----------------------------------------------------------------------------


def test_a_link_ends_to_the_second(store: Store) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    link = store.link(view, owner=OWNER, now=NOW)
    assert link.expires == NOW + 14 * DAY
    second = timedelta(seconds=1)
    assert store.open(link.token, now=link.expires - second).version == 1
    with pytest.raises(Gone):
        store.open(link.token, now=link.expires)
    for days in (0, -1, 366, float("nan")):
        with pytest.raises(SharingError, match="at most 365 days"):
            store.link(view, owner=OWNER, days=days, now=NOW)


def test_what_opens_nothing_looks_the_same(store: Store) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    withdrawn, expired, deleted = (store.link(view, owner=OWNER, now=NOW) for _ in range(3))
    assert store.withdraw(view, withdrawn.id, owner=OWNER, now=NOW) == 1
    said = []
    tokens = {withdrawn.token: NOW, expired.token: NOW + 15 * DAY, "x" * 32: NOW, "": NOW,
              "a' OR '1'='1": NOW, "ü" * 32: NOW}  # fmt: skip
    for token, when in tokens.items():
        for ask in (store.open, store.opens):
            with pytest.raises(Gone) as refused:
                ask(token, now=when)
            said.append((type(refused.value), str(refused.value), refused.value.args))
    store.delete(view, owner=OWNER)
    with pytest.raises(Gone) as refused:
        store.open(deleted.token, now=NOW)
    said.append((type(refused.value), str(refused.value), refused.value.args))
    assert len({*said}) == 1
    assert len(said) == 13


def test_a_withdrawal_holds_at_once_on_every_server(store: Store, replica: Store) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    kept, ended = store.link(view, owner=OWNER, now=NOW), store.link(view, owner=OWNER, now=NOW)
    assert replica.open(ended.token, now=NOW).version == 1
    store.withdraw(view, ended.id, owner=OWNER, now=NOW)
    for ask in (replica.open, replica.opens):
        with pytest.raises(Gone):
            ask(ended.token, now=NOW)
    assert replica.opens(kept.token, now=NOW).id == kept.id
    assert [x.withdrawn for x in replica.links(view, owner=OWNER) if x.id == ended.id] == [True]
    assert replica.withdraw(view, owner=OWNER, now=NOW) == 1
    with pytest.raises(Gone):
        store.open(kept.token, now=NOW)


def test_a_clock_that_is_set_back_revives_nothing(store: Store) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    short = store.link(view, owner=OWNER, days=1, now=NOW)
    ended = store.link(view, owner=OWNER, days=300, now=NOW)
    store.withdraw(view, ended.id, owner=OWNER, now=NOW)
    store.save(view, TWO, owner=OWNER, based_on=1, now=NOW + 1.5 * DAY)  # the store has seen it
    for now in (NOW + 2 * DAY, NOW + 0.5 * DAY, NOW):
        with pytest.raises(Gone):
            store.open(short.token, now=now)
    for now in (NOW, NOW - 900 * DAY, NOW + 900 * DAY):
        with pytest.raises(Gone):
            store.open(ended.token, now=now)


def test_a_clock_that_was_once_far_ahead_ends_links_by_two_days_at_most(store: Store) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    link = store.link(view, owner=OWNER, days=14, now=NOW)
    store.save(view, TWO, owner=OWNER, based_on=1, now=NOW + 4000 * DAY)
    assert store.open(link.token, now=NOW + 11 * DAY).version == 2
    with pytest.raises(Gone):
        store.open(link.token, now=NOW + 12.5 * DAY)


def test_a_copy_of_a_withdrawn_view_is_refused(store: Store) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    link = store.link(view, owner=OWNER, now=NOW)
    opened = store.open(link.token, now=NOW)
    store.withdraw(view, owner=OWNER, now=NOW)
    with pytest.raises(Gone):
        store.create("snapshot", ONE, owner="b", parent=opened, now=NOW)
    assert store.views("b") == ()


def test_a_link_cannot_be_lengthened_or_turned_in_the_database(
    store: Store, database: Database
) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    link = store.link(view, owner=OWNER, now=NOW)
    later = links.stamp(NOW + 100 * DAY)
    for change in ({"expires": later}, {"mode": "explore"}, {"version": 1}, {"created": 1}):
        before = select(*(link_table.c[name] for name in change))
        with database.writing() as connection:
            was = connection.execute(before).one()._asdict()
            connection.execute(update(link_table).values(**change))
        with pytest.raises(Damaged):
            store.open(link.token, now=NOW)
        with database.writing() as connection:
            connection.execute(update(link_table).values(**was))
        assert store.open(link.token, now=NOW).version == 1


# What is in the database ----------------------------------------------------------------------


def everything(url: URL, server: cluster.Cluster | None) -> bytes:
    if server is not None:
        return server.dump().encode()
    file = Path(url.database or "")
    return b"".join(part.read_bytes() for part in file.parent.glob(f"{file.name}*"))


def test_no_token_is_in_the_database(
    store: Store, url: URL, request: pytest.FixtureRequest
) -> None:
    view = store.create("snapshot", ONE, owner="anna@hospital.example", now=NOW).view
    owner = "anna@hospital.example"
    made = [store.link(view, owner=owner, now=NOW) for _ in range(40)]
    on_server = request.getfixturevalue("server") if url.drivername != "sqlite" else None
    held = everything(url, on_server)
    assert view.encode() in held
    for secret in [*(link.token for link in made), owner]:
        assert not _holds(held, secret.encode())
    assert len({link.token for link in made}) == 40
    assert all(len(link.token) == 32 and link.token not in repr(link) for link in made)


def test_delete_deletes(
    store: Store, database: Database, url: URL, request: pytest.FixtureRequest
) -> None:
    """The marker is in no file of SQLite, and not in a dump of PostgreSQL."""
    common = {"query.txt": b"v=1&group_by=shared-by-two"}
    kept = store.create("snapshot", common, owner=OWNER, now=NOW).view
    on_server = request.getfixturevalue("server") if url.drivername != "sqlite" else None
    with database.reading():  # somebody else is there: the log of SQLite stays
        view = store.create("snapshot", {**ONE, **common}, owner=OWNER, now=NOW).view
        store.save(view, TWO, owner=OWNER, based_on=1, title="secret-title", now=NOW)
        link = store.link(view, owner=OWNER, now=NOW)
        marks = [CANARY, b"secret-title", b"group_by=grade", view.encode(), link.id.encode()]
        before = everything(url, on_server)
        assert all(_holds(before, mark) for mark in marks)
        store.delete(view, owner=OWNER)
        after = everything(url, on_server)
    assert not [mark for mark in marks if _holds(after, mark)]
    assert [v.view for v in store.views(OWNER)] == [kept]
    other = store.link(kept, owner=OWNER, now=NOW)
    assert dict(store.open(other.token, now=NOW).members) == common


def _holds(held: bytes, mark: bytes) -> bool:
    """Whether a mark is there; a dump writes bytes in hex."""
    return mark in held or mark.hex().encode() in held


def test_the_tables_are_those_of_the_migrations(store: Store, database: Database) -> None:
    store.views(OWNER)
    with database.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_several_programs_may_start_at_once(url: URL, replica: Store) -> None:
    failed: list[BaseException] = []

    def start() -> None:
        store = Store(url)
        try:
            store.create("snapshot", ONE, owner=OWNER, now=NOW)
        except BaseException as error:
            failed.append(error)
        finally:
            store.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    assert len(replica.views(OWNER)) == 4


def test_a_store_of_a_newer_version_is_left_alone(
    store: Store, database: Database, replica: Store
) -> None:
    store.create("snapshot", ONE, owner=OWNER, now=NOW)
    with database.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreError, match="newer version of Stratiscope"):
        replica.views(OWNER)


def test_changed_bytes_are_refused_and_mended_by_the_next_save(
    store: Store, database: Database
) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    link = store.link(view, owner=OWNER, now=NOW)
    with database.writing() as connection:
        changed = ONE["patients.parquet"].replace(b"0815", b"0816", 1)
        old = blobs.c.data == ONE["patients.parquet"]
        connection.execute(update(blobs).where(old).values(data=changed))
    with pytest.raises(Damaged):
        store.open(link.token, now=NOW)
    store.save(view, TWO, owner=OWNER, based_on=1, now=NOW)
    assert contents(store.open(link.token, now=NOW)) == (2, TWO)


@pytest.mark.parametrize("field", ["title", "saved", "kind", "parent", "digest"])
def test_changed_words_about_a_version_are_refused(
    store: Store, database: Database, field: str
) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, title="Age", now=NOW).view
    link = store.link(view, owner=OWNER, now=NOW)
    value = {"saved": 5, "kind": "results"}.get(field, "other")
    with database.writing() as connection:
        connection.execute(update(version_table).values({field: value}))
    with pytest.raises(Damaged):
        store.open(link.token, now=NOW)


def test_a_latest_version_that_is_missing_is_not_replaced_by_an_older_one(
    store: Store, database: Database
) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, now=NOW).view
    store.save(view, TWO, owner=OWNER, based_on=1, now=NOW)
    link = store.link(view, owner=OWNER, now=NOW)
    with database.writing() as connection:
        connection.execute(text("DELETE FROM versions WHERE version = 2"))
    with pytest.raises(Damaged):
        store.open(link.token, now=NOW)


# Passphrases ----------------------------------------------------------------------------------


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key in no time; the real one is tried in `test_sharing_bundle`."""

    def key(passphrase: str, salt: bytes) -> bytes:
        import hashlib

        return hashlib.sha256(salt + passphrase.encode()).digest()

    monkeypatch.setattr(sealing, "_key", key)


@pytest.mark.usefixtures("quick")
def test_a_passphrase_protects_what_is_stored(
    store: Store, url: URL, request: pytest.FixtureRequest
) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, passphrase="eight words", now=NOW).view
    link = store.link(view, owner=OWNER, now=NOW)
    on_server = request.getfixturevalue("server") if url.drivername != "sqlite" else None
    held = everything(url, on_server)
    assert not _holds(held, CANARY)
    with pytest.raises(PassphraseNeeded):
        store.open(link.token, now=NOW)
    with pytest.raises(WrongPassphrase):
        store.open(link.token, passphrase="nine words", now=NOW)
    opened = store.open(link.token, passphrase="eight words", now=NOW)
    assert contents(opened) == (1, ONE)
    with pytest.raises(SharingError, match="shorter than 8"):
        store.save(view, ONE, owner=OWNER, based_on=1, passphrase="short", now=NOW)


@pytest.mark.usefixtures("quick")
def test_five_wrong_passphrases_lock_a_link_for_a_quarter_of_an_hour(store: Store) -> None:
    view = store.create("snapshot", ONE, owner=OWNER, passphrase="eight words", now=NOW).view
    link, other = (store.link(view, owner=OWNER, now=NOW) for _ in range(2))
    for _ in range(4):
        with pytest.raises(WrongPassphrase):
            store.open(link.token, passphrase="wrong words", now=NOW)
    assert store.open(link.token, passphrase="eight words", now=NOW).version == 1
    for _ in range(5):
        with pytest.raises(WrongPassphrase):
            store.open(link.token, passphrase="wrong words", now=NOW)
    minutes = timedelta(minutes=1)
    for after, left in ((0, 15), (10, 5), (14, 1)):
        with pytest.raises(Locked) as locked:
            store.open(link.token, passphrase="eight words", now=NOW + after * minutes)
        assert locked.value.minutes == left
    assert store.open(other.token, passphrase="eight words", now=NOW).version == 1
    later = NOW + 15 * minutes
    assert store.open(link.token, passphrase="eight words", now=later).version == 1


@pytest.mark.usefixtures("quick")
def test_sealed_bytes_of_another_version_or_view_do_not_open(
    store: Store, database: Database
) -> None:
    first = store.create("snapshot", ONE, owner=OWNER, passphrase="eight words", now=NOW).view
    store.create("snapshot", TWO, owner=OWNER, passphrase="eight words", now=NOW)
    with database.reading() as connection:
        one, two = connection.execute(select(blobs.c.data)).scalars()
    for moved in (one, two):
        fitting = 0
        for view, number in ((first, 1), (first, 2), ("other", 1)):
            try:
                sealing.unseal(moved, "eight words", belongs=f"{view} {number} snapshot")
                fitting += 1
            except WrongPassphrase:
                pass
        assert fitting <= 1


def test_two_keys_are_derived_at_once_at_most(monkeypatch: pytest.MonkeyPatch) -> None:
    running, most, lock = 0, 0, threading.Lock()

    class Slow:
        def __init__(self, *, salt: bytes, length: int, n: int, r: int, p: int) -> None:
            assert (length, n, r, p) == (32, 2**17, 8, 1)

        def derive(self, said: bytes) -> bytes:
            nonlocal running, most
            with lock:
                running += 1
                most = max(most, running)
            threading.Event().wait(0.05)
            with lock:
                running -= 1
            return bytes(32)

    monkeypatch.setattr(sealing, "Scrypt", Slow)
    threads = [
        threading.Thread(target=sealing.seal, args=(b"", "eight words"), kwargs={"belongs": ""})
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


# The place ------------------------------------------------------------------------------------


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has other permissions")
def test_the_file_is_its_owners_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(places.SETTING, raising=False)
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    old = os.umask(0)
    try:
        store = Store()
        store.create("snapshot", ONE, owner=OWNER, now=NOW)
    finally:
        os.umask(old)
    file = Path(places.place().database or "")
    assert file.name == "views.db"
    if sys.platform == "linux":
        assert file.parent == tmp_path / "stratiscope"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(file.parent.stat().st_mode) == 0o700


def test_sqlite_is_told_to_lose_nothing(tmp_path: Path) -> None:
    url = URL.create("sqlite", database=str(tmp_path / "views.db"))
    Store(url).views(OWNER)
    said = {}
    with Database(url).writing() as connection:
        for name in ("journal_mode", "synchronous", "foreign_keys", "trusted_schema",
                     "secure_delete", "busy_timeout"):  # fmt: skip
            said[name] = connection.execute(text(f"PRAGMA {name}")).scalar()
    assert said == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1,
                    "trusted_schema": 0, "secure_delete": 1, "busy_timeout": 10_000}  # fmt: skip


@pytest.mark.parametrize(
    "setting", ["mysql://host/name", "no address", "sqlite://", "sqlite:///:memory:"]
)
def test_another_setting_is_refused_and_not_quoted(setting: str) -> None:
    with pytest.raises(StoreError, match="STRATISCOPE_STORE must be") as refused:
        places.place({places.SETTING: setting})
    assert "mysql" not in str(refused.value)


def test_postgresql_may_be_named_in_both_ways() -> None:
    for name in ("postgresql", "postgresql+psycopg"):
        made = places.place({places.SETTING: f"{name}://who:secret@db.example/views"})
        assert made.drivername == "postgresql+psycopg"
        assert not places.one_computer(made)
