"""The headless command: ``python -m core analyse --data COHORT "QUERY"``."""

from __future__ import annotations

import argparse
import io
import json
import sys
import time
from collections.abc import Sequence
from typing import NoReturn

from core.analysis import analyse_query
from core.errors import StratiscopeError

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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status: 0, or 2 when the data or query cannot be used.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of the process when left out.
    """
    parser = _Parser(prog="python -m core", description="Stratiscope without a browser.")
    commands = parser.add_subparsers(dest="command", required=True)
    analyse = commands.add_parser("analyse", help="print the answer to a query as JSON")
    analyse.add_argument("--data", required=True, help="a file, or a shipped cohort like gbsg2")
    analyse.add_argument("--join", action="append", default=[], help="a second patient table")
    lesions = "a table with one row per lesion, or per lesion and visit"
    analyse.add_argument("--lesions", action="append", default=[], help=lesions)
    analyse.add_argument("--dictionary", help="the dictionary of the study, a JSON file")
    analyse.add_argument("query", nargs="?", default="", help="the part of a link after '?'")
    commands.add_parser("warm", help="compile the loops of the cutoff search beforehand")
    try:
        given = parser.parse_args(arguments)
        if given.command == "warm":
            analyse_query("gbsg2", EVERY_LOOP)
            return 0
        answer = analyse_query(
            given.data,
            given.query,
            join=given.join,
            lesions=given.lesions,
            dictionary=given.dictionary,
            progress=_Told(),
        )
    except StratiscopeError as error:
        print("error: " + " ".join(str(error).split()), file=sys.stderr)
        return 2
    _write(json.dumps(answer, indent=2, allow_nan=False, ensure_ascii=False))
    return 0


def _write(text: str) -> None:
    """Write JSON as UTF-8, which it has to be, whatever the system's own encoding is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")
    print(text)


if __name__ == "__main__":
    sys.exit(main())
