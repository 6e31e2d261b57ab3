"""Command line: make the tables from the fitted state, check them, or search on."""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from data.generators.fulvestrant import lesions, state, targets
from data.generators.fulvestrant.patients import patients

SEED = 28
"""Of the draws that dress the state, and of a search."""


def tables() -> dict[str, list[list[object]]]:
    """Both tables with their headers, from the committed state."""
    time, event, x = state.read()
    rng = np.random.default_rng(SEED)
    frame = patients(time, event, x, rng)
    ids = [f"F{i:02d}" for i in rng.permutation(len(time)) + 1]
    rows = lesions.lesions(x, (frame["lung"] == "yes").to_numpy(), ids, SEED)
    frame.insert(0, "id", ids)
    frame = frame.sort_values("id")
    for name in ("pfs_months", "os_months"):
        frame[name] = [f"{value:.2f}" for value in frame[name]]
    return {
        "patients.csv": [list(frame), *(list(row) for row in frame.itertuples(index=False))],
        "lesions.csv": [list(lesions.COLUMNS), *(list(row) for row in rows)],
    }


def write(folder: Path = targets.FOLDER) -> None:
    """Write both tables."""
    for name, rows in tables().items():
        with (folder / name).open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)


def check() -> None:
    """Print how many cells the state matches, and each that it misses."""
    now = state.read()
    wrong, found = state.missed(now), state.values(now)
    target = targets.tables()[0]
    names = (*targets.FACTORS, "Multivariable model", "Overall")
    print(f"{np.isfinite(target).sum() - wrong.sum()} of {np.isfinite(target).sum()} cells match")
    for row, place in zip(*np.nonzero(wrong), strict=True):
        print(f"{names[row]}, cell {place}: {target[row, place]:g}, not {found[row, place]:.5f}")


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m data.generators.fulvestrant")
    parser.add_argument("--check", action="store_true", help="count the cells that match")
    parser.add_argument("--search", type=float, metavar="MINUTES", help="search for a better state")
    parser.add_argument("--scratch", action="store_true", help="search from scratch")
    parser.add_argument("--seed", type=int, default=SEED, help="of the search")
    asked = parser.parse_args()
    if asked.search is not None:
        from data.generators.fulvestrant.search import search

        start = None if asked.scratch else state.read()
        search(start, seed=asked.seed, minutes=asked.search, save=state.write)
    if asked.search is not None or not asked.check:
        write()
    check()


if __name__ == "__main__":
    main()
