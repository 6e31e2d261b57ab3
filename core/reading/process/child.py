"""Reading a file in a process of its own, which may crash, hang or run out of memory alone.

One changed byte makes a reader written in C crash, and a workbook of two cells makes another one
ask for more memory than there is. So the server never parses an upload itself: it sends the bytes
to `core.reading.process.worker` and waits for a dataset, an error, or the end of its patience.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from core.dataset import Dataset
from core.errors import DataError
from core.reading.process.conversation import TICK, Process, ask, not_started
from core.reading.table import File, Progress, nobody
from core.steps import Recipe

AT_ONCE = 2
"""Files that are read at the same time; others wait."""
WORKER = ("-m", "core.reading.process.worker")


def read(
    files: Sequence[File],
    *,
    recipe: Recipe,
    sheet: str | None = None,
    progress: Progress | None = None,
) -> Dataset:
    r"""Read files in a process that is started for them; for a program of one use.

    Parameters
    ----------
    files : sequence of (str, bytes)
        Name and content: the table, and a second one that is joined to it.
    recipe : Recipe
        What the user decided so far.
    sheet : str, optional
        The sheet of a workbook; the first one that holds a table when left out.
    progress : callable, optional
        Is told a fraction from 0 to 1 and what is being done, at least every `TICK` seconds.
        An exception that it raises ends the reading and goes to the caller.

    Returns
    -------
    Dataset
        See `core.reading.read_all`.

    Raises
    ------
    StratiscopeError
        What the reader found wrong, or that it stopped, or took too long.

    Examples
    --------
    >>> read([("trial.csv", b"id,months\n1,3.5\n2,4\n")], recipe=Recipe()).frame["months"].tolist()
    [3.5, 4.0]
    """
    process = start()
    try:
        return ask(process, files, recipe, sheet, progress or nobody)
    finally:
        _end(process)


class Readers:
    r"""Reading processes of a server: one idle spare, and at most `AT_ONCE` at work.

    Starting Python takes longer than reading most files, so the next process is started ahead.
    All methods may be called from several threads at once.

    Parameters
    ----------
    starter : callable, optional
        Starts a process; `start` when left out.

    Examples
    --------
    >>> with Readers() as readers:
    ...     dataset = readers.read([("trial.csv", b"id,months\n1,3.5\n")], recipe=Recipe())
    >>> len(dataset.frame)
    1
    """

    def __init__(self, starter: Callable[[], Process] | None = None) -> None:
        self._start = starter or start
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._lock = threading.Lock()
        self._spare: list[Process] = []
        self._finish = weakref.finalize(self, _end_all, self._spare)

    def warm(self) -> None:
        """Start the spare process now, without waiting for it."""
        with self._lock:
            if self._finish.alive and not self._spare:
                with contextlib.suppress(DataError):  # the next read tries again, and says so
                    self._spare.append(self._start())

    def read(
        self,
        files: Sequence[File],
        *,
        recipe: Recipe,
        sheet: str | None = None,
        progress: Progress | None = None,
    ) -> Dataset:
        """Read files, see `read`, as soon as fewer than `AT_ONCE` others are being read."""
        tell = progress or nobody
        while not self._turns.acquire(timeout=TICK):
            tell(0.0, "Waiting for another file to be read")
        try:
            process = self._take()
            try:
                return ask(process, files, recipe, sheet, tell)
            finally:
                _end(process)
        finally:
            self._turns.release()
            self.warm()

    def close(self) -> None:
        """End the spare process; also done when the object is dropped or the program ends."""
        with self._lock:
            self._finish()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self.close()

    def _take(self) -> Process:
        with self._lock:
            spare = self._spare.pop() if self._spare else None
        if spare is None:
            return self._start()
        if spare.poll() is None:
            return spare
        _end(spare)  # it was killed from outside, for example for want of memory
        return self._start()


def start(arguments: Sequence[str] = WORKER) -> subprocess.Popen[bytes]:
    """Start a process that waits for one request.

    Parameters
    ----------
    arguments : sequence of str
        What Python is to run; tests let it run what is faulty.

    Raises
    ------
    DataError
        If the system lets no process start.
    """
    # These libraries set memory aside for later, by threads or at once, which the limit forbids.
    environment = os.environ | {
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
    }
    try:
        return subprocess.Popen(
            [sys.executable, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # a library's message may quote a cell
            cwd=Path(__file__).parents[3],
            env=environment,
            start_new_session=True,  # Ctrl-C in the terminal is for the server
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError:
        raise not_started() from None


def _end(process: Process) -> None:
    """End a process and leave nothing of it behind."""
    process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(OSError):  # what could not be sent is not wanted any more
                pipe.close()


def _end_all(processes: list[Process]) -> None:
    while processes:
        _end(processes.pop())
