"""Sheets of PET lesions with one row per patient: SUVmax 1, SUVmean 1, site 1, SUVmax 2, ...

Numbered columns may also be repeated scans, and nothing is assumed then: they are lesions where
the names say so, where there is a site for each number, or where the numbers go beyond two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd

from core.lesions.pet import vocabulary
from core.reading.roles.names import says, words
from core.reading.roles.vocabulary import folded

MOST = 40
"""Lesions of a patient; a larger number in a name is a threshold or a year."""
_NUMBER = re.compile(r"(?<!\d)(?<![cm]m)(?<![cm]m\^)[#(]?0?(\d{1,2})\)?(?!\d)")
"""A number of a lesion; the 3 of mm3 is none."""
_LESION = folded("lesion lesions les l met metastasis tumor tumour roi voi node Läsion Herd lésion")


@dataclass(frozen=True)
class Layout:
    """The columns of a wide sheet.

    Attributes
    ----------
    kept : tuple of str
        Columns that hold for the whole patient.
    columns : tuple of (int, str, str)
        Number of the lesion, what the column is called without it, and its name.
    """

    kept: tuple[str, ...]
    columns: tuple[tuple[int, str, str], ...]


def recognise(frame: pd.DataFrame) -> Layout | None:
    """Find out whether a table has the lesions of a patient beside each other.

    Examples
    --------
    >>> sheet = pd.DataFrame({"id": ["a"], "SUVmax 1": [5.0], "Site 1": ["liver"],
    ...                       "SUVmax 2": [3.0], "Site 2": ["bone"]})
    >>> [name for _, _, name in recognise(sheet).columns]
    ['SUVmax 1', 'Site 1', 'SUVmax 2', 'Site 2']
    >>> recognise(pd.DataFrame({"id": ["a"], "SUVmax 1": [5.0], "SUVmax 2": [3.0]}))
    """
    found: list[tuple[int, str, str]] = []
    called = False
    for name in map(str, frame.columns):
        numbers = _NUMBER.findall(name)
        if len(numbers) != 1 or not 1 <= int(numbers[0]) <= MOST:
            continue
        stem, said = _stem(name)
        if vocabulary.measure(stem) is None and not vocabulary.is_site(stem):
            continue
        called |= said
        found.append((int(numbers[0]), stem, name))
    hot = {number for number, stem, _ in found if vocabulary.measure(stem) == "suv_max"}
    sites = {number for number, stem, _ in found if vocabulary.is_site(stem)}
    if len(hot) < 2 or not (called or len(hot) > 2 or hot <= sites):
        return None
    taken = {name for *_, name in found}
    kept = tuple(str(c) for c in frame.columns if str(c) not in taken)
    return Layout(kept, tuple(sorted(found, key=lambda column: column[0])))


def _stem(name: str) -> tuple[str, bool]:
    """A name without the number of the lesion, and whether the word lesion was with it."""
    bare = _NUMBER.sub(" ", name)
    said = words(bare)
    called = says(said, _LESION)
    kept = [word for word in re.split(r"[\s_\-.,:]+", bare) if not says(words(word), _LESION)]
    return " ".join(word for word in kept if word), called


def to_long(
    frame: pd.DataFrame, layout: Layout, *, lines: np.ndarray
) -> tuple[pd.DataFrame, np.ndarray]:
    """Put the lesions of a patient below each other.

    Returns
    -------
    (pandas.DataFrame, numpy.ndarray)
        With a column ``lesion``, and the line of each row. A lesion whose cells are all empty
        makes no row.
    """
    parts, where = [], []
    for number in dict.fromkeys(number for number, *_ in layout.columns):
        stems = {name: stem for n, stem, name in layout.columns if n == number}
        there = frame[list(stems)].notna().any(axis=1).to_numpy()
        part = frame.loc[there, [*layout.kept, *stems]].rename(columns=stems)
        part.insert(len(layout.kept), "lesion", str(number))
        parts.append(part)
        where.append(lines[there])
    return pd.concat(parts, ignore_index=True), np.concatenate(where)
