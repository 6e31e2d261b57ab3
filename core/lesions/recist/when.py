"""The visits of each patient: which rows belong together, in which order, and how far apart."""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.lesions.recist import visits
from core.lesions.recist.cells import lines_note
from core.lesions.recist.roles import Roles, plain_number
from core.notes import Note, counted, info, warning, were

EPOCH = np.datetime64("1970-01-01")


def dated(column: pd.Series) -> np.ndarray:
    """Days since 1970 of a column of ISO dates; NaN for a part of a date and for none."""
    codes, uniques = pd.factorize(column)
    days = [_days(str(v)) for v in uniques]
    return np.array([*days, np.nan])[codes]


def _days(text: str) -> float:
    try:
        return (
            float((np.datetime64(text[:10], "D") - EPOCH).astype(int)) if len(text) > 9 else np.nan
        )
    except ValueError:
        return np.nan


def iso(days: np.ndarray) -> np.ndarray:
    """Write days since 1970 as ISO dates, None where there is none."""
    known = ~np.isnan(days)
    text = np.full(len(days), None, dtype=object)
    text[known] = (EPOCH + days[known].astype(int)).astype(str)
    return text


def order(rows: pd.DataFrame, frame: pd.DataFrame, roles: Roles) -> tuple[pd.DataFrame, list[Note]]:
    """Give every row its visit.

    Parameters
    ----------
    rows : pandas.DataFrame
        With the columns ``patient lesion kind line``.
    frame : pandas.DataFrame
        The table as it was read, row by row like `rows`.
    roles : Roles

    Returns
    -------
    (pandas.DataFrame, list of Note)
        `rows` without those that name no visit, and with ``visit`` (0 is the baseline),
        ``visit_name``, ``day`` (since the baseline visit, NaN where no time is known) and ``date``
        (ISO text, None where no date is known).
    """
    made, notes = _times(rows, frame, roles)
    made, without = _keys(made, frame, roles)
    notes += without
    table = made.groupby(["patient", "key"], sort=False).agg(
        elapsed=("elapsed", "min"),
        on=("on", "min"),
        rank=("rank", "min"),
        first=("line", "min"),
        name=("name", "first"),
    )
    table["elapsed"] = table["on"].fillna(table["elapsed"])
    timed = table["elapsed"].notna().groupby(level="patient").transform("all")
    ranked = table["rank"].notna().groupby(level="patient").transform("all")
    table["by"] = np.where(timed, table["elapsed"], np.where(ranked, table["rank"], table["first"]))
    table["tie"] = table["rank"].fillna(0.0)
    table = table.reset_index().sort_values(["patient", "by", "tie", "key"], kind="stable")
    table["visit"] = table.groupby("patient").cumcount()
    unsure = int((~timed & ~ranked).groupby(level="patient").any().sum())
    notes += _doubts(table, unsure)
    baseline = table.groupby("patient")["elapsed"].transform("first")
    table["day"] = np.where(timed.reindex(pd.MultiIndex.from_frame(table[["patient", "key"]])),
                            table["elapsed"] - baseline, np.nan)  # fmt: skip
    table["date"] = iso(table["on"].to_numpy(dtype=float))
    table["visit_name"] = table["name"].where(table["name"] != "", table["date"])
    table["visit_name"] = table["visit_name"].fillna(table["key"])
    merged = made.drop(columns=["elapsed", "given", "on", "rank", "name"]).merge(
        table[["patient", "key", "visit", "visit_name", "day", "date"]], on=["patient", "key"]
    )
    return merged.drop(columns="key"), notes


def _times(
    rows: pd.DataFrame, frame: pd.DataFrame, roles: Roles
) -> tuple[pd.DataFrame, list[Note]]:
    """Day of each row on a scale of its patient, and the date."""
    made = rows.copy()
    nothing = np.full(len(rows), np.nan)
    made["on"] = dated(frame[roles.date]) if roles.date else nothing
    day = frame[roles.day].to_numpy(dtype=float) * roles.days_per if roles.day else nothing
    made["given"] = day
    notes = []
    if roles.day and roles.days_per != 1.0:
        notes.append(info(roles.day, f"'{roles.day}' was turned into days."))
    apart = (made["on"] - day).groupby(made["patient"])
    # Study days are often those of the plan: a date is what happened, and goes before them.
    has_date = made["on"].notna().groupby(made["patient"]).transform("any")
    reckoned = np.where(has_date, day + apart.transform("median"), day)
    made["elapsed"] = made["on"].fillna(pd.Series(reckoned, index=made.index))
    differ = int((apart.max() - apart.min() > roles.days_per).sum())
    if differ:
        text = (
            f"In {counted(differ, 'patient')} '{roles.day}' and the dates do not agree: the dates "
            "were followed."
        )
        notes.append(warning(roles.day, text))
    return made, notes


def _keys(made: pd.DataFrame, frame: pd.DataFrame, roles: Roles) -> tuple[pd.DataFrame, list[Note]]:
    """What the rows of one visit have in common, and the rank that a visit's name says."""
    notes: list[Note] = []
    codes, uniques = pd.factorize(made["given"].fillna(made["elapsed"]))
    written = [plain_number(float(x)) for x in uniques]
    moment = pd.Series(np.array([*written, ""], dtype=object)[codes], index=made.index)
    if not roles.visit:
        made["key"], made["name"], made["rank"] = moment, "", np.nan
    else:
        codes, uniques = pd.factorize(frame[roles.visit])
        parsed = [visits.parse(_word(v)) for v in uniques]
        keys = np.array([*[_word(v) for v in uniques], ""], dtype=object)[codes]
        rank = np.array([*[p.rank if p else np.nan for p in parsed], np.nan])[codes]
        loose = np.array([*[_is_unplanned(v) for v in uniques], True])[codes]
        made["name"], made["rank"] = keys, rank
        several = _at_several_times(made)
        made["key"] = np.where((loose | several) & (moment != ""), keys + " " + moment, keys)
        untimed = made["elapsed"].isna().groupby(made["patient"]).transform("all").to_numpy()
        days = np.array([*[p.day if p else np.nan for p in parsed], np.nan])[codes]
        if not np.isnan(days[untimed]).all():
            made["elapsed"] = np.where(untimed, days, made["elapsed"])
            text = f"Times were taken from the names of the visits in '{roles.visit}'."
            notes.append(info(roles.visit, text))
        made["key"] = made["key"].str.strip()
    empty = made["key"] == ""
    if empty.any():
        n = int(empty.sum())
        text = f"{counted(n, 'row')} without a visit or a date {were(n)} left out."
        notes.append(lines_note("visit", text, made.loc[empty, "line"].to_numpy(), "excluded"))
    return made[~empty], notes


def _at_several_times(made: pd.DataFrame) -> np.ndarray:
    """Rows of a visit name under which a patient has one lesion more than once, on other days."""
    lesion = made.groupby(["patient", "name", "kind", "lesion"])["elapsed"]
    apart = lesion.transform("nunique") > 1
    several: np.ndarray = apart.groupby([made["patient"], made["name"]]).transform("any").to_numpy()
    return several


def _word(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell).strip()


def _is_unplanned(cell: object) -> bool:
    found = visits.parse(_word(cell))
    return found is not None and np.isnan(found.rank) and not found.date


def _doubts(table: pd.DataFrame, unsure: int) -> list[Note]:
    notes = []
    if unsure:
        text = (
            f"The visits of {counted(unsure, 'patient')} have neither times nor names with an "
            "order: they were taken in the order of the file."
        )
        notes.append(warning("visit", text))
    known = table.dropna(subset=["rank"])
    back = known["rank"].lt(known.groupby("patient")["rank"].cummax())
    if back.any():
        people = int(known.loc[back, "patient"].nunique())
        text = (
            f"In {counted(people, 'patient')} the dates give the visits another order than their "
            "names: the dates were followed."
        )
        notes.append(lines_note("date", text, known.loc[back, "first"].to_numpy()))
    if table["elapsed"].isna().all():
        text = "The table has no dates or times: nothing can be said on how long a response lasted."
        notes.append(warning("date", text))
    return notes
