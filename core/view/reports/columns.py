"""How wide the columns of a printed table are, and how large its type: for Word and for slides."""

from __future__ import annotations

from dataclasses import dataclass

from core.view import theme
from core.view.export import legal
from core.view.reports.document import Table, cells, heads, wordy

LETTER = 0.0205
"""Mean width of a letter in cm per point of its size."""
MARGIN = 0.15
"""Space in cm on either side of a cell."""
BOLD = 1.12
"""How much wider a letter of a heading is."""
WHOLE = 18
"""Letters of a number with its limits that stay on one line."""
MARK = 2.0
"""Letters that the square of a group takes."""
ROOMY = 34
"""Letters of a column of texts that stay on one line where there is room."""
PROSE = (0.15, 0.34, 0.51)
"""Shares of the columns of a table of sentences."""


@dataclass(frozen=True)
class Cells:
    """A table as texts, with what its columns are like.

    Attributes
    ----------
    heads : tuple of str
    rows : tuple of tuple of str
    words : tuple of bool
        Whether a column is of texts, which begin at the left; numbers end at the right.
    colours : tuple of str
        RRGGBB of the group of each row; empty without groups.
    prose : bool
    said : str
        Name and title, for those who do not see it.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    words: tuple[bool, ...]
    colours: tuple[str, ...]
    prose: bool
    said: str

    @classmethod
    def of(cls, block: Table) -> Cells:
        """The cells of a table of a report."""
        names = tuple(map(legal, heads(block.frame)))
        rows = tuple(tuple(map(legal, row)) for row in cells(block.frame))
        words = tuple(wordy(block, i) for i in range(len(names)))
        colours = tuple(theme.colour(g).lstrip("#") for g in block.swatches)
        said = legal(f"{block.name}. {block.title}")
        return cls(names, rows, words, colours, block.prose, said)

    def fit(self, total: float, sizes: tuple[float, ...]) -> tuple[float, list[float]]:
        """The largest type that fits, and the widths of the columns.

        Parameters
        ----------
        total : float
            Width in cm that there is.
        sizes : tuple of float
            Sizes of type in points, largest first.

        Returns
        -------
        float
        list of float
            Widths in cm; together no more than `total`, and less where the table is small.
        """
        if self.prose:
            return sizes[0], [total * share for share in PROSE]
        columns = [list(column) for column in zip(self.heads, *self.rows, strict=True)]
        letters = [
            (_least(column, words), _most(column, words))
            for column, words in zip(columns, self.words, strict=True)
        ]
        if self.colours:
            letters[0] = (letters[0][0] + MARK, letters[0][1] + MARK)
        for size in sizes:
            unit = LETTER * size
            least = [unit * low + 2 * MARGIN for low, _ in letters]
            most = [unit * high + 2 * MARGIN for _, high in letters]
            if sum(least) <= total and (sum(most) <= 1.2 * total or size == sizes[-1]):
                return size, _shared(least, most, total)
        return sizes[-1], [total * width / sum(least) for width in least]


def _shared(least: list[float], most: list[float], total: float) -> list[float]:
    """Widths between what the longest word needs and what the longest cell needs."""
    wanted = max(min(sum(most) * 1.08, total), 0.5 * total)
    spare, needed = wanted - sum(least), sum(most) - sum(least)
    if needed <= 0 or spare >= needed:
        return [width * wanted / sum(most) for width in most]
    return [
        low + max(spare, 0.0) * (high - low) / needed for low, high in zip(least, most, strict=True)
    ]


def _least(column: list[str], words: bool) -> float:
    """Letters of the longest word, or of the longest number with its limits."""
    head, *texts = column
    parts = [
        part for text in texts for part in (text.split() if words or len(text) > WHOLE else [text])
    ]
    longest = max((min(len(part), WHOLE) for part in parts), default=1)
    heading = max(BOLD * min(len(word), WHOLE) for word in (*head.split(), "p"))
    return max(longest + 1.0, heading)


def _most(column: list[str], words: bool) -> float:
    """Letters of the longest cell up to a limit; a heading may have two lines."""
    head, *texts = column
    longest = min(max(map(len, texts), default=1), ROOMY)
    return max(float(longest), BOLD * len(head) / 2, _least(column, words))
