"""Which value of a column means that the event happened: told only where it cannot be doubted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from core.dataset import Dataset
from core.errors import SpecError
from core.reading import names
from core.spec import quote_name, shortest

T = TypeVar("T")

HAPPENED = names.one_of(
    "dead|died|death|deceased|died of disease|dead of disease|event|recurred|recurrence|"
    "relapse|relapsed|progressed|progression|recurred/progressed|死亡|复发|进展"
)
DID_NOT = names.one_of(
    "alive|living|lived|censored|no event|not recurred|no recurrence|no relapse|no progression|"
    "not progressed|disease free|diseasefree|disease-free|progression free|存活|生存|未复发|"
    "未进展"
)
YES = names.one_of("yes y true 是 有")
NO = names.one_of("no n false 否 无")
_NUMBERED = re.compile(r"([01])\s*:\s*\S.*")


@dataclass(frozen=True)
class Guess(Generic[T]):
    """Something found in the table, and why it is believed, in words for the screen."""

    value: T
    reason: str


def values_of(dataset: Dataset, column: str) -> tuple[str, ...]:
    r"""The different values of a column, as a query writes them, in order.

    Examples
    --------
    >>> from core.reading import read
    >>> values_of(read(b"status\n2\n1\n2\n", "a.csv"), "status")
    ('1', '2')
    """
    values = dataset.frame[column]
    if values.dtype == object:
        return tuple(sorted(values.dropna().unique()))
    return tuple(shortest(float(x)) for x in np.unique(values.dropna().to_numpy(dtype=float)))


def guess_event_is(name: str, values: Sequence[str]) -> Guess[tuple[str, ...]] | None:
    """Find the values that mean that the event happened.

    Parameters
    ----------
    name : str
        The column's name: 1 means the event in "death" and the opposite in "alive", and nobody
        knows in "censored".
    values : sequence of str
        The different values there are.

    Returns
    -------
    Guess or None
        None wherever two readings are possible; {1, 2} always are.

    Examples
    --------
    >>> guess_event_is("OS_STATUS", ["0:LIVING", "1:DECEASED"]).value
    ('1:DECEASED',)
    >>> guess_event_is("status", ["1", "2"]) is None
    True
    """
    if not values or names.is_censoring(name):
        return None
    if set(values) <= {"0", "1"}:
        return _guess_01(name, values)
    numbered = [_NUMBERED.fullmatch(v) for v in values]
    if all(numbered):
        happened = tuple(v for v in values if v.startswith("1"))
        return Guess(happened, "its levels begin with 0: and 1:") if happened else None
    happened = tuple(v for v in values if v.lower() in HAPPENED)
    if happened and all(v in happened or v.lower() in DID_NOT for v in values):
        return Guess(happened, "its levels say so in words")
    said = set(names.words(name))
    named = said & (names.DIRECT_EVENTS | {"event", "事件"}) and not said & names.REVERSED
    happened = tuple(v for v in values if v.lower() in YES)
    if named and happened and all(v in happened or v.lower() in NO for v in values):
        return Guess(happened, "its name is that of the event and its levels are yes and no")
    return None


def _guess_01(name: str, values: Sequence[str]) -> Guess[tuple[str, ...]] | None:
    said = set(names.words(name))
    if said & names.REVERSED and not said & {"status", "event", "dead", "death"}:
        return None
    # "Vital status" and "relapse-free status" are written both ways round.
    if said & {"vital", "free", "alive", "living"}:
        return None
    # A column of nothing but 1 may be the half of a 1/2 coding that this table happens to hold.
    if "0" not in values and not said & (names.DIRECT_EVENTS | {"event", "事件"}):
        return None
    return Guess(("1",), "it is coded 0 and 1, and its name does not speak of censoring")


def undecided(column: str, values: Sequence[str]) -> SpecError:
    """Return the error that names the values found and how to say which one is meant.

    Examples
    --------
    >>> print(undecided("status", ["1", "2"]).problem)
    The values of 'status' are 1 and 2, and which one means that the event happened cannot be told
    """
    hint = "Say so with event_is=VALUE"
    if not values:
        return SpecError("event", f"'{column}' has no values", "Choose another event column")
    if len(values) > 6:
        problem = f"'{column}' has {len(values):,} different values, and which one means"
    else:
        shown = [_short(v) for v in values]
        hint = "Say so with " + " or ".join(f"event_is={quote_name(v)}" for v in shown)
        if len(values) == 1:
            problem = f"The only value of '{column}' is {shown[0]}, and whether it means"
        else:
            listed = ", ".join(shown[:-1]) + " and " + shown[-1]
            problem = f"The values of '{column}' are {listed}, and which one means"
    return SpecError("event_is", f"{problem} that the event happened cannot be told", hint)


def _short(value: str) -> str:
    return value if len(value) <= 40 else value[:39] + "…"
