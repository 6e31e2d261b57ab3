"""What happened to each patient first: the event, a competing event, or neither.

Methods
-------
The event of the question is cause 1. Every value of the event column that is named as competing is
a cause of its own, in the order in which it is named; all other values are censored.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.inclusion import is_one_of
from core.spec import AnalysisSpec


@dataclass(frozen=True)
class Cause:
    """A way in which the follow-up can end.

    Attributes
    ----------
    cause : int
        1 for the event of the question, 2 and above for competing ones.
    label : str
        The values of the event column that mean it.
    events : int
        Patients who had it.
    """

    cause: int
    label: str
    events: int


def causes(cohort: Cohort, spec: AnalysisSpec) -> tuple[np.ndarray, tuple[Cause, ...]]:
    """Read what happened to each patient.

    Parameters
    ----------
    cohort : Cohort
    spec : AnalysisSpec
        Reads ``event event_is competing``.

    Returns
    -------
    status : numpy.ndarray of int, shape (n,)
        0 censored, else the number of the cause.
    causes : tuple of Cause
        The first one is the event of the question.
    """
    name = spec.event or ""
    values = cohort.column(name)
    title = cohort.dataset.variables[name].title
    status = np.where(cohort.event, 1, 0)
    named = [spec.event_is]
    for value in dict.fromkeys(spec.competing):
        free = status == 0  # a value that is named twice in two ways of writing counts once
        status = np.where(free & is_one_of(values, (value,), "competing"), len(named) + 1, status)
        named.append((value,))
    counts = np.bincount(status, minlength=len(named) + 1)
    numeric = pd.api.types.is_numeric_dtype(values)
    return status, tuple(
        Cause(k, _label(meant, title if numeric else ""), int(counts[k]))
        for k, meant in enumerate(named, start=1)
    )


def _label(values: tuple[str, ...], title: str) -> str:
    """Values as prose has them; a bare number says nothing without its column."""
    text = " or ".join(values)
    return f"{title} = {text}" if title else text
