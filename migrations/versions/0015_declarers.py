"""Which token declared a plugin; without one it is the owner's."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import WHOLE_NUMBER
from plugin_store.engine.triggers import RAISE_REVISION, create_trigger, drop_trigger

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Without a foreign key, which ALTER TABLE could not drop again. Ids of tokens are never reused.
    op.add_column("plugins", sa.Column("declared_by", WHOLE_NUMBER, nullable=True))
    create_trigger("revise_plugins_declared_by", "UPDATE OF declared_by", "plugins", RAISE_REVISION)


def downgrade() -> None:
    drop_trigger("revise_plugins_declared_by")
    op.drop_column("plugins", "declared_by")
