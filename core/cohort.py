"""The patients who are in, in their groups: what every analysis is made from.

`core.inclusion` decides who is in, `core.groups` who is in which group. The comparison of a marker
with its cutoff is made there and nowhere else, so that the curve, the table, the sentence and the
script cannot disagree. Both need a spec whose roles (time, unit, event) have been filled in by
`core.reading.roles.filling.fill`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from core import known
from core.dataset import Dataset
from core.errors import SpecError
from core.groups import Groups, everybody, form_groups
from core.inclusion import Included, include
from core.spec import AnalysisSpec
from core.two_markers import combined
from core.units import convert


@dataclass(frozen=True, eq=False)
class Cohort:
    """The patients who are in, in their groups: what every analysis is made from.

    Attributes
    ----------
    dataset : Dataset
        At a landmark or from another origin, what is known only later has its values of then.
    spec : AnalysisSpec
    included : Included
    groups : Groups
    loaded : Dataset or None
        The table as it was loaded, where `dataset` is another one.
    """

    dataset: Dataset
    spec: AnalysisSpec
    included: Included
    groups: Groups
    loaded: Dataset | None = None

    @property
    def source(self) -> Dataset:
        """The table as it was loaded."""
        return self.dataset if self.loaded is None else self.loaded

    @property
    def time(self) -> np.ndarray:
        """Follow-up in `unit`, shape (n,)."""
        return self.included.time

    @property
    def event(self) -> np.ndarray:
        """Whether the event happened, shape (n,)."""
        return self.included.event

    @property
    def entry(self) -> np.ndarray | None:
        """Start of observation in `unit`, or None when everybody starts at 0."""
        return self.included.entry

    @property
    def n(self) -> int:
        """How many patients are in."""
        return len(self.included.rows)

    @cached_property
    def n_events(self) -> int:
        """How many of them had the event."""
        return int(self.event.sum())

    @property
    def unit(self) -> str:
        """Unit of `time`."""
        return self.spec.unit or "days"

    @property
    def show_unit(self) -> str:
        """Unit that times are reported in."""
        return self.spec.show_unit or self.unit

    def shown(self, time: np.ndarray) -> np.ndarray:
        """Turn times in `unit` into times in `show_unit`."""
        numerator, denominator = convert(self.unit, self.show_unit)
        return np.asarray(time, dtype=float) * numerator / denominator

    def measured(self, time: np.ndarray) -> np.ndarray:
        """Turn times in `show_unit` into times in `unit`."""
        numerator, denominator = convert(self.show_unit, self.unit)
        return np.asarray(time, dtype=float) * numerator / denominator

    def column(self, name: str) -> pd.Series:
        """A column of the patients who are in."""
        return self.dataset.frame[name].iloc[self.included.rows]

    @cached_property
    def strata(self) -> np.ndarray | None:
        """Stratum of each patient from 0, -1 where it is missing; None without strata."""
        if not self.spec.strata:
            return None
        columns = self.dataset.frame[list(self.spec.strata)]
        return stratum_codes(columns.iloc[self.included.rows])


def stratum_codes(columns: pd.DataFrame) -> np.ndarray:
    """Number the combinations of the stratifying columns.

    Returns
    -------
    numpy.ndarray of int
        -1 where one of the columns is missing.
    """
    codes = columns.groupby(list(columns), sort=True, dropna=True, observed=True).ngroup()
    return np.where(columns.isna().any(axis=1), -1, codes).astype(np.int64)


def select(dataset: Dataset, spec: AnalysisSpec, included: Included | None = None) -> Cohort:
    """Decide who is in and form the groups.

    Parameters
    ----------
    dataset : Dataset
    spec : AnalysisSpec
        With its roles filled in.
    included : Included, optional
        Result of `include` for the same table and the same answers to "who is in", so that
        moving a cutoff does not sort the follow-up times again.

    Raises
    ------
    KnownLater
        If patients are compared from time 0 by something that is known only later.
    SpecError, DataError
        If a column is missing or cannot serve, or nobody is left.
    """
    known.check_question(dataset, spec)
    found = include(dataset, spec) if included is None else included
    loaded, dataset = dataset, known.at_start(dataset, spec)
    if spec.group_by is None:
        if spec.second_by is not None:
            raise SpecError("second_by", "There is no first marker", "Choose group_by as well")
        groups = everybody(len(found.rows), found.event)
    else:
        variable = dataset.require(spec.group_by, "group_by")
        values = dataset.frame[spec.group_by].iloc[found.rows]
        groups = form_groups(values, variable, time=found.time, event=found.event, spec=spec)
        if spec.second_by is not None:
            second = dataset.frame[spec.second_by].iloc[found.rows]
            variables = (variable, dataset.variables[spec.second_by])
            groups = combined(groups, (values, second), variables, found.event, spec)
    for name in spec.strata:
        dataset.require(name, "strata")
    return Cohort(dataset, spec, found, groups, None if loaded is dataset else loaded)
