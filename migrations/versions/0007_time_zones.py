"""The time zone of a workspace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("workspaces", sa.Column("time_zone", TEXT, nullable=True))


def downgrade() -> None:
    op.drop_column("workspaces", "time_zone")
