"""The process that reads one file, ``python -m core.reading.process.worker``: limits, then parsing.

It waits for one request on its input, answers on its output and ends. When the server goes away
its input ends, and so does it. Readers of file formats may crash it or eat its memory: that is
what it is for. `core.reading.process.child` is the other side.
"""

from __future__ import annotations

import contextlib
import json
import math
import os
import sys
import time
from typing import IO, Any

from core.dataset import Dataset
from core.errors import DataError, SpecError, StratiscopeError
from core.reading.process import wire
from core.reading.process.messages import ERROR, PROGRESS, READY, REQUEST, RESULT, receive, send
from core.steps import Recipe, Step


def main() -> None:
    """Wait for a request, answer it, and end."""
    answers = _own_output()
    send(answers, READY)
    answer(sys.stdin.buffer, answers)
    # Taking a large table apart object by object would only take time.
    os._exit(0)


def answer(source: IO[bytes], answers: IO[bytes]) -> None:
    """Read the files of one request and send progress, then the dataset or the error.

    Without a request nothing is done: the server has ended, or had no use for this process.
    """
    asked = receive(source)
    if asked is None:
        return
    kind, body = asked
    if kind != REQUEST:
        raise ValueError("this is no request")
    request = json.loads(body)
    confine(memory=request["memory"], seconds=request["seconds"])
    try:
        files = [(name, _file(source)) for name in request["names"]]
        result = wire.dumps(_read(files, request, answers))
    except StratiscopeError as error:
        send(answers, ERROR, _described(error))
    except MemoryError:
        raise  # there may be no room for an answer: the server sees how it ended
    except BaseException as error:
        # The text may quote a cell. Some libraries raise what is not even an Exception.
        send(answers, ERROR, {"kind": type(error).__name__})
    else:
        send(answers, RESULT, result)


def confine(*, memory: int, seconds: float) -> None:
    """Limit what this process may use from now on, as far as the system can.

    Parameters
    ----------
    memory : int
        Bytes that it may map beyond those it has mapped already.
    seconds : float
        Processor time that it may use beyond what it has used already. The server's clock is
        faster; this one is for the case that the server is gone.
    """
    try:
        import resource
    except ImportError:
        return  # Windows: there is the server's clock
    limits = {
        resource.RLIMIT_CORE: 0,  # a core dump would hold the table
        resource.RLIMIT_CPU: math.ceil(time.process_time() + seconds),
        resource.RLIMIT_FSIZE: 0,  # readers work in memory
    }
    with contextlib.suppress(OSError), open("/proc/self/statm", "rb") as counts:
        mapped = int(counts.read().split()[0]) * resource.getpagesize()
        limits[resource.RLIMIT_AS] = mapped + memory
    for kind, wanted in limits.items():
        hard = resource.getrlimit(kind)[1]
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        with contextlib.suppress(OSError, ValueError):  # macOS knows some only by name
            resource.setrlimit(kind, (most, most))


def _read(files: list[tuple[str, bytes]], request: dict[str, Any], answers: IO[bytes]) -> Dataset:
    import core.reading as reading

    def progress(fraction: float, text: str) -> None:
        send(answers, PROGRESS, [float(fraction), text])

    recipe = Recipe(tuple(Step(verb, tuple(values)) for verb, values in request["recipe"]))
    return reading.read_all(files, recipe, sheet=request["sheet"], progress=progress)


def _file(source: IO[bytes]) -> bytes:
    sent = receive(source)
    if sent is None:
        raise EOFError
    return bytes(sent[1])


def _described(error: StratiscopeError) -> dict[str, Any]:
    said: dict[str, Any] = {"problem": error.problem, "hint": error.hint}
    if isinstance(error, DataError):
        return {"kind": "DataError", "column": error.column, "row": error.row, **said}
    if isinstance(error, SpecError):
        return {"kind": "SpecError", "field": error.field, **said}
    return {"kind": "StratiscopeError", **said}


def _own_output() -> IO[bytes]:
    """Take the pipe away from everything else that prints, such as a library written in C."""
    pipe = os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    return pipe


if __name__ == "__main__":
    main()
