"""Run by alembic: migrates over the connection that `core.sharing.migrating` hands in."""

from __future__ import annotations

from alembic import context

from core.sharing.schema import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
)
# One transaction around everything was begun with the lock: it must not be ended in here.
context.run_migrations()
