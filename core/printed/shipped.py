"""The printed numbers of the documents that come with Stratiscope."""

from __future__ import annotations

from core.printed.table import Cell, parse
from core.reading.examples import FOLDER

TITLES = {
    "fulvestrant": "Fulvestrant, 27 patients",
    "progression_mode": "Progression mode, 70 patients",
    "receptors": "Receptor discordance, a chapter",
}
"""The documents, as they are called on the screen."""
FILES = ("printed.csv", "statements.csv")


def cells(name: str) -> tuple[Cell, ...]:
    """All printed cells of a document: those of its tables, and what its text says.

    Examples
    --------
    >>> len(cells("fulvestrant")) > 200
    True
    """
    paths = [FOLDER / name / file for file in FILES]
    read = [parse(path.read_text(encoding="utf-8")).cells for path in paths if path.is_file()]
    return tuple(cell for part in read for cell in part)
