"""The fitted state: read, written, and its cells counted."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np

from data.generators.progression_mode.anneal import State
from data.generators.progression_mode.cost import LABELS, hit, is_ratio, row_statistics
from data.generators.progression_mode.kernels import ratios
from data.generators.progression_mode.targets import N_CELLS, ROWS, TESTS, tables

FILE = Path(__file__).with_name("state.csv")


def read(path: Path = FILE) -> State:
    """Read a state."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    time, first = (np.array([float(row[name]) for row in rows]) for name in ("time", "first"))
    event = np.array([int(row["event"]) for row in rows])
    return time, event, np.array([[int(row[name]) for row in rows] for name in LABELS]), first


def write(state: State, path: Path = FILE) -> None:
    """Write a state, a row per patient in the order of the times."""
    time, event, x, first = state
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["time", "event", *LABELS, "first"])
        writer.writerows(
            [f"{time[i]:.2f}", event[i], *x[:, i].tolist(), f"{first[i]:.2f}"]
            for i in range(len(time))
        )


def values(state: State) -> np.ndarray:
    """Every cell as computed, shape (19, 24), in the places of `targets.tables`."""
    found = np.full((ROWS, N_CELLS), np.nan)
    for row in range(ROWS):
        out, b = np.full(12, np.nan), np.zeros(6)
        # The second time starts where the first one ended, and so is exact.
        for _ in range(2):
            n = row_statistics(row, *state, b, out)
        if is_ratio(row):
            for j in range(n // 2):
                ratios(out[2 * j], out[2 * j + 1], found[row, 4 * j : 4 * j + 4])
        else:
            found[row, :n] = out[:n]
    for place in TESTS:
        found[place] = math.erfc(abs(found[place]) / math.sqrt(2))
    return found


def missed(state: State) -> np.ndarray:
    """Which of the 89 cells do not match, shape (19, 24)."""
    found = values(state)
    target, half, _ = tables()
    wrong = np.zeros(found.shape, dtype=bool)
    for place in zip(*np.nonzero(half), strict=True):
        wrong[place] = not hit(found[place], target[place], half[place])
    return wrong
