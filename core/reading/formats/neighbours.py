"""A second table below or beside the first one."""

from __future__ import annotations

from collections.abc import Sequence

from core.reading.formats.evidence import SAMPLE, Row, against, are_names, filled

MOST_GAPS = 200


def first_table(rows: Sequence[Row], at: list[int]) -> tuple[list[int], list[int]]:
    """Part the rows of a table from those of a second one that follows on blank rows.

    Parameters
    ----------
    rows : sequence of rows
    at : list of int
        Positions of the rows below the header that hold anything.

    Examples
    --------
    >>> rows = [["P1", "3"], ["P2", "4"], [], ["stage", "n"], ["I", "2"], ["II", "2"]]
    >>> first_table(rows, [0, 1, 3, 4, 5])
    ([0, 1], [3, 4, 5])
    """
    gaps = [k for k in range(1, len(at)) if at[k] > at[k - 1] + 1]
    for k in gaps[:MOST_GAPS]:
        titled = len(filled(rows[at[k]])) == 1
        if any(_begins(rows, at, k, names) for names in ((k, k + 1) if titled else (k,))):
            return at[:k], at[k:]
    return at, []


def _begins(rows: Sequence[Row], at: list[int], k: int, names: int) -> bool:
    """Whether names of other columns stand in row `names`, after a gap before row `k`."""
    below = [rows[i] for i in at[names + 1 : names + 1 + SAMPLE]]
    if not below or len(filled(rows[at[names]])) < 2 or not are_names(rows[at[names]]):
        return False
    above = [rows[i] for i in at[max(0, k - SAMPLE) : k]]
    return (
        against(rows[at[names]], above).surely
        and against(rows[at[names]], below).above
        and len(above) > 1
    )


def beside(rows: Sequence[Row], at: Sequence[int], cells: Sequence[str]) -> int | None:
    """Find the empty column behind which a second table stands, None when there is none.

    Parameters
    ----------
    rows : sequence of rows
    at : sequence of int
        Positions of the rows below the header that hold anything.
    cells : sequence of str
        The header.

    Examples
    --------
    >>> rows = [["P1", "3", "", "P1", "7"], ["P2", "4", "", "P2", "9"]]
    >>> beside(rows, [0, 1], ["id", "x", "", "id", "y"])
    2
    """
    names = [c.strip() for c in cells]
    named = [j for j, name in enumerate(names) if name]
    for j in range(named[0] + 1 if named else 0, named[-1] if named else 0):
        if not names[j] and not any(len(rows[i]) > j and rows[i][j].strip() for i in at):
            return j if _is_another(rows, at, names, j) else None
    return None


def _is_another(rows: Sequence[Row], at: Sequence[int], names: Sequence[str], j: int) -> bool:
    left, right = [n for n in names[:j] if n], [n for n in names[j:] if n]
    if left[0] == right[0]:
        return True
    ours = [any(c.strip() for c in rows[i][:j]) for i in at]
    theirs = [any(c.strip() for c in rows[i][j:]) for i in at]
    if sum(b and not a for a, b in zip(ours, theirs, strict=True)) > 1:
        return True
    n = sum(theirs)
    # A short list, complete from the first row on, such as the meaning of codes.
    return len(right) > 1 and 2 * n <= len(at) and len(at) - n > 2 and all(theirs[:n])
