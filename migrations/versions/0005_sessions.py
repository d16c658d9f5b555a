"""The signed-in browsers, and the triggers by which ending a session takes effect in every process at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER
from plugin_store.engine.triggers import RAISE_REVISION, create_trigger

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# All columns but `last_used_at`: a use does not change what a cached view shows.
REVISED_COLUMNS = "id, digest, token_digest, created_at, user_agent"


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("token_digest", TEXT, nullable=False),
        sa.Column("user_agent", TEXT, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("last_used_at", sa.Float(), nullable=False),
        # Ids are never reused: ending an old session must not end a new one.
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_digest", "sessions", ["digest"], unique=True)
    for verb in ("INSERT", "DELETE", f"UPDATE OF {REVISED_COLUMNS}"):
        create_trigger(f"revise_sessions_{verb.split()[0].lower()}", verb, "sessions", RAISE_REVISION)


def downgrade() -> None:
    op.drop_table("sessions")
