"""The request that caused a call, in the call log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

TABLE, INDEX = "plugin_api_logs", "ix_plugin_api_logs_request_id"


def upgrade() -> None:
    op.add_column(TABLE, sa.Column("request_id", TEXT, nullable=True))
    op.create_index(
        INDEX,
        TABLE,
        ["workspace_id", "request_id"],
        sqlite_where=sa.text("request_id IS NOT NULL"),
        postgresql_where=sa.text("request_id IS NOT NULL"),
    )


def downgrade() -> None:
    op.drop_index(INDEX, TABLE)
    op.drop_column(TABLE, "request_id")
