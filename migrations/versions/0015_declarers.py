"""Which token declared a plugin; without one it is the owner's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a foreign key, which ALTER TABLE could not drop again. Ids of tokens are never reused.
    op.add_column("plugins", sa.Column("declared_by", sa.Integer(), nullable=True))
    op.execute(
        "CREATE TRIGGER revise_plugins_declared_by AFTER UPDATE OF declared_by ON plugins "
        "BEGIN UPDATE store_revision SET revision = revision + 1; END"
    )


def downgrade() -> None:
    op.execute("DROP TRIGGER revise_plugins_declared_by")
    op.drop_column("plugins", "declared_by")
