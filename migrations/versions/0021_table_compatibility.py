"""Which older versions may go on beside a newer one: the oldest revision whose code works with the tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None
compatible_from = "0020"


def upgrade() -> None:
    op.create_table(
        "table_compatibility",
        sa.Column("id", WHOLE_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("revision", TEXT, nullable=False),
        sa.Column("compatible_from", TEXT, nullable=False),
        sa.CheckConstraint("id = 1", name="one_state"),
    )


def downgrade() -> None:
    op.drop_table("table_compatibility")
