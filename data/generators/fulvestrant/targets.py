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
LOGRANK = 9
"""Place of the log-rank p; the hazard ratio, its limits and p follow."""
NOT_REACHED = -1.0
N, EVENTS = 27, 16
COUNTS = (
    (6, 5), (8, 6), (8, 4), (13, 8), (14, 7), (13, 6), (14, 7), (14, 8), (14, 8),
)  # fmt: skip
"""Patients and events of the higher level of each factor of two levels."""
FIRST, LAST = 0.3, 59.0
"""Months between which times lie."""
ANCHORS = np.array([3.0, 3.3, 5.6, 6.3, 6.5, 8.6, 9.42, 11.9, 16.68, 17.3, 19.6])
"""Printed medians, which are event times."""
WEEK_24 = (5.52, 5.7)
"""Months: 24 weeks, and the end of the scan of that week, which finds progression or none."""
BENEFIT = 15
BENEFIT_HIGH = 10
"""Patients with clinical benefit (24 weeks without progression), and those of them with a high
SUVmax; whether progression at the scan of week 24 comes after them is left open."""
Targets = tuple[np.ndarray, np.ndarray]
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


def tables() -> Targets:
    """Targets and half units of their last decimals, each of shape (12, 14).

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
    return target, unit


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
