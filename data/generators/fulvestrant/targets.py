"""What the search aims at: the printed cells of `data/fulvestrant/printed.csv` as numbers."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

FOLDER = Path(__file__).resolve().parents[2] / "fulvestrant"
FACTORS = (
    "Liver metastasis", "Line of endocrine therapy", "Prior chemotherapy", "COV", "HI", "SUVmax",
    "SUVmean", "MTV", "TLG", "Metastatic sites",
)  # fmt: skip
"""Rows of Table 2; the last one has three levels."""
LIVER, LINE, CHEMO, COV, HI, SUVMAX, SUVMEAN, MTV, TLG, SITES = range(10)
SELECTED = (LIVER, HI, SUVMAX)
"""Rows of the multivariable model."""
TERMS = ("liver", "line", "chemo", "COV", "HI", "SUVmax", "SUVmean", "MTV", "TLG", "sites")
N_CELLS = 14
"""Cells of a row: nine of the medians, log-rank p, hazard ratio, limits, p."""
NOT_REACHED = -1.0
LOST = 0.25
"""Weight of a cell that contradicts others of its row and cannot match together with them."""
MEDIANS = ("median", "median_low", "median_high")
RATIOS = ("hazard_ratio", "hr_low", "hr_high", "p_value")


def printed() -> list[dict[str, str]]:
    """The printed cells, a dictionary per row of the table."""
    with (FOLDER / "printed.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def half_unit(text: str) -> float:
    """Half a unit of the last printed decimal.

    Examples
    --------
    >>> half_unit("16.6"), half_unit("0.001"), half_unit("0")
    (0.05, 0.0005, 0.5)
    """
    return float(f"5e-{len(text.partition('.')[2]) + 1}")


def tables() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Targets, half units and weights, each of shape (12, 14).

    Rows are `FACTORS`, then the multivariable model (12 cells), then the overall curve (3 cells).
    NaN where nothing is printed, `NOT_REACHED` where a limit must be missing.
    """
    target = np.full((12, N_CELLS), np.nan)
    unit = np.full((12, N_CELLS), 0.05)
    for row in printed():
        if row["kind"] == "estimate" and row["factor"] in (*FACTORS, "Overall"):
            place = place_of(row)
            text = row["printed"]
            target[place] = NOT_REACHED if text == "NR" else float(text)
            unit[place] = 0.05 if text == "NR" else half_unit(text)
            # The printed 0 of a limit that would be negative is exact, whatever its decimals.
            if row["quantity"] == "median_low" and float(target[place]) == 0.0:
                unit[place] = 0.05
    weight = np.where(np.isnan(target), 0.0, 1.0)
    for place in ((LIVER, 13), (LINE, 0), (10, 3)):
        weight[place] = LOST
    return target, unit, weight


def place_of(row: dict[str, str]) -> tuple[int, int]:
    """Where a printed cell stands in `tables`."""
    quantity = row["quantity"]
    if row["factor"] == "Overall":
        return 11, MEDIANS.index(quantity)
    factor = FACTORS.index(row["factor"])
    if row["model"] == "multivariable":
        return 10, 4 * SELECTED.index(factor) + RATIOS.index(quantity)
    if row["model"] == "univariable":
        return factor, 10 + RATIOS.index(quantity)
    if quantity == "p_value":
        return factor, 9
    group = int(row["path"].split("[")[1][0])
    return factor, 3 * group + MEDIANS.index(quantity)
