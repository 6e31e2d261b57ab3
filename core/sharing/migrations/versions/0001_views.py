"""Views, their versions, the bytes of these, and links."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "views",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column("owner", sa.String(64), nullable=False),
        sa.Column("latest", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
    )
    op.create_index("views_owner", "views", ["owner"])
    _versions()
    _links()


def _versions() -> None:
    op.create_table(
        "versions",
        sa.Column(
            "view", sa.String(32), sa.ForeignKey("views.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("parent", sa.String(64), nullable=False),
        sa.Column("saved", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.CheckConstraint("kind IN ('snapshot', 'results')", name="versions_kind"),
    )
    op.create_index("versions_saved", "versions", ["saved"])
    op.create_table(
        "blobs",
        sa.Column("sha256", sa.String(64), primary_key=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
    )
    op.create_table(
        "members",
        sa.Column("view", sa.String(32), primary_key=True),
        sa.Column("version", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("sha256", sa.String(64), sa.ForeignKey("blobs.sha256"), nullable=False),
        sa.ForeignKeyConstraint(
            ["view", "version"], ["versions.view", "versions.version"], ondelete="CASCADE"
        ),
    )
    op.create_index("members_sha256", "members", ["sha256"])


def _links() -> None:
    op.create_table(
        "links",
        sa.Column("id", sa.String(32), primary_key=True),
        sa.Column(
            "view", sa.String(32), sa.ForeignKey("views.id", ondelete="CASCADE"), nullable=False
        ),
        sa.Column("token", sa.String(64), unique=True),
        sa.Column("version", sa.Integer()),
        sa.Column("mode", sa.String(16), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(64), nullable=False),
        sa.Column("withdrawn", sa.BigInteger()),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("wrong_at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("mode IN ('view', 'explore')", name="links_mode"),
    )
    op.create_index("links_view", "links", ["view"])
    op.create_index("links_created", "links", ["created"])
