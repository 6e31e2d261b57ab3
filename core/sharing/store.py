"""The store of saved views: save, link, open, withdraw, delete.

A save is acknowledged when it is on the disk; an interrupted one leaves nothing. A save says which
version it is based on and is refused where somebody else was faster. Opening only reads, so it
works on a full or read-only disk. Who owns a view is told by a text that the caller vouches for,
such as the login's subject; the store keeps its hash.
"""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection, delete, exists, insert, select
from sqlalchemy.engine import URL
from sqlalchemy.exc import IntegrityError

from core.sharing import contents, links, places
from core.sharing.contents import Kind, Version
from core.sharing.database import Database
from core.sharing.errors import (
    PassphraseNeeded,
    StoreError,
)
from core.sharing.links import DAYS, Link, Mode, stamp
from core.sharing.logins import HOURS
from core.sharing.migrating import migrate
from core.sharing.saved import (
    SEALED,
    Opened,
    Saved,
    acknowledged,
    listed,
    prepared,
    shown,
    unsealed,
)
from core.sharing.schema import logins, members, versions, views

_TRIES = 3
T = TypeVar("T")


class Store:
    """Saved views in SQLite or PostgreSQL.

    Parameters
    ----------
    url : sqlalchemy.engine.URL, optional
        Default: `core.sharing.places.place`. Nothing is opened before the first use.

    Notes
    -----
    All methods raise `StoreError` where the database is down, full, read-only or damaged. `now` is
    the present time in UTC; default: the clock of the computer.
    """

    def __init__(self, url: URL | None = None) -> None:
        self._database = Database(places.place() if url is None else url)
        self._ready = False

    def create(
        self,
        kind: Kind,
        members: Mapping[str, bytes],
        *,
        owner: str,
        title: str = "",
        passphrase: str = "",
        parent: Opened | None = None,
        now: datetime | None = None,
    ) -> Saved:
        """Save a new view.

        Parameters
        ----------
        kind : {"snapshot", "results"}
        members : mapping of str to bytes
            Of a snapshot `core.sharing.snapshot.Snapshot.members`.
        owner : str
            Who may save, link, withdraw and delete it.
        title : str
        passphrase : str
            Encrypts the members. It is not kept; without it nobody can open the view again.
        parent : Opened, optional
            The view that it is a copy of. Its link must still open.

        Raises
        ------
        SharingError
            If it is too large.
        Gone
            If the link of `parent` does not open any more.
        """
        view = secrets.token_hex(16)
        at = _at(now)
        came_from = "" if parent is None else parent.name
        made = prepared(
            Version(view, 1, kind, title, came_from, stamp(at), "", members), passphrase
        )

        def save(connection: Connection) -> str:
            if parent is not None:
                links.still_open(connection, parent.link, now=at)
            connection.execute(
                insert(views).values(
                    id=view, owner=contents.hash_of(owner), latest=0, created=stamp(at)
                )
            )
            return contents.write(connection, made)

        return acknowledged(made, self._write(save))

    def save(
        self,
        view: str,
        members: Mapping[str, bytes],
        *,
        owner: str,
        based_on: int,
        kind: Kind = "snapshot",
        title: str = "",
        passphrase: str = "",
        now: datetime | None = None,
    ) -> Saved:
        """Save the next version of a view.

        Parameters
        ----------
        view : str
        based_on : int
            The version that was opened; it must still be the latest one.

        Raises
        ------
        StaleVersion
            If somebody saved the view since. Nothing was saved.
        Gone
            If there is no such view of this owner.
        """
        version = Version(view, based_on + 1, kind, title, "", stamp(_at(now)), "", members)
        made = prepared(version, passphrase)

        def save(connection: Connection) -> str:
            contents.check_owner(connection, view, owner)
            return contents.write(connection, made)

        return acknowledged(made, self._write(save))

    def link(
        self,
        view: str,
        *,
        owner: str,
        mode: Mode = "view",
        days: float = DAYS,
        version: int | None = None,
        now: datetime | None = None,
    ) -> Link:
        """Make a link to a view; the token in it is told this once.

        Parameters
        ----------
        mode : {"view", "explore"}
        days : float
            After which it expires, at most 365.
        version : int, optional
            The version that it shows for good; default: always the latest one.

        Raises
        ------
        Gone
            If there is no such view of this owner, or no such version.
        SharingError
            If the days are out of range.
        """

        def make(connection: Connection) -> Link:
            contents.check_owner(connection, view, owner)
            contents.check_version(connection, view, version)
            return links.make(connection, view, mode=mode, days=days, now=_at(now), version=version)

        return self._write(make)

    def open(self, token: str, *, passphrase: str = "", now: datetime | None = None) -> Opened:
        """Open a link.

        Parameters
        ----------
        token : str
        passphrase : str
            Where the view has one.

        Raises
        ------
        Gone
            If the token is unknown, the link expired or was withdrawn, or the view was deleted.
        PassphraseNeeded, WrongPassphrase, Locked
            Where the view has a passphrase.
        Damaged
            If the bytes are not those that were saved.
        """
        at = _at(now)
        with self._reading() as connection:
            link = links.find(connection, token, now=at)
            found = contents.read(connection, link.view, link.version)
            if SEALED in found.members:
                links.check_tries(connection, link, now=at)
        if SEALED in found.members:
            found = self._unsealed(found, link, passphrase, at)
        return shown(link, found)

    def opens(self, token: str, *, now: datetime | None = None) -> Link:
        """Ask whether a link still opens, without its data: for pages that are open already.

        Raises
        ------
        Gone
            If it does not.
        """
        with self._reading() as connection:
            return links.find(connection, token, now=_at(now))

    def _unsealed(self, found: Version, link: Link, passphrase: str, at: datetime) -> Version:
        if not passphrase:
            raise PassphraseNeeded
        # A store that cannot be written to is opened all the same: trying takes a second anyway.
        with contextlib.suppress(StoreError):
            self._write(lambda connection: links.count_try(connection, link, now=at))
        opened = unsealed(found, passphrase)
        with contextlib.suppress(StoreError):
            self._write(lambda connection: links.reset_tries(connection, link))
        return opened

    def views(self, owner: str) -> tuple[Saved, ...]:
        """The views of an owner in their latest versions, the newest first."""
        sealed = exists().where(
            members.c.view == versions.c.view, members.c.version == versions.c.version,
            members.c.name == SEALED,
        )  # fmt: skip
        latest = (
            select(versions, sealed.label("sealed"))
            .join_from(versions, views, versions.c.view == views.c.id)
            .where(views.c.owner == contents.hash_of(owner), versions.c.version == views.c.latest)
            .order_by(versions.c.saved.desc())
        )
        with self._reading() as connection:
            return tuple(listed(row) for row in connection.execute(latest))

    def links(self, view: str, *, owner: str) -> tuple[Link, ...]:
        """The links of a view, without their tokens, the newest first."""
        with self._reading() as connection:
            contents.check_owner(connection, view, owner)
            return links.of_view(connection, view)

    def withdraw(
        self, view: str, link: str | None = None, *, owner: str, now: datetime | None = None
    ) -> int:
        """End a link by its id, or all links of a view; they open nowhere from then on.

        Returns
        -------
        int
            How many ended.
        """

        def end(connection: Connection) -> int:
            contents.check_owner(connection, view, owner)
            return links.withdraw(connection, view, link, now=_at(now))

        ended = self._write(end)
        self._database.forget()
        return ended

    def delete(self, view: str, *, owner: str) -> None:
        """Delete a view with all versions and links, and the bytes that no other view needs.

        In a file of SQLite the bytes are overwritten and the log is emptied. PostgreSQL gives the
        space back at its next vacuum, and its own archives and backups keep what they have.
        """

        def forget(connection: Connection) -> None:
            contents.check_owner(connection, view, owner)
            contents.forget(connection, view)

        self._write(forget)
        self._database.forget()

    def end_login(self, name: str, *, now: datetime | None = None) -> None:
        """End a login, on every server of this store; those that are long over are forgotten.

        Parameters
        ----------
        name : str
            As `core.sharing.logins.key` makes it.
        """
        at = _at(now)

        def end(connection: Connection) -> None:
            over = stamp(at - timedelta(hours=2 * HOURS))
            old = (logins.c.ended < over) | (logins.c.name == name)
            connection.execute(delete(logins).where(old))
            connection.execute(insert(logins).values(name=name, ended=stamp(at)))

        self._write(end)

    def login_ended(self, name: str) -> bool:
        """Whether a login was ended."""
        with self._reading() as connection:
            there = select(logins.c.name).where(logins.c.name == name)
            return connection.execute(there).scalar() is not None

    def close(self) -> None:
        """Give the connections back."""
        self._database.close()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Connection]:
        self._prepare()
        with self._database.reading() as connection:
            yield connection

    def _write(self, change: Callable[[Connection], T]) -> T:
        """Carry out a change in one transaction; again where another one was in its way."""
        self._prepare()
        for _ in range(_TRIES):
            try:
                with self._database.writing() as connection:
                    return change(connection)
            except IntegrityError:
                # Bytes that are shared were deleted, or written by somebody else, meanwhile.
                continue
        raise StoreError("busy")

    def _prepare(self) -> None:
        if not self._ready:
            migrate(self._database)
            self._ready = True


def _at(now: datetime | None) -> datetime:
    return datetime.now(UTC) if now is None else now
