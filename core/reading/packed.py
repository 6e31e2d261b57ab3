"""A column of text, packed: ten million small strings are slow to walk through and to keep."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

SEPARATOR = "\0"
"""Cannot stand in a cell: a file that holds it is refused before it gets here."""

BLOCK = 500
"""Few enough that the strings of a block stay in the processor's cache while they are used."""


@dataclass(frozen=True, eq=False)
class Cells:
    """The cells of one column in the order of the rows.

    Attributes
    ----------
    blocks : list of str
        At most `BLOCK` cells each, joined by `SEPARATOR`.

    Examples
    --------
    >>> column = Cells.of(["1.5", "", "2"])
    >>> list(column), len(column.blocks)
    (['1.5', '', '2'], 1)
    """

    blocks: list[str]

    @classmethod
    def of(cls, cells: Sequence[str]) -> Cells:
        """Pack a list of cells."""
        starts = range(0, len(cells), BLOCK)
        return cls([SEPARATOR.join(cells[i : i + BLOCK]) for i in starts])

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(block.split(SEPARATOR) for block in self.blocks)
