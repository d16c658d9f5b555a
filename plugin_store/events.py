"""The log of events: what changed, and where. Most rows are written by triggers, the others here."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any, NamedTuple, cast

import orjson
from sqlalchemy import Table
from sqlalchemy.orm import Session

from plugin_store.engine.database import Connection, Database
from plugin_store.models import Event
from plugin_store.workspaces import Scope

KEPT_EVENTS = 10_000
KEPT_SECONDS = 3600.0

_TABLE = cast(Table, Event.__table__)

_COLUMNS = ("at", "kind", "workspace_id", "notebook_id", "plugin_id", "block_id", "data")
_INSERT = f"INSERT INTO events ({', '.join(_COLUMNS)}) VALUES (?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - our own names
_READ = (
    "SELECT id, at, kind, workspace_id, notebook_id, plugin_id, block_id, data FROM events "
    "WHERE id > ? ORDER BY id LIMIT ?"
)
_SPAN = "SELECT coalesce(min(id) - 1, 0), coalesce(max(id), 0) FROM events"
# The newest event always stays, so that the last id is known.
_OLD = (
    "SELECT max(id) FROM events, (SELECT max(id) AS last FROM events) AS newest "
    "WHERE (at < ? OR id <= last - ?) AND id < last"
)


class EventRow(NamedTuple):
    """One event. `workspace_id` and `notebook_id` are None where it concerns all."""

    id: int
    at: float
    kind: str
    workspace_id: int | None
    notebook_id: int | None
    plugin_id: str | None
    block_id: str | None
    data: str | None
    """A JSON object, or None."""

    def concerns(self, scope: Scope) -> bool:
        """Whether a stream of the scope sends it. A notebook's own events are for that notebook only."""
        if self.notebook_id is not None:
            return self.notebook_id == scope.notebook_id
        return self.workspace_id is None or self.workspace_id == scope.workspace_id


class Span(NamedTuple):
    """The kept events: those after the id `floor`, up to the id `last`."""

    floor: int
    last: int

    def holds_all_after(self, event_id: int) -> bool:
        """Whether no event after that one is missing. An id from the future is another store's."""
        return self.floor <= event_id <= self.last


class EventLog:
    """Reads the events, and deletes old ones."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def read(self, after_id: int, limit: int) -> list[EventRow]:
        """The events after that id, oldest first. Raises StorageFailed."""
        return [EventRow(*row) for row in self._database.query(_READ, (after_id, limit))]

    def span(self) -> Span:
        """Which events are kept. Raises StorageFailed."""
        ((floor, last),) = self._database.query(_SPAN, ())
        return Span(floor, last)

    def trim(self, now: float) -> None:
        """Deletes events older than an hour and all but the newest 10,000, never the last one. Raises StorageFailed."""
        ((last_old,),) = self._database.query(_OLD, (now - KEPT_SECONDS, KEPT_EVENTS))
        # An empty commit would make every process check its caches.
        if last_old is not None:
            with self._database.raw_write() as connection:
                connection.execute("DELETE FROM events WHERE id <= ?", (last_old,))


def write_event(
    transaction: Session | Connection,
    kind: str,
    scope: tuple[int | None, int | None],
    plugin_id: str | None,
    block_id: str | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Adds an event that no trigger can write, in the transaction of the change.

    `scope` is the workspace and the notebook, with None for all.
    """
    row = (time.time(), kind, *scope, plugin_id, block_id)
    if isinstance(transaction, Session):
        # Not the session's own `execute`, which would first write what else waits in it.
        transaction.connection().execute(_TABLE.insert(), dict(zip(_COLUMNS, (*row, data), strict=True)))
    else:
        text = None if data is None else orjson.dumps(data).decode()
        transaction.execute(_INSERT, (*row, text))
