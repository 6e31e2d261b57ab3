"""The table that a script reads: the columns that it uses, cleaned, as plain CSV.

No identifier is in it and no date: an identifier becomes a running number, dates become times.
"""

from __future__ import annotations

import csv
import io
from functools import partial
from typing import cast

import numpy as np
import pandas as pd

from core.cohort import Cohort
from core.view.code.names import distinct, plain
from core.view.code.pieces.base import read_table


class Table:
    """Collects the columns that a script uses.

    Attributes
    ----------
    cohort : Cohort
    columns : dict of str to numpy.ndarray
        By their headers: numbers, or texts with None for missing.
    renumbered : set of str
        Headers of those whose values became running numbers.
    """

    def __init__(self, cohort: Cohort) -> None:
        self.cohort = cohort
        self.columns: dict[str, np.ndarray] = {}
        self.renumbered: set[str] = set()
        self._headers = distinct(cohort.dataset.frame.columns)
        self._cells: dict[str, dict[str, str]] = {}

    def is_number(self, name: str) -> bool:
        """Whether a column of the dataset holds numbers."""
        return pd.api.types.is_numeric_dtype(self.cohort.dataset.frame[name])

    def header(self, name: str) -> str:
        """What a column of the dataset is called in the table."""
        return self._headers[name]

    def use(self, name: str) -> str:
        """Take a column of the dataset in as it is, and return its header."""
        header = self._headers[name]
        if header not in self.columns or header in self.renumbered:
            self.renumbered.discard(header)
            values = self.cohort.dataset.frame[name]
            number = self.is_number(name)
            self.add(header, values.to_numpy(dtype=float) if number else self._texts(name))
        return header

    def who(self, name: str) -> str:
        """Take in which rows belong together; identifiers become running numbers."""
        header = self._headers[name]
        personal = name == self.cohort.spec.id or self.cohort.dataset.variables[name].identifier
        if header in self.columns or not personal:
            return header if header in self.columns else self.use(name)
        self.renumbered.add(header)
        return self.add(header, _running(self.cohort.dataset.frame[name]))

    def add(self, header: str, values: np.ndarray) -> str:
        """Take in a column that the dataset does not have as such."""
        self.columns[header] = values
        return header

    def cell(self, name: str, text: str) -> str:
        """How a level of a column is written in the table."""
        if name not in self._cells:
            self._texts(name)
        return self._cells[name].get(text, plain(text))

    def numbers(self) -> list[str]:
        """Headers of the columns that hold numbers."""
        return [name for name, values in self.columns.items() if values.dtype != object]

    def _texts(self, name: str) -> np.ndarray:
        values = self.cohort.dataset.frame[name]
        cells = distinct(str(v) for v in values.dropna().unique())
        self._cells[name] = cells
        found = np.empty(len(values), dtype=object)
        found[:] = [None if pd.isna(v) else cells[str(v)] for v in values]
        return found

    def same_as(self, data: bytes) -> bool:
        """Whether a file of the user's gives a script these columns as well."""
        try:
            found = read_table(cast(str, io.BytesIO(data)), self.numbers())
        except (ValueError, KeyError):  # no CSV, no UTF-8, other columns, words among numbers
            return False
        rows = len(self.cohort.dataset.frame)
        return len(found) == rows and all(map(partial(self._same, found), self.columns))

    def _same(self, found: pd.DataFrame, header: str) -> bool:
        if header not in found:
            return False
        mine, other = pd.Series(self.columns[header]), found[header]
        if header in self.renumbered:
            return bool((pd.factorize(mine)[0] == pd.factorize(other)[0]).all())
        return bool(((mine == other) | (mine.isna() & other.isna())).all())

    def csv(self) -> bytes:
        """The columns as CSV: UTF-8, comma, missing cells empty, every digit of a number."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.columns)
        written = [list(map(_written, values.tolist())) for values in self.columns.values()]
        writer.writerows(zip(*written, strict=True))
        return out.getvalue().encode()


def _written(value: float | str | None) -> str:
    if value is None or isinstance(value, str):
        return value or ""
    return "" if np.isnan(value) else repr(value).removesuffix(".0")


def _running(values: pd.Series) -> np.ndarray:
    """Texts that say only which rows belong together."""
    found = np.empty(len(values), dtype=object)
    found[:] = [None if code < 0 else str(code + 1) for code in pd.factorize(values)[0]]
    return found
