"""How large a table may be, and how that is told before it is read."""

from __future__ import annotations

import numpy as np

from core.errors import DataError
from core.reading.formats.encodings import line_ends

MAX_BYTES = 300_000_000
MAX_COLUMNS = 5_000
MAX_ROWS = 5_000_000
MAX_CELLS = 50_000_000
MAX_CELL = 100_000
"""Characters of a cell: below the csv module's own limit, which other libraries raise."""

_HINT = "Keep the rows and columns that the analysis needs"


def check_bytes(size: int) -> None:
    """Refuse a table whose file, unpacked, is over the limit."""
    if size > MAX_BYTES:
        megabytes = MAX_BYTES // 1_000_000
        raise DataError(f"The table is larger than {megabytes} MB, which is the limit", _HINT)


def check_columns(width: int) -> None:
    """Refuse a table with too many columns."""
    if width > MAX_COLUMNS:
        raise DataError(
            f"The table has {width:,} columns, and the limit is {MAX_COLUMNS:,}",
            "Keep the columns that the analysis needs",
        )


def check_shape(rows: int, width: int) -> None:
    """Refuse a table over the limits, from what its file says and before it is read.

    Examples
    --------
    >>> check_shape(6_000_000, 2)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    core.errors.DataError: The table has more than 5,000,000 rows, which is the limit. Keep ...
    """
    check_columns(width)
    fault = _too_large(rows, width)
    if fault is not None:
        raise fault


def check_size(body: bytes, width: int) -> None:
    r"""Refuse a table over the limits before it is read, as reading it would take long.

    Parameters
    ----------
    body : bytes
        The table with its header.
    width : int
        How many columns it has.

    Raises
    ------
    DataError
        Naming the limit.

    Examples
    --------
    >>> check_size(b"a,b\n1,2\n", 2)
    """
    fault = _too_large(line_ends(body) - 1, width)
    if fault is not None and b'"' in body:
        fault = _too_large(_ends_outside_quotes(body) - 1, width)
    if fault is not None:
        raise fault


def _ends_outside_quotes(body: bytes) -> int:
    end = 10 if b"\n" in body else 13
    total, inside = 0, np.uint8(0)
    for at in range(0, len(body), 1 << 22):
        part = np.frombuffer(body[at : at + (1 << 22)], dtype=np.uint8)
        quoted = np.bitwise_xor.accumulate((part == 34).astype(np.uint8)) ^ inside
        total += int(np.count_nonzero((part == end) & (quoted == 0)))
        inside = quoted[-1]
    return total


def _too_large(rows: int, width: int) -> DataError | None:
    if rows > MAX_ROWS:
        problem = f"The table has more than {MAX_ROWS:,} rows, which is the limit"
    elif rows * width > MAX_CELLS:
        problem = f"The table has more than {MAX_CELLS:,} cells, which is the limit"
    else:
        return None
    return DataError(problem, _HINT)
