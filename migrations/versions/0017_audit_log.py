"""The audit log: who changed what, and from where. Its rows are never changed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER
from plugin_store.engine.triggers import refuse_updates

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("actor_kind", TEXT, nullable=False),
        sa.Column("actor_id", WHOLE_NUMBER, nullable=True),
        sa.Column("actor_name", TEXT, nullable=True),
        sa.Column("address", TEXT, nullable=True),
        sa.Column("request_id", TEXT, nullable=True),
        sa.Column("what", TEXT, nullable=False),
        sa.Column("plugin_id", TEXT, nullable=True),
        sa.Column("workspace_id", WHOLE_NUMBER, nullable=True),
        sa.Column("notebook_id", WHOLE_NUMBER, nullable=True),
        sa.Column("details", TEXT, nullable=True),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_audit_log_what", "audit_log", ["what", "id"])
    op.create_index("ix_audit_log_plugin", "audit_log", ["plugin_id", "id"])
    refuse_updates("audit_log_fixed", "audit_log", "entries of the audit log are never changed")


def downgrade() -> None:
    op.drop_table("audit_log")
