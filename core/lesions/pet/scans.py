"""Which scan of a patient counts, where the sheet has several: the first one."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.lesions.recist import visits
from core.notes import MOST_LINES, Note, counted
from core.reading.roles.names import says, words
from core.reading.roles.vocabulary import folded

_SCAN = folded(
    "date scan visit timepoint examination exam pet study Datum Untersuchung fecha data 日期 検査日"
)
_NOT = folded("birth geburt naissance death tod id number no nr biopsy diagnosis")


def column_of(frame: pd.DataFrame, patient: str, others: tuple[str, ...]) -> str | None:
    """The column that tells scans apart: some patient has several, and it can be put in order.

    Examples
    --------
    >>> sheet = pd.DataFrame({"id": ["a", "a"], "Date of PET": ["2020-01-02", "2020-05-02"]})
    >>> column_of(sheet, "id", ())
    'Date of PET'
    """
    for name in map(str, frame.columns):
        said = words(name)
        if name == patient or name in others or not says(said, _SCAN) or says(said, _NOT):
            continue
        several = frame.groupby(frame[patient].to_numpy(), observed=True)[name].nunique() > 1
        if several.any() and not np.isnan(_order(frame[name])[frame[name].notna()]).any():
            return name
    return None


def first_only(
    frame: pd.DataFrame, patient: str, scan: str, lines: np.ndarray
) -> tuple[np.ndarray, tuple[Note, ...]]:
    """Rows of the first scan of each patient, and how many are of later ones.

    A row whose scan is not said counts with the first one.
    """
    order = pd.Series(_order(frame[scan]))
    first = order.groupby(frame[patient].to_numpy()).transform("min")
    later = (order > first).to_numpy()
    patients = frame[patient][later].nunique()
    has = "has" if patients == 1 else "have"
    text = (
        f"{counted(int(later.sum()), 'row')} of later scans {'was' if later.sum() == 1 else 'were'}"
        f" left out: {counted(int(patients), 'patient')} {has} several by '{scan}', and the first "
        "one counts. Leave the others out of the sheet to use a later one."
    )
    first_lines = tuple(int(x) for x in lines[later][:MOST_LINES])
    return ~later, (Note("warning", scan, text, "excluded", int(later.sum()), first_lines),)


def _order(column: pd.Series) -> np.ndarray:
    """Numbers that put scans in order; NaN where a cell says no time."""
    if column.dtype != object:
        return column.to_numpy(dtype=float)
    codes, uniques = pd.factorize(column)
    read = [visits.parse(value) for value in uniques]
    numbers = [
        np.nan if visit is None
        else float(pd.Timestamp(visit.date).toordinal()) if visit.date
        else visit.rank
        for visit in read
    ]  # fmt: skip
    return np.array([*numbers, np.nan])[codes]
