"""Numbers that may stand for "not known": 999 among ages, -9 among counts."""

from __future__ import annotations

import numpy as np

from core.notes import Choice, Question
from core.spec import shortest
from core.steps import Recipe, Step

_HIGH = frozenset(
    (
        9.0,
        88.0,
        98.0,
        99.0,
        777.0,
        888.0,
        998.0,
        999.0,
        8888.0,
        9998.0,
        9999.0,
        99999.0,
        999999.0,
        99.9,
        999.9,
    )
)
_LOW = frozenset((-1.0, -8.0, -9.0, -88.0, -98.0, -99.0, -888.0, -998.0, -999.0, -9999.0, -99999.0))


def questions(name: str, values: np.ndarray, recipe: Recipe) -> tuple[Question, ...]:
    """Ask about an extreme value that stands apart from all others and is a usual sentinel.

    Parameters
    ----------
    name : str
    values : numpy.ndarray of float64, shape (rows,)
        NaN is missing.
    recipe : Recipe
        A number that a step ``level`` names is a value.

    Returns
    -------
    tuple of Question
        None or one. Nothing is ever read as missing before the answer.

    Examples
    --------
    >>> ages = np.array([51.0, 64.0, 999.0, 70.0])
    >>> questions("age", ages, Recipe())[0].choices[1].steps
    ('missing(age, 999)',)
    >>> questions("age", np.array([51.0, 64.0, 99.0, 95.0]), Recipe())
    ()
    """
    found: list[float] = []
    said = recipe.words("level", name)
    rest = values[~np.isnan(values)]
    for _ in range(3):
        value = _apart(rest)
        if value is None:
            break
        if shortest(value) not in said:
            found.append(value)
        rest = rest[rest != value]
    if not found:
        return ()
    shown = [shortest(x) for x in found]
    listed = " and ".join(shown)
    text = f"{'Does' if len(shown) == 1 else 'Do'} {listed} in '{name}' mean 'not known'?"
    choices = (
        Choice("no, it is a value", (str(Step("level", (name, *shown))),)),
        Choice("yes, it is missing", (str(Step("missing", (name, *shown))),)),
    )
    return (Question(name, text, choices, examples=tuple(shown)),)


def _apart(present: np.ndarray) -> float | None:
    """The largest or smallest value, if it is a sentinel further off than the others span."""
    if present.size < 3:
        return None
    low, high = float(present.min()), float(present.max())
    if low == high:
        return None
    if high in _HIGH:
        rest = present[present != high]
        span = float(rest.max() - rest.min())
        if high - rest.max() > max(span, 1.0):
            return high
    if low in _LOW:
        rest = present[present != low]
        # A lone negative number among counts, sizes and times is no measurement; -1, 0, 1 is.
        if (
            rest.min() >= 0 and (low < -1 or rest.max() > 3)
        ) or rest.min() - low > 3 + rest.max() - rest.min():
            return low
    return None
