"""Triggers in the words of each engine, for migrations."""

from __future__ import annotations

from abc import ABC, abstractmethod

from alembic import op
from sqlalchemy import text

RAISE_REVISION = "UPDATE store_revision SET revision = revision + 1"


class TriggerWords(ABC):
    """What an engine writes in a trigger."""

    now: str
    """Epoch seconds."""
    differs: str
    """Whether two values differ, of which one or both may be NULL."""
    json_object: str
    """The function that makes the text of a JSON object from names and values in turn."""

    @abstractmethod
    def json_boolean(self, column: str) -> str:
        """The value of a member of a JSON object: true, false or null."""

    @abstractmethod
    def lacks(self, column: str, part: str) -> str:
        """Whether a text does not contain another one."""

    @abstractmethod
    def create(self, name: str, verb: str, table: str, body: str, when: str | None) -> list[str]: ...

    @abstractmethod
    def refuse_updates(self, name: str, table: str, message: str) -> list[str]: ...

    @abstractmethod
    def drop(self, name: str) -> str: ...

    @abstractmethod
    def notify(self, table: str, verbs: str) -> list[str]: ...


class _Sqlite(TriggerWords):
    # In every version of SQLite that has triggers.
    now = "(julianday('now') - 2440587.5) * 86400.0"
    differs = "IS NOT"
    json_object = "json_object"

    def json_boolean(self, column: str) -> str:
        return f"json(CASE {column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END)"

    def lacks(self, column: str, part: str) -> str:
        return f"instr({column}, '{part}') = 0"

    def create(self, name: str, verb: str, table: str, body: str, when: str | None) -> list[str]:
        condition = "" if when is None else f"WHEN {when} "
        return [f"CREATE TRIGGER {name} AFTER {verb} ON {table} {condition}BEGIN {body}; END"]

    def refuse_updates(self, name: str, table: str, message: str) -> list[str]:
        body = f"SELECT RAISE(ABORT, '{message}')"
        return [f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} BEGIN {body}; END"]

    def drop(self, name: str) -> str:
        return f"DROP TRIGGER {name}"

    def notify(self, table: str, verbs: str) -> list[str]:
        # Every process sees a commit in the file itself.
        return []


class _Postgresql(TriggerWords):
    now = "extract(epoch FROM clock_timestamp())"
    differs = "IS DISTINCT FROM"
    json_object = "json_build_object"

    def json_boolean(self, column: str) -> str:
        return column

    def lacks(self, column: str, part: str) -> str:
        return f"strpos({column}, '{part}') = 0"

    def create(self, name: str, verb: str, table: str, body: str, when: str | None) -> list[str]:
        condition = "" if when is None else f"WHEN ({when}) "
        return [
            self._function(name, body),
            f"CREATE TRIGGER {name} AFTER {verb} ON {table} FOR EACH ROW {condition}EXECUTE FUNCTION {name}()",
        ]

    def refuse_updates(self, name: str, table: str, message: str) -> list[str]:
        return [
            self._function(
                name, f"RAISE EXCEPTION '{message}' USING ERRCODE = 'integrity_constraint_violation'"
            ),
            f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}()",
        ]

    def drop(self, name: str) -> str:
        # The trigger goes with it.
        return f"DROP FUNCTION {name} CASCADE"

    def notify(self, table: str, verbs: str) -> list[str]:
        name = f"notify_{table}"
        return [
            self._function(name, "PERFORM pg_notify('patchbay', '')"),
            f"CREATE TRIGGER {name} AFTER {verbs} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {name}()",
        ]

    def _function(self, name: str, body: str) -> str:
        # A table that is dropped takes its triggers along, but not their functions.
        return (
            f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql "
            f"AS $$ BEGIN {body}; RETURN NULL; END $$"
        )


_WORDS: dict[str, TriggerWords] = {"sqlite": _Sqlite(), "postgresql": _Postgresql()}


def trigger_words() -> TriggerWords:
    """The words of the engine that is migrated."""
    return _WORDS[op.get_context().dialect.name]


def create_trigger(name: str, verb: str, table: str, body: str, when: str | None = None) -> None:
    """Creates a trigger that runs `body` for each row; `verb` is such as `INSERT` or `UPDATE OF name, key`."""
    _execute(trigger_words().create(name, verb, table, body, when))


def refuse_updates(name: str, table: str, message: str) -> None:
    """Has every change of a row of the table fail, with the message."""
    _execute(trigger_words().refuse_updates(name, table, message))


def drop_trigger(name: str) -> None:
    _execute([trigger_words().drop(name)])


def notify_of_changes(table: str, verbs: str) -> None:
    """Has other processes notified of a change in the transaction that makes it, where the engine needs that."""
    _execute(trigger_words().notify(table, verbs))


def _execute(statements: list[str]) -> None:
    for statement in statements:
        # A colon would be a parameter to SQLAlchemy.
        op.execute(text(statement.replace(":", "\\:")))
