"""How long artifacts are stored for their validators, and when they were last used."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

TABLE = "integration_artifacts"


def upgrade() -> None:
    # Stored artifacts have another format in the cache, so they are fetched again.
    op.execute(sa.text(f"DELETE FROM {TABLE}"))  # noqa: S608 - the name above, nobody's input
    op.add_column(TABLE, sa.Column("kept_until", sa.Float(), nullable=False, server_default="0"))
    op.create_index("ix_integration_artifacts_kept_until", TABLE, ["kept_until"])
    op.create_index("ix_integration_artifacts_last_used_at", TABLE, ["last_used_at", "size_bytes"])


def downgrade() -> None:
    op.drop_index("ix_integration_artifacts_last_used_at", TABLE)
    op.drop_index("ix_integration_artifacts_kept_until", TABLE)
    op.drop_column(TABLE, "kept_until")
