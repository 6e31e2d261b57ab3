"""A saved view as one file, which opens on any other installation.

The file is a zip with the question, the dictionary and the data in Parquet, none of it packed
again, and a list of their hashes; any program can read it. With a passphrase all of that stands
encrypted in one member.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from core.errors import DataError
from core.sharing import packing, sealing
from core.sharing.errors import Damaged, PassphraseNeeded

ENDING = ".stratiscope"
VERSION = 1
SEALED = "sealed.bin"
_BELONGS = f"bundle {VERSION}"
_MARK = "stratiscope_bundle"


@dataclass(frozen=True)
class Bundle:
    """What a file holds.

    Attributes
    ----------
    kind : {"snapshot", "results"}
    title : str
    members : mapping of str to bytes
        For `core.sharing.snapshot.opened`, where it is a snapshot.
    """

    kind: str
    title: str
    members: Mapping[str, bytes]


def write(
    members: Mapping[str, bytes], *, kind: str = "snapshot", title: str = "", passphrase: str = ""
) -> bytes:
    """Write a file.

    Parameters
    ----------
    members : mapping of str to bytes
        `core.sharing.snapshot.Snapshot.members`.
    kind : {"snapshot", "results"}
    title : str
    passphrase : str
        Encrypts everything, the title too.

    Raises
    ------
    SharingError
        If the passphrase is too short.

    Examples
    --------
    >>> read(write({"query.txt": b"v=1"}, title="Age")).title
    'Age'
    """
    about = {_MARK: VERSION, "kind": kind, "title": title}
    packed = packing.pack(members, about)
    if not passphrase:
        return packed
    sealed = sealing.seal(packed, passphrase, belongs=_BELONGS)
    return packing.pack({SEALED: sealed}, {_MARK: VERSION})


def read(data: bytes, *, passphrase: str = "") -> Bundle:
    """Read a file.

    Parameters
    ----------
    data : bytes
    passphrase : str
        Where the file has one.

    Raises
    ------
    DataError
        If it is no such file, damaged, larger than the limits, or of a version not known.
    PassphraseNeeded, WrongPassphrase
        Where it is encrypted.
    """
    members, about = packing.unpack(data)
    _check_version(about)
    if set(members) == {SEALED}:
        if not passphrase:
            raise PassphraseNeeded
        try:
            packed = sealing.unseal(members[SEALED], passphrase, belongs=_BELONGS)
        except Damaged:
            raise packing.damaged() from None
        members, about = packing.unpack(packed)
        _check_version(about)
    kind, title = about.get("kind"), about.get("title")
    if kind not in ("snapshot", "results") or not isinstance(title, str):
        raise packing.damaged()
    return Bundle(kind, title, members)


def is_bundle(data: bytes) -> bool:
    """Whether bytes look like such a file, for a page on which any file may be dropped.

    Examples
    --------
    >>> is_bundle(write({"query.txt": b"v=1"})), is_bundle(b"a,b")
    (True, False)
    """
    return data.startswith(b"PK") and packing.LIST.encode() in data[:64]


def _check_version(about: Mapping[str, Any]) -> None:
    version = about.get(_MARK)
    if version == VERSION:
        return
    if isinstance(version, int) and version > VERSION:
        raise DataError(
            "The file was saved by a newer version of this program",
            "Update Stratiscope and open it again",
        )
    raise packing.damaged()
