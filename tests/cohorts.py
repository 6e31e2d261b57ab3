"""Small tables for tests: from columns to a `Dataset`, a question and a `Cohort`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from hypothesis import settings

from core.cohort import Cohort, select
from core.dataset import Dataset, Variable
from core.spec import AnalysisSpec

Columns = Mapping[str, Sequence[Any] | np.ndarray]

# Laws are checked on the same examples every time: a test that fails once fails again.
LAW = settings(max_examples=60, deadline=None, derandomize=True, database=None)


def dataset_of(columns: Columns, *, levels: Mapping[str, tuple[str, ...]] | None = None) -> Dataset:
    """Return a dataset of these columns, typed as the reader types them.

    A column of numbers becomes float64 with NaN, every other one text with None. ``levels`` is
    the dictionary's order of a category.
    """
    frame = pd.DataFrame(index=range(len(next(iter(columns.values())))))
    variables = {}
    for name, values in columns.items():
        known = [v for v in values if v is not None]
        numeric = all(isinstance(v, int | float | np.number) for v in known)
        if numeric:
            frame[name] = np.array([np.nan if v is None else v for v in values], dtype=float)
        else:
            column = np.empty(len(values), dtype=object)
            column[:] = list(values)
            frame[name] = column
        kind = "number" if numeric else "category"
        variables[name] = Variable(name, kind=kind, levels=(levels or {}).get(name, ()))
    digest = hashlib.sha256(frame.to_json().encode()).hexdigest()
    return Dataset("table.csv", frame, variables, digest, f"sha256:{digest[:16]}")


def question(**fields: Any) -> AnalysisSpec:
    """Return a spec over the columns ``time`` and ``event``, in days, with 1 as the event."""
    roles = {"time": "time", "unit": "days", "event": "event", "event_is": ("1",)}
    asked = AnalysisSpec(**(roles | fields))
    return asked.but(show_unit=asked.show_unit or asked.unit)


def cohort_of(columns: Columns, **fields: Any) -> Cohort:
    """Return the cohort of a table and a question, see `dataset_of` and `question`."""
    return select(dataset_of(columns), question(**fields))


def random_columns(seed: int, n: int = 60, *, ties: bool = True) -> dict[str, np.ndarray]:
    """Return a table with ``time event age dose arm site entry``, the same for the same seed.

    With `ties` times are whole numbers, so that many events fall together.
    """
    rng = np.random.default_rng(seed)
    age = rng.normal(60, 10, n)
    arm = rng.integers(0, 2, n).astype(float)
    hazard = np.exp(0.03 * (age - 60) + 0.5 * arm)
    time = rng.exponential(12, n) / hazard
    time = np.floor(time) + 1 if ties else time
    return {
        "time": time,
        "event": (rng.random(n) < 0.7).astype(float),
        "age": age,
        "dose": rng.gamma(2, 3, n),
        "arm": arm,
        "site": rng.choice(np.array(["north", "south", "west"], dtype=object), n),
        "entry": time * rng.uniform(0, 0.6, n),
    }
