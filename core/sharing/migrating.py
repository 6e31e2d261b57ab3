"""Bring the tables of a store to the form that this version needs: once, under a lock."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, text

from core.sharing.database import Database
from core.sharing.errors import StoreError

LOCK = 0x5354_5241  # "STRA"
"""Of PostgreSQL: one program migrates at a time, the others wait."""


def migrate(database: Database) -> None:
    """Make or change the tables where that is needed; a store in order is only read.

    Raises
    ------
    StoreError
        If the store cannot be reached or written to, or a newer version made it.
    """
    database.make_file()
    config = _config()
    newest = ScriptDirectory.from_config(config).get_current_head()
    with database.reading() as connection:
        if _current(connection) == newest:
            return
    database.log_ahead()
    with database.writing("BEGIN EXCLUSIVE") as connection:
        if database.file is None:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": LOCK})
        if _current(connection) == newest:
            return
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError:
            raise StoreError("newer") from None


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    return config


def _current(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()
