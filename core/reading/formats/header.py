"""The header of a table: which rows it takes, and what the columns are called by them.

Above the names there may be titles and a row of groups, below them units or a second naming. A
row is taken for a part of the header only when the rows below it say so; in doubt it is a
patient.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from core.errors import SpecError
from core.reading.formats.evidence import (
    SAMPLE,
    Row,
    against,
    are_names,
    filled,
    is_missing,
    is_value,
    typical_width,
)
from core.reading.roles.vocabulary import UNIT_WORDS, fold
from core.steps import Recipe

Merged = Sequence[tuple[int, int, int, int]]

MOST_TITLES = 20
"""Rows above the header that are looked through."""
MOST_HEADERS = 3
"""Rows that a header may have."""

_BRACKETED = re.compile(r"[\[(\uff08\u3010]\s*([^()\[\]]*[^\W\d_][^()\[\]]*|%)\s*[\])\uff09\u3011]")
_UNIT = re.compile(
    r"%|\uff05|[mcµμnkd]?[lLm][²³23]?|[µμnmk]?g|[kM]?Bq(/(k?g|m[lL]))?|[µμnmpk]?(g|mol|IU|U)/d?[mµμ]?[lL]"
    r"|[µμnmpf]?mol(/m?g)?|(10\^?[369²³]?|[TG])?/d?[mµμn]?[lL]|m?IU|U/[lL]|g/m[²2]|kg/m[²2]|HU|SUV|Gy|keV|mmHg|cm\^?[23]|mm\^?[23]"
)


@dataclass(frozen=True)
class Head:
    """The header that was found.

    Attributes
    ----------
    rows : tuple of int
        Positions of its rows.
    cells : tuple of str
        What the columns are called; may be empty or the same twice.
    above : tuple of int
        Positions of the titles above it.
    units, labels : mapping of int to str
        By column.
    unsure : bool
        Whether a user should be asked if it has as many rows.
    next : int or None
        Position of a row of words below it that may belong to it, and was taken for a patient.
    """

    rows: tuple[int, ...]
    cells: tuple[str, ...]
    above: tuple[int, ...] = ()
    units: Mapping[int, str] = field(default_factory=dict)
    labels: Mapping[int, str] = field(default_factory=dict)
    unsure: bool = False
    next: int | None = None


def find(rows: Sequence[Row], at: Sequence[int], *, merged: Merged = ()) -> Head:
    """Find the header at the beginning of a table.

    Parameters
    ----------
    rows : sequence of rows
    at : sequence of int
        Positions of the rows that hold anything, at least one.
    merged : sequence of (first row, first column, last row, last column)

    Examples
    --------
    >>> rows = [["id", "size"], ["", "(mm)"], ["P1", "9"], ["P2", "12"]]
    >>> head = find(rows, [0, 1, 2, 3])
    >>> head.cells, head.units
    (('id', 'size'), {1: 'mm'})
    """
    at = at[: MOST_TITLES + SAMPLE]
    first = _first(rows, at, merged)
    taken, kinds = [at[first]], ["names"]
    sure = True
    for k in range(first + 1, min(first + MOST_HEADERS, len(at) - 1)):
        crossed = any(r1 == taken[-1] and (r2 > r1 or c2 > c1) for r1, c1, r2, c2 in merged)
        below = [rows[i] for i in at[k + 1 :]]
        kind = _kind(rows[taken[-1]], rows[at[k]], below, crossed=crossed)
        if not kind:
            break
        sure = sure and (crossed or kind == "units")
        taken.append(at[k])
        kinds.append(kind)
        if kind != "names":
            break
    head = _head(rows, taken, kinds, merged, above=tuple(at[:first]), unsure=not sure)
    following = [i for i in at if i > taken[-1]]
    doubtful = len(taken) == 1 and _may_belong(rows, taken[0], following)
    return replace(head, next=following[0]) if doubtful else head


def forced(
    rows: Sequence[Row], lines: Sequence[int], recipe: Recipe, *, merged: Merged = ()
) -> Head | None:
    """Take the header from the lines that a step ``header(FIRST, LAST)`` names, None without one.

    Raises
    ------
    SpecError
        If the step has no numbers, or the file has nothing on these lines.

    Examples
    --------
    >>> forced([["x"], ["id"], ["7"]], [1, 2, 3], Recipe.parse(["header(2, 2)"])).cells
    ('id',)
    """
    steps = recipe.of("header")
    if not steps:
        return None
    values = steps[-1].values
    if not 1 <= len(values) <= 2 or not all(v.isascii() and v.isdigit() for v in values):
        raise SpecError("clean", "The step header needs line numbers", "Write it: header(1, 2)")
    first, last = int(values[0]), int(values[-1])
    taken = [i for i, line in enumerate(lines) if first <= line <= last and filled(rows[i])]
    if not taken or last - first > MOST_TITLES:
        raise SpecError(
            "clean",
            f"The file has no header on the lines {first} to {last}",
            f"Name lines between {min(lines, default=1)} and {max(lines, default=1)}",
        )
    kinds = ["names"]
    for i in taken[1:]:
        upper = rows[taken[0]]
        full = are_names(upper) and set(filled(upper)) >= set(filled(rows[i]))
        kinds.append("units" if _are_units(rows[i]) else "labels" if full else "names")
    above = tuple(i for i in range(taken[0]) if filled(rows[i]))
    head = _head(rows, taken, kinds, merged, above=above)
    first_name = head.cells[0].lstrip("# ") or head.cells[0]
    return replace(head, cells=(first_name, *head.cells[1:]))


def _first(rows: Sequence[Row], at: Sequence[int], merged: Merged) -> int:
    """Position in `at` of the first row of the header: behind the titles."""
    typical = typical_width([rows[i] for i in at[:SAMPLE]])
    for k in range(min(MOST_TITLES, len(at) - 1)):
        if not _is_title(rows, at, k, typical, merged):
            below = [rows[i] for i in at[k + 1 :]]
            # What would lose a patient if it were wrong needs evidence.
            return k if k == 0 or against(rows[at[k]], below).above else 0
    return 0


def _is_title(rows: Sequence[Row], at: Sequence[int], k: int, typical: int, merged: Merged) -> bool:
    row, there = rows[at[k]], filled(rows[at[k]])
    gap = at[k + 1] > at[k] + 1
    if typical < 2 or (typical == 2 and not gap) or len(there) > max(1, typical // 3):
        return False
    spans = [c2 - c1 + 1 for r1, c1, _, c2 in merged if r1 == at[k] and c2 > c1]
    if spans:
        return len(spans) == 1 and 2 * spans[0] > typical
    if gap or not are_names(rows[at[k + 1]]):
        return True
    # Above names, cells with holes between them are groups; so is a short one that is not first.
    apart = any(b - a > 1 for a, b in pairwise(there))
    return not (apart or (there[0] > 0 and len(row[there[0]].strip()) <= 25))


def _kind(upper: Row, row: Row, below: Sequence[Row], *, crossed: bool) -> str:
    """What a row below the first of the header is: names, units, labels or, if empty, a patient."""
    evidence = against(row, below)
    there, above = filled(row), filled(upper)
    if list(row) == list(upper) or any(is_value(row[i]) for i in there):
        return ""
    if not evidence.alike and _are_units(row):
        bracketed = all(_BRACKETED.fullmatch(row[i].strip()) for i in there)
        if bracketed or evidence.strange:
            return "units"
    if evidence.surely and _are_units(row, mostly=True):
        return "units"
    if crossed and evidence.above:
        return "names"
    if set(there) - set(above):
        groups = 2 * len(above) <= len(there) and len(there) > 2
        return "names" if (evidence.above if groups else evidence.surely) else ""
    most = evidence.strange >= 2 and 2 * evidence.strange >= evidence.measured
    if evidence.alike or not most or 4 * len(there) < 3 * len(above):
        return ""
    if not are_names(upper):
        return "names"
    return "labels" if are_names(row) else ""


def _may_belong(rows: Sequence[Row], upper: int, following: Sequence[int]) -> bool:
    """Whether the row below the header names columns that it does not, and all are words."""
    if len(following) < 2:
        return False
    row, below = rows[following[0]], [rows[i] for i in following[1:]]
    unnamed = len(set(filled(row)) - set(filled(rows[upper]))) > 0
    return unnamed and are_names(row) and against(row, below).above


def _are_units(row: Row, *, mostly: bool = False) -> bool:
    """Whether all words of a row are units, or half of them and more than one."""
    words = [row[i].strip() for i in filled(row) if not is_missing(row[i])]
    known = sum(
        len(w) <= 60 and (_BRACKETED.fullmatch(w) is not None or _is_unit(w)) for w in words
    )
    return (known > 1 and 2 * known >= len(words)) if mostly else 0 < known == len(words)


def _is_unit(word: str) -> bool:
    return _UNIT.fullmatch(word) is not None or fold(word) in UNIT_WORDS


def _head(
    rows: Sequence[Row],
    taken: Sequence[int],
    kinds: Sequence[str],
    merged: Merged,
    *,
    above: tuple[int, ...],
    unsure: bool = False,
) -> Head:
    width = max(len(rows[i]) for i in taken)
    of_kind: dict[str, list[list[str]]] = {"names": [], "labels": [], "units": []}
    for i, kind in zip(taken, kinds, strict=True):
        cells = [c.strip() for c in rows[i]] + [""] * (width - len(rows[i]))
        spans = [(c1, c2) for r1, c1, _, c2 in merged if r1 == i and c2 > c1]
        for c1, c2 in spans if kind == "names" and i != taken[-1] else ():
            cells[c1 : c2 + 1] = [cells[c1]] * (min(c2, width - 1) - c1 + 1)
        of_kind[kind].append(cells)
        if kind == "names" and len(of_kind[kind]) > 1 and not _spanned(taken, merged):
            _fill_right(*of_kind[kind][-2:])
    names = [_joined(cells) for cells in zip(*of_kind["names"], strict=True)]
    labels = of_kind["labels"][0] if of_kind["labels"] else [""] * width
    if any(labels) and _are_codes(labels) and not _are_codes(names):
        names, labels = labels, names
    said = of_kind["units"][0] if of_kind["units"] else [""] * width
    units = {i: _bare(u) for i, u in enumerate(said) if not is_missing(u)}
    hints = {i: f"{names[i]} {said[i]}" for i, u in units.items() if "=" in u or len(u) > 20}
    return Head(
        rows=tuple(taken),
        cells=tuple(names),
        above=above,
        units={i: u for i, u in units.items() if i not in hints},
        labels={i: w for i, w in enumerate(labels) if w} | hints,
        unsure=unsure,
    )


def _spanned(taken: Sequence[int], merged: Merged) -> bool:
    return any(r1 in taken[:-1] and c2 > c1 for r1, c1, _, c2 in merged)


def _fill_right(groups: list[str], below: Sequence[str]) -> None:
    """Write a group over all of its columns: up to the next group or a column without a name."""
    for i in range(1, len(groups)):
        if not groups[i] and below[i] and below[i - 1]:
            groups[i] = groups[i - 1]


def _joined(parts: Sequence[str]) -> str:
    return ": ".join(dict.fromkeys(p for p in parts if p))


def _are_codes(names: Sequence[str]) -> bool:
    return not any(re.search(r"\s", name) for name in names)


def _bare(unit: str) -> str:
    found = _BRACKETED.fullmatch(unit)
    return (found.group(1) if found else unit).strip()
