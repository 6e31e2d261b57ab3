"""A PostgreSQL server of our own in a folder of its own, on a port of this computer."""

from __future__ import annotations

import contextlib
import glob
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.pool import NullPool

from tests.support import free_port, need

# Debian keeps them off the path.
_FOLDERS = "/usr/lib/postgresql/*/bin"


def binary(name: str) -> str:
    """Return the path of a program of PostgreSQL, or skip the test that needs it."""
    found = sorted(glob.glob(f"{_FOLDERS}/{name}"))
    return shutil.which(name) or (found[-1] if found else need(name))


class Cluster:
    """A running server; `kill` ends it as a power cut would end the program."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        # The server refuses to be run by root.
        self._who = _nobody() if os.getuid() == 0 else None
        if self._who is not None:
            os.chown(folder, self._who.pw_uid, self._who.pw_gid)
        data = str(folder / "data")
        options = ["-A", "trust", "-U", "stratiscope", "-E", "UTF8", "--locale=C", "--no-sync"]
        self._run([binary("initdb"), "-D", data, *options]).wait()
        self._command = [
            *(binary("postgres"), "-D", data, "-p", str(self.port), "-h", "127.0.0.1"),
            *("-k", "", "-c", "max_connections=40", "-c", "shared_buffers=16MB"),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> URL:
        return URL.create(
            "postgresql+psycopg", "stratiscope", None, "127.0.0.1", self.port, "postgres"
        )

    def _run(self, command: list[str]) -> subprocess.Popen[bytes]:
        who = self._who
        return subprocess.Popen(
            command,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **({} if who is None else {"user": who.pw_uid, "group": who.pw_gid,
                                       "extra_groups": []}),
        )  # fmt: skip

    def start(self) -> None:
        """Start the server; after a kill its other processes may first have to end."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            if self._process is None or self._process.poll() is not None:
                self._process = self._run(self._command)
            if self._answers():
                return
            time.sleep(0.05)
        raise RuntimeError("PostgreSQL did not start within a minute")

    def _answers(self) -> bool:
        command = [binary("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(command, capture_output=True).returncode == 0

    def kill(self) -> None:
        """End the server at once, without a word."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGQUIT)  # at once: nothing of it is needed
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(10)
            if self._process.poll() is None:
                self.kill()

    def dump(self) -> str:
        """All that the database holds, as text."""
        command = [binary("pg_dump"), "-h", "127.0.0.1", "-p", str(self.port), "-U", "stratiscope"]
        done = subprocess.run([*command, "postgres"], capture_output=True, check=True)
        return done.stdout.decode()

    def empty(self) -> None:
        """Drop everything, for the next test."""
        engine = create_engine(self.url, poolclass=NullPool)
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))


def _nobody() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("there is no user to run PostgreSQL as")


@contextlib.contextmanager
def running(*, on_disk: bool = False) -> Iterator[Cluster]:
    """A server until the block ends, in memory where the system has such a folder."""
    memory = Path("/dev/shm")
    where = memory if not on_disk and os.access(memory, os.W_OK) else None
    with tempfile.TemporaryDirectory(dir=where) as place:
        os.chmod(place, 0o755)
        folder = Path(place) / "postgres"
        folder.mkdir()
        cluster = Cluster(folder)
        cluster.start()
        try:
            yield cluster
        finally:
            cluster.stop()
