"""Logins that were ended before their time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "logins",
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("ended", sa.BigInteger(), nullable=False),
    )
