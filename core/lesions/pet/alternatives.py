"""What each alternative of each definition would make of a derived column and of its groups.

Methods
-------
The column is computed anew under every alternative, one definition changed at a time, and each
patient is put above or below the cutoff that holds at present. A patient changes groups if both
values are there and lie on different sides. Since another definition can move all values (the
deviation with n is smaller than that with n - 1 in everybody), the same is counted with every
definition cut at its own median: what is left then is a change of order, not of scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from core.groups import cut, quantile
from core.lesions.pet.aggregate import patients
from core.lesions.pet.definitions import ALTERNATIVES, bearing, in_words
from core.lesions.pet.eligible import BONE, Choice
from core.lesions.pet.lesions import Lesions

METHODS = (
    "As a sensitivity analysis the derived measures were recomputed under each alternative "
    "definition, one at a time."
)


@dataclass(frozen=True, eq=False)
class Alternative:
    """A derived column under one alternative.

    Attributes
    ----------
    field : str
        The choice that differs, a field of the question.
    value : str or tuple of str
        Its value here.
    label : str
        The alternative in words.
    current : bool
        Whether this is how the column is defined at present.
    choice : Choice
        All choices under this alternative.
    values : numpy.ndarray of float, shape (patients,)
        In the order of `ids` of the panel; NaN where missing.
    high : numpy.ndarray of bool, shape (patients,)
        Whether the value lies above the present cutoff; False where missing.
    n : int
        Patients with a value.
    median : float
        Of those values; NaN without any.
    n_high : int or None
        Patients above the present cutoff; None without a cutoff.
    n_changed : int or None
        Patients with both values who change sides of the present cutoff.
    n_changed_median : int
        The same with each definition cut at its own median over the patients with both values.
    n_lost, n_gained : int
        Patients who have a value at present and none here, and the other way round.
    """

    field: str
    value: str | tuple[str, ...]
    label: str
    current: bool
    choice: Choice
    values: np.ndarray
    high: np.ndarray
    n: int
    median: float
    n_high: int | None
    n_changed: int | None
    n_changed_median: int
    n_lost: int
    n_gained: int


@dataclass(frozen=True, eq=False)
class Panel:
    """All alternatives of a derived column.

    Attributes
    ----------
    column : str
    cutoff : float or None
    side : {"ge", "gt"}
    ids : numpy.ndarray of str (object), shape (patients,)
    alternatives : tuple of Alternative
        By definition, in the order of the choices; the present one of each is among them.
    """

    column: str
    cutoff: float | None
    side: str
    ids: np.ndarray
    alternatives: tuple[Alternative, ...]


def panel(
    lesions: Lesions,
    choice: Choice,
    column: str,
    *,
    cutoff: float | None = None,
    side: str = "ge",
    among: Sequence[str] | None = None,
) -> Panel:
    """Recompute a derived column under each alternative of the definitions that it depends on.

    Parameters
    ----------
    lesions : Lesions
    choice : Choice
        What holds at present.
    column : str
        One of `aggregate.COLUMNS`.
    cutoff : float, optional
        The present cutoff of the column.
    side : {"ge", "gt"}
        Whether a value at the cutoff is high (ge) or low (gt).
    among : sequence of str, optional
        Ids of the patients to look at, as of a cohort, in that order; all when left out. One who
        has no lesion in the table has missing values.

    Examples
    --------
    >>> import pandas as pd
    >>> from core.lesions.pet.table import canonical, recognise
    >>> sheet = pd.DataFrame({"id": ["A", "A", "B"], "SUVmax": [6.0, 4, 3], "SUVmean": [3.0, 1, 2]})
    >>> found = panel(canonical(sheet, recognise(sheet)), Choice(), "HI", cutoff=2.5)
    >>> [(a.value, a.values.tolist(), a.n_changed) for a in found.alternatives[:2]]
    [('hottest', [2.0, 1.5], 0), ('mean', [3.0, 1.5], 1)]
    """
    at = _positions(lesions, among)
    now = _values(lesions, choice, column, at)
    ids = lesions.ids if among is None else np.array(among, dtype=object)
    made = []
    for field, value in _asked(lesions, choice, column):
        other = replace(choice, **{field: value})  # type: ignore[arg-type]
        current = other == choice
        values = now if current else _values(lesions, other, column, at)
        made.append(_alternative(field, value, other, now, values, cutoff, side, current=current))
    return Panel(column, cutoff, side, ids, tuple(made))


def _asked(
    lesions: Lesions, choice: Choice, column: str
) -> Iterator[tuple[str, str | tuple[str, ...]]]:
    """The alternatives that can make a difference to a column."""
    for field in bearing(column, choice):
        yield from ((field, value) for value in ALTERNATIVES[field])
    yield from (("suv_side", value) for value in ALTERNATIVES["suv_side"])
    if lesions.bone.any():
        named = set(lesions.bone_sites) | {BONE}
        others = tuple(site for site in choice.sites_out if site not in named)
        inside, without = others, (*others, BONE)
        now = choice.sites_out
        yield from (("sites_out", sites) for sites in dict.fromkeys((now, inside, without)))


def _positions(lesions: Lesions, among: Sequence[str] | None) -> np.ndarray:
    if among is None:
        return np.arange(len(lesions.ids))
    where = {name: i for i, name in enumerate(lesions.ids)}
    return np.array([where.get(name, -1) for name in among], dtype=np.int64)


def _values(lesions: Lesions, choice: Choice, column: str, at: np.ndarray) -> np.ndarray:
    found = patients(lesions, choice)
    values = np.where(found.n_lesions > 0, found.column(column).astype(float), np.nan)
    taken: np.ndarray = np.append(values, np.nan)[at]
    return taken


def _alternative(
    field: str,
    value: str | tuple[str, ...],
    choice: Choice,
    now: np.ndarray,
    values: np.ndarray,
    cutoff: float | None,
    side: str,
    *,
    current: bool,
) -> Alternative:
    has, had = np.isfinite(values), np.isfinite(now)
    both = has & had
    high = np.zeros(len(values), dtype=bool)
    n_changed = None
    if cutoff is not None:
        high[has] = cut(values[has], (cutoff,), side) == 1
        n_changed = int(
            (cut(now[both], (cutoff,), side) != cut(values[both], (cutoff,), side)).sum()
        )
    return Alternative(
        field=field,
        value=value,
        label=in_words(field, value),
        current=current,
        choice=choice,
        values=values,
        high=high,
        n=int(has.sum()),
        median=quantile(values[has], 0.5) if has.any() else np.nan,
        n_high=None if cutoff is None else int(high.sum()),
        n_changed=n_changed,
        n_changed_median=int((_split(now[both], side) != _split(values[both], side)).sum()),
        n_lost=int((had & ~has).sum()),
        n_gained=int((has & ~had).sum()),
    )


def _split(x: np.ndarray, side: str) -> np.ndarray:
    return cut(x, (quantile(x, 0.5),), side) if len(x) else np.array([], dtype=np.int64)
