"""The generator of the synthetic cohort "Fulvestrant": tables from a fitted state, check, search.

Synthetic, calibrated to published summary statistics; not patient data. That a cell matches says
nothing about the study.

Method
------
A state is 27 times without progression (0.01 months, all different), 16 events, and each patient's
level of ten factors. It was fitted to the printed cells of Table 2 (`targets`), with the counts of
patients and events of every level fixed, 15 patients with clinical benefit, 10 of them with a high
SUVmax, and no HI that SUVmax and SUVmean do not allow:

1. `labelings`: which of the 27 places are events, the pattern, decides the test and the model of
   every labeling of a factor. Those that match nearly all of these cells are listed by trying all.
2. `annealing`: simulated annealing of the times of a pattern. What times cost is the sum over the
   factors of the least of their labelings; the factors of the multivariable model are chosen
   together. The cost (`cost`) of a cell is 0 where it rounds to the printed text, else 1 and a part
   of the logarithm of its distance.
3. `times`: the most cells that any times can match with these labels, by integer programming.
4. `search`: all this for one pattern after the other, each a few exchanges from one of the best.

`python -m data.generators.fulvestrant` makes both tables from the committed state (`state.csv`), in
seconds and always the same (seed 1 dresses the state: `patients`, `lesions`). ``--check`` counts
its cells. ``--search MINUTES`` goes on from it (``--scratch``: from nothing) with a seed and
replaces it where fewer cells are missed. The committed state came from such searches of an hour,
which began with a state of 104 cells that an annealing of labels and times together had found in
some hours, from a draft of 97; of several with 105 cells it was chosen as the nearest in the liver.
How many patterns are looked at in a minute differs between machines, so that a search does not end
at the same state everywhere.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from data.generators.fulvestrant import lesions, state, targets
from data.generators.fulvestrant.patients import patients

SEED = 1
"""Of the draws that dress the state, and of a search."""
SEEDS = 20
"""So many are tried one after the other, since not every draw can be."""


def tables() -> dict[str, list[list[object]]]:
    """Both tables with their headers, from the committed state.

    Raises
    ------
    ValueError
        If no draw gives patients and lesions that can be.
    """
    now = state.read()
    for seed in range(SEED, SEED + SEEDS):
        try:
            return _dressed(now, seed)
        except (ValueError, lesions.Failed):
            continue
    raise ValueError("No patients were found that could have this state")


def _dressed(now: state.State, seed: int) -> dict[str, list[list[object]]]:
    time, event, x = now
    rng = np.random.default_rng(seed)
    frame = patients(time, event, x, rng)
    ids = [f"F{i:02d}" for i in rng.permutation(len(time)) + 1]
    rows = lesions.lesions(x, (frame["lung"] == "yes").to_numpy(), ids, seed)
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
    target, _ = targets.tables()
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
