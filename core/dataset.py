"""What was loaded: a table, what its columns mean, and the endpoints it holds."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd

from core.errors import SpecError, nearest
from core.notes import MOST_LINES, Note, Question

Kind = Literal["number", "category", "date", "text"]

KNOWN_LATER = "later"
"""What `Variable.known` says of a value that came at a time the table does not tell."""


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
    codes : tuple of (str, str)
        Code and word of each value label that a statistics package stored, in the order of the
        codes. The table holds the words; a question may use the codes.
    identifier : str
        Why the column looks like a direct identifier of persons, empty when it does not. Such a
        column is left out of everything that leaves this computer.
    known : str
        When the value became known: empty for "when the follow-up began", ``later`` for a later
        time that the table does not tell, or the column of that time, of dates or of times from
        time 0 in the unit of the endpoint (missing there: never).
    derived : bool
        Whether it was made from the lesions and is none of the table's own columns.
    """

    name: str
    label: str = ""
    kind: Kind = "number"
    unit: str = ""
    decimals: int = 0
    levels: tuple[str, ...] = ()
    meaning: str = ""
    codes: tuple[tuple[str, str], ...] = ()
    identifier: str = ""
    known: str = ""
    derived: bool = False

    @property
    def title(self) -> str:
        """The label, or the name when no label was given."""
        return self.label or self.name

    def meant(self, value: str) -> str:
        """Return the word for the code of a value label; anything else as it is.

        Examples
        --------
        >>> vital = Variable("vital", kind="category", codes=(("1", "alive"), ("2", "dead")))
        >>> vital.meant("2"), vital.meant("dead"), vital.meant("3")
        ('dead', 'dead', '3')
        """
        if not self.codes or self.kind == "number":
            return value
        words = dict(self.codes)
        # The table holds the words: one that is the code of another as well is the word.
        return value if value in words.values() else words.get(value, value)


@dataclass(frozen=True)
class Endpoint:
    """A time and an event that are analysed together.

    `competing` are the values of a competing event, `entry` is a column of delayed entry, and
    `where` picks the rows of this endpoint out of a table in which endpoints are stacked. `start`
    is the column of dates on which the times count from 0, where the table has it.
    """

    label: str
    time: str
    unit: str
    event: str
    event_is: tuple[str, ...]
    show_unit: str = ""
    competing: tuple[str, ...] = ()
    entry: str | None = None
    where: tuple[str, ...] = ()
    start: str | None = None


@dataclass(frozen=True)
class Shape:
    """What one row of a table with several rows per patient is.

    Attributes
    ----------
    kind : {"intervals", "parameters", "lesions", "samples", "duplicates"}
        Counting-process rows (start, stop]; stacked endpoints; lesions or visits; several
        records of a patient without a sign of what they are; rows that are the same throughout.
    id : str
        The column that identifies the patients.
    patients : int
        How many there are.
    columns : tuple of str
        ``(start, stop)`` of intervals; the column that tells stacked endpoints, lesions or
        samples apart, where there is one.
    """

    kind: Literal["intervals", "parameters", "lesions", "samples", "duplicates"]
    id: str
    patients: int
    columns: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class Dataset:
    """A table with its dictionary.

    Attributes
    ----------
    name : str
        Name of a shipped cohort, or the file name of an upload.
    frame : pandas.DataFrame
        One row per patient, unless `rows_are` says otherwise. Numbers are float64 with NaN for
        missing, everything else is text (object) with None for missing. Never changed.
    variables : mapping of str to Variable
        One entry per column, in the table's order.
    endpoints : tuple of Endpoint
        Known endpoints; empty for a table whose roles are still to be given.
    digest : str
        SHA-256 of the bytes it was read from, in hex.
    reference : str
        What the ``data`` field of a link holds: a shipped name, or ``sha256:`` and 16 digits.
    notes : tuple of Note
        The import report: what was read, changed, excluded and looks wrong.
    questions : tuple of Question
        What can be read in several ways and was not settled by a cleaning step.
    lines : numpy.ndarray of int or None
        Line of the file on which each row begins, where blank lines or line breaks inside cells
        make it other than the header's line plus 1, plus 2, ...
    sheets : tuple of str
        Names of the sheets or objects that the file holds, where it can hold several.
    sheet : str
        The one that was read.
    rows_are : Shape or None
        What one row is, where it is not one patient.
    steps : tuple of str
        The cleaning steps that were carried out, as the field ``clean`` of a link writes them.
    lesions : tuple of Dataset
        Tables with one row per lesion, or per lesion and visit, of the same patients.
    attached : core.lesions.attach.Attached or None
        What the lesions became for a question; None where their columns are not appended.
    derived : str
        What the appended columns were made from, as a digest.
    absent : mapping of str to numpy.ndarray of str
        Why a patient has no value, for columns of which it is known; empty text where it is not.
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
    questions: tuple[Question, ...] = ()
    sheets: tuple[str, ...] = ()
    sheet: str = ""
    rows_are: Shape | None = None
    steps: tuple[str, ...] = ()
    lesions: tuple[Dataset, ...] = ()
    attached: object | None = None
    derived: str = ""
    absent: Mapping[str, np.ndarray] = field(default_factory=dict)

    @cached_property
    def fingerprint(self) -> str:
        """What a result depends on besides the question: bytes, cleaning, labels, endpoints."""
        said = [
            self.digest,
            self.sheet,
            self.steps,
            self.derived,
            [dataclasses.astuple(v) for v in self.variables.values()],
            [dataclasses.astuple(e) for e in self.endpoints],
        ]
        return digest_of(json.dumps(said).encode())

    @cached_property
    def own(self) -> Dataset:
        """The table without the columns and endpoints that were made from the lesions."""
        variables = {n: v for n, v in self.variables.items() if not v.derived}
        if len(variables) == len(self.variables):
            return self
        endpoints = tuple(e for e in self.endpoints if e.time in variables)
        return dataclasses.replace(self, variables=variables, endpoints=endpoints)

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

    def lines_of(self, rows: np.ndarray) -> tuple[int, ...]:
        """First lines of the file of the rows that a mask picks, at most `MOST_LINES`."""
        return tuple(self.row_number(int(i)) for i in np.flatnonzero(rows)[:MOST_LINES])

    @cached_property
    def stratifiers(self) -> tuple[str, ...]:
        """Columns that can form groups: numbers and categories that identify no person."""
        roles = {e.time for e in self.endpoints} | {e.event for e in self.endpoints}
        return tuple(
            v.name
            for v in self.variables.values()
            if v.kind in ("number", "category") and v.name not in roles and not v.identifier
        )


def digest_of(data: bytes) -> str:
    """SHA-256 of bytes in hex: the same file has the same digest everywhere."""
    return hashlib.sha256(data).hexdigest()


def reference_of(digest: str) -> str:
    """Name an uploaded table in a link without saying anything about what it holds."""
    return f"sha256:{digest[:16]}"
