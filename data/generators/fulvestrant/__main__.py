"""The generator of the synthetic cohort "Fulvestrant": tables from a fitted state, check, search.

Synthetic, calibrated to published summary statistics; not patient data. That a cell matches says
nothing about the study.

Method
------
A state is 27 times without progression (0.01 months, all different), 16 events, and each patient's
level of ten factors. It was fitted to the printed cells of Table 2 (`targets`), with the counts of
patients and events of every level fixed:

1. `anneal`: simulated annealing of times, places and labels. The cost (`cost`) of a cell is 0 where
   it rounds to the printed text, else a step and the logarithm of its distance, capped; cells that
   contradict others have a smaller weight. Beside the cells it asks for 15 patients with clinical
   benefit, 10 of them with a high SUVmax, and for a HI that SUVmax and SUVmean allow.
2. `enumerate`: for given times, the best of all labelings of one factor after the other.
3. `times`: for a given order, the most cells that any times can match, by integer programming.

`python -m data.generators.fulvestrant` makes both tables from the committed state (`state.csv`), in
seconds and always the same (seed 28, of what dresses the state: `patients`, `lesions`). ``--check``
counts its cells. ``--search MINUTES`` goes on from it (``--scratch``: from nothing) with a seed and
replaces it where fewer cells are missed. The committed state came from such searches of about an
hour, which began with a draft of 97 cells; how many chains fit into a minute differs between
machines, so that a search does not end at the same state everywhere.
"""

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
