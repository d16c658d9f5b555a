"""Requests of frontends for a token, which a user accepts or denies."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "connect_requests",
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        sa.Column("device_digest", TEXT, nullable=False),
        sa.Column("user_code", TEXT, nullable=False),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("scopes", TEXT, nullable=False),
        sa.Column("workspaces", TEXT, nullable=True),
        sa.Column("integrations", TEXT, nullable=True),
        sa.Column("origin", TEXT, nullable=True),
        sa.Column("address", TEXT, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("terms", TEXT, nullable=True),
        sa.Column("decided_by", TEXT, nullable=True),
        sa.Column("interval_seconds", WHOLE_NUMBER, nullable=False),
        sa.Column("polled_at", sa.Float(), nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_connect_requests_device_digest", "connect_requests", ["device_digest"], unique=True)
    op.create_index("ix_connect_requests_user_code", "connect_requests", ["user_code"], unique=True)


def downgrade() -> None:
    op.drop_table("connect_requests")
