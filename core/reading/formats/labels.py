"""Value labels of statistics packages: words in place of codes, where nothing is lost by it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

from core.notes import Note
from core.reading.formats.typed import read_note, text
from core.reading.packed import Cells
from core.spec import shortest

Codes = tuple[tuple[str, str], ...]
Code = TypeVar("Code", float, str)


def labelled(
    values: np.ndarray, labels: Mapping[float, str], *, name: str = "numbers"
) -> tuple[Cells | np.ndarray, Codes, list[Note]]:
    """Put words in place of codes where every value that occurs has one.

    Parameters
    ----------
    values : numpy.ndarray of float64
        NaN is missing.
    labels : mapping of float to str
        Words of the codes; an empty word is none. Two codes with the same word stay apart.
    name : str
        Of the column, for the refusal of a word that is too long.

    Returns
    -------
    values, codes, notes
        Numbers as they were, with a note, where only some have words.

    Examples
    --------
    >>> words = {1.0: "verstorben", 0.0: "lebt"}
    >>> cells, codes, _ = labelled(np.array([0.0, 1.0, np.nan]), words)
    >>> list(cells), codes
    (['lebt', 'verstorben', ''], (('0', 'lebt'), ('1', 'verstorben')))
    >>> labelled(np.array([0.0, 7.0]), {0.0: "none"})[2][0].text
    'Not all of its values have labels, so the numbers were kept. Labelled are 0 = none.'
    """
    known = {code: word.strip() for code, word in sorted(labels.items()) if word.strip()}
    present, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    if not known or not present.size:
        return values, (), []
    hit = np.isin(present, list(known))
    if not hit.all():
        return values, (), [_partly(known, "the numbers were kept", int(counts[hit].sum()))]
    words = _apart(known)
    cells = ["" if x != x else words[x] for x in values.tolist()]
    return text(cells, name), _codes(words), []


def labelled_text(
    cells: Sequence[str], labels: Mapping[str, str], *, name: str = "text"
) -> tuple[Cells | np.ndarray, Codes, list[Note]]:
    """Do what `labelled` does for codes that are text themselves, such as M and F.

    Examples
    --------
    >>> list(labelled_text(["M", ""], {"M": "male", "F": "female"})[0])
    ['male', '']
    """
    stripped = {code.strip(): word.strip() for code, word in sorted(labels.items())}
    known = {code: word for code, word in stripped.items() if code and word}
    present = Counter(cell for cell in cells if cell)
    if not known or not present:
        return text(cells, name), (), []
    if not present.keys() <= known.keys():
        hits = sum(present[code] for code in known)
        return text(cells, name), (), [_partly(known, "the codes were kept", hits)]
    words = _apart(known)
    return text([words[c] if c else "" for c in cells], name), _codes(words), []


def _partly(known: Mapping[Code, str], kept: str, n: int) -> Note:
    shown = ", ".join(f"{written(code)} = {word}" for code, word in list(known.items())[:5])
    said = f"Not all of its values have labels, so {kept}. Labelled are {shown}"
    return read_note(said + (", ..." if len(known) > 5 else "."), n=n)


def _apart(known: Mapping[Code, str]) -> dict[Code, str]:
    """Put the code behind a word that several codes have."""
    words = dict(known)
    while len(set(words.values())) < len(words):
        count = Counter(words.values())
        words = {
            code: word if count[word] == 1 else f"{word} ({written(code)})"
            for code, word in words.items()
        }
    return words


def _codes(words: Mapping[Code, str]) -> Codes:
    return tuple((written(code), word) for code, word in words.items())


def written(code: float | str) -> str:
    """Write a code as a query does."""
    return code if isinstance(code, str) else shortest(code)
