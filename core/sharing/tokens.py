"""Tokens of links: 192 random bits, of which the store keeps only a hash.

So many random bits need neither salt nor a slow hash. The fields of a link that decide what it
opens are bound together by a code that only the token can make: whoever can write into the
database, or a bit that flips there, cannot lengthen a link or turn it to another view.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets

_FORM = re.compile(r"[A-Za-z0-9_-]{32}", re.ASCII)


def new() -> str:
    """Make a token of 32 characters that may stand in a URL.

    Examples
    --------
    >>> len(new()), new() == new()
    (32, False)
    """
    return secrets.token_urlsafe(24)


def hashed(token: str) -> str:
    """SHA-256 of a token in hex; empty for what cannot be a token.

    Examples
    --------
    >>> len(hashed("a" * 32)), hashed("a' OR 1=1")
    (64, '')
    """
    if not _FORM.fullmatch(token):
        return ""
    return hashlib.sha256(token.encode()).hexdigest()


def code(token: str, *fields: str | int | None) -> str:
    """Bind the fields of a link together: HMAC-SHA-256 with the token as the key, in hex."""
    return hmac.new(token.encode(), json.dumps(fields).encode(), "sha256").hexdigest()


def same(one: str, other: str) -> bool:
    """Compare two codes in a time that tells nothing."""
    return hmac.compare_digest(one.encode(), other.encode())
