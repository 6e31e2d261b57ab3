"""One conversation with the process that reads a file: request, progress, and how it may end."""

from __future__ import annotations

import json
import logging
import queue
import subprocess
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from typing import IO, Any, Literal, Protocol

from core.dataset import Dataset
from core.errors import DataError, SpecError, StratiscopeError
from core.reading.process import wire
from core.reading.process.allowance import START_SECONDS, memory_for, seconds_for
from core.reading.process.messages import (
    ERROR,
    FILE,
    PROGRESS,
    READY,
    REQUEST,
    RESULT,
    receive,
    send,
)
from core.reading.table import File, Progress
from core.steps import Recipe

TICK = 0.25
"""Seconds after which the caller hears the last progress again, and may so end it all."""

log = logging.getLogger("stratiscope")


class Process(Protocol):
    """What is used of `subprocess.Popen`."""

    stdin: IO[bytes] | None
    stdout: IO[bytes] | None

    def poll(self) -> int | None:
        """Its exit status, or None while it runs."""

    def kill(self) -> None:
        """End it at once."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end."""


Message = tuple[bytes, bytearray]
Answers = queue.SimpleQueue[Message | None]


class _Stopped(Exception):
    """There will be no answer: the process ended or went mad, is too slow, or never started."""

    def __init__(self, why: Literal["ended", "slow", "not started"]) -> None:
        self.why = why
        super().__init__(why)


def ask(
    process: Process, files: Sequence[File], recipe: Recipe, sheet: str | None, tell: Progress
) -> Dataset:
    """Let a process read files, and end it: each one serves once.

    Raises
    ------
    StratiscopeError
        What the reader found wrong; or a `DataError` that it stopped, is too slow or did not start.
    """
    seconds = seconds_for(files)
    request = {
        "names": [name for name, _ in files],
        "recipe": [[step.verb, list(step.values)] for step in recipe.steps],
        "sheet": sheet,
        "memory": memory_for(files),
        "seconds": 2 * seconds,
    }
    answers: Answers = queue.SimpleQueue()
    arguments = (process, request, [data for _, data in files], answers)
    # Pipes block, and on some systems cannot be asked whether they would: so a thread waits.
    carrier = threading.Thread(target=_carry, args=arguments, daemon=True)
    carrier.start()
    try:
        return _listen(answers, seconds, tell)
    except _Stopped as stopped:
        _log(process, stopped.why)
        raise _refusal(stopped.why, seconds) from None
    finally:
        process.kill()
        carrier.join()


def _carry(
    process: Process, request: dict[str, Any], contents: list[bytes], answers: Answers
) -> None:
    """Bring the request to the process, and its messages back; None when there are no more."""
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        answers.put(receive(process.stdout))
        send(process.stdin, REQUEST, request)
        for content in contents:
            send(process.stdin, FILE, content)
        while (message := receive(process.stdout)) is not None:
            answers.put(message)
    except (OSError, ValueError, MemoryError):
        pass  # the pipe broke, or what came out of it was no message
    finally:
        answers.put(None)


def _listen(answers: Answers, seconds: float, tell: Progress) -> Dataset:
    last = (0.0, "Reading the table")
    _await_start(answers, last, tell)
    until = time.monotonic() + seconds
    while True:
        kind, body = _next(answers, until, last, tell)
        if kind != PROGRESS:
            return _patiently(kind, body, last, tell)
        last = _progress(body)
        tell(*last)


def _await_start(answers: Answers, last: tuple[float, str], tell: Progress) -> None:
    try:
        kind, _ = _next(answers, time.monotonic() + START_SECONDS, last, tell)
    except _Stopped:
        kind = b""
    if kind != READY:
        raise _Stopped("not started")


def _next(answers: Answers, until: float, last: tuple[float, str], tell: Progress) -> Message:
    """Wait for the next message; meanwhile the caller hears again what it heard last."""
    while (left := until - time.monotonic()) > 0:
        try:
            message = answers.get(timeout=min(left, TICK))
        except queue.Empty:
            tell(*last)
            continue
        if message is None:
            raise _Stopped("ended")
        return message
    raise _Stopped("slow")


def _patiently(kind: bytes, body: bytearray, last: tuple[float, str], tell: Progress) -> Dataset:
    """The outcome; to put a large table together takes a second, in which the caller hears on."""
    with ThreadPoolExecutor(max_workers=1) as pool:
        made = pool.submit(_outcome, kind, body)
        while wait([made], timeout=TICK).not_done:
            tell(*last)
        return made.result()


def _outcome(kind: bytes, body: bytearray) -> Dataset:
    """The dataset of a last message, or the error that it tells of."""
    try:
        if kind == RESULT:
            return wire.loads(body)
        error = _error(_object(kind, body))
    except (LookupError, TypeError, ValueError):
        raise _Stopped("ended") from None
    raise error


def _object(kind: bytes, body: bytearray) -> dict[str, Any]:
    said = json.loads(body)
    if kind != ERROR or not isinstance(said, dict):
        raise ValueError("this is no error")
    return said


def _error(said: dict[str, Any]) -> StratiscopeError:
    """The error of the reading process, made again; of a fault of a library, only its kind."""
    kind = str(said["kind"])
    if kind == "DataError":
        return DataError(said["problem"], said["hint"], column=said["column"], row=said["row"])
    if kind == "SpecError":
        return SpecError(said["field"], said["problem"], said["hint"])
    if kind == "StratiscopeError":
        return StratiscopeError(said["problem"], said["hint"])
    return DataError(f"This file could not be read ({kind})", _AGAIN)


def _progress(body: bytearray) -> tuple[float, str]:
    try:
        fraction, text = json.loads(body)
        return max(0.0, min(1.0, float(fraction))), str(text)  # not a number: 1
    except (TypeError, ValueError):
        raise _Stopped("ended") from None


_AGAIN = "Save it again, as CSV or XLSX, in the program that it came from"


def not_started() -> DataError:
    """Return the refusal of a file that nobody was there to read."""
    return DataError(
        "This file was not read, as the process that reads files did not start",
        "Try again; this computer may be short of memory",
    )


def _refusal(why: str, seconds: float) -> DataError:
    if why == "not started":
        return not_started()
    if why == "slow":
        return DataError(
            f"This file could not be read in the {seconds:.0f} seconds that one of its size is "
            "given: it is damaged, or made to be slow",
            _AGAIN,
        )
    return DataError(
        "This file could not be read, the reader stopped: the file is damaged, or needs more "
        "memory than one of its size is given",
        _AGAIN,
    )


def _log(process: Process, why: str) -> None:
    """Tell the keeper of the server how a reading process ended, and nothing about the file."""
    try:
        status = process.wait(1.0) if why == "ended" else None
    except subprocess.TimeoutExpired:
        status = None
    log.warning("A process that reads a file: %s, exit status %s", why, status)
