"""All tables of the store, and the triggers that raise its revision."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER
from plugin_store.engine.triggers import RAISE_REVISION, create_trigger, notify_of_changes

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# Tables whose changes must invalidate cached views of the store. `plugins` lists the columns that count: updating when
# a plugin was last seen is no change.
REVISED_TABLES = {
    "plugins": (
        "id, name, version, type, manifest, digest, enabled, artifacts_epoch, registered_at, updated_at"
    ),
    "workspaces": None,
    "notebooks": None,
    "plugin_configs": None,
    "notebook_plugin_configs": None,
    "plugin_secrets": None,
}


def upgrade() -> None:
    _create_declared()
    _create_places()
    _create_settings()
    _create_kept()
    _create_revision()


def downgrade() -> None:
    for table in (
        "store_revision",
        "plugin_api_logs",
        "integration_artifacts",
        "plugin_secrets",
        "notebook_plugin_configs",
        "plugin_configs",
        "notebooks",
        "workspaces",
        "plugins",
    ):
        op.drop_table(table)


def _create_declared() -> None:
    op.create_table(
        "plugins",
        sa.Column("id", TEXT, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("version", TEXT, nullable=False),
        sa.Column("type", TEXT, nullable=False),
        sa.Column("manifest", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("enabled", sa.Boolean(), nullable=True),
        sa.Column("artifacts_epoch", TEXT, nullable=False),
        sa.Column("registered_at", sa.Float(), nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
        sa.Column("last_seen_at", sa.Float(), nullable=False),
    )
    op.create_index("ix_plugins_type", "plugins", ["type"])


def _create_places() -> None:
    op.create_table(
        "workspaces",
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "notebooks",
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        _workspace_column(),
        sa.Column("name", TEXT, nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_notebooks_workspace_id", "notebooks", ["workspace_id"])


def _create_settings() -> None:
    op.create_table(
        "plugin_configs", _workspace_column(primary_key=True), _plugin_column(), *_config_columns()
    )
    op.create_table(
        "notebook_plugin_configs",
        sa.Column(
            "notebook_id", WHOLE_NUMBER, sa.ForeignKey("notebooks.id", ondelete="CASCADE"), primary_key=True
        ),
        _plugin_column(),
        *_config_columns(),
    )
    op.create_table(
        "plugin_secrets",
        _workspace_column(primary_key=True),
        _plugin_column(),
        sa.Column("key", TEXT, primary_key=True),
        sa.Column("ciphertext", TEXT, nullable=False),
        sa.Column("bound_to", TEXT, nullable=False),
        sa.Column("revision", TEXT, nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
    )
    for table in ("plugin_configs", "notebook_plugin_configs", "plugin_secrets"):
        op.create_index(f"ix_{table}_plugin_id", table, ["plugin_id"])


def _create_kept() -> None:
    op.create_table(
        "integration_artifacts",
        sa.Column("parameters_hash", TEXT, primary_key=True),
        _workspace_column(),
        _plugin_column(primary_key=False),
        sa.Column("block_id", TEXT, nullable=True),
        sa.Column("endpoint_id", TEXT, nullable=True),
        sa.Column("parameters", TEXT, nullable=False),
        sa.Column("fetched_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("stale_until", sa.Float(), nullable=False),
        sa.Column("size_bytes", WHOLE_NUMBER, nullable=False),
        sa.Column("content_type", TEXT, nullable=False),
        sa.Column("last_error", TEXT, nullable=True),
        sa.Column("last_used_at", sa.Float(), nullable=False),
    )
    op.create_index(
        "ix_integration_artifacts_plugin_id_fetched_at", "integration_artifacts", ["plugin_id", "fetched_at"]
    )
    op.create_index("ix_integration_artifacts_workspace_id", "integration_artifacts", ["workspace_id"])
    op.create_table(
        "plugin_api_logs",
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        _workspace_column(),
        sa.Column("plugin_id", TEXT, nullable=False),
        sa.Column("endpoint_id", TEXT, nullable=False),
        sa.Column("block_id", TEXT, nullable=True),
        sa.Column("cause", TEXT, nullable=False),
        sa.Column("status", WHOLE_NUMBER, nullable=True),
        sa.Column("duration_ms", sa.Float(), nullable=False),
        sa.Column("response_bytes", WHOLE_NUMBER, nullable=False),
        sa.Column("error_code", TEXT, nullable=True),
    )
    op.create_index("ix_plugin_api_logs_scope", "plugin_api_logs", ["workspace_id", "plugin_id", "at"])


def _create_revision() -> None:
    op.create_table(
        "store_revision",
        sa.Column("id", WHOLE_NUMBER, sa.CheckConstraint("id = 1", name="one_row"), primary_key=True),
        sa.Column("revision", WHOLE_NUMBER, nullable=False),
    )
    op.execute("INSERT INTO store_revision (id, revision) VALUES (1, 0)")
    for table, columns in REVISED_TABLES.items():
        for verb in ("INSERT", "DELETE", f"UPDATE OF {columns}" if columns else "UPDATE"):
            create_trigger(f"revise_{table}_{verb.split()[0].lower()}", verb, table, RAISE_REVISION)
    notify_of_changes("store_revision", "UPDATE")
    notify_of_changes("integration_artifacts", "INSERT OR DELETE OR UPDATE OF fetched_at, expires_at")


def _workspace_column(*, primary_key: bool = False) -> sa.Column[int]:
    return sa.Column(
        "workspace_id",
        WHOLE_NUMBER,
        sa.ForeignKey("workspaces.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def _plugin_column(*, primary_key: bool = True) -> sa.Column[str]:
    return sa.Column(
        "plugin_id",
        TEXT,
        sa.ForeignKey("plugins.id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


def _config_columns() -> tuple[sa.Column, ...]:
    return (
        sa.Column("enabled", sa.Boolean(), nullable=True),
        sa.Column("config", TEXT, nullable=False),
        sa.Column("updated_at", sa.Float(), nullable=False),
    )
