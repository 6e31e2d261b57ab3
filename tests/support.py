"""What several tests need: outside programs, public tables, and a running dashboard."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Other names under which a program may be installed, and how a person gets it.
_OTHER_NAMES: dict[str, tuple[str, ...]] = {
    "chromium": ("chromium-browser", "google-chrome", "/usr/bin/chromium"),
}
_HOW_TO_INSTALL = {
    "chromium": "install Debian's package chromium, or Google Chrome",
    "initdb": "install PostgreSQL (Debian: postgresql)",
    "Rscript": "install R (Debian: r-base-core r-cran-survival r-cran-jsonlite r-cran-maxstat "
    "r-cran-rms r-cran-cmprsk r-cran-coin r-cran-mvtnorm r-cran-glmnet r-cran-brglm2 r-cran-mass "
    "r-cran-mice r-cran-mitools)",
}


def need(program: str) -> str:
    """Return the path of an outside program, or skip the test that needs it.

    With ``STRATISCOPE_FULL=1``, as in continuous integration, a missing program fails the test.
    """
    for name in (program, *_OTHER_NAMES.get(program, ())):
        path = shutil.which(name)
        if path is not None:
            return path
    _skip_or_fail(f"needs {program}: {_HOW_TO_INSTALL.get(program, 'install it')}")


def _skip_or_fail(reason: str) -> NoReturn:
    if os.environ.get("STRATISCOPE_FULL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def tables() -> Path:
    """Return the folder of public tables, or skip the test: a clone does not bring them."""
    named = os.environ.get("STRATISCOPE_TABLES")
    folder = Path(named) if named else ROOT.parent / "shared" / "tables"
    if not folder.is_dir():
        pytest.skip("needs the folder of public tables: name it in STRATISCOPE_TABLES")
    return folder


def hostile_files() -> Path:
    """Return the folder of hostile files beside that of the public tables; skip without it."""
    named = os.environ.get("STRATISCOPE_TABLES")
    folder = (Path(named).parent if named else ROOT.parent / "shared") / "hostile" / "files"
    if not folder.is_dir():
        pytest.skip("needs the folder of hostile files beside that of STRATISCOPE_TABLES")
    return folder


def free_port() -> int:
    """Return a port of this computer on which nothing listens."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Served(str):
    """The address of a running dashboard, such as ``http://127.0.0.1:51234``."""

    __slots__ = ("_log",)

    _log: Path

    @classmethod
    def at(cls, url: str, log: Path) -> Served:
        """Return the address together with the file that the server writes to."""
        served = cls(url)
        served._log = log
        return served

    def log(self) -> str:
        """Return what the server has printed so far, both streams in one."""
        return self._log.read_text(encoding="utf-8", errors="replace")


@contextmanager
def serve(
    app_path: str | Path,
    *,
    port: int | None = None,
    env: Mapping[str, str] | None = None,
    options: Sequence[str] = (),
) -> Iterator[Served]:
    """Run an app as ``make run`` does, without opening a browser, until the block ends.

    Saved views go into the folder of the server's log unless `env` names another store.
    """
    app = Path(app_path).resolve()
    port = free_port() if port is None else port
    options = ["--server.headless", "true", "--server.port", str(port), *options]
    command = [sys.executable, "-m", "streamlit", "run", str(app), *options]
    with tempfile.TemporaryDirectory() as folder:
        served = Served.at(f"http://127.0.0.1:{port}", Path(folder) / "server.log")
        with open(served._log, "wb") as out:
            own = {"STRATISCOPE_STORE": f"sqlite:///{folder}/views.db"} | dict(env or {})
            server = subprocess.Popen(
                command, cwd=app.parent, env=os.environ | own, stdin=subprocess.DEVNULL,
                stdout=out, stderr=out,
            )  # fmt: skip
        try:
            _wait_until_healthy(server, served)
            yield served
        finally:
            _stop(server)


def until(page: Any, script: str, arg: object = None, *, seconds: float = 20) -> None:
    """Wait until a script in the page answers true.

    Playwright's own way lets the page evaluate a text, which our policy forbids it. What the script
    asks for may not be there yet: that is not true either.
    """
    end = time.monotonic() + seconds
    asked = f"arg => {{ try {{ return ({script})(arg); }} catch {{ return false; }} }}"
    while not page.evaluate(asked, arg):
        if time.monotonic() > end:
            pytest.fail(f"not true within {seconds:g} s: {script}")
        page.wait_for_timeout(30)


def _wait_until_healthy(server: subprocess.Popen[bytes], served: Served) -> None:
    # A proxy that the surroundings name must not see what stays on this computer.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if server.poll() is not None:
            pytest.fail(f"the dashboard stopped at its start:\n{served.log()}")
        try:
            with opener.open(f"{served}/_stcore/health", timeout=5) as answer:
                if answer.read() == b"ok":
                    return
        except urllib.error.HTTPError as refused:
            refused.close()
        except OSError:
            pass
        time.sleep(0.1)
    pytest.fail(f"the dashboard did not answer within a minute:\n{served.log()}")


def _stop(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=10)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()
