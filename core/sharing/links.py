"""Links to views: made, found by their token, withdrawn, and locked after wrong passphrases.

Whether a link still opens is asked of the database at every opening and nothing is remembered, so
that a withdrawal holds on every server at once. It also erases the hash of the token: no clock
that is set back and no damaged byte can bring the link to life again.
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, cast

from sqlalchemy import Connection, func, insert, select, update

from core.sharing import tokens
from core.sharing.errors import Damaged, Gone, Locked, SharingError
from core.sharing.schema import links, versions

Mode = Literal["view", "explore"]
MODES: tuple[Mode, ...] = ("view", "explore")
DAYS = 14
MOST_DAYS = 365
TRIES = 5
PAUSE = timedelta(minutes=15)
DRIFT = timedelta(days=2)
"""How far a clock that was set back is mistrusted at most. A clock that was once far ahead must not
end all links for good."""
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Link:
    """A link to a view.

    Attributes
    ----------
    id : str
        Names the link where it is managed; it opens nothing.
    view : str
    version : int or None
        None: it follows the latest version.
    mode : {"view", "explore"}
        Whether it shows the view as it is, or may be tried out.
    created, expires : datetime
        In UTC.
    withdrawn : bool
    token : str
        Known only when the link is made, empty later: the store has its hash.
    """

    id: str
    view: str
    version: int | None
    mode: Mode
    created: datetime
    expires: datetime
    withdrawn: bool = False
    token: str = field(default="", repr=False)


def stamp(moment: datetime) -> int:
    """Microseconds since 1970.

    Examples
    --------
    >>> stamp(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    60000000
    """
    return (moment - _EPOCH) // _MICROSECOND


def moment(stamped: int) -> datetime:
    """The inverse of `stamp`."""
    return _EPOCH + stamped * _MICROSECOND


def make(
    connection: Connection,
    view: str,
    *,
    mode: Mode,
    days: float,
    now: datetime,
    version: int | None = None,
) -> Link:
    """Make a link; its token is not told again.

    Raises
    ------
    SharingError
        If it would not expire within `MOST_DAYS`.
    """
    if mode not in MODES:
        raise SharingError(f"A link cannot have the mode '{mode}'", f"Choose {' or '.join(MODES)}")
    if not 0 < days <= MOST_DAYS:
        raise SharingError(
            f"A link opens for at most {MOST_DAYS} days", f"Choose between 1 and {MOST_DAYS} days"
        )
    token = tokens.new()
    made = Link(
        secrets.token_hex(8), view, version, mode, now, now + timedelta(days=days), token=token
    )
    connection.execute(
        insert(links).values(
            id=made.id, view=view, token=tokens.hashed(token), version=version, mode=mode,
            created=stamp(made.created), expires=stamp(made.expires), wrong=0, wrong_at=0,
            code=_code(token, made),
        )
    )  # fmt: skip
    return made


def _code(token: str, link: Link) -> str:
    times = stamp(link.created), stamp(link.expires)
    return tokens.code(token, link.id, link.view, link.version, link.mode, *times)


def find(connection: Connection, token: str, *, now: datetime) -> Link:
    """Find the link of a token.

    Raises
    ------
    Gone
        If there is none that opens: unknown, expired, withdrawn and deleted look the same.
    Damaged
        If the row is not the one that was written.
    """
    hashed = tokens.hashed(token)
    row = connection.execute(select(links).where(links.c.token == hashed)).one_or_none()
    if not hashed or row is None or row.withdrawn is not None:
        raise Gone
    link = _of_row(row)
    if not tokens.same(_code(token, link), str(row.code)):
        raise Damaged
    if _latest(connection, now) >= link.expires:
        raise Gone
    return link


def _latest(connection: Connection, now: datetime) -> datetime:
    """Now, or the latest time that was ever written, where the clock was set back a little."""
    newest = select(select(func.max(versions.c.saved)).scalar_subquery(),
                    select(func.max(links.c.created)).scalar_subquery())  # fmt: skip
    known = [x for x in connection.execute(newest).one() if isinstance(x, int)]
    seen = max(known, default=0)
    return moment(max(stamp(now), min(seen, stamp(now + DRIFT))))


def still_open(connection: Connection, link: Link, *, now: datetime) -> None:
    """Make sure that a link that was opened has not ended since.

    Raises
    ------
    Gone
        If it has.
    """
    there = select(links.c.id).where(links.c.id == link.id, links.c.withdrawn.is_(None))
    if connection.execute(there).scalar() is None or _latest(connection, now) >= link.expires:
        raise Gone


def _of_row(row: Any) -> Link:
    """A link as it is stored; a damaged row may hold values of any type."""
    try:
        made = Link(
            row.id, row.view, row.version, cast(Mode, row.mode), moment(row.created),
            moment(row.expires), row.withdrawn is not None,
        )  # fmt: skip
        json.dumps([made.id, made.view, made.version, made.mode])
    except (TypeError, ValueError, OverflowError):
        raise Damaged from None
    return made


def of_view(connection: Connection, view: str) -> tuple[Link, ...]:
    """The links of a view, the newest first."""
    rows = connection.execute(
        select(links).where(links.c.view == view).order_by(links.c.created.desc())
    )
    return tuple(map(_of_row, rows))


def withdraw(connection: Connection, view: str, link: str | None, *, now: datetime) -> int:
    """End a link of a view, or all of them where `link` is None; return how many ended."""
    chosen = [links.c.view == view, links.c.withdrawn.is_(None)]
    if link is not None:
        chosen.append(links.c.id == link)
    ended = connection.execute(
        update(links).where(*chosen).values(token=None, withdrawn=stamp(now), code="")
    )
    return ended.rowcount


# Passphrases ----------------------------------------------------------------------------------


def check_tries(connection: Connection, link: Link, *, now: datetime) -> None:
    """Refuse to try a passphrase while the link is locked.

    Raises
    ------
    Locked
        After `TRIES` wrong ones, for `PAUSE`.
    """
    row = connection.execute(
        select(links.c.wrong, links.c.wrong_at).where(links.c.id == link.id)
    ).one_or_none()
    if row is None:
        raise Gone
    left = moment(row.wrong_at) + PAUSE - now
    if row.wrong >= TRIES and left > timedelta(0):
        minutes = -(-left // timedelta(minutes=1))
        raise Locked(min(minutes, PAUSE // timedelta(minutes=1)))


def count_try(connection: Connection, link: Link, *, now: datetime) -> None:
    """Count a passphrase that is about to be tried: before, so that guesses at once all count.

    Raises
    ------
    Locked
        If others used up the tries in the meantime.
    """
    over = links.c.wrong_at <= stamp(now - PAUSE)
    again = update(links).where(links.c.id == link.id)
    connection.execute(again.where(links.c.wrong >= TRIES, over).values(wrong=0))
    counted = connection.execute(
        again.where(links.c.wrong < TRIES).values(wrong=links.c.wrong + 1, wrong_at=stamp(now))
    )
    if counted.rowcount != 1:
        raise Locked(PAUSE // timedelta(minutes=1))


def reset_tries(connection: Connection, link: Link) -> None:
    """Forget the wrong passphrases after the right one."""
    connection.execute(update(links).where(links.c.id == link.id).values(wrong=0))
