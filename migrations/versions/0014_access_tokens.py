"""Named tokens, and the triggers by which a change of one takes effect in every process at once."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER
from plugin_store.engine.triggers import RAISE_REVISION, create_trigger

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
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("scopes", TEXT, nullable=False),
        sa.Column("workspaces", TEXT, nullable=True),
        sa.Column("notebooks", TEXT, nullable=True),
        sa.Column("integrations", TEXT, nullable=True),
        sa.Column("origins", TEXT, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=True),
        sa.Column("last_used_at", sa.Float(), nullable=True),
        sa.Column("created_by", TEXT, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_access_tokens_digest", "access_tokens", ["digest"], unique=True)
    for verb in ("INSERT", "DELETE", f"UPDATE OF {REVISED_COLUMNS}"):
        create_trigger(
            f"revise_access_tokens_{verb.split()[0].lower()}", verb, "access_tokens", RAISE_REVISION
        )


def downgrade() -> None:
    op.drop_table("access_tokens")
