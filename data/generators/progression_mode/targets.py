"""What the search aims at: the printed cells of `data/progression_mode/printed.csv` as numbers."""

from __future__ import annotations

import csv
from functools import cache
from pathlib import Path

import numpy as np
from scipy.stats import norm

from data.generators.progression_mode.cost import is_ratio
from data.generators.progression_mode.kernels import Z

FOLDER = Path(__file__).resolve().parents[2] / "progression_mode"
MODELS = ("Model A", "Model B", "Model C")
FACTORS = (
    "Age", "Initial stage", "Hormone receptor", "HER2", "First-line PFS", "Mode of progression",
)  # fmt: skip
"""Rows of Table 3, in the order of the multivariable model."""
SUBGROUPS = (
    "Visceral metastasis", "Bone and soft tissue only", "Hormone receptor negative",
    "First-line PFS under 6 months", "Chemotherapy in the first line",
    "Endocrine therapy in the first line", "Retained trastuzumab",
)  # fmt: skip
OVERALL, FIRST_MODEL, FIRST_FACTOR, SEVERAL, FIRST_SUBGROUP, FIRST_LINE = 0, 1, 4, 10, 11, 18
ROWS, N_CELLS = 19, 24
"""Rows are the overall curve, three models, six factors, the model of all six, seven subgroups,
and the first line."""
LOST = ((FIRST_MODEL + 2, 2), (FIRST_FACTOR + 4, 3), (FIRST_MODEL + 1, 1))
"""Cells that contradict others and cannot match together with them, or hardly.

The last one is the median of group 2 of model B, 5.21. More than half of Heter-PD is free of
progression before 11.04 and of Hom-PD before 6.07, at most half of model B's group 1 at 9.75. What
is left of both is more than half of group 2 at 5.21, but for what censoring may shift.
"""
TESTS = {*((r, 2) for r in (1, 2, 3, 11, 13, 14, 15, 16, 17)), (FIRST_LINE, 6)}
"""Cells that are p of a log-rank test."""
FAR_MONTHS, FAR_TEST, FAR_RATIO = 0.5, 0.3, (0.4, 0.04)
"""Units of a large distance: of months, of a test's statistic, and of a coefficient and its error
as shares of that error."""
RATIOS = ("hazard_ratio", "hr_low", "hr_high", "p_value")
MEDIANS = ("median", "median_low", "median_high")
FIRST_GROUPS = ("group 1", "Heter-PD")


def printed() -> list[dict[str, str]]:
    """The printed cells, a dictionary per row of the table."""
    with (FOLDER / "printed.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def half_unit(text: str) -> float:
    """Half a unit of the last printed decimal.

    Examples
    --------
    >>> half_unit("16.6"), half_unit("0.001")
    (0.05, 0.0005)
    """
    return float(f"5e-{len(text.partition('.')[2]) + 1}")


def tables() -> np.ndarray:
    """Targets, half units and weights, shape (3, 19, 24); NaN where nothing is printed."""
    made = np.full((3, ROWS, N_CELLS), np.nan)
    made[1:] = 0.0
    for row in printed():
        if row["kind"] == "estimate":
            r, c = place_of(row)
            made[:, r, c] = float(row["printed"]), half_unit(row["printed"]), 1.0
    for place in LOST:
        made[2][place] = 0.0
    return made


@cache
def centres() -> np.ndarray:
    """Where statistics should be, how far off they may be, and weights, shape (5, 19, 12).

    The last column of weights is that of a row. Then follow how far off, in units of what they may
    be off, statistics cost nothing, and the unit of a large distance.
    """
    cells = tables()
    made = np.zeros((5, ROWS, 12))
    made[4] = FAR_MONTHS
    for r in range(ROWS):
        if is_ratio(r):
            for j in range(6 if r == SEVERAL else 1):
                made[:2, r, 2 * j : 2 * j + 2] = coefficient(cells[:, r, 4 * j : 4 * j + 4])
                made[4, r, 2 * j : 2 * j + 2] = np.array(FAR_RATIO) * made[0, r, 2 * j + 1]
            continue
        for k in range(7):
            made[:3, r, k] = cells[:, r, k]
            if (r, k) in TESTS and made[2, r, k]:
                low, high = norm.isf((cells[0, r, k] + cells[1, r, k] * np.array([1, -1])) / 2)
                made[:2, r, k] = (low + high) / 2, (high - low) / 2
                made[4, r, k] = FAR_TEST
    made[2, :, 11] = 1.0
    return made


def coefficient(cells: np.ndarray) -> np.ndarray:
    """Centre and half range of a coefficient and its error with which all four cells match.

    Shape (2, 2). `cells` are targets, half units and weights of the hazard ratio, its limits and p.
    """
    b, error = np.log(cells[0, 0]), np.log(cells[0, 2] / cells[0, 1]) / (2 * Z)
    wide = max(4 * cells[1, 0] / cells[0, 0], 4 * cells[1, 1] / cells[0, 1])
    bs, errors = np.meshgrid(*(v + wide * np.linspace(-1, 1, 401) for v in (b, error)))
    inside = np.ones(bs.shape, dtype=bool)
    found = (
        np.exp(bs),
        np.exp(bs - Z * errors),
        np.exp(bs + Z * errors),
        2 * norm.sf(abs(bs / errors)),
    )
    for value, (target, half, weight) in zip(found, cells.T, strict=True):
        if weight:
            inside &= abs(value - target) < half
    ranges = [(v[inside].min(), v[inside].max()) for v in (bs, errors)]
    return np.array(
        [[v[inside].mean() for v in (bs, errors)], [(high - low) / 2 for low, high in ranges]]
    )


def place_of(row: dict[str, str]) -> tuple[int, int]:
    """Where a printed cell stands in `tables`."""
    factor, quantity, group = row["factor"], row["quantity"], row["group"]
    if row["model"]:
        k, q = FACTORS.index(factor), RATIOS.index(quantity)
        return (FIRST_FACTOR + k, q) if row["model"] == "univariable" else (SEVERAL, 4 * k + q)
    if row["place"] == "Table 1":
        k = ("", "Heter-PD", "Hom-PD").index(group)
        place = 6 if quantity == "p_value" else 2 * k + (quantity == "std_error")
        return FIRST_LINE, place
    if factor == "Overall":
        return OVERALL, MEDIANS.index(quantity)
    if factor in MODELS:
        r = FIRST_MODEL + MODELS.index(factor)
    else:
        r = FIRST_SUBGROUP + SUBGROUPS.index(factor)
    if quantity in RATIOS and factor == SUBGROUPS[1]:
        return r, RATIOS.index(quantity)
    return r, 2 if quantity == "p_value" else int(group not in FIRST_GROUPS)
