"""A reading process that is forked off this one, in which everything is imported already."""

from __future__ import annotations

import contextlib
import importlib
import os
import subprocess
import sys
import time
from typing import IO

from core.reading.process import worker

# Otherwise each process would import for itself what it needs.
_IMPORTED = (
    *("python_calamine", "pyreadstat", "pyarrow.parquet", "pyarrow.feather", "rdata"),
    *(
        "core.reading.formats.packages",
        "core.reading.formats.columnar",
        "core.reading.formats.workbook",
    ),
    *("core.reading.formats.arff", "core.reading.formats.robjects"),
)


def prepare() -> None:
    """Import what reads the formats."""
    for name in _IMPORTED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)


class Forked:
    """Used like `subprocess.Popen`; limits, pipes and messages are those of the server."""

    def __init__(self) -> None:
        request, answers = os.pipe(), os.pipe()
        self.returncode: int | None = None
        self.pid = os.fork()
        if self.pid == 0:
            _become_worker(request[0], answers[1])
        os.close(request[0])
        os.close(answers[1])
        self.stdin: IO[bytes] | None = os.fdopen(request[1], "wb")
        self.stdout: IO[bytes] | None = os.fdopen(answers[0], "rb")

    def poll(self) -> int | None:
        if self.returncode is None:
            self._reap(os.WNOHANG)
        return self.returncode

    def kill(self) -> None:
        if self.poll() is None:
            os.kill(self.pid, 9)

    def wait(self, timeout: float | None = None) -> int:
        until = time.monotonic() + (timeout or 3600)
        while self.poll() is None:
            if time.monotonic() > until:
                raise subprocess.TimeoutExpired("forked", timeout or 3600)
            time.sleep(0.001)
        assert self.returncode is not None
        return self.returncode

    def _reap(self, options: int) -> None:
        pid, status = os.waitpid(self.pid, options)
        if pid:
            self.returncode = os.waitstatus_to_exitcode(status)


def _become_worker(request: int, answers: int) -> None:
    try:
        os.dup2(request, 0)
        os.dup2(answers, 1)
        os.closerange(3, 256)
        sys.stdin = os.fdopen(0)
        worker.main()
    finally:
        os._exit(1)  # as an uncaught error would end it, and without this program's own end
