"""Who is in: filters, missing values and unusable times, with a ledger of who left and why."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core import filters
from core.dataset import Dataset
from core.errors import DataError, SpecError
from core.notes import Note, info, warning
from core.spec import AnalysisSpec, read_number
from core.units import convert


@dataclass(frozen=True)
class LedgerEntry:
    """So many patients left for this reason."""

    reason: str
    n: int


@dataclass(frozen=True, eq=False)
class Included:
    """The patients who are in, before they are grouped.

    Attributes
    ----------
    rows : numpy.ndarray of int, shape (n,)
        Positions in the dataset's frame.
    time, event : numpy.ndarray, shape (n,)
        Follow-up in `unit` with near ties merged, and whether the event happened.
    entry : numpy.ndarray of float or None
        Start of observation in `unit`, where there is delayed entry or a landmark.
    n_rows : int
        Rows of the table before anybody left.
    """

    rows: np.ndarray
    time: np.ndarray
    event: np.ndarray
    entry: np.ndarray | None
    n_rows: int
    ledger: tuple[LedgerEntry, ...]
    notes: tuple[Note, ...]

    @cached_property
    def distinct(self) -> tuple[np.ndarray, np.ndarray]:
        """The distinct times in order and each patient's position among them: sorted once."""
        times, codes = np.unique(self.time, return_inverse=True)
        return times, codes


def include(dataset: Dataset, spec: AnalysisSpec) -> Included:
    """Decide who is in, with a ledger of who left and why.

    The order is: filters, further rows of the same patient, missing or unusable times, missing
    events, missing stratifier, landmark. Near-tied times are merged last, over those who stay.

    Raises
    ------
    SpecError
        If a column is missing, the filter names the patient id, or patients have several rows.
    DataError
        If a column that must hold numbers does not, or nobody is left.
    """
    keep = np.ones(len(dataset.frame), dtype=bool)
    ledger: list[LedgerEntry] = []

    def leave(reason: str, gone: np.ndarray) -> None:
        nonlocal keep
        count = int((keep & gone).sum())
        if count:
            ledger.append(LedgerEntry(reason, count))
            keep = keep & ~gone

    for text in spec.where:
        condition = _condition(text, dataset, spec)
        words = condition.words(dataset.variables[condition.column])
        leave(f"filtered out: not ({words})", ~filters.matches(condition, dataset))
    leave("further row of the same patient", _further_rows(dataset, spec, keep))
    time, missing = _follow_up(dataset, spec)
    leave("missing time", missing)
    event, unknown = _events(dataset, spec)
    leave("missing event", unknown)
    leave("negative time", time < 0)
    entry = None if spec.entry is None else _numbers(dataset, spec.entry, "entry")
    if entry is not None:
        leave("missing entry time", np.isnan(entry))
        leave("entry not before the end of follow-up", entry >= time)
    if spec.group_by is not None:
        variable = dataset.require(spec.group_by, "group_by")
        leave(f"missing {variable.title}", dataset.frame[spec.group_by].isna().to_numpy())
    if spec.landmark is not None:
        numerator, denominator = convert(spec.show_unit or spec.unit or "days", spec.unit or "days")
        landmark = spec.landmark * numerator / denominator
        leave(f"follow-up ended by the landmark at {spec.landmark:g}", time <= landmark)
        entry = np.maximum(0.0 if entry is None else entry, landmark) * np.ones(len(time))
    rows, merged, merged_entry, n_merged = _merged(keep, time, entry)
    if merged_entry is not None and (merged_entry >= merged).any():
        gone = np.zeros(len(keep), dtype=bool)
        gone[rows[merged_entry >= merged]] = True
        leave("follow-up of nothing but rounding noise", gone)
        rows, merged, merged_entry, n_merged = _merged(keep, time, entry)
    if len(rows) == 0:
        reasons = "; ".join(f"{e.n} {e.reason}" for e in ledger)
        raise DataError(
            f"No patient is left ({reasons or 'the table has no rows'})",
            "Loosen the filters or choose other columns",
        )
    notes = _notes(dataset, spec, rows, event[rows], n_merged)
    return Included(
        rows, merged, event[rows], merged_entry, len(dataset.frame), tuple(ledger), notes
    )


def _merged(
    keep: np.ndarray, time: np.ndarray, entry: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, int]:
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


def _condition(text: str, dataset: Dataset, spec: AnalysisSpec) -> filters.Condition:
    condition = filters.parse(text, dataset.variables)
    if condition.column == spec.id:
        raise SpecError(
            "where",
            f"'{spec.id}' identifies patients and cannot be filtered by",
            "Filter by another column: a link must not hold a patient's identifier",
        )
    return condition


def _further_rows(dataset: Dataset, spec: AnalysisSpec, keep: np.ndarray) -> np.ndarray:
    nothing = np.zeros(len(keep), dtype=bool)
    if spec.id is None:
        return nothing
    dataset.require(spec.id, "id")
    ids = dataset.frame[spec.id][keep]
    ids = ids[ids.notna()]
    repeated = ids.duplicated(keep="last" if spec.one_row == "last" else "first")
    if not repeated.any():
        return nothing
    if spec.one_row is None:
        row = dataset.row_number(int(np.asarray(repeated[repeated].index)[0]))
        raise SpecError(
            "id",
            f"{int(repeated.sum())} rows belong to a patient who has a row already "
            f"(column '{spec.id}', the first such row is {row})",
            "Filter to one row per patient, or keep one with one_row=first or one_row=last",
        )
    further = nothing.copy()
    further[np.asarray(repeated[repeated].index)] = True
    return further


def _follow_up(dataset: Dataset, spec: AnalysisSpec) -> tuple[np.ndarray, np.ndarray]:
    """Times in `unit` and which rows have none."""
    if spec.start is not None and spec.end is not None:
        first, last = _dates(dataset, spec.start, "start"), _dates(dataset, spec.end, "end")
        time = (last - first) / np.timedelta64(1, "D")
    elif spec.time is not None:
        time = _numbers(dataset, spec.time, "time")
    else:
        raise SpecError("time", "The column of the follow-up time is not known", "Choose one")
    return time, np.isnan(time)


def _numbers(dataset: Dataset, column: str, field: str) -> np.ndarray:
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


def _dates(dataset: Dataset, column: str, field: str) -> np.ndarray:
    dataset.require(column, field)
    values = dataset.frame[column]
    dates = pd.to_datetime(values.astype("object"), format="ISO8601", errors="coerce", utc=True)
    bad = (dates.isna() & values.notna()).to_numpy()
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
    return dates.dt.tz_localize(None).to_numpy(dtype="datetime64[ns]")


def _events(dataset: Dataset, spec: AnalysisSpec) -> tuple[np.ndarray, np.ndarray]:
    """Whether the event happened, and which rows do not say."""
    if spec.event is None:
        raise SpecError("event", "The column of the event is not known", "Choose one")
    dataset.require(spec.event, "event")
    values = dataset.frame[spec.event]
    return is_one_of(values, spec.event_is, "event_is"), values.isna().to_numpy()


def is_one_of(values: pd.Series, wanted: tuple[str, ...], field: str) -> np.ndarray:
    """Which cells have one of the wanted values; numbers compare as numbers.

    Raises
    ------
    SpecError
        If the column holds numbers and a wanted value is none.
    """
    if not pd.api.types.is_numeric_dtype(values):
        return values.isin(wanted).to_numpy()
    try:
        numbers = [read_number(text, field) for text in wanted]
    except SpecError:
        raise SpecError(
            field,
            f"The column '{values.name}' holds numbers, and {field} is '{','.join(wanted)}'",
            "Give one of its numbers",
        ) from None
    return values.isin(numbers).to_numpy()


def _notes(
    dataset: Dataset, spec: AnalysisSpec, rows: np.ndarray, event: np.ndarray, n_merged: int
) -> tuple[Note, ...]:
    notes: list[Note] = []
    if n_merged:
        notes.append(
            info("time", f"{n_merged} times that differ only by rounding noise were made equal.")
        )
    if not event.any():
        notes.append(
            warning("event", "No patient who is in had the event: nothing can be compared.")
        )
    elif event.all() and len(event) > 1:
        notes.append(
            warning("event", "Every patient had the event. Is the coding of the event right?")
        )
    if spec.competing:
        values = dataset.frame[spec.event or ""]
        other = is_one_of(values, spec.competing, "competing")
        if (other & is_one_of(values, spec.event_is, "event_is")).any():
            raise SpecError(
                "competing", "A value is named both as the event and as competing", "Name it once"
            )
        notes.append(
            warning(
                "competing",
                f"{int(other[rows].sum())} competing events are counted as censored here, so "
                "1 - S(t) is not the probability of the event.",
            )
        )
    return tuple(notes)
