"""The events: what changed, written by triggers in the transaction of the change."""

from __future__ import annotations

from typing import NamedTuple

import sqlalchemy as sa
from alembic import op

from plugin_store.columns import TEXT, WHOLE_NUMBER
from plugin_store.engine.triggers import create_trigger, drop_trigger, notify_of_changes, trigger_words

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


class EventTrigger(NamedTuple):
    """Writes an event of one kind. `when` compares OLD and NEW; `data` are a JSON object's names and values, if any."""

    kind: str
    table: str
    verb: str
    when: str
    workspace_id: str = "NULL"
    notebook_id: str = "NULL"
    block_id: str = "NULL"
    data: str | None = None

    @property
    def name(self) -> str:
        """Such as `event_plugins_delete_plugin_forgotten`."""
        return f"event_{self.table}_{self.verb.split()[0].lower()}_{self.kind.replace('.', '_')}"


SCOPES = {
    "plugin_configs": {"workspace_id": "{row}.workspace_id"},
    # A notebook belongs to one workspace, and who may watch the notebook may watch that.
    "notebook_plugin_configs": {"notebook_id": "{row}.notebook_id"},
}
RENEWED = "'parameters_hash', NEW.parameters_hash, 'fetched_at', NEW.fetched_at, 'expires_at', NEW.expires_at"
FAILED = "'parameters_hash', NEW.parameters_hash, 'code', NEW.last_error"
INHERITED = "'enabled', NULL"
# Keys with a colon are the server's own: tokens, which it renews by itself, and the account of a sign-in.
ACCOUNT = "oauth2:grant"


def upgrade() -> None:
    op.create_table(
        "events",
        sa.Column("id", WHOLE_NUMBER, primary_key=True),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        # No foreign keys: that something was deleted is an event, too.
        sa.Column("workspace_id", WHOLE_NUMBER, nullable=True),
        sa.Column("notebook_id", WHOLE_NUMBER, nullable=True),
        sa.Column("plugin_id", TEXT, nullable=True),
        sa.Column("block_id", TEXT, nullable=True),
        sa.Column("data", TEXT, nullable=True),
        # Ids are never reused: whoever resumes after one must not miss another.
        sqlite_autoincrement=True,
    )
    for trigger in _triggers():
        _create(trigger)
    notify_of_changes("events", "INSERT")


def downgrade() -> None:
    for trigger in _triggers():
        drop_trigger(trigger.name)
    op.drop_table("events")


def _triggers() -> list[EventTrigger]:
    return [*_artifacts(), *_plugins(), *_settings(), *_secrets()]


def _artifacts() -> list[EventTrigger]:
    """Those of blocks. What an endpoint answers is a step of a block, or belongs to who called it."""
    place = {"workspace_id": "NEW.workspace_id", "block_id": "NEW.block_id"}
    table, of_block = "integration_artifacts", "NEW.block_id IS NOT NULL"
    failed = f"{of_block} AND NEW.last_error IS NOT NULL AND OLD.last_error {trigger_words().differs} NEW.last_error"
    return [
        EventTrigger("artifact.renewed", table, "INSERT", of_block, data=RENEWED, **place),
        EventTrigger("artifact.renewed", table, "UPDATE OF fetched_at", of_block, data=RENEWED, **place),
        EventTrigger("artifact.failed", table, "UPDATE OF last_error", failed, data=FAILED, **place),
    ]


def _plugins() -> list[EventTrigger]:
    declared = "'type', NEW.type, 'version', NEW.version"
    forgotten = "'type', OLD.type, 'version', OLD.version"
    changed = f"OLD.digest {trigger_words().differs} NEW.digest"
    return [
        EventTrigger("plugin.declared", "plugins", "INSERT", "TRUE", data=declared),
        EventTrigger("plugin.changed", "plugins", "UPDATE OF digest", changed, data=declared),
        EventTrigger("plugin.forgotten", "plugins", "DELETE", "TRUE", data=forgotten),
    ]


def _settings() -> list[EventTrigger]:
    triggers, words = [], trigger_words()
    enabled = f"'enabled', {words.json_boolean('NEW.enabled')}"
    for table, scope in SCOPES.items():
        new, old = ({name: value.format(row=row) for name, value in scope.items()} for row in ("NEW", "OLD"))
        switched, edited = (f"OLD.{name} {words.differs} NEW.{name}" for name in ("enabled", "config"))
        triggers += [
            EventTrigger("settings.changed", table, "INSERT", "NEW.config <> '{}'", **new),
            EventTrigger("settings.changed", table, "UPDATE OF config", edited, **new),
            EventTrigger("settings.changed", table, "DELETE", "OLD.config <> '{}'", **old),
            EventTrigger("enabled.changed", table, "INSERT", "NEW.enabled IS NOT NULL", data=enabled, **new),
            EventTrigger("enabled.changed", table, "UPDATE OF enabled", switched, data=enabled, **new),
            EventTrigger(
                "enabled.changed", table, "DELETE", "OLD.enabled IS NOT NULL", data=INHERITED, **old
            ),
        ]
    return triggers


def _secrets() -> list[EventTrigger]:
    triggers, table, words = [], "plugin_secrets", trigger_words()
    for verb, row in (("INSERT", "NEW"), ("UPDATE OF revision", "NEW"), ("DELETE", "OLD")):
        changed = f"OLD.revision {words.differs} NEW.revision" if verb.startswith("UPDATE") else "TRUE"
        entered, scope = (
            f"{changed} AND {words.lacks(f'{row}.key', ':')}",
            {"workspace_id": f"{row}.workspace_id"},
        )
        key = f"'key', {row}.key"
        triggers += [
            EventTrigger("secret.changed", table, verb, entered, data=key, **scope),
            EventTrigger("account.changed", table, verb, f"{changed} AND {row}.key = '{ACCOUNT}'", **scope),
        ]
    return triggers


def _create(trigger: EventTrigger) -> None:
    words, row = trigger_words(), "OLD" if trigger.verb == "DELETE" else "NEW"
    plugin_id = f"{row}.id" if trigger.table == "plugins" else f"{row}.plugin_id"
    data = "NULL" if trigger.data is None else f"{words.json_object}({trigger.data})"
    columns = "at, kind, workspace_id, notebook_id, plugin_id, block_id, data"
    scope = f"{trigger.workspace_id}, {trigger.notebook_id}"
    values = f"{words.now}, '{trigger.kind}', {scope}, {plugin_id}, {trigger.block_id}, {data}"
    # The names are the constants above, not input.
    body = f"INSERT INTO events ({columns}) VALUES ({values})"  # noqa: S608
    create_trigger(trigger.name, trigger.verb, trigger.table, body, trigger.when)
