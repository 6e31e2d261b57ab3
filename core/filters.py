"""Row filters: ``stage in II,III``. Parsed into column, operator and values; never evaluated."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from core.dataset import Dataset, Variable
from core.errors import SpecError, nearest
from core.spec import quote_name, read_number, split_list, unquote_name

_OPERATOR = re.compile(r"\s+not\s+in\s+|\s+in\s+|!=|<=|>=|=|<|>", re.IGNORECASE)
_WORDS = {
    "=": "is",
    "!=": "is not",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
    "in": "is one of",
    "not in": "is none of",
}


@dataclass(frozen=True)
class Condition:
    """One row filter.

    Attributes
    ----------
    column : str
    operator : {"=", "!=", "<", "<=", ">", ">=", "in", "not in"}
    values : tuple of str
        One value, or several for ``in`` and ``not in``.
    """

    column: str
    operator: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        name = quote_name(self.column)
        if _OPERATOR.search(name) and not name.startswith('"'):
            name = f'"{name}"'
        return f"{name} {self.operator} {','.join(quote_name(v) for v in self.values)}"

    def words(self, variable: Variable) -> str:
        """The condition in words, for the ledger: ``Age >= 60``."""
        return f"{variable.title} {_WORDS[self.operator]} {', '.join(self.values)}"


def parse(text: str, columns: Iterable[str]) -> Condition:
    """Read one ``where`` text.

    The first operator after which the text before it is a column is taken, so that a column
    called ``in situ = yes`` can be filtered too; a name may also be double-quoted.

    Parameters
    ----------
    text : str
        For example ``stage in II,III`` or ``"age, years" >= 60``.
    columns : iterable of str
        The columns there are.

    Raises
    ------
    SpecError
        If there is no operator, no such column, or no value.

    Examples
    --------
    >>> parse("stage in II,III", ["stage"])
    Condition(column='stage', operator='in', values=('II', 'III'))
    """
    known = list(columns)
    quoted = re.match(r'\s*"((?:[^"]|"")*)"\s*', text)
    start = quoted.end() - 1 if quoted else 0
    found_all = list(_OPERATOR.finditer(text, start))
    if not found_all:
        raise SpecError(
            "where",
            f"The filter '{text}' has no comparison",
            "Write it like: stage in II,III or age >= 60",
        )
    found = next((m for m in found_all if _name(text[: m.start()]) in known), found_all[0])
    column = _name(text[: found.start()])
    if column not in known:
        raise SpecError(
            "where",
            f"The filter names a column '{column}' that is not there",
            nearest(column, known),
        )
    operator = " ".join(found.group().lower().split())
    rest = text[found.end() :].strip()
    values = split_list(rest) if operator in ("in", "not in") else [unquote_name(rest)]
    if not values or values == [""]:
        raise SpecError(
            "where", f"The filter '{text}' has no value", "Put one after the comparison"
        )
    return Condition(column, operator, tuple(values))


def matches(condition: Condition, dataset: Dataset) -> np.ndarray:
    """Which rows match; a missing value never does, also with ``!=`` and ``not in``.

    Returns
    -------
    numpy.ndarray of bool, shape (rows,)

    Raises
    ------
    SpecError
        If a column of text is compared with ``<``, or a number with something that is none.
    """
    column = dataset.frame[condition.column]
    present = column.notna().to_numpy()
    if pd.api.types.is_numeric_dtype(column):
        return np.asarray(present & _compare_numbers(condition, column.to_numpy(dtype=float)))
    if condition.operator in ("<", "<=", ">", ">="):
        raise SpecError(
            "where",
            f"'{condition.column}' holds text and cannot be compared with {condition.operator}",
            "Use =, !=, in or not in",
        )
    same = column.isin(condition.values).to_numpy()
    return np.asarray(present & (same if condition.operator in ("=", "in") else ~same))


def kept(dataset: Dataset, where: Iterable[str]) -> np.ndarray:
    """Which rows match all ``where`` texts; codes of value labels stand for their words.

    Raises
    ------
    SpecError
        If one of them cannot be read, or does not suit its column.
    """
    rows = np.ones(len(dataset.frame), dtype=bool)
    for text in where:
        rows &= matches(decoded(parse(text, dataset.variables), dataset), dataset)
    return rows


def decoded(condition: Condition, dataset: Dataset) -> Condition:
    """Put words in place of the codes of value labels."""
    meant = dataset.variables[condition.column].meant
    return replace(condition, values=tuple(map(meant, condition.values)))


def _compare_numbers(condition: Condition, x: np.ndarray) -> np.ndarray:
    numbers = []
    for value in condition.values:
        try:
            numbers.append(read_number(value, "where"))
        except SpecError:
            raise SpecError(
                "where",
                f"'{condition.column}' holds numbers, and '{value}' is none",
                "Compare it with a number",
            ) from None
    with np.errstate(invalid="ignore"):
        results = {
            "<": lambda: x < numbers[0],
            "<=": lambda: x <= numbers[0],
            ">": lambda: x > numbers[0],
            ">=": lambda: x >= numbers[0],
            "=": lambda: np.isin(x, numbers),
            "in": lambda: np.isin(x, numbers),
            "!=": lambda: ~np.isin(x, numbers),
            "not in": lambda: ~np.isin(x, numbers),
        }
        return np.asarray(results[condition.operator]())


def _name(text: str) -> str:
    return unquote_name(text.strip())
