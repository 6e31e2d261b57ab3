"""What was measured of each lesion at each visit, the sums, and the nadirs.

Methods
-------
The sum of diameters is that of all target lesions, the longest diameter or the short axis of a
lymph node; it exists where all of them were measured. A target lesion that is seen but too small
to measure counts as 5 mm, one that has disappeared as 0. The nadir is the smallest earlier sum,
the baseline included. Sums are whole numbers, so comparisons at 20 % and 30 % are exact.

The growth of a single lesion is not in RECIST: here a target lesion has progressed where it is at
least 20 % and at least 5 mm above its own nadir, and a non-target lesion where the reader says so.

References
----------
Eisenhauer EA et al. Eur J Cancer 2009;45:228-247, sections 4.2.2, 4.3.1 and 4.3.2.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from core.lesions.recist.cells import DEFAULT_SMALL, MICRO, UNKNOWN
from core.lesions.recist.table import Lesions
from core.lesions.recist.vocabulary import (
    ABSENT,
    EQUIVOCAL,
    NEW,
    NON_TARGET,
    NOT_EVALUABLE,
    PROGRESSION,
    TARGET,
    TOO_SMALL,
)

GROWTH = 5 * MICRO
"""Least absolute growth of a progression."""
NORMAL_NODE = 10 * MICRO
"""A lymph node with a shorter short axis is normal."""
FAR = np.iinfo(np.int64).max // 100
"""In the place of a nadir that there is not; times 12 it still is a whole number."""
VISIT = ["patient", "visit"]
LESION = ["patient", "kind", "lesion"]


def has_grown(size: np.ndarray, nadir: np.ndarray) -> np.ndarray:
    """Whether sizes are at least 20 % and at least 5 mm above their nadirs.

    Parameters
    ----------
    size, nadir : numpy.ndarray of int
        In `MICRO` of a millimetre; `FAR` as a nadir: there is none.

    Examples
    --------
    >>> at = np.array([120, 119, 12]) * MICRO
    >>> has_grown(at, np.array([100, 100, 10]) * MICRO)
    array([ True, False, False])
    """
    known = nadir < FAR
    grown: np.ndarray = known & (10 * size >= 12 * nadir) & (size - nadir >= GROWTH)
    return grown


def has_shrunk(size: np.ndarray, baseline: np.ndarray) -> np.ndarray:
    """Whether sizes are at least 30 % below the baseline.

    Examples
    --------
    >>> has_shrunk(np.array([70, 71]) * MICRO, np.array([100, 100]) * MICRO)
    array([ True, False])
    """
    shrunk: np.ndarray = 10 * size <= 7 * baseline
    return shrunk


def visits(lesions: Lesions) -> pd.DataFrame:
    """One row per patient and visit, in order, with its name, day, date and first line."""
    return (
        lesions.rows.groupby(VISIT)
        .agg(
            visit_name=("visit_name", "first"),
            day=("day", "first"),
            date=("date", "first"),
            line=("line", "min"),
        )
        .reset_index()
    )


def grid(lesions: Lesions) -> pd.DataFrame:
    """One row per visit and target or non-target lesion of the patient, measured or not.

    Returns
    -------
    pandas.DataFrame
        ``patient kind lesion visit`` in this order, ``site node line`` (of the first row of the
        lesion), and ``size`` (targets: `UNKNOWN` where it was not measured), ``nadir`` (the
        lesion's own, before this visit; `FAR`: none), ``gone`` (absent; a normal node), ``known``
        (evaluated), ``progressed``. A lesion has rows from the baseline on; one that first
        appears later counts as not evaluated before.
    """
    rows = lesions.rows[lesions.rows["kind"] != NEW]
    known = rows.groupby(LESION).agg(
        site=("site", "first"), node=("node", "first"), line=("line", "min")
    )
    all_visits = visits(lesions)[VISIT]
    table = known.reset_index().merge(all_visits, on="patient")
    table = table.merge(
        rows[[*LESION, "visit", "micro", "state"]], on=[*LESION, "visit"], how="left"
    )
    table["micro"] = table["micro"].fillna(UNKNOWN).astype(np.int64)
    table["state"] = table["state"].fillna("")
    table = table.sort_values([*LESION, "visit"], ignore_index=True)
    return _judged(table)


def _judged(table: pd.DataFrame) -> pd.DataFrame:
    micro, state = table["micro"].to_numpy(), table["state"].to_numpy()
    node, target = table["node"].to_numpy(), (table["kind"] == TARGET).to_numpy()
    size = np.where(micro >= 0, micro, np.where(state == ABSENT, 0, UNKNOWN))
    size = np.where((micro < 0) & (state == TOO_SMALL), DEFAULT_SMALL * MICRO, size)
    small_node = node & (size >= 0) & (size < NORMAL_NODE)
    table["size"] = size
    table["gone"] = (size == 0) | small_node | ((state == ABSENT) & (micro < 0))
    evaluated = (size >= 0) | ((state != "") & (state != NOT_EVALUABLE) & ~target)
    table["known"] = evaluated
    table["nadir"] = earlier_least(table, table["size"].to_numpy(), LESION)
    grown = (size >= 0) & has_grown(size, table["nadir"].to_numpy())
    after = (table["visit"] > 0).to_numpy()
    table["progressed"] = after & np.where(target, grown, state == PROGRESSION)
    return table.drop(columns=["micro", "state"])


def earlier_least(table: pd.DataFrame, size: np.ndarray, by: list[str]) -> np.ndarray:
    """The smallest known size before each row among the rows of its group, `FAR` without one.

    Examples
    --------
    >>> table = pd.DataFrame({"patient": list("aaa")})
    >>> earlier_least(table, np.array([9, 7, 8]), ["patient"])[1:]
    array([9, 7])
    """
    known = pd.Series(np.where(size >= 0, size, FAR), index=table.index)
    keys = [table[c] for c in by]
    # Each row's own size is not yet in its nadir. Shifted as whole numbers: floats would round.
    least = known.groupby(keys, sort=False).cummin().to_numpy()
    first = ~table.duplicated(by).to_numpy()
    before = np.concatenate([[FAR], least[:-1]]) if len(least) else least
    earlier: np.ndarray = np.where(first, FAR, before)
    return earlier


def sums(table: pd.DataFrame) -> pd.DataFrame:
    """Sums of diameters of the targets, one row per patient and visit that has targets.

    Parameters
    ----------
    table : pandas.DataFrame
        From `grid`.

    Returns
    -------
    pandas.DataFrame
        ``patient visit``, ``measured`` (sum over the measured ones), ``complete`` (all measured),
        ``total`` (the sum, `UNKNOWN` unless complete), ``baseline`` (`UNKNOWN`: none), ``nadir``
        (`FAR`: none), ``all_gone``, ``n_target``, ``n_missing``.
    """
    own = table[table["kind"] == TARGET]
    size = own["size"].to_numpy()
    made = (
        own.assign(measured=np.where(size >= 0, size, 0), missing=size < 0)
        .groupby(VISIT)
        .agg(
            measured=("measured", "sum"),
            n_missing=("missing", "sum"),
            n_target=("missing", "size"),
            all_gone=("gone", "all"),
        )
        .reset_index()
    )
    made["complete"] = made["n_missing"] == 0
    made["total"] = np.where(made["complete"], made["measured"], UNKNOWN)
    made["baseline"] = made.groupby("patient")["total"].transform("first")
    made["nadir"] = earlier_least(made, made["total"].to_numpy(), ["patient"])
    return made


def new_lesions(lesions: Lesions) -> pd.DataFrame:
    """One row per patient and visit at which a new lesion was seen without doubt, with ``new``."""
    rows = lesions.rows[lesions.rows["kind"] == NEW]
    doubt = rows["state"].isin((ABSENT, EQUIVOCAL, NOT_EVALUABLE)) | (rows["micro"] == 0)
    seen = rows[~doubt & (rows["visit"] > 0)]
    return seen.groupby(VISIT).agg(new=("lesion", "nunique")).reset_index()


def non_targets(table: pd.DataFrame) -> pd.DataFrame:
    """What the non-target lesions of each visit are: ``any_pd all_gone any_unknown``."""
    own = table[table["kind"] == NON_TARGET]
    return (
        own.assign(unknown=~own["known"])
        .groupby(VISIT)
        .agg(any_pd=("progressed", "any"), nt_gone=("gone", "all"), any_unknown=("unknown", "any"))
        .reset_index()
    )
