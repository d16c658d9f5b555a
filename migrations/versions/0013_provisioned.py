"""What files own: which file sets a workspace, a plugin, a setting, a secret or a pin."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OWNERS = ("workspace_id", "notebook_id", "plugin_id")


def upgrade() -> None:
    op.create_table(
        "provisioned",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("workspace_id", sa.Integer(), sa.ForeignKey("workspaces.id", ondelete="CASCADE")),
        sa.Column("notebook_id", sa.Integer(), sa.ForeignKey("notebooks.id", ondelete="CASCADE")),
        sa.Column("plugin_id", sa.Text(), sa.ForeignKey("plugins.id", ondelete="CASCADE")),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
    )
    for column in OWNERS:
        op.create_index(f"ix_provisioned_{column}", "provisioned", [column])


def downgrade() -> None:
    op.drop_table("provisioned")
