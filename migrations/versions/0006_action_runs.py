"""Which actions were run under which Idempotency-Key, and their outcome."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "action_runs",
        sa.Column(
            "workspace_id",
            WHOLE_NUMBER,
            sa.ForeignKey("workspaces.id", ondelete="CASCADE"),
            primary_key=True,
        ),
        sa.Column("plugin_id", TEXT, primary_key=True),
        sa.Column("target", TEXT, primary_key=True),
        sa.Column("key_digest", TEXT, primary_key=True),
        sa.Column("payload", TEXT, nullable=False),
        sa.Column("started_at", sa.Float(), nullable=False),
        sa.Column("finished_at", sa.Float(), nullable=True),
        sa.Column("answer", TEXT, nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=True),
    )
    op.create_index("ix_action_runs_started_at", "action_runs", ["started_at"])


def downgrade() -> None:
    op.drop_table("action_runs")
