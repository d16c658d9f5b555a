"""Indexes for the lists of artifacts: in their order, and with all that is counted."""

from __future__ import annotations

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

TABLE = "integration_artifacts"
# Both still serve the foreign keys, whose columns come first. `kept_until` is there to be counted without the rows.
INDEXES = {
    "ix_integration_artifacts_workspace_id": (
        ("workspace_id",),
        ("workspace_id", "fetched_at", "kept_until"),
    ),
    "ix_integration_artifacts_plugin_id_fetched_at": (
        ("plugin_id", "fetched_at"),
        ("plugin_id", "workspace_id", "fetched_at", "kept_until"),
    ),
}


def upgrade() -> None:
    for name, (_, columns) in INDEXES.items():
        op.drop_index(name, TABLE)
        op.create_index(f"ix_{TABLE}_{'_'.join(columns[:-1])}", TABLE, columns)


def downgrade() -> None:
    for name, (columns, later) in INDEXES.items():
        op.drop_index(f"ix_{TABLE}_{'_'.join(later[:-1])}", TABLE)
        op.create_index(name, TABLE, columns)
