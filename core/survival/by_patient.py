"""One row a patient, for what counts patients and not their intervals (start, stop]."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from core.cohort import Cohort


def by_patient(cohort: Cohort) -> Cohort:
    """The cohort with one row a patient: her last interval, entered with her first one."""
    included, name = cohort.included, cohort.spec.id
    if included.n_patients == cohort.n or name is None:
        return cohort
    who, _ = pd.factorize(cohort.column(name))
    nameless = who < 0  # each is a patient of her own
    who[nameless] = who.max() + 1 + np.arange(nameless.sum())
    order = np.lexsort((included.time, who))
    new = np.diff(who[order]) != 0
    first, last = order[np.append(True, new)], order[np.append(new, True)]
    one = replace(
        included, rows=included.rows[last], time=included.time[last], event=included.event[last],
        entry=None if included.entry is None else included.entry[first],
    )  # fmt: skip
    return replace(
        cohort, included=one, groups=replace(cohort.groups, codes=cohort.groups.codes[last])
    )
