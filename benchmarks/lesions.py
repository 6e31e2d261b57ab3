"""Time a move of the SUV threshold over 5,000 lesions beside a move of a cutoff, same patients.

Run as ``python -m benchmarks.lesions`` from the folder of the project. Both pages run in this
process, by Streamlit's own test driver: all of the server's work and none of the browser's. After
5 moves to warm up, 30 moves of each are timed, in turns, so that what else the computer does meets
both alike.
"""

from __future__ import annotations

import logging
import statistics
import time
from collections.abc import Callable

import numpy as np
import pandas as pd
from streamlit.testing.v1 import AppTest

from core.dataset import Dataset
from core.reading import read_all
from core.reading.table import File
from core.steps import Recipe
from pages.ui.loading import Loaded
from tests.support import ROOT

PATIENTS = 1_250
SITES = ("bone", "liver", "lymph node", "lung")
WARM_UP = 5
MOVES = 30
SEED = 20261126
QUESTION = {
    "time": "pfs_months", "unit": "months", "event": "progressed", "event_is": "1", "id": "id",
    "group_by": "SUVmax", "cut_rule": "value", "cut_value": "7", "cut_side": "ge",
}  # fmt: skip


def made() -> tuple[File, File]:
    """Made-up patients with 1 to 7 lesions each, as two files."""
    rng = np.random.default_rng(SEED)
    ids = [f"P{i:04d}" for i in range(PATIENTS)]
    patients = pd.DataFrame({
        "id": ids,
        "age": rng.integers(30, 85, PATIENTS),
        "pfs_months": rng.exponential(12, PATIENTS).round(3),
        "progressed": rng.integers(0, 2, PATIENTS),
    })  # fmt: skip
    of = np.repeat(ids, rng.integers(1, 8, PATIENTS))
    top = rng.uniform(1.2, 14, len(of)).round(2)
    lesions = pd.DataFrame({
        "patient": of,
        "lesion": np.arange(len(of)),
        "site": rng.choice(SITES, len(of)),
        "SUVmax": top,
        "SUVmean": (top * rng.uniform(0.4, 0.8, len(of))).round(2),
        "MTV (ml)": (0.2 + rng.exponential(9, len(of))).round(2),
    })  # fmt: skip
    return tuple(
        (name, table.to_csv(index=False).encode())
        for name, table in (("patients.csv", patients), ("lesions.csv", lesions))
    )  # type: ignore[return-value]


def opened(page: str, files: tuple[File, File], dataset: Dataset) -> AppTest:
    """A page on the made-up patients."""
    driver = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60).switch_page(page)
    kept = {dataset.reference: Loaded(files, dataset, steps=dataset.steps)}
    driver.session_state["tables"] = kept
    driver.query_params.update({"data": dataset.reference, **QUESTION})
    driver.run()
    if driver.exception or driver.error:
        raise SystemExit(f"error: {page} cannot be opened. Run the tests of the page.")
    return driver


def timed(move: Callable[[], AppTest]) -> float:
    """Milliseconds of processor time from the new value of a widget to the end of the run."""
    begun = time.process_time()
    move()
    return 1e3 * (time.process_time() - begun)


def main() -> None:
    """Print one table."""
    logging.disable(logging.WARNING)  # the driver runs outside a server, which it repeats
    files = made()
    dataset = read_all(files, Recipe())
    curves, pet = (opened(f"pages/{p}.py", files, dataset) for p in ("curves", "lesions"))
    cutoff, threshold = [], []
    for i in range(WARM_UP + MOVES):
        by_number, by_slider = curves.number_input("cut_number"), pet.slider("suv_min")
        by_number.set_value(5 + i / 10)
        by_slider.set_value(2.6 + i / 10)
        cutoff.append(timed(curves.run))
        threshold.append(timed(pet.run))
    lesions = len(dataset.lesions[0].frame)
    print(
        f"{lesions:,} lesions of {PATIENTS:,} patients; processor time of a move, median of {MOVES}"
    )
    a, b = (statistics.median(each[WARM_UP:]) for each in (cutoff, threshold))
    print(f"cutoff, Curves page          {a:6.0f} ms")
    print(f"SUV threshold, PET page      {b:6.0f} ms")
    print(f"ratio                        {b / a:6.2f}")


if __name__ == "__main__":
    main()
