"""What a report is made of: a frozen description that every kind of file is drawn from.

Texts are plain: no markup of any kind stands in them, and a renderer escapes what it must.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from datetime import date
from typing import Literal

import pandas as pd

from core.view.charts import Figure as Chart
from core.view.html import PROSE

Kind = Literal["text", "finding", "quiet", "warning"]


@dataclass(frozen=True)
class Heading:
    """A heading of a section (level 1) or of a part of one (level 2)."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Paragraph:
    """A paragraph: a sentence about a finding, a remark in small print, or a warning."""

    text: str
    kind: Kind = "text"


@dataclass(frozen=True)
class Listing:
    """Short texts below each other."""

    items: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Behind:
    """Numbers in full precision behind a figure or a table, for the workbook.

    Attributes
    ----------
    title : str
    frame : pandas.DataFrame
        Missing cells are not estimable or do not apply.
    """

    title: str
    frame: pd.DataFrame


@dataclass(frozen=True, eq=False)
class Picture:
    """A figure with its caption.

    Attributes
    ----------
    chart : Figure
        With its data in ``datasets``.
    title : str
        First words of the caption.
    caption : str
        What the marks mean; the text before the figure says what was found.
    finding : str
        What was found, for where the figure stands alone.
    alternative : str
        What is to be seen, for those who do not see it.
    behind : tuple of Behind
    number : int
        Its place among the figures; 0 before they are numbered.
    """

    chart: Chart
    title: str
    caption: str
    finding: str
    alternative: str
    behind: tuple[Behind, ...] = ()
    number: int = 0

    @property
    def name(self) -> str:
        """How the text calls it: ``Figure 1``."""
        return f"Figure {self.number}"


@dataclass(frozen=True, eq=False)
class Table:
    """A table as journals print it.

    Attributes
    ----------
    frame : pandas.DataFrame
        Texts as they are printed; the first column names the rows.
    title : str
    notes : tuple of str
        Lines below the table.
    swatches : tuple of int
        The group of each row, for its colour; empty without colours.
    behind : tuple of Behind
    number : int
        Its place among the tables; 0 before they are numbered.
    prose : bool
        Whether the cells are sentences, so that the columns need their width.
    """

    frame: pd.DataFrame
    title: str
    notes: tuple[str, ...] = ()
    swatches: tuple[int, ...] = ()
    behind: tuple[Behind, ...] = ()
    number: int = 0
    prose: bool = False

    @property
    def name(self) -> str:
        """How the text calls it: ``Table 1``."""
        return f"Table {self.number}"


Block = Heading | Paragraph | Listing | Picture | Table


@dataclass(frozen=True, eq=False)
class Report:
    """A report without a form.

    Attributes
    ----------
    title : str
    banner : str
        What must stand on every page; empty for data of real patients.
    provenance : str
        Which data, whether they are real, and whose conventions: the footnote of every figure.
    facts : tuple of (str, str)
        Dataset, digest, query, versions and the like, by name.
    link : str
        The address that the report was made from; empty where there is none.
    blocks : tuple of Block
    made : datetime.date or None
        The date on the report; without one it has none, and is the same on every day.
    """

    title: str
    banner: str
    provenance: str
    facts: tuple[tuple[str, str], ...]
    link: str
    blocks: tuple[Block, ...]
    made: date | None = None

    @property
    def pictures(self) -> tuple[Picture, ...]:
        """The figures in their order."""
        return tuple(block for block in self.blocks if isinstance(block, Picture))

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables in their order."""
        return tuple(block for block in self.blocks if isinstance(block, Table))


def numbered(blocks: list[Block]) -> tuple[Block, ...]:
    """Give figures and tables their numbers, each in its own order.

    Examples
    --------
    >>> empty = pd.DataFrame()
    >>> [b.name for b in numbered([Table(empty, "a"), Table(empty, "b")])]
    ['Table 1', 'Table 2']
    """
    pictures, tables, found = 0, 0, []
    for block in blocks:
        if isinstance(block, Picture):
            pictures += 1
            block = dataclasses.replace(block, number=pictures)
        elif isinstance(block, Table):
            tables += 1
            block = dataclasses.replace(block, number=tables)
        found.append(block)
    return tuple(found)


def cells(frame: pd.DataFrame) -> list[list[str]]:
    """The cells of a printed table as texts; a missing one is empty."""
    return [
        ["" if value is None or value != value else str(value) for value in row]
        for row in frame.to_numpy(dtype=object).tolist()
    ]


def wordy(table: Table, column: int) -> bool:
    """Whether the cells of a column are sentences rather than numbers."""
    if column == 0 or table.prose:
        return True
    texts = [row[column] for row in cells(table.frame) if row[column]]
    return bool(texts) and sum(map(len, texts)) > PROSE * len(texts)


def heads(frame: pd.DataFrame) -> list[str]:
    """The names of the columns as they are printed: two of one name differ by a blank."""
    return [str(name).strip() for name in frame.columns]
