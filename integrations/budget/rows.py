"""Where budgets and rests are kept, so that all processes share them and a restart forgets none."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sqlalchemy import delete, exists, literal, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.orm import Session

from integrations.budget.rests import AWAKE, Rest, is_awake
from integrations.budget.windows import Spent
from plugin_store.database import Database
from plugin_store.models import IntegrationBudget, UpstreamRest, Workspace

FORGET_RESTS_SECONDS = 86400.0

_REST_COLUMNS = ("failures", "openings", "open_until", "probe_until", "cooldown_until")
_REST_QUERY = (
    f"SELECT {', '.join(_REST_COLUMNS)} FROM upstream_rests "  # noqa: S608 - the names above, nobody's input
    "WHERE workspace_id = ? AND plugin_id = ? AND origin = ?"
)


def glance_at_rest(database: Database, workspace_id: int, plugin_id: str, origin: str) -> Rest:
    """The origin's rest, read at the price of microseconds. Raises StorageFailed."""
    rows = database.glance(_REST_QUERY, (workspace_id, plugin_id, origin))
    return Rest(*rows[0]) if rows else AWAKE


def load_rest(session: Session, workspace_id: int, plugin_id: str, origin: str) -> Rest:
    row = session.get(UpstreamRest, (workspace_id, plugin_id, origin))
    return Rest(*(getattr(row, name) for name in _REST_COLUMNS)) if row else AWAKE


def save_rest(
    session: Session, workspace_id: int, plugin_id: str, origin: str, rest: Rest, now: float
) -> None:
    """Keeps the rest while there is one; drops it with those that nobody asked after for a day."""
    table = UpstreamRest
    session.execute(delete(table).where(table.updated_at < now - FORGET_RESTS_SECONDS))
    if is_awake(rest, now):
        mine = (
            (table.workspace_id == workspace_id) & (table.plugin_id == plugin_id) & (table.origin == origin)
        )
        session.execute(delete(table).where(mine))
        return
    key = {"workspace_id": workspace_id, "plugin_id": plugin_id, "origin": origin}
    _upsert(session, table, key, {**asdict(rest), "updated_at": now})


def list_rests(
    session: Session, workspace_id: int, plugin_id: str | None = None
) -> dict[str, dict[str, Rest]]:
    """The rests in a workspace by plugin and origin; of all plugins or of one."""
    table = UpstreamRest
    query = select(table).where(table.workspace_id == workspace_id)
    found: dict[str, dict[str, Rest]] = {}
    for row in session.scalars(query if plugin_id is None else query.where(table.plugin_id == plugin_id)):
        rest = Rest(*(getattr(row, name) for name in _REST_COLUMNS))
        found.setdefault(row.plugin_id, {})[row.origin] = rest
    return found


def load_spent(session: Session, workspace_id: int, plugin_id: str) -> Spent:
    return list_spent(session, workspace_id, plugin_id).get(plugin_id, {})


def list_spent(session: Session, workspace_id: int, plugin_id: str | None = None) -> dict[str, Spent]:
    """What was spent in a workspace by plugin; of all plugins or of one."""
    table = IntegrationBudget
    query = select(table.plugin_id, table.spent).where(table.workspace_id == workspace_id)
    rows = session.execute(query if plugin_id is None else query.where(table.plugin_id == plugin_id))
    return {row.plugin_id: _spent(row.spent) for row in rows}


def save_spent(session: Session, workspace_id: int, plugin_id: str, spent: Spent, now: float) -> None:
    triples = [
        [seconds, bucket, calls] for seconds, counts in spent.items() for bucket, calls in counts.items()
    ]
    key = {"workspace_id": workspace_id, "plugin_id": plugin_id}
    _upsert(session, IntegrationBudget, key, {"spent": triples, "updated_at": now})


def _upsert(session: Session, table: Any, key: dict[str, Any], values: dict[str, Any]) -> None:
    """Writes the row, unless its workspace was deleted while the call was under way."""
    row = {**key, **values}
    columns = [literal(value, table.__table__.c[name].type).label(name) for name, value in row.items()]
    workspace_exists = exists().where(Workspace.id == key["workspace_id"])
    statement = insert(table).from_select(list(row), select(*columns).where(workspace_exists))
    session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))


def _spent(triples: list[list[int]]) -> Spent:
    spent: dict[int, dict[int, int]] = {}
    for seconds, bucket, calls in triples:
        spent.setdefault(seconds, {})[bucket] = calls
    return spent
