"""Office files made the same on every day: their members carry no time of their own."""

from __future__ import annotations

import io
import zipfile

FIRST = (1980, 1, 1, 0, 0, 0)
"""The earliest time that an archive can hold."""


def timeless(data: bytes) -> bytes:
    """Pack an archive again, every member with the same time.

    Parameters
    ----------
    data : bytes
        A ZIP archive, as Word and PowerPoint files are.

    Returns
    -------
    bytes
    """
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            member = zipfile.ZipInfo(entry.filename, FIRST)
            member.compress_type = zipfile.ZIP_DEFLATED
            new.writestr(member, old.read(entry))
    return out.getvalue()
