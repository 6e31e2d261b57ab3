"""What was loaded: a table, what its columns mean, and the endpoints it holds."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from core.errors import SpecError, nearest
from core.notes import Note

Kind = Literal["number", "category", "date", "text"]


@dataclass(frozen=True)
class Variable:
    """What one column means.

    Attributes
    ----------
    name : str
        The column's name in the table.
    label : str
        How it is called in figures and sentences.
    kind : {"number", "category", "date", "text"}
        ``text`` is free text or an identifier: never offered as a stratifier.
    unit : str
        Unit of a number, empty when there is none.
    decimals : int
        Decimals that its values are measured with; the step of a slider.
    levels : tuple of str
        Order of a category's levels; the first one is the usual reference. Empty: sorted.
    meaning : str
        One sentence for the reader.
    """

    name: str
    label: str = ""
    kind: Kind = "number"
    unit: str = ""
    decimals: int = 0
    levels: tuple[str, ...] = ()
    meaning: str = ""

    @property
    def title(self) -> str:
        """The label, or the name when no label was given."""
        return self.label or self.name


@dataclass(frozen=True)
class Endpoint:
    """A time and an event that are analysed together."""

    label: str
    time: str
    unit: str
    event: str
    event_is: tuple[str, ...]
    show_unit: str = ""


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table with its dictionary.

    Attributes
    ----------
    name : str
        Name of a shipped cohort, or the file name of an upload.
    frame : pandas.DataFrame
        One row per patient. Numbers are float64 with NaN for missing, everything else is text
        (object) with None for missing. Never changed.
    variables : mapping of str to Variable
        One entry per column, in the table's order.
    endpoints : tuple of Endpoint
        Known endpoints; empty for a table whose roles are still to be given.
    digest : str
        SHA-256 of the bytes it was read from, in hex.
    reference : str
        What the ``data`` field of a link holds: a shipped name, or ``sha256:`` and 16 digits.
    lines : numpy.ndarray of int or None
        Line of the file on which each row begins, where blank lines or line breaks inside cells
        make it other than the header's line plus 1, plus 2, ...
    """

    name: str
    frame: pd.DataFrame
    variables: Mapping[str, Variable]
    digest: str
    reference: str
    endpoints: tuple[Endpoint, ...] = ()
    title: str = ""
    source: str = ""
    about: str = ""
    synthetic: bool = False
    notes: tuple[Note, ...] = ()
    header_rows: int = field(default=1)
    lines: np.ndarray | None = None

    def require(self, column: str, field_name: str) -> Variable:
        """Return the variable of a column, or say which column was probably meant.

        Raises
        ------
        SpecError
            If the table has no such column.
        """
        if column not in self.variables:
            raise SpecError(
                field_name,
                f"The table has no column '{column}' ({field_name})",
                nearest(column, self.variables),
            )
        return self.variables[column]

    def row_number(self, index: int) -> int:
        """Line of the file that row `index` (from 0) was read from; the header is line 1."""
        if self.lines is not None:
            return int(self.lines[index])
        return index + self.header_rows + 1

    @cached_property
    def stratifiers(self) -> tuple[str, ...]:
        """Columns that can form groups: every number and every category."""
        roles = {e.time for e in self.endpoints} | {e.event for e in self.endpoints}
        return tuple(
            v.name
            for v in self.variables.values()
            if v.kind in ("number", "category") and v.name not in roles
        )


def digest_of(data: bytes) -> str:
    """SHA-256 of bytes in hex: the same file has the same digest everywhere."""
    return hashlib.sha256(data).hexdigest()


def reference_of(digest: str) -> str:
    """Name an uploaded table in a link without saying anything about what it holds."""
    return f"sha256:{digest[:16]}"
