"""Levels of a category: spellings of one level, words that may mean missing, and their order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from core.errors import SpecError, nearest
from core.notes import Question
from core.reading.cells.column import Column
from core.reading.cells.missing import is_soft
from core.reading.cells.numerals import plainly
from core.reading.roles.vocabulary import fold

_MOST_LEVELS = 100
_MOST_QUESTIONS = 10
_LETTERS = 5
"""Shorter words are codes: T1 and T2 differ by one sign and mean different things."""

# Signs inside a number (1.2, 1/2) and the signs of a result (+, -, <) say something.
_BETWEEN = re.compile(
    r"(?<![0-9])[\s._/,;:()'\"]+|[\s._/,;:()'\"]+(?![0-9])|(?<=[^\W\d])-(?=[^\W\d])"
)
_COUNTED = re.compile(r"[0-9]|\b(?:[ivx]+[a-d]?|\w\w?)\b")


def questions(column: Column) -> list[Question]:
    """Propose merges of spellings, and ask about words that can mean missing.

    Nothing is merged: the first choice of each question leaves the levels as they are.
    """
    words = list(column.counts)
    if len(words) > _MOST_LEVELS:
        return []
    kept = column.recipe.words("level", column.name)
    groups = [group for group in spellings(column.counts) if not kept >= set(group)]
    asked = [_merge(column, group) for group in groups]
    soft = [w for w in words if is_soft(w) and w not in kept]
    if soft and len(soft) < len(words):
        shown = ", ".join(f"'{w}'" for w in soft)
        text = f"{'Does' if len(soft) == 1 else 'Do'} {shown} in '{column.name}' mean 'not known'?"
        choices = [
            ("no, it is a level of its own", (column.step("level", *soft),)),
            ("yes, it is missing", (column.step("missing", *soft),)),
        ]
        asked.append(column.ask(text, choices, soft))
    return asked[:_MOST_QUESTIONS]


def _merge(column: Column, group: Sequence[str]) -> Question:
    *others, most = group
    listed = ", ".join(f"'{w}' ({column.counts[w]:,})" for w in group)
    text = f"Are these spellings of one level of '{column.name}': {listed}?"
    choices = [
        ("no, leave them as they are", (column.step("level", *group),)),
        (f"yes, all of them are '{most}'", (column.step("merge", *others, most),)),
    ]
    return column.ask(text, choices, group)


def spellings(counts: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Group words that look like spellings of one level.

    Parameters
    ----------
    counts : mapping of str to int
        How often each level occurs.

    Returns
    -------
    list of tuple of str
        At least two spellings each, the most frequent one last.

    Examples
    --------
    >>> spellings({"Positive": 9, "Positve": 1, "positive": 3, "Negative": 5})
    [('Positve', 'positive', 'Positive')]
    >>> spellings({"T1a": 1, "T1b": 1, "Grade I": 2, "Grade II": 2, "ER+": 1, "ER-": 1})
    []
    """
    by_key: dict[str, list[str]] = {}
    for word in counts:
        by_key.setdefault(key(word), []).append(word)
    group = {k: k for k in by_key}
    long = [k for k in by_key if _is_word(by_key[k][0], k)]
    for a, b in combinations(long, 2):
        if _one_apart(a, b) and not _opposite(a, b):
            old, new = group[a], group[b]
            group.update({k: new for k, g in group.items() if g == old})
    found: dict[str, list[str]] = {}
    for k, members in by_key.items():
        found.setdefault(group[k], []).extend(members)
    return [
        tuple(sorted(members, key=lambda w: (counts[w], w)))
        for members in found.values()
        if len(members) > 1
    ]


def key(word: str) -> str:
    """Write a level without what its spellings differ by: case, accents, blanks, punctuation.

    Examples
    --------
    >>> key("ER positive"), key("ER-Positive"), key("1+"), key("1.2"), key("T 1")
    ('erpositive', 'erpositive', '1+', '1.2', 't1')
    """
    return _BETWEEN.sub("", fold(plainly(word)).strip()) or word


def _is_word(word: str, folded: str) -> bool:
    """Whether one letter may be a slip: long enough, and nothing in it counts or names a type."""
    if len(folded) < _LETTERS or not folded.isalpha() or len(folded) > 60:
        return False
    return _COUNTED.search(fold(plainly(word))) is None


def _opposite(a: str, b: str) -> bool:
    """Whether one letter turns a word into its opposite, as in typical and atypical."""
    short, long = sorted((a, b), key=len)
    return (len(short) < len(long) and long[1:] == short) or {a, b} <= {"intra", "infra", "inter"}


def _one_apart(a: str, b: str) -> bool:
    """Whether one letter was put in, left out, replaced, or two neighbours swapped.

    That is a Damerau-Levenshtein distance of 1.
    """
    if abs(len(a) - len(b)) > 1 or a == b:
        return False
    start = next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), None)
    if start is None:
        return True
    rest_a, rest_b = a[start:], b[start:]
    swapped = rest_a[:2] == rest_b[:2][::-1] and rest_a[2:] == rest_b[2:]
    # The last letter of LumA and LumB, and the first of EAS and SAS, tell types apart.
    same = rest_a[1:] == rest_b[1:] and start > 0 and len(rest_a) > 1
    return swapped or same or rest_a[1:] == rest_b or rest_a == rest_b[1:]


def order(column: str, levels: Iterable[str], wanted: Sequence[str]) -> tuple[str, ...]:
    """Put the levels of a category in the order that a step gives.

    Parameters
    ----------
    column : str
    levels : iterable of str
        Those that occur.
    wanted : sequence of str
        Those that the step names; one that does not occur in this file is passed over, as long
        as every level that occurs is named.

    Raises
    ------
    SpecError
        If a level that occurs is not named and one that is named does not occur.

    Examples
    --------
    >>> order("stage", ["II", "I"], ["I", "II", "III"])
    ('I', 'II')
    """
    present = sorted(set(levels))
    left = [w for w in present if w not in wanted]
    absent = [w for w in wanted if w not in present]
    if left and absent:
        raise SpecError(
            "clean",
            f"The column '{column}' has no level '{absent[0]}' to put in order",
            nearest(absent[0], present),
        )
    return (*(w for w in dict.fromkeys(wanted) if w in present), *left)
