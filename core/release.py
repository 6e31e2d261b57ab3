"""What of a result may leave with nobody's row in it: coarse steps, and no count of a few patients.

Methods
-------
A count from 1 to 10 is not shown (`LEAST`), be it of patients, of events or of patients without an
event; where one group's count is hidden, the total is hidden too, or it could be worked out. The
exact curve of a group gives back every patient's time, so its steps are put together: a point is
shown when at least `LEAST` events have come since the last one, at the next full month, and the
curve ends where fewer than `LEAST` are at risk. Numbers at risk are rounded down to fives, times to
full months. A level of a term with a hidden count has no estimate.

References
----------
Guyot P, Ades AE, Ouwens MJ, Welton NJ. BMC Med Res Methodol 2012;12:9: how curves are read back.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from core.inclusion import LedgerEntry
from core.survival.cox import CoxResult
from core.survival.km import KMResult, Summary
from core.survival.results import Row, Test
from core.units import DAYS

LEAST = 11
"""The smallest count that is shown."""
FIVES = 5
MONTH = DAYS["months"]
PLACES = 2
"""Decimals of a survival probability, and of a ratio."""


@dataclass(frozen=True)
class Group:
    """A group; None stands for a count that is hidden, or a time that is not reached.

    `median` is in full months, in whatever unit the curves are shown; `hidden` says that the whole
    group is too small to be shown.
    """

    label: str
    n: int | None
    events: int | None
    median: int | None
    hidden: bool


@dataclass(frozen=True, eq=False)
class Release:
    """Results that may leave.

    Attributes
    ----------
    n, events : int or None
        Of all patients; None where they would give away a hidden count.
    groups : tuple of Group
    steps : pandas.DataFrame
        ``time estimate n_risk group``: points of the coarse curves in the unit shown, probabilities
        to two decimals.
    test : Test
        With its statistic to two decimals.
    hazard_ratios : tuple of Row
    left : tuple of (str, int or None)
        Who left, and how many.
    total : int or None
        Rows of the table.
    """

    n: int | None
    events: int | None
    groups: tuple[Group, ...]
    steps: pd.DataFrame
    test: Test
    hazard_ratios: tuple[Row, ...]
    left: tuple[tuple[str, int | None], ...]
    total: int | None


def shown(n: int) -> int | None:
    """A count, or None where it is of a few.

    Examples
    --------
    >>> shown(0), shown(10), shown(11)
    (0, None, 11)
    """
    return None if 0 < n < LEAST else n


def cell(n: int, events: int) -> tuple[int | None, int | None]:
    """Patients and events of a group, each hidden where it, or its rest, is of a few.

    Examples
    --------
    >>> cell(40, 20), cell(40, 35), cell(9, 4)
    ((40, 20), (40, None), (None, None))
    """
    if shown(n) is None:
        return None, None
    few = shown(events) is None or shown(n - events) is None
    return n, None if few else events


def of_curves(result: KMResult, ledger: Sequence[LedgerEntry], total: int, unit: str) -> Release:
    """Make the results of curves fit to leave.

    Parameters
    ----------
    result : KMResult
    ledger : sequence of LedgerEntry
        Who left before.
    total : int
        Rows of the table.
    unit : str
        That of the times of `result`.
    """
    month = MONTH / DAYS[unit]
    groups = tuple(_group(summary, month) for summary in result.groups)
    left = tuple((entry.reason, shown(entry.n)) for entry in ledger)
    known_n = all(group.n is not None for group in groups)
    known_events = all(group.events is not None for group in groups)
    complete = known_n and all(n is not None for _, n in left)
    return Release(
        sum(s.n for s in result.groups) if known_n else None,
        sum(s.events for s in result.groups) if known_events else None,
        groups,
        _steps(result, month),
        _test(result.test),
        tuple(_row(row) for row in result.hazard_ratio),
        left,
        total if complete else None,
    )


def _group(summary: Summary, month: float) -> Group:
    n, events = cell(summary.n, summary.events)
    median = None if n is None or summary.median is None else round(summary.median / month)
    return Group(summary.label, n, events, median, n is None)


def _steps(result: KMResult, month: float) -> pd.DataFrame:
    points: list[tuple[float, float, int, int]] = []
    for g, summary in enumerate(result.groups):
        if shown(summary.n) is None:
            continue
        own = result.curves[result.curves["group"] == g]
        points += [(*point, g) for point in _points(own, summary.n, month)]
    return pd.DataFrame(points, columns=["time", "estimate", "n_risk", "group"])


def _points(own: pd.DataFrame, n: int, month: float) -> list[tuple[float, float, int]]:
    """The points of one curve: each with at least `LEAST` events since the one before."""
    times, n_risk = own["time"].to_numpy(), own["n_risk"].to_numpy()
    n_event, estimate = own["n_event"].to_numpy(), own["estimate"].to_numpy()
    points = [(0.0, 1.0, n - n % FIVES)]
    since, place = 0.0, 0
    while place < len(times):
        since += float(n_event[place])
        if since < LEAST:
            place += 1
            continue
        end = math.ceil(times[place] / month - 1e-9) * month
        while place + 1 < len(times) and times[place + 1] <= end:
            place += 1
        at_risk = n_risk[place + 1] if place + 1 < len(times) else 0
        if at_risk < LEAST:
            break
        points.append((end, round(float(estimate[place]), PLACES), int(at_risk - at_risk % FIVES)))
        since, place = 0.0, place + 1
    return points


def _test(test: Test) -> Test:
    def rounded(x: float | None) -> float | None:
        return None if x is None else round(x, PLACES)

    p = None if test.p_value is None else float(f"{test.p_value:.2g}")
    return Test(test.name, rounded(test.statistic), test.df, p, rounded(test.log10_p))


def of_model(result: CoxResult) -> tuple[tuple[Row, ...], tuple[Row, ...]]:
    """The rows of a Cox table fit to leave: univariable and multivariable."""
    return tuple(map(_row, result.univariable)), tuple(map(_row, result.multivariable))


def _row(row: Row) -> Row:
    """A row to two decimals; without an estimate where its level is of a few."""
    n, events = cell(row.n, row.events)
    if n is None or (row.level is not None and events is None):
        return Row(row.term, row.level, row.reference, 0, 0)

    def rounded(x: float | None) -> float | None:
        return None if x is None else float(f"{x:.3g}")

    p = None if row.p_value is None else float(f"{row.p_value:.2g}")
    return Row(
        row.term, row.level, row.reference, n, events or 0, rounded(row.coef),
        rounded(row.std_error), rounded(row.hazard_ratio), rounded(row.conf_low),
        rounded(row.conf_high), p,
    )  # fmt: skip
