"""Connections to the store, and what each database is told so that nothing saved is lost.

SQLite: write-ahead log flushed to the disk at every commit, one writer at a time from the first
statement on, freed pages overwritten with zeros. A connection is opened for each use: one that is
kept would go on writing into a file that somebody moved or deleted. Reading needs no writing: on
a read-only or full disk, where the log cannot be opened, the file is read as it stands.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from core.sharing.errors import StoreError, told

BUSY = 10.0
"""Seconds to wait for another writer."""
_PRAGMAS = (
    "PRAGMA busy_timeout=10000",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA trusted_schema=OFF",
    "PRAGMA secure_delete=ON",
    "PRAGMA cell_size_check=ON",
)


class Database:
    """A store's database; SQLite and PostgreSQL behave alike through it.

    Parameters
    ----------
    url : sqlalchemy.engine.URL
        See `core.sharing.places.place`.
    """

    def __init__(self, url: URL) -> None:
        self.file = Path(url.database or "") if url.get_backend_name() == "sqlite" else None
        if self.file is None:
            self._reader = self._writer = create_engine(
                url,
                pool_pre_ping=True,
                pool_size=5,
                max_overflow=5,
                pool_timeout=BUSY,
                connect_args={"connect_timeout": int(BUSY)},
            )
        else:
            path = self.file
            self._reader = _engine(lambda: _readable(path))
            self._writer = _engine(lambda: _writable(path))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that sees one state of the store and changes nothing."""
        with told(self.file), self._reader.connect() as connection:
            if self.file is None:
                connection = connection.execution_options(
                    isolation_level="REPEATABLE READ", postgresql_readonly=True
                )
            yield connection

    @contextmanager
    def writing(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[Connection]:
        """A transaction: all of it is on the disk when the block has ended, or none of it."""
        with told(self.file), self._writer.connect() as connection:
            connection = connection.execution_options(begin=begin)
            with connection.begin():
                if self.file is None:
                    connection.exec_driver_sql(f"SET LOCAL lock_timeout = {int(BUSY * 1000)}")
                yield connection

    def make_file(self) -> None:
        """Make the file of SQLite, for its owner only, where there is none."""
        if self.file is None or self.file.exists():
            return
        with told():
            self.file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # The log and its index get the same permissions from SQLite.
            with suppress(FileExistsError):
                os.close(os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))

    def log_ahead(self) -> None:
        """Turn the write-ahead log of SQLite on; a file remembers it."""
        if self.file is not None:
            with told(self.file), self._writer.connect() as connection:
                connection.connection.driver_connection.execute(  # type: ignore[union-attr]
                    "PRAGMA journal_mode=WAL"
                )

    def forget(self) -> None:
        """Empty the log, so that what was deleted is not left in it; best effort.

        Another connection that reads just now keeps the log; the next deletion, or the end of the
        last connection, empties it then.
        """
        if self.file is not None:
            with suppress(StoreError), told(self.file), self._writer.connect() as connection:
                connection.connection.driver_connection.execute(  # type: ignore[union-attr]
                    "PRAGMA wal_checkpoint(TRUNCATE)"
                ).fetchall()

    def close(self) -> None:
        """Give the connections back."""
        self._reader.dispose()
        self._writer.dispose()


def _engine(connect: Callable[[], sqlite3.Connection]) -> Engine:
    engine = create_engine("sqlite+pysqlite://", creator=connect, poolclass=NullPool)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql(connection.get_execution_options().get("begin", "BEGIN"))

    return engine


def _opened(path: Path, mode: str) -> sqlite3.Connection:
    """Open the file; it is never made by this, so that a lost store is not taken for an empty one.

    SQLite opens at the first statement, which is why one is carried out here.
    """
    address = f"{path.absolute().as_uri()}?mode={mode}"
    # The driver must not begin transactions on its own; see `_engine`.
    made = sqlite3.connect(
        address, uri=True, timeout=BUSY, isolation_level=None, check_same_thread=False
    )
    try:
        for pragma in _PRAGMAS:
            made.execute(pragma)
        made.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except BaseException:
        made.close()
        raise
    return made


def _writable(path: Path) -> sqlite3.Connection:
    try:
        return _opened(path, "rw")
    except sqlite3.OperationalError as error:
        if "unable to open" in str(error) and path.exists():
            # The log beside the file cannot be made.
            raise sqlite3.OperationalError("readonly") from None
        raise


def _readable(path: Path) -> sqlite3.Connection:
    """Open the file for reading, also where nothing can be written."""
    try:
        return _opened(path, "rw")
    except sqlite3.OperationalError as error:
        failed = error
    with suppress(sqlite3.OperationalError):
        return _opened(path, "ro")
    if not path.exists():
        raise failed
    log = path.with_name(f"{path.name}-wal")
    if not log.exists() or log.stat().st_size == 0:
        # Everything is in the file, and nobody can be writing.
        return _opened(path, "ro&immutable=1")
    return _copied(path, log)


def _copied(path: Path, log: Path) -> sqlite3.Connection:
    """Read a copy: a log that still holds saves and withdrawals must be read with the file."""
    with tempfile.TemporaryDirectory() as place:
        for part in (path, log):
            shutil.copyfile(part, Path(place) / part.name)
        on_disk = _opened(Path(place) / path.name, "rw")
        made = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        on_disk.backup(made)
        on_disk.close()
    return made
