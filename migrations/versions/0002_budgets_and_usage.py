"""What was spent of each integration's budget, which origins rest, and how often answers were requested."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "integration_budgets",
        *_account_columns(),
        sa.Column("spent", TEXT, nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
    )
    op.create_table(
        "upstream_rests",
        *_account_columns(),
        sa.Column("origin", TEXT, primary_key=True),
        sa.Column("failures", WHOLE_NUMBER, nullable=False),
        sa.Column("openings", WHOLE_NUMBER, nullable=False),
        sa.Column("open_until", sa.Float(), nullable=False),
        sa.Column("probe_until", sa.Float(), nullable=False),
        sa.Column("cooldown_until", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
    )
    op.create_index("ix_upstream_rests_updated_at", "upstream_rests", ["updated_at"])
    op.create_table(
        "usage_counts",
        *_account_columns(),
        sa.Column("hour", WHOLE_NUMBER, primary_key=True),
        sa.Column("renders", WHOLE_NUMBER, nullable=False),
        sa.Column("hits", WHOLE_NUMBER, nullable=False),
        sa.Column("stale", WHOLE_NUMBER, nullable=False),
    )


def downgrade() -> None:
    for table in ("usage_counts", "upstream_rests", "integration_budgets"):
        op.drop_table(table)


def _account_columns() -> tuple[sa.Column, ...]:
    # No foreign key to plugins: the spent budget outlives the plugin, else registering it again would reset the limit.
    return (
        sa.Column(
            "workspace_id", WHOLE_NUMBER, sa.ForeignKey("workspaces.id", ondelete="CASCADE"), primary_key=True
        ),
        sa.Column("plugin_id", TEXT, primary_key=True),
    )
