"""The history of numbers: series of samples."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "history_series",
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        _parent_id("workspace_id", WHOLE_NUMBER, "workspaces.id", nullable=False),
        _parent_id("notebook_id", WHOLE_NUMBER, "notebooks.id", nullable=True),
        _parent_id("plugin_id", TEXT, "plugins.id", nullable=False),
        sa.Column("block_id", TEXT, nullable=False),
        sa.Column("key", TEXT, nullable=False),
        sa.Column("field", TEXT, nullable=False),
        sa.Column("parameters", TEXT, nullable=False),
        sa.Column("keep_seconds", sa.Float(), nullable=False),
        sa.UniqueConstraint("key", "field", name="uq_history_series_key_field"),
        # Ids are never reused: samples must not come into another series.
        sqlite_autoincrement=True,
    )
    op.create_index("ix_history_series_scope", "history_series", ["workspace_id", "plugin_id", "block_id"])
    for column in ("plugin_id", "notebook_id"):
        op.create_index(f"ix_history_series_{column}", "history_series", [column])
    op.create_table(
        "history_samples",
        _parent_id("series_id", WHOLE_NUMBER, "history_series.id", primary_key=True, autoincrement=False),
        sa.Column("at", WHOLE_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("value", sa.Float(), nullable=False),
        # The rows stand in the index of the primary key, which halves their size.
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("history_samples")
    op.drop_table("history_series")


def _parent_id(name: str, kind: sa.types.TypeEngine[Any], parent: str, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, sa.ForeignKey(parent, ondelete="CASCADE"), **options)
