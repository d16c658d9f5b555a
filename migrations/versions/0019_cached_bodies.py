"""What the cache keeps, for a store that processes of several hosts share. In a file the table stays empty."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT
from plugin_store.engine.compression import compress_quickly

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "cached_bodies",
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
    )
    op.create_index("ix_cached_bodies_expires_at", "cached_bodies", ["expires_at"])
    compress_quickly("cached_bodies", "value")


def downgrade() -> None:
    op.drop_table("cached_bodies")
