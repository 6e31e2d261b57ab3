"""Times of follow-up: read from columns, cleared of what cannot be, near ties made equal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import pandas as pd

from core.dataset import Dataset
from core.errors import DataError, SpecError
from core.notes import Note, counted
from core.spec import AnalysisSpec
from core.units import convert

MOST_YEARS = 150
"""Nobody is followed for longer: a date, a code or a slip of the keyboard."""


def follow_up(dataset: Dataset, spec: AnalysisSpec) -> tuple[np.ndarray, np.ndarray]:
    """Times in `unit` and which rows have none."""
    if spec.start is not None and spec.end is not None:
        first, last = dates(dataset, spec.start, "start"), dates(dataset, spec.end, "end")
        time = (last - first) / np.timedelta64(1, "D")
    elif spec.time is not None:
        time = numbers(dataset, spec.time, "time")
    else:
        raise SpecError("time", "The column of the follow-up time is not known", "Choose one")
    return time, np.isnan(time)


def numbers(dataset: Dataset, column: str, field: str) -> np.ndarray:
    """Return a column of numbers, NaN for missing; `field` is what it is to serve as."""
    dataset.require(column, field)
    values = dataset.frame[column]
    if pd.api.types.is_numeric_dtype(values):
        return values.to_numpy(dtype=float)
    bad = (pd.to_numeric(values, errors="coerce").isna() & values.notna()).to_numpy()
    row = dataset.row_number(int(np.flatnonzero(bad)[0])) if bad.any() else None
    where = f"row {row} holds something else" if row else "its cells are codes, kept as text"
    raise DataError(
        f"The column '{column}' must hold numbers to serve as {field}, and {where}",
        "Choose another column, or mend the table",
        column=column,
        row=row,
    )


def dates(dataset: Dataset, column: str, field: str) -> np.ndarray:
    """Return a column of dates, NaT for missing; `field` is what it is to serve as."""
    dataset.require(column, field)
    values = dataset.frame[column]
    found = pd.to_datetime(values.astype("object"), format="ISO8601", errors="coerce", utc=True)
    bad = (found.isna() & values.notna()).to_numpy()
    if pd.api.types.is_numeric_dtype(values):
        bad = values.notna().to_numpy()
    if bad.any():
        row = dataset.row_number(int(np.flatnonzero(bad)[0]))
        raise DataError(
            f"The column '{column}' must hold dates to serve as {field}, "
            f"and row {row} holds something else",
            "Write dates like 2024-03-31",
            column=column,
            row=row,
        )
    return found.dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")


def one_behind_the_other(dataset: Dataset, spec: AnalysisSpec, keep: np.ndarray) -> bool:
    """Whether the rows of each patient are intervals that do not overlap."""
    if spec.time is None:
        return False
    rows = pd.DataFrame(
        {
            "id": dataset.frame[spec.id][keep],
            "start": numbers(dataset, spec.entry or "", "entry")[keep],
            "stop": numbers(dataset, spec.time, "time")[keep],
        }
    ).dropna()
    rows = rows.sort_values(["id", "start"])
    same = (rows["id"] == rows["id"].shift()).to_numpy()
    before = rows["stop"].shift().to_numpy()
    return bool((~same | (rows["start"].to_numpy() >= before)).all())


def few_beyond(years: np.ndarray) -> np.ndarray:
    """Which times, in years, cannot be, where they are few; where many are the unit is wrong."""
    gone = np.asarray(years > MOST_YEARS)
    return gone if gone.sum() <= max(3, 0.01 * len(years)) else np.zeros(len(years), dtype=bool)


def beyond_belief(time: np.ndarray, spec: AnalysisSpec) -> np.ndarray:
    """Which times of a question cannot be, see `few_beyond`."""
    numerator, denominator = convert(spec.unit or "days", "years")
    return few_beyond(time * (numerator / denominator))


def settled(dataset: Dataset, spec: AnalysisSpec, time: np.ndarray, keep: np.ndarray) -> np.ndarray:
    """Times after the decision on zero and negative ones; half a day where that was chosen."""
    numerator, denominator = convert("days", spec.unit or "days")
    for name, said, where in (
        ("zero", spec.zero, time == 0),
        ("negative", spec.negative, time < 0),
    ):
        if said == "error" and (keep & where).any():
            rows = dataset.lines_of(keep & where)
            shown = ", ".join(map(str, rows[:10])) + (", ..." if rows[10:] else "")
            count = int((keep & where).sum())
            raise DataError(
                f"{counted(count, 'patient')} {'has' if count == 1 else 'have'} a {name} time "
                f"({'row' if count == 1 else 'rows'} {shown})",
                f"Mend the table, or say {name}=drop or {name}=half",
                column=spec.time,
                row=rows[0],
            )
        if said == "half":
            time = np.where(where, 0.5 * numerator / denominator, time)
    return time


def odd_times(
    dataset: Dataset, spec: AnalysisSpec, time: np.ndarray, keep: np.ndarray
) -> Iterator[Note]:
    """Say what becomes of times that are zero or negative."""
    became = {"half": "were set to half a day", "keep": "are kept", "drop": "were left out"}
    for name, where, said in (
        ("zero", keep & (time == 0), spec.zero or "keep"),
        ("negative", keep & (time < 0), spec.negative or "drop"),
    ):
        if where.any():
            count = int(where.sum())
            has = "has" if count == 1 else "have"
            text = f"{counted(count, 'patient')} {has} a {name} time; such times {became[said]}."
            level: Literal["info", "warning"] = "info" if name == "zero" else "warning"
            yield Note(level, name, text, "excluded", count, dataset.lines_of(where))


def merged(
    keep: np.ndarray, time: np.ndarray, entry: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, int]:
    """Return the rows that stay, their times and entries, and how many times were merged."""
    rows = np.flatnonzero(keep)
    return rows, *merge_near_ties(time[rows], None if entry is None else entry[rows])


def merge_near_ties(
    time: np.ndarray, entry: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray | None, int]:
    """Make times equal that differ only by floating-point noise, by the rule of R's ``aeqSurv``.

    Two neighbouring distinct times are the same when they differ by at most the square root of
    the machine epsilon, absolutely or relative to the mean of the distinct times. Without this
    ``0.1 + 0.2`` and ``0.3`` are two times, and ranks, ties and risk sets are wrong.

    Returns
    -------
    time, entry : numpy.ndarray
        Each run of equal times replaced by its first one.
    n_merged : int
        How many distinct times were merged into another.

    References
    ----------
    Therneau T. Round off error and tied times. Vignette "tiedtimes" of the R package survival.

    Examples
    --------
    >>> merge_near_ties(np.array([0.1 + 0.2, 0.3, 1.0]))[0].tolist()
    [0.3, 0.3, 1.0]
    """
    both = time if entry is None else np.concatenate([time, entry])
    distinct = np.unique(both)
    if len(distinct) < 2:
        return time, entry, 0
    gaps = np.diff(distinct)
    tolerance = np.sqrt(np.finfo(float).eps)
    mean = float(np.mean(np.abs(distinct))) or 1.0
    same = (gaps <= tolerance) | (gaps / mean <= tolerance)
    if not same.any():
        return time, entry, 0
    cuts = distinct[np.concatenate([[True], ~same])]

    def snap(x: np.ndarray) -> np.ndarray:
        return np.asarray(cuts[np.searchsorted(cuts, x, side="right") - 1])

    return snap(time), None if entry is None else snap(entry), int(same.sum())
