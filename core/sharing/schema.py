"""The tables of the store. `core/sharing/migrations` makes them; a test compares the two.

Nothing is ever changed in a version: a save adds one. Its members are named pieces of bytes, kept
once under their SHA-256, so that versions and copies share what they have in common.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
)

metadata = MetaData()

views = Table(
    "views",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("owner", String(64), nullable=False),  # a hash of who may save, withdraw and delete
    Column("latest", Integer, nullable=False),  # a second witness of the latest version
    Column("created", BigInteger, nullable=False),  # microseconds since 1970, UTC; as all times
    Index("views_owner", "owner"),
)

versions = Table(
    "versions",
    metadata,
    Column("view", ForeignKey("views.id", ondelete="CASCADE"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("kind", String(16), nullable=False),
    Column("title", String(200), nullable=False),
    Column("parent", String(64), nullable=False),  # "view:version" it was copied from, or ""
    Column("saved", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),  # of all of the above and of the members
    CheckConstraint("kind IN ('snapshot', 'results')", name="versions_kind"),
    Index("versions_saved", "saved"),
)

blobs = Table(
    "blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

members = Table(
    "members",
    metadata,
    Column("view", String(32), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("sha256", ForeignKey("blobs.sha256"), nullable=False),
    ForeignKeyConstraint(
        ["view", "version"], ["versions.view", "versions.version"], ondelete="CASCADE"
    ),
    Index("members_sha256", "sha256"),
)

links = Table(
    "links",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("view", ForeignKey("views.id", ondelete="CASCADE"), nullable=False),
    Column("token", String(64), unique=True),  # SHA-256; NULL once it was withdrawn, for good
    Column("version", Integer),  # NULL: the latest one
    Column("mode", String(16), nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("code", String(64), nullable=False),  # binds the fields above; needs the token
    Column("withdrawn", BigInteger),
    Column("wrong", Integer, nullable=False),  # wrong passphrases in a row
    Column("wrong_at", BigInteger, nullable=False),
    CheckConstraint("mode IN ('view', 'explore')", name="links_mode"),
    Index("links_view", "view"),
    Index("links_created", "created"),
)

logins = Table(
    "logins",
    metadata,
    Column("name", String(64), primary_key=True),  # a hash of a login that was ended
    Column("ended", BigInteger, nullable=False),
)
