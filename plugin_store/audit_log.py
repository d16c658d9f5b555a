"""The audit log as it is read, and trimmed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, select

from errors import StorageFailed
from plugin_store.access_models import AuditEntry
from plugin_store.engine.change_record import ChangeRecord
from plugin_store.engine.database import Database

KEPT_ENTRIES = 200_000
TRIM_EVERY_SECONDS = 3600.0
_OLD = "SELECT max(id) FROM audit_log WHERE at < ? OR id <= (SELECT max(id) FROM audit_log) - ?"


class AuditFilter(NamedTuple):
    """Which entries are listed; None is any. Times are epoch seconds."""

    who: str | None = None
    """A kind of author, such as `session`, or a kind and an id, such as `token:3`."""
    what: str | None = None
    """A name such as `secret.set`, or its first part, such as `secret`."""
    plugin_id: str | None = None
    since: float | None = None
    until: float | None = None
    before_id: int | None = None

    @classmethod
    def of(cls, asked: Mapping[str, Any]) -> AuditFilter:
        """The filter of a request's query."""
        since, until = asked.get("from_"), asked.get("to")
        return cls(
            asked.get("who"),
            asked.get("what"),
            asked.get("plugin_id"),
            None if since is None else since.timestamp(),
            None if until is None else until.timestamp(),
            asked.get("before"),
        )

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for the database."""
        table, (kind, _, actor_id) = AuditEntry, (self.who or "").partition(":")
        wanted = (
            None if not kind else table.actor_kind == kind,
            None if not actor_id else table.actor_id == int(actor_id),
            _named(self.what),
            None if self.plugin_id is None else table.plugin_id == self.plugin_id,
            None if self.since is None else table.at >= self.since,
            None if self.until is None else table.at < self.until,
            None if self.before_id is None else table.id < self.before_id,
        )
        return [condition for condition in wanted if condition is not None]


def _named(what: str | None) -> ColumnElement[bool] | None:
    if what is None or "." in what:
        return None if what is None else AuditEntry.what == what
    # The character after the dot: a range, for which the index is used.
    return (AuditEntry.what >= f"{what}.") & (AuditEntry.what < f"{what}/")


class AuditLog:
    """Reads the entries; deletes those that are too old or too many."""

    def __init__(self, database: Database, clock: Callable[[], float], retention_seconds: float) -> None:
        self._database = database
        self._clock = clock
        self._retention_seconds = retention_seconds
        self._trimmed_at = float("-inf")

    def read(self, wanted: AuditFilter, limit: int) -> Sequence[AuditEntry]:
        """The newest entries that pass the filter, at most `limit`. Raises StorageFailed."""
        query = select(AuditEntry).where(*wanted.conditions()).order_by(AuditEntry.id.desc()).limit(limit)
        with self._database.reading() as session:
            return session.scalars(query).all()

    def write(self, record: ChangeRecord) -> None:
        """Writes what no transaction of a change writes, such as a refusal. Raises StorageFailed."""
        with self._database.raw_write() as connection:
            record.write(connection)

    def trim(self) -> None:
        """Deletes entries beyond the retention and all but the newest 200,000. Raises StorageFailed."""
        before = self._clock() - self._retention_seconds
        ((last_old,),) = self._database.query(_OLD, (before, KEPT_ENTRIES))
        if last_old is not None:
            with self._database.raw_write() as connection:
                connection.execute("DELETE FROM audit_log WHERE id <= ?", (last_old,))

    def trim_now_and_then(self) -> None:
        """The same once an hour at most; what cannot be deleted now is deleted later."""
        now = self._clock()
        if not 0 <= now - self._trimmed_at < TRIM_EVERY_SECONDS:
            self._trimmed_at = now
            with suppress(StorageFailed):
                self.trim()


def dump_entry(entry: AuditEntry) -> dict[str, Any]:
    """An entry as it is shown."""
    same = ("id", "at", "address", "request_id", "what", "plugin_id", "workspace_id", "notebook_id")
    return {name: getattr(entry, name) for name in same} | {
        "who": {"kind": entry.actor_kind, "id": entry.actor_id, "name": entry.actor_name},
        "details": entry.details or {},
    }
