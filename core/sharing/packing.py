"""Named pieces of bytes in one zip file, unpacked, each checked against its SHA-256.

A file that somebody sends is hostile until it is checked: only members that are expected are read,
none is decompressed, and none may be larger than the file itself.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from core.errors import DataError

MOST_BYTES = 32 * 1024 * 1024
"""Of all members together."""
MOST_MEMBERS = 16
LIST = "manifest.json"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}\.[a-z]{3,8}", re.ASCII)
_EARLIEST = (1980, 1, 1, 0, 0, 0)
"""No time of making: the same members are the same bytes."""


def sha256(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


def pack(members: Mapping[str, bytes], about: Mapping[str, Any]) -> bytes:
    """Put members into one file, with a list of their sizes and hashes.

    Parameters
    ----------
    members : mapping of str to bytes
        By name, like ``query.txt``.
    about : mapping
        What else the list says, for JSON.

    Examples
    --------
    >>> unpack(pack({"query.txt": b"v=1"}, {"format": 1}))[0]
    {'query.txt': b'v=1'}
    """
    listed = {name: {"sha256": sha256(data), "bytes": len(data)} for name, data in members.items()}
    text = json.dumps({**about, "members": listed}, ensure_ascii=True, indent=1).encode()
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_STORED) as archive:
        for name, data in {LIST: text, **members}.items():
            archive.writestr(zipfile.ZipInfo(name, _EARLIEST), data)
    return sink.getvalue()


def unpack(data: bytes) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Read what `pack` wrote.

    Returns
    -------
    (dict of str to bytes, dict)
        The members, and what the list says beside them.

    Raises
    ------
    DataError
        If it is no such file, is damaged, or is larger than the limits.
    """
    if len(data) > MOST_BYTES + 1_000_000:
        raise DataError(
            f"The file is larger than {MOST_BYTES // 1024**2} MB, which is the limit",
            "Choose the file that was saved with a view, with the ending .stratiscope",
        )
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = json.loads(_stored(archive, LIST))
            said = dict(listed.pop("members"))
            if len(said) > MOST_MEMBERS or not all(map(_NAME.fullmatch, said)):
                raise ValueError("the list is not as it must be")
            members = {name: _stored(archive, name) for name in said}
    except (zipfile.BadZipFile, LookupError, ValueError, TypeError, AttributeError, RecursionError,
            NotImplementedError, RuntimeError, OSError, EOFError):  # fmt: skip
        raise damaged() from None
    for name, found in members.items():
        if said[name] != {"sha256": sha256(found), "bytes": len(found)}:
            raise damaged()
    return members, listed


def _stored(archive: zipfile.ZipFile, name: str) -> bytes:
    """The bytes of a member, which must not be compressed."""
    entry = archive.getinfo(name)
    if entry.compress_type != zipfile.ZIP_STORED or entry.file_size != entry.compress_size:
        raise ValueError("a member is compressed")
    if entry.file_size > MOST_BYTES:
        raise ValueError("a member is too large")
    return archive.read(entry)


def damaged() -> DataError:
    """The error of a file that is none of ours, or not whole."""
    return DataError(
        "The file is no saved view of this program, or it is damaged",
        "Choose the file that was saved with a view, with the ending .stratiscope, or ask for it "
        "again",
    )
