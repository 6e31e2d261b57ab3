"""Whether a login still counts: who it is of, how old it is, and whether it was ended.

The cookie of a login lives for weeks and survives a logout where somebody kept a copy. So each page
asks for the age of the login, for the list of who is let in, and the store for logins that were
ended: a copied cookie is then worth nothing, on any server of the same store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from core.errors import StratiscopeError

HOURS = 12
"""After which one logs in anew."""
SETTING = "STRATISCOPE_ALLOWED"
"""Environment variable with the addresses that are let in: ``ann@x.org,@ward.org``, or ``*``."""
AHEAD = timedelta(minutes=5)
"""How far the provider's clock may be ahead of ours."""


class Refused(StratiscopeError):
    """A login that does not let in.

    Attributes
    ----------
    again : bool
        Whether logging in anew may help.
    """

    def __init__(self, problem: str, hint: str, *, again: bool) -> None:
        self.again = again
        super().__init__(problem, hint)


def check(claims: Mapping[str, Any], allowed: str, now: datetime) -> None:
    """Let a login in, or say why not.

    Parameters
    ----------
    claims : mapping of str to object
        Of the provider's identity token: ``iat sub iss email email_verified``.
    allowed : str
        Who is let in; nobody where it is empty.
    now : datetime
        With its time zone.

    Raises
    ------
    Refused
        If it is too old or in the future, or nobody who is let in.

    Examples
    --------
    >>> from datetime import UTC
    >>> now = datetime(2026, 1, 1, tzinfo=UTC)
    >>> check({"iat": now.timestamp(), "email": "ann@x.org"}, "@x.org", now)
    """
    began = claims.get("iat")
    age = None if not isinstance(began, int | float) else now.timestamp() - began
    if age is None or not -AHEAD.total_seconds() <= age < timedelta(hours=HOURS).total_seconds():
        raise Refused("Your login has ended", "Log in again", again=True)
    if not allowed.strip():
        raise Refused(
            "This dashboard lets nobody in yet",
            f"Its administrator names who may in {SETTING}",
            again=False,
        )
    if not _is_let_in(claims, allowed):
        raise Refused(
            "You are logged in, but not on the list of who is let in",
            "Ask the administrator of this dashboard, or log in with another address",
            again=True,
        )


def _is_let_in(claims: Mapping[str, Any], allowed: str) -> bool:
    names = {name.strip().casefold() for name in allowed.split(",") if name.strip()}
    if "*" in names:
        return True
    address = str(claims.get("email") or "").strip().casefold()
    # An address that the provider did not confirm may be anybody's.
    if "@" not in address or claims.get("email_verified") is False:
        return False
    return address in names or f"@{address.rpartition('@')[2]}" in names


def key(claims: Mapping[str, Any]) -> str:
    """Name a login, by a hash that tells nothing of who it is of.

    Examples
    --------
    >>> key({"iss": "a", "sub": "b", "iat": 1}) == key({"iss": "a", "sub": "b", "iat": 2})
    False
    """
    said = json.dumps([str(claims.get(name, "")) for name in ("iss", "sub", "iat")])
    return hashlib.sha256(said.encode()).hexdigest()
