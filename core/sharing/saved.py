"""What the store answers with, and the form in which a version is written."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from core.sharing import contents, packing, sealing
from core.sharing.contents import Kind, Version
from core.sharing.errors import Damaged
from core.sharing.links import Link, moment

SEALED = "sealed.bin"
"""The only member of a version with a passphrase: all others, packed and encrypted."""


@dataclass(frozen=True)
class Opened:
    """What a link opened.

    Attributes
    ----------
    link : Link
    view : str
    version : int
    kind : {"snapshot", "results"}
    title : str
    saved : datetime
    fingerprint : str
        12 digits by which two people see that they look at the same.
    members : mapping of str to bytes
        As they were saved; their hashes were checked.
    """

    link: Link
    view: str
    version: int
    kind: Kind
    title: str
    saved: datetime
    fingerprint: str
    members: Mapping[str, bytes]

    @property
    def name(self) -> str:
        """What a copy says that it comes from."""
        return f"{self.view}:{self.version}"


@dataclass(frozen=True)
class Saved:
    """An acknowledged save: a view and its version.

    `sealed` says that it has a passphrase.
    """

    view: str
    version: int
    title: str
    saved: datetime
    fingerprint: str
    kind: Kind
    sealed: bool


def prepared(version: Version, passphrase: str) -> Version:
    """What is written: encrypted where there is a passphrase. Slow, so before any lock.

    Raises
    ------
    SharingError
        If it cannot be saved, or the passphrase is too short.
    """
    contents.check(version.kind, version.title, version.members)
    if not passphrase:
        return version
    packed = packing.pack(version.members, {})
    sealed = sealing.seal(packed, passphrase, belongs=_belongs(version))
    return dataclasses.replace(version, members={SEALED: sealed})


def unsealed(version: Version, passphrase: str) -> Version:
    """The inverse of `prepared`.

    Raises
    ------
    WrongPassphrase
        If it is another passphrase, or the bytes belong to another version.
    """
    packed = sealing.unseal(version.members[SEALED], passphrase, belongs=_belongs(version))
    return dataclasses.replace(version, members=packing.unpack(packed)[0])


def acknowledged(version: Version, digest: str) -> Saved:
    """What is told of a version that was written."""
    return Saved(
        version.view, version.version, version.title, moment(version.saved), digest[:12],
        version.kind, SEALED in version.members,
    )  # fmt: skip


def listed(row: Any) -> Saved:
    """What is told of a row of the versions, whose contents are not looked at.

    Raises
    ------
    Damaged
        If a value is not of its type.
    """
    try:
        return Saved(
            row.view, row.version, row.title, moment(row.saved), row.digest[:12], row.kind,
            bool(row.sealed),
        )  # fmt: skip
    except (TypeError, ValueError, OverflowError):
        raise Damaged from None


def shown(link: Link, version: Version) -> Opened:
    """What is told of a version that a link opened."""
    return Opened(
        link, version.view, version.version, version.kind, version.title, moment(version.saved),
        version.digest[:12], version.members,
    )  # fmt: skip


def _belongs(version: Version) -> str:
    return f"{version.view} {version.version} {version.kind}"
