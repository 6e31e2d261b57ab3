"""Zip archives that workbooks are: checked before any library opens one.

What an archive says about its own sizes is never believed: every member is unpacked here in
pieces, which are looked through and forgotten.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from core.errors import DataError
from core.reading.formats.limits import check_bytes

MOST_MEMBERS = 2_000
_PIECE = 1 << 22
_LOCAL = struct.Struct("<4s22xHH")
_STORED, _DEFLATED = 0, 8
_SEAM = 32
"""Characters carried over from piece to piece, so that a mark on the seam is seen."""


@dataclass(frozen=True)
class Member:
    """One file in an archive.

    Attributes
    ----------
    name : str
    start, end : int
        Where its packed bytes begin and end in the archive.
    method : int
        0: as they are, 8: deflated.
    """

    name: str
    start: int
    end: int
    method: int


def opened(data: bytes) -> dict[str, Member]:
    """Check an archive and list its files.

    Parameters
    ----------
    data : bytes

    Returns
    -------
    dict of str to Member
        By name, in lower case.

    Raises
    ------
    DataError
        If it is damaged or locked, holds too many files, files that share bytes, more than the
        limit when unpacked, or an XML part with a document type (which can name other files).

    Examples
    --------
    >>> made = io.BytesIO()
    >>> with zipfile.ZipFile(made, "w") as archive:
    ...     archive.writestr("xl/workbook.xml", "<workbook/>")
    >>> members = opened(made.getvalue())
    >>> list(members), b"".join(pieces(made.getvalue(), members["xl/workbook.xml"]))
    (['xl/workbook.xml'], b'<workbook/>')
    """
    members = _listed(data)
    found = {member.name.replace("\\", "/").lower(): member for member in members}
    if len(found) != len(members):
        raise damaged()
    total = 0
    for name, member in found.items():
        seam = None
        for piece in pieces(data, member):
            total += len(piece)
            check_bytes(total)
            if seam is None:
                seam = b"" if _is_xml(name, piece) else None
            if seam is not None:
                _check_xml(seam + piece)
                seam = piece[-_SEAM:]
    return found


def pieces(data: bytes, member: Member) -> Iterator[bytes]:
    """Unpack a file of an archive, a few megabytes at a time.

    Raises
    ------
    DataError
        If it is damaged.
    """
    if member.method == _STORED:
        for at in range(member.start, member.end, _PIECE):
            yield data[at : min(at + _PIECE, member.end)]
        return
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    packed = data[member.start : member.end]
    try:
        while packed and not unpacker.eof:
            piece = unpacker.decompress(packed, _PIECE)
            packed = unpacker.unconsumed_tail
            if piece:
                yield piece
        if not unpacker.eof:
            rest = unpacker.flush(_PIECE)
            if not unpacker.eof:
                raise damaged()
            yield rest
    except zlib.error:
        raise damaged() from None


def whole(data: bytes, member: Member, most: int = 10_000_000) -> bytes:
    """Unpack a small file of an archive.

    Raises
    ------
    DataError
        If it is damaged, or has more than `most` bytes.
    """
    read, size = [], 0
    for piece in pieces(data, member):
        read.append(piece)
        size += len(piece)
        if size > most:
            raise damaged()
    return b"".join(read)


def damaged() -> DataError:
    """The refusal of a workbook that no program could read."""
    return DataError(
        "The workbook is damaged and cannot be read",
        "Open it in a spreadsheet program, save it again as .xlsx, and choose that file",
    )


def locked() -> DataError:
    """The refusal of a workbook that needs a password."""
    return DataError(
        "The workbook is protected by a password", "Save it without a password and choose that file"
    )


def _listed(data: bytes) -> list[Member]:
    """The files of an archive in the order of their bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, ValueError, struct.error, OSError, NotImplementedError):
        raise damaged() from None
    if len(infos) > MOST_MEMBERS:
        raise DataError(
            f"The workbook is made of more than {MOST_MEMBERS:,} files, which is the limit",
            "Copy the table to a new workbook and choose that file",
        )
    members = sorted((_located(data, i) for i in infos if not i.is_dir()), key=lambda m: m.start)
    end = 0
    for member in members:
        if member.start < end:
            raise DataError(  # no spreadsheet program writes that
                "Parts of the workbook overlap, so that it unpacks to more than the limit",
                "Copy the table to a new workbook and choose that file",
            )
        end = member.end
    return members


def _located(data: bytes, info: zipfile.ZipInfo) -> Member:
    if info.flag_bits & 1:
        raise locked()
    at = info.header_offset
    if not 0 <= at <= len(data) - _LOCAL.size or info.compress_type not in (_STORED, _DEFLATED):
        raise damaged()
    mark, name, extra = _LOCAL.unpack_from(data, at)
    start = at + _LOCAL.size + name + extra
    end = start + info.compress_size
    if mark != b"PK\3\4" or end > len(data):
        raise damaged()
    return Member(info.filename, start, end, info.compress_type)


def _is_xml(name: str, first: bytes) -> bool:
    if name.endswith((".xml", ".rels", ".vml")):
        if b"\0" in first[:4] or first.startswith((b"\xff\xfe", b"\xfe\xff")):
            raise DataError(
                "The workbook holds a part in an encoding that is not read",
                "Open it in a spreadsheet program, save it again, and choose that file",
            )
        return True
    return first.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _check_xml(text: bytes) -> None:
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text or b"<!doctype" in text:
        raise DataError(
            "The workbook holds a document type definition, which no spreadsheet program writes",
            "Open it in a spreadsheet program, save it again, and choose that file",
        )
