"""Whether a file of a statistics package is whole: a part must not be read as if it were all.

The reader of these files checks the number of rows where the format states it. What it does not
see is looked at here: the end of a Stata file, and a SAS transport file, which states nothing.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence

from core.errors import DataError, nearest
from core.reading.formats.naming import unique

_RECORD = 80
_LIBRARY = 3 * _RECORD
_START = b"HEADER RECORD*******"
_MEMBER = (_START + b"MEMBER  HEADER RECORD", _START + b"MEMBV8  HEADER RECORD")
_ROWS = (_START + b"OBS     HEADER RECORD", _START + b"OBSV8   HEADER RECORD")


def cut_short() -> DataError:
    """Return the refusal of a file of which the end is missing or damaged."""
    return DataError(
        "The file is not complete or is damaged", "Copy or export it again from its source"
    )


def check_stata(data: bytes) -> None:
    """Refuse a Stata file that was cut off behind its rows, among the value labels.

    Files of Stata 5 and older are not looked at.

    Examples
    --------
    >>> check_stata(b"<stata_dta><header>")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    core.errors.DataError: The file is not complete or is damaged. Copy or export ...
    """
    if data.startswith(b"<stata_dta>"):
        if not data.rstrip(b"\r\n").endswith(b"</stata_dta>"):
            raise cut_short()
        return
    if not data or not 108 <= data[0] <= 115:
        return
    try:
        at, name = _behind_rows(data)
        while at < len(data):
            (size,) = struct.unpack_from(_order(data) + "i", data, at)
            at += 4 + name + 3 + size
            if size < 0 or at > len(data):
                raise cut_short()
    except (struct.error, IndexError, KeyError):
        raise cut_short() from None


def _order(data: bytes) -> str:
    return ">" if data[1] == 1 else "<"


def _behind_rows(data: bytes) -> tuple[int, int]:
    """Where the value labels of an old Stata file begin, and how long their names may be."""
    version, order = data[0], _order(data)
    name = 33 if version >= 110 else 9
    form = 49 if version >= 114 else 12
    variables, rows = struct.unpack_from(order + "HI", data, 4)
    at = 109
    width = sum(_stata_width(code, version) for code in data[at : at + variables])
    at += variables + variables * (name + form + name + 81) + 2 * (variables + 1)
    while True:  # expansion fields, up to an empty one
        code, size = struct.unpack_from(order + ("BI" if version >= 110 else "BH"), data, at)
        at += (5 if version >= 110 else 3) + size
        if not code and not size:
            return at + rows * width, name


def _stata_width(code: int, version: int) -> int:
    if version >= 111:
        return code if code <= 244 else {251: 1, 252: 2, 253: 4, 254: 4, 255: 8}[code]
    numbers = {"b": 1, "i": 2, "l": 4, "f": 4, "d": 8}
    return numbers[chr(code)] if code < 127 else code - 127


def members(data: bytes) -> dict[str, bytes]:
    """Split a SAS transport file into its tables, each as a file of its own.

    The reader takes the headers of a second table for rows of the first.

    Returns
    -------
    dict of str to bytes
        In the order of the file; a name that occurs again gets a number.
    """
    starts = [at for at in _records(data, _MEMBER) if at >= _LIBRARY]
    ends = [*starts[1:], len(data)] if starts else []
    plain = []
    for start in starts:
        # Two records on: 8 characters of "SAS", then the name of the table.
        wide = 32 if data[start:].startswith(_MEMBER[1]) else 8
        at = start + 2 * _RECORD + 8
        plain.append(data[at : at + wide].decode("ascii", "replace").strip())
    parts = [data[:_LIBRARY] + data[start:end] for start, end in zip(starts, ends, strict=True)]
    return dict(zip(unique(plain)[0], parts, strict=True))


def member(data: bytes, sheet: str | None) -> tuple[bytes, tuple[str, ...], str]:
    """Take one table out of a SAS transport file: its bytes, all names if several, its name."""
    found = members(data)
    if not found:
        raise cut_short()
    chosen = next(iter(found)) if sheet is None or len(found) == 1 else sheet
    if chosen not in found:
        raise DataError(f"The file has no table '{chosen}'", nearest(chosen, found))
    return (found[chosen], tuple(found), chosen) if len(found) > 1 else (found[chosen], (), "")


def check_transport(data: bytes, widths: Sequence[int], *, rows: int) -> None:
    """Refuse a SAS transport file of one table that is cut off within a row.

    One that is cut off between two rows, at a multiple of 80 bytes, looks like a whole one.

    Parameters
    ----------
    data : bytes
    widths : sequence of int
        Bytes of each column in a row.
    rows : int
        How many were read.
    """
    starts = _records(data, _ROWS)
    width = sum(widths)
    if len(data) % _RECORD or not starts or width <= 0:
        raise cut_short()
    body = data[starts[0] + _RECORD :]
    said = data[starts[0] + 48 : starts[0] + 63].strip(b" ")
    # The newer form may state the number of rows; zeros say nothing.
    if said.isdigit() and int(said) not in (0, rows):
        raise cut_short()
    rest = body[rows * width :]
    # Blanks fill the last record up; the reader also leaves out rows of blanks at the end.
    if rows * width > len(body) or rest.strip(b" "):
        raise cut_short()


def transport_rows(data: bytes, widths: Sequence[int]) -> int:
    """How many rows a SAS transport file of one table has at most, told from its size."""
    starts = _records(data, _ROWS)
    return (len(data) - starts[0]) // sum(widths) if starts and sum(widths) > 0 else 0


def _records(data: bytes, kinds: tuple[bytes, bytes]) -> list[int]:
    found = []
    for kind in kinds:
        at = data.find(kind)
        while at >= 0:
            if at % _RECORD == 0:
                found.append(at)
            at = data.find(kind, at + 1)
    return sorted(found)
