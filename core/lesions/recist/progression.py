"""The progression that ends the first line, and progression-free survival from the lesions.

Methods
-------
The progression is the first visit whose overall response is PD. Its date is that of the first scan
of the visit. Who has none is censored at the last visit whose response could be evaluated. Time
counts from the baseline visit. A death is not in a table of lesions: it must come from the
table of patients.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.lesions.recist.response import NE, PD, Assessments

_AT = [
    "visit", "visit_name", "day", "date", "line", "target_response", "non_target_response",
    "new_lesions", "overall_response",
]  # fmt: skip


def ends(assessments: Assessments) -> pd.DataFrame:
    """One row per patient: her first progression, else her last visit with a response.

    Returns
    -------
    pandas.DataFrame
        Indexed by ``patient``, sorted: ``progressed`` (bool), ``visit visit_name day date line
        target_response non_target_response new_lesions overall_response`` of that visit, and
        ``pfs_time`` (days; NaN: no days are known), ``pfs_event`` (1, 0). A patient with a
        baseline only has it in the place of that visit, and is censored at 0.
    """
    frame = assessments.frame
    first = frame[frame["overall_response"] == PD].groupby("patient")["visit"].min()
    last = frame.groupby("patient")["visit"].max()
    at = first.reindex(last.index).fillna(last).astype(int)
    made = frame.merge(at.reset_index(), on=["patient", "visit"]).set_index("patient")[_AT]
    made["progressed"] = made.index.isin(first.index)
    evaluated = ~frame["overall_response"].isin((NE, "")) | (frame["visit"] == 0)
    censored = frame[evaluated].groupby("patient")["day"].last()
    made["pfs_time"] = np.where(made["progressed"], made["day"], censored.reindex(made.index))
    made["pfs_event"] = made["progressed"].astype(float)
    return made.sort_index()


def lesions_at(assessments: Assessments, visits: pd.Series) -> pd.DataFrame:
    """The target and non-target lesions of each patient at one visit of hers.

    Parameters
    ----------
    assessments : Assessments
    visits : pandas.Series of int
        The visit of each patient, indexed by patient.

    Returns
    -------
    pandas.DataFrame
        Rows of `measure.grid`: ``progressed`` says which lesions did.
    """
    grid = assessments.lesions
    return grid[grid["visit"] == grid["patient"].map(visits)]
