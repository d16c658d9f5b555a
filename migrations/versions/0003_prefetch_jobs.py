"""The prefetch jobs and their next runs."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "prefetch_jobs",
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        _parent_column("workspace_id", WHOLE_NUMBER, "workspaces.id", nullable=False),
        _parent_column("notebook_id", WHOLE_NUMBER, "notebooks.id", nullable=True),
        _parent_column("plugin_id", TEXT, "plugins.id", nullable=False),
        sa.Column("block_id", TEXT, nullable=False),
        sa.Column("parameters", TEXT, nullable=False),
        sa.Column("artifact_key", TEXT, nullable=False),
        sa.Column("is_default", sa.Boolean(), nullable=False),
        sa.Column("is_pinned", sa.Boolean(), nullable=False),
        sa.Column("is_paused", sa.Boolean(), nullable=False),
        sa.Column("used_at", sa.Float(), nullable=True),
        sa.Column("runs_since_used", WHOLE_NUMBER, nullable=False),
        sa.Column("waits_for", TEXT, nullable=True),
        sa.Column("settled", TEXT, nullable=True),
        sa.Column("fetched_at", sa.Float(), nullable=True),
        sa.Column("next_run_at", sa.Float(), nullable=True),
        sa.Column("last_run_at", sa.Float(), nullable=True),
        sa.Column("last_lateness_ms", sa.Float(), nullable=True),
        sa.Column("last_outcome", TEXT, nullable=True),
        sa.Column("last_error", TEXT, nullable=True),
        sa.Column("failures", WHOLE_NUMBER, nullable=False),
        # Ids are never reused: an old one must not pause, run or delete another job.
        sqlite_autoincrement=True,
    )
    for column in ("next_run_at", "artifact_key", "plugin_id", "notebook_id"):
        op.create_index(f"ix_prefetch_jobs_{column}", "prefetch_jobs", [column])
    op.create_index("ix_prefetch_jobs_scope", "prefetch_jobs", ["workspace_id", "plugin_id", "block_id"])


def downgrade() -> None:
    op.drop_table("prefetch_jobs")


def _parent_column(
    name: str, kind: sa.types.TypeEngine[Any], parent: str, *, nullable: bool
) -> sa.Column[Any]:
    return sa.Column(name, kind, sa.ForeignKey(parent, ondelete="CASCADE"), nullable=nullable)
