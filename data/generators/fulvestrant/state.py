"""The fitted state: read, written, and its cells counted."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from data.generators.fulvestrant.cost import N_FACTORS, cell, levels_of
from data.generators.fulvestrant.kernels import cox, cox3, form, limits, logrank
from data.generators.fulvestrant.targets import N_CELLS, SELECTED, TERMS, tables

FILE = Path(__file__).with_name("state.csv")
State = tuple[np.ndarray, np.ndarray, np.ndarray]
"""Times in order, events, and levels of shape (10, n)."""


def read(path: Path = FILE) -> State:
    """Read a state."""
    with path.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    time = np.array([float(row["time"]) for row in rows])
    event = np.array([int(row["event"]) for row in rows])
    return time, event, np.array([[int(row[name]) for row in rows] for name in TERMS])


def write(state: State, path: Path = FILE) -> None:
    """Write a state, a row per patient in the order of the times."""
    time, event, x = state
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["time", "event", *TERMS])
        writer.writerows([f"{time[i]:.2f}", event[i], *x[:, i].tolist()] for i in range(len(time)))


def values(state: State) -> np.ndarray:
    """Every cell as computed, shape (12, 14), in the places of `targets.tables`."""
    time, event, x = state
    found = np.full((12, N_CELLS), np.nan)
    for f in range(N_FACTORS):
        for level in range(levels_of(f)):
            _median(time, event, x[f], level, found[f, 3 * level : 3 * level + 3])
        found[f, 9] = logrank(event, x[f], levels_of(f))
        cox(event, x[f], found[f, 10:14])
    cox3(event, np.ascontiguousarray(x[list(SELECTED)]), found[10, :12])
    _median(time, event, np.zeros(len(time), dtype=np.int64), 0, found[11, :3])
    return found


def _median(
    time: np.ndarray, event: np.ndarray, x: np.ndarray, level: int, out: np.ndarray
) -> None:
    places = np.empty(3, dtype=np.int64)
    limits(time, places, form(event, x, level, places), out)


def missed(state: State) -> np.ndarray:
    """Which of the 127 cells that a state decides do not match, shape (12, 14)."""
    found = values(state)
    target, half = tables()
    wrong = np.zeros(found.shape, dtype=bool)
    for place in zip(*np.nonzero(np.isfinite(target)), strict=True):
        wrong[place] = cell(found[place], target[place], half[place]) > 0
    return wrong
