"""Who is in: filters, missing values and unusable times, with a ledger of who left and why."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from core import filters, followup, known, origin
from core.dataset import Dataset, Variable
from core.errors import DataError, SpecError
from core.notes import Note, counted, info, warning, were
from core.spec import AnalysisSpec, read_number


@dataclass(frozen=True)
class LedgerEntry:
    """So many patients left for this reason; `rows` are the first lines of the file they are on."""

    reason: str
    n: int
    rows: tuple[int, ...] = ()


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
    n_patients : int
        How many different patients the rows belong to: fewer than rows where each patient has
        several intervals.
    """

    rows: np.ndarray
    time: np.ndarray
    event: np.ndarray
    entry: np.ndarray | None
    n_rows: int
    ledger: tuple[LedgerEntry, ...]
    notes: tuple[Note, ...]
    n_patients: int

    @cached_property
    def distinct(self) -> tuple[np.ndarray, np.ndarray]:
        """The distinct times in order and each patient's position among them: sorted once."""
        times, codes = np.unique(self.time, return_inverse=True)
        return times, codes


def include(dataset: Dataset, spec: AnalysisSpec) -> Included:
    """Decide who is in, with a ledger of who left and why.

    The order is: filters, further rows of the same patient, missing or unusable times, missing
    events, late entry, another origin, missing stratifier, landmark. Near-tied times are merged
    last, over those who stay. Rows of one patient that are intervals one behind the other all stay.

    Raises
    ------
    KnownLater
        If patients are compared from time 0 by something that is known only later.
    SpecError
        If a column is missing, the filter names the patient id, or patients have several rows.
    DataError
        If a column that must hold numbers does not, or nobody is left.
    """
    guarded = known.check_question(dataset, spec)
    loaded, dataset = dataset, known.at_start(dataset, spec)
    left = _Leavers(dataset, np.ones(len(dataset.frame), dtype=bool))
    for text in spec.where:
        condition = _condition(text, dataset, spec)
        words = condition.words(dataset.variables[condition.column])
        left.leave(f"filtered out: not ({words})", ~filters.matches(condition, dataset))
    left.leave("further row of the same patient", _further_rows(dataset, spec, left.keep))
    time, missing = followup.follow_up(dataset, spec)
    left.leave("missing time", missing)
    beyond = followup.beyond_belief(time, spec)
    left.leave(f"time beyond {followup.MOST_YEARS} years", beyond, listed=True)
    event, unknown = _events(dataset, spec)
    left.leave("missing event", unknown)
    settled = followup.settled(dataset, spec, time, left.keep)
    odd = tuple(followup.odd_times(dataset, spec, time, left.keep))
    time = settled
    left.leave("negative time", time < 0, listed=True)
    if spec.zero == "drop":
        left.leave("zero time", time == 0, listed=True)
    time, entry = _entry(dataset, spec, time, left)
    rows, merged, merged_entry, n_merged = _at_risk(time, entry, left)
    if len(rows) == 0:
        reasons = "; ".join(f"{e.n} {e.reason}" for e in left.ledger)
        raise DataError(
            f"No patient is left ({reasons or 'the table has no rows'})",
            "Loosen the filters or choose other columns",
        )
    n_patients, in_words = _patients(dataset, spec, rows)
    notes = _notes(dataset, spec, rows, event[rows], n_merged) + odd + in_words + guarded
    notes += origin.switch_notes(dataset, spec, merged_entry)
    notes += known.start_notes(loaded, spec, rows)
    ledger, total = tuple(left.ledger), len(dataset.frame)
    return Included(rows, merged, event[rows], merged_entry, total, ledger, notes, n_patients)


@dataclass
class _Leavers:
    """Who is still in, and who left."""

    dataset: Dataset
    keep: np.ndarray
    ledger: list[LedgerEntry] = field(default_factory=list)

    def leave(self, reason: str, gone: np.ndarray, *, listed: bool = False) -> None:
        count = int((self.keep & gone).sum())
        if count:
            rows = self.dataset.lines_of(self.keep & gone) if listed else ()
            self.ledger.append(LedgerEntry(reason, count, rows))
            self.keep = self.keep & ~gone

    def leave_without(self, variable: Variable) -> None:
        """Leave for want of a value; the reason where it is known."""
        missing = self.dataset.frame[variable.name].isna().to_numpy()
        reasons = self.dataset.absent.get(variable.name)
        if reasons is not None:
            for reason in sorted({*reasons[missing & self.keep]} - {""}):
                self.leave(reason, missing & (reasons == reason))
        self.leave(f"missing {variable.title}", missing)


def _entry(
    dataset: Dataset, spec: AnalysisSpec, time: np.ndarray, left: _Leavers
) -> tuple[np.ndarray, np.ndarray | None]:
    """Times and entries after delayed entry, another origin, missing groups and the landmark."""
    entry = None if spec.entry is None else origin.from_start(dataset, spec, spec.entry, "entry")
    if entry is not None:
        left.leave("missing entry time", np.isnan(entry))
        left.leave("entry not before the end of follow-up", entry >= time)
    moved = origin.switch(dataset, spec, time, entry)
    if moved is not None:
        left.leave(f"missing {moved.title} (the new time 0)", moved.absent)
        left.leave(f"follow-up ended by {moved.title} (the new time 0)", moved.ended)
        time, entry = moved.time, moved.entry
        beyond = followup.beyond_belief(time, spec)
        left.leave(f"time beyond {followup.MOST_YEARS} years", beyond, listed=True)
        if entry is not None:
            left.leave("observation not begun before the end of follow-up", entry >= time)
    for name, field_ in ((spec.group_by, "group_by"), (spec.second_by, "second_by")):
        if name is not None:
            left.leave_without(dataset.require(name, field_))
    if spec.landmark is not None:
        landmark = origin.landmark_of(spec)
        left.leave(f"follow-up ended by the landmark at {spec.landmark:g}", time <= landmark)
        entry = np.maximum(0.0 if entry is None else entry, landmark) * np.ones(len(time))
    return time, entry


def _at_risk(
    time: np.ndarray, entry: np.ndarray | None, left: _Leavers
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None, int]:
    """Rows, times and entries with near ties merged; nobody enters when the follow-up ends."""
    rows, merged, merged_entry, n_merged = followup.merged(left.keep, time, entry)
    if merged_entry is None or (merged_entry < merged).all():
        return rows, merged, merged_entry, n_merged
    gone = np.zeros(len(time), dtype=bool)
    gone[rows[merged_entry >= merged]] = True
    left.leave("follow-up of nothing but rounding noise", gone)
    return followup.merged(left.keep, time, entry)


def _patients(
    dataset: Dataset, spec: AnalysisSpec, rows: np.ndarray
) -> tuple[int, tuple[Note, ...]]:
    """How many patients the rows are of, and a note where each has several intervals."""
    if spec.id is None or spec.one_row is not None:
        return len(rows), ()
    ids = dataset.frame[spec.id].iloc[rows]
    n = int(ids.nunique() + ids.isna().sum())
    if n == len(rows):
        return n, ()
    text = f"{counted(n, 'patient')} in {len(rows):,} intervals (start, stop]."
    return n, (info("id", f"{text} Numbers of rows below are of intervals."),)


def _condition(text: str, dataset: Dataset, spec: AnalysisSpec) -> filters.Condition:
    condition = filters.parse(text, dataset.variables)
    if condition.column == spec.id or dataset.variables[condition.column].identifier:
        raise SpecError(
            "where",
            f"'{condition.column}' identifies patients and cannot be filtered by",
            "Filter by another column: a link must not hold a patient's identifier",
        )
    return filters.decoded(condition, dataset)


def _further_rows(dataset: Dataset, spec: AnalysisSpec, keep: np.ndarray) -> np.ndarray:
    nothing = np.zeros(len(keep), dtype=bool)
    if spec.id is None or spec.one_row == "all":
        return nothing
    dataset.require(spec.id, "id")
    ids = dataset.frame[spec.id][keep]
    ids = ids[ids.notna()]
    repeated = ids.duplicated(keep="last" if spec.one_row == "last" else "first")
    if not repeated.any():
        return nothing
    if spec.one_row is None:
        if spec.entry is not None and followup.one_behind_the_other(dataset, spec, keep):
            return nothing
        row = dataset.row_number(int(np.asarray(repeated[repeated].index)[0]))
        n = int(repeated.sum())
        raise SpecError(
            "id",
            f"{counted(n, 'row')} {'belongs' if n == 1 else 'belong'} to a patient who has a row "
            f"already (column '{spec.id}', the first such row is {row})",
            "Filter to one row per patient, or keep one with one_row=first or one_row=last; "
            "one_row=all counts every row as a patient",
        )
    further = nothing.copy()
    further[np.asarray(repeated[repeated].index)] = True
    return further


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
            info(
                "time",
                f"{counted(n_merged, 'time')} that {'differs' if n_merged == 1 else 'differ'} from "
                f"another only by rounding noise {were(n_merged)} made equal to it.",
            )
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
        n = int(other[rows].sum())
        notes.append(
            warning(
                "competing",
                f"{counted(n, 'competing event')} {'is' if n == 1 else 'are'} counted as censored "
                "here, so 1 - S(t) is not the probability of the event.",
            )
        )
    return tuple(notes)
