"""The events: what changed, written by triggers in the transaction of the change."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


class EventTrigger(NamedTuple):
    """Writes an event of one kind. `when` compares OLD and NEW; `data` is the SQL of a JSON object, or NULL."""

    kind: str
    table: str
    verb: str
    when: str
    workspace_id: str = "NULL"
    notebook_id: str = "NULL"
    block_id: str = "NULL"
    data: str = "NULL"

    @property
    def name(self) -> str:
        """Such as `event_plugins_delete_plugin_forgotten`."""
        return f"event_{self.table}_{self.verb.split()[0].lower()}_{self.kind.replace('.', '_')}"


# Epoch seconds, in every version of SQLite that has triggers.
NOW = "(julianday('now') - 2440587.5) * 86400.0"
SCOPES = {
    "plugin_configs": {"workspace_id": "{row}.workspace_id"},
    # A notebook belongs to one workspace, and who may watch the notebook may watch that.
    "notebook_plugin_configs": {"notebook_id": "{row}.notebook_id"},
}
ENABLED = (
    "json_object('enabled', json(CASE NEW.enabled WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END))"
)
INHERITED = "json_object('enabled', NULL)"
RENEWED = (
    "json_object('parameters_hash', NEW.parameters_hash, "
    "'fetched_at', NEW.fetched_at, 'expires_at', NEW.expires_at)"
)
FAILED = "json_object('parameters_hash', NEW.parameters_hash, 'code', NEW.last_error)"
# Keys with a colon are the server's own: tokens, which it renews by itself, and the account of a sign-in.
ACCOUNT = "oauth2:grant"


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        # No foreign keys: that something was deleted is an event, too.
        sa.Column("workspace_id", sa.Integer(), nullable=True),
        sa.Column("notebook_id", sa.Integer(), nullable=True),
        sa.Column("plugin_id", sa.Text(), nullable=True),
        sa.Column("block_id", sa.Text(), nullable=True),
        sa.Column("data", sa.Text(), nullable=True),
        # Ids are never reused: whoever resumes after one must not miss another.
        sqlite_autoincrement=True,
    )
    for trigger in _triggers():
        op.execute(sa.text(_create(trigger)))


def downgrade() -> None:
    for trigger in _triggers():
        op.execute(f"DROP TRIGGER {trigger.name}")
    op.drop_table("events")


def _triggers() -> list[EventTrigger]:
    return [*_artifacts(), *_plugins(), *_settings(), *_secrets()]


def _artifacts() -> list[EventTrigger]:
    """Those of blocks. What an endpoint answers is a step of a block, or belongs to who called it."""
    place = {"workspace_id": "NEW.workspace_id", "block_id": "NEW.block_id"}
    table, of_block = "integration_artifacts", "NEW.block_id IS NOT NULL"
    failed = f"{of_block} AND NEW.last_error IS NOT NULL AND OLD.last_error IS NOT NEW.last_error"
    return [
        EventTrigger("artifact.renewed", table, "INSERT", of_block, data=RENEWED, **place),
        EventTrigger("artifact.renewed", table, "UPDATE OF fetched_at", of_block, data=RENEWED, **place),
        EventTrigger("artifact.failed", table, "UPDATE OF last_error", failed, data=FAILED, **place),
    ]


def _plugins() -> list[EventTrigger]:
    declared = "json_object('type', NEW.type, 'version', NEW.version)"
    forgotten = "json_object('type', OLD.type, 'version', OLD.version)"
    changed = "OLD.digest IS NOT NEW.digest"
    return [
        EventTrigger("plugin.declared", "plugins", "INSERT", "TRUE", data=declared),
        EventTrigger("plugin.changed", "plugins", "UPDATE OF digest", changed, data=declared),
        EventTrigger("plugin.forgotten", "plugins", "DELETE", "TRUE", data=forgotten),
    ]


def _settings() -> list[EventTrigger]:
    triggers = []
    for table, scope in SCOPES.items():
        new, old = ({name: value.format(row=row) for name, value in scope.items()} for row in ("NEW", "OLD"))
        switched = "OLD.enabled IS NOT NEW.enabled"
        triggers += [
            EventTrigger("settings.changed", table, "INSERT", "NEW.config <> '{}'", **new),
            EventTrigger(
                "settings.changed", table, "UPDATE OF config", "OLD.config IS NOT NEW.config", **new
            ),
            EventTrigger("settings.changed", table, "DELETE", "OLD.config <> '{}'", **old),
            EventTrigger("enabled.changed", table, "INSERT", "NEW.enabled IS NOT NULL", data=ENABLED, **new),
            EventTrigger("enabled.changed", table, "UPDATE OF enabled", switched, data=ENABLED, **new),
            EventTrigger(
                "enabled.changed", table, "DELETE", "OLD.enabled IS NOT NULL", data=INHERITED, **old
            ),
        ]
    return triggers


def _secrets() -> list[EventTrigger]:
    triggers, table = [], "plugin_secrets"
    for verb, row in (("INSERT", "NEW"), ("UPDATE OF revision", "NEW"), ("DELETE", "OLD")):
        changed = "OLD.revision IS NOT NEW.revision" if verb.startswith("UPDATE") else "TRUE"
        entered, scope = f"{changed} AND instr({row}.key, ':') = 0", {"workspace_id": f"{row}.workspace_id"}
        key = f"json_object('key', {row}.key)"
        triggers += [
            EventTrigger("secret.changed", table, verb, entered, data=key, **scope),
            EventTrigger("account.changed", table, verb, f"{changed} AND {row}.key = '{ACCOUNT}'", **scope),
        ]
    return triggers


def _create(trigger: EventTrigger) -> str:
    row = "OLD" if trigger.verb == "DELETE" else "NEW"
    plugin_id = f"{row}.id" if trigger.table == "plugins" else f"{row}.plugin_id"
    columns = "at, kind, workspace_id, notebook_id, plugin_id, block_id, data"
    scope = f"{trigger.workspace_id}, {trigger.notebook_id}"
    values = f"{NOW}, '{trigger.kind}', {scope}, {plugin_id}, {trigger.block_id}, {trigger.data}"
    # The names are the constants above, not input. A colon would be a parameter to SQLAlchemy.
    return (
        f"CREATE TRIGGER {trigger.name} AFTER {trigger.verb} ON {trigger.table} WHEN {trigger.when} "  # noqa: S608
        f"BEGIN INSERT INTO events ({columns}) VALUES ({values}); END"
    ).replace(":", "\\:")
