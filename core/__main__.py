"""The headless commands: ``python -m core analyse|report|script|open --data COHORT "QUERY"``."""

from __future__ import annotations

import argparse
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import webbrowser
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from core.analysis import analyse_query, load, question
from core.errors import SpecError, StratiscopeError
from core.reading import examples

EVERY_LOOP = (
    "group_by=age&second_by=tsize&permutations=9&bootstraps=9"
    "&parts=cutoff,scan,preview,stability,pair,grid,measurement,robustness"
)
"""A small question that runs every compiled loop."""
EVERY = 2.0
"""Seconds between two lines that tell the progress."""


class _Told:
    """Progress on standard error: a line now and then, and none for what takes no time."""

    def __init__(self) -> None:
        self.last = time.monotonic()

    def __call__(self, fraction: float) -> None:
        now = time.monotonic()
        if now - self.last >= EVERY:
            print(f"{fraction:.0%} done", file=sys.stderr)
            self.last = now


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise StratiscopeError(
            f"The command cannot be read: {message}",
            'Write it like: python -m core analyse --data gbsg2 "group_by=horTh"',
        )


FILES = "STRATISCOPE_FILES"
"""Environment variable by which the dashboard is told the files of `open`."""
ASGI = Path(__file__).resolve().parents[1] / "asgi.py"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status: 0, or 2 when the data or query cannot be used.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process when left out.
    """
    try:
        given = _parser().parse_args(arguments)
        return COMMANDS[given.command](given)
    except StratiscopeError as error:
        print("error: " + " ".join(str(error).split()), file=sys.stderr)
        return 2


def _parser() -> _Parser:
    parser = _Parser(prog="python -m core", description="Stratiscope without a browser.")
    commands = parser.add_subparsers(dest="command", required=True)
    _asking(commands.add_parser("analyse", help="print the answer to a query as JSON"))
    report = _asking(commands.add_parser("report", help="write the answer as a report"))
    report.add_argument("--out", required=True, help="a file .html, .docx, .pptx or .xlsx")
    script = _asking(commands.add_parser("script", help="print a stand-alone script"))
    script.add_argument("--language", choices=("python", "r"), default="python")
    script.add_argument("--table", help="where to write the table that the script reads (CSV)")
    _asking(commands.add_parser("open", help="start the dashboard on this view"))
    commands.add_parser("warm", help="compile the loops of the cutoff search beforehand")
    return parser


def _asking(command: argparse.ArgumentParser) -> argparse.ArgumentParser:
    command.add_argument("--data", required=True, help="a file, or a shipped cohort like gbsg2")
    command.add_argument("--join", action="append", default=[], help="a second patient table")
    lesions = "a table with one row per lesion, or per lesion and visit"
    command.add_argument("--lesions", action="append", default=[], help=lesions)
    command.add_argument("--dictionary", help="the dictionary of the study, a JSON file")
    command.add_argument("query", nargs="?", default="", help="the part of a link after '?'")
    return command


def _tables(given: argparse.Namespace) -> dict[str, object]:
    return {"join": given.join, "lesions": given.lesions, "dictionary": given.dictionary}


def _analyse(given: argparse.Namespace) -> int:
    answer = analyse_query(given.data, given.query, **_tables(given), progress=_Told())  # type: ignore[arg-type]
    _write(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False))
    return 0


def _report(given: argparse.Namespace) -> int:
    from core.view.reports.making import RENDERERS, make

    out = Path(given.out)
    form = out.suffix.lower().removeprefix(".")
    if form not in RENDERERS:
        raise SpecError("--out", f"There are no reports '{out.suffix}'",
                        f"Its name ends with .{', .'.join(RENDERERS)}")  # fmt: skip
    dataset, asked = load(given.data, given.query, **_tables(given))  # type: ignore[arg-type]
    cohort, spec, parts, guesses = question(dataset, asked)
    data = make(cohort, spec, parts, format=form, notes=guesses, progress=_Told())  # type: ignore[arg-type]
    _save(out, data)
    return 0


def _script(given: argparse.Namespace) -> int:
    from core.view import code

    dataset, asked = load(given.data, given.query, **_tables(given))  # type: ignore[arg-type]
    cohort, _, parts, _ = question(dataset, asked)
    # A plain CSV that was not cleaned is read as it is; else a table goes with the script.
    own = given.table is None and Path(given.data).is_file()
    own = own and code.reads_file(cohort, Path(given.data).read_bytes(), parts)
    table = Path(given.data if own else given.table or "table.csv").name
    make = code.r_script if given.language == "r" else code.python_script
    text = make(cohort, parts, table)
    if given.table is None and not own:
        print("The script reads table.csv, which --table FILE writes.", file=sys.stderr)
    elif given.table is not None:
        _save(Path(given.table), code.table_csv(cohort, parts))
    _write(text)
    return 0


def _open(given: argparse.Namespace) -> int:
    """Start the dashboard, on this computer only, and show the view in the browser."""
    dataset, asked = load(given.data, given.query, **_tables(given))  # type: ignore[arg-type]
    files = [given.data, *given.join, *given.lesions, *filter(None, [given.dictionary])]
    shipped = given.data in examples.names()
    spec = asked.but(data=dataset.reference, sheet=dataset.sheet or None, clean=dataset.steps)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    told = {} if shipped else {FILES: json.dumps([str(Path(f).resolve()) for f in files])}
    server = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", str(ASGI), "--server.headless", "true",
         "--server.address", "127.0.0.1", "--server.port", str(port)],
        env=os.environ | told, cwd=ASGI.parent,
    )  # fmt: skip
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # the server must not outlive us
    try:
        address = f"http://127.0.0.1:{port}/?{spec.to_query()}"
        _wait(port, server)
        print(address, file=sys.stderr)
        webbrowser.open(address)
        return server.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        server.terminate()


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    """Wait until the dashboard answers."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    while server.poll() is None:
        try:
            opener.open(f"http://127.0.0.1:{port}/_stcore/health", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)


def _warm(given: argparse.Namespace) -> int:
    analyse_query("gbsg2", EVERY_LOOP)
    return 0


COMMANDS = {
    "analyse": _analyse, "report": _report, "script": _script, "open": _open, "warm": _warm,
}  # fmt: skip


def _save(path: Path, data: bytes) -> None:
    """Write a file.

    Raises
    ------
    SpecError
        If it cannot be written.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise SpecError("--out", f"{path.name} cannot be written: {reason}",
                        "Choose another place") from None  # fmt: skip


def _write(text: str) -> None:
    """Write text as UTF-8, which JSON has to be, whatever the system's own encoding is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    print(text)


if __name__ == "__main__":
    sys.exit(main())
