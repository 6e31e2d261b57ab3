"""The generator of the synthetic cohort "Progression mode": tables from a state, check, search.

Synthetic, calibrated to published summary statistics; not patient data. That a cell matches says
nothing about the study.

Method
------
A state is 70 patients with the months of the first and of the second line (0.01, all different), 66
events, and ten labels each (`cost.LABELS`). It was fitted to the 89 printed estimates (`targets`),
the counts of Table 1 fixed, from a pool of good states (`search`). The cost (`cost`) of a cell is 0
where it rounds to the printed text, else a step and the logarithm of its distance, capped; three
cells that contradict others count nothing. Three steps take turns:

1. `anneal`: simulated annealing of places and times of the second line, or of everything.
2. `labels`: for given times, one label after the other against its own cells.
3. `first_lines`: the months of the first line for which most cells of the model of all six match,
   by linear programming with the derivatives of its statistics.

`python -m data.generators.progression_mode` makes both tables from the committed state
(`state.csv`), in seconds and always the same (seed 70, of what dresses the state: `patients`,
`lesions`). ``--check`` counts its cells. ``--search MINUTES`` goes on from it (``--scratch``: from
nothing) with a seed and replaces it where fewer cells are missed. The committed state came from
these steps, run for some two hours from a draft of 58 cells; how many chains fit into a minute
differs between machines, so that a search does not end at the same state everywhere.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np

from data.generators.progression_mode import lesions, state, targets
from data.generators.progression_mode.patients import patients

SEED = 70
"""Of the draws that dress the state, and of a search."""


def tables() -> dict[str, list[list[object]]]:
    """Both tables with their headers, from the committed state."""
    now = state.read()
    rng = np.random.default_rng(SEED)
    ids = [f"P{i:02d}" for i in rng.permutation(len(now[0])) + 1]
    frame = patients(now, rng)
    dates = list(
        zip(
            frame["metastasis_date"].to_numpy("datetime64[D]"),
            frame["first_line_start"].to_numpy("datetime64[D]"),
            strict=True,
        )
    )
    rows = lesions.lesions(now, dates, ids, SEED)
    frame.insert(0, "id", ids)
    frame = frame.sort_values("id")
    for name in frame.columns[frame.dtypes == "datetime64[s]"]:
        frame[name] = frame[name].dt.strftime("%Y-%m-%d")
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
    cells = [row for row in targets.printed() if row["kind"] == "estimate"]
    print(f"{len(cells) - wrong.sum()} of {len(cells)} cells match")
    for row in cells:
        place = targets.place_of(row)
        if wrong[place]:
            words = ", ".join(row[name] for name in ("factor", "group", "model", "quantity"))
            print(f"{words}: {row['printed']}, not {found[place]:.5f}")


def main() -> None:
    """Run what the arguments ask for."""
    parser = argparse.ArgumentParser(prog="python -m data.generators.progression_mode")
    parser.add_argument("--check", action="store_true", help="count the cells that match")
    parser.add_argument("--search", type=float, metavar="MINUTES", help="search for a better state")
    parser.add_argument("--scratch", action="store_true", help="search from scratch")
    parser.add_argument("--seed", type=int, default=SEED, help="of the search")
    asked = parser.parse_args()
    if asked.search is not None:
        from data.generators.progression_mode.search import search

        start = None if asked.scratch else state.read()
        search(start, seed=asked.seed, minutes=asked.search, save=state.write)
    if asked.search is not None or not asked.check:
        write()
    check()


if __name__ == "__main__":
    main()
