"""The patients in the order of their times and in that of the marker: what resampling needs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.survival.cutoff.endpoint import Endpoint


@dataclass(frozen=True, eq=False)
class Ordered:
    """Two orders of the same patients.

    Attributes
    ----------
    order : numpy.ndarray of int, shape (n,)
        Patients by time.
    event, last : numpy.ndarray, shape (n,)
        Of the patients by time (`core.survival.cutoff.endpoint.Endpoint`).
    start : numpy.ndarray of int, shape (T + 1,)
        First of the patients by time at each distinct time, and n.
    place : numpy.ndarray of int, shape (n,)
        Place of each of the patients by time in the order of the marker.
    values : numpy.ndarray of float, shape (n,)
        The marker in its order.
    ends : numpy.ndarray of bool, shape (n,)
        Whether the next value is larger.
    fraction : float
    limits : numpy.ndarray of float, shape (3,)
        Smallest and largest size of a low group, smallest number of events on a side.
    endpoint : Endpoint
    """

    order: np.ndarray
    event: np.ndarray
    last: np.ndarray
    start: np.ndarray
    place: np.ndarray
    values: np.ndarray
    ends: np.ndarray
    fraction: float
    limits: np.ndarray
    endpoint: Endpoint

    @classmethod
    def of(
        cls, x: np.ndarray, endpoint: Endpoint, *, fraction: float, min_events: float
    ) -> Ordered:
        """Sort twice.

        Parameters
        ----------
        x : numpy.ndarray of float, shape (n,)
        endpoint : Endpoint
        fraction, min_events : float
            What a cutoff needs on either side.
        """
        n = len(x)
        order = np.argsort(endpoint.time, kind="stable")
        by_marker = np.argsort(x, kind="stable")
        place = np.empty(n, dtype=np.int64)
        place[by_marker] = np.arange(n)
        values, time = x[by_marker], endpoint.time[order]
        start = np.flatnonzero(np.concatenate([[True], time[1:] != time[:-1]]))
        limits = [max(1.0, np.floor(n * fraction)), np.floor(n * (1 - fraction)), min_events]
        return cls(
            order,
            endpoint.event[order],
            endpoint.last[order],
            np.append(start, n),
            place[order],
            values,
            np.append(values[1:] > values[:-1], False),
            fraction,
            np.array(limits),
            endpoint,
        )
