"""What can go wrong with saved views, each as a problem and a way on.

Nothing here quotes a token, a passphrase, an address of a database or a cell of a table.
"""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal

from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError, TimeoutError

from core.errors import StratiscopeError

Reason = Literal["unreachable", "busy", "full", "read-only", "damaged", "newer", "setting"]


class SharingError(StratiscopeError):
    """A problem with a saved view."""


class Gone(SharingError):
    """A link that opens nothing: unknown, expired, revoked and deleted ones look the same."""

    def __init__(self) -> None:
        super().__init__(
            "This link opens nothing: it is wrong, it has expired, or it was withdrawn",
            "Ask whoever sent it for a new one",
        )


class Away(SharingError):
    """No visit: it was never begun, or ended with its hours or the server's start."""

    def __init__(self) -> None:
        super().__init__(
            "You are not inside this shared view, or your visit has ended",
            "Open the link that you were sent, once more",
        )


class StaleVersion(SharingError):
    """Somebody saved the view since it was opened.

    Attributes
    ----------
    latest : int
        The version that is the latest one now.
    """

    def __init__(self, latest: int) -> None:
        self.latest = latest
        super().__init__(
            f"The view was saved by somebody else in the meantime and is at version {latest} now",
            "Nothing was overwritten. Open the latest version and make your change there, or save "
            "yours as a new view",
        )


class Damaged(SharingError):
    """A saved view whose bytes are not those that were saved; none of it is shown."""

    def __init__(self) -> None:
        super().__init__(
            "The saved view is damaged: its contents are not those that were saved",
            "Nothing of it is shown. Save the view again, or open it from a backup",
        )


class PassphraseNeeded(SharingError):
    """The view is encrypted, and no passphrase was given."""

    def __init__(self) -> None:
        super().__init__(
            "The view is protected by a passphrase", "Enter the one you got from the sender"
        )


class WrongPassphrase(SharingError):
    """Another passphrase was used, or the encrypted bytes were changed: nobody can tell which."""

    def __init__(self) -> None:
        super().__init__(
            "The passphrase is not the right one, or the view is damaged",
            "Try again. A forgotten passphrase cannot be recovered",
        )


class Locked(SharingError):
    """Too many wrong passphrases."""

    def __init__(self, minutes: int) -> None:
        self.minutes = minutes
        super().__init__(
            "The passphrase was wrong too often",
            f"Try again in {minutes} minute{'' if minutes == 1 else 's'}",
        )


class StoreError(SharingError):
    """The store of saved views does not do what it should.

    Attributes
    ----------
    reason : str
    """

    def __init__(self, reason: Reason) -> None:
        self.reason = reason
        super().__init__(*_SAID[reason])


_KEPT = "Your work on this page is kept"
_FILE = "download the view as a file meanwhile"
_SAID: dict[Reason, tuple[str, str]] = {
    "unreachable": (
        "The store of saved views cannot be reached",
        f"{_KEPT}. Try again in a minute, or {_FILE}",
    ),
    "busy": (
        "The store of saved views is busy and did not answer in time",
        f"Nothing was saved or changed. {_KEPT}: try again",
    ),
    "full": (
        "There is no space left for saved views, so nothing was saved or changed",
        f"{_KEPT}. Free some space and try again; views that were saved can still be opened",
    ),
    "read-only": (
        "The store of saved views cannot be written to, so nothing was saved or changed",
        f"{_KEPT}, and views that were saved can be opened. For this one, {_FILE}",
    ),
    "damaged": (
        "The store of saved views is damaged",
        f"{_KEPT}. Bring the store back from a backup; {_FILE}",
    ),
    "newer": (
        "The store of saved views was made by a newer version of Stratiscope",
        "Update Stratiscope, or name another store",
    ),
    "setting": (
        "The setting of the store of saved views cannot be used",
        "STRATISCOPE_STORE must be like postgresql+psycopg://user@host/name or sqlite:///file",
    ),
}

_SIGNS: tuple[tuple[Reason, tuple[str, ...]], ...] = (
    ("full", ("is full", "no space left", "could not extend file", "sqlstate 53100")),
    ("read-only", ("readonly", "read-only", "permission denied for", "during recovery")),
    ("busy", ("is locked", "lock timeout", "deadlock detected")),
    (
        "damaged",
        ("malformed", "not a database", "no such table", "no such column", "does not exist",
         "invalid page", "could not decode", "disk i/o error", "unsupported file format",
         "undefinedtable", "corrupt", "no such index", "already exists"),
    ),
)  # fmt: skip
"""What databases say, in lower case."""
_LITTLE = 1_000_000
"""Bytes left on a disk that is as good as full."""


@contextmanager
def told(file: Path | None = None) -> Iterator[None]:
    """Turn what a database or the system says into a message that names no place and no secret.

    Parameters
    ----------
    file : Path, optional
        That of SQLite, which calls it an I/O error when its log finds no space.
    """
    try:
        yield
    except IntegrityError:
        raise  # two changes met: `core.sharing.store` tries again
    except DBAPIError as error:
        said = f"{type(error.orig).__name__} {error.orig}".lower()
        full = "disk i/o error" in said and file is not None and _is_full(file)
        raise StoreError("full" if full else _reason(said)) from None
    except TimeoutError:
        raise StoreError("busy") from None  # all connections of this program are in use
    except (SQLAlchemyError, UnicodeDecodeError, OverflowError):
        raise StoreError("damaged") from None
    except OSError as error:
        raise StoreError(_of_system(error)) from None


def _is_full(file: Path) -> bool:
    with suppress(OSError):
        return shutil.disk_usage(file.parent).free < _LITTLE
    return False


def _reason(said: str) -> Reason:
    for reason, signs in _SIGNS:
        if any(sign in said for sign in signs):
            return reason
    return "unreachable"


def _of_system(error: OSError) -> Reason:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return "full"
    return "read-only" if error.errno in (errno.EROFS, errno.EACCES, errno.EPERM) else "unreachable"
