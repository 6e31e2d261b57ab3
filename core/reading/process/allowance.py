"""How much time and memory a file is given: by its size, since nothing else is known of it."""

from __future__ import annotations

from collections.abc import Sequence

from core.reading.formats.limits import MAX_BYTES
from core.reading.table import File

SECONDS = 8.0
"""For files of up to `FREE_BYTES`."""
FREE_BYTES = 2_000_000
SECONDS_PER_MEGABYTE = 0.5
MEMORY = 1 << 30
"""Bytes for any file; `MEMORY_PER_BYTE` for each of its bytes are added, up to `MOST_MEMORY`."""
MEMORY_PER_BYTE = 10
MOST_MEMORY = 12 << 30
START_SECONDS = 60.0
"""In which Python and its libraries must be there: a matter of the computer, not of the file."""

PACKED = (b"\x1f\x8b", b"PK", b"PAR1", b"$FL", b"BZh", b"\xfd7zXZ")
PACKED_BY = 10
"""What unpacked text takes for each byte of a packed file; more for some, less for most."""


def weight(files: Sequence[File]) -> int:
    r"""Bytes of the files, several times as many where they are packed; the limits go by it.

    A small file counts as it is: whatever it claims to hold, it gets the least of everything.

    Examples
    --------
    >>> weight([("a.csv", b"id\n1\n")]), weight([("a.gz", b"\x1f\x8b" + bytes(9_999_998))])
    (5, 82000000)
    """
    total = 0
    for _, data in files:
        more = max(0, len(data) - FREE_BYTES) if data.startswith(PACKED) else 0
        total += max(len(data), min(len(data) + more * (PACKED_BY - 1), MAX_BYTES))
    return total


def seconds_for(files: Sequence[File]) -> float:
    r"""Seconds of the clock in which files must be read.

    Examples
    --------
    >>> seconds_for([("a.csv", b"id\n1\n")]), seconds_for([("b.csv", bytes(200_000_000))])
    (8.0, 107.0)
    """
    return SECONDS + SECONDS_PER_MEGABYTE * max(0, weight(files) - FREE_BYTES) / 1e6


def memory_for(files: Sequence[File]) -> int:
    """Bytes of memory in which files must be read."""
    return min(MEMORY + MEMORY_PER_BYTE * weight(files), MOST_MEMORY)
