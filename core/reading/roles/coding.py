"""Which values of a column mean that the event happened: guessed, said in words, turned round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from core.dataset import Dataset
from core.errors import SpecError
from core.reading.roles import names
from core.reading.roles.statuses import Coding, guess_coding, is_doubtful, legend
from core.spec import quote_name, read_number, shortest

T = TypeVar("T")


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


def coding_of(dataset: Dataset, column: str) -> Coding | None:
    r"""Find what the values of a column of a table mean.

    Knows what `guess_coding` knows, what the column's label says, and that in an ADaM table of
    times to event (PARAMCD, AVAL, CNSR) 0 is the event and every other number a reason for
    censoring.

    Examples
    --------
    >>> from core.reading import read
    >>> adtte = read(b"USUBJID,PARAMCD,AVAL,CNSR\nA,OS,30,0\nB,OS,41,1\n", "adtte.csv")
    >>> coding_of(adtte, "CNSR").event
    ('0',)
    """
    values = values_of(dataset, column)
    if column.upper() != "CNSR" or not _is_adtte(dataset):
        return _with_label(column, dataset.variables[column].label, values)
    rest = tuple(v for v in values if v != "0")
    if "0" not in values or not all(v.isdigit() for v in rest):
        return None
    return Coding(("0",), (), rest, "in an ADaM table CNSR is 0 where the event happened")


def _with_label(name: str, label: str, values: tuple[str, ...]) -> Coding | None:
    """What name and label say together: one that explains the codes is believed first."""
    if legend(label) or (names.is_mute(name) and names.is_label(label)):
        return guess_coding(label, values)
    # A "status" that is labelled "censoring indicator" or "alive" is not what its name says.
    if set(values) <= {"0", "1"} and not legend(name) and is_doubtful(label):
        return None
    return guess_coding(name, values)


def _is_adtte(dataset: Dataset) -> bool:
    named = {name.upper() for name in dataset.variables}
    return "AVAL" in named and bool(named & {"PARAM", "PARAMCD"})


def guess_event_is(name: str, values: Sequence[str]) -> Guess[tuple[str, ...]] | None:
    """Find the values that mean that the event happened, see `guess_coding`.

    Examples
    --------
    >>> guess_event_is("OS_STATUS", ["0:LIVING", "1:DECEASED"]).value
    ('1:DECEASED',)
    >>> guess_event_is("status", ["1", "2"]) is None
    True
    """
    found = guess_coding(name, values)
    return None if found is None else Guess(found.event, found.reason)


def in_words(
    dataset: Dataset, event: str, event_is: tuple[str, ...], competing: tuple[str, ...] = ()
) -> str:
    r"""Say a coding of the event in words, with counts of rows.

    Parameters
    ----------
    dataset : Dataset
    event : str
        The column.
    event_is, competing : tuple of str
        Its values, or the codes of its value labels.

    Examples
    --------
    >>> from core.reading import read
    >>> table = read(b"cens\n1\n0\n0\nNA\n", "a.csv")
    >>> in_words(table, "cens", ("1",))
    '1 means the event happened: 1 of 3; 0 means censored: 2; not known: 1'
    """
    counts = counts_of(dataset, event)
    meant = _as_values(dataset, event, event_is)
    other = _as_values(dataset, event, competing)
    rest = tuple(v for v in counts if v not in meant and v not in other)
    total = sum(counts.values())
    said = [f"{_meaning(meant)} the event happened: {_sum(counts, meant):,} of {total:,}"]
    if other:
        said.append(f"{_meaning(other)} a competing event: {_sum(counts, other):,}")
    if rest:
        said.append(f"{_meaning(rest)} censored: {_sum(counts, rest):,}")
    if unknown := len(dataset.frame) - total:
        said.append(f"not known: {unknown:,}")
    return "; ".join(said)


def flipped(
    dataset: Dataset, event: str, event_is: tuple[str, ...], competing: tuple[str, ...] = ()
) -> tuple[str, ...]:
    r"""The other reading of a coding: the values that were censored.

    Examples
    --------
    >>> from core.reading import read
    >>> flipped(read(b"status\n1\n0\n2\n", "a.csv"), "status", ("1",), competing=("2",))
    ('0',)
    """
    taken = _as_values(dataset, event, (*event_is, *competing))
    return tuple(v for v in values_of(dataset, event) if v not in taken)


def counts_of(dataset: Dataset, column: str) -> dict[str, int]:
    r"""How many rows each value of a column has, in the order of `values_of`.

    Examples
    --------
    >>> from core.reading import read
    >>> counts_of(read(b"status\n2\n1\n2\n", "a.csv"), "status")
    {'1': 1, '2': 2}
    """
    found = dataset.frame[column].value_counts(dropna=True)
    return {
        v if isinstance(v, str) else shortest(float(v)): int(found[v]) for v in sorted(found.index)
    }


def _as_values(dataset: Dataset, column: str, said: tuple[str, ...]) -> tuple[str, ...]:
    """Values as the table holds them: words for codes, and 1 for "1.0"."""
    meant = tuple(map(dataset.variables[column].meant, said))
    if dataset.frame[column].dtype == object:
        return meant
    return tuple(shortest(read_number(v, "event_is")) for v in meant)


def _sum(counts: Mapping[str, int], values: Sequence[str]) -> int:
    return sum(counts.get(v, 0) for v in values)


def _meaning(values: Sequence[str]) -> str:
    shown = [v if v.isdigit() else f"'{short(v)}'" for v in values]
    if len(shown) == 1:
        return f"{shown[0]} means"
    if len(shown) > 6:
        shown = [*shown[:5], f"{len(shown) - 5} other values"]
    return f"{', '.join(shown[:-1])} and {shown[-1]} mean" if shown else "Nothing means"


def undecided(
    column: str, values: Sequence[str], *, counts: Mapping[str, int] | None = None
) -> SpecError:
    """Return the error that names the values found and how to say which one is meant.

    Parameters
    ----------
    column : str
    values : sequence of str
    counts : mapping of str to int, optional
        Rows with each value: then every reading is given with its number of events.

    Examples
    --------
    >>> error = undecided("cens", ["0", "1"], counts={"0": 387, "1": 299})
    >>> error.problem
    "The values of 'cens' are 0 and 1, and which one means that the event happened cannot be told"
    >>> error.hint
    'Say so with event_is=0 (387 of 686 had the event) or event_is=1 (299 of 686)'
    """
    if not values:
        return SpecError("event", f"'{column}' has no values", "Choose another event column")
    end = "that the event happened cannot be told"
    if len(values) > 6:
        problem = f"'{column}' has {len(values):,} different values, and which one means {end}"
        return SpecError("event_is", problem, "Say so with event_is=VALUE")
    shown = [short(v) for v in values]
    readings = [f"event_is={quote_name(v)}" for v in shown]
    if counts:
        total = sum(counts.values())
        numbers = [f"{counts.get(v, 0):,} of {total:,}" for v in values]
        numbers[0] += " had the event"
        readings = [f"{r} ({n})" for r, n in zip(readings, numbers, strict=True)]
    if len(values) == 1:
        problem = f"The only value of '{column}' is {shown[0]}, and whether it means"
    else:
        problem = f"The values of '{column}' are {', '.join(shown[:-1])} and {shown[-1]}"
        problem += ", and which one means"
    return SpecError("event_is", f"{problem} {end}", "Say so with " + " or ".join(readings))


def short(value: str) -> str:
    """Cut a level to what fits into a sentence.

    Examples
    --------
    >>> len(short("x" * 100))
    40
    """
    return value if len(value) <= 40 else value[:39] + "…"
