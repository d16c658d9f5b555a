"""Named tokens, and the triggers by which a change of one takes effect in every process at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

# All columns but `last_used_at`: a use does not change what a token may do.
REVISED_COLUMNS = (
    "id, name, digest, scopes, workspaces, notebooks, integrations, origins, "
    "created_at, expires_at, created_by"
)


def upgrade() -> None:
    op.create_table(
        "access_tokens",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("workspaces", sa.Text(), nullable=True),
        sa.Column("notebooks", sa.Text(), nullable=True),
        sa.Column("integrations", sa.Text(), nullable=True),
        sa.Column("origins", sa.Text(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=True),
        sa.Column("last_used_at", sa.Float(), nullable=True),
        sa.Column("created_by", sa.Text(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_tokens_digest", "access_tokens", ["digest"], unique=True)
    for verb in ("INSERT", "DELETE", f"UPDATE OF {REVISED_COLUMNS}"):
        # The names are the constants above, not input.
        op.execute(
            f"CREATE TRIGGER revise_access_tokens_{verb.split()[0].lower()} AFTER {verb} ON access_tokens "  # noqa: S608
            "BEGIN UPDATE store_revision SET revision = revision + 1; END"
        )


def downgrade() -> None:
    op.drop_table("access_tokens")
