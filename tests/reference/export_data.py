"""Write the tables of the reference cases as CSV files.

Two kinds of tables, none of them stored in the repository:

* real ones, taken from the installed packages (lifelines, scikit-survival);
* synthetic ones, built by integer arithmetic. They are labelled SYNTHETIC here because they
  describe no patient: each exists for one trap (near-tied times, a plateau at exactly one half,
  a group censored before the first event, ...). No random number is drawn, so Python and R
  see the same table on every computer.

Numbers are written with ``repr`` (the shortest text that reads back as the same float), booleans
as 0 and 1, missing values as empty cells.

Run it alone with ``python tests/reference/export_data.py FOLDER``.
"""

from __future__ import annotations

import csv
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import lifelines.datasets
import numpy as np
import pandas as pd
import sksurv.datasets

Row = Sequence[object]
DAYS_PER_MONTH = 30.4375


def _text(value: object) -> str:
    """Return the cell text of one value: ``repr`` for floats, 0/1 for booleans, "" if missing."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, bool | np.bool_):
        return str(int(value))
    if isinstance(value, float | np.floating):
        number = float(value)
        # A package stores 1/0 columns with a gap as floats; "1" and "1.0" are the same level.
        return str(int(number)) if number.is_integer() else repr(number)
    return str(value)


def _write(path: Path, header: Sequence[str], rows: Iterable[Row]) -> Path:
    """Write one CSV file (UTF-8, Unix line ends) and return its path."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([_text(value) for value in row] for row in rows)
    return path


def _write_frame(path: Path, frame: pd.DataFrame) -> Path:
    """Write the columns of a frame, without its index."""
    columns = [frame[name].tolist() for name in frame.columns]
    return _write(path, list(frame.columns), zip(*columns, strict=True))


# Real tables ------------------------------------------------------------------------------------


def lung(path: Path) -> Path:
    """NCCTG lung cancer, 228 patients (lifelines; status 1 = died)."""
    return _write_frame(path, lifelines.datasets.load_lung())


def gbsg2(path: Path) -> Path:
    """German Breast Cancer Study Group 2, 686 patients (lifelines; cens 1 = event)."""
    return _write_frame(path, lifelines.datasets.load_gbsg2())


def rossi(path: Path) -> Path:
    """Recidivism of 432 released prisoners, weekly and therefore heavily tied (lifelines)."""
    return _write_frame(path, lifelines.datasets.load_rossi())


def leukemia(path: Path) -> Path:
    """Freireich's remission trial, 42 patients (lifelines)."""
    return _write_frame(path, lifelines.datasets.load_leukemia())


def larynx(path: Path) -> Path:
    """Larynx cancer, 90 patients, times in years with one decimal (lifelines)."""
    return _write_frame(path, lifelines.datasets.load_larynx())


def waltons(path: Path) -> Path:
    """Two groups of flies, 163 rows, events nearly complete (lifelines)."""
    return _write_frame(path, lifelines.datasets.load_waltons())


def heart(path: Path) -> Path:
    """Stanford heart transplants in start-stop form, 172 rows (lifelines)."""
    return _write_frame(path, lifelines.datasets.load_stanford_heart_transplants())


def macs(path: Path) -> Path:
    """Multicenter AIDS cohort, 78 rows with delayed entry W and exit T (lifelines)."""
    return _write_frame(path, lifelines.datasets.load_multicenter_aids_cohort_study())


def _sksurv_frame(loader: Callable[[], tuple[pd.DataFrame, np.ndarray]]) -> pd.DataFrame:
    """Join the covariates and the outcome of a scikit-survival data set."""
    covariates, outcome = loader()
    frame = covariates.reset_index(drop=True)
    for name in outcome.dtype.names or ():
        frame[name] = outcome[name]
    return frame


def veterans(path: Path) -> Path:
    """Veterans' lung cancer trial, 137 patients, with cell types also as 0/1 columns."""
    frame = _sksurv_frame(sksurv.datasets.load_veterans_lung_cancer)
    for level in ("adeno", "small", "large"):
        # Candidates of a stepwise selection are single columns, as in SPSS COXREG.
        match = frame["Celltype"].astype(str).str.startswith(level)
        frame[f"is_{level}"] = match.astype(int)
    frame["is_test"] = (frame["Treatment"].astype(str) == "test").astype(int)
    frame["is_prior"] = (frame["Prior_therapy"].astype(str) == "yes").astype(int)
    return _write_frame(path, frame)


def whas500(path: Path) -> Path:
    """Worcester Heart Attack Study, 500 patients (scikit-survival; fstat 1 = died)."""
    return _write_frame(path, _sksurv_frame(sksurv.datasets.load_whas500))


def aids(path: Path) -> Path:
    """ACTG 320, 1151 patients, 96 events (scikit-survival; censor 1 = event)."""
    return _write_frame(path, _sksurv_frame(sksurv.datasets.load_aids))


# Synthetic tables -------------------------------------------------------------------------------


def spss72(path: Path) -> Path:
    """SYNTHETIC: the 72 arithmetic rows behind SPSS 31's published output (no ties)."""
    rows = [
        (20 + 37 * i % 500, int(i % 10 not in (1, 4, 7)), 1 if i % 2 else 2, (3 - i % 3) % 3,
         40 + 11 * i % 41)
        for i in range(1, 73)
    ]  # fmt: skip
    return _write(path, ["time", "status", "sex", "ecog", "age"], rows)


def near_ties(path: Path) -> Path:
    """SYNTHETIC: equal follow-up that differs in its last bits.

    Sums such as 0.1 + 0.2 against 0.3, and months computed from days with one to three units in
    the last place of noise. Without merging, each of them is a tie too few.
    """
    rows: list[Row] = [(0.1 + 0.2, 1, "a", 1), (0.3, 1, "b", 2), (0.3, 0, "a", 3),
                       (1.1 + 2.2, 1, "b", 4), (3.3, 1, "a", 5), (3.3, 0, "b", 6)]  # fmt: skip
    for i in range(1, 75):
        days = 30 * (1 + (7 * i) % 13)
        noise = 1.0 + ((5 * i) % 7 - 3) * 2.0**-52
        time = days / DAYS_PER_MONTH * noise
        rows.append((time, int(i % 4 != 0), "ab"[(i // 2) % 2], 3 + (11 * i) % 17))
    return _write(path, ["months", "event", "arm", "x"], rows)


def early_censored(path: Path) -> Path:
    """SYNTHETIC: group C leaves before the first event of anyone, group D has no event."""
    rows: list[Row] = [(5 + (13 * i) % 47, int(i % 3 != 0), "AB"[i % 2]) for i in range(1, 41)]
    rows += [(1 + i % 4, 0, "C") for i in range(6)]
    rows += [(10 + 7 * i, 0, "D") for i in range(5)]
    return _write(path, ["time", "event", "group"], rows)


def plateau(path: Path) -> Path:
    """SYNTHETIC: survival of exactly one half, for an interval or until the end."""
    rows: list[Row] = [(t, 1, "interval") for t in (1, 2, 3, 4)]
    rows += [(t, int(t <= 2), "to the end") for t in (1, 2, 3, 4)]
    # Products of ten fractions leave 0.5 by rounding only: the rule needs R's tolerance.
    rows += [(t, int(t != 9), "ten") for t in range(1, 11)]
    rows += [(t, int(t <= 5), "ten, then censored") for t in range(1, 11)]
    rows += [(t, int(t == 1), "not reached") for t in (1, 5, 6)]
    return _write(path, ["time", "event", "group"], rows)


def heavy_ties(path: Path) -> Path:
    """SYNTHETIC: 120 patients on six distinct times, three grades, a binary and a count."""
    rows = [
        (1 + (i * i + 3 * i // 4) % 6, int((7 * i) % 5 != 0), ("I", "II", "III")[(i // 3) % 3],
         (i // 5) % 2, (5 * i) % 11)
        for i in range(1, 121)
    ]  # fmt: skip
    return _write(path, ["time", "event", "grade", "treated", "count"], rows)


def delayed_entry(path: Path) -> Path:
    """SYNTHETIC: 130 patients who come under observation after time zero, in three sites."""
    rows = []
    for i in range(1, 131):
        entry = (17 * i) % 29 / 4
        time = entry + 1 + (23 * i) % 61 * (1 + 0.3 * (i % 2)) / 2
        site = ("north", "south", "west")[(i // 4) % 3]
        dose = 10 + (37 * i) % 53
        rows.append((entry, time, int((3 * i) % 7 > 1), "AB"[i % 2], site, dose, (i // 7) % 4))
    return _write(path, ["entry", "exit", "event", "arm", "site", "dose", "stage"], rows)


def zero_times(path: Path) -> Path:
    """SYNTHETIC: events and censored patients at time zero, one negative and missing values."""
    rows: list[Row] = [(0, 1, "A", 3), (0, 0, "A", 5), (0, 1, "B", 8), (0, 0, "B", 2)]
    rows += [((11 * i) % 37, int(i % 4 != 1), "AB"[i % 2], (7 * i) % 13) for i in range(1, 41)]
    rows += [(-3, 1, "A", 4), (None, 1, "B", 4), (12, None, "A", 6), (9, 1, None, 7)]
    rows += [(14, 1, "B", None), (15, 0, "A", None)]
    return _write(path, ["time", "event", "arm", "x"], rows)


def separation(path: Path) -> Path:
    """SYNTHETIC: the level "low" of marker has 14 patients and no event."""
    rows: list[Row] = [
        (3 + (19 * i) % 41, int(i % 3 != 2), ("high", "middle")[i % 2], 40 + (7 * i) % 31)
        for i in range(1, 51)
    ]
    rows += [(4 + (9 * i) % 37, 0, "low", 41 + (5 * i) % 29) for i in range(14)]
    return _write(path, ["time", "event", "marker", "age"], rows)


def four_groups(path: Path) -> Path:
    """SYNTHETIC: 200 patients, four arms, grades, text with spaces and commas, gaps everywhere."""
    sites = ("bone only", "liver, lung", "node", "skin")
    rows = []
    for i in range(1, 201):
        arm, grade = "ABCD"[(i + i // 9) % 4], ("I", "II", "III")[(i // 2 + i // 11) % 3]
        slow = 1 + 0.35 * "ABCD".index(arm) + 0.2 * ("I", "II", "III").index(grade)
        time = round(1 + (97 * i) % 211 / 4 / slow, 2)
        marker = None if i % 23 == 0 else round(0.5 + (53 * i) % 97 / 8, 3)
        site = None if i % 19 == 0 else sites[(i // 3) % 4]
        event = 2 if i % 17 == 0 else int((5 * i) % 8 > 1)
        rows.append((f"P{i:03d}", time, event, arm, None if i % 31 == 0 else grade,
                     site, marker, 35 + (29 * i) % 47, (i // 5) % 2))  # fmt: skip
    header = ["patient", "time", "event", "arm", "grade", "site", "marker", "age", "male"]
    return _write(path, header, rows)


TABLES: dict[str, Callable[[Path], Path]] = {
    function.__name__: function
    for function in (
        lung, gbsg2, rossi, leukemia, larynx, waltons, heart, macs, veterans, whas500, aids,
        spss72, near_ties, early_censored, plateau, heavy_ties, delayed_entry, zero_times,
        separation, four_groups,
    )
}  # fmt: skip


def export(folder: Path) -> dict[str, Path]:
    """Write every table.

    Parameters
    ----------
    folder
        Existing or new folder; files are called ``<table>.csv``.

    Returns
    -------
    dict
        Table name to the path of its file.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return {name: write(folder / f"{name}.csv") for name, write in TABLES.items()}


if __name__ == "__main__":
    export(Path(sys.argv[1]))
