"""Counts per group at each distinct time: what Kaplan-Meier and every log-rank test start from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Counts:
    """A life table per group.

    Attributes
    ----------
    times : numpy.ndarray, shape (T,)
        Distinct times in ascending order.
    at_risk, events, censored : numpy.ndarray of int, shape (G, T)
        Patients under observation just before each time, and what happened to them at it. A
        patient is at risk at t when ``entry < t <= time``.
    """

    times: np.ndarray
    at_risk: np.ndarray
    events: np.ndarray
    censored: np.ndarray


def count(
    distinct: tuple[np.ndarray, np.ndarray],
    event: np.ndarray,
    codes: np.ndarray,
    n_groups: int,
    *,
    entry: np.ndarray | None = None,
) -> Counts:
    """Count who is at risk, who has the event and who is censored.

    Parameters
    ----------
    distinct : tuple of numpy.ndarray
        Distinct times, shape (T,), and each patient's position among them, shape (n,).
    event : numpy.ndarray of bool, shape (n,)
    codes : numpy.ndarray of int, shape (n,)
        Group of each patient, from 0.
    n_groups : int
    entry : numpy.ndarray of float, shape (n,), optional
        Start of observation (delayed entry).

    Examples
    --------
    >>> c = count(np.unique([1.0, 2.0, 2.0], return_inverse=True), np.array([1, 1, 0]) > 0,
    ...           np.zeros(3, dtype=int), 1)
    >>> c.at_risk.tolist(), c.events.tolist()
    ([[3, 2]], [[1, 1]])
    """
    times, position = distinct
    n_times = len(times)
    cell = codes * n_times + position
    size = n_groups * n_times
    events = np.bincount(cell[event], minlength=size).reshape(n_groups, n_times)
    leaving = np.bincount(cell, minlength=size).reshape(n_groups, n_times)
    at_risk = leaving[:, ::-1].cumsum(axis=1)[:, ::-1]
    if entry is not None:
        # Not yet under observation at t are those with entry >= t: entry falls into the interval
        # after the last distinct time that is smaller than or equal to it.
        first = np.searchsorted(times, entry, side="right")
        late = np.bincount(codes * (n_times + 1) + first, minlength=n_groups * (n_times + 1))
        waiting = late.reshape(n_groups, n_times + 1)[:, ::-1].cumsum(axis=1)[:, ::-1]
        at_risk = at_risk - waiting[:, 1:]
    return Counts(times, at_risk, events, leaving - events)
