"""Any table of lesions by visit: one row per lesion and visit, one column per visit, or SDTM."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import numpy as np
import pandas as pd

from core.lesions.recist import sdtm, wide
from core.lesions.recist.table import Lesions, canonical, recognise
from core.lesions.typed import filled_down
from core.notes import info, listed


def read(
    frames: Sequence[pd.DataFrame], *, lines: np.ndarray | None = None, assessor: str = ""
) -> Lesions | None:
    """Read a table of lesions by visit, whatever its form.

    Parameters
    ----------
    frames : sequence of pandas.DataFrame
        One table; for SDTM the domains TR and TU, in any order.
    lines : numpy.ndarray of int, optional
        Line of the file of each row of the one table.
    assessor : str
        For SDTM, one of `sdtm.assessors`.

    Returns
    -------
    Lesions or None
        None where it is no such table.

    Raises
    ------
    DataError
        If it is one, and nothing of it can be used.

    Examples
    --------
    >>> sheet = pd.DataFrame({"patient": ["a"], "lesion": ["T1"], "baseline": [20.0],
    ...                       "week 8": [12.0]})
    >>> read([sheet]).rows["day"].tolist()
    [0.0, 56.0]
    """
    results = next((f for f in frames if sdtm.is_results(f)), None)
    if results is not None:
        named = next((f for f in frames if sdtm.is_identification(f)), None)
        return sdtm.lesions(results, named, assessor=assessor)
    if len(frames) != 1:
        return None
    frame = frames[0]
    at = np.arange(len(frame)) + 2 if lines is None else lines
    if (layout := wide.recognise(frame)) is not None:
        roles = layout.roles
        frame, said = filled_down(frame, roles.patient, (roles.lesion,), at)
        if others := wide.unused(frame, layout):
            text = f"Not taken for visits, by their names: {listed(others)}."
            said = (*said, info("visits", text))
        frame, roles, at = wide.to_long(frame, layout, lines=at)
    else:
        long = recognise(frame)
        if long is None:
            return None
        roles = long
        visit = roles.visit or roles.date or roles.day
        frame, said = filled_down(
            frame, roles.patient, (roles.lesion, visit) if roles.lesion and visit else (), at
        )
    found = canonical(frame, roles, lines=at)
    return dataclasses.replace(found, notes=(*said, *found.notes))
