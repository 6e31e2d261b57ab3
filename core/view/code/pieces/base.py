"""Reading the table, deciding who is in, and printing results."""

from __future__ import annotations

import csv
import io
import sys

import numpy as np
import pandas as pd

MISSING = ["", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "."]
RESULTS: list[tuple[str, str, float]] = []


def read_table(path: str, numbers: list[str]) -> pd.DataFrame:
    """Read the table as text, and turn into numbers what is meant as numbers."""
    data = pd.read_csv(
        path, dtype=str, keep_default_na=False, na_values=MISSING, encoding="utf-8-sig"
    )
    data[numbers] = data[numbers].astype(float)
    return data


def print_any_character() -> None:
    """Print in UTF-8, whatever the encoding of the screen is."""
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")


def one_line(text: str) -> str:
    """A text from the table without anything that does not print."""
    return "".join(c if c.isprintable() else " " for c in str(text))


def report(section: str, title: str, table: pd.DataFrame) -> None:
    """Print a table whose first column is `label`, and keep its numbers for the end."""
    if table.empty:
        return
    shown = table.assign(label=[one_line(label) for label in table["label"]])
    print(f"\n{one_line(title)}\n{shown.to_string(index=False)}")
    for _, row in table.iterrows():
        for name in table.columns[1:]:
            RESULTS.append((f"{section}.{name}", row["label"], float(row[name])))


def print_results() -> None:
    """Print every number once more with all its digits, as CSV."""
    writer = csv.writer(sys.stdout, lineterminator="\n")
    print("\n# results")
    writer.writerow(["quantity", "group_or_term", "value"])
    for quantity, label, value in RESULTS:
        writer.writerow([quantity, label, repr(value) if np.isfinite(value) else "NA"])


def everybody(data: pd.DataFrame) -> np.ndarray:
    """All rows."""
    return np.ones(len(data), dtype=bool)


def row_numbers(p: pd.DataFrame) -> np.ndarray:
    """Each row for itself."""
    return np.arange(len(p))


def as_values(x: pd.Series) -> np.ndarray:
    """The values of a column, without the numbers of its rows."""
    return np.asarray(x)


def positive(x: pd.Series) -> np.ndarray:
    """Values above 0; the others are missing."""
    return x.where(x > 0).to_numpy()


def one_group(d: pd.DataFrame) -> np.ndarray:
    """The same group for all patients."""
    return np.zeros(len(d), dtype=int)


def is_missing(x: np.ndarray | pd.Series) -> np.ndarray:
    """Which values are missing."""
    return np.asarray(pd.isna(x))


def one_of(x: pd.Series, values: list[float] | list[str]) -> np.ndarray:
    """Which values are one of these; a missing one never is."""
    return np.asarray(x.isin(values))


def none_of(x: pd.Series, values: list[float] | list[str]) -> np.ndarray:
    """Which values are none of these; a missing one never is."""
    return np.asarray(~is_missing(x) & ~one_of(x, values))


def leave(keep: np.ndarray, reason: str, gone: np.ndarray) -> np.ndarray:
    """Leave out rows, and say how many."""
    gone = keep & np.asarray(gone)
    print(f"{gone.sum():6d} left: {one_line(reason)}")
    if gone.any():
        RESULTS.append(("ledger.n", reason, float(gone.sum())))
    return np.asarray(keep & ~gone)


def stay(keep: np.ndarray, reason: str, kept: np.ndarray) -> np.ndarray:
    """Keep the rows that fulfil a condition; a missing value never does."""
    return leave(keep, reason, ~np.asarray(kept))


def leave_without(keep: np.ndarray, title: str, x: pd.Series, why: pd.Series) -> np.ndarray:
    """Leave out rows without a value, by the reason where it is known."""
    for reason in sorted(set(why[keep & is_missing(x)].dropna())):
        keep = leave(keep, reason, is_missing(x) & one_of(why, [reason]))
    return leave(keep, f"missing {title}", is_missing(x))


def further_rows(keep: np.ndarray, who: pd.Series, last: bool) -> np.ndarray:
    """Which rows repeat a patient; the last one of each may be the one that counts."""
    further = np.zeros(len(who), dtype=bool)
    further[keep] = who[keep].duplicated(keep="last" if last else "first")
    return np.asarray(further & ~is_missing(who))


def replaced(x: pd.Series, which: pd.Series, value: float) -> pd.Series:
    """Put a value in the place of some."""
    return x.mask(which, value)


def distinct_times(*times: np.ndarray | pd.Series) -> np.ndarray:
    """Distinct times; those that differ by rounding noise only are one (R's aeqSurv)."""
    distinct = np.unique(np.concatenate(times))
    gaps, tolerance = np.diff(distinct), np.sqrt(np.finfo(float).eps)
    mean = np.abs(distinct).mean() or 1.0
    same = (gaps <= tolerance) | (gaps / mean <= tolerance)
    return np.asarray(distinct[np.append(True, ~same)])


def snap(time: np.ndarray | pd.Series, distinct: np.ndarray) -> np.ndarray:
    """Put each time on the distinct time that it belongs to."""
    return np.asarray(distinct[np.searchsorted(distinct, np.asarray(time), side="right") - 1])


def quantile_of(x: np.ndarray | pd.Series, share: float, kind: int) -> float:
    """Quantile of R's type 7, or of type 6 (SPSS); numpy's differ in the last digit."""
    x = np.sort(np.asarray(x)[~np.isnan(x)])
    place = (len(x) - 1) * share if kind == 7 else (len(x) + 1) * share - 1
    place, fuzz = min(max(place, 0.0), len(x) - 1.0), 4 * np.finfo(float).eps
    low = int(np.floor(place + fuzz))
    weight = place - low
    if abs(weight) < fuzz or x[low] == x[low + 1]:
        return float(x[low])
    return float((1 - weight) * x[low] + weight * x[low + 1])


def distinct_values(*values: float) -> list[float]:
    """Values in order, each once."""
    return sorted(set(values))


def cut_at(x: np.ndarray | pd.Series, cutoffs: list[float], at_least: bool) -> np.ndarray:
    """Number the intervals between cutoffs from 0; whether a cutoff belongs to the upper one."""
    code = np.searchsorted(cutoffs, np.asarray(x), side="right" if at_least else "left")
    return np.where(is_missing(x), np.nan, code)


def code_of(x: pd.Series, levels: list[float] | list[str]) -> np.ndarray:
    """Number the levels of a category from 0, in this order."""
    return x.map({level: float(i) for i, level in enumerate(levels)}).to_numpy(dtype=float)


def renumber(code: np.ndarray) -> np.ndarray:
    """Number the groups that have patients from 0."""
    found, known = np.full(len(code), np.nan), ~np.isnan(code)
    found[known] = np.unique(code[known], return_inverse=True)[1]
    return found


def patients(
    time: np.ndarray,
    event: np.ndarray,
    entry: np.ndarray | None,
    group: np.ndarray,
    stratum: np.ndarray | None,
) -> pd.DataFrame:
    """The patients who are in; -inf where everybody is observed from the beginning."""
    entry = np.full(len(time), -np.inf) if entry is None else entry
    stratum = np.zeros(len(time)) if stratum is None else stratum
    return pd.DataFrame(
        {"time": time, "event": event, "entry": entry, "group": group, "stratum": stratum}
    ).astype({"group": int})


def at_risk(p: pd.DataFrame, t: np.ndarray) -> np.ndarray:
    """Patients under observation at times: entry < t <= time."""
    time, entry = np.sort(p["time"]), np.sort(p["entry"])
    return np.asarray(np.searchsorted(entry, t) - np.searchsorted(time, t))


def strata_of(*columns: pd.Series) -> np.ndarray:
    """Number the combinations of the stratifying columns; NaN where one is missing."""
    table = pd.concat(columns, axis=1, keys=range(len(columns)))
    code = table.groupby(list(table.columns)).ngroup().to_numpy(dtype=float)
    return np.where(table.isna().any(axis=1), np.nan, code)


def all_table(p: pd.DataFrame) -> pd.DataFrame:
    """All patients and events."""
    return pd.DataFrame([{"label": "all", "n": len(p), "events": p["event"].sum()}])


def cutoff_values(cutoffs: list[float]) -> pd.DataFrame:
    """The cutoffs between the groups."""
    labels = [f"cutoff {i}" for i in range(1, len(cutoffs) + 1)]
    return pd.DataFrame({"label": labels, "value": cutoffs})


def group_table(p: pd.DataFrame, labels: list[str]) -> pd.DataFrame:
    """Patients and events of each group."""
    members = [p[p["group"] == g] for g in range(len(labels))]
    counts = [{"n": len(q), "events": int(q["event"].sum())} for q in members]
    return pd.DataFrame([{"label": label, **c} for label, c in zip(labels, counts, strict=True)])
