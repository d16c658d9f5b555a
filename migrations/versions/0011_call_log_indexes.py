"""The call log in the order of its ids, for each filter of its list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLE = "plugin_api_logs"
# SQLite appends a row's id to its entry in an index, so the entries of a filter stand in the order of their ids.
COLUMNS = {
    "workspace_id": ["workspace_id"],
    "plugin_id": ["workspace_id", "plugin_id"],
    "cause": ["workspace_id", "cause"],
}


def upgrade() -> None:
    op.drop_index("ix_plugin_api_logs_scope", TABLE)
    for name, columns in COLUMNS.items():
        op.create_index(f"ix_plugin_api_logs_{name}", TABLE, columns)
    op.create_index(
        "ix_plugin_api_logs_failed",
        TABLE,
        ["workspace_id"],
        sqlite_where=sa.text("error_code IS NOT NULL"),
        postgresql_where=sa.text("error_code IS NOT NULL"),
    )


def downgrade() -> None:
    for name in (*COLUMNS, "failed"):
        op.drop_index(f"ix_plugin_api_logs_{name}", TABLE)
    op.create_index("ix_plugin_api_logs_scope", TABLE, ["workspace_id", "plugin_id", "at"])
