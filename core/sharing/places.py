"""Where saved views are kept: a file of the user, or the database of a team's server."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from platformdirs import user_data_dir
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from core.sharing.errors import StoreError

SETTING = "STRATISCOPE_STORE"
"""Environment variable that names another store."""
FILE = "views.db"


def folder() -> Path:
    r"""Where programs of this system keep the data of a user, in a folder of our own.

    On Linux ``$XDG_DATA_HOME/stratiscope``, or ``~/.local/share/stratiscope``; on macOS
    ``~/Library/Application Support/stratiscope``; on Windows ``%LOCALAPPDATA%\stratiscope``.
    """
    return Path(user_data_dir("stratiscope", appauthor=False))


def place(environment: Mapping[str, str] | None = None) -> URL:
    """Return the address of the store.

    Parameters
    ----------
    environment : mapping of str to str, optional
        Default: that of the process.

    Raises
    ------
    StoreError
        If the setting names neither PostgreSQL nor a file of SQLite.

    Examples
    --------
    >>> place({SETTING: "postgresql://db.example/views"}).drivername
    'postgresql+psycopg'
    >>> place({}).database.endswith("views.db")
    True
    """
    said = (os.environ if environment is None else environment).get(SETTING, "").strip()
    if not said:
        return URL.create("sqlite", database=str(folder() / FILE))
    try:
        url = make_url(said)
    except (ArgumentError, ValueError):
        raise StoreError("setting") from None
    name = url.get_backend_name()
    if name == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if name != "sqlite" or url.database in (None, "", ":memory:"):
        raise StoreError("setting")
    return url


def one_computer(url: URL) -> bool:
    """Whether links to the store open on this computer only: its file must not be shared.

    SQLite must never lie on a network drive, so a server of several computers needs PostgreSQL.

    Examples
    --------
    >>> one_computer(place({}))
    True
    """
    return url.get_backend_name() == "sqlite"
