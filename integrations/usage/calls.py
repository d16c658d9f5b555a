"""The calls that were made, as listed for people: newest first, page by page."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, select

from plugin_store.engine.database import Database
from plugin_store.models import PluginApiLog


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Which calls are listed; None is any. Times are epoch seconds."""

    plugin_id: str | None = None
    cause: str | None = None
    has_failed: bool | None = None
    since: float | None = None
    request_id: str | None = None
    before_id: int | None = None
    """Only calls that were recorded before this one: the next page after it."""
    among: Collection[str] | None = None
    """Only calls of the plugins with these ids."""

    @classmethod
    def of(cls, asked: Mapping[str, Any], among: Collection[str] | None = None) -> CallFilter:
        """The filter of a request's query."""
        since = asked.get("from_")
        return cls(
            plugin_id=asked.get("integration_id"),
            cause=asked.get("cause"),
            has_failed=None if "outcome" not in asked else asked["outcome"] == "failed",
            since=None if since is None else since.timestamp(),
            request_id=asked.get("request_id"),
            before_id=asked.get("before"),
            among=among,
        )

    def conditions(self) -> list[ColumnElement[bool]]:
        """The same for the database."""
        table = PluginApiLog
        # Not a comparison with true or false, for which no index is used.
        outcomes = {None: None, True: table.error_code.is_not(None), False: table.error_code.is_(None)}
        wanted = (
            None if self.plugin_id is None else table.plugin_id == self.plugin_id,
            None if self.cause is None else table.cause == self.cause,
            outcomes[self.has_failed],
            None if self.since is None else table.at >= self.since,
            None if self.request_id is None else table.request_id == self.request_id,
            None if self.before_id is None else table.id < self.before_id,
            None if self.among is None else table.plugin_id.in_(self.among),
        )
        return [condition for condition in wanted if condition is not None]


def read_calls(
    database: Database, workspace_id: int, wanted: CallFilter, limit: int
) -> Sequence[PluginApiLog]:
    """The newest calls of a workspace that pass the filter, at most `limit`. Raises StorageFailed."""
    query = calls_query(workspace_id, wanted, limit)
    with database.reading() as session:
        return session.scalars(query).all()


def calls_query(workspace_id: int, wanted: CallFilter, limit: int) -> Select[tuple[PluginApiLog]]:
    """The query of `read_calls`."""
    return (
        select(PluginApiLog)
        .where(PluginApiLog.workspace_id == workspace_id, *wanted.conditions())
        .order_by(PluginApiLog.id.desc())
        .limit(limit)
    )
