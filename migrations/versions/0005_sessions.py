"""The signed-in browsers, and the triggers by which ending a session takes effect in every process at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

# All columns but `last_used_at`: a use does not change what a cached view shows.
REVISED_COLUMNS = "id, digest, token_digest, created_at, user_agent"


def upgrade() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("token_digest", sa.Text(), nullable=False),
        sa.Column("user_agent", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("last_used_at", sa.Float(), nullable=False),
        # Ids are never reused: ending an old session must not end a new one.
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_digest", "sessions", ["digest"], unique=True)
    for verb in ("INSERT", "DELETE", f"UPDATE OF {REVISED_COLUMNS}"):
        # The names are the constants above, not input.
        op.execute(
            f"CREATE TRIGGER revise_sessions_{verb.split()[0].lower()} AFTER {verb} ON sessions "  # noqa: S608
            "BEGIN UPDATE store_revision SET revision = revision + 1; END"
        )


def downgrade() -> None:
    op.drop_table("sessions")
