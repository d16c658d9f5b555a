"""What files own: which file sets a workspace, a plugin, a setting, a secret or a pin."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

OWNERS = ("workspace_id", "notebook_id", "plugin_id")


def upgrade() -> None:
    op.create_table(
        "provisioned",
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("workspace_id", WHOLE_NUMBER, sa.ForeignKey("workspaces.id", ondelete="CASCADE")),
        sa.Column("notebook_id", WHOLE_NUMBER, sa.ForeignKey("notebooks.id", ondelete="CASCADE")),
        sa.Column("plugin_id", TEXT, sa.ForeignKey("plugins.id", ondelete="CASCADE")),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("file", TEXT, nullable=False),
    )
    for column in OWNERS:
        op.create_index(f"ix_provisioned_{column}", "provisioned", [column])


def downgrade() -> None:
    op.drop_table("provisioned")
