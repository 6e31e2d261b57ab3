"""The versions of a view in the store: written once, never changed, checked whenever they are read.

What the database says is believed only as far as its hashes go: a version's digest covers all that
is said of it and the hash of each member, and the bytes of each member are hashed again. That the
version found is the latest one has two witnesses, the view's own counter and the versions there
are, so that no single damaged byte can bring back an older one.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from core.sharing.errors import Damaged, Gone, SharingError, StaleVersion
from core.sharing.packing import MOST_BYTES, MOST_MEMBERS, sha256
from core.sharing.schema import blobs, members, versions, views

Kind = Literal["snapshot", "results"]
KINDS: tuple[Kind, ...] = ("snapshot", "results")
LONGEST_TITLE = 200


@dataclass(frozen=True)
class Version:
    """One version of a view, as it was saved.

    Attributes
    ----------
    view : str
    version : int
        From 1.
    kind : {"snapshot", "results"}
        A question with its data, or results without any patient's row.
    title : str
    parent : str
        ``view:version`` that it was copied from, or empty.
    saved : int
        Microseconds since 1970, UTC.
    digest : str
        SHA-256 of all of this; its first 12 digits are the fingerprint that people compare.
    members : mapping of str to bytes
    """

    view: str
    version: int
    kind: Kind
    title: str
    parent: str
    saved: int
    digest: str
    members: Mapping[str, bytes]


def check(kind: str, title: str, given: Mapping[str, bytes]) -> None:
    """Refuse what cannot be saved.

    Raises
    ------
    SharingError
        If there is nothing to save, or it is too large.
    """
    if kind not in KINDS or not 0 < len(given) <= MOST_MEMBERS:
        raise SharingError("There is nothing in the view that can be saved", "Open a table first")
    if kind == "results" and any(name.endswith(".parquet") for name in given):
        raise SharingError(
            "Results that are shared alone must not hold the table", "Save the view with its data"
        )
    if sum(map(len, given.values())) > MOST_BYTES:
        raise SharingError(
            f"The view is larger than {MOST_BYTES // 1024**2} MB, which is the limit",
            "Leave out the columns that are not needed, or filter the table first",
        )
    if title and not title.isprintable():
        raise SharingError("The title holds characters that cannot be shown", "Type it again")
    if len(title) > LONGEST_TITLE:
        raise SharingError(f"The title is longer than {LONGEST_TITLE} characters", "Shorten it")


def hash_of(owner: str) -> str:
    """What the store knows of an owner."""
    return sha256(owner.encode())


def check_owner(connection: Connection, view: str, owner: str) -> None:
    """Make sure that a view is somebody's.

    Raises
    ------
    Gone
        If there is no such view of this owner.
    """
    mine = select(views.c.id).where(views.c.id == view, views.c.owner == hash_of(owner))
    if connection.execute(mine).scalar() is None:
        raise Gone


def check_version(connection: Connection, view: str, number: int | None) -> None:
    """Make sure that a view has a version; None is the latest one.

    Raises
    ------
    Gone
        If it has not.
    """
    there = select(versions.c.version).where(versions.c.view == view, versions.c.version == number)
    if number is not None and connection.execute(there).scalar() is None:
        raise Gone


def digest(version: Version, hashes: Mapping[str, str]) -> str:
    """SHA-256 of all that is said of a version and of the hashes of its members."""
    said = [
        version.view, version.version, version.kind, version.title, version.parent, version.saved,
        sorted(hashes.items()),
    ]  # fmt: skip
    return sha256(json.dumps(said).encode())


def write(connection: Connection, version: Version) -> str:
    """Write a version behind the one before it, and return its digest.

    Raises
    ------
    StaleVersion
        If there is such a version already.
    Gone
        If there is no such view.
    """
    moved = connection.execute(
        update(views)
        .where(views.c.id == version.view, views.c.latest == version.version - 1)
        .values(latest=version.version)
    )
    if moved.rowcount != 1:
        raise _not_next(connection, version.view)
    hashes = {name: sha256(data) for name, data in version.members.items()}
    said = digest(version, hashes)
    connection.execute(
        insert(versions).values(
            view=version.view, version=version.version, kind=version.kind, title=version.title,
            parent=version.parent, saved=version.saved, digest=said,
        )
    )  # fmt: skip
    # In one order everywhere: two saves that share bytes do not wait for each other in a circle.
    for name in sorted(version.members, key=hashes.__getitem__):
        _keep(connection, hashes[name], version.members[name])
    rows = [
        {"view": version.view, "version": version.version, "name": name, "sha256": found}
        for name, found in hashes.items()
    ]
    connection.execute(insert(members), rows)
    return said


def _not_next(connection: Connection, view: str) -> SharingError:
    latest = connection.execute(select(views.c.latest).where(views.c.id == view)).scalar()
    return Gone() if latest is None else StaleVersion(latest)


def _keep(connection: Connection, name: str, data: bytes) -> None:
    """Keep bytes once; where they were damaged meanwhile, they are mended."""
    there = connection.execute(select(blobs.c.data).where(blobs.c.sha256 == name)).scalar()
    if there is None:
        connection.execute(insert(blobs).values(sha256=name, data=data))
    elif sha256(there) != name:
        connection.execute(update(blobs).where(blobs.c.sha256 == name).values(data=data))


def read(connection: Connection, view: str, number: int | None) -> Version:
    """Read a version, the latest one where `number` is None.

    Raises
    ------
    Gone
        If there is none.
    Damaged
        If anything of it is not as it was saved.
    """
    latest = connection.execute(select(views.c.latest).where(views.c.id == view)).scalar()
    if latest is None:
        raise Gone
    if number is None:
        number = _latest(connection, view, latest)
    row = connection.execute(
        select(versions).where(versions.c.view == view, versions.c.version == number)
    ).one_or_none()
    if row is None:
        raise Damaged
    found = connection.execute(
        select(members.c.name, members.c.sha256, blobs.c.data)
        .join_from(members, blobs, members.c.sha256 == blobs.c.sha256, isouter=True)
        .where(members.c.view == view, members.c.version == number)
    ).all()
    made = Version(
        row.view, row.version, cast(Kind, row.kind), row.title, row.parent, row.saved, row.digest,
        {name: data for name, _, data in found},
    )  # fmt: skip
    if not _is_whole(made, {name: said for name, said, _ in found}):
        raise Damaged
    return made


def _latest(connection: Connection, view: str, said: int) -> int:
    found = connection.execute(
        select(func.count(), func.max(versions.c.version)).where(versions.c.view == view)
    ).one()
    if tuple(found) != (said, said):
        raise Damaged
    return said


def _is_whole(version: Version, hashes: Mapping[str, str]) -> bool:
    """Whether it is what was saved; a damaged row may hold values of any type."""
    if any(not isinstance(data, bytes) for data in version.members.values()):
        return False
    try:
        said = digest(version, hashes)
    except (TypeError, ValueError):
        return False
    return said == version.digest and all(
        sha256(data) == hashes[name] for name, data in version.members.items()
    )


def forget(connection: Connection, view: str) -> None:
    """Delete a view with its versions, its links and the bytes that nothing else needs."""
    mine = select(members.c.sha256).where(members.c.view == view)
    hashes = list(connection.execute(mine.distinct()).scalars())
    connection.execute(delete(views).where(views.c.id == view))
    for name in hashes:
        used = exists().where(members.c.sha256 == name)
        connection.execute(delete(blobs).where(blobs.c.sha256 == name, ~used))
