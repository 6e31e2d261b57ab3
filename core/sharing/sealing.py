"""Encryption with a passphrase.

Methods
-------
AES-256-GCM under a key that scrypt makes from the passphrase and a random salt (n = 2^17, r = 8,
p = 1: 128 MiB and about a second, so that guessing is dear). What the bytes belong to is
authenticated with them: sealed bytes that are moved to another view or version do not open. At
most two keys are derived at once in a process, for the memory. The passphrase is kept nowhere;
who forgets it has lost the data.

References
----------
Percival C, Josefsson S. The scrypt password-based key derivation function. RFC 7914.
"""

from __future__ import annotations

import secrets
import threading
import unicodedata

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from core.sharing.errors import Damaged, SharingError, StoreError, WrongPassphrase

MARK = b"stratiscope sealed 1\n"
"""Names the method: another one gets another mark."""
FEWEST = 8
"""Characters of a passphrase."""
AT_ONCE = 2
WAIT = 30.0
"""Seconds to wait for a turn."""
_SALT, _NONCE, _TAG = 16, 12, 16
_turns = threading.BoundedSemaphore(AT_ONCE)


def seal(data: bytes, passphrase: str, *, belongs: str) -> bytes:
    """Encrypt bytes.

    Parameters
    ----------
    data : bytes
    passphrase : str
        At least `FEWEST` characters.
    belongs : str
        What the bytes belong to; `unseal` must be told the same.

    Raises
    ------
    SharingError
        If the passphrase is too short.

    Examples
    --------
    >>> sealed = seal(b"rows", "correct horse", belongs="view 1")
    >>> b"rows" in sealed, unseal(sealed, "correct horse", belongs="view 1")
    (False, b'rows')
    """
    if len(passphrase) < FEWEST:
        raise SharingError(
            f"The passphrase is shorter than {FEWEST} characters",
            "Take a longer one: a few random words are easy to tell on the telephone",
        )
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    said = MARK + belongs.encode()
    return MARK + salt + nonce + AESGCM(_key(passphrase, salt)).encrypt(nonce, data, said)


def unseal(sealed: bytes, passphrase: str, *, belongs: str) -> bytes:
    """Decrypt what `seal` made.

    Raises
    ------
    WrongPassphrase
        If the passphrase is another one, or the bytes or what they belong to were changed.
    Damaged
        If the bytes were not made by `seal`.
    """
    head = len(MARK) + _SALT + _NONCE
    if not is_sealed(sealed) or len(sealed) < head + _TAG:
        raise Damaged
    salt, nonce = sealed[len(MARK) : len(MARK) + _SALT], sealed[head - _NONCE : head]
    try:
        said = MARK + belongs.encode()
        return AESGCM(_key(passphrase, salt)).decrypt(nonce, sealed[head:], said)
    except InvalidTag:
        raise WrongPassphrase from None


def is_sealed(data: bytes) -> bool:
    """Whether bytes were made by `seal`.

    Examples
    --------
    >>> is_sealed(b"plain")
    False
    """
    return data.startswith(MARK)


def _key(passphrase: str, salt: bytes) -> bytes:
    # The same letters typed on another system may come as other code points.
    said = unicodedata.normalize("NFC", passphrase).encode()
    if not _turns.acquire(timeout=WAIT):
        raise StoreError("busy")
    try:
        return Scrypt(salt=salt, length=32, n=2**17, r=8, p=1).derive(said)
    finally:
        _turns.release()
