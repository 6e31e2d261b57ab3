"""Groups by two markers at once: each cut at one value, and the two divisions combined."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd

from core.dataset import Variable
from core.errors import SpecError
from core.groups import Groups, Second, cut, grouped, quantile, shown_thresholds
from core.notes import Note, warning
from core.spec import AnalysisSpec


def combined(
    groups: Groups,
    markers: tuple[pd.Series, pd.Series],
    variables: tuple[Variable, Variable],
    event: np.ndarray,
    spec: AnalysisSpec,
) -> Groups:
    """Combine the two groups of the first marker with those of a second one.

    Parameters
    ----------
    groups : Groups
        Of the first marker, with one cutoff.
    markers : tuple of pandas.Series, shape (n,)
        The first and the second marker; none is missing.
    variables : tuple of Variable
    event : numpy.ndarray of bool, shape (n,)
    spec : AnalysisSpec
        Reads ``second_cut`` (the median where it says nothing), ``combine`` and the side of the
        first cut, which is that of both.

    Raises
    ------
    SpecError
        If the first marker is not cut at one value, or the second one is no number or the same.
    """
    if len(groups.thresholds) != 1:
        raise SpecError(
            "second_by",
            f"'{groups.by}' is not cut at one value, as a second marker needs",
            "Use cut_rule=value, median, quantile or best, or leave out second_by",
        )
    if variables[0].name == variables[1].name:
        raise SpecError("second_by", "Both markers are the same column", "Choose another one")
    if not pd.api.types.is_numeric_dtype(markers[1]):
        text = f"'{variables[1].name}' is not a number and cannot be cut"
        raise SpecError("second_by", text, "Choose a number")
    x, y = (m.to_numpy(dtype=float) for m in markers)
    second = quantile(y, 0.5) if spec.second_cut is None else spec.second_cut
    side, how = groups.side, spec.combine or "both"
    origin = "median" if spec.second_cut is None else "typed"
    shown = (
        shown_thresholds(x, groups.thresholds, side, groups.origin)[0],
        shown_thresholds(y, (second,), side, origin)[0],
    )
    below, above = ("<", ">=") if side == "ge" else ("<=", ">")
    low, high = (
        [f"{v.title} {sign} {at}" for v, at in zip(variables, shown, strict=True)]
        for sign in (below, above)
    )
    codes, labels = _codes(
        (cut(x, groups.thresholds, side), cut(y, (second,), side)), how, low, high
    )
    made = grouped(
        variables[0], groups.rule, groups.thresholds, side, groups.origin, codes, labels, event
    )
    return dataclasses.replace(
        made,
        search=groups.search,
        notes=(*made.notes, *_of_search(groups)),
        second=Second(variables[1].name, variables[1].title, float(second), how),
    )


def _of_search(groups: Groups) -> tuple[Note, ...]:
    """What a search for the first cutoff means for groups that it was not made for."""
    if groups.search is None:
        return ()
    text = (
        f"The cutoff of {groups.title} was searched for with this marker alone: its corrected "
        "p-values are of those two groups, and not of these."
    )
    return (*groups.notes, warning("groups", text))


def _codes(
    above: tuple[np.ndarray, np.ndarray], how: str, low: list[str], high: list[str]
) -> tuple[np.ndarray, list[str]]:
    """Number the groups, the one with both markers low first, and name them."""
    first, second = above
    if how == "four":
        names = [f"{a}, {b}" for a in (low[0], high[0]) for b in (low[1], high[1])]
        return 2 * first + second, names
    if how == "either":
        return first | second, ["neither", f"{high[0]} or {high[1]}"]
    return first & second, ["others", f"{high[0]} and {high[1]}"]
