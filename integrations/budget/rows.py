"""Stores budgets and pauses, so that all processes share them and they survive a restart.

The rows on the path of a call are read and written by plain statements: a session would cost more than all the pause.
"""

from __future__ import annotations

from dataclasses import asdict

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from integrations.budget.origin_pauses import NOT_PAUSED, OriginPause, is_over
from integrations.budget.windows import Spent
from plugin_store.engine.database import Connection, Database
from plugin_store.models import IntegrationBudget, UpstreamRest

FORGET_PAUSES_SECONDS = 86400.0

_PAUSE_COLUMNS = ("failures", "openings", "open_until", "probe_until", "cooldown_until")
_PAUSE_QUERY = (
    f"SELECT {', '.join(_PAUSE_COLUMNS)} FROM upstream_rests "  # noqa: S608 - the names above, nobody's input
    "WHERE workspace_id = ? AND plugin_id = ? AND origin = ?"
)


def _keep(table: str, key: tuple[str, ...], values: tuple[str, ...]) -> str:
    """The statement that writes a row, unless its workspace was deleted during the call."""
    columns = (*key, *values)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - our own names
        f"SELECT {', '.join(f':{name}' for name in columns)} "
        "WHERE EXISTS (SELECT 1 FROM workspaces WHERE id = :workspace_id) "
        f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {', '.join(f'{name} = excluded.{name}' for name in values)}"
    )


_KEEP_PAUSE = _keep(
    "upstream_rests", ("workspace_id", "plugin_id", "origin"), (*_PAUSE_COLUMNS, "updated_at")
)
_KEEP_SPENT = _keep("integration_budgets", ("workspace_id", "plugin_id"), ("spent", "updated_at"))
_DROP_PAUSE = (
    "DELETE FROM upstream_rests "
    "WHERE workspace_id = :workspace_id AND plugin_id = :plugin_id AND origin = :origin"
)
_SPENT_QUERY = "SELECT spent FROM integration_budgets WHERE workspace_id = ? AND plugin_id = ?"


def query_pause(database: Database, workspace_id: int, plugin_id: str, origin: str) -> OriginPause:
    """The origin's pause. Reading it costs microseconds. Raises StorageFailed."""
    rows = database.query(_PAUSE_QUERY, (workspace_id, plugin_id, origin))
    return OriginPause(*rows[0]) if rows else NOT_PAUSED


def load_pause(connection: Connection, workspace_id: int, plugin_id: str, origin: str) -> OriginPause:
    row = connection.execute(_PAUSE_QUERY, (workspace_id, plugin_id, origin)).fetchone()
    return OriginPause(*row) if row else NOT_PAUSED


def save_pause(
    connection: Connection, workspace_id: int, plugin_id: str, origin: str, pause: OriginPause, now: float
) -> None:
    """Stores the pause, or deletes it when it is over, together with pauses unused for a day."""
    connection.execute("DELETE FROM upstream_rests WHERE updated_at < ?", (now - FORGET_PAUSES_SECONDS,))
    key = {"workspace_id": workspace_id, "plugin_id": plugin_id, "origin": origin}
    if is_over(pause, now):
        connection.execute(_DROP_PAUSE, key)
    else:
        connection.execute(_KEEP_PAUSE, {**key, **asdict(pause), "updated_at": now})


def list_pauses(
    session: Session, workspace_id: int, plugin_id: str | None = None
) -> dict[str, dict[str, OriginPause]]:
    """The pauses in a workspace by plugin and origin, for all plugins or one."""
    table = UpstreamRest
    query = select(table).where(table.workspace_id == workspace_id)
    found: dict[str, dict[str, OriginPause]] = {}
    for row in session.scalars(query if plugin_id is None else query.where(table.plugin_id == plugin_id)):
        pause = OriginPause(*(getattr(row, name) for name in _PAUSE_COLUMNS))
        found.setdefault(row.plugin_id, {})[row.origin] = pause
    return found


def load_spent(connection: Connection, workspace_id: int, plugin_id: str) -> Spent:
    row = connection.execute(_SPENT_QUERY, (workspace_id, plugin_id)).fetchone()
    return _spent(orjson.loads(row[0])) if row else {}


def list_spent(session: Session, workspace_id: int, plugin_id: str | None = None) -> dict[str, Spent]:
    """The spent budget in a workspace by plugin, for all plugins or one."""
    table = IntegrationBudget
    query = select(table.plugin_id, table.spent).where(table.workspace_id == workspace_id)
    rows = session.execute(query if plugin_id is None else query.where(table.plugin_id == plugin_id))
    return {row.plugin_id: _spent(row.spent) for row in rows}


def save_spent(connection: Connection, workspace_id: int, plugin_id: str, spent: Spent, now: float) -> None:
    triples = [
        [seconds, bucket, calls] for seconds, counts in spent.items() for bucket, calls in counts.items()
    ]
    values = {"spent": orjson.dumps(triples).decode(), "updated_at": now}
    connection.execute(_KEEP_SPENT, {"workspace_id": workspace_id, "plugin_id": plugin_id, **values})


def _spent(triples: list[list[int]]) -> Spent:
    spent: dict[int, dict[int, int]] = {}
    for seconds, bucket, calls in triples:
        spent.setdefault(seconds, {})[bucket] = calls
    return spent
