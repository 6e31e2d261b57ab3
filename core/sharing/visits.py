"""Visits: who came in by a link, on this server, for some hours.

The token of a link is exchanged for a visit at the door. The browser keeps a random key of it in a
cookie that no script can read; the token, and the passphrase where there is one, stay in this
process. After a restart the link is opened once more.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

HOURS = 12
MOST = 10_000
"""Visits that are kept; the oldest ones go first."""


@dataclass(frozen=True)
class Visit:
    """One visit.

    Attributes
    ----------
    link : str
        Id of the link; it opens nothing.
    token, passphrase : str
    until : datetime
        When it ends, UTC.
    """

    link: str
    token: str = field(repr=False)
    passphrase: str = field(repr=False)
    until: datetime


def _now() -> datetime:
    return datetime.now(UTC)


class Visits:
    """The visits of a process; safe between threads.

    Examples
    --------
    >>> visits = Visits()
    >>> key = visits.admit("3f", "token", "")
    >>> visits.of(key, "3f").token, visits.of(key, "40"), visits.of("", "3f")
    ('token', None, None)
    """

    def __init__(self, now: Callable[[], datetime] = _now) -> None:
        self._visits: OrderedDict[str, Visit] = OrderedDict()
        self._lock = threading.Lock()
        self._now = now

    def admit(self, link: str, token: str, passphrase: str) -> str:
        """Begin a visit and return its key."""
        key = secrets.token_urlsafe(32)
        visit = Visit(link, token, passphrase, self._now() + timedelta(hours=HOURS))
        with self._lock:
            self._visits[key] = visit
            while len(self._visits) > MOST:
                self._visits.popitem(last=False)
        return key

    def of(self, key: str, link: str) -> Visit | None:
        """The visit of a key, if it is one of this link and has not ended."""
        with self._lock:
            found = self._visits.get(key)
            if found is not None and self._now() >= found.until:
                del self._visits[key]
                found = None
        return found if found is not None and found.link == link else None


VISITS = Visits()
"""Those of this process: the door lets in, the pages look up."""


def cookie(link: str) -> str:
    """Name of the cookie of a link's visit: links do not overwrite each other's."""
    return f"stratiscope_view_{link}"
