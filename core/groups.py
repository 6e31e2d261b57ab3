"""Groups of patients: the levels of a category, or a marker compared with its cutoffs."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from core.dataset import Variable
from core.errors import SpecError
from core.notes import Note, info, warning
from core.pair_search import PairSearch, find_pair, pair_notes
from core.search import Search, find_best, search_notes
from core.spec import AnalysisSpec, read_number, shortest

FEW_VALUES = 6
"""A number with at most so many distinct values is grouped by value, not cut."""
MOST_GROUPS = 30
"""More groups than this are refused: no curve could be read."""
PROBABILITIES: dict[str, tuple[float, ...]] = {
    "median": (0.5,),
    "tertiles": (1 / 3, 2 / 3),
    "quartiles": (0.25, 0.5, 0.75),
}


@dataclass(frozen=True)
class Level:
    """A group that has patients."""

    label: str
    n: int
    events: int


@dataclass(frozen=True)
class Second:
    """A second marker: its column, name and cutoff, and how it is combined with the first."""

    by: str
    title: str
    threshold: float
    combine: str


@dataclass(frozen=True, eq=False)
class Groups:
    """Who is in which group, and where the division comes from.

    Attributes
    ----------
    by : str or None
        Column of the stratifier.
    title : str
        How the stratifier is called on the screen.
    rule : str
        The ``cut_rule`` used; ``none`` for categories.
    thresholds : tuple of float
        Cutoffs in ascending order, unrounded.
    side : {"ge", "gt"}
        Whether a patient exactly at a cutoff belongs to the upper (ge) or the lower (gt) group.
    origin : str or None
        Where the thresholds come from: ``typed``, ``median``, ...
    levels : tuple of Level
        The groups in order; the first one is the reference.
    codes : numpy.ndarray of int, shape (n,)
        Index into `levels` of every patient.
    search : Search or None
        All cutoffs that were tried, when the best one was searched for.
    pair : PairSearch or None
        All pairs that were tried, when the best pair was searched for.
    second : Second or None
        A second marker that takes part.
    """

    by: str | None
    title: str
    rule: str
    thresholds: tuple[float, ...]
    side: str
    origin: str | None
    levels: tuple[Level, ...]
    codes: np.ndarray
    notes: tuple[Note, ...] = ()
    search: Search | None = None
    pair: PairSearch | None = None
    second: Second | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """Labels as tables have them: ``>= 6.1``, or the bare category."""
        return tuple(level.label for level in self.levels)

    @property
    def screen_labels(self) -> tuple[str, ...]:
        """Labels as figures have them, with the variable before: ``SUVmax >= 6.1``."""
        if self.by is None:
            return ("All patients",)
        if self.second is not None:
            return self.labels
        joint = " " if self.thresholds else ": "
        return tuple(f"{self.title}{joint}{label}" for label in self.labels)


def everybody(n: int, event: np.ndarray) -> Groups:
    """Put everybody into one group called ``All``."""
    level = Level("All", n, int(event.sum()))
    return Groups(None, "", "none", (), "ge", None, (level,), np.zeros(n, dtype=np.int64))


def form_groups(
    values: pd.Series,
    variable: Variable,
    *,
    time: np.ndarray,
    event: np.ndarray,
    spec: AnalysisSpec,
) -> Groups:
    """Divide the patients who are in by their stratifier.

    Parameters
    ----------
    values : pandas.Series, shape (n,)
        The stratifier of the patients who are in; none is missing.
    variable : Variable
    time, event : numpy.ndarray, shape (n,)
        Only the search for the best cutoff reads the times.
    spec : AnalysisSpec
        Its ``cut_rule``, ``cut_value`` and ``cut_side`` are read, and for the best cutoff or pair
        ``min_fraction``, ``min_events`` and ``entry``; by the profile quantiles are of type 7 or,
        as in SPSS, of type 6. A second marker is not read here.

    Raises
    ------
    SpecError
        If a category is to be cut, a cutoff is missing or is no number, there is no best one, or
        there are too many groups.
    """
    numeric = pd.api.types.is_numeric_dtype(values)
    rule = spec.cut_rule or _default_rule(values, numeric, spec)
    if rule == "none":
        codes, labels = categories(values, variable)
        return grouped(variable, rule, (), "ge", None, codes, labels, event)
    if not numeric:
        raise SpecError(
            "cut_rule", f"'{variable.name}' is not a number and cannot be cut", "Use cut_rule=none"
        )
    x = values.to_numpy(dtype=float)
    side = spec.cut_side or "ge"
    found = find_best(x, time, event, spec) if rule == "best" else None
    pair = find_pair(x, time, event, spec) if rule == "best-pair" else None
    notes: tuple[Note, ...] = ()
    thresholds: tuple[float, ...]
    if found is not None:
        thresholds, origin = (float(found.cutoffs(side)[found.best]),), "best"
        notes = search_notes(found, variable.title, spec)
    elif pair is not None:
        thresholds, origin = pair.thresholds(side), "best"
        notes = pair_notes(pair, variable.title, spec)
    else:
        spss = spec.profile == "spss"
        thresholds, origin = find_thresholds(x, rule, spec.cut_value, weibull=spss)
    codes = cut(x, thresholds, side)
    labels = interval_labels(shown_thresholds(x, thresholds, side, origin), side)
    formed = grouped(variable, rule, thresholds, side, origin, codes, labels, event)
    return dataclasses.replace(formed, search=found, pair=pair, notes=(*formed.notes, *notes))


def shown_thresholds(
    x: np.ndarray, thresholds: tuple[float, ...], side: str, origin: str | None
) -> list[str]:
    """The cutoffs as labels have them."""
    return [_label(t, x, side, typed=origin == "typed") for t in thresholds]


def find_thresholds(
    x: np.ndarray, rule: str, values: tuple[str, ...], *, weibull: bool = False
) -> tuple[tuple[float, ...], str]:
    """Return the cutoffs of a rule over the values `x`, and where they come from."""
    if rule in PROBABILITIES:
        probabilities: tuple[float, ...] = PROBABILITIES[rule]
    else:
        numbers = tuple(read_number(v, "cut_value") for v in values)
        if not numbers:
            raise SpecError(
                "cut_value", f"cut_rule={rule} needs a cut_value", "Give one like cut_value=6.1"
            )
        if rule == "value":
            return tuple(sorted(set(numbers))), "typed"
        probabilities = numbers
    if not all(0 < p < 1 for p in probabilities):
        raise SpecError(
            "cut_value", "A quantile must lie between 0 and 1", "Give one like cut_value=0.75"
        )
    found = sorted({quantile(x, p, weibull=weibull) for p in probabilities})
    return tuple(found), rule


def quantile(x: np.ndarray, probability: float, *, weibull: bool = False) -> float:
    """Quantile by R's type 7, computed as R 4.2 computes it; or by type 6, which SPSS uses.

    References
    ----------
    Hyndman RJ, Fan Y. Sample quantiles in statistical packages. Am Stat 1996;50:361-365.

    Examples
    --------
    >>> quantile(np.array([1.0, 2.0, 3.0, 10.0]), 0.5)
    2.5
    >>> quantile(np.array([1.0, 2.0, 3.0, 10.0]), 0.25, weibull=True)
    1.25
    """
    ordered = np.sort(x)
    position = (len(x) - 1) * probability
    if weibull:
        position = min(max((len(x) + 1) * probability - 1, 0.0), len(x) - 1.0)
    low = int(np.floor(position + 4 * np.finfo(float).eps))
    weight = position - low
    if abs(weight) < 4 * np.finfo(float).eps or low + 1 >= len(x):
        return float(ordered[low])
    if ordered[low] == ordered[low + 1]:
        return float(ordered[low])
    return float((1 - weight) * ordered[low] + weight * ordered[low + 1])


def cut(x: np.ndarray, thresholds: tuple[float, ...], side: str) -> np.ndarray:
    """Number the interval of each value from 0: the one comparison with a cutoff there is.

    Examples
    --------
    >>> cut(np.array([5.0, 6.1, 7.0]), (6.1,), "ge").tolist()
    [0, 1, 1]
    >>> cut(np.array([5.0, 6.1, 7.0]), (6.1,), "gt").tolist()
    [0, 0, 1]
    """
    return np.searchsorted(thresholds, x, side="right" if side == "ge" else "left")


def categories(values: pd.Series, variable: Variable) -> tuple[np.ndarray, list[str]]:
    """Number the levels of a category in their order.

    The dictionary's order comes first; levels that it does not name follow, numbers by size and
    text by the alphabet.

    Returns
    -------
    codes : numpy.ndarray of int
        -1 where the value is missing.
    labels : list of str
    """
    if pd.api.types.is_numeric_dtype(values):
        distinct = np.unique(values.dropna().to_numpy(dtype=float))
        codes = np.searchsorted(distinct, values.to_numpy(dtype=float))
        codes = np.where(values.isna(), -1, np.minimum(codes, max(len(distinct) - 1, 0)))
        return codes, [shortest(float(v)) for v in distinct]
    factor, found = pd.factorize(values.to_numpy(dtype=object))
    unique = [str(level) for level in found]
    named = {level: i for i, level in enumerate(variable.levels)}
    order = sorted(
        range(len(unique)),
        key=lambda i: (named.get(unique[i], len(named)), unique[i].casefold(), unique[i]),
    )
    rank = np.empty(len(unique) + 1, dtype=np.int64)
    rank[order] = np.arange(len(unique))
    rank[-1] = -1  # pandas gives -1 to a missing value
    return rank[factor], [unique[i] for i in order]


def interval_labels(shown: list[str], side: str) -> list[str]:
    """Name the intervals between cutoffs: ``< 6.1``, ``6.1 to < 9``, ``>= 9``."""
    first, last, middle = (
        ("<", ">=", "{0} to < {1}") if side == "ge" else ("<=", ">", "> {0} to {1}")
    )
    inner = [middle.format(a, b) for a, b in pairwise(shown)]
    return [f"{first} {shown[0]}", *inner, f"{last} {shown[-1]}"]


def _default_rule(values: pd.Series, numeric: bool, spec: AnalysisSpec) -> str:
    if not numeric:
        return "none"
    if spec.cut_value:
        return "value"
    return "none" if values.nunique() <= FEW_VALUES else "median"


def _label(threshold: float, x: np.ndarray, side: str, *, typed: bool) -> str:
    """The threshold in the fewest decimals that keep the same groups; a typed one as typed."""
    if not typed:
        groups = cut(x, (threshold,), side)
        for decimals in range(16):
            rounded = round(threshold, decimals)
            if np.array_equal(cut(x, (rounded,), side), groups):
                return shortest(rounded)
    return shortest(threshold)


def grouped(
    variable: Variable,
    rule: str,
    thresholds: tuple[float, ...],
    side: str,
    origin: str | None,
    codes: np.ndarray,
    labels: list[str],
    event: np.ndarray,
) -> Groups:
    """Leave out the levels without patients and count the others."""
    counts = np.bincount(codes, minlength=len(labels))
    if (counts > 0).sum() > MOST_GROUPS:
        raise SpecError(
            "group_by",
            f"'{variable.name}' has {int((counts > 0).sum())} levels: too many for curves",
            "Choose another stratifier, or cut a number",
        )
    events = np.bincount(codes, weights=event, minlength=len(labels))
    present = np.flatnonzero(counts)
    renumber = np.full(len(labels), -1)
    renumber[present] = np.arange(len(present))
    levels = tuple(Level(labels[i], int(counts[i]), int(events[i])) for i in present)
    empty = [labels[i] for i in range(len(labels)) if counts[i] == 0]
    notes: list[Note] = []
    if empty:
        notes.append(info("groups", f"No patient is in: {', '.join(empty)}."))
    if len(levels) == 1:
        notes.append(
            warning("groups", "All patients are in one group: there is nothing to compare.")
        )
    return Groups(
        variable.name,
        variable.title,
        rule,
        thresholds,
        side,
        origin,
        levels,
        renumber[codes],
        tuple(notes),
    )
