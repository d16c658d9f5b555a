"""The fingerprint of the key that seals secrets, for a store that processes of several hosts share."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "key_fingerprint",
        sa.Column("id", WHOLE_NUMBER, primary_key=True, autoincrement=False),
        sa.Column("fingerprint", TEXT, nullable=False),
        sa.CheckConstraint("id = 1", name="one_key"),
    )


def downgrade() -> None:
    op.drop_table("key_fingerprint")
