"""Indexes for the lists of artifacts: in their order, and with all that is counted."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE = "integration_artifacts"
# Name, columns, and the name and columns from now on. Both still serve the foreign keys, whose columns come first.
# `kept_until` is there to be counted without the rows.
INDEXES = (
    (
        "ix_integration_artifacts_workspace_id",
        ["workspace_id"],
        "ix_integration_artifacts_of_workspace",
        ["workspace_id", "fetched_at", "kept_until"],
    ),
    (
        "ix_integration_artifacts_plugin_id_fetched_at",
        ["plugin_id", "fetched_at"],
        "ix_integration_artifacts_of_plugin",
        ["plugin_id", "workspace_id", "fetched_at", "kept_until"],
    ),
)


def upgrade() -> None:
    for before, _, name, columns in INDEXES:
        op.drop_index(before, TABLE)
        op.create_index(name, TABLE, columns)


def downgrade() -> None:
    for name, columns, after, _ in INDEXES:
        op.drop_index(after, TABLE)
        op.create_index(name, TABLE, columns)
